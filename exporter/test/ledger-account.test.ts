/** The arithmetic of one account: what is income, what is a payout, and that nothing is counted twice. */
import { describe, expect, test } from '@jest/globals';
import { advanceAccount, emptyAccount, openAccount, type Account, type Entry, type Observed } from '../src/analytics/account.ts';
import { allot } from '../src/analytics/allotment.ts';
import { coinsAsNumber, formatCoins, parseCoins } from '../src/analytics/coins.ts';
import { seeded } from './seeded.ts';

const coins = (text: string) => parseCoins(text)!;
const minute = 60_000;
const hour = 60 * minute;

/** Reads the account at these times; amounts as text. */
function read(steps: readonly ({ at: number } & Partial<Record<'balance' | 'earned' | 'paid', string>> & { payouts?: readonly [id: string, amount: string, at: number][] })[]): { income: string; entries: Entry[]; account: Account } {
  let account: Account | undefined;
  let income = 0n;
  const entries: Entry[] = [];
  for (const { at, balance, earned, paid, payouts } of steps) {
    const now: Observed = {
      at, ...(balance === undefined ? {} : { balance: coins(balance) }), ...(earned === undefined ? {} : { earned: coins(earned) }), ...(paid === undefined ? {} : { paid: coins(paid) }),
      ...(payouts === undefined ? {} : { payouts: payouts.map(([id, amount, when]) => ({ key: `id ${id}`, id, amount: coins(amount), at: when })) }),
    };
    const step = account === undefined ? openAccount(now) : advanceAccount(account, now);
    account = step.account;
    income += step.income;
    entries.push(...step.entries);
  }
  return { income: formatCoins(income), entries, account: account! };
}

const kinds = (entries: readonly Entry[]) => entries.map(({ kind, amount }) => `${kind} ${formatCoins(amount)}`);

describe('an amount', () => {
  test.each([
    ['0.1', '0.1'], ['00012.50', '12.5'], ['.5', '0.5'], ['7.', '7'], ['1e-7', '0.0000001'], ['1.5E3', '1500'], ['-0.25', '-0.25'], ['0', '0'],
    ['123456789012.123456789012345678', '123456789012.123456789012345678'], ['0.1234567890123456789', '0.123456789012345678'],
  ])('%s is read exactly', (text, exact) => {
    expect(formatCoins(coins(text))).toBe(exact);
  });

  test.each(['', '.', 'abc', '1,5', '0x10', 'NaN', 'Infinity', '1e999', '--1', '1 2', '9'.repeat(61)])('%j is none', (text) => {
    expect(parseCoins(text)).toBeUndefined();
  });

  test('0.1 and 0.2 are 0.3', () => {
    expect(formatCoins(coins('0.1') + coins('0.2'))).toBe('0.3');
    expect(coinsAsNumber(coins('0.3'))).toBe(0.3);
  });
});

describe('income by the balance alone', () => {
  test('is what the balance rises by; what was there at first sight is an opening', () => {
    const { income, entries } = read([{ at: 0, balance: '5' }, { at: minute, balance: '5.1' }, { at: 2 * minute, balance: '5.1' }, { at: 3 * minute, balance: '5.3' }]);
    expect(income).toBe('0.3');
    expect(kinds(entries)).toEqual(['opening 5', 'income 0.1', 'income 0.2']);
  });

  test('a fall is a payout of that size and never a loss, and says that it is concluded', () => {
    const { income, entries } = read([{ at: 0, balance: '1' }, { at: minute, balance: '1.5' }, { at: 2 * minute, balance: '0.02' }, { at: 3 * minute, balance: '0.05' }]);
    expect(income).toBe('0.53');
    expect(kinds(entries)).toEqual(['opening 1', 'income 0.5', 'payout 1.48', 'income 0.03']);
    expect(entries[2]?.note).toContain('may also be a correction');
  });

  test('an empty reply looks like a payout only until the balance is back', () => {
    const { income, entries } = read([{ at: 0, balance: '3' }, { at: minute, balance: '0' }, { at: 2 * minute, balance: '0' }, { at: 3 * minute, balance: '3.01' }]);
    expect(income).toBe('0.01');
    expect(kinds(entries)).toEqual(['opening 3', 'payout 3', 'income 0.01', 'returned 3']);
  });

  test('a stale copy of an older balance counts nothing twice', () => {
    expect(read([{ at: 0, balance: '3' }, { at: minute, balance: '3.2' }, { at: 2 * minute, balance: '3.1' }, { at: 3 * minute, balance: '3.2' }, { at: 4 * minute, balance: '3.3' }]).income).toBe('0.3');
  });

  test('a coin that was not among the balances had a balance of zero', () => {
    const { income } = advanceAccount(emptyAccount(0, 0), { at: minute, balance: coins('0.4') });
    expect(formatCoins(income)).toBe('0.4');
  });
});

