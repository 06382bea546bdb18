/**
 * Which preset each miner should run on, or whether it should sleep: the most profit within the limits of heat, power supply, errors,
 * fan, circuit and site (intelligence.md, 4.1 and 4.4). What is expected comes from the ratio model. Nothing is advised on stale data.
 * Pure.
 */
import { continuousLoadRatio } from '../config/schema.ts';
import { curtail, type CurtailOption } from '../analytics/curtailment.ts';
import type { Price, Tariff } from '../analytics/money.ts';
import { expectation, type Estimate, type RatioModel } from '../analytics/ratio-model.ts';
import { defined } from '../defined.ts';
import type { Preset } from '../miners/reading.ts';
import { adviceText } from './text.ts';

/** Every number of the decision with its unit and reason (intelligence.md, 4.4). */
export const rules = {
  /** One-sided 90 % of the normal distribution: half-width of an 80 % interval too. */
  oneSided: 1.2816,
  /** Degrees Celsius; the smaller of this and the firmware's overheat stop less a margin. */
  temperatureLimit: 84,
  overheatMargin: 8,
  /** Of the supply's rating. */
  psuShare: 0.9,
  /** 0 to 1. */
  mostErrors: 0.02,
  mostFan: 0.9,
  /** A breaker carries so much of its rating for hours. */
  continuousLoad: continuousLoadRatio,
  /** The gain counts with so many deviations taken off. */
  caution: 1,
  /** Minutes of work that a change costs, until it is learned. */
  switchMinutes: 30,
  /** Ms after which a reading, and a price, say nothing of now. */
  telemetryMs: 600_000,
  priceMs: 7_200_000,
  /** Evaluations in a row, on the same side, before advice is given; a reduction for safety is given at once. */
  evaluations: 3,
  evaluationMs: 900_000,
  /** Ms of rest after a change before the next one up, or down. */
  restUpMs: 21_600_000,
  restDownMs: 3_600_000,
  changesPerDay: 4,
  /** Hours that a miner sleeps at least. */
  sleepHours: 2,
  /** W of a miner that sleeps, where it was not measured: on the safe side of what control boards draw. */
  sleepWatts: 50,
  /** Of its promise, on a tuned preset: below it, it should be tuned anew. */
  retuneBelow: 0.95,
  retuneHours: 24,
  /** Another pool must pay so much more to be worth a word. */
  betterPrice: 0.05,
} as const;

export const adviceKinds = [
  'preset_change', 'sleep', 'wake', 'thermal_derate', 'circuit_rebalance', 'fan_or_cooling', 'maintenance', 'retune', 'switcher_conflict', 'explore', 'data_quality', 'algorithm_price',
] as const;
export type AdviceKind = (typeof adviceKinds)[number];

/** What is known of a miner when it is judged. */
export interface MinerFacts {
  readonly name: string;
  readonly model: string;
  readonly site: string;
  readonly circuit?: string | undefined;
  /** Undefined while it is not known; of a sleeping miner the preset that it would run on. */
  readonly preset?: string | undefined;
  readonly asleep: boolean;
  /** Why nothing may be advised on it, as "it is under maintenance". */
  readonly held?: string | undefined;
  readonly presets: readonly Preset[];
  /** Unix ms of the reading. */
  readonly readAt?: number | undefined;
  readonly price?: Price | undefined;
  /** Unix ms of the price; absent for one that does not age. */
  readonly pricedAt?: number | undefined;
  readonly tariff?: Tariff | undefined;
  /** USD per kWh of each of the next hours, the present one first. */
  readonly powerPricesAhead?: readonly number[] | undefined;
  /** Share of the hashes that the firmware keeps. */
  readonly devfeeRatio?: number | undefined;
  /** Accepted of all shares; 1 when absent. */
  readonly acceptedRatio?: number | undefined;
  readonly inletTemperature?: number | undefined;
  readonly powerWatts?: number | undefined;
  readonly chipTemperature?: number | undefined;
  readonly errorRatio?: number | undefined;
  readonly fanDutyRatio?: number | undefined;
  readonly fansDown?: number | undefined;
  readonly boardsLost?: number | undefined;
  /** W below which the firmware's own switcher climbs back; absent while it is off. */
  readonly switcherLeastWatts?: number | undefined;
  /** Degrees Celsius at which the firmware stops it. */
  readonly overheatTemperature?: number | undefined;
  /** W that its power supply is rated for. */
  readonly psuWatts?: number | undefined;
}

