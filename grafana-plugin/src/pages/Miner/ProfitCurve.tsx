import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React from 'react';
import { formatMoney, formatPower } from '../../data/format';
import { curveShape } from './curveShape';
import type { PresetRow } from './presetRows';

const size = { width: 720, height: 200, left: 56, right: 16, top: 12, bottom: 28 };

/** Profit over power, with its band; the table below says the same in figures. */
export function ProfitCurve({ rows }: { rows: readonly PresetRow[] }) {
  const styles = useStyles2(getStyles);
  const shape = curveShape(rows, size);
  if (shape === undefined) {
    return null;
  }
  return (
    <figure className={styles.figure}>
      <figcaption className={styles.caption}>{t('presets.curve', 'Profit a day over power')}</figcaption>
      <svg viewBox={`0 0 ${size.width} ${size.height}`} className={styles.chart} role="img" aria-label={t('presets.curve', 'Profit a day over power')}>
        {shape.ticks.map(({ y, usd }) => (
          <g key={usd}>
            <line x1={size.left} x2={size.width - size.right} y1={y} y2={y} className={usd === 0 ? styles.zero : styles.grid} />
            <text x={size.left - 8} y={y} textAnchor="end" dominantBaseline="middle" className={styles.text}>
              {formatMoney(usd)}
            </text>
          </g>
        ))}
        <path d={shape.band} className={styles.band} />
        <path d={shape.line} className={styles.line} />
        {shape.dots.map(({ x, y, row }) => (
          <g key={row.preset}>
            <circle cx={x} cy={y} r={row.isCurrent || row.isBest ? 6 : 3.5} className={row.isCurrent ? styles.current : row.isBest ? styles.best : styles.dot}>
              <title>{`${row.preset}: ${formatMoney(row.profitUsdPerDay?.value)}`}</title>
            </circle>
            <text x={x} y={size.height - 8} textAnchor="middle" className={styles.text}>
              {formatPower(row.powerWatts.value)}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  figure: css({ margin: theme.spacing(0, 0, 2), maxWidth: size.width }),
  caption: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
  chart: css({ width: '100%', display: 'block' }),
  text: css({ fontSize: 11, fill: theme.colors.text.secondary, fontVariantNumeric: 'tabular-nums' }),
  grid: css({ stroke: theme.colors.border.weak }),
  zero: css({ stroke: theme.colors.border.strong }),
  band: css({ fill: theme.colors.primary.transparent }),
  line: css({ fill: 'none', stroke: theme.colors.primary.border, strokeWidth: 2 }),
  dot: css({ fill: theme.colors.primary.border }),
  current: css({ fill: theme.colors.background.primary, stroke: theme.colors.primary.text, strokeWidth: 3 }),
  best: css({ fill: theme.colors.success.main }),
});
