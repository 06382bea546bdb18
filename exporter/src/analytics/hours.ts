/** What a miner did in one hour, gathered from its readings: what residuals, health and diagnosis are made of. Pure. */
import { hashingStates, type Reading } from '../miners/reading.ts';
import { median } from './peers.ts';
import { phaseOf } from './phase.ts';
import type { Cell } from './ratio-model.ts';

export const hourMs = 3_600_000;
/** Start, change of preset and tuning are forgotten after so long (intelligence.md, 4.3). */
export const settleMs = 45 * 60_000;
/** Share of the hour's polls that must be good: 10 of 12 (intelligence.md, 4.3). */
const leastGood = 10 / 12;
/** Heat leaves the chips with the 0.8th power of the air that flows past: turbulent flow (Dittus and Boelter, 1930), as long as nothing is learned of it. */
export const airflowExponent = 0.8;
/** Errors are counted to units of work of so many hashes; only how the ratio changes means anything. */
const hashesPerError = 2 ** 32;

/** One hour; what was not told is absent. Boards and fans count from 1, so their place 0 is empty. */
export interface Hour {
  /** Unix ms of its beginning. */
  readonly at: number;
  /** Mined evenly on one preset, long enough after a start, a change and a tuning: only then do figures tell of the machine. */
  readonly steady: boolean;
  /** Polls, and the shares of them that failed, and of those that found the miner idle though it should mine; 0 to 1. */
  readonly polls: number;
  readonly missed: number;
  readonly idle: number;
  /** Times that the controller's uptime began anew. */
  readonly reboots: number;
  /** The firmware tuned itself in it: what is expected begins anew. */
  readonly tuned?: boolean;
  /** The board and the fan that were missing in most readings; absent: none. */
  readonly lostBoard?: number;
  readonly lostFan?: number;
  readonly preset?: string;
  readonly promised?: { readonly hashrate: number; readonly powerWatts: number };
  readonly hashrate?: number;
  readonly hashrateNominal?: number;
  readonly powerWatts?: number;
  /** Hottest chip, hottest and coolest board sensor, degrees Celsius. */
  readonly chipTemperature?: number;
  readonly boardTemperature?: number;
  readonly coolestTemperature?: number;
  /** Of the air that goes in, as the miners of the rack together told it, degrees Celsius. */
  readonly inletTemperature?: number;
  readonly errorRatio?: number;
  readonly dutyRatio?: number;
  /** Mean over the boards, V. */
  readonly volts?: number;
  /** Chips that the firmware grades orange or red. */
  readonly weakChips?: number;
  /** rpm. */
  readonly fans: readonly (number | undefined)[];
  /** H/s. */
  readonly boards: readonly (number | undefined)[];
  /** Part of the work that the pool does not credit and nothing explains, with the standard deviation of luck. */
  readonly poolGap?: { readonly ratio: number; readonly deviation: number };
}

interface Sum { total: number; count: number }

/** An hour that is still going on. */
export interface OpenHour {
  readonly at: number;
  polls: number;
  missed: number;
  idle: number;
  good: number;
  reboots: number;
  tuned?: boolean;
  preset?: string | undefined;
  mixed: boolean;
  promised?: { hashrate: number; powerWatts: number };
  readonly sums: Map<string, Sum>;
  readonly fans: Sum[];
  readonly boards: Sum[];
  readonly lostBoards: number[];
  readonly lostFans: number[];
  readings: number;
  errors?: { first: number; last: number; fell: boolean };
  hashes: number;
}

/** What of the time before counts for the next reading. */
export interface Before { readonly at: number; readonly preset?: string | undefined; readonly uptimeSeconds?: number | undefined; /** Unix ms. */ readonly unsettledAt: number }

export function openHour(at: number): OpenHour {
  return { at, polls: 0, missed: 0, idle: 0, good: 0, reboots: 0, mixed: false, sums: new Map(), fans: [], boards: [], lostBoards: [], lostFans: [], readings: 0, hashes: 0 };
}

export function addMissed(hour: OpenHour): void {
  hour.polls += 1;
  hour.missed += 1;
}

