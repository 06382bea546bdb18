/* Files outside the packages' export maps, reached by path through the bundler so that they are the same instances. */
declare module 'runtime-internal/components/PluginPage.mjs' {
  import type { ComponentType } from 'react';
  import type { PluginPageProps } from '@grafana/runtime';
  export function setPluginPage(page: ComponentType<PluginPageProps>): void;
}
declare module 'runtime-internal/components/PanelRenderer.mjs' {
  export function setPanelRenderer(renderer: unknown): void;
}
declare module 'runtime-internal/components/PanelDataErrorView.mjs' {
  export function setPanelDataErrorView(view: unknown): void;
}
declare module 'runtime-internal/services/dataSource/settings.mjs' {
  export function initDataSourceInstanceSettings(settings: unknown, defaultName: string): void;
}
declare module 'runtime-internal/services/dataSource/dataSource.mjs' {
  export function setDataSourcePluginImporter(importer: () => Promise<never>): void;
}
declare module 'i18n-internal/i18n.mjs' {
  export function initializeI18n(options: { language: string; ns: string[] }): Promise<unknown>;
}
declare module 'systemjs/dist/system.js' {}
declare module 'systemjs/dist/extras/amd.js' {}
declare module 'systemjs/dist/extras/named-register.js' {}
