import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { type EmbeddedScene } from '@grafana/scenes';
import { useStyles2 } from '@grafana/ui';
import React from 'react';

/** A scene among other parts of a page: as tall as its panels, where a scene by itself takes the whole page. */
export function SceneBlock({ scene }: { scene: EmbeddedScene }) {
  const styles = useStyles2(getStyles);
  return (
    <div className={styles.block}>
      <scene.Component model={scene} />
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({ block: css({ flex: 'none', margin: theme.spacing(2, 0), '& > *': { minHeight: 0 } }) });
