import { factsOf } from '../../config/pool-types.ts';
import { defined } from '../../defined.ts';
import type { AdapterOptions } from '../adapters.ts';
import { ifThere, poolHttp, seldom } from '../http.ts';
import { PoolFailure, type PoolAdapter, type PoolReading } from '../pool.ts';
import { bodyOf, parseBalance, parsePayouts, parseWorkers } from './parse.ts';

/** Litecoin is mined; Dogecoin is merged with it and paid beside it (prohashing-api.md, 7). */
const coins = [['LTC', 'litecoin'], ['DOGE', 'dogecoin']] as const;
const payoutsMs = 600_000;
/** How far back payouts are listed, s. */
const payoutSpanSeconds = 30 * 86_400;

type Part = Pick<PoolReading, 'balances' | 'paid' | 'earned' | 'payouts'>;

/** One list of those that are told; undefined when none is. */
function together<T>(lists: readonly (readonly T[] | undefined)[]): readonly T[] | undefined {
  return lists.every((list) => list === undefined) ? undefined : lists.flatMap((list) => list ?? []);
}

/** F2Pool: POST for everything, with the secret in a header. */
export function f2poolAdapter({ name, baseUrl, apiKey, user, mismatch, now = Date.now }: AdapterOptions): PoolAdapter {
  const http = baseUrl === '' ? undefined : poolHttp(baseUrl);

  async function post(path: string, signal: AbortSignal, body: object) {
    if (http === undefined || apiKey === undefined || user === undefined) throw new PoolFailure('disabled', 'base_url is empty: the adapter is off');
    return bodyOf(await http.postJson(`/v2/${path}`, signal, { headers: { 'F2P-API-SECRET': apiKey }, body: { mining_user_name: user, ...body } }));
  }

  /** What an account may lack, such as one of the coins; the list of workers has shown by then that the secret is right. */
  async function lenient<T>(field: string, read: () => Promise<T>): Promise<T | undefined> {
    return ifThere(async () => {
      try {
        return await read();
      } catch (thrown) {
        if (thrown instanceof PoolFailure && thrown.reason === 'bad_key') throw new PoolFailure('bad_shape', thrown.message);
        throw thrown;
      }
    }, () => mismatch('f2pool', field));
  }

  const accounts = coins.map(([coin, currency]) => {
    const payouts = seldom(payoutsMs, now, async (signal) => lenient('transactions', async () => {
      const end = Math.floor(now() / 1000);
      return parsePayouts(await post('assets/transactions/list', signal, { currency, type: 'payout', start_time: end - payoutSpanSeconds, end_time: end }), coin, mismatch);
    }));
    return async (signal: AbortSignal): Promise<Part> => {
      const balance = await lenient('balance_info', async () => parseBalance(await post('assets/balance', signal, { currency }), coin, mismatch));
      return { ...balance, ...defined<Part>({ payouts: await payouts(signal) }) };
    };
  });

  return {
    name,
    type: 'f2pool',
    capabilities: factsOf('f2pool').tells,
    async read(signal) {
      const workers = parseWorkers(await post('hash_rate/worker/list', signal, { currency: 'litecoin' }), mismatch);
      const parts: Part[] = [];
      for (const read of accounts) parts.push(await read(signal));
      return {
        observedAt: now(), fees: {},
        ...defined<Partial<PoolReading>>({
          workers, balances: together(parts.map(({ balances }) => balances)), paid: together(parts.map(({ paid }) => paid)), earned: together(parts.map(({ earned }) => earned)), payouts: together(parts.map(({ payouts }) => payouts)),
        }),
      };
    },
    async close() {
      await http?.close();
    },
  };
}
