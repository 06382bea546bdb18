import { getBackendSrv } from '@grafana/runtime';

interface SeriesReply { data: Array<Record<string, string>> }
interface ValuesReply { data: string[] }
interface QueryReply { data: { result: Array<{ metric: Record<string, string>; value: [number, string] }> } }

/** Variable queries of the Prometheus data source: label_values(), label_names(), metrics() and query_result(). */
export async function findMetrics(dataSourceUid: string, query: string): Promise<string[]> {
  const get = <T>(path: string, params: Record<string, string> = {}): Promise<T> =>
    getBackendSrv().get(`/api/datasources/uid/${dataSourceUid}/resources/api/v1/${path}`, params, undefined, { showErrorAlert: false });
  const values = /^label_values\((?:([^]+),)?\s*(\w+)\s*\)$/.exec(query.trim());
  if (values?.[2]) {
    const [, selector, label] = values;
    if (!selector) {
      return (await get<ValuesReply>(`label/${label}/values`)).data;
    }
    const { data } = await get<SeriesReply>('series', { 'match[]': selector.trim() });
    return [...new Set(data.flatMap((series) => series[label!] ?? []))].sort();
  }
  const names = /^metrics\((.*)\)$/.exec(query.trim());
  if (names) {
    return (await get<ValuesReply>('label/__name__/values')).data.filter((name) => new RegExp(names[1] ?? '').test(name));
  }
  if (/^label_names\(\s*\)$/.test(query.trim())) {
    return (await get<ValuesReply>('labels')).data;
  }
  const result = /^query_result\(([^]*)\)$/.exec(query.trim());
  if (result?.[1]) {
    const { data } = await get<QueryReply>('query', { query: result[1] });
    return data.result.map(({ metric: { __name__: name = '', ...labels }, value }) =>
      `${name}{${Object.entries(labels).map(([key, text]) => `${key}="${text}"`).join(',')}} ${value[1]} ${value[0] * 1000}`
    );
  }
  throw new Error(`The plugin host does not know the variable query "${query}"`);
}
