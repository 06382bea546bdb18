/**
 * The ledger on disk. What one reading of a pool changes is one line of `journal.jsonl`, flushed to the disk before a scrape can see
 * it: it is there whole or not at all, at whatever byte a process dies. Now and then the state is put into `books.json` whole, the
 * entries go to a file a month (incomes of a day in one line), and the journal begins anew; each line has a number, so that
 * nothing is taken twice when the process dies between these steps.
 */
import { closeSync, existsSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Account, Entry } from '../analytics/account.ts';
import { coinsAsNumber } from '../analytics/coins.ts';
import { HashfleetError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';

/** How an income was allotted: by work that the pool sees, by the miners' own counts, or not at all. */
export type AllottedBy = 'pool_work' | 'miner_work' | 'nothing';

/** What miners of one site got, booked on this local day. */
export interface SiteShare {
  readonly site: string;
  readonly day: string;
  readonly amounts: Readonly<Record<string, bigint>>;
}

/** What one reading changed of one coin. */
export interface CoinChange {
  readonly coin: string;
  readonly account: Account;
  readonly entries: readonly Entry[];
  readonly income: bigint;
  readonly shares: readonly SiteShare[];
  /** Income of workers that are no miners of the fleet, or that nobody could be given. */
  readonly unknown: bigint;
  readonly allottedBy: AllottedBy;
  /** USD for one coin when it came in; absent when nobody knew. */
  readonly usd?: number;
}

/** What one reading of one pool changed. */
export interface Change {
  /** Unix ms of the reading, and of the one before. */
  readonly at: number;
  readonly from: number;
  readonly pool: string;
  /** The day on which the pool's own sums are booked. */
  readonly day: string;
  /** More time than usual lies between the two: the exporter was down or the pool did not answer. */
  readonly gap: boolean;
  /** The reading told balances. */
  readonly balances: boolean;
  readonly coins: readonly CoinChange[];
}

/** An entry with its place in the books. */
export interface BookedEntry extends Entry {
  /** Number of the reading that made it. */
  readonly n: number;
  readonly pool: string;
  readonly coin: string;
  readonly from: number;
  readonly at: number;
  readonly gap?: true;
  readonly allottedBy?: AllottedBy;
  readonly usd?: number;
  /** Readings whose incomes this one sums up. */
  readonly readings?: number;
}

export interface DayRow {
  readonly day: string;
  readonly pool: string;
  readonly coin: string;
  /** Both absent for what belongs to no known miner. */
  readonly site?: string;
  readonly miner?: string;
  readonly amount: bigint;
  /** At the prices when it came in, of as much of it as had one. */
  readonly usd: number;
  readonly priced: bigint;
}

/** A row that is still added to. */
type OpenDayRow = { -readonly [field in keyof DayRow]: DayRow[field] };

export interface PoolBook {
  readonly openedAt: number;
  readonly at: number;
  readonly balances: boolean;
  readonly accounts: ReadonlyMap<string, Account>;
  /** Income since the opening, by coin. */
  readonly earned: ReadonlyMap<string, bigint>;
  /** The part of it that belongs to no known miner. */
  readonly unknown: ReadonlyMap<string, bigint>;
}

export interface EntryFilter { readonly limit: number; readonly before?: number | undefined; readonly pool?: string | undefined; readonly coin?: string | undefined; readonly kind?: string | undefined }

export interface Ledger {
  pool(name: string): PoolBook | undefined;
  readonly pools: readonly string[];
  /** By coin, over all pools. */
  miner(name: string): ReadonlyMap<string, bigint>;
  /** On the disk when it returns. @throws when it cannot be written: then nothing is booked. */
  book(change: Change): void;
  /** Newest first. */
  entries(filter: EntryFilter): readonly BookedEntry[];
  /** Sums by day from one local day to another, both included. */
  days(from: string, to: string): readonly DayRow[];
  /** Coins of the miner in the window, by pool and coin; an hour that lies partly in it counts in part. */
  recent(miner: string, window: { readonly from: number; readonly to: number }): Map<string, Map<string, number>>;
  /** Coins of the miner in these local days, both included, over all pools; of this and the last month only. */
  inDays(miner: string, from: string, to: string): Map<string, number>;
  checkpoint(): void;
  close(): void;
}

const hourMs = 3_600_000;
/** Hours for which incomes are kept by the hour. */
const keptHours = 26;
/** Bytes of the journal after which the books are put down whole. */
const largestJournal = 4_194_304;
/** Whole months before the present one whose days stay in memory. */
const monthsInMemory = 1;

interface MutablePool { openedAt: number; at: number; balances: boolean; accounts: Map<string, Account>; earned: Map<string, bigint>; unknown: Map<string, bigint> }

interface Books {
  /** Number of the last reading in it. */
  n: number;
  pools: Map<string, MutablePool>;
  miners: Map<string, Map<string, bigint>>;
  days: Map<string, OpenDayRow>;
  /** Keys of `days` by miner. */
  dayKeys: Map<string, Set<string>>;
  /** Hour, then `pool coin miner`. */
  hours: Map<number, Map<string, number>>;
}

type Line = Change & { readonly n: number };

/** @throws when the folder cannot be made or written. */
export function openLedger(folder: string, log: Logger, now: () => number = Date.now): Ledger {
  mkdirSync(folder, { recursive: true });
  const at = (name: string) => path.join(folder, name);
  const books = loadBooks(at('books.json'), log);
  const handle = openSync(at('journal.jsonl'), existsSync(at('journal.jsonl')) ? 'r+' : 'w+', 0o600);
  const { lines, size: whole } = readJournal(at('journal.jsonl'), log);
  let size = whole;
  // What a death in the middle of a line left behind.
  ftruncateSync(handle, size);
  /** Entries that are in no month's file yet. */
  let fresh: BookedEntry[] = [];
  // Of books that were lost the numbers go on, or new entries would pass for old ones.
  if (books.n === 0) books.n = Math.max(0, ...monthFiles(folder).map((name) => lastNumber(readEntries(at(name)))), ...lines.slice(0, 1).map(({ n }) => n - 1));
  for (const line of lines) {
    if (line.n > books.n) apply(books, line);
    fresh.push(...entriesOf(line));
  }
  const monthDays = new Map<string, readonly DayRow[]>();
  let checkpointDay = new Date(now()).getUTCDate();
  let closed = false;

  function book(change: Change): void {
    const line: Line = { n: books.n + 1, ...change };
    const bytes = Buffer.from(lineText(line));
    try {
      if (writeSync(handle, bytes, 0, bytes.length, size) !== bytes.length) throw new Error('no space left for the whole line');
      fsyncSync(handle);
    } catch (thrown) {
      try {
        ftruncateSync(handle, size);
      } catch { /* the first error tells more */ }
      throw thrown;
    }
    size += bytes.length;
    apply(books, line);
    fresh.push(...entriesOf(line));
    const today = new Date(now()).getUTCDate();
    if (size > largestJournal || today !== checkpointDay) {
      checkpointDay = today;
      checkpoint();
    }
  }

  /** In this order: at whichever point it ends, what is there twice is known by its number. */
  function checkpoint(): void {
    if (size === 0) return;
    try {
      const byMonth = new Map<string, BookedEntry[]>();
      for (const entry of fresh) byMonth.set(monthOf(entry.at), [...(byMonth.get(monthOf(entry.at)) ?? []), entry]);
      for (const [month, entries] of byMonth) appendMonth(at(`entries-${month}.jsonl`), entries);
      moveOldDays();
      writeWhole(at('books.json'), encode(storedBooks(books)));
      ftruncateSync(handle, 0);
      fsyncSync(handle);
      size = 0;
      fresh = [];
    } catch (thrown) {
      log.error({ folder, err: messageOf(thrown) }, 'the books cannot be put down; the journal goes on. Check disk space and permissions');
    }
  }

  function moveOldDays(): void {
    const date = new Date(now());
    const oldest = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - monthsInMemory, 1)).toISOString().slice(0, 7);
    const old = new Map<string, DayRow[]>();
    for (const row of books.days.values()) {
      const month = row.day.slice(0, 7);
      if (month < oldest) old.set(month, [...(old.get(month) ?? []), row]);
    }
    for (const [month, rows] of old) {
      // Days that came late (a reading dated back) join what is there.
      const merged = new Map(readMonthDays(month).map((row) => [keyOf(row), row]));
      for (const row of rows) merged.set(keyOf(row), row);
      writeWhole(at(`days-${month}.json`), encode([...merged.values()]));
      monthDays.delete(month);
    }
    for (const [key, row] of books.days) {
      if (row.day.slice(0, 7) >= oldest) continue;
      books.days.delete(key);
      books.dayKeys.get(row.miner ?? '')?.delete(key);
    }
  }

  function readMonthDays(month: string): readonly DayRow[] {
    const known = monthDays.get(month);
    if (known !== undefined) return known;
    const rows = readDaysFile(folder, month);
    monthDays.set(month, rows);
    return rows;
  }

  return {
    pool: (name) => books.pools.get(name),
    get pools() {
      return [...books.pools.keys()];
    },
    miner: (name) => books.miners.get(name) ?? new Map(),
    book,
    entries: (filter) => entriesIn(folder, fresh, filter),
    days: (from, to) => daysIn({ folder, days: books.days, readMonth: readMonthDays }, from, to),
    recent(miner, { from, to }) {
      const found = new Map<string, Map<string, number>>();
      for (const [hour, sums] of books.hours) {
        const share = (Math.min(to, hour + hourMs) - Math.max(from, hour)) / hourMs;
        if (share <= 0) continue;
        for (const [pool, { earned }] of books.pools) {
          for (const coin of earned.keys()) {
            const amount = sums.get(`${pool} ${coin} ${miner}`);
            if (amount === undefined) continue;
            const coins = found.get(pool) ?? new Map<string, number>();
            // The hour that is running has not all of its time yet, but all of its income lies in the window.
            coins.set(coin, (coins.get(coin) ?? 0) + amount * (hour + hourMs > to ? 1 : Math.min(1, share)));
            found.set(pool, coins);
          }
        }
      }
      return found;
    },
    inDays(miner, from, to) {
      const sums = new Map<string, number>();
      for (const key of books.dayKeys.get(miner) ?? []) {
        const row = books.days.get(key);
        if (row !== undefined && row.day >= from && row.day <= to) sums.set(row.coin, (sums.get(row.coin) ?? 0) + coinsAsNumber(row.amount));
      }
      return sums;
    },
    checkpoint,
    close() {
      if (closed) return;
      closed = true;
      checkpoint();
      closeSync(handle);
    },
  };
}

