import { describe, expect, test } from '@jest/globals';
import { expectation, fitRatioModel, predict, type Cell, type RatioModel } from '../src/analytics/ratio-model.ts';
import { seeded } from './seeded.ts';

const presets = ['2800', '3000', '3200', '3400', '3600'] as const;
const hour = 3_600_000;

interface World { readonly cells: Cell[]; readonly truth: (miner: number, preset: number, inlet: number) => { hashrate: number; powerWatts: number; chipTemperature: number }; readonly ran: ReadonlySet<string> }

/** Miners whose truth is a biased table, an own effect, an inlet and an own effect on each preset; each runs on three of the five presets. */
function world({ miners = 40, hours = 480, seed = 1, noise = 0.004, own = 0.007 } = {}): World {
  const random = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const bias = presets.map((_preset, index) => ({ hashrate: -0.01 * index, power: 0.015 * index, heat: 0.02 * index }));
  const miner = Array.from({ length: miners }, () => ({ hashrate: 0.03 * normal(), power: 0.03 * normal(), heat: 0.05 * normal() }));
  const both = miner.map(() => presets.map(() => ({ hashrate: own * normal(), power: own * normal() })));
  const truth = (m: number, p: number, inlet: number) => {
    const watts = Number(presets[p]);
    return {
      hashrate: watts * 4.5e6 * Math.exp(bias[p]!.hashrate + miner[m]!.hashrate + both[m]![p]!.hashrate - 0.0005 * (inlet - 25)),
      powerWatts: watts * Math.exp(bias[p]!.power + miner[m]!.power + both[m]![p]!.power + 0.001 * (inlet - 25)),
      chipTemperature: inlet + watts * 0.014 * Math.exp(bias[p]!.heat + miner[m]!.heat),
    };
  };
  const ran = new Set<string>();
  const cells = miner.flatMap((_miner, m) => {
    const own = [m % 5, (m + 1) % 5, (m + 3) % 5];
    for (const p of own) ran.add(`${m} ${p}`);
    return Array.from({ length: hours }, (_hour, at): Cell => {
      const p = own[Math.floor(at / 24) % 3]!;
      const inlet = 25 + 8 * Math.sin(at / 24 * 2 * Math.PI) + 2 * normal();
      const real = truth(m, p, inlet);
      return {
        miner: `m${m}`, model: 'l9', preset: presets[p]!, at: at * hour, promised: promised(p), inletTemperature: inlet,
        hashrate: real.hashrate * Math.exp(noise * normal()), powerWatts: real.powerWatts * Math.exp(noise * normal()), chipTemperature: real.chipTemperature + 0.5 * normal(),
      };
    });
  });
  return { cells, truth, ran };
}

const promised = (p: number) => ({ hashrate: Number(presets[p]) * 4.5e6, powerWatts: Number(presets[p]) });
const setting = (m: number, p: number, inlet: number) => ({ miner: `m${m}`, model: 'l9', preset: presets[p]!, promised: promised(p), inletTemperature: inlet });

/** Mean relative error over pairs, of the model and of what the preset promises. */
function errorsOf(model: RatioModel, { truth, ran }: World, miners: number, seen: boolean): Record<'hashrate' | 'power' | 'degrees' | 'hashratePromised' | 'powerPromised', number> {
  const sums = { hashrate: 0, power: 0, degrees: 0, hashratePromised: 0, powerPromised: 0 };
  let count = 0;
  for (let m = 0; m < miners; m += 1) {
    for (let p = 0; p < presets.length; p += 1) {
      if (ran.has(`${m} ${p}`) !== seen) continue;
      const [real, expected] = [truth(m, p, 30), expectation(model, setting(m, p, 30))];
      count += 1;
      sums.hashrate += Math.abs(expected.hashrate.value / real.hashrate - 1);
      sums.power += Math.abs(expected.powerWatts.value / real.powerWatts - 1);
      sums.degrees += Math.abs(expected.chipTemperature!.value - real.chipTemperature);
      sums.hashratePromised += Math.abs(promised(p).hashrate / real.hashrate - 1);
      sums.powerPromised += Math.abs(promised(p).powerWatts / real.powerWatts - 1);
    }
  }
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count])) as ReturnType<typeof errorsOf>;
}

