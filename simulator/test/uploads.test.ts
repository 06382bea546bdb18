/** Files that come and go: backups of the settings and firmware images (vnish-api.md 2.2). */
import { afterEach, describe, expect, test } from '@jest/globals';
import { firmwareImage } from '../src/miner/uploads.ts';
import { oneMiner, stopAll } from './support/one-miner.ts';
import type { Bench } from './support/one-miner.ts';

afterEach(stopAll);

async function upload(bench: Bench, path: string, { file, fields = {} }: { file: Uint8Array; fields?: Record<string, string> }): Promise<{ status: number; text: string }> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(file)]), 'file.bin');
  const reply = await fetch(`${bench.miner.url}/api/v1${path}`, { method: 'POST', body: form, headers: await bench.unlock() });
  return { status: reply.status, text: await reply.text() };
}

async function backup(bench: Bench): Promise<Uint8Array> {
  const reply = await fetch(`${bench.miner.url}/api/v1/settings/backup`, { method: 'POST', headers: await bench.unlock() });
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/octet-stream']);
  return new Uint8Array(await reply.arrayBuffer());
}

describe.each(['1.2.7', '1.3.4'] as const)('on %s', (firmware) => {
  test('a backup brings the settings back, with a reboot; anything else is refused', async () => {
    const bench = await oneMiner({ firmware });
    const before = structuredClone(bench.miner.state().settings);
    const file = await backup(bench);
    await bench.command('/settings', { miner: { cooling: { fan_min_duty: 40 } } });
    expect(await upload(bench, '/settings/restore', { file: Buffer.from('nonsense') })).toEqual({ status: 500, text: '{"err":"Invalid backup file"}' });
    expect(bench.miner.state().settings).not.toEqual(before);
    expect(await upload(bench, '/settings/restore', { file })).toEqual({ status: 200, text: '{"after":3}' });
    expect(bench.miner.state().settings).toEqual(before);
    expect((await bench.command('/settings/restore', {})).status).toBe(400);
  });

  test('an image of its model is installed and named after the reboot; another one is refused', async () => {
    const bench = await oneMiner({ firmware });
    expect(await upload(bench, '/firmware/update', { file: firmwareImage({ model: 'l7', version: '9.9.9' }) })).toEqual({ status: 500, text: '{"err":"Firmware verification failed"}' });
    await bench.command('/settings', { miner: { cooling: { fan_min_duty: 40 } } });
    expect((await upload(bench, '/firmware/update', { file: firmwareImage({ model: 'l9', version: '9.9.9' }), fields: { keep_settings: 'true' } })).status).toBe(200);
    bench.after(60);
    expect((await bench.get('/info')).json()).toMatchObject({ fw_version: '9.9.9' });
    expect(bench.miner.state().settings.miner.cooling.fan_min_duty).toBe(40);
    expect((await upload(bench, '/firmware/update', { file: firmwareImage({ model: 'l9', version: '9.9.8' }), fields: { keep_settings: 'false' } })).status).toBe(200);
    expect(bench.miner.state().settings.miner.cooling.fan_min_duty).toBe(10);
  });

  test('firmware goes only where stock firmware lies beside', async () => {
    const body = firmware === '1.3.4' ? { remove_stock_logs: false } : undefined;
    expect((await (await oneMiner({ firmware })).command('/firmware/remove', body)).status).toBe(400);
    const bench = await oneMiner({ firmware, removable: true });
    expect((await bench.command('/firmware/remove', body)).status).toBe(200);
    bench.after(60);
    expect((await bench.get('/info')).status).not.toBe(200);
  });
});

test('http_500 leaves a request undone, or ignores it with a good answer, by method and exact path', async () => {
  const bench = await oneMiner();
  const wish = { miner: { cooling: { fan_min_duty: 40 } } };
  for (const [mode, status] of [['undone', 500], ['ignored', 200]] as const) {
    await bench.miner.inject('http_500', { path: '/settings$', method: 'POST', mode });
    expect((await bench.command('/settings', wish)).status).toBe(status);
    expect(bench.miner.state().settings.miner.cooling.fan_min_duty).toBe(10);
    await backup(bench);
  }
  await bench.miner.repair();
  await bench.command('/settings', wish);
  expect(bench.miner.state().settings.miner.cooling.fan_min_duty).toBe(40);
});
