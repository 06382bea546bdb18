/** What a miner earns and costs (prohashing-api.md, 5.3 and 5.4). USD a day, W, H/s. Pure. */
import type { Basis } from '../config/schema.ts';
import { defined } from '../defined.ts';
import { roundedOrNone } from './rounding.ts';

export type { Basis } from '../config/schema.ts';

export interface Price {
  readonly basis: Basis;
  /** USD for 1 MH/s for a day, before the fee. */
  readonly usdPerMegahashDay: number;
  /** 0 to 1. */
  readonly feeRatio: number;
  /** Unix ms of the oldest figure behind it; absent where none has an age. */
  readonly asOf?: number;
}

export interface Tariff {
  readonly usdPerKilowattHour: number;
  /** Extra power for cooling, as a share. */
  readonly overheadRatio: number;
  /** The own meter says so many times what the miner reports; 1 when absent. */
  readonly meterRatio?: number;
}

/** What a miner earns by one way of knowing it. */
export interface Revenue {
  readonly basis: Basis;
  /** USD a day, after fees. With something in `lacks` it is the part that is known. */
  readonly usdPerDay?: number;
  /** What the figure would need and does not have; nothing: it is complete. */
  readonly lacks: readonly string[];
  /** Unix ms of the oldest figure that it is made from, where that has an age. */
  readonly asOf?: number;
  /** Pool that told it. */
  readonly pool?: string;
}

export interface Money {
  readonly basis?: Basis;
  readonly revenueUsdPerDay?: number;
  readonly powerCostUsdPerDay?: number;
  readonly profitUsdPerDay?: number;
  /** Profit as a part of the revenue; below 0 at a loss. */
  readonly marginRatio?: number;
  readonly breakevenUsdPerKilowattHour?: number;
  /** By power at the meter, without cooling. */
  readonly profitUsdPerKilowattDay?: number;
}

const hoursPerDay = 24;
const secondsPerDay = 86_400;
/** Hashes in one unit of network difficulty; share difficulty of scrypt is on another scale, 2^16 (5.4). */
const hashesPerNetworkDifficulty = 2 ** 32;

/** Each figure only when all that it needs is known. */
export function moneyOf(work: { hashrate?: number | undefined; powerWatts?: number | undefined }, price: Price | undefined, tariff: Tariff | undefined): Money {
  const revenue = price === undefined || work.hashrate === undefined ? undefined : (work.hashrate / 1e6) * price.usdPerMegahashDay * (1 - price.feeRatio);
  return profitOf(price === undefined || revenue === undefined ? undefined : { basis: price.basis, usdPerDay: revenue }, work.powerWatts, tariff);
}

/** The same from a revenue, USD a day, however it is known. */
export function profitOf(revenue: { readonly basis: Basis; readonly usdPerDay: number } | undefined, powerWatts: number | undefined, tariff: Tariff | undefined): Money {
  const kilowatts = powerWatts === undefined ? undefined : (powerWatts / 1000) * (tariff?.meterRatio ?? 1);
  const kilowattHours = kilowatts === undefined ? undefined : kilowatts * hoursPerDay * (1 + (tariff?.overheadRatio ?? 0));
  const cost = tariff === undefined || kilowattHours === undefined ? undefined : kilowattHours * tariff.usdPerKilowattHour;
  const profit = revenue === undefined || cost === undefined ? undefined : revenue.usdPerDay - cost;
  const rounded = (value: number | undefined) => (value === undefined ? undefined : roundedOrNone(value));
  const revenueUsdPerDay = rounded(revenue?.usdPerDay);
  return defined<Money>({
    basis: revenueUsdPerDay === undefined ? undefined : revenue?.basis,
    revenueUsdPerDay, powerCostUsdPerDay: rounded(cost), profitUsdPerDay: rounded(profit),
    marginRatio: profit === undefined || revenue === undefined || revenue.usdPerDay <= 0 ? undefined : rounded(profit / revenue.usdPerDay),
    breakevenUsdPerKilowattHour: revenue === undefined || kilowattHours === undefined || kilowattHours <= 0 ? undefined : rounded(revenue.usdPerDay / kilowattHours),
    profitUsdPerKilowattDay: profit === undefined || kilowatts === undefined || kilowatts <= 0 ? undefined : rounded(profit / kilowatts),
  });
}

/** One coin of those that one hash may find: merged coins are found by the same work. */
export interface ChainFigures {
  readonly coin: string;
  readonly difficulty?: number | undefined;
  /** Coins for a block. */
  readonly blockReward?: number | undefined;
  /** USD for one coin. */
  readonly usd?: number | undefined;
}

/** USD for 1 MH/s for a day, before the pool's fee, of all coins of which everything is known, and what is missing of the others. */
export function networkPrice(chains: readonly ChainFigures[]): { readonly usdPerMegahashDay?: number; readonly lacks: readonly string[] } {
  const lacks: string[] = [];
  const known = chains.flatMap(({ coin, difficulty, blockReward, usd }) => {
    if (difficulty === undefined || difficulty <= 0) lacks.push(`network difficulty of ${coin}`);
    if (blockReward === undefined) lacks.push(`block reward of ${coin}`);
    if (usd === undefined) lacks.push(`price of ${coin}`);
    return difficulty === undefined || difficulty <= 0 || blockReward === undefined || usd === undefined ? [] : [((1e6 * secondsPerDay) / (difficulty * hashesPerNetworkDifficulty)) * blockReward * usd];
  });
  return { ...(known.length === 0 ? {} : { usdPerMegahashDay: known.reduce((sum, one) => sum + one, 0) }), lacks };
}
