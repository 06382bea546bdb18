/** What a miner earns and costs (prohashing-api.md, 5.3). USD a day, W, H/s. */
import { defined } from '../defined.ts';
import { roundedOrNone } from './rounding.ts';

export type Basis = 'pool_estimate' | 'manual_price';

export interface Price {
  readonly basis: Basis;
  /** USD for 1 MH/s for a day, before the fee. */
  readonly usdPerMegahashDay: number;
  /** 0 to 1. */
  readonly feeRatio: number;
}

export interface Tariff {
  readonly usdPerKilowattHour: number;
  /** Extra power for cooling, as a share. */
  readonly overheadRatio: number;
}

export interface Money {
  readonly basis?: Basis;
  readonly revenueUsdPerDay?: number;
  readonly powerCostUsdPerDay?: number;
  readonly profitUsdPerDay?: number;
  readonly breakevenUsdPerKilowattHour?: number;
}

const hoursPerDay = 24;

/** Each figure only when all that it needs is known. */
export function moneyOf(work: { hashrate?: number | undefined; powerWatts?: number | undefined }, price: Price | undefined, tariff: Tariff | undefined): Money {
  const revenue = price === undefined || work.hashrate === undefined ? undefined : (work.hashrate / 1e6) * price.usdPerMegahashDay * (1 - price.feeRatio);
  const kilowattHours = work.powerWatts === undefined ? undefined : (work.powerWatts / 1000) * hoursPerDay * (1 + (tariff?.overheadRatio ?? 0));
  const cost = tariff === undefined || kilowattHours === undefined ? undefined : kilowattHours * tariff.usdPerKilowattHour;
  const rounded = (value: number | undefined) => (value === undefined ? undefined : roundedOrNone(value));
  const [revenueUsdPerDay, powerCostUsdPerDay] = [rounded(revenue), rounded(cost)];
  return defined<Money>({
    basis: revenueUsdPerDay === undefined ? undefined : price?.basis,
    revenueUsdPerDay, powerCostUsdPerDay,
    profitUsdPerDay: revenue === undefined || cost === undefined ? undefined : rounded(revenue - cost),
    breakevenUsdPerKilowattHour: revenue === undefined || kilowattHours === undefined || kilowattHours <= 0 ? undefined : rounded(revenue / kilowattHours),
  });
}

/** The pool's own estimate where there is one, else the configured price. */
export function priceOf(sources: {
  readonly btcPerMegahashDay?: number | undefined;
  readonly feeRatio?: number | undefined;
  readonly btcUsd?: number | undefined;
  readonly manualUsdPerMegahashDay?: number | undefined;
}): Price | undefined {
  const { btcPerMegahashDay, btcUsd, manualUsdPerMegahashDay, feeRatio = 0 } = sources;
  if (btcPerMegahashDay !== undefined && btcUsd !== undefined) return { basis: 'pool_estimate', usdPerMegahashDay: btcPerMegahashDay * btcUsd, feeRatio };
  // A price that somebody wrote down is what arrives: no fee is taken off.
  if (manualUsdPerMegahashDay !== undefined) return { basis: 'manual_price', usdPerMegahashDay: manualUsdPerMegahashDay, feeRatio: 0 };
  return undefined;
}
