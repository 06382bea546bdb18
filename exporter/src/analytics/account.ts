/**
 * The ledger's arithmetic for one coin of one pool account: from what the pool says now and what was known before to income and
 * payouts. Pure.
 *
 * Income is what the pool credits: a fall of the balance is a payout and never a loss (prohashing-api.md, 5.3), a coin that is gone
 * from the balances was paid out (1.5), and the first sight of an account is an opening balance. Sources in order of trust:
 * what the pool says it credited in all; balance and what it paid in all; the balance alone. An income is never negative, and what two
 * sources tell is counted once: each source has a mark up to which its figure is counted, and the marks go forward together.
 */

/** Where an income was read off. */
export type IncomeSource = 'earned' | 'balance_and_paid' | 'balance';

/**
 * opening: what was there at first sight; income; payout: has left the pool; confirmed: the pool lists a payout that was concluded
 * before; returned: a payout that was concluded and was none, since the balance came back; lowered: a running total that fell;
 * restarted: a running total that began again.
 */
export const entryKinds = ['opening', 'income', 'payout', 'confirmed', 'returned', 'lowered', 'restarted'] as const;
export type EntryKind = (typeof entryKinds)[number];

export interface Entry {
  readonly kind: EntryKind;
  /** 1e-18 coin. */
  readonly amount: bigint;
  readonly source?: IncomeSource | 'payouts' | 'paid';
  /** The pool's own number of a payout. */
  readonly id?: string;
  /** What a reader of the books must know about it. */
  readonly note?: string;
}

/** A running total, counted up to `high`. */
interface Mark {
  readonly high: bigint;
  /** Since when it is under half of that (Unix ms), and its lowest since. */
  readonly below?: { readonly since: number; readonly low: bigint };
  /** A fall was told. */
  readonly fallen?: boolean;
}

interface ListedPayout {
  readonly key: string;
  readonly amount: bigint;
  /** Unix ms. */
  readonly at: number;
  readonly id?: string;
}

interface Fall { readonly amount: bigint; readonly at: number; readonly before: bigint; readonly after: bigint }

/** What is known of one coin of one account. */
export interface Account {
  /** Unix ms of the reading that last told of it. */
  readonly at: number;
  readonly openedAt: number;
  readonly balance?: bigint;
  readonly paid?: bigint;
  readonly earned?: Mark;
  readonly settled?: Mark;
  /** Payouts of the pool's list that are known. */
  readonly known: readonly string[];
  /** Listed, but the balance has not fallen by it; the time is of the last listing. */
  readonly ahead?: { readonly amount: bigint; readonly since: number };
  /** Taken for a payout, but not listed; the time is of the last fall. */
  readonly concluded?: { readonly amount: bigint; readonly since: number };
  /** The last fall that was taken for a payout. */
  readonly fall?: Fall;
}

/** What one reading says of the coin, in 1e-18 coin; absent is not told. */
export interface Observed {
  /** Unix ms. */
  readonly at: number;
  readonly balance?: bigint;
  readonly earned?: bigint;
  readonly paid?: bigint;
  readonly payouts?: readonly ListedPayout[];
}

export interface Step {
  readonly account: Account;
  readonly entries: readonly Entry[];
  /** Sum of what is income, 1e-18 coin. */
  readonly income: bigint;
}

/** Ms in which a listed payout and the fall of the balance that belongs to it meet. */
const meetingMs = 3_600_000;
/** Ms for which a fall waits for a list to confirm it. */
const keptConcludedMs = 7 * 86_400_000;
/** Ms after which a running total under half of what it was is believed to have begun again, and not to be a stale copy. */
const restartAfterMs = 86_400_000;
const keptKeys = 500;

const notListed = 'concluded from the fall of the balance: it may also be a correction by the pool, and what was credited between the two readings is not in it';

/** First sight. */
export function openAccount(now: Observed): Step {
  return {
    account: {
      at: now.at, openedAt: now.at, known: keysOf(now, []),
      ...(now.balance === undefined ? {} : { balance: now.balance }), ...(now.paid === undefined ? {} : { paid: now.paid }), ...marksAt(now),
    },
    entries: [{ kind: 'opening', amount: now.balance ?? now.earned ?? 0n, source: now.balance === undefined && now.earned !== undefined ? 'earned' : 'balance', note: 'was there at first sight: no income' }],
    income: 0n,
  };
}

/** A coin that was not among the balances before, which is a balance of zero. */
export function emptyAccount(openedAt: number, at: number): Account {
  return { at, openedAt, balance: 0n, known: [] };
}

