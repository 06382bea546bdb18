/** What promtool's lint does not know: the exporter's catalogue, the table, the runbooks, and good habits. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { catalogue, labelNames, labelValues, type Family, type SeriesName } from '../../exporter/src/metrics/catalogue.ts';
import { defaultTiming, leastScrapesInWindow, thresholds, valueOf, type ThresholdName } from '../src/thresholds.ts';
import { seconds } from './series.ts';
import { home } from './tools.ts';

interface Rule {
  alert?: string; record?: string; expr: string; for?: string; keep_firing_for?: string;
  labels?: Record<string, string>; annotations?: Record<string, string>;
}
const groups = (name: string) => (parse(readFileSync(path.join(home, name), 'utf8')) as { groups: { name: string; interval: string; rules: Rule[] }[] }).groups;
const rulesOf = (name: string) => groups(name).flatMap(({ rules }) => rules);

const recorded = rulesOf('recording.yml');
const alerts = rulesOf('alerts.yml');
const all = [...recorded, ...alerts].map((rule) => [`${rule.alert ?? rule.record} ${rule.labels?.['severity'] ?? ''}`.trim(), rule] as const);
const eachAlert = all.filter(([, { alert }]) => alert !== undefined);

const records = new Set(recorded.map(({ record }) => record));
/** Series of Prometheus itself. */
const builtIn: Record<string, { type: string; labels: readonly string[] }> = { up: { type: 'gauge', labels: ['job', 'instance'] } };

const keywords = new Set(['and', 'or', 'unless', 'on', 'by', 'bool', 'group_left', 'group_right', 'ignoring', 'without', 'sum', 'max', 'min', 'count', 'avg', 'vector', 'absent', 'time', 'rate', 'increase', 'avg_over_time', 'min_over_time', 'resets', 'sum_over_time']);

interface Use { metric: string; matchers: { label: string; operator: string; value: string }[]; range?: string; call?: string }

/** Selectors of an expression. Grouping clauses are taken out first: they name labels, not metrics. */
function uses(expr: string): Use[] {
  // An offset is followed by a duration.
  const plain = expr.replace(/\b(by|on|group_left|without|ignoring)\s*\(([^)]*)\)|\boffset\s+\w+/g, '');
  return [...plain.matchAll(/(?:\b([a-z_]+)\s*\(\s*)?([a-zA-Z_:][a-zA-Z0-9_:]*)(?![a-zA-Z0-9_:]|\s*\()(\{[^}]*\})?(?:\[([^\]]+)\])?/g)]
    .map(([, call, metric, selector, range]) => ({
      metric: metric!,
      matchers: [...(selector ?? '').matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)].map(([, label, operator, value]) => ({ label: label!, operator: operator!, value: value! })),
      ...(range !== undefined && { range }),
      ...(call !== undefined && { call }),
    }))
    .filter(({ metric }) => !keywords.has(metric) && !/^\d|^e\d+$/.test(metric));
}

