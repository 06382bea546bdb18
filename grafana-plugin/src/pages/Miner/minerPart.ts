import { t } from '@grafana/i18n';

/** Parts as the exporter's diagnosis names them. */
export const minerPart = (part: string): string =>
  (({
    board: t('part.board', 'a board'),
    chips: t('part.chips', 'chips'),
    fan: t('part.fan', 'a fan'),
    thermal_path: t('part.thermal-path', 'the way of the heat (paste, dust, filter)'),
    psu: t('part.psu', 'the power supply'),
    circuit: t('part.circuit', 'its circuit'),
    site: t('part.site', 'the site'),
    network: t('part.network', 'the network'),
    pool: t('part.pool', 'the pool'),
    tuning: t('part.tuning', 'its tuning'),
    sensor: t('part.sensor', 'a sensor'),
  }) as Record<string, string>)[part] ?? part;
