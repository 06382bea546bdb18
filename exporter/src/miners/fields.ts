/** Reads untrusted JSON field by field: what is missing, null or of the wrong type is absent and counted. */
import type { Mismatch } from '../mismatch.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Fields {
  /** A finite number of at least `least` (0 unless told). */
  number(name: string, least?: number): number | undefined;
  text(name: string): string | undefined;
  flag(name: string): boolean | undefined;
  object(name: string): Fields | undefined;
  list(name: string): readonly Fields[];
  /** As the others, but a missing or null field is no mismatch: it may rightly be absent. */
  readonly optional: Omit<Fields, 'optional' | 'list'>;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields of one object of the reply `source`. */
export function fieldsOf(value: JsonObject, source: string, mismatch: Mismatch): Fields {
  const reader = (rightlyAbsent: boolean) => {
    const take = <T>(name: string, fits: (given: unknown) => given is T): T | undefined => {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      if (fits(given)) return given;
      if (!(rightlyAbsent && (given === undefined || given === null))) mismatch(source, name);
      return undefined;
    };
    return {
      number: (name: string, least = 0) => take(name, (given): given is number => typeof given === 'number' && Number.isFinite(given) && given >= least),
      text: (name: string) => take(name, (given): given is string => typeof given === 'string'),
      flag: (name: string) => take(name, (given): given is boolean => typeof given === 'boolean'),
      object: (name: string) => {
        const given = take(name, isObject);
        return given === undefined ? undefined : fieldsOf(given, source, mismatch);
      },
    };
  };
  return {
    ...reader(false),
    optional: reader(true),
    list(name) {
      const given = value[name];
      if (!Array.isArray(given)) {
        mismatch(source, name);
        return [];
      }
      return (given as unknown[]).flatMap((item) => {
        if (isObject(item)) return [fieldsOf(item, source, mismatch)];
        mismatch(source, name);
        return [];
      });
    },
  };
}
