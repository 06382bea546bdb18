import { css } from '@emotion/css';
import { dateTimeFormat, type GrafanaTheme2 } from '@grafana/data';
import { t } from '@grafana/i18n';
import { PluginPage } from '@grafana/runtime';
import { Button, Dropdown, EmptyState, Icon, Menu, RadioButtonGroup, TextLink, useStyles2 } from '@grafana/ui';
import { useMutation } from '@tanstack/react-query';
import React, { useMemo } from 'react';
import { controlClient } from '../../api/controlClient';
import { earningsGroups, type Earnings, type EarningsGroup, type MoneyNow } from '../../api/types';
import { useAppSettings } from '../../components/App/settingsContext';
import { ApiErrorAlert } from '../../components/ApiErrorAlert';
import { Placeholder } from '../../components/Placeholder';
import { SceneBlock } from '../../components/SceneBlock';
import { useNow } from '../../components/useNow';
import { minerUrl } from '../../constants';
import { formatDuration, formatMoney, secondsSince } from '../../data/format';
import { useEarnings } from '../../data/queries';
import { saveFile } from '../../data/saveFile';
import { useParameters } from '../../data/useParameters';
import { moneyScene } from '../../scenes/moneyScene';
import { coinText, greatest, newestFirst, periods, totalOf, type Period } from './earningsRows';

const rowsShown = 200;
const reports = ['day', 'week', 'month'] as const;

const groupName = (group: EarningsGroup): string =>
  ({ fleet: t('earnings.by-fleet', 'Fleet'), pool: t('earnings.by-pool', 'Pool'), site: t('earnings.by-site', 'Site'), miner: t('earnings.by-miner', 'Miner') })[group];
const periodName = (period: Period): string => ({ day: t('earnings.day', 'Day'), month: t('earnings.month', 'Month'), all: t('earnings.all', 'Together') })[period];
const reportName = (period: (typeof reports)[number]): string =>
  ({ day: t('earnings.report-day', 'The last whole day'), week: t('earnings.report-week', 'The last whole week'), month: t('earnings.report-month', 'The last whole month') })[period];

export default function EarningsPage() {
  const styles = useStyles2(getStyles);
  const [parameters, set] = useParameters();
  const by = periods.find((one) => one === parameters.get('by')) ?? 'day';
  const group = earningsGroups.find((one) => one === parameters.get('group')) ?? 'fleet';
  const { data, error } = useEarnings(by, group);
  const download = useMutation({
    mutationFn: (period: (typeof reports)[number]) => controlClient.report(period, 'miners').then((csv) => saveFile(`hashfleet-${period}.csv`, csv)),
  });
  const menu = (
    <Menu>
      {reports.map((period) => (
        <Menu.Item key={period} label={reportName(period)} onClick={() => download.mutate(period)} />
      ))}
    </Menu>
  );
  return (
    <PluginPage
      subTitle={t('earnings.subtitle', 'What the pools credited, in exact amounts, and what the fleet makes now.')}
      actions={
        <Dropdown overlay={menu} placement="bottom-end">
          <Button variant="secondary" icon={download.isPending ? 'spinner' : 'download-alt'} disabled={download.isPending}>
            {t('earnings.report', 'Report as CSV')}
          </Button>
        </Dropdown>
      }
    >
      {(error ?? download.error) && <ApiErrorAlert failure={error ?? download.error} severity={data ? 'warning' : 'error'} />}
      {!data && !error && <Placeholder rows={8} label={t('earnings.reading', 'Reading the ledger')} />}
      {data && (
        <>
          <Now now={data.now.fleet} />
          <MoneyPanels />
          <div className={styles.bar}>
            <RadioButtonGroup aria-label={t('earnings.period', 'Period')} value={by} onChange={(value) => set('by', value === 'day' ? undefined : value)} options={periods.map((value) => ({ value, label: periodName(value) }))} />
            <RadioButtonGroup aria-label={t('earnings.group', 'By')} value={group} onChange={(value) => set('group', value === 'fleet' ? undefined : value)} options={earningsGroups.map((value) => ({ value, label: groupName(value) }))} />
          </div>
          <Credited earnings={data} group={group} />
          <Pools earnings={data} />
        </>
      )}
    </PluginPage>
  );
}

