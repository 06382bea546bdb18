import { MappingType, ThresholdsMode, type ValueMapping } from '@grafana/data';
import { t } from '@grafana/i18n';
import { config } from '@grafana/runtime';
import {
  CustomVariable, EmbeddedScene, PanelBuilders, QueryVariable, SceneControlsSpacer, SceneCSSGridItem, SceneCSSGridLayout, SceneDataTransformer, SceneRefreshPicker,
  SceneTimePicker, SceneTimeRange, SceneVariableSet, TextBoxVariable, VariableValueSelectors, VizPanel, sceneGraph, type SceneObject,
} from '@grafana/scenes';
import { BigValueGraphMode, BigValueTextMode, VizOrientation } from '@grafana/schema';
import { PANEL_IDS, PLUGIN_BASE_URL, ROUTES } from '../constants';
import { fleetQueries, gridCodes, gridGroups, gridQuery, worstQueries } from './promQueries';
import { limits, prometheus, promData, units } from './parts';

const refreshIntervals = ['10s', '30s', '1m', '5m', '15m'];

const steps = (...list: Array<[number, string]>) => ({
  mode: ThresholdsMode.Absolute,
  steps: list.map(([value, color]) => ({ value, color })),
});

interface Tones {
  good: string;
  warning: string;
  bad: string;
}

/** Colours for areas, which carry a text of their own. */
const areaTones: Tones = { good: 'green', warning: 'orange', bad: 'red' };

/** Colours for the numbers themselves: those of the palette are too pale to read on white. */
const textTones = (): Tones => {
  const { success, warning, error } = config.theme2.colors;
  return { good: success.text, warning: warning.text, bad: error.text };
};

const ratioThresholds = ({ good, warning, bad }: Tones) =>
  steps([-Infinity, bad], [limits.hashrateRatio.warning, warning], [limits.hashrateRatio.good, good]);

const gridMappings = (): ValueMapping[] => [
  {
    type: MappingType.ValueToText,
    options: {
      [gridCodes.offline]: { text: t('grid.offline', 'offline'), color: 'red', index: 0 },
      [gridCodes.noRate]: { text: t('grid.no-rate', 'no rate'), color: 'text', index: 1 },
    },
  },
];

/** The fleet at a glance: seven numbers, a cell per miner, the ten worst, and the course of hashrate and power. */
export function fleetScene(dataSourceUid: string | undefined): EmbeddedScene {
  const source = prometheus(dataSourceUid);
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: 'now-6h', to: 'now' }),
    $variables: new SceneVariableSet({
      variables: [
        labelVariable(source, 'site', t('fleet.site', 'Site')),
        labelVariable(source, 'model', t('fleet.model', 'Model')),
        new TextBoxVariable({ name: 'search', label: t('fleet.search', 'Name'), value: '' }),
        new CustomVariable({
          name: 'group', label: t('fleet.group', 'Group by'),
          query: gridGroups.map((group) => `${groupName(group)} : ${group}`).join(', '),
          value: 'site', text: groupName('site'),
        }),
      ],
    }),
    controls: [
      new VariableValueSelectors({}),
      new SceneControlsSpacer(),
      new SceneTimePicker({ isOnCanvas: true }),
      new SceneRefreshPicker({ withText: true, refresh: '30s', intervals: refreshIntervals, isOnCanvas: true }),
    ],
    body: new SceneCSSGridLayout({
      templateColumns: 'minmax(0, 1fr)',
      autoRows: 'max-content',
      rowGap: 1,
      children: [
        new SceneCSSGridLayout({
          templateColumns: 'repeat(auto-fit, minmax(118px, 1fr))',
          autoRows: '104px',
          rowGap: 1,
          columnGap: 1,
          children: statPanels(source),
        }),
        new SceneCSSGridLayout({
          templateColumns: 'repeat(auto-fit, minmax(min(480px, 100%), 1fr))',
          autoRows: '330px',
          rowGap: 1,
          columnGap: 1,
          children: [gridPanel(source), worstPanel(source), statesPanel(source), boardsPanel(source), hashratePanel(source), powerPanel(source)],
        }),
      ],
    }),
  });
}

type Source = ReturnType<typeof prometheus>;

const labelVariable = (source: Source, name: 'site' | 'model', label: string) =>
  new QueryVariable({
    name, label, datasource: source, query: { refId: name, query: `label_values(miner_up, ${name})` },
    isMulti: true, includeAll: true, allValue: '.*', value: '$__all', text: 'All',
  });

const groupName = (group: (typeof gridGroups)[number]): string =>
  ({ site: t('fleet.group-site', 'Site'), rack: t('fleet.group-rack', 'Rack'), circuit: t('fleet.group-circuit', 'Circuit'), model: t('fleet.group-model', 'Model') })[group];

