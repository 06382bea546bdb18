import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { PluginPage } from '@grafana/runtime';
import { Alert, Button, Combobox, EmptyState, Tab, TabsBar, useStyles2 } from '@grafana/ui';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import React, { useCallback, useState } from 'react';
import { controlClient } from '../../api/controlClient';
import { adviceKinds, type AdviceKind, type Job, type Recommendation } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { formatMoney, withSign } from '../../data/format';
import { queryKeys, useAdvice } from '../../data/queries';
import type { Send } from '../../data/useConfirmedAction';
import { useControlAccess } from '../../data/useControlAccess';
import { useParameters } from '../../data/useParameters';
import { ConfirmActionDialog } from '../Control/ConfirmActionDialog';
import { JobCard } from '../Control/JobCard';
import { AdviceCard } from './AdviceCard';
import { actionOf, adviceFor, gainOf, isOpen, kindName } from './adviceList';

const cardsShown = 50;

export default function AdvicePage() {
  const styles = useStyles2(getStyles);
  const access = useControlAccess();
  const client = useQueryClient();
  const { data: list, error } = useAdvice();
  const [parameters, set] = useParameters();
  const [wish, setWish] = useState<{ advice: Recommendation; what: 'apply' | 'rollback' }>();
  const [jobs, setJobs] = useState<string[]>([]);

  const show = parameters.get('show') === 'history' ? 'history' : 'open';
  const miner = parameters.get('miner') ?? undefined;
  const kind = adviceKinds.find((one) => one === parameters.get('kind'));
  const again = (): void => void client.invalidateQueries({ queryKey: queryKeys.advice });
  const judge = useMutation({ mutationFn: controlClient.judgeFleet, onSettled: again });
  const decide = useMutation({ mutationFn: ({ id, decision }: { id: string; decision: 'approve' | 'reject' }) => controlClient.decide(id, decision), onSettled: again });
  const failure = error ?? judge.error ?? decide.error;

  const shown = adviceFor(list ?? [], { show, miner, kind });
  const open = (list ?? []).filter(isOpen);
  const gain = gainOf(list ?? []);
  const kinds = [...new Set((list ?? []).map((one) => one.kind))];

  return (
    <PluginPage
      subTitle={t('advice.subtitle', 'What would earn more or keep a miner safe, with the figures behind it. Nothing is sent before you apply it.')}
      actions={
        <Button icon={judge.isPending ? 'spinner' : 'sync'} variant="secondary" disabled={judge.isPending || !access.canAct} tooltip={access.reason} onClick={() => judge.mutate()}>
          {t('advice.judge', 'Judge the fleet now')}
        </Button>
      }
    >
      {access.reason && (
        <Alert severity="info" title={t('control.look-only', 'You can look, not act')}>
          {access.reason}
        </Alert>
      )}
      {failure && <ApiErrorAlert failure={failure} severity={list ? 'warning' : 'error'} />}
      {jobs.map((id) => (
        <JobCard key={id} id={id} access={access} onClose={() => setJobs((ids) => ids.filter((one) => one !== id))} />
      ))}
      {!list && !error && <Placeholder rows={6} label={t('advice.reading', 'Reading the advice')} />}
      {list && (
        <>
          <p className={styles.summary} role="status">
            {open.length === 0
              ? t('advice.none-open', 'Nothing to do now.')
              : t('advice.summary', '{{count}} open. All changes together: {{gain}} a day.', { count: open.length, gain: withSign(gain, formatMoney) })}
          </p>
          <div className={styles.bar}>
            <TabsBar>
              <Tab label={t('advice.tab.open', 'Open')} counter={open.length} active={show === 'open'} onChangeTab={() => set('show', undefined)} />
              <Tab label={t('advice.tab.history', 'History')} active={show === 'history'} onChangeTab={() => set('show', 'history')} />
            </TabsBar>
            <Combobox
              aria-label={t('advice.kind-label', 'Kind')}
              width={24}
              options={[{ label: t('advice.all-kinds', 'All kinds'), value: '' }, ...kinds.map((one) => ({ label: kindName(one), value: one as string }))]}
              value={kind ?? ''}
              onChange={(option) => set('kind', (option.value || undefined) as AdviceKind | undefined)}
            />
            {miner !== undefined && (
              <Button size="sm" variant="secondary" icon="times" onClick={() => set('miner', undefined)}>
                {t('filter.only', 'Only {{miner}}', { miner })}
              </Button>
            )}
          </div>
          {shown.length === 0 && (
            <EmptyState variant={show === 'open' && kind === undefined && miner === undefined ? 'completed' : 'not-found'} hideImage message={show === 'open' ? t('advice.empty', 'No open advice') : t('advice.empty-history', 'Nothing was decided yet')}>
              {show === 'open' && t('advice.empty-why', 'The fleet is judged every quarter of an hour; a change is advised once it has stood for three of them. "Judge the fleet now" does not wait.')}
            </EmptyState>
          )}
          <div className={styles.cards}>
            {shown.slice(0, cardsShown).map((advice) => (
              <AdviceCard
                key={advice.id}
                advice={advice}
                access={access}
                busy={decide.isPending}
                onSend={(one, what) => setWish({ advice: one, what })}
                onDecide={(one, decision) => decide.mutate({ id: one.id, decision })}
              />
            ))}
          </div>
          {shown.length > cardsShown && <p className={styles.summary}>{t('advice.more', '{{count}} more are not shown: choose a kind.', { count: shown.length - cardsShown })}</p>}
        </>
      )}
      {wish && (
        <SendDialog
          {...wish}
          onStarted={(job) => {
            setWish(undefined);
            if (job) {
              setJobs((ids) => [job.id, ...ids]);
            }
          }}
          onDismiss={() => setWish(undefined)}
        />
      )}
    </PluginPage>
  );
}

interface SendDialogProps {
  advice: Recommendation;
  what: 'apply' | 'rollback';
  onStarted: (job: Job | undefined) => void;
  onDismiss: () => void;
}

/** The same dialog as for any action; the exporter makes the plan from the advice. */
function SendDialog({ advice, what, onStarted, onDismiss }: SendDialogProps) {
  const send = useCallback<Send>((_wish, confirmation) => controlClient.applyAdvice(advice.id, what, confirmation), [advice.id, what]);
  const action = actionOf(advice, what);
  return action === undefined || advice.miner === undefined ? null : (
    <ConfirmActionDialog action={action} miners={[advice.miner]} send={send} onStarted={onStarted} onDismiss={onDismiss} />
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  summary: css({ color: theme.colors.text.secondary, margin: theme.spacing(1, 0) }),
  bar: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(2), marginBottom: theme.spacing(2) }),
  cards: css({ display: 'grid', gap: theme.spacing(2) }),
});
