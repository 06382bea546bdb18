import { cx } from '@emotion/css';
import { dateTimeFormat } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, EmptyState, LinkButton, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { Section } from '../../components/Section';
import { tableStyle } from '../../components/tableStyle';
import { auditUrl } from '../../constants';
import { useEvents, useWholeAudit } from '../../data/queries';
import { changeText, changesOf } from '../Audit/auditEntries';
import { auditEventName } from '../Audit/auditTexts';
import { actionName } from '../Control/actionTexts';
import { driftName } from './driftName';
import { timelineOf, type Moment } from './timeline';

const shownAtFirst = 15;

/** What was done to the miner by whom, what somebody else changed on it, and what it wrote into its log. */
export function Timeline({ miner }: { miner: string }) {
  const styles = useStyles2(tableStyle);
  const events = useEvents();
  const audit = useWholeAudit(miner);
  const [all, setAll] = useState(false);
  const failure = events.error ?? audit.error;
  const moments = timelineOf(miner, events.data ?? [], audit.data ?? []);
  return (
    <Section
      title={t('timeline.title', 'What happened')}
      actions={
        <LinkButton href={auditUrl(miner)} size="sm" fill="text" icon="history">
          {t('timeline.audit', 'In the audit log')}
        </LinkButton>
      }
    >
      {failure && <ApiErrorAlert failure={failure} severity="warning" />}
      {!events.data && !audit.data && !failure && <Placeholder rows={3} label={t('timeline.reading', 'Reading what happened')} />}
      {(events.data ?? audit.data) && moments.length === 0 && (
        <EmptyState variant="not-found" hideImage message={t('timeline.none', 'Nothing was done to it, and it told of nothing')} />
      )}
      {moments.length > 0 && (
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('timeline.title', 'What happened')}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t('activity.when', 'When')}</th>
                <th scope="col">{t('activity.who', 'Who')}</th>
                <th scope="col">{t('activity.what', 'What')}</th>
              </tr>
            </thead>
            <tbody>
              {moments.slice(0, all ? undefined : shownAtFirst).map((moment, index) => (
                <tr key={`${moment.at}${moment.sequence ?? `e${index}`}`}>
                  <td className={cx(styles.time, styles.weak)}>{dateTimeFormat(moment.at)}</td>
                  <td>{whoOf(moment)}</td>
                  <td>{whatOf(moment)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!all && moments.length > shownAtFirst && (
        <Button size="sm" variant="secondary" onClick={() => setAll(true)}>
          {t('timeline.all', 'Show all {{count}}', { count: moments.length })}
        </Button>
      )}
    </Section>
  );
}

const whoOf = ({ entry, source }: Moment): string => entry?.actor ?? (source === 'log' ? t('timeline.itself', 'the miner') : t('timeline.somebody', 'somebody else'));

function whatOf({ entry, event }: Moment): string {
  if (entry !== undefined) {
    const changes = changesOf(entry);
    return [auditEventName(entry.event), entry.action && actionName(entry.action), entry.outcome, entry.detail, changes.length === 1 ? changeText(changes[0]) : undefined].filter(Boolean).join(': ');
  }
  if (event?.kind === 'log') {
    return event.text;
  }
  return event === undefined ? '' : `${driftName(event.kind)}: ${event.from} → ${event.to}`;
}