export interface DecisionRules {
  readonly leastGainUsdPerDay: number;
  /** Of the present profit's size. */
  readonly leastGainRatio: number;
  readonly allowSleep: boolean;
  readonly temperatureLimit?: number | undefined;
  /** W of the lowest and the highest preset that the operator allows. */
  readonly leastPresetWatts?: number | undefined;
  readonly mostPresetWatts?: number | undefined;
  /** Minutes of work that a change costs, and deviations that are taken off: those of the table when absent. */
  readonly switchMinutes?: number | undefined;
  readonly caution?: number | undefined;
  /** W of the breaker by circuit. */
  readonly circuits?: ReadonlyMap<string, { readonly breakerWatts: number; readonly inrushReserveRatio: number }> | undefined;
  /** W by site. */
  readonly sites?: ReadonlyMap<string, number> | undefined;
}

export type Obstacle = 'range' | 'untuned' | 'power_supply' | 'temperature' | 'errors' | 'fan' | 'unknown';

/** One way in which a miner could run, with what is expected of it. */
export interface Way {
  /** Undefined: it sleeps. */
  readonly preset?: string;
  readonly tuned: boolean;
  /** H/s. */
  readonly hashrate: Estimate;
  readonly powerWatts: Estimate;
  readonly chipTemperature?: Estimate;
  /** Hours that the miner ran so. */
  readonly hours: number;
  readonly profitUsdPerDay?: Estimate;
  /** USD per kWh up to which it earns its power. */
  readonly breakevenUsdPerKilowattHour?: number;
  /** USD per kWh below which it beats the next lower preset. */
  readonly stepBreakevenUsdPerKilowattHour?: number;
  /** Why it may not run so. */
  readonly obstacle?: Obstacle;
}

/** A figure with its 80 % interval. */
export interface Interval { readonly value: number; readonly low: number; readonly high: number }

export interface Advice {
  readonly kind: AdviceKind;
  /** The miner, or the fleet where absent. */
  readonly miner?: string;
  readonly from?: string;
  /** A preset, or "sleep". */
  readonly to?: string;
  /** For safety: it is given at once. */
  readonly urgent: boolean;
  readonly side?: 'up' | 'down';
  readonly expected?: { readonly hashrate: Interval; readonly powerWatts: Interval; readonly chipTemperature?: Interval; readonly usdPerDay?: Interval };
  readonly breakevenUsdPerKilowattHour?: number;
  /** That it gains anything, 0 to 1. */
  readonly probability?: number;
  readonly evidence: { readonly hoursHere?: number; readonly hoursThere?: number; readonly modelHours: number };
  /** What keeps it from a better choice; "none" where nothing does. */
  readonly binding?: string;
  /** USD a day by which each would gain, best first. */
  readonly alternatives: readonly { readonly to: string; readonly usdPerDay: number }[];
  readonly text: string;
}

/** The normal distribution function (Abramowitz and Stegun, 7.1.26: off by less than 2e-7). */
export function normalShare(x: number): number {
  const t = 1 / (1 + 0.3275911 * (Math.abs(x) / Math.SQRT2));
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-(x * x) / 2);
  return x >= 0 ? 1 - tail / 2 : tail / 2;
}

/** USD a day for one H/s, and for one W. */
function unitMoney({ price, tariff, devfeeRatio = 0, acceptedRatio = 1 }: MinerFacts): { readonly hash: number; readonly watt: number } | undefined {
  if (price === undefined || tariff === undefined) return undefined;
  return { hash: (price.usdPerMegahashDay * (1 - price.feeRatio) * (1 - devfeeRatio) * acceptedRatio) / 1e6, watt: tariff.usdPerKilowattHour * 0.024 * (1 + tariff.overheadRatio) * (tariff.meterRatio ?? 1) };
}

const promisedWatts = ({ presets }: MinerFacts, { preset }: Way) => presets.find(({ name }) => name === preset)?.powerWatts ?? Infinity;
const upper = ({ value, deviation }: Estimate) => value + rules.oneSided * deviation;
const keyOf = ({ preset }: Way) => preset ?? 'sleep';

