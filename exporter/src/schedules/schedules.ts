/**
 * Runs schedules. Every few seconds it works out anew what the schedules that hold want of each miner, and goes one step there, by
 * jobs that meet the same rails as a person's: nothing hangs on having been there when a window began. What it takes from a miner it
 * writes down first, and only that it ever gives back. Less power goes first; more power waits until all that is to draw less does,
 * and comes back one circuit after the other.
 */
import { priceAt } from '../analytics/tariff.ts';
import type { Config } from '../config/load.ts';
import type { ScheduleConfig } from '../config/schema.ts';
import type { Caller, Control, Job, Wish as Order } from '../control/jobs.ts';
import { floorOf } from '../control/rails.ts';
import type { Tariffs } from '../earnings/tariffs.ts';
import { HashfleetError, messageOf } from '../errors.ts';
import type { Fleet, FleetEvent, Miner } from '../fleet/fleet.ts';
import type { Logger } from '../log.ts';
import { holdsAt, type Calendar } from './calendar.ts';
import { actorOf, baselineOf, isSchedule, nextStep, scheduledMiner, type PresetMoney, type Step } from './facts.ts';
import { createPowerPrices } from './power-price.ts';
import { advance, levelOf, switchedOff, type PriceSwitch } from './price-switch.ts';
import { resolve, type Active, type Resolution, type RunOption, type ScheduledMiner } from './resolve.ts';
import type { Definitions, ScheduleStore } from './store.ts';

export interface ScheduleStatus {
  readonly schedule: ScheduleConfig;
  /** The API may change only its own. */
  readonly origin: 'file' | 'api';
  readonly enabled: boolean;
  /** Who switched it on or off, where it isn't as its entry says. */
  readonly switchedBy?: string | undefined;
  /** Unix ms since when it holds; absent while it does not. */
  readonly activeSince?: number | undefined;
  /** USD per kWh; absent where it goes by none or none is known. */
  readonly priceUsdPerKilowattHour?: number | undefined;
  readonly members: number;
  readonly taken: readonly { readonly miner: string; readonly since: number; readonly left?: string | undefined }[];
  readonly waiting: readonly { readonly miner: string; readonly reason: string }[];
  readonly failed: readonly { readonly miner: string; readonly reason: string }[];
  readonly suspended: readonly { readonly miner: string; readonly reason: string }[];
  readonly held: readonly { readonly miner: string; readonly reason: string }[];
  readonly conflicts: Resolution['conflicts'];
  readonly limit?: Resolution['limits'][number] | undefined;
  readonly problems: readonly string[];
}

export interface Schedules {
  /** One look: what holds now, and the next steps there. */
  tick(): void;
  list(): ScheduleStatus[];
  /** @throws HashfleetError not_found */
  get(name: string): ScheduleStatus;
  /** @throws HashfleetError conflict, payload_invalid */
  add(schedule: ScheduleConfig, caller: Caller): ScheduleStatus;
  change(name: string, schedule: ScheduleConfig, caller: Caller): ScheduleStatus;
  remove(name: string, caller: Caller): ScheduleConfig;
  /** Switched on anew it also takes up miners that it had left alone. */
  enable(name: string, enabled: boolean, caller: Caller): ScheduleStatus;
  /** All, with those that are switched off. */
  readonly all: readonly ScheduleConfig[];
  isEnabled(schedule: ScheduleConfig): boolean;
  /** @throws HashfleetError payload_invalid for a site or miner that is not there */
  check(schedule: ScheduleConfig): void;
  members(schedule: ScheduleConfig): string[];
  calendarOf(schedule: ScheduleConfig): Calendar;
  /** USD per kWh at a time, where it is known: of a tariff any time, of a file or URL the last. */
  priceOf(schedule: ScheduleConfig, at: number): number | undefined;
  facts(): Map<string, ScheduledMiner>;
  mostOff(facts: ReadonlyMap<string, ScheduledMiner>): (members: readonly ScheduledMiner[]) => number | undefined;
  close(): Promise<void>;
}

