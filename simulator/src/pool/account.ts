/**
 * One account at one pool: who works for it, what the pool counts of that, and what it pays. The pools' APIs (facades) only read from
 * here. All money is whole units of 1e-8 coin, and an account gets exactly what its workers get: that sum is the truth of a test.
 *
 * Shares may come in any order among miners. They become money in steps of `settleMs`, once all shares of a step are known, so the
 * result does not depend on who looked when.
 */
import type { SubmittedShares } from '../miner/state.ts';
import { mix, poisson, seedFor, uniform } from '../random.ts';
import { unitsOf } from './amounts.ts';
import type { Market, MinedCoin } from './market.ts';
import { chains, hashesPerNetworkDifficulty, hashesPerShareDifficulty, minedCoins } from './market.ts';
import { createSchedule } from './schedule.ts';
import { addToRing, createRing, sumOfRing } from './window.ts';
import type { Ring } from './window.ts';

// Bound here because a global is slow to look up inside a test runner's sandbox.
const { ceil, floor, max, min, round } = Math;

export const payModes = ['pps', 'pplns', 'solo'] as const;
export type PayMode = (typeof payModes)[number];
/** `by_password`: each connection says its own with `m=` (prohashing-api.md 3.2). */
export type PayRule = PayMode | 'by_password';
export const payRules: readonly PayRule[] = ['by_password', ...payModes];

export interface AccountOptions {
  readonly seed: number;
  readonly startMs: number;
  readonly market: Market;
  readonly pay: PayRule;
  /** Shares of the income, 0 to 1. */
  readonly fees: Readonly<Record<PayMode, number>>;
  /** H/s of the whole pool, this account's included: how often it finds a block. */
  readonly poolHashrate: number;
  /** PPLNS: N as a multiple of Litecoin's network difficulty. Before the start all are taken to have worked as after it. */
  readonly windowFactor: number;
  /** Shares become money in steps of so long, ms. */
  readonly settleMs: number;
  /** UTC, once a day. */
  readonly payoutHour: number;
  /** Coins: what is less stays. */
  readonly thresholds: Readonly<Record<MinedCoin, number>>;
  /** Balances at the start, in coins; credited to no worker. */
  readonly opening: Readonly<Partial<Record<MinedCoin, number>>>;
}

type PerCoin = Record<MinedCoin, number>;
type PerMode = Record<PayMode, number>;

interface Worker {
  readonly name: string;
  /** Place in the arrays of the PPLNS window. */
  readonly place: number;
  readonly sinceMs: number;
  readonly work: { readonly accepted: Ring; readonly stale: Ring; readonly rejected: Ring };
  readonly income: Readonly<Record<MinedCoin, Ring>>;
  accepted: number;
  stale: number;
  rejected: number;
  shares: number;
  lastShareMs: number | null;
  windowDifficulty: number;
  readonly credited: PerCoin;
  /** Parts of a unit that are not yet one. */
  readonly fractions: PerCoin;
}

interface Connection {
  readonly uuid: string;
  readonly miner: string;
  readonly worker: Worker;
  readonly session: number;
  readonly fixedDifficulty: boolean;
  readonly mode: PayMode;
  /** Slot of the first share. */
  readonly sinceSlot: number;
  readonly recent: Ring;
  difficulty: number;
  shares: number;
  lastShareMs: number;
}

export interface ConnectionView {
  readonly uuid: string;
  readonly worker: string;
  /** H/s over the window, from accepted shares: a multiple of 65536 / T, T of 15 s (2.6). */
  readonly hashrate: number;
  readonly difficulty: number;
  readonly fixedDifficulty: boolean;
  /** Of this connection. */
  readonly shares: number;
  readonly workerShares: number;
}

export interface WorkerView {
  readonly name: string;
  /** A number of its own, the same whenever the seed is. */
  readonly id: number;
  readonly connections: number;
  /** H/s over ten minutes, an hour, a day. */
  readonly hashrate: number;
  readonly hashrateHour: number;
  readonly hashrateDay: number;
  readonly staleHour: number;
  readonly staleDay: number;
  readonly rejectedDay: number;
  /** Share difficulty since it first came. */
  readonly accepted: number;
  readonly stale: number;
  readonly rejected: number;
  readonly sinceMs: number;
  readonly lastShareMs: number | null;
  /** Units credited in all, and in the last 24 h. */
  readonly credited: Readonly<PerCoin>;
  readonly creditedDay: Readonly<PerCoin>;
}

