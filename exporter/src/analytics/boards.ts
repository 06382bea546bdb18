import type { BoardReading, Reading } from '../miners/reading.ts';
import { roundedOrNone } from './rounding.ts';

/** States in which a board works or gets ready to (vnish-api.md, 3). */
const workingStates = new Set(['mining', 'initializing']);
/** A board that the miner stopped on purpose is not lost. */
const restingStates = new Set(['stopped']);

export interface BoardPresence {
  readonly board: number;
  readonly up: boolean;
  readonly reading?: BoardReading;
}

/**
 * Every board that the model has, in order; one that the miner does not list is down. While a miner starts, its list of
 * boards may still be empty: then nothing is known and nothing is said.
 */
export function boardPresence({ boards, boardsExpected, state }: Pick<Reading, 'boards' | 'boardsExpected' | 'state'>): BoardPresence[] {
  if (boards.length === 0 && state !== 'failure' && state !== 'mining' && state !== 'auto-tuning') return [];
  const ids = new Set(boards.map((board) => board.board));
  for (let id = 1; id <= (boardsExpected ?? 0); id += 1) ids.add(id);
  return [...ids].sort((a, b) => a - b).map((id) => {
    const reading = boards.find((board) => board.board === id);
    const up = reading !== undefined && (reading.state === undefined || workingStates.has(reading.state) || restingStates.has(reading.state));
    return { board: id, up, ...(reading === undefined ? {} : { reading }) };
  });
}

/** Hashrate of each board relative to the mean of its siblings, less 1; needs two hashing boards. */
export function boardDeviations(boards: readonly BoardReading[]): ReadonlyMap<number, number> {
  const hashing = boards.flatMap(({ board, hashrate, state }) => (hashrate === undefined || (state !== undefined && state !== 'mining') ? [] : [{ board, hashrate }]));
  const total = hashing.reduce((sum, { hashrate }) => sum + hashrate, 0);
  return new Map(hashing.flatMap(({ board, hashrate }) => {
    const siblings = (total - hashrate) / (hashing.length - 1);
    const deviation = hashing.length < 2 || siblings <= 0 ? undefined : roundedOrNone(hashrate / siblings - 1);
    return deviation === undefined ? [] : [[board, deviation]];
  }));
}
