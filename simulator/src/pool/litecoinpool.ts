/**
 * litecoinpool.org: one document for all (prohashing-api.md 7). Fields beyond those named there as public clients read them. Hashrates
 * are in kH/s. The counts of shares are share difficulty: in a captured reply (httpjson of influxdata/telegraf, 2016) 6,176 valid
 * shares earned 4.55e-5 LTC at a `pps_rate` of 7.655e-9, which is that of 65,536 hashes. The answer to a wrong key is a lone `error` [S].
 */
import { coinsOf } from './amounts.ts';
import type { Facade, FacadeParts } from './facade.ts';
import { chains, hashesPerNetworkDifficulty, hashesPerShareDifficulty } from './market.ts';
import type { MinedCoin } from './market.ts';

const kilo = (hashesPerSecond: number) => hashesPerSecond / 1000;
const seconds = (timeMs: number) => Math.floor(timeMs / 1000);
const digits = (value: number, count: number) => Number(value.toFixed(count));

function page({ account, market, identity }: FacadeParts, timeMs: number): object {
  const workers = account.workers(timeMs);
  const hashrate = workers.reduce((sum, worker) => sum + worker.hashrate, 0);
  const kept = 1 - account.fee('pps', timeMs);
  const rewards = (coin: MinedCoin, suffix: string) => {
    const { credited, creditedDay, paid, balance, opening } = account.coin(coin, timeMs);
    return {
      [`expected_24h_rewards${suffix}`]: digits(market.expectedCoins(coin, hashrate * 86_400, timeMs) * kept, 8), [`total_rewards${suffix}`]: coinsOf(opening + credited),
      [`paid_rewards${suffix}`]: coinsOf(paid), [`unpaid_rewards${suffix}`]: coinsOf(balance), [`past_24h_rewards${suffix}`]: coinsOf(creditedDay),
    };
  };
  const difficulty = market.difficulty('LTC', timeMs);
  const [ltc, doge, btc] = (['LTC', 'DOGE', 'BTC'] as const).map((coin) => market.priceUsd(coin, timeMs)) as [number, number, number];
  const paymentsOf = (coin: MinedCoin) => account.payouts().filter((payout) => payout.coin === coin).slice(-10).reverse().map((payout) => ({ time: seconds(payout.timeMs), amount: coinsOf(payout.units) }));
  return {
    user: {
      hash_rate: digits(kilo(hashrate), 1), ...rewards('LTC', ''), ...rewards('DOGE', '_doge'), blocks_found: 0,
      total_work: workers.reduce((sum, { accepted }) => sum + accepted, 0) * hashesPerShareDifficulty,
    },
    workers: Object.fromEntries(workers.map((worker) => [`${identity.user}.${worker.name}`, {
      connected: worker.connections > 0, hash_rate: digits(kilo(worker.hashrate), 1), hash_rate_24h: digits(kilo(worker.hashrateDay), 1),
      valid_shares: worker.accepted, stale_shares: worker.stale, invalid_shares: worker.rejected,
      rewards: coinsOf(worker.credited.LTC), rewards_24h: coinsOf(worker.creditedDay.LTC), rewards_doge: coinsOf(worker.credited.DOGE), rewards_24h_doge: coinsOf(worker.creditedDay.DOGE),
      last_share_time: seconds(worker.lastShareMs ?? 0), reset_time: seconds(worker.sinceMs),
    }])),
    pool: {
      hash_rate: digits(kilo(account.poolHashrate(timeMs)), 0), active_users: 4172, active_workers: 18_904, total_work: 4.1e21, pps_ratio: kept,
      pps_rate: digits((hashesPerShareDifficulty / (difficulty * hashesPerNetworkDifficulty)) * chains.LTC.blockReward * kept, 14),
    },
    network: {
      hash_rate: digits(kilo((difficulty * hashesPerNetworkDifficulty) / chains.LTC.blockSeconds), 0), block_number: Math.floor(seconds(timeMs) / chains.LTC.blockSeconds), time_per_block: chains.LTC.blockSeconds,
      difficulty, next_difficulty: market.difficulty('LTC', timeMs + 302_400_000), retarget_time: 302_400 - (seconds(timeMs) % 302_400), difficulty_avg_doge: market.difficulty('DOGE', timeMs),
    },
    market: { ltc_btc: digits(ltc / btc, 8), ltc_usd: digits(ltc, 4), doge_usd: digits(doge, 6), btc_usd: digits(btc, 2) },
    recent_payouts: paymentsOf('LTC'), recent_payouts_doge: paymentsOf('DOGE'),
  };
}

export const litecoinpoolFacade: Facade = (parts, { method, path, query, timeMs }) => {
  const given = query.get('api_key');
  const keyValid = given === parts.identity.apiKey;
  const key = { keyGiven: given !== null, keyValid };
  if (method !== 'GET' || path !== '/api') return { httpStatus: 404, body: { error: 'Not found' }, ...key };
  return { httpStatus: 200, body: keyValid ? page(parts, timeMs) : { error: 'Invalid API key' }, ...key };
};
