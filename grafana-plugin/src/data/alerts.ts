import { useQuery } from '@tanstack/react-query';
import { alertmanager } from '../api/alertmanager';

export const alertKeys = { alerts: ['alertmanager', 'alerts'], silences: ['alertmanager', 'silences'] } as const;

const everyMs = 10_000;

/** Asks nothing where no Alertmanager is configured. */
export const useAlerts = (configured: boolean) => useQuery({ queryKey: alertKeys.alerts, queryFn: alertmanager.alerts, refetchInterval: everyMs, enabled: configured });

export const useSilences = (configured: boolean) => useQuery({ queryKey: alertKeys.silences, queryFn: alertmanager.silences, refetchInterval: everyMs, enabled: configured });
