/** TCP 4028 of simulated miners, held against the captures and the notes of vnish-api.md 5b. */
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { CgiMinerSpec } from '../src/cgi/machine.ts';
import { poolsFor } from '../src/fleet.ts';
import type { FaultKind } from '../src/miner/faults.ts';
import { rpcManners } from '../src/miner/faults.ts';
import type { AnyMiner, Simulator } from '../src/simulator.ts';
import { ask, oneMiner, startManual, stopAll } from './support/one-miner.ts';

afterEach(stopAll);

const samples = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../shared/reference/vnish-samples');
const haveSamples = existsSync(samples);
const withSamples = haveSamples ? test : test.skip;
const skipReason = haveSamples ? '' : '(skipped: ../shared/reference/vnish-samples is not beside the project)';
const sample = (name: string) => JSON.parse(readFileSync(path.join(samples, name), 'utf8')) as Reply;

interface Reply { readonly STATUS: readonly { STATUS: string; Code: number; Msg: string }[]; readonly STATS: readonly [Record<string, unknown>, Record<string, unknown>]; readonly SUMMARY: readonly [Record<string, unknown>]; readonly POOLS: readonly Record<string, unknown>[] }

/** What comes until the other side closes, or `ms` are over. */
function say(miner: AnyMiner, what: string, ms = 5000): Promise<{ text: string; ended: 'closed' | 'reset' | 'open' }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: miner.host, port: miner.cgminerPort! });
    const end = (ended: 'closed' | 'reset' | 'open') => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, ended });
    };
    const timer = setTimeout(() => end('open'), ms);
    socket.on('connect', () => socket.write(what)).on('data', (chunk) => {
      text += chunk.toString();
      if (text.length > 200_000) end('open');
    }).on('end', () => end('closed')).on('error', () => end('reset'));
  });
}

async function call(miner: AnyMiner, command: string): Promise<Reply> {
  const { text, ended } = await say(miner, JSON.stringify({ command }));
  expect([ended, text.at(-1)]).toEqual(['closed', '\0']);
  return JSON.parse(text.slice(0, -1)) as Reply;
}

/** The type of each key's value. */
function shape(value: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(value).map(([key, one]): [string, string] => [key, typeof one]));
}

const l3 = (part: Partial<CgiMinerSpec> = {}): CgiMinerSpec => ({ name: 'l3-01', model: 'l3plus', firmware: '3.9.0', mac: '02:51:00:00:00:31', pools: poolsFor('l3-01'), ...part });
const start = async (part: Partial<CgiMinerSpec> = {}): Promise<Simulator> => startManual({ miners: [l3(part)], controlPort: 0 });

describe('xminer on TCP 4028', () => {
  withSamples(`has the keys of the captures of 1.2.7, each with the same type ${skipReason}`, async () => {
    const { miner } = await oneMiner({ model: 's21pro', firmware: '1.2.7' });
    const [stats, real] = [await call(miner, 'stats'), sample('s21pro-1.2.7-rpc4028-stats.json')];
    expect(stats.STATS.map(shape)).toEqual(real.STATS.map(shape));
    expect({ ...stats.STATUS[0], When: 0 }).toEqual({ ...real.STATUS[0], When: 0 });
    const [pools, realPools] = [await call(miner, 'pools'), sample('s19jpro-1.2.7-rpc4028-pools.json')];
    expect(pools.POOLS.map(shape)).toEqual(pools.POOLS.map(() => shape(realPools.POOLS[0]!)));
    const [summary, realSummary] = [shape((await call(miner, 'summary')).SUMMARY[0]), shape(sample('s19jpro-1.2.7-rpc4028-summary.json').SUMMARY[0])];
    expect(Object.keys(realSummary)).toEqual(expect.arrayContaining(Object.keys(summary)));
    const refused = await call(miner, 'version');
    expect({ ...refused.STATUS[0], When: 0 }).toEqual({ ...sample('s19jpro-1.2.7-rpc4028-version-error.json').STATUS[0], When: 0 });
  });

  test('says what the REST API says, with MH/s under the label GHS on scrypt', async () => {
    const bench = await oneMiner({ firmware: '1.2.7' });
    const [, numbers] = (await call(bench.miner, 'stats')).STATS;
    const summary = await bench.summary();
    expect(numbers).toMatchObject({ 'GHS 5s': summary.hr_realtime.toFixed(2), 'state': 'mining', 'chain_acn1': 110, 'chain_vol1': summary.chains[0]!.voltage, 'chain_consumption2': summary.chains[1]!.power_consumption });
    expect(numbers['temp_pcb1']).toMatch(/^\d+-\d+-\d+-\d+$/);
    expect(Number(numbers['temp2_1'])).toBe(Number(numbers['temp1']) + 15);
  });

  test('is closed while the miner starts, and refused while it has no power', async () => {
    const bench = await oneMiner({ firmware: '1.2.7' });
    await bench.command('/mining/restart');
    bench.after(20);
    expect((await say(bench.miner, '{"command":"stats"}')).ended).toBe('reset');
    bench.after(300);
    expect((await call(bench.miner, 'stats')).STATS[1]).toMatchObject({ state: 'mining' });
    await bench.miner.inject('unplugged');
    expect((await say(bench.miner, '{"command":"stats"}')).ended).toBe('reset');
    await bench.miner.repair();
    bench.after(300);
    expect((await call(bench.miner, 'stats')).STATUS[0]).toMatchObject({ STATUS: 'S', Code: 70 });
  });

  test('answers nonsense with a refusal, and keeps count of what was asked', async () => {
    const { miner } = await oneMiner();
    for (const nonsense of ['{"command":1}', '{}', '[}', `{"command":"${'x'.repeat(3000)}"}`]) expect((await say(miner, nonsense)).text).toContain('Invalid command');
    await call(miner, 'devs');
    expect(miner.requests.list({ method: 'TCP' }).map(({ path: asked }) => asked.slice(0, 12))).toEqual(['(no command)', '(no command)', '(no command)', expect.any(String), 'devs']);
  });
});

