/**
 * What the schedules that hold now want of each miner. The higher priority counts, miner by miner; at the same priority the one that
 * draws less. A limit in kW is a bound and no wish to mine: what a schedule of lower priority takes besides stays taken, and what one
 * of higher priority wants is not touched, so that the limit has to be kept by the other miners. Pure.
 */
import { curtail, type CurtailMiner, type CurtailOption } from '../analytics/curtailment.ts';
import type { ScheduleConfig } from '../config/schema.ts';

/** One way to run a miner; a figure that is not known is absent. */
export interface RunOption {
  readonly kind: 'full' | 'throttle' | 'preset' | 'pause';
  readonly preset?: string | undefined;
  /** Percent. */
  readonly throttle?: number | undefined;
  readonly watts?: number | undefined;
  readonly hashrate?: number | undefined;
  readonly profitUsdPerDay?: number | undefined;
}

export interface ScheduledMiner {
  readonly name: string;
  readonly site: string;
  readonly circuit?: string | undefined;
  /** Why schedules leave it alone: what an operator wants of it, another firmware. */
  readonly held?: string | undefined;
  /** It is not to be acted on now, and stays as it was left. */
  readonly fixed?: boolean | undefined;
  /** The first is `full`: how it runs when no schedule wants anything. */
  readonly options: readonly RunOption[];
  /** W that it draws now, or would when somebody switches it on; absent where that is not known. */
  readonly watts?: number | undefined;
  /** It mines, or a schedule took it down. */
  readonly mines: boolean;
}

export interface Active {
  readonly schedule: ScheduleConfig;
  readonly members: readonly string[];
}

export interface Wish { readonly schedule: string; readonly option: RunOption }

export interface Conflict {
  readonly miner: string;
  readonly winner: string;
  readonly loser: string;
  readonly because: 'priority' | 'draws less';
}

/** What was chosen for a limit, and for which question; the same question keeps the answer while it fits. */
export interface LimitPlan { readonly question: string; readonly choice: Readonly<Record<string, string>> }

export interface LimitReport {
  readonly schedule: string;
  readonly limitWatts: number;
  /** The limit less its reserve. */
  readonly targetWatts: number;
  /** W after the plan, of the miners whose watts are known. */
  readonly plannedWatts: number;
  readonly fits: boolean;
  readonly basis: 'profit' | 'hashrate';
  /** USD a day or H/s, as the basis says. */
  readonly lost: number;
  /** Miners whose watts are not known: they are not in the sum. */
  readonly unknown: readonly string[];
  readonly plan: LimitPlan;
}

export interface Problem { readonly schedule: string; readonly miner?: string; readonly reason: string }

export interface Resolution {
  readonly wishes: ReadonlyMap<string, Wish>;
  readonly conflicts: readonly Conflict[];
  readonly limits: readonly LimitReport[];
  readonly problems: readonly Problem[];
}

export interface ResolveContext {
  readonly miners: ReadonlyMap<string, ScheduledMiner>;
  /** By schedule. */
  readonly plans: ReadonlyMap<string, LimitPlan>;
  /** How many of these miners may be off at most, beside those that are off anyway; any number when absent. */
  readonly mostOff: (members: readonly ScheduledMiner[]) => number | undefined;
}

export const defaultReserveRatio = 0.03;

export function keyOf({ kind, preset, throttle }: RunOption): string {
  return `${kind}${preset === undefined ? '' : ` ${preset}`}${throttle === undefined ? '' : ` ${throttle}`}`;
}

const fullOf = ({ options }: ScheduledMiner): RunOption => options[0] ?? { kind: 'full' };
/** For comparisons only: what is not known counts as most, which no schedule takes for safe. */
const drawOf = ({ watts = Infinity }: RunOption) => watts;

