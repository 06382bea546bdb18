import { css } from '@emotion/css';
import { type AppPlugin, dateMath, dateTime, type GrafanaTheme2, PluginExtensionPoints, rangeUtil, type TimeRange } from '@grafana/data';
import { getBackendSrv, locationService } from '@grafana/runtime';
import { Alert, Combobox, MultiCombobox, RefreshPicker, TimeRangePicker, useStyles2 } from '@grafana/ui';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useLocation, useParams } from 'react-router-dom-v5-compat';
import { PluginPageFrame } from '../frame/PluginPageFrame';
import { type DashboardJson, sectionsOf } from './dashboardJson';
import { DashboardPanel } from './DashboardPanel';
import { allValues, resolveVariables, type Variable } from './variables';

/** Grafana's grid: 24 columns; a unit of height with its gap. All in px. */
const grid = { columns: 24, unit: 30, gap: 8 } as const;

/** Draws a provisioned dashboard: its data as Prometheus has them, its core panels as stand-ins. */
export function DashboardPage({ plugin }: { plugin: AppPlugin }) {
  const { uid = '' } = useParams();
  const [dashboard, setDashboard] = useState<DashboardJson>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    setDashboard(undefined);
    getBackendSrv()
      .get<{ dashboard: DashboardJson }>(`/api/dashboards/uid/${uid}`, undefined, undefined, { showErrorAlert: false })
      .then((reply) => setDashboard(reply.dashboard), () => setFailure(`There is no dashboard "${uid}" in the folder given by --dashboards.`));
  }, [uid]);
  if (failure) {
    return <PluginPageFrame pageNav={{ text: 'Dashboard' }}><Alert title="Dashboard not found">{failure}</Alert></PluginPageFrame>;
  }
  return dashboard ? <Dashboard key={dashboard.uid} dashboard={dashboard} plugin={plugin} /> : null;
}

