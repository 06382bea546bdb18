/** What a schedule has to know of a miner: how it could run, at what power, for what profit; and the next step to get there. Pure. */
import type { Money } from '../analytics/money.ts';
import { phaseOf } from '../analytics/phase.ts';
import type { ControlConfig } from '../config/schema.ts';
import type { ActionName, Parameters } from '../control/actions.ts';
import type { Miner } from '../fleet/fleet.ts';
import type { Preset, Reading } from '../miners/reading.ts';
import { keyOf, scaledBy, type RunOption, type ScheduledMiner } from './resolve.ts';

/** What a schedule took from a miner: only this it may give back. */
export interface Taken {
  readonly schedule: string;
  /** Unix ms. */
  readonly since: number;
  /** How it ran before. */
  readonly baseline: { readonly preset?: string | undefined; readonly throttle?: number | undefined };
  /** How it could run, as it was known then: of a stopped miner nothing of this can be measured. */
  readonly options: readonly RunOption[];
}

/** By name of the preset. */
export type PresetMoney = (miner: Miner) => ReadonlyMap<string, Money>;

/**
 * W of a stopped miner whose power is not read: its control board. No source gives the number; this one is on the safe side of the
 * few watts that such boards draw, and the reserve of a limit is there for the rest.
 */
export const standbyWatts = 50;
const throttleSteps = [90, 80, 70, 60, 50, 40, 30, 20];
const authorPrefix = 'schedule:';
const fullPercent = 100;

export const actorOf = (schedule: string) => `${authorPrefix}${schedule}`;
export const isSchedule = (actor: string | undefined) => actor?.startsWith(authorPrefix) === true;

export function canThrottle({ lacks, reading }: Miner): boolean {
  return lacks.throttle === undefined && reading?.throttleRatio !== undefined;
}

const isStopped = (reading: Reading | undefined) => reading?.state === 'stopped' || reading?.state === 'shutting-down';
const throttleOf = (reading: Reading | undefined) => (reading?.throttleRatio === undefined ? undefined : Math.round(reading.throttleRatio * fullPercent));

export function baselineOf(miner: Miner): Taken['baseline'] {
  return { preset: miner.reading?.preset?.name, ...(canThrottle(miner) ? { throttle: throttleOf(miner.reading) } : {}) };
}

/** Every way in which it could run, `full` first; with what was known when a schedule took it, where that tells more. */
export function optionsOf(miner: Miner, { taken, money }: { taken: Taken | undefined; money: PresetMoney }): RunOption[] {
  const { reading, presets = [], lacks } = miner;
  const full = taken?.baseline.preset ?? reading?.preset?.name;
  const known = new Map(taken?.options.map((option) => [keyOf(option), option]));
  const profits = money(miner);
  const ofPreset = (preset: Preset | undefined, part: Pick<RunOption, 'kind' | 'preset'>): RunOption => {
    const before = known.get(keyOf(part));
    return {
      ...part, watts: before?.watts ?? preset?.powerWatts, hashrate: before?.hashrate ?? preset?.hashrate,
      profitUsdPerDay: (preset === undefined ? undefined : profits.get(preset.name)?.profitUsdPerDay) ?? before?.profitUsdPerDay,
    };
  };
  const listed = presets.find(({ name }) => name === full);
  const labelled = ofPreset(listed, { kind: 'full', ...(full === undefined ? {} : { preset: full }) });
  // The reading tells of the present preset, also before the list of presets is read.
  const whole = reading?.preset === undefined || reading.preset.name !== full ? labelled : { ...labelled, watts: labelled.watts ?? reading.preset.powerWatts, hashrate: labelled.hashrate ?? reading.preset.hashrate };
  const steady = reading !== undefined && phaseOf(reading) === 'steady';
  // What it draws when nothing holds it back is measured while that is so, and counts where it is more than the label says.
  const measured = taken === undefined && steady ? { watts: larger(reading.powerWatts, whole.watts), hashrate: reading.hashrateAverage ?? whole.hashrate } : {};
  const first = { ...whole, ...(measured.watts === undefined ? {} : { watts: measured.watts }), ...(measured.hashrate === undefined ? {} : { hashrate: measured.hashrate }) };
  const others = lacks.preset === undefined ? presets.filter(({ name, tuned }) => tuned && name !== full && name !== 'disabled').map((preset) => ofPreset(preset, { kind: 'preset', preset: preset.name })) : [];
  const throttles = canThrottle(miner) ? throttleSteps.map((throttle): RunOption => ({ kind: 'throttle', throttle, ...scaledBy(first, throttle / fullPercent) })) : [];
  const stopped = isStopped(reading) ? reading?.powerWatts : undefined;
  const pause: RunOption[] = lacks.pause === undefined && lacks.resume === undefined ? [{ kind: 'pause', watts: stopped ?? standbyWatts, hashrate: 0, profitUsdPerDay: profits.size === 0 && known.get('pause')?.profitUsdPerDay === undefined ? undefined : 0 }] : [];
  const all = [first, ...throttles, ...others, ...pause];
  if (taken === undefined || !steady || reading.powerWatts === undefined) return all;
  const running = all.find((option) => nextStep(miner, option, taken.baseline) === undefined);
  return all.map((option) => (option === running && option.kind !== 'full' ? { ...option, watts: larger(reading.powerWatts, option.watts) } : option));
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? a ?? b : Math.max(a, b);
}

