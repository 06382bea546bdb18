import { css } from '@emotion/css';
import { type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { useStyles2 } from '@grafana/ui';
import React, { type ReactNode } from 'react';
import type { Telemetry } from '../../api/types';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { MinerState } from '../../components/MinerState';
import { Placeholder } from '../../components/Placeholder';
import { useNow } from '../../components/useNow';
import {
  formatDuration, formatEfficiency, formatHashrate, formatMoney, formatPower, formatRatio, formatTemperature, secondsSince, unknown,
} from '../../data/format';
import { useTelemetry } from '../../data/queries';

/** What the exporter last read of the miner, a few seconds old; the courses below come from Prometheus. */
export function LiveState({ miner }: { miner: string }) {
  const styles = useStyles2(getStyles);
  const { data, error } = useTelemetry(miner);
  if (!data) {
    return error ? <ApiErrorAlert failure={error} /> : <Placeholder rows={2} label={t('live.reading', 'Reading the miner')} />;
  }
  return (
    <section aria-label={t('live.label', 'Live state')} className={styles.box}>
      {error && <ApiErrorAlert failure={error} severity="warning" />}
      <Facts telemetry={data} />
    </section>
  );
}

function Facts({ telemetry: { rig, uptimeSeconds } }: { telemetry: Telemetry }) {
  const styles = useStyles2(getStyles);
  const now = useNow();
  const age = secondsSince(rig.lastSuccessAt, now);
  const facts: Array<[string, ReactNode]> = [
    [t('live.state', 'State'), <MinerState key="state" rig={rig} />],
    [t('live.hashrate', 'Hashrate'), `${formatHashrate(rig.hashrate)} (${formatRatio(rig.hashrateRatio)})`],
    [t('live.power', 'Power'), formatPower(rig.powerWatts)],
    [t('live.efficiency', 'Efficiency'), formatEfficiency(rig.efficiencyJoulesPerMegahash)],
    [t('live.chip', 'Hottest chip'), formatTemperature(rig.temperature.chipMax)],
    [t('live.preset', 'Preset'), rig.preset ? `${rig.preset.name}${rig.preset.tuned === false ? ` (${t('live.untuned', 'not tuned')})` : ''}` : unknown],
    [t('live.profit', 'Profit per day'), formatMoney(rig.money.profitUsdPerDay)],
    [t('live.boards', 'Boards'), rig.boards ? t('live.of', '{{up}} of {{total}}', { up: rig.boards.up, total: rig.boards.expected }) : unknown],
    [t('live.fans', 'Fans'), rig.fans ? t('live.of', '{{up}} of {{total}}', { up: rig.fans.up, total: rig.fans.total }) : unknown],
    [t('live.model', 'Model'), rig.model],
    [t('live.place', 'Place'), [rig.site, rig.rack, rig.circuit].filter(Boolean).join(' / ')],
    [t('live.address', 'Address'), rig.address],
    [t('live.firmware', 'Firmware'), rig.firmware ? `${rig.firmware.name} ${rig.firmware.version}` : unknown],
    [t('live.uptime', 'Up for'), formatDuration(uptimeSeconds)],
    [t('live.seen', 'Last seen'), age === undefined ? t('table.never', 'Never') : t('table.ago', '{{age}} ago', { age: formatDuration(age) })],
  ];
  return (
    <dl className={styles.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  box: css({
    background: theme.colors.background.primary, border: `1px solid ${theme.colors.border.weak}`, borderRadius: theme.shape.radius.default,
    padding: theme.spacing(2), marginBottom: theme.spacing(2), overflowX: 'auto', flexShrink: 0,
  }),
  facts: css({
    display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(150px, 1fr))', gap: theme.spacing(1.5, 2), margin: 0,
    dt: { ...theme.typography.bodySmall, color: theme.colors.text.secondary, fontWeight: theme.typography.fontWeightRegular },
    dd: { margin: 0, fontWeight: theme.typography.fontWeightMedium, overflowWrap: 'anywhere' },
  }),
});
