import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Miner as SimulatedMiner } from '../../simulator/src/miner/miner.ts';
import type { Simulator } from '../../simulator/src/simulator.ts';
import { openApprovals } from '../src/control/approvals.ts';
import type { AuditEntry } from '../src/control/audit.ts';
import { temporaryFolder } from './command.ts';
import { recordingLog, until } from './fixtures.ts';
import { run, simulated, spec, type Reply, type Running } from './running.ts';

const commands = (miner: SimulatedMiner) => miner.requests.list({ method: 'POST' }).filter(({ path: where }) => !where.endsWith('/unlock')).map(({ path: where }) => where.replace('/api/v1', ''));
const eventsOf = (running: Running) => readFileSync(running.auditFile, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as AuditEntry).filter(({ event }) => event !== 'sent' && event !== 'outcome').map(({ event, actor }) => `${event} ${actor}`);

interface Approval { id: string; state: string; fingerprint: string; confirmed: boolean; job?: string; answeredBy?: string; plan: { targets: { miner: string }[] } }
const approvalOf = (reply: Reply) => reply.body['approval'] as Approval;

const tokens = `api: {tokens: [{name: day, scope: operate, token_env: DAY}, {name: night, scope: operate, token_env: NIGHT}, {name: light, scope: admin, token_env: LIGHT, actions: [locate, approve]}, {name: other, scope: operate, token_env: OTHER, miners: []}]}`;
const environment = { DAY: 'secret-day', NIGHT: 'secret-night', LIGHT: 'secret-light', OTHER: 'secret-other' };
const person = (token: string, name: string) => ({ token: `secret-${token}`, headers: { 'x-grafana-user': name } });
const ann = person('day', 'ann');
const bob = person('night', 'bob');

async function begun(simulator: Simulator, { eyes = '{actions: [restart_mining], above: 2}', dataFolder }: { eyes?: string; dataFolder?: string } = {}): Promise<Running> {
  const running = await run(Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address])), {
    withoutTokens: true, sections: tokens, environment, ...(dataFolder === undefined ? {} : { dataFolder }),
    control: `{enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1, batch_pause_seconds: 0, four_eyes: ${eyes}}`,
  });
  await until('all are read', () => [...running.service.fleet.all()].every(({ lastSuccessAt, presets }) => lastSuccessAt !== undefined && presets !== undefined));
  return running;
}

async function asked(running: Running, order: Record<string, unknown>, who = ann): Promise<Reply> {
  const plan = (await running.api('/actions', { ...who, json: order })).body['plan'] as { confirmation: { token?: string } };
  return running.api('/actions', { ...who, json: { ...order, dryRun: false, ...(plan.confirmation.token === undefined ? {} : { confirmationToken: plan.confirmation.token }) } });
}

const restart = { action: 'restart_mining', miners: ['m1'] };
const answer = async (running: Running, { id, fingerprint }: Approval, who: typeof ann, what = 'approve') => running.api(`/approvals/${id}/${what}`, { ...who, json: what === 'reject' ? {} : { fingerprint } });
const listed = async (running: Running) => (await running.api('/approvals', ann)).body['approvals'] as Approval[];

