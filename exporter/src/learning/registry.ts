/**
 * Models on disk, `models/` of the data folder: one file each, with a checksum and what it was trained on, and `state.json`, which says
 * which one is in force. Written whole or not at all; a damaged file is set aside, and said. Several processes may use it: a version is
 * given once, and what another wrote is seen with the next look.
 */
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { RatioModel } from '../analytics/ratio-model.ts';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import type { Drift, References } from './drift.ts';
import { features } from './hours.ts';
import { learningLimits } from './limits.ts';

const finite = z.number();
const effects = z.record(z.string(), z.object({ value: finite, hours: finite }));
const target = z.object({ preset: effects, miner: effects, both: effects, inletSlope: finite, noise: finite, unseen: finite });
const ratioModel = z.object({ hours: finite, targets: z.object({ hashrate: target, power: target, heat: target, errors: target }) });
const accuracy = z.object({ hashrate: finite.optional(), power: finite.optional(), chipTemperature: finite.optional(), coverage: finite.optional(), hours: finite });
const reference = z.object({ edges: z.array(finite), shares: z.array(finite), count: finite });

const record = z.object({
  version: z.number().int().min(1), backend: z.literal('embedded'), source: z.literal('prometheus'),
  /** Unix ms. */
  createdAt: finite,
  trained: z.object({ from: finite, to: finite, hours: finite, miners: finite, source: z.string() }),
  contest: z.object({ candidate: accuracy, rival: accuracy, rivalName: z.enum(['in_force', 'table']) }),
  verdict: z.object({ promote: z.boolean(), reason: z.string() }),
  references: z.partialRecord(z.enum(features), reference),
  model: ratioModel,
});
export type ModelRecord = Omit<z.output<typeof record>, 'model' | 'references'> & { readonly model: RatioModel; readonly references: References };

const stateSchema = z.object({
  /** Version in force; absent: none was promoted, or all were rolled back. */
  inForce: z.number().int().optional(),
  /** Those that were in force before, the latest last. */
  earlier: z.array(z.number().int()),
  rollbacks: z.number().int().min(0),
  drift: z.object({ at: finite, version: z.number().int(), psi: z.partialRecord(z.enum(features), finite) }).optional(),
});
export interface RegistryState { readonly inForce?: number | undefined; readonly earlier: readonly number[]; readonly rollbacks: number; readonly drift?: { readonly at: number; readonly version: number; readonly psi: Drift } | undefined }

/** What a person should know; the caller says it. */
export interface Damage { readonly file: string; readonly why: string }

export interface Registry {
  /** Newest first. */
  all(): readonly ModelRecord[];
  state(): RegistryState;
  /** Writes a model under the next version and drops the oldest beyond the limit. @throws HashfleetError internal */
  add(made: Omit<ModelRecord, 'version'>): ModelRecord;
  /** @throws HashfleetError not_found, conflict, internal */
  promote(version: number): RegistryState;
  /** Back to what was in force before; without any, no promoted model is. @throws HashfleetError conflict, internal */
  rollback(): RegistryState;
  keepDrift(drift: NonNullable<RegistryState['drift']>): void;
  /** Changes whenever a file was changed. */
  stamp(): string;
}

