import { css, keyframes } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React from 'react';

/** Grey bars where content will be, so that the page does not jump when it comes. */
export function Placeholder({ rows, label }: { rows: number; label: string }) {
  const styles = useStyles2(getStyles);
  return (
    <div role="status" aria-label={label} className={styles.box}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className={styles.bar} />
      ))}
    </div>
  );
}

const pulse = keyframes({ '0%, 100%': { opacity: 1 }, '50%': { opacity: 0.5 } });

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({ display: 'grid', gap: theme.spacing(1) }),
  bar: css({
    height: theme.spacing(4),
    borderRadius: theme.shape.radius.default,
    background: theme.colors.background.secondary,
    [theme.transitions.handleMotion('no-preference')]: { animation: `${pulse} 1.6s ease-in-out infinite` },
  }),
});
