import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Badge, Button, EmptyState, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { ActionParameters, Interval } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { Section } from '../../components/Section';
import { tableStyle } from '../../components/tableStyle';
import { formatDuration, formatEfficiency, formatHashrate, formatMoney, formatPower, formatTemperature, unknown, withSign } from '../../data/format';
import { useCurve } from '../../data/queries';
import type { ControlAccess } from '../../data/useControlAccess';
import { ProfitCurve } from './ProfitCurve';
import { presetRows, type PresetRow } from './presetRows';

interface Props {
  miner: string;
  access: ControlAccess;
  onChange: (parameters: ActionParameters) => void;
}

/** What each preset would draw, hash and earn, with the one in force and the best one marked. */
export function PresetsTab({ miner, access, onChange }: Props) {
  const styles = useStyles2(getStyles);
  const table = useStyles2(tableStyle);
  const { data: curve, error } = useCurve(miner);
  if (!curve) {
    return error ? <ApiErrorAlert failure={error} /> : <Placeholder rows={6} label={t('presets.reading', 'Reading the presets')} />;
  }
  const rows = presetRows(curve);
  if (rows.length === 0) {
    return <EmptyState variant="not-found" hideImage message={t('presets.none', 'The miner tells of no presets')} />;
  }
  const columns = [
    t('presets.power', 'Power'), t('presets.hashrate', 'Hashrate'), t('presets.efficiency', 'Efficiency'), t('presets.chip', 'Hottest chip'), t('presets.profit', 'Profit a day'),
    t('presets.gain', 'Against now'), t('presets.breakeven', 'Breaks even at'), t('presets.step', 'Worth the step below'),
  ];
  return (
    <Section title={t('presets.title', 'What each preset would bring')}>
      {error && <ApiErrorAlert failure={error} severity="warning" />}
      <p className={table.weak}>
        {curve.modelHours > 0
          ? t('presets.model', 'Expected of this miner, learned from {{hours}} of its own and its siblings’ readings; in brackets what 8 of 10 times is between.', { hours: formatDuration(curve.modelHours * 3600), interpolation: { escapeValue: false } })
          : t('presets.no-model', 'From what the firmware promises: nothing was learned of this miner yet.')}
      </p>
      <ProfitCurve rows={rows} />
      <div className={table.scroll} tabIndex={0} role="region" aria-label={t('presets.title', 'What each preset would bring')}>
        <table className={table.table}>
          <thead>
            <tr>
              <th scope="col">{t('presets.preset', 'Preset')}</th>
              {columns.map((column) => (
                <th key={column} scope="col" className={table.numeric}>
                  {column}
                </th>
              ))}
              <th scope="col">
                <span className="sr-only">{t('presets.change', 'Change')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.preset} className={cx(row.isCurrent && styles.current)}>
                <th scope="row">
                  {row.preset} <Marks row={row} />
                </th>
                <td className={table.numeric}>{formatPower(row.powerWatts.value)}</td>
                <td className={table.numeric}>{formatHashrate(row.hashrate.value)}</td>
                <td className={table.numeric}>{formatEfficiency(row.efficiencyJoulesPerMegahash)}</td>
                <td className={table.numeric}>{formatTemperature(row.chipTemperature?.value)}</td>
                <td className={table.numeric}>
                  {formatMoney(row.profitUsdPerDay?.value)} <Band of={row.profitUsdPerDay} />
                </td>
                <td className={cx(table.numeric, (row.gainUsdPerDay ?? 0) > 0 && table.good)}>{row.gainUsdPerDay === undefined ? unknown : withSign(row.gainUsdPerDay, formatMoney)}</td>
                <td className={table.numeric}>{perKilowattHour(row.breakevenUsdPerKilowattHour)}</td>
                <td className={table.numeric}>{row.stepBreakevenUsdPerKilowattHour === undefined ? unknown : t('presets.up-to', 'up to {{price}}', { price: perKilowattHour(row.stepBreakevenUsdPerKilowattHour), interpolation: { escapeValue: false } })}</td>
                <td>
                  {!row.isCurrent && (
                    <Button
                      size="sm"
                      variant="secondary"
                      disabled={!access.canAct}
                      tooltip={access.reason}
                      aria-label={t('presets.use-label', 'Use preset {{preset}}', { preset: row.preset })}
                      onClick={() => onChange({ preset: row.preset, ...(row.tuned ? {} : { allowUntuned: true }) })}
                    >
                      {t('presets.use', 'Use')}
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className={table.weak}>
        {t('presets.explained', '“Breaks even at”: the power price at which it would earn nothing. “Worth the step below”: the price up to which it earns more than the preset with less power.')}
      </p>
    </Section>
  );
}

/** Why it may not run so, as the exporter's rules name it. */
const obstacleName = (obstacle: string): string =>
  (({
    temperature: t('obstacle.temperature', 'Too hot'),
    power_supply: t('obstacle.power-supply', 'Beyond its power supply'),
    errors: t('obstacle.errors', 'Too many errors'),
    fan: t('obstacle.fan', 'A fan is lost'),
    untuned: t('preset.untuned', 'Not tuned'),
    range: t('obstacle.range', 'Outside of the range set for advice'),
    unknown: t('obstacle.unknown', 'Too little known'),
  }) as Record<string, string>)[obstacle] ?? obstacle.replaceAll('_', ' ');

const perKilowattHour = (usd: number | undefined): string => (usd === undefined ? unknown : `$${usd.toFixed(3)}/kWh`);

function Band({ of }: { of: Interval | undefined }) {
  const styles = useStyles2(tableStyle);
  return of === undefined ? null : (
    <span className={styles.weak}>
      ({formatMoney(of.low)} … {formatMoney(of.high)})
    </span>
  );
}

function Marks({ row }: { row: PresetRow }) {
  return (
    <>
      {row.isCurrent && <Badge color="blue" text={t('preset.current', 'Now in use')} />} {row.isBest && !row.isCurrent && <Badge color="green" icon="check" text={t('presets.best', 'Earns most')} />}{' '}
      {!row.tuned && row.obstacle !== 'untuned' && <Badge color="darkgrey" text={t('preset.untuned', 'Not tuned')} />} {row.obstacle !== undefined && <Badge color="orange" icon="exclamation-triangle" text={obstacleName(row.obstacle)} />}
    </>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({ current: css({ background: theme.colors.background.secondary }) });
