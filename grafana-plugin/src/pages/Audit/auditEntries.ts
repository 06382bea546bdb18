import type { AuditEntry, AuditEvent } from '../../api/types';

export interface AuditFilter {
  /** In any field. */
  text?: string;
  actor?: string;
  event?: AuditEvent;
}

export function entriesFor(entries: readonly AuditEntry[], { text = '', actor, event }: AuditFilter): AuditEntry[] {
  const words = text.trim().toLowerCase().replaceAll('_', ' ');
  return entries.filter(
    (entry) =>
      (actor === undefined || entry.actor === actor) &&
      (event === undefined || entry.event === event) &&
      (words === '' || [entry.actor, entry.event, entry.action, entry.miner, entry.job, entry.outcome, entry.detail].some((value) => value?.toLowerCase().replaceAll('_', ' ').includes(words)))
  );
}

export const actorsOf = (entries: readonly AuditEntry[]): string[] => [...new Set(entries.map(({ actor }) => actor))].sort();

const columns = ['sequence', 'at', 'actor', 'event', 'action', 'miner', 'job', 'outcome', 'detail', 'before', 'after'] as const;

/** RFC 4180. A field that a spreadsheet would take for a formula gets an apostrophe before it. */
export function auditCsv(entries: readonly AuditEntry[]): string {
  const field = (value: unknown): string => {
    const text = value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns.join(','), ...entries.map((entry) => columns.map((column) => field(entry[column])).join(','))].join('\r\n') + '\r\n';
}

export interface FieldChange {
  field: string;
  before?: string;
  after?: string;
}

/** What differs between before and after, field by field. */
export function changesOf({ before = {}, after = {} }: Pick<AuditEntry, 'before' | 'after'>): FieldChange[] {
  const text = (value: unknown): string | undefined => (value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value));
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((field) => ({ field, before: text(before[field]), after: text(after[field]) }))
    .filter((change) => change.before !== change.after);
}

export const changeText = ({ field, before, after }: FieldChange): string => `${field} ${before ?? '–'} → ${after ?? '–'}`;
