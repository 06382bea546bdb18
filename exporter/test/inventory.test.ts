/** The promises at the head of fleet/inventory.ts, over the real network of the loopback. */
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { MinerSpec } from '../../simulator/src/miner/state.ts';
import { until } from './fixtures.ts';
import { fromFile, type FromFile } from './from-file.ts';
import { macFor, simulated, spec } from './running.ts';

const up = async (exporter: FromFile, ...names: string[]) => until(`${names.join()} answer`, () => names.every((name) => {
  const miner = exporter.service.fleet.get(name);
  return miner?.lastSuccessAt !== undefined && miner.failure === undefined;
}), 20_000);

/** Miners of one port at addresses of one /24 of the loopback, each test in one of its own. */
async function network(third: number, hosts: Readonly<Record<number, string | MinerSpec>>) {
  const simulator = await simulated([]);
  let port = 0;
  const address = (last: number) => `127.0.${third}.${last}:${port}`;
  const add = async (last: number, what: string | MinerSpec) => {
    const added = await simulator.addMiner(typeof what === 'string' ? spec(what) : what, { host: `127.0.${third}.${last}`, port });
    port = added.port;
    return added;
  };
  for (const [last, what] of Object.entries(hosts)) await add(Number(last), what);
  return { simulator, add, address, range: (text: string) => text.split(',').map((part) => `127.0.${third}.${part}:${port}`).join(', ') };
}

const rigs = async (exporter: FromFile) => (await exporter.api('/rigs')).body['rigs'] as { name: string; origin: string; address: string; up: boolean; reason?: string; mac?: string; configuredAddress?: string }[];
const kept = (exporter: FromFile) => JSON.parse(readFileSync(path.join(exporter.folder, 'data', 'inventory.json'), 'utf8')) as { machines: { name: string; mac: string; address: string }[] };

describe('an address range', () => {
  test('brings in its miners under names that last: through a restart, a new address and an absence', async () => {
    const { simulator, add, address, range } = await network(40, { 11: 'x', 12: spec('y', { model: 'l7' }), 13: 'fixed', 14: 'left out' });
    await simulator.miner('left out').inject('stock_fallback');
    const fleet = `miners: [{name: own, address: "${address(13)}"}]\ninventory:\n  ranges: [{addresses: "${range('10-40')}", exclude: [127.0.40.20-30], name: "{model_code}-{ip_last}", rack: R1, interval_seconds: 1}]\n  search_after_seconds: 1\n`;
    const first = await fromFile(fleet);
    await up(first, 'own', 'l9-11', 'l7-12');
    expect((await rigs(first)).map(({ name, origin, mac }) => [name, origin, mac])).toEqual([['own', 'static', macFor('fixed')], ['l9-11', 'range', macFor('x')], ['l7-12', 'range', macFor('y')]]);
    expect(await first.value('miner_info', { miner: 'l9-11', rack: 'R1' })).toBe(1);
    expect(await first.value('hashfleet_inventory_miners', { origin: 'range' })).toBe(2);
    expect(await first.value('hashfleet_inventory_miners', { origin: 'api' })).toBe(0);
    expect(await first.value('hashfleet_inventory_scan_timestamp_seconds')).toBeGreaterThan(1.7e9);
    expect(first.said('an address range was scanned')[0]).toMatchObject({ miners: 3, added: 2, other: 1 });
    await first.stop();
    expect(kept(first).machines.map(({ name, mac }) => [name, mac]).sort()).toEqual([['l7-12', macFor('y')], ['l9-11', macFor('x')], ['own', macFor('fixed')]]);

    // One has moved and one is off while nobody looked.
    await simulator.removeMiner('x');
    await simulator.removeMiner('y');
    await add(35, 'x');
    const second = await fromFile(fleet, { folder: first.folder });
    expect(second.service.fleet.names).toEqual(['own', 'l9-11', 'l7-12']);
    await up(second, 'own', 'l9-11');
    expect((await rigs(second)).map(({ name, address: at, up: isUp, reason }) => [name, at, isUp, reason])).toEqual([
      ['own', address(13), true, undefined], ['l9-11', address(35), true, undefined], ['l7-12', address(12), false, 'connect'],
    ]);
    const events = (await second.api('/events')).body['events'] as { miner: string; kind: string; from: string; to: string }[];
    expect(events.map(({ miner, kind, from, to }) => [miner, kind, from, to])).toEqual([['l9-11', 'address', address(11), address(35)]]);

    // What is excluded is not taken, what is new is.
    await add(25, 'excluded');
    await add(36, 'z');
    await up(second, 'l9-36');
    expect(second.service.fleet.names).toEqual(['own', 'l9-11', 'l7-12', 'l9-36']);
    // A miner that is gone for good is removed by the operator; one that answers would be found again.
    expect((await second.api('/rigs/l9-36', 'DELETE')).body).toMatchObject({ status: 409, code: 'conflict', detail: expect.stringContaining('"exclude"') as unknown });
    expect((await second.api('/rigs/l7-12', 'DELETE')).status).toBe(200);
    expect(second.service.fleet.names).toEqual(['own', 'l9-11', 'l9-36']);
  }, 90_000);

  test('takes no more than max_miners, says so, and lets go of its miners with the range', async () => {
    const { range, address } = await network(41, { 1: 'a', 2: 'b', 3: 'c' });
    const fleet = `inventory: {ranges: [{addresses: "${range('1-9')}", name: "{mac}", interval_seconds: 1, max_miners: 2}]}\n`;
    const exporter = await fromFile(fleet);
    await until('two are taken', () => exporter.service.fleet.names.length === 2);
    await until('the third is left out', () => exporter.said('more miners than max_miners').length >= 2);
    expect(exporter.service.fleet.names).toHaveLength(2);
    expect(exporter.said('more miners than max_miners')[0]).toMatchObject({ left_out: 1, limit: 2 });
    // An entry for one of them takes its place.
    exporter.write(`${fleet}miners: [{name: mine, address: "${address(1)}"}]\n`);
    await exporter.service.reload();
    expect((await rigs(exporter)).filter(({ address: at }) => at === address(1)).map(({ name }) => name)).toEqual(['mine']);
    exporter.write('miners: []\n');
    await exporter.service.reload();
    expect(exporter.service.fleet.names).toEqual([]);
  }, 60_000);

  test('with two machines of one MAC brings in one of them, and counts and tells the other', async () => {
    const { range, address } = await network(47, { 1: 'a', 2: spec('copy', { mac: macFor('a') }) });
    const exporter = await fromFile(`inventory: {ranges: [{addresses: "${range('1-9')}", interval_seconds: 1}]}\n`);
    await until('it is counted', async () => (await exporter.value('hashfleet_inventory_duplicates')) === 1);
    await up(exporter, exporter.service.fleet.names[0] ?? 'none');
    await until('two more scans', () => exporter.said('an address range was scanned').length >= 3);
    expect((await rigs(exporter)).map(({ address: at }) => at)).toEqual([address(1)]);
    expect(exporter.said('one MAC answers at two addresses')).toMatchObject([{ mac: macFor('a'), address: address(2), other: address(1) }]);
  }, 60_000);
});