export function resolve(active: readonly Active[], context: ResolveContext): Resolution {
  const problems: Problem[] = [];
  const conflicts: Conflict[] = [];
  const won = new Map<string, Wish & { priority: number }>();
  const byPriority = [...active].sort((a, b) => b.schedule.priority - a.schedule.priority || a.schedule.name.localeCompare(b.schedule.name));

  for (const { schedule, members } of byPriority) {
    if (schedule.do.limit_kilowatts !== undefined) continue;
    for (const name of members) {
      const miner = context.miners.get(name);
      if (miner === undefined || miner.held !== undefined) continue;
      const wanted = optionFor(schedule.do, miner);
      if ('reason' in wanted) {
        problems.push({ schedule: schedule.name, miner: name, reason: wanted.reason });
        continue;
      }
      const known = won.get(name);
      const mine = { schedule: schedule.name, option: wanted, priority: schedule.priority };
      if (known === undefined) {
        won.set(name, mine);
      } else if (keyOf(known.option) !== keyOf(wanted)) {
        const safer = known.priority === schedule.priority && drawOf(wanted) < drawOf(known.option);
        if (safer) won.set(name, mine);
        conflicts.push({ miner: name, winner: safer ? schedule.name : known.schedule, loser: safer ? known.schedule : schedule.name, because: known.priority === schedule.priority ? 'draws less' : 'priority' });
      }
    }
  }

  const limits: LimitReport[] = [];
  for (const { schedule, members } of byPriority) {
    if (schedule.do.limit_kilowatts === undefined) continue;
    const { report, choice } = limited(schedule, members, { ...context, won });
    limits.push(report);
    if (!report.fits) problems.push({ schedule: schedule.name, reason: `the limit of ${Math.round(report.limitWatts)} W cannot be kept: the least that the floors, priorities and operators leave is ${Math.round(report.plannedWatts)} W` });
    if (report.unknown.length > 0) problems.push({ schedule: schedule.name, reason: `the power of ${report.unknown.slice(0, 5).join(', ')}${report.unknown.length > 5 ? ` and ${report.unknown.length - 5} more` : ''} is not known and not in the sum` });
    for (const [name, option] of choice) {
      const known = won.get(name);
      if (known !== undefined && keyOf(known.option) === keyOf(option)) continue;
      if (known === undefined && option.kind === 'full') continue;
      if (known !== undefined) conflicts.push({ miner: name, winner: schedule.name, loser: known.schedule, because: known.priority === schedule.priority ? 'draws less' : 'priority' });
      won.set(name, { schedule: schedule.name, option, priority: schedule.priority });
    }
  }
  return { wishes: won, conflicts, limits, problems };
}

/** What a schedule wants of one miner. Throttling falls back on the next lower preset, and that on a stop. */
function optionFor(wanted: ScheduleConfig['do'], miner: ScheduledMiner): RunOption | { reason: string } {
  const { options } = miner;
  const full = fullOf(miner);
  const pause = options.find(({ kind }) => kind === 'pause');
  if (wanted.stop === true) return pause ?? { reason: 'its firmware cannot be stopped' };
  if (wanted.preset !== undefined) {
    if (full.preset === wanted.preset) return full;
    return options.find(({ kind, preset }) => kind === 'preset' && preset === wanted.preset) ?? { reason: `it has no tuned preset "${wanted.preset}"` };
  }
  if (wanted.throttle !== undefined && wanted.throttle < 100) {
    const share = wanted.throttle;
    const throttles = options.filter(({ kind }) => kind === 'throttle');
    const most = full.watts === undefined ? undefined : full.watts * (share / 100);
    if (throttles.length > 0) return { ...full, kind: 'throttle', preset: undefined, throttle: share, ...scaledBy(full, share / 100) };
    const lower = most === undefined ? undefined : options.filter(({ kind, watts }) => kind === 'preset' && watts !== undefined && watts <= most).sort((a, b) => drawOf(b) - drawOf(a))[0];
    return lower ?? pause ?? { reason: 'its firmware can neither throttle nor stop' };
  }
  return full;
}

/** Watts and hashes of a throttled miner are taken to be proportional: no source gives a curve. */
export function scaledBy({ watts, hashrate, profitUsdPerDay }: RunOption, share: number): Pick<RunOption, 'watts' | 'hashrate' | 'profitUsdPerDay'> {
  const times = (value: number | undefined) => (value === undefined ? undefined : value * share);
  return { watts: times(watts), hashrate: times(hashrate), profitUsdPerDay: times(profitUsdPerDay) };
}

interface LimitContext extends ResolveContext { readonly won: ReadonlyMap<string, Wish & { priority: number }> }