describe('a list of payouts', () => {
  const begin = { at: 0, balance: '9.9', payouts: [['old', '7', -hour]] as [string, string, number][] };

  test('gives what was credited in the interval of the payout', () => {
    const payouts: [string, string, number][] = [['p1', '10', 30_000], ['old', '7', -hour]];
    const { income, entries } = read([begin, { at: minute, balance: '0.05', payouts }, { at: 62 * minute, balance: '0.07', payouts }]);
    expect(income).toBe('0.17');
    expect(kinds(entries)).toEqual(['opening 9.9', 'payout 10', 'income 0.17']);
  });

  test.each([
    ['after the fall', [{ at: minute, balance: '0.05', payouts: [] }, { at: 2 * minute, balance: '0.06', payouts: [['p1', '10', 30_000]] }]],
    ['before the fall', [{ at: minute, balance: '9.95', payouts: [['p1', '10', 30_000]] }, { at: 2 * minute, balance: '0.06', payouts: [['p1', '10', 30_000]] }]],
  ] as [string, { at: number; balance: string; payouts: [string, string, number][] }[]][])('that comes %s counts the same', (_when, steps) => {
    expect(read([begin, ...steps, { at: 70 * minute, balance: '0.06', payouts: [] }]).income).toBe('0.16');
  });

  test('that never lists a fall leaves it as a payout that was concluded, which a later payout does not undo', () => {
    const { income, entries } = read([begin, { at: minute, balance: '9.4', payouts: [] }, { at: 2 * minute, balance: '9.5', payouts: [] }, { at: 3 * minute, balance: '0', payouts: [['p1', '9.5', 3 * minute]] }, { at: 80 * minute, balance: '0', payouts: [] }]);
    expect(income).toBe('0.1');
    expect(entries.find(({ kind }) => kind === 'payout')).toMatchObject({ amount: coins('0.5'), note: expect.stringContaining('correction') });
  });

  test('shows a payout that the exporter slept through, although the balance only grew', () => {
    expect(read([{ at: 0, balance: '1', payouts: [] }, { at: 30 * hour, balance: '2', payouts: [['p1', '5', 20 * hour]] }]).income).toBe('6');
  });
});

describe('running totals', () => {
  test('what was credited in all counts before the balance', () => {
    const { income, entries } = read([{ at: 0, balance: '1', earned: '100' }, { at: minute, balance: '0.1', earned: '100.2' }, { at: 2 * minute, balance: '0.3', earned: '100.4' }]);
    expect(income).toBe('0.4');
    expect(kinds(entries)).toEqual(['opening 1', 'income 0.2', 'payout 0.9', 'income 0.2']);
  });

  test('balance and what was paid in all make exact incomes', () => {
    expect(read([{ at: 0, balance: '1', paid: '50' }, { at: minute, balance: '0.05', paid: '51.02' }]).income).toBe('0.07');
  });

  test.each([
    ['before the balance falls', [{ at: minute, balance: '1.01', paid: '51.01' }, { at: 2 * minute, balance: '0.02', paid: '51.01' }]],
    ['after the balance fell', [{ at: minute, balance: '0', paid: '50' }, { at: 2 * minute, balance: '0.02', paid: '51.01' }]],
  ])('a payout that is added to the total %s is counted once in the end', (_when, steps) => {
    const end = { at: 3 * minute, balance: '2.02', paid: '51.01' };
    expect(read([{ at: 0, balance: '1', paid: '50' }, ...steps, end]).income).toBe('2.03');
  });

  test('a source that is missing for a while is not counted again when it is back', () => {
    expect(read([{ at: 0, balance: '1', earned: '100' }, { at: minute, balance: '1.5' }, { at: 2 * minute, balance: '2', earned: '101' }, { at: 3 * minute, earned: '101.5' }, { at: 4 * minute, balance: '2.6' }]).income).toBe('1.6');
  });

  test('a total that is put right downwards counts nothing until it is back', () => {
    const { income, entries } = read([{ at: 0, earned: '100' }, { at: minute, earned: '99.5' }, { at: 2 * minute, earned: '99.9' }, { at: 3 * minute, earned: '100.2' }]);
    expect(income).toBe('0.2');
    expect(kinds(entries)).toEqual(['opening 100', 'lowered 0.5', 'income 0.2']);
  });

  test('a total that begins again counts from there after a day', () => {
    const { income, entries } = read([{ at: 0, earned: '100' }, { at: minute, earned: '0.1' }, { at: 12 * hour, earned: '0.6' }, { at: 25 * hour, earned: '1.1' }, { at: 26 * hour, earned: '1.2' }]);
    expect(income).toBe('1.1');
    expect(kinds(entries)).toEqual(['opening 100', 'lowered 99.9', 'income 1', 'restarted 0.1', 'income 0.1']);
  });
});

