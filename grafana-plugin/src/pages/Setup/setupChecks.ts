import type { DataFrame } from '@grafana/data';
import { t } from '@grafana/i18n';
import type { Alert } from '../../api/alertmanager';
import { toApiError } from '../../api/errors';
import type { Earnings, Health, PoolReading, Rig } from '../../api/types';
import { configurationUrl } from '../../constants';
import { formatDuration } from '../../data/format';

export const checkNames = ['exporter', 'miners', 'prometheus', 'rules', 'alertmanager', 'pools', 'prices', 'control'] as const;
export type CheckName = (typeof checkNames)[number];

export interface Check {
  name: CheckName;
  tone: 'good' | 'warning' | 'bad' | 'waiting';
  /** What was found, in a sentence. */
  text: string;
  /** What to do, where something is to be done. */
  remedy?: string;
  href?: string;
}

/** What was asked: its answer, or why there is none; nothing while it is on its way. */
export interface Asked<T> {
  data?: T;
  error?: unknown;
}

export interface Answers {
  health: Asked<Health>;
  rigs: Asked<Rig[]>;
  /** The queries of `setupQueries`, by refId. */
  series: Asked<DataFrame[]>;
  alerts: Asked<Alert[]>;
  pools: Asked<PoolReading[]>;
  earnings: Asked<Pick<Earnings, 'prices'>>;
}

/** Prices older than this are hardly of today. */
const oldPriceHours = 24;
/** Watchdog fires always; it goes from the rules to Alertmanager as every alert does. */
const watchdog = 'Watchdog';

/** Each part with what was found of it and what to do. */
export function setupChecks(answers: Answers, now: number): Check[] {
  return [
    exporterCheck(answers), minersCheck(answers), prometheusCheck(answers), rulesCheck(answers), alertmanagerCheck(answers), poolsCheck(answers), pricesCheck(answers, now), controlCheck(answers),
  ];
}

type Verdict = Omit<Check, 'name'>;

const asking = (): Verdict => ({ tone: 'waiting', text: t('setup.asking', 'Asking') });

function failed(error: unknown, href?: string): Verdict {
  const { title, advice } = toApiError(error);
  return { tone: 'bad', text: title, remedy: advice, ...(href === undefined ? {} : { href }) };
}

function judged<T>(name: CheckName, { data, error }: Asked<T>, judge: (data: T) => Verdict, href?: string): Check {
  return { name, ...(error !== undefined && error !== null ? failed(error, href) : data === undefined ? asking() : judge(data)) };
}

const exporterCheck = ({ health }: Answers): Check =>
  judged('exporter', health, ({ version }) => ({ tone: 'good', text: t('setup.exporter', 'Version {{version}} answers.', { version }) }), configurationUrl());

const minersCheck = ({ rigs }: Answers): Check =>
  judged('miners', rigs, (list) => {
    const away = list.filter(({ up }) => !up);
    if (list.length === 0) {
      return { tone: 'bad', text: t('setup.no-miners', 'No miner is configured.'), remedy: t('setup.no-miners-remedy', 'Find them and write them into fleet.yaml: see below.') };
    }
    if (away.length === 0) {
      return { tone: 'good', text: t('setup.miners', 'All {{count}} answer.', { count: list.length }) };
    }
    const reasons = [...new Set(away.map(({ reason }) => reason?.replaceAll('_', ' ') ?? t('setup.not-read', 'not read yet')))];
    return {
      tone: 'warning',
      text: t('setup.miners-away', '{{away}} of {{all}} do not answer: {{names}} ({{reasons}}).', { away: away.length, all: list.length, names: away.slice(0, 5).map(({ name }) => name).join(', '), reasons: reasons.join(', '), interpolation: { escapeValue: false } }),
      remedy: t('setup.miners-remedy', 'Look at the power, network, address and password of these.'),
    };
  });

/** How often a series was found, or undefined where it was not. */
const valueOf = (frames: readonly DataFrame[], refId: string): number | undefined => {
  const value: unknown = frames.find((frame) => frame.refId === refId)?.fields.find(({ type }) => type === 'number')?.values[0];
  return typeof value === 'number' ? value : undefined;
};

const prometheusCheck = ({ series, health }: Answers): Check =>
  judged('prometheus', series, (frames) => {
    const miners = valueOf(frames, 'A');
    if (miners === undefined) {
      return {
        tone: 'bad', text: t('setup.prometheus-empty', 'It answers, but has no series of miners.'),
        remedy: t('setup.prometheus-remedy', 'Let it scrape the exporter’s /metrics: prometheus.yml of this project shows how. Is the right data source chosen in the configuration?'), href: configurationUrl(),
      };
    }
    const configured = health.data?.miners.configured;
    return configured !== undefined && miners < configured
      ? { tone: 'warning', text: t('setup.prometheus-fewer', 'It has series of {{miners}} miners, the exporter of {{configured}}.', { miners, configured }), remedy: t('setup.prometheus-wait', 'After a start this takes a minute. Else look at the page “Targets” of Prometheus.') }
      : { tone: 'good', text: t('setup.prometheus', 'It has series of {{miners}} miners.', { miners }) };
  }, configurationUrl());

