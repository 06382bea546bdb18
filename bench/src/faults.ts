/** How well faults are found and named, beside our own static limits and Grafana's adaptive bands, on the same readings. */
import { isFault } from '@hashfleet/exporter/analytics/diagnosis';
import { addMissed, addReading, closeHour, openHour, type Before } from '@hashfleet/exporter/analytics/hours';
import { createRounds, type HourOf } from '@hashfleet/exporter/health/rounds';
import type { Reading } from '@hashfleet/exporter/miners/reading';
import { readFileSync } from 'node:fs';
import { faultKinds, perHour, stepMs, truth, usualMix, world, type InjectedFault, type Mix, type Sample } from './fault-world.ts';
import { figure, type Benchmark } from './measure.ts';

/** Seeds with which it was made, and those with which it is checked. */
export const developmentSeeds = [1, 2, 3, 4, 5] as const;

interface Alarm { readonly miner: number; /** Steps. */ readonly from: number; readonly to: number; readonly parts: readonly string[] }
interface Score { faults: number; found: number; alarms: number; falseAlarms: number; named: number; leads: number[]; delays: number[]; minerMonths: number; readonly missed: Map<string, number>; readonly wrong: Map<string, number> }

const emptyScore = (): Score => ({ faults: 0, found: 0, alarms: 0, falseAlarms: 0, named: 0, leads: [], delays: [], minerMonths: 0, missed: new Map(), wrong: new Map() });

/** An alarm that pauses for less than this is the same one. */
const sameAlarmSteps = 12 * perHour;

/** Joins a miner's alarmed steps to alarms. */
function collector(): { readonly put: (miner: number, step: number, part: string) => void; readonly alarms: () => Alarm[] } {
  const open = new Map<number, { from: number; to: number; parts: string[] }[]>();
  return {
    put(miner, step, part) {
      const list = open.get(miner) ?? [];
      open.set(miner, list);
      const last = list.at(-1);
      if (last !== undefined && step - last.to <= sameAlarmSteps) {
        last.to = step;
        last.parts.push(part);
      } else list.push({ from: step, to: step, parts: [part] });
    },
    alarms: () => [...open].flatMap(([miner, list]) => list.map((alarm) => ({ miner, ...alarm }))),
  };
}

/** What is named most often in an alarm's first day. */
function nameOf({ parts }: Alarm): string {
  const first = parts.slice(0, 24);
  return [...new Set(first)].sort((a, b) => first.filter((one) => one === b).length - first.filter((one) => one === a).length)[0] ?? '';
}

function ours(): { readonly take: (step: number, samples: readonly Sample[], here: ReturnType<typeof world>) => void; readonly alarms: () => Alarm[] } {
  const rounds = createRounds();
  const { put, alarms } = collector();
  let open = new Map<number, ReturnType<typeof openHour>>();
  const befores = new Map<number, Before>();
  return {
    alarms,
    take(step, samples, { subjects }) {
      samples.forEach(({ reading, wanted }, miner) => {
        let hour = open.get(miner);
        if (hour === undefined) open.set(miner, hour = openHour(Math.floor((Date.UTC(2026, 5, 1) + step * stepMs) / 3_600_000) * 3_600_000));
        if (reading !== undefined) befores.set(miner, addReading(hour, reading, { before: befores.get(miner), wanted }));
        else if (wanted) addMissed(hour);
      });
      if ((step + 1) % perHour !== 0) return;
      const hours = samples.flatMap(({ poolGap }, miner): HourOf[] => {
        const [subject, hour] = [subjects[miner], open.get(miner)];
        return subject === undefined || hour === undefined ? [] : [{ subject, hour: closeHour(hour, perHour, poolGap) }];
      });
      open = new Map();
      for (const [name, { finding }] of rounds.round(hours)) if (finding !== undefined && isFault(finding)) put(Number(name.slice(1)), step, finding.part);
      if ((step + 1) % (12 * perHour) === 0) rounds.relearn();
    },
  };
}

/** Limits that the committed alert rules compare with (alerting-rules/src/thresholds.ts), each with its time. */
const staticRules: readonly { readonly part: string; readonly steps: number; readonly broken: (reading: Reading) => boolean }[] = [
  { part: 'tuning', steps: 2, broken: ({ hashrate, preset }) => (hashrate ?? Infinity) < 0.9 * (preset?.hashrate ?? 0) },
  { part: 'board', steps: 1, broken: ({ boards }) => boards.some(({ state }) => state === 'failure') },
  { part: 'board', steps: 3, broken: ({ boards }) => boards.some(({ hashrate = 0 }) => hashrate < 0.9 * ((boards.reduce((sum, one) => sum + (one.hashrate ?? 0), 0) - hashrate) / (boards.length - 1))) },
  { part: 'psu', steps: 3, broken: ({ powerWatts, hashrate, preset }) => (powerWatts ?? 0) / (hashrate ?? 1) > (1.15 * (preset?.powerWatts ?? Infinity)) / (preset?.hashrate ?? 1) },
  { part: 'thermal_path', steps: 1, broken: ({ chip }) => (chip.max ?? 0) > 85 },
  { part: 'fan', steps: 1, broken: ({ fans }) => fans.some(({ up }) => up === false) },
];

