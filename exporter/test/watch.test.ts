/** A change of the files is taken by itself: whole or not at all, and without a gap for the miners that stay. */
import { describe, expect, test } from '@jest/globals';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fingerprint } from '../src/config/files.ts';
import { temporaryFolder } from './command.ts';
import { until } from './fixtures.ts';
import { fromFile } from './from-file.ts';
import { simulated, spec } from './running.ts';

const entry = (name: string, address: string) => `- {name: ${name}, address: "${address}"}\n`;

test('an edit, a file that is replaced, one that is added and one that is removed are each taken', async () => {
  const { miners: [a, b, c] } = await simulated([spec('a'), spec('b'), spec('c')]);
  const folder = temporaryFolder();
  const more = path.join(folder, 'miners.d');
  mkdirSync(more);
  const exporter = await fromFile(`miners:\n  ${entry('a', a!.address)}inventory: {files: ["miners.d/*.yaml"]}\n`, { watch: true, folder });
  const names = () => exporter.service.fleet.names.join();
  expect(names()).toBe('a');

  writeFileSync(path.join(more, 'b.yaml'), entry('b', b!.address));
  await until('the new file is taken', () => names() === 'a,b');
  await until('its miner is read', async () => (await exporter.value('miner_up', { miner: 'b' })) === 1);
  expect(await exporter.value('hashfleet_inventory_miners', { origin: 'file' })).toBe(1);

  writeFileSync(path.join(folder, 'elsewhere'), entry('c', c!.address));
  renameSync(path.join(folder, 'elsewhere'), path.join(more, 'b.yaml'));
  await until('the replaced file is taken', () => names() === 'a,c');

  exporter.write(`miners:\n  ${entry('a2', a!.address)}inventory: {files: ["miners.d/*.yaml"]}\n`);
  await until('the edit is taken', () => names() === 'a2,c');

  rmSync(path.join(more, 'b.yaml'));
  await until('the removal is taken', () => names() === 'a2');
  await until('each is in the log', () => exporter.said('the configuration was read anew').length >= 4);
}, 60_000);

test('a half-written file is refused and told, the old fleet goes on, and the mended one is taken', async () => {
  const { miners: [a, b] } = await simulated([spec('a'), spec('b')]);
  const good = `miners:\n  ${entry('a', a!.address)}`;
  const exporter = await fromFile(good, { watch: true });
  await until('it is read', async () => (await exporter.value('miner_up', { miner: 'a' })) === 1);
  exporter.write(`${good}  - {name: b, addr`);
  await until('it is refused', async () => (await exporter.value('hashfleet_config_reload_success')) === 0);
  expect(exporter.service.fleet.names).toEqual(['a']);
  expect(exporter.said('refused')[0]?.['err']).toContain('fleet.yaml:');
  writeFileSync(path.join(exporter.folder, 'fleet.yaml'), '');
  await until('an empty one is refused too', () => exporter.said('refused').length === 2);
  expect(exporter.service.fleet.names).toEqual(['a']);
  exporter.write(`${good}  ${entry('b', b!.address)}`);
  await until('it is taken', () => exporter.service.fleet.names.join() === 'a,b');
  expect(await exporter.value('hashfleet_config_reload_success')).toBe(1);
}, 60_000);

test('a swapped link is a change, as Kubernetes swaps a mounted ConfigMap', async () => {
  const { miners: [a, b] } = await simulated([spec('a'), spec('b')]);
  const folder = temporaryFolder();
  const mount = path.join(folder, 'mount');
  for (const [version, text] of [['v1', entry('a', a!.address)], ['v2', entry('b', b!.address)]] as const) {
    mkdirSync(path.join(mount, version), { recursive: true });
    writeFileSync(path.join(mount, version, 'miners.yaml'), text);
  }
  symlinkSync('v1', path.join(mount, 'data'));
  symlinkSync(path.join('data', 'miners.yaml'), path.join(mount, 'miners.yaml'));
  const exporter = await fromFile('inventory: {files: [mount/miners.yaml]}\n', { watch: true, folder });
  expect(exporter.service.fleet.names).toEqual(['a']);
  symlinkSync('v2', path.join(mount, 'data.new'));
  renameSync(path.join(mount, 'data.new'), path.join(mount, 'data'));
  await until('the other version is taken', () => exporter.service.fleet.names.join() === 'b', 20_000);
}, 60_000);

test('what no event tells is found by looking: another size, time, file or number of files', () => {
  const folder = temporaryFolder();
  const patterns = ['*.yaml'];
  const seen = new Set([fingerprint(folder, patterns)]);
  const changes = [
    () => writeFileSync(path.join(folder, 'a.yaml'), 'one'), () => writeFileSync(path.join(folder, 'a.yaml'), 'three'),
    () => {
      writeFileSync(path.join(folder, 'new'), 'three');
      renameSync(path.join(folder, 'new'), path.join(folder, 'a.yaml'));
    },
    () => writeFileSync(path.join(folder, 'b.yaml'), 'x'),
  ];
  for (const change of changes) {
    change();
    seen.add(fingerprint(folder, patterns));
  }
  writeFileSync(path.join(folder, '.hidden.yaml'), 'x');
  writeFileSync(path.join(folder, 'c.yaml~'), 'x');
  seen.add(fingerprint(folder, patterns));
  expect(seen.size).toBe(changes.length + 1);
});

