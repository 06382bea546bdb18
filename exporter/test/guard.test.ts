import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import type { Miner as SimulatedMiner } from '../../simulator/src/miner/miner.ts';
import type { Simulator } from '../../simulator/src/simulator.ts';
import { accountOf, hostFits, stratumPlace, workerFits } from '../src/control/allowed-pools.ts';
import { openAuditLog, type AuditEntry } from '../src/control/audit.ts';
import { createGuard } from '../src/control/guard.ts';
import { createControl } from '../src/control/jobs.ts';
import { createFleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { temporaryFolder } from './command.ts';
import { configOf, silent, until } from './fixtures.ts';
import { run, simulated, spec, whenDone, type Reply, type Running, type RunOptions } from './running.ts';

const usual = 'enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1, batch_pause_seconds: 0';
const commands = (miner: SimulatedMiner) => miner.requests.list({ method: 'POST' }).filter(({ path: where }) => !where.endsWith('/unlock')).map(({ path: where }) => where.replace('/api/v1', ''));
const auditOf = (running: Running) => readFileSync(running.auditFile, 'utf8').trim().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as AuditEntry);

/** Tokens whose secret is their name with "secret-" before it; miners whose name begins with b are at site b, all others at site a. */
async function guarded(simulator: Simulator, tokens: readonly string[], options: RunOptions = {}): Promise<Running> {
  const names = tokens.map((line) => /name: ([\w-]+)/.exec(line)?.[1] ?? '');
  const running = await run(simulator.miners.map(({ name, address }) => `{name: ${name}, address: "${address}", site: ${name.startsWith('b') ? 'b' : 'a'}}`), {
    control: `{${usual}}`, withoutTokens: true, ...options,
    sections: `sites: [{name: a}, {name: b}]\napi:\n  tokens:\n${tokens.map((line, index) => `    - {${line}, token_env: T${index}}`).join('\n')}\n${options.sections ?? ''}`,
    environment: Object.fromEntries(names.map((name, index) => [`T${index}`, `secret-${name}`])),
  });
  await until('all are read', () => [...running.service.fleet.all()].every(({ lastSuccessAt, presets }) => lastSuccessAt !== undefined && presets !== undefined));
  return running;
}

const by = (name: string) => ({ token: `secret-${name}` });
const act = async (running: Running, name: string, json: Record<string, unknown>) => running.api('/actions', { ...by(name), json });
interface PlanBody { targets: { miner: string }[]; skipped: { miner: string; reason: string }[]; stepUp?: { typed: string }; confirmation: { required: boolean; token?: string } }
const planOf = (reply: Reply) => reply.body['plan'] as PlanBody;

