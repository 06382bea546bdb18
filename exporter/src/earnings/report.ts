/**
 * Reports for accounting: what each miner used, cost and brought in, by local day of its site, summed by week and month. What is measured comes
 * from Prometheus, what came in from the ledger; a row that lacks something says so, and a part never passes for the whole. Pure.
 */
import { formatCoins } from '../analytics/coins.ts';
import { roundedOrNone } from '../analytics/rounding.ts';
import { dayStart, localDay, nextDay } from '../analytics/tariff.ts';
import { defined } from '../defined.ts';
import { HashfleetError } from '../errors.ts';
import type { BookedEntry, DayRow, LedgerView } from './ledger.ts';
import { daysBetween, type Measured, type MeasuredDay } from './measured.ts';

export const reportPeriods = ['day', 'week', 'month'] as const;
export type ReportPeriod = (typeof reportPeriods)[number];
/** Tables of a report: a row for each miner and period; the same by pool and coin; payouts. */
export const reportTables = ['miners', 'coins', 'payouts'] as const;
export type ReportTable = (typeof reportTables)[number];

/** Days of one report: a year, since each day is asked for by itself. */
const mostDays = 366;
/** Less than this of a time measured is said: two lost scrapes and a restart of the exporter are not worth a word. */
const enoughMeasured = 0.99;
/** A pool that was read in this time before the end of a day told all of the day (the ledger notes a reading every ten minutes; an interval is an hour at most). */
const readToleranceMs = 2 * 3_600_000;
/** Reasons that a row names one by one. */
const mostReasons = 4;
const joulesPerKilowattHour = 3.6e6;

export interface ReportSite { readonly name: string; readonly zone: string }

export interface ReportRange { readonly from: string; readonly to: string }

export interface CoinFigure {
  readonly coin: string;
  /** 1e-18 coin; of `priced` the price when it came in is known. */
  readonly amount: bigint;
  readonly priced: bigint;
  readonly usd: number;
}

/** Sums of a set of days and miners; what is unknown of all of them is absent. */
export interface Figures {
  readonly hours: number;
  readonly measuredHours?: number;
  readonly energyKilowattHours?: number;
  readonly powerCostUsd?: number;
  /** Undefined where the ledger knows nothing of the time. */
  readonly coins?: readonly CoinFigure[];
  readonly incomeUsd?: number;
  /** Of those days and miners whose income and cost are both known. */
  readonly profitUsd?: number;
  /** Part of the measured time in which the miner answered. */
  readonly uptimeRatio?: number;
  /** Mean while it was read, H/s; of several miners the sum of their means. */
  readonly hashrate?: number;
  readonly efficiencyJoulesPerMegahash?: number;
  readonly rejectedRatio?: number;
  readonly lacks: readonly string[];
}

export interface ReportRow extends Figures {
  /** `2026-11-23`, `2026-W48` (ISO 8601) or `2026-11`; `all` for the whole report. */
  readonly period: string;
  readonly firstDay: string;
  readonly lastDay: string;
  readonly site?: string;
  readonly zone?: string;
  /** Absent for a sum, and for what belongs to no known miner. */
  readonly miner?: string;
}

export interface CoinRow extends CoinFigure { readonly period: string; readonly firstDay: string; readonly lastDay: string; readonly site?: string; readonly miner?: string; readonly pool: string }

/** confirmed: the pool lists it; estimated: concluded from a fall of the balance; returned: an estimated one that was none. */
export type PayoutStatus = 'confirmed' | 'estimated' | 'returned';

export interface Payout {
  readonly day: string;
  /** Unix ms. */
  readonly at: number;
  readonly pool: string;
  readonly coin: string;
  readonly amount: bigint;
  readonly status: PayoutStatus;
  readonly id?: string;
  readonly note?: string;
}

