/** The pools of a mine on the network, at the time of the mine: for a client that wants HTTP and weeks that pass at once. */
import type { Mine } from './mine.ts';
import { createPool } from './pool.ts';
import type { Pool } from './pool.ts';

export interface ServedPools {
  /** In the order of the mine's. */
  readonly pools: readonly Pool[];
  close(): Promise<void>;
}

/** Each on a port that the system picks. */
export async function servePools(mine: Mine, { host = '127.0.0.1', seed = 1 }: { readonly host?: string; readonly seed?: number } = {}): Promise<ServedPools> {
  // A mine is always up to date: its time moves only when its workers do.
  const pools = [...mine.house.desks.values()].map((desk) => createPool({ clock: mine, desk, market: mine.market, seed, host, port: 0, advanceMiners: () => undefined }));
  await Promise.all(pools.map((pool) => pool.listen()));
  return {
    pools,
    close: async () => {
      await Promise.all(pools.map((pool) => pool.close()));
    },
  };
}
