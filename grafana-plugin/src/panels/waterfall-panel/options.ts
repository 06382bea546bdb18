export interface WaterfallOptions {
  /** Name of the last bar; empty leaves it out. */
  totalName: string;
  /** Names of what takes away though its value is positive, with commas between. */
  subtract: string;
}

export const defaultOptions: WaterfallOptions = { totalName: 'Net', subtract: '' };

/** Also takes a list of names, as a hand-written dashboard may have. */
export function migrated(options: unknown): WaterfallOptions {
  const { totalName, subtract } = (options ?? {}) as { totalName?: string; subtract?: string | string[] };
  return { totalName: totalName ?? defaultOptions.totalName, subtract: Array.isArray(subtract) ? subtract.join(', ') : (subtract ?? defaultOptions.subtract) };
}