/** What those see who do not keep the books. */
export type LedgerView = Pick<Ledger, 'pools' | 'pool' | 'entries' | 'days'>;

const readAttempts = 5;

/**
 * The books as they are on the disk now, also while an exporter keeps them; nothing is written. The journal is read before the books: what
 * a checkpoint moves from one to the other meanwhile is then seen twice, and known by its number, and never missed.
 * @throws HashfleetError not_found where there are no books; internal where books.json is damaged
 */
export function readLedger(folder: string, log: Logger): LedgerView {
  const at = (name: string) => path.join(folder, name);
  if (!existsSync(at('journal.jsonl')) && !existsSync(at('books.json'))) throw new HashfleetError('not_found', `${folder}: there are no books. Name the data folder of the exporter with --data.`);
  for (let attempt = 1; ; attempt += 1) {
    const { lines } = existsSync(at('journal.jsonl')) ? readJournal(at('journal.jsonl'), log) : { lines: [] };
    const books = wholeBooks(at('books.json'));
    const later = lines.filter(({ n }) => n > books.n);
    // A journal that was cut off and written again while it was read does not go on where the books end. Where lines are damaged for good,
    // what is there counts, as for the exporter itself; the log says so.
    const whole = later.every(({ n }, index) => n === books.n + 1 + index) || books.n === 0;
    if (!whole && attempt < readAttempts) continue;
    for (const line of later) apply(books, line);
    const fresh = lines.flatMap(entriesOf);
    return {
      pools: [...books.pools.keys()],
      pool: (name) => books.pools.get(name),
      entries: (filter) => entriesIn(folder, fresh, filter),
      days: (from, to) => daysIn({ folder, days: books.days, readMonth: (month) => readDaysFile(folder, month) }, from, to),
    };
  }
}

