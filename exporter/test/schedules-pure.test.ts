import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { scheduleSchema, type ScheduleConfig } from '../src/config/schema.ts';
import { holdsAt, nextChange, type Calendar } from '../src/schedules/calendar.ts';
import { advance, levelOf, switchedOff, type PriceSwitch } from '../src/schedules/price-switch.ts';
import { resolve, type RunOption, type ScheduledMiner } from '../src/schedules/resolve.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;

describe('windows by the local clock', () => {
  const berlin = (part: Partial<Calendar>): Calendar => ({ windows: [{ from: '22:00', to: '06:00' }], timezone: 'Europe/Berlin', ...part });
  const hoursHeld = (calendar: Calendar, from: string, hours: number) => Array.from({ length: hours * 4 }, (_, quarter) => holdsAt(calendar, Date.parse(from) + quarter * 15 * minuteMs)).filter(Boolean).length / 4;

  test('are an hour shorter over the change to summer time, and an hour longer over the change back', () => {
    expect(hoursHeld(berlin({}), '2027-03-27T12:00:00Z', 24)).toBe(7);
    expect(hoursHeld(berlin({}), '2027-10-30T12:00:00Z', 24)).toBe(9);
    expect(hoursHeld(berlin({}), '2027-06-01T12:00:00Z', 24)).toBe(8);
  });

  test('inside the hour that is skipped do not happen; inside the hour that comes twice they happen twice', () => {
    const inside = berlin({ windows: [{ from: '02:15', to: '02:45' }] });
    expect(hoursHeld(inside, '2027-03-28T00:00:00Z', 6)).toBe(0);
    expect(hoursHeld(inside, '2027-10-31T00:00:00Z', 6)).toBe(1);
    expect(holdsAt(inside, Date.parse('2027-10-31T00:20:00Z'))).toBe(true);
    expect(holdsAt(inside, Date.parse('2027-10-31T01:20:00Z'))).toBe(true);
  });

  test('begin on the days, dates and before the end that are given, also where they end on the next day', () => {
    const one = berlin({ windows: [{ days: ['tue'], from: '22:00', to: '06:00' }], dates: ['2027-06-01', '2027-06-08'], except_dates: ['2027-06-08'] });
    expect(holdsAt(one, Date.parse('2027-06-01T20:00:00Z'))).toBe(true);
    expect(holdsAt(one, Date.parse('2027-06-02T03:59:00Z'))).toBe(true);
    expect(holdsAt(one, Date.parse('2027-06-02T04:00:00Z'))).toBe(false);
    expect(holdsAt(one, Date.parse('2027-06-08T20:00:00Z'))).toBe(false);
    expect(holdsAt(one, Date.parse('2027-06-15T20:00:00Z'))).toBe(false);
    expect(holdsAt({ ...one, until: '2027-06-01T21:00:00Z' }, Date.parse('2027-06-01T21:00:00Z'))).toBe(false);
    expect(holdsAt(berlin({ windows: [] }), 0)).toBe(true);
  });

  test('tell when they change next', () => {
    expect(nextChange(berlin({}), Date.parse('2027-03-27T12:00:00Z'))).toBe(Date.parse('2027-03-27T21:00:00Z'));
    expect(nextChange(berlin({}), Date.parse('2027-03-27T22:00:00Z'))).toBe(Date.parse('2027-03-28T04:00:00Z'));
    expect(nextChange(berlin({ windows: [] }), Date.parse('2027-03-27T22:00:00Z'))).toBeUndefined();
  });
});

