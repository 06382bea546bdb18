/**
 * What went wrong in the system before this one, one test each. Advice applied twice, sent to a real API with all its rails, followed to its
 * outcome and kept over a restart is in advice-life.test.ts; no CORS in web.test.ts; calls that Abacus does not have in abacus.test.ts.
 */
import { expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { decide, waysOf, type DecisionRules, type MinerFacts } from '../src/advice/decision.ts';
import { addReading, openHour, type Before } from '../src/analytics/hours.ts';
import { fitRatioModel, targets, type Cell } from '../src/analytics/ratio-model.ts';
import { workerIndex } from '../src/analytics/workers.ts';
import type { Reading } from '../src/miners/reading.ts';
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

test('a miner is who the configuration says, whatever its name looks like, and its worker is found by what it is called at the pool', () => {
  const minerOf = workerIndex([{ name: 'west shed, 3rd' }, { name: 'miner_001', pool_worker: 'acct.7' }, { name: 'L9-a4' }]);
  expect(['west shed, 3rd', 'acct.7', 'l9-A4'].map(minerOf)).toEqual(['west shed, 3rd', 'miner_001', 'L9-a4']);
  // The number in a name is no key: the first miner is not "miner_001" for a worker called 1 or 001.
  expect(['1', '001', 'miner_001', 'worker_001'].map(minerOf)).toEqual([undefined, undefined, undefined, undefined]);
});

test('advice of one miner is that miner\'s own, and money joins work by name, not by the moment of the reading', () => {
  const others = world.miners.slice(0, 3).map((miner, index) => ({ ...factsOf(world, miner, { preset: '3000', asleep: false, usdPerMegahashDay: 0.000_45, usdPerKilowattHour: 0.12, inlet: 20, at: index * 37_000 }), name: ['z', 'miner_001', 'a 9'][index]! }));
  const found = decide(others, { model, limits, now: 100_000 }).filter(({ side }) => side !== undefined);
  expect(found.map(({ miner }) => miner).sort()).toEqual(['a 9', 'miner_001', 'z']);
});

test('each further reading is the same work as the one before: nothing looks back over what was read before', () => {
  const looks = (readings: number) => {
    let count = 0;
    const hour = openHour(0);
    let before: Before | undefined;
    for (let index = 0; index < readings; index += 1) {
      const reading = new Proxy<Reading>({ at: 10_000_000 + index * 15_000, state: 'mining', stateSeconds: 9000, preset: { name: '3000', powerWatts: 3000, hashrate: 15e9 }, hashrate: 15e9, powerWatts: 3000, hardwareErrors: index, psuTemperatures: {}, pcb: {}, chip: { max: 60 }, fans: [{ fan: 1, up: true, speedRpm: 4000 }], pools: [], boards: [] }, {
        get(target, key, receiver) {
          count += 1;
          return Reflect.get(target, key, receiver) as unknown;
        },
      });
      before = addReading(hour, reading, { before, wanted: true });
    }
    return count;
  };
  const [few, more, most] = [looks(100), looks(200), looks(300)];
  expect(few).toBeGreaterThan(100);
  expect(most - more).toBe(more - few);
});

test('no certificate goes unchecked, and no sample holds a secret', () => {
  const root = path.join(import.meta.dirname, '..', '..');
  const files = execFileSync('git', ['-C', root, 'ls-files', 'exporter/src', 'README.md', 'docs', 'deploy', 'docker-compose.yml', 'prometheus.yml'], { encoding: 'utf8' }).split('\n').filter((file) => /\.(?:ts|md|ya?ml)$/.test(file));
  expect(files.length).toBeGreaterThan(100);
  const unchecked = /rejectUnauthorized:\s*false|NODE_TLS_REJECT_UNAUTHORIZED\s*[=\]]/;
  const written = /^\s*-?\s*(?:password|token|api_key|api_secret|secret):\s*['"]?[A-Za-z0-9][^\s]{5,}/m;
  const guilty = files.filter((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    return unchecked.test(text) || (!file.endsWith('.ts') && written.test(text));
  });
  expect(guilty).toEqual([]);
});
