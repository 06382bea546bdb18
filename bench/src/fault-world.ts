/**
 * A fleet that isn't there, for the benchmark of faults: readings every five minutes of 60 miners over 30 days, made from what air,
 * silicon and shelves do, and not from what the exporter expects of them: heat by the air's own balance, power that leaks with warmth,
 * a fan rule, sensors that round, drop out and age, day and night, a hot week, changes of preset, hours without power on account of its
 * price, reboots. Faults begin slowly or at once.
 */
import type { Reading } from '@hashfleet/exporter/miners/reading';

export const faultKinds = [
  'board_lost', 'board_weak', 'chips_dying', 'fan_wear', 'fan_dead', 'paste_ageing', 'dust', 'psu_sag', 'psu_latch', 'errors_rising', 'circuit_sag', 'network_flapping', 'pool_theft', 'tuning_drift', 'sensor_lying',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What each kind is to be called; undefined: it is no fault, and naming one is a false alarm. */
export const truth: Readonly<Record<FaultKind, string | undefined>> = {
  board_lost: 'board', board_weak: 'board', chips_dying: 'chips', fan_wear: 'fan', fan_dead: 'fan', paste_ageing: 'thermal_path', dust: 'thermal_path', psu_sag: 'psu', psu_latch: 'psu',
  errors_rising: 'chips', circuit_sag: 'circuit', network_flapping: 'network', pool_theft: 'pool', tuning_drift: 'tuning', sensor_lying: undefined,
};

export interface Mix {
  readonly miners: number;
  readonly days: number;
  /** How many of each kind. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  /** Days over which a slow fault grows to its whole. */
  readonly slowDays: readonly [number, number];
  /** Part of the whole size that a fault has, at least and at most. */
  readonly size: readonly [number, number];
  /** Changes of preset per miner and day, reboots per miner and day, hours a day without power on account of its price, days of the hot week, part of polls that are lost. */
  readonly presetChanges: number;
  readonly reboots: number;
  readonly priceStopHours: number;
  readonly hotDays: number;
  readonly dropOuts: number;
}

export const usualMix: Mix = {
  miners: 60, days: 30, slowDays: [2, 6], size: [0.7, 1.3], presetChanges: 0.1, reboots: 0.05, priceStopHours: 1, hotDays: 7, dropOuts: 0.005,
  faults: Object.fromEntries(faultKinds.map((kind) => [kind, kind === 'sensor_lying' ? 2 : 1])),
};

export interface InjectedFault { readonly kind: FaultKind; readonly miners: readonly number[]; /** Steps of five minutes. */ readonly from: number; /** Steps until it has its whole size; 0: at once. */ readonly ramp: number; readonly size: number; /** When the machine stops for it, in steps; absent: it does not. */ readonly stops?: number }

export const stepMs = 300_000;
export const perHour = 12;
const begin = Date.UTC(2026, 5, 1);
const presets = [{ name: '2900', watts: 2900, hashrate: 14.6e9 }, { name: '3200', watts: 3200, hashrate: 15.6e9 }, { name: '3500', watts: 3500, hashrate: 16.5e9 }] as const;

/** Numbers from 0 to 1, always the same ones for a seed (Mulberry32). */
export function draws(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Machine {
  preset: number;
  readonly boards: readonly number[];
  readonly fans: readonly number[];
  readonly watts: number;
  readonly resistance: number;
  readonly errors: number;
  readonly volts: number;
  readonly biases: readonly number[];
  readonly chipOffset: number;
  weak: number;
  duty: number;
  since: number;
  uptime: number;
  hardwareErrors: number;
  chip: number;
  readonly poolDeviation: number;
  poolNoise: number;
}

/** A reading, or undefined where the poll failed; with what the pool credits and whether the operator wants it to mine. */
export interface Sample { readonly reading: Reading | undefined; readonly wanted: boolean; readonly poolGap: { readonly ratio: number; readonly deviation: number } }

export interface World {
  readonly mix: Mix;
  readonly faults: readonly InjectedFault[];
  readonly subjects: readonly { readonly miner: string; readonly model: string; readonly site: string; readonly rack: string; readonly circuit: string }[];
  /** All miners at a step, in the order of `subjects`; steps must be asked for in order. */
  step(step: number): readonly Sample[];
}

const minersPerRack = 15;
const minersPerCircuit = 5;

export function world(seed: number, mix: Mix = usualMix): World {
  const draw = draws(seed * 7919 + 17);
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const between = (low: number, high: number) => low + (high - low) * draw();
  const steps = mix.days * 24 * perHour;
  const machines = Array.from({ length: mix.miners }, (): Machine => ({
    preset: Math.floor(draw() * presets.length), boards: Array.from({ length: 4 }, () => 1 + 0.01 * normal()), fans: Array.from({ length: 4 }, () => 1 + 0.02 * normal()), watts: 1 + 0.02 * normal(),
    resistance: 1 + 0.05 * normal(), errors: Math.exp(0.6 * normal()), volts: 1 + 0.004 * normal(), biases: presets.map(() => 0.006 * normal()), chipOffset: 1.5 * normal(), weak: Math.floor(draw() * 4), duty: 0.5,
    since: -1000, uptime: 1e6 * draw(), hardwareErrors: 0, chip: 65, poolDeviation: between(0.008, 0.02), poolNoise: 0,
  }));
  const racks = Array.from({ length: Math.ceil(mix.miners / minersPerRack) }, () => 2 * normal());
  const hotFrom = Math.floor(between(0.3, 0.7) * mix.days);
  const stopHour = Math.floor(between(16, 20));
  const faults = inject();
  const weather = { value: 0 };

  function inject(): InjectedFault[] {
    const free = machines.map((_machine, index) => index);
    const take = (fits: (miner: number) => boolean = () => true) => {
      const fitting = free.filter(fits);
      const chosen = fitting[Math.floor(draw() * fitting.length)];
      if (chosen === undefined) return undefined;
      free.splice(free.indexOf(chosen), 1);
      return chosen;
    };
    const list: InjectedFault[] = [];
    const wanted = faultKinds.flatMap((kind) => Array.from({ length: mix.faults[kind] ?? 0 }, () => kind));
    // A circuit needs its members together, so it chooses first.
    for (const kind of wanted.sort((a, b) => Number(b === 'circuit_sag') - Number(a === 'circuit_sag'))) {
      const first = take();
      if (first === undefined) break;
      const circuit = Math.floor(first / minersPerCircuit);
      const more = kind === 'circuit_sag' ? [0, 1, 2].map(() => take((miner) => Math.floor(miner / minersPerCircuit) === circuit)).filter((miner) => miner !== undefined) : [];
      const from = Math.floor(between(0.25, 0.7) * steps);
      const slow = ['board_weak', 'chips_dying', 'fan_wear', 'paste_ageing', 'dust', 'psu_sag', 'errors_rising', 'tuning_drift'].includes(kind);
      const ramp = slow ? Math.floor(between(...mix.slowDays) * 24 * perHour) : 0;
      const stops = { board_lost: 240, chips_dying: 168, fan_dead: 30, fan_wear: 200, paste_ageing: 220, dust: 240, psu_sag: 200, psu_latch: 10 } as const;
      list.push({ kind, miners: [first, ...more], from, ramp, size: between(...mix.size), ...(kind in stops ? { stops: from + stops[kind as keyof typeof stops] * perHour } : {}) });
    }
    return list;
  }

  return {
    mix, faults, subjects: machines.map((_machine, index) => ({ miner: `m${index}`, model: 'L9', site: 'hall', rack: `r${Math.floor(index / minersPerRack)}`, circuit: `c${Math.floor(index / minersPerCircuit)}` })),
    step(step) {
      const at = begin + step * stepMs;
      const [day, hour] = [Math.floor(step / (24 * perHour)), (step / perHour) % 24];
      weather.value = 0.997 * weather.value + 0.12 * normal();
      const air = 24 + 3.5 * Math.cos(((hour - 15) / 12) * Math.PI) + weather.value + (day >= hotFrom && day < hotFrom + mix.hotDays ? 7 : 0);
      const stopped = mix.priceStopHours > 0 && hour >= stopHour && hour < stopHour + mix.priceStopHours && day % 2 === 0;
      return machines.map((machine, index) => sample(machine, index, { step, at, inlet: air + (racks[Math.floor(index / minersPerRack)] ?? 0), stopped }));
    },
  };

  function sample(machine: Machine, index: number, { step, at, inlet, stopped }: { step: number; at: number; inlet: number; stopped: boolean }): Sample {
    const now = new Map(faults.flatMap((fault): [FaultKind, number][] => (fault.miners.includes(index) && step >= fault.from ? [[fault.kind, fault.size * (fault.ramp === 0 ? 1 : Math.min(1, (step - fault.from) / fault.ramp))]] : [])));
    const has = (kind: FaultKind) => now.get(kind) ?? 0;
    const fault = faults.find((one) => one.miners.includes(index));
    machine.uptime += 300;
    machine.poolNoise = 0.997 * machine.poolNoise + Math.sqrt(1 - 0.997 ** 2) * machine.poolDeviation * normal();
    const poolGap = { ratio: machine.poolNoise + 0.12 * has('pool_theft'), deviation: machine.poolDeviation };
    if (draw() < mix.presetChanges / (24 * perHour)) {
      machine.preset = Math.floor(draw() * presets.length);
      machine.since = step;
    }
    if (draw() < mix.reboots / (24 * perHour)) {
      [machine.since, machine.uptime, machine.hardwareErrors] = [step, 0, 0];
    }
    if (stopped) machine.since = step + 1;
    const latched = has('psu_latch') > 0 && step - (fault?.from ?? 0) >= 10 * perHour;
    const gone = latched || (fault?.stops !== undefined && step >= fault.stops && fault.kind !== 'board_lost');
    const flapping = has('network_flapping') > 0 && draw() < 0.35 * has('network_flapping');
    if (gone || flapping || draw() < mix.dropOuts) return { reading: undefined, wanted: !stopped, poolGap };
    if (stopped) return { wanted: false, poolGap, reading: { at, state: 'stopped', uptimeSeconds: machine.uptime, psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [] } };
    const preset = presets[machine.preset] ?? presets[0];
    const warming = step < machine.since + 3 ? 0.6 + 0.1 * (step - machine.since) : 1;
    const age = 1 - 0.003 * (step / (30 * 24 * perHour));
    const sag = 0.025 * has('psu_sag') + 0.02 * has('psu_latch') + 0.018 * has('circuit_sag');
    const dying = Math.floor(14 * has('chips_dying'));
    const lostBoard = has('board_lost') > 0 ? 1 + (index % 4) : 0;
    const boards = machine.boards.map((quality, place) => {
      const own = place === index % 4 ? 1 - dying / 110 - 0.08 * has('board_weak') : 1;
      const rate = place + 1 === lostBoard ? 0 : (preset.hashrate / 4) * quality * own * age * warming * (1 + (machine.biases[machine.preset] ?? 0) - 0.09 * has('tuning_drift') - 0.8 * sag - 0.0004 * (machine.chip - 65)) * (1 + 0.04 * normal());
      return { board: place + 1, state: place + 1 === lostBoard ? 'failure' : 'mining', hashrate: rate, voltageVolts: Number((13.4 * (1 - 0.012 * (2 - machine.preset)) * machine.volts * (1 - sag) + 0.01 * normal()).toFixed(2)), pcb: {}, chip: {}, chips: { grey: 110 - (place === index % 4 ? dying : 0), orange: place === 0 ? machine.weak + Number(draw() < 0.05) : 0, red: place === index % 4 ? dying : 0 } };
    });
    const hashrate = boards.reduce((sum, board) => sum + board.hashrate, 0);
    const watts = preset.watts * machine.watts * warming * (lostBoard > 0 ? 0.78 : 1) * (1 + 0.0012 * (machine.chip - 65)) * (1 + 1.2 * sag + 0.003 * normal());
    const rpms = machine.fans.map((factor, place) => {
      if (place === index % 4 && has('fan_dead') > 0) return 0;
      return Math.round(((900 + 5500 * machine.duty ** 0.9) * factor * (place === index % 4 ? 1 - 0.22 * has('fan_wear') : 1) * (1 + 0.006 * normal())) / 30) * 30;
    });
    const flow = (rpms.reduce((sum, rpm) => sum + rpm, 0) / (4 * 6400)) * (1 - 0.3 * has('dust'));
    // The air takes up the heat (flow), the sink passes it on (flow to the 0.7th), the paste too (no flow).
    const throughAir = (0.0038 * watts * machine.resistance) / Math.max(0.15, flow);
    const throughSink = (0.0052 * watts * machine.resistance) / Math.max(0.15, flow) ** 0.7;
    const throughPaste = 0.0042 * watts * (1 + 1.1 * has('paste_ageing'));
    const goal = inlet + 0.5 * throughAir + throughSink + throughPaste;
    machine.chip += 0.8 * (goal - machine.chip);
    const lie = has('sensor_lying') > 0 ? 14 : 0;
    const seen = machine.chip + machine.chipOffset + lie;
    // Slow rule towards 68 degrees, with limits, and steps of a hundredth.
    machine.duty = Math.round(100 * Math.max(0.3, Math.min(1, machine.duty + 0.006 * (seen - 68)))) / 100;
    const board = inlet + throughAir * 0.5 + throughSink * 0.8;
    machine.hardwareErrors += Math.max(0, Math.round(machine.errors * 6 * Math.exp(0.05 * (machine.chip - 65)) * (1 + 9 * has('errors_rising') + 0.5 * dying) + 2 * normal()));
    const blind = draw() < 0.01;
    return {
      wanted: true, poolGap,
      reading: {
        at, state: 'mining', stateSeconds: Math.max(0, step - machine.since) * 300, uptimeSeconds: machine.uptime, hashrate, hashrateAverage: hashrate, hashrateNominal: preset.hashrate, powerWatts: Math.round(watts), psuTemperatures: {},
        pcb: { min: Math.round(inlet + 0.2 * throughAir + 3), max: Math.round(board) }, chip: blind ? {} : { max: Math.round(seen) }, hardwareErrors: machine.hardwareErrors, fanDutyRatio: machine.duty,
        fans: rpms.map((speedRpm, place) => ({ fan: place + 1, up: speedRpm > 0, speedRpm })), pools: [], boards, boardsExpected: 4, preset: { name: preset.name, powerWatts: preset.watts, hashrate: preset.hashrate },
      },
    };
  }
}
