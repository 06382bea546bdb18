/** VNish's units and its way to write "unknown" (vnish-api.md, 2.3 and 2.5); pure. */
import type { Fields, JsonObject } from '../fields.ts';
import type { MinMax } from '../reading.ts';

/** H/s in one unit of `hr_measure`; the field names never change, only the unit (vnish-api.md, 0). */
const hashesPerUnit: Readonly<Record<string, number>> = { 'H/s': 1, 'KH/s': 1e3, 'MH/s': 1e6, 'GH/s': 1e9, 'TH/s': 1e12 };

/** Hashes per second in one unit of the miner's hashrates; undefined when the miner does not say. */
export function hashrateUnit({ info, model }: { readonly info?: JsonObject; readonly model?: JsonObject }): number | undefined {
  for (const reply of [info, model]) {
    const text = reply?.['hr_measure'];
    if (typeof text === 'string' && Object.hasOwn(hashesPerUnit, text)) return hashesPerUnit[text];
  }
  return undefined;
}

/** The firmware writes 0 for what it has not measured: unknown, not none. */
export function unlessZero(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}

/** "N/A", "" and the like stand for what was not found. */
export function unlessBlank(text: string | undefined): string | undefined {
  return text === undefined || /^(?:\s*|n\/a|none|unknown)$/i.test(text) ? undefined : text;
}

/** The firmware writes 0 for a temperature that it does not know (vnish-api.md, 2.3). */
export function minMax(fields: Fields | undefined): MinMax {
  const [min, max] = [fields?.number('min'), fields?.number('max')];
  return { ...(min === undefined || min === 0 ? {} : { min }), ...(max === undefined || max === 0 ? {} : { max }) };
}

/**
 * "0:06" and "2:38" below a day, "10 days, 18:00" above (vnish-api.md, 2.3 and 7 row 11); a share's age is "0:00:04", and "0",
 * which is no duration, when there was none. Seconds; what would be longer than 2,700 years is none.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d{1,6}) days?, *)?(\d{1,6}):(\d{2})(?::(\d{2}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [days, hours, minutes, seconds] = [match[1], match[2], match[3], match[4]].map((part) => Number(part ?? 0)) as [number, number, number, number];
  return days * 86_400 + hours * 3600 + minutes * 60 + seconds;
}
