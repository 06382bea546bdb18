import { aRig } from '../test/builders';
import { conditionOf, stateDetail, stateText } from './minerCondition';

describe('the state of a miner in a word', () => {
  it.each([
    [aRig(), 'mining', 'Mining'],
    [aRig({ state: 'auto-tuning' }), 'settling', 'Tuning'],
    [aRig({ stale: true }), 'stale', 'Stale'],
    [aRig({ up: false, stale: true, state: 'mining' }), 'offline', 'Offline'],
    [aRig({ state: undefined }), 'unknown', 'Unknown'],
    [aRig({ state: 'failure' }), 'failure', 'Failure'],
  ])('%#: is %s', (rig, condition, text) => {
    expect([conditionOf(rig), stateText(rig)]).toEqual([condition, text]);
  });

  it('comes with the reason, the failure or what the operator wants', () => {
    expect(stateDetail(aRig({ up: false, reason: 'bad_json' }))).toBe('Reason: bad json');
    expect(stateDetail(aRig({ state: 'failure', failure: { description: 'Board 2 lost' } }))).toBe('Board 2 lost');
    expect(stateDetail(aRig({ intent: 'curtailed' }))).toBe('Curtailed');
    expect(stateDetail(aRig())).toBeUndefined();
  });
});
