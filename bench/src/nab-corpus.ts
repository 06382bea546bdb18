/** Files of the Numenta Anomaly Benchmark: series, labelled windows, profiles, published raw scores. Errors name file and place. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { standardProfiles, type Profile, type Scored } from './nab-score.ts';

export interface Series {
  /** Folder and file, as in combined_windows.json. */
  readonly name: string;
  /** Seconds. */
  readonly times: Float64Array;
  readonly values: Float64Array;
  readonly windows: readonly (readonly [first: number, last: number])[];
}

export const whence = 'NAB is at github.com/numenta/NAB (MIT): DIR is a folder with data/*/*.csv and labels/combined_windows.json, such as a clone of it.';

function readJson(file: string): unknown {
  try {
    const content = readFileSync(file);
    return JSON.parse((file.endsWith('.gz') ? gunzipSync(content) : content).toString('utf8'));
  } catch (cause) {
    throw new Error(`${file} cannot be read as JSON: ${cause instanceof Error ? cause.message : String(cause)}. ${whence}`, { cause });
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Seconds of "2014-04-10 07:15:00.000000"; the zone is not told, and it does not matter. */
function seconds(text: string, place: string): number {
  const at = Date.parse(`${text.trim().replace(' ', 'T')}Z`) / 1000;
  if (Number.isNaN(at)) throw new Error(`${place}: "${text}" is no time such as 2014-04-10 07:15:00`);
  return at;
}

function readSeries(folder: string, name: string, labels: unknown): Series {
  const file = path.join(folder, 'data', name);
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/).slice(1);
  } catch (cause) {
    throw new Error(`${file} is labelled, but it cannot be read. ${whence}`, { cause });
  }
  const rows = lines.map((line, index) => {
    const place = `${file}, line ${index + 2}`;
    const [time, value] = line.split(',');
    if (time === undefined || value === undefined || value.trim() === '' || Number.isNaN(Number(value))) throw new Error(`${place}: "${line}" is not timestamp,value`);
    return [seconds(time, place), Number(value)] as const;
  });
  if (rows.length === 0) throw new Error(`${file} has no rows`);
  const times = Float64Array.from(rows, ([at]) => at);
  const place = `${path.join(folder, 'labels/combined_windows.json')}, ${name}`;
  if (!Array.isArray(labels)) throw new Error(`${place}: a list of windows is wanted`);
  const windows = labels.map((label: unknown) => {
    if (!Array.isArray(label) || typeof label[0] !== 'string' || typeof label[1] !== 'string') throw new Error(`${place}: ${JSON.stringify(label)} is not [first time, last time]`);
    const [begin, end] = [seconds(label[0], place), seconds(label[1], place)];
    const [first, last] = [times.findIndex((at) => at >= begin), times.findLastIndex((at) => at <= end)];
    if (first < 0 || last < first) throw new Error(`${place}: no row lies between ${label[0]} and ${label[1]}`);
    return [first, last] as const;
  });
  return { name, times, values: Float64Array.from(rows, ([, value]) => value), windows };
}

function readProfiles(folder: string): Readonly<Record<string, Profile>> {
  const file = path.join(folder, 'profiles.json');
  if (!existsSync(file)) return standardProfiles;
  const read = readJson(file);
  if (!isRecord(read)) throw new Error(`${file}: profiles by name are wanted`);
  return Object.fromEntries(Object.keys(standardProfiles).map((name) => {
    const profile = read[name];
    const costs = isRecord(profile) ? profile['CostMatrix'] : undefined;
    const weight = (key: string) => {
      const value = isRecord(costs) ? costs[key] : undefined;
      if (typeof value !== 'number' || value < 0) throw new Error(`${file}: ${name}.CostMatrix.${key} must be a number of at least 0, but it is ${JSON.stringify(value)}`);
      return value;
    };
    return [name, { truePositive: weight('tpWeight'), falsePositive: weight('fpWeight'), falseNegative: weight('fnWeight') }];
  }));
}

/** The series that DIR/labels/combined_windows.json names, in its order. */
export function readCorpus(folder: string): { readonly series: readonly Series[]; readonly profiles: Readonly<Record<string, Profile>> } {
  const labels = readJson(path.join(folder, 'labels/combined_windows.json'));
  if (!isRecord(labels) || Object.keys(labels).length === 0) throw new Error(`${path.join(folder, 'labels/combined_windows.json')}: series by name are wanted. ${whence}`);
  return { series: Object.entries(labels).map(([name, windows]) => readSeries(folder, name, windows)), profiles: readProfiles(folder) };
}

/** Raw scores by detector: series to one score a row. Empty where the folder is missing. */
export function readPublished(folder: string, series: readonly Series[]): ReadonlyMap<string, readonly Scored[]> {
  const place = path.join(folder, 'published_detector_scores');
  const files = existsSync(place) ? readdirSync(place).filter((file) => /\.json(\.gz)?$/.test(file)).sort() : [];
  return new Map(files.map((file) => {
    const read = readJson(path.join(place, file));
    return [file.replace(/\.json(\.gz)?$/, ''), series.map(({ name, values, windows }): Scored => {
      const scores = isRecord(read) ? read[name] : undefined;
      if (!Array.isArray(scores) || scores.length !== values.length) throw new Error(`${path.join(place, file)}: ${name} needs ${values.length} scores, but it has ${Array.isArray(scores) ? scores.length : 'none'}`);
      return { scores: scores as number[], windows };
    })];
  }));
}