describe('a miner that is found at another address', () => {
  test('is read there when it may be followed: its counters go on, and both addresses are shown', async () => {
    const { simulator, add, address } = await network(42, { 1: 'a', 2: 'b' });
    const fleet = `miners: [{name: a, address: "${address(1)}"}, {name: b, address: "${address(2)}"}]\ninventory: {follow_addresses: true, search_after_seconds: 1}\n`;
    const exporter = await fromFile(fleet);
    await up(exporter, 'a', 'b');
    await until('it has counted', () => (exporter.service.fleet.get('a')?.joules ?? 0) > 0);
    const counted = exporter.service.fleet.get('a')!.joules;
    await simulator.removeMiner('a');
    await until('it is missed', () => exporter.service.fleet.get('a')?.failure !== undefined);
    await add(77, 'a');
    await until('it is found', () => exporter.service.fleet.get('a')?.config.address === address(77), 20_000);
    await up(exporter, 'a');
    expect(exporter.service.fleet.get('a')!.joules).toBeGreaterThanOrEqual(counted);
    expect((await rigs(exporter))[0]).toMatchObject({ name: 'a', address: address(77), configuredAddress: address(1), up: true });
    expect(exporter.said('answers at another address and is read there')).toHaveLength(1);

    // A reload and a restart go on there; an entry that is changed says where it is now.
    await exporter.service.reload();
    expect(exporter.service.fleet.get('a')?.config).toMatchObject({ address: address(77), configuredAddress: address(1) });
    await exporter.stop();
    const again = await fromFile(fleet, { folder: exporter.folder });
    expect(again.service.fleet.get('a')?.config.address).toBe(address(77));
    again.write(fleet.replace(address(1), address(77)));
    await again.service.reload();
    expect(again.service.fleet.get('a')?.config.address).toBe(address(77));
    expect(again.service.fleet.get('a')?.config).not.toHaveProperty('configuredAddress');
    await up(again, 'a');
  }, 90_000);

  test('is not followed unless told to: its place stays failed, and the log says where it was seen', async () => {
    const { simulator, add, address, range } = await network(43, { 1: 'a', 2: 'b' });
    const exporter = await fromFile(`miners: [{name: a, address: "${address(1)}"}]\ninventory: {search_after_seconds: 1, ranges: [{addresses: "${range('1-9')}", interval_seconds: 1}]}\n`);
    await up(exporter, 'a');
    await simulator.removeMiner('a');
    await add(5, 'a');
    await until('it was seen', () => exporter.said('change its entry').length > 0, 20_000);
    expect(exporter.said('change its entry')[0]).toMatchObject({ miner: 'a', configured: address(1), seen: address(5) });
    expect(exporter.service.fleet.get('a')).toMatchObject({ config: { address: address(1) }, failure: { reason: 'connect' } });
    // It is in the fleet already, so the range does not bring it in again.
    expect((await rigs(exporter)).filter(({ mac }) => mac === macFor('a'))).toHaveLength(1);
  }, 60_000);

  test('keeps its name and counters when two swap their addresses', async () => {
    const { simulator, add, address } = await network(44, { 1: 'a', 2: spec('b', { model: 'l7' }) });
    const exporter = await fromFile(`miners: [{name: a, address: "${address(1)}"}, {name: b, address: "${address(2)}"}]\ninventory: {follow_addresses: true, search_after_seconds: 60}\n`);
    await up(exporter, 'a', 'b');
    for (const name of ['a', 'b']) await simulator.removeMiner(name);
    await until('both are missed', () => ['a', 'b'].every((name) => exporter.service.fleet.get(name)?.failure !== undefined));
    await add(1, spec('b', { model: 'l7' }));
    await add(2, 'a');
    await until('each is read at the other address', () => exporter.service.fleet.get('a')?.config.address === address(2) && exporter.service.fleet.get('b')?.config.address === address(1), 30_000);
    await up(exporter, 'a', 'b');
    expect((await rigs(exporter)).map(({ name, address: at, mac }) => [name, at, mac])).toEqual([['a', address(2), macFor('a')], ['b', address(1), macFor('b')]]);
    expect([exporter.service.fleet.get('a')?.model, exporter.service.fleet.get('b')?.model]).toEqual(['Antminer L9', 'Antminer L7']);
  }, 90_000);
});

