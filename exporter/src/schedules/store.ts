/**
 * What schedules keep on disk: `schedules.json` holds those that the API wrote and which are switched on or off; `schedules-state.json`
 * what was taken from which miner, and where each schedule stands. Each is written whole and flushed, before the deed that it tells of.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { scheduleSchema } from '../config/schema.ts';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';

const runOption = z.object({
  kind: z.enum(['full', 'throttle', 'preset', 'pause']), preset: z.string().optional(), throttle: z.number().optional(),
  watts: z.number().optional(), hashrate: z.number().optional(), profitUsdPerDay: z.number().optional(),
});
const taken = z.object({
  schedule: z.string(), since: z.number(),
  baseline: z.object({ preset: z.string().optional(), throttle: z.number().optional() }),
  options: z.array(runOption),
  /** Why it is not given back by itself. */
  left: z.string().optional(),
});
const priceSwitch = z.object({ on: z.boolean(), since: z.number(), inARow: z.number(), counted: z.number(), knownAt: z.number() });

const definitionsSchema = z.object({
  version: z.literal(1),
  schedules: z.array(scheduleSchema).default([]),
  /** By schedule; what its own `enabled` says when absent. */
  switched: z.record(z.string(), z.object({ enabled: z.boolean(), actor: z.string() })).default({}),
});
const stateSchema = z.object({
  version: z.literal(1),
  taken: z.record(z.string(), taken).default({}),
  /** Miners on which a person acted while a schedule held: left alone until one of these schedules begins or ends. */
  suspended: z.record(z.string(), z.object({ since: z.number(), reason: z.string(), schedules: z.array(z.string()) })).default({}),
  /** Since when a schedule holds, Unix ms. */
  active: z.record(z.string(), z.number()).default({}),
  /** By schedule, and by miner with break_even; '' is the schedule itself. */
  prices: z.record(z.string(), z.record(z.string(), priceSwitch)).default({}),
  /** USD per kWh above which a miner does not earn its power, as last known: of a stopped one nothing is measured. */
  breakEvens: z.record(z.string(), z.number()).default({}),
  plans: z.record(z.string(), z.object({ question: z.string(), choice: z.record(z.string(), z.string()) })).default({}),
  /** Unix ms of the last look. */
  lookedAt: z.number().optional(),
});

export type Definitions = z.output<typeof definitionsSchema>;
export type ScheduleState = z.output<typeof stateSchema>;
export type KeptTaken = ScheduleState['taken'][string];

export interface ScheduleStore {
  /** Changed in place by the caller, who saves them. */
  definitions: Definitions;
  readonly state: ScheduleState;
  /** On disk when it returns. @throws HashfleetError when it cannot be written */
  saveDefinitions(next: Definitions): void;
  /** On disk when it returns. @throws HashfleetError when it cannot be written: then nothing may be done */
  saveState(): void;
}

/** Without a folder nothing is kept. A damaged file is set aside, and said. */
export function openScheduleStore(folder: string | undefined, log: Logger): ScheduleStore {
  const load = <T>(name: string, schema: z.ZodType<T>): T => (folder === undefined ? schema.parse({ version: 1 }) : read(path.join(folder, name), schema, log));
  const definitions = load('schedules.json', definitionsSchema);
  const state = load('schedules-state.json', stateSchema);
  let written = '';
  const store: ScheduleStore = {
    definitions, state,
    saveDefinitions(next) {
      if (folder !== undefined) write(path.join(folder, 'schedules.json'), JSON.stringify(next, undefined, 2));
      store.definitions = next;
    },
    saveState() {
      const text = JSON.stringify(state);
      if (text === written) return;
      if (folder !== undefined) write(path.join(folder, 'schedules-state.json'), text);
      written = text;
    },
  };
  return store;
}

function read<T>(file: string, schema: z.ZodType<T>, log: Logger): T {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw new HashfleetError('internal', `${file} cannot be read (${messageOf(thrown)}). Check its permissions.`, { cause: thrown });
    return schema.parse({ version: 1 });
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (thrown) {
    const aside = `${file}.damaged`;
    renameSync(file, aside);
    log.error({ file, aside, err: messageOf(thrown).slice(0, 300) }, 'the file of schedules is damaged; set aside, starting without it. Miners that a schedule had stopped have to be started by hand');
    return schema.parse({ version: 1 });
  }
}

function write(file: string, text: string): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  } catch (cause) {
    throw new HashfleetError('internal', `${file} cannot be written (${messageOf(cause)}); without it schedules do nothing. Check disk space and permissions.`, { cause });
  }
}
