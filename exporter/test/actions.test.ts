/** Every action against the simulator, on both firmware generations: done and proved, refused, already so, its answer lost. */
import { describe, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { firmwareImage } from '../../simulator/src/miner/uploads.ts';
import type { Miner as SimulatedMiner } from '../../simulator/src/miner/miner.ts';
import type { MinerSpec } from '../../simulator/src/miner/state.ts';
import type { Simulator } from '../../simulator/src/simulator.ts';
import { actionNames, actions, type ActionName, type Parameters } from '../src/control/actions.ts';
import { anyParameters } from './action-parameters.ts';
import { temporaryFolder } from './command.ts';
import { until } from './fixtures.ts';
import { run, simulated, spec, tokens, type Running } from './running.ts';

const [oldPassword, newPassword, poolPassword, storeKey] = ['admin', 'fresh-password-9', 'pool-password-1', 'key-of-the-store-0123456789abcdef'];
const firmwareOf = { '1.2.7': '1.2.8', '1.3.4': '1.3.5' } as const;
type Firmware = keyof typeof firmwareOf;
const generations = Object.keys(firmwareOf) as Firmware[];
const secondPool = { url: 'backup.example:3333', user: 'demo.two', pass: 'x' };

interface JobBody { id: string; state: string; parameters: Record<string, unknown>; targets: { miner: string; state: string; detail?: string; backup?: string; changed?: { field: string; from?: string; to?: string }[] }[] }
interface PlanBody { stepUp?: { typed: string }; targets: { miner: string; changes: { field: string; from?: string; to: string }[]; warning?: string }[]; skipped: { miner: string; reason: string }[]; confirmation: { required: boolean; token?: string } }

interface Bench { readonly simulator: Simulator; readonly miner: SimulatedMiner; readonly running: Running; readonly dataFolder: string }

async function bench(firmware: Firmware, part: Partial<MinerSpec> = {}, { control = '', more = [] as MinerSpec[] } = {}): Promise<Bench> {
  const pools = [...spec('m1').pools, secondPool];
  const simulator = await simulated([spec('m1', { firmware, pools, ...part }), ...more]);
  const dataFolder = temporaryFolder();
  mkdirSync(path.join(dataFolder, 'images'));
  const newer = firmwareOf[firmware];
  writeFileSync(path.join(dataFolder, 'images', `vnish-l9-${newer}.tar.gz`), firmwareImage({ model: 'l9', version: newer }));
  writeFileSync(path.join(dataFolder, 'images', `vnish-l7-${newer}.tar.gz`), firmwareImage({ model: 'l7', version: newer }));
  writeFileSync(path.join(dataFolder, 'images', 'nameless.bin'), firmwareImage({ model: 'l7', version: newer }));
  const running = await run(Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address])), {
    control: `{enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1, batch_pause_seconds: 0, firmware_folder: images, daily_cap: 100, allow_pool_urls: ['*.viabtc.io', '*.example', '*.prohashing.com'], allow_pool_workers: ['*']${control}}`,
    sections: 'credentials: {fresh: {password_env: FRESH}, default: {password_env: OLD}}', dataFolder, environment: { FRESH: newPassword, OLD: oldPassword, HASHFLEET_SECRETS_KEY: storeKey },
  });
  await until('all are read', () => [...running.service.fleet.all()].every(({ lastSuccessAt, presets }) => lastSuccessAt !== undefined && presets !== undefined));
  return { simulator, miner: simulator.miner('m1'), running, dataFolder };
}

async function planned({ running }: Bench, action: ActionName, parameters: Parameters = {}, miners = ['m1']): Promise<PlanBody> {
  const reply = await running.api('/actions', { json: { action, miners, parameters }, token: tokens.admin });
  expect([reply.status, reply.text]).toEqual([200, expect.anything()]);
  return reply.body['plan'] as PlanBody;
}

