/**
 * A miner's history as OpenMetrics 1.0 text, as `promtool tsdb create-blocks-from openmetrics` reads it: names and labels of the
 * live series, all samples of a family together, times in seconds and ascending within a series, `# EOF` at the end.
 */
import type { HistoryPoint } from '../miners/history.ts';
import { catalogue, type SeriesName } from './catalogue.ts';
import { labelText } from './page.ts';

export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

export interface MinerHistory {
  /** Labels of every series of the miner: miner, site, model, and what the operator adds. */
  readonly labels: Readonly<Record<string, string>>;
  /** Oldest first. */
  readonly points: readonly HistoryPoint[];
}

interface Kept { readonly name: SeriesName; readonly labels: Readonly<Record<string, string>>; readonly value: (point: HistoryPoint) => number | undefined }

const kept: readonly Kept[] = [
  { name: 'miner_hashrate_hashes_per_second', labels: {}, value: ({ hashrate }) => hashrate },
  { name: 'miner_power_watts', labels: {}, value: ({ powerWatts }) => powerWatts },
  { name: 'miner_temperature_celsius', labels: { sensor: 'pcb', stat: 'max' }, value: ({ pcbMax }) => pcbMax },
  { name: 'miner_temperature_celsius', labels: { sensor: 'chip', stat: 'max' }, value: ({ chipMax }) => chipMax },
  { name: 'miner_fan_duty_ratio', labels: {}, value: ({ fanDutyRatio }) => fanDutyRatio },
];

/** Line by line, so that the history of a large fleet need not stand in memory twice. */
export function* openMetricsLines(histories: readonly MinerHistory[]): Generator<string> {
  for (const name of new Set(kept.map((series) => series.name))) {
    const { type, help } = catalogue[name];
    yield `# TYPE ${name} ${type}\n# HELP ${name} ${escaped(help)}\n`;
    for (const { labels, points } of histories) {
      for (const series of kept.filter((one) => one.name === name)) {
        const head = `${name}{${labelText({ ...labels, ...series.labels })}}`;
        for (const point of points) {
          const value = series.value(point);
          if (value !== undefined) yield `${head} ${value} ${point.at / 1000}\n`;
        }
      }
    }
  }
  yield '# EOF\n';
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}
