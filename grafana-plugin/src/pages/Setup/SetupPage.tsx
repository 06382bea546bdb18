import { css, cx } from '@emotion/css';
import { type GrafanaTheme2, type IconName } from '@grafana/data';
import { t } from '@grafana/i18n';
import { PluginPage } from '@grafana/runtime';
import { Button, Icon, LinkButton, useStyles2 } from '@grafana/ui';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import React from 'react';
import { alertmanager } from '../../api/alertmanager';
import { useAppSettings } from '../../components/App/settingsContext';
import { Section } from '../../components/Section';
import { useNow } from '../../components/useNow';
import { configurationUrl } from '../../constants';
import { refreshEvery, useEarnings, useHealth, usePools, useRigs } from '../../data/queries';
import { useInstantSeries } from '../../data/useInstantSeries';
import { readPermissions } from '../../permissions';
import { setupQueries } from '../../scenes/promQueries';
import { FindMiners } from './FindMiners';
import { checkTitle, setupChecks, type Check } from './setupChecks';

const icons: Record<Check['tone'], IconName> = { good: 'check-circle', warning: 'exclamation-triangle', bad: 'times-circle', waiting: 'sync' };

const toneName = (tone: Check['tone']): string =>
  ({ good: t('setup.good', 'In order'), warning: t('setup.warning', 'Look at it'), bad: t('setup.bad', 'Not working'), waiting: t('setup.asking', 'Asking') })[tone];

/** Each part of the whole with a test of it, and how the first miners are found. */
export default function SetupPage() {
  const styles = useStyles2(getStyles);
  const { dataSourceUid } = useAppSettings();
  const client = useQueryClient();
  const now = useNow(10_000);
  const [health, rigs, pools, earnings] = [useHealth(), useRigs(), usePools(), useEarnings('day', 'fleet')];
  const alerts = useQuery({ queryKey: ['alertmanager', 'setup'], queryFn: alertmanager.alerts, refetchInterval: refreshEvery.health });
  const { series, error } = useInstantSeries(dataSourceUid, setupQueries, refreshEvery.health);
  const answered = <T,>({ data, error: failure }: { data: T | undefined; error: unknown }) => ({ ...(failure ? { error: failure } : data === undefined ? {} : { data }) });
  const checks = setupChecks(
    { health: answered(health), rigs: answered(rigs), pools: answered(pools), earnings: answered(earnings), alerts: answered(alerts), series: error === undefined ? { data: series } : { error: { message: error } } },
    now
  );
  const open = checks.filter(({ tone }) => tone === 'bad' || tone === 'warning').length;
  const asking = checks.some(({ tone }) => tone === 'waiting');
  return (
    <PluginPage
      subTitle={t('setup.subtitle', 'Whether each part works, what to do where one does not, and how miners are found.')}
      actions={
        <>
          <Button variant="secondary" icon="sync" onClick={() => void client.refetchQueries()}>
            {t('setup.again', 'Test again')}
          </Button>
          {readPermissions().canConfigure && (
            <LinkButton variant="secondary" icon="cog" href={configurationUrl()}>
              {t('errors.open-configuration', 'Open configuration')}
            </LinkButton>
          )}
        </>
      }
    >
      <Section title={t('setup.parts', 'The parts')}>
        <p role="status" className={styles.weak}>
          {asking ? t('setup.testing', 'Testing') : open === 0 ? t('setup.all-good', 'All parts work.') : t('setup.open', 'To look at: {{count}}', { count: open })}
        </p>
        <ul className={styles.list} aria-label={t('setup.parts', 'The parts')}>
          {checks.map(({ name, tone, text, remedy, href }) => (
            <li key={name} className={styles.row}>
              <span className={cx(styles.tone, styles[tone])}>
                <Icon name={icons[tone]} /> {toneName(tone)}
              </span>
              <div>
                <strong>{checkTitle(name)}</strong>
                <div>{text}</div>
                {remedy !== undefined && <div className={styles.weak}>{remedy}</div>}
                {href !== undefined && tone === 'bad' && readPermissions().canConfigure && (
                  <LinkButton size="sm" variant="secondary" href={href}>
                    {t('errors.open-configuration', 'Open configuration')}
                  </LinkButton>
                )}
              </div>
            </li>
          ))}
        </ul>
      </Section>
      <FindMiners />
    </PluginPage>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ listStyle: 'none', margin: 0, padding: 0, maxWidth: 900 }),
  row: css({
    display: 'grid', gridTemplateColumns: '130px minmax(0, 1fr)', gap: theme.spacing(2), padding: theme.spacing(1.5, 1), borderTop: `1px solid ${theme.colors.border.weak}`, overflowWrap: 'anywhere',
    [theme.breakpoints.down('sm')]: { gridTemplateColumns: 'minmax(0, 1fr)', gap: theme.spacing(0.5) },
  }),
  tone: css({ fontWeight: theme.typography.fontWeightMedium, whiteSpace: 'nowrap' }),
  good: css({ color: theme.colors.success.text }),
  warning: css({ color: theme.colors.warning.text }),
  bad: css({ color: theme.colors.error.text }),
  waiting: css({ color: theme.colors.text.secondary }),
  weak: css({ color: theme.colors.text.secondary }),
});
