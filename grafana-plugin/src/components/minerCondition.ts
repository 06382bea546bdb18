import { type IconName } from '@grafana/data';
import { t } from '@grafana/i18n';
import type { MinerState, Rig } from '../api/types';

export const conditions = ['mining', 'settling', 'stopped', 'failure', 'stale', 'offline', 'unknown'] as const;
export type Condition = (typeof conditions)[number];

const settling: readonly MinerState[] = ['initializing', 'starting', 'auto-tuning', 'restarting', 'shutting-down'];

/** The one word for a miner: reachable first, then fresh, then what the firmware says. */
export function conditionOf(rig: Pick<Rig, 'up' | 'stale' | 'state'>): Condition {
  if (!rig.up) {
    return 'offline';
  }
  if (rig.stale) {
    return 'stale';
  }
  if (rig.state === undefined) {
    return 'unknown';
  }
  return settling.includes(rig.state) ? 'settling' : (rig.state as Condition);
}

export const conditionIcons: Record<Condition, IconName> = {
  mining: 'check-circle',
  settling: 'sync',
  stopped: 'pause',
  failure: 'exclamation-triangle',
  stale: 'clock-nine',
  offline: 'times-circle',
  unknown: 'question-circle',
};

export const conditionTones: Record<Condition, 'success' | 'info' | 'warning' | 'error' | 'secondary'> = {
  mining: 'success',
  settling: 'info',
  stopped: 'secondary',
  failure: 'error',
  stale: 'warning',
  offline: 'error',
  unknown: 'secondary',
};

export const conditionName = (condition: Condition): string =>
  ({
    mining: t('condition.mining', 'Mining'),
    settling: t('condition.settling', 'Settling'),
    stopped: t('condition.stopped', 'Stopped'),
    failure: t('condition.failure', 'Failure'),
    stale: t('condition.stale', 'Stale'),
    offline: t('condition.offline', 'Offline'),
    unknown: t('condition.unknown', 'Unknown'),
  })[condition];

export const stateName = (state: MinerState): string =>
  ({
    mining: t('state.mining', 'Mining'),
    initializing: t('state.initializing', 'Initializing'),
    starting: t('state.starting', 'Starting'),
    'auto-tuning': t('state.auto-tuning', 'Tuning'),
    restarting: t('state.restarting', 'Restarting'),
    'shutting-down': t('state.shutting-down', 'Shutting down'),
    stopped: t('state.stopped', 'Stopped'),
    failure: t('state.failure', 'Failure'),
  })[state];

/** Text of the state column: the firmware's state while the reading is good, else what is wrong with the reading. */
export const stateText = (rig: Pick<Rig, 'up' | 'stale' | 'state'>): string => {
  const condition = conditionOf(rig);
  return condition === 'settling' && rig.state ? stateName(rig.state) : conditionName(condition);
};

/** Why the last reading failed. */
export const readingFailure = ({ reason }: Pick<Rig, 'reason'>): string | undefined =>
  reason === undefined ? undefined : t('state.detail.reason', 'Reason: {{reason}}', { reason: reason.replaceAll('_', ' ') });

/** What adds to the state in a second line: why, or what the operator wants. */
export function stateDetail(rig: Rig): string | undefined {
  const reason = rig.up ? undefined : readingFailure(rig);
  if (reason) {
    return reason;
  }
  if (rig.failure?.description) {
    return rig.failure.description;
  }
  return (
    {
      mine: undefined,
      stopped: t('intent.stopped', 'Paused by an operator'),
      curtailed: t('intent.curtailed', 'Curtailed'),
      maintenance: t('intent.maintenance', 'In maintenance'),
    } as Record<Rig['intent'], string | undefined>
  )[rig.intent];
}
