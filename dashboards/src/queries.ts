/** Selectors that every query shares, and how a query is asked. */
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';

/** Chosen sites; for recorded sums, which know no miner. */
export const sites = 'site=~"$site"';
/** Chosen miners; for the exporter's own series. */
export const miners = 'site=~"$site",model=~"$model",miner=~"$miner"';

/** The data source that the reader picks; see the variable in dashboard.ts. */
export const datasource = { type: 'prometheus', uid: '${datasource}' };

/** Over time, one line a series. */
export const line = (expr: string, legend: string) => new DataqueryBuilder().datasource(datasource).expr(expr).legendFormat(legend).range();

/** The value now. */
export const now = (expr: string, legend = '') => new DataqueryBuilder().datasource(datasource).expr(expr).legendFormat(legend).instant();

/** A row of a table a series, with its labels as columns. */
export const rows = (expr: string) => new DataqueryBuilder().datasource(datasource).expr(expr).format(PromQueryFormat.Table).instant();

/** A row of a heat map a series. */
export const spread = (expr: string) => new DataqueryBuilder().datasource(datasource).expr(expr).legendFormat('{{miner}}').range();

/** Sum over the chosen sites of a series that alerting-rules/recording.yml records. */
export const sumOfSites = (metric: string) => `sum(site:${metric}:sum{${sites}})`;
