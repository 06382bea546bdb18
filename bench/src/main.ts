/** `npm run bench -- NAME [--json]`: the one door to all benchmarks. */
import { parseArgs } from 'node:util';
import { advice } from './advice.ts';
import { control } from './control.ts';
import { chips, exposition } from './exposition.ts';
import { faults } from './faults.ts';
import { health } from './health.ts';
import type { Benchmark, BenchmarkOptions } from './measure.ts';
import { memory } from './memory.ts';
import { nab } from './nab.ts';
import { poll } from './poll.ts';
import { poolGap } from './pool-gap.ts';
import { panelsBench } from './panels.ts';
import { pools } from './pools.ts';
import { hung, scale } from './scale.ts';
import { soak } from './soak.ts';

const benchmarks: readonly Benchmark[] = [exposition, chips, poll, memory, hung, poolGap, pools, scale, soak, control, nab, faults, health, advice, panelsBench];
const usage = `Usage: npm run bench -- NAME|all [--json] [--miners N] [--interval SECONDS] [--minutes M] [--runs N] [--data DIR] [--scores FILE] [--seed N] [--mix FILE]\n       npm run bench -- --list\n\n${benchmarks.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}\n\nThe options of size are for "scale" (--miners also for "health"), --runs is for "control", --data and --scores are for "nab", --seed and --mix for "faults". "all" leaves out what takes many minutes (${benchmarks.filter((one) => one.long === true).map((one) => one.name).join(', ')}).\n--json prints one line a figure: {"name","value","unit","baseline","ratio"}; less than 1 is better than the baseline, but for points, where more is.`;

let parsed;
try {
  parsed = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' }, miners: { type: 'string' }, interval: { type: 'string' }, minutes: { type: 'string' }, runs: { type: 'string' }, data: { type: 'string' }, scores: { type: 'string' }, seed: { type: 'string' }, mix: { type: 'string' }, list: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
} catch (thrown) {
  console.error(`${thrown instanceof Error ? thrown.message : String(thrown)}\n\n${usage}`);
  process.exit(2);
}
const { values: flags, positionals: [name] } = parsed;
if (flags.list === true) {
  for (const one of benchmarks) console.log(one.name);
} else if (flags.help === true || name === undefined) {
  console.log(usage);
} else {
  const chosen = name === 'all' ? benchmarks.filter((one) => one.long !== true) : benchmarks.filter((one) => one.name === name);
  if (chosen.length === 0) {
    console.error(`There is no benchmark "${name}"; there are ${benchmarks.map((one) => one.name).join(', ')}.`);
    process.exit(2);
  }
  const size: { -readonly [K in keyof BenchmarkOptions]: BenchmarkOptions[K] } = flags.mix === undefined ? {} : { mix: flags.mix };
  for (const option of ['miners', 'interval', 'minutes', 'runs', 'seed'] as const) {
    const given = flags[option];
    if (given === undefined) continue;
    const value = Number(given);
    if (!(value > 0)) {
      console.error(`--${option} must be a number above 0, but it is "${given}".`);
      process.exit(2);
    }
    size[option] = value;
  }
  const options: BenchmarkOptions = { ...size, ...(flags.data === undefined ? {} : { data: flags.data }), ...(flags.scores === undefined ? {} : { scores: flags.scores }) };
  for (const benchmark of chosen) {
    if (flags.json !== true) console.log(`${benchmark.name}: ${benchmark.about}`);
    try {
      await benchmark.run((result) => {
        console.log(flags.json === true ? JSON.stringify(result) : `  ${result.name.padEnd(40)} ${String(result.value).padStart(9)} ${result.unit.padEnd(3)} baseline ${String(result.baseline).padStart(9)} ${result.unit.padEnd(3)} ratio ${result.ratio}`);
      }, options);
    } catch (thrown) {
      // What is said is for people; a stack is not.
      console.error(thrown instanceof Error ? thrown.message : String(thrown));
      process.exitCode = 1;
    }
  }
}
