/**
 * When each endpoint is read, in one table (vnish-api.md, end of section 7). `/summary` is read at every poll; in the steady
 * state it is the only one, except where another is due.
 */
export const endpoints = ['info', 'status', 'perf', 'model', 'factory', 'presets', 'settings'] as const;
export type Endpoint = (typeof endpoints)[number];

/** What makes an endpoint due before its time. */
export type Trigger =
  /** The state, its failure or its beginning is another than at the poll before. */
  | 'state_changed'
  /** The state is not `mining`: it may change at any moment. */
  | 'unsteady'
  /** A command was sent, or the caller asks for a fresh reading. */
  | 'asked'
  /** The summary does not continue the one before: another machine may answer at the address now. */
  | 'another'
  /** The poll before failed: another machine may answer at the address now. */
  | 'back'
  | 'firmware_changed';

interface Pace {
  readonly path: string;
  /** Ms between two reads. */
  readonly everyMs: number;
  readonly when: readonly Trigger[];
  /** What it tells counts no longer when it could not be read for so long, ms. */
  readonly countsMs: number;
}

const [second, minute, hour] = [1000, 60_000, 3_600_000];

/** `slowIntervalMs` is the operator's `poll.slow_interval_seconds`. */
export function scheduleOf(slowIntervalMs: number): Readonly<Record<Endpoint, Pace>> {
  return {
    // Who it is: changes only with a reboot, an update or another machine. After a failed poll it is read before all else.
    info: { path: '/info', everyMs: 10 * minute, when: ['state_changed', 'another', 'asked'], countsMs: Infinity },
    // `/summary` tells the state too; this one adds what waits for a restart, and the locate light.
    status: { path: '/status', everyMs: 30 * second, when: ['state_changed', 'unsteady', 'asked', 'back'], countsMs: 90 * second },
    // The preset in use: the switcher moves it every 60 s at most.
    perf: { path: '/perf-summary', everyMs: slowIntervalMs, when: ['state_changed', 'asked', 'back', 'firmware_changed'], countsMs: Math.max(5 * slowIntervalMs, 5 * minute) },
    // Built in; hourly, because boards are exchanged.
    model: { path: '/model', everyMs: hour, when: ['firmware_changed'], countsMs: Infinity },
    factory: { path: '/chains/factory-info', everyMs: hour, when: ['firmware_changed'], countsMs: Infinity },
    // Changes only when somebody tunes; needs the password.
    presets: { path: '/autotune/presets', everyMs: hour, when: ['firmware_changed'], countsMs: Infinity },
    // Only while the password is accepted: it would be tried for nothing else.
    settings: { path: '/settings', everyMs: 10 * minute, when: ['firmware_changed'], countsMs: hour },
  };
}

/** What has become of an endpoint so far. */
export interface Past {
  /** Unix ms of the last success. */
  readonly readAt?: number;
  /** In a row. */
  readonly failures: number;
  /** Not before, Unix ms. */
  readonly notBefore: number;
  /** The firmware does not have it. */
  readonly missing: boolean;
}

export const untried: Past = { failures: 0, notBefore: -Infinity, missing: false };

/** First and longest wait after a failure, ms. */
const [firstWaitMs, longestWaitMs] = [15 * second, 15 * minute];

export function isDue({ everyMs, when }: Pace, { readAt, notBefore, missing }: Past, { at, triggers }: { readonly at: number; readonly triggers: ReadonlySet<Trigger> }): boolean {
  if (missing || at < notBefore) return false;
  return readAt === undefined || at - readAt >= everyMs || when.some((trigger) => triggers.has(trigger));
}

export function succeeded(at: number): Past {
  return { readAt: at, failures: 0, notBefore: -Infinity, missing: false };
}

/** Twice as long after each failure; what the firmware does not have is not asked for again. */
export function failed(past: Past, at: number, missing = false): Past {
  const failures = past.failures + 1;
  return { ...past, failures, notBefore: at + Math.min(firstWaitMs * 2 ** (failures - 1), longestWaitMs), missing };
}
