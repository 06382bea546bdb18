/**
 * The journal of jobs, `jobs.jsonl`: what is to be done and how far it is, so that a job outlives the process. A line a step,
 * flushed to disk before the step is taken, each with a CRC-32. It is for going on; who did what is the audit log's to tell.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import type { Reading } from '../miners/reading.ts';
import type { MinerSettings, SettingChange } from '../miners/settings.ts';
import type { ActionName, Parameters } from './actions.ts';
import type { Plan } from './plan.ts';

export const targetStates = ['waiting', 'running', 'verifying', 'verified', 'failed', 'indeterminate', 'skipped', 'cancelled'] as const;
export type TargetState = (typeof targetStates)[number];

/** What verification compares with. */
export type Before = Pick<Reading, 'state' | 'stateSeconds' | 'restarts' | 'uptimeSeconds' | 'preset'> & {
  /** Its settings, without any secret, and which presets were tuned: where the action writes settings. */
  readonly settings?: MinerSettings;
  readonly tuned?: readonly string[];
  /** Name of the backup that was kept first. */
  readonly backup?: string;
};

export interface JobTarget {
  readonly miner: string;
  /** As it was known when the job was started: canaries go by it. */
  readonly model: string;
  state: TargetState;
  detail?: string;
  /** Unix ms. */
  startedAt?: number;
  finishedAt?: number;
  /** The miner as it was when the command was sent. */
  before?: Before;
  /** Settings that are others than before, once that was read. */
  changed?: readonly SettingChange[];
  /** The preset that a roll-back has sent, or was about to send. */
  rollBackTo?: string;
}

export interface Job {
  readonly id: string;
  readonly action: ActionName;
  readonly parameters: Parameters;
  readonly actor: string;
  readonly createdAt: number;
  finishedAt?: number;
  state: 'running' | 'finished' | 'cancelled';
  readonly targets: JobTarget[];
  /** Why an admin let it run outside the windows. */
  readonly override?: string;
}

/** A job with what going on with it needs. */
export interface KeptJob {
  readonly job: Job;
  /** Name of the API token. */
  readonly token: string;
  readonly plan: Plan;
  /** Idempotency key and the wish that it stands for. */
  readonly key?: string;
  readonly wish?: string;
}

export type JournalEntry =
  | { readonly type: 'job'; readonly kept: KeptJob }
  /** The target as it is from now on; `running` is written before the command is sent. */
  | { readonly type: 'step'; readonly job: string; readonly target: JobTarget }
  | { readonly type: 'end'; readonly job: string; readonly state: 'running' | 'finished' | 'cancelled'; readonly finishedAt?: number };

/** Where the lines lie. */
export interface LineStore {
  /** As they were found. */
  readonly lines: readonly string[];
  /** On disk when it returns. @throws when it cannot be written */
  append(line: string): void;
  /** All or nothing. @throws when it cannot be written */
  replace(lines: readonly string[]): void;
  close(): void;
}

export interface Journal {
  /** What an earlier process left, oldest first. */
  readonly found: readonly KeptJob[];
  /** On disk when it returns. @throws when it cannot be written: then nothing may be sent */
  append(entry: JournalEntry): void;
  close(): void;
}

/** Jobs that are over and still kept: they are listed, and a repeated idempotency key finds them. */
export const keptJobs = 200;
/** Lines after which the file is written anew, once no job is running. */
const longestFile = 1000;

