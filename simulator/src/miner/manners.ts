/** Bad manners of an HTTP server: each takes the true reply and spoils how, or what, is sent. */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ActiveFault, MannerKind } from './faults.ts';
import { isManner } from './faults.ts';
import type { Reply } from './router.ts';
import { spaIndex } from './router.ts';

export interface Spoiled {
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly reply: Reply;
  /** Real milliseconds of `slow` and `drip`. */
  readonly milliseconds: number | undefined;
}

export function mannerFor(faults: readonly ActiveFault[], path: string, method = 'GET'): ActiveFault | undefined {
  const meant = (wanted: string) => (wanted.endsWith('$') ? path === wanted.slice(0, -1) || path === `/api/v1${wanted.slice(0, -1)}` : path.startsWith(wanted) || path.startsWith(`/api/v1${wanted}`));
  return faults.find(({ kind, params }) => isManner(kind) && (params.path === undefined || meant(params.path)) && (params.method === undefined || params.method === method));
}

export function send(response: ServerResponse, reply: Reply): void {
  const headers: Record<string, string | number> = { ...reply.headers, 'content-length': Buffer.byteLength(reply.body) };
  if (reply.contentType !== undefined) headers['content-type'] = reply.contentType;
  response.writeHead(reply.status, headers);
  response.end(reply.body);
}

/** Repeats `tick` until the client is gone. */
function every(response: ServerResponse, milliseconds: number, tick: () => void): void {
  const timer = setInterval(tick, milliseconds);
  response.on('close', () => clearInterval(timer));
}

function drip({ response, reply, milliseconds }: Spoiled): void {
  const bytes = Buffer.from(reply.body);
  response.writeHead(reply.status, { 'content-type': reply.contentType ?? 'application/json', 'content-length': bytes.length });
  let sent = 0;
  every(response, milliseconds ?? 200, () => {
    response.write(bytes.subarray(sent, sent + 1));
    sent += 1;
    if (sent >= bytes.length) response.end();
  });
}

function endless({ response }: Spoiled): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = `"${'x'.repeat(16_384)}",`;
  response.write('[');
  const pour = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', () => setImmediate(pour));
  pour();
}

/** Values no schema allows, in place of true ones, by turns. */
export function garbage(body: string): string {
  let turn = 0;
  const spoil = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(spoil);
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, spoil(entry)]));
    turn += 1;
    switch (turn % 5) {
      case 0:
        return null;
      case 1:
        return typeof value === 'number' ? String(value) : value;
      case 2:
        return typeof value === 'number' ? '@huge@' : 42;
      case 3:
        return ['unexpected'];
      default:
        return typeof value === 'number' ? -1 : '\u0000\uFFFD';
    }
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return body;
  }
  return JSON.stringify(spoil(parsed)).replaceAll('"@huge@"', '1e400');
}

function cut({ response, reply, socket }: Spoiled): void {
  const bytes = Buffer.from(reply.body);
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Math.max(64, bytes.length) });
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => socket.destroy());
}

function hugeHeaders({ socket, reply }: Spoiled): void {
  const filler = Array.from({ length: 64 }, (_, i) => `x-filler-${i}: ${'y'.repeat(2048)}\r\n`).join('');
  socket.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${filler}content-length: ${Buffer.byteLength(reply.body)}\r\n\r\n`);
}

/** Sends the reply in the bad manner. */
export function sendBadly(kind: MannerKind, spoiled: Spoiled): void {
  const { response, reply, socket } = spoiled;
  const text = reply.body.toString();
  switch (kind) {
    case 'hang':
      return;
    case 'drip':
      drip(spoiled);
      return;
    case 'endless':
      endless(spoiled);
      return;
    case 'html':
      send(response, spaIndex);
      return;
    case 'bad_json':
      send(response, { ...reply, status: 200, contentType: 'application/json', body: `${text.slice(0, -2)},,]` });
      return;
    case 'cut':
      cut(spoiled);
      return;
    case 'reset':
      socket.resetAndDestroy();
      return;
    case 'not_http':
      socket.end('\u0000\u0001 this is no web server\r\n');
      return;
    case 'slow': {
      const timer = setTimeout(() => send(response, reply), spoiled.milliseconds ?? 3000);
      response.on('close', () => clearTimeout(timer));
      return;
    }
    case 'http_500':
      send(response, { status: 500, contentType: 'application/json', body: '{"err":"Internal error"}' });
      return;
    case 'huge_headers':
      hugeHeaders(spoiled);
      return;
    case 'garbage_values':
      send(response, { ...reply, body: garbage(text) });
      return;
    case 'wrong_content_type':
      send(response, { ...reply, contentType: 'text/plain' });
      return;
  }
}