function wholeBooks(file: string): Books {
  try {
    return booksFrom(file);
  } catch (cause) {
    throw new HashfleetError('internal', `${file} is damaged (${messageOf(cause).slice(0, 200)}). Start the exporter, which sets it aside, or put a copy of the folder back.`, { cause });
  }
}

function entriesIn(folder: string, fresh: readonly BookedEntry[], { limit, before = Number.POSITIVE_INFINITY, ...wanted }: EntryFilter): BookedEntry[] {
  const fits = (entry: BookedEntry) => entry.n < before && (['pool', 'coin', 'kind'] as const).every((field) => wanted[field] === undefined || entry[field] === wanted[field]);
  const found = fresh.filter(fits);
  const months = monthFiles(folder).reverse();
  const inJournal = new Set(fresh.map(({ n }) => n));
  for (const name of months) {
    if (found.length >= limit) break;
    found.push(...readEntries(path.join(folder, name)).filter((entry) => fits(entry) && !inJournal.has(entry.n)));
  }
  found.sort((a, b) => b.n - a.n);
  // A page never ends within a reading, or the rest of it would be lost between two pages.
  const last = found[limit - 1]?.n;
  return found.filter(({ n }, index) => index < limit || n === last);
}

function daysIn({ folder, days, readMonth }: { folder: string; days: ReadonlyMap<string, DayRow>; readMonth: (month: string) => readonly DayRow[] }, from: string, to: string): DayRow[] {
  const months = readdirSync(folder).flatMap((name) => /^days-(\d{4}-\d\d)\.json$/.exec(name)?.[1] ?? []).filter((month) => month >= from.slice(0, 7) && month <= to.slice(0, 7));
  const rows = new Map<string, DayRow>();
  for (const month of months) for (const row of readMonth(month)) rows.set(keyOf(row), row);
  for (const [key, row] of days) rows.set(key, row);
  return [...rows.values()].filter(({ day }) => day >= from && day <= to);
}

