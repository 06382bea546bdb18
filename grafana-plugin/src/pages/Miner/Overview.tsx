import { UrlSyncContextProvider } from '@grafana/scenes';
import React, { useMemo } from 'react';
import { SceneBlock } from '../../components/SceneBlock';
import { minerScene } from '../../scenes/minerScene';
import { LiveState } from './LiveState';
import { Timeline } from './Timeline';
import { Unusual } from './Unusual';

/** How it is now, what is unusual, its courses, and what happened. */
export function Overview({ miner, dataSourceUid }: { miner: string; dataSourceUid: string | undefined }) {
  const scene = useMemo(() => minerScene(miner, dataSourceUid), [miner, dataSourceUid]);
  return (
    <>
      <LiveState miner={miner} />
      <Unusual miner={miner} />
      <UrlSyncContextProvider key={miner} scene={scene} updateUrlOnInit createBrowserHistorySteps>
        <SceneBlock scene={scene} />
      </UrlSyncContextProvider>
      <Timeline miner={miner} />
    </>
  );
}
