/** Workers of a pool under one name: several connections are one worker with the sum (prohashing-api.md, 3.4). */
import { defined } from '../defined.ts';
import { joinAmounts } from './fields.ts';
import type { PoolWorker, WorkerShares } from './pool.ts';

/** An account with more has a fleet beyond one exporter; what comes beyond is left out and counted. */
export const mostWorkers = 10_000;

/** The sum where every part is known; a part that is not told makes the sum unknown, not smaller. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  return values.every((value) => value !== undefined) ? values.reduce((all, value) => all + value, 0) : undefined;
}

function same<T>(values: readonly T[]): T | undefined {
  return values.every((value) => value === values[0]) ? values[0] : undefined;
}

function latest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function joinShares(parts: readonly (WorkerShares | undefined)[]): WorkerShares | undefined {
  const known = parts.filter((part) => part !== undefined);
  const unit = same(known.map((part) => part.unit));
  if (known.length < parts.length || unit === undefined) return undefined;
  return defined<WorkerShares>({ unit, accepted: sum(known.map((one) => one.accepted)), stale: sum(known.map((one) => one.stale)), rejected: sum(known.map((one) => one.rejected)) });
}

/** One worker for each name, in the order of their first appearance. */
export function joinByName(records: readonly PoolWorker[]): PoolWorker[] {
  const byName = new Map<string, PoolWorker[]>();
  for (const record of records) {
    const known = byName.get(record.worker);
    if (known === undefined) byName.set(record.worker, [record]);
    else known.push(record);
  }
  return [...byName].map(([worker, parts]) => {
    const [only] = parts;
    if (only !== undefined && parts.length === 1) return only;
    const of = <Key extends keyof PoolWorker>(key: Key) => parts.map((part) => part[key]);
    const earned = of('earned');
    return defined<PoolWorker>({
      worker,
      hashrate: sum(of('hashrate')), hashrateHour: sum(of('hashrateHour')), hashrateDay: sum(of('hashrateDay')),
      staleHashrateHour: sum(of('staleHashrateHour')), staleHashrateDay: sum(of('staleHashrateDay')),
      shares: joinShares(of('shares')),
      shareDifficulty: same(of('shareDifficulty')),
      lastShareAt: latest(of('lastShareAt')),
      connected: of('connected').includes(true) ? true : same(of('connected')),
      connections: parts.reduce((all, { connections = 1 }) => all + connections, 0),
      earned: earned.every((one) => one !== undefined) ? joinAmounts(earned.flat()) : undefined,
    });
  });
}
