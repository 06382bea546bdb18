import { t } from '@grafana/i18n';
import { EmbeddedScene, SceneCSSGridItem, SceneCSSGridLayout, SceneTimeRange, VizPanel } from '@grafana/scenes';
import { PANEL_IDS, PLUGIN_BASE_URL, ROUTES } from '../constants';
import { prometheus, promData, units } from './parts';
import { moneyQueries } from './promQueries';

/** Where the money of a day goes, and what pools do not credit. */
export function moneyScene(dataSourceUid: string | undefined): EmbeddedScene {
  const source = prometheus(dataSourceUid);
  const waterfall = new VizPanel({
    title: t('money.waterfall', 'Where the money of a day goes'),
    description: t('money.waterfall-description', 'At the present rate, of miners that hash: income as it would be at the hashrate of their presets, what is lost to a lower one, and power.'),
    pluginId: PANEL_IDS.waterfall,
    $data: promData(source, [
      { expr: moneyQueries.potential, instant: true, legend: t('money.potential', 'At preset hashrate') },
      { expr: moneyQueries.lost, instant: true, legend: t('money.lost', 'Lower hashrate') },
      { expr: moneyQueries.power, instant: true, legend: t('money.power', 'Power') },
    ]),
    options: { totalName: t('money.net', 'Profit') },
    fieldConfig: { defaults: { unit: units.money, decimals: 2 }, overrides: [] },
  });
  const gap = new VizPanel({
    title: t('money.gap', 'Work that pools do not credit'),
    description: t('money.gap-description', 'What fee, refused and late shares do not explain. The line is what luck leaves possible, the band what is tolerated.'),
    pluginId: PANEL_IDS.poolGap,
    $data: promData(source, [
      { expr: moneyQueries.gap, instant: true, legend: '{{miner}}' },
      { expr: moneyQueries.gapLow, instant: true, legend: '{{miner}}' },
      { expr: moneyQueries.gapHigh, instant: true, legend: '{{miner}}' },
    ]),
    fieldConfig: {
      defaults: { unit: units.ratio, decimals: 1, links: [{ title: t('fleet.open-miner', 'Open miner'), url: `${PLUGIN_BASE_URL}/${ROUTES.miner}/\${__field.labels.miner}?tab=pool` }] },
      overrides: [],
    },
  });
  return new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from: 'now-1h', to: 'now' }),
    body: new SceneCSSGridLayout({
      templateColumns: 'repeat(auto-fit, minmax(min(460px, 100%), 1fr))',
      autoRows: '300px',
      rowGap: 1,
      columnGap: 1,
      children: [waterfall, gap].map((body) => new SceneCSSGridItem({ body })),
    }),
  });
}
