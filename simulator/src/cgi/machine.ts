/** An L3+ as a machine: what it hashes, draws and how warm it gets. Ratings: vnish-api.md 6.1; frequencies: 6.3, invented there [S]. */
import type { ActiveFault, FaultKind } from '../miner/faults.ts';
import type { PoolSlot } from '../miner/settings.ts';
import { workerName } from '../miner/shares.ts';
import type { ShareSink } from '../miner/state.ts';
import { boundedNormal, normal, poisson, smoothNoise, uniform } from '../random.ts';

const { PI, ceil, cos, exp, floor, max, min, round } = Math;

/** Physics and shares advance on a fixed grid of simulated time, so that looking often or seldom makes no difference. */
const stepMs = 5000;

export const l3plus = { code: 'l3plus', fullName: 'Antminer L3+', boards: 4, chipsPerBoard: 72, fans: 2, maxRpm: 6000, stockFrequencyMhz: 384 } as const;

/** MHz, MH/s, W at the wall (vnish-api.md 6.3 [S]). */
const points = [[300, 394, 560], [340, 446, 660], [384, 504, 800], [400, 525, 860], [425, 558, 950], [450, 590, 1050]] as const;

export interface CgiMinerSpec {
  readonly name: string;
  readonly model: 'l3plus';
  readonly firmware: '3.9.0';
  readonly mac: string;
  readonly pools: readonly PoolSlot[];
  /** Default `root`. */
  readonly password?: string;
  /** One of 300, 340, 384 (default), 400, 425, 450. */
  readonly frequencyMhz?: number;
  readonly roomCelsius?: number;
  /** Default `mining`, since two hours. */
  readonly begin?: 'mining' | 'boot' | 'sleeping';
  readonly site?: string;
  readonly rack?: string;
  readonly circuit?: string;
}

/** `booting`: the controller is away. `starting`: it answers, and nothing hashes yet. */
export type CgiPhase = 'booting' | 'starting' | 'mining' | 'sleeping' | 'stopped';

export interface Board { readonly board: number; readonly quality: number; pcbCelsius: number }

export interface PoolCount { accepted: number; rejected: number; stale: number; lastShareMs: number | null }

export interface Machine {
  readonly spec: CgiMinerSpec;
  readonly seed: number;
  readonly frequencyMhz: number;
  readonly megahashes: number;
  readonly wallWatts: number;
  readonly boards: readonly Board[];
  /** In the order of the spec's pools. */
  counts: PoolCount[];
  faults: ActiveFault[];
  phase: CgiPhase;
  sinceMs: number;
  /** Starts so far; each takes a time of its own. */
  starts: number;
  rpm: number;
  atMs: number;
  /** Since when no pool could be reached. */
  poolsLostSinceMs: number | null;
  sink: ShareSink | null;
}

/** The controller and the fans' share of the watts at the wall [S]. */
const besidesBoardsWatts = 20;
/** Seconds in which a board goes 63 % of the way to its new temperature [S]. */
const thermalSeconds = 75;
/** Seconds that the controller is away in a reboot [S]. */
export const bootSeconds = 35;
const warmMs = 7_200_000;

const freshCount = (): PoolCount => ({ accepted: 0, rejected: 0, stale: 0, lastShareMs: null });

/** The pool hears of the last minutes' shares, of so many ms, as of every miner that is found mining. */
const creditedMs = 600_000;

export function createMachine(spec: CgiMinerSpec, seed: number, { nowMs, sink }: { readonly nowMs: number; readonly sink: ShareSink | null }): Machine {
  const frequencyMhz = spec.frequencyMhz ?? l3plus.stockFrequencyMhz;
  const point = points.find(([mhz]) => mhz === frequencyMhz);
  if (point === undefined) throw new RangeError(`frequencyMhz must be one of ${points.map(([mhz]) => mhz).join(', ')}, not ${frequencyMhz}`);
  const begin = spec.begin ?? 'mining';
  const startMs = begin === 'mining' ? nowMs - warmMs : nowMs;
  const machine: Machine = {
    spec, seed, frequencyMhz, megahashes: point[1], wallWatts: point[2],
    boards: Array.from({ length: l3plus.boards }, (_, index) => ({ board: index + 1, quality: 1 + 0.006 * normal(seed + 3, index), pcbCelsius: spec.roomCelsius ?? 23 })),
    phase: begin === 'boot' ? 'booting' : begin, counts: spec.pools.map(freshCount), faults: [], sinceMs: startMs, starts: 0, rpm: 2000, atMs: floor(startMs / stepMs) * stepMs, poolsLostSinceMs: null, sink: null,
  };
  advanceMachine(machine, nowMs - creditedMs);
  machine.sink = sink;
  advanceMachine(machine, nowMs);
  return machine;
}