export interface FactsContext {
  readonly isFresh: (miner: Miner) => boolean;
  readonly control: Pick<ControlConfig, 'allow_miners' | 'allow_sites'>;
  readonly taken: Taken | undefined;
  readonly money: PresetMoney;
  /** Why schedules leave it alone for a while. */
  readonly suspended: string | undefined;
  /** Acting on it failed lately. */
  readonly fixed: boolean;
}

export function scheduledMiner(miner: Miner, { isFresh, control, taken, money, suspended, fixed }: FactsContext): ScheduledMiner {
  const { config: { name, site, circuit }, reading } = miner;
  const fresh = isFresh(miner);
  const options = optionsOf(miner, { taken, money });
  const mines = taken !== undefined || !isStopped(reading);
  return {
    name, site, circuit, options, mines,
    held: suspended ?? heldBecause(miner, taken, control),
    fixed: fixed || !fresh || miner.failure !== undefined,
    // Out of reach is not off: it counts with what it would draw.
    watts: fresh && reading?.powerWatts !== undefined ? reading.powerWatts : options[0]?.watts,
  };
}

function heldBecause({ config: { name, site }, intent, stated, reading }: Miner, taken: Taken | undefined, { allow_miners: miners, allow_sites: sites }: FactsContext['control']): string | undefined {
  const allowed = (miners === undefined && sites === undefined) || miners?.includes(name) === true || sites?.includes(site) === true;
  if (!allowed) return 'it is not on the allow-list (control.allow_miners, control.allow_sites)';
  if (intent === 'maintenance') return 'it is under maintenance';
  if (intent !== 'mine' && !isSchedule(stated.author)) return `${stated.author ?? 'an operator'} wants it ${intent}`;
  if (taken === undefined && isStopped(reading)) return 'it was stopped, and not by a schedule';
  if (reading === undefined) return 'it was not read yet';
  return undefined;
}

export interface Step { readonly action: ActionName; readonly parameters: Parameters }

/** The next command on the way to an option; undefined once it runs so. What is not known is not changed. */
export function nextStep(miner: Miner, option: RunOption, baseline: Taken['baseline']): Step | undefined {
  const { reading } = miner;
  const stopped = isStopped(reading);
  if (option.kind === 'pause') return stopped ? undefined : { action: 'pause', parameters: {} };
  const preset = option.kind === 'preset' ? option.preset : baseline.preset;
  if (preset !== undefined && preset !== 'disabled' && reading?.preset !== undefined && reading.preset.name !== preset) return { action: 'preset', parameters: { preset } };
  const throttle = option.kind === 'throttle' ? option.throttle : baseline.throttle;
  if (throttle !== undefined && canThrottle(miner) && !stopped && throttleOf(reading) !== throttle) return { action: 'throttle', parameters: { percent: throttle } };
  return stopped ? { action: 'resume', parameters: {} } : undefined;
}
