import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Miner } from '../../simulator/src/miner/miner.ts';
import type { Simulator } from '../../simulator/src/simulator.ts';
import { openAuditLog, type AuditEntry, type AuditLog } from '../src/control/audit.ts';
import { createControl } from '../src/control/jobs.ts';
import { confirmationMs, createConfirmations, type Plan } from '../src/control/plan.ts';
import { createFleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { temporaryFolder } from './command.ts';
import { configOf, silent, until } from './fixtures.ts';
import { run, simulated, spec, tokens, whenDone, type Reply, type Running, type RunOptions } from './running.ts';

const usual = 'enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1, batch_pause_seconds: 0';

/** The commands that reached the miner, in order. */
const commands = (miner: Miner) => miner.requests.list({ method: 'POST' }).filter(({ path: where }) => !where.endsWith('/unlock')).map(({ path: where }) => where.replace('/api/v1', ''));

async function ready(simulator: Simulator, options: RunOptions = {}): Promise<Running> {
  const running = await run(Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address])), { control: `{${usual}}`, ...options });
  await until('all are read', () => [...running.service.fleet.all()].every(({ lastSuccessAt, presets }) => lastSuccessAt !== undefined && presets !== undefined));
  return running;
}

const act = async (running: Running, json: Record<string, unknown>, headers: Record<string, string> = {}) => running.api('/actions', { json, token: tokens.operate, headers });

interface JobBody { id: string; state: string; targets: { miner: string; state: string; detail?: string; startedAt?: string }[] }
const jobOf = (reply: Reply) => reply.body['job'] as JobBody;
const planOf = (reply: Reply) => reply.body['plan'] as { targets: { miner: string; changes: { field: string; to: string }[]; warning?: string }[]; skipped: { miner: string; reason: string }[]; confirmation: { required: boolean; token?: string } };

async function job(running: Running, id: string): Promise<JobBody> {
  return (await running.api(`/jobs/${id}`)).body as unknown as JobBody;
}

async function states(running: Running, id: string): Promise<string[]> {
  return (await job(running, id)).targets.map(({ state }) => state);
}

/** Starts with the confirmation that the plan asks for. */
async function confirmed(running: Running, order: Record<string, unknown>): Promise<JobBody> {
  const { confirmation } = planOf(await act(running, order));
  const reply = await act(running, { ...order, dryRun: false, ...(confirmation.token === undefined ? {} : { confirmationToken: confirmation.token }) });
  expect([reply.status, reply.text]).toEqual([202, expect.anything()]);
  return jobOf(reply);
}

const auditOf = (running: Running) => readFileSync(running.auditFile, 'utf8').trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEntry);

