import { type PanelProps } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import React, { useCallback, useMemo } from 'react';
import { EmptyPanel } from '../drawing/EmptyPanel';
import { linkOf, samplesOf, textOf } from '../drawing/samples';
import { ScrollCanvas, type View } from '../drawing/ScrollCanvas';
import { boardsOf, deviationOf, furthest } from './boards';
import { chipColors } from './chipColors';
import { boardAt, boardOfChip, cellOf, chipAt, chipBox, layoutChips, measures } from './layout';
import type { ChipMapOptions } from './options';

const worstNamed = 10;

/** Every chip of the boards as a cell; only what is in view is coloured and drawn. */
export function ChipMapPanel({ data, options, width, height, fieldConfig }: PanelProps<ChipMapOptions>) {
  const theme = useTheme2();
  const { colorBy, columns, serpentine, tolerance } = options;
  const boards = useMemo(() => boardsOf(samplesOf(data.series, 'chip')), [data.series]);
  const layout = useMemo(() => layoutChips({ width: width - 10, height, boards: boards.map(({ chips }) => chips.length), columns }), [boards, width, height, columns]);
  const total = layout.starts[layout.starts.length - 1];
  const colorOf = useMemo(() => chipColors(boards, layout.starts, { colorBy, tolerance, theme }), [boards, layout, colorBy, tolerance, theme]);
  const draw = useCallback(
    (context: CanvasRenderingContext2D, view: View): void => {
      const first = Math.max(0, Math.floor(view.top / layout.block.height)) * layout.across;
      const last = Math.min(boards.length, Math.ceil((view.top + view.height) / layout.block.height) * layout.across);
      const size = layout.chip - 1;
      context.font = `12px ${theme.typography.fontFamily}`;
      context.textBaseline = 'middle';
      for (let board = first; board < last; board++) {
        const { left, top } = boardAt(layout, board);
        context.fillStyle = theme.colors.text.secondary;
        context.fillText(`${boards[board].miner} · ${boards[board].board}`, left, top + measures.header / 2, layout.block.width - 2);
        for (let index = layout.starts[board]; index < layout.starts[board + 1]; index++) {
          const { column, row } = cellOf(index - layout.starts[board], layout.columns[board], serpentine);
          context.fillStyle = colorOf(index, board);
          context.fillRect(left + column * layout.chip, top + measures.header + row * layout.chip, size, size);
        }
      }
    },
    [boards, layout, serpentine, colorOf, theme]
  );
  const worst = useMemo(
    () => furthest(boards, worstNamed).map(({ board, chip, deviation }) => `${board.miner}, board ${board.board}, chip ${chip.labels.chip}: ${textOf(chip)} (${(deviation * 100).toFixed(0)} % from its board)`),
    [boards]
  );
  if (total === 0) {
    return <EmptyPanel text={fieldConfig.defaults.noValue ?? 'No chips to show'} wants="This panel needs series with the labels “miner”, “board” and “chip”, such as miner_chip_hashrate_hashes_per_second." />;
  }
  const chipOf = (index: number) => {
    const board = boards[boardOfChip(layout, index)];
    return { board, chip: board.chips[index - layout.starts[boardOfChip(layout, index)]] };
  };
  const lineOf = (index: number): string => {
    const { board, chip } = chipOf(index);
    return `${board.miner}, board ${board.board}, chip ${chip.labels.chip}: ${textOf(chip)}`;
  };
  return (
    <ScrollCanvas
      testId="chip-map"
      width={width}
      height={height}
      contentHeight={layout.contentHeight}
      label={`Chip map: ${total} chips of ${boards.length} boards. Arrow keys go from chip to chip.`}
      worst={worst}
      draw={draw}
      hitAt={(x, y) => chipAt(layout, x, y, serpentine)}
      boxOf={(index) => chipBox(layout, index, serpentine)}
      step={(index, key) => {
        if (index === undefined || key === 'Home') {
          return 0;
        }
        const board = boardOfChip(layout, index);
        const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: layout.columns[board], ArrowUp: -layout.columns[board], PageDown: layout.starts[board + 1] - index, PageUp: layout.starts[Math.max(0, board - 1)] - index, End: total }[key] ?? 0;
        return Math.min(Math.max(index + by, 0), total - 1);
      }}
      textOf={lineOf}
      tooltipOf={(index) => {
        const { board, chip } = chipOf(index);
        const deviation = deviationOf(chip.value, board.median);
        return (
          <>
            <strong>{board.miner}</strong>
            <div>
              Board {board.board}, chip {chip.labels.chip}: {textOf(chip)}
            </div>
            {Number.isFinite(deviation) && <div>{`${deviation < 0 ? '−' : '+'}${Math.abs(deviation * 100).toFixed(1)} % from the median of its board`}</div>}
          </>
        );
      }}
      linkOf={(index) => linkOf(chipOf(index).chip)}
    />
  );
}
