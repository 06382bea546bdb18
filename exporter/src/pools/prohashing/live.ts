/**
 * What ProHashing pushes over WAMP (prohashing-api.md, 2.3 to 2.5), as a machine without a socket or a clock: messages in, figures out.
 * Its promises:
 *
 * - An event that comes before the snapshot, or while one is fetched, is neither lost nor counted twice.
 * - A count of shares per worker name sums all its connections and sessions and never goes back while the machine lives.
 * - An increment of a balance is never added to a snapshot that may hold it already: such a snapshot is fetched again.
 * - A connection that nothing is known of, and every doubt, asks for a new snapshot (`wanted`).
 */
import { defined } from '../../defined.ts';
import type { Mismatch } from '../../mismatch.ts';
import { addDecimals, decimalText, fieldsOf, isObject, lenientNumber, limits, workerName, type JsonObject } from '../fields.ts';
import type { Amount, FoundBlock, PoolWorker } from '../pool.ts';
import { joinByName, mostWorkers } from '../workers.ts';

/** The snapshots; each is the answer to one call (2.2). */
export const snapshots = ['miners', 'balances', 'profitability', 'general'] as const;
export type Snapshot = (typeof snapshots)[number];

/** The kinds of events (2.3). */
export const topics = ['miner_diffs', 'miner_records', 'balances', 'profitability', 'general', 'blocks', 'failures'] as const;
export type Topic = (typeof topics)[number];

/** Scrypt's id in profitability (2.4). */
const scryptId = '1';
const source = 'prohashing_wamp';
/** Beyond these a pool floods us: the snapshot that follows tells the same. */
const mostHeldBack = 20_000;
const mostBlocks = 50;
/** Snapshots of balances in a row that may be in doubt; the next resync comes anyway. */
const mostDoubts = 3;

export interface LiveReading {
  /** Absent until the first snapshot of the session. */
  readonly workers?: readonly PoolWorker[];
  /** By full coin name; absent until the first snapshot of the session. */
  readonly balances?: readonly { readonly coinName: string; readonly amount: string }[];
  readonly usdPerMegahashDay?: number;
  readonly btcPerMegahashDay?: number;
  /** Unix ms of when the pool worked the yield out. */
  readonly asOf?: number;
  /** H/s of the whole pool on scrypt. */
  readonly hashrate?: number;
  /** Blocks of scrypt since we listen, by full coin name; `worker` only where the name is one of ours, which may still be chance. */
  readonly blocks: readonly (Omit<FoundBlock, 'coin'> & { readonly coinName: string })[];
}

export interface Live {
  /** A new connection: nothing of the last one is current, only the counts go on. */
  sessionBegan(): void;
  callSent(snapshot: Snapshot): void;
  /** `value`: the one positional result. Amounts keep their digits (fields.ts). */
  callAnswered(snapshot: Snapshot, value: unknown, at: number): void;
  callFailed(snapshot: Snapshot): void;
  /** `items`: every element of the event's positional list. `at`: Unix ms. */
  event(topic: Topic, items: readonly unknown[], at: number): void;
  /** Snapshots that should be fetched now. */
  wanted(): readonly Snapshot[];
  reading(): LiveReading;
}

/** One connection of a miner to the pool. */
interface Connection {
  readonly worker?: string;
  readonly algorithm?: string;
  readonly hashrate?: number;
  readonly difficulty?: number;
  readonly lastShareAt?: number;
}

interface Run {
  /** The session's count, as far as it is booked. */
  count: number;
  /** The last count that came as an event of this session: events of one topic keep their order, snapshots do not keep it with them. */
  event?: number;
}

/** Where a count comes from decides what a smaller one means. */
type Origin = 'event' | 'replay' | 'snapshot';

