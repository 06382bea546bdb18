/** What an action would do, before it is done; and the token that confirms exactly that. */
import { createHash, randomBytes } from 'node:crypto';
import { continuousLoadRatio, type ControlConfig } from '../config/schema.ts';
import { HashfleetError } from '../errors.ts';
import type { Fleet, Miner } from '../fleet/fleet.ts';
import { hashingStates } from '../miners/reading.ts';
import { actions, type ActionName, type FieldChange, type Parameters, type View } from './actions.ts';
import type { Guard, StepUp } from './guard.ts';
import { bindings, restNeeded, type Binding, type RailMiner, type Situation } from './rails.ts';

/** Ms that a confirmation token holds (architecture.md, 6). */
export const confirmationMs = 120_000;

export interface ActionOrder {
  readonly action: ActionName;
  readonly miners: readonly string[];
  readonly parameters: Parameters;
  /** Why an admin has it done outside the windows. */
  readonly override?: string | undefined;
}

export interface Plan {
  readonly action: ActionName;
  readonly parameters: Parameters;
  readonly targets: readonly { readonly miner: string; readonly changes: readonly FieldChange[]; readonly warning?: string }[];
  readonly skipped: readonly { readonly miner: string; readonly reason: string }[];
  /** USD a day is what the profit changes by. */
  readonly effect: { readonly powerWatts?: number; readonly hashrate?: number; readonly usdPerDay?: number };
  /** W of each circuit whose draw it changes. */
  readonly circuits: readonly CircuitDraw[];
  readonly expectedSeconds: number;
  readonly needsConfirmation: boolean;
  /** The rails that it will meet. */
  readonly rails: readonly Binding[];
  readonly override?: string;
  /** What must be typed when it is started. */
  readonly stepUp?: StepUp;
  /** Why a second person has to approve it. */
  readonly fourEyes?: string;
}

/** What all miners of a circuit draw together, in W; those that are not read now are counted with 0 and named in `unread`. */
export interface CircuitDraw {
  readonly site: string;
  readonly circuit: string;
  readonly powerWatts: number;
  readonly afterWatts: number;
  /** What may be drawn for hours: 80 % of the breaker's rating (`circuits` in fleet.yaml). */
  readonly mayDrawWatts?: number;
  readonly unread: number;
}

export interface PlanContext {
  readonly guard: Guard;
  /** Who asks: the person and the name of the token. */
  readonly caller: { readonly actor: string; readonly token: string };
  readonly fleet: Fleet;
  readonly control: ControlConfig;
  /** The job that is acting on the miner, if any. */
  readonly activeJob: (miner: string) => string | undefined;
  readonly situation: () => Situation;
  /** What was read of the miner for its plan, and what there is to act with. */
  readonly view: (miner: string) => View;
  /** Rating of a circuit's breaker in W, where it is known. */
  readonly breakerWatts?: ((circuit: string) => number | undefined) | undefined;
  /** USD a day by which the miner's profit changes with its power and hashrate; absent where money is not known. */
  readonly profitChange?: ((miner: Miner, effect: Effect) => number | undefined) | undefined;
}

export interface Effect { readonly powerWatts?: number; readonly hashrate?: number }

export function railMiner(miner: Miner, fleet: Fleet): RailMiner {
  const { config: { name, site, circuit }, model, reading } = miner;
  return { name, site, circuit, model, mining: fleet.isFresh(miner) && reading?.state !== undefined && hashingStates.has(reading.state) && (reading.hashrate ?? 0) > 0 };
}