describe('a token', () => {
  test('does only the actions that it names; the refusal says what is allowed, and is on the audit log', async () => {
    const simulator = await simulated([spec('a1')]);
    const running = await guarded(simulator, ['name: light, scope: operate, actions: [locate, pause]', 'name: all, scope: operate']);
    expect((await act(running, 'light', { action: 'locate', miners: ['a1'] })).status).toBe(200);
    for (const dryRun of [true, false]) {
      const refused = await act(running, 'light', { action: 'restart_mining', miners: ['a1'], dryRun });
      expect([refused.status, refused.body['detail'], refused.body['allowed']]).toEqual([403, 'The token "light" may not restart_mining (api.tokens: actions).', 'pause, locate']);
    }
    expect(auditOf(running)).toEqual(expect.arrayContaining([expect.objectContaining({ event: 'refused', token: 'light', action: 'restart_mining' })]));
    expect(await running.value('hashfleet_actions_total', { action: 'restart_mining', outcome: 'refused' })).toBe(2);
    expect((await act(running, 'all', { action: 'restart_mining', miners: ['a1'] })).status).toBe(200);
    expect(commands(simulator.miner('a1'))).toEqual([]);
  });

  test('reaches only its sites and miners: others are left out with the reason, and an order for others alone is refused', async () => {
    const simulator = await simulated([spec('a1'), spec('a2'), spec('b1'), spec('b2')]);
    const running = await guarded(simulator, ['name: barn, scope: operate, sites: [b], miners: [a2]']);
    const plan = planOf(await act(running, 'barn', { action: 'locate', miners: ['a1', 'a2', 'b1'] }));
    expect(plan.targets.map(({ miner }) => miner)).toEqual(['a2', 'b1']);
    expect(plan.skipped).toEqual([{ miner: 'a1', reason: 'not for the token "barn" (api.tokens: sites, miners)' }]);
    const refused = await act(running, 'barn', { action: 'locate', miners: ['a1'], dryRun: false });
    expect([refused.status, refused.body['code']]).toEqual([403, 'forbidden']);
    expect(simulator.miners.flatMap((miner) => commands(miner))).toEqual([]);
  });

  test('cannot cancel a job on miners that are not its own, nor one of an action that it does not have', async () => {
    const simulator = await simulated([spec('a1'), spec('b1')]);
    const running = await guarded(simulator, ['name: barn, scope: operate, sites: [b]', 'name: light, scope: operate, actions: [locate]', 'name: all, scope: operate'], { control: '{enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1, batch_size: 1, batch_pause_seconds: 60}' });
    const { confirmation } = planOf(await act(running, 'all', { action: 'pause', miners: ['b1', 'a1'] }));
    const started = await act(running, 'all', { action: 'pause', miners: ['b1', 'a1'], dryRun: false, confirmationToken: confirmation.token });
    const { id } = started.body['job'] as { id: string };
    const cancel = async (name: string) => running.api(`/jobs/${id}/cancel`, { ...by(name), json: {} });
    expect([(await cancel('barn')).status, (await cancel('barn')).body['detail']]).toEqual([403, 'The job acts on a1 too, which is not for the token "barn" (api.tokens: sites, miners).']);
    expect((await cancel('light')).status).toBe(403);
    expect((await running.api(`/jobs/${id}`, by('all'))).body['state']).toBe('running');
    expect((await cancel('all')).body['state']).toBe('cancelled');
  });

  test('states intents, changes the inventory and pushes readings only where it reaches', async () => {
    const simulator = await simulated([spec('a1'), spec('b1')]);
    const running = await guarded(simulator, ['name: barn, scope: admin, sites: [b]', 'name: light, scope: operate, actions: [locate]', 'name: agent, scope: push, sites: [b]']);
    const intent = async (miner: string, name: string) => (await running.api(`/rigs/${miner}/intent`, { ...by(name), method: 'PUT', json: { intent: 'maintenance' } })).status;
    expect([await intent('a1', 'barn'), await intent('b1', 'barn'), await intent('b1', 'light')]).toEqual([403, 200, 403]);
    const add = async (name: string, site: string) => (await running.api('/rigs', { ...by('barn'), json: { name, address: `127.0.0.1:${name === 'x1' ? 9 : 10}`, site } })).status;
    expect([await add('x1', 'a'), await add('x1', 'b')]).toEqual([403, 200]);
    // An entry is not moved out of reach either.
    const moved = await running.api('/rigs/x1', { ...by('barn'), method: 'PUT', json: { name: 'x1', address: '127.0.0.1:9', site: 'a' } });
    expect([moved.status, moved.body['detail']]).toEqual([403, 'The token "barn" is not for x1 (api.tokens: sites, miners).']);
    expect((await running.api('/rigs/a1/mac', { ...by('barn'), method: 'DELETE' })).status).toBe(403);
    expect((await running.api('/rigs/x1', { ...by('barn'), method: 'DELETE' })).status).toBe(200);
    const pushed = await running.api('/telemetry', { ...by('agent'), json: { readings: [{ miner: 'a1', at: new Date().toISOString(), state: 'mining' }] } });
    expect(pushed.body['refused']).toEqual([expect.objectContaining({ detail: 'not for the token "agent" (api.tokens: sites, miners)' })]);
  });

  test('is told what it may do', async () => {
    const simulator = await simulated([spec('a1'), spec('b1')]);
    const running = await guarded(simulator, ['name: barn, scope: operate, sites: [b], actions: [locate, reboot, intent]', 'name: look, scope: read', 'name: boss, scope: admin'], { control: `{${usual}, step_up_actions: [reboot]}` });
    const may = async (name: string) => (await running.api('/health', by(name))).body['may'];
    expect(await may('barn')).toEqual({ actions: ['locate'], deeds: ['intent'], sites: ['b'], stepUp: [] });
    expect(await may('look')).toEqual({ actions: [], deeds: [], stepUp: [] });
    expect(await may('boss')).toEqual({ actions: expect.arrayContaining(['reboot', 'locate', 'preset']), deeds: ['intent', 'inventory', 'approve', 'accept_drift', 'schedules'], stepUp: expect.arrayContaining(['reboot']) });
  });

  test.each([
    ['api: {tokens: [{name: t, scope: operate, token_env: T, actions: [rebot]}]}', /^api\.tokens\[0\]\.actions\[0\]: must be one of restart_mining, .*, schedules, but it is "rebot"$/],
    ['api: {tokens: [{name: t, scope: operate, token_env: T}, {name: t, scope: admin, token_env: U}]}', /^api\.tokens\[1\]\.name: "t" is already used by api\.tokens\[0\]; each name must be unique$/],
    ['control: {step_up_actions: [locate, boot]}', /^control\.step_up_actions\[1\]: must be one of .*, but it is "boot"$/],
    ['control: {four_eyes: {actions: [boot]}}', /^control\.four_eyes\.actions\[0\]: must be one of/],
  ])('with a name that nobody knows is refused at the start: %s', (text, message) => {
    expect(() => createGuard(configOf(`miners: []\n${text}`))).toThrow(expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(message) }));
  });
});

