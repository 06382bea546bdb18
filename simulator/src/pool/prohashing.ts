/**
 * The pool's ledger and its four REST endpoints (prohashing-api.md 1). Balances, worker hashrates and shares all come
 * from the shares that the simulated miners really submit.
 */
import { smoothNoise } from '../random.ts';
import type { ShareSink } from '../miner/state.ts';

/** Clearly no real key: 64 hex digits that say so. */
export const fakeApiKey = '00000000000000000000000000000000000000000000000000000000deadbeef';

/** One unit of scrypt share difficulty stands for 2^16 hashes (2.6). */
const hashesPerDifficulty = 65_536;
/** Sliding window of `accepted`; a multiple of 15 s (2.6). */
export const windowMs = 600_000;
/** Shares become balance in batches of so long [S]. */
const creditMs = 300_000;
const dayMs = 86_400_000;

/** Scrypt, BTC for 1 MH/s and one day; an L9 earns about 11 USD a day at 95,000 USD for a BTC [S]. */
const meanEstimate = 6.9e-9;

interface PaidCoin {
  readonly ticker: string;
  readonly name: string;
  /** Share of the income's value. */
  readonly share: number;
  readonly btcPrice: number;
  readonly payoutThreshold: number;
}

/** Litecoin with merged Dogecoin; prices at 95,000 USD a BTC: 95 USD and 0.19 USD [S]. */
const coins: readonly PaidCoin[] = [
  { ticker: 'LTC', name: 'Litecoin', share: 0.42, btcPrice: 0.001, payoutThreshold: 0.5 },
  { ticker: 'DOGE', name: 'Dogecoin', share: 0.58, btcPrice: 0.000002, payoutThreshold: 250 },
];

interface Share { readonly timeMs: number; readonly difficulty: number }

interface Worker { readonly name: string; recent: Share[]; difficulty: number }

interface CoinAccount { balance: number; paid: number; paidDay: number; paidAtMs: number | null }

export interface Ledger extends ShareSink {
  /** Answers a GET as the pool would, after all shares up to `timeMs` have been credited. */
  answer(asked: { readonly path: string; readonly apiKey: string | null; readonly timeMs: number }): PoolAnswer;
  /** Pool-side hashrate of each worker over the window, H/s. */
  workerHashrates(timeMs: number): ReadonlyMap<string, number>;
}

export interface PoolAnswer { readonly httpStatus: number; readonly body: object }

export interface LedgerOptions {
  readonly seed: number;
  readonly apiKey: string;
  /** Balances at the start, in coins by ticker. */
  readonly balances?: Readonly<Record<string, number>>;
  readonly startMs: number;
}

/** BTC/MH/s/day: a slow walk within about ±25 %. */
export function scryptEstimate(seed: number, timeMs: number): number {
  const walk = 0.16 * smoothNoise(seed + 1, timeMs, 5 * dayMs) + 0.07 * smoothNoise(seed + 2, timeMs, 8 * 3_600_000)
    + 0.02 * smoothNoise(seed + 3, timeMs, 1_800_000);
  return meanEstimate * (1 + walk);
}

function meanEstimate24h(seed: number, timeMs: number): number {
  let sum = 0;
  for (let hour = 0; hour < 24; hour += 1) sum += scryptEstimate(seed, timeMs - hour * 3_600_000);
  return sum / 24;
}

const success = (data: object): PoolAnswer => ({ httpStatus: 200, body: { status: 'success', code: 200, data } });
/** The body's `code` is known, the HTTP status isn't (1.2); 400 here. */
const badKey: PoolAnswer = { httpStatus: 400, body: { status: 'error', code: 400, message: 'Invalid API key' } };
const notFound: PoolAnswer = { httpStatus: 404, body: { status: 'error', code: 404, message: 'Not found' } };

const fees = { pps_fee: 0.0399, pplns_fee: 0.0199, solo_fee: 0.0199 };

/** `/status`: numbers as numbers, as strings, and null, as clients have met them (1.2, 1.3). */
function statusData(seed: number, timeMs: number): object {
  const now = scryptEstimate(seed, timeMs);
  const unit = hashesPerDifficulty / 15;
  const poolHashrate = Math.round((1.38e12 * (1 + 0.06 * smoothNoise(seed + 4, timeMs, 3_600_000))) / unit) * unit;
  return {
    'scrypt': {
      name: 'Scrypt', port: 3333, coins: 8, hashrate: poolHashrate, workers: 0, estimate_current: now.toFixed(16),
      estimate_last24h: meanEstimate24h(seed, timeMs), actual_last24h: null, mbtc_mh_factor: '1000000', hashrate_last24h: 0, ...fees,
    },
    'sha-256': {
      name: 'SHA-256', port: 3335, coins: 4, hashrate: 1.021e15, workers: 0, estimate_current: 5.2e-13, estimate_last24h: '0.0000000000005300',
      actual_last24h: 5.3e-13, mbtc_mh_factor: 1_000_000, hashrate_last24h: 0, ...fees,
    },
    'x11': {
      name: 'X11', port: 3334, coins: 3, hashrate: 4.022e12, workers: 0, estimate_current: null, estimate_last24h: 0, actual_last24h: null,
      mbtc_mh_factor: 1_000_000, hashrate_last24h: 0, ...fees,
    },
  };
}

