/** What the exporter remembers of each miner across restarts, in one small file of the data folder. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';

export const intents = ['mine', 'stopped', 'curtailed', 'maintenance'] as const;
export type Intent = (typeof intents)[number];

export const changeKinds = ['preset', 'pool', 'firmware', 'mining'] as const;
export type ChangeKind = (typeof changeKinds)[number];

const minerMemory = z.object({
  model: z.string().optional(),
  intent: z.enum(intents).default('mine'),
  hashes: z.number().min(0).default(0),
  joules: z.number().min(0).default(0),
  unexpected: z.record(z.enum(changeKinds), z.number()).optional(),
  /** What the settings were when last read, to notice changes that others made meanwhile. */
  seen: z.object({ preset: z.string().optional(), pools: z.string().optional(), firmware: z.string().optional(), mining: z.boolean().optional() }).default({}),
});
export type MinerMemory = z.output<typeof minerMemory>;

const memoryFile = z.object({ version: z.literal(1), miners: z.record(z.string(), minerMemory) });

export interface Memory {
  /** The miner's own entry, made when new; the caller changes it in place. */
  of(miner: string): MinerMemory;
  forget(miner: string): void;
  /** Writes the file whole, or leaves the old one. Failure is logged, never thrown: reading goes on without it. */
  save(): void;
}

/** Without a folder nothing is kept. A damaged file is set aside, and said. */
export function openMemory(folder: string | undefined, log: Logger): Memory {
  const file = folder === undefined ? undefined : path.join(folder, 'miners.json');
  const miners = file === undefined ? new Map<string, MinerMemory>() : load(file, log);
  return {
    of(miner) {
      const known = miners.get(miner);
      if (known !== undefined) return known;
      const fresh = minerMemory.parse({});
      miners.set(miner, fresh);
      return fresh;
    },
    forget: (miner) => void miners.delete(miner),
    save() {
      if (file === undefined) return;
      try {
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(`${file}.new`, JSON.stringify({ version: 1, miners: Object.fromEntries(miners) }));
        renameSync(`${file}.new`, file);
      } catch (thrown) {
        log.error({ file, err: messageOf(thrown) }, 'cannot save counters and intents; they will be lost at a restart. Check disk space and permissions');
      }
    },
  };
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
