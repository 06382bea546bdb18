/**
 * What advice would have done, day by day, on what was known then: 14 days to learn from, one to decide for (intelligence.md, 4.7). Only
 * choices of presets that the miner really ran count, by what it did on them. The same for the same hours and seed. Pure.
 */
import { decide, normalShare, rules, waysOf, type DecisionRules, type MinerFacts } from '../advice/decision.ts';
import { fitRatioModel, type RatioModel } from '../analytics/ratio-model.ts';
import { defined } from '../defined.ts';
import type { Preset } from '../miners/reading.ts';
import { accuracyOf, addErrors, foretoldBy, foretoldByTable, lastDayMeans, noErrors, type Accuracy, type Errors, type Foretold } from './accuracy.ts';
import { dayMs, type LearningHour, type Money } from './hours.ts';
import { learningLimits } from './limits.ts';

export const predictors = ['ratio', 'table', 'last_day'] as const;
export type Predictor = (typeof predictors)[number];
export const backtestPolicies = ['stay', 'table', 'model'] as const;
export type BacktestPolicy = (typeof backtestPolicies)[number];

/** A mean with its 80 % interval by resampling days. */
export interface Resampled { readonly value: number; readonly low: number; readonly high: number }

export interface DecidedChange { /** Unix ms of the day. */ readonly day: number; readonly miner: string; readonly from: string; readonly to: string; readonly probability?: number; readonly scored: boolean }

export interface BacktestReport {
  /** Unix ms of the first and behind the last decided day. */
  readonly from: number;
  readonly to: number;
  readonly days: number;
  readonly seed: number;
  readonly accuracy: Readonly<Record<Predictor, Accuracy>>;
  /** Decisions, those that could be scored, and their share. */
  readonly decisions: number;
  readonly scored: number;
  readonly scoredShare: number;
  /** USD a day over the decisions that can be scored under every policy; absent without any. */
  readonly usdPerDay?: Readonly<Record<BacktestPolicy, number>>;
  readonly modelOverStay?: Resampled;
  readonly modelOverTable?: Resampled;
  readonly switchesPerDay: number;
  /** Days of a miner above its limit of temperature, and of a circuit above its breaker's share. */
  readonly breaches: { readonly temperature: number; readonly circuits: number };
  /** Of every preset that a miner ran beside its own: how sure the model was of a gain against what came. Absent without any. */
  readonly brier?: number;
  readonly reliability: readonly { readonly from: number; readonly to: number; readonly count: number; readonly said: number; readonly came: number }[];
  readonly changes: readonly DecidedChange[];
}

export interface BacktestOptions {
  readonly limits: DecisionRules;
  readonly seed: number;
  /** Circuit by miner. */
  readonly circuitOf?: ReadonlyMap<string, string>;
  readonly trainDays?: number;
  readonly onDay?: (done: number, total: number) => void;
}

interface Did { readonly hashrate: number; readonly powerWatts: number; readonly chipTemperature?: number }

