/**
 * The whole exporter as a process beside a simulated fleet as another, on whatever this machine has, scraped as Prometheus
 * does: how late polls begin, how long the event loop stalls, what memory does. Not a test of speed alone: every miner must
 * be read the whole time, or the run fails.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { request } from 'undici';
import { figure, type Benchmark, type BenchmarkOptions } from './measure.ts';
import { simulatedFleet, type SimulatedFleet } from './simulated.ts';

const exporter = fileURLToPath(new URL('../../exporter/dist/cli/main.js', import.meta.url));
const metrics = '127.0.0.1:19996';
const megabyte = 1_000_000;
/** As prometheus.yml has it. */
const scrapeSeconds = 15;

interface Look {
  readonly rss: number;
  readonly heap: number;
  readonly loopP99: number;
  readonly lagP99: number;
  readonly cpuSeconds: number;
  readonly scrapeMs: number;
  readonly bytes: number;
  readonly up: number;
  readonly skipped: number;
  readonly series: number;
}

async function look(): Promise<Look> {
  const began = performance.now();
  // Packed on the way, as Prometheus asks for it; only the few lines that count are read.
  const { body } = await request(`http://${metrics}/metrics`, { headers: { 'accept-encoding': 'gzip' } });
  const packed = Buffer.from(await body.arrayBuffer());
  const scrapeMs = performance.now() - began;
  const page = gunzipSync(packed);
  const value = (name: string): number => {
    const at = page.indexOf(`\n${name} `);
    return Number(page.subarray(at + name.length + 1, page.indexOf('\n', at + 1)).toString().trim());
  };
  let [series, up] = [0, 0];
  for (let at = page.indexOf(10); at >= 0; at = page.indexOf(10, at + 1)) if (page[at + 1] !== 35) series += 1;
  for (let at = page.indexOf('\nminer_up{'); at >= 0; at = page.indexOf('\nminer_up{', at + 1)) {
    const end = page.indexOf('\n', at + 1);
    if (page[end - 1] === 49) up += 1;
  }
  return {
    rss: value('process_resident_memory_bytes'), heap: value('nodejs_heap_size_used_bytes'), loopP99: value('nodejs_eventloop_lag_p99_seconds') * 1000, lagP99: value('hashfleet_poll_lag_p99_seconds'),
    cpuSeconds: value('process_cpu_seconds_total'), skipped: value('hashfleet_polls_skipped_total'), scrapeMs, bytes: page.length, up, series,
  };
}

/** User and system seconds of a process so far (Linux). */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

interface RunOptions {
  readonly intervalSeconds: number;
  readonly minutes: number;
  /** Miners that must be read the whole time; all when absent. */
  readonly up?: number;
  readonly warmUpSeconds?: number;
}

interface Run { readonly looks: readonly Look[]; readonly seconds: number; readonly simulatorCpuSeconds: number }

/** Warms up and then looks every 15 s. */
async function run(simulated: SimulatedFleet, { intervalSeconds, minutes, up = simulated.addresses.length, warmUpSeconds = Math.max(30, 2 * intervalSeconds) }: RunOptions): Promise<Run> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-bench-'));
  const miners = simulated.addresses.map((address, index) => `  - {name: m${index}, address: "${address}"}`).join('\n');
  writeFileSync(path.join(folder, 'fleet.yaml'), `poll: {interval_seconds: ${intervalSeconds}, deadline_seconds: ${Math.min(5, intervalSeconds * 0.9)}, chips_interval_seconds: 0}\nminers:\n${miners}\n`);
  const child = spawn(process.execPath, [exporter, 'start', '--config', path.join(folder, 'fleet.yaml'), '--data', path.join(folder, 'data'), '--metrics-listen', metrics, '--api-listen', '127.0.0.1:19997', '--log-level', 'error'], { stdio: 'inherit' });
  try {
    await sleep(warmUpSeconds * 1000);
    const looks: Look[] = [await look()];
    const cpuBefore = cpuSecondsOf(simulated.pid);
    const began = performance.now();
    while (performance.now() - began < minutes * 60_000) {
      await sleep(scrapeSeconds * 1000);
      looks.push(await look());
      if (looks.at(-1)?.up !== up) throw new Error(`${looks.at(-1)?.up ?? 0} miners are read in place of ${up}: the figures would mean nothing`);
    }
    return { looks, seconds: (performance.now() - began) / 1000, simulatorCpuSeconds: cpuSecondsOf(simulated.pid) - cpuBefore };
  } finally {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  }
}

