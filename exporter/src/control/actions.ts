/** What can be done to a miner, and what each action needs, changes and proves. One table. */
import type { Miner } from '../fleet/fleet.ts';
import type { ChangeKind, Intent } from '../fleet/memory.ts';
import type { Command } from '../miners/driver.ts';
import { hashingStates, type Reading } from '../miners/reading.ts';
import type { Before } from './journal.ts';

export const actionNames = ['restart_mining', 'reboot', 'pause', 'resume', 'preset', 'locate'] as const;
export type ActionName = (typeof actionNames)[number];

/** A pool as it shall stand in the miner. */
export interface PoolTarget {
  /** With scheme, as stratum+tcp://ltc.viabtc.io:3333. */
  readonly url: string;
  /** Where {miner} and {worker} stand, the miner's name and its name at the pool are put in. */
  readonly worker: string;
  readonly password?: string | undefined;
}

export interface Parameters {
  readonly pools?: readonly PoolTarget[] | undefined;
  readonly preset?: string | undefined;
  readonly on?: boolean | undefined;
  readonly allowUntuned?: boolean | undefined;
}

export interface FieldChange { readonly field: string; readonly from?: string; readonly to: string }

export type Assessment =
  | { readonly skip: string }
  | { readonly changes: readonly FieldChange[]; readonly warning?: string; readonly powerWatts?: number; readonly hashrate?: number };

/** What verification sees: the reading before the command, and every reading since. */
export interface Evidence {
  readonly before: Before | undefined;
  readonly after: Reading;
  /** Seconds since the command was sent. */
  readonly elapsed: number;
  /** True once the miner was seen out of the state that a restart leaves. */
  readonly leftMining: boolean;
  /** True once the miner could not be reached after the command. */
  readonly wasAway: boolean;
}

export interface Verdict { readonly verdict: 'verified' | 'failed' | 'pending'; readonly detail: string }

/**
 * What can go wrong. harmless: nothing that costs; interrupts: hashing pauses; reconfigures: what the miner does from now on;
 * takes_over: where its hashes go or who may command it; destroys: settings or firmware that we cannot bring back.
 */
export const risks = ['harmless', 'interrupts', 'reconfigures', 'takes_over', 'destroys'] as const;
export type Risk = (typeof risks)[number];

export interface Action {
  readonly risk: Risk;
  /** How it is taken back, as people are told; absent where it cannot be. */
  readonly undo?: string;
  /** Needs a token of scope admin and the name of the target (or the number of targets) typed by hand. */
  readonly stepUp?: boolean;
  /** Interrupts mining: subject to the cooldown. */
  readonly disruptive: boolean;
  /** When a confirmation token is needed. */
  readonly confirm: 'always' | 'several';
  /** Seconds until the outcome is usually known; measured on a real L9 (vnish-api.md, 6.2). */
  readonly usualSeconds: number;
  /** Seconds after which the outcome is called indeterminate. */
  readonly longestSeconds: number;
  /** Kinds of change that this action makes, so that they are not taken for somebody else's. */
  readonly changes: readonly ChangeKind[];
  /** What the operator wants of the miner from now on. */
  readonly intent?: Intent;
  assess(miner: Miner, parameters: Parameters): Assessment;
  command(parameters: Parameters): Command;
  verify(evidence: Evidence, parameters: Parameters): Verdict;
}

const isHashing = ({ state, hashrate }: Reading) => state !== undefined && hashingStates.has(state) && (hashrate ?? 0) > 0;

function describe({ state, hashrate }: Reading): string {
  const speed = hashrate === undefined || hashrate === 0 ? '' : `, ${(hashrate / 1e9).toFixed(2)} GH/s`;
  return `${state ?? 'state unknown'}${speed}`;
}

function pending(reading: Reading): Verdict {
  return { verdict: 'pending', detail: describe(reading) };
}

/** After a command that should end in mining: a failure is final, hashes are the proof. */
function untilHashing(after: Reading, began: boolean): Verdict {
  if (after.state === 'failure') return { verdict: 'failed', detail: `failure${after.failure?.description === undefined ? '' : `: ${after.failure.description}`}` };
  return began && isHashing(after) ? { verdict: 'verified', detail: describe(after) } : pending(after);
}

/** A restart shows by a state other than mining, by a younger state, or by the firmware's own count. */
function restarted({ before, after, elapsed, leftMining }: Evidence): boolean {
  const counted = before?.restarts !== undefined && after.restarts !== undefined && after.restarts > before.restarts;
  const younger = after.stateSeconds !== undefined && before?.stateSeconds !== undefined && after.stateSeconds < Math.min(before.stateSeconds, elapsed + 5);
  return leftMining || counted || younger;
}

const stateOf = (miner: Miner) => miner.reading?.state;

