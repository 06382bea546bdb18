import { AppPlugin, type AppRootProps } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { LoadingPlaceholder } from '@grafana/ui';
import React, { lazy, Suspense } from 'react';
import type { AppConfigProps } from './components/AppConfig/AppConfig';
import { links } from './extensions/links';
import pluginJson from './plugin.json';
import type { AppSettings } from './settings';

const LazyApp = lazy(async () => {
  const { loadResources } = await import('@grafana/scenes');
  await initPluginTranslations(pluginJson.id, [loadResources]);
  return import('./components/App/App');
});

const LazyAppConfig = lazy(async () => {
  await initPluginTranslations(pluginJson.id);
  return import('./components/AppConfig/AppConfig');
});

const App = (props: AppRootProps<AppSettings>) => (
  <Suspense fallback={<LoadingPlaceholder text="" />}>
    <LazyApp {...props} />
  </Suspense>
);

const AppConfig = (props: AppConfigProps) => (
  <Suspense fallback={<LoadingPlaceholder text="" />}>
    <LazyAppConfig {...props} />
  </Suspense>
);

export const plugin = new AppPlugin<AppSettings>()
  .setRootPage(App)
  .addConfigPage({ title: 'Configuration', icon: 'cog', body: AppConfig, id: 'configuration' });

for (const link of links) {
  plugin.addLink(link);
}
