import { cx } from '@emotion/css';
import { t } from '@grafana/i18n';
import { UrlSyncContextProvider } from '@grafana/scenes';
import { EmptyState, Icon, useStyles2 } from '@grafana/ui';
import React, { useMemo } from 'react';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { SceneBlock } from '../../components/SceneBlock';
import { Section } from '../../components/Section';
import { tableStyle } from '../../components/tableStyle';
import { unknown } from '../../data/format';
import { useTelemetry } from '../../data/queries';
import { hardwareScene } from '../../scenes/minerScene';
import { BoardTable } from './BoardTable';

/** Boards, chips, fans and heat. */
export function HardwareTab({ miner, dataSourceUid }: { miner: string; dataSourceUid: string | undefined }) {
  const styles = useStyles2(tableStyle);
  const { data, error } = useTelemetry(miner);
  const scene = useMemo(() => hardwareScene(miner, dataSourceUid), [miner, dataSourceUid]);
  return (
    <>
      {error && <ApiErrorAlert failure={error} severity={data ? 'warning' : 'error'} />}
      {!data && !error && <Placeholder rows={4} label={t('live.reading', 'Reading the miner')} />}
      {data && (
        <>
          <Section title={t('hardware.boards', 'Boards')}>
            {data.boards.length > 0 ? <BoardTable boards={data.boards} /> : <EmptyState variant="not-found" hideImage message={t('hardware.no-boards', 'The miner tells of no boards now')} />}
          </Section>
          {data.fans.length > 0 && (
            <Section title={t('hardware.fans', 'Fans')}>
              <div className={styles.scroll}>
                <table className={styles.table}>
                  <thead>
                    <tr>
                      <th scope="col">{t('hardware.fan', 'Fan')}</th>
                      <th scope="col">{t('live.board-state', 'State')}</th>
                      <th scope="col" className={styles.numeric}>
                        {t('hardware.speed', 'Speed')}
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {data.fans.map(({ fan, up, speedRpm }) => (
                      <tr key={fan}>
                        <th scope="row">{fan}</th>
                        <td className={cx(up ? styles.good : styles.bad)}>
                          <Icon name={up ? 'check-circle' : 'exclamation-triangle'} size="sm" /> {up ? t('hardware.turning', 'turning') : t('hardware.lost', 'not turning')}
                        </td>
                        <td className={styles.numeric}>{speedRpm === undefined ? unknown : `${Math.round(speedRpm)} rpm`}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </Section>
          )}
        </>
      )}
      <UrlSyncContextProvider key={miner} scene={scene} updateUrlOnInit createBrowserHistorySteps>
        <SceneBlock scene={scene} />
      </UrlSyncContextProvider>
    </>
  );
}
