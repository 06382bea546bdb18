/** Which workers of a pool fit no miner, which miners it does not show, and under which names more than one machine works. */
import { leadsTo, matchWorkers, type WorkerMatches } from '../analytics/workers.ts';
import type { Fleet, Miner } from '../fleet/fleet.ts';
import { hashingStates, type PoolReading as Slot } from '../miners/reading.ts';
import type { PoolReading } from '../pools/pool.ts';
import { slotOf } from './reconciliation.ts';

/** Ms for which a miner must have worked for the pool, and the pool not shown it: pools show a worker some minutes late. */
const missingAfterMs = 10 * 60_000;

export interface Matches extends Pick<WorkerMatches, 'orphans' | 'duplicates'> {
  /** Miners that the pool does not show, with Unix ms since when. */
  readonly missing: ReadonlyMap<string, number>;
  /** Miners that work for the pool by what they say. */
  readonly here: readonly string[];
}

export interface Matching {
  /** Takes in a reading of a pool; undefined where it does not tell its workers. Gives the miners whose work it shows each for itself. */
  take(pool: { readonly name: string; readonly hosts: readonly string[] }, reading: PoolReading, minerOf: (worker: string) => string | undefined): ReadonlySet<string>;
  of(pool: string): Matches | undefined;
}

export function createMatching(fleet: () => Fleet | undefined): Matching {
  const known = new Map<string, Matches>();
  /** By pool and miner: since when the miner works there, and since when the pool does not show it. */
  const here = new Map<string, Map<string, number>>();
  const unseen = new Map<string, Map<string, number>>();

  return {
    take({ name, hosts }, reading, minerOf) {
      const { workers, observedAt: at } = reading;
      if (workers === undefined) {
        known.delete(name);
        return new Set();
      }
      const present = [...fleet()?.all() ?? []].flatMap((miner) => {
        const slot = slotAt(miner, hosts);
        return slot === undefined ? [] : [{ miner: miner.config.name, user: slot.user }];
      });
      const { orphans, missing, duplicates } = matchWorkers({ workers, present, minerOf });
      const since = keepFirst(here.get(name), present.map(({ miner }) => miner), at);
      const gone = keepFirst(unseen.get(name), missing, at);
      here.set(name, since);
      unseen.set(name, gone);
      const long = [...gone].filter(([miner, from]) => Math.max(from, since.get(miner) ?? at) <= at - missingAfterMs);
      known.set(name, { orphans, duplicates, missing: new Map(long), here: present.map(({ miner }) => miner) });
      const shared = new Set(duplicates.flatMap(({ miners }) => miners));
      // A worker without hashrate is one that the pool remembers.
      return new Set(workers.flatMap(({ worker, hashrate, connected }) => {
        const miner = hashrate === 0 || connected === false ? undefined : minerOf(worker);
        return miner === undefined || shared.has(miner) ? [] : [miner];
      }));
    },
    of: (pool) => known.get(pool),
  };
}

/** The slot in use, where the miner mines and it leads to one of the hosts. */
function slotAt({ reading, failure }: Miner, hosts: readonly string[]): Slot | undefined {
  if (reading?.state === undefined || failure !== undefined || !hashingStates.has(reading.state)) return undefined;
  const slot = slotOf(reading);
  return slot !== undefined && leadsTo(slot.url, hosts) ? slot : undefined;
}

function keepFirst(before: ReadonlyMap<string, number> | undefined, names: readonly string[], at: number): Map<string, number> {
  return new Map(names.map((name) => [name, before?.get(name) ?? at]));
}