function MoneyPanels() {
  const { dataSourceUid } = useAppSettings();
  const scene = useMemo(() => moneyScene(dataSourceUid), [dataSourceUid]);
  return <SceneBlock scene={scene} />;
}

/** Rates by what miners do now; what is credited comes later. */
function Now({ now }: { now: MoneyNow }) {
  const styles = useStyles2(getStyles);
  const facts: Array<[string, number | undefined]> = [
    [t('earnings.income', 'Income a day'), now.revenueUsdPerDay],
    [t('earnings.power', 'Power cost a day'), now.powerCostUsdPerDay],
    [t('earnings.profit', 'Profit a day'), now.profitUsdPerDay],
  ];
  return (
    <section aria-labelledby="earnings-now">
      <h2 id="earnings-now" className={styles.title}>
        {t('earnings.now', 'At the present rate')}
      </h2>
      <dl className={styles.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt className={styles.weak}>{name}</dt>
            <dd className={styles.figure}>{formatMoney(value)}</dd>
          </div>
        ))}
      </dl>
      {!now.complete && <Lacks lacks={now.lacks} />}
    </section>
  );
}

function Lacks({ lacks }: { lacks: readonly string[] }) {
  const styles = useStyles2(getStyles);
  return (
    <p className={styles.lacks}>
      <Icon name="exclamation-triangle" size="sm" className={styles.warning} /> {t('earnings.lacks', 'Not in it: {{lacks}}', { lacks: lacks.slice(0, 6).join(', '), interpolation: { escapeValue: false } })}
      {lacks.length > 6 && ` ${t('earnings.lacks-more', 'and {{number}} more', { number: lacks.length - 6 })}`}
    </p>
  );
}

