import { t } from '@grafana/i18n';

/** What was changed, as events and differences name it. */
export const driftName = (what: string): string =>
  (({
    preset: t('drift.preset', 'Preset'),
    pool: t('drift.pool', 'Pools'),
    firmware: t('drift.firmware', 'Firmware'),
    mining: t('drift.mining', 'Mining'),
    settings: t('drift.settings', 'Settings'),
    password: t('drift.password', 'Password'),
    address: t('drift.address', 'Address'),
    machine: t('drift.machine', 'Machine'),
    schedule: t('drift.schedule', 'Schedule'),
    advice: t('drift.advice', 'Advice'),
    health: t('drift.health', 'Health'),
  }) as Record<string, string>)[what] ?? what;
