/** Replies of the reads, shaped after the vendor's OpenAPI files of 1.2.7 and 1.3.4 and the captures (vnish-api.md 2.3). */
import { smoothNoise, uniform } from '../random.ts';
import type { HardwareModel } from '../hardware.ts';
import { isHashing, timelines } from './lifecycle.ts';
import type { StateName } from './lifecycle.ts';
import { historyEveryMs, quietSample } from './machine.ts';
import { chipAbovePcbCelsius, chipGrade, sensorPlaces } from './physics.ts';
import { activePool, feeShare, poolCondition } from './shares.ts';
import type { BoardState, MinerState, PoolCounters } from './state.ts';
import { faultsOf, hasFault, presetRow } from './state.ts';
import {
  badChips, boardCondition, boardFrequency, boardIdeal, boardRealtime, boardRuns, boardSensors, boardWatts, chipQuality, fanSpeeds, inletAt,
  lostFans, pointAt, round, throttleShare,
} from './working.ts';

export interface Viewer { readonly timeMs: number; readonly unlocked: boolean }

const buildTimes = { '1.2.7': '2025-12-22 19:12:30', '1.3.4': '2026-05-14 09:41:07+00:00' } as const;

/** `H:MM` below a day, `N days, HH:MM` above (vnish-api.md 2.3). */
export function uptimeText(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3600);
  const minutes = String(Math.floor((seconds % 3600) / 60)).padStart(2, '0');
  if (days === 0) return `${hours}:${minutes}`;
  return `${days} ${days === 1 ? 'day' : 'days'}, ${hours}:${minutes}`;
}

export function infoReply(state: MinerState, viewer: Viewer): object {
  const { model, spec, life, settings } = state;
  const memTotal = 243_704;
  const memFree = 174_000 + Math.round(3000 * smoothNoise(state.seed + 51, viewer.timeMs, 120_000));
  const { network } = settings;
  const hidden = spec.redactHostname === true && !viewer.unlocked;
  return {
    miner: model.fullName, model: model.code, fw_name: spec.brand?.name ?? 'Vnish', fw_version: state.firmwareVersion,
    build_uuid: spec.firmware === '1.2.7' ? '53a7f3d0-71ee-4c1e-b45e-50a6c2164dad' : '7c1b2f6e-0d54-4a3e-9b71-2f5a8e6c9d10',
    build_name: spec.brand?.build ?? 'vnishnet', platform: model.platform, install_type: 'nand', build_time: buildTimes[spec.firmware],
    algorithm: model.algorithm, hr_measure: model.hrMeasure,
    system: {
      os: model.kernel, miner_name: model.code, file_system_version: '',
      mem_total: memTotal, mem_free: memFree, mem_free_percent: Math.floor((memFree / memTotal) * 100),
      mem_buf: 31_928, mem_buf_percent: Math.floor((31_928 / memTotal) * 100),
      network_status: {
        mac: spec.mac, dhcp: network.dhcp, ip: network.ipaddress, netmask: network.netmask, gateway: network.gateway,
        dns: network.dnsservers, hostname: hidden ? '' : network.hostname,
      },
      uptime: uptimeText(Math.max(0, (viewer.timeMs - life.bootedAtMs) / 1000)),
    },
    serial: 'N/A',
  };
}

function overclockLimits(state: MinerState): object {
  const { limits, stock } = state.model;
  return {
    max_voltage: limits.maxVoltageMv / 10, min_voltage: limits.minVoltageMv / 10, default_voltage: stock.voltageMv / 10,
    max_voltage_stock_psu: limits.maxVoltageStockPsuMv / 10,
    max_freq: limits.maxFrequencyMhz, min_freq: limits.minFrequencyMhz, default_freq: stock.frequencyMhz, warn_freq: limits.warnFrequencyMhz,
    ...(state.generation === '1.3' ? { power_metering: state.model.psuPowerMetering === true, max_power_limit: limits.maxPowerWatts } : {}),
  };
}

