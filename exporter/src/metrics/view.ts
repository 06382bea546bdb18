/** A miner with everything worked out from it: what metrics and the API both show. */
import { boardDeviations, boardPresence, type BoardPresence } from '../analytics/boards.ts';
import { hashrateRatio, joulesPerMegahash } from '../analytics/efficiency.ts';
import { moneyOf, profitOf, type Money, type Price, type Revenue, type Tariff } from '../analytics/money.ts';
import { peerScores } from '../analytics/peers.ts';
import { phaseOf, type Phase } from '../analytics/phase.ts';
import { dayPrice, priceAt } from '../analytics/tariff.ts';
import type { Config } from '../config/load.ts';
import { openEarnings, type Earnings } from '../earnings/earnings.ts';
import type { MinerGap } from '../earnings/reconciliation.ts';
import { createRevenues } from '../earnings/revenues.ts';
import type { DriftWatch } from '../fleet/drift.ts';
import type { Fleet, Miner } from '../fleet/fleet.ts';
import type { DriftKind } from '../fleet/known-state.ts';
import type { LogWatch } from '../fleet/log-watch.ts';
import type { Pools } from '../fleet/pools.ts';
import type { Health } from '../health/health.ts';
import type { MinerHealth } from '../health/rounds.ts';
import type { LogEvent } from '../miners/log-line.ts';
import type { Reading } from '../miners/reading.ts';
import { createLogger } from '../log.ts';

export type PeerSignal = 'hashrate' | 'efficiency' | 'temperature';

export interface MinerView {
  readonly miner: Miner;
  /** The last good reading while it is fresh; absent once it is stale. */
  readonly reading?: Reading;
  readonly phase?: Phase;
  readonly boards: readonly BoardPresence[];
  readonly deviations: ReadonlyMap<number, number>;
  readonly efficiency?: number;
  readonly ratio?: number;
  readonly peers: Readonly<Partial<Record<PeerSignal, number>>>;
  /** From the first complete basis in the configured order. */
  readonly money: Money;
  /** By every basis that is known, also in part. */
  readonly revenues: readonly Revenue[];
  /** What the ledger has allotted to it, in all: 1e-18 coin by coin. */
  readonly earned: ReadonlyMap<string, bigint>;
  /** USD that its power has cost since that is counted. */
  readonly powerCostUsd?: number;
  /** What its pool credits beside what it did. */
  readonly poolGap?: MinerGap;
  /** How far it lies from what is expected of it, judged once an hour; absent before the first whole hour. */
  readonly health?: MinerHealth;
  /** USD a day that open advice would bring, by its kind. */
  readonly advice?: ReadonlyMap<string, number>;
  /** Lines of its own log by what they mean. */
  readonly logEvents?: ReadonlyMap<LogEvent, number>;
  /** Whether it is as it is meant to be, by what was compared. */
  readonly drift?: ReadonlyMap<DriftKind, boolean>;
}

export interface Views {
  of(miner: Miner): MinerView;
  /** What each preset of the miner would earn and cost if it did as much of what it promises as the present one; by its name. */
  presetMoney(miner: Miner): ReadonlyMap<string, Money>;
  /** What a hash and a kWh are worth now; of a miner that sleeps too. */
  worthOf(miner: Miner): { readonly price: Price | undefined; readonly tariff: Tariff | undefined; readonly ahead: readonly number[] | undefined };
  /** Compares all miners with their like; call it once a round, never in a scrape. */
  comparePeers(): void;
}

export interface ViewsOptions {
  readonly config: Config;
  readonly fleet: Fleet;
  readonly pools: Pools;
  readonly logs?: LogWatch;
  readonly drift?: DriftWatch;
  /** USD a day that open advice would bring to a miner, by its kind. */
  readonly adviceOf?: (miner: string) => ReadonlyMap<string, number>;
  /** Absent: nothing is kept, and only what follows from the present is shown. */
  readonly earnings?: Earnings;
  readonly health?: Pick<Health, 'of'>;
}

