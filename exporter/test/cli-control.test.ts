import { describe, expect, jest, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Simulator } from '../../simulator/src/simulator.ts';
import { hashfleet, temporaryFolder, type Ended } from './command.ts';
import { until } from './fixtures.ts';
import { run, simulated, spec, tokens, type Running } from './running.ts';

// Each command is a process of its own.
jest.setTimeout(90_000);

const control = '{enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1, batch_pause_seconds: 0}';

async function ready(simulator: Simulator, options: Parameters<typeof run>[1] = {}): Promise<{ running: Running; cli: (...args: string[]) => Promise<Ended>; as: (token: string) => (...args: string[]) => Promise<Ended> }> {
  const running = await run(Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address])), { control, ...options });
  await until('all are read', () => [...running.service.fleet.all()].every(({ lastSuccessAt, failure }) => lastSuccessAt !== undefined || failure !== undefined));
  const as = (token: string) => async (...args: string[]) => hashfleet(args, { environment: { HASHFLEET_API_TOKEN: token, HASHFLEET_API: `http://127.0.0.1:${running.service.apiPort}` }, ms: 30_000 });
  return { running, as, cli: as(tokens.operate) };
}

const commands = (simulator: Simulator, name: string) => simulator.miner(name).requests.list({ method: 'POST' }).filter(({ path: where }) => !where.endsWith('/unlock')).map(({ path: where }) => where.replace('/api/v1', ''));

describe('hashfleet fleet status', () => {
  test('has a line for each miner, who needs a person first, and sums; --check tells by its exit code', async () => {
    const simulator = await simulated([spec('m1'), spec('m2', { begin: 'stopped' }), spec('m10')]);
    const { running, cli } = await ready(simulator);
    const { code, out } = await cli('fleet', 'status');
    const lines = out.trim().split('\n');
    expect(code).toBe(0);
    expect(lines[0]).toMatch(/^MINER +MODEL +STATE +PRESET +GH\/s +W +J\/MH +CHIP C +NEEDS$/);
    expect(lines.slice(1, 4).map((line) => line.split(/ {2,}/)[0])).toEqual(['m2', 'm1', 'm10']);
    expect(lines[1]).toMatch(/L9 +stopped .* stopped, and nobody here wanted it$/);
    expect(lines.at(-1)).toMatch(/^3 miners, 2 mining, 1 need a person, [\d.]+ GH\/s, [\d.]+ kW$/);
    expect((await cli('fleet', 'status', '--check')).code).toBe(3);
    expect(await cli('fleet', 'status', '--check', '--state', 'mining')).toMatchObject({ code: 0, out: expect.stringContaining('2 miners, 2 mining, 0 need a person') });
    expect((JSON.parse((await cli('fleet', 'status', '--attention', '--json')).out) as { rigs: { name: string }[] }).rigs.map(({ name }) => name)).toEqual(['m2']);
    expect((await cli('fleet', 'status', '--site', 'elsewhere')).out).toBe('No miner fits.\n');
    await running.api('/rigs/m2/intent', { method: 'PUT', json: { intent: 'stopped' } });
    expect(await cli('fleet', 'status', '--check')).toMatchObject({ code: 0, out: expect.stringMatching(/wanted: stopped/) });
  });
});

