/** Who keeps the books: takes every reading of every pool, books what it credits, and allots it to miners. */
import path from 'node:path';
import { advanceAccount, emptyAccount, openAccount, type Account, type Observed } from '../analytics/account.ts';
import { allot } from '../analytics/allotment.ts';
import { parseCoins } from '../analytics/coins.ts';
import { localDay } from '../analytics/tariff.ts';
import { leadsTo, workerIndex } from '../analytics/workers.ts';
import type { Config } from '../config/load.ts';
import { factsOf } from '../config/pool-types.ts';
import type { PoolConfig } from '../config/schema.ts';
import { messageOf } from '../errors.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Logger } from '../log.ts';
import type { Amount, PoolReading } from '../pools/pool.ts';
import { openCosts, type Costs } from './costs.ts';
import { openLedger, type AllottedBy, type CoinChange, type Ledger, type PoolBook, type SiteShare } from './ledger.ts';
import { createMatching, type Matching } from './matching.ts';
import { createPrices, type Prices } from './prices.ts';
import { openReconciliation, type Reconciliation } from './reconciliation.ts';
import { tariffsOf, type Tariffs } from './tariffs.ts';
import { openWork, workBetween, type WorkStore } from './work.ts';

const hourMs = 3_600_000;
/** The longest PPLNS window that fleet.yaml allows, and a day for comparisons. */
const keptWorkMs = 8 * 24 * hourMs;
/** More intervals and ms than these between two readings is a gap. */
const gapIntervals = 3;
const leastGapMs = 900_000;
/** That a pool was read is put down at least so often, also when nothing came in. */
const heartbeatMs = 600_000;
/** An account with more coins is no account but a mistake. */
const mostCoins = 100;
const coinPattern = /^[A-Z0-9._-]{1,20}$/;
/** In the store of work: what miners say themselves, of pools that tell no workers. No pool's name has a colon. */
const ownWork = (pool: string) => `own:${pool}`;

export interface Earnings {
  readonly prices: Prices;
  readonly costs: Costs;
  readonly work: WorkStore;
  readonly matching: Matching;
  readonly reconciliation: Reconciliation;
  /** Undefined when its folder cannot be written. */
  readonly ledger: Ledger | undefined;
  readonly tariffs: Tariffs;
  /** IANA zone in which sums of pools and of the fleet are booked. */
  readonly zone: string;
  /** To be told of every good reading of a pool, in order and before it is shown. */
  onReading(pool: PoolConfig, reading: PoolReading): void;
  /** A configuration that is about to be in force. */
  follow(config: Config): void;
  /** The fleet whose power is priced; before its page is made, so that a cost is on disk before it is shown. */
  watch(fleet: Fleet): void;
  flush(): void;
  close(): void;
}

