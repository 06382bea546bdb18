import { css } from '@emotion/css';
import { AppEvents, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { getAppEvents } from '@grafana/runtime';
import { Alert, Button, Field, Input, Modal, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import React, { useState, type SyntheticEvent } from 'react';
import { controlClient } from '../../api/controlClient';
import { toApiError } from '../../api/errors';
import type { IntentWish } from '../../api/types';
import { useNow } from '../../components/useNow';
import { queryKeys } from '../../data/queries';
import { localMinute } from '../../data/localMinute';
import { countMiners } from './actionTexts';

interface Props {
  miners: string[];
  onDone: () => void;
  onDismiss: () => void;
}

const eightHoursMs = 8 * 3_600_000;
/** At once: the exporter takes more, but a thousand requests at once would wait for each other. */
const atOnce = 8;

/** States the wish for each miner, and what became of it: some may be refused while others are done. */
export async function stateWish(miners: readonly string[], wish: IntentWish): Promise<Array<{ miner: string; why: string }>> {
  const refused: Array<{ miner: string; why: string }> = [];
  const left = [...miners];
  const work = async (): Promise<void> => {
    for (let miner = left.shift(); miner !== undefined; miner = left.shift()) {
      try {
        await controlClient.wantOf(miner, wish);
      } catch (cause) {
        refused.push({ miner, why: toApiError(cause).message });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return refused;
}

/** Takes miners into maintenance, until a time or until somebody ends it, or out of it. */
export function MaintenanceDialog({ miners, onDone, onDismiss }: Props) {
  const styles = useStyles2(getStyles);
  const client = useQueryClient();
  const now = useNow(10_000);
  const [intent, setIntent] = useState<'maintenance' | 'mine'>('maintenance');
  const [open, setOpen] = useState(false);
  const [until, setUntil] = useState(() => localMinute(Date.now() + eightHoursMs));
  const [reason, setReason] = useState('');
  const past = intent === 'maintenance' && !open && !(Date.parse(until) > now);
  const send = useMutation({
    mutationFn: (wish: IntentWish) => stateWish(miners, wish),
    onSuccess: (refused) => {
      void client.invalidateQueries({ queryKey: queryKeys.rigs });
      onDone();
      if (refused.length === 0) {
        getAppEvents().publish({
          type: AppEvents.alertSuccess.name,
          payload: [intent === 'maintenance' ? t('maintenance.begun', 'In maintenance') : t('maintenance.ended', 'Maintenance ended'), countMiners(miners.length)],
        });
        onDismiss();
      }
    },
  });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    send.mutate({
      intent,
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
      ...(intent === 'maintenance' && !open ? { until: new Date(until).toISOString() } : {}),
    });
  };
  return (
    <Modal isOpen title={t('maintenance.title', 'Maintenance: {{miners}}', { miners: miners.length === 1 ? miners[0] : countMiners(miners.length) })} onDismiss={onDismiss}>
      <form onSubmit={submit}>
        <p className={styles.weak}>{t('maintenance.what', 'Alerts and sums leave miners in maintenance out. Nothing is sent to the miners themselves; the audit log keeps it.')}</p>
        <Field label={t('maintenance.choice', 'What')}>
          <RadioButtonGroup
            aria-label={t('maintenance.choice', 'What')}
            value={intent}
            onChange={setIntent}
            options={[{ value: 'maintenance', label: t('maintenance.begin', 'Into maintenance') }, { value: 'mine', label: t('maintenance.end', 'Out of it: they are meant to mine') }]}
          />
        </Field>
        {intent === 'maintenance' && (
          <>
            <Field label={t('maintenance.how-long', 'How long')}>
              <RadioButtonGroup
                aria-label={t('maintenance.how-long', 'How long')}
                value={open}
                onChange={setOpen}
                options={[{ value: false, label: t('maintenance.until', 'Until …') }, { value: true, label: t('maintenance.open', 'Until somebody ends it') }]}
              />
            </Field>
            {!open && (
              <Field label={t('maintenance.time', 'End, in this computer’s time')} invalid={past} error={t('maintenance.past', 'Choose a time to come')}>
                <Input id="maintenance-until" type="datetime-local" width={30} value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
              </Field>
            )}
            <Field label={t('maintenance.reason', 'Why (optional)')}>
              <Input id="maintenance-reason" value={reason} maxLength={200} onChange={(event) => setReason(event.currentTarget.value)} />
            </Field>
          </>
        )}
        {send.data && send.data.length > 0 && (
          <Alert severity="error" title={t('maintenance.refused', 'Refused for {{miners}}; the others are done', { miners: countMiners(send.data.length) })}>
            <ul>
              {send.data.slice(0, 10).map(({ miner, why }) => (
                <li key={miner}>
                  {miner}: {why}
                </li>
              ))}
            </ul>
          </Alert>
        )}
        <Modal.ButtonRow>
          <Button variant="secondary" fill="outline" type="button" onClick={onDismiss}>
            {t('maintenance.cancel', 'Cancel')}
          </Button>
          <Button type="submit" icon={send.isPending ? 'spinner' : 'wrench'} disabled={send.isPending || past}>
            {intent === 'maintenance' ? t('maintenance.begin', 'Into maintenance') : t('maintenance.end-button', 'Out of maintenance')}
          </Button>
        </Modal.ButtonRow>
      </form>
    </Modal>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({ weak: css({ color: theme.colors.text.secondary }) });