function limited(schedule: ScheduleConfig, members: readonly string[], { miners, plans, mostOff, won }: LimitContext): { report: LimitReport; choice: Map<string, RunOption> } {
  const { name, priority, do: { limit_kilowatts: kilowatts = 0, circuits_kilowatts: circuits, reserve_ratio: reserve = defaultReserveRatio } } = schedule;
  const limitWatts = kilowatts * 1000;
  const targetWatts = limitWatts * (1 - reserve);
  const own = members.flatMap((one) => miners.get(one) ?? []);
  const before = plans.get(name);
  const unknown: string[] = [];
  const ways = own.map((miner) => ({ miner, options: waysOf(miner, { wish: won.get(miner.name), priority, left: before?.choice[miner.name] }) }))
    .filter(({ miner, options }) => {
      if (options.length > 0) return true;
      if (miner.mines) unknown.push(miner.name);
      return false;
    });
  const free = ways.filter(({ options }) => options.length > 1);
  const basis = free.every(({ options }) => options.every(({ profitUsdPerDay }) => profitUsdPerDay !== undefined)) ? 'profit' : 'hashrate';
  const valueOf = (option: RunOption) => (basis === 'profit' ? option.profitUsdPerDay : option.hashrate);
  const question: CurtailMiner[] = ways.map(({ miner, options }) => {
    const [first] = options;
    const usable = options.filter((option) => valueOf(option) !== undefined);
    const kept = usable.length === options.length ? options : first === undefined ? [] : [first];
    return { name: miner.name, circuit: miner.circuit, options: kept.map((option): CurtailOption => ({ watts: option.watts ?? 0, value: valueOf(option) ?? 0, off: option.kind === 'pause' || !miner.mines })) };
  });
  const wayOf = new Map(ways.map(({ miner, options }) => [miner.name, options]));
  const circuitWatts = circuits === undefined ? undefined : new Map(Object.entries(circuits).map(([circuit, most]) => [circuit, most * 1000 * (1 - reserve)]));
  const text = JSON.stringify([targetWatts, circuits, own.map((miner) => [miner.name, miner.held ?? '', won.get(miner.name)?.schedule ?? '']).sort()]);
  const kept = before?.question === text ? keptChoice(question, before, { wayOf, watts: targetWatts, circuits: circuitWatts }) : undefined;
  const found = kept ?? curtail(question, { watts: targetWatts, circuits: circuitWatts, mostOff: mostOff(own) });
  const choice = new Map([...found.choice].flatMap(([miner, place]): [string, RunOption][] => {
    const option = wayOf.get(miner)?.[place];
    return option === undefined ? [] : [[miner, option]];
  }));
  const plan = { question: text, choice: Object.fromEntries([...choice].map(([miner, option]) => [miner, keyOf(option)])) };
  return { report: { schedule: name, limitWatts, targetWatts, plannedWatts: found.watts, fits: found.fits, basis, lost: found.lost, unknown, plan }, choice };
}

/** How a miner may run under a limit; one way where it is left alone, none where its power is not known. */
function waysOf(miner: ScheduledMiner, { wish, priority, left }: { wish: (Wish & { priority: number }) | undefined; priority: number; left: string | undefined }): RunOption[] {
  const full = wish?.option ?? fullOf(miner);
  const now: RunOption = { kind: 'full', watts: miner.watts };
  if (miner.held !== undefined || !miner.mines) return miner.watts === undefined ? [] : [now];
  if (miner.fixed === true) {
    const asLeft = miner.options.find((option) => keyOf(option) === left) ?? full;
    const watts = asLeft.kind === 'full' ? asLeft.watts : Math.max(asLeft.watts ?? 0, miner.watts ?? 0);
    return watts === undefined ? [] : [{ ...asLeft, watts }];
  }
  if (full.watts === undefined) return [];
  // A higher priority is not for this limit to touch.
  if (wish !== undefined && wish.priority > priority) return [full];
  const most = full.watts;
  return [full, ...miner.options.filter((option) => option.kind !== 'full' && keyOf(option) !== keyOf(full) && option.watts !== undefined && option.watts < most)];
}

interface Kept { readonly choice: ReadonlyMap<string, number>; readonly watts: number; readonly fits: boolean; readonly lost: number }

/** The plan of before, while every part of it is there still and it keeps the limits: miners are not disturbed for a few cents. */
function keptChoice(question: readonly CurtailMiner[], { choice: before }: LimitPlan, { wayOf, watts: most, circuits }: { wayOf: ReadonlyMap<string, readonly RunOption[]>; watts: number; circuits: ReadonlyMap<string, number> | undefined }): Kept | undefined {
  const choice = new Map<string, number>();
  const byCircuit = new Map<string, number>();
  let [watts, lost] = [0, 0];
  for (const { name, circuit, options } of question) {
    const place = options.length === 1 ? 0 : (wayOf.get(name) ?? []).findIndex((option) => keyOf(option) === before[name]);
    const option = options[place];
    if (option === undefined) return undefined;
    choice.set(name, place);
    watts += option.watts;
    lost += (options[0]?.value ?? 0) - option.value;
    if (circuit !== undefined) byCircuit.set(circuit, (byCircuit.get(circuit) ?? 0) + option.watts);
  }
  const circuitsHold = [...circuits ?? []].every(([circuit, limit]) => (byCircuit.get(circuit) ?? 0) <= limit);
  return watts <= most && circuitsHold ? { choice, watts, fits: true, lost } : undefined;
}
