import { type IconName } from '@grafana/data';
import { t } from '@grafana/i18n';
import type { ActionName, TargetState } from '../../api/types';

export const actionIcons: Record<ActionName, IconName> = {
  restart_mining: 'sync',
  reboot: 'power',
  pause: 'pause',
  resume: 'play',
  preset: 'sliders-v-alt',
  locate: 'compass',
};

export const actionName = (action: ActionName): string =>
  ({
    restart_mining: t('action.restart', 'Restart mining'),
    reboot: t('action.reboot', 'Reboot'),
    pause: t('action.pause', 'Pause'),
    resume: t('action.resume', 'Resume'),
    preset: t('action.preset', 'Change preset'),
    locate: t('action.locate', 'Locate'),
  })[action];

export const actionExplanation = (action: ActionName): string =>
  ({
    restart_mining: t('action.restart-explained', 'Stops and starts the mining program; the controller stays up. Takes a few minutes until the hashrate is back.'),
    reboot: t('action.reboot-explained', 'Restarts the whole controller. The miner is away for several minutes.'),
    pause: t('action.pause-explained', 'Stops hashing until somebody resumes it. The miner draws little power meanwhile.'),
    resume: t('action.resume-explained', 'Starts hashing again after a pause.'),
    preset: t('action.preset-explained', 'Changes the power profile and restarts mining with it.'),
    locate: t('action.locate-explained', 'Switches the blinking light that shows where the miner stands.'),
  })[action];

export const targetStateName = (state: TargetState): string =>
  ({
    waiting: t('target.waiting', 'Waiting'),
    running: t('target.running', 'Running'),
    verifying: t('target.verifying', 'Verifying'),
    verified: t('target.verified', 'Verified'),
    failed: t('target.failed', 'Failed'),
    indeterminate: t('target.indeterminate', 'Outcome unknown'),
    skipped: t('target.skipped', 'Skipped'),
    cancelled: t('target.cancelled', 'Cancelled'),
  })[state];

export const targetStateIcons: Record<TargetState, IconName> = {
  waiting: 'clock-nine',
  running: 'sync',
  verifying: 'search',
  verified: 'check-circle',
  failed: 'exclamation-triangle',
  indeterminate: 'question-circle',
  skipped: 'minus-circle',
  cancelled: 'times-circle',
};

export const countMiners = (count: number): string =>
  count === 1 ? t('miners.one', '1 miner') : t('miners.many', '{{count}} miners', { count });
