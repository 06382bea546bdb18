/**
 * What the CGI scripts print (vnish-api.md 5). Values are mostly texts. Names that the reference lacks (`elapsed`, `hw`, `freqavg`,
 * `chain_acn`, `chain_acs`, a pool's counters) are those of Bitmain's own CGI, from general knowledge [S].
 */
import type { Board, Machine } from './machine.ts';
import { boardMegahashes, boardWatts, chipCelsius, deadChips, fanRpm, isFailed, isMissing, l3plus, poolDown, shownMegahashes } from './machine.ts';
import { boundedNormal } from '../random.ts';

const { floor, round } = Math;

/** Stock firmware names itself nowhere. */
export function minerType({ spec, faults }: Machine): string {
  return faults.some(({ kind }) => kind === 'stock_fallback') ? l3plus.fullName : `${l3plus.fullName} (vnish ${spec.firmware})`;
}

export function systemInfo(machine: Machine, host: string): Record<string, string> {
  return {
    minertype: minerType(machine), nettype: 'DHCP', netdevice: 'eth0', macaddr: machine.spec.mac, hostname: 'antMiner',
    ipaddress: host, netmask: '255.255.255.0', ant_hwv: '1.0.1.3', system_kernel_version: 'Linux 3.8.13',
    file_system_version: 'Tue Nov 30 17:18:39 CST 2021', bmminer_version: '4.11.1',
  };
}

/** Only VNish has this one: what each chip does, as texts. */
export function chipHashrates(machine: Machine, timeMs: number): object {
  return {
    chiphr: machine.boards.filter((board) => !isMissing(machine, board)).map((board) => {
      const dead = isFailed(machine, board) ? l3plus.chipsPerBoard : deadChips(machine, board);
      const each = boardMegahashes(machine, board, timeMs) / Math.max(1, l3plus.chipsPerBoard - dead);
      return Object.fromEntries(Array.from({ length: l3plus.chipsPerBoard }, (_, chip) => [`Asic${String(chip).padStart(2, '0')}`, String(chip < l3plus.chipsPerBoard - dead ? round(each * 10) / 10 : 0)]));
    }),
  };
}

export const elapsedSeconds = (machine: Machine, timeMs: number) => (machine.phase === 'mining' ? floor((timeMs - machine.sinceMs) / 1000) : 0);

export const hardwareErrors = (machine: Machine, { board }: Board, timeMs: number) => floor((elapsedSeconds(machine, timeMs) / 900) * board);

/** Mean over a longer time, MH/s. */
export function averageMegahashes(machine: Machine, timeMs: number): number {
  const mean = machine.boards.reduce((total, board) => total + boardMegahashes(machine, board, timeMs), 0) * (1 + 0.002 * boundedNormal(machine.seed + 90, floor(timeMs / 60_000)));
  return round(mean * 100) / 100;
}

/** One letter for each chip in groups of eight: `o` well, `x` bad. */
export function chipLetters(machine: Machine, board: Board): string {
  const dead = isFailed(machine, board) ? l3plus.chipsPerBoard : deadChips(machine, board);
  const letters = 'o'.repeat(l3plus.chipsPerBoard - dead) + 'x'.repeat(dead);
  return letters.replace(/.{8}/g, ' $&');
}

export function minerStatus(machine: Machine, timeMs: number): unknown {
  const boards = machine.boards.filter((board) => !isMissing(machine, board));
  const now = boards.reduce((total, board) => total + shownMegahashes(machine, board, timeMs), 0);
  return {
    summary: {
      elapsed: String(elapsedSeconds(machine, timeMs)), ghs5s: now.toFixed(3), ghsav: averageMegahashes(machine, timeMs),
      hw: String(boards.reduce((total, board) => total + hardwareErrors(machine, board, timeMs), 0)),
    },
    pools: machine.spec.pools.map(({ url, user }, index) => ({
      index: String(index), url: `stratum+tcp://${url}`, user, status: poolDown(machine, index) ? 'Dead' : 'Alive', priority: String(index),
      accepted: String(machine.counts[index]?.accepted ?? 0), rejected: String(machine.counts[index]?.rejected ?? 0), stale: String(machine.counts[index]?.stale ?? 0),
    })),
    devs: boards.map((board, place) => ({
      index: String(board.board), chain_acn: String(l3plus.chipsPerBoard - deadChips(machine, board)), freqavg: String(machine.frequencyMhz),
      rate: shownMegahashes(machine, board, timeMs).toFixed(2), temp: String(round(board.pcbCelsius)), temp2: String(round(chipCelsius(machine, board))),
      chain_consumption: machine.phase === 'mining' ? String(round(boardWatts(machine, board))) : 'null', hw: String(hardwareErrors(machine, board, timeMs)),
      chain_acs: chipLetters(machine, board),
      // All eight stand with the first board; the machine has two.
      ...(place === 0 ? Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`fan${index + 1}`, index < l3plus.fans ? String(fanRpm(machine, index + 1, timeMs)) : '0'])) : {}),
    })),
  };
}
