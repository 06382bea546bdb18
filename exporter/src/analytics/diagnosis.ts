/**
 * Which part is at fault, and what only follows from it: causes that many miners share before those of one, facts before
 * figures, parts before what they bring about (intelligence.md, 5.2 and 5.3). Pure.
 */
import { evidenceOf, type Evidence } from './health.ts';
import { hourMs, type Hour } from './hours.ts';
import { median } from './peers.ts';
import { alarmZ, badness, medianHours, medianZ, residualSignals, type Residuals, type ResidualSignal, type SignalResidual, type Subject } from './residuals.ts';

export const faultParts = ['board', 'chips', 'fan', 'thermal_path', 'psu', 'circuit', 'site', 'network', 'pool', 'tuning', 'sensor'] as const;
export type FaultPart = (typeof faultParts)[number];

export interface Finding {
  readonly part: FaultPart;
  /** In words, made of the figures. */
  readonly text: string;
  readonly evidence: readonly Evidence[];
}

/** The latest hours of one miner, oldest first, with the residuals of each. */
export interface Recent { readonly subject: Subject; readonly hours: readonly { readonly hour: Hour; readonly residuals: Residuals }[] }

/** Hottest that a chip may be, degrees Celsius; the firmware stops at 90 (vnish-api.md, 6.2). */
const hottestChip = 88;
/** Part of the polls of some hours that fail on a network that comes and goes. */
const missedRatio = 0.15;
const leastMissedHours = 3;
/** Part of the polls of an hour from which on the miner is not there. */
const goneRatio = 0.9;
/** A score that jumps so far within two hours is no wear. */
const sensorStep = 4;
/** Degrees Celsius by which chips grow warmer than their board at the same watts, within so many hours: the fastest paste loses a third of that. */
const sensorJump = { celsius: 6, hours: 3 };
/** So warm for its errors to follow from it. */
const warmZ = 2.5;
/** Luck at a pool goes on for a day, so six hours are hardly six looks: either far more than luck, or long. */
const poolZ = 5;
/** Miners of one circuit that must go the same way. */
const leastOfCircuit = 2;
/** Part of the circuit's miners that must: two supplies of one circuit may well age by themselves. */
const circuitRatio = 0.5;
/** Part of the miners of a pool or a rack from which on it is not the miner. */
const manyRatio = 0.5;
const leastMany = 3;

function mediansOf({ hours }: Recent): Residuals {
  const last = hours.map(({ residuals }) => residuals);
  const medians: Partial<Record<ResidualSignal, SignalResidual>> = {};
  for (const signal of residualSignals) {
    const seen = medianZ(last, signal);
    if (seen !== undefined) medians[signal] = seen;
  }
  return medians;
}

export interface Diagnosis {
  readonly medians: Residuals;
  readonly finding?: Finding;
  /** The chips' sensor has just jumped. */
  readonly jumped: boolean;
}

