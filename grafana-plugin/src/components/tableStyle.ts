import { css } from '@emotion/css';
import type { GrafanaTheme2 } from '@grafana/data';

/** A plain table of facts, and the box in which it scrolls sideways. */
export const tableStyle = (theme: GrafanaTheme2) => ({
  // What is hidden by its place, as texts for screen readers, stays within.
  scroll: css({ position: 'relative', overflowX: 'auto', marginBottom: theme.spacing(2) }),
  table: css({
    width: '100%',
    'th, td': { padding: theme.spacing(0.75, 1), textAlign: 'left', borderBottom: `1px solid ${theme.colors.border.weak}`, verticalAlign: 'top' },
    'thead th': { ...theme.typography.bodySmall, color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightMedium, whiteSpace: 'nowrap' },
    'tbody th': { fontWeight: theme.typography.fontWeightMedium },
  }),
  caption: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, captionSide: 'top', textAlign: 'left', padding: theme.spacing(0, 0, 0.5) }),
  time: css({ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }),
  numeric: css({ '&&': { textAlign: 'right' }, whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }),
  weak: css({ color: theme.colors.text.secondary }),
  good: css({ color: theme.colors.success.text }),
  bad: css({ color: theme.colors.error.text }),
});
