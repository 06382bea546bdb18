/** What can be done to a miner, and what each action needs, changes and proves. One table. */
import type { Fleet, Miner } from '../fleet/fleet.ts';
import type { ChangeKind, Intent } from '../fleet/memory.ts';
import type { Command, PollFailureReason } from '../miners/driver.ts';
import type { Reading } from '../miners/reading.ts';
import { careActions } from './care-actions.ts';
import type { Facts, Readable } from './facts.ts';
import type { Before } from './journal.ts';
import type { Means } from './means.ts';
import { poolActions } from './pool-actions.ts';
import { settingsActions } from './settings-actions.ts';
import { backFromReboot, describe, difference, from, isHashing, known, negative, pending, restarted, untilHashing } from './verdicts.ts';

export const actionNames = [
  'restart_mining', 'reboot', 'pause', 'resume', 'preset', 'locate', 'start', 'stop', 'throttle', 'switch_pool', 'set_pools', 'cooling', 'hostname', 'notes', 'password',
  'api_keys', 'autotune_reset', 'settings_backup', 'settings_restore', 'factory_reset', 'firmware_update', 'firmware_remove',
] as const;
export type ActionName = (typeof actionNames)[number];

/** A pool as it shall stand in the miner. */
export interface PoolTarget {
  /** With scheme, as stratum+tcp://ltc.viabtc.io:3333. */
  readonly url: string;
  /** Where {miner} and {worker} stand, the miner's name and its name at the pool are put in. */
  readonly worker: string;
  readonly password?: string | undefined;
}

/** Degrees Celsius and per cent; what is absent stays as it is. */
export interface CoolingTarget {
  readonly mode?: 'auto' | 'manual' | 'immersion' | undefined;
  readonly targetCelsius?: number | undefined;
  readonly fanPercent?: number | undefined;
  readonly fanMinPercent?: number | undefined;
  readonly fanMaxPercent?: number | undefined;
}

export interface Parameters {
  readonly pools?: readonly PoolTarget[] | undefined;
  readonly preset?: string | undefined;
  readonly on?: boolean | undefined;
  readonly allowUntuned?: boolean | undefined;
  /** Of full power, 20 to 100. */
  readonly percent?: number | undefined;
  /** One of the miner's own pools: its address, or its position, counted from 1. */
  readonly pool?: string | number | undefined;
  readonly cooling?: CoolingTarget | undefined;
  /** Where {miner} stands, the miner's name is put in. */
  readonly hostname?: string | undefined;
  /** Without a text the note is deleted. */
  readonly note?: { readonly key: string; readonly text?: string | undefined } | undefined;
  /** The entry of `credentials` whose password the miner gets. */
  readonly credentials?: string | undefined;
  readonly apiKey?: { readonly name: string; readonly remove?: boolean | undefined } | undefined;
  readonly presets?: readonly string[] | 'all' | undefined;
  /** Name of a backup; the newest when absent. */
  readonly backup?: string | undefined;
  /** Name of a file in control.firmware_folder. */
  readonly file?: string | undefined;
  /** True when absent. */
  readonly keepSettings?: boolean | undefined;
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
  /** What the action has read back beside the reading. */
  readonly facts: Facts;
}

/** What an action needs beside a miner that answers. */
export const needs = ['login', 'firmware_1_3', 'settings', 'presets', 'notes', 'api_keys', 'backup_file', 'firmware_file', 'credentials_entry', 'secret_store'] as const;
export type Need = (typeof needs)[number];

/** What is known of the miner and its surroundings when an action is weighed. */
export interface View { readonly facts: Facts; readonly means: Means }

/** A parameter that is missing or wrong. */
export interface ParameterMistake { readonly field: string; readonly message: string; readonly allowed: string }

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
  readonly needs: readonly Need[];
  /** What of the miner is read live for the plan, and again before the command. */
  readonly reads?: readonly Readable[];
  /** What is read back beside the reading; as `reads` when absent. */
  readonly proofs?: readonly Readable[];
  /** Writes settings: they are kept first, with the firmware's own archive. */
  readonly backsUp?: boolean;
  /** Tuned presets may go with it; anywhere else that is a failure. */
  readonly untunes?: boolean;
  /** Seconds for which the miner may take to answer; 15 when absent. */
  readonly sendSeconds?: number;
  /** A failure of reading that proves it. */
  readonly endsAs?: PollFailureReason;
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
  /** What is wrong with the parameters, whichever miner they are for. */
  mistake?(parameters: Parameters): ParameterMistake | undefined;
  assess(miner: Miner, parameters: Parameters, view: View): Assessment;
  /** What is sent; only after an assessment that did not skip. */
  command(parameters: Parameters, target: { readonly miner: Miner; readonly view: View }): Command;
  verify(evidence: Evidence, parameters: Parameters, target: { readonly miner: Miner; readonly means: Means }): Verdict;
  /** Once it is verified. */
  settled?(miner: Miner, parameters: Parameters, around: { readonly means: Means; readonly fleet: Fleet }): void;
}