export interface Payout { readonly id: number; readonly coin: MinedCoin; readonly units: number; readonly timeMs: number; readonly transaction: string }

/** A block that the whole pool found. */
export interface Block {
  readonly coin: MinedCoin;
  readonly height: number;
  readonly timeMs: number;
  /** Of this account, or a stranger's. */
  readonly worker: string;
  readonly own: boolean;
  readonly rewardUnits: number;
  readonly shareDifficulty: number;
}

/** All of it in units. `opening + credited = balance + paid`, and `credited` is the sum over the workers. */
export interface CoinView {
  readonly opening: number;
  readonly credited: number;
  readonly creditedDay: number;
  readonly paid: number;
  readonly balance: number;
  /** The last payout, for as long as it is not older than a day; else null. */
  readonly lastPayout: Payout | null;
}

export interface HourView {
  /** Unix ms at its beginning. */
  readonly fromMs: number;
  readonly accepted: number;
  readonly stale: number;
  readonly rejected: number;
  readonly income: Readonly<Record<MinedCoin, Readonly<PerMode>>>;
}

export interface AccountTruth {
  /** Up to when shares have become money. */
  readonly settledMs: number;
  readonly coins: Readonly<Record<MinedCoin, CoinView>>;
  readonly workers: readonly { readonly name: string; readonly credited: Readonly<PerCoin>; readonly accepted: number; readonly stale: number; readonly rejected: number }[];
  readonly payouts: readonly Payout[];
  readonly blocks: readonly Block[];
  /** Difficulty that came after its step was settled: counted, and paid to nobody. */
  readonly lateDifficulty: number;
}

export interface Account {
  credit(shares: SubmittedShares): void;
  /** Makes money of all shares up to then; every miner must have told its own before. */
  settle(timeMs: number): void;
  /** By name; those without a share in the last day are left out. */
  workers(timeMs: number): readonly WorkerView[];
  /** Those with a share in the last window, by name. */
  connections(timeMs: number): readonly ConnectionView[];
  /** H/s of each worker that is connected, by name. */
  workerHashrates(timeMs: number): ReadonlyMap<string, number>;
  coin(coin: MinedCoin, timeMs: number): CoinView;
  /** Hours with work or income, oldest first. */
  hours(): readonly HourView[];
  payouts(): readonly Payout[];
  blocks(): readonly Block[];
  fee(mode: PayMode, timeMs: number): number;
  setFee(mode: PayMode, fee: number, fromMs: number): void;
  poolHashrate(timeMs: number): number;
  setPoolHashrate(hashesPerSecond: number, fromMs: number): void;
  pay(): PayRule;
  /** Of shares that are still to come. */
  setPay(pay: PayRule): void;
  /** Pays now what there is, of one coin or of all, whatever the threshold. */
  payOut(timeMs: number, coin?: MinedCoin): readonly Payout[];
  /** Hangs up on one worker, or on all: with the next share it comes with a new uuid, and its shares are counted from 0. Returns how many. */
  hangUp(worker?: string): number;
  truth(timeMs: number): AccountTruth;
}

/** Hashrates of a pool are over multiples of so long (2.6). */
export const slotMs = 15_000;
/** The pools' shortest window. */
export const windowMs = 600_000;
const coarseMs = 600_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** PPLNS forgets in pieces: a fiftieth of the window, and an hour at most, lest thousands of workers take too much memory. */
const [piecesAWindow, longestPieceMs] = [50, hourMs];

/** PPLNS and solo only with a fixed coin; all else is PPS (3.2). */
export function payModeOf(pass: string): PayMode {
  const argument = (name: string) => new RegExp(`(?:^|,)\\s*${name}=([^,]+)`).exec(pass)?.[1]?.trim();
  const wanted = argument('m');
  if (argument('c') === undefined) return 'pps';
  return wanted === 'pplns' || wanted === 'solo' ? wanted : 'pps';
}

