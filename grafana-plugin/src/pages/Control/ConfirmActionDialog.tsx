import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Alert, Button, Field, Input, Modal, RadioButtonGroup, useStyles2 } from '@grafana/ui';
import React, { useEffect, useState } from 'react';
import type { ActionName, ActionParameters, Job } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { useNow } from '../../components/useNow';
import { useConfirmedAction, type Send } from '../../data/useConfirmedAction';
import { actionExplanation, actionIcons, actionName, countMiners } from './actionTexts';
import { PlanView } from './PlanView';
import { isPresetChosen, PresetPicker } from './PresetPicker';

interface Props {
  action: ActionName;
  miners: string[];
  /** Chosen already, as when a job is tried again. */
  parameters?: ActionParameters;
  /** Sends the wish in another way than as an action; then nothing is left to choose. It must stay the same while the dialog is open. */
  send?: Send;
  onStarted: (job: Job | undefined) => void;
  onDismiss: () => void;
}

const isOpenAction = (action: ActionName): boolean => action === 'preset' || action === 'locate';

/** Choose what is left to choose, see the plan that the exporter made, confirm exactly that plan. */
export function ConfirmActionDialog({ action, miners, parameters: given, send, onStarted, onDismiss }: Props) {
  const styles = useStyles2(getStyles);
  const { state, plan, confirm } = useConfirmedAction(send);
  const needsChoice = send === undefined && given === undefined && isOpenAction(action);
  const [parameters, setParameters] = useState<ActionParameters>(given ?? (action === 'locate' ? { on: true } : {}));
  const [choosing, setChoosing] = useState(needsChoice);
  const [typed, setTyped] = useState('');
  const now = useNow();

  const makePlan = (): void => {
    setChoosing(false);
    setTyped('');
    void plan({ action, miners, ...(needsChoice || given !== undefined ? { parameters } : {}) });
  };
  useEffect(() => {
    if (!needsChoice) {
      void plan({ action, miners, ...(given === undefined ? {} : { parameters: given }) });
    }
    // The dialog is opened anew for each wish.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const pending = state.step === 'starting';
  const planned = state.step === 'planned' || state.step === 'starting' ? state.plan : undefined;
  const count = planned?.targets.length ?? miners.length;
  const toType = planned?.stepUp?.typed ?? (count > 1 ? String(count) : undefined);
  const expired = planned?.confirmation.expiresAt !== undefined && Date.parse(planned.confirmation.expiresAt) <= now;
  const dismiss = (): void => {
    if (!pending) {
      onDismiss();
    }
  };
  const start = async (): Promise<void> => {
    if (planned) {
      const job = await confirm(planned, typed.trim());
      if (job) {
        onStarted(job);
      }
    }
  };
  const title = miners.length === 1 ? t('confirm.title-one', '{{action}}: {{miner}}', { action: actionName(action), miner: miners[0] })
    : t('confirm.title-many', '{{action}}: {{miners}}', { action: actionName(action), miners: countMiners(miners.length) });

  return (
    <Modal isOpen title={title} onDismiss={dismiss} closeOnBackdropClick={false} className={styles.dialog}>
      <p className={styles.explanation}>{actionExplanation(action)}</p>
      {choosing && action === 'preset' && <PresetPicker miners={miners} value={parameters} onChange={setParameters} />}
      {choosing && action === 'locate' && (
        <Field label={t('locate.light', 'Light')}>
          <RadioButtonGroup
            options={[{ label: t('locate.on', 'On'), value: true }, { label: t('locate.off', 'Off'), value: false }]}
            value={parameters.on ?? true}
            onChange={(on) => setParameters({ on })}
          />
        </Field>
      )}
      {state.step === 'planning' && <Placeholder rows={3} label={t('confirm.planning', 'Asking the exporter for the plan')} />}
      {planned?.fourEyes && (
        <Alert className={styles.space} severity="info" title={t('confirm.four-eyes', 'A second person has to approve this')}>
          {planned.fourEyes}
        </Alert>
      )}
      {state.step === 'waiting' && (
        <Alert severity="success" title={t('confirm.waiting', 'It waits for a second person')}>
          {`${state.reason}. `}
          {t('confirm.waiting-advice', 'Nothing is sent until then.')}
        </Alert>
      )}
      {state.step === 'failed' && <ApiErrorAlert failure={state.failure} />}
      {planned && <PlanView plan={planned} />}
      {planned && count === 0 && (
        <Alert severity="info" title={t('confirm.nothing', 'Nothing to do')}>
          {t('confirm.nothing-advice', 'Every chosen miner is left out, for the reasons above.')}
        </Alert>
      )}
      {state.step === 'planned' && state.failure && (
        <div className={styles.space}>
          <ApiErrorAlert failure={state.failure} />
        </div>
      )}
      {planned && count > 0 && toType !== undefined && !expired && (
        <Field
          className={styles.space}
          label={planned.stepUp ? t('confirm.type-text', 'This is hard to take back. Type {{text}} to confirm it', { text: toType, interpolation: { escapeValue: false } }) : t('confirm.type', 'Type {{count}} to confirm that you mean {{miners}}', { count, miners: countMiners(count) })}
        >
          <Input id="confirm-count" width={planned.stepUp ? 30 : 12} value={typed} inputMode={planned.stepUp ? 'text' : 'numeric'} autoComplete="off" disabled={pending} onChange={(event) => setTyped(event.currentTarget.value)} />
        </Field>
      )}
      {expired && !pending && (
        <Alert className={styles.space} severity="warning" title={t('confirm.expired', 'The plan has expired')}>
          {t('confirm.expired-advice', 'Make a new one: the miners may have changed since.')}
        </Alert>
      )}
      <Modal.ButtonRow>
        <Button variant="secondary" fill="outline" onClick={dismiss} disabled={pending}>
          {state.step === 'waiting' ? t('confirm.done', 'Done') : t('confirm.dismiss', 'Cancel')}
        </Button>
        {state.step === 'waiting' ? null : choosing ? (
          <Button onClick={makePlan} disabled={action === 'preset' && !isPresetChosen(parameters)}>
            {t('confirm.show-plan', 'Show plan')}
          </Button>
        ) : state.step === 'failed' || expired || (state.step === 'planned' && state.failure) ? (
          <Button onClick={makePlan} disabled={pending} icon="sync">
            {t('confirm.plan-again', 'Plan again')}
          </Button>
        ) : (
          <Button
            variant="destructive"
            icon={pending ? 'spinner' : actionIcons[action]}
            disabled={pending || !planned || count === 0 || (toType !== undefined && typed.trim() !== toType)}
            onClick={() => void start()}
          >
            {pending ? t('confirm.starting', 'Starting') : actionName(action)}
          </Button>
        )}
      </Modal.ButtonRow>
    </Modal>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  dialog: css({ width: 680, maxWidth: '95vw' }),
  explanation: css({ color: theme.colors.text.secondary }),
  space: css({ marginTop: theme.spacing(2) }),
});
