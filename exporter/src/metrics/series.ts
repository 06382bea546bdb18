/** From views to series: one line per series of the catalogue. */
import { coinsAsNumber } from '../analytics/coins.ts';
import { phases } from '../analytics/phase.ts';
import { gapCauses } from '../analytics/pool-gap.ts';
import { residualSignals } from '../analytics/residuals.ts';
import { roundedOrNone } from '../analytics/rounding.ts';
import type { Earnings } from '../earnings/earnings.ts';
import { intents, changeKinds } from '../fleet/memory.ts';
import type { Pool, Pools } from '../fleet/pools.ts';
import { chipGrades, coolingModes, minerStates, type ChipsReading, type MinMax } from '../miners/reading.ts';
import type { Payout, PoolReading, PoolWorker } from '../pools/pool.ts';
import type { SeriesName } from './catalogue.ts';
import { labelText, type Emit } from './page.ts';
import type { MinerView } from './view.ts';

/**
 * The same few label texts, each made once and shared by all miners: bounded memos of pure functions. A fleet of thousands has
 * hundreds of thousands of series, but only some hundred different label texts.
 */
const ones = new Map<string, Map<string | number, string>>();
const boths = new Map<string, Map<string, string>>();
/** Of each first part. */
const mostKept = 2000;

function one(name: string, value: string | number): string {
  return remembered(ones, { first: name, second: value, make: () => labelText({ [name]: String(value) }) });
}

/** Two label texts in one. */
function both(first: string, second: string): string {
  return remembered(boths, { first, second, make: () => `${first},${second}` });
}

function remembered<Second>(memo: Map<string, Map<Second, string>>, { first, second, make }: { first: string; second: Second; make: () => string }): string {
  let inner = memo.get(first);
  if (inner === undefined) {
    inner = new Map();
    if (memo.size < mostKept) memo.set(first, inner);
  }
  const known = inner.get(second);
  if (known !== undefined) return known;
  const text = make();
  if (inner.size < mostKept) inner.set(second, text);
  return text;
}

type TypedEmit = (family: SeriesName, labels: string, value: number | boolean | undefined) => void;

function typed(emit: Emit): TypedEmit {
  return (family, labels, value) => emit(family, labels, typeof value === 'boolean' ? Number(value) : value);
}

/** Labels of every series of the miner. */
export function minerBase({ miner }: Pick<MinerView, 'miner'>): string {
  return labelText({ miner: miner.config.name, site: miner.config.site, model: miner.model });
}

const unixSeconds = (ms: number | undefined) => (ms === undefined ? undefined : ms / 1000);

