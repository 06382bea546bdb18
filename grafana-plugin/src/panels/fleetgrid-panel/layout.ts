export interface GridLayout {
  columns: number;
  cellWidth: number;
  cellHeight: number;
  /** True when even the smallest cells do not fit and the panel scrolls. */
  scrolls: boolean;
}

/** All in px. */
export const measures = { gap: 3, header: 22, smallest: 10, largest: 150, flatness: 0.55 } as const;

export interface LayoutInput {
  width: number;
  height: number;
  groupSizes: number[];
  hasHeaders: boolean;
}

/** The largest cells with which all groups, one below the other, fit into the panel. */
export function layoutGrid({ width, height, groupSizes, hasHeaders }: LayoutInput): GridLayout {
  for (let cellWidth = Math.min(measures.largest, width); cellWidth >= measures.smallest; cellWidth--) {
    const layout = withCellWidth(cellWidth, width);
    if (neededHeight(layout, groupSizes, hasHeaders) <= height) {
      return stretch(layout, width);
    }
  }
  return { ...withCellWidth(measures.smallest, width), scrolls: true };
}

function withCellWidth(cellWidth: number, width: number): GridLayout {
  return {
    columns: Math.max(1, Math.floor((width + measures.gap) / (cellWidth + measures.gap))),
    cellWidth,
    cellHeight: Math.max(measures.smallest, Math.round(cellWidth * measures.flatness)),
    scrolls: false,
  };
}

export const neededHeight = (layout: GridLayout, groupSizes: number[], hasHeaders: boolean): number =>
  groupSizes.reduce(
    (sum, size) => sum + (hasHeaders ? measures.header : 0) + Math.ceil(size / layout.columns) * (layout.cellHeight + measures.gap),
    0
  );

/** Shares what is left of the width among the columns. */
const stretch = (layout: GridLayout, width: number): GridLayout => ({
  ...layout,
  cellWidth: Math.min(measures.largest, Math.floor((width + measures.gap) / layout.columns) - measures.gap),
});

/** What fits into a cell of this size. */
export const textRoom = ({ cellWidth, cellHeight }: Pick<GridLayout, 'cellWidth' | 'cellHeight'>): { name: boolean; value: boolean } => ({
  name: cellWidth >= 64 && cellHeight >= 34,
  value: cellWidth >= 40 && cellHeight >= 18,
});
