/** `hashfleet backfill`: what the miners themselves remember of an outage, as one file for promtool. */
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { InvalidArgumentError, type Command } from 'commander';
import pLimit from 'p-limit';
import { loadConfig } from '../config/load.ts';
import type { MinerConfig } from '../config/schema.ts';
import { HashfleetError, messageOf } from '../errors.ts';
import { PollFailure, pollFailureRemedies, type Driver } from '../miners/driver.ts';
import { longestWindowSeconds, type HistoryWindow } from '../miners/history.ts';
import { openMetricsLines, type MinerHistory } from '../metrics/openmetrics.ts';
import { driversOf } from './core.ts';
import { prometheusAt, type Prometheus } from './prometheus.ts';

interface Flags {
  readonly config: string;
  readonly from?: number;
  readonly to?: number;
  readonly step: number;
  readonly out: string;
  readonly prometheus?: string;
  readonly label?: Readonly<Record<string, string>>;
}

/** Ms for all that is asked of one miner. */
const minerDeadlineMs = 30_000;
/** Miners asked at the same time. */
const concurrency = 8;
/** A miner whose clock is further off, seconds, would put its past in the wrong place. */
const clockToleranceSeconds = 60;

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Unix ms. */
function timeOption(text: string): number {
  const ago = /^(\d{1,5})([mhd])$/.exec(text);
  if (ago !== null) return Date.now() - Number(ago[1]) * (units[ago[2] ?? ''] ?? 0);
  const at = /^\d{9,11}$/.test(text) ? Number(text) * 1000 : /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new InvalidArgumentError('give a time (2026-11-23T15:00:00Z), Unix seconds, or how long ago (90m, 6h, 3d)');
  return at;
}

function stepOption(text: string): number {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 60 || seconds > 3600) throw new InvalidArgumentError('give whole seconds from 60 to 3600');
  return seconds;
}

function labelOption(text: string, earlier: Readonly<Record<string, string>> = {}): Record<string, string> {
  const match = /^([a-zA-Z_]\w*)=(.*)$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) throw new InvalidArgumentError('give NAME=VALUE, for example job=hashfleet');
  if (['miner', 'site', 'model', 'sensor', 'stat'].includes(match[1])) throw new InvalidArgumentError(`the label "${match[1]}" is set already`);
  return { ...earlier, [match[1]]: match[2] };
}

export function addBackfill(program: Command): void {
  program.command('backfill').argument('[miners...]', 'names of miners; all when absent')
    .description('write what the miners remember of a gap as OpenMetrics, for promtool')
    .requiredOption('--out <file>', 'the file to write')
    .option('-c, --config <file>', 'the fleet', 'fleet.yaml')
    .option('--from <time>', 'begin of the gap: a time, Unix seconds, or how long ago (90m, 6h, 3d); miners remember three days', timeOption)
    .option('--to <time>', 'end of the gap; now when absent', timeOption)
    .option('--step <seconds>', 'distance of the points', stepOption, 300)
    .option('--prometheus <url>', 'leave out times for which this Prometheus has data of Hashfleet')
    .option('--label <name=value>', 'one more label, as Prometheus adds job and instance; may be given several times', labelOption)
    .action(async (names: readonly string[], flags: Flags) => {
      process.exitCode = await backfill(names, flags);
    });
}

