import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { useStyles2 } from '@grafana/ui';
import React from 'react';

/** What a panel says without data: what it wants. */
export function EmptyPanel({ text = 'Nothing to show', wants }: { text?: string; wants: string }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.empty}>
      <div>
        <p>{text}</p>
        <p className={styles.hint}>{wants}</p>
      </div>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  empty: css({ display: 'grid', placeItems: 'center', height: '100%', textAlign: 'center' }),
  hint: css({ color: theme.colors.text.secondary }),
});
