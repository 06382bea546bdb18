/** One round an hour: takes the hours of all miners, judges them by what is expected, and learns anew. Keeps state, knows no clock and no file. */
import { diagnose, isFault, type Diagnosis, type FaultPart, type Finding, type Recent } from '../analytics/diagnosis.ts';
import { anomalyScore, evidenceOf, healthScore, type Evidence } from '../analytics/health.ts';
import { hourMs, plainCellOf, type Hour } from '../analytics/hours.ts';
import { fitRatioModel, type RatioModel } from '../analytics/ratio-model.ts';
import { badness, judge, learn, referenceHours, residualSignals, settledHours, type Expectations, type Residuals, type Subject } from '../analytics/residuals.ts';
import { append, createTable, forgetReferences, hoursOf, tablesFromFile, tablesToFile, type MinerTable } from './table.ts';

/** Hours of which a miner's references may be. */
const keptMs = 30 * 24 * hourMs;
/** Latest hours that are kept whatever they say. */
const recentHours = 24;
/** As long as a miner lies nearer than this to what is expected, its hours tell what is. */
const soundZ = 3;
/** Signals that are expected of a miner whatever its preset. */
const ownSignals = ['fan', 'board', 'psu', 'chips'] as const;
/** So many hours of usual warmth in a row make a sensor that jumped one like the others. */
const forgivenHours = 24;
/** Presets of a miner of which references are kept, the latest ones. */
const keptReferences = 8 * referenceHours;

export interface MinerHealth {
  /** 0 to 100, with 100 for what is as expected. */
  readonly score: number;
  /** 0 to 1; 0.5 is as unusual as an alarm. */
  readonly anomaly: number;
  /** Median of the last six hours. */
  readonly residuals: Residuals;
  readonly evidence: readonly Evidence[];
  /** Unix ms of the end of the hour that it is about. */
  readonly at: number;
  /** Steady hours on the present preset from which the expectation is made. */
  readonly hours: number;
  readonly finding?: Finding & { /** Unix ms. */ readonly since: number };
  /** Only in the round in which what is found begins, becomes another part or ends; absent parts are none. */
  readonly changed?: { readonly from?: FaultPart; readonly to?: FaultPart };
}

export interface HourOf { readonly subject: Subject; readonly hour: Hour }

export interface Rounds {
  /** All miners' hours of one same time. */
  round(all: readonly HourOf[]): Map<string, MinerHealth>;
  /** Makes anew what is expected; takes longer than a round. */
  relearn(): void;
  /** What advice expects of each preset, from all steady hours that are kept: the references and the last ones. */
  adviceModel(): RatioModel;
  forget(miner: string): void;
  /** Another machine, board or firmware: the miner's hours are no measure any more. */
  rebase(miner: string): void;
  toFile(): Buffer;
  /** @throws Error that says what is wrong with the file */
  fromFile(file: Buffer): void;
  readonly miners: number;
}

interface State {
  readonly table: MinerTable;
  recent: { hour: Hour; residuals: Residuals }[];
  /** Reference hours by preset. */
  readonly references: Map<string, number>;
}

/** Says in the health's evidence nothing that is not known: a sensor that lies takes no health. */
const nothing: Residuals = {};

