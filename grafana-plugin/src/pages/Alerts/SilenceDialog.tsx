import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { config } from '@grafana/runtime';
import { Button, Field, Input, Modal, RadioButtonGroup, RadioButtonList, useStyles2 } from '@grafana/ui';
import { useMutation } from '@tanstack/react-query';
import React, { useState, type SyntheticEvent } from 'react';
import { alertmanager, type Alert } from '../../api/alertmanager';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { useNow } from '../../components/useNow';
import { formatDuration } from '../../data/format';
import { localMinute } from '../../data/localMinute';
import { nameOf } from './causes';
import { covers, durations, longestDays, matchersOf, matcherText, scopes, silenceOf, type Scope } from './silences';

interface Props {
  alert: Alert;
  /** All that is active, to tell how much a silence would cover. */
  alerts: readonly Alert[];
  onDone: () => void;
  onDismiss: () => void;
}

const hourMs = 3_600_000;
const until = 'until';

export function SilenceDialog({ alert, alerts, onDone, onDismiss }: Props) {
  const styles = useStyles2(getStyles);
  const possible = scopes.filter((scope) => matchersOf(alert, scope) !== undefined);
  const [scope, setScope] = useState<Scope>(possible[0]);
  const [duration, setDuration] = useState<number | typeof until>(4);
  const [time, setTime] = useState(() => localMinute(Date.now() + 8 * hourMs));
  const [comment, setComment] = useState('');
  const send = useMutation({ mutationFn: alertmanager.silence, onSuccess: onDone });

  const matchers = matchersOf(alert, scope) ?? [];
  const covered = alerts.filter((one) => covers(matchers, one)).length;
  const now = useNow(10_000);
  const end = duration === until ? Date.parse(time) : now + duration * hourMs;
  const tooSoon = !(end > now);
  const tooLate = end > now + longestDays * 24 * hourMs;
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    send.mutate(silenceOf({ matchers, now, end, createdBy: config.bootData.user.login, comment }));
  };

  return (
    <Modal isOpen title={t('silence.title', 'Silence {{alert}}', { alert: nameOf(alert) })} onDismiss={onDismiss}>
      <form onSubmit={submit}>
        <fieldset className={styles.group}>
          <legend className={styles.legend}>{t('silence.scope', 'What')}</legend>
          <RadioButtonList name="silence-scope" value={scope} onChange={setScope} options={possible.map((value) => ({ value, label: scopeName(value, alert) }))} />
        </fieldset>
        <fieldset className={styles.group}>
          <legend className={styles.legend}>{t('silence.how-long', 'How long')}</legend>
          <RadioButtonGroup
            aria-label={t('silence.how-long', 'How long')}
            value={duration}
            onChange={setDuration}
            options={[...durations.map(({ hours }) => ({ value: hours as number | typeof until, label: formatDuration(hours * 3600) })), { value: until, label: t('silence.until', 'Until …') }]}
          />
        </fieldset>
        {duration === until && (
          <Field
            label={t('silence.end', 'End, in this computer’s time')}
            invalid={tooSoon || tooLate}
            error={tooSoon ? t('silence.past', 'Choose a time to come') : t('silence.too-late', 'At most {{days}} days from now', { days: longestDays })}
          >
            <Input id="silence-end" type="datetime-local" width={30} value={time} onChange={(event) => setTime(event.currentTarget.value)} />
          </Field>
        )}
        <Field label={t('silence.comment', 'Why')} description={t('silence.comment-description', 'Stands beside the silence, with your name')}>
          <Input id="silence-comment" value={comment} maxLength={500} onChange={(event) => setComment(event.currentTarget.value)} />
        </Field>
        <p role="status" className={styles.effect}>
          {t('silence.covers', 'Holds back {{covered}} of {{all}} active alerts, and those to come that match {{matchers}}.', {
            covered, all: alerts.length, matchers: matchers.map(matcherText).join(', '), interpolation: { escapeValue: false },
          })}
        </p>
        {send.error && <ApiErrorAlert failure={send.error} />}
        <Modal.ButtonRow>
          <Button variant="secondary" fill="outline" type="button" onClick={onDismiss}>
            {t('silence.cancel', 'Cancel')}
          </Button>
          <Button type="submit" icon={send.isPending ? 'spinner' : 'bell-slash'} disabled={send.isPending || comment.trim() === '' || tooSoon || tooLate} tooltip={comment.trim() === '' ? t('silence.needs-comment', 'Say why first') : undefined}>
            {t('silence.send', 'Silence')}
          </Button>
        </Modal.ButtonRow>
      </form>
    </Modal>
  );
}

const scopeName = (scope: Scope, { labels }: Alert): string => {
  const { alertname: name, miner, site } = labels;
  const plain = { interpolation: { escapeValue: false } };
  return {
    'alert-miner': t('silence.alert-miner', '{{name}} of {{miner}}', { name, miner, ...plain }),
    'alert-site': t('silence.alert-site', '{{name}} at {{site}}', { name, site, ...plain }),
    alert: t('silence.alert', '{{name}} everywhere', { name, ...plain }),
    miner: t('silence.miner', 'Everything about {{miner}}', { miner, ...plain }),
  }[scope];
};

const getStyles = (theme: GrafanaTheme2) => ({
  group: css({ border: 'none', margin: theme.spacing(0, 0, 2), padding: 0, minWidth: 0 }),
  legend: css({ ...theme.typography.bodySmall, fontWeight: theme.typography.fontWeightMedium, border: 'none', margin: theme.spacing(0, 0, 0.5), width: 'auto' }),
  effect: css({ color: theme.colors.text.secondary, overflowWrap: 'anywhere' }),
});
