import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { EmptyState, Icon, Tab, TabsBar, TextLink, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import type { Job } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { tableStyle } from '../../components/tableStyle';
import { auditUrl, minerUrl } from '../../constants';
import { useAudit, useJobs } from '../../data/queries';
import { auditEventName } from '../Audit/auditTexts';
import { actionIcons, actionName, countMiners, targetStateName } from './actionTexts';
import { progressOf } from './jobProgress';

/** What was done lately, and by whom: jobs, and the audit log behind them. */
export function Activity({ onOpenJob }: { onOpenJob: (id: string) => void }) {
  const styles = useStyles2(getStyles);
  const [tab, setTab] = useState<'jobs' | 'audit'>('jobs');
  return (
    <section aria-labelledby="activity-heading" className={styles.section}>
      <h2 id="activity-heading" className={styles.heading}>
        {t('activity.title', 'Activity')}
      </h2>
      <TabsBar>
        <Tab label={t('activity.jobs', 'Jobs')} active={tab === 'jobs'} onChangeTab={() => setTab('jobs')} />
        <Tab label={t('activity.audit', 'Audit log')} active={tab === 'audit'} onChangeTab={() => setTab('audit')} />
      </TabsBar>
      <div className={styles.content}>{tab === 'jobs' ? <JobList onOpenJob={onOpenJob} /> : <AuditList />}</div>
    </section>
  );
}

const jobsShown = 20;

function JobList({ onOpenJob }: { onOpenJob: (id: string) => void }) {
  const styles = useStyles2(getStyles);
  const { data: jobs, error } = useJobs();
  if (!jobs) {
    return error ? (
      <ApiErrorAlert failure={error} />
    ) : (
      <Placeholder rows={3} label={t('activity.reading-jobs', 'Reading the jobs')} />
    );
  }
  if (jobs.length === 0) {
    return <Nothing message={t('activity.no-jobs', 'No job yet')} />;
  }
  const newest = [...jobs].sort((a, b) => b.createdAt.localeCompare(a.createdAt)).slice(0, jobsShown);
  return (
    <Table
      label={t('activity.jobs', 'Jobs')}
      columns={[
        t('activity.when', 'When'),
        t('activity.who', 'Who'),
        t('activity.what', 'What'),
        t('activity.miners', 'Miners'),
        t('activity.outcome', 'Outcome'),
      ]}
    >
      {newest.map((job) => (
        <tr key={job.id}>
          <td className={styles.time}>{dateTimeFormat(job.createdAt)}</td>
          <td>{job.actor}</td>
          <td>
            <Icon name={actionIcons[job.action]} size="sm" />{' '}
            <button type="button" className={styles.open} onClick={() => onOpenJob(job.id)}>
              {actionName(job.action)}
            </button>
            {typeof job.parameters.preset === 'string' && <span className={styles.weak}> {job.parameters.preset}</span>}
          </td>
          <td>{job.targets.length === 1 ? job.targets[0].miner : countMiners(job.targets.length)}</td>
          <td>{outcomeText(job)}</td>
        </tr>
      ))}
    </Table>
  );
}

function outcomeText(job: Job): string {
  const { done, total, byState } = progressOf(job);
  if (job.state === 'running') {
    return t('job.running', '{{done}} of {{total}} done', { done, total });
  }
  return Object.entries(byState)
    .map(([state, count]) =>
      total === 1
        ? targetStateName(state as keyof typeof byState)
        : `${count} ${targetStateName(state as keyof typeof byState).toLowerCase()}`
    )
    .join(', ');
}

function AuditList() {
  const styles = useStyles2(getStyles);
  const { data: entries, error } = useAudit();
  if (!entries) {
    return error ? (
      <ApiErrorAlert failure={error} />
    ) : (
      <Placeholder rows={3} label={t('activity.reading-audit', 'Reading the audit log')} />
    );
  }
  if (entries.length === 0) {
    return <Nothing message={t('activity.no-audit', 'The audit log is empty')} />;
  }
  return (
    <>
      <p className={styles.weak}>
        {t('activity.latest', 'The latest entries.')}{' '}
        <TextLink href={auditUrl()} inline>
          {t('activity.whole-audit', 'Search the whole log')}
        </TextLink>
      </p>
      <Table
        label={t('activity.audit', 'Audit log')}
        columns={[
          t('activity.when', 'When'),
          t('activity.who', 'Who'),
          t('activity.event', 'Event'),
          t('activity.what', 'What'),
          t('activity.miner', 'Miner'),
          t('activity.detail', 'Detail'),
        ]}
      >
        {entries.map((entry) => (
          <tr key={entry.sequence}>
            <td className={styles.time}>{dateTimeFormat(entry.at)}</td>
            <td>{entry.actor}</td>
            <td>{auditEventName(entry.event)}</td>
            <td>{entry.action ? actionName(entry.action) : ''}</td>
            <td>{entry.miner && <TextLink href={minerUrl(entry.miner)}>{entry.miner}</TextLink>}</td>
            <td>{[entry.outcome, entry.detail].filter(Boolean).join(': ')}</td>
          </tr>
        ))}
      </Table>
    </>
  );
}

const Nothing = ({ message }: { message: string }) => (
  <EmptyState variant="not-found" hideImage message={message}>
    {t('activity.nothing-advice', 'What is done to miners from this page, by schedule or over the API is listed here.')}
  </EmptyState>
);

function Table({ label, columns, children }: { label: string; columns: string[]; children: React.ReactNode }) {
  const styles = useStyles2(getStyles);
  return (
    // Scrollable regions are reachable by keyboard.
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={label}>
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  ...tableStyle(theme),
  section: css({ marginTop: theme.spacing(3), flexShrink: 0 }),
  heading: css({ ...theme.typography.h4 }),
  content: css({ paddingTop: theme.spacing(1) }),
  scroll: css({ maxHeight: 360, overflow: 'auto' }),
  open: css({
    background: 'none',
    border: 0,
    padding: 0,
    color: theme.colors.text.link,
    '&:hover': { textDecoration: 'underline' },
  }),
});
