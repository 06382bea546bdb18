import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AuditEntry } from '../src/control/audit.ts';
import { differences, sectionsOf } from '../src/fleet/drift.ts';
import { openKnownStates } from '../src/fleet/known-state.ts';
import { temporaryFolder } from './command.ts';
import { recordingLog, until } from './fixtures.ts';
import { run, simulated, spec, tokens, type Running } from './running.ts';

interface Item { miner: string; what: string; section?: string; from: string; to: string; since: string; remedy: string; order?: { action: string; miners: string[]; parameters: object } }
const driftOf = async (running: Running) => (await running.api('/drift', { token: tokens.read })).body['drift'] as Item[];
const control = '{enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1}';
const poll = (settings: number) => `{interval_seconds: 1, deadline_seconds: 0.7, slow_interval_seconds: 1, settings_interval_seconds: ${settings}}`;

/** Somebody at the miner's own page, with its password. */
async function somebody(address: string, changes: object): Promise<void> {
  const post = async (where: string, body: object, headers: Record<string, string> = {}) => fetch(`http://${address}/api/v1${where}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  const { token } = await (await post('/unlock', { pw: 'admin' })).json() as { token: string };
  expect((await post('/settings', changes, { authorization: token })).status).toBe(200);
}

async function begun(miners: Parameters<typeof run>[0], options: Parameters<typeof run>[1] = {}): Promise<Running> {
  const running = await run(miners, { control, poll: poll(0), ...options });
  await until('all are known', () => [...running.service.fleet.all()].every(({ credentials, presets }) => credentials === 'accepted' && presets !== undefined));
  return running;
}

describe('a preset that somebody else chose', () => {
  test('is drift until the order that is offered takes it back; what we choose is none', async () => {
    const simulator = await simulated([spec('m1'), spec('m2')]);
    const running = await begun(Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address])));
    expect(await driftOf(running)).toEqual([]);
    expect(await running.value('miner_drift', { miner: 'm1', what: 'preset' })).toBe(0);
    // Never read: neither 0 nor 1.
    expect(await running.value('miner_drift', { miner: 'm1', what: 'settings' })).toBeUndefined();

    await simulator.miner('m1').inject('preset_drift', { preset: '2850' });
    await until('it drifted', async () => (await running.value('miner_drift', { miner: 'm1', what: 'preset' })) === 1);
    const [item] = await driftOf(running) as [Item];
    expect(item).toMatchObject({ miner: 'm1', what: 'preset', from: '3360', to: '2850', remedy: 'action "preset" back to 3360', order: { action: 'preset', miners: ['m1'], parameters: { preset: '3360' } } });
    expect(await driftOf(running)).toHaveLength(1);
    expect(await running.value('miner_drift', { miner: 'm2', what: 'preset' })).toBe(0);

    const started = await running.api('/actions', { json: { ...item.order, dryRun: false } });
    const back = started.body['job'] as { id: string };
    await until('it is over', async () => {
      simulator.clock.advance(20_000);
      return (await running.api(`/jobs/${back.id}`)).body['state'] === 'finished';
    });
    await until('it is as it is meant to be', async () => (await running.value('miner_drift', { miner: 'm1', what: 'preset' })) === 0);

    const ours = await running.api('/actions', { json: { action: 'preset', miners: ['m2'], parameters: { preset: '2850' }, dryRun: false } });
    const { id } = ours.body['job'] as { id: string };
    await until('our own is verified', async () => {
      simulator.clock.advance(20_000);
      return ((await running.api(`/jobs/${id}`)).body['targets'] as { state: string }[])[0]?.state === 'verified';
    });
    expect(await driftOf(running)).toEqual([]);
    expect(await running.value('miner_drift', { miner: 'm2', what: 'preset' })).toBe(0);
  }, 60_000);

  test('is how it is meant to be once an admin accepts it, which is on the audit log; also after a restart', async () => {
    const simulator = await simulated([spec('m1')]);
    const dataFolder = temporaryFolder();
    const miners = { m1: simulator.miner('m1').address };
    const first = await begun(miners, { dataFolder });
    await until('learned', async () => (await first.value('miner_drift', { miner: 'm1', what: 'preset' })) === 0);
    await first.stop();
    // While nobody looked.
    await simulator.miner('m1').inject('preset_drift', { preset: '2850' });
    const running = await begun(miners, { dataFolder });
    await until('it drifted', async () => (await driftOf(running)).length === 1);
    const accept = async (json: object, token: string = tokens.admin) => running.api('/drift/m1/accept', { json, token });
    expect((await accept({}, tokens.operate)).status).toBe(403);
    expect((await accept({ what: ['pool'] })).body['code']).toBe('nothing_to_do');
    expect((await accept({})).body['drift']).toEqual([expect.objectContaining({ what: 'preset', to: '2850' })]);
    expect(await driftOf(running)).toEqual([]);
    expect((await accept({})).status).toBe(409);
    const accepted = readFileSync(running.auditFile, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as AuditEntry).filter(({ event }) => event === 'drift_accepted');
    expect(accepted).toEqual([expect.objectContaining({ miner: 'm1', actor: 'admin-token', before: { preset: '3360' }, after: { preset: '2850' } })]);
    await running.stop();
    const again = await begun(miners, { dataFolder });
    await until('compared', async () => (await again.value('miner_drift', { miner: 'm1', what: 'preset' })) === 0);
  }, 60_000);
});

test('settings that somebody changed are drift by section, with what differs and without pools and passwords', async () => {
  const simulator = await simulated([spec('m1')]);
  const { address } = simulator.miner('m1');
  const running = await begun({ m1: address }, { poll: poll(1) });
  await until('read once', async () => (await running.value('miner_drift', { miner: 'm1', what: 'settings' })) === 0);
  await somebody(address, { miner: { cooling: { mode: { name: 'auto', param: 60 } }, misc: { restart_temp: 99 } } });
  await until('noticed', async () => (await driftOf(running)).length === 2);
  const found = await driftOf(running);
  expect(found.map(({ what, section, from, to }) => [what, section, from, to])).toEqual([
    ['settings', 'cooling', '{"targetTemperature":70}', '{"targetTemperature":60}'], ['settings', 'protection', '{"restart_temp":90}', '{"restart_temp":99}'],
  ]);
  expect(found.every(({ order }) => order === undefined)).toBe(true);
  const events = (await running.api('/events')).body['events'] as { kind: string; from?: string }[];
  expect(events.filter(({ kind }) => kind === 'settings').map(({ from }) => from).sort()).toEqual(['cooling {"targetTemperature":70}', 'protection {"restart_temp":90}']);
  await somebody(address, { miner: { cooling: { mode: { name: 'auto', param: 70 } } } });
  await until('one is as before', async () => (await driftOf(running)).length === 1);
}, 60_000);

test('a password that the miner accepted before and refuses now is drift', async () => {
  const simulator = await simulated([spec('m1')]);
  const { address } = simulator.miner('m1');
  const dataFolder = temporaryFolder();
  const before = await begun({ m1: address }, { dataFolder });
  await until('accepted', async () => (await before.value('miner_drift', { miner: 'm1', what: 'password' })) === 0);
  await before.stop();
  await somebody(address, { password: { current: 'admin', pw: 'a-strangers-own' } });
  const running = await run({ m1: address }, { dataFolder, control, poll: poll(0) });
  await until('refused', async () => (await running.value('miner_drift', { miner: 'm1', what: 'password' })) === 1);
  expect(await driftOf(running)).toEqual([expect.objectContaining({ what: 'password', from: 'accepted', to: 'refused' })]);
  expect(((await running.api('/events')).body['events'] as { kind: string }[]).map(({ kind }) => kind)).toContain('password');
  expect(readFileSync(path.join(dataFolder, 'known.json'), 'utf8')).not.toMatch(/admin|strangers/);
}, 60_000);

describe('two states', () => {
  test('differ only in what both know', () => {
    expect(differences({}, { preset: 'a', pools: [], firmware: '1' })).toEqual([]);
    expect(differences({ preset: 'a', firmware: '1', password: true }, {})).toEqual([]);
    expect(differences({ pools: [{ url: 'a:1', user: 'x' }] }, { pools: [{ url: 'b:1', user: 'x' }] })).toEqual([{ what: 'pool', from: 'a:1 x', to: 'b:1 x' }]);
    expect(differences({ firmware: '1.2.7' }, { firmware: '1.3.4' })).toEqual([{ what: 'firmware', from: '1.2.7', to: '1.3.4' }]);
    expect(differences({ settings: { boards: [{ board: 1, disabled: false }], switcher: { a: 1, b: 2 } } }, { settings: { boards: [{ disabled: true, board: 1 }], switcher: { b: 2, a: 1 } } })).toEqual([
      { what: 'settings', section: 'boards', from: '[{"board":1,"disabled":false}]', to: '[{"disabled":true,"board":1}]' },
    ]);
  });

  test('of settings leave out pools, preset, and an address that DHCP gives', () => {
    const settings = { pools: [{ slot: 0, url: 'a', user: 'b' }], preset: '1', boards: [], protection: {}, network: { hostname: 'h', dhcp: true, address: '192.0.2.1' } };
    expect(sectionsOf(settings)).toEqual({ boards: [], protection: {}, network: { hostname: 'h', dhcp: true } });
    expect(sectionsOf({ ...settings, network: { ...settings.network, dhcp: false } })).toMatchObject({ network: { address: '192.0.2.1' } });
  });
});

test('a damaged record is set aside, and said', () => {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'known.json'), '{"version": 1, "miners": {"m1": {"known": {"preset": 7}}}}');
  const { log, lines } = recordingLog();
  expect(openKnownStates(folder, log).of('m1').known).toEqual({});
  expect(existsSync(path.join(folder, 'known.json.damaged'))).toBe(true);
  expect(lines).toEqual([expect.objectContaining({ msg: expect.stringContaining('set aside') })]);
});