describe('step-up', () => {
  const control = `{${usual}, step_up_actions: [reboot]}`;
  const tokens = ['name: boss, scope: admin', 'name: hand, scope: operate'];

  test('wants the name of one miner typed, by an admin, exactly; a wrong text leaves the confirmation good', async () => {
    const simulator = await simulated([spec('a1')]);
    const running = await guarded(simulator, tokens, { control });
    const order = { action: 'reboot', miners: ['a1'] };
    const plan = planOf(await act(running, 'boss', order));
    expect([plan.stepUp, plan.confirmation.required]).toEqual([{ typed: 'a1' }, true]);
    const confirmed = { ...order, dryRun: false, confirmationToken: plan.confirmation.token };
    for (const typed of [undefined, 'A1', 'a1 ', 'reboot 1']) {
      const refused = await act(running, 'boss', { ...confirmed, ...(typed === undefined ? {} : { typed }) });
      expect([refused.status, refused.body['code'], refused.body['allowed']]).toEqual([409, 'step_up_needed', 'a1']);
    }
    const other = planOf(await act(running, 'hand', order));
    const low = await act(running, 'hand', { ...order, dryRun: false, confirmationToken: other.confirmation.token, typed: 'a1' });
    expect([low.status, low.body['detail']]).toEqual([403, 'The token "hand" has the scope "operate"; "reboot" needs "admin".']);
    expect(commands(simulator.miner('a1'))).toEqual([]);
    expect((await act(running, 'boss', { ...confirmed, typed: 'a1' })).status).toBe(202);
    await until('sent', () => commands(simulator.miner('a1')).includes('/system/reboot'));
    const log = auditOf(running);
    expect(log.filter(({ event }) => event === 'refused')).toHaveLength(5);
    expect(log.find(({ event }) => event === 'started')?.after).toMatchObject({ typed: 'a1' });
  });

  test('wants action and number typed for several, of those that are left', async () => {
    const simulator = await simulated([spec('a1'), spec('a2')]);
    const running = await guarded(simulator, tokens, { control });
    const order = { action: 'reboot', miners: ['a1', 'a2', 'nobody'] };
    const plan = planOf(await act(running, 'boss', order));
    expect(plan.stepUp).toEqual({ typed: 'reboot 2' });
    expect((await act(running, 'boss', { ...order, dryRun: false, confirmationToken: plan.confirmation.token, typed: 'reboot 3' })).status).toBe(409);
    expect((await act(running, 'boss', { ...order, dryRun: false, confirmationToken: plan.confirmation.token, typed: 'reboot 2' })).status).toBe(202);
  });
});

