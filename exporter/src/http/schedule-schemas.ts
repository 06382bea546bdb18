/** Shapes of the routes about schedules; see schemas.ts. */
import { z } from 'zod';
import { scheduleSchema } from '../config/schema.ts';

const time = z.iso.datetime().describe('ISO 8601, UTC');
const reasons = z.array(z.object({ miner: z.string(), reason: z.string() }));

/** As in fleet.yaml. */
export const Schedule = scheduleSchema.meta({ id: 'ScheduleEntry', description: 'One schedule, as in the section "schedules" of fleet.yaml' });

const conflicts = z.array(z.object({ miner: z.string(), winner: z.string(), loser: z.string(), because: z.enum(['priority', 'draws less']) }))
  .describe('Schedules that want different things of a miner: the higher priority counts, and of equals the one that draws less');

export const ScheduleStatus = z.object({
  schedule: Schedule,
  origin: z.enum(['file', 'api']).describe('file: of fleet.yaml, changed there; it can be switched on and off here'),
  enabled: z.boolean(),
  switchedBy: z.string().optional(),
  activeSince: time.optional().describe('Absent while it does not hold'),
  nextChange: time.optional().describe('When its windows begin or end next, within eight days'),
  priceUsdPerKilowattHour: z.number().optional(),
  members: z.number(),
  taken: z.array(z.object({ miner: z.string(), since: time, left: z.string().optional().describe('Why it is not given back by itself') })).describe('Miners from which it took power; only these are given back'),
  waiting: reasons.describe('What it wants and a rail holds back for now'),
  failed: reasons.describe('What it wants and could not get'),
  suspended: reasons.describe('Miners on which a person acted: left alone until the schedule ends or begins'),
  held: reasons.describe('Miners that it must leave alone'),
  conflicts,
  limit: z.object({
    limitWatts: z.number(), targetWatts: z.number().describe('The limit less its reserve'), plannedWatts: z.number(), fits: z.boolean(),
    basis: z.enum(['profit', 'hashrate']).describe('What it loses least of: hashrate where a profit is not known'), lost: z.number().describe('USD a day, or H/s'),
    unknown: z.array(z.string()).describe('Miners whose power is not known and not in the sum'),
  }).optional(),
  problems: z.array(z.string()),
}).meta({ id: 'ScheduleStatus' });

export const Schedules = z.object({ schedules: z.array(ScheduleStatus) }).meta({ id: 'Schedules' });

export const SimulateRequest = z.strictObject({
  schedule: Schedule.describe('It stands in for the one of the same name; the others hold too'),
  from: z.iso.datetime({ offset: true }).optional().describe('Now when absent'),
  to: z.iso.datetime({ offset: true }).optional().describe('A week after "from" when absent; 35 days at most'),
}).meta({ id: 'SimulateRequest' });

export const Simulation = z.object({
  from: time, to: time,
  changes: z.array(z.object({ at: time, schedule: z.string(), from: z.string(), to: z.string().describe('full, pause, "preset 2850" or "throttle 60"'), miners: z.array(z.string()) })),
  hours: z.array(z.object({ at: time, watts: z.number(), wattsWithout: z.number(), usd: z.number().optional() })).describe('Means of each hour over the miners that schedules are for'),
  usd: z.number().optional().describe('Against doing nothing: above 0 is gained. Absent where a profit is not known'),
  kilowattHoursSaved: z.number(),
  conflicts, problems: z.array(z.string()),
  rails: z.array(z.object({ rail: z.string(), at: time.optional(), detail: z.string() })).describe('Rails that would bind, each where it does so first'),
  assumptions: z.array(z.string()),
}).meta({ id: 'Simulation' });
