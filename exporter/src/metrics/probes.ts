/**
 * One miner's series on demand, for `/probe?target=`. A miner that this exporter polls anyway comes from memory; one of
 * another shard is read now, and kept ready for the next probe, so that an exporter can stand in for one that died.
 */
import pLimit from 'p-limit';
import type { Fleet, Miner } from '../fleet/fleet.ts';
import type { MinerConfig } from '../config/schema.ts';
import { catalogue, type Family } from './catalogue.ts';
import { createPage } from './page.ts';
import { minerBase, minerSeries } from './series.ts';
import type { Views } from './view.ts';

/** Ms after which a miner of another shard that nobody asks for is let go. */
const keptIdleMs = 10 * 60_000;

export interface ProbeOptions {
  /** Reads the miner now, even if it was polled a moment ago. */
  readonly fresh: boolean;
  readonly deadlineMs: number;
}

export interface Probes {
  /** The page of one miner; undefined when it is not in the configuration. A miner that fails gives `miner_up 0`. */
  probe(name: string, options: ProbeOptions): Promise<Buffer | undefined>;
  close(): Promise<void>;
}

/** A fleet and what is worked out from it. */
export interface Guest {
  readonly fleet: Fleet;
  readonly views: Views;
}

export interface ProbesOptions {
  /** The whole inventory, other shards included. */
  readonly inventory: readonly MinerConfig[];
  readonly own: Guest;
  /** A fleet of this one miner. */
  readonly guestOf: (miner: MinerConfig) => Guest;
  /** Miners of other shards that are read at once. */
  readonly concurrency: number;
}

const families = Object.entries<Family>(catalogue).filter(([, { scope, page }]) => scope === 'miner' && page === undefined).map(([name, { type, help }]) => ({ name, type, help }));

export function createProbes({ inventory, own, guestOf, concurrency }: ProbesOptions): Probes {
  const configured = new Map(inventory.map((miner) => [miner.name, miner]));
  const guests = new Map<string, Guest & { askedAt: number }>();
  const limit = pLimit(concurrency);

  function guest(name: string, config: MinerConfig): Guest {
    const now = Date.now();
    for (const [other, { askedAt, fleet }] of guests) {
      if (now - askedAt <= keptIdleMs) continue;
      guests.delete(other);
      void fleet.close();
    }
    const known = guests.get(name);
    const found = known ?? { ...guestOf(config), askedAt: now };
    found.askedAt = now;
    guests.set(name, found);
    return found;
  }

  return {
    async probe(name, { fresh, deadlineMs }) {
      const config = configured.get(name);
      if (config === undefined) return undefined;
      const isOwn = own.fleet.get(name) !== undefined;
      const { fleet, views } = isOwn ? own : guest(name, config);
      const known = fleet.get(name);
      const miner = isOwn && !fresh && known?.lastPollAt !== undefined ? known : await limit(async () => fleet.poll(name, { deadlineMs }));
      return pageOf(miner, views);
    },
    async close() {
      await Promise.all([...guests.values()].map(async ({ fleet }) => fleet.close()));
      guests.clear();
    },
  };
}

function pageOf(miner: Miner, views: Views): Buffer {
  const page = createPage(families);
  const view = views.of(miner);
  page.set(miner.config.name, minerBase(view), (emit) => minerSeries(view, emit));
  return page.render();
}
