/** Fields of a pool's reply, each read by itself: what is missing, null, of another type or beyond belief is absent and counted. */
import { isLosslessNumber, parse } from 'lossless-json';
import type { Mismatch } from '../mismatch.ts';
import type { Amount } from './pool.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}

/**
 * JSON whose numbers keep the digits that the pool wrote: amounts go to the ledger as decimal text, and JSON.parse would round
 * them to binary fractions first. @throws SyntaxError, or RangeError for nesting beyond the stack
 */
export function parseJson(text: string): unknown {
  // The later of two equal keys counts, as in JSON.parse.
  return parse(text, undefined, { onDuplicateKey: ({ newValue }) => newValue });
}

/** The same value with plain numbers. */
export function plainJson(value: unknown): unknown {
  if (isLosslessNumber(value)) return Number(value.value);
  if (Array.isArray(value)) return value.map(plainJson);
  // A key "__proto__" stays a key.
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plainJson(one)])) : value;
}

/** A number, or a decimal text; anything else is absent. */
export function lenientNumber(value: unknown): number | undefined {
  const source = isLosslessNumber(value) ? value.value : value;
  // Number() also reads hexadecimal, binary and blanks.
  const number = typeof source === 'string' ? /^[+-]?\d*\.?\d+(?:[eE][+-]?\d+)?$/.test(source.trim()) ? Number(source) : undefined : source;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

const decimalPattern = /^(-?)(\d{1,40})(?:\.(\d{1,60}))?(?:[eE]([+-]?\d{1,2}))?$/;
/** No account holds so many coins: 18 digits before the point, and more than any chain divides its coin into after it. */
const mostWhole = 18;
const mostFraction = 30;

/** An amount as plain decimal text with the digits of the reply, of a JSON number or a text; undefined for all else. */
export function decimalText(value: unknown, { signed = false } = {}): string | undefined {
  const source = isLosslessNumber(value) ? value.value : typeof value === 'number' ? String(value) : value;
  if (typeof source !== 'string') return undefined;
  const found = decimalPattern.exec(source.trim());
  if (found === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found;
  const point = whole.length + Number(exponent);
  const digits = whole + fraction;
  const left = (point <= 0 ? '0' : digits.slice(0, point).padEnd(point, '0')).replace(/^0+(?=\d)/, '');
  const right = (point < 0 ? '0'.repeat(-point) : '') + digits.slice(Math.max(point, 0));
  const zero = /^0*$/.test(left + right);
  if (left.length > mostWhole || right.length > mostFraction || (sign === '-' && !signed && !zero)) return undefined;
  return `${zero ? '' : sign}${left}${right === '' ? '' : `.${right}`}`;
}

/** The exact sum of two decimal texts. */
export function addDecimals(first: string, second: string): string {
  const places = Math.max(...[first, second].map((text) => text.split('.')[1]?.length ?? 0));
  const scaled = (text: string) => {
    const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
    const value = BigInt(whole + fraction.padEnd(places, '0'));
    return text.startsWith('-') ? -value : value;
  };
  const sum = scaled(first) + scaled(second);
  const digits = (sum < 0n ? -sum : sum).toString().padStart(places + 1, '0');
  return `${sum < 0n ? '-' : ''}${digits.slice(0, digits.length - places)}${places === 0 ? '' : `.${digits.slice(-places)}`}`;
}

/** One amount for each coin: entries of one coin are added. */
export function joinAmounts(amounts: readonly Amount[]): Amount[] {
  const sums = new Map<string, string>();
  for (const { coin, amount } of amounts) {
    const known = sums.get(coin);
    sums.set(coin, known === undefined ? amount : addDecimals(known, amount));
  }
  return [...sums].map(([coin, amount]) => ({ coin, amount }));
}

/** Beyond these a number is a mistake of the pool. */
export const limits = {
  /** H/s: some hundred times the whole network of scrypt. */
  hashrate: 1e18,
  /** Counts of shares that a number can tell apart. */
  count: Number.MAX_SAFE_INTEGER,
  /** Network and share difficulty. */
  difficulty: 1e15,
  /** USD for a coin. */
  price: 1e8,
  /** USD or BTC for 1 MH/s of scrypt for a day: a thousand times the best year. */
  yield: 100,
  ratio: 1,
} as const;

/** Unix seconds from 2011, when scrypt coins began, to 2100. */
const [firstSecond, lastSecond] = [1_293_840_000, 4_102_444_800];

function seconds(value: unknown): number | undefined {
  const number = lenientNumber(value);
  return number === undefined || number < firstSecond || number > lastSecond ? undefined : number * 1000;
}

export interface Fields {
  /** A number from 0 to `most`. */
  number(key: string, most: number): number | undefined;
  /** A coin amount of at least 0. */
  amount(key: string): string | undefined;
  text(key: string): string | undefined;
  /** A transaction or another identity: printable ASCII without blanks, or a number as text. */
  identity(key: string): string | undefined;
  flag(key: string): boolean | undefined;
  /** Unix seconds as ms. Zero is "never": absent, and no mistake. */
  time(key: string): number | undefined;
  object(key: string): JsonObject | undefined;
  list(key: string): readonly unknown[] | undefined;
  /** The same without counting a field that is missing or null: for what only some pools or versions tell. */
  readonly optional: Omit<Fields, 'optional'>;
}

/** Reads fields of one object; `source` is the pool's type, for the count of mismatches. */
export function fieldsOf(object: JsonObject, source: string, mismatch: Mismatch): Fields {
  const reader = (needed: boolean) => {
    const read = <T>(key: string, take: (value: unknown) => T | undefined): T | undefined => {
      const value = Object.hasOwn(object, key) ? object[key] : undefined;
      const taken = take(value);
      if (taken === undefined && (needed || (value !== undefined && value !== null)) && !(take === seconds && lenientNumber(value) === 0)) mismatch(source, key);
      return taken;
    };
    return {
      number: (key: string, most: number) => read(key, (value) => {
        const number = lenientNumber(value);
        return number === undefined || number < 0 || number > most ? undefined : number;
      }),
      amount: (key: string) => read(key, decimalText),
      text: (key: string) => read(key, (value) => (typeof value === 'string' && value !== '' ? value : undefined)),
      identity: (key: string) => read(key, (value) => {
        const text = isLosslessNumber(value) ? value.value : typeof value === 'number' ? String(value) : value;
        return typeof text === 'string' && /^[!-~]{1,128}$/.test(text) && !text.startsWith('-') ? text : undefined;
      }),
      flag: (key: string) => read(key, (value) => (typeof value === 'boolean' ? value : undefined)),
      time: (key: string) => read(key, seconds),
      object: (key: string) => read(key, (value) => (isObject(value) ? value : undefined)),
      list: (key: string) => read(key, (value): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined)),
    };
  };
  return { ...reader(true), optional: reader(false) };
}

/** A ticker in capitals, or undefined where it is none. */
export function ticker(value: unknown): string | undefined {
  const text = typeof value === 'string' ? value.trim().toUpperCase() : '';
  return /^[A-Z0-9]{1,12}$/.test(text) ? text : undefined;
}

/** Longest name of a worker that a pool lets a miner have, with room. */
const longestName = 128;

/** A worker's name as the pool writes it; undefined where it cannot be a name. */
export function workerName(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' && value.length <= longestName && !/\p{Cs}|\p{Cc}/u.test(value) ? value : undefined;
}
