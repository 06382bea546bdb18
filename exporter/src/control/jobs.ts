/** Runs actions on miners: batch by batch, each written to the audit log before it is sent and read back after. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlConfig } from '../config/schema.ts';
import { HashfleetError, messageOf } from '../errors.ts';
import type { Fleet, Miner } from '../fleet/fleet.ts';
import type { Logger } from '../log.ts';
import { hashingStates } from '../miners/reading.ts';
import { PollFailure } from '../miners/driver.ts';
import { actionNames, actions, type ActionName, type Parameters } from './actions.ts';
import type { AuditLog, AuditRecord } from './audit.ts';
import { createConfirmations, makePlan, type ActionOrder, type Confirmations, type Plan } from './plan.ts';

export type TargetState = 'waiting' | 'running' | 'verifying' | 'verified' | 'failed' | 'indeterminate' | 'skipped' | 'cancelled';

export interface JobTarget {
  readonly miner: string;
  state: TargetState;
  detail?: string;
  /** Unix ms. */
  startedAt?: number;
  finishedAt?: number;
}

export interface Job {
  readonly id: string;
  readonly action: ActionName;
  readonly parameters: Parameters;
  readonly actor: string;
  readonly createdAt: number;
  finishedAt?: number;
  state: 'running' | 'finished' | 'cancelled';
  readonly targets: JobTarget[];
}

/** Who asks: the person and the name of the token. */
export interface Caller { readonly actor: string; readonly token: string }

export interface Control {
  readonly enabled: boolean;
  readonly readOnly: boolean;
  /** What would be done; changes nothing. @throws HashfleetError */
  plan(order: ActionOrder, caller: Caller): { plan: Plan; confirmation?: { token: string; expiresAt: number } };
  /** Starts a job, or returns the one that the same idempotency key started. @throws HashfleetError */
  start(order: ActionOrder, caller: Caller, proof: { confirmationToken?: string | undefined; idempotencyKey?: string | undefined }): { plan: Plan; job: Job };
  job(id: string): Job | undefined;
  /** Newest first. */
  jobs(): readonly Job[];
  /** What is not sent yet is not sent. @throws HashfleetError not_found */
  cancel(id: string, caller: Caller): Job;
  activeJob(miner: string): string | undefined;
  /** Jobs that are running. */
  readonly running: number;
  /** Counts of outcomes by action. */
  outcomes(): Iterable<{ action: ActionName; outcome: string; count: number }>;
  readonly audit: AuditLog;
  close(): Promise<void>;
}

/** What outlives a change of the configuration. */
export interface ControlHistory {
  readonly jobs: Map<string, Job>;
  readonly jobByKey: Map<string, { job: Job; plan: Plan; order: string }>;
  /** Unix ms of the last disruptive action, by miner. */
  readonly disrupted: Map<string, number>;
  readonly counts: Map<string, { action: ActionName; outcome: string; count: number }>;
  /** A plan that is being looked at is not spoiled by a miner that is found meanwhile. */
  readonly confirmations: Confirmations;
}

/** Every outcome of every action is there from the start, at 0: a first failure is an increase. */
export function createControlHistory(now: () => number = Date.now): ControlHistory {
  const outcomes = ['verified', 'failed', 'indeterminate', 'skipped', 'refused', 'dry_run'];
  const counts = new Map(actionNames.flatMap((action) => outcomes.map((outcome) => [`${action} ${outcome}`, { action, outcome, count: 0 }])));
  return { jobs: new Map(), jobByKey: new Map(), disrupted: new Map(), counts, confirmations: createConfirmations(now) };
}

export interface ControlOptions {
  readonly fleet: Fleet;
  readonly history?: ControlHistory;
  readonly config: ControlConfig;
  readonly audit: AuditLog;
  readonly log: Logger;
  /** Unix ms. */
  readonly now?: () => number;
}

/** Ms for one command; a settings write takes the firmware seconds (vnish-api.md, 7 row 17). */
const sendDeadlineMs = 15_000;
const pollDeadlineMs = 5_000;
const keptJobs = 200;
const keptKeys = 1000;
/** Failures of sending after which the command may well have arrived: the read-back decides (vnish-api.md, 7 row 20). */
const mayHaveArrived = new Set(['timeout', 'reset']);

/**
 * What was on the way when the process died is reported, never forgotten and never done twice. Once, at the start.
 */
export function reportUnfinished(audit: AuditLog, log: Logger): void {
  for (const entry of audit.unfinished) {
    audit.append({ actor: entry.actor, token: entry.token, event: 'outcome', outcome: 'indeterminate', detail: 'the exporter stopped before the outcome was known; look at the miner', ...pick(entry) });
    log.warn({ job: entry.job, miner: entry.miner, action: entry.action }, 'an action was on the way when the exporter stopped; its outcome is unknown');
  }
}

