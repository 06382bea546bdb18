import { t } from '@grafana/i18n';
import { PluginPage } from '@grafana/runtime';
import { UrlSyncContextProvider } from '@grafana/scenes';
import { LinkButton } from '@grafana/ui';
import React, { useMemo } from 'react';
import { useParams } from 'react-router-dom';
import { useAppSettings } from '../../components/App/settingsContext';
import { adviceUrl, controlUrl, fleetUrl } from '../../constants';
import { minerScene } from '../../scenes/minerScene';
import { LiveState } from './LiveState';

export default function MinerPage() {
  const { name = '' } = useParams();
  const { dataSourceUid } = useAppSettings();
  const scene = useMemo(() => minerScene(name, dataSourceUid), [name, dataSourceUid]);
  return (
    <PluginPage
      pageNav={{ text: name, parentItem: { text: t('miner.parent', 'Fleet'), url: fleetUrl() } }}
      actions={
        <>
          <LinkButton href={adviceUrl(name)} icon="lightbulb-alt" variant="secondary">
            {t('miner.advice', 'Advice')}
          </LinkButton>
          <LinkButton href={controlUrl(name)} icon="sliders-v-alt" variant="secondary">
            {t('miner.control', 'Control this miner')}
          </LinkButton>
        </>
      }
    >
      <LiveState miner={name} />
      <UrlSyncContextProvider key={name} scene={scene} updateUrlOnInit createBrowserHistorySteps>
        <scene.Component model={scene} />
      </UrlSyncContextProvider>
    </PluginPage>
  );
}
