/** litecoinpool.org's one document (prohashing-api.md, 7): PPS in LTC and DOGE. Hashrates are in kH/s. */
import { defined } from '../../defined.ts';
import type { Mismatch } from '../../mismatch.ts';
import { fieldsOf, isObject, limits, workerName, type Fields, type JsonObject } from '../fields.ts';
import { statusReason, type PoolReply } from '../http.ts';
import { PoolFailure, type Amount, type NetworkFigures, type PoolReading, type PoolWorker, type WorkerShares } from '../pool.ts';
import { joinByName, mostWorkers } from '../workers.ts';

const source = 'litecoinpool';

/**
 * Counts of shares are in share difficulty, 65,536 hashes each. By a captured reply (plugins/inputs/httpjson of influxdata/telegraf,
 * February 2016): `pps_rate` 7.655e-9 is 65,536 / (51,825.73 x 2^32) x 25 LTC x 1.04, and a worker of 6,176 valid shares has rewards of
 * 4.55e-5, which is 7.37e-9 for each. And by one of 2018 (comments of a Go client): a worker of 500 MH/s with 2e8 stale ones in 52 days.
 */
const shareUnit = 'difficulty';
const hashesPerKilohash = 1000;

/** Coins by what ends the names of their fields. */
const coins = [['LTC', ''], ['DOGE', '_doge']] as const;

/** The document, or the reason why there is none. @throws PoolFailure */
export function documentOf({ status, body }: PoolReply): JsonObject {
  const error = isObject(body) ? body['error'] : undefined;
  // What a wrong key gets is not written down anywhere: an error in place of the account.
  if (status === 401 || status === 403 || (typeof error === 'string' && /key/i.test(error))) throw new PoolFailure('bad_key', 'the pool refuses the API key');
  const reason = statusReason(status);
  if (reason !== undefined) throw new PoolFailure(reason, `the pool answered ${status}`);
  if (!isObject(body) || (!isObject(body['user']) && !isObject(body['workers']))) throw new PoolFailure('bad_shape', 'the reply has neither "user" nor "workers"');
  return body;
}

/** H/s of a field in kH/s. */
function kilohashes(read: Omit<Fields, 'optional'>, key: string): number | undefined {
  const value = read.number(key, limits.hashrate / hashesPerKilohash);
  return value === undefined ? undefined : value * hashesPerKilohash;
}

/** One amount for each coin whose field is there; undefined when none is. */
function amounts(key: string, of: { readonly read: Omit<Fields, 'optional'> }): readonly Amount[] | undefined {
  const found = coins.flatMap(([coin, ending]) => {
    const amount = of.read.amount(`${key}${ending}`);
    return amount === undefined ? [] : [{ coin, amount }];
  });
  return found.length === 0 ? undefined : found;
}

function workerOf(key: string, entry: unknown, mismatch: Mismatch): PoolWorker | undefined {
  // Workers are keyed "account.worker".
  const worker = workerName(key.includes('.') ? key.slice(key.indexOf('.') + 1) : key);
  if (worker === undefined || !isObject(entry)) {
    mismatch(source, 'workers');
    return undefined;
  }
  const fields = fieldsOf(entry, source, mismatch);
  const shares = defined<Omit<WorkerShares, 'unit'>>({ accepted: fields.number('valid_shares', limits.count), stale: fields.number('stale_shares', limits.count), rejected: fields.number('invalid_shares', limits.count) });
  return defined<PoolWorker>({
    worker,
    hashrate: kilohashes(fields, 'hash_rate'),
    hashrateDay: kilohashes(fields.optional, 'hash_rate_24h'),
    connected: fields.flag('connected'),
    shares: Object.keys(shares).length === 0 ? undefined : { ...shares, unit: shareUnit },
    lastShareAt: fields.optional.time('last_share_time'),
    earned: amounts('rewards', { read: fields.optional }),
  });
}

export function parseDocument(document: JsonObject, mismatch: Mismatch): Omit<PoolReading, 'observedAt'> {
  const whole = fieldsOf(document, source, mismatch);
  const [user, workers, network, market] = [whole.object('user'), whole.object('workers'), whole.object('network'), whole.object('market')];
  const account = user === undefined ? undefined : { read: fieldsOf(user, source, mismatch) };
  const prices = market === undefined ? [] : coins.flatMap(([coin]) => {
    const usd = fieldsOf(market, source, mismatch).number(`${coin.toLowerCase()}_usd`, limits.price);
    // Zero is "no price" (6.3).
    return usd === undefined || usd === 0 ? [] : [{ coin, usd }];
  });
  const difficulty = network === undefined ? undefined : fieldsOf(network, source, mismatch).number('difficulty', limits.difficulty);
  const entries = workers === undefined ? undefined : Object.entries(workers);
  if (entries !== undefined && entries.length > mostWorkers) mismatch(source, 'workers');
  return {
    fees: {},
    ...defined<Partial<PoolReading>>({
      workers: entries === undefined ? undefined : joinByName(entries.slice(0, mostWorkers).flatMap(([key, entry]) => workerOf(key, entry, mismatch) ?? [])),
      balances: account === undefined ? undefined : amounts('unpaid_rewards', account),
      earned: account === undefined ? undefined : amounts('total_rewards', account),
      paid: account === undefined ? undefined : amounts('paid_rewards', account),
      expectedDay: account === undefined ? undefined : amounts('expected_24h_rewards', account),
      prices: prices.length === 0 ? undefined : prices,
      network: difficulty === undefined || difficulty === 0 ? undefined : [{ coin: 'LTC', difficulty } satisfies NetworkFigures],
    }),
  };
}
