/** What a miner's measurements are worth just now. */
import { hashingStates, type Reading } from '../miners/reading.ts';

export const phases = ['off', 'starting', 'tuning', 'warming_up', 'steady'] as const;
export type Phase = (typeof phases)[number];

/** Seconds of mining after which the long average has forgotten the start: ramp-up takes 3 minutes, the average about ten. */
export const warmUpSeconds = 900;

/** Undefined when the miner does not say its state. Without a time in the state it counts as steady. */
export function phaseOf({ state, stateSeconds }: Pick<Reading, 'state' | 'stateSeconds'>): Phase | undefined {
  if (state === undefined) return undefined;
  if (state === 'auto-tuning') return 'tuning';
  if (hashingStates.has(state)) return (stateSeconds ?? warmUpSeconds) < warmUpSeconds ? 'warming_up' : 'steady';
  return state === 'initializing' || state === 'starting' || state === 'restarting' ? 'starting' : 'off';
}