/** Takes one reading into its hour; gives what the next one has to know. */
export function addReading(hour: OpenHour, reading: Reading, { before, wanted }: { before: Before | undefined; /** The operator wants it to mine. */ wanted: boolean }): Before {
  hour.polls += 1;
  hour.readings += 1;
  const phase = phaseOf(reading);
  const preset = reading.preset?.name;
  const rebooted = before?.uptimeSeconds !== undefined && reading.uptimeSeconds !== undefined && reading.uptimeSeconds < before.uptimeSeconds;
  if (rebooted) hour.reboots += 1;
  const mining = reading.state !== undefined && hashingStates.has(reading.state);
  if (wanted && phase === 'off') hour.idle += 1;
  const changed = before !== undefined && preset !== undefined && before.preset !== undefined && preset !== before.preset;
  // What was tuned, started or changed before we looked is told by the time in the state.
  const startedAt = mining && reading.stateSeconds !== undefined ? reading.at - reading.stateSeconds * 1000 : -Infinity;
  const unsettledAt = Math.max(before?.unsettledAt ?? -Infinity, startedAt, changed || phase === 'tuning' || (reading.throttleRatio ?? 1) < 1 ? reading.at : -Infinity);
  const next = { at: reading.at, preset: preset ?? before?.preset, uptimeSeconds: reading.uptimeSeconds ?? before?.uptimeSeconds, unsettledAt };
  if (phase === 'tuning') hour.tuned = true;
  lost(hour, reading, wanted && mining);
  if (!mining || phase !== 'steady' || reading.fallback !== undefined || reading.at - unsettledAt < settleMs) return next;
  hour.good += 1;
  if (hour.preset !== undefined && preset !== hour.preset) hour.mixed = true;
  hour.preset = preset;
  const promised = { hashrate: reading.preset?.hashrate ?? reading.hashrateNominal, powerWatts: reading.preset?.powerWatts };
  if (promised.hashrate !== undefined && promised.powerWatts !== undefined && promised.hashrate > 0 && promised.powerWatts > 0) hour.promised = { hashrate: promised.hashrate, powerWatts: promised.powerWatts };
  const add = (name: string, value: number | undefined) => addTo(hour.sums, name, value);
  add('hashrate', reading.hashrate ?? reading.hashrateAverage);
  add('nominal', reading.hashrateNominal);
  add('power', reading.powerWatts);
  add('chip', told(reading.chip.max));
  add('board', told(reading.pcb.max));
  add('coolest', told(reading.pcb.min));
  add('duty', reading.fanDutyRatio);
  const volts = reading.boards.flatMap(({ voltageVolts }) => (voltageVolts === undefined || voltageVolts <= 0 ? [] : [voltageVolts]));
  add('volts', volts.length === 0 ? undefined : volts.reduce((sum, one) => sum + one, 0) / volts.length);
  const graded = reading.boards.flatMap(({ chips }) => (chips === undefined ? [] : [chips.orange + chips.red]));
  add('weak', graded.length === 0 ? undefined : graded.reduce((sum, one) => sum + one, 0));
  for (const { fan, speedRpm } of reading.fans) addAt(hour.fans, fan, speedRpm);
  for (const { board, hashrate } of reading.boards) addAt(hour.boards, board, hashrate);
  if (reading.hardwareErrors !== undefined) {
    const known = hour.errors;
    hour.errors = { first: known?.first ?? reading.hardwareErrors, last: reading.hardwareErrors, fell: (known?.fell ?? false) || reading.hardwareErrors < (known?.last ?? 0) };
    if (before !== undefined && known !== undefined) hour.hashes += ((reading.hashrate ?? 0) * (reading.at - before.at)) / 1000;
  }
  return next;
}

/** A sensor that says nothing says 0 (vnish-api.md, 6.4). */
function told(celsius: number | undefined): number | undefined {
  return celsius === undefined || celsius <= 0 ? undefined : celsius;
}

function lost(hour: OpenHour, reading: Reading, mining: boolean): void {
  if (!mining) return;
  for (const { fan, up, speedRpm } of reading.fans) if (up === false || (speedRpm === 0 && (reading.fanDutyRatio ?? 1) > 0)) hour.lostFans[fan] = (hour.lostFans[fan] ?? 0) + 1;
  const present = new Set(reading.boards.filter(({ state, hashrate }) => (state === undefined || state === 'mining' || state === 'initializing') && hashrate !== 0).map(({ board }) => board));
  if (reading.boards.length === 0) return;
  for (let board = 1; board <= (reading.boardsExpected ?? reading.boards.length); board += 1) if (!present.has(board)) hour.lostBoards[board] = (hour.lostBoards[board] ?? 0) + 1;
}

function addTo(sums: Map<string, Sum>, name: string, value: number | undefined): void {
  if (value === undefined || !Number.isFinite(value)) return;
  const sum = sums.get(name) ?? { total: 0, count: 0 };
  sums.set(name, { total: sum.total + value, count: sum.count + 1 });
}

