/** What a client can make a miner do, and what the world can do to it. */
import type { ActiveFault, FaultKind, FaultParams } from './faults.ts';
import { isManner, isRpcManner, samePlace } from './faults.ts';
import { isHashing, planReboot, planRestart, planResume, planStart, planStop, planTuning, timelines } from './lifecycle.ts';
import { advanceTo, setRunningPreset, startsTuned } from './machine.ts';
import { throttleShare } from './working.ts';
import { annotate, hasFault, log, presetRow } from './state.ts';
import type { MinerState } from './state.ts';
import { mergeSettings, pendingAfter } from './settings.ts';

/** What the firmware's own process answered; becomes 500 `{"err": ...}`. */
export class CommandFailed extends Error {}

/** Texts as observed, trailing blank and all (vnish-api.md 1.4). */
export const commandErrors = {
  pause: 'CGMiner err: Cgminer error failed-to-activate-pause-mode ',
  resume: 'CGMiner err: Cgminer error failed-to-activate-resume-mode ',
  pool: 'Could not find pool',
} as const;

function plan(state: MinerState, timeMs: number, cause: 'boot' | 'start' | 'restart') {
  return { fromMs: timeMs, boards: state.boards.length, tuned: startsTuned(state), cause } as const;
}

export function stopMining(state: MinerState, timeMs: number): void {
  if (!isHashing(state.life.phase.state) && state.life.phase.state !== 'starting') throw new CommandFailed(commandErrors.pause);
  planStop(state.life, timeMs);
  advanceTo(state, timeMs);
}

export function startMining(state: MinerState, timeMs: number): void {
  if (state.life.phase.state !== 'stopped') throw new CommandFailed(commandErrors.resume);
  state.life.attempt = 0;
  planStart(state.life, plan(state, timeMs, 'start'));
  advanceTo(state, timeMs);
}

export function resumeMining(state: MinerState, timeMs: number): void {
  if (state.life.phase.state !== 'stopped') throw new CommandFailed(commandErrors.resume);
  planResume(state.life, plan(state, timeMs, 'start'));
  advanceTo(state, timeMs);
}

export function restartMining(state: MinerState, timeMs: number): void {
  state.life.attempt = 0;
  planRestart(state.life, plan(state, timeMs, 'restart'));
  advanceTo(state, timeMs);
}

/** Returns the seconds until the reboot. */
export function reboot(state: MinerState, timeMs: number): number {
  planReboot(state.life, plan(state, timeMs, 'boot'));
  advanceTo(state, timeMs);
  return timelines.reboot.down;
}

/** Power came (back) just now: unreachable until the controller is up. */
export function powerOn(state: MinerState, timeMs: number): void {
  planReboot(state.life, plan(state, timeMs, 'boot'), 0);
  advanceTo(state, timeMs);
}

export function switchPool(state: MinerState, poolId: number): void {
  if (!(poolId in state.livePools)) throw new CommandFailed(commandErrors.pool);
  state.preferredPool = poolId;
}

export function throttle(state: MinerState, percent: number, timeMs: number): void {
  state.throttle = { from: throttleShare(state, timeMs) * 100, to: percent, startMs: timeMs };
}