export interface Report extends ReportRange {
  readonly period: ReportPeriod;
  readonly site?: string;
  readonly sites: readonly ReportSite[];
  /** Unix ms. */
  readonly madeAt: number;
  readonly rows: readonly ReportRow[];
  readonly coins: readonly CoinRow[];
  readonly payouts: readonly Payout[];
  readonly bySite: readonly ReportRow[];
  readonly byMiner: readonly ReportRow[];
  readonly byDay: readonly ReportRow[];
  readonly byPeriod: readonly ReportRow[];
  readonly total: ReportRow;
  readonly sources: readonly string[];
  /** What a reader must know before the numbers. */
  readonly notes: readonly string[];
}

export interface ReportOptions extends ReportRange {
  readonly period: ReportPeriod;
  readonly site?: string | undefined;
  /** Of fleet.yaml; the first one's zone is that of pools and payouts. */
  readonly sites: readonly ReportSite[];
  readonly miners: readonly { readonly name: string; readonly site: string }[];
  readonly pools: readonly string[];
  /** Undefined when nobody keeps one. */
  readonly ledger: LedgerView | undefined;
  /** With the address that it is from; else why Prometheus was not asked. */
  readonly measured: { readonly from: string; readonly values: Measured } | { readonly notAsked: string };
  readonly now: number;
}

/** One miner on one local day. */
interface DayPart {
  readonly day: string;
  readonly site?: string;
  readonly miner?: string;
  readonly zone: string;
  /** Of the day so far. */
  readonly seconds: number;
  readonly over: boolean;
  /** nobody: income of no known miner. */
  readonly measured: MeasuredDay | 'none' | 'not_asked' | 'nobody';
  readonly coins: readonly CoinFigure[] | undefined;
  /** Why its income is not whole. */
  readonly incomeLacks: readonly IncomeLack[];
}

interface IncomeLack {
  readonly text: string;
  /** A sum that holds both of these days lacks nothing. */
  readonly between?: { readonly from: string; readonly to: string };
}

/**
 * The days of a report. Without both ends the last whole period; without the first the period that holds the last.
 * @throws HashfleetError payload_invalid naming the field and what is allowed
 */
export function reportRange({ period, from, to, today }: { readonly period: ReportPeriod; readonly from?: string | undefined; readonly to?: string | undefined; readonly today: string }): ReportRange {
  const yesterday = shifted(today, -1);
  const last = to ?? (from !== undefined ? yesterday : lastWhole(period, yesterday));
  const first = from ?? firstOf(period, last);
  for (const [field, day] of [['from', first], ['to', last]] as const) {
    if (day > today) throw new HashfleetError('payload_invalid', `${field}: ${day} lies in the future.`, { field, given: day, allowed: `a day up to ${today}` });
  }
  if (first > last) throw new HashfleetError('payload_invalid', `from: ${first} lies after the last day, ${last}.`, { field: 'from', given: first, allowed: `a day up to ${last}` });
  const days = Math.round((Date.parse(last) - Date.parse(first)) / 86_400_000) + 1;
  if (days > mostDays) throw new HashfleetError('payload_invalid', `from: ${first} to ${last} are ${days} days; a report has ${mostDays} at most.`, { field: 'from', given: first, allowed: `a day from ${shifted(last, 1 - mostDays)} on` });
  return { from: first, to: last };
}

function lastWhole(period: ReportPeriod, yesterday: string): string {
  return lastOf(period, yesterday) === yesterday ? yesterday : shifted(firstOf(period, yesterday), -1);
}

