/** How each miner is meant to be, as last learned, made by us or accepted by a person: `known.json`, without any secret. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';

export const driftKinds = ['preset', 'pool', 'firmware', 'settings', 'password'] as const;
export type DriftKind = (typeof driftKinds)[number];

const state = z.object({
  preset: z.string().optional(),
  pools: z.array(z.object({ url: z.string(), user: z.string() })).optional(),
  firmware: z.string().optional(),
  /** By section, with the firmware's values. */
  settings: z.record(z.string(), z.unknown()).optional(),
  /** Whether the miner accepts the password that we have. */
  password: z.boolean().optional(),
});
export type MinerState = z.output<typeof state>;

const entry = z.object({
  known: state.default({}),
  /** Since when something differs (Unix ms), by kind and, with settings, section. */
  since: z.record(z.string(), z.number()).default({}),
  /** Sections that an action of ours has changed: taken as they are with the next read. */
  relearn: z.array(z.string()).default([]),
  /** Who last said that it is meant to be so, and when. */
  by: z.string().optional(),
  at: z.number().optional(),
});
export type KnownEntry = z.output<typeof entry>;

const knownFile = z.object({ version: z.literal(1), miners: z.record(z.string(), entry) });

/** Ms in which many changes become one save. */
const saveSoonMs = 500;

export interface KnownStates {
  /** The miner's own entry, made when new; the caller changes it in place and calls `changed`. */
  of(miner: string): KnownEntry;
  changed(): void;
  /** What was last seen of each; in memory, over changes of the configuration. */
  readonly present: Map<string, MinerState>;
  /** Unix ms of the last read of the settings. */
  readonly settingsReadAt: Map<string, number>;
  /** Saves what is not saved yet. */
  close(): void;
}

/** Without a folder nothing is kept. A damaged file is set aside, and said: every miner is learned anew. */
export function openKnownStates(folder: string | undefined, log: Logger): KnownStates {
  const file = folder === undefined ? undefined : path.join(folder, 'known.json');
  const entries = file === undefined ? new Map<string, KnownEntry>() : load(file, log);
  let soon: NodeJS.Timeout | undefined;

  function save(): void {
    clearTimeout(soon);
    soon = undefined;
    if (file === undefined) return;
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify({ version: 1, miners: Object.fromEntries(entries) }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    } catch (thrown) {
      log.error({ file, err: messageOf(thrown) }, 'cannot save how the miners are meant to be. Check disk space and permissions');
    }
  }

  return {
    of(miner) {
      const known = entries.get(miner);
      if (known !== undefined) return known;
      const fresh = entry.parse({});
      entries.set(miner, fresh);
      return fresh;
    },
    changed: () => void (soon ??= setTimeout(save, saveSoonMs)),
    present: new Map(),
    settingsReadAt: new Map(),
    close() {
      if (soon !== undefined) save();
    },
  };
}

function load(file: string, log: Logger): Map<string, KnownEntry> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') log.error({ file, err: messageOf(thrown) }, 'cannot read how the miners are meant to be; they are learned anew');
    return new Map();
  }
  try {
    return new Map(Object.entries(knownFile.parse(JSON.parse(text)).miners));
  } catch (thrown) {
    const aside = `${file}.damaged`;
    renameSync(file, aside);
    log.error({ file, aside, err: messageOf(thrown).slice(0, 300) }, 'the record of how the miners are meant to be is damaged; set aside, they are learned anew');
    return new Map();
  }
}
