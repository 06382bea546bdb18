import { css, cx } from '@emotion/css';
import { type GrafanaTheme2, type PanelProps } from '@grafana/data';
import { useStyles2, useTheme2 } from '@grafana/ui';
import React, { memo, useMemo, useRef, useState, type KeyboardEvent, type SyntheticEvent } from 'react';
import { readableOn } from '../drawing/contrast';
import { EmptyPanel } from '../drawing/EmptyPanel';
import { groupCells, toCells, type Cell } from './cells';
import { layoutGrid, measures, textRoom } from './layout';
import type { FleetGridOptions } from './options';

interface Pointed {
  cell: Cell;
  left: number;
  top: number;
}

export function FleetGridPanel({ data, options, width, height, fieldConfig }: PanelProps<FleetGridOptions>) {
  const theme = useTheme2();
  const styles = useStyles2(getStyles);
  const container = useRef<HTMLDivElement>(null);
  const [pointed, setPointed] = useState<Pointed>();
  const groups = useMemo(
    () => groupCells(toCells(data.series, theme.colors.text.disabled), options),
    [data.series, options, theme]
  );
  const cells = useMemo(() => groups.flatMap((group) => group.cells), [groups]);
  const starts = groups.map((_, position) => groups.slice(0, position).reduce((sum, group) => sum + group.cells.length, 0));
  const hasHeaders = groups.length > 1 || Boolean(groups[0]?.name);
  const layout = useMemo(
    () => layoutGrid({ width, height, groupSizes: groups.map((group) => group.cells.length), hasHeaders }),
    [width, height, groups, hasHeaders]
  );
  if (cells.length === 0) {
    return <EmptyPanel text={fieldConfig.defaults.noValue ?? 'No miners to show'} wants="This panel needs series with a “miner” label." />;
  }
  const room = textRoom(layout);

  /** One handler for all cells: with thousands of them a listener each would be dear. */
  const point = (event: SyntheticEvent): void => {
    const element = (event.target as Element).closest<HTMLElement>('[data-cell]');
    const box = container.current?.getBoundingClientRect();
    const cell = element && cells[Number(element.dataset.cell)];
    if (!element || !box || !cell) {
      setPointed(undefined);
      return;
    }
    const at = element.getBoundingClientRect();
    setPointed({ cell, left: at.left - box.left + at.width / 2, top: at.bottom - box.top });
  };
  const move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: layout.columns, ArrowUp: -layout.columns }[event.key];
    const from = Number((event.target as HTMLElement).dataset.cell);
    if (step === undefined || Number.isNaN(from)) {
      return;
    }
    event.preventDefault();
    const to = Math.min(Math.max(from + step, 0), cells.length - 1);
    container.current?.querySelector<HTMLElement>(`[data-cell="${to}"]`)?.focus();
  };
  return (
    <div ref={container} className={styles.panel} style={{ width, height }} data-testid="fleet-grid">
      <div
        className={cx(styles.groups, layout.scrolls && styles.scrolls)}
        role="group"
        aria-label="Miners"
        onMouseOver={point}
        onMouseLeave={() => setPointed(undefined)}
        onFocus={point}
        onBlur={() => setPointed(undefined)}
        onKeyDown={move}
      >
        {groups.map((group, position) => {
          const start = starts[position];
          return (
            <section key={group.name} aria-label={group.name || 'Miners'}>
              {hasHeaders && (
                <div className={styles.header}>
                  {group.name || 'No label'} <span className={styles.hint}>{group.cells.length}</span>
                </div>
              )}
              <div className={styles.cells} style={{ gridTemplateColumns: `repeat(${layout.columns}, ${layout.cellWidth}px)`, gridAutoRows: layout.cellHeight }}>
                {group.cells.map((cell, index) => (
                  <GridCell
                    key={cell.miner}
                    cell={cell}
                    index={start + index}
                    showName={options.showName && room.name}
                    showValue={options.showValue && room.value}
                    className={styles.cell}
                  />
                ))}
              </div>
            </section>
          );
        })}
      </div>
      {pointed && <CellTooltip {...pointed} width={width} height={height} />}
    </div>
  );
}

interface GridCellProps {
  cell: Cell;
  index: number;
  showName: boolean;
  showValue: boolean;
  className: string;
}

const GridCell = memo(function GridCell({ cell, index, showName, showValue, className }: GridCellProps) {
  const content = (
    <>
      {showName && <span>{cell.miner}</span>}
      {showValue && <strong>{cell.text}</strong>}
    </>
  );
  const shared = {
    className,
    style: { background: cell.color, color: readableOn(cell.color) },
    'data-cell': index,
    'aria-label': `${cell.miner}: ${cell.text}`,
    // One stop for the tab key; the arrow keys walk through the cells.
    tabIndex: index === 0 ? 0 : -1,
  };
  return cell.link ? (
    <a {...shared} href={cell.link.href} target={cell.link.target}>
      {content}
    </a>
  ) : (
    <div {...shared} role="img">
      {content}
    </div>
  );
});

const tooltipWidth = 200;

function CellTooltip({ cell, left, top, width, height }: Pointed & { width: number; height: number }) {
  const styles = useStyles2(getStyles);
  const { miner, __name__: _, ...labels } = cell.labels;
  const below = top < height * 0.6;
  return (
    <div
      className={styles.tooltip}
      role="tooltip"
      style={{
        left: Math.min(Math.max(left - tooltipWidth / 2, 0), Math.max(width - tooltipWidth, 0)),
        ...(below ? { top: top + measures.gap } : { bottom: height - top + measures.smallest * 3 }),
      }}
    >
      <strong>{miner}</strong>
      <div>
        <span className={styles.swatch} style={{ background: cell.color }} /> {cell.text}
      </div>
      {Object.entries(labels)
        .filter(([, value]) => value !== '')
        .map(([name, value]) => (
          <div key={name} className={styles.hint}>
            {name}: {value}
          </div>
        ))}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  panel: css({ position: 'relative' }),
  groups: css({ width: '100%', height: '100%', overflow: 'hidden' }),
  scrolls: css({ overflowY: 'auto' }),
  header: css({ ...theme.typography.bodySmall, height: measures.header, lineHeight: `${measures.header}px`, fontWeight: theme.typography.fontWeightMedium }),
  cells: css({ display: 'grid', gap: measures.gap, paddingBottom: measures.gap }),
  cell: css({
    ...theme.typography.bodySmall, display: 'flex', flexDirection: 'column', justifyContent: 'center', alignItems: 'center', overflow: 'hidden', whiteSpace: 'nowrap',
    borderRadius: theme.shape.radius.default, lineHeight: 1.2,
    '&:hover, &:focus-visible': { outline: `2px solid ${theme.colors.text.primary}`, outlineOffset: -2 },
  }),
  hint: css({ color: theme.colors.text.secondary }),
  tooltip: css({
    ...theme.typography.bodySmall, position: 'absolute', zIndex: theme.zIndex.tooltip, width: tooltipWidth, padding: theme.spacing(1), pointerEvents: 'none',
    background: theme.colors.background.elevated, border: `1px solid ${theme.colors.border.medium}`, borderRadius: theme.shape.radius.default, boxShadow: theme.shadows.z2,
    overflowWrap: 'anywhere',
  }),
  swatch: css({ display: 'inline-block', width: 10, height: 10, borderRadius: theme.shape.radius.circle }),
});
