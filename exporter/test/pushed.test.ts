import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { pushDriver } from '../src/miners/push/driver.ts';
import { until } from './fixtures.ts';
import { run, tokens } from './running.ts';

const pushToken = 'token-for-pushing';
const miners = ['{name: far, address: behind-nat, driver: push}', '{name: near, address: "127.0.0.1:9"}'];
const sections = 'api: {tokens: [{name: agent, scope: push, token_env: PUSH}, {name: reader, scope: read, token_env: READ}, {name: admin, scope: admin, token_env: ADMIN}]}';

async function started() {
  return run(miners, { sections, withoutTokens: true, poll: '{interval_seconds: 10, deadline_seconds: 0.7}', environment: { PUSH: pushToken, READ: tokens.read, ADMIN: tokens.admin } });
}

const whole = (at: number) => ({
  miner: 'far', at: new Date(at).toISOString(), identity: { model: 'Antminer L7', algorithm: 'scrypt', firmware: 'Stock' }, state: 'mining', hashrate: 9_300_000_000, hashrateNominal: 9_500_000_000,
  powerWatts: 3350, pcb: { max: 61 }, chip: { max: 74 }, fans: [{ fan: 1, up: true, speedRpm: 5400 }], boards: [{ board: 1, state: 'mining', hashrate: 3_100_000_000 }],
  pools: [{ slot: 0, url: 'stratum+tcp://pool.example:3333', user: 'me', kind: 'user', status: 'active', accepted: 12 }],
});

describe('a reading that an agent pushes', () => {
  test('is on the page at once, with all that it says and nothing more, and the page pleases promtool', async () => {
    const running = await started();
    expect(await running.value('miner_up', { miner: 'far' })).toBe(0);
    const reply = await running.api('/telemetry', { method: 'POST', token: pushToken, json: { readings: [whole(Date.now() - 1000)] } });
    expect([reply.status, reply.body]).toEqual([200, { accepted: 1, refused: [] }]);
    expect(await running.value('miner_up', { miner: 'far' })).toBe(1);
    expect(await running.value('miner_hashrate_hashes_per_second', { miner: 'far', model: 'Antminer L7' })).toBe(9.3e9);
    expect(await running.value('miner_board_hashrate_hashes_per_second', { miner: 'far', board: '1' })).toBe(3.1e9);
    const page = await running.page();
    expect(page).not.toMatch(/^miner_psu_temperature_celsius\{miner="far"/m);
    expect(page).not.toMatch(/^miner_devfee_ratio\{miner="far"/m);
    execFileSync('promtool', ['check', 'metrics'], { input: page });
    const { body } = await running.api('/telemetry/far', { token: tokens.read });
    expect(body).toMatchObject({ source: 'push', rig: { name: 'far', up: true, powerWatts: 3350 } });
  });

  test('is integrated into energy like any other, once however often it is sent', async () => {
    const running = await started();
    const began = Date.now() - 20_000;
    for (const at of [began, began + 10_000, began + 10_000]) await running.api('/telemetry', { method: 'POST', token: pushToken, json: { readings: [whole(at)] } });
    expect(await running.value('miner_energy_joules_total', { miner: 'far' })).toBe(33_500);
  });

  test.each([
    ['of an unknown miner', { miner: 'nobody' }, /no miner "nobody"/],
    ['of a miner that we read ourselves', { miner: 'near' }, /driver: vnish/],
    ['from the future', { at: new Date(Date.now() + 3_600_000).toISOString() }, /future/],
    ['older than the one known', { at: new Date(Date.now() - 3_600_000).toISOString() }, /newer reading/],
    ['with a negative hashrate', { hashrate: -1 }, /hashrate/],
    ['with a key that nobody knows', { hashrateInGigahash: 9.3 }, /hashrateInGigahash/],
    ['with a state that VNish does not have', { state: 'asleep' }, /state/],
    ['with a temperature of another world', { chip: { max: 4000 } }, /chip\.max/],
  ])('%s is refused by itself, with the reason, and the others are taken', async (_what, part, why) => {
    const running = await started();
    const good = whole(Date.now() - 2000);
    await running.api('/telemetry', { method: 'POST', token: pushToken, json: { readings: [good] } });
    const { status, body } = await running.api('/telemetry', { method: 'POST', token: pushToken, json: { readings: [{ ...whole(Date.now() - 1500), ...part }, { ...whole(Date.now() - 1000), hashrate: 9.4e9 }] } });
    expect([status, body['accepted']]).toEqual([200, 1]);
    expect(body['refused']).toEqual([expect.objectContaining({ index: 0, detail: expect.stringMatching(why) })]);
    expect(await running.value('miner_hashrate_hashes_per_second', { miner: 'far' })).toBe(9.4e9);
  });

  test('needs a token that may push, and such a token can do nothing else', async () => {
    const running = await started();
    const json = { readings: [whole(Date.now() - 1000)] };
    expect((await running.api('/telemetry', { method: 'POST', token: tokens.read, json })).status).toBe(403);
    expect((await running.api('/telemetry', { method: 'POST', token: tokens.admin, json })).status).toBe(200);
    expect((await running.api('/rigs', { token: pushToken })).status).toBe(403);
    expect((await running.api('/actions', { method: 'POST', token: pushToken, json: { action: 'reboot', miners: ['far'] } })).status).toBe(403);
  });

  test('in a request without any is refused as a whole', async () => {
    const running = await started();
    expect((await running.api('/telemetry', { method: 'POST', token: pushToken, json: { readings: [] } })).status).toBe(422);
    expect((await running.api('/telemetry', { method: 'POST', token: pushToken, json: {} })).status).toBe(422);
  });
});

describe('a miner whose readings are pushed', () => {
  test('is down for a stated reason before the first reading and when they stop', async () => {
    let now = 1_000_000;
    const driver = pushDriver({ freshMs: 45_000, now: () => now });
    await expect(driver.poll(AbortSignal.timeout(1000))).rejects.toMatchObject({ reason: 'not_pushed', message: 'no reading was pushed yet' });
    const reading = { at: now, psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [] };
    expect(driver.take?.(reading)).toEqual({ taken: true });
    now += 45_000;
    await expect(driver.poll(AbortSignal.timeout(1000))).resolves.toBe(reading);
    now += 1000;
    await expect(driver.poll(AbortSignal.timeout(1000))).rejects.toMatchObject({ reason: 'not_pushed', message: 'the last reading was pushed 46 s ago' });
  });

  test('takes no command, and says why', async () => {
    const running = await run(miners, { sections, withoutTokens: true, control: '{enabled: true}', environment: { PUSH: pushToken, READ: tokens.read, ADMIN: tokens.admin } });
    await running.api('/telemetry', { method: 'POST', token: pushToken, json: { readings: [whole(Date.now() - 1000)] } });
    await until('it is up', async () => (await running.value('miner_up', { miner: 'far' })) === 1);
    const { body } = await running.api('/actions', { method: 'POST', token: tokens.admin, json: { action: 'reboot', miners: ['far'] } });
    expect(body).toMatchObject({ plan: { targets: [], skipped: [{ miner: 'far', reason: expect.stringContaining('pushed by an agent') }] } });
  });
});
