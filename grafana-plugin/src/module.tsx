import { AppPlugin, type AppRootProps } from '@grafana/data';
import React, { lazy, Suspense } from 'react';
import type { AppConfigProps } from './components/AppConfig/AppConfig';
import { PLUGIN_ID } from './constants';
import { exposed } from './extensions/exposed';
import { links } from './extensions/links';
import type { AppSettings } from './settings';
import { translated } from './translated';

/* Promises instead of async functions, whose translation would be a tenth of module.js. */
const LazyApp = lazy(() =>
  Promise.all([import('@grafana/i18n'), import('@grafana/scenes')])
    .then(([{ initPluginTranslations }, { loadResources }]) => initPluginTranslations(PLUGIN_ID, [loadResources]))
    .then(() => import('./components/App/App'))
);

const LazyAppConfig = lazy(() => translated().then(() => import('./components/AppConfig/AppConfig')));

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

for (const component of exposed) {
  plugin.exposeComponent(component);
}