/** Without a data folder nothing is kept: for pages of single readings, and tests. */
export function openEarnings({ dataFolder, folder, log, now = Date.now }: { dataFolder?: string; folder?: string; log: Logger; now?: () => number }): Earnings {
  const prices = createPrices({ log, now });
  const where = (name: string) => (dataFolder === undefined ? {} : { folder: path.join(dataFolder, name) });
  const work = openWork({ ...where('work'), keepMs: keptWorkMs, log, now });
  const ledger = dataFolder === undefined ? undefined : ledgerIn(path.join(dataFolder, 'ledger'), log, now);
  let tariffs: Tariffs = tariffsOf({ sites: [], currencies: {} });
  const costs = openCosts({ ...(dataFolder === undefined ? {} : { file: path.join(dataFolder, 'costs.txt') }), tariffOf: (miner) => tariffs.of(miner), log, now });
  let zone = 'UTC';
  let minerOf: (worker: string) => string | undefined = () => undefined;
  let sites = new Map<string, string>();
  let fleet: Fleet | undefined;
  const before = new Map<string, PoolReading>();
  /** Hashes of each miner when a pool was last read. */
  const hashesAt = new Map<string, Map<string, number>>();
  const matching = createMatching(() => fleet);
  const reconciliation = openReconciliation({ folder: dataFolder, log, now });
  let failed = false;

  function noteWork(pool: string, reading: PoolReading): void {
    const last = before.get(pool);
    before.set(pool, reading);
    const span = { from: last?.observedAt ?? reading.observedAt, to: reading.observedAt };
    if (reading.workers !== undefined) work.add(pool, workBetween(last, reading), span);
    const counted = new Map([...fleet?.all() ?? []].map(({ config: { name }, hashes }) => [name, hashes]));
    const earlier = hashesAt.get(pool);
    hashesAt.set(pool, counted);
    if (reading.workers !== undefined || earlier === undefined) return;
    work.add(ownWork(pool), new Map([...counted].flatMap(([name, hashes]) => {
      const was = earlier.get(name);
      return was === undefined || hashes <= was ? [] : [[name, hashes - was] as const];
    })), span);
  }

  /** What the pool credits beside what the miners say. */
  function compare(pool: PoolConfig, reading: PoolReading): void {
    const hosts = pool.stratum_hosts ?? factsOf(pool.type).stratumHosts;
    const shown = matching.take({ name: pool.name, hosts }, reading, minerOf);
    if (reading.workers === undefined) return;
    reconciliation.noticePool({
      name: pool.name, isHere: ({ url }) => leadsTo(url, hosts),
      credited(span) {
        const credited = new Map<string, number>();
        for (const [worker, hashes] of work.sum(pool.name, span)) {
          const miner = minerOf(worker);
          if (miner !== undefined) credited.set(miner, (credited.get(miner) ?? 0) + hashes);
        }
        return credited;
      },
    }, shown, reading.observedAt);
  }

  /** Work by miner over the window that an income pays for; undefined stands for workers that are no miners. */
  function weightsFor({ name, mode, pplns_window_hours: hours }: PoolConfig, span: { from: number; to: number }): { weights: Map<string, number>; allottedBy: AllottedBy } {
    const from = mode === 'pps' ? span.from : Math.min(span.from, span.to - hours * hourMs);
    const weights = new Map<string, number>();
    const add = (miner: string, hashes: number) => weights.set(miner, (weights.get(miner) ?? 0) + hashes);
    for (const [worker, hashes] of work.sum(name, { from, to: span.to })) add(minerOf(worker) ?? '', hashes);
    if (positive(weights)) return { weights, allottedBy: 'pool_work' };
    weights.clear();
    for (const [miner, hashes] of work.sum(ownWork(name), { from, to: span.to })) add(miner, hashes);
    return positive(weights) ? { weights, allottedBy: 'miner_work' } : { weights, allottedBy: 'nothing' };
  }

  function onReading(pool: PoolConfig, reading: PoolReading): void {
    const book = ledger?.pool(pool.name);
    /** When the pool was read before; a process that has just begun knows it from the books. */
    const from = Math.max(before.get(pool.name)?.observedAt ?? 0, book?.at ?? 0) || reading.observedAt;
    prices.offer(pool.name, reading);
    noteWork(pool.name, reading);
    compare(pool, reading);
    if (ledger === undefined) return;
    const { observedAt: at } = reading;
    // A clock that was put back: the next reading after the last one counts it all.
    if (book !== undefined && at <= book.at) return;
    const coins: CoinChange[] = [];
    let weights: ReturnType<typeof weightsFor> | undefined;
    for (const [coin, observed] of observations(reading, book)) {
      const known = book?.accounts.get(coin) ?? newCoin(book, observed);
      const { account, entries, income } = known === undefined ? openAccount(observed) : advanceAccount({ ...known, at: Math.max(known.at, from) }, observed);
      if (income === 0n && entries.length === 0 && known !== undefined && sameAccount(known, account)) continue;
      const change = { coin, account, entries, income };
      if (income === 0n) {
        coins.push({ ...change, shares: [], unknown: 0n, allottedBy: 'nothing' });
        continue;
      }
      weights ??= weightsFor(pool, { from: Math.min(from, known?.at ?? from), to: at });
      const parts = allot(income, weights.weights);
      const shares = sharesBySite(parts, at);
      const usd = prices.of(coin)?.usd;
      const allotted = shares.reduce((sum, { amounts }) => Object.values(amounts).reduce((all, one) => all + one, sum), 0n);
      coins.push({ ...change, shares, unknown: income - allotted, allottedBy: weights.allottedBy, ...(usd === undefined ? {} : { usd }) });
    }
    if (coins.length === 0 && book?.balances === (reading.balances !== undefined) && at - book.at < heartbeatMs) return;
    ledger.book({ at, from, pool: pool.name, day: localDay(zone, at), gap: at - from > Math.max(leastGapMs, gapIntervals * pool.interval_seconds * 1000), balances: reading.balances !== undefined, coins });
  }

  function sharesBySite(parts: ReadonlyMap<string, bigint>, at: number): SiteShare[] {
    const bySite = new Map<string, Record<string, bigint>>();
    for (const [miner, amount] of parts) {
      const site = sites.get(miner);
      if (site === undefined) continue;
      const amounts = bySite.get(site) ?? {};
      amounts[miner] = amount;
      bySite.set(site, amounts);
    }
    return [...bySite].map(([site, amounts]) => ({ site, day: localDay(tariffs.zoneOf(site), at), amounts }));
  }

  return {
    prices, costs, work, matching, reconciliation, ledger,
    get tariffs() {
      return tariffs;
    },
    get zone() {
      return zone;
    },
    onReading(pool, reading) {
      try {
        onReading(pool, reading);
        if (failed) log.info({ pool: pool.name }, 'the ledger is kept again');
        failed = false;
      } catch (thrown) {
        // What could not be booked is in the next difference.
        if (!failed) log.error({ pool: pool.name, err: messageOf(thrown) }, 'the ledger cannot be kept; what comes in meanwhile is booked later in one entry. Check disk space and permissions');
        failed = true;
      }
    },
    follow(config) {
      tariffs = tariffsOf(config);
      zone = config.sites[0]?.timezone ?? 'UTC';
      minerOf = workerIndex(config.miners);
      sites = new Map(config.miners.map(({ name, site }) => [name, site]));
      prices.follow(config.prices, folder ?? '.');
    },
    watch(next) {
      fleet = next;
      next.onUpdate((miner) => {
        costs.note(miner);
        reconciliation.notice(miner);
      });
    },
    flush: () => costs.flush(),
    close() {
      prices.stop();
      work.flush();
      reconciliation.save();
      costs.close();
      ledger?.close();
    },
  };
}

