/** A report as CSV (RFC 4180): UTF-8, CRLF, a header that stays as it is, decimal points, empty for what is unknown. Pure. */
import { formatCoins } from '../analytics/coins.ts';
import type { CoinFigure, CoinRow, Payout, Report, ReportRow, ReportTable } from './report.ts';

type Cell = string | number | undefined;
type Columns<T> = Readonly<Record<string, (row: T) => Cell>>;

const miners: Columns<ReportRow> = {
  period: (row) => row.period, first_day: (row) => row.firstDay, last_day: (row) => row.lastDay, site: (row) => row.site, time_zone: (row) => row.zone, miner: (row) => row.miner,
  hours: (row) => digits(row.hours, 3), measured_hours: (row) => digits(row.measuredHours, 3),
  energy_kilowatt_hours: (row) => digits(row.energyKilowattHours, 3), power_cost_usd: (row) => digits(row.powerCostUsd, 6),
  coins: (row) => (row.coins === undefined ? undefined : coinText(row.coins)), income_usd: (row) => digits(row.incomeUsd, 6), profit_usd: (row) => digits(row.profitUsd, 6),
  uptime_ratio: (row) => digits(row.uptimeRatio, 6), hashrate_hashes_per_second: (row) => digits(row.hashrate, 0), efficiency_joules_per_megahash: (row) => row.efficiencyJoulesPerMegahash,
  rejected_ratio: (row) => digits(row.rejectedRatio, 6), complete: (row) => (row.lacks.length === 0 ? 'yes' : 'no'), lacks: (row) => row.lacks.join('; '),
};

const coins: Columns<CoinRow> = {
  period: (row) => row.period, first_day: (row) => row.firstDay, last_day: (row) => row.lastDay, site: (row) => row.site, miner: (row) => row.miner, pool: (row) => row.pool, coin: (row) => row.coin,
  amount: (row) => formatCoins(row.amount), priced_amount: (row) => formatCoins(row.priced), usd: (row) => (row.priced > 0n ? digits(row.usd, 6) : undefined),
  lacks: (row) => (row.priced === row.amount ? '' : `price of ${formatCoins(row.amount - row.priced)} ${row.coin} when it came in`),
};

const payouts: Columns<Payout> = {
  day: (row) => row.day, time: (row) => new Date(row.at).toISOString(), pool: (row) => row.pool, coin: (row) => row.coin, amount: (row) => formatCoins(row.amount), status: (row) => row.status, id: (row) => row.id, note: (row) => row.note,
};

/** Columns by table, as docs/money.md lists them. */
export const reportColumns: Readonly<Record<ReportTable, readonly string[]>> = { miners: Object.keys(miners), coins: Object.keys(coins), payouts: Object.keys(payouts) };

export function reportCsv(report: Report, table: ReportTable): string {
  switch (table) {
    case 'miners': return csv(miners, report.rows);
    case 'coins': return csv(coins, report.coins);
    case 'payouts': return csv(payouts, report.payouts);
  }
}

/** `DOGE 12.5; LTC 0.01`. */
export function coinText(figures: readonly CoinFigure[]): string {
  return figures.map((figure) => `${figure.coin} ${formatCoins(figure.amount)}`).join('; ');
}

function csv<T>(columns: Columns<T>, rows: readonly T[]): string {
  return [Object.keys(columns), ...rows.map((row) => Object.values(columns).map((of) => of(row)))].map((cells) => `${cells.map(field).join(',')}\r\n`).join('');
}

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV Injection); what is nothing but a number may
 * begin with "-".
 */
export function field(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'number') return plain(cell);
  const safe = /^[=+\-@\t\r\n]/.test(cell) && !/^-?\d+(?:\.\d+)?$/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Never with an exponent. */
function plain(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(12).replace(/\.?0+$/, '') : text;
}

function digits(value: number | undefined, after: number): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : Number(value.toFixed(after)) + 0;
}
