/**
 * The alerts. Each expression says what must be true, then when it counts: a guard keeps an alert quiet while another,
 * more basic one explains it (a dead miner is reported once, by MinerUnreachable) or while the operator wants it so.
 *
 *   critical  the miner or site earns nothing, may be damaged, or is steered by somebody else: act now
 *   warning   it earns less than it should: act today
 *   info      worth knowing
 *
 * Labels that do not name the thing (job, instance) are aggregated away, so that an alert keeps its identity when an
 * exporter is replaced. No alert reads a recorded series: groups run beside each other, and an alert must not depend on
 * which was first.
 */
import { appId, type Links } from './links.ts';
import { efficiencyRatio, hashrateRatio, refusedRatio } from './recording.ts';
import { duration, thresholds, valueOf, type ThresholdName, type Timing } from './thresholds.ts';

export type Severity = 'critical' | 'warning' | 'info';
export type AlertScope = 'exporter' | 'site' | 'miner' | 'pool';

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels: { readonly severity: Severity; readonly scope: AlertScope };
  readonly annotations: Readonly<Record<string, string>>;
}

export interface AlertGroup {
  readonly name: string;
  readonly rules: readonly AlertingRule[];
}

/** An alert before its links and durations are filled in. */
interface Alert {
  readonly alert: string;
  readonly severity: Severity;
  readonly scope: AlertScope;
  readonly expr: readonly string[];
  readonly for?: ThresholdName;
  readonly keepFiringFor?: ThresholdName;
  readonly summary: string;
  readonly description: string;
}

const perMiner = (expr: string) => `max by (miner, site, model) (${expr})`;
const perPart = (part: string, expr: string) => `max by (miner, site, model, ${part}) (${expr})`;

const up = 'and on (miner) miner_up == 1';
const mining = 'and on (miner) miner_state{state="mining"} == 1';
const miningOrTuning = 'and on (miner) miner_state{state=~"mining|auto-tuning"} == 1';
const wanted = 'and on (miner) miner_intent{intent="mine"} == 1';
const notInMaintenance = 'unless on (miner) miner_intent{intent="maintenance"} == 1';
/** Causes that several miners share have an alert of their own. */
const notOfTheSite = 'unless on (miner) miner_fault_info{part=~"site|circuit|network|pool"} == 1';
const notThrottled = 'unless on (miner) miner_throttle_ratio < 1';

/** Text of a label of the first series that a query finds at the time of the alert, without a label its value; `otherwise` when there is none. */
function look(query: string, { label, otherwise, by = 'miner' }: { label?: string; otherwise: string; by?: string }): string {
  const named = query.replace('$NAME', '%q');
  return `{{ with printf ${quoted(named)} $labels.${by} | query }}{{ . | first | ${label === undefined ? 'value | printf "%.1f"' : `label "${label}"`} }}{{ else }}${otherwise}{{ end }}`;
}
const quoted = (text: string) => `\`${text}\``;

const percent = (name: ThresholdName) => `${Math.round(Math.abs(thresholds[name].value) * 100)} %`;

/** The job name that prometheus.yml gives the exporter. */
export const exporterJob = 'hashfleet';

