import type { DataFrame } from '@grafana/data';
import { SceneQueryRunner, SceneTimeRange } from '@grafana/scenes';
import { useEffect, useMemo } from 'react';
import { prometheus } from '../scenes/parts';

export interface InstantSeries {
  /** Absent until they were read once. */
  series?: DataFrame[];
  error?: string;
}

/** The values of some expressions now, by their refId, read anew at a pace. */
export function useInstantSeries(dataSourceUid: string | undefined, expressions: Readonly<Record<string, string>>, everyMs: number): InstantSeries {
  const runner = useMemo(
    () =>
      new SceneQueryRunner({
        datasource: prometheus(dataSourceUid),
        queries: Object.entries(expressions).map(([refId, expr]) => ({ refId, expr, instant: true, range: false, format: 'time_series' })),
        $timeRange: new SceneTimeRange({ from: 'now-5m', to: 'now' }),
        // The range is of no meaning for instant queries, a width would only be waited for.
        maxDataPoints: 100,
      }),
    [dataSourceUid, expressions]
  );
  useEffect(() => {
    const stop = runner.activate();
    const timer = setInterval(() => runner.runQueries(), everyMs);
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [runner, everyMs]);
  const { data } = runner.useState();
  const read = data !== undefined && (data.state === 'Done' || data.series.length > 0);
  return { ...(read ? { series: data.series } : {}), ...(data?.state === 'Error' ? { error: data.errors?.[0]?.message ?? '' } : {}) };
}