function coolingLimits(state: MinerState): object {
  const { limits, fans } = state.model;
  return {
    min_fan_pwm: limits.minFanDuty, min_target_temp: limits.minTargetCelsius, max_target_temp: limits.maxTargetCelsius,
    fan_min_count: { min: 1, max: fans, default: fans },
  };
}

/** Chips laid out boustrophedon, -1 for an empty cell; the real layout of L7 and L9 is not known (vnish-api.md 6.1). */
function topology(model: HardwareModel): object {
  const columns = model.topologyColumns;
  const rows = Math.ceil(model.chipsPerBoard / columns);
  const chips = Array.from({ length: rows }, (_, row) => {
    const line = Array.from({ length: columns }, (_unused, column) => {
      const chip = row * columns + column;
      return chip < model.chipsPerBoard ? chip : -1;
    });
    return row % 2 === 0 ? line : line.reverse();
  });
  return { chips, num_cols: columns, num_rows: rows };
}

export function modelReply(state: MinerState): object {
  const { model } = state;
  return {
    full_name: model.fullName, model: model.code, algorithm: model.algorithm, series: model.series, platform: model.platform,
    install_type: 'nand', hr_measure: model.hrMeasure, serial: 'N/A',
    chain: { chips_per_chain: model.chipsPerBoard, chips_per_domain: model.chipsPerDomain, num_chains: model.boards, topology: topology(model) },
    cooling: coolingLimits(state),
    overclock: overclockLimits(state),
  };
}

function minerStatus(state: MinerState, timeMs: number): object {
  const { phase } = state.life;
  return {
    miner_state: phase.state,
    miner_state_time: Math.max(0, Math.floor((timeMs - phase.sinceMs) / 1000)),
    ...(phase.failure === undefined ? {} : { description: phase.failure.description, failure_code: phase.failure.code }),
    ...(state.generation === '1.3' ? { throttled: Math.round(throttleShare(state, timeMs) * 100) } : {}),
  };
}

export function statusReply(state: MinerState, viewer: Viewer): object {
  return {
    ...minerStatus(state, viewer.timeMs),
    find_miner: state.ledOn, restart_required: state.pending.restart, reboot_required: state.pending.reboot,
    unlocked: viewer.unlocked, ...(viewer.unlocked ? { unlock_timeout: 1 } : {}), warranty: state.warranty,
  };
}

/** No boards, no fans, no pools of the user: as captured in failure 1002. */
export function isBare(state: MinerState): boolean {
  return state.life.phase.failure?.code === 1002;
}

interface Range { min: number; max: number }

const zeroRange: Range = { min: 0, max: 0 };

export function sensorValues(state: MinerState, board: BoardState, timeMs: number): number[] {
  const condition = boardCondition(state, board);
  if (condition === 'missing' || condition === 'disabled' || state.life.phase.state === 'initializing') return [];
  const values = boardSensors(state, board, timeMs);
  const faults = faultsOf(state, 'sensor_fault').filter(({ params }) => (params.board ?? 1) === board.id);
  if (faults.length === 0) return values;
  return faults.some(({ params }) => params.mode === 'stuck') ? values.map(() => 47) : [];
}

function range(values: readonly number[]): Range {
  return values.length === 0 ? zeroRange : { min: Math.min(...values), max: Math.max(...values) };
}

function chipRange(pcb: Range): Range {
  return pcb.max === 0 ? zeroRange : { min: pcb.min + chipAbovePcbCelsius, max: pcb.max + chipAbovePcbCelsius };
}

type BoardStateName = 'initializing' | 'mining' | 'stopped' | 'failure' | 'disconnected' | 'disabled' | 'unknown';

const boardStateBy: Readonly<Record<StateName, BoardStateName>> = {
  'mining': 'mining', 'auto-tuning': 'mining', 'initializing': 'initializing', 'starting': 'initializing', 'restarting': 'stopped',
  'shutting-down': 'stopped', 'stopped': 'stopped', 'failure': 'failure',
};

