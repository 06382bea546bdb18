/** HTTP Digest (RFC 7616) as far as a miner's web server asks for it: MD5 or SHA-256, qop "auth". Pure but for the session. */
import { createHash, randomBytes } from 'node:crypto';
import { PollFailure, refusedPauseMs, type CredentialState } from '../driver.ts';
import type { HttpReply, HttpRequest, MinerHttp } from '../http.ts';

export interface Challenge {
  readonly realm: string;
  readonly nonce: string;
  readonly algorithm: 'MD5' | 'SHA-256';
  readonly opaque?: string;
  /** The password was right, only the nonce was too old or used before. */
  readonly stale: boolean;
}

const hashNames = { 'MD5': 'md5', 'SHA-256': 'sha256' } as const;
const isAlgorithm = (text: string): text is Challenge['algorithm'] => text in hashNames;

/** The Digest challenge of a `WWW-Authenticate` header (RFC 7616, 3.3), or undefined when there is none that can be answered. */
export function parseChallenge(header: string): Challenge | undefined {
  const start = /(?:^|,\s*)Digest\s+/i.exec(header);
  if (start === null) return undefined;
  const found = new Map<string, string>();
  for (const [, name = '', quoted, bare] of header.slice(start.index + start[0].length).matchAll(/([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))/g)) {
    const key = name.toLowerCase();
    // The first of several challenges ends where a name comes again.
    if (found.has(key)) break;
    found.set(key, quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  }
  const [realm, nonce, opaque] = [found.get('realm'), found.get('nonce'), found.get('opaque')];
  const algorithm = (found.get('algorithm') ?? 'MD5').toUpperCase();
  const qop = (found.get('qop') ?? '').split(',').map((one) => one.trim().toLowerCase());
  if (realm === undefined || nonce === undefined || !isAlgorithm(algorithm) || !qop.includes('auth')) return undefined;
  return { realm, nonce, algorithm, stale: found.get('stale')?.toLowerCase() === 'true', ...(opaque === undefined ? {} : { opaque }) };
}

export interface Answering {
  readonly user: string;
  readonly password: string;
  readonly method: string;
  /** Path and query as sent. */
  readonly uri: string;
  /** How often the nonce was used, this time included. */
  readonly count: number;
  readonly cnonce: string;
}

/** The `Authorization` header that answers the challenge (RFC 7616, 3.4). */
export function answer({ realm, nonce, algorithm, opaque }: Challenge, { user, password, method, uri, count, cnonce }: Answering): string {
  const hash = (text: string) => createHash(hashNames[algorithm]).update(text).digest('hex');
  const nc = count.toString(16).padStart(8, '0');
  const response = hash([hash(`${user}:${realm}:${password}`), nonce, nc, cnonce, 'auth', hash(`${method}:${uri}`)].join(':'));
  const quoted = (text: string) => `"${text.replace(/(["\\])/g, '\\$1')}"`;
  return [
    `Digest username=${quoted(user)}`, `realm=${quoted(realm)}`, `uri=${quoted(uri)}`, `algorithm=${algorithm}`, `nonce=${quoted(nonce)}`,
    `nc=${nc}`, `cnonce=${quoted(cnonce)}`, 'qop=auth', `response="${response}"`, ...(opaque === undefined ? [] : [`opaque=${quoted(opaque)}`]),
  ].join(', ');
}

export interface DigestSession {
  /** As `http.request`, with an answered challenge; a refused password is not tried again before a pause. @throws PollFailure, with `sent: false` where the miner did not let it in */
  authorized(request: HttpRequest): Promise<HttpReply>;
  readonly state: CredentialState;
}

export interface DigestOptions {
  readonly http: MinerHttp;
  readonly user: string;
  readonly password: string;
  /** Unix ms. */
  readonly now: () => number;
}

export function digestSession({ http, user, password, now }: DigestOptions): DigestSession {
  let challenge: Challenge | undefined;
  let count = 0;
  let state: CredentialState = 'unknown';
  let notBefore = 0;

  async function answered(request: HttpRequest, given: Challenge): Promise<HttpReply> {
    count += 1;
    const authorization = answer(given, { user, password, method: request.method ?? 'GET', uri: request.path, count, cnonce: randomBytes(8).toString('hex') });
    return http.request({ ...request, headers: { ...request.headers, authorization } });
  }

  function take(reply: HttpReply): Challenge {
    const header = reply.headers['www-authenticate'];
    const given = parseChallenge(Array.isArray(header) ? header.join(', ') : header ?? '');
    if (given === undefined) throw new PollFailure('not_a_miner', 'the address asks for a login that is not the digest login of VNish 3.x');
    challenge = given;
    count = 0;
    return given;
  }

  return {
    async authorized(request) {
      if (now() < notBefore) throw new PollFailure('auth', `the miner refused the password; next try in ${Math.ceil((notBefore - now()) / 1000)} s`, { sent: false });
      // A request that was answered 401 did nothing, so sending it again with an answer is no repetition of a write.
      const first = challenge === undefined ? await http.request(request) : await answered(request, challenge);
      if (first.status !== 401) {
        if (challenge !== undefined) state = 'accepted';
        return first;
      }
      // The first contact, or the nonce has run out.
      const reply = await answered(request, take(first));
      if (reply.status === 401) {
        if (take(reply).stale) throw new PollFailure('auth', 'the miner gave a nonce that it did not take', { sent: false });
        challenge = undefined;
        state = 'refused';
        notBefore = now() + refusedPauseMs;
        throw new PollFailure('auth', 'the miner refused the password', { sent: false });
      }
      state = 'accepted';
      return reply;
    },
    get state() {
      return state;
    },
  };
}
