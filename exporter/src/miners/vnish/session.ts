/**
 * Credentials of one miner: unlocks when a call needs it, keeps the token, and never hammers a wrong password into a
 * lock-out (vnish-api.md, 1.1: unlock is rate limited, 403 wrong password, 429 too many attempts).
 */
import { beforeSending, PollFailure, refusedPauseMs, type CredentialState } from '../driver.ts';
import { isObject } from '../fields.ts';
import type { HttpReply, HttpRequest, MinerHttp } from '../http.ts';

/** VNish's own default (vnish-api.md, 1.1), tried only where no password is configured. */
export const vendorPassword = 'admin';

/** After 429 without a stated wait, ms. */
const lockedPauseMs = 5 * 60_000;

export interface Session {
  /** As `http.request`, with the bearer token; unlocks first, and once more after a 401. @throws PollFailure, with `sent: false` when the login failed */
  authorized(request: HttpRequest): Promise<HttpReply>;
  /** Tries the password, once. @throws PollFailure where it is not accepted */
  unlock(signal: AbortSignal): Promise<void>;
  /** A password that may be the miner's by now: where the present one is refused it is tried, once. */
  expect(password: string): void;
  /** Logs in with this password, once; where it is accepted it is the session's from now on. @throws PollFailure where neither is said */
  adopt(password: string, signal: AbortSignal): Promise<boolean>;
  /** The present one. */
  readonly password: string;
  readonly state: CredentialState;
}

export interface SessionOptions {
  readonly http: MinerHttp;
  readonly password: string;
  /** Unix ms. */
  readonly now: () => number;
}

export function vnishSession({ http, password: given, now }: SessionOptions): Session {
  let password = given;
  let expected: string | undefined;
  let token: string | undefined;
  let state: CredentialState = 'unknown';
  let notBefore = 0;

  async function tryPassword(pw: string, signal: AbortSignal): Promise<HttpReply> {
    return http.request({ method: 'POST', path: '/api/v1/unlock', json: { pw }, repeatable: true, signal });
  }

  function enter(reply: HttpReply): string {
    const body = json(reply);
    const found = isObject(body) ? body['token'] : undefined;
    if (typeof found !== 'string' || found === '') throw new PollFailure('bad_shape', 'unlock gave no token');
    token = found;
    state = 'accepted';
    notBefore = 0;
    return found;
  }

  async function adopt(pw: string, signal: AbortSignal): Promise<string | undefined> {
    const reply = await tryPassword(pw, signal);
    if (reply.status === 200) {
      const entered = enter(reply);
      password = pw;
      expected = undefined;
      return entered;
    }
    if (reply.status === 403) return undefined;
    throw new PollFailure(reply.status >= 500 ? 'http_5xx' : reply.status === 429 ? 'locked_out' : 'http_4xx', `unlock answered ${reply.status}`);
  }

  async function unlock(signal: AbortSignal): Promise<string> {
    if (now() < notBefore) {
      const wait = Math.ceil((notBefore - now()) / 1000);
      throw new PollFailure(state === 'locked_out' ? 'locked_out' : 'auth', `the miner refused the password; next try in ${wait} s`);
    }
    const reply = await tryPassword(password, signal);
    if (reply.status === 200) return enter(reply);
    if (reply.status === 429) {
      state = 'locked_out';
      notBefore = now() + Math.max(lockedPauseMs, unlockTimeoutMs(reply));
      throw new PollFailure('locked_out', 'the miner accepts no password for now (429)');
    }
    if (reply.status === 401 && isStock(reply)) throw new PollFailure('stock_firmware', 'the miner asks for stock firmware\'s digest login');
    if (reply.status === 403 && expected !== undefined) {
      const other = expected;
      expected = undefined;
      const entered = await adopt(other, signal);
      if (entered !== undefined) return entered;
    }
    if (reply.status === 401 || reply.status === 403) {
      state = 'refused';
      notBefore = now() + refusedPauseMs;
      throw new PollFailure('auth', 'the miner refused the password');
    }
    throw new PollFailure(reply.status >= 500 ? 'http_5xx' : 'http_4xx', `unlock answered ${reply.status}`);
  }

  /** Whatever the login was for has not gone out when it fails. */
  const login = async (signal: AbortSignal) => beforeSending(async () => unlock(signal));

  return {
    async authorized(request) {
      const send = async (bearer: string) => http.request({ ...request, headers: { ...request.headers, authorization: `Bearer ${bearer}` } });
      const reply = await send(token ?? await login(request.signal));
      if (reply.status !== 401) return reply;
      // The token died (reboot, or /lock elsewhere): once more with a new one. The refused request did nothing.
      token = undefined;
      return send(await login(request.signal));
    },
    async unlock(signal) {
      await unlock(signal);
    },
    expect(other) {
      expected = other;
    },
    adopt: async (pw, signal) => (await adopt(pw, signal)) !== undefined,
    get password() {
      return password;
    },
    get state() {
      return state;
    },
  };
}

/** A miner that fell back to Bitmain's firmware (vnish-api.md, 1.4). */
export function isStock({ status, headers }: HttpReply): boolean {
  const [challenge, server] = [headers['www-authenticate'], headers['server']].map(String);
  return status === 401 && (challenge?.includes('antMiner Configuration') === true || server?.includes('lighttpd') === true);
}

function unlockTimeoutMs(reply: HttpReply): number {
  const body = json(reply);
  const seconds = isObject(body) ? body['unlock_timeout'] : undefined;
  return typeof seconds === 'number' && seconds > 0 && seconds < 86_400 ? seconds * 1000 : 0;
}

/** The body as JSON, or undefined. */
export function json(reply: HttpReply): unknown {
  try {
    return JSON.parse(reply.body) as unknown;
  } catch {
    return undefined;
  }
}