describe('a plan', () => {
  test('is the default, changes nothing, and says what would', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    for (const order of [{ action: 'restart_mining', miners: ['m1'] }, { action: 'reboot', miners: ['m1'], dryRun: true }]) {
      const reply = await act(running, order);
      expect([reply.status, reply.body['job']]).toEqual([200, undefined]);
      expect(planOf(reply).targets).toEqual([expect.objectContaining({ miner: 'm1', changes: [expect.objectContaining({ from: 'mining' })] })]);
    }
    expect(commands(simulator.miner('m1'))).toEqual([]);
    expect(auditOf(running).filter(({ event }) => event === 'sent')).toEqual([]);
  });

  test('skips an untuned preset, an unknown miner, an unknown preset and the present preset, each with its reason', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    const skipped = async (preset: string, miners = ['m1']) => planOf(await act(running, { action: 'preset', miners, parameters: { preset } })).skipped.map(({ reason }) => reason);
    expect(await skipped('4050')).toEqual(['preset 4050 is not tuned; the miner would tune for hours']);
    expect(await skipped('9999')).toEqual(['it has no preset "9999"']);
    expect(await skipped('3360')).toEqual(['already on 3360']);
    expect(await skipped('disabled')).toEqual(['manual mode is not a preset that can be chosen here']);
    expect(await skipped('2850', ['m1', 'm9'])).toEqual(['there is no such miner']);
    const started = await act(running, { action: 'preset', miners: ['m1'], parameters: { preset: '4050' }, dryRun: false });
    expect([started.status, started.body['code'], started.body['detail']]).toEqual([409, 'nothing_to_do', expect.stringContaining('not tuned')]);
    expect(commands(simulator.miner('m1'))).toEqual([]);
  });

  test('adds up the lasting effect only when it is known of every target', async () => {
    const simulator = await simulated([spec('m1'), spec('m2')]);
    const running = await ready(simulator);
    const { body } = await act(running, { action: 'preset', miners: ['m1', 'm2'], parameters: { preset: '2850' } });
    const { effect } = body['plan'] as { effect: { powerWatts: number; hashrate: number } };
    expect(effect.powerWatts).toBe(2 * (2850 - 3360));
    expect(effect.hashrate / 1e9).toBeCloseTo(2 * (15 - 16.8), 0);
  });

  test('tells what each circuit will draw, of what it may', async () => {
    const simulator = await simulated([spec('m1'), spec('m2'), spec('m3')]);
    const at = (name: string, circuit: string) => `{name: ${name}, address: "${simulator.miner(name).address}", site: garage, circuit: ${circuit}}`;
    const running = await run([at('m1', 'A'), at('m2', 'A'), at('m3', 'B')], { control: `{${usual}}`, sections: 'sites: [{name: garage}]\ncircuits: {A: {breaker_watts: 7680}}' });
    await until('all are read', () => [...running.service.fleet.all()].every(({ lastSuccessAt, presets }) => lastSuccessAt !== undefined && presets !== undefined));
    const { body } = await act(running, { action: 'preset', miners: ['m1', 'm3'], parameters: { preset: '2850' } });
    const { circuits } = body['plan'] as { circuits: { circuit: string; powerWatts: number; afterWatts: number }[] };
    const drawn = (names: string[]) => [...running.service.fleet.all()].filter(({ config }) => names.includes(config.name)).reduce((sum, { reading }) => sum + (reading?.powerWatts ?? NaN), 0);
    expect(circuits).toEqual([
      { site: 'garage', circuit: 'A', powerWatts: expect.any(Number), afterWatts: expect.any(Number), mayDrawWatts: 0.8 * 7680, unread: 0 },
      { site: 'garage', circuit: 'B', powerWatts: expect.any(Number), afterWatts: expect.any(Number), unread: 0 },
    ]);
    for (const [index, names] of [['m1', 'm2'], ['m3']].entries()) {
      const { powerWatts, afterWatts } = circuits[index]!;
      expect(Math.abs(powerWatts - drawn(names))).toBeLessThan(300);
      expect(afterWatts - powerWatts).toBeCloseTo(2850 - 3360, 6);
    }
    expect((await act(running, { action: 'locate', miners: ['m1'] })).body['plan']).toMatchObject({ circuits: [] });
  });
});

describe('who may act', () => {
  test('nobody without a token, nobody with a wrong one, and no reader', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    const order = { action: 'restart_mining', miners: ['m1'], dryRun: false };
    expect((await running.api('/actions', { json: order, token: undefined })).status).toBe(401);
    expect((await running.api('/actions', { json: order, token: 'guessed' })).status).toBe(401);
    expect((await running.api('/actions', { json: order, token: tokens.read })).status).toBe(403);
    expect((await running.api('/jobs/none/cancel', { json: {}, token: tokens.read })).status).toBe(403);
    expect(commands(simulator.miner('m1'))).toEqual([]);
  });

  test.each([['off', '{enabled: false}', 'switched off'], ['read-only', '{enabled: true, read_only: true}', 'read-only']])('nobody while control is %s, and the refusal is in the audit log', async (_what, control, said) => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator, { control });
    for (const dryRun of [true, false]) {
      const reply = await act(running, { action: 'locate', miners: ['m1'], dryRun });
      expect([reply.status, reply.body['code'], reply.body['detail']]).toEqual([403, 'control_disabled', expect.stringContaining(said)]);
    }
    expect(auditOf(running).map(({ event, actor }) => [event, actor])).toEqual([['refused', 'operate-token'], ['refused', 'operate-token']]);
    expect(commands(simulator.miner('m1'))).toEqual([]);
  });

  test('only on miners and sites of the allow-lists', async () => {
    const simulator = await simulated([spec('m1'), spec('m2'), spec('m3')]);
    const running = await run(['m1', 'm2', 'm3'].map((name) => `{name: ${name}, address: "${simulator.miner(name).address}", site: ${name === 'm3' ? 'barn' : 'garage'}}`), {
      control: `{${usual}, allow_miners: [m1], allow_sites: [barn]}`, sections: 'sites: [{name: garage}, {name: barn}]',
    });
    await until('all are read', () => [...running.service.fleet.all()].every(({ lastSuccessAt }) => lastSuccessAt !== undefined));
    const plan = planOf(await act(running, { action: 'restart_mining', miners: ['m1', 'm2', 'm3'] }));
    expect(plan.targets.map(({ miner }) => miner)).toEqual(['m1', 'm3']);
    expect(plan.skipped).toEqual([{ miner: 'm2', reason: 'not on the allow-list (control.allow_miners, control.allow_sites)' }]);
  });
});

