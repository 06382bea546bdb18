/**
 * Turns prices into on and off without flapping (intelligence.md, 4.2: Foreman's windows): on after some windows in a row above, at
 * once above a higher price; off after more windows in a row below a lower price, and not before it has lasted for a while. Between
 * the two prices nothing changes. Pure.
 */

export type Level = 'immediate' | 'above' | 'between' | 'below' | 'unknown';

export interface PriceSwitch {
  readonly on: boolean;
  /** Unix ms of the last change. */
  readonly since: number;
  /** Windows in a row above, while off, or below, while on. */
  readonly inARow: number;
  /** Number of the window that was counted last. */
  readonly counted: number;
  /** Unix ms when the price was last known. */
  readonly knownAt: number;
}

export interface SwitchSettings {
  readonly windowMs: number;
  readonly windowsAbove: number;
  readonly windowsBelow: number;
  readonly minimumOnMs: number;
  /** An unknown price ends it after so long; never when absent. */
  readonly releaseAfterMs?: number | undefined;
}

export const switchedOff: PriceSwitch = { on: false, since: 0, inARow: 0, counted: -1, knownAt: 0 };

/** What a price is, against two prices and a third above which nobody waits. */
export function levelOf(price: number | undefined, { above, below, immediate }: { above: number; below: number; immediate?: number | undefined }): Level {
  if (price === undefined) return 'unknown';
  if (immediate !== undefined && price > immediate) return 'immediate';
  return price > above ? 'above' : price < below ? 'below' : 'between';
}

/** The switch after a look at the price; each window is counted once, at the first look in it. */
export function advance(before: PriceSwitch, level: Level, { at, settings }: { at: number; settings: SwitchSettings }): PriceSwitch {
  const { windowMs, windowsAbove, windowsBelow, minimumOnMs, releaseAfterMs = Infinity } = settings;
  if (level === 'unknown') {
    // What is not known now was not seen in a row: counting begins anew.
    const state = before.inARow === 0 ? before : { ...before, inARow: 0 };
    return state.on && at - Math.max(state.knownAt, state.since) >= releaseAfterMs ? { ...state, on: false, since: at, inARow: 0 } : state;
  }
  const window = Math.floor(at / windowMs);
  if (level === 'immediate') {
    return before.on ? { ...before, inARow: 0, counted: window, knownAt: at } : { on: true, since: at, inARow: 0, counted: window, knownAt: at };
  }
  const wanted = before.on ? level === 'below' : level === 'above';
  if (!wanted) return { ...before, inARow: 0, counted: window, knownAt: at };
  // After a gap the windows are not in a row.
  const inARow = window === before.counted ? before.inARow : window === before.counted + 1 ? before.inARow + 1 : 1;
  const counted = { ...before, inARow, counted: window, knownAt: at };
  const enough = inARow >= (before.on ? windowsBelow : windowsAbove) && (!before.on || at - before.since >= minimumOnMs);
  return enough ? { on: !before.on, since: at, inARow: 0, counted: window, knownAt: at } : counted;
}
