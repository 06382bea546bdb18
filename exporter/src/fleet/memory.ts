/** What the exporter remembers of each miner across restarts: settings and intents in one small file, counters in another. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { openCounters, type Counters } from './counters.ts';

export const intents = ['mine', 'stopped', 'curtailed', 'maintenance'] as const;
export type Intent = (typeof intents)[number];

export const changeKinds = ['preset', 'pool', 'firmware', 'mining'] as const;
export type ChangeKind = (typeof changeKinds)[number];

const statement = z.object({ author: z.string().optional(), reason: z.string().optional(), from: z.number().optional(), until: z.number().optional() });

const minerMemory = z.object({
  model: z.string().optional(),
  /** The standing wish; a maintenance window lies over it. */
  intent: z.enum(intents).default('mine'),
  statement: statement.optional(),
  maintenance: statement.optional(),
  /** The entry of credentials whose password an action of ours gave the miner; it counts as long as fleet.yaml names the other one. */
  credentials: z.object({ use: z.string(), insteadOf: z.string() }).optional(),
  hashes: z.number().min(0).default(0),
  joules: z.number().min(0).default(0),
  unexpected: z.record(z.enum(changeKinds), z.number()).optional(),
  /** What the settings were when last read, to notice changes that others made meanwhile. */
  seen: z.object({ preset: z.string().optional(), pools: z.string().optional(), firmware: z.string().optional(), mining: z.boolean().optional() }).default({}),
});
export type MinerMemory = z.output<typeof minerMemory>;

/** Ms in which many changes become one save. */
const saveSoonMs = 100;

const memoryFile = z.object({ version: z.literal(1), miners: z.record(z.string(), minerMemory) });

export interface Memory {
  /** The miner's own entry, made when new; the caller changes it in place. */
  of(miner: string): MinerMemory;
  forget(miner: string): void;
  /** Puts the miner's counters on record before anybody sees them: they survive `kill -9`. */
  record(miner: string): void;
  /** Writes the file whole, or leaves the old one. Failure is logged, never thrown: reading goes on without it. */
  save(): void;
  /** Saves within a moment, once for many calls. */
  saveSoon(): void;
  close(): void;
}

/** Without a folder nothing is kept. A damaged file is set aside, and said. */
export function openMemory(folder: string | undefined, log: Logger): Memory {
  const file = folder === undefined ? undefined : path.join(folder, 'miners.json');
  const miners = file === undefined ? new Map<string, MinerMemory>() : load(file, log);
  const counters = folder === undefined ? undefined : openCounters(path.join(folder, 'counters.txt'), log);
  const of = (miner: string): MinerMemory => {
    const known = miners.get(miner);
    if (known !== undefined) return known;
    const fresh = minerMemory.parse({});
    miners.set(miner, fresh);
    return fresh;
  };
  if (counters !== undefined) takeOver(counters, of);
  let soon: NodeJS.Timeout | undefined;

  function save(): void {
    clearTimeout(soon);
    soon = undefined;
    if (file === undefined) return;
    counters?.flush();
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify({ version: 1, miners: Object.fromEntries(miners) }));
      renameSync(`${file}.new`, file);
    } catch (thrown) {
      log.error({ file, err: messageOf(thrown) }, 'cannot save intents and settings; they will be lost at a restart. Check disk space and permissions');
    }
  }

  return {
    of,
    forget(miner) {
      miners.delete(miner);
      counters?.forget(miner);
    },
    record(miner) {
      const { hashes, joules } = of(miner);
      counters?.write(miner, { hashes, joules });
    },
    save,
    saveSoon: () => void (soon ??= setTimeout(save, saveSoonMs)),
    close() {
      clearTimeout(soon);
      counters?.close();
    },
  };
}

/** Counters only grow: of two records the larger one is the later. */
function takeOver(counters: Counters, of: (miner: string) => MinerMemory): void {
  for (const [miner, { hashes, joules }] of counters.kept) {
    const entry = of(miner);
    entry.hashes = Math.max(entry.hashes, hashes);
    entry.joules = Math.max(entry.joules, joules);
  }
}

function load(file: string, log: Logger): Map<string, MinerMemory> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') log.error({ file, err: messageOf(thrown) }, 'cannot read the kept counters; starting from zero');
    return new Map();
  }
  try {
    return new Map(Object.entries(memoryFile.parse(JSON.parse(text)).miners));
  } catch (thrown) {
    const aside = `${file}.damaged`;
    renameSync(file, aside);
    log.error({ file, aside, err: messageOf(thrown).slice(0, 300) }, 'the kept counters are damaged; set aside, starting from zero');
    return new Map();
  }
}
