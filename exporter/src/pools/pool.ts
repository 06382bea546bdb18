/** What every pool adapter gives: normalised at the edge to H/s, decimal text with a coin, and Unix ms. */
import type { PoolCapability } from '../config/pool-types.ts';

export { poolCapabilities, type PoolCapability } from '../config/pool-types.ts';

/** Why a pool cannot be read: a closed set, used as a label. */
export const poolFailureReasons = [
  'disabled', 'closed', 'dns', 'tcp', 'tls', 'timeout', 'http_4xx', 'http_5xx', 'html_body', 'bad_key', 'bad_shape', 'too_large', 'wamp_abort', 'stale',
] as const;
export type PoolFailureReason = (typeof poolFailureReasons)[number];

/** What to do about each. */
export const poolRemedies: Readonly<Record<PoolFailureReason, string>> = {
  disabled: 'Give the pool a base_url (or a wamp_url) in fleet.yaml, or remove its entry',
  closed: 'Point the miners at another pool and remove this one from fleet.yaml; a balance left there may be lost',
  dns: 'Check the host name in base_url and this machine\'s name resolution; if others resolve it neither, the pool has moved or closed',
  tcp: 'Check that this machine may reach the pool\'s address and port (firewall, proxy); if others cannot either, the pool is down',
  tls: 'Check this machine\'s clock and its CA certificates; if they are right, somebody else answers there: send no key',
  timeout: 'Wait: reading goes on by itself. If it stays, check the way to the pool',
  http_4xx: 'If the pool says 429, read it less often (interval_seconds); else check base_url',
  http_5xx: 'Wait: the pool has trouble of its own; reading goes on by itself',
  html_body: 'Open base_url in a browser: the pool shows a page (maintenance, a captcha) where data should be',
  bad_key: 'Check the API key (and api_secret, user, organization, this machine\'s clock and the pool\'s list of allowed addresses)',
  bad_shape: 'Check that base_url is the API of a pool of this type; if it is, the pool has changed its API: report it',
  too_large: 'Check that base_url is the API of a pool of this type',
  wamp_abort: 'Check wamp_url; the router refuses the session, so only what is read over HTTP is known',
  stale: 'Wait: the pool sends nothing new; the connection is made anew by itself',
};

export class PoolFailure extends Error {
  readonly reason: PoolFailureReason;
  /** Ms that the pool asks us to wait (Retry-After). */
  readonly retryAfterMs: number | undefined;
  constructor(reason: PoolFailureReason, detail: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(detail, options);
    this.name = 'PoolFailure';
    this.reason = reason;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** An amount of a coin, as decimal text with the pool's own digits: never a binary fraction on its way to the ledger. */
export interface Amount {
  /** Ticker in capitals, for example LTC. */
  readonly coin: string;
  readonly amount: string;
}

/** Counts since the pool began to count; a pool may start again from zero, which is a reset and no loss. */
export interface WorkerShares {
  readonly accepted?: number;
  readonly stale?: number;
  readonly rejected?: number;
  /** What one count is: a share, or one unit of share difficulty (65,536 hashes of scrypt). */
  readonly unit: 'share' | 'difficulty';
}

/** One miner as the pool sees it. Absent: the pool does not tell; never zero instead. */
export interface PoolWorker {
  /** The name as the pool writes it, without the account. */
  readonly worker: string;
  /** H/s over the pool's own shortest window. */
  readonly hashrate?: number;
  /** H/s over the last hour and the last day. */
  readonly hashrateHour?: number;
  readonly hashrateDay?: number;
  /** H/s lost to stale shares over the last hour or day, where the pool tells work and not counts. */
  readonly staleHashrateHour?: number;
  readonly staleHashrateDay?: number;
  readonly shares?: WorkerShares;
  /** Difficulty of one share now; 1 is 65,536 hashes of scrypt. */
  readonly shareDifficulty?: number;
  /** Unix ms. */
  readonly lastShareAt?: number;
  readonly connected?: boolean;
  /** Connections under this name; more than one is a cloned setting. */
  readonly connections?: number;
  /** What the pool itself credits to this worker, in all, where it keeps such a ledger. */
  readonly earned?: readonly Amount[];
}

export type FeeMode = 'pps' | 'pplns' | 'solo';

/** A payment that has left the pool. */
export interface Payout extends Amount {
  /** Unix ms. */
  readonly at: number;
  /** Transaction or the pool's own number, by which the same payout is known again. */
  readonly id?: string;
}

export interface FoundBlock {
  readonly coin: string;
  readonly height?: number;
  readonly reward?: string;
  readonly worker?: string;
  /** Unix ms. */
  readonly at: number;
}

/** What a chain pays for work now; one unit of network difficulty is 2^32 hashes. */
export interface NetworkFigures {
  readonly coin: string;
  readonly difficulty?: number;
  /** Coins for a block. */
  readonly blockReward?: number;
}

export interface PoolReading {
  /** Unix ms, when we read it. */
  readonly observedAt: number;
  /** Unix ms, of when the pool's figures are, where it tells. */
  readonly asOf?: number;
  /** Absent when the pool did not tell (no key), empty when nothing mines. */
  readonly workers?: readonly PoolWorker[];
  /** Earned and not paid out. Absent when the pool did not tell; a coin that is paid out may vanish. */
  readonly balances?: readonly Amount[];
  /** Credited to the account since it began, paid or not: the surest source of the ledger. */
  readonly earned?: readonly Amount[];
  /** Paid out since the account began. */
  readonly paid?: readonly Amount[];
  /** The latest payouts that the pool lists. */
  readonly payouts?: readonly Payout[];
  /** What the account earns in 24 h by the pool's own expectation. */
  readonly expectedDay?: readonly Amount[];
  /** USD for one coin. */
  readonly prices?: readonly { readonly coin: string; readonly usd: number }[];
  readonly network?: readonly NetworkFigures[];
  /** BTC or USD for 1 MH/s of scrypt for a day, before fees. */
  readonly btcPerMegahashDay?: number;
  readonly usdPerMegahashDay?: number;
  /** H/s of the whole pool on scrypt. */
  readonly hashrate?: number;
  readonly blocks?: readonly FoundBlock[];
  /** Shares of the income, 0 to 1. */
  readonly fees: Readonly<Partial<Record<FeeMode, number>>>;
}

export interface PoolAdapter {
  readonly name: string;
  readonly type: string;
  readonly capabilities: readonly PoolCapability[];
  /** What a person should know before relying on this pool. */
  readonly notice?: string;
  /** One read, one request at a time. @throws PoolFailure */
  read(signal: AbortSignal): Promise<PoolReading>;
  /** Only with the capability `push`: tells each newer reading as it becomes known, until `close`. */
  watch?(onReading: (reading: PoolReading) => void, onFailure: (failure: PoolFailure) => void): void;
  close(): Promise<void>;
}
