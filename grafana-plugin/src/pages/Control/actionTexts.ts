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
  start: 'play',
  stop: 'pause',
  throttle: 'tachometer-fast',
  switch_pool: 'exchange-alt',
  set_pools: 'list-ul',
  cooling: 'cloud',
  hostname: 'tag-alt',
  notes: 'comment-alt',
  password: 'lock',
  api_keys: 'key-skeleton-alt',
  autotune_reset: 'bolt',
  settings_backup: 'save',
  settings_restore: 'history',
  factory_reset: 'trash-alt',
  firmware_update: 'upload',
  firmware_remove: 'times-circle',
};

export const actionName = (action: ActionName): string =>
  ({
    restart_mining: t('action.restart', 'Restart mining'),
    reboot: t('action.reboot', 'Reboot'),
    pause: t('action.pause', 'Pause'),
    resume: t('action.resume', 'Resume'),
    preset: t('action.preset', 'Change preset'),
    locate: t('action.locate', 'Locate'),
    start: t('action.start', 'Start mining'),
    stop: t('action.stop', 'Stop mining'),
    throttle: t('action.throttle', 'Throttle'),
    switch_pool: t('action.switch-pool', 'Switch pool'),
    set_pools: t('action.set-pools', 'Set pools'),
    cooling: t('action.cooling', 'Cooling'),
    hostname: t('action.hostname', 'Host name'),
    notes: t('action.notes', 'Note'),
    password: t('action.password', 'Change password'),
    api_keys: t('action.api-keys', 'API key'),
    autotune_reset: t('action.autotune-reset', 'Reset tuning'),
    settings_backup: t('action.settings-backup', 'Back up settings'),
    settings_restore: t('action.settings-restore', 'Restore settings'),
    factory_reset: t('action.factory-reset', 'Factory reset'),
    firmware_update: t('action.firmware-update', 'Update firmware'),
    firmware_remove: t('action.firmware-remove', 'Remove firmware'),
  })[action];

export const actionExplanation = (action: ActionName): string =>
  ({
    restart_mining: t('action.restart-explained', 'Stops and starts the mining program; the controller stays up. Takes a few minutes until the hashrate is back.'),
    reboot: t('action.reboot-explained', 'Restarts the whole controller. The miner is away for several minutes.'),
    pause: t('action.pause-explained', 'Stops hashing until somebody resumes it. The miner draws little power meanwhile.'),
    resume: t('action.resume-explained', 'Starts hashing again after a pause.'),
    preset: t('action.preset-explained', 'Changes the power profile and restarts mining with it.'),
    locate: t('action.locate-explained', 'Switches the blinking light that shows where the miner stands.'),
    start: t('action.start-explained', 'Starts the mining program of a miner that was stopped.'),
    stop: t('action.stop-explained', 'Stops the mining program until somebody starts it.'),
    throttle: t('action.throttle-explained', 'Dims the miner to a part of its power, without a restart. Firmware 1.3 only.'),
    switch_pool: t('action.switch-pool-explained', 'Works for another pool of the miner’s own list.'),
    set_pools: t('action.set-pools-explained', 'Replaces the list of pools and restarts mining with it.'),
    cooling: t('action.cooling-explained', 'Changes cooling mode, target temperature or fan limits.'),
    hostname: t('action.hostname-explained', 'Changes the name under which the miner is in the network.'),
    notes: t('action.notes-explained', 'Writes or deletes a note on the miner.'),
    password: t('action.password-explained', 'Gives the miner the password of another entry of credentials.'),
    api_keys: t('action.api-keys-explained', 'Makes or deletes an API key of the exporter on the miner.'),
    autotune_reset: t('action.autotune-reset-explained', 'Forgets how presets were tuned. Tuning them anew takes hours.'),
    settings_backup: t('action.settings-backup-explained', 'Keeps the settings of the miner with the exporter.'),
    settings_restore: t('action.settings-restore-explained', 'Puts back settings that were kept, and reboots.'),
    factory_reset: t('action.factory-reset-explained', 'Sets everything as from the factory, the password too, and reboots.'),
    firmware_update: t('action.firmware-update-explained', 'Installs a firmware file of the operator’s folder, and reboots.'),
    firmware_remove: t('action.firmware-remove-explained', 'Goes back to stock firmware, which Hashfleet cannot command.'),
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
