/** Moves a miner through simulated time: phases at their exact times, physics and protections on a fixed grid. */
import { poisson, uniform } from '../random.ts';
import type { Phase } from './lifecycle.ts';
import { isHashing, planFailure, planRestart, planTuning, settlePhases, timelines } from './lifecycle.ts';
import { boardRise, boardThermalSeconds, chipAbovePcbCelsius, regulateFans, settleTowards } from './physics.ts';
import { resetCounters, seasonCounters, submitShares } from './shares.ts';
import type { BoardState, MinerState } from './state.ts';
import { annotate, faultsOf, hasFault, log, presetPoint, presetRow, stepMs } from './state.ts';
import {
  boardCondition, boardEffective, boardIdeal, boardRealtime, boardRuns, boardWatts, flowAt, hottestChip, inletAt, lostFans,
} from './working.ts';

// Bound here because a global is slow to look up inside a test runner's sandbox.
const { floor, max, min, round } = Math;

const stepSeconds = stepMs / 1000;
const averageSeconds = 600;
export const historyEveryMs = 300_000;
const historyLimit = (259_200_000 / historyEveryMs) + 12;

/** Whether the preset that would run after a start needs a tuning run first. */
export function startsTuned(state: MinerState): boolean {
  if (hasFault(state, 'stuck_autotune')) return false;
  const { preset } = state.settings.miner.overclock;
  return preset === 'disabled' || state.tuned.has(preset);
}

export function setRunningPreset(state: MinerState, preset: string, change: { readonly timeMs: number; readonly rampSeconds: number }): void {
  const { from, to, startMs, durationMs } = state.ramp;
  const share = durationMs === 0 ? 1 : min(1, max(0, (change.timeMs - startMs) / durationMs));
  const now = {
    frequencyMhz: from.frequencyMhz + (to.frequencyMhz - from.frequencyMhz) * share,
    voltageMv: from.voltageMv + (to.voltageMv - from.voltageMv) * share,
  };
  state.runningPreset = preset;
  state.ramp = { from: now, to: presetPoint(state, preset), startMs: change.timeMs, durationMs: change.rampSeconds * 1000 };
}

function onBoot(state: MinerState, phase: Phase): void {
  state.life.bootedAtMs = phase.sinceMs;
  state.life.restarts = 0;
  state.life.attempt = 0;
  state.pending = { restart: false, reboot: false };
  state.ledOn = false;
  annotate(state, { timeMs: phase.sinceMs, type: 'reboot' });
}

function onInitializing(state: MinerState, phase: Phase): void {
  const timeMs = phase.sinceMs;
  if (phase.cause === 'boot') onBoot(state, phase);
  if (phase.cause === 'start') annotate(state, { timeMs, type: 'start' });
  state.pending.restart = false;
  resetCounters(state);
  const { preset } = state.settings.miner.overclock;
  const point = presetPoint(state, preset);
  state.runningPreset = preset;
  state.ramp = { from: point, to: point, startMs: timeMs, durationMs: 0 };
  for (const fault of state.faults) fault.givenUp = false;
  const { model, spec } = state;
  log(state, 'status', { timeMs, level: 'INFO', text: `Initializing [${model.fullName} ${model.platform} (${spec.firmware})]` });
  log(state, 'miner', { timeMs, level: 'INFO', text: 'Initializing PSU' });
  log(state, 'miner', { timeMs, level: 'INFO', text: 'PSU model: 0x75' });
  for (const board of state.boards) logBoardStart(state, board, timeMs);
  const lost = lostFans(state);
  for (let fan = 0; fan < model.fans; fan += 1) {
    log(state, 'miner', { timeMs, level: lost.has(fan) ? 'ERROR' : 'INFO', text: `fan#${fan + 1} - ${lost.has(fan) ? 'LOST' : 'ok'}` });
  }
  if (preset !== 'disabled' && !state.tuned.has(preset)) log(state, 'status', { timeMs, level: 'INFO', text: 'Auto-tuning' });
}

