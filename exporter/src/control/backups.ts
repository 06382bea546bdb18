/**
 * Backups of miners' settings, `backups/<miner>/`: the firmware's own archive, which holds secrets (mode 0600, never shown), and beside it
 * what we know of the settings, without secrets. So many a miner; the oldest go.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../errors.ts';
import type { MinerSettings } from '../miners/settings.ts';

export interface Backup { readonly archive: Uint8Array; readonly settings?: MinerSettings }

export interface Backups {
  /** On disk when it returns, with its name. @throws when it cannot be written: then nothing may be sent */
  keep(miner: string, backup: Backup & { readonly reason: string; readonly at: number }): string;
  /** Newest first. */
  list(miner: string): readonly string[];
  /** Undefined when there is none of that name. */
  read(miner: string, name: string): Backup | undefined;
}

const archiveEnd = '.tar.gz';
const settingsEnd = '.json';

/** The folder is made when the first is kept. */
export function openBackups(folder: string, kept: number): Backups {
  // A miner may be named "..".
  const folderOf = (miner: string) => path.join(folder, miner.replace(/^\./, '_.'));

  function list(miner: string): string[] {
    try {
      return readdirSync(folderOf(miner)).filter((file) => file.endsWith(archiveEnd)).map((file) => file.slice(0, -archiveEnd.length)).sort().reverse();
    } catch (thrown) {
      if (codeOf(thrown) === 'ENOENT') return [];
      throw thrown;
    }
  }

  return {
    list,
    keep(miner, { archive, settings, reason, at }) {
      mkdirSync(folderOf(miner), { recursive: true, mode: 0o700 });
      const stem = `${new Date(at).toISOString().replace(/[-:]/g, '')}-${reason}`;
      const file = path.join(folderOf(miner), stem);
      if (settings !== undefined) writeFileSync(`${file}${settingsEnd}`, JSON.stringify(settings), { mode: 0o600, flush: true });
      writeFileSync(`${file}${archiveEnd}`, archive, { mode: 0o600, flush: true });
      for (const old of list(miner).slice(kept)) {
        for (const end of [archiveEnd, settingsEnd]) rmSync(path.join(folderOf(miner), `${old}${end}`), { force: true });
      }
      return stem;
    },
    read(miner, name) {
      // Only what is listed is a name; a path is none.
      if (!list(miner).includes(name)) return undefined;
      const file = path.join(folderOf(miner), name);
      return { archive: readFileSync(`${file}${archiveEnd}`), ...settingsIn(`${file}${settingsEnd}`) };
    },
  };
}

function settingsIn(file: string): { settings?: MinerSettings } {
  try {
    return { settings: JSON.parse(readFileSync(file, 'utf8')) as MinerSettings };
  } catch {
    // An archive without it can be restored all the same.
    return {};
  }
}

/** For a control without a data folder. */
export function memoryBackups(): Backups {
  const all = new Map<string, Map<string, Backup>>();
  return {
    keep(miner, { reason, at, ...backup }) {
      const own = all.get(miner) ?? new Map<string, Backup>();
      const name = `${new Date(at).toISOString().replace(/[-:]/g, '')}-${reason}`;
      all.set(miner, own.set(name, backup));
      return name;
    },
    list: (miner) => [...all.get(miner)?.keys() ?? []].sort().reverse(),
    read: (miner, name) => all.get(miner)?.get(name),
  };
}
