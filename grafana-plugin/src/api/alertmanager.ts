import { t } from '@grafana/i18n';
import { getBackendSrv } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';
import { PLUGIN_ID } from '../constants';
import { ApiError, toApiError } from './errors';

/** Shapes of Alertmanager's API v2 (prometheus/alertmanager, api/v2/openapi.yaml), as far as they are read here. */
export interface Alert {
  fingerprint: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  status: { state: 'unprocessed' | 'active' | 'suppressed'; inhibitedBy: string[]; silencedBy: string[] };
}

export interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

export interface NewSilence {
  matchers: Matcher[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
}

export interface Silence extends NewSilence {
  id: string;
  status: { state: 'active' | 'pending' | 'expired' };
}

const proxy = `/api/plugin-proxy/${PLUGIN_ID}/alertmanager`;

async function call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, data?: unknown): Promise<T> {
  try {
    const reply = await lastValueFrom(getBackendSrv().fetch<T>({ method, url: `${proxy}/${path}`, data, showErrorAlert: false, showSuccessAlert: false }));
    return reply.data;
  } catch (cause) {
    throw worded(cause);
  }
}

/** The proxy's answers are those of the exporter's routes; who does not answer is another here. */
function worded(cause: unknown): ApiError {
  const error = toApiError(cause);
  if (error.kind === 'forbidden' || error.kind === 'not-configured') {
    return error;
  }
  const { data } = (cause ?? {}) as { data?: unknown };
  if (error.kind === 'unreachable' || error.kind === 'timeout') {
    return new ApiError(
      error.kind,
      t('alertmanager.away', 'Alertmanager cannot be reached'),
      t('alertmanager.away-advice', 'Check that it runs and that its URL in the configuration of this app is right, as seen from the Grafana server.'),
      error.status
    );
  }
  return new ApiError('rejected', t('alertmanager.refused', 'Alertmanager refused the request'), typeof data === 'string' ? data : error.advice, error.status);
}

export const alertmanager = {
  alerts: () => call<Alert[]>('GET', 'alerts'),
  silences: () => call<Silence[]>('GET', 'silences').then((all) => all.filter(({ status }) => status.state !== 'expired')),
  silence: (silence: NewSilence) => call<{ silenceID: string }>('POST', 'silences', silence),
  endSilence: (id: string) => call<unknown>('DELETE', `silence/${id}`),
};
