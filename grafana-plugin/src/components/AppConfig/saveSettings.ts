import { type AppPluginMeta } from '@grafana/data';
import { getBackendSrv } from '@grafana/runtime';
import { t } from '@grafana/i18n';
import { lastValueFrom } from 'rxjs';
import { controlClient } from '../../api/controlClient';
import { ApiError } from '../../api/errors';
import type { Health } from '../../api/types';
import type { AppSettings, SecretName } from '../../settings';

/** jsonData is replaced whole; only secrets that were typed are sent, an empty one would overwrite. */
export async function saveSettings(
  meta: AppPluginMeta<AppSettings>,
  jsonData: AppSettings,
  secureJsonData: Partial<Record<SecretName, string>>
): Promise<void> {
  try {
    await lastValueFrom(
      getBackendSrv().fetch({
        url: `/api/plugins/${meta.id}/settings`,
        method: 'POST',
        showErrorAlert: false,
        showSuccessAlert: false,
        data: { enabled: true, pinned: meta.pinned ?? true, jsonData, secureJsonData },
      })
    );
  } catch (cause) {
    const { status, data } = cause as { status?: number; data?: { message?: string } };
    throw new ApiError(
      status === 403 ? 'forbidden' : 'unexpected',
      t('config.not-saved', 'The settings were not saved'),
      data?.message ?? t('config.not-saved-advice', 'Look at the log of the Grafana server.'),
      status
    );
  }
}

export interface ConnectionTest {
  health: Health;
  /** Whether the exporter accepts the operate token. */
  canOperate: boolean;
}

export async function testConnection(): Promise<ConnectionTest> {
  const health = await controlClient.health();
  return { health, canOperate: await isOperateTokenAccepted() };
}

/** Cancelling a job that does not exist changes nothing: a good token is told "not found", a bad one is refused. */
async function isOperateTokenAccepted(): Promise<boolean> {
  try {
    await controlClient.cancel('connection-test');
    return true;
  } catch (cause) {
    return cause instanceof ApiError && cause.kind === 'not-found';
  }
}