describe('a confirmation', () => {
  test('is needed for several miners and for every reboot, not for one restart', async () => {
    const simulator = await simulated([spec('m1'), spec('m2')]);
    const running = await ready(simulator);
    for (const order of [{ action: 'locate', miners: ['m1', 'm2'] }, { action: 'reboot', miners: ['m1'] }]) {
      expect(planOf(await act(running, order)).confirmation).toMatchObject({ required: true, token: expect.any(String) });
      const reply = await act(running, { ...order, dryRun: false });
      expect([reply.status, reply.body['code']]).toEqual([409, 'confirmation_needed']);
    }
    expect(planOf(await act(running, { action: 'restart_mining', miners: ['m1'] })).confirmation).toEqual({ required: false });
    expect(simulator.miners.flatMap(commands)).toEqual([]);
  });

  test('fits only its own plan and its own person, and is used up by the first try', async () => {
    const simulator = await simulated([spec('m1'), spec('m2')]);
    const running = await ready(simulator);
    const order = { action: 'locate', miners: ['m1', 'm2'], parameters: { on: true } };
    const anna = { 'x-grafana-user': 'anna' };
    const token = async () => planOf(await act(running, order, anna)).confirmation.token!;
    const refused = async (reply: Promise<Reply>) => {
      const { status, body } = await reply;
      expect([status, body['code']]).toEqual([409, 'confirmation_invalid']);
    };
    const first = await token();
    await refused(act(running, { action: 'restart_mining', miners: ['m1', 'm2'], dryRun: false, confirmationToken: first }, anna));
    await refused(act(running, { ...order, dryRun: false, confirmationToken: first }, anna));
    await refused(act(running, { ...order, dryRun: false, confirmationToken: await token() }, { 'x-grafana-user': 'ben' }));
    await refused(act(running, { ...order, dryRun: false, confirmationToken: 'made up' }, anna));
    expect(simulator.miners.flatMap(commands)).toEqual([]);
    expect((await act(running, { ...order, dryRun: false, confirmationToken: await token() }, anna)).status).toBe(202);
  });

  test('holds two minutes', () => {
    let now = 1_000_000;
    const confirmations = createConfirmations(() => now);
    const plan: Plan = { action: 'reboot', parameters: {}, targets: [{ miner: 'm1', changes: [] }], skipped: [], effect: {}, circuits: [], expectedSeconds: 1, needsConfirmation: true, rails: [] };
    const [early, late] = [confirmations.issue(plan, 'anna'), confirmations.issue(plan, 'anna')];
    now += confirmationMs - 1;
    expect(() => confirmations.redeem(plan, 'anna', early.token)).not.toThrow();
    now += 1;
    expect(() => confirmations.redeem(plan, 'anna', late.token)).toThrow('older than two minutes');
  });
});

