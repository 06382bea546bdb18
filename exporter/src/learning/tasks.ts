/** What training and backtesting do, from the first query to the file: run in a thread by the service, and by the command in its own process. */
import { fitRatioModel } from '../analytics/ratio-model.ts';
import type { DecisionRules } from '../advice/decision.ts';
import { askPrometheus } from '../earnings/prometheus.ts';
import { HashfleetError } from '../errors.ts';
import { backtest, backtestDays, type BacktestReport } from './backtest.ts';
import { driftOf, referencesOf, type Drift } from './drift.ts';
import { dayMs, trainedOn, type LearningHour } from './hours.ts';
import { learningLimits } from './limits.ts';
import { contest, verdictOf } from './promotion.ts';
import { hoursFromPrometheus } from './prometheus-hours.ts';
import { openRegistry, type Damage, type ModelRecord } from './registry.ts';

/** Plain data: it is handed to a thread. */
export interface TaskOrder {
  readonly kind: 'train' | 'backtest';
  readonly prometheusUrl: string;
  readonly days: number;
  /** Unix ms. */
  readonly now: number;
  readonly seed: number;
  readonly maxAgeDays: number;
  readonly limits: DecisionRules;
  readonly circuitOf: ReadonlyMap<string, string>;
  /** `models/` of the data folder. */
  readonly folder: string;
  /** Nothing is written. */
  readonly dryRun: boolean;
}

export interface Progress { readonly step: 'reading' | 'fitting' | 'comparing' | 'deciding'; readonly done: number; readonly total: number }

export interface TrainResult { readonly kind: 'train'; /** Without its version where nothing was written. */ readonly record: Omit<ModelRecord, 'version'> & { readonly version?: number }; readonly promoted: boolean; readonly drift: Drift; readonly milliseconds: number }
export interface BacktestResult { readonly kind: 'backtest'; readonly report: BacktestReport; readonly milliseconds: number }
export type TaskResult = TrainResult | BacktestResult;

export interface Told { readonly progress: (progress: Progress) => void; readonly damage: (damage: Damage) => void }

/** @throws HashfleetError prometheus_unreachable, too_little_data, internal */
export async function runTask(order: TaskOrder, told: Told): Promise<TaskResult> {
  const client = askPrometheus(order.prometheusUrl, 'Is it running, and is the address right (prometheus.url in fleet.yaml, or --prometheus)?');
  const hours = await hoursFromPrometheus(client, { from: order.now - order.days * dayMs, to: order.now, onBatch: (done, total) => told.progress({ step: 'reading', done, total }) });
  const began = performance.now();
  return order.kind === 'train' ? train(hours, { order, told, source: client.address, began }) : judged(hours, { order, told, source: client.address, began });
}

interface Context { readonly order: TaskOrder; readonly told: Told; readonly source: string; readonly began: number }

function train(hours: readonly LearningHour[], { order, told, source, began }: Context): TrainResult {
  const trained = trainedOn(hours);
  if (trained === undefined) throw tooLittle(hours, { order, source, needed: 'at least one steady hour' });
  told.progress({ step: 'fitting', done: 0, total: 1 });
  const model = fitRatioModel(hours);
  told.progress({ step: 'comparing', done: 0, total: 1 });
  const registry = openRegistry(order.folder, told.damage);
  const { inForce } = registry.state();
  const now = registry.all().find(({ version }) => version === inForce);
  const rival = now === undefined || isOld(now, order) ? undefined : now;
  const found = contest(hours, { days: order.days, inForce: rival });
  const verdict = verdictOf(found);
  const made = { backend: 'embedded' as const, source: 'prometheus' as const, createdAt: order.now, trained: { ...trained, source }, contest: found, verdict, references: referencesOf(hours), model };
  const promoted = verdict.promote && !order.dryRun;
  const lately = hours.filter(({ at }) => at >= order.now - dayMs);
  const record = order.dryRun ? made : registry.add(made);
  if (promoted && 'version' in record) registry.promote(record.version);
  // Against what advice goes by from now on, or would.
  const judgedBy = promoted || rival === undefined ? record : rival;
  const drift = driftOf(judgedBy.references, lately);
  if (!order.dryRun && 'version' in judgedBy) registry.keepDrift({ at: order.now, version: judgedBy.version, psi: drift });
  return { kind: 'train', record, promoted, drift, milliseconds: performance.now() - began };
}

/** A model says nothing any more when what it was trained on ended so long ago. */
export function isOld({ trained: { to } }: Pick<ModelRecord, 'trained'>, { now, maxAgeDays }: { readonly now: number; readonly maxAgeDays: number }): boolean {
  return now - to > maxAgeDays * dayMs;
}

function judged(hours: readonly LearningHour[], { order, told, source, began }: Context): BacktestResult {
  if (backtestDays(hours).length === 0) throw tooLittle(hours, { order, source, needed: `steady hours over more than ${learningLimits.backtestDays} days` });
  const report = backtest(hours, { limits: order.limits, seed: order.seed, circuitOf: order.circuitOf, onDay: (done, total) => told.progress({ step: 'deciding', done, total }) });
  return { kind: 'backtest', report, milliseconds: performance.now() - began };
}

function tooLittle(hours: readonly LearningHour[], { order: { days }, source, needed }: { readonly order: TaskOrder; readonly source: string; readonly needed: string }): HashfleetError {
  return new HashfleetError('too_little_data', `Prometheus at ${source} has ${hours.length} steady hours of the last ${days} days; ${needed} are needed. Does it scrape this exporter, and for long enough? Hours with starts, changes of preset or gaps do not count.`);
}
