/** ProHashing's four REST endpoints (prohashing-api.md 1), with the types that clients have met. */
import { smoothNoise } from '../random.ts';
import type { Account } from './account.ts';
import { amountText, coinsOf } from './amounts.ts';
import type { Asked, Facade, PoolAnswer } from './facade.ts';
import type { Market, MinedCoin } from './market.ts';
import { chains, hashesPerShareDifficulty, minedCoins } from './market.ts';

/** Clearly no real key: 64 hex digits that say so. */
export const fakeApiKey = '00000000000000000000000000000000000000000000000000000000deadbeef';

/** BTC for 1 MH/s and a day, before fees (1.3). */
export function scryptEstimate(market: Market, timeMs: number): number {
  return market.usdPerMegahashDay(timeMs) / market.priceUsd('BTC', timeMs);
}

function meanEstimate24h(market: Market, timeMs: number): number {
  let sum = 0;
  for (let hour = 0; hour < 24; hour += 1) sum += scryptEstimate(market, timeMs - hour * 3_600_000);
  return sum / 24;
}

/** H/s of the whole pool, a little noisy, a multiple of 65536 / 15 (2.6). */
export function shownPoolHashrate(account: Account, seed: number, timeMs: number): number {
  const unit = hashesPerShareDifficulty / 15;
  return Math.round((account.poolHashrate(timeMs) * (1 + 0.06 * smoothNoise(seed + 4, timeMs, 3_600_000))) / unit) * unit;
}

interface Look { readonly account: Account; readonly market: Market; readonly seed: number; readonly timeMs: number }

/** `/status`: numbers as numbers, as strings, and null, as clients have met them (1.2, 1.3). */
function statusData({ account, market, seed, timeMs }: Look): object {
  const fees = { pps_fee: account.fee('pps', timeMs), pplns_fee: account.fee('pplns', timeMs), solo_fee: account.fee('solo', timeMs) };
  // Other algorithms have the usual fees (3.1).
  const others = { pps_fee: 0.0399, pplns_fee: 0.0199, solo_fee: 0.0199 };
  return {
    'scrypt': {
      name: 'Scrypt', port: 3333, coins: 8, hashrate: shownPoolHashrate(account, seed, timeMs), workers: 0, estimate_current: scryptEstimate(market, timeMs).toFixed(16),
      estimate_last24h: meanEstimate24h(market, timeMs), actual_last24h: null, mbtc_mh_factor: '1000000', hashrate_last24h: 0, ...fees,
    },
    'sha-256': {
      name: 'SHA-256', port: 3335, coins: 4, hashrate: 1.021e15, workers: 0, estimate_current: 5.2e-13, estimate_last24h: '0.0000000000005300',
      actual_last24h: 5.3e-13, mbtc_mh_factor: 1_000_000, hashrate_last24h: 0, ...others,
    },
    'x11': {
      name: 'X11', port: 3334, coins: 3, hashrate: 4.022e12, workers: 0, estimate_current: null, estimate_last24h: 0, actual_last24h: null,
      mbtc_mh_factor: 1_000_000, hashrate_last24h: 0, ...others,
    },
  };
}

