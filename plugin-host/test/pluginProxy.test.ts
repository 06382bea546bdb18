import assert from 'node:assert/strict';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { matchRoute } from '../src/server/pluginProxy.ts';
import { createHostServer } from '../src/server/server.ts';

const pluginJson = {
  id: 'acme-things-app',
  type: 'app',
  name: 'Things',
  info: { version: '1.0.0', logos: { small: 'img/logo.svg', large: 'img/logo.svg' } },
  includes: [
    { type: 'page', name: 'Things', path: '/a/acme-things-app/things', addToNav: true, action: 'acme-things-app.things:read' },
    { type: 'page', name: 'Configuration', path: '/plugins/acme-things-app', addToNav: true, role: 'Admin' },
  ],
  roles: [
    { role: { name: 'Reader', permissions: [{ action: 'acme-things-app.things:read' }] }, grants: ['Viewer'] },
    { role: { name: 'Operator', permissions: [{ action: 'acme-things-app.things:write' }] }, grants: ['Editor'] },
  ],
  routes: [
    { path: 'read/*', method: 'GET', reqAction: 'acme-things-app.things:read', url: '{{ .JsonData.apiUrl }}/api/v1', headers: [{ name: 'Authorization', content: 'Bearer {{ .SecureJsonData.readToken }}' }] },
    { path: 'write/*', method: 'POST', reqAction: 'acme-things-app.things:write', url: '{{ .JsonData.apiUrl }}/api/v1', headers: [{ name: 'Authorization', content: 'Bearer {{ .SecureJsonData.operateToken }}' }] },
    { path: 'admin', method: 'GET', reqRole: 'Admin', url: '{{ .JsonData.apiUrl }}/admin' },
  ],
} as const;

interface Seen { method: string; url: string; headers: IncomingMessage['headers']; body: string }

const proxy = `/api/plugin-proxy/${pluginJson.id}`;
const folder = mkdtempSync(path.join(tmpdir(), 'plugin-host-'));
const seen: Seen[] = [];
let upstream: Server;
let upstreamUrl: string;
const servers: Server[] = [];

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const startHost = (options: { apiUrl?: string; sendUserHeader?: boolean } = {}): Promise<string> =>
  listen(
    createHostServer(
      { port: 0, dist: folder, prometheusUrl: upstreamUrl, readToken: 'r-token', operateToken: 'o-token', sendUserHeader: true, apiUrl: upstreamUrl, ...options },
      folder,
      () => undefined
    )
  );

const as = (login: string): Record<string, string> => ({ cookie: `plugin_host_user=${login}` });

before(async () => {
  mkdirSync(path.join(folder, 'img'));
  writeFileSync(path.join(folder, 'plugin.json'), JSON.stringify(pluginJson));
  writeFileSync(path.join(folder, 'module.js'), '');
  upstream = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      response.writeHead(request.url?.includes('missing') ? 404 : 200, { 'content-type': 'application/json', 'set-cookie': 'a=b' }).end('{"ok":true}');
    });
  });
  upstreamUrl = await listen(upstream);
});
beforeEach(() => void seen.splice(0));
after(() => {
  servers.forEach((server) => server.close());
  rmSync(folder, { recursive: true });
});

describe('which route is taken', () => {
  it('is the first whose verb and path fit', () => {
    assert.equal(matchRoute(pluginJson.routes as never, 'GET', 'read/rigs/a')?.rest, 'rigs/a');
    assert.equal(matchRoute(pluginJson.routes as never, 'POST', 'write/actions')?.route.path, 'write/*');
    assert.equal(matchRoute(pluginJson.routes as never, 'GET', 'admin')?.rest, '');
  });
  it('is none for another verb, for a bare prefix, or for more than a whole path', () => {
    assert.equal(matchRoute(pluginJson.routes as never, 'POST', 'read/rigs'), undefined);
    assert.equal(matchRoute(pluginJson.routes as never, 'GET', 'read'), undefined);
    assert.equal(matchRoute(pluginJson.routes as never, 'GET', 'admin/more'), undefined);
  });
  it('decodes the rest once', () => {
    assert.equal(matchRoute(pluginJson.routes as never, 'GET', 'read/rigs/l9%2D01')?.rest, 'rigs/l9-01');
  });
});

