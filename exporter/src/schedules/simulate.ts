/**
 * What schedules would do over a span of time, with the fleet as it is now: nothing is saved and no miner is touched. Prices of a
 * tariff are those of each hour; a price of a file or URL stays as it is now, since nobody knows it ahead.
 */
import { dayPrice, priceAt, type TimeTariff } from '../analytics/tariff.ts';
import type { ControlConfig, ScheduleConfig } from '../config/schema.ts';
import { floorOf, outsideWindows, type RailName } from '../control/rails.ts';
import { holdsAt, type Calendar } from './calendar.ts';
import { advance, levelOf, switchedOff, type PriceSwitch } from './price-switch.ts';
import { keyOf, resolve, type Active, type Conflict, type RunOption, type ScheduledMiner } from './resolve.ts';
import type { Schedules } from './schedules.ts';

export interface SimulatedChange {
  /** Unix ms. */
  readonly at: number;
  readonly schedule: string;
  /** As `full`, `pause`, `preset 2850`. */
  readonly from: string;
  readonly to: string;
  readonly miners: readonly string[];
}

export interface SimulatedHour {
  readonly at: number;
  /** Mean W of all miners that any of the schedules is for, and what they would draw without schedules. */
  readonly watts: number;
  readonly wattsWithout: number;
  /** USD in this hour against doing nothing; above 0 is gained. Absent where a profit is not known. */
  readonly usd?: number;
}

export interface BindingRail { readonly rail: RailName | 'control'; readonly at?: number; readonly detail: string }

export interface Simulation {
  readonly changes: readonly SimulatedChange[];
  readonly hours: readonly SimulatedHour[];
  /** USD against doing nothing; absent where the profit of a miner that is changed is not known. */
  readonly usd?: number;
  readonly kilowattHoursSaved: number;
  readonly conflicts: readonly Conflict[];
  readonly problems: readonly string[];
  readonly rails: readonly BindingRail[];
  readonly assumptions: readonly string[];
}

export interface SimulateOptions {
  readonly candidate: ScheduleConfig;
  /** Unix ms. */
  readonly from: number;
  readonly to: number;
  readonly schedules: Schedules;
  readonly control: ControlConfig;
  readonly canAct: boolean;
  readonly tariffOf: (site: string) => TimeTariff | undefined;
  /** Unix ms. */
  readonly now: number;
}

const stepMs = 5 * 60_000;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** Longest span. */
export const longestSimulationMs = 35 * dayMs;
/** Seconds that a start takes until it is verified (control/actions.ts). */
const startSeconds = 160;

