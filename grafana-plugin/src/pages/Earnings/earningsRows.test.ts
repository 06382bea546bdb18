import type { EarningsRow } from '../../api/types';
import { coinText, greatest, newestFirst, totalOf } from './earningsRows';

const row = (period: string, usd?: number, name?: string): EarningsRow => ({ period, usd, name, coins: [], complete: usd !== undefined, lacks: [] });

describe('rows of earnings', () => {
  it('come with the newest first, within a period by what they brought, the unknown last', () => {
    expect(newestFirst([row('2026-01-01', 3, 'a'), row('2026-01-02', 1, 'a'), row('2026-01-02', undefined, 'c'), row('2026-01-02', 2, 'b')]).map(({ period, name }) => `${period} ${name}`)).toEqual([
      '2026-01-02 b', '2026-01-02 a', '2026-01-02 c', '2026-01-01 a',
    ]);
  });

  it('have a longest bar and a total that does not take the unknown for zero', () => {
    expect([greatest([row('a', 1), row('b'), row('c', 4)]), greatest([row('a')]), greatest([])]).toEqual([4, 0, 0]);
    expect([totalOf([row('a', 1), row('b'), row('c', 4)]), totalOf([row('a')])]).toEqual([5, undefined]);
  });

  it.each([['0.01152661', '0.01152661 LTC'], ['41.69000000', '41.69 LTC'], ['5.000', '5 LTC'], ['1200', '1200 LTC'], ['0', '0 LTC']])('write %s exactly', (amount, text) => {
    expect(coinText({ coin: 'LTC', amount })).toBe(text);
  });
});