/** Every preset that says what it promises, by growing watts, then sleep. */
export function waysOf(facts: MinerFacts, model: RatioModel, limits: DecisionRules): Way[] {
  const money = unitMoney(facts);
  const profit = (hashrate: Estimate, watts: Estimate) => (money === undefined ? undefined : { value: money.hash * hashrate.value - money.watt * watts.value, deviation: Math.hypot(money.hash * hashrate.deviation, money.watt * watts.deviation) });
  const overWatt = money === undefined || facts.tariff === undefined ? undefined : money.hash / (0.024 * (1 + facts.tariff.overheadRatio) * (facts.tariff.meterRatio ?? 1));
  const ways = facts.presets.flatMap((preset): { preset: Preset; way: Way }[] => {
    const { name, hashrate, powerWatts, tuned } = preset;
    if (hashrate === undefined || powerWatts === undefined || !(hashrate > 0) || !(powerWatts > 0)) return [];
    const found = expectation(model, { miner: facts.name, model: facts.model, preset: name, promised: { hashrate, powerWatts }, inletTemperature: facts.inletTemperature });
    return [{ preset, way: defined<Way>({
      preset: name, tuned, hashrate: found.hashrate, powerWatts: found.powerWatts, chipTemperature: found.chipTemperature, hours: found.hours,
      profitUsdPerDay: profit(found.hashrate, found.powerWatts),
      breakevenUsdPerKilowattHour: overWatt === undefined ? undefined : (overWatt * found.hashrate.value) / found.powerWatts.value,
      stepBreakevenUsdPerKilowattHour: undefined,
      obstacle: obstacleOf(preset, facts, { limits, found }),
    }) }];
  }).sort((a, b) => a.way.powerWatts.value - b.way.powerWatts.value).map(({ way }) => way);
  const stepped = ways.map((way, index): Way => {
    const step = stepPrice(ways[index - 1], way, overWatt);
    return step === undefined ? way : { ...way, stepBreakevenUsdPerKilowattHour: step };
  });
  const [hashrate, powerWatts] = [{ value: 0, deviation: 0 }, { value: facts.asleep ? facts.powerWatts ?? rules.sleepWatts : rules.sleepWatts, deviation: 0 }];
  const slept = profit(hashrate, powerWatts);
  return [...stepped, { tuned: true, hashrate, powerWatts, hours: 0, ...(slept === undefined ? {} : { profitUsdPerDay: slept }) }];
}

function stepPrice(low: Way | undefined, high: Way, overWatt: number | undefined): number | undefined {
  if (low === undefined || overWatt === undefined) return undefined;
  const [hashes, watts] = [high.hashrate.value - low.hashrate.value, high.powerWatts.value - low.powerWatts.value];
  return hashes > 0 && watts > 0 ? (overWatt * hashes) / watts : undefined;
}

function obstacleOf({ name, tuned, needsModifiedPsu, powerWatts = 0 }: Preset, facts: MinerFacts, { limits, found }: { limits: DecisionRules; found: ReturnType<typeof expectation> }): Obstacle | undefined {
  const here = name === facts.preset && !facts.asleep;
  if (powerWatts < (limits.leastPresetWatts ?? 0) || powerWatts > (limits.mostPresetWatts ?? Infinity)) return 'range';
  if (needsModifiedPsu && !here) return 'power_supply';
  if (facts.psuWatts !== undefined && upper(found.powerWatts) > rules.psuShare * facts.psuWatts) return 'power_supply';
  const most = temperatureLimit(facts, limits);
  // What is measured counts where it is worse than what is expected.
  if (found.chipTemperature !== undefined && upper(found.chipTemperature) > most) return 'temperature';
  const current = facts.presets.find((one) => one.name === facts.preset)?.powerWatts;
  if ((here || (current !== undefined && powerWatts >= current)) && (facts.chipTemperature ?? -Infinity) > most) return 'temperature';
  if (found.errorRatio !== undefined && upper(found.errorRatio) > rules.mostErrors) return 'errors';
  // Hotter air needs more fan than there is: nothing above the present watts.
  if (!here && (facts.fanDutyRatio ?? 0) > rules.mostFan && current !== undefined && powerWatts >= current) return 'fan';
  // As long as nothing was learned of its heat, a miner near its limit gets no more watts.
  if (!here && found.chipTemperature === undefined && current !== undefined && powerWatts > current && (facts.chipTemperature ?? -Infinity) > most - rules.overheatMargin) return 'temperature';
  return tuned || here ? undefined : 'untuned';
}