describe('a command', () => {
  test('restart walks from sent over verifying to verified, and is sent once', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    const { id } = await confirmed(running, { action: 'restart_mining', miners: ['m1'] });
    await until('it is seen restarting', async () => (await job(running, id)).targets[0]?.detail === 'restarting');
    expect(await states(running, id)).toEqual(['verifying']);
    expect((await running.api('/rigs/m1')).body['activeJob']).toBe(id);
    simulator.clock.advance(60_000);
    await until('it is seen initializing', async () => (await job(running, id)).targets[0]?.detail === 'initializing');
    simulator.clock.advance(300_000);
    await until('verified', async () => (await states(running, id))[0] === 'verified');
    expect(await job(running, id)).toMatchObject({ state: 'finished', targets: [{ detail: expect.stringMatching(/^mining, 1\d\.\d\d GH\/s$/) }] });
    expect(commands(simulator.miner('m1'))).toEqual(['/mining/restart']);
    expect((await running.api('/rigs/m1')).body['activeJob']).toBeUndefined();
    expect(await running.value('hashfleet_actions_total', { action: 'restart_mining', outcome: 'verified' })).toBe(1);
  });

  test('reboot walks over out of reach to verified, and needs one new login after it', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    const { id } = await confirmed(running, { action: 'reboot', miners: ['m1'] });
    await until('sent', () => commands(simulator.miner('m1')).length > 0);
    const sentAt = simulator.clock.now();
    simulator.clock.advance(4_000);
    await until('it is away', async () => (await job(running, id)).targets[0]?.detail?.startsWith('out of reach') === true);
    simulator.clock.advance(300_000);
    await until('verified', async () => (await states(running, id))[0] === 'verified');
    expect(commands(simulator.miner('m1'))).toEqual(['/system/reboot']);
    const unlocks = () => simulator.miner('m1').requests.list({ path: '/unlock' }).filter(({ timeMs }) => timeMs > sentAt).length;
    // By now the settings were read again, for which the old token was of no use; the record is a ring, but holds so many reads.
    await confirmed(running, { action: 'pause', miners: ['m1'] });
    await until('the pause came', () => commands(simulator.miner('m1')).includes('/mining/pause'));
    expect(unlocks()).toBe(1);
  });

  test('pause and resume are proved by the state, and tell what is wanted of the miner', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    const pause = await confirmed(running, { action: 'pause', miners: ['m1'] });
    await until('shutting down', async () => (await job(running, pause.id)).targets[0]?.detail?.startsWith('shutting-down') === true);
    simulator.clock.advance(10_000);
    await until('paused', async () => (await states(running, pause.id))[0] === 'verified');
    expect((await running.api('/rigs/m1')).body).toMatchObject({ state: 'stopped', intent: 'stopped' });
    expect(planOf(await act(running, { action: 'pause', miners: ['m1'] })).skipped).toEqual([{ miner: 'm1', reason: 'already stopped' }]);
    const resume = await confirmed(running, { action: 'resume', miners: ['m1'] });
    await until('starting', async () => ['initializing', 'starting'].includes((await job(running, resume.id)).targets[0]?.detail ?? ''));
    expect(await states(running, resume.id)).toEqual(['verifying']);
    simulator.clock.advance(120_000);
    await until('resumed', async () => (await states(running, resume.id))[0] === 'verified');
    expect((await running.api('/rigs/m1')).body).toMatchObject({ state: 'mining', intent: 'mine' });
    expect((await running.api('/events')).body).toEqual({ events: [] });
  });

  test('preset is proved by reading it back, and is no change that somebody else made', async () => {
    const simulator = await simulated([spec('m1'), spec('m2', { firmware: '1.2.7' })]);
    const running = await ready(simulator);
    const { id } = await confirmed(running, { action: 'preset', miners: ['m1', 'm2'], parameters: { preset: '2850' } });
    await until('verified', async () => (await states(running, id)).every((state) => state === 'verified'));
    expect(simulator.miners.map((miner) => miner.truth().preset)).toEqual(['2850', '2850']);
    expect(simulator.miners.map(commands)).toEqual([['/settings/backup', '/settings'], ['/settings/backup', '/settings']]);
    expect((await running.api('/events')).body).toEqual({ events: [] });
  });

  test('whose reply is lost is not sent again: what is read back decides', async () => {
    const simulator = await simulated([spec('m1'), spec('m2')]);
    const running = await ready(simulator);
    await simulator.miner('m1').inject('reset', { path: '/locate-miner' });
    await simulator.miner('m2').inject('cut', { path: '/locate-miner' });
    const { id } = await confirmed(running, { action: 'locate', miners: ['m1', 'm2'], parameters: { on: true } });
    await until('verified', async () => (await states(running, id)).every((state) => state === 'verified'));
    expect(simulator.miners.map(commands)).toEqual([['/locate-miner'], ['/locate-miner']]);
  });

  test('that the miner refuses has failed, with the miner\'s own words', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    await simulator.miner('m1').inject('http_500', { path: '/mining/restart' });
    const { id } = await confirmed(running, { action: 'restart_mining', miners: ['m1'] });
    await until('failed', async () => (await states(running, id))[0] === 'failed');
    expect((await job(running, id)).targets[0]?.detail).toBe('/mining/restart answered 500: Internal error');
  });

  test('clicked twice is sent once; the same key for another wish is refused', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    const order = { action: 'locate', miners: ['m1'], parameters: { on: true }, dryRun: false, idempotencyKey: 'click-0001' };
    const [one, two] = await Promise.all([act(running, order), act(running, order)]);
    expect([one.status, two.status]).toEqual([202, 202]);
    expect(jobOf(one).id).toBe(jobOf(two).id);
    await until('verified', async () => (await states(running, jobOf(one).id))[0] === 'verified');
    expect(jobOf(await act(running, order)).id).toBe(jobOf(one).id);
    expect(commands(simulator.miner('m1'))).toEqual(['/locate-miner']);
    const other = await act(running, { ...order, parameters: { on: false } });
    expect([other.status, other.body['field']]).toEqual([422, 'idempotencyKey']);
    expect(commands(simulator.miner('m1'))).toEqual(['/locate-miner']);
  });
});

