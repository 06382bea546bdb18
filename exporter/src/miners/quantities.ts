/** Numbers as the older firmwares tell them, made into those of a reading; pure. */
import type { BoardReading, MinMax } from './reading.ts';

/** These firmwares tell one temperature in a field, and 0 when they know none. */
export function hottest(celsius: number | undefined): MinMax {
  return celsius === undefined || celsius === 0 ? {} : { max: celsius };
}

/** From the coolest to the hottest of all. */
export function span(ranges: readonly MinMax[]): MinMax {
  const known = ranges.flatMap(({ min, max }) => [min, max].filter((value) => value !== undefined));
  return known.length === 0 ? {} : { min: Math.min(...known), max: Math.max(...known) };
}

/** A sum that lacks a board would mislead: all or nothing. */
export function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 || known.length < values.length ? undefined : finite(known.reduce((total, value) => total + value, 0));
}

/** Numbers of boards and pools are whole. */
export function ordinal(value: number | undefined): number | undefined {
  return Number.isInteger(value) ? value : undefined;
}

/** Of what is told twice under the same number, the first: two would count double. */
export function once<T>(items: readonly T[], numberOf: (item: T) => number): T[] {
  const seen = new Set<number>();
  return items.filter((item) => seen.size < seen.add(numberOf(item)).size);
}

/** In base units: rounded to whole ones when scaled up, to 1e-6 when scaled down. */
export function scaled(value: number | undefined, factor: number | undefined): number | undefined {
  if (value === undefined || factor === undefined) return undefined;
  return finite(factor >= 1 ? Math.round(value * factor) : Math.round(value * factor * 1e6) / 1e6);
}

/** A number that no miner means may overflow; an infinite hashrate would spoil every sum. */
function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

/** `chain_acs`: one letter for each chip, `o` well and `x` not; these firmwares know no grade between. */
export function chipGradesOf(letters: string | undefined): BoardReading['chips'] {
  if (letters === undefined || !/^[ ox]*[ox][ ox]*$/.test(letters)) return undefined;
  const count = (letter: string) => letters.split(letter).length - 1;
  return { grey: count('o'), orange: 0, red: count('x') };
}
