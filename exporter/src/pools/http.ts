/** JSON from a pool, with a closed set of reasons for failure. Paths, headers and bodies may carry a key: they are never logged. */
import { Agent, request } from 'undici';
import { codeOf, messageOf } from '../errors.ts';
import { parseJson } from './fields.ts';
import { PoolFailure, type PoolFailureReason } from './pool.ts';

/** Numbers of the body keep their digits (fields.ts). */
export interface PoolReply { readonly status: number; readonly body: unknown }

export interface PoolHttp {
  /** The parsed body and the HTTP status; a pool may report errors in the body of any status. @throws PoolFailure */
  getJson(pathAndQuery: string, signal: AbortSignal, headers?: Readonly<Record<string, string>>): Promise<PoolReply>;
  /** The same for a POST of JSON. @throws PoolFailure */
  postJson(path: string, signal: AbortSignal, sent: { readonly headers: Readonly<Record<string, string>>; readonly body: object }): Promise<PoolReply>;
  close(): Promise<void>;
}

const maxReplyBytes = 8_388_608;

/** Who asks: some pools refused clients that did not say (prohashing-api.md, 1.7). */
const ownHeaders = { 'accept': 'application/json', 'user-agent': 'hashfleet' } as const;

/** TLS verification is always on: the key travels only after the certificate has been checked. Redirects are not followed. */
export function poolHttp(baseUrl: string): PoolHttp {
  const base = baseUrl.replace(/\/+$/, '');
  // Said out loud, so that not even NODE_TLS_REJECT_UNAUTHORIZED switches it off.
  const agent = new Agent({ connections: 1, maxResponseSize: maxReplyBytes, headersTimeout: 15_000, bodyTimeout: 15_000, connect: { timeout: 10_000, rejectUnauthorized: true } });
  async function send(path: string, options: Pick<NonNullable<Parameters<typeof request>[1]>, 'method' | 'signal' | 'headers' | 'body'>): Promise<PoolReply> {
    try {
      const reply = await request(`${base}${path}`, { dispatcher: agent, ...options });
      const text = await reply.body.text();
      const type = String(reply.headers['content-type'] ?? '');
      if (reply.statusCode === 429 || reply.statusCode === 503) {
        const wait = retryAfterMs(reply.headers['retry-after']);
        throw new PoolFailure(reply.statusCode === 429 ? 'http_4xx' : 'http_5xx', `the pool answered ${reply.statusCode}`, wait === undefined ? {} : { retryAfterMs: wait });
      }
      // Gone is for ever, whatever the body says.
      if (reply.statusCode === 410) throw new PoolFailure('closed', 'the pool answered 410: it has gone for good');
      if (/text\/html/i.test(type) || /^\s*</.test(text)) throw new PoolFailure(statusReason(reply.statusCode) ?? 'html_body', `the pool answered ${reply.statusCode} with a web page in place of JSON`);
      return { status: reply.statusCode, body: parsed(text, reply.statusCode) };
    } catch (thrown) {
      throw poolFailureOf(thrown);
    }
  }
  return {
    getJson: async (pathAndQuery, signal, headers = {}) => send(pathAndQuery, { method: 'GET', signal, headers: { ...ownHeaders, ...headers } }),
    postJson: async (path, signal, { headers, body }) => send(path, { method: 'POST', signal, headers: { ...ownHeaders, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }),
    async close() {
      await agent.destroy();
    },
  };
}

/** The parser's own words are left out: they may quote a body that quotes the key. @throws PoolFailure */
function parsed(text: string, status: number): unknown {
  try {
    return parseJson(text);
  } catch {
    throw new PoolFailure(statusReason(status) ?? 'bad_shape', 'the pool\'s reply is not valid JSON');
  }
}

export function statusReason(status: number): PoolFailureReason | undefined {
  return status >= 500 ? 'http_5xx' : status >= 300 ? 'http_4xx' : undefined;
}

function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, 86_400_000) : undefined;
}

/** Codes of TLS, of Node and of OpenSSL. */
const tlsCodes = /^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|EPROTO|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

/** Whatever went wrong on the way to a pool, over HTTP or a WebSocket, with its reason. */
export function poolFailureOf(thrown: unknown): PoolFailure {
  if (thrown instanceof PoolFailure) return thrown;
  const code = codeOf(thrown) ?? '';
  // The message of a network error names host and port, never path or query.
  const failure = (reason: PoolFailureReason) => new PoolFailure(reason, messageOf(thrown).slice(0, 200), { cause: thrown });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return failure('dns');
  if (tlsCodes.test(code)) return failure('tls');
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return failure('too_large');
  if (['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ABORT_ERR', 'UND_ERR_ABORTED'].includes(code) || thrown instanceof DOMException || (thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name))) return failure('timeout');
  return failure('tcp');
}

/** What stands for the whole pool and not for one endpoint. */
const wholePool: readonly PoolFailureReason[] = ['closed', 'dns', 'tcp', 'tls', 'timeout', 'bad_key'];

/** One endpoint that may be missing without harm to the others. @throws PoolFailure where the pool itself is the trouble */
export async function ifThere<T>(read: () => Promise<T>, missing: (failure: PoolFailure) => void): Promise<T | undefined> {
  try {
    return await read();
  } catch (thrown) {
    const failure = poolFailureOf(thrown);
    if (wholePool.includes(failure.reason) || failure.retryAfterMs !== undefined) throw failure;
    missing(failure);
    return undefined;
  }
}

/** The last answer of `read` for `everyMs`; what failed is asked again next time. */
export function seldom<T>(everyMs: number, now: () => number, read: (signal: AbortSignal) => Promise<T | undefined>): (signal: AbortSignal) => Promise<T | undefined> {
  let last: { at: number; value: T } | undefined;
  return async (signal) => {
    if (last !== undefined && now() - last.at < everyMs) return last.value;
    const value = await read(signal);
    if (value !== undefined) last = { at: now(), value };
    return value;
  };
}