function logBoardStart(state: MinerState, board: BoardState, timeMs: number): void {
  const chips = state.model.chipsPerBoard;
  if (boardCondition(state, board) === 'missing') {
    log(state, 'miner', { timeMs, level: 'ERROR', text: `chain#${board.id} - Failed to init pic controller` });
    log(state, 'miner', { timeMs, level: 'ERROR', text: `chain#${board.id} - 0 of ${chips} chips detected, attempt 3` });
    return;
  }
  log(state, 'miner', { timeMs, level: 'INFO', text: `chain#${board.id} - connected` });
  log(state, 'miner', { timeMs, level: 'INFO', text: `chain#${board.id} - ${chips} of ${chips} chips detected, attempt 1` });
}

/** What happens at the moment a phase begins. */
function enterPhase(state: MinerState, phase: Phase): void {
  const timeMs = phase.sinceMs;
  switch (phase.state) {
    case 'initializing':
      onInitializing(state, phase);
      break;
    case 'mining':
      if (phase.cause === 'tuned') {
        state.tuned.add(state.runningPreset);
        log(state, 'autotune', { timeMs, level: 'INFO', text: `Preset ${state.runningPreset} tuned` });
      }
      log(state, 'status', { timeMs, level: 'INFO', text: 'Mining' });
      break;
    case 'auto-tuning':
      log(state, 'status', { timeMs, level: 'INFO', text: 'Auto-tuning' });
      log(state, 'autotune', { timeMs, level: 'INFO', text: `Tuning preset ${state.runningPreset}` });
      break;
    case 'restarting':
      annotate(state, { timeMs, type: 'restart' });
      break;
    case 'shutting-down':
      annotate(state, { timeMs, type: 'stop' });
      break;
    case 'stopped':
      log(state, 'status', { timeMs, level: 'INFO', text: 'Mining stopped' });
      break;
    case 'failure':
      log(state, 'status', { timeMs, level: 'ERROR', text: phase.failure?.description ?? 'Failure' });
      break;
    case 'starting':
      break;
  }
}

function settle(state: MinerState, timeMs: number): void {
  for (const phase of settlePhases(state.life, timeMs)) enterPhase(state, phase);
}

function misc(state: MinerState, name: string): number {
  const value = state.settings.miner.misc[name];
  return typeof value === 'number' ? value : 0;
}

function fail(state: MinerState, timeMs: number, failure: { readonly code: number; readonly description: string }): void {
  planFailure(state.life, timeMs, failure);
  settle(state, timeMs);
}

/** The watchdog: another try, or the end of tries. Returns false when it gives up. */
function tryRestart(state: MinerState, timeMs: number, trouble: { readonly reason: string; readonly coolDownSeconds: number }): boolean {
  const most = misc(state, 'max_restart_attempts');
  if (most > 0 && state.life.attempt >= most) return false;
  state.life.attempt += 1;
  log(state, 'status', { timeMs, level: 'WARN', text: `Restarting (${state.life.attempt} of ${most}) - ${trouble.reason}` });
  planRestart(state.life, { fromMs: timeMs, boards: state.boards.length, tuned: startsTuned(state), cause: 'restart' }, trouble.coolDownSeconds);
  settle(state, timeMs);
  return true;
}

/** Failure codes beyond 1002 are not public (vnish-api.md 3); these are [S]. */
export const failureCodes = { config: 1002, boards: 1010, fans: 1020, overheat: 1030, psu: 1040 } as const;

function protectFromHeat(state: MinerState, timeMs: number): boolean {
  const limit = misc(state, 'restart_temp');
  const hottest = hottestChip(state);
  if (limit === 0 || hottest < limit) {
    state.overheatStreak = 0;
    return false;
  }
  state.overheatStreak += 1;
  if (state.overheatStreak < 12) return false;
  state.overheatStreak = 0;
  const hot = state.boards.find((board) => board.pcbCelsius + chipAbovePcbCelsius === hottest);
  const board = hot?.id ?? 1;
  const text = `chain#${board} - Overheated, chip temp=${round(hottest)}`;
  log(state, 'miner', { timeMs, level: 'ERROR', text });
  annotate(state, { timeMs, type: 'overheat', board });
  if (tryRestart(state, timeMs, { reason: 'Overheated', coolDownSeconds: 60 })) {
    log(state, 'status', { timeMs, level: 'INFO', text: 'Cooling down the miner' });
  } else {
    fail(state, timeMs, { code: failureCodes.overheat, description: text });
  }
  return true;
}

