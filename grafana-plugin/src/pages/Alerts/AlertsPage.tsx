import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { PluginPage } from '@grafana/runtime';
import { Alert as Notice, Button, Combobox, EmptyState, FilterInput, LinkButton, useStyles2 } from '@grafana/ui';
import { useQueryClient } from '@tanstack/react-query';
import React, { useState } from 'react';
import type { Alert } from '../../api/alertmanager';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { useAppSettings } from '../../components/App/settingsContext';
import { Placeholder } from '../../components/Placeholder';
import { useNow } from '../../components/useNow';
import { configurationUrl } from '../../constants';
import { useAlerts, useSilences } from '../../data/alerts';
import { useRigs } from '../../data/queries';
import { useParameters } from '../../data/useParameters';
import { readPermissions } from '../../permissions';
import { lostIncome } from '../Fleet/attention';
import { CauseCard, severityName } from './CauseCard';
import { causesOf, isSilenced, minersOf, nameOf, severities, sitesOf, watchdog, type Cause } from './causes';
import { Runbook } from './Runbook';
import { SilenceDialog } from './SilenceDialog';
import { Silences } from './Silences';

const cardsShown = 50;

export default function AlertsPage() {
  const styles = useStyles2(getStyles);
  const { alertmanagerUrl } = useAppSettings();
  const configured = Boolean(alertmanagerUrl);
  const client = useQueryClient();
  const now = useNow(10_000);
  const alerts = useAlerts(configured);
  const silences = useSilences(configured);
  const rigs = useRigs();
  const [parameters, set] = useParameters();
  const [silencing, setSilencing] = useState<Alert>();
  const [runbook, setRunbook] = useState<Alert>();

  const { canWriteMiners, canConfigure } = readPermissions();
  const access = canWriteMiners ? { canAct: true } : { canAct: false, reason: t('access.no-permission', 'Your role may look but not act. Ask for the role of a miner operator.') };
  const all = alerts.data ?? [];
  const told = all.filter((alert) => nameOf(alert) !== watchdog);
  const text = parameters.get('text') ?? '';
  const [severity, site, alert] = [severities.find((one) => one === parameters.get('severity')), parameters.get('site') ?? undefined, parameters.get('alert') ?? undefined];
  const causes = causesOf(all, { severity, site, text, alert });
  const lost = lostIncome(rigs.data ?? []);
  const lostBy = (cause: Cause): number | undefined => {
    const sum = minersOf(cause).reduce((total, miner) => total + (lost.get(miner) ?? 0), 0) / 24;
    return sum >= 0.005 ? sum : undefined;
  };
  const silenced = told.filter(isSilenced).length;
  const filtered = severity !== undefined || site !== undefined || alert !== undefined || text !== '';

  if (!configured) {
    return (
      <PluginPage>
        <EmptyState variant="call-to-action" hideImage message={t('alerts.not-configured', 'No Alertmanager is configured')} button={canConfigure ? <LinkButton href={configurationUrl()} icon="cog">{t('errors.open-configuration', 'Open configuration')}</LinkButton> : undefined}>
          {t('alerts.not-configured-why', 'With its address in the configuration of this app, this page shows what is active by its cause, and sets silences.')}
        </EmptyState>
      </PluginPage>
    );
  }
  return (
    <PluginPage subTitle={t('alerts.subtitle', 'What is active, by its cause. What a cause explains is folded in; Alertmanager sends nothing about it.')}>
      {alerts.error && <ApiErrorAlert failure={alerts.error} severity={alerts.data ? 'warning' : 'error'} />}
      {alerts.isPending && !alerts.error && <Placeholder rows={5} label={t('alerts.loading', 'Reading the alerts')} />}
      {alerts.data && (
        <>
          {!all.some((one) => nameOf(one) === watchdog) && (
            <Notice severity="warning" title={t('alerts.no-watchdog', 'The Watchdog does not fire')}>
              {t('alerts.no-watchdog-why', 'It fires all the time as long as Prometheus looks at its rules and reaches Alertmanager. Without it, silence here means nothing.')}
            </Notice>
          )}
          <div className={styles.bar}>
            <FilterInput aria-label={t('alerts.search', 'Search alerts')} placeholder={t('alerts.search', 'Search alerts')} width={30} value={text} onChange={(value) => set('text', value)} />
            <Combobox
              aria-label={t('alerts.severity', 'Severity')} width={18} value={severity ?? ''}
              options={[{ label: t('alerts.all-severities', 'All severities'), value: '' }, ...severities.map((one) => ({ label: severityName(one), value: one as string }))]}
              onChange={(option) => set('severity', option.value)}
            />
            <Combobox
              aria-label={t('alerts.site', 'Site')} width={18} value={site ?? ''}
              options={[{ label: t('alerts.all-sites', 'All sites'), value: '' }, ...[...new Set([...sitesOf(all), ...(site === undefined ? [] : [site])])].map((one) => ({ label: one, value: one }))]}
              onChange={(option) => set('site', option.value)}
            />
            {alert !== undefined && (
              <Button size="sm" variant="secondary" icon="times" onClick={() => set('alert', undefined)}>
                {t('filter.only', 'Only {{miner}}', { miner: alert })}
              </Button>
            )}
          </div>
          <p role="status" className={styles.weak}>
            {t('alerts.summary', 'Causes: {{causes}}. Active alerts: {{active}}, silenced: {{silenced}}.', { causes: causes.length, active: told.length - silenced, silenced })}
          </p>
          {causes.length === 0 && (
            <EmptyState variant={filtered ? 'not-found' : 'completed'} hideImage message={filtered ? t('alerts.none-found', 'No active alert fits the filter') : t('alerts.none', 'Nothing is wrong')}>
              {!filtered && t('alerts.none-why', 'The alert rules look at every miner all the time; what they find stands here first.')}
            </EmptyState>
          )}
          <div className={styles.cards}>
            {causes.slice(0, cardsShown).map((cause) => (
              <CauseCard key={cause.key} cause={cause} now={now} lostUsdPerHour={lostBy(cause)} access={access} onSilence={setSilencing} onRunbook={setRunbook} />
            ))}
          </div>
          {causes.length > cardsShown && <p className={styles.weak}>{t('alerts.more', '{{number}} more are not shown: search, or choose a site.', { number: causes.length - cardsShown })}</p>}
          {(silences.data?.length ?? 0) > 0 && <Silences silences={silences.data ?? []} now={now} access={access} />}
        </>
      )}
      {silencing && (
        <SilenceDialog
          alert={silencing}
          alerts={told}
          onDone={() => {
            setSilencing(undefined);
            void client.invalidateQueries({ queryKey: ['alertmanager'] });
          }}
          onDismiss={() => setSilencing(undefined)}
        />
      )}
      {runbook && <Runbook alert={nameOf(runbook)} url={/^https?:/.test(runbook.annotations.runbook_url ?? '') ? runbook.annotations.runbook_url : undefined} onClose={() => setRunbook(undefined)} />}
    </PluginPage>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) }),
  weak: css({ color: theme.colors.text.secondary, margin: theme.spacing(1, 0) }),
  cards: css({ display: 'grid', gap: theme.spacing(1) }),
});
