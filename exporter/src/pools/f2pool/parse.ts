/** F2Pool's replies, version 2 (prohashing-api.md, 7; fields as in its own API index). Numbers are numbers, hashrates in H/s. */
import { defined } from '../../defined.ts';
import type { Mismatch } from '../../mismatch.ts';
import { decimalText, fieldsOf, isObject, lenientNumber, limits, workerName, type JsonObject } from '../fields.ts';
import { statusReason, type PoolReply } from '../http.ts';
import { PoolFailure, type Amount, type Payout, type PoolReading, type PoolWorker } from '../pool.ts';
import { joinByName, mostWorkers } from '../workers.ts';

const source = 'f2pool';

/** The body; an error is `{code, msg}` under HTTP 200: 5001 parameters, 5010 permission. @throws PoolFailure */
export function bodyOf({ status, body }: PoolReply): JsonObject {
  const code = isObject(body) ? body['code'] : undefined;
  const number = lenientNumber(code);
  if (status === 401 || status === 403 || number === 5010) throw new PoolFailure('bad_key', 'the pool refuses the API secret, or it may not see this mining user');
  const reason = statusReason(status);
  if (reason !== undefined) throw new PoolFailure(reason, `the pool answered ${status}`);
  if (!isObject(body)) throw new PoolFailure('bad_shape', 'the reply is not an object');
  if (number === 5001) throw new PoolFailure('bad_shape', 'the pool does not accept the parameters (code 5001): check user, the mining user name');
  // Its message is left out: nobody knows what it quotes. Codes of other kinds were seen as texts.
  if (code !== undefined && code !== null && number !== 0) throw new PoolFailure('bad_shape', `the pool answered with ${number === undefined ? 'an error' : `code ${number}`}`);
  return body;
}

/** Workers of hash_rate/worker/list. Stale work is told as a hashrate, not as a count. @throws PoolFailure where there is no list */
export function parseWorkers(body: JsonObject, mismatch: Mismatch): PoolWorker[] {
  // An account without workers has none of the field (public clients of the pool).
  const list = body['workers'] ?? [];
  if (!Array.isArray(list)) throw new PoolFailure('bad_shape', 'the reply has no list of workers');
  if (list.length > mostWorkers) mismatch(source, 'workers');
  return joinByName((list as unknown[]).slice(0, mostWorkers).flatMap((item): PoolWorker[] => {
    const info = isObject(item) ? item['hash_rate_info'] : undefined;
    const worker = isObject(info) ? workerName(info['name']) : undefined;
    if (!isObject(item) || !isObject(info) || worker === undefined) {
      mismatch(source, 'name');
      return [];
    }
    const [rates, fields] = [fieldsOf(info, source, mismatch), fieldsOf(item, source, mismatch)];
    const status = fields.number('status', 2);
    return [defined<PoolWorker>({
      worker,
      hashrate: rates.number('hash_rate', limits.hashrate),
      hashrateHour: rates.number('h1_hash_rate', limits.hashrate),
      hashrateDay: rates.number('h24_hash_rate', limits.hashrate),
      staleHashrateHour: rates.optional.number('h1_stale_hash_rate', limits.hashrate),
      staleHashrateDay: rates.optional.number('h24_stale_hash_rate', limits.hashrate),
      lastShareAt: fields.time('last_share_at'),
      // 0 online, 1 offline, 2 expired.
      connected: status === undefined ? undefined : status === 0,
    })];
  }));
}

/** `balance_info` of assets/balance. */
export function parseBalance(body: JsonObject, coin: string, mismatch: Mismatch): Pick<PoolReading, 'balances' | 'paid' | 'earned'> {
  const info = fieldsOf(body, source, mismatch).object('balance_info');
  if (info === undefined) return {};
  const fields = fieldsOf(info, source, mismatch);
  const one = (key: string): readonly Amount[] | undefined => {
    const amount = fields.amount(key);
    return amount === undefined ? undefined : [{ coin, amount }];
  };
  return defined<Pick<PoolReading, 'balances' | 'paid' | 'earned'>>({ balances: one('balance'), paid: one('paid'), earned: one('total_income') });
}

/** Payouts of assets/transactions/list. @throws PoolFailure where there is no list */
export function parsePayouts(body: JsonObject, coin: string, mismatch: Mismatch): Payout[] {
  const list = body['transactions'] ?? [];
  if (!Array.isArray(list)) throw new PoolFailure('bad_shape', 'the reply has no list of transactions');
  return (list as unknown[]).slice(0, mostWorkers).flatMap((item): Payout[] => {
    const extra = isObject(item) ? item['payout_extra'] : undefined;
    if (!isObject(item)) {
      mismatch(source, 'transaction');
      return [];
    }
    // Income has another extra.
    if (!isObject(extra)) return [];
    const [fields, out] = [fieldsOf(item, source, mismatch), fieldsOf(extra, source, mismatch)];
    const changed = decimalText(item['changed_balance'], { signed: true });
    const amount = out.optional.amount('value') ?? changed?.replace('-', '');
    const at = out.optional.time('paid_time') ?? fields.time('created_at');
    if (amount === undefined) mismatch(source, 'value');
    if (amount === undefined || at === undefined) return [];
    const number = decimalText(item['id']);
    const id = out.optional.text('tx_id') ?? number;
    return [{ coin, amount, at, ...(id === undefined ? {} : { id }) }];
  });
}
