import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { PluginPage } from '@grafana/runtime';
import { Button, Combobox, EmptyState, FilterInput, Pagination, TextLink, useStyles2 } from '@grafana/ui';
import React, { useState } from 'react';
import { auditEvents, type AuditEntry } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { tableStyle } from '../../components/tableStyle';
import { minerUrl } from '../../constants';
import { auditEntriesKept, useWholeAudit } from '../../data/queries';
import { saveFile } from '../../data/saveFile';
import { useParameters } from '../../data/useParameters';
import { actionName } from '../Control/actionTexts';
import { actorsOf, auditCsv, changeText, changesOf, entriesFor } from './auditEntries';
import { auditEventName } from './auditTexts';

const pageSize = 50;

export default function AuditPage() {
  const styles = useStyles2(getStyles);
  const [parameters, set] = useParameters();
  const miner = parameters.get('miner') ?? undefined;
  const { data: entries, error } = useWholeAudit(miner);
  const [open, setOpen] = useState<number>();

  const text = parameters.get('text') ?? '';
  const actor = parameters.get('actor') ?? undefined;
  const event = auditEvents.find((one) => one === parameters.get('event'));
  const found = entriesFor(entries ?? [], { text, actor, event });
  const pages = Math.max(1, Math.ceil(found.length / pageSize));
  const page = Math.min(pages, Math.max(1, Number(parameters.get('page')) || 1));
  const choose = (name: string, value: string | undefined): void => {
    set('page', undefined);
    set(name, value);
  };
  const columns = [t('activity.when', 'When'), t('activity.who', 'Who'), t('activity.event', 'Event'), t('activity.what', 'What'), t('activity.miner', 'Miner'), t('activity.detail', 'Detail')];

  return (
    <PluginPage
      subTitle={t('audit.subtitle', 'Who did what to which miner, and what came of it. Entries are never changed; each carries the fingerprint of the one before.')}
      actions={
        <Button variant="secondary" icon="download-alt" disabled={found.length === 0} onClick={() => saveFile('hashfleet-audit.csv', auditCsv(found))}>
          {t('audit.export', 'Export as CSV')}
        </Button>
      }
    >
      {error && <ApiErrorAlert failure={error} severity={entries ? 'warning' : 'error'} />}
      {!entries && !error && <Placeholder rows={8} label={t('activity.reading-audit', 'Reading the audit log')} />}
      {entries && (
        <>
          <div className={styles.bar}>
            <FilterInput aria-label={t('audit.search', 'Search the log')} placeholder={t('audit.search', 'Search the log')} width={30} value={text} onChange={(value) => choose('text', value)} />
            <Combobox
              aria-label={t('audit.actor', 'Who')}
              width={22}
              value={actor ?? ''}
              options={[{ label: t('audit.everybody', 'Everybody'), value: '' }, ...[...new Set([...actorsOf(entries), ...(actor === undefined ? [] : [actor])])].map((one) => ({ label: one, value: one }))]}
              onChange={(option) => choose('actor', option.value)}
            />
            <Combobox
              aria-label={t('audit.event', 'Event')}
              width={24}
              value={event ?? ''}
              options={[{ label: t('audit.all-events', 'All events'), value: '' }, ...auditEvents.map((one) => ({ label: auditEventName(one), value: one as string }))]}
              onChange={(option) => choose('event', option.value)}
            />
            {miner !== undefined && (
              <Button size="sm" variant="secondary" icon="times" onClick={() => choose('miner', undefined)}>
                {t('filter.only', 'Only {{miner}}', { miner })}
              </Button>
            )}
          </div>
          <p role="status" className={styles.weak}>
            {t('audit.found', 'Entries: {{found}} of {{all}}', { found: found.length, all: entries.length })}
            {entries.length >= auditEntriesKept && ` ${t('audit.latest', '(the latest; "hashfleet audit export" has all)', { interpolation: { escapeValue: false } })}`}
          </p>
          {found.length === 0 && (
            <EmptyState variant="not-found" hideImage message={entries.length === 0 ? t('activity.no-audit', 'The audit log is empty') : t('audit.none-found', 'No entry fits the filter')}>
              {entries.length === 0 && t('activity.nothing-advice', 'What is done to miners from this page, by schedule or over the API is listed here.')}
            </EmptyState>
          )}
          {found.length > 0 && (
            <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('activity.audit', 'Audit log')}>
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
                <tbody>
                  {found.slice((page - 1) * pageSize, page * pageSize).map((entry) => (
                    <Row key={entry.sequence} entry={entry} open={open === entry.sequence} onToggle={() => setOpen(open === entry.sequence ? undefined : entry.sequence)} />
                  ))}
                </tbody>
              </table>
            </div>
          )}
          {pages > 1 && <Pagination currentPage={page} numberOfPages={pages} onNavigate={(to) => set('page', to === 1 ? undefined : String(to))} />}
        </>
      )}
    </PluginPage>
  );
}

function Row({ entry, open, onToggle }: { entry: AuditEntry; open: boolean; onToggle: () => void }) {
  const styles = useStyles2(getStyles);
  const changes = changesOf(entry);
  return (
    <tr>
      <td className={styles.time}>{dateTimeFormat(entry.at)}</td>
      <td>{entry.actor}</td>
      <td>{auditEventName(entry.event)}</td>
      <td>{entry.action ? actionName(entry.action) : ''}</td>
      <td>{entry.miner && <TextLink href={minerUrl(entry.miner)}>{entry.miner}</TextLink>}</td>
      <td>
        {[entry.outcome, entry.detail, changes.length === 1 ? changeText(changes[0]) : undefined].filter(Boolean).join(': ')}{' '}
        {changes.length > 1 && (
          <Button
            size="sm"
            variant="secondary"
            fill="text"
            icon={open ? 'angle-down' : 'angle-right'}
            aria-expanded={open}
            onClick={onToggle}
            aria-label={t('audit.show-changes', 'What changed in entry {{sequence}}', { sequence: entry.sequence })}
          >
            {t('audit.changes', 'What changed')}
          </Button>
        )}
        {open && (
          <ul className={styles.changes}>
            {changes.map(({ field, before, after }) => (
              <li key={field}>
                <code>{field}</code>: {before ?? '–'} → {after ?? '–'}
              </li>
            ))}
          </ul>
        )}
      </td>
    </tr>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  ...tableStyle(theme),
  bar: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) }),
  weak: css({ color: theme.colors.text.secondary, margin: theme.spacing(1, 0) }),
  changes: css({ margin: theme.spacing(0.5, 0, 0), paddingLeft: theme.spacing(2), overflowWrap: 'anywhere' }),
});
