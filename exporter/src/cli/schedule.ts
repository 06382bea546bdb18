/** `hashfleet schedule`: wishes that hold at certain times or prices. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { scheduleSchema } from '../config/schema.ts';
import { HashfleetError, messageOf } from '../errors.ts';
import { Schedule, Schedules, ScheduleStatus, Simulation } from '../http/schedule-schemas.ts';
import { apiOf, withApi, type ApiFlags } from './api.ts';
import { attentionExit } from './exit.ts';
import { tableText, wantsColour, type Column } from './table.ts';

type Status = z.output<typeof ScheduleStatus>;

interface Flags extends ApiFlags { readonly json?: true; readonly from?: string; readonly to?: string }

const at = (name: string) => `/schedules/${encodeURIComponent(name)}`;

export function addSchedule(program: Command): void {
  const schedule = program.command('schedule').description('schedules: stop, preset, throttle or a limit in kW by time or price');
  withApi(schedule.command('list', { isDefault: true }).description('print what each wants now, what it took and what holds it back'), 'read')
    .option('--json', 'as the API tells them')
    .action(async (flags: Flags) => {
      const { schedules } = await apiOf(flags).ask('/schedules', Schedules);
      print(flags, schedules, () => (schedules.length === 0 ? 'No schedule; "hashfleet schedule add FILE" adds one.' : tableText(schedules, columns, { colour: wantsColour() })));
      if (schedules.some(({ failed }) => failed.length > 0)) process.exitCode = attentionExit;
    });
  withApi(schedule.command('show').argument('<name>').description('print one with the miners that it took, left alone or could not get'), 'read')
    .option('--json', 'as the API tells it')
    .action(async (name: string, flags: Flags) => {
      const status = await apiOf(flags).ask(at(name), ScheduleStatus);
      print(flags, status, () => statusText(status));
    });
  withApi(schedule.command('simulate').argument('<file>', 'one schedule as in fleet.yaml, YAML or JSON').description('print what it would do, hour by hour, and save nothing'), 'operate')
    .option('--from <time>', 'now when absent')
    .option('--to <time>', 'a week later when absent')
    .option('--json', 'as the API tells it')
    .action(async (file: string, { from, to, ...flags }: Flags) => {
      const found = await apiOf(flags).ask('/schedules/simulate', Simulation, { method: 'POST', json: { schedule: readSchedule(file), ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) } });
      print(flags, found, () => simulationText(found));
    });
  withApi(schedule.command('add').argument('<file>', 'one schedule as in fleet.yaml, YAML or JSON').description('add it; try it out with "simulate" first'), 'admin')
    .action(async (file: string, flags: Flags) => console.log(summaryOf(await apiOf(flags).ask('/schedules', ScheduleStatus, { method: 'POST', json: readSchedule(file) }))));
  withApi(schedule.command('change').argument('<file>', 'one schedule as in fleet.yaml, YAML or JSON').description('put it in the place of the one with its name'), 'admin')
    .action(async (file: string, flags: Flags) => {
      const entry = readSchedule(file);
      console.log(summaryOf(await apiOf(flags).ask(at(entry.name), ScheduleStatus, { method: 'PUT', json: entry })));
    });
  for (const [name, about] of [['enable', 'switch it on'], ['disable', 'switch it off; what it took is given back']] as const) {
    withApi(schedule.command(name).argument('<name>').description(about), 'admin')
      .action(async (which: string, flags: Flags) => console.log(summaryOf(await apiOf(flags).ask(`${at(which)}/${name}`, ScheduleStatus, { method: 'POST', json: {} }))));
  }
  withApi(schedule.command('remove').argument('<name>').description('remove one that was added here; what it took is given back'), 'admin')
    .action(async (name: string, flags: Flags) => {
      await apiOf(flags).ask(at(name), Schedule, { method: 'DELETE' });
      console.log(`schedule ${name}: removed`);
    });
}

function print(flags: Flags, reply: unknown, text: () => string): void {
  console.log(flags.json === true ? JSON.stringify(reply, null, 2) : text());
}

/** @throws HashfleetError payload_invalid naming the file, the field and what is allowed */
function readSchedule(file: string): z.input<typeof scheduleSchema> {
  let value: unknown;
  try {
    value = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new HashfleetError('payload_invalid', `${file}: ${messageOf(cause)}`, { cause });
  }
  const checked = scheduleSchema.safeParse(value);
  if (!checked.success) throw new HashfleetError('payload_invalid', `${file} is no schedule (docs/schedules.md):\n${z.prettifyError(checked.error)}`);
  return value as z.input<typeof scheduleSchema>;
}