/** @throws HashfleetError internal, naming the line, when a line before the last is damaged. */
export function openJournal(store: LineStore, name = 'jobs.jsonl'): Journal {
  const jobs = new Map<string, KeptJob>();
  let count = 0;
  store.lines.forEach((line, index) => {
    const entry = unsealed(line);
    if (entry !== undefined) fold(jobs, entry);
    // The process died while it wrote the last one, so nothing was done after it.
    else if (index < store.lines.length - 1) throw new HashfleetError('internal', `${name}:${index + 1}: the line is damaged. Keep the file as evidence, move it away, and start again: what the audit log shows as sent without outcome is then reported as indeterminate`);
    count += 1;
  });
  compact();
  const found = [...jobs.values()].map((kept) => structuredClone(kept));

  function compact(): void {
    const all = [...jobs.values()];
    const over = all.filter(({ job }) => job.finishedAt !== undefined);
    const gone = new Set(over.slice(0, Math.max(0, over.length - keptJobs)));
    const kept = all.filter((one) => !gone.has(one));
    const lines = kept.map((one) => sealed({ type: 'job', kept: one }));
    if (count === 0 && lines.length === 0) return;
    store.replace(lines);
    for (const { job } of gone) jobs.delete(job.id);
    count = lines.length;
  }

  return {
    found,
    append(entry) {
      store.append(sealed(entry));
      fold(jobs, structuredClone(entry));
      count += 1;
      if (entry.type !== 'end' || count < longestFile || [...jobs.values()].some(({ job }) => job.finishedAt === undefined)) return;
      try {
        compact();
      } catch { /* A long file is as good as a short one; the next end tries again. */ }
    },
    close: () => store.close(),
  };
}

function fold(jobs: Map<string, KeptJob>, entry: JournalEntry): void {
  if (entry.type === 'job') {
    jobs.set(entry.kept.job.id, entry.kept);
    return;
  }
  const job = jobs.get(entry.job)?.job;
  if (job === undefined) return;
  if (entry.type === 'end') {
    job.state = entry.state;
    if (entry.finishedAt !== undefined) job.finishedAt = entry.finishedAt;
    return;
  }
  const place = job.targets.findIndex(({ miner }) => miner === entry.target.miner);
  if (place >= 0) job.targets[place] = entry.target;
}

function sealed(entry: JournalEntry): string {
  const text = JSON.stringify(entry);
  return `${crc32(text).toString(16).padStart(8, '0')} ${text}`;
}

function unsealed(line: string): JournalEntry | undefined {
  const text = line.slice(9);
  if (line[8] !== ' ' || line.slice(0, 8) !== crc32(text).toString(16).padStart(8, '0')) return undefined;
  return JSON.parse(text) as JournalEntry;
}

/** The journal's file of a data folder; it is made when missing. */
export function journalFile(dataFolder: string): LineStore {
  const file = path.join(dataFolder, 'jobs.jsonl');
  mkdirSync(dataFolder, { recursive: true });
  const text = readIfThere(file);
  let descriptor = openSync(file, 'a', 0o600);
  return {
    lines: text === '' ? [] : text.replace(/\n$/, '').split('\n'),
    append(line) {
      const before = fstatSync(descriptor).size;
      try {
        const bytes = Buffer.from(`${line}\n`);
        if (writeSync(descriptor, bytes) !== bytes.length) throw new Error('no space left for the whole line');
        fsyncSync(descriptor);
      } catch (cause) {
        try {
          ftruncateSync(descriptor, before);
        } catch { /* the first error tells more */ }
        throw new HashfleetError('internal', `${file} cannot be written (${messageOf(cause)}); without the journal nothing is done. Check disk space and permissions.`, { cause });
      }
    },
    replace(lines) {
      writeFileSync(`${file}.new`, lines.map((line) => `${line}\n`).join(''), { mode: 0o600, flush: true });
      renameSync(`${file}.new`, file);
      closeSync(descriptor);
      descriptor = openSync(file, 'a', 0o600);
      flushFolder(dataFolder);
    },
    close: () => closeSync(descriptor),
  };
}

/** Lines in memory, for a control that has no data folder. */
export function memoryLines(lines: string[] = []): LineStore {
  return {
    lines: [...lines],
    append: (line) => void lines.push(line),
    replace: (next) => void lines.splice(0, lines.length, ...next),
    close: () => undefined,
  };
}

/** A file that was renamed is there after a loss of power only once its folder is on disk. */
function flushFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return '';
    throw thrown;
  }
}