describe('an L3+ on TCP 4028', () => {
  withSamples(`has the keys of the capture, each with the same type ${skipReason}`, async () => {
    const [miner] = (await start()).cgiMiners;
    expect((await call(miner!, 'stats')).STATS.map(shape)).toEqual(sample('l3plus-rwglr-NOT-VNISH-rpc4028-stats-excerpt.json').STATS.map(shape));
  });

  test('has zeros for a missing board, letters for bad chips, and nobody there while it does not mine', async () => {
    const simulator = await start();
    const [miner] = simulator.cgiMiners;
    await miner!.inject('board_missing', { board: 2 });
    await miner!.inject('chips_bad', { board: 1, count: 5 });
    const [, numbers] = (await call(miner!, 'stats')).STATS;
    expect(numbers).toMatchObject({ chain_acn1: 67, chain_acn2: 0, temp2: 0, temp2_2: 0, chain_acs2: '', miner_count: 3, frequency2: '0' });
    expect(String(numbers['chain_acs1']).replace(/[^x]/g, '')).toHaveLength(5);
    expect(Math.abs(Number(numbers['GHS 5s']) / (504 * (3 - 5 / 72) / 4) - 1)).toBeLessThan(0.04);
    await miner!.inject('chip_overheat', { board: 1, celsius: 60 });
    simulator.clock.advance(600_000);
    expect(miner!.truth().phase).toBe('stopped');
    expect((await say(miner!, '{"command":"stats"}')).ended).toBe('reset');
    await miner!.repair();
    simulator.clock.advance(90_000);
    expect(miner!.truth().phase).toBe('mining');
  });
});

test.each(rpcManners)('%s is told from a good answer, and repaired', async (kind: FaultKind) => {
  const [miner] = (await start()).cgiMiners;
  await miner!.inject(kind, { milliseconds: 10 });
  const { text, ended } = await say(miner!, '{"command":"stats"}', 500);
  const whole = (() => {
    try {
      return typeof JSON.parse(text.replace(/\0$/, '')) === 'object';
    } catch {
      return false;
    }
  })();
  expect(whole).toBe(false);
  expect(ended).toBe({ rpc_silent: 'open', rpc_cut: 'closed', rpc_bad_json: 'closed', rpc_drip: 'open', rpc_endless: 'open', rpc_refused: 'reset' }[kind as 'rpc_cut']);
  await miner!.repair(kind);
  expect((await call(miner!, 'stats')).STATUS[0]).toMatchObject({ STATUS: 'S' });
});

