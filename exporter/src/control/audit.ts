/**
 * The audit log: one JSON object a line, appended and flushed to disk before the deed, each line carrying the hash of the
 * one before. Whoever changes, removes or reorders a line breaks the chain; who cuts lines off at the end contradicts `audit.head`,
 * which names the last one. A file that has grown large is set aside, and the next goes on with its chain.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, existsSync, fstatSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import type { ActionName } from './actions.ts';

export const auditEvents = ['started', 'sent', 'outcome', 'roll_back', 'cancelled', 'refused', 'intent', 'inventory', 'schedule', 'requested', 'approved', 'rejected', 'expired', 'drift_accepted', 'advice', 'model'] as const;
export type AuditEvent = (typeof auditEvents)[number];

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
  /** Number of the last entry. */
  readonly sequence: number;
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

const keptInMemory = 5000;
/** Bytes after which a file is set aside: some hundred thousand entries, which are checked within seconds. */
const largestFile = 64 * 2 ** 20;
const current = 'audit.jsonl';
const headName = 'audit.head';

/** Where a chain stands: the last number, and the last hash. */
interface Link { readonly sequence: number; readonly hash: string }
const start: Link = { sequence: 0, hash: '0'.repeat(64) };

/** @throws HashfleetError internal, naming the line, when the chain is broken or its end is missing. */
export function openAuditLog(folder: string, now: () => number = Date.now, rotateAt = largestFile): AuditLog {
  const file = path.join(folder, current);
  mkdirSync(folder, { recursive: true });
  // What was set aside longer ago is checked by `audit verify`: it would delay every start.
  const entries = verifyAuditLog(folder, 2);
  let last: Link = entries.at(-1) ?? start;
  let descriptor = openSync(file, 'a', 0o600);
  const head = openSync(path.join(folder, headName), constants.O_RDWR | constants.O_CREAT, 0o600);
  writeHead(head, last);
  const recent = entries.slice(-keptInMemory);
  const unfinished = unfinishedOf(entries);
  const dayAgo = now() - 86_400_000;
  const sentLately = entries.filter(({ event, at }) => event === 'sent' && Date.parse(at) > dayAgo);

  /** A file that cannot be set aside only grows on; the next entry tries again. */
  function rotate(): void {
    if (fstatSync(descriptor).size < rotateAt) return;
    const aside = path.join(folder, `audit-${String(last.sequence).padStart(12, '0')}.jsonl`);
    try {
      renameSync(file, aside);
    } catch {
      return;
    }
    const before = descriptor;
    try {
      descriptor = openSync(file, 'a', 0o600);
    } catch {
      renameSync(aside, file);
      return;
    }
    closeSync(before);
    const directory = openSync(folder, 'r');
    fsyncSync(directory);
    closeSync(directory);
  }

  return {
    append(record) {
      const entry = sealed({ sequence: last.sequence + 1, at: new Date(now()).toISOString(), ...record }, last.hash);
      appendWhole({ descriptor, head, file }, entry);
      last = entry;
      recent.push(entry);
      if (recent.length > keptInMemory) recent.shift();
      rotate();
      return entry;
    },
    get sequence() {
      return last.sequence;
    },
    latest({ limit, miner }) {
      const fitting = miner === undefined ? recent : recent.filter((entry) => entry.miner === miner);
      return fitting.slice(-limit).reverse();
    },
    unfinished,
    sentLately,
    ofJobs: (ids) => (ids.size === 0 ? [] : verifyAuditLog(folder, 2).filter(({ job }) => job !== undefined && ids.has(job))),
    close() {
      closeSync(descriptor);
      closeSync(head);
    },
  };
}

/** In place and of one length, so that it needs no room on a full disk. */
function writeHead(head: number, { sequence, hash }: Link): void {
  const text = `${String(sequence).padStart(16)} ${hash}\n`;
  if (writeSync(head, text, 0) !== text.length) throw new Error('no space left for the head of the log');
  fsyncSync(head);
}

/** Writes the line whole and flushes it, or leaves the file as it was: half a line would break the chain for good. */
function appendWhole({ descriptor, head, file }: { descriptor: number; head: number; file: string }, entry: AuditEntry): void {
  const line = Buffer.from(`${JSON.stringify(entry)}\n`);
  const before = fstatSync(descriptor).size;
  try {
    if (writeSync(descriptor, line) !== line.length) throw new Error('no space left for the whole line');
    fsyncSync(descriptor);
    writeHead(head, entry);
  } catch (cause) {
    try {
      ftruncateSync(descriptor, before);
    } catch { /* the first error tells more */ }
    throw new HashfleetError('internal', `${file} cannot be written (${messageOf(cause)}); without the audit log nothing is done. Check disk space and permissions.`, { cause });
  }
}

/** Files of the log, the oldest first; the one in use last, whether it is there or not. */
function filesOf(folder: string): string[] {
  const aside = existsSync(folder) ? readdirSync(folder).filter((name) => /^audit-\d{12}\.jsonl$/.test(name)).sort() : [];
  return [...aside, current].map((name) => path.join(folder, name));
}

/**
 * All entries of the log in the folder, or those of its `newest` files, checked from file to file and against its head.
 * @throws HashfleetError naming the first bad line, or how many are missing at the end
 */
export function verifyAuditLog(folder: string, newest = Infinity): AuditEntry[] {
  const files = filesOf(folder);
  const from = Math.max(0, files.length - newest);
  const before = from === 0 ? undefined : files[from - 1];
  let link = before === undefined ? start : linkAfter(before);
  const entries: AuditEntry[] = [];
  for (const file of files.slice(from)) {
    const found = verifyAuditFile(file, link);
    for (const entry of found) entries.push(entry);
    link = found.at(-1) ?? link;
  }
  const head = headOf(folder);
  if (head !== undefined && head.sequence > link.sequence) {
    throw damaged(path.join(folder, current), link.sequence + 1, `${head.sequence - link.sequence} entries are missing at the end (audit.head names ${head.sequence})`);
  }
  return entries;
}

function headOf(folder: string): Link | undefined {
  const file = path.join(folder, headName);
  if (!existsSync(file)) return undefined;
  const match = /^ *(\d+) ([0-9a-f]{64})\n/.exec(readFileSync(file, 'utf8'));
  return match === null ? undefined : { sequence: Number(match[1]), hash: match[2] ?? '' };
}

/** What the last line of a file hands on. */
function linkAfter(file: string): Link {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const last = parsed(lines.at(-1) ?? '');
  if (last === undefined) throw damaged(file, lines.length, 'is not a JSON object');
  return last;
}

/** All entries of one file, checked. A missing file is an empty one. @throws HashfleetError naming the first bad line. */
export function verifyAuditFile(file: string, after: Link = start): AuditEntry[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
  if (text !== '' && !text.endsWith('\n')) throw damaged(file, text.split('\n').length, 'the last line is cut off');
  let previous = after.hash;
  return text.split('\n').slice(0, -1).map((line, index) => {
    const entry = parsed(line);
    if (entry === undefined) throw damaged(file, index + 1, 'is not a JSON object');
    const { hash, ...rest } = entry;
    if (rest.sequence !== after.sequence + index + 1) throw damaged(file, index + 1, `has the number ${rest.sequence}`);
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
  return new HashfleetError('internal', `${file}:${line}: ${why}. The audit log is damaged: keep it as evidence, move the folder ${path.dirname(file)} away, and start again`);
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
