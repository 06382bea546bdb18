/**
 * Chaos for a short while: the exporter as a process of its own beside sixty simulated miners, of which always some misbehave, each
 * in another manner, while others come and go with every reload. `npm run bench -- soak` is the same at length.
 */
import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FaultKind } from '../../simulator/src/miner/faults.ts';
import { sourceArguments, temporaryFolder } from './command.ts';
import { here, until } from './fixtures.ts';
import { simulated, spec, valueOn, whenDone } from './running.ts';

const kinds: readonly FaultKind[] = ['hang', 'drip', 'endless', 'html', 'bad_json', 'cut', 'reset', 'not_http', 'slow', 'http_500', 'huge_headers', 'garbage_values', 'wrong_content_type', 'unplugged', 'stock_fallback', 'sensor_fault'];
const [fleetSize, hostileAtOnce, changedAtOnce, rounds] = [60, 6, 4, 6];

test('healthy miners are read all the while, and at the end no connection and no memory is kept', async () => {
  const names = Array.from({ length: fleetSize }, (_, index) => `m${index}`);
  const simulator = await simulated(names.map((name) => spec(name)), { cgminerPort: null });
  const addresses = new Map(simulator.miners.map(({ name, address }) => [name, address]));
  const folder = temporaryFolder();
  const file = path.join(folder, 'fleet.yaml');
  const write = (present: Iterable<string>) => {
    const lines = [...present].map((name) => `  - {name: ${name}, address: "${addresses.get(name)!}"}`);
    writeFileSync(file, `poll: {interval_seconds: 1, deadline_seconds: 0.8, chips_interval_seconds: 10}\n${lines.length === 0 ? 'miners: []' : `miners:\n${lines.join('\n')}`}\n`);
  };
  write([]);
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'data:text/javascript,setInterval(gc, 300).unref()', ...sourceArguments, 'start', '-c', file, '--data', path.join(folder, 'data'), '--metrics-listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'], { cwd: here, env: { PATH: process.env['PATH'] ?? '' }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  whenDone(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
  });
  await until('it runs', () => said.includes('hashfleet is running'), 30_000);
  const { metrics } = said.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { metrics?: string }).find((line) => line.metrics !== undefined) as { metrics: string };
  const page = async () => (await fetch(metrics)).text();
  const reload = async () => {
    const reply = await fetch(metrics.replace('/metrics', '/-/reload'), { method: 'POST' });
    expect([reply.status, await reply.text()]).toEqual([200, expect.anything()]);
  };
  const filesBefore = valueOn(await page(), 'process_open_fds')!;
  // Always the same choices, so that a failure can be looked at again.
  let state = 12_345;
  const pick = <T>(list: readonly T[]): T => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return list[Math.floor((state / 2 ** 32) * list.length)]!;
  };

  const present = new Set(names.slice(0, 50));
  const hostile = new Map<string, FaultKind>();
  const heaps: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const name of hostile.keys()) await simulator.miner(name).repair();
    // What was cut off from power takes its time to start.
    simulator.clock.advance(300_000);
    hostile.clear();
    while (hostile.size < hostileAtOnce) hostile.set(pick(names), kinds[(round * hostileAtOnce + hostile.size) % kinds.length]!);
    for (const [name, kind] of hostile) await simulator.miner(name).inject(kind);
    for (let change = 0; change < changedAtOnce; change += 1) {
      present.delete(pick([...present]));
      present.add(pick(names.filter((name) => !present.has(name))));
    }
    write(present);
    for (const miner of simulator.miners) miner.requests.clear();
    await reload();
    const healthy = [...present].filter((name) => !hostile.has(name));
    // Whoever is well is read twice in this round; those that hang may cost nobody his turn.
    await until(`all ${healthy.length} healthy miners are read twice in round ${round}`, () => healthy.every((name) => simulator.miner(name).requests.list({ method: 'GET', path: '/api/v1/summary' }).length >= 2), 30_000);
    const seen = async () => {
      const text = await page();
      return new Map([...text.matchAll(/^miner_up\{miner="(m\d+)"[^}]*\} +([01])$/gm)].map(([, name, up]) => [name!, up!]));
    };
    await until('each of them is up', async () => {
      const up = await seen();
      return healthy.every((name) => up.get(name) === '1');
    });
    const text = await page();
    expect([...(await seen()).keys()].sort()).toEqual([...present].sort());
    expect(/^[^#]\S* +(?:NaN|[+-]Inf|undefined)$/m.exec(text)).toBeNull();
    heaps.push(valueOn(text, 'nodejs_heap_size_used_bytes')! / 1e6);
    expect(child.exitCode).toBeNull();
  }
  write([]);
  await reload();
  await until('every connection is closed', async () => valueOn(await page(), 'process_open_fds')! <= filesBefore + 2, 20_000);
  // The process collects all the time, so that what it holds is what it keeps; the fleet is as large in each round. MB.
  expect(Math.min(...heaps.slice(rounds / 2)) - Math.min(...heaps.slice(0, rounds / 2))).toBeLessThan(12);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  const levels = said.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as { level: number; msg: string });
  expect(levels.filter(({ level }) => level >= 50)).toEqual([]);
  expect(said.split('\n').filter((line) => line !== '' && !line.startsWith('{'))).toEqual([]);
}, 180_000);