function boardStateName(state: MinerState, board: BoardState, timeMs: number): BoardStateName {
  const condition = boardCondition(state, board);
  if (condition === 'missing') return 'disconnected';
  if (condition === 'disabled') return 'disabled';
  if (condition === 'failed') return state.life.phase.state === 'initializing' ? 'initializing' : 'failure';
  if (isHashing(state.life.phase.state) && !boardRuns(state, board, timeMs)) return 'initializing';
  return boardStateBy[state.life.phase.state];
}

function boardTrouble(state: MinerState, board: BoardState): string | undefined {
  switch (boardCondition(state, board)) {
    case 'missing':
      return `0 of ${state.model.chipsPerBoard} chips detected`;
    case 'failed':
      return 'Chain break detected';
    case 'present':
    case 'disabled':
      return state.life.phase.state === 'failure' ? state.life.phase.failure?.description : undefined;
  }
}

function chipStatuses(state: MinerState, board: BoardState): { red: number; orange: number; grey: number } {
  const counts = { red: 0, orange: 0, grey: 0 };
  const condition = boardCondition(state, board);
  if (condition === 'missing' || condition === 'disabled') return counts;
  const dead = badChips(state, board);
  for (let chip = 0; chip < state.model.chipsPerBoard; chip += 1) counts[chipGrade(chipQuality(board, chip, dead))] += 1;
  return counts;
}

export function chainEntry(state: MinerState, board: BoardState, timeMs: number) {
  const ideal = round(boardIdeal(state, board, timeMs), 2);
  const runs = boardRuns(state, board, timeMs);
  const pcb = range(sensorValues(state, board, timeMs));
  const trouble = boardTrouble(state, board);
  return {
    id: board.id,
    frequency: round(boardFrequency(state, board, timeMs), 1),
    voltage: runs ? Math.round(pointAt(state, timeMs).voltageMv) : 0,
    power_consumption: boardWatts(state, board, timeMs),
    hashrate_ideal: ideal,
    hashrate_rt: boardRealtime(state, board, timeMs),
    hashrate_percentage: ideal === 0 ? 0 : round((board.averageHashrate / ideal) * 100, 2),
    hr_error: 0,
    hw_errors: board.hwErrors + board.faultErrors,
    pcb_temp: pcb,
    chip_temp: chipRange(pcb),
    chip_statuses: chipStatuses(state, board),
    status: { state: boardStateName(state, board, timeMs), ...(trouble === undefined ? {} : { description: trouble }) },
  };
}

/** Difficulty as VNish shortens it: three significant digits, decimal prefixes (262144 → "262K", 16384 → "16.4K"). */
export function difficultyText(difficulty: number): string {
  if (difficulty === 0) return '';
  const units = ['', 'K', 'M', 'G', 'T'];
  let value = difficulty;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))}${units[unit] ?? ''}`;
}

export function agoText(timeMs: number, atMs: number | null): string {
  if (atMs === null) return '0';
  const seconds = Math.max(0, Math.floor((timeMs - atMs) / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${two(Math.floor((seconds % 3600) / 60))}:${two(seconds % 60)}`;
}

interface PoolHead { readonly id: number; readonly url: string; readonly user: string; readonly pool_type: 'UserPool' | 'DevFee'; readonly status: string; readonly ping: number }

function poolEntry(head: PoolHead, counters: PoolCounters, timeMs: number): object {
  return {
    id: head.id, url: head.url, pool_type: head.pool_type, user: head.user, status: head.status, asic_boost: false,
    diff: difficultyText(counters.lastShareMs === null ? 0 : counters.difficulty),
    accepted: counters.accepted, rejected: counters.rejected, stale: counters.stale,
    ls_diff: counters.lastShareMs === null ? 0 : counters.difficulty,
    ls_time: agoText(timeMs, counters.lastShareMs), diffa: counters.acceptedDifficulty, ping: head.ping,
  };
}