export interface SchedulesOptions {
  readonly config: Pick<Config, 'schedules' | 'sites' | 'control'>;
  readonly fleet: Fleet;
  readonly control: Control;
  readonly store: ScheduleStore;
  readonly tariffs: Tariffs;
  readonly money: PresetMoney;
  readonly log: Logger;
  /** Relative files of prices are looked up from here. */
  readonly folder: string;
  /** Unix ms. */
  readonly now?: () => number;
}

interface Look { readonly at: number; readonly holding: readonly Active[] }

/** What a person does with these is meant for the miner's power, and no schedule undoes it. */
const powerActions: ReadonlySet<string> = new Set(['pause', 'resume', 'start', 'stop', 'preset', 'throttle', 'restart_mining', 'reboot']);
/** Ms until a step that was refused or skipped is tried again. */
const tryAgainMs = 30_000;
const longestWaitMs = 15 * 60_000;
/** After so many failures in a row a limit is kept by the other miners. */
const failuresUntilFixed = 2;
/** A miner that was switched on again less long ago mines because of that, not because somebody wants it. */
const justBootedSeconds = 600;
const minuteMs = 60_000;

interface Attempt { readonly nextAt: number; readonly failures: number; readonly since: number; readonly reason: string }
interface OwnJob { readonly direction: 'down' | 'up'; readonly site: string; readonly circuit: string; readonly schedule: string; cancelled?: true }
interface Move { readonly miner: string; readonly site: string; readonly circuit: string; readonly schedule: string; readonly step: Step; readonly direction: 'down' | 'up' }

