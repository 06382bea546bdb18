import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, FilterInput, Icon, useStyles2 } from '@grafana/ui';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import React, { useState } from 'react';
import { controlClient } from '../../api/controlClient';
import type { Drift } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { Section } from '../../components/Section';
import { tableStyle } from '../../components/tableStyle';
import { queryKeys, useDrift, useSettings } from '../../data/queries';
import type { ControlAccess } from '../../data/useControlAccess';
import { driftName } from './driftName';
import { settingRows } from './settingRows';

interface Props {
  miner: string;
  access: ControlAccess;
  onTakeBack: (order: NonNullable<Drift['order']>) => void;
}

/** How the miner is set, and where that differs from how it is meant to be. */
export function SettingsTab({ miner, access, onTakeBack }: Props) {
  const styles = useStyles2(getStyles);
  const table = useStyles2(tableStyle);
  const { data: settings, error, refetch, isFetching } = useSettings(miner);
  const [search, setSearch] = useState('');
  const rows = settings === undefined ? [] : settingRows(settings);
  const words = search.trim().toLowerCase();
  const shown = rows.filter(({ section, name, value }) => `${section} ${name} ${value}`.toLowerCase().replaceAll('_', ' ').includes(words.replaceAll('_', ' ')));
  return (
    <>
      <Differences miner={miner} access={access} onTakeBack={onTakeBack} />
      <Section
        title={t('settings.title', 'Settings, as the miner has them')}
        actions={
          <Button size="sm" variant="secondary" icon={isFetching ? 'spinner' : 'sync'} onClick={() => void refetch()}>
            {t('settings.again', 'Read again')}
          </Button>
        }
      >
        {error && <ApiErrorAlert failure={error} severity={settings ? 'warning' : 'error'} />}
        {!settings && !error && <Placeholder rows={8} label={t('settings.reading', 'Reading the settings from the miner')} />}
        {settings && (
          <>
            <div className={styles.bar}>
              <FilterInput aria-label={t('settings.search', 'Search the settings')} placeholder={t('settings.search', 'Search the settings')} width={30} value={search} onChange={setSearch} />
              <span className={table.weak}>{t('settings.read-at', 'Read {{time}}; passwords are never shown.', { time: dateTimeFormat(settings.readAt), interpolation: { escapeValue: false } })}</span>
            </div>
            <div className={table.scroll} tabIndex={0} role="region" aria-label={t('settings.title', 'Settings, as the miner has them')}>
              <table className={table.table}>
                <thead>
                  <tr>
                    <th scope="col">{t('settings.section', 'Section')}</th>
                    <th scope="col">{t('settings.name', 'Setting')}</th>
                    <th scope="col">{t('settings.value', 'Value')}</th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map(({ section, name, value }) => (
                    <tr key={`${section} ${name}`}>
                      <td className={table.weak}>{section}</td>
                      <th scope="row">{name}</th>
                      <td>{value}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </>
        )}
      </Section>
    </>
  );
}

function Differences({ miner, access, onTakeBack }: Props) {
  const styles = useStyles2(getStyles);
  const table = useStyles2(tableStyle);
  const client = useQueryClient();
  const { data, error } = useDrift();
  const accept = useMutation({ mutationFn: (what: Drift['what']) => controlClient.acceptDrift(miner, what), onSettled: () => void client.invalidateQueries({ queryKey: queryKeys.drift }) });
  const drift = (data ?? []).filter((one) => one.miner === miner);
  const failure = error ?? accept.error;
  const disabled = !access.canAct || accept.isPending;
  return (
    <Section title={t('drift.title', 'Against how it is meant to be')}>
      {failure && <ApiErrorAlert failure={failure} severity="warning" />}
      {data && drift.length === 0 && (
        <p className={table.weak}>
          <Icon name="check-circle" /> {t('drift.none', 'No difference: it is as it is meant to be.')}
        </p>
      )}
      {drift.length > 0 && (
        <div className={table.scroll} tabIndex={0} role="region" aria-label={t('drift.title', 'Against how it is meant to be')}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">{t('drift.what', 'What')}</th>
                <th scope="col">{t('drift.meant', 'Meant')}</th>
                <th scope="col">{t('drift.found', 'Found')}</th>
                <th scope="col">{t('drift.since', 'Since')}</th>
                <th scope="col">{t('drift.do', 'What to do')}</th>
              </tr>
            </thead>
            <tbody>
              {drift.map((one) => (
                <tr key={`${one.what} ${one.section ?? ''}`}>
                  <th scope="row">{[driftName(one.what), one.section].filter(Boolean).join(': ')}</th>
                  <td className={styles.value}>{one.from}</td>
                  <td className={styles.value}>{one.to}</td>
                  <td className={table.time}>{dateTimeFormat(one.since)}</td>
                  <td>
                    <div className={styles.bar}>
                      {one.order && (
                        <Button size="sm" icon="history" disabled={disabled} tooltip={access.reason} onClick={() => onTakeBack(one.order!)} aria-label={t('drift.take-back-label', 'Take back: {{what}}', { what: driftName(one.what) })}>
                          {t('drift.take-back', 'Take back')}
                        </Button>
                      )}
                      <Button size="sm" variant="secondary" icon="check" disabled={disabled} tooltip={access.reason} onClick={() => accept.mutate(one.what)} aria-label={t('drift.accept-label', 'It is meant so: {{what}}', { what: driftName(one.what) })}>
                        {t('drift.accept', 'It is meant so')}
                      </Button>
                    </div>
                    <span className={table.weak}>{one.remedy}</span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), marginBottom: theme.spacing(0.5) }),
  value: css({ overflowWrap: 'anywhere', maxWidth: '30ch' }),
});