function poolEntries(state: MinerState, timeMs: number): object[] {
  const bare = isBare(state);
  const active = activePool(state);
  const working = isHashing(state.life.phase.state);
  const statusOf = (id: number) => {
    const condition = poolCondition(state, id);
    if (condition === 'down') return 'offline';
    if (condition === 'rejecting' && id === active) return 'rejecting';
    return id === active && working ? 'active' : 'working';
  };
  const users = bare ? [] : state.livePools.map((pool, id) => {
    const ping = statusOf(id) === 'offline' || !working || id !== active ? 0
      : 18 + 7 * id + Math.round(6 * Math.abs(smoothNoise(state.seed + 61 + id, timeMs, 30_000)));
    return poolEntry({ id, url: pool.url, user: pool.user, pool_type: 'UserPool', status: statusOf(id), ping }, state.poolCounters[id] ?? state.feeCounters, timeMs);
  });
  const fee: PoolHead = {
    id: users.length, url: 'DevFee', user: 'DevFee', pool_type: 'DevFee', status: working ? 'active' : 'working', ping: working ? 49 : 0,
  };
  const none: PoolCounters = { accepted: 0, rejected: 0, stale: 0, difficulty: 0, acceptedDifficulty: 0, lastShareMs: null };
  return [...users, poolEntry(fee, bare ? none : state.feeCounters, timeMs)];
}

/** `immers` in the settings is `immersion` here (vnish-api.md 3); 1.3 tells the parameter too. */
function coolingMode(state: MinerState): object {
  const { mode } = state.settings.miner.cooling;
  if (mode.name === 'immers') return { name: 'immersion' };
  return state.generation === '1.3' ? { name: mode.name, param: mode.param } : { name: mode.name };
}

function coolingEntry(state: MinerState, timeMs: number): object {
  const fanless = isBare(state) || state.settings.miner.cooling.mode.name === 'immers';
  const lost = lostFans(state);
  const fans = fanless ? [] : fanSpeeds(state, timeMs).map((rpm, id) =>
    ({ id, rpm, status: lost.has(id) ? 'lost' : 'ok', max_rpm: state.model.maxRpm }));
  return { fan_num: fans.length, fans, settings: { mode: coolingMode(state) }, fan_duty: fanless ? 0 : Math.round(state.fanDuty) };
}

function psuEntry(state: MinerState, timeMs: number): object {
  if (state.model.psuPowerMetering === null || isBare(state)) return {};
  const extra = hasFault(state, 'psu_trouble') ? 38 : 0;
  const load = state.boards.reduce((sum, board) => sum + boardWatts(state, board, timeMs), 0) / state.model.stock.watts;
  const base = inletAt(state, timeMs) + 4 + 16 * load + extra;
  return {
    psu: {
      temps: { pfc_temp: Math.round(base), llc1_temp: Math.round(base + 1), llc2_temp: Math.round(base + 3) },
      psu_power_metering: state.model.psuPowerMetering,
    },
  };
}

/** True in the first seconds of initialising, when `/summary` has no miner yet (quirk 7). */
function summaryAbsent(state: MinerState, timeMs: number): boolean {
  const { phase } = state.life;
  return phase.state === 'initializing' && timeMs - phase.sinceMs < timelines.summaryAbsent * 1000;
}

/** Power as the PSU tells it is spread evenly over the chains (S21 Pro capture: 861 W three times). */
function spreadPower(state: MinerState, chains: { power_consumption: number }[]): void {
  const running = chains.filter((chain) => chain.power_consumption > 0);
  if (state.model.psuPowerMetering !== true || running.length === 0) return;
  const share = Math.round(running.reduce((sum, chain) => sum + chain.power_consumption, 0) / running.length);
  for (const chain of running) chain.power_consumption = share;
}

