/**
 * For every alert at least one course of events: what is measured, when it fires and with which words, when it is over;
 * and the courses in which it must stay quiet. Times and texts are written out here, not taken from the rules.
 */
import { but, counted, healthy, held, minerLabels, of, type Series } from './series.ts';

export interface Firing {
  readonly alert: string;
  readonly when: string;
  readonly series: Series;
  /** First evaluation at which it fires; 15 s earlier it must not. */
  readonly fires: string;
  /** First evaluation at which it is over; 15 s earlier it still fires. */
  readonly over?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly description: string;
}

export interface Quiet {
  readonly alert: string;
  readonly when: string;
  readonly series: Series;
  readonly at: readonly string[];
}

const miner = (severity: string, more: Readonly<Record<string, string>> = {}) => ({ severity, scope: 'miner', ...minerLabels, ...more });
const exporter = { job: 'hashfleet', instance: 'exporter:9788' };
const ofExporter = (metric: string) => `${metric}{job="hashfleet",instance="exporter:9788"}`;
const state = (name: string) => of('miner_state', `state="${name}"`);
const intent = (name: string) => of('miner_intent', `intent="${name}"`);
const chip = of('miner_temperature_celsius', 'sensor="chip",stat="max"');
const pcb = of('miner_temperature_celsius', 'sensor="pcb",stat="max"');
const others = (metric: string, miners: readonly string[]) => miners.map((name) => `${metric}{miner="${name}",site="barn",model="Antminer L9"}`);
const maintenance = { [intent('mine')]: held([0, '3h']), [intent('maintenance')]: held([1, '3h']) };