describe('rails', () => {
  test('a miner that is being acted on is left alone by other jobs, and afterwards for the cooldown', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator, { control: `{${usual.replace('cooldown_seconds: 0', 'cooldown_seconds: 600')}}` });
    const order = { action: 'restart_mining', miners: ['m1'] };
    const { id } = await confirmed(running, order);
    expect(planOf(await act(running, { action: 'locate', miners: ['m1'] })).skipped).toEqual([{ miner: 'm1', reason: `job ${id} is acting on it` }]);
    await until('sent', () => commands(simulator.miner('m1')).length > 0);
    simulator.clock.advance(10_000);
    await until('seen', async () => (await job(running, id)).targets[0]?.detail === 'initializing');
    simulator.clock.advance(300_000);
    await until('done', async () => (await job(running, id)).state === 'finished');
    expect(planOf(await act(running, order)).skipped[0]?.reason).toMatch(/^acted on just now; possible again in (600|59\d) s$/);
    expect(planOf(await act(running, { action: 'locate', miners: ['m1'] })).targets).toHaveLength(1);
  });

  test('a job goes batch by batch with a pause between', async () => {
    const simulator = await simulated([spec('m1'), spec('m2'), spec('m3')]);
    const running = await ready(simulator, { control: `{${usual.replace('batch_pause_seconds: 0', 'batch_pause_seconds: 1')}, batch_size: 2}` });
    const { id } = await confirmed(running, { action: 'locate', miners: ['m1', 'm2', 'm3'], parameters: { on: true } });
    await until('verified', async () => (await states(running, id)).every((state) => state === 'verified'));
    const [first, second, third] = (await job(running, id)).targets.map(({ startedAt }) => Date.parse(startedAt!)) as [number, number, number];
    expect(second - first).toBeLessThan(500);
    expect(third - first).toBeGreaterThanOrEqual(990);
  });

  test('cancelling leaves unsent what is not sent yet, at once', async () => {
    const simulator = await simulated([spec('m1'), spec('m2')]);
    const running = await ready(simulator, { control: `{${usual.replace('batch_pause_seconds: 0', 'batch_pause_seconds: 300')}, batch_size: 1}` });
    const { id } = await confirmed(running, { action: 'locate', miners: ['m1', 'm2'], parameters: { on: true } });
    await until('the first is done', async () => (await states(running, id))[0] === 'verified');
    expect(await states(running, id)).toEqual(['verified', 'waiting']);
    expect((await running.api(`/jobs/${id}/cancel`, { json: {}, token: tokens.operate })).body).toMatchObject({ state: 'cancelled' });
    await until('the second is free again', async () => (await states(running, id))[1] === 'cancelled', 3_000);
    expect(commands(simulator.miner('m2'))).toEqual([]);
    expect((await running.api('/rigs/m2')).body['activeJob']).toBeUndefined();
    expect((await running.api('/jobs/unknown/cancel', { json: {} })).status).toBe(404);
  });
});