function shifted(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

/** First day of the period that holds the day; weeks begin on Monday. */
function firstOf(period: ReportPeriod, day: string): string {
  if (period === 'day') return day;
  if (period === 'month') return `${day.slice(0, 7)}-01`;
  return shifted(day, -((new Date(day).getUTCDay() + 6) % 7));
}

function lastOf(period: ReportPeriod, day: string): string {
  const first = firstOf(period, day);
  if (period === 'day') return day;
  return period === 'week' ? shifted(first, 6) : shifted(firstOf('month', shifted(first, 31)), -1);
}

function nameOf(period: ReportPeriod, day: string): string {
  if (period === 'day') return day;
  if (period === 'month') return day.slice(0, 7);
  // ISO 8601: a week belongs to the year of its Thursday.
  const thursday = shifted(firstOf('week', day), 3);
  const week = Math.floor((Date.parse(thursday) - Date.parse(`${thursday.slice(0, 4)}-01-01`)) / 604_800_000) + 1;
  return `${thursday.slice(0, 4)}-W${String(week).padStart(2, '0')}`;
}

export function makeReport(options: ReportOptions): Report {
  const { period, from, to, site, sites, ledger, now } = options;
  const booked = (ledger?.days(from, to) ?? []).filter((row) => site === undefined || row.site === site);
  const parts = partsOf(options, booked);
  const grouped = (keyOf: (part: DayPart) => string, about: (part: DayPart) => Pick<ReportRow, 'period' | 'site' | 'zone' | 'miner'>) =>
    [...groups(parts, keyOf).values()].flatMap((group) => group.slice(0, 1).map((first) => rowOf(group, { ...about(first), asked: period })));
  const periodOf = ({ day }: DayPart) => nameOf(period, day);
  const own = ({ site: at, miner, zone }: DayPart) => defined<Pick<ReportRow, 'site' | 'zone' | 'miner'>>({ site: at, miner, zone: at === undefined ? undefined : zone });
  const rows = grouped((part) => [periodOf(part), part.site ?? '~', part.miner ?? ''].join(' '), (part) => ({ period: periodOf(part), ...own(part) }));
  const payouts = payoutsOf(ledger?.entries({ limit: Number.MAX_SAFE_INTEGER }) ?? [], sites[0]?.zone ?? 'UTC').filter(({ day }) => day >= from && day <= to);
  return {
    ...defined<Pick<Report, 'site'>>({ site }), period, from, to, madeAt: now, payouts, rows,
    sites: [...new Map([...sites, ...parts.flatMap(({ site: name, zone }) => (name === undefined || sites.some((known) => known.name === name) ? [] : [{ name, zone }]))].map((one) => [one.name, one])).values()].filter(({ name }) => site === undefined || name === site),
    coins: coinRows(booked, period),
    // Only a page needs these sums; of a large fleet they take long.
    get bySite() {
      return grouped((part) => part.site ?? '~', (part) => ({ period: 'all', ...defined<Pick<ReportRow, 'site' | 'zone'>>({ site: part.site, zone: part.site === undefined ? undefined : part.zone }) }));
    },
    get byMiner() {
      return grouped((part) => [part.miner ?? '~', part.site ?? ''].join(' '), (part) => ({ period: 'all', ...own(part) }));
    },
    get byDay() {
      return grouped(({ day }) => day, ({ day }) => ({ period: day }));
    },
    get byPeriod() {
      return grouped(periodOf, (part) => ({ period: periodOf(part) }));
    },
    get total() {
      return rowOf(parts, { period: 'all' });
    },
    sources: sourcesOf(options), notes: notesOf(options, { rows, payouts }),
  };
}

function groups(parts: readonly DayPart[], keyOf: (part: DayPart) => string): Map<string, DayPart[]> {
  const found = new Map<string, DayPart[]>();
  for (const part of parts) {
    const group = found.get(keyOf(part));
    if (group === undefined) found.set(keyOf(part), [part]);
    else group.push(part);
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Every miner of fleet.yaml on every day, and whoever else was measured or earned then. */
function partsOf({ from, to, site, sites, miners, pools, ledger, measured, now }: ReportOptions, booked: readonly DayRow[]): DayPart[] {
  const zoneOf = (name: string) => sites.find((one) => one.name === name)?.zone ?? 'UTC';
  const key = (day: string, miner = '', at = '') => `${day} ${miner} ${at}`;
  const values = new Map(('values' in measured ? measured.values.days : []).map((one) => [key(one.day, one.miner, one.site), one]));
  const income = new Map<string, DayRow[]>();
  for (const row of booked) income.set(key(row.day, row.miner, row.site), [...income.get(key(row.day, row.miner, row.site)) ?? [], row]);
  const seen = [...values.values(), ...booked].filter((one) => one.miner !== undefined);
  const seenOn = new Set(seen.map(({ day, miner }) => `${day} ${miner ?? ''}`));
  const wanted = [...seen, ...daysBetween(from, to).flatMap((day) => miners.filter(({ name, site: at }) => (site === undefined || at === site) && !seenOn.has(`${day} ${name}`)).map(({ name, site: at }) => ({ day, miner: name, site: at })))];
  const coverage = coverageOf({ ledger, pools });
  const bounds = new Map<string, { start: number; end: number }>();
  const boundsOf = (zone: string, day: string) => {
    const found = bounds.get(`${zone} ${day}`) ?? { start: dayStart(zone, day), end: dayStart(zone, nextDay(day)) };
    bounds.set(`${zone} ${day}`, found);
    return found;
  };
  const part = ({ day, miner, site: at }: { day: string; miner?: string; site?: string }): DayPart => {
    const zone = at === undefined ? sites[0]?.zone ?? 'UTC' : zoneOf(at);
    const { start, end } = boundsOf(zone, day);
    const rows = income.get(key(day, miner, at)) ?? [];
    const { known, lacks } = coverage({ start, end: Math.min(end, now), zone });
    return {
      ...defined<Pick<DayPart, 'site' | 'miner'>>({ site: at, miner }), day, zone, seconds: Math.max(0, Math.min(now, end) - start) / 1000, over: now >= end,
      measured: miner === undefined ? 'nobody' : values.get(key(day, miner, at)) ?? ('values' in measured ? 'none' : 'not_asked'),
      coins: known || rows.length > 0 ? coinSums(rows) : undefined, incomeLacks: lacks,
    };
  };
  const machines = new Map(wanted.map(({ day, miner, site: at }) => [key(day, miner, at), part(defined<{ day: string; miner?: string; site?: string }>({ day, miner, site: at }))]));
  const nobody = [...new Set(booked.filter(({ miner }) => miner === undefined).map(({ day }) => day))].map((day) => part({ day }));
  return [...machines.values(), ...nobody].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : 0));
}

interface Coverage { readonly known: boolean; readonly lacks: readonly IncomeLack[] }

interface Span { readonly start: number; readonly end: number; readonly zone: string }

/** Whether the ledger knows what came in during a time, and what of it is missing. */
function coverageOf({ ledger, pools }: Pick<ReportOptions, 'ledger' | 'pools'>): (span: Span) => Coverage {
  const names = pools.length > 0 ? pools : ledger?.pools ?? [];
  const books = names.map((name) => ({ name, book: ledger?.pool(name) }));
  const gaps = (ledger?.entries({ limit: Number.MAX_SAFE_INTEGER, kind: 'income' }) ?? []).filter(({ gap }) => gap === true);
  const answers = new Map<string, Coverage>();
  return ({ start, end, zone }) => {
    const memo = `${start} ${end} ${zone}`;
    const before = answers.get(memo);
    if (before !== undefined) return before;
    const covering = books.filter(({ book }) => book !== undefined && book.openedAt < end && book.at > start);
    const lacks = covering.length === 0 ? [] : books.flatMap(({ name, book }) => {
      if (book === undefined) return [`income of pool ${name}, which was never read`];
      return [
        ...(book.openedAt > start && book.openedAt < end ? [`income of pool ${name} before ${minute(book.openedAt)}, when its book was opened`] : []),
        ...(book.at < end - readToleranceMs ? [`income of pool ${name} after ${minute(Math.max(book.at, start))}, when it was last read`] : []),
      ];
    });
    // What came in meanwhile is booked on the day on which the pool was read again.
    const moved = gaps.filter(({ from, at }) => from < end && at > start && localDay(zone, from) !== localDay(zone, at)).map(({ pool, from, at }): IncomeLack => ({
      text: `its own part of the income of pool ${pool} from ${minute(from)} to ${minute(at)}, booked in one sum on ${localDay(zone, at)}`, between: { from: localDay(zone, from), to: localDay(zone, at) },
    }));
    const answer = { known: covering.length > 0, lacks: [...lacks.map((text) => ({ text })), ...moved] };
    answers.set(memo, answer);
    return answer;
  };
}

/** `2026-11-23T08:15Z`. */
function minute(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16)}Z`;
}

function coinSums(rows: readonly CoinFigure[]): CoinFigure[] {
  const sums = new Map<string, CoinFigure>();
  for (const { coin, amount, priced, usd } of rows) {
    const sum = sums.get(coin) ?? { coin, amount: 0n, priced: 0n, usd: 0 };
    sums.set(coin, { coin, amount: sum.amount + amount, priced: sum.priced + priced, usd: sum.usd + usd });
  }
  return [...sums.values()].sort((a, b) => (a.coin < b.coin ? -1 : 1));
}

/** USD of coins, of as much as has a price; undefined where none has. */
function usdOf(coins: readonly CoinFigure[] | undefined): number | undefined {
  if (coins === undefined) return undefined;
  const priced = coins.filter((coin) => coin.priced > 0n);
  return coins.length > 0 && priced.length === 0 ? undefined : total(priced.map(({ usd }) => usd));
}

function wholeUsd(coins: readonly CoinFigure[] | undefined): number | undefined {
  return coins?.every(({ amount, priced }) => amount === priced) === true ? usdOf(coins) : undefined;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

const measuredOf = ({ measured }: DayPart): MeasuredDay | undefined => (typeof measured === 'string' ? undefined : measured);

function rowOf(parts: readonly DayPart[], { asked, ...about }: Pick<ReportRow, 'period' | 'site' | 'zone' | 'miner'> & { readonly asked?: ReportPeriod }): ReportRow {
  const days = parts.map(({ day }) => day).sort();
  const [firstDay = '', lastDay = ''] = [days[0], days.at(-1)];
  const figures = figuresOf(parts);
  // A sum over the whole report has no other days than those asked for.
  const cut = asked !== undefined && about.period !== 'all' && asked !== 'day' && about.period === nameOf(asked, firstDay) && (firstDay !== firstOf(asked, firstDay) || lastDay !== lastOf(asked, lastDay));
  return { ...about, firstDay, lastDay, ...figures, lacks: [...(cut ? [`days of the ${asked} before ${firstDay} or after ${lastDay}`] : []), ...figures.lacks] };
}

function figuresOf(parts: readonly DayPart[]): Figures {
  const machines = parts.filter(({ measured }) => measured !== 'nobody');
  const told = machines.filter((part) => measuredOf(part) !== undefined);
  const lacks: string[] = [];
  const several = new Set(machines.map(({ miner }) => miner)).size > 1 ? 'miner days' : 'days';
  /** Sum of what is known; what is not is said. */
  const sum = (what: string, among: readonly DayPart[], of: (part: DayPart) => number | undefined): number | undefined => {
    const known = among.flatMap((part) => of(part) ?? []);
    if (known.length < among.length) lacks.push(known.length === 0 ? what : `${what} of ${among.length - known.length} of ${among.length} ${several}`);
    return known.length === 0 ? undefined : total(known);
  };

  if (parts.some(({ over }) => !over)) lacks.push('time that is still to come');
  if (machines.length > 0 && told.length === 0) lacks.push(machines.every(({ measured }) => measured === 'not_asked') ? 'all that is measured, since Prometheus was not asked' : 'all that is measured');
  const hours = total((machines.length > 0 ? machines : parts).map(({ seconds }) => seconds)) / 3600;
  const measuredHours = told.length === 0 ? undefined : total(told.map((part) => Math.min(part.seconds, measuredOf(part)?.seconds ?? 0))) / 3600;
  if (measuredHours !== undefined && measuredHours < hours * enoughMeasured) lacks.push(`measurements of ${plainHours(hours - measuredHours)} of ${plainHours(hours)} h`);
  const joules = sum('energy', told, (part) => measuredOf(part)?.joules);
  const powerCostUsd = sum('power cost', told, (part) => measuredOf(part)?.powerCostUsd);
  const up = ratio(told.map((part) => measuredOf(part)?.up));
  const hashrates = [...groups(told.filter((part) => measuredOf(part)?.hashrate !== undefined), ({ miner = '', site = '' }) => `${miner} ${site}`).values()]
    .flatMap((group) => ratio(group.map((part) => measuredOf(part)?.hashrate)) ?? []);
  const worked = told.map(measuredOf).filter((one) => one?.joules !== undefined && one.hashes !== undefined);
  const hashes = total(worked.map((one) => one?.hashes ?? 0));
  const shares = told.flatMap((part) => {
    const counted = measuredOf(part)?.shares;
    return counted?.['accepted'] === undefined || counted['rejected'] === undefined ? [] : [{ sum: counted['rejected'], count: total(Object.values(counted)) }];
  });
  const [uptimeRatio, hashrate, efficiency, rejectedRatio] = [up, hashrates.length === 0 ? undefined : total(hashrates), hashes > 0 ? total(worked.map((one) => one?.joules ?? 0)) / (hashes / 1e6) : undefined, ratio(shares)];
  if (told.length > 0) for (const [what, value] of [['uptime', uptimeRatio], ['hashrate', hashrate], ['efficiency', efficiency], ['rejected share', rejectedRatio]] as const) if (value === undefined) lacks.push(what);

  const known = parts.filter(({ coins }) => coins !== undefined);
  if (known.length < parts.length) lacks.push(known.length === 0 ? 'income' : `income of ${parts.length - known.length} of ${parts.length} ${several}`);
  const coins = known.length === 0 ? undefined : coinSums(known.flatMap((part) => part.coins ?? []));
  const held = parts.map(({ day }) => day).sort();
  const reasons = [...new Set(parts.flatMap(({ incomeLacks }) => incomeLacks.flatMap(({ text, between }) => (between !== undefined && between.from >= (held[0] ?? '') && between.to <= (held.at(-1) ?? '') ? [] : [text]))))];
  lacks.push(...reasons.slice(0, mostReasons), ...(reasons.length > mostReasons ? [`and ${reasons.length - mostReasons} more parts of the income`] : []));
  for (const { coin, amount, priced } of coins ?? []) if (priced < amount) lacks.push(`price of ${formatCoins(amount - priced)} ${coin} when it came in`);
  const profits = parts.flatMap((part) => {
    const income = wholeUsd(part.coins);
    const cost = part.measured === 'nobody' ? 0 : measuredOf(part)?.powerCostUsd;
    return income === undefined || cost === undefined ? [] : [income - cost];
  });
  if (profits.length < parts.length) lacks.push(profits.length === 0 ? 'profit' : `profit of ${parts.length - profits.length} of ${parts.length} ${several}`);
  return defined<Figures>({
    hours, measuredHours, coins, powerCostUsd, uptimeRatio, hashrate, rejectedRatio, lacks,
    energyKilowattHours: joules === undefined ? undefined : joules / joulesPerKilowattHour, incomeUsd: usdOf(coins), profitUsd: profits.length === 0 ? undefined : total(profits),
    efficiencyJoulesPerMegahash: efficiency === undefined ? undefined : roundedOrNone(efficiency),
  });
}

function ratio(parts: readonly ({ readonly sum: number; readonly count: number } | undefined)[]): number | undefined {
  const count = total(parts.map((part) => part?.count ?? 0));
  return count > 0 ? total(parts.map((part) => part?.sum ?? 0)) / count : undefined;
}

function plainHours(hours: number): string {
  return hours.toFixed(1).replace(/\.0$/, '');
}

function coinRows(booked: readonly DayRow[], period: ReportPeriod): CoinRow[] {
  const found = new Map<string, CoinRow>();
  for (const { day, site, miner, pool, coin, amount, priced, usd } of booked) {
    const name = nameOf(period, day);
    const key = [name, site ?? '~', miner ?? '', pool, coin].join(' ');
    const sum = found.get(key) ?? { period: name, firstDay: day, lastDay: day, ...defined<Pick<CoinRow, 'site' | 'miner'>>({ site, miner }), pool, coin, amount: 0n, priced: 0n, usd: 0 };
    found.set(key, { ...sum, firstDay: day < sum.firstDay ? day : sum.firstDay, lastDay: day > sum.lastDay ? day : sum.lastDay, amount: sum.amount + amount, priced: sum.priced + priced, usd: sum.usd + usd });
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/**
 * Payouts, oldest first. An estimated one that the pool's list confirms later, or that was none because the balance came back, is one line;
 * where the amounts differ both stand there with their notes.
 */
function payoutsOf(entries: readonly BookedEntry[], zone: string): Payout[] {
  const found: Payout[] = [];
  for (const { kind, source, pool, coin, at, amount, id, note } of [...entries].sort((a, b) => a.n - b.n)) {
    if (kind !== 'payout' && kind !== 'confirmed' && kind !== 'returned') continue;
    const status: PayoutStatus = kind === 'returned' ? 'returned' : kind === 'payout' && source === 'balance' ? 'estimated' : 'confirmed';
    const earlier = kind === 'payout' ? -1 : found.findLastIndex((one) => one.pool === pool && one.coin === coin && one.amount === amount && one.status === 'estimated');
    const before = found[earlier];
    if (before !== undefined) found[earlier] = defined<Payout>({ ...before, status, id: id ?? before.id, note: status === 'confirmed' ? undefined : note });
    else found.push(defined<Payout>({ day: localDay(zone, at), at, pool, coin, amount, status, id, note }));
  }
  return found.sort((a, b) => a.at - b.at);
}

function sourcesOf({ ledger, measured }: ReportOptions): string[] {
  return [
    'values' in measured ? `Energy, power cost, uptime, hashrate, efficiency and shares: Prometheus at ${measured.from}` : `Energy, power cost, uptime, hashrate, efficiency and shares: nothing, since ${measured.notAsked}`,
    ...(ledger === undefined ? ['Income and payouts: nothing, since there is no ledger'] : [
      `Income and payouts: the ledger${ledger.pools.length === 0 ? ', in which no pool has told anything yet' : ''}`,
      ...ledger.pools.flatMap((pool) => {
        const book = ledger.pool(pool);
        return book === undefined ? [] : [`Pool ${pool}: its book was opened at ${minute(book.openedAt)}, last read at ${minute(book.at)}`];
      }),
    ]),
  ];
}

function notesOf({ site, measured }: ReportOptions, { rows, payouts }: { rows: readonly ReportRow[]; payouts: readonly Payout[] }): string[] {
  const lacking = rows.filter(({ lacks }) => lacks.length > 0).length;
  return [
    ...('values' in measured ? [] : [`Without measurements: ${measured.notAsked}. Energy, power cost and profit are missing.`]),
    ...('values' in measured && measured.values.goneSites.length > 0 ? [`Not in fleet.yaml any more, counted by days of UTC: ${measured.values.goneSites.join(', ')}.`] : []),
    ...(lacking > 0 ? [`${lacking} of ${rows.length} rows lack something, and say what ("lacks"). Sums hold what is known.`] : []),
    ...(site !== undefined ? ['Income that belongs to no known miner is not of this site and not in the sums.'] : []),
    ...(payouts.length > 0 && site !== undefined ? ['Payouts are those of the whole accounts, not of this site.'] : []),
    ...(payouts.some(({ status }) => status === 'estimated') ? ['Estimated payouts are concluded from a fall of the balance; the pool did not list them.'] : []),
  ];
}
