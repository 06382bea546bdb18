/** Which machine each name stands for, in one small file of the data folder: MAC, address, first and last seen. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';

const machine = z.object({
  name: z.string(),
  /** As mac.ts writes it. */
  mac: z.string(),
  /** Where it answered last. */
  address: z.string(),
  /** The address of its entry when it was recognised; absent for what a range found. */
  configured: z.string().optional(),
  /** The range that found it, as fleet.yaml has it; absent for a miner with an entry. */
  range: z.string().optional(),
  /** Unix ms. */
  firstSeen: z.number(),
  lastSeen: z.number(),
  /** Another machine that answers at its address, and since when (Unix ms). */
  stranger: z.object({ mac: z.string(), since: z.number() }).optional(),
});
export type Machine = Readonly<z.output<typeof machine>>;

const bookFile = z.object({ version: z.literal(1), machines: z.array(machine) });

export interface Book {
  get(name: string): Machine | undefined;
  /** Names that stand for this MAC; several for copied MACs and double entries. */
  namesOf(mac: string): readonly string[];
  all(): Iterable<Machine>;
  put(machine: Machine): void;
  remove(name: string): void;
  /** Writes the file whole, or leaves the old one. Failure is logged, never thrown. */
  save(): void;
}

/** Without a folder nothing is kept. A damaged file is set aside, and said. */
export function openBook(folder: string | undefined, log: Logger): Book {
  const file = folder === undefined ? undefined : path.join(folder, 'inventory.json');
  const machines = new Map<string, Machine>();
  const byMac = new Map<string, Set<string>>();
  let dirty = false;

  function remove(name: string): void {
    const known = machines.get(name);
    if (known === undefined) return;
    machines.delete(name);
    const names = byMac.get(known.mac);
    names?.delete(name);
    if (names?.size === 0) byMac.delete(known.mac);
    dirty = true;
  }

  function put(one: Machine): void {
    if (machines.get(one.name)?.mac !== one.mac) remove(one.name);
    machines.set(one.name, one);
    byMac.set(one.mac, (byMac.get(one.mac) ?? new Set()).add(one.name));
    dirty = true;
  }

  if (file !== undefined) for (const one of load(file, log)) put(one);
  dirty = false;
  return {
    get: (name) => machines.get(name),
    namesOf: (mac) => [...byMac.get(mac) ?? []],
    all: () => machines.values(),
    put,
    remove,
    save() {
      if (file === undefined || !dirty) return;
      try {
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(`${file}.new`, JSON.stringify({ version: 1, machines: [...machines.values()] }));
        renameSync(`${file}.new`, file);
        dirty = false;
      } catch (thrown) {
        log.error({ file, err: messageOf(thrown) }, 'cannot save which machine is which; names of found miners may change at a restart. Check disk space and permissions');
      }
    },
  };
}

function load(file: string, log: Logger): Machine[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') log.error({ file, err: messageOf(thrown) }, 'cannot read which machine is which; all are learned anew');
    return [];
  }
  try {
    return bookFile.parse(JSON.parse(text)).machines;
  } catch (thrown) {
    const aside = `${file}.damaged`;
    renameSync(file, aside);
    log.error({ file, aside, err: messageOf(thrown).slice(0, 300) }, 'the file of known machines is damaged; set aside, all are learned anew');
    return [];
  }
}
