/** Tables of text, and colours where there is a person to see them. */
import { styleText } from 'node:util';

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  /** Numbers stand to the right. */
  readonly right?: true;
  readonly paint?: (row: Row) => Paint | undefined;
}

export type Paint = Parameters<typeof styleText>[0];

/** Lines under one line of titles; a column in which nothing stands is left out. */
export function tableText<Row>(rows: readonly Row[], columns: readonly Column<Row>[], { colour = false } = {}): string {
  const cells = columns.map((column) => rows.map((row) => column.of(row)));
  const shown = columns.map((column, index) => ({ column, cells: cells[index] ?? [], index })).filter(({ cells: own }) => own.some((cell) => cell !== ''));
  const widths = shown.map(({ column: { title }, cells: own }) => Math.max(title.length, ...own.map((cell) => cell.length)));
  const line = (texts: readonly string[], paints: readonly (Paint | undefined)[] = []) => shown.map(({ column }, place) => {
    const text = texts[place] ?? '';
    const gap = ' '.repeat((widths[place] ?? 0) - text.length);
    const paint = paints[place];
    const painted = colour && paint !== undefined ? styleText(paint, text, { validateStream: false }) : text;
    return column.right === true ? `${gap}${painted}` : `${painted}${gap}`;
  }).join('  ').trimEnd();
  return [
    line(shown.map(({ column }) => column.title)),
    ...rows.map((row, index) => line(shown.map(({ cells: own }) => own[index] ?? ''), shown.map(({ column }) => column.paint?.(row)))),
  ].join('\n');
}

/** True where a person reads the standard output and has not switched colours off (https://no-color.org). */
export function wantsColour(): boolean {
  return process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
}