/** @throws HashfleetError config_invalid, payload_invalid, secret_missing @returns the exit code */
async function backfill(names: readonly string[], flags: Flags): Promise<number> {
  const config = loadConfig(flags.config);
  const unknown = names.find((name) => !config.miners.some((miner) => miner.name === name));
  if (unknown !== undefined) throw new HashfleetError('payload_invalid', `There is no miner "${unknown}" in ${flags.config}.`);
  const window = windowOf(flags);
  const prometheus = flags.prometheus === undefined ? undefined : prometheusAt(flags.prometheus);
  const folder = await prometheus?.dataFolder();
  const { driverFor } = driversOf(config, { environment: process.env, folder: path.dirname(path.resolve(flags.config)) }, () => undefined);
  const miners = config.miners.filter(({ name }) => names.length === 0 || names.includes(name));

  const limit = pLimit(concurrency);
  let done = 0;
  const outcomes = await Promise.all(miners.map(async (miner) => limit(async () => {
    const outcome = await historyOf(miner, { driver: driverFor(miner), window, prometheus, labels: flags.label ?? {} });
    done += 1;
    console.error(`[${done}/${miners.length}] ${miner.name}: ${outcome.said}`);
    return outcome;
  })));
  const histories = outcomes.flatMap(({ history }) => (history === undefined || history.points.length === 0 ? [] : [history]));
  const failed = outcomes.filter(({ history }) => history === undefined).length;
  if (failed > 0) console.error(`${failed} of ${miners.length} miners could not be read; run the command again for them before the three days are over.`);
  if (histories.length === 0) {
    console.error('There is nothing to fill; no file was written.');
    return failed > 0 ? 1 : 0;
  }
  await writeWhole(flags.out, openMetricsLines(histories));
  console.error(`${flags.out}: ${histories.reduce((sum, { points }) => sum + points.length, 0)} points of ${histories.length} miners. Give them to Prometheus:`);
  console.log(`promtool tsdb create-blocks-from openmetrics ${quoted(flags.out)} ${folder === undefined ? 'DATA_FOLDER_OF_PROMETHEUS' : quoted(folder)}`);
  return failed > 0 ? 1 : 0;
}

function windowOf({ from, to, step }: Flags): HistoryWindow {
  const now = Date.now();
  const oldest = now - longestWindowSeconds * 1000;
  const window = { from: Math.max(from ?? oldest, oldest), to: Math.min(to ?? now, now), stepSeconds: step };
  if (window.from >= window.to) throw new HashfleetError('payload_invalid', `Nothing lies between --from and --to: miners remember from ${new Date(oldest).toISOString()} until now.`);
  if (from !== undefined && from < oldest) console.error(`Miners remember three days: beginning at ${new Date(oldest).toISOString()}.`);
  return window;
}

interface Ask { readonly driver: Driver; readonly window: HistoryWindow; readonly prometheus: Prometheus | undefined; readonly labels: Readonly<Record<string, string>> }

/** Without `history` the miner could not be read. */
async function historyOf(miner: MinerConfig, { driver, window, prometheus, labels }: Ask): Promise<{ readonly said: string; readonly history?: MinerHistory }> {
  const signal = AbortSignal.timeout(minerDeadlineMs);
  try {
    if (driver.history === undefined) return { said: 'its firmware keeps no history', history: { labels, points: [] } };
    const { identity } = await driver.poll(signal);
    if (identity === undefined) return { said: 'it does not tell its model, without which the series would be others than the live ones' };
    const { points, clockAheadSeconds = 0 } = await driver.history(window, signal);
    if (Math.abs(clockAheadSeconds) > clockToleranceSeconds) return { said: `its clock is ${Math.abs(clockAheadSeconds)} s ${clockAheadSeconds > 0 ? 'ahead' : 'behind'}; set it (time server) and try again` };
    const covered = await prometheus?.covered(miner.name, window);
    // Only points on the grid of the step are means; the newest is the present value.
    const missing = covered === undefined ? points : points.filter(({ at }) => at % (window.stepSeconds * 1000) === 0 && !covered.has(at));
    return {
      said: `${missing.length} points${covered === undefined ? '' : `, ${points.length - missing.length} left out because Prometheus has them`}`,
      history: { labels: { miner: miner.name, site: miner.site, model: identity.model, ...labels }, points: missing },
    };
  } catch (thrown) {
    if (!(thrown instanceof PollFailure)) throw thrown;
    return { said: `${thrown.message} (${thrown.reason}): ${pollFailureRemedies[thrown.reason]}` };
  } finally {
    await driver.close();
  }
}

/** The file whole, or none. */
export async function writeWhole(file: string, lines: Iterable<string>): Promise<void> {
  const part = `${file}.part`;
  try {
    await pipeline(Readable.from(lines), createWriteStream(part));
    renameSync(part, file);
  } catch (cause) {
    rmSync(part, { force: true });
    throw new HashfleetError('internal', `Cannot write ${file}: ${messageOf(cause)}.`, { cause });
  }
}

function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replace(/'/g, '\'\\\'\'')}'`;
}
