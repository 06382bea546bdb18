/** Learning without sockets: drift, comparison, backtest, and the registry on disk. */
import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { embeddedBackend } from '../src/advice/backend.ts';
import { populationStability, referenceOf } from '../src/analytics/psi.ts';
import { fitRatioModel } from '../src/analytics/ratio-model.ts';
import { backtest } from '../src/learning/backtest.ts';
import { driftOf, movedFeatures, referencesOf } from '../src/learning/drift.ts';
import { features, trainedOn, type LearningHour } from '../src/learning/hours.ts';
import { modelsFolder, openLearning, type LearningSettings } from '../src/learning/learning.ts';
import { contest, verdictOf, type Contest } from '../src/learning/promotion.ts';
import { openRegistry, type Damage, type ModelRecord } from '../src/learning/registry.ts';
import { labelValues } from '../src/metrics/catalogue.ts';
import { worldRules } from './advice-world.ts';
import { temporaryFolder } from './command.ts';
import { recordingLog, silent } from './fixtures.ts';
import { dayMs, learningHours } from './learning-world.ts';
import { seeded } from './seeded.ts';

describe('the population stability index', () => {
  const repeated = (counts: readonly (readonly [value: number, count: number])[]) => counts.flatMap(([value, count]) => new Array<number>(count).fill(value));

  test('is what the formula says', () => {
    const halves = { edges: [5], shares: [0.5, 0.5], count: 100 };
    expect(populationStability(halves, repeated([[0, 50], [9, 50]]))).toBe(0);
    // (0.8 - 0.5) ln(0.8/0.5) + (0.2 - 0.5) ln(0.2/0.5)
    expect(populationStability(halves, repeated([[0, 80], [9, 20]]))).toBeCloseTo(0.3 * Math.log(1.6) - 0.3 * Math.log(0.4), 12);
    // An empty bin counts as one in ten thousand.
    expect(populationStability(halves, repeated([[0, 100]]))).toBeCloseTo(0.5 * Math.log(2) + (0.0001 - 0.5) * Math.log(0.0002), 12);
  });

  test('is small for the same distribution, large for another, and absent for too few values', () => {
    const draw = seeded(3);
    const normal = (mean: number) => Array.from({ length: 4000 }, () => mean + Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw()));
    const reference = referenceOf(normal(0))!;
    expect(reference.shares).toHaveLength(10);
    expect(populationStability(reference, normal(0))!).toBeLessThan(0.02);
    expect(populationStability(reference, normal(1))!).toBeGreaterThan(0.5);
    expect(populationStability(reference, normal(0).slice(0, 49))).toBeUndefined();
    expect(referenceOf(new Array<number>(49).fill(1))).toBeUndefined();
    // One value only: one bin, from which nothing can move.
    expect(populationStability(referenceOf(new Array<number>(60).fill(1))!, normal(0))).toBe(0);
  });

  test('tells which feature has moved, by names that the catalogue knows', () => {
    const hours = learningHours(5, { miners: 12, days: 20 });
    const references = referencesOf(hours);
    const same = driftOf(references, hours);
    for (const psi of Object.values(same)) expect(psi).toBeLessThan(0.001);
    const hot = driftOf(references, hours.map((hour) => ({ ...hour, chipTemperature: hour.chipTemperature! + 20 })));
    expect(movedFeatures(hot)).toEqual({ stop: ['chip_temperature'], warn: [] });
    expect([...labelValues.feature]).toEqual([...features]);
  });
});