const rulesCheck = ({ series }: Answers): Check =>
  judged('rules', series, (frames) =>
    valueOf(frames, 'B') === undefined
      ? { tone: 'bad', text: t('setup.no-rules', 'Prometheus evaluates no alert rules of this project.'), remedy: t('setup.rules-remedy', 'Name alerting-rules/*.yml under rule_files in prometheus.yml.') }
      : { tone: 'good', text: t('setup.rules', 'Prometheus evaluates them; the watchdog fires, as it should.') }
  );

const alertmanagerCheck = ({ alerts }: Answers): Check =>
  judged('alertmanager', alerts, (list) =>
    list.some(({ labels }) => labels.alertname === watchdog)
      ? { tone: 'good', text: t('setup.alertmanager', 'Alerts arrive there.') }
      : { tone: 'bad', text: t('setup.alertmanager-silent', 'It answers, but the watchdog of the rules has not arrived.'), remedy: t('setup.alertmanager-remedy', 'Name it under alerting in prometheus.yml, and load the rules.') }
  , configurationUrl());

const poolsCheck = ({ pools }: Answers): Check =>
  judged('pools', pools, (list) => {
    const down = list.filter(({ up }) => !up);
    if (list.length === 0) {
      return { tone: 'warning', text: t('setup.no-pools', 'None is configured: earnings are not known.'), remedy: t('setup.no-pools-remedy', 'Add one under "pools" in fleet.yaml.', { interpolation: { escapeValue: false } }) };
    }
    return down.length === 0
      ? { tone: 'good', text: t('setup.pools', 'Read: {{pools}}.', { pools: list.map(({ pool }) => pool).join(', '), interpolation: { escapeValue: false } }) }
      : {
          tone: 'bad', text: down.map(({ pool, detail }) => `${pool}: ${detail ?? t('setup.not-read', 'not read yet')}`).join(' '),
          remedy: down.map(({ remedy }) => remedy).filter(Boolean).join(' ') || t('setup.pools-remedy', 'Look at its key in fleet.yaml, and whether the exporter reaches the pool.'),
        };
  });

const pricesCheck = ({ earnings }: Answers, now: number): Check =>
  judged('prices', earnings, ({ prices }) => {
    if (prices.length === 0) {
      return { tone: 'warning', text: t('setup.no-prices', 'No price of a coin is known: money is told in coins only.'), remedy: t('setup.no-prices-remedy', 'See "prices" in fleet.yaml.', { interpolation: { escapeValue: false } }) };
    }
    const old = prices.filter(({ at }) => at !== undefined && now - Date.parse(at) > oldPriceHours * 3_600_000);
    return old.length === 0
      ? { tone: 'good', text: t('setup.prices', 'Known of {{coins}}.', { coins: prices.map(({ coin, source }) => `${coin} (${source})`).join(', '), interpolation: { escapeValue: false } }) }
      : { tone: 'warning', text: t('setup.old-prices', 'Old: {{coins}}.', { coins: old.map(({ coin, at }) => `${coin} (${formatDuration((now - Date.parse(at!)) / 1000)})`).join(', '), interpolation: { escapeValue: false } }), remedy: t('setup.old-prices-remedy', 'Look at the source of prices in fleet.yaml.') };
  });

const controlCheck = ({ health }: Answers): Check =>
  judged('control', health, ({ control, scope }) =>
    !control.enabled
      ? { tone: 'warning', text: t('setup.control-off', 'Switched off: this app shows, and changes nothing.'), remedy: t('setup.control-remedy', 'If miners are to be commanded from here: control.enabled in fleet.yaml; read docs/control.md first.') }
      : control.readOnly
        ? { tone: 'warning', text: t('setup.control-read-only', 'The exporter runs read-only.'), remedy: t('setup.control-read-only-remedy', 'control.read_only in fleet.yaml.') }
        : { tone: 'good', text: t('setup.control', 'On. The token for reading has the scope “{{scope}}”.', { scope }) }
  );

export const checkTitle = (name: CheckName): string =>
  ({
    exporter: t('setup.title.exporter', 'Exporter'),
    miners: t('setup.title.miners', 'Miners'),
    prometheus: t('setup.title.prometheus', 'Prometheus'),
    rules: t('setup.title.rules', 'Alert rules'),
    alertmanager: t('setup.title.alertmanager', 'Alertmanager'),
    pools: t('setup.title.pools', 'Pools'),
    prices: t('setup.title.prices', 'Prices'),
    control: t('setup.title.control', 'Control'),
  })[name];
