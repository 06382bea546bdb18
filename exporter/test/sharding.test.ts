/** Several exporters share one fleet.yaml, each in a process of its own, and a real Prometheus puts them together. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { holds, shardOf } from '../src/fleet/sharding.ts';
import { sourceArguments, temporaryFolder } from './command.ts';
import { here, until } from './fixtures.ts';
import { freePort, prometheus } from './prometheus.ts';
import { run, simulated, spec, valueOn, whenDone } from './running.ts';

const names = Array.from({ length: 20 }, (_, index) => `l9-${String(index + 1).padStart(2, '0')}`);
const fleetOf = async () => simulated(names.map((name, index) => spec(name, { mac: `02:51:00:00:01:${(16 + index).toString(16)}` })), { speed: 1 });

describe('the share of a miner', () => {
  test('is what hashmod of Prometheus makes of its name: the last 8 bytes of the MD5 sum, modulo the count', () => {
    const bytes = createHash('md5').update('l9-01').digest('hex').slice(16);
    expect(shardOf('l9-01', 7)).toBe(Number(BigInt(`0x${bytes}`) % 7n));
  });

  test('is one of them, and no exporter has much more than another', () => {
    const many = Array.from({ length: 6000 }, (_, index) => `rig-${index}`);
    for (const count of [1, 2, 3, 6]) {
      const shares = Array.from({ length: count }, (_, index) => many.filter((name) => holds({ index, count }, name)));
      expect(shares.flat().sort()).toEqual([...many].sort());
      for (const share of shares) expect(Math.abs(share.length / (many.length / count) - 1)).toBeLessThan(0.1);
    }
  });
});

interface Part { child: ChildProcess; readonly port: number; start(): Promise<void>; kill(): Promise<void> }

async function part(shard: string, fleet: string): Promise<Part> {
  const [port, data] = [await freePort(), temporaryFolder()];
  const self: Part = {
    child: undefined as never, port,
    async start() {
      self.child = spawn(process.execPath, [...sourceArguments, 'start', '-c', fleet, '--shard', shard, '--data', data, '--metrics-listen', `127.0.0.1:${port}`, '--api-listen', '127.0.0.1:0', '--log-level', 'error'], { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] });
      await until(`shard ${shard} answers`, async () => fetch(`http://127.0.0.1:${port}/-/ready`).then(({ ok }) => ok, () => false), 30_000);
    },
    async kill() {
      const ended = new Promise((resolve) => self.child.once('exit', resolve));
      self.child.kill('SIGKILL');
      await ended;
    },
  };
  whenDone(async () => Promise.resolve(self.child.kill('SIGKILL')));
  await self.start();
  return self;
}

async function twoParts(simulator: Awaited<ReturnType<typeof fleetOf>>) {
  const fleet = path.join(temporaryFolder(), 'fleet.yaml');
  writeFileSync(fleet, `poll: {interval_seconds: 1, deadline_seconds: 0.9, slow_interval_seconds: 30}\nminers:\n${simulator.miners.map(({ name, address }) => `  - {name: ${name}, address: "${address}"}`).join('\n')}\n`);
  return Promise.all([part('0/2', fleet), part('1/2', fleet)]);
}

test('two exporters and one Prometheus cover the fleet without gap or overlap; one dies, and only its share is missing until it is back', async () => {
  const simulator = await fleetOf();
  const [first, second] = await twoParts(simulator);
  const tsdb = await prometheus(`global: {scrape_interval: 1s, scrape_timeout: 900ms}\nscrape_configs:\n- job_name: hashfleet\n  static_configs: [{targets: ["127.0.0.1:${first.port}", "127.0.0.1:${second.port}"]}]\n`);
  const seen = async (expression: string) => (await tsdb.query(expression)).map(({ metric }) => metric['miner']!).sort();
  await until('every miner is up', async () => (await tsdb.number('sum(miner_up)')) === names.length, 30_000);
  expect(await seen('miner_up')).toEqual(names);
  expect(await tsdb.number('max(count by (miner) (miner_up))')).toBe(1);
  // Each miner is read by one exporter only: the machine itself says so.
  expect(names.map((name) => simulator.miner(name).requests.list({ path: '/model' }).length)).toEqual(names.map(() => 1));
  const [mine, theirs] = [0, 1].map((index) => names.filter((name) => shardOf(name, 2) === index)) as [string[], string[]];
  expect(Math.min(mine.length, theirs.length)).toBeGreaterThan(3);
  expect(await seen(`miner_up{instance="127.0.0.1:${first.port}"}`)).toEqual(mine);

  await until('it counts', async () => (await tsdb.number('min(miner_energy_joules_total)'))! > 0, 20_000);
  await first.kill();
  const diedAt = Date.now() / 1000;
  await until('Prometheus misses the one that died', async () => (await tsdb.number(`up{instance="127.0.0.1:${first.port}"}`)) === 0);
  await until('its share is gone, not frozen', async () => (await seen('miner_up')).join() === theirs.join());
  // Another can stand in at once, miner by miner, on demand.
  const stood = await (await fetch(`http://127.0.0.1:${second.port}/probe?target=${mine[0]!}`)).text();
  expect(valueOn(stood, 'miner_up', { miner: mine[0]! })).toBe(1);
  await first.start();
  await until('the fleet is whole again', async () => (await seen('miner_up == 1')).join() === names.join(), 30_000);
  expect(await tsdb.number('max(count by (miner) (miner_up))')).toBe(1);
  // The other's share knew no gap, and no counter was set back.
  const seconds = Math.floor(Date.now() / 1000 - diedAt);
  expect(await seen(`min_over_time(miner_up[${seconds}s]) == 1 and on (miner) count_over_time(miner_up{instance="127.0.0.1:${second.port}"}[${seconds}s]) > ${seconds * 0.6}`)).toEqual(theirs);
  expect(await tsdb.number('max(resets(miner_energy_joules_total[5m]))')).toBe(0);
  expect(await tsdb.number('max(resets(miner_hashes_total[5m]))')).toBe(0);
}, 120_000);

test('Prometheus finds the miners by /sd, shares them out with hashmod, and reads each by /probe; the exporters agree on the shares', async () => {
  const simulator = await fleetOf();
  const parts = await twoParts(simulator);
  const tsdb = await prometheus(`
global: {scrape_interval: 1s, scrape_timeout: 900ms}
scrape_configs:
- job_name: miners
  metrics_path: /probe
  http_sd_configs: [{url: "http://127.0.0.1:${parts[0].port}/sd", refresh_interval: 1s}]
  relabel_configs:
  - {source_labels: [__meta_hashfleet_miner], target_label: __param_target}
  - {source_labels: [__meta_hashfleet_miner], target_label: instance}
  - {source_labels: [__meta_hashfleet_miner], modulus: 2, target_label: __tmp_shard, action: hashmod}
  - {source_labels: [__tmp_shard], regex: "0", target_label: __address__, replacement: "127.0.0.1:${parts[0].port}"}
  - {source_labels: [__tmp_shard], regex: "1", target_label: __address__, replacement: "127.0.0.1:${parts[1].port}"}
`);
  await until('every miner is up', async () => (await tsdb.number('sum(miner_up)')) === names.length, 40_000);
  expect(await tsdb.number('max(count by (miner) (miner_up))')).toBe(1);
  // Had they not agreed, a miner would be read by both.
  expect(names.map((name) => simulator.miner(name).requests.list({ path: '/model' }).length)).toEqual(names.map(() => 1));
}, 90_000);

test('a pool is shown by one part only', async () => {
  const pages = await Promise.all([0, 1].map(async (index) => (await run({ a: '192.0.2.1' }, { sections: 'pools: [{name: ph, type: prohashing}]', shard: { index, count: 2 } })).page()));
  expect(pages.map((page) => page.includes('pool_up{pool="ph"}')).sort()).toEqual([false, true]);
});

describe('/probe', () => {
  test('gives exactly the series of one miner, from memory or read now, also of another shard, and a failure as such', async () => {
    const simulator = await simulated([spec('own'), spec('foreign', { mac: '02:51:00:00:00:02' }), spec('dead', { mac: '02:51:00:00:00:03' })]);
    const count = [2, 3, 4, 5, 6, 7, 8, 9].find((size) => shardOf('own', size) !== shardOf('foreign', size) && shardOf('own', size) !== shardOf('dead', size))!;
    await simulator.miner('dead').inject('unplugged');
    const running = await run(Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address])), { poll: '{interval_seconds: 3600, deadline_seconds: 0.9}', shard: { index: shardOf('own', count), count } });
    const probe = async (query: string) => {
      const reply = await fetch(`http://127.0.0.1:${running.service.metricsPort}/probe?${query}`);
      return { status: reply.status, text: await reply.text() };
    };
    const reads = (name: string) => simulator.miner(name).requests.list({ path: '/summary' }).length;
    expect(valueOn((await probe('target=own')).text, 'miner_up', { miner: 'own' })).toBe(1);
    expect(reads('own')).toBe(1);
    await probe('target=own');
    expect(reads('own')).toBe(1);
    await probe('target=own&fresh=1');
    expect(reads('own')).toBe(2);
    const foreign = (await probe('target=foreign')).text;
    expect(valueOn(foreign, 'miner_hashrate_hashes_per_second', { miner: 'foreign' })).toBeGreaterThan(10e9);
    expect(foreign).not.toContain('miner="own"');
    expect(foreign).not.toContain('hashfleet_');
    expect(await running.page()).not.toContain('miner="foreign"');
    // What is not read in the background is read at each probe.
    await probe('target=foreign');
    expect(reads('foreign')).toBe(2);
    const dead = await probe('target=dead');
    expect([dead.status, valueOn(dead.text, 'miner_up', { miner: 'dead' }), valueOn(dead.text, 'miner_poll_failures_total', { miner: 'dead', reason: 'connect' })]).toEqual([200, 0, 1]);
  });

  test.each([['', 400], ['target=a&target=b', 400], ['target=own&fresh=yes', 400], ['target=nobody', 404], ['target=192.0.2.7', 404], ['target=http%3A%2F%2F127.0.0.1%2F', 404], ['target=__proto__', 404]])('refuses ?%s: only configured miners can be asked for', async (query, status) => {
    const running = await run({ own: '192.0.2.1' });
    const reply = await fetch(`http://127.0.0.1:${running.service.metricsPort}/probe?${query}`);
    expect([reply.status, (await reply.text()).includes('miner')]).toEqual([status, true]);
  });
});