describe('an L3+ is a miner like the others', () => {
  const control = (simulator: Simulator, method: string, where: string, body?: unknown) => ask(`${simulator.control!.url}${where}`, { method, ...(body === undefined ? {} : { body }) });

  test('on the control port: it comes, has troubles, tells what was asked of it, and goes', async () => {
    const simulator = await startManual({ miners: 1, controlPort: 0 });
    for (const [name, model] of [['old-l3plus', 'l3plus'], ['older', 'l3+']]) expect((await control(simulator, 'POST', '/miners', { name, model, begin: 'mining' })).status).toBe(201);
    const added = (await control(simulator, 'GET', '/miners/old-l3plus')).json<{ address: string; cgminerPort: number; truth: object }>();
    expect(added).toMatchObject({ model: 'l3plus', firmware: '3.9.0', mac: expect.stringMatching(/^02/), truth: { phase: 'mining', worker: 'old-l3plus' } });
    await call(simulator.cgiMiner('old-l3plus'), 'summary');
    await ask(`http://${added.address}/cgi-bin/check.cgi`);
    expect((await control(simulator, 'GET', '/miners/old-l3plus/requests')).json()).toMatchObject([{ method: 'TCP', path: 'summary' }, { method: 'GET', path: '/cgi-bin/check.cgi' }]);
    expect((await control(simulator, 'POST', '/miners/old-l3plus/faults', { kind: 'fan_lost', fan: 1 })).json()).toMatchObject({ faults: [{ kind: 'fan_lost', fan: 1 }], truth: { fansRpm: [expect.any(Number), 0] } });
    const refused = await control(simulator, 'POST', '/miners/old-l3plus/faults', { kind: 'preset_drift' });
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('an L3+ cannot have preset_drift; it can have board_missing')]);
    expect((await control(simulator, 'POST', '/miners', { name: 'x', model: 'l3plus', firmware: '1.2.7' })).text).toContain('must be 3.9.0');
    expect((await control(simulator, 'GET', '/fleet.yaml')).text).toContain(`  - {name: old-l3plus, address: "${added.address}", driver: vnish-cgi, cgminer_port: ${added.cgminerPort}, site: garage,`);
    await control(simulator, 'DELETE', '/miners/old-l3plus');
    expect(simulator.all.map(({ name }) => name)).toEqual(['l9-01', 'older']);
  });

  test('at the pool: its worker earns what it hashes, through the pool that lives, and nothing when none does', async () => {
    const simulator = await start();
    const [miner] = simulator.cgiMiners;
    const seen = () => {
      simulator.advance();
      return simulator.pool.ledger.workerHashrates(simulator.clock.now()).get('l3-01') ?? 0;
    };
    // Found mining: the pool's window is full already.
    expect(Math.abs(seen() / 504e6 - 1)).toBeLessThan(0.4);
    await miner!.inject('pool_down', { pool: 0 });
    simulator.clock.advance(3_600_000);
    expect(Math.abs(seen() / 504e6 - 1)).toBeLessThan(0.4);
    expect((await call(miner!, 'pools')).POOLS.map(({ Status, 'Stratum Active': active }) => [Status, active])).toEqual([['Dead', false], ['Alive', true]]);
    await miner!.inject('pool_down', { pool: 'all' });
    simulator.clock.advance(3_600_000);
    expect([seen(), miner!.truth().hashesPerSecond, miner!.truth().phase]).toEqual([0, 0, 'mining']);
  });

  test('in time: looking often and looking once see the same machine in the end', async () => {
    const [often, once] = [await start(), await start()];
    for (let looks = 0; looks < 200; looks += 1) {
      often.clock.advance(7_300);
      often.cgiMiners[0]!.truth();
    }
    once.clock.advance(200 * 7_300);
    expect(once.cgiMiners[0]!.truth()).toEqual(often.cgiMiners[0]!.truth());
    expect((await call(once.cgiMiners[0]!, 'pools')).POOLS).toEqual((await call(often.cgiMiners[0]!, 'pools')).POOLS);
  });

  test('in address mode everyone\'s TCP 4028 is on one port, each at its own address', async () => {
    const free = await start();
    const [port, cgminerPort] = [free.cgiMiners[0]!.port, free.cgiMiners[0]!.cgminerPort!];
    await stopAll();
    const simulator = await startManual({ miners: [l3(), l3({ name: 'l3-02' })], addressMode: 'address', firstPort: port, cgminerPort });
    expect(simulator.all.map(({ address, cgminerPort: one }) => [address, one])).toEqual([[`127.1.0.1:${port}`, cgminerPort], [`127.1.0.2:${port}`, cgminerPort]]);
    expect((await call(simulator.cgiMiner('l3-02'), 'stats')).STATS[0]).toMatchObject({ Type: 'Antminer L3+ (vnish 3.9.0)' });
  });
});