export function simulate({ candidate, from, to, schedules, control, canAct, tariffOf, now }: SimulateOptions): Simulation {
  const others = schedules.all.filter((one) => one.name !== candidate.name && schedules.isEnabled(one));
  const plan = [...others, candidate].map((schedule) => ({ schedule, members: schedules.members(schedule), calendar: schedules.calendarOf(schedule), switch: switchedOff }));
  const miners = schedules.facts();
  const mostOff = schedules.mostOff(miners);
  const concerned = [...new Set(plan.flatMap(({ members }) => members))].flatMap((name) => miners.get(name) ?? []).filter(({ mines }) => mines);
  const fullOf = ({ options: [first], held, watts }: ScheduledMiner): RunOption => (held === undefined ? first ?? { kind: 'full' } : { kind: 'full', watts });
  const profitAt = profits(tariffOf, now);

  const changes: SimulatedChange[] = [];
  const hours = new Map<number, { watts: number; without: number; usd: number | undefined; steps: number }>();
  const conflicts = new Map<string, Conflict>();
  const problems = new Set<string>();
  const running = new Map<string, { option: RunOption; schedule: string }>();
  let plans: ResolvePlans = new Map();
  let [holding, known]: [string, boolean] = ['', true];

  for (let at = Math.floor(from / stepMs) * stepMs; at < to; at += stepMs) {
    const active = plan.flatMap((one): Active[] => {
      if (!holdsAt(one.calendar, at)) {
        one.switch = switchedOff;
        return [];
      }
      one.switch = moved(one, schedules.priceOf(one.schedule, one.schedule.price?.source === 'site' ? at : now), at);
      return one.schedule.price === undefined || one.switch.on ? [{ schedule: one.schedule, members: one.members }] : [];
    });
    const text = active.map(({ schedule }) => schedule.name).join('\n');
    if (text !== holding || at < from + stepMs) {
      holding = text;
      const found = resolve(active, { miners, plans, mostOff });
      plans = new Map(found.limits.map((one) => [one.schedule, one.plan]));
      for (const one of found.conflicts) conflicts.set(JSON.stringify(one), one);
      for (const { schedule, miner, reason } of found.problems) problems.add(`${schedule}: ${miner === undefined ? '' : `${miner}: `}${reason}`);
      const groups = new Map<string, { at: number; schedule: string; from: string; to: string; miners: string[] }>();
      for (const miner of concerned) {
        const [before, after] = [running.get(miner.name), found.wishes.get(miner.name)];
        const [was, will] = [keyOf(before?.option ?? { kind: 'full' }).replace(/^full.*/, 'full'), keyOf(after?.option ?? { kind: 'full' }).replace(/^full.*/, 'full')];
        if (after === undefined) running.delete(miner.name);
        else running.set(miner.name, { option: after.option, schedule: after.schedule });
        if (was === will) continue;
        const schedule = after?.schedule ?? before?.schedule ?? '';
        const key = JSON.stringify([schedule, was, will]);
        const group = groups.get(key) ?? { at: Math.max(at, from), schedule, from: was, to: will, miners: [] };
        groups.set(key, group);
        group.miners.push(miner.name);
      }
      changes.push(...groups.values());
    }
    const hour = Math.floor(at / hourMs) * hourMs;
    const sum = hours.get(hour) ?? { watts: 0, without: 0, usd: 0, steps: 0 };
    for (const miner of concerned) {
      const [full, option] = [fullOf(miner), running.get(miner.name)?.option ?? fullOf(miner)];
      sum.watts += option.watts ?? 0;
      sum.without += full.watts ?? 0;
      if (keyOf(option) === keyOf(full)) continue;
      const [with_, without] = [profitAt(miner.site, option, at), profitAt(miner.site, full, at)];
      if (with_ === undefined || without === undefined) known = false;
      else sum.usd = (sum.usd ?? 0) + ((with_ - without) * stepMs) / dayMs;
    }
    sum.steps += 1;
    hours.set(hour, sum);
  }

  const list = [...hours].map(([at, { watts, without, usd, steps }]): SimulatedHour => ({ at, watts: watts / steps, wattsWithout: without / steps, ...(known && usd !== undefined ? { usd } : {}) }));
  return {
    changes, hours: list, conflicts: [...conflicts.values()], problems: [...problems],
    ...(known ? { usd: list.reduce((sum, { usd = 0 }) => sum + usd, 0) } : {}),
    kilowattHoursSaved: [...hours.values()].reduce((sum, { watts, without, steps }) => sum + ((without - watts) / steps / 1000) * ((steps * stepMs) / hourMs), 0),
    rails: bindingRails(changes, { miners, control, canAct }),
    assumptions: [
      'the fleet, its presets, coin prices and what people want of miners stay as they are now',
      'miners change at once; in truth a change takes minutes, and power is given back one circuit after the other',
      ...(plan.some(({ schedule: { price } }) => price !== undefined && price.source !== 'site') ? ['a price of power from a file or URL stays as it is now'] : []),
      ...(plan.some(({ schedule: { price } }) => price?.break_even === true) ? ['schedules with break_even are left out: they go by the income of each hour'] : []),
      ...(known ? [] : ['the profit of some miners is not known, so no USD are shown']),
    ],
  };
}

type ResolvePlans = Parameters<typeof resolve>[1]['plans'];

function moved({ schedule: { price }, switch: before }: { schedule: ScheduleConfig; calendar: Calendar; switch: PriceSwitch }, usd: number | undefined, at: number): PriceSwitch {
  if (price === undefined || price.break_even === true) return before;
  return advance(before, levelOf(usd, { above: price.stop_above ?? Infinity, below: price.resume_below ?? -Infinity, immediate: price.immediate_above }), {
    at, settings: { windowMs: price.window_minutes * 60_000, windowsAbove: price.windows_above, windowsBelow: price.windows_below, minimumOnMs: (price.minimum_off_minutes ?? 0) * 60_000 },
  });
}

