/** The few kinds of panel that the dashboards are made of, with one look. Thresholds come from the alerts' table. */
import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode, BigValueGraphMode, BigValueTextMode, GraphDrawStyle, LegendDisplayMode, LegendPlacement, ReduceDataOptionsBuilder,
  SortOrder, StackingConfigBuilder, StackingMode, TooltipDisplayMode, VisibilityMode, VizLegendOptionsBuilder, VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { DashboardLinkBuilder, FieldColorBuilder, FieldColorModeId, ThresholdsConfigBuilder, ThresholdsMode, type DynamicConfigValue, type Panel, type ValueMapping } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as HeatmapBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { appId } from '../../alerting-rules/src/links.ts';
import { datasource } from './queries.ts';

/** Grafana's name of a unit; it scales SI prefixes itself. J/MH is none of Grafana's. */
export type Unit = 'Hs' | 'watt' | 'celsius' | 'percentunit' | 'rotrpm' | 'currencyUSD' | 's' | 'hertz' | 'volt' | 'short' | 'none' | 'cps' | 'suffix: J/MH' | 'bool_yes_no' | 'dateTimeFromNow';

/** Colour from a value on; the first is the colour below all. */
export type Step = readonly [color: string, from: number | null];

export interface Look {
  readonly title: string;
  /** What the panel shows, of what, and what to make of it. */
  readonly description: string;
  readonly unit: Unit;
  /** Columns of 24, and rows. */
  readonly width: number;
  readonly height: number;
  readonly queries: readonly Builder<Dataquery>[];
  readonly steps?: readonly Step[];
  readonly decimals?: number;
  /** Text in place of data. */
  readonly noData?: string;
}

type Made = Builder<Panel>;
export interface Unplaced { readonly width: number; readonly height: number; readonly panel: Panel }

const plain: readonly Step[] = [['text', null]];
const usualNoData = 'No data: not read yet, or not known for these miners';

const stepsOf = (steps: readonly Step[]) => new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps.map(([color, value]) => ({ color, value })));

/** Links of a series: to the miner's page in the app, and to its dashboard with time and data source kept. */
const links = (miner: string) => [
  new DashboardLinkBuilder('Control this miner').url(`/a/${appId}/miner/${miner}`),
  new DashboardLinkBuilder('Dashboard of this miner').url(`/d/hashfleet-miner?var-datasource=\${datasource}&var-miner=${miner}&\${__url_time_range}`),
];
const ofSeries = links('${__field.labels.miner}');
const ofRow = links('${__data.fields.miner}');

/** Queries are named A, B, C, …: tables call their columns `Value #A`. */
function done(look: Look, builder: Made): Unplaced {
  const panel = builder.build();
  const targets = panel.targets?.map((target, index) => ({ ...target, refId: String.fromCharCode(65 + index) }));
  return { width: look.width, height: look.height, panel: { ...panel, ...(targets && { targets }) } };
}

export interface StatLook extends Look {
  /** `name` shows the legend instead of the value. */
  readonly show?: 'value' | 'name' | 'both';
  readonly byMiner?: boolean;
}

export function stat(look: StatLook): Unplaced {
  const shown = { value: BigValueTextMode.Value, name: BigValueTextMode.Name, both: BigValueTextMode.ValueAndName }[look.show ?? 'value'];
  const builder = new StatBuilder()
    .title(look.title).description(look.description).datasource(datasource).unit(look.unit).targets([...look.queries])
    .noValue(look.noData ?? 'unknown').thresholds(stepsOf(look.steps ?? plain)).colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .colorMode(look.steps === undefined ? BigValueColorMode.None : BigValueColorMode.Value).graphMode(BigValueGraphMode.None).textMode(shown)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false));
  if (look.decimals !== undefined) builder.decimals(look.decimals);
  if (look.byMiner === true) builder.dataLinks(ofSeries);
  return done(look, builder);
}

export interface GraphLook extends Look {
  readonly stacked?: boolean;
  readonly byMiner?: boolean;
  readonly min?: number;
  readonly max?: number;
  /** Legends of lines that are a promise, drawn dashed and grey behind what is. */
  readonly promised?: readonly string[];
}

