import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { curtail, stepWatts, type CurtailLimits, type CurtailMiner } from '../src/analytics/curtailment.ts';
import { seeded } from './seeded.ts';

const full = (watts: number, value: number) => ({ watts, value, off: false });
const off = { watts: 30, value: 0, off: true };

/** Watts in whole steps, so that rounding up is no matter. */
const option = fc.record({ watts: fc.integer({ min: 1, max: 40 }).map((steps) => steps * stepWatts), value: fc.integer({ min: -20, max: 100 }), off: fc.constant(false) });
const miner = fc.record({
  circuit: fc.constantFrom('A', 'B', undefined), options: fc.array(option, { minLength: 1, maxLength: 3 }), canStop: fc.boolean(),
});
const fleet = fc.array(miner, { minLength: 1, maxLength: 6 }).map((list) => list.map(({ circuit, options, canStop }, index): CurtailMiner => ({
  name: `m${index}`, circuit, options: canStop ? [...options, { watts: 0, value: 0, off: true }] : options,
})));
const limits = fc.record({
  watts: fc.integer({ min: 0, max: 200 }).map((steps) => steps * stepWatts),
  circuits: fc.option(fc.integer({ min: 0, max: 80 }).map((steps) => new Map([['A', steps * stepWatts]])), { nil: undefined }),
  mostOff: fc.option(fc.integer({ min: 0, max: 6 }), { nil: undefined }),
});

interface Sums { watts: number; value: number; offs: number; circuit: number }

/** Every combination. */
function bruteForce(miners: readonly CurtailMiner[], { watts, circuits, mostOff = Infinity }: CurtailLimits): number | undefined {
  let all: Sums[] = [{ watts: 0, value: 0, offs: 0, circuit: 0 }];
  for (const { circuit, options } of miners) {
    const could = options.some((one) => !one.off);
    all = all.flatMap((sums) => options.map((one) => ({
      watts: sums.watts + one.watts, value: sums.value + one.value, offs: sums.offs + Number(one.off && could), circuit: sums.circuit + (circuit === 'A' ? one.watts : 0),
    })));
  }
  const fitting = all.filter((sums) => sums.watts <= watts && sums.offs <= mostOff && sums.circuit <= (circuits?.get('A') ?? Infinity));
  return fitting.length === 0 ? undefined : Math.max(...fitting.map(({ value }) => value));
}

const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0);