function readDaysFile(folder: string, month: string): readonly DayRow[] {
  const file = path.join(folder, `days-${month}.json`);
  return existsSync(file) ? decode(readFileSync(file, 'utf8')) as DayRow[] : [];
}

function apply(books: Books, line: Line): void {
  books.n = line.n;
  let pool = books.pools.get(line.pool);
  if (pool === undefined) books.pools.set(line.pool, pool = { openedAt: line.at, at: line.at, balances: false, accounts: new Map(), earned: new Map(), unknown: new Map() });
  pool.at = line.at;
  pool.balances = line.balances;
  for (const change of line.coins) {
    const { coin, income, unknown } = change;
    pool.accounts.set(coin, change.account);
    pool.earned.set(coin, (pool.earned.get(coin) ?? 0n) + income);
    pool.unknown.set(coin, (pool.unknown.get(coin) ?? 0n) + unknown);
    if (income === 0n) continue;
    for (const { site, day, amounts } of change.shares) {
      for (const [miner, amount] of Object.entries(amounts)) {
        const coins = books.miners.get(miner) ?? new Map<string, bigint>();
        coins.set(coin, (coins.get(coin) ?? 0n) + amount);
        books.miners.set(miner, coins);
        addDay(books, { day, pool: line.pool, coin, site, miner, amount }, change.usd);
        addHours(books, `${line.pool} ${coin} ${miner}`, { from: line.from, to: line.at, amount: coinsAsNumber(amount) });
      }
    }
    if (unknown > 0n) addDay(books, { day: line.day, pool: line.pool, coin, amount: unknown }, change.usd);
  }
  for (const hour of books.hours.keys()) if (hour < line.at - keptHours * hourMs) books.hours.delete(hour);
}

