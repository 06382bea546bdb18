import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Badge, Button, Icon, TextLink, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Interval, Recommendation } from '../../api/types';
import { minerUrl } from '../../constants';
import { formatHashrate, formatMoney, formatPower, withSign } from '../../data/format';
import type { ControlAccess } from '../../data/useControlAccess';
import { actionOf, isOpen, kindIcons, kindName, statusName } from './adviceList';

interface Props {
  advice: Recommendation;
  access: ControlAccess;
  /** Something of it is being sent. */
  busy: boolean;
  onSend: (advice: Recommendation, what: 'apply' | 'rollback') => void;
  onDecide: (advice: Recommendation, decision: 'approve' | 'reject') => void;
}

/** One piece of advice: what to do, what it brings, how sure that is, and why; with what can be done about it. */
export function AdviceCard({ advice, access, busy, onSend, onDecide }: Props) {
  const styles = useStyles2(getStyles);
  const { id, miner, from, to, kind, urgent, evidence, expected, probability, alternatives } = advice;
  const disabled = busy || !access.canAct;
  const about = miner ?? t('advice.fleet', 'the fleet');
  const waits = advice.approval !== undefined;
  return (
    <article className={styles.card} aria-labelledby={`advice-${id}`}>
      <div className={styles.head}>
        <Icon name={kindIcons[kind]} />
        <h2 id={`advice-${id}`} className={styles.title}>
          {kindName(kind)}
          {miner !== undefined && (
            <>
              {': '}
              <TextLink href={minerUrl(miner)}>{miner}</TextLink>
            </>
          )}
        </h2>
        {from !== undefined && to !== undefined && (
          <span className={styles.change}>
            {from} <Icon name="arrow-right" size="sm" aria-label={t('advice.to', 'to')} /> {to}
          </span>
        )}
        {urgent && <Badge color="red" icon="exclamation-triangle" text={t('advice.urgent', 'For safety')} />}
        {!isOpen(advice) && <Badge color={advice.status === 'applied' ? 'green' : 'darkgrey'} text={statusName(advice.status)} />}
        {advice.status === 'approved' && <Badge color="blue" icon="check" text={statusName('approved')} />}
        {waits && <Badge color="orange" icon="user" text={t('advice.waits', 'Waits for a second person')} />}
      </div>
      {expected && (
        <dl className={styles.figures}>
          {expected.usdPerDay && <Figure label={t('advice.gain', 'Gain a day')} interval={expected.usdPerDay} format={formatMoney} good={expected.usdPerDay.value > 0} />}
          <Figure label={t('advice.power', 'Power')} interval={expected.powerWatts} format={formatPower} />
          <Figure label={t('advice.hashrate', 'Hashrate')} interval={expected.hashrate} format={formatHashrate} />
          {probability !== undefined && (
            <div>
              <dt>{t('advice.probability', 'Likely to gain')}</dt>
              <dd>{probability > 0.99 ? '> 99 %' : probability < 0.01 ? '< 1 %' : `${Math.round(probability * 100)} %`}</dd>
            </div>
          )}
        </dl>
      )}
      <p className={styles.text}>{evidence}</p>
      {alternatives.length > 0 && (
        <p className={styles.weak}>
          {t('advice.alternatives', 'Instead: {{list}}', { list: alternatives.map((one) => `${one.to} (${withSign(one.usdPerDay, formatMoney)})`).join(', ') })}
        </p>
      )}
      <History advice={advice} />
      <div className={styles.buttons}>
        {isOpen(advice) && !waits && actionOf(advice, 'apply') !== undefined && (kind !== 'explore' || advice.status === 'approved') && (
          <Button size="sm" icon="play" disabled={disabled} tooltip={access.reason} onClick={() => onSend(advice, 'apply')} aria-label={t('advice.apply-label', 'Apply to {{miner}}', { miner: about })}>
            {t('advice.apply', 'Apply')}
          </Button>
        )}
        {advice.status === 'open' && !waits && actionOf(advice, 'apply') !== undefined && (
          <Button size="sm" variant="secondary" icon="check" disabled={disabled} tooltip={access.reason} onClick={() => onDecide(advice, 'approve')} aria-label={t('advice.approve-label', 'Approve for {{miner}}', { miner: about })}>
            {t('advice.approve', 'Approve')}
          </Button>
        )}
        {isOpen(advice) && !waits && (
          <Button size="sm" variant="secondary" fill="outline" icon="times" disabled={disabled} tooltip={access.reason} onClick={() => onDecide(advice, 'reject')} aria-label={t('advice.reject-label', 'Reject for {{miner}}', { miner: about })}>
            {t('advice.reject', 'Reject')}
          </Button>
        )}
        {advice.status === 'applied' && !waits && actionOf(advice, 'rollback') !== undefined && (
          <Button size="sm" variant="secondary" icon="history" disabled={disabled} tooltip={access.reason} onClick={() => onSend(advice, 'rollback')} aria-label={t('advice.rollback-label', 'Take back on {{miner}}', { miner: about })}>
            {t('advice.rollback', 'Take back')}
          </Button>
        )}
      </div>
    </article>
  );
}

function Figure({ label, interval, format, good }: { label: string; interval: Interval; format: (value: number) => string; good?: boolean }) {
  const styles = useStyles2(getStyles);
  return (
    <div>
      <dt>{label}</dt>
      <dd className={good ? styles.good : undefined}>
        {withSign(interval.value, format)} <span className={styles.band}>({withSign(interval.low, format)} … {withSign(interval.high, format)})</span>
      </dd>
    </div>
  );
}

/** Who decided, what came of it, and why it was not done. */
function History({ advice: { decidedBy, decidedAt, appliedAt, outcome, result, status } }: { advice: Recommendation }) {
  const styles = useStyles2(getStyles);
  const said = [
    decidedBy === undefined || decidedAt === undefined ? undefined : `${statusName(status)}: ${decidedBy}, ${dateTimeFormat(decidedAt)}`,
    result,
    outcome === undefined
      ? appliedAt !== undefined && status === 'applied' ? t('advice.judged-later', 'A day after it was applied it is judged by what it brought.') : undefined
      : !outcome.inPlace ? t('advice.not-in-place', 'A day later it was not in place any more.')
      : outcome.usdPerDay === undefined ? t('advice.in-place', 'A day later it was in place.')
      : t('advice.brought', 'A day later it brings {{usd}} a day.', { usd: withSign(outcome.usdPerDay, formatMoney) }),
  ].filter((one) => one !== undefined);
  return said.length === 0 ? null : <p className={styles.weak}>{said.join(' ')}</p>;
}

const getStyles = (theme: GrafanaTheme2) => ({
  card: css({ background: theme.colors.background.secondary, borderRadius: theme.shape.radius.default, padding: theme.spacing(2), display: 'grid', gap: theme.spacing(1) }),
  head: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: theme.spacing(1) }),
  title: css({ ...theme.typography.h5, margin: 0 }),
  change: css({ fontVariantNumeric: 'tabular-nums', color: theme.colors.text.secondary }),
  figures: css({
    display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1, 4), margin: 0,
    dt: { ...theme.typography.bodySmall, color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightRegular },
    dd: { margin: 0, fontVariantNumeric: 'tabular-nums', fontWeight: theme.typography.fontWeightMedium },
  }),
  good: css({ color: theme.colors.success.text }),
  band: css({ color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightRegular }),
  text: css({ margin: 0, maxWidth: '90ch' }),
  weak: css({ ...theme.typography.bodySmall, margin: 0, color: theme.colors.text.secondary }),
  buttons: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1) }),
});
