import { t } from '@grafana/i18n';
import type { Approval } from '../../api/types';

export type Answer = 'approve' | 'confirm' | 'reject';

export interface Answers {
  /** Whether this user asked for it. */
  mine: boolean;
  allowed: Answer[];
  /** What is waited for, in words for this user. */
  why: string;
}

/** What this user may answer: another person approves; who asked for it confirms a plan that has changed since, or withdraws it. The exporter decides. */
export function answersOf({ actor, confirmed }: Pick<Approval, 'actor' | 'confirmed'>, login: string): Answers {
  const mine = actor === login;
  if (mine) {
    return confirmed
      ? { mine, allowed: ['reject'], why: t('approvals.mine', 'You asked for it: somebody else has to approve it.') }
      : { mine, allowed: ['confirm', 'reject'], why: t('approvals.changed-mine', 'The plan has changed since you asked. Look at it and confirm it, then somebody else can approve it.') };
  }
  return confirmed
    ? { mine, allowed: ['approve', 'reject'], why: t('approvals.yours', 'It starts once you approve it.') }
    : { mine, allowed: ['reject'], why: t('approvals.changed', 'The plan has changed: {{actor}} has to confirm it first.', { actor }) };
}
