/** The pool on the network: its ledger behind an HTTP server that can misbehave. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { close, listen } from '../listener.ts';
import type { Ledger } from './prohashing.ts';

export const poolModes = ['ok', 'html', 'http_500', 'http_429', 'slow', 'cut', 'dead'] as const;
export type PoolMode = (typeof poolModes)[number];

export function isPoolMode(text: unknown): text is PoolMode {
  return typeof text === 'string' && (poolModes as readonly string[]).includes(text);
}

export interface PoolRequest { readonly timeMs: number; readonly path: string; readonly keyGiven: boolean; readonly keyValid: boolean }

export interface Pool {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly apiKey: string;
  readonly ledger: Ledger;
  mode(): PoolMode;
  /** `dead` closes the listener; any other opens it again. */
  setMode(mode: PoolMode): Promise<void>;
  /** The last requests, without keys. */
  requests(): readonly PoolRequest[];
  clearRequests(): void;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export interface PoolOptions {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly apiKey: string;
  readonly host: string;
  readonly port: number;
  /** Brings every miner up to now, so that the ledger has all shares. */
  readonly advanceMiners: () => void;
}

const slowMs = 5000;

function misbehave(mode: PoolMode, response: ServerResponse, body: string): boolean {
  switch (mode) {
    case 'ok':
    case 'dead':
      return false;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<!DOCTYPE html><html><head><title>ProHashing</title></head><body>We will be right back.</body></html>');
      return true;
    case 'http_500':
      response.writeHead(500, { 'content-type': 'text/html' });
      response.end('<html><body>Internal Server Error</body></html>');
      return true;
    case 'http_429':
      response.writeHead(429, { 'content-type': 'text/plain', 'retry-after': '60' });
      response.end('Too many requests');
      return true;
    case 'slow': {
      const timer = setTimeout(() => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(body);
      }, slowMs);
      response.on('close', () => clearTimeout(timer));
      return true;
    }
    case 'cut':
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
      response.write(body.slice(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
      return true;
  }
}

export function createPool({ clock, ledger, apiKey, host, port: wantedPort, advanceMiners }: PoolOptions): Pool {
  let mode: PoolMode = 'ok';
  let port = wantedPort;
  let requests: PoolRequest[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    // The time first: the miners then go at least that far, so no batch of shares is settled half full.
    const timeMs = clock.now();
    advanceMiners();
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://pool');
    const given = searchParams.get('apiKey');
    requests.push({ timeMs, path: pathname, keyGiven: given !== null, keyValid: given === apiKey });
    if (requests.length > 500) requests.shift();
    const { httpStatus, body } = request.method === 'GET' ? ledger.answer({ path: pathname, apiKey: given, timeMs })
      : { httpStatus: 405, body: { status: 'error', code: 405 } };
    const text = JSON.stringify(body);
    if (misbehave(mode, response, text)) return;
    response.writeHead(httpStatus, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  };
  const server = createServer(answer);
  const open = async () => {
    port = await listen(server, { host, port }, 'pool');
  };
  return {
    host,
    get port() {
      return port;
    },
    get url() {
      return `http://${host}:${port}`;
    },
    apiKey,
    ledger,
    mode: () => mode,
    setMode: async (next) => {
      const was = mode;
      mode = next;
      if (next === 'dead') await close(server);
      else if (was === 'dead') await open();
    },
    requests: () => requests,
    clearRequests: () => {
      requests = [];
    },
    listen: open,
    close: () => close(server),
  };
}