/** All series of one miner. Without a fresh reading only presence, identity and counters are left. */
export function minerSeries(view: MinerView, plainEmit: Emit): void {
  const emit = typed(plainEmit);
  const { miner, reading } = view;
  const identity = miner.reading?.identity;
  emit('miner_up', '', miner.lastSuccessAt !== undefined && miner.failure === undefined);
  emit('miner_info', labelText({
    firmware: identity?.firmware ?? '', firmware_version: identity?.firmwareVersion ?? '', build: identity?.build ?? '', mac: identity?.mac ?? '', address: miner.config.address,
    algorithm: identity?.algorithm ?? '', rack: miner.config.rack ?? '', circuit: miner.config.circuit ?? '',
  }), 1);
  emit('miner_last_poll_timestamp_seconds', '', unixSeconds(miner.lastPollAt));
  emit('miner_last_success_timestamp_seconds', '', unixSeconds(miner.lastSuccessAt));
  for (const [reason, count] of miner.fallbacks) emit('miner_poll_fallbacks_total', one('reason', reason), count);
  for (const [reason, count] of miner.failures) emit('miner_poll_failures_total', one('reason', reason), count);
  emit('miner_poll_duration_seconds', '', miner.pollSeconds === undefined ? undefined : Number(miner.pollSeconds.toFixed(6)));
  emit('miner_poll_backoff', '', miner.backedOff);
  emit('miner_credentials_accepted', '', miner.credentials === 'unknown' ? undefined : miner.credentials === 'accepted');
  for (const intent of intents) emit('miner_intent', one('intent', intent), miner.intent === intent);
  if (miner.intent !== 'mine') emit('miner_intent_info', labelText({ intent: miner.intent, author: miner.stated.author ?? '', reason: miner.stated.reason ?? '' }), 1);
  emit('miner_intent_end_timestamp_seconds', '', unixSeconds(miner.stated.until));
  for (const kind of changeKinds) emit('miner_unexpected_changes_total', one('kind', kind), miner.unexpected[kind] ?? 0);
  for (const [what, differs] of view.drift ?? []) emit('miner_drift', one('what', what), differs);
  for (const [event, count] of view.logEvents ?? []) emit('miner_log_events_total', one('event', event), count);
  emit('miner_hashes_total', '', Math.round(miner.hashes));
  emit('miner_energy_joules_total', '', Math.round(miner.joules));
  for (const [coin, amount] of view.earned) emit('miner_earnings_total', one('coin', coin), coinsAsNumber(amount));
  emit('miner_power_cost_usd_total', '', view.powerCostUsd);
  emit('miner_boards_expected', '', miner.reading?.boardsExpected);
  emit('miner_firmware_known', '', miner.reading?.firmwareSupport?.known);
  hardware();
  if (reading === undefined) return;

  if (reading.source !== undefined) emit('miner_source_info', one('source', reading.source), 1);
  for (const state of minerStates) emit('miner_state', one('state', state), reading.state === undefined ? undefined : reading.state === state);
  emit('miner_state_seconds', '', reading.stateSeconds);
  for (const phase of phases) emit('miner_phase', one('phase', phase), view.phase === undefined ? undefined : view.phase === phase);
  if (reading.failure !== undefined) emit('miner_failure_info', labelText({ code: String(reading.failure.code ?? ''), description: reading.failure.description ?? '' }), 1);
  const { preset } = reading;
  if (preset !== undefined) {
    emit('miner_preset_info', labelText({ preset: preset.name, tuned: yesNo(preset.tuned), switcher: yesNo(preset.switcher) }), 1);
    emit('miner_preset_power_watts', '', preset.powerWatts);
    emit('miner_preset_hashrate_hashes_per_second', '', preset.hashrate);
  }
  const { switcher } = reading;
  emit('miner_preset_switcher_enabled', '', switcher?.enabled);
  emit('miner_preset_switcher_top_preset_power_watts', '', switcher?.topPresetWatts);
  emit('miner_preset_switcher_min_preset_power_watts', '', switcher?.minPresetWatts);
  emit('miner_preset_switcher_decrease_temperature_celsius', '', switcher?.decreaseTemperature);
  emit('miner_preset_switcher_rise_temperature_celsius', '', switcher?.riseTemperature);
  emit('miner_preset_switcher_check_seconds', '', switcher?.checkSeconds);
  emit('miner_throttle_ratio', '', reading.throttleRatio);
  emit('miner_restart_required', '', reading.restartRequired);
  emit('miner_reboot_required', '', reading.rebootRequired);
  emit('miner_locate_on', '', reading.locateOn);
  if (reading.warranty !== undefined) emit('miner_warranty_info', one('status', reading.warranty), 1);
  emit('miner_uptime_seconds', '', reading.uptimeSeconds);
  emit('miner_memory_free_ratio', '', reading.memoryFreeRatio);
  emit('miner_restarts_total', '', reading.restarts);

  emit('miner_hashrate_hashes_per_second', '', reading.hashrate);
  emit('miner_hashrate_average_hashes_per_second', '', reading.hashrateAverage);
  emit('miner_hashrate_nominal_hashes_per_second', '', reading.hashrateNominal);
  emit('miner_hashrate_stock_hashes_per_second', '', reading.hashrateStock);
  emit('miner_hardware_errors_total', '', reading.hardwareErrors);
  emit('miner_hardware_error_ratio', '', reading.hardwareErrorRatio);
  emit('miner_blocks_found_total', '', reading.foundBlocks);
  emit('miner_best_share', '', reading.bestShare);
  emit('miner_devfee_ratio', '', reading.devfeeRatio);
  poolSlots();

  emit('miner_power_watts', '', reading.powerWatts);
  emit('miner_power_measured', '', reading.powerMeasured);
  emit('miner_efficiency_joules_per_megahash', '', view.efficiency);
  for (const [sensor, celsius] of Object.entries(reading.psuTemperatures)) emit('miner_psu_temperature_celsius', one('sensor', sensor), celsius);
  temperatures('pcb', reading.pcb);
  temperatures('chip', reading.chip);
  emit('miner_fan_duty_ratio', '', reading.fanDutyRatio);
  for (const mode of coolingModes) emit('miner_cooling_mode', one('cooling', mode), reading.coolingMode === undefined ? undefined : reading.coolingMode === mode);
  for (const fan of reading.fans) {
    emit('miner_fan_max_speed_rpm', one('fan', fan.fan), fan.maxRpm);
    emit('miner_fan_speed_rpm', one('fan', fan.fan), fan.speedRpm);
    emit('miner_fan_up', one('fan', fan.fan), fan.up);
  }
  for (const { board, up, reading: values } of view.boards) {
    const label = one('board', board);
    emit('miner_board_up', label, up);
    emit('miner_board_deviation_ratio', label, view.deviations.get(board));
    if (values === undefined) continue;
    emit('miner_board_hashrate_hashes_per_second', label, values.hashrate);
    emit('miner_board_hashrate_nominal_hashes_per_second', label, values.hashrateNominal);
    emit('miner_board_frequency_hertz', label, values.frequencyHertz);
    emit('miner_board_voltage_volts', label, values.voltageVolts);
    emit('miner_board_power_watts', label, values.powerWatts);
    for (const [sensor, range] of [['pcb', values.pcb], ['chip', values.chip]] as const) {
      emit('miner_board_temperature_celsius', both(label, both(one('sensor', sensor), one('stat', 'min'))), range.min);
      emit('miner_board_temperature_celsius', both(label, both(one('sensor', sensor), one('stat', 'max'))), range.max);
    }
    for (const grade of ['grey', 'orange', 'red'] as const) emit('miner_board_chips', both(label, one('grade', grade)), values.chips?.[grade]);
    emit('miner_board_hardware_errors_total', label, values.hardwareErrors);
    emit('miner_board_water_temperature_celsius', both(label, one('side', 'inlet')), values.inletWater);
    emit('miner_board_water_temperature_celsius', both(label, one('side', 'outlet')), values.outletWater);
  }

  emit('miner_hashrate_ratio', '', view.ratio);
  for (const [signal, score] of Object.entries(view.peers)) emit('miner_peer_zscore', one('signal', signal), score);
  health();
  const { money } = view;
  for (const { basis, usdPerDay, lacks } of view.revenues) {
    if (lacks.length === 0 && usdPerDay !== undefined) emit('miner_revenue_usd_per_day', one('basis', basis), roundedOrNone(usdPerDay));
  }
  if (money.basis !== undefined) emit('miner_profit_info', one('basis', money.basis), 1);
  emit('miner_power_cost_usd_per_day', '', money.powerCostUsdPerDay);
  emit('miner_profit_usd_per_day', '', money.profitUsdPerDay);
  emit('miner_profit_margin_ratio', '', money.marginRatio);
  emit('miner_breakeven_usd_per_kilowatt_hour', '', money.breakevenUsdPerKilowattHour);
  emit('miner_profit_usd_per_kilowatt_day', '', money.profitUsdPerKilowattDay);
  poolGap();
  for (const [kind, gain] of view.advice ?? []) emit('miner_advice_gain_usd_per_day', one('kind', kind), roundedOrNone(gain));

  function health(): void {
    if (view.health === undefined) return;
    const { residuals, anomaly, score, finding, hours } = view.health;
    for (const signal of residualSignals) emit('miner_residual_zscore', one('signal', signal), residuals[signal] === undefined ? undefined : roundedOrNone(residuals[signal].z));
    emit('miner_anomaly_score', '', roundedOrNone(anomaly));
    emit('miner_health_score', '', roundedOrNone(score));
    emit('miner_reference_hours', '', hours);
    if (finding !== undefined) emit('miner_fault_info', one('part', finding.part), 1);
  }

  function poolGap(): void {
    if (view.poolGap === undefined) return;
    const { pool, gap, hours, evidence } = view.poolGap;
    for (const cause of gapCauses) emit('miner_pool_gap_ratio', labelText({ pool, cause }), roundedOrNone(gap.parts[cause]));
    emit('miner_pool_gap_low_ratio', one('pool', pool), roundedOrNone(gap.low));
    emit('miner_pool_gap_high_ratio', one('pool', pool), roundedOrNone(gap.high));
    emit('miner_pool_gap_hours', one('pool', pool), hours);
    emit('miner_pool_loss_evidence_ratio', one('pool', pool), roundedOrNone(evidence));
  }

  /** What does not change while it runs, known also of a miner that is away. */
  function hardware(): void {
    const { limits, factory } = miner.reading ?? {};
    for (const [limit, hertz] of Object.entries(limits?.frequencyHertz ?? {})) emit('miner_frequency_limit_hertz', one('limit', limit), hertz);
    for (const [limit, volts] of Object.entries(limits?.voltageVolts ?? {})) emit('miner_voltage_limit_volts', one('limit', limit), volts);
    emit('miner_power_limit_watts', '', limits?.powerWatts);
    for (const { board, model, serial, chipBin } of factory?.boards ?? []) {
      emit('miner_board_info', labelText({ board: String(board), board_model: model ?? '', serial: serial ?? '', chip_bin: String(chipBin ?? '') }), 1);
    }
    if (factory?.psu !== undefined) emit('miner_psu_info', labelText({ psu_model: factory.psu.model ?? '', serial: factory.psu.serial ?? '' }), 1);
  }

  function temperatures(sensor: string, range: MinMax): void {
    emit('miner_temperature_celsius', both(one('sensor', sensor), one('stat', 'min')), range.min);
    emit('miner_temperature_celsius', both(one('sensor', sensor), one('stat', 'max')), range.max);
  }

  function poolSlots(): void {
    if (reading === undefined) return;
    const own = reading.pools.filter((pool) => pool.kind === 'user');
    for (const pool of own) emit('miner_pool_info', labelText({ slot: String(pool.slot), url: pool.url, user: pool.user, status: pool.status }), 1);
    if (own.length === 0) return;
    for (const result of ['accepted', 'rejected', 'stale'] as const) {
      const counts = own.map((pool) => pool[result]);
      emit('miner_shares_total', one('result', result), counts.every((count) => count !== undefined) ? counts.reduce((sum, count) => sum + count, 0) : undefined);
    }
    emit('miner_pools_alive', '', own.filter((pool) => pool.status === 'active' || pool.status === 'working').length);
    const active = own.find((pool) => pool.status === 'active');
    emit('miner_pool_ping_seconds', '', active?.pingSeconds);
    emit('miner_pool_last_share_age_seconds', '', active?.lastShareAgeSeconds);
    emit('miner_pool_share_difficulty', '', active?.difficulty);
  }
}