export function createSchedules({ config, fleet, control, store, tariffs, money, log, folder, now = Date.now }: SchedulesOptions): Schedules {
  const { state } = store;
  const prices = createPowerPrices({ folder, log, now });
  const attempts = new Map<string, Attempt>();
  const own = new Map<string, OwnJob>();
  /** By site: where and when power was given back last. */
  const givenBack = new Map<string, { circuit: string; at: number }>();
  let lastEvent: FleetEvent | undefined = fleet.events[0];
  let resolution: Resolution = { wishes: new Map(), conflicts: [], limits: [], problems: [] };
  let facts: ReadonlyMap<string, ScheduledMiner> = new Map();
  let looked = false;
  const canAct = control.enabled && !control.readOnly;

  const origins = () => new Map<string, { schedule: ScheduleConfig; origin: 'file' | 'api' }>([
    ...store.definitions.schedules.map((schedule) => [schedule.name, { schedule, origin: 'api' as const }] as const),
    ...config.schedules.map((schedule) => [schedule.name, { schedule, origin: 'file' as const }] as const),
  ]);
  const all = () => [...origins().values()].map(({ schedule }) => schedule);
  const isEnabled = ({ name, enabled }: ScheduleConfig) => store.definitions.switched[name]?.enabled ?? enabled;

  function members({ site, select: selection }: ScheduleConfig): string[] {
    if (site !== undefined) return [...fleet.all()].filter((miner) => miner.config.site === site).map((miner) => miner.config.name);
    try {
      return control.select(selection ?? {});
    } catch (thrown) {
      // No miner fits now; one may later.
      if (thrown instanceof HashfleetError && thrown.code === 'payload_invalid') return [];
      throw thrown;
    }
  }

  function calendarOf(schedule: ScheduleConfig): Calendar {
    const first = fleet.get(members(schedule)[0] ?? '')?.config.site;
    return { ...schedule, timezone: schedule.timezone ?? tariffs.zoneOf(schedule.site ?? first ?? '') };
  }

  function priceOf(schedule: ScheduleConfig, at: number, site = schedule.site): number | undefined {
    const { price } = schedule;
    if (price === undefined) return undefined;
    if (price.source === 'site') {
      const tariff = site === undefined ? undefined : tariffs.ofSite(site);
      return tariff === undefined ? undefined : priceAt(tariff, at);
    }
    const known = prices.of(schedule);
    return known === undefined || at - known.at > price.max_age_seconds * 1000 ? undefined : known.usd;
  }

  /** Moves the switches of a schedule that goes by price, and tells for which of its members it is on. */
  function dear(schedule: ScheduleConfig, names: readonly string[], at: number): string[] {
    const { price, name } = schedule;
    if (price === undefined) return [...names];
    const settings = {
      windowMs: price.window_minutes * minuteMs, windowsAbove: price.windows_above, windowsBelow: price.windows_below,
      minimumOnMs: (price.minimum_off_minutes ?? (price.break_even === true ? 120 : 0)) * minuteMs,
      releaseAfterMs: price.release_after_hours === undefined ? undefined : price.release_after_hours * 60 * minuteMs,
    };
    const before = state.prices[name] ?? {};
    const next: Record<string, PriceSwitch> = {};
    if (price.break_even !== true) {
      const level = levelOf(priceOf(schedule, at), { above: price.stop_above ?? Infinity, below: price.resume_below ?? -Infinity, immediate: price.immediate_above });
      next[''] = advance(before[''] ?? switchedOff, level, { at, settings });
    } else {
      for (const one of names) {
        const miner = fleet.get(one);
        const even = miner === undefined ? undefined : breakEven(miner);
        const usd = priceOf(schedule, at, miner?.config.site);
        const level = even === undefined ? 'unknown' : levelOf(usd, { above: even, below: even * (1 - price.break_even_margin_ratio), immediate: price.immediate_above });
        next[one] = advance(before[one] ?? switchedOff, level, { at, settings });
      }
    }
    state.prices[name] = next;
    return names.filter((one) => (next[''] ?? next[one])?.on === true);
  }

  /** USD per kWh above which no preset of the miner earns its power; the last known while a schedule has it stopped. */
  function breakEven(miner: Miner): number | undefined {
    const all = [...money(miner).values()].flatMap(({ breakevenUsdPerKilowattHour: usd }) => usd ?? []);
    if (all.length > 0) state.breakEvens[miner.config.name] = Math.max(...all);
    return state.breakEvens[miner.config.name];
  }

  function factsNow(): Map<string, ScheduledMiner> {
    return new Map([...fleet.all()].map((miner) => {
      const { name } = miner.config;
      return [name, scheduledMiner(miner, {
        isFresh: (one) => fleet.isFresh(one), control: config.control, taken: state.taken[name], money,
        suspended: state.suspended[name]?.reason, fixed: (attempts.get(name)?.failures ?? 0) >= failuresUntilFixed,
      })];
    }));
  }

  function mostOff(of: ReadonlyMap<string, ScheduledMiner>): (members: readonly ScheduledMiner[]) => number | undefined {
    const { min_mining_fleet: fleetCount, min_mining_fleet_ratio: fleetRatio, min_mining_site: siteCount, min_mining_site_ratio: siteRatio } = config.control;
    if (fleetCount + fleetRatio + siteCount + siteRatio === 0) return () => undefined;
    const everyone = [...of.values()];
    const room = (where: readonly ScheduledMiner[], floor: { count: number; ratio: number }) => Math.max(0, where.filter(({ mines }) => mines).length - floorOf(where.length, floor));
    return (names) => Math.min(
      room(everyone, { count: fleetCount, ratio: fleetRatio }),
      ...[...new Set(names.map(({ site }) => site))].map((site) => room(everyone.filter((one) => one.site === site), { count: siteCount, ratio: siteRatio })),
    );
  }

  /** Begins and ends what holds. A boundary lets go of what a person had taken over. */
  function activeNow(at: number): Active[] {
    const enabled = all().filter(isEnabled);
    prices.refresh(enabled);
    const holding = enabled.flatMap((schedule): Active[] => {
      if (!holdsAt(calendarOf(schedule), at)) {
        // A window that comes later begins with a count of its own.
        Reflect.deleteProperty(state.prices, schedule.name);
        return [];
      }
      const names = dear(schedule, members(schedule), at);
      return names.length === 0 ? [] : [{ schedule, members: names }];
    });
    const names = new Set(holding.map(({ schedule }) => schedule.name));
    const changed = new Set([...Object.keys(state.active).filter((name) => !names.has(name)), ...[...names].filter((name) => state.active[name] === undefined)]);
    for (const name of changed) {
      log.info({ schedule: name }, names.has(name) ? 'the schedule begins' : 'the schedule ends');
      if (names.has(name)) state.active[name] = at;
      else {
        Reflect.deleteProperty(state.active, name);
        Reflect.deleteProperty(state.plans, name);
      }
    }
    for (const [miner, { schedules }] of Object.entries(state.suspended)) if (schedules.some((name) => changed.has(name))) Reflect.deleteProperty(state.suspended, miner);
    return holding;
  }

  /** Leaves a miner to the person who acted on it. */
  function suspend(name: string, reason: string, { at, holding }: Look): void {
    const schedules = holding.filter(({ members: list }) => list.includes(name)).map(({ schedule }) => schedule.name);
    const was = state.taken[name];
    Reflect.deleteProperty(state.taken, name);
    attempts.delete(name);
    if (schedules.length === 0 || state.suspended[name] !== undefined) return;
    state.suspended[name] = { since: at, reason: `${reason}; schedules leave it alone until ${schedules.join(' or ')} ends`, schedules };
    log.info({ miner: name, schedules, reason, taken: was !== undefined }, 'schedules leave the miner alone');
  }

  /** What people did since a schedule holds or took the miner: by a job, by a statement, on the miner's own page. */
  function noticePeople(look: Look): void {
    const { at, holding } = look;
    const since = new Map<string, number>();
    for (const { schedule, members: names } of holding) for (const name of names) since.set(name, Math.min(since.get(name) ?? Infinity, state.active[schedule.name] ?? at));
    for (const [name, kept] of Object.entries(state.taken)) since.set(name, Math.min(since.get(name) ?? Infinity, kept.since));
    for (const job of control.jobs()) {
      if (isSchedule(job.actor) || !powerActions.has(job.action)) continue;
      for (const { miner, startedAt } of job.targets) {
        const from = since.get(miner);
        if (startedAt !== undefined && from !== undefined && startedAt >= from) suspend(miner, `${job.actor} sent ${job.action}`, look);
      }
    }
    for (const event of fleet.events) {
      if (event === lastEvent) break;
      if (state.taken[event.miner] === undefined || (event.kind !== 'preset' && event.kind !== 'mining')) continue;
      if (event.kind === 'mining' && (fleet.get(event.miner)?.reading?.uptimeSeconds ?? Infinity) < justBootedSeconds) continue;
      suspend(event.miner, `somebody changed ${event.kind} from ${event.from} to ${event.to} on the miner`, look);
    }
    lastEvent = fleet.events[0];
    for (const name of Object.keys(state.taken)) {
      const miner = fleet.get(name);
      if (miner === undefined) Reflect.deleteProperty(state.taken, name);
      // Whoever wants it stopped takes it over: no schedule starts it.
      else if ((miner.intent === 'stopped' || miner.intent === 'curtailed') && !isSchedule(miner.stated.author)) suspend(name, `${miner.stated.author ?? 'an operator'} wants it ${miner.intent}`, look);
    }
  }

  /** Jobs of ours that have ended: what failed is told and tried again later. */
  function noticeJobs(look: Look): void {
    const { at } = look;
    for (const [id, { direction, site, circuit, schedule, cancelled }] of own) {
      const job = control.job(id);
      if (job !== undefined && job.finishedAt === undefined) continue;
      own.delete(id);
      if (direction === 'up') givenBack.set(site, { circuit, at });
      for (const { miner, state: outcome, detail = '' } of job?.targets ?? []) {
        if (outcome === 'verified') attempts.delete(miner);
        else if (outcome === 'failed' || outcome === 'indeterminate') failed({ schedule, miner, reason: `${job?.action ?? 'action'} ${outcome}: ${detail}` }, at);
        else if (outcome === 'cancelled' && job?.state === 'cancelled' && cancelled === undefined) suspend(miner, `job ${id} was cancelled`, look);
        else postponed(miner, detail, at);
      }
    }
  }

  function failed({ schedule, miner, reason }: { schedule: string; miner: string; reason: string }, at: number): void {
    const failures = (attempts.get(miner)?.failures ?? 0) + 1;
    attempts.set(miner, { failures, reason, since: attempts.get(miner)?.since ?? at, nextAt: at + Math.min(longestWaitMs, tryAgainMs * 2 ** failures) });
    fleet.report({ miner, at, kind: 'schedule', from: schedule, to: reason });
    log.warn({ schedule, miner, reason }, 'a schedule could not do what it wants');
  }

  function postponed(miner: string, reason: string, at: number): void {
    const before = attempts.get(miner);
    attempts.set(miner, { failures: before?.failures ?? 0, since: before?.since ?? at, reason, nextAt: at + tryAgainMs });
  }

  const isRunning = ({ finishedAt }: Job) => finishedAt === undefined;

  /** Also those that an earlier process began. */
  function ownRunning(): { job: Job; about: OwnJob }[] {
    return control.jobs().filter((job) => isSchedule(job.actor) && isRunning(job)).map((job) => {
      const config = fleet.get(job.targets[0]?.miner ?? '')?.config;
      const about: OwnJob = own.get(job.id) ?? { direction: job.action === 'pause' ? 'down' : 'up', site: config?.site ?? '', circuit: config?.circuit ?? '', schedule: job.actor.slice(actorOf('').length) };
      own.set(job.id, about);
      return { job, about };
    });
  }

  /** The next step of each miner that does not run yet as is wanted; those that do are let go. */
  function moves(at: number, running: readonly { readonly job: Job }[]): Move[] {
    const found: Move[] = [];
    // Also those that a job has let go of and that is not over yet: what became of them is noticed when it is.
    const busy = new Set(running.flatMap(({ job }) => job.targets.map(({ miner }) => miner)));
    for (const name of new Set([...resolution.wishes.keys(), ...Object.keys(state.taken)])) {
      const [miner, fact, wish, taken] = [fleet.get(name), facts.get(name), resolution.wishes.get(name), state.taken[name]];
      if (miner === undefined || fact === undefined || fact.held !== undefined || !fleet.isFresh(miner) || miner.failure !== undefined) continue;
      const option = wish?.option ?? fact.options[0] ?? { kind: 'full' };
      if (taken === undefined && option.kind === 'full') continue;
      const baseline = taken?.baseline ?? baselineOf(miner);
      const step = nextStep(miner, option, baseline);
      const schedule = wish?.schedule ?? taken?.schedule ?? '';
      if (step === undefined) {
        arrived(miner, option);
        continue;
      }
      if (step.action === 'preset' && baseline.preset === undefined) {
        postponed(name, 'its present preset is not known, so it could not be given back', at);
        continue;
      }
      const direction = directionOf(miner, { option, step, options: fact.options, baseline });
      if (direction === 'up' && taken?.left !== undefined) continue;
      if (busy.has(name) || control.activeJob(name) !== undefined || (attempts.get(name)?.nextAt ?? 0) > at) continue;
      found.push({ miner: name, site: fact.site, circuit: fact.circuit ?? '', schedule, step, direction });
    }
    return found;
  }

  function arrived({ config: { name }, intent, stated, reading }: Miner, option: RunOption): void {
    attempts.delete(name);
    const taken = state.taken[name];
    if (option.kind === 'full') {
      Reflect.deleteProperty(state.taken, name);
      if (intent === 'curtailed' && isSchedule(stated.author)) fleet.setIntent(name, 'mine', {});
    } else if (option.kind === 'pause' && taken !== undefined && intent === 'stopped' && reading?.state === 'stopped') {
      fleet.setIntent(name, 'curtailed', { author: actorOf(taken.schedule), reason: `schedule ${taken.schedule}` });
    }
  }

  /** One job for all that take the same step; what was taken is on disk before. */
  function begin(list: readonly Move[], at: number): void {
    const [first] = list;
    if (first === undefined) return;
    const caller: Caller = { actor: actorOf(first.schedule), token: 'schedules' };
    const order: Order = { ...first.step, miners: list.map(({ miner }) => miner) };
    try {
      const { plan, confirmation } = control.plan(order, caller);
      for (const { miner, reason } of plan.skipped) postponed(miner, reason, at);
      const shut = plan.rails.find(({ effect }) => effect === 'refuses');
      if (shut !== undefined) for (const { miner } of plan.targets) postponed(miner, shut.detail, at);
      if (shut !== undefined || plan.targets.length === 0) return;
      for (const { miner: name } of plan.targets) {
        const [miner, before] = [fleet.get(name), state.taken[name]];
        if (before !== undefined) state.taken[name] = { ...before, schedule: first.schedule };
        else if (miner !== undefined) state.taken[name] = { schedule: first.schedule, since: at, baseline: baselineOf(miner), options: [...facts.get(name)?.options ?? []] };
      }
      store.saveState();
      const { job } = control.start(order, caller, { confirmationToken: confirmation?.token });
      own.set(job.id, { direction: first.direction, site: first.site, circuit: first.circuit, schedule: first.schedule });
    } catch (thrown) {
      if (!(thrown instanceof HashfleetError)) log.error({ err: thrown, schedule: first.schedule }, 'a schedule could not act');
      for (const { miner } of list) failed({ schedule: first.schedule, miner, reason: messageOf(thrown) }, at);
    }
  }

  function act(at: number): void {
    const running = ownRunning();
    const wanted = moves(at, running);
    for (const list of grouped(wanted.filter(({ direction }) => direction === 'down'), ({ schedule, site, step }) => JSON.stringify([schedule, site, step]))) begin(list, at);
    const ups = wanted.filter(({ direction }) => direction === 'up');
    for (const site of new Set(wanted.map((move) => move.site))) {
      const lowering = wanted.some((move) => move.site === site && move.direction === 'down');
      if (lowering) {
        // What is being given back must not go on while others have to draw less.
        for (const { job, about } of running) {
          if (about.site !== site || about.direction !== 'up' || job.state !== 'running') continue;
          about.cancelled = true;
          control.cancel(job.id, { actor: job.actor, token: 'schedules' });
        }
      }
      if (lowering || running.some(({ about }) => about.site === site)) continue;
      const here = ups.filter((move) => move.site === site).sort((a, b) => a.circuit.localeCompare(b.circuit));
      const last = givenBack.get(site);
      const same = here.find(({ circuit }) => circuit === last?.circuit) ?? here[0];
      if (same === undefined) continue;
      const gapMs = (origins().get(same.schedule)?.schedule.restore_gap_seconds ?? 60) * 1000;
      if (last !== undefined && last.circuit !== same.circuit && at - last.at < gapMs) continue;
      for (const list of grouped(here.filter(({ circuit }) => circuit === same.circuit), ({ schedule, step }) => JSON.stringify([schedule, step]))) begin(list, at);
    }
  }

  /** After a long absence nothing is started by itself: meanwhile somebody may have opened the machine. */
  function noticeAbsence(at: number): void {
    if (state.lookedAt === undefined) return;
    const seconds = Math.round((at - state.lookedAt) / 1000);
    for (const [name, taken] of Object.entries(state.taken)) {
      const most = origins().get(taken.schedule)?.schedule.resume_within_seconds ?? 86_400;
      if (seconds <= most || taken.left !== undefined) continue;
      state.taken[name] = { ...taken, left: `the exporter was away for ${seconds} s, more than resume_within_seconds (${most}): start it by hand, or switch the schedule on anew` };
      log.warn({ miner: name, schedule: taken.schedule, seconds }, 'the miner is not given back by itself: the exporter was away for too long');
    }
  }

  function tick(): void {
    const at = now();
    try {
      if (!looked) noticeAbsence(at);
      looked = true;
      const holding = activeNow(at);
      noticePeople({ at, holding });
      noticeJobs({ at, holding });
      facts = factsNow();
      resolution = resolve(holding, { miners: facts, plans: new Map(Object.entries(state.plans)), mostOff: mostOff(facts) });
      for (const { schedule, plan } of resolution.limits) state.plans[schedule] = { question: plan.question, choice: { ...plan.choice } };
      if (canAct) act(at);
      // Seconds are not worth a write.
      if (at - (state.lookedAt ?? 0) >= minuteMs || at < (state.lookedAt ?? 0)) state.lookedAt = at;
      store.saveState();
    } catch (thrown) {
      log.error({ err: thrown }, 'schedules could not be looked at; nothing was begun, the next look tries again');
    }
  }

  function statusOf({ schedule, origin }: { schedule: ScheduleConfig; origin: 'file' | 'api' }): ScheduleStatus {
    const { name } = schedule;
    const at = now();
    const names = members(schedule);
    const listed = new Set(names);
    const wanted = (miner: string) => resolution.wishes.get(miner)?.schedule === name || state.taken[miner]?.schedule === name;
    const late = ({ failures, since }: Attempt) => failures > 0 || at - since >= longestWaitMs;
    const tried = [...attempts].filter(([miner]) => wanted(miner)).map(([miner, attempt]) => ({ miner, reason: attempt.reason, late: late(attempt) }));
    const some = (list: readonly { miner: string; reason: string; late: boolean }[], isLate: boolean) => list.filter((one) => one.late === isLate).map(({ miner, reason }) => ({ miner, reason }));
    const active = isEnabled(schedule) && state.active[name] !== undefined;
    return {
      schedule, origin, enabled: isEnabled(schedule), switchedBy: store.definitions.switched[name]?.actor,
      activeSince: active ? state.active[name] : undefined,
      priceUsdPerKilowattHour: priceOf(schedule, at), members: names.length,
      taken: Object.entries(state.taken).filter(([, taken]) => taken.schedule === name).map(([miner, { since, left }]) => ({ miner, since, left })),
      waiting: some(tried, false), failed: some(tried, true),
      suspended: Object.entries(state.suspended).filter(([, { schedules }]) => schedules.includes(name)).map(([miner, { reason }]) => ({ miner, reason })),
      held: active ? names.flatMap((miner) => {
        const reason = facts.get(miner)?.held;
        return reason === undefined || state.suspended[miner] !== undefined ? [] : [{ miner, reason }];
      }) : [],
      conflicts: resolution.conflicts.filter(({ winner, loser, miner }) => (winner === name || loser === name) && listed.has(miner)),
      limit: resolution.limits.find((one) => one.schedule === name),
      problems: [
        ...(active && !canAct ? [control.readOnly ? 'control is read-only: this is a plan, and nothing is done' : 'control is switched off: this is a plan, and nothing is done'] : []),
        ...(names.length === 0 ? ['no miner fits'] : []),
        ...(schedule.price !== undefined && schedule.price.break_even !== true && active && priceOf(schedule, at) === undefined ? ['the price of power is not known: it holds what it has'] : []),
        ...resolution.problems.filter((one) => one.schedule === name).map(({ miner, reason }) => (miner === undefined ? reason : `${miner}: ${reason}`)),
      ],
    };
  }

  function found(name: string): { schedule: ScheduleConfig; origin: 'file' | 'api' } {
    const one = origins().get(name);
    if (one === undefined) throw new HashfleetError('not_found', `There is no schedule "${name}". GET /api/v1/schedules lists them.`, { field: 'name', given: name });
    return one;
  }

  function ofApi(name: string): ScheduleConfig {
    const { schedule, origin } = found(name);
    if (origin === 'file') throw new HashfleetError('conflict', `"${name}" is defined in fleet.yaml; change it there. It can be switched off here.`, { field: 'name', given: name });
    return schedule;
  }

  function check({ site, select: selection, do: { preset } }: ScheduleConfig): void {
    const sites = config.sites.map((one) => one.name);
    if (site !== undefined && !sites.includes(site)) throw new HashfleetError('payload_invalid', `site: there is no site "${site}".`, { field: 'site', given: site, allowed: sites.join(', ') });
    const names = selection === undefined ? members({ site } as ScheduleConfig) : control.select(selection);
    const lists = names.flatMap((name) => fleet.get(name)?.presets ?? []);
    if (preset !== undefined && lists.length > 0 && !lists.some((one) => one.name === preset)) throw new HashfleetError('payload_invalid', `do.preset: none of these miners has a preset "${preset}".`, { field: 'do.preset', given: preset, allowed: [...new Set(lists.map((one) => one.name))].join(', ') });
  }

  /** Into the audit log first, then on disk, then in force. */
  function write(next: Definitions, { caller, detail, before, after }: { caller: Caller; detail: string; before?: ScheduleConfig; after?: ScheduleConfig }): void {
    control.audit.append({ ...caller, event: 'schedule', detail, ...(before === undefined ? {} : { before: { ...before } }), ...(after === undefined ? {} : { after: { ...after } }) });
    store.saveDefinitions(next);
  }

  return {
    tick, members, calendarOf, check, isEnabled, mostOff, priceOf,
    facts: factsNow,
    get all() {
      return all();
    },
    list: () => [...origins().values()].map(statusOf),
    get: (name) => statusOf(found(name)),
    add(schedule, caller) {
      if (origins().has(schedule.name)) throw new HashfleetError('conflict', `There is a schedule "${schedule.name}" already; change it with PUT, or take another name.`, { field: 'name', given: schedule.name });
      check(schedule);
      const { schedules, ...rest } = store.definitions;
      write({ ...rest, schedules: [...schedules, schedule] }, { caller, detail: `${schedule.name}: added`, after: schedule });
      return statusOf(found(schedule.name));
    },
    change(name, schedule, caller) {
      const before = ofApi(name);
      if (schedule.name !== name) throw new HashfleetError('payload_invalid', `name: the schedule is "${name}"; a name is never changed, since what it took goes by it.`, { field: 'name', given: schedule.name, allowed: name });
      check(schedule);
      const { schedules, ...rest } = store.definitions;
      write({ ...rest, schedules: schedules.map((one) => (one.name === name ? schedule : one)) }, { caller, detail: `${name}: changed`, before, after: schedule });
      return statusOf(found(name));
    },
    remove(name, caller) {
      const before = ofApi(name);
      const { schedules, switched, ...rest } = store.definitions;
      write({ ...rest, schedules: schedules.filter((one) => one.name !== name), switched: Object.fromEntries(Object.entries(switched).filter(([one]) => one !== name)) }, { caller, detail: `${name}: removed`, before });
      return before;
    },
    enable(name, enabled, caller) {
      found(name);
      const { switched, ...rest } = store.definitions;
      write({ ...rest, switched: { ...switched, [name]: { enabled, actor: caller.actor } } }, { caller, detail: `${name}: switched ${enabled ? 'on' : 'off'}` });
      if (enabled) {
        for (const [miner, { schedules }] of Object.entries(state.suspended)) if (schedules.includes(name)) Reflect.deleteProperty(state.suspended, miner);
        for (const [miner, { left: _left, ...taken }] of Object.entries(state.taken)) if (taken.schedule === name) state.taken[miner] = taken;
        // What people did before now is not held against it.
        if (state.active[name] !== undefined) state.active[name] = now();
      }
      return statusOf(found(name));
    },
    close: async () => prices.close(),
  };
}

function directionOf(miner: Miner, { option, step, options, baseline }: { option: RunOption; step: Step; options: readonly RunOption[]; baseline: { preset?: string | undefined; throttle?: number | undefined } }): 'down' | 'up' {
  if (step.action === 'pause') return 'down';
  if (step.action === 'resume' || miner.reading?.state === 'stopped') return 'up';
  const present = options.find((one) => nextStep(miner, one, baseline) === undefined);
  const [from, to] = [present?.watts ?? miner.reading?.powerWatts, option.watts];
  return from !== undefined && to !== undefined && to < from ? 'down' : 'up';
}

function grouped<T>(list: readonly T[], keyOf: (one: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const one of list) groups.set(keyOf(one), [...groups.get(keyOf(one)) ?? [], one]);
  return [...groups.values()];
}
