/** What went wrong in the system before this one, one test each; that advice applied twice, written to nobody by itself and kept over a restart is in advice-life.test.ts. */
import { expect, test } from '@jest/globals';
import { decide, waysOf, type DecisionRules, type MinerFacts } from '../src/advice/decision.ts';
import { fitRatioModel, targets, type Cell } from '../src/analytics/ratio-model.ts';
import { factsOf, historyOf, makeWorld } from './advice-world.ts';

const limits: DecisionRules = { leastGainUsdPerDay: 0.05, leastGainRatio: 0.03, allowSleep: false };
const world = makeWorld(77, 12);
const cells = historyOf(world, 8);
const model = fitRatioModel(cells);
const facts = (usdPerKilowattHour: number, preset = '3000'): MinerFacts => factsOf(world, world.miners[0]!, { preset, asleep: false, usdPerMegahashDay: 0.000_45, usdPerKilowattHour, inlet: 20, at: 0 });
const running = (usd: number) => waysOf(facts(usd), model, limits).filter(({ preset }) => preset !== undefined);

test('what is expected depends on what is chosen', () => {
  for (const what of ['hashrate', 'powerWatts'] as const) expect(new Set(running(0.08).map((way) => way[what].value)).size).toBe(world.presets.length);
});

test('more joules for a hash is never a merit: at a dear price the thrifty presets earn more', () => {
  const [low, high] = [running(0.12)[0]!, running(0.12).at(-1)!];
  expect(low.powerWatts.value / low.hashrate.value).toBeLessThan(high.powerWatts.value / high.hashrate.value);
  expect(low.profitUsdPerDay!.value).toBeGreaterThan(high.profitUsdPerDay!.value);
});

test('nothing that is learned is made of money', () => {
  expect([...targets]).toEqual(['hashrate', 'power', 'heat', 'errors']);
  const fields = new Set(cells.flatMap((cell) => Object.keys(cell)));
  expect([...fields].filter((field) => /usd|price|earn|profit/i.test(field))).toEqual([]);
});

test('a reduction is advised where power is dear', () => {
  expect(decide([facts(0.12)], { model, limits, now: 0 }).find(({ side }) => side !== undefined)).toMatchObject({ side: 'down', from: '3000' });
});

test('how sure it is follows from the hours behind it: a preset that nobody ran has a wider band', () => {
  const width = (data: readonly Cell[]) => {
    const { deviation } = waysOf(facts(0.08), fitRatioModel(data), limits).find(({ preset }) => preset === '2500')!.profitUsdPerDay!;
    return deviation;
  };
  expect(width(cells.filter(({ preset }) => preset !== '2500'))).toBeGreaterThan(width(cells));
  expect(width([])).toBeGreaterThan(width(cells));
});

test('what the miner does now is not taken for all that it could do', () => {
  expect(running(0.03).some(({ hashrate }) => hashrate.value > running(0.03).find(({ preset }) => preset === '2000')!.hashrate.value * 1.5)).toBe(true);
});

test('hashes are counted in H/s of scrypt and told in GH/s', () => {
  const { text } = decide([facts(0.12)], { model, limits, now: 0 }).find(({ side }) => side !== undefined)!;
  expect(text).toMatch(/costs \d+\.\d\d GH\/s/);
  expect(text).not.toMatch(/TH\/s/);
});
