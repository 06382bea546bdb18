/** GET of JSON from a pool, with a closed set of reasons for failure. Paths may carry a key: they are never logged. */
import { Agent, request } from 'undici';
import { codeOf, messageOf } from '../errors.ts';
import { PoolFailure, type PoolFailureReason } from './pool.ts';

export interface PoolHttp {
  /** The parsed body and the HTTP status; a pool may report errors in the body of any status. @throws PoolFailure */
  getJson(pathAndQuery: string, signal: AbortSignal): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

const maxReplyBytes = 8_388_608;

/** TLS verification is always on: the key travels only after the certificate has been checked. */
export function poolHttp(baseUrl: string): PoolHttp {
  const base = baseUrl.replace(/\/+$/, '');
  const agent = new Agent({ connections: 1, maxResponseSize: maxReplyBytes, headersTimeout: 15_000, bodyTimeout: 15_000, connect: { timeout: 10_000 } });
  return {
    async getJson(pathAndQuery, signal) {
      try {
        const reply = await request(`${base}${pathAndQuery}`, { dispatcher: agent, signal, headers: { accept: 'application/json' } });
        const text = await reply.body.text();
        const type = String(reply.headers['content-type'] ?? '');
        if (reply.statusCode === 429 || reply.statusCode === 503) {
          const wait = retryAfterMs(reply.headers['retry-after']);
          throw new PoolFailure(reply.statusCode === 429 ? 'http_4xx' : 'http_5xx', `the pool answered ${reply.statusCode}`, wait === undefined ? {} : { retryAfterMs: wait });
        }
        if (/text\/html/i.test(type) || /^\s*</.test(text)) throw new PoolFailure(statusReason(reply.statusCode) ?? 'html_body', `the pool answered ${reply.statusCode} with a web page in place of JSON`);
        let body: unknown;
        try {
          body = JSON.parse(text);
        } catch (cause) {
          throw new PoolFailure(statusReason(reply.statusCode) ?? 'bad_shape', 'the pool\'s reply is not valid JSON', { cause });
        }
        return { status: reply.statusCode, body };
      } catch (thrown) {
        throw poolFailureOf(thrown);
      }
    },
    async close() {
      await agent.destroy();
    },
  };
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

function poolFailureOf(thrown: unknown): PoolFailure {
  if (thrown instanceof PoolFailure) return thrown;
  const code = codeOf(thrown) ?? '';
  // The message of a network error names host and port, never path or query.
  const failure = (reason: PoolFailureReason) => new PoolFailure(reason, messageOf(thrown).slice(0, 200), { cause: thrown });
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return failure('dns');
  if (/^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL|EPROTO)/.test(code)) return failure('tls');
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return failure('too_large');
  if (['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ABORT_ERR', 'UND_ERR_ABORTED'].includes(code) || thrown instanceof DOMException || (thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name))) return failure('timeout');
  return failure('tcp');
}
