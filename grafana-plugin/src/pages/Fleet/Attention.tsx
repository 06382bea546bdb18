import { css, cx } from '@emotion/css';
import { type GrafanaTheme2, type IconName } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, Icon, TextLink, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { useAppSettings } from '../../components/App/settingsContext';
import { Placeholder } from '../../components/Placeholder';
import { useAlerts } from '../../data/alerts';
import { formatMoney } from '../../data/format';
import { useAdvice, useApprovals, useRigs } from '../../data/queries';
import { causesOf } from '../Alerts/causes';
import { attention, type AttentionItem } from './attention';

/** More than this many would push the fleet itself off the screen. */
const shownAtOnce = 4;

const toneIcons: Record<AttentionItem['tone'], IconName> = { error: 'exclamation-circle', warning: 'exclamation-triangle', info: 'info-circle' };
const toneName = (tone: AttentionItem['tone']): string =>
  ({ error: t('attention.tone.error', 'Serious'), warning: t('attention.tone.warning', 'Warning'), info: t('attention.tone.info', 'For your information') })[tone];

/** What needs somebody now, the gravest first: the answer to the first question of whoever opens the page. */
export function Attention() {
  const styles = useStyles2(getStyles);
  const [all, setAll] = useState(false);
  const rigs = useRigs();
  const advice = useAdvice();
  const approvals = useApprovals();
  const alerts = useAlerts(Boolean(useAppSettings().alertmanagerUrl));
  if (rigs.isPending) {
    return <Placeholder rows={2} label={t('attention.loading', 'Looking at the miners')} />;
  }
  if (rigs.data === undefined) {
    return <ApiErrorAlert failure={rigs.error} severity="warning" />;
  }
  const waiting = approvals.data?.filter(({ state }) => state === 'awaiting_approval').length;
  const items = attention({ rigs: rigs.data, advice: advice.data, causes: causesOf(alerts.data ?? []), waiting });
  const shown = all ? items : items.slice(0, shownAtOnce);
  return (
    <section aria-labelledby="attention-title" className={styles.box}>
      <h2 id="attention-title" className={styles.title}>
        {items.length === 0 ? t('attention.none', 'Nothing needs you now') : t('attention.title', 'Needs attention: {{number}}', { number: items.length })}
      </h2>
      {items.length === 0 && (
        <p className={cx(styles.none)}>
          <Icon name="check-circle" className={styles.success} />{' '}
          {rigs.data.length === 0
            ? t('attention.no-miners', 'There are no miners yet: enter them in the exporter’s fleet.yaml.')
            : t('attention.all-well', 'Miners that do what they should: {{well}} of {{all}}', { well: rigs.data.filter((rig) => rig.intent === 'mine').length, all: rigs.data.length })}
        </p>
      )}
      <ul className={styles.list}>
        {shown.map((item) => (
          <li key={`${item.kind} ${item.title}`} className={cx(styles.item, styles[item.tone])}>
            <Icon name={toneIcons[item.tone]} aria-label={toneName(item.tone)} className={styles.icon} />
            <span className={styles.what}>
              <TextLink href={item.href} inline color="primary">
                {item.title}
              </TextLink>
              {item.detail && <span className={styles.detail}>{item.detail}</span>}
            </span>
            {item.lostUsdPerDay !== undefined && (
              <span className={styles.lost}>{t('attention.lost', 'about {{money}} a day missed', { money: formatMoney(item.lostUsdPerDay), interpolation: { escapeValue: false } })}</span>
            )}
          </li>
        ))}
      </ul>
      {items.length > shownAtOnce && (
        <Button size="sm" variant="secondary" fill="text" aria-expanded={all} icon={all ? 'angle-up' : 'angle-down'} onClick={() => setAll(!all)}>
          {all ? t('attention.less', 'Show the gravest only') : t('attention.more', 'Show all {{number}}', { number: items.length })}
        </Button>
      )}
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({ display: 'flex', flexDirection: 'column', alignItems: 'flex-start', gap: theme.spacing(1), marginBottom: theme.spacing(2) }),
  title: css({ ...theme.typography.h5, margin: 0 }),
  none: css({ margin: 0, color: theme.colors.text.secondary }),
  success: css({ color: theme.colors.success.text }),
  list: css({ listStyle: 'none', margin: 0, padding: 0, width: '100%', display: 'grid', gap: theme.spacing(0.5), gridTemplateColumns: 'repeat(auto-fill, minmax(min(440px, 100%), 1fr))' }),
  item: css({
    display: 'flex', alignItems: 'baseline', gap: theme.spacing(1), minWidth: 0, padding: theme.spacing(0.75, 1),
    background: theme.colors.background.secondary, borderRadius: theme.shape.radius.default, borderLeft: '3px solid transparent',
  }),
  error: css({ borderLeftColor: theme.colors.error.main, '& > svg': { color: theme.colors.error.text } }),
  warning: css({ borderLeftColor: theme.colors.warning.main, '& > svg': { color: theme.colors.warning.text } }),
  info: css({ borderLeftColor: theme.colors.info.main, '& > svg': { color: theme.colors.info.text } }),
  icon: css({ flexShrink: 0, alignSelf: 'center' }),
  what: css({ display: 'flex', flexWrap: 'wrap', columnGap: theme.spacing(1), alignItems: 'baseline', minWidth: 0, flexGrow: 1 }),
  detail: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
  lost: css({ ...theme.typography.bodySmall, whiteSpace: 'nowrap', color: theme.colors.text.primary }),
});
