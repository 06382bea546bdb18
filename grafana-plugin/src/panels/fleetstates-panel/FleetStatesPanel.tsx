import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2, type PanelProps } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import React, { useCallback, useMemo } from 'react';
import { EmptyPanel } from '../drawing/EmptyPanel';
import { beginRows, labelWidth, rowAt, rowMeasures, rowOf, startsOf, stepInRows } from '../drawing/rows';
import { ScrollCanvas, type Box, type View } from '../drawing/ScrollCanvas';
import { stateColors, type FleetStatesOptions } from './options';
import { mostOut, timelinesOf } from './stretches';

const worstNamed = 10;
const legendHeight = 24;

/** A row per miner, its states over time. */
export function FleetStatesPanel({ data, options, width, height, timeRange, onChangeTimeRange, fieldConfig, timeZone }: PanelProps<FleetStatesOptions>) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const [from, to] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const all = useMemo(() => timelinesOf(data.series, to), [data.series, to]);
  const timelines = useMemo(() => {
    if (options.sortBy === 'name') {
      return all;
    }
    const rank = new Map(mostOut(all, options.usual, all.length).map(({ miner }, index) => [miner, index]));
    return [...all].sort((a, b) => (rank.get(a.miner) ?? Infinity) - (rank.get(b.miner) ?? Infinity) || 0);
  }, [all, options.sortBy, options.usual]);
  const starts = useMemo(() => startsOf(timelines.map(({ stretches }) => stretches.length)), [timelines]);
  const colors = useMemo(() => {
    const found = new Map<string, string>();
    let next = 0;
    for (const { stretches } of timelines) {
      for (const { state, color } of stretches) {
        if (!found.has(state)) {
          const known = color ?? stateColors[state];
          found.set(state, theme.visualization.getColorByName(known ?? theme.visualization.palette[next++ % theme.visualization.palette.length]));
        }
      }
    }
    return found;
  }, [timelines, theme]);
  const left = labelWidth(width);
  const across = Math.max(1, width - 12 - left);
  const xOf = useCallback((at: number): number => left + (Math.min(Math.max(at, from), to) - from) / Math.max(1, to - from) * across, [left, across, from, to]);
  const boxOf = useCallback(
    (index: number): Box => {
      const row = rowOf(starts, index);
      const stretch = timelines[row].stretches[index - starts[row]];
      const x = xOf(stretch.from);
      return { left: x, top: row * rowMeasures.height, width: Math.max(1, xOf(stretch.to) - x), height: rowMeasures.height - rowMeasures.gap };
    },
    [starts, timelines, xOf]
  );
  const draw = useCallback(
    (context: CanvasRenderingContext2D, view: View): void => {
      const [first, last] = beginRows(context, view, timelines.length);
      for (let row = first; row < last; row++) {
        const top = row * rowMeasures.height;
        context.fillStyle = theme.colors.text.primary;
        context.fillText(timelines[row].miner, 2, top + (rowMeasures.height - rowMeasures.gap) / 2, left - 6);
        context.fillStyle = theme.colors.background.secondary;
        context.fillRect(left, top, across, rowMeasures.height - rowMeasures.gap);
        for (const stretch of timelines[row].stretches) {
          const x = xOf(stretch.from);
          context.fillStyle = colors.get(stretch.state) ?? theme.colors.text.disabled;
          context.fillRect(x, top, Math.max(1, xOf(stretch.to) - x), rowMeasures.height - rowMeasures.gap);
        }
      }
    },
    [timelines, colors, left, across, xOf, theme]
  );
  const worst = useMemo(() => mostOut(timelines, options.usual, worstNamed).map(({ miner, seconds, state }) => `${miner}: ${Math.round(seconds / 60)} min not ${options.usual}, last ${state}`), [timelines, options.usual]);
  if (timelines.length === 0) {
    return <EmptyPanel text={fieldConfig.defaults.noValue ?? 'No states to show'} wants="This panel needs a range query of series with the label “miner”, and a label “state” with the value 1 for the one that holds, such as miner_state == 1." />;
  }
  const stretchOf = (index: number) => {
    const row = rowOf(starts, index);
    return { miner: timelines[row].miner, stretch: timelines[row].stretches[index - starts[row]] };
  };
  const lasting = (ms: number): string => (ms < 5_400_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`);
  const lineOf = (index: number): string => {
    const { miner, stretch } = stretchOf(index);
    return `${miner}: ${stretch.state} for ${lasting(stretch.to - stretch.from)} from ${dateTimeFormat(stretch.from, { timeZone })}`;
  };
  const mapHeight = height - (options.showLegend ? legendHeight : 0);
  return (
    <>
      <ScrollCanvas
        testId="fleet-states"
        width={width}
        height={mapHeight}
        contentHeight={timelines.length * rowMeasures.height}
        label={`States of ${timelines.length} miners over time. Arrow keys go from state to state.`}
        worst={worst}
        draw={draw}
        boxOf={boxOf}
        hitAt={(x, y) => {
          const row = rowAt(y, timelines.length);
          if (row === undefined || x < left) {
            return undefined;
          }
          const at = from + ((x - left) / across) * (to - from);
          const stretch = timelines[row].stretches.findIndex((one) => at >= one.from && at <= one.to);
          return stretch < 0 ? undefined : starts[row] + stretch;
        }}
        step={(index, key) => stepInRows(starts, index, key)}
        textOf={lineOf}
        tooltipOf={(index) => {
          const { miner, stretch } = stretchOf(index);
          return (
            <>
              <strong>{miner}</strong>
              <div>
                <span className={styles.swatch} style={{ background: colors.get(stretch.state) }} /> {stretch.state}, {lasting(stretch.to - stretch.from)}
              </div>
              <div>{dateTimeFormat(stretch.from, { timeZone })}</div>
              <div>{dateTimeFormat(stretch.to, { timeZone })}</div>
            </>
          );
        }}
        onDrag={(x1, x2) => {
          const at = (x: number): number => Math.round(from + (Math.min(Math.max(x - left, 0), across) / across) * (to - from));
          onChangeTimeRange({ from: at(x1), to: at(x2) });
        }}
      />
      {options.showLegend && (
        <ul className={styles.legend} aria-label="States">
          {[...colors].map(([state, color]) => (
            <li key={state}>
              <span className={styles.swatch} style={{ background: color }} /> {state}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  legend: css({ ...theme.typography.bodySmall, display: 'flex', gap: theme.spacing(2), listStyle: 'none', margin: 0, padding: 0, height: legendHeight, alignItems: 'center', overflow: 'hidden', whiteSpace: 'nowrap' }),
  swatch: css({ display: 'inline-block', width: 10, height: 10, borderRadius: theme.shape.radius.default }),
});
