/** The routes about schedules: whoever may read may look, operators may try out, admins write. */
import type { z } from 'zod';
import type { ScheduleConfig } from '../config/schema.ts';
import type { Caller } from '../control/jobs.ts';
import { defined } from '../defined.ts';
import { HashfleetError } from '../errors.ts';
import { nextChange } from '../schedules/calendar.ts';
import type { ScheduleStatus } from '../schedules/schedules.ts';
import { longestSimulationMs, simulate, type Simulation } from '../schedules/simulate.ts';
import type { Identity } from './auth.ts';
import type { Answer, ApiContext, Call, Route } from './routes.ts';
import * as schemas from './schedule-schemas.ts';

type Reply<T extends z.ZodType> = z.output<T>;

const callerOf = ({ actor, token }: Identity): Caller => ({ actor, token });
/** The caller, once it is clear that they may write schedules. */
function writer({ guard }: ApiContext, { identity }: Pick<Call, 'identity'>): Caller {
  const caller = callerOf(identity);
  guard.checkSchedules(caller);
  return caller;
}

const ok = (body: unknown): Answer => ({ status: 200, body });
const iso = (ms: number) => new Date(ms).toISOString();
const dayMs = 86_400_000;

function statusReply({ schedules }: ApiContext, status: ScheduleStatus): Reply<typeof schemas.ScheduleStatus> {
  const { schedule, activeSince, taken, limit, conflicts, ...rest } = status;
  const calendar = schedules.calendarOf(schedule);
  const changes = schedule.windows.length > 0 || schedule.dates !== undefined || schedule.except_dates !== undefined || schedule.until !== undefined;
  const next = changes ? nextChange(calendar, Date.now()) : undefined;
  return defined<Reply<typeof schemas.ScheduleStatus>>({
    ...structuredClone(rest), schedule,
    activeSince: activeSince === undefined ? undefined : iso(activeSince), nextChange: next === undefined ? undefined : iso(next),
    taken: taken.map(({ miner, since, left }) => defined({ miner, since: iso(since), left })),
    conflicts: conflicts.map((one) => ({ ...one })),
    limit: limit === undefined ? undefined : { limitWatts: limit.limitWatts, targetWatts: limit.targetWatts, plannedWatts: limit.plannedWatts, fits: limit.fits, basis: limit.basis, lost: limit.lost, unknown: [...limit.unknown] },
  } as Reply<typeof schemas.ScheduleStatus>);
}

function simulationReply({ changes, hours, rails, conflicts, ...rest }: Simulation, from: number, to: number): Reply<typeof schemas.Simulation> {
  return {
    ...rest, from: iso(from), to: iso(to), problems: [...rest.problems], assumptions: [...rest.assumptions],
    changes: changes.map(({ at, miners, ...one }) => ({ ...one, at: iso(at), miners: [...miners] })),
    hours: hours.map(({ at, ...one }) => ({ ...one, at: iso(at) })),
    conflicts: conflicts.map((one) => ({ ...one })),
    rails: rails.map(({ at, ...one }) => ({ ...one, ...(at === undefined ? {} : { at: iso(at) }) })),
  };
}

function tryOut({ schedules, config, earnings, control }: ApiContext, { schedule, from, to }: Reply<typeof schemas.SimulateRequest>): Reply<typeof schemas.Simulation> {
  schedules.check(schedule);
  const now = Date.now();
  const begin = from === undefined ? now : Date.parse(from);
  const end = to === undefined ? begin + 7 * dayMs : Date.parse(to);
  if (end <= begin) throw new HashfleetError('payload_invalid', 'to: must be after "from".', { field: 'to', given: to, allowed: `after ${iso(begin)}` });
  if (end - begin > longestSimulationMs) throw new HashfleetError('payload_invalid', `to: at most ${longestSimulationMs / dayMs} days after "from".`, { field: 'to', given: to, allowed: `up to ${iso(begin + longestSimulationMs)}` });
  const found = simulate({
    candidate: schedule, from: begin, to: end, schedules, control: config.control, canAct: control.enabled && !control.readOnly, now,
    tariffOf: (site) => earnings.tariffs.ofSite(site),
  });
  return simulationReply(found, begin, end);
}

export const scheduleRoutes: readonly Route[] = [
  {
    method: 'get', path: '/schedules', scope: 'read', summary: 'Schedules: what they want now, what they took, what holds them back', replies: { 200: schemas.Schedules },
    handle: (context) => ok({ schedules: context.schedules.list().map((status) => statusReply(context, status)) }),
  },
  {
    method: 'post', path: '/schedules', scope: 'admin', summary: 'Add a schedule', request: schemas.Schedule, replies: { 200: schemas.ScheduleStatus },
    handle: (context, { body, ...call }) => ok(statusReply(context, context.schedules.add(body as ScheduleConfig, writer(context, call)))),
  },
  {
    method: 'post', path: '/schedules/simulate', scope: 'operate', summary: 'What a schedule would do, hour by hour; nothing is saved', request: schemas.SimulateRequest, replies: { 200: schemas.Simulation },
    handle: (context, { body }) => ok(tryOut(context, body as Reply<typeof schemas.SimulateRequest>)),
  },
  {
    method: 'get', path: '/schedules/{name}', scope: 'read', summary: 'One schedule', replies: { 200: schemas.ScheduleStatus },
    handle: (context, { parameters: { name = '' } }) => ok(statusReply(context, context.schedules.get(name))),
  },
  {
    method: 'put', path: '/schedules/{name}', scope: 'admin', summary: 'Change a schedule that was added here', request: schemas.Schedule, replies: { 200: schemas.ScheduleStatus },
    handle: (context, { parameters: { name = '' }, body, ...call }) => ok(statusReply(context, context.schedules.change(name, body as ScheduleConfig, writer(context, call)))),
  },
  {
    method: 'delete', path: '/schedules/{name}', scope: 'admin', summary: 'Remove a schedule that was added here; what it took is given back', replies: { 200: schemas.Schedule },
    handle: (context, { parameters: { name = '' }, ...call }) => ok(context.schedules.remove(name, writer(context, call))),
  },
  {
    method: 'post', path: '/schedules/{name}/enable', scope: 'admin', summary: 'Switch it on; it also takes up miners that it had left alone', replies: { 200: schemas.ScheduleStatus },
    handle: (context, { parameters: { name = '' }, ...call }) => ok(statusReply(context, context.schedules.enable(name, true, writer(context, call)))),
  },
  {
    method: 'post', path: '/schedules/{name}/disable', scope: 'admin', summary: 'Switch it off; what it took is given back', replies: { 200: schemas.ScheduleStatus },
    handle: (context, { parameters: { name = '' }, ...call }) => ok(statusReply(context, context.schedules.enable(name, false, writer(context, call)))),
  },
];