function protectFromFans(state: MinerState, timeMs: number): boolean {
  const { cooling } = state.settings.miner;
  if (cooling.mode.name === 'immers') return false;
  const turning = state.model.fans - lostFans(state).size;
  if (turning >= cooling.fan_min_count) return false;
  fail(state, timeMs, { code: failureCodes.fans, description: `Not enough fans: ${turning} of ${cooling.fan_min_count}` });
  return true;
}

function operationalBoards(state: MinerState): number {
  return state.boards.filter((board) => boardCondition(state, board) === 'present').length;
}

function protectFromBoards(state: MinerState, timeMs: number): boolean {
  if (operationalBoards(state) < max(1, misc(state, 'min_operational_chains'))) {
    const failed = state.boards.find((board) => boardCondition(state, board) === 'failed');
    const description = failed === undefined ? 'Miner initialization failed' : `chain#${failed.id} - Chain break detected`;
    if (failed === undefined || !tryRestart(state, timeMs, { reason: 'Chain break detected', coolDownSeconds: 0 })) {
      fail(state, timeMs, { code: failureCodes.boards, description });
    }
    return true;
  }
  for (const fault of faultsOf(state, 'board_failed')) {
    const since = max(fault.sinceMs, state.life.phase.sinceMs);
    if (fault.givenUp === true || timeMs - since < 30_000) continue;
    const tolerant = state.settings.miner.misc['disable_chain_break_protection'] === true;
    if (!tolerant && tryRestart(state, timeMs, { reason: 'Chain break detected', coolDownSeconds: 0 })) return true;
    fault.givenUp = true;
    const board = fault.params.board ?? 1;
    log(state, 'miner', { timeMs, level: 'ERROR', text: `chain#${board} - Chain break detected` });
    annotate(state, { timeMs, type: state.generation === '1.3' ? 'disable_board' : 'disable_chain', board });
  }
  return false;
}

function protectFromPsu(state: MinerState, timeMs: number): boolean {
  const [trouble] = faultsOf(state, 'psu_trouble');
  if (trouble === undefined || timeMs - trouble.sinceMs < 60_000) return false;
  const description = `Failed to set voltage to ${round(state.ramp.to.voltageMv)} mV`;
  log(state, 'miner', { timeMs, level: 'ERROR', text: description });
  fail(state, timeMs, { code: failureCodes.psu, description });
  return true;
}

/** Low-hashrate restart: no sooner than 5 min after mining began, then every 90 s (vnish-api.md 2.3, vendor's words). */
function protectFromLowHashrate(state: MinerState, timeMs: number): boolean {
  const limit = misc(state, 'restart_hashrate');
  const { phase } = state.life;
  const age = timeMs - phase.sinceMs;
  if (limit === 0 || phase.state !== 'mining' || age < 300_000 || floor(timeMs / 90_000) === floor((timeMs - stepMs) / 90_000)) return false;
  const nominal = state.boards.reduce((sum, board) => sum + boardIdeal(state, board, timeMs), 0);
  const average = state.boards.reduce((sum, board) => sum + board.averageHashrate, 0);
  if (nominal === 0 || state.poolsLostSinceMs !== null || (average / nominal) * 100 >= limit) return false;
  return tryRestart(state, timeMs, { reason: 'Low hashrate', coolDownSeconds: 0 });
}

