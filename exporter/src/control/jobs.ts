/**
 * Runs actions on miners: by the rails, each written to journal and audit log before it is sent and read back after. What the death
 * of the process cuts in two goes on at the next start: what was not sent under the same rails, what may have been sent by reading
 * back only.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { ControlConfig, GroupsConfig } from '../config/schema.ts';
import { HashfleetError, messageOf } from '../errors.ts';
import type { Fleet, Miner } from '../fleet/fleet.ts';
import type { ChangeKind } from '../fleet/memory.ts';
import type { Logger } from '../log.ts';
import { hashingStates } from '../miners/reading.ts';
import { PollFailure, withoutSecrets, type Command, type CommandReply } from '../miners/driver.ts';
import { settingsDiff } from '../miners/settings.ts';
import { actionNames, actions, type Action, type ActionName, type Parameters, type View } from './actions.ts';
import { openApprovals, type Approval, type Approvals } from './approvals.ts';
import type { AuditEntry, AuditLog, AuditRecord } from './audit.ts';
import { createGuard, type Guard } from './guard.ts';
import { keptJobs, memoryLines, openJournal, type Before, type Job, type JobTarget, type Journal, type JournalEntry, type KeptJob, type TargetState } from './journal.ts';
import { lackSecrets, shownParameters } from './care-actions.ts';
import { readFacts, readManyFacts, type Facts, type Readable } from './facts.ts';
import { noMeans, type Means } from './means.ts';
import { confirmationMs, createConfirmations, fingerprintOf, makePlan, obstacle, obstacleNow, railMiner, type ActionOrder, type Confirmations, type Effect, type Plan } from './plan.ts';
import { jobDecision, minerDecision, outsideWindows, type Decision, type SentCommand, type Situation } from './rails.ts';
import { select, type Selection } from './select.ts';
import { tunedOf } from './verdicts.ts';

export type { Job, JobTarget, TargetState } from './journal.ts';

/** An order that names its miners, or what they have in common. */
export interface Wish extends Omit<ActionOrder, 'miners'> {
  readonly miners?: readonly string[] | undefined;
  readonly select?: Selection | undefined;
}

/** Who asks: the person and the name of the token. */
export interface Caller { readonly actor: string; readonly token: string }

/** `target` is what has changed; the job as a whole when absent. */
export type JobListener = (job: Job, target?: JobTarget) => void;

export interface Control {
  readonly enabled: boolean;
  readonly readOnly: boolean;
  /** Names of those that fit now. @throws HashfleetError payload_invalid where nobody does */
  select(selection: Selection): string[];
  /**
   * Reads live what a plan for this needs beyond the readings, of many miners at once and within a deadline: before `plan` and `start`, which
   * do not wait. Who cannot be read is skipped there, with the reason. @throws HashfleetError
   */
  prepare(wish: Wish, caller: Caller): Promise<void>;
  /** The same before `approve` and `confirmAnew`, which make the plan anew. @throws HashfleetError */
  prepareApproval(id: string): Promise<void>;
  /** What would be done; changes nothing. @throws HashfleetError */
  plan(wish: Wish, caller: Caller): { plan: Plan; confirmation?: { token: string; expiresAt: number } };
  /** Starts a job, or returns the one that the same idempotency key started. @throws HashfleetError, approval_needed too */
  start(wish: Wish, caller: Caller, proof: Proof): { plan: Plan; job: Job };
  /** As `start`; what needs a second person waits for one. @throws HashfleetError */
  submit(wish: Wish, caller: Caller, proof: Proof): { plan: Plan; job?: Job; approval?: Approval };
  /** Newest first. */
  approvals(): readonly Approval[];
  /** `fingerprint` is that of the plan that was looked at. @throws HashfleetError not_found, conflict, forbidden, confirmation_needed, confirmation_invalid */
  approve(id: string, fingerprint: string, caller: Caller): { approval: Approval; job: Job };
  /** Who asked for it says yes to the plan as it is by now. @throws HashfleetError not_found, conflict, forbidden, confirmation_invalid */
  confirmAnew(id: string, fingerprint: string, caller: Caller): Approval;
  /** By somebody else, or by who asked. @throws HashfleetError not_found, conflict, forbidden */
  reject(id: string, reason: string | undefined, caller: Caller): Approval;
  /** Looks at the clock: what waits for approval ends by itself. */
  tick(): void;
  job(id: string): Job | undefined;
  /** Newest first. */
  jobs(): readonly Job[];
  /** What is not sent yet is not sent. @throws HashfleetError not_found, forbidden */
  cancel(id: string, caller: Caller): Job;
  activeJob(miner: string): string | undefined;
  /** Calls after every change of the job; the returned function ends that. */
  watch(id: string, listener: JobListener): () => void;
  /** Goes on with what an earlier process left; once, before miners are polled. */
  resume(found: readonly KeptJob[]): void;
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
  /** Commands of the last day by miner, oldest first. */
  readonly sent: Map<string, SentCommand[]>;
  readonly counts: Map<string, { action: ActionName; outcome: string; count: number }>;
  /** A plan that is being looked at is not spoiled by a miner that is found meanwhile. */
  readonly confirmations: Confirmations;
  readonly approvals: Approvals;
}

/** Every outcome of every action is there from the start, at 0: a first failure is an increase. */
export function createControlHistory(now: () => number = Date.now, sentLately: readonly AuditEntry[] = [], approvals: Approvals = openApprovals()): ControlHistory {
  const outcomes = ['verified', 'failed', 'indeterminate', 'skipped', 'refused', 'dry_run'];
  const counts = new Map(actionNames.flatMap((action) => outcomes.map((outcome) => [`${action} ${outcome}`, { action, outcome, count: 0 }])));
  const sent = new Map<string, SentCommand[]>();
  for (const { miner, action, at } of sentLately) if (miner !== undefined && action !== undefined) remember(sent, miner, { action, at: Date.parse(at) });
  return { jobs: new Map(), jobByKey: new Map(), sent, counts, confirmations: createConfirmations(now), approvals };
}

function remember(sent: Map<string, SentCommand[]>, miner: string, command: SentCommand): void {
  sent.set(miner, [...(sent.get(miner) ?? []).filter(({ at }) => at > command.at - dayMs), command]);
}

