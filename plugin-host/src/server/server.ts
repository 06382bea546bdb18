import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { initialSettings, saveSettings, type AppSettings } from './appSettings.ts';
import { pageHtml, pluginMeta, type ThemeName } from './bootData.ts';
import { readDashboards } from './dashboardFolder.ts';
import { answerQueries, type QueryRequest } from './dataSourceQuery.ts';
import { BodyTooLarge, fileUnder, readBody, readJson, sendFile, sendJson, sendText } from './http.ts';
import type { HostOptions } from './options.ts';
import { proxyPluginRequest } from './pluginProxy.ts';
import { readPluginFolder, type PluginFolder } from './pluginFolder.ts';
import { userByLogin, users, type HostUser } from './users.ts';

const userCookie = 'plugin_host_user';
const themeCookie = 'plugin_host_theme';

interface Host {
  options: HostOptions;
  packageRoot: string;
  plugin: PluginFolder;
  settings: AppSettings;
  log: (line: string) => void;
}

interface Visit {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  user: HostUser;
  theme: ThemeName;
}

/** The HTTP side of Grafana that a frontend app plugin meets. Listen on 127.0.0.1 only: it signs everybody in. */
export function createHostServer(options: HostOptions, packageRoot: string, log: (line: string) => void): Server {
  const host: Host = { options, packageRoot, log, plugin: readPluginFolder(options.dist), settings: initialSettings(options) };
  return createServer((request, response) => {
    answer(host, request, response).catch((cause: unknown) => {
      log(`failed ${request.method} ${request.url}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`);
      if (!response.headersSent) {
        sendJson(response, cause instanceof BodyTooLarge ? 413 : cause instanceof SyntaxError || cause instanceof URIError ? 400 : 500, {
          message: cause instanceof Error ? cause.message : String(cause),
        });
      }
    });
  });
}

async function answer(host: Host, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://host');
  if (!isLocal(request.headers.host)) {
    return sendText(response, 403, 'This host answers on 127.0.0.1 and localhost only.');
  }
  if (!['GET', 'HEAD'].includes(request.method ?? 'GET') && !sameOrigin(request)) {
    return sendJson(response, 403, { message: 'origin not allowed' });
  }
  const cookies = readCookies(request.headers.cookie);
  const visit: Visit = {
    request, response, url,
    user: userByLogin(cookies[userCookie]) ?? users[0]!,
    theme: cookies[themeCookie] === 'light' ? 'light' : 'dark',
  };
  const { pathname } = url;
  if (pathname === '/healthz') {
    return sendJson(response, 200, { status: 'ok', plugin: host.plugin.app.id, version: host.plugin.app.info.version });
  }
  if (pathname.startsWith('/public/')) {
    return answerFile(host, visit);
  }
  if (pathname.startsWith('/api/') || pathname.startsWith('/apis/')) {
    return answerApi(host, visit);
  }
  return answerPage(host, visit);
}

/** `?as=` and `?theme=` choose user and theme once; a cookie keeps them and the address stays clean. */
function answerPage(host: Host, visit: Visit): void {
  const { response, url } = visit;
  const as = url.searchParams.get('as');
  const theme = url.searchParams.get('theme');
  if (as !== null || theme !== null) {
    const cookies: string[] = [];
    if (as !== null) {
      if (!userByLogin(as)) {
        return sendText(response, 400, `There is no user "${as}"; choose one of ${users.map((user) => user.login).join(', ')}.`);
      }
      cookies.push(`${userCookie}=${as}; Path=/; SameSite=Strict`);
    }
    if (theme !== null) {
      cookies.push(`${themeCookie}=${theme === 'light' ? 'light' : 'dark'}; Path=/; SameSite=Strict`);
    }
    url.searchParams.delete('as');
    url.searchParams.delete('theme');
    response.writeHead(302, { location: url.pathname.replace(/^\/+/, '/') + url.search, 'set-cookie': cookies }).end();
    return;
  }
  sendText(
    response, 200,
    pageHtml({
      plugin: host.plugin, settings: host.settings, user: visit.user, theme: visit.theme,
      origin: `http://${visit.request.headers.host ?? `127.0.0.1:${host.options.port}`}`,
      dashboards: readDashboards(host.options.dashboards).map(({ uid, title, tags }) => ({ uid, title, tags })),
    }),
    'text/html'
  );
}

