/**
 * When the exporter itself was not running, in a tiny file of the data folder that is written each minute. Miners remember three
 * days, so such a gap can be filled (`hashfleet backfill`) until they have forgotten it.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { longestWindowSeconds } from '../miners/history.ts';

/** Shorter than this, ms, is a restart: the last sign of life may be a minute old, and Prometheus bridges five. */
const shortestGapMs = 5 * 60_000;

/** Unix ms. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** From here on its begin is forgotten by the miners. */
  readonly wholeUntil: number;
  /** From here on nothing of it is left. */
  readonly partUntil: number;
}

const file = z.object({
  version: z.literal(1), aliveAt: z.number(),
  gaps: z.array(z.object({ from: z.number(), to: z.number() })).default([]),
});

export interface Alive {
  /** Gaps of which the miners still remember something, oldest first. */
  gaps(): readonly Gap[];
  /** Notes that the exporter is alive. A failure is logged once, never thrown. */
  note(): void;
}

/** Without a folder nothing is noted. */
export function openAlive(folder: string | undefined, log: Logger, now: () => number = Date.now): Alive {
  const name = folder === undefined ? undefined : path.join(folder, 'alive.json');
  const before = name === undefined ? undefined : load(name, log);
  const startedAt = now();
  let gaps = before?.gaps ?? [];
  let told = false;
  if (before !== undefined && startedAt - before.aliveAt >= shortestGapMs) {
    gaps = [...gaps, { from: before.aliveAt, to: startedAt }];
    const gap = limited({ from: before.aliveAt, to: startedAt });
    const times = { from: iso(gap.from), to: iso(gap.to), fillBefore: iso(gap.wholeUntil) };
    if (gap.partUntil > startedAt) log.warn(times, 'the exporter was not running; what the miners remember of it can be filled in with "hashfleet backfill" until then');
  }
  const remembered = () => gaps.map(limited).filter(({ partUntil }) => partUntil > now());

  return {
    gaps: remembered,
    note() {
      if (name === undefined) return;
      try {
        mkdirSync(path.dirname(name), { recursive: true });
        writeFileSync(`${name}.new`, JSON.stringify({ version: 1, aliveAt: now(), gaps: remembered().map(({ from, to }) => ({ from, to })) }));
        renameSync(`${name}.new`, name);
        told = false;
      } catch (thrown) {
        if (!told) log.error({ file: name, err: messageOf(thrown) }, 'cannot note that the exporter is alive; a gap would not be noticed. Check disk space and permissions');
        told = true;
      }
    },
  };
}

function limited({ from, to }: { readonly from: number; readonly to: number }): Gap {
  return { from, to, wholeUntil: from + longestWindowSeconds * 1000, partUntil: to + longestWindowSeconds * 1000 };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function load(name: string, log: Logger): z.output<typeof file> | undefined {
  let text: string;
  try {
    text = readFileSync(name, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') log.error({ file: name, err: messageOf(thrown) }, 'cannot read when the exporter was last alive');
    return undefined;
  }
  try {
    return file.parse(JSON.parse(text));
  } catch {
    log.warn({ file: name }, 'the note of when the exporter was last alive is damaged; begun anew');
    return undefined;
  }
}
