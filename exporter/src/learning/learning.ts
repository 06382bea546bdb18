/**
 * Which model advice goes by, and how it comes to be: the promoted one while it is young, else the one that health's hours make every
 * hour. Trains at night and on demand, one task at a time, in a thread. Lives on over changes of the configuration.
 */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { EmbeddedBackend } from '../advice/backend.ts';
import type { Advice, DecisionRules } from '../advice/decision.ts';
import type { RatioModel } from '../analytics/ratio-model.ts';
import { HashfleetError, messageOf, type ErrorCode } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { BacktestReport } from './backtest.ts';
import { movedFeatures, type Drift } from './drift.ts';
import { dayMs } from './hours.ts';
import { openRegistry, type ModelRecord, type Registry, type RegistryState } from './registry.ts';
import { isOld, type Progress, type TaskOrder, type TaskResult } from './tasks.ts';
import type { FromTask } from './worker.ts';

/** Ms between two looks at the clock and at what a command may have changed in the registry. */
const lookEveryMs = 60_000;
const tasksKept = 20;
/** A measure of drift that is older says nothing of the present. */
const driftFreshMs = 2 * dayMs;

export interface LearningSettings {
  readonly prometheusUrl?: string | undefined;
  readonly nightly: boolean;
  /** Hour of the day, UTC. */
  readonly nightlyHour: number;
  readonly trainDays: number;
  readonly maxAgeDays: number;
  readonly limits: DecisionRules;
  readonly circuitOf: ReadonlyMap<string, string>;
}

export interface Task {
  readonly id: string;
  readonly kind: 'train' | 'backtest';
  readonly by: string;
  /** Unix ms. */
  readonly startedAt: number;
  endedAt?: number;
  state: 'running' | 'done' | 'failed';
  progress?: Progress;
  result?: TaskResult;
  failure?: { readonly code: ErrorCode; readonly message: string };
}

/** Where the model came from: `hours` is health's, `promises` says only what presets promise. */
export interface InForce { readonly version: string; readonly backend: 'embedded'; readonly source: 'prometheus' | 'hours' | 'promises'; readonly model: RatioModel; readonly trainedAt?: number }

export interface Learning {
  follow(settings: LearningSettings): void;
  /** Health has fitted one. */
  hourly(fitted: { readonly model: RatioModel; readonly at: number; readonly milliseconds: number }): void;
  readonly inForce: InForce;
  readonly hourlyModel: { readonly hours: number; readonly at: number; readonly milliseconds: number } | undefined;
  models(): readonly ModelRecord[];
  state(): RegistryState;
  /** @throws HashfleetError busy, conflict */
  run(kind: Task['kind'], how: { readonly by: string; readonly days?: number | undefined; readonly seed?: number | undefined; readonly dryRun?: boolean | undefined }): Task;
  task(id: string): Task | undefined;
  /** Newest first. */
  tasks(): readonly Task[];
  /** @throws HashfleetError not_found, conflict, internal */
  promote(version: number): void;
  rollback(): void;
  /** By feature; empty where nothing was measured lately. */
  drift(): Drift;
  /** About the fleet as a whole. */
  advice(): readonly Advice[];
  readonly lastBacktest: BacktestReport | undefined;
  /** Takes note of what a command changed, of a model that has grown old, and of the night. */
  look(): void;
  start(): void;
  close(): Promise<void>;
}

export interface LearningOptions {
  readonly dataFolder: string;
  readonly backend: EmbeddedBackend;
  readonly log: Logger;
  /** Unix ms. */
  readonly now?: () => number;
}

/** Where the models of a data folder lie. */
export function modelsFolder(dataFolder: string): string {
  return path.join(dataFolder, 'models');
}

