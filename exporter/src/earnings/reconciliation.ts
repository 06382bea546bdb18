/**
 * Compares what each miner says it did for a pool with what the pool credits, hour by hour. An hour counts only when the miner worked
 * for the pool without a break in it and half an hour before, and the pool was read and showed the worker all through it and the hour
 * after: a start, a fail-over, an outage or two machines under one name are no loss of work, and are told by other means.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { commonFactor, evidenceAfter, evidenceRatio, expectedWork, noEvidence, poolGap, type PoolGap, type Work } from '../analytics/pool-gap.ts';
import { codeOf, messageOf } from '../errors.ts';
import type { Miner } from '../fleet/fleet.ts';
import type { Logger } from '../log.ts';
import { hashingStates, type PoolReading as Slot, type Reading } from '../miners/reading.ts';

const hourMs = 3_600_000;
/** Pools tell means of ten minutes to an hour: for so long before an hour the miner must have worked evenly. */
const settleMs = hourMs / 2;
/** Silence of the miner for which its work is still known. */
const longestSilenceMs = 10 * 60_000;
/** Silence of the pool for which its figures still hold together. */
const longestPoolSilenceMs = 30 * 60_000;
/** Hours whose sum is shown. */
const keptHours = 24;
/** Fewer judged hours say too little to be shown. */
const leastHours = 3;
/** Hashes in one unit of scrypt share difficulty (prohashing-api.md, 2.6). */
const hashesPerDifficulty = 65_536;
/** A common deviation of all miners up to this is one of measuring: the whole fleet's evidence leaves it out. */
const commonTolerance = 0.03;

const judgedHour = z.object({ at: z.number(), own: z.number(), credited: z.number(), perShare: z.number(), devfee: z.number(), rejected: z.number(), stale: z.number() });
const compared = z.object({ pool: z.string(), evidence: z.array(z.number()).length(noEvidence.length), hours: z.array(judgedHour), since: z.number().optional() });
const stateFile = z.object({ version: z.literal(1), miners: z.record(z.string(), compared), pools: z.record(z.string(), compared) });
type JudgedHour = z.output<typeof judgedHour>;
type Compared = z.output<typeof compared>;

export interface MinerGap {
  readonly pool: string;
  /** Over the judged hours of the last day. */
  readonly gap: PoolGap;
  readonly hours: number;
  /** From 1 on the miner loses work; see `evidenceRatio`. */
  readonly evidence: number;
  /** Unix ms of when the evidence sufficed. */
  readonly since?: number;
}

export interface PoolSide {
  readonly name: string;
  /** Hashes that the pool credits to each of our miners in that time. */
  readonly credited: (span: { readonly from: number; readonly to: number }) => ReadonlyMap<string, number>;
  /** True for a slot of a miner that leads to this pool. */
  readonly isHere: (slot: Slot) => boolean;
}

export interface Reconciliation {
  /** Takes in a reading of a miner. */
  notice(miner: Miner): void;
  /** Takes in which of our miners a pool shows, and judges the hours that are over. */
  noticePool(pool: PoolSide, shown: ReadonlySet<string>, at: number): void;
  of(miner: string): MinerGap | undefined;
  ofPool(pool: string): Omit<MinerGap, 'pool'> | undefined;
  forget(miner: string): void;
  save(): void;
}

/** What a miner did in one hour so far. */
interface OpenHour {
  own: number;
  accepted: number;
  rejected: number;
  stale: number;
  difficultyTime: number;
  devfeeWork: number;
  /** False once something came that makes the hour useless. */
  even: boolean;
}

interface Follow {
  /** Names the slot in use and where it leads. */
  slotKey?: string | undefined;
  slot?: Slot | undefined;
  /** Since when it works evenly for the slot in use. */
  evenSince: number;
  hashes: number;
  at: number;
  readonly hours: Map<number, OpenHour>;
  /** Slot in use by hour; undefined where it changed. */
  readonly slots: Map<number, Slot | undefined>;
}

interface PoolFollow { readAt: number; readonly shown: Map<number, Set<string>>; readonly whole: Map<number, boolean>; judged: number }

export interface ReconciliationOptions {
  readonly folder?: string | undefined;
  readonly log: Logger;
  readonly now?: () => number;
}

