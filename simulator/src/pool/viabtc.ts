/**
 * ViaBTC's open API (prohashing-api.md 7; the firm's own description of it): `/res/openapi/v1/…`, an envelope `{code, data, message}`,
 * numbers as text, pages, days of Peking unless `utc=true`. Codes of refusals are [S], after clients; so is that DOGE's income is there
 * under `/profit` as well as under `/reward/history`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Account, HourView, WorkerView } from './account.ts';
import { amountText } from './amounts.ts';
import type { Asked, Facade, FacadeParts } from './facade.ts';
import { pageOf } from './facade.ts';
import { hashesPerShareDifficulty, isMinedCoin, minedCoins } from './market.ts';
import type { MinedCoin } from './market.ts';

const root = '/res/openapi/v1';
/** Days begin at midnight of Peking, 8 h before UTC's. */
const pekingMs = 8 * 3_600_000;
const dayMs = 86_400_000;
/** A `tonce` may be older than the server's clock by so much, and never newer. */
const tonceMs = 60_000;

const refusals = {
  key: { code: 12_001, message: 'Invalid api key' },
  signature: { code: 12_002, message: 'Invalid signature' },
  tonce: { code: 12_003, message: 'Invalid tonce' },
  coin: { code: 5001, message: 'Invalid coin type' },
  unknown: { code: 404, message: 'Not found' },
  method: { code: 405, message: 'Method not allowed' },
} as const;

const ok = (data: unknown) => ({ code: 0, data, message: 'OK' });
const text = (hashesPerSecond: number) => Math.round(hashesPerSecond).toFixed(0);
const seconds = (timeMs: number) => Math.floor(timeMs / 1000);

function envelopePage(items: readonly object[], { query }: Asked): object {
  const { items: shown, page, pages } = pageOf(items, { page: query.get('page'), limit: query.get('limit') });
  return { count: shown.length, curr_page: page, data: shown, has_next: page < pages, total: items.length, total_page: pages };
}

/** Calls that tell or change accounts need `tonce` and X-SIGNATURE; where a signature comes unasked it must be right as well. */
function signatureTrouble({ identity }: FacadeParts, asked: Asked, needed: boolean): object | undefined {
  const signature = asked.headers['x-signature'];
  if (signature === undefined) return needed ? refusals.signature : undefined;
  const signed = asked.method === 'GET' || asked.method === 'DELETE' ? asked.rawQuery : asked.body;
  const right = createHmac('sha256', identity.secretKey).update(signed).digest('hex');
  if (signature.length !== right.length || !timingSafeEqual(Buffer.from(signature), Buffer.from(right))) return refusals.signature;
  const tonce = Number(asked.query.get('tonce') ?? Number.NaN);
  const fits = (clockMs: number | undefined) => clockMs !== undefined && tonce <= clockMs && clockMs - tonce <= tonceMs;
  return fits(asked.timeMs) || fits(asked.realMs) ? undefined : refusals.tonce;
}

const status = (active: boolean) => (active ? 'active' : 'unactive');
const rejectRate = (rejected: number, accepted: number) => (rejected + accepted === 0 ? '0' : String(Number((rejected / (rejected + accepted)).toFixed(4))));

function workerData(worker: WorkerView): object {
  return {
    coin: 'LTC', group_id: null, group_name: null, hashrate_10min: text(worker.hashrate), hashrate_1hour: text(worker.hashrateHour), hashrate_24hour: text(worker.hashrateDay),
    last_active: seconds(worker.lastShareMs ?? 0), reject_rate: rejectRate(worker.rejectedDay + worker.staleDay, worker.hashrateDay),
    worker_id: worker.id, worker_name: worker.name, worker_status: status(worker.connections > 0),
  };
}

function hashrateData(account: Account, timeMs: number): object {
  const workers = account.workers(timeMs);
  const sum = (of: (worker: WorkerView) => number) => text(workers.reduce((total, worker) => total + of(worker), 0));
  const active = workers.filter(({ connections }) => connections > 0).length;
  return {
    active_workers: active, coin: 'LTC', hashrate_10min: sum(({ hashrate }) => hashrate), hashrate_1hour: sum(({ hashrateHour }) => hashrateHour), hashrate_24hour: sum(({ hashrateDay }) => hashrateDay),
    unactive_workers: workers.length - active,
  };
}