describe('rails of a job', () => {
  const site = (simulator: Simulator, name: string, more = '') => `{name: ${name}, address: "${simulator.miner(name).address}"${more}}`;
  async function withConfig(miners: string[], { control, sections }: { control: string; sections?: string }): Promise<Running> {
    const running = await run(miners, { control: `{${usual}, ${control}}`, ...(sections === undefined ? {} : { sections }) });
    await until('all are read', () => [...running.service.fleet.all()].every(({ lastSuccessAt, presets }) => lastSuccessAt !== undefined && presets !== undefined));
    return running;
  }

  test('miners are chosen by what they have in common, and the plan names them; nobody chosen is an error', async () => {
    const simulator = await simulated([spec('m1'), spec('m2'), spec('m3')]);
    const running = await withConfig([site(simulator, 'm1', ', rack: A'), site(simulator, 'm2', ', rack: B'), site(simulator, 'm3', ', rack: A')], { control: 'max_in_flight: 5' });
    const ask = async (select: Record<string, unknown>) => act(running, { action: 'locate', select });
    expect(planOf(await ask({ rack: ['A'], state: ['mining'] })).targets.map(({ miner }) => miner)).toEqual(['m1', 'm3']);
    expect(planOf(await ask({ names: ['m2', 'm3'], preset: ['3360'], model: ['Antminer L9'] })).targets.map(({ miner }) => miner)).toEqual(['m2', 'm3']);
    for (const [select, said] of [[{ rack: ['C'] }, 'no miner fits rack C'], [{}, 'nothing is asked for'], [{ names: ['m9'] }, 'there is no miner "m9"'], [{ colour: ['red'] }, 'colour']] as const) {
      const reply = await ask(select);
      expect([reply.status, reply.body['detail']]).toEqual([422, expect.stringContaining(said)]);
    }
    expect((await act(running, { action: 'locate' })).body['detail']).toContain('Give either "miners" or "select"');
    expect((await confirmed(running, { action: 'locate', select: { rack: ['A'] } })).targets.map(({ miner }) => miner)).toEqual(['m1', 'm3']);
  });

  test('outside the windows nobody is disturbed, unless an admin says why; the light is no disturbance', async () => {
    const simulator = await simulated([spec('m1')]);
    const day = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + 3) % 7]!;
    const running = await withConfig([site(simulator, 'm1')], { control: `windows: [{days: [${day}], from: "10:00", to: "11:00"}]` });
    const order = { action: 'pause', miners: ['m1'] };
    expect((await act(running, order)).body['plan']).toMatchObject({ rails: [{ rail: 'window', effect: 'refuses', detail: expect.stringMatching(/the next opens at .*T10:00:00/) }] });
    const refused = await act(running, { ...order, dryRun: false });
    expect([refused.status, refused.body['code'], refused.body['detail']]).toEqual([409, 'not_now', expect.stringMatching(/the next opens at .*T10:00:00.*override/)]);
    const override = 'the breaker is hot';
    expect((await act(running, { ...order, override })).status).toBe(403);
    expect(commands(simulator.miner('m1'))).toEqual([]);
    expect((await act(running, { action: 'locate', miners: ['m1'], dryRun: false })).status).toBe(202);
    await until('the light is on', async () => (await running.api('/rigs/m1')).body['activeJob'] === undefined);
    expect((await running.api('/actions', { json: { ...order, override, dryRun: false } })).status).toBe(202);
    await until('sent', () => commands(simulator.miner('m1')).includes('/mining/pause'));
    expect(auditOf(running).find(({ event, action }) => event === 'started' && action === 'pause')).toMatchObject({ actor: 'admin-token', after: { override } });
  });

  test('the floor leaves out who would go below it, and says so', async () => {
    const simulator = await simulated([spec('m1'), spec('m2'), spec('m3')]);
    const running = await withConfig(['m1', 'm2', 'm3'].map((name) => site(simulator, name)), { control: 'min_mining_fleet: 2' });
    const { id } = await confirmed(running, { action: 'pause', miners: ['m1', 'm2', 'm3'] });
    await until('two are left out', async () => (await states(running, id)).filter((state) => state === 'skipped').length === 2);
    expect((await job(running, id)).targets[1]?.detail).toBe('2 miners of the fleet must stay mining, and 2 are (control.min_mining_*)');
    simulator.clock.advance(20_000);
    await until('one is paused', async () => (await job(running, id)).state === 'finished');
    expect(simulator.miners.map(commands)).toEqual([['/mining/pause'], [], []]);
  });

  test('a canary that fails keeps the others from being sent', async () => {
    const simulator = await simulated(['m1', 'm2', 'm3'].map((name) => spec(name)));
    const running = await withConfig(['m1', 'm2', 'm3'].map((name) => site(simulator, name)), { control: 'canary_above: 2' });
    await simulator.miner('m1').inject('http_500', { path: '/settings' });
    const order = { action: 'preset', miners: ['m1', 'm2', 'm3'], parameters: { preset: '2850' } };
    expect((await act(running, order)).body['plan']).toMatchObject({ rails: [{ rail: 'canary', detail: expect.stringContaining('m1 (Antminer L9) first') }, { rail: 'stop_on_failures' }] });
    const { id } = await confirmed(running, order);
    await until('over', async () => (await job(running, id)).state === 'finished');
    expect(await states(running, id)).toEqual(['failed', 'cancelled', 'cancelled']);
    expect((await job(running, id)).targets[1]?.detail).toBe('not sent: m1, the first Antminer L9, is failed');
    expect([simulator.miner('m2'), simulator.miner('m3')].flatMap(commands)).toEqual([]);
  });

  test('a preset with which the miner fails is taken back, once, as a step of its own', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    await simulator.miner('m1').inject('psu_trouble');
    simulator.clock.advance(60_000);
    await until('it fails', async () => (await running.api('/rigs/m1')).body['state'] === 'failure');
    const { id } = await confirmed(running, { action: 'preset', miners: ['m1'], parameters: { preset: '2850' } });
    for (let step = 0; step < 60 && (await job(running, id)).state === 'running'; step += 1) {
      simulator.clock.advance(30_000);
      await until('looked at', async () => (await job(running, id)).state === 'finished', 200).catch(() => undefined);
    }
    const [target] = (await job(running, id)).targets;
    expect(target).toMatchObject({ state: 'failed', rollBackTo: '3360', detail: expect.stringMatching(/^failure.*roll/) });
    expect(commands(simulator.miner('m1')).filter((one) => one === '/settings')).toHaveLength(2);
    expect(auditOf(running).filter((entry) => entry.job === id).map(({ event }) => event)).toEqual(['started', 'sent', 'roll_back', 'roll_back', 'outcome']);
  });

  test('progress comes as server-sent events that end with the job', async () => {
    const simulator = await simulated([spec('m1'), spec('m2')]);
    const running = await ready(simulator, { control: `{${usual.replace('batch_pause_seconds: 0', 'batch_pause_seconds: 1')}, batch_size: 1}` });
    const { id } = await confirmed(running, { action: 'locate', miners: ['m1', 'm2'], parameters: { on: true } });
    const reply = await running.api(`/jobs/${id}/events`, { headers: { 'last-event-id': '41' } });
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const events = reply.text.split('\n\n').filter((text) => text.startsWith('id: ')).map((text) => /^id: (\d+)\nevent: (\w+)\ndata: (.+)$/.exec(text)!.slice(1) as [string, string, string]);
    expect(reply.text).toMatch(/^retry: \d+\n\n/);
    expect(events.map(([number]) => Number(number))).toEqual(events.map((_, index) => 42 + index));
    expect([events[0]![1], events.at(-1)![1]]).toEqual(['job', 'job']);
    expect(JSON.parse(events.at(-1)![2])).toEqual(await job(running, id));
    expect(events.filter(([, kind, data]) => kind === 'target' && data.includes('"m2"')).map(([, , data]) => (JSON.parse(data) as { state: string }).state)).toEqual(expect.arrayContaining(['running', 'verifying', 'verified']));
    expect((await running.api('/jobs/none/events')).status).toBe(404);
  });
});

