import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decide, normalShare, priceAdvice, rules, settled, unfitBecause, waysOf, type Advice, type DecisionRules, type MinerFacts, type Standings } from '../src/advice/decision.ts';
import { fitRatioModel, type Cell } from '../src/analytics/ratio-model.ts';
import type { Preset } from '../src/miners/reading.ts';
import { breakerWatts, factsOf, historyOf, makeWorld, worldRules } from './advice-world.ts';
import { playWorld, regimes, sureAndTrue } from './advice-policies.ts';

const preset = (watts: number, gigahashes: number, more: Partial<Preset> = {}): Preset => ({ name: String(watts), label: '', tuned: true, needsModifiedPsu: false, powerWatts: watts, hashrate: gigahashes * 1e9, ...more });
const presets = [preset(2600, 13.6), preset(3360, 16.8), preset(3800, 18)];
const now = 1_700_000_000_000;
const facts = (part: Partial<MinerFacts> = {}): MinerFacts => ({
  name: 'M-17', model: 'l9', site: 'farm', preset: '3360', asleep: false, presets, readAt: now, pricedAt: now,
  price: { basis: 'manual_price', usdPerMegahashDay: 0.000_78, feeRatio: 0.025 }, tariff: { usdPerKilowattHour: 0.09, overheadRatio: 0.06 }, powerPricesAhead: [0.09, 0.09], ...part,
});
const limits: DecisionRules = { leastGainUsdPerDay: 0.05, leastGainRatio: 0.03, allowSleep: false };
/** Each preset ran for two days on the miner; `warmth` is degrees over the inlet for each W. */
const cells = (name = 'M-17', warmth = 0.012): Cell[] => presets.flatMap(({ name: of, powerWatts = 0, hashrate = 0 }) => Array.from({ length: 48 }, (_each, hour) => ({
  miner: name, model: 'l9', preset: of, at: hour * 3_600_000, promised: { hashrate, powerWatts }, hashrate: hashrate * 0.99, powerWatts: powerWatts * 1.02, chipTemperature: 25 + powerWatts * warmth, errorRatio: 1e-4,
})));
const model = fitRatioModel(cells());
const of = (miners: readonly MinerFacts[], part: Partial<DecisionRules> = {}, fitted = model) => decide(miners, { model: fitted, limits: { ...limits, ...part }, now });
const change = (found: readonly Advice[]) => found.find(({ side }) => side !== undefined);