export function temperatureLimit({ overheatTemperature = Infinity }: Pick<MinerFacts, 'overheatTemperature'>, { temperatureLimit: most = rules.temperatureLimit }: Pick<DecisionRules, 'temperatureLimit'>): number {
  return Math.min(most, overheatTemperature - rules.overheatMargin);
}

/** Why nothing can be advised on a miner now; undefined when it can. */
export function unfitBecause(facts: MinerFacts, now: number): string | undefined {
  const { readAt, preset, price, pricedAt, tariff, presets } = facts;
  if (readAt === undefined) return 'it was not read yet';
  if (now - readAt > rules.telemetryMs) return `its last reading is ${Math.round((now - readAt) / 60_000)} min old`;
  if (facts.held !== undefined) return facts.held;
  if (preset === undefined) return 'it does not say which preset it runs on';
  if (price === undefined) return 'no price of its hashes is known, or it is too old';
  if (pricedAt !== undefined && now - pricedAt > rules.priceMs) return `the price of its hashes is ${Math.round((now - pricedAt) / 60_000)} min old`;
  if (tariff === undefined) return 'its site has no price of electricity';
  if (!presets.some((one) => one.name === preset && one.hashrate !== undefined && one.powerWatts !== undefined)) return 'what its preset promises is not known';
  return undefined;
}

interface Judged { readonly facts: MinerFacts; readonly ways: readonly Way[]; readonly here: Way; readonly choices: readonly { readonly way: Way; readonly gain: Estimate }[]; readonly options: readonly (CurtailOption & { readonly way: Way })[] }

/** @throws RangeError for two miners of one name */
export function decide(miners: readonly MinerFacts[], { model, limits, now }: { model: RatioModel; limits: DecisionRules; now: number }): Advice[] {
  if (new Set(miners.map(({ name }) => name)).size !== miners.length) throw new RangeError('two miners have one name');
  const judged = new Map<string, Judged>();
  const found: Advice[] = [];
  const base = { urgent: false, evidence: { modelHours: model.hours }, alternatives: [] };
  for (const facts of miners) {
    const because = unfitBecause(facts, now);
    if (because === undefined) judged.set(facts.name, judge(facts, waysOf(facts, model, limits), limits));
    else if (facts.held === undefined) found.push({ ...base, kind: 'data_quality', miner: facts.name, text: `${facts.name}: nothing is advised, since ${because}.` });
  }
  const places = chosen(miners, judged, limits);
  for (const one of judged.values()) {
    const place = places.get(one.facts.name) ?? 0;
    const way = one.options[place]?.way ?? one.here;
    const free = one.options[0]?.way ?? one.here;
    const change = way === one.here ? undefined : changeAdvice(one, { way, free, model });
    if (change !== undefined) found.push(change);
    found.push(...remarks(one, model, change === undefined));
  }
  return found;
}

/** What is open to a miner, the best first, as if nothing were shared. */
function judge(facts: MinerFacts, ways: readonly Way[], limits: DecisionRules): Judged {
  const sleep = ways.at(-1);
  const here = (facts.asleep ? undefined : ways.find(({ preset }) => preset === facts.preset)) ?? sleep;
  if (here === undefined) throw new RangeError(`${facts.name} has no way to run`);
  const lost = (limits.switchMinutes ?? rules.switchMinutes) / 1440;
  const money = unitMoney(facts) ?? { hash: 0, watt: 0 };
  const gainOf = (way: Way): Estimate => {
    const [there, now] = [way.profitUsdPerDay ?? { value: 0, deviation: 0 }, here.profitUsdPerDay ?? { value: 0, deviation: 0 }];
    // A change costs the work of some minutes, spread over the day for which it is judged.
    const cost = way === here ? 0 : Math.max(way.hashrate.value, here.hashrate.value) * money.hash * lost;
    return { value: there.value - now.value - cost, deviation: way === here ? 0 : Math.hypot(there.deviation, now.deviation) };
  };
  const open = ways.filter((way) => way.obstacle === undefined && (way.preset !== undefined || mayBeOff(facts, ways, limits)));
  const choices = open.map((way) => ({ way, gain: gainOf(way) }));
  const gate = Math.max(limits.leastGainUsdPerDay, limits.leastGainRatio * Math.abs(here.profitUsdPerDay?.value ?? 0));
  const options = choices.map(({ way, gain }) => ({
    way, off: way.preset === undefined, value: way === here ? 0 : gain.value - (limits.caution ?? rules.caution) * gain.deviation - gate,
    watts: way === here ? Math.max(upper(way.powerWatts), facts.powerWatts ?? 0) : upper(way.powerWatts),
  })).sort((a, b) => b.value - a.value || a.watts - b.watts);
  return { facts, ways, here, choices, options };
}

