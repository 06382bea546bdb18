import { MappingType, ThresholdsMode } from '@grafana/data';
import { t } from '@grafana/i18n';
import {
  EmbeddedScene, PanelBuilders, SceneControlsSpacer, SceneCSSGridItem, SceneCSSGridLayout, SceneRefreshPicker, SceneTimePicker, SceneTimeRange, VizPanel,
} from '@grafana/scenes';
import { stateName } from '../components/minerCondition';
import { PANEL_IDS } from '../constants';
import { minerQueries, statesInTimeline } from './promQueries';
import { limits, prometheus, promData, units, type PromTarget } from './parts';

const stateColors: Record<(typeof statesInTimeline)[number], string> = {
  mining: 'green',
  initializing: 'blue',
  starting: 'light-blue',
  'auto-tuning': 'purple',
  restarting: 'yellow',
  'shutting-down': 'orange',
  stopped: '#808080',
  failure: 'red',
};

/** The courses of one miner; its live state stands above, from the API. */
export function minerScene(miner: string, dataSourceUid: string | undefined): EmbeddedScene {
  const { hashrate, power, efficiency, states, money, temperature } = minerPanels(miner, dataSourceUid);
  return coursesScene([hashrate, power, temperature, efficiency, states, money]);
}

/** The courses of its boards, fans and heat. */
export function hardwareScene(miner: string, dataSourceUid: string | undefined): EmbeddedScene {
  const { boards, temperature, fans } = minerPanels(miner, dataSourceUid);
  return coursesScene([chipMap(miner, dataSourceUid), boards, temperature, fans]);
}

const chipMap = (miner: string, dataSourceUid: string | undefined): VizPanel =>
  new VizPanel({
    title: t('miner.chips', 'Hashrate of each chip against its board'),
    description: t('miner.chips-description', 'Green is near the median of its board, orange and red are below, blue is above. Chips are read every minute.'),
    pluginId: PANEL_IDS.chipMap,
    $data: promData(prometheus(dataSourceUid), [{ expr: minerQueries(miner).chipHashrate, instant: true, table: true }]),
    options: { colorBy: 'deviation', tolerance: 0.1 },
    fieldConfig: { defaults: { unit: units.hashrate, decimals: 1 }, overrides: [] },
  });

function minerPanels(miner: string, dataSourceUid: string | undefined) {
  const source = prometheus(dataSourceUid);
  const queries = minerQueries(miner);
  const course = (title: string, unit: string, targets: PromTarget[]) =>
    PanelBuilders.timeseries().setTitle(title).setUnit(unit).setData(promData(source, targets));
  const hot = {
    mode: ThresholdsMode.Absolute,
    steps: [
      { value: -Infinity, color: 'green' },
      { value: limits.chipCelsius.warning, color: 'orange' },
      { value: limits.chipCelsius.bad, color: 'red' },
    ],
  };
  const panels = {
    hashrate: course(t('miner.hashrate', 'Hashrate and what the preset promises'), units.hashrate, [
      { expr: queries.hashrate, legend: t('miner.now', 'Now') },
      { expr: queries.hashrateAverage, legend: t('miner.average', 'Average') },
      { expr: queries.presetHashrate, legend: t('miner.preset', 'Preset') },
      { expr: queries.poolHashrate, legend: t('miner.pool', 'Seen by {{pool}}', { pool: '{{pool}}' }) },
    ]).setMin(0).build() as VizPanel,
    boards: course(t('miner.boards', 'Hashrate by board'), units.hashrate, [
      { expr: queries.boardHashrate, legend: t('miner.board', 'Board {{board}}', { board: '{{board}}' }) },
    ]).setMin(0).build() as VizPanel,
    temperature: course(t('miner.temperature', 'Temperature'), units.temperature, [
      { expr: queries.temperature, legend: t('miner.hottest', 'Hottest {{sensor}}', { sensor: '{{sensor}}' }) },
      { expr: queries.boardChipTemperature, legend: t('miner.board-chip', 'Board {{board}} chip', { board: '{{board}}' }) },
    ]).setThresholds(hot).build() as VizPanel,
    fans: course(t('miner.fans', 'Fans'), units.fan, [
      { expr: queries.fanSpeed, legend: t('miner.fan', 'Fan {{fan}}', { fan: '{{fan}}' }) },
    ]).setMin(0).build() as VizPanel,
    power: course(t('miner.power', 'Power'), units.power, [
      { expr: queries.power, legend: t('miner.now', 'Now') },
      { expr: queries.presetPower, legend: t('miner.preset', 'Preset') },
    ]).setMin(0).build() as VizPanel,
    efficiency: course(t('miner.efficiency', 'Efficiency'), units.efficiency, [{ expr: queries.efficiency, legend: t('miner.now', 'Now') }])
      .setDecimals(3).build() as VizPanel,
    states: PanelBuilders.statetimeline()
      .setTitle(t('miner.states', 'State'))
      .setData(promData(source, [{ expr: queries.state, legend: t('miner.states', 'State') }]))
      .setMappings([
        {
          type: MappingType.ValueToText,
          options: Object.fromEntries(
            statesInTimeline.map((state, index) => [String(index + 1), { text: stateName(state), color: stateColors[state], index }])
          ),
        },
      ])
      .setColor({ mode: 'thresholds' })
      .build() as VizPanel,
    money: course(t('miner.money', 'Money per day'), units.money, [
      { expr: queries.revenue, legend: `${t('miner.revenue', 'Income')} ({{basis}})` },
      { expr: queries.powerCost, legend: t('miner.cost', 'Power cost') },
      { expr: queries.profit, legend: t('miner.profit', 'Profit') },
    ]).build() as VizPanel,
  };
  return panels;
}

function coursesScene(panels: VizPanel[]): EmbeddedScene {
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: 'now-6h', to: 'now' }),
    controls: [
      new SceneControlsSpacer(),
      new SceneTimePicker({ isOnCanvas: true }),
      new SceneRefreshPicker({ withText: true, refresh: '30s', intervals: ['10s', '30s', '1m', '5m', '15m'], isOnCanvas: true }),
    ],
    body: new SceneCSSGridLayout({
      templateColumns: 'repeat(auto-fit, minmax(min(460px, 100%), 1fr))',
      autoRows: '280px',
      rowGap: 1,
      columnGap: 1,
      children: panels.map((body) => new SceneCSSGridItem({ body })),
    }),
  });
}
