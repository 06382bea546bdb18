/**
 * F2Pool: v2 by POST with a JSON body and the header F2P-API-SECRET, errors as `{code, msg}` with HTTP 200 (5001 parameters, 5010
 * permission), and the older open v1 by GET, which tells workers as arrays (prohashing-api.md 7). Merged Dogecoin has a currency of its
 * own; the extras of a payout and the meaning of places in v1's arrays are [S].
 */
import type { Account, WorkerView } from './account.ts';
import { coinsOf } from './amounts.ts';
import type { Asked, Facade, FacadeParts } from './facade.ts';
import { hashesPerShareDifficulty, minedCoins } from './market.ts';
import type { MinedCoin } from './market.ts';

const currencies: ReadonlyMap<string, MinedCoin> = new Map([['litecoin', 'LTC'], ['dogecoin', 'DOGE']]);
const dayMs = 86_400_000;
const seconds = (timeMs: number) => Math.floor(timeMs / 1000);
const parameters = (what: string) => ({ code: 5001, msg: `params error: ${what}` });
const denied = (name: string) => ({ code: 5010, msg: `permission denied: permission denied name="${name}"` });

function rates(name: string, workers: readonly WorkerView[]): object {
  const sum = (of: (worker: WorkerView) => number) => Math.round(workers.reduce((total, worker) => total + of(worker), 0));
  return {
    name, hash_rate: sum(({ hashrate }) => hashrate), h1_hash_rate: sum(({ hashrateHour }) => hashrateHour), h24_hash_rate: sum(({ hashrateDay }) => hashrateDay),
    h1_stale_hash_rate: sum(({ staleHour }) => staleHour), h24_stale_hash_rate: sum(({ staleDay }) => staleDay), h24_delay_hash_rate: 0, local_hash_rate: 0, h24_local_hash_rate: 0,
  };
}

/** 0 online, 1 offline. */
const status = (worker: WorkerView) => Number(worker.connections === 0);

const income = (account: Account, coin: MinedCoin, span: { readonly fromMs: number; readonly untilMs: number }) => account.hours()
  .filter(({ fromMs }) => fromMs >= span.fromMs && fromMs < span.untilMs).reduce((sum, hour) => sum + hour.income[coin].pps + hour.income[coin].pplns + hour.income[coin].solo, 0);

function balance({ account, market }: FacadeParts, coin: MinedCoin, timeMs: number): object {
  const { balance: unpaid, paid, opening, credited } = account.coin(coin, timeMs);
  const today = Math.floor(timeMs / dayMs) * dayMs;
  const hashrate = account.workers(timeMs).reduce((sum, worker) => sum + worker.hashrateDay, 0);
  return {
    balance: coinsOf(unpaid), paid: coinsOf(paid), total_income: coinsOf(opening + credited), yesterday_income: coinsOf(income(account, coin, { fromMs: today - dayMs, untilMs: today })),
    estimated_today_income: Number((market.expectedCoins(coin, hashrate * 86_400, timeMs) * (1 - account.fee('pps', timeMs))).toFixed(8)),
  };
}

interface Transaction { readonly id: number; readonly type: string; readonly changed_balance: number; readonly created_at: number; readonly mining_extra: object | null; readonly payout_extra: object | null }

/** A revenue for each whole day of work, and the payouts. */
function transactions({ account, identity }: FacadeParts, coin: MinedCoin, timeMs: number): Transaction[] {
  const revenues: Transaction[] = [];
  const first = account.hours()[0]?.fromMs ?? timeMs;
  for (let day = Math.floor(first / dayMs) * dayMs; day + dayMs <= timeMs; day += dayMs) {
    const units = income(account, coin, { fromMs: day, untilMs: day + dayMs });
    if (units === 0) continue;
    const work = account.hours().filter(({ fromMs }) => fromMs >= day && fromMs < day + dayMs).reduce((sum, { accepted }) => sum + accepted, 0);
    revenues.push({
      id: seconds(day) * 10 + minedCoins.indexOf(coin), type: 'revenue_pps', changed_balance: coinsOf(units), created_at: seconds(day + dayMs),
      mining_extra: { mining_date: seconds(day), settle_date: seconds(day + dayMs), pps: coinsOf(units), pps_fee_rate: account.fee('pps', day), tx_fee: 0, tx_fee_rate: 0, hash_rate: Math.round((work * hashesPerShareDifficulty) / 86_400) },
      payout_extra: null,
    });
  }
  const payouts = account.payouts().filter((payout) => payout.coin === coin).map(({ id, units, timeMs: paidMs, transaction }): Transaction => ({
    id: 9_000_000_000 + id, type: 'payout', changed_balance: -coinsOf(units), created_at: seconds(paidMs), mining_extra: null,
    payout_extra: { value: coinsOf(units), tx_id: transaction, paid_time: seconds(paidMs), address: `address-of-${identity.user}` },
  }));
  return [...revenues, ...payouts].sort((a, b) => b.created_at - a.created_at);
}

function history(account: Account, span: { readonly from: number; readonly until: number }): object[] {
  return account.hours().filter(({ fromMs }) => seconds(fromMs) >= span.from && seconds(fromMs) <= span.until).map((hour) => {
    const rate = (difficulty: number) => Math.round((difficulty * hashesPerShareDifficulty) / 3600);
    return { timestamp: seconds(hour.fromMs), hash_rate: rate(hour.accepted), stale_hash_rate: rate(hour.stale), delay_hash_rate: 0 };
  });
}

