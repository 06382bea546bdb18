/** Which worker at a pool is which miner, and what does not fit (prohashing-api.md, 3.4). Pure. */

export interface NamedMiner {
  readonly name: string;
  /** Its name at the pool; the miner's name when absent. */
  readonly pool_worker?: string | undefined;
  /** Other names under which a pool has it. */
  readonly pool_aliases?: readonly string[] | undefined;
}

const normal = (worker: string) => worker.trim().toLowerCase();

/**
 * Names of workers to names of miners: exact first, then an alias, then trimmed and without regard to case. Where two miners
 * fit a name in the last way, none does: a guess would credit one with the other's work.
 */
export function workerIndex(miners: readonly NamedMiner[]): (worker: string) => string | undefined {
  const exact = new Map(miners.map((miner) => [miner.pool_worker ?? miner.name, miner.name]));
  const alias = new Map(miners.flatMap(({ name, pool_aliases: names = [] }) => names.map((one) => [one, name] as const)));
  const loose = new Map<string, string | undefined>();
  for (const { name, pool_worker: worker = name, pool_aliases: names = [] } of miners) {
    for (const key of new Set([worker, ...names].map(normal))) loose.set(key, loose.has(key) ? undefined : name);
  }
  return (worker) => exact.get(worker) ?? alias.get(worker) ?? loose.get(normal(worker));
}

/** One miner that works for a pool now, as it says itself. */
export interface AtPool {
  readonly miner: string;
  /** User of the pool slot in use; behind the first dot some pools want the worker's name. */
  readonly user?: string | undefined;
}

export interface SeenWorker {
  readonly worker: string;
  readonly hashrate?: number | undefined;
  readonly connections?: number | undefined;
}

export interface WorkerMatches {
  /** Workers of the pool that are no miner of ours. */
  readonly orphans: readonly string[];
  /** Miners that work for the pool and that it does not show. */
  readonly missing: readonly string[];
  /** Workers that more than one machine works as. */
  readonly duplicates: readonly { readonly worker: string; readonly miners: readonly string[]; readonly connections?: number }[];
}

/** What does not fit between the miners that say they work for a pool and the workers that it shows. */
export function matchWorkers({ workers, present, minerOf }: {
  readonly workers: readonly SeenWorker[];
  readonly present: readonly AtPool[];
  readonly minerOf: (worker: string) => string | undefined;
}): WorkerMatches {
  const shown = new Map<string, string[]>();
  const orphans: string[] = [];
  for (const { worker } of workers) {
    const miner = minerOf(worker);
    if (miner === undefined) orphans.push(worker);
    else shown.set(miner, [...shown.get(miner) ?? [], worker]);
  }
  // Who names the same worker in the same words shares one name at the pool, whatever the pool shows: settings that were cloned.
  const claims = new Map<string, string[]>();
  for (const { miner, user } of present) {
    const suffix = user?.split('.').slice(1).join('.');
    if (suffix === undefined || suffix === '') continue;
    claims.set(normal(suffix), [...claims.get(normal(suffix)) ?? [], miner]);
  }
  const duplicates = workers.flatMap(({ worker, connections }) => {
    const miners = claims.get(normal(worker)) ?? [];
    if (miners.length < 2 && (connections ?? 1) < 2) return [];
    const owner = minerOf(worker);
    return [{ worker, miners: miners.length > 0 ? miners : owner === undefined ? [] : [owner], ...(connections === undefined ? {} : { connections }) }];
  });
  return { orphans, missing: present.map(({ miner }) => miner).filter((miner) => !shown.has(miner)), duplicates };
}

/** True where the URL of a miner's pool slot leads to one of these hosts or below them. */
export function leadsTo(url: string, hosts: readonly string[]): boolean {
  const host = hostOf(url);
  return host !== undefined && hosts.some((one) => host === one || host.endsWith(`.${one}`));
}

/** `stratum+tcp://host:port`, `host:port` or `host`, in any case. */
function hostOf(url: string): string | undefined {
  const plain = url.trim().toLowerCase().replace(/^[a-z0-9+]+:\/\//, '').replace(/^[^@/]*@/, '');
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)/.exec(plain)?.[1];
}
