import { css } from '@emotion/css';
import { t } from '@grafana/i18n';
import { Button, useStyles2 } from '@grafana/ui';
import React from 'react';
import type { ActionName, Rig } from '../../api/types';
import type { ControlAccess } from '../../data/useControlAccess';
import { actionIcons, actionName } from './actionTexts';

interface RowProps {
  rig: Rig;
  access: ControlAccess;
  onAct: (action: ActionName, miners: string[]) => void;
}

/** A paused or stopped miner offers resume in the place of pause. */
const rowActions = (rig: Rig): ActionName[] => [
  'restart_mining',
  rig.intent === 'stopped' || rig.state === 'stopped' ? 'resume' : 'pause',
  'preset',
  'reboot',
  'locate',
];

export function RowActions({ rig, access, onAct }: RowProps) {
  const styles = useStyles2(getStyles);
  const reason = access.reason ?? (rig.activeJob ? t('row.busy', 'A job is acting on this miner') : undefined);
  return (
    <div className={styles.row}>
      {rowActions(rig).map((action) => (
        <Button
          key={action}
          icon={actionIcons[action]}
          size="sm"
          fill="text"
          variant={action === 'locate' && rig.locateOn ? 'primary' : 'secondary'}
          aria-label={t('row.act', '{{action}}: {{miner}}', { action: actionName(action), miner: rig.name })}
          tooltip={reason ? `${actionName(action)}. ${reason}` : actionName(action)}
          disabled={reason !== undefined}
          onClick={() => onAct(action, [rig.name])}
        />
      ))}
    </div>
  );
}

const bulkActions: ActionName[] = ['restart_mining', 'pause', 'resume', 'preset', 'reboot', 'locate'];

interface BulkProps {
  /** Name of the group of buttons. */
  label?: string;
  miners: string[];
  access: ControlAccess;
  onAct: (action: ActionName, miners: string[]) => void;
}

export function BulkActions({ miners, access, onAct, label = t('bulk.label', 'Act on the chosen miners') }: BulkProps) {
  const styles = useStyles2(getStyles);
  const reason = access.reason ?? (miners.length === 0 ? t('bulk.none', 'Choose miners in the table first') : undefined);
  return (
    <div className={styles.bulk} role="group" aria-label={label}>
      {bulkActions.map((action) => (
        <Button
          key={action}
          size="sm"
          variant="secondary"
          icon={actionIcons[action]}
          disabled={reason !== undefined}
          tooltip={reason}
          onClick={() => onAct(action, miners)}
        >
          {actionName(action)}
        </Button>
      ))}
    </div>
  );
}

const getStyles = () => ({
  row: css({ display: 'flex', alignItems: 'center' }),
  bulk: css({ display: 'flex', flexWrap: 'wrap', gap: 8 }),
});