export function summaryReply(state: MinerState, viewer: Viewer): object {
  const { timeMs } = viewer;
  if (!isBare(state) && summaryAbsent(state, timeMs)) return { miner: null };
  const bare = isBare(state);
  const chains = bare ? [] : state.boards.map((board) => chainEntry(state, board, timeMs));
  spreadPower(state, chains);
  const sum = (pick: (chain: (typeof chains)[number]) => number) => chains.reduce((total, chain) => total + pick(chain), 0);
  const realtime = round(sum((chain) => chain.hashrate_rt), 2);
  const average = round(state.boards.reduce((total, board) => total + (bare ? 0 : board.averageHashrate), 0), 3);
  const power = sum((chain) => chain.power_consumption);
  const temps = chains.filter((chain) => chain.pcb_temp.max > 0);
  const pcb = temps.length === 0 ? zeroRange
    : { min: Math.min(...temps.map((chain) => chain.pcb_temp.min)), max: Math.max(...temps.map((chain) => chain.pcb_temp.max)) };
  const errors = sum((chain) => chain.hw_errors);
  const nonces = state.hashes / state.model.hashesPerDifficulty / 256 + 1;
  return {
    miner: {
      miner_status: minerStatus(state, timeMs),
      miner_type: `${state.model.fullName} (${state.spec.brand?.name ?? 'Vnish'} ${state.firmwareVersion})`,
      hr_stock: bare ? 0 : state.rating,
      average_hashrate: average / 1000, instant_hashrate: realtime / 1000,
      hr_realtime: realtime, hr_nominal: round(sum((chain) => chain.hashrate_ideal), 2), hr_average: average,
      pcb_temp: pcb, chip_temp: chipRange(pcb),
      power_consumption: power, power_usage: power, power_efficiency: average === 0 ? 0 : round(power / (average / 1000), 6),
      hw_errors_percent: errors === 0 ? 0 : round(Math.min(100, (errors / (errors + nonces)) * 100), 4), hr_error: 0, hw_errors: errors,
      devfee_percent: bare ? 0 : round(feeShare * 100, 3), devfee: bare ? 0 : round(average * feeShare, 3),
      pools: poolEntries(state, timeMs),
      cooling: coolingEntry(state, timeMs),
      chains, found_blocks: 0, best_share: bare ? 0 : state.bestShare,
      ...(state.generation === '1.3' ? { restart_count: state.life.restarts } : {}),
      ...psuEntry(state, timeMs),
    },
  };
}

export function presetEntry(state: MinerState, name: string): { name: string; pretty: string; status: 'tuned' | 'untuned'; modded_psu_required: boolean } {
  const row = presetRow(state, name);
  if (row === undefined) return { name: 'disabled', pretty: 'Disabled', status: 'untuned', modded_psu_required: false };
  const { presetUnit } = state.model;
  const pretty = `${row.watts} watt ~ ${Math.round(row.hashrate * presetUnit.perHashrate)} ${presetUnit.name}${row.modded ? ' LC' : ''}`;
  return { name, pretty, status: state.tuned.has(name) ? 'tuned' : 'untuned', modded_psu_required: row.modded };
}

export function perfSummaryReply(state: MinerState): object {
  const { preset_switcher: switcher, globals } = state.settings.miner.overclock;
  const name = state.runningPreset;
  const current = isBare(state) ? null : { ...presetEntry(state, name), ...(name === 'disabled' ? { globals } : {}) };
  return { current_preset: current, preset_switcher: switcher };
}

export function presetsReply(state: MinerState): object[] {
  const { model } = state;
  const { globals } = state.settings.miner.overclock;
  const disabled = {
    ...presetEntry(state, 'disabled'),
    tune_settings: { hashrate: 0, volt: globals.volt * 10, freq: globals.freq, chains: [{ freq: 0, chips: new Array<number>(model.chipsPerBoard).fill(0) }], modified: true },
  };
  const rows = model.presets.map((row) => {
    const entry = presetEntry(state, String(row.watts));
    return entry.status === 'tuned' ? { ...entry, tune_settings: tuneSettings(state, row.watts) } : entry;
  });
  return [disabled, ...rows];
}