const nothing: RegistryState = { earlier: [], rollbacks: 0 };
const nameOf = (version: number) => `${String(version).padStart(6, '0')}.json`;
const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** `onDamage` is told of each file that was set aside. Nothing is made on disk before something is written. */
export function openRegistry(folder: string, onDamage: (damage: Damage) => void, kept: number = learningLimits.modelsKept): Registry {
  const stateFile = path.join(folder, 'state.json');
  const known = new Map<string, { readonly stamp: string; readonly record: ModelRecord }>();

  function read<Value>(file: string, schema: z.ZodType<Value>): Value | undefined {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch (thrown) {
      if (codeOf(thrown) !== 'ENOENT') onDamage({ file, why: messageOf(thrown) });
      return undefined;
    }
    try {
      const { sha256, body } = z.object({ format: z.literal(1), sha256: z.string(), body: z.unknown() }).parse(JSON.parse(text));
      if (digest(JSON.stringify(body)) !== sha256) throw new Error('its checksum does not fit');
      return schema.parse(body);
    } catch (thrown) {
      const why = messageOf(thrown).slice(0, 300);
      try {
        renameSync(file, `${file}.damaged`);
        onDamage({ file, why: `${why}; set aside as ${path.basename(file)}.damaged` });
      } catch (failed) {
        onDamage({ file, why: `${why}, and it cannot be set aside (${messageOf(failed)})` });
      }
      return undefined;
    }
  }

  function write(file: string, body: unknown, fresh: boolean): void {
    const part = `${file}.${process.pid}.new`;
    const text = JSON.stringify(body);
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(part, `{"format":1,"sha256":"${digest(text)}","body":${text}}\n`, { flush: true });
      // A link fails where the name is taken; a rename would replace what another process wrote.
      if (fresh) linkSync(part, file);
      else renameSync(part, file);
    } catch (cause) {
      if (codeOf(cause) === 'EEXIST') throw cause;
      throw new HashfleetError('internal', `${file} cannot be written (${messageOf(cause)}). Check disk space and permissions.`, { cause });
    } finally {
      rmSync(part, { force: true });
    }
  }

  function files(): string[] {
    try {
      return readdirSync(folder).filter((name) => /^\d{6}\.json$/.test(name)).sort();
    } catch (thrown) {
      if (codeOf(thrown) === 'ENOENT') return [];
      throw new HashfleetError('internal', `${folder} cannot be read (${messageOf(thrown)}).`, { cause: thrown });
    }
  }

  const stampOf = (file: string) => {
    try {
      const { mtimeMs, size, ino } = statSync(file);
      return `${mtimeMs} ${size} ${ino}`;
    } catch {
      return '';
    }
  };

  function all(): ModelRecord[] {
    const names = files();
    for (const name of known.keys()) if (!names.includes(name)) known.delete(name);
    for (const name of names) {
      const stamp = stampOf(path.join(folder, name));
      if (known.get(name)?.stamp === stamp) continue;
      known.delete(name);
      const found = read(path.join(folder, name), record);
      if (found !== undefined) known.set(name, { stamp, record: found });
    }
    return [...known.values()].map((one) => one.record).sort((a, b) => b.version - a.version);
  }

  const state = (): RegistryState => read(stateFile, stateSchema) ?? nothing;

  function change(next: RegistryState): RegistryState {
    write(stateFile, next, false);
    return next;
  }

  return {
    all, state,
    add(made) {
      // Names of files that were set aside count too: a version is never given twice.
      let taken: string[] = [];
      try {
        taken = readdirSync(folder);
      } catch { /* the first model */ }
      for (let version = 1 + Math.max(0, ...taken.flatMap((name) => /^(\d{6})\.json/.exec(name)?.[1] ?? []).map(Number)); ; version += 1) {
        const whole = { ...made, version };
        try {
          write(path.join(folder, nameOf(version)), whole, true);
        } catch (thrown) {
          if (codeOf(thrown) === 'EEXIST') continue;
          throw thrown;
        }
        const { inForce, earlier } = state();
        const staying = new Set([inForce, earlier.at(-1)].filter((one) => one !== undefined).map(nameOf));
        for (const name of files().reverse().filter((one) => !staying.has(one)).slice(Math.max(1, kept - staying.size))) rmSync(path.join(folder, name), { force: true });
        return whole;
      }
    },
    promote(version) {
      const models = all();
      if (!models.some((one) => one.version === version)) throw new HashfleetError('not_found', `There is no model ${version}. Kept are: ${models.length === 0 ? 'none' : models.map((one) => one.version).join(', ')}.`, { field: 'version', given: version });
      const { inForce, earlier, rollbacks } = state();
      if (inForce === version) throw new HashfleetError('conflict', `Model ${version} is in force already.`, { field: 'version', given: version });
      return change({ inForce: version, earlier: inForce === undefined ? earlier : [...earlier, inForce].slice(-kept), rollbacks });
    },
    rollback() {
      const { inForce, earlier, rollbacks } = state();
      if (inForce === undefined) throw new HashfleetError('conflict', 'No promoted model is in force; there is nothing to roll back.');
      const models = new Set(all().map(({ version }) => version));
      const left = earlier.filter((version) => models.has(version) && version !== inForce);
      const back = left.at(-1);
      return change({ ...(back === undefined ? {} : { inForce: back }), earlier: left.slice(0, -1), rollbacks: rollbacks + 1 });
    },
    keepDrift: (drift) => void change({ ...state(), drift }),
    stamp: () => [stampOf(stateFile), ...files().map((name) => stampOf(path.join(folder, name)))].join('|'),
  };
}
