import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, Icon, IconButton, useStyles2 } from '@grafana/ui';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import React, { useEffect, useState } from 'react';
import { controlClient } from '../../api/controlClient';
import type { Job, JobTarget, TargetState } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { isOver, queryKeys, useJob } from '../../data/queries';
import type { ActionWish } from '../../data/useConfirmedAction';
import type { ControlAccess } from '../../data/useControlAccess';
import { actionIcons, actionName, countMiners, targetStateIcons, targetStateName } from './actionTexts';
import { failedMiners, progressOf } from './jobProgress';

interface Props {
  id: string;
  access: ControlAccess;
  onClose: () => void;
  /** Offered for the miners on which it failed; the exporter plans anew. */
  onRetry?: (wish: ActionWish) => void;
}

/** A started job, followed until every miner's outcome is known. */
export function JobCard({ id, access, onClose, onRetry }: Props) {
  const styles = useStyles2(getStyles);
  const client = useQueryClient();
  const { data: job, error } = useJob(id);
  const over = isOver(job);
  useEffect(() => {
    if (over) {
      void client.invalidateQueries({ queryKey: queryKeys.rigs });
      void client.invalidateQueries({ queryKey: queryKeys.jobs });
      void client.invalidateQueries({ queryKey: queryKeys.audit });
    }
  }, [over, client]);
  const cancel = useMutation({
    mutationFn: () => controlClient.cancel(id),
    onSuccess: (cancelled) => client.setQueryData(queryKeys.job(id), cancelled),
  });
  if (!job) {
    return error ? <ApiErrorAlert failure={error} /> : null;
  }
  const progress = progressOf(job);
  const failed = failedMiners(job);
  return (
    <section className={cx(styles.card, styles[progress.outcome])} aria-label={t('job.label', 'Job: {{action}}', { action: actionName(job.action) })}>
      <div className={styles.head}>
        <Icon name={actionIcons[job.action]} />
        <strong>
          {job.targets.length === 1 ? `${actionName(job.action)}: ${job.targets[0].miner}` : `${actionName(job.action)}: ${countMiners(job.targets.length)}`}
        </strong>
        <span role="status" aria-live="polite" className={styles.summary}>
          {summary(job)}
        </span>
        {!over && (
          <Button
            size="sm" variant="secondary" icon="times" disabled={!access.canAct || cancel.isPending} tooltip={access.reason}
            onClick={() => cancel.mutate()}
          >
            {t('job.cancel', 'Cancel job')}
          </Button>
        )}
        {over && onRetry && failed.length > 0 && (
          <Button size="sm" variant="secondary" icon="repeat" disabled={!access.canAct} tooltip={access.reason} onClick={() => onRetry({ action: job.action, miners: failed, parameters: job.parameters })}>
            {t('job.retry', 'Try again on {{miners}}', { miners: countMiners(failed.length) })}
          </Button>
        )}
        {over && <IconButton name="times" aria-label={t('job.close', 'Close job')} tooltip={t('job.close', 'Close job')} onClick={onClose} />}
      </div>
      <div
        className={styles.bar}
        role="progressbar"
        aria-label={t('job.progress', 'Miners done')}
        aria-valuemin={0}
        aria-valuemax={progress.total}
        aria-valuenow={progress.done}
      >
        <div className={styles.filled} style={{ width: `${(100 * progress.done) / Math.max(progress.total, 1)}%` }} />
      </div>
      {cancel.error && <ApiErrorAlert failure={cancel.error} />}
      {error && <ApiErrorAlert failure={error} severity="warning" />}
      <Targets targets={job.targets} />
    </section>
  );
}

function summary(job: Job): string {
  const { done, total, byState, outcome } = progressOf(job);
  const parts = (Object.entries(byState) as Array<[TargetState, number]>).map(([state, count]) => `${count} ${targetStateName(state).toLowerCase()}`);
  const words = {
    running: t('job.running', '{{done}} of {{total}} done', { done, total }),
    verified: t('job.verified', 'Finished'),
    mixed: t('job.mixed', 'Finished, not everywhere'),
    failed: t('job.failed', 'Finished without success'),
    cancelled: t('job.cancelled', 'Cancelled'),
  };
  return `${words[outcome]} (${parts.join(', ')})`;
}

const shownAtFirst = 8;

/** What went wrong first, then what is under way. */
const order: TargetState[] = ['failed', 'indeterminate', 'running', 'verifying', 'waiting', 'cancelled', 'skipped', 'verified'];

function Targets({ targets }: { targets: JobTarget[] }) {
  const styles = useStyles2(getStyles);
  const [showAll, setShowAll] = useState(false);
  const sorted = [...targets].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const shown = showAll ? sorted : sorted.slice(0, shownAtFirst);
  return (
    <>
      <ul className={styles.targets}>
        {shown.map((target) => (
          <li key={target.miner} className={styles.target}>
            <span className={styles.miner}>{target.miner}</span>
            <span className={cx(styles.state, target.state === 'verified' && styles.good, target.state === 'failed' && styles.bad, target.state === 'indeterminate' && styles.unsure)}>
              <Icon name={targetStateIcons[target.state]} size="sm" /> {targetStateName(target.state)}
            </span>
            {target.detail && <span className={styles.detail}>{target.detail}</span>}
          </li>
        ))}
      </ul>
      {sorted.length > shownAtFirst && (
        <Button size="sm" fill="text" onClick={() => setShowAll(!showAll)}>
          {showAll ? t('job.fewer', 'Show fewer') : t('job.all', 'Show all {{count}}', { count: sorted.length })}
        </Button>
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => {
  const edge = (color: string) => css({ borderLeftColor: color });
  return {
    card: css({
      background: theme.colors.background.primary, border: `1px solid ${theme.colors.border.weak}`, borderLeftWidth: 4,
      borderRadius: theme.shape.radius.default, padding: theme.spacing(1.5), marginBottom: theme.spacing(1), flexShrink: 0,
    }),
    running: edge(theme.colors.info.border),
    verified: edge(theme.colors.success.border),
    mixed: edge(theme.colors.warning.border),
    failed: edge(theme.colors.error.border),
    cancelled: edge(theme.colors.border.strong),
    head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) }),
    summary: css({ flex: 1, color: theme.colors.text.secondary }),
    bar: css({ height: 6, marginTop: theme.spacing(1), borderRadius: theme.shape.radius.pill, background: theme.colors.border.medium, overflow: 'hidden' }),
    filled: css({ height: '100%', background: theme.colors.primary.main }),
    targets: css({ listStyle: 'none', margin: theme.spacing(1, 0, 0), display: 'grid', gap: theme.spacing(0.5) }),
    target: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(2) }),
    miner: css({ minWidth: 120, fontWeight: theme.typography.fontWeightMedium }),
    state: css({ minWidth: 130, display: 'inline-flex', gap: theme.spacing(0.5), alignItems: 'center' }),
    good: css({ color: theme.colors.success.text }),
    bad: css({ color: theme.colors.error.text }),
    unsure: css({ color: theme.colors.warning.text }),
    detail: css({ color: theme.colors.text.secondary }),
  };
};
