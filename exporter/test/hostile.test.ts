import { describe, expect, test } from '@jest/globals';
import { createServer as createHttpServer } from 'node:http';
import type { Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Simulator } from '../../simulator/src/simulator.ts';
import type { MannerKind } from '../../simulator/src/miner/faults.ts';
import { pollFailureReasons, pollFailureRemedies, type PollFailureReason } from '../src/miners/driver.ts';
import { until } from './fixtures.ts';
import { run, simulated, spec, valueOn, whenDone, type Running } from './running.ts';

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  whenDone(async () => new Promise((resolve) => {
    server.close(resolve);
    if ('closeAllConnections' in server) (server as unknown as { closeAllConnections(): void }).closeAllConnections();
  }));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Counts of failures by reason, by miner. */
async function allFailures(running: Running): Promise<Record<string, Record<string, number>>> {
  const found: Record<string, Record<string, number>> = {};
  for (const [, labels = '', count] of (await running.page()).matchAll(/^miner_poll_failures_total\{(.*)\} +(\d+)$/gm)) {
    const [miner, reason] = ['miner', 'reason'].map((name) => new RegExp(`${name}="([^"]*)"`).exec(labels)![1]!) as [string, string];
    (found[miner] ??= {})[reason] = Number(count);
  }
  return found;
}

const failures = async (running: Running, miner: string) => (await allFailures(running))[miner] ?? {};

const complaints = (running: Running, miner: string) => running.lines.filter((line) => line['miner'] === miner && line['msg'] === 'the miner cannot be read');

/** Waits for two failed polls of each miner, and checks what may be seen of them while `good` goes on as if nothing were. */
async function expectFailures(running: Running, reasons: Readonly<Partial<Record<string, PollFailureReason>>>): Promise<void> {
  const began = Date.now();
  const names = Object.keys(reasons);
  const sum = (counts: Record<string, number> = {}) => Object.values(counts).reduce((total, count) => total + count, 0);
  await until(`each of ${names.join(', ')} has failed twice`, async () => {
    const counts = await allFailures(running);
    return names.every((name) => sum(counts[name]) >= 2);
  });
  const counts = await allFailures(running);
  expect(Object.fromEntries(names.map((name) => [name, Object.keys(counts[name] ?? {}).join(' ')]))).toEqual(reasons);
  for (const [miner, reason] of Object.entries(reasons) as [string, PollFailureReason][]) {
    expect([miner, await running.value('miner_up', { miner })]).toEqual([miner, 0]);
    // One line, however many polls; it names the miner, its address and what to do.
    expect(complaints(running, miner)).toEqual([expect.objectContaining({ miner, reason, remedy: pollFailureRemedies[reason], address: expect.stringMatching(/:\d+$/) })]);
  }
  const page = await running.page();
  expect(valueOn(page, 'miner_up', { miner: 'good' })).toBe(1);
  expect(valueOn(page, 'miner_hashrate_hashes_per_second', { miner: 'good' })).toBeGreaterThan(10e9);
  expect(await failures(running, 'good')).toEqual({});
  // Its polls keep their pace of one a second.
  if (Date.now() - began > 1000) expect(Date.now() / 1000 - valueOn(page, 'miner_last_success_timestamp_seconds', { miner: 'good' })!).toBeLessThan(1.6);
  expect(valueOn(page, 'hashfleet_polls_skipped_total')).toBe(0);
}

/** A page in place of /info at the first contact means that no VNish miner is there. */
const reasonAtFirst: Readonly<Partial<Record<MannerKind, PollFailureReason>>> = {
  hang: 'timeout', drip: 'timeout', slow: 'timeout', endless: 'too_large', html: 'not_a_miner', bad_json: 'bad_json', cut: 'reset',
  reset: 'reset', not_http: 'not_http', http_500: 'http_5xx', huge_headers: 'too_large',
};
const manners = Object.keys(reasonAtFirst) as MannerKind[];
const addresses = (simulator: Simulator) => Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address]));