function addDay(books: Books, row: Omit<DayRow, 'usd' | 'priced'>, usd: number | undefined): void {
  const key = keyOf(row);
  const value = usd === undefined ? 0 : coinsAsNumber(row.amount) * usd;
  const priced = usd === undefined ? 0n : row.amount;
  const known = books.days.get(key);
  if (known === undefined) {
    indexDay(books.dayKeys, row, key);
    books.days.set(key, { ...row, usd: value, priced });
    return;
  }
  // In place: with thousands of miners a row is changed thousands of times a reading.
  known.amount += row.amount;
  known.usd += value;
  known.priced += priced;
}

function indexDay(dayKeys: Map<string, Set<string>>, { miner = '' }: Pick<DayRow, 'miner'>, key: string): void {
  const keys = dayKeys.get(miner);
  if (keys === undefined) dayKeys.set(miner, new Set([key]));
  else keys.add(key);
}

/** What came in over several hours is spread over them, so that a day without the exporter does not look like a rich hour. */
function addHours(books: Books, key: string, { from, to, amount }: { from: number; to: number; amount: number }): void {
  const begin = Math.max(from, to - keptHours * hourMs);
  for (let hour = Math.floor(begin / hourMs) * hourMs; hour < to || hour === Math.floor(to / hourMs) * hourMs; hour += hourMs) {
    const part = to <= from ? (hour === Math.floor(to / hourMs) * hourMs ? 1 : 0) : (Math.min(to, hour + hourMs) - Math.max(begin, hour)) / (to - from);
    if (part <= 0) continue;
    const sums = books.hours.get(hour) ?? new Map<string, number>();
    sums.set(key, (sums.get(key) ?? 0) + amount * part);
    books.hours.set(hour, sums);
  }
}

function keyOf({ day, pool, coin, site = '', miner = '' }: Omit<DayRow, 'amount' | 'usd' | 'priced'>): string {
  return [day, pool, coin, site, miner].join(' ');
}

function entriesOf({ n, pool, from, at, gap, coins }: Line): BookedEntry[] {
  return coins.flatMap(({ coin, entries, allottedBy, usd }) => entries.map((entry) => ({
    n, pool, coin, from, at, ...(gap ? { gap: true as const } : {}), ...entry,
    ...(entry.kind === 'income' ? { allottedBy, ...(usd === undefined ? {} : { usd }) } : {}),
  })));
}

function monthOf(at: number): string {
  return new Date(at).toISOString().slice(0, 7);
}

/** Bigints as `#123`: no name and no number that a pool gives begins so. */
function encode(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `#${item}` : item));
}

