import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { Button, Field, Input, useStyles2 } from '@grafana/ui';
import { useMutation } from '@tanstack/react-query';
import React, { useState, type SyntheticEvent } from 'react';
import { controlClient } from '../../api/controlClient';
import { toApiError } from '../../api/errors';
import type { ControlAccess } from '../../data/useControlAccess';
import { useParameters } from '../../data/useParameters';

interface Props {
  access: ControlAccess;
  onChoose: (miners: string[]) => void;
}

const example = 'state == "mining" && chip_temperature > 80.0';

/** Chooses miners by a CEL expression, which the exporter judges by what it knows of each now. */
export function ExpressionSelection({ access, onChoose }: Props) {
  const styles = useStyles2(getStyles);
  const [parameters, set] = useParameters();
  const asked = parameters.get('expression') ?? undefined;
  const [open, setOpen] = useState(asked !== undefined);
  const [text, setText] = useState(asked ?? '');
  const choose = useMutation({ mutationFn: controlClient.chosenBy, onSuccess: onChoose });
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    set('expression', text.trim());
    choose.mutate(text.trim());
  };
  if (!open) {
    return (
      <Button className={styles.open} size="sm" fill="text" variant="secondary" icon="filter" onClick={() => setOpen(true)}>
        {t('expression.open', 'Choose by an expression')}
      </Button>
    );
  }
  const error = choose.error === null ? undefined : toApiError(choose.error);
  return (
    <form onSubmit={submit} className={styles.form}>
      <Field
        label={t('expression.label', 'Choose the miners that fit')}
        description={t('expression.description', 'In the Common Expression Language, by name, site, rack, circuit, model, state, preset, hashrate, power_watts, chip_temperature, profit_usd_per_day and more.')}
        invalid={error !== undefined}
        error={error && (error.advice || error.title)}
        className={styles.field}
      >
        <Input id="expression" value={text} placeholder={example} spellCheck={false} autoComplete="off" onChange={(event) => setText(event.currentTarget.value)} />
      </Field>
      <Button type="submit" variant="secondary" icon={choose.isPending ? 'spinner' : 'check'} disabled={!access.canAct || text.trim() === '' || choose.isPending} tooltip={access.reason}>
        {t('expression.choose', 'Choose')}
      </Button>
      <Button
        type="button"
        variant="secondary"
        fill="text"
        onClick={() => {
          set('expression', undefined);
          setOpen(false);
        }}
      >
        {t('expression.close', 'Close')}
      </Button>
    </form>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  open: css({ alignSelf: 'flex-start', marginBottom: theme.spacing(1) }),
  form: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'flex-end', gap: theme.spacing(1), marginBottom: theme.spacing(1) }),
  field: css({ flex: '1 1 320px', maxWidth: 720, marginBottom: 0 }),
});
