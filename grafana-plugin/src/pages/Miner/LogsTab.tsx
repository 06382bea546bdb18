import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, Combobox, EmptyState, FilterInput, InlineSwitch, useStyles2 } from '@grafana/ui';
import React, { useEffect, useRef, useState } from 'react';
import type { LogLine } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { useLog } from '../../data/queries';
import { saveFile } from '../../data/saveFile';
import { useParameters } from '../../data/useParameters';

/** Logs that VNish keeps; an older firmware says itself which it lacks. */
const logTypes = ['status', 'miner', 'autotune', 'pool', 'system', 'messages', 'api'] as const;

const textOf = ({ at, level, text }: LogLine): string => [at, level, text].filter(Boolean).join(' ');

/** One log of the miner, newest line last, as it is read from it. */
export function LogsTab({ miner }: { miner: string }) {
  const styles = useStyles2(getStyles);
  const [parameters, set] = useParameters();
  const type = logTypes.find((one) => one === parameters.get('log')) ?? 'status';
  const search = parameters.get('text') ?? '';
  const [follow, setFollow] = useState(false);
  const { data: lines, error, refetch, isFetching } = useLog(miner, type, follow);
  const shown = (lines ?? []).filter((line) => textOf(line).toLowerCase().includes(search.trim().toLowerCase()));
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (follow && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [follow, lines]);
  return (
    <>
      <div className={styles.bar}>
        <Combobox aria-label={t('logs.type', 'Log')} width={18} value={type as string} options={logTypes.map((one) => ({ label: one, value: one as string }))} onChange={({ value }) => set('log', value === 'status' ? undefined : value)} />
        <FilterInput aria-label={t('logs.search', 'Search the lines')} placeholder={t('logs.search', 'Search the lines')} width={30} value={search} onChange={(value) => set('text', value)} />
        <InlineSwitch label={t('logs.follow', 'Follow')} showLabel value={follow} onChange={(event) => setFollow(event.currentTarget.checked)} id="logs-follow" />
        <Button variant="secondary" icon={isFetching ? 'spinner' : 'sync'} onClick={() => void refetch()}>
          {t('logs.again', 'Read again')}
        </Button>
        <Button variant="secondary" icon="download-alt" disabled={shown.length === 0} onClick={() => saveFile(`${miner}-${type}.log`, `${shown.map(textOf).join('\n')}\n`, 'text/plain')}>
          {t('logs.save', 'Save')}
        </Button>
        <span role="status" className={styles.weak}>
          {lines && t('logs.count', 'Lines: {{shown}} of {{all}}', { shown: shown.length, all: lines.length })}
        </span>
      </div>
      {error && <ApiErrorAlert failure={error} severity={lines ? 'warning' : 'error'} />}
      {!lines && !error && <Placeholder rows={8} label={t('logs.reading', 'Reading the log from the miner')} />}
      {lines && shown.length === 0 && <EmptyState variant="not-found" hideImage message={lines.length === 0 ? t('logs.empty', 'This log is empty') : t('logs.no-match', 'No line has this text')} />}
      {shown.length > 0 && (
        <div ref={box} className={styles.lines} tabIndex={0} role="log" aria-live={follow ? 'polite' : 'off'} aria-label={t('logs.lines', 'Lines of the log')}>
          {shown.map((line, index) => (
            <div key={index} className={styles.line}>
              {line.at !== undefined && <span className={styles.weak}>{dateTimeFormat(line.at)} </span>}
              {line.level !== undefined && <strong className={/err|fatal|crit/i.test(line.level) ? styles.bad : /warn/i.test(line.level) ? styles.warning : undefined}>{line.level} </strong>}
              {line.text}
            </div>
          ))}
        </div>
      )}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  bar: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1), marginBottom: theme.spacing(1) }),
  lines: css({
    fontFamily: theme.typography.fontFamilyMonospace, fontSize: theme.typography.bodySmall.fontSize, background: theme.colors.background.canvas, border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: theme.shape.radius.default, padding: theme.spacing(1), maxHeight: '60vh', overflow: 'auto',
  }),
  line: css({ overflowWrap: 'anywhere', contentVisibility: 'auto' }),
  weak: css({ color: theme.colors.text.secondary }),
  bad: css({ color: theme.colors.error.text }),
  warning: css({ color: theme.colors.warning.text }),
});
