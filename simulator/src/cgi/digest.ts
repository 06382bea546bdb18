/** The server's half of HTTP Digest as Bitmain's lighttpd asks for it (vnish-api.md 5; RFC 7616). */
import { createHash } from 'node:crypto';
import { randomText } from '../random.ts';

/** The reference presumes it [I]. */
export const realm = 'antMiner Configuration';
export const user = 'root';
/** How long a nonce holds, ms [S]. */
export const nonceLifeMs = 600_000;

export interface DigestDoor {
  readonly password: string;
  readonly seed: number;
  /** Nonces: when each was given, and the highest use count seen. */
  readonly nonces: Map<string, { readonly givenMs: number; used: number }>;
  given: number;
}

export function createDoor(password: string, seed: number): DigestDoor {
  return { password, seed, nonces: new Map(), given: 0 };
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

export type Entry = { readonly outcome: 'in' } | { readonly outcome: 'out'; readonly tried: boolean; readonly stale: boolean };

/** Whether the header lets this request in. */
export function enter(door: DigestDoor, asked: { readonly authorization: string | undefined; readonly method: string; readonly url: string }, timeMs: number): Entry {
  const { authorization, method, url } = asked;
  if (authorization === undefined) return { outcome: 'out', tried: false, stale: false };
  if (!authorization.startsWith('Digest ')) return { outcome: 'out', tried: true, stale: false };
  const said: Record<string, string | undefined> = {};
  for (const part of authorization.slice('Digest '.length).split(/,\s*(?=[a-z]+=)/)) {
    const at = part.indexOf('=');
    said[part.slice(0, at).trim()] = part.slice(at + 1).trim().replace(/^"|"$/g, '');
  }
  const { username, nonce = '', uri = '', nc = '', cnonce = '', qop, response } = said;
  const wanted = md5(`${md5(`${user}:${realm}:${door.password}`)}:${nonce}:${nc}:${cnonce}:auth:${md5(`${method}:${uri}`)}`);
  const right = username === user && said['realm'] === realm && uri === url && qop === 'auth' && /^[0-9a-f]{8}$/.test(nc) && response === wanted;
  if (!right) return { outcome: 'out', tried: true, stale: false };
  const known = door.nonces.get(nonce);
  const count = Number.parseInt(nc, 16);
  if (known === undefined || timeMs - known.givenMs > nonceLifeMs || count <= known.used) return { outcome: 'out', tried: true, stale: true };
  known.used = count;
  return { outcome: 'in' };
}

/** The value of `WWW-Authenticate`, with a new nonce. */
export function challenge(door: DigestDoor, timeMs: number, stale: boolean): string {
  door.given += 1;
  const nonce = randomText(door.seed + 211, door.given, 32);
  door.nonces.set(nonce, { givenMs: timeMs, used: 0 });
  const [oldest] = door.nonces.keys();
  if (door.nonces.size > 64 && oldest !== undefined) door.nonces.delete(oldest);
  return `Digest realm="${realm}", nonce="${nonce}", qop="auth"${stale ? ', stale=true' : ''}`;
}
