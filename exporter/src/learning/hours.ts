/** What is learned from: steady hours with what a hash and a watt were worth at the time. Pure. */
import { observedLog, type Cell } from '../analytics/ratio-model.ts';

/** USD a day for one H/s, and for one W. */
export interface Money { readonly hash: number; readonly watt: number }

export interface LearningHour extends Cell {
  /** As it was known in that hour; absent where it was not. */
  readonly money?: Money;
}

export const dayMs = 86_400_000;

export interface TrainedOn {
  /** Unix ms of the first and behind the last hour. */
  readonly from: number;
  readonly to: number;
  readonly hours: number;
  readonly miners: number;
}

/** Undefined without an hour. */
export function trainedOn(hours: readonly LearningHour[]): TrainedOn | undefined {
  if (hours.length === 0) return undefined;
  let [from, to] = [Infinity, -Infinity];
  for (const { at } of hours) {
    from = Math.min(from, at);
    to = Math.max(to, at + 3_600_000);
  }
  return { from, to, hours: hours.length, miners: new Set(hours.map(({ miner }) => miner)).size };
}

/** What could move while nobody looks, by its name in `mlrec_drift_psi`. */
export const features = ['hashrate_ratio', 'power_ratio', 'chip_temperature', 'error_ratio', 'preset_power', 'hash_price', 'power_price'] as const;
export type Feature = (typeof features)[number];

export function featureValues(hours: readonly LearningHour[], feature: Feature): number[] {
  const of = (hour: LearningHour): number | undefined => {
    switch (feature) {
      case 'hashrate_ratio': return observedLog('hashrate', hour);
      case 'power_ratio': return observedLog('power', hour);
      case 'chip_temperature': return hour.chipTemperature;
      case 'error_ratio': return observedLog('errors', hour);
      case 'preset_power': return hour.promised.powerWatts;
      case 'hash_price': return hour.money?.hash;
      case 'power_price': return hour.money?.watt;
    }
  };
  return hours.flatMap((hour) => of(hour) ?? []);
}
