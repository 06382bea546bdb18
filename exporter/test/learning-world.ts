/** Hours of a simulated fleet with prices, as the learner reads them, and as a Prometheus that scraped it would have them. */
import type { Cell } from '../src/analytics/ratio-model.ts';
import type { LearningHour } from '../src/learning/hours.ts';
import { historyOf, makeWorld } from './advice-world.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** USD a day for one H/s, and for one W: power swings from day to day. */
export function moneyAt(at: number): { readonly hash: number; readonly watt: number } {
  return { hash: 0.000_42 / 1e6, watt: 0.024 * (0.08 + 0.03 * Math.sin(at / dayMs * 0.4)) };
}

/** So many days that begin at `begin`, Unix ms, oldest hour first. */
export function learningHours(seed: number, { miners = 12, days = 24, begin = 1_700_006_400_000 } = {}): LearningHour[] {
  return historyOf(makeWorld(seed, miners), days)
    .map((cell): LearningHour => ({ ...withoutInlet(cell), at: begin + cell.at, money: moneyAt(begin + cell.at) }))
    .sort((a, b) => a.at - b.at || (a.miner < b.miner ? -1 : 1));
}

/** Nobody measures the air where advice is made. */
function withoutInlet({ inletTemperature: _inlet, ...cell }: Cell): Cell {
  return cell;
}

/** Twelve samples an hour of each series, for `promtool tsdb create-blocks-from openmetrics`. */
export function* openMetricsOf(hours: readonly LearningHour[]): Generator<string> {
  const byMiner = new Map<string, LearningHour[]>();
  for (const hour of hours) byMiner.set(hour.miner, [...byMiner.get(hour.miner) ?? [], hour]);
  const family = function* (name: string, of: (hour: LearningHour, sample: number) => readonly [labels: string, value: number], type = 'gauge'): Generator<string> {
    yield `# TYPE ${name.replace(/_total$/, '')} ${type}\n`;
    for (const [miner, list] of byMiner) for (const hour of list) for (let sample = 0; sample < 12; sample += 1) {
      const [labels, value] = of(hour, sample);
      yield `${name}{miner="${miner}",site="farm",model="${hour.model}"${labels}} ${value} ${(hour.at + (sample + 1) * 300_000) / 1000}\n`;
    }
  };
  yield* family('miner_preset_info', ({ preset }) => [`,preset="${preset}",tuned="yes",switcher="no"`, 1]);
  yield* family('miner_phase', () => [',phase="steady"', 1]);
  yield* family('miner_intent', () => [',intent="mine"', 1]);
  yield* family('miner_state_seconds', () => ['', 90_000]);
  yield* family('miner_throttle_ratio', () => ['', 1]);
  yield* family('miner_hashrate_hashes_per_second', ({ hashrate = 0 }) => ['', hashrate]);
  yield* family('miner_power_watts', ({ powerWatts = 0 }) => ['', powerWatts]);
  yield* family('miner_temperature_celsius', ({ chipTemperature = 0 }) => [',sensor="chip",stat="max"', chipTemperature]);
  yield* family('miner_preset_hashrate_hashes_per_second', ({ promised: { hashrate } }) => ['', hashrate]);
  yield* family('miner_preset_power_watts', ({ promised: { powerWatts } }) => ['', powerWatts]);
  yield* family('miner_revenue_usd_per_day', ({ hashrate = 0, money }) => [',basis="manual_price"', hashrate * (money?.hash ?? 0)]);
  yield* family('miner_power_cost_usd_per_day', ({ powerWatts = 0, money }) => ['', powerWatts * (money?.watt ?? 0)]);
  yield* family('miner_hardware_errors_total', ({ at }, sample) => ['', Math.round(at / hourMs - 400_000) * 12 + sample], 'counter');
  yield '# EOF\n';
}