function readBody(text: string): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null && !Array.isArray(body) ? body as Record<string, unknown> : {};
  } catch {
    return {};
  }
}

const v2Calls = ['/v2/hash_rate/info', '/v2/hash_rate/history', '/v2/hash_rate/worker/list', '/v2/assets/balance', '/v2/assets/transactions/list'] as const;
type V2Call = (typeof v2Calls)[number];

function answerCall(parts: FacadeParts, { call, coin }: { readonly call: V2Call; readonly coin: MinedCoin }, asked: { readonly body: Readonly<Record<string, unknown>>; readonly timeMs: number }): object {
  const { account, identity } = parts;
  const { body, timeMs } = asked;
  // Dogecoin is merged: the work is Litecoin's.
  const workers = coin === 'LTC' ? account.workers(timeMs) : [];
  const [from, until] = [body['start_time'], body['end_time']];
  const spanGiven = typeof from === 'number' && typeof until === 'number';
  switch (call) {
    case '/v2/hash_rate/info':
      return { info: rates(identity.user, workers), currency: body['currency'] };
    case '/v2/hash_rate/history':
      return spanGiven ? { hash_rate_list: coin === 'LTC' ? history(account, { from, until }) : [] } : parameters('start_time and end_time are required');
    case '/v2/hash_rate/worker/list':
      return { workers: workers.map((worker) => ({ hash_rate_info: rates(worker.name, [worker]), last_share_at: seconds(worker.lastShareMs ?? 0), status: status(worker), host: '203.0.113.7' })) };
    case '/v2/assets/balance':
      return { balance_info: balance(parts, coin, timeMs) };
    case '/v2/assets/transactions/list': {
      if (!spanGiven) return parameters('start_time and end_time are required');
      const wanted = body['type'];
      return { transactions: transactions(parts, coin, timeMs).filter(({ created_at, type }) => created_at >= from && created_at <= until
        && (typeof wanted !== 'string' || wanted === 'all' || type.startsWith(wanted))) };
    }
  }
}

/** The open v1: the same for whoever knows the name. */
function openPage({ account }: FacadeParts, coin: MinedCoin, timeMs: number): object {
  const workers = account.workers(timeMs);
  const { balance: unpaid, paid, opening, credited } = account.coin(coin, timeMs);
  const today = Math.floor(timeMs / dayMs) * dayMs;
  const sum = (of: (worker: WorkerView) => number) => Math.round(workers.reduce((total, worker) => total + of(worker), 0));
  return {
    balance: coinsOf(unpaid), paid: coinsOf(paid), value: coinsOf(opening + credited), value_last_day: coinsOf(income(account, coin, { fromMs: today - dayMs, untilMs: today })),
    value_today: coinsOf(income(account, coin, { fromMs: today, untilMs: timeMs + 1 })), hashrate: sum(({ hashrate }) => hashrate),
    hashes_last_hour: sum(({ hashrateHour }) => hashrateHour * 3600), hashes_last_day: sum(({ hashrateDay }) => hashrateDay * 86_400),
    worker_length: workers.length, worker_length_online: workers.filter(({ connections }) => connections > 0).length,
    // Name, hashrate, hashes and lost hashes of an hour, the same of a day, last share, online.
    workers: workers.map((worker) => [
      worker.name, Math.round(worker.hashrate), Math.round(worker.hashrateHour * 3600), Math.round(worker.staleHour * 3600), Math.round(worker.hashrateDay * 86_400), Math.round((worker.staleDay + worker.rejectedDay) * 86_400),
      new Date(worker.lastShareMs ?? 0).toISOString(), worker.connections > 0,
    ]),
    payout_history: account.payouts().filter((payout) => payout.coin === coin).slice(-10).reverse().map((payout) => [new Date(payout.timeMs).toISOString(), payout.transaction, coinsOf(payout.units)]),
  };
}

function answerV2(parts: FacadeParts, asked: Asked, call: V2Call): object {
  const body = readBody(asked.body);
  const { currency, mining_user_name: name } = body;
  const coin = typeof currency === 'string' ? currencies.get(currency) : undefined;
  if (coin === undefined) return parameters(`currency="${typeof currency === 'string' ? currency : ''}"`);
  if (name !== parts.identity.user) return denied(typeof name === 'string' ? name : '');
  return answerCall(parts, { call, coin }, { body, timeMs: asked.timeMs });
}

export const f2poolFacade: Facade = (parts, asked) => {
  const given = asked.headers['f2p-api-secret'];
  const keyValid = given === parts.identity.apiKey;
  const key = { keyGiven: given !== undefined, keyValid };
  const call = v2Calls.find((path) => path === asked.path);
  if (call !== undefined && asked.method === 'POST') return { httpStatus: 200, body: keyValid ? answerV2(parts, asked, call) : { code: 5010, msg: 'permission denied: invalid api secret' }, ...key };
  const [, currency, name, more] = asked.path.split('/');
  const coin = currencies.get(currency ?? '');
  if (asked.method === 'GET' && coin !== undefined && more === undefined && name === parts.identity.user) return { httpStatus: 200, body: openPage(parts, coin, asked.timeMs), ...key };
  return { httpStatus: 404, body: { code: 404, msg: 'not found' }, ...key };
};