describe('a switch that goes by price', () => {
  const settings = { windowMs: 5 * minuteMs, windowsAbove: 2, windowsBelow: 4, minimumOnMs: 0 };
  const run = (prices: readonly (number | undefined)[], part: Partial<typeof settings & { releaseAfterMs: number }> = {}, everyMs = minuteMs) => {
    let now: PriceSwitch = switchedOff;
    return prices.map((price, index) => {
      const at = index * everyMs;
      now = advance(now, levelOf(price, { above: 0.08, below: 0.06, immediate: 0.15 }), { at, settings: { ...settings, ...part } });
      return { at, on: now.on, price };
    });
  };
  const price = fc.oneof(fc.double({ min: 0, max: 0.2, noNaN: true }), fc.constant(undefined));

  test('never flaps: it comes on and goes off only after its windows, or at once above the higher price', () => {
    fc.assert(fc.property(fc.array(price, { minLength: 1, maxLength: 400 }), (prices) => {
      const steps = run(prices);
      let [wasOn, since] = [false, -Infinity];
      steps.forEach(({ at, on, price: now }, index) => {
        if (on === wasOn) return;
        const windows = on ? 2 : 4;
        const spike = on && now !== undefined && now > 0.15;
        if (!spike) {
          // Every look of the windows before was on the same side.
          const first = (Math.floor(at / settings.windowMs) - windows + 2) * settings.windowMs;
          const before = steps.slice(0, index + 1).filter((one) => one.at >= first);
          expect(before.every((one) => one.price !== undefined && (on ? one.price > 0.08 : one.price < 0.06))).toBe(true);
          if (!on) expect(at - since).toBeGreaterThanOrEqual(3 * settings.windowMs - minuteMs);
        }
        [wasOn, since] = [on, at];
      });
    }), { numRuns: 500 });
  });

  test('does nothing however long the price lies between the two', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0.06, max: 0.08, noNaN: true }), { minLength: 1, maxLength: 300 }), fc.boolean(), (prices, on) => {
      const begun = run([...Array<number>(12).fill(on ? 0.1 : 0.05), ...prices]);
      expect(new Set(begun.slice(12).map((one) => one.on))).toEqual(new Set([on]));
    }));
  });

  test('stays on for its least time, and holds or lets go when the price is not known', () => {
    const quiet = [...Array<number>(11).fill(0.1), ...Array<number>(100).fill(0.01)];
    const off = run(quiet, { minimumOnMs: hourMs }).findIndex(({ on }, index) => index > 11 && !on);
    const on = run(quiet).findIndex((one) => one.on);
    expect((off - on) * minuteMs).toBeGreaterThanOrEqual(hourMs);
    const unknown = [...Array<number>(11).fill(0.1), ...Array<undefined>(200).fill(undefined)];
    expect(run(unknown).at(-1)!.on).toBe(true);
    expect(run(unknown, { releaseAfterMs: hourMs }).at(-1)!.on).toBe(false);
    expect(levelOf(undefined, { above: 1, below: 0 })).toBe('unknown');
  });
});