function currenciesData(timeMs: number): object {
  const minutes = Math.floor(timeMs / 60_000);
  return {
    LTC: {
      name: 'Litecoin', abbreviation: 'LTC', algo: 'scrypt', port: 3333, enabled: true, height: Math.floor(minutes / 2.5), hashrate: 9.1e11,
      workers: 0, lastblock: Math.floor(minutes / 2.5) - 41, timesincelast: 6150, '24h_blocks': 3, '24h_btc': 0.019,
    },
    DOGE: {
      name: 'Dogecoin', abbreviation: 'DOGE', algo: 'scrypt', port: null, enabled: true, height: minutes, hashrate: '910000000000',
      workers: 0, lastblock: minutes - 12, timesincelast: 720, '24h_blocks': 21, '24h_btc': 0.021,
    },
    BTC: { name: 'Bitcoin', abbreviation: 'BTC', algo: 'sha-256', port: 3335, enabled: true, height: null, hashrate: 1.021e15, workers: 0, lastblock: 0, timesincelast: null },
  };
}

export function createLedger({ seed, apiKey, balances = {}, startMs }: LedgerOptions): Ledger {
  const workers = new Map<string, Worker>();
  /** Accepted difficulty by credit batch: whole numbers, so their sum doesn't depend on the order of arrival. */
  const batches = new Map<number, number>();
  const accounts = new Map<string, CoinAccount>(coins.map((coin) =>
    [coin.ticker, { balance: balances[coin.ticker] ?? 0, paid: 0, paidDay: 0, paidAtMs: null }]));
  let creditedUntil = Math.floor(startMs / creditMs);

  const credit = (batch: number) => {
    const endMs = (batch + 1) * creditMs;
    const megahashes = ((batches.get(batch) ?? 0) * hashesPerDifficulty) / 1e6;
    batches.delete(batch);
    const btc = (megahashes / 86_400) * scryptEstimate(seed, endMs) * (1 - fees.pplns_fee);
    for (const coin of coins) {
      const account = accounts.get(coin.ticker);
      if (account === undefined) continue;
      account.balance += (btc * coin.share) / coin.btcPrice;
      if (endMs % dayMs !== 0) continue;
      account.paidDay = 0;
      if (account.balance < coin.payoutThreshold) continue;
      account.paid += account.balance;
      account.paidDay = account.balance;
      account.paidAtMs = endMs;
      account.balance = 0;
    }
  };

  const settleUntil = (timeMs: number) => {
    const last = Math.floor(timeMs / creditMs);
    for (; creditedUntil < last; creditedUntil += 1) credit(creditedUntil);
  };

  const balanceData = () => {
    const data: Record<string, object> = {};
    for (const { ticker, name, payoutThreshold } of coins) {
      const account = accounts.get(ticker);
      // Coins that are paid out vanish (1.5).
      if (account === undefined || account.balance === 0) continue;
      data[ticker] = {
        name, abbreviation: ticker, balance: Number(account.balance.toFixed(8)), unpaid: account.balance.toFixed(8),
        paid24h: Number(account.paidDay.toFixed(8)), paid: Number(account.paid.toFixed(8)), total: Number((account.balance + account.paid).toFixed(8)), payoutThreshold,
      };
    }
    return data;
  };

  const hashrateOf = (worker: Worker, timeMs: number) => {
    worker.recent = worker.recent.filter((share) => share.timeMs > timeMs - windowMs);
    const age = Math.min(windowMs, Math.max(15_000, Math.ceil((timeMs - startMs) / 15_000) * 15_000));
    const difficulty = worker.recent.reduce((sum, share) => sum + share.difficulty, 0);
    return (difficulty * hashesPerDifficulty) / (age / 1000);
  };

  const workerHashrates = (timeMs: number) => {
    const rates = new Map<string, number>();
    for (const worker of [...workers.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const rate = hashrateOf(worker, timeMs);
      if (rate > 0) rates.set(worker.name, rate);
    }
    return rates;
  };

  const minersData = (timeMs: number) => [...workerHashrates(timeMs)].map(([name, accepted]) => ({
    ID: name, algo: 'Scrypt', coin: 'Litecoin', accepted, difficulty: workers.get(name)?.difficulty ?? 0, minRestartDelay: 0.512, workRestartPenalty: 0.0031,
  }));

  return {
    credit: ({ worker: name, url, timeMs, difficulty, shareDifficulty }) => {
      if (!url.includes('prohashing')) return;
      const worker = workers.get(name) ?? { name, recent: [], difficulty: 0 };
      workers.set(name, worker);
      worker.recent.push({ timeMs, difficulty });
      worker.difficulty = shareDifficulty;
      if (worker.recent.length > 600) worker.recent = worker.recent.filter((share) => share.timeMs > timeMs - windowMs);
      const batch = Math.floor(timeMs / creditMs);
      if (batch >= creditedUntil) batches.set(batch, (batches.get(batch) ?? 0) + difficulty);
    },
    workerHashrates,
    answer: ({ path, apiKey: given, timeMs }) => {
      settleUntil(timeMs);
      switch (path) {
        case '/api/v1/status':
          return success(statusData(seed, timeMs));
        case '/api/v1/currencies':
          return success(currenciesData(timeMs));
        case '/api/v1/wallet':
          return given === apiKey ? success({ balances: balanceData() }) : badKey;
        case '/api/v1/walletEx':
          return given === apiKey ? success({ balances: balanceData(), miners: minersData(timeMs) }) : badKey;
        default:
          return notFound;
      }
    },
  };
}