/** Asleep already, or allowed to be and without profit on every preset for as long as it would sleep at least. */
function mayBeOff(facts: MinerFacts, ways: readonly Way[], { allowSleep }: DecisionRules): boolean {
  if (facts.asleep) return true;
  const { powerPricesAhead: ahead = [], tariff } = facts;
  const money = unitMoney(facts);
  if (!allowSleep || money === undefined || tariff === undefined || ahead.length < rules.sleepHours) return false;
  const running = ways.filter(({ preset, obstacle }) => preset !== undefined && obstacle === undefined);
  return ahead.slice(0, rules.sleepHours).every((usd) => {
    const watt = usd * 0.024 * (1 + tariff.overheadRatio) * (tariff.meterRatio ?? 1);
    return running.every(({ hashrate, powerWatts }) => money.hash * hashrate.value < watt * powerWatts.value);
  });
}

/** The most profit within circuits and sites, exactly where that can be done in about a second (curtailment.ts). */
function chosen(miners: readonly MinerFacts[], judged: ReadonlyMap<string, Judged>, limits: DecisionRules): Map<string, number> {
  const places = new Map<string, number>();
  const siteNames = new Set(miners.map(({ site }) => site));
  for (const site of siteNames) {
    const here = miners.filter((one) => one.site === site);
    const circuits = new Map([...limits.circuits ?? []].flatMap(([circuit, limit]) => {
      const members = here.filter((one) => one.circuit === circuit);
      return members.length === 0 ? [] : [[circuit, roomOf(members, judged, limit)] as const];
    }));
    const capped = here.filter(({ circuit }) => limits.sites?.has(site) === true || (circuit !== undefined && circuits.has(circuit)));
    if (capped.length === 0) continue;
    const fixed = (one: MinerFacts): CurtailOption => ({ watts: wattsNow(one) ?? 0, value: 0, off: one.asleep });
    const list = capped.map((one) => {
      const options = judged.get(one.name)?.options ?? [];
      return { name: one.name, circuit: one.circuit !== undefined && circuits.has(one.circuit) ? one.circuit : undefined, options: options.length === 0 ? [fixed(one)] : options };
    });
    const plan = (group: typeof list, watts: number) => {
      for (const [name, place] of curtail(group, { watts, circuits }).choice) places.set(name, place);
    };
    const siteWatts = limits.sites?.get(site);
    if (siteWatts !== undefined) plan(list, siteWatts);
    // Circuits without a site's limit have nothing to do with each other.
    else for (const [circuit, room] of circuits) plan(list.filter((one) => one.circuit === circuit), room);
  }
  return places;
}

const wattsNow = ({ powerWatts, preset, presets }: MinerFacts) => powerWatts ?? presets.find(({ name }) => name === preset)?.powerWatts;

/** W that the members of a circuit may draw for hours. Where one of them does not say what it draws, the others do not draw more than now. */
export function roomOf(members: readonly MinerFacts[], judged: ReadonlyMap<string, { readonly options: readonly CurtailOption[] }>, { breakerWatts, inrushReserveRatio }: { readonly breakerWatts: number; readonly inrushReserveRatio: number }): number {
  const largest = Math.max(0, ...members.map((one) => Math.max(wattsNow(one) ?? 0, ...(judged.get(one.name)?.options ?? []).map(({ watts }) => watts).filter((watts) => watts <= rules.continuousLoad * breakerWatts))));
  const room = rules.continuousLoad * breakerWatts - inrushReserveRatio * largest;
  const now = members.map(wattsNow);
  return now.some((watts) => watts === undefined) ? Math.min(room, now.reduce<number>((sum, watts) => sum + (watts ?? 0), 0)) : room;
}

const interval = ({ value, deviation }: Estimate): Interval => ({ value, low: value - rules.oneSided * deviation, high: value + rules.oneSided * deviation });
const difference = (there: Estimate, here: Estimate): Estimate => ({ value: there.value - here.value, deviation: Math.hypot(there.deviation, here.deviation) });