async function begun(on: Bench, action: ActionName, parameters: Parameters = {}, miners = ['m1']): Promise<string> {
  const { confirmation, stepUp } = await planned(on, action, parameters, miners);
  const reply = await on.running.api('/actions', { json: { action, miners, parameters, dryRun: false, ...(confirmation.token === undefined ? {} : { confirmationToken: confirmation.token }), ...(stepUp === undefined ? {} : { typed: stepUp.typed }) }, token: tokens.admin });
  expect([reply.status, reply.text]).toEqual([202, expect.anything()]);
  return (reply.body['job'] as JobBody).id;
}

const jobOf = async ({ running }: Bench, id: string) => (await running.api(`/jobs/${id}`)).body as unknown as JobBody;

/** Lets the miner's time pass until the job is over. */
async function ended(on: Bench, id: string, stepMs = 15_000): Promise<JobBody> {
  for (let step = 0; step < 100; step += 1) {
    const job = await jobOf(on, id);
    if (job.state !== 'running') return job;
    await new Promise((resolve) => setTimeout(resolve, 150));
    on.simulator.clock.advance(stepMs);
  }
  throw new Error(`the job does not end: ${JSON.stringify(await jobOf(on, id))}`);
}

const done = async (on: Bench, action: ActionName, parameters: Parameters = {}, miners = ['m1']) => ended(on, await begun(on, action, parameters, miners));

/** Writes that reached the miner, but for logins and the backup before them. */
const writes = (miner: SimulatedMiner) => miner.requests.list().filter(({ method, path: where }) => method !== 'GET' && !/\/(?:unlock|settings\/backup)$/.test(where)).map(({ path: where }) => where.replace('/api/v1', ''));

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesBelow(path.join(folder, entry.name)) : [path.join(folder, entry.name)]));
}

/** No secret may stand in what is kept, told or logged; the firmware's archives hold some, and are 0600. */
async function expectNoSecret({ running, dataFolder }: Bench, more: readonly string[] = []): Promise<void> {
  const texts = new Map<string, string>([['log', JSON.stringify(running.lines)], ['page', await running.page()]]);
  for (const where of ['/jobs', '/audit?limit=500', '/rigs/m1', '/rigs/m1/settings', '/events']) texts.set(where, (await running.api(where)).text);
  for (const file of filesBelow(dataFolder)) {
    if (file.endsWith('.tar.gz')) {
      if (file.includes('backups')) expect(statSync(file).mode & 0o777).toBe(0o600);
      continue;
    }
    texts.set(file, readFileSync(file, 'utf8'));
  }
  for (const [where, text] of texts) for (const secret of [newPassword, poolPassword, storeKey, ...more]) if (text.includes(secret)) throw new Error(`a secret stands in ${where}`);
}

interface Case {
  readonly action: ActionName;
  readonly parameters?: Parameters;
  readonly part?: Partial<MinerSpec>;
  /** A change on the miner before. */
  readonly first?: (on: Bench) => Promise<unknown>;
  /** The write, whose answer gets lost or is a refusal. */
  readonly path: string;
  readonly detail: RegExp;
  readonly truth: (on: Bench) => unknown;
  readonly expected: unknown;
  /** When it is done, it cannot be asked for again. */
  readonly again: RegExp | undefined;
  readonly only?: Firmware;
}

const pause = async (on: Bench) => done(on, 'pause');
const settingsOf = ({ miner }: Bench) => miner.state().settings;

