import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Alert, Badge, Checkbox, useStyles2 } from '@grafana/ui';
import { useQueries } from '@tanstack/react-query';
import React from 'react';
import { controlClient } from '../../api/controlClient';
import type { ActionParameters } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { formatHashrate, formatPower } from '../../data/format';
import { queryKeys } from '../../data/queries';
import { commonPresets, type PresetChoice } from './commonPresets';

interface Props {
  miners: string[];
  value: ActionParameters;
  onChange: (value: ActionParameters) => void;
}

/** Presets are read from the miners themselves; a farm of thousands is asked by a sample. */
const mostMinersAsked = 20;

export function PresetPicker({ miners, value, onChange }: Props) {
  const styles = useStyles2(getStyles);
  const asked = miners.slice(0, mostMinersAsked);
  const lists = useQueries({
    queries: asked.map((miner) => ({ queryKey: queryKeys.presets(miner), queryFn: () => controlClient.presets(miner), staleTime: 60_000 })),
  });
  const failed = lists.find((list) => list.error);
  if (failed?.error) {
    return <ApiErrorAlert failure={failed.error} />;
  }
  if (lists.some((list) => list.data === undefined)) {
    return <Placeholder rows={4} label={t('preset.reading', 'Reading the presets from the miners')} />;
  }
  const choices = commonPresets(lists.flatMap((list) => (list.data ? [list.data] : [])));
  if (choices.length === 0) {
    return (
      <Alert severity="info" title={t('preset.none', 'No preset in common')}>
        {t('preset.none-advice', 'The chosen miners have no preset that all of them know. Choose miners of one model.')}
      </Alert>
    );
  }
  const chosen = choices.find((choice) => choice.name === value.preset);
  return (
    <div>
      <fieldset className={styles.list}>
        <legend className={styles.legend}>
          {miners.length === 1 ? t('preset.of-one', 'Presets of {{miner}}', { miner: miners[0] }) : t('preset.common', 'Presets that all chosen miners have')}
        </legend>
        {choices.map((choice) => (
          <label key={choice.name} className={styles.choice}>
            <input type="radio" name="preset" checked={choice.name === value.preset} onChange={() => onChange({ preset: choice.name })} />
            <span className={styles.name}>{choice.label}</span>
            <span className={styles.number}>{formatPower(choice.powerWatts)}</span>
            <span className={styles.number}>{formatHashrate(choice.hashrate)}</span>
            <span className={styles.badges}>
              <Tuned choice={choice} of={asked.length} />
              {choice.currentOn > 0 && (
                <Badge
                  color="blue"
                  text={asked.length === 1 ? t('preset.current', 'Now in use') : t('preset.current-on', 'In use on {{count}}', { count: choice.currentOn })}
                />
              )}
              {choice.needsModifiedPsu && <Badge color="orange" icon="exclamation-triangle" text={t('preset.psu', 'Needs a modified power supply')} />}
            </span>
          </label>
        ))}
      </fieldset>
      {miners.length > asked.length && (
        <p className={styles.note}>
          {t('preset.sample', 'Read from the first {{count}} of the chosen miners; the plan checks every one.', { count: asked.length })}
        </p>
      )}
      {chosen && !chosen.tuned && (
        <Alert severity="warning" title={t('preset.untuned-title', 'This preset is not tuned')}>
          <Checkbox
            label={t('preset.untuned-accept', 'Start it anyway; the firmware tunes it first, which can take hours at a lower hashrate')}
            value={value.allowUntuned ?? false}
            onChange={(event) => onChange({ ...value, allowUntuned: event.currentTarget.checked })}
          />
        </Alert>
      )}
    </div>
  );
}

/** An untuned preset has to be agreed to before it can be planned. */
export const isPresetChosen = (value: ActionParameters): boolean => value.preset !== undefined;

function Tuned({ choice, of }: { choice: PresetChoice; of: number }) {
  if (choice.tuned) {
    return <Badge color="green" icon="check" text={t('preset.tuned', 'Tuned')} />;
  }
  return (
    <Badge
      color="darkgrey"
      text={of === 1 || choice.tunedOn === 0 ? t('preset.untuned', 'Not tuned') : t('preset.tuned-on', 'Tuned on {{count}} of {{of}}', { count: choice.tunedOn, of })}
    />
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  list: css({ border: 0, margin: 0, padding: 0, maxHeight: 320, overflow: 'auto' }),
  legend: css({ ...theme.typography.body, fontWeight: theme.typography.fontWeightMedium, marginBottom: theme.spacing(1) }),
  choice: css({
    display: 'grid', gridTemplateColumns: 'auto minmax(120px, 1fr) 80px 90px 180px', gap: theme.spacing(1), alignItems: 'center',
    padding: theme.spacing(0.75, 1), margin: 0, cursor: 'pointer', borderRadius: theme.shape.radius.default,
    '&:hover': { background: theme.colors.action.hover },
  }),
  name: css({ fontWeight: theme.typography.fontWeightMedium }),
  number: css({ textAlign: 'right', fontVariantNumeric: 'tabular-nums', color: theme.colors.text.secondary }),
  badges: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(0.5) }),
  note: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, margin: theme.spacing(1, 0) }),
});
