import { factsOf } from '../../config/pool-types.ts';
import { defined } from '../../defined.ts';
import type { AdapterOptions } from '../adapters.ts';
import { ifThere, poolHttp, seldom } from '../http.ts';
import { PoolFailure, type PoolAdapter, type PoolReading } from '../pool.ts';
import { bodyOf, parseBalance, parsePayouts, parseWorkers } from './parse.ts';

const [currency, coin] = ['litecoin', 'LTC'] as const;
const payoutsMs = 600_000;
/** How far back payouts are listed, s. */
const payoutSpanSeconds = 30 * 86_400;

/** F2Pool: POST for everything, with the secret in a header. */
export function f2poolAdapter({ name, baseUrl, apiKey, user, mismatch, now = Date.now }: AdapterOptions): PoolAdapter {
  const http = baseUrl === '' ? undefined : poolHttp(baseUrl);
  async function post(path: string, signal: AbortSignal, more: object = {}) {
    if (http === undefined || apiKey === undefined || user === undefined) throw new PoolFailure('disabled', 'base_url is empty: the adapter is off');
    return bodyOf(await http.postJson(`/v2/${path}`, signal, { headers: { 'F2P-API-SECRET': apiKey }, body: { currency, mining_user_name: user, ...more } }));
  }
  const missing = (field: string) => () => mismatch('f2pool', field);
  const payouts = seldom(payoutsMs, now, async (signal) => ifThere(async () => {
    const end = Math.floor(now() / 1000);
    return parsePayouts(await post('assets/transactions/list', signal, { type: 'payout', start_time: end - payoutSpanSeconds, end_time: end }), coin, mismatch);
  }, missing('transactions')));
  return {
    name,
    type: 'f2pool',
    capabilities: factsOf('f2pool').tells,
    async read(signal) {
      const workers = parseWorkers(await post('hash_rate/worker/list', signal), mismatch);
      const balance = await ifThere(async () => parseBalance(await post('assets/balance', signal), coin, mismatch), missing('balance_info'));
      return { observedAt: now(), fees: {}, ...balance, ...defined<Partial<PoolReading>>({ workers, payouts: await payouts(signal) }) };
    },
    async close() {
      await http?.close();
    },
  };
}