export function openLearning({ dataFolder, backend, log, now = Date.now }: LearningOptions): Learning {
  const registry: Registry = openRegistry(modelsFolder(dataFolder), ({ file, why }) => log.error({ file, detail: why }, 'a file of the registry of models is damaged; advice goes on without it'));
  const promises = backend.model;
  let settings: LearningSettings | undefined;
  let hourly: { readonly model: RatioModel; readonly at: number; readonly milliseconds: number } | undefined;
  let inForce: InForce = { version: 'promises', backend: 'embedded', source: 'promises', model: promises };
  let models = registry.all();
  let state = registry.state();
  let stamp = registry.stamp();
  let lastBacktest: BacktestReport | undefined;
  let lastNight: number | undefined;
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout | undefined;
  const tasks: Task[] = [];

  function adopt(): void {
    const promoted = models.find(({ version }) => version === state.inForce);
    const next: InForce = promoted !== undefined && !isOld(promoted, { now: now(), maxAgeDays: settings?.maxAgeDays ?? 7 })
      ? { version: String(promoted.version), backend: 'embedded', source: 'prometheus', model: promoted.model, trainedAt: promoted.trained.to }
      : hourly === undefined ? { version: 'promises', backend: 'embedded', source: 'promises', model: promises } : { version: `hours-${new Date(hourly.at).toISOString()}`, backend: 'embedded', source: 'hours', model: hourly.model, trainedAt: hourly.at };
    if (next.version === inForce.version) return;
    if (next.source !== inForce.source || next.source === 'prometheus') log.info({ version: next.version, source: next.source, hours: next.model.hours }, 'advice goes by another model');
    inForce = next;
    backend.adopt(next.model, { version: next.version, trainedAt: next.trainedAt ?? now() });
  }

  function reread(): void {
    models = registry.all();
    state = registry.state();
    stamp = registry.stamp();
    adopt();
  }

  function run(kind: Task['kind'], { by, days, seed = 1, dryRun = false }: Parameters<Learning['run']>[1]): Task {
    const busy = tasks.find((task) => task.state === 'running');
    if (busy !== undefined) throw new HashfleetError('busy', `A ${busy.kind === 'train' ? 'training' : 'backtest'} is running (task ${busy.id}); one runs at a time. Try again when it has ended: GET /api/v1/ml/tasks/${busy.id}.`);
    if (settings?.prometheusUrl === undefined) throw new HashfleetError('conflict', 'No Prometheus is configured from which to learn: set prometheus.url in fleet.yaml.', { field: 'prometheus.url' });
    const { prometheusUrl, trainDays, maxAgeDays, limits, circuitOf } = settings;
    const task: Task = { id: randomUUID(), kind, by, startedAt: now(), state: 'running' };
    const order: TaskOrder = { kind, prometheusUrl, days: days ?? trainDays, now: now(), seed, maxAgeDays, limits, circuitOf, folder: modelsFolder(dataFolder), dryRun };
    const source = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    const made = new Worker(new URL(source, import.meta.url), { workerData: order });
    made.unref();
    worker = made;
    tasks.unshift(task);
    tasks.splice(tasksKept);
    const fail = (code: ErrorCode, message: string) => {
      if (task.state !== 'running') return;
      task.state = 'failed';
      task.failure = { code, message };
      ended();
    };
    const ended = () => {
      task.endedAt = now();
      if (worker === made) worker = undefined;
      if (task.failure === undefined) log.info({ task: task.id, kind, milliseconds: task.endedAt - task.startedAt }, 'a task of learning has ended');
      else log.error({ task: task.id, kind, err: task.failure.message }, 'a task of learning has failed; advice is as it was');
    };
    made.on('message', (message: FromTask) => {
      switch (message.kind) {
        case 'progress':
          task.progress = message.progress;
          return;
        case 'damage':
          log.error({ file: message.damage.file, detail: message.damage.why }, 'a file of the registry of models is damaged; advice goes on without it');
          return;
        case 'failed':
          fail(message.code, message.message);
          return;
        case 'done':
          task.state = 'done';
          task.result = message.result;
          if (message.result.kind === 'backtest') lastBacktest = message.result.report;
          else if (!dryRun) reread();
          ended();
      }
    });
    made.on('error', (thrown) => fail('internal', messageOf(thrown)));
    made.on('exit', () => fail('internal', 'The thread ended before its task was done.'));
    return task;
  }

  function drift(): Drift {
    return state.drift === undefined || now() - state.drift.at > driftFreshMs ? {} : state.drift.psi;
  }

  return {
    run, drift,
    follow(next) {
      settings = next;
      adopt();
    },
    hourly(fitted) {
      hourly = fitted;
      adopt();
    },
    get inForce() {
      return inForce;
    },
    get hourlyModel() {
      return hourly === undefined ? undefined : { hours: hourly.model.hours, at: hourly.at, milliseconds: hourly.milliseconds };
    },
    models: () => models,
    state: () => state,
    task: (id) => tasks.find((task) => task.id === id),
    tasks: () => tasks,
    promote(version) {
      registry.promote(version);
      reread();
    },
    rollback() {
      registry.rollback();
      reread();
    },
    advice() {
      const { stop } = movedFeatures(drift());
      const psi = drift();
      return stop.length === 0 ? [] : [{
        kind: 'data_quality', urgent: false, evidence: { modelHours: inForce.model.hours }, alternatives: [],
        text: `The fleet is not as it was when model ${state.drift?.version ?? inForce.version} was trained: ${stop.map((feature) => `${feature.replaceAll('_', ' ')} (PSI ${(psi[feature] ?? 0).toFixed(2)})`).join(', ')}, above 0.25. Apply no advice without looking; train anew (hashfleet train).`,
      }];
    },
    get lastBacktest() {
      return lastBacktest;
    },
    look() {
      if (registry.stamp() === stamp) adopt();
      else reread();
      const time = now();
      const today = Math.floor(time / dayMs);
      if (settings?.nightly !== true || settings.prometheusUrl === undefined || new Date(time).getUTCHours() !== settings.nightlyHour || lastNight === today || tasks.some((task) => task.state === 'running')) return;
      lastNight = today;
      run('train', { by: 'nightly' });
    },
    start() {
      timer ??= setInterval(() => {
        try {
          this.look();
        } catch (thrown) {
          log.error({ err: messageOf(thrown) }, 'the registry of models cannot be looked at');
        }
      }, lookEveryMs).unref();
    },
    async close() {
      clearInterval(timer);
      timer = undefined;
      await worker?.terminate();
    },
  };
}
