import { someAdvice } from '../../test/builders';
import { actionOf, adviceFor, gainOf } from './adviceList';

describe('the list of advice', () => {
  it('shows what is open by safety, then by gain, and history apart from it', () => {
    const list = [
      someAdvice({ id: 'small', gainUsdPerDay: 0.1 }), someAdvice({ id: 'old', status: 'rejected', decidedAt: '2026-01-02T00:00:00Z' }), someAdvice({ id: 'older', status: 'expired' }),
      someAdvice({ id: 'large', gainUsdPerDay: 3, status: 'approved' }), someAdvice({ id: 'hot', urgent: true, gainUsdPerDay: -1 }), someAdvice({ id: 'word', kind: 'data_quality', gainUsdPerDay: undefined, miner: 'b' }),
    ];
    expect(adviceFor(list, { show: 'open' }).map(({ id }) => id)).toEqual(['hot', 'large', 'small', 'word']);
    expect(adviceFor(list, { show: 'history' }).map(({ id }) => id)).toEqual(['old', 'older']);
    expect(adviceFor(list, { show: 'open', miner: 'b' }).map(({ id }) => id)).toEqual(['word']);
    expect(adviceFor(list, { show: 'open', kind: 'data_quality' }).map(({ id }) => id)).toEqual(['word']);
  });

  it('adds up what can be applied, one change a miner, and nothing that is only a try', () => {
    expect(gainOf([someAdvice(), someAdvice({ id: '2', gainUsdPerDay: 2 }), someAdvice({ id: '3', miner: 'b', gainUsdPerDay: 1 }), someAdvice({ id: '4', miner: 'c', kind: 'explore' }), someAdvice({ id: '5', miner: 'd', status: 'applied' })])).toBe(3);
    expect(gainOf([])).toBe(0);
  });

  it.each([
    [{}, 'apply', 'preset'], [{ to: 'sleep' }, 'apply', 'pause'], [{ to: 'sleep' }, 'rollback', 'resume'], [{ from: 'sleep', to: '3360' }, 'apply', 'resume'],
    [{ kind: 'switcher_conflict' as const }, 'apply', undefined], [{ kind: 'data_quality' as const, from: undefined, to: undefined }, 'apply', undefined],
    [{ miner: undefined, kind: 'algorithm_price' as const }, 'apply', undefined],
  ] as const)('%j, to %s it, is the action %s', (parts, what, action) => {
    expect(actionOf(someAdvice(parts), what)).toBe(action);
  });
});
