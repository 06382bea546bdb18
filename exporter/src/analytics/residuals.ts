/**
 * How far a miner's hour lies from what is expected of this miner on this preset, per signal, in its own standard deviations: positive
 * is above the expectation. Hashes, watts, warmth and errors are expected by the ratio model; fans, boards, volts and weak chips by the
 * miner's own first hours; what all miners of a rack have in common is the site's doing and taken out (intelligence.md, 5.3). Pure.
 */
import { airflowExponent, cellOf, warmthOf, type Hour } from './hours.ts';
import { median } from './peers.ts';
import { fitRatioModel, observedLog, predict, type Cell, type RatioModel, type Target } from './ratio-model.ts';

export const residualSignals = ['hashrate', 'power', 'heat', 'errors', 'fan', 'board', 'psu', 'chips', 'pool'] as const;
export type ResidualSignal = (typeof residualSignals)[number];

/**
 * Which way is bad, and the least standard deviation of an hour: below it lie rounding, sensors' steps and models that are too simple.
 * In the logarithm; chips in chips, the pool as part of the work.
 */
const signalFacts: Readonly<Record<ResidualSignal, { readonly bad: 1 | -1; readonly least: number }>> = {
  hashrate: { bad: -1, least: 0.006 }, power: { bad: 1, least: 0.006 }, heat: { bad: 1, least: 0.012 }, errors: { bad: 1, least: 0.2 },
  fan: { bad: -1, least: 0.012 }, board: { bad: -1, least: 0.008 }, psu: { bad: -1, least: 0.003 }, chips: { bad: 1, least: 0.8 }, pool: { bad: 1, least: 0.01 },
};

/** Where a median of six hourly z-scores alarms: no false alarm in a simulated month (intelligence.md, 5.3). */
export const alarmZ = 4;
/** Hours whose median counts. */
export const medianHours = 6;
/** A score beyond this says no more. */
const largestZ = 50;
/** Hours of a miner on a preset from which its expectation is made: a fault that grows slowly must not become what is expected. */
export const referenceHours = 48;
/** So many steady hours settle what is expected of a new miner or preset (intelligence.md, 5.3). */
export const settledHours = 12;
/** Fewer miners than these have nothing in common that could be told from one of them. */
const leastGroup = 5;

export interface Subject {
  readonly miner: string;
  readonly model: string;
  readonly site: string;
  readonly rack?: string | undefined;
  readonly circuit?: string | undefined;
}

interface Centre { readonly value: number; readonly hours: number }

/** Plain data. */
export interface Expectations {
  readonly ratios: RatioModel;
  /** Of each part by `miner part` or `miner preset part`. */
  readonly parts: ReadonlyMap<string, Centre>;
  /** Standard deviation of an hour, fleet-wide, by kind of part. */
  readonly spread: Readonly<Record<PartKind, number>>;
  /** rpm at no duty and for each unit of it, by model. */
  readonly fans: ReadonlyMap<string, { readonly base: number; readonly slope: number }>;
  readonly fullRpm: ReadonlyMap<string, number>;
  /** With which power of the air the heat leaves, by model. */
  readonly airflow: ReadonlyMap<string, number>;
  /** Logarithm of the volts that are usual, by `model preset`. */
  readonly volts: ReadonlyMap<string, number>;
  /** By miner and signal: its own standard deviation where that is more than the fleet's. */
  readonly own: ReadonlyMap<string, number>;
}

type PartKind = 'fan' | 'board' | 'psu' | 'chips';
interface Part { readonly kind: PartKind; readonly key: string; readonly value: number; readonly place?: number }

export interface Past { readonly subject: Subject; /** Hours that are what a sound miner does. */ readonly hours: readonly Hour[] }

export interface SignalResidual { readonly z: number; /** Board or fan that it is about. */ readonly place?: number }
export type Residuals = Readonly<Partial<Record<ResidualSignal, SignalResidual>>>;

/** Bad is positive. */
export function badness(signal: ResidualSignal, z: number): number {
  return z * signalFacts[signal].bad;
}

const defaultRpm = 6500;

