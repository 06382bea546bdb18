import { css, cx } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Badge, Checkbox, Icon, TextLink, Tooltip, useStyles2 } from '@grafana/ui';
import React, { type ReactNode } from 'react';
import type { ActionName, Rig } from '../../api/types';
import { MinerState } from '../../components/MinerState';
import { minerUrl } from '../../constants';
import {
  formatDuration, formatEfficiency, formatHashrate, formatMoney, formatPower, formatRatio, formatTemperature, secondsSince, unknown,
} from '../../data/format';
import type { ControlAccess } from '../../data/useControlAccess';
import { RowActions } from './ActionButtons';
import type { SortKey, TableView } from './minerTable';

interface Column {
  key: SortKey;
  title: string;
  numeric?: boolean;
  cell: (rig: Rig, now: number) => ReactNode;
}

const columns = (): Column[] => [
  { key: 'name', title: t('table.name', 'Miner'), cell: (rig) => <TextLink href={minerUrl(rig.name)} inline={false}>{rig.name}</TextLink> },
  { key: 'model', title: t('table.model', 'Model'), cell: (rig) => rig.model },
  { key: 'site', title: t('table.site', 'Site / rack'), cell: (rig) => [rig.site, rig.rack].filter(Boolean).join(' / ') },
  { key: 'state', title: t('table.state', 'State'), cell: (rig) => <MinerState rig={rig} /> },
  { key: 'hashrate', title: t('table.hashrate', 'Hashrate'), numeric: true, cell: (rig) => formatHashrate(rig.hashrate) },
  { key: 'ratio', title: t('table.ratio', '% of preset'), numeric: true, cell: (rig) => formatRatio(rig.hashrateRatio) },
  { key: 'power', title: t('table.power', 'Power'), numeric: true, cell: (rig) => formatPower(rig.powerWatts) },
  { key: 'efficiency', title: t('table.efficiency', 'Efficiency'), numeric: true, cell: (rig) => formatEfficiency(rig.efficiencyJoulesPerMegahash) },
  { key: 'temperature', title: t('table.temperature', 'Chip max'), numeric: true, cell: (rig) => formatTemperature(rig.temperature.chipMax) },
  { key: 'preset', title: t('table.preset', 'Preset'), cell: (rig) => <PresetCell preset={rig.preset} /> },
  { key: 'profit', title: t('table.profit', 'Profit / day'), numeric: true, cell: (rig) => formatMoney(rig.money.profitUsdPerDay) },
  {
    key: 'seen',
    title: t('table.seen', 'Last seen'),
    numeric: true,
    cell: (rig, now) => {
      const age = secondsSince(rig.lastSuccessAt, now);
      return age === undefined ? t('table.never', 'Never') : t('table.ago', '{{age}} ago', { age: formatDuration(age) });
    },
  },
];

function PresetCell({ preset }: { preset: Rig['preset'] }) {
  if (!preset) {
    return <>{unknown}</>;
  }
  return (
    <>
      {preset.name}
      {preset.tuned === false && (
        <>
          {' '}
          <Badge color="darkgrey" text={t('preset.untuned', 'Not tuned')} />
        </>
      )}
    </>
  );
}

interface Props {
  /** Rows of this page, filtered and sorted. */
  rigs: Rig[];
  /** All rows that pass the filter: what "select all" chooses. */
  selectable: string[];
  selected: ReadonlySet<string>;
  view: Pick<TableView, 'sort' | 'descending'>;
  access: ControlAccess;
  now: number;
  onSort: (sort: SortKey, descending: boolean) => void;
  onSelect: (miners: string[], on: boolean) => void;
  onAct: (action: ActionName, miners: string[]) => void;
}

export function MinerTable({ rigs, selectable, selected, view, access, now, onSort, onSelect, onAct }: Props) {
  const styles = useStyles2(getStyles);
  const chosen = selectable.filter((miner) => selected.has(miner)).length;
  return (
    // Scrollable regions are reachable by keyboard.
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('table.label', 'Miners')}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col" className={styles.check}>
              <Checkbox
                aria-label={t('table.select-all', 'Choose all {{count}} miners of this view', { count: selectable.length })}
                value={chosen > 0 && chosen === selectable.length}
                indeterminate={chosen > 0 && chosen < selectable.length}
                onChange={(event) => onSelect(selectable, event.currentTarget.checked)}
              />
            </th>
            {columns().map((column) => {
              const active = view.sort === column.key;
              return (
                <th
                  key={column.key}
                  scope="col"
                  aria-sort={active ? (view.descending ? 'descending' : 'ascending') : undefined}
                  className={cx(column.numeric && styles.numeric)}
                >
                  <button type="button" className={styles.sort} onClick={() => onSort(column.key, active ? !view.descending : false)}>
                    {column.title}
                    {active && <Icon name={view.descending ? 'arrow-down' : 'arrow-up'} size="sm" />}
                  </button>
                </th>
              );
            })}
            <th scope="col" className={styles.title}>
              {t('table.actions', 'Actions')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rigs.map((rig) => (
            <tr key={rig.name} className={cx(selected.has(rig.name) && styles.selected)}>
              <td className={styles.check}>
                <Checkbox
                  aria-label={t('table.select', 'Choose {{miner}}', { miner: rig.name })}
                  value={selected.has(rig.name)}
                  onChange={(event) => onSelect([rig.name], event.currentTarget.checked)}
                />
              </td>
              {columns().map((column) =>
                column.key === 'name' ? (
                  <th key={column.key} scope="row" className={styles.name}>
                    {column.cell(rig, now)}
                    {rig.activeJob && (
                      <Tooltip content={t('row.busy', 'A job is acting on this miner')}>
                        <Icon name="sync" size="sm" />
                      </Tooltip>
                    )}
                  </th>
                ) : (
                  <td key={column.key} className={cx(column.numeric && styles.numeric)}>
                    {column.cell(rig, now)}
                  </td>
                )
              )}
              <td>
                <RowActions rig={rig} access={access} onAct={onAct} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  scroll: css({ overflowX: 'auto', flexShrink: 0, background: theme.colors.background.primary, border: `1px solid ${theme.colors.border.weak}`, borderRadius: theme.shape.radius.default }),
  table: css({
    width: '100%',
    'th, td': { padding: theme.spacing(0.75, 1), borderBottom: `1px solid ${theme.colors.border.weak}`, verticalAlign: 'middle', whiteSpace: 'nowrap' },
    'tbody tr:hover': { background: theme.colors.background.secondary },
  }),
  check: css({ width: 32 }),
  numeric: css({ textAlign: 'right', fontVariantNumeric: 'tabular-nums' }),
  name: css({ fontWeight: theme.typography.fontWeightMedium, '& > *': { marginRight: theme.spacing(0.5) } }),
  sort: css({
    ...theme.typography.bodySmall, background: 'none', border: 0, padding: 0, color: theme.colors.text.secondary, display: 'inline-flex', alignItems: 'center',
    fontWeight: theme.typography.fontWeightMedium, '&:hover': { color: theme.colors.text.primary },
  }),
  title: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightMedium }),
  selected: css({ background: theme.colors.background.secondary, boxShadow: `inset 3px 0 0 ${theme.colors.primary.border}` }),
});
