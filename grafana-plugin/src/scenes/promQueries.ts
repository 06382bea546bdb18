/** Every PromQL of the pages. Series come from the exporter's catalogue; `$site`, `$model` and `$search` are the scene's variables. */

/** All miner series carry these three labels. */
const inSites = 'site=~"$site", model=~"$model", miner=~".*${search:regex}.*"';
const sum = (series: string): string => `sum(${series}{${inSites}})`;

export const hashesPerMegahash = 1e6;
/** Looks back past Prometheus' five minutes, so that an exporter that died shows its age instead of nothing. */
const lookBack = '1h';

export const fleetQueries = {
  hashrate: sum('miner_hashrate_hashes_per_second'),
  presetHashrate: sum('miner_preset_hashrate_hashes_per_second'),
  ofPreset: `sum(miner_hashrate_average_hashes_per_second{${inSites}}) / sum(miner_preset_hashrate_hashes_per_second{${inSites}})`,
  power: sum('miner_power_watts'),
  presetPower: sum('miner_preset_power_watts'),
  efficiency: `${sum('miner_power_watts')} / (${sum('miner_hashrate_hashes_per_second')} / ${hashesPerMegahash})`,
  minersUp: `count(miner_up{${inSites}} == 1) or vector(0)`,
  minersExpected: `count(miner_up{${inSites}})`,
  /** Without the Watchdog, which always fires; alerts of no site count for every site. */
  alertsFiring: 'count(ALERTS{alertstate="firing", alertname!="Watchdog", site=~"$site|"}) or vector(0)',
  profit: sum('miner_profit_usd_per_day'),
  dataAge: `time() - max(last_over_time(miner_last_success_timestamp_seconds{${inSites}}[${lookBack}]))`,
  states: `miner_state{${inSites}} == 1`,
  boardRatio: `miner_board_hashrate_hashes_per_second{${inSites}} / miner_board_hashrate_nominal_hashes_per_second{${inSites}}`,
  boardTemperature: `miner_board_temperature_celsius{${inSites}, sensor="chip", stat="max"}`,
  hashrateBySite: `sum by (site) (miner_hashrate_hashes_per_second{${inSites}})`,
  powerBySite: `sum by (site) (miner_power_watts{${inSites}})`,
} as const;

/** Values of the grid that are no ratio. */
export const gridCodes = { offline: -1, noRate: -2 } as const;

const gridValue = [
  `((miner_up{${inSites}} == 0) + ${gridCodes.offline})`,
  `miner_hashrate_ratio{${inSites}}`,
  `(miner_up{${inSites}} * 0 + ${gridCodes.noRate})`,
].join(' or ');

/** What the cells of the grid may be grouped by. */
export const gridGroups = ['site', 'rack', 'circuit', 'model'] as const;

/** Ratio to the preset, or a code where there is none; with rack and circuit where miner_info tells them. */
export const gridQuery = `(${gridValue}) * on (miner) group_left (rack, circuit) max by (miner, rack, circuit) (miner_info{${inSites}}) or on (miner) (${gridValue})`;

const worstMiners = `bottomk(10, miner_hashrate_ratio{${inSites}})`;
/** Names and scrape labels differ between series; rows of a table join on what is equal in all. */
const ofWorst = (series: string, more = ''): string =>
  `max by (miner, site, model) (${series}{${inSites}${more && `, ${more}`}} and on (miner) ${worstMiners})`;

export const worstQueries = {
  ratio: `max by (miner, site, model) (${worstMiners})`,
  hashrate: ofWorst('miner_hashrate_hashes_per_second'),
  power: ofWorst('miner_power_watts'),
  efficiency: ofWorst('miner_efficiency_joules_per_megahash'),
  chipTemperature: ofWorst('miner_temperature_celsius', 'sensor="chip", stat="max"'),
} as const;

/** In the order of the state timeline's values, which start at 1. */
export const statesInTimeline = ['mining', 'initializing', 'starting', 'auto-tuning', 'restarting', 'shutting-down', 'stopped', 'failure'] as const;

export function minerQueries(miner: string) {
  const one = `miner="${miner.replace(/[\\"]/g, '\\$&')}"`;
  const of = (series: string, more = ''): string => `${series}{${one}${more && `, ${more}`}}`;
  return {
    hashrate: of('miner_hashrate_hashes_per_second'),
    hashrateAverage: of('miner_hashrate_average_hashes_per_second'),
    presetHashrate: of('miner_preset_hashrate_hashes_per_second'),
    poolHashrate: of('pool_worker_hashrate_hashes_per_second'),
    boardHashrate: of('miner_board_hashrate_hashes_per_second'),
    boardNominal: of('miner_board_hashrate_nominal_hashes_per_second'),
    temperature: of('miner_temperature_celsius', 'stat="max"'),
    boardChipTemperature: of('miner_board_temperature_celsius', 'sensor="chip", stat="max"'),
    fanSpeed: of('miner_fan_speed_rpm'),
    fanDuty: of('miner_fan_duty_ratio'),
    power: of('miner_power_watts'),
    presetPower: of('miner_preset_power_watts'),
    efficiency: of('miner_efficiency_joules_per_megahash'),
    state: `max(${statesInTimeline.map((state, index) => `(${of('miner_state', `state="${state}"`)} == 1) * ${index + 1}`).join(' or ')})`,
    up: of('miner_up'),
    revenue: of('miner_revenue_usd_per_day'),
    powerCost: of('miner_power_cost_usd_per_day'),
    profit: of('miner_profit_usd_per_day'),
    chipHashrate: of('miner_chip_hashrate_hashes_per_second'),
  } as const;
}

const income = '(miner_profit_usd_per_day + miner_power_cost_usd_per_day)';
const potential = `sum(${income} / (miner_hashrate_ratio > 0.05))`;

/** Income as it would be at the hashrate of the presets, what of it is lost to a lower one, the power, in USD a day; of miners that hash. */
export const moneyQueries = {
  potential,
  lost: `sum(${income}) - ${potential}`,
  power: '-sum(miner_power_cost_usd_per_day)',
  gap: 'miner_pool_gap_ratio{cause="unexplained"}',
  gapLow: 'miner_pool_gap_low_ratio',
  gapHigh: 'miner_pool_gap_high_ratio',
} as const;

/** Whether Prometheus has series of miners, and whether it evaluates the rules. */
export const setupQueries = { A: 'count(miner_up)', B: 'count(ALERTS{alertname="Watchdog", alertstate="firing"})' } as const;

/** By refId, as `gapSeriesNames` tells them. */
export function gapQueries(miner: string) {
  const one = `{miner="${miner.replace(/[\\"]/g, '\\$&')}"}`;
  return {
    A: `miner_pool_gap_ratio${one}`,
    B: `miner_pool_gap_low_ratio${one}`,
    C: `miner_pool_gap_high_ratio${one}`,
    D: `miner_pool_gap_hours${one}`,
    E: `miner_pool_loss_evidence_ratio${one}`,
  } as const;
}

export const gapSeriesNames = { A: 'gap', B: 'low', C: 'high', D: 'hours', E: 'evidence' } as const;
