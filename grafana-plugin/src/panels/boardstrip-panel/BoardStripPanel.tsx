import { getFieldDisplayName, type PanelProps } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import React, { useCallback, useMemo } from 'react';
import { EmptyPanel } from '../drawing/EmptyPanel';
import { beginRows, labelWidth, rowAt, rowMeasures, rowOf, startsOf, stepInRows } from '../drawing/rows';
import { displayOf, linkOf, samplesOf, textOf } from '../drawing/samples';
import { ScrollCanvas, type Box, type View } from '../drawing/ScrollCanvas';
import { readableOn } from '../drawing/contrast';
import type { BoardStripOptions } from './options';
import { stripsOf } from './strips';

const worstNamed = 10;
/** Cells narrower than this have no room for a value. */
const leastForText = 46;

/** A row per miner with its boards side by side. */
export function BoardStripPanel({ data, options, width, height, fieldConfig }: PanelProps<BoardStripOptions>) {
  const theme = useTheme2();
  const strips = useMemo(() => stripsOf(samplesOf(data.series, 'board'), options.sortBy), [data.series, options.sortBy]);
  const starts = useMemo(() => startsOf(strips.map(({ cells }) => cells.length)), [strips]);
  const most = useMemo(() => strips.reduce((top, { cells }) => Math.max(top, cells.length), 1), [strips]);
  const left = labelWidth(width);
  const cellWidth = Math.max(8, (width - 12 - left) / most);
  const boxOf = useCallback(
    (index: number): Box => {
      const row = rowOf(starts, index);
      return { left: left + (index - starts[row]) * cellWidth, top: row * rowMeasures.height, width: cellWidth - rowMeasures.gap, height: rowMeasures.height - rowMeasures.gap };
    },
    [starts, left, cellWidth]
  );
  const draw = useCallback(
    (context: CanvasRenderingContext2D, view: View): void => {
      const [first, last] = beginRows(context, view, strips.length);
      for (let row = first; row < last; row++) {
        const middle = row * rowMeasures.height + (rowMeasures.height - rowMeasures.gap) / 2;
        context.textAlign = 'left';
        context.fillStyle = theme.colors.text.primary;
        context.fillText(strips[row].miner, 2, middle, left - 6);
        context.textAlign = 'center';
        strips[row].cells.forEach(({ main }, index) => {
          const box = boxOf(starts[row] + index);
          const color = (main.value === null ? undefined : displayOf(main)?.color) ?? theme.colors.text.disabled;
          context.fillStyle = color;
          context.fillRect(box.left, box.top, box.width, box.height);
          if (options.showValue && box.width >= leastForText) {
            context.fillStyle = readableOn(color);
            context.fillText(textOf(main), box.left + box.width / 2, middle, box.width - 4);
          }
        });
      }
    },
    [strips, starts, boxOf, left, options.showValue, theme]
  );
  const cellAt = (index: number) => {
    const row = rowOf(starts, index);
    return { miner: strips[row].miner, cell: strips[row].cells[index - starts[row]] };
  };
  const lineOf = (index: number): string => {
    const { miner, cell } = cellAt(index);
    return `${miner}, board ${cell.board}: ${textOf(cell.main)}`;
  };
  const worst = useMemo(
    () =>
      strips
        .flatMap(({ miner, cells }) => cells.map((cell) => ({ miner, cell })))
        .sort((a, b) => (a.cell.main.value ?? -Infinity) - (b.cell.main.value ?? -Infinity))
        .slice(0, worstNamed)
        .map(({ miner, cell }) => `${miner}, board ${cell.board}: ${textOf(cell.main)}`),
    [strips]
  );
  if (strips.length === 0) {
    return <EmptyPanel text={fieldConfig.defaults.noValue ?? 'No boards to show'} wants="This panel needs series with the labels “miner” and “board”, such as miner_board_hashrate_hashes_per_second; further queries say more of a board." />;
  }
  return (
    <ScrollCanvas
      testId="board-strip"
      width={width}
      height={height}
      contentHeight={strips.length * rowMeasures.height}
      label={`Boards of ${strips.length} miners. Arrow keys go from board to board.`}
      worst={worst}
      draw={draw}
      boxOf={boxOf}
      hitAt={(x, y) => {
        const row = rowAt(y, strips.length);
        const cell = Math.floor((x - left) / cellWidth);
        return row === undefined || cell < 0 || cell >= strips[row].cells.length ? undefined : starts[row] + cell;
      }}
      step={(index, key) => stepInRows(starts, index, key)}
      textOf={lineOf}
      tooltipOf={(index) => {
        const { miner, cell } = cellAt(index);
        return (
          <>
            <strong>{miner}</strong>
            <div>
              Board {cell.board}: {textOf(cell.main)}
            </div>
            {cell.others.map((other, position) => (
              <div key={position}>
                {getFieldDisplayName(other.field)}: {textOf(other)}
              </div>
            ))}
          </>
        );
      }}
      linkOf={(index) => linkOf(cellAt(index).cell.main)}
    />
  );
}
