/** Miners that are added, changed and removed through the API: a file of their own, checked as fleet.yaml is, never the operator's. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { ConfigError, type Config } from '../config/load.ts';
import { minerSchema, type MinerConfig } from '../config/schema.ts';
import { codeOf, HashfleetError } from '../errors.ts';
import type { AuditLog, AuditRecord } from './audit.ts';
import type { Caller } from './jobs.ts';

/** An entry as it is sent and written; what it does not say has its default. */
export type EntryText = Readonly<Record<string, unknown>> & { readonly name: string };

export interface Entries {
  /** @throws HashfleetError conflict, payload_invalid, busy, config_invalid */
  add(entry: EntryText, caller: Caller): Promise<EntryText>;
  /** @throws HashfleetError not_found, conflict, payload_invalid, busy, config_invalid */
  change(name: string, entry: EntryText, caller: Caller): Promise<EntryText>;
  /** A miner that a range found is removed too, once it is gone. @throws HashfleetError not_found, conflict, busy */
  remove(name: string, caller: Caller): Promise<EntryText>;
  /** The next machine that answers at its address is the miner. @throws HashfleetError not_found, conflict */
  forgetMac(name: string, caller: Caller): void;
}

export interface EntriesOptions {
  readonly file: string;
  readonly audit: AuditLog;
  /** The miner as it is now, with what a range found. */
  readonly miner: (name: string) => MinerConfig | undefined;
  /** Whether the miner answers. */
  readonly answers: (name: string) => boolean;
  /** Reads the whole configuration with this text as the file's. @throws ConfigError */
  readonly load: (text: string) => Config;
  /** Runs one change after the other. */
  readonly inTurn: <T>(action: () => Promise<T>) => Promise<T>;
  /** Whether a job forbids it now. @throws HashfleetError busy */
  readonly checkIdle: () => void;
  /** Puts the configuration in force. @throws HashfleetError */
  readonly apply: (config: Config) => Promise<void>;
  readonly forgetMac: (name: string) => void;
  /** Drops what a range found, and puts that in force. */
  readonly forgetFound: (name: string) => Promise<void>;
}

/** Where in the data folder the entries are. */
export function entriesFile(dataFolder: string): string {
  return path.join(dataFolder, 'inventory-api.yaml');
}

export function createEntries({ file, audit, miner, answers, load, inTurn, checkIdle, apply, forgetMac, forgetFound }: EntriesOptions): Entries {
  function read(): { text: string | undefined; miners: EntryText[] } {
    try {
      const text = readFileSync(file, 'utf8');
      return { text, miners: (parse(text) as { miners: EntryText[] }).miners };
    } catch (thrown) {
      if (codeOf(thrown) === 'ENOENT') return { text: undefined, miners: [] };
      throw thrown;
    }
  }

  /** Checked, written to the audit log, written to the file, in force; or nothing of that. */
  async function write(miners: readonly EntryText[], record: AuditRecord): Promise<void> {
    const text = `# Written by the API of Hashfleet (POST /rigs); change it there.\n${stringify({ miners })}`;
    const before = read().text;
    const wanted = checked(() => load(text));
    checkIdle();
    audit.append(record);
    put(text);
    try {
      await apply(wanted);
    } catch (thrown) {
      if (before === undefined) rmSync(file, { force: true });
      else put(before);
      audit.append({ ...record, event: 'refused', detail: `${record.detail ?? ''}: not taken, the entries are as before` });
      throw thrown;
    }
  }

  function put(text: string): void {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }

  function checked(action: () => Config): Config {
    try {
      return action();
    } catch (thrown) {
      if (!(thrown instanceof ConfigError)) throw thrown;
      const own = thrown.problems.find((problem) => problem.file === file);
      if (own === undefined) throw thrown;
      const field = own.path.replace(/^miners\[\d+\]\.?/, '') || 'body';
      throw new HashfleetError('payload_invalid', `${field}: ${own.message}.`, { field });
    }
  }

  /** Only what the API wrote may be changed here. */
  function own(name: string): MinerConfig {
    const known = miner(name);
    if (known === undefined) throw unknown(name);
    if (known.origin !== 'api') throw new HashfleetError('conflict', `"${name}" is defined in ${known.place ?? 'fleet.yaml'}; change it there.`, { field: 'name', given: name });
    return known;
  }

  return {
    add: async (entry, caller) => inTurn(async () => {
      const known = miner(entry.name);
      if (known !== undefined) throw new HashfleetError('conflict', `"${entry.name}" is defined in ${known.place ?? 'fleet.yaml'} already${known.origin === 'api' ? '; change it with PUT' : ''}.`, { field: 'name', given: entry.name });
      const added = withoutDefaults(entry);
      await write([...read().miners, added], { ...caller, event: 'inventory', miner: entry.name, detail: 'added', after: added });
      return added;
    }),
    change: async (name, entry, caller) => inTurn(async () => {
      own(name);
      if (entry.name !== name) throw new HashfleetError('payload_invalid', `name: the miner is "${name}"; a name is never changed, since its counters and series go by it.`, { field: 'name', given: entry.name, allowed: name });
      const { miners } = read();
      const before = miners.find((one) => one.name === name);
      const after = withoutDefaults(entry);
      await write(miners.map((one) => (one.name === name ? after : one)), { ...caller, event: 'inventory', miner: name, detail: 'changed', ...(before === undefined ? {} : { before }), after });
      return after;
    }),
    remove: async (name, caller) => inTurn(async () => {
      const found = miner(name);
      if (found?.origin === 'range') {
        if (answers(name)) throw new HashfleetError('conflict', `"${name}" answers at ${found.address}, in ${found.place ?? 'a range'}: it would be found again. Add its address to the range's "exclude".`, { field: 'name', given: name });
        checkIdle();
        const before = { name, address: found.address, origin: found.origin };
        audit.append({ ...caller, event: 'inventory', miner: name, detail: 'removed', before });
        await forgetFound(name);
        return { name, address: found.address };
      }
      own(name);
      const { miners } = read();
      const before = miners.find((one) => one.name === name) ?? { name };
      await write(miners.filter((one) => one.name !== name), { ...caller, event: 'inventory', miner: name, detail: 'removed', before });
      return before;
    }),
    forgetMac(name, caller) {
      const known = miner(name);
      if (known === undefined) throw unknown(name);
      if (known.origin === 'range') throw new HashfleetError('conflict', `"${name}" was found by a range and is known by its MAC only; delete it when it is gone.`, { field: 'name', given: name });
      if (known.mac !== undefined && known.mac !== 'any') throw new HashfleetError('conflict', `The MAC of "${name}" is set in ${known.place ?? 'its entry'}; change it there.`, { field: 'name', given: name });
      audit.append({ ...caller, event: 'inventory', miner: name, detail: 'MAC forgotten: the next machine at its address is the miner' });
      forgetMac(name);
    },
  };
}

function unknown(name: string): HashfleetError {
  return new HashfleetError('not_found', `There is no miner "${name}". GET /api/v1/rigs lists them.`, { field: 'name', given: name });
}

/** What is the default is not written: it stays the default. */
function withoutDefaults(entry: EntryText): EntryText {
  const plain = minerSchema.parse({ name: 'a', address: 'a' }) as Readonly<Record<string, unknown>>;
  return { ...Object.fromEntries(Object.entries(entry).filter(([key, value]) => value !== undefined && (key === 'name' || key === 'address' || value !== plain[key]))), name: entry.name };
}
