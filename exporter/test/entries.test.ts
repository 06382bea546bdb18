/** Miners that are added, changed and removed through the API. */
import { expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from './command.ts';
import { until } from './fixtures.ts';
import { fromFile, type FromFile } from './from-file.ts';
import { simulated, spec } from './running.ts';

const up = async (exporter: FromFile, name: string) => until(`${name} answers`, async () => (await exporter.value('miner_up', { miner: name })) === 1);
const audited = async (exporter: FromFile) => ((await exporter.api('/audit')).body['entries'] as { event: string; miner: string; detail: string; actor: string; before?: object; after?: object }[]).reverse();

test('a miner is added, changed and removed, each at once, kept through a restart, and written to the audit log', async () => {
  const simulator = await simulated([spec('a'), spec('b')]);
  const [a, b] = simulator.miners;
  const text = `miners: [{name: a, address: "${a!.address}"}]\n`;
  const exporter = await fromFile(text);
  await up(exporter, 'a');
  const added = { name: 'b', address: b!.address, rack: 'R1' };
  expect(await exporter.api('/rigs', 'POST', { ...added, maintenance: false })).toMatchObject({ status: 200, body: added });
  await up(exporter, 'b');
  expect((await exporter.api('/rigs/b')).body).toMatchObject({ ...added, origin: 'api' });
  expect(await exporter.value('hashfleet_inventory_miners', { origin: 'api' })).toBe(1);
  expect(a!.requests.list({ path: '/model' })).toHaveLength(1);
  const changed = { name: 'b', address: b!.address, rack: 'R2', circuit: 'C1' };
  expect((await exporter.api('/rigs/b', 'PUT', changed)).status).toBe(200);
  expect((await exporter.api('/rigs/b')).body).toMatchObject({ rack: 'R2', circuit: 'C1' });
  await exporter.stop();

  const again = await fromFile(text, { folder: exporter.folder });
  await up(again, 'b');
  expect((await again.api('/rigs/b')).body).toMatchObject({ rack: 'R2', origin: 'api' });
  expect((await again.api('/rigs/b', 'DELETE')).body).toEqual(changed);
  expect(again.service.fleet.names).toEqual(['a']);
  expect(await again.page()).not.toContain('miner="b"');
  expect((await audited(again)).map(({ event, miner, detail, actor, before, after }) => [event, miner, detail, actor, before, after])).toEqual([
    ['inventory', 'b', 'added', 'o', undefined, added], ['inventory', 'b', 'changed', 'o', added, changed], ['inventory', 'b', 'removed', 'o', changed, undefined],
  ]);
  expect(readFileSync(path.join(exporter.folder, 'fleet.yaml'), 'utf8')).toContain(text);
}, 60_000);

test('what cannot be is refused with its field or the place that is in the way, and nothing is written', async () => {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'miners.d'));
  writeFileSync(path.join(folder, 'miners.d', 'more.yaml'), '- {name: filed, address: 127.0.0.1:8}\n');
  const exporter = await fromFile('miners: [{name: own, address: "127.0.0.1:9"}]\ninventory: {files: ["miners.d/*.yaml"]}\n', { folder });
  const good = { name: 'x', address: '127.0.0.1:7' };
  for (const [method, where, body, status, expected] of [
    ['POST', '/rigs', { ...good, adress: 'x' }, 422, { field: 'adress' }],
    ['POST', '/rigs', { name: 'x' }, 422, { field: 'address' }],
    ['POST', '/rigs', { ...good, address: 'x:99999' }, 422, { field: 'address' }],
    ['POST', '/rigs', { ...good, mac: '02:51' }, 422, { field: 'mac' }],
    ['POST', '/rigs', { ...good, name: 'a b' }, 422, { field: 'name' }],
    ['POST', '/rigs', { ...good, site: 'mars' }, 422, { field: 'site', detail: expect.stringContaining('"mars" is not one of the sites (default)') as unknown }],
    ['POST', '/rigs', { ...good, credentials: 'none' }, 422, { field: 'credentials' }],
    ['POST', '/rigs', { ...good, address: '127.0.0.1:8' }, 422, { field: 'address', detail: expect.stringContaining('miners.d/more.yaml:1 (filed)') as unknown }],
    ['POST', '/rigs', { ...good, name: 'own' }, 409, { code: 'conflict', detail: expect.stringMatching(/fleet\.yaml:3 already/) as unknown }],
    ['PUT', '/rigs/own', { ...good, name: 'own' }, 409, { code: 'conflict', detail: expect.stringMatching(/is defined in .*fleet\.yaml:3; change it there/) as unknown }],
    ['DELETE', '/rigs/filed', undefined, 409, { code: 'conflict', detail: expect.stringMatching(/is defined in .*miners\.d\/more\.yaml:1; change it there/) as unknown }],
    ['PUT', '/rigs/nobody', { ...good, name: 'nobody' }, 404, { code: 'not_found' }],
    ['DELETE', '/rigs/nobody', undefined, 404, { code: 'not_found' }],
    ['DELETE', '/rigs/nobody/mac', undefined, 404, { code: 'not_found' }],
  ] as const) {
    expect([where, body, (await exporter.api(where, method, body)).body]).toEqual([where, body, expect.objectContaining({ status, ...expected })]);
  }
  expect(exporter.service.fleet.names).toEqual(['own', 'filed']);
  expect(existsSync(path.join(folder, 'data', 'inventory-api.yaml'))).toBe(false);
  expect(await audited(exporter)).toEqual([]);

  expect((await exporter.api('/rigs', 'POST', good)).status).toBe(200);
  expect((await exporter.api('/rigs', 'POST', good)).body).toMatchObject({ status: 409, detail: expect.stringContaining('change it with PUT') as unknown });
  expect((await exporter.api('/rigs/x', 'PUT', { ...good, name: 'y' })).body).toMatchObject({ status: 422, field: 'name', allowed: 'x' });
  const before = readFileSync(path.join(folder, 'data', 'inventory-api.yaml'), 'utf8');
  // A mistake of the operator's own file is said as that, and the entry is not taken.
  exporter.write('miners: [{name: own}]\n');
  expect((await exporter.api('/rigs', 'POST', { name: 'z', address: '127.0.0.1:6' })).body).toMatchObject({ code: 'config_invalid', detail: expect.stringContaining('fleet.yaml:3') as unknown });
  expect(readFileSync(path.join(folder, 'data', 'inventory-api.yaml'), 'utf8')).toBe(before);
}, 60_000);

