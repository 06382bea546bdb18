/**
 * Hours as columns of numbers, some hundred for each miner however long it runs, and as one file: a line of JSON with what belongs
 * to which miner and the checksum of the rest, then the numbers as 32-bit floats in this machine's order of bytes. NaN is absent.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Hour } from '../analytics/hours.ts';
import { hourMs } from '../analytics/hours.ts';
import { faultParts, type FaultPart } from '../analytics/diagnosis.ts';
import type { Subject } from '../analytics/residuals.ts';

const places = 8;
/** Flags, hours since 1970 and shares fit a 32-bit float exactly, or as exactly as matters. */
const width = 24 + 2 * places;
/** Rows of files of before had no inlet. */
const earlierWidth = width - 1;

export interface KeptHour { readonly hour: Hour; /** What a sound miner does: what is expected is made from it. */ readonly reference: boolean }

export interface MinerTable {
  subject: Subject;
  readonly presets: string[];
  rows: Float32Array;
  /** What was found of it last; kept so that a restart tells nothing twice. Unix ms. */
  found?: { readonly part: FaultPart; readonly since: number };
  /** The chips' sensor has jumped and not come back; so many sound hours in a row since. */
  liar?: number;
}

export function createTable(subject: Subject): MinerTable {
  return { subject, presets: [], rows: new Float32Array(0) };
}

const orNaN = (value: number | undefined) => value ?? Number.NaN;

function write(table: MinerTable, { hour, reference }: KeptHour, into: Float32Array): void {
  let code = hour.preset === undefined ? -1 : table.presets.indexOf(hour.preset);
  if (hour.preset !== undefined && code < 0) code = table.presets.push(hour.preset) - 1;
  into.set([
    hour.at / hourMs, Number(hour.steady) + 2 * Number(reference) + 4 * Number(hour.tuned ?? false), hour.polls, hour.missed, hour.idle, hour.reboots, orNaN(hour.lostBoard), orNaN(hour.lostFan), code,
    orNaN(hour.promised?.hashrate), orNaN(hour.promised?.powerWatts), orNaN(hour.hashrate), orNaN(hour.hashrateNominal), orNaN(hour.powerWatts), orNaN(hour.chipTemperature), orNaN(hour.boardTemperature),
    orNaN(hour.coolestTemperature), orNaN(hour.errorRatio), orNaN(hour.dutyRatio), orNaN(hour.volts), orNaN(hour.weakChips), orNaN(hour.poolGap?.ratio), orNaN(hour.poolGap?.deviation),
  ]);
  for (let place = 0; place < places; place += 1) {
    into[23 + place] = orNaN(hour.fans[place + 1]);
    into[23 + places + place] = orNaN(hour.boards[place + 1]);
  }
  into[width - 1] = orNaN(hour.inletTemperature);
}

/** Columns that are what the hour says, and no more. */
const numbers = [
  ['lostBoard', 6], ['lostFan', 7], ['hashrate', 11], ['hashrateNominal', 12], ['powerWatts', 13], ['chipTemperature', 14], ['boardTemperature', 15], ['coolestTemperature', 16], ['errorRatio', 17],
  ['dutyRatio', 18], ['volts', 19], ['weakChips', 20], ['inletTemperature', width - 1],
] as const;

function read({ presets, rows }: MinerTable, index: number): KeptHour {
  const row = rows.subarray(index * width, (index + 1) * width);
  const of = (column: number) => {
    const value = row[column];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  };
  const listed = (from: number) => {
    const list: (number | undefined)[] = [undefined];
    for (let place = 0; place < places; place += 1) {
      const value = of(from + place);
      if (value !== undefined) list[place + 1] = value;
    }
    // Places in between that told nothing are there, too.
    for (let place = 0; place < list.length; place += 1) list[place] ??= undefined;
    return list.length === 1 ? [] : list;
  };
  const flags = of(1) ?? 0;
  const hour: { -readonly [K in keyof Hour]: Hour[K] } = {
    at: (of(0) ?? 0) * hourMs, steady: (flags & 1) !== 0, polls: of(2) ?? 0, missed: of(3) ?? 0, idle: of(4) ?? 0, reboots: of(5) ?? 0, fans: listed(23), boards: listed(23 + places),
  };
  if ((flags & 4) !== 0) hour.tuned = true;
  const preset = presets[of(8) ?? -1];
  if (preset !== undefined) hour.preset = preset;
  const [promised, watts, gap, deviation] = [of(9), of(10), of(21), of(22)];
  if (promised !== undefined && watts !== undefined) hour.promised = { hashrate: promised, powerWatts: watts };
  if (gap !== undefined && deviation !== undefined) hour.poolGap = { ratio: gap, deviation };
  for (const [name, column] of numbers) {
    const value = of(column);
    if (value !== undefined) hour[name] = value;
  }
  return { reference: (flags & 2) !== 0, hour };
}