describe('an action that needs a second person', () => {
  test('waits, and starts when another person with another token agrees', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await begun(simulator);
    const reply = await asked(running, restart);
    const approval = approvalOf(reply);
    expect([reply.status, reply.body['job'], approval.state]).toEqual([202, undefined, 'awaiting_approval']);
    expect((await running.api('/jobs', ann)).body['jobs']).toEqual([]);
    expect(commands(simulator.miner('m1'))).toEqual([]);

    for (const [who, why] of [
      [ann, 'ann asked for it'], [person('night', 'ANN '), 'ann asked for it'], [person('day', 'bob'), 'same token, "day"'],
      [person('light', 'bob'), 'may not approve "restart_mining"'], [person('other', 'bob'), 'm1 is not for the token "other"'],
    ] as const) {
      const refused = await answer(running, approval, who);
      expect([refused.status, refused.body['detail']]).toEqual([403, expect.stringContaining(why)]);
    }
    expect(commands(simulator.miner('m1'))).toEqual([]);

    const agreed = await answer(running, approval, bob);
    expect([agreed.status, agreed.body['state'], agreed.body['answeredBy']]).toEqual([200, 'approved', 'bob']);
    await until('sent', () => commands(simulator.miner('m1')).length === 1);
    const [job] = (await running.api('/jobs', ann)).body['jobs'] as { id: string; actor: string }[];
    expect(job).toMatchObject({ id: agreed.body['job'], actor: 'ann' });
    const again = await answer(running, approval, bob);
    expect([again.status, again.body['code']]).toEqual([409, 'conflict']);
    expect(commands(simulator.miner('m1'))).toEqual(['/mining/restart']);
    expect(eventsOf(running)).toEqual(['requested ann', 'refused ann', 'refused ANN', 'refused bob', 'refused bob', 'refused bob', 'approved bob', 'started ann']);
  });

  test('is one of more miners than are allowed alone, and no other', async () => {
    const simulator = await simulated([spec('m1'), spec('m2'), spec('m3')]);
    const running = await begun(simulator);
    expect(approvalOf(await asked(running, { action: 'locate', miners: ['m1', 'm2'] }))).toBeUndefined();
    await until('idle', async () => ((await running.api('/jobs', ann)).body['jobs'] as { state: string }[]).every(({ state }) => state === 'finished'));
    const pause = { action: 'pause', miners: ['m1', 'm2', 'm3'] };
    const plan = await running.api('/actions', { ...ann, json: pause });
    expect(approvalOf(await asked(running, pause)).state).toBe('awaiting_approval');
    expect((plan.body['plan'] as { fourEyes: string }).fourEyes).toBe('more than 2 miners at once need the approval of a second person (control.four_eyes.above)');
  });

  test('starts once for one idempotency key, before and after it was approved', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await begun(simulator);
    const order = { ...restart, idempotencyKey: 'double-click' };
    const approval = approvalOf(await asked(running, order));
    expect(approvalOf(await running.api('/actions', { ...ann, json: { ...order, dryRun: false } })).id).toBe(approval.id);
    expect(await listed(running)).toHaveLength(1);
    const { body } = await answer(running, approval, bob);
    expect((await running.api('/actions', { ...ann, json: { ...order, dryRun: false } })).body['job']).toMatchObject({ id: body['job'] });
    expect((await running.api('/jobs', ann)).body['jobs']).toHaveLength(1);
  });

  test('is confirmed anew by who asked when the plan has changed, then approved as it is', async () => {
    const simulator = await simulated([spec('m1'), spec('m2')]);
    const running = await begun(simulator);
    const approval = approvalOf(await asked(running, { action: 'restart_mining', miners: ['m1', 'm2'] }));
    await simulator.miner('m2').inject('unplugged');
    await until('m2 is gone', () => running.service.fleet.get('m2')?.failure !== undefined && !running.service.fleet.isFresh(running.service.fleet.get('m2')!));
    const first = await answer(running, approval, bob);
    expect([first.status, first.body['code'], first.body['detail']]).toEqual([409, 'confirmation_invalid', expect.stringContaining('ann has to confirm it anew')]);
    const [changed] = await listed(running) as [Approval];
    expect([changed.confirmed, changed.plan.targets.map(({ miner }) => miner)]).toEqual([false, ['m1']]);
    expect((await answer(running, changed, bob)).body['code']).toBe('confirmation_needed');
    expect((await answer(running, changed, bob, 'confirm')).status).toBe(403);
    expect((await answer(running, approval, ann, 'confirm')).body['code']).toBe('confirmation_invalid');
    expect((await answer(running, changed, ann, 'confirm')).body['confirmed']).toBe(true);
    expect((await answer(running, approval, bob)).body['code']).toBe('confirmation_invalid');
    expect((await answer(running, changed, bob)).status).toBe(200);
    await until('sent', () => commands(simulator.miner('m1')).length === 1);
  });

  test('is rejected by another, withdrawn by who asked, and ends by itself', async () => {
    const simulator = await simulated([spec('m1')]);
    const running = await begun(simulator, { eyes: '{actions: [restart_mining], expires_seconds: 2}' });
    const first = approvalOf(await asked(running, restart));
    expect((await answer(running, first, person('other', 'eve'), 'reject')).status).toBe(403);
    expect((await answer(running, first, bob, 'reject')).body['state']).toBe('rejected');
    expect((await answer(running, approvalOf(await asked(running, restart)), ann, 'reject')).body['state']).toBe('rejected');
    const last = approvalOf(await asked(running, restart));
    await until('expired', async () => (await listed(running))[0]?.state === 'expired');
    expect((await answer(running, last, bob)).status).toBe(409);
    expect(commands(simulator.miner('m1'))).toEqual([]);
    expect(eventsOf(running)).toEqual(['requested ann', 'refused eve', 'rejected bob', 'requested ann', 'rejected ann', 'requested ann', 'expired ann']);
  });

  test('outlives the exporter; with same_token two names are enough', async () => {
    const simulator = await simulated([spec('m1')]);
    const dataFolder = temporaryFolder();
    const eyes = '{actions: [restart_mining], same_token: true}';
    const before = await begun(simulator, { dataFolder, eyes });
    const { id } = approvalOf(await asked(before, restart));
    await before.stop();
    const after = await begun(simulator, { dataFolder, eyes });
    const [approval] = await listed(after) as [Approval];
    expect([approval.id, approval.state]).toEqual([id, 'awaiting_approval']);
    expect((await answer(after, approval, person('day', 'bob'))).body['state']).toBe('approved');
    await until('sent', () => commands(simulator.miner('m1')).length === 1);
    expect((await listed(after))[0]).toMatchObject({ id, state: 'approved', job: expect.anything() });
  });
});

test('a damaged file of approvals is set aside, and said', () => {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'approvals.json'), '{"version": 1, "approvals": [{"id": 7}]}');
  const { log, lines } = recordingLog();
  expect(openApprovals(folder, log).all()).toEqual([]);
  expect(existsSync(path.join(folder, 'approvals.json.damaged'))).toBe(true);
  expect(lines).toEqual([expect.objectContaining({ msg: expect.stringContaining('set aside') })]);
});