export function alertGroups(timing: Timing, links: Links): readonly AlertGroup[] {
  const value = (name: ThresholdName) => `${valueOf(name, timing)}`;
  const time = (name: ThresholdName) => duration(valueOf(name, timing));
  const warm = `and on (miner) miner_state_seconds > ${value('warmUp')}`;
  const temperature = (sensor: 'chip' | 'pcb') => `miner_temperature_celsius{sensor="${sensor}",stat="max"}`;
  const hotterThan = (chip: ThresholdName, board: ThresholdName) => [
    '(',
    `    ${perMiner(temperature('chip'))} > ${value(chip)}`,
    '  or',
    `    (${perMiner(temperature('pcb'))} > ${value(board)} unless on (miner) ${temperature('chip')})`,
    ')',
    up,
  ];
  // The miner may come and go: that is what a bad network looks like.
  const troubled = (parts: string) => `max by (miner, site, part) (miner_fault_info{part=~"${parts}"} and on (miner) miner_intent{intent="mine"} == 1 and on (miner) avg_over_time(miner_up[${time('seenWindow')}]) > ${value('seldomUp')})`;
  const hashrateBelow = (name: ThresholdName) => [
    `(\n${hashrateRatio}\n) < ${value(name)}`, mining, warm, wanted, up, notThrottled,
  ];
  const counted = `miner_up ${notInMaintenance}`;

  const groups: { name: string; alerts: Alert[] }[] = [
    {
      name: 'hashfleet-exporter',
      alerts: [
        {
          alert: 'Watchdog', severity: 'info', scope: 'exporter',
          expr: ['vector(1)'],
          summary: 'Alerting works',
          description: 'Fires always, so that its absence shows that Prometheus, Alertmanager or the way out is broken. Send it to a dead man\'s switch.',
        },
        {
          alert: 'ExporterDown', severity: 'critical', scope: 'exporter', for: 'exporterDownFor',
          expr: [`max by (job, instance) (up{job="${exporterJob}"}) == 0`, 'or', `absent(up{job="${exporterJob}"}) == 1`],
          summary: 'The exporter{{ with $labels.instance }} at {{ . }}{{ end }} is down',
          description: 'Prometheus {{ if $labels.instance }}cannot scrape {{ $labels.instance }}{{ else }}has no exporter to scrape{{ end }}. No miner is watched and no action can be sent until it is back.',
        },
        {
          alert: 'ExporterConfigReloadFailed', severity: 'warning', scope: 'exporter', for: 'reloadFailedFor',
          expr: ['max by (job, instance) (hashfleet_config_reload_success) == 0'],
          summary: 'The exporter at {{ $labels.instance }} refused its configuration',
          description: 'The last load of fleet.yaml failed, so the exporter runs on with the configuration before. Changes to miners, tariffs and tokens are not in force.',
        },
        {
          alert: 'ExporterPollsLate', severity: 'warning', scope: 'exporter', for: 'pollLagFor', keepFiringFor: 'flapHold',
          expr: [`max by (job, instance) (hashfleet_poll_lag_seconds) > ${value('pollLag')}`],
          summary: 'Polls at {{ $labels.instance }} run late',
          description: 'Polls begin {{ $value | humanizeDuration }} behind their schedule. Readings are older than they look.',
        },
      ],
    },
    {
      name: 'hashfleet-presence',
      alerts: [
        {
          alert: 'SiteDown', severity: 'critical', scope: 'site', for: 'siteDownFor', keepFiringFor: 'flapHold',
          expr: [
            `sum by (site) (miner_up == bool 0 ${notInMaintenance}) / count by (site) (${counted}) > ${value('siteDownRatio')}`,
            `and count by (site) (miner_up == 0 ${notInMaintenance}) >= ${value('siteDownMiners')}`,
          ],
          summary: 'Site {{ $labels.site }} is down',
          description: '{{ $value | humanizePercentage }} of the miners at {{ $labels.site }} do not answer. Look at power, switch and uplink before the miners; their single alerts are held back.',
        },
        {
          alert: 'MinerUnreachable', severity: 'critical', scope: 'miner', for: 'unreachableFor', keepFiringFor: 'flapHold',
          expr: [`${perMiner('miner_up')} == 0`, notInMaintenance],
          summary: '{{ $labels.miner }} does not answer',
          description: `{{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }}, address ${look('miner_info{miner=$NAME}', { label: 'address', otherwise: 'unknown' })}, has not answered a poll for ${time('unreachableFor')} or longer.`,
        },
        {
          alert: 'MinerPasswordWrong', severity: 'warning', scope: 'miner', for: 'passwordFor', keepFiringFor: 'flapHold',
          expr: [`${perMiner('miner_credentials_accepted')} == 0`, 'or', `sum by (miner, site, model) (increase(miner_poll_failures_total{reason=~"auth|locked_out"}[${time('passwordWindow')}])) > 0`],
          summary: '{{ $labels.miner }} refuses our password',
          description: '{{ $labels.miner }} at {{ $labels.site }} refuses the password of fleet.yaml or has locked us out for too many tries. It cannot be steered.',
        },
        {
          alert: 'MinerReadingStale', severity: 'warning', scope: 'miner', for: 'staleFor',
          expr: [`time() - ${perMiner('miner_last_success_timestamp_seconds')} > ${value('staleAge')}`, up],
          summary: 'The reading of {{ $labels.miner }} is old',
          description: '{{ $labels.miner }} at {{ $labels.site }} counts as up, but its last reading is {{ $value | humanizeDuration }} old. The poll loop does not reach it.',
        },
      ],
    },
    {
      name: 'hashfleet-state',
      alerts: [
        {
          alert: 'MinerFailure', severity: 'critical', scope: 'miner', for: 'failureFor', keepFiringFor: 'flapHold',
          expr: [`${perMiner('miner_state{state="failure"}')} == 1`, notInMaintenance],
          summary: '{{ $labels.miner }} has failed',
          description: `{{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} stopped with failure ${look('miner_failure_info{miner=$NAME}', { label: 'code', otherwise: 'code unknown' })}: ${look('miner_failure_info{miner=$NAME}', { label: 'description', otherwise: 'no description' })}. It earns nothing until it is repaired or restarted.`,
        },
        {
          alert: 'MinerNotMining', severity: 'critical', scope: 'miner', for: 'notMiningFor',
          expr: [
            `${perMiner('miner_state{state=~"stopped|shutting-down|initializing|starting|restarting"}')} == 1`, wanted, up,
          ],
          summary: '{{ $labels.miner }} should mine and does not',
          description: `{{ $labels.miner }} at {{ $labels.site }} is meant to mine, but has been out of mining for ${time('notMiningFor')} or longer; now ${look('miner_state{miner=$NAME} == 1', { label: 'state', otherwise: 'unknown' })}.`,
        },
        {
          alert: 'MinerTuningTooLong', severity: 'info', scope: 'miner', for: 'tuningFor',
          expr: [`${perMiner('miner_state_seconds')} > ${value('tuningAge')}`, 'and on (miner) miner_state{state="auto-tuning"} == 1', up],
          summary: '{{ $labels.miner }} tunes without end',
          description: '{{ $labels.miner }} at {{ $labels.site }} has been auto-tuning for {{ $value | humanizeDuration }}. It cannot reach what its preset asks.',
        },
        {
          alert: 'MinerRestartLoop', severity: 'warning', scope: 'miner', for: 'restartFor', keepFiringFor: 'flapHold',
          expr: [`${perMiner(`increase(miner_restarts_total[${time('restartWindow')}])`)} > ${value('restarts')}`, notInMaintenance],
          summary: '{{ $labels.miner }} restarts again and again',
          description: `The firmware of {{ $labels.miner }} at {{ $labels.site }} restarted mining {{ printf "%.0f" $value }} times within ${time('restartWindow')}.`,
        },
        {
          alert: 'MinerChangedByOthers', severity: 'critical', scope: 'miner',
          expr: [`sum by (miner, site, model, kind) (increase(miner_unexpected_changes_total{kind=~"pool|firmware"}[${time('changeWindow')}])) > 0`],
          summary: 'Somebody else changed the {{ $labels.kind }} of {{ $labels.miner }}',
          description: `The {{ $labels.kind }} of {{ $labels.miner }} at {{ $labels.site }} changed within the last ${time('changeWindow')}, and not through Hashfleet. If nobody of yours did it, the miner may work for somebody else.`,
        },
        {
          alert: 'MinerChangedByOthers', severity: 'warning', scope: 'miner',
          expr: [`sum by (miner, site, model, kind) (increase(miner_unexpected_changes_total{kind!~"pool|firmware"}[${time('changeWindow')}])) > 0`],
          summary: 'Somebody else changed the {{ $labels.kind }} of {{ $labels.miner }}',
          description: `The {{ $labels.kind }} setting of {{ $labels.miner }} at {{ $labels.site }} changed within the last ${time('changeWindow')}, and not through Hashfleet.`,
        },
        {
          alert: 'MinerDrifted', severity: 'critical', scope: 'miner', for: 'driftFor',
          expr: ['max by (miner, site, model, what) (miner_drift{what=~"pool|firmware|password"}) == 1'],
          summary: '{{ $labels.miner }} has drifted: {{ $labels.what }}',
          description: '{{ $labels.miner }} at {{ $labels.site }} differs in its {{ $labels.what }} from what was last set through Hashfleet or accepted. As long as it does, the miner may work for somebody else.',
        },
        {
          alert: 'MinerDrifted', severity: 'warning', scope: 'miner', for: 'driftFor',
          expr: ['max by (miner, site, model, what) (miner_drift{what!~"pool|firmware|password"}) == 1'],
          summary: '{{ $labels.miner }} has drifted: {{ $labels.what }}',
          description: '{{ $labels.miner }} at {{ $labels.site }} differs in its {{ $labels.what }} from what was last set through Hashfleet or accepted.',
        },
      ],
    },
    {
      name: 'hashfleet-work',
      alerts: [
        {
          alert: 'MinerHashrateLow', severity: 'critical', scope: 'miner', for: 'hashrateLowFor', keepFiringFor: 'flapHold',
          expr: hashrateBelow('hashrateVeryLow'),
          summary: '{{ $labels.miner }} does {{ $value | humanizePercentage }} of its hashrate',
          description: `{{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} does {{ $value | humanizePercentage }} of what its preset promises, less than ${percent('hashrateVeryLow')}: more than a board is lost.`,
        },
        {
          alert: 'MinerHashrateLow', severity: 'warning', scope: 'miner', for: 'hashrateLowFor', keepFiringFor: 'flapHold',
          expr: hashrateBelow('hashrateLow'),
          summary: '{{ $labels.miner }} does {{ $value | humanizePercentage }} of its hashrate',
          description: `{{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} does {{ $value | humanizePercentage }} of what its preset promises, less than ${percent('hashrateLow')}.`,
        },
        {
          alert: 'MinerBoardLost', severity: 'warning', scope: 'miner', for: 'boardLostFor', keepFiringFor: 'flapHold',
          expr: [`${perPart('board', 'miner_board_up')} == 0`, miningOrTuning, up, notInMaintenance],
          summary: '{{ $labels.miner }} has lost board {{ $labels.board }}',
          description: 'Board {{ $labels.board }} of {{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} is missing or has failed. The miner runs on without it.',
        },
        {
          alert: 'MinerBoardWeak', severity: 'warning', scope: 'miner', for: 'boardWeakFor', keepFiringFor: 'flapHold',
          expr: [
            `${perPart('board', `avg_over_time(miner_board_deviation_ratio[${time('boardWindow')}])`)} < -${value('boardWeak')}`,
            'and on (miner, board) miner_board_up == 1', mining, warm, up,
          ],
          summary: 'Board {{ $labels.board }} of {{ $labels.miner }} is weak',
          description: `Board {{ $labels.board }} of {{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} hashes {{ $value | humanizePercentage }} against its siblings over ${time('boardWindow')}; more than ${percent('boardWeak')} below them is a defect.`,
        },
        {
          alert: 'MinerEfficiencyBad', severity: 'warning', scope: 'miner', for: 'efficiencyFor', keepFiringFor: 'flapHold',
          expr: [
            `${efficiencyRatio(`avg_over_time(miner_efficiency_joules_per_megahash[${time('efficiencyWindow')}])`)} > ${value('efficiencyBad')}`,
            mining, warm, up, notThrottled,
          ],
          summary: '{{ $labels.miner }} uses too much energy for its work',
          description: `{{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} needs {{ $value | humanizePercentage }} of the energy per hash that its preset promises.`,
        },
        {
          alert: 'MinerUnprofitable', severity: 'info', scope: 'miner', for: 'profitLossFor', keepFiringFor: 'flapHold',
          expr: [`${perMiner('miner_profit_usd_per_day')} < ${value('profitLoss')}`, mining, up],
          summary: '{{ $labels.miner }} costs more than it earns',
          description: '{{ $labels.miner }} at {{ $labels.site }} loses {{ printf "%.2f" $value }} USD a day at the present price and tariff.',
        },
      ],
    },
    {
      name: 'hashfleet-heat',
      alerts: [
        {
          alert: 'MinerOverheating', severity: 'critical', scope: 'miner', for: 'criticalFor', keepFiringFor: 'flapHold',
          expr: hotterThan('chipCritical', 'boardCritical'),
          summary: '{{ $labels.miner }} is about to stop from heat',
          description: `The hottest sensor of {{ $labels.miner }} at {{ $labels.site }} reads {{ printf "%.0f" $value }} °C (limit for chips ${value('chipCritical')}, for boards without chip sensors ${value('boardCritical')} °C). The firmware stops mining at 90 °C.`,
        },
        {
          alert: 'MinerOverheating', severity: 'warning', scope: 'miner', for: 'hotFor', keepFiringFor: 'flapHold',
          expr: hotterThan('chipHot', 'boardHot'),
          summary: '{{ $labels.miner }} is hot',
          description: `The hottest sensor of {{ $labels.miner }} at {{ $labels.site }} reads {{ printf "%.0f" $value }} °C (limit for chips ${value('chipHot')}, for boards without chip sensors ${value('boardHot')} °C).`,
        },
        {
          alert: 'MinerFanLost', severity: 'warning', scope: 'miner', for: 'fanLostFor', keepFiringFor: 'flapHold',
          expr: [`${perPart('fan', 'miner_fan_up')} == 0`, up, 'unless on (miner) miner_state{state="stopped"} == 1', notInMaintenance],
          summary: '{{ $labels.miner }} has lost fan {{ $labels.fan }}',
          description: 'Fan {{ $labels.fan }} of {{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} does not turn. The others run faster; one more and the firmware stops mining.',
        },
      ],
    },
    {
      name: 'hashfleet-health',
      alerts: [
        {
          // One cause, one page: however many miners of the site (and of the circuit, where it is that) show it.
          alert: 'SiteTrouble', severity: 'warning', scope: 'site', for: 'healthFor', keepFiringFor: 'flapHold',
          expr: [
            '(',
            `    count by (site, part, circuit) (${troubled('circuit')} * on (miner) group_left (circuit) max by (miner, circuit) (miner_info))`,
            '  or',
            `    count by (site, part) (${troubled('site|network|pool')})`,
            ') > 0',
          ],
          summary: 'Miners at {{ $labels.site }} suffer from the {{ $labels.part }}{{ with $labels.circuit }} {{ . }}{{ end }}',
          description: 'What {{ $value }} of the miners at {{ $labels.site }} show points to the {{ $labels.part }}{{ with $labels.circuit }} {{ . }}{{ end }}, not to the machines. Their single alerts on health are held back.',
        },
        {
          alert: 'MinerHealthPoor', severity: 'warning', scope: 'miner', for: 'healthFor', keepFiringFor: 'flapHold',
          expr: [`${perMiner('miner_health_score')} < ${value('healthPoor')}`, notOfTheSite, mining, warm, wanted, up],
          summary: '{{ $labels.miner }} has a health of {{ printf "%.0f" $value }} of 100',
          description: `{{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} is far from what is expected of it on its preset: its health is {{ printf "%.0f" $value }} of 100, less than ${value('healthPoor')}. Part that is likely at fault: ${look('miner_fault_info{miner=$NAME}', { label: 'part', otherwise: 'none by itself' })}.`,
        },
        {
          alert: 'MinerPartFailing', severity: 'warning', scope: 'miner', for: 'healthFor', keepFiringFor: 'flapHold',
          expr: [`${perPart('part', 'miner_fault_info{part=~"board|chips|fan|thermal_path|psu|tuning"}')} == 1`, mining, warm, wanted, up],
          summary: '{{ $labels.miner }} shows signs of a fault: {{ $labels.part }}',
          description: `What {{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} does points to its {{ $labels.part }}; it still mines. Health: ${look('miner_health_score{miner=$NAME}', { otherwise: 'unknown' })} of 100. The evidence in words is on its page in the app and under /api/v1/rigs/{{ $labels.miner }}/health.`,
        },
        {
          alert: 'MinerPartFailing', severity: 'info', scope: 'miner', for: 'healthFor', keepFiringFor: 'flapHold',
          expr: [`${perPart('part', 'miner_fault_info{part="sensor"}')} == 1`, mining, warm, wanted, up],
          summary: 'A sensor of {{ $labels.miner }} is likely wrong',
          description: 'The chips of {{ $labels.miner }} ({{ $labels.model }}) at {{ $labels.site }} read a temperature that jumped and does not fit the rest of the machine. Its fans and alerts on heat follow what that sensor says.',
        },
      ],
    },
    {
      name: 'hashfleet-pools',
      alerts: [
        {
          alert: 'MinerPoolsDown', severity: 'critical', scope: 'miner', for: 'poolsDownFor', keepFiringFor: 'flapHold',
          expr: [`${perMiner('miner_pools_alive')} == 0`, miningOrTuning, up],
          summary: '{{ $labels.miner }} reaches none of its pools',
          description: '{{ $labels.miner }} at {{ $labels.site }} mines, but none of your pools in its slots takes its work.',
        },
        {
          alert: 'MinerPoolRejectsHigh', severity: 'warning', scope: 'miner', for: 'rejectFor', keepFiringFor: 'flapHold',
          expr: [
            `${refusedRatio(time('rejectWindow'))} > ${value('rejects')}`,
            `and on (miner) sum by (miner) (increase(miner_shares_total[${time('rejectWindow')}])) > ${value('rejectShares')}`,
            up,
          ],
          summary: 'The pool refuses {{ $value | humanizePercentage }} of the shares of {{ $labels.miner }}',
          description: `Over ${time('rejectWindow')} the pool refused {{ $value | humanizePercentage }} of the shares of {{ $labels.miner }} at {{ $labels.site }} as rejected or stale; more than ${percent('rejects')} is not normal.`,
        },
        {
          alert: 'PoolSeesLess', severity: 'warning', scope: 'miner', for: 'poolGapFor', keepFiringFor: 'flapHold',
          expr: [
            // Sums of samples of one scrape: a worker that is missing for a while counts as zero, not as unknown.
            '(',
            `    sum by (miner, pool) (sum_over_time(pool_worker_hashrate_hashes_per_second{miner!=""}[${time('poolGapWindow')}]))`,
            '  / on (miner) group_left ()',
            `    sum by (miner) (sum_over_time(miner_hashrate_hashes_per_second[${time('poolGapWindow')}]))`,
            `  < ${value('poolGap')}`,
            ')',
            `* on (miner) group_left (site, model) (${perMiner('miner_up')} == 1)`,
            `and on (pool) min_over_time(pool_up[${time('poolGapWindow')}]) == 1`,
            mining,
            `and on (miner) miner_state_seconds > ${value('poolGapWindow')}`,
            // It worked for this pool at both ends of the window.
            'and on (miner, pool) pool_worker_missing >= 0',
            `and on (miner, pool) pool_worker_missing offset ${time('poolGapWindow')} >= 0`,
          ],
          summary: '{{ $labels.pool }} sees {{ $value | humanizePercentage }} of what {{ $labels.miner }} does',
          description: `Over ${time('poolGapWindow')} {{ $labels.pool }} credited {{ $value | humanizePercentage }} of the hashrate that {{ $labels.miner }} at {{ $labels.site }} reports. Fee and luck explain some percent, not this.`,
        },
        {
          alert: 'MinerPoolLoss', severity: 'warning', scope: 'miner', for: 'poolLossFor', keepFiringFor: 'flapHold',
          expr: [`max by (miner, site, model, pool) (miner_pool_loss_evidence_ratio) >= ${value('poolLoss')}`, `unless on (pool) pool_loss_evidence_ratio >= ${value('poolLoss')}`],
          summary: '{{ $labels.pool }} does not credit all that {{ $labels.miner }} does',
          description: `{{ $labels.miner }} at {{ $labels.site }} does work that {{ $labels.pool }} does not credit, and neither fee, refused shares nor luck explain it. Unexplained over the last day: ${look('miner_pool_gap_ratio{miner=$NAME,cause="unexplained"} * 100', { otherwise: 'unknown' })} %.`,
        },
        {
          alert: 'PoolLoss', severity: 'warning', scope: 'pool', for: 'poolLossFor', keepFiringFor: 'flapHold',
          expr: [`max by (pool) (pool_loss_evidence_ratio) >= ${value('poolLoss')}`],
          summary: '{{ $labels.pool }} does not credit all that the fleet does',
          description: `All miners together do work that {{ $labels.pool }} does not credit, more than fee, refused shares and ways of measuring explain. Unexplained over the last day: ${look('pool_gap_ratio{pool=$NAME} * 100', { otherwise: 'unknown', by: 'pool' })} %.`,
        },
        {
          alert: 'PoolWorkerMissing', severity: 'warning', scope: 'miner', for: 'workerMissingFor', keepFiringFor: 'flapHold',
          expr: ['(max by (miner, pool) (pool_worker_missing) == 1)', `* on (miner) group_left (site, model) (${perMiner('miner_up')} == 1)`, 'and on (pool) pool_up == 1'],
          summary: '{{ $labels.pool }} does not show {{ $labels.miner }}',
          description: '{{ $labels.miner }} at {{ $labels.site }} mines for {{ $labels.pool }} by its own account, but the pool lists no worker that is this miner. Its work goes to another name, or nowhere.',
        },
        {
          alert: 'PoolWorkerDuplicate', severity: 'warning', scope: 'pool', for: 'workerDuplicateFor', keepFiringFor: 'flapHold',
          expr: ['max by (pool, worker) (pool_worker_duplicate) > 1'],
          summary: '{{ $value }} machines work as {{ $labels.worker }} at {{ $labels.pool }}',
          description: '{{ $value }} machines work under the one name {{ $labels.worker }} at {{ $labels.pool }}, as after settings were cloned. They are paid, but nobody can tell which of them earns what, and a loss of one does not show.',
        },
        {
          alert: 'PoolUnreachable', severity: 'warning', scope: 'pool', for: 'poolUnreachableFor', keepFiringFor: 'flapHold',
          expr: ['max by (pool) (pool_up) == 0', 'unless on (pool) pool_failure_info{reason=~"closed|disabled"} == 1'],
          summary: 'The API of {{ $labels.pool }} cannot be read',
          description: `{{ $labels.pool }} has not answered for ${time('poolUnreachableFor')} or longer; last reason: ${look('pool_failure_info{pool=$NAME} == 1', { label: 'reason', otherwise: 'unknown', by: 'pool' })}. Balances and earnings stand still; mining may well go on.`,
        },
        {
          alert: 'PoolClosed', severity: 'critical', scope: 'pool', for: 'poolClosedFor',
          expr: ['max by (pool) (pool_failure_info{reason="closed"}) == 1'],
          summary: '{{ $labels.pool }} has closed',
          description: '{{ $labels.pool }} has closed for good. Miners that still point at it earn nothing; a balance left there may be lost.',
        },
      ],
    },
    {
      name: 'hashfleet-control',
      alerts: [
        {
          alert: 'AuditLogShrunk', severity: 'critical', scope: 'exporter',
          expr: [`max by (job, instance) (resets(hashfleet_audit_sequence[${time('auditShrunkWindow')}])) > ${value('auditShrunk')}`],
          summary: 'The audit log of {{ $labels.instance }} lacks entries that it had',
          description: 'The audit log of {{ $labels.instance }} ends before an entry that it had a moment ago. Somebody cut it off or took it away, or the data folder was put back to an older state.',
        },
        {
          alert: 'ActionFailed', severity: 'warning', scope: 'exporter',
          expr: [`sum by (action, outcome) (increase(hashfleet_actions_total{outcome=~"failed|indeterminate"}[${time('actionWindow')}])) > 0`],
          summary: 'An action did not take: {{ $labels.action }} {{ $labels.outcome }}',
          description: `At least one {{ $labels.action }} within the last ${time('actionWindow')} ended {{ $labels.outcome }}. The miner may not be in the state that you asked for.`,
        },
        {
          alert: 'ScheduleFailed', severity: 'warning', scope: 'exporter', for: 'scheduleFailedFor', keepFiringFor: 'flapHold',
          expr: ['max by (job, instance, schedule) (hashfleet_schedule_failed) > 0'],
          summary: 'Schedule {{ $labels.schedule }} does not get what it wants',
          description: 'The schedule {{ $labels.schedule }} at {{ $labels.instance }} cannot bring {{ $value | humanize }} miners to where it wants them. A limit may be exceeded, or miners stay off that should mine again.',
        },
        {
          alert: 'FleetDrifted', severity: 'info', scope: 'exporter', for: 'driftedFor', keepFiringFor: 'flapHold',
          expr: [`max by (job, instance, feature) (mlrec_drift_psi) > ${value('drifted')}`],
          summary: 'The fleet is not as it was when advice was learned: {{ $labels.feature }}',
          description: `The population stability index of {{ $labels.feature }} at {{ $labels.instance }} is {{ $value | printf "%.2f" }}, more than ${value('drifted')}: look twice before you apply advice.`,
        },
        {
          alert: 'AbacusAway', severity: 'info', scope: 'exporter', for: 'abacusAwayFor', keepFiringFor: 'flapHold',
          expr: ['max by (job, instance) (max_over_time(abacus_breaker_open[15m])) > 0'],
          summary: 'Abacus.AI does not answer {{ $labels.instance }}',
          description: 'Abacus.AI has failed again and again; the embedded model answers in its place, and hours wait on disk to be sent.',
        },
      ],
    },
  ];

  return groups.map(({ name, alerts }) => ({ name, rules: alerts.map((alert) => finished(alert, { time, links })) }));
}

function finished(alert: Alert, { time, links }: { time: (name: ThresholdName) => string; links: Links }): AlertingRule {
  return {
    alert: alert.alert,
    expr: alert.expr.join('\n'),
    ...(alert.for !== undefined && { for: time(alert.for) }),
    ...(alert.keepFiringFor !== undefined && { keep_firing_for: time(alert.keepFiringFor) }),
    labels: { severity: alert.severity, scope: alert.scope },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `${links.runbooks}/${alert.alert}.md`,
      dashboard_url: `${links.grafana}${dashboardPath[alert.scope]}`,
      app_url: `${links.grafana}/a/${appId}${appPath[alert.scope]}`,
    },
  };
}

const dashboardPath: Readonly<Record<AlertScope, string>> = {
  exporter: '/d/hashfleet-fleet',
  site: '/d/hashfleet-fleet?var-site={{ $labels.site }}',
  miner: '/d/hashfleet-miner?var-miner={{ $labels.miner }}',
  pool: '/d/hashfleet-fleet',
};

const appPath: Readonly<Record<AlertScope, string>> = {
  exporter: '',
  site: '',
  miner: '/miner/{{ $labels.miner }}',
  pool: '',
};
