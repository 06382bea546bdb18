import { cx } from '@emotion/css';
import { t } from '@grafana/i18n';
import { Icon, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { Board } from '../../api/types';
import { tableStyle } from '../../components/tableStyle';
import { formatHashrate, formatRatio, formatTemperature, unknown, withSign } from '../../data/format';

/** A board more than 10 % below its siblings is worth a look. */
const noticeableDeviation = -0.1;

export function BoardTable({ boards }: { boards: Board[] }) {
  const styles = useStyles2(tableStyle);
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('live.boards-table', 'Boards, as last read')}>
      <table className={styles.table}>
        <caption className={styles.caption}>{t('live.boards-table', 'Boards, as last read')}</caption>
        <thead>
          <tr>
            {[
              t('live.board', 'Board'), t('live.board-state', 'State'), t('live.hashrate', 'Hashrate'), t('live.deviation', 'Against its siblings'),
              t('live.chip', 'Hottest chip'), t('live.frequency', 'Clock'), t('live.voltage', 'Voltage'), t('live.errors', 'Hardware errors'), t('live.chips', 'Chips ok / weak / bad'),
            ].map((title, index) => (
              <th key={title} scope="col" className={cx(index > 1 && styles.numeric)}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {boards.map((board) => (
            <tr key={board.board}>
              <th scope="row">{board.board}</th>
              <td className={cx(board.up ? styles.good : styles.bad)}>
                <Icon name={board.up ? 'check-circle' : 'exclamation-triangle'} size="sm" /> {board.state ?? (board.up ? t('live.board-up', 'up') : t('live.board-down', 'down'))}
                {board.detail && <span className={styles.weak}> {board.detail}</span>}
              </td>
              <td className={styles.numeric}>{formatHashrate(board.hashrate)}</td>
              <td className={cx(styles.numeric, (board.deviationRatio ?? 0) < noticeableDeviation && styles.bad)}>
                {board.deviationRatio === undefined ? unknown : withSign(board.deviationRatio, formatRatio)}
              </td>
              <td className={styles.numeric}>{formatTemperature(board.temperature.chipMax)}</td>
              <td className={styles.numeric}>{board.frequencyHertz === undefined ? unknown : `${Math.round(board.frequencyHertz / 1e6)} MHz`}</td>
              <td className={styles.numeric}>{board.voltageVolts === undefined ? unknown : `${board.voltageVolts.toFixed(2)} V`}</td>
              <td className={styles.numeric}>{board.hardwareErrors ?? unknown}</td>
              <td className={styles.numeric}>{board.chips ? `${board.chips.grey} / ${board.chips.orange} / ${board.chips.red}` : unknown}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