describe('the ratio model', () => {
  test('says of presets that a miner never ran on more than the promise does, within its own idiosyncrasy', () => {
    const here = world();
    const model = fitRatioModel(here.cells);
    const errors = errorsOf(model, here, 40, false);
    expect(errors.hashrate).toBeLessThan(0.009);
    expect(errors.power).toBeLessThan(0.009);
    expect(errors.degrees).toBeLessThan(0.5);
    expect(errors.hashratePromised).toBeGreaterThan(3 * errors.hashrate);
    expect(errors.powerPromised).toBeGreaterThan(3 * errors.power);
    expect(errorsOf(model, here, 40, true).hashrate).toBeLessThan(0.001);
  });

  test('its spread is honest: about four in five truths lie within 1.28 of it, on presets never seen and on those with few hours', () => {
    let [inside, count] = [0, 0];
    for (const seed of [2, 3, 4]) {
      const here = world({ seed });
      const model = fitRatioModel(here.cells);
      for (let m = 0; m < 40; m += 1) {
        for (let p = 0; p < presets.length; p += 1) {
          if (here.ran.has(`${m} ${p}`)) continue;
          const { hashrate } = expectation(model, setting(m, p, 25));
          count += 1;
          if (Math.abs(here.truth(m, p, 25).hashrate - hashrate.value) <= 1.28 * hashrate.deviation) inside += 1;
        }
      }
    }
    expect(inside / count).toBeGreaterThan(0.72);
    expect(inside / count).toBeLessThan(0.9);
    const model = fitRatioModel(world({ hours: 96 }).cells);
    const spreads = [0, 24].map((hours) => (hours === 0 ? predict(model, 'hashrate', setting(0, 2, 25)).spread : predict(model, 'hashrate', setting(0, 0, 25)).spread));
    expect(spreads[1]).toBeLessThan(spreads[0]! / 3);
  });

  test('without data it is what the preset promises, with the usual spread; temperatures it does not make up', () => {
    const cold = expectation(fitRatioModel([]), setting(0, 1, 30));
    expect(cold).toMatchObject({ hashrate: { value: promised(1).hashrate }, powerWatts: { value: 3000 }, hours: 0 });
    expect(cold.hashrate.deviation / cold.hashrate.value).toBeCloseTo(0.015 * Math.sqrt(3), 6);
    expect(cold).not.toHaveProperty('chipTemperature');
    expect(cold).not.toHaveProperty('errorRatio');
    const other = expectation(fitRatioModel(world({ miners: 5, hours: 72 }).cells), { ...setting(0, 0, 25), miner: 'new', preset: '9999', promised: { hashrate: 1e10, powerWatts: 2000 } });
    expect(other.hashrate.value).toBe(1e10);
    expect(other.chipTemperature?.value).toBeGreaterThan(40);
  });

  test('a fault in a tenth of the hours does not become what is expected', () => {
    const here = world({ miners: 12 });
    const ill = here.cells.map((cell) => (cell.miner === 'm3' && cell.at > 432 * hour ? { ...cell, hashrate: cell.hashrate! * 0.6 } : cell));
    const [clean, model] = [fitRatioModel(here.cells), fitRatioModel(ill)];
    const difference = (m: number) => Math.abs(predict(model, 'hashrate', setting(m, m % 5, 25)).log - predict(clean, 'hashrate', setting(m, m % 5, 25)).log);
    expect(difference(3)).toBeLessThan(0.01);
    expect(difference(4)).toBeLessThan(0.001);
  });

  test('what a cell does not tell, or cannot be, is left out of its target alone; names of objects are names', () => {
    const promise = promised(0);
    const cells: Cell[] = Array.from({ length: 24 }, (_cell, at) => ({ miner: '__proto__', model: 'constructor', preset: 'toString', at, promised: promise, hashrate: promise.hashrate * 1.1, powerWatts: at % 2 === 0 ? Number.NaN : 0, chipTemperature: 20 }));
    const told = expectation(fitRatioModel(cells), { miner: '__proto__', model: 'constructor', preset: 'toString', promised: promise });
    expect(told.hashrate.value / promise.hashrate).toBeCloseTo(1.1, 2);
    expect(told.powerWatts.value).toBe(promise.powerWatts);
    expect(told).not.toHaveProperty('chipTemperature');
    expect(told.hours).toBe(24);
  });

  test('kept as JSON it says the same', () => {
    const model = fitRatioModel(world({ miners: 5, hours: 72 }).cells);
    expect(expectation(JSON.parse(JSON.stringify(model)) as RatioModel, setting(1, 2, 31))).toEqual(expectation(model, setting(1, 2, 31)));
  });
});