export function createRounds(): Rounds {
  const states = new Map<string, State>();
  let expectations: Expectations = learn([]);
  const waiting: { readonly state: State; readonly hour: Hour; readonly reference: boolean }[] = [];

  function stateOf(subject: Subject): State {
    const known = states.get(subject.miner);
    if (known?.table.subject.model === subject.model) {
      known.table.subject = subject;
      return known;
    }
    const fresh: State = { table: createTable(subject), recent: [], references: new Map() };
    states.set(subject.miner, fresh);
    return fresh;
  }

  /** The jump by which a sensor gave itself away is soon out of sight; until the warmth has been usual for a day, it is the sensor's. */
  function remembered({ table }: State, { finding, medians, jumped }: Diagnosis): Finding | undefined {
    if (jumped || finding?.part === 'sensor') table.liar = 0;
    else if (table.liar !== undefined && medians.heat !== undefined) {
      table.liar = medians.heat.z < 1 ? table.liar + 1 : 0;
      if (table.liar >= forgivenHours) delete table.liar;
    }
    return table.liar !== undefined && finding?.part === 'thermal_path' ? { ...finding, part: 'sensor', text: 'The chips\' sensor jumped and has stayed there: it is likely wrong.' } : finding;
  }

  /** An hour tells what is expected as long as the miner is sound; of the first hours of a preset there is nothing yet to compare with. */
  function isReference(state: State, hour: Hour, medians: Residuals): boolean {
    if (!hour.steady || hour.preset === undefined || hour.lostBoard !== undefined || hour.lostFan !== undefined || state.table.found !== undefined) return false;
    const known = state.references.get(hour.preset) ?? 0;
    if (known >= referenceHours) return false;
    // A new preset of a miner that is known from others may not hide what began before; of a new miner only its parts can be judged.
    const settled = [...state.references.values()].some((hours) => hours >= settledHours);
    return (settled ? residualSignals : ownSignals).every((signal) => badness(signal, medians[signal]?.z ?? 0) < soundZ);
  }

  function keep(state: State, hour: Hour, reference: boolean): void {
    if (hour.tuned === true) {
      forgetReferences(state.table);
      state.references.clear();
    }
    const since = hour.at - keptMs;
    append(state.table, { hour, reference }, (at, isKept) => at > since && at !== hour.at && (isKept || at > hour.at - recentHours * hourMs));
    if (reference && hour.preset !== undefined) state.references.set(hour.preset, (state.references.get(hour.preset) ?? 0) + 1);
    const total = [...state.references.values()].reduce((sum, one) => sum + one, 0);
    const oldest = [...state.references.keys()].find((preset) => preset !== hour.preset);
    if (total > keptReferences && oldest !== undefined) {
      forgetReferences(state.table, oldest);
      state.references.delete(oldest);
    }
  }

  /** Hours that were judged go into the tables after the answer: nobody waits for that. */
  function settle(): void {
    for (const { state, hour, reference } of waiting.splice(0)) keep(state, hour, reference);
  }

  /** After a month the first hours are gone, and later ones become references. */
  function recount(state: State, hours: readonly Hour[]): void {
    state.references.clear();
    for (const { preset } of hours) if (preset !== undefined) state.references.set(preset, (state.references.get(preset) ?? 0) + 1);
  }

  function relearn(): void {
    settle();
    expectations = learn([...states.values()].map((state) => {
      const hours = hoursOf(state.table).flatMap(({ hour, reference }) => (reference ? [hour] : []));
      recount(state, hours);
      return { subject: state.table.subject, hours };
    }));
  }

  return {
    relearn,
    adviceModel() {
      settle();
      return fitRatioModel([...states.values()].flatMap(({ table }) => hoursOf(table).flatMap(({ hour }) => plainCellOf(hour, table.subject) ?? [])));
    },
    round(all) {
      settle();
      const { residuals, common, inlets } = judge(expectations, all);
      const recents = all.map(({ subject, hour }): Recent => {
        const state = stateOf(subject);
        state.recent = [...state.recent.filter((one) => one.hour.at < hour.at && one.hour.at >= hour.at - (recentHours / 2) * hourMs), { hour, residuals: residuals.get(subject.miner) ?? {} }];
        return { subject, hours: state.recent };
      });
      const diagnoses = diagnose(recents, { common });
      return new Map(all.map(({ subject, hour }): [string, MinerHealth] => {
        const state = stateOf(subject);
        const diagnosis = diagnoses.get(subject.miner) ?? { medians: {}, jumped: false };
        const { medians } = diagnosis;
        const finding = remembered(state, diagnosis);
        const end = hour.at + hourMs;
        const { found: before } = state.table;
        if (finding === undefined) delete state.table.found;
        else state.table.found = { part: finding.part, since: before?.part === finding.part ? before.since : end };
        const { found } = state.table;
        const inletTemperature = inlets.get(subject.miner);
        const reference = isReference(state, hour, medians);
        waiting.push({ state, hour: inletTemperature === undefined ? hour : { ...hour, inletTemperature }, reference });
        const known = hour.preset === undefined || hour.tuned === true ? 0 : state.references.get(hour.preset) ?? 0;
        const counted = finding !== undefined && !isFault(finding) ? nothing : medians;
        // A fact weighs as much as any figure can.
        const evidence = evidenceOf(medians);
        const fact = finding !== undefined && isFault(finding) && evidence.length === 0;
        return [subject.miner, {
          score: fact ? Math.min(healthScore(counted), 20) : healthScore(counted), anomaly: fact ? 1 : anomalyScore(medians), residuals: medians, evidence, at: end,
          hours: known + Number(reference), ...(finding === undefined || found === undefined ? {} : { finding: { ...finding, since: found.since } }),
          ...(before?.part === found?.part ? {} : { changed: { ...(before === undefined ? {} : { from: before.part }), ...(found === undefined ? {} : { to: found.part }) } }),
        }];
      }));
    },
    forget(miner) {
      settle();
      states.delete(miner);
    },
    rebase(miner) {
      settle();
      const state = states.get(miner);
      if (state === undefined) return;
      forgetReferences(state.table);
      state.references.clear();
      state.recent = [];
    },
    toFile() {
      settle();
      return tablesToFile([...states.values()].map(({ table }) => table));
    },
    fromFile(file) {
      for (const table of tablesFromFile(file)) states.set(table.subject.miner, { table, recent: [], references: new Map() });
      relearn();
      // The last hours are judged again, all miners of an hour together, so that a restart does not hide a fault for six hours.
      const byHour = new Map<number, { state: State; hour: Hour }[]>();
      for (const state of states.values()) for (const { hour } of hoursOf(state.table).slice(-recentHours / 4)) {
        const known = byHour.get(hour.at);
        if (known === undefined) byHour.set(hour.at, [{ state, hour }]);
        else known.push({ state, hour });
      }
      for (const [, all] of [...byHour].sort(([a], [b]) => a - b)) {
        const { residuals } = judge(expectations, all.map(({ state, hour }) => ({ subject: state.table.subject, hour })));
        for (const { state, hour } of all) state.recent.push({ hour, residuals: residuals.get(state.table.subject.miner) ?? {} });
      }
    },
    get miners() {
      return states.size;
    },
  };
}
