/** Every route of the API in one table: the server and openapi.json are both made from it. */
import { z } from 'zod';
import type { Recommendations } from '../advice/recommendations.ts';
import { entryKinds } from '../analytics/account.ts';
import type { Scope } from '../config/schema.ts';
import type { Entries, EntryText } from '../control/entries.ts';
import type { Guard } from '../control/guard.ts';
import type { Caller, Control } from '../control/jobs.ts';
import type { Config } from '../config/load.ts';
import { localDay } from '../analytics/tariff.ts';
import type { Earnings } from '../earnings/earnings.ts';
import { reportCsv } from '../earnings/report-csv.ts';
import { reportTables } from '../earnings/report.ts';
import { groupings, periods } from '../earnings/summary.ts';
import type { Alive } from '../fleet/alive.ts';
import type { DriftWatch } from '../fleet/drift.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { DriftKind } from '../fleet/known-state.ts';
import type { LogWatch } from '../fleet/log-watch.ts';
import { workerIndex } from '../analytics/workers.ts';
import type { Pools } from '../fleet/pools.ts';
import { HashfleetError } from '../errors.ts';
import type { Learning } from '../learning/learning.ts';
import type { Schedules } from '../schedules/schedules.ts';
import type { MinerView, Views } from '../metrics/view.ts';
import { openMetricsLines, openMetricsType } from '../metrics/openmetrics.ts';
import type { Identity } from './auth.ts';
import { eventStreamType, type EventStream } from './event-stream.ts';
import { askMiner, notTold, windowOf } from './live.ts';
import { takeReading } from './pushed.ts';
import { reportOf } from './reports.ts';
import { approvalReply, auditReply, boardsReply, driftReply, earningsReply, eventsReply, historyReply, jobReply, jobTargetReply, ledgerReply, logsReply, planReply, poolReply, presetsReply, rigHealthReply, rigReply, telemetryReply } from './replies.ts';
import { adviceRoutes } from './advice-routes.ts';
import { learningRoutes } from './learning-routes.ts';
import { scheduleRoutes } from './schedule-routes.ts';
import * as schemas from './schemas.ts';

export interface ApiContext {
  readonly config: Config;
  readonly fleet: Fleet;
  readonly pools: Pools;
  readonly views: Views;
  readonly control: Control;
  readonly schedules: Schedules;
  readonly recommendations: Recommendations;
  readonly learning: Learning;
  readonly guard: Guard;
  readonly drift: DriftWatch;
  readonly alive: Alive;
  readonly logs: LogWatch;
  readonly entries: Entries;
  readonly earnings: Earnings;
  readonly version: string;
}

export interface Call {
  readonly identity: Identity;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  /** The header Accept. */
  readonly accept: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Set when the body is text of this type, not JSON. */
  readonly type?: string;
  /** In place of a body: keeps the reply open and writes to it. */
  readonly stream?: (events: EventStream) => void;
}

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly scope: Scope;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly request?: z.ZodType;
  readonly replies: Readonly<Record<number, z.ZodType>>;
  /** Type of text that it can answer in place of JSON. */
  readonly alsoAnswers?: string;
  /** Type of the text that is its only answer. */
  readonly answers?: string;
  handle(context: ApiContext, call: Call): Answer | Promise<Answer>;
}