describe('miners that misbehave cost only their own values', () => {
  test('from the first contact: each manner has its reason and one line, memory stays flat, and each comes back once it behaves', async () => {
    const simulator = await simulated([...manners.map((manner) => spec(manner)), spec('good')]);
    for (const manner of manners) await simulator.miner(manner).inject(manner);
    const before = process.memoryUsage().rss;
    const running = await run(addresses(simulator));
    await expectFailures(running, reasonAtFirst);
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(200);

    for (const manner of manners) await simulator.miner(manner).repair();
    await until('all are read', async () => (await running.page()).match(/^miner_up\{.*\} +1$/gm)?.length === simulator.miners.length);
    for (const manner of manners) expect(running.lines.filter((line) => line['msg'] === 'the miner answers again' && line['miner'] === manner)).toEqual([expect.objectContaining({ after: reasonAtFirst[manner] })]);
  });

  test('after they were read well: each keeps its identity, and its measurements go after three intervals', async () => {
    const simulator = await simulated([...manners.map((manner) => spec(manner)), spec('good')]);
    const running = await run(addresses(simulator));
    await until('all are read', async () => (await running.page()).match(/^miner_up\{.*\} +1$/gm)?.length === simulator.miners.length);
    for (const manner of manners) await simulator.miner(manner).inject(manner, { path: '/summary' });
    await expectFailures(running, { ...reasonAtFirst, html: 'html_body' });
    await until('measurements are gone', async () => (await running.page()).match(/^miner_state_seconds/gm)?.length === 1);
    const page = await running.page();
    for (const manner of manners) expect(page).toMatch(new RegExp(`^miner_info\\{miner="${manner}",site="default",model="Antminer L9",firmware="Vnish",firmware_version="1.3.4"`, 'm'));
  });

  test('by wrong values loses those values and nothing else: no number is made up', async () => {
    const simulator = await simulated([spec('bad'), spec('good')]);
    const running = await run({ bad: simulator.miner('bad').address, good: simulator.miner('good').address });
    await until('it is read', async () => (await running.value('miner_up', { miner: 'bad' })) === 1);
    await simulator.miner('bad').inject('garbage_values', { path: '/summary' });
    await until('wrong fields are counted', async () => (await running.page()).includes('hashfleet_schema_mismatches_total{source="summary"'));
    const lines = (await running.page()).split('\n').filter((line) => line.includes('miner="bad"'));
    expect(lines.filter((line) => !Number.isFinite(Number(/(\S+)$/.exec(line)![1])))).toEqual([]);
    expect(lines.filter((line) => line.endsWith(' -1'))).toEqual([]);
    expect(await failures(running, 'good')).toEqual({});
  });

  test('by a wrong content type is read all the same: the body is JSON', async () => {
    const simulator = await simulated([spec('bad')]);
    await simulator.miner('bad').inject('wrong_content_type');
    const running = await run({ bad: simulator.miner('bad').address });
    await until('it is read', async () => (await running.value('miner_up', { miner: 'bad' })) === 1);
  });

  test('that is unplugged mid-poll is told once, and comes back by itself', async () => {
    const simulator = await simulated([spec('bad'), spec('good')]);
    const running = await run({ bad: simulator.miner('bad').address, good: simulator.miner('good').address });
    await until('it is read', async () => (await running.value('miner_up', { miner: 'bad' })) === 1);
    await simulator.miner('bad').inject('hang');
    await until('a poll hangs', async () => (await running.value('hashfleet_polls_in_flight')) === 1);
    await simulator.miner('bad').inject('unplugged');
    await until('it cannot be connected to', async () => ((await failures(running, 'bad'))['connect'] ?? 0) >= 2);
    expect(complaints(running, 'bad').filter(({ reason }) => reason === 'connect')).toHaveLength(1);
    expect(await failures(running, 'good')).toEqual({});
    await simulator.miner('bad').repair();
    simulator.clock.advance(60_000);
    await until('it is read again', async () => (await running.value('miner_up', { miner: 'bad' })) === 1);
  });
});

