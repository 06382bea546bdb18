/** What ways of choosing presets earn, against one that knows the true curves (intelligence.md, 4.6). The unit of change is a day, whose prices are known in advance. */
import { decide, rules, waysOf, type DecisionRules } from '../src/advice/decision.ts';
import { curtail } from '../src/analytics/curtailment.ts';
import { fitRatioModel, type RatioModel } from '../src/analytics/ratio-model.ts';
import { breakerWatts, factsOf, historyOf, makeWorld, worldRules, type World, type WorldMiner } from './advice-world.ts';

export interface Regime { readonly name: string; readonly usdPerMegahashDay: number; readonly power: (day: number) => number }

export const regimes: readonly Regime[] = [
  { name: 'swinging', usdPerMegahashDay: 0.000_42, power: (day) => 0.08 + 0.03 * Math.sin(day * 2.3) },
  { name: 'flat', usdPerMegahashDay: 0.000_42, power: () => 0.08 },
  { name: 'fat', usdPerMegahashDay: 0.0007, power: () => 0.07 },
  { name: 'thin', usdPerMegahashDay: 0.000_43, power: () => 0.09 },
];

export const policies = ['stay', 'most_hashrate', 'best_nominal', 'table', 'model'] as const;
export type Policy = (typeof policies)[number];

export interface Outcome { usd: number; switches: number; hotMinerDays: number; overloadedCircuitDays: number }

const trainDays = 20;
const testDays = 10;
const hottestHour = 15;
const circuitLimit = rules.continuousLoad * breakerWatts;

interface Day { readonly regime: Regime; readonly day: number; readonly limits: DecisionRules }

export function playWorld(seed: number, regime: Regime, count = 60): Record<Policy | 'oracle', Outcome> {
  const world = makeWorld(seed, count);
  const model = fitRatioModel(historyOf(world, trainDays));
  const empty = fitRatioModel([]);
  const limits: DecisionRules = { ...worldRules, circuits: new Map([...new Set(world.miners.map(({ circuit }) => circuit))].map((circuit) => [circuit, { breakerWatts, inrushReserveRatio: 0 }])) };
  const outcomes = {} as Record<Policy | 'oracle', Outcome>;
  for (const policy of [...policies, 'oracle'] as const) {
    const outcome: Outcome = { usd: 0, switches: 0, hotMinerDays: 0, overloadedCircuitDays: 0 };
    let state = new Map<string, string>(world.miners.map(({ name, start }) => [name, start]));
    for (let day = trainDays; day < trainDays + testDays; day += 1) {
      const next = choose(world, state, { policy, model, empty, day: { regime, day, limits } });
      score(world, { before: state, next }, { outcome, day: { regime, day, limits } });
      state = next;
    }
    outcomes[policy] = outcome;
  }
  return outcomes;
}

const truthOf = ({ truth }: WorldMiner, preset: string | undefined) => (preset === undefined || preset === 'sleep' ? { hashrate: 0, powerWatts: rules.sleepWatts, warmth: 0 } : truth.get(preset) ?? { hashrate: 0, powerWatts: 0, warmth: 0 });
const priceOf = ({ usdPerMegahashDay }: Regime) => (usdPerMegahashDay * 0.98) / 1e6;

function profit(miner: WorldMiner, preset: string | undefined, { regime, day }: Day): number {
  const { hashrate, powerWatts } = truthOf(miner, preset);
  return hashrate * priceOf(regime) - powerWatts * regime.power(day) * 0.024 * 1.06;
}

function changeCost(miner: WorldMiner, [from, to]: readonly [string | undefined, string | undefined], { regime }: Day): number {
  return from === to ? 0 : (Math.max(truthOf(miner, from).hashrate, truthOf(miner, to).hashrate) * priceOf(regime) * rules.switchMinutes) / 1440;
}

function score(world: World, { before, next }: { before: ReadonlyMap<string, string>; next: ReadonlyMap<string, string> }, { outcome, day }: { outcome: Outcome; day: Day }): void {
  const watts = new Map<string, number>();
  for (const miner of world.miners) {
    const preset = next.get(miner.name);
    outcome.usd += profit(miner, preset, day) - changeCost(miner, [before.get(miner.name), preset], day);
    if (preset !== before.get(miner.name)) outcome.switches += 1;
    if (preset !== 'sleep' && world.inlet(day.day, hottestHour) + truthOf(miner, preset).warmth > rules.temperatureLimit) outcome.hotMinerDays += 1;
    watts.set(miner.circuit, (watts.get(miner.circuit) ?? 0) + truthOf(miner, preset).powerWatts);
  }
  outcome.overloadedCircuitDays += [...watts.values()].filter((sum) => sum > circuitLimit).length;
}

