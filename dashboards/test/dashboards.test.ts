/** The rules of Grafana's dashboard-linter that apply, our own, and promtool's word on every query. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { recordingRules } from '../../alerting-rules/src/recording.ts';
import { defaultTiming, thresholds } from '../../alerting-rules/src/thresholds.ts';
import { catalogue, labelNames, labelValues, type Family, type SeriesName } from '../../exporter/src/metrics/catalogue.ts';
import { dashboardFiles } from '../src/all.ts';
import { panelsOf, queriesOf } from '../src/queries-of.ts';

const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const folder = path.join(home, 'json');
const names = readdirSync(folder).filter((name) => name.endsWith('.json'));

interface Panel {
  id: number; type: string; title: string; description?: string; collapsed?: boolean; panels?: Panel[];
  gridPos: { x: number; y: number; w: number; h: number };
  datasource: unknown;
  targets: { expr: string; refId: string; datasource: unknown }[];
  fieldConfig: { defaults: { unit?: string; noValue?: string; thresholds?: { steps: { value: number | null }[] } }; overrides: { matcher: { options: string }; properties: { id: string; value: unknown }[] }[] };
}
interface Dashboard {
  uid: string; title: string; editable: boolean; schemaVersion: number; refresh: string; panels: Panel[];
  templating: { list: { name: string; type: string; multi: boolean; includeAll: boolean; allValue?: string; refresh?: number; query: unknown; datasource?: unknown }[] };
  links: { title: string; url: string; includeVars: boolean; keepTime: boolean }[];
}

const read = (name: string) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Dashboard;
const dashboards = names.map((name) => [name, read(name)] as const);
const panels = dashboards.flatMap(([name, dashboard]) => (panelsOf(dashboard) as Panel[]).map((panel) => [`${name}: ${panel.title}`, panel] as const));
const queries = dashboards.flatMap(([name, dashboard]) => queriesOf(dashboard).map((query) => [`${name}: ${query.panel} ${query.refId}`, query] as const));

const records = new Set(recordingRules(defaultTiming).map(({ record }) => record));
const builtIn = new Set(['up', 'ALERTS']);
const words = new Set(['and', 'or', 'unless', 'on', 'by', 'sum', 'max', 'min', 'count', 'time', 'rate', 'increase', 'changes', 'topk', 'bottomk', 'quantile', 'vector']);
const metricsIn = (expr: string) => [...expr.replace(/"[^"]*"/g, '').replace(/\{[^}]*\}/g, '{}').replace(/\b(by|on)\s*\([^)]*\)/g, '').replace(/\[[^\]]*\]/g, '').matchAll(/[a-zA-Z_:][\w:]*/g)].map(([word]) => word).filter((word) => !words.has(word) && !/^e\d+$/.test(word));

it('there are two', () => {
  expect(dashboards.map(([, { uid }]) => uid).sort()).toEqual(['hashfleet-fleet', 'hashfleet-miner']);
});

it.each(Object.entries(dashboardFiles()))('%s is what the code makes (else run "npm run generate -w dashboards")', (name, text) => {
  expect(readFileSync(path.join(folder, name), 'utf8')).toBe(text);
});

describe.each(dashboards)('%s', (name, dashboard) => {
  it('is classic, read-only, named like its file, and refreshes', () => {
    expect(dashboard).toMatchObject({ uid: name.replace('.json', ''), editable: false, schemaVersion: 42, refresh: '30s' });
    expect(dashboard).not.toHaveProperty('id');
  });

  it('lets the reader pick data source, sites, models and miners, several or all', () => {
    expect(dashboard.templating.list.map((variable) => variable.name)).toEqual(['datasource', 'site', 'model', 'miner']);
    expect(dashboard.templating.list[0]).toMatchObject({ type: 'datasource', query: 'prometheus' });
    for (const variable of dashboard.templating.list.slice(1)) {
      // The miner dashboard looks at one miner: its panels would be unreadable with all of them.
      const all = name === 'hashfleet-miner.json' && variable.name === 'miner' ? { includeAll: false } : { includeAll: true, allValue: '.+' };
      expect(variable).toMatchObject({ type: 'query', multi: true, ...all, refresh: 2, datasource: { uid: '${datasource}' } });
    }
  });

  it('leads to the other levels and keeps time and variables', () => {
    expect(dashboard.links.map(({ url, includeVars, keepTime }) => [url, includeVars, keepTime])).toEqual([
      ['/d/hashfleet-fleet', true, true], ['/d/hashfleet-miner?${site:queryparam}&${model:queryparam}', false, true], ['/a/hashfleet-miningfleet-app', false, false],
    ]);
  });

  it('has unique ids and titles', () => {
    const every = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
    for (const given of [every.map(({ id }) => `${id}`), every.map(({ title }) => title)]) expect(given).toEqual([...new Set(given)]);
  });

  it('fits into 24 columns without overlap or holes in a row of the top', () => {
    const placed = (panelsOf(dashboard) as Panel[]).concat(dashboard.panels.filter(({ type }) => type === 'row'));
    const taken = new Map<string, string>();
    for (const { title, gridPos: { x, y, w, h } } of placed) {
      expect({ title, end: x + w, fits: x + w <= 24 && x >= 0 && y >= 0 && h > 0 }).toEqual({ title, end: x + w, fits: true });
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          expect({ title, over: taken.get(`${column},${row}`) }).toEqual({ title, over: undefined });
          taken.set(`${column},${row}`, title);
        }
      }
    }
    for (let column = 0; column < 24; column++) expect(taken.has(`${column},0`)).toBe(true);
  });

  it('shows symptoms first and opens with few queries', () => {
    const first = dashboard.panels.slice(0, 8);
    expect(first.every(({ type }) => type === 'stat')).toBe(true);
    expect(dashboard.panels.filter(({ gridPos, type }) => gridPos.y < 13 && type !== 'row').flatMap(({ targets }) => targets).length).toBeLessThanOrEqual(20);
  });
});