async function answerApi(host: Host, visit: Visit): Promise<void> {
  const { request, response, url, user } = visit;
  const { id } = host.plugin.app;
  const method = request.method ?? 'GET';
  const proxyPrefix = `/api/plugin-proxy/${id}/`;
  if (url.pathname.startsWith(proxyPrefix)) {
    return proxyPluginRequest(request, response, { path: url.pathname.slice(proxyPrefix.length), search: url.search }, {
      user, settings: host.settings, plugin: host.plugin.app, sendUserHeader: host.options.sendUserHeader,
      remoteAddress: request.socket.remoteAddress ?? '127.0.0.1', log: host.log,
    });
  }
  if (url.pathname === '/api/ds/query' && method === 'POST') {
    const results = await answerQueries(host.options.prometheusUrl, (await readJson(request)) as QueryRequest);
    const failed = Object.values(results).find((result) => result.error !== undefined);
    return sendJson(response, failed ? (failed.status === 502 ? 502 : 400) : 200, { results });
  }
  const resource = /^\/api\/datasources\/uid\/[\w-]+\/resources(\/api\/v1\/(?:query|series|labels|label\/\w+\/values|rules|alerts))$/.exec(url.pathname);
  if (resource?.[1]) {
    return passToPrometheus(host, visit, resource[1]);
  }
  if (url.pathname === `/api/plugins/${id}/settings`) {
    if (method === 'GET') {
      return sendJson(response, 200, pluginMeta(host.plugin, host.settings));
    }
    if (user.orgRole !== 'Admin') {
      return sendJson(response, 403, { message: "You'll need additional permissions to perform this action. Permissions needed: plugins:write" });
    }
    saveSettings(host.settings, await readJson(request));
    host.log(`settings saved by ${user.login}`);
    return sendJson(response, 200, { message: 'Plugin settings updated' });
  }
  const dashboard = /^\/api\/dashboards\/uid\/([\w-]+)$/.exec(url.pathname);
  if (dashboard) {
    const found = readDashboards(host.options.dashboards).find((one) => one.uid === dashboard[1]);
    return found ? sendJson(response, 200, { dashboard: found.json, meta: {} }) : sendJson(response, 404, { message: 'Dashboard not found' });
  }
  host.log(`not served: ${method} ${url.pathname}`);
  return sendJson(response, 404, { message: 'not served by the plugin host' });
}

async function passToPrometheus(host: Host, visit: Visit, resource: string): Promise<void> {
  const { request, response, url } = visit;
  try {
    const reply = await fetch(`${host.options.prometheusUrl}${resource}${url.search}`, {
      method: request.method ?? 'GET',
      ...(request.method === 'POST' ? { body: await readBody(request), headers: { 'content-type': request.headers['content-type'] ?? 'application/x-www-form-urlencoded' } } : {}),
    });
    response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') ?? 'application/json' }).end(Buffer.from(await reply.arrayBuffer()));
  } catch {
    sendJson(response, 502, { message: `Prometheus at ${host.options.prometheusUrl} cannot be reached` });
  }
}

const emptyIcon = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="8"/></svg>';

function answerFile(host: Host, visit: Visit): void {
  const { response, url } = visit;
  const { pathname } = url;
  const under = (prefix: string, folder: string): string | undefined =>
    pathname.startsWith(prefix) ? fileUnder(folder, pathname.slice(prefix.length)) : undefined;
  const icons = path.join(packageFolder(host, '@grafana/ui'), 'dist/public/img/icons');
  const file =
    under(`/public/plugins/${host.plugin.app.id}/`, host.plugin.dist) ??
    under('/public/build/img/icons/', icons) ??
    under('/public/img/icons/', icons) ??
    fontFile(host, pathname) ??
    under('/public/build/', path.join(host.packageRoot, 'public-build'));
  if (file) {
    return sendFile(response, file);
  }
  if (pathname.includes('/img/icons/')) {
    // A few icons ship with Grafana but not with its package.
    return sendText(response, 200, emptyIcon, 'image/svg+xml');
  }
  host.log(`not served: ${pathname}`);
  sendText(response, 404, 'not found');
}

function fontFile(host: Host, pathname: string): string | undefined {
  const font = /^\/public\/(?:build\/)?fonts\/(?:inter|roboto)\/(Inter|RobotoMono)-(Regular|Medium)\.woff2$/.exec(pathname);
  if (!font) {
    return undefined;
  }
  const family = font[1] === 'Inter' ? 'inter' : 'roboto-mono';
  return fileUnder(path.join(packageFolder(host, `@fontsource/${family}`), 'files'), `${family}-latin-${font[2] === 'Regular' ? 400 : 500}-normal.woff2`);
}

function packageFolder(host: Host, name: string): string {
  const require = createRequire(path.join(host.packageRoot, 'package.json'));
  const searched = require.resolve.paths(name) ?? [];
  return path.join(searched[0] ?? path.join(host.packageRoot, 'node_modules'), name);
}

/** A page elsewhere must not reach this host under another name (DNS rebinding). */
function isLocal(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/, '');
  return ['127.0.0.1', 'localhost', '[::1]'].includes(name);
}

/** Everybody here is signed in, so a write must come from this page. */
function sameOrigin(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  return origin === undefined || origin === `http://${host ?? ''}`;
}

function readCookies(header: string | undefined): Record<string, string> {
  return Object.fromEntries(
    (header ?? '').split(';').flatMap((part) => {
      const at = part.indexOf('=');
      return at > 0 ? [[part.slice(0, at).trim(), part.slice(at + 1).trim()]] : [];
    })
  );
}
