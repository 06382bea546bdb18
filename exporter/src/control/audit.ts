/**
 * The audit log: one JSON object a line, appended and flushed to disk before the deed, each line carrying the hash of the
 * one before. Whoever changes, removes or reorders a line breaks the chain.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import type { ActionName } from './actions.ts';

export type AuditEvent = 'started' | 'sent' | 'outcome' | 'roll_back' | 'cancelled' | 'refused' | 'intent' | 'inventory';

export interface AuditRecord {
  /** The person, as Grafana names them; the token's name when nobody is named. */
  readonly actor: string;
  /** Name of the API token, never the token. */
  readonly token: string;
  readonly event: AuditEvent;
  readonly action?: ActionName;
  readonly job?: string;
  readonly miner?: string;
  readonly outcome?: string;
  readonly detail?: string;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

export interface AuditEntry extends AuditRecord {
  readonly sequence: number;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** SHA-256, hex, over the previous hash and this entry without its hash. */
  readonly hash: string;
}

export interface AuditLog {
  /** On disk when it returns. @throws when it cannot be written: then nothing may be done. */
  append(record: AuditRecord): AuditEntry;
  /** Newest first. */
  latest(filter: { limit: number; miner?: string | undefined }): AuditEntry[];
  /** Jobs and miners of actions that were sent and whose outcome was never written. */
  readonly unfinished: readonly AuditEntry[];
  /** Commands that earlier processes sent within a day before the log was opened, oldest first. */
  readonly sentLately: readonly AuditEntry[];
  /** All entries of these jobs, oldest first, read from the file. */
  ofJobs(ids: ReadonlySet<string>): AuditEntry[];
  close(): void;
}

const start = '0'.repeat(64);
const keptInMemory = 5000;

/** @throws HashfleetError internal, naming the line, when the chain is broken. */
export function openAuditLog(folder: string, now: () => number = Date.now): AuditLog {
  const file = path.join(folder, 'audit.jsonl');
  mkdirSync(folder, { recursive: true });
  const entries = verifyAuditFile(file);
  let last = entries.at(-1);
  const descriptor = openSync(file, 'a', 0o600);
  const recent = entries.slice(-keptInMemory);
  const unfinished = unfinishedOf(entries);
  const dayAgo = now() - 86_400_000;
  const sentLately = entries.filter(({ event, at }) => event === 'sent' && Date.parse(at) > dayAgo);

  return {
    append(record) {
      const entry = sealed({ sequence: (last?.sequence ?? 0) + 1, at: new Date(now()).toISOString(), ...record }, last?.hash ?? start);
      appendWhole(descriptor, Buffer.from(`${JSON.stringify(entry)}\n`), file);
      last = entry;
      recent.push(entry);
      if (recent.length > keptInMemory) recent.shift();
      return entry;
    },
    latest({ limit, miner }) {
      const fitting = miner === undefined ? recent : recent.filter((entry) => entry.miner === miner);
      return fitting.slice(-limit).reverse();
    },
    unfinished,
    sentLately,
    ofJobs: (ids) => (ids.size === 0 ? [] : verifyAuditFile(file).filter(({ job }) => job !== undefined && ids.has(job))),
    close: () => closeSync(descriptor),
  };
}

/** Writes the line whole and flushes it, or leaves the file as it was: half a line would break the chain for good. */
function appendWhole(descriptor: number, line: Buffer, file: string): void {
  const before = fstatSync(descriptor).size;
  try {
    if (writeSync(descriptor, line) !== line.length) throw new Error('no space left for the whole line');
    fsyncSync(descriptor);
  } catch (cause) {
    try {
      ftruncateSync(descriptor, before);
    } catch { /* the first error tells more */ }
    throw new HashfleetError('internal', `${file} cannot be written (${messageOf(cause)}); without the audit log nothing is done. Check disk space and permissions.`, { cause });
  }
}

/** All entries of the file, checked. A missing file is an empty log. @throws HashfleetError naming the first bad line. */
export function verifyAuditFile(file: string): AuditEntry[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
  if (text !== '' && !text.endsWith('\n')) throw damaged(file, text.split('\n').length, 'the last line is cut off');
  let previous = start;
  return text.split('\n').slice(0, -1).map((line, index) => {
    const entry = parsed(line);
    if (entry === undefined) throw damaged(file, index + 1, 'is not a JSON object');
    const { hash, ...rest } = entry;
    if (rest.sequence !== index + 1) throw damaged(file, index + 1, `has the number ${rest.sequence}`);
    if (sealed(rest, previous).hash !== hash) throw damaged(file, index + 1, 'does not fit the line before it: it was changed, or a line was removed');
    previous = hash;
    return entry;
  });
}

function parsed(line: string): AuditEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as AuditEntry) : undefined;
  } catch {
    return undefined;
  }
}

function damaged(file: string, line: number, why: string): HashfleetError {
  return new HashfleetError('internal', `${file}:${line}: ${why}. The audit log is damaged: keep the file as evidence, move it away, and start again`);
}

function sealed(entry: Omit<AuditEntry, 'hash'>, previous: string): AuditEntry {
  return { ...entry, hash: createHash('sha256').update(previous).update(JSON.stringify(entry)).digest('hex') };
}

function unfinishedOf(entries: readonly AuditEntry[]): AuditEntry[] {
  const open = new Map<string, AuditEntry>();
  for (const entry of entries) {
    if (entry.job === undefined || entry.miner === undefined) continue;
    const key = `${entry.job} ${entry.miner}`;
    if (entry.event === 'sent') open.set(key, entry);
    else if (entry.event === 'outcome') open.delete(key);
  }
  return [...open.values()];
}