function tree(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

type PresetAnswer = 'run' | 'tune' | 'ignore';

/** What becomes of a posted preset name: 1.2 silently ignores what is not tuned, 1.3 tunes it (vnish-api.md 4, 5). */
function presetAnswer(state: MinerState, preset: string, moddedPsu: boolean): PresetAnswer {
  if (preset === 'disabled' || state.tuned.has(preset)) return 'run';
  const row = presetRow(state, preset);
  if (row === undefined || state.generation === '1.2' || (row.modded && !moddedPsu)) return 'ignore';
  return 'tune';
}

function changePreset(state: MinerState, timeMs: number, answer: PresetAnswer): void {
  const { preset } = state.settings.miner.overclock;
  setRunningPreset(state, preset, { timeMs, rampSeconds: timelines.presetRamp });
  if (!isHashing(state.life.phase.state)) return;
  if (answer === 'tune') planTuning(state.life, timeMs, timeMs + timelines.autoTuning * 1000);
  else if (state.life.phase.state === 'auto-tuning' && !hasFault(state, 'stuck_autotune')) state.life.upcoming = [{ state: 'mining', sinceMs: timeMs }];
  advanceTo(state, timeMs);
}

/** `POST /settings`. Returns what the reply tells, which is not all that changed (quirk 3). */
export function saveSettings(state: MinerState, body: unknown, timeMs: number): { restart: boolean; reboot: boolean } {
  const patch = structuredClone(body);
  const overclock = tree(tree(tree(patch)?.['miner'])?.['overclock']);
  const wanted = overclock?.['preset'];
  let answer: PresetAnswer = 'ignore';
  if (overclock !== null && typeof wanted === 'string') {
    const modded = overclock['modded_psu'];
    answer = presetAnswer(state, wanted, typeof modded === 'boolean' ? modded : state.settings.miner.overclock.modded_psu);
    if (answer === 'ignore') delete overclock['preset'];
  }
  const changed = mergeSettings(state.settings, patch, state.boards.length);
  const pending = pendingAfter(changed);
  const globals = changed.some((path) => path.startsWith('miner.overclock.globals')) && state.settings.miner.overclock.preset === 'disabled';
  if (answer !== 'ignore' && (changed.includes('miner.overclock.preset') || state.runningPreset !== wanted || globals)) changePreset(state, timeMs, answer);
  else if (globals) pending.restart = true;
  state.pending.restart ||= pending.restart;
  state.pending.reboot ||= pending.reboot;
  return pending;
}

/** `POST /autotune/reset`: the named presets, or all, are untuned again. */
export function resetTuning(state: MinerState, presets: readonly string[] | 'all', change: { readonly restart: boolean; readonly timeMs: number }): void {
  for (const preset of presets === 'all' ? [...state.tuned] : presets) state.tuned.delete(preset);
  if (change.restart) restartMining(state, change.timeMs);
}

function driftPreset(state: MinerState, preset: string | undefined, timeMs: number): void {
  const lowest = [...state.tuned].sort((a, b) => Number(a) - Number(b))[0];
  const target = preset ?? lowest;
  if (target !== undefined) saveSettings(state, { miner: { overclock: { preset: target } } }, timeMs);
}

type Onset = (state: MinerState, params: FaultParams, timeMs: number) => void;

/** What a fault does at the moment it comes; what it does while it lasts is in `working.ts` and `machine.ts`. */
const onsets: Partial<Record<FaultKind, Onset>> = {
  preset_drift: (state, { preset }, timeMs) => driftPreset(state, preset, timeMs),
  fan_lost: (state, { fan = 0 }, timeMs) => log(state, 'miner', { timeMs, level: 'ERROR', text: `fan#${fan + 1} - LOST` }),
  board_failed: (state, { board = 1 }, timeMs) => log(state, 'miner', { timeMs, level: 'ERROR', text: `chain#${board} - Chain break detected` }),
  board_missing: (state, { board = 1 }, timeMs) => {
    log(state, 'miner', { timeMs, level: 'ERROR', text: `chain#${board} - Failed to init pic controller` });
    log(state, 'miner', { timeMs, level: 'ERROR', text: `chain#${board} - 0 of ${state.model.chipsPerBoard} chips detected, attempt 3` });
    annotate(state, { timeMs, type: state.generation === '1.3' ? 'disable_board' : 'disable_chain', board });
  },
  chips_bad: (state, { board = 1, count = 6 }, timeMs) => {
    const chips = state.model.chipsPerBoard;
    log(state, 'miner', { timeMs, level: 'WARN', text: `chain#${board} - ${chips - count} of ${chips} chips detected, attempt 3` });
  },
  unplugged: (state, _params, timeMs) => {
    state.life.upcoming = [{ state: 'stopped', sinceMs: timeMs }];
    state.life.boardOnlineMs = state.boards.map(() => Infinity);
  },
  stuck_autotune: (state, _params, timeMs) => {
    if (isHashing(state.life.phase.state)) planTuning(state.life, timeMs, Infinity);
  },
};

/** Lets something go wrong at `timeMs`. The sockets' side (`unplugged`, manners) is the server's business. */
export function injectFault(state: MinerState, fault: { readonly kind: FaultKind; readonly params: FaultParams }, timeMs: number): void {
  const active: ActiveFault = { kind: fault.kind, params: fault.params, sinceMs: timeMs };
  state.faults = [...state.faults.filter((other) => !samePlace(other, active)), active];
  onsets[fault.kind]?.(state, fault.params, timeMs);
  advanceTo(state, timeMs);
}

const needsRestart: ReadonlySet<FaultKind> = new Set(['board_missing', 'board_failed', 'config_damaged', 'psu_trouble', 'stuck_autotune']);
const needsBoot: ReadonlySet<FaultKind> = new Set(['stock_fallback', 'unplugged']);

/** Takes away faults of one kind, or all. A machine that stopped for them starts again, as after the technician's visit. */
export function repairFault(state: MinerState, kind: FaultKind | undefined, timeMs: number): ActiveFault[] {
  const repaired = state.faults.filter((fault) => kind === undefined || fault.kind === kind);
  state.faults = state.faults.filter((fault) => !repaired.includes(fault));
  state.life.attempt = 0;
  if (repaired.some((fault) => needsBoot.has(fault.kind))) powerOn(state, timeMs);
  else if (repaired.some((fault) => needsRestart.has(fault.kind) || (!isManner(fault.kind) && !isRpcManner(fault.kind) && state.life.phase.state === 'failure'))) restartMining(state, timeMs);
  if (repaired.some((fault) => fault.kind === 'preset_drift')) {
    saveSettings(state, { miner: { overclock: { preset: state.spec.preset ?? state.model.defaultPreset } } }, timeMs);
  }
  return repaired;
}