/** @throws HashfleetError payload_invalid for parameters that do not go with the action, forbidden, not_allowed */
export function makePlan(order: ActionOrder, context: PlanContext): Plan {
  const action = actions[order.action];
  const { guard, caller } = context;
  guard.checkAction(caller, order.action);
  const mistake = action.mistake?.(order.parameters);
  if (mistake !== undefined) throw new HashfleetError('payload_invalid', mistake.message, { field: mistake.field, allowed: mistake.allowed });
  const targets: { miner: string; changes: readonly FieldChange[]; warning?: string }[] = [];
  const skipped: { miner: string; reason: string }[] = [];
  const effects: Record<'powerWatts' | 'hashrate' | 'usdPerDay', number[]> = { powerWatts: [], hashrate: [], usdPerDay: [] };
  const chosen: RailMiner[] = [];
  const draws = new Map<string, number>();
  for (const name of new Set(order.miners)) {
    const view = context.view(name);
    // Who could not be read for the plan is told so, whatever else that has led to.
    const reason = (action.reads === undefined ? undefined : view.facts.problem) ?? obstacle(name, order, context);
    if (reason !== undefined) {
      skipped.push({ miner: name, reason });
      continue;
    }
    const miner = context.fleet.get(name);
    if (miner === undefined) continue;
    const assessment = action.assess(miner, order.parameters, view);
    if ('skip' in assessment) {
      skipped.push({ miner: name, reason: assessment.skip });
      continue;
    }
    const { changes, warning, powerWatts, hashrate } = assessment;
    targets.push({ miner: name, changes, ...(warning === undefined ? {} : { warning }) });
    if (powerWatts !== undefined) {
      effects.powerWatts.push(powerWatts);
      draws.set(name, powerWatts);
    }
    if (hashrate !== undefined) effects.hashrate.push(hashrate);
    const usd = context.profitChange?.(miner, assessment);
    if (usd !== undefined) effects.usdPerDay.push(usd);
    chosen.push(railMiner(miner, context.fleet));
  }
  const reach = skipped.map(({ miner }) => foreign(miner, context));
  if (targets.length === 0 && reach.length > 0 && reach.every((reason) => reason !== undefined)) {
    throw new HashfleetError('forbidden', `None of these miners is for the token "${caller.token}" (api.tokens: sites, miners).`, { field: 'miners' });
  }
  const names = targets.map(({ miner }) => miner);
  guard.checkPools(order.parameters.pools, names, context.fleet);
  const [stepUp, fourEyes] = [guard.stepUp(order.action, names), targets.length === 0 ? undefined : guard.fourEyes(caller, order.action, names.length)];
  const batches = Math.ceil(targets.length / context.control.batch_size);
  // A sum that lacks some targets would mislead: all or nothing.
  const sum = (values: readonly number[]) => (targets.length > 0 && values.length === targets.length ? values.reduce((total, value) => total + value, 0) : undefined);
  const [powerWatts, hashrate, usdPerDay] = [sum(effects.powerWatts), sum(effects.hashrate), sum(effects.usdPerDay)];
  return {
    action: order.action, parameters: order.parameters, targets, skipped,
    effect: { ...(powerWatts === undefined ? {} : { powerWatts }), ...(hashrate === undefined ? {} : { hashrate }), ...(usdPerDay === undefined ? {} : { usdPerDay }) },
    circuits: circuitDraws(draws, context),
    expectedSeconds: targets.length === 0 ? 0 : action.usualSeconds + Math.max(0, batches - 1) * context.control.batch_pause_seconds,
    needsConfirmation: targets.length > 1 || (targets.length > 0 && (action.confirm === 'always' || stepUp !== undefined || fourEyes !== undefined)),
    rails: bindings(chosen, order.action, { situation: context.situation(), limits: context.control, override: order.override }),
    ...(order.override === undefined ? {} : { override: order.override }),
    ...(stepUp === undefined ? {} : { stepUp }), ...(fourEyes === undefined ? {} : { fourEyes }),
  };
}

/** The circuits of the miners whose draw changes by so many W. */
function circuitDraws(changes: ReadonlyMap<string, number>, { fleet, breakerWatts }: PlanContext): CircuitDraw[] {
  const touched = new Map<string, { site: string; circuit: string; change: number }>();
  for (const [name, change] of changes) {
    const { site, circuit } = fleet.get(name)?.config ?? {};
    if (site === undefined || circuit === undefined) continue;
    const key = JSON.stringify([site, circuit]);
    touched.set(key, { site, circuit, change: (touched.get(key)?.change ?? 0) + change });
  }
  if (touched.size === 0) return [];
  const now = new Map<string, { watts: number; unread: number }>();
  for (const miner of fleet.all()) {
    const key = JSON.stringify([miner.config.site, miner.config.circuit]);
    if (!touched.has(key)) continue;
    const watts = fleet.isFresh(miner) ? miner.reading?.powerWatts : undefined;
    const sum = now.get(key) ?? { watts: 0, unread: 0 };
    now.set(key, { watts: sum.watts + (watts ?? 0), unread: sum.unread + (watts === undefined ? 1 : 0) });
  }
  return [...touched].map(([key, { site, circuit, change }]) => {
    const { watts, unread } = now.get(key) ?? { watts: 0, unread: 0 };
    const rating = breakerWatts?.(circuit);
    return { site, circuit, powerWatts: watts, afterWatts: Math.max(0, watts + change), ...(rating === undefined ? {} : { mayDrawWatts: continuousLoadRatio * rating }), unread };
  });
}

