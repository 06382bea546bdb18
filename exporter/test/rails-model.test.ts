import { expect, test } from '@jest/globals';
import { runModel } from './rails-model.ts';

test('300 random lives of jobs, with crashes at any step, cut networks and miners that lie, keep every rail', async () => {
  const sums = { jobs: 0, commands: 0, crashes: 0, rollBacks: 0 };
  const states = new Map<string, number>();
  for (let seed = 1; seed <= 300; seed += 1) {
    const report = await runModel(seed);
    for (const what of ['jobs', 'commands', 'crashes', 'rollBacks'] as const) sums[what] += report[what];
    for (const [state, count] of Object.entries(report.outcomes)) states.set(state, (states.get(state) ?? 0) + count);
  }
  // Without these the runs would prove nothing.
  for (const count of Object.values(sums)) expect(count).toBeGreaterThan(20);
  for (const state of ['verified', 'failed', 'indeterminate', 'cancelled', 'skipped']) expect(states.get(state) ?? 0).toBeGreaterThan(20);
}, 120_000);
