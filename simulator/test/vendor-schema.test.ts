/** Every read, of every model and firmware, in every state and trouble, has the shape that the vendor's own description promises. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { conditions } from '../src/miner/faults.ts';
import type { FirmwareVersion, ModelCode } from '../src/hardware.ts';
import type { MinerSpec } from '../src/miner/state.ts';
import { oneMiner, stopAll } from './support/one-miner.ts';
import type { Bench } from './support/one-miner.ts';
import { vendorFilesPresent, vendorSchema } from './support/vendor-schema.ts';

afterEach(stopAll);

const breeds: readonly { model: ModelCode; firmware: FirmwareVersion }[] = [
  { model: 'l7', firmware: '1.2.7' }, { model: 'l7', firmware: '1.3.4' }, { model: 'l9', firmware: '1.2.7' },
  { model: 'l9', firmware: '1.3.4' }, { model: 's21pro', firmware: '1.2.7' },
];

type Situation = readonly [name: string, spec: Partial<MinerSpec>, prepare: (bench: Bench) => Promise<void>];

const nothing = () => Promise.resolve();
const wait = (seconds: number) => (bench: Bench) => {
  bench.after(seconds);
  return Promise.resolve();
};
const situations: readonly Situation[] = [
  ['mining', {}, nothing],
  ['just booted', { begin: 'boot' }, wait(23)],
  ['initializing', { begin: 'boot' }, wait(40)],
  ['starting', { begin: 'boot' }, wait(90)],
  ['one board up', { begin: 'boot' }, wait(116)],
  ['stopped', { begin: 'stopped' }, nothing],
  ['shutting down', {}, async (bench) => { await bench.command('/mining/stop'); bench.after(1); }],
  ['restarting', {}, async (bench) => { await bench.command('/mining/restart'); bench.after(3); }],
  ['auto-tuning', {}, async (bench) => {
    await bench.command('/autotune/reset-all', { restart: true });
    bench.after(300);
  }],
  ['immersed', {}, async (bench) => { await bench.command('/settings', { miner: { cooling: { mode: { name: 'immers' } } } }); bench.after(60); }],
  ['manual', {}, async (bench) => { await bench.command('/settings', { miner: { overclock: { preset: 'disabled' } } }); bench.after(60); }],
  ['of another brand', { brand: { name: '7Miners', build: 'vnishus' } }, nothing],
  ['without serial numbers', { factoryInfo: 'without_serials' }, nothing],
  ['without factory info', { factoryInfo: 'none' }, nothing],
  ...(['active', 'inactive', 'expired', 'cancelled', 'not_provided'] as const).map((warranty): Situation => [`warranty ${warranty}`, { warranty }, nothing]),
  ['repaired', {}, async (bench) => {
    for (const kind of ['board_missing', 'board_failed', 'fan_lost'] as const) await bench.miner.inject(kind);
    bench.after(900);
    await bench.miner.repair();
    bench.after(300);
  }],
  ['after a firmware update', {}, async (bench) => { await bench.command('/firmware/update'); bench.after(300); }],
  ...conditions.filter((kind) => kind !== 'unplugged' && kind !== 'stock_fallback').flatMap((kind): Situation[] => [
    [`${kind}, at once`, {}, async (bench) => { await bench.miner.inject(kind); bench.after(6); }],
    [`${kind}, later`, {}, async (bench) => { await bench.miner.inject(kind); bench.after(900); }],
  ]),
];

const address = (path: string) => path.replace('{note}', 'rack');

describe.each(breeds)('$model with $firmware', ({ model, firmware }) => {
  if (!vendorFilesPresent) {
    test.skip("the vendor's OpenAPI files are not here (../shared/reference/vnish-samples), so shapes cannot be checked", () => undefined);
    return;
  }
  const schema = vendorSchema(firmware);

  test.each(situations)('%s: all reads are as the vendor describes them', async (_name, spec, prepare) => {
    const bench = await oneMiner({ model, firmware, ...spec });
    await prepare(bench);
    const headers = await bench.unlock();
    await bench.post('/notes', { key: 'rack', value: 'A' }, headers);
    await bench.post('/apikeys', { key: 'k'.repeat(32), description: 'test' }, headers);
    const problems: Record<string, string[]> = {};
    for (const path of schema.reads) {
      const reply = await bench.get(address(path), headers);
      const found = reply.status === 200 ? schema.check('GET', path, reply.json()) : [`status ${reply.status}`];
      if (found.length > 0) problems[path] = found;
    }
    expect(problems).toEqual({});
  });

  test('replies to writes are as the vendor describes them', async () => {
    const bench = await oneMiner({ model, firmware });
    const unlocked = await bench.post('/unlock', { pw: 'admin' });
    expect(schema.check('POST', '/unlock', unlocked.json())).toEqual([]);
    const wrong = await bench.post('/unlock', { pw: 'no' });
    expect(schema.check('POST', '/unlock', wrong.json(), 403)).toEqual([]);
    const cases: [string, unknown][] = [
      ['/settings', { miner: { misc: { quiet_mode: true } } }], ['/find-miner', { on: true }], ['/apikeys', { key: 'x'.repeat(32), description: 'd' }],
      ['/activate-warranty', undefined], ['/cancel-warranty', undefined], ['/system/reboot', undefined],
      ...(firmware === '1.3.4' ? [['/locate-miner', { is_enabled: true }], ['/mining/throttle', { percent: 50 }]] satisfies [string, unknown][] : []),
    ];
    for (const [path, body] of cases) {
      const reply = await bench.command(path, body);
      expect([path, reply.status, schema.check('POST', path, reply.json())]).toEqual([path, 200, []]);
    }
  });
});

test('the schemas would notice a wrong shape', () => {
  if (!vendorFilesPresent) return;
  expect(vendorSchema('1.2.7').check('GET', '/summary', { miner: { hr_realtime: 'fast' } })).not.toEqual([]);
});