function decode(text: string): unknown {
  return JSON.parse(text, (_key, item: unknown) => (typeof item === 'string' && /^#-?\d+$/.test(item) ? BigInt(item.slice(1)) : item));
}

function lineText(line: Line): string {
  const body = encode(line);
  return `${crc32(body).toString(16).padStart(8, '0')} ${body}\n`;
}

function parseLine(text: string): Line | undefined {
  const body = text.slice(9);
  if (text.slice(0, 8) !== crc32(body).toString(16).padStart(8, '0')) return undefined;
  try {
    return decode(body) as Line;
  } catch {
    return undefined;
  }
}

/** Whole lines and how many bytes they take; a torn end does not count. */
function readJournal(file: string, log: Logger): { lines: Line[]; size: number } {
  const bytes = readFileSync(file);
  const lines: Line[] = [];
  let [start, size, damaged] = [0, 0, 0];
  for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
    const line = parseLine(bytes.toString('utf8', start, end));
    start = end + 1;
    if (line === undefined) damaged += 1;
    else {
      lines.push(line);
      size = start;
    }
  }
  // A torn end is what a death leaves; anything before a whole line is damage.
  const lost = damaged - (size === start ? 0 : bytes.subarray(size, start).filter((byte) => byte === 10).length);
  if (lost > 0) log.error({ file, damaged: lost }, 'lines of the ledger\'s journal are damaged; what they booked is missing from its sums');
  return { lines, size };
}

interface StoredBooks { readonly version: 1; readonly n: number; readonly pools: readonly unknown[]; readonly miners: readonly unknown[]; readonly days: readonly DayRow[]; readonly hours: readonly unknown[] }

function storedBooks({ n, pools, miners, days, hours }: Books): StoredBooks {
  return {
    version: 1, n,
    pools: [...pools].map(([name, { accounts, earned, unknown, ...rest }]) => [name, { ...rest, accounts: [...accounts], earned: [...earned], unknown: [...unknown] }]),
    miners: [...miners].map(([name, coins]) => [name, [...coins]]),
    days: [...days.values()],
    hours: [...hours].map(([hour, sums]) => [hour, [...sums]]),
  };
}

function loadBooks(file: string, log: Logger): Books {
  try {
    return booksFrom(file);
  } catch (thrown) {
    const aside = `${file}.damaged`;
    renameSync(file, aside);
    log.error({ file, aside, err: messageOf(thrown).slice(0, 300) }, 'the books are damaged; set aside. The ledger begins anew with an opening balance; its entries by month are kept');
    return emptyBooks();
  }
}

function emptyBooks(): Books {
  return { n: 0, pools: new Map(), miners: new Map(), days: new Map(), dayKeys: new Map(), hours: new Map() };
}

/** Empty ones where there is no file. @throws when it is damaged */
function booksFrom(file: string): Books {
  const dayKeys = new Map<string, Set<string>>();
  if (!existsSync(file)) return emptyBooks();
  const kept = decode(readFileSync(file, 'utf8')) as StoredBooks;
  for (const row of kept.days) indexDay(dayKeys, row, keyOf(row));
  return {
    n: kept.n,
    pools: new Map((kept.pools as [string, { accounts: [string, Account][]; earned: [string, bigint][]; unknown: [string, bigint][]; openedAt: number; at: number; balances: boolean }][])
      .map(([name, pool]) => [name, { ...pool, accounts: new Map(pool.accounts), earned: new Map(pool.earned), unknown: new Map(pool.unknown) }])),
    miners: new Map((kept.miners as [string, [string, bigint][]][]).map(([name, coins]) => [name, new Map(coins)])),
    days: new Map(kept.days.map((row) => [keyOf(row), row])), dayKeys,
    hours: new Map((kept.hours as [number, [string, number][]][]).map(([hour, sums]) => [hour, new Map(sums)])),
  };
}

function writeWhole(file: string, text: string): void {
  const handle = openSync(`${file}.new`, 'w', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${file}.new`, file);
  const folder = openSync(path.dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function monthFiles(folder: string): string[] {
  return readdirSync(folder).filter((name) => /^entries-\d{4}-\d\d\.jsonl$/.test(name)).sort();
}

function lastNumber(entries: readonly BookedEntry[]): number {
  return entries.reduce((most, { n }) => Math.max(most, n), 0);
}

function readEntries(file: string): BookedEntry[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8').split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [decode(line) as BookedEntry];
    } catch {
      return [];
    }
  });
}

/** Incomes of a day become one; all else stays as it is. What the file has already is left out. */
function appendMonth(file: string, entries: readonly BookedEntry[]): void {
  const last = lastNumber(readEntries(file));
  const sums = new Map<string, BookedEntry>();
  const out: BookedEntry[] = [];
  for (const entry of entries) {
    if (entry.n <= last) continue;
    if (entry.kind !== 'income' || entry.gap === true) {
      out.push(entry);
      continue;
    }
    const key = [new Date(entry.at).toISOString().slice(0, 10), entry.pool, entry.coin, entry.source, entry.allottedBy].join(' ');
    const before = sums.get(key);
    sums.set(key, before === undefined ? { ...entry, readings: 1 } : { ...entry, from: before.from, amount: before.amount + entry.amount, readings: (before.readings ?? 1) + 1 });
  }
  const text = [...out, ...sums.values()].sort((a, b) => a.n - b.n).map((entry) => `${encode(entry)}\n`).join('');
  // Whole: of half a batch nobody could tell which incomes are summed in it.
  if (text !== '') writeWhole(file, (existsSync(file) ? readFileSync(file, 'utf8') : '') + text);
}
