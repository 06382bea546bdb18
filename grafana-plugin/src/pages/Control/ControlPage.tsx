import { css } from '@emotion/css';
import { AppEvents, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { getAppEvents, PluginPage } from '@grafana/runtime';
import { Alert, Button, Combobox, EmptyState, FilterInput, LinkButton, Pagination, useStyles2 } from '@grafana/ui';
import React, { useEffect, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'react-router-dom';
import type { ActionName, ActionParameters, Job } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { conditionName, conditions, type Condition } from '../../components/minerCondition';
import { Placeholder } from '../../components/Placeholder';
import { useNow } from '../../components/useNow';
import { setupUrl } from '../../constants';
import { isOver, useJob, useRigs } from '../../data/queries';
import { useControlAccess } from '../../data/useControlAccess';
import { actionName, countMiners } from './actionTexts';
import { Activity } from './Activity';
import { BulkActions } from './ActionButtons';
import { Approvals } from './Approvals';
import { ConfirmActionDialog } from './ConfirmActionDialog';
import { ExpressionSelection } from './ExpressionSelection';
import { JobCard } from './JobCard';
import { progressOf } from './jobProgress';
import { filterRigs, minersPerPage, readView, sortRigs, valuesOf, writeView, type TableView } from './minerTable';
import { MaintenanceDialog } from './MaintenanceDialog';
import { MinerTable } from './MinerTable';
import { Schedules } from './Schedules';

export default function ControlPage() {
  const styles = useStyles2(getStyles);
  const now = useNow();
  const access = useControlAccess();
  const { data: rigs, error } = useRigs();
  const [parameters, setParameters] = useSearchParams();
  const view = useMemo(() => readView(parameters), [parameters]);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [wish, setWish] = useState<{ action: ActionName; miners: string[]; parameters?: ActionParameters }>();
  const [maintaining, setMaintaining] = useState<string[]>();
  const [openJobs, setOpenJobs] = useState<string[]>([]);

  const change = (part: Partial<TableView>): void =>
    setParameters((current) => writeView({ ...readView(current), page: 1, ...part }, current), { replace: true });
  const matching = useMemo(() => sortRigs(filterRigs(rigs ?? [], view), view), [rigs, view]);
  const pages = Math.max(1, Math.ceil(matching.length / minersPerPage));
  const page = Math.min(view.page, pages);
  const shown = matching.slice((page - 1) * minersPerPage, page * minersPerPage);
  const known = useMemo(() => new Set((rigs ?? []).map((rig) => rig.name)), [rigs]);
  const chosen = [...selected].filter((miner) => known.has(miner));
  const hidden = chosen.length - matching.filter((rig) => selected.has(rig.name)).length;
  const select = (miners: string[], on: boolean): void =>
    setSelected((current) => {
      const next = new Set(current);
      miners.forEach((miner) => (on ? next.add(miner) : next.delete(miner)));
      return next;
    });
  const openJob = (id: string): void => setOpenJobs((ids) => [id, ...ids.filter((one) => one !== id)]);
  const started = (job: Job | undefined): void => {
    setWish(undefined);
    setSelected(new Set());
    if (job) {
      openJob(job.id);
    }
  };

  return (
    <PluginPage subTitle={t('control.subtitle', 'Choose miners, see the plan, confirm. Every action is written to the audit log.')}>
      {access.reason && (
        <Alert severity="info" title={t('control.look-only', 'You can look, not act')}>
          {access.reason}
        </Alert>
      )}
      {error && <ApiErrorAlert failure={error} severity={rigs ? 'warning' : 'error'} />}
      {openJobs.map((id) => (
        <React.Fragment key={id}>
          <JobCard id={id} access={access} onClose={() => setOpenJobs((ids) => ids.filter((one) => one !== id))} onRetry={setWish} />
          <AnnounceEnd id={id} />
        </React.Fragment>
      ))}
      <Approvals access={access} onOpenJob={openJob} />
      {!rigs && !error && <Placeholder rows={8} label={t('control.reading', 'Reading the fleet')} />}
      {rigs?.length === 0 && (
        <EmptyState
          variant="call-to-action"
          message={t('control.empty', 'No miners yet')}
          button={<LinkButton href={setupUrl()}>{t('control.find', 'Find miners')}</LinkButton>}
        >
          {t('control.empty-advice', 'Add miners to fleet.yaml, or let the exporter find them with its discover command.')}
        </EmptyState>
      )}
      {rigs && rigs.length > 0 && (
        <>
          <div className={styles.filters} role="search">
            <div className={styles.search}>
              <SearchField value={view.search} onChange={(search) => change({ search })} />
            </div>
            <Filter label={t('filter.site', 'Site')} all={t('filter.all-sites', 'All sites')} values={valuesOf(rigs, (rig) => rig.site)} value={view.site} onChange={(site) => change({ site })} />
            <Filter label={t('filter.rack', 'Rack')} all={t('filter.all-racks', 'All racks')} values={valuesOf(rigs, (rig) => rig.rack)} value={view.rack} onChange={(rack) => change({ rack })} />
            <Filter label={t('filter.circuit', 'Circuit')} all={t('filter.all-circuits', 'All circuits')} values={valuesOf(rigs, (rig) => rig.circuit)} value={view.circuit} onChange={(circuit) => change({ circuit })} />
            <Filter label={t('filter.model', 'Model')} all={t('filter.all-models', 'All models')} values={valuesOf(rigs, (rig) => rig.model)} value={view.model} onChange={(model) => change({ model })} />
            <Filter
              label={t('filter.state', 'State')}
              all={t('filter.all-states', 'All states')}
              values={[...conditions]}
              text={(value) => conditionName(value as Condition)}
              value={view.condition}
              onChange={(condition) => change({ condition: condition as Condition | undefined })}
            />
            {view.miner && (
              <Button size="sm" variant="secondary" icon="times" onClick={() => change({ miner: undefined })}>
                {t('filter.only', 'Only {{miner}}', { miner: view.miner })}
              </Button>
            )}
            <span className={styles.count} role="status">
              {matching.length === rigs.length ? countMiners(rigs.length) : t('filter.count', '{{shown}} of {{all}} miners', { shown: matching.length, all: rigs.length })}
            </span>
          </div>
          <ExpressionSelection access={access} onChoose={(miners) => setSelected(new Set(miners))} />
          <div className={styles.bulk}>
            <BulkActions miners={chosen} access={access} onAct={(action, miners) => setWish({ action, miners })} />
            <Button size="sm" variant="secondary" icon="wrench" disabled={!access.canAct || chosen.length === 0} tooltip={access.reason ?? (chosen.length === 0 ? t('bulk.none', 'Choose miners in the table first') : undefined)} onClick={() => setMaintaining(chosen)}>
              {t('bulk.intent', 'Maintenance')}
            </Button>
            <span className={styles.count} role="status">
              {chosen.length > 0 && t('bulk.chosen', '{{miners}} chosen', { miners: countMiners(chosen.length) })}
              {hidden > 0 && ` ${t('bulk.hidden', '({{count}} outside of this view)', { count: hidden })}`}
            </span>
            {chosen.length > 0 && (
              <Button size="sm" fill="text" onClick={() => setSelected(new Set())}>
                {t('bulk.clear', 'Clear choice')}
              </Button>
            )}
          </div>
          {matching.length === 0 ? (
            <EmptyState
              variant="not-found"
              message={t('control.no-match', 'No miner matches')}
              button={
                <Button variant="secondary" onClick={() => change({ search: '', site: undefined, rack: undefined, circuit: undefined, model: undefined, condition: undefined, miner: undefined })}>
                  {t('filter.clear', 'Clear filters')}
                </Button>
              }
            />
          ) : (
            <MinerTable
              rigs={shown}
              selectable={matching.map((rig) => rig.name)}
              selected={selected}
              view={view}
              access={access}
              now={now}
              onSort={(sort, descending) => change({ sort, descending })}
              onSelect={select}
              onAct={(action, miners) => setWish({ action, miners })}
            />
          )}
          {pages > 1 && (
            <div className={styles.pages}>
              <Pagination currentPage={page} numberOfPages={pages} onNavigate={(to) => change({ page: to })} />
            </div>
          )}
          <Schedules access={access} />
          <Activity onOpenJob={openJob} />
        </>
      )}
      {maintaining && <MaintenanceDialog miners={maintaining} onDone={() => setSelected(new Set())} onDismiss={() => setMaintaining(undefined)} />}
      {wish && <ConfirmActionDialog {...wish} onStarted={started} onDismiss={() => setWish(undefined)} />}
    </PluginPage>
  );
}

const typingPauseMs = 250;

/** The address follows the typing after a pause, so that every letter does not redraw a large table. */
function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const [typed, setTyped] = useState<string>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (text: string): void => {
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setTyped(undefined);
      onChange(text);
    }, typingPauseMs);
  };
  return (
    <FilterInput
      escapeRegex={false}
      placeholder={t('filter.search', 'Search name, model, address, preset')}
      aria-label={t('filter.search-label', 'Search miners')}
      value={typed ?? value}
      onChange={type}
    />
  );
}

