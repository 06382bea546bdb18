/**
 * Chaos for minutes: a tenth of the miners misbehaves, each in a manner of its own that changes all the time, and miners come
 * and go with each reload of the configuration. The healthy ones must be read all the while; at the end, when no miner is
 * left, every connection must be gone, and the heap must not have grown.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { figure, type Benchmark, type BenchmarkOptions } from './measure.ts';
import { simulatedFleet } from './simulated.ts';

const exporter = fileURLToPath(new URL('../../exporter/dist/cli/main.js', import.meta.url));
const metrics = '127.0.0.1:19996';
const manners = ['hang', 'drip', 'endless', 'html', 'bad_json', 'cut', 'reset', 'not_http', 'slow', 'http_500', 'huge_headers', 'garbage_values', 'wrong_content_type', 'unplugged', 'stock_fallback', 'board_missing', 'fan_lost', 'sensor_fault'];
const hostileShare = 0.1;
/** Miners that come, and as many that go, with each reload. */
const changedAtOnce = 25;
const roundSeconds = 10;
/** Rounds that a miner that was hostile has until it must be read again: the longest back-off, and a start. */
const forgivenRounds = 8;

async function page(): Promise<string> {
  const { body } = await request(`http://${metrics}/metrics`);
  return body.text();
}

function value(text: string, series: string): number {
  return Number(new RegExp(`^${series} +(\\S+)$`, 'm').exec(text)?.[1]);
}

/** Numbers from 0 (included) to 1, always the same ones. */
function* draws(): Generator<number, never> {
  for (let state = 12_345; ;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state / 2 ** 32;
  }
}

export const soak: Benchmark = {
  name: 'soak',
  about: 'chaos: 1,000 miners for 5 minutes, a tenth hostile in changing manners, miners added and removed at each reload; baselines: heap and open files of the same run',
  long: true,
  async run(report, { miners = 1000, interval = 5, minutes = 5 }: BenchmarkOptions) {
    const simulated = await simulatedFleet(miners);
    const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-bench-'));
    const file = path.join(folder, 'fleet.yaml');
    const random = draws();
    const pick = (count: number) => Math.floor(random.next().value * count);
    const write = (present: Iterable<number>) => {
      const lines = [...present].map((index) => `  - {name: m${index}, address: "${simulated.addresses[index] ?? ''}"}`);
      writeFileSync(file, `poll: {interval_seconds: ${interval}, deadline_seconds: ${interval * 0.8}, chips_interval_seconds: 20}\n${lines.length === 0 ? 'miners: []' : `miners:\n${lines.join('\n')}`}\n`);
    };
    write([]);
    const child = spawn(process.execPath, [exporter, 'start', '--config', file, '--data', path.join(folder, 'data'), '--metrics-listen', metrics, '--api-listen', '127.0.0.1:19997', '--log-level', 'silent'], { stdio: 'inherit' });
    let ended: number | string | undefined;
    child.once('exit', (code, signal) => (ended = code ?? signal ?? 'unknown'));
    const reload = async () => {
      const { statusCode, body } = await request(`http://${metrics}/-/reload`, { method: 'POST', headersTimeout: 60_000 });
      const text = await body.text();
      if (statusCode !== 200) throw new Error(`the reload was refused: ${text}`);
    };
    try {
      await sleep(3000);
      const filesBefore = value(await page(), 'process_open_fds');
      const present = new Set(Array.from({ length: miners }, (_, index) => index).filter((index) => index % 10 !== 9));
      const hostile = new Map<number, string>();
      const lastHostile = new Map<number, number>();
      write(present);
      await reload();
      const heaps: number[] = [];
      let [reloads, missed, looks] = [0, 0, 0];
      const began = performance.now();
      while (performance.now() - began < minutes * 60_000) {
        // The hostile ones of now, each in a new manner; those of before are well again.
        for (const index of hostile.keys()) await simulated.repair(index);
        hostile.clear();
        while (hostile.size < miners * hostileShare) hostile.set(pick(miners), manners[pick(manners.length)] ?? 'hang');
        for (const [index, manner] of hostile) {
          await simulated.inject(index, manner);
          lastHostile.set(index, reloads);
        }
        const stayed = new Set(present);
        for (let changed = 0; changed < changedAtOnce; changed += 1) {
          const [goes, comes] = [pick(miners), pick(miners)];
          present.delete(goes);
          present.add(comes);
          stayed.delete(goes);
        }
        write(present);
        await reload();
        reloads += 1;
        await sleep(roundSeconds * 1000);
        if (ended !== undefined) throw new Error(`the exporter ended with ${ended}`);
        const text = await page();
        looks += 1;
        heaps.push(value(text, 'nodejs_heap_size_live_bytes') / 1e6);
        const bad = /^[^#]\S* +(?:NaN|[+-]Inf|undefined)$/m.exec(text);
        if (bad !== null) throw new Error(`a value that is no number: ${bad[0]}`);
        const up = new Map([...text.matchAll(/^miner_up\{miner="m(\d+)"[^}]*\} +([01])$/gm)].map(([, index, one]) => [Number(index), one]));
        if (up.size !== present.size) throw new Error(`${up.size} miners on the page, but ${present.size} in the configuration`);
        // Only who was there for the whole round, and well for long, must be up.
        for (const index of stayed) if ((lastHostile.get(index) ?? -Infinity) < reloads - forgivenRounds && up.get(index) !== '1') missed += 1;
      }
      write([]);
      await reload();
      await sleep(12_000);
      const text = await page();
      const quarter = Math.max(1, Math.floor(heaps.length / 4));
      const floor = (some: readonly number[]) => Math.min(...some);
      report(figure(`soak/${miners}/heap-floor-last-quarter`, 'MB', [floor(heaps.slice(-quarter)), floor(heaps.slice(quarter, 2 * quarter))]));
      report(figure(`soak/${miners}/heap-floor-third-quarter`, 'MB', [floor(heaps.slice(2 * quarter, 3 * quarter)), floor(heaps.slice(quarter, 2 * quarter))]));
      report(figure(`soak/${miners}/open-files-after`, '', [value(text, 'process_open_fds'), filesBefore]));
      report(figure(`soak/${miners}/healthy-miners-missed`, '', [missed, looks * present.size]));
      report(figure(`soak/${miners}/reloads`, '', [reloads, reloads]));
    } finally {
      if (ended === undefined) {
        const gone = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await gone;
      }
      await simulated.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
