/** Advice: what policies earn on simulated fleets that no test has seen, in per cent of perfect knowledge, and how long training takes. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { figure, type Benchmark } from './measure.ts';

const here = fileURLToPath(new URL('../../exporter/test/', import.meta.url));

/** The fleets live beside the exporter's tests and are run from its sources. */
export const advice: Benchmark = {
  name: 'advice',
  about: 'profit of policies in per cent of perfect knowledge over four kinds of prices, limits that they broke, and ms of training on 60 miners and 30 days (baseline 10 s)',
  run(report) {
    const { status, stdout } = spawnSync(process.execPath, ['--import', `${here}typescript-loader.mjs`, `${here}advice-bench.ts`], { cwd: here, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1e8 });
    for (const line of stdout.trim().split('\n')) {
      const { name, unit, value, baseline } = JSON.parse(line) as { name: string; unit: string; value: number; baseline: number };
      report(figure(`advice/${name}`, unit, [value, baseline]));
    }
    if (status !== 0) throw new Error('advice broke a limit, see above');
    return Promise.resolve();
  },
};