/** USD a day of an option at the price of that moment; the option's own profit is at the mean price of the present day. */
function profits(tariffOf: SimulateOptions['tariffOf'], now: number): (site: string, option: RunOption, at: number) => number | undefined {
  /** A day is 1440 looks at the tariff. */
  const means = new Map<string, number>();
  return (site, { profitUsdPerDay, watts }, at) => {
    const tariff = tariffOf(site);
    const mean = tariff === undefined ? undefined : means.get(site) ?? dayPrice(tariff, now);
    if (mean !== undefined) means.set(site, mean);
    if (profitUsdPerDay === undefined || watts === undefined || tariff === undefined || mean === undefined) return undefined;
    return profitUsdPerDay + (watts / 1000) * 24 * tariff.meterRatio * (1 + tariff.overheadRatio) * (mean - priceAt(tariff, at));
  };
}

function bindingRails(changes: readonly SimulatedChange[], { miners, control, canAct }: { miners: ReadonlyMap<string, ScheduledMiner>; control: ControlConfig; canAct: boolean }): BindingRail[] {
  const found: BindingRail[] = canAct ? [] : [{ rail: 'control', detail: 'control is switched off or read-only: nothing would be done' }];
  const once = new Set<string>();
  const add = (rail: BindingRail, key: string = rail.rail) => {
    if (once.has(key)) return;
    once.add(key);
    found.push(rail);
  };
  const byMiner = new Map<string, number[]>();
  for (const { at, from, miners: names } of changes) {
    const starts = from === 'pause';
    // A start disturbs nobody.
    const shut = starts ? undefined : outsideWindows(control.windows, at);
    if (shut !== undefined) add({ rail: 'window', at, detail: shut });
    if (names.length > control.batch_size) add({ rail: 'batch', at, detail: `${names.length} miners go in ${Math.ceil(names.length / control.batch_size)} batches, ${control.batch_pause_seconds} s apart` });
    const circuits = new Map<string, number>();
    for (const name of names) {
      const circuit = miners.get(name)?.circuit;
      if (circuit !== undefined && starts) circuits.set(circuit, (circuits.get(circuit) ?? 0) + 1);
      byMiner.set(name, [...byMiner.get(name) ?? [], at]);
    }
    const largest = Math.max(0, ...circuits.values());
    const startsInTurn = Math.ceil(largest / control.circuit_starts_at_once);
    if (startsInTurn > 1) add({ rail: 'circuit', at, detail: `${largest} miners of one circuit start ${control.circuit_starts_at_once} at a time: about ${Math.round((startsInTurn * (startSeconds + control.circuit_start_gap_seconds)) / 60)} minutes` });
  }
  for (const [name, times] of byMiner) {
    const tooMany = times.findIndex((at, index) => (times[index + control.daily_cap] ?? Infinity) - at < dayMs);
    if (tooMany >= 0) add({ rail: 'daily_cap', at: times[tooMany + control.daily_cap] ?? 0, detail: `${name} would be disturbed more than ${control.daily_cap} times within a day` });
    const tooSoon = times.findIndex((at, index) => (times[index + 1] ?? Infinity) - at < control.cooldown_seconds * 1000);
    if (tooSoon >= 0) add({ rail: 'cooldown', at: times[tooSoon + 1] ?? 0, detail: `${name} would be disturbed twice within ${control.cooldown_seconds} s` });
  }
  addFloor(changes, { miners, control, add: (rail) => add(rail) });
  return found;
}

function addFloor(changes: readonly SimulatedChange[], { miners, control, add }: { miners: ReadonlyMap<string, ScheduledMiner>; control: ControlConfig; add: (rail: BindingRail) => void }): void {
  const all = [...miners.values()];
  const off = new Set(all.filter(({ mines }) => !mines).map(({ name }) => name));
  const places = [
    { where: 'the fleet', list: all, floor: { count: control.min_mining_fleet, ratio: control.min_mining_fleet_ratio } },
    ...[...new Set(all.map(({ site }) => site))].map((site) => ({ where: `site ${site}`, list: all.filter((one) => one.site === site), floor: { count: control.min_mining_site, ratio: control.min_mining_site_ratio } })),
  ];
  for (const { at, to, miners: names } of changes) {
    for (const name of names) {
      if (to === 'pause') off.add(name);
      else off.delete(name);
    }
    for (const { where, list, floor } of places) {
      const [least, mining] = [floorOf(list.length, floor), list.filter(({ name }) => !off.has(name)).length];
      if (mining < least) add({ rail: 'floor', at, detail: `${least} miners of ${where} must stay mining; the schedules would leave ${mining}, so some are not stopped` });
    }
  }
}
