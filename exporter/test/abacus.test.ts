/** The Abacus.AI back end against the simulator's stub over HTTP: what it is asked, what leaves the house, and what happens when it fails. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { startAbacus, type Abacus, type AbacusFault } from '@hashfleet/simulator/abacus/abacus';
import { vendorActions } from '@hashfleet/simulator/abacus/vendor';
import { appendFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { abacusBackend, type AbacusBackend } from '../src/advice/abacus/backend.ts';
import { bootstrap, type AbacusState } from '../src/advice/abacus/bootstrap.ts';
import { abacusActionNames, abacusActions } from '../src/advice/abacus/calls.ts';
import { createAbacusClient } from '../src/advice/abacus/client.ts';
import { openPseudonym, queryOf, rowOf } from '../src/advice/abacus/rows.ts';
import { openSpool } from '../src/advice/abacus/spool.ts';
import { embeddedBackend } from '../src/advice/backend.ts';
import type { Hour } from '../src/analytics/hours.ts';
import type { Setting } from '../src/analytics/ratio-model.ts';
import { hashfleet, temporaryFolder } from './command.ts';
import { recordingLog, silent, until } from './fixtures.ts';
import { run, simulated, spec } from './running.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const promised = { hashrate: 16e9, powerWatts: 3360 };
const setting = (miner: string, preset = '3360'): Setting => ({ miner, model: 'l9', preset, promised, inletTemperature: undefined });
const hour = (at: number, change: Partial<Hour> = {}): Hour => ({ at, steady: true, polls: 240, missed: 0, idle: 0, reboots: 0, preset: '3360', promised, hashrate: 15.2e9, powerWatts: 3400, chipTemperature: 70, fans: [], boards: [], ...change });
const hoursOf = (miner: string, count: number) => Array.from({ length: count }, (_each, index) => ({ subject: { miner, model: 'l9' }, hour: hour(1_800_000_000_000 + index * 3_600_000) }));

async function stub(): Promise<Abacus> {
  const abacus = await startAbacus();
  closing.push(async () => abacus.close());
  return abacus;
}

function accountClient(abacus: Abacus, apiKey = abacus.apiKey) {
  const client = createAbacusClient({ server: abacus.url, apiKey, requestsPerSecond: 500, callsPerDay: 10_000, timeoutMs: 2000 });
  closing.push(async () => client.close());
  return client;
}

async function ready(abacus: Abacus, state?: AbacusState): Promise<{ state: AbacusState; said: string[] }> {
  const said: string[] = [];
  const made = await bootstrap({ client: accountClient(abacus), tableName: 'hashfleet_hours', retentionHours: 8760, state, say: (line) => void said.push(line), keep: () => undefined, lookMs: 1 });
  return { state: made, said };
}

interface Made { backend: AbacusBackend; folder: string; log: ReturnType<typeof recordingLog> }

function backendAt(abacus: Abacus, state: AbacusState, { folder = temporaryFolder(), most = 1000, callsPerDay = 10_000, timeoutMs = 1000, now = Date.now } = {}): Made {
  const log = recordingLog();
  const backend = abacusBackend({
    embedded: embeddedBackend(), streaming: { featureGroupId: state.featureGroupId, streamingToken: state.streamingToken },
    deployments: Object.fromEntries(Object.entries(state.deployments).map(([target, { deploymentId, deploymentToken }]) => [target, { deploymentId, deploymentToken }])),
    client: { server: abacus.url, requestsPerSecond: 500, callsPerDay, timeoutMs, now }, refreshMs: 600_000, pseudonym: openPseudonym(folder), spool: openSpool(folder, { most, log: log.log }), log: log.log,
  });
  closing.push(async () => backend.close());
  return { backend, folder, log };
}

describe('what is asked of Abacus', () => {
  test('is in the vendor\'s list, with its verb, its host and its place in the query', () => {
    for (const name of abacusActionNames) {
      const [ours, theirs] = [abacusActions[name] as { method: string; host: string; query?: readonly string[] }, vendorActions[name]];
      expect([name, ours.method, ours.host, [...ours.query ?? []].sort()]).toEqual([name, theirs?.method, theirs?.host, [...theirs?.query ?? []].sort()]);
    }
    expect(abacusActionNames.length).toBeGreaterThan(15);
  });

  test('makes everything from nothing, and nothing a second time', async () => {
    const abacus = await stub();
    const { state, said } = await ready(abacus);
    expect(Object.keys(state.deployments)).toEqual(['hashrate_ratio', 'power_ratio']);
    expect(said).toEqual(expect.arrayContaining(['table hashfleet_hours was made', 'hashrate_ratio: training', 'hashrate_ratio: model: training', 'power_ratio: deployment: deploying']));
    expect(abacus.calls.filter(({ credential }) => credential !== 'key')).toEqual([]);
    const training = abacus.calls.find(({ action }) => action === 'trainModel');
    // Neither sees the other's target, nor what no prediction is asked with.
    expect(abacus.calls.filter(({ action }) => action === 'createFeatureGroup').map(({ args }) => args['sql'])).toEqual(['hashrate_ratio', 'power_ratio'].map((target) => `SELECT ts, miner_id, model, preset, promised_hashrate, promised_power, ${target} FROM hashfleet_hours`));
    expect(training?.args['trainingConfig']).toMatchObject({ PROBLEM_TYPE: 'regression', TIMESTAMP_BASED_SPLITTING_COLUMN: 'ts' });
    const before = abacus.calls.length;
    const again = await ready(abacus, state);
    expect(again.state).toEqual(state);
    expect(abacus.calls.slice(before).map(({ action }) => action).filter((action) => /^(?:create|train|set)/.test(action))).toEqual([]);
  });

  test('stops with words where the key is refused', async () => {
    const abacus = await stub();
    const error = await accountClient(abacus, 'wrong-key').call('listUseCases').catch((thrown: unknown) => thrown as Error);
    expect(error).toMatchObject({ name: 'AbacusFailure', reason: 'refused', message: 'getApiEndpoint: answered 403 PermissionDeniedError.' });
  });
});

describe('what leaves the house', () => {
  test('is a number for each miner, hours and presets; sent once though repeated', async () => {
    const abacus = await stub();
    const { state } = await ready(abacus);
    const { backend } = backendAt(abacus, state);
    backend.take(hoursOf('shed-7.10.0.0.5', 30));
    backend.take([{ subject: { miner: 'shed-7.10.0.0.5', model: 'l9' }, hour: hour(1_800_000_000_000, { steady: false }) }]);
    await backend.refresh([setting('shed-7.10.0.0.5')]);
    backend.take(hoursOf('shed-7.10.0.0.5', 30));
    await backend.refresh([setting('shed-7.10.0.0.5')]);
    const rows = abacus.rows('hashfleet_hours');
    expect(rows).toHaveLength(30);
    expect(new Set(rows.flatMap((row) => Object.keys(row)))).toEqual(new Set(['row_key', 'ts', 'miner_id', 'model', 'preset', 'promised_hashrate', 'promised_power', 'chip_temperature', 'hashrate_ratio', 'power_ratio']));
    const everything = JSON.stringify([rows, abacus.calls.slice(-20)]);
    for (const secret of ['shed', '10.0.0.5', state.streamingToken, ...Object.values(state.deployments).map(({ deploymentToken }) => deploymentToken), abacus.apiKey]) expect(everything).not.toContain(secret);
    expect(backend.figures()).toMatchObject({ rowsSent: 60, waiting: 0, dropped: 0, predictions: 1, breakerOpen: false });
  });

  test('has the same numbers after a restart, and others in another house', () => {
    const folder = temporaryFolder();
    const row = (from: string) => rowOf(hour(0), { miner: 'a', model: 'l9' }, openPseudonym(from));
    expect(row(folder)).toEqual(row(folder));
    expect(row(folder)?.miner_id).not.toBe(row(temporaryFolder())?.miner_id);
    expect(statSync(path.join(folder, 'abacus.salt')).mode & 0o777).toBe(0o600);
    expect(queryOf(setting('a'), openPseudonym(folder))['miner_id']).toBe(row(folder)?.miner_id);
  });

  test('waits on disk while it is away, over a restart and a line cut off, and drops the oldest beyond its limit', async () => {
    const abacus = await stub();
    const { state } = await ready(abacus);
    const folder = temporaryFolder();
    abacus.fault('503', { action: 'appendMultipleData' });
    const first = backendAt(abacus, state, { folder, most: 20 });
    first.backend.take(hoursOf('a', 25));
    await first.backend.refresh([]);
    expect(first.backend.figures()).toMatchObject({ waiting: 20, dropped: 5, rowsSent: 0 });
    expect(first.backend.trouble).toContain('appendMultipleData: answered 503');
    appendFileSync(path.join(folder, 'abacus.spool.jsonl'), '{"row_key":"cut o');
    abacus.fault(undefined);
    const second = backendAt(abacus, state, { folder, most: 20 });
    expect(second.log.lines).toMatchObject([{ lines: 1 }]);
    await second.backend.refresh([]);
    expect(abacus.rows('hashfleet_hours')).toHaveLength(20);
    expect(openSpool(folder, { most: 20, log: silent }).waiting).toBe(0);
  });
});

describe('a prediction', () => {
  test('overlays the embedded model, and is as sure as that one is', async () => {
    const abacus = await stub();
    const { state } = await ready(abacus);
    const { backend } = backendAt(abacus, state);
    backend.take(hoursOf('a', 40));
    expect(backend.status()).toMatchObject({ name: 'abacus', ready: false });
    await backend.refresh([setting('a'), setting('a', '2600')]);
    const [here, embedded] = [(await backend.predict([setting('a')]))[0]!, (await embeddedBackend().predict([setting('a')]))[0]!];
    // The stub answers with the mean of the rows that are alike.
    expect(here.hashrate.value).toBeCloseTo(15.2e9, -3);
    expect(here.powerWatts.value).toBeCloseTo(3400, 3);
    expect(here.hashrate.deviation / here.hashrate.value).toBeCloseTo(embedded.hashrate.deviation / embedded.hashrate.value, 9);
    expect(backend.status()).toMatchObject({ name: 'abacus', ready: true });
    expect((await backend.predict([setting('stranger')]))[0]!.hashrate.value).toBeCloseTo(16e9, -3);
  });

  test('that is old does not count any more', async () => {
    const abacus = await stub();
    const { state } = await ready(abacus);
    let now = Date.now();
    const { backend } = backendAt(abacus, state, { now: () => now });
    backend.take(hoursOf('a', 5));
    await backend.refresh([setting('a')]);
    expect(backend.model.overlay?.size).toBe(1);
    now += 3 * 600_000;
    expect(backend.model.overlay).toBeUndefined();
  });

  test.each<[AbacusFault, string]>([
    ['429', 'rate_limited'], ['504', 'unreachable'], ['503', 'unreachable'], ['unsuccessful', 'refused'], ['slow', 'timeout'], ['malformed', 'bad_reply'], ['nan', 'bad_reply'], ['null', 'no_answer'], ['absurd', 'implausible'],
    ['token', 'refused'], ['404', 'refused'], ['reset', 'unreachable'],
  ])('that fails with %s is the embedded model\'s, counted as %s, said once, and over when it is over', async (fault, reason) => {
    const abacus = await stub();
    const { state } = await ready(abacus);
    const { backend, log } = backendAt(abacus, state, { timeoutMs: 300 });
    backend.take(hoursOf('a', 5));
    await backend.refresh([]);
    abacus.fault(fault, { action: 'predictMultiple', slowMs: 3000 });
    await backend.refresh([setting('a')]);
    expect((await backend.predict([setting('a')]))[0]!.hashrate.value).toBeCloseTo(16e9, -3);
    expect(Object.fromEntries(backend.figures().fallbacks)).toEqual({ [reason]: 2 });
    const said = JSON.stringify(log.lines);
    for (const secret of [state.streamingToken, ...Object.values(state.deployments).map(({ deploymentToken }) => deploymentToken)]) expect(said).not.toContain(secret);
    expect(log.lines.length).toBeLessThanOrEqual(1);
    abacus.fault(undefined);
    await backend.refresh([setting('a')]);
    expect((await backend.predict([setting('a')]))[0]!.hashrate.value).toBeCloseTo(15.2e9, -3);
  });

  test('is not asked for while it fails again and again, and no more than the day allows', async () => {
    const abacus = await stub();
    const { state } = await ready(abacus);
    const { backend } = backendAt(abacus, state);
    abacus.fault('404', { action: 'predictMultiple' });
    await backend.refresh([setting('a')]);
    await backend.refresh([setting('a')]);
    await backend.refresh([setting('a')]);
    expect(backend.figures()).toMatchObject({ breakerOpen: true });
    const asked = abacus.calls.length;
    await backend.refresh([setting('a')]);
    expect(abacus.calls.length).toBe(asked);
    expect(backend.figures().fallbacks.get('breaker_open')).toBeGreaterThan(0);
    const spare = backendAt(abacus, state, { callsPerDay: 2 });
    await spare.backend.refresh([setting('a')]);
    await spare.backend.refresh([setting('a')]);
    expect(spare.backend.figures().fallbacks.get('daily_cap')).toBeGreaterThan(0);
  });
});

describe('the command and the service', () => {
  test('bootstrap needs the key from the environment, says what it does, and leaves tokens to the owner only', async () => {
    const abacus = await stub();
    const folder = temporaryFolder();
    const fleet = path.join(folder, 'fleet.yaml');
    writeFileSync(fleet, `miners: [{name: a, address: 127.0.0.1}]\nml: {abacus: {server: "${abacus.url}", requests_per_second: 20}}\n`);
    const flags = ['-c', fleet, '--data', path.join(folder, 'data')];
    const without = await hashfleet(['abacus', 'bootstrap', ...flags], { environment: { ABACUS_API_KEY: '' } });
    expect([without.code === 0, without.err]).toEqual([false, expect.stringContaining('ABACUS_API_KEY is not set')]);
    expect((await hashfleet(['abacus', 'bootstrap', '--dry-run', ...flags])).out).toContain('Would make at Abacus.AI');
    expect(abacus.calls).toEqual([]);
    const done = await hashfleet(['abacus', 'bootstrap', '--look-seconds', '0.01', ...flags], { environment: { ABACUS_API_KEY: abacus.apiKey } });
    expect([done.code, done.err]).toEqual([0, '']);
    expect(done.out).toContain('Set ml.backend: abacus');
    expect(done.out).not.toContain(abacus.apiKey);
    expect(statSync(path.join(folder, 'data', 'abacus.json')).mode & 0o777).toBe(0o600);
    const status = await hashfleet(['abacus', 'status', ...flags], { environment: { ABACUS_API_KEY: abacus.apiKey } });
    expect(status.out).toMatch(/hashrate_ratio: deployment \w+ is active\npower_ratio: deployment \w+ is active/);
    expect((await hashfleet(['abacus', 'stop', ...flags], { environment: { ABACUS_API_KEY: abacus.apiKey } })).out).toMatch(/told to stop/);
    expect((await hashfleet(['abacus', 'status', ...flags], { environment: { ABACUS_API_KEY: abacus.apiKey } })).out).toContain('is stopped');
  }, 60_000);

  test('a scrape is answered while Abacus hangs, and the page says how it is', async () => {
    const abacus = await stub();
    const { state } = await ready(abacus);
    const dataFolder = path.join(temporaryFolder(), 'data');
    mkdirSync(dataFolder);
    writeFileSync(path.join(dataFolder, 'abacus.json'), JSON.stringify(state), { mode: 0o600 });
    const simulator = await simulated([spec('a')], { speed: 100 });
    abacus.fault('slow', { slowMs: 60_000 });
    const running = await run({ a: simulator.miner('a').address }, { dataFolder, sections: `ml: {backend: abacus, abacus: {server: "${abacus.url}", timeout_seconds: 60}}` });
    await until('it is read', async () => (await running.value('miner_up', {})) === 1, 15_000);
    expect(await running.value('abacus_breaker_open', {})).toBe(0);
    expect(await running.value('abacus_spool_rows', {})).toBe(0);
    expect(await running.value('abacus_predictions', {})).toBe(0);
  }, 60_000);
});
