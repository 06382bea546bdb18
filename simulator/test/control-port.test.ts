/** The simulator is turned over HTTP. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Simulator } from '../src/simulator.ts';
import { ask, benchOf, startManual, stopAll } from './support/one-miner.ts';
import type { RecordedRequest } from '../src/miner/request-record.ts';
import type { ControlMiner } from './support/replies.ts';

afterEach(stopAll);

const start = (miners = 2) => startManual({ miners, controlPort: 0 });
const call = (simulator: Simulator, method: string, path: string, body?: unknown) =>
  ask(`${simulator.control!.url}${path}`, { method, ...(body === undefined ? {} : { body }) });

test('lists the miners with what is true of them', async () => {
  const simulator = await start();
  const [miner] = (await call(simulator, 'GET', '/miners')).json<ControlMiner[]>();
  expect(miner).toMatchObject({
    name: 'l9-01', address: simulator.miners[0]!.address, mac: expect.stringMatching(/^02(:[0-9a-f]{2}){5}$/), model: 'l9', firmware: '1.3.4', faults: [],
    truth: { state: 'mining', preset: expect.any(String), hashesPerSecond: expect.any(Number), wallWatts: expect.any(Number), worker: 'l9-01' },
  });
});

test('faults are made and repaired', async () => {
  const simulator = await start();
  const made = await call(simulator, 'POST', '/miners/l9-02/faults', { kind: 'fan_lost', fan: 2 });
  expect([made.status, made.json<ControlMiner>().faults]).toMatchObject([201, [{ kind: 'fan_lost', fan: 2 }]]);
  await call(simulator, 'POST', '/miners/l9-02/faults', { kind: 'http_500' });
  expect((await call(simulator, 'DELETE', '/miners/l9-02/faults/http_500')).json()).toMatchObject({ repaired: 1, faults: [{ kind: 'fan_lost' }] });
  expect((await call(simulator, 'DELETE', '/miners/l9-02/faults')).json()).toMatchObject({ repaired: 1, faults: [] });
});

test.each([
  ['an unknown fault', { kind: 'gremlins' }, 'kind must be one of'], ['an unknown parameter', { kind: 'slow', ms: 3 }, 'unknown parameter ms'],
  ['text for a number', { kind: 'fan_lost', fan: 'first' }, 'fan must be a number'],
])('%s is refused with what is allowed', async (_name, body, message) => {
  const reply = await call(await start(1), 'POST', '/miners/l9-01/faults', body);
  expect(reply.status).toBe(400);
  expect(reply.json<{ error: string }>().error).toContain(message);
});

test('requests are recorded with their credentials’ kind, without passwords', async () => {
  const simulator = await start(1);
  const bench = benchOf(simulator, simulator.miners[0]!);
  const session = await bench.unlock();
  await bench.post('/settings', { password: { current: 'admin', pw: 'secret' } }, session);
  await bench.post('/settings', { miner: { pools: [1, 2, 3].map(() => ({ url: 'p', user: 'u', pass: 'n=l9-01,k=feed' })) } }, { authorization: session.authorization.slice(7) });
  await bench.post('/mining/restart', undefined, { 'x-api-key': 'unknown' });
  await bench.get('/info');
  const list = (await call(simulator, 'GET', '/miners/l9-01/requests?method=POST')).json<RecordedRequest[]>();
  expect(list.map((one) => [one.path, one.auth, one.authValid])).toEqual([
    ['/api/v1/unlock', 'none', false], ['/api/v1/settings', 'bearer', true], ['/api/v1/settings', 'bare', true], ['/api/v1/mining/restart', 'api-key', false],
  ]);
  expect(list[0]?.body).toEqual({ pw: '***' });
  expect(JSON.stringify(list)).not.toMatch(/admin|secret|feed/);
  expect(list[2]?.body).toMatchObject({ miner: { pools: [{ pass: 'n=l9-01,k=***' }, {}, {}] } });
  expect((await call(simulator, 'GET', '/miners/l9-01/requests?path=/mining/restart')).json()).toHaveLength(1);
  await call(simulator, 'DELETE', '/miners/l9-01/requests');
  expect((await call(simulator, 'GET', '/miners/l9-01/requests')).json()).toEqual([]);
});

describe('the clock', () => {
  test('is moved by seconds and by speed', async () => {
    const simulator = await start(1);
    const { timeMs } = (await call(simulator, 'GET', '/clock')).json<{ timeMs: number }>();
    expect((await call(simulator, 'POST', '/clock', { advanceSeconds: 3600 })).json<{ timeMs: number }>().timeMs).toBe(timeMs + 3_600_000);
    expect((await call(simulator, 'POST', '/clock', { speed: 60 })).json()).toMatchObject({ speed: 60 });
  });

  test('never goes back', async () => {
    expect((await call(await start(1), 'POST', '/clock', { advanceSeconds: -1 })).status).toBe(400);
  });
});

test('miners come and go', async () => {
  const simulator = await start(1);
  const added = await call(simulator, 'POST', '/miners', { name: 'l7-77', model: 'l7', firmware: '1.2.7', begin: 'mining' });
  expect(added.status).toBe(201);
  expect((await ask(`http://${added.json<ControlMiner>().address}/api/v1/info`)).json()).toMatchObject({ model: 'l7' });
  expect((await call(simulator, 'POST', '/miners', { name: 'l7-77' })).status).toBe(409);
  await call(simulator, 'DELETE', '/miners/l7-77');
  await expect(ask(`http://${added.json<ControlMiner>().address}/api/v1/info`)).rejects.toThrow();
  expect((await call(simulator, 'GET', '/miners/l7-77')).status).toBe(404);
});

test('the pool’s mode is set, and only to one that exists', async () => {
  const simulator = await start(1);
  expect((await call(simulator, 'POST', '/pool/mode', { mode: 'http_500' })).json()).toMatchObject({ mode: 'http_500' });
  expect((await call(simulator, 'POST', '/pool/mode', { mode: 'sleepy' })).status).toBe(400);
});

test('fleet.yaml names every miner as the exporter wants it', async () => {
  const simulator = await start(12);
  const lines = (await call(simulator, 'GET', '/fleet.yaml')).text.trimEnd().split('\n');
  expect(lines[0]).toBe('miners:');
  expect(lines).toHaveLength(13);
  expect(lines[1]).toBe(`  - {name: l9-01, address: "${simulator.miners[0]!.address}", site: garage, rack: A, circuit: A1, pool_worker: l9-01}`);
});

test('the demo fleet is five L9 and one L7 on 1.3.4, three L9 and three L7 on 1.2.7, each with a MAC of its own', async () => {
  const { miners } = await start(12);
  const count = (model: string, firmware: string) => miners.filter(({ spec }) => spec.model === model && spec.firmware === firmware).length;
  expect([count('l9', '1.3.4'), count('l9', '1.2.7'), count('l7', '1.2.7'), count('l7', '1.3.4')]).toEqual([5, 3, 3, 1]);
  expect(new Set(miners.map(({ spec }) => spec.mac)).size).toBe(12);
});

test('in address mode every miner has an address of its own on one port', async () => {
  const free = await start(1);
  const { port } = free.miners[0]!;
  await free.stop();
  const simulator = await startManual({ miners: 3, addressMode: 'address', firstPort: port });
  expect(simulator.miners.map((miner) => miner.address)).toEqual([`127.1.0.1:${port}`, `127.1.0.2:${port}`, `127.1.0.3:${port}`]);
  expect((await ask(`${simulator.miners[2]!.url}/api/v1/info`)).status).toBe(200);
});

test('healthy', async () => {
  expect((await call(await start(1), 'GET', '/healthy')).json()).toEqual({ healthy: true, miners: 1 });
  expect((await call(await start(1), 'GET', '/elsewhere')).status).toBe(404);
});