test('another machine at the address is not the miner: a reason, an event, and no action; a confirmation makes it the miner', async () => {
  const { simulator, add, address } = await network(45, { 1: 'a' });
  const exporter = await fromFile(`control: {enabled: true}\nminers: [{name: a, address: "${address(1)}"}]\n`);
  await up(exporter, 'a');
  await simulator.removeMiner('a');
  await add(1, spec('other', { model: 'l7' }));
  await until('it is refused', () => exporter.service.fleet.get('a')?.failure?.reason === 'other_miner');
  expect(await exporter.value('miner_up', { miner: 'a' })).toBe(0);
  expect(await exporter.value('miner_poll_failures_total', { miner: 'a', reason: 'other_miner' })).toBeGreaterThan(0);
  expect(exporter.service.fleet.get('a')).toMatchObject({ model: 'Antminer L9', reading: { identity: { mac: macFor('a') } } });
  expect(exporter.lines.find((line) => line['reason'] === 'other_miner')?.['remedy']).toContain('DELETE /rigs/{name}/mac');
  expect((await exporter.api('/events')).body['events']).toMatchObject([{ miner: 'a', kind: 'machine', from: macFor('a'), to: macFor('other') }]);
  const plan = (await exporter.api('/actions', 'POST', { action: 'reboot', miners: ['a'] })).body['plan'] as { targets: unknown[]; skipped: { reason: string }[] };
  expect([plan.targets, plan.skipped[0]?.reason]).toEqual([[], expect.stringContaining('other_miner')]);

  expect((await exporter.api('/rigs/a/mac', 'DELETE')).body).toMatchObject({ name: 'a', origin: 'static' });
  await up(exporter, 'a');
  expect(exporter.service.fleet.get('a')?.model).toBe('Antminer L7');
  expect((await exporter.api('/audit')).body['entries']).toMatchObject([{ event: 'inventory', miner: 'a', actor: 'o', detail: expect.stringContaining('MAC forgotten') as unknown }]);
}, 60_000);

test('one machine under two entries is read once, and the other entry says so', async () => {
  const { simulator } = await network(46, {});
  const machine = await simulator.addMiner(spec('a'), { host: '127.0.0.1' });
  const exporter = await fromFile(`miners: [{name: first, address: "${machine.address}"}, {name: second, address: "localhost:${machine.port}"}]\n`);
  await up(exporter, 'first');
  await until('the second is refused', () => exporter.service.fleet.get('second')?.failure?.reason === 'duplicate', 20_000);
  expect(exporter.service.fleet.get('second')?.failure?.detail).toContain('of "first"');
  expect(await exporter.value('hashfleet_inventory_duplicates')).toBe(1);
  expect((await rigs(exporter)).map(({ name, up: isUp, reason }) => [name, isUp, reason])).toEqual([['first', true, undefined], ['second', false, 'duplicate']]);
}, 60_000);