/** The panel takes its grouping from an option; this keeps it equal to the variable. */
function groupByVariable(panel: SceneObject): (() => void) | void {
  const variable = sceneGraph.lookupVariable('group', panel);
  if (!(panel instanceof VizPanel) || variable === null) {
    return undefined;
  }
  const follow = (): void => panel.setState({ options: { ...panel.state.options, groupBy: String(variable.getValue() ?? 'site') } });
  follow();
  const subscription = variable.subscribeToState(follow);
  return () => subscription.unsubscribe();
}

function statPanels(source: Source) {
  const tones = textTones();
  const stat = (title: string, targets: Parameters<typeof promData>[1]) =>
    PanelBuilders.stat()
      .setTitle(title)
      .setData(promData(source, targets.map((target) => ({ ...target, instant: true }))))
      .setOption('graphMode', BigValueGraphMode.None);
  return [
    stat(t('fleet.hashrate', 'Hashrate'), [{ expr: fleetQueries.hashrate }])
      .setDescription(t('fleet.hashrate-description', 'Sum of what the miners hash now.'))
      .setUnit(units.hashrate).setDecimals(2)
      .setColor({ mode: 'fixed', fixedColor: 'text' }).build(),
    stat(t('fleet.of-preset', 'Of nominal'), [{ expr: fleetQueries.ofPreset }])
      .setDescription(t('fleet.of-preset-description', 'Average hashrate relative to what the presets promise.'))
      .setUnit(units.ratio).setDecimals(1).setThresholds(ratioThresholds(tones)).build(),
    stat(t('fleet.power', 'Power'), [{ expr: fleetQueries.power }])
      .setUnit(units.power).setDecimals(2).setColor({ mode: 'fixed', fixedColor: 'text' }).build(),
    stat(t('fleet.efficiency', 'Efficiency'), [{ expr: fleetQueries.efficiency }])
      .setDescription(t('fleet.efficiency-description', 'Energy per million hashes; less is better.'))
      .setUnit(units.efficiency).setDecimals(3).setColor({ mode: 'fixed', fixedColor: 'text' }).build(),
    stat(t('fleet.up', 'Miners up'), [
      { expr: fleetQueries.minersUp, legend: t('fleet.up-now', 'Up') },
      { expr: fleetQueries.minersExpected, legend: t('fleet.up-expected', 'Expected') },
    ])
      .setOption('textMode', BigValueTextMode.ValueAndName).setOption('orientation', VizOrientation.Vertical)
      .setColor({ mode: 'fixed', fixedColor: 'text' }).build(),
    stat(t('fleet.alerts', 'Alerts firing'), [{ expr: fleetQueries.alertsFiring }])
      .setThresholds(steps([-Infinity, tones.good], [1, tones.bad])).build(),
    stat(t('fleet.profit', 'Profit / day'), [{ expr: fleetQueries.profit }])
      .setDescription(t('fleet.profit-description', 'Income less power cost at the present rate.'))
      .setUnit(units.money).setDecimals(2).setThresholds(steps([-Infinity, tones.bad], [0, tones.good])).build(),
    stat(t('fleet.age', 'Data age'), [{ expr: fleetQueries.dataAge }])
      .setDescription(t('fleet.age-description', 'Time since the newest successful reading of any miner.'))
      .setUnit(units.seconds).setDecimals(0)
      .setThresholds(steps([-Infinity, tones.good], [limits.dataAgeSeconds.warning, tones.warning], [limits.dataAgeSeconds.bad, tones.bad])).build(),
  ].map((body) => new SceneCSSGridItem({ body }));
}

const minerLink = () => ({
  title: t('fleet.open-miner', 'Open miner'),
  url: `${PLUGIN_BASE_URL}/${ROUTES.miner}/\${__field.labels.miner}`,
});

const gridPanel = (source: Source) =>
  new SceneCSSGridItem({
    body: new VizPanel({
      title: t('fleet.grid', 'Miners by hashrate of preset'),
      pluginId: PANEL_IDS.fleetGrid,
      $data: promData(source, [{ expr: gridQuery, instant: true, legend: '{{miner}}' }]),
      $behaviors: [groupByVariable],
      options: { groupBy: 'site', showName: true, showValue: true },
      fieldConfig: {
        defaults: { unit: units.ratio, decimals: 0, thresholds: ratioThresholds(areaTones), mappings: gridMappings(), links: [minerLink()] },
        overrides: [],
      },
    }),
  });

const statesPanel = (source: Source) =>
  new SceneCSSGridItem({
    body: new VizPanel({
      title: t('fleet.states', 'States'),
      description: t('fleet.states-description', 'A row per miner, its states over time. Drag to zoom.'),
      pluginId: PANEL_IDS.fleetStates,
      $data: promData(source, [{ expr: fleetQueries.states, legend: '{{miner}} {{state}}' }]),
      options: { sortBy: 'trouble' },
      fieldConfig: { defaults: {}, overrides: [] },
    }),
  });

