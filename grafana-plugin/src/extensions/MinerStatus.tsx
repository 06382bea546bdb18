import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { TextLink, useStyles2 } from '@grafana/ui';
import { QueryClientProvider } from '@tanstack/react-query';
import React, { useState } from 'react';
import { ApiErrorAlert } from '../components/ApiErrorAlert';
import { MinerState } from '../components/MinerState';
import { Placeholder } from '../components/Placeholder';
import { minerUrl } from '../constants';
import { formatHashrate, formatMoney, formatRatio } from '../data/format';
import { useRigs } from '../data/queries';
import { createQueryClient } from '../data/queryClient';

export interface MinerStatusProps {
  /** Its name, as in the label `miner`. */
  miner: string;
}

export default function MinerStatus(props: MinerStatusProps) {
  const [client] = useState(createQueryClient);
  return (
    <QueryClientProvider client={client}>
      <Status {...props} />
    </QueryClientProvider>
  );
}

function Status({ miner }: MinerStatusProps) {
  const styles = useStyles2(getStyles);
  const { data, error, isPending } = useRigs();
  if (isPending) {
    return <Placeholder rows={1} label={t('status.loading', 'Reading the miner')} />;
  }
  if (data === undefined) {
    return <ApiErrorAlert failure={error} severity="warning" />;
  }
  const rig = data.find(({ name }) => name === miner);
  return (
    <div className={styles.row}>
      <TextLink href={minerUrl(miner)} inline={false}>
        {miner}
      </TextLink>
      {rig === undefined ? (
        <span>{t('status.unknown', 'There is no miner of this name')}</span>
      ) : (
        <>
          <MinerState rig={rig} />
          <span>{formatHashrate(rig.stale ? undefined : rig.hashrate)}</span>
          <span>{t('status.of-preset', '{{ratio}} of its preset', { ratio: formatRatio(rig.stale ? undefined : rig.hashrateRatio) })}</span>
          <span>{t('status.profit', '{{profit}} a day', { profit: formatMoney(rig.money.profitUsdPerDay), interpolation: { escapeValue: false } })}</span>
        </>
      )}
    </div>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  row: css({ display: 'flex', flexWrap: 'wrap', alignItems: 'baseline', columnGap: theme.spacing(2), rowGap: theme.spacing(0.5) }),
});