describe('the proxy', () => {
  it('passes path, query and body on, with the token of the route and without the browser’s cookies', async () => {
    const host = await startHost();
    await fetch(`${host}${proxy}/read/rigs/a?limit=5`, { headers: { ...as('viewer'), referer: 'http://x/y', 'x-grafana-user': 'forged', authorization: 'Bearer forged' } });
    await fetch(`${host}${proxy}/write/actions`, { method: 'POST', headers: { ...as('operator'), 'content-type': 'application/json' }, body: '{"a":1}' });
    const [read, write] = seen as [Seen, Seen];
    assert.equal(read.url, '/api/v1/rigs/a?limit=5');
    assert.equal(read.headers.authorization, 'Bearer r-token');
    assert.equal(read.headers.cookie, undefined);
    assert.equal(read.headers.referer, undefined);
    assert.equal(read.headers['x-grafana-referer'], 'http://x/y');
    assert.equal(write.headers.authorization, 'Bearer o-token');
    assert.equal(write.body, '{"a":1}');
  });

  it('says who asks, and lets nobody forge it', async () => {
    const host = await startHost();
    await fetch(`${host}${proxy}/read/rigs`, { headers: { ...as('operator'), 'x-grafana-user': 'forged', 'x-grafana-context': '{}' } });
    assert.equal(seen[0]?.headers['x-grafana-user'], 'operator');
    assert.deepEqual(JSON.parse(String(seen[0]?.headers['x-grafana-context'])).Login, 'operator');
  });

  it('names the user in the context only, when send_user_header is off', async () => {
    const host = await startHost({ sendUserHeader: false });
    await fetch(`${host}${proxy}/read/rigs`, { headers: { ...as('viewer'), 'x-grafana-user': 'forged' } });
    assert.equal(seen[0]?.headers['x-grafana-user'], undefined);
    assert.equal(JSON.parse(String(seen[0]?.headers['x-grafana-context'])).Login, 'viewer');
  });

  it('refuses with 403 what the role does not grant, and asks nothing of the exporter', async () => {
    const host = await startHost();
    const post = (login: string) => fetch(`${host}${proxy}/write/actions`, { method: 'POST', headers: as(login), body: '{}' });
    assert.equal((await post('viewer')).status, 403);
    assert.equal((await fetch(`${host}${proxy}/admin`, { headers: as('operator') })).status, 403);
    assert.equal(seen.length, 0);
    assert.equal((await post('operator')).status, 200);
    assert.equal((await post('admin')).status, 200);
    assert.equal((await fetch(`${host}${proxy}/admin`, { headers: as('admin') })).status, 200);
  });

  it('answers 404 where no route fits, and passes a 404 of the exporter on', async () => {
    const host = await startHost();
    const none = await fetch(`${host}${proxy}/other`);
    assert.equal(none.status, 404);
    assert.deepEqual(await none.json(), { message: 'plugin route match not found' });
    const missing = await fetch(`${host}${proxy}/read/missing`);
    assert.equal(missing.status, 404);
    assert.deepEqual(await missing.json(), { ok: true });
  });

  it('answers 502 with an empty body when the exporter is not there, and 500 before the app was saved', async () => {
    const gone = await startHost({ apiUrl: 'http://127.0.0.1:9' });
    const unreachable = await fetch(`${gone}${proxy}/read/rigs`);
    assert.equal(unreachable.status, 502);
    assert.equal(await unreachable.text(), '');
    const host = await listen(
      createHostServer({ port: 0, dist: folder, prometheusUrl: upstreamUrl, sendUserHeader: true }, folder, () => undefined)
    );
    const unsaved = await fetch(`${host}${proxy}/read/rigs`);
    assert.equal(unsaved.status, 500);
    assert.deepEqual(await unsaved.json(), { message: 'Failed to fetch plugin settings' });
  });

  it('hardens the answer and drops its cookies', async () => {
    const host = await startHost();
    const reply = await fetch(`${host}${proxy}/read/rigs`);
    assert.equal(reply.headers.get('content-security-policy'), 'sandbox');
    assert.equal(reply.headers.get('set-cookie'), null);
  });
});

describe('the host', () => {
  it('refuses writes from another origin', async () => {
    const host = await startHost();
    const foreign = await fetch(`${host}${proxy}/write/actions`, { method: 'POST', headers: { ...as('admin'), origin: 'http://evil.example' }, body: '{}' });
    assert.equal(foreign.status, 403);
    assert.equal(seen.length, 0);
  });

  it('refuses to be called by another name, as a page elsewhere could do by DNS', async () => {
    const host = await startHost();
    const status = await new Promise((resolve) => get(`${host}/`, { headers: { host: 'evil.example' } }, (reply) => resolve(reply.resume().statusCode)));
    assert.equal(status, 403);
  });

  it('lets an administrator alone change the settings, keeps secrets that are not sent, and never shows them', async () => {
    const host = await startHost();
    const url = `${host}/api/plugins/${pluginJson.id}/settings`;
    const save = (login: string, body: object) => fetch(url, { method: 'POST', headers: { ...as(login), 'content-type': 'application/json' }, body: JSON.stringify(body) });
    assert.equal((await save('operator', {})).status, 403);
    assert.equal((await save('admin', { jsonData: { apiUrl: upstreamUrl, extra: 1 }, secureJsonData: { operateToken: 'new' } })).status, 200);
    const meta = await (await fetch(url)).text();
    assert.match(meta, /"extra":1/);
    assert.match(meta, /"secureJsonFields":\{"readToken":true,"operateToken":true\}/);
    assert.doesNotMatch(meta, /r-token|o-token/);
    await fetch(`${host}${proxy}/read/rigs`);
    assert.equal(seen.at(-1)?.headers.authorization, 'Bearer r-token');
  });

  it('takes user and theme from the address once, and keeps them in cookies', async () => {
    const host = await startHost();
    const reply = await fetch(`${host}/a/${pluginJson.id}/things?as=viewer&theme=light&q=x`, { redirect: 'manual' });
    assert.equal(reply.status, 302);
    assert.equal(reply.headers.get('location'), `/a/${pluginJson.id}/things?q=x`);
    assert.deepEqual(reply.headers.getSetCookie().map((cookie) => cookie.split(';')[0]), ['plugin_host_user=viewer', 'plugin_host_theme=light']);
    assert.equal((await fetch(`${host}/?as=nobody`, { redirect: 'manual' })).status, 400);
  });

  it('shows each user the pages that are theirs', async () => {
    const host = await startHost();
    const page = async (login: string) => (await fetch(`${host}/`, { headers: as(login) })).text();
    assert.match(await page('admin'), /"name":"Configuration","path":"\/plugins/);
    assert.doesNotMatch((await page('viewer')).split('"host":')[1] ?? '', /"pages":\[[^\]]*Configuration/);
  });

  it('serves nothing from outside of the plugin’s folder', async () => {
    const host = await startHost();
    assert.equal((await fetch(`${host}/public/plugins/${pluginJson.id}/plugin.json`)).status, 200);
    assert.equal((await fetch(`${host}/public/plugins/${pluginJson.id}/..%2f..%2f..%2fetc%2fpasswd`)).status, 404);
    assert.equal((await fetch(`${host}/healthz`)).status, 200);
  });
});