describe('what several schedules want', () => {
  const full: RunOption = { kind: 'full', preset: '3360', watts: 3400, hashrate: 17e9, profitUsdPerDay: 6 };
  const low: RunOption = { kind: 'preset', preset: '2850', watts: 2850, hashrate: 15e9, profitUsdPerDay: 5.5 };
  const off: RunOption = { kind: 'pause', watts: 50, hashrate: 0, profitUsdPerDay: 0 };
  const miner = (name: string, part: Partial<ScheduledMiner> = {}): ScheduledMiner => ({ name, site: 'barn', circuit: 'A', options: [full, low, off], watts: 3400, mines: true, ...part });
  const schedule = (name: string, what: Partial<ScheduleConfig>): ScheduleConfig => scheduleSchema.parse({ name, site: 'barn', do: { stop: true }, ...what });
  const decide = (schedules: readonly ScheduleConfig[], miners: readonly ScheduledMiner[], mostOff?: number) =>
    resolve(schedules.map((one) => ({ schedule: one, members: miners.map(({ name }) => name) })), { miners: new Map(miners.map((one) => [one.name, one])), plans: new Map(), mostOff: () => mostOff });

  test('the higher priority gets it, and the conflict is named', () => {
    const { wishes, conflicts } = decide([schedule('stop', {}), schedule('keep', { priority: 200, do: { resume: true } })], [miner('m1')]);
    expect(wishes.get('m1')).toMatchObject({ schedule: 'keep', option: { kind: 'full' } });
    expect(conflicts).toEqual([{ miner: 'm1', winner: 'keep', loser: 'stop', because: 'priority' }]);
  });

  test('at the same priority the one that draws less', () => {
    const { wishes, conflicts } = decide([schedule('a', { do: { preset: '2850' } }), schedule('b', {})], [miner('m1')]);
    expect(wishes.get('m1')).toMatchObject({ schedule: 'b', option: { kind: 'pause' } });
    expect(conflicts).toEqual([{ miner: 'm1', winner: 'b', loser: 'a', because: 'draws less' }]);
  });

  test('a limit keeps its hands off miners of a higher priority, and takes from the others', () => {
    const both = resolve([
      { schedule: schedule('limit', { do: { limit_kilowatts: 6.5, reserve_ratio: 0 } }), members: ['m1', 'm2'] },
      { schedule: schedule('keep', { priority: 200, do: { resume: true } }), members: ['m1'] },
    ], { miners: new Map([miner('m1'), miner('m2')].map((one) => [one.name, one])), plans: new Map(), mostOff: () => undefined });
    expect([both.wishes.get('m1')!.option.kind, both.wishes.get('m2')!.option.kind]).toEqual(['full', 'preset']);
    expect(both.limits[0]!.plannedWatts).toBeLessThanOrEqual(6500);
  });

  test('a limit that cannot be kept is said, with the least that is possible', () => {
    const { problems, limits } = decide([schedule('limit', { do: { limit_kilowatts: 1 } })], [miner('m1', { held: 'anna wants it so' }), miner('m2')], 0);
    expect(limits[0]).toMatchObject({ fits: false, plannedWatts: 3400 + 2850 });
    expect(problems).toEqual([{ schedule: 'limit', reason: 'the limit of 1000 W cannot be kept: the least that the floors, priorities and operators leave is 6250 W' }]);
  });

  test('a miner whose power is not known is named and not guessed; where a profit is not known hashrate decides', () => {
    const dark = miner('m1', { options: [{ kind: 'full' }, off], watts: undefined });
    const poor = miner('m2', { options: [{ ...full, profitUsdPerDay: undefined }, { ...low, profitUsdPerDay: undefined }, { ...off, profitUsdPerDay: undefined }] });
    const { limits, wishes } = decide([schedule('limit', { do: { limit_kilowatts: 3, reserve_ratio: 0 } })], [dark, poor]);
    expect(limits[0]).toMatchObject({ unknown: ['m1'], basis: 'hashrate', plannedWatts: 2850 });
    expect(wishes.get('m2')!.option.preset).toBe('2850');
  });

  test('throttling falls back on the next lower preset, and that on a stop', () => {
    const throttle = schedule('t', { do: { throttle: 85 } });
    expect(decide([throttle], [miner('m1')]).wishes.get('m1')!.option).toEqual(low);
    expect(decide([throttle], [miner('m1', { options: [full, off] })]).wishes.get('m1')!.option).toEqual(off);
    expect(decide([throttle], [miner('m1', { options: [full, { kind: 'throttle', throttle: 90, watts: 3060 }, low, off] })]).wishes.get('m1')!.option).toMatchObject({ kind: 'throttle', throttle: 85, watts: 2890 });
  });

  test('a plan stays while it fits, however much a little more could be earned', () => {
    const limit = schedule('limit', { do: { limit_kilowatts: 6.5, reserve_ratio: 0 } });
    const before = decide([limit], [miner('m1'), miner('m2')]);
    const chosen = [...before.wishes.keys()].join();
    const richer = miner(chosen, { options: [{ ...full, profitUsdPerDay: 9 }, low, off] });
    const miners = [richer, miner(chosen === 'm1' ? 'm2' : 'm1')];
    const after = resolve([{ schedule: limit, members: ['m1', 'm2'] }], { miners: new Map(miners.map((one) => [one.name, one])), plans: new Map(before.limits.map((one) => [one.schedule, one.plan])), mostOff: () => undefined });
    expect([...after.wishes.keys()].join()).toBe(chosen);
  });
});