describe('a limit in watts', () => {
  test('is kept at the least loss, as trying every combination shows, or said to be out of reach', () => {
    fc.assert(fc.property(fleet, limits, (miners, given) => {
      const found = curtail(miners, given);
      const chosen = miners.map((one) => one.options[found.choice.get(one.name) ?? -1]!);
      expect(sum(chosen.map(({ watts }) => watts))).toBeCloseTo(found.watts);
      const best = bruteForce(miners, given);
      if (!found.fits) {
        // Circuits may ask for more than the site's least: only then may something have fitted.
        if (given.circuits === undefined || given.mostOff === undefined) expect(best).toBeUndefined();
        return;
      }
      const value = sum(chosen.map((one) => one.value));
      expect(found.watts).toBeLessThanOrEqual(given.watts);
      expect(sum(miners.flatMap((one, index) => (one.circuit === 'A' ? [chosen[index]!.watts] : [])))).toBeLessThanOrEqual(given.circuits?.get('A') ?? Infinity);
      expect(miners.filter((one, index) => one.options.some((any) => !any.off) && chosen[index]!.off).length).toBeLessThanOrEqual(given.mostOff ?? Infinity);
      expect(best).toBeDefined();
      const unlimited = sum(miners.map(({ options }) => options[0]!.value));
      // Where nothing has to change, nothing is changed, also when that would bring more.
      if (found.lost !== 0) expect(value).toBe(best);
      expect(found.lost).toBeCloseTo(unlimited - value);
    }), { numRuns: 1500 });
  });

  test('tells how far from the best it may be, and is never farther, by either way of solving it', () => {
    fc.assert(fc.property(fleet, limits, fc.constantFrom(0, 40_000_000), (miners, given, mostWork) => {
      const odd = miners.map((one) => ({ ...one, options: one.options.map((option) => ({ ...option, watts: option.watts * 0.97 })) }));
      const found = curtail(odd, given, mostWork);
      if (!found.fits || found.lost === 0) return;
      const best = bruteForce(odd, given)!;
      const value = sum(odd.map(({ options }) => options[0]!.value)) - found.lost;
      expect(value).toBeLessThanOrEqual(best + 1e-9);
      expect(value + found.gap).toBeGreaterThanOrEqual(best - 1e-6);
    }), { numRuns: 1500 });
  });

  test('takes from the miner that loses least, by throttle or preset before stopping', () => {
    const miners: CurtailMiner[] = [
      { name: 'good', options: [full(3360, 12), full(2850, 10.5), off] },
      { name: 'poor', options: [full(3400, 4), full(2400, 3.5), off] },
    ];
    const { choice, watts, lost, fits } = curtail(miners, { watts: 6000 });
    expect([choice.get('good'), choice.get('poor'), watts, lost, fits]).toEqual([0, 1, 5760, 0.5, true]);
    expect(curtail(miners, { watts: 3500 }).choice).toEqual(new Map([['good', 0], ['poor', 2]]));
  });

  test('never stops more than the floor of mining miners lets it, and says when that is too much', () => {
    const miners: CurtailMiner[] = Array.from({ length: 4 }, (_, index) => ({ name: `m${index}`, options: [full(3000, 5), off] }));
    expect(curtail(miners, { watts: 6500, mostOff: 2 })).toMatchObject({ fits: true, watts: 6060 });
    const out = curtail(miners, { watts: 5000, mostOff: 2 });
    expect([out.fits, out.watts]).toEqual([false, 6060]);
  });

  test('leaves a miner with one option as it is', () => {
    expect(curtail([{ name: 'kept', options: [full(3000, 1)] }, { name: 'other', options: [full(3000, 9), off] }], { watts: 3100 }).choice).toEqual(new Map([['kept', 0], ['other', 1]]));
  });

  test('changes nothing where everything fits', () => {
    expect(curtail([{ name: 'm', options: [full(3000, -5), off] }], { watts: 3000 })).toMatchObject({ lost: 0, watts: 3000, gap: 0 });
  });

  test('of thousands of miners is kept, within a thousandth of the best', () => {
    const random = seeded(7);
    const miners: CurtailMiner[] = Array.from({ length: 3000 }, (_, index) => {
      const [watts, value] = [3000 + random() * 600, 3 + random() * 8];
      return { name: `m${index}`, circuit: `c${index % 300}`, options: [full(watts, value), full(watts * 0.8, value * (0.8 + random() * 0.1)), full(watts * 0.6, value * 0.6), off] };
    });
    const found = curtail(miners, { watts: 6_500_000, circuits: new Map(Array.from({ length: 300 }, (_, index) => [`c${index}`, 26_000])) });
    expect([found.method, found.fits]).toEqual(['bounded', true]);
    expect(found.watts).toBeLessThanOrEqual(6_500_000);
    const best = sum(miners.map(({ options }) => options[0]!.value)) - found.lost;
    expect(found.gap / best).toBeLessThan(0.001);
  });

  test('of sixty miners is solved exactly', () => {
    const random = seeded(3);
    const miners: CurtailMiner[] = Array.from({ length: 60 }, (_, index) => ({ name: `m${index}`, options: [full(3300 + random() * 200, 5 + random()), full(2800, 4.6 + random() / 2), full(2300, 4), off] }));
    const found = curtail(miners, { watts: 150_000 });
    expect([found.method, found.fits]).toEqual(['exact', true]);
    expect(found.gap).toBeLessThan(0.5);
  });
});