function marksAt({ earned, balance, paid }: Observed): Pick<Account, 'earned' | 'settled'> {
  return {
    ...(earned === undefined ? {} : { earned: { high: earned } }),
    ...(balance === undefined || paid === undefined ? {} : { settled: { high: balance + paid } }),
  };
}

function keysOf({ payouts = [] }: Observed, before: readonly string[]): string[] {
  return [...new Set([...payouts.map(({ key }) => key), ...before])].slice(0, Math.max(keptKeys, payouts.length));
}

/** The next reading. */
export function advanceAccount(before: Account, now: Observed): Step {
  const listed = (now.payouts ?? []).filter(({ key, at }) => !before.known.includes(key) && at > before.openedAt);
  const total = now.balance === undefined || now.paid === undefined ? undefined : now.balance + now.paid;
  let [earned, settled, waiting] = [before.earned, before.settled, waitingOf(before)];
  const entries: Entry[] = [];
  let income = 0n;
  let used: IncomeSource | undefined;
  if (earned !== undefined && now.earned !== undefined) {
    used = 'earned';
    const climbed = climb(earned, now.earned, now.at);
    ({ income, mark: earned } = climbed);
    entries.push(...climbed.entries.map((entry) => ({ ...entry, source: 'earned' as const })));
  } else if (settled !== undefined && total !== undefined) {
    used = 'balance_and_paid';
    const climbed = climb(settled, total, now.at);
    ({ income, mark: settled } = climbed);
    entries.push(...climbed.entries.map((entry) => ({ ...entry, source: 'balance_and_paid' as const })));
  } else if (before.balance !== undefined && now.balance !== undefined) {
    used = 'balance';
    const matched = matchBalance({ ...before, balance: before.balance }, { at: now.at, balance: now.balance }, listed);
    ({ income, waiting } = matched);
    entries.push(...matched.entries);
  }
  if (used !== 'balance') {
    const beside = payoutsBeside(before, now, listed);
    entries.push(...beside.entries);
    waiting = beside.waiting ?? waiting;
  }
  if (income > 0n && used !== undefined) entries.unshift({ kind: 'income', amount: income, source: used });
  const balance = now.balance ?? (before.balance === undefined ? undefined : before.balance + income);
  const paid = now.paid ?? before.paid;
  return {
    account: {
      at: now.at, openedAt: before.openedAt, known: keysOf(now, before.known), ...waiting,
      ...(balance === undefined ? {} : { balance }), ...(paid === undefined ? {} : { paid }),
      ...marked('earned', now.earned, { mark: earned, used: used === 'earned', income }),
      ...marked('settled', total, { mark: settled, used: used === 'balance_and_paid', income }),
    },
    entries, income,
  };
}

/** A source that was not told keeps step with the income that another told; one that was told but not used is counted up to now. */
function marked(name: 'earned' | 'settled', told: bigint | undefined, { mark, used, income }: { mark: Mark | undefined; used: boolean; income: bigint }): Pick<Account, 'earned' | 'settled'> {
  if (used && mark !== undefined) return { [name]: mark };
  if (told !== undefined) return { [name]: { high: told } };
  return mark === undefined ? {} : { [name]: { ...mark, high: mark.high + income } };
}

/** Only what is above the mark counts: a stale copy of an older figure, or a payout that shows in one field before the other, counts nothing twice. */
function climb(mark: Mark, total: bigint, at: number): { income: bigint; mark: Mark; entries: Entry[] } {
  if (total >= mark.high) return { income: total - mark.high, mark: { high: total }, entries: [] };
  const lowered: Entry[] = mark.fallen === true ? [] : [{ kind: 'lowered', amount: mark.high - total, note: 'the pool\'s running total fell; nothing is counted until it is back where it was' }];
  if (total * 2n >= mark.high) return { income: 0n, mark: { high: mark.high, fallen: true }, entries: lowered };
  const below = mark.below === undefined ? { since: at, low: total } : { since: mark.below.since, low: total < mark.below.low ? total : mark.below.low };
  if (at - below.since < restartAfterMs) return { income: 0n, mark: { high: mark.high, below, fallen: true }, entries: lowered };
  return { income: total - below.low, mark: { high: total }, entries: [{ kind: 'restarted', amount: below.low, note: 'the pool\'s running total has begun again; it is counted from its lowest on' }] };
}

