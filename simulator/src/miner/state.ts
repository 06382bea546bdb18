/** Everything that changes about one simulated miner. */
import type { FirmwareVersion, Generation, HardwareModel, PresetRow } from '../hardware.ts';
import { generationOf, hardwareModels } from '../hardware.ts';
import type { ModelCode } from '../hardware.ts';
import { randomText, seedFor, uniform } from '../random.ts';
import type { ActiveFault, ConditionKind } from './faults.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { OperatingPoint } from './physics.ts';
import { chipQualities, operatingPointFor } from './physics.ts';
import type { DeviceSettings, PoolSlot } from './settings.ts';
import { defaultSettings } from './settings.ts';

/** Physics advances on a fixed grid of simulated time, so that rare and frequent readers see the same machine. */
export const stepMs = 5000;

/** What one miner sent to one pool in one step. */
export interface SubmittedShares {
  /** Whose connection it is; two miners may have the same worker name. */
  readonly miner: string;
  /** Counts the connections of that miner: a new one after each restart of mining and each change of pool. */
  readonly session: number;
  readonly worker: string;
  readonly url: string;
  readonly pass: string;
  /** At the end of the step. */
  readonly timeMs: number;
  /** Of each share. */
  readonly shareDifficulty: number;
  /** Of all accepted shares together; likewise below. */
  readonly difficulty: number;
  readonly staleDifficulty: number;
  readonly rejectedDifficulty: number;
}

/** Where shares go: the pools' accounts. */
export interface ShareSink {
  credit(shares: SubmittedShares): void;
}

export interface MinerSpec {
  readonly name: string;
  readonly model: ModelCode;
  readonly firmware: FirmwareVersion;
  readonly mac: string;
  readonly pools: readonly PoolSlot[];
  readonly password?: string;
  /** Preset at the start; default the model's. */
  readonly preset?: string;
  /** Mean intake temperature, °C; default 24. */
  readonly roomCelsius?: number;
  /** Factor on the chip quality of a board, by 1-based id; 0.95 = a slightly weak board. */
  readonly boardFactors?: Readonly<Record<number, number>>;
  /** How it is found at the start: mining for days, powered on just now, or stopped. Default `mining`. */
  readonly begin?: 'mining' | 'boot' | 'stopped';
  /** Hides the hostname from callers without credentials (vnish-api.md 1.3). */
  readonly redactHostname?: boolean;
  /** Name and build of a white-label firmware (vnish-api.md 0); default VNish's own. */
  readonly brand?: { readonly name: string; readonly build: string };
  /** Whether stock firmware lies beside, to which `/firmware/remove` goes back; default no, as on most models [S]. */
  readonly removable?: boolean;
  /** Default `not_provided`. */
  readonly warranty?: Warranty;
  /** What the boards' memory gives: all, no serial numbers ("N/A", null), or nothing at all. Default `full`. */
  readonly factoryInfo?: 'full' | 'without_serials' | 'none';
  /** Unit rating in `hrMeasure`; default one of the model's by seed. */
  readonly rating?: number;
  readonly site?: string;
  readonly rack?: string;
  readonly circuit?: string;
}

/** The vendor's enumeration (vnish-api.md 3). */
export type Warranty = 'active' | 'inactive' | 'expired' | 'cancelled' | 'not_provided';

export interface BoardState {
  readonly id: number;
  readonly seed: number;
  readonly serial: string;
  readonly quality: Float32Array;
  readonly meanQuality: number;
  /** Boards of one unit differ in frequency by about 1 % (vnish-api.md 6.2). */
  readonly frequencyFactor: number;
  readonly errorsPerDay: number;
  /** Hottest sensor, °C. */
  pcbCelsius: number;
  /** Exponential mean over ten minutes, in `hrMeasure`; 0 before the first hash. */
  averageHashrate: number;
  hwErrors: number;
  /** Errors that an injected fault brought; they sit on few chips. */
  faultErrors: number;
}

export interface PoolCounters {
  accepted: number;
  rejected: number;
  stale: number;
  /** Difficulty now asked for; 0 = never worked with. */
  difficulty: number;
  acceptedDifficulty: number;
  lastShareMs: number | null;
}

export interface LogLine {
  /** As the controller's clock tells it. */
  readonly timeMs: number;
  readonly level: 'INFO' | 'WARN' | 'ERROR';
  readonly text: string;
}

export interface Annotation { readonly timeMs: number; readonly type: string; readonly board?: number }

export interface Sample {
  readonly timeMs: number;
  readonly hashrate: number;
  readonly pcbCelsius: number;
  readonly chipCelsius: number;
  readonly fanDuty: number;
  readonly watts: number;
}

export interface MinerState {
  readonly spec: MinerSpec;
  readonly model: HardwareModel;
  readonly generation: Generation;
  readonly seed: number;
  readonly rating: number;
  readonly startMs: number;
  /** The last grid point that physics has reached. */
  gridMs: number;
  readonly life: Lifecycle;
  readonly boards: readonly BoardState[];
  fanDuty: number;
  fanError: number;
  settings: DeviceSettings;
  /** Pools in use; those in `settings` take effect at the next start [S]. */
  livePools: PoolSlot[];
  preferredPool: number;
  poolCounters: PoolCounters[];
  feeCounters: PoolCounters;
  poolsLostSinceMs: number | null;
  /** Connections to pools so far, and the pool of the last. */
  connection: { session: number; pool: number | null };
  bestShare: number;
  hashes: number;
  /** What runs now; differs from the configured preset when the switcher moved it. */
  runningPreset: string;
  tuned: Set<string>;
  ramp: { from: OperatingPoint; to: OperatingPoint; startMs: number; durationMs: number };
  throttle: { from: number; to: number; startMs: number };
  pending: { restart: boolean; reboot: boolean };
  ledOn: boolean;
  faults: ActiveFault[];
  overheatStreak: number;
  readonly logs: Map<string, LogLine[]>;
  annotations: Annotation[];
  history: Sample[];
  readonly notes: Map<string, string>;
  /** As `/info` tells it: the spec's, until another image of the same generation is installed. */
  firmwareVersion: string;
  warranty: Warranty;
  sink: ShareSink | null;
}

