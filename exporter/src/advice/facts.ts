/** What the decision has to know of a miner, from its last reading and what its hashes and its power are worth. Pure. */
import { boardPresence } from '../analytics/boards.ts';
import type { Price, Tariff } from '../analytics/money.ts';
import { phaseOf } from '../analytics/phase.ts';
import { defined } from '../defined.ts';
import type { Miner } from '../fleet/fleet.ts';
import type { MinerFacts } from './decision.ts';

export interface Worth {
  readonly price: Price | undefined;
  readonly tariff: Tariff | undefined;
  /** USD per kWh of the next hours, the present one first. */
  readonly ahead: readonly number[] | undefined;
}

export interface Known {
  /** The preset that it ran on before advice put it to sleep. */
  readonly slept?: string | undefined;
  /** Degrees Celsius at which its settings stop it. */
  readonly overheatTemperature?: number | undefined;
  /** W that its power supply is rated for. */
  readonly psuWatts?: number | undefined;
}

export function factsOf(miner: Miner, { price, tariff, ahead }: Worth, { slept, overheatTemperature, psuWatts }: Known = {}): MinerFacts {
  const { config: { name, site, circuit }, model, intent, reading, presets = [] } = miner;
  const asleep = slept !== undefined && intent === 'stopped';
  const phase = reading === undefined ? undefined : phaseOf(reading);
  const switcher = reading?.switcher?.enabled === true ? reading.switcher.minPresetWatts : undefined;
  return defined<MinerFacts>({
    name, model, site, circuit, presets, asleep,
    preset: asleep ? slept : reading?.preset?.name, readAt: reading?.at,
    held: asleep ? undefined : heldBecause(miner, phase),
    price, tariff, powerPricesAhead: ahead, pricedAt: price?.asOf, devfeeRatio: reading?.devfeeRatio, acceptedRatio: acceptedOf(miner), inletTemperature: undefined,
    powerWatts: reading?.powerWatts, chipTemperature: reading?.chip.max, errorRatio: reading?.hardwareErrorRatio, fanDutyRatio: reading?.coolingMode === 'immersion' ? undefined : reading?.fanDutyRatio,
    fansDown: reading?.fans.filter(({ up }) => up === false).length,
    boardsLost: reading === undefined ? undefined : boardPresence(reading).filter(({ up }) => !up).length,
    switcherLeastWatts: switcher, overheatTemperature, psuWatts,
  });
}

function heldBecause({ intent, stated, failure }: Miner, phase: ReturnType<typeof phaseOf>): string | undefined {
  if (intent !== 'mine') return `${stated.author ?? 'an operator'} wants it ${intent}`;
  if (failure !== undefined) return `it cannot be reached (${failure.reason})`;
  return phase === 'steady' ? undefined : `it is not steady (${phase ?? 'state unknown'})`;
}

/** Of the shares since the pool's count began; absent without any. */
function acceptedOf({ reading }: Miner): number | undefined {
  const own = reading?.pools.filter(({ kind }) => kind === 'user') ?? [];
  const sum = (of: 'accepted' | 'rejected' | 'stale') => own.reduce((total, pool) => total + (pool[of] ?? 0), 0);
  const [accepted, all] = [sum('accepted'), sum('accepted') + sum('rejected') + sum('stale')];
  return all > 0 && accepted > 0 ? accepted / all : undefined;
}
