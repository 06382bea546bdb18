/** Reads untrusted JSON field by field: what is missing, null or of the wrong type is absent and counted. */
import type { Mismatch } from '../mismatch.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** No miner has more boards, fans or pools than this; what comes beyond is left out, so that one reply cannot fill memory and page. */
export const longestList = 64;
/** No true name, address or message is longer; what is longer is cut. */
const longestText = 512;
/** Nothing that a miner counts or measures is larger, in whatever unit; one absurd number would stay in the counters for ever. */
const largest = 1e15;
const largestOrdinal = 9999;
const decimal = /^[+-]?\d{1,30}(?:\.\d{1,30})?$/;

/** One object of the reply `source`. A class, because one is made for every object of every reply. */
export class Fields {
  private readonly value: JsonObject;
  private readonly source: string;
  private readonly mismatch: Mismatch;
  private readonly rightlyAbsent: boolean;

  // eslint-disable-next-line @typescript-eslint/max-params -- made for every object of every reply; an options object would cost as much again
  constructor(value: JsonObject, source: string, mismatch: Mismatch, rightlyAbsent = false) {
    this.value = value;
    this.source = source;
    this.mismatch = mismatch;
    this.rightlyAbsent = rightlyAbsent;
  }

  /** The same object; a missing or null field is no mismatch here, for it may rightly be absent. */
  get optional(): Fields {
    return new Fields(this.value, this.source, this.mismatch, true);
  }

  /** A number from `least` to `most`. */
  number(name: string, least = 0, most = largest): number | undefined {
    const given = this.take(name);
    if (typeof given === 'number' && given >= least && given <= most) return given;
    this.absent(name, given);
    return undefined;
  }

  /** The whole number under which a board, fan, pool or chip stands. */
  ordinal(name: string, least = 0): number | undefined {
    const given = this.take(name);
    if (typeof given === 'number' && Number.isInteger(given) && given >= least && given <= largestOrdinal) return given;
    this.absent(name, given);
    return undefined;
  }

  /** A number or a text that is one; the texts "" and "null" count as null. */
  numeric(name: string, least = 0, most = largest): number | undefined {
    const given = this.take(name);
    const text = typeof given === 'string' ? given.trim() : undefined;
    const empty = text === '' || text === 'null';
    const value = text !== undefined && decimal.test(text) ? Number(text) : given;
    if (typeof value === 'number' && value >= least && value <= most) return value;
    this.absent(name, empty ? null : given);
    return undefined;
  }

  text(name: string): string | undefined {
    const given = this.take(name);
    if (typeof given === 'string') return given.length > longestText ? given.slice(0, longestText) : given;
    this.absent(name, given);
    return undefined;
  }

  flag(name: string): boolean | undefined {
    const given = this.take(name);
    if (typeof given === 'boolean') return given;
    this.absent(name, given);
    return undefined;
  }

  /** A number of 0 or more, or a flag. */
  scalar(name: string): number | boolean | undefined {
    const given = this.take(name);
    if (typeof given === 'boolean' || (typeof given === 'number' && given >= 0 && Number.isFinite(given))) return given;
    this.absent(name, given);
    return undefined;
  }

  object(name: string): Fields | undefined {
    const given = this.take(name);
    if (isObject(given)) return new Fields(given, this.source, this.mismatch);
    this.absent(name, given);
    return undefined;
  }

  /** The first objects of a list; what is no object, and what is too many, is left out and counted. */
  list(name: string, most = longestList): readonly Fields[] {
    const given = this.take(name);
    if (!Array.isArray(given)) {
      this.absent(name, given);
      return [];
    }
    if (given.length > most) this.mismatch(this.source, name);
    const found: Fields[] = [];
    for (const item of (given as unknown[]).slice(0, most)) {
      if (isObject(item)) found.push(new Fields(item, this.source, this.mismatch));
      else this.mismatch(this.source, name);
    }
    return found;
  }

  private take(name: string): unknown {
    return Object.hasOwn(this.value, name) ? this.value[name] : undefined;
  }

  private absent(name: string, given: unknown): void {
    if (!(this.rightlyAbsent && (given === undefined || given === null))) this.mismatch(this.source, name);
  }
}

/** The fields of one reply. */
export function fieldsOf(value: JsonObject, source: string, mismatch: Mismatch): Fields {
  return new Fields(value, source, mismatch);
}
