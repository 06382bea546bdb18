import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { alertGroups } from '../src/alerts.ts';
import { defaultLinks } from '../src/links.ts';
import { defaultTiming } from '../src/thresholds.ts';
import { firing, firingBoth, quiet, type Firing } from './scenarios.ts';
import { but, healthy, held, of, seconds, step, type Series } from './series.ts';
import { file, home, inFolder, run } from './tools.ts';

const alerts = [...new Set(alertGroups(defaultTiming, defaultLinks).flatMap(({ rules }) => rules.map(({ alert }) => alert)))];

interface Expectation {
  readonly eval_time: string;
  readonly alertname: string;
  readonly exp_alerts: readonly { exp_labels: object; exp_annotations: object }[];
}

/** What promtool has to say about the committed rules: nothing, if they do as expected. */
function complaints(series: Series, expectations: readonly Expectation[]): string {
  return inFolder((folder) => {
    const test = file(folder, 'one.test.yml', stringify({
      rule_files: ['recording.yml', 'alerts.yml'].map((name) => path.join(home, name)),
      evaluation_interval: `${step}s`,
      tests: [{
        interval: `${step}s`,
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: expectations,
      }],
    }, { lineWidth: 0 }));
    const { status, said } = run('promtool', ['test', 'rules', test]);
    return status === 0 ? '' : said;
  });
}

const notAt = (alertname: string, time: number): Expectation => ({ eval_time: `${time}s`, alertname, exp_alerts: [] });

function links({ labels, alert }: Pick<Firing, 'labels' | 'alert'>) {
  const of = { exporter: ['/d/hashfleet-fleet', ''], pool: ['/d/hashfleet-fleet', ''], site: [`/d/hashfleet-fleet?var-site=${labels['site']}`, ''], miner: [`/d/hashfleet-miner?var-miner=${labels['miner']}`, `/miner/${labels['miner']}`] };
  const [dashboard, app] = of[labels['scope'] as keyof typeof of];
  return { runbook_url: `docs/runbooks/${alert}.md`, dashboard_url: dashboard, app_url: `/a/hashfleet-miningfleet-app${app}` };
}

describe('each alert', () => {
  it.each(alerts)('%s has a scenario in which it fires', (alert) => {
    expect(firing.map((scenario) => scenario.alert)).toContain(alert);
  });

  it.each(firing.map((scenario) => [scenario.alert, scenario.when, scenario] as const))('%s fires when %s, not one step early, in exactly these words', (alert, _, scenario) => {
    const at = seconds(scenario.fires);
    const expected = {
      exp_labels: scenario.labels,
      exp_annotations: { summary: scenario.summary, description: scenario.description, ...links(scenario) },
    };
    const over = scenario.over === undefined ? undefined : seconds(scenario.over);
    expect(complaints(scenario.series, [
      ...(at > 0 ? [notAt(alert, at - step)] : []),
      { eval_time: `${at}s`, alertname: alert, exp_alerts: [expected] },
      ...(over === undefined ? [] : [notAt(alert, over)]),
    ])).toBe('');
  });

  it.each(firing.filter(({ over }) => over !== undefined).map((scenario) => [scenario.alert, scenario.when, scenario] as const))('%s, fired because %s, goes on until it is over and not longer', (alert, _, scenario) => {
    const justBefore = complaints(scenario.series, [notAt(alert, seconds(scenario.over!) - step)]);
    expect(justBefore).toContain(`alertname: ${alert}, time: `);
  });

  it.each(firingBoth.map((scenario) => [scenario.alert, scenario.when, scenario] as const))('%s fires in both severities when %s', (alert, _, { series, fires, severities }) => {
    const said = complaints(series, [notAt(alert, seconds(fires))]);
    for (const severity of severities) expect(said).toContain(`severity="${severity}"`);
  });

  it.each(quiet.map((scenario) => [scenario.alert, scenario.when, scenario] as const))('%s stays quiet when %s', (alert, _, { series, at }) => {
    expect(complaints(series, at.map((time) => notAt(alert, seconds(time))))).toBe('');
  });

  it('stays silent without data, except the two that are about missing data', () => {
    const silent = alerts.filter((alert) => !['Watchdog', 'ExporterDown'].includes(alert));
    expect(complaints({}, silent.flatMap((alert) => ['0s', '15m', '3h'].map((time) => notAt(alert, seconds(time)))))).toBe('');
  });
});

describe('a dead miner', () => {
  // Everything was wrong with it before; past three intervals its measurements are gone from the page.
  const dying = but({
    [of('miner_up')]: held([1, '30m'], [0, '90m']),
    [of('miner_state', 'state="mining"')]: held([1, '31m'], ['gone', '89m']),
    [of('miner_state_seconds')]: held([20_000, '31m'], ['gone', '89m']),
    [of('miner_hashrate_ratio')]: held([0.99, '30m'], [0.2, '1m'], ['gone', '89m']),
    [of('miner_board_up', 'board="1"')]: held([1, '30m'], [0, '1m'], ['gone', '89m']),
    [of('miner_fan_up', 'fan="0"')]: held([1, '30m'], [0, '1m'], ['gone', '89m']),
    [of('miner_pools_alive')]: held([1, '30m'], [0, '1m'], ['gone', '89m']),
    [of('miner_board_deviation_ratio', 'board="1"')]: held([0, '30m'], [-1, '1m'], ['gone', '89m']),
    [of('miner_temperature_celsius', 'sensor="chip",stat="max"')]: held([89, '31m'], ['gone', '89m']),
    [of('miner_last_success_timestamp_seconds')]: held([1800, '2h']),
    'up{job="hashfleet",instance="exporter:9788"}': held([1, '2h']),
  }, healthy);

  it('pages once', () => {
    const rest = alerts.filter((alert) => !['Watchdog', 'MinerUnreachable'].includes(alert));
    expect(complaints(dying, rest.flatMap((alert) => ['40m', '1h', '90m'].map((time) => notAt(alert, seconds(time)))))).toBe('');
    expect(complaints(dying, [notAt('MinerUnreachable', seconds('40m'))])).toContain('alertname="MinerUnreachable"');
  });
});
