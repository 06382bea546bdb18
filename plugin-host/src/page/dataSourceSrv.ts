import { type DataQuery, type DataSourceInstanceSettings, type DataSourceRef, type MetricFindValue, type ScopedVars } from '@grafana/data';
import { config, DataSourceWithBackend } from '@grafana/runtime';
import { findMetrics } from './metricFind';
import { interpolate } from './templateSrv';

interface PrometheusQuery extends DataQuery {
  expr?: string;
  legendFormat?: string;
}

/** Speaks Grafana's own query wire format; the host's server answers it from a real Prometheus. */
class PrometheusOverDsQuery extends DataSourceWithBackend<PrometheusQuery> {
  filterQuery(query: PrometheusQuery): boolean {
    return Boolean(query.expr) && query.hide !== true;
  }
  applyTemplateVariables(query: PrometheusQuery, scopedVars: ScopedVars): PrometheusQuery {
    return { ...query, expr: interpolate(query.expr, scopedVars), legendFormat: interpolate(query.legendFormat, scopedVars) };
  }
  interpolateVariablesInQueries(queries: PrometheusQuery[], scopedVars: ScopedVars): PrometheusQuery[] {
    return queries.map((query) => this.applyTemplateVariables(query, scopedVars));
  }
  async metricFindQuery(query: string | { query?: string }, options?: { scopedVars?: ScopedVars }): Promise<MetricFindValue[]> {
    const text = interpolate(typeof query === 'string' ? query : query.query, options?.scopedVars);
    return (await findMetrics(this.uid, text)).map((value) => ({ text: value, value }));
  }
}

const opened = new Map<string, PrometheusOverDsQuery>();
const all = (): DataSourceInstanceSettings[] => Object.values(config.datasources);

function settingsOf(ref?: DataSourceRef | string | null): DataSourceInstanceSettings | undefined {
  const id = typeof ref === 'string' ? ref : (ref?.uid ?? ref?.type);
  if (!id || id === 'default') {
    return all().find((one) => one.isDefault);
  }
  return all().find((one) => one.uid === id || one.name === id || one.type === id) ?? (id.startsWith('$') ? all()[0] : undefined);
}

export const dataSourceSrv = {
  async get(ref?: DataSourceRef | string | null) {
    const settings = settingsOf(ref);
    if (!settings) {
      throw new Error(`Data source ${typeof ref === 'string' ? ref : (ref?.uid ?? '')} was not found`);
    }
    const existing = opened.get(settings.uid) ?? new PrometheusOverDsQuery(settings);
    opened.set(settings.uid, existing);
    return existing;
  },
  getInstanceSettings: settingsOf,
  getList: (filters: { type?: string | string[] } = {}) => {
    const types = filters.type === undefined ? undefined : [filters.type].flat();
    return all().filter((one) => !types || types.includes(one.type));
  },
  reload: () => undefined,
  registerRuntimeDataSource: () => undefined,
};
