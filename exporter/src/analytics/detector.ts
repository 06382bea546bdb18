/**
 * Streaming detection of anomalies in any one series: one pass, in order, without look-ahead and without settings for the series. Pure.
 *
 * A sample is looked at in several ways (`views`). Each view has two envelopes, the least and the most that it ever was: one that never
 * forgets and one that closes slowly. A view that leaves its envelope is surprising by how far it goes beyond, in widths of that envelope;
 * the surprises of all are added up. After an alarm only a greater surprise counts, at first, so that one event gives one alarm.
 * All is relative to the series' own range: neither unit nor offset matters. See docs/anomaly.md for how well it does.
 */

/** Spans are in samples, not in seconds: what is usual between two samples is what the series itself knows. */
export interface DetectorOptions {
  /** Samples before anything can be surprising. */
  readonly warmUp: number;
  /** Span of the moving mean that stands for the hour of the week as long as that hour was never seen. */
  readonly slow: number;
  /** Span of the mean deviation from the hour of the week: what is small but stays. */
  readonly lasting: number;
  /** Span of the mean that an hour of the week learns from, so that one spike does not become usual. */
  readonly smooth: number;
  /** Time constant with which the forgetting envelope closes towards its middle. */
  readonly forget: number;
  /** Samples after an alarm until a surprise of any size counts again. */
  readonly quiet: number;
  /** Share of the width of the envelope beyond it at which a view gives 1.8 of at most 2.4. */
  readonly softness: number;
}

export const usualOptions: DetectorOptions = { warmUp: 150, slow: 400, lasting: 30, smooth: 3, forget: 6000, quiet: 200, softness: 0.1 };

/** Plain data, kept as JSON; a detector that goes on from it gives the same scores to the last bit. */
export interface DetectorState {
  readonly version: 2;
  /** Samples that counted. */
  readonly samples: number;
  /** Time of the last that counted; absent before the first. */
  readonly at?: number;
  /** Smooth and slow mean, lasting deviation. */
  readonly means: readonly number[];
  /** The latest values, the oldest overwritten next. */
  readonly recent: readonly number[];
  /** What each hour of the week is like, and how often a sample of it was seen. */
  readonly week: readonly number[];
  readonly weekCounts: readonly number[];
  /** Least and most of each envelope, two envelopes a view. */
  readonly envelopes: readonly number[];
  /** Surprise of the last alarm, and its sample. */
  readonly alarm: readonly [surprise: number, sample: number];
}

export interface Detector {
  /**
   * Score of the next sample, 0 (as ever) to 1. `at` is in Unix seconds: the hour of the week (UTC) is taken from it. A value that is no finite number, and a time that is none or
   * not after the last one's, score 0 and change nothing. A gap in time is no event of itself.
   */
  push(at: number, value: number): number;
  state(): DetectorState;
}

/** Greater values count as this, or differences of them would be infinite. */
const greatest = 1e150;
/** The value, the least of the latest (a rise that stays), the deviation from the hour of the week, and the lasting part of that. */
const views = 4;
const recentSamples = 11;
const hourSeconds = 3600;
/** People, loads and weather keep to the day, and most of them to the week. */
const weekHours = 168;
/** An hour of the week is a plain mean at first, then forgets what is so many samples old. */
const weekMemory = 60;
const most = 2 * views * Math.log(11);
/** Differences below this part of the values themselves are rounding. */
const rounding = 1e-9;

/**
 * About 3 kB of numbers for each series, however long it is. Throws when an option is not above 0, and when `state` is not what `state()`
 * gave.
 */
