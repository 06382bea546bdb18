import { type AppRootProps } from '@grafana/data';
import { QueryClientProvider } from '@tanstack/react-query';
import React, { lazy, Suspense, useState } from 'react';
import { Navigate, Route, Routes } from 'react-router-dom';
import { fleetUrl, ROUTES } from '../../constants';
import { createQueryClient } from '../../data/queryClient';
import { readPermissions } from '../../permissions';
import type { AppSettings } from '../../settings';
import { Placeholder } from '../Placeholder';
import { NoPermission } from './NoPermission';
import { AppSettingsContext } from './settingsContext';

const FleetPage = lazy(() => import('../../pages/Fleet/FleetPage'));
const MinerPage = lazy(() => import('../../pages/Miner/MinerPage'));
const AdvicePage = lazy(() => import('../../pages/Advice/AdvicePage'));
const EarningsPage = lazy(() => import('../../pages/Earnings/EarningsPage'));
const AlertsPage = lazy(() => import('../../pages/Alerts/AlertsPage'));
const AuditPage = lazy(() => import('../../pages/Audit/AuditPage'));
const SetupPage = lazy(() => import('../../pages/Setup/SetupPage'));
const ControlPage = lazy(() => import('../../pages/Control/ControlPage'));

export default function App({ meta }: AppRootProps<AppSettings>) {
  const [queryClient] = useState(createQueryClient);
  if (!readPermissions().canReadMiners) {
    return <NoPermission />;
  }
  return (
    <AppSettingsContext.Provider value={meta.jsonData ?? {}}>
      <QueryClientProvider client={queryClient}>
        <Suspense fallback={<Placeholder rows={6} label="" />}>
          <Routes>
            <Route path={ROUTES.fleet} element={<FleetPage />} />
            <Route path={ROUTES.control} element={<ControlPage />} />
            <Route path={ROUTES.advice} element={<AdvicePage />} />
            <Route path={ROUTES.earnings} element={<EarningsPage />} />
            <Route path={ROUTES.alerts} element={<AlertsPage />} />
            <Route path={ROUTES.audit} element={<AuditPage />} />
            <Route path={ROUTES.setup} element={<SetupPage />} />
            <Route path={`${ROUTES.miner}/:name`} element={<MinerPage />} />
            <Route path="*" element={<Navigate replace to={fleetUrl()} />} />
          </Routes>
        </Suspense>
      </QueryClientProvider>
    </AppSettingsContext.Provider>
  );
}
