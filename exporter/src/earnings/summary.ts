/** Sums over the books, each with what it lacks: a partial sum never passes for a whole one. Pure. */
import { formatCoins } from '../analytics/coins.ts';
import type { Money } from '../analytics/money.ts';
import { defined } from '../defined.ts';
import type { DayRow } from './ledger.ts';

export const groupings = ['fleet', 'pool', 'site', 'miner'] as const;
export type Grouping = (typeof groupings)[number];
export const periods = ['day', 'month', 'all'] as const;
export type Period = (typeof periods)[number];

export interface CoinSum {
  readonly coin: string;
  /** Exact decimal text. */
  readonly amount: string;
  /** At the prices when it came in, of as much as had one. */
  readonly usd?: number;
}

export interface EarningsRow {
  /** `2026-11-23`, `2026-11` or `all`. */
  readonly period: string;
  /** Pool, site or miner; absent for the fleet, and for what belongs to no known miner. */
  readonly name?: string;
  readonly coins: readonly CoinSum[];
  readonly usd?: number;
  readonly complete: boolean;
  readonly lacks: readonly string[];
}

/** Sums by period and group, oldest first. */
export function earningsRows(rows: readonly DayRow[], { group, by }: { group: Grouping; by: Period }): EarningsRow[] {
  const sums = new Map<string, { period: string; name: string | undefined; coins: Map<string, { amount: bigint; priced: bigint; usd: number }> }>();
  for (const row of rows) {
    const period = by === 'all' ? 'all' : by === 'month' ? row.day.slice(0, 7) : row.day;
    const name = group === 'fleet' ? undefined : row[group];
    const key = `${period} ${name ?? ''}`;
    const sum = sums.get(key) ?? { period, name, coins: new Map<string, { amount: bigint; priced: bigint; usd: number }>() };
    sums.set(key, sum);
    const coin = sum.coins.get(row.coin) ?? { amount: 0n, priced: 0n, usd: 0 };
    sum.coins.set(row.coin, { amount: coin.amount + row.amount, priced: coin.priced + row.priced, usd: coin.usd + row.usd });
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { period, name, coins }]) => {
    const listed = [...coins].sort(([a], [b]) => (a < b ? -1 : 1));
    const lacks = listed.flatMap(([coin, { amount, priced }]) => (priced === amount ? [] : [`price of ${formatCoins(amount - priced)} ${coin} when it came in`]));
    const known = listed.filter(([, { priced }]) => priced > 0n);
    return defined<EarningsRow>({
      period, name, lacks, complete: lacks.length === 0,
      coins: listed.map(([coin, { amount, priced, usd }]) => defined<CoinSum>({ coin, amount: formatCoins(amount), usd: priced > 0n ? cents(usd) : undefined })),
      usd: known.length === 0 ? undefined : cents(known.reduce((all, [, { usd }]) => all + usd, 0)),
    });
  });
}

/** Six digits after the point: a day of a small miner is worth cents. */
function cents(usd: number): number {
  return Number(usd.toFixed(6));
}

export interface MoneySum {
  readonly miners: number;
  readonly revenueUsdPerDay?: number;
  readonly powerCostUsdPerDay?: number;
  readonly profitUsdPerDay?: number;
  readonly complete: boolean;
  readonly lacks: readonly string[];
}

const mostLacks = 20;

/** Sum over miners of what they make now; each figure is of the miners of which it is known. */
export function moneySum(miners: readonly { readonly name: string; readonly money: Money }[]): MoneySum {
  const lacks: string[] = [];
  const sum = (field: 'revenueUsdPerDay' | 'powerCostUsdPerDay' | 'profitUsdPerDay', what: string | undefined) => {
    const known = miners.flatMap(({ name, money }) => {
      if (money[field] === undefined && what !== undefined) lacks.push(`${what} of ${name}`);
      return money[field] ?? [];
    });
    return known.length === 0 ? undefined : cents(known.reduce((all, one) => all + one, 0));
  };
  const [revenueUsdPerDay, powerCostUsdPerDay, profitUsdPerDay] = [sum('revenueUsdPerDay', 'revenue'), sum('powerCostUsdPerDay', 'power cost'), sum('profitUsdPerDay', undefined)];
  const told = lacks.length > mostLacks ? [...lacks.slice(0, mostLacks), `and ${lacks.length - mostLacks} more`] : lacks;
  return defined<MoneySum>({ miners: miners.length, revenueUsdPerDay, powerCostUsdPerDay, profitUsdPerDay, complete: lacks.length === 0, lacks: told });
}
