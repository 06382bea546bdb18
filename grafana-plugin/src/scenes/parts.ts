import { SceneQueryRunner, type SceneDataProvider } from '@grafana/scenes';
import type { DataSourceRef } from '@grafana/schema';

export interface PromTarget {
  expr: string;
  legend?: string;
  /** One value now instead of a course. */
  instant?: boolean;
  table?: boolean;
}

const refIds = 'ABCDEFGHIJ';

export const prometheus = (uid: string | undefined): DataSourceRef => ({ type: 'prometheus', ...(uid ? { uid } : {}) });

export function promData(dataSource: DataSourceRef, targets: PromTarget[]): SceneDataProvider {
  return new SceneQueryRunner({
    datasource: dataSource,
    queries: targets.map(({ expr, legend, instant, table }, index) => ({
      refId: refIds[index],
      expr,
      legendFormat: legend ?? '__auto',
      instant: instant === true,
      range: instant !== true,
      format: table ? 'table' : 'time_series',
    })),
  });
}

export const units = { hashrate: 'Hs', power: 'watt', efficiency: 'suffix: J/MH', money: 'currencyUSD', temperature: 'celsius', fan: 'rotrpm', ratio: 'percentunit', seconds: 's' } as const;

/** Where colours change, each with its reason. */
export const limits = {
  /** Below 95 % of what the preset promises something is worth a look; below 80 % a board is likely lost. */
  hashrateRatio: { warning: 0.8, good: 0.95 },
  /** Readings come every few seconds to a minute; past two minutes something is stuck, past five Prometheus forgets. */
  dataAgeSeconds: { warning: 120, bad: 300 },
  /** Scrypt chips throttle from about 95 °C. */
  chipCelsius: { warning: 85, bad: 95 },
} as const;
