/** A pool on the network: its API behind an HTTP server that can misbehave, and where it has one its WAMP router. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { close, listen } from '../listener.ts';
import type { Account } from './account.ts';
import type { PoolDesk } from './house.ts';
import type { PoolKind } from './kinds.ts';
import type { Market } from './market.ts';
import { createWampRouter } from './wamp/router.ts';
import type { WampRouter } from './wamp/router.ts';

export const poolModes = [
  'ok', 'html', 'http_403', 'http_429', 'http_500', 'http_503', 'slow', 'hang', 'cut', 'reset', 'empty', 'wrong_content_type', 'bad_json', 'bad_key', 'dead',
] as const;
export type PoolMode = (typeof poolModes)[number];

export function isPoolMode(text: unknown): text is PoolMode {
  return typeof text === 'string' && (poolModes as readonly string[]).includes(text);
}

export interface PoolRequest { readonly timeMs: number; readonly path: string; readonly keyGiven: boolean; readonly keyValid: boolean }

export interface Pool {
  readonly kind: PoolKind;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly apiKey: string;
  /** Second secret of ViaBTC and NiceHash; empty elsewhere. */
  readonly secretKey: string;
  /** NiceHash alone. */
  readonly organization?: string;
  readonly user: string;
  /** The account that all its answers are made from; call `advance` of the simulator first. */
  readonly ledger: Account;
  /** ProHashing alone; at `ws://host:port/ws`. */
  readonly wamp: WampRouter | null;
  mode(): PoolMode;
  /** `dead` closes the listener, the router too; any other opens it again. */
  setMode(mode: PoolMode): Promise<void>;
  /** The last requests, without keys. */
  requests(): readonly PoolRequest[];
  clearRequests(): void;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly desk: PoolDesk;
  readonly market: Market;
  readonly seed: number;
  readonly host: string;
  readonly port: number;
  /** Brings every miner up to now, so that the account has all shares. */
  readonly advanceMiners: () => void;
}

const slowMs = 5000;
const bodyLimit = 65_536;
const page = '<!DOCTYPE html><html><head><title>Pool</title></head><body>We will be right back.</body></html>';

interface Reply { readonly status: number; readonly type: string; readonly body: string; readonly headers?: Readonly<Record<string, string>> }

/** Replies that are wrong in themselves. */
const wrongReplies: Readonly<Partial<Record<PoolMode, Reply>>> = {
  html: { status: 200, type: 'text/html', body: page },
  http_403: { status: 403, type: 'text/html', body: '<html><body>Attention Required!</body></html>' },
  http_429: { status: 429, type: 'text/plain', body: 'Too many requests', headers: { 'retry-after': '60' } },
  http_500: { status: 500, type: 'text/html', body: '<html><body>Internal Server Error</body></html>' },
  http_503: { status: 503, type: 'text/html', body: '<html><body>Service Unavailable</body></html>', headers: { 'retry-after': '120' } },
  empty: { status: 200, type: 'application/json', body: '' },
};

function send(response: ServerResponse, { status, type, body, headers = {} }: Reply): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

function misbehave(mode: PoolMode, response: ServerResponse, good: Reply): void {
  switch (mode) {
    case 'slow': {
      const timer = setTimeout(() => send(response, good), slowMs);
      response.on('close', () => clearTimeout(timer));
      return;
    }
    case 'hang':
      return;
    case 'cut':
      response.writeHead(good.status, { 'content-type': good.type, 'content-length': Buffer.byteLength(good.body) });
      response.write(good.body.slice(0, Math.floor(good.body.length / 2)), () => response.socket?.destroy());
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'wrong_content_type':
      send(response, { ...good, type: 'text/plain' });
      return;
    case 'bad_json':
      send(response, { ...good, body: good.body.slice(0, Math.floor(good.body.length / 2)) });
      return;
    case 'ok':
    case 'bad_key':
    case 'dead':
    case 'html':
    case 'http_403':
    case 'http_429':
    case 'http_500':
    case 'http_503':
    case 'empty':
      send(response, wrongReplies[mode] ?? good);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size <= bodyLimit) chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function createPool({ clock, desk, market, seed, host, port: wantedPort, advanceMiners }: PoolOptions): Pool {
  let mode: PoolMode = 'ok';
  let port = wantedPort;
  let requests: PoolRequest[] = [];
  const { identity, account } = desk;
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await readBody(request);
    // The time first: the miners then go at least that far, so no step is settled half full.
    const timeMs = clock.now();
    advanceMiners();
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]));
    if (mode === 'bad_key') for (const name of ['x-api-key', 'f2p-api-secret', 'x-auth']) if (headers[name] !== undefined) headers[name] = 'refused';
    const asked = request.url ?? '/';
    const path = mode === 'bad_key' ? asked.replace(/([?&]api_?key=)[^&]*/i, '$1refused') : asked;
    const answer = desk.answer({ method: request.method ?? 'GET', path, headers, body, timeMs, realMs: Date.now() });
    requests.push({ timeMs, path: asked.split('?')[0] ?? '/', keyGiven: answer.keyGiven, keyValid: answer.keyValid });
    if (requests.length > 500) requests.shift();
    misbehave(mode, response, { status: answer.httpStatus, type: 'application/json', body: JSON.stringify(answer.body) });
  };
  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  const wamp = desk.kind === 'prohashing' ? createWampRouter({ server, clock, account, market, seed, apiKey: identity.apiKey, advanceMiners }) : null;
  const open = async () => {
    port = await listen(server, { host, port }, `pool ${desk.kind}`);
  };
  const shut = async () => {
    wamp?.cutAll();
    await close(server);
  };
  return {
    kind: desk.kind,
    host,
    get port() {
      return port;
    },
    get url() {
      return `http://${host}:${port}`;
    },
    ...identity,
    ledger: account,
    wamp,
    mode: () => mode,
    setMode: async (next) => {
      const was = mode;
      mode = next;
      if (next === 'dead') await shut();
      else if (was === 'dead') await open();
    },
    requests: () => requests,
    clearRequests: () => {
      requests = [];
    },
    listen: open,
    close: async () => {
      wamp?.close();
      await shut();
    },
  };
}
