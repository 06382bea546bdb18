/**
 * The rails of a job (architecture.md, 6): whether the next miner may be acted on now, later or not at all. Pure: the fleet and
 * the clock are passed in, and a decision says which rail made it and why.
 */
import { zoneOffset } from '../analytics/tariff.ts';
import { weekdays, type ControlConfig } from '../config/schema.ts';
import type { ActionName } from './actions.ts';
import type { TargetState } from './journal.ts';

export const railNames = ['window', 'daily_cap', 'cooldown', 'floor', 'circuit', 'max_in_flight', 'batch', 'canary', 'stop_on_failures'] as const;
export type RailName = (typeof railNames)[number];

/** A miner as far as rails go by it. */
export interface RailMiner {
  readonly name: string;
  readonly site: string;
  readonly circuit?: string | undefined;
  readonly model: string;
  /** Read a moment ago and hashing. */
  readonly mining: boolean;
}

/** One command of the last day. */
export interface SentCommand {
  readonly action: ActionName;
  /** Unix ms. */
  readonly at: number;
}

export interface Situation {
  /** Unix ms. */
  readonly now: number;
  /** The whole fleet. */
  readonly miners: () => Iterable<RailMiner>;
  /** What was sent in any job and whose outcome is open, by miner. */
  readonly underway: ReadonlyMap<string, ActionName>;
  /** Commands of the last day to a miner, oldest first. */
  readonly sent: (miner: string) => readonly SentCommand[];
  readonly disruptive: (action: ActionName) => boolean;
}

export type Decision =
  | { readonly say: 'go' }
  /** `at` is when to look again, Unix ms; without it a change in the fleet has to come first. */
  | { readonly say: 'wait'; readonly rail: RailName; readonly reason: string; readonly at?: number }
  /** The miner is left out, or with `all` everything that is not sent yet. */
  | { readonly say: 'leave'; readonly rail: RailName; readonly reason: string; readonly all?: true };

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** Windows repeat weekly; an hour more than a week covers a change of clocks. */
const farthestWindowMs = 7 * dayMs + 3_600_000;

/** Actions after which a miner draws its starting current (fleet-anchors.md, 6: one per circuit at a time); a change of preset may restart mining. */
const startingActions: ReadonlySet<ActionName> = new Set<ActionName>(['restart_mining', 'reboot', 'resume', 'start', 'preset', 'set_pools', 'settings_restore', 'factory_reset', 'firmware_update', 'firmware_remove']);
/** After these a miner comes back to mining by itself. */
const returningActions: ReadonlySet<ActionName> = new Set<ActionName>(['restart_mining', 'reboot', 'resume', 'start', 'preset', 'set_pools', 'settings_restore', 'firmware_update']);
/** Changes of which a first miner is watched before the others follow. */
const canaryActions: ReadonlySet<ActionName> = new Set<ActionName>(['preset', 'reboot', 'set_pools', 'cooling', 'password', 'settings_restore', 'factory_reset', 'firmware_update', 'firmware_remove']);
/** Of these a first miner is watched however few they are. */
const alwaysCanaryActions: ReadonlySet<ActionName> = new Set<ActionName>(['firmware_update', 'firmware_remove', 'factory_reset']);

export type ControlWindow = ControlConfig['windows'][number];

/** Whether a window is open, and when the next one opens (Unix ms), searched for a week. No windows: always open. */
export function windowAt(windows: readonly ControlWindow[], now: number): { readonly open: boolean; readonly opensAt?: number } {
  if (windows.length === 0 || windows.some((one) => holds(one, now))) return { open: true };
  // Windows begin at whole local minutes, which are whole minutes of UTC.
  const first = (Math.floor(now / minuteMs) + 1) * minuteMs;
  for (let at = first; at < now + farthestWindowMs; at += minuteMs) {
    if (windows.some((one) => holds(one, at))) return { open: false, opensAt: at };
  }
  return { open: false };
}

