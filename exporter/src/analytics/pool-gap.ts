/**
 * How much of a miner's work the pool credits, and what explains the rest. Shares are a Poisson process: a miner that does work `E`
 * finds about `E / D` shares of difficulty `D`, give or take the root of that. Work is in hashes; one unit of scrypt share
 * difficulty is 2^16 of them (prohashing-api.md, 2.6).
 */

import { median } from './peers.ts';

/** What explains a part of the gap. */
export const gapCauses = ['devfee', 'stale', 'rejected', 'unexplained'] as const;
export type GapCause = (typeof gapCauses)[number];

/** Two-sided 99 % of the normal distribution. */
const z99 = 2.5758;

/** Of work that is refused but for less than this, nothing can be said. */
const leastExpected = 1e-9;

/** Work of one miner at one pool over the same time. */
export interface Work {
  /** Hashes that the miner says it did while it worked for this pool. */
  readonly own: number;
  /** Hashes that the pool credits. */
  readonly credited: number;
  /** Hashes that one share stands for. */
  readonly perShare: number;
  /** Parts of the own work, 0 to 1: to the firmware's author, and of the miner's shares refused and too late. */
  readonly devfee: number;
  readonly rejected: number;
  readonly stale: number;
}

export interface PoolGap {
  /** Parts of the own work; they add up to `total`. */
  readonly parts: Readonly<Record<GapCause, number>>;
  readonly total: number;
  /** 99 % interval of the unexplained part: between these luck alone can bring it about when they hold 0. */
  readonly low: number;
  readonly high: number;
}

/** Hashes that the pool should credit: fee, refused and late shares are taken off. */
export function expectedWork({ own, devfee, rejected, stale }: Work): number {
  return own * (1 - devfee) * Math.max(0, 1 - rejected - stale);
}

/** Undefined where there is no work to compare. */
export function poolGap(work: Work): PoolGap | undefined {
  const expected = expectedWork(work);
  if (work.own <= 0 || work.perShare <= 0 || expected <= work.own * leastExpected) return undefined;
  const user = 1 - work.devfee;
  const [rejected, stale] = [user * work.rejected, user * work.stale];
  const total = 1 - work.credited / work.own;
  const shares = poissonInterval(work.credited / work.perShare);
  const unexplained = (credited: number) => (expected - credited) / work.own;
  return {
    total, parts: { devfee: work.devfee, rejected, stale, unexplained: unexplained(work.credited) },
    low: unexplained(shares.high * work.perShare), high: unexplained(shares.low * work.perShare),
  };
}

/** 99 % interval of the mean of a Poisson count (Byar's approximation; Breslow and Day, 1987, eq. 2.13: within 1 % for any count). */
export function poissonInterval(count: number): { readonly low: number; readonly high: number } {
  const cube = (n: number, z: number) => n * Math.max(0, 1 - 1 / (9 * n) + z / (3 * Math.sqrt(n))) ** 3;
  return { low: count <= 0 ? 0 : cube(count, -z99), high: cube(Math.max(count, 0) + 1, z99) };
}

/**
 * A loss that is smaller than this is not looked for: a miner's own figure of its hashrate is not truer, and what all miners of a
 * pool have in common is taken out only so far.
 */
const toleratedLoss = 0.01;
/** Losses that the evidence looks for, all at once. */
const losses = [0.03, 0.05, 0.1, 0.25, 0.6] as const;
/** Hours in which one false alarm is accepted, over the whole fleet: a year. */
const hoursPerFalseAlarm = 8760;
/** How far past the alarm the evidence may grow, as a factor: what is over must also be seen to be over. */
const farthest = 20;

/** Evidence for each of the losses. */
export type Evidence = readonly number[];
export const noEvidence: Evidence = losses.map(() => 0);

export interface HourOfWork {
  readonly expectedShares: number;
  readonly creditedShares: number;
  /** Miners that are watched like this one. */
  readonly miners: number;
}

/**
 * Takes one hour of work into the evidence that a miner loses work: Shiryaev-Roberts statistics, one for each loss looked for.
 * Without a loss each grows by no more than 1 an hour in the mean, whatever the hour's work, so that the mean time until their mean
 * first reaches `A` is at least `A` hours (Pollak, Annals of Statistics 13, 1985; Tartakovsky, Nikiforov, Basseville, Sequential Analysis, 2014, 8.2).
 */
export function evidenceAfter(before: Evidence, hour: HourOfWork): Evidence {
  const most = losses.length * falseAlarmHours(hour.miners) * farthest;
  return losses.map((loss, index) => {
    const logRatio = hour.creditedShares * Math.log((1 - loss) / (1 - toleratedLoss)) + hour.expectedShares * (loss - toleratedLoss);
    return Math.min((1 + (before[index] ?? 0)) * Math.exp(Math.min(logRatio, 700)), most);
  });
}

function falseAlarmHours(miners: number): number {
  return hoursPerFalseAlarm * Math.max(1, miners);
}

/** How much of what an alarm needs there is: from 0; an alarm from 1 on. On a log scale, since evidence multiplies. */
export function evidenceRatio(evidence: Evidence, miners: number): number {
  const mean = evidence.reduce((sum, one) => sum + one, 0) / losses.length;
  return mean <= 1 ? 0 : Math.log(mean) / Math.log(falseAlarmHours(miners));
}

/**
 * Hours until a loss is seen, in the mean: the alarm's level over what each hour brings in evidence, where the loss that fits best
 * counts. Undefined for a loss within what is tolerated.
 */
export function hoursToSee(loss: number, { miners, sharesPerHour }: { readonly miners: number; readonly sharesPerHour: number }): number | undefined {
  const gain = Math.max(...losses.map((one) => (1 - loss) * Math.log((1 - one) / (1 - toleratedLoss)) + (one - toleratedLoss)));
  return gain <= 0 ? undefined : Math.log(falseAlarmHours(miners) * losses.length) / (gain * sharesPerHour);
}

/** Least miners at a pool of which a common factor can be known. */
const leastMiners = 5;
/** The most that is taken for common: more is no matter of measuring but of the pool, and shown as its gap. */
const mostCommon = 0.03;

/**
 * What the pool's figures and the miners' differ by in common, as a factor on the expected work: how the firmware counts, how the
 * pool averages. The median, so that one that loses work does not hide itself.
 */
export function commonFactor(ratios: readonly number[]): number {
  if (ratios.length < leastMiners) return 1;
  return Math.min(Math.max(median(ratios), 1 - mostCommon), 1 + mostCommon);
}
