import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { createCgiMiner, type CgiMiner } from '../../simulator/src/cgi/miner.ts';
import type { CgiMinerSpec } from '../../simulator/src/cgi/machine.ts';
import { createClock, type Clock } from '../../simulator/src/clock.ts';
import type { Command, Driver } from '../src/miners/driver.ts';
import { answer, parseChallenge } from '../src/miners/vnish-cgi/digest.ts';
import { vnishCgiDriver } from '../src/miners/vnish-cgi/driver.ts';
import { parseCgiReading, parseIdentity } from '../src/miners/vnish-cgi/parse.ts';
import { haveSamples, sample, until } from './fixtures.ts';
import { run, simulated, spec, tokens, valueOn, whenDone } from './running.ts';

const soon = () => AbortSignal.timeout(5000);
const none = () => undefined;

async function l3plus(part: Partial<CgiMinerSpec> = {}): Promise<{ miner: CgiMiner; clock: Clock }> {
  const clock = createClock({ startMs: Date.UTC(2026, 5, 1, 12), speed: 0 });
  const pools = [{ url: 'us.mining.prohashing.com:3333', user: 'demo', pass: 'n=old' }];
  const miner = createCgiMiner({ name: 'old', model: 'l3plus', firmware: '3.9.0', mac: '02:51:AA:00:00:31', pools, ...part }, { clock, seed: 1, host: '127.0.0.1', port: 0, cgminerPort: 0, sink: null });
  await miner.listen();
  whenDone(async () => miner.close());
  return { miner, clock };
}

interface Driven { readonly driver: Driver; readonly mismatches: string[]; readonly clock: { ahead: number } }

/** A port that nobody listens on, for a last resort that there is not. */
const nobody = 1;

function drive(address: string, { password = 'root', slowIntervalMs = 60_000, deadlineMs = 5000, cgminerPort = nobody } = {}): Driven {
  const mismatches: string[] = [];
  const clock = { ahead: 0 };
  const driver = vnishCgiDriver({ address, password, slowIntervalMs, deadlineMs, cgminerPort, mismatch: (source, field) => void mismatches.push(`${source}.${field}`), now: () => Date.now() + clock.ahead });
  whenDone(async () => driver.close());
  return { driver, mismatches, clock };
}

