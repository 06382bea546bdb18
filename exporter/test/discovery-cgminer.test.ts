/** Discovery meets what does not speak VNish's REST API: L3+ of both firmwares, a cgminer-like miner, an xminer in trouble. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { parseConfig } from '../src/config/load.ts';
import { discover, type Discovery } from '../src/fleet/discovery.ts';
import { parseRanges } from '../src/config/ranges.ts';
import type { CgiMiner } from '../../simulator/src/cgi/miner.ts';
import type { CgiMinerSpec } from '../../simulator/src/cgi/machine.ts';
import { startSimulator, type AnyMiner, type Simulator } from '../../simulator/src/simulator.ts';
import { hashfleet } from './command.ts';
import { spec } from './running.ts';

const hosts = { old: '127.0.13.10', nameless: '127.0.13.20', stock: '127.0.13.30', other: '127.0.13.40', troubled: '127.0.13.50', well: '127.0.13.60', asleep: '127.0.13.70' };
let simulator: Simulator;
let [port, cgminerPort] = [0, 0];
const servers: Server[] = [];

const l3plus = (name: string, part: Partial<CgiMinerSpec> = {}): CgiMinerSpec => ({ name, model: 'l3plus', firmware: '3.9.0', mac: `02:51:AA:00:01:0${name.length}`, pools: [], ...part });
const open = async (server: Server, place: { host: string; port: number }) => {
  await new Promise<void>((resolve, reject) => void server.once('error', reject).listen(place, resolve));
  servers.push(server);
};

beforeAll(async () => {
  simulator = await startSimulator({ miners: [], speed: 0 });
  const first = await simulator.addMiner(l3plus('old'), { host: hosts.old });
  port = first.port;
  cgminerPort = first.cgminerPort!;
  // No process of mining, so no name on TCP 4028.
  await simulator.addMiner(l3plus('asleep', { begin: 'sleeping' }), { host: hosts.asleep, port, cgminerPort });
  await simulator.addMiner(l3plus('nameless', { password: 'another' }), { host: hosts.nameless, port, cgminerPort });
  await simulator.cgiMiner('nameless').inject('rpc_refused');
  await (await simulator.addMiner(l3plus('stock'), { host: hosts.stock, port, cgminerPort })).inject('stock_fallback');
  await (await simulator.addMiner(spec('troubled', { firmware: '1.2.7' }), { host: hosts.troubled, port, cgminerPort })).inject('http_500');
  await simulator.addMiner(spec('well'), { host: hosts.well, port, cgminerPort });
  await open(createHttpServer((_request, response) => void response.end('<html>A dashboard</html>')), { host: hosts.other, port });
  await open(createServer((socket) => void socket.on('error', () => undefined).once('data', () => socket.end('{"STATS":[{"Type":"Goldshell LT5 \\u001b[31m"},{"GHS 5s":"1"}]}\0'))), { host: hosts.other, port: cgminerPort });
}, 60_000);

afterAll(async () => {
  for (const server of servers) server.close();
  await simulator.stop();
});

const asked = (miner: AnyMiner) => miner.requests.list().map(({ method, path }) => `${method} ${path}`);
const find = (host: string, { found }: Discovery) => found.find(({ target }) => target.host === host);
const look = async (password?: string) => {
  for (const miner of simulator.all) miner.requests.clear();
  return discover({ targets: parseRanges([`127.0.13.0-80:${port}`]), cgminerPort, ...(password === undefined ? {} : { password: () => password }) });
};

describe('discovery', () => {
  test('names what answers on TCP 4028 with the driver that it needs, and asks only what reads', async () => {
    const discovery = await look();
    expect(discovery).toMatchObject({ settled: 81, interrupted: false, untried: [] });
    expect(discovery.found.map(({ target, state }) => [target.host, state])).toEqual([
      [hosts.old, 'vnish-cgi'], [hosts.nameless, 'stock'], [hosts.stock, 'stock'], [hosts.other, 'cgminer'], [hosts.troubled, 'unidentified'], [hosts.well, 'vnish'], [hosts.asleep, 'stock'],
    ]);
    expect(find(hosts.old, discovery)).toMatchObject({ identity: { model: 'Antminer L3+', firmware: 'Vnish', firmwareVersion: '3.9.0', algorithm: 'scrypt' }, password: 'not tried' });
    for (const host of [hosts.nameless, hosts.asleep]) expect(find(host, discovery)).toMatchObject({ reason: 'stock_firmware', detail: expect.stringMatching(/^stock firmware or VNish 3\.x, which ask for the same login; a password tells/) });
    expect(find(hosts.stock, discovery)).toMatchObject({ detail: expect.stringMatching(/^Antminer L3\+: stock firmware or VNish 3\.x/) });
    // VNish 1.x stays what it is to be read by, and says what is the matter.
    expect(find(hosts.troubled, discovery)).toMatchObject({ reason: 'http_5xx', detail: expect.stringMatching(/^Antminer L9 with VNish 1\.2\.7 by its name on TCP 4028, but \/info answered 500/) });
    expect(asked(simulator.miner('well'))).toEqual(['GET /api/v1/info']);
    expect(asked(simulator.cgiMiner('old'))).toEqual(['GET /api/v1/info', 'TCP stats']);
    expect(asked(simulator.cgiMiner('nameless'))).toEqual(['GET /api/v1/info']);
  });

  test('with a password tells stock firmware from VNish 3.x, with one login and nothing but GETs', async () => {
    const discovery = await look('root');
    expect(find(hosts.old, discovery)).toMatchObject({ state: 'vnish-cgi', password: 'accepted', identity: { mac: '02:51:aa:00:01:03', firmwareVersion: '3.9.0' } });
    expect(find(hosts.asleep, discovery)).toMatchObject({ state: 'vnish-cgi', password: 'accepted' });
    expect(find(hosts.stock, discovery)).toMatchObject({ state: 'stock', detail: 'Antminer L3+: stock firmware; install VNish to read it' });
    expect(find(hosts.nameless, discovery)).toMatchObject({ state: 'stock', detail: 'stock firmware or VNish 3.x, which ask for the same login; the password was refused' });
    const logins = (miner: CgiMiner) => miner.requests.list().filter(({ auth }) => auth === 'digest').map(({ method, path }) => `${method} ${path}`);
    expect(logins(simulator.cgiMiner('old'))).toEqual(['GET /cgi-bin/get_system_info.cgi']);
    expect(logins(simulator.cgiMiner('nameless'))).toEqual(['GET /cgi-bin/get_system_info.cgi']);
    expect(logins(simulator.cgiMiner('stock'))).toEqual(['GET /cgi-bin/get_system_info.cgi', 'GET /cgi-bin/chip_hr.json']);
    for (const miner of simulator.cgiMiners) expect(miner.requests.list().filter(({ method }) => method !== 'GET' && method !== 'TCP')).toEqual([]);
  });
});

describe('hashfleet discover', () => {
  const args = () => ['discover', `127.0.13.0-80:${port}`, '--cgminer-port', String(cgminerPort)];

  test('prints entries with the right driver, which a fleet.yaml takes as they are and --merge knows again', async () => {
    const { code, out, err } = await hashfleet([...args(), '--yaml'], { ms: 60_000 });
    expect(code).toBe(0);
    expect(parseConfig(out).miners.map(({ name, address, driver, cgminer_port: other }) => [name, address, driver, other])).toEqual([
      ['l3plus-01', `${hosts.old}:${port}`, 'vnish-cgi', cgminerPort], ['goldshelllt531m-01', `${hosts.other}:${cgminerPort}`, 'cgminer', undefined], ['l9-01', `${hosts.well}:${port}`, 'vnish', undefined],
    ]);
    expect(out).not.toContain('\u001b');
    expect(err).toContain('2 miners with VNish, 3 with stock firmware, 1 unidentified, 1 with another firmware that answers on TCP 4028.');
  });

  test('tries the password root on VNish 3.x where none is configured', async () => {
    const { out } = await hashfleet([...args(), '--check-password', '--json'], { ms: 60_000 });
    const { found } = JSON.parse(out) as { found: { address: string; state: string; password?: string }[] };
    expect(found.find(({ address }) => address === `${hosts.asleep}:${port}`)).toMatchObject({ state: 'vnish-cgi', password: 'accepted' });
  });
});
