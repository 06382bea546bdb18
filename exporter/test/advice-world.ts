/**
 * Miners whose true curves are known: presets that promise wrongly in common, machines and machine-on-preset that differ a little,
 * hours that scatter (intelligence.md, 4.3 and 4.6). The same for the same seed.
 */
import type { DecisionRules, MinerFacts } from '../src/advice/decision.ts';
import type { Cell } from '../src/analytics/ratio-model.ts';
import type { Preset } from '../src/miners/reading.ts';
import { seeded } from './seeded.ts';

export interface Truth { readonly hashrate: number; readonly powerWatts: number; readonly warmth: number }
export interface WorldMiner { readonly name: string; readonly circuit: string; readonly start: string; readonly truth: ReadonlyMap<string, Truth> }
export interface World { readonly presets: readonly Preset[]; readonly miners: readonly WorldMiner[]; readonly draw: () => number; readonly gauss: () => number; readonly inlet: (day: number, hour: number) => number }

export const minersOnCircuit = 6;
export const breakerWatts = 24_000;

export function makeWorld(seed: number, count = 60): World {
  const draw = seeded(seed);
  const gauss = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const promises = [[2000, 10.6], [2250, 12.0], [2500, 13.3], [2750, 14.5], [3000, 15.6], [3250, 16.6], [3500, 17.5], [3750, 18.3]] as const;
  const presets = promises.map(([watts, gigahashes]): Preset => ({ name: String(watts), label: '', tuned: true, needsModifiedPsu: false, powerWatts: watts, hashrate: gigahashes * 1e9 }));
  const wrong = promises.map((_promise, index) => ({ hashrate: -0.03 + 0.02 * gauss(), power: 0.02 + 0.006 * index + 0.015 * gauss() }));
  const miners = Array.from({ length: count }, (_each, number): WorldMiner => {
    const own = { hashrate: 0.012 * gauss(), power: 0.015 * gauss(), warmth: 0.04 * gauss() };
    return {
      name: `m${number + 1}`, circuit: `c${Math.floor(number / minersOnCircuit) + 1}`, start: String(promises[Math.floor(draw() * promises.length)]?.[0]),
      truth: new Map(presets.map(({ name, hashrate = 0, powerWatts = 0 }, index) => [name, {
        hashrate: hashrate * Math.exp((wrong[index]?.hashrate ?? 0) + own.hashrate + 0.007 * gauss()),
        powerWatts: powerWatts * Math.exp((wrong[index]?.power ?? 0) + own.power + 0.007 * gauss()),
        warmth: powerWatts * 0.0145 * Math.exp(own.warmth + 0.004 * gauss()),
      }])),
    };
  });
  const weather = Array.from({ length: 60 }, () => 24 + 3 * gauss());
  return { presets, miners, draw, gauss, inlet: (day, hour) => (weather[day] ?? 24) + 4 * Math.sin(((hour - 9) / 24) * 2 * Math.PI) };
}

/** Hours of so many days, in which each miner is moved every few days, and leaves some presets out. */
export function historyOf({ presets, miners, draw, gauss, inlet }: World, days: number): Cell[] {
  const cells: Cell[] = [];
  for (const { name, start, truth } of miners) {
    let preset = start;
    for (let hour = 0; hour < days * 24; hour += 1) {
      if (hour > 0 && draw() < 1 / 96) preset = presets[Math.floor(draw() * presets.length)]?.name ?? preset;
      const [really, promise] = [truth.get(preset), presets.find((one) => one.name === preset)];
      if (really === undefined || promise === undefined) continue;
      const air = inlet(Math.floor(hour / 24), hour % 24);
      cells.push({
        miner: name, model: 'l9', preset, at: hour * 3_600_000, promised: { hashrate: promise.hashrate ?? 0, powerWatts: promise.powerWatts ?? 0 },
        hashrate: really.hashrate * Math.exp(0.004 * gauss()), powerWatts: really.powerWatts * Math.exp(0.004 * gauss()),
        chipTemperature: air + really.warmth + 0.5 * gauss(), inletTemperature: air, errorRatio: 1e-4 * Math.exp(0.3 * gauss()),
      });
    }
  }
  return cells;
}

export const worldRules: DecisionRules = { leastGainUsdPerDay: 0.05, leastGainRatio: 0.03, allowSleep: true };

export function factsOf(world: World, { name, circuit }: WorldMiner, now: { readonly preset: string; readonly asleep: boolean; readonly usdPerMegahashDay: number; readonly usdPerKilowattHour: number; readonly inlet: number; readonly at: number }): MinerFacts {
  return {
    name, model: 'l9', site: 'farm', circuit, preset: now.preset, asleep: now.asleep, presets: world.presets, readAt: now.at, pricedAt: now.at,
    price: { basis: 'manual_price', usdPerMegahashDay: now.usdPerMegahashDay, feeRatio: 0.02 }, tariff: { usdPerKilowattHour: now.usdPerKilowattHour, overheadRatio: 0.06 },
    powerPricesAhead: [now.usdPerKilowattHour, now.usdPerKilowattHour], inletTemperature: now.inlet,
  };
}
