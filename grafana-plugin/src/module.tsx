import { AppPlugin, type AppRootProps } from '@grafana/data';
import React, { lazy, Suspense } from 'react';
import type { AppConfigProps } from './components/AppConfig/AppConfig';
import { links } from './extensions/links';
import { PLUGIN_ID } from './constants';
import type { AppSettings } from './settings';

const LazyApp = lazy(async () => {
  const [{ initPluginTranslations }, { loadResources }] = await Promise.all([import('@grafana/i18n'), import('@grafana/scenes')]);
  await initPluginTranslations(PLUGIN_ID, [loadResources]);
  return import('./components/App/App');
});

const LazyAppConfig = lazy(async () => {
  const { initPluginTranslations } = await import('@grafana/i18n');
  await initPluginTranslations(PLUGIN_ID);
  return import('./components/AppConfig/AppConfig');
});

const App = (props: AppRootProps<AppSettings>) => (
  <Suspense fallback={null}>
    <LazyApp {...props} />
  </Suspense>
);

const AppConfig = (props: AppConfigProps) => (
  <Suspense fallback={null}>
    <LazyAppConfig {...props} />
  </Suspense>
);

export const plugin = new AppPlugin<AppSettings>()
  .setRootPage(App)
  .addConfigPage({ title: 'Configuration', icon: 'cog', body: AppConfig, id: 'configuration' });

for (const link of links) {
  plugin.addLink(link);
}
