import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Alert, EmptyState, useStyles2 } from '@grafana/ui';
import React, { useMemo } from 'react';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { Section } from '../../components/Section';
import { tableStyle } from '../../components/tableStyle';
import { useNow } from '../../components/useNow';
import { formatDuration, formatHashrate, formatRatio, secondsSince, unknown, withSign } from '../../data/format';
import { refreshEvery, usePools, useTelemetry } from '../../data/queries';
import { useInstantSeries } from '../../data/useInstantSeries';
import { gapQueries, gapSeriesNames } from '../../scenes/promQueries';
import { gapCauses, poolGaps, samplesOf, verdictOf, type GapCause, type PoolGap } from './poolGap';

/** What the miner says it did against what the pool saw, and what explains the difference. */
export function PoolTab({ miner, dataSourceUid }: { miner: string; dataSourceUid: string | undefined }) {
  const table = useStyles2(tableStyle);
  const now = useNow(5000);
  const telemetry = useTelemetry(miner);
  const pools = usePools();
  const expressions = useMemo(() => gapQueries(miner), [miner]);
  const { series, error } = useInstantSeries(dataSourceUid, expressions, refreshEvery.pools);
  const gaps = poolGaps(samplesOf(series ?? [], gapSeriesNames));
  const seen = (pools.data ?? []).flatMap((pool) => pool.workers.filter((worker) => worker.miner === miner).map((worker) => ({ pool, worker })));
  const failure = telemetry.error ?? pools.error;
  return (
    <>
      {failure && <ApiErrorAlert failure={failure} severity="warning" />}
      <Section title={t('pool.gap', 'What the pool credits')}>
        {error !== undefined && (
          <Alert severity="warning" title={t('pool.gap-error', 'The gap could not be read from Prometheus')}>
            {error}
          </Alert>
        )}
        {!series && error === undefined && <Placeholder rows={3} label={t('pool.reading', 'Reading what the pool credits')} />}
        {series && gaps.length === 0 && (
          <EmptyState variant="not-found" hideImage message={t('pool.no-gap', 'Not judged yet')}>
            {t('pool.no-gap-why', 'Own work and credited work are compared by the hour; nothing is said before three whole hours of both were read.')}
          </EmptyState>
        )}
        {gaps.map((gap) => (
          <Gap key={gap.pool} gap={gap} />
        ))}
      </Section>
      <Section title={t('pool.seen', 'Seen by the pools')}>
        {!pools.data && !pools.error && <Placeholder rows={2} label={t('pool.reading-pools', 'Reading the pools')} />}
        {pools.data && seen.length === 0 && (
          <EmptyState variant="not-found" hideImage message={t('pool.no-worker', 'No pool shows a worker of this miner')}>
            {t('pool.no-worker-why', 'Workers are matched by name; see pools in fleet.yaml where they are called otherwise.')}
          </EmptyState>
        )}
        {seen.length > 0 && (
          <div className={table.scroll} tabIndex={0} role="region" aria-label={t('pool.seen', 'Seen by the pools')}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">{t('pool.pool', 'Pool')}</th>
                  <th scope="col">{t('pool.worker', 'Worker')}</th>
                  <th scope="col" className={table.numeric}>{t('pool.hashrate', 'Hashrate now')}</th>
                  <th scope="col" className={table.numeric}>{t('pool.hour', 'Last hour')}</th>
                  <th scope="col" className={table.numeric}>{t('pool.day', 'Last day')}</th>
                  <th scope="col" className={table.numeric}>{t('pool.own', 'The miner says')}</th>
                  <th scope="col" className={table.numeric}>{t('pool.last-share', 'Last share')}</th>
                </tr>
              </thead>
              <tbody>
                {seen.map(({ pool, worker }) => (
                  <tr key={`${pool.pool} ${worker.worker}`}>
                    <th scope="row">{pool.pool}</th>
                    <td>{worker.worker}</td>
                    <td className={table.numeric}>{formatHashrate(worker.hashrate)}</td>
                    <td className={table.numeric}>{formatHashrate(worker.hashrateHour)}</td>
                    <td className={table.numeric}>{formatHashrate(worker.hashrateDay)}</td>
                    <td className={table.numeric}>{formatHashrate(telemetry.data?.rig.hashrate)}</td>
                    <td className={table.numeric}>{worker.lastShareAt === undefined ? unknown : t('table.ago', '{{age}} ago', { age: formatDuration(secondsSince(worker.lastShareAt, now)) })}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Section>
      {telemetry.data && telemetry.data.pools.length > 0 && (
        <Section title={t('pool.slots', 'Pools of the miner')}>
          <div className={table.scroll} tabIndex={0} role="region" aria-label={t('pool.slots', 'Pools of the miner')}>
            <table className={table.table}>
              <thead>
                <tr>
                  <th scope="col">{t('pool.slot', 'Slot')}</th>
                  <th scope="col">{t('pool.address', 'Address')}</th>
                  <th scope="col">{t('pool.user', 'User')}</th>
                  <th scope="col">{t('live.board-state', 'State')}</th>
                  <th scope="col" className={table.numeric}>{t('pool.accepted', 'Accepted')}</th>
                  <th scope="col" className={table.numeric}>{t('pool.rejected', 'Rejected')}</th>
                  <th scope="col" className={table.numeric}>{t('pool.stale', 'Stale')}</th>
                  <th scope="col" className={table.numeric}>{t('pool.ping', 'Answer')}</th>
                </tr>
              </thead>
              <tbody>
                {telemetry.data.pools.map((pool) => (
                  <tr key={pool.slot}>
                    <th scope="row">{pool.slot}</th>
                    <td>{pool.url}</td>
                    <td>{pool.user}</td>
                    <td>{pool.status}</td>
                    <td className={table.numeric}>{pool.accepted ?? unknown}</td>
                    <td className={table.numeric}>{pool.rejected ?? unknown}</td>
                    <td className={table.numeric}>{pool.stale ?? unknown}</td>
                    <td className={table.numeric}>{pool.pingSeconds === undefined ? unknown : `${Math.round(pool.pingSeconds * 1000)} ms`}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </Section>
      )}
    </>
  );
}

const causeText = (cause: GapCause): string =>
  ({
    devfee: t('gap.devfee', 'Kept by the firmware for its author'),
    rejected: t('gap.rejected', 'Refused by the pool'),
    stale: t('gap.stale', 'Came too late'),
    unexplained: t('gap.unexplained', 'Not explained'),
  })[cause];

function Gap({ gap }: { gap: PoolGap }) {
  const styles = useStyles2(getStyles);
  const table = useStyles2(tableStyle);
  const verdict = verdictOf(gap);
  const total = gapCauses.reduce((sum, cause) => sum + (gap.parts[cause] ?? 0), 0);
  return (
    <div className={styles.gap}>
      <p className={cx(verdict === 'lost' && table.bad)}>
        {t('gap.total', '{{pool}} credits {{part}} of what the miner says it did, over {{hours}} judged hours of the last day.', { pool: gap.pool, part: formatRatio(1 - total), hours: Math.round(gap.hours ?? 0), interpolation: { escapeValue: false } })}{' '}
        {{
          luck: t('gap.luck', 'What is not explained can be luck alone.'),
          suspicious: t('gap.suspicious', 'Luck alone hardly explains the rest; whether it is a loss shows in the next hours.'),
          lost: t('gap.lost', 'Work is lost: look at the pool’s difficulty, the connection, and whether another worker bears this name.'),
        }[verdict]}
      </p>
      <dl className={styles.parts}>
        {gapCauses.filter((cause) => gap.parts[cause] !== undefined).map((cause) => (
          <div key={cause}>
            <dt>{causeText(cause)}</dt>
            <dd>
              {withSign(gap.parts[cause]!, formatRatio)}
              {cause === 'unexplained' && gap.low !== undefined && gap.high !== undefined && (
                <span className={table.weak}> {t('gap.interval', '(luck leaves {{low}} … {{high}} possible)', { low: withSign(gap.low, formatRatio), high: withSign(gap.high, formatRatio), interpolation: { escapeValue: false } })}</span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  gap: css({ maxWidth: '90ch' }),
  parts: css({
    display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1, 4), margin: 0,
    dt: { ...theme.typography.bodySmall, color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightRegular },
    dd: { margin: 0, fontVariantNumeric: 'tabular-nums', fontWeight: theme.typography.fontWeightMedium },
  }),
});
