/** Routes that ask the miner itself while the caller waits: settings, logs, notes, history. */
import { HashfleetError } from '../errors.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { PollFailure, pollFailureRemedies, type Driver } from '../miners/driver.ts';
import { longestWindowSeconds, type HistoryWindow } from '../miners/history.ts';

/** Ms for a read that a person waits for. */
export const liveReadMs = 10_000;

/** @throws HashfleetError miner_unreachable naming miner, cause and remedy. */
export async function askMiner<T>(fleet: Fleet, name: string, what: { readonly about: string; readonly ask: (driver: Driver, signal: AbortSignal) => Promise<T> }): Promise<T> {
  try {
    return await fleet.call(name, async (driver) => what.ask(driver, AbortSignal.timeout(liveReadMs)));
  } catch (thrown) {
    if (!(thrown instanceof PollFailure)) throw thrown;
    throw new HashfleetError('miner_unreachable', `The ${what.about} of ${name} cannot be read: ${thrown.message} (${thrown.reason}): ${pollFailureRemedies[thrown.reason]}.`, { cause: thrown });
  }
}

/** For a firmware family that does not tell it at all. */
export function notTold(name: string, about: string): HashfleetError {
  return new HashfleetError('not_found', `The firmware of ${name} tells no ${about}.`, { field: 'name', given: name });
}

/** @throws HashfleetError payload_invalid naming the field and what is allowed. */
export function windowOf({ from, to, step }: { readonly from?: string | undefined; readonly to?: string | undefined; readonly step: number }, now: number): HistoryWindow {
  const end = to === undefined ? now : timeOf('to', to);
  const begin = from === undefined ? Math.max(end - 86_400_000, now - longestWindowSeconds * 1000) : timeOf('from', from);
  if (begin >= end) throw new HashfleetError('payload_invalid', 'from: must be before "to".', { field: 'from', given: from, allowed: `before ${new Date(end).toISOString()}` });
  const oldest = now - longestWindowSeconds * 1000;
  if (end < oldest) throw new HashfleetError('payload_invalid', 'to: a miner remembers three days.', { field: 'to', given: to, allowed: `after ${new Date(oldest).toISOString()}` });
  return { from: begin, to: end, stepSeconds: step };
}

function timeOf(field: string, text: string): number {
  const at = /^\d{1,11}(?:\.\d{1,3})?$/.test(text) ? Number(text) * 1000 : /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new HashfleetError('payload_invalid', `${field}: not a time.`, { field, given: text, allowed: 'ISO 8601, as 2026-11-23T15:00:00Z, or Unix seconds' });
  return at;
}