describe('each panel', () => {
  it.each(panels)('%s says what it is, in which unit, and what no data means', (_, panel) => {
    expect(panel.title).not.toBe('');
    expect(panel.description).toMatch(/^.{15,}\.$/s);
    expect(panel.fieldConfig.defaults.noValue ?? '').not.toBe('');
    if (panel.type !== 'table') expect(panel.fieldConfig.defaults.unit).toBeDefined();
    expect(panel.targets.length).toBeGreaterThan(0);
    expect(panel.targets.map(({ refId }) => refId)).toEqual(panel.targets.map((__, index) => String.fromCharCode(65 + index)));
  });

  it.each(panels)('%s asks the data source that the reader picked', (_, panel) => {
    const picked = { type: 'prometheus', uid: '${datasource}' };
    for (const { datasource } of [panel, ...panel.targets]) expect(datasource).toEqual(picked);
  });

  it.each(panels)('%s colours by the alerts\' thresholds', (_, panel) => {
    const allowed = new Set<number | null>([null, 1, ...Object.values(thresholds).flatMap(({ value }) => [value, -value])]);
    const steps = [panel.fieldConfig.defaults.thresholds, ...panel.fieldConfig.overrides.flatMap(({ properties }) => properties.filter(({ id }) => id === 'thresholds').map(({ value }) => value as { steps: { value: number | null }[] }))];
    for (const { value } of steps.flatMap((colours) => colours?.steps ?? [])) expect([...allowed]).toContain(value);
  });

  it.each(panels.filter(([, { type }]) => type === 'table'))('%s links its miners to their pages', (_, panel) => {
    const miner = panel.fieldConfig.overrides.find(({ matcher }) => matcher.options === 'miner');
    if (miner === undefined) return;
    const links = miner.properties.find(({ id }) => id === 'links')?.value as { url: string }[];
    expect(links.map(({ url }) => url)).toEqual([
      '/a/hashfleet-miningfleet-app/miner/${__data.fields.miner}',
      '/d/hashfleet-miner?var-datasource=${datasource}&var-miner=${__data.fields.miner}&${__url_time_range}',
    ]);
  });
});

describe('each query', () => {
  it.each(queries)('%s asks only for series of the catalogue, recorded ones, "up" and ALERTS', (_, { expr }) => {
    expect(metricsIn(expr).filter((metric) => !(metric in catalogue) && !records.has(metric) && !builtIn.has(metric))).toEqual([]);
    expect(metricsIn(expr).length).toBeGreaterThan(0);
  });

  it.each(queries)('%s selects by labels that the series have, with values of the closed sets', (_, { expr }) => {
    for (const [, metric, matchers] of expr.matchAll(/([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)) {
      for (const [, label, operator, value] of matchers!.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)) {
        if (Object.hasOwn(catalogue, metric!)) expect(['job', 'instance', ...labelNames(metric as SeriesName)]).toContain(label);
        const set = (labelValues as Record<string, readonly string[]>)[label!];
        if (set !== undefined && value !== '.+') expect(set).toEqual(expect.arrayContaining(operator!.endsWith('~') ? value!.split('|') : [value]));
      }
    }
  });

  it.each(queries)('%s takes rates of counters, and only of them', (_, { expr }) => {
    for (const metric of metricsIn(expr)) {
      const type = (catalogue as Record<string, Family>)[metric]?.type;
      const inRate = new RegExp(`\\b(rate|increase|changes)\\(${metric}\\b`).test(expr);
      if (type !== undefined) expect([metric, inRate]).toEqual([metric, type === 'counter']);
    }
  });

  it('uses $__rate_interval wherever it takes a rate', () => {
    for (const [, panel] of panels) for (const { expr } of panel.targets) for (const [, range] of expr.matchAll(/\brate\([^[]*\[([^\]]*)\]/g)) expect(range).toBe('$__rate_interval');
  });

  it('leaves no variable of Grafana behind', () => {
    for (const [, { expr }] of queries) expect(expr).not.toContain('$');
  });

  it('is understood by Prometheus', () => {
    const scratch = mkdtempSync(path.join(tmpdir(), 'hashfleet-dashboards-'));
    try {
      const file = path.join(scratch, 'queries.yml');
      // JSON is YAML too.
      writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules: queries.map(([, { expr }], index) => ({ record: `query_${index}`, expr })) }] }));
      const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
      if (error) throw new Error('promtool could not be started. Install it ("apt-get install prometheus" on Debian, or "npm test", which does) and put it on PATH.', { cause: error });
      expect([status, stderr]).toEqual([0, '']);
      expect(stdout).toContain(`${queries.length} rules found`);
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

describe('the runbooks', () => {
  const pages = path.join(home, '..', 'docs', 'runbooks');
  const titles = new Set(panels.map(([, { title }]) => title));

  it.each(readdirSync(pages))('%s names panels that exist', (page) => {
    const lines = readFileSync(path.join(pages, page), 'utf8').split('\n').filter((line) => /Dashboard (Miner|Fleet)/.test(line));
    const named = lines.flatMap((line) => [...line.replace(/`[^`]*`/g, '').matchAll(/"([A-Z][^"]*)"/g)].map(([, title]) => title!));
    expect(named.filter((title) => !titles.has(title))).toEqual([]);
  });
});