export interface ControlOptions {
  readonly fleet: Fleet;
  readonly history?: ControlHistory;
  readonly config: ControlConfig;
  readonly audit: AuditLog;
  /** In memory when absent. */
  readonly journal?: Journal;
  readonly log: Logger;
  /** Unix ms. */
  readonly now?: () => number;
  /** Resolves after so many ms, or at once when aborted. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly profitChange?: (miner: Miner, effect: Effect) => number | undefined;
  /** Rating in W, where it is known. */
  readonly breakerWatts?: (circuit: string) => number | undefined;
  /** USD a day; absent where money is not known. */
  readonly profitOf?: (miner: Miner) => number | undefined;
  /** Named sets of miners. */
  readonly groups?: GroupsConfig;
  /** None of them when absent. */
  readonly means?: Means;
  /** No API tokens and no pools when absent: every caller is the exporter itself. */
  readonly guard?: Guard;
  /** An action is proved to have done what it should. */
  readonly onVerified?: (miner: string, action: ActionName, actor: string) => void;
}

/** What a caller gives to show that they mean it. */
export interface Proof {
  readonly confirmationToken?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** What an action with step-up wants typed. */
  readonly typed?: string | undefined;
}

/** Ms for one command; a settings write takes the firmware seconds (vnish-api.md, 7 row 17). */
const sendDeadlineMs = 15_000;
/** Ms for which what was read for a plan counts: as long as its confirmation holds. */
const factsCountMs = confirmationMs;
const firmwareNeeded = ({ needs }: Action) => needs.includes('firmware_file');
const pollDeadlineMs = 5_000;
const keptKeys = 1000;
const dayMs = 86_400_000;
/** Ms after which what waits for a change in the fleet is looked at again all the same. */
const lookAgainMs = 5000;
/** Miners that are read at once before a job goes on after a start. */
const readAtOnce = 32;
/** Failures of sending after which the command may well have arrived: the read-back decides (vnish-api.md, 7 row 20). */
const mayHaveArrived = new Set(['timeout', 'reset']);

const isOver = ({ state }: JobTarget) => state !== 'waiting' && state !== 'running' && state !== 'verifying';

/**
 * What was on the way when the process died and is in no journal is reported, never forgotten and never done twice. Once, at the start.
 */
export function reportUnfinished(audit: AuditLog, log: Logger, found: readonly KeptJob[] = []): void {
  for (const entry of audit.unfinished) {
    const target = found.find(({ job }) => job.id === entry.job)?.job.targets.find(({ miner }) => miner === entry.miner);
    if (target !== undefined && !isOver(target)) continue;
    const { state: outcome, detail } = target ?? { state: 'indeterminate', detail: 'the exporter stopped before the outcome was known; look at the miner' };
    audit.append({ actor: entry.actor, token: entry.token, event: 'outcome', outcome, ...(detail === undefined ? {} : { detail }), ...pick(entry) });
    log.warn({ job: entry.job, miner: entry.miner, action: entry.action }, target === undefined ? 'an action was on the way when the exporter stopped; its outcome is unknown' : 'an outcome was missing in the audit log');
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => undefined);
}