const auditQuery = z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100), miner: z.string().optional() });
const logQuery = z.object({ type: z.string().max(32).default('status'), limit: z.coerce.number().int().min(1).max(2000).default(500) });
const historyQuery = z.object({
  from: z.string().max(40).optional().describe('ISO 8601 or Unix seconds; a day before "to" when absent'), to: z.string().max(40).optional().describe('now when absent'),
  step: z.coerce.number().int().min(10).max(86_400).default(900).describe('seconds'), format: z.enum(['json', 'openmetrics']).optional(),
});
const earningsQuery = z.object({
  from: z.iso.date().optional().describe('First day; 30 days before "to" when absent'), to: z.iso.date().optional().describe('Last day; today when absent'),
  by: z.enum(periods).default('day'), group: z.enum(groupings).default('fleet'), miner: z.string().max(63).optional(), site: z.string().max(63).optional(), pool: z.string().max(63).optional(),
});
const ledgerQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100), before: z.coerce.number().int().min(1).optional().describe('Only older entries: "before" of the page before'),
  pool: z.string().max(63).optional(), coin: z.string().max(20).optional(), kind: z.enum(entryKinds).optional(),
});
const reportQuery = z.object({
  from: z.iso.date().optional().describe('First local day; that of the last whole period when "to" is absent too'), to: z.iso.date().optional().describe('Last local day'),
  site: z.string().max(63).optional(), table: z.enum(reportTables).default('miners'),
  without_prometheus: z.enum(['true', 'false']).default('false').describe('Only what the ledger has, also where fleet.yaml names a Prometheus'),
});
const csvType = 'text/csv; charset=utf-8; header=present';
const callerOf = ({ actor, token }: Identity): Caller => ({ actor, token });
const ok = (body: unknown): Answer => ({ status: 200, body });

/** Whether the token may change the inventory here: where the miner is, and where the entry puts it. @throws HashfleetError forbidden */
function checkInventory({ config, fleet, guard }: ApiContext, { identity, parameters: { name } }: Call, entry?: EntryText): void {
  const caller = callerOf(identity);
  const present = name === undefined ? undefined : fleet.get(name)?.config ?? config.miners.find((miner) => miner.name === name);
  guard.checkDeed(caller, 'inventory', present);
  if (entry === undefined) return;
  const site = typeof entry['site'] === 'string' ? entry['site'] : config.sites[0]?.name ?? '';
  guard.checkDeed(caller, 'inventory', { name: entry.name, site });
}

function noJob(id: string): HashfleetError {
  return new HashfleetError('not_found', `There is no job "${id}"; older jobs are in the audit log.`, { field: 'id', given: id });
}

function viewOf({ fleet, views }: ApiContext, { parameters: { name = '' } }: Call): MinerView {
  const miner = fleet.get(name);
  if (miner === undefined) throw new HashfleetError('not_found', `There is no miner "${name}". GET /api/v1/rigs lists them.`, { field: 'name', given: name });
  return views.of(miner);
}