function wishOf({ do: { stop, resume, preset, throttle, limit_kilowatts: kilowatts } }: Status['schedule']): string {
  if (stop === true) return 'stop';
  if (resume === true) return 'full power';
  return preset !== undefined ? `preset ${preset}` : throttle !== undefined ? `throttle ${throttle} %` : `at most ${kilowatts ?? ''} kW`;
}

const now = ({ enabled, activeSince, nextChange }: Status) => (!enabled ? 'off' : `${activeSince === undefined ? 'not now' : 'holds'}${nextChange === undefined ? '' : `, changes ${nextChange.slice(0, 16)}Z`}`);

const columns: readonly Column<Status>[] = [
  { title: 'SCHEDULE', of: ({ schedule }) => schedule.name },
  { title: 'WANTS', of: ({ schedule }) => wishOf(schedule) },
  { title: 'NOW', of: now, paint: ({ activeSince }) => (activeSince === undefined ? undefined : 'green') },
  { title: 'PRIORITY', right: true, of: ({ schedule }) => String(schedule.priority) },
  { title: 'MINERS', right: true, of: ({ members }) => String(members) },
  { title: 'TOOK', right: true, of: ({ taken }) => String(taken.length) },
  { title: 'FAILED', right: true, of: ({ failed }) => (failed.length === 0 ? '' : String(failed.length)), paint: () => 'red' },
  { title: 'LIMIT', of: ({ limit }) => (limit === undefined ? '' : `${(limit.plannedWatts / 1000).toFixed(1)} of ${(limit.limitWatts / 1000).toFixed(1)} kW`) },
];

const summaryOf = (status: Status) => `schedule ${status.schedule.name}: ${wishOf(status.schedule)}, ${now(status)}, ${status.members} ${status.members === 1 ? 'miner' : 'miners'}`;

function statusText(status: Status): string {
  const named = (title: string, rows: readonly { readonly miner: string; readonly reason: string }[]) => (rows.length === 0 ? [] : ['', `${title}:`, ...rows.map(({ miner, reason }) => `  ${miner}: ${reason}`)]);
  return [
    summaryOf(status), ...status.problems.map((problem) => `problem: ${problem}`),
    ...named('took', status.taken.map(({ miner, since, left }) => ({ miner, reason: `since ${since}${left === undefined ? '' : `; ${left}`}` }))),
    ...named('could not get', status.failed), ...named('waits for', status.waiting), ...named('leaves alone, a person acted', status.suspended), ...named('must leave alone', status.held),
    ...named('conflicts', status.conflicts.map(({ miner, winner, loser, because }) => ({ miner, reason: `${winner} before ${loser} (${because})` }))),
  ].join('\n');
}

function simulationText({ from, to, changes, usd, kilowattHoursSaved, problems, rails, conflicts, assumptions }: z.output<typeof Simulation>): string {
  return [
    `${from} to ${to}: ${kilowattHoursSaved.toFixed(1)} kWh less${usd === undefined ? '' : `, ${usd >= 0 ? '+' : ''}${usd.toFixed(2)} USD against doing nothing`}`, '',
    changes.length === 0 ? 'Nothing changes.' : tableText(changes, [
      { title: 'AT', of: (change) => change.at.slice(0, 16) + 'Z' }, { title: 'SCHEDULE', of: (change) => change.schedule }, { title: 'CHANGE', of: (change) => `${change.from} -> ${change.to}` },
      { title: 'MINERS', of: ({ miners }) => (miners.length > 6 ? `${miners.slice(0, 6).join(', ')} and ${miners.length - 6} more` : miners.join(', ')) },
    ]),
    ...problems.map((problem) => `problem: ${problem}`), ...rails.map(({ rail, detail }) => `${rail}: ${detail}`),
    ...conflicts.map(({ miner, winner, loser, because }) => `conflict on ${miner}: ${winner} before ${loser} (${because})`), ...assumptions.map((text) => `assumed: ${text}`),
  ].join('\n');
}