describe('a candidate', () => {
  const accuracy = { hashrate: 0.01, power: 0.01, coverage: 0.8, hours: 500 };
  const against = (part: Partial<Contest['candidate']>): Contest => ({ candidate: { ...accuracy, ...part }, rival: accuracy, rivalName: 'in_force' });

  test('has to be better in hashrate and power by more than 2 %, with an honest interval, over a day of hours', () => {
    expect(verdictOf(against({ hashrate: 0.009, power: 0.009 })).promote).toBe(true);
    expect(verdictOf(against({ hashrate: 0.009, power: 0.0099 }))).toEqual({ promote: false, reason: 'its error of power, 0.99 %, is not less than that of the model in force, 1.00 % (equal within 2 %)' });
    expect(verdictOf(against({ hashrate: 0.011, power: 0.005 })).reason).toContain('error of hashrate');
    expect(verdictOf(against({ hashrate: 0.009, power: 0.009, coverage: 0.74 })).reason).toContain('held 74.00 %');
    expect(verdictOf(against({ hashrate: 0.009, power: 0.009, coverage: 0.86 })).promote).toBe(false);
    expect(verdictOf(against({ hashrate: 0.001, power: 0.001, hours: 23 })).reason).toContain('only 23 hours');
  });

  test('that learned from hours with a fault is worse than the model in force, and one that learned on is better than one that saw little', () => {
    const hours = learningHours(6, { days: 24 });
    const early = hours.filter(({ at }) => at < hours[0]!.at + 16 * dayMs);
    const inForce = { model: fitRatioModel(early), trained: trainedOn(early)! };
    const faulty = hours.map((hour, index) => (hour.at >= inForce.trained.to || index % 5 < 2 ? hour : { ...hour, hashrate: hour.hashrate! * 0.7, powerWatts: hour.powerWatts! * 0.8 }));
    expect(verdictOf(contest(faulty, { days: 30, inForce })).promote).toBe(false);
    const first = hours.filter(({ at }) => at < hours[0]!.at + dayMs);
    const better = contest(hours, { days: 30, inForce: { model: fitRatioModel(first), trained: trainedOn(first)! } });
    expect(better.candidate.hours).toBe(7 * 24 * 12);
    expect(better.candidate.hashrate!).toBeLessThan(better.rival.hashrate!);
    expect(verdictOf(better)).toMatchObject({ promote: true });
  });

  test('beats what presets promise, and its interval of 80 % holds about four in five', () => {
    const found = contest(learningHours(7), { days: 30, inForce: undefined });
    expect(found.rivalName).toBe('table');
    expect(found.candidate.hashrate!).toBeLessThan(found.rival.hashrate! / 2);
    expect(verdictOf(found)).toMatchObject({ promote: true });
  });
});

