/** Control: random lives of jobs against the rails, and how fast and how evenly commands go out. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { figure, type Benchmark } from './measure.ts';

const here = fileURLToPath(new URL('../../exporter/test/', import.meta.url));

/** The model lives beside the exporter's tests and is run from its sources. */
export const control: Benchmark = {
  name: 'control',
  about: 'random lives of jobs that keep every rail (--runs N, 1000); ms from the request to a restart on the wire (baseline 50); length of a job over 1000 miners in batches (baseline as configured)',
  long: true,
  run(report, { runs = 1000 }) {
    const { status, stdout } = spawnSync(process.execPath, ['--import', `${here}typescript-loader.mjs`, `${here}rails-bench.ts`, String(runs)], { cwd: here, stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', maxBuffer: 1e8 });
    if (status !== 0) throw new Error('a rail does not hold, see above');
    for (const line of stdout.trim().split('\n')) {
      const { name, unit, value, baseline } = JSON.parse(line) as { name: string; unit: string; value: number; baseline: number };
      report(figure(`control/${name}`, unit, [value, baseline]));
    }
    return Promise.resolve();
  },
};