export function createLive(mismatch: Mismatch): Live {
  let connections: Map<string, Connection> | undefined;
  const runs = new Map<string, Run>();
  /** Shares by worker name, over all its connections and sessions. */
  const totals = new Map<string, number>();
  let balances: Map<string, string> | undefined;
  let yields: ReadonlyMap<string, JsonObject> = new Map();
  let general: JsonObject = {};
  let blocks: LiveReading['blocks'] = [];
  const wanted = new Set<Snapshot>(snapshots);

  /** While miners are asked for: what was booked when the call went out, what came since, and which counts began anew meanwhile. */
  let asked: { readonly booked: ReadonlyMap<string, number>; readonly renewed: Set<string> } | undefined;
  /** Events since then. `counted`: their shares were booked as they came. */
  let heldBack: { readonly record: JsonObject; readonly at: number; readonly whole: boolean; readonly counted: boolean }[] = [];
  let balancesAsked = false;
  let incrementsSinceAsked = 0;
  let doubts = 0;

  const idOf = (record: JsonObject): string | undefined => {
    const { uuid } = record;
    if (typeof uuid === 'string' && uuid !== '') return uuid;
    // The generation before 2021 knew no uuid, and miners by their name (2.3).
    const name = workerName(record['miner_name']);
    return name === undefined ? undefined : `name:${name}`;
  };

  function book(worker: string, count: number): void {
    totals.set(worker, (totals.get(worker) ?? 0) + count);
  }

  /** Books what a session's count has grown by; true when it grew. */
  function count(id: string, { worker, shares, origin }: { worker: string; shares: number; origin: Origin }): boolean {
    const run = runs.get(id);
    if (run === undefined) {
      runs.set(id, { count: shares, ...(origin === 'snapshot' ? {} : { event: shares }) });
      book(worker, shares);
      return false;
    }
    const restarted = origin === 'snapshot' ? shares < (asked?.booked.get(id) ?? 0) : origin === 'event' && run.event !== undefined && shares < run.event;
    if (origin === 'snapshot' && asked?.renewed.has(id) === true) {
      // The snapshot may be of before the restart or of after it.
      wanted.add('miners');
      return false;
    }
    if (restarted) {
      book(worker, shares);
      run.count = shares;
      if (origin === 'event') {
        run.event = shares;
        asked?.renewed.add(id);
      } else delete run.event;
      return false;
    }
    // A first event below the snapshot is older than that, or a restart: another snapshot tells.
    if (origin === 'event' && run.event === undefined && shares < run.count) wanted.add('miners');
    else if (origin === 'event') run.event = shares;
    if (shares <= run.count) return false;
    book(worker, shares - run.count);
    run.count = shares;
    return true;
  }

  /** Merges a record onto what is known of its connection. `whole`: it may be of a connection that nothing is known of. */
  function merge(record: JsonObject, { at, whole, origin }: { at: number; whole: boolean; origin: Origin }): void {
    const id = idOf(record);
    if (id === undefined) {
      mismatch(source, 'uuid');
      return;
    }
    const known = connections?.get(id);
    if (connections === undefined || (known === undefined && !whole)) {
      wanted.add('miners');
      return;
    }
    if (known === undefined && connections.size >= mostWorkers) {
      mismatch(source, 'miners');
      return;
    }
    const fields = fieldsOf(record, source, mismatch);
    const told = (key: string) => whole || Object.hasOwn(record, key);
    const worker = told('miner_name') ? workerName(record['miner_name']) ?? known?.worker : known?.worker;
    if (worker === undefined) mismatch(source, 'miner_name');
    const shares = origin === 'snapshot' || Object.hasOwn(record, 'share_count') ? fields.number('share_count', limits.count) : undefined;
    const grew = shares !== undefined && worker !== undefined && count(id, { worker, shares, origin });
    connections.set(id, defined<Connection>({
      worker,
      algorithm: told('algorithm_name') ? fields.text('algorithm_name') ?? known?.algorithm : known?.algorithm,
      // `adjusted_hashrate` is the older generation's.
      hashrate: told('hashrate') ? fields.number('hashrate', limits.hashrate) : told('adjusted_hashrate') ? fields.optional.number('adjusted_hashrate', limits.hashrate) ?? known?.hashrate : known?.hashrate,
      difficulty: told('difficulty') ? fields.optional.number('difficulty', limits.difficulty) : known?.difficulty,
      lastShareAt: grew && origin === 'event' ? at : known?.lastShareAt,
    }));
  }

  function minersArrived(value: unknown, at: number): void {
    const late = heldBack;
    heldBack = [];
    if (!Array.isArray(value)) {
      mismatch(source, 'miners');
      asked = undefined;
      return;
    }
    wanted.delete('miners');
    if (value.length > mostWorkers) mismatch(source, 'miners');
    const before = connections;
    connections = new Map();
    for (const record of (value as unknown[]).slice(0, mostWorkers)) {
      const id = isObject(record) ? idOf(record) : undefined;
      // Two records of one connection would look like a count that begins anew each time.
      if (!isObject(record) || id === undefined || connections.has(id)) {
        mismatch(source, 'uuid');
        continue;
      }
      merge(record, { at, whole: true, origin: 'snapshot' });
      const [now, lastShareAt] = [connections.get(id), before?.get(id)?.lastShareAt];
      if (now !== undefined && lastShareAt !== undefined) connections.set(id, { ...now, lastShareAt });
    }
    // Of counts that wait to be booked the last one tells all: one before it may be of before a restart that the snapshot knows.
    const last = new Map(late.flatMap(({ record, counted }, index) => (counted || !Object.hasOwn(record, 'share_count') ? [] : [[idOf(record), index] as const])));
    late.forEach(({ record, at: then, whole }, index) => {
      const { share_count: shares, ...others } = record;
      merge(shares === undefined || last.get(idOf(record)) === index ? record : others, { at: then, whole, origin: 'replay' });
    });
    asked = undefined;
    if (runs.size > 4 * mostWorkers) for (const id of runs.keys()) if (!connections.has(id)) runs.delete(id);
  }

  function minerEvent(items: readonly unknown[], at: number, whole: boolean): void {
    // Some routers wrap the list of records once more.
    for (const record of items.flat()) {
      if (!isObject(record)) {
        mismatch(source, 'miner_update');
        continue;
      }
      if (connections === undefined || asked !== undefined) {
        const id = idOf(record);
        if (heldBack.length < mostHeldBack) heldBack.push({ record, at, whole, counted: id !== undefined && connections?.has(id) === true });
        else wanted.add('miners');
      }
      if (connections !== undefined) merge(record, { at, whole, origin: 'event' });
    }
  }

  function balancesArrived(value: unknown): void {
    balancesAsked = false;
    if (!isObject(value)) {
      mismatch(source, 'balances');
      return;
    }
    wanted.delete('balances');
    balances = new Map(Object.entries(value).flatMap(([coinName, amount]) => {
      const text = decimalText(amount);
      if (text === undefined) mismatch(source, 'balance');
      return text === undefined ? [] : [[coinName, text] as const];
    }));
    // Nobody can say which increments the snapshot holds: it stands alone, and another one is fetched.
    doubts = incrementsSinceAsked > 0 ? doubts + 1 : 0;
    if (doubts > 0 && doubts <= mostDoubts) wanted.add('balances');
    else doubts = 0;
    incrementsSinceAsked = 0;
  }

  function balanceEvent(items: readonly unknown[]): void {
    for (const item of items.flat()) {
      const amount = isObject(item) ? decimalText(item['balance'], { signed: true }) : undefined;
      const coinName = isObject(item) ? item['coin'] : undefined;
      if (amount === undefined || typeof coinName !== 'string' || coinName === '') {
        mismatch(source, 'balance_update');
        continue;
      }
      if (balancesAsked) incrementsSinceAsked += 1;
      if (balances === undefined) continue;
      const sum = addDecimals(balances.get(coinName) ?? '0', amount);
      // Less than nothing is no balance: what came before was not known.
      if (sum.startsWith('-')) {
        balances.delete(coinName);
        wanted.add('balances');
      } else balances.set(coinName, sum);
    }
  }

  /** Two levels deep: an update may hold some ids, and of them some fields (2.3). */
  function yieldsTold(value: unknown): void {
    if (!isObject(value)) {
      mismatch(source, 'profitability');
      return;
    }
    yields = new Map([...yields, ...Object.entries(value).flatMap(([id, record]) => (isObject(record) ? [[id, { ...yields.get(id), ...record }] as const] : []))].slice(-200));
  }

  function blockEvent(items: readonly unknown[], at: number): void {
    for (const item of items.flat()) {
      const coinName = isObject(item) ? item['coin_name'] : undefined;
      if (!isObject(item) || typeof coinName !== 'string' || coinName === '') {
        mismatch(source, 'found_block');
        continue;
      }
      const { algorithm } = item;
      if (typeof algorithm === 'string' && algorithm.toLowerCase() !== 'scrypt') continue;
      const fields = fieldsOf(item, source, mismatch);
      const height = fields.optional.number('block_height', limits.count);
      const worker = workerName(item['worker_name']);
      const block = defined<LiveReading['blocks'][number]>({ coinName, at, height, reward: fields.optional.amount('coinbase_value'), worker: worker !== undefined && totals.has(worker) ? worker : undefined });
      blocks = [...blocks.filter((one) => height === undefined || one.coinName !== coinName || one.height !== height), block].slice(-mostBlocks);
    }
  }

  const arrived: Readonly<Record<Snapshot, (value: unknown, at: number) => void>> = {
    miners: minersArrived,
    balances: balancesArrived,
    profitability: yieldsTold,
    general(value) {
      if (isObject(value)) general = value;
      else mismatch(source, 'general');
    },
  };
  const happened: Readonly<Record<Topic, (items: readonly unknown[], at: number) => void>> = {
    miner_diffs: (items, at) => minerEvent(items, at, false),
    miner_records: (items, at) => minerEvent(items, at, true),
    balances: balanceEvent,
    profitability: (items) => items.forEach(yieldsTold),
    general(items) {
      for (const item of items) if (isObject(item)) general = { ...general, ...item };
    },
    blocks: blockEvent,
    // Nobody knows what it holds (2.3): something about a miner has changed.
    failures: () => void wanted.add('miners'),
  };

  return {
    sessionBegan() {
      connections = undefined;
      balances = undefined;
      asked = undefined;
      heldBack = [];
      balancesAsked = false;
      incrementsSinceAsked = 0;
      doubts = 0;
      // The order of events holds within a session only.
      for (const run of runs.values()) delete run.event;
      for (const snapshot of snapshots) wanted.add(snapshot);
    },
    callSent(snapshot) {
      wanted.delete(snapshot);
      if (snapshot === 'miners') asked = { booked: new Map([...runs].map(([id, run]) => [id, run.count])), renewed: new Set() };
      if (snapshot === 'balances') {
        balancesAsked = true;
        incrementsSinceAsked = 0;
      }
    },
    callAnswered: (snapshot, value, at) => arrived[snapshot](value, at),
    callFailed(snapshot) {
      if (snapshot === 'miners') {
        asked = undefined;
        // Without a snapshot they still wait for one.
        if (connections !== undefined) heldBack = [];
      }
      if (snapshot === 'balances') balancesAsked = false;
      wanted.add(snapshot);
    },
    event: (topic, items, at) => happened[topic](items, at),
    wanted: () => [...wanted],
    reading() {
      const scrypt = yields.get(scryptId) ?? [...yields.values()].find((record) => record['algorithm_name'] === 'Scrypt');
      const value = (key: string) => {
        const number = scrypt === undefined ? undefined : lenientNumber(scrypt[key]);
        // Zero is "no estimate" (6.3).
        return number === undefined || number <= 0 || number > limits.yield ? undefined : number;
      };
      const seconds = scrypt === undefined ? undefined : lenientNumber(scrypt['data_timestamp']);
      const rates = general['total_hashrate_computed_onlys'];
      const rate = isObject(rates) ? lenientNumber(rates['Scrypt']) : undefined;
      const workers = connections === undefined ? undefined : joinByName([...connections].flatMap(([, { worker, algorithm, hashrate, difficulty, lastShareAt }]) => {
        if (worker === undefined || (algorithm !== undefined && algorithm.toLowerCase() !== 'scrypt')) return [];
        return [defined<PoolWorker>({ worker, hashrate, shareDifficulty: difficulty, lastShareAt, connections: 1 })];
      })).map((worker): PoolWorker => {
        const total = totals.get(worker.worker);
        return total === undefined ? worker : { ...worker, shares: { accepted: total, unit: 'share' } };
      });
      return {
        blocks,
        ...defined<Omit<LiveReading, 'blocks'>>({
          workers,
          balances: balances === undefined ? undefined : [...balances].map(([coinName, amount]) => ({ coinName, amount })),
          usdPerMegahashDay: value('usd'), btcPerMegahashDay: value('btc'),
          asOf: seconds !== undefined && seconds > 1e9 && seconds < 1e10 ? seconds * 1000 : undefined,
          hashrate: rate === undefined || rate <= 0 || rate > limits.hashrate ? undefined : rate,
        }),
      };
    },
  };
}

/** Balances by ticker; a coin whose ticker nobody told is left out and counted. */
export function balancesByTicker(balances: NonNullable<LiveReading['balances']>, tickerOf: (coinName: string) => string | undefined, mismatch: Mismatch): Amount[] {
  return balances.flatMap(({ coinName, amount }) => {
    const coin = tickerOf(coinName);
    if (coin === undefined) mismatch(source, 'coin');
    return coin === undefined ? [] : [{ coin, amount }];
  });
}