interface FilterProps {
  label: string;
  all: string;
  values: string[];
  value: string | undefined;
  text?: (value: string) => string;
  onChange: (value: string | undefined) => void;
}

function Filter({ label, all, values, value, text = (one) => one, onChange }: FilterProps) {
  return (
    <Combobox
      aria-label={label}
      width={20}
      options={[{ label: all, value: '' }, ...values.map((one) => ({ label: text(one), value: one }))]}
      value={value ?? ''}
      onChange={(option) => onChange(option.value || undefined)}
    />
  );
}

/** A toast when a watched job ends, for those who look elsewhere on the page. */
function AnnounceEnd({ id }: { id: string }) {
  const { data: job } = useJob(id);
  const wasRunning = useRef(false);
  useEffect(() => {
    if (job && !isOver(job)) {
      wasRunning.current = true;
    } else if (job && wasRunning.current) {
      wasRunning.current = false;
      const { outcome, byState, total } = progressOf(job);
      const event = outcome === 'verified' ? AppEvents.alertSuccess : outcome === 'cancelled' ? AppEvents.alertWarning : AppEvents.alertError;
      getAppEvents().publish({
        type: event.name,
        payload: [actionName(job.action), t('job.toast', '{{verified}} of {{total}} verified', { verified: byState.verified ?? 0, total })],
      });
    }
  }, [job]);
  return null;
}

const getStyles = (theme: GrafanaTheme2) => ({
  filters: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), alignItems: 'center', marginBottom: theme.spacing(1) }),
  search: css({ width: 320, maxWidth: '100%' }),
  count: css({ color: theme.colors.text.secondary }),
  bulk: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), alignItems: 'center', marginBottom: theme.spacing(1) }),
  pages: css({ display: 'flex', justifyContent: 'flex-end', marginTop: theme.spacing(1) }),
});