/** `/currencies`: also a key with a suffix, an algorithm of its own, and a coin that nobody can mine (1.4). */
function currenciesData({ account, timeMs }: Look): object {
  const lastOf = (coin: MinedCoin) => account.blocks().findLast((block) => block.coin === coin && block.timeMs <= timeMs);
  const chain = (coin: MinedCoin) => {
    const last = lastOf(coin);
    const recent = account.blocks().filter((block) => block.coin === coin && block.timeMs > timeMs - 86_400_000).length;
    return {
      name: chains[coin].name, abbreviation: coin, algo: 'scrypt', enabled: true, height: Math.floor(timeMs / 1000 / chains[coin].blockSeconds), workers: 0,
      lastblock: last?.height ?? 0, timesincelast: last === undefined ? null : Math.floor((timeMs - last.timeMs) / 1000), '24h_blocks': recent,
    };
  };
  return {
    'LTC': { ...chain('LTC'), port: 3333, hashrate: account.poolHashrate(timeMs), '24h_btc': 0.019 },
    'DOGE': { ...chain('DOGE'), port: null, hashrate: String(Math.round(account.poolHashrate(timeMs))), '24h_btc': 0.021 },
    'BTC': { name: 'Bitcoin', abbreviation: 'BTC', algo: 'sha-256', port: 3335, enabled: true, height: null, hashrate: 1.021e15, workers: 0, lastblock: 0, timesincelast: null },
    'DGB-skein': { name: 'DigiByte', abbreviation: 'DGB', algo: 'skein', enabled: false, height: null, hashrate: 0, workers: 0, lastblock: 0 },
  };
}

/**
 * `balances` of `/wallet`: a coin that is paid out has vanished (1.5). `paid24h` and `total` reset: the one is the last payout for a day
 * and then 0, the other is that and what is unpaid; `paid` is all that was ever paid. How the three really differ is doubtful [S].
 */
function balanceData({ account, timeMs }: Look, thresholds: Readonly<Record<MinedCoin, number>>): object {
  const data: Record<string, object> = {};
  for (const coin of minedCoins) {
    const { balance, paid, lastPayout } = account.coin(coin, timeMs);
    if (balance === 0) continue;
    const recent = lastPayout?.units ?? 0;
    data[coin] = {
      name: chains[coin].name, abbreviation: coin, balance: coinsOf(balance), unpaid: amountText(balance), paid24h: coinsOf(recent), paid: coinsOf(paid),
      total: coinsOf(balance + recent), payoutThreshold: thresholds[coin],
    };
  }
  return data;
}

/** `miners` of `/walletEx`: one entry for each connection, so a cloned name is there twice; `accepted` is a hashrate in H/s (1.6). */
function minersData({ account, timeMs }: Look): object[] {
  return account.connections(timeMs).filter(({ hashrate }) => hashrate > 0).map(({ worker, hashrate, difficulty }) => ({
    ID: worker, algo: 'Scrypt', coin: 'Litecoin', accepted: hashrate, difficulty, minRestartDelay: 0.512, workRestartPenalty: 0.0031,
  }));
}

const success = (data: object): Pick<PoolAnswer, 'httpStatus' | 'body'> => ({ httpStatus: 200, body: { status: 'success', code: 200, data } });
/** The body's `code` is known, the HTTP status isn't (1.2); 400 here. */
const badKey = { httpStatus: 400, body: { status: 'error', code: 400, message: 'Invalid API key' } };

function answerPath(look: Look, asked: { readonly path: string; readonly keyValid: boolean }, thresholds: Readonly<Record<MinedCoin, number>>): Pick<PoolAnswer, 'httpStatus' | 'body'> {
  switch (asked.path) {
    case '/api/v1/status':
      return success(statusData(look));
    case '/api/v1/currencies':
      return success(currenciesData(look));
    case '/api/v1/wallet':
      return asked.keyValid ? success({ balances: balanceData(look, thresholds) }) : badKey;
    case '/api/v1/walletEx':
      return asked.keyValid ? success({ balances: balanceData(look, thresholds), miners: minersData(look) }) : badKey;
    default:
      return { httpStatus: 404, body: { status: 'error', code: 404, message: 'Not found' } };
  }
}

export function prohashingFacade(thresholds: Readonly<Record<MinedCoin, number>>): Facade {
  return ({ account, market, identity, seed }, { method, path, query, timeMs }: Asked) => {
    const given = query.get('apiKey');
    const keyValid = given === identity.apiKey;
    const answer = method === 'GET' ? answerPath({ account, market, seed, timeMs }, { path, keyValid }, thresholds) : { httpStatus: 405, body: { status: 'error', code: 405 } };
    return { ...answer, keyGiven: given !== null, keyValid };
  };
}
