import { describe, expect, test } from '@jest/globals';
import { commonFactor, evidenceAfter, evidenceRatio, expectedWork, hoursToSee, noEvidence, poissonInterval, poolGap, type Work } from '../src/analytics/pool-gap.ts';
import { poisson, uniform } from '../../simulator/src/random.ts';

const terahash = 1e12;
const work = (part: Partial<Work> = {}): Work => ({ own: 1000 * terahash, credited: 1000 * terahash, perShare: 65_536 * 524_288, devfee: 0, rejected: 0, stale: 0, ...part });

describe('the gap between what a miner does and what the pool credits', () => {
  test('is split so that the parts add up to the whole', () => {
    const gap = poolGap(work({ credited: 930 * terahash, devfee: 0.028, rejected: 0.01, stale: 0.005 }));
    expect(gap?.total).toBeCloseTo(0.07, 12);
    expect(Object.values(gap?.parts ?? {}).reduce((sum, part) => sum + part, 0)).toBeCloseTo(0.07, 12);
    expect(gap?.parts).toMatchObject({ devfee: 0.028, rejected: 0.972 * 0.01, stale: 0.972 * 0.005 });
  });

  test('has an interval that holds nothing where luck alone explains it, and leaves it out where it does not', () => {
    // 1e15 hashes are 29,104 shares of this difficulty: luck of 99 % is within 1.5 %.
    const lucky = poolGap(work({ credited: 990 * terahash }));
    expect([lucky!.low < 0, lucky!.high > 0]).toEqual([true, true]);
    const stolen = poolGap(work({ credited: 950 * terahash }));
    expect(stolen!.low).toBeGreaterThan(0.03);
    expect(stolen!.high).toBeLessThan(0.07);
  });

  test('may be negative: a pool that credits more is no miner that loses', () => {
    expect(poolGap(work({ credited: 1040 * terahash }))?.parts.unexplained).toBeCloseTo(-0.04, 12);
  });

  test.each([['no own work', { own: 0 }], ['no size of a share', { perShare: 0 }], ['everything refused', { rejected: 0.7, stale: 0.3 }]])('does not exist with %s', (_what, part) => {
    expect(poolGap(work(part))).toBeUndefined();
  });

  test('expects what is left after fee, refused and late shares', () => {
    expect(expectedWork(work({ own: 1000, devfee: 0.02, rejected: 0.1, stale: 0.1 }))).toBeCloseTo(784, 9);
  });
});

describe('the interval of a Poisson count', () => {
  // Exact limits by the chi-square quantiles (Garwood, Biometrika 28, 1936), from tables for 99 %.
  test.each([[10, 3.717, 21.398], [20, 10.353, 34.668], [50, 33.664, 71.266], [100, 76.118, 128.76]])('of %d is that of the tables within 1 %%', (count, low, high) => {
    const interval = poissonInterval(count);
    expect(Math.abs(interval.low / low - 1)).toBeLessThan(0.01);
    expect(Math.abs(interval.high / high - 1)).toBeLessThan(0.01);
  });

  test('of nothing begins at nothing', () => {
    const { low, high } = poissonInterval(0);
    expect(low).toBe(0);
    expect(high).toBeGreaterThan(4.5);
    expect(high).toBeLessThan(5.5);
  });

  test('holds the mean in 99 of 100 draws', () => {
    let held = 0;
    for (let draw = 0; draw < 4000; draw += 1) {
      const { low, high } = poissonInterval(poisson(400, uniform(1, draw)));
      if (low <= 400 && high >= 400) held += 1;
    }
    expect(held / 4000).toBeGreaterThan(0.985);
    expect(held / 4000).toBeLessThan(0.995);
  });
});

/** One share in five seconds. */
const sharesPerHour = 720;

function hour(seed: number, index: number, loss: number, miners = 60) {
  return { miners, expectedShares: sharesPerHour, creditedShares: poisson(sharesPerHour * (1 - loss), uniform(seed, index)) };
}

/** Hours from the beginning of a loss, after 200 without one, until the alarm. */
function delay(seed: number, loss: number, miners: number): number {
  let evidence = noEvidence;
  for (let index = 0; index < 200; index += 1) evidence = evidenceAfter(evidence, hour(seed, index, 0, miners));
  for (let index = 200; index < 3000; index += 1) {
    evidence = evidenceAfter(evidence, hour(seed, index, loss, miners));
    if (evidenceRatio(evidence, miners) >= 1) return index - 199;
  }
  return Infinity;
}

describe('the evidence that a miner loses work', () => {
  test('raises no alarm in 60 miners over 30 days that lose nothing, nor where all lose what is tolerated', () => {
    for (const loss of [0, 0.01]) {
      for (let miner = 0; miner < 60; miner += 1) {
        let evidence = noEvidence;
        for (let index = 0; index < 720; index += 1) {
          evidence = evidenceAfter(evidence, hour(100 + miner, index, loss));
          expect(evidenceRatio(evidence, 60)).toBeLessThan(1);
        }
      }
    }
  });

  test.each([[0.03, 6], [0.03, 60], [0.05, 6], [0.05, 60], [0.1, 6], [0.1, 60]])('sees a loss of %d among %d miners within the derived time', (loss, miners) => {
    const derived = hoursToSee(loss, { miners, sharesPerHour })!;
    const delays = Array.from({ length: 100 }, (_, seed) => delay(1000 + seed, loss, miners)).sort((a, b) => a - b);
    const mean = delays.reduce((sum, one) => sum + one, 0) / delays.length;
    // Evidence comes by the hour: of a delay of few hours the last one counts whole.
    expect(mean).toBeGreaterThan(derived * 0.6);
    expect(mean).toBeLessThan(derived * 1.2 + 1);
    expect(delays[94]).toBeLessThan(derived * 2 + 2);
  });

  test('goes away when the loss ends', () => {
    let evidence = noEvidence;
    for (let index = 0; index < 300; index += 1) evidence = evidenceAfter(evidence, hour(7, index, 0.1, 12));
    expect(evidenceRatio(evidence, 12)).toBeGreaterThanOrEqual(1);
    let hours = 0;
    while (evidenceRatio(evidence, 12) >= 1) {
      evidence = evidenceAfter(evidence, hour(7, 300 + hours, 0, 12));
      hours += 1;
    }
    expect(hours).toBeLessThan(24);
  });

  test('does not grow without work', () => {
    let evidence = noEvidence;
    for (let index = 0; index < 100; index += 1) evidence = evidenceAfter(evidence, { expectedShares: 0, creditedShares: 0, miners: 1 });
    expect(evidenceRatio(evidence, 1)).toBeLessThan(0.6);
  });

  test('needs the longer, the more miners there are, and never sees what is tolerated', () => {
    expect(hoursToSee(0.05, { miners: 60, sharesPerHour })!).toBeGreaterThan(hoursToSee(0.05, { miners: 6, sharesPerHour })!);
    expect(hoursToSee(0.005, { miners: 6, sharesPerHour })).toBeUndefined();
  });
});

describe('what all miners of a pool have in common', () => {
  test('is the median, so that the one that loses does not hide itself', () => {
    expect(commonFactor([0.99, 0.99, 0.99, 0.99, 0.6])).toBe(0.99);
  });

  test('is not known of few miners, and is never taken for more than 3 %', () => {
    expect(commonFactor([0.5, 0.5, 0.5])).toBe(1);
    expect(commonFactor([0.5, 0.5, 0.5, 0.5, 0.5, 0.5])).toBe(0.97);
  });
});
