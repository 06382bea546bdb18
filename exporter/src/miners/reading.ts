/**
 * A reading: one normalised observation of one miner at one time, in base units (H/s, W, degrees Celsius, Hz, V,
 * seconds, ratios 0 to 1). What the miner did not say is absent, never zero.
 */
import type { PollFailureReason } from './driver.ts';

/** VNish's eight states (vnish-api.md, 3). */
export const minerStates = ['mining', 'initializing', 'starting', 'auto-tuning', 'restarting', 'shutting-down', 'stopped', 'failure'] as const;
export type MinerState = (typeof minerStates)[number];

/** States in which a miner produces hashes: auto-tuning mines too (vnish-api.md, 3). */
export const hashingStates: ReadonlySet<MinerState> = new Set<MinerState>(['mining', 'auto-tuning']);

/**
 * Where a reading came from: VNish's REST API, the CGI of VNish 3.x, or the cgminer API on TCP 4028, which is the last resort
 * because it says least; or an agent that pushed it.
 */
export const readingSources = ['vnish', 'vnish-cgi', 'cgminer', 'push'] as const;
export type ReadingSource = (typeof readingSources)[number];

export interface MinMax { readonly min?: number; readonly max?: number }

export interface Identity {
  readonly model: string;
  readonly modelCode?: string;
  /** The controller's kind, as `cv` or `xil`. */
  readonly platform?: string;
  readonly firmware?: string;
  readonly firmwareVersion?: string;
  /** Name of the build, as white-label firmware tells it. */
  readonly build?: string;
  readonly algorithm?: string;
  readonly mac?: string;
  readonly hostname?: string;
}

export interface BoardReading {
  /** Counted from 1 as VNish does. */
  readonly board: number;
  readonly state?: string;
  readonly detail?: string;
  readonly hashrate?: number;
  readonly hashrateNominal?: number;
  readonly frequencyHertz?: number;
  readonly voltageVolts?: number;
  readonly powerWatts?: number;
  readonly pcb: MinMax;
  readonly chip: MinMax;
  readonly chips?: { readonly grey: number; readonly orange: number; readonly red: number };
  readonly hardwareErrors?: number;
  /** Water-cooled boards only. */
  readonly inletWater?: number;
  readonly outletWater?: number;
}

export interface FanReading { readonly fan: number; readonly up?: boolean; readonly speedRpm?: number; readonly maxRpm?: number }

export interface PoolReading {
  readonly slot: number;
  readonly url: string;
  readonly user: string;
  readonly kind: 'user' | 'devfee' | 'other';
  readonly status: string;
  readonly accepted?: number;
  readonly rejected?: number;
  readonly stale?: number;
  readonly pingSeconds?: number;
  /** Time since the last share; absent when there was none. */
  readonly lastShareAgeSeconds?: number;
  /** Difficulty of the last share. */
  readonly difficulty?: number;
}

export interface PresetReading {
  readonly name: string;
  readonly tuned?: boolean;
  readonly switcher?: boolean;
  readonly powerWatts?: number;
  readonly hashrate?: number;
}

/** The firmware's own switch between presets by temperature; presets are named by their watts. */
export interface PresetSwitcher {
  readonly enabled?: boolean;
  readonly topPresetWatts?: number;
  readonly minPresetWatts?: number;
  readonly decreaseTemperature?: number;
  readonly riseTemperature?: number;
  readonly checkSeconds?: number;
}

/** Limits of the model, by kind; `warn` is where the firmware's own screen warns. */
export interface ModelLimits {
  /** Degrees Celsius, and the fans' duty from 0 to 1. */
  readonly cooling?: { readonly leastTarget?: number; readonly mostTarget?: number; readonly leastDutyRatio?: number };
  readonly frequencyHertz: Readonly<Partial<Record<'min' | 'max' | 'warn' | 'default', number>>>;
  readonly voltageVolts: Readonly<Partial<Record<'min' | 'max' | 'max_stock_psu' | 'default', number>>>;
  readonly powerWatts?: number;
}

