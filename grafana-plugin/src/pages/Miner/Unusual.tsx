import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Alert, useStyles2 } from '@grafana/ui';
import React from 'react';
import { toApiError } from '../../api/errors';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { formatDuration, formatRatio } from '../../data/format';
import { useMinerHealth } from '../../data/queries';
import { minerPart } from './minerPart';

/** From this on somebody should look; below it is a whim of the figures. */
const worthSaying = 0.5;

/** Whether the miner behaves as is expected of it, which part is likely at fault if not, and what says so. */
export function Unusual({ miner }: { miner: string }) {
  const styles = useStyles2(getStyles);
  const { data, error } = useMinerHealth(miner);
  if (error && !data) {
    // That there is no such miner is said above.
    return toApiError(error).kind === 'not-found' ? null : <ApiErrorAlert failure={error} severity="warning" />;
  }
  if (!data) {
    return null;
  }
  const { health } = data;
  if (health === undefined) {
    return <p className={styles.weak}>{t('unusual.learning', 'Not judged yet: what is normal for this miner is learned over its first hours.')}</p>;
  }
  if (health.anomaly < worthSaying && health.part === undefined) {
    return (
      <p className={styles.weak}>
        {t('unusual.none', 'Health {{score}}: it behaves as is expected of it, learned over {{hours}}.', { score: formatRatio(health.score), hours: formatDuration(health.hours * 3600), interpolation: { escapeValue: false } })}
      </p>
    );
  }
  return (
    <Alert
      severity={health.part === undefined ? 'info' : 'warning'}
      title={health.part === undefined ? t('unusual.some', 'Its figures are unusual') : t('unusual.part', 'Likely at fault: {{part}}', { part: minerPart(health.part) })}
    >
      <p className={styles.text}>
        {health.text ?? t('unusual.no-part', 'No single part explains it.')}
        {health.since !== undefined && ` ${t('unusual.since', 'Since {{time}}.', { time: dateTimeFormat(health.since), interpolation: { escapeValue: false } })}`}
      </p>
      {health.evidence.length > 0 && (
        <ul className={styles.list} aria-label={t('unusual.evidence', 'What says so')}>
          {health.evidence.map((one) => (
            <li key={`${one.signal}${one.place ?? ''}`}>
              {one.text} <span className={styles.weak}>{t('unusual.z', '({{z}} standard deviations from what is expected)', { z: one.z.toFixed(1) })}</span>
            </li>
          ))}
        </ul>
      )}
    </Alert>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  weak: css({ color: theme.colors.text.secondary }),
  text: css({ margin: 0 }),
  list: css({ margin: theme.spacing(0.5, 0, 0), paddingLeft: theme.spacing(2) }),
});
