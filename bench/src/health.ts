/**
 * One round of health over 5,000 miners with 60 reference hours each: judging (residuals, scores, parts), learning and writing, as the
 * thread does them (what was judged is put into the tables before it is written), beside what a plain way costs: learning anew from all hours before each judgement.
 */
import type { Hour } from '@hashfleet/exporter/analytics/hours';
import { saveHours } from '@hashfleet/exporter/health/file';
import { threadLimits } from '@hashfleet/exporter/health/health';
import { createRounds, type HourOf } from '@hashfleet/exporter/health/rounds';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { draws } from './fault-world.ts';
import { figure, type Benchmark, type Figure } from './measure.ts';

const usualMiners = 5000;
const presets = [{ name: '3200', powerWatts: 3200, hashrate: 15.6e9 }, { name: '3500', powerWatts: 3500, hashrate: 16.5e9 }] as const;
/** 48 are kept of a preset: 60 are two presets of 30. */
const hoursOfPreset = 30;
const rounds = 9;
const begin = Date.UTC(2026, 5, 1);
const hourMs = 3_600_000;

function hourOf(index: number, { at, preset: { name, ...promised }, draw }: { at: number; preset: (typeof presets)[number]; draw: () => number }): Hour {
  const near = (value: number, ratio: number) => value * (1 + ratio * (draw() - 0.5) + 0.0001 * (index % 100));
  const duty = 0.4 + 0.3 * draw();
  return {
    at, steady: true, polls: 240, missed: 0, idle: 0, reboots: 0, preset: name, promised, hashrate: near(promised.hashrate, 0.01), hashrateNominal: promised.hashrate, powerWatts: near(promised.powerWatts, 0.01),
    chipTemperature: near(68, 0.02), boardTemperature: near(52, 0.02), coolestTemperature: near(30, 0.02), errorRatio: 1e-4 * (0.5 + draw()), dutyRatio: duty, volts: near(13.4, 0.002), weakChips: index % 4,
    fans: [undefined, ...Array.from({ length: 4 }, () => near(900 + 5500 * duty, 0.01))], boards: [undefined, ...Array.from({ length: 4 }, () => near(promised.hashrate / 4, 0.01))], poolGap: { ratio: 0.02 * (draw() - 0.5), deviation: 0.01 },
  };
}

const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

function measure(miners: number, tell: (figure: Figure) => void): void {
  const draw = draws(1);
  const health = createRounds();
  const subjects = Array.from({ length: miners }, (_none, index) => ({ miner: `m${index}`, model: 'L9', site: 'hall', rack: `r${Math.floor(index / 40)}`, circuit: `c${Math.floor(index / 10)}` }));
  const hours = (hour: number): HourOf[] => subjects.map((subject, index) => ({ subject, hour: hourOf(index, { at: begin + hour * hourMs, preset: presets[Math.floor(hour / hoursOfPreset) % presets.length] ?? presets[0], draw }) }));
  const timed = (work: () => void) => {
    const began = performance.now();
    work();
    return performance.now() - began;
  };
  for (let hour = 0; hour < presets.length * hoursOfPreset; hour += 1) {
    health.round(hours(hour));
    if (hour % hoursOfPreset === 11) health.relearn();
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-bench-'));
  const [judging, learning, writing]: [number[], number[], number[]] = [[], [], []];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const all = hours(presets.length * hoursOfPreset + round);
      judging.push(timed(() => void health.round(all)));
      writing.push(timed(() => {
        const notice = saveHours(health, path.join(folder, 'hours.bin'));
        if (notice !== undefined) throw new Error(`${notice.text}: ${notice.detail}`);
      }));
      if (round % 3 === 0) learning.push(timed(() => health.relearn()));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  // The plain way: what is expected is made anew from all hours whenever an hour is judged.
  const plain = middle(judging) + middle(learning);
  tell(figure('health/judge/median', 'ms', [middle(judging), plain]));
  tell(figure('health/judge/worst', 'ms', [Math.max(...judging), plain]));
  tell(figure('health/judge/limit', 'ms', [middle(judging), 200]));
  tell(figure('health/learn/median', 'ms', [middle(learning), plain]));
  tell(figure('health/write/median', 'ms', [middle(writing), plain]));
  const bytes = health.toFile().length;
  tell(figure('health/memory', 'MB', [process.memoryUsage().rss / 1e6, bytes / 1e6]));
}

export const health: Benchmark = {
  name: 'health',
  about: 'ms of one round of 5,000 miners with 60 reference hours each (--miners N): judging (also beside its limit of 200), learning, writing the file; baseline: learning anew before each judgement; resident memory beside the file',
  async run(report, { miners = usualMiners } = {}) {
    const thread = new Worker(new URL(import.meta.url), { workerData: { healthOf: miners }, resourceLimits: threadLimits });
    thread.on('message', report);
    await once(thread, 'exit');
  },
};

// The same file is the thread, with the room that health's own has.
const given: unknown = workerData;
if (!isMainThread && typeof given === 'object' && given !== null && 'healthOf' in given) measure(Number(given.healthOf), (one) => parentPort?.postMessage(one));
