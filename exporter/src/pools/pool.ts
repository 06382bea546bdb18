/** What every pool adapter gives: normalised at the edge to H/s, decimal text with a coin, and Unix ms. */

/** Why a pool cannot be read: a closed set, used as a label. */
export const poolFailureReasons = [
  'disabled', 'closed', 'dns', 'tcp', 'tls', 'timeout', 'http_4xx', 'http_5xx', 'html_body', 'bad_key', 'bad_shape', 'too_large', 'stale',
] as const;
export type PoolFailureReason = (typeof poolFailureReasons)[number];

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

export interface PoolWorker {
  readonly worker: string;
  /** H/s as the pool sees it. */
  readonly hashrate?: number;
}

export type FeeMode = 'pps' | 'pplns' | 'solo';

export interface PoolReading {
  /** Unix ms. */
  readonly observedAt: number;
  /** Absent when the pool did not tell (no key), empty when nothing mines. */
  readonly workers?: readonly PoolWorker[];
  readonly balances?: readonly { readonly coin: string; readonly amount: string }[];
  /** BTC for 1 MH/s of scrypt for a day, before fees. */
  readonly btcPerMegahashDay?: number;
  /** H/s of the whole pool on scrypt. */
  readonly hashrate?: number;
  readonly fees: Readonly<Partial<Record<FeeMode, number>>>;
}

export interface PoolCapabilities {
  readonly workers: boolean;
  readonly balances: boolean;
  readonly prices: boolean;
}

export interface PoolAdapter {
  readonly name: string;
  readonly type: string;
  readonly capabilities: PoolCapabilities;
  /** What a person should know before relying on this pool. */
  readonly notice?: string;
  /** One read, one request at a time. @throws PoolFailure */
  read(signal: AbortSignal): Promise<PoolReading>;
  close(): Promise<void>;
}