export function openReconciliation({ folder, log, now = Date.now }: ReconciliationOptions): Reconciliation {
  const file = folder === undefined ? undefined : path.join(folder, 'reconciliation.json');
  const { miners: records, pools: poolRecords } = load(file, log);
  const followed = new Map<string, Follow>();
  /** Miners that are compared with each pool. */
  let watched = countByPool();
  const pools = new Map<string, PoolFollow>();

  function judge(pool: PoolSide, hour: number, follow: PoolFollow): void {
    if (follow.whole.get(hour) !== true || follow.whole.get(hour + hourMs) !== true) return;
    const span = { from: hour, to: hour + hourMs };
    const credited = pool.credited(span);
    const [shown, after] = [follow.shown.get(hour), follow.shown.get(hour + hourMs)];
    const judged = new Map<string, JudgedHour>();
    for (const [name, { hours, slots }] of followed) {
      const [open, slot] = [hours.get(hour), slots.get(hour)];
      if (open?.even !== true || slot === undefined || !pool.isHere(slot) || shown?.has(name) !== true || after?.has(name) !== true) continue;
      const seen = closed(open, { at: hour, credited: credited.get(name) ?? 0 });
      if (seen !== undefined) judged.set(name, seen);
    }
    if (judged.size === 0) return;
    const factor = commonFactor([...judged.keys()].flatMap((name) => {
      const ratio = ratioOf([...records.get(name)?.hours ?? [], ...[judged.get(name)].filter((one) => one !== undefined)]);
      return ratio === undefined ? [] : [ratio];
    }));
    for (const [name, seen] of judged) enter(records, name, { pool: pool.name, seen, factor, miners: judged.size });
    const whole = summed([...judged.values()], hour);
    enter(poolRecords, pool.name, { pool: pool.name, seen: whole, factor: 1 - commonTolerance, miners: 1 });
    watched = countByPool();
    save();
  }

  function enter(into: Map<string, Compared>, name: string, { pool, seen, factor, miners }: { pool: string; seen: JudgedHour; factor: number; miners: number }): void {
    const known = into.get(name);
    const before = known?.pool === pool ? known : { pool, evidence: [...noEvidence], hours: [] };
    const evidence = evidenceAfter(before.evidence, { expectedShares: (expectedWork(seen) * factor) / seen.perShare, creditedShares: seen.credited / seen.perShare, miners });
    const hours = [...before.hours, seen].filter(({ at }) => at > seen.at - keptHours * hourMs);
    const alarmed = evidenceRatio(evidence, miners) >= 1;
    const since = alarmed ? before.since ?? seen.at + hourMs : undefined;
    if (alarmed !== (before.since !== undefined)) {
      if (alarmed) log.warn({ of: name, pool }, 'the pool credits less work than was done, more than luck and fees explain');
      else log.info({ of: name, pool }, 'the pool credits the work that is done again');
    }
    into.set(name, { pool, evidence: [...evidence], hours, ...(since === undefined ? {} : { since }) });
  }

  function countByPool(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { pool } of records.values()) counts.set(pool, (counts.get(pool) ?? 0) + 1);
    return counts;
  }

  function gapOf(known: Compared | undefined, miners: number): MinerGap | undefined {
    if (known === undefined) return undefined;
    const hours = known.hours.filter(({ at }) => at > now() - (keptHours + 2) * hourMs);
    const gap = hours.length < leastHours ? undefined : poolGap(summed(hours, 0));
    return gap === undefined ? undefined : { pool: known.pool, gap, hours: hours.length, evidence: evidenceRatio(known.evidence, miners), ...(known.since === undefined ? {} : { since: known.since }) };
  }

  return {
    notice(miner) {
      const { reading, config: { name } } = miner;
      if (reading === undefined || miner.failure !== undefined) return;
      const follow: Follow = followed.get(name) ?? { evenSince: reading.at, hashes: miner.hashes, at: reading.at, hours: new Map(), slots: new Map() };
      followed.set(name, follow);
      if (reading.at <= follow.at) {
        follow.slot ??= slotOf(reading);
        return;
      }
      take(follow, miner, reading);
    },
    noticePool(pool, shown, at) {
      const known = pools.get(pool.name);
      const follow: PoolFollow = known ?? { readAt: at, shown: new Map(), whole: new Map(), judged: Math.floor(at / hourMs) * hourMs };
      pools.set(pool.name, follow);
      const unbroken = known !== undefined && at - known.readAt <= longestPoolSilenceMs;
      // Hours that lie between the reading before and this one.
      for (let hour = hourOf(follow.readAt); hour <= at; hour += hourMs) {
        if (!unbroken || !follow.whole.has(hour)) follow.whole.set(hour, unbroken && follow.readAt <= hour);
        const before = follow.shown.get(hour);
        follow.shown.set(hour, before === undefined ? new Set(shown) : new Set([...before].filter((name) => shown.has(name))));
      }
      follow.readAt = at;
      for (; follow.judged + 2 * hourMs <= at; follow.judged += hourMs) judge(pool, follow.judged, follow);
      for (const hour of follow.whole.keys()) if (hour < follow.judged - hourMs) {
        follow.whole.delete(hour);
        follow.shown.delete(hour);
      }
    },
    of(miner) {
      const known = records.get(miner);
      return gapOf(known, known === undefined ? 1 : watched.get(known.pool) ?? 1);
    },
    ofPool(pool) {
      return gapOf(poolRecords.get(pool), 1);
    },
    forget(miner) {
      followed.delete(miner);
      records.delete(miner);
    },
    save,
  };

  function save(): void {
    if (file === undefined) return;
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify({ version: 1, miners: Object.fromEntries(records), pools: Object.fromEntries(poolRecords) }));
      renameSync(`${file}.new`, file);
    } catch (thrown) {
      log.error({ file, err: messageOf(thrown) }, 'cannot save what was compared with the pool; after a restart it begins anew. Check disk space and permissions');
    }
  }
}

