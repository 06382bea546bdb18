/** ProHashing's REST replies (prohashing-api.md, 1): numbers may be decimal text or null, any field may be missing. */
import { defined } from '../../defined.ts';
import type { Mismatch } from '../../mismatch.ts';
import { fieldsOf, isObject, joinAmounts, lenientNumber, limits, ticker, workerName, type JsonObject } from '../fields.ts';
import { statusReason, type PoolReply } from '../http.ts';
import { PoolFailure, type Amount, type PoolReading, type PoolWorker } from '../pool.ts';
import { joinByName, mostWorkers } from '../workers.ts';

const source = 'prohashing';

/** Hashes in one unit of the estimates' denominator: all samples are per 1e6 hashes a second (1.3). */
const usualFactor = 1e6;

/** Coins that scrypt was paid in, for while /currencies was not read (sections 1.5 and 2.4). */
const usualCoins: ReadonlyMap<string, string> = new Map([['litecoin', 'LTC'], ['dogecoin', 'DOGE'], ['bitcoin', 'BTC']]);

/** `data` of the envelope `{status, code, data}`. Both are tested: a failure may come with any HTTP status (1.2). @throws PoolFailure */
export function unwrap({ status, body }: PoolReply): JsonObject {
  if (!isObject(body)) throw new PoolFailure(statusReason(status) ?? 'bad_shape', 'the reply is not an object');
  const code = lenientNumber(body['code']);
  if (code === 400 || code === 401 || code === 403) throw new PoolFailure('bad_key', 'the pool refuses the API key');
  const reason = statusReason(status);
  if (reason !== undefined) throw new PoolFailure(reason, `the pool answered ${status}`);
  if (body['status'] !== 'success' || !isObject(body['data'])) throw new PoolFailure('bad_shape', 'the reply has no successful "data"');
  return body['data'];
}

/** Price, fees and hashrate of scrypt from /status (1.3). */
export function parseStatus(data: JsonObject, mismatch: Mismatch): Pick<PoolReading, 'btcPerMegahashDay' | 'hashrate' | 'fees'> {
  const scrypt = data['scrypt'];
  if (!isObject(scrypt)) {
    mismatch(source, 'scrypt');
    return { fees: {} };
  }
  const fields = fieldsOf(scrypt, source, mismatch);
  // The current estimate jumps; the mean of a day is what a day earns. The current one serves when that is missing.
  const estimate = fields.number('estimate_last24h', limits.yield) ?? fields.number('estimate_current', limits.yield);
  const factor = fields.optional.number('mbtc_mh_factor', limits.hashrate) ?? usualFactor;
  const hashrate = fields.number('hashrate', limits.hashrate);
  // Fees are fractions, not per cent (1.3).
  const fees = Object.fromEntries((['pps', 'pplns', 'solo'] as const).flatMap((mode) => {
    const fee = fields.number(`${mode}_fee`, limits.ratio);
    return fee === undefined || fee >= 1 ? [] : [[mode, fee]];
  }));
  return {
    fees,
    // Zero is "no estimate", not "worth nothing" (6.3).
    ...(estimate === undefined || estimate <= 0 || factor <= 0 ? {} : { btcPerMegahashDay: estimate * (usualFactor / factor) }),
    ...(hashrate === undefined || hashrate <= 0 ? {} : { hashrate }),
  };
}

/** Ticker of a full coin name in any case; undefined for a name that nobody told. */
export type TickerOf = (coinName: string) => string | undefined;

/** The ticker of an entry: its abbreviation, else its key without what marks a second algorithm (1.4, 1.5). */
function tickerOf(key: string, entry: JsonObject): string | undefined {
  return ticker(entry['abbreviation']) ?? ticker(key.replace(/[-_].*$/, ''));
}

/** Coin names to tickers from /currencies (1.4): WAMP knows balances by name, REST by ticker. */
export function parseCurrencies(data: JsonObject, mismatch: Mismatch): TickerOf {
  const byName = new Map<string, string>(usualCoins);
  for (const [key, entry] of Object.entries(data)) {
    const name = isObject(entry) && typeof entry['name'] === 'string' ? entry['name'].trim().toLowerCase() : '';
    const short = isObject(entry) ? tickerOf(key, entry) : undefined;
    if (name === '' || short === undefined) mismatch(source, 'currencies');
    else byName.set(name, short);
  }
  return (coinName) => byName.get(coinName.trim().toLowerCase());
}

export const usualTicker: TickerOf = (coinName) => usualCoins.get(coinName.trim().toLowerCase());

/** Balances and payments by coin from /wallet or /walletEx (1.5). `total` resets after a payout, so that nothing is told as earned. */
export function parseBalances(data: JsonObject, mismatch: Mismatch): Pick<PoolReading, 'balances' | 'paid'> {
  const fields = fieldsOf(data, source, mismatch);
  const entries = fields.object('balances');
  // An account with nothing due has an empty object (1.5); none at all is a pool that does not tell.
  if (entries === undefined) return {};
  const [balances, paid]: [Amount[], Amount[]] = [[], []];
  for (const [key, entry] of Object.entries(entries)) {
    const coin = isObject(entry) ? tickerOf(key, entry) : undefined;
    if (!isObject(entry) || coin === undefined) {
      mismatch(source, 'balances');
      continue;
    }
    const own = fieldsOf(entry, source, mismatch);
    // `unpaid` is the balance and what is not exchanged yet.
    const unpaid = own.optional.amount('unpaid') ?? own.amount('balance');
    if (unpaid !== undefined) balances.push({ coin, amount: unpaid });
    const out = own.optional.amount('paid');
    if (out !== undefined) paid.push({ coin, amount: out });
  }
  return { balances: joinAmounts(balances), ...(paid.length === 0 ? {} : { paid: joinAmounts(paid) }) };
}

/** Balances and workers from /walletEx. `accepted` is a hashrate in H/s, not a count of shares (1.6). */
export function parseWallet(data: JsonObject, mismatch: Mismatch): Pick<PoolReading, 'workers' | 'balances' | 'paid'> {
  const miners = fieldsOf(data, source, mismatch).list('miners');
  if (miners !== undefined && miners.length > mostWorkers) mismatch(source, 'miners');
  const connections = (miners ?? []).slice(0, mostWorkers).flatMap((item): PoolWorker[] => {
    const worker = isObject(item) ? workerName(item['ID']) : undefined;
    if (!isObject(item) || worker === undefined) {
      mismatch(source, 'ID');
      return [];
    }
    const algorithm = item['algo'];
    if (typeof algorithm === 'string' && algorithm.toLowerCase() !== 'scrypt') return [];
    const fields = fieldsOf(item, source, mismatch);
    return [defined<PoolWorker>({ worker, hashrate: fields.number('accepted', limits.hashrate), shareDifficulty: fields.optional.number('difficulty', limits.difficulty), connections: 1 })];
  });
  return { ...parseBalances(data, mismatch), ...(miners === undefined ? {} : { workers: joinByName(connections) }) };
}
