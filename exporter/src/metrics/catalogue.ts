/**
 * Every series that Hashfleet serves: the one list from which the exposition, docs/metrics.md and the
 * lint of rules and dashboards are made. Names follow Prometheus' naming practice (base units, unit last,
 * `_total` for counters); `_joules_per_megahash` is the one exception, because the field counts so.
 */

/** What a family is about; it decides the labels that every one of its series carries. */
export type Scope = 'miner' | 'pool' | 'exporter';

export interface Family {
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly scope: Scope;
  /** Labels beside those of the scope. */
  readonly labels: readonly string[];
  /** Served on a page of its own, at a slower pace; on /metrics when absent. */
  readonly page?: 'chips';
  /** Where the number comes from: a field of the miner's API, a formula, the configuration. */
  readonly source: string;
}

/** Labels that every series of a scope carries. */
export const scopeLabels: Readonly<Record<Scope, readonly string[]>> = {
  miner: ['miner', 'site', 'model'],
  pool: ['pool'],
  exporter: [],
};

const gauge = (help: string, source: string, labels: readonly string[] = []): Family => ({ type: 'gauge', scope: 'miner', help, source, labels });
const counter = (help: string, source: string, labels: readonly string[] = []): Family => ({ ...gauge(help, source, labels), type: 'counter' });
const ofChip = (family: Family): Family => ({ ...family, page: 'chips', labels: ['board', 'chip'] });
const ofPool = (family: Family): Family => ({ ...family, scope: 'pool' });
const ofExporter = (family: Family): Family => ({ ...family, scope: 'exporter' });