function ledgerIn(folder: string, log: Logger, now: () => number): Ledger | undefined {
  try {
    return openLedger(folder, log, now);
  } catch (thrown) {
    log.error({ folder, err: messageOf(thrown) }, 'the ledger cannot be kept; earnings are not shown. Check disk space and permissions');
    return undefined;
  }
}

function positive(weights: ReadonlyMap<string, number>): boolean {
  return [...weights.values()].some((weight) => weight > 0);
}

/** A coin that was not among the balances the last time had a balance of zero then; of any other it is the first sight. */
function newCoin(book: PoolBook | undefined, { balance }: Observed): Account | undefined {
  return book?.balances === true && balance !== undefined ? emptyAccount(book.openedAt, book.at) : undefined;
}

function sameAccount(before: Account, after: Account): boolean {
  const text = (account: Account) => JSON.stringify({ ...account, at: 0 }, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  return text(before) === text(after);
}

/** What a reading says of each coin; one that is gone from the balances has none any more (prohashing-api.md, 1.5). */
function observations({ observedAt: at, balances, earned, paid, payouts }: PoolReading, book: PoolBook | undefined): Map<string, Observed> {
  const [balance, credited, left] = [byCoin(balances), byCoin(earned), byCoin(paid)];
  const known = balances === undefined ? [] : [...book?.accounts ?? []].flatMap(([coin, account]) => (account.balance === undefined ? [] : [coin]));
  const coins = new Set([...balance.keys(), ...credited.keys(), ...left.keys(), ...known]);
  const listed = (payouts ?? []).flatMap((payout) => {
    const amount = parseCoins(payout.amount);
    return amount === undefined || amount <= 0n || !Number.isFinite(payout.at) ? [] : [{ coin: payout.coin.toUpperCase(), at: payout.at, amount, key: payout.id === undefined ? `at ${payout.at} ${payout.amount}` : `id ${payout.id}`, ...(payout.id === undefined ? {} : { id: payout.id }) }];
  });
  return new Map([...coins].slice(0, mostCoins).map((coin) => {
    const now = balance.get(coin) ?? (known.includes(coin) ? 0n : undefined);
    const [all, out] = [credited.get(coin), left.get(coin)];
    return [coin, {
      at, ...(now === undefined ? {} : { balance: now }), ...(all === undefined ? {} : { earned: all }), ...(out === undefined ? {} : { paid: out }),
      ...(payouts === undefined ? {} : { payouts: listed.filter((one) => one.coin === coin) }),
    }];
  }));
}

/** Amounts that are none, or below zero, are left out; a coin that is named twice has the sum. */
function byCoin(amounts: readonly Amount[] = []): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { coin, amount: text } of amounts) {
    const [name, amount] = [coin.toUpperCase(), parseCoins(text)];
    if (!coinPattern.test(name) || amount === undefined || amount < 0n) continue;
    sums.set(name, (sums.get(name) ?? 0n) + amount);
  }
  return sums;
}