function staticLimits(): ReturnType<typeof ours> {
  const { put, alarms } = collector();
  const counts = new Map<string, number>();
  return {
    alarms,
    take(step, samples) {
      samples.forEach(({ reading, wanted, poolGap }, miner) => {
        const run = (key: string, broken: boolean, { part, steps }: { readonly part: string; readonly steps: number }) => {
          const count = broken ? (counts.get(`${miner} ${key}`) ?? 0) + 1 : 0;
          counts.set(`${miner} ${key}`, count);
          if (count >= steps) put(miner, step, part);
        };
        run('up', reading === undefined && wanted, { part: 'network', steps: 2 });
        run('pool', poolGap.ratio > 0.2, { part: 'pool', steps: 3 });
        if (reading?.state === 'mining' && (reading.stateSeconds ?? 0) > 900) staticRules.forEach((rule, index) => run(String(index), rule.broken(reading), rule));
      });
    },
  };
}

/**
 * Grafana's adaptive rule (grafana/promql-anomaly-detection): the mean of an hour, and twice the day's mean of the hourly deviation where that is more
 * than half of the mean; at least half of the mean to both sides; five minutes outside. A series at zero is no series.
 */
function adaptiveBands(): ReturnType<typeof ours> {
  const { put, alarms } = collector();
  const histories = new Map<string, { values: number[]; deviations: number[]; sum: number }>();
  const series: readonly { readonly part: string; readonly of: (sample: Sample) => number | undefined }[] = [
    { part: 'tuning', of: ({ reading }) => reading?.hashrate }, { part: 'psu', of: ({ reading }) => reading?.powerWatts }, { part: 'thermal_path', of: ({ reading }) => reading?.chip.max },
    { part: 'fan', of: ({ reading }) => (reading === undefined || reading.fans.length === 0 ? undefined : Math.min(...reading.fans.map(({ speedRpm = 0 }) => speedRpm))) }, { part: 'chips', of: ({ reading }) => reading?.hardwareErrors },
  ];
  const mean = (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0) / list.length;
  return {
    alarms,
    take(step, samples) {
      samples.forEach((sample, miner) => series.forEach(({ part, of }, index) => {
        const value = of(sample);
        if (value === undefined || value <= 0) return;
        const key = `${miner} ${index}`;
        const history = histories.get(key) ?? { values: [], deviations: [], sum: 0 };
        histories.set(key, history);
        const { values, deviations } = history;
        if (values.length === perHour && deviations.length >= 24 * perHour) {
          const middle = mean(values);
          const width = (2 * history.sum) / deviations.length;
          const margin = Math.max(width, 0.5 * middle);
          if (value > middle + margin || value < middle - margin) put(miner, step, part);
        }
        values.push(value);
        if (values.length > perHour) values.shift();
        const centre = mean(values);
        const deviation = Math.sqrt(mean(values.map((one) => (one - centre) ** 2)));
        const wide = deviation > 0.5 * centre ? deviation : 0;
        deviations.push(wide);
        history.sum += wide;
        if (deviations.length > 26 * perHour) history.sum -= deviations.shift() ?? 0;
      }));
    },
  };
}

function settle(score: Score, alarms: readonly Alarm[], { faults: injected, mix }: { readonly faults: readonly InjectedFault[]; readonly mix: Mix }): void {
  score.minerMonths += (mix.miners * mix.days) / 30;
  const byMiner = new Map(injected.flatMap((fault) => fault.miners.map((miner): [number, InjectedFault] => [miner, fault])));
  const isTrue = ({ miner, from }: Alarm) => {
    const fault = byMiner.get(miner);
    return fault !== undefined && truth[fault.kind] !== undefined && from >= fault.from;
  };
  for (const alarm of alarms) {
    score.alarms += 1;
    if (isTrue(alarm)) continue;
    score.falseAlarms += 1;
    const what = `${byMiner.get(alarm.miner)?.kind ?? 'sound'}: ${nameOf(alarm)}`;
    score.wrong.set(what, (score.wrong.get(what) ?? 0) + 1);
  }
  for (const fault of injected) {
    if (truth[fault.kind] === undefined) continue;
    score.faults += 1;
    const alarm = alarms.filter((one) => fault.miners.includes(one.miner) && one.from >= fault.from).sort((a, b) => a.from - b.from)[0];
    if (alarm === undefined) {
      score.missed.set(fault.kind, (score.missed.get(fault.kind) ?? 0) + 1);
      continue;
    }
    score.found += 1;
    const { from } = alarm;
    score.delays.push((from - fault.from) / perHour);
    if (fault.stops !== undefined) score.leads.push((fault.stops - from) / perHour);
    if (nameOf(alarm) === truth[fault.kind]) score.named += 1;
    else score.wrong.set(`${fault.kind} named ${nameOf(alarm)}`, (score.wrong.get(`${fault.kind} named ${nameOf(alarm)}`) ?? 0) + 1);
  }
}