interface Chosen { readonly way: Way; readonly free: Way; readonly model: RatioModel }

function changeAdvice({ facts, here, choices, options, ways }: Judged, { way, free, model }: Chosen): Advice | undefined {
  const gain = choices.find((one) => one.way === way)?.gain;
  if (gain === undefined) return undefined;
  const side = way.powerWatts.value >= here.powerWatts.value ? 'up' : 'down';
  const unsafe = here.obstacle === 'temperature' || here.obstacle === 'power_supply' || here.obstacle === 'errors' || here.obstacle === 'fan';
  const crowded = way !== free && !unsafe;
  const forced = crowded && (options.find((one) => one.way === way)?.value ?? 0) < 0;
  // Out of the operator's range is a reason to change, but none to hurry; without hashes to lose nothing is advised at a loss.
  if (!unsafe && !forced && here.obstacle === undefined && (options.find((one) => one.way === way)?.value ?? 0) <= 0) return undefined;
  const change = way.preset === undefined ? 'sleep' : facts.asleep ? 'wake' : here.obstacle === 'temperature' ? 'thermal_derate' : forced ? 'circuit_rebalance' : 'preset_change';
  const kind: AdviceKind = promisedWatts(facts, way) < (facts.switcherLeastWatts ?? 0) ? 'switcher_conflict' : change;
  const better = ways.filter((one) => one.obstacle !== undefined && one.obstacle !== 'untuned' && (one.profitUsdPerDay?.value ?? -Infinity) > (way.profitUsdPerDay?.value ?? 0));
  const heat = way.chipTemperature === undefined || here.chipTemperature === undefined ? undefined : interval(difference(way.chipTemperature, here.chipTemperature));
  const [low, high] = side === 'up' ? [here, way] : [way, here];
  const money = unitMoney(facts);
  const step = money === undefined || facts.tariff === undefined ? undefined : stepPrice(low, high, money.hash / (0.024 * (1 + facts.tariff.overheadRatio) * (facts.tariff.meterRatio ?? 1)));
  const advice = defined<Omit<Advice, 'text'>>({
    kind, miner: facts.name, from: keyOf(here), to: keyOf(way), side, urgent: side === 'down' && (unsafe || forced),
    expected: defined<NonNullable<Advice['expected']>>({ hashrate: interval(difference(way.hashrate, here.hashrate)), powerWatts: interval(difference(way.powerWatts, here.powerWatts)), chipTemperature: heat, usdPerDay: interval(gain) }),
    breakevenUsdPerKilowattHour: step,
    probability: gain.deviation > 0 ? normalShare(gain.value / gain.deviation) : Number(gain.value > 0),
    evidence: { hoursHere: here.hours, hoursThere: way.hours, modelHours: model.hours },
    binding: crowded ? `circuit ${facts.circuit ?? ''} or site ${facts.site}` : unsafe ? here.obstacle : better[0]?.obstacle ?? 'none',
    alternatives: choices.filter((one) => one.way !== way && one.way !== here).sort((a, b) => b.gain.value - a.gain.value).slice(0, 3).map((one) => ({ to: keyOf(one.way), usdPerDay: one.gain.value })),
  });
  return { ...advice, text: adviceText(advice, facts) };
}