export function createControl({ fleet, config, audit, log, now = Date.now, history = createControlHistory(now) }: ControlOptions): Control {
  const cancelled = new Map<string, AbortController>();
  const { jobs, jobByKey, disrupted, counts, confirmations } = history;
  const active = new Map<string, string>();
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  const context = { fleet, control: config, activeJob: (miner: string) => active.get(miner), lastDisrupted: (miner: string) => disrupted.get(miner), now };

  function count(action: ActionName, outcome: string): void {
    const key = `${action} ${outcome}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { action, outcome, count: 1 });
    else known.count += 1;
  }

  function refuse(caller: Caller, action: ActionName, error: HashfleetError): never {
    count(action, 'refused');
    append({ ...caller, event: 'refused', action, detail: error.message });
    throw error;
  }

  function checkSwitch(caller: Caller, action: ActionName): void {
    if (!config.enabled) refuse(caller, action, new HashfleetError('control_disabled', 'Control is switched off. Set "control: {enabled: true}" in fleet.yaml to allow actions.'));
    if (config.read_only) refuse(caller, action, new HashfleetError('control_disabled', 'Control is read-only (control.read_only in fleet.yaml).'));
  }

  async function run(job: Job, caller: Caller): Promise<void> {
    const batches = chunks(job.targets, config.batch_size);
    const cancel = new AbortController();
    cancelled.set(job.id, cancel);
    const signal = AbortSignal.any([stopping.signal, cancel.signal]);
    const verifying: Promise<void>[] = [];
    for (const [index, batch] of batches.entries()) {
      if (index > 0 && job.state === 'running') await sleep(config.batch_pause_seconds * 1000, undefined, { signal }).catch(() => undefined);
      verifying.push(...batch.map(async (target) => runTarget(job, target, caller)));
    }
    await Promise.all(verifying);
    cancelled.delete(job.id);
    if (job.state === 'running') job.state = 'finished';
    job.finishedAt = now();
  }

  async function runTarget(job: Job, target: JobTarget, caller: Caller): Promise<void> {
    const action = actions[job.action];
    const about = { action: job.action, job: job.id, miner: target.miner };
    try {
      if (job.state === 'cancelled' || stopping.signal.aborted) {
        finish('cancelled', 'not sent');
        return;
      }
      target.state = 'running';
      target.startedAt = now();
      const before = fleet.get(target.miner)?.reading;
      // Without a line in the audit log nothing is sent.
      audit.append({ ...caller, event: 'sent', ...about, before: observed(fleet.get(target.miner)), after: { ...action.command(job.parameters) } });
      fleet.expect(target.miner, action.changes, action.longestSeconds * 1000);
      if (action.disruptive) disrupted.set(target.miner, now());
      const sentAt = now();
      try {
        const reply = await fleet.call(target.miner, async (driver) => driver.send(action.command(job.parameters), AbortSignal.timeout(sendDeadlineMs)));
        if (reply.detail !== undefined) target.detail = reply.detail;
      } catch (thrown) {
        if (!(thrown instanceof PollFailure) || !mayHaveArrived.has(thrown.reason)) throw thrown;
        target.detail = 'no answer to the command; reading back';
      }
      if (action.intent !== undefined) fleet.setIntent(target.miner, action.intent, { author: caller.actor });
      target.state = 'verifying';
      await verify(job, target, { before, sentAt, finish });
    } catch (thrown) {
      finish('failed', messageOf(thrown));
      if (!(thrown instanceof PollFailure)) log.error({ ...about, err: thrown }, 'an action failed');
    } finally {
      active.delete(target.miner);
    }

    function finish(state: Extract<TargetState, 'verified' | 'failed' | 'indeterminate' | 'cancelled'>, detail: string): void {
      target.state = state;
      target.detail = detail;
      target.finishedAt = now();
      count(job.action, state === 'cancelled' ? 'skipped' : state);
      append({ ...caller, event: state === 'cancelled' ? 'cancelled' : 'outcome', ...about, outcome: state, detail, after: observed(fleet.get(target.miner)) });
      log.info({ ...about, actor: caller.actor, outcome: state, detail }, 'action');
    }
  }

  type Finish = (state: 'verified' | 'failed' | 'indeterminate', detail: string) => void;

  async function verify(job: Job, target: JobTarget, { before, sentAt, finish }: { before: Miner['reading']; sentAt: number; finish: Finish }): Promise<void> {
    const action = actions[job.action];
    let [leftMining, wasAway] = [false, false];
    for (;;) {
      try {
        await sleep(config.verify_interval_seconds * 1000, undefined, { signal: stopping.signal });
      } catch {
        finish('indeterminate', 'the exporter is stopping; look at the miner');
        return;
      }
      const elapsed = (now() - sentAt) / 1000;
      const miner = await fleet.poll(target.miner, { deadlineMs: pollDeadlineMs, pace: 'fresh' });
      if (miner.failure !== undefined) {
        wasAway = true;
        target.detail = `out of reach (${miner.failure.reason})`;
      } else if (miner.reading !== undefined) {
        const after = miner.reading;
        if (after.state !== undefined && !hashingStates.has(after.state)) leftMining = true;
        const { verdict, detail } = action.verify({ before, after, elapsed, leftMining, wasAway }, job.parameters);
        if (verdict !== 'pending') {
          finish(verdict, detail);
          return;
        }
        target.detail = detail;
      }
      if (elapsed > action.longestSeconds) {
        finish('indeterminate', `not confirmed within ${action.longestSeconds} s; last seen: ${target.detail ?? 'nothing'}`);
        return;
      }
    }
  }

  /** For entries after the deed: it is done, so a full disk may not hide it. */
  function append(record: AuditRecord): void {
    try {
      audit.append(record);
    } catch (thrown) {
      log.error({ err: messageOf(thrown), record }, 'cannot write the audit log');
    }
  }

  return {
    enabled: config.enabled,
    readOnly: config.read_only,
    audit,
    plan(order, caller) {
      checkSwitch(caller, order.action);
      const plan = makePlan(order, context);
      count(order.action, 'dry_run');
      return plan.needsConfirmation ? { plan, confirmation: confirmations.issue(plan, caller.actor) } : { plan };
    },
    start(order, caller, { confirmationToken, idempotencyKey }) {
      const key = idempotencyKey === undefined ? undefined : `${caller.token} ${caller.actor} ${idempotencyKey}`;
      const earlier = key === undefined ? undefined : jobByKey.get(key);
      const wish = JSON.stringify(order);
      if (earlier !== undefined) {
        // To answer with that job would let the caller believe that this was done.
        if (earlier.order !== wish) throw new HashfleetError('payload_invalid', 'This idempotencyKey was used for another request; take a new one for each.', { field: 'idempotencyKey' });
        return earlier;
      }
      checkSwitch(caller, order.action);
      const plan = makePlan(order, context);
      if (plan.targets.length === 0) {
        const why = plan.skipped.map(({ miner, reason }) => `${miner}: ${reason}`).slice(0, 5).join('; ');
        refuse(caller, order.action, new HashfleetError('nothing_to_do', `No miner can take this action. ${why}`, { field: 'miners' }));
      }
      try {
        if (plan.needsConfirmation) confirmations.redeem(plan, caller.actor, confirmationToken);
      } catch (thrown) {
        if (thrown instanceof HashfleetError) refuse(caller, order.action, thrown);
        throw thrown;
      }
      const job: Job = {
        id: randomUUID().slice(0, 8), action: order.action, parameters: order.parameters, actor: caller.actor, createdAt: now(), state: 'running',
        targets: plan.targets.map(({ miner }) => ({ miner, state: 'waiting' })),
      };
      audit.append({ ...caller, event: 'started', action: job.action, job: job.id, detail: job.targets.map(({ miner }) => miner).join(', '), after: { ...order.parameters } });
      jobs.set(job.id, job);
      for (const { miner } of job.targets) active.set(miner, job.id);
      trim(jobs, keptJobs, (old) => old.state !== 'running');
      if (key !== undefined) {
        jobByKey.set(key, { job, plan, order: wish });
        trim(jobByKey, keptKeys, () => true);
      }
      const work = run(job, caller).finally(() => running.delete(work));
      running.add(work);
      return { plan, job };
    },
    job: (id) => jobs.get(id),
    jobs: () => [...jobs.values()].reverse(),
    cancel(id, caller) {
      const job = jobs.get(id);
      if (job === undefined) throw new HashfleetError('not_found', `There is no job "${id}".`);
      if (job.state === 'running') {
        job.state = 'cancelled';
        cancelled.get(id)?.abort();
        append({ ...caller, event: 'cancelled', action: job.action, job: job.id, detail: 'what was not sent yet is not sent' });
      }
      return job;
    },
    activeJob: (miner) => active.get(miner),
    get running() {
      return running.size;
    },
    outcomes: () => counts.values(),
    async close() {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

function pick({ action, job, miner }: AuditRecord): Pick<AuditRecord, 'action' | 'job' | 'miner'> {
  return { ...(action === undefined ? {} : { action }), ...(job === undefined ? {} : { job }), ...(miner === undefined ? {} : { miner }) };
}

/** What the audit log keeps of a miner before and after. */
function observed(miner: Miner | undefined): Record<string, unknown> {
  const reading = miner?.reading;
  return {
    ...(reading?.state === undefined ? {} : { state: reading.state }),
    ...(reading?.preset === undefined ? {} : { preset: reading.preset.name }),
    ...(reading?.hashrate === undefined ? {} : { hashrate: reading.hashrate }),
    ...(reading?.powerWatts === undefined ? {} : { powerWatts: reading.powerWatts }),
    ...(reading?.locateOn === undefined ? {} : { locateOn: reading.locateOn }),
  };
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
}

/** Drops the oldest entries that may go. */
function trim<T>(map: Map<string, T>, most: number, mayGo: (value: T) => boolean): void {
  for (const [key, value] of map) {
    if (map.size <= most) return;
    if (mayGo(value)) map.delete(key);
  }
}
