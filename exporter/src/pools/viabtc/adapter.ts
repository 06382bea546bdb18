import { createHmac } from 'node:crypto';
import { factsOf } from '../../config/pool-types.ts';
import { defined } from '../../defined.ts';
import type { AdapterOptions } from '../adapters.ts';
import { ifThere, poolHttp, seldom } from '../http.ts';
import { PoolFailure, type PoolAdapter, type Payout, type PoolReading } from '../pool.ts';
import { joinByName, mostWorkers } from '../workers.ts';
import { pageLength, pageOf, parseAccount, parsePayment, parseProfit, parseWorker, unwrapped } from './parse.ts';

/** Litecoin is mined; Dogecoin is merged with it and paid beside it. */
const coins = ['LTC', 'DOGE'] as const;
const [coin] = coins;
const mostPages = mostWorkers / pageLength;
/** What was paid and earned changes once a day. */
const historyMs = 600_000;

/**
 * ViaBTC: workers page by page, and the account's balances, earnings and payments. With a second secret what concerns the account is
 * asked in signed requests: `tonce` in the query and its HMAC-SHA256 in X-SIGNATURE.
 */
export function viabtcAdapter({ name, baseUrl, apiKey, apiSecret, mismatch, now = Date.now }: AdapterOptions): PoolAdapter {
  const http = baseUrl === '' ? undefined : poolHttp(baseUrl);
  /** Kept, so that workers do not change their names while the account cannot be read. */
  let accountName: string | undefined;

  async function get(path: string, signal: AbortSignal, { query = {}, account = false }: { query?: Readonly<Record<string, string>>; account?: boolean } = {}) {
    if (http === undefined || apiKey === undefined) throw new PoolFailure('disabled', 'base_url is empty: the adapter is off');
    const signed = account && apiSecret !== undefined;
    const text = new URLSearchParams({ ...query, ...(signed ? { tonce: String(now()) } : {}) }).toString();
    const headers = { 'X-API-KEY': apiKey, ...(signed ? { 'X-SIGNATURE': createHmac('sha256', apiSecret).update(text).digest('hex') } : {}) };
    return unwrapped(await http.getJson(`/res/openapi/v1/${path}${text === '' ? '' : `?${text}`}`, signal, headers));
  }

  async function pages(path: string, signal: AbortSignal, account = false): Promise<readonly unknown[]> {
    const items: unknown[] = [];
    for (let page = 1; page <= mostPages; page += 1) {
      const { items: next, more } = pageOf(await get(path, signal, { account, query: { coin, page: String(page), limit: String(pageLength) } }), mismatch);
      items.push(...next);
      if (!more) return items.slice(0, mostWorkers);
    }
    mismatch('viabtc', 'pages');
    return items.slice(0, mostWorkers);
  }

  const missing = (field: string) => () => mismatch('viabtc', field);
  const earned = seldom(historyMs, now, async (signal) => ifThere(async () => parseProfit(await get('profit', signal, { account: true, query: { coin } }), coin, mismatch), missing('profit')));
  const payouts = coins.map((one) => seldom(historyMs, now, async (signal) => ifThere(async () => {
    // The newest come first: one page holds more than anybody is paid in a month.
    const { items } = pageOf(await get('wallet/payment/history', signal, { account: true, query: { coin: one, page: '1', limit: String(pageLength) } }), mismatch);
    return items.flatMap((item) => parsePayment(item, mismatch) ?? []);
  }, missing('payments'))));

  async function paidOut(signal: AbortSignal): Promise<readonly Payout[] | undefined> {
    const lists: (readonly Payout[] | undefined)[] = [];
    for (const read of payouts) lists.push(await read(signal));
    return lists.every((list) => list === undefined) ? undefined : lists.flatMap((list) => list ?? []);
  }

  return {
    name,
    type: 'viabtc',
    capabilities: factsOf('viabtc').tells,
    async read(signal) {
      const account = await ifThere(async () => parseAccount(await get('account', signal, { account: true }), mismatch), missing('account'));
      accountName = account?.name ?? accountName;
      const workers = (await pages('hashrate/worker', signal)).flatMap((item) => parseWorker(item, accountName, mismatch) ?? []);
      return {
        observedAt: now(), fees: {},
        ...defined<Partial<PoolReading>>({ workers: joinByName(workers), balances: account?.balances, earned: await earned(signal), payouts: await paidOut(signal) }),
      };
    },
    async close() {
      await http?.close();
    },
  };
}
