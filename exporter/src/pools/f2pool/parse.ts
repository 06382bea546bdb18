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

/** Workers of hash_rate/worker/list; undefined where there is no list. Stale work is told as a hashrate, not as a count. */
export function parseWorkers(body: JsonObject, mismatch: Mismatch): PoolWorker[] | undefined {
  const list = fieldsOf(body, source, mismatch).list('workers');
  if (list === undefined) return undefined;
  if (list.length > mostWorkers) mismatch(source, 'workers');
  return joinByName(list.slice(0, mostWorkers).flatMap((item): PoolWorker[] => {
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

/** Payouts of assets/transactions/list; undefined where there is no list. */
export function parsePayouts(body: JsonObject, coin: string, mismatch: Mismatch): Payout[] | undefined {
  return fieldsOf(body, source, mismatch).list('transactions')?.slice(0, mostWorkers).flatMap((item): Payout[] => {
    if (!isObject(item)) {
      mismatch(source, 'transaction');
      return [];
    }
    const fields = fieldsOf(item, source, mismatch);
    // Income has another extra.
    const extra = fields.optional.object('payout_extra');
    if (extra === undefined) return [];
    const out = fieldsOf(extra, source, mismatch);
    // What left the account is a fall of its balance.
    const amount = out.amount('value') ?? decimalText(item['changed_balance'], { signed: true })?.replace('-', '');
    const at = out.optional.time('paid_time') ?? fields.time('created_at');
    const id = out.optional.identity('tx_id') ?? fields.optional.identity('id');
    return amount === undefined || at === undefined ? [] : [{ coin, amount, at, ...(id === undefined ? {} : { id }) }];
  });
}