/** @throws Error that says what is wrong with the mix */
export function readMix(text: string): Mix {
  const given: unknown = JSON.parse(text);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw new Error('A mix must be a JSON object.');
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(usualMix, key)) throw new Error(`A mix has no "${key}"; it has ${Object.keys(usualMix).join(', ')}.`);
    const shape = usualMix[key as keyof Mix];
    const number = (one: unknown) => typeof one === 'number' && Number.isFinite(one) && one >= 0;
    if (typeof shape === 'number' && !number(value)) throw new Error(`"${key}" of the mix must be a number of at least 0, but it is ${JSON.stringify(value)}.`);
    if (Array.isArray(shape) && !(Array.isArray(value) && value.length === 2 && value.every(number))) throw new Error(`"${key}" of the mix must be two numbers, but it is ${JSON.stringify(value)}.`);
    if (key === 'faults') for (const [kind, count] of Object.entries(value as object)) {
      if (!(faultKinds as readonly string[]).includes(kind)) throw new Error(`There is no fault "${kind}"; there are ${faultKinds.join(', ')}.`);
      if (!Number.isInteger(count) || !number(count)) throw new Error(`"faults.${kind}" of the mix must be a whole number of at least 0, but it is ${JSON.stringify(count)}.`);
    }
  }
  return { ...usualMix, ...given };
}

const middleOf = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN;
const counted = (map: ReadonlyMap<string, number>) => [...map].sort(([, a], [, b]) => b - a).map(([what, count]) => `${what} ${count}`).join(', ');

export const faults: Benchmark = {
  name: 'faults',
  about: 'recall, precision, false alarms, lead and the part that is named over simulated miners; baseline: our static limits; Grafana\'s bands beside them (--seed N, --mix FILE)',
  long: true,
  async run(report, { seed, mix: file } = {}) {
    const mix = file === undefined ? usualMix : readMix(readFileSync(file, 'utf8'));
    const seeds: readonly number[] = seed === undefined ? developmentSeeds : [seed];
    const scores = { ours: emptyScore(), static: emptyScore(), adaptive: emptyScore() };
    for (const one of seeds) {
      const here = world(one, mix);
      const detectors = { ours: ours(), static: staticLimits(), adaptive: adaptiveBands() };
      for (let step = 0; step < mix.days * 24 * perHour; step += 1) {
        const samples = here.step(step);
        for (const detector of Object.values(detectors)) detector.take(step, samples, here);
      }
      for (const name of ['ours', 'static', 'adaptive'] as const) settle(scores[name], detectors[name].alarms(), here);
    }
    const figures: readonly { readonly name: string; readonly unit: string; readonly of: (score: Score) => number }[] = [
      { name: 'recall', unit: '', of: ({ found, faults: all }) => found / all }, { name: 'precision', unit: '', of: ({ alarms, falseAlarms }) => (alarms === 0 ? 0 : 1 - falseAlarms / alarms) },
      { name: 'false-alarms-per-miner-month', unit: '', of: ({ falseAlarms, minerMonths }) => falseAlarms / minerMonths }, { name: 'right-part-named', unit: '', of: ({ named, found }) => (found === 0 ? 0 : named / found) },
      { name: 'delay-median', unit: 'h', of: ({ delays }) => middleOf(delays) }, { name: 'lead-before-stop-median', unit: 'h', of: ({ leads }) => middleOf(leads) },
    ];
    for (const { name, unit, of } of figures) {
      report(figure(`faults/${name}`, unit, [of(scores.ours), of(scores.static)]));
      report(figure(`faults/${name}/adaptive-bands`, unit, [of(scores.adaptive), of(scores.static)]));
    }
    for (const [name, { missed, wrong }] of Object.entries(scores)) console.error(`  ${name}: missed ${counted(missed) || 'none'}; false or misnamed ${counted(wrong) || 'none'}`);
    return Promise.resolve();
  },
};