function yesNo(flag: boolean | undefined): string {
  return flag === undefined ? '' : flag ? 'yes' : 'no';
}

export function poolBase(pool: Pool): string {
  return labelText({ pool: pool.config.name });
}

export interface PoolContext {
  readonly pools: Pools;
  readonly minerOf: (worker: string) => string | undefined;
  readonly btcUsd: number | undefined;
  readonly earnings: Earnings;
}

/** All series of one pool; measurements only while its last reading is fresh. */
export function poolSeries(pool: Pool, { pools, minerOf, btcUsd, earnings }: PoolContext, plainEmit: Emit): void {
  const emit = typed(plainEmit);
  const reading = pools.fresh(pool);
  emit('pool_up', '', pool.failure === undefined && pool.lastSuccessAt !== undefined);
  const reason = pool.failure?.reason ?? (pool.lastSuccessAt !== undefined && reading === undefined ? 'stale' : undefined);
  for (const why of new Set([reason, pool.push?.failure?.reason])) if (why !== undefined) emit('pool_failure_info', one('reason', why), 1);
  emit('pool_push_up', '', pool.push?.up);
  emit('pool_last_success_timestamp_seconds', '', unixSeconds(pool.lastSuccessAt));
  for (const [why, count] of pool.failures) emit('pool_poll_failures_total', one('reason', why), count);
  const book = earnings.ledger?.pool(pool.config.name);
  for (const [coin, amount] of book?.earned ?? []) emit('pool_earnings_total', one('coin', coin), coinsAsNumber(amount));
  for (const [coin, amount] of book?.unknown ?? []) emit('pool_earnings_unknown_workers_total', one('coin', coin), coinsAsNumber(amount));
  if (reading === undefined) return;
  emit('pool_workers', '', reading.workers?.length);
  for (const worker of reading.workers ?? []) workerSeries(worker, labelText({ worker: worker.worker, miner: minerOf(worker.worker) ?? '' }), emit);
  const matches = earnings.matching.of(pool.config.name);
  emit('pool_workers_unknown', '', matches?.orphans.length);
  for (const miner of matches?.here ?? []) emit('pool_worker_missing', one('miner', miner), matches?.missing.has(miner) === true);
  for (const { worker, miners, connections } of matches?.duplicates ?? []) emit('pool_worker_duplicate', one('worker', worker), Math.max(miners.length, connections ?? 0));
  const compared = earnings.reconciliation.ofPool(pool.config.name);
  emit('pool_gap_ratio', '', compared === undefined ? undefined : roundedOrNone(compared.gap.parts.unexplained));
  emit('pool_loss_evidence_ratio', '', compared === undefined ? undefined : roundedOrNone(compared.evidence));
  emit('pool_hashrate_hashes_per_second', '', reading.hashrate);
  for (const { coin, amount } of reading.balances ?? []) emit('pool_balance', one('coin', coin), Number(amount));
  for (const { coin, amount } of reading.paid ?? []) emit('pool_paid', one('coin', coin), Number(amount));
  for (const { coin, amount, at } of latestPayouts(reading.payouts ?? [])) {
    emit('pool_last_payout_timestamp_seconds', one('coin', coin), unixSeconds(at));
    emit('pool_last_payout_coins', one('coin', coin), Number(amount));
  }
  for (const { coin, amount } of reading.expectedDay ?? []) emit('pool_expected_coins_per_day', one('coin', coin), Number(amount));
  for (const { coin, usd } of reading.prices ?? []) emit('pool_coin_price_usd', one('coin', coin), usd);
  for (const { coin, difficulty } of reading.network ?? []) emit('pool_network_difficulty', one('coin', coin), difficulty);
  emit('pool_price_usd_per_megahash_day', '', poolPrice(reading, btcUsd));
  for (const [mode, fee] of Object.entries(reading.fees)) emit('pool_fee_ratio', one('mode', mode), fee);
}

