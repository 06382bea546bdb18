import { describe, expect, test } from '@jest/globals';
import { appendFileSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { embeddedBackend } from '../src/advice/backend.ts';
import type { MinerFacts } from '../src/advice/decision.ts';
import { createRecommendations, type Followed } from '../src/advice/recommendations.ts';
import { openAdviceStore } from '../src/advice/store.ts';
import { fitRatioModel } from '../src/analytics/ratio-model.ts';
import { temporaryFolder } from './command.ts';
import { recordingLog, silent, until } from './fixtures.ts';
import { historyOf, makeWorld } from './advice-world.ts';
import { run, simulated, spec } from './running.ts';

const hourMs = 3_600_000;
const presets = [[2600, 13.6], [3360, 16.8]].map(([watts = 0, gigahashes = 0]) => ({ name: String(watts), label: '', tuned: true, needsModifiedPsu: false, powerWatts: watts, hashrate: gigahashes * 1e9 }));

/** It ran two days on each, as promised. */
const model = fitRatioModel(presets.flatMap(({ name: preset, hashrate, powerWatts }) => Array.from({ length: 48 }, (_each, hour) => ({ miner: 'a', model: 'l9', preset, at: hour * hourMs, promised: { hashrate, powerWatts }, hashrate, powerWatts }))));

/** A fleet of one whose facts and clock the test moves. */
function bench(part: Partial<MinerFacts> = {}, control?: Followed) {
  const told: string[] = [];
  const folder = temporaryFolder();
  const state = { now: 1_700_000_000_000, facts: { name: 'a', model: 'l9', site: 's', preset: '2600', asleep: false, presets, price: { basis: 'manual_price', usdPerMegahashDay: 0.000_78, feeRatio: 0 }, tariff: { usdPerKilowattHour: 0.09, overheadRatio: 0 }, ...part } as MinerFacts };
  const open = () => createRecommendations({
    store: openAdviceStore(folder, silent), limits: { leastGainUsdPerDay: 0.05, leastGainRatio: 0.03, allowSleep: false }, model: () => model, now: () => state.now,
    facts: () => [{ ...state.facts, readAt: state.now }], workOf: () => presets.find(({ name }) => name === state.facts.preset),
    tell: (miner, from, to) => void told.push(`${miner}: ${from} > ${to}`), ...(control === undefined ? {} : { control }),
  });
  return { state, folder, open, told, all: open() };
}

describe('advice', () => {
  test('is given when it was found three times, and once only', () => {
    const { all } = bench();
    expect([all.evaluate().length, all.evaluate().length, all.evaluate().length, all.evaluate().length]).toEqual([0, 0, 1, 1]);
    expect(all.list()).toMatchObject([{ miner: 'a', from: '2600', to: '3360', status: 'open' }]);
  });

  test('expires when it does not hold any more', () => {
    const { all, state } = bench();
    all.generate();
    state.facts = { ...state.facts, tariff: { usdPerKilowattHour: 0.3, overheadRatio: 0 } };
    all.generate();
    expect(all.list()).toMatchObject([{ status: 'expired' }]);
  });

  test('that was rejected does not come again for a day', () => {
    const { all, state } = bench();
    const [one] = all.generate();
    all.reject(one!.id, 'ada', 'not now');
    expect(all.generate()).toEqual([]);
    state.now += 25 * hourMs;
    expect(all.generate()).toHaveLength(1);
    expect(() => all.approve(one!.id, 'ada')).toThrow('The recommendation is rejected');
  });

  test('that a person calls wrong does not come again for a day either, and is counted', () => {
    const { all, state } = bench();
    const [one] = all.generate();
    state.now += 3 * hourMs;
    state.facts = { ...state.facts, tariff: { usdPerKilowattHour: 0.3, overheadRatio: 0 } };
    all.generate();
    expect(all.get(one!.id).status).toBe('expired');
    all.feedback(one!.id, { type: 'rejected', actor: 'ada' });
    state.facts = { ...state.facts, tariff: { usdPerKilowattHour: 0.09, overheadRatio: 0 } };
    expect(all.generate()).toEqual([]);
    expect([...all.feedbackCounts()]).toEqual([['rejected', 1]]);
    state.now += 25 * hourMs;
    expect(all.generate()).toHaveLength(1);
  });

  test('applied twice asks for the same preset, and not at all once the miner is there', () => {
    const { all, state } = bench();
    const { id } = all.generate()[0]!;
    expect(all.order(id, 'apply')).toEqual(all.order(id, 'apply'));
    expect(all.order(id, 'apply')).toEqual({ action: 'preset', miners: ['a'], parameters: { preset: '3360' } });
    state.facts = { ...state.facts, preset: '3360' };
    expect(() => all.order(id, 'apply')).toThrow('a is on 3360, no longer on 2600');
  });

  test('is not applied on prices of two hours ago', () => {
    const { all, state } = bench();
    const { id } = all.generate()[0]!;
    state.now += 2 * hourMs;
    expect(() => all.order(id, 'apply')).toThrow('too old');
  });

  test('is judged a day after it was applied, and taken back to where it began', () => {
    const { all, state } = bench();
    const { id } = all.generate()[0]!;
    all.started(id, 'apply', { actor: 'ada', job: 'j1' });
    state.facts = { ...state.facts, preset: '3360' };
    state.now += 23 * hourMs;
    all.evaluate();
    expect(all.get(id).outcome).toBeUndefined();
    expect(all.brierScore()).toBeUndefined();
    state.now += hourMs;
    all.evaluate();
    // 3.2 GH/s more for 760 W more.
    expect(all.get(id).outcome).toMatchObject({ inPlace: true, usdPerDay: expect.closeTo(3200 * 0.000_78 - 0.76 * 24 * 0.09, 6) });
    expect(all.brierScore()).toBeLessThan(0.1);
    expect(all.order(id, 'rollback')).toEqual({ action: 'preset', miners: ['a'], parameters: { preset: '2600' } });
    expect(all.started(id, 'rollback', { actor: 'ada' }).status).toBe('rolled_back');
  });

  test('rests after a change, whoever asks for an evaluation', () => {
    const { all, state } = bench();
    all.started(all.generate()[0]!.id, 'apply', { actor: 'ada' });
    for (const hours of [1, 1, 1]) {
      state.now += hours * hourMs;
      expect(all.evaluate()).toEqual([]);
    }
    state.now += 3 * hourMs;
    expect(all.evaluate()).toHaveLength(1);
  });

  test('and what was said of it survive the process, also one that died while it wrote', () => {
    const { all, folder, open } = bench();
    const { id } = all.generate()[0]!;
    all.feedback(id, { type: 'implemented', actor: 'ada', details: 'by hand' });
    appendFileSync(path.join(folder, 'recommendations.jsonl'), '{"id":"cut o');
    const { log, lines } = recordingLog();
    expect(openAdviceStore(folder, log).get(id)?.feedback).toMatchObject({ type: 'implemented', details: 'by hand' });
    expect(lines).toMatchObject([{ lines: 1 }]);
    expect(open().get(id).status).toBe('open');
    // What is left is written anew, whole.
    expect(readFileSync(path.join(folder, 'recommendations.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  test('that waits for a second person has not begun, does not expire, and goes on once that person agrees', () => {
    const approvals = new Map<string, { state: 'awaiting_approval' | 'approved' | 'rejected' | 'expired'; job?: string }>([['w', { state: 'awaiting_approval' }]]);
    const { all, state } = bench({}, { approval: (id) => approvals.get(id), ended: () => undefined });
    const { id } = all.generate()[0]!;
    all.started(id, 'apply', { actor: 'ada', approval: 'w' });
    state.now += 3 * hourMs;
    state.facts = { ...state.facts, tariff: { usdPerKilowattHour: 0.3, overheadRatio: 0 } };
    all.evaluate();
    all.follow();
    expect(all.get(id)).toMatchObject({ status: 'open', approval: { id: 'w' } });
    expect(() => all.order(id, 'apply')).toThrow('waits for a second person (approval w)');
    approvals.set('w', { state: 'approved', job: 'j1' });
    all.follow();
    expect(all.get(id)).toMatchObject({ status: 'applied', job: 'j1', appliedAt: state.now, before: { powerWatts: 2600 } });
    expect(all.get(id).approval).toBeUndefined();
  });

  test.each([['rejected', 'The order was rejected; nothing was sent.'], [undefined, 'The order was forgotten; nothing was sent.']] as const)('whose second person says %s stays as it was', (answer, result) => {
    const { all } = bench({}, { approval: () => (answer === undefined ? undefined : { state: answer }), ended: () => undefined });
    const { id } = all.generate()[0]!;
    all.started(id, 'apply', { actor: 'ada', approval: 'w' });
    all.follow();
    expect(all.get(id)).toMatchObject({ status: 'open', result });
    expect(all.order(id, 'apply').action).toBe('preset');
  });

  test('that the rails took back, or could not send, is not judged a day later, and says why', () => {
    const ended = new Map([['j1', { done: false, rolledBack: true, detail: 'hashrate too low; rolled back to 2600' }], ['j2', { done: false, rolledBack: false, detail: 'gone' }], ['j3', { done: true, rolledBack: false, detail: '' }]]);
    const found = [...ended.keys()].map((job) => {
      const { all, state } = bench({}, { approval: () => undefined, ended: (id) => ended.get(id) });
      const { id } = all.generate()[0]!;
      all.started(id, 'apply', { actor: 'ada', job });
      all.follow();
      all.follow();
      state.now += 25 * hourMs;
      all.evaluate();
      return all.get(id);
    });
    expect(found.map(({ status, result }) => [status, result])).toEqual([['rolled_back', 'hashrate too low; rolled back to 2600'], ['failed', 'gone'], ['applied', undefined]]);
    expect(found.map(({ outcome }) => outcome?.inPlace)).toEqual([undefined, undefined, false]);
  });

  test('tells each of its turns once', () => {
    const { all, told, state } = bench();
    const { id } = all.generate()[0]!;
    all.generate();
    all.approve(id, 'ada');
    all.started(id, 'apply', { actor: 'ada' });
    state.facts = { ...state.facts, preset: '3360' };
    all.started(id, 'rollback', { actor: 'ada' });
    expect(told).toEqual(['a:  > open: preset_change 2600 to 3360', 'a: open > approved: preset_change 2600 to 3360', 'a: approved > applied: preset_change 2600 to 3360', 'a: applied > rolled back: preset_change 2600 to 3360']);
  });

  test('to try an untuned preset needs an approval', () => {
    const { all } = bench({ presets: [presets[0]!, { ...presets[1]!, tuned: false }] });
    const one = all.generate()[0]!;
    expect(one.kind).toBe('explore');
    expect(() => all.order(one.id, 'apply')).toThrow('only after it was approved');
    all.approve(one.id, 'ada');
    expect(all.order(one.id, 'apply').parameters).toEqual({ preset: '3360', allowUntuned: true });
  });
});

test('the embedded back end predicts, scores, forecasts, and trains to the bit the same', async () => {
  const cells = historyOf(makeWorld(7, 6), 5);
  const [one, two] = [embeddedBackend(), embeddedBackend()];
  expect(JSON.stringify(await one.train(cells))).toBe(JSON.stringify(await two.train(cells)));
  expect(one.status()).toMatchObject({ name: 'embedded', ready: true, hours: cells.length });
  const [row] = cells;
  const [expected] = await one.predict([row!]);
  expect(expected!.hashrate.value / row!.hashrate!).toBeCloseTo(1, 1);
  const [own, low] = await one.score([row!, { ...row!, hashrate: row!.hashrate! * 0.9 }]);
  expect(Math.abs(own!.hashrate!)).toBeLessThan(6);
  expect(low!.hashrate).toBeLessThan(-10);
  const day = Array.from({ length: 48 }, (_each, hour) => hour % 24);
  expect(await one.forecast(day, 3)).toEqual([0, 1, 2]);
  expect(await one.forecast([], 3)).toEqual([]);
});

test('over the API advice is made, read, approved, planned and applied through the rails, and the machine is on the preset', async () => {
  const simulator = await simulated([spec('a')], { speed: 100 });
  const running = await run({ a: simulator.miner('a').address }, {
    control: '{enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1, circuit_start_gap_seconds: 0}',
    sections: 'prices: {scrypt_usd_per_megahash_day: 0.0002}\nsites: [{name: default, electricity: {price_usd_per_kilowatt_hour: 0.2}}]',
  });
  const api: typeof running.api = async (where, asking) => running.api(where, asking);
  const value: typeof running.value = async (series, labels) => running.value(series, labels);
  const { service } = running;
  await until('it is steady', async () => (await value('miner_phase', { phase: 'steady' })) === 1 && service.fleet.get('a')?.presets !== undefined, 30_000);
  const made = (await api('/recommendations/generate', { json: {} })).body['recommendations'] as { id: string; kind: string; from: string; to: string; gainUsdPerDay: number; evidence: string }[];
  const advice = made.find(({ kind }) => kind === 'preset_change')!;
  expect(advice).toMatchObject({ kind: 'preset_change', miner: 'a' });
  expect(advice.gainUsdPerDay).toBeGreaterThan(0.05);
  await until('it is on the page', async () => Math.abs((await value('miner_advice_gain_usd_per_day', { kind: 'preset_change' }) ?? 0) - advice.gainUsdPerDay) < 0.01);
  expect((await api('/recommendations?kind=preset_change&miner=a')).body['recommendations']).toHaveLength(1);
  expect((await api('/recommendations?kind=nothing')).status).toBe(422);
  expect((await api(`/recommendations/${advice.id}`)).body).toMatchObject({ status: 'open', from: advice.from });
  expect((await api('/recommendations/none')).status).toBe(404);
  expect((await api(`/recommendations/${advice.id}/approve`, { json: {}, token: 'token-for-reading' })).status).toBe(403);
  expect((await api(`/recommendations/${advice.id}/approve`, { json: {} })).body).toMatchObject({ status: 'approved' });
  const curve = (await api('/rigs/a/curve')).body as { current: string; points: { preset: string; profitUsdPerDay: { value: number; low: number; high: number } }[] };
  expect(curve.current).toBe(advice.from);
  for (const { profitUsdPerDay: { low, value: middle, high } } of curve.points) expect([low, middle, high]).toEqual([low, middle, high].sort((a, b) => a - b));
  expect((await api('/ml/predict', { json: { miner: 'a', presets: [advice.to] } })).body).toMatchObject({ points: [{ preset: advice.to }] });
  expect((await api('/ml/predict', { json: { miner: 'a', presets: ['9'] } })).status).toBe(422);
  const plan = (await api(`/recommendations/${advice.id}/apply`, { json: {} })).body;
  expect(plan).toMatchObject({ plan: { targets: [{ miner: 'a' }] } });
  expect((await api(`/recommendations/${advice.id}`)).body).toMatchObject({ status: 'approved' });
  const applied = await api(`/recommendations/${advice.id}/apply`, { json: { dryRun: false } });
  expect(applied.status).toBe(202);
  await until('it runs on the new preset', () => service.fleet.get('a')?.reading?.preset?.name === advice.to, 15_000);
  expect((await api(`/recommendations/${advice.id}/feedback`, { json: { type: 'implemented' } })).body).toMatchObject({ status: 'applied', feedback: { type: 'implemented' } });
  expect(((await api('/events')).body['events'] as { kind: string; to: string }[]).filter(({ kind }) => kind === 'advice').map(({ to }) => to)).toContain(`applied: preset_change ${advice.from} to ${advice.to}`);
  expect(((await api('/audit?limit=100')).body['entries'] as { event: string }[]).filter(({ event }) => event === 'advice').length).toBe(2);
}, 60_000);
