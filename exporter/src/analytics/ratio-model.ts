/**
 * What a miner should do on a preset, learned from the fleet: an additive model of log ratios with effects of preset, miner, inlet
 * temperature and miner on preset, each miner's effects shrunk towards its like (empirical Bayes; intelligence.md, 4.3). Pure.
 *
 *     log(observed / promised) = preset + miner + slope x (inlet - 25) + miner on preset + noise
 *
 * Without any data it says what the preset promises.
 */

/** What is modelled of a miner: hashes and watts against what the preset promises, warmth of the chips over the inlet for each promised watt, share of errors. */
export const targets = ['hashrate', 'power', 'heat', 'errors'] as const;
export type Target = (typeof targets)[number];

/** One steady hour of one miner on one preset. */
export interface Cell {
  readonly miner: string;
  readonly model: string;
  readonly preset: string;
  /** Unix ms of its beginning. */
  readonly at: number;
  /** H/s and W that the preset promises. */
  readonly promised: { readonly hashrate: number; readonly powerWatts: number };
  /** H/s. */
  readonly hashrate?: number | undefined;
  readonly powerWatts?: number | undefined;
  /** Hottest chip, degrees Celsius. */
  readonly chipTemperature?: number | undefined;
  /** Degrees Celsius of the air that goes in; absent where no sensor tells it. */
  readonly inletTemperature?: number | undefined;
  /** 0 to 1. */
  readonly errorRatio?: number | undefined;
}

export type Setting = Pick<Cell, 'miner' | 'model' | 'preset' | 'promised' | 'inletTemperature'>;

interface Effect { readonly value: number; /** Hours behind it. */ readonly hours: number }

interface TargetModel {
  readonly preset: Readonly<Record<string, Effect>>;
  readonly miner: Readonly<Record<string, Effect>>;
  readonly both: Readonly<Record<string, Effect>>;
  /** Change of the logarithm for each degree of the inlet. */
  readonly inletSlope: number;
  /** Standard deviation of an hour about its cell, in the logarithm. */
  readonly noise: number;
  /** Standard deviation of a cell that was never seen about its prediction. */
  readonly unseen: number;
}

/** Plain data: it is kept as JSON. */
export interface RatioModel {
  readonly hours: number;
  readonly targets: Readonly<Record<Target, TargetModel>>;
  /** What another back end expects of a miner on a preset, by "miner\npreset", as ratios to the promise; how sure that is, is the model's own. */
  readonly overlay?: ReadonlyMap<string, { readonly hashrate?: number; readonly power?: number }>;
}

export interface Prediction {
  /** Logarithm of the ratio. */
  readonly log: number;
  /** Standard deviation of the expectation itself, in the logarithm. */
  readonly spread: number;
  /** Standard deviation of one hour about the expectation, in the logarithm. */
  readonly noise: number;
  /** Hours that this miner ran on this preset. */
  readonly hours: number;
  /** Hours that any miner of the model ran on it. */
  readonly presetHours: number;
}

/** What a backtest over simulated miners set by hand (intelligence.md, 4.3), as long as data say nothing else. */
const usual: Readonly<Record<Target, { readonly noise: number; readonly unseen: number }>> = {
  hashrate: { noise: 0.004, unseen: 0.015 }, power: { noise: 0.004, unseen: 0.018 }, heat: { noise: 0.015, unseen: 0.03 }, errors: { noise: 0.3, unseen: 0.5 },
};

/** With so many hours a miner's own effect counts half. */
const shrinkHours = 6;
const sweeps = 8;
/** Residuals count at most so many deviations: a fault in the data must not become what is expected. */
const winsor = 4;
/** Fewer cells than these tell nothing about cells that were never seen. */
const leastCells = 8;
const referenceInlet = 25;
/** Errors of less than one in ten million hashes are as good as none. */
const errorFloor = 1e-7;

/** Logarithm of the ratio that the model is about; undefined where the cell does not tell it. */
export function observedLog(target: Target, { promised, hashrate, powerWatts, chipTemperature, inletTemperature, errorRatio }: Omit<Cell, 'at' | 'miner' | 'model' | 'preset'>): number | undefined {
  const ratio = (): number | undefined => {
    switch (target) {
      case 'hashrate': return hashrate === undefined ? undefined : hashrate / promised.hashrate;
      case 'power': return powerWatts === undefined ? undefined : powerWatts / promised.powerWatts;
      case 'heat': return chipTemperature === undefined ? undefined : (chipTemperature - (inletTemperature ?? referenceInlet)) / promised.powerWatts;
      case 'errors': return errorRatio === undefined ? undefined : Math.max(errorRatio, errorFloor);
    }
  };
  const value = ratio();
  return value === undefined || !(value > 0) || !Number.isFinite(value) ? undefined : Math.log(value);
}

const presetKey = ({ model, preset }: Pick<Cell, 'model' | 'preset'>) => `${model}\n${preset}`;
const bothKey = ({ miner, preset }: Pick<Cell, 'miner' | 'preset'>) => `${miner}\n${preset}`;

