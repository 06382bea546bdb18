/** Every route of the API in one table: the server and openapi.json are both made from it. */
import { z } from 'zod';
import type { Scope } from '../config/schema.ts';
import type { Entries, EntryText } from '../control/entries.ts';
import type { Caller, Control } from '../control/jobs.ts';
import type { Config } from '../config/load.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { workerIndex, type Pools } from '../fleet/pools.ts';
import { HashfleetError } from '../errors.ts';
import { PollFailure, pollFailureRemedies } from '../miners/driver.ts';
import type { MinerView, Views } from '../metrics/view.ts';
import type { Identity } from './auth.ts';
import { auditReply, boardsReply, jobReply, planReply, poolReply, presetsReply, rigReply, telemetryReply } from './replies.ts';
import * as schemas from './schemas.ts';

export interface ApiContext {
  readonly config: Config;
  readonly fleet: Fleet;
  readonly pools: Pools;
  readonly views: Views;
  readonly control: Control;
  readonly entries: Entries;
  readonly version: string;
}

export interface Call {
  readonly identity: Identity;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface Answer { readonly status: number; readonly body: unknown }

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With `{name}` for parameters. */
  readonly path: string;
  readonly scope: Scope;
  readonly summary: string;
  readonly query?: z.ZodObject;
  readonly request?: z.ZodType;
  readonly replies: Readonly<Record<number, z.ZodType>>;
  handle(context: ApiContext, call: Call): Answer | Promise<Answer>;
}

/** Ms for a read that a person waits for. */
const liveReadMs = 10_000;

const auditQuery = z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100), miner: z.string().optional() });
const callerOf = ({ actor, token }: Identity): Caller => ({ actor, token });
const ok = (body: unknown): Answer => ({ status: 200, body });

function viewOf({ fleet, views }: ApiContext, { parameters: { name = '' } }: Call): MinerView {
  const miner = fleet.get(name);
  if (miner === undefined) throw new HashfleetError('not_found', `There is no miner "${name}". GET /api/v1/rigs lists them.`, { field: 'name', given: name });
  return views.of(miner);
}