export const firing: readonly Firing[] = [
  {
    alert: 'Watchdog', when: 'always', series: {}, fires: '0s',
    labels: { severity: 'info', scope: 'exporter' },
    summary: 'Alerting works',
    description: 'Fires always, so that its absence shows that Prometheus, Alertmanager or the way out is broken. Send it to a dead man\'s switch.',
  },
  {
    alert: 'ExporterDown', when: 'the scrape fails',
    series: { [ofExporter('up')]: held([1, '5m'], [0, '5m'], [1, '10m']) },
    fires: '6m', over: '10m',
    labels: { severity: 'critical', scope: 'exporter', ...exporter },
    summary: 'The exporter at exporter:9788 is down',
    description: 'Prometheus cannot scrape exporter:9788. No miner is watched and no action can be sent until it is back.',
  },
  {
    alert: 'ExporterDown', when: 'there is no exporter to scrape',
    series: { [ofExporter('up')]: held([1, '5m'], ['gone', '10m']) },
    fires: '6m',
    labels: { severity: 'critical', scope: 'exporter', job: 'hashfleet' },
    summary: 'The exporter is down',
    description: 'Prometheus has no exporter to scrape. No miner is watched and no action can be sent until it is back.',
  },
  {
    alert: 'ExporterConfigReloadFailed', when: 'fleet.yaml was refused',
    series: { [ofExporter('hashfleet_config_reload_success')]: held([1, '5m'], [0, '10m'], [1, '10m']) },
    fires: '6m', over: '15m',
    labels: { severity: 'warning', scope: 'exporter', ...exporter },
    summary: 'The exporter at exporter:9788 refused its configuration',
    description: 'The last load of fleet.yaml failed, so the exporter runs on with the configuration before. Changes to miners, tariffs and tokens are not in force.',
  },
  {
    alert: 'ExporterPollsLate', when: 'polls begin 90 s late',
    series: { [ofExporter('hashfleet_poll_lag_seconds')]: held([0.2, '5m'], [90, '10m'], [0.2, '10m']) },
    fires: '10m', over: '20m',
    labels: { severity: 'warning', scope: 'exporter', ...exporter },
    summary: 'Polls at exporter:9788 run late',
    description: 'Polls begin 1m 30s behind their schedule. Readings are older than they look.',
  },
  {
    alert: 'SiteDown', when: 'three of four miners are gone',
    series: {
      ...Object.fromEntries(others('miner_up', ['a', 'b', 'c']).map((name) => [name, held([1, '5m'], [0, '10m'], [1, '10m'])])),
      ...Object.fromEntries(others('miner_up', ['d']).map((name) => [name, held([1, '25m'])])),
    },
    fires: '6m', over: '20m',
    labels: { severity: 'critical', scope: 'site', site: 'barn' },
    summary: 'Site barn is down',
    description: '75% of the miners at barn do not answer. Look at power, switch and uplink before the miners; their single alerts are held back.',
  },
  {
    alert: 'MinerUnreachable', when: 'the miner stops answering',
    series: but({ [of('miner_up')]: held([1, '5m'], [0, '10m'], [1, '15m']) }),
    fires: '8m', over: '20m',
    labels: miner('critical'),
    summary: 'l9-01 does not answer',
    description: 'l9-01 (Antminer L9) at barn, address 192.0.2.11, has not answered a poll for 3m or longer.',
  },
  {
    alert: 'MinerPasswordWrong', when: 'logins are refused',
    series: but({ [of('miner_poll_failures_total', 'reason="auth"')]: counted([0, '5m'], [4, '10m'], [0, '30m']) }),
    // The first refused login is counted at 5m15s.
    fires: '7m15s',
    labels: miner('warning'),
    summary: 'l9-01 refuses our password',
    description: 'l9-01 at barn refuses the password of fleet.yaml or has locked us out for too many tries. It cannot be steered.',
  },
  {
    alert: 'MinerPasswordWrong', when: 'the miner can be read, but refuses the password',
    series: but({ [of('miner_credentials_accepted')]: held([1, '5m'], [0, '10m'], [1, '30m']) }),
    fires: '7m', over: '20m',
    labels: miner('warning'),
    summary: 'l9-01 refuses our password',
    description: 'l9-01 at barn refuses the password of fleet.yaml or has locked us out for too many tries. It cannot be steered.',
  },
  {
    alert: 'MinerReadingStale', when: 'the poll loop forgets the miner',
    series: but({ [of('miner_last_success_timestamp_seconds')]: `0+15x40 600+0x39 1200+15x40` }),
    // The last success is at 10m; it is older than 5 minutes from 15m15s on.
    fires: '16m15s', over: '20m15s',
    labels: miner('warning'),
    summary: 'The reading of l9-01 is old',
    description: 'l9-01 at barn counts as up, but its last reading is 6m 15s old. The poll loop does not reach it.',
  },
  {
    alert: 'MinerFailure', when: 'the firmware gives up',
    series: but({
      [state('mining')]: held([1, '5m'], [0, '10m'], [1, '15m']),
      [state('failure')]: held([0, '5m'], [1, '10m'], [0, '15m']),
      [of('miner_failure_info', 'code="1002",description="Failed to parse miner configuration"')]: `_x20 ${held([1, '10m'], ['gone', '15m'])}`,
    }),
    fires: '6m', over: '20m',
    labels: miner('critical'),
    summary: 'l9-01 has failed',
    description: 'l9-01 (Antminer L9) at barn stopped with failure 1002: Failed to parse miner configuration. It earns nothing until it is repaired or restarted.',
  },
  {
    alert: 'MinerFailure', when: 'the firmware gives no code',
    series: but({ [state('mining')]: held([0, '30m']), [state('failure')]: held([1, '30m']) }),
    fires: '1m',
    labels: miner('critical'),
    summary: 'l9-01 has failed',
    description: 'l9-01 (Antminer L9) at barn stopped with failure code unknown: no description. It earns nothing until it is repaired or restarted.',
  },
  {
    alert: 'MinerNotMining', when: 'it was stopped at the machine',
    series: but({
      [state('mining')]: held([1, '5m'], [0, '20m'], [1, '15m']),
      [state('stopped')]: held([0, '5m'], [1, '20m'], [0, '15m']),
    }),
    fires: '15m', over: '25m',
    labels: miner('critical'),
    summary: 'l9-01 should mine and does not',
    description: 'l9-01 at barn is meant to mine, but has been out of mining for 10m or longer; now stopped.',
  },
  {
    alert: 'MinerNotMining', when: 'it goes in circles between starting and restarting',
    series: but({
      [state('mining')]: held([1, '5m'], [0, '25m']),
      [state('restarting')]: held([0, '5m'], [1, '5m'], [0, '20m']),
      [state('starting')]: held([0, '10m'], [1, '20m']),
    }),
    fires: '15m',
    labels: miner('critical'),
    summary: 'l9-01 should mine and does not',
    description: 'l9-01 at barn is meant to mine, but has been out of mining for 10m or longer; now starting.',
  },
  {
    alert: 'MinerTuningTooLong', when: 'tuning does not end',
    series: but({
      [state('mining')]: held([0, '2h']), [state('auto-tuning')]: held([1, '1h'], [0, '1h']),
      [of('miner_state_seconds')]: `28500+15x239 0+15x240`,
    }),
    // 28800 s are reached at 5m; more than that at 5m15s.
    fires: '10m15s', over: '1h',
    labels: miner('info'),
    summary: 'l9-01 tunes without end',
    description: 'l9-01 at barn has been auto-tuning for 8h 5m 15s. It cannot reach what its preset asks.',
  },
  {
    alert: 'MinerRestartLoop', when: 'it restarts every five minutes',
    series: but({ [of('miner_restarts_total')]: '0+0x240 1+0x19 2+0x19 3+0x19 4+0x19 5+0x200' }),
    // The fourth restart is at 1h15m15s; over the window of 1h Prometheus extrapolates 4 a little.
    fires: '1h16m15s',
    labels: miner('warning'),
    summary: 'l9-01 restarts again and again',
    description: 'The firmware of l9-01 at barn restarted mining 4 times within 1h.',
  },
  {
    alert: 'MinerChangedByOthers', when: 'the pool was changed at the machine',
    series: but({ [of('miner_unexpected_changes_total', 'kind="pool"')]: held([0, '20m'], [1, '40m']) }),
    // Over once the change has left the window of 15m.
    fires: '20m', over: '35m',
    labels: miner('critical', { kind: 'pool' }),
    summary: 'Somebody else changed the pool of l9-01',
    description: 'The pool of l9-01 at barn changed within the last 15m, and not through Hashfleet. If nobody of yours did it, the miner may work for somebody else.',
  },
  {
    alert: 'MinerChangedByOthers', when: 'the preset was changed at the machine',
    series: but({ [of('miner_unexpected_changes_total', 'kind="preset"')]: held([0, '20m'], [1, '40m']) }),
    fires: '20m', over: '35m',
    labels: miner('warning', { kind: 'preset' }),
    summary: 'Somebody else changed the preset of l9-01',
    description: 'The preset setting of l9-01 at barn changed within the last 15m, and not through Hashfleet.',
  },
  {
    alert: 'MinerDrifted', when: 'its pool is a stranger\'s',
    series: but({ [of('miner_drift', 'what="pool"')]: held([0, '10m'], [1, '30m'], [0, '20m']) }),
    fires: '15m', over: '40m',
    labels: miner('critical', { what: 'pool' }),
    summary: 'l9-01 has drifted: pool',
    description: 'l9-01 at barn differs in its pool from what was last set through Hashfleet or accepted. As long as it does, the miner may work for somebody else.',
  },
  {
    alert: 'MinerDrifted', when: 'somebody turned the fans down',
    series: but({ [of('miner_drift', 'what="settings"')]: held([0, '10m'], [1, '30m'], [0, '20m']) }),
    fires: '15m', over: '40m',
    labels: miner('warning', { what: 'settings' }),
    summary: 'l9-01 has drifted: settings',
    description: 'l9-01 at barn differs in its settings from what was last set through Hashfleet or accepted.',
  },
  {
    alert: 'MinerHashrateLow', when: 'it slides to 82 %',
    series: but({ [of('miner_hashrate_ratio')]: held([0.99, '5m'], [0.82, '20m'], [0.99, '20m']) }),
    fires: '15m', over: '30m',
    labels: miner('warning'),
    summary: 'l9-01 does 82% of its hashrate',
    description: 'l9-01 (Antminer L9) at barn does 82% of what its preset promises, less than 90 %.',
  },
  {
    alert: 'MinerHashrateLow', when: 'manual mode has no preset, and the average falls against the theory',
    series: but({
      [of('miner_hashrate_average_hashes_per_second')]: held([16e9, '5m'], [12e9, '20m']),
      [of('miner_hashrate_nominal_hashes_per_second')]: held([16e9, '25m']),
    }),
    fires: '15m',
    labels: miner('warning'),
    summary: 'l9-01 does 75% of its hashrate',
    description: 'l9-01 (Antminer L9) at barn does 75% of what its preset promises, less than 90 %.',
  },
  {
    alert: 'MinerBoardLost', when: 'board 2 fails and the miner runs on',
    series: but({
      [of('miner_board_up', 'board="1"')]: held([1, '30m']),
      [of('miner_board_up', 'board="2"')]: held([1, '5m'], [0, '10m'], [1, '15m']),
    }),
    fires: '8m', over: '20m',
    labels: miner('warning', { board: '2' }),
    summary: 'l9-01 has lost board 2',
    description: 'Board 2 of l9-01 (Antminer L9) at barn is missing or has failed. The miner runs on without it.',
  },
  {
    alert: 'MinerBoardWeak', when: 'board 3 hashes 20 % below its siblings',
    series: but({
      [of('miner_board_up', 'board="3"')]: held([1, '2h']),
      [of('miner_board_deviation_ratio', 'board="3"')]: held([0, '30m'], [-0.2, '30m'], [0, '1h']),
    }),
    // 61 samples in 15 minutes: the 31st low one takes the average below -0.1, at 37m30s; the wait is 5m.
    fires: '42m30s',
    labels: miner('warning', { board: '3' }),
    summary: 'Board 3 of l9-01 is weak',
    description: 'Board 3 of l9-01 (Antminer L9) at barn hashes -16.72% against its siblings over 15m; more than 10 % below them is a defect.',
  },
  {
    alert: 'MinerEfficiencyBad', when: 'it takes 130 % of the energy promised',
    series: but({
      [of('miner_efficiency_joules_per_megahash')]: held([0.2, '10m'], [0.26, '40m']),
      [of('miner_preset_power_watts')]: held([3200, '50m']),
      [of('miner_preset_hashrate_hashes_per_second')]: held([16e9, '50m']),
    }),
    // 41 samples in 10 minutes: the 21st bad one takes the average above 1.15, at 15m; the wait is 5m.
    fires: '20m',
    labels: miner('warning'),
    summary: 'l9-01 uses too much energy for its work',
    description: 'l9-01 (Antminer L9) at barn needs 130% of the energy per hash that its preset promises.',
  },
  {
    alert: 'MinerUnprofitable', when: 'the price falls',
    series: but({ [of('miner_profit_usd_per_day')]: held([1.5, '5m'], [-0.75, '80m'], [1.5, '30m']) }),
    fires: '1h5m', over: '1h30m',
    labels: miner('info'),
    summary: 'l9-01 costs more than it earns',
    description: 'l9-01 at barn loses -0.75 USD a day at the present price and tariff.',
  },
  {
    alert: 'MinerOverheating', when: 'chips reach 86 °C',
    series: but({ [chip]: held([75, '5m'], [86, '10m'], [75, '20m']), [pcb]: held([60, '5m'], [71, '10m'], [60, '20m']) }),
    fires: '10m', over: '20m',
    labels: miner('warning'),
    summary: 'l9-01 is hot',
    description: 'The hottest sensor of l9-01 at barn reads 86 °C (limit for chips 85, for boards without chip sensors 70 °C).',
  },
  {
    alert: 'MinerOverheating', when: 'the chip sensors are silent and a board reaches 71 °C',
    series: but({ [pcb]: held([60, '5m'], [71, '10m'], [60, '20m']) }),
    fires: '10m', over: '20m',
    labels: miner('warning'),
    summary: 'l9-01 is hot',
    description: 'The hottest sensor of l9-01 at barn reads 71 °C (limit for chips 85, for boards without chip sensors 70 °C).',
  },
  {
    alert: 'MinerFanLost', when: 'fan 1 stops',
    series: but({ [of('miner_fan_up', 'fan="0"')]: held([1, '30m']), [of('miner_fan_up', 'fan="1"')]: held([1, '5m'], [0, '10m'], [1, '15m']) }),
    fires: '7m', over: '20m',
    labels: miner('warning', { fan: '1' }),
    summary: 'l9-01 has lost fan 1',
    description: 'Fan 1 of l9-01 (Antminer L9) at barn does not turn. The others run faster; one more and the firmware stops mining.',
  },
  {
    alert: 'MinerPoolsDown', when: 'no pool answers',
    series: but({ [of('miner_pools_alive')]: held([2, '5m'], [0, '10m'], [2, '15m']) }),
    fires: '8m', over: '20m',
    labels: miner('critical'),
    summary: 'l9-01 reaches none of its pools',
    description: 'l9-01 at barn mines, but none of your pools in its slots takes its work.',
  },
  {
    alert: 'MinerPoolRejectsHigh', when: 'every tenth share is refused',
    series: but({
      [of('miner_shares_total', 'result="accepted"')]: counted([8, '1h'], [7.2, '1h']),
      [of('miner_shares_total', 'result="rejected"')]: counted([0, '1h'], [0.4, '1h']),
      [of('miner_shares_total', 'result="stale"')]: counted([0, '1h'], [0.4, '1h']),
    }),
    // 8 shares a minute, 0.8 of them refused from 1h on: 3 % of 30 minutes is passed after 9; the wait is 5m.
    fires: '1h14m',
    labels: miner('warning'),
    summary: 'The pool refuses 4.667% of the shares of l9-01',
    description: 'Over 30m the pool refused 4.667% of the shares of l9-01 at barn as rejected or stale; more than 3 % is not normal.',
  },
  {
    alert: 'PoolSeesLess', when: 'the pool credits three quarters',
    series: but({
      [of('miner_hashrate_hashes_per_second')]: held([16e9, '3h']),
      'pool_worker_hashrate_hashes_per_second{pool="prohashing",worker="farm.l9-01",miner="l9-01"}': held([12e9, '3h']),
      'pool_worker_missing{pool="prohashing",miner="l9-01"}': held([0, '3h']),
      'pool_up{pool="prohashing"}': held([1, '3h']),
    }),
    fires: '1h15m',
    labels: miner('warning', { pool: 'prohashing' }),
    summary: 'prohashing sees 75% of what l9-01 does',
    description: 'Over 1h prohashing credited 75% of the hashrate that l9-01 at barn reports. Fee and luck explain some percent, not this.',
  },
  {
    alert: 'PoolSeesLess', when: 'the worker vanishes at the pool, and the model becomes known meanwhile',
    series: but({
      'miner_hashrate_hashes_per_second{miner="l9-01",site="barn",model="unknown"}': held([16e9, '1h'], ['gone', '2h']),
      [of('miner_hashrate_hashes_per_second')]: `_x240 ${held([16e9, '2h'])}`,
      'pool_worker_hashrate_hashes_per_second{pool="prohashing",worker="farm.l9-01",miner="l9-01"}': held([16e9, '1h'], ['gone', '2h']),
      'pool_worker_missing{pool="prohashing",miner="l9-01"}': held([0, '3h']),
      'pool_up{pool="prohashing"}': held([1, '3h']),
    }),
    // 241 samples in an hour: fewer than 80 % of them from 1h12m on; the wait is 15m.
    fires: '1h27m',
    labels: miner('warning', { pool: 'prohashing' }),
    summary: 'prohashing sees 54.77% of what l9-01 does',
    description: 'Over 1h prohashing credited 54.77% of the hashrate that l9-01 at barn reports. Fee and luck explain some percent, not this.',
  },
  {
    alert: 'MinerPoolLoss', when: 'a twentieth of its work is not credited',
    series: but({
      [of('miner_pool_loss_evidence_ratio', 'pool="prohashing"')]: held([0.4, '1h'], [1.1, '2h'], [0.9, '1h']),
      [of('miner_pool_gap_ratio', 'pool="prohashing",cause="unexplained"')]: held([0.0493, '4h']),
      [of('miner_pool_gap_ratio', 'pool="prohashing",cause="devfee"')]: held([0.028, '4h']),
      'pool_loss_evidence_ratio{pool="prohashing"}': held([0.2, '4h']),
    }),
    fires: '1h15m', over: '3h5m',
    labels: miner('warning', { pool: 'prohashing' }),
    summary: 'prohashing does not credit all that l9-01 does',
    description: 'l9-01 at barn does work that prohashing does not credit, and neither fee, refused shares nor luck explain it. Unexplained over the last day: 4.9 %.',
  },
  {
    alert: 'PoolLoss', when: 'the pool credits too little of everybody',
    series: { 'pool_loss_evidence_ratio{pool="prohashing"}': held([0.4, '1h'], [1.2, '1h'], [0.1, '1h']), 'pool_gap_ratio{pool="prohashing"}': held([0.081, '3h']) },
    fires: '1h15m', over: '2h5m',
    labels: { severity: 'warning', scope: 'pool', pool: 'prohashing' },
    summary: 'prohashing does not credit all that the fleet does',
    description: 'All miners together do work that prohashing does not credit, more than fee, refused shares and ways of measuring explain. Unexplained over the last day: 8.1 %.',
  },
  {
    alert: 'PoolWorkerMissing', when: 'the pool does not show the miner',
    series: but({ 'pool_worker_missing{pool="prohashing",miner="l9-01"}': held([0, '20m'], [1, '40m'], [0, '1h']), 'pool_up{pool="prohashing"}': held([1, '2h']) }),
    fires: '35m', over: '1h5m',
    labels: miner('warning', { pool: 'prohashing' }),
    summary: 'prohashing does not show l9-01',
    description: 'l9-01 at barn mines for prohashing by its own account, but the pool lists no worker that is this miner. Its work goes to another name, or nowhere.',
  },
  {
    alert: 'PoolWorkerDuplicate', when: 'three machines have the same setting',
    series: { 'pool_worker_duplicate{pool="prohashing",worker="l9-01"}': held([3, '40m'], ['gone', '1h']) },
    fires: '12m', over: '45m',
    labels: { severity: 'warning', scope: 'pool', pool: 'prohashing', worker: 'l9-01' },
    summary: '3 machines work as l9-01 at prohashing',
    description: '3 machines work under the one name l9-01 at prohashing, as after settings were cloned. They are paid, but nobody can tell which of them earns what, and a loss of one does not show.',
  },
  {
    alert: 'AuditLogShrunk', when: 'entries are gone after a restart',
    series: { [ofExporter('hashfleet_audit_sequence')]: held([120, '10m'], [117, '30m']) },
    fires: '10m', over: '25m',
    labels: { severity: 'critical', scope: 'exporter', ...exporter },
    summary: 'The audit log of exporter:9788 lacks entries that it had',
    description: 'The audit log of exporter:9788 ends before an entry that it had a moment ago. Somebody cut it off or took it away, or the data folder was put back to an older state.',
  },
  {
    alert: 'PoolUnreachable', when: 'the pool times out',
    series: {
      'pool_up{pool="prohashing"}': held([1, '5m'], [0, '20m'], [1, '15m']),
      'pool_failure_info{pool="prohashing",reason="timeout"}': `_x20 ${held([1, '20m'], ['gone', '15m'])}`,
    },
    fires: '15m', over: '30m',
    labels: { severity: 'warning', scope: 'pool', pool: 'prohashing' },
    summary: 'The API of prohashing cannot be read',
    description: 'prohashing has not answered for 10m or longer; last reason: timeout. Balances and earnings stand still; mining may well go on.',
  },
  {
    alert: 'PoolClosed', when: 'the pool says that it has closed',
    series: {
      'pool_up{pool="prohashing"}': held([1, '5m'], [0, '25m']),
      'pool_failure_info{pool="prohashing",reason="closed"}': `_x20 ${held([1, '10m'], ['gone', '15m'])}`,
    },
    fires: '10m', over: '15m',
    labels: { severity: 'critical', scope: 'pool', pool: 'prohashing' },
    summary: 'prohashing has closed',
    description: 'prohashing has closed for good. Miners that still point at it earn nothing; a balance left there may be lost.',
  },
  {
    alert: 'ActionFailed', when: 'a preset was not taken',
    series: { 'hashfleet_actions_total{job="hashfleet",instance="exporter:9788",action="preset",outcome="failed"}': held([0, '20m'], [1, '40m']) },
    fires: '20m', over: '35m',
    labels: { severity: 'warning', scope: 'exporter', action: 'preset', outcome: 'failed' },
    summary: 'An action did not take: preset failed',
    description: 'At least one preset within the last 15m ended failed. The miner may not be in the state that you asked for.',
  },
  {
    alert: 'ScheduleFailed', when: 'two miners of a schedule do not stop',
    series: { 'hashfleet_schedule_failed{job="hashfleet",instance="exporter:9788",schedule="night"}': held([0, '20m'], [2, '20m'], [0, '20m']) },
    fires: '22m', over: '45m',
    labels: { severity: 'warning', scope: 'exporter', ...exporter, schedule: 'night' },
    summary: 'Schedule night does not get what it wants',
    description: 'The schedule night at exporter:9788 cannot bring 2 miners to where it wants them. A limit may be exceeded, or miners stay off that should mine again.',
  },
  {
    alert: 'FleetDrifted', when: 'a day is not like those before',
    series: { 'mlrec_drift_psi{job="hashfleet",instance="exporter:9788",feature="chip_temperature"}': held([0.05, '20m'], [0.31, '1h'], [0.05, '1h']) },
    fires: '30m', over: '1h25m',
    labels: { severity: 'info', scope: 'exporter', ...exporter, feature: 'chip_temperature' },
    summary: 'The fleet is not as it was when advice was learned: chip_temperature',
    description: 'The population stability index of chip_temperature at exporter:9788 is 0.31, more than 0.25: look twice before you apply advice.',
  },
  {
    alert: 'AbacusAway', when: 'it fails for an hour, and is tried every quarter of one',
    series: { 'abacus_breaker_open{job="hashfleet",instance="exporter:9788"}': held([0, '20m'], [1, '14m'], [0, '1m'], [1, '14m'], [0, '1m'], [1, '14m'], [0, '1h']) },
    fires: '50m', over: '1h24m',
    labels: { severity: 'info', scope: 'exporter', ...exporter },
    summary: 'Abacus.AI does not answer exporter:9788',
    description: 'Abacus.AI has failed again and again; the embedded model answers in its place, and hours wait on disk to be sent.',
  },
  {
    alert: 'MinerHealthPoor', when: 'two rounds find it far from what is expected',
    series: but({ [of('miner_health_score')]: held([98, '30m'], [31, '2h'], [97, '30m']), [of('miner_fault_info', 'part="psu"')]: `_x120 ${held([1, '2h'], ['gone', '30m'])}` }),
    fires: '1h40m', over: '2h35m',
    labels: miner('warning'),
    summary: 'l9-01 has a health of 31 of 100',
    description: 'l9-01 (Antminer L9) at barn is far from what is expected of it on its preset: its health is 31 of 100, less than 50. Part that is likely at fault: psu.',
  },
  {
    alert: 'MinerPartFailing', when: 'two rounds name its fans',
    series: but({ [of('miner_health_score')]: held([81.25, '3h']), [of('miner_fault_info', 'part="fan"')]: `_x120 ${held([1, '2h'], ['gone', '30m'])}` }),
    fires: '1h40m', over: '2h35m',
    labels: miner('warning', { part: 'fan' }),
    summary: 'l9-01 shows signs of a fault: fan',
    description: 'What l9-01 (Antminer L9) at barn does points to its fan; it still mines. Health: 81.2 of 100. The evidence in words is on its page in the app and under /api/v1/rigs/l9-01/health.',
  },
  {
    alert: 'MinerPartFailing', when: 'a sensor has jumped',
    series: but({ [of('miner_fault_info', 'part="sensor"')]: held([1, '3h']) }),
    fires: '1h10m',
    labels: miner('info', { part: 'sensor' }),
    summary: 'A sensor of l9-01 is likely wrong',
    description: 'The chips of l9-01 (Antminer L9) at barn read a temperature that jumped and does not fit the rest of the machine. Its fans and alerts on heat follow what that sensor says.',
  },
  {
    alert: 'SiteTrouble', when: 'three miners of one circuit sag at once, and gives one page for them',
    series: {
      ...Object.fromEntries(['a', 'b', 'c', 'd'].flatMap((name) => [
        [`miner_up{miner="${name}",site="barn",model="Antminer L9"}`, held([1, '3h'])],
        [`miner_intent{miner="${name}",site="barn",model="Antminer L9",intent="mine"}`, held([1, '3h'])],
        [`miner_info{miner="${name}",site="barn",model="Antminer L9",circuit="${name === 'd' ? 'F2' : 'F1'}"}`, held([1, '3h'])],
        ...(name === 'd' ? [] : [[`miner_fault_info{miner="${name}",site="barn",model="Antminer L9",part="circuit"}`, `_x40 ${held([1, '2h'], ['gone', '30m'])}`]]),
      ]) as [string, string][]),
    },
    fires: '1h20m', over: '2h15m',
    labels: { severity: 'warning', scope: 'site', site: 'barn', part: 'circuit', circuit: 'F1' },
    summary: 'Miners at barn suffer from the circuit F1',
    description: 'What 3 of the miners at barn show points to the circuit F1, not to the machines. Their single alerts on health are held back.',
  },
  {
    alert: 'SiteTrouble', when: 'a miner comes and goes on a bad network',
    series: but({ [of('miner_up')]: Array.from({ length: 720 }, (_, n) => (n % 3 === 0 ? 0 : 1)).join(' '), [of('miner_fault_info', 'part="network"')]: held([1, '3h']) }),
    fires: '1h10m15s',
    labels: { severity: 'warning', scope: 'site', site: 'barn', part: 'network' },
    summary: 'Miners at barn suffer from the network',
    description: 'What 1 of the miners at barn show points to the network, not to the machines. Their single alerts on health are held back.',
  },
];