const hourOf = (at: number) => Math.floor(at / hourMs) * hourMs;

/** The slot that takes the miner's own work now. */
export function slotOf(reading: Reading): Slot | undefined {
  return reading.pools.find(({ kind, status }) => kind === 'user' && status === 'active');
}

/** Adds the time since the reading before to the hours that it lies in. */
function take(follow: Follow, miner: Miner, reading: Reading): void {
  const slot = slotOf(reading);
  const key = slot === undefined ? undefined : `${slot.slot} ${slot.url} ${slot.user}`;
  const [from, to] = [follow.at, reading.at];
  const work = miner.hashes - follow.hashes;
  const before = follow.slot;
  const deltas = slot === undefined || before === undefined ? undefined : sharesBetween(before, slot);
  const even = to - from <= longestSilenceMs && work > 0 && key !== undefined && key === follow.slotKey && deltas !== undefined
    && reading.state !== undefined && hashingStates.has(reading.state);
  if (!even) follow.evenSince = to;
  for (let hour = hourOf(from); hour < to; hour += hourMs) {
    const part = (Math.min(to, hour + hourMs) - Math.max(from, hour)) / (to - from);
    // An hour that began before we looked is not whole.
    const open = follow.hours.get(hour) ?? { own: 0, accepted: 0, rejected: 0, stale: 0, difficultyTime: 0, devfeeWork: 0, even: from <= hour && from - follow.evenSince >= settleMs };
    follow.hours.set(hour, open);
    open.even &&= even;
    follow.slots.set(hour, open.even ? slot : undefined);
    open.own += Math.max(0, work) * part;
    open.devfeeWork += Math.max(0, work) * part * (reading.devfeeRatio ?? 0);
    open.accepted += (deltas?.accepted ?? 0) * part;
    open.rejected += (deltas?.rejected ?? 0) * part;
    open.stale += (deltas?.stale ?? 0) * part;
    open.difficultyTime += (slot?.difficulty ?? 0) * Math.max(0, work) * part;
  }
  for (const hour of follow.hours.keys()) if (hour < to - 6 * hourMs) {
    follow.hours.delete(hour);
    follow.slots.delete(hour);
  }
  Object.assign(follow, { at: to, hashes: miner.hashes, slot, slotKey: key });
}

/** Counts since the reading before; a count that fell has begun again, and what was lost is not known. */
function sharesBetween(before: Slot, now: Slot): { accepted: number; rejected: number; stale: number } | undefined {
  const delta = (key: 'accepted' | 'rejected' | 'stale') => (now[key] ?? 0) - (before[key] ?? 0);
  const [accepted, rejected, stale] = [delta('accepted'), delta('rejected'), delta('stale')];
  return accepted < 0 || rejected < 0 || stale < 0 ? undefined : { accepted, rejected, stale };
}

function closed(open: OpenHour, { at, credited }: { at: number; credited: number }): JudgedHour | undefined {
  const shares = open.accepted + open.rejected + open.stale;
  const perShare = open.own > 0 ? (open.difficultyTime / open.own) * hashesPerDifficulty : 0;
  if (open.own <= 0 || perShare <= 0) return undefined;
  return { at, own: open.own, credited, perShare, devfee: open.devfeeWork / open.own, rejected: shares === 0 ? 0 : open.rejected / shares, stale: shares === 0 ? 0 : open.stale / shares };
}

/** Several hours, or several miners, as one. */
function summed(hours: readonly JudgedHour[], at: number): JudgedHour & Work {
  const sum = (of: (hour: JudgedHour) => number) => hours.reduce((total, hour) => total + of(hour), 0);
  const own = sum((hour) => hour.own);
  const mean = (of: (hour: JudgedHour) => number) => sum((hour) => of(hour) * hour.own) / own;
  // Variances add up: of work in shares of several sizes the size that gives the same is the mean weighted by work.
  return { at, own, credited: sum((hour) => hour.credited), perShare: mean((hour) => hour.perShare), devfee: mean((hour) => hour.devfee), rejected: mean((hour) => hour.rejected), stale: mean((hour) => hour.stale) };
}

function ratioOf(hours: readonly JudgedHour[]): number | undefined {
  const expected = hours.reduce((sum, hour) => sum + expectedWork(hour), 0);
  return expected <= 0 ? undefined : hours.reduce((sum, hour) => sum + hour.credited, 0) / expected;
}

function load(file: string | undefined, log: Logger): { miners: Map<string, Compared>; pools: Map<string, Compared> } {
  const none = { miners: new Map<string, Compared>(), pools: new Map<string, Compared>() };
  if (file === undefined) return none;
  try {
    const { miners, pools } = stateFile.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { miners: new Map(Object.entries(miners)), pools: new Map(Object.entries(pools)) };
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') log.warn({ file, err: messageOf(thrown) }, 'what was compared with the pool cannot be read and begins anew');
    return none;
  }
}
