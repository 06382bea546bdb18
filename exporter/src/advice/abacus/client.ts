/**
 * Speaks to Abacus.AI: seldom, never for long, and never again and again against a wall. Neither key nor token is in any message. Its hosts are
 * asked of it once (`getApiEndpoint`); success is what `success` says, then the HTTP status (abacus-api.md, 2.1).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { messageOf } from '../../errors.ts';
import { abacusActions, type AbacusAction, type AbacusActionName } from './calls.ts';

/** Why there is no answer; a closed set, since it is a label. */
export const abacusFailures = ['rate_limited', 'refused', 'unreachable', 'timeout', 'bad_reply', 'breaker_open', 'daily_cap'] as const;
export type AbacusFailureReason = (typeof abacusFailures)[number];

export class AbacusFailure extends Error {
  readonly reason: AbacusFailureReason;
  /** The vendor's own name of the error, where it gave one. */
  readonly errorType: string | undefined;
  constructor(reason: AbacusFailureReason, message: string, errorType?: string) {
    super(message);
    this.name = 'AbacusFailure';
    this.reason = reason;
    this.errorType = errorType;
  }
}

export type Arguments = Readonly<Record<string, unknown>>;

export interface AbacusClientOptions {
  /** Where its hosts are asked for. */
  readonly server: string;
  /** Of the account; the running exporter has none. */
  readonly apiKey?: string;
  /** With which the hosts are asked for where there is no key. */
  readonly discovery?: Arguments;
  readonly requestsPerSecond: number;
  readonly callsPerDay: number;
  readonly timeoutMs: number;
  /** Unix ms. */
  readonly now?: () => number;
  /** Told of each call, for the series. */
  readonly counted?: (call: { readonly action: AbacusActionName; readonly outcome: 'ok' | AbacusFailureReason; readonly seconds: number }) => void;
}

export interface AbacusClient {
  /** The result as it came. @throws AbacusFailure */
  call(action: AbacusActionName, args?: Arguments): Promise<unknown>;
  /** While it is open nothing is sent. */
  readonly breakerOpen: boolean;
  close(): Promise<void>;
}

/** Failures in a row after which nothing is sent for a while. */
const breakerAfter = 5;
const breakerMs = 60_000;
const longestBreakerMs = 900_000;
/** Tries of what may be repeated. */
const tries = 3;
const firstWaitMs = 200;
const mostReplyBytes = 16_777_216;
const dayMs = 86_400_000;

const isRecord = (value: unknown): value is Arguments => typeof value === 'object' && value !== null && !Array.isArray(value);

