import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, useStyles2 } from '@grafana/ui';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import React from 'react';
import { alertmanager, type Silence } from '../../api/alertmanager';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { formatDuration, secondsSince } from '../../data/format';
import type { ControlAccess } from '../../data/useControlAccess';
import { endsFirst, matcherText } from './silences';

interface Props {
  silences: readonly Silence[];
  now: number;
  access: Pick<ControlAccess, 'canAct' | 'reason'>;
}

/** What is silenced, by whom and for how long still. */
export function Silences({ silences, now, access }: Props) {
  const styles = useStyles2(getStyles);
  const client = useQueryClient();
  const end = useMutation({ mutationFn: alertmanager.endSilence, onSettled: () => void client.invalidateQueries({ queryKey: ['alertmanager'] }) });
  return (
    <section aria-labelledby="silences-title">
      <h2 id="silences-title" className={styles.title}>
        {t('silences.title', 'Silences: {{number}}', { number: silences.length })}
      </h2>
      {end.error && <ApiErrorAlert failure={end.error} severity="warning" />}
      <ul className={styles.list}>
        {endsFirst(silences).map((silence) => {
          const what = silence.matchers.map(matcherText).join(', ');
          return (
            <li key={silence.id} className={styles.item}>
              <span className={styles.what}>
                <code>{what}</code>
                <span className={styles.weak}>
                  {t('silences.by', '{{comment}} ({{by}}), for {{left}} more', {
                    comment: silence.comment, by: silence.createdBy, left: formatDuration(-(secondsSince(silence.endsAt, now) ?? 0)), interpolation: { escapeValue: false },
                  })}
                </span>
              </span>
              <Button size="sm" variant="secondary" fill="outline" disabled={!access.canAct || end.isPending} tooltip={access.reason} onClick={() => end.mutate(silence.id)} aria-label={t('silences.end-label', 'End the silence of {{what}}', { what, interpolation: { escapeValue: false } })}>
                {t('silences.end', 'End now')}
              </Button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  title: css({ ...theme.typography.h5, margin: theme.spacing(3, 0, 1) }),
  list: css({ listStyle: 'none', margin: 0, padding: 0, display: 'grid', gap: theme.spacing(1) }),
  item: css({ display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', alignItems: 'center', gap: theme.spacing(1), padding: theme.spacing(1, 2), background: theme.colors.background.secondary, borderRadius: theme.shape.radius.default }),
  what: css({ display: 'grid', gap: theme.spacing(0.5), minWidth: 0, overflowWrap: 'anywhere' }),
  weak: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary }),
});