export const routes: readonly Route[] = [
  {
    method: 'get', path: '/health', scope: 'read', summary: 'Is the exporter there, and what may this token do?', replies: { 200: schemas.Health },
    handle({ fleet, control, guard, alive, version }, { identity }) {
      const miners = [...fleet.all()];
      return ok({
        status: 'ok', version, scope: identity.scope, may: guard.permissionOf(identity.token), control: { enabled: control.enabled, readOnly: control.readOnly },
        miners: { configured: miners.length, up: miners.filter((miner) => miner.lastSuccessAt !== undefined && miner.failure === undefined).length },
        gaps: alive.gaps().map((gap) => ({ from: new Date(gap.from).toISOString(), to: new Date(gap.to).toISOString(), wholeUntil: new Date(gap.wholeUntil).toISOString(), partUntil: new Date(gap.partUntil).toISOString() })),
      });
    },
  },
  {
    method: 'get', path: '/rigs', scope: 'read', summary: 'All miners with their last reading', replies: { 200: schemas.Rigs },
    handle: ({ fleet, views, control }) => ok({ rigs: [...fleet.all()].map((miner) => rigReply(views.of(miner), control.activeJob(miner.config.name))) }),
  },
  {
    method: 'get', path: '/rigs/{name}/health', scope: 'read', summary: 'How far a miner lies from what is expected of it, and which part is likely at fault', replies: { 200: schemas.RigHealth },
    handle: (context, call) => ok(rigHealthReply(viewOf(context, call))),
  },
  {
    method: 'post', path: '/rigs', scope: 'admin', summary: 'Add a miner', request: schemas.RigEntry, replies: { 200: schemas.RigEntry },
    async handle(context, call) {
      checkInventory(context, call, call.body as EntryText);
      return ok(await context.entries.add(call.body as EntryText, callerOf(call.identity)));
    },
  },
  {
    method: 'put', path: '/rigs/{name}', scope: 'admin', summary: 'Change a miner that was added here', request: schemas.RigEntry, replies: { 200: schemas.RigEntry },
    async handle(context, call) {
      checkInventory(context, call, call.body as EntryText);
      return ok(await context.entries.change(call.parameters['name'] ?? '', call.body as EntryText, callerOf(call.identity)));
    },
  },
  {
    method: 'delete', path: '/rigs/{name}', scope: 'admin', summary: 'Remove a miner that was added here, or one that a range found and that is gone', replies: { 200: schemas.RigEntry },
    async handle(context, call) {
      checkInventory(context, call);
      return ok(await context.entries.remove(call.parameters['name'] ?? '', callerOf(call.identity)));
    },
  },
  {
    method: 'delete', path: '/rigs/{name}/mac', scope: 'admin', summary: 'Confirm a replaced controller: the next machine at the address is the miner', replies: { 200: schemas.Rig },
    handle(context, call) {
      checkInventory(context, call);
      context.entries.forgetMac(call.parameters['name'] ?? '', callerOf(call.identity));
      return ok(rigReply(viewOf(context, call), context.control.activeJob(call.parameters['name'] ?? '')));
    },
  },
  {
    method: 'get', path: '/rigs/{name}', scope: 'read', summary: 'One miner', replies: { 200: schemas.Rig },
    handle: (context, call) => ok(rigReply(viewOf(context, call), context.control.activeJob(call.parameters['name'] ?? ''))),
  },
  {
    method: 'get', path: '/rigs/{name}/boards', scope: 'read', summary: 'Its boards', replies: { 200: schemas.Boards },
    handle: (context, call) => ok({ boards: boardsReply(viewOf(context, call)) }),
  },
  {
    method: 'get', path: '/rigs/{name}/presets', scope: 'read', summary: 'Its power profiles', replies: { 200: schemas.Presets },
    async handle(context, call) {
      const view = viewOf(context, call);
      const { name } = view.miner.config;
      if (view.miner.presets === undefined) {
        context.fleet.setPresets(name, await askMiner(context.fleet, name, { about: 'presets', ask: async (driver, signal) => driver.presets(signal) }));
      }
      const after = viewOf(context, call);
      return ok(presetsReply(after, context.views.presetMoney(after.miner)));
    },
  },
  {
    method: 'put', path: '/rigs/{name}/intent', scope: 'operate', summary: 'State what is wanted of it: alerts and sums heed it, the miner itself is not touched',
    request: schemas.IntentRequest, replies: { 200: schemas.Rig },
    handle(context, call) {
      const { miner: { config: { name, site }, intent: before } } = viewOf(context, call);
      context.guard.checkDeed(callerOf(call.identity), 'intent', { name, site });
      const { intent, reason, from, until } = call.body as z.output<typeof schemas.IntentRequest>;
      const [begin, end] = [from, until].map((text) => (text === undefined ? undefined : Date.parse(text)));
      if (from !== undefined && intent !== 'maintenance') throw new HashfleetError('payload_invalid', 'Only maintenance can be announced: leave "from" out.', { field: 'from', given: from });
      if (end !== undefined && end <= (begin ?? Date.now())) throw new HashfleetError('payload_invalid', 'The end must lie after the beginning, and not in the past.', { field: 'until', given: until });
      const caller = callerOf(call.identity);
      context.control.audit.append({ ...caller, event: 'intent', miner: name, before: { intent: before }, after: { ...(call.body as object) } });
      // Who says that a miner is meant to mine says that it is no longer in maintenance; a schedule or a job doesn't.
      if (intent === 'mine') context.fleet.endMaintenance(name);
      context.fleet.setIntent(name, intent, { author: caller.actor, reason, from: begin, until: end });
      return ok(rigReply(viewOf(context, call), context.control.activeJob(name)));
    },
  },
  {
    method: 'get', path: '/rigs/{name}/settings', scope: 'read', summary: 'Its settings as the miner has them, without any secret', replies: { 200: schemas.Settings },
    async handle(context, call) {
      const { name } = viewOf(context, call).miner.config;
      const settings = await askMiner(context.fleet, name, { about: 'settings', ask: async (driver, signal) => driver.settings?.(signal) });
      if (settings === undefined) throw notTold(name, 'settings');
      return ok({ miner: name, settings, readAt: new Date().toISOString() });
    },
  },
  {
    method: 'get', path: '/rigs/{name}/logs', scope: 'read', summary: 'One of its logs, oldest line first', query: logQuery, replies: { 200: schemas.Logs },
    async handle(context, call) {
      const { name } = viewOf(context, call).miner.config;
      const { type, limit } = call.query as z.output<typeof logQuery>;
      const lines = await askMiner(context.fleet, name, {
        about: 'logs',
        async ask(driver, signal) {
          if (driver.log === undefined || driver.logTypes === undefined) throw notTold(name, 'logs');
          if (!driver.logTypes.includes(type)) throw new HashfleetError('payload_invalid', `type: the firmware of ${name} has no log "${type}".`, { field: 'type', given: type, allowed: driver.logTypes.join(', ') });
          return driver.log(type, signal);
        },
      });
      return ok(logsReply(name, type, lines.slice(-limit)));
    },
  },
  {
    method: 'get', path: '/rigs/{name}/notes', scope: 'read', summary: 'Notes that people keep on the miner', replies: { 200: schemas.Notes },
    async handle(context, call) {
      const { name } = viewOf(context, call).miner.config;
      const notes = await askMiner(context.fleet, name, { about: 'notes', ask: async (driver, signal) => driver.notes?.(signal) });
      if (notes === undefined) throw notTold(name, 'notes');
      return ok({ miner: name, notes });
    },
  },
  {
    method: 'get', path: '/telemetry/{name}/history', scope: 'read', summary: 'What the miner itself remembers, up to three days; also as OpenMetrics text', query: historyQuery,
    replies: { 200: schemas.History }, alsoAnswers: openMetricsType,
    async handle(context, call) {
      const { miner } = viewOf(context, call);
      const { name, site } = miner.config;
      const { format, ...wanted } = call.query as z.output<typeof historyQuery>;
      const window = windowOf(wanted, Date.now());
      const history = await askMiner(context.fleet, name, { about: 'history', ask: async (driver, signal) => driver.history?.(window, signal) });
      if (history === undefined) throw notTold(name, 'history');
      if ((format ?? (call.accept.includes('application/openmetrics-text') ? 'openmetrics' : 'json')) === 'json') return ok(historyReply(name, window, history));
      return { status: 200, type: openMetricsType, body: [...openMetricsLines([{ labels: { miner: name, site, model: miner.model }, points: history.points }])].join('') };
    },
  },
  {
    method: 'get', path: '/telemetry/{name}', scope: 'read', summary: 'The last reading of one miner in full', replies: { 200: schemas.Telemetry },
    handle: (context, call) => ok(telemetryReply(viewOf(context, call), context.control.activeJob(call.parameters['name'] ?? ''))),
  },
  {
    method: 'post', path: '/telemetry', scope: 'push', summary: 'Readings that an agent took of miners with "driver: push"; a bad one is refused by itself',
    request: schemas.PushRequest, replies: { 200: schemas.PushReply },
    async handle({ fleet, guard }, { identity, body }) {
      const { readings } = body as z.output<typeof schemas.PushRequest>;
      const refused = (await Promise.all(readings.map(async (reading, index) => takeReading(reading, index, { fleet, outOfReach: (miner) => guard.outOfReach(callerOf(identity), miner) })))).filter((one) => one !== undefined);
      return ok({ accepted: readings.length - refused.length, refused });
    },
  },
  {
    method: 'post', path: '/actions', scope: 'operate', summary: 'Plan an action (the default), or start it', request: schemas.ActionRequest,
    replies: { 200: schemas.ActionReply, 202: schemas.ActionReply },
    async handle({ control }, { identity, body }) {
      const { dryRun, confirmationToken, idempotencyKey, typed, ...order } = body as z.output<typeof schemas.ActionRequest>;
      if (order.override !== undefined && identity.scope !== 'admin') throw new HashfleetError('forbidden', 'override: only a token of scope admin may act outside the windows.', { field: 'override' });
      await control.prepare(order, callerOf(identity));
      if (dryRun) {
        const { plan, confirmation } = control.plan(order, callerOf(identity));
        return ok({ plan: planReply(plan, confirmation) });
      }
      const { plan, job, approval } = control.submit(order, callerOf(identity), { confirmationToken, idempotencyKey, typed });
      return { status: 202, body: { plan: planReply(plan, undefined), ...(job === undefined ? {} : { job: jobReply(job) }), ...(approval === undefined ? {} : { approval: approvalReply(approval) }) } };
    },
  },
  {
    method: 'get', path: '/approvals', scope: 'read', summary: 'What waits for a second person, and what became of it', replies: { 200: schemas.Approvals },
    handle: ({ control }) => ok({ approvals: control.approvals().map(approvalReply) }),
  },
  {
    method: 'post', path: '/approvals/{id}/approve', scope: 'operate', summary: 'Agree as the second person: it starts', request: schemas.ApprovalRequest, replies: { 200: schemas.Approval },
    async handle({ control }, { identity, parameters: { id = '' }, body }) {
      await control.prepareApproval(id);
      return ok(approvalReply(control.approve(id, (body as z.output<typeof schemas.ApprovalRequest>).fingerprint, callerOf(identity)).approval));
    },
  },
  {
    method: 'post', path: '/approvals/{id}/confirm', scope: 'operate', summary: 'Confirm the plan anew, as who asked for it', request: schemas.ApprovalRequest, replies: { 200: schemas.Approval },
    async handle({ control }, { identity, parameters: { id = '' }, body }) {
      await control.prepareApproval(id);
      return ok(approvalReply(control.confirmAnew(id, (body as z.output<typeof schemas.ApprovalRequest>).fingerprint, callerOf(identity))));
    },
  },
  {
    method: 'post', path: '/approvals/{id}/reject', scope: 'operate', summary: 'Disagree, or withdraw what one asked for', request: schemas.RejectionRequest, replies: { 200: schemas.Approval },
    handle: ({ control }, { identity, parameters: { id = '' }, body }) => ok(approvalReply(control.reject(id, (body as z.output<typeof schemas.RejectionRequest>).reason, callerOf(identity)))),
  },
  {
    method: 'get', path: '/jobs', scope: 'read', summary: 'Jobs, newest first', replies: { 200: schemas.Jobs },
    handle: ({ control }) => ok({ jobs: control.jobs().map(jobReply) }),
  },
  {
    method: 'get', path: '/jobs/{id}', scope: 'read', summary: 'One job', replies: { 200: schemas.Job },
    handle({ control }, { parameters: { id = '' } }) {
      const job = control.job(id);
      if (job === undefined) throw noJob(id);
      return ok(jobReply(job));
    },
  },
  {
    method: 'get', path: '/jobs/{id}/events', scope: 'read', summary: 'What happens in a job, as it happens: server-sent events "job" (the whole of it, first and last) and "target" (one that has changed)',
    replies: { 200: schemas.Job }, alsoAnswers: eventStreamType,
    handle({ control }, { parameters: { id = '' } }) {
      const job = control.job(id);
      if (job === undefined) throw noJob(id);
      return {
        status: 200, body: undefined,
        stream(events) {
          events.send('job', jobReply(job));
          if (job.finishedAt !== undefined) {
            events.end();
            return;
          }
          const end = control.watch(id, (changed, target) => {
            if (target === undefined) events.send('job', jobReply(changed));
            else events.send('target', jobTargetReply(target));
            if (changed.finishedAt !== undefined) events.end();
          });
          events.onEnd(end);
        },
      };
    },
  },
  {
    method: 'post', path: '/jobs/{id}/cancel', scope: 'operate', summary: 'Leave out what is not sent yet', replies: { 200: schemas.Job },
    handle: ({ control }, { identity, parameters: { id = '' } }) => ok(jobReply(control.cancel(id, callerOf(identity)))),
  },
  {
    method: 'get', path: '/audit', scope: 'read', summary: 'Who did what', query: auditQuery, replies: { 200: schemas.Audit },
    handle: ({ control }, { query }) => ok(auditReply(control.audit.latest(query as z.output<typeof auditQuery>))),
  },
  {
    method: 'get', path: '/pools', scope: 'read', summary: 'Pools as last read', replies: { 200: schemas.Pools },
    handle({ pools, config }) {
      const minerOf = workerIndex(config.miners);
      return ok({ pools: pools.all().map((pool) => poolReply(pool, { pools, minerOf }, config.prices.btc_usd)) });
    },
  },
  {
    method: 'get', path: '/earnings', scope: 'read', summary: 'What came in, by day, month, pool, site and miner, and what the fleet makes now', query: earningsQuery, replies: { 200: schemas.Earnings },
    handle({ earnings, fleet, views }, { query }) {
      const { from, to, by, group, ...only } = query as z.output<typeof earningsQuery>;
      const last = to ?? localDay(earnings.zone, Date.now());
      const first = from ?? new Date(Date.parse(last) - 30 * 86_400_000).toISOString().slice(0, 10);
      if (first > last) throw new HashfleetError('payload_invalid', `from: ${first} lies after the last day, ${last}.`, { field: 'from', given: first, allowed: `a day up to ${last}` });
      return ok(earningsReply(earnings, [...fleet.all()].map((miner) => views.of(miner)), { from: first, to: last, by, group, only }));
    },
  },
  {
    method: 'get', path: '/earnings/ledger', scope: 'read', summary: 'Entries of the ledger: openings, incomes, payouts', query: ledgerQuery, replies: { 200: schemas.LedgerEntries },
    handle({ earnings }, { query }) {
      const filter = query as z.output<typeof ledgerQuery>;
      return ok(ledgerReply(earnings.ledger?.entries(filter) ?? [], filter.limit));
    },
  },
  {
    method: 'get', path: '/reports/{period}.csv', scope: 'read', summary: 'Energy, power cost, coins, income and profit of each miner by day, week or month, as CSV', query: reportQuery,
    replies: {}, answers: csvType,
    async handle(context, { parameters: { period = '' }, query }) {
      const { table, ...wanted } = query as z.output<typeof reportQuery>;
      return { status: 200, type: csvType, body: reportCsv(await reportOf(context, { period, ...wanted }), table) };
    },
  },
  {
    method: 'get', path: '/events', scope: 'read', summary: 'Changes that somebody else made, and what miners wrote into their logs', replies: { 200: schemas.Events },
    handle: ({ fleet, logs }) => ok(eventsReply(fleet.events, logs.events)),
  },
  {
    method: 'get', path: '/drift', scope: 'read', summary: 'What differs from how miners are meant to be, and what takes it back', replies: { 200: schemas.Drift },
    handle: ({ drift }) => ok(driftReply(drift.all())),
  },
  {
    method: 'post', path: '/drift/{name}/accept', scope: 'admin', summary: 'The miner is meant to be as it is now', request: schemas.AcceptDriftRequest, replies: { 200: schemas.Drift },
    handle(context, call) {
      const { config: { name, site } } = viewOf(context, call).miner;
      const caller = callerOf(call.identity);
      const { what } = call.body as { what?: readonly DriftKind[] };
      context.guard.checkDeed(caller, 'accept_drift', { name, site });
      const found = context.drift.all().filter((one) => one.miner === name && (what?.includes(one.what) ?? true));
      if (found.length === 0) throw new HashfleetError('nothing_to_do', `${name} is as it is meant to be${what === undefined ? '' : `, as to ${what.join(', ')}`}.`, { field: 'name', given: name });
      const texts = (side: 'from' | 'to') => Object.fromEntries(found.map((one) => [one.section === undefined ? one.what : `${one.what} ${one.section}`, one[side]]));
      context.control.audit.append({ ...caller, event: 'drift_accepted', miner: name, before: texts('from'), after: texts('to') });
      return ok(driftReply(context.drift.accept(name, what, caller.actor)));
    },
  },
  ...adviceRoutes,
  ...learningRoutes,
  ...scheduleRoutes,
];
