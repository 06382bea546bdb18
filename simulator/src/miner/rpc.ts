/** What xminer says on TCP 4028, in the layout of 1.2.7's captures (vnish-api.md 5b); of 1.3 none is known, so the same is told there [S]. */
import type { RpcBody, RpcCommand } from '../rpc/server.ts';
import { httpReachable } from './lifecycle.ts';
import { agoText, chainEntry, difficultyText, isBare, sensorValues } from './replies.ts';
import { chipAbovePcbCelsius } from './physics.ts';
import { activePool, feeShare, poolCondition } from './shares.ts';
import type { MinerState, PoolCounters } from './state.ts';
import { hasFault } from './state.ts';
import { badChips, boardCondition, fanSpeeds, round } from './working.ts';

const compileTimes = { '1.2.7': '2025-12-22 19:12:30', '1.3.4': '2026-05-14 09:41:07' } as const;

/** The port is closed or silent while the miner starts. */
function answers(state: MinerState, timeMs: number): boolean {
  const { life } = state;
  return httpReachable(life, timeMs) && !hasFault(state, 'stock_fallback') && !['initializing', 'starting', 'restarting'].includes(life.phase.state);
}

/** A key for each board: `name1`, `name2`, … */
function each<T>(name: string, values: readonly T[]): Record<string, T> {
  return Object.fromEntries(values.map((value, index) => [`${name}${index + 1}`, value]));
}

const elapsedSeconds = (state: MinerState, timeMs: number) => Math.max(0, Math.floor((timeMs - state.life.phase.sinceMs) / 1000));

function stats(state: MinerState, timeMs: number): RpcBody {
  const { model, spec } = state;
  const boards = isBare(state) ? [] : state.boards;
  const chains = boards.map((board) => chainEntry(state, board, timeMs));
  const sum = (values: readonly number[]) => round(values.reduce((total, value) => total + value, 0), 2);
  const sensors = boards.map((board) => {
    const values = sensorValues(state, board, timeMs);
    return values.length === 0 ? { letters: 'e-e-e-e', pcb: [0, 0, 0, 0] } : { letters: 'm-m-m-m', pcb: values };
  });
  const hottest = sensors.map(({ pcb }) => Math.max(...pcb));
  const chip = (celsius: number) => (celsius === 0 ? 0 : celsius + chipAbovePcbCelsius);
  const found = boards.map((board) => (['missing', 'disabled'].includes(boardCondition(state, board)) ? 0 : model.chipsPerBoard - badChips(state, board).size));
  const rpms = isBare(state) || state.settings.miner.cooling.mode.name === 'immers' ? [] : fanSpeeds(state, timeMs);
  const rate = sum(chains.map(({ hashrate_rt: now }) => now));
  return {
    STATS: [
      { Type: `${model.fullName} (Vnish ${spec.firmware})`, Miner: '0.0.0', Cgminer: spec.firmware, CompileTime: compileTimes[spec.firmware] },
      {
        'Elapsed': elapsedSeconds(state, timeMs), 'GHS 5s': rate.toFixed(2), 'GHS av': sum(boards.map((board) => board.averageHashrate)),
        ...each('temp_sens', sensors.map(({ letters }) => letters)), ...each('temp', hottest), ...each('temp2_', hottest.map(chip)), ...each('temp3_', hottest.map(chip)),
        ...each('temp_chip', sensors.map(({ pcb }) => pcb.map(chip).join('-'))), ...each('temp_pcb', sensors.map(({ pcb }) => pcb.join('-'))),
        ...each('chain_consumption', chains.map(({ power_consumption: watts }) => watts)), ...each('chain_hw', chains.map(({ hw_errors: errors }) => errors)),
        'fan_num': rpms.length, 'fan_mode': state.settings.miner.cooling.mode.name === 'manual' ? 1 : 0, 'fan_pwm': Math.round(state.fanDuty), ...each('fan', rpms),
        ...each('chain_rateideal', chains.map(({ hashrate_ideal: ideal }) => ideal)), ...each('chain_rate', chains.map(({ hashrate_rt: now }) => now)),
        ...each('freq_avg', chains.map(({ frequency }) => frequency)), ...each('chain_vol', chains.map(({ voltage }) => voltage)),
        'state': state.life.phase.state, 'total_rate': rate, 'total_rateideal': sum(chains.map(({ hashrate_ideal: ideal }) => ideal)), 'total_acn': sum(found),
        ...each('chain_state', chains.map(({ status }) => status.state)), ...each('chain_fault', chains.map(({ status }) => ('description' in status ? status.description : ''))),
        ...each('chain_acn', found),
      },
    ],
  };
}