export function diagnose(all: readonly Recent[], { common = new Map() }: { readonly common?: ReadonlyMap<string, Readonly<Partial<Record<'hashrate' | 'power' | 'heat', number>>>> } = {}): Map<string, Diagnosis> {
  const medians = new Map(all.map((recent) => [recent.subject.miner, mediansOf(recent)]));
  const badOf = (miner: string, signal: ResidualSignal) => {
    const one = medians.get(miner)?.[signal];
    return one === undefined ? 0 : badness(signal, one.z);
  };
  const circuits = new Map<string, { members: number; sagging: number }>();
  let [pooled, lossy, reached, silent] = [0, 0, 0, 0];
  for (const { subject: { miner, circuit, site }, hours } of all) {
    if (circuit !== undefined && medians.get(miner)?.psu !== undefined) {
      const known = circuits.get(`${site}\n${circuit}`) ?? { members: 0, sagging: 0 };
      circuits.set(`${site}\n${circuit}`, { members: known.members + 1, sagging: known.sagging + Number(badOf(miner, 'psu') >= alarmZ - 1) });
    }
    if (medians.get(miner)?.pool !== undefined) pooled += 1;
    if (badOf(miner, 'pool') >= alarmZ) lossy += 1;
    const last = hours.at(-1)?.hour;
    if (last !== undefined) reached += 1;
    if (last !== undefined && last.missed >= missedRatio) silent += 1;
  }
  const poolWide = lossy >= leastMany && lossy >= manyRatio * pooled;
  const networkWide = silent >= leastMany && silent >= manyRatio * reached;

  return new Map(all.map((recent): [string, Diagnosis] => {
    const { subject, hours } = recent;
    const own = medians.get(subject.miner) ?? {};
    const finding = find(recent, own, subject);
    return [subject.miner, { medians: own, jumped: sensorJumped(hours), ...(finding === undefined || hours.length === 0 ? {} : { finding }) }];
  }));

  function find({ hours }: Recent, own: Residuals, { circuit, site, rack }: Subject): Finding | undefined {
    const evidence = evidenceOf(own);
    const found = (part: FaultPart, text: string): Finding => ({ part, text, evidence });
    const last = hours.at(-1)?.hour;
    if (last === undefined) return undefined;
    const bad = (signal: ResidualSignal) => badness(signal, own[signal]?.z ?? 0);
    const is = (signal: ResidualSignal) => bad(signal) >= alarmZ;
    const figure = (signal: ResidualSignal) => evidence.find((one) => one.signal === signal)?.text ?? '';
    if (last.lostBoard !== undefined) return found('board', `Board ${last.lostBoard} is lost while the others mine.`);
    if (last.lostFan !== undefined) return found('fan', `Fan ${last.lostFan} does not turn.`);
    const { members, sagging: shared } = circuits.get(`${site}\n${circuit ?? ''}`) ?? { members: 0, sagging: 0 };
    if (bad('psu') >= alarmZ - 1 && shared >= leastOfCircuit && shared > circuitRatio * members) return found('circuit', `The voltage of ${shared} miners on circuit ${circuit ?? ''} sags at once: the supply, not the miner; ${figure('psu')}.`);
    const silentHours = hours.slice(-6).filter(({ hour }) => hour.missed >= missedRatio && hour.polls > 0);
    if (last.missed >= goneRatio && hours.slice(-6, -1).some(({ residuals }) => badness('psu', residuals.psu?.z ?? 0) >= alarmZ - 1)) return found('psu', 'The miner is gone after its voltage had sagged: the power supply has switched itself off.');
    // What never answers is gone, and told as that; a network comes and goes.
    const lastMissed = hours.slice(-6).reduce((sum, { hour }) => sum + hour.missed, 0) / Math.min(6, hours.length);
    if (silentHours.length >= leastMissedHours && silentHours.filter(({ hour }) => hour.missed < goneRatio).length >= leastMissedHours - 1 && lastMissed >= missedRatio && !networkWide) return found('network', `Polls failed in ${silentHours.length} of the last ${Math.min(6, hours.length)} hours, in the last one ${(last.missed * 100).toFixed(0)} %.`);
    if (is('psu')) return found('psu', `The power supply gives too little: ${figure('psu')}.`);
    if (is('fan')) return found('fan', `A fan is too slow for its duty: ${figure('fan')}.`);
    if (is('errors') && !is('chips') && bad('heat') >= warmZ) return heat(hours, found, `The chips are warmer than watts and air explain, and make errors: ${figure('heat')}.`);
    if (is('chips') || is('errors')) return found('chips', is('chips') ? `Chips are dying: ${figure('chips')}.` : `Chips make errors: ${figure('errors')}.`);
    if (is('board')) return found('board', `One board falls behind: ${figure('board')}.`);
    if (is('heat')) return heat(hours, found, `The chips are warmer than watts and air explain: ${figure('heat')}.`);
    if (is('power')) return found('psu', `More power for the same work: ${figure('power')}.`);
    if (is('hashrate')) return found('tuning', `All boards alike do less than this miner did on this preset: ${figure('hashrate')}.`);
    if (bad('pool') >= poolZ || (is('pool') && badness('pool', longPool(hours)) >= alarmZ)) return found('pool', `${poolWide ? 'The pool credits too little of most miners' : 'The pool does not credit all that this miner does'}: ${figure('pool')}.`);
    if (last.chipTemperature !== undefined && last.chipTemperature >= hottestChip) {
      const text = `The hottest chip is at ${last.chipTemperature.toFixed(0)} °C.`;
      return (common.get(`${site}\n${rack ?? ''}`)?.heat ?? 0) >= alarmZ ? found('site', text) : heat(hours, found, text);
    }
    return undefined;
  }

  /** Chips that grow hot in one hour while board and watts stay as they were are not hot: their sensor lies. */
  function heat(hours: Recent['hours'], found: (part: FaultPart, text: string) => Finding, text: string): Finding {
    const scores = hours.map(({ residuals }) => residuals.heat?.z).filter((z) => z !== undefined);
    const jump = Math.max(0, ...scores.slice(2).map((z, index) => z - (scores[index] ?? z)));
    return jump >= sensorStep && jump >= 0.6 * Math.max(...scores) ? found('sensor', `The chips' sensor jumped by ${jump.toFixed(1)} deviations within two hours; wear comes slowly: it is likely wrong.`)
      : found('thermal_path', text);
  }
}

/** Median over all hours in sight, of which there must be enough; 0 without. */
function longPool(hours: Recent['hours']): number {
  const seen = hours.flatMap(({ residuals }) => (residuals.pool === undefined ? [] : [residuals.pool.z]));
  return seen.length < 2 * medianHours - 2 ? 0 : median(seen);
}

/**
 * Chips that are at once warmer beside their board, at the same watts, and stay so: what chips and board read are two sensors, and
 * heat that is real takes its time and the board along.
 */
function sensorJumped(hours: Recent['hours']): boolean {
  const gapOf = ({ steady, chipTemperature, boardTemperature, promised }: Hour) => (!steady || chipTemperature === undefined || boardTemperature === undefined || promised === undefined ? undefined : (chipTemperature - boardTemperature) / promised.powerWatts);
  const rise = (before: Hour, after: Hour) => ((gapOf(after) ?? Number.NaN) - (gapOf(before) ?? Number.NaN)) * (after.promised?.powerWatts ?? Number.NaN);
  const last = hours.findLast(({ hour }) => gapOf(hour) !== undefined)?.hour;
  return last !== undefined && hours.some(({ hour: before }, index) => rise(before, last) >= sensorJump.celsius
    && hours.slice(index + 1).some(({ hour: after }) => after.at - before.at <= sensorJump.hours * hourMs && rise(before, after) >= sensorJump.celsius));
}

/** Parts whose trouble is a fault of the machine, and not of what is around it or of what tells of it. */
export function isFault({ part }: Finding): boolean {
  return part !== 'sensor' && part !== 'site';
}
