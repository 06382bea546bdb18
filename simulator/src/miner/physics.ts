/** The machine as pure functions: what the silicon does at a frequency, a voltage and a temperature, and how air cools it. */
import type { HardwareModel } from '../hardware.ts';
import { normal, smoothNoise, uniform } from '../random.ts';

// Bound here because a global is slow to look up inside a test runner's sandbox.
const { PI, cos, exp, max, min, round, sqrt } = Math;

/** How hard the whole machine is driven. */
export interface OperatingPoint {
  readonly frequencyMhz: number;
  readonly voltageMv: number;
}

/** Chips run 15 °C above their board (vnish-api.md 6.2, measured on three models). */
export const chipAbovePcbCelsius = 15;

/** Seconds in which a board goes 63 % of the way to its new temperature [S]. */
export const boardThermalSeconds = 75;

/** Places of the four sensors on the air path, as share of the warming from intake to exhaust (6.2: 54-41-61-62). */
export const sensorPlaces = [0.66, 0.38, 0.96, 1] as const;

/** Power of all boards: P = P0 · f/f0 · (V/V0)² (vnish-api.md 6.3), in watts. */
export function watts(model: HardwareModel, point: OperatingPoint): number {
  const { stock } = model;
  return stock.watts * (point.frequencyMhz / stock.frequencyMhz) * (point.voltageMv / stock.voltageMv) ** 2;
}

/** Hashrate of ideal chips, in the model's `hrMeasure`: k · chips · f. */
export function idealHashrate(model: HardwareModel, chips: number, frequencyMhz: number): number {
  return model.hashratePerChipMhz * chips * frequencyMhz;
}

/** The frequency and voltage at which a machine gives this hashrate for these watts. */
export function operatingPointFor(model: HardwareModel, target: { readonly watts: number; readonly hashrate: number }): OperatingPoint {
  const frequencyMhz = target.hashrate / (model.hashratePerChipMhz * model.chipsPerBoard * model.boards);
  const ratio = (target.watts / model.stock.watts) * (model.stock.frequencyMhz / frequencyMhz);
  return { frequencyMhz, voltageMv: round((model.stock.voltageMv * sqrt(ratio)) / 10) * 10 };
}

export function blendPoints(from: OperatingPoint, to: OperatingPoint, share: number): OperatingPoint {
  const s = max(0, min(1, share));
  return {
    frequencyMhz: from.frequencyMhz + (to.frequencyMhz - from.frequencyMhz) * s,
    voltageMv: from.voltageMv + (to.voltageMv - from.voltageMv) * s,
  };
}

/** Silicon leaks more when it is warm: 0.12 % a degree around 70 °C chip [S]. */
export function leakage(chipCelsius: number): number {
  return 1 + 0.0012 * (chipCelsius - 70);
}

/**
 * Quality of each chip of one board: 1 = hashes what its frequency promises. Most lie within 1 %, a few are weak.
 */
export function chipQualities(seed: number, chips: number, boardFactor: number): Float32Array {
  const qualities = new Float32Array(chips);
  for (let chip = 0; chip < chips; chip += 1) {
    const draw = uniform(seed, chip);
    const ordinary = 1.002 + 0.008 * normal(seed + 1, chip);
    const weak = 0.8 + 0.12 * uniform(seed + 2, chip);
    qualities[chip] = (draw < 0.012 ? weak : ordinary) * boardFactor;
  }
  return qualities;
}

export type ChipGrade = 'grey' | 'orange' | 'red';

/** Grey is healthy, orange weak, red bad (vnish-api.md 2.3); the limits are ours [S]. */
export function chipGrade(quality: number): ChipGrade {
  if (quality < 0.5) return 'red';
  return quality < 0.93 ? 'orange' : 'grey';
}

/** Fan speed before rounding: not proportional at the low end (25 % → about 2850, 90 % → about 5900 of 6500; 6.2). */
export function fanRpm(model: HardwareModel, duty: number): number {
  if (duty <= 0) return 0;
  return min(1, (1680 + 46.9 * duty) / 6370) * model.maxRpm * 0.98;
}

/** Air through the machine, 1 = all fans at full speed. */
export function airflow(model: HardwareModel, rpms: readonly number[]): number {
  const total = rpms.reduce((sum, rpm) => sum + rpm, 0);
  return max(0.05, total / (model.fans * model.maxRpm * 0.98));
}

/** How far the hottest sensor of a board settles above the inlet, °C: 30 °C at a stock board's power and 60 % fans [S]. */
export function boardRise(model: HardwareModel, boardWatts: number, flow: number): number {
  const stockBoard = model.stock.watts / model.boards;
  return 1 + (29 * (boardWatts / stockBoard)) / (flow / 0.7055) ** 0.8;
}

/** One step of exponential settling. */
export function settleTowards(value: number, goal: { readonly target: number; readonly seconds: number; readonly inertiaSeconds: number }): number {
  return goal.target + (value - goal.target) * exp(-goal.seconds / goal.inertiaSeconds);
}

/** The fan controller: a PI rule in its incremental form on the hottest chip; result in % before limits. */
export function regulateFans(duty: number, error: { readonly now: number; readonly before: number; readonly seconds: number }): number {
  return duty + 2 * (error.now - error.before) + 0.0266 * error.seconds * error.now;
}

/** Air at the intake, °C: the room, day and night (±2.5 °C, warmest at 15:00 UTC) and some weather. */
export function inletCelsius(seed: number, roomCelsius: number, timeMs: number): number {
  const hour = (timeMs / 3_600_000) % 24;
  return roomCelsius + 2.5 * cos(((hour - 15) / 12) * PI) + 0.8 * smoothNoise(seed, timeMs, 3_600_000);
}

/** Power of the fans, W: cubic in speed, 18 W a fan at full speed [S]. */
export function fanWatts(model: HardwareModel, rpms: readonly number[]): number {
  return rpms.reduce((sum, rpm) => sum + 18 * (rpm / model.maxRpm) ** 3, 0);
}
