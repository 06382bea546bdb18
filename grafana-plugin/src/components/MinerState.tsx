import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { Icon, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Rig } from '../api/types';
import { conditionIcons, conditionOf, conditionTones, stateDetail, stateText } from './minerCondition';

/** State as icon and text; the colour only repeats what they say. */
export function MinerState({ rig }: { rig: Rig }) {
  const styles = useStyles2(getStyles);
  const condition = conditionOf(rig);
  const detail = stateDetail(rig);
  return (
    <div>
      <span className={cx(styles.state, styles[conditionTones[condition]])}>
        <Icon name={conditionIcons[condition]} size="sm" />
        {stateText(rig)}
      </span>
      {detail && <div className={styles.detail}>{detail}</div>}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  state: css({ display: 'inline-flex', alignItems: 'center', gap: theme.spacing(0.5), whiteSpace: 'nowrap', fontWeight: theme.typography.fontWeightMedium }),
  success: css({ color: theme.colors.success.text }),
  info: css({ color: theme.colors.info.text }),
  warning: css({ color: theme.colors.warning.text }),
  error: css({ color: theme.colors.error.text }),
  secondary: css({ color: theme.colors.text.secondary }),
  detail: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, maxWidth: 220 }),
});