export function createDetector({ options = {}, state }: { readonly options?: Partial<DetectorOptions>; readonly state?: DetectorState | undefined } = {}): Detector {
  const { warmUp, slow, lasting, smooth, forget, quiet, softness } = checked({ ...usualOptions, ...options });
  if (state !== undefined) checkState(state);
  let samples = state?.samples ?? 0;
  let last = state?.at ?? -Infinity;
  const means = Float64Array.from(state?.means ?? new Float64Array(3));
  const recent = Float64Array.from(state?.recent ?? new Float64Array(recentSamples));
  const week = Float64Array.from(state?.week ?? new Float64Array(weekHours));
  const weekCounts = Float64Array.from(state?.weekCounts ?? new Float64Array(weekHours));
  const envelopes = Float64Array.from(state?.envelopes ?? new Float64Array(4 * views));
  let [alarm, alarmSample] = state?.alarm ?? [0, 0];
  const seen = new Float64Array(views);

  /** A moving mean that is the plain mean as long as it is young. */
  const follow = (index: number, value: number, span: number) => (means[index] = (means[index] ?? 0) + Math.max(1 / span, 1 / samples) * (value - (means[index] ?? 0)));

  function look(at: number, value: number): void {
    if (samples === 1) {
      means.fill(value, 0, 2);
      recent.fill(value);
    }
    recent[samples % recentSamples] = value;
    const [smoothMean, slowMean] = [follow(0, value, smooth), follow(1, value, slow)];
    const hour = ((Math.floor(at / hourSeconds) % weekHours) + weekHours) % weekHours;
    const [usual, count] = [week[hour] ?? 0, (weekCounts[hour] ?? 0) + 1];
    const deviation = value - (count === 1 ? slowMean : usual);
    weekCounts[hour] = Math.min(count, weekMemory);
    week[hour] = usual + (smoothMean - usual) / Math.min(count, weekMemory);
    seen[0] = value;
    seen[1] = recent.reduce((least, one) => Math.min(least, one), Infinity);
    seen[2] = deviation;
    seen[3] = follow(2, deviation, lasting);
  }

  /** How far a view is beyond an envelope, softened; the envelope then takes it in. */
  function beyond(envelope: number, view: number, closing: number): number {
    let [low, high] = [envelopes[envelope] ?? 0, envelopes[envelope + 1] ?? 0];
    const outside = view > high ? view - high : view < low ? low - view : 0;
    const width = Math.max(high - low, rounding * Math.max(Math.abs(high), Math.abs(low)), Number.MIN_VALUE);
    // A deviation of next to nothing is rounding of the values that it is made of.
    const surprise = outside <= rounding * Math.abs(seen[0] ?? 0) ? 0 : Math.log1p(10 / (1 + softness * (width / outside)));
    if (samples === 1) [low, high] = [view, view];
    if (view > high) high = view;
    if (view < low) low = view;
    const inwards = (closing * (high - low)) / 2;
    envelopes[envelope] = low + inwards;
    envelopes[envelope + 1] = high - inwards;
    return surprise;
  }

  return {
    push(at, value) {
      if (!Number.isFinite(value) || !Number.isFinite(at) || at <= last) return 0;
      last = at;
      samples += 1;
      look(at, Math.max(-greatest, Math.min(greatest, value)));
      let surprise = 0;
      for (let view = 0; view < views; view += 1) surprise += beyond(4 * view, seen[view] ?? 0, 0) + beyond(4 * view + 2, seen[view] ?? 0, 1 / forget);
      if (samples <= warmUp || surprise <= alarm * Math.max(0, 1 - (samples - alarmSample) / quiet)) return 0;
      [alarm, alarmSample] = [surprise, samples];
      return Math.min(1, surprise / most);
    },
    state: () => ({ version: 2, samples, ...(samples === 0 ? {} : { at: last }), means: Array.from(means), recent: Array.from(recent), week: Array.from(week), weekCounts: Array.from(weekCounts), envelopes: Array.from(envelopes), alarm: [alarm, alarmSample] }),
  };
}

function checked(options: DetectorOptions): DetectorOptions {
  for (const [name, value] of Object.entries(options)) if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`detector option ${name} must be a number above 0, but it is ${String(value)}`);
  return options;
}

/** It comes from a file, so it can be anything. */
function checkState(state: DetectorState): void {
  const { version, samples, at, means, recent, week, weekCounts, envelopes, alarm } = state as { readonly [key in keyof DetectorState]?: unknown };
  const numbers = (list: unknown, length: number) => Array.isArray(list) && list.length === length && list.every((one) => Number.isFinite(one));
  if (version !== 2 || !Number.isSafeInteger(samples) || Number(samples) < 0 || !(samples === 0 ? at === undefined : Number.isFinite(at)) || !numbers(means, 3) || !numbers(recent, recentSamples) || !numbers(week, weekHours) || !numbers(weekCounts, weekHours) || !numbers(envelopes, 4 * views) || !numbers(alarm, 2)) {
    throw new TypeError('the state of a detector must be what its state() gave, of the same version');
  }
}
