import { secureJsonFields, type AppSettings } from './appSettings.ts';
import type { PluginFolder } from './pluginFolder.ts';
import { permissionsOf, users, type HostUser } from './users.ts';

export type ThemeName = 'dark' | 'light';

/** The Grafana version whose published packages the page is built from. */
export const grafanaVersion = '13.2.2';

/** The one data source, named as the provisioned dashboards name theirs. */
const dataSource = { uid: 'hashfleet-prometheus', name: 'Hashfleet' } as const;

export interface DashboardListing { uid: string; title: string; tags: string[] }

export interface BootInput {
  plugin: PluginFolder;
  settings: AppSettings;
  user: HostUser;
  theme: ThemeName;
  origin: string;
  dashboards: DashboardListing[];
}

/** What GET /api/plugins/<id>/settings answers and the plugin finds as its meta. */
export function pluginMeta(plugin: PluginFolder, settings: AppSettings): Record<string, unknown> {
  const { app } = plugin;
  const logos = app.info.logos ?? { small: '', large: '' };
  const publicPath = `public/plugins/${app.id}`;
  return {
    id: app.id, name: app.name, type: 'app', module: `/${publicPath}/module.js`, baseUrl: `/${publicPath}`,
    info: { ...app.info, logos: { small: `/${publicPath}/${logos.small}`, large: `/${publicPath}/${logos.large}` } },
    enabled: settings.enabled, pinned: settings.pinned, jsonData: settings.jsonData, secureJsonFields: secureJsonFields(settings),
    includes: app.includes ?? [],
  };
}

/** `window.grafanaBootData`: @grafana/runtime builds its config from it when it is imported. */
export function bootData(input: BootInput) {
  const { plugin, settings, user, theme } = input;
  const meta = pluginMeta(plugin, settings);
  const panels = Object.fromEntries(
    plugin.nested
      .filter((nested) => nested.json.type === 'panel')
      .map((nested) => {
        const baseUrl = `/public/plugins/${plugin.app.id}/${nested.folder}`;
        return [nested.json.id, { ...nested.json, module: `${baseUrl}/module.js`, baseUrl }];
      })
  );
  const permissions = permissionsOf(user, plugin.app);
  const mayOpen = (include: { role?: 'Viewer' | 'Editor' | 'Admin'; action?: string }) =>
    (!include.action || permissions[include.action] === true) && (include.role !== 'Admin' || user.orgRole === 'Admin');
  return {
    user: {
      ...user, isSignedIn: true, orgId: 1, orgName: 'Main Org.', theme, lightTheme: theme === 'light', isGrafanaAdmin: user.orgRole === 'Admin',
      timezone: 'browser', locale: 'en-US', language: 'en-US', weekStart: 'monday', permissions,
    },
    navTree: [],
    assets: {},
    settings: {
      appSubUrl: '', appUrl: `${input.origin}/`, featureToggles: {}, panels,
      buildInfo: { version: grafanaVersion, edition: 'Open Source', env: 'production', commit: 'none', versionString: `Plugin host (${grafanaVersion} packages)` },
      apps: { [plugin.app.id]: { id: plugin.app.id, path: meta['module'], version: plugin.app.info.version, preload: false } },
      grafanaJavascriptAgent: { enabled: false },
      defaultDatasource: dataSource.name,
      datasources: {
        [dataSource.name]: {
          id: 1, uid: dataSource.uid, name: dataSource.name, type: 'prometheus', access: 'proxy', url: `/api/datasources/proxy/uid/${dataSource.uid}`, jsonData: {},
          readOnly: true, isDefault: true,
          meta: { id: 'prometheus', name: 'Prometheus', type: 'datasource', metrics: true, info: { logos: { small: '', large: '' } }, baseUrl: '', module: 'core:plugin/prometheus' },
        },
      },
    },
    host: {
      plugin: { id: plugin.app.id, name: plugin.app.name, module: meta['module'] as string, meta },
      pages: (plugin.app.includes ?? []).filter((include) => include.type === 'page' && include.path && include.addToNav && mayOpen(include))
        .map((include) => ({ name: include.name, path: include.path ?? '', icon: include.icon, isDefault: include.defaultNav === true })),
      users: users.map(({ login, name, orgRole }) => ({ login, name, orgRole })),
      dashboards: input.dashboards,
    },
  };
}

export type BootData = ReturnType<typeof bootData>;

export function pageHtml(input: BootInput): string {
  const data = JSON.stringify(bootData(input)).replace(/</g, '\\u003c');
  return `<!doctype html>
<html lang="en" class="theme-${input.theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<base href="/">
<title>Plugin host</title>
<link rel="icon" href="/public/plugins/${input.plugin.app.id}/${input.plugin.app.info.logos?.small ?? ''}">
<link rel="stylesheet" href="/public/build/host.css">
<style>*, *::before, *::after { box-sizing: border-box; } body { margin: 0; } table { border-collapse: collapse; } ul { padding-left: 0; }</style>
</head>
<body class="theme-${input.theme}">
<div id="reactRoot"></div>
<script>window.grafanaBootData=${data};window.__grafana_public_path__='/public/';</script>
<script src="/public/build/host.js"></script>
</body>
</html>
`;
}