function tuneSettings(state: MinerState, presetWatts: number): object {
  const row = presetRow(state, String(presetWatts));
  const { model } = state;
  const freq = Math.round((row?.hashrate ?? 0) / (model.hashratePerChipMhz * model.chipsPerBoard * model.boards));
  const ratio = (presetWatts / model.stock.watts) * (model.stock.frequencyMhz / freq);
  const chains = state.boards.map((board) => {
    const boardFreq = Math.round(freq * board.frequencyFactor);
    const chips = Array.from(board.quality, (quality) => Math.round(boardFreq * Math.min(1.01, Math.max(0.9, quality))));
    return { freq: boardFreq, serial: board.serial, chips };
  });
  return {
    hashrate: Math.round((row?.hashrate ?? 0) * (1 + 0.004 * (uniform(state.seed + 97, presetWatts) - 0.4))),
    volt: Math.round((model.stock.voltageMv * Math.sqrt(ratio)) / 10) * 10, freq, chains, modified: false,
    ...(state.generation === '1.3' ? { date: '2026-06-01 10:00:00' } : {}),
  };
}

function sensorEntries(state: MinerState, board: BoardState, timeMs: number): object[] {
  const starting = state.life.phase.state === 'initializing';
  const faults = faultsOf(state, 'sensor_fault').filter(({ params }) => (params.board ?? 1) === board.id);
  const values = faults.some(({ params }) => params.mode === 'stuck') ? sensorPlaces.map(() => 47) : boardSensors(state, board, timeMs);
  const broken = faults.some(({ params }) => params.mode !== 'stuck');
  const zeroed = starting || broken;
  return sensorPlaces.map((place, i) => {
    const value = values[i] ?? 0;
    const name = starting ? 'init' : faults.some(({ params }) => (params.mode ?? 'error') === 'error') ? 'error' : 'measure';
    return { state: name, board: zeroed ? 0 : value, chip: zeroed ? 0 : value + chipAbovePcbCelsius, loc: Math.floor(place * (state.model.chipsPerBoard - 1)) };
  });
}

function chipEntries(state: MinerState, board: BoardState, timeMs: number): { hr: number }[] {
  const { model } = state;
  const dead = badChips(state, board);
  const runs = boardRuns(state, board, timeMs);
  const freq = boardFrequency(state, board, timeMs);
  const volt = runs ? Math.round(pointAt(state, timeMs).voltageMv / (model.chipsPerBoard / model.chipsPerDomain)) : 0;
  const scale = boardRealtime(state, board, timeMs);
  const total = Array.from(board.quality, (_, chip) => chipQuality(board, chip, dead)).reduce((sum, q) => sum + q, 0);
  const inlet = inletAt(state, timeMs);
  const hot = faultsOf(state, 'chip_overheat').some(({ params }) => (params.board ?? 1) === board.id);
  const errorsAt = errorSpread(state, board, dead);
  return Array.from({ length: model.chipsPerBoard }, (_, chip) => {
    const quality = chipQuality(board, chip, dead);
    const place = 0.38 + 0.62 * (chip / (model.chipsPerBoard - 1));
    const temp = state.life.phase.state === 'initializing' ? 0 : inlet + (board.pcbCelsius - inlet) * place + chipAbovePcbCelsius;
    return {
      id: chip, hr: round((scale * quality) / total, 3), freq: Math.round(freq), volt, temp: round(temp, 1), errs: errorsAt(chip),
      grade: chipGrade(quality), throttled: runs && hot && temp > 88,
    };
  });
}

/** Spreads a board's errors over its chips so that they add up: ordinary ones over all, a fault's over few. */
function errorSpread(state: MinerState, board: BoardState, dead: ReadonlySet<number>): (chip: number) => number {
  const chips = state.model.chipsPerBoard;
  const few = dead.size > 0 ? [...dead] : [5, 41, 60];
  return (chip) => {
    const ordinary = Math.floor((board.hwErrors * (chip + 1)) / chips) - Math.floor((board.hwErrors * chip) / chips);
    const rank = few.indexOf(chip);
    if (rank === -1) return ordinary;
    return ordinary + Math.floor((board.faultErrors * (rank + 1)) / few.length) - Math.floor((board.faultErrors * rank) / few.length);
  };
}