function addAt(sums: Sum[], place: number, value: number | undefined): void {
  if (value === undefined || !Number.isFinite(value) || place > 16) return;
  const sum = sums[place] ?? { total: 0, count: 0 };
  sums[place] = { total: sum.total + value, count: sum.count + 1 };
}

/** `expectedPolls` is how many polls an hour has. */
export function closeHour(hour: OpenHour, expectedPolls: number, poolGap?: Hour['poolGap']): Hour {
  const mean = (sum: Sum | undefined) => (sum === undefined || sum.count === 0 ? undefined : sum.total / sum.count);
  const of = (name: string) => mean(hour.sums.get(name));
  const mostly = (counts: readonly number[]) => counts.findIndex((count, place) => place > 0 && count > hour.readings / 2);
  const [lostBoard, lostFan] = [mostly(hour.lostBoards), mostly(hour.lostFans)];
  const { errors, hashes } = hour;
  // Half an error is what none may mean; so no hour is infinitely better than another.
  const errorRatio = errors === undefined || errors.fell || hashes <= 0 ? undefined : Math.min(1, (errors.last - errors.first + 0.5) / (hashes / hashesPerError + errors.last - errors.first + 1));
  const values: { [K in keyof Hour]?: Hour[K] | undefined } = {
    tuned: hour.tuned, preset: hour.preset, promised: hour.promised, hashrate: of('hashrate'), hashrateNominal: of('nominal'), powerWatts: of('power'), chipTemperature: of('chip'), boardTemperature: of('board'),
    coolestTemperature: of('coolest'), errorRatio, dutyRatio: of('duty'), volts: of('volts'), weakChips: of('weak'), poolGap,
    lostBoard: lostBoard < 0 ? undefined : lostBoard, lostFan: lostFan < 0 ? undefined : lostFan,
  };
  return {
    at: hour.at, polls: hour.polls, missed: hour.polls === 0 ? 1 : hour.missed / hour.polls, idle: hour.polls === 0 ? 0 : hour.idle / hour.polls, reboots: hour.reboots,
    steady: hour.good >= leastGood * expectedPolls && !hour.mixed && hour.preset !== undefined && hour.promised !== undefined,
    fans: Array.from(hour.fans, mean), boards: Array.from(hour.boards, mean),
    ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)),
  };
}

/** Chips over the air that goes in, degrees Celsius, and the air that flows past, as part of that at full speed. */
export function warmthOf(hour: Hour, { inlet = 25, fullRpm }: { /** Degrees Celsius. */ readonly inlet: number | undefined; readonly fullRpm: number }): { readonly over: number; readonly air: number } | undefined {
  const speeds = hour.fans.filter((rpm) => rpm !== undefined && rpm > 0) as number[];
  return hour.chipTemperature === undefined || speeds.length === 0 ? undefined : { over: hour.chipTemperature - inlet, air: median(speeds) / fullRpm };
}

/**
 * The hour as the ratio model takes it; undefined where it was not steady. Chips are as warm as they would be at full air, so that fans
 * that turn faster do not hide what the path of the heat has lost.
 */
export function cellOf(hour: Hour, { miner, model, inlet, fullRpm, exponent = airflowExponent }: { miner: string; model: string; /** Degrees Celsius. */ inlet: number | undefined; fullRpm: number; /** Of the air, in the warmth. */ exponent?: number | undefined }): Cell | undefined {
  if (!hour.steady || hour.preset === undefined || hour.promised === undefined) return undefined;
  const warmth = warmthOf(hour, { inlet, fullRpm });
  return {
    miner, model, preset: hour.preset, at: hour.at, promised: hour.promised, hashrate: hour.hashrate, powerWatts: hour.powerWatts, errorRatio: hour.errorRatio, inletTemperature: inlet,
    chipTemperature: warmth === undefined ? undefined : (inlet ?? 25) + warmth.over * warmth.air ** exponent,
  };
}

/**
 * The hour as advice takes it: chips as warm as they were, since that is what the limit is about. The air is left out on both sides: where
 * advice is made nobody measures it. Undefined where the hour was not steady.
 */
export function plainCellOf(hour: Hour, { miner, model }: { readonly miner: string; readonly model: string }): Cell | undefined {
  if (!hour.steady || hour.preset === undefined || hour.promised === undefined) return undefined;
  const { preset, at, promised, hashrate, powerWatts, chipTemperature, errorRatio } = hour;
  return { miner, model, preset, at, promised, hashrate, powerWatts, chipTemperature, errorRatio };
}
