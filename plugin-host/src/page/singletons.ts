import * as data from '@grafana/data';
import * as grafanaRuntime from '@grafana/runtime';
import * as unstable from '@grafana/runtime/unstable';
import { catchError, from, isObservable, map, of, startWith } from 'rxjs';
import { setPanelDataErrorView } from 'runtime-internal/components/PanelDataErrorView.mjs';
import { setPanelRenderer } from 'runtime-internal/components/PanelRenderer.mjs';
import { setPluginPage } from 'runtime-internal/components/PluginPage.mjs';
import { setDataSourcePluginImporter } from 'runtime-internal/services/dataSource/dataSource.mjs';
import { initDataSourceInstanceSettings } from 'runtime-internal/services/dataSource/settings.mjs';
import { createBackendSrv } from './backendSrv';
import { dataSourceSrv } from './dataSourceSrv';
import { PluginPageFrame } from './frame/PluginPageFrame';
import { PanelDataError, PanelRendererStandIn } from './panels/PanelDataError';
import { importPanelPlugin, panelPluginFromCache } from './panels/panelPlugins';
import { fillRegistries } from './registries';
import { templateSrv } from './templateSrv';

export const appEvents = new data.EventBusSrv();

/* Setters that the published types hide or type by internals of Grafana. */
const runtime = grafanaRuntime as unknown as Record<string, (value: unknown) => void>;

/** Scenes hands its queries to this; the one in Grafana is not published. */
function runRequest(dataSource: data.DataSourceApi, request: data.DataQueryRequest) {
  const answer = dataSource.query(request);
  const base = { request, timeRange: request.range, series: [], annotations: [] };
  return (isObservable(answer) ? answer : from(answer)).pipe(
    map((packet) => ({
      ...base,
      state: packet.state ?? (packet.errors?.length ? data.LoadingState.Error : data.LoadingState.Done),
      series: packet.data.map((frame) => data.toDataFrame(frame)),
      errors: packet.errors,
      error: packet.errors?.[0],
    })),
    startWith({ ...base, state: data.LoadingState.Loading }),
    catchError((error) => of({ ...base, state: data.LoadingState.Error, error: grafanaRuntime.toDataQueryError(error) }))
  );
}

/** The order follows Grafana's own start: later setters read what earlier ones set. */
export function setSingletons(): void {
  const boot = window.grafanaBootData;
  const nothing = () => undefined;
  // Absent before Grafana 12.4.
  (unstable as unknown as { initializeLoggersRegistry?(): void }).initializeLoggersRegistry?.();
  initDataSourceInstanceSettings(boot.settings.datasources, boot.settings.defaultDatasource);
  setDataSourcePluginImporter(() => Promise.reject(new Error('The plugin host loads no data source plugins')));

  runtime['setBackendSrv']!(createBackendSrv(appEvents));
  runtime['setEchoSrv']!({ addEvent: nothing, addBackend: nothing, flush: nothing });
  runtime['setAppEvents']!(appEvents);
  runtime['setLocationSrv']!(grafanaRuntime.locationService);
  runtime['setDataSourceSrv']!(dataSourceSrv);
  runtime['setTemplateSrv']!(templateSrv);
  runtime['setCurrentUser']!(boot.user);
  runtime['setPluginLinksHook']!(() => ({ links: [], isLoading: false }));
  runtime['setPluginComponentHook']!(() => ({ component: null, isLoading: false }));
  runtime['setPluginComponentsHook']!(() => ({ components: [], isLoading: false }));
  runtime['setPluginFunctionsHook']!(() => ({ functions: [], isLoading: false }));
  runtime['setReturnToPreviousHook']!(() => nothing);
  runtime['setChromeHeaderHeightHook']!(() => 0);
  runtime['setRunRequest']!(runRequest);
  runtime['setPluginImportUtils']!({ importPanelPlugin, getPanelPluginFromCache: panelPluginFromCache });
  setPluginPage(PluginPageFrame);
  setPanelDataErrorView(PanelDataError);
  setPanelRenderer(PanelRendererStandIn);

  data.setTimeZoneResolver(() => boot.user.timezone);
  data.setLocale(boot.user.locale);
  data.setWeekStart(boot.user.weekStart);
  fillRegistries();
  data.locationUtil.initialize({
    config: grafanaRuntime.config,
    getTimeRangeForUrl: () => data.getDefaultTimeRange().raw,
    getVariablesUrlParams: () => ({}),
  } as never);
}