describe('a decision', () => {
  test('goes down where the last watts cost more than their hashes bring, and up where they do not', () => {
    expect(change(of([facts({ tariff: { usdPerKilowattHour: 0.2, overheadRatio: 0.06 } })]))).toMatchObject({ kind: 'preset_change', from: '3360', to: '2600', side: 'down', binding: 'none' });
    expect(change(of([facts({ preset: '2600' })]))).toMatchObject({ kind: 'preset_change', from: '2600', to: '3360', side: 'up' });
  });

  test('turns at the break-even of the step, to the cent', () => {
    const step = waysOf(facts(), model, limits)[1]!.stepBreakevenUsdPerKilowattHour!;
    // 3.2 GH/s for 760 W, each as learned.
    expect(step).toBeCloseTo((0.000_78 * 0.975 * 3200 * 0.99) / (0.024 * 760 * 1.02 * 1.06), 3);
    const at = (usdPerKilowattHour: number) => waysOf(facts({ tariff: { usdPerKilowattHour, overheadRatio: 0.06 } }), model, limits).map(({ profitUsdPerDay }) => profitUsdPerDay!.value);
    expect(at(step - 0.001)[1]).toBeGreaterThan(at(step - 0.001)[0]!);
    expect(at(step + 0.001)[1]).toBeLessThan(at(step + 0.001)[0]!);
  });

  test('says what it saves, costs, brings, how likely, from what price on, and on what it rests', () => {
    const { text, probability } = change(of([facts({ tariff: { usdPerKilowattHour: 0.2, overheadRatio: 0.06 } })]))!;
    expect(text).toMatch(/^M-17: preset 3360 → 2600\. Saves 775 W \(\d+ to \d+\), costs 3\.17 GH\/s \([\d.]+ to [\d.]+\)\. At \$0\.000780\/MH\/day less 2\.5 % fee and \$0\.2000\/kWh with 6\.0 % cooling: \+\$1\.\d\d\/day \(80 %: [\d.]+ to [\d.]+\), over 99 % likely to gain\. Worth it while power costs more than \$0\.\d{4}\/kWh\. Basis: 48 h on 3360, 48 h on 2600, 144 h of the fleet\. Limit: none\.$/);
    expect(probability).toBeGreaterThan(0.99);
  });

  test('is none for a small gain, and the gate follows the present profit', () => {
    const cheap = facts({ preset: '3360', tariff: { usdPerKilowattHour: 0.088, overheadRatio: 0.06 }, price: { basis: 'manual_price', usdPerMegahashDay: 0.000_66, feeRatio: 0 } });
    expect(change(of([cheap]))).toBeUndefined();
    expect(change(of([facts({ preset: '2600' })], { leastGainUsdPerDay: 5 }))).toBeUndefined();
    expect(change(of([facts({ preset: '2600' })], { leastGainRatio: 2 }))).toBeUndefined();
  });

  test.each<[string, Partial<MinerFacts>, RegExp]>([
    ['an old reading', { readAt: now - rules.telemetryMs - 1 }, /last reading is 10 min old/],
    ['an old price', { pricedAt: now - rules.priceMs - 1 }, /price of its hashes is 120 min old/],
    ['no price', { price: undefined }, /no price/],
    ['no tariff', { tariff: undefined }, /no price of electricity/],
    ['no preset', { preset: undefined }, /which preset/],
    ['no reading', { readAt: undefined }, /not read yet/],
    ['a preset without a promise', { preset: 'disabled' }, /promises is not known/],
  ])('is never made on %s, and says so', (_what, part, because) => {
    const found = of([facts({ preset: '2600', ...part })]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ kind: 'data_quality', miner: 'M-17' });
    expect(found[0]!.text).toMatch(because);
  });

  test('leaves alone whom a person holds', () => {
    expect(of([facts({ preset: '2600', held: 'it is under maintenance' })])).toEqual([]);
    expect(unfitBecause(facts({ held: 'it is under maintenance' }), now)).toBe('it is under maintenance');
  });

  test('takes watts away at once from a miner that is too hot, and never goes where it would be', () => {
    const hot = fitRatioModel(cells('M-17', 0.0185));
    expect(change(of([facts()], {}, hot))).toMatchObject({ kind: 'thermal_derate', to: '2600', urgent: true, binding: 'temperature' });
    expect(change(of([facts({ preset: '2600' })], {}, hot))).toBeUndefined();
    // Measured counts where it is worse than expected.
    expect(change(of([facts({ chipTemperature: 85 })]))).toMatchObject({ kind: 'thermal_derate', urgent: true });
    expect(of([facts({ chipTemperature: 85, preset: '2600', presets: [presets[0]!] })])).toMatchObject([{ kind: 'fan_or_cooling', urgent: true }]);
  });

  test('keeps power supply, fan, the operator\'s range and presets for other supplies', () => {
    const low = facts({ preset: '2600' });
    expect(change(of([low], { mostPresetWatts: 3000 }))).toBeUndefined();
    expect(change(of([facts({ preset: '2600', psuWatts: 3600 })]))).toBeUndefined();
    expect(change(of([facts({ preset: '2600', fanDutyRatio: 0.95 })]))).toBeUndefined();
    expect(change(of([facts({ preset: '2600', presets: [presets[0]!, preset(3360, 16.8, { needsModifiedPsu: true })] })]))).toBeUndefined();
    expect(change(of([facts({ preset: '3800' })], { mostPresetWatts: 3500 }))).toMatchObject({ to: '3360', side: 'down' });
  });

  test('sleeps only where it is allowed, and where no preset earns its power for two hours', () => {
    const dear = { tariff: { usdPerKilowattHour: 0.3, overheadRatio: 0 }, powerPricesAhead: [0.3, 0.3] };
    expect(change(of([facts(dear)], { allowSleep: true }))).toMatchObject({ kind: 'sleep', to: 'sleep' });
    expect(change(of([facts(dear)]))).not.toMatchObject({ to: 'sleep' });
    expect(change(of([facts({ ...dear, powerPricesAhead: [0.3, 0.05] })], { allowSleep: true }))).not.toMatchObject({ to: 'sleep' });
    expect(change(of([facts({ asleep: true })], { allowSleep: true }))).toMatchObject({ kind: 'wake', from: 'sleep' });
    expect(change(of([facts({ asleep: true, ...dear })], { allowSleep: true }))).toBeUndefined();
  });

  test('tells of untuned presets, drifted tuning, boards, fans and a switcher that would climb back', () => {
    const untuned = [presets[0]!, preset(3360, 16.8, { tuned: false })];
    expect(of([facts({ preset: '2600', presets: untuned })])).toMatchObject([{ kind: 'explore', to: '3360' }]);
    const weak = fitRatioModel(cells().map((cell) => ({ ...cell, hashrate: cell.promised.hashrate * 0.9 })));
    expect(of([facts()], {}, weak).map(({ kind }) => kind)).toContain('retune');
    expect(of([facts({ boardsLost: 1, fansDown: 2 })]).map(({ kind }) => kind)).toEqual(expect.arrayContaining(['maintenance', 'fan_or_cooling']));
    expect(of([facts({ tariff: { usdPerKilowattHour: 0.2, overheadRatio: 0 }, switcherLeastWatts: 3000 })])).toMatchObject([{ kind: 'switcher_conflict', to: '2600' }]);
    expect(priceAdvice([{ name: 'a', usdPerMegahashDay: 1, used: true }, { name: 'b', usdPerMegahashDay: 1.06, used: false }])).toMatchObject([{ kind: 'algorithm_price', from: 'a', to: 'b' }]);
    expect(priceAdvice([{ name: 'a', usdPerMegahashDay: 1, used: true }, { name: 'b', usdPerMegahashDay: 1.04, used: false }])).toEqual([]);
  });

  test('gives a full circuit to those who make the most of it, and takes away at once what is too much', () => {
    const three = ['a', 'b', 'c'].map((name) => facts({ name, circuit: 'north', preset: '3360' }));
    const fitted = fitRatioModel(['a', 'b', 'c'].flatMap((name) => cells(name)));
    const circuits = new Map([['north', { breakerWatts: 12_000, inrushReserveRatio: 0 }]]);
    const found = of(three, { circuits }, fitted);
    expect(found).toMatchObject([{ kind: 'circuit_rebalance', side: 'down', urgent: true, binding: 'circuit north or site farm' }]);
    expect(of(three, { sites: new Map([['farm', 9600]]) }, fitted)).toHaveLength(1);
  });

  test('lets nobody take more while a neighbour on the circuit does not say what it draws', () => {
    const dumb = facts({ name: 'dumb', circuit: 'north', preset: undefined, presets: [] });
    const circuits = new Map([['north', { breakerWatts: 30_000, inrushReserveRatio: 0 }]]);
    expect(change(of([facts({ circuit: 'north', preset: '2600', powerWatts: 2650 })], { circuits }))).toMatchObject({ side: 'up' });
    expect(change(of([facts({ circuit: 'north', preset: '2600', powerWatts: 2650 }), dumb], { circuits }))).toBeUndefined();
  });

  test('breaks no limit of temperature, power supply, range or circuit, whatever is given', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 6000, max: 40_000 }), fc.double({ min: 0.01, max: 0.3, noNaN: true }), fc.integer({ min: 10, max: 40 }), (seed, breaker, usd, inlet) => {
      const world = makeWorld(seed, 6);
      const fitted = fitRatioModel(historyOf(world, 2));
      const all = world.miners.map((miner) => factsOf(world, miner, { preset: miner.start, asleep: false, usdPerMegahashDay: 0.000_5, usdPerKilowattHour: usd, inlet, at: now }));
      const own = { ...worldRules, circuits: new Map([['c1', { breakerWatts: breaker, inrushReserveRatio: 0.1 }]]), mostPresetWatts: 3500 };
      const found = decide(all, { model: fitted, limits: own, now });
      let least = 0;
      let sum = 0;
      for (const one of all) {
        const ways = waysOf(one, fitted, own);
        const to = found.find(({ miner, side }) => miner === one.name && side !== undefined)?.to;
        const way = to === 'sleep' ? ways.at(-1)! : ways.find((each) => each.preset === (to ?? one.preset))!;
        if (to !== undefined) expect(way.obstacle).toBeUndefined();
        sum += way.powerWatts.value + rules.oneSided * way.powerWatts.deviation;
        least += Math.min(...ways.filter((each) => each.preset !== undefined).map(({ powerWatts }) => powerWatts.value + rules.oneSided * powerWatts.deviation));
      }
      // Where even the least does not fit, the least is what can be done.
      const room = 0.8 * breaker - 0.1 * 4200;
      if (least + 6 * 10 <= room && found.every(({ kind }) => kind !== 'fan_or_cooling') && all.every((one) => found.some(({ miner }) => miner === one.name) || waysOf(one, fitted, own).find((each) => each.preset === one.preset)?.obstacle === undefined)) expect(sum).toBeLessThanOrEqual(0.8 * breaker);
    }), { numRuns: 60 });
  });

  test('finds what trying everything finds', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 9000, max: 15_000 }), (seed, breaker) => {
      const world = makeWorld(seed, 3);
      const fitted = fitRatioModel(historyOf(world, 4));
      const own: DecisionRules = { leastGainUsdPerDay: 0, leastGainRatio: 0, caution: 0, switchMinutes: 0, allowSleep: false, circuits: new Map([['c1', { breakerWatts: breaker, inrushReserveRatio: 0 }]]) };
      const all = world.miners.map((miner) => factsOf(world, miner, { preset: '2000', asleep: false, usdPerMegahashDay: 0.001, usdPerKilowattHour: 0.06, inlet: 15, at: now }));
      const ways = all.map((one) => waysOf(one, fitted, own).filter(({ obstacle, preset: name }) => obstacle === undefined && name !== undefined));
      const watts = (way: (typeof ways)[number][number]) => way.powerWatts.value + rules.oneSided * way.powerWatts.deviation;
      const bestOf = (room: number) => {
        let best = -Infinity;
        for (const a of ways[0]!) for (const b of ways[1]!) for (const c of ways[2]!) {
          if (watts(a) + watts(b) + watts(c) <= room) best = Math.max(best, a.profitUsdPerDay!.value + b.profitUsdPerDay!.value + c.profitUsdPerDay!.value);
        }
        return best;
      };
      const found = decide(all, { model: fitted, limits: own, now });
      const got = all.reduce((sum, one, index) => sum + ways[index]!.find(({ preset: name }) => name === (found.find(({ miner, side }) => miner === one.name && side !== undefined)?.to ?? '2000'))!.profitUsdPerDay!.value, 0);
      expect(got).toBeLessThanOrEqual(bestOf(0.8 * breaker) + 1e-9);
      // Each miner's watts are rounded up to steps of 10.
      expect(got).toBeGreaterThanOrEqual(bestOf(0.8 * breaker - 30) - 1e-9);
    }), { numRuns: 40 });
  });
});

