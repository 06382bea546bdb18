/** How far a distribution has moved: the population stability index over bins that hold equal parts of the reference (intelligence.md, 4.5). Pure. */

/** Bins of the reference: tenths. */
const bins = 10;
/** Fewer values than these say nothing about a distribution. */
export const leastPsiValues = 50;
/** A bin without a value counts as so small a part, or the logarithm would be infinite. */
const leastShare = 1e-4;

/** Where the bins of a reference begin and which part of it lies in each. Plain data: it is kept as JSON. */
export interface Reference { readonly edges: readonly number[]; readonly shares: readonly number[]; readonly count: number }

/** Undefined for fewer than 50 values. Values that come often give fewer bins than ten. */
export function referenceOf(values: readonly number[]): Reference | undefined {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length < leastPsiValues) return undefined;
  const edges = [...new Set(Array.from({ length: bins - 1 }, (_none, index) => sorted[Math.floor(((index + 1) * sorted.length) / bins)] ?? 0))].filter((edge) => edge > (sorted[0] ?? 0));
  return { edges, shares: sharesOf(sorted, edges), count: sorted.length };
}

/** Sum over the bins of (actual - expected) ln(actual / expected); undefined for fewer than 50 values. */
export function populationStability({ edges, shares }: Reference, values: readonly number[]): number | undefined {
  const finite = values.filter(Number.isFinite);
  if (finite.length < leastPsiValues) return undefined;
  const actual = sharesOf(finite, edges);
  return shares.reduce((sum, share, bin) => {
    const [expected, found] = [Math.max(share, leastShare), Math.max(actual[bin] ?? 0, leastShare)];
    return sum + (found - expected) * Math.log(found / expected);
  }, 0);
}

function sharesOf(values: readonly number[], edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    const above = edges.findIndex((edge) => value < edge);
    const bin = above < 0 ? edges.length : above;
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((count) => count / values.length);
}
