import type { View } from './ScrollCanvas';

/** Rows of one height with a name at the left. All in px. */
export const rowMeasures = { height: 22, gap: 3, label: 110, smallestLabel: 60 } as const;

export const labelWidth = (width: number): number => Math.min(rowMeasures.label, Math.max(rowMeasures.smallestLabel, width * 0.25));

/** Rows that are wholly or partly in view: the first, and the one after the last. */
export function rowsInView({ top, height, count }: { top: number; height: number; count: number }): [number, number] {
  return [Math.max(0, Math.floor(top / rowMeasures.height)), Math.min(count, Math.ceil((top + height) / rowMeasures.height))];
}

/** Sets how the texts of rows are written; tells the rows to draw, as `rowsInView`. */
export function beginRows(context: CanvasRenderingContext2D, { top, height, theme }: View, count: number): [number, number] {
  context.font = `12px ${theme.typography.fontFamily}`;
  context.textBaseline = 'middle';
  return rowsInView({ top, height, count });
}

export const rowAt = (y: number, count: number): number | undefined => {
  const row = Math.floor(y / rowMeasures.height);
  return row >= 0 && row < count ? row : undefined;
};

/** The next entry by an arrow key where each row has a number of entries; an entry is told by its number among all. */
export function stepInRows(starts: readonly number[], index: number | undefined, key: string): number | undefined {
  const total = starts[starts.length - 1];
  if (total === 0) {
    return undefined;
  }
  if (key === 'End') {
    return total - 1;
  }
  if (index === undefined || key === 'Home') {
    return 0;
  }
  if (key === 'ArrowLeft' || key === 'ArrowRight') {
    return Math.min(Math.max(index + (key === 'ArrowRight' ? 1 : -1), 0), total - 1);
  }
  const row = rowOf(starts, index);
  const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[key] ?? 0;
  const to = Math.min(Math.max(row + by, 0), starts.length - 2);
  return Math.min(starts[to] + (index - starts[row]), Math.max(starts[to], starts[to + 1] - 1));
}

/** The row of an entry. */
export function rowOf(starts: readonly number[], index: number): number {
  let [low, high] = [0, starts.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle] <= index) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

/** Number of the first entry of each row, and of all at the end. */
export const startsOf = (sizes: readonly number[]): number[] => {
  const starts = [0];
  for (const size of sizes) {
    starts.push(starts[starts.length - 1] + size);
  }
  return starts;
};
