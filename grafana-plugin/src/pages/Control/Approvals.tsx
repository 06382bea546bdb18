import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { config } from '@grafana/runtime';
import { Button, useStyles2 } from '@grafana/ui';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import React, { useState } from 'react';
import { controlClient } from '../../api/controlClient';
import type { Approval } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Section } from '../../components/Section';
import { queryKeys, useApprovals } from '../../data/queries';
import type { ControlAccess } from '../../data/useControlAccess';
import { actionName, countMiners } from './actionTexts';
import { answersOf, type Answer } from './approvalAnswers';
import { PlanView } from './PlanView';

interface Props {
  access: ControlAccess;
  onOpenJob: (id: string) => void;
}

/** What waits for a second person; nothing where nothing waits. */
export function Approvals({ access, onOpenJob }: Props) {
  const client = useQueryClient();
  const { data, error } = useApprovals();
  const answer = useMutation({
    mutationFn: ({ approval, what }: { approval: Approval; what: Answer }) => controlClient.answerApproval(approval, what),
    onSuccess: ({ job }) => {
      if (job !== undefined) {
        onOpenJob(job);
      }
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: queryKeys.approvals });
      void client.invalidateQueries({ queryKey: queryKeys.jobs });
    },
  });
  const waiting = (data ?? []).filter(({ state }) => state === 'awaiting_approval');
  const failure = answer.error ?? error;
  if (waiting.length === 0 && !answer.error) {
    return null;
  }
  return (
    <Section title={t('approvals.title', 'Waiting for a second person ({{count}})', { count: waiting.length })}>
      {failure && <ApiErrorAlert failure={failure} severity="warning" />}
      {waiting.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} access={access} busy={answer.isPending} onAnswer={(what) => answer.mutate({ approval, what })} />
      ))}
    </Section>
  );
}

interface CardProps {
  approval: Approval;
  access: ControlAccess;
  busy: boolean;
  onAnswer: (answer: Answer) => void;
}

function ApprovalCard({ approval, access, busy, onAnswer }: CardProps) {
  const styles = useStyles2(getStyles);
  const [open, setOpen] = useState(false);
  const { id, action, actor, requestedAt, expiresAt, reason, plan } = approval;
  const answers = answersOf(approval, config.bootData.user.login);
  const disabled = busy || !access.canAct;
  const texts: Record<Answer, string> = {
    approve: t('approvals.approve', 'Approve'),
    confirm: t('approvals.confirm', 'Confirm the changed plan'),
    reject: answers.mine ? t('approvals.withdraw', 'Withdraw') : t('approvals.reject', 'Reject'),
  };
  return (
    <article className={styles.card} aria-labelledby={`approval-${id}`}>
      <h3 id={`approval-${id}`} className={styles.title}>
        {actionName(action)}: {plan.targets.length === 1 ? plan.targets[0].miner : countMiners(plan.targets.length)}
      </h3>
      <p className={styles.weak}>
        {t('approvals.asked', 'Asked by {{actor}}, {{time}}; ends by itself {{end}}. {{reason}}', { actor, time: dateTimeFormat(requestedAt), end: dateTimeFormat(expiresAt), reason, interpolation: { escapeValue: false } })}
      </p>
      <p className={styles.text}>{answers.why}</p>
      <div className={styles.buttons}>
        {answers.allowed.map((one) => (
          <Button
            key={one}
            size="sm"
            variant={one === 'reject' ? 'secondary' : 'primary'}
            icon={one === 'reject' ? 'times' : 'check'}
            disabled={disabled}
            tooltip={access.reason}
            onClick={() => onAnswer(one)}
            aria-label={`${texts[one]}: ${actionName(action)}`}
          >
            {texts[one]}
          </Button>
        ))}
        <Button size="sm" variant="secondary" fill="text" icon={open ? 'angle-down' : 'angle-right'} aria-expanded={open} onClick={() => setOpen(!open)}>
          {t('approvals.plan', 'The plan')}
        </Button>
      </div>
      {open && <PlanView plan={plan} />}
    </article>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({ background: theme.colors.background.secondary, borderRadius: theme.shape.radius.default, padding: theme.spacing(2), marginBottom: theme.spacing(1) }),
  title: css({ ...theme.typography.h5, margin: 0 }),
  weak: css({ color: theme.colors.text.secondary, margin: 0 }),
  text: css({ margin: theme.spacing(0.5, 0, 1) }),
  buttons: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1) }),
});