describe('the audit log', () => {
  test.each([
    [{ 'x-grafana-user': 'anna' }, 'anna'], [{ 'x-grafana-context': JSON.stringify({ Login: 'ben' }) }, 'ben'], [{}, 'operate-token'],
    [{ 'x-grafana-user': ' ', 'x-grafana-context': 'not JSON' }, 'operate-token'], [{ 'x-grafana-user': 'anna', 'x-grafana-context': JSON.stringify({ Login: 'ben' }) }, 'anna'],
  ])('has who started, what was sent before its outcome, and what was before and after: %j is %s', async (headers, actor) => {
    const simulator = await simulated([spec('m1')]);
    const running = await ready(simulator);
    const reply = await act(running, { action: 'locate', miners: ['m1'], parameters: { on: true }, dryRun: false }, headers);
    await until('verified', async () => (await states(running, jobOf(reply).id))[0] === 'verified');
    const entries = auditOf(running).filter((entry) => entry.job === jobOf(reply).id);
    expect(entries.map((entry) => [entry.event, entry.actor, entry.token, entry.action])).toEqual(['started', 'sent', 'outcome'].map((event) => [event, actor, 'operate-token', 'locate']));
    expect(entries[1]).toMatchObject({ miner: 'm1', before: { locateOn: false }, after: { action: 'locate', on: true } });
    expect(entries[2]).toMatchObject({ miner: 'm1', outcome: 'verified', after: { locateOn: true } });
    expect((await running.api('/audit?miner=m1&limit=2')).body['entries']).toEqual([entries[2], entries[1]]);
  });

  test('of an exporter that died after sending tells at the next start that the outcome is unknown, once', async () => {
    const dataFolder = temporaryFolder();
    const log = openAuditLog(path.join(dataFolder, 'audit'));
    const about = { actor: 'anna', token: 't', action: 'reboot', job: 'j1' } as const;
    log.append({ ...about, event: 'sent', miner: 'm1' });
    log.append({ ...about, event: 'sent', miner: 'm2' });
    log.append({ ...about, event: 'outcome', miner: 'm2', outcome: 'verified' });
    log.close();
    const first = await run({}, { dataFolder });
    const told = auditOf(first).slice(3);
    expect(told).toEqual([expect.objectContaining({ event: 'outcome', outcome: 'indeterminate', job: 'j1', miner: 'm1', action: 'reboot', actor: 'anna' })]);
    expect(first.lines).toContainEqual(expect.objectContaining({ job: 'j1', miner: 'm1', msg: expect.stringContaining('its outcome is unknown') }));
    await first.stop();
    const second = await run({}, { dataFolder });
    expect(auditOf(second)).toHaveLength(4);
  });
});

/** Control with its parts in the hand of the test. */
async function handMade(simulator: Simulator, part: { audit?: Partial<AuditLog>; now?: () => number; control?: string } = {}) {
  const rails = part.control === undefined ? usual : usual.replace('cooldown_seconds: 0', part.control);
  const config = configOf(`miners: [{name: m1, address: "${simulator.miner('m1').address}"}]\ncontrol: {${rails}}`);
  const now = part.now ?? Date.now;
  const fleet = createFleet({
    config, memory: openMemory(undefined, silent), log: silent, now,
    driverFor: ({ address }) => vnishDriver({ address, password: 'admin', slowIntervalMs: 0, mismatch: () => undefined, now }),
  });
  const real = openAuditLog(path.join(temporaryFolder(), 'audit'));
  const control = createControl({ fleet, config: config.control, audit: { ...real, ...part.audit }, log: silent, now });
  whenDone(async () => {
    await control.close();
    await fleet.close();
  });
  await fleet.poll('m1', { deadlineMs: 5000 });
  return { control, fleet, real };
}
const caller = { actor: 'anna', token: 't' };
const cannot = (): never => {
  throw new Error('ENOSPC: no space left on device');
};