describe('what is given', () => {
  const up: Advice = { kind: 'preset_change', miner: 'a', from: '1', to: '2', side: 'up', urgent: false, evidence: { modelHours: 0 }, alternatives: [], text: '' };
  const often = (advice: Advice, times: number, changes: readonly { at: number }[] = []) => {
    let standings: Standings = new Map();
    let given: Advice[] = [];
    for (let round = 0; round < times; round += 1) ({ given, standings } = settled([advice], { standings, changes: () => changes, now }));
    return given.length;
  };

  test('was found three times in a row on one side, unless it is for safety', () => {
    expect([often(up, 2), often(up, 3), often({ ...up, side: 'down', urgent: true }, 1)]).toEqual([0, 1, 1]);
    const { standings } = settled([up], { standings: settled([up], { standings: new Map(), changes: () => [], now }).standings, changes: () => [], now });
    const turned = settled([{ ...up, side: 'down' }], { standings, changes: () => [], now });
    expect([turned.given.length, turned.standings.get('a')?.count]).toEqual([0, 1]);
    expect(settled([], { standings, changes: () => [], now }).standings.size).toBe(0);
  });

  test('rests six hours upwards and one downwards, and four changes a day are enough', () => {
    const ago = (hours: number) => ({ at: now - hours * 3_600_000 });
    expect([often(up, 3, [ago(5.9)]), often(up, 3, [ago(6)])]).toEqual([0, 1]);
    expect([often({ ...up, side: 'down' }, 3, [ago(0.9)]), often({ ...up, side: 'down' }, 3, [ago(1)])]).toEqual([0, 1]);
    expect([often(up, 3, [ago(7), ago(8), ago(9), ago(10)]), often(up, 3, [ago(7), ago(8), ago(9), ago(25)])]).toEqual([0, 1]);
  });
});