export function createControl({ fleet, config, audit, log, profitChange, breakerWatts, profitOf, groups = {}, journal = openJournal(memoryLines()), onVerified, sleep = rest, now = Date.now, means = noMeans(), history = createControlHistory(now), guard = createGuard({ api: { tokens: [] }, control: config, pools: [] }) }: ControlOptions): Control {
  const cancelled = new Map<string, AbortController>();
  const { jobs, jobByKey, sent, counts, confirmations, approvals } = history;
  const active = new Map<string, string>();
  const underway = new Map<string, ActionName>();
  const watchers = new Map<string, Set<JobListener>>();
  const stopping = new AbortController();
  // Every miner that is read back listens.
  setMaxListeners(0, stopping.signal);
  const running = new Set<Promise<void>>();
  /** Who waits for a change. */
  const sleepers = new Set<() => void>();
  const situation = (): Situation => ({
    now: now(), underway, sent: (miner) => sent.get(miner) ?? [], disruptive: (action) => actions[action].disruptive,
    *miners() {
      for (const miner of fleet.all()) yield railMiner(miner, fleet);
    },
  });
  /** What was read for a plan. */
  const read = new Map<string, { facts: Facts; reads: readonly Readable[]; at: number }>();
  const view = (miner: string): View => ({ facts: read.get(miner)?.facts ?? {}, means });
  const context = { view, fleet, control: config, activeJob: (miner: string) => active.get(miner), situation, profitChange, breakerWatts, guard };

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

  /** Called after every change of a target or a job. */
  function told(job: Job, target?: JobTarget): void {
    for (const listener of watchers.get(job.id) ?? []) listener(job, target);
  }

  /** Resolves after so many ms, at a change of any target, or at once when aborted. */
  async function idle(ms: number, signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const rouse = () => enough.abort();
    sleepers.add(rouse);
    await sleep(ms, AbortSignal.any([signal, enough.signal]));
    sleepers.delete(rouse);
  }

  function wake(): void {
    for (const rouse of sleepers) rouse();
    sleepers.clear();
  }

  const callerOf = ({ job, token }: KeptJob): Caller => ({ actor: job.actor, token });
  const waitingOf = (job: Job) => job.targets.filter(({ state }) => state === 'waiting');

  async function run(kept: KeptJob, resumed?: { refusal: string | undefined }): Promise<void> {
    const { job } = kept;
    const cancel = new AbortController();
    cancelled.set(job.id, cancel);
    const signal = AbortSignal.any([stopping.signal, cancel.signal]);
    const going = job.targets.filter(({ state }) => state === 'running' || state === 'verifying').map(async (target) => goOn(kept, target));
    if (resumed?.refusal === undefined) {
      if (resumed !== undefined) await readAnew(job);
      await send(kept, going, signal);
    } else {
      for (const target of waitingOf(job)) leave(kept, target, { state: 'cancelled', detail: resumed.refusal });
    }
    await Promise.all(going);
    cancelled.delete(job.id);
    // The next process goes on.
    if (stopping.signal.aborted && !job.targets.every(isOver)) return;
    if (job.state === 'running') job.state = 'finished';
    job.finishedAt = now();
    write({ type: 'end', job: job.id, state: job.state, finishedAt: job.finishedAt });
    told(job);
    watchers.delete(job.id);
  }

  async function readAnew(job: Job): Promise<void> {
    for (const names of chunks(waitingOf(job).map(({ miner }) => miner).filter((miner) => fleet.get(miner) !== undefined), readAtOnce)) {
      await Promise.all(names.map(async (name) => fleet.poll(name, { deadlineMs: pollDeadlineMs, pace: 'fresh' })));
    }
  }

  /** Sends what is waiting as the rails let it, until nothing is waiting. */
  async function send(kept: KeptJob, going: Promise<void>[], signal: AbortSignal): Promise<void> {
    const { job } = kept;
    const pauseMs = config.batch_pause_seconds * 1000;
    /** Times of the last batch, also of one that an earlier process sent. */
    const sentAt = job.targets.flatMap(({ startedAt }) => (startedAt === undefined ? [] : [startedAt])).sort((a, b) => a - b).slice(-config.batch_size);
    for (let waiting = waitingOf(job); waiting.length > 0 && !stopping.signal.aborted; waiting = waitingOf(job)) {
      if (job.state === 'cancelled') {
        for (const target of waiting) leave(kept, target, { state: 'cancelled', detail: 'not sent' });
        return;
      }
      // Within any time as long as the pause, at most one batch.
      let room = config.batch_size - sentAt.filter((at) => at + pauseMs > now()).length;
      if (room <= 0) {
        await sleep((sentAt[0] ?? now()) + pauseMs - now(), signal);
        continue;
      }
      let lookAt = now() + lookAgainMs;
      let moved = false;
      const roomBefore = room;
      /** Places where a miner has to wait already: the next one of them would too. */
      const held = new Set<string>();
      for (const target of waiting) {
        const { site = '', circuit = '' } = fleet.get(target.miner)?.config ?? {};
        const places = { canary: `canary ${target.model}`, floor: `floor ${site}`, circuit: `circuit ${site} ${circuit}` };
        if (room === 0) break;
        if (Object.values(places).some((place) => held.has(place))) continue;
        const decision = decide(kept, target);
        if (decision.say === 'go') {
          room -= 1;
          moved = true;
          going.push(act(kept, target));
        } else if (decision.say === 'leave') {
          moved = true;
          for (const one of decision.all === true ? waitingOf(job) : [target]) leave(kept, one, { state: decision.all === true ? 'cancelled' : 'skipped', detail: decision.reason });
          if (decision.all === true) return;
        } else {
          if (target.detail !== decision.reason) {
            target.detail = decision.reason;
            told(job, target);
          }
          lookAt = Math.min(lookAt, decision.at ?? lookAt);
          if (decision.rail === 'max_in_flight') break;
          held.add(places[decision.rail as keyof typeof places]);
        }
      }
      // Commands go out after this pass, whose lines on disk take their time: the pause counts from here.
      sentAt.push(...Array.from({ length: roomBefore - room }, now));
      sentAt.splice(0, sentAt.length - config.batch_size);
      if (!moved) await idle(Math.max(lookAt - now(), 10), signal);
    }
  }

  function shutNow({ action, override }: Job): string | undefined {
    return actions[action].disruptive && override === undefined ? outsideWindows(config.windows, now()) : undefined;
  }

  /** What the rails say of this target now. */
  function decide(kept: KeptJob, target: JobTarget): Decision {
    const { job } = kept;
    const shut = shutNow(job);
    if (shut !== undefined) return { say: 'leave', all: true, rail: 'window', reason: `not sent: ${shut}` };
    const miner = fleet.get(target.miner);
    const member = ({ miner: name, model, state }: JobTarget) => ({ name, model, state });
    const ofJob = jobDecision(member(target), { action: job.action, members: job.targets.map(member), limits: config });
    if (ofJob.say !== 'go') return ofJob;
    const reason = obstacleNow(target.miner, job, { ...context, caller: callerOf(kept) });
    if (reason !== undefined || miner === undefined) return { say: 'leave', rail: 'cooldown', reason: reason ?? 'there is no such miner' };
    return minerDecision(railMiner(miner, fleet), job.action, { situation: situation(), limits: config });
  }

  /** Sends the command to one miner and reads back. Nothing before the first await is put off: the next decision sees it as under way. */
  async function act(kept: KeptJob, target: JobTarget): Promise<void> {
    const { job } = kept;
    const action = actions[job.action];
    const about = { ...callerOf(kept), action: job.action, job: job.id, miner: target.miner };
    try {
      const reading = beforeOf(fleet.get(target.miner));
      Object.assign(target, { state: 'running', startedAt: now(), ...(reading === undefined ? {} : { before: reading }) });
      delete target.detail;
      underway.set(target.miner, job.action);
      told(job, target);
      const ready = await readyUp(kept, target);
      if (ready === undefined) return;
      const { command, changes } = ready;
      // Without a line in the journal and one in the audit log nothing is sent.
      journal.append({ type: 'step', job: job.id, target });
      audit.append({ ...about, event: 'sent', before: { ...observed(fleet.get(target.miner)), ...changes }, after: { ...withoutSecrets(command), ...(target.before?.backup === undefined ? {} : { backup: target.before.backup }) } });
      const sending = { action: job.action, at: now() };
      remember(sent, target.miner, sending);
      const delivery = await deliver(target.miner, { command, expectMs: action.longestSeconds * 1000, changes: action.changes, sendMs: (action.sendSeconds ?? 0) * 1000, shut: () => shutNow(job) }, () => {
        sent.set(target.miner, (sent.get(target.miner) ?? []).filter((one) => one !== sending));
      });
      if (delivery.detail !== undefined) target.detail = delivery.detail;
      if (action.intent !== undefined) fleet.setIntent(target.miner, action.intent, { author: job.actor });
      target.state = 'verifying';
      write({ type: 'step', job: job.id, target });
      told(job, target);
      await prove(kept, target, false);
    } catch (thrown) {
      finish(kept, target, { state: 'failed', detail: messageOf(thrown) });
      if (!(thrown instanceof PollFailure)) log.error({ ...pick({ ...about, event: 'sent' }), err: thrown }, 'an action failed');
    }
  }

  /**
   * Reads what the action needs, judges once more, and keeps the settings where they are to be written. Undefined where the miner was left
   * out after all. @throws PollFailure where it cannot be read, HashfleetError where the backup cannot be kept: nothing was sent
   */
  async function readyUp(kept: KeptJob, target: JobTarget): Promise<{ command: Command; changes: Record<string, string> } | undefined> {
    const { job } = kept;
    const action = actions[job.action];
    const unsent = (why: string) => new PollFailure('internal', `not sent: ${why}`, { sent: false });
    if (lackSecrets(job.parameters)) throw unsent('its passwords are not kept on disk, and the exporter was started anew; order it again');
    if (firmwareNeeded(action) && job.parameters.file !== undefined) await means.firmware.load(job.parameters.file);
    const reads = action.reads ?? [];
    const snapshot: readonly Readable[] = action.backsUp === true ? ['settings', 'presets'] : [];
    const wants = [...new Set([...reads, ...snapshot])];
    read.delete(target.miner);
    const facts = wants.length === 0 ? {} : await readFacts(fleet, target.miner, { wants });
    const miner = fleet.get(target.miner);
    if (facts.problem !== undefined) throw unsent(facts.problem);
    if (miner === undefined) throw unsent('the miner is no longer in the fleet');
    const seen: View = { facts, means };
    const assessment = action.assess(miner, job.parameters, seen);
    if ('skip' in assessment) {
      leave(kept, target, { state: 'skipped', detail: assessment.skip });
      return undefined;
    }
    // The file that was confirmed is the file that is sent.
    const planned = kept.plan.targets.find((one) => one.miner === target.miner)?.changes;
    if (firmwareNeeded(action) && JSON.stringify(planned) !== JSON.stringify(assessment.changes)) throw unsent('the file, or the miner\'s firmware, is another than in the plan');
    if (action.backsUp === true) await keepSettings(target, job.action, facts);
    const command = action.command(job.parameters, { miner, view: seen });
    return { command, changes: Object.fromEntries(assessment.changes.flatMap(({ field, from: old }) => (old === undefined ? [] : [[field, old]]))) };
  }

  async function keepSettings(target: JobTarget, reason: ActionName, { settings, presets }: Facts): Promise<void> {
    const before: Before = { ...target.before, ...(settings === undefined ? {} : { settings }), ...(presets === undefined ? {} : { tuned: tunedOf(presets) }) };
    const archive = await fleet.call(target.miner, async (driver) => driver.backup?.(AbortSignal.timeout(sendDeadlineMs))).catch((thrown: unknown) => {
      if (!(thrown instanceof PollFailure)) throw thrown;
      throw new PollFailure(thrown.reason, `not sent: its settings cannot be backed up first: ${thrown.message}`, { cause: thrown, sent: false });
    });
    target.before = { ...before, ...(archive === undefined ? {} : { backup: means.backups.keep(target.miner, { archive, ...(settings === undefined ? {} : { settings }), reason, at: now() }) }) };
  }

  /** After a write of settings: what is another now, and whether a tuned preset was lost over it. What cannot be read is left open. */
  async function lookAround(job: Job, target: JobTarget, outcome: Outcome): Promise<Outcome> {
    const action = actions[job.action];
    const { settings, tuned } = target.before ?? {};
    if (action.backsUp !== true || outcome.state !== 'verified' || settings === undefined) return outcome;
    const facts = await readFacts(fleet, target.miner, { wants: ['settings', 'presets'] });
    if (facts.settings !== undefined) target.changed = settingsDiff(settings, facts.settings);
    if (facts.presets === undefined || action.untunes === true) return outcome;
    const now = new Set(tunedOf(facts.presets));
    const lost = (tuned ?? []).filter((name) => !now.has(name));
    if (lost.length === 0) return outcome;
    return { state: 'failed', detail: `${outcome.detail}, but tuned presets were lost: ${lost.join(', ')}${backupHint(target)}` };
  }

  /** What may have been sent before the process died is read back only. */
  async function goOn(kept: KeptJob, target: JobTarget): Promise<void> {
    const { job } = kept;
    const action = actions[job.action];
    try {
      target.state = 'verifying';
      if (fleet.get(target.miner) === undefined) {
        finish(kept, target, { state: 'indeterminate', detail: 'the exporter stopped before the outcome was known, and the miner is no longer in the fleet' });
        return;
      }
      fleet.expect(target.miner, action.changes, Math.max(0, (target.startedAt ?? now()) + action.longestSeconds * 1000 - now()));
      if (action.intent !== undefined) fleet.setIntent(target.miner, action.intent, { author: job.actor });
      write({ type: 'step', job: job.id, target });
      await prove(kept, target, true);
    } catch (thrown) {
      finish(kept, target, { state: 'indeterminate', detail: `the exporter stopped before the outcome was known: ${messageOf(thrown)}` });
      log.error({ job: job.id, miner: target.miner, err: thrown }, 'an action cannot be read back');
    }
  }

  /** @throws PollFailure where the command did not arrive; after `unsent` where it certainly did not even go out. */
  async function deliver(miner: string, { command, expectMs, changes, sendMs = 0, shut }: { command: Command; expectMs: number; changes: readonly ChangeKind[]; sendMs?: number; shut?: () => string | undefined }, unsent: () => void): Promise<Pick<CommandReply, 'detail'>> {
    fleet.expect(miner, changes, expectMs);
    try {
      return await fleet.call(miner, async (driver) => {
        // A poll that was on the way may have taken the window's last seconds.
        const late = shut?.();
        if (late !== undefined) throw new PollFailure('internal', late, { sent: false });
        return driver.send(command, AbortSignal.timeout(Math.max(sendDeadlineMs, sendMs)));
      });
    } catch (thrown) {
      if (!(thrown instanceof PollFailure)) throw thrown;
      if (thrown.sent === false || thrown.reason === 'connect' || thrown.reason === 'dns') {
        unsent();
        throw new PollFailure(thrown.reason, `not sent: ${thrown.message}`, { cause: thrown, sent: false });
      }
      if (!mayHaveArrived.has(thrown.reason)) throw thrown;
      return { detail: 'no answer to the command; reading back' };
    }
  }

  /** Reads back to the outcome, rolls back where that is called for, and writes the outcome down. Nothing when the exporter stops. */
  async function prove(kept: KeptJob, target: JobTarget, atOnce: boolean): Promise<void> {
    const { job } = kept;
    if (target.rollBackTo !== undefined) {
      await proveRollBack(kept, target, { preset: target.rollBackTo, atOnce });
      return;
    }
    const outcome = await readBack(job, target, { parameters: job.parameters, since: target.startedAt ?? now(), atOnce });
    if (outcome === undefined) return;
    const preset = target.before?.preset?.name;
    const miner = fleet.get(target.miner);
    if (outcome.state === 'verified' && miner !== undefined) actions[job.action].settled?.(miner, job.parameters, { means, fleet });
    // Verification of a preset fails only where the miner itself reports a failure.
    if (outcome.state !== 'failed' || job.action !== 'preset' || !config.roll_back || preset === undefined || preset === 'disabled') {
      const hint = actions[job.action].undo?.startsWith('settings_restore') === true ? backupHint(target) : '';
      finish(kept, target, outcome.state === 'verified' ? await lookAround(job, target, outcome) : { ...outcome, detail: `${outcome.detail}${hint}` });
      return;
    }
    target.rollBackTo = preset;
    target.detail = outcome.detail;
    const about = { ...callerOf(kept), action: job.action, job: job.id, miner: target.miner };
    const command: Command = { action: 'preset', preset };
    try {
      journal.append({ type: 'step', job: job.id, target });
      audit.append({ ...about, event: 'roll_back', detail: outcome.detail, before: observed(fleet.get(target.miner)), after: withoutSecrets(command) });
      remember(sent, target.miner, { action: job.action, at: now() });
      await deliver(target.miner, { command, expectMs: actions.preset.longestSeconds * 1000, changes: actions.preset.changes }, () => undefined);
    } catch (thrown) {
      append({ ...about, event: 'roll_back', outcome: 'failed', detail: messageOf(thrown) });
      finish(kept, target, { state: 'failed', detail: `${outcome.detail}; the roll-back to ${preset} failed: ${messageOf(thrown)}` });
      return;
    }
    await proveRollBack(kept, target, { preset, atOnce: false });
  }

  async function proveRollBack(kept: KeptJob, target: JobTarget, { preset, atOnce }: { preset: string; atOnce: boolean }): Promise<void> {
    const cause = target.detail ?? 'failure';
    const outcome = await readBack(kept.job, target, { parameters: { preset }, since: now(), atOnce });
    if (outcome === undefined) {
      target.detail = cause;
      return;
    }
    append({ ...callerOf(kept), event: 'roll_back', action: kept.job.action, job: kept.job.id, miner: target.miner, outcome: outcome.state, detail: outcome.detail, after: observed(fleet.get(target.miner)) });
    finish(kept, target, { state: 'failed', detail: `${cause}; ${outcome.state === 'verified' ? `rolled back to ${preset}` : `the roll-back to ${preset} is ${outcome.state}: ${outcome.detail}`}` });
  }

  interface Outcome { readonly state: 'verified' | 'failed' | 'indeterminate'; readonly detail: string }

  /** Undefined when the exporter stops before anything is proved. */
  async function readBack(job: Job, target: JobTarget, { parameters, since, atOnce }: { parameters: Parameters; since: number; atOnce: boolean }): Promise<Outcome | undefined> {
    const action = actions[job.action];
    let [leftMining, wasAway] = [false, false];
    for (let first = true; ; first = false) {
      if (!(first && atOnce)) await sleep(config.verify_interval_seconds * 1000, stopping.signal);
      if (stopping.signal.aborted) return undefined;
      const elapsed = (now() - since) / 1000;
      const miner = await fleet.poll(target.miner, { deadlineMs: pollDeadlineMs, pace: 'fresh' });
      let seen = target.detail;
      if (miner.failure !== undefined) {
        if (action.endsAs !== undefined && miner.failure.reason === action.endsAs) return { state: 'verified', detail: miner.failure.detail };
        wasAway = true;
        seen = `out of reach (${miner.failure.reason})`;
      } else if (miner.reading !== undefined) {
        const after = miner.reading;
        if (after.state !== undefined && !hashingStates.has(after.state)) leftMining = true;
        const facts = await factsAfter(action, target, parameters);
        const { verdict, detail } = action.verify({ before: target.before, after, elapsed, leftMining, wasAway, facts }, parameters, { miner, means });
        if (verdict !== 'pending') return { state: verdict, detail };
        seen = detail;
      }
      // The cause of a roll-back stays what the target tells.
      if (target.rollBackTo === undefined && seen !== undefined && seen !== target.detail) {
        target.detail = seen;
        told(job, target);
      }
      if (elapsed > action.longestSeconds) return { state: 'indeterminate', detail: `not confirmed within ${action.longestSeconds} s; last seen: ${seen ?? 'nothing'}` };
    }
  }

  async function factsAfter(action: Action, { miner }: JobTarget, { credentials }: Parameters): Promise<Facts> {
    const wants = action.proofs ?? action.reads ?? [];
    if (wants.length === 0) return {};
    return readFacts(fleet, miner, { wants, password: credentials === undefined ? undefined : means.password(credentials) });
  }

  function finish(kept: KeptJob, target: JobTarget, { state, detail }: Outcome): void {
    if (state === 'verified') onVerified?.(target.miner, kept.job.action, kept.job.actor);
    over(kept, target, { state, detail, event: 'outcome' });
    count(kept.job.action, state);
  }

  /** Nothing was sent, and nothing will be. */
  function leave(kept: KeptJob, target: JobTarget, { state, detail }: { state: 'cancelled' | 'skipped'; detail: string }): void {
    over(kept, target, { state, detail, event: 'cancelled' });
    count(kept.job.action, 'skipped');
  }

  /** The audit log comes first: what stands there is not told again when the process dies in between. */
  function over(kept: KeptJob, target: JobTarget, { state, detail, event }: { state: TargetState; detail: string; event: 'outcome' | 'cancelled' }): void {
    const { job } = kept;
    const about = { action: job.action, job: job.id, miner: target.miner };
    Object.assign(target, { state, detail, finishedAt: now() });
    const after = { ...observed(fleet.get(target.miner)), ...(target.changed === undefined ? {} : { changed: target.changed }) };
    append({ ...callerOf(kept), event, ...about, outcome: state, detail, after });
    write({ type: 'step', job: job.id, target });
    log.info({ ...about, actor: job.actor, outcome: state, detail }, 'action');
    underway.delete(target.miner);
    active.delete(target.miner);
    told(job, target);
    wake();
  }

  /** For steps after the deed, as with the audit log. */
  function write(entry: JournalEntry): void {
    try {
      journal.append(entry);
    } catch (thrown) {
      log.error({ err: messageOf(thrown), job: entry.type === 'job' ? entry.kept.job.id : entry.job }, 'cannot write the journal of jobs');
    }
  }

  /** What journal and audit log together say of a target that an earlier process left. */
  function reconcile(kept: KeptJob, target: JobTarget, entries: readonly AuditEntry[]): void {
    const own = entries.filter(({ miner }) => miner === target.miner);
    const end = own.find(({ event, outcome }) => (event === 'outcome' || event === 'cancelled') && outcome !== undefined);
    if (end !== undefined) {
      Object.assign(target, { state: end.outcome, finishedAt: Date.parse(end.at), ...(end.detail === undefined ? {} : { detail: end.detail }) });
      write({ type: 'step', job: kept.job.id, target });
      return;
    }
    const command = own.find(({ event }) => event === 'sent');
    if (command !== undefined && target.state === 'waiting') Object.assign(target, { state: 'running', startedAt: Date.parse(command.at) });
    // The audit log has the job, but not this command: it was never sent.
    if (command === undefined && target.state === 'running' && entries.some(({ event }) => event === 'started')) target.state = 'waiting';
  }

  /** Why what an earlier process left waiting is not sent any more. */
  function refusalOf({ job }: KeptJob): string | undefined {
    const lastSign = Math.max(job.createdAt, ...job.targets.flatMap(({ startedAt = 0, finishedAt = 0 }) => [startedAt, finishedAt]));
    const seconds = Math.round((now() - lastSign) / 1000);
    if (!config.enabled || config.read_only) return 'not sent: the exporter was started anew, and control is switched off';
    if (seconds > config.resume_within_seconds) return `not sent: the exporter stood still for ${seconds} s, more than control.resume_within_seconds (${config.resume_within_seconds})`;
    return undefined;
  }

  function launch(kept: KeptJob, resumed?: { refusal: string | undefined }): void {
    const work = run(kept, resumed).finally(() => {
      running.delete(work);
    });
    running.add(work);
  }

  /** For entries after the deed: it is done, so a full disk may not hide it. */
  function append(record: AuditRecord): void {
    try {
      audit.append(record);
    } catch (thrown) {
      log.error({ err: messageOf(thrown), record }, 'cannot write the audit log');
    }
  }

  function enter({ job, plan, key, wish = '' }: KeptJob): void {
    jobs.set(job.id, job);
    trim(jobs, keptJobs, (old) => old.state !== 'running');
    if (key === undefined) return;
    jobByKey.set(key, { job, plan, order: wish });
    trim(jobByKey, keptKeys, () => true);
  }

  /** What the guard refuses is counted and audited. @throws HashfleetError */
  function planFor(order: ActionOrder, caller: Caller): Plan {
    try {
      return makePlan(order, { ...context, caller });
    } catch (thrown) {
      if (thrown instanceof HashfleetError && (thrown.code === 'forbidden' || thrown.code === 'not_allowed')) refuse(caller, order.action, thrown);
      throw thrown;
    }
  }

  /** @throws HashfleetError payload_invalid */
  function chosen(selection: Selection): string[] {
    return select(fleet.all(), selection, { groups, profitOf, isFresh: (miner) => fleet.isFresh(miner) });
  }

  function ordered({ miners, select: selection, ...order }: Wish): ActionOrder {
    if ((miners === undefined) === (selection === undefined)) throw new HashfleetError('payload_invalid', 'Give either "miners" or "select".', { field: 'miners' });
    return { ...order, miners: miners ?? chosen(selection ?? {}) };
  }

  const keyUsed = () => new HashfleetError('payload_invalid', 'This idempotencyKey was used for another request; take a new one for each.', { field: 'idempotencyKey' });

  /** The job that the same key started. @throws HashfleetError payload_invalid */
  function before(wanted: Wish, caller: Caller, { idempotencyKey }: Proof): { key: string | undefined; wish: string; earlier?: { plan: Plan; job: Job } } {
    const key = idempotencyKey === undefined ? undefined : `${caller.token} ${caller.actor} ${idempotencyKey}`;
    const earlier = key === undefined ? undefined : jobByKey.get(key);
    const wish = wishText(wanted);
    // To answer with that job would let the caller believe that this was done.
    if (earlier !== undefined && earlier.order !== wish) throw keyUsed();
    return { key, wish, ...(earlier === undefined ? {} : { earlier }) };
  }

  /** The plan, once nothing speaks against starting it. @throws HashfleetError */
  function checked(wanted: Wish, caller: Caller, { confirmationToken, typed }: Proof): { order: ActionOrder; plan: Plan } {
    checkSwitch(caller, wanted.action);
    const order = ordered(wanted);
    const plan = planFor(order, caller);
    if (plan.targets.length === 0) {
      const why = plan.skipped.map(({ miner, reason }) => `${miner}: ${reason}`).slice(0, 5).join('; ');
      refuse(caller, order.action, new HashfleetError('nothing_to_do', `No miner can take this action. ${why}`, { field: 'miners' }));
    }
    try {
      // First what leaves the confirmation good for another try.
      guard.checkStepUp(caller, order.action, { miners: plan.targets.map(({ miner }) => miner), typed });
      if (plan.needsConfirmation) confirmations.redeem(plan, caller.actor, confirmationToken);
    } catch (thrown) {
      if (thrown instanceof HashfleetError) refuse(caller, order.action, thrown);
      throw thrown;
    }
    checkWindow(plan, caller);
    return { order, plan };
  }

  function checkWindow(plan: Plan, caller: Caller): void {
    const shut = plan.rails.find(({ effect }) => effect === 'refuses');
    if (shut !== undefined) refuse({ actor: caller.actor, token: caller.token }, plan.action, new HashfleetError('not_now', `The action is ${shut.detail}. A token of scope admin may override it with a reason ("override").`, { field: 'override' }));
  }

  /** Writes the job down and starts it. @throws HashfleetError when it cannot be written */
  function begin(order: ActionOrder, plan: Plan, { caller, key, wish, approvedBy }: { caller: Caller; key: string | undefined; wish: string; approvedBy?: string }): { plan: Plan; job: Job } {
    const { actor, token } = caller;
    const job: Job = {
      id: randomUUID().slice(0, 8), action: order.action, parameters: order.parameters, actor, createdAt: now(), state: 'running',
      targets: plan.targets.map(({ miner }) => ({ miner, model: fleet.get(miner)?.model ?? 'unknown', state: 'waiting' })), ...(order.override === undefined ? {} : { override: order.override }),
    };
    const kept: KeptJob = { job, token, plan, ...(key === undefined ? {} : { key, wish }) };
    audit.append({
      actor, token, event: 'started', action: job.action, job: job.id, detail: job.targets.map(({ miner }) => miner).join(', '),
      after: {
        ...shownParameters(order.parameters), ...(order.override === undefined ? {} : { override: order.override }), ...(plan.stepUp === undefined ? {} : { typed: plan.stepUp.typed }),
        ...(approvedBy === undefined ? {} : { approvedBy }),
      },
    });
    try {
      journal.append({ type: 'job', kept: written(kept) });
    } catch (thrown) {
      append({ actor, token, event: 'cancelled', action: job.action, job: job.id, detail: messageOf(thrown) });
      throw thrown;
    }
    enter(kept);
    for (const { miner } of job.targets) active.set(miner, job.id);
    launch(kept);
    return { plan, job };
  }

  const aboutApproval = ({ id, order: { action }, plan }: Approval, { actor, token }: Caller) => ({ actor, token, action, detail: `approval ${id}: ${plan.targets.map(({ miner }) => miner).join(', ')}` });

  function expire(): void {
    for (const approval of approvals.all()) {
      if (approval.state !== 'awaiting_approval' || approval.expiresAt > now()) continue;
      try {
        approvals.put({ ...approval, state: 'expired' });
        append({ ...aboutApproval(approval, approval), event: 'expired' });
      } catch (thrown) {
        log.error({ err: messageOf(thrown), approval: approval.id }, 'an expired approval cannot be written');
      }
    }
  }

  /** @throws HashfleetError not_found, conflict */
  function waitingFor(id: string): Approval {
    expire();
    const approval = approvals.get(id);
    if (approval === undefined) throw new HashfleetError('not_found', `There is no approval "${id}". GET /api/v1/approvals lists them.`, { field: 'id', given: id });
    if (approval.state !== 'awaiting_approval' || approval.expiresAt <= now()) throw new HashfleetError('conflict', `The approval "${id}" is ${approval.state === 'awaiting_approval' ? 'expired' : approval.state}; ask for the action anew.`, { field: 'id', given: id });
    return approval;
  }

  /** The approval with its plan made anew, if it still is the plan that was looked at. `answers` checks who answers. @throws HashfleetError */
  function lookedAt(id: string, fingerprint: string, { caller, answers }: { caller: Caller; answers: (approval: Approval) => void }): { approval: Approval; plan: Plan } {
    const approval = waitingFor(id);
    try {
      answers(approval);
    } catch (thrown) {
      if (thrown instanceof HashfleetError && thrown.code === 'forbidden') refuse(caller, approval.order.action, thrown);
      throw thrown;
    }
    const plan = planFor(approval.order, { actor: approval.actor, token: approval.token });
    const now = fingerprintOf(plan);
    if (now !== approval.fingerprint) {
      approvals.put({ ...approval, plan, fingerprint: now, confirmed: false });
      throw new HashfleetError('confirmation_invalid', `The plan has changed: the fleet is another by now. Look at it again (GET /approvals); ${approval.actor} has to confirm it anew first.`, { field: 'fingerprint' });
    }
    if (fingerprint !== now) throw new HashfleetError('confirmation_invalid', 'This is not the fingerprint of the plan as it is now. Look at it again (GET /approvals).', { field: 'fingerprint', given: fingerprint });
    if (plan.targets.length === 0) throw new HashfleetError('nothing_to_do', 'No miner can take this action now.', { field: 'id', given: id });
    return { approval, plan };
  }

  async function prepare(wanted: Wish, caller: Caller): Promise<void> {
    const action = actions[wanted.action];
    if (!config.enabled || config.read_only) return;
    if (firmwareNeeded(action) && wanted.parameters.file !== undefined) await means.firmware.load(wanted.parameters.file);
    const { reads } = action;
    if (reads === undefined || action.mistake?.(wanted.parameters) !== undefined) return;
    for (const [miner, { at }] of read) if (at + factsCountMs <= now()) read.delete(miner);
    const order = ordered(wanted);
    const open = [...new Set(order.miners)].filter((miner) => {
      const known = read.get(miner);
      return obstacle(miner, order, { ...context, caller }) === undefined && (known === undefined || known.facts.problem !== undefined || !reads.every((one) => known.reads.includes(one)));
    });
    for (const [miner, facts] of await readManyFacts(fleet, open, reads)) read.set(miner, { facts, reads, at: now() });
  }

  return {
    select: chosen,
    enabled: config.enabled,
    readOnly: config.read_only,
    audit,
    prepare,
    async prepareApproval(id) {
      const { order, actor, token } = waitingFor(id);
      await prepare(order, { actor, token });
    },
    plan(wanted, caller) {
      checkSwitch(caller, wanted.action);
      const order = ordered(wanted);
      const plan = planFor(order, caller);
      count(order.action, 'dry_run');
      return plan.needsConfirmation ? { plan, confirmation: confirmations.issue(plan, caller.actor) } : { plan };
    },
    start(wanted, caller, proof) {
      const { key, wish, earlier } = before(wanted, caller, proof);
      if (earlier !== undefined) return earlier;
      const { order, plan } = checked(wanted, caller, proof);
      if (plan.fourEyes !== undefined) refuse(caller, order.action, new HashfleetError('approval_needed', `${plan.fourEyes}.`, { field: 'action' }));
      return begin(order, plan, { caller, key, wish });
    },
    submit(wanted, caller, proof) {
      const { key, wish, earlier } = before(wanted, caller, proof);
      if (earlier !== undefined) return earlier;
      const waiting = key === undefined ? undefined : approvals.all().find((one) => one.key === key);
      if (waiting !== undefined) {
        if (waiting.wish !== wish) throw keyUsed();
        return { plan: waiting.plan, approval: waiting };
      }
      const { order, plan } = checked(wanted, caller, proof);
      if (plan.fourEyes === undefined) return begin(order, plan, { caller, key, wish });
      const approval: Approval = {
        id: randomUUID().slice(0, 8), state: 'awaiting_approval', order, ...caller, requestedAt: now(), expiresAt: now() + guard.approvals.expiresMs, reason: plan.fourEyes,
        plan, fingerprint: fingerprintOf(plan), confirmed: true, ...(key === undefined ? {} : { key, wish }),
      };
      audit.append({ ...aboutApproval(approval, caller), event: 'requested' });
      approvals.put(approval);
      return { plan, approval };
    },
    approvals() {
      expire();
      return approvals.all();
    },
    approve(id, fingerprint, caller) {
      const { approval, plan } = lookedAt(id, fingerprint, { caller, answers: (found) => {
        checkSwitch(caller, found.order.action);
        guard.checkApprover(caller, found, { action: found.order.action, miners: found.plan.targets.flatMap(({ miner }) => fleet.get(miner)?.config ?? []) });
      } });
      if (!approval.confirmed) throw new HashfleetError('confirmation_needed', `The plan has changed since ${approval.actor} confirmed it; ${approval.actor} has to confirm it anew (POST /approvals/${id}/confirm).`, { field: 'fingerprint' });
      checkWindow(plan, approval);
      audit.append({ ...aboutApproval(approval, caller), event: 'approved' });
      const answered: Approval = { ...approval, state: 'approved', answeredBy: caller.actor, answeredAt: now() };
      // First on record: a process that dies in between has not started it, and nobody starts it twice.
      approvals.put(answered);
      const { job } = begin(approval.order, plan, { caller: approval, key: approval.key, wish: approval.wish ?? '', approvedBy: caller.actor });
      const done = { ...answered, job: job.id };
      approvals.put(done);
      return { approval: done, job };
    },
    confirmAnew(id, fingerprint, caller) {
      const { approval } = lookedAt(id, fingerprint, { caller, answers(found) {
        checkSwitch(caller, found.order.action);
        if (found.actor !== caller.actor || found.token !== caller.token) throw new HashfleetError('forbidden', `Only ${found.actor}, who asked for it, confirms it anew.`, { field: 'Authorization' });
      } });
      const confirmed: Approval = { ...approval, confirmed: true };
      audit.append({ ...aboutApproval(confirmed, caller), event: 'requested' });
      approvals.put(confirmed);
      return confirmed;
    },
    reject(id, reason, caller) {
      const approval = waitingFor(id);
      const own = approval.actor === caller.actor && approval.token === caller.token;
      try {
        if (!own) for (const miner of approval.plan.targets.flatMap(({ miner: name }) => fleet.get(name)?.config ?? [])) guard.checkDeed(caller, 'approve', miner);
      } catch (thrown) {
        if (thrown instanceof HashfleetError) refuse(caller, approval.order.action, thrown);
        throw thrown;
      }
      audit.append({ ...aboutApproval(approval, caller), event: 'rejected', ...(reason === undefined ? {} : { outcome: reason }) });
      const answered: Approval = { ...approval, state: 'rejected', answeredBy: caller.actor, answeredAt: now(), ...(reason === undefined ? {} : { answer: reason }) };
      approvals.put(answered);
      return answered;
    },
    tick: expire,
    job: (id) => jobs.get(id),
    jobs: () => [...jobs.values()].reverse(),
    cancel(id, caller) {
      const job = jobs.get(id);
      if (job === undefined) throw new HashfleetError('not_found', `There is no job "${id}".`);
      if (job.state === 'running') {
        try {
          guard.checkAction(caller, job.action);
          const foreign = waitingOf(job).map(({ miner }) => fleet.get(miner)).find((miner) => miner !== undefined && guard.outOfReach(caller, miner.config) !== undefined);
          if (foreign !== undefined) throw new HashfleetError('forbidden', `The job acts on ${foreign.config.name} too, which is not for the token "${caller.token}" (api.tokens: sites, miners).`, { field: 'id', given: id });
        } catch (thrown) {
          if (thrown instanceof HashfleetError) refuse(caller, job.action, thrown);
          throw thrown;
        }
        job.state = 'cancelled';
        append({ ...caller, event: 'cancelled', action: job.action, job: job.id, detail: 'what was not sent yet is not sent' });
        write({ type: 'end', job: job.id, state: 'cancelled' });
        cancelled.get(id)?.abort();
        told(job);
      }
      return job;
    },
    activeJob: (miner) => active.get(miner),
    watch(id, listener) {
      const list = watchers.get(id) ?? new Set();
      watchers.set(id, list);
      list.add(listener);
      return () => void list.delete(listener);
    },
    resume(found) {
      const open = found.filter(({ job }) => job.finishedAt === undefined);
      const entries = audit.ofJobs(new Set(open.map(({ job }) => job.id)));
      for (const kept of found) enter(kept);
      for (const kept of open) {
        const { job } = kept;
        const own = entries.filter((entry) => entry.job === job.id);
        if (own.some(({ event, miner }) => event === 'cancelled' && miner === undefined)) job.state = 'cancelled';
        for (const target of job.targets) {
          if (isOver(target)) continue;
          reconcile(kept, target, own);
          if (isOver(target)) continue;
          active.set(target.miner, job.id);
          if (target.state !== 'waiting') underway.set(target.miner, job.action);
        }
        log.warn({ job: job.id, action: job.action, waiting: waitingOf(job).length, sent: job.targets.filter(({ state }) => state === 'running' || state === 'verifying').length }, 'the exporter stopped during a job; it goes on');
      }
      // Only now: rails count what is under way in all of them.
      for (const kept of open) launch(kept, { refusal: refusalOf(kept) });
    },
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

/** The job as it may lie on disk. */
function written(kept: KeptJob): KeptJob {
  const parameters = shownParameters(kept.job.parameters);
  return { ...kept, job: { ...kept.job, parameters }, plan: { ...kept.plan, parameters } };
}

/** The same text for the same wish; a wish with a secret is told by its hash. */
function wishText(wish: Wish): string {
  const text = JSON.stringify(wish);
  return JSON.stringify(shownParameters(wish.parameters)) === JSON.stringify(wish.parameters) ? text : `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function backupHint({ before }: JobTarget): string {
  return before?.backup === undefined ? '' : `; the settings of before are kept as ${before.backup} (settings_restore)`;
}

function pick({ action, job, miner }: AuditRecord): Pick<AuditRecord, 'action' | 'job' | 'miner'> {
  return { ...(action === undefined ? {} : { action }), ...(job === undefined ? {} : { job }), ...(miner === undefined ? {} : { miner }) };
}

function beforeOf(miner: Miner | undefined): Before | undefined {
  if (miner?.reading === undefined) return undefined;
  const { state, stateSeconds, restarts, uptimeSeconds, preset } = miner.reading;
  return {
    ...(state === undefined ? {} : { state }), ...(stateSeconds === undefined ? {} : { stateSeconds }), ...(restarts === undefined ? {} : { restarts }),
    ...(uptimeSeconds === undefined ? {} : { uptimeSeconds }), ...(preset === undefined ? {} : { preset }),
  };
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
    ...(reading?.throttleRatio === undefined ? {} : { throttleRatio: reading.throttleRatio }),
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
