/** Computed ratios carry 6 significant digits: more is noise, and shorter numbers render faster and compress better. */
export function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

/** The same, and undefined where absurd readings make it overflow: an infinity is no number of anything. */
export function roundedOrNone(value: number): number | undefined {
  return Number.isFinite(value) ? rounded(value) : undefined;
}
