import { t } from '@grafana/i18n';
import type { ApiError } from '../api/errors';
import type { Health } from '../api/types';
import { readPermissions } from '../permissions';
import { useHealth } from './queries';

export interface ControlAccess {
  canAct: boolean;
  /** Why not, as a sentence; absent when acting is possible. */
  reason?: string;
}

/** Acting needs the user's permission, a reachable exporter, and control switched on there. */
export function controlAccess(canWriteMiners: boolean, health: Health | undefined, failure: ApiError | null): ControlAccess {
  if (!canWriteMiners) {
    return { canAct: false, reason: t('access.no-permission', 'Your role may look but not act. Ask for the role of a miner operator.') };
  }
  if (health === undefined) {
    return { canAct: false, reason: failure ? failure.title : t('access.checking', 'Asking the exporter whether control is on') };
  }
  if (!health.control.enabled) {
    return { canAct: false, reason: t('access.disabled', 'Control is switched off in fleet.yaml (control.enabled).') };
  }
  if (health.control.readOnly) {
    return { canAct: false, reason: t('access.read-only', 'The exporter runs read-only; it changes nothing.') };
  }
  return { canAct: true };
}

export function useControlAccess(): ControlAccess {
  const health = useHealth();
  return controlAccess(readPermissions().canWriteMiners, health.data, health.error as ApiError | null);
}
