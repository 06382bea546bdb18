/** What is wanted of a miner: stated, timed, kept, shown, and heeded. */
import { describe, expect, test } from '@jest/globals';
import { phaseOf } from '../src/analytics/phase.ts';
import { createFleet } from '../src/fleet/fleet.ts';
import { intentAt, state } from '../src/fleet/intent.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { configOf, silent, until } from './fixtures.ts';
import { run, simulated, spec, tokens } from './running.ts';

const kept = () => openMemory(undefined, silent).of('m1');
const hour = 3_600_000;

describe('the intent at a time', () => {
  test('is the standing wish, with maintenance over it for as long as the window is open', () => {
    const memory = kept();
    const at = (now: number) => intentAt({ maintenance: false }, memory, now);
    expect(at(0)).toEqual({ intent: 'mine' });
    state(memory, 'stopped', { author: 'ann', reason: 'too loud' });
    state(memory, 'maintenance', { author: 'bob', reason: 'new fan', from: hour, until: 2 * hour });
    expect(at(hour - 1)).toEqual({ intent: 'stopped', author: 'ann', reason: 'too loud' });
    expect(at(hour)).toEqual({ intent: 'maintenance', author: 'bob', reason: 'new fan', until: 2 * hour });
    expect(at(2 * hour)).toMatchObject({ intent: 'stopped', author: 'ann' });
  });

  test('falls back to mining when a curtailment ends', () => {
    const memory = kept();
    state(memory, 'curtailed', { until: hour });
    expect([0, hour - 1, hour].map((now) => intentAt({ maintenance: false }, memory, now).intent)).toEqual(['curtailed', 'curtailed', 'mine']);
  });

  test('follows fleet.yaml, as a flag or as a window, and forgets nothing that was stated before', () => {
    const memory = kept();
    state(memory, 'curtailed', {});
    expect(intentAt({ maintenance: true }, memory, 0)).toEqual({ intent: 'maintenance', author: 'fleet.yaml' });
    const window = { from: '2026-11-23T10:00:00+01:00', until: '2026-11-23T11:00:00+01:00', reason: 'wiring', author: 'ann' };
    const at = (text: string) => intentAt({ maintenance: window }, memory, Date.parse(text)).intent;
    expect([at('2026-11-23T08:59:59Z'), at('2026-11-23T09:00:00Z'), at('2026-11-23T10:00:00Z')]).toEqual(['curtailed', 'maintenance', 'curtailed']);
  });
});

test('a fleet notices by the clock alone that a window begins and ends', () => {
  const clock = { now: 0 };
  const fleet = createFleet({ config: configOf('miners: [{name: m1, address: 192.0.2.1}]'), memory: openMemory(undefined, silent), log: silent, now: () => clock.now, driverFor: () => ({}) as never });
  const told: string[] = [];
  fleet.onUpdate(({ intent }) => void told.push(intent));
  fleet.setIntent('m1', 'maintenance', { from: hour, until: 2 * hour });
  for (const now of [1, hour, hour + 1, 2 * hour, 2 * hour + 1]) {
    clock.now = now;
    fleet.tick();
  }
  expect(told).toEqual(['mine', 'maintenance', 'mine']);
});

test('the phase says what measurements are worth', () => {
  const phase = (state: Parameters<typeof phaseOf>[0]['state'], stateSeconds?: number) => phaseOf({ ...(state === undefined ? {} : { state }), ...(stateSeconds === undefined ? {} : { stateSeconds }) });
  expect([phase('mining', 10), phase('mining', 900), phase('mining'), phase('auto-tuning', 9000), phase('restarting', 5), phase('stopped', 5), phase('failure', 5), phase(undefined, 5)])
    .toEqual(['warming_up', 'steady', 'steady', 'tuning', 'starting', 'off', 'off', undefined]);
});

