/**
 * The world outside the pools: what LTC, DOGE and BTC cost and how hard a block of LTC and of DOGE is. All of it walks slowly, as a
 * function of seed and time; what a test sets stands still from then on. Base values are [S], of the size of mid-2026.
 */
import { smoothNoise, uniform } from '../random.ts';
import { createSchedule } from './schedule.ts';

/** Coins that scrypt work brings: Litecoin with merged Dogecoin. */
export const minedCoins = ['LTC', 'DOGE'] as const;
export type MinedCoin = (typeof minedCoins)[number];
export const pricedCoins = ['LTC', 'DOGE', 'BTC'] as const;
export type PricedCoin = (typeof pricedCoins)[number];

export function isMinedCoin(text: unknown): text is MinedCoin {
  return typeof text === 'string' && (minedCoins as readonly string[]).includes(text);
}

export function isPricedCoin(text: unknown): text is PricedCoin {
  return typeof text === 'string' && (pricedCoins as readonly string[]).includes(text);
}

/** Hashes that one unit of network difficulty stands for (prohashing-api.md 5.4). */
export const hashesPerNetworkDifficulty = 2 ** 32;
/** Hashes that one unit of scrypt share difficulty stands for (2.6). */
export const hashesPerShareDifficulty = 65_536;

/** Rewards of a block in coins, and its mean seconds: of the chains themselves. */
export const chains: Readonly<Record<MinedCoin, { readonly name: string; readonly blockReward: number; readonly blockSeconds: number }>> = {
  LTC: { name: 'Litecoin', blockReward: 6.25, blockSeconds: 150 },
  DOGE: { name: 'Dogecoin', blockReward: 10_000, blockSeconds: 60 },
};

const dayMs = 86_400_000;
const baseUsd: Readonly<Record<PricedCoin, number>> = { LTC: 95, DOGE: 0.12, BTC: 95_000 };
const baseDifficulty: Readonly<Record<MinedCoin, number>> = { LTC: 1e8, DOGE: 4.6e7 };
/** Litecoin's difficulty stays for 2016 blocks of 150 s. */
const retargetMs = 3.5 * dayMs;

export interface Market {
  priceUsd(coin: PricedCoin, timeMs: number): number;
  difficulty(coin: MinedCoin, timeMs: number): number;
  /** Stays so from then on. */
  setPrice(coin: PricedCoin, usd: number, fromMs: number): void;
  setDifficulty(coin: MinedCoin, difficulty: number, fromMs: number): void;
  /** Coins that so many hashes bring in the mean, before fees (5.4). */
  expectedCoins(coin: MinedCoin, hashes: number, timeMs: number): number;
  /** USD for 1 MH/s and a day, before fees, both coins together. */
  usdPerMegahashDay(timeMs: number): number;
}

export interface MarketOptions {
  readonly seed: number;
  /** Default true; false: all stays at its base value. */
  readonly walks?: boolean;
}

export function createMarket({ seed, walks = true }: MarketOptions): Market {
  const prices = { LTC: createSchedule<number>(), DOGE: createSchedule<number>(), BTC: createSchedule<number>() };
  const difficulties = { LTC: createSchedule<number>(), DOGE: createSchedule<number>() };
  const walk = (stream: number, timeMs: number) => (walks
    ? 0.09 * smoothNoise(seed + stream, timeMs, 5 * dayMs) + 0.03 * smoothNoise(seed + stream + 1, timeMs, 8 * 3_600_000) + 0.01 * smoothNoise(seed + stream + 2, timeMs, 1_800_000) : 0);
  const streams: Readonly<Record<PricedCoin, number>> = { BTC: 101, LTC: 111, DOGE: 121 };

  const priceUsd = (coin: PricedCoin, timeMs: number): number => {
    const own = prices[coin].at(timeMs);
    if (own !== undefined) return own;
    // Small coins go along with the large one and have their own way besides.
    const alone = baseUsd[coin] * (1 + walk(streams[coin], timeMs));
    return coin === 'BTC' ? alone : alone * (1 + walk(streams.BTC, timeMs));
  };
  const difficulty = (coin: MinedCoin, timeMs: number): number => {
    const own = difficulties[coin].at(timeMs);
    if (own !== undefined) return own;
    if (!walks) return baseDifficulty[coin];
    const drift = coin === 'LTC' ? 0.03 * (uniform(seed + 131, Math.floor(timeMs / retargetMs)) * 2 - 1) : 0.04 * smoothNoise(seed + 132, timeMs, dayMs / 2);
    return baseDifficulty[coin] * (1 + drift);
  };
  const expectedCoins = (coin: MinedCoin, hashes: number, timeMs: number) =>
    (hashes / (difficulty(coin, timeMs) * hashesPerNetworkDifficulty)) * chains[coin].blockReward;

  return {
    priceUsd,
    difficulty,
    expectedCoins,
    setPrice: (coin, usd, fromMs) => prices[coin].set(usd, fromMs),
    setDifficulty: (coin, value, fromMs) => difficulties[coin].set(value, fromMs),
    usdPerMegahashDay: (timeMs) => minedCoins.reduce((sum, coin) => sum + expectedCoins(coin, 86_400e6, timeMs) * priceUsd(coin, timeMs), 0),
  };
}
