/**
 * The rule by which the Numenta Anomaly Benchmark scores raw anomaly scores (Lavin and Ahmad, "Evaluating real-time anomaly detection
 * algorithms: the Numenta Anomaly Benchmark", 2015, sections II.B and II.C; NAB 1.1). Pure.
 */

/** What each kind of result weighs; a true negative weighs nothing in NAB 1.1. */
export interface Profile { readonly truePositive: number; readonly falsePositive: number; readonly falseNegative: number }

/** NAB's own three, for a folder without profiles.json. */
export const standardProfiles: Readonly<Record<string, Profile>> = {
  standard: { truePositive: 1, falsePositive: 0.11, falseNegative: 1 },
  reward_low_FP_rate: { truePositive: 1, falsePositive: 0.22, falseNegative: 1 },
  reward_low_FN_rate: { truePositive: 1, falsePositive: 0.11, falseNegative: 2 },
};

export interface Scored {
  /** One raw score a row, 0 to 1. */
  readonly scores: ArrayLike<number>;
  /** First and last row of each labelled window, in order. */
  readonly windows: readonly (readonly [first: number, last: number])[];
}

export interface Result {
  /** 0 is a detector that never fires, 100 one that fires once at the beginning of each window. */
  readonly score: number;
  /** The least raw score that counts as a detection; infinite where never to fire is best. */
  readonly threshold: number;
}

/** Rows at the beginning that are not scored: 15 %, of 5000 rows at most. */
export function probationRows(rows: number): number {
  return Math.floor(0.15 * Math.min(rows, 5000));
}

/** What a detection earns at a relative position: -1 is the beginning of the window, 0 its end, above 0 it is late; beyond 3 it is simply wrong. */
export function worth(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/** A row that a low enough threshold turns into a detection. */
interface Candidate { readonly score: number; /** Number of its window among those of all series, -1 outside. */ readonly window: number; readonly worth: number }

function candidatesOf({ scores, windows }: Scored, firstWindow: number): Candidate[] {
  const candidates: Candidate[] = [];
  let next = 0;
  for (let row = 0; row < scores.length; row += 1) {
    let window = windows[next];
    while (window !== undefined && row > window[1]) window = windows[next += 1];
    if (row < probationRows(scores.length)) continue;
    const score = scores[row] ?? 0;
    if (window !== undefined && row >= window[0]) {
      const [first, last] = window;
      candidates.push({ score, window: firstWindow + next, worth: worth(-(last - row + 1) / (last - first + 1)) / worth(-1) });
      continue;
    }
    const before = windows[next - 1];
    candidates.push({ score, window: -1, worth: before === undefined ? -1 : worth((row - before[1]) / Math.max(before[1] - before[0], 1)) });
  }
  return candidates;
}

/** The best single threshold over all series, and what it earns (NAB's optimizer and normaliser in one sweep). */
export function nabScore(series: readonly Scored[], { truePositive, falsePositive, falseNegative }: Profile): Result {
  const candidates: Candidate[] = [];
  let windows = 0;
  for (const one of series) {
    for (const candidate of candidatesOf(one, windows)) candidates.push(candidate);
    windows += one.windows.length;
  }
  if (windows === 0) throw new Error('there is no labelled window in any series, so nothing can be scored');
  candidates.sort((a, b) => b.score - a.score);
  // Of all detections in a window the earliest counts, and that is the one worth most.
  const earned = new Float64Array(windows).fill(-falseNegative);
  const nothing = -falseNegative * windows;
  let [total, best, threshold] = [nothing, nothing, Infinity];
  for (const [index, { score, window, worth: worthOf }] of candidates.entries()) {
    if (window < 0) total += falsePositive * worthOf;
    else {
      const gain = Math.max(0, truePositive * worthOf - (earned[window] ?? 0));
      earned[window] = (earned[window] ?? 0) + gain;
      total += gain;
    }
    // Rows of equal score become detections together.
    if (candidates[index + 1]?.score !== score && total > best) [best, threshold] = [total, score];
  }
  return { score: (100 * (best - nothing)) / (truePositive * windows - nothing), threshold };
}
