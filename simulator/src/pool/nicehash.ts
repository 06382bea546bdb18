/**
 * NiceHash, a market of hashpower that pays in BTC (prohashing-api.md 7; docs.nicehash.com for signatures, errors and /mining/algorithms;
 * for /mining/rigs2 a scrypt account's reply of 2020 that days85/laravel-nicehash keeps). Speeds are in MH/s on scrypt. `paying` is
 * 1e-8 BTC for 1 H/s and a day (tdickman/crypto51, pull request 48).
 *
 * [S]: that the market pays what mining would bring; BTC at the price of the hour in which the work was done; what a rig has unpaid, by its
 * part of all credits; a rig that is offline has no `stats`; `size` of a page at most 100; the texts of refusals but "Invalid session";
 * payouts once a day like the other pools', where the real one pays every four hours.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Account, WorkerView } from './account.ts';
import { amountText, unitsOf } from './amounts.ts';
import type { Asked, Facade, FacadeParts, PoolAnswer } from './facade.ts';
import type { Market, MinedCoin } from './market.ts';
import { minedCoins } from './market.ts';

const root = '/main/api/v2';
const hourMs = 3_600_000;
/** H/s in a unit of speed on scrypt. */
const miningFactor = 1e6;
/** X-Time may be so far from the server's clock. */
const clockMs = 5 * 60_000;
const longestNonce = 36;
/** So many nonces are remembered: those of far more than the time in which they count. */
const mostNonces = 10_000;
const [usualSize, mostSize] = [25, 100];

type Part = Pick<PoolAnswer, 'httpStatus' | 'body'>;
const refused = (httpStatus: number, code: number, message: string): Part => ({ httpStatus, body: { error_id: '00000000-0000-4000-8000-000000000000', errors: [{ code, message }] } });
const invalidSession = () => refused(401, 2000, 'Invalid session');

const btcFor = (market: Market, coin: MinedCoin, atMs: number) => market.priceUsd(coin, atMs) / market.priceUsd('BTC', atMs);

/** What is unpaid of one coin, as coins of BTC: the newest income, each hour's at the price of its beginning. */
function unpaidOf({ account, market }: FacadeParts, coin: MinedCoin, nowMs: number): number {
  let rest = account.coin(coin, nowMs).balance;
  let sum = 0;
  const hours = account.hours();
  for (const { fromMs, income } of [...hours].reverse()) {
    const { pps, pplns, solo } = income[coin];
    const units = Math.min(rest, pps + pplns + solo);
    sum += units * btcFor(market, coin, fromMs);
    rest -= units;
  }
  // A balance that was there from the first.
  return (sum + rest * btcFor(market, coin, hours[0]?.fromMs ?? nowMs)) / 1e8;
}

/** Unpaid BTC of the account, in units of 1e-8. */
export function unpaidUnits(parts: FacadeParts, nowMs: number): number {
  return unitsOf(minedCoins.reduce((sum, coin) => sum + unpaidOf(parts, coin, nowMs), 0));
}

interface Rig { readonly worker: WorkerView; readonly difficulty: number; readonly unpaid: number; readonly nowMs: number }

function rigData({ worker, difficulty, unpaid, nowMs }: Rig): object {
  const { name, connections, hashrate } = worker;
  const mining = connections > 0;
  const statusTime = Math.floor(nowMs / 1000) * 1000;
  const rig = { rigId: name, type: 'UNMANAGED', name, statusTime, minerStatus: mining ? 'MINING' : 'OFFLINE', unpaidAmount: amountText(unpaid), notifications: [], profitability: 0, localProfitability: 0 };
  if (!mining) return rig;
  const stats = {
    statsTime: statusTime, market: 'EU', algorithm: { enumName: 'SCRYPT', description: 'Scrypt' }, unpaidAmount: amountText(unpaid), difficulty, proxyId: 0, timeConnected: worker.sinceMs, xnsub: true,
    speedAccepted: hashrate / miningFactor, speedRejectedR1Target: 0, speedRejectedR2Stale: worker.staleHour / miningFactor, speedRejectedR3Duplicate: 0, speedRejectedR4NTime: 0, speedRejectedR5Other: 0,
    speedRejectedTotal: worker.staleHour / miningFactor, profitability: 0,
  };
  return { ...rig, stats: [stats] };
}

const counted = (words: readonly string[]) => Object.fromEntries([...new Set(words)].map((word) => [word, words.filter((one) => one === word).length]));
const wholeIn = (text: string | null, usual: number) => (text !== null && /^\d{1,6}$/.test(text) ? Number(text) : usual);

function rigsPage(parts: FacadeParts, { query, timeMs: nowMs }: Asked): object {
  const { account } = parts;
  const workers = account.workers(nowMs);
  const unpaid = unpaidUnits(parts, nowMs);
  const worth = ({ credited }: WorkerView) => minedCoins.reduce((sum, coin) => sum + credited[coin] * btcFor(parts.market, coin, nowMs), 0);
  const all = workers.reduce((sum, worker) => sum + worth(worker), 0);
  const difficulties = new Map(account.connections(nowMs).map(({ worker, difficulty }) => [worker, difficulty]));
  const size = Math.min(mostSize, Math.max(1, wholeIn(query.get('size'), usualSize)));
  const page = wholeIn(query.get('page'), 0);
  const statuses = workers.map(({ connections }) => (connections > 0 ? 'MINING' : 'OFFLINE'));
  return {
    minerStatuses: counted(statuses), rigTypes: counted(workers.map(() => 'UNMANAGED')), totalRigs: workers.length, totalProfitability: 0, totalDevices: workers.length, devicesStatuses: counted(statuses),
    unpaidAmount: amountText(unpaid), path: '', btcAddress: 'address-of-nobody', nextPayoutTimestamp: new Date(Math.ceil((nowMs + 1) / (4 * hourMs)) * 4 * hourMs).toISOString().replace('.000', ''), miningRigGroups: [],
    miningRigs: workers.slice(page * size, (page + 1) * size).map((worker) => rigData({ worker, difficulty: difficulties.get(worker.name) ?? 0, unpaid: all === 0 ? 0 : Math.floor((unpaid * worth(worker)) / all), nowMs })),
    rigNhmVersions: [], externalAddress: false, totalProfitabilityLocal: 0, pagination: { size, page, totalPageCount: Math.ceil(workers.length / size) },
  };
}