/** What the factory wrote into the boards and the power supply. */
export interface FactoryInfo {
  readonly boards: readonly { readonly board: number; readonly model?: string; readonly serial?: string; readonly chipBin?: number }[];
  readonly psu?: { readonly model?: string; readonly serial?: string };
}

/** How well the exporter knows the firmware's version. */
export interface FirmwareSupport {
  readonly known: boolean;
  /** For people: what an unknown version is taken for, and why. */
  readonly assumed?: string;
}

export const warranties = ['active', 'inactive', 'expired', 'cancelled', 'not_provided'] as const;
export type Warranty = (typeof warranties)[number];

export const coolingModes = ['auto', 'manual', 'immersion'] as const;
export type CoolingMode = (typeof coolingModes)[number];

export interface Reading {
  /** Unix ms when the reply was in. */
  readonly at: number;
  readonly source?: ReadingSource;
  /** Why this one poll was answered over TCP 4028 and not the usual way; absent where it was. */
  readonly fallback?: { readonly reason: PollFailureReason; readonly detail: string };
  readonly identity?: Identity;
  readonly state?: MinerState;
  readonly stateSeconds?: number;
  readonly failure?: { readonly code?: number; readonly description?: string };
  readonly throttleRatio?: number;
  readonly restartRequired?: boolean;
  readonly rebootRequired?: boolean;
  readonly locateOn?: boolean;
  readonly warranty?: Warranty;
  readonly firmwareSupport?: FirmwareSupport;
  readonly uptimeSeconds?: number;
  readonly restarts?: number;
  readonly hashrate?: number;
  readonly hashrateAverage?: number;
  readonly hashrateNominal?: number;
  readonly hashrateStock?: number;
  readonly powerWatts?: number;
  readonly powerMeasured?: boolean;
  readonly psuTemperatures: Readonly<Record<string, number>>;
  readonly pcb: MinMax;
  readonly chip: MinMax;
  readonly hardwareErrors?: number;
  /** Share of the work that was in error. */
  readonly hardwareErrorRatio?: number;
  readonly foundBlocks?: number;
  /** Difficulty of the best share. */
  readonly bestShare?: number;
  readonly devfeeRatio?: number;
  readonly fanDutyRatio?: number;
  readonly coolingMode?: CoolingMode;
  readonly fans: readonly FanReading[];
  readonly pools: readonly PoolReading[];
  readonly boards: readonly BoardReading[];
  readonly boardsExpected?: number;
  readonly preset?: PresetReading;
  readonly switcher?: PresetSwitcher;
  readonly limits?: ModelLimits;
  readonly factory?: FactoryInfo;
  /** Free memory of the controller, 0 to 1. */
  readonly memoryFreeRatio?: number;
  /** Changes when a setting of the miner changes; made without any secret. */
  readonly settingsHash?: string;
  /** What can be chosen, when it was read. */
  readonly presets?: readonly Preset[];
}

/** A power profile that the miner offers. */
export interface Preset {
  readonly name: string;
  readonly label: string;
  readonly tuned: boolean;
  readonly needsModifiedPsu: boolean;
  readonly powerWatts?: number;
  readonly hashrate?: number;
}

/** VNish's grades: grey is healthy, orange weak, red bad (vnish-api.md, 2.3). */
export const chipGrades = ['grey', 'orange', 'red'] as const;
export type ChipGrade = (typeof chipGrades)[number];

export interface ChipReading {
  readonly board: number;
  readonly chip: number;
  readonly hashrate?: number;
  readonly frequencyHertz?: number;
  readonly voltageVolts?: number;
  readonly temperature?: number;
  readonly errors?: number;
  readonly grade?: ChipGrade;
}

/** A temperature sensor of a board; `ok` is absent while the firmware still sets it up. */
export interface SensorReading {
  readonly board: number;
  /** Counted from 1 in the firmware's order. */
  readonly sensor: number;
  readonly ok?: boolean;
}

export interface ChipsReading {
  readonly chips: readonly ChipReading[];
  readonly sensors: readonly SensorReading[];
}
