import {
  applyFieldOverrides, getDefaultTimeRange, LoadingState, toDataFrame, transformDataFrame, type DataFrame, type DataFrameJSON, type FieldConfigSource, type PanelData, type PanelPlugin, type ScopedVars,
  type TimeRange, dataFrameFromJSON,
} from '@grafana/data';
import { config, getBackendSrv } from '@grafana/runtime';
import { useEffect, useMemo, useState } from 'react';
import { lastValueFrom } from 'rxjs';
import { interpolate } from '../templateSrv';
import type { PanelJson } from './dashboardJson';
import { fillVariables, type Variable } from './variables';

interface Input {
  panel: PanelJson;
  plugin: PanelPlugin | undefined;
  fieldConfig: FieldConfigSource;
  variables: Variable[];
  timeRange: TimeRange;
  width: number;
  /** Changes when it is time to ask anew. */
  round: number;
}

interface QueryReply {
  results: Record<string, { error?: string; frames?: DataFrameJSON[] }>;
}

const mostPoints = 1000;

/** Queries of a panel by way of the host's server, transformed and given their display as Grafana does. */
export function usePanelData({ panel, plugin, fieldConfig, variables, timeRange, width, round }: Input): { data: PanelData; failure?: string } {
  const [raw, setRaw] = useState<DataFrame[]>();
  const [failure, setFailure] = useState<string>();
  const points = Math.max(50, Math.min(mostPoints, Math.round(width)));
  useEffect(() => {
    let current = true;
    run(panel, variables, timeRange, points).then(
      (frames) => {
        if (current) {
          setRaw(frames);
          setFailure(undefined);
        }
      },
      (cause: unknown) => {
        if (current) {
          setFailure(messageOf(cause));
        }
      }
    );
    return () => {
      current = false;
    };
    // A new round brings a new time range; the width matters only for the number of points.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [panel, variables, round, points > 400]);
  const data = useMemo<PanelData>(() => {
    const replaceVariables = (text: string, scoped?: ScopedVars) => interpolate(fillVariables(fillTimeRange(text, timeRange), variables), scoped);
    return {
      state: raw ? LoadingState.Done : LoadingState.Loading,
      timeRange: timeRange ?? getDefaultTimeRange(),
      series: plugin
        ? applyFieldOverrides({
            data: raw ?? [], fieldConfig, fieldConfigRegistry: plugin.fieldConfigRegistry, replaceVariables, theme: config.theme2, timeZone: 'browser',
          })
        : [],
    };
  }, [raw, plugin, fieldConfig, timeRange, variables]);
  return { data, failure };
}

async function run(panel: PanelJson, variables: Variable[], timeRange: TimeRange, points: number): Promise<DataFrame[]> {
  const targets = (panel.targets ?? []).filter((target) => target.expr && !target.hide);
  if (targets.length === 0) {
    return [];
  }
  const from = timeRange.from.valueOf();
  const to = timeRange.to.valueOf();
  const reply = await lastValueFrom(
    getBackendSrv().fetch<QueryReply>({
      url: '/api/ds/query',
      method: 'POST',
      showErrorAlert: false,
      data: {
        from: String(from),
        to: String(to),
        queries: targets.map((target) => ({
          ...target,
          interval: target.interval ?? panel.interval,
          expr: fillVariables(target.expr ?? '', variables),
          intervalMs: Math.max(15_000, (to - from) / points),
          maxDataPoints: points,
        })),
      },
    })
  );
  const frames = Object.values(reply.data.results).flatMap((result) => (result.frames ?? []).map((frame) => toDataFrame(dataFrameFromJSON(frame))));
  return panel.transformations?.length
    ? lastValueFrom(transformDataFrame(panel.transformations, frames, { interpolate: (text) => fillVariables(text, variables) }))
    : frames;
}

const fillTimeRange = (text: string, timeRange: TimeRange): string =>
  text.replace(/\$\{?__url_time_range\}?/g, `from=${timeRange.from.valueOf()}&to=${timeRange.to.valueOf()}`);

function messageOf(cause: unknown): string {
  const results = (cause as { data?: Partial<QueryReply> }).data?.results;
  const failed = results && Object.values(results).find((result) => result.error);
  return failed?.error ?? (cause instanceof Error ? cause.message : 'The query failed');
}