/** Numbers as texts with eight places, as a client kept them in 2022. */
const places = (value: number) => value.toFixed(8);
const algorithms = [
  ['SCRYPT', 'Scrypt', { port: 3333, mining: ['MH', 1e6], market: ['TH', 1e12] }], ['SHA256', 'SHA256', { port: 3334, mining: ['TH', 1e12], market: ['PH', 1e15] }],
] as const;

function algorithmsData(): object {
  return {
    miningAlgorithms: algorithms.map(([algorithm, title, { port, mining, market }], order) => ({
      algorithm, title, enabled: true, order, displayMiningFactor: mining[0], miningFactor: places(mining[1]), displayMarketFactor: market[0], marketFactor: places(market[1]), minimalOrderAmount: places(0.001), minSpeedLimit: places(0.01),
      maxSpeedLimit: places(10_000), priceDownStep: places(-0.001), minimalPoolDifficulty: places(500_000), port, color: '#AFAFAF', ordersEnabled: true, enabledMarkets: 'EU, USA', displayPriceFactor: market[0], priceFactor: places(market[1]),
    })),
  };
}

function payingData(account: Account, market: Market, nowMs: number): object {
  const btcForHash = market.usdPerMegahashDay(nowMs) / 1e6 / market.priceUsd('BTC', nowMs);
  return { miningAlgorithms: [{ algorithm: 'SCRYPT', title: 'Scrypt', speed: account.poolHashrate(nowMs), paying: btcForHash * 1e8 }, { algorithm: 'SHA256', title: 'SHA256', speed: 0, paying: 0 }] };
}

function ratesData(market: Market, nowMs: number): object {
  return { list: [{ fromCurrency: 'BTC', toCurrency: 'USD', exchangeRate: market.priceUsd('BTC', nowMs).toFixed(8) }, ...minedCoins.map((coin) => ({ fromCurrency: coin, toCurrency: 'BTC', exchangeRate: btcFor(market, coin, nowMs).toFixed(8) }))] };
}

/** Key, time, nonce, nothing, organization, nothing, method, path and query, a zero byte between each two, and the body where there is one. */
function signatureOf(secret: string, { method, path, rawQuery, headers, body }: Asked, key: string): string {
  const fields = [key, headers['x-time'], headers['x-nonce'], '', headers['x-organization-id'], '', method, path, rawQuery, ...(body === '' ? [] : [body])];
  return createHmac('sha256', secret).update(fields.join('\0'), 'latin1').digest('hex');
}

function isSigned({ identity }: FacadeParts, asked: Asked, nonces: Set<string>): boolean {
  const { headers } = asked;
  const [key = '', signature = ''] = (headers['x-auth'] ?? '').split(':');
  const nonce = headers['x-nonce'] ?? '';
  const right = signatureOf(identity.secretKey, asked, key);
  if (key !== identity.apiKey || headers['x-organization-id'] !== identity.organization || signature.length !== right.length || !timingSafeEqual(Buffer.from(signature, 'latin1'), Buffer.from(right))) return false;
  const time = Number(headers['x-time'] ?? Number.NaN);
  if (![asked.timeMs, asked.realMs].some((nowMs) => nowMs !== undefined && Math.abs(nowMs - time) <= clockMs)) return false;
  if (nonce === '' || nonce.length > longestNonce || nonces.has(nonce)) return false;
  nonces.add(nonce);
  const [oldest] = nonces;
  if (nonces.size > mostNonces && oldest !== undefined) nonces.delete(oldest);
  return true;
}

function answerOpen({ account, market }: FacadeParts, call: string, nowMs: number): Part | undefined {
  switch (call) {
    case '/mining/algorithms':
      return { httpStatus: 200, body: algorithmsData() };
    case '/public/simplemultialgo/info':
      return { httpStatus: 200, body: payingData(account, market, nowMs) };
    case '/exchangeRate/list':
      return { httpStatus: 200, body: ratesData(market, nowMs) };
    default:
      return undefined;
  }
}

/** One for each account: a nonce counts once. */
export function nicehashFacade(): Facade {
  const nonces = new Set<string>();
  return (parts, asked) => {
    const given = asked.headers['x-auth'];
    const call = asked.path.startsWith(`${root}/`) ? asked.path.slice(root.length).replace(/\/$/, '') : '';
    const open = asked.method === 'GET' ? answerOpen(parts, call, asked.timeMs) : undefined;
    if (open !== undefined) return { ...open, keyGiven: given !== undefined, keyValid: false };
    const keyValid = isSigned(parts, asked, nonces);
    const key = { keyGiven: given !== undefined, keyValid };
    if (!keyValid) return { ...invalidSession(), ...key };
    if (asked.headers['x-request-id'] === undefined) return { ...refused(400, 1, 'X-Request-Id is required'), ...key };
    if (asked.method === 'GET' && call === '/mining/rigs2') return { httpStatus: 200, body: rigsPage(parts, asked), ...key };
    return { ...refused(404, 404, 'Not found'), ...key };
  };
}
