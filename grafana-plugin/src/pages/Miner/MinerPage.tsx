import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { PluginPage } from '@grafana/runtime';
import { Alert, Button, LinkButton, Tab, TabsBar, useStyles2 } from '@grafana/ui';
import { useQueryClient } from '@tanstack/react-query';
import React, { useState } from 'react';
import { useParams } from 'react-router-dom';
import type { ActionName, ActionParameters, Job } from '../../api/types';
import { useAppSettings } from '../../components/App/settingsContext';
import { adviceUrl, alertsUrl, controlUrl, fleetUrl } from '../../constants';
import { queryKeys, useAdvice, useDrift } from '../../data/queries';
import { useControlAccess } from '../../data/useControlAccess';
import { useParameters } from '../../data/useParameters';
import { isOpen } from '../Advice/adviceList';
import { BulkActions } from '../Control/ActionButtons';
import { ConfirmActionDialog } from '../Control/ConfirmActionDialog';
import { JobCard } from '../Control/JobCard';
import { MaintenanceDialog } from '../Control/MaintenanceDialog';
import { HardwareTab } from './HardwareTab';
import { LogsTab } from './LogsTab';
import { NotesTab } from './NotesTab';
import { Overview } from './Overview';
import { PoolTab } from './PoolTab';
import { PresetsTab } from './PresetsTab';
import { SettingsTab } from './SettingsTab';

const tabs = ['overview', 'hardware', 'presets', 'pool', 'logs', 'settings', 'notes'] as const;
type TabName = (typeof tabs)[number];

const tabName = (tab: TabName): string =>
  ({
    overview: t('miner.tab.overview', 'Overview'),
    hardware: t('miner.tab.hardware', 'Boards and heat'),
    presets: t('miner.tab.presets', 'Presets'),
    pool: t('miner.tab.pool', 'Pool'),
    logs: t('miner.tab.logs', 'Logs'),
    settings: t('miner.tab.settings', 'Settings'),
    notes: t('miner.tab.notes', 'Notes'),
  })[tab];

/** Everything of one miner. */
export default function MinerPage() {
  const { name = '' } = useParams();
  return <OneMiner key={name} name={name} />;
}

function OneMiner({ name }: { name: string }) {
  const styles = useStyles2(getStyles);
  const { dataSourceUid } = useAppSettings();
  const access = useControlAccess();
  const client = useQueryClient();
  const [parameters, set] = useParameters();
  const advice = (useAdvice().data ?? []).filter((one) => one.miner === name && isOpen(one)).length;
  const drift = (useDrift().data ?? []).filter((one) => one.miner === name).length;
  const [wish, setWish] = useState<{ action: ActionName; miners: string[]; parameters?: ActionParameters }>();
  const [maintaining, setMaintaining] = useState(false);
  const [jobs, setJobs] = useState<string[]>([]);
  const tab = tabs.find((one) => one === parameters.get('tab')) ?? 'overview';
  const act = (action: ActionName, parametersOfIt?: ActionParameters): void => setWish({ action, miners: [name], ...(parametersOfIt === undefined ? {} : { parameters: parametersOfIt }) });
  const started = (job: Job | undefined): void => {
    setWish(undefined);
    if (job) {
      setJobs((ids) => [job.id, ...ids]);
    }
  };
  const closed = (id: string): void => {
    setJobs((ids) => ids.filter((one) => one !== id));
    void client.invalidateQueries({ queryKey: queryKeys.ofMiner(name, 'notes') });
  };
  return (
    <PluginPage
      pageNav={{ text: name, parentItem: { text: t('miner.parent', 'Fleet'), url: fleetUrl() } }}
      actions={
        <>
          <LinkButton href={alertsUrl(undefined, name)} icon="bell" variant="secondary" size="sm">
            {t('miner.alerts', 'Alerts')}
          </LinkButton>
          <LinkButton href={adviceUrl(name)} icon="lightbulb-alt" variant="secondary" size="sm">
            {advice === 0 ? t('miner.advice', 'Advice') : t('miner.advice-count', 'Advice ({{count}})', { count: advice })}
          </LinkButton>
          <LinkButton href={controlUrl(name)} icon="sliders-v-alt" variant="secondary" size="sm">
            {t('miner.control', 'Control this miner')}
          </LinkButton>
        </>
      }
    >
      {access.reason && (
        <Alert severity="info" title={t('control.look-only', 'You can look, not act')}>
          {access.reason}
        </Alert>
      )}
      <div className={styles.actions}>
        <BulkActions miners={[name]} access={access} onAct={(action) => act(action)} label={t('miner.actions', 'Act on {{miner}}', { miner: name })} />
        <Button size="sm" variant="secondary" icon="wrench" disabled={!access.canAct} tooltip={access.reason} onClick={() => setMaintaining(true)}>
          {t('bulk.intent', 'Maintenance')}
        </Button>
      </div>
      {jobs.map((id) => (
        <JobCard key={id} id={id} access={access} onClose={() => closed(id)} onRetry={setWish} />
      ))}
      <div className={styles.tabs}>
        <TabsBar>
          {tabs.map((one) => (
            <Tab key={one} label={tabName(one)} active={tab === one} counter={one === 'settings' && drift > 0 ? drift : undefined} onChangeTab={() => set('tab', one === 'overview' ? undefined : one)} />
          ))}
        </TabsBar>
      </div>
      {tab === 'overview' && <Overview miner={name} dataSourceUid={dataSourceUid} />}
      {tab === 'hardware' && <HardwareTab miner={name} dataSourceUid={dataSourceUid} />}
      {tab === 'presets' && <PresetsTab miner={name} access={access} onChange={(chosen) => act('preset', chosen)} />}
      {tab === 'pool' && <PoolTab miner={name} dataSourceUid={dataSourceUid} />}
      {tab === 'logs' && <LogsTab miner={name} />}
      {tab === 'settings' && <SettingsTab miner={name} access={access} onTakeBack={setWish} />}
      {tab === 'notes' && <NotesTab miner={name} access={access} onWrite={(note) => act('notes', note)} />}
      {maintaining && <MaintenanceDialog miners={[name]} onDone={() => void client.invalidateQueries({ queryKey: queryKeys.telemetry(name) })} onDismiss={() => setMaintaining(false)} />}
      {wish && <ConfirmActionDialog {...wish} onStarted={started} onDismiss={() => setWish(undefined)} />}
    </PluginPage>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  actions: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), marginBottom: theme.spacing(1) }),
  tabs: css({ marginBottom: theme.spacing(2), flexShrink: 0, overflowX: 'auto', overflowY: 'hidden' }),
});
