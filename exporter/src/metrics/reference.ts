import { catalogue, labelNames, type Family, type SeriesName } from './catalogue.ts';

/** docs/metrics.md: every series in a table, made from the catalogue. */
export function seriesReference(): string {
  const rows = (Object.entries(catalogue) as [SeriesName, Family][]).map(([name, { type, help, source, page }]) => `| \`${name}\` | ${type} | ${labelNames(name).join(', ')} | ${help}${page === undefined ? '' : ` On /metrics/${page}.`} | ${source.replaceAll('|', '\\|')} |`);
  return [
    '# Series', '',
    'Made from `exporter/src/metrics/catalogue.ts` by `hashfleet series`; do not edit by hand. Values are in base units;',
    'what a miner does not say is absent, and measurements are gone three intervals after the last success.', '',
    '| series | type | labels | what it is | from |', '| --- | --- | --- | --- | --- |', ...rows, '',
  ].join('\n');
}
