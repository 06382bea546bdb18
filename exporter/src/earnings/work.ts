/**
 * Work that pools see of each worker, in hashes, kept in buckets of five minutes: what income is allotted by, and what a comparison of
 * miner and pool can be made from. Closed buckets are on disk, a line each; a process that is killed loses the open one, which
 * weighs five minutes of a day and is no money.
 */
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { PoolReading, PoolWorker } from '../pools/pool.ts';

export const bucketMs = 300_000;
/** Across a longer silence a hashrate says nothing; counts of shares do. */
const longestGapMs = 1_800_000;
/** Hashes in one unit of scrypt share difficulty (prohashing-api.md, 2.6). */
const hashesPerDifficulty = 65_536;
const dayMs = 86_400_000;

export type WorkBy = ReadonlyMap<string, number>;

export interface WorkStore {
  /** Adds what each did from one time to another (Unix ms). */
  add(pool: string, work: WorkBy, span: { readonly from: number; readonly to: number }): void;
  /** Hashes of each in the buckets that the window touches. */
  sum(pool: string, span: { readonly from: number; readonly to: number }): Map<string, number>;
  /** Each bucket of the window, oldest first. */
  buckets(pool: string, span: { readonly from: number; readonly to: number }): readonly { readonly start: number; readonly work: WorkBy }[];
  /** Puts the open buckets on disk. */
  flush(): void;
}

/** Hashes that each worker did between two readings of a pool; a worker of which that cannot be said is left out. */
export function workBetween(before: PoolReading | undefined, now: PoolReading): Map<string, number> {
  const seconds = before === undefined ? 0 : Math.max(0, now.observedAt - before.observedAt) / 1000;
  const earlier = new Map(before?.workers?.map((worker) => [worker.worker, worker]));
  const work = new Map<string, number>();
  for (const worker of now.workers ?? []) {
    const was = earlier.get(worker.worker);
    const hashes = bySharesBetween(was, worker) ?? byHashrate(was, worker, seconds);
    if (hashes !== undefined && Number.isFinite(hashes) && hashes >= 0) work.set(worker.worker, (work.get(worker.worker) ?? 0) + hashes);
  }
  return work;
}

/** A count that fell has begun again from zero. */
function bySharesBetween(was: PoolWorker | undefined, { shares, shareDifficulty }: PoolWorker): number | undefined {
  if (shares?.accepted === undefined || was?.shares?.accepted === undefined || shares.unit !== was.shares.unit) return undefined;
  const difficulty = shares.unit === 'difficulty' ? 1 : shareDifficulty;
  if (difficulty === undefined) return undefined;
  const count = shares.accepted >= was.shares.accepted ? shares.accepted - was.shares.accepted : shares.accepted;
  return count * difficulty * hashesPerDifficulty;
}

function byHashrate(was: PoolWorker | undefined, { hashrate }: PoolWorker, seconds: number): number | undefined {
  if (hashrate === undefined || seconds * 1000 > longestGapMs) return undefined;
  return (was?.hashrate === undefined ? hashrate : (was.hashrate + hashrate) / 2) * seconds;
}

export interface WorkOptions {
  /** Nothing is kept on disk without it. */
  readonly folder?: string;
  readonly keepMs: number;
  readonly log: Logger;
  readonly now?: () => number;
}

/** One pool: a column of numbers for each bucket, so that thousands of workers over days take eight bytes each and little more. */
interface Columns {
  readonly places: Map<string, number>;
  readonly names: string[];
  /** By their beginning. */
  readonly buckets: Map<number, Float64Array>;
}

/** Those that did something. */
function named(names: readonly string[], work: Float64Array): Map<string, number> {
  return new Map(names.flatMap((name, place) => ((work[place] ?? 0) > 0 ? [[name, work[place] ?? 0] as const] : [])));
}

