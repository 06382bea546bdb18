import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { scaledAlertmanager } from '../src/alertmanager.ts';
import { defaultLinks } from '../src/links.ts';
import { ruleFiles } from '../src/rules.ts';
import { defaultTiming, duration, thresholds, valueOf, type ThresholdName } from '../src/thresholds.ts';
import { file, home, inFolder, run } from './tools.ts';

const committed = (name: string) => readFileSync(path.join(home, name), 'utf8');
const fast = { timeScale: 0.05, scrapeIntervalSeconds: 1 };

describe('the rule files', () => {
  it.each(Object.entries(ruleFiles()))('%s is what the table makes (else run "npm run generate -w alerting-rules")', (name, text) => {
    expect(committed(name)).toBe(text);
  });

  it.each([['as committed', defaultTiming], ['scaled down for demonstrations', fast], ['with an hour as a day', { timeScale: 1 / 24, scrapeIntervalSeconds: 5 }]])('pass promtool\'s lint %s', (_, timing) => {
    inFolder((folder) => {
      const files = Object.entries(ruleFiles(timing)).map(([name, text]) => file(folder, name, text));
      const { status, said } = run('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', ...files]);
      expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('SUCCESS') });
    });
  });

  it('take the bases of their links', () => {
    const text = ruleFiles(defaultTiming, { runbooks: 'https://wiki.example.org/runbooks', grafana: 'https://grafana.example.org' })['alerts.yml'];
    expect(text).toContain('runbook_url: https://wiki.example.org/runbooks/MinerFailure.md');
    expect(text).toContain('dashboard_url: https://grafana.example.org/d/hashfleet-miner?var-miner={{ $labels.miner }}');
    expect(defaultLinks.runbooks).toBe('docs/runbooks');
  });
});

describe('time scale', () => {
  const names = Object.keys(thresholds) as ThresholdName[];

  it('1 changes nothing', () => {
    for (const name of names) expect([name, valueOf(name, defaultTiming)]).toEqual([name, thresholds[name].value]);
  });

  it.each(names)('%s: never scales a limit, never shrinks a window under four scrapes', (name) => {
    const { role, value } = thresholds[name];
    const scaled = valueOf(name, fast);
    if (role === 'limit') expect(scaled).toBe(value);
    if (role === 'hold') expect(scaled).toBeCloseTo(value * 0.05);
    if (role === 'window' || role === 'age') expect(valueOf(name, { timeScale: 0.0001, scrapeIntervalSeconds: 2 })).toBe(8);
  });

  it('writes durations as Prometheus does', () => {
    expect([90, 3600, 3661, 28_800, 5, 0].map(duration)).toEqual(['1m30s', '1h', '1h1m1s', '8h', '5s', '0s']);
  });

  it('shortens Alertmanager\'s waits and points its webhooks elsewhere', () => {
    const scaled = parse(scaledAlertmanager(committed('alertmanager.yml'), { timeScale: 0.05, webhookBase: 'http://127.0.0.1:5001/' })) as {
      route: { group_wait: string; repeat_interval: string }; receivers: { webhook_configs: { url: string }[] }[];
    };
    expect(scaled.route).toMatchObject({ group_wait: '2s', repeat_interval: '12m' });
    expect(scaled.receivers.map(({ webhook_configs }) => webhook_configs[0]!.url)).toEqual(['http://127.0.0.1:5001/alerts', 'http://127.0.0.1:5001/watchdog']);
  });
});
