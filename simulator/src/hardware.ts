/**
 * What the machines are made of. Geometry and ratings: vnish-api.md 6.1; preset tables: 6.3, invented there [S];
 * the S21 Pro: from the capture of one unit.
 */

export type ModelCode = 'l7' | 'l9' | 's21pro';

export interface PresetRow {
  /** Watts at the wall; its text is the preset's name. */
  readonly watts: number;
  /** Expected hashrate in the model's `hrMeasure`. */
  readonly hashrate: number;
  /** Needs a modified PSU; shown with the suffix LC. */
  readonly modded: boolean;
  /** Tuned when it leaves the simulator's factory. */
  readonly tuned: boolean;
}

export interface HardwareModel {
  readonly code: ModelCode;
  readonly fullName: string;
  readonly series: 'l7' | 'l9' | 'x19' | 'x21';
  readonly algorithm: 'scrypt' | 'sha256d';
  readonly hrMeasure: 'MH/s' | 'GH/s';
  /** Hashes a second in one unit of `hrMeasure`. */
  readonly hashesPerUnit: number;
  /** Hashes that one unit of share difficulty stands for: 2^16 on scrypt (prohashing-api.md 2.6), 2^32 on SHA-256. */
  readonly hashesPerDifficulty: number;
  readonly boards: number;
  readonly chipsPerBoard: number;
  readonly chipsPerDomain: number;
  readonly topologyColumns: number;
  readonly fans: number;
  readonly maxRpm: number;
  /** Hashrate, in `hrMeasure`, of one chip for each MHz. */
  readonly hashratePerChipMhz: number;
  readonly stock: { readonly frequencyMhz: number; readonly voltageMv: number; readonly watts: number };
  /** Factory ratings a unit can have, in `hrMeasure`. */
  readonly ratings: readonly number[];
  readonly boardModel: string;
  readonly platform: 'aml' | 'bb' | 'cv' | 'stm' | 'xil';
  readonly kernel: string;
  readonly psuModel: string;
  /** The PSU measures (true) or the firmware estimates (false); null: no psu object at all. */
  readonly psuPowerMetering: boolean | null;
  /** Word for `pretty`: "3360 watt ~ 16800 MH". */
  readonly presetUnit: { readonly name: 'MH' | 'TH'; readonly perHashrate: number };
  readonly limits: {
    readonly minFrequencyMhz: number; readonly maxFrequencyMhz: number; readonly warnFrequencyMhz: number;
    readonly minVoltageMv: number; readonly maxVoltageMv: number; readonly maxVoltageStockPsuMv: number;
    readonly minFanDuty: number; readonly minTargetCelsius: number; readonly maxTargetCelsius: number;
    readonly maxPowerWatts: number;
  };
  readonly presets: readonly PresetRow[];
  readonly defaultPreset: string;
}

const row = (watts: number, hashrate: number, kind: 'tuned' | 'untuned' | 'modded'): PresetRow =>
  ({ watts, hashrate, modded: kind === 'modded', tuned: kind === 'tuned' });

const coolingLimits = { minFanDuty: 10, minTargetCelsius: 20, maxTargetCelsius: 90 };

const l7: HardwareModel = {
  code: 'l7', fullName: 'Antminer L7', series: 'l7', algorithm: 'scrypt', hrMeasure: 'MH/s',
  hashesPerUnit: 1e6, hashesPerDifficulty: 65536,
  boards: 3, chipsPerBoard: 120, chipsPerDomain: 2, topologyColumns: 12, fans: 4, maxRpm: 6000,
  hashratePerChipMhz: 0.0143,
  stock: { frequencyMhz: 1850, voltageMv: 14700, watts: 3425 },
  ratings: [8800, 9050, 9300, 9500],
  boardModel: 'BHB42701', platform: 'xil', kernel: 'GNU/Linux', psuModel: 'APW12', psuPowerMetering: null,
  presetUnit: { name: 'MH', perHashrate: 1 },
  limits: {
    minFrequencyMhz: 600, maxFrequencyMhz: 2400, warnFrequencyMhz: 2100,
    minVoltageMv: 12000, maxVoltageMv: 15800, maxVoltageStockPsuMv: 15100, ...coolingLimits, maxPowerWatts: 4500,
  },
  presets: [
    row(1950, 6500, 'tuned'), row(2200, 7100, 'tuned'), row(2450, 7700, 'tuned'), row(2700, 8300, 'tuned'),
    row(2950, 8800, 'tuned'), row(3200, 9300, 'tuned'), row(3425, 9700, 'tuned'), row(3650, 10100, 'tuned'),
    row(3900, 10500, 'untuned'), row(4200, 11000, 'modded'), row(4500, 11500, 'modded'),
  ],
  defaultPreset: '3200',
};