export function openWork({ folder, keepMs, log, now = Date.now }: WorkOptions): WorkStore {
  const pools = new Map<string, Columns>();
  /** Not on disk yet: by pool, then by the bucket's beginning. */
  const open = new Map<string, Map<number, Map<string, number>>>();
  let prunedAt = 0;
  if (folder !== undefined) load(folder);

  function put({ pool, start }: { pool: string; start: number }, work: Iterable<readonly [string, number]>): void {
    const columns = pools.get(pool) ?? { places: new Map<string, number>(), names: [], buckets: new Map<number, Float64Array>() };
    pools.set(pool, columns);
    const { places, names, buckets } = columns;
    let bucket = buckets.get(start) ?? new Float64Array(names.length);
    for (const [worker, hashes] of work) {
      const place = places.get(worker) ?? names.push(worker) - 1;
      places.set(worker, place);
      if (place >= bucket.length) {
        const wider = new Float64Array(Math.ceil(names.length * 1.25));
        wider.set(bucket);
        bucket = wider;
      }
      bucket[place] = (bucket[place] ?? 0) + hashes;
    }
    buckets.set(start, bucket);
  }

  function putOpen({ pool, start }: { pool: string; start: number }, work: Iterable<readonly [string, number]>): void {
    const buckets = open.get(pool) ?? new Map<number, Map<string, number>>();
    open.set(pool, buckets);
    const bucket = buckets.get(start) ?? new Map<string, number>();
    buckets.set(start, bucket);
    for (const [worker, hashes] of work) bucket.set(worker, (bucket.get(worker) ?? 0) + hashes);
  }

  function load(from: string): void {
    let damaged = 0;
    for (const name of existsSync(from) ? readdirSync(from).filter((file) => /^work-\d{4}-\d\d-\d\d\.jsonl$/.test(file)).sort() : []) {
      if (tooOld(name)) continue;
      for (const line of readFileSync(path.join(from, name), 'utf8').split('\n')) {
        if (line === '') continue;
        try {
          const { pool, start, work } = JSON.parse(line) as { pool: string; start: number; work: Record<string, number> };
          if (start > now() - keepMs - bucketMs) put({ pool, start }, Object.entries(work).filter(([, hashes]) => Number.isFinite(hashes) && hashes >= 0));
        } catch {
          damaged += 1;
        }
      }
    }
    if (damaged > 0) log.warn({ folder: from, damaged }, 'lines of the kept work are damaged; income is allotted by the rest');
  }

  function tooOld(name: string): boolean {
    return Date.parse(name.slice('work-'.length, -'.jsonl'.length)) + dayMs < now() - keepMs - bucketMs;
  }

  function write(until: number): void {
    for (const [pool, buckets] of open) {
      for (const [start, bucket] of buckets) {
        if (start + bucketMs > until) continue;
        buckets.delete(start);
        if (folder === undefined || bucket.size === 0) continue;
        try {
          mkdirSync(folder, { recursive: true });
          const line = JSON.stringify({ pool, start, work: Object.fromEntries([...bucket].map(([worker, hashes]) => [worker, Math.round(hashes)])) });
          // A line that was torn must not take this one with it.
          appendFileSync(path.join(folder, `work-${new Date(start).toISOString().slice(0, 10)}.jsonl`), `\n${line}\n`);
        } catch (thrown) {
          log.error({ folder, err: messageOf(thrown) }, 'cannot keep the work that pools see; after a restart income is allotted by less of it. Check disk space and permissions');
        }
      }
    }
  }

  function prune(): void {
    const oldest = now() - keepMs - bucketMs;
    for (const { buckets } of pools.values()) for (const start of buckets.keys()) if (start < oldest) buckets.delete(start);
    if (folder === undefined || now() - prunedAt < 3_600_000) return;
    prunedAt = now();
    for (const name of existsSync(folder) ? readdirSync(folder) : []) if (/^work-\d{4}-\d\d-\d\d\.jsonl$/.test(name) && tooOld(name)) rmSync(path.join(folder, name), { force: true });
  }

  function* within(pool: string, { from, to }: { from: number; to: number }) {
    const columns = pools.get(pool);
    if (columns === undefined) return;
    for (const [start, work] of columns.buckets) if (start + bucketMs > from && start < to) yield { start, work, names: columns.names };
  }

  return {
    add(pool, work, { from, to }) {
      for (let start = Math.floor(from / bucketMs) * bucketMs; start < to || start === Math.floor(from / bucketMs) * bucketMs; start += bucketMs) {
        const share = to <= from ? 1 : (Math.min(to, start + bucketMs) - Math.max(from, start)) / (to - from);
        const part = [...work].map(([worker, hashes]) => [worker, hashes * share] as const);
        put({ pool, start }, part);
        putOpen({ pool, start }, part);
      }
      write(to);
      prune();
    },
    sum(pool, span) {
      const names = pools.get(pool)?.names ?? [];
      const sums = new Float64Array(names.length);
      for (const { work } of within(pool, span)) {
        const length = Math.min(work.length, sums.length);
        for (let place = 0; place < length; place += 1) sums[place] = (sums[place] ?? 0) + (work[place] ?? 0);
      }
      return named(names, sums);
    },
    buckets: (pool, span) => [...within(pool, span)].sort((a, b) => a.start - b.start).map(({ start, work, names }) => ({ start, work: named(names, work) })),
    flush: () => write(Number.POSITIVE_INFINITY),
  };
}