const boardsPanel = (source: Source) =>
  new SceneCSSGridItem({
    body: new VizPanel({
      title: t('fleet.boards', 'Boards by hashrate of nominal'),
      pluginId: PANEL_IDS.boardStrip,
      $data: promData(source, [
        { expr: fleetQueries.boardRatio, instant: true, legend: '{{miner}} {{board}}' },
        { expr: fleetQueries.boardTemperature, instant: true, legend: t('fleet.board-chip', 'Hottest chip (°C)') },
      ]),
      options: { sortBy: 'worst' },
      fieldConfig: { defaults: { unit: units.ratio, decimals: 0, thresholds: ratioThresholds(areaTones), links: [minerLink()] }, overrides: [{ matcher: { id: 'byFrameRefID', options: 'B' }, properties: [{ id: 'unit', value: units.temperature }] }] },
    }),
  });

function worstPanel(source: Source) {
  const { ratio, hashrate, power, efficiency, chipTemperature } = worstQueries;
  const data = new SceneDataTransformer({
    $data: promData(source, [ratio, hashrate, power, efficiency, chipTemperature].map((expr) => ({ expr, instant: true, table: true }))),
    transformations: [
      { id: 'merge', options: {} },
      {
        id: 'organize',
        options: {
          excludeByName: { Time: true, model: true },
          indexByName: { miner: 0, site: 1, 'Value #A': 2, 'Value #B': 3, 'Value #C': 4, 'Value #D': 5, 'Value #E': 6 },
          renameByName: {
            miner: t('worst.miner', 'Miner'), site: t('worst.site', 'Site'),
            'Value #A': t('worst.ratio', '% of preset'), 'Value #B': t('worst.hashrate', 'Hashrate'), 'Value #C': t('worst.power', 'Power'),
            'Value #D': t('worst.efficiency', 'J/MH'), 'Value #E': t('worst.chip', 'Chip max'),
          },
        },
      },
      { id: 'sortBy', options: { sort: [{ field: t('worst.ratio', '% of preset'), desc: false }] } },
    ],
  });
  return new SceneCSSGridItem({
    body: PanelBuilders.table()
      .setTitle(t('worst.title', 'Ten lowest by hashrate of preset'))
      .setData(data)
      .setOverrides((overrides) =>
        overrides
          .matchFieldsWithName(t('worst.ratio', '% of preset'))
          .overrideUnit(units.ratio).overrideDecimals(1)
          .overrideCustomFieldConfig('width', 95)
          .matchFieldsWithName(t('worst.hashrate', 'Hashrate'))
          .overrideUnit(units.hashrate).overrideDecimals(2)
          .overrideCustomFieldConfig('width', 95)
          .matchFieldsWithName(t('worst.power', 'Power'))
          .overrideUnit(units.power).overrideDecimals(2)
          .overrideCustomFieldConfig('width', 76)
          .matchFieldsWithName(t('worst.efficiency', 'J/MH'))
          .overrideDecimals(3)
          .overrideCustomFieldConfig('width', 65)
          .matchFieldsWithName(t('worst.chip', 'Chip max'))
          .overrideUnit(units.temperature).overrideDecimals(0)
          .overrideCustomFieldConfig('width', 78)
          .matchFieldsWithName(t('worst.site', 'Site'))
          .overrideCustomFieldConfig('width', 80)
          .matchFieldsWithName(t('worst.miner', 'Miner'))
          .overrideCustomFieldConfig('width', 75)
          .overrideLinks([
            { title: t('fleet.open-miner', 'Open miner'), url: `${PLUGIN_BASE_URL}/${ROUTES.miner}/\${__value.text}` },
          ])
      )
      .build(),
  });
}

const hashratePanel = (source: Source) =>
  new SceneCSSGridItem({
    body: PanelBuilders.timeseries()
      .setTitle(t('fleet.hashrate-course', 'Hashrate by site'))
      .setData(promData(source, [
        { expr: fleetQueries.hashrateBySite, legend: '{{site}}' },
        { expr: fleetQueries.presetHashrate, legend: t('fleet.promised', 'Promised by presets') },
      ]))
      .setUnit(units.hashrate).setMin(0).setCustomFieldConfig('fillOpacity', 10)
      .build(),
  });

const powerPanel = (source: Source) =>
  new SceneCSSGridItem({
    body: PanelBuilders.timeseries()
      .setTitle(t('fleet.power-course', 'Power by site'))
      .setData(promData(source, [
        { expr: fleetQueries.powerBySite, legend: '{{site}}' },
        { expr: fleetQueries.presetPower, legend: t('fleet.promised', 'Promised by presets') },
      ]))
      .setUnit(units.power).setMin(0).setCustomFieldConfig('fillOpacity', 10)
      .build(),
  });
