import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { InlineSwitch, useStyles2 } from '@grafana/ui';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import React from 'react';
import { controlClient } from '../../api/controlClient';
import type { MinerReason, Schedule } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Section } from '../../components/Section';
import { tableStyle } from '../../components/tableStyle';
import { formatPower } from '../../data/format';
import { queryKeys, useSchedules } from '../../data/queries';
import type { ControlAccess } from '../../data/useControlAccess';
import { countMiners } from './actionTexts';

/** Schedules as they stand: what they want, what they took, what holds them back; with a switch for each. */
export function Schedules({ access }: { access: ControlAccess }) {
  const styles = useStyles2(getStyles);
  const client = useQueryClient();
  const { data, error } = useSchedules();
  const change = useMutation({
    mutationFn: ({ name, on }: { name: string; on: boolean }) => controlClient.switchSchedule(name, on),
    onSettled: () => void client.invalidateQueries({ queryKey: queryKeys.schedules }),
  });
  const failure = change.error ?? error;
  return (
    <Section title={t('schedules.title', 'Schedules')}>
      {failure && <ApiErrorAlert failure={failure} severity="warning" />}
      {data?.length === 0 && <p className={styles.weak}>{t('schedules.none', 'None. Schedules pause miners, change presets or limit power by the clock or the price of power; they are written in fleet.yaml under "schedules".', { interpolation: { escapeValue: false } })}</p>}
      {data && data.length > 0 && (
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('schedules.title', 'Schedules')}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t('schedules.name', 'Schedule')}</th>
                <th scope="col">{t('schedules.does', 'Does')}</th>
                <th scope="col">{t('schedules.state', 'Now')}</th>
                <th scope="col">{t('schedules.next', 'Next change')}</th>
                <th scope="col">{t('schedules.troubles', 'What holds it back')}</th>
                <th scope="col">{t('schedules.on', 'On')}</th>
              </tr>
            </thead>
            <tbody>
              {data.map((one) => (
                <tr key={one.schedule.name}>
                  <th scope="row">
                    {one.schedule.name}
                    {one.schedule.description !== undefined && <div className={styles.weak}>{one.schedule.description}</div>}
                  </th>
                  <td>{doesWhat(one)}</td>
                  <td>{standing(one)}</td>
                  <td className={styles.time}>{one.nextChange === undefined ? '–' : dateTimeFormat(one.nextChange)}</td>
                  <td>
                    <Troubles of={one} />
                  </td>
                  <td>
                    <InlineSwitch
                      id={`schedule-${one.schedule.name}`}
                      aria-label={t('schedules.switch', 'Schedule {{name}}', { name: one.schedule.name })}
                      transparent
                      value={one.enabled}
                      disabled={!access.canAct || change.isPending}
                      onChange={(event) => change.mutate({ name: one.schedule.name, on: event.currentTarget.checked })}
                    />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Section>
  );
}

function doesWhat({ schedule }: Schedule): string {
  const { stop, resume, preset, throttle, limit_kilowatts: limit } = schedule.do;
  return [
    stop === true && t('schedules.stop', 'pauses'),
    resume === true && t('schedules.resume', 'resumes'),
    preset !== undefined && t('schedules.preset', 'preset {{preset}}', { preset: String(preset) }),
    throttle !== undefined && t('schedules.throttle', 'throttles to {{percent}} %', { percent: String(throttle) }),
    typeof limit === 'number' && t('schedules.limit', 'limits to {{power}}', { power: formatPower(limit * 1000) }),
    schedule.do.circuits_kilowatts !== undefined && t('schedules.circuits', 'limits circuits'),
  ].filter(Boolean).join(', ');
}

function standing({ enabled, activeSince, members, taken, switchedBy }: Schedule): string {
  if (!enabled) {
    return switchedBy === undefined ? t('schedules.off', 'Switched off') : t('schedules.off-by', 'Switched off by {{actor}}', { actor: switchedBy });
  }
  return activeSince === undefined
    ? t('schedules.idle', 'Waits; for {{miners}}', { miners: countMiners(members) })
    : t('schedules.active', 'Active: {{taken}} of {{miners}}', { taken: taken.length, miners: countMiners(members) });
}

function Troubles({ of: { waiting, failed, suspended, held, problems, limit } }: { of: Schedule }) {
  const styles = useStyles2(getStyles);
  const named = (list: MinerReason[]): string[] => list.slice(0, 3).map(({ miner, reason }) => `${miner}: ${reason}`);
  const more = [failed, waiting, suspended, held].reduce((sum, list) => sum + Math.max(0, list.length - 3), 0);
  const lines = [...problems, ...(limit && !limit.fits ? [t('schedules.no-fit', 'Even at the least the limit is not kept')] : []), ...named(failed), ...named(waiting), ...named(suspended), ...named(held)];
  return lines.length === 0 ? null : (
    <ul className={styles.list}>
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
      {more > 0 && <li>{t('schedules.more', 'and {{count}} more', { count: more })}</li>}
    </ul>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({ ...tableStyle(theme), list: css({ margin: 0, paddingLeft: theme.spacing(2), maxWidth: '50ch' }) });