const stateOf = (miner: Miner) => miner.reading?.state;

export const actions: Readonly<Record<ActionName, Action>> = {
  restart_mining: {
    risk: 'interrupts',
    needs: ['login'], disruptive: true, confirm: 'several', usualSeconds: 160, longestSeconds: 420, changes: ['mining'],
    assess(miner) {
      if (stateOf(miner) === 'stopped') return { skip: 'mining is stopped; resume it instead' };
      return { changes: [{ field: 'mining', ...from(stateOf(miner)), to: 'restarted' }] };
    },
    command: () => ({ action: 'restart_mining' }),
    verify: (evidence) => untilHashing(evidence.after, restarted(evidence)),
  },
  reboot: {
    risk: 'interrupts',
    needs: ['login'], disruptive: true, confirm: 'always', usualSeconds: 175, longestSeconds: 480, changes: ['mining'],
    assess: (miner) => ({ changes: [{ field: 'controller', ...from(stateOf(miner)), to: 'rebooted' }], warning: 'The miner is out of reach for about half a minute and does not mine for about three.' }),
    command: () => ({ action: 'reboot' }),
    verify: backFromReboot,
  },
  pause: stopping('pause', 'resume'),
  stop: stopping('stop', 'start'),
  resume: starting('resume', 'pause'),
  start: starting('start', 'stop'),
  throttle: {
    risk: 'reconfigures', undo: 'throttle, to 100 per cent', needs: ['login', 'firmware_1_3'],
    disruptive: false, confirm: 'several', usualSeconds: 90, longestSeconds: 300, changes: [],
    mistake: ({ percent }) => (percent === undefined || !Number.isInteger(percent) || percent < 20 || percent > 100 ? { field: 'parameters.percent', message: `The action "throttle" needs parameters.percent${percent === undefined ? '' : `, not ${percent}`}.`, allowed: 'a whole number from 20 to 100; 100 is full power' } : undefined),
    assess({ reading }, { percent = 100 }) {
      const now = reading?.throttleRatio;
      const version = [reading?.identity?.firmware, reading?.identity?.firmwareVersion].filter((one) => one !== undefined).join(' ');
      if (now === undefined) return { skip: `its firmware${version === '' ? '' : ` (${version})`} tells no throttle, which came with VNish 1.3` };
      if (Math.round(now * 100) === percent) return { skip: `already at ${percent} %` };
      return { changes: [{ field: 'throttle', from: `${Math.round(now * 100)} %`, to: `${percent} %` }] };
    },
    command: ({ percent = 100 }) => ({ action: 'throttle', percent }),
    verify({ after }, { percent = 100 }) {
      const now = after.throttleRatio === undefined ? undefined : Math.round(after.throttleRatio * 100);
      return now === percent ? { verdict: 'verified', detail: `at ${percent} %` } : { verdict: 'pending', detail: now === undefined ? 'the throttle is not told' : `at ${now} %` };
    },
  },
  preset: {
    risk: 'reconfigures', undo: 'preset, to the one before', needs: ['login', 'presets', 'settings'], backsUp: true,
    disruptive: true, confirm: 'several', usualSeconds: 30, longestSeconds: 240, changes: ['preset', 'mining'],
    mistake: ({ preset }) => (preset === undefined ? { field: 'parameters.preset', message: 'The action "preset" needs parameters.preset.', allowed: 'the name of a preset, as GET /rigs/{name}/presets lists them' } : undefined),
    assess({ presets, reading }, { preset: wanted, allowUntuned }) {
      const current = reading?.preset;
      const switcher = reading?.switcher?.enabled === true ? reading.switcher : undefined;
      if (wanted === undefined) return { skip: 'no preset was named' };
      if (presets === undefined) return { skip: 'its presets are not known yet; is the password right?' };
      const target = presets.find((preset) => preset.name === wanted);
      if (target === undefined) return { skip: `it has no preset "${wanted}"` };
      // On the preset, but with a switcher that would climb away from it.
      const pinned = switcher?.topPresetWatts === undefined || String(switcher.topPresetWatts) === wanted;
      if (target.name === current?.name && pinned) return { skip: `already on ${wanted}` };
      if (target.name === 'disabled') return { skip: 'manual mode is not a preset that can be chosen here' };
      if (!target.tuned && allowUntuned !== true) return { skip: `preset ${wanted} is not tuned; the miner would tune for hours` };
      const listed = presets.find((preset) => preset.name === current?.name);
      const below = switcher?.minPresetWatts !== undefined && Number(wanted) < switcher.minPresetWatts;
      const warnings = [
        ...(target.needsModifiedPsu ? ['This preset needs a modified power supply.'] : target.tuned ? [] : ['The miner will tune this preset, which takes hours.']),
        ...(switcher === undefined ? [] : ['The firmware\'s preset switcher is on: its top preset is written together with the preset, or it would climb back.']),
        ...(below ? [`The switcher's lowest preset is ${switcher.minPresetWatts}: it may climb to that.`] : []),
      ];
      return {
        changes: [
          { field: 'preset', ...from(current?.name), to: wanted },
          ...(switcher === undefined || pinned && switcher.topPresetWatts !== undefined ? [] : [{ field: 'switcher top preset', ...from(switcher.topPresetWatts === undefined ? undefined : String(switcher.topPresetWatts)), to: wanted }]),
        ],
        ...(warnings.length === 0 ? {} : { warning: warnings.join(' ') }),
        ...known({ powerWatts: difference(target.powerWatts, current?.powerWatts ?? listed?.powerWatts), hashrate: difference(target.hashrate, current?.hashrate ?? listed?.hashrate) }),
      };
    },
    command: ({ preset = '' }) => ({ action: 'preset', preset }),
    verify({ after }, { preset }) {
      if (after.preset?.name !== preset) return { verdict: 'pending', detail: `still on ${after.preset?.name ?? 'an unknown preset'}` };
      if (after.state === 'failure') return untilHashing(after, true);
      const top = after.switcher?.enabled === true ? after.switcher.topPresetWatts : undefined;
      if (top !== undefined && String(top) !== preset) return { verdict: 'pending', detail: `on ${preset ?? ''}, but the switcher's top preset is still ${top}` };
      // A miner that was stopped has taken the preset once it says so; nothing more can be proved.
      if (after.state === 'stopped') return { verdict: 'verified', detail: `on ${preset ?? ''}, stopped` };
      return isHashing(after) ? { verdict: 'verified', detail: `on ${preset ?? ''}, ${describe(after)}` } : pending(after);
    },
  },
  locate: {
    risk: 'harmless', undo: 'locate, off', needs: ['login'],
    disruptive: false, confirm: 'several', usualSeconds: 5, longestSeconds: 30, changes: [],
    assess: ({ reading }, { on = true }) => (reading?.locateOn === on ? { skip: `the light already is ${on ? 'on' : 'off'}` } : { changes: [{ field: 'locate light', ...from(reading?.locateOn === undefined ? undefined : reading.locateOn ? 'on' : 'off'), to: on ? 'on' : 'off' }] }),
    command: ({ on = true }) => ({ action: 'locate', on }),
    verify: ({ after }, { on = true }) => (after.locateOn === on ? { verdict: 'verified', detail: `light ${on ? 'on' : 'off'}` } : { verdict: 'pending', detail: 'light not as asked yet' }),
  },
  ...poolActions,
  ...settingsActions,
  ...careActions,
};

