import type { Alert, Matcher, NewSilence, Silence } from '../../api/alertmanager';
import { nameOf } from './causes';

export const scopes = ['alert-miner', 'alert-site', 'alert', 'miner'] as const;
export type Scope = (typeof scopes)[number];

const equal = (name: string, value: string): Matcher => ({ name, value, isRegex: false, isEqual: true });

/** What a silence of this scope for this alert matches; undefined where the alert lacks the label that it takes. */
export function matchersOf(alert: Alert, scope: Scope): Matcher[] | undefined {
  const { miner, site } = alert.labels;
  const name = equal('alertname', nameOf(alert));
  switch (scope) {
    case 'alert':
      return [name];
    case 'alert-site':
      return site === undefined ? undefined : [name, equal('site', site)];
    case 'alert-miner':
      return miner === undefined ? undefined : [name, equal('miner', miner)];
    case 'miner':
      return miner === undefined ? undefined : [equal('miner', miner)];
  }
}

/** Only matchers without patterns are made here. */
export const covers = (matchers: readonly Matcher[], { labels }: Alert): boolean => matchers.every(({ name, value, isEqual }) => ((labels[name] ?? '') === value) === isEqual);

export const durations = [
  { hours: 1 }, { hours: 4 }, { hours: 12 }, { hours: 24 }, { hours: 24 * 7 },
] as const;

export const longestDays = 90;

interface Wish {
  matchers: Matcher[];
  /** Unix ms. */
  now: number;
  end: number;
  createdBy: string;
  comment: string;
}

export const silenceOf = ({ matchers, now, end, createdBy, comment }: Wish): NewSilence => ({
  matchers, createdBy, comment: comment.trim(), startsAt: new Date(now).toISOString(), endsAt: new Date(end).toISOString(),
});

/** As Alertmanager writes matchers. */
export const matcherText = ({ name, value, isRegex, isEqual }: Matcher): string => `${name}${isEqual ? '=' : '!'}${isRegex ? '~' : isEqual ? '' : '='}"${value}"`;

export const endsFirst = (silences: readonly Silence[]): Silence[] => [...silences].sort((a, b) => a.endsAt.localeCompare(b.endsAt));
