/** Who gets how much of an amount, exact to the last unit: the method of the largest remainder (Hamilton). */
import { satoshi } from './coins.ts';

/**
 * Parts in proportion to the weights whose sum is the total. In units of 1e-8 coin, or of 1e-18 where the total has more
 * digits. Units that are left over go to the largest remainders, among equals by name. Weights that are not positive get nothing;
 * without any positive weight nothing is allotted.
 */
export function allot(total: bigint, weights: ReadonlyMap<string, number>): Map<string, bigint> {
  const unit = total % satoshi === 0n ? satoshi : 1n;
  const units = total / unit;
  const weighed = [...weights].flatMap(([name, weight]) => (Number.isFinite(weight) && weight > 0 ? [{ name, weight: whole(weight) }] : []));
  const sum = weighed.reduce((before, { weight }) => before + weight, 0n);
  if (sum === 0n || units <= 0n) return new Map();
  const parts = weighed.map(({ name, weight }) => ({ name, units: (units * weight) / sum, rest: (units * weight) % sum }));
  let left = units - parts.reduce((before, part) => before + part.units, 0n);
  parts.sort((a, b) => (a.rest === b.rest ? (a.name < b.name ? -1 : 1) : a.rest > b.rest ? -1 : 1));
  return new Map(parts.map((part) => {
    const extra = left > 0n ? 1n : 0n;
    left -= extra;
    return [part.name, (part.units + extra) * unit] as const;
  }).filter(([, amount]) => amount > 0n));
}

/** Work is counted in hashes, 1e13 and more in a bucket; a thousandth of a hash keeps small weights in tests apart. */
function whole(weight: number): bigint {
  return weight >= 2 ** 43 ? BigInt(Math.round(weight)) * 1024n : BigInt(Math.round(weight * 1024));
}