/** What a person should look at, apart from presets. */
function remarks({ facts, here, ways }: Judged, model: RatioModel, unchanged: boolean): Advice[] {
  const { name } = facts;
  const base = { miner: name, urgent: false, evidence: { hoursHere: here.hours, modelHours: model.hours }, alternatives: [] };
  const said: Advice[] = [];
  if ((facts.boardsLost ?? 0) > 0) said.push({ ...base, kind: 'maintenance', text: `${name}: ${facts.boardsLost ?? 0} of its boards gone. Look at cables and boards.` });
  if ((facts.fansDown ?? 0) > 0) said.push({ ...base, kind: 'fan_or_cooling', text: `${name}: ${facts.fansDown ?? 0} of its fans stand still. Replace them.` });
  else if ((facts.fanDutyRatio ?? 0) > rules.mostFan) said.push({ ...base, kind: 'fan_or_cooling', text: `${name}: its fans run at ${((facts.fanDutyRatio ?? 0) * 100).toFixed(0)} %, above ${rules.mostFan * 100} %. Clean it, or give it cooler air.` });
  if (unchanged && here.obstacle === 'temperature') said.push({ ...base, kind: 'fan_or_cooling', urgent: true, text: `${name}: too hot on preset ${here.preset ?? ''}, and no other preset that it may run on keeps the limit. Cool it, or stop it.` });
  const promised = facts.presets.find((one) => one.name === here.preset)?.hashrate;
  const share = promised === undefined ? 1 : here.hashrate.value / promised;
  if (here.tuned && here.hours >= rules.retuneHours && share < rules.retuneBelow) {
    said.push({ ...base, kind: 'retune', text: `${name}: does ${(share * 100).toFixed(1)} % of what preset ${here.preset ?? ''} promises, over ${here.hours} h. Tune it anew, with the air as it is now.` });
  }
  const at = ways.indexOf(here);
  const untuned = [ways[at - 1], ways[at + 1]].find((way) => way?.obstacle === 'untuned' && way.preset !== undefined && (way.profitUsdPerDay?.value ?? -Infinity) > (here.profitUsdPerDay?.value ?? Infinity));
  if (unchanged && untuned?.profitUsdPerDay !== undefined && here.profitUsdPerDay !== undefined) {
    const more = difference(untuned.profitUsdPerDay, here.profitUsdPerDay);
    said.push({
      ...base, kind: 'explore', from: keyOf(here), to: keyOf(untuned), probability: normalShare(more.value / Math.max(more.deviation, 1e-9)),
      expected: { hashrate: interval(difference(untuned.hashrate, here.hashrate)), powerWatts: interval(difference(untuned.powerWatts, here.powerWatts)), usdPerDay: interval(more) },
      text: `${name}: preset ${keyOf(untuned)} was never tuned here. Its promise would bring ${more.value.toFixed(2)} USD a day more (80 %: ${interval(more).low.toFixed(2)} to ${interval(more).high.toFixed(2)}). Tuning takes hours; try it if you like.`,
    });
  }
  return said;
}

/** What pools pay, as information: nothing is done about it. Prices in USD for 1 MH/s and day after fees. */
export function priceAdvice(pools: readonly { readonly name: string; readonly usdPerMegahashDay: number; readonly used: boolean }[]): Advice[] {
  const used = pools.filter((one) => one.used).sort((a, b) => b.usdPerMegahashDay - a.usdPerMegahashDay)[0];
  const best = [...pools].sort((a, b) => b.usdPerMegahashDay - a.usdPerMegahashDay)[0];
  if (used === undefined || best === undefined || best.usdPerMegahashDay < used.usdPerMegahashDay * (1 + rules.betterPrice)) return [];
  const more = (best.usdPerMegahashDay / used.usdPerMegahashDay - 1) * 100;
  return [{
    kind: 'algorithm_price', from: used.name, to: best.name, urgent: false, evidence: { modelHours: 0 }, alternatives: [],
    text: `Pool ${best.name} says that it pays ${best.usdPerMegahashDay.toPrecision(3)} USD for 1 MH/s and day after fees, ${more.toFixed(1)} % more than ${used.name}. Both are the pools' own words.`,
  }];
}

/** How often in a row the same was found, by miner. */
export type Standings = ReadonlyMap<string, { readonly to: string; readonly side: 'up' | 'down'; readonly count: number }>;

/**
 * Which of the advice is given, after so many evaluations on the same side: what was changed lately rests. Advice without a change is
 * given at once.
 */
export function settled(found: readonly Advice[], { standings, changes, now }: { standings: Standings; changes: (miner: string) => readonly { readonly at: number }[]; now: number }): { readonly given: Advice[]; readonly standings: Standings } {
  const next = new Map<string, { to: string; side: 'up' | 'down'; count: number }>();
  const given = found.filter((advice) => {
    const { miner, side, to, urgent, kind } = advice;
    if (miner === undefined || side === undefined || to === undefined || kind === 'explore') return true;
    const before = standings.get(miner);
    const count = before?.side === side ? before.count + 1 : 1;
    next.set(miner, { to, side, count });
    if (urgent) return true;
    const made = changes(miner);
    const last = Math.max(-Infinity, ...made.map(({ at }) => at));
    return count >= rules.evaluations && now - last >= (side === 'up' ? rules.restUpMs : rules.restDownMs) && made.filter(({ at }) => at > now - 86_400_000).length < rules.changesPerDay;
  });
  return { given, standings: next };
}
