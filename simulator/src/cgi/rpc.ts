/**
 * What an L3+ says on TCP 4028, in bmminer's layout (the capture of an L3+ with another custom firmware; vnish-api.md 5). Labels say GHS
 * and carry MH/s. What VNish 3.x adds is not known, but for the name in `Type`, taken from `minertype` [S].
 */
import type { RpcBody, RpcCommand } from '../rpc/server.ts';
import type { Machine } from './machine.ts';
import { activePool, chipCelsius, deadChips, fanRpm, isMissing, l3plus, poolDown, shownMegahashes } from './machine.ts';
import { averageMegahashes, chipLetters, elapsedSeconds, hardwareErrors, minerType } from './pages.ts';

const { max, round } = Math;

function each<T>(name: string, values: readonly T[]): Record<string, T> {
  return Object.fromEntries(values.map((value, index) => [`${name}${index + 1}`, value]));
}

function rateNow(machine: Machine, timeMs: number): number {
  return machine.boards.reduce((total, board) => total + shownMegahashes(machine, board, timeMs), 0);
}

/** A board that is missing has zeros in all its places. */
function stats(machine: Machine, timeMs: number): RpcBody {
  const { boards } = machine;
  const there = boards.map((board) => !isMissing(machine, board));
  const [pcb, chip] = [boards.map((board, index) => (there[index] === true ? round(board.pcbCelsius) : 0)), boards.map((board, index) => (there[index] === true ? round(chipCelsius(machine, board)) : 0))];
  const zeros = boards.map(() => 0);
  const mhz = String(machine.frequencyMhz);
  return {
    STATS: [
      { CGMiner: '4.11.1', Miner: '1.0.1.3', CompileTime: 'Tue Nov 30 17:18:39 CST 2021', Type: minerType(machine) },
      {
        'STATS': 0, 'ID': 'L30', 'Elapsed': elapsedSeconds(machine, timeMs), 'Calls': 0, 'Wait': 0, 'Max': 0, 'Min': 99_999_999,
        'GHS 5s': rateNow(machine, timeMs).toFixed(3), 'GHS av': averageMegahashes(machine, timeMs), 'miner_count': there.filter(Boolean).length,
        'frequency': mhz, 'fan_num': l3plus.fans, ...each('frequency', there.map((is) => (is ? mhz : '0'))),
        ...each('fan', Array.from({ length: l3plus.fans }, (_, index) => fanRpm(machine, index + 1, timeMs))), 'temp_num': there.filter(Boolean).length,
        ...each('temp', pcb), ...each('temp2_', chip), ...each('temp3', zeros), ...each('temp4_', zeros), 'temp_max': max(...pcb),
        'Device Hardware%': 0, 'no_matching_work': boards.reduce((sum, board) => sum + hardwareErrors(machine, board, timeMs), 0),
        ...each('chain_acn', boards.map((board, index) => (there[index] === true ? l3plus.chipsPerBoard - deadChips(machine, board) : 0))),
        ...each('chain_acs', boards.map((board, index) => (there[index] === true ? chipLetters(machine, board) : ''))),
      },
    ],
  };
}

/** As bmminer's own; no capture of it is known [S]. */
function summary(machine: Machine, timeMs: number): RpcBody {
  const total = (pick: (count: Machine['counts'][number]) => number) => machine.counts.reduce((sum, count) => sum + pick(count), 0);
  return {
    SUMMARY: [{
      'Elapsed': elapsedSeconds(machine, timeMs), 'GHS 5s': rateNow(machine, timeMs).toFixed(3), 'GHS av': averageMegahashes(machine, timeMs), 'Found Blocks': 0,
      'Accepted': total(({ accepted }) => accepted), 'Rejected': total(({ rejected }) => rejected), 'Stale': total(({ stale }) => stale),
      'Hardware Errors': machine.boards.filter((board) => !isMissing(machine, board)).reduce((sum, board) => sum + hardwareErrors(machine, board, timeMs), 0),
    }],
  };
}

function pools(machine: Machine): RpcBody {
  return {
    POOLS: machine.spec.pools.map(({ url, user }, id) => ({
      'POOL': id, 'URL': `stratum+tcp://${url}`, 'Status': poolDown(machine, id) ? 'Dead' : 'Alive', 'Priority': id, 'Accepted': machine.counts[id]?.accepted ?? 0,
      'Rejected': machine.counts[id]?.rejected ?? 0, 'Stale': machine.counts[id]?.stale ?? 0, 'User': user, 'Stratum Active': machine.phase === 'mining' && id === activePool(machine),
    })),
  };
}

/** Undefined while the mining process does not run: it is who answers. */
export function rpcReply(machine: Machine, command: RpcCommand, timeMs: number): RpcBody | undefined {
  if (machine.phase !== 'mining') return undefined;
  switch (command) {
    case 'stats': return stats(machine, timeMs);
    case 'summary': return summary(machine, timeMs);
    case 'pools': return pools(machine);
    case 'devs': return { DEVS: machine.boards.filter((board) => !isMissing(machine, board)).map((board, index) => ({ 'ASC': index, 'Name': 'L30', 'ID': index, 'Enabled': 'Y', 'Status': 'Alive', 'Hardware Errors': hardwareErrors(machine, board, timeMs) })) };
    case 'devdetails': return { DEVDETAILS: machine.boards.map((_, index) => ({ DEVDETAILS: index, Name: 'L30', ID: index, Driver: 'bitmain', Model: l3plus.fullName })) };
  }
}
