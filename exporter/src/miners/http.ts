/**
 * HTTP to a small device that may hang, drip, never end or answer nonsense. The caller's signal is the truth about time;
 * undici's own timeouts are the backstop, because they never fire on a dripping reply (exporter-anchors.md, 3.3).
 */
import { Client, errors, type FormData } from 'undici';
import { codeOf, messageOf } from '../errors.ts';
import { PollFailure, type PollFailureReason } from './driver.ts';

export interface HttpReply {
  readonly status: number;
  readonly contentType: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The body as it came, where the request asked for it. */
  readonly bytes?: Uint8Array;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly json?: unknown;
  /** Sent as a web form; not together with `json`. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as multipart/form-data; not together with the others. */
  readonly multipart?: FormData;
  /** The reply is no text. */
  readonly binary?: boolean;
  /** A GET that does something: never repeated, as other writes. */
  readonly acts?: boolean;
  /** A POST that changes nothing, as a login: it may be repeated as a read may. */
  readonly repeatable?: boolean;
  readonly signal: AbortSignal;
}

export interface MinerHttp {
  /** @throws PollFailure for everything but an HTTP status. */
  request(request: HttpRequest): Promise<HttpReply>;
  close(): Promise<void>;
}

/** The largest reply that is read, in bytes: a full chip list of an L9 is about 60 KB. */
const maxReplyBytes = 1_048_576;
/** A miner's own headers fit many times over. */
const maxHeaderBytes = 16_384;
/** Milliseconds; undici's timers are coarse, the caller's deadline comes first. */
const backstopMs = 10_000;

/** One connection, kept alive for undici's default of 4 s: longer than that meets the device's own idle close. */
export function minerHttp(address: string): MinerHttp {
  const client = new Client(`http://${address}`, {
    pipelining: 1,
    maxResponseSize: maxReplyBytes,
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: backstopMs,
    bodyTimeout: backstopMs,
    connect: { timeout: backstopMs },
  });
  let used = false;

  async function once({ method = 'GET', path, headers, json, form, multipart, binary = false, signal }: HttpRequest): Promise<HttpReply> {
    const type = json !== undefined ? 'application/json' : form !== undefined ? 'application/x-www-form-urlencoded' : undefined;
    const reply = await client.request({
      method, path, signal,
      headers: type === undefined ? headers ?? null : { ...headers, 'content-type': type },
      body: json !== undefined ? JSON.stringify(json) : form !== undefined ? new URLSearchParams(form).toString() : multipart ?? null,
    });
    const bytes = binary ? new Uint8Array(await reply.body.arrayBuffer()) : undefined;
    const body = bytes === undefined ? await reply.body.text() : '';
    const given = reply.headers['content-type'];
    return { status: reply.statusCode, headers: reply.headers, contentType: typeof given === 'string' ? given : '', body, ...(bytes === undefined ? {} : { bytes }) };
  }

  return {
    async request(request) {
      const reused = used;
      try {
        const reply = await once(request);
        used = true;
        return reply;
      } catch (thrown) {
        used = false;
        const failure = failureOf(thrown);
        // An idle connection that the device closed just now: a read may be tried once more, a write never.
        if (reused && failure.reason === 'reset' && mayRepeat(request) && !request.signal.aborted) {
          try {
            const reply = await once(request);
            used = true;
            return reply;
          } catch (again) {
            throw failureOf(again);
          }
        }
        throw failure;
      }
    },
    async close() {
      await client.destroy();
    },
  };
}

function mayRepeat({ method = 'GET', acts, repeatable }: HttpRequest): boolean {
  return repeatable === true || (method === 'GET' && acts !== true);
}

const reasonByCode: Readonly<Record<string, PollFailureReason>> = {
  ECONNREFUSED: 'connect', EHOSTUNREACH: 'connect', ENETUNREACH: 'connect', EHOSTDOWN: 'connect', ETIMEDOUT: 'connect', EADDRNOTAVAIL: 'connect',
  UND_ERR_CONNECT_TIMEOUT: 'connect',
  ENOTFOUND: 'dns', EAI_AGAIN: 'dns',
  UND_ERR_HEADERS_TIMEOUT: 'timeout', UND_ERR_BODY_TIMEOUT: 'timeout', ABORT_ERR: 'timeout', UND_ERR_ABORTED: 'timeout',
  ECONNRESET: 'reset', EPIPE: 'reset', UND_ERR_SOCKET: 'reset', UND_ERR_DESTROYED: 'reset', UND_ERR_CLOSED: 'reset',
  // Only where the headers contradict each other; a body that is cut off is UND_ERR_SOCKET.
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'not_http',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too_large', UND_ERR_HEADERS_OVERFLOW: 'too_large', HPE_HEADER_OVERFLOW: 'too_large',
};

/** The closed reason for anything that undici or the system throws. */
export function failureOf(thrown: unknown): PollFailure {
  if (thrown instanceof PollFailure) return thrown;
  const code = codeOf(thrown);
  const options = { cause: thrown };
  if (code !== undefined && reasonByCode[code] !== undefined) return new PollFailure(reasonByCode[code], describe(thrown), options);
  if (thrown instanceof errors.HTTPParserError || code?.startsWith('HPE_') === true) return new PollFailure('not_http', describe(thrown), options);
  if (thrown instanceof DOMException || (thrown instanceof Error && /^(Abort|Timeout)Error$/.test(thrown.name))) return new PollFailure('timeout', 'no complete reply before the deadline', options);
  return new PollFailure('internal', describe(thrown), options);
}

function describe(thrown: unknown): string {
  return messageOf(thrown).slice(0, 200);
}