/** The preset switcher: a step down above `decrease_temp`, up below `rise_temp`, every `check_time` s (vnish-api.md 4). */
function switchPreset(state: MinerState, timeMs: number): void {
  const switcher = state.settings.miner.overclock.preset_switcher;
  const every = switcher.check_time * 1000;
  if (!switcher.enabled || state.life.phase.state !== 'mining') return;
  if (floor(timeMs / every) === floor((timeMs - stepMs) / every)) return;
  const tuned = state.model.presets.map((row) => String(row.watts)).filter((name) => state.tuned.has(name));
  const place = tuned.indexOf(state.runningPreset);
  if (place === -1) return;
  const hottest = hottestChip(state);
  const top = switcher.top_preset ?? state.settings.miner.overclock.preset;
  const step = hottest > switcher.decrease_temp ? -1 : Number(hottest < switcher.rise_temp);
  const next = tuned[place + step];
  if (step === 0 || next === undefined || Number(next) > Number(top) || Number(next) < Number(switcher.min_preset ?? 0)) return;
  setRunningPreset(state, next, { timeMs, rampSeconds: timelines.presetRamp });
}

function protect(state: MinerState, timeMs: number): void {
  if (hasFault(state, 'config_damaged')) {
    if (state.life.phase.state !== 'failure') fail(state, timeMs, { code: failureCodes.config, description: 'Failed to parse miner configuration' });
    return;
  }
  if (!isHashing(state.life.phase.state)) return;
  const acted = protectFromPsu(state, timeMs) || protectFromFans(state, timeMs) || protectFromBoards(state, timeMs)
    || protectFromHeat(state, timeMs) || protectFromLowHashrate(state, timeMs);
  if (!acted) switchPreset(state, timeMs);
}

function coolBoards(state: MinerState, timeMs: number): void {
  const inlet = inletAt(state, timeMs);
  const flow = flowAt(state, timeMs);
  for (const board of state.boards) {
    const extra = boardRuns(state, board, timeMs)
      ? faultsOf(state, 'chip_overheat').filter((fault) => (fault.params.board ?? 1) === board.id)
        .reduce((sum, fault) => sum + (fault.params.celsius ?? 40), 0) : 0;
    const target = inlet + extra + boardRise(state.model, boardWatts(state, board, timeMs), flow);
    board.pcbCelsius = settleTowards(board.pcbCelsius, { target, seconds: stepSeconds, inertiaSeconds: boardThermalSeconds });
  }
}

function turnFans(state: MinerState): void {
  const { cooling } = state.settings.miner;
  if (cooling.mode.name === 'immers') {
    state.fanDuty = 0;
    return;
  }
  if (cooling.mode.name === 'manual') {
    state.fanDuty = cooling.mode.param;
    return;
  }
  const error = hottestChip(state) - cooling.mode.param;
  const duty = regulateFans(state.fanDuty, { now: error, before: state.fanError, seconds: stepSeconds });
  state.fanError = error;
  const limit = misc(state, 'restart_temp');
  const wanted = limit > 0 && hottestChip(state) >= limit - 2 ? 100 : duty;
  state.fanDuty = max(cooling.fan_min_duty, state.model.limits.minFanDuty, min(cooling.fan_max_duty, wanted));
}

function countWork(state: MinerState, timeMs: number): void {
  const index = floor(timeMs / stepMs);
  let total = 0;
  for (const board of state.boards) {
    const runs = boardRuns(state, board, timeMs);
    if (!runs) {
      board.averageHashrate = 0;
      continue;
    }
    const realtime = boardRealtime(state, board, timeMs);
    total += realtime;
    board.averageHashrate = board.averageHashrate === 0 ? boardEffective(state, board, timeMs)
      : settleTowards(board.averageHashrate, { target: realtime, seconds: stepSeconds, inertiaSeconds: averageSeconds });
    board.hwErrors += poisson((board.errorsPerDay * stepSeconds) / 86_400, uniform(board.seed + 12, index));
    board.faultErrors += poisson(faultErrorsPerMinute(state, board) * (stepSeconds / 60), uniform(board.seed + 13, index));
  }
  const hashes = total * state.model.hashesPerUnit * stepSeconds;
  state.hashes += hashes;
  submitShares(state, hashes, timeMs);
}

