/** The routes about advice: whoever may read may look, operators decide; what is sent to a miner goes through control. */
import { adviceKinds, rules, type Way } from '../advice/decision.ts';
import type { Recommendations } from '../advice/recommendations.ts';
import { adviceStatuses, type KeptAdvice } from '../advice/store.ts';
import type { Estimate } from '../analytics/ratio-model.ts';
import type { Caller } from '../control/jobs.ts';
import { defined } from '../defined.ts';
import { HashfleetError } from '../errors.ts';
import { z } from 'zod';
import * as schemas from './advice-schemas.ts';
import type { Identity } from './auth.ts';
import { approvalReply, jobReply, planReply } from './replies.ts';
import type { Answer, ApiContext, Call, Route } from './routes.ts';
import { ActionReply } from './schemas.ts';

type Reply<T extends z.ZodType> = z.output<T>;

const listQuery = z.object({ miner: z.string().max(63).optional(), kind: z.enum(adviceKinds).optional(), status: z.enum([...adviceStatuses, 'all']).optional().describe('open and approved when absent') });
const callerOf = ({ actor, token }: Identity): Caller => ({ actor, token });
const ok = (body: unknown): Answer => ({ status: 200, body });
const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());

export function adviceReply({ text, evidence, createdAt, expiresAt, decidedAt, appliedAt, feedback, outcome, before: _before, side: _side, ...rest }: KeptAdvice): Reply<typeof schemas.Recommendation> {
  return defined<Reply<typeof schemas.Recommendation>>({
    ...rest, evidence: text, basis: evidence, gainUsdPerDay: rest.expected?.usdPerDay?.value,
    createdAt: new Date(createdAt).toISOString(), expiresAt: new Date(expiresAt).toISOString(), decidedAt: iso(decidedAt), appliedAt: iso(appliedAt),
    feedback: feedback === undefined ? undefined : { ...feedback, at: new Date(feedback.at).toISOString() },
    outcome: outcome === undefined ? undefined : { ...outcome, at: new Date(outcome.at).toISOString() },
  });
}

function listReply(list: readonly KeptAdvice[]): Reply<typeof schemas.Recommendations> {
  const gain = (one: KeptAdvice) => one.expected?.usdPerDay?.value ?? -Infinity;
  return { recommendations: [...list].sort((a, b) => Number(b.urgent) - Number(a.urgent) || gain(b) - gain(a) || 0).map(adviceReply) };
}

const estimate = ({ value, deviation }: Estimate) => ({ value, low: value - rules.oneSided * deviation, high: value + rules.oneSided * deviation });

function pointReply({ preset = 'sleep', tuned, hours, hashrate, powerWatts, chipTemperature, profitUsdPerDay, ...rest }: Way): Reply<typeof schemas.Curve>['points'][number] {
  return defined({
    preset, tuned, hours, hashrate: estimate(hashrate), powerWatts: estimate(powerWatts), efficiencyJoulesPerMegahash: powerWatts.value / (hashrate.value / 1e6),
    chipTemperature: chipTemperature === undefined ? undefined : estimate(chipTemperature), profitUsdPerDay: profitUsdPerDay === undefined ? undefined : estimate(profitUsdPerDay), ...rest,
  });
}

function curveOf({ recommendations }: ApiContext, miner: string, presets?: readonly string[]): Reply<typeof schemas.Curve> {
  const found = recommendations.curve(miner);
  if (found === undefined) throw new HashfleetError('not_found', `There is no miner "${miner}". GET /api/v1/rigs lists them.`, { field: 'miner', given: miner });
  const running = found.ways.filter(({ preset }) => preset !== undefined);
  const unknown = presets?.find((name) => !running.some(({ preset }) => preset === name));
  if (unknown !== undefined) throw new HashfleetError('payload_invalid', `presets: ${miner} has no preset "${unknown}" that says what it promises.`, { field: 'presets', given: unknown, allowed: running.map(({ preset }) => preset).join(', ') });
  return defined<Reply<typeof schemas.Curve>>({ miner, current: found.facts.preset, modelHours: recommendations.modelHours, points: running.filter(({ preset = '' }) => presets?.includes(preset) ?? true).map(pointReply) });
}