function Dashboard({ dashboard, plugin }: { dashboard: DashboardJson; plugin: AppPlugin }) {
  const styles = useStyles2(getStyles);
  const { search } = useLocation();
  const address = useMemo(() => new URLSearchParams(search), [search]);
  const [variables, setVariables] = useState<Variable[]>();
  const [failure, setFailure] = useState<string>();
  const [round, setRound] = useState(0);
  const refresh = address.get('refresh') ?? (dashboard.refresh || '');
  const from = address.get('from') ?? dashboard.time?.from ?? 'now-6h';
  const to = address.get('to') ?? dashboard.time?.to ?? 'now';
  // Relative times move on with every round.
  const timeRange = useMemo(() => readRange(from, to), [from, to, round]);
  const [container, width] = useWidth();

  const chosen = (dashboard.templating?.list ?? []).map((one) => `${one.name}=${address.getAll(`var-${one.name}`).join('|')}`).join('&');
  useEffect(() => {
    resolveVariables(dashboard.templating?.list ?? [], address).then(setVariables, (cause: unknown) => setFailure(String(cause)));
    // The part of the address that names variables.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [dashboard, chosen]);
  useEffect(() => setRound((now) => now + 1), [from, to]);
  useEffect(() => {
    const every = refresh ? rangeUtil.intervalToMs(refresh) : 0;
    const timer = every ? setInterval(() => setRound((now) => now + 1), every) : undefined;
    return () => clearInterval(timer);
  }, [refresh]);

  const change = (part: Record<string, string | string[] | undefined>) => locationService.partial(part, true);
  const linksFor = (context: object) =>
    addedLinks(plugin).flatMap((link) => {
      const result = link.configure?.(context);
      return link.targets.includes(PluginExtensionPoints.DashboardPanelMenu) && result?.path ? [{ title: link.title, path: result.path }] : [];
    });

  return (
    <PluginPageFrame
      pageNav={{ text: dashboard.title }}
      subTitle={dashboard.description}
      actions={
        <>
          <TimeRangePicker
            value={timeRange}
            onChange={(range) => change({ from: rawText(range.raw.from), to: rawText(range.raw.to) })}
            onChangeTimeZone={() => undefined}
            onMoveBackward={() => change(shifted(timeRange, -0.5))}
            onMoveForward={() => change(shifted(timeRange, 0.5))}
            onZoom={() => change(shifted(timeRange, 0, 2))}
            isOnCanvas
          />
          <RefreshPicker text="Refresh" value={refresh} intervals={['5s', '10s', '30s', '1m', '5m']} onRefresh={() => setRound((now) => now + 1)} onIntervalChanged={(value) => change({ refresh: value })} isOnCanvas />
        </>
      }
    >
      {failure && <Alert title="The variables could not be read">{failure}</Alert>}
      <div className={styles.variables}>
        {variables?.filter((one) => one.json.hide !== 2 && one.json.hide !== 'hideVariable').map((one) => (
          <VariablePicker key={one.json.name} variable={one} onChange={(values) => change({ [`var-${one.json.name}`]: values })} />
        ))}
      </div>
      <div ref={container}>
        {variables && width > 0 && sectionsOf(dashboard.panels).map((section, index) => {
          const top = Math.min(...section.panels.map((panel) => panel.gridPos.y));
          const bottom = Math.max(...section.panels.map((panel) => panel.gridPos.y + panel.gridPos.h));
          const column = (width + grid.gap) / grid.columns;
          const panels = (
            <div style={{ position: 'relative', height: section.panels.length ? (bottom - top) * (grid.unit + grid.gap) : 0 }}>
              {section.panels.map((panel) => {
                const { x, y, w, h } = panel.gridPos;
                return (
                  <div key={panel.id} style={{ position: 'absolute', left: x * column, top: (y - top) * (grid.unit + grid.gap) }}>
                    <DashboardPanel
                      panel={panel} variables={variables} timeRange={timeRange} round={round} linksFor={linksFor}
                      width={w * column - grid.gap} height={h * (grid.unit + grid.gap) - grid.gap}
                      onChangeTimeRange={(range) => change({ from: String(range.from), to: String(range.to) })}
                    />
                  </div>
                );
              })}
            </div>
          );
          return section.title === undefined ? <div key={index}>{panels}</div> : (
            <details key={index} open={!section.collapsed}>
              <summary className={styles.row}>{section.title}</summary>
              {panels}
            </details>
          );
        })}
      </div>
    </PluginPageFrame>
  );
}

function VariablePicker({ variable: { json, options, chosen }, onChange }: { variable: Variable; onChange: (values: string[]) => void }) {
  const list = [...(json.includeAll ? [{ label: 'All', value: allValues }] : []), ...options.map((value) => ({ label: value, value }))];
  const id = `variable-${json.name}`;
  return (
    <label htmlFor={id}>
      <span>{json.label ?? json.name}</span>
      {json.multi ? (
        <MultiCombobox
          id={id} options={list} value={chosen} width="auto" minWidth={16} maxWidth={60}
          onChange={(picked) => {
            const values = picked.map((one) => one.value);
            const allIsNew = values.includes(allValues) && !chosen.includes(allValues);
            onChange(allIsNew || values.length === 0 ? [allValues] : values.filter((value) => value !== allValues));
          }}
        />
      ) : (
        <Combobox id={id} options={list} value={chosen[0] ?? null} width={24} onChange={(picked) => onChange([picked.value])} />
      )}
    </label>
  );
}

interface AddedLink {
  title: string;
  targets: string | string[];
  configure?: (context: object) => { path?: string } | undefined;
}

const addedLinks = (plugin: AppPlugin): AddedLink[] => (plugin as unknown as { addedLinkConfigs?: AddedLink[] }).addedLinkConfigs ?? [];

function readRange(from: string, to: string): TimeRange {
  const parse = (text: string, roundUp: boolean) => (/^\d+$/.test(text) ? dateTime(Number(text)) : (dateMath.toDateTime(text, { roundUp }) ?? dateTime()));
  const raw = (text: string) => (/^\d+$/.test(text) ? dateTime(Number(text)) : text);
  return { from: parse(from, false), to: parse(to, true), raw: { from: raw(from), to: raw(to) } };
}

const rawText = (raw: TimeRange['raw']['from']): string => (typeof raw === 'string' ? raw : String(raw.valueOf()));

function shifted({ from, to }: TimeRange, by: number, zoom = 1): { from: string; to: string } {
  const span = to.valueOf() - from.valueOf();
  const middle = from.valueOf() + span * (0.5 + by);
  return { from: String(Math.round(middle - (span * zoom) / 2)), to: String(Math.round(middle + (span * zoom) / 2)) };
}

function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const element = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) {
      return undefined;
    }
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}

const getStyles = (theme: GrafanaTheme2) => ({
  variables: css({
    display: 'flex', flexWrap: 'wrap', gap: theme.spacing(2), marginBottom: theme.spacing(2),
    label: { display: 'flex', alignItems: 'center', gap: theme.spacing(1), margin: 0 }, span: { color: theme.colors.text.secondary },
  }),
  row: css({ ...theme.typography.h5, cursor: 'pointer', padding: theme.spacing(1, 0) }),
});
