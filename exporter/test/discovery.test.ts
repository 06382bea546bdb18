/** Discovery meets a simulated network: 1,024 loopback addresses of one port, with miners and other things among them. */
import { beforeAll, afterAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { parseConfig } from '../src/config/load.ts';
import { discover, type Discovery, type DiscoveryProgress } from '../src/fleet/discovery.ts';
import { parseRanges } from '../src/config/ranges.ts';
import { startSimulator, type Simulator } from '../../simulator/src/simulator.ts';
import type { Miner } from '../../simulator/src/miner/miner.ts';
import { hashfleet, temporaryFolder, type Ended } from './command.ts';
import { until } from './fixtures.ts';
import { spec } from './running.ts';

const models = ['l9', 'l7', 's21pro'] as const;
const fullNames = { l9: 'Antminer L9', l7: 'Antminer L7', s21pro: 'Antminer S21 Pro' } as const;
const firmwares = ['1.2.7', '1.3.4'] as const;
/** Spread over all four /24 of the /22, ends included. */
const hostOf = (index: number) => (index === 39 ? '127.0.11.255' : `127.0.${8 + Math.floor(index / 10)}.${(index % 10) * 25}`);
const stockHost = '127.0.9.7';
const hungHost = '127.0.10.8';
const silentHost = '127.0.10.9';
const webHost = '127.0.8.9';

let simulator: Simulator;
let port = 0;
let web: Server;
let silentServer: Server;
const silentSockets = new Set<Socket>();
let range: string;

const open = async (server: Server, host: string) => new Promise<void>((resolve, reject) => void server.once('error', reject).listen(port, host, resolve));

beforeAll(async () => {
  simulator = await startSimulator({ miners: [], speed: 0 });
  for (let index = 0; index < 40; index += 1) {
    const added = await simulator.addMiner(spec(`m${index}`, {
      model: models[index % 3]!, firmware: firmwares[index % 2]!, mac: `02:51:AA:00:00:${index.toString(16).padStart(2, '0')}`,
      // One with another password, one that hides its name from strangers.
      ...(index === 5 ? { password: 'another' } : {}), ...(index === 6 ? { redactHostname: true } : {}),
    }), { host: hostOf(index), port });
    port = added.port;
  }
  await (await simulator.addMiner(spec('stock'), { host: stockHost, port })).inject('stock_fallback');
  await (await simulator.addMiner(spec('hung'), { host: hungHost, port })).inject('hang');
  web = createHttpServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>A printer</html>'));
  await open(web, webHost);
  silentServer = createServer((socket) => void silentSockets.add(socket.on('error', () => undefined)));
  await open(silentServer, silentHost);
  range = `127.0.8.0/22:${port}`;
}, 60_000);

afterAll(async () => {
  for (const socket of silentSockets) socket.destroy();
  web.close();
  silentServer.close();
  await simulator.stop();
});

const asked = (miner: Miner) => miner.requests.list().map(({ method, path }) => `${method} ${path}`);
const real = () => simulator.miners.slice(0, 40);
const forget = () => simulator.miners.forEach((miner) => miner.requests.clear());

function expectAll({ found, settled, interrupted, untried, duplicates }: Discovery): void {
  expect({ settled, interrupted, untried, duplicates }).toEqual({ settled: 1024, interrupted: false, untried: [], duplicates: [] });
  expect(found.filter(({ state }) => state === 'vnish')).toEqual(real().map((miner, index) => expect.objectContaining({
    address: miner.address,
    identity: {
      model: fullNames[models[index % 3]!], modelCode: models[index % 3], platform: expect.any(String), firmware: 'Vnish', build: 'vnishnet', firmwareVersion: firmwares[index % 2],
      algorithm: index % 3 === 2 ? 'sha256d' : 'scrypt', mac: `02:51:aa:00:00:${index.toString(16).padStart(2, '0')}`,
      ...(index === 6 ? {} : { hostname: expect.any(String) }),
    },
  })));
  expect(found.filter(({ state }) => state !== 'vnish')).toEqual([
    expect.objectContaining({ address: `${webHost}:${port}`, state: 'unidentified', reason: 'html_body' }),
    expect.objectContaining({ address: `${stockHost}:${port}`, state: 'stock', reason: 'stock_firmware' }),
    expect.objectContaining({ address: `${hungHost}:${port}`, state: 'unidentified', reason: 'timeout' }),
    expect.objectContaining({ address: `${silentHost}:${port}`, state: 'unidentified', reason: 'timeout' }),
  ]);
}

describe('discovery', () => {
  test('finds every miner among 1,024 addresses, names what else answers, and asks nothing but /info', async () => {
    forget();
    const steps: DiscoveryProgress[] = [];
    const discovery = await discover({ targets: parseRanges([range]), identifyTimeoutMs: 1500, progress: (step) => void steps.push(step) });
    expectAll(discovery);
    for (const miner of simulator.miners) expect(asked(miner)).toEqual(['GET /api/v1/info']);
    expect(discovery.found.every((one) => one.state !== 'vnish' || one.password === 'not tried')).toBe(true);
    expect(steps.every(({ ratio }, index) => ratio >= (steps[index - 1]?.ratio ?? 0))).toBe(true);
    expect(steps.at(-1)).toEqual({ ratio: 1, settled: 1024, total: 1024, answering: 44, miners: 40 });
  });

  test('tries a password once on each miner, and on stock firmware, which VNish 3.x looks like, and on nothing else, when asked to', async () => {
    forget();
    const tried: string[] = [];
    const discovery = await discover({ targets: parseRanges([range]), identifyTimeoutMs: 1500, password: (address) => { tried.push(address); return 'admin'; } });
    expectAll(discovery);
    for (const miner of real()) expect(asked(miner)).toEqual(['GET /api/v1/info', 'POST /api/v1/unlock']);
    const mayBeOld = simulator.miner('stock');
    for (const miner of simulator.miners.slice(40)) expect(asked(miner)).toEqual(['GET /api/v1/info', ...(miner === mayBeOld ? Array<string>(2).fill('GET /cgi-bin/get_system_info.cgi') : [])]);
    expect(tried.sort()).toEqual([...real(), mayBeOld].map(({ address }) => address).sort());
    const miners = discovery.found.flatMap((one) => (one.state === 'vnish' ? [one] : []));
    expect(miners.map(({ password }) => password)).toEqual(real().map((_, index) => (index === 5 ? 'refused' : 'accepted')));
  });

  test('tells a miner that is locked out, with the one unlock that it takes to know', async () => {
    const miner = simulator.miner('m5');
    const look = async () => discover({ targets: parseRanges([miner.address]), password: () => 'wrong' });
    for (let tries = 0; tries < 5; tries += 1) await look();
    forget();
    expect((await look()).found).toMatchObject([{ password: 'locked out' }]);
    expect(miner.requests.list({ method: 'POST' })).toHaveLength(1);
  });

  test('reports miners that break connections off while they boot, all of them', async () => {
    const hosts = Array.from({ length: 10 }, (_, index) => `127.0.12.${10 + index}`);
    for (const host of hosts) await simulator.addMiner(spec(`boots at ${host}`, { begin: 'boot' }), { host, port });
    try {
      const { found } = await discover({ targets: parseRanges([`127.0.12.0/24:${port}`]) });
      expect(found).toEqual(hosts.map((host) => expect.objectContaining({ address: `${host}:${port}`, state: 'unidentified', reason: 'reset', detail: expect.stringContaining('reboots') })));
    } finally {
      for (const host of hosts) await simulator.removeMiner(`boots at ${host}`);
    }
  });

  test('reports one MAC at two addresses', async () => {
    const twin = await simulator.addMiner(spec('twin', { mac: '02:51:AA:00:00:00' }), { host: '127.0.12.1', port });
    try {
      const { duplicates } = await discover({ targets: parseRanges([`${hostOf(0)}:${port}`, twin.address]) });
      expect(duplicates).toEqual([{ mac: '02:51:aa:00:00:00', addresses: [`${hostOf(0)}:${port}`, twin.address] }]);
      const { out, err } = await hashfleet(['discover', '--yaml', `${hostOf(0)}:${port}`, twin.address]);
      expect(parseConfig(out).miners).toHaveLength(1);
      expect(out).toContain(`# ${twin.address}: has the MAC of ${hostOf(0)}:${port}`);
      expect(err).toContain(`02:51:aa:00:00:00 answers at ${hostOf(0)}:${port} and ${twin.address}`);
    } finally {
      await simulator.removeMiner('twin');
    }
  });

  const onLinux = process.platform === 'linux' ? test : test.skip;
  onLinux('tries a connection that ran out of time once more, so that one that was not let in at first is found', async () => {
    // A server that stands still lets in as many as fit its queue and drops the rest, as a crowded network does.
    const child = spawn(process.execPath, ['-e', 'require("http").createServer((q, r) => { r.statusCode = 404; r.end(); }).listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () { console.log(this.address().port); })'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const waiting: Socket[] = [];
    try {
      const crowded = Number(await new Promise<string>((resolve) => void child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString()))));
      child.kill('SIGSTOP');
      for (let sent = 0; sent < 4; sent += 1) waiting.push(connect({ host: '127.0.0.1', port: crowded }).on('error', () => undefined));
      await until('the queue is full', () => waiting.filter(({ readyState }) => readyState === 'open').length >= 2);
      const steps: DiscoveryProgress[] = [];
      const { found } = await discover({
        targets: parseRanges([`127.0.0.1:${crowded}`]), timeoutMs: 1500,
        progress: (step) => {
          steps.push(step);
          child.kill('SIGCONT');
        },
      });
      expect(steps[0]).toMatchObject({ ratio: 0.5, answering: 0 });
      expect(found).toMatchObject([{ state: 'unidentified', reason: 'http_4xx' }]);
    } finally {
      for (const socket of waiting) socket.destroy();
      child.kill('SIGKILL');
    }
  });

  test('stops when told to and keeps what it has found', async () => {
    const stop = new AbortController();
    const discovery = await discover({
      targets: parseRanges([`${hostOf(1)}:${port}`, `${hungHost}:${port}`]), identifyTimeoutMs: 600_000, signal: stop.signal,
      progress: ({ miners }) => { if (miners === 1) stop.abort(); },
    });
    expect(discovery).toMatchObject({ interrupted: true, settled: 1, found: [{ address: `${hostOf(1)}:${port}`, state: 'vnish' }] });
  });
});

describe('hashfleet discover', () => {
  const run = async (args: readonly string[], more: Parameters<typeof hashfleet>[1] = {}): Promise<Ended> => hashfleet(['discover', ...args], { ms: 60_000, ...more });
  const few = () => `127.0.8.0-25:${port}`;
  const summary = '26 of 26 addresses: 2 miners with VNish, 0 with stock firmware, 1 unidentified.';

  test('prints a table, and its progress in tenths beside it; writes nothing', async () => {
    const cwd = temporaryFolder();
    const { code, out, err } = await run([few(), '--check-password'], { cwd });
    expect(code).toBe(0);
    const [heading, ...rows] = out.trimEnd().split('\n').map((line) => line.split(/ {2,}/));
    expect(heading).toEqual(['NAME', 'ADDRESS', 'STATE', 'MODEL', 'FIRMWARE', 'ALGORITHM', 'MAC', 'HOSTNAME', 'PASSWORD', 'NOTE']);
    expect(rows).toEqual([
      ['l9-01', `127.0.8.0:${port}`, 'vnish', 'Antminer L9', 'Vnish 1.2.7', 'scrypt', '02:51:aa:00:00:00', expect.any(String), 'accepted'],
      ['', `${webHost}:${port}`, 'unidentified', expect.stringContaining('web page')],
      ['l7-01', `127.0.8.25:${port}`, 'vnish', 'Antminer L7', 'Vnish 1.3.4', 'scrypt', '02:51:aa:00:00:01', expect.any(String), 'accepted'],
    ]);
    const lines = err.trimEnd().split('\n');
    expect(lines.at(-1)).toBe(summary);
    expect(lines.at(-2)).toBe('100 %, 26 of 26 addresses, 3 answer, 2 miners');
    // Nothing but progress and the summary: no warning of the run time either.
    expect(lines.slice(0, -1).filter((line) => !/^\d+0 %, /.test(line))).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(11);
    expect(readdirSync(cwd)).toEqual([]);
  });

  test('prints JSON', async () => {
    const { code, out } = await run([few(), '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      addresses: 26, looked_at: 26, interrupted: false, duplicates: [], untried: [],
      found: [
        { name: 'l9-01', address: `127.0.8.0:${port}`, state: 'vnish', model: 'Antminer L9', model_code: 'l9', firmware: 'Vnish', firmware_version: '1.2.7', algorithm: 'scrypt', mac: '02:51:aa:00:00:00', hostname: expect.any(String), password: 'not tried' },
        { address: `${webHost}:${port}`, state: 'unidentified', reason: 'html_body', detail: expect.stringContaining('check that the address is a VNish miner') },
        { name: 'l7-01', address: `127.0.8.25:${port}`, state: 'vnish', model: 'Antminer L7', model_code: 'l7', firmware: 'Vnish', firmware_version: '1.3.4', algorithm: 'scrypt', mac: '02:51:aa:00:00:01', hostname: expect.any(String), password: 'not tried' },
      ],
    });
  });

  test('prints entries of fleet.yaml that are valid as they are, with every miner by its address; --write writes the same', async () => {
    const cwd = temporaryFolder();
    const { code, out, err } = await run([range, '--yaml', '--write', 'found.yaml'], { cwd });
    expect(code).toBe(0);
    const { miners } = parseConfig(out);
    expect(miners.map(({ address }) => address)).toEqual(real().map(({ address }) => address));
    expect(miners.slice(0, 4).map(({ name }) => name)).toEqual(['l9-01', 'l7-01', 's21pro-01', 'l9-02']);
    expect(out).toContain(`  # ${stockHost}:${port}: stock: stock firmware or VNish 3.x, which ask for the same login; a password tells (--check-password)\n`);
    expect(out).toContain('# Antminer L9, Vnish 1.2.7, 02:51:aa:00:00:00');
    expect(readFileSync(path.join(cwd, 'found.yaml'), 'utf8')).toBe(out);
    expect(err).toContain('found.yaml is written: 40 miners.');
    const again = await run([range, '--write', 'found.yaml'], { cwd });
    expect(again).toMatchObject({ code: 2, out: '', err: expect.stringContaining('found.yaml exists already and is never overwritten. Name another file') });
    expect(readFileSync(path.join(cwd, 'found.yaml'), 'utf8')).toBe(out);
  });

  test('--merge shows only what the file lacks and what it has in vain, says how it compares, and leaves the file alone', async () => {
    const cwd = temporaryFolder();
    const text = `miners:\n  - {name: l7-01, address: "127.0.8.0:${port}"}\n  - {name: lost, address: "127.0.8.3:${port}"}\n  - {name: printer, address: "${webHost}:${port}"}\n  - {name: elsewhere, address: 10.0.0.1}\n`;
    writeFileSync(path.join(cwd, 'fleet.yaml'), text);
    const [table, yaml, json] = await Promise.all([[], ['--yaml'], ['--json']].map(async (how) => run([few(), '--merge', 'fleet.yaml', ...how], { cwd })));
    const rows = table!.out.trimEnd().split('\n');
    expect(rows[1]).toMatch(new RegExp(`^l7-02 +127\\.0\\.8\\.25:${port} `));
    expect(rows.slice(3)).toEqual([
      'fleet.yaml: 2 found where it says, 1 new, 2 not found',
      `  lost     127.0.8.3:${port}  does not answer`,
      expect.stringContaining(`  printer  ${webHost}:${port}  /info gave a web page`),
      expect.stringContaining('has no MAC addresses: miners are compared by address only'),
    ]);
    expect(parseConfig(yaml!.out).miners.map(({ name, address }) => ({ name, address }))).toEqual([{ name: 'l7-02', address: `127.0.8.25:${port}` }]);
    expect(JSON.parse(json!.out)).toMatchObject({ found: [{ name: 'l7-02' }], merge: { known: 2, compared_by: 'address', not_found: [{ name: 'lost' }, { name: 'printer' }] } });
    expect(readFileSync(path.join(cwd, 'fleet.yaml'), 'utf8')).toBe(text);
    expect(readdirSync(cwd)).toEqual(['fleet.yaml']);
  });

  test('takes the password from the variable, or each miner\'s own from the file, and prints none', async () => {
    const cwd = temporaryFolder();
    const miner = simulator.miner('m7');
    writeFileSync(path.join(cwd, 'fleet.yaml'), `credentials: {default: {password_env: USUAL}, odd: {password_env: ODD}}\nminers:\n  - {name: a, address: "127.0.0.1:9", credentials: odd}\n`);
    const wrong = await run([miner.address, '--check-password', '--password-env', 'ODD'], { environment: { ODD: 'pw-3f1a' } });
    expect(wrong.out).toContain('refused');
    expect(wrong.out + wrong.err).not.toContain('pw-3f1a');
    expect((await run([miner.address, '--check-password', '--merge', 'fleet.yaml'], { cwd, environment: { USUAL: 'admin', ODD: 'pw-3f1a' } })).out).toContain('accepted');
    expect(await run([miner.address, '--check-password', '--password-env', 'NONE'])).toMatchObject({ code: 2, out: '', err: '--password-env: the environment variable NONE is not set.\n' });
  });

  test('ends with exit code 3 when there is no miner, and writes no file then', async () => {
    const cwd = temporaryFolder();
    expect(await run([`127.0.8.1-4:${port}`, '--write', 'found.yaml'], { cwd })).toMatchObject({ code: 3, out: 'Nothing was found.\n', err: expect.stringContaining('found.yaml was not written') });
    expect(existsSync(path.join(cwd, 'found.yaml'))).toBe(false);
    const { code, out } = await run([`${webHost}:${port}`, '--yaml']);
    expect(code).toBe(3);
    expect(parseConfig(out).miners).toEqual([]);
  });

  test.each([
    [['10.0.0.0/8'], 'names 16,777,216 addresses; at most 65,536'], [['10.0.0.300'], '"10.0.0.300" is not a range of IPv4 addresses. Allowed: 192.168.1.21'], [[], 'missing required argument'],
    [['127.0.0.1', '--port', '0'], 'from 1 to 65535'], [['127.0.0.1', '--concurrency', 'many'], 'from 1 to 4096'], [['127.0.0.1', '--timeout-ms', '1'], 'from 10 to 60000'],
    [['127.0.0.1', '--json', '--yaml'], 'cannot be used with'], [['127.0.0.1', '--password-env', 'A'], 'only together with --check-password'], [['127.0.0.1', '--merge', 'nowhere.yaml'], 'does not exist'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, out, err } = await run(args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test('tells what was found so far when it is interrupted, with exit code 130', async () => {
    const { code, out, err } = await run([`${hostOf(1)}:${port}`, `${hungHost}:${port}`], { terminateWhenSaid: '1 miners' });
    expect(code).toBe(130);
    expect(out).toContain('l7-01');
    expect(err).toContain('Interrupted: this is what was found so far.');
  });
});
