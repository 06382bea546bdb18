import type { TargetState } from '../../api/types';
import { aJob } from '../../test/builders';
import { failedMiners, progressOf } from './jobProgress';

const job = (states: TargetState[], state: 'running' | 'finished' | 'cancelled') =>
  aJob([], { state, targets: states.map((one, index) => ({ miner: `m${index}`, state: one })) });

describe('progress of a job', () => {
  it.each<[TargetState[], 'running' | 'finished' | 'cancelled', number, string]>([
    [['verified', 'running', 'waiting'], 'running', 1, 'running'],
    [['verified', 'skipped'], 'finished', 2, 'verified'],
    [['verified', 'failed'], 'finished', 2, 'mixed'],
    [['indeterminate'], 'finished', 1, 'failed'],
    [['verified', 'cancelled'], 'cancelled', 2, 'cancelled'],
  ])('%j (%s) has %d done and is %s', (states, state, done, outcome) => {
    expect(progressOf(job(states, state))).toMatchObject({ done, total: states.length, outcome });
  });
});

it('is tried again where it failed or may have, and nowhere else', () => {
  const states = ['verified', 'failed', 'indeterminate', 'skipped', 'cancelled'] as const;
  expect(failedMiners(aJob([], { state: 'finished', targets: states.map((state) => ({ miner: state, state })) }))).toEqual(['failed', 'indeterminate']);
});
