/**
 * Exact amounts of coins: whole numbers of 1e-18 coin as bigint. No binary fraction ever enters a sum, and the language's own
 * bigint needs no library: adding and comparing is all that a ledger does. 18 digits hold the finest coin (ether; LTC, DOGE and BTC
 * have 8) and what pools compute beyond a coin's own digits; digits past the 18th are cut off, so no amount is rounded up.
 */

const digits = 18;
const one = 10n ** BigInt(digits);
/** The smallest unit of LTC, DOGE and BTC, 1e-8 coin. */
export const satoshi = 10n ** 10n;
/** Powers of ten beyond this are no amount of any coin. */
const largestExponent = 40;

/** Decimal text, also with an exponent as JavaScript writes small numbers; undefined for what is no amount. */
export function parseCoins(text: string): bigint | undefined {
  const match = /^([+-]?)(\d{0,60})(?:\.(\d{0,60}))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const power = Number(exponent);
  if (Math.abs(power) > largestExponent) return undefined;
  const shift = digits + power - fraction.length;
  const number = BigInt(whole + fraction);
  const amount = shift >= 0 ? number * 10n ** BigInt(shift) : number / 10n ** BigInt(-shift);
  return sign === '-' ? -amount : amount;
}

/** Decimal text without needless zeros. */
export function formatCoins(amount: bigint): string {
  const size = amount < 0n ? -amount : amount;
  const fraction = (size % one).toString().padStart(digits, '0').replace(/0+$/, '');
  return `${amount < 0n ? '-' : ''}${size / one}${fraction === '' ? '' : `.${fraction}`}`;
}

/** The nearest double, for a series or an estimate: never for a sum. */
export function coinsAsNumber(amount: bigint): number {
  return Number(formatCoins(amount));
}
