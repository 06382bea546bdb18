/** "How is the fleet doing, and which miners need me?" */
import { dashboard } from './dashboard.ts';
import * as limits from './limits.ts';
import { graph, heatmap, stat, table, type Column } from './panels.ts';
import { line, miners, now, rows, sites, spread, sumOfSites } from './queries.ts';

const hashrate = sumOfSites('miner_hashrate_hashes_per_second');
const power = sumOfSites('miner_power_watts');
const promised = sumOfSites('miner_preset_hashrate_hashes_per_second');
const wanted = 'and on (miner) miner_intent{intent="mine"} == 1';
/** The miner, where it stands, and what is wrong with it: three columns that a narrow panel can hold. */
const worst = (value: Omit<Column, 'field'>): Column[] => [{ field: 'miner', title: 'Miner' }, { field: 'site', title: 'Site' }, { field: 'Value', ...value }];
const ofSites = 'All miners of the chosen sites; model and miner are not applied.';

export const fleet = () => dashboard({
  uid: 'hashfleet-fleet',
  title: 'Hashfleet / Fleet',
  description: 'How the fleet is doing, and which miners need attention.',
  from: 'now-6h',
  sections: [
    {
      panels: [
        stat({ title: 'Hashrate', description: `What the miners do now. ${ofSites}`, unit: 'Hs', width: 3, height: 4, queries: [now(hashrate)] }),
        stat({ title: 'Of promise', description: `Hashrate against what the presets of the miners promise that are meant to mine, dead ones included. ${ofSites}`, unit: 'percentunit', width: 3, height: 4, decimals: 1, steps: limits.hashrateRatio, queries: [now(`${hashrate} / ${promised}`)] }),
        stat({ title: 'Power', description: `Drawn now, as the miners report it, without cooling. ${ofSites}`, unit: 'watt', width: 3, height: 4, queries: [now(power)] }),
        stat({ title: 'Efficiency', description: `Energy for a million hashes, idle miners included; less is better. ${ofSites}`, unit: 'suffix: J/MH', width: 3, height: 4, decimals: 3, queries: [now(`${power} / (${hashrate} / 1e6)`)] }),
        stat({ title: 'Miners up', description: `Miners whose last poll succeeded, and miners in the configuration. ${ofSites}`, unit: 'none', width: 3, height: 4, show: 'both', queries: [now(`sum(site:miner_up:sum{${sites}})`, 'up'), now(`sum(site:miner_up:count{${sites}})`, 'expected')] }),
        stat({ title: 'Firing', description: 'Alerts that fire now, without the Watchdog; those that others explain are counted too.', unit: 'none', width: 3, height: 4, steps: limits.none, queries: [now(`count(ALERTS{alertstate="firing",alertname!="Watchdog",site=~"$site|"}) or vector(0)`)] }),
        stat({ title: 'Profit / day', description: `Income after the pool's fee less power with cooling, if price and hashrate stay. ${ofSites}`, unit: 'currencyUSD', width: 3, height: 4, decimals: 2, steps: limits.profit, noData: 'no price', queries: [now(sumOfSites('miner_profit_usd_per_day'))] }),
        stat({ title: 'Data age', description: 'Age of the oldest reading among the chosen miners that answer.', unit: 's', width: 3, height: 4, steps: limits.age, queries: [now(`max(time() - (miner_last_success_timestamp_seconds{${miners}} and on (miner) miner_up == 1))`)] }),
      ],
    },
    {
      title: 'Trend',
      panels: [
        graph({ title: 'Hashrate against promise', description: `What is done, what the clock allows in theory, and what the presets promise. ${ofSites}`, unit: 'Hs', width: 10, height: 8, min: 0, promised: ['promised', 'nominal'], queries: [line(hashrate, 'now'), line(sumOfSites('miner_hashrate_nominal_hashes_per_second'), 'nominal'), line(promised, 'promised')] }),
        graph({ title: 'Power by site', description: 'Drawn by the miners, without cooling.', unit: 'watt', width: 7, height: 8, min: 0, stacked: true, queries: [line(`site:miner_power_watts:sum{${sites}}`, '{{site}}')] }),
        graph({ title: 'Efficiency by site', description: 'Over the last hour, from energy and hashes integrated by the exporter; less is better.', unit: 'suffix: J/MH', width: 7, height: 8, queries: [line(`site:miner_efficiency_joules_per_megahash:rate1h{${sites}}`, '{{site}}')] }),
      ],
    },
    {
      title: 'Worst first',
      panels: [
        table({ title: 'Furthest below their promise', description: 'The ten miners with the least part of their preset\'s hashrate, among those that are meant to mine.', width: 8, height: 9, queries: [rows(`bottomk(10, miner:miner_hashrate:ratio{${miners}} ${wanted})`)], columns: worst({ title: 'Of promise', unit: 'percentunit', decimals: 1, steps: limits.hashrateRatio }) }),
        table({ title: 'Hottest chips', description: 'The ten miners with the hottest chip sensor.', width: 8, height: 9, queries: [rows(`topk(10, max by (miner, site, model) (miner_temperature_celsius{sensor="chip",stat="max",${miners}}))`)], columns: worst({ title: 'Chip', unit: 'celsius', steps: limits.chipTemperature }) }),
        table({ title: 'Most refused shares', description: 'The ten miners with the largest part of shares rejected or stale over half an hour.', width: 8, height: 9, queries: [rows(`topk(10, miner:miner_shares_refused:ratio_rate30m{${miners}})`)], columns: worst({ title: 'Refused', unit: 'percentunit', decimals: 2, steps: limits.refusedShares }) }),
        table({ title: 'Out of reach', description: 'Miners whose last poll failed, and when they last answered.', width: 8, height: 8, noData: 'All miners answer', queries: [rows(`topk(10, time() - (miner_last_success_timestamp_seconds{${miners}} and on (miner) miner_up == 0))`)], columns: worst({ title: 'Silent for', unit: 's', steps: limits.age }) }),
        table({ title: 'Furthest in the red', description: 'The ten miners with the least profit a day.', width: 8, height: 8, noData: 'No price known', queries: [rows(`bottomk(10, miner_profit_usd_per_day{${miners}})`)], columns: worst({ title: 'Profit a day', unit: 'currencyUSD', decimals: 2, steps: limits.profit }) }),
        table({ title: 'Alerts', description: 'All that fire now; each alert has a page in docs/runbooks.', width: 8, height: 8, noData: 'Nothing fires', queries: [rows('ALERTS{alertstate="firing",alertname!="Watchdog",site=~"$site|",miner=~"$miner|"}')], columns: [{ field: 'alertname', title: 'Alert', width: 170 }, { field: 'severity', title: 'Severity' }, { field: 'miner', title: 'Miner' }, { field: 'board', title: 'Board' }] }),
      ],
    },
    {
      title: 'Spread',
      panels: [
        heatmap({ title: 'Chip temperature', description: 'How the hottest chips of the miners are spread.', unit: 'celsius', width: 8, height: 8, queries: [spread(`max by (miner) (miner_temperature_celsius{sensor="chip",stat="max",${miners}})`)] }),
        graph({ title: 'Efficiency by model', description: 'Median and worst tenth of the miners of a model; less is better.', unit: 'suffix: J/MH', width: 8, height: 8, queries: [line(`quantile by (model) (0.5, miner_efficiency_joules_per_megahash{${miners}})`, '{{model}} median'), line(`quantile by (model) (0.9, miner_efficiency_joules_per_megahash{${miners}})`, '{{model}} worst tenth')] }),
        graph({ title: 'States', description: `How many miners are in which state. ${ofSites}`, unit: 'none', width: 8, height: 8, min: 0, stacked: true, queries: [line(`sum by (state) (site:miner_state:sum{${sites}}) > 0`, '{{state}}')] }),
      ],
    },
    {
      title: 'Pools and money',
      panels: [
        graph({ title: 'Pool against miners', description: 'What the pools credit and what the miners report, for all miners. The firmware\'s fee (3 to 4 %) and luck lie between.', unit: 'Hs', width: 8, height: 8, min: 0, promised: ['miners report'], queries: [line('sum by (pool) (pool_worker_hashrate_hashes_per_second)', '{{pool}} sees'), line('fleet:miner_hashrate_hashes_per_second:sum', 'miners report')] }),
        graph({ title: 'Money a day', description: `At the present price and hashrate. ${ofSites}`, unit: 'currencyUSD', width: 8, height: 8, noData: 'No price known', queries: [line(`sum by (basis) (site:miner_revenue_usd_per_day:sum{${sites}})`, 'revenue ({{basis}})'), line(sumOfSites('miner_power_cost_usd_per_day'), 'power'), line(sumOfSites('miner_profit_usd_per_day'), 'profit')] }),
        graph({ title: 'Income of 1 MH/s a day', description: 'As the pool estimates it, before fees.', unit: 'currencyUSD', width: 8, height: 8, decimals: 6, noData: 'No pool gives a price', queries: [line('pool_price_usd_per_megahash_day', '{{pool}}')] }),
        graph({ title: 'Gain by advice', description: 'What following the present advice would add to the profit of the chosen miners a day.', unit: 'currencyUSD', width: 24, height: 6, noData: 'No advice now', queries: [line(`sum by (kind) (miner_advice_gain_usd_per_day{${miners}})`, '{{kind}}')] }),
        table({ title: 'Pools', description: 'Whether each pool\'s API can be read, when it last was, and how many workers it sees.', width: 12, height: 6, noData: 'No pool configured', queries: [rows('pool_up'), rows('pool_last_success_timestamp_seconds * 1000'), rows('pool_workers')], columns: [{ field: 'pool', title: 'Pool' }, { field: 'Value #A', title: 'Read', unit: 'bool_yes_no', steps: limits.all }, { field: 'Value #B', title: 'Last read', unit: 'dateTimeFromNow' }, { field: 'Value #C', title: 'Workers' }] }),
        table({ title: 'Balances', description: 'In coins, as the pools show them.', width: 12, height: 6, noData: 'No balance known', queries: [rows('pool_balance')], columns: [{ field: 'pool', title: 'Pool' }, { field: 'coin', title: 'Coin' }, { field: 'Value', title: 'Balance', decimals: 8 }] }),
      ],
    },
    {
      title: 'Exporter',
      collapsed: true,
      panels: [
        stat({ title: 'Scraped', description: 'Exporters that Prometheus reaches.', unit: 'bool_yes_no', width: 4, height: 4, steps: limits.all, show: 'both', queries: [now('up{job="hashfleet"}', '{{instance}}')] }),
        stat({ title: 'Configuration', description: 'Whether the last load of fleet.yaml succeeded.', unit: 'bool_yes_no', width: 4, height: 4, steps: limits.all, queries: [now('hashfleet_config_reload_success')] }),
        stat({ title: 'Control', description: 'Whether actions on miners are switched on.', unit: 'bool_yes_no', width: 4, height: 4, queries: [now('hashfleet_control_enabled')] }),
        stat({ title: 'Miners configured', description: 'Miners in fleet.yaml.', unit: 'none', width: 4, height: 4, queries: [now('hashfleet_miners_configured')] }),
        stat({ title: 'Version', description: 'Version of the exporter.', unit: 'none', width: 8, height: 4, show: 'name', queries: [now('hashfleet_build_info', '{{version}} on Node {{node_version}}')] }),
        graph({ title: 'Poll failures by reason', description: 'Failed polls a second.', unit: 'cps', width: 8, height: 7, min: 0, noData: 'No poll has failed yet', queries: [line(`sum by (reason) (rate(miner_poll_failures_total{${miners}}[$__rate_interval]))`, '{{reason}}')] }),
        graph({ title: 'Poll lag', description: 'How late the latest poll began.', unit: 's', width: 8, height: 7, min: 0, steps: limits.pollLag, queries: [line('hashfleet_poll_lag_seconds', '{{instance}}')] }),
        graph({ title: 'Polls under way', description: 'Polls under way, and polls a second left out because the one before was not done.', unit: 'none', width: 8, height: 7, min: 0, queries: [line('hashfleet_polls_in_flight', 'under way'), line('rate(hashfleet_polls_skipped_total[$__rate_interval])', 'left out a second')] }),
        graph({ title: 'Replies that did not fit', description: 'Fields a second that were missing, null or of the wrong type where a value is expected.', unit: 'cps', width: 8, height: 7, min: 0, noData: 'All fields fit', queries: [line('sum by (source, field) (rate(hashfleet_schema_mismatches_total[$__rate_interval])) > 0', '{{source}} {{field}}')] }),
        graph({ title: 'Actions by outcome', description: 'Actions within ten minutes.', unit: 'none', width: 8, height: 7, min: 0, noData: 'No action yet', queries: [line('sum by (action, outcome) (increase(hashfleet_actions_total[10m]))', '{{action}} {{outcome}}')] }),
        graph({ title: 'Slowest polls', description: 'The five miners that took longest to answer.', unit: 's', width: 8, height: 7, min: 0, queries: [line(`topk(5, miner_poll_duration_seconds{${miners}})`, '{{miner}}')] }),
      ],
    },
  ],
});
