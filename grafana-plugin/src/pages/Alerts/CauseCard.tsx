import { css, cx } from '@emotion/css';
import { type GrafanaTheme2, type IconName } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, Icon, TextLink, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { Alert } from '../../api/alertmanager';
import { controlUrl, minerUrl } from '../../constants';
import { formatDuration, formatMoney, secondsSince } from '../../data/format';
import type { ControlAccess } from '../../data/useControlAccess';
import { minersOf, nameOf, titleOfCause, type Cause, type Severity } from './causes';

interface Props {
  cause: Cause;
  now: number;
  /** USD, by what others earn for the work that its miners do not do. */
  lostUsdPerHour?: number;
  access: Pick<ControlAccess, 'canAct' | 'reason'>;
  onSilence: (alert: Alert) => void;
  onRunbook: (alert: Alert) => void;
}

const alertsShown = 10;

export const severityIcons: Record<Severity, IconName> = { critical: 'exclamation-circle', warning: 'exclamation-triangle', info: 'info-circle' };
export const severityName = (severity: Severity): string =>
  ({ critical: t('alerts.critical', 'Critical'), warning: t('alerts.warning', 'Warning'), info: t('alerts.info', 'Information') })[severity];

export function CauseCard({ cause, now, lostUsdPerHour, access, onSilence, onRunbook }: Props) {
  const styles = useStyles2(getStyles);
  const [folded, setFolded] = useState(true);
  const { name, severity, site, alerts, consequences, since, key } = cause;
  const [first] = alerts;
  const miners = minersOf(cause);
  const id = `cause-${key.replace(/\W/g, '-')}`;
  return (
    <article aria-labelledby={id} className={cx(styles.card, styles[severity])}>
      <div className={styles.head}>
        <Icon name={severityIcons[severity]} aria-label={severityName(severity)} className={cx(styles.icon, styles[`${severity}Icon`])} />
        <h2 id={id} className={styles.title}>
          {titleOfCause(cause)}
        </h2>
        <span className={styles.facts}>
          {site !== undefined && <span>{site}</span>}
          <span>{t('alerts.since', 'for {{time}}', { time: formatDuration(secondsSince(since, now)) })}</span>
          {lostUsdPerHour !== undefined && <span>{t('alerts.cost', 'about {{money}} an hour missed', { money: formatMoney(lostUsdPerHour), interpolation: { escapeValue: false } })}</span>}
        </span>
      </div>
      {alerts.length === 1 && first.annotations.description && <p className={styles.description}>{first.annotations.description}</p>}
      {alerts.length > 1 && (
        <ul className={styles.list}>
          {alerts.slice(0, alertsShown).map((alert) => (
            <li key={alert.fingerprint}>
              {alert.annotations.summary ?? nameOf(alert)} <span className={styles.weak}>{formatDuration(secondsSince(alert.startsAt, now))}</span>
            </li>
          ))}
          {alerts.length > alertsShown && <li className={styles.weak}>{t('alerts.and-more', 'and {{number}} more', { number: alerts.length - alertsShown })}</li>}
        </ul>
      )}
      {miners.length > 0 && (
        <p className={styles.miners}>
          {miners.slice(0, alertsShown).map((miner) => (
            <TextLink key={miner} href={minerUrl(miner)} inline={false} variant="bodySmall">
              {miner}
            </TextLink>
          ))}
          {miners.length > alertsShown && <span className={styles.weak}>{t('alerts.and-more', 'and {{number}} more', { number: miners.length - alertsShown })}</span>}
        </p>
      )}
      {consequences.length > 0 && (
        <div>
          <Button size="sm" variant="secondary" fill="text" icon={folded ? 'angle-right' : 'angle-down'} aria-expanded={!folded} onClick={() => setFolded(!folded)}>
            {t('alerts.consequences', 'Explains {{number}} more that are held back', { number: consequences.length })}
          </Button>
          {!folded && (
            <ul className={styles.list}>
              {consequences.map((alert) => (
                <li key={alert.fingerprint}>{alert.annotations.summary ?? nameOf(alert)}</li>
              ))}
            </ul>
          )}
        </div>
      )}
      <div className={styles.actions}>
        <Button size="sm" variant="secondary" icon="book-open" onClick={() => onRunbook(first)} aria-label={t('alerts.runbook-label', 'What to do about {{name}}', { name })}>
          {t('alerts.runbook', 'What to do')}
        </Button>
        {miners.length === 1 && (
          <TextLink href={controlUrl(miners[0])} inline={false} variant="bodySmall">
            {t('alerts.control', 'Control {{miner}}', { miner: miners[0] })}
          </TextLink>
        )}
        <Button size="sm" variant="secondary" fill="outline" icon="bell-slash" disabled={!access.canAct} tooltip={access.reason} onClick={() => onSilence(first)} aria-label={t('alerts.silence-label', 'Silence {{name}}', { name })}>
          {t('alerts.silence', 'Silence')}
        </Button>
      </div>
    </article>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({
    display: 'grid', gap: theme.spacing(1), padding: theme.spacing(1.5, 2), background: theme.colors.background.secondary,
    borderRadius: theme.shape.radius.default, borderLeft: '3px solid transparent', minWidth: 0, overflowWrap: 'anywhere',
  }),
  critical: css({ borderLeftColor: theme.colors.error.main }),
  warning: css({ borderLeftColor: theme.colors.warning.main }),
  info: css({ borderLeftColor: theme.colors.info.main }),
  criticalIcon: css({ color: theme.colors.error.text }),
  warningIcon: css({ color: theme.colors.warning.text }),
  infoIcon: css({ color: theme.colors.info.text }),
  icon: css({ alignSelf: 'center', flexShrink: 0 }),
  head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'baseline', columnGap: theme.spacing(1), rowGap: theme.spacing(0.5) }),
  title: css({ ...theme.typography.h5, margin: 0, flex: '1 1 200px', minWidth: 0 }),
  facts: css({ display: 'flex', flexWrap: 'wrap', columnGap: theme.spacing(2), marginLeft: 'auto', ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
  description: css({ margin: 0, maxWidth: '90ch' }),
  list: css({ margin: 0, paddingLeft: theme.spacing(3) }),
  weak: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
  miners: css({ display: 'flex', flexWrap: 'wrap', columnGap: theme.spacing(1.5), margin: 0 }),
  actions: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) }),
});
