import { type PanelProps } from '@grafana/data';
import { useTheme2 } from '@grafana/ui';
import React, { useCallback, useMemo } from 'react';
import { EmptyPanel } from '../drawing/EmptyPanel';
import { beginRows, labelWidth, rowAt, rowMeasures, stepInRows } from '../drawing/rows';
import { linkOf, samplesOf, textOf } from '../drawing/samples';
import { ScrollCanvas, type View } from '../drawing/ScrollCanvas';
import { gapRange, gapRows } from './gaps';
import type { PoolGapOptions } from './options';

const worstNamed = 10;
const valueWidth = 64;

const percent = (share: number): string => `${share > 0 ? '+' : share < 0 ? '−' : ''}${Math.abs(share * 100).toFixed(1)} %`;

/** What each miner says it did and the pool does not credit, with what luck leaves possible. */
export function PoolGapPanel({ data, options, width, height, fieldConfig }: PanelProps<PoolGapOptions>) {
  const theme = useTheme2();
  const { tolerance } = options;
  const rows = useMemo(() => gapRows(samplesOf(data.series, 'miner'), tolerance), [data.series, tolerance]);
  const left = labelWidth(width) + valueWidth;
  const across = Math.max(1, width - 20 - left);
  const xOf = useMemo(() => {
    const [least, most] = gapRange(rows, tolerance);
    return (share: number): number => left + ((share - least) / (most - least)) * across;
  }, [rows, tolerance, left, across]);
  const draw = useCallback(
    (context: CanvasRenderingContext2D, view: View): void => {
      const [first, last] = beginRows(context, view, rows.length);
      const { getColorByName } = theme.visualization;
      const tones = { lost: getColorByName('red'), suspicious: getColorByName('orange'), even: getColorByName('green') };
      context.fillStyle = theme.colors.background.secondary;
      context.fillRect(xOf(-tolerance), view.top, xOf(tolerance) - xOf(-tolerance), view.height);
      context.fillStyle = theme.colors.border.strong;
      context.fillRect(xOf(0), view.top, 1, view.height);
      for (let index = first; index < last; index++) {
        const { miner, gap, low, high, verdict } = rows[index];
        const middle = index * rowMeasures.height + rowMeasures.height / 2;
        context.fillStyle = theme.colors.text.primary;
        context.textAlign = 'left';
        context.fillText(miner, 2, middle, left - valueWidth - 6);
        context.textAlign = 'right';
        context.fillText(percent(gap.value ?? 0), left - 8, middle);
        context.fillStyle = tones[verdict];
        if (low !== undefined && high !== undefined) {
          context.fillRect(xOf(low), middle - 1, Math.max(1, xOf(high) - xOf(low)), 2);
        }
        context.beginPath();
        context.arc(xOf(gap.value ?? 0), middle, 4, 0, 2 * Math.PI);
        context.fill();
      }
    },
    [rows, xOf, tolerance, left, theme]
  );
  const starts = useMemo(() => Array.from({ length: rows.length + 1 }, (_, index) => index), [rows]);
  if (rows.length === 0) {
    return (
      <EmptyPanel
        text={fieldConfig.defaults.noValue ?? 'No gap was judged yet'}
        wants='This panel needs three instant queries: miner_pool_gap_ratio{cause="unexplained"}, miner_pool_gap_low_ratio and miner_pool_gap_high_ratio. Nothing is judged before three whole hours.'
      />
    );
  }
  const lineOf = (index: number): string => {
    const { miner, pool, gap, low, high, verdict } = rows[index];
    const said = { lost: 'work is lost', suspicious: 'luck hardly explains it', even: 'luck can explain it' }[verdict];
    return `${miner} at ${pool}: ${textOf(gap)}${low === undefined || high === undefined ? '' : `, luck leaves ${percent(low)} to ${percent(high)} possible`}: ${said}`;
  };
  return (
    <ScrollCanvas
      testId="pool-gap"
      width={width}
      height={height}
      contentHeight={rows.length * rowMeasures.height}
      label={`Work that pools do not credit to ${rows.length} miners, the most first. Arrow keys go from miner to miner.`}
      worst={rows.slice(0, worstNamed).map((_, index) => lineOf(index))}
      draw={draw}
      boxOf={(index) => ({ left: 0, top: index * rowMeasures.height, width: width - 12, height: rowMeasures.height })}
      hitAt={(_, y) => rowAt(y, rows.length)}
      step={(index, key) => stepInRows(starts, index, key)}
      textOf={lineOf}
      tooltipOf={(index) => <div>{lineOf(index)}</div>}
      linkOf={(index) => linkOf(rows[index].gap)}
    />
  );
}