describe('pools that may be set', () => {
  test('are told by host and port alone; anything a firmware could read otherwise is no address', () => {
    expect(stratumPlace('stratum+tcp://LTC.viabtc.io:3333')).toEqual({ host: 'ltc.viabtc.io', port: '3333' });
    expect(stratumPlace('ltc.viabtc.io')).toEqual({ host: 'ltc.viabtc.io' });
    expect(stratumPlace('stratum+tcp://[2001:db8::1]:3333')).toEqual({ host: '[2001:db8::1]', port: '3333' });
    for (const url of ['', 'stratum+tcp://a.example:3333@evil.example', 'a.example:3333/#@evil.example', 'a.example evil.example', 'a.example:99999', 'a.example\\evil.example', 'a.example.', 'a.example:3333?x']) expect([url, stratumPlace(url)]).toEqual([url, undefined]);
  });

  test('are hosts, subdomains only where the pattern says so, and ports where it names one', () => {
    const fits = (url: string, pattern: string, subdomains = false) => hostFits(stratumPlace(url)!, { pattern, subdomains });
    expect([fits('a.example:1', 'a.example'), fits('x.a.example', 'a.example'), fits('x.a.example', 'a.example', true), fits('xa.example', 'a.example', true)]).toEqual([true, false, true, false]);
    expect([fits('x.a.example', '*.a.example'), fits('x.y.a.example', '*.a.example'), fits('a.example', '*.a.example'), fits('xa.example', '*.a.example')]).toEqual([true, true, false, false]);
    expect([fits('a.example:1', 'a.example:1'), fits('a.example:2', 'a.example:1'), fits('a.example', 'a.example:1')]).toEqual([true, false, false]);
  });

  test('have workers that fit a pattern whole', () => {
    expect([workerFits('acct.m1', 'acct.*'), workerFits('acct.m1', 'acct.m1'), workerFits('acctxm1', 'acct.m1'), workerFits('thief.acct.m1', 'acct.*'), workerFits('acct.', 'acct.*')]).toEqual([true, true, false, false, true]);
    expect([accountOf('acct.m1.x'), accountOf('acct')]).toEqual(['acct', 'acct']);
  });

  async function controlOf(text: string) {
    const simulator = await simulated([spec('m1', { pools: [{ url: 'ltc.viabtc.io:3333', user: 'acct.m1', pass: 'x' }] }), spec('m2', { pools: [{ url: 'ltc.viabtc.io:3333', user: 'other.m2', pass: 'x' }] })]);
    const config = configOf(`miners: [${simulator.miners.map(({ name, address }) => `{name: ${name}, address: "${address}"}`).join(', ')}]\n${text}`);
    const fleet = createFleet({ config, memory: openMemory(undefined, silent), driverFor: (miner) => vnishDriver({ address: miner.address, password: 'admin', slowIntervalMs: 0, mismatch: () => undefined }), log: silent });
    whenDone(async () => fleet.close());
    const audit = openAuditLog(temporaryFolder());
    for (const name of fleet.names) await fleet.poll(name, { deadlineMs: 5000 });
    const control = createControl({ fleet, config: config.control, audit, log: silent, guard: createGuard(config) });
    whenDone(async () => control.close());
    // What a plan with pools meets, before there is an action that sets them: the guard looks at them whatever the action.
    return { audit, ask: (pools: { url: string; worker: string }[], miners = ['m1']) => control.plan({ action: 'locate', miners, parameters: { on: true, pools } }, { actor: 'ann', token: 'none' }).plan };
  }
  const problem = (asked: () => unknown): unknown => {
    try {
      asked();
    } catch (thrown) {
      const { code, message, details } = thrown as { code: string; message: string; details: object };
      return { code, message, ...details };
    }
    return 'planned';
  };

  test('are those of fleet.yaml when nothing is said, with workers of the accounts that the miner works for', async () => {
    const { ask, audit } = await controlOf('pools: [{name: v, type: viabtc, api_key_env: K}]\ncontrol: {enabled: true}');
    expect(ask([{ url: 'stratum+tcp://ltc.viabtc.com:3333', worker: 'acct.{miner}' }]).targets).toHaveLength(1);
    expect(problem(() => ask([{ url: 'ltc.viabtc.io:3333', worker: 'acct.m1' }, { url: 'stratum+tcp://evil.example:3333', worker: 'acct.m1' }]))).toEqual({
      code: 'not_allowed', message: 'parameters.pools[1].url: evil.example:3333 is not a pool that may be set (control.allow_pool_urls).', field: 'parameters.pools[1].url', given: 'evil.example:3333',
      allowed: expect.stringContaining('viabtc.io, *.viabtc.io'),
    });
    expect(problem(() => ask([{ url: 'ltc.viabtc.io:3333', worker: 'thief.{miner}' }]))).toMatchObject({ code: 'not_allowed', field: 'parameters.pools[0].worker', given: 'thief.m1', allowed: 'workers of acct, or a pattern in control.allow_pool_workers' });
    // The other miner's account is not this one's.
    expect(problem(() => ask([{ url: 'ltc.viabtc.io:3333', worker: 'other.{miner}' }]))).toMatchObject({ code: 'not_allowed', given: 'other.m1' });
    expect(problem(() => ask([{ url: 'stratum+tcp://user:hunter2@ltc.viabtc.io', worker: 'acct.m1' }]))).toMatchObject({ code: 'not_allowed', message: expect.not.stringContaining('hunter2') });
    expect(audit.latest({ limit: 10 }).map(({ event }) => event)).toEqual(['refused', 'refused', 'refused', 'refused']);
  });

  test('are none where fleet.yaml has no pool, and what control names where it names some', async () => {
    expect(problem(() => undefined)).toBe('planned');
    const none = await controlOf('control: {enabled: true}');
    expect(problem(() => none.ask([{ url: 'ltc.viabtc.io:3333', worker: 'acct.m1' }]))).toMatchObject({ code: 'not_allowed', allowed: expect.stringMatching(/^none/) });
    const some = await controlOf('pools: [{name: v, type: viabtc, api_key_env: K}]\ncontrol: {enabled: true, allow_pool_urls: ["*.example:3333"], allow_pool_workers: ["acct.{miner}", "spare.*"]}');
    expect(some.ask([{ url: 'eu.example:3333', worker: 'acct.{miner}' }, { url: 'eu.example:3333', worker: 'spare.7' }]).targets).toHaveLength(1);
    expect(problem(() => some.ask([{ url: 'ltc.viabtc.io:3333', worker: 'acct.m1' }]))).toMatchObject({ code: 'not_allowed' });
    expect(problem(() => some.ask([{ url: 'eu.example:3333', worker: 'acct.m2' }]))).toMatchObject({ code: 'not_allowed', allowed: 'acct.m1, spare.*' });
  });
});