export function fitRatioModel(cells: readonly Cell[]): RatioModel {
  return { hours: cells.length, targets: Object.fromEntries(targets.map((target) => [target, fitTarget(target, cells)])) as Record<Target, TargetModel> };
}

/** Numbers for names, so that the sweeps go over arrays. */
function coder(): { readonly of: (name: string) => number; readonly names: readonly string[] } {
  const codes = new Map<string, number>();
  const names: string[] = [];
  return {
    names,
    of(name) {
      let code = codes.get(name);
      if (code === undefined) {
        code = names.push(name) - 1;
        codes.set(name, code);
      }
      return code;
    },
  };
}

interface Row { readonly y: number; readonly preset: number; readonly miner: number; readonly pair: number; /** Degrees above the reference. */ readonly inlet: number }

function shrunk(mean: number, hours = 0): number {
  return (mean * hours) / (hours + shrinkHours);
}

function fitTarget(target: Target, cells: readonly Cell[]): TargetModel {
  const [presets, miners, pairs] = [coder(), coder(), coder()];
  const rows = cells.flatMap((cell): Row[] => {
    const y = observedLog(target, cell);
    return y === undefined ? [] : [{ y, preset: presets.of(presetKey(cell)), miner: miners.of(cell.miner), pair: pairs.of(bothKey(cell)), inlet: cell.inletTemperature === undefined ? 0 : cell.inletTemperature - referenceInlet }];
  });
  const arrays = () => ({ preset: new Float64Array(presets.names.length), miner: new Float64Array(miners.names.length), pair: new Float64Array(pairs.names.length) });
  const [effects, counts] = [arrays(), arrays()];
  for (const row of rows) for (const part of ['preset', 'miner', 'pair'] as const) counts[part][row[part]] = (counts[part][row[part]] ?? 0) + 1;
  let slope = 0;
  let bound = Infinity;
  const restOf = (row: Row) => row.y - (effects.preset[row.preset] ?? 0) - (effects.miner[row.miner] ?? 0) - slope * row.inlet;
  /** The rest, as if it lay no further from its pair's than `bound`. */
  const tamed = (row: Row) => {
    const own = effects.pair[row.pair] ?? 0;
    return own + Math.max(-bound, Math.min(bound, restOf(row) - own));
  };
  const meansOf = (part: 'preset' | 'pair') => {
    const sums = new Float64Array(effects[part].length);
    for (const row of rows) sums[row[part]] = (sums[row[part]] ?? 0) + tamed(row);
    return sums.map((sum, code) => sum / (counts[part][code] ?? 1));
  };
  for (let sweep = 0; sweep < sweeps; sweep += 1) {
    // Presets of a model are not shrunk: there is nothing that they should be like.
    meansOf('preset').forEach((mean, code) => (effects.preset[code] = (effects.preset[code] ?? 0) + mean));
    const pairMeans = meansOf('pair');
    const sums = { weighted: new Float64Array(miners.names.length), weights: new Float64Array(miners.names.length) };
    new Map(rows.map(({ pair, miner }) => [pair, miner])).forEach((miner, pair) => {
      // Each preset of a miner says as much of it as the others, or the one on which it mostly runs would be taken for the miner.
      const weight = (counts.pair[pair] ?? 0) / ((counts.pair[pair] ?? 0) + shrinkHours);
      sums.weighted[miner] = (sums.weighted[miner] ?? 0) + weight * ((pairMeans[pair] ?? 0) + (effects.miner[miner] ?? 0));
      sums.weights[miner] = (sums.weights[miner] ?? 0) + weight;
    });
    effects.miner.forEach((_effect, code) => (effects.miner[code] = shrunk((sums.weighted[code] ?? 0) / (sums.weights[code] ?? 1), counts.miner[code])));
    let [above, below] = [0, 0];
    for (const row of rows) {
      above += row.inlet * (tamed(row) - (effects.pair[row.pair] ?? 0));
      below += row.inlet * row.inlet;
    }
    // A few degrees of variance at least, or the slope is made of noise.
    slope = below > rows.length ? slope + above / below : 0;
    // What is left after the others, and only that: else half of a miner's effect would hide in its pairs.
    meansOf('pair').forEach((mean, code) => (effects.pair[code] = shrunk(mean, counts.pair[code])));
    bound = winsor * deviation(rows.map((row) => restOf(row) - (effects.pair[row.pair] ?? 0)), usual[target].noise);
  }
  const noise = deviation(rows.map((row) => restOf(row) - (effects.pair[row.pair] ?? 0)), usual[target].noise);
  const record = (names: readonly string[], values: Float64Array, hours: Float64Array) => Object.fromEntries(names.map((name, code) => [name, { value: values[code] ?? 0, hours: hours[code] ?? 0 }]));
  return {
    preset: record(presets.names, effects.preset, counts.preset), miner: record(miners.names, effects.miner, counts.miner), both: record(pairs.names, effects.pair, counts.pair),
    inletSlope: slope, noise, unseen: unseenSpread(target, { rows, effects, counts }),
  };
}

/**
 * How far a cell lies from what preset and miner say of it: what was missed on pairs that were seen is what will be missed on those that
 * were not. A pair's own hours have drawn its miner's effect towards them; with k pairs of a miner by one part in k.
 */
