/**
 * Rows that wait to be sent, in `abacus.spool.jsonl`: they outlive an outage and the process. The oldest are dropped, and counted, where too
 * many wait; a line that a crash cut off is left out.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf, messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { AbacusRow } from './rows.ts';

export interface Spool {
  add(rows: readonly AbacusRow[]): void;
  /** The oldest. */
  next(most: number): readonly AbacusRow[];
  /** These have arrived. */
  sent(rows: readonly AbacusRow[]): void;
  readonly waiting: number;
  readonly dropped: number;
}

export function openSpool(folder: string | undefined, { most, log }: { readonly most: number; readonly log: Logger }): Spool {
  const file = folder === undefined ? undefined : path.join(folder, 'abacus.spool.jsonl');
  let dropped = 0;
  // A row of a key that waits already takes its place.
  const rows = new Map<string, AbacusRow>();
  const damaged = file === undefined ? 0 : load(file, rows, log);

  function write(how: (file: string) => void): void {
    if (file === undefined) return;
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      how(file);
    } catch (thrown) {
      log.error({ file, err: messageOf(thrown) }, 'rows for Abacus cannot be kept on disk; they wait in memory');
    }
  }

  function whole(): void {
    write((target) => {
      writeFileSync(`${target}.new`, [...rows.values()].map((row) => `${JSON.stringify(row)}\n`).join(''), { mode: 0o600, flush: true });
      renameSync(`${target}.new`, target);
    });
  }

  function dropOldest(): boolean {
    const over = [...rows.keys()].slice(0, Math.max(0, rows.size - most));
    for (const key of over) rows.delete(key);
    dropped += over.length;
    return over.length > 0;
  }

  // What is added next must not stand behind a line that was cut off, or both are lost.
  if (dropOldest() || damaged > 0) whole();

  return {
    add(list) {
      for (const row of list) rows.set(row.row_key, row);
      if (dropOldest()) whole();
      else if (list.length > 0) write((target) => appendFileSync(target, list.map((row) => `${JSON.stringify(row)}\n`).join(''), { mode: 0o600, flush: true }));
    },
    next: (count) => [...rows.values()].slice(0, count),
    sent(list) {
      for (const row of list) if (rows.get(row.row_key) === row) rows.delete(row.row_key);
      whole();
    },
    get waiting() {
      return rows.size;
    },
    get dropped() {
      return dropped;
    },
  };
}

/** How many lines were damaged. */
function load(file: string, rows: Map<string, AbacusRow>, log: Logger): number {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') log.error({ file, err: messageOf(thrown) }, 'rows that wait for Abacus cannot be read; beginning without them');
    return 0;
  }
  let damaged = 0;
  for (const line of text.split('\n').filter((one) => one !== '')) {
    try {
      const row = JSON.parse(line) as AbacusRow;
      if (typeof row.row_key !== 'string') throw new TypeError('no key');
      rows.set(row.row_key, row);
    } catch {
      damaged += 1;
    }
  }
  if (damaged > 0) log.warn({ file, lines: damaged }, 'lines of the rows that wait for Abacus are damaged and left out');
  return damaged;
}