const cases: readonly Case[] = [
  { action: 'stop', path: '/mining/stop', detail: /^stopped$/, truth: ({ miner }) => miner.state().life.phase.state, expected: 'stopped', again: /^already stopped$/ },
  { action: 'start', first: pause, path: '/mining/start', detail: /^mining, /, truth: ({ miner }) => miner.state().life.phase.state, expected: 'mining', again: /^not stopped/ },
  { action: 'throttle', path: '/mining/throttle', detail: /^at 60 %$/, truth: ({ miner }) => miner.state().throttle.to, expected: 60, again: /^already at 60 %$/, only: '1.3.4' },
  { action: 'switch_pool', path: '/mining/switch-pool', detail: /^works for backup\.example:3333$/, truth: ({ miner }) => miner.state().preferredPool, expected: 1, again: /^already works for/ },
  {
    action: 'set_pools', path: '/settings', detail: /^works for ltc\.viabtc\.io:3333 as acct\.m1/, truth: (on) => settingsOf(on).miner.pools,
    expected: [{ url: 'ltc.viabtc.io:3333', user: 'acct.m1', pass: poolPassword }, { url: '', user: '', pass: '' }, { url: '', user: '', pass: '' }], again: undefined,
  },
  { action: 'cooling', path: '/settings', detail: /^the settings show it$/, truth: (on) => settingsOf(on).miner.cooling.mode, expected: { name: 'auto', param: 65 }, again: /already is as asked/ },
  { action: 'hostname', path: '/settings', detail: /^rack-m1; it counts from the next reboot$/, truth: (on) => settingsOf(on).network.hostname, expected: 'rack-m1', again: /^already is rack-m1$/ },
  { action: 'notes', path: '/notes', detail: /^the note says so$/, truth: ({ miner }) => miner.state().notes.get('rack'), expected: 'A4', again: /already says so$/ },
  { action: 'password', path: '/settings', detail: /^logged in with the password of fresh$/, truth: async ({ miner }) => unlocks(miner, newPassword), expected: 200, again: undefined },
  { action: 'autotune_reset', path: '/autotune/reset', detail: /none of them is tuned/, truth: ({ miner }) => miner.state().tuned.has('2600'), expected: false, again: /none of these presets is tuned/ },
  { action: 'api_keys', path: '/apikeys', detail: /^the miner has the key$/, truth: async (on) => (await keysOn(on)).length, expected: 1, again: /has the key already/ },
  { action: 'factory_reset', path: '/settings/factory-reset', detail: /^rebooted; \d+ settings are others$/, truth: (on) => settingsOf(on).network.hostname, expected: 'Antminer', again: undefined },
];

async function unlocks(miner: SimulatedMiner, password: string): Promise<number> {
  return (await fetch(`${miner.url}/api/v1/unlock`, { method: 'POST', body: JSON.stringify({ pw: password }) })).status;
}

async function keysOn({ miner }: Bench, password = oldPassword): Promise<{ key: string; description: string }[]> {
  const { token } = await (await fetch(`${miner.url}/api/v1/unlock`, { method: 'POST', body: JSON.stringify({ pw: password }) })).json() as { token: string };
  return await (await fetch(`${miner.url}/api/v1/apikeys`, { headers: { authorization: `Bearer ${token}` } })).json() as { key: string; description: string }[];
}

const onEach = generations.flatMap((firmware) => cases.filter(({ only }) => only === undefined || only === firmware).map((one) => ({ ...one, firmware, parameters: one.parameters ?? anyParameters[one.action] ?? {} })));

