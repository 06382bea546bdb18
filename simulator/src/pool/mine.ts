/**
 * Pools with workers that have no machine behind them: for runs of weeks and fleets of thousands, without HTTP. The pools' APIs answer at
 * each simulated time (`pool(kind).answer`), and their accounts tell the truth. The same seed gives the same run however time is cut
 * into `advance` calls.
 */
import { seedFor, uniform } from '../random.ts';
import type { Crew, CrewWorker } from './crew.ts';
import { createCrew } from './crew.ts';
import type { House, PoolDesk } from './house.ts';
import { createHouse } from './house.ts';
import { kinds } from './kinds.ts';
import type { PoolKind, PoolSettings } from './kinds.ts';
import type { Market } from './market.ts';

export interface MineOptions {
  /** A number makes so many of about 16.8 GH/s, within 5 %, named `w0001` upwards. */
  readonly miners: number | readonly CrewWorker[];
  /** Workers that name no pool mine at the first. */
  readonly pools: readonly PoolKind[] | Readonly<Partial<Record<PoolKind, PoolSettings>>>;
  readonly seed?: number;
  /** Simulated Unix ms; default 2026-06-01 00:00 UTC. */
  readonly startMs?: number;
  /** Default a minute; a multiple of 15 s and a whole part of a day. */
  readonly stepMs?: number;
  readonly market?: Market;
}

export interface Mine extends Omit<Crew, 'advanceTo'> {
  now(): number;
  /** Whole steps are worked off; the rest waits for the next call. */
  advance(milliseconds: number): void;
  readonly house: House;
  readonly market: Market;
  /** @throws Error that says which pools there are. */
  pool(kind: PoolKind): PoolDesk;
}

const defaultStart = Date.UTC(2026, 5, 1);
const dayMs = 86_400_000;

export function createMine({ miners, pools, seed = 1, startMs = defaultStart, stepMs = 60_000, market }: MineOptions): Mine {
  if (!Number.isInteger(stepMs) || stepMs <= 0 || dayMs % stepMs !== 0 || stepMs % 15_000 !== 0) throw new RangeError(`stepMs must be a multiple of 15000 and a whole part of a day (86400000), not ${stepMs}`);
  const isList = (given: MineOptions['pools']): given is readonly PoolKind[] => Array.isArray(given);
  const settings: Partial<Record<PoolKind, PoolSettings>> = isList(pools) ? Object.fromEntries(pools.map((kind) => [kind, {}])) : pools;
  const [first] = Object.keys(settings) as PoolKind[];
  if (first === undefined) throw new RangeError('pools must name one pool at least');
  const house = createHouse({ seed, startMs, settleMs: stepMs, pools: settings, ...(market === undefined ? {} : { market }) });
  const crew = createCrew({ sink: house.sink, seed, startMs, stepMs, url: kinds[first].stratum, onStep: (timeMs) => house.settle(timeMs) });
  const list = typeof miners === 'number' ? Array.from({ length: miners }, (_, index): CrewWorker => {
    const name = `w${String(index + 1).padStart(4, '0')}`;
    return { name, hashesPerSecond: Math.round(16.8e9 * (0.95 + 0.1 * uniform(seedFor(seed, name), 5))) };
  }) : miners;
  for (const worker of list) crew.add(worker);
  let nowMs = startMs;
  return {
    ...crew,
    now: () => nowMs,
    advance: (milliseconds) => {
      if (!Number.isFinite(milliseconds) || milliseconds < 0) throw new RangeError(`time can only go forward, not by ${milliseconds} ms`);
      nowMs += milliseconds;
      crew.advanceTo(nowMs);
    },
    house,
    market: house.market,
    pool: (kind) => house.desk(kind),
  };
}
