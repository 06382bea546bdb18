import { t } from '@grafana/i18n';
import { PluginPage } from '@grafana/runtime';
import { UrlSyncContextProvider } from '@grafana/scenes';
import { LinkButton } from '@grafana/ui';
import React, { useMemo } from 'react';
import { useAppSettings } from '../../components/App/settingsContext';
import { controlUrl } from '../../constants';
import { fleetScene } from '../../scenes/fleetScene';
import { Attention } from './Attention';
import { SavedViews } from './SavedViews';

export default function FleetPage() {
  const { dataSourceUid } = useAppSettings();
  const scene = useMemo(() => fleetScene(dataSourceUid), [dataSourceUid]);
  return (
    <PluginPage
      actions={
        <>
          <SavedViews />
          <LinkButton href={controlUrl()} icon="sliders-v-alt" variant="secondary">
            {t('fleet.control', 'Control miners')}
          </LinkButton>
        </>
      }
    >
      <Attention />
      <UrlSyncContextProvider scene={scene} updateUrlOnInit createBrowserHistorySteps>
        <scene.Component model={scene} />
      </UrlSyncContextProvider>
    </PluginPage>
  );
}