/** Payouts where the income comes from another source: they change nothing in it. */
function payoutsBeside(before: Account, now: Observed, listed: readonly ListedPayout[]): { entries: Entry[]; waiting?: Waiting } {
  if (now.payouts !== undefined) return { entries: listed.map(payoutEntry) };
  if (before.paid !== undefined && now.paid !== undefined) return now.paid > before.paid ? paidBeside(before, now.paid - before.paid) : { entries: [] };
  return { entries: before.balance !== undefined && now.balance !== undefined && now.balance < before.balance ? [{ kind: 'payout', amount: before.balance - now.balance, source: 'balance', note: notListed }] : [] };
}

/** A coin that is paid out may vanish with all that is told of it, and be told as paid only when it comes back: that payout is booked already. */
function paidBeside({ concluded, ...before }: Account, paid: bigint): { entries: Entry[]; waiting: Waiting } {
  const known = least(concluded?.amount ?? 0n, paid);
  const left = (concluded?.amount ?? 0n) - known;
  return {
    entries: [
      ...(known > 0n ? [{ kind: 'confirmed', amount: known, source: 'paid', note: 'was booked as a payout before, when the balance fell' } as const] : []),
      ...(paid > known ? [{ kind: 'payout', amount: paid - known, source: 'paid' } as const] : []),
    ],
    waiting: { ...waitingOf(before), ...(concluded === undefined || left === 0n ? {} : { concluded: { amount: left, since: concluded.since } }) },
  };
}

function payoutEntry({ amount, id }: ListedPayout): Entry {
  return { kind: 'payout', amount, source: 'payouts', ...(id === undefined ? {} : { id }) };
}

type Waiting = Pick<Account, 'ahead' | 'concluded' | 'fall'>;

function waitingOf({ ahead, concluded, fall }: Account): Waiting {
  return { ...(ahead === undefined ? {} : { ahead }), ...(concluded === undefined ? {} : { concluded }), ...(fall === undefined ? {} : { fall }) };
}

/**
 * Income and payouts by the balance alone; a list of payouts, where there is one, says how much left exactly, before or after the
 * balance falls. Every unit that is listed is matched with a unit that the balance fell by, whichever comes first; what is listed
 * and matched with none within an hour was credited in the same interval and is income. So income is the change of the
 * balance plus what was listed, plus only those falls that no list ever shows.
 */
function matchBalance(before: Account & { readonly balance: bigint }, now: { readonly at: number; readonly balance: bigint }, listed: readonly ListedPayout[]): { income: bigint; waiting: Waiting; entries: Entry[] } {
  const entries: Entry[] = [];
  let ahead = before.ahead?.amount ?? 0n;
  let concluded = before.concluded === undefined || now.at - before.concluded.since > keptConcludedMs ? 0n : before.concluded.amount;
  let [aheadSince, concludedSince, last] = [before.ahead?.since ?? now.at, before.concluded?.since ?? now.at, before.fall];
  for (const payout of listed) {
    const known = least(concluded, payout.amount);
    concluded -= known;
    ahead += payout.amount - known;
    aheadSince = now.at;
    entries.push(known === 0n ? payoutEntry(payout) : { ...payoutEntry(payout), kind: 'confirmed', note: `${known === payout.amount ? 'was' : 'a part of it was'} booked as a payout before, when the balance fell` });
    if (known > 0n) last = undefined;
  }
  let income = 0n;
  const change = now.balance - before.balance;
  if (change >= 0n) {
    income = change;
    // An empty or stale reply looks like a payout until the balance is back.
    if (last?.after === before.balance && now.balance >= last.before && now.at - last.at <= meetingMs) {
      income -= last.amount;
      concluded -= least(concluded, last.amount);
      entries.push({ kind: 'returned', amount: last.amount, source: 'balance', note: 'the balance is back: what looked like a payout was none' });
    }
    if (change > 0n) last = undefined;
  } else {
    const matched = least(ahead, -change);
    ahead -= matched;
    const rest = -change - matched;
    if (rest > 0n) {
      concluded += rest;
      concludedSince = now.at;
      last = { amount: rest, at: now.at, before: before.balance, after: now.balance };
      entries.push({ kind: 'payout', amount: rest, source: 'balance', note: notListed });
    }
  }
  if (ahead > 0n && (now.at - aheadSince > meetingMs || now.at - before.at > meetingMs)) {
    income += ahead;
    ahead = 0n;
  }
  return {
    income, entries,
    waiting: {
      ...(ahead === 0n ? {} : { ahead: { amount: ahead, since: aheadSince } }), ...(concluded === 0n ? {} : { concluded: { amount: concluded, since: concludedSince } }),
      ...(last === undefined ? {} : { fall: last }),
    },
  };
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
