/** What an action would do, before it is done; and the token that confirms exactly that. */
import { createHash, randomBytes } from 'node:crypto';
import type { ControlConfig } from '../config/schema.ts';
import { HashfleetError } from '../errors.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { actions, type ActionName, type FieldChange, type Parameters } from './actions.ts';

/** Ms that a confirmation token holds (architecture.md, 6). */
export const confirmationMs = 120_000;

export interface ActionOrder {
  readonly action: ActionName;
  readonly miners: readonly string[];
  readonly parameters: Parameters;
}

export interface Plan {
  readonly action: ActionName;
  readonly parameters: Parameters;
  readonly targets: readonly { readonly miner: string; readonly changes: readonly FieldChange[]; readonly warning?: string }[];
  readonly skipped: readonly { readonly miner: string; readonly reason: string }[];
  readonly effect: { readonly powerWatts?: number; readonly hashrate?: number };
  readonly expectedSeconds: number;
  readonly needsConfirmation: boolean;
}

export interface PlanContext {
  readonly fleet: Fleet;
  readonly control: ControlConfig;
  /** The job that is acting on the miner, if any. */
  readonly activeJob: (miner: string) => string | undefined;
  /** Unix ms of the last disruptive action on the miner. */
  readonly lastDisrupted: (miner: string) => number | undefined;
  readonly now: () => number;
}

/** @throws HashfleetError payload_invalid for parameters that do not go with the action. */
export function makePlan(order: ActionOrder, context: PlanContext): Plan {
  const action = actions[order.action];
  if (order.action === 'preset' && order.parameters.preset === undefined) {
    throw new HashfleetError('payload_invalid', 'The action "preset" needs parameters.preset.', { field: 'parameters.preset', allowed: 'the name of a preset, as GET /rigs/{name}/presets lists them' });
  }
  const targets: { miner: string; changes: readonly FieldChange[]; warning?: string }[] = [];
  const skipped: { miner: string; reason: string }[] = [];
  const effects: { powerWatts: number[]; hashrate: number[] } = { powerWatts: [], hashrate: [] };
  for (const name of new Set(order.miners)) {
    const reason = obstacle(name, order, context);
    if (reason !== undefined) {
      skipped.push({ miner: name, reason });
      continue;
    }
    const miner = context.fleet.get(name);
    if (miner === undefined) continue;
    const assessment = action.assess(miner, order.parameters);
    if ('skip' in assessment) {
      skipped.push({ miner: name, reason: assessment.skip });
      continue;
    }
    const { changes, warning, powerWatts, hashrate } = assessment;
    targets.push({ miner: name, changes, ...(warning === undefined ? {} : { warning }) });
    if (powerWatts !== undefined) effects.powerWatts.push(powerWatts);
    if (hashrate !== undefined) effects.hashrate.push(hashrate);
  }
  const batches = Math.ceil(targets.length / context.control.batch_size);
  // A sum that lacks some targets would mislead: all or nothing.
  const sum = (values: readonly number[]) => (targets.length > 0 && values.length === targets.length ? values.reduce((total, value) => total + value, 0) : undefined);
  const [powerWatts, hashrate] = [sum(effects.powerWatts), sum(effects.hashrate)];
  return {
    action: order.action, parameters: order.parameters, targets, skipped,
    effect: { ...(powerWatts === undefined ? {} : { powerWatts }), ...(hashrate === undefined ? {} : { hashrate }) },
    expectedSeconds: targets.length === 0 ? 0 : action.usualSeconds + Math.max(0, batches - 1) * context.control.batch_pause_seconds,
    needsConfirmation: targets.length > 1 || (targets.length > 0 && action.confirm === 'always'),
  };
}

/** Why the miner cannot be acted on at all. */
function obstacle(name: string, order: ActionOrder, { fleet, control, activeJob, lastDisrupted, now }: PlanContext): string | undefined {
  const miner = fleet.get(name);
  if (miner === undefined) return 'there is no such miner';
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
  const last = lastDisrupted(name);
  if (actions[order.action].disruptive && last !== undefined) {
    const wait = Math.ceil((last + control.cooldown_seconds * 1000 - now()) / 1000);
    if (wait > 0) return `acted on just now; possible again in ${wait} s`;
  }
  return undefined;
}

export interface Confirmations {
  issue(plan: Plan, actor: string): { token: string; expiresAt: number };
  /** Uses the token up. @throws HashfleetError confirmation_needed, confirmation_invalid */
  redeem(plan: Plan, actor: string, token: string | undefined): void;
}

/** Tokens are single use, hold two minutes, and fit one plan of one person. */
export function createConfirmations(now: () => number): Confirmations {
  const open = new Map<string, { fingerprint: string; expiresAt: number }>();
  const fingerprint = (plan: Plan, actor: string) =>
    createHash('sha256').update(JSON.stringify([actor, plan.action, plan.parameters, [...plan.targets].sort((a, b) => a.miner.localeCompare(b.miner))])).digest('hex');
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