export const catalogue = {
  // presence
  miner_up: gauge('1 if the last poll of the miner succeeded, else 0.', 'poll loop'),
  miner_info: gauge('Identity of the miner; always 1.', '/info', ['firmware', 'firmware_version', 'build', 'mac', 'address', 'algorithm', 'rack', 'circuit']),
  miner_source_info: gauge('Where the present reading came from; always 1. cgminer is TCP 4028, the last resort, which says least.', 'driver', ['source']),
  miner_poll_fallbacks_total: counter('Polls that were answered over TCP 4028 because the usual way failed, by the reason.', 'driver vnish-cgi', ['reason']),
  miner_last_poll_timestamp_seconds: gauge('Unix time of the last poll, successful or not.', 'poll loop'),
  miner_last_success_timestamp_seconds: gauge('Unix time of the last successful poll.', 'poll loop'),
  miner_poll_failures_total: counter('Failed polls by reason; a refused password is counted when it is noticed, though reading goes on.', 'poll loop', ['reason']),
  miner_poll_duration_seconds: gauge('Duration of the last poll.', 'poll loop'),
  miner_poll_backoff: gauge('1 while polls are spaced out because the miner keeps failing, else 0.', 'poll loop'),
  miner_credentials_accepted: gauge('1 if the miner accepted the configured password, 0 if it refused it; absent before it was tried.', '/unlock'),
  miner_firmware_known: gauge('1 if the firmware\'s version is one that Hashfleet was made for, 0 if it is read like its nearest neighbour.', '/info fw_version'),
  // state
  miner_state: gauge('1 for the state the miner is in, 0 for the others.', '/status miner_state', ['state']),
  miner_state_seconds: gauge('Time in the present state.', '/status miner_state_time'),
  miner_intent: gauge('1 for what the operator wants of the miner, 0 for the others.', 'control actions, configuration', ['intent']),
  miner_intent_info: gauge('Who wants the miner not to mine, and why; 1 while it holds.', 'API, control actions, configuration', ['intent', 'author', 'reason']),
  miner_intent_end_timestamp_seconds: gauge('Unix time at which maintenance or curtailment ends by itself.', 'API, configuration'),
  miner_phase: gauge('1 for the phase that the miner is in, 0 for the others; only "steady" says how well it mines.', 'state and time since mining began', ['phase']),
  miner_failure_info: gauge('Failure that the miner reports; 1 while it does.', '/status failure_code, description', ['code', 'description']),
  miner_preset_info: gauge('Power profile now in use; always 1.', '/perf-summary', ['preset', 'tuned', 'switcher']),
  miner_preset_power_watts: gauge('Power that the preset promises.', '/perf-summary preset name'),
  miner_preset_hashrate_hashes_per_second: gauge('Hashrate that the preset promises.', '/perf-summary preset text, /autotune/presets'),
  miner_preset_switcher_enabled: gauge('1 if the firmware moves between presets by temperature.', '/perf-summary preset_switcher'),
  miner_preset_switcher_top_preset_power_watts: gauge('Power of the highest preset that the switcher may choose.', '/perf-summary preset_switcher.top_preset'),
  miner_preset_switcher_min_preset_power_watts: gauge('Power of the lowest preset that the switcher may choose.', '/perf-summary preset_switcher.min_preset'),
  miner_preset_switcher_decrease_temperature_celsius: gauge('Chip temperature above which the switcher steps down.', '/perf-summary preset_switcher.decrease_temp'),
  miner_preset_switcher_rise_temperature_celsius: gauge('Chip temperature below which the switcher steps up.', '/perf-summary preset_switcher.rise_temp'),
  miner_preset_switcher_check_seconds: gauge('How often the switcher looks.', '/perf-summary preset_switcher.check_time'),
  miner_throttle_ratio: gauge('Share of full power that the firmware allows (1 is unthrottled).', '/status throttled'),
  miner_restart_required: gauge('1 if changed settings wait for a restart of mining.', '/status restart_required'),
  miner_reboot_required: gauge('1 if changed settings wait for a reboot.', '/status reboot_required'),
  miner_locate_on: gauge('1 while the locate light blinks.', '/status find_miner'),
  miner_warranty_info: gauge('State of the warranty; always 1.', '/status warranty', ['status']),
  miner_memory_free_ratio: gauge('Free memory of the controller.', '/info system.mem_free_percent'),
  miner_uptime_seconds: gauge('Time since the controller booted, as last read.', '/info system.uptime'),
  miner_restarts_total: counter('Restarts of mining that the firmware counts (1.3 and later).', '/summary restart_count'),
  miner_unexpected_changes_total: counter('Changes that were not made through Hashfleet.', 'comparison of readings with our own actions', ['kind']),
  miner_drift: gauge('1 while the miner is not as it is meant to be, 0 while it is; absent for what is not known.', 'comparison of readings and settings with what was first seen, made here or accepted', ['what']),
  miner_log_events_total: counter('Lines of the miner\'s own log by what they mean, since the exporter began to read it.', '/logs/status, /logs/miner', ['event']),
  // work
  miner_hashrate_hashes_per_second: gauge('Hashrate now.', '/summary hr_realtime'),
  miner_hashrate_average_hashes_per_second: gauge('Hashrate over the firmware\'s longer window.', '/summary hr_average'),
  miner_hashrate_nominal_hashes_per_second: gauge('Theoretical hashrate at the present clock.', '/summary hr_nominal'),
  miner_hashrate_stock_hashes_per_second: gauge('Factory rating.', '/summary hr_stock'),
  miner_hashes_total: counter('Hashes done, integrated from the hashrate by the exporter; survives its restart.', 'integral of miner_hashrate_hashes_per_second'),
  miner_shares_total: counter('Shares on the operator\'s pools, as the miner counts them.', '/summary pools[] accepted, rejected, stale', ['result']),
  miner_hardware_errors_total: counter('Hardware errors that the firmware counts.', '/summary hw_errors'),
  miner_hardware_error_ratio: gauge('Share of the work that was in error.', '/summary hw_errors_percent'),
  miner_blocks_found_total: counter('Blocks that the miner found, as it counts them.', '/summary found_blocks'),
  miner_best_share: gauge('Difficulty of the best share since mining started.', '/summary best_share'),
  miner_devfee_ratio: gauge('Share of the hashrate that goes to the firmware\'s fee.', '/summary devfee_percent'),
  miner_pool_info: gauge('Configured pool slots; always 1.', '/summary pools[]', ['slot', 'url', 'user', 'status']),
  miner_pools_alive: gauge('Operator\'s pools that are active or ready.', '/summary pools[] status'),
  miner_pool_ping_seconds: gauge('Round trip to the active pool.', '/summary pools[] ping'),
  miner_pool_last_share_age_seconds: gauge('Time since the last share on the active pool.', '/summary pools[] ls_time'),
  miner_pool_share_difficulty: gauge('Difficulty of the last share on the active pool.', '/summary pools[] ls_diff'),
  // power
  miner_power_watts: gauge('Power drawn, as the miner reports it.', '/summary power_consumption'),
  miner_power_measured: gauge('1 if the power supply measures the power, 0 if the firmware estimates it.', '/summary psu.psu_power_metering'),
  miner_energy_joules_total: counter('Energy used, integrated from the power by the exporter; survives its restart.', 'integral of miner_power_watts'),
  miner_efficiency_joules_per_megahash: gauge('Energy per million hashes.', 'power / hashrate'),
  miner_psu_temperature_celsius: gauge('Temperature inside the power supply.', '/summary psu.temps', ['sensor']),
  miner_power_limit_watts: gauge('Highest power limit that can be set (1.3 and later).', '/model overclock.max_power_limit'),
  miner_psu_info: gauge('Power supply as the factory wrote it down; always 1.', '/chains/factory-info psu_model, psu_serial', ['psu_model', 'serial']),
  // heat
  miner_temperature_celsius: gauge('Coolest and hottest board sensor.', '/summary pcb_temp, chip_temp', ['sensor', 'stat']),
  miner_fan_speed_rpm: gauge('Fan speed.', '/summary cooling.fans[] rpm', ['fan']),
  miner_fan_max_speed_rpm: gauge('Highest speed of the fan.', '/summary cooling.fans[] max_rpm', ['fan']),
  miner_cooling_mode: gauge('1 for the cooling mode in use, 0 for the others.', '/summary cooling.settings.mode', ['cooling']),
  miner_fan_duty_ratio: gauge('Duty that the firmware asks of the fans.', '/summary cooling.fan_duty'),
  miner_fan_up: gauge('1 if the fan turns, 0 if the firmware has lost it.', '/summary cooling.fans[] status', ['fan']),
  // boards
  miner_boards_expected: gauge('Boards that the model has.', '/model chain.num_chains'),
  miner_board_up: gauge('1 if the board hashes or gets ready to, 0 if it is missing or has failed.', '/summary chains[] status', ['board']),
  miner_board_hashrate_hashes_per_second: gauge('Hashrate of the board.', '/summary chains[] hashrate_rt', ['board']),
  miner_board_hashrate_nominal_hashes_per_second: gauge('Theoretical hashrate of the board at its clock.', '/summary chains[] hashrate_ideal', ['board']),
  miner_board_frequency_hertz: gauge('Clock of the board.', '/summary chains[] frequency', ['board']),
  miner_board_voltage_volts: gauge('Voltage of the board.', '/summary chains[] voltage', ['board']),
  miner_board_power_watts: gauge('Power of the board.', '/summary chains[] power_consumption', ['board']),
  miner_board_temperature_celsius: gauge('Coolest and hottest sensor of the board.', '/summary chains[] pcb_temp, chip_temp', ['board', 'sensor', 'stat']),
  miner_board_chips: gauge('Chips of the board by the firmware\'s grade (grey is healthy).', '/summary chains[] chip_statuses', ['board', 'grade']),
  miner_board_hardware_errors_total: counter('Hardware errors of the board.', '/summary chains[] hw_errors', ['board']),
  miner_board_info: gauge('Board as the factory wrote it down; always 1.', '/chains/factory-info chains[]', ['board', 'board_model', 'serial', 'chip_bin']),
  miner_board_water_temperature_celsius: gauge('Water at the board, on water-cooled miners only.', '/summary chains[] inlet_water_temp, outlet_water_temp', ['board', 'side']),
  miner_frequency_limit_hertz: gauge('Limits of the clock of this model.', '/model overclock.*_freq', ['limit']),
  miner_voltage_limit_volts: gauge('Limits of the voltage of this model.', '/model overclock.*_voltage (in 10 mV)', ['limit']),
  // chips, on /metrics/chips
  miner_chip_hashrate_hashes_per_second: ofChip(gauge('Hashrate of the chip.', '/chains or /boards chips[] hr')),
  miner_chip_temperature_celsius: ofChip(gauge('Temperature of the chip.', '/chains or /boards chips[] temp')),
  miner_chip_frequency_hertz: ofChip(gauge('Clock of the chip.', '/chains or /boards chips[] freq')),
  miner_chip_voltage_volts: ofChip(gauge('Voltage of the chip.', '/chains or /boards chips[] volt')),
  miner_chip_errors_total: ofChip(counter('Errors of the chip.', '/chains or /boards chips[] errs')),
  miner_chip_grade: ofChip(gauge('The firmware\'s grade: 0 healthy (grey), 1 weak (orange), 2 bad (red).', '/chains or /boards chips[] grade')),
  miner_board_sensor_ok: { ...ofChip(gauge('1 while the temperature sensor measures, 0 if it is in error; absent before it began.', '/chains or /boards sensors[] state')), labels: ['board', 'sensor'] },
  // derived
  miner_hashrate_ratio: gauge('Average hashrate relative to what the preset promises.', 'hr_average / preset hashrate'),
  miner_board_deviation_ratio: gauge('Hashrate of the board relative to the mean of its siblings, less 1.', 'board hashrate / mean of the others - 1', ['board']),
  miner_peer_zscore: gauge('Robust distance from miners of the same model and preset.', '0.6745 (x - median) / MAD', ['signal']),
  miner_residual_zscore: gauge('How far the miner lies from what is expected of it on its preset, in standard deviations, median of six hours; positive is above the expectation.', 'docs/health.md', ['signal']),
  miner_anomaly_score: gauge('How unusual the miner is, from 0 to 1; 0.5 is as unusual as an alarm.', 'docs/health.md'),
  miner_health_score: gauge('How well the miner is, from 0 to 100; 100 is as expected.', 'docs/health.md'),
  miner_reference_hours: gauge('Steady hours on the present preset from which it is known what to expect; 12 settle it.', 'docs/health.md'),
  miner_fault_info: gauge('Part that is likely at fault, or what is around it; 1 while it is. "sensor" and "site" are no fault of the machine.', 'docs/health.md', ['part']),
  // money
  miner_revenue_usd_per_day: gauge('Income a day after the pool\'s fee, by every basis of which nothing is missing.', 'ledger, pool estimate, network or written price; docs/money.md', ['basis']),
  miner_profit_info: gauge('Basis of the revenue that profit and break-even price are made from; always 1.', 'prices.basis_order', ['basis']),
  miner_power_cost_usd_per_day: gauge('Cost of the power drawn if it goes on for the whole local day, cooling included.', 'power x mean tariff of the day x (1 + overhead)'),
  miner_power_cost_usd_total: counter('Cost of the energy used, each part at the price of its time, cooling included; survives a restart of the exporter.', 'integral of miner_power_watts x tariff x (1 + overhead)'),
  miner_profit_usd_per_day: gauge('Income less power cost.', 'revenue - cost'),
  miner_breakeven_usd_per_kilowatt_hour: gauge('Power price at which the miner earns nothing.', 'revenue / energy a day'),
  miner_profit_margin_ratio: gauge('Profit as a part of the revenue; below 0 at a loss.', 'profit / revenue'),
  miner_profit_usd_per_kilowatt_day: gauge('Profit a day for each kW that it draws: the lowest are the first to curtail.', 'profit / power'),
  miner_earnings_total: counter('Coins that the ledger allotted to the miner since its opening, over all pools; survives a restart of the exporter.', 'ledger, by work at the pool', ['coin']),
  miner_advice_gain_usd_per_day: gauge('What following the present advice would add to the profit.', 'advice', ['kind']),
  miner_pool_gap_ratio: gauge('Part of its work that the pool does not credit, by cause, over the judged hours of the last day.', 'miner and pool, docs/reconciliation.md', ['pool', 'cause']),
  miner_pool_gap_low_ratio: gauge('Least unexplained part that luck leaves possible (99 %).', 'Poisson interval of the shares', ['pool']),
  miner_pool_gap_high_ratio: gauge('Largest unexplained part that luck leaves possible (99 %).', 'Poisson interval of the shares', ['pool']),
  miner_pool_gap_hours: gauge('Hours of the last day that were judged.', 'miner and pool', ['pool']),
  miner_pool_loss_evidence_ratio: gauge('Evidence that the miner loses work at the pool; 1 is an alarm, one false one a year in the whole fleet.', 'Shiryaev-Roberts statistics, docs/reconciliation.md', ['pool']),
  // pools
  pool_up: ofPool(gauge('1 if the last read of the pool succeeded, else 0.', 'pool adapter')),
  pool_failure_info: ofPool(gauge('Why the pool cannot be read, or does not push; 1 while it is so.', 'pool adapter', ['reason'])),
  pool_last_success_timestamp_seconds: ofPool(gauge('Unix time of the last successful read of the pool.', 'pool adapter')),
  pool_poll_failures_total: ofPool(counter('Failed reads and failures of the push connection by reason.', 'pool adapter', ['reason'])),
  pool_push_up: ofPool(gauge('1 while the pool\'s push connection is up, 0 while it is not; absent where there is none.', 'pool adapter')),
  pool_worker_hashrate_hashes_per_second: ofPool(gauge('Hashrate of a worker as the pool sees it, over its shortest window.', 'worker list', ['worker', 'miner'])),
  pool_worker_hashrate_average_hashes_per_second: ofPool(gauge('Hashrate of a worker as the pool sees it, over an hour or a day.', 'worker list', ['worker', 'miner', 'window'])),
  pool_worker_stale_hashrate_hashes_per_second: ofPool(gauge('Work of a worker that came too late, as a hashrate over an hour or a day.', 'worker list, F2Pool', ['worker', 'miner', 'window'])),
  pool_worker_shares_total: ofPool(counter('Shares of a worker as the pool counts them, over all its connections; a pool may begin anew.', 'worker list', ['worker', 'miner', 'result'])),
  pool_worker_share_difficulty: ofPool(gauge('Difficulty of one share of a worker now; 1 is 65,536 hashes of scrypt.', 'worker list', ['worker', 'miner'])),
  pool_worker_last_share_timestamp_seconds: ofPool(gauge('Unix time of the last share of a worker.', 'worker list; with ProHashing when its count last grew', ['worker', 'miner'])),
  pool_worker_connected: ofPool(gauge('1 if the pool says that the worker is connected, 0 if it says that it is not.', 'worker list', ['worker', 'miner'])),
  pool_worker_connections: ofPool(gauge('Connections under the name of the worker; more than one are miners with the same setting.', 'worker list', ['worker', 'miner'])),
  pool_workers: ofPool(gauge('Workers that the pool sees.', 'worker list')),
  pool_workers_unknown: ofPool(gauge('Workers that the pool sees and that are no miner of the fleet.', 'worker list and fleet.yaml')),
  pool_worker_missing: ofPool(gauge('1 if the pool has not shown the miner for ten minutes, else 0; only of miners that work for the pool now.', 'worker list and the miner\'s active pool', ['miner'])),
  pool_worker_duplicate: ofPool(gauge('Machines that work under one name, where it is more than one.', 'connections, else users of the miners\' pool slots', ['worker'])),
  pool_gap_ratio: ofPool(gauge('Part of the work of all judged miners that the pool does not credit and that fee, refused and late shares do not explain.', 'miners and pool, last 24 h')),
  pool_loss_evidence_ratio: ofPool(gauge('Evidence that the fleet as a whole loses work at the pool; 1 is an alarm.', 'miners and pool, docs/reconciliation.md')),
  pool_hashrate_hashes_per_second: ofPool(gauge('Hashrate of the whole pool on scrypt.', 'pool statistics')),
  pool_balance: ofPool(gauge('Coins that are earned and not paid out yet.', 'account', ['coin'])),
  pool_paid: ofPool(gauge('Coins that the pool has paid out since the account began, as it tells.', 'account', ['coin'])),
  pool_last_payout_timestamp_seconds: ofPool(gauge('Unix time of the latest payout that the pool lists.', 'payments', ['coin'])),
  pool_last_payout_coins: ofPool(gauge('Amount of the latest payout that the pool lists.', 'payments', ['coin'])),
  pool_earnings_total: ofPool(counter('Coins that the pool credited since the ledger was opened, paid out or not; survives a restart of the exporter.', 'ledger', ['coin'])),
  pool_earnings_unknown_workers_total: ofPool(counter('The part of it that belongs to no miner of the fleet.', 'ledger', ['coin'])),
  pool_expected_coins_per_day: ofPool(gauge('Coins that the account earns in 24 h by the pool\'s own expectation.', 'account', ['coin'])),
  pool_coin_price_usd: ofPool(gauge('Price of one coin, as the pool tells it.', 'market', ['coin'])),
  pool_network_difficulty: ofPool(gauge('Difficulty of the coin\'s network; 1 is 2^32 hashes.', 'network', ['coin'])),
  pool_price_usd_per_megahash_day: ofPool(gauge('Income of 1 MH/s for a day before fees, as the pool estimates it.', 'the pool\'s own in USD, else its BTC estimate x BTC price')),
  pool_fee_ratio: ofPool(gauge('The pool\'s fee by pay-out mode.', 'status *_fee', ['mode'])),
  // prices
  coin_price_usd: ofExporter(gauge('Price of one coin; absent when it is older than allowed.', 'pool, HTTP source, file or fleet.yaml, in the order of prices.order', ['coin', 'source'])),
  coin_price_timestamp_seconds: ofExporter(gauge('Unix time of when the price is; absent for one that was written without a date.', 'source of the price', ['coin', 'source'])),
  site_power_price_usd_per_kilowatt_hour: ofExporter(gauge('Price of electricity at the site now.', 'fleet.yaml sites[].electricity', ['site'])),
  hashfleet_price_failures_total: ofExporter(counter('Prices that could not be read or were refused; "jump" is a change of more than ten times.', 'prices', ['source', 'reason'])),
  // learning
  mlrec_model_info: ofExporter(gauge('Model that advice goes by; always 1.', 'models in data/models, health\'s hours; docs/advice.md', ['version', 'backend', 'source'])),
  mlrec_model_mape_ratio: ofExporter(gauge('Mean absolute error of hourly figures in the last backtest, as a part of what was measured.', 'backtest', ['target', 'model'])),
  mlrec_interval_coverage_ratio: ofExporter(gauge('Part of the hourly figures that lay within their 80 % interval in the last backtest.', 'backtest')),
  mlrec_backtest_usd_per_day: ofExporter(gauge('What each policy would have earned a day in the last backtest, over decisions that can be scored under all of them.', 'backtest', ['policy'])),
  mlrec_brier_score: ofExporter(gauge('Mean square of the stated probability of a gain less what came, 0 to 1; 0.25 is a coin.', 'outcomes of applied advice; last backtest', ['over'])),
  mlrec_predicted_delta_usd_per_day: ofExporter(gauge('Gain that applied advice promised, in the mean over what was judged a day later.', 'outcomes of applied advice')),
  mlrec_realised_delta_usd_per_day: ofExporter(gauge('Gain of the same advice as it came.', 'outcomes of applied advice')),
  mlrec_feedback_recommendations: ofExporter(gauge('Kept advice by what a person said of it.', 'feedback of people', ['type'])),
  mlrec_rollbacks_total: ofExporter(counter('Promoted models that were taken back.', 'data/models')),
  mlrec_drift_psi: ofExporter(gauge('Population stability index of the last day against the training window; above 0.1 warns, above 0.25 stops.', 'training', ['feature'])),
  abacus_requests_total: ofExporter(counter('Requests to Abacus.AI by their outcome; only with ml.backend abacus, as all of these.', 'requests', ['action', 'outcome'])),
  abacus_request_seconds_total: ofExporter(counter('Time that they took.', 'requests', ['action'])),
  abacus_rows_sent_total: ofExporter(counter('Rows of miners\' hours that arrived there.', 'requests')),
  abacus_spool_rows: ofExporter(gauge('Rows that wait to be sent.', 'data/abacus.spool.jsonl')),
  abacus_spool_dropped_rows_total: ofExporter(counter('Rows that were dropped since too many waited.', 'data/abacus.spool.jsonl')),
  abacus_breaker_open: ofExporter(gauge('1 while nothing is sent since it failed again and again.', 'requests')),
  abacus_predictions: ofExporter(gauge('Pairs of miner and preset for which its prediction counts; all others go by the embedded model.', 'predictions')),
  abacus_fallbacks_total: ofExporter(counter('Predictions that the embedded model gave in its place, by why.', 'predictions', ['reason'])),
  // self
  hashfleet_build_info: ofExporter(gauge('Version of the exporter; always 1.', 'package.json', ['version', 'node_version'])),
  hashfleet_miners_configured: ofExporter(gauge('Miners that this exporter reads.', 'fleet.yaml')),
  hashfleet_inventory_miners: ofExporter(gauge('Miners by where their entry comes from.', 'inventory', ['origin'])),
  hashfleet_inventory_scan_timestamp_seconds: ofExporter(gauge('Unix time when the last scan of an address range ended; absent before the first.', 'inventory')),
  hashfleet_inventory_duplicates: ofExporter(gauge('Miners that answer with the MAC of another miner of the fleet.', 'inventory')),
  hashfleet_shard_info: ofExporter(gauge('Which part of the fleet this exporter reads (from 0) and how many parts there are; always 1.', 'command line', ['shard', 'shards'])),
  hashfleet_audit_sequence: ofExporter(gauge('Number of the last entry of the audit log; it never falls unless the log was cut off or taken away.', 'audit log')),
  hashfleet_control_enabled: ofExporter(gauge('1 if actions on miners are switched on.', 'fleet.yaml control.enabled')),
  hashfleet_poll_lag_seconds: ofExporter(gauge('How late the latest poll began behind its schedule.', 'poll loop')),
  hashfleet_poll_lag_p99_seconds: ofExporter(gauge('99th percentile of how late polls of miners that do not keep failing began, over the last one to two minutes.', 'poll loop')),
  hashfleet_polls_in_flight: ofExporter(gauge('Polls under way.', 'poll loop')),
  hashfleet_polls_skipped_total: ofExporter(counter('Polls left out because the one before was still under way.', 'poll loop')),
  hashfleet_schema_mismatches_total: ofExporter(counter('Fields of replies that were missing, null or of the wrong type where a value is expected.', 'drivers and adapters', ['source', 'field'])),
  hashfleet_actions_total: ofExporter(counter('Actions on miners by outcome.', 'control', ['action', 'outcome'])),
  hashfleet_schedule_active: ofExporter(gauge('1 while the schedule holds: its windows, and its price where it goes by one.', 'schedules', ['schedule'])),
  hashfleet_schedule_target_watts: ofExporter(gauge('What the miners of a schedule with a limit may draw now, in watts: the limit less its reserve. Absent while it does not hold.', 'schedules', ['schedule'])),
  hashfleet_schedule_failed: ofExporter(gauge('Miners that are not as the schedule wants them, because an action failed or could not be sent for a quarter of an hour.', 'schedules', ['schedule'])),
  hashfleet_config_reload_success: ofExporter(gauge('1 if the last load of the configuration succeeded.', 'configuration')),
  hashfleet_config_last_reload_timestamp_seconds: ofExporter(gauge('Unix time of the last successful load of the configuration.', 'configuration')),
} as const satisfies Record<string, Family>;