export function createAbacusClient({ server, apiKey, discovery = {}, requestsPerSecond, callsPerDay, timeoutMs, now = Date.now, counted = () => undefined }: AbacusClientOptions): AbacusClient {
  const agent = new Agent({ connections: 2, maxResponseSize: mostReplyBytes, connect: { timeout: 10_000, rejectUnauthorized: true } });
  let hosts: Promise<Readonly<Record<'api' | 'predict', string>>> | undefined;
  let nextAt = 0;
  let [day, calls] = [0, 0];
  let [failed, shutUntil, shutMs] = [0, 0, breakerMs];

  /** Waits for its turn; a day's last call is the last. */
  async function turn(): Promise<void> {
    const today = Math.floor(now() / dayMs);
    if (today !== day) [day, calls] = [today, 0];
    if (calls >= callsPerDay) throw new AbacusFailure('daily_cap', `Abacus was asked ${callsPerDay} times today (ml.abacus.calls_per_day); the embedded model answers until midnight UTC.`);
    calls += 1;
    const wait = Math.max(0, nextAt - now());
    nextAt = Math.max(nextAt, now()) + 1000 / requestsPerSecond;
    if (wait > 0) await pause(wait);
  }

  async function once(url: string, name: AbacusActionName, args: Arguments): Promise<unknown> {
    const { method, query = [] }: AbacusAction = abacusActions[name];
    const inQuery = Object.entries(args).filter(([key, value]) => value !== undefined && (method === 'GET' || query.includes(key)));
    const search = new URLSearchParams(inQuery.map(([key, value]): [string, string] => [key, typeof value === 'string' ? value : JSON.stringify(value)])).toString();
    const body = method === 'GET' ? undefined : JSON.stringify(Object.fromEntries(Object.entries(args).filter(([key]) => !query.includes(key))));
    let status: number;
    let text: string;
    try {
      const reply = await request(`${url}/api/v0/${name}${search === '' ? '' : `?${search}`}`, {
        method, dispatcher: agent, signal: AbortSignal.timeout(timeoutMs), ...(body === undefined ? {} : { body }),
        headers: { 'accept': 'application/json', 'user-agent': 'hashfleet', ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(apiKey === undefined ? {} : { apiKey }) },
      });
      [status, text] = [reply.statusCode, await reply.body.text()];
    } catch (thrown) {
      const slow = /Timeout|Abort/.test(String((thrown as { readonly name?: unknown } | null)?.name));
      throw new AbacusFailure(slow ? 'timeout' : 'unreachable', `${name}: ${slow ? `no answer within ${timeoutMs} ms` : messageOf(thrown).slice(0, 200)}.`);
    }
    return resultOf(name, status, text);
  }

  async function repeated(url: string, name: AbacusActionName, args: Arguments): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      const started = now();
      try {
        await turn();
        const result = await once(url, name, args);
        counted({ action: name, outcome: 'ok', seconds: (now() - started) / 1000 });
        [failed, shutMs] = [0, breakerMs];
        return result;
      } catch (thrown) {
        const failure = thrown instanceof AbacusFailure ? thrown : new AbacusFailure('bad_reply', `${name}: ${messageOf(thrown)}`);
        counted({ action: name, outcome: failure.reason, seconds: (now() - started) / 1000 });
        const transient = failure.reason === 'unreachable' || failure.reason === 'rate_limited';
        if (!transient || attempt >= tries || !('repeatable' in abacusActions[name])) {
          note(failure);
          throw failure;
        }
        // Jitter, so that many exporters do not come back together.
        await pause(firstWaitMs * 2 ** attempt * (0.5 + Math.random()));
      }
    }
  }

  function note({ reason }: AbacusFailure): void {
    if (reason === 'daily_cap') return;
    failed += 1;
    if (failed < breakerAfter) return;
    shutUntil = now() + shutMs * (0.75 + Math.random() / 2);
    [failed, shutMs] = [0, Math.min(longestBreakerMs, 2 * shutMs)];
  }

  /** @throws AbacusFailure */
  async function endpoints(): Promise<Readonly<Record<'api' | 'predict', string>>> {
    const found = await repeated(server, 'getApiEndpoint', apiKey === undefined ? discovery : {});
    const [api, predict] = isRecord(found) ? [found['apiEndpoint'], found['predictEndpoint']] : [];
    if (typeof api !== 'string' || typeof predict !== 'string' || ![api, predict].every((one) => /^https?:\/\//.test(one))) throw new AbacusFailure('bad_reply', 'getApiEndpoint names no hosts.');
    // What begins with TLS stays there: a token is not sent in the open.
    if (server.startsWith('https:') && ![api, predict].every((one) => one.startsWith('https:'))) throw new AbacusFailure('bad_reply', 'getApiEndpoint names a host without TLS.');
    return { api: api.replace(/\/+$/, ''), predict: predict.replace(/\/+$/, '') };
  }

  return {
    async call(action, args = {}) {
      if (now() < shutUntil) {
        counted({ action, outcome: 'breaker_open', seconds: 0 });
        throw new AbacusFailure('breaker_open', `Abacus failed ${breakerAfter} times in a row; it is left alone for another ${Math.ceil((shutUntil - now()) / 1000)} s.`);
      }
      hosts ??= endpoints().catch((thrown: unknown) => {
        hosts = undefined;
        throw thrown;
      });
      const { [abacusActions[action].host]: host } = await hosts;
      return repeated(host, action, args);
    },
    get breakerOpen() {
      return now() < shutUntil;
    },
    close: async () => agent.destroy(),
  };
}

/** @throws AbacusFailure */
function resultOf(name: AbacusActionName, status: number, text: string): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new AbacusFailure(status === 429 ? 'rate_limited' : status >= 500 ? 'unreachable' : 'bad_reply', `${name}: answered ${status} with no valid JSON.`);
  }
  if (isRecord(body) && body['success'] === true && status < 400) return body['result'];
  const errorType = isRecord(body) && typeof body['errorType'] === 'string' && /^\w{1,60}$/.test(body['errorType']) ? body['errorType'] : undefined;
  const said = `${name}: answered ${status}${errorType === undefined ? '' : ` ${errorType}`}.`;
  if (status === 429 || errorType === 'TooManyRequestsError') throw new AbacusFailure('rate_limited', said, errorType);
  throw new AbacusFailure(status >= 500 ? 'unreachable' : 'refused', said, errorType);
}