describe('over the API', () => {
  test('maintenance is stated with author, reason and end, shows on the page, is audited, survives a restart, and ends', async () => {
    const simulator = await simulated([spec('m1')]);
    const miner = { m1: simulator.miner('m1').address };
    const first = await run(miner);
    await until('it is read', async () => (await first.value('miner_up')) === 1);
    const end = new Date(Date.now() + hour).toISOString();
    const put = await first.api('/rigs/m1/intent', { method: 'PUT', json: { intent: 'maintenance', reason: 'new "fan"', until: end }, token: tokens.operate, headers: { 'x-grafana-user': 'ann' } });
    expect(put).toMatchObject({ status: 200, body: { intent: 'maintenance', phase: 'steady', intentStatement: { reason: 'new "fan"', until: end } } });
    const page = await first.page();
    expect(page).toMatch(/^miner_intent\{[^}]*intent="maintenance"\} +1$/m);
    expect(page).toMatch(/^miner_intent_info\{[^}]*intent="maintenance",author="[^"]+",reason="new \\"fan\\""\} +1$/m);
    expect(await first.value('miner_intent_end_timestamp_seconds')).toBeCloseTo(Date.parse(end) / 1000, 3);
    expect((await first.api('/audit')).body).toMatchObject({ entries: [{ event: 'intent', miner: 'm1', before: { intent: 'mine' }, after: { intent: 'maintenance', reason: 'new "fan"' } }] });
    // Only a statement: nothing was written to the machine.
    expect(simulator.miner('m1').requests.list({ method: 'POST' }).filter(({ path }) => !path.includes('unlock'))).toEqual([]);
    await first.stop();

    const second = await run(miner, { dataFolder: first.dataFolder });
    expect((await second.api('/rigs/m1')).body).toMatchObject({ intent: 'maintenance', intentStatement: { until: end } });
    expect((await second.api('/rigs/m1/intent', { method: 'PUT', json: { intent: 'maintenance', until: new Date(Date.now() + 400).toISOString() } })).status).toBe(200);
    await until('it ends by itself', async () => (await second.value('miner_intent', { intent: 'mine' })) === 1);
    expect((await second.page())).not.toContain('miner_intent_info');
  });

  test('maintenance ends when somebody says that the miner is meant to mine, and the standing wish under it too', async () => {
    const running = await run({ m1: '192.0.2.1' });
    const put = async (json: object) => (await running.api('/rigs/m1/intent', { method: 'PUT', json })).body;
    expect(await put({ intent: 'curtailed' })).toMatchObject({ intent: 'curtailed' });
    expect(await put({ intent: 'maintenance', until: new Date(Date.now() + hour).toISOString() })).toMatchObject({ intent: 'maintenance' });
    expect(await put({ intent: 'stopped' })).toMatchObject({ intent: 'maintenance' });
    expect(await put({ intent: 'mine' })).toMatchObject({ intent: 'mine' });
  });

  test.each([
    ['of an unknown kind', { intent: 'asleep' }, 'intent'],
    ['announced, but not maintenance', { intent: 'curtailed', from: '2030-01-01T00:00:00Z' }, 'from'],
    ['that ended before it begins', { intent: 'maintenance', from: '2030-01-02T00:00:00Z', until: '2030-01-01T00:00:00Z' }, 'until'],
    ['that ended long ago', { intent: 'curtailed', until: '2020-01-01T00:00:00Z' }, 'until'],
    ['with a key that nobody knows', { intent: 'mine', why: 'x' }, 'why'],
  ])('a wish %s is refused and names the field', async (_what, json, field) => {
    const running = await run({ m1: '192.0.2.1' });
    expect(await running.api('/rigs/m1/intent', { method: 'PUT', json })).toMatchObject({ status: 422, body: { field } });
    expect((await running.api('/rigs/m1')).body).toMatchObject({ intent: 'mine' });
  });

  test('needs scope operate and a miner that exists', async () => {
    const running = await run({ m1: '192.0.2.1' });
    expect((await running.api('/rigs/m1/intent', { method: 'PUT', json: { intent: 'stopped' }, token: tokens.read })).status).toBe(403);
    expect((await running.api('/rigs/m2/intent', { method: 'PUT', json: { intent: 'stopped' } })).status).toBe(404);
  });
});