function summary(state: MinerState, timeMs: number): RpcBody {
  const boards = isBare(state) ? [] : state.boards;
  const counters = [...state.poolCounters, state.feeCounters];
  const total = (pick: (one: PoolCounters) => number) => counters.reduce((sum, one) => sum + pick(one), 0);
  const average = round(boards.reduce((sum, board) => sum + board.averageHashrate, 0), 2);
  return {
    SUMMARY: [{
      'Elapsed': elapsedSeconds(state, timeMs), 'Device Hardware%': 0, 'GHS 5s': round(boards.reduce((sum, board) => sum + chainEntry(state, board, timeMs).hashrate_rt, 0), 2),
      'GHS av': average, 'GHS 30m': average, 'Stale': total(({ stale }) => stale), 'Found Blocks': 0, 'Getworks': 0,
      'Accepted': total(({ accepted }) => accepted), 'Rejected': total(({ rejected }) => rejected),
      'Hardware Errors': boards.reduce((sum, board) => sum + board.hwErrors + board.faultErrors, 0),
      // Constant in 1.2.7.
      'Utility': 0, 'Discarded': 0, 'Get Failures': 0, 'Local Work': 0, 'Remote Failures': 0, 'Network Blocks': 0, 'Total MH': 0, 'Work Utility': 0,
      'Difficulty Accepted': total(({ acceptedDifficulty }) => acceptedDifficulty), 'Best Share': state.bestShare, 'Last getwork': 0, 'Fee Percent': round(feeShare * 100, 3),
    }],
  };
}

function pools(state: MinerState, timeMs: number): RpcBody {
  const active = activePool(state);
  const entry = (head: RpcBody, counters: PoolCounters) => ({
    ...head, 'Diff': difficultyText(counters.lastShareMs === null ? 0 : counters.difficulty), 'Accepted': counters.accepted, 'Rejected': counters.rejected, 'Stale': counters.stale,
    'Last Share Difficulty': counters.lastShareMs === null ? 0 : counters.difficulty, 'Last Share Time': agoText(timeMs, counters.lastShareMs), 'Has Vmask': true,
    'Difficulty Accepted': counters.acceptedDifficulty, 'Difficulty Rejected': 0, 'Difficulty Stale': 0,
  });
  const own = isBare(state) ? [] : state.livePools;
  return {
    POOLS: [
      ...own.map(({ url, user }, id) => entry({ 'POOL': id, 'URL': url, 'Type': 0, 'User': user, 'Status': poolCondition(state, id) === 'down' ? 'Dead' : 'Alive', 'Stratum Active': id === active }, state.poolCounters[id] ?? state.feeCounters)),
      entry({ 'POOL': own.length, 'URL': 'DevFee', 'Type': 1, 'User': 'DevFee', 'Status': 'Alive', 'Stratum Active': false }, state.feeCounters),
    ],
  };
}

/** Names as in cgminer's own API list; no capture of VNish's is known [S]. */
function devs(state: MinerState, timeMs: number): RpcBody {
  const boards = isBare(state) ? [] : state.boards;
  return {
    DEVS: boards.map((board, index) => ({ 'ASC': index, 'Name': 'BTM', 'ID': index, 'Enabled': 'Y', 'Status': boardCondition(state, board) === 'present' ? 'Alive' : 'Dead', 'GHS 5s': chainEntry(state, board, timeMs).hashrate_rt, 'Hardware Errors': board.hwErrors + board.faultErrors })),
  };
}

export function rpcReply(state: MinerState, command: RpcCommand, timeMs: number): RpcBody | undefined {
  if (!answers(state, timeMs)) return undefined;
  switch (command) {
    case 'stats': return stats(state, timeMs);
    case 'summary': return summary(state, timeMs);
    case 'pools': return pools(state, timeMs);
    case 'devs': return devs(state, timeMs);
    case 'devdetails': return { DEVDETAILS: state.boards.map((_, index) => ({ DEVDETAILS: index, Name: 'BTM', ID: index, Driver: 'xminer', Model: state.model.fullName })) };
  }
}