/** `/chains` of 1.2 and `/boards` of 1.3: the same shape. */
export function boardsReply(state: MinerState, viewer: Viewer): object[] {
  const { timeMs } = viewer;
  if (isBare(state) || summaryAbsent(state, timeMs)) return [];
  return state.boards.map((board) => {
    const condition = boardCondition(state, board);
    const absent = condition === 'missing' || condition === 'disabled';
    const trouble = boardTrouble(state, board);
    return {
      id: board.id,
      status: { state: boardStateName(state, board, timeMs), ...(trouble === undefined ? {} : { failure_message: trouble }) },
      hr_realtime: boardRealtime(state, board, timeMs),
      hr_nominal: round(boardIdeal(state, board, timeMs), 2),
      freq: round(boardFrequency(state, board, timeMs), 1),
      sensors: absent ? [] : sensorEntries(state, board, timeMs),
      chips: absent ? [] : chipEntries(state, board, timeMs),
    };
  });
}

/** The deprecated `/chips` of 1.2. */
export function chipsReply(state: MinerState, viewer: Viewer): object {
  const chains = (boardsReply(state, viewer) as { id: number; chips: { id: number; hr: number; freq: number; temp: number; errs: number; grade: string }[] }[])
    .map((board) => ({
      id: board.id,
      chips: board.chips.map((chip) => ({ id: chip.id, status: chip.grade, hashrate: chip.hr, freq: chip.freq, temp: chip.temp, errors: chip.errs })),
    }));
  return { chips_per_chain: state.model.chipsPerBoard, chains };
}

export function factoryInfoReply(state: MinerState): object {
  const { model, spec } = state;
  // Until the boards were read, everything is null, as captured.
  if (isBare(state) || state.life.phase.state === 'initializing' || spec.factoryInfo === 'none') return { hr_stock: null, has_pics: null, psu_model: null, psu_serial: null, chains: null };
  const nameless = spec.factoryInfo === 'without_serials';
  const chains = state.boards.filter((board) => boardCondition(state, board) !== 'missing').map((board) => ({
    id: board.id, board_model: model.boardModel, serial: nameless ? 'N/A' : board.serial, chip_bin: 1 + Math.floor(uniform(board.seed, 5) * 3),
    freq: model.stock.frequencyMhz, volt: model.stock.voltageMv / 10, hashrate: round(state.rating / model.boards, 1),
  }));
  return { hr_stock: state.rating, has_pics: true, psu_model: model.psuModel, psu_serial: nameless ? null : `SIMPSU${state.seed % 100_000}`, chains };
}

export interface MetricsQuery { readonly sliceSeconds: number; readonly stepSeconds: number }

/** History: newest first; the newest point is now, the older ones are aligned to `step` (vnish-api.md 2.3). */
export function metricsReply(state: MinerState, viewer: Viewer, query: MetricsQuery): object {
  const { timeMs } = viewer;
  const oldest = timeMs - query.sliceSeconds * 1000;
  const stepMs = query.stepSeconds * 1000;
  const metrics = [{ time: Math.floor(timeMs / 1000), data: sampleNow(state, timeMs) }];
  for (let at = Math.floor((timeMs - 1) / stepMs) * stepMs; at >= oldest; at -= stepMs) {
    metrics.push({ time: Math.floor(at / 1000), data: meanAt(state, at, stepMs) });
  }
  const annotations = state.annotations.filter((note) => note.timeMs >= oldest).reverse().map((note) => ({
    time: Math.floor(note.timeMs / 1000),
    data: { type: note.type, ...(note.board === undefined ? {} : { [state.generation === '1.3' ? 'board_id' : 'chain_id']: note.board }) },
  }));
  return { timezone: state.settings.regional.timezone.current, metrics, annotations };
}

interface MetricsData { hashrate: number; pcb_max_temp: number; chip_max_temp: number; fan_duty: number; power_consumption: number }