interface Choice { readonly policy: Policy | 'oracle'; readonly model: RatioModel; readonly empty: RatioModel; readonly day: Day }

function choose(world: World, state: Map<string, string>, { policy, model, empty, day }: Choice): Map<string, string> {
  const best = (rank: (preset: { hashrate?: number; powerWatts?: number }) => number) => [...world.presets].sort((a, b) => rank(b) - rank(a))[0]?.name ?? '';
  switch (policy) {
    case 'stay': return state;
    case 'most_hashrate': return new Map([...state.keys()].map((name) => [name, best(({ hashrate = 0 }) => hashrate)]));
    case 'best_nominal': return new Map([...state.keys()].map((name) => [name, best(({ hashrate = 0, powerWatts = 1 }) => hashrate / powerWatts)]));
    case 'oracle': return oracle(world, state, day);
    case 'table': case 'model': {
      const facts = world.miners.map((miner) => {
        const now = state.get(miner.name) ?? miner.start;
        return factsOf(world, miner, { preset: now === 'sleep' ? miner.start : now, asleep: now === 'sleep', usdPerMegahashDay: day.regime.usdPerMegahashDay, usdPerKilowattHour: day.regime.power(day.day), inlet: world.inlet(day.day, hottestHour), at: 0 });
      });
      // The table knows neither doubt nor gate.
      const found = decide(facts, { model: policy === 'model' ? model : empty, limits: policy === 'model' ? day.limits : { ...day.limits, caution: 0, leastGainRatio: 0 }, now: 0 });
      return new Map([...state, ...found.flatMap(({ miner, to, kind }) => (miner === undefined || to === undefined || kind === 'explore' ? [] : [[miner, to] as const]))]);
    }
  }
}

function oracle(world: World, state: ReadonlyMap<string, string>, day: Day): Map<string, string> {
  const next = new Map<string, string>();
  for (const circuit of new Set(world.miners.map((one) => one.circuit))) {
    const members = world.miners.filter((one) => one.circuit === circuit);
    const list = members.map((miner) => ({
      miner, name: miner.name, options: ['sleep', ...world.presets.map(({ name }) => name)]
        .filter((preset) => preset === 'sleep' || world.inlet(day.day, hottestHour) + truthOf(miner, preset).warmth <= rules.temperatureLimit)
        .map((preset) => ({ preset, off: preset === 'sleep', watts: truthOf(miner, preset).powerWatts, value: profit(miner, preset, day) - changeCost(miner, [state.get(miner.name), preset], day) }))
        .sort((a, b) => b.value - a.value),
    }));
    const { choice } = curtail(list, { watts: circuitLimit });
    for (const { name, options } of list) next.set(name, options[choice.get(name) ?? 0]?.preset ?? 'sleep');
  }
  return next;
}

/** How sure the model was of a gain, and whether it was one; of every pair of presets of every miner. */
export function sureAndTrue(seed: number, usdPerKilowattHour: number): { readonly probability: number; readonly gained: boolean }[] {
  const world = makeWorld(seed, 30);
  const model = fitRatioModel(historyOf(world, 8));
  const day: Day = { regime: { name: '', usdPerMegahashDay: 0.000_42, power: () => usdPerKilowattHour }, day: 0, limits: worldRules };
  return world.miners.flatMap((miner) => {
    const facts = factsOf(world, miner, { preset: miner.start, asleep: false, usdPerMegahashDay: 0.000_42, usdPerKilowattHour, inlet: 20, at: 0 });
    const open = { ...worldRules, leastGainUsdPerDay: 0, leastGainRatio: 0, caution: -100, allowSleep: false, switchMinutes: 0 };
    // With doubt as a merit anything may be chosen, and every alternative is listed.
    return waysOf(facts, model, open).flatMap((way) => {
      if (way.preset === undefined || way.preset === miner.start) return [];
      const only = { ...facts, presets: world.presets.filter(({ name }) => name === miner.start || name === way.preset) };
      const advice = decide([only], { model, limits: open, now: 0 }).find(({ side }) => side !== undefined);
      return advice?.probability === undefined ? [] : [{ probability: advice.probability, gained: profit(miner, way.preset, day) > profit(miner, miner.start, day) }];
    });
  });
}
