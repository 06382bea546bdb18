/** What an administrator configures; readable by every user of the app, so never a secret. */
export interface AppSettings {
  /** Base URL of the exporter's API, without /api/v1. */
  apiUrl?: string;
  /** Base URL of Alertmanager, without /api/v2; absent means that silences are set elsewhere. */
  alertmanagerUrl?: string;
  /** Prometheus data source; absent means Grafana's default. */
  dataSourceUid?: string;
}

export const secretNames = ['readToken', 'operateToken'] as const;
export type SecretName = (typeof secretNames)[number];