/** 30 to 60 s until it mines again (vnish-api.md 5). */
export function startSeconds({ seed, starts }: Machine): number {
  return 30 + 30 * uniform(seed + 17, starts);
}

export function enterPhase(machine: Machine, phase: CgiPhase, timeMs: number): void {
  if (phase === 'starting') machine.starts += 1;
  // All counters begin anew with the mining process.
  if (phase === 'starting') machine.counts = machine.counts.map(freshCount);
  machine.phase = phase;
  machine.sinceMs = timeMs;
}

/** Faults of one kind that lie on this board, where they name one. */
function faultsOn({ faults }: Machine, kind: FaultKind, board?: number): readonly ActiveFault[] {
  return faults.filter((fault) => fault.kind === kind && (board === undefined || (fault.params.board ?? 1) === board));
}

export function isMissing(machine: Machine, { board }: Board): boolean {
  return faultsOn(machine, 'board_missing', board).length > 0;
}

/** It is there and hashes no more. */
export function isFailed(machine: Machine, { board }: Board): boolean {
  return faultsOn(machine, 'board_failed', board).length > 0;
}

/** Chips of the board that are dead, from its end. */
export function deadChips(machine: Machine, { board }: Board): number {
  return min(l3plus.chipsPerBoard, faultsOn(machine, 'chips_bad', board).reduce((count, { params }) => count + (params.count ?? 6), 0));
}

export function poolDown({ faults }: Machine, id: number): boolean {
  return faults.some(({ kind, params }) => kind === 'pool_down' && (params.pool === 'all' || (params.pool ?? 0) === id));
}

/** The first pool that lives. */
export function activePool(machine: Machine): number | undefined {
  const found = machine.spec.pools.findIndex((_, id) => !poolDown(machine, id));
  return found === -1 ? undefined : found;
}

/** All pools lost for so long, and hashing stops (as on the newer firmware; duration [S]). */
const hashOnWithoutPoolMs = 120_000;

/** Room, day and night. */
function inlet(machine: Machine, timeMs: number): number {
  const { seed, spec } = machine;
  const extra = faultsOn(machine, 'hot_inlet').reduce((sum, { params }) => sum + (params.celsius ?? 15), 0);
  return (spec.roomCelsius ?? 23) + 2.5 * cos((((timeMs / 3_600_000) % 24) - 15) * (PI / 12)) + 0.8 * smoothNoise(seed, timeMs, 3_600_000) + extra;
}

/** Watts of one board: what the wall gives, less the rest, by four; a start and a sleep draw little. */
export function boardWatts(machine: Machine, board: Board): number {
  const { phase, wallWatts } = machine;
  if (isMissing(machine, board) || phase === 'booting') return 0;
  if (phase === 'mining') return isFailed(machine, board) ? 4 : (wallWatts - besidesBoardsWatts) / l3plus.boards;
  return phase === 'starting' ? 60 : 4;
}

/** Chips above their board: 13 °C at stock power (the status in vnish-api.md 5 shows 45 and 58). */
export function chipCelsius(machine: Machine, board: Board): number {
  return board.pcbCelsius + (13 * boardWatts(machine, board)) / 195;
}

/** Mean hashrate of a board, MH/s. */
export function boardMegahashes(machine: Machine, board: Board, timeMs: number): number {
  const { phase, megahashes, poolsLostSinceMs } = machine;
  const idle = poolsLostSinceMs !== null && timeMs - poolsLostSinceMs >= hashOnWithoutPoolMs;
  if (phase !== 'mining' || idle || isMissing(machine, board) || isFailed(machine, board)) return 0;
  return (megahashes / l3plus.boards) * board.quality * (1 - deadChips(machine, board) / l3plus.chipsPerBoard);
}