/** Two commands stop mining, and what the firmware makes of them is the same (vnish-api.md, 2.2). */
function stopping(name: 'pause' | 'stop', undo: string): Action {
  return {
    risk: 'interrupts', undo, needs: ['login'],
    disruptive: true, confirm: 'several', usualSeconds: 15, longestSeconds: 90, changes: ['mining'], intent: 'stopped',
    assess: (miner) => (stateOf(miner) === 'stopped' ? { skip: 'already stopped' } : {
      changes: [{ field: 'mining', ...from(stateOf(miner)), to: 'stopped' }], ...negative({ powerWatts: miner.reading?.powerWatts, hashrate: miner.reading?.hashrateAverage }),
    }),
    command: () => ({ action: name }),
    verify: ({ after }) => (after.state === 'stopped' ? { verdict: 'verified', detail: 'stopped' } : pending(after)),
  };
}

function starting(name: 'resume' | 'start', undo: string): Action {
  return {
    risk: 'interrupts', undo, needs: ['login'],
    disruptive: false, confirm: 'several', usualSeconds: 160, longestSeconds: 420, changes: ['mining'], intent: 'mine',
    assess({ reading }) {
      if (reading?.state !== undefined && reading.state !== 'stopped' && reading.state !== 'shutting-down') return { skip: `not stopped (${reading.state})` };
      return { changes: [{ field: 'mining', ...from(reading?.state), to: 'mining' }], ...known({ powerWatts: reading?.preset?.powerWatts, hashrate: reading?.preset?.hashrate }) };
    },
    command: () => ({ action: name }),
    verify: ({ after }) => untilHashing(after, true),
  };
}