/** mulberry32: small and the same everywhere. */
export function drawing(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Days that have something before them to learn from and something to decide for. */
export function backtestDays(hours: readonly LearningHour[], trainDays: number = learningLimits.backtestDays): number[] {
  const days = [...new Set(hours.map(({ at }) => Math.floor(at / dayMs)))].sort((a, b) => a - b);
  const first = days[0] ?? 0;
  return days.filter((day) => day >= first + trainDays).map((day) => day * dayMs);
}

interface DayResult { readonly usd: Record<BacktestPolicy, number>; readonly compared: number; decisions: number; scored: number; switches: number; hot: number; overloaded: number; readonly sure: { readonly said: number; readonly came: number }[]; readonly changes: DecidedChange[] }

/** The report of no hours has no days. */
export function backtest(hours: readonly LearningHour[], options: BacktestOptions): BacktestReport {
  const { seed, trainDays = learningLimits.backtestDays, onDay } = options;
  const days = backtestDays(hours, trainDays);
  const byDay = new Map<number, LearningHour[]>();
  for (const hour of hours) {
    const day = Math.floor(hour.at / dayMs) * dayMs;
    const known = byDay.get(day);
    if (known === undefined) byDay.set(day, [hour]);
    else known.push(hour);
  }
  for (const list of byDay.values()) list.sort((a, b) => a.at - b.at || (a.miner < b.miner ? -1 : 1));
  const between = (from: number, to: number) => {
    const found: LearningHour[] = [];
    for (let day = from; day < to; day += dayMs) for (const hour of byDay.get(day) ?? []) found.push(hour);
    return found;
  };
  const cells = cellsOf(hours);
  const errors: Record<Predictor, Errors> = { ratio: noErrors(), table: noErrors(), last_day: noErrors() };
  const empty = fitRatioModel([]);
  const first = Math.min(...byDay.keys());
  const results = days.map((day, index) => {
    const model = fitRatioModel(between(day - trainDays * dayMs, day));
    const lastDay = between(day - dayMs, day);
    const foretold: Record<Predictor, (hour: LearningHour) => Foretold> = { ratio: (hour) => foretoldBy(model, hour), table: foretoldByTable, last_day: lastDayMeans(lastDay) };
    for (const hour of between(day, day + dayMs)) for (const predictor of predictors) addErrors(errors[predictor], hour, foretold[predictor](hour));
    const result = decideDay(day, { model, empty, past: between(first, day), today: between(day, day + dayMs), did: (miner, preset) => didOn(cells.get(`${miner}\n${preset}`), day), options });
    onDay?.(index + 1, days.length);
    return result;
  });
  return reportOf(results, { days, seed, errors });
}

function reportOf(results: readonly DayResult[], { days, seed, errors }: { readonly days: readonly number[]; readonly seed: number; readonly errors: Record<Predictor, Errors> }): BacktestReport {
  const sum = (of: (result: DayResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const told = results.filter(({ compared }) => compared > 0);
  const mean = (policy: BacktestPolicy) => told.reduce((total, { usd }) => total + usd[policy], 0) / told.length;
  const sure = results.flatMap((result) => result.sure);
  const [decisions, scored] = [sum((result) => result.decisions), sum((result) => result.scored)];
  return defined<BacktestReport>({
    from: days[0] ?? 0, to: (days.at(-1) ?? -dayMs) + dayMs, days: days.length, seed,
    accuracy: { ratio: accuracyOf(errors.ratio), table: accuracyOf(errors.table), last_day: accuracyOf(errors.last_day) },
    decisions, scored, scoredShare: decisions === 0 ? 0 : scored / decisions,
    usdPerDay: told.length === 0 ? undefined : { stay: mean('stay'), table: mean('table'), model: mean('model') },
    modelOverStay: resampled(told.map(({ usd }) => usd.model - usd.stay), seed),
    modelOverTable: resampled(told.map(({ usd }) => usd.model - usd.table), seed),
    switchesPerDay: results.length === 0 ? 0 : sum((result) => result.switches) / results.length,
    breaches: { temperature: sum((result) => result.hot), circuits: sum((result) => result.overloaded) },
    brier: sure.length === 0 ? undefined : sure.reduce((total, { said, came }) => total + (said - came) ** 2, 0) / sure.length,
    reliability: Array.from({ length: 10 }, (_none, bin) => {
      const inside = sure.filter(({ said }) => Math.min(9, Math.floor(said * 10)) === bin);
      const of = (what: 'said' | 'came') => inside.reduce((total, one) => total + one[what], 0) / inside.length;
      return { from: bin / 10, to: (bin + 1) / 10, count: inside.length, said: of('said'), came: of('came') };
    }).filter(({ count }) => count > 0),
    changes: results.flatMap(({ changes }) => changes),
  });
}

/** Whole days are drawn, so that what a day's hours and miners have in common stays together. */
function resampled(days: readonly number[], seed: number): Resampled | undefined {
  if (days.length === 0) return undefined;
  const draw = drawing(seed);
  const mean = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;
  const means = Array.from({ length: learningLimits.resamples }, () => mean(days.map(() => days[Math.floor(draw() * days.length)] ?? 0))).sort((a, b) => a - b);
  const at = (share: number) => means[Math.min(means.length - 1, Math.floor(share * means.length))] ?? 0;
  return { value: mean(days), low: at(0.1), high: at(0.9) };
}

function cellsOf(hours: readonly LearningHour[]): Map<string, LearningHour[]> {
  const cells = new Map<string, LearningHour[]>();
  for (const hour of hours) {
    const key = `${hour.miner}\n${hour.preset}`;
    const known = cells.get(key);
    if (known === undefined) cells.set(key, [hour]);
    else known.push(hour);
  }
  return cells;
}

/** What the miner really did on the preset about that day; later hours serve too, since they only judge. */
function didOn(cell: readonly LearningHour[] = [], day: number): Did | undefined {
  const near = cell.filter(({ at }) => Math.abs(at - day - dayMs / 2) <= (learningLimits.outcomeDays + 0.5) * dayMs);
  const mean = (of: (hour: LearningHour) => number | undefined) => {
    const told = near.flatMap((hour) => of(hour) ?? []);
    return told.length === 0 ? undefined : told.reduce((total, value) => total + value, 0) / told.length;
  };
  const [hashrate, powerWatts] = [mean((hour) => hour.hashrate), mean((hour) => hour.powerWatts)];
  if (hashrate === undefined || powerWatts === undefined) return undefined;
  const hottest = near.reduce((most, { chipTemperature = -Infinity }) => Math.max(most, chipTemperature), -Infinity);
  return { hashrate, powerWatts, ...(hottest === -Infinity ? {} : { chipTemperature: hottest }) };
}

interface Day {
  readonly model: RatioModel;
  readonly empty: RatioModel;
  readonly past: readonly LearningHour[];
  readonly today: readonly LearningHour[];
  readonly did: (miner: string, preset: string) => Did | undefined;
  readonly options: BacktestOptions;
}

/** What was known of each miner when the day began: its last hour of the day before, and the presets that its model had shown by then. */
function factsBefore(day: number, past: readonly LearningHour[], circuitOf: ReadonlyMap<string, string>): MinerFacts[] {
  const presets = new Map<string, Map<string, Preset>>();
  const last = new Map<string, LearningHour>();
  const money = new Map<string, Money>();
  for (const hour of past) {
    const { model, preset: name, promised, miner, at } = hour;
    const known = presets.get(model) ?? new Map<string, Preset>();
    known.set(name, { name, label: '', tuned: true, needsModifiedPsu: false, hashrate: promised.hashrate, powerWatts: promised.powerWatts });
    presets.set(model, known);
    if (at < day - dayMs) continue;
    last.set(miner, hour);
    if (hour.money !== undefined) money.set(miner, hour.money);
  }
  return [...last.values()].map(({ miner, model, preset, powerWatts, chipTemperature, errorRatio }) => {
    const worth = money.get(miner);
    return defined<MinerFacts>({
      name: miner, model, site: 'fleet', circuit: circuitOf.get(miner), preset, asleep: false, presets: [...presets.get(model)?.values() ?? []], readAt: day, held: undefined,
      price: worth === undefined ? undefined : { basis: 'manual_price', usdPerMegahashDay: worth.hash * 1e6, feeRatio: 0 }, pricedAt: undefined,
      tariff: worth === undefined ? undefined : { usdPerKilowattHour: worth.watt / 0.024, overheadRatio: 0 }, powerPricesAhead: undefined,
      devfeeRatio: undefined, acceptedRatio: undefined, inletTemperature: undefined, powerWatts, chipTemperature, errorRatio, fanDutyRatio: undefined, fansDown: undefined, boardsLost: undefined,
      switcherLeastWatts: undefined, overheatTemperature: undefined, psuWatts: undefined,
    });
  });
}

function decideDay(day: number, { model, empty, past, today, did, options: { limits: given, circuitOf = new Map<string, string>() } }: Day): DayResult {
  // What a sleeping miner would have done cannot be scored, and nothing is known of sites: neither is decided.
  const limits: DecisionRules = { ...given, allowSleep: false, sites: undefined };
  const facts = factsBefore(day, past, circuitOf).filter(({ price }) => price !== undefined);
  const worth = pricesOf(today);
  const advised = (by: RatioModel, how: DecisionRules) => new Map(decide(facts, { model: by, limits: how, now: day }).flatMap((advice) => (advice.miner === undefined || advice.to === undefined || advice.kind === 'explore' ? [] : [[advice.miner, advice] as const])));
  const choices = { model: advised(model, limits), table: advised(empty, { ...limits, caution: 0, leastGainRatio: 0 }) };
  const result: DayResult & { compared: number } = { usd: { stay: 0, table: 0, model: 0 }, compared: 0, decisions: facts.length, scored: 0, switches: 0, hot: 0, overloaded: 0, sure: [], changes: [] };
  const watts = new Map<string, number | undefined>();
  for (const one of facts) {
    const { name, preset: from = '', circuit } = one;
    const money = worth(name);
    const ways = { stay: from, table: choices.table.get(name)?.to ?? from, model: choices.model.get(name)?.to ?? from };
    const chosen = did(name, ways.model);
    if (circuit !== undefined) watts.set(circuit, chosen === undefined || (watts.has(circuit) && watts.get(circuit) === undefined) ? undefined : (watts.get(circuit) ?? 0) + chosen.powerWatts);
    const changed = ways.model !== from;
    if (changed) {
      const probability = choices.model.get(name)?.probability;
      result.switches += 1;
      result.changes.push({ day, miner: name, from, to: ways.model, ...(probability === undefined ? {} : { probability }), scored: chosen !== undefined && money !== undefined });
    }
    // One that was hot already and stayed is no doing of advice.
    if (changed && (chosen?.chipTemperature ?? -Infinity) > (limits.temperatureLimit ?? rules.temperatureLimit)) result.hot += 1;
    const here = did(name, from);
    if (money === undefined || here === undefined) continue;
    if (chosen !== undefined) result.scored += 1;
    const earned = (policy: BacktestPolicy) => {
      const there = did(name, ways[policy]);
      return there === undefined ? undefined : profit(there, money) - (ways[policy] === from ? 0 : changeCost(here, there, money));
    };
    const [stay, table, byModel] = [earned('stay'), earned('table'), earned('model')];
    if (stay !== undefined && table !== undefined && byModel !== undefined) {
      result.compared += 1;
      result.usd.stay += stay;
      result.usd.table += table;
      result.usd.model += byModel;
    }
    result.sure.push(...sureOf(one, { model, limits, here, did, money }));
  }
  result.overloaded = [...watts].filter(([circuit, sum]) => sum !== undefined && sum > rules.continuousLoad * (limits.circuits?.get(circuit)?.breakerWatts ?? Infinity)).length;
  return result;
}

const profit = ({ hashrate, powerWatts }: Did, { hash, watt }: Money) => hash * hashrate - watt * powerWatts;
const changeCost = (here: Did, there: Did, { hash }: Money) => (Math.max(here.hashrate, there.hashrate) * hash * rules.switchMinutes) / 1440;

/** How sure the model was, of each preset that the miner ran beside its own, that a change would gain; and whether it did. */
function sureOf(facts: MinerFacts, { model, limits, here, did, money }: { model: RatioModel; limits: DecisionRules; here: Did; did: Day['did']; money: Money }): { said: number; came: number }[] {
  const ways = waysOf(facts, model, limits);
  const own = ways.find(({ preset }) => preset === facts.preset)?.profitUsdPerDay;
  const hash = (facts.price?.usdPerMegahashDay ?? 0) / 1e6;
  return ways.flatMap(({ preset, hashrate, profitUsdPerDay }) => {
    const there = preset === undefined || preset === facts.preset ? undefined : did(facts.name, preset);
    if (there === undefined || own === undefined || profitUsdPerDay === undefined) return [];
    const gain = profitUsdPerDay.value - own.value - (hashrate.value * hash * rules.switchMinutes) / 1440;
    const deviation = Math.hypot(profitUsdPerDay.deviation, own.deviation);
    return [{ said: deviation > 0 ? normalShare(gain / deviation) : Number(gain > 0), came: Number(profit(there, money) - profit(here, money) - changeCost(here, there, money) > 0) }];
  });
}

/** What hashes and watts were really worth on the day: of the miner, else the mean of the fleet. */
function pricesOf(today: readonly LearningHour[]): (miner: string) => Money | undefined {
  const gathered = new Map<string, Money[]>();
  for (const { miner, money } of today) {
    if (money === undefined) continue;
    const known = gathered.get(miner);
    if (known === undefined) gathered.set(miner, [money]);
    else known.push(money);
  }
  const mean = (all: readonly Money[]): Money => ({ hash: all.reduce((sum, { hash }) => sum + hash, 0) / all.length, watt: all.reduce((sum, { watt }) => sum + watt, 0) / all.length });
  const means = new Map([...gathered].map(([miner, all]) => [miner, mean(all)]));
  const all = means.size === 0 ? undefined : mean([...means.values()]);
  return (miner) => means.get(miner) ?? all;
}