/** What the firmware shows for a board just now: the mean with 2 % of jitter, anew every 5 s. */
export function shownMegahashes(machine: Machine, board: Board, timeMs: number): number {
  return boardMegahashes(machine, board, timeMs) * (1 + 0.02 * boundedNormal(machine.seed + 40 + board.board, floor(timeMs / stepMs)));
}

/** `fan` counted from 1; faults count fans from 0. */
export function fanRpm(machine: Machine, fan: number, timeMs: number): number {
  if (faultsOn(machine, 'fan_lost').some(({ params }) => (params.fan ?? 0) === fan - 1)) return 0;
  return round((machine.rpm * (1 + 0.015 * smoothNoise(machine.seed + 60 + fan, timeMs, 30_000)) * (fan === 2 ? 1.04 : 1)) / 30) * 30;
}

/** Air that goes through, in rpm of two fans: one lost is half of it. */
function air(machine: Machine): number {
  const lost = new Set(faultsOn(machine, 'fan_lost').map(({ params }) => params.fan ?? 0)).size;
  return max(300, machine.rpm * (1 - min(lost, l3plus.fans) / l3plus.fans));
}

/** Chips are switched off above this: VNish's usual restart temperature (vnish-api.md 6.2); that the L3+ then stops is ours [S]. */
const tripCelsius = 90;

function warm(machine: Machine, timeMs: number): void {
  const cold = inlet(machine, timeMs);
  for (const board of machine.boards) {
    const extra = machine.phase === 'mining' ? faultsOn(machine, 'chip_overheat', board.board).reduce((sum, { params }) => sum + (params.celsius ?? 40), 0) : 0;
    const target = cold + extra + 22 * (boardWatts(machine, board) / 195) * (3400 / air(machine)) ** 0.8;
    board.pcbCelsius = target + (board.pcbCelsius - target) * exp(-stepMs / 1000 / thermalSeconds);
  }
  const hottest = max(...machine.boards.map((board) => chipCelsius(machine, board)));
  machine.rpm = max(1500, min(l3plus.maxRpm, 3400 + 120 * (hottest - 58)));
  if (hottest >= tripCelsius && machine.phase === 'mining') enterPhase(machine, 'stopped', timeMs);
}

/** A share every 8 s at stock speed; hashes that one unit of difficulty stands for: prohashing-api.md 2.6. */
const [shareDifficulty, hashesPerDifficulty] = [65_536, 65_536];

function submitShares(machine: Machine, timeMs: number): void {
  const active = activePool(machine);
  if (active === undefined) {
    machine.poolsLostSinceMs ??= timeMs;
    return;
  }
  machine.poolsLostSinceMs = null;
  const [pool, count] = [machine.spec.pools[active], machine.counts[active]];
  const hashes = machine.boards.reduce((sum, board) => sum + boardMegahashes(machine, board, timeMs), 0) * 1e6 * (stepMs / 1000);
  if (pool === undefined || count === undefined || hashes === 0) return;
  const index = floor(timeMs / stepMs);
  const found = poisson(hashes / (shareDifficulty * hashesPerDifficulty), uniform(machine.seed + 41, index));
  const rejected = poisson(found * 0.008, uniform(machine.seed + 42, index));
  const accepted = max(0, found - rejected);
  count.accepted += accepted;
  count.rejected += found - accepted;
  if (accepted > 0) count.lastShareMs = timeMs;
  if (found === 0) return;
  machine.sink?.credit({
    miner: machine.spec.name, session: machine.starts * 100 + active, worker: workerName(pool), url: pool.url, pass: pool.pass, timeMs,
    shareDifficulty, difficulty: accepted * shareDifficulty, staleDifficulty: 0, rejectedDifficulty: (found - accepted) * shareDifficulty,
  });
}

/** Brings the machine to this time: phases at their exact times, physics and shares on the grid. */
export function advanceMachine(machine: Machine, toMs: number): void {
  for (;;) {
    const life = machine.phase === 'booting' ? bootSeconds : machine.phase === 'starting' ? startSeconds(machine) : Infinity;
    const phaseEnds = machine.sinceMs + ceil(life * 1000);
    const next = machine.atMs + stepMs;
    if (min(phaseEnds, next) > toMs) return;
    if (phaseEnds <= next) {
      enterPhase(machine, machine.phase === 'booting' ? 'starting' : 'mining', phaseEnds);
      continue;
    }
    machine.atMs = next;
    warm(machine, next);
    submitShares(machine, next);
  }
}
