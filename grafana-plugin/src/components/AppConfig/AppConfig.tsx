import { css } from '@emotion/css';
import { type AppPluginMeta, type DataSourceInstanceSettings, type GrafanaTheme2, type PluginConfigPageProps } from '@grafana/data';
import { t } from '@grafana/i18n';
import { DataSourcePicker } from '@grafana/runtime';
import { Alert, Button, Field, FieldSet, Input, SecretInput, useStyles2 } from '@grafana/ui';
import React, { useState, type SyntheticEvent } from 'react';
import type { ApiError } from '../../api/errors';
import type { AppSettings, SecretName } from '../../settings';
import { saveSettings, testConnection, type ConnectionTest } from './saveSettings';
import { urlProblem } from './urlProblem';

export type AppConfigProps = PluginConfigPageProps<AppPluginMeta<AppSettings>>;

type Outcome = { tested: ConnectionTest } | { failure: ApiError };

export default function AppConfig({ plugin }: AppConfigProps) {
  const styles = useStyles2(getStyles);
  const { meta } = plugin;
  const [apiUrl, setApiUrl] = useState(meta.jsonData?.apiUrl ?? '');
  const [alertmanagerUrl, setAlertmanagerUrl] = useState(meta.jsonData?.alertmanagerUrl ?? '');
  const [dataSourceUid, setDataSourceUid] = useState(meta.jsonData?.dataSourceUid);
  const [secrets, setSecrets] = useState<Record<SecretName, string>>({ readToken: '', operateToken: '' });
  const [configured, setConfigured] = useState<Record<SecretName, boolean>>({
    readToken: Boolean(meta.secureJsonFields?.readToken),
    operateToken: Boolean(meta.secureJsonFields?.operateToken),
  });
  const [saving, setSaving] = useState(false);
  const [outcome, setOutcome] = useState<Outcome>();
  const problem = apiUrl === '' ? undefined : urlProblem(apiUrl);
  const alertmanagerProblem = alertmanagerUrl === '' ? undefined : urlProblem(alertmanagerUrl);
  const incomplete = apiUrl === '' || problem !== undefined || alertmanagerProblem !== undefined || (!configured.readToken && secrets.readToken === '');

  const submit = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault();
    setSaving(true);
    setOutcome(undefined);
    try {
      const given = Object.fromEntries(Object.entries(secrets).filter(([, value]) => value !== ''));
      await saveSettings(meta, { ...meta.jsonData, apiUrl: apiUrl.replace(/\/+$/, ''), alertmanagerUrl: alertmanagerUrl.replace(/\/+$/, ''), dataSourceUid }, given);
      setConfigured((now) => ({ readToken: now.readToken || secrets.readToken !== '', operateToken: now.operateToken || secrets.operateToken !== '' }));
      setSecrets({ readToken: '', operateToken: '' });
      setOutcome({ tested: await testConnection() });
    } catch (cause) {
      setOutcome({ failure: cause as ApiError });
    } finally {
      setSaving(false);
    }
  };
  const secret = (name: SecretName) => ({
    id: `config-${name}`,
    width: 60,
    isConfigured: configured[name],
    value: secrets[name],
    autoComplete: 'off',
    onChange: (event: SyntheticEvent<HTMLInputElement>) => {
      const { value } = event.currentTarget;
      setSecrets((now) => ({ ...now, [name]: value.trim() }));
    },
    onReset: () => {
      setConfigured((now) => ({ ...now, [name]: false }));
      setSecrets((now) => ({ ...now, [name]: '' }));
    },
  });

  return (
    <form onSubmit={(event) => void submit(event)} className={styles.form}>
      <FieldSet label={t('config.exporter', 'Exporter')}>
        <Field
          label={t('config.url', 'API URL')}
          description={t('config.url-description', 'Where the Grafana server reaches the API of the exporter, without /api/v1')}
          invalid={problem !== undefined}
          error={problem}
        >
          <Input id="config-apiUrl" width={60} value={apiUrl} placeholder="http://exporter:9789" onChange={(event) => setApiUrl(event.currentTarget.value.trim())} />
        </Field>
        <Field label={t('config.read', 'Read token')} description={t('config.read-description', 'Token with scope “read”, for every user who may see miners')}>
          <SecretInput {...secret('readToken')} />
        </Field>
        <Field
          label={t('config.operate', 'Operate token')}
          description={t('config.operate-description', 'Token with scope “operate”, for users who may act. Without it this app only shows.')}
        >
          <SecretInput {...secret('operateToken')} />
        </Field>
      </FieldSet>
      <FieldSet label={t('config.metrics', 'Metrics')}>
        <Field label={t('config.source', 'Prometheus data source')} description={t('config.source-description', 'Empty means Grafana’s default data source')}>
          <DataSourcePicker
            inputId="config-dataSource"
            type="prometheus"
            current={dataSourceUid ?? null}
            noDefault
            onChange={(source: DataSourceInstanceSettings) => setDataSourceUid(source.uid)}
            onClear={() => setDataSourceUid(undefined)}
            width={60}
          />
        </Field>
      </FieldSet>
      <FieldSet label={t('config.alerts', 'Alerts')}>
        <Field
          label={t('config.alertmanager', 'Alertmanager URL')}
          description={t('config.alertmanager-description', 'Where the Grafana server reaches Alertmanager, without /api/v2. Empty: the page Alerts shows what Prometheus says, without silences.')}
          invalid={alertmanagerProblem !== undefined}
          error={alertmanagerProblem}
        >
          <Input id="config-alertmanagerUrl" width={60} value={alertmanagerUrl} placeholder="http://alertmanager:9093" onChange={(event) => setAlertmanagerUrl(event.currentTarget.value.trim())} />
        </Field>
      </FieldSet>
      <Button type="submit" disabled={saving || incomplete} icon={saving ? 'spinner' : 'save'}>
        {t('config.save', 'Save & test')}
      </Button>
      <div role="status" className={styles.outcome}>
        {outcome && 'tested' in outcome && <Tested {...outcome.tested} />}
        {outcome && 'failure' in outcome && (
          <Alert severity="error" title={outcome.failure.title}>
            {outcome.failure.advice}
          </Alert>
        )}
      </div>
    </form>
  );
}

function Tested({ health, canOperate }: ConnectionTest) {
  const control = !canOperate
    ? t('config.control.no-token', 'Without an operate token this app only shows.')
    : !health.control.enabled
      ? t('config.control.off', 'Control is switched off in fleet.yaml.')
      : health.control.readOnly
        ? t('config.control.read-only', 'The exporter runs read-only.')
        : t('config.control.on', 'Control is on.');
  return (
    <Alert severity="success" title={t('config.success', 'Saved; the exporter answers')}>
      {t('config.success-detail', 'Exporter {{version}}, {{up}} of {{configured}} miners up.', {
        version: health.version,
        up: health.miners.up,
        configured: health.miners.configured,
      })}{' '}
      {control}
    </Alert>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  form: css({ maxWidth: 760 }),
  outcome: css({ marginTop: theme.spacing(2) }),
});