export const routes: readonly Route[] = [
  {
    method: 'get', path: '/health', scope: 'read', summary: 'Is the exporter there, and what may this token do?', replies: { 200: schemas.Health },
    handle({ fleet, control, version }, { identity }) {
      const miners = [...fleet.all()];
      return ok({
        status: 'ok', version, scope: identity.scope, control: { enabled: control.enabled, readOnly: control.readOnly },
        miners: { configured: miners.length, up: miners.filter((miner) => miner.lastSuccessAt !== undefined && miner.failure === undefined).length },
      });
    },
  },
  {
    method: 'get', path: '/rigs', scope: 'read', summary: 'All miners with their last reading', replies: { 200: schemas.Rigs },
    handle: ({ fleet, views, control }) => ok({ rigs: [...fleet.all()].map((miner) => rigReply(views.of(miner), control.activeJob(miner.config.name))) }),
  },
  {
    method: 'post', path: '/rigs', scope: 'admin', summary: 'Add a miner', request: schemas.RigEntry, replies: { 200: schemas.RigEntry },
    handle: async ({ entries }, { identity, body }) => ok(await entries.add(body as EntryText, callerOf(identity))),
  },
  {
    method: 'put', path: '/rigs/{name}', scope: 'admin', summary: 'Change a miner that was added here', request: schemas.RigEntry, replies: { 200: schemas.RigEntry },
    handle: async ({ entries }, { identity, parameters: { name = '' }, body }) => ok(await entries.change(name, body as EntryText, callerOf(identity))),
  },
  {
    method: 'delete', path: '/rigs/{name}', scope: 'admin', summary: 'Remove a miner that was added here, or one that a range found and that is gone', replies: { 200: schemas.RigEntry },
    handle: async ({ entries }, { identity, parameters: { name = '' } }) => ok(await entries.remove(name, callerOf(identity))),
  },
  {
    method: 'delete', path: '/rigs/{name}/mac', scope: 'admin', summary: 'Confirm a replaced controller: the next machine at the address is the miner', replies: { 200: schemas.Rig },
    handle(context, call) {
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
        try {
          context.fleet.setPresets(name, await context.fleet.call(name, async (driver) => driver.presets(AbortSignal.timeout(liveReadMs))));
        } catch (thrown) {
          if (!(thrown instanceof PollFailure)) throw thrown;
          throw new HashfleetError('miner_unreachable', `The presets of ${name} cannot be read: ${thrown.message} (${thrown.reason}): ${pollFailureRemedies[thrown.reason]}.`, { cause: thrown });
        }
      }
      return ok(presetsReply(viewOf(context, call)));
    },
  },
  {
    method: 'put', path: '/rigs/{name}/intent', scope: 'operate', summary: 'State what is wanted of it: alerts and sums heed it, the miner itself is not touched',
    request: schemas.IntentRequest, replies: { 200: schemas.Rig },
    handle(context, call) {
      const { miner: { config: { name }, intent: before } } = viewOf(context, call);
      const { intent, reason, from, until } = call.body as z.output<typeof schemas.IntentRequest>;
      const [begin, end] = [from, until].map((text) => (text === undefined ? undefined : Date.parse(text)));
      if (from !== undefined && intent !== 'maintenance') throw new HashfleetError('payload_invalid', 'Only maintenance can be announced: leave "from" out.', { field: 'from', given: from });
      if (end !== undefined && end <= (begin ?? Date.now())) throw new HashfleetError('payload_invalid', 'The end must lie after the beginning, and not in the past.', { field: 'until', given: until });
      const caller = callerOf(call.identity);
      context.control.audit.append({ ...caller, event: 'intent', miner: name, before: { intent: before }, after: { ...(call.body as object) } });
      context.fleet.setIntent(name, intent, { author: caller.actor, reason, from: begin, until: end });
      return ok(rigReply(viewOf(context, call), context.control.activeJob(name)));
    },
  },
  {
    method: 'get', path: '/telemetry/{name}', scope: 'read', summary: 'The last reading of one miner in full', replies: { 200: schemas.Telemetry },
    handle: (context, call) => ok(telemetryReply(viewOf(context, call), context.control.activeJob(call.parameters['name'] ?? ''))),
  },
  {
    method: 'post', path: '/actions', scope: 'operate', summary: 'Plan an action (the default), or start it', request: schemas.ActionRequest,
    replies: { 200: schemas.ActionReply, 202: schemas.ActionReply },
    handle({ control }, { identity, body }) {
      const { dryRun, confirmationToken, idempotencyKey, ...order } = body as z.output<typeof schemas.ActionRequest>;
      if (dryRun) {
        const { plan, confirmation } = control.plan(order, callerOf(identity));
        return ok({ plan: planReply(plan, confirmation) });
      }
      const { plan, job } = control.start(order, callerOf(identity), { confirmationToken, idempotencyKey });
      return { status: 202, body: { plan: planReply(plan, undefined), job: jobReply(job) } };
    },
  },
  {
    method: 'get', path: '/jobs', scope: 'read', summary: 'Jobs, newest first', replies: { 200: schemas.Jobs },
    handle: ({ control }) => ok({ jobs: control.jobs().map(jobReply) }),
  },
  {
    method: 'get', path: '/jobs/{id}', scope: 'read', summary: 'One job', replies: { 200: schemas.Job },
    handle({ control }, { parameters: { id = '' } }) {
      const job = control.job(id);
      if (job === undefined) throw new HashfleetError('not_found', `There is no job "${id}"; jobs of before the last start are in the audit log.`, { field: 'id', given: id });
      return ok(jobReply(job));
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
    method: 'get', path: '/events', scope: 'read', summary: 'Changes that somebody else made', replies: { 200: schemas.Events },
    handle: ({ fleet }) => ok({ events: fleet.events.map(({ miner, at, kind, from, to }) => ({ miner, at: new Date(at).toISOString(), kind, from, to })) }),
  },
  {
    method: 'get', path: '/recommendations', scope: 'read', summary: 'Advice with its evidence', replies: { 200: schemas.Recommendations },
    handle: ({ fleet, views }) => ok({
      recommendations: [...fleet.all()].flatMap((miner) => {
        const { advice } = views.of(miner);
        return advice === undefined ? [] : [{ miner: miner.config.name, ...advice }];
      }).sort((a, b) => b.gainUsdPerDay - a.gainUsdPerDay),
    }),
  },
];
