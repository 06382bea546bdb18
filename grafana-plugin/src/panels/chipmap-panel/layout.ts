import { rowOf, startsOf } from '../drawing/rows';
import type { Box } from '../drawing/ScrollCanvas';

/** All in px. */
export const measures = { header: 18, gap: 12, smallestChip: 5, largestChip: 22 } as const;

export interface ChipLayout {
  chip: number;
  /** Chips beside each other, by board. */
  columns: number[];
  /** Number of a board's first chip, and of all chips at the end. */
  starts: number[];
  /** Boards beside each other. */
  across: number;
  block: { width: number; height: number };
  contentHeight: number;
}

const columnsFor = (chips: number, wanted: number): number => Math.max(1, Math.min(chips, wanted > 0 ? wanted : Math.round(Math.sqrt(chips * 2.5))));

/** The largest chips with which all boards fit into the panel; the smallest, and scrolling, where none do. */
export function layoutChips({ width, height, boards, columns: wanted }: { width: number; height: number; boards: readonly number[]; columns: number }): ChipLayout {
  const columns = boards.map((chips) => columnsFor(chips, wanted));
  const rows = Math.max(1, ...boards.map((chips, index) => Math.ceil(chips / columns[index])));
  const widest = Math.max(1, ...columns);
  const starts = startsOf(boards);
  const withChip = (chip: number): ChipLayout => {
    const block = { width: Math.max(widest * chip, 60) + measures.gap, height: measures.header + rows * chip + measures.gap };
    const across = Math.max(1, Math.floor((width + measures.gap) / block.width));
    return { chip, columns, starts, across, block, contentHeight: Math.ceil(boards.length / across) * block.height };
  };
  for (let chip = measures.largestChip; chip > measures.smallestChip; chip--) {
    const layout = withChip(chip);
    if (layout.contentHeight <= height && layout.block.width <= width + measures.gap) {
      return layout;
    }
  }
  return withChip(measures.smallestChip);
}

/** Left upper corner of a board. */
export const boardAt = ({ across, block }: ChipLayout, board: number): { left: number; top: number } => ({ left: (board % across) * block.width, top: Math.floor(board / across) * block.height });

/** Where a chip of a board stands among its columns and rows. */
export function cellOf(chip: number, columns: number, serpentine: boolean): { column: number; row: number } {
  const row = Math.floor(chip / columns);
  const along = chip % columns;
  return { row, column: serpentine && row % 2 === 1 ? columns - 1 - along : along };
}

/** The board of a chip, by the number of the chip among all. */
export const boardOfChip = ({ starts }: ChipLayout, index: number): number => rowOf(starts, index);

export function chipBox(layout: ChipLayout, index: number, serpentine: boolean): Box {
  const board = boardOfChip(layout, index);
  const { left, top } = boardAt(layout, board);
  const { column, row } = cellOf(index - layout.starts[board], layout.columns[board], serpentine);
  return { left: left + column * layout.chip, top: top + measures.header + row * layout.chip, width: layout.chip, height: layout.chip };
}

export function chipAt(layout: ChipLayout, x: number, y: number, serpentine: boolean): number | undefined {
  const { across, block, chip, columns, starts } = layout;
  const [blockColumn, blockRow] = [Math.floor(x / block.width), Math.floor(y / block.height)];
  const board = blockRow * across + blockColumn;
  const [column, row] = [Math.floor((x - blockColumn * block.width) / chip), Math.floor((y - blockRow * block.height - measures.header) / chip)];
  if (blockColumn < 0 || blockColumn >= across || board < 0 || board >= columns.length || row < 0 || column < 0 || column >= columns[board]) {
    return undefined;
  }
  const index = starts[board] + row * columns[board] + (serpentine && row % 2 === 1 ? columns[board] - 1 - column : column);
  return index < starts[board + 1] ? index : undefined;
}