export const actions: Readonly<Record<ActionName, Action>> = {
  restart_mining: {
    risk: 'interrupts',
    disruptive: true, confirm: 'several', usualSeconds: 160, longestSeconds: 420, changes: ['mining'],
    assess(miner) {
      if (stateOf(miner) === 'stopped') return { skip: 'mining is stopped; resume it instead' };
      return { changes: [{ field: 'mining', ...from(stateOf(miner)), to: 'restarted' }] };
    },
    command: () => ({ action: 'restart_mining' }),
    verify: (evidence) => untilHashing(evidence.after, restarted(evidence)),
  },
  reboot: {
    risk: 'interrupts',
    disruptive: true, confirm: 'always', usualSeconds: 175, longestSeconds: 480, changes: ['mining'],
    assess: (miner) => ({ changes: [{ field: 'controller', ...from(stateOf(miner)), to: 'rebooted' }], warning: 'The miner is out of reach for about half a minute and does not mine for about three.' }),
    command: () => ({ action: 'reboot' }),
    verify(evidence) {
      const { before, after, wasAway } = evidence;
      const rebooted = wasAway || (before?.uptimeSeconds !== undefined && after.uptimeSeconds !== undefined && after.uptimeSeconds < before.uptimeSeconds);
      // A miner that was stopped comes back stopped, if it is set so.
      if (rebooted && before?.state === 'stopped' && after.state === 'stopped') return { verdict: 'verified', detail: 'rebooted, still stopped' };
      return untilHashing(after, rebooted);
    },
  },
  pause: {
    risk: 'interrupts', undo: 'resume',
    disruptive: true, confirm: 'several', usualSeconds: 15, longestSeconds: 90, changes: ['mining'], intent: 'stopped',
    assess: (miner) => (stateOf(miner) === 'stopped' ? { skip: 'already stopped' } : {
      changes: [{ field: 'mining', ...from(stateOf(miner)), to: 'stopped' }], ...negative({ powerWatts: miner.reading?.powerWatts, hashrate: miner.reading?.hashrateAverage }),
    }),
    command: () => ({ action: 'pause' }),
    verify: ({ after }) => (after.state === 'stopped' ? { verdict: 'verified', detail: 'stopped' } : pending(after)),
  },
  resume: {
    risk: 'interrupts', undo: 'pause',
    disruptive: false, confirm: 'several', usualSeconds: 160, longestSeconds: 420, changes: ['mining'], intent: 'mine',
    assess(miner) {
      const { reading } = miner;
      if (reading?.state !== undefined && reading.state !== 'stopped' && reading.state !== 'shutting-down') return { skip: `not stopped (${reading.state})` };
      return { changes: [{ field: 'mining', ...from(reading?.state), to: 'mining' }], ...known({ powerWatts: reading?.preset?.powerWatts, hashrate: reading?.preset?.hashrate }) };
    },
    command: () => ({ action: 'resume' }),
    verify: ({ after }) => untilHashing(after, true),
  },
  preset: {
    risk: 'reconfigures', undo: 'preset, to the one before',
    disruptive: true, confirm: 'several', usualSeconds: 30, longestSeconds: 240, changes: ['preset', 'mining'],
    assess({ presets, reading }, { preset: wanted, allowUntuned }) {
      const current = reading?.preset;
      if (wanted === undefined) return { skip: 'no preset was named' };
      if (presets === undefined) return { skip: 'its presets are not known yet; is the password right?' };
      const target = presets.find((preset) => preset.name === wanted);
      if (target === undefined) return { skip: `it has no preset "${wanted}"` };
      if (target.name === current?.name) return { skip: `already on ${wanted}` };
      if (target.name === 'disabled') return { skip: 'manual mode is not a preset that can be chosen here' };
      if (!target.tuned && allowUntuned !== true) return { skip: `preset ${wanted} is not tuned; the miner would tune for hours` };
      const listed = presets.find((preset) => preset.name === current?.name);
      return {
        changes: [{ field: 'preset', ...from(current?.name), to: wanted }],
        ...(target.needsModifiedPsu ? { warning: 'This preset needs a modified power supply.' } : target.tuned ? {} : { warning: 'The miner will tune this preset, which takes hours.' }),
        ...known({ powerWatts: difference(target.powerWatts, current?.powerWatts ?? listed?.powerWatts), hashrate: difference(target.hashrate, current?.hashrate ?? listed?.hashrate) }),
      };
    },
    command: ({ preset = '' }) => ({ action: 'preset', preset }),
    verify({ after }, { preset }) {
      if (after.preset?.name !== preset) return { verdict: 'pending', detail: `still on ${after.preset?.name ?? 'an unknown preset'}` };
      if (after.state === 'failure') return untilHashing(after, true);
      // A miner that was stopped has taken the preset once it says so; nothing more can be proved.
      if (after.state === 'stopped') return { verdict: 'verified', detail: `on ${preset ?? ''}, stopped` };
      return isHashing(after) ? { verdict: 'verified', detail: `on ${preset ?? ''}, ${describe(after)}` } : pending(after);
    },
  },
  locate: {
    risk: 'harmless', undo: 'locate, off',
    disruptive: false, confirm: 'several', usualSeconds: 5, longestSeconds: 30, changes: [],
    assess: ({ reading }, { on = true }) => (reading?.locateOn === on ? { skip: `the light already is ${on ? 'on' : 'off'}` } : { changes: [{ field: 'locate light', ...from(reading?.locateOn === undefined ? undefined : reading.locateOn ? 'on' : 'off'), to: on ? 'on' : 'off' }] }),
    command: ({ on = true }) => ({ action: 'locate', on }),
    verify: ({ after }, { on = true }) => (after.locateOn === on ? { verdict: 'verified', detail: `light ${on ? 'on' : 'off'}` } : { verdict: 'pending', detail: 'light not as asked yet' }),
  },
};

function from(value: string | undefined): { from?: string } {
  return value === undefined ? {} : { from: value };
}

function difference(to: number | undefined, now: number | undefined): number | undefined {
  return to === undefined || now === undefined ? undefined : to - now;
}

interface Effect { powerWatts?: number | undefined; hashrate?: number | undefined }

function known({ powerWatts, hashrate }: Effect): { powerWatts?: number; hashrate?: number } {
  return { ...(powerWatts === undefined ? {} : { powerWatts }), ...(hashrate === undefined ? {} : { hashrate }) };
}

function negative({ powerWatts, hashrate }: Effect): { powerWatts?: number; hashrate?: number } {
  return known({ powerWatts: difference(0, powerWatts), hashrate: difference(0, hashrate) });
}