describe('over any sequence of credits, payouts and readings', () => {
  test.each(Array.from({ length: 200 }, (_, seed) => [seed]))('the ledger is exact where the pool says enough, never negative, never too much (%i)', (seed) => {
    const random = seeded(seed);
    let [balance, earned, paid, at] = [coins('1'), coins('20'), coins('19'), 0];
    const payouts: { key: string; id: string; amount: bigint; at: number }[] = [];
    const books: Record<'all' | 'settled' | 'listed' | 'bare', { account?: Account; income: bigint }> = { all: { income: 0n }, settled: { income: 0n }, listed: { income: 0n }, bare: { income: 0n } };
    const began = earned;
    let hidden = 0n;
    for (let step = 0; step < 60; step += 1) {
      const credited = random() < 0.2 ? 0n : BigInt(Math.floor(random() * 5e7)) * 10n ** 10n;
      balance += credited;
      earned += credited;
      // A pool pays at a threshold that is far above what comes in between two readings.
      if (balance > coins('3') && random() < 0.5) {
        const amount = random() < 0.5 ? balance - credited : balance;
        payouts.push({ key: `id ${step}`, id: String(step), amount, at: at + 1 });
        paid += amount;
        balance -= amount;
        hidden += credited;
      }
      at += minute + Math.floor(random() * minute);
      if (random() < 0.2) continue;
      const views: Record<keyof typeof books, Observed> = {
        all: { at, balance, earned, paid, payouts: payouts.slice(-5) }, settled: { at, balance, paid }, listed: { at, balance, payouts: payouts.slice(-5) }, bare: { at, balance },
      };
      for (const name of ['all', 'settled', 'listed', 'bare'] as const) {
        const book = books[name];
        const { account, income, entries } = book.account === undefined ? openAccount(views[name]) : advanceAccount(book.account, views[name]);
        if (book.account === undefined && name === 'all') book.income = earned - began;
        else if (book.account === undefined) book.income = books.all.income;
        book.account = account;
        expect(income).toBeGreaterThanOrEqual(0n);
        for (const { amount } of entries) expect(amount).toBeGreaterThanOrEqual(0n);
        book.income += income;
      }
      const truth = earned - began;
      expect(formatCoins(books.all.income)).toBe(formatCoins(truth));
      expect(formatCoins(books.settled.income)).toBe(formatCoins(truth));
      expect(books.bare.income).toBeLessThanOrEqual(truth);
    }
    // What waits for its other half is settled after two quiet hours.
    for (const wait of [1, 2]) {
      const { account, income } = advanceAccount(books.listed.account!, { at: at + wait * hour, balance, payouts: payouts.slice(-5) });
      books.listed = { account, income: books.listed.income + income };
    }
    expect(formatCoins(books.listed.income)).toBe(formatCoins(earned - began));
    // Hidden is only what was credited together with a payout, or in readings that were left out before one.
    expect(books.bare.income + hidden + coins('0.5') * BigInt(payouts.length * 8) >= books.all.income).toBe(true);
  });
});

describe('an allotment', () => {
  test('is exact to the last unit, the rest to the largest remainders', () => {
    expect([...allot(coins('0.00000010'), new Map([['a', 1], ['b', 1], ['c', 1]]))].map(([name, amount]) => `${name} ${formatCoins(amount)}`).sort()).toEqual(['a 0.00000004', 'b 0.00000003', 'c 0.00000003']);
    expect([...allot(coins('1'), new Map([['a', 3], ['b', 1], ['idle', 0]]))].map(([name, amount]) => `${name} ${formatCoins(amount)}`).sort()).toEqual(['a 0.75', 'b 0.25']);
    expect(allot(coins('1'), new Map([['idle', 0]])).size).toBe(0);
  });

  test.each(Array.from({ length: 100 }, (_, seed) => [seed]))('of any amount among any miners sums up to it, each within one unit of its share (%i)', (seed) => {
    const random = seeded(1000 + seed);
    const total = BigInt(Math.floor(random() * 1e15)) * (random() < 0.5 ? 10n ** 10n : 1n) + 1n;
    const unit = total % 10n ** 10n === 0n ? 10n ** 10n : 1n;
    const weights = new Map(Array.from({ length: 1 + Math.floor(random() * 80) }, (_, index) => [`m${index}`, random() < 0.1 ? 0 : random() * 1e16 * 10 ** -Math.floor(random() * 6)]));
    weights.set('sure', 1e12);
    const parts = allot(total, weights);
    expect([...parts.values()].reduce((sum, part) => sum + part, 0n)).toBe(total);
    const sum = [...weights.values()].reduce((all, weight) => all + weight, 0);
    for (const [name, weight] of weights) {
      const off = Number((parts.get(name) ?? 0n) / unit) - (Number(total / unit) * weight) / sum;
      expect(Math.abs(off)).toBeLessThan(1.5 + Number(total / unit) * 1e-12);
    }
  });
});
