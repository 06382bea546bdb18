/**
 * Any cgminer-like miner over TCP 4028: the last resort, for reading only. It needs no password, and tells less than VNish's
 * own interfaces (docs/how-it-works.md says what is missing).
 */
import type { Mismatch } from '../../mismatch.ts';
import { lacksAll, PollFailure, type Driver } from '../driver.ts';
import type { JsonObject } from '../fields.ts';
import type { Reading } from '../reading.ts';
import { askCgminer, cgminerPlace, type CgminerCommand, type CgminerPlace } from './client.ts';
import { isStats, parseCgminerReading, type HashrateUnit } from './parse.ts';

export interface CgminerOptions {
  /** `host` or `host:port`; without a port it is 4028. */
  readonly address: string;
  /** What the numbers that are labelled GHS really are; the model tells where this is absent. */
  readonly hashrateUnit?: HashrateUnit | undefined;
  readonly mismatch: Mismatch;
  /** Unix ms. */
  readonly now?: () => number;
}

const readOnly = 'it is read over TCP 4028, which takes no commands from Hashfleet (driver: cgminer)';

const lacks = lacksAll(readOnly);

export function cgminerDriver({ address, hashrateUnit, mismatch, now = Date.now }: CgminerOptions): Driver {
  const place = cgminerPlace(address);
  return {
    kind: 'cgminer',
    lacks,
    poll: async (signal) => readCgminer(place, { unit: hashrateUnit, mismatch, now, signal }),
    presets: async () => Promise.resolve([]),
    send: async ({ action }) => Promise.resolve({ sent: false, detail: lacks[action] }),
    credentials: 'unknown',
    close: async () => Promise.resolve(),
  };
}

export interface CgminerRead {
  readonly unit: HashrateUnit | undefined;
  readonly mismatch: Mismatch;
  /** Unix ms. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** One reading; the commands go one after the other, each over a connection of its own. @throws PollFailure */
export async function readCgminer(place: CgminerPlace, { unit, mismatch, now, signal }: CgminerRead): Promise<Reading> {
  const stats = await askCgminer(place, 'stats', signal);
  if (!isStats(stats)) throw new PollFailure('bad_shape', 'the reply to "stats" has no "STATS" of a miner');
  const summary = await tolerated('summary');
  const pools = await tolerated('pools');
  return parseCgminerReading({ stats, ...(summary === undefined ? {} : { summary }), ...(pools === undefined ? {} : { pools }) }, { at: now(), unit, mismatch });

  /** Some builds refuse `pools` (vnish-api.md, 5b); what was read already stays. Time running out may not be tolerated. */
  async function tolerated(command: CgminerCommand): Promise<JsonObject | undefined> {
    try {
      return await askCgminer(place, command, signal);
    } catch (thrown) {
      if (thrown instanceof PollFailure && ['bad_json', 'bad_shape', 'reset', 'too_large', 'not_a_miner'].includes(thrown.reason)) return undefined;
      throw thrown;
    }
  }
}
