/** The routes about learning: whoever may read may look, operators train and try, admins say which model is in force. */
import type { z } from 'zod';
import type { Caller } from '../control/jobs.ts';
import { defined } from '../defined.ts';
import { HashfleetError } from '../errors.ts';
import type { BacktestReport } from '../learning/backtest.ts';
import type { Learning, Task } from '../learning/learning.ts';
import type { ModelRecord } from '../learning/registry.ts';
import type { TaskResult, TrainResult } from '../learning/tasks.ts';
import type { Identity } from './auth.ts';
import * as schemas from './learning-schemas.ts';
import type { Answer, ApiContext, Call, Route } from './routes.ts';

type Reply<T extends z.ZodType> = z.output<T>;

const callerOf = ({ actor, token }: Identity): Caller => ({ actor, token });
const ok = (body: unknown): Answer => ({ status: 200, body });
const iso = (ms: number) => new Date(ms).toISOString();

export function modelReply({ version, backend, source, createdAt, trained, contest, verdict }: ModelRecord, status: Reply<typeof schemas.Model>['status']): Reply<typeof schemas.Model> {
  return { version, status, backend, source, createdAt: iso(createdAt), trained: { ...trained, from: iso(trained.from), to: iso(trained.to) }, contest: structuredClone(contest), verdict };
}

function modelsReply(learning: Learning): Reply<typeof schemas.Models> {
  const { inForce: { version, backend, source, model, trainedAt }, hourlyModel } = learning;
  const { inForce, earlier, rollbacks } = learning.state();
  const statusOf = (one: number) => (one === inForce ? (version === String(one) ? 'in_force' : 'too_old') : earlier.includes(one) ? 'earlier' : 'candidate');
  return {
    inForce: { version, backend, source, hours: model.hours, ...(trainedAt === undefined ? {} : { trainedAt: iso(trainedAt) }) },
    ...(hourlyModel === undefined ? {} : { hourly: { ...hourlyModel, at: iso(hourlyModel.at) } }),
    drift: { ...learning.drift() }, rollbacks, models: learning.models().map((one) => modelReply(one, statusOf(one.version))),
  };
}

export function backtestReply({ from, to, changes, reliability, ...rest }: BacktestReport): Reply<typeof schemas.BacktestReport> {
  return structuredClone({ ...rest, from: iso(from), to: iso(to), reliability: [...reliability], changes: changes.map(({ day, ...one }) => ({ ...one, day: iso(day) })) });
}

export function trainReply({ record: { version, trained, verdict }, promoted, drift }: TrainResult): NonNullable<Reply<typeof schemas.Task>['model']> {
  return { ...(version === undefined ? {} : { version }), promoted, reason: verdict.reason, hours: trained.hours, miners: trained.miners, drift: { ...drift } };
}

const trainingOf = (result: TaskResult | undefined) => (result?.kind === 'train' ? trainReply(result) : undefined);
const reportOf = (result: TaskResult | undefined) => (result?.kind === 'backtest' ? backtestReply(result.report) : undefined);

function taskReply({ id, kind, by, state, startedAt, endedAt, progress, result, failure }: Task): Reply<typeof schemas.Task> {
  return defined<Reply<typeof schemas.Task>>({
    id, kind, by, state, startedAt: iso(startedAt), endedAt: endedAt === undefined ? undefined : iso(endedAt), progress: progress === undefined ? undefined : { ...progress }, failure: failure === undefined ? undefined : { ...failure },
    model: trainingOf(result), backtest: reportOf(result),
  });
}

/** On the record first: without the audit log nothing is done. */
function note({ control }: ApiContext, { identity }: Call, detail: string): void {
  control.audit.append({ ...callerOf(identity), event: 'model', detail });
}

function begin(context: ApiContext, call: Call, kind: Task['kind']): Answer {
  const { days, seed, dryRun } = call.body as Partial<Reply<typeof schemas.TrainRequest> & Reply<typeof schemas.BacktestRequest>>;
  note(context, call, `asked to ${kind}${dryRun === true ? ' (dry run)' : ''}`);
  const task = context.learning.run(kind, { by: call.identity.actor, days, seed, dryRun });
  return { status: 202, body: taskReply(task) };
}

export const learningRoutes: readonly Route[] = [
  {
    method: 'get', path: '/ml/models', scope: 'read', summary: 'Which model advice goes by, and the models that are kept', replies: { 200: schemas.Models },
    handle: ({ learning }) => ok(modelsReply(learning)),
  },
  {
    method: 'post', path: '/ml/train', scope: 'operate', summary: 'Train on what Prometheus has; a model that is better than the one in force takes its place', request: schemas.TrainRequest, replies: { 202: schemas.Task },
    handle: (context, call) => begin(context, call, 'train'),
  },
  {
    method: 'post', path: '/ml/backtest', scope: 'operate', summary: 'Replay what advice would have done, day by day', request: schemas.BacktestRequest, replies: { 202: schemas.Task },
    handle: (context, call) => begin(context, call, 'backtest'),
  },
  {
    method: 'get', path: '/ml/tasks/{id}', scope: 'read', summary: 'How far a training or backtest is, and what came of it', replies: { 200: schemas.Task },
    handle({ learning }, { parameters: { id = '' } }) {
      const task = learning.task(id);
      if (task === undefined) throw new HashfleetError('not_found', `There is no task "${id}"; the last twenty of this process are known.`, { field: 'id', given: id });
      return ok(taskReply(task));
    },
  },
  {
    method: 'post', path: '/ml/models/{version}/promote', scope: 'admin', summary: 'Put a kept model in force, whatever the comparison said', request: schemas.PromoteRequest, replies: { 200: schemas.Models },
    handle(context, call) {
      const { version = '' } = call.parameters;
      if (!/^\d{1,6}$/.test(version)) throw new HashfleetError('payload_invalid', `version: "${version}" is not the number of a model.`, { field: 'version', given: version, allowed: 'a number of GET /api/v1/ml/models' });
      note(context, call, `asked to promote ${version}`);
      context.learning.promote(Number(version));
      return ok(modelsReply(context.learning));
    },
  },
  {
    method: 'post', path: '/ml/models/rollback', scope: 'admin', summary: 'Put the model in force that was before, or none', request: schemas.PromoteRequest, replies: { 200: schemas.Models },
    handle(context, call) {
      note(context, call, `asked to roll back from ${context.learning.state().inForce ?? 'none'}`);
      context.learning.rollback();
      return ok(modelsReply(context.learning));
    },
  },
];
