/** What is read off a miner after a command, and what it proves. Pure. */
import { hashingStates, type Reading } from '../miners/reading.ts';
import type { Evidence, Verdict } from './actions.ts';

export function isHashing({ state, hashrate }: Reading): boolean {
  return state !== undefined && hashingStates.has(state) && (hashrate ?? 0) > 0;
}

export function describe({ state, hashrate }: Reading): string {
  const speed = hashrate === undefined || hashrate === 0 ? '' : `, ${(hashrate / 1e9).toFixed(2)} GH/s`;
  return `${state ?? 'state unknown'}${speed}`;
}

export function pending(reading: Reading): Verdict {
  return { verdict: 'pending', detail: describe(reading) };
}

/** After a command that should end in mining: a failure is final, hashes are the proof. */
export function untilHashing(after: Reading, began: boolean): Verdict {
  if (after.state === 'failure') return { verdict: 'failed', detail: `failure${after.failure?.description === undefined ? '' : `: ${after.failure.description}`}` };
  return began && isHashing(after) ? { verdict: 'verified', detail: describe(after) } : pending(after);
}

/** A restart shows by a state other than mining, by a younger state, or by the firmware's own count. */
export function restarted({ before, after, elapsed, leftMining }: Evidence): boolean {
  const counted = before?.restarts !== undefined && after.restarts !== undefined && after.restarts > before.restarts;
  const younger = after.stateSeconds !== undefined && before?.stateSeconds !== undefined && after.stateSeconds < Math.min(before.stateSeconds, elapsed + 5);
  return leftMining || counted || younger;
}

/** A reboot shows by a miner that was out of reach, or by a younger uptime. */
export function rebooted({ before, after, wasAway }: Evidence): boolean {
  return wasAway || (before?.uptimeSeconds !== undefined && after.uptimeSeconds !== undefined && after.uptimeSeconds < before.uptimeSeconds);
}

/** After a reboot: hashing again, or stopped as before. */
export function backFromReboot(evidence: Evidence): Verdict {
  const { before, after } = evidence;
  // A miner that was stopped comes back stopped, if it is set so.
  if (rebooted(evidence) && before?.state === 'stopped' && after.state === 'stopped') return { verdict: 'verified', detail: 'rebooted, still stopped' };
  return untilHashing(after, rebooted(evidence));
}

export function from(value: string | undefined): { from?: string } {
  return value === undefined ? {} : { from: value };
}

export function difference(to: number | undefined, now: number | undefined): number | undefined {
  return to === undefined || now === undefined ? undefined : to - now;
}

interface Effect { powerWatts?: number | undefined; hashrate?: number | undefined }

export function known({ powerWatts, hashrate }: Effect): { powerWatts?: number; hashrate?: number } {
  return { ...(powerWatts === undefined ? {} : { powerWatts }), ...(hashrate === undefined ? {} : { hashrate }) };
}

export function negative({ powerWatts, hashrate }: Effect): { powerWatts?: number; hashrate?: number } {
  return known({ powerWatts: difference(0, powerWatts), hashrate: difference(0, hashrate) });
}

/** The names of presets that the firmware has tuned. */
export function tunedOf(presets: readonly { readonly name: string; readonly tuned: boolean }[]): string[] {
  return presets.filter(({ tuned }) => tuned).map(({ name }) => name);
}