test('a reload that a job is in the way of is made when the job has ended', async () => {
  const simulator = await simulated([spec('a'), spec('b')]);
  const [a, b] = simulator.miners;
  const control = 'control: {enabled: true, verify_interval_seconds: 0.1}\n';
  const exporter = await fromFile(`${control}miners:\n  ${entry('a', a!.address)}`, { watch: true });
  await until('it is read', async () => (await exporter.value('miner_up', { miner: 'a' })) === 1);
  expect((await exporter.api('/actions', 'POST', { action: 'restart_mining', miners: ['a'], dryRun: false })).status).toBe(202);
  exporter.write(`${control}miners:\n  ${entry('a', a!.address)}  ${entry('b', b!.address)}`);
  await until('it is refused', () => exporter.said('refused').some((line) => String(line['err']).includes('A job is acting on miners')));
  expect(exporter.service.fleet.names).toEqual(['a']);
  await until('it is taken when the job has ended', () => {
    simulator.clock.advance(20_000);
    return exporter.service.fleet.names.join() === 'a,b';
  }, 20_000);
}, 60_000);

describe('a miner that stays', () => {
  const reload = async (exporter: Awaited<ReturnType<typeof fromFile>>) => exporter.service.reload();

  test('keeps its driver, its token and its pace: no second first contact, no second unlock, no poll too many', async () => {
    const simulator = await simulated([spec('a'), spec('b'), spec('c')]);
    const [a, b, c] = simulator.miners;
    const two = `miners:\n  ${entry('a', a!.address)}  ${entry('b', b!.address)}`;
    const exporter = await fromFile(two, { poll: 'poll: {interval_seconds: 2, deadline_seconds: 1.5}\n' });
    await until('both are read', async () => (await exporter.value('miner_up', { miner: 'a' })) === 1 && (await exporter.value('miner_up', { miner: 'b' })) === 1);
    const count = (miner: typeof a, where: string) => miner!.requests.list({ path: where }).length;
    const [began, before] = [Date.now(), count(a, '/summary')];
    for (let time = 0; time < 12; time += 1) {
      exporter.write(time % 2 === 0 ? `${two}  ${entry('c', c!.address)}` : two);
      await reload(exporter);
      expect(await exporter.value('miner_hashrate_hashes_per_second', { miner: 'a' })).toBeGreaterThan(0);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    exporter.write(`${two}  ${entry('c', c!.address)}`);
    await reload(exporter);
    await until('the added one is read', async () => (await exporter.value('miner_up', { miner: 'c' })) === 1);
    const polls = count(a, '/summary') - before;
    const turns = (Date.now() - began) / 2000;
    // A grid: never more polls than turns; fewer only where this machine was too busy.
    expect(polls).toBeLessThanOrEqual(Math.ceil(turns) + 1);
    expect(polls).toBeGreaterThanOrEqual(Math.floor(turns / 2));
    for (const miner of [a, b]) expect([count(miner, '/model'), miner!.requests.list({ method: 'POST', path: '/unlock' }).length]).toEqual([1, 1]);
    expect(await exporter.value('miner_poll_failures_total', { miner: 'a' })).toBeUndefined();
  }, 60_000);

  test('is built anew only when what its driver is made of has changed, and a new label is shown at once', async () => {
    const { miners: [a] } = await simulated([spec('a')]);
    const exporter = await fromFile(`miners:\n  ${entry('a', a!.address)}`);
    await until('it is read', async () => (await exporter.value('miner_up', { miner: 'a' })) === 1);
    exporter.write(`miners:\n  - {name: a, address: "${a!.address}", rack: B7}`);
    await reload(exporter);
    expect(await exporter.value('miner_info', { miner: 'a', rack: 'B7' })).toBe(1);
    expect(a!.requests.list({ path: '/model' })).toHaveLength(1);
    exporter.write(`credentials: {own: {password_env: T}}\nminers:\n  - {name: a, address: "${a!.address}", credentials: own}`);
    await reload(exporter);
    await until('a driver with the other password reads it', () => a!.requests.list({ path: '/model' }).length === 2);
  }, 60_000);

  test('keeps its pace in a fleet of 1,000, of which most are off, that is reloaded again and again', async () => {
    const simulator = await simulated(Array.from({ length: 20 }, (_, index) => spec(`m${index}`)));
    const lines = [
      ...simulator.miners.map(({ name, address }) => `  ${entry(name, address)}`),
      ...Array.from({ length: 980 }, (_, index) => `  ${entry(`off${index}`, `127.0.${100 + Math.floor(index / 200)}.${1 + (index % 200)}:9`)}`),
    ];
    const exporter = await fromFile(`miners:\n${lines.join('')}`, { poll: 'poll: {interval_seconds: 5, deadline_seconds: 4}\n' });
    const all = (check: (name: string) => boolean) => simulator.miners.every(({ name }) => check(name));
    await until('those that are on are read', () => all((name) => exporter.service.fleet.get(name)?.lastSuccessAt !== undefined), 30_000);
    const [began, before] = [Date.now(), simulator.miners.map(({ requests }) => requests.list({ path: '/summary' }).length)];
    for (let time = 0; time < 3; time += 1) {
      exporter.write(`miners:\n${lines.slice(0, lines.length - 1 - time).join('')}`);
      await reload(exporter);
      expect(exporter.service.fleet.names).toHaveLength(999 - time);
      expect(all((name) => exporter.service.fleet.get(name)?.reading !== undefined)).toBe(true);
    }
    await until('each is polled again', () => simulator.miners.every(({ requests }, index) => requests.list({ path: '/summary' }).length > before[index]!), 30_000);
    const turns = Math.ceil((Date.now() - began) / 5000) + 1;
    for (const [index, { requests }] of simulator.miners.entries()) {
      expect(requests.list({ path: '/summary' }).length - before[index]!).toBeLessThanOrEqual(turns);
      expect([requests.list({ path: '/model' }).length, requests.list({ path: '/unlock' }).length]).toEqual([1, 1]);
    }
  }, 120_000);
});