describe('an action', () => {
  test.each(onEach)('$action on $firmware is done once, proved, then found done already, and leaks nothing', async ({ firmware, action, parameters, part, first, path: where, detail, truth, expected, again }) => {
    const on = await bench(firmware, part);
    await first?.(on);
    const before = writes(on.miner).length;
    const job = await done(on, action, parameters);
    expect(job.targets[0]).toMatchObject({ state: 'verified', detail: expect.stringMatching(detail) });
    expect(writes(on.miner).slice(before).filter((one) => one === where)).toHaveLength(1);
    expect(await truth(on)).toEqual(expected);
    if (again !== undefined) expect((await planned(on, action, parameters)).skipped).toEqual([{ miner: 'm1', reason: expect.stringMatching(again) }]);
    if (actions[action].backsUp === true) expect(job.targets[0]?.backup).toMatch(new RegExp(`^\\d{8}T\\d+\\.\\d+Z-${action}$`));
    await expectNoSecret(on);
    expect((await on.running.api('/events')).body).toEqual({ events: [] });
  });

  test.each(onEach)('$action on $firmware that the miner refuses has failed, with its words', async ({ firmware, action, parameters, part, first, path: where }) => {
    const on = await bench(firmware, part);
    await first?.(on);
    const before = await on.running.api('/rigs/m1/settings');
    await on.miner.inject('http_500', { path: `${where}$`, method: 'POST', mode: 'undone' });
    const job = await done(on, action, parameters);
    expect(job.targets[0]).toMatchObject({ state: 'failed', detail: expect.stringContaining('500') });
    await on.miner.repair();
    expect((await on.running.api('/rigs/m1/settings')).body['settings']).toEqual(before.body['settings']);
    expect(await unlocks(on.miner, oldPassword)).toBe(200);
  });

  test.each(onEach.filter(({ action }) => action !== 'factory_reset'))('$action on $firmware whose answer is lost is not repeated: what is read back decides', async ({ firmware, action, parameters, part, first, path: where, truth, expected }) => {
    const on = await bench(firmware, part);
    await first?.(on);
    const before = writes(on.miner).length;
    await on.miner.inject('reset', { path: `${where}$`, method: 'POST' });
    const id = await begun(on, action, parameters);
    if (action === 'set_pools') {
      // Saved, but the restart that applies it could not follow the lost answer: said, and not taken for done.
      await until('it says what is missing', async () => (await jobOf(on, id)).targets[0]?.detail?.includes('waits for a restart') === true);
    } else expect((await ended(on, id)).targets[0]).toMatchObject({ state: 'verified' });
    expect(writes(on.miner).slice(before).filter((one) => one === where)).toHaveLength(1);
    expect(await truth(on)).toEqual(expected);
  });
});

