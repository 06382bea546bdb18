import { type AppPlugin, type AppPluginMeta, PluginContextProvider } from '@grafana/data';
import { ErrorBoundaryAlert } from '@grafana/ui';
import { Suspense, useEffect, useState, type ComponentType } from 'react';
import { Route, Routes } from 'react-router-dom-v5-compat';
import { DashboardPage } from './dashboard/DashboardPage';
import { HomePage } from './frame/HomePage';
import { PluginPageFrame } from './frame/PluginPageFrame';

const { plugin: hosted } = window.grafanaBootData.host;

/** Loads the app's module.js once and mounts its root page and its configuration page. */
export function PluginRoutes() {
  const [plugin, setPlugin] = useState<AppPlugin>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    window.System.import<{ plugin: AppPlugin }>(hosted.module).then(
      async (module) => {
        module.plugin.meta = hosted.meta as never;
        await module.plugin.init?.(hosted.meta as never);
        setPlugin(module.plugin);
      },
      (cause: unknown) => setFailure(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
    );
  }, []);
  if (failure) {
    return <pre role="alert">{failure}</pre>;
  }
  if (!plugin) {
    return <p>Loading the plugin</p>;
  }
  const meta = hosted.meta as unknown as AppPluginMeta;
  const Root = plugin.root as ComponentType<object> | undefined;
  const configPage = plugin.configPages?.[0];
  const Configuration = configPage?.body as ComponentType<object> | undefined;
  return (
    <PluginContextProvider meta={meta}>
      <ErrorBoundaryAlert style="page">
        <Suspense fallback={<p>Loading</p>}>
          <Routes>
            <Route path="/" element={<HomePage />} />
            {Root && <Route path={`/a/${hosted.id}/*`} element={<Root {...{ meta, basename: `/a/${hosted.id}`, onNavChanged: () => undefined, query: {}, path: '' }} />} />}
            {Configuration && (
              <Route path={`/plugins/${hosted.id}`} element={<PluginPageFrame pageNav={{ text: configPage?.title ?? 'Configuration' }}><Configuration {...{ plugin, query: {} }} /></PluginPageFrame>} />
            )}
            <Route path="/d/:uid" element={<DashboardPage plugin={plugin} />} />
            <Route path="*" element={<PluginPageFrame pageNav={{ text: 'Page not found' }}><p>This host serves the plugin’s pages and dashboards only.</p></PluginPageFrame>} />
          </Routes>
        </Suspense>
      </ErrorBoundaryAlert>
    </PluginContextProvider>
  );
}
