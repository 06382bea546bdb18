/** Exact money: whole numbers of the smallest unit, 1e-8 of a coin for LTC, DOGE and BTC alike. Safe up to 90 million coins. */

export const unitsPerCoin = 100_000_000;

/** `150000001` is `1.50000001`. */
export function amountText(units: number): string {
  const whole = Math.floor(Math.abs(units) / unitsPerCoin);
  const rest = Math.abs(units) % unitsPerCoin;
  return `${units < 0 ? '-' : ''}${whole}.${String(rest).padStart(8, '0')}`;
}

/** As a JSON number, which has all eight digits up to some 90 million coins. */
export function coinsOf(units: number): number {
  return Number(amountText(units));
}

/** The nearest whole number of units. */
export function unitsOf(coins: number): number {
  return Math.round(coins * unitsPerCoin);
}