async function send(context: ApiContext, { identity, parameters: { id = '' }, body }: Call, what: 'apply' | 'rollback'): Promise<Answer> {
  const { dryRun, ...proof } = body as Reply<typeof schemas.ApplyRequest>;
  const { control, recommendations } = context;
  const order = recommendations.order(id, what);
  const caller = callerOf(identity);
  await control.prepare(order, caller);
  if (dryRun) {
    const { plan, confirmation } = control.plan(order, caller);
    return ok({ plan: planReply(plan, confirmation) });
  }
  const { plan, job, approval } = control.submit(order, caller, proof);
  recommendations.started(id, what, { actor: caller.actor, job: job?.id, approval: approval?.id });
  return { status: 202, body: { plan: planReply(plan, undefined), ...(job === undefined ? {} : { job: jobReply(job) }), ...(approval === undefined ? {} : { approval: approvalReply(approval) }) } };
}

const decided = (decide: (recommendations: Recommendations, id: string, call: Call) => KeptAdvice, event: string) => (context: ApiContext, call: Call): Answer => {
  const { parameters: { id = '' }, identity } = call;
  const advice = decide(context.recommendations, id, call);
  context.control.audit.append({ ...callerOf(identity), event: 'advice', ...(advice.miner === undefined ? {} : { miner: advice.miner }), detail: `${event}: ${advice.kind} ${advice.from ?? ''} ${advice.to ?? ''}`.trim() });
  return ok(adviceReply(advice));
};

export const adviceRoutes: readonly Route[] = [
  {
    method: 'get', path: '/recommendations', scope: 'read', summary: 'Advice with its evidence', query: listQuery, replies: { 200: schemas.Recommendations },
    handle({ recommendations }, { query }) {
      const { miner, kind, status } = query as Reply<typeof listQuery>;
      return ok(listReply(recommendations.list().filter((one) => (miner === undefined || one.miner === miner) && (kind === undefined || one.kind === kind)
        && (status === undefined ? one.status === 'open' || one.status === 'approved' : status === 'all' || one.status === status))));
    },
  },
  {
    method: 'post', path: '/recommendations/generate', scope: 'operate', summary: 'Judge the whole fleet now, and give what is found without waiting for it to stand', replies: { 200: schemas.Recommendations },
    handle: ({ recommendations }) => ok(listReply(recommendations.generate())),
  },
  {
    method: 'get', path: '/recommendations/{id}', scope: 'read', summary: 'One piece of advice', replies: { 200: schemas.Recommendation },
    handle: ({ recommendations }, { parameters: { id = '' } }) => ok(adviceReply(recommendations.get(id))),
  },
  {
    method: 'post', path: '/recommendations/{id}/approve', scope: 'operate', summary: 'Agree with it; nothing is sent yet', replies: { 200: schemas.Recommendation },
    handle: decided((all, id, { identity }) => all.approve(id, identity.actor), 'approved'),
  },
  {
    method: 'post', path: '/recommendations/{id}/reject', scope: 'operate', summary: 'Refuse it; the same is not given again for a day', request: schemas.RejectRequest, replies: { 200: schemas.Recommendation },
    handle: decided((all, id, { identity, body }) => all.reject(id, identity.actor, (body as Reply<typeof schemas.RejectRequest>).reason), 'rejected'),
  },
  {
    method: 'post', path: '/recommendations/{id}/feedback', scope: 'operate', summary: 'Say what became of it', request: schemas.FeedbackRequest, replies: { 200: schemas.Recommendation },
    handle: decided((all, id, { identity, body }) => all.feedback(id, { ...(body as Reply<typeof schemas.FeedbackRequest>), actor: identity.actor }), 'feedback'),
  },
  {
    method: 'post', path: '/recommendations/{id}/apply', scope: 'operate', summary: 'Plan what follows it (the default), or start it, by the rails of every action', request: schemas.ApplyRequest,
    replies: { 200: ActionReply, 202: ActionReply }, handle: async (context, call) => send(context, call, 'apply'),
  },
  {
    method: 'post', path: '/recommendations/{id}/rollback', scope: 'operate', summary: 'Plan what takes it back (the default), or start it', request: schemas.ApplyRequest,
    replies: { 200: ActionReply, 202: ActionReply }, handle: async (context, call) => send(context, call, 'rollback'),
  },
  {
    method: 'get', path: '/rigs/{name}/curve', scope: 'read', summary: 'What is expected of the miner on each preset', replies: { 200: schemas.Curve },
    handle: (context, { parameters: { name = '' } }) => ok(curveOf(context, name)),
  },
  {
    method: 'post', path: '/ml/predict', scope: 'read', summary: 'What is expected of the miner on some presets', request: schemas.PredictRequest, replies: { 200: schemas.Curve },
    handle(context, { body }) {
      const { miner, presets } = body as Reply<typeof schemas.PredictRequest>;
      return ok(curveOf(context, miner, presets));
    },
  },
];