function unseenSpread(target: Target, { rows, effects, counts }: {
  readonly rows: readonly { readonly pair: number; readonly miner: number }[];
  readonly effects: { readonly pair: Float64Array }; readonly counts: { readonly pair: Float64Array };
}): number {
  const minerOfPair = new Map(rows.map(({ pair, miner }) => [pair, miner]));
  const pairsOf = new Map<number, number>();
  for (const miner of minerOfPair.values()) pairsOf.set(miner, (pairsOf.get(miner) ?? 0) + 1);
  const missed = [...minerOfPair].flatMap(([pair, miner]) => {
    const several = pairsOf.get(miner) ?? 1;
    const hours = counts.pair[pair] ?? 0;
    return several < 2 || hours < shrinkHours ? [] : [((effects.pair[pair] ?? 0) * (hours + shrinkHours)) / hours * (several / (several - 1))];
  });
  return missed.length < leastCells ? usual[target].unseen : Math.max(deviation(missed, usual[target].unseen), usual[target].noise);
}

/** Robust standard deviation about zero: 1.4826 times the median of the absolute values. `few` where there are hardly any. */
function deviation(values: readonly number[], few: number): number {
  if (values.length < leastCells) return few;
  const sorted = Float64Array.from(values, Math.abs).sort();
  return Math.max(1.4826 * (sorted[Math.floor(sorted.length / 2)] ?? 0), few / 100);
}

/** Without data of a preset or a miner, its effect is that of its like: zero. */
export function predict({ targets: fitted }: RatioModel, target: Target, setting: Setting): Prediction {
  const { preset, miner, both, inletSlope, noise, unseen } = fitted[target];
  const own = at(both, bothKey(setting));
  const [ofPreset, ofMiner] = [at(preset, presetKey(setting)), at(miner, setting.miner)];
  const inlet = setting.inletTemperature === undefined ? 0 : setting.inletTemperature - referenceInlet;
  const hours = own?.hours ?? 0;
  // What the pair's own hours have not settled yet is open as in a pair that was never seen.
  const open = unseen * Math.sqrt(shrinkHours / (hours + shrinkHours)) * (hours === 0 ? Math.sqrt(1 + Number(ofMiner === undefined) + Number(ofPreset === undefined)) : 1);
  return {
    log: (ofPreset?.value ?? withoutPreset(target, preset, setting)) + (ofMiner?.value ?? 0) + (own?.value ?? 0) + inletSlope * inlet,
    spread: hours === 0 ? open : Math.min(open, Math.hypot(open * Math.sqrt(shrinkHours / (hours + shrinkHours)), noise / Math.sqrt(hours))),
    noise, hours, presetHours: ofPreset?.hours ?? 0,
  };
}

/** Hashes and watts are as promised; warmth and errors as on the model's other presets, as far as they are known. */
function withoutPreset(target: Target, preset: TargetModel['preset'], { model }: Setting): number {
  if (target === 'hashrate' || target === 'power') return 0;
  const like = Object.entries(preset).flatMap(([key, { value }]) => (key.startsWith(`${model}\n`) ? [value] : []));
  return like.length === 0 ? 0 : like.reduce((sum, value) => sum + value, 0) / like.length;
}

function at<Value>(record: Readonly<Record<string, Value>>, key: string): Value | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

/** A value with its standard deviation. */
export interface Estimate { readonly value: number; readonly deviation: number }

export interface Expectation {
  /** H/s. */
  readonly hashrate: Estimate;
  readonly powerWatts: Estimate;
  /** Hottest chip, degrees Celsius; absent as long as nothing was learned of it. */
  readonly chipTemperature?: Estimate;
  /** 0 to 1; absent as long as nothing was learned of it. */
  readonly errorRatio?: Estimate;
  /** Hours that this miner ran on this preset. */
  readonly hours: number;
}

/** In units, with the deviation of the expectation itself. */
export function expectation(model: RatioModel, setting: Setting): Expectation {
  const other = model.overlay?.get(`${setting.miner}\n${setting.preset}`);
  const estimate = (target: Target, promised: number): Estimate => {
    const { log: own, spread } = predict(model, target, setting);
    const ratio = target === 'hashrate' || target === 'power' ? other?.[target] : undefined;
    const log = ratio === undefined ? own : Math.log(ratio);
    return { value: promised * Math.exp(log), deviation: promised * Math.exp(log) * spread };
  };
  const knows = (target: Target) => Object.keys(model.targets[target].preset).some((key) => key.startsWith(`${setting.model}\n`));
  const heat = estimate('heat', setting.promised.powerWatts);
  return {
    hashrate: estimate('hashrate', setting.promised.hashrate),
    powerWatts: estimate('power', setting.promised.powerWatts),
    ...(knows('heat') ? { chipTemperature: { value: (setting.inletTemperature ?? referenceInlet) + heat.value, deviation: heat.deviation } } : {}),
    ...(knows('errors') ? { errorRatio: estimate('errors', 1) } : {}),
    hours: predict(model, 'hashrate', setting).hours,
  };
}
