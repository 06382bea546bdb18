import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type BasicRole = 'Viewer' | 'Editor' | 'Admin';

export interface ProxyRoute {
  path: string;
  method?: string;
  url: string;
  reqAction?: string;
  reqRole?: BasicRole;
  headers?: Array<{ name: string; content: string }>;
}

export interface PluginInclude {
  type: string;
  name: string;
  path?: string;
  role?: BasicRole;
  action?: string;
  addToNav?: boolean;
  defaultNav?: boolean;
  icon?: string;
}

export interface PluginJson {
  id: string;
  type: string;
  name: string;
  info: { version: string; logos?: { small: string; large: string } };
  includes?: PluginInclude[];
  routes?: ProxyRoute[];
  roles?: Array<{ role: { name: string; permissions: Array<{ action: string; scope?: string }> }; grants: BasicRole[] }>;
}

export interface PluginFolder {
  dist: string;
  app: PluginJson;
  /** Nested plugins, by the folder under dist that holds their plugin.json. */
  nested: Array<{ folder: string; json: PluginJson }>;
}

/** Reads plugin.json and those of nested plugins, two levels deep, from a built plugin. */
export function readPluginFolder(dist: string): PluginFolder {
  const file = path.join(dist, 'plugin.json');
  if (!existsSync(file) || !existsSync(path.join(dist, 'module.js'))) {
    throw new Error(`${dist} holds no built plugin (plugin.json and module.js): run "npm run build" in grafana-plugin first`);
  }
  const app = JSON.parse(readFileSync(file, 'utf8')) as PluginJson;
  return { dist, app, nested: nestedPlugins(dist, '', 2) };
}

function nestedPlugins(dist: string, under: string, depth: number): PluginFolder['nested'] {
  return readdirSync(path.join(dist, under), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap((entry) => {
      const folder = path.posix.join(under, entry.name);
      const file = path.join(dist, folder, 'plugin.json');
      if (existsSync(file)) {
        return [{ folder, json: JSON.parse(readFileSync(file, 'utf8')) as PluginJson }];
      }
      return depth > 1 ? nestedPlugins(dist, folder, depth - 1) : [];
    });
}
