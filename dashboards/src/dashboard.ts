/**
 * Lays panels out in rows of 24 columns and gives a dashboard its variables, links and annotations. The classic schema is
 * used on purpose: it can be imported everywhere, and Grafana 13 migrates it by itself.
 */
/* eslint-disable @typescript-eslint/no-deprecated */
import {
  DashboardBuilder, DashboardCursorSync, DashboardLinkBuilder, DashboardLinkType, DatasourceVariableBuilder, QueryVariableBuilder, RowBuilder,
  VariableRefresh, VariableSort, type AnnotationQuery, type Dashboard, type DashboardLink, type Panel, type RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { appId } from '../../alerting-rules/src/links.ts';
import type { Unplaced } from './panels.ts';
import { datasource, miners } from './queries.ts';

export interface Section {
  /** Without a title the panels stand at the top. */
  readonly title?: string;
  readonly collapsed?: boolean;
  readonly panels: readonly Unplaced[];
}

export interface Content {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly from: string;
  /** Whether the variable miner begins with all miners (the default) or with the first one. */
  readonly beginsWith?: 'all' | 'one';
  readonly sections: readonly Section[];
}

const columns = 24;

export function dashboard(content: Content): Dashboard {
  const made = new DashboardBuilder(content.title)
    .uid(content.uid).description(content.description).tags(['hashfleet']).timezone('browser').readonly()
    .time({ from: content.from, to: 'now' }).refresh('30s').tooltip(DashboardCursorSync.Crosshair)
    .variables([
      new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus').current({ selected: true, text: 'Hashfleet', value: 'hashfleet-prometheus' }),
      choice('site', 'label_values(miner_up, site)'),
      choice('model', 'label_values(miner_up{site=~"$site"}, model)'),
      choice('miner', 'label_values(miner_up{site=~"$site",model=~"$model"}, miner)', content.beginsWith ?? 'all'),
    ])
    .links([
      link('Fleet', '/d/hashfleet-fleet').keepTime(true).includeVars(true),
      // Not the miner: "All" is no value there, where one miner is looked at.
      link('Miner', '/d/hashfleet-miner?${site:queryparam}&${model:queryparam}').keepTime(true),
      link('Control', `/a/${appId}`),
    ])
    .build();
  // Links stand beside the title, not in the menu that this SDK puts them into.
  const links = made.links?.map((each) => Object.fromEntries(Object.entries(each).filter(([key]) => key !== 'placement')) as unknown as DashboardLink) ?? [];
  return { ...made, links, editable: false, annotations: { list: annotations }, panels: place(content.sections) };
}

const link = (title: string, url: string) => new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).icon('dashboard');

/** `one`: the first value is chosen and "All" is not offered, because its panels hold a few miners at most. */
const choice = (name: string, query: string, begins: 'all' | 'one' = 'all') => {
  const builder = new QueryVariableBuilder(name)
    .label(name.charAt(0).toUpperCase() + name.slice(1)).datasource(datasource)
    .query({ query, refId: name }).definition(query).refresh(VariableRefresh.OnTimeRangeChanged).sort(VariableSort.AlphabeticalAsc)
    .multi(true);
  return begins === 'one' ? builder.includeAll(false) : builder.includeAll(true).allValue('.+').current({ selected: true, text: ['All'], value: ['$__all'] });
};

/** Prometheus' annotations carry their query beside the fields that the SDK knows. */
const annotation = (name: string, iconColor: string, query: { expr: string; titleFormat: string }) => ({
  name, iconColor, datasource, enable: true, hide: false, ...query, step: '60s',
});

const annotations: AnnotationQuery[] = [
  annotation('Critical alerts', 'red', { expr: 'ALERTS{alertstate="firing",severity="critical",site=~"$site",miner=~"$miner"}', titleFormat: '{{alertname}} {{miner}}' }),
  annotation('Restarts of mining', 'blue', { expr: `changes(miner_restarts_total{${miners}}[2m]) > 0`, titleFormat: 'Restart of {{miner}}' }),
];

function place(sections: readonly Section[]): (Panel | RowPanel)[] {
  let id = 0;
  let y = 0;
  const placed: (Panel | RowPanel)[] = [];
  for (const { title, collapsed = false, panels } of sections) {
    const row = title === undefined ? undefined : { ...new RowBuilder(title).collapsed(collapsed).build(), id: ++id, gridPos: { x: 0, y, w: columns, h: 1 } };
    if (row !== undefined) {
      placed.push(row);
      y += 1;
    }
    let x = 0;
    let tallest = 0;
    const inside: Panel[] = [];
    for (const { width, height, panel } of panels) {
      if (x + width > columns) {
        y += tallest;
        x = 0;
        tallest = 0;
      }
      inside.push({ ...panel, id: ++id, gridPos: { x, y, w: width, h: height } });
      x += width;
      tallest = Math.max(tallest, height);
    }
    y += tallest;
    if (row !== undefined && collapsed) row.panels = inside;
    else placed.push(...inside);
  }
  return placed;
}
