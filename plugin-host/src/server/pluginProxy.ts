import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AppSettings } from './appSettings.ts';
import { readBody, sendJson } from './http.ts';
import type { PluginJson, ProxyRoute } from './pluginFolder.ts';
import { hasRole, permissionsOf, type HostUser } from './users.ts';

/*
 * Grafana's proxy for app plugins (pkg/api/pluginproxy): routes are tried in order, the first whose verb and path fit
 * is used, and a refusal there is final. `method` is one verb, "*" or empty. A path that ends in /* hands the rest on.
 */

export interface RouteMatch {
  route: ProxyRoute;
  /** What `*` stood for, decoded once; empty for a path without it. */
  rest: string;
}

export function matchRoute(routes: readonly ProxyRoute[], method: string, requestPath: string): RouteMatch | undefined {
  const wanted = requestPath.replace(/^\/+/, '');
  for (const route of routes) {
    if (route.method && route.method !== '*' && route.method !== method) {
      continue;
    }
    const pattern = route.path.replace(/^\/+|\/+$/g, '');
    if (pattern.endsWith('/*')) {
      const prefix = pattern.slice(0, -1);
      if (wanted.startsWith(prefix)) {
        return { route, rest: decodeURIComponent(wanted.slice(prefix.length)) };
      }
    } else if (wanted.replace(/\/+$/, '') === pattern) {
      return { route, rest: '' };
    }
  }
  return undefined;
}

/** `reqAction` decides if set, else `reqRole`, else every signed-in user may. */
export function mayUse(route: ProxyRoute, user: HostUser, plugin: PluginJson): boolean {
  if (route.reqAction) {
    return permissionsOf(user, plugin)[route.reqAction] === true;
  }
  return route.reqRole ? hasRole(user, route.reqRole) : true;
}

/** The part of Go's templates that plugin.json may use: {{ .JsonData.x }} and {{ .SecureJsonData.x }}. */
export function fillTemplate(template: string, settings: AppSettings): string {
  return template.replace(/\{\{\s*\.(JsonData|SecureJsonData)\.(\w+)\s*\}\}/g, (_, bag: string, name: string) => {
    const value = (bag === 'JsonData' ? settings.jsonData : settings.secureJsonData)[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '<no value>';
  });
}

const notPassedOn = new Set([
  'cookie', 'origin', 'referer', 'x-grafana-user', 'x-grafana-id', 'x-grafana-context', 'x-forwarded-for',
  'host', 'connection', 'content-length', 'transfer-encoding', 'accept-encoding', 'expect', 'keep-alive', 'te', 'trailer', 'upgrade',
  'proxy-authorization', 'proxy-connection',
]);

export interface ProxiedBy {
  user: HostUser;
  settings: AppSettings;
  sendUserHeader: boolean;
  remoteAddress: string;
}

/** Headers of the request to the exporter: what the browser may not say is removed, who asks is added. */
export function upstreamHeaders(incoming: IncomingHttpHeaders, route: ProxyRoute, by: ProxiedBy): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming)) {
    if (value !== undefined && !notPassedOn.has(name)) {
      headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
  }
  if (incoming.referer) {
    headers['x-grafana-referer'] = incoming.referer;
  }
  headers['x-forwarded-for'] = by.remoteAddress;
  headers['x-grafana-context'] = JSON.stringify({
    UserID: by.user.id, OrgID: 1, OrgName: 'Main Org.', OrgRole: by.user.orgRole, Login: by.user.login, Name: by.user.name, Email: by.user.email,
  });
  if (by.sendUserHeader) {
    headers['x-grafana-user'] = by.user.login;
  }
  for (const header of route.headers ?? []) {
    headers[header.name.toLowerCase()] = fillTemplate(header.content, by.settings);
  }
  return headers;
}

export interface ProxyContext extends ProxiedBy {
  plugin: PluginJson;
  log: (line: string) => void;
}

/** Answers /api/plugin-proxy/<id>/<requestPath>. */
export async function proxyPluginRequest(
  request: IncomingMessage, response: ServerResponse, target: { path: string; search: string }, context: ProxyContext
): Promise<void> {
  const method = request.method ?? 'GET';
  const match = matchRoute(context.plugin.routes ?? [], method, target.path);
  if (!match) {
    return sendJson(response, 404, { message: 'plugin route match not found' });
  }
  if (!mayUse(match.route, context.user, context.plugin)) {
    context.log(`proxy ${method} ${target.path} refused to ${context.user.login}`);
    return sendJson(response, 403, { message: 'plugin proxy route access denied' });
  }
  if (!context.settings.saved) {
    return sendJson(response, 500, { message: 'Failed to fetch plugin settings' });
  }
  const base = fillTemplate(match.route.url, context.settings);
  const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(request);
  let answer: Response;
  let content: Buffer;
  try {
    const url = new URL(base);
    url.pathname = [url.pathname.replace(/\/+$/, ''), match.rest].filter(Boolean).join('/');
    url.search = target.search;
    answer = await fetch(url, { method, headers: upstreamHeaders(request.headers, match.route, context), body: body ?? null, redirect: 'manual' });
    content = Buffer.from(await answer.arrayBuffer());
    context.log(`proxy ${method} ${url.pathname} for ${context.user.login}: ${answer.status}`);
  } catch (cause) {
    context.log(`proxy ${method} ${target.path}: exporter not reached (${reason(cause)})`);
    response.writeHead(502).end();
    return;
  }
  const headers: Record<string, string> = { 'content-security-policy': 'sandbox' };
  for (const name of ['content-type', 'cache-control', 'retry-after', 'location', 'www-authenticate']) {
    const value = answer.headers.get(name);
    if (value) {
      headers[name] = value;
    }
  }
  response.writeHead(answer.status, headers).end(content);
}

function reason(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  return inner instanceof Error ? ((inner as NodeJS.ErrnoException).code ?? inner.message) : String(inner);
}