function Credited({ earnings, group }: { earnings: Earnings; group: EarningsGroup }) {
  const styles = useStyles2(getStyles);
  const rows = newestFirst(earnings.rows);
  const longest = greatest(rows);
  return (
    <section aria-labelledby="earnings-credited">
      <h2 id="earnings-credited" className={styles.title}>
        {t('earnings.credited', 'Credited by the pools: {{money}}', { money: formatMoney(totalOf(rows)), interpolation: { escapeValue: false } })}
      </h2>
      <p className={styles.weak}>{t('earnings.range', '{{from}} to {{to}}, days of {{zone}}; in dollars at the prices of now', { from: earnings.from, to: earnings.to, zone: earnings.zone, interpolation: { escapeValue: false } })}</p>
      {rows.length === 0 ? (
        <EmptyState variant="not-found" hideImage message={t('earnings.none', 'Nothing was credited yet')}>
          {t('earnings.none-why', 'The ledger begins when the exporter first reads the pool; each amount that the pool credits from then on stands here.')}
        </EmptyState>
      ) : (
        <div className={styles.scroll} tabIndex={0} role="region" aria-label={t('earnings.table', 'Earnings')}>
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{t('earnings.when', 'When')}</th>
                {group !== 'fleet' && <th scope="col">{groupName(group)}</th>}
                <th scope="col">{t('earnings.coins', 'Coins')}</th>
                <th scope="col" className={styles.right}>
                  {t('earnings.usd', 'Worth')}
                </th>
                <th scope="col" className={styles.barCell}>
                  <span className={styles.hidden}>{t('earnings.bar', 'Bar')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, rowsShown).map((row) => (
                <tr key={`${row.period} ${row.name ?? ''}`}>
                  <td className={styles.time}>{row.period}</td>
                  {group !== 'fleet' && <td>{group === 'miner' && row.name !== undefined ? <TextLink href={minerUrl(row.name)}>{row.name}</TextLink> : row.name}</td>}
                  <td className={styles.number}>
                    {row.coins.map(coinText).join(', ')}
                    {!row.complete && <Lacks lacks={row.lacks} />}
                  </td>
                  <td className={styles.right}>{formatMoney(row.usd)}</td>
                  <td className={styles.barCell} aria-hidden>
                    <div className={styles.line} style={{ width: `${longest > 0 ? (100 * Math.max(0, row.usd ?? 0)) / longest : 0}%` }} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > rowsShown && <p className={styles.weak}>{t('earnings.more', '{{number}} more rows are not shown; the report has all.', { number: rows.length - rowsShown })}</p>}
    </section>
  );
}

function Pools({ earnings: { pools, prices } }: { earnings: Earnings }) {
  const styles = useStyles2(getStyles);
  const now = useNow(10_000);
  return (
    <section aria-labelledby="earnings-pools">
      <h2 id="earnings-pools" className={styles.title}>
        {t('earnings.pools', 'Ledgers and prices')}
      </h2>
      <ul className={styles.list}>
        {pools.map(({ pool, openedAt, readAt, coins }) => (
          <li key={pool}>
            <strong>{pool}</strong>: {t('earnings.opened', 'kept since {{since}}, read {{ago}} ago', { since: dateTimeFormat(openedAt), ago: formatDuration(secondsSince(readAt, now)), interpolation: { escapeValue: false } })}
            <ul className={styles.list}>
              {coins.map(({ coin, earned, balance }) => (
                <li key={coin} className={styles.weak}>
                  {t('earnings.earned', '{{earned}} credited', { earned: coinText({ coin, amount: earned }), interpolation: { escapeValue: false } })}
                  {balance !== undefined && `, ${t('earnings.balance', '{{balance}} not paid out yet', { balance: coinText({ coin, amount: balance }), interpolation: { escapeValue: false } })}`}
                </li>
              ))}
            </ul>
          </li>
        ))}
        {prices.map(({ coin, usd, source, at }) => (
          <li key={coin} className={styles.weak}>
            {t('earnings.price', '1 {{coin}} = ${{usd}}', { coin, usd, interpolation: { escapeValue: false } })},{' '}
            {source === 'config'
              ? t('earnings.price-config', 'fixed in fleet.yaml')
              : t('earnings.price-age', 'from {{source}}, {{ago}} old', { source, ago: formatDuration(secondsSince(at, now)), interpolation: { escapeValue: false } })}
          </li>
        ))}
      </ul>
    </section>
  );
}

const getStyles = (theme: GrafanaTheme2) => ({
  title: css({ ...theme.typography.h5, margin: theme.spacing(2, 0, 1) }),
  bar: css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), margin: theme.spacing(2, 0, 0) }),
  facts: css({ display: 'flex', flexWrap: 'wrap', columnGap: theme.spacing(4), rowGap: theme.spacing(1), margin: 0 }),
  figure: css({ ...theme.typography.h3, margin: 0, fontVariantNumeric: 'tabular-nums' }),
  weak: css({ color: theme.colors.text.secondary, margin: 0 }),
  lacks: css({ ...theme.typography.bodySmall, color: theme.colors.text.secondary, margin: theme.spacing(0.5, 0, 0) }),
  warning: css({ color: theme.colors.warning.text }),
  scroll: css({ overflowX: 'auto', marginTop: theme.spacing(1) }),
  table: css({
    width: '100%',
    'th, td': { padding: theme.spacing(0.75, 1), textAlign: 'left', borderBottom: `1px solid ${theme.colors.border.weak}`, verticalAlign: 'top' },
    th: { ...theme.typography.bodySmall, color: theme.colors.text.secondary },
  }),
  number: css({ fontVariantNumeric: 'tabular-nums' }),
  time: css({ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }),
  right: css({ textAlign: 'right !important' as 'right', fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }),
  barCell: css({ width: '30%', minWidth: 80 }),
  line: css({ height: theme.spacing(2), background: theme.visualization.getColorByName('green'), borderRadius: theme.shape.radius.default }),
  hidden: css({ position: 'absolute', width: 1, height: 1, overflow: 'hidden', clipPath: 'inset(50%)' }),
  list: css({ margin: 0, paddingLeft: theme.spacing(2.5) }),
});
