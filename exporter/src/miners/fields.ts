/** Reads untrusted JSON field by field: what is missing, null or of the wrong type is absent and counted. */
import type { Mismatch } from '../mismatch.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

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

  /** A finite number of at least `least`. */
  number(name: string, least = 0): number | undefined {
    const given = this.take(name);
    if (typeof given === 'number' && Number.isFinite(given) && given >= least) return given;
    this.absent(name, given);
    return undefined;
  }

  text(name: string): string | undefined {
    const given = this.take(name);
    if (typeof given === 'string') return given;
    this.absent(name, given);
    return undefined;
  }

  flag(name: string): boolean | undefined {
    const given = this.take(name);
    if (typeof given === 'boolean') return given;
    this.absent(name, given);
    return undefined;
  }

  object(name: string): Fields | undefined {
    const given = this.take(name);
    if (isObject(given)) return new Fields(given, this.source, this.mismatch);
    this.absent(name, given);
    return undefined;
  }

  /** The objects of a list; what is no object is left out and counted. */
  list(name: string): readonly Fields[] {
    const given = this.take(name);
    if (!Array.isArray(given)) {
      this.absent(name, given);
      return [];
    }
    const found: Fields[] = [];
    for (const item of given as unknown[]) {
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
