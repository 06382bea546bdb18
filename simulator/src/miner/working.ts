/** What a miner does at one instant: pure readings of its state, used by the step, the replies and the truth alike. */
import { boundedNormal, smoothNoise } from '../random.ts';
import { isHashing, timelines } from './lifecycle.ts';
import type { OperatingPoint } from './physics.ts';
import { airflow, blendPoints, chipAbovePcbCelsius, fanRpm, idealHashrate, inletCelsius, leakage, sensorPlaces, watts } from './physics.ts';
import type { BoardState, MinerState } from './state.ts';
import { faultsOf, hasFault, stepMs } from './state.ts';

// Bound here because a global is slow to look up inside a test runner's sandbox.
const { floor, max, min, round: roundWhole } = Math;

/** All pools lost for so long, and hashing stops while the state stays `mining` (vnish-api.md 6.4; duration [S]). */
const hashOnWithoutPoolMs = 120_000;

const noChips: ReadonlySet<number> = new Set();

/** Chips of a board that the fault `chips_bad` kills, at fixed places. */
export function badChips(state: MinerState, board: BoardState): ReadonlySet<number> {
  if (state.faults.length === 0) return noChips;
  const dead = new Set<number>();
  for (const fault of faultsOf(state, 'chips_bad')) {
    if ((fault.params.board ?? 1) !== board.id) continue;
    const count = min(fault.params.count ?? 6, state.model.chipsPerBoard);
    for (let i = 0; i < count; i += 1) dead.add((i * 7 + 3) % state.model.chipsPerBoard);
  }
  return dead;
}

/** A dead chip still does a little: 5 % of its share [S]. */
export const deadChipQuality = 0.05;

export function chipQuality(board: BoardState, chip: number, dead: ReadonlySet<number>): number {
  return dead.has(chip) ? deadChipQuality : (board.quality[chip] ?? 1);
}

export function throttleShare(state: MinerState, timeMs: number): number {
  const { from, to, startMs } = state.throttle;
  const share = max(0, min(1, (timeMs - startMs) / (timelines.throttleRamp * 1000)));
  return (from + (to - from) * share) / 100;
}

/** Frequency and voltage at which the machine is driven now, throttle and sagging PSU included. */
export function pointAt(state: MinerState, timeMs: number): OperatingPoint {
  const { from, to, startMs, durationMs } = state.ramp;
  const point = blendPoints(from, to, durationMs === 0 ? 1 : (timeMs - startMs) / durationMs);
  const sag = hasFault(state, 'psu_trouble') ? 0.93 : 1;
  return { frequencyMhz: point.frequencyMhz * throttleShare(state, timeMs), voltageMv: point.voltageMv * sag };
}

export type BoardCondition = 'present' | 'missing' | 'failed' | 'disabled';

export function boardCondition(state: MinerState, board: BoardState): BoardCondition {
  for (const { kind, params } of state.faults) {
    if ((params.board ?? 1) !== board.id) continue;
    if (kind === 'board_missing') return 'missing';
    if (kind === 'board_failed') return 'failed';
  }
  return state.settings.miner.overclock.chains[board.id - 1]?.disabled === true ? 'disabled' : 'present';
}

/** Whether the board is clocked and computing, pool or no pool. */
export function boardRuns(state: MinerState, board: BoardState, timeMs: number): boolean {
  return isHashing(state.life.phase.state) && timeMs >= (state.life.boardOnlineMs[board.id - 1] ?? Infinity)
    && boardCondition(state, board) === 'present';
}

export function idleWithoutPool(state: MinerState, timeMs: number): boolean {
  const keepOn = state.settings.miner.misc['keep_hashing_when_offline'] === true;
  return !keepOn && state.poolsLostSinceMs !== null && timeMs - state.poolsLostSinceMs >= hashOnWithoutPoolMs;
}

export function boardFrequency(state: MinerState, board: BoardState, timeMs: number): number {
  return boardRuns(state, board, timeMs) ? pointAt(state, timeMs).frequencyMhz * board.frequencyFactor : 0;
}

/** Theory at the present frequency (`hashrate_ideal`, `hr_nominal`). */
export function boardIdeal(state: MinerState, board: BoardState, timeMs: number): number {
  return idealHashrate(state.model, state.model.chipsPerBoard, boardFrequency(state, board, timeMs));
}

function degradation(state: MinerState, timeMs: number): number {
  let share = 1;
  for (const { params, sinceMs } of faultsOf(state, 'hashrate_degraded')) {
    const lost = ((params.ratio ?? 0.3) * (timeMs - sinceMs)) / 3_600_000;
    share *= max(params.floor ?? 0.88, 1 - lost);
  }
  return share;
}

