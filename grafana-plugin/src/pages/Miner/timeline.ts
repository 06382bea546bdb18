import type { AuditEntry, FleetEvent } from '../../api/types';

export interface Moment {
  at: string;
  source: 'audit' | 'change' | 'log';
  /** The audit log's number; absent for what did not come from there. */
  sequence?: number;
  entry?: AuditEntry;
  event?: FleetEvent;
}

/** What was done to a miner and what happened to it, newest first. */
export function timelineOf(miner: string, events: readonly FleetEvent[], entries: readonly AuditEntry[]): Moment[] {
  return [
    ...entries.filter((entry) => entry.miner === miner).map((entry): Moment => ({ at: entry.at, source: 'audit', sequence: entry.sequence, entry })),
    ...events.filter((event) => event.miner === miner).map((event): Moment => ({ at: event.at, source: event.kind === 'log' ? 'log' : 'change', event })),
  ].sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || (b.sequence ?? 0) - (a.sequence ?? 0));
}