export function graph(look: GraphLook): Unplaced {
  const builder = new TimeseriesBuilder()
    .title(look.title).description(look.description).datasource(datasource).unit(look.unit).targets([...look.queries])
    .noValue(look.noData ?? usualNoData).drawStyle(GraphDrawStyle.Line).lineWidth(1).fillOpacity(look.stacked === true ? 40 : 5)
    .showPoints(VisibilityMode.Never).spanNulls(false).thresholds(stepsOf(look.steps ?? plain))
    .legend(new VizLegendOptionsBuilder().displayMode(LegendDisplayMode.List).placement(LegendPlacement.Bottom).showLegend(true))
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending));
  if (look.steps !== undefined) builder.thresholdsStyle({ build: () => ({ mode: 'dashed' as never }) });
  if (look.stacked === true) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (look.min !== undefined) builder.min(look.min);
  if (look.max !== undefined) builder.max(look.max);
  if (look.decimals !== undefined) builder.decimals(look.decimals);
  if (look.byMiner === true) builder.dataLinks(ofSeries);
  for (const name of look.promised ?? []) {
    builder.overrideByName(name, [
      { id: 'color', value: { mode: 'fixed', fixedColor: 'text' } },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
  }
  return done(look, builder);
}

export interface Column {
  /** Name of the field: a label, or `Value`, with several queries `Value #A`. */
  readonly field: string;
  readonly title: string;
  readonly unit?: Unit;
  readonly steps?: readonly Step[];
  readonly decimals?: number;
  /** Pixels; shared out evenly when left out. */
  readonly width?: number;
}

export interface TableLook extends Omit<Look, 'unit' | 'steps' | 'decimals'> {
  readonly columns: readonly Column[];
}

/** A table of labels and values; columns that are not named are left out. A column `miner` links to the miner. */
export function table(look: TableLook): Unplaced {
  const builder = new TableBuilder()
    // Narrow columns share the panel; the default of 150 pixels pushes the last ones out of it.
    .minWidth(50)
    .title(look.title).description(look.description).datasource(datasource).targets([...look.queries]).noValue(look.noData ?? usualNoData)
    // Rows of several queries merge only where all remaining labels agree, so the filter comes first.
    .withTransformation({ id: 'filterFieldsByName', options: { include: { names: look.columns.map(({ field }) => field) } } })
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'organize', options: { indexByName: Object.fromEntries(look.columns.map(({ field }, index) => [field, index])) } });
  for (const { field, title, unit, steps, decimals, width } of look.columns) {
    // The panel's own text for no data would stand in every empty cell.
    const properties: DynamicConfigValue[] = [{ id: 'displayName', value: title }, { id: 'noValue', value: '–' }];
    if (width !== undefined) properties.push({ id: 'custom.width', value: width });
    if (unit !== undefined) properties.push({ id: 'unit', value: unit });
    if (decimals !== undefined) properties.push({ id: 'decimals', value: decimals });
    if (steps !== undefined) {
      properties.push({ id: 'thresholds', value: stepsOf(steps).build() }, { id: 'color', value: { mode: 'thresholds' } }, { id: 'custom.cellOptions', value: { type: 'color-text' } });
    }
    if (field === 'miner') properties.push({ id: 'links', value: ofRow.map((link) => link.build()) });
    builder.overrideByName(field, properties);
  }
  return done({ ...look, unit: 'none' }, builder);
}

export function heatmap(look: Look): Unplaced {
  return done(look, new HeatmapBuilder()
    .title(look.title).description(look.description).datasource(datasource).unit(look.unit).targets([...look.queries])
    .noValue(look.noData ?? usualNoData).calculate(true).showLegend());
}

/** Bands of time, one a series, coloured where the value is 1. */
export function timeline(look: Look & { readonly mappings: ValueMapping[] }): Unplaced {
  return done(look, new TimelineBuilder()
    .title(look.title).description(look.description).datasource(datasource).unit(look.unit).targets([...look.queries])
    .noValue(look.noData ?? usualNoData).mappings(look.mappings).mergeValues(true).showValue(VisibilityMode.Never).lineWidth(0).dataLinks(ofSeries));
}
