/* Everything imported here counts towards module.js, which Grafana loads at its start: keep it small. */
import { type PluginExtensionExposedComponentConfig } from '@grafana/data';
import React, { lazy, Suspense } from 'react';
import { PLUGIN_ID } from '../constants';
import { translated } from '../translated';
import type { MinerStatusProps } from './MinerStatus';

const LazyMinerStatus = lazy(() => translated().then(() => import('./MinerStatus')));

const MinerStatus = (props: MinerStatusProps) => (
  <Suspense fallback={null}>
    <LazyMinerStatus {...props} />
  </Suspense>
);

/** What other apps may show of ours. Must equal `extensions.exposedComponents` of plugin.json; a test compares them. */
export const exposed: Array<PluginExtensionExposedComponentConfig<MinerStatusProps>> = [
  {
    id: `${PLUGIN_ID}/miner-status/v1`,
    title: 'Miner status',
    description: 'State, hashrate and profit of one miner, for pages of other apps',
    component: MinerStatus,
  },
];