describe('hashfleet act', () => {
  test('shows the plan and does nothing where nobody confirms; --yes does it, and tells what came of each', async () => {
    const simulator = await simulated([spec('m1'), spec('m2'), spec('m3', { begin: 'stopped' })], { speed: 20 });
    const { cli, as } = await ready(simulator);
    const planned = await cli('act', 'pause', '--miner', 'm1,m2', '--miner', 'm3');
    expect(planned).toMatchObject({ code: 5, err: 'There is nobody to ask; say --yes to do it.\n' });
    expect(planned.out).toMatch(/^plan: pause for 2 miners.*GH\/s.*\nMINER +WHAT CHANGES\nm1 +mining: mining -> stopped\nm2 +mining: mining -> stopped\n\nLEFT OUT +BECAUSE\nm3 +already stopped\n/);
    expect(['m1', 'm2', 'm3'].flatMap((name) => commands(simulator, name))).toEqual([]);

    const done = await cli('act', 'pause', '--where', 'name in ["m1", "m2"]', '--yes');
    expect([done.code, done.out]).toEqual([0, expect.stringMatching(/\nm1 +verified +stopped\nm2 +verified +stopped\n\n2 verified\n$/)]);
    expect(['m1', 'm2', 'm3'].map((name) => commands(simulator, name).length)).toEqual([1, 1, 0]);
    expect(done.err).toContain('m1: verified, stopped\n');

    const listed = await as(tokens.read)('jobs');
    expect(listed.out).toMatch(/^JOB +BEGUN +ACTION +BY +STATE +MINERS\n\S+ +\S+Z +pause +operate-token +finished +2 verified\n$/);
    const id = listed.out.split('\n')[1]!.split(' ')[0]!;
    expect((await as(tokens.read)('jobs', 'show', id)).out).toContain(`job ${id}: pause by operate-token, finished`);
    expect(JSON.parse((await as(tokens.read)('jobs', 'watch', id, '--json')).out)).toMatchObject({ id, state: 'finished' });
    expect((await as(tokens.read)('audit', 'list', '--limit', '1')).out).toMatch(/^AT +WHO +EVENT +ACTION +MINER +OUTCOME +DETAIL\n\S+Z +operate-token +outcome +pause +m[12] +verified +stopped\n$/);
    expect(await as(tokens.read)('jobs', 'show', 'nothing')).toMatchObject({ code: 1, err: 'The exporter refuses: There is no job "nothing"; older jobs are in the audit log.\n' });
  });

  test('--json is for programs; a miner that is out of reach is left out, and with nobody left nothing is done', async () => {
    const simulator = await simulated([spec('m1')]);
    const { cli } = await ready(simulator);
    const on = await cli('act', 'locate', '--miner', 'm1', '--with', 'on=true', '--yes', '--json', '--idempotency-key', 'key-of-mine');
    expect([on.code, JSON.parse(on.out)]).toEqual([0, expect.objectContaining({ action: 'locate', state: 'finished', targets: [expect.objectContaining({ miner: 'm1', state: 'verified' })] })]);
    await simulator.miner('m1').inject('unplugged');
    await until('it is seen to be gone', async () => (await cli('fleet', 'status', '--json', '--state', 'unreachable')).out.includes('m1'), 20_000);
    expect(await cli('act', 'pause', '--miner', 'm1', '--yes')).toMatchObject({ code: 4, out: expect.stringMatching(/m1 +cannot be reached/), err: 'Nothing to do: no miner is left.\n' });
  });

  test('says before it asks the exporter what is wrong with the order, and after it what the exporter refuses', async () => {
    const simulator = await simulated([spec('m1')]);
    const { as, cli, running } = await ready(simulator);
    const cases: [() => Promise<Ended>, unknown][] = [
      [async () => cli('act', 'pause'), { code: 2, err: expect.stringMatching(/^Say which miners: --miner/) }],
      [async () => cli('act', 'explode', '--miner', 'm1'), { code: 2, err: expect.stringContaining('Allowed choices are restart_mining') }],
      [async () => cli('act', 'locate', '--miner', 'm1', '--with', 'on=perhaps'), { code: 2, err: expect.stringContaining('on takes no "perhaps". With "locate": light on or off') }],
      [async () => cli('act', 'locate', '--miner', 'm1', '--with', 'colour=red'), { code: 2, err: expect.stringMatching(/give NAME=VALUE with a name of .*preset/) }],
      [async () => cli('act', 'preset', '--miner', 'm1'), { code: 2, err: expect.stringContaining('needs parameters.preset') }],
      [async () => cli('act', 'pause', '--where', 'temp > 3'), { code: 2, err: expect.stringContaining('"temp" is not known') }],
      [async () => as(tokens.read)('act', 'pause', '--miner', 'm1', '--yes'), { code: 4, err: expect.stringContaining('has the scope "read"') }],
      [async () => as('no-such-token')('fleet', 'status'), { code: 4, err: expect.stringContaining('Authorization: Bearer') }],
    ];
    await Promise.all(cases.map(async ([ask, answer]) => expect(await ask()).toMatchObject(answer as Ended)));
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'token'), `${tokens.read}\n`);
    expect((await hashfleet(['fleet', 'status', '--api', `http://127.0.0.1:${running.service.apiPort}/`, '--token-file', path.join(folder, 'token')])).code).toBe(0);
    expect(await hashfleet(['fleet', 'status'])).toMatchObject({ code: 2, err: expect.stringContaining('--token-file') });
    expect(await hashfleet(['fleet', 'status', '--api', 'http://127.0.0.1:9'], { environment: { HASHFLEET_API_TOKEN: 'x' } })).toMatchObject({ code: 1, err: expect.stringMatching(/does not answer: .*Is it running/) });
  });
});

