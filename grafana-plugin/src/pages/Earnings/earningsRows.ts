import type { CoinAmount, EarningsRow } from '../../api/types';

export const periods = ['day', 'month', 'all'] as const;
export type Period = (typeof periods)[number];

/** The newest period first; within one, what brought in most. */
export const newestFirst = (rows: readonly EarningsRow[]): EarningsRow[] =>
  [...rows].sort((a, b) => b.period.localeCompare(a.period) || (b.usd ?? -Infinity) - (a.usd ?? -Infinity) || (a.name ?? '').localeCompare(b.name ?? '', undefined, { numeric: true }));

/** The longest bar: 0 where nothing is known or all is loss. */
export const greatest = (rows: readonly EarningsRow[]): number => Math.max(0, ...rows.map(({ usd }) => usd ?? 0));

/** Exact amounts lose the zeros at their end, never a digit that says something. */
export const coinText = ({ coin, amount }: Pick<CoinAmount, 'coin' | 'amount'>): string => `${amount.includes('.') ? amount.replace(/\.?0+$/, '') : amount} ${coin}`;

/** Sums what rows of one group have; undefined where none has a value. */
export function totalOf(rows: readonly EarningsRow[]): number | undefined {
  const known = rows.flatMap(({ usd }) => (usd === undefined ? [] : [usd]));
  return known.length === 0 ? undefined : known.reduce((sum, usd) => sum + usd, 0);
}