describe('a backtest', () => {
  const options = { limits: worldRules, seed: 4 };
  const hours = learningHours(8);

  test('says the same to the bit for the same hours and seed', () => {
    expect(JSON.stringify(backtest(hours, options))).toBe(JSON.stringify(backtest([...hours], options)));
    expect(backtest(hours, { ...options, seed: 5 }).modelOverStay).not.toEqual(backtest(hours, options).modelOverStay);
    expect(JSON.stringify(fitRatioModel(hours))).toBe(JSON.stringify(fitRatioModel([...hours])));
  });

  test('never looks ahead: what comes later changes no decision made before', () => {
    const turn = hours[0]!.at + 19 * dayMs;
    const other = hours.map((hour): LearningHour => (hour.at < turn ? hour : {
      ...hour, hashrate: hour.hashrate! * 0.5, powerWatts: hour.powerWatts! * 1.3, chipTemperature: hour.chipTemperature! + 15, money: { hash: hour.money!.hash * 3, watt: hour.money!.watt / 4 },
    }));
    const decided = (list: readonly LearningHour[]) => backtest(list, options).changes.filter(({ day }) => day <= turn).map(({ day, miner, from, to, probability }) => ({ day, miner, from, to, probability }));
    expect(decided(hours).filter(({ day }) => day === turn).length).toBeGreaterThan(0);
    expect(decided(other)).toEqual(decided(hours));
    expect(backtest(other, options).changes.filter(({ day }) => day > turn)).not.toEqual(backtest(hours, options).changes.filter(({ day }) => day > turn));
  });

  test('scores only presets that were really run, beside both baselines', () => {
    const report = backtest(hours, options);
    expect(report.days).toBe(10);
    expect(report.decisions).toBe(120);
    expect(report.scored).toBeGreaterThan(0);
    expect(report.scored).toBeLessThan(report.decisions);
    expect(report.scoredShare).toBe(report.scored / report.decisions);
    expect(report.accuracy.ratio.hashrate!).toBeLessThan(report.accuracy.table.hashrate! / 3);
    expect(report.accuracy.ratio.hashrate!).toBeLessThan(report.accuracy.last_day.hashrate!);
    expect(report.accuracy.table.chipTemperature).toBeUndefined();
    expect(report.accuracy.ratio.coverage!).toBeGreaterThan(0.7);
    expect(report.usdPerDay!.model).toBeGreaterThan(report.usdPerDay!.stay);
    expect(report.modelOverStay!.low).toBeLessThanOrEqual(report.modelOverStay!.value);
    expect(report.brier!).toBeLessThan(0.15);
    expect(report.reliability.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(100);
    // Nobody but one ever ran another preset: nothing can be said of a change to it.
    const alone = hours.map((hour) => ({ ...hour, preset: '3000', promised: { hashrate: 15.6e9, powerWatts: 3000 } }));
    expect(backtest(alone, options)).toMatchObject({ switchesPerDay: 0, changes: [], reliability: [] });
  });

  test('counts limits that were broken, and of no prices says nothing of money', () => {
    const cold = backtest(hours, { ...options, limits: { ...worldRules, temperatureLimit: 100 } });
    expect(cold.breaches).toEqual({ temperature: 0, circuits: 0 });
    const poor = backtest(hours.map(({ money: _money, ...hour }) => hour), options);
    expect(poor).toMatchObject({ decisions: 0, scoredShare: 0 });
    expect(poor.usdPerDay).toBeUndefined();
    expect(poor.accuracy.ratio.hours).toBeGreaterThan(0);
    expect(backtest([], options)).toMatchObject({ days: 0, decisions: 0 });
  });
});

function recordOf(hours: readonly LearningHour[], createdAt: number): Omit<ModelRecord, 'version'> {
  const found = contest(hours, { days: 30, inForce: undefined });
  return { backend: 'embedded', source: 'prometheus', createdAt, trained: { ...trainedOn(hours)!, source: 'http://127.0.0.1:9090/' }, contest: found, verdict: verdictOf(found), references: referencesOf(hours), model: fitRatioModel(hours) };
}

describe('the registry', () => {
  const hours = learningHours(9, { miners: 3, days: 9 });
  const made = recordOf(hours, 1);
  const open = (folder: string, kept?: number) => {
    const damages: Damage[] = [];
    return { registry: openRegistry(folder, (damage) => damages.push(damage), kept), damages };
  };

  test('keeps models as they are, promotes, and goes back by one step at a time', () => {
    const folder = temporaryFolder();
    const { registry, damages } = open(folder);
    expect([registry.all(), registry.state()]).toEqual([[], { earlier: [], rollbacks: 0 }]);
    const [one, two] = [registry.add(made), registry.add(made)];
    expect([one.version, two.version]).toEqual([1, 2]);
    expect(open(folder).registry.all()[1]).toEqual(JSON.parse(JSON.stringify(one)));
    registry.promote(1);
    registry.promote(2);
    expect(() => registry.promote(2)).toThrow('in force already');
    expect(() => registry.promote(7)).toThrow('There is no model 7. Kept are: 2, 1.');
    expect(open(folder).registry.state()).toMatchObject({ inForce: 2, earlier: [1] });
    expect(registry.rollback()).toMatchObject({ inForce: 1, rollbacks: 1 });
    expect(registry.rollback()).toEqual({ earlier: [], rollbacks: 2 });
    expect(() => registry.rollback()).toThrow('nothing to roll back');
    expect(damages).toEqual([]);
    expect(readdirSync(folder).sort()).toEqual(['000001.json', '000002.json', 'state.json']);
  });

  test('sets a damaged file aside and says so; its version is not given again', () => {
    const folder = temporaryFolder();
    const { registry } = open(folder);
    registry.add(made);
    registry.add(made);
    registry.promote(2);
    const file = path.join(folder, '000002.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"hours":', '"hours":1'));
    writeFileSync(path.join(folder, 'state.json'), '{"format":1,');
    const after = open(folder);
    expect(after.registry.all().map(({ version }) => version)).toEqual([1]);
    expect(after.registry.state()).toEqual({ earlier: [], rollbacks: 0 });
    expect(after.damages.map(({ file: name }) => path.basename(name))).toEqual(['000002.json', 'state.json']);
    expect(after.damages[0]!.why).toBe('its checksum does not fit; set aside as 000002.json.damaged');
    expect(readdirSync(folder)).toContain('000002.json.damaged');
    expect(after.registry.add(made).version).toBe(3);
  });

  test('keeps the last ones, and never drops the one in force', () => {
    const { registry } = open(temporaryFolder(), 3);
    registry.add(made);
    registry.promote(1);
    for (let more = 0; more < 5; more += 1) registry.add(made);
    expect(registry.all().map(({ version }) => version)).toEqual([6, 5, 1]);
  });
});

