/** "What is this miner doing, and why?" */
import { labelValues } from '../../exporter/src/metrics/catalogue.ts';
import { dashboard } from './dashboard.ts';
import * as limits from './limits.ts';
import { graph, stat, table, timeline } from './panels.ts';
import { line, miners, now, rows } from './queries.ts';

const of = (metric: string, more = '') => `${metric}{${more}${more && ','}${miners}}`;
const states = `state=~"${labelValues.state.join('|')}"`;

export const miner = () => dashboard({
  uid: 'hashfleet-miner',
  title: 'Hashfleet / Miner',
  description: 'What a miner does, and why. Pick one or a few miners above.',
  from: 'now-3h',
  beginsWith: 'one',
  sections: [
    {
      panels: [
        stat({ title: 'State', description: 'State as the firmware reports it.', unit: 'none', width: 3, height: 4, show: 'name', byMiner: true, queries: [now(`${of('miner_state', states)} == 1`, '{{miner}} {{state}}')] }),
        stat({ title: 'Hashrate', description: 'Hashrate now, as the firmware reports it.', unit: 'Hs', width: 3, height: 4, byMiner: true, queries: [now(of('miner_hashrate_hashes_per_second'), '{{miner}}')] }),
        stat({ title: 'Of promise', description: 'Average hashrate against what the preset promises; in manual mode against the theory at the present clock.', unit: 'percentunit', width: 3, height: 4, decimals: 1, byMiner: true, steps: limits.hashrateRatio, queries: [now(of('miner:miner_hashrate:ratio'), '{{miner}}')] }),
        stat({ title: 'Power', description: 'Power now, as the miner reports it; miner_power_measured says whether it measures or estimates.', unit: 'watt', width: 3, height: 4, byMiner: true, queries: [now(of('miner_power_watts'), '{{miner}}')] }),
        stat({ title: 'Efficiency', description: 'Energy for a million hashes; less is better.', unit: 'suffix: J/MH', width: 3, height: 4, decimals: 3, byMiner: true, queries: [now(of('miner_efficiency_joules_per_megahash'), '{{miner}}')] }),
        stat({ title: 'Chip max', description: 'The firmware stops mining at 90 °C.', unit: 'celsius', width: 3, height: 4, byMiner: true, steps: limits.chipTemperature, queries: [now(of('miner_temperature_celsius', 'sensor="chip",stat="max"'), '{{miner}}')] }),
        stat({ title: 'Profit / day', description: 'Income after the pool\'s fee less power with cooling.', unit: 'currencyUSD', width: 3, height: 4, decimals: 2, byMiner: true, steps: limits.profit, noData: 'no price', queries: [now(of('miner_profit_usd_per_day'), '{{miner}}')] }),
        stat({ title: 'Data age', description: 'Time since the last successful poll.', unit: 's', width: 3, height: 4, byMiner: true, steps: limits.age, queries: [now(`time() - ${of('miner_last_success_timestamp_seconds')}`, '{{miner}}')] }),
      ],
    },
    {
      title: 'Work',
      panels: [
        graph({ title: 'Hashrate over time', description: 'Now, over the firmware\'s longer window, in theory at the present clock, and what the preset promises.', unit: 'Hs', width: 12, height: 8, min: 0, byMiner: true, queries: [line(of('miner_hashrate_hashes_per_second'), '{{miner}} now'), line(of('miner_hashrate_average_hashes_per_second'), '{{miner}} average'), line(of('miner_hashrate_nominal_hashes_per_second'), '{{miner}} nominal'), line(of('miner_preset_hashrate_hashes_per_second'), '{{miner}} promised')] }),
        timeline({ title: 'State over time', description: 'In which state the miner was when.', unit: 'none', width: 12, height: 8, queries: [line(`${of('miner_state', states)} > 0`, '{{miner}} {{state}}')], mappings: [{ type: 'value' as never, options: { 1: { text: 'yes', color: 'green', index: 0 } } }] }),
        graph({ title: 'Hashrate by board', description: 'Hashrate of each board.', unit: 'Hs', width: 8, height: 8, min: 0, queries: [line(of('miner_board_hashrate_hashes_per_second'), '{{miner}} board {{board}}')] }),
        graph({ title: 'Boards against each other', description: 'Hashrate of a board relative to the mean of its siblings; a board below the line is weak.', unit: 'percentunit', width: 8, height: 8, steps: limits.boardDeviation, queries: [line(of('miner_board_deviation_ratio'), '{{miner}} board {{board}}')] }),
        graph({ title: 'Shares', description: 'Shares a second by what the pool did with them.', unit: 'cps', width: 8, height: 8, min: 0, queries: [line(`rate(${of('miner_shares_total')}[$__rate_interval])`, '{{miner}} {{result}}')] }),
      ],
    },
    {
      title: 'Board by board',
      panels: [
        table({
          title: 'Boards', description: 'Every board now.', width: 24, height: 7,
          queries: [rows(of('miner_board_up')), rows(of('miner_board_hashrate_hashes_per_second')), rows(of('miner_board_deviation_ratio')), rows(of('miner_board_power_watts')), rows(`max by (miner, site, model, board) (${of('miner_board_temperature_celsius', 'sensor="chip",stat="max"')})`), rows(`sum by (miner, site, model, board) (${of('miner_board_chips', 'grade="orange"')})`), rows(`sum by (miner, site, model, board) (${of('miner_board_chips', 'grade="red"')})`)],
          columns: [
            { field: 'miner', title: 'Miner' }, { field: 'board', title: 'Board' },
            { field: 'Value #A', title: 'Works', unit: 'bool_yes_no', steps: limits.all },
            { field: 'Value #B', title: 'Hashrate', unit: 'Hs' },
            { field: 'Value #C', title: 'Against siblings', unit: 'percentunit', decimals: 1, steps: limits.boardDeviation },
            { field: 'Value #D', title: 'Power', unit: 'watt' },
            { field: 'Value #E', title: 'Hottest chip', unit: 'celsius', steps: limits.chipTemperature },
            { field: 'Value #F', title: 'Orange chips', unit: 'none' },
            { field: 'Value #G', title: 'Red chips', unit: 'none', steps: limits.none },
          ],
        }),
        graph({ title: 'Chips by grade', description: 'Chips that the firmware grades orange (weak) or red (bad).', unit: 'none', width: 8, height: 7, min: 0, queries: [line(of('miner_board_chips', 'grade=~"orange|red"'), '{{miner}} board {{board}} {{grade}}')] }),
        graph({ title: 'Hardware errors', description: 'Errors a second that the firmware counts on each board.', unit: 'cps', width: 8, height: 7, min: 0, queries: [line(`rate(${of('miner_board_hardware_errors_total')}[$__rate_interval])`, '{{miner}} board {{board}}')] }),
        graph({ title: 'Clock', description: 'Clock of each board.', unit: 'hertz', width: 4, height: 7, queries: [line(of('miner_board_frequency_hertz'), '{{miner}} board {{board}}')] }),
        graph({ title: 'Voltage', description: 'Voltage of each board.', unit: 'volt', width: 4, height: 7, queries: [line(of('miner_board_voltage_volts'), '{{miner}} board {{board}}')] }),
      ],
    },
    {
      title: 'Heat and power',
      panels: [
        graph({ title: 'Temperatures', description: 'Coolest and hottest sensor of boards and chips. The coolest follows the air that comes in.', unit: 'celsius', width: 8, height: 8, steps: limits.chipTemperature, queries: [line(of('miner_temperature_celsius'), '{{miner}} {{sensor}} {{stat}}')] }),
        graph({ title: 'Temperature by board', description: 'Hottest board sensor of each board.', unit: 'celsius', width: 8, height: 8, steps: limits.boardTemperature, queries: [line(of('miner_board_temperature_celsius', 'sensor="pcb",stat="max"'), '{{miner}} board {{board}}')] }),
        graph({ title: 'Fans', description: 'Speed of each fan.', unit: 'rotrpm', width: 8, height: 8, min: 0, queries: [line(of('miner_fan_speed_rpm'), '{{miner}} fan {{fan}}')] }),
        graph({ title: 'Fan duty', description: 'Duty that the firmware asks of the fans; full duty leaves no reserve.', unit: 'percentunit', width: 8, height: 7, min: 0, max: 1, queries: [line(of('miner_fan_duty_ratio'), '{{miner}}')] }),
        graph({ title: 'Power over time', description: 'Power and what the preset promises.', unit: 'watt', width: 8, height: 7, min: 0, queries: [line(of('miner_power_watts'), '{{miner}}'), line(of('miner_preset_power_watts'), '{{miner}} promised')] }),
        graph({ title: 'Power supply', description: 'Temperature inside the power supply, where it reports one.', unit: 'celsius', width: 8, height: 7, noData: 'The power supply reports no temperature', queries: [line(of('miner_psu_temperature_celsius'), '{{miner}} {{sensor}}')] }),
      ],
    },
    {
      title: 'Pools and money',
      panels: [
        table({ title: 'Pools', description: 'Pool slots of the miner. A URL or user that is not yours is an alarm.', width: 8, height: 8, queries: [rows(of('miner_pool_info'))], columns: [{ field: 'miner', title: 'Miner' }, { field: 'slot', title: 'Slot' }, { field: 'url', title: 'URL' }, { field: 'user', title: 'User' }, { field: 'status', title: 'Status' }] }),
        graph({ title: 'What the pool sees', description: 'Hashrate that the pool credits to the worker of the miner. The firmware\'s fee (3 to 4 %) and luck lie below what the miner reports.', unit: 'Hs', width: 8, height: 8, min: 0, noData: 'No pool knows this miner', queries: [line('pool_worker_hashrate_hashes_per_second{miner=~"$miner"}', '{{pool}} sees {{miner}}'), line(of('miner_hashrate_average_hashes_per_second'), '{{miner}} reports')] }),
        graph({ title: 'Money', description: 'A day at the present price and hashrate.', unit: 'currencyUSD', width: 8, height: 8, noData: 'No price known', queries: [line(of('miner_revenue_usd_per_day'), '{{miner}} revenue ({{basis}})'), line(of('miner_power_cost_usd_per_day'), '{{miner}} power'), line(of('miner_profit_usd_per_day'), '{{miner}} profit')] }),
        graph({ title: 'Way to the pool', description: 'Round trip to the active pool.', unit: 's', width: 12, height: 6, min: 0, noData: 'The firmware reports no round trip', queries: [line(of('miner_pool_ping_seconds'), '{{miner}}')] }),
        graph({ title: 'Firmware\'s fee', description: 'Part of the hashrate that the firmware keeps for its maker.', unit: 'percentunit', width: 12, height: 6, min: 0, queries: [line(of('miner_devfee_ratio'), '{{miner}}')] }),
      ],
    },
    {
      title: 'Identity and polls',
      collapsed: true,
      panels: [
        table({ title: 'Identity', description: 'Who the miner is.', width: 12, height: 6, queries: [rows(of('miner_info'))], columns: ['miner', 'site', 'model', 'rack', 'circuit', 'address', 'mac', 'firmware', 'firmware_version'].map((field) => ({ field, title: field.replace('_', ' ') })) }),
        table({ title: 'Preset', description: 'Power profile in use; with the switcher on, the firmware changes it by heat.', width: 12, height: 6, noData: 'No preset: manual mode, or not readable', queries: [rows(of('miner_preset_info'))], columns: ['miner', 'preset', 'tuned', 'switcher'].map((field) => ({ field, title: field })) }),
        graph({ title: 'Poll failures', description: 'Failed polls within ten minutes, by reason.', unit: 'none', width: 12, height: 7, min: 0, noData: 'No poll has failed', queries: [line(`increase(${of('miner_poll_failures_total')}[10m])`, '{{miner}} {{reason}}')] }),
        graph({ title: 'Poll duration', description: 'How long the last poll took.', unit: 's', width: 12, height: 7, min: 0, queries: [line(of('miner_poll_duration_seconds'), '{{miner}}')] }),
      ],
    },
  ],
});