/** Why the miner is not for this caller. */
function foreign(name: string, { fleet, guard, caller }: Pick<PlanContext, 'fleet' | 'guard' | 'caller'>): string | undefined {
  const miner = fleet.get(name);
  return miner === undefined ? undefined : guard.outOfReach(caller, miner.config);
}

/** Why the miner cannot be acted on at all. */
export function obstacle(name: string, order: Pick<ActionOrder, 'action'>, context: PlanContext): string | undefined {
  const { fleet, control, activeJob, situation } = context;
  const miner = fleet.get(name);
  if (miner === undefined) return 'there is no such miner';
  const reach = foreign(name, context);
  if (reach !== undefined) return reach;
  const { allow_miners: miners, allow_sites: sites } = control;
  const allowed = (miners === undefined && sites === undefined) || miners?.includes(name) === true || sites?.includes(miner.config.site) === true;
  if (!allowed) return 'not on the allow-list (control.allow_miners, control.allow_sites)';
  const lack = miner.lacks[order.action];
  if (lack !== undefined) return lack;
  const job = activeJob(name);
  if (job !== undefined) return `job ${job} is acting on it`;
  if (miner.failure?.reason === 'other_miner' || miner.failure?.reason === 'duplicate') return `another machine answers at its address (${miner.failure.reason})`;
  if (!fleet.isFresh(miner)) return miner.failure === undefined ? 'not read yet' : `cannot be reached (${miner.failure.reason})`;
  if (miner.credentials === 'refused' || miner.credentials === 'locked_out') return 'it refused the password; correct it in fleet.yaml';
  if (!actions[order.action].disruptive) return undefined;
  const now = situation();
  return restNeeded(now.sent(name), control, now);
}

/** Why a miner that was planned with should be left out after all, when its turn comes: much may have happened since. */
export function obstacleNow(name: string, order: Omit<ActionOrder, 'miners'>, context: Omit<PlanContext, 'activeJob'>): string | undefined {
  const found = obstacle(name, order, { ...context, activeJob: () => undefined });
  const miner = context.fleet.get(name);
  // Just after a start the presets may not be read yet, and they were checked when it was planned.
  if (found !== undefined || miner === undefined || (order.action === 'preset' && miner.presets === undefined)) return found;
  const action = actions[order.action];
  // What its plan read is read again just before the command, and judged there.
  if (action.reads !== undefined || action.needs.includes('firmware_file')) return undefined;
  const assessment = action.assess(miner, order.parameters, context.view(name));
  return 'skip' in assessment ? assessment.skip : undefined;
}

/** The same for the same plan, in whatever order its targets stand. */
export function fingerprintOf(plan: Plan): string {
  return createHash('sha256').update(JSON.stringify([plan.action, plan.parameters, plan.override ?? '', [...plan.targets].sort((a, b) => a.miner.localeCompare(b.miner))])).digest('hex');
}

export interface Confirmations {
  issue(plan: Plan, actor: string): { token: string; expiresAt: number };
  /** Uses the token up. @throws HashfleetError confirmation_needed, confirmation_invalid */
  redeem(plan: Plan, actor: string, token: string | undefined): void;
}

/** Tokens are single use, hold two minutes, and fit one plan of one person. */
export function createConfirmations(now: () => number): Confirmations {
  const open = new Map<string, { fingerprint: string; expiresAt: number }>();
  const fingerprint = (plan: Plan, actor: string) => createHash('sha256').update(JSON.stringify([actor, fingerprintOf(plan)])).digest('hex');
  return {
    issue(plan, actor) {
      for (const [token, { expiresAt }] of open) if (expiresAt <= now()) open.delete(token);
      const token = randomBytes(24).toString('base64url');
      const expiresAt = now() + confirmationMs;
      open.set(token, { fingerprint: fingerprint(plan, actor), expiresAt });
      return { token, expiresAt };
    },
    redeem(plan, actor, token) {
      if (token === undefined) throw new HashfleetError('confirmation_needed', 'This action needs a confirmation: ask for the plan first (dryRun: true) and send its confirmationToken.', { field: 'confirmationToken' });
      const known = open.get(token);
      open.delete(token);
      if (known === undefined || known.expiresAt <= now()) throw new HashfleetError('confirmation_invalid', 'The confirmation was used already or is older than two minutes. Look at the plan again.', { field: 'confirmationToken' });
      if (known.fingerprint !== fingerprint(plan, actor)) throw new HashfleetError('confirmation_invalid', 'The plan is no longer the one that was confirmed: the fleet or the request changed. Look at the plan again.', { field: 'confirmationToken' });
    },
  };
}
