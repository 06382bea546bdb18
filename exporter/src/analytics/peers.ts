/** How far a miner stands from its like: robust z-scores (Iglewicz and Hoaglin, 1993: 0.6745 (x - median) / MAD). */
import { rounded } from './rounding.ts';

/** Fewer peers than this say nothing about what is usual. */
export const leastPeers = 5;
/** The spread is never taken as less than this share of the median: identical miners must not make noise look like a fault. */
const leastSpreadRatio = 0.005;
/** Beyond this a z-score says no more; it keeps one absurd value from stretching every axis. */
const largestScore = 100;

export function median(values: readonly number[]): number {
  // Without asking a function, and a few without a typed array: this is most of the work of a round of health.
  const sorted = values.length <= few ? inserted(values) : new Float64Array(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Up to so many are sorted faster by insertion. */
const few = 12;

function inserted(values: readonly number[]): number[] {
  const sorted: number[] = [];
  for (const value of values) {
    let place = sorted.length;
    // What is no number goes last, as in a typed array.
    for (; place > 0 && !((sorted[place - 1] ?? 0) <= value) && !Number.isNaN(value); place -= 1) sorted[place] = sorted[place - 1] ?? 0;
    sorted[place] = value;
  }
  return sorted;
}

/** Score of each key within the group; empty with fewer than five values. */
export function peerScores(values: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  if (values.size < leastPeers) return new Map();
  const all = [...values.values()];
  const centre = median(all);
  const deviation = median(all.map((value) => Math.abs(value - centre)));
  const spread = Math.max(deviation, Math.abs(centre) * leastSpreadRatio);
  if (spread === 0) return new Map([...values.keys()].map((key) => [key, 0]));
  return new Map([...values].map(([key, value]) => [key, rounded(Math.min(Math.max((0.6745 * (value - centre)) / spread, -largestScore), largestScore))]));
}
