/** Computed ratios carry 6 significant digits: more is noise, and shorter numbers render faster and compress better. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