const labelsOf = (metric: string): readonly string[] | undefined => builtIn[metric]?.labels ?? (metric in catalogue ? [...labelNames(metric as SeriesName), 'job', 'instance'] : undefined);
const groupings = (expr: string) => [...expr.matchAll(/\b(?:by|on|group_left)\s*\(([^)]*)\)/g)].flatMap(([, names]) => names!.split(',').map((name) => name.trim()).filter(Boolean));
const everyLabel = new Set(Object.keys(catalogue).flatMap((metric) => labelNames(metric as SeriesName)).concat('job', 'instance'));
const inTemplates = (rule: Rule) => Object.values(rule.annotations ?? {}).flatMap((text) => [...text.matchAll(/printf `([^`]*)`/g)].map(([, query]) => query!.replace('%q', '"x"')));

describe('each expression', () => {
  it('is understood by this test', () => {
    expect(uses('sum by (miner) (rate(miner_shares_total{result=~"rejected|stale"}[30m])) / on (miner) group_left (site) max(miner_up == bool 0) > 0.5 and time() - 1e6')).toEqual([
      { metric: 'miner_shares_total', matchers: [{ label: 'result', operator: '=~', value: 'rejected|stale' }], range: '30m', call: 'rate' },
      { metric: 'miner_up', matchers: [], call: 'max' },
    ]);
  });

  it.each(all)('%s uses only series of the catalogue, recorded ones and "up"', (_, rule) => {
    for (const expr of [rule.expr, ...inTemplates(rule)]) {
      const unknown = uses(expr).map(({ metric }) => metric).filter((metric) => !records.has(metric) && labelsOf(metric) === undefined);
      expect(unknown).toEqual([]);
    }
  });

  it.each(all)('%s selects and groups only by labels that exist, with values of the closed sets', (_, rule) => {
    for (const expr of [rule.expr, ...inTemplates(rule)]) {
      for (const { metric, matchers } of uses(expr)) {
        for (const { label, operator, value } of matchers) {
          if (!records.has(metric)) expect(labelsOf(metric)).toContain(label);
          const set = metric.startsWith('pool_') && label === 'reason' ? labelValues.pool_reason : (labelValues as Record<string, readonly string[]>)[label];
          const values = operator.endsWith('~') ? value.split('|') : [value];
          if (set !== undefined) expect(set).toEqual(expect.arrayContaining(values));
        }
      }
      for (const label of groupings(expr)) expect([...everyLabel]).toContain(label);
    }
  });

  it.each(all)('%s takes rates of counters only, and counters only as rates, over at least four scrapes', (_, rule) => {
    for (const { metric, call, range } of uses(rule.expr)) {
      const type = (catalogue as Record<string, Family>)[metric]?.type;
      if (call === 'rate' || call === 'increase') expect([metric, type]).toEqual([metric, 'counter']);
      if (type === 'counter') expect(['rate', 'increase']).toContain(call);
      if (range !== undefined) expect(seconds(range)).toBeGreaterThanOrEqual(leastScrapesInWindow * defaultTiming.scrapeIntervalSeconds);
    }
  });

  it.each(all)('%s does not depend on the order of series', (_, { expr }) => {
    expect(expr).not.toMatch(/\b(topk|bottomk|limitk|sort|sort_desc|holt_winters)\b/);
  });
});

describe('each alert', () => {
  const allowed = new Set([0, 1, 1e6, ...(Object.keys(thresholds) as ThresholdName[]).map((name) => valueOf(name, defaultTiming))]);

  it.each(eachAlert)('%s compares, and only with numbers of the table', (name, { expr }) => {
    if (name !== 'Watchdog info') expect(expr).toMatch(/(==|!=|>=|<=|>|<)\s*(bool\s*)?-?\d/);
    const plain = expr.replace(/"[^"]*"/g, '').replace(/\[[^\]]*\]/g, '');
    for (const [number] of plain.matchAll(/(?<![\w.])\d+(?:\.\d+)?(?:e\d+)?(?!\w)/g)) expect([...allowed]).toContain(Number(number));
  });

  it.each(eachAlert)('%s waits as long as the table says', (_, rule) => {
    const holds = (Object.keys(thresholds) as ThresholdName[]).filter((name) => thresholds[name].role === 'hold').map((name) => thresholds[name].value);
    for (const time of [rule.for, rule.keep_firing_for]) if (time !== undefined) expect(holds).toContain(seconds(time));
    if (rule.for !== undefined) expect(seconds(rule.for)).toBeGreaterThanOrEqual(2 * defaultTiming.scrapeIntervalSeconds);
    // Nothing is told at once but what stays in a window anyway.
    if (rule.for === undefined) expect(rule.expr).toMatch(/^vector\(1\)$|increase\(|resets\(/);
    if (rule.expr.includes('absent(')) expect(rule.for).toBeDefined();
  });

  it.each(eachAlert)('%s has a severity, a scope and all annotations', (_, { alert, labels, annotations }) => {
    expect(alert).toMatch(/^[A-Z][A-Za-z]+$/);
    expect(['critical', 'warning', 'info']).toContain(labels?.['severity']);
    expect(['exporter', 'site', 'miner', 'pool']).toContain(labels?.['scope']);
    expect(Object.keys(annotations ?? {}).sort()).toEqual(['app_url', 'dashboard_url', 'description', 'runbook_url', 'summary']);
    expect(annotations!['summary']!.length).toBeLessThan(120);
    expect(annotations!['summary']).not.toMatch(/\.$/);
    expect(annotations!['description']).toMatch(/\.$/);
  });

  it.each(eachAlert)('%s names in its texts only labels that its expression keeps', (_, { expr, annotations }) => {
    const kept = new Set(groupings(expr));
    for (const text of Object.values(annotations ?? {})) {
      for (const [, label] of text.matchAll(/\$labels\.(\w+)/g)) expect([...kept]).toContain(label);
    }
  });

  it.each(eachAlert)('%s about a miner keeps miner, site and model, so that it can be grouped, inhibited and found', (_, { expr, labels }) => {
    if (labels?.['scope'] !== 'miner') return;
    for (const label of ['miner', 'site', 'model']) expect(groupings(expr)).toContain(label);
  });

  it.each(eachAlert)('%s has a runbook that says what it means, what it costs, how to find the cause and what to do', (_, { alert, annotations }) => {
    const page = path.join(home, '..', annotations!['runbook_url']!);
    expect(existsSync(page)).toBe(true);
    const text = readFileSync(page, 'utf8');
    expect(text.split('\n')[0]).toBe(`# ${alert}`);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(['Meaning', 'Impact', 'Diagnosis', 'Mitigation']);
  });

  it('is told apart from the others by name and severity', () => {
    const names = eachAlert.map(([name]) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});

describe('each recording rule', () => {
  it('is left to dashboards: no alert waits for another group', () => {
    for (const { expr } of alerts) expect(uses(expr).filter(({ metric }) => records.has(metric))).toEqual([]);
  });

  it.each(recorded.map((rule) => [rule.record!, rule] as const))('%s is named level:metric:operation', (record) => {
    expect(record).toMatch(/^(miner|site|fleet):[a-z0-9_]+:[a-z0-9_]+$/);
  });
});

describe('the table', () => {
  it.each(Object.entries(thresholds))('%s has a reason and is used', (name, { reason }) => {
    expect(reason.length).toBeGreaterThan(20);
    const sources = ['alerts.ts', 'recording.ts'].map((source) => readFileSync(path.join(home, 'src', source), 'utf8')).join('\n');
    expect(sources).toContain(`'${name}'`);
  });
});
