/** What a miner earns by every basis that is known, each with what it lacks and how old it is. */
import { networkPrice, type Price, type Revenue } from '../analytics/money.ts';
import { localDay } from '../analytics/tariff.ts';
import type { Config } from '../config/load.ts';
import type { Basis } from '../config/schema.ts';
import { workerIndex } from '../analytics/workers.ts';
import type { Pool, Pools } from '../fleet/pools.ts';
import type { PoolReading } from '../pools/pool.ts';
import type { Ledger } from './ledger.ts';
import type { Prices } from './prices.ts';
import type { WorkStore } from './work.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A ledger whose pool was last read longer ago says nothing about the last day. */
const ledgerStaleMs = 2 * hourMs;
const weekDays = 7;

export interface Revenues {
  /** `hashrate` is what works for the operator, H/s; a miner of another algorithm has only what the ledger says. */
  of(miner: string, work: { readonly hashrate?: number | undefined; readonly scrypt: boolean }): readonly Revenue[];
  /** The first complete one in the configured order. */
  chosen(revenues: readonly Revenue[]): (Revenue & { readonly usdPerDay: number }) | undefined;
  /** What one more hash would earn: the first in the order that tells a price of work. */
  marginal(miner: string): Price | undefined;
}

export interface RevenuesOptions {
  readonly config: Config;
  readonly pools: Pools;
  readonly prices: Prices;
  readonly ledger?: Ledger | undefined;
  readonly work: WorkStore;
  readonly now?: () => number;
}

interface Sourced { readonly pool: Pool; readonly reading: PoolReading }

