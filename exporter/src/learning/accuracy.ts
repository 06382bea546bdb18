/** How well hours were foretold: sums that can be added up over days. Pure. */
import { expectation, predict, type Cell, type RatioModel } from '../analytics/ratio-model.ts';

/** Half-width of an 80 % interval in standard deviations. */
const z80 = 1.2816;

export interface Foretold {
  readonly hashrate?: number | undefined;
  readonly powerWatts?: number | undefined;
  readonly chipTemperature?: number | undefined;
  /** The share of figures whose 80 % interval held them is counted only where this is told: standard deviations in the logarithm. */
  readonly spread?: { readonly hashrate: number; readonly power: number };
}

/** Sums over hours. */
export interface Errors {
  hashrate: number; hashrateHours: number;
  power: number; powerHours: number;
  degrees: number; degreeHours: number;
  inside: number; intervals: number;
}

export interface Accuracy {
  /** Mean absolute error as a part of what was measured. */
  readonly hashrate?: number;
  readonly power?: number;
  /** Mean absolute error, degrees Celsius. */
  readonly chipTemperature?: number;
  /** Part of the hashrates and watts that lay within their 80 % interval. */
  readonly coverage?: number;
  readonly hours: number;
}

export function noErrors(): Errors {
  return { hashrate: 0, hashrateHours: 0, power: 0, powerHours: 0, degrees: 0, degreeHours: 0, inside: 0, intervals: 0 };
}

export function addErrors(errors: Errors, { hashrate, powerWatts, chipTemperature }: Cell, { spread, ...told }: Foretold): void {
  const pair = (name: 'hashrate' | 'power', measured: number | undefined, expected: number | undefined) => {
    if (measured === undefined || expected === undefined || !(measured > 0) || !(expected > 0)) return;
    errors[name] += Math.abs(expected / measured - 1);
    errors[`${name}Hours`] += 1;
    if (spread === undefined) return;
    errors.intervals += 1;
    errors.inside += Number(Math.abs(Math.log(measured / expected)) <= z80 * spread[name]);
  };
  pair('hashrate', hashrate, told.hashrate);
  pair('power', powerWatts, told.powerWatts);
  if (chipTemperature === undefined || told.chipTemperature === undefined) return;
  errors.degrees += Math.abs(chipTemperature - told.chipTemperature);
  errors.degreeHours += 1;
}

export function sumErrors(all: readonly Errors[]): Errors {
  const sum = noErrors();
  for (const one of all) for (const key of Object.keys(sum) as (keyof Errors)[]) sum[key] += one[key];
  return sum;
}

export function accuracyOf({ hashrate, hashrateHours, power, powerHours, degrees, degreeHours, inside, intervals }: Errors): Accuracy {
  const mean = (sum: number, count: number) => (count === 0 ? undefined : sum / count);
  const [h, w, t, coverage] = [mean(hashrate, hashrateHours), mean(power, powerHours), mean(degrees, degreeHours), mean(inside, intervals)];
  return {
    ...(h === undefined ? {} : { hashrate: h }), ...(w === undefined ? {} : { power: w }), ...(t === undefined ? {} : { chipTemperature: t }), ...(coverage === undefined ? {} : { coverage }),
    hours: Math.max(hashrateHours, powerHours),
  };
}

export function foretoldBy(model: RatioModel, cell: Cell): Foretold {
  const { hashrate, powerWatts, chipTemperature } = expectation(model, cell);
  const wide = (target: 'hashrate' | 'power') => {
    const { spread, noise } = predict(model, target, cell);
    return Math.hypot(spread, noise);
  };
  return { hashrate: hashrate.value, powerWatts: powerWatts.value, chipTemperature: chipTemperature?.value, spread: { hashrate: wide('hashrate'), power: wide('power') } };
}

/** What the preset promises; it promises no temperature. */
export function foretoldByTable({ promised: { hashrate, powerWatts } }: Cell): Foretold {
  return { hashrate, powerWatts };
}

/** As in the last day: the miner's mean on this preset, else what it did of its promise, else the promise. */
export function lastDayMeans(lastDay: readonly Cell[]): (cell: Cell) => Foretold {
  const gathered = new Map<string, { readonly cells: Cell[] }>();
  for (const cell of lastDay) for (const key of [`${cell.miner}\n${cell.preset}`, cell.miner]) {
    const known = gathered.get(key);
    if (known === undefined) gathered.set(key, { cells: [cell] });
    else known.cells.push(cell);
  }
  const mean = (values: readonly (number | undefined)[]) => {
    const told = values.filter((value) => value !== undefined);
    return told.length === 0 ? undefined : told.reduce((sum, value) => sum + value, 0) / told.length;
  };
  const made = new Map([...gathered].map(([key, { cells }]) => [key, {
    hashrate: mean(cells.map(({ hashrate, promised }) => (hashrate === undefined ? undefined : hashrate / promised.hashrate))),
    power: mean(cells.map(({ powerWatts, promised }) => (powerWatts === undefined ? undefined : powerWatts / promised.powerWatts))),
    chipTemperature: mean(cells.map(({ chipTemperature }) => chipTemperature)),
  }]));
  return (cell) => {
    const [same, any] = [made.get(`${cell.miner}\n${cell.preset}`), made.get(cell.miner)];
    return {
      hashrate: cell.promised.hashrate * (same?.hashrate ?? any?.hashrate ?? 1), powerWatts: cell.promised.powerWatts * (same?.power ?? any?.power ?? 1), chipTemperature: same?.chipTemperature,
    };
  };
}
