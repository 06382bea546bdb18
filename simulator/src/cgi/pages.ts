/**
 * What the CGI scripts print (vnish-api.md 5). Values are mostly texts. Names that the reference lacks (`elapsed`, `hw`, `freqavg`,
 * `chain_acn`, `chain_acs`, a pool's counters) are those of Bitmain's own CGI, from general knowledge [S].
 */
import type { Machine } from './machine.ts';
import { boardMegahashes, boardWatts, chipCelsius, fanRpm, l3plus, shownMegahashes } from './machine.ts';
import { boundedNormal } from '../random.ts';

const { floor, round } = Math;

export function systemInfo({ spec }: Machine, host: string): Record<string, string> {
  return {
    minertype: `${l3plus.fullName} (vnish ${spec.firmware})`, nettype: 'DHCP', netdevice: 'eth0', macaddr: spec.mac, hostname: 'antMiner',
    ipaddress: host, netmask: '255.255.255.0', ant_hwv: '1.0.1.3', system_kernel_version: 'Linux 3.8.13',
    file_system_version: 'Tue Nov 30 17:18:39 CST 2021', bmminer_version: '4.11.1',
  };
}

const elapsedSeconds = (machine: Machine, timeMs: number) => (machine.phase === 'mining' ? floor((timeMs - machine.sinceMs) / 1000) : 0);

export function minerStatus(machine: Machine, timeMs: number): unknown {
  const elapsed = elapsedSeconds(machine, timeMs);
  const boards = machine.boards.filter(({ missing }) => !missing);
  const now = boards.reduce((total, board) => total + shownMegahashes(machine, board, timeMs), 0);
  const mean = boards.reduce((total, board) => total + boardMegahashes(machine, board), 0) * (1 + 0.002 * boundedNormal(machine.seed + 90, floor(timeMs / 60_000)));
  const hardwareErrors = (board: number) => floor((elapsed / 900) * board);
  return {
    summary: {
      elapsed: String(elapsed), ghs5s: now.toFixed(3), ghsav: round(mean * 100) / 100, hw: String(boards.reduce((total, { board }) => total + hardwareErrors(board), 0)),
    },
    pools: machine.spec.pools.map(({ url, user }, index) => ({
      index: String(index), url: `stratum+tcp://${url}`, user, status: 'Alive', priority: String(index),
      accepted: String(index === 0 ? floor(elapsed / 13) : 0), rejected: String(index === 0 ? floor(elapsed / 1300) : 0), stale: '0',
    })),
    devs: boards.map((board, place) => ({
      index: String(board.board), chain_acn: String(l3plus.chipsPerBoard), freqavg: String(machine.frequencyMhz),
      rate: shownMegahashes(machine, board, timeMs).toFixed(2), temp: String(round(board.pcbCelsius)), temp2: String(round(chipCelsius(machine, board))),
      chain_consumption: machine.phase === 'mining' ? String(round(boardWatts(machine, board))) : 'null', hw: String(hardwareErrors(board.board)),
      chain_acs: ' oooooooo'.repeat(l3plus.chipsPerBoard / 8),
      // All eight stand with the first board; the machine has two.
      ...(place === 0 ? Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`fan${index + 1}`, index < l3plus.fans ? String(fanRpm(machine, index + 1, timeMs)) : '0'])) : {}),
    })),
  };
}