export function createRevenues({ config, pools, prices, ledger, work, now = Date.now }: RevenuesOptions): Revenues {
  const order = config.prices.basis_order;
  const minerOf = workerIndex(config.miners);
  const zoneOfSite = new Map(config.sites.map(({ name, timezone }) => [name, timezone]));
  const zones = new Map(config.miners.map(({ name, site }) => [name, zoneOfSite.get(site)]));

  // Worked out once for a reading: each poll of each miner asks.
  const workingAt = new WeakMap<PoolReading, ReadonlySet<string | undefined>>();
  const partsAt = new WeakMap<PoolReading, ReadonlyMap<string, number>>();

  function worksAt(reading: PoolReading): ReadonlySet<string | undefined> {
    const known = workingAt.get(reading);
    if (known !== undefined) return known;
    const found = new Set(reading.workers?.filter(({ hashrate = 0 }) => hashrate > 0).map(({ worker }) => minerOf(worker)));
    workingAt.set(reading, found);
    return found;
  }

  /** Each miner's part of the last hour's work. */
  function partsOf(pool: string, reading: PoolReading): ReadonlyMap<string, number> {
    const known = partsAt.get(reading);
    if (known !== undefined) return known;
    const done = work.sum(pool, { from: now() - hourMs, to: now() });
    const all = [...done.values()].reduce((sum, hashes) => sum + hashes, 0);
    const parts = new Map<string, number>();
    for (const [worker, hashes] of done) {
      const miner = minerOf(worker);
      if (miner !== undefined && hashes > 0) parts.set(miner, (parts.get(miner) ?? 0) + hashes / all);
    }
    partsAt.set(reading, parts);
    return parts;
  }

  /** Fresh pools, those first at which the miner works. */
  function sources(miner: string): Sourced[] {
    const fresh = pools.all().flatMap((pool) => {
      const reading = pools.fresh(pool);
      return reading === undefined ? [] : [{ pool, reading }];
    });
    if (fresh.length < 2) return fresh;
    const works = ({ reading }: Sourced) => worksAt(reading).has(miner);
    return [...fresh].sort((a, b) => Number(works(b)) - Number(works(a)));
  }

  /** A price of work by the pool's own estimate. */
  function estimated({ pool, reading }: Sourced): (Price & { readonly lacks: readonly string[]; readonly asOf: number }) | undefined {
    const feeRatio = reading.fees[pool.config.mode] ?? 0;
    const asOf = reading.asOf ?? reading.observedAt;
    if (reading.usdPerMegahashDay !== undefined) return { basis: 'pool_estimate', usdPerMegahashDay: reading.usdPerMegahashDay, feeRatio, lacks: [], asOf };
    if (reading.btcPerMegahashDay === undefined) return undefined;
    const btc = prices.of('BTC');
    return btc === undefined ? undefined : { basis: 'pool_estimate', usdPerMegahashDay: reading.btcPerMegahashDay * btc.usd, feeRatio, lacks: [], asOf: Math.min(asOf, btc.at ?? asOf) };
  }

  function estimate(miner: string, hashrate: number | undefined): Revenue | undefined {
    for (const source of sources(miner)) {
      const price = estimated(source);
      if (price !== undefined && hashrate !== undefined) {
        return { basis: 'pool_estimate', usdPerDay: (hashrate / 1e6) * price.usdPerMegahashDay * (1 - price.feeRatio), lacks: price.lacks, asOf: price.asOf, pool: source.pool.config.name };
      }
      const shared = expectedShare(source, miner);
      if (shared !== undefined) return shared;
    }
    return undefined;
  }

  /** What the pool expects of the account in a day, by the miner's part of the last hour's work. */
  function expectedShare({ pool: { config: { name } }, reading }: Sourced, miner: string): Revenue | undefined {
    if (reading.expectedDay === undefined || reading.expectedDay.length === 0) return undefined;
    const part = partsOf(name, reading).get(miner);
    if (part === undefined) return undefined;
    const valued = valueOf(reading.expectedDay.map(({ coin, amount }) => [coin.toUpperCase(), Number(amount)]), reading.asOf ?? reading.observedAt);
    return { basis: 'pool_estimate', ...valued, ...(valued.usdPerDay === undefined ? {} : { usdPerDay: valued.usdPerDay * part }), pool: name };
  }

  /** Amounts of a day in USD; a coin of which nothing came needs no price. */
  function valueOf(amounts: readonly (readonly [string, number])[], readAt: number | undefined): Pick<Revenue, 'usdPerDay' | 'lacks' | 'asOf'> {
    const lacks: string[] = [];
    let [usd, known, asOf] = [0, amounts.length === 0, readAt];
    for (const [coin, amount] of amounts) {
      const price = prices.of(coin);
      if (amount === 0) known = true;
      else if (price === undefined) lacks.push(`price of ${coin}`);
      else {
        known = true;
        usd += amount * price.usd;
        if (price.at !== undefined) asOf = Math.min(asOf ?? price.at, price.at);
      }
    }
    return { lacks, ...(known ? { usdPerDay: usd } : {}), ...(asOf === undefined ? {} : { asOf }) };
  }

  function network(source: Sourced | undefined): (Price & { readonly lacks: readonly string[]; readonly asOf?: number }) | { readonly lacks: readonly string[] } | undefined {
    const told = source?.reading.network ?? [];
    const names = new Set([...told.map(({ coin }) => coin.toUpperCase()), ...Object.keys(config.prices.network)]);
    if (names.size === 0) return undefined;
    const ages = source === undefined || told.length === 0 ? [] : [source.reading.asOf ?? source.reading.observedAt];
    const found = networkPrice([...names].map((coin) => {
      const own = told.find((one) => one.coin.toUpperCase() === coin);
      const written = config.prices.network[coin];
      const price = prices.of(coin);
      if (price?.at !== undefined) ages.push(price.at);
      return { coin, difficulty: own?.difficulty ?? written?.difficulty, blockReward: own?.blockReward ?? written?.block_reward, usd: price?.usd };
    }));
    if (found.usdPerMegahashDay === undefined) return { lacks: found.lacks };
    const feeRatio = source?.reading.fees[source.pool.config.mode];
    return { basis: 'network_expectation', usdPerMegahashDay: found.usdPerMegahashDay, feeRatio: feeRatio ?? 0, lacks: found.lacks, ...(ages.length === 0 ? {} : { asOf: Math.min(...ages) }) };
  }

  function networkSource(miner: string): Sourced | undefined {
    const all = sources(miner);
    return all.find(({ reading }) => reading.network !== undefined && reading.network.length > 0) ?? all[0];
  }

  /** What the ledger allotted to it in the last days. */
  function allotted(miner: string, days: 1 | typeof weekDays): Revenue | undefined {
    const basis = days === 1 ? 'pool_ledger' : 'pool_ledger_week';
    const totals = ledger?.miner(miner);
    if (ledger === undefined || totals === undefined || totals.size === 0) return undefined;
    const lacks: string[] = [];
    const at = now();
    let readAt: number | undefined;
    let counted = false;
    for (const { config: { name, pplns_window_hours: windowHours, mode } } of pools.all()) {
      const book = ledger.pool(name);
      if (book === undefined) continue;
      counted = true;
      readAt = Math.min(readAt ?? book.at, book.at);
      // Seven whole days reach up to a day further back.
      const span = Math.max((days === 1 ? 1 : weekDays + 1) * dayMs, mode === 'pps' ? 0 : windowHours * hourMs);
      if (book.openedAt > at - span) lacks.push(`the ledger of ${name} has been kept for less than ${span / hourMs} hours`);
      if (book.at < at - ledgerStaleMs) lacks.push(`${name} has not been read since ${new Date(book.at).toISOString()}`);
    }
    if (!counted) return undefined;
    const amounts = days === 1 ? lastDay(ledger, miner, at) : lastWeek(miner, at);
    const valued = valueOf([...totals.keys()].map((coin) => [coin, (amounts.get(coin) ?? 0) / days] as const), readAt);
    return { basis, ...valued, lacks: [...lacks, ...valued.lacks] };
  }

  /** The last seven whole days of its site. */
  function lastWeek(miner: string, at: number): ReadonlyMap<string, number> {
    const today = localDay(zones.get(miner) ?? 'UTC', at);
    const back = (days: number) => new Date(Date.parse(`${today}T00:00:00Z`) - days * dayMs).toISOString().slice(0, 10);
    return ledger?.inDays(miner, back(weekDays), back(1)) ?? new Map<string, number>();
  }

  function written(hashrate: number | undefined): Revenue | undefined {
    const price = config.prices.scrypt_usd_per_megahash_day;
    return price === undefined || hashrate === undefined ? undefined : { basis: 'manual_price', usdPerDay: (hashrate / 1e6) * price, lacks: [] };
  }

  return {
    of(miner, { hashrate, scrypt }) {
      const found: (Revenue | undefined)[] = [allotted(miner, 1), allotted(miner, weekDays)];
      if (scrypt) {
        const expected = network(networkSource(miner));
        found.push(estimate(miner, hashrate), written(hashrate));
        if (expected !== undefined) {
          found.push({
            basis: 'network_expectation', lacks: expected.lacks, ...('asOf' in expected ? { asOf: expected.asOf } : {}),
            ...(hashrate === undefined || !('usdPerMegahashDay' in expected) ? {} : { usdPerDay: (hashrate / 1e6) * expected.usdPerMegahashDay * (1 - expected.feeRatio) }),
          });
        }
      }
      return found.filter((one) => one !== undefined);
    },
    chosen(revenues) {
      for (const basis of order) {
        const found = revenues.find((one) => one.basis === basis && one.lacks.length === 0);
        if (found?.usdPerDay !== undefined) return { ...found, usdPerDay: found.usdPerDay };
      }
      return undefined;
    },
    marginal(miner) {
      const first = sources(miner);
      const makers: Partial<Record<Basis, () => Price | undefined>> = {
        pool_estimate: () => first.map(estimated).find((one) => one !== undefined),
        network_expectation() {
          const expected = network(networkSource(miner));
          return expected !== undefined && 'basis' in expected && expected.lacks.length === 0 ? expected : undefined;
        },
        // A price that somebody wrote down is what arrives: no fee is taken off.
        manual_price: () => (config.prices.scrypt_usd_per_megahash_day === undefined ? undefined : { basis: 'manual_price', usdPerMegahashDay: config.prices.scrypt_usd_per_megahash_day, feeRatio: 0 }),
      };
      for (const basis of order) {
        const price = makers[basis]?.();
        if (price !== undefined) return price;
      }
      return undefined;
    },
  };
}

function lastDay(ledger: Ledger, miner: string, at: number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const coins of ledger.recent(miner, { from: at - dayMs, to: at }).values()) for (const [coin, amount] of coins) sums.set(coin, (sums.get(coin) ?? 0) + amount);
  return sums;
}
