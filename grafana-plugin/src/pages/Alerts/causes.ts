import { t } from '@grafana/i18n';
import type { Alert } from '../../api/alertmanager';

export const severities = ['critical', 'warning', 'info'] as const;
export type Severity = (typeof severities)[number];

/** Alerts of one name at one place: one trouble, however many miners show it. */
export interface Cause {
  key: string;
  name: string;
  severity: Severity;
  site?: string;
  /** The longest standing first. */
  alerts: Alert[];
  /** Held back by Alertmanager, because this explains them. */
  consequences: Alert[];
  /** ISO 8601 */
  since: string;
}

export interface Filter {
  severity?: Severity;
  site?: string;
  /** In the name, the summary or a label. */
  text?: string;
  /** One name. */
  alert?: string;
}

/** It fires all the time, so that its silence is the alarm. */
export const watchdog = 'Watchdog';

export const severityOf = ({ labels }: Alert): Severity => severities.find((one) => one === labels.severity) ?? 'warning';
export const nameOf = ({ labels }: Alert): string => labels.alertname ?? '';
export const isSilenced = ({ status }: Alert): boolean => status.silencedBy.length > 0;
const isInhibited = ({ status }: Alert): boolean => status.inhibitedBy.length > 0;

/** What is active, the gravest and longest standing first, with what it holds back folded in. A consequence whose cause is not among the alerts counts as a cause. */
export function causesOf(alerts: readonly Alert[], filter: Filter = {}): Cause[] {
  const told = alerts.filter((alert) => nameOf(alert) !== watchdog && !isSilenced(alert));
  const open = new Set(told.filter((alert) => !isInhibited(alert)).map(({ fingerprint }) => fingerprint));
  const causes = new Map<string, Cause>();
  const causeOfAlert = new Map<string, Cause>();
  const isConsequence = (alert: Alert): boolean => isInhibited(alert) && alert.status.inhibitedBy.some((fingerprint) => open.has(fingerprint));
  for (const alert of told.filter((one) => !isConsequence(one))) {
    const { site } = alert.labels;
    const key = `${nameOf(alert)} ${site ?? ''} ${severityOf(alert)}`;
    const cause = causes.get(key) ?? { key, name: nameOf(alert), severity: severityOf(alert), ...(site === undefined ? {} : { site }), alerts: [], consequences: [], since: alert.startsAt };
    cause.alerts.push(alert);
    cause.since = cause.since < alert.startsAt ? cause.since : alert.startsAt;
    causes.set(key, cause);
    causeOfAlert.set(alert.fingerprint, cause);
  }
  for (const alert of told.filter(isConsequence)) {
    const [by] = alert.status.inhibitedBy.flatMap((fingerprint) => causeOfAlert.get(fingerprint) ?? []);
    by?.consequences.push(alert);
  }
  for (const cause of causes.values()) {
    cause.alerts.sort((a, b) => a.startsAt.localeCompare(b.startsAt) || (a.labels.miner ?? '').localeCompare(b.labels.miner ?? '', undefined, { numeric: true }));
  }
  return [...causes.values()]
    .filter((cause) => fits(cause, filter))
    .sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity) || a.since.localeCompare(b.since) || a.key.localeCompare(b.key));
}

function fits(cause: Cause, { severity, site, text, alert }: Filter): boolean {
  const words = (text ?? '').trim().toLowerCase();
  const all = [...cause.alerts, ...cause.consequences];
  return (
    (severity === undefined || cause.severity === severity) &&
    (site === undefined || all.some(({ labels }) => labels.site === site)) &&
    (alert === undefined || all.some((one) => nameOf(one) === alert)) &&
    (words === '' || all.some(({ labels, annotations }) => [...Object.values(labels), annotations.summary ?? ''].some((value) => value.toLowerCase().includes(words))))
  );
}

/** Its one summary, or its name and how many there are. */
export const titleOfCause = ({ name, alerts }: Pick<Cause, 'name' | 'alerts'>): string =>
  alerts.length === 1 ? (alerts[0].annotations.summary ?? name) : t('alerts.several', '{{name}}: {{number}} alerts', { name, number: alerts.length });

/** Miners that a cause names, each once. */
export const minersOf = ({ alerts }: Pick<Cause, 'alerts'>): string[] => [...new Set(alerts.flatMap(({ labels }) => labels.miner ?? []))].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));

export const sitesOf = (alerts: readonly Alert[]): string[] => [...new Set(alerts.flatMap(({ labels }) => labels.site ?? []))].sort();
