import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, EmptyState, Field, Input, TextArea, useStyles2 } from '@grafana/ui';
import React, { useState, type SyntheticEvent } from 'react';
import type { ActionParameters } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { Section } from '../../components/Section';
import { useNotes } from '../../data/queries';
import type { ControlAccess } from '../../data/useControlAccess';

interface Props {
  miner: string;
  access: ControlAccess;
  /** Plans the writing of a note; nothing is written before it is confirmed. */
  onWrite: (parameters: ActionParameters) => void;
}

/** Notes that lie on the miner itself: whoever opens its own page sees them too. */
export function NotesTab({ miner, access, onWrite }: Props) {
  const styles = useStyles2(getStyles);
  const { data: notes, error } = useNotes(miner);
  const [key, setKey] = useState('');
  const [text, setText] = useState('');
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    onWrite({ note: { key: key.trim(), text: text.trim() } });
  };
  return (
    <>
      <Section title={t('notes.title', 'Notes on the miner')}>
        {error && <ApiErrorAlert failure={error} severity={notes ? 'warning' : 'error'} />}
        {!notes && !error && <Placeholder rows={3} label={t('notes.reading', 'Reading the notes from the miner')} />}
        {notes?.length === 0 && <EmptyState variant="not-found" hideImage message={t('notes.none', 'No notes yet')} />}
        {notes?.map((note) => (
          <article key={note.key} className={styles.note} aria-label={note.key}>
            <div>
              <strong>{note.key}</strong>
              <p className={styles.text}>{note.value}</p>
            </div>
            <Button
              size="sm"
              variant="secondary"
              fill="text"
              icon="trash-alt"
              disabled={!access.canAct}
              tooltip={access.reason ?? t('notes.delete', 'Delete')}
              aria-label={t('notes.delete-label', 'Delete note {{key}}', { key: note.key })}
              onClick={() => onWrite({ note: { key: note.key } })}
            />
          </article>
        ))}
      </Section>
      <Section title={t('notes.write', 'Write a note')}>
        <form onSubmit={submit} className={styles.form}>
          <Field label={t('notes.key', 'Title')} description={t('notes.key-description', 'A note of the same title is replaced.')}>
            <Input id="note-key" value={key} maxLength={64} disabled={!access.canAct} onChange={(event) => setKey(event.currentTarget.value)} />
          </Field>
          <Field label={t('notes.text', 'Note')}>
            <TextArea id="note-text" rows={3} value={text} maxLength={1000} disabled={!access.canAct} onChange={(event) => setText(event.currentTarget.value)} />
          </Field>
          <Button type="submit" icon="comment-alt" disabled={!access.canAct || key.trim() === '' || text.trim() === ''} tooltip={access.reason}>
            {t('notes.plan', 'Write')}
          </Button>
        </form>
      </Section>
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  note: css({ display: 'flex', justifyContent: 'space-between', gap: theme.spacing(1), maxWidth: '90ch', padding: theme.spacing(1), borderBottom: `1px solid ${theme.colors.border.weak}` }),
  text: css({ margin: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }),
  form: css({ maxWidth: 560 }),
});