test('addresses where no miner is are told apart, each with its own reason', async () => {
  const simulator = await simulated([spec('good'), spec('fell-back')]);
  await simulator.miner('fell-back').inject('stock_fallback');
  // Not a port that was free a moment ago: another test may listen there by now.
  const nobody = '127.0.0.1:1';
  const answering = async (status: number, type: string, body: string) =>
    listening(createHttpServer((_request, response) => void response.writeHead(status, { 'content-type': type, ...(status === 302 ? { location: '/login' } : {}) }).end(body)));
  const running = await run({
    ...addresses(simulator), nobody, unnamed: 'no-such-host.invalid:80',
    web: await answering(200, 'text/html', '<html>It works!</html>'), other: await answering(404, 'text/plain', 'not found'),
    api: await answering(200, 'application/json', '{"hello":"world"}'), login: await answering(302, 'text/html', ''),
  });
  await expectFailures(running, { nobody: 'connect', unnamed: 'dns', web: 'not_a_miner', other: 'not_a_miner', api: 'not_a_miner', login: 'not_a_miner', 'fell-back': 'stock_firmware' });
});

describe('a reply of absurd size', () => {
  const info = { miner: 'Antminer L9', model: 'l9', fw_name: 'Vnish', fw_version: '1.2.7', algorithm: 'scrypt', hr_measure: 'MH/s', system: {} };
  const summary = { miner: { miner_status: { miner_state: 'mining', miner_state_time: 9 }, hr_realtime: 1, hr_average: 1, power_consumption: 1, hw_errors: 0, pools: [], cooling: { fan_duty: 1, fans: [] }, chains: [] as unknown[] } };

  async function answering(replies: Record<string, unknown>): Promise<string> {
    return listening(createHttpServer((request, response) => {
      const reply = replies[(request.url ?? '').replace('/api/v1', '')];
      response.writeHead(reply === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(reply ?? {}));
    }));
  }

  test('neither stops the others nor swells the page: boards, fans and pools without number, texts without end', async () => {
    const simulator = await simulated([spec('good')]);
    const { miner } = summary;
    const absurd = {
      expecting: { '/model': { full_name: 'Antminer L9', chain: { num_chains: 1e9 } }, '/summary': summary },
      boards: { '/summary': { miner: { ...miner, chains: Array.from({ length: 30_000 }, (_, id) => ({ id: id + 1, hw_errors: 1 })) } } },
      fans: { '/summary': { miner: { ...miner, cooling: { fan_duty: 1, fans: Array.from({ length: 30_000 }, (_, id) => ({ id, rpm: 1 })) } } } },
      pool: { '/summary': { miner: { ...miner, pools: [{ id: 0, url: 'u'.repeat(500_000), user: 'x', pool_type: 'UserPool', status: 'active' }] } } },
    };
    const places: Record<string, string> = { good: simulator.miner('good').address };
    for (const [name, replies] of Object.entries(absurd)) places[name] = await answering({ '/info': info, '/status': miner.miner_status, ...replies });
    const running = await run(places);
    await until('all are read', async () => (await running.page()).match(/^miner_up\{.*\} +1$/gm)?.length === 5);
    const page = await running.page();
    for (const name of Object.keys(absurd)) expect(page.split('\n').filter((line) => line.includes(`miner="${name}"`)).length).toBeLessThan(800);
    expect(page.length).toBeLessThan(300_000);
    expect((await running.api('/telemetry/pool')).text.length).toBeLessThan(5_000);
    expect(page).toContain('hashfleet_schema_mismatches_total{source="summary",field="chains"}');
  });
});

test('every reason has a remedy for people', () => {
  for (const reason of pollFailureReasons) expect(pollFailureRemedies[reason].length).toBeGreaterThan(10);
});