describe.each(generations)('on %s', (firmware) => {
  test('a preset is written together with the top preset of a switcher that is on, and the plan says so', async () => {
    const on = await bench(firmware);
    settingsOf(on).miner.overclock.preset_switcher = { ...settingsOf(on).miner.overclock.preset_switcher, enabled: true, top_preset: '3360', min_preset: '2350' };
    await until('the switcher is read', () => on.running.service.fleet.get('m1')?.reading?.switcher?.enabled === true);
    const plan = await planned(on, 'preset', { preset: '2600' });
    expect(plan.targets[0]).toMatchObject({ changes: [{ field: 'preset', from: '3360', to: '2600' }, { field: 'switcher top preset', from: '3360', to: '2600' }], warning: expect.stringContaining('switcher is on') });
    const tuned = [...on.miner.state().tuned];
    const [target] = (await done(on, 'preset', { preset: '2600' })).targets;
    expect(target).toMatchObject({ state: 'verified', changed: expect.arrayContaining([{ field: 'preset', from: '3360', to: '2600' }, { field: 'switcher.topPresetWatts', from: '3360', to: '2600' }]) });
    expect(settingsOf(on).miner.overclock).toMatchObject({ preset: '2600', preset_switcher: { top_preset: '2600', min_preset: '2350', enabled: true } });
    expect([...on.miner.state().tuned]).toEqual(tuned);
  });

  test('settings are backed up, and restored as they were; the archive is the owner\'s alone', async () => {
    const on = await bench(firmware);
    const pools = structuredClone(settingsOf(on).miner.pools);
    expect((await planned(on, 'settings_restore')).skipped).toEqual([{ miner: 'm1', reason: 'there is no backup of it' }]);
    const kept = (await done(on, 'settings_backup')).targets[0];
    expect(kept).toMatchObject({ state: 'verified', detail: expect.stringMatching(/^kept as .*-settings_backup$/) });
    await done(on, 'set_pools', anyParameters.set_pools);
    expect(settingsOf(on).miner.pools).not.toEqual(pools);
    expect((await planned(on, 'settings_restore', { backup: '../../secrets' })).skipped[0]?.reason).toMatch(/^there is no backup/);
    const backup = kept?.backup ?? '';
    expect((await planned(on, 'settings_restore', { backup })).targets[0]?.changes).toContainEqual({ field: 'pools.0.url', from: 'ltc.viabtc.io:3333', to: 'us.mining.prohashing.com:3333' });
    await on.miner.inject('http_500', { path: '/settings/restore$', mode: 'undone' });
    expect((await done(on, 'settings_restore', { backup })).targets[0]).toMatchObject({ state: 'failed', detail: expect.stringContaining('500') });
    await on.miner.repair();
    await on.miner.inject('cut', { path: '/settings/restore$' });
    expect((await done(on, 'settings_restore', { backup })).targets[0]).toMatchObject({ state: 'verified', detail: expect.stringContaining(`as in ${backup}`) });
    expect(settingsOf(on).miner.pools).toEqual(pools);
    expect(writes(on.miner).filter((one) => one === '/settings/restore')).toHaveLength(1);
    await expectNoSecret(on);
  });

  test('firmware comes from the operator\'s folder by name, fits the model, is named by its SHA-256, and goes to one miner first', async () => {
    const version = firmwareOf[firmware];
    const on = await bench(firmware, {}, { more: [spec('m2', { firmware })] });
    const file = `vnish-l9-${version}.tar.gz`;
    const skipped = async (parameters: Parameters) => (await planned(on, 'firmware_update', parameters)).skipped[0]?.reason;
    expect(await skipped({ file: '../fleet.yaml' })).toContain('there is no file "../fleet.yaml"');
    expect(await skipped({ file: `vnish-l7-${version}.tar.gz` })).toBe('the file is for l7 by its name, and the miner is l9');
    const plan = await on.running.api('/actions', { json: { action: 'firmware_update', miners: ['m1', 'm2'], parameters: { file } } });
    expect(plan.text).toMatch(/SHA-256 [0-9a-f]{64}/);
    expect(plan.body['plan']).toMatchObject({ rails: expect.arrayContaining([expect.objectContaining({ rail: 'canary' })]) });
    expect((await done(on, 'firmware_update', { file: 'nameless.bin' })).targets[0]).toMatchObject({ state: 'failed', detail: expect.stringContaining('Firmware verification failed') });
    expect((await done(on, 'firmware_update', { file })).targets[0]).toMatchObject({ state: 'verified', detail: expect.stringContaining(`runs ${version}`) });
    expect(settingsOf(on).network.hostname).toBe('m1');
    expect(await skipped({ file })).toBe(`already runs ${version}`);
    expect((await on.running.api('/events')).body).toEqual({ events: [] });
  });

  test('firmware is removed where the model can, proved by the stock firmware that answers, and refused where it cannot', async () => {
    const cannot = await bench(firmware);
    expect((await done(cannot, 'firmware_remove')).targets[0]).toMatchObject({ state: 'failed', detail: expect.stringContaining('no \'remove firmware\'') });
    const on = await bench(firmware, { removable: true });
    expect((await done(on, 'firmware_remove')).targets[0]).toMatchObject({ state: 'verified', detail: expect.stringContaining('stock firmware') });
  });

  test('a password that the miner does not take leaves the old one in use', async () => {
    const on = await bench(firmware);
    // Answers well and does nothing.
    await on.miner.inject('http_500', { path: '/settings$', method: 'POST', mode: 'ignored' });
    expect((await done(on, 'password', { credentials: 'fresh' })).targets[0]).toMatchObject({ state: 'failed', detail: 'the miner does not accept the new password; the old one stays in use' });
    await on.miner.repair();
    expect((await done(on, 'notes', { note: { key: 'rack', text: 'B1' } })).targets[0]).toMatchObject({ state: 'verified' });
    await done(on, 'password', { credentials: 'fresh' });
    expect((await done(on, 'notes', { note: { key: 'rack', text: 'B2' } })).targets[0]).toMatchObject({ state: 'verified' });
    expect(JSON.parse(readFileSync(path.join(on.dataFolder, 'miners.json'), 'utf8'))).toMatchObject({ miners: { m1: { credentials: { use: 'fresh', insteadOf: 'default' } } } });
    expect(on.running.service.fleet.get('m1')?.credentials).toBe('accepted');
    expect((await planned(on, 'password', { credentials: 'other' })).skipped[0]?.reason).toBe('there is no entry "other" in credentials; there are: fresh, default');
  });

  test('a key that we made is deleted again, by name, and its secret never leaves the store', async () => {
    const on = await bench(firmware);
    await done(on, 'api_keys', { apiKey: { name: 'grafana' } });
    const [made] = await keysOn(on);
    expect(made).toMatchObject({ key: expect.stringMatching(/^[0-9a-f]{32}$/), description: 'grafana' });
    await expectNoSecret(on, [made?.key ?? '']);
    expect((await done(on, 'api_keys', { apiKey: { name: 'grafana', remove: true } })).targets[0]).toMatchObject({ state: 'verified', detail: 'the key is deleted' });
    expect(await keysOn(on)).toEqual([]);
    expect((await planned(on, 'api_keys', { apiKey: { name: 'grafana', remove: true } })).skipped[0]?.reason).toBe('we made no key of that name on it');
  });
});