describe('the probability of a gain', () => {
  test('is that of the normal distribution', () => {
    for (const [x, share] of [[0, 0.5], [1.2816, 0.9], [-1.96, 0.024998], [3, 0.99865]] as const) expect(normalShare(x)).toBeCloseTo(share, 4);
  });

  test('is what comes true: in each fifth about as many gain as it says', () => {
    const all = [11, 12, 13, 14].flatMap((seed) => [0.05, 0.065, 0.08, 0.095].flatMap((usd) => sureAndTrue(seed, usd)));
    const bins = [0, 1, 2, 3, 4].map((fifth) => all.filter(({ probability }) => Math.min(4, Math.floor(probability * 5)) === fifth)).filter(({ length }) => length >= 60);
    expect(bins.length).toBeGreaterThanOrEqual(3);
    for (const bin of bins) {
      const [said, true_] = [bin.reduce((sum, one) => sum + one.probability, 0) / bin.length, bin.filter(({ gained }) => gained).length / bin.length];
      expect(Math.abs(said - true_)).toBeLessThan(0.15);
    }
    // Brier: a coin has 0.25.
    expect(all.reduce((sum, { probability, gained }) => sum + (probability - Number(gained)) ** 2, 0) / all.length).toBeLessThan(0.1);
  });
});

test('with swinging prices it earns 95 % of what perfect knowledge would, and breaks no limit', () => {
  const { oracle, model: learned, table } = playWorld(501, regimes[0]!, 24);
  expect(learned.usd / oracle.usd).toBeGreaterThan(0.95);
  expect(learned.usd).toBeGreaterThan(table.usd);
  expect([learned.hotMinerDays, learned.overloadedCircuitDays]).toEqual([0, 0]);
  expect(breakerWatts).toBeGreaterThan(0);
});
