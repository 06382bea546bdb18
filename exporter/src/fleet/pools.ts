/**
 * What was last read of each pool, politely: one read at a time per host, jitter, back-off, Retry-After. What a pool pushes goes the same
 * way as what is read of it.
 */
import pLimit from 'p-limit';
import type { PoolConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { PoolFailure, type PoolAdapter, type PoolFailureReason, type PoolReading } from '../pools/pool.ts';

/** Least wait after a failure, ms: clients of these pools did not ask more often (prohashing-api.md, 1.7). */
const leastBackOffMs = 60_000;
const longestBackOffMs = 30 * 60_000;
/** One read is a handful of requests, of a large account more; a pool that needs longer than this, ms, is down for us. */
const deadlineMs = 60_000;
/** A reading older than this many intervals counts no more. */
const staleAfterIntervals = 3;

interface Failure { readonly reason: PoolFailureReason; readonly detail: string }

export interface Pool {
  readonly config: PoolConfig;
  readonly adapter: PoolAdapter;
  readonly reading?: PoolReading;
  readonly lastSuccessAt?: number;
  readonly failure?: Failure;
  /** Whether the pool pushes, where it can: its connection is up, or why it is not. Absent before the first word of it. */
  readonly push?: { readonly up: boolean; readonly failure?: Failure };
  readonly failures: ReadonlyMap<PoolFailureReason, number>;
}

export interface Pools {
  all(): readonly Pool[];
  /** The reading while it still counts. */
  fresh(pool: Pool): PoolReading | undefined;
  start(): void;
  /** Reads one pool now. */
  read(name: string): Promise<void>;
  /** A later listener takes the place of the one before. */
  onUpdate(listener: (pool: Pool) => void): void;
  close(): Promise<void>;
}

export interface PoolsOptions {
  readonly pools: readonly { readonly config: PoolConfig; readonly adapter: PoolAdapter }[];
  readonly log: Logger;
  readonly now?: () => number;
  /** What keeps books of the pools: told every good reading, in order. */
  readonly onReading?: (pool: PoolConfig, reading: PoolReading) => void;
}

/** Nothing of it is ever dialled. */
export function isOff({ base_url: url, wamp_url: pushed }: Pick<PoolConfig, 'base_url' | 'wamp_url'>): boolean {
  return url === '' && pushed === '';
}

function hostOf({ base_url: url, name }: PoolConfig): string {
  return URL.canParse(url) ? new URL(url).host : name;
}

export function createPools({ pools, log, now = Date.now, onReading }: PoolsOptions): Pools {
  const records = new Map<string, Pool>(pools.map(({ config, adapter }) => [config.name, { config, adapter, failures: new Map() }]));
  let listener: ((pool: Pool) => void) | undefined;
  const timers = new Map<string, NodeJS.Timeout>();
  /** Failures since the last success: those of last month are no reason to wait. */
  const inARow = new Map<string, number>();
  const stopping = new AbortController();
  /** Two entries on one host take turns. */
  const turns = new Map<string, ReturnType<typeof pLimit>>();

  function turnOf(config: PoolConfig): ReturnType<typeof pLimit> {
    const host = hostOf(config);
    const known = turns.get(host) ?? pLimit(1);
    turns.set(host, known);
    return known;
  }

  function put(pool: Pool): void {
    records.set(pool.config.name, pool);
    listener?.(pool);
  }

  /** One read; ms until the next. */
  async function readOnce(name: string): Promise<number> {
    const pool = records.get(name);
    if (pool === undefined) throw new RangeError(`there is no pool "${name}"`);
    const intervalMs = pool.config.interval_seconds * 1000;
    try {
      // The time that another entry of the same host takes is not this one's.
      const reading = await turnOf(pool.config)(async () => pool.adapter.read(AbortSignal.any([stopping.signal, AbortSignal.timeout(deadlineMs)])));
      inARow.delete(name);
      const { failure, ...before } = records.get(name) ?? pool;
      if (failure !== undefined) log.info({ pool: name }, 'the pool answers again');
      onReading?.(pool.config, reading);
      put({ ...before, reading, lastSuccessAt: reading.observedAt });
      return intervalMs;
    } catch (thrown) {
      if (stopping.signal.aborted) return intervalMs;
      const failure = thrown instanceof PoolFailure ? thrown : new PoolFailure('bad_shape', 'the reply could not be understood', { cause: thrown });
      const before = records.get(name) ?? pool;
      if (before.failure?.reason !== failure.reason) log.warn({ pool: name, reason: failure.reason, detail: failure.message }, 'the pool cannot be read');
      put({ ...before, failure: { reason: failure.reason, detail: failure.message }, failures: oneMore(before, failure) });
      const count = (inARow.get(name) ?? 0) + 1;
      inARow.set(name, count);
      // An operator who asks often (a pool on the own machine) also sees it return soon.
      const backOff = Math.min(Math.max(intervalMs, Math.min(leastBackOffMs, intervalMs * 4)) * Math.min(count, 8), longestBackOffMs);
      return Math.max(backOff, failure.retryAfterMs ?? 0);
    }
  }

  function oneMore({ failures }: Pool, { reason }: PoolFailure): Pool['failures'] {
    return new Map(failures).set(reason, (failures.get(reason) ?? 0) + 1);
  }

  /** News came by themselves. */
  function pushed(name: string, reading: PoolReading): void {
    const pool = records.get(name);
    if (pool === undefined || stopping.signal.aborted) return;
    if (pool.push?.up === false) log.info({ pool: name }, 'the pool pushes again');
    onReading?.(pool.config, reading);
    const { failure, ...before } = pool;
    // Whether HTTP answers, only a read tells.
    put({ ...before, ...(failure === undefined || pool.config.base_url === '' ? {} : { failure }), push: { up: true }, reading, lastSuccessAt: reading.observedAt });
  }

  function pushFailed(name: string, failure: PoolFailure): void {
    const pool = records.get(name);
    if (pool === undefined || stopping.signal.aborted) return;
    if (pool.push?.failure?.reason !== failure.reason) log.warn({ pool: name, reason: failure.reason, detail: failure.message }, 'the pool does not push');
    put({ ...pool, push: { up: false, failure: { reason: failure.reason, detail: failure.message } }, failures: oneMore(pool, failure) });
  }

  function schedule(name: string, ms: number): void {
    if (stopping.signal.aborted) return;
    // Up to a tenth more, so that many exporters do not fall into step.
    timers.set(name, setTimeout(() => void readOnce(name).then((wait) => schedule(name, wait)), ms * (1 + Math.random() / 10)));
  }

  return {
    all: () => [...records.values()],
    fresh: (pool) => (pool.reading !== undefined && now() - pool.reading.observedAt <= staleAfterIntervals * pool.config.interval_seconds * 1000 ? pool.reading : undefined),
    start() {
      for (const { config, adapter } of records.values()) {
        if (adapter.notice !== undefined) log.warn({ pool: config.name, base_url: config.base_url === '' ? 'empty: off' : config.base_url }, adapter.notice);
        if (isOff(config)) {
          put({ config, adapter, failures: new Map(), failure: { reason: 'disabled', detail: 'base_url is empty: the adapter is off' } });
          continue;
        }
        adapter.watch?.((reading) => pushed(config.name, reading), (failure) => pushFailed(config.name, failure));
        schedule(config.name, 0);
      }
    },
    read: async (name) => {
      await readOnce(name);
    },
    onUpdate(next) {
      listener = next;
    },
    async close() {
      stopping.abort();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all([...records.values()].map(async ({ adapter }) => adapter.close()));
    },
  };
}