function sampleNow(state: MinerState, timeMs: number): MetricsData {
  const pcb = Math.round(Math.max(...state.boards.map((board) => board.pcbCelsius)));
  return {
    hashrate: round(state.boards.reduce((sum, board) => sum + boardRealtime(state, board, timeMs), 0), 2),
    pcb_max_temp: pcb, chip_max_temp: pcb + chipAbovePcbCelsius, fan_duty: Math.round(state.fanDuty),
    power_consumption: state.boards.reduce((sum, board) => sum + boardWatts(state, board, timeMs), 0),
  };
}

/** The vendor resamples to the mean of a step (description of `step`); the machine keeps a sample every five minutes. */
function meanAt(state: MinerState, timeMs: number, stepMs: number): MetricsData {
  const count = Math.max(1, Math.floor(stepMs / historyEveryMs));
  const samples = Array.from({ length: count }, (_, index) => sampleAt(state, timeMs - index * historyEveryMs));
  const mean = (pick: (sample: MetricsData) => number) => samples.reduce((sum, sample) => sum + pick(sample), 0) / count;
  return {
    hashrate: round(mean((sample) => sample.hashrate), 2),
    pcb_max_temp: Math.round(mean((sample) => sample.pcb_max_temp)), chip_max_temp: Math.round(mean((sample) => sample.chip_max_temp)),
    fan_duty: Math.round(mean((sample) => sample.fan_duty)), power_consumption: Math.round(mean((sample) => sample.power_consumption)),
  };
}

function sampleAt(state: MinerState, timeMs: number): MetricsData {
  const off: MetricsData = { hashrate: 0, pcb_max_temp: 0, chip_max_temp: 0, fan_duty: 0, power_consumption: 0 };
  const first = state.history[0];
  if (timeMs < state.startMs || first === undefined || timeMs < first.timeMs) {
    if (state.spec.begin === 'boot' || state.spec.begin === 'stopped') return off;
    const quiet = quietSample(state, timeMs);
    return {
      hashrate: round(quiet.hashrate, 2), pcb_max_temp: quiet.pcb, chip_max_temp: quiet.pcb + chipAbovePcbCelsius,
      fan_duty: Math.round(quiet.duty), power_consumption: Math.round(quiet.watts),
    };
  }
  let low = 0;
  let high = state.history.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((state.history[middle]?.timeMs ?? Infinity) <= timeMs) low = middle;
    else high = middle - 1;
  }
  const sample = state.history[low] ?? first;
  const pcb = Math.round(sample.pcbCelsius);
  return {
    hashrate: round(sample.hashrate, 2), pcb_max_temp: pcb, chip_max_temp: pcb + chipAbovePcbCelsius,
    fan_duty: Math.round(sample.fanDuty), power_consumption: Math.round(sample.watts),
  };
}

export function settingsReply(state: MinerState): object {
  const { miner, network, regional, ui, layout } = state.settings;
  return { miner, network, regional, ui: { ...ui, consts: uiConsts(state) }, layout, password: null };
}

function uiConsts(state: MinerState): object {
  const timezones = Array.from({ length: 24 }, (_, i) => i - 11).map((offset) => {
    const name = offset === 0 ? 'GMT' : `GMT${offset > 0 ? '+' : ''}${offset}`;
    return [name, name];
  });
  return { cooling: coolingLimits(state), overclock: overclockLimits(state), timezones };
}

export function uiReply(state: MinerState): object {
  return { ...state.settings.ui, consts: uiConsts(state) };
}

/** A log as text: `[YYYY/MM/DD HH:MM:SS] LEVEL: text` (vnish-api.md 3). */
export function logReply(state: MinerState, type: string): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const stamp = (timeMs: number) => {
    const at = new Date(timeMs);
    return `${at.getUTCFullYear()}/${two(at.getUTCMonth() + 1)}/${two(at.getUTCDate())} ${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  };
  return (state.logs.get(type) ?? []).map((line) => `[${stamp(line.timeMs)}] ${line.level}: ${line.text}\n`).join('');
}
