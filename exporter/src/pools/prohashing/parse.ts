/** ProHashing's REST replies (prohashing-api.md, 1): numbers may be decimal text or null, any field may be missing. */
import type { Mismatch } from '../../mismatch.ts';
import { PoolFailure, type PoolReading, type PoolWorker } from '../pool.ts';
import { statusReason } from '../http.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Hashes in one unit of the estimates' denominator: all samples are per 1e6 hashes a second (1.3). */
const usualFactor = 1e6;

/** An account with more has a fleet beyond one exporter; what comes beyond is left out and counted. */
const mostWorkers = 10_000;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A number, or a decimal text; anything else is absent. */
export function lenientNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** `data` of the envelope `{status, code, data}`. Both are tested: a failure may come with any HTTP status (1.2). */
export function unwrap({ status, body }: { status: number; body: unknown }): JsonObject {
  if (!isObject(body)) throw new PoolFailure(statusReason(status) ?? 'bad_shape', 'the reply is not an object');
  const code = lenientNumber(body['code']);
  if (code === 400 || code === 401 || code === 403) throw new PoolFailure('bad_key', 'the pool refuses the API key');
  const reason = statusReason(status);
  if (reason !== undefined) throw new PoolFailure(reason, `the pool answered ${status}`);
  if (body['status'] !== 'success' || !isObject(body['data'])) throw new PoolFailure('bad_shape', 'the reply has no successful "data"');
  return body['data'];
}

/** Price, fees and hashrate of scrypt from /status. */
export function parseStatus(data: JsonObject, mismatch: Mismatch): Pick<PoolReading, 'btcPerMegahashDay' | 'hashrate' | 'fees'> {
  const scrypt = data['scrypt'];
  if (!isObject(scrypt)) {
    mismatch('prohashing', 'scrypt');
    return { fees: {} };
  }
  const number = (field: string) => {
    const value = lenientNumber(scrypt[field]);
    if (value === undefined) mismatch('prohashing', field);
    return value;
  };
  // The current estimate jumps; the mean of a day is what a day earns. The current one serves when that is missing.
  const estimate = number('estimate_last24h') ?? number('estimate_current');
  const factor = lenientNumber(scrypt['mbtc_mh_factor']) ?? usualFactor;
  const hashrate = number('hashrate');
  // Fees are fractions, not per cent (1.3).
  const fees = Object.fromEntries((['pps', 'pplns', 'solo'] as const).flatMap((mode) => {
    const fee = number(`${mode}_fee`);
    return fee === undefined || fee < 0 || fee >= 1 ? [] : [[mode, fee]];
  }));
  return {
    fees,
    // Zero is "no estimate", not "worth nothing" (6.3).
    ...(estimate === undefined || estimate <= 0 || factor <= 0 ? {} : { btcPerMegahashDay: estimate * (usualFactor / factor) }),
    ...(hashrate === undefined || hashrate <= 0 ? {} : { hashrate }),
  };
}

/** Balances and workers from /walletEx. `accepted` is a hashrate in H/s, not a count of shares (1.6). */
export function parseWallet(data: JsonObject, mismatch: Mismatch): Pick<PoolReading, 'workers' | 'balances'> {
  const balances = isObject(data['balances']) ? Object.entries(data['balances']) : [];
  const miners: readonly unknown[] | undefined = Array.isArray(data['miners']) ? data['miners'] : undefined;
  if (miners === undefined || miners.length > mostWorkers) mismatch('prohashing', 'miners');
  const byName = new Map<string, PoolWorker>();
  for (const item of miners?.slice(0, mostWorkers) ?? []) {
    const worker = isObject(item) ? item['ID'] : undefined;
    if (!isObject(item) || typeof worker !== 'string' || worker === '') {
      mismatch('prohashing', 'ID');
      continue;
    }
    const algorithm = item['algo'];
    if (typeof algorithm === 'string' && algorithm.toLowerCase() !== 'scrypt') continue;
    const hashrate = lenientNumber(item['accepted']);
    const known = byName.get(worker);
    // Two connections under one name are one worker with the sum (3.4).
    const sum = known?.hashrate === undefined ? hashrate : known.hashrate + (hashrate ?? 0);
    byName.set(worker, { worker, ...(sum === undefined ? {} : { hashrate: sum }) });
  }
  return {
    balances: balances.flatMap(([key, value]) => {
      if (!isObject(value)) return [];
      const amount = value['unpaid'] ?? value['balance'];
      const coin = typeof value['abbreviation'] === 'string' && value['abbreviation'] !== '' ? value['abbreviation'] : key;
      return lenientNumber(amount) === undefined ? [] : [{ coin, amount: String(amount) }];
    }),
    ...(miners === undefined ? {} : { workers: [...byName.values()] }),
  };
}