/** Both severities of an alert at once: the inhibition in alertmanager.yml then shows one. */
export const firingBoth: readonly (Omit<Firing, 'over' | 'summary' | 'description' | 'labels'> & { readonly severities: readonly string[] })[] = [
  {
    alert: 'MinerHashrateLow', when: 'more than a board is lost',
    series: but({ [of('miner_hashrate_ratio')]: held([0.99, '5m'], [0.33, '20m']) }),
    fires: '15m', severities: ['critical', 'warning'],
  },
  {
    alert: 'MinerOverheating', when: 'chips reach 89 °C',
    series: but({ [chip]: held([75, '5m'], [89, '10m']) }),
    fires: '10m', severities: ['critical', 'warning'],
  },
];

export const quiet: readonly Quiet[] = [
  { alert: 'ExporterDown', when: 'one scrape fails', series: { [ofExporter('up')]: held([1, '5m'], [0, '45s'], [1, '10m']) }, at: ['5m45s', '6m', '7m'] },
  { alert: 'ExporterPollsLate', when: 'a round is late', series: { [ofExporter('hashfleet_poll_lag_seconds')]: held([40, '4m'], [1, '10m']) }, at: ['4m', '6m'] },
  {
    alert: 'SiteDown', when: 'exactly half of the site is gone',
    series: {
      ...Object.fromEntries(others('miner_up', ['a', 'b']).map((name) => [name, held([0, '25m'])])),
      ...Object.fromEntries(others('miner_up', ['c', 'd']).map((name) => [name, held([1, '25m'])])),
    },
    at: ['10m', '20m'],
  },
  { alert: 'SiteDown', when: 'the only miner of a site is gone', series: but({ [of('miner_up')]: held([0, '30m']) }), at: ['10m', '20m'] },
  {
    alert: 'SiteDown', when: 'most of the site is in maintenance',
    series: Object.fromEntries(['a', 'b', 'c'].flatMap((name) => [
      [`miner_up{miner="${name}",site="barn",model="Antminer L9"}`, held([0, '25m'])],
      [`miner_intent{miner="${name}",site="barn",model="Antminer L9",intent="maintenance"}`, held([1, '25m'])],
    ])),
    at: ['10m', '20m'],
  },
  { alert: 'MinerUnreachable', when: 'it reboots', series: but({ [of('miner_up')]: held([1, '5m'], [0, '2m45s'], [1, '15m']) }), at: ['7m45s', '8m', '10m'] },
  { alert: 'MinerUnreachable', when: 'it is in maintenance', series: but({ ...maintenance, [of('miner_up')]: held([0, '30m']) }), at: ['10m', '25m'] },
  { alert: 'MinerUnreachable', when: 'the exporter is down and nothing is known', series: but({ [of('miner_up')]: held([1, '5m'], ['gone', '20m']) }), at: ['8m', '10m', '20m'] },
  { alert: 'MinerPasswordWrong', when: 'polls fail for other reasons', series: but({ [of('miner_poll_failures_total', 'reason="timeout"')]: counted([4, '1h']) }), at: ['20m'] },
  { alert: 'MinerReadingStale', when: 'the miner is known to be down', series: but({ [of('miner_up')]: held([0, '30m']), [of('miner_last_success_timestamp_seconds')]: held([0, '30m']) }), at: ['10m', '20m'] },
  { alert: 'MinerFailure', when: 'it is in maintenance', series: but({ ...maintenance, [state('failure')]: held([1, '30m']) }), at: ['10m'] },
  {
    alert: 'MinerNotMining', when: 'it starts cold', at: ['5m', '9m45s', '12m'],
    series: but({ [state('mining')]: held([0, '9m45s'], [1, '20m']), [state('starting')]: held([1, '9m45s'], [0, '20m']) }),
  },
  ...['stopped', 'curtailed', 'maintenance'].map((wish) => ({
    alert: 'MinerNotMining', when: `the operator wants it ${wish}`, at: ['20m', '1h'],
    series: but({ [state('mining')]: held([0, '2h']), [state('stopped')]: held([1, '2h']), [intent('mine')]: held([0, '2h']), [intent(wish)]: held([1, '2h']) }),
  })),
  { alert: 'MinerTuningTooLong', when: 'it mines for days', series: but({ [of('miner_state_seconds')]: held([400_000, '30m']) }), at: ['10m'] },
  { alert: 'MinerRestartLoop', when: 'it restarted three times', series: but({ [of('miner_restarts_total')]: '0+0x240 1+0x19 2+0x19 3+0x200' }), at: ['1h12m', '1h20m', '1h30m'] },
  { alert: 'MinerRestartLoop', when: 'a reboot sets the counter back', series: but({ [of('miner_restarts_total')]: held([40, '30m'], [0, '1h']) }), at: ['31m', '45m', '1h'] },
  { alert: 'MinerDrifted', when: 'it is set back within minutes', series: but({ [of('miner_drift', 'what="preset"')]: held([0, '10m'], [1, '4m'], [0, '40m']) }), at: ['12m', '15m', '20m'] },
  { alert: 'MinerChangedByOthers', when: 'the counter only restarts', series: but({ [of('miner_unexpected_changes_total', 'kind="pool"')]: held([3, '20m'], [0, '40m']) }), at: ['20m', '30m'] },
  ...([
    ['it warms up', { [of('miner_state_seconds')]: '0+15x59' }, ['12m', '14m45s']],
    ['it tunes itself', { [state('mining')]: held([0, '2h']), [state('auto-tuning')]: held([1, '2h']) }, ['15m', '1h']],
    ['it is throttled on purpose', { [of('miner_throttle_ratio')]: held([0.5, '2h']) }, ['15m', '1h']],
    ['it is curtailed', { [intent('mine')]: held([0, '2h']), [intent('curtailed')]: held([1, '2h']) }, ['15m', '1h']],
    ['it does not answer', { [of('miner_up')]: held([0, '2h']) }, ['15m', '1h']],
  ] as const).map(([when, changes, at]) => ({ alert: 'MinerHashrateLow', when, at, series: but({ [of('miner_hashrate_ratio')]: held([0.3, '2h']), ...changes }) })),
  { alert: 'MinerHashrateLow', when: 'it does exactly 90 %', series: but({ [of('miner_hashrate_ratio')]: held([0.9, '1h']) }), at: ['15m', '30m'] },
  { alert: 'MinerBoardLost', when: 'the miner is stopped', series: but({ [state('mining')]: held([0, '1h']), [state('stopped')]: held([1, '1h']), [of('miner_board_up', 'board="1"')]: held([0, '1h']) }), at: ['10m'] },
  {
    alert: 'MinerBoardWeak', when: 'the board is lost altogether', at: ['30m', '1h'],
    series: but({ [of('miner_board_up', 'board="1"')]: held([0, '2h']), [of('miner_board_deviation_ratio', 'board="1"')]: held([-1, '2h']) }),
  },
  {
    alert: 'MinerBoardWeak', when: 'the board jitters', at: ['20m', '40m', '1h'],
    series: but({ [of('miner_board_up', 'board="1"')]: held([1, '2h']), [of('miner_board_deviation_ratio', 'board="1"')]: Array.from({ length: 240 }, (_, n) => (n % 2 ? 0.05 : -0.14)).join(' ') }),
  },
  { alert: 'MinerEfficiencyBad', when: 'no preset promises anything', series: but({ [of('miner_efficiency_joules_per_megahash')]: held([2, '1h']) }), at: ['30m', '45m'] },
  { alert: 'MinerUnprofitable', when: 'profit is unknown', series: healthy, at: ['2h'] },
  { alert: 'MinerOverheating', when: 'boards are warm while the chips are fine', series: but({ [chip]: held([78, '1h']), [pcb]: held([72, '1h']) }), at: ['15m', '30m'] },
  { alert: 'MinerFanLost', when: 'the miner is stopped', series: but({ [state('mining')]: held([0, '1h']), [state('stopped')]: held([1, '1h']), [of('miner_fan_up', 'fan="0"')]: held([0, '1h']) }), at: ['10m'] },
  { alert: 'MinerPoolsDown', when: 'the miner is stopped', series: but({ [state('mining')]: held([0, '1h']), [state('stopped')]: held([1, '1h']), [of('miner_pools_alive')]: held([0, '1h']) }), at: ['10m'] },
  {
    alert: 'MinerPoolRejectsHigh', when: 'there are few shares', at: ['40m', '1h'],
    series: but({ [of('miner_shares_total', 'result="accepted"')]: counted([1, '2h']), [of('miner_shares_total', 'result="rejected"')]: counted([0.2, '2h']) }),
  },
  {
    alert: 'PoolSeesLess', when: 'the pool could not be read', at: ['30m', '1h30m'],
    series: but({
      [of('miner_hashrate_hashes_per_second')]: held([16e9, '3h']),
      'pool_worker_hashrate_hashes_per_second{pool="prohashing",worker="farm.l9-01",miner="l9-01"}': held([16e9, '20m'], ['gone', '2h']),
      'pool_worker_missing{pool="prohashing",miner="l9-01"}': held([0, '3h']),
      'pool_up{pool="prohashing"}': held([1, '20m'], [0, '2h']),
    }),
  },
  {
    alert: 'PoolSeesLess', when: 'the pool sees it less the fee', at: ['30m', '2h'],
    series: but({
      [of('miner_hashrate_hashes_per_second')]: held([16e9, '3h']),
      'pool_worker_hashrate_hashes_per_second{pool="prohashing",worker="farm.l9-01",miner="l9-01"}': held([15e9, '3h']),
      'pool_worker_missing{pool="prohashing",miner="l9-01"}': held([0, '3h']),
      'pool_up{pool="prohashing"}': held([1, '3h']),
    }),
  },
  {
    alert: 'PoolUnreachable', when: 'the pool has closed', at: ['15m', '30m'],
    series: { 'pool_up{pool="prohashing"}': held([0, '1h']), 'pool_failure_info{pool="prohashing",reason="closed"}': held([1, '1h']) },
  },
  { alert: 'PoolClosed', when: 'the pool times out', series: { 'pool_failure_info{pool="prohashing",reason="timeout"}': held([1, '1h']) }, at: ['15m', '30m'] },
  { alert: 'ExporterConfigReloadFailed', when: 'the configuration is good', series: { [ofExporter('hashfleet_config_reload_success')]: held([1, '1h']) }, at: ['30m'] },
  { alert: 'ActionFailed', when: 'an action was verified', series: { 'hashfleet_actions_total{job="hashfleet",instance="exporter:9788",action="preset",outcome="verified"}': held([0, '20m'], [1, '40m']) }, at: ['20m', '30m'] },
  { alert: 'FleetDrifted', when: 'it moves a little', at: ['20m', '1h'], series: { 'mlrec_drift_psi{job="hashfleet",instance="exporter:9788",feature="chip_temperature"}': held([0.24, '2h']) } },
  { alert: 'AbacusAway', when: 'it answers again soon', at: ['25m', '40m', '1h'], series: { 'abacus_breaker_open{job="hashfleet",instance="exporter:9788"}': held([0, '20m'], [1, '10m'], [0, '1h']) } },
  { alert: 'ScheduleFailed', when: 'the second try of a schedule succeeds', series: { 'hashfleet_schedule_failed{job="hashfleet",instance="exporter:9788",schedule="night"}': held([0, '20m'], [1, '1m'], [0, '20m']) }, at: ['20m', '22m', '30m'] },
  {
    alert: 'PoolSeesLess', when: 'the miner has gone over to another pool', at: ['30m', '1h30m', '2h30m'],
    series: but({
      [of('miner_hashrate_hashes_per_second')]: held([16e9, '3h']),
      'pool_worker_hashrate_hashes_per_second{pool="prohashing",worker="farm.l9-01",miner="l9-01"}': held([16e9, '1h'], [0, '2h']),
      'pool_worker_missing{pool="prohashing",miner="l9-01"}': held([0, '1h'], ['gone', '2h']),
      'pool_up{pool="prohashing"}': held([1, '3h']),
    }),
  },
  {
    alert: 'MinerPoolLoss', when: 'the whole fleet loses at the pool', at: ['30m', '1h'],
    series: but({ [of('miner_pool_loss_evidence_ratio', 'pool="prohashing"')]: held([1.3, '2h']), 'pool_loss_evidence_ratio{pool="prohashing"}': held([1.5, '2h']) }),
  },
  { alert: 'MinerPoolLoss', when: 'there is much evidence, but not enough', at: ['30m', '1h'], series: but({ [of('miner_pool_loss_evidence_ratio', 'pool="prohashing"')]: held([0.99, '2h']) }) },
  { alert: 'AuditLogShrunk', when: 'it grows', at: ['10m', '20m'], series: { [ofExporter('hashfleet_audit_sequence')]: held([120, '10m'], [125, '10m'], [126, '10m']) } },
  { alert: 'PoolLoss', when: 'nothing was compared yet', at: ['30m'], series: healthy },
  {
    alert: 'PoolWorkerMissing', when: 'the pool cannot be read', at: ['30m', '1h'],
    series: but({ 'pool_worker_missing{pool="prohashing",miner="l9-01"}': held([1, '2h']), 'pool_up{pool="prohashing"}': held([0, '2h']) }),
  },
  { alert: 'PoolWorkerDuplicate', when: 'a connection broke off and the new one stands beside it for ten minutes', at: ['10m', '15m', '30m'], series: { 'pool_worker_duplicate{pool="prohashing",worker="l9-01"}': held([2, '10m'], ['gone', '1h']) } },
  { alert: 'MinerHealthPoor', when: 'only one round says so', series: but({ [of('miner_health_score')]: held([98, '30m'], [31, '1h'], [97, '90m']) }), at: ['1h', '1h29m', '1h40m'] },
  { alert: 'MinerHealthPoor', when: 'the circuit is the cause', series: but({ [of('miner_health_score')]: held([31, '3h']), [of('miner_fault_info', 'part="circuit"')]: held([1, '3h']) }), at: ['1h30m', '2h'] },
  { alert: 'MinerHealthPoor', when: 'the miner has only just started again', series: but({ [of('miner_health_score')]: held([31, '3h']), [of('miner_state_seconds')]: held([600, '3h']) }), at: ['1h30m', '2h'] },
  { alert: 'MinerHealthPoor', when: 'it is in maintenance', series: but({ ...maintenance, [of('miner_health_score')]: held([31, '3h']) }), at: ['1h30m', '2h'] },
  { alert: 'MinerPartFailing', when: 'it is in maintenance', series: but({ ...maintenance, [of('miner_fault_info', 'part="fan"')]: held([1, '3h']) }), at: ['1h30m', '2h'] },
  { alert: 'MinerPartFailing', when: 'the operator has stopped it', series: but({ [state('mining')]: held([0, '3h']), [state('stopped')]: held([1, '3h']), [of('miner_fault_info', 'part="fan"')]: held([1, '3h']) }), at: ['1h30m', '2h'] },
  { alert: 'MinerPartFailing', when: 'what is found is not of the machine', series: but({ [of('miner_fault_info', 'part="pool"')]: held([1, '3h']) }), at: ['1h30m', '2h'] },
  { alert: 'SiteTrouble', when: 'what is found is of the machine', series: but({ [of('miner_fault_info', 'part="psu"')]: held([1, '3h']) }), at: ['1h30m', '2h'] },
  { alert: 'SiteTrouble', when: 'the miner is gone for good', series: but({ [of('miner_up')]: held([0, '3h']), [of('miner_fault_info', 'part="network"')]: held([1, '3h']) }), at: ['1h30m', '2h'] },
  { alert: 'SiteTrouble', when: 'the miner is in maintenance', series: but({ ...maintenance, [of('miner_fault_info', 'part="network"')]: held([1, '3h']) }), at: ['1h30m', '2h'] },
];