/** An address that answers so. */
async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  whenDone(async () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const asked = (miner: CgiMiner) => miner.requests.list().map(({ method, path, authValid }) => `${method} ${path.replace('/cgi-bin/', '')}${authValid ? '' : ' (no)'}`);

describe('the digest login', () => {
  test.each([['MD5', '8ca523f5e9506fed4657c9700eebdbec'], ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1']])('answers as the example of RFC 7616, 3.9.1 with %s', (algorithm, response) => {
    const challenge = parseChallenge(`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`)!;
    const header = answer(challenge, { user: 'Mufasa', password: 'Circle of Life', method: 'GET', uri: '/dir/index.html', count: 1, cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' });
    expect(header).toContain(`response="${response}"`);
    for (const part of ['username="Mufasa"', 'nc=00000001', 'qop=auth,', 'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"', `algorithm=${algorithm},`]) expect(header).toContain(part);
  });

  test('finds the challenge among others, and none where none can be answered', () => {
    expect(parseChallenge('Basic realm="x", Digest realm="a \\"b\\"", nonce="n", qop=auth, stale=TRUE')).toEqual({ realm: 'a "b"', nonce: 'n', algorithm: 'MD5', stale: true });
    expect(parseChallenge('Digest realm="a", nonce="1", qop="auth", Digest realm="b", nonce="2", qop="auth"')).toMatchObject({ realm: 'a', nonce: '1' });
    for (const header of ['', 'Basic realm="x"', 'Digest realm="a", qop="auth"', 'Digest realm="a", nonce="n"', 'Digest realm="a", nonce="n", qop="auth-int"', 'Digest realm="a", nonce="n", qop="auth", algorithm=SHA-512-256']) expect(parseChallenge(header)).toBeUndefined();
    fc.assert(fc.property(fc.string(), (text) => void parseChallenge(`Digest ${text}`)));
  });

  test('happens once, and its nonce serves until it runs out', async () => {
    const { miner, clock } = await l3plus();
    const { driver } = drive(miner.address);
    await driver.poll(soon());
    await driver.poll(soon());
    expect(asked(miner)).toEqual(['GET get_system_info.cgi (no)', 'GET get_system_info.cgi', 'GET get_miner_status.cgi', 'GET get_miner_status.cgi']);
    expect(driver.credentials).toBe('accepted');
    clock.advance(601_000);
    miner.requests.clear();
    await driver.poll(soon());
    expect(asked(miner)).toEqual(['GET get_miner_status.cgi (no)', 'GET get_miner_status.cgi']);
  });

  test('a wrong password is tried once, and not again before the pause is over', async () => {
    const { miner } = await l3plus({ password: 'changed' });
    const { driver, clock } = drive(miner.address);
    const tries = () => miner.requests.list().filter(({ auth }) => auth === 'digest').length;
    await expect(driver.poll(soon())).rejects.toMatchObject({ reason: 'auth', message: 'the miner refused the password' });
    await expect(driver.poll(soon())).rejects.toMatchObject({ reason: 'auth', message: expect.stringMatching(/next try in \d+ s$/) });
    await expect(driver.send({ action: 'pause' }, soon())).rejects.toMatchObject({ reason: 'auth' });
    expect([driver.credentials, tries(), miner.requests.list().length]).toEqual(['refused', 1, 2]);
    clock.ahead = 15 * 60_000 + 1;
    await expect(driver.poll(soon())).rejects.toMatchObject({ reason: 'auth' });
    expect(tries()).toBe(2);
  });
});

describe('an L3+ with VNish 3.9.0', () => {
  test('is read as it is, in base units, with nothing missing', async () => {
    const { miner } = await l3plus();
    const { driver, mismatches } = drive(miner.address);
    const reading = await driver.poll(soon());
    const truth = miner.truth();
    const near = (value: number | undefined, real: number, share: number) => expect(Math.abs(value! / real - 1)).toBeLessThan(share);
    near(reading.hashrate, truth.hashesPerSecond, 0.05);
    near(reading.hashrateAverage, truth.hashesPerSecond, 0.01);
    // What the boards draw: without controller and fans.
    near(reading.powerWatts, truth.wallWatts, 0.04);
    expect(reading).toMatchObject({ state: 'mining', stateSeconds: 7200, boardsExpected: 4, powerMeasured: false });
    expect(reading.identity).toEqual({ model: 'Antminer L3+', firmware: 'Vnish', firmwareVersion: '3.9.0', algorithm: 'scrypt', mac: '02:51:aa:00:00:31', hostname: 'antMiner' });
    expect(reading.boards.map(({ board }) => board)).toEqual([1, 2, 3, 4]);
    for (const board of reading.boards) {
      const real = truth.boards[board.board - 1]!;
      near(board.hashrate, real.hashesPerSecond, 0.05);
      near(board.pcb.max, real.pcbCelsius, 0.02);
      near(board.chip.max, real.chipCelsius, 0.02);
      expect(board).toMatchObject({ frequencyHertz: 384e6, powerWatts: 195, chips: { grey: 72, orange: 0, red: 0 } });
    }
    expect(reading.fans).toEqual(truth.fansRpm.map((speedRpm, index) => ({ fan: index + 1, up: true, speedRpm })));
    expect(reading.pools).toEqual([{ slot: 0, url: 'stratum+tcp://us.mining.prohashing.com:3333', user: 'demo', kind: 'user', status: 'working', accepted: expect.any(Number), rejected: expect.any(Number), stale: 0 }]);
    // Two hours at a share of difficulty 65536 every 8.5 s.
    near(reading.pools[0]!.accepted, 840, 0.15);
    for (const name of ['preset', 'presets', 'locateOn', 'hashrateNominal', 'uptimeSeconds']) expect(reading).not.toHaveProperty(name);
    expect(await driver.presets(soon())).toEqual([]);
    expect(mismatches).toEqual([]);
  });

  test('receives each command as exactly one authorised request, and what it lacks not at all', async () => {
    const { miner, clock } = await l3plus();
    const { driver } = drive(miner.address);
    await driver.poll(soon());
    const commands: readonly (readonly [Command, string, unknown])[] = [
      [{ action: 'pause' }, 'POST do_sleep_mode.cgi', { mode: '1' }], [{ action: 'resume' }, 'POST do_sleep_mode.cgi', { mode: '0' }],
      [{ action: 'restart_mining' }, 'GET reboot_cgminer.cgi', null], [{ action: 'start' }, 'GET reboot_cgminer.cgi', null], [{ action: 'stop' }, 'GET stop_bmminer.cgi', null], [{ action: 'reboot' }, 'GET reboot.cgi', null],
    ];
    for (const [command, request, body] of commands) {
      miner.requests.clear();
      expect(await driver.send(command, soon())).toEqual({ sent: true });
      expect([asked(miner), miner.requests.list()[0]?.body]).toEqual([[request], body]);
      clock.advance(60_000);
    }
    miner.requests.clear();
    for (const command of [{ action: 'preset', preset: '800' }, { action: 'locate', on: true }] as const) {
      expect(await driver.send(command, soon())).toEqual({ sent: false, detail: driver.lacks?.[command.action] });
    }
    expect(asked(miner)).toEqual([]);
  });

  test('tells what it does: asleep it is stopped, without hashes and without a made-up power', async () => {
    const { miner, clock } = await l3plus();
    const { driver } = drive(miner.address);
    await driver.send({ action: 'pause' }, soon());
    const asleep = await driver.poll(soon());
    expect(asleep).toMatchObject({ state: 'stopped', hashrate: 0 });
    expect(asleep).not.toHaveProperty('powerWatts');
    expect(asleep).not.toHaveProperty('stateSeconds');
    await driver.send({ action: 'resume' }, soon());
    clock.advance(60_000);
    expect((await driver.poll(soon())).state).toBe('mining');
  });

  test('is told to act once only, even when the connection breaks off in between', async () => {
    const seen: string[] = [];
    const address = await answering((request, response) => {
      seen.push(`${request.method ?? ''} ${request.url ?? ''}`);
      if (request.url === '/cgi-bin/check.cgi' || request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end();
      else if (request.url === '/cgi-bin/get_system_info.cgi') response.end('{"minertype":"Antminer L3+ (vnish 3.9.0)"}');
      else request.socket.destroy();
    });
    await expect(drive(address).driver.send({ action: 'restart_mining' }, soon())).rejects.toMatchObject({ reason: 'reset' });
    expect(seen.filter((one) => one.includes('reboot'))).toEqual(['GET /cgi-bin/reboot_cgminer.cgi']);
  });

  test('has not been told anything when the login before the command failed: broken off, or refused', async () => {
    const address = await answering((request, response) => {
      if (request.headers.authorization === undefined) response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end();
      else request.socket.destroy();
    });
    await expect(drive(address).driver.send({ action: 'reboot' }, soon())).rejects.toMatchObject({ reason: 'reset', sent: false });
    const { miner } = await l3plus({ password: 'another' });
    const { driver } = drive(miner.address);
    for (const detail of ['the miner refused the password', 'next try in']) await expect(driver.send({ action: 'reboot' }, soon())).rejects.toMatchObject({ reason: 'auth', sent: false, message: expect.stringContaining(detail) });
    expect(miner.truth().phase).toBe('mining');
  });

  test('with a board missing, a page of broken JSON, or no power is told as such', async () => {
    const { miner } = await l3plus();
    const { driver } = drive(miner.address, { slowIntervalMs: 0 });
    await miner.inject('board_missing', { board: 2 });
    expect(await driver.poll(soon())).toMatchObject({ boardsExpected: 4, boards: [{ board: 1 }, { board: 3 }, { board: 4 }] });
    await miner.inject('bad_json');
    await expect(driver.poll(soon())).rejects.toMatchObject({ reason: 'bad_json', message: expect.stringMatching(/^get_miner_status\.cgi is not valid JSON; nor does TCP 1 help: /) });
    await miner.inject('unplugged');
    await expect(driver.poll(soon())).rejects.toMatchObject({ reason: 'connect' });
  });
});

describe('what is not VNish 3.x', () => {
  test('is told as such: the REST firmware, a web page, another login, an odd reply', async () => {
    const rest = await simulated([spec('m')]);
    await expect(drive(rest.miner('m').address).driver.poll(soon())).rejects.toMatchObject({ reason: 'not_a_miner' });
    const cases: readonly (readonly [string, RequestListener])[] = [
      ['not_a_miner', (_request, response) => void response.writeHead(404).end()],
      ['not_a_miner', (_request, response) => void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()],
      ['not_a_miner', (_request, response) => void response.end('{"hello": 1}')],
      ['http_5xx', (_request, response) => void response.writeHead(500).end()],
      ['bad_shape', (_request, response) => void response.end('[]')],
      ['bad_shape', (request, response) => void response.end(request.url?.includes('system') === true ? '{"minertype": "Antminer L3+ (vnish 3.9.0)"}' : '{}')],
    ];
    for (const [reason, listener] of cases) await expect(drive(await answering(listener)).driver.poll(soon())).rejects.toMatchObject({ reason });
  });
});

describe('the parser', () => {
  test.each([
    ['Antminer L3+ (vnish 3.9.0)', { model: 'Antminer L3+', firmware: 'Vnish', firmwareVersion: '3.9.0', algorithm: 'scrypt' }],
    ['Antminer S9 (vnish 3.9.0)', { model: 'Antminer S9', firmware: 'Vnish', firmwareVersion: '3.9.0', algorithm: 'sha256d' }],
    ['Antminer L3+', { model: 'Antminer L3+', algorithm: 'scrypt' }],
    ['Thing', { model: 'Thing' }],
  ])('knows %s', (minertype, identity) => {
    expect(parseIdentity({ minertype }, none)).toEqual(identity);
  });

  test('gives no hashrate when the machine, and with it the unit, is unknown', () => {
    const mismatches: string[] = [];
    const status = { summary: { ghs5s: '504.1', ghsav: 504 }, pools: [], devs: [] };
    const reading = parseCgiReading({ system: { minertype: 'Thing' }, status }, 1, (source, field) => void mismatches.push(`${source}.${field}`));
    expect(reading).toEqual({ at: 1, source: 'vnish-cgi', identity: { model: 'Thing' }, state: 'mining', powerMeasured: false, psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [] });
    expect(mismatches).toEqual(['get_system_info.minertype']);
  });

  test('takes numbers and texts alike, and "null", "" and 0 °C for unknown', () => {
    const dev = { index: 1, temp: '0', temp2: 58, rate: '126.3', chain_consumption: 'null', fan2: 3500, fan1: '0' };
    const status = { summary: { ghs5s: 505.2, ghsav: '' }, pools: [{ url: 'a:1', user: 'u', status: 'Dead' }, { url: '' }], devs: [dev, { ...dev, index: '2', chain_consumption: '195' }] };
    const reading = parseCgiReading({ system: { minertype: 'Antminer L3+' }, status }, 1, none);
    expect(reading).toMatchObject({
      hashrate: 505_200_000, chip: { min: 58, max: 58 }, pcb: {}, fans: [{ fan: 2, speedRpm: 3500 }], pools: [{ slot: 0, status: 'offline' }],
      boards: [{ board: 1, hashrate: 126_300_000, pcb: {}, chip: { max: 58 } }, { board: 2, powerWatts: 195 }],
    });
    for (const name of ['powerWatts', 'hashrateAverage', 'hardwareErrors']) expect(reading).not.toHaveProperty(name);
  });

  test('never throws, and never gives what is no number, whatever comes', () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.constant('null'), fc.constant('1e999'), fc.constant('-5'), fc.constant(null), fc.array(fc.string()));
    const dev = fc.dictionary(fc.constantFrom('index', 'temp', 'temp2', 'rate', 'fan1', 'fan9', 'chain_consumption', 'chain_acs', 'hw'), value);
    const status = fc.record({ summary: fc.oneof(value, fc.dictionary(fc.constantFrom('ghs5s', 'ghsav', 'elapsed'), value)), pools: fc.oneof(value, fc.array(dev)), devs: fc.oneof(value, fc.array(dev)) });
    fc.assert(fc.property(status, (body) => {
      const numbers: number[] = [];
      JSON.stringify(parseCgiReading({ system: { minertype: 'Antminer L3+' }, status: body }, 1, none), (_key, one: unknown) => {
        if (typeof one === 'number') numbers.push(one);
        return one;
      });
      for (const number of numbers) expect(number >= 0 && Number.isFinite(number)).toBe(true);
    }));
  });

  (haveSamples ? test : test.skip)('reads the captured fragments of an S9', () => {
    const captured = sample('vnish-3.9-cgi-S9-excerpts.json') as Record<string, Record<string, unknown>>;
    const status = Object.entries(captured).find(([name]) => name.startsWith('get_miner_status.cgi'))![1];
    expect(parseCgiReading({ system: captured['get_system_info.cgi']!, status }, 1, none)).toMatchObject({
      identity: { model: 'Antminer S9', firmwareVersion: '3.9.0', mac: '02:00:00:00:00:03' }, state: 'mining', hashrate: 4633.464e9,
      powerWatts: 502, pcb: { max: 71 }, chip: { max: 82 }, fans: [{ fan: 5, speedRpm: 5520 }, { fan: 6, speedRpm: 4200 }], boards: [{ board: 6, hashrate: 4627.47e9 }],
    });
  });
});

describe('the service with "driver: vnish-cgi"', () => {
  test('tries the password "root", shows the L3+ in base units, and promtool takes the page', async () => {
    const { miner } = await l3plus();
    const running = await run([`{name: old, address: "${miner.address}", driver: vnish-cgi}`]);
    await until('it is read', async () => (await running.value('miner_up', { miner: 'old' })) === 1);
    const page = await running.page();
    expect(Math.abs(valueOn(page, 'miner_hashrate_hashes_per_second', { miner: 'old' })! / 504e6 - 1)).toBeLessThan(0.06);
    expect(valueOn(page, 'miner_power_watts', { miner: 'old' })).toBe(780);
    expect(page).toMatch(/^miner_info\{.*Antminer L3\+/m);
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  test('skips what the firmware lacks with the reason, and verifies a pause and a restart', async () => {
    const { miner, clock } = await l3plus();
    const running = await run([`{name: old, address: "${miner.address}", driver: vnish-cgi}`], { control: '{enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1}' });
    await until('it is read', async () => (await running.value('miner_up', { miner: 'old' })) === 1);
    const act = async (json: Record<string, unknown>) => running.api('/actions', { json: { miners: ['old'], ...json }, token: tokens.operate });
    for (const [order, reason] of [[{ action: 'preset', parameters: { preset: '800' } }, 'its firmware (VNish 3.x) has no presets'], [{ action: 'locate' }, 'its firmware (VNish 3.x) has no command for the locate light'], [{ action: 'throttle', parameters: { percent: 50 } }, 'its firmware (VNish 3.x) has no such command'],
      [{ action: 'cooling', parameters: { cooling: { fanPercent: 80 } } }, 'its firmware (VNish 3.x) takes settings only all at once, and which they are on this model is not described']] as const) {
      expect((await act(order)).body['plan']).toMatchObject({ targets: [], skipped: [{ miner: 'old', reason }] });
    }
    const done = async (action: string, seconds: number) => {
      const { id } = (await act({ action, dryRun: false })).body['job'] as { id: string };
      const target = async () => ((await running.api(`/jobs/${id}`)).body['targets'] as { state: string; detail: string }[])[0]!;
      await until('it was read back', async () => (await target()).state !== 'running' && (await target()).state !== 'waiting');
      await new Promise((resolve) => setTimeout(resolve, 300));
      clock.advance(seconds * 1000);
      await until(`${action} is verified`, async () => (await target()).state === 'verified');
    };
    await done('restart_mining', 60);
    await done('pause', 0);
    await done('resume', 60);
    await done('stop', 0);
    await done('start', 60);
    expect(miner.requests.list().filter(({ authValid, path }) => authValid && /reboot_cgminer|stop_bmminer|sleep/.test(path))).toHaveLength(5);
  });
});