test('while a job acts on miners the fleet is not changed, and the answer says so', async () => {
  const simulator = await simulated([spec('a')]);
  const exporter = await fromFile(`control: {enabled: true, verify_interval_seconds: 0.1}\nminers: [{name: a, address: "${simulator.miners[0]!.address}"}]\n`);
  await up(exporter, 'a');
  expect((await exporter.api('/actions', 'POST', { action: 'restart_mining', miners: ['a'], dryRun: false })).status).toBe(202);
  expect((await exporter.api('/rigs', 'POST', { name: 'b', address: '127.0.0.1:9' })).body).toMatchObject({ status: 409, code: 'busy', detail: expect.stringContaining('A job is acting on miners') as unknown });
  expect(existsSync(path.join(exporter.folder, 'data', 'inventory-api.yaml'))).toBe(false);
  await until('it is taken after the job', async () => {
    simulator.clock.advance(20_000);
    return (await exporter.api('/rigs', 'POST', { name: 'b', address: '127.0.0.1:9' })).status === 200;
  }, 20_000);
}, 60_000);

test('only the scope admin may change the fleet', async () => {
  const exporter = await fromFile('miners: []\n');
  for (const [method, where] of [['POST', '/rigs'], ['PUT', '/rigs/a'], ['DELETE', '/rigs/a'], ['DELETE', '/rigs/a/mac']] as const) {
    const reply = await fetch(`http://127.0.0.1:${exporter.service.apiPort}/api/v1${where}`, { method, headers: { authorization: 'Bearer token-of-operator', 'content-type': 'application/json' }, ...(method === 'DELETE' ? {} : { body: '{"name":"a","address":"a"}' }) });
    expect([method, where, reply.status]).toEqual([method, where, 403]);
  }
  expect(exporter.service.fleet.names).toEqual([]);
});

test('many changes at once are made one after the other, and all are kept', async () => {
  const exporter = await fromFile('miners: []\n');
  const names = Array.from({ length: 12 }, (_, index) => `m${index}`);
  const replies = await Promise.all(names.map(async (name, index) => exporter.api('/rigs', 'POST', { name, address: `127.0.0.1:${index + 1}` })));
  expect(replies.map(({ status }) => status)).toEqual(names.map(() => 200));
  expect([...exporter.service.fleet.names].sort()).toEqual([...names].sort());
  await exporter.service.reload();
  expect(exporter.service.fleet.names).toHaveLength(12);
});