describe('the model in force', () => {
  const now = learningHours(9, { miners: 3, days: 9 }).at(-1)!.at + dayMs;
  const settings: LearningSettings = { nightly: true, nightlyHour: new Date(now).getUTCHours(), trainDays: 30, maxAgeDays: 7, limits: worldRules, circuitOf: new Map() };
  const hours = learningHours(9, { miners: 3, days: 9 });

  test('is the promoted one while it is young, after a restart too; then that of the last hours; before both the promises', () => {
    const dataFolder = temporaryFolder();
    const backend = embeddedBackend();
    let time = now;
    const learning = openLearning({ dataFolder, backend, log: silent, now: () => time });
    learning.follow(settings);
    expect(learning.inForce).toMatchObject({ version: 'promises', source: 'promises' });
    const hourly = fitRatioModel(hours.slice(0, 50));
    learning.hourly({ model: hourly, at: time, milliseconds: 1 });
    expect(learning.inForce.source).toBe('hours');
    expect(backend.model).toBe(hourly);
    // As a command in another process would.
    const registry = openRegistry(modelsFolder(dataFolder), () => undefined);
    registry.promote(registry.add(recordOf(hours, now)).version);
    learning.look();
    expect(learning.inForce).toMatchObject({ version: '1', source: 'prometheus' });
    expect(backend.status()).toMatchObject({ version: '1', hours: hours.length });
    const again = openLearning({ dataFolder, backend: embeddedBackend(), log: silent, now: () => time });
    again.follow(settings);
    expect(again.inForce.version).toBe('1');
    time += 7 * dayMs;
    learning.look();
    expect(learning.inForce.source).toBe('hours');
    time = now;
    learning.look();
    learning.rollback();
    expect([learning.inForce.source, learning.state().rollbacks]).toEqual(['hours', 1]);
  });

  test('that does not fit the fleet any more is said as advice; old measures say nothing', () => {
    const dataFolder = temporaryFolder();
    openRegistry(modelsFolder(dataFolder), () => undefined).keepDrift({ at: now, version: 4, psi: { chip_temperature: 0.31, hash_price: 0.2 } });
    let time = now;
    const learning = openLearning({ dataFolder, backend: embeddedBackend(), log: silent, now: () => time });
    expect(learning.advice()).toMatchObject([{ kind: 'data_quality', text: 'The fleet is not as it was when model 4 was trained: chip temperature (PSI 0.31), above 0.25. Apply no advice without looking; train anew (hashfleet train).' }]);
    time += 3 * dayMs;
    expect([learning.advice(), learning.drift()]).toEqual([[], {}]);
  });

  test('stays when a damaged registry is met, and that is logged; without a Prometheus nothing is trained, at night neither', () => {
    const dataFolder = temporaryFolder();
    const registry = openRegistry(modelsFolder(dataFolder), () => undefined);
    registry.promote(registry.add(recordOf(hours, now)).version);
    writeFileSync(path.join(modelsFolder(dataFolder), '000001.json'), 'nonsense');
    const { log, lines } = recordingLog();
    const learning = openLearning({ dataFolder, backend: embeddedBackend(), log, now: () => now });
    learning.follow(settings);
    expect(learning.inForce.source).toBe('promises');
    expect(lines).toMatchObject([{ level: 50, msg: 'a file of the registry of models is damaged; advice goes on without it' }]);
    learning.look();
    expect(learning.tasks()).toEqual([]);
    expect(() => learning.run('train', { by: 'ada' })).toThrow('set prometheus.url in fleet.yaml');
  });
});
