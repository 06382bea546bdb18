import { compareNames, type Sample } from '../drawing/samples';

export interface BoardOfChips {
  miner: string;
  board: string;
  chips: Sample[];
  median: number;
}

const median = (values: number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length === 0 ? NaN : sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Boards by miner and number, with their chips in the order of the chain. */
export function boardsOf(samples: readonly Sample[]): BoardOfChips[] {
  const boards = new Map<string, BoardOfChips>();
  for (const sample of samples) {
    const { miner = '', board = '', chip } = sample.labels;
    if (chip === undefined) {
      continue;
    }
    const key = `${miner}\n${board}`;
    const found = boards.get(key);
    if (found) {
      found.chips.push(sample);
    } else {
      boards.set(key, { miner, board, chips: [sample], median: NaN });
    }
  }
  for (const board of boards.values()) {
    board.chips.sort((a, b) => Number(a.labels.chip) - Number(b.labels.chip) || compareNames(a.labels.chip, b.labels.chip));
    board.median = median(board.chips.flatMap(({ value }) => (value === null ? [] : [value])));
  }
  return [...boards.values()].sort((a, b) => compareNames(a.miner, b.miner) || compareNames(a.board, b.board));
}

/** How far a value lies from the median of its board, as a share of it; NaN where one of both is not known. */
export const deviationOf = (value: number | null, middle: number): number => (value === null || middle === 0 ? NaN : value / middle - 1);

/** The chips that lie furthest from their boards, the furthest first. */
export function furthest(boards: readonly BoardOfChips[], count: number): Array<{ board: BoardOfChips; chip: Sample; deviation: number }> {
  const found: Array<{ board: BoardOfChips; chip: Sample; deviation: number }> = [];
  for (const board of boards) {
    for (const chip of board.chips) {
      const deviation = deviationOf(chip.value, board.median);
      if (Number.isFinite(deviation) && (found.length < count || Math.abs(deviation) > Math.abs(found[found.length - 1].deviation))) {
        found.push({ board, chip, deviation });
        found.sort((a, b) => Math.abs(b.deviation) - Math.abs(a.deviation));
        found.length = Math.min(found.length, count);
      }
    }
  }
  return found;
}