/** A tuning run gives less than the promise: 85 % at first, all at the end; stuck, it stays at 86 % [S]. */
function tuningShare(state: MinerState, timeMs: number): number {
  if (state.life.phase.state !== 'auto-tuning') return 1;
  if (hasFault(state, 'stuck_autotune')) return 0.86;
  return min(1, 0.85 + (0.15 * (timeMs - state.life.phase.sinceMs)) / (timelines.autoTuning * 1000));
}

function boardQuality(state: MinerState, board: BoardState): number {
  const dead = badChips(state, board);
  if (dead.size === 0) return board.meanQuality;
  let lost = 0;
  for (const chip of dead) lost += (board.quality[chip] ?? 1) - deadChipQuality;
  return board.meanQuality - lost / state.model.chipsPerBoard;
}

/** What the board does in the mean, in `hrMeasure`. */
export function boardEffective(state: MinerState, board: BoardState, timeMs: number): number {
  if (!boardRuns(state, board, timeMs) || idleWithoutPool(state, timeMs)) return 0;
  const ideal = boardIdeal(state, board, timeMs);
  return ideal * boardQuality(state, board) * degradation(state, timeMs) * tuningShare(state, timeMs);
}

/** `hashrate_rt`: jitters by some per cent around the mean (vnish-api.md 6.2), anew in every grid step. */
export function boardRealtime(state: MinerState, board: BoardState, timeMs: number): number {
  const effective = boardEffective(state, board, timeMs);
  const jitter = 0.035 * boundedNormal(board.seed + 11, floor(timeMs / stepMs), 2.2);
  return round(effective * (1 + jitter), 2);
}

export function round(value: number, digits: number): number {
  const scale = 10 ** digits;
  return roundWhole(value * scale) / scale;
}

/** Electrical power of one board, W, whole as the API gives it. */
export function boardWatts(state: MinerState, board: BoardState, timeMs: number): number {
  const { phase } = state.life;
  const condition = boardCondition(state, board);
  if (condition === 'missing' || condition === 'disabled' || hasFault(state, 'config_damaged')) return 0;
  if (phase.state === 'starting') return 60;
  if (!isHashing(phase.state) || condition === 'failed') return 0;
  if (!boardRuns(state, board, timeMs)) return 60;
  const point = pointAt(state, timeMs);
  const share = watts(state.model, point) / state.model.boards;
  const idle = idleWithoutPool(state, timeMs) ? 0.35 : 1;
  return roundWhole(share * board.frequencyFactor * leakage(board.pcbCelsius + chipAbovePcbCelsius) * idle);
}

export function inletAt(state: MinerState, timeMs: number): number {
  const extra = faultsOf(state, 'hot_inlet').reduce((sum, fault) => sum + (fault.params.celsius ?? 15), 0);
  return inletCelsius(state.seed + 21, state.spec.roomCelsius ?? 24, timeMs) + extra;
}

export function lostFans(state: MinerState): ReadonlySet<number> {
  return new Set(faultsOf(state, 'fan_lost').map((fault) => fault.params.fan ?? 0));
}

/** Fan speeds: multiples of 30 (vnish-api.md 6.2), each fan a little different. */
export function fanSpeeds(state: MinerState, timeMs: number): number[] {
  const lost = lostFans(state);
  return Array.from({ length: state.model.fans }, (_, fan) => {
    if (lost.has(fan)) return 0;
    const own = 1 + 0.008 * smoothNoise(state.seed + 31 + fan, timeMs, 60_000) + 0.006 * (fan - 1.5);
    return roundWhole((fanRpm(state.model, state.fanDuty) * own) / 30) * 30;
  });
}

/** Immersion has no fans; the liquid cools like fans at 60 % [S]. */
export function flowAt(state: MinerState, timeMs: number): number {
  return state.settings.miner.cooling.mode.name === 'immers' ? 0.7 : airflow(state.model, fanSpeeds(state, timeMs));
}

/** The four sensors of a board, intake to exhaust, whole degrees. */
export function boardSensors(state: MinerState, board: BoardState, timeMs: number): number[] {
  const inlet = inletAt(state, timeMs);
  return sensorPlaces.map((place) => roundWhole(inlet + (board.pcbCelsius - inlet) * place));
}

/** The hottest chip that the fan controller looks at. */
export function hottestChip(state: MinerState): number {
  return max(...state.boards.map((board) => board.pcbCelsius)) + chipAbovePcbCelsius;
}
