/**
 * Hours as they leave the house: no address, no worker, no name. A miner is a number made of its name and a salt that stays here; sites, racks and
 * circuits are not sent. Columns are of Abacus's kind: letters, digits, underscores.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Hour } from '../../analytics/hours.ts';
import type { Setting } from '../../analytics/ratio-model.ts';
import { codeOf } from '../../errors.ts';

/** What a model is trained for, by the column that is its target. */
export const abacusTargets = ['hashrate_ratio', 'power_ratio'] as const;
export type AbacusTarget = (typeof abacusTargets)[number];

export interface AbacusRow {
  /** "miner|hour": the primary key, so that a repeated row is harmless. */
  readonly row_key: string;
  readonly ts: string;
  readonly miner_id: string;
  readonly model: string;
  readonly preset: string;
  readonly promised_hashrate: number;
  readonly promised_power: number;
  readonly chip_temperature?: number;
  readonly error_ratio?: number;
  readonly hashrate_ratio?: number;
  readonly power_ratio?: number;
}

export type Pseudonym = (miner: string) => string;

/** The salt is made with the first use and kept; without a folder names differ from process to process. @throws Error when it cannot be written */
export function openPseudonym(folder: string | undefined): Pseudonym {
  const salt = folder === undefined ? randomBytes(32) : saltOf(path.join(folder, 'abacus.salt'));
  return (miner) => `m${createHmac('sha256', salt).update(miner).digest('hex').slice(0, 16)}`;
}

function saltOf(file: string): Buffer {
  try {
    const kept = Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
    if (kept.length === 32) return kept;
    throw new Error(`${file} is damaged: 64 hexadecimal digits are expected. Remove it to begin with new pseudonyms.`);
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
    const made = randomBytes(32);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${made.toString('hex')}\n`, { mode: 0o600, flag: 'wx', flush: true });
    return made;
  }
}

/** Undefined where the hour was not steady: it tells nothing of the machine. */
export function rowOf(hour: Hour, { miner, model }: { readonly miner: string; readonly model: string }, pseudonym: Pseudonym): AbacusRow | undefined {
  const { promised, preset, hashrate, powerWatts, chipTemperature, errorRatio } = hour;
  if (!hour.steady || preset === undefined || promised === undefined) return undefined;
  const id = pseudonym(miner);
  const values = {
    chip_temperature: chipTemperature, error_ratio: errorRatio,
    hashrate_ratio: hashrate === undefined ? undefined : hashrate / promised.hashrate, power_ratio: powerWatts === undefined ? undefined : powerWatts / promised.powerWatts,
  };
  return {
    row_key: `${id}|${new Date(hour.at).toISOString().slice(0, 13)}`, ts: new Date(hour.at).toISOString(), miner_id: id, model, preset, promised_hashrate: promised.hashrate, promised_power: promised.powerWatts,
    ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && Number.isFinite(value))),
  };
}

/** Columns of a row that a prediction is asked with. */
export const askedColumns = ['miner_id', 'model', 'preset', 'promised_hashrate', 'promised_power'] as const;

/** What is asked about one way to run, by `askedColumns`. */
export function queryOf({ miner, model, preset, promised }: Setting, pseudonym: Pseudonym): Readonly<Record<string, unknown>> {
  return { miner_id: pseudonym(miner), model, preset, promised_hashrate: promised.hashrate, promised_power: promised.powerWatts };
}
