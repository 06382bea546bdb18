/** ViaBTC's replies (prohashing-api.md, 7; lists and payments as its public clients read them). Numbers are texts, hashrates in H/s. */
import { defined } from '../../defined.ts';
import type { Mismatch } from '../../mismatch.ts';
import { fieldsOf, isObject, lenientNumber, limits, joinAmounts, ticker, workerName, type JsonObject } from '../fields.ts';
import { statusReason, type PoolReply } from '../http.ts';
import { PoolFailure, type Amount, type Payout, type PoolWorker } from '../pool.ts';

const source = 'viabtc';

/** Codes that mean the key, its signature, this machine's clock or its address is refused. */
const refusals: ReadonlyMap<number, string> = new Map([
  [12001, 'the pool refuses the API key'], [12002, 'the pool refuses the signature: check api_secret'],
  [12003, 'the pool refuses the time of the request: check this machine\'s clock'], [12004, 'the pool does not allow this machine\'s address: enter it in the list of the API key'],
]);

/** A reply of the envelope `{code: 0, message, data}`. @throws PoolFailure */
export function unwrapped({ status, body }: PoolReply): JsonObject {
  const code = isObject(body) ? lenientNumber(body['code']) : undefined;
  const refusal = code === undefined ? undefined : refusals.get(code);
  if (refusal !== undefined || status === 401 || status === 403) throw new PoolFailure('bad_key', refusal ?? 'the pool refuses the API key');
  const reason = statusReason(status);
  if (reason !== undefined) throw new PoolFailure(reason, `the pool answered ${status}`);
  if (!isObject(body) || code === undefined) throw new PoolFailure('bad_shape', 'the reply has no "code"');
  // Its message is left out: nobody knows what it quotes.
  if (code !== 0) throw new PoolFailure('bad_shape', `the pool answered with code ${code}`);
  return body;
}

/** Entries of one page of a list. */
export const pageLength = 100;

export interface Page {
  readonly items: readonly unknown[];
  /** Another page follows. */
  readonly more: boolean;
}

/** A page of a list, at `data.data` or at `data`. @throws PoolFailure where there is no list */
export function pageOf(reply: JsonObject, mismatch: Mismatch): Page {
  const outer = reply['data'];
  const items: unknown = isObject(outer) ? outer['data'] : outer;
  if (!Array.isArray(items)) throw new PoolFailure('bad_shape', 'the reply has no list');
  const told = fieldsOf(isObject(outer) ? outer : reply, source, mismatch).flag('has_next');
  // A full page without a word is followed by another one, which may be empty.
  return { items, more: items.length > 0 && (told ?? items.length >= pageLength) };
}

/** A worker of /hashrate/worker. `account`: the name that some accounts' workers carry before a dot. */
export function parseWorker(item: unknown, account: string | undefined, mismatch: Mismatch): PoolWorker | undefined {
  if (!isObject(item)) {
    mismatch(source, 'worker');
    return undefined;
  }
  const fields = fieldsOf(item, source, mismatch);
  const written = fields.text('worker_name');
  const prefix = account === undefined ? '' : `${account}.`;
  const worker = workerName(prefix !== '' && written?.startsWith(prefix) === true ? written.slice(prefix.length) : written);
  if (worker === undefined) {
    if (written !== undefined) mismatch(source, 'worker_name');
    return undefined;
  }
  const status = fields.text('worker_status');
  // Its own spelling.
  const connected = status === 'active' ? true : status === 'unactive' || status === 'inactive' ? false : undefined;
  if (status !== undefined && connected === undefined) mismatch(source, 'worker_status');
  return defined<PoolWorker>({
    worker,
    hashrate: fields.number('hashrate_10min', limits.hashrate),
    hashrateHour: fields.optional.number('hashrate_1hour', limits.hashrate),
    hashrateDay: fields.optional.number('hashrate_24hour', limits.hashrate),
    lastShareAt: fields.optional.time('last_active'),
    connected,
  });
}

export interface Account { readonly name?: string; readonly balances?: readonly Amount[] }

/** `data.balance[]` of /account. */
export function parseAccount(reply: JsonObject, mismatch: Mismatch): Account {
  const data = fieldsOf(reply, source, mismatch).object('data');
  if (data === undefined) return {};
  const list = fieldsOf(data, source, mismatch).list('balance');
  const account = data['account'];
  const written = isObject(account) ? account['account'] : undefined;
  const name = typeof written === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(written) ? written : undefined;
  const balances = list?.flatMap((item): Amount[] => {
    const coin = isObject(item) ? ticker(item['coin']) : undefined;
    const amount = isObject(item) && coin !== undefined ? fieldsOf(item, source, mismatch).amount('amount') : undefined;
    if (coin === undefined) mismatch(source, 'coin');
    return coin === undefined || amount === undefined ? [] : [{ coin, amount }];
  });
  return defined<Account>({ name, balances: balances === undefined ? undefined : joinAmounts(balances) });
}

/** What was ever earned, by `data.total_profit` of /profit. */
export function parseProfit(reply: JsonObject, coin: string, mismatch: Mismatch): readonly Amount[] | undefined {
  const data = fieldsOf(reply, source, mismatch).object('data');
  const amount = data === undefined ? undefined : fieldsOf(data, source, mismatch).amount('total_profit');
  return amount === undefined ? undefined : [{ coin, amount }];
}

/** One payment of /wallet/payment/history. */
export function parsePayment(item: unknown, mismatch: Mismatch): Payout | undefined {
  if (!isObject(item)) {
    mismatch(source, 'payment');
    return undefined;
  }
  const fields = fieldsOf(item, source, mismatch);
  const [coin, amount, at] = [ticker(item['coin']), fields.amount('amount'), fields.time('create_time')];
  if (coin === undefined) mismatch(source, 'coin');
  if (coin === undefined || amount === undefined || at === undefined) return undefined;
  const id = fields.optional.identity('tx') ?? fields.optional.identity('id');
  return { coin, amount, at, ...(id === undefined ? {} : { id }) };
}