const worst = (values: readonly number[]) => Math.max(...values);
const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export const scale: Benchmark = {
  name: 'scale',
  about: 'the exporter and a simulated fleet as two processes, scraped every 15 s: --miners 5000 --interval 10 --minutes 20; baselines: the poll interval, 50 ms, 1 GB, the first minutes of the same run',
  long: true,
  async run(report, { miners = 5000, interval = 10, minutes = 20 }: BenchmarkOptions) {
    const simulated = await simulatedFleet(miners);
    try {
      const { looks, seconds, simulatorCpuSeconds } = await run(simulated, { intervalSeconds: interval, minutes });
      // The first look still has the start in it.
      const steady = looks.slice(1);
      const [first, last] = [looks[0], looks.at(-1)];
      if (first === undefined || last === undefined) throw new Error('the run was too short to look at');
      const name = (what: string) => `scale/${miners}@${interval}s/${what}`;
      const part = Math.max(1, Math.floor(steady.length / 4));
      const rss = (some: readonly Look[]) => some.reduce((sum, one) => sum + one.rss, 0) / some.length / megabyte;
      report(figure(name('poll-lag-p99'), 's', [worst(steady.map(({ lagP99 }) => lagP99)), interval]));
      report(figure(name('event-loop-p99-median'), 'ms', [middle(steady.map(({ loopP99 }) => loopP99)), 50]));
      report(figure(name('event-loop-p99-worst'), 'ms', [worst(steady.map(({ loopP99 }) => loopP99)), 50]));
      report(figure(name('rss-worst'), 'MB', [worst(looks.map((one) => one.rss)) / megabyte, 1000]));
      report(figure(name('rss-last-quarter'), 'MB', [rss(steady.slice(-part)), rss(steady.slice(0, part))]));
      report(figure(name('scrape'), 'ms', [middle(steady.map(({ scrapeMs }) => scrapeMs)), scrapeSeconds * 1000]));
      report(figure(name('page'), 'MB', [last.bytes / megabyte, last.series / 1e6]));
      report(figure(name('cores'), '', [(last.cpuSeconds - first.cpuSeconds) / seconds, simulatorCpuSeconds / seconds]));
      report(figure(name('polls-skipped'), '', [last.skipped - first.skipped, (miners * seconds) / interval]));
      console.error(`  ${cpus().length} cores, Node ${process.version}; "cores": the exporter's beside the simulator's; "page": its baseline is millions of series; "polls-skipped": beside all polls`);
    } finally {
      await simulated.stop();
    }
  },
};

export const hung: Benchmark = {
  name: 'hung',
  about: 'how late polls begin among 1,000 miners of which 30 % accept connections and never answer, from the first round on; baseline: the same fleet when all answer',
  long: true,
  async run(report, { miners = 1000, interval = 10, minutes = 1 }: BenchmarkOptions) {
    const simulated = await simulatedFleet(miners);
    try {
      const count = Math.round(miners * 0.3);
      const options = { intervalSeconds: interval, minutes, warmUpSeconds: interval };
      const well = await run(simulated, options);
      for (let index = 0; index < count; index += 1) await simulated.inject(Math.floor(index / 0.3), 'hang');
      const ill = await run(simulated, { ...options, up: miners - count });
      const p99 = ({ looks }: Run) => worst(looks.map(({ lagP99 }) => lagP99)) * 1000;
      report(figure(`hung/${miners}@${interval}s/poll-lag-p99`, 'ms', [p99(ill), p99(well)]));
      report(figure(`hung/${miners}@${interval}s/delay`, 'ms', [p99(ill) - p99(well), 100]));
    } finally {
      await simulated.stop();
    }
  },
};