const hex = (seed: number, index: number) => mix(seed, index).toString(16).padStart(8, '0');

function uuidFor(seed: number, name: string): string {
  const own = seedFor(seed, name);
  return `${hex(own, 1)}-${hex(own, 2).slice(0, 4)}-4${hex(own, 3).slice(0, 3)}-a${hex(own, 4).slice(0, 3)}-${hex(own, 5)}${hex(own, 6).slice(0, 4)}`;
}

/** The slot that a moment ends or lies in: work is told at the end of its step. */
const slotOf = (timeMs: number, lengthMs: number) => ceil(timeMs / lengthMs) - 1;
const none = (): PerCoin => ({ LTC: 0, DOGE: 0 });
const noIncome = (): PerMode => ({ pps: 0, pplns: 0, solo: 0 });

/** Difficulty of one step: of each worker, by its place, in the order of `payModes`. */
type Work = Float64Array;
const [ppsAt, pplnsAt, soloAt] = [0, 1, 2];
const modes = payModes.length;

interface Hour { accepted: number; stale: number; rejected: number; readonly income: Record<MinedCoin, PerMode> }
interface Piece { readonly index: number; total: number; work: Float64Array }

export function createAccount(options: AccountOptions): Account {
  const { seed, market, settleMs, startMs } = options;
  let { pay } = options;
  const fees = { pps: createSchedule(options.fees.pps), pplns: createSchedule(options.fees.pplns), solo: createSchedule(options.fees.solo) };
  const poolHashrates = createSchedule(options.poolHashrate);
  const recentSlots = max(windowMs, settleMs) / slotMs;
  const workers = new Map<string, Worker>();
  const places: Worker[] = [];
  /** By miner: the newest of each. */
  const connections = new Map<string, Connection>();
  let hangUps = 0;
  const pending = new Map<number, Work>();
  /** Used again and again: a long run would else make millions of them. */
  const spare: Work[] = [];
  let settled = floor(startMs / settleMs);
  let lateDifficulty = 0;
  /** Somebody has mined solo. */
  let solos = false;
  const pieces: Piece[] = [];
  const windowHashes = (timeMs: number) => options.windowFactor * market.difficulty('LTC', timeMs) * hashesPerNetworkDifficulty;
  const pieceMs = max(settleMs, ceil(min(longestPieceMs, ((windowHashes(startMs) / options.poolHashrate) * 1000) / piecesAWindow) / settleMs) * settleMs);
  let windowTotal = 0;
  const opening: PerCoin = { LTC: unitsOf(options.opening.LTC ?? 0), DOGE: unitsOf(options.opening.DOGE ?? 0) };
  const balance: PerCoin = { ...opening };
  const credited = none();
  const paid = none();
  const income: Record<MinedCoin, Ring> = { LTC: createRing(150), DOGE: createRing(150) };
  const hours = new Map<number, Hour>();
  const payouts: Payout[] = [];
  const blocks: Block[] = [];

  const feeAt = (mode: PayMode, timeMs: number) => fees[mode].at(timeMs) ?? 0;
  /** Of a step that ends then: a fee that begins at its end is for the next. */
  const keptAt = (mode: PayMode, timeMs: number) => 1 - feeAt(mode, timeMs - 1);
  const poolHashrateAt = (timeMs: number) => poolHashrates.at(timeMs) ?? 0;

  const workerOf = (name: string, timeMs: number): Worker => {
    const known = workers.get(name);
    if (known !== undefined) return known;
    const ring = () => createRing(150);
    const worker: Worker = {
      name, place: places.length, sinceMs: timeMs, work: { accepted: ring(), stale: ring(), rejected: ring() }, income: { LTC: ring(), DOGE: ring() },
      accepted: 0, stale: 0, rejected: 0, shares: 0, lastShareMs: null, windowDifficulty: 0, credited: none(), fractions: none(),
    };
    workers.set(name, worker);
    places.push(worker);
    return worker;
  };

  const connectionOf = (shares: SubmittedShares): Connection => {
    const { miner, session, worker: name, timeMs, pass } = shares;
    const known = connections.get(miner);
    if (known?.session === session && known.worker.name === name && timeMs - known.lastShareMs < windowMs + settleMs) return known;
    const fresh: Connection = {
      uuid: uuidFor(seed, `${miner} ${session} ${name} ${hangUps} ${timeMs}`), miner, session, worker: workerOf(name, timeMs), fixedDifficulty: /(?:^|,)\s*d=/.test(pass), mode: payModeOf(pass),
      sinceSlot: slotOf(timeMs, slotMs), recent: createRing(recentSlots + 24), difficulty: shares.shareDifficulty, shares: 0, lastShareMs: timeMs,
    };
    connections.set(miner, fresh);
    return fresh;
  };

  const hourOf = (timeMs: number): Hour => {
    const index = slotOf(timeMs, hourMs);
    const known = hours.get(index);
    if (known !== undefined) return known;
    const fresh: Hour = { accepted: 0, stale: 0, rejected: 0, income: { LTC: noIncome(), DOGE: noIncome() } };
    hours.set(index, fresh);
    return fresh;
  };

  const pendingFor = (step: number, place: number): Work => {
    const known = pending.get(step);
    if (known !== undefined && place < known.length) return known;
    const reused = known === undefined ? spare.pop() : undefined;
    const work = reused !== undefined && place < reused.length ? reused : new Float64Array(2 * (place + 48));
    if (known !== undefined) work.set(known);
    pending.set(step, work);
    return work;
  };

  const credit = (shares: SubmittedShares) => {
    const { timeMs, difficulty, shareDifficulty, staleDifficulty, rejectedDifficulty } = shares;
    const connection = connectionOf(shares);
    const { worker } = connection;
    connection.difficulty = shareDifficulty;
    connection.lastShareMs = timeMs;
    const slot = slotOf(timeMs, coarseMs);
    const hour = hourOf(timeMs);
    if (staleDifficulty > 0) {
      worker.stale += staleDifficulty;
      hour.stale += staleDifficulty;
      addToRing(worker.work.stale, slot, staleDifficulty);
    }
    if (rejectedDifficulty > 0) {
      worker.rejected += rejectedDifficulty;
      hour.rejected += rejectedDifficulty;
      addToRing(worker.work.rejected, slot, rejectedDifficulty);
    }
    if (difficulty === 0) return;
    const count = round(difficulty / shareDifficulty);
    connection.shares += count;
    worker.shares += count;
    worker.accepted += difficulty;
    worker.lastShareMs = max(worker.lastShareMs ?? 0, timeMs);
    hour.accepted += difficulty;
    addToRing(connection.recent, slotOf(timeMs, slotMs), difficulty);
    addToRing(worker.work.accepted, slot, difficulty);
    const step = slotOf(timeMs, settleMs);
    if (step < settled) {
      lateDifficulty += difficulty;
      return;
    }
    const place = worker.place * modes + payModes.indexOf(pay === 'by_password' ? connection.mode : pay);
    solos ||= place % modes === soloAt;
    const work = pendingFor(step, place);
    work[place] = (work[place] ?? 0) + difficulty;
  };

  const grant = (worker: Worker, exact: number, given: { readonly coin: MinedCoin; readonly mode: PayMode; readonly timeMs: number }) => {
    const { coin, mode, timeMs } = given;
    const sum = worker.fractions[coin] + exact;
    const units = floor(sum);
    worker.fractions[coin] = sum - units;
    if (units === 0) return;
    worker.credited[coin] += units;
    credited[coin] += units;
    balance[coin] += units;
    const slot = slotOf(timeMs, coarseMs);
    addToRing(worker.income[coin], slot, units);
    addToRing(income[coin], slot, units);
    hourOf(timeMs).income[coin][mode] += units;
  };

  const rewardUnits = (coin: MinedCoin) => unitsOf(chains[coin].blockReward);

  /** Each share at its worth, at once: network expectation less the fee. */
  const payPps = (work: Work, timeMs: number) => {
    const kept = keptAt('pps', timeMs);
    for (const coin of minedCoins) {
      const unitsEach = (hashesPerShareDifficulty / (market.difficulty(coin, timeMs) * hashesPerNetworkDifficulty)) * rewardUnits(coin) * kept;
      const given = { coin, mode: 'pps', timeMs } as const;
      for (const worker of places) {
        const difficulty = work[worker.place * modes + ppsAt] ?? 0;
        if (difficulty > 0) grant(worker, difficulty * unitsEach, given);
      }
    }
  };

  /** The last N of the whole pool's difficulty, in pieces; the oldest goes when the rest is enough. */
  const slideWindow = (work: Work, at: { readonly step: number; readonly timeMs: number; readonly total: number }) => {
    const index = floor((at.step * settleMs) / pieceMs);
    let piece = pieces.at(-1);
    if (piece?.index !== index) {
      piece = { index, total: 0, work: new Float64Array(places.length) };
      pieces.push(piece);
    }
    if (piece.work.length < places.length) {
      const longer = new Float64Array(places.length * 2);
      longer.set(piece.work);
      piece.work = longer;
    }
    for (const worker of places) {
      const difficulty = work[worker.place * modes + pplnsAt] ?? 0;
      piece.work[worker.place] = (piece.work[worker.place] ?? 0) + difficulty;
      worker.windowDifficulty += difficulty;
    }
    piece.total += at.total;
    windowTotal += at.total;
    const wanted = windowHashes(at.timeMs) / hashesPerShareDifficulty;
    for (let oldest = pieces[0]; oldest !== undefined && pieces.length > 1 && windowTotal - oldest.total >= wanted; oldest = pieces[0]) {
      pieces.shift();
      windowTotal -= oldest.total;
      for (const [place, difficulty] of oldest.work.entries()) {
        const worker = places[place];
        if (worker !== undefined && difficulty > 0) worker.windowDifficulty -= difficulty;
      }
    }
  };

  const byWeight = (weights: readonly (readonly [Worker, number])[], draw: number): string => {
    const sorted = [...weights].sort(([a], [b]) => (a.name < b.name ? -1 : 1));
    let rest = draw * sorted.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [worker, weight] of sorted) {
      rest -= weight;
      if (rest < 0) return worker.name;
    }
    return sorted.at(-1)?.[0].name ?? '';
  };

  const findBlocks = (found: { readonly difficulty: number; readonly coin: MinedCoin; readonly stream: number; readonly step: number }) => {
    const timeMs = (found.step + 1) * settleMs;
    const mean = (found.difficulty * hashesPerShareDifficulty) / (market.difficulty(found.coin, timeMs) * hashesPerNetworkDifficulty);
    return mean === 0 ? 0 : poisson(mean, uniform(seed + found.stream + (found.coin === 'LTC' ? 0 : 1), found.step));
  };

  const record = (coin: MinedCoin, block: { readonly step: number; readonly which: number; readonly worker: string; readonly own: boolean }) => {
    const { step, which, worker, own } = block;
    const timeMs = floor((step + uniform(seed + 241, step * 32 + which)) * settleMs);
    const luck = max(1e-6, uniform(seed + 242, step * 32 + which));
    blocks.push({
      coin, timeMs, worker, own, height: floor(timeMs / 1000 / chains[coin].blockSeconds), rewardUnits: rewardUnits(coin),
      shareDifficulty: round((market.difficulty(coin, timeMs) * hashesPerNetworkDifficulty) / hashesPerShareDifficulty / luck),
    });
  };

  /** Blocks of the whole pool, each shared over the window. */
  const payPplns = (work: Work, step: number) => {
    const timeMs = (step + 1) * settleMs;
    let ours = 0;
    for (const { place } of places) ours += work[place * modes + pplnsAt] ?? 0;
    const total = max(ours, (poolHashrateAt(timeMs) * (settleMs / 1000)) / hashesPerShareDifficulty);
    slideWindow(work, { step, timeMs, total });
    for (const coin of minedCoins) {
      const count = findBlocks({ difficulty: total, coin, stream: 221, step });
      for (let which = 0; which < count; which += 1) {
        const own = uniform(seed + 243, step * 32 + which) * total < ours;
        const worker = own ? byWeight(places.map((one) => [one, work[one.place * modes + pplnsAt] ?? 0]), uniform(seed + 244, step * 32 + which)) : `rig${mix(seed + 245, step * 32 + which) % 900}`;
        record(coin, { step, which, worker, own });
        const unitsEach = (rewardUnits(coin) * keptAt('pplns', timeMs)) / windowTotal;
        const given = { coin, mode: 'pplns', timeMs } as const;
        for (const one of places) if (one.windowDifficulty > 0) grant(one, one.windowDifficulty * unitsEach, given);
      }
    }
  };

  /** A block of one's own, whole. */
  const paySolo = (work: Work, step: number) => {
    const timeMs = (step + 1) * settleMs;
    const own = places.map((worker) => [worker, work[worker.place * modes + soloAt] ?? 0] as const).filter(([, solo]) => solo > 0);
    if (own.length === 0) return;
    const difficulty = own.reduce((sum, [, solo]) => sum + solo, 0);
    for (const coin of minedCoins) {
      const count = findBlocks({ difficulty, coin, stream: 231, step });
      for (let which = 0; which < count; which += 1) {
        const name = byWeight(own, uniform(seed + 246, step * 32 + which));
        record(coin, { step, which: which + 16, worker: name, own: true });
        const worker = workers.get(name);
        if (worker !== undefined) grant(worker, rewardUnits(coin) * keptAt('solo', timeMs), { coin, mode: 'solo', timeMs });
      }
    }
  };

  const payCoin = (coin: MinedCoin, timeMs: number): Payout => {
    const units = balance[coin];
    const id = payouts.length + 1;
    const payout: Payout = { id, coin, units, timeMs, transaction: Array.from({ length: 8 }, (_, part) => hex(seed + 251, id * 8 + part)).join('') };
    balance[coin] = 0;
    paid[coin] += units;
    payouts.push(payout);
    return payout;
  };

  const nothing: Work = new Float64Array(0);
  const settleStep = (step: number) => {
    const timeMs = (step + 1) * settleMs;
    const work = pending.get(step) ?? nothing;
    pending.delete(step);
    payPps(work, timeMs);
    // Who has worked for a block is paid for it, whatever the rule is now.
    if (pay === 'pplns' || pay === 'by_password' || pieces.length > 0) payPplns(work, step);
    if (solos) paySolo(work, step);
    if (work !== nothing) {
      work.fill(0);
      spare.push(work);
    }
    const day = (at: number) => floor((at - options.payoutHour * hourMs) / dayMs);
    if (day(timeMs) === day(timeMs - settleMs)) return;
    for (const coin of minedCoins) if (balance[coin] > 0 && balance[coin] >= unitsOf(options.thresholds[coin])) payCoin(coin, timeMs);
  };

  const settle = (timeMs: number) => {
    const last = floor(timeMs / settleMs);
    for (; settled < last; settled += 1) settleStep(settled);
  };

  const alive = (connection: Connection, timeMs: number) => timeMs - connection.lastShareMs < windowMs + (settleMs > windowMs ? settleMs : 0);

  const connectionRate = (connection: Connection, timeMs: number): number => {
    const complete = floor(timeMs / slotMs);
    const slots = min(recentSlots, max(1, complete - connection.sinceSlot));
    return (sumOfRing(connection.recent, complete - recentSlots, complete - 1) * hashesPerShareDifficulty) / (slots * (slotMs / 1000));
  };

  const live = (timeMs: number) => [...connections.values()].filter((connection) => alive(connection, timeMs))
    .sort((a, b) => (a.worker.name === b.worker.name ? (a.miner < b.miner ? -1 : 1) : (a.worker.name < b.worker.name ? -1 : 1)));

  const workerHashrates = (timeMs: number) => {
    const rates = new Map<string, number>();
    for (const connection of live(timeMs)) {
      const rate = connectionRate(connection, timeMs);
      if (rate > 0) rates.set(connection.worker.name, (rates.get(connection.worker.name) ?? 0) + rate);
    }
    return rates;
  };

  /** H/s over the last coarse slots, the one that is going on included. */
  const longRate = (ring: Ring, asked: { readonly worker: Worker; readonly timeMs: number; readonly slots: number }) => {
    const now = floor(asked.timeMs / coarseMs);
    const elapsedMs = asked.timeMs - now * coarseMs;
    const first = elapsedMs === 0 ? now - asked.slots : now - asked.slots + 1;
    const spanMs = min(asked.timeMs - first * coarseMs, max(slotMs, asked.timeMs - asked.worker.sinceMs));
    return (sumOfRing(ring, first, now) * hashesPerShareDifficulty) / (ceil(spanMs / slotMs) * (slotMs / 1000));
  };

  const lastDay = (ring: Ring, timeMs: number) => sumOfRing(ring, floor(timeMs / coarseMs) - 143, floor(timeMs / coarseMs));

  const coinView = (coin: MinedCoin, timeMs: number): CoinView => {
    const last = payouts.findLast((payout) => payout.coin === coin);
    return {
      opening: opening[coin], credited: credited[coin], creditedDay: lastDay(income[coin], timeMs), paid: paid[coin], balance: balance[coin],
      lastPayout: last !== undefined && timeMs - last.timeMs < dayMs ? last : null,
    };
  };

  return {
    credit,
    settle,
    workers: (timeMs) => {
      const open = new Map<string, number>();
      for (const { worker } of live(timeMs)) open.set(worker.name, (open.get(worker.name) ?? 0) + 1);
      const rates = workerHashrates(timeMs);
      return [...workers.values()].filter(({ lastShareMs }) => lastShareMs !== null && timeMs - lastShareMs < dayMs).sort((a, b) => (a.name < b.name ? -1 : 1)).map((worker) => ({
        name: worker.name, id: 100_000 + (seedFor(seed, worker.name) % 900_000), connections: open.get(worker.name) ?? 0, hashrate: rates.get(worker.name) ?? 0,
        hashrateHour: longRate(worker.work.accepted, { worker, timeMs, slots: 6 }), hashrateDay: longRate(worker.work.accepted, { worker, timeMs, slots: 144 }),
        staleHour: longRate(worker.work.stale, { worker, timeMs, slots: 6 }), staleDay: longRate(worker.work.stale, { worker, timeMs, slots: 144 }),
        rejectedDay: longRate(worker.work.rejected, { worker, timeMs, slots: 144 }),
        accepted: worker.accepted, stale: worker.stale, rejected: worker.rejected, sinceMs: worker.sinceMs, lastShareMs: worker.lastShareMs,
        credited: { ...worker.credited }, creditedDay: { LTC: lastDay(worker.income.LTC, timeMs), DOGE: lastDay(worker.income.DOGE, timeMs) },
      }));
    },
    connections: (timeMs) => live(timeMs).map((connection) => ({
      uuid: connection.uuid, worker: connection.worker.name, hashrate: connectionRate(connection, timeMs), difficulty: connection.difficulty,
      fixedDifficulty: connection.fixedDifficulty, shares: connection.shares, workerShares: connection.worker.shares,
    })),
    workerHashrates,
    coin: coinView,
    hours: () => [...hours].sort(([a], [b]) => a - b).map(([index, { accepted, stale, rejected, income: earned }]) => ({ fromMs: index * hourMs, accepted, stale, rejected, income: earned })),
    payouts: () => payouts,
    blocks: () => blocks,
    fee: feeAt,
    setFee: (mode, fee, fromMs) => fees[mode].set(fee, fromMs),
    poolHashrate: poolHashrateAt,
    setPoolHashrate: (hashesPerSecond, fromMs) => poolHashrates.set(hashesPerSecond, fromMs),
    pay: () => pay,
    setPay: (next) => {
      pay = next;
    },
    payOut: (timeMs, coin) => minedCoins.filter((one) => (coin === undefined || one === coin) && balance[one] > 0).map((one) => payCoin(one, timeMs)),
    hangUp: (name) => {
      const gone = [...connections.values()].filter(({ worker }) => name === undefined || worker.name === name);
      for (const { miner } of gone) connections.delete(miner);
      if (gone.length > 0) hangUps += 1;
      return gone.length;
    },
    truth: (timeMs) => ({
      settledMs: settled * settleMs,
      coins: { LTC: coinView('LTC', timeMs), DOGE: coinView('DOGE', timeMs) },
      workers: [...workers.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, credited: own, accepted, stale, rejected }) => ({ name, credited: { ...own }, accepted, stale, rejected })),
      payouts, blocks, lateDifficulty,
    }),
  };
}