export type SeriesName = keyof typeof catalogue;

/** All label names of a family, scope labels first. */
export function labelNames(name: SeriesName): readonly string[] {
  const family: Family = catalogue[name];
  return [...scopeLabels[family.scope], ...family.labels];
}

/** Values of closed label sets; a value outside them is a defect. */
export const labelValues = {
  state: ['mining', 'initializing', 'starting', 'auto-tuning', 'restarting', 'shutting-down', 'stopped', 'failure'],
  intent: ['mine', 'stopped', 'curtailed', 'maintenance'],
  phase: ['off', 'starting', 'tuning', 'warming_up', 'steady'],
  reason: [
    'connect', 'dns', 'timeout', 'reset', 'auth', 'locked_out', 'http_4xx', 'http_5xx', 'html_body', 'bad_json', 'bad_shape',
    'too_large', 'not_http', 'not_a_miner', 'stock_firmware', 'other_miner', 'duplicate', 'not_pushed', 'internal',
  ],
  pool_reason: ['disabled', 'closed', 'dns', 'tcp', 'tls', 'timeout', 'http_4xx', 'http_5xx', 'html_body', 'bad_key', 'bad_shape', 'too_large', 'wamp_abort', 'stale'],
  window: ['1h', '24h'],
  origin: ['static', 'file', 'range', 'api'],
  reading_source: ['vnish', 'vnish-cgi', 'cgminer', 'push'],
  result: ['accepted', 'rejected', 'stale'],
  cause: ['devfee', 'stale', 'rejected', 'unexplained'],
  grade: ['grey', 'orange', 'red'],
  basis: ['pool_ledger', 'pool_ledger_week', 'pool_estimate', 'network_expectation', 'manual_price'],
  price_source: ['pool', 'http', 'file', 'config'],
  signal: ['hashrate', 'efficiency', 'temperature'],
  residual_signal: ['hashrate', 'power', 'heat', 'errors', 'fan', 'board', 'psu', 'chips', 'pool'],
  part: ['board', 'chips', 'fan', 'thermal_path', 'psu', 'circuit', 'site', 'network', 'pool', 'tuning', 'sensor'],
  event: [
    'pic_controller_failed', 'chips_missing', 'chain_break', 'overheat', 'voltage_failed', 'fan_lost', 'watchdog_restart', 'initializing', 'auto_tuning',
    'mining_stopped', 'cooling_down', 'board_connected', 'fan_ok', 'psu_init', 'psu_model',
  ],
  kind: ['preset', 'pool', 'firmware', 'mining'],
  what: ['preset', 'pool', 'firmware', 'settings', 'password'],
  action: [
    'restart_mining', 'reboot', 'pause', 'resume', 'preset', 'locate', 'start', 'stop', 'throttle', 'switch_pool', 'set_pools', 'cooling', 'hostname', 'notes', 'password',
    'api_keys', 'autotune_reset', 'settings_backup', 'settings_restore', 'factory_reset', 'firmware_update', 'firmware_remove',
  ],
  outcome: ['verified', 'failed', 'indeterminate', 'skipped', 'refused', 'dry_run'],
  mode: ['pps', 'pplns', 'solo'],
  target: ['hashrate', 'power'],
  type: ['accepted', 'rejected', 'implemented', 'not_implemented'],
  policy: ['stay', 'table', 'model'],
  over: ['outcomes', 'backtest'],
  feature: ['hashrate_ratio', 'power_ratio', 'chip_temperature', 'error_ratio', 'preset_power', 'hash_price', 'power_price'],
  abacus_action: ['getApiEndpoint', 'appendMultipleData', 'predictMultiple'],
  abacus_outcome: ['ok', 'rate_limited', 'refused', 'unreachable', 'timeout', 'bad_reply', 'breaker_open', 'daily_cap'],
  fallback: ['rate_limited', 'refused', 'unreachable', 'timeout', 'bad_reply', 'breaker_open', 'daily_cap', 'implausible', 'no_answer'],
  cooling: ['auto', 'manual', 'immersion'],
  limit: ['min', 'max', 'warn', 'default', 'max_stock_psu'],
  side: ['inlet', 'outlet'],
} as const;