describe('hashfleet approvals', () => {
  test('an action that needs a second person waits; another one sees its plan, approves it and follows the job', async () => {
    const simulator = await simulated([spec('m1')], { speed: 20 });
    const { as } = await ready(simulator, { control: control.replace('{', '{four_eyes: {actions: [pause]}, ') });
    const asked = await as(tokens.operate)('act', 'pause', '--miner', 'm1', '--yes');
    expect(asked).toMatchObject({ code: 5, out: expect.stringMatching(/will wait: "pause" needs the approval of a second person[^]*approval (\w+): /) });
    const id = /approval (\w+):/.exec(asked.out)![1]!;
    expect((await as(tokens.read)('approvals')).out).toMatch(new RegExp(`^APPROVAL +ASKED +BY +ACTION +MINERS +STATE\\n${id} +\\S+Z +operate-token +pause +1 +awaiting approval\\n$`));
    expect(await as(tokens.operate)('approvals', 'approve', id, '--yes')).toMatchObject({ code: 4, err: expect.stringContaining('operate-token asked for it') });
    expect(await as(tokens.admin)('approvals', 'approve', id)).toMatchObject({ code: 5, out: expect.stringMatching(/operate-token asks for this.*\nplan: pause for 1 miner[^]*Nothing was done/), err: expect.stringContaining('nobody to ask') });
    expect(commands(simulator, 'm1')).toEqual([]);
    const approved = await as(tokens.admin)('approvals', 'approve', id, '--yes');
    expect(approved).toMatchObject({ code: 0, out: expect.stringMatching(/approval \w+: approved; "hashfleet jobs watch \w+"/) });
    expect((await as(tokens.read)('jobs', 'watch', /watch (\w+)"/.exec(approved.out)![1]!)).out).toMatch(/m1 +verified +stopped/);
    expect(commands(simulator, 'm1')).toHaveLength(1);
    expect(await as(tokens.admin)('approvals', 'reject', id)).toMatchObject({ code: 4, err: expect.stringContaining('is approved') });
  });
});

describe('a step-up', () => {
  test('wants its text typed, and says which', async () => {
    const simulator = await simulated([spec('m1')], { speed: 20 });
    const { as } = await ready(simulator, { control: control.replace('{', '{step_up_actions: [locate], ') });
    const order = ['act', 'locate', '--miner', 'm1', '--with', 'on=true', '--yes'];
    const [without, wrong] = await Promise.all([as(tokens.admin)(...order), as(tokens.admin)(...order, '--typed', 'm2')]);
    expect(without).toMatchObject({ code: 4, out: expect.stringContaining('"m1" typed (--typed)'), err: expect.stringContaining('needs the text "m1" typed by hand') });
    expect(wrong).toMatchObject({ code: 4, err: expect.stringContaining('what was typed differs') });
    expect(commands(simulator, 'm1')).toEqual([]);
    expect((await as(tokens.admin)(...order, '--typed', 'm1')).code).toBe(0);
  });
});

describe('hashfleet schedule', () => {
  test('is tried out, added, shown, switched off and removed; a wrong one is refused before it is sent', async () => {
    const simulator = await simulated([spec('m1')], { speed: 20 });
    const { as, running } = await ready(simulator);
    const folder = temporaryFolder();
    const file = path.join(folder, 'night.yaml');
    writeFileSync(file, 'name: night\nselect: {names: [m1]}\ntimezone: UTC\nwindows: [{from: "00:00", to: "24:00"}]\ndo: {stop: true}\nenabled: false\n');
    writeFileSync(path.join(folder, 'wrong.yaml'), 'name: night\nselect: {names: [m1]}\ndo: {stop: true, preset: "2850"}\n');
    expect(await as(tokens.admin)('schedule', 'add', path.join(folder, 'wrong.yaml'))).toMatchObject({ code: 2, err: expect.stringMatching(/wrong\.yaml is no schedule[^]*exactly one of stop, resume, preset, throttle, limit_kilowatts/) });
    const tried = await as(tokens.operate)('schedule', 'simulate', file);
    expect(tried).toMatchObject({ code: 0, out: expect.stringMatching(/kWh less/) });
    expect((await as(tokens.read)('schedule')).out).toBe('No schedule; "hashfleet schedule add FILE" adds one.\n');
    expect(await as(tokens.operate)('schedule', 'add', file)).toMatchObject({ code: 4 });
    expect(await as(tokens.admin)('schedule', 'add', file)).toMatchObject({ code: 0, out: expect.stringMatching(/^schedule night: stop, off, 1 miner\n$/) });
    expect((await as(tokens.admin)('schedule', 'enable', 'night')).out).toMatch(/^schedule night: stop, /);
    await until('the miner is stopped', async () => (await running.api('/rigs/m1')).body['state'] === 'stopped', 40_000);
    expect((await as(tokens.read)('schedule')).out).toMatch(/^SCHEDULE +WANTS +NOW +PRIORITY +MINERS +TOOK\nnight +stop +holds.* 100 +1 +1\n$/);
    expect((await as(tokens.read)('schedule', 'show', 'night')).out).toMatch(/took:\n {2}m1: since /);
    expect((await as(tokens.admin)('schedule', 'remove', 'night')).out).toBe('schedule night: removed\n');
    expect((await as(tokens.read)('jobs')).out).toMatch(/pause +schedule:night +finished +1 verified/);
  });
});

describe('completion', () => {
  test('a script for each shell, and the actions are known', async () => {
    for (const shell of ['bash', 'zsh', 'fish']) expect(await hashfleet(['completion', shell])).toMatchObject({ code: 0, out: expect.stringContaining('hashfleet') });
    expect((await hashfleet(['complete', '--', 'act', 're'])).out).toMatch(/^(re\w+\t?.*\n){3}:\d+\n$/);
    expect((await hashfleet(['complete', '--', 'jobs', 'ca'])).out).toMatch(/^cancel\t/);
  });
});