export function createViews({ config, fleet, pools, logs, drift, adviceOf, earnings = withoutBooks(config), health }: ViewsOptions): Views {
  let scores: Readonly<Record<PeerSignal, ReadonlyMap<string, number>>> = { hashrate: new Map(), efficiency: new Map(), temperature: new Map() };
  const { prices, ledger, work, tariffs, costs, reconciliation } = earnings;
  const revenueSource = createRevenues({ config, pools, prices, ledger, work });
  /** Mean price of the present day by site, worked out once an hour. */
  const dayPrices = new Map<string, { readonly hour: number; readonly usd: number }>();

  function tariffOf(miner: Miner): Tariff | undefined {
    const tariff = tariffs.of(miner.config);
    if (tariff === undefined) return undefined;
    const [now, hour] = [Date.now(), Math.floor(Date.now() / 3_600_000)];
    let known = dayPrices.get(miner.config.site);
    if (known?.hour !== hour) dayPrices.set(miner.config.site, known = { hour, usd: dayPrice(tariff, now) });
    return { usdPerKilowattHour: known.usd, overheadRatio: tariff.overheadRatio, meterRatio: tariff.meterRatio };
  }

  function booksOf(name: string): Pick<MinerView, 'earned' | 'powerCostUsd'> {
    const cost = costs.of(name);
    return { earned: ledger?.miner(name) ?? new Map<string, bigint>(), ...(cost === undefined ? {} : { powerCostUsd: cost }) };
  }

  return {
    of(miner) {
      const reading = fleet.isFresh(miner) ? miner.reading : undefined;
      const name = miner.config.name;
      const peers = Object.fromEntries(Object.entries(scores).flatMap(([signal, byMiner]) => {
        const score = reading === undefined ? undefined : byMiner.get(name);
        return score === undefined ? [] : [[signal, score]];
      }));
      const counted = logs?.counts(name);
      const logEvents = { ...(counted === undefined ? {} : { logEvents: counted }), ...(drift === undefined ? {} : { drift: drift.of(name) }) };
      const books = booksOf(name);
      const poolGap = reconciliation.of(name);
      const judged = health?.of(name);
      if (reading === undefined) return { miner, boards: [], deviations: new Map(), peers, money: {}, revenues: [], ...books, ...logEvents };
      const isScrypt = reading.identity?.algorithm === 'scrypt';
      const revenues = revenueSource.of(name, { hashrate: earningHashrate(reading), scrypt: isScrypt });
      const tariff = tariffOf(miner);
      const [efficiency, ratio] = [joulesPerMegahash(reading), hashrateRatio(reading)];
      const phase = phaseOf(reading);
      return {
        miner, reading, peers, ...logEvents, ...books, revenues,
        boards: boardPresence(reading),
        deviations: boardDeviations(reading.boards),
        money: profitOf(revenueSource.chosen(revenues), reading.powerWatts, tariff),
        ...(phase === undefined ? {} : { phase }),
        ...(efficiency === undefined ? {} : { efficiency }),
        ...(ratio === undefined ? {} : { ratio }),
        ...(adviceOf === undefined ? {} : { advice: adviceOf(name) }),
        ...(poolGap === undefined ? {} : { poolGap }),
        ...(judged === undefined ? {} : { health: judged }),
      };
    },
    presetMoney(miner) {
      const reading = fleet.isFresh(miner) ? miner.reading : undefined;
      const price = reading?.identity?.algorithm === 'scrypt' ? revenueSource.marginal(miner.config.name) : undefined;
      const ratio = reading === undefined ? undefined : hashrateRatio(reading);
      if (reading === undefined || ratio === undefined) return new Map();
      return new Map((miner.presets ?? []).map(({ name, hashrate, powerWatts }) => [name, moneyOf({ hashrate: hashrate === undefined ? undefined : hashrate * doneOf(ratio, reading), powerWatts }, price, tariffOf(miner))]));
    },
    worthOf(miner) {
      const hours = tariffs.of(miner.config);
      const now = Date.now();
      return {
        price: miner.reading?.identity?.algorithm === 'scrypt' ? revenueSource.marginal(miner.config.name) : undefined, tariff: tariffOf(miner),
        ahead: hours === undefined ? undefined : [0, 1, 2, 3].map((hour) => priceAt(hours, now + hour * 3_600_000)),
      };
    },
    comparePeers() {
      const groups = new Map<string, Miner[]>();
      for (const miner of fleet.all()) {
        const { reading } = miner;
        // A miner that warms up or tunes, is curtailed or under repair is no measure for others.
        if (reading === undefined || miner.intent !== 'mine' || !fleet.isFresh(miner) || phaseOf(reading) !== 'steady') continue;
        const key = `${miner.model} ${reading.preset?.name ?? ''}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, [miner]);
        else group.push(miner);
      }
      const compare = (signal: (reading: Reading) => number | undefined) => new Map([...groups.values()].flatMap((miners) => [...peerScores(new Map(miners.flatMap(({ config: { name }, reading }) => {
        const value = reading === undefined ? undefined : signal(reading);
        return value === undefined ? [] : [[name, value]];
      })))]));
      scores = {
        hashrate: compare((reading) => reading.hashrateAverage ?? reading.hashrate),
        efficiency: compare((reading) => joulesPerMegahash({ powerWatts: reading.powerWatts, hashrate: reading.hashrateAverage } as Reading)),
        temperature: compare((reading) => reading.chip.max),
      };
    },
  };
}

/** USD a day by which the profit changes when power and hashrate do, at what both bring and cost now; absent where that is not known. */
export function profitChange({ reading, money }: MinerView, effect: { readonly powerWatts?: number; readonly hashrate?: number }): number | undefined {
  const hashrate = reading?.hashrateAverage ?? reading?.hashrate ?? 0;
  const watts = reading?.powerWatts ?? 0;
  if (money.revenueUsdPerDay === undefined || money.powerCostUsdPerDay === undefined || hashrate <= 0 || watts <= 0) return undefined;
  if (effect.powerWatts === undefined || effect.hashrate === undefined) return undefined;
  return money.revenueUsdPerDay * (effect.hashrate / hashrate) - money.powerCostUsdPerDay * (effect.powerWatts / watts);
}

/** Above this the promise was wrong, not the miner good. */
const mostOfPromise = 1.1;

/** What comes in of the hashrate that a preset promises: what the miner really does of it, less what the firmware keeps. */
function doneOf(ratio: number, { devfeeRatio = 0 }: Reading): number {
  return Math.min(ratio, mostOfPromise) * (1 - devfeeRatio);
}

/** What works for the operator: the firmware's fee is paid in hashes. */
function earningHashrate({ hashrateAverage, hashrate, devfeeRatio = 0 }: Reading): number | undefined {
  const all = hashrateAverage ?? hashrate;
  return all === undefined ? undefined : all * (1 - devfeeRatio);
}

function withoutBooks(config: Config): Earnings {
  const earnings = openEarnings({ log: createLogger({ level: 'silent' }) });
  earnings.follow({ ...config, prices: { ...config.prices, http: undefined, file: undefined } });
  return earnings;
}