/** USD for 1 MH/s for a day before fees: the pool's own figure, else its estimate in BTC at the configured price. */
export function poolPrice({ usdPerMegahashDay, btcPerMegahashDay }: PoolReading, btcUsd: number | undefined): number | undefined {
  const usd = usdPerMegahashDay ?? (btcPerMegahashDay === undefined || btcUsd === undefined ? undefined : btcPerMegahashDay * btcUsd);
  return usd === undefined ? undefined : Number(usd.toPrecision(6));
}

function latestPayouts(payouts: readonly Payout[]): Iterable<Payout> {
  const latest = new Map<string, Payout>();
  for (const payout of payouts) if (payout.at > (latest.get(payout.coin)?.at ?? -Infinity)) latest.set(payout.coin, payout);
  return latest.values();
}

/** Not remembered: there is one of each worker only. */
const joined = (first: string, second: string) => `${first},${second}`;

function workerSeries(worker: PoolWorker, labels: string, emit: TypedEmit): void {
  emit('pool_worker_hashrate_hashes_per_second', labels, worker.hashrate);
  for (const [window, average, stale] of [['1h', worker.hashrateHour, worker.staleHashrateHour], ['24h', worker.hashrateDay, worker.staleHashrateDay]] as const) {
    emit('pool_worker_hashrate_average_hashes_per_second', joined(labels, one('window', window)), average);
    emit('pool_worker_stale_hashrate_hashes_per_second', joined(labels, one('window', window)), stale);
  }
  for (const result of ['accepted', 'stale', 'rejected'] as const) emit('pool_worker_shares_total', joined(labels, one('result', result)), worker.shares?.[result]);
  emit('pool_worker_share_difficulty', labels, worker.shareDifficulty);
  emit('pool_worker_last_share_timestamp_seconds', labels, unixSeconds(worker.lastShareAt));
  emit('pool_worker_connected', labels, worker.connected);
  emit('pool_worker_connections', labels, worker.connections);
}

/** All series of the chips and sensors of one miner. */
export function chipSeries({ chips, sensors }: ChipsReading, plainEmit: Emit): void {
  const emit = typed(plainEmit);
  for (const { board, chip, hashrate, temperature, frequencyHertz, voltageVolts, errors, grade } of chips) {
    const labels = both(one('board', board), one('chip', chip));
    emit('miner_chip_hashrate_hashes_per_second', labels, hashrate);
    emit('miner_chip_temperature_celsius', labels, temperature);
    emit('miner_chip_frequency_hertz', labels, frequencyHertz);
    emit('miner_chip_voltage_volts', labels, voltageVolts);
    emit('miner_chip_errors_total', labels, errors);
    emit('miner_chip_grade', labels, grade === undefined ? undefined : chipGrades.indexOf(grade));
  }
  for (const { board, sensor, ok } of sensors) emit('miner_board_sensor_ok', both(one('board', board), one('sensor', sensor)), ok);
}