/** Whole days from hours, the newest first. `start_date` and `end_date` as 2026-06-01, both included. */
function daysOf(account: Account, { query }: Asked): { readonly date: string; readonly hours: readonly HourView[] }[] {
  const shiftMs = query.get('utc') === 'true' ? 0 : pekingMs;
  const byDate = new Map<string, HourView[]>();
  for (const hour of account.hours()) {
    const date = new Date(Math.floor((hour.fromMs + shiftMs) / dayMs) * dayMs).toISOString().slice(0, 10);
    byDate.set(date, [...byDate.get(date) ?? [], hour]);
  }
  const from = query.get('start_date') ?? '';
  const until = query.get('end_date') ?? '9';
  return [...byDate].filter(([date]) => date >= from && date <= until).reverse().map(([date, hours]) => ({ date, hours }));
}

function profitData(hours: readonly HourView[], coin: MinedCoin): object {
  const sum = (mode: 'pps' | 'pplns' | 'solo') => hours.reduce((total, { income }) => total + income[coin][mode], 0);
  const [pps, pplns, solo] = [sum('pps'), sum('pplns'), sum('solo')];
  return { coin, pplns_profit: amountText(pplns), pps_profit: amountText(pps), solo_profit: amountText(solo), total_profit: amountText(pps + pplns + solo) };
}

function accountData({ account, identity }: FacadeParts, timeMs: number): object {
  return {
    account: { id: 45, parent_user_id: null, create_time: 1_530_012_667, account: identity.user, email: 'demo@example.org', country_code: null, mobile: null, country: null },
    observer: [], withdraw_address: [], balance: minedCoins.map((coin) => ({ coin, amount: amountText(account.coin(coin, timeMs).balance) })),
  };
}

function answerCoin(parts: FacadeParts, asked: Asked, called: { readonly call: string; readonly coin: MinedCoin }): object {
  const { account } = parts;
  const { call, coin } = called;
  const mined = coin === 'LTC';
  switch (call) {
    case '/hashrate':
      return mined ? ok(hashrateData(account, asked.timeMs)) : refusals.coin;
    case '/hashrate/worker':
      return mined ? ok(envelopePage(account.workers(asked.timeMs).map(workerData), asked)) : refusals.coin;
    case '/hashrate/history':
      return mined ? ok(envelopePage(daysOf(account, asked).map(({ date, hours }) => {
        const [accepted, lost] = [hours.reduce((sum, hour) => sum + hour.accepted, 0), hours.reduce((sum, hour) => sum + hour.rejected + hour.stale, 0)];
        return { coin, date, hashrate: text((accepted * hashesPerShareDifficulty) / 86_400), reject_rate: rejectRate(lost, accepted) };
      }), asked)) : refusals.coin;
    case '/profit':
      return ok(profitData(account.hours(), coin));
    case '/profit/history':
      return ok(envelopePage(daysOf(account, asked).map(({ date, hours }) => ({ ...profitData(hours, coin), date })), asked));
    case '/reward/history':
      return mined ? ok(envelopePage([], asked)) : ok(envelopePage(daysOf(account, asked).map(({ date, hours }) => ({ ...profitData(hours, coin), date })), asked));
    case '/wallet/payment/history': {
      const payouts = account.payouts().filter((payout) => payout.coin === coin).reverse()
        .map(({ id, units, timeMs, transaction }) => ({ id, coin, amount: amountText(units), address: `${coin.toLowerCase()}-address-of-nobody`, tx: transaction, create_time: seconds(timeMs) }));
      // Here the page lies beside `code`, not in `data`, as the vendor shows it.
      return { code: 0, ...envelopePage(payouts, asked), message: 'OK' };
    }
    default:
      return refusals.unknown;
  }
}

function answerCall(parts: FacadeParts, asked: Asked): object {
  const call = asked.path.slice(root.length);
  const trouble = signatureTrouble(parts, asked, call === '/account/sub');
  if (trouble !== undefined) return trouble;
  if (asked.method !== 'GET') return refusals.method;
  if (call === '/account') return ok(accountData(parts, asked.timeMs));
  if (call === '/account/sub') return { code: 0, ...envelopePage([], asked), message: 'OK' };
  const one = /^\/hashrate\/worker\/(\d+)$/.exec(call)?.[1];
  if (one !== undefined) {
    const worker = parts.account.workers(asked.timeMs).find(({ id }) => id === Number(one));
    return worker === undefined ? refusals.unknown : ok(workerData(worker));
  }
  const coin = asked.query.get('coin')?.toUpperCase();
  return isMinedCoin(coin) ? answerCoin(parts, asked, { call, coin }) : refusals.coin;
}

export const viabtcFacade: Facade = (parts, asked) => {
  const given = asked.headers['x-api-key'];
  const keyValid = given === parts.identity.apiKey;
  const key = { keyGiven: given !== undefined, keyValid };
  if (!asked.path.startsWith(`${root}/`)) return { httpStatus: 404, body: refusals.unknown, ...key };
  return { httpStatus: 200, body: keyValid ? answerCall(parts, asked) : refusals.key, ...key };
};
