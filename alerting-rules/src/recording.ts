/**
 * Sums over a site and over the fleet, named `level:metric:operation`. Dashboards and the app read these, so that no
 * panel adds up thousands of series. `…1h` names the window at time scale 1.
 */
import { duration, valueOf, type Timing } from './thresholds.ts';

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** Measurements that add up. */
const summed = [
  'miner_hashrate_hashes_per_second',
  'miner_hashrate_nominal_hashes_per_second',
  'miner_power_watts',
  'miner_power_cost_usd_per_day',
  'miner_profit_usd_per_day',
] as const;

const hour = 3600;

/**
 * Hashrate of a miner against what it should do. In manual mode there is no preset; the theory at the present clock is
 * then what the miner is held to.
 */
export const hashrateRatio = [
  'max by (miner, site, model) (miner_hashrate_ratio)',
  'or',
  'max by (miner, site, model) (miner_hashrate_average_hashes_per_second / miner_hashrate_nominal_hashes_per_second)',
].join('\n');

/** Energy per hash (an expression in J/MH) against what the preset promises. */
export const efficiencyRatio = (joulesPerMegahash: string) => [
  `max by (miner, site, model) (${joulesPerMegahash})`,
  '/',
  'max by (miner, site, model) (miner_preset_power_watts / (miner_preset_hashrate_hashes_per_second / 1e6))',
].join('\n');

/** Share of a miner's work that the pool did not take. */
export const refusedRatio = (window: string) => [
  `sum by (miner, site, model) (rate(miner_shares_total{result=~"rejected|stale"}[${window}]))`,
  '/',
  `sum by (miner, site, model) (rate(miner_shares_total[${window}]))`,
].join('\n');

export function recordingRules(timing: Timing): readonly RecordingRule[] {
  const anHour = duration(Math.max(Math.ceil(hour * timing.timeScale), 4 * timing.scrapeIntervalSeconds));
  const rejectWindow = duration(valueOf('rejectWindow', timing));
  const sites: RecordingRule[] = [
    ...summed.map((metric) => ({ record: `site:${metric}:sum`, expr: `sum by (site) (${metric})` })),
    { record: 'site:miner_revenue_usd_per_day:sum', expr: 'sum by (site, basis) (miner_revenue_usd_per_day)' },
    // What the miners promise that are meant to mine, dead ones included: the band behind the actual hashrate.
    {
      record: 'site:miner_preset_hashrate_hashes_per_second:sum',
      expr: 'sum by (site) (miner_preset_hashrate_hashes_per_second and on (miner) miner_intent{intent="mine"} == 1)',
    },
    { record: 'site:miner_up:sum', expr: 'sum by (site) (miner_up)' },
    { record: 'site:miner_up:count', expr: 'count by (site) (miner_up)' },
    { record: 'site:miner_state:sum', expr: 'sum by (site, state) (miner_state)' },
    { record: 'site:miner_hashes:rate1h', expr: `sum by (site) (rate(miner_hashes_total[${anHour}]))` },
    { record: 'site:miner_energy_joules:rate1h', expr: `sum by (site) (rate(miner_energy_joules_total[${anHour}]))` },
    {
      record: 'site:miner_efficiency_joules_per_megahash:ratio',
      expr: 'site:miner_power_watts:sum / (site:miner_hashrate_hashes_per_second:sum / 1e6)',
    },
    {
      record: 'site:miner_efficiency_joules_per_megahash:rate1h',
      expr: 'site:miner_energy_joules:rate1h / (site:miner_hashes:rate1h / 1e6)',
    },
  ];
  const fleet: RecordingRule[] = [
    ...[...summed, 'miner_preset_hashrate_hashes_per_second'].map((metric) => ({ record: `fleet:${metric}:sum`, expr: `sum(site:${metric}:sum)` })),
    { record: 'fleet:miner_revenue_usd_per_day:sum', expr: 'sum by (basis) (site:miner_revenue_usd_per_day:sum)' },
    { record: 'fleet:miner_up:sum', expr: 'sum(site:miner_up:sum)' },
    { record: 'fleet:miner_up:count', expr: 'sum(site:miner_up:count)' },
    { record: 'fleet:miner_state:sum', expr: 'sum by (state) (site:miner_state:sum)' },
    { record: 'fleet:miner_hashes:rate1h', expr: 'sum(site:miner_hashes:rate1h)' },
    { record: 'fleet:miner_energy_joules:rate1h', expr: 'sum(site:miner_energy_joules:rate1h)' },
    {
      record: 'fleet:miner_efficiency_joules_per_megahash:ratio',
      expr: 'fleet:miner_power_watts:sum / (fleet:miner_hashrate_hashes_per_second:sum / 1e6)',
    },
    {
      record: 'fleet:miner_efficiency_joules_per_megahash:rate1h',
      expr: 'fleet:miner_energy_joules:rate1h / (fleet:miner_hashes:rate1h / 1e6)',
    },
  ];
  const miners: RecordingRule[] = [
    { record: 'miner:miner_hashrate:ratio', expr: hashrateRatio },
    { record: 'miner:miner_efficiency:ratio', expr: efficiencyRatio('miner_efficiency_joules_per_megahash') },
    { record: 'miner:miner_shares_refused:ratio_rate30m', expr: refusedRatio(rejectWindow) },
  ];
  return [...sites, ...fleet, ...miners];
}