test('throttle is skipped by 1.2, which has none', async () => {
  expect((await planned(await bench('1.2.7'), 'throttle', { percent: 60 })).skipped).toEqual([{ miner: 'm1', reason: 'its firmware (Vnish 1.2.7) tells no throttle, which came with VNish 1.3' }]);
});

test('cooling keeps to sane bounds and to the operator\'s floor', async () => {
  const on = await bench('1.3.4', {}, { control: ', fan_floor_percent: 30' });
  const skipped = async (cooling: Parameters['cooling']) => (await planned(on, 'cooling', { cooling })).skipped[0]?.reason;
  expect(await skipped({ fanPercent: 20 })).toBe('a fan duty of 20 % is below 30 % (control.fan_floor_percent)');
  expect(await skipped({ mode: 'immersion' })).toBe('immersion stops the fans, which may not go below 30 % (control.fan_floor_percent)');
  expect(await skipped({ targetCelsius: 65 })).toBe('the least fan duty would be 10 %, below 30 % (control.fan_floor_percent); give fanMinPercent');
  expect(await skipped({ targetCelsius: 99, fanMinPercent: 30 })).toMatch(/^a target of 99 °C is outside /);
  expect(await skipped({ fanMinPercent: 60, fanMaxPercent: 50 })).toBe('the most fan duty (50 %) is below the least (60 %)');
  expect((await done(on, 'cooling', { cooling: { targetCelsius: 65, fanMinPercent: 30 } })).targets[0]).toMatchObject({ state: 'verified' });
  expect((await done(on, 'cooling', { cooling: { fanPercent: 80 } })).targets[0]).toMatchObject({ state: 'verified', changed: expect.arrayContaining([{ field: 'cooling.mode', from: 'auto', to: 'manual' }]) });
  expect(settingsOf(on).miner.cooling).toMatchObject({ mode: { name: 'manual', param: 80 }, fan_min_duty: 30, fan_max_duty: 100 });
});

