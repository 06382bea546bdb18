/** The streaming detector: what holds for any series, and what it finds in some that are made. */
import { describe, expect, test } from '@jest/globals';
import { createDetector, type DetectorState } from '../src/analytics/detector.ts';
import { seeded } from './seeded.ts';

const step = 300;
type Sample = readonly [at: number, value: number];

/** Days of a sine by the time of day with some noise, a sample every five minutes; what happens is done to it by `event`. */
function days(count: number, event: (value: number, index: number, noise: number) => number = (value) => value): Sample[] {
  const random = seeded(11);
  return Array.from({ length: count * 288 }, (_, index): Sample => {
    const noise = random() - 0.5;
    return [index * step, event(100 + 20 * Math.sin((2 * Math.PI * index) / 288) + 2 * noise, index, noise)];
  });
}
function scores(samples: readonly Sample[], detector = createDetector()): number[] {
  return samples.map(([at, value]) => detector.push(at, value));
}
/** Greatest score from one day up to another. */
const greatest = (all: readonly number[], from: number, to: number) => Math.max(...all.slice(from * 288, to * 288));

describe('the detector', () => {
  test('does not look ahead: what comes later changes no score', () => {
    const samples = days(8);
    const whole = scores([...samples, [9e6, 1e9], [9e6 + step, -1e9]]);
    expect(whole.slice(0, 1500)).toEqual(scores(samples.slice(0, 1500)));
    expect(whole.slice(0, samples.length)).toEqual(scores(samples));
  });
  test('gives scores from 0 to 1, and the same ones each time', () => {
    const samples = days(8, (value, index) => (index % 97 === 0 ? value * index : value));
    const once = scores(samples);
    expect(once.every((score) => score >= 0 && score <= 1)).toBe(true);
    expect(once.filter((score) => score > 0).length).toBeGreaterThan(5);
    expect(scores(samples)).toEqual(once);
  });
  test('knows neither unit nor offset', () => {
    const samples = days(8, (value, index) => (index === 2000 ? value + 60 : value));
    const plain = scores(samples);
    const other = scores(samples.map(([at, value]) => [at, 1024 * value + 4096]));
    expect(other.map((score) => score.toFixed(6))).toEqual(plain.map((score) => score.toFixed(6)));
    expect(Math.max(...plain)).toBeGreaterThan(0.3);
  });
  test('goes on after a restart to the last bit, by way of JSON', () => {
    const samples = days(8, (value, index) => (index === 1900 ? -value : value));
    const whole = createDetector();
    const expected = scores(samples, whole);
    for (const cut of [0, 1, 149, 1000, 1901]) {
      const before = createDetector();
      const first = scores(samples.slice(0, cut), before);
      const after = createDetector({ state: JSON.parse(JSON.stringify(before.state())) as DetectorState });
      expect([...first, ...scores(samples.slice(cut), after)]).toEqual(expected);
      expect(after.state()).toEqual(whole.state());
    }
  });
  test('keeps as much after a year as after a day', () => {
    const numbers = (state: DetectorState) => Object.values(state).flat().length;
    const detector = createDetector();
    scores(days(1), detector);
    const young = numbers(detector.state());
    scores(days(365).map(([at, value]) => [at + 86_400, value]), detector);
    expect(numbers(detector.state())).toBe(young);
    expect(young).toBeLessThan(400);
  });
  test('says nothing of a flat line, and something of the first change after it', () => {
    const flat = days(4, () => 0.1);
    expect(new Set(scores(flat))).toEqual(new Set([0]));
    expect(scores([...flat, [4 * 86_400, 0.11]]).at(-1)).toBeGreaterThan(0.3);
  });
  test('passes over what is no sample: no number, no time, a time that was', () => {
    const samples = days(8);
    const detector = createDetector();
    const got = samples.map(([at, value]) => {
      const score = detector.push(at, value);
      const before = detector.state();
      for (const [badAt, bad] of [[at + 1, NaN], [at + 1, Infinity], [NaN, 1e9], [at, 1e9], [at - 1, 1e9]] as const) expect(detector.push(badAt, bad)).toBe(0);
      expect(detector.state()).toEqual(before);
      return score;
    });
    expect(got).toEqual(scores(samples));
  });
  test('takes a gap of weeks for no event', () => {
    const samples = days(8).map(([at, value]): Sample => [at < 6 * 86_400 ? at : at + 14 * 86_400, value]);
    expect(scores(samples)).toEqual(scores(days(8)));
  });
  test('bears the greatest numbers', () => {
    const got = scores(days(4, (value, index) => (index % 2 === 0 ? Number.MAX_VALUE : -Number.MAX_VALUE) * (value > 100 ? 1 : 0.5)));
    expect(got.every((score) => Number.isFinite(score) && score >= 0 && score <= 1)).toBe(true);
  });
  test.each([
    ['a jump that stays', (value: number, index: number) => (index >= 24 * 288 ? value + 30 : value)],
    ['a single spike downwards', (value: number, index: number) => (index === 24 * 288 + 50 ? value - 60 : value)],
    ['a day that has no day', (value: number, index: number) => (index >= 24 * 288 ? 100 : value)],
    ['noise that grows', (value: number, index: number, noise: number) => (index >= 24 * 288 ? value + 60 * noise : value)],
  ])('finds %s within a day, beyond all that it said since it has known a week', (_what, event) => {
    const got = scores(days(26, event));
    expect(greatest(got, 24, 25)).toBeGreaterThan(1.5 * greatest(got, 8, 24));
    expect(greatest(got, 24, 25)).toBeGreaterThan(0.1);
  });
  test('says an event once, not at each of its samples', () => {
    const got = scores(days(12, (value, index) => (index >= 10 * 288 ? value + 60 : value))).slice(10 * 288, 10 * 288 + 100);
    expect(got.filter((score) => score > 0.1).length).toBeLessThan(12);
    expect(got.filter((score) => score > 0.1).length).toBeGreaterThan(0);
  });
  test('refuses options and states that cannot be, by name', () => {
    expect(() => createDetector({ options: { quiet: 0 } })).toThrow('detector option quiet must be a number above 0, but it is 0');
    expect(() => createDetector({ options: { forget: NaN } })).toThrow('forget');
    const good = createDetector().state();
    for (const bad of [{ ...good, version: 1 }, { ...good, means: [1] }, { ...good, envelopes: good.envelopes.map(() => null) }, { ...good, samples: -1 }, { ...good, at: 'noon' }, {}]) {
      expect(() => createDetector({ state: bad as unknown as DetectorState })).toThrow('the state of a detector must be what its state() gave');
    }
  });
});
