import { existsSync, readdirSync, readFileSync } from 'fs';
import path from 'path';

/*
 * What grafana.com's validator would say, as far as it can be said here. Looks at the built plugin; without a build at
 * src, and the name of the suite says which.
 */
const root = path.resolve(__dirname, '../..');
const built = existsSync(path.join(root, 'dist/module.js'));
const folder = path.join(root, built ? 'dist' : 'src');
const read = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name) && !name.includes('.test.'));
const sourceText = (name: string): string => readFileSync(path.join(root, 'src', name), 'utf8');

interface PluginJson {
  id: string;
  type: string;
  languages?: string[];
  info: { logos: { small: string; large: string }; screenshots: Array<{ path: string }>; version: string; updated: string; keywords: string[] };
  roles: Array<{ role: { name: string; permissions: Array<{ action: string }> }; grants: string[] }>;
  routes: Array<{ path: string; method?: string; reqAction?: string; url: string }>;
  includes: Array<{ type: string; name: string; path?: string; action?: string; role?: string; defaultNav?: boolean }>;
  dependencies: { grafanaDependency: string };
}

const manifests = files.filter((name) => path.basename(name) === 'plugin.json').map((name) => ({ name, json: JSON.parse(read(name)) as PluginJson }));
const app = manifests.find(({ name }) => name === 'plugin.json')!.json;

describe(`the plugin in ${built ? 'dist' : 'src (not built: what only a build shows is left out)'}`, () => {
  it('is the app with its nested panels, each with a valid id', () => {
    expect(manifests.map(({ json }) => json.id).sort()).toEqual([
      'hashfleet-boardstrip-panel', 'hashfleet-chipmap-panel', 'hashfleet-fleetgrid-panel', 'hashfleet-fleetstates-panel', 'hashfleet-miningfleet-app', 'hashfleet-poolgap-panel', 'hashfleet-waterfall-panel',
    ]);
    for (const { json } of manifests) {
      expect(json.id).toMatch(/^[0-9a-z]+-([0-9a-z]+-)?(app|panel|datasource)$/);
      expect(json.id.endsWith(`-${json.type}`)).toBe(true);
      expect(json.dependencies.grafanaDependency).toBe('>=12.3.0');
    }
  });

  it.each(['docker-compose.yml', 'run/stack.mjs', 'grafana-plugin/README.md'])('%s allows each of them unsigned', (file) => {
    const text = readFileSync(path.resolve(__dirname, '../../..', file), 'utf8');
    const [, list] = /GF_PLUGINS_ALLOW_LOADING_UNSIGNED_PLUGINS[=:] ?['"]?([a-z,-]+)/.exec(text) ?? [];
    expect(list?.split(',').sort()).toEqual(manifests.map(({ json }) => json.id).sort());
  });

  it.each(manifests)('$name names files that are there, as SVG logos', ({ name, json }) => {
    const at = path.dirname(name);
    const { logos, screenshots, keywords } = json.info;
    expect(keywords.length).toBeGreaterThan(0);
    for (const file of [logos.small, logos.large, ...screenshots.map((screenshot) => screenshot.path)]) {
      expect(files).toContain(path.join(at, file));
    }
    expect(logos.small).toMatch(/\.svg$/);
    expect(files.some((file) => path.dirname(file) === at && /^module\.(js|tsx?)$/.test(path.basename(file)))).toBe(true);
  });

  it('has one default page, and every page asks for an action or a role', () => {
    const pages = app.includes.filter((include) => include.type === 'page');
    expect(pages.filter((page) => page.defaultNav)).toHaveLength(1);
    expect(pages.every((page) => page.action ?? page.role)).toBe(true);
  });

  it('guards every route by an action, one verb each, and never sends the operate token for a GET', () => {
    for (const route of app.routes) {
      expect(route.reqAction).toBeTruthy();
      expect(route.method).toMatch(/^(GET|POST|PUT|DELETE)$/);
      expect(route.reqAction!.endsWith(route.method === 'GET' ? ':read' : ':write')).toBe(true);
      // Alertmanager knows no tokens; the exporter's two go each with its own kind of verb.
      const tokens = [...JSON.stringify(route).matchAll(/SecureJsonData\.(\w+)/g)].map(([, name]) => name);
      expect(tokens).toEqual(route.path === 'alertmanager/*' ? [] : [route.method === 'GET' ? 'readToken' : 'operateToken']);
    }
  });

  it('grants every action that routes, pages and code use, under its own prefix, and no other', () => {
    const granted = new Set(app.roles.flatMap((role) => role.role.permissions.map((permission) => permission.action)));
    const inCode = new Set(sources.flatMap((name) => [...sourceText(name).matchAll(/hashfleet-miningfleet-app\.[a-z:]+/g)].map(([action]) => action)));
    const used = new Set([...inCode, ...app.routes.map((route) => route.reqAction!), ...app.includes.flatMap((include) => include.action ?? [])]);
    expect([...used].sort()).toEqual([...granted].sort());
    expect([...granted].every((action) => action.startsWith(`${app.id}.`))).toBe(true);
  });

  it('carries its texts for every language that it names', () => {
    for (const language of app.languages ?? []) {
      expect(files).toContain(path.join('locales', language, `${app.id}.json`));
    }
  });

  it('has its papers', () => {
    for (const name of ['README.md', 'CHANGELOG.md', 'LICENSE']) {
      expect(existsSync(path.join(folder, name)) || existsSync(path.join(root, name))).toBe(true);
    }
    expect(readFileSync(path.join(root, 'LICENSE'), 'utf8')).toMatch(/Apache License/);
  });

  it('writes nothing to the console and keeps no text of the scaffold', () => {
    for (const name of sources) {
      expect(sourceText(name)).not.toMatch(/console\.(log|debug|info)\(/);
    }
    for (const name of ['README.md', 'plugin.json']) {
      expect(read(name)).not.toMatch(/Page One|my-awesome|Lorem|TODO|create-plugin/i);
    }
  });

  (built ? describe : describe.skip)('once built', () => {
    it('has no placeholder left', () => {
      for (const { name, json } of manifests) {
        expect(read(name)).not.toMatch(/%[A-Z_]+%/);
        expect(json.info.version).toMatch(/^\d+\.\d+\.\d+/);
        expect(json.info.updated).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      }
      expect(read('README.md')).not.toMatch(/%[A-Z_]+%/);
    });

    it('starts small: module.js, which Grafana loads early, holds links and lazy pages only', () => {
      expect(read('module.js').length).toBeLessThan(10_000);
    });

    it('tells the same version as package.json', () => {
      const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
      expect(app.info.version).toBe(version);
      expect(read('CHANGELOG.md')).toContain(`## ${version}`);
    });
  });
});
