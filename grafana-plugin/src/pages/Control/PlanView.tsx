import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Icon, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Plan } from '../../api/types';
import { formatDuration, formatHashrate, formatMoney, formatPower, withSign } from '../../data/format';
import { countMiners } from './actionTexts';

/** What the exporter says it will do: per miner the changes and warnings, who is left out and why, and the lasting effect. */
export function PlanView({ plan }: { plan: Plan }) {
  const styles = useStyles2(getStyles);
  const { powerWatts, hashrate } = plan.effect;
  return (
    <div className={styles.plan}>
      <dl className={styles.facts}>
        <div>
          <dt>{t('plan.targets', 'Will act on')}</dt>
          <dd>{countMiners(plan.targets.length)}</dd>
        </div>
        {powerWatts !== undefined && powerWatts !== 0 && (
          <div>
            <dt>{t('plan.power', 'Power')}</dt>
            <dd>{withSign(powerWatts, formatPower)}</dd>
          </div>
        )}
        {hashrate !== undefined && hashrate !== 0 && (
          <div>
            <dt>{t('plan.hashrate', 'Hashrate')}</dt>
            <dd>{withSign(hashrate, formatHashrate)}</dd>
          </div>
        )}
        {plan.effect.usdPerDay !== undefined && (
          <div>
            <dt>{t('plan.profit', 'Profit a day')}</dt>
            <dd>{withSign(plan.effect.usdPerDay, formatMoney)}</dd>
          </div>
        )}
        <div>
          <dt>{t('plan.duration', 'Outcome known in about')}</dt>
          <dd>{formatDuration(plan.expectedSeconds)}</dd>
        </div>
      </dl>
      {(plan.circuits ?? []).length > 0 && (
        <ul className={styles.rails} aria-label={t('plan.circuits', 'Power by circuit')}>
          {plan.circuits?.map((circuit) => {
            const over = circuit.mayDrawWatts !== undefined && circuit.afterWatts > circuit.mayDrawWatts;
            return (
              <li key={`${circuit.site} ${circuit.circuit}`} className={over ? styles.warning : undefined}>
                <Icon name={over ? 'exclamation-triangle' : 'bolt'} size="sm" /> {circuitText(circuit)}
              </li>
            );
          })}
        </ul>
      )}
      {(plan.rails ?? []).length > 0 && (
        <ul className={styles.rails} aria-label={t('plan.rails', 'What holds it back')}>
          {plan.rails?.map(({ rail, effect, detail }) => (
            <li key={`${rail}${detail}`} className={effect === 'refuses' ? styles.warning : undefined}>
              <Icon name={effect === 'refuses' ? 'exclamation-triangle' : 'info-circle'} size="sm" /> {detail}
            </li>
          ))}
        </ul>
      )}
      {plan.targets.length > 0 && (
        // Scrollable regions are reachable by keyboard.
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('plan.changes', 'Planned changes')}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t('plan.miner', 'Miner')}</th>
                <th scope="col">{t('plan.change', 'What changes')}</th>
              </tr>
            </thead>
            <tbody>
              {plan.targets.map((target) => (
                <tr key={target.miner}>
                  <th scope="row">{target.miner}</th>
                  <td>
                    {target.changes.map((change) => (
                      <div key={change.field}>
                        {change.field.replaceAll('_', ' ')}: {change.from !== undefined && <>{change.from} → </>}
                        <strong>{change.to}</strong>
                      </div>
                    ))}
                    {target.warning && (
                      <div className={styles.warning}>
                        <Icon name="exclamation-triangle" size="sm" /> {target.warning}
                      </div>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {plan.skipped.length > 0 && (
        <div>
          <h3 className={styles.heading}>{t('plan.skipped', 'Left out: {{miners}}', { miners: countMiners(plan.skipped.length) })}</h3>
          <ul className={styles.skipped}>
            {plan.skipped.map((skipped) => (
              <li key={skipped.miner}>
                <strong>{skipped.miner}</strong>: {skipped.reason}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function circuitText({ site, circuit, powerWatts, afterWatts, mayDrawWatts, unread }: NonNullable<Plan['circuits']>[number]): string {
  const told = { circuit, site, now: formatPower(powerWatts), after: formatPower(afterWatts), interpolation: { escapeValue: false } };
  const draw = t('plan.circuit', 'Circuit {{circuit}} of {{site}}: {{now}} now, {{after}} after', told);
  const room =
    mayDrawWatts === undefined ? t('plan.circuit-no-limit', 'no breaker is set for it (circuits in fleet.yaml)')
    : afterWatts > mayDrawWatts ? t('plan.circuit-over', 'more than the {{limit}} that it may draw for hours', { limit: formatPower(mayDrawWatts), interpolation: { escapeValue: false } })
    : t('plan.circuit-fits', 'of {{limit}} that it may draw for hours', { limit: formatPower(mayDrawWatts), interpolation: { escapeValue: false } });
  return [draw, room, ...(unread > 0 ? [t('plan.circuit-unread', '{{count}} of its miners not read now', { count: unread })] : [])].join(', ');
}

const getStyles = (theme: GrafanaTheme2) => ({
  rails: css({ margin: 0, padding: 0, listStyle: 'none' }),
  plan: css({ display: 'grid', gap: theme.spacing(2) }),
  facts: css({
    display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1, 4), margin: 0,
    dt: { ...theme.typography.bodySmall, color: theme.colors.text.secondary },
    dd: { margin: 0, fontWeight: theme.typography.fontWeightMedium },
  }),
  scroll: css({ maxHeight: 260, overflow: 'auto', border: `1px solid ${theme.colors.border.weak}`, borderRadius: theme.shape.radius.default }),
  table: css({
    width: '100%',
    'th, td': { padding: theme.spacing(0.75, 1), textAlign: 'left', verticalAlign: 'top', borderBottom: `1px solid ${theme.colors.border.weak}` },
    'thead th': { ...theme.typography.bodySmall, color: theme.colors.text.secondary },
    'tbody th': { fontWeight: theme.typography.fontWeightMedium },
  }),
  warning: css({ color: theme.colors.warning.text, display: 'flex', gap: theme.spacing(0.5), alignItems: 'center' }),
  heading: css({ ...theme.typography.h6, margin: 0 }),
  skipped: css({ margin: theme.spacing(0.5, 0, 0, 2), maxHeight: 140, overflow: 'auto' }),
});