/** What is read of the air by the miners themselves: the coolest board sensor, in the middle of each rack. */
function inlets(all: readonly { readonly subject: Subject; readonly hour: Hour }[]): Map<string, number> {
  const groups = new Map<string, number[]>();
  for (const { subject, hour } of all) {
    if (!hour.steady || hour.coolestTemperature === undefined) continue;
    const key = `${hour.at} ${rackOf(subject)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [hour.coolestTemperature]);
    else group.push(hour.coolestTemperature);
  }
  return new Map([...groups].flatMap(([key, values]) => (values.length < leastGroup ? [] : [[key, median(values)]])));
}

/** What was known when the hour was judged: among the hours that are kept, too few of one time may be left to tell it. */
function inletOf(subject: Subject, hour: Hour, air: ReadonlyMap<string, number>): number | undefined {
  return hour.inletTemperature ?? air.get(`${hour.at} ${rackOf(subject)}`);
}

function rackOf({ site, rack }: Subject): string {
  return `${site}\n${rack ?? ''}`;
}

function partsOf({ miner, model }: Subject, hour: Hour, { fans, volts }: Pick<Expectations, 'fans' | 'volts'>): Part[] {
  const parts: Part[] = [];
  const curve = fans.get(model);
  hour.fans.forEach((rpm, place) => {
    const usual = curve === undefined || hour.dutyRatio === undefined ? undefined : curve.base + curve.slope * hour.dutyRatio;
    if (rpm !== undefined && rpm > 0 && usual !== undefined && usual > 0) parts.push({ kind: 'fan', key: `${miner}\nfan${place}`, value: Math.log(rpm / usual), place });
  });
  const boards = hour.boards.flatMap((hashrate, place) => (hashrate === undefined || hashrate <= 0 ? [] : [{ hashrate, place }]));
  const total = boards.reduce((sum, { hashrate }) => sum + hashrate, 0);
  if (boards.length > 1) for (const { hashrate, place } of boards) parts.push({ kind: 'board', key: `${miner}\nboard${place}`, value: Math.log(hashrate / ((total - hashrate) / (boards.length - 1))), place });
  if (hour.volts !== undefined && hour.preset !== undefined) {
    // Beside what the preset has in common, a miner's volts are its own on all presets: a change of preset hides no sag.
    const usual = volts.get(`${model}\n${hour.preset}`);
    parts.push({ kind: 'psu', key: usual === undefined ? `${miner}\n${hour.preset}\nvolts` : `${miner}\nvolts`, value: Math.log(hour.volts) - (usual ?? 0) });
  }
  if (hour.weakChips !== undefined) parts.push({ kind: 'chips', key: `${miner}\nchips`, value: hour.weakChips });
  return parts;
}

/** Robust standard deviation about the middle. */
function spreadOf(values: readonly number[], least: number, few = 8): number {
  if (values.length < few) return least;
  const centre = median(values);
  return Math.max(least, 1.4826 * median(values.map((value) => Math.abs(value - centre))));
}

/** Least squares of rpm on duty. */
function fanCurve(points: readonly { readonly duty: number; readonly rpm: number }[]): { base: number; slope: number } | undefined {
  if (points.length === 0) return undefined;
  const mean = (of: (point: (typeof points)[number]) => number) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [duty, rpm] = [mean((point) => point.duty), mean((point) => point.rpm)];
  const variance = mean((point) => (point.duty - duty) ** 2);
  // Without any change of the duty the usual course is taken: in proportion.
  const slope = variance < 1e-4 ? rpm / Math.max(duty, 0.1) : mean((point) => (point.duty - duty) * (point.rpm - rpm)) / variance;
  return { base: rpm - slope * duty, slope };
}

/** So many squared logarithms of air weigh as much as what physics says of its exponent: 50 hours that differ by a tenth. */
const airflowWeight = 0.5;
/** Heat leaves by other ways than the air as well (paste, radiation), but never faster than in proportion to it. */
const airflowRange = [0.1, 1] as const;

/** By model: how the warmth of a miner on a preset goes with the air, over hours of different air. */
function airflowOf(rows: readonly { readonly subject: Subject; readonly hour: Hour }[], air: ReadonlyMap<string, number>, fullRpm: Expectations['fullRpm']): Map<string, number> {
  const cells = new Map<string, { model: string; points: { x: number; y: number }[] }>();
  for (const { subject, hour } of rows) {
    const warmth = warmthOf(hour, { inlet: inletOf(subject, hour, air), fullRpm: fullRpm.get(subject.model) ?? defaultRpm });
    if (warmth === undefined || !(warmth.over > 0) || !(warmth.air > 0)) continue;
    const key = `${subject.miner}\n${hour.preset ?? ''}`;
    const known = cells.get(key);
    const point = { x: Math.log(warmth.air), y: Math.log(warmth.over) };
    if (known === undefined) cells.set(key, { model: subject.model, points: [point] });
    else known.points.push(point);
  }
  const sums = new Map<string, { xx: number; xy: number }>();
  for (const { model, points } of cells.values()) {
    const [x, y] = [points.reduce((sum, one) => sum + one.x, 0) / points.length, points.reduce((sum, one) => sum + one.y, 0) / points.length];
    const known = sums.get(model) ?? { xx: airflowWeight, xy: -airflowWeight * airflowExponent };
    sums.set(model, points.reduce((sum, one) => ({ xx: sum.xx + (one.x - x) ** 2, xy: sum.xy + (one.x - x) * (one.y - y) }), known));
  }
  return new Map([...sums].map(([model, { xx, xy }]) => [model, Math.max(airflowRange[0], Math.min(airflowRange[1], -xy / xx))]));
}

/** What miners of a model have in common on a preset; of too few nothing can be said. */
function voltsOf(rows: readonly { readonly subject: Subject; readonly hour: Hour }[]): Map<string, number> {
  const groups = new Map<string, Map<string, number[]>>();
  for (const { subject: { miner, model }, hour } of rows) {
    if (hour.volts === undefined || hour.preset === undefined) continue;
    const key = `${model}\n${hour.preset}`;
    let group = groups.get(key);
    if (group === undefined) groups.set(key, group = new Map<string, number[]>());
    const known = group.get(miner);
    if (known === undefined) group.set(miner, [Math.log(hour.volts)]);
    else known.push(Math.log(hour.volts));
  }
  return new Map([...groups].flatMap(([key, miners]) => (miners.size < leastGroup ? [] : [[key, median([...miners.values()].map((values) => median(values)))]])));
}

export function learn(pasts: readonly Past[]): Expectations {
  const rows = pasts.flatMap(({ subject, hours }) => hours.filter(({ steady }) => steady).map((hour) => ({ subject, hour })));
  const points = new Map<string, { duty: number; rpm: number }[]>();
  for (const { subject: { model }, hour } of rows) {
    const speeds = hour.fans.filter((rpm) => rpm !== undefined && rpm > 0) as number[];
    if (hour.dutyRatio === undefined || speeds.length === 0) continue;
    const known = points.get(model);
    const point = { duty: hour.dutyRatio, rpm: median(speeds) };
    if (known === undefined) points.set(model, [point]);
    else known.push(point);
  }
  const fans = new Map([...points].flatMap(([model, list]) => {
    const curve = fanCurve(list);
    return curve === undefined ? [] : [[model, curve]];
  }));
  const fullRpm = new Map([...fans].map(([model, { base, slope }]) => [model, base + slope]));
  const air = inlets(rows);
  const airflow = airflowOf(rows, air, fullRpm);
  const volts = voltsOf(rows);
  const cells = rows.flatMap(({ subject, hour }): Cell[] => {
    const cell = cellOf(hour, { miner: subject.miner, model: subject.model, inlet: inletOf(subject, hour, air), fullRpm: fullRpm.get(subject.model) ?? defaultRpm, exponent: airflow.get(subject.model) });
    return cell === undefined ? [] : [cell];
  });
  const ratios = fitRatioModel(cells);
  const values = new Map<string, { kind: PartKind; values: number[] }>();
  for (const { subject, hour } of rows) for (const part of partsOf(subject, hour, { fans, volts })) {
    const known = values.get(part.key);
    if (known === undefined) values.set(part.key, { kind: part.kind, values: [part.value] });
    else known.values.push(part.value);
  }
  const parts = new Map<string, Centre>();
  const rest: Record<PartKind, number[]> = { fan: [], board: [], psu: [], chips: [] };
  const own = new Map<string, number>();
  for (const [key, { kind, values: list }] of values) {
    const centre = median(list);
    parts.set(key, { value: centre, hours: list.length });
    for (const value of list) rest[kind].push(value - centre);
    if (list.length >= settledHours) own.set(key, spreadOf(list, 0));
  }
  const misses = new Map<string, number[]>();
  for (const cell of cells) for (const target of ['hashrate', 'power', 'heat', 'errors'] as const) {
    const y = observedLog(target, cell);
    if (y === undefined) continue;
    const key = `${cell.miner}\n${target}`;
    const known = misses.get(key);
    const miss = y - predict(ratios, target, cell).log;
    if (known === undefined) misses.set(key, [miss]);
    else known.push(miss);
  }
  for (const [key, list] of misses) if (list.length >= settledHours) own.set(key, spreadOf(list, 0));
  const spread = Object.fromEntries(Object.entries(rest).map(([kind, list]) => [kind, spreadOf(list, signalFacts[kind as PartKind].least)])) as Record<PartKind, number>;
  return { ratios, parts, spread, fans, fullRpm, airflow, volts, own };
}

export interface Judged {
  readonly residuals: ReadonlyMap<string, Residuals>;
  /** By site and rack (`site\nrack`): how far its miners' heat lies from what is expected, in common; bad is positive. */
  readonly common: ReadonlyMap<string, Readonly<Partial<Record<'hashrate' | 'power' | 'heat', number>>>>;
  /** The air that went in, by miner, degrees Celsius. */
  readonly inlets: ReadonlyMap<string, number>;
}

/** How far what was never seen of a part lies from what is usual. */
const unseenPart: Readonly<Record<PartKind, number>> = { fan: 0.05, board: 0.03, psu: 0.02, chips: 4 };

/** One hour of all miners. */
export function judge(expectations: Expectations, all: readonly { readonly subject: Subject; readonly hour: Hour }[]): Judged {
  const air = inlets(all);
  const raw = new Map<string, Partial<Record<ResidualSignal, { y: number; scale: number; place?: number }>>>();
  const groups = new Map<string, Record<'hashrate' | 'power' | 'heat', { y: number[]; scale: number }>>();
  for (const { subject, hour } of all) {
    const of: Partial<Record<ResidualSignal, { y: number; scale: number; place?: number }>> = {};
    raw.set(subject.miner, of);
    if (hour.poolGap !== undefined) of.pool = { y: hour.poolGap.ratio, scale: Math.max(hour.poolGap.deviation, signalFacts.pool.least) };
    const cell = cellOf(hour, { miner: subject.miner, model: subject.model, inlet: inletOf(subject, hour, air), fullRpm: expectations.fullRpm.get(subject.model) ?? defaultRpm, exponent: expectations.airflow.get(subject.model) });
    if (cell === undefined) continue;
    for (const target of ['hashrate', 'power', 'heat', 'errors'] as const) ofTarget(target, cell, of);
    for (const part of partsOf(subject, hour, expectations)) ofPart(part, of);
    const rack = rackOf(subject);
    let group = groups.get(rack);
    if (group === undefined) groups.set(rack, group = { hashrate: { y: [], scale: 0 }, power: { y: [], scale: 0 }, heat: { y: [], scale: 0 } });
    for (const signal of ['hashrate', 'power', 'heat'] as const) {
      const one = of[signal];
      if (one === undefined) continue;
      group[signal].y.push(one.y);
      group[signal].scale = Math.max(group[signal].scale, one.scale);
    }
  }
  const middle = new Map([...groups].map(([rack, signals]) => [rack, Object.fromEntries(Object.entries(signals).map(([signal, { y }]) => [signal, y.length < leastGroup ? 0 : median(y)])) as Record<'hashrate' | 'power' | 'heat', number>]));
  // Miners of a rack that take a change of the air differently differ for no fault: their own scatter is part of what is usual.
  const scatter = new Map([...groups].map(([rack, signals]) => [rack, Object.fromEntries(Object.entries(signals).map(([signal, { y }]) => [signal, y.length < leastGroup ? 0 : spreadOf(y, 0, leastGroup)])) as Record<'hashrate' | 'power' | 'heat', number>]));
  const residuals = new Map<string, Residuals>();
  for (const { subject } of all) {
    const [shift, wide] = [middle.get(rackOf(subject)), scatter.get(rackOf(subject))];
    const seen = raw.get(subject.miner) ?? {};
    const scores: Partial<Record<ResidualSignal, SignalResidual>> = {};
    for (const signal of residualSignals) {
      const one = seen[signal];
      if (one === undefined) continue;
      const shared = signal === 'hashrate' || signal === 'power' || signal === 'heat' ? signal : undefined;
      const [common, more] = shared === undefined ? [0, 0] : [shift?.[shared] ?? 0, wide?.[shared] ?? 0];
      const z = clipped((one.y - common) / Math.hypot(one.scale, more));
      scores[signal] = one.place === undefined ? { z } : { z, place: one.place };
    }
    residuals.set(subject.miner, scores);
  }
  const common = new Map([...groups].map(([rack, signals]) => [rack, Object.fromEntries(Object.entries(signals).flatMap(([name, { y, scale }]) => {
    const signal = name as 'hashrate' | 'power' | 'heat';
    return y.length < leastGroup ? [] : [[signal, clipped((median(y) / scale) * signalFacts[signal].bad)]];
  }))]));
  return {
    residuals, common,
    inlets: new Map(all.flatMap(({ subject, hour }) => {
      const inlet = inletOf(subject, hour, air);
      return inlet === undefined ? [] : [[subject.miner, inlet]];
    })),
  };

  function ofTarget(target: Target, cell: Cell, into: Partial<Record<ResidualSignal, { y: number; scale: number; place?: number }>>): void {
    const y = observedLog(target, cell);
    if (y === undefined) return;
    const { log, spread, noise, presetHours } = predict(expectations.ratios, target, cell);
    // Warmth and errors of a preset that nobody ran are not expected to be anything.
    if (presetHours === 0 && (target === 'heat' || target === 'errors')) return;
    const scale = Math.hypot(Math.max(noise, expectations.own.get(`${cell.miner}\n${target}`) ?? 0, signalFacts[target].least), spread);
    into[target] = { y: y - log, scale };
  }

  function ofPart({ kind, key, value, place }: Part, into: Partial<Record<ResidualSignal, { y: number; scale: number; place?: number }>>): void {
    const centre = expectations.parts.get(key);
    if (centre === undefined) return;
    const y = value - centre.value;
    const noise = Math.max(expectations.spread[kind], expectations.own.get(key) ?? 0, signalFacts[kind].least);
    const scale = Math.hypot(noise, unseenPart[kind] / (1 + centre.hours));
    const known = into[kind];
    if (known === undefined || badness(kind, y / scale) > badness(kind, known.y / known.scale)) into[kind] = { y, scale, ...(place === undefined ? {} : { place }) };
  }
}

function clipped(z: number): number {
  return Number.isFinite(z) ? Math.max(-largestZ, Math.min(largestZ, Math.round(z * 1e5) / 1e5)) : 0;
}

/** Median of the last scores of a signal, oldest first; fewer than half of what is asked for say nothing. */
export function medianZ(last: readonly Residuals[], signal: ResidualSignal): SignalResidual | undefined {
  const scores: number[] = [];
  // Boards and fans are few: a list by place, and none where the signal has no places.
  let counts: number[] | undefined;
  let place: number | undefined;
  for (let index = Math.max(0, last.length - medianHours); index < last.length; index += 1) {
    const one = last[index]?.[signal];
    if (one === undefined) continue;
    scores.push(one.z);
    if (one.place === undefined) continue;
    counts ??= [];
    counts[one.place] = (counts[one.place] ?? 0) + 1;
  }
  if (scores.length < medianHours / 2) return undefined;
  for (let index = Math.max(0, last.length - medianHours); counts !== undefined && index < last.length; index += 1) {
    const seen = last[index]?.[signal]?.place;
    if (seen !== undefined && (place === undefined || (counts[seen] ?? 0) > (counts[place] ?? 0))) place = seen;
  }
  return place === undefined ? { z: median(scores) } : { z: median(scores), place };
}