function holds({ days, from, to, timezone }: ControlWindow, at: number): boolean {
  const local = new Date(at + zoneOffset(timezone, at));
  const minute = local.getUTCHours() * 60 + local.getUTCMinutes();
  const [begin, end] = [from, to].map((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) as [number, number];
  const on = (day: number) => days?.includes(weekdays[(day + 7) % 7] ?? 'sun') ?? true;
  if (begin < end) return on(local.getUTCDay()) && minute >= begin && minute < end;
  return (on(local.getUTCDay()) && minute >= begin) || (on(local.getUTCDay() - 1) && minute < end);
}

/** Why a disruptive action may not begin now, with the next window; undefined when it may. */
export function outsideWindows(windows: readonly ControlWindow[], now: number): string | undefined {
  const { open, opensAt } = windowAt(windows, now);
  if (open) return undefined;
  return `outside the windows in which miners may be disturbed (control.windows); ${opensAt === undefined ? 'none opens within a week' : `the next opens at ${new Date(opensAt).toISOString()}`}`;
}

/** Why the miner's own past forbids it; undefined when it doesn't. */
export function restNeeded(sent: readonly SentCommand[], limits: Pick<ControlConfig, 'cooldown_seconds' | 'daily_cap'>, { now, disruptive }: Pick<Situation, 'now' | 'disruptive'>): string | undefined {
  const disturbed = sent.filter(({ action, at }) => disruptive(action) && at > now - dayMs);
  const wait = Math.ceil(((disturbed.at(-1)?.at ?? -Infinity) + limits.cooldown_seconds * 1000 - now) / 1000);
  if (wait > 0) return `acted on just now; possible again in ${wait} s`;
  const oldest = disturbed.at(-limits.daily_cap);
  if (disturbed.length < limits.daily_cap || oldest === undefined) return undefined;
  return `disturbed ${disturbed.length} times within a day already (control.daily_cap); possible again at ${new Date(oldest.at + dayMs).toISOString()}`;
}

/** How many of so many miners must stay mining. */
export function floorOf(miners: number, { count, ratio }: { count: number; ratio: number }): number {
  // 0.07 * 100 is a little more than 7 in binary.
  return Math.max(count, Math.ceil(Number((ratio * miners).toFixed(9))));
}

interface Floor { readonly where: string; readonly least: number; readonly mining: number; readonly returning: boolean }

function floorsFor(target: RailMiner, situation: Situation, limits: ControlConfig): Floor[] {
  const { min_mining_fleet: fleet, min_mining_fleet_ratio: fleetRatio, min_mining_site: site, min_mining_site_ratio: siteRatio } = limits;
  if (fleet === 0 && fleetRatio === 0 && site === 0 && siteRatio === 0) return [];
  const all = [...situation.miners()];
  const floor = (where: string, miners: readonly RailMiner[], wanted: { count: number; ratio: number }): Floor => {
    const disturbed = (name: string) => situation.disruptive(situation.underway.get(name) ?? 'locate');
    return {
      where, least: floorOf(miners.length, wanted),
      mining: miners.filter(({ name, mining }) => mining && !disturbed(name)).length,
      returning: miners.some(({ name }) => returningActions.has(situation.underway.get(name) ?? 'locate')),
    };
  };
  return [
    floor('the fleet', all, { count: fleet, ratio: fleetRatio }),
    floor(`site ${target.site}`, all.filter((one) => one.site === target.site), { count: site, ratio: siteRatio }),
  ];
}

/** Whether this miner may be acted on now. What concerns the job as a whole is `jobDecision`'s. */
export function minerDecision(target: RailMiner, action: ActionName, { situation, limits }: { situation: Situation; limits: ControlConfig }): Decision {
  const { now, underway, sent } = situation;
  if (underway.size >= limits.max_in_flight) {
    return { say: 'wait', rail: 'max_in_flight', reason: `${underway.size} miners are being acted on (control.max_in_flight)` };
  }
  if (situation.disruptive(action) && target.mining) {
    for (const { where, least, mining, returning } of floorsFor(target, situation, limits)) {
      if (mining - 1 >= least) continue;
      const reason = `${least} miners of ${where} must stay mining, and ${mining} are (control.min_mining_*)`;
      return returning ? { say: 'wait', rail: 'floor', reason } : { say: 'leave', rail: 'floor', reason };
    }
  }
  if (startingActions.has(action) && target.circuit !== undefined) {
    const others = [...situation.miners()].filter(({ site, circuit }) => site === target.site && circuit === target.circuit);
    const starting = others.filter(({ name }) => startingActions.has(underway.get(name) ?? 'locate')).length;
    if (starting >= limits.circuit_starts_at_once) return { say: 'wait', rail: 'circuit', reason: `${starting} of circuit ${target.circuit} are starting (control.circuit_starts_at_once)` };
    const last = Math.max(...others.flatMap(({ name }) => sent(name).filter((one) => startingActions.has(one.action)).map(({ at }) => at)), -Infinity);
    const at = last + limits.circuit_start_gap_seconds * 1000;
    if (at > now) return { say: 'wait', rail: 'circuit', reason: `a miner of circuit ${target.circuit} was started just now (control.circuit_start_gap_seconds)`, at };
  }
  return { say: 'go' };
}

/** A target as far as the job's own rails go by it. */
export interface JobMember { readonly name: string; readonly model: string; readonly state: TargetState }

const isUnderway = ({ state }: JobMember) => state === 'running' || state === 'verifying';
const isUnproved = ({ state }: JobMember) => state === 'failed' || state === 'indeterminate';

/** Whether a job of this size begins with one miner a model. */
export function hasCanary(action: ActionName, targets: number, { canary_above: above }: Pick<ControlConfig, 'canary_above'>): boolean {
  return canaryActions.has(action) && targets > (alwaysCanaryActions.has(action) ? 1 : above);
}

/** Whether the job may go on with this target: enough went well, and its canary did. */
export function jobDecision(target: JobMember, { action, members, limits }: { action: ActionName; members: readonly JobMember[]; limits: ControlConfig }): Decision {
  const unproved = members.filter(isUnproved).length;
  if (unproved >= limits.stop_after_failures) return { say: 'leave', all: true, rail: 'stop_on_failures', reason: `not sent: ${unproved} miners failed or could not be verified (control.stop_after_failures)` };
  // One of two is half, and proves little.
  if (unproved >= 2 && unproved / members.length >= limits.stop_failure_ratio) return { say: 'leave', all: true, rail: 'stop_on_failures', reason: `not sent: ${unproved} of ${members.length} miners failed or could not be verified (control.stop_failure_ratio)` };
  if (!hasCanary(action, members.length, limits)) return { say: 'go' };
  const models = groups(members);
  for (const [model, same] of models) {
    const bad = same.find(isUnproved);
    if (bad !== undefined && !same.some(({ state }) => state === 'verified')) return { say: 'leave', all: true, rail: 'canary', reason: `not sent: ${bad.name}, the first ${model}, is ${bad.state}` };
  }
  const proved = (same: readonly JobMember[]) => same.some(({ state }) => state === 'verified');
  const own = models.get(target.model) ?? [];
  const canary = own.find(isUnderway);
  if (!proved(own)) return canary === undefined ? { say: 'go' } : { say: 'wait', rail: 'canary', reason: `${canary.name} goes first` };
  const open = [...models.values()].filter((same) => !proved(same)).flat().find((one) => isUnderway(one) || one.state === 'waiting');
  return open === undefined ? { say: 'go' } : { say: 'wait', rail: 'canary', reason: `${open.name} goes first` };
}

/** A rail that this plan will meet, in words for the person who confirms it. */
export interface Binding { readonly rail: RailName; readonly effect: 'refuses' | 'slows' | 'may_stop'; readonly detail: string }

/** What the rails will do to a plan, before it begins. */
export function bindings(targets: readonly RailMiner[], action: ActionName, { situation, limits, override }: { situation: Situation; limits: ControlConfig; override?: string | undefined }): Binding[] {
  const found: Binding[] = [];
  const disruptive = situation.disruptive(action);
  const shut = disruptive ? outsideWindows(limits.windows, situation.now) : undefined;
  if (targets.length === 0) return found;
  if (shut !== undefined) found.push(override === undefined ? { rail: 'window', effect: 'refuses', detail: shut } : { rail: 'window', effect: 'slows', detail: `${shut}; overridden: ${override}` });
  if (hasCanary(action, targets.length, limits)) {
    const first = [...groups(targets)].map(([model, [one]]) => `${one?.name ?? ''} (${model})`);
    found.push({ rail: 'canary', effect: 'may_stop', detail: `${first.join(', ')} first; the others only after it is verified` });
  }
  const batches = Math.ceil(targets.length / limits.batch_size);
  if (batches > 1 && limits.batch_pause_seconds > 0) found.push({ rail: 'batch', effect: 'slows', detail: `${batches} batches of ${limits.batch_size}, ${limits.batch_pause_seconds} s apart` });
  if (targets.length > limits.max_in_flight) found.push({ rail: 'max_in_flight', effect: 'slows', detail: `at most ${limits.max_in_flight} miners at once` });
  if (startingActions.has(action)) {
    for (const [circuit, same] of groups(targets, ({ site, circuit: one }) => (one === undefined ? '' : `${one} of ${site}`))) {
      if (circuit !== '' && same.length > limits.circuit_starts_at_once) found.push({ rail: 'circuit', effect: 'slows', detail: `circuit ${circuit}: ${same.length} miners, ${limits.circuit_starts_at_once} at a time` });
    }
  }
  if (disruptive) {
    const seen = new Set<string>();
    for (const target of targets) {
      for (const { where, least, mining } of floorsFor(target, situation, limits)) {
        const here = targets.filter((one) => one.mining && (where === 'the fleet' || one.site === target.site)).length;
        if (seen.has(where) || mining - here >= least) continue;
        seen.add(where);
        found.push({ rail: 'floor', effect: returningActions.has(action) && mining > least ? 'slows' : 'may_stop', detail: `${least} miners of ${where} must stay mining, ${mining} are: at most ${Math.max(0, mining - least)} at once` });
      }
    }
  }
  if (targets.length > 1) found.push({ rail: 'stop_on_failures', effect: 'may_stop', detail: `the rest is not sent after ${limits.stop_after_failures} failures, or when ${Math.round(limits.stop_failure_ratio * 100)} % of the miners have failed` });
  return found;
}

function groups<T extends { readonly model: string }>(list: readonly T[], keyOf: (one: T) => string = ({ model }) => model): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const one of list) {
    const same = found.get(keyOf(one));
    if (same === undefined) found.set(keyOf(one), [one]);
    else same.push(one);
  }
  return found;
}
