/** What was last read of each pool, politely: one request at a time, jitter, back-off, Retry-After. */
import type { PoolConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { PoolFailure, type PoolAdapter, type PoolFailureReason, type PoolReading } from '../pools/pool.ts';

/** Least wait after a failure, ms: clients of these pools did not ask more often (prohashing-api.md, 1.7). */
const leastBackOffMs = 60_000;
const longestBackOffMs = 30 * 60_000;
/** One read takes two requests; a pool that needs longer than this, ms, is down for us. */
const deadlineMs = 30_000;
/** A reading older than this many intervals counts no more. */
const staleAfterIntervals = 3;

export interface Pool {
  readonly config: PoolConfig;
  readonly adapter: PoolAdapter;
  readonly reading?: PoolReading;
  readonly lastSuccessAt?: number;
  readonly failure?: { readonly reason: PoolFailureReason; readonly detail: string };
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

export function createPools({ pools, log, now = Date.now, onReading }: PoolsOptions): Pools {
  const records = new Map<string, Pool>(pools.map(({ config, adapter }) => [config.name, { config, adapter, failures: new Map() }]));
  let listener: ((pool: Pool) => void) | undefined;
  const timers = new Map<string, NodeJS.Timeout>();
  /** Failures since the last success: those of last month are no reason to wait. */
  const inARow = new Map<string, number>();
  const stopping = new AbortController();

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
      const reading = await pool.adapter.read(AbortSignal.any([stopping.signal, AbortSignal.timeout(deadlineMs)]));
      inARow.delete(name);
      if (pool.failure !== undefined) log.info({ pool: name }, 'the pool answers again');
      onReading?.(pool.config, reading);
      put({ config: pool.config, adapter: pool.adapter, failures: pool.failures, reading, lastSuccessAt: reading.observedAt });
      return intervalMs;
    } catch (thrown) {
      if (stopping.signal.aborted) return intervalMs;
      const failure = thrown instanceof PoolFailure ? thrown : new PoolFailure('bad_shape', 'the reply could not be understood', { cause: thrown });
      if (pool.failure?.reason !== failure.reason) log.warn({ pool: name, reason: failure.reason, detail: failure.message }, 'the pool cannot be read');
      put({ ...pool, failure: { reason: failure.reason, detail: failure.message }, failures: new Map(pool.failures).set(failure.reason, (pool.failures.get(failure.reason) ?? 0) + 1) });
      const count = (inARow.get(name) ?? 0) + 1;
      inARow.set(name, count);
      // An operator who asks often (a pool on the own machine) also sees it return soon.
      const backOff = Math.min(Math.max(intervalMs, Math.min(leastBackOffMs, intervalMs * 4)) * Math.min(count, 8), longestBackOffMs);
      return Math.max(backOff, failure.retryAfterMs ?? 0);
    }
  }

  function schedule(name: string, ms: number): void {
    if (stopping.signal.aborted) return;
    // Up to a tenth more, so that many exporters do not fall into step.
    timers.set(name, setTimeout(() => void readOnce(name).then((wait) => schedule(name, wait)), ms * (1 + Math.random() / 10)));
  }

  return {
    all: () => [...records.values()],
    fresh: (pool) => (pool.lastSuccessAt !== undefined && now() - pool.lastSuccessAt <= staleAfterIntervals * pool.config.interval_seconds * 1000 ? pool.reading : undefined),
    start() {
      for (const { config, adapter } of records.values()) {
        if (adapter.notice !== undefined) log.warn({ pool: config.name, base_url: config.base_url === '' ? 'empty: off' : config.base_url }, adapter.notice);
        if (config.base_url === '') put({ config, adapter, failures: new Map(), failure: { reason: 'disabled', detail: 'base_url is empty: the adapter is off' } });
        else schedule(config.name, 0);
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

/** Worker names to miner names: exact first, then trimmed and without regard to case (prohashing-api.md, 3.4). */
export function workerIndex(miners: readonly { readonly name: string; readonly pool_worker?: string | undefined }[]): (worker: string) => string | undefined {
  const exact = new Map(miners.map((miner) => [miner.pool_worker ?? miner.name, miner.name]));
  const loose = new Map(miners.map((miner) => [(miner.pool_worker ?? miner.name).trim().toLowerCase(), miner.name]));
  return (worker) => exact.get(worker) ?? loose.get(worker.trim().toLowerCase());
}