test.each([
  ['throttle', {}, 'parameters.percent'], ['throttle', { percent: 10 }, 'parameters.percent'], ['throttle', { percent: 50.5 }, 'parameters.percent'], ['switch_pool', { pool: 0 }, 'parameters.pool'],
  ['set_pools', {}, 'parameters.pools'], ['set_pools', { pools: [{ url: 'pool.example:3333', worker: 'a' }] }, 'parameters.pools[0].url'],
  ['set_pools', { pools: [{ url: 'stratum+tcp://user:secret-in-url@pool.example:3333', worker: 'a' }] }, 'parameters.pools[0].url'], ['set_pools', { pools: [{ url: 'stratum+tcp://pool.example:3333', worker: 'a.{mac}' }] }, 'parameters.pools[0].worker'],
  ['cooling', { cooling: {} }, 'parameters.cooling'], ['cooling', { cooling: { mode: 'manual', targetCelsius: 60 } }, 'parameters.cooling.targetCelsius'], ['cooling', { cooling: { fanPercent: 101 } }, 'parameters.cooling.fanPercent'],
  ['hostname', { hostname: 'no dots.here' }, 'parameters.hostname'], ['notes', {}, 'parameters.note'], ['password', {}, 'parameters.credentials'], ['api_keys', { apiKey: { name: 'a b' } }, 'parameters.apiKey'],
  ['autotune_reset', {}, 'parameters.presets'], ['firmware_update', {}, 'parameters.file'],
] as const)('%s with %j is refused, and names %s', async (action, parameters, field) => {
  const on = await bench('1.3.4');
  const reply = await on.running.api('/actions', { json: { action, miners: ['m1'], parameters } });
  expect([reply.status, reply.body['code'], reply.body['field']]).toEqual([422, 'payload_invalid', field]);
  expect(reply.text).not.toContain('secret-in-url');
});

test('a plan does not wait for a miner that hangs: it is skipped, with the reason, and the others are planned', async () => {
  const on = await bench('1.3.4', {}, { more: [spec('m2')] });
  await on.simulator.miner('m2').inject('hang', { path: '/settings' });
  const plan = await planned(on, 'hostname', { hostname: '{miner}-x' }, ['m1', 'm2']);
  expect(plan.targets).toMatchObject([{ miner: 'm1', changes: [{ field: 'host name', from: 'm1', to: 'm1-x' }] }]);
  expect(plan.skipped).toEqual([{ miner: 'm2', reason: expect.stringMatching(/timeout|did not answer in time/) }]);
}, 30_000);

test('without a backup nothing is written', async () => {
  const on = await bench('1.3.4');
  await on.miner.inject('http_500', { path: '/settings/backup$', mode: 'undone' });
  expect((await done(on, 'hostname', { hostname: 'other' })).targets[0]).toMatchObject({ state: 'failed', detail: expect.stringMatching(/^not sent: its settings cannot be backed up first/) });
  expect(writes(on.miner)).toEqual([]);
});

test('a password of a pool that is not given stays as it was for the same address', async () => {
  const on = await bench('1.3.4');
  await done(on, 'set_pools', { pools: [{ url: 'stratum+tcp://backup.example:3333', worker: 'demo.two' }, { url: 'stratum+tcp://us.mining.prohashing.com:3333', worker: 'demo.{worker}' }, { url: 'stratum+tcp://third.example:3333', worker: 'a' }] });
  expect(settingsOf(on).miner.pools).toEqual([secondPool, { url: 'us.mining.prohashing.com:3333', user: 'demo.m1', pass: 'n=m1' }, { url: 'third.example:3333', user: 'a', pass: '' }]);
});

test('only so many backups of a miner are kept', async () => {
  const on = await bench('1.3.4', {}, { control: ', backups_kept: 2' });
  for (const text of ['a', 'b', 'c']) await done(on, 'hostname', { hostname: `host-${text}` });
  expect(filesBelow(path.join(on.dataFolder, 'backups')).filter((file) => file.endsWith('.tar.gz'))).toHaveLength(2);
});

test('the table of tests and the table of actions agree', () => {
  const elsewhere: ActionName[] = ['restart_mining', 'reboot', 'pause', 'resume', 'preset', 'locate', 'settings_backup', 'settings_restore', 'firmware_update', 'firmware_remove'];
  expect([...new Set([...cases.map(({ action }) => action), ...elsewhere])].sort()).toEqual([...actionNames].sort());
});