const l9: HardwareModel = {
  code: 'l9', fullName: 'Antminer L9', series: 'l9', algorithm: 'scrypt', hrMeasure: 'MH/s',
  hashesPerUnit: 1e6, hashesPerDifficulty: 65536,
  boards: 3, chipsPerBoard: 110, chipsPerDomain: 2, topologyColumns: 11, fans: 4, maxRpm: 6000,
  hashratePerChipMhz: 0.0421,
  stock: { frequencyMhz: 1225, voltageMv: 13300, watts: 3400 },
  ratings: [16500, 17038, 16000],
  boardModel: 'BHB68701', platform: 'cv', kernel: 'GNU/Linux', psuModel: 'APW171215a', psuPowerMetering: false,
  presetUnit: { name: 'MH', perHashrate: 1 },
  limits: {
    minFrequencyMhz: 400, maxFrequencyMhz: 1600, warnFrequencyMhz: 1400,
    minVoltageMv: 11800, maxVoltageMv: 14600, maxVoltageStockPsuMv: 13900, ...coolingLimits, maxPowerWatts: 4350,
  },
  presets: [
    row(2100, 11800, 'tuned'), row(2350, 12900, 'tuned'), row(2600, 14000, 'tuned'), row(2850, 15000, 'tuned'),
    row(3100, 15900, 'tuned'), row(3360, 16800, 'tuned'), row(3570, 17400, 'tuned'), row(3800, 18000, 'tuned'),
    row(4050, 18700, 'untuned'), row(4350, 19400, 'modded'),
  ],
  defaultPreset: '3360',
};

const s21pro: HardwareModel = {
  code: 's21pro', fullName: 'Antminer S21 Pro', series: 'x21', algorithm: 'sha256d', hrMeasure: 'GH/s',
  hashesPerUnit: 1e9, hashesPerDifficulty: 4294967296,
  boards: 3, chipsPerBoard: 65, chipsPerDomain: 5, topologyColumns: 5, fans: 4, maxRpm: 6500,
  hashratePerChipMhz: 65505.727 / (65 * 495),
  stock: { frequencyMhz: 590, voltageMv: 13400, watts: 3510 },
  ratings: [237088],
  boardModel: 'A3HB70803', platform: 'aml', kernel: 'GNU/Linux', psuModel: 'APW17', psuPowerMetering: true,
  presetUnit: { name: 'TH', perHashrate: 0.001 },
  limits: {
    minFrequencyMhz: 50, maxFrequencyMhz: 800, warnFrequencyMhz: 700,
    minVoltageMv: 11800, maxVoltageMv: 15000, maxVoltageStockPsuMv: 14200, ...coolingLimits, maxPowerWatts: 4600,
  },
  presets: [
    row(2200, 170000, 'tuned'), row(2583, 196517, 'tuned'), row(2900, 211000, 'tuned'), row(3200, 223000, 'tuned'),
    row(3510, 234000, 'tuned'), row(3900, 250000, 'untuned'), row(4300, 265000, 'modded'),
  ],
  defaultPreset: '2583',
};

export const hardwareModels: Readonly<Record<ModelCode, HardwareModel>> = { l7, l9, s21pro };

export type FirmwareVersion = '1.2.7' | '1.3.4';

/** The two generations of the API; they differ in breaking ways (vnish-api.md 2.4). */
export type Generation = '1.2' | '1.3';

export function generationOf(firmware: FirmwareVersion): Generation {
  return firmware === '1.2.7' ? '1.2' : '1.3';
}