function faultErrorsPerMinute(state: MinerState, board: BoardState): number {
  const here = (params: { readonly board?: number }) => (params.board ?? 1) === board.id;
  const noisy = faultsOf(state, 'hw_errors').filter(({ params }) => here(params)).reduce((sum, { params }) => sum + (params.perMinute ?? 120), 0);
  const bad = faultsOf(state, 'chips_bad').filter(({ params }) => here(params)).reduce((sum, { params }) => sum + 4 * (params.count ?? 6), 0);
  return noisy + bad;
}

function keepHistory(state: MinerState, timeMs: number): void {
  if (timeMs % historyEveryMs !== 0) return;
  const pcb = max(...state.boards.map((board) => board.pcbCelsius));
  state.history.push({
    timeMs,
    hashrate: state.boards.reduce((sum, board) => sum + board.averageHashrate, 0),
    pcbCelsius: pcb,
    chipCelsius: pcb + chipAbovePcbCelsius,
    fanDuty: state.fanDuty,
    watts: state.boards.reduce((sum, board) => sum + boardWatts(state, board, timeMs), 0),
  });
  if (state.history.length > historyLimit) state.history.shift();
}

function step(state: MinerState, timeMs: number): void {
  settle(state, timeMs);
  coolBoards(state, timeMs);
  turnFans(state);
  countWork(state, timeMs);
  protect(state, timeMs);
  if (state.life.phase.state === 'mining' && timeMs - state.life.phase.sinceMs > 900_000) state.life.attempt = 0;
  keepHistory(state, timeMs);
  state.gridMs = timeMs;
}

/** Brings the miner up to `timeMs`. However the way is cut into calls, the end is the same. */
export function advanceTo(state: MinerState, timeMs: number): void {
  for (let next = state.gridMs + stepMs; next <= timeMs; next += stepMs) step(state, next);
  settle(state, timeMs);
}

/** Makes a fresh state one of a miner that has been mining for so many days. */
export function seasonMining(state: MinerState, days: number): void {
  const sinceMs = state.startMs - round(days * 86_400_000);
  const { life } = state;
  life.phase = { state: 'mining', sinceMs };
  life.bootedAtMs = sinceMs - 125_000;
  life.boardOnlineMs = state.boards.map(() => sinceMs);
  if (!startsTuned(state)) planTuning(life, sinceMs, Infinity);
  for (const board of state.boards) board.averageHashrate = boardEffective(state, board, state.gridMs);
  state.fanDuty = 60;
  for (let i = 0; i < 500; i += 1) {
    coolBoards(state, state.gridMs);
    turnFans(state);
  }
  seasonCounters(state, days * 86_400);
  log(state, 'status', { timeMs: sinceMs - 95_000, level: 'INFO', text: `Initializing [${state.model.fullName} ${state.model.platform} (${state.spec.firmware})]` });
  log(state, 'status', { timeMs: sinceMs, level: 'INFO', text: 'Mining' });
  log(state, 'miner', { timeMs: sinceMs - 95_000, level: 'INFO', text: 'Initializing PSU' });
  for (const board of state.boards) logBoardStart(state, board, sinceMs - 90_000);
  annotate(state, { timeMs: sinceMs - 95_000, type: 'start' });
}

/** Expected history of a quiet past at the state of now; for times before the simulator began. */
export function quietSample(state: MinerState, timeMs: number): { hashrate: number; pcb: number; duty: number; watts: number } {
  const row = presetRow(state, state.settings.miner.overclock.preset);
  const hashrate = row?.hashrate ?? state.rating;
  const drift = inletAt({ ...state, faults: [] }, timeMs) - inletAt({ ...state, faults: [] }, state.startMs);
  return {
    hashrate: hashrate * (1 + 0.004 * (uniform(state.seed + 17, floor(timeMs / historyEveryMs)) - 0.5)),
    pcb: 55, duty: max(10, min(100, 55 + drift * 4)), watts: row?.watts ?? state.model.stock.watts,
  };
}
