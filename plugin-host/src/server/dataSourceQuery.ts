/*
 * POST /api/ds/query, answered from a real Prometheus in Grafana's data frame JSON: the work of Grafana's Prometheus
 * data source back end, reduced to what panels of this project ask (range, instant, table format, legend, macros).
 */

export interface PrometheusTarget {
  refId: string;
  expr?: string;
  instant?: boolean;
  range?: boolean;
  format?: 'time_series' | 'table' | 'heatmap';
  legendFormat?: string;
  intervalMs?: number;
  maxDataPoints?: number;
  interval?: string;
}

export interface QueryRequest {
  queries: PrometheusTarget[];
  from: string;
  to: string;
}

interface Frame {
  schema: { refId: string; name?: string; meta: Record<string, unknown>; fields: Array<Record<string, unknown>> };
  data: { values: unknown[][]; entities: Array<Record<string, number[]> | null> };
}

export interface QueryResult {
  status: number;
  error?: string;
  frames: Frame[];
}

type Sample = [number, string];
interface Series { metric: Record<string, string>; values?: Sample[]; value?: Sample }

/** Prometheus' own scrape interval is not asked for; Grafana's default is used for $__rate_interval. */
const scrapeIntervalSeconds = 15;
const mostPoints = 11_000;

export const stepSeconds = (target: PrometheusTarget, rangeSeconds: number): number => {
  const asked = Math.max(Math.round((target.intervalMs ?? 15_000) / 1000), durationSeconds(target.interval) ?? 1, 1);
  return Math.max(asked, Math.ceil(rangeSeconds / mostPoints));
};

export function fillMacros(expression: string, step: number, rangeSeconds: number): string {
  const values: Record<string, string> = {
    __interval: `${step}s`,
    __interval_ms: String(step * 1000),
    __rate_interval: `${Math.max(step + scrapeIntervalSeconds, 4 * scrapeIntervalSeconds)}s`,
    __range: `${Math.round(rangeSeconds)}s`,
    __range_s: String(Math.round(rangeSeconds)),
    __range_ms: String(Math.round(rangeSeconds * 1000)),
  };
  return expression.replace(/\$\{?(__\w+)\}?/g, (whole, name: string) => values[name] ?? whole);
}

export async function answerQueries(prometheusUrl: string, request: QueryRequest): Promise<Record<string, QueryResult>> {
  const from = Number(request.from) / 1000;
  const to = Number(request.to) / 1000;
  const tables = request.queries.filter((target) => target.format === 'table').length;
  const answers = request.queries.map(async (target): Promise<[string, QueryResult]> => {
    const step = stepSeconds(target, to - from);
    const expression = fillMacros(target.expr ?? '', step, to - from);
    const instant = target.instant === true && target.range !== true;
    const form = new URLSearchParams(
      instant ? { query: expression, time: String(to) } : { query: expression, start: String(align(from, step)), end: String(align(to, step)), step: String(step) }
    );
    try {
      const reply = await fetch(`${prometheusUrl}/api/v1/${instant ? 'query' : 'query_range'}`, { method: 'POST', body: form });
      const body = (await reply.json()) as { status: string; error?: string; data: { resultType: string; result: Series[] | Sample } };
      if (body.status !== 'success') {
        return [target.refId, { status: reply.status, error: body.error ?? 'Prometheus refused the query', frames: [] }];
      }
      const series = body.data.resultType === 'scalar' ? [{ metric: {}, value: body.data.result as Sample }] : (body.data.result as Series[]);
      const meta = { executedQueryString: `Expr: ${expression}\nStep: ${step}s` };
      const frames = target.format === 'table'
        ? [tableFrame(target, series, meta, tables > 1)]
        : series.map((one) => seriesFrame(target, one, { ...meta, type: 'timeseries-multi' }, step));
      return [target.refId, { status: 200, frames }];
    } catch (cause) {
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
      return [target.refId, { status: 502, error: `Prometheus at ${prometheusUrl} cannot be reached: ${inner}`, frames: [] }];
    }
  });
  return Object.fromEntries(await Promise.all(answers));
}

const align = (seconds: number, step: number): number => Math.floor(seconds / step) * step;

function seriesFrame(target: PrometheusTarget, series: Series, meta: Record<string, unknown>, step: number): Frame {
  const samples = series.values ?? (series.value ? [series.value] : []);
  const display = displayName(target, series.metric);
  const numbers = encodeNumbers(samples.map((sample) => sample[1]));
  return {
    schema: {
      refId: target.refId,
      ...(display === undefined ? {} : { name: display }),
      meta,
      fields: [
        { name: 'Time', type: 'time', typeInfo: { frame: 'time.Time' }, config: { interval: step * 1000 } },
        {
          name: 'Value', type: 'number', typeInfo: { frame: 'float64' }, labels: series.metric,
          config: display === undefined ? {} : { displayNameFromDS: display },
        },
      ],
    },
    data: { values: [samples.map((sample) => Math.round(sample[0] * 1000)), numbers.values], entities: [null, numbers.entities] },
  };
}

function tableFrame(target: PrometheusTarget, series: Series[], meta: Record<string, unknown>, several: boolean): Frame {
  const rows = series.flatMap((one) => (one.values ?? (one.value ? [one.value] : [])).map((sample) => ({ labels: one.metric, sample })));
  const labels = [...new Set(series.flatMap((one) => Object.keys(one.metric)))].sort();
  const numbers = encodeNumbers(rows.map((row) => row.sample[1]));
  return {
    schema: {
      refId: target.refId,
      meta: { ...meta, preferredVisualisationType: 'rawPrometheus' },
      fields: [
        { name: 'Time', type: 'time', typeInfo: { frame: 'time.Time' }, config: {} },
        ...labels.map((name) => ({ name, type: 'string', typeInfo: { frame: 'string' }, config: { filterable: true } })),
        { name: several ? `Value #${target.refId}` : 'Value', type: 'number', typeInfo: { frame: 'float64' }, config: {} },
      ],
    },
    data: {
      values: [rows.map((row) => Math.round(row.sample[0] * 1000)), ...labels.map((name) => rows.map((row) => row.labels[name] ?? '')), numbers.values],
      entities: [null, ...labels.map(() => null), numbers.entities],
    },
  };
}

function displayName(target: PrometheusTarget, metric: Record<string, string>): string | undefined {
  if (!target.legendFormat || target.legendFormat === '__auto') {
    const { __name__: name, ...labels } = metric;
    const entries = Object.entries(labels);
    return entries.length || !name ? undefined : name;
  }
  return target.legendFormat.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, label: string) => metric[label] ?? '');
}

/** JSON has no NaN and no infinity; data frames carry their places beside the values. */
function encodeNumbers(texts: string[]): { values: Array<number | null>; entities: Record<string, number[]> | null } {
  const entities: Record<string, number[]> = {};
  const values = texts.map((text, index) => {
    const kind = text === 'NaN' ? 'NaN' : text === '+Inf' ? 'Inf' : text === '-Inf' ? 'NegInf' : undefined;
    if (kind) {
      (entities[kind] ??= []).push(index);
      return null;
    }
    return Number(text);
  });
  return { values, entities: Object.keys(entities).length ? entities : null };
}

function durationSeconds(text: string | undefined): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text ?? '');
  const unit: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
  return found ? Number(found[1]) * (unit[found[2] ?? ''] ?? 1) : undefined;
}