describe('control', () => {
  test('sends nothing when the audit log cannot be written', async () => {
    const simulator = await simulated([spec('m1')]);
    const { control } = await handMade(simulator, { audit: { append: cannot } });
    expect(() => control.start({ action: 'restart_mining', miners: ['m1'], parameters: {} }, caller, {})).toThrow('ENOSPC');
    expect(control.jobs()).toEqual([]);
    expect(control.activeJob('m1')).toBeUndefined();
    expect(commands(simulator.miner('m1'))).toEqual([]);
  });

  test('sends nothing when the disk fills between the start of the job and the command', async () => {
    const simulator = await simulated([spec('m1')]);
    const { control, real } = await handMade(simulator, { audit: { append: (record) => (record.event === 'sent' ? cannot() : real.append(record)) } });
    const { job: started } = control.start({ action: 'restart_mining', miners: ['m1'], parameters: {} }, caller, {});
    await until('over', () => started.state === 'finished');
    expect(started.targets[0]).toMatchObject({ state: 'failed', detail: expect.stringContaining('ENOSPC') });
    expect(commands(simulator.miner('m1'))).toEqual([]);
  });

  test('still refuses in so many words when even the refusal cannot be written down', async () => {
    const simulator = await simulated([spec('m1')]);
    const { control } = await handMade(simulator, { audit: { append: cannot } });
    expect(() => control.start({ action: 'reboot', miners: ['m1'], parameters: {} }, caller, {})).toThrow('needs a confirmation');
  });

  test('never calls a preset verified that the firmware accepted and then ignored', async () => {
    const simulator = await simulated([spec('m1', { firmware: '1.2.7' })]);
    let ahead = 0;
    const { control } = await handMade(simulator, { now: () => Date.now() + ahead });
    const { job: started } = control.start({ action: 'preset', miners: ['m1'], parameters: { preset: '4050', allowUntuned: true } }, caller, {});
    await until('read back', () => started.targets[0]?.detail === 'still on 3360');
    expect(started.targets[0]?.state).toBe('verifying');
    ahead = 241_000;
    await until('over', () => started.state === 'finished');
    expect(started.targets[0]).toMatchObject({ state: 'indeterminate', detail: 'not confirmed within 240 s; last seen: still on 3360' });
    expect(commands(simulator.miner('m1'))).toEqual(['/settings/backup', '/settings']);
  });

  test('calls a restart that never comes back to hashing indeterminate, and one that ends in failure failed', async () => {
    const simulator = await simulated([spec('m1')]);
    let ahead = 0;
    const { control } = await handMade(simulator, { now: () => Date.now() + ahead });
    const first = control.start({ action: 'restart_mining', miners: ['m1'], parameters: {} }, caller, {}).job;
    await until('seen', () => first.targets[0]?.detail === 'restarting');
    ahead = 421_000;
    await until('over', () => first.state === 'finished');
    expect(first.targets[0]).toMatchObject({ state: 'indeterminate', detail: 'not confirmed within 420 s; last seen: restarting' });
    await simulator.miner('m1').inject('psu_trouble');
    const second = control.start({ action: 'restart_mining', miners: ['m1'], parameters: {} }, caller, {}).job;
    await until('sent', () => commands(simulator.miner('m1')).length === 2);
    for (let step = 0; step < 20 && second.state === 'running'; step += 1) {
      simulator.clock.advance(60_000);
      await until('looked at', () => second.state === 'finished', 250).catch(() => undefined);
    }
    expect(second.targets[0]).toMatchObject({ state: 'failed', detail: expect.stringMatching(/^failure: /) });
  });

  test('does not take for sent what a broken login kept from going out: nothing is read back, and nothing counts for the cooldown', async () => {
    const simulator = await simulated([spec('m1')]);
    await simulator.miner('m1').inject('reset', { path: '/unlock' });
    const { control } = await handMade(simulator, { control: 'cooldown_seconds: 600' });
    const wish = { action: 'restart_mining', miners: ['m1'], parameters: {} } as const;
    const { job: started } = control.start(wish, caller, {});
    await until('over', () => started.state === 'finished');
    expect(started.targets[0]).toMatchObject({ state: 'failed', detail: expect.stringMatching(/^not sent: /) });
    expect(commands(simulator.miner('m1'))).toEqual([]);
    expect(control.plan(wish, caller).plan.skipped).toEqual([]);
    await simulator.miner('m1').repair();
    const { job: again } = control.start(wish, caller, {});
    await until('sent', () => commands(simulator.miner('m1')).length === 1);
    expect(again.targets[0]?.state).not.toBe('failed');
    expect(control.plan(wish, caller).plan.skipped).toHaveLength(1);
  });
});
