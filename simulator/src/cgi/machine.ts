/** An L3+ as a machine: what it hashes, draws and how warm it gets. Ratings: vnish-api.md 6.1; frequencies: 6.3, invented there [S]. */
import type { PoolSlot } from '../miner/settings.ts';
import { boundedNormal, normal, smoothNoise, uniform } from '../random.ts';

const { PI, ceil, cos, exp, floor, max, min, round } = Math;

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
}

/** `booting`: the controller is away. `starting`: it answers, and nothing hashes yet. */
export type CgiPhase = 'booting' | 'starting' | 'mining' | 'sleeping' | 'stopped';

export interface Board { readonly board: number; readonly quality: number; pcbCelsius: number; missing: boolean }

export interface Machine {
  readonly spec: CgiMinerSpec;
  readonly seed: number;
  readonly frequencyMhz: number;
  readonly megahashes: number;
  readonly wallWatts: number;
  readonly boards: readonly Board[];
  phase: CgiPhase;
  sinceMs: number;
  /** Starts so far; each takes a time of its own. */
  starts: number;
  rpm: number;
  atMs: number;
}

/** The controller and the fans' share of the watts at the wall [S]. */
const besidesBoardsWatts = 20;
/** Seconds in which a board goes 63 % of the way to its new temperature [S]. */
const thermalSeconds = 75;
/** Seconds that the controller is away in a reboot [S]. */
export const bootSeconds = 35;
const warmMs = 7_200_000;

export function createMachine(spec: CgiMinerSpec, seed: number, nowMs: number): Machine {
  const frequencyMhz = spec.frequencyMhz ?? l3plus.stockFrequencyMhz;
  const point = points.find(([mhz]) => mhz === frequencyMhz);
  if (point === undefined) throw new RangeError(`frequencyMhz must be one of ${points.map(([mhz]) => mhz).join(', ')}, not ${frequencyMhz}`);
  const begin = spec.begin ?? 'mining';
  const startMs = begin === 'mining' ? nowMs - warmMs : nowMs;
  const machine: Machine = {
    spec, seed, frequencyMhz, megahashes: point[1], wallWatts: point[2],
    boards: Array.from({ length: l3plus.boards }, (_, index) => ({ board: index + 1, quality: 1 + 0.006 * normal(seed + 3, index), pcbCelsius: spec.roomCelsius ?? 23, missing: false })),
    phase: begin === 'boot' ? 'booting' : begin, sinceMs: startMs, starts: 0, rpm: 2000, atMs: startMs,
  };
  advanceMachine(machine, nowMs);
  return machine;
}

/** 30 to 60 s until it mines again (vnish-api.md 5). */
export function startSeconds({ seed, starts }: Machine): number {
  return 30 + 30 * uniform(seed + 17, starts);
}

export function enterPhase(machine: Machine, phase: CgiPhase, timeMs: number): void {
  if (phase === 'starting') machine.starts += 1;
  machine.phase = phase;
  machine.sinceMs = timeMs;
}

/** Room, day and night. */
function inlet({ seed, spec }: Machine, timeMs: number): number {
  return (spec.roomCelsius ?? 23) + 2.5 * cos((((timeMs / 3_600_000) % 24) - 15) * (PI / 12)) + 0.8 * smoothNoise(seed, timeMs, 3_600_000);
}

/** Watts of one board: what the wall gives, less the rest, by four; a start and a sleep draw little. */
export function boardWatts({ phase, wallWatts }: Machine, { missing }: Board): number {
  if (missing || phase === 'booting') return 0;
  if (phase === 'mining') return (wallWatts - besidesBoardsWatts) / l3plus.boards;
  return phase === 'starting' ? 60 : 4;
}

/** Chips above their board: 13 °C at stock power (the status in vnish-api.md 5 shows 45 and 58). */
export function chipCelsius(machine: Machine, board: Board): number {
  return board.pcbCelsius + (13 * boardWatts(machine, board)) / 195;
}

/** Mean hashrate of a board, MH/s. */
export function boardMegahashes({ phase, megahashes }: Machine, { missing, quality }: Board): number {
  return missing || phase !== 'mining' ? 0 : (megahashes / l3plus.boards) * quality;
}

/** What the firmware shows for a board just now: the mean with 2 % of jitter, anew every 5 s. */
export function shownMegahashes(machine: Machine, board: Board, timeMs: number): number {
  return boardMegahashes(machine, board) * (1 + 0.02 * boundedNormal(machine.seed + 40 + board.board, floor(timeMs / 5000)));
}

export function fanRpm(machine: Machine, fan: number, timeMs: number): number {
  return round((machine.rpm * (1 + 0.015 * smoothNoise(machine.seed + 60 + fan, timeMs, 30_000)) * (fan === 2 ? 1.04 : 1)) / 30) * 30;
}

function step(machine: Machine, seconds: number, timeMs: number): void {
  const air = inlet(machine, timeMs);
  for (const board of machine.boards) {
    const target = air + 22 * (boardWatts(machine, board) / 195) * (3400 / machine.rpm) ** 0.8;
    board.pcbCelsius = target + (board.pcbCelsius - target) * exp(-seconds / thermalSeconds);
  }
  const hottest = max(...machine.boards.map((board) => chipCelsius(machine, board)));
  machine.rpm = max(1500, min(l3plus.maxRpm, 3400 + 120 * (hottest - 58)));
}

/** Brings the machine to this time, phase by phase, in steps of at most 5 s. */
export function advanceMachine(machine: Machine, toMs: number): void {
  // An hour settles everything; a longer leap need not be walked.
  if (toMs - machine.atMs > 3_600_000 && machine.phase !== 'booting' && machine.phase !== 'starting') machine.atMs = toMs - 3_600_000;
  while (machine.atMs < toMs) {
    const life = machine.phase === 'booting' ? bootSeconds : machine.phase === 'starting' ? startSeconds(machine) : undefined;
    const phaseEnds = life === undefined ? toMs : machine.sinceMs + ceil(life * 1000);
    const next = min(toMs, machine.atMs + 5000, max(phaseEnds, machine.atMs));
    step(machine, (next - machine.atMs) / 1000, next);
    machine.atMs = next;
    if (life !== undefined && next >= phaseEnds) enterPhase(machine, machine.phase === 'booting' ? 'starting' : 'mining', next);
  }
}
