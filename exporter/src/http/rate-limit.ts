/**
 * How many requests one peer may send, as token buckets of constant memory: a fixed number of places, into which peers fall by a hash
 * that is keyed anew at each start, so that nobody can choose to share a place, and a flood of addresses pushes nobody out.
 */
import { createHmac, randomBytes } from 'node:crypto';

export interface Bucket {
  /** Requests that may come at once. */
  readonly burst: number;
  /** Requests a second after that. */
  readonly perSecond: number;
}

/** Before authentication, so that guessing tokens is slowed too. Behind this machine's address stands Grafana with all its people. */
export const requestLimits: Readonly<Record<PeerKind, Bucket>> = { loopback: { burst: 2400, perSecond: 40 }, other: { burst: 1200, perSecond: 20 } };
/** Refused tokens; a person who mistypes needs a few, a guesser millions. */
export const loginLimits: Readonly<Record<PeerKind, Bucket>> = { loopback: { burst: 300, perSecond: 5 }, other: { burst: 20, perSecond: 0.2 } };

export type PeerKind = 'loopback' | 'other';

const places = 8192;

export interface Limiter {
  /** Takes one and returns 0, or returns the seconds until one is there. */
  take(peer: string): number;
  /** As `take`, taking nothing. */
  wait(peer: string): number;
}

/** IPv4 as it is, also where it is mapped; of IPv6 the /64 that one customer has. */
export function peerOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...first, ...Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0'), ...last];
  return groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}

export function kindOf(address: string): PeerKind {
  return /^(?:::ffff:)?127\.|^::1$/i.test(address) ? 'loopback' : 'other';
}

export function createLimiter(limits: Readonly<Record<PeerKind, Bucket>>, now: () => number = () => performance.now()): Limiter {
  const key = randomBytes(16);
  const left = new Float64Array(places).fill(Number.POSITIVE_INFINITY);
  const at = new Float64Array(places);

  function refilled(address: string): { place: number; bucket: Bucket } {
    const kind = kindOf(address);
    const bucket = limits[kind];
    // The first is this machine's alone.
    const place = kind === 'loopback' ? 0 : 1 + createHmac('sha256', key).update(peerOf(address)).digest().readUInt32BE() % (places - 1);
    left[place] = Math.min(bucket.burst, (left[place] ?? 0) + ((now() - (at[place] ?? 0)) / 1000) * bucket.perSecond);
    at[place] = now();
    return { place, bucket };
  }

  function wait(address: string): number {
    const { place, bucket } = refilled(address);
    return (left[place] ?? 0) >= 1 ? 0 : Math.ceil((1 - (left[place] ?? 0)) / bucket.perSecond);
  }

  return {
    wait,
    take(address) {
      const seconds = wait(address);
      if (seconds > 0) return seconds;
      const { place } = refilled(address);
      left[place] = (left[place] ?? 0) - 1;
      return 0;
    },
  };
}

/** Of one server; outlives a change of the configuration, which would fill the buckets. */
export interface Limits { readonly requests: Limiter; readonly logins: Limiter }

export function createLimits(): Limits {
  return { requests: createLimiter(requestLimits), logins: createLimiter(loginLimits) };
}