export function presetRow(state: MinerState, name: string): PresetRow | undefined {
  return state.model.presets.find((row) => String(row.watts) === name);
}

export function presetPoint(state: MinerState, name: string): OperatingPoint {
  const row = presetRow(state, name);
  if (row !== undefined) return operatingPointFor(state.model, row);
  const { freq, volt } = state.settings.miner.overclock.globals;
  return { frequencyMhz: freq, voltageMv: volt * 10 };
}

const noFaults: readonly ActiveFault[] = [];

export function faultsOf(state: MinerState, kind: ConditionKind): readonly ActiveFault[] {
  // Nearly always so, and asked many times in every step.
  if (state.faults.length === 0) return noFaults;
  return state.faults.filter((fault) => fault.kind === kind);
}

export function hasFault(state: MinerState, kind: ConditionKind): boolean {
  return state.faults.some((fault) => fault.kind === kind);
}

export function freshCounters(): PoolCounters {
  return { accepted: 0, rejected: 0, stale: 0, difficulty: 0, acceptedDifficulty: 0, lastShareMs: null };
}

/** The last lines of a log are kept, as on a small device. */
const logLimit = 120;

/** The controller has no clock of its own: it begins at 1970 and learns the time so long after the boot (vnish-api.md 3; duration [S]). */
const timeServerMs = 20_000;

export function log(state: MinerState, type: string, line: LogLine): void {
  const lines = state.logs.get(type) ?? [];
  const sinceBoot = line.timeMs - state.life.bootedAtMs;
  lines.push(sinceBoot >= 0 && sinceBoot < timeServerMs ? { ...line, timeMs: sinceBoot } : line);
  if (lines.length > logLimit) lines.shift();
  state.logs.set(type, lines);
}

export function annotate(state: MinerState, annotation: Annotation): void {
  state.annotations.push(annotation);
  if (state.annotations.length > 200) state.annotations.shift();
}

function createBoard(spec: MinerSpec, model: HardwareModel, place: { readonly id: number; readonly seed: number }): BoardState {
  const quality = chipQualities(place.seed, model.chipsPerBoard, spec.boardFactors?.[place.id] ?? 1);
  return {
    id: place.id,
    seed: place.seed,
    serial: `SIM${randomText(place.seed, 1, 12).toUpperCase()}`,
    quality,
    meanQuality: quality.reduce((sum, q) => sum + q, 0) / quality.length,
    frequencyFactor: 1 + 0.005 * (uniform(place.seed, 7) * 2 - 1),
    errorsPerDay: 10 + 240 * uniform(place.seed, 8) ** 3,
    pcbCelsius: (spec.roomCelsius ?? 24) + 1,
    averageHashrate: 0,
    hwErrors: 0,
    faultErrors: 0,
  };
}

export interface Birth { readonly seed: number; readonly startMs: number; readonly host: string }

/** A miner switched on at `startMs` and not yet doing anything. */
export function createState(spec: MinerSpec, birth: Birth): MinerState {
  const model = hardwareModels[spec.model];
  const generation = generationOf(spec.firmware);
  const seed = seedFor(birth.seed, spec.name);
  const settings = defaultSettings({ model, generation, hostname: spec.name, address: birth.host, pools: spec.pools });
  const preset = spec.preset ?? model.defaultPreset;
  settings.miner.overclock.preset = preset;
  const boards = Array.from({ length: model.boards }, (_, i) => createBoard(spec, model, { id: i + 1, seed: seedFor(seed, `board${i + 1}`) }));
  const rating = spec.rating ?? model.ratings[Math.floor(uniform(seed, 3) * model.ratings.length)] ?? 0;
  const still: OperatingPoint = { frequencyMhz: 0, voltageMv: 0 };
  const gridMs = Math.floor(birth.startMs / stepMs) * stepMs;
  const state: MinerState = {
    spec, model, generation, seed, rating, startMs: birth.startMs, gridMs,
    life: {
      phase: { state: 'stopped', sinceMs: birth.startMs }, upcoming: [], boardOnlineMs: boards.map(() => Infinity),
      bootedAtMs: birth.startMs, httpDown: { fromMs: Infinity, untilMs: Infinity }, restarts: 0, attempt: 0,
    },
    boards, fanDuty: 30, fanError: -40, settings,
    livePools: settings.miner.pools.filter((pool) => pool.url !== ''), preferredPool: 0, poolCounters: [], feeCounters: freshCounters(),
    poolsLostSinceMs: null, connection: { session: 1, pool: null }, bestShare: 0, hashes: 0,
    runningPreset: preset, tuned: new Set(model.presets.filter((row) => row.tuned).map((row) => String(row.watts))),
    ramp: { from: still, to: still, startMs: birth.startMs, durationMs: 0 },
    throttle: { from: 100, to: 100, startMs: birth.startMs },
    pending: { restart: false, reboot: false }, ledOn: false, faults: [], overheatStreak: 0,
    logs: new Map(), annotations: [], history: [], notes: new Map(), firmwareVersion: spec.firmware, warranty: spec.warranty ?? 'not_provided', sink: null,
  };
  const point = presetPoint(state, preset);
  state.ramp = { from: point, to: point, startMs: birth.startMs, durationMs: 0 };
  state.poolCounters = state.livePools.map(freshCounters);
  return state;
}
