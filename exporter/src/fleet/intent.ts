/** What the operator wants of a miner at a given time; pure. Maintenance lies over the standing wish and leaves it as it was. */
import type { MaintenanceConfig } from '../config/schema.ts';
import type { Intent, MinerMemory } from './memory.ts';

export interface StatedIntent {
  readonly intent: Intent;
  readonly author?: string;
  readonly reason?: string;
  /** Unix ms; the wish before holds again after it. */
  readonly until?: number;
}

/** What somebody states; times in Unix ms. */
export interface IntentStatement {
  readonly author?: string | undefined;
  readonly reason?: string | undefined;
  readonly from?: number | undefined;
  readonly until?: number | undefined;
}

export function intentAt({ maintenance }: { maintenance: MaintenanceConfig }, kept: MinerMemory, now: number): StatedIntent {
  const configured = maintenance === false ? undefined : { author: 'fleet.yaml', ...(maintenance === true ? {} : {
    ...maintenance, from: timeOf(maintenance.from), until: timeOf(maintenance.until),
  }) };
  for (const window of [configured, kept.maintenance]) if (window !== undefined && isOpen(window, now)) return stated('maintenance', window);
  const standing = kept.intent === 'maintenance' || (kept.statement !== undefined && !isOpen(kept.statement, now)) ? 'mine' : kept.intent;
  return standing === 'mine' ? { intent: 'mine' } : stated(standing, kept.statement ?? {});
}

/** Enters a statement: maintenance beside the standing wish, everything else in its place. */
export function state(kept: MinerMemory, intent: Intent, statement: IntentStatement): void {
  const { author, reason, from, until } = statement;
  const entry = { ...(author === undefined ? {} : { author }), ...(reason === undefined ? {} : { reason }), ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) };
  if (intent === 'maintenance') {
    kept.maintenance = entry;
    return;
  }
  kept.intent = intent;
  kept.statement = entry;
}

function isOpen({ from, until }: IntentStatement, now: number): boolean {
  return (from === undefined || now >= from) && (until === undefined || now < until);
}

function stated(intent: Intent, { author, reason, until }: IntentStatement): StatedIntent {
  return { intent, ...(author === undefined ? {} : { author }), ...(reason === undefined ? {} : { reason }), ...(until === undefined ? {} : { until }) };
}

function timeOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Date.parse(text);
}