export function hoursOf(table: MinerTable): KeptHour[] {
  return Array.from({ length: table.rows.length / width }, (_none, index) => read(table, index));
}

/** Rows by which a table's room grows: a new array for every hour of every miner would be most of what a round leaves to be collected. */
const spareRows = 24;

/** Adds an hour and leaves out those that `keep` does not want, in place. `at` is in Unix ms. */
export function append(table: MinerTable, kept: KeptHour, keep: (at: number, reference: boolean) => boolean): void {
  const { rows } = table;
  const count = rows.length / width;
  let staying = 0;
  for (let index = 0; index < count; index += 1) {
    const from = index * width;
    if (!keep((rows[from] ?? 0) * hourMs, ((rows[from + 1] ?? 0) & 2) !== 0)) continue;
    if (staying < index) rows.copyWithin(staying * width, from, from + width);
    staying += 1;
  }
  const needed = (staying + 1) * width;
  if (rows.byteOffset + 4 * needed > rows.buffer.byteLength) {
    table.rows = new Float32Array((staying + 1 + spareRows) * width).subarray(0, needed);
    table.rows.set(rows.subarray(0, staying * width));
  } else table.rows = new Float32Array(rows.buffer, rows.byteOffset, needed);
  write(table, kept, table.rows.subarray(staying * width));
}

/** What is expected begins anew: no hour of the preset (of any, when absent) is a measure any more. */
export function forgetReferences(table: MinerTable, preset?: string): void {
  const code = preset === undefined ? undefined : table.presets.indexOf(preset);
  for (let index = 0; index < table.rows.length / width; index += 1) {
    if (code === undefined || table.rows[index * width + 8] === code) table.rows[index * width + 1] = (table.rows[index * width + 1] ?? 0) & ~2;
  }
}

const header = z.object({
  version: z.literal(1), width: z.union([z.literal(width), z.literal(earlierWidth)]), sha256: z.string(),
  miners: z.array(z.object({ subject: z.object({ miner: z.string(), model: z.string(), site: z.string(), rack: z.string().optional(), circuit: z.string().optional() }), presets: z.array(z.string()), hours: z.number().int().min(0),
    // Files of before lack these two.
    found: z.object({ part: z.enum(faultParts), since: z.number() }).optional(), liar: z.number().int().min(0).optional(),
  })),
});

export function tablesToFile(tables: Iterable<MinerTable>): Buffer {
  const list = [...tables];
  const body = Buffer.concat(list.map(({ rows }) => Buffer.from(rows.buffer, rows.byteOffset, rows.byteLength)));
  const miners = list.map(({ subject, presets, rows, found, liar }) => ({ subject, presets, hours: rows.length / width, ...(found === undefined ? {} : { found }), ...(liar === undefined ? {} : { liar }) }));
  const sha256 = createHash('sha256').update(JSON.stringify(miners)).update(body).digest('hex');
  return Buffer.concat([Buffer.from(`${JSON.stringify({ version: 1, width, sha256, miners })}\n`), body]);
}

function widened(rows: Float32Array): Float32Array {
  const wide = new Float32Array((rows.length / earlierWidth) * width).fill(Number.NaN);
  for (let index = 0; index < rows.length / earlierWidth; index += 1) wide.set(rows.subarray(index * earlierWidth, (index + 1) * earlierWidth), index * width);
  return wide;
}

/** @throws Error that says what is wrong with the file */
export function tablesFromFile(file: Buffer): MinerTable[] {
  const end = file.indexOf(10);
  if (end < 0) throw new Error('it has no first line');
  const { width: rowWidth, sha256, miners } = header.parse(JSON.parse(file.toString('utf8', 0, end)));
  const body = file.subarray(end + 1);
  if (createHash('sha256').update(JSON.stringify(miners)).update(body).digest('hex') !== sha256) throw new Error('its checksum does not fit');
  let offset = 0;
  return miners.map(({ subject, presets, hours, found, liar }) => {
    const bytes = hours * rowWidth * 4;
    // A copy, since floats must lie at multiples of four bytes.
    const rows = new Float32Array(new Uint8Array(body.subarray(offset, offset + bytes)).buffer);
    offset += bytes;
    return { subject, presets, rows: rowWidth === width ? rows : widened(rows), ...(found === undefined ? {} : { found }), ...(liar === undefined ? {} : { liar }) };
  });
}
