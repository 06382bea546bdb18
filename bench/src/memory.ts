/** Resident memory of the whole exporter as a process, beside a process that only loads the same libraries. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { figure, type Benchmark } from './measure.ts';
import { simulatedFleet } from './simulated.ts';

const exporter = fileURLToPath(new URL('../../exporter/dist/cli/main.js', import.meta.url));
const bench = fileURLToPath(new URL('..', import.meta.url));
const megabyte = 1_000_000;

export const memory: Benchmark = {
  name: 'memory',
  about: 'resident memory of the exporter at 60 and 1,000 simulated miners after ten rounds; baseline: node with the same libraries loaded, idle',
  async run(report) {
    const idle = spawn(process.execPath, ['--input-type=module', '-e', 'await Promise.all(["undici","prom-client","pino","p-limit"].map((name) => import(name))); const { memoryUsage } = process; setTimeout(() => { console.log(memoryUsage.rss()); }, 1000);'], { cwd: bench, stdio: ['ignore', 'pipe', 'inherit'] });
    const baseline = Number(await new Promise<string>((resolve) => idle.stdout.once('data', (data: Buffer) => resolve(data.toString()))));
    for (const miners of [60, 1000]) {
      const simulated = await simulatedFleet(miners);
      const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-bench-'));
      let child: ChildProcess | undefined;
      try {
        writeFileSync(path.join(folder, 'fleet.yaml'), `poll: {interval_seconds: 2, deadline_seconds: 1.9}\nminers:\n${simulated.addresses.map((address, index) => `  - {name: m${index}, address: "${address}"}`).join('\n')}\n`);
        child = spawn(process.execPath, [exporter, 'start', '--config', path.join(folder, 'fleet.yaml'), '--data', path.join(folder, 'data'), '--metrics-listen', '127.0.0.1:19996', '--api-listen', '127.0.0.1:19997', '--log-level', 'error'], { stdio: 'inherit' });
        for (let round = 0; round < 10; round += 1) {
          await sleep(2000);
          await page();
        }
        const bytes = Number(/^process_resident_memory_bytes +(\S+)$/m.exec(await page())?.[1]);
        report(figure(`memory/${miners}/rss`, 'MB', [bytes / megabyte, baseline / megabyte]));
      } finally {
        child?.kill('SIGTERM');
        await simulated.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    }
  },
};

async function page(): Promise<string> {
  const { body } = await request('http://127.0.0.1:19996/metrics');
  return body.text();
}
