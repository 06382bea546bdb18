/** Who may do what, as on the real firmware (vnish-api.md 1). */
import { afterEach, describe, expect, test } from '@jest/globals';
import { oneMiner, stopAll } from './support/one-miner.ts';

afterEach(stopAll);

const openReads = ['/info', '/model', '/status', '/summary', '/perf-summary', '/chains/factory-info', '/metrics', '/logs/status', '/notes', '/ui', '/layout'];
const guardedReads = ['/settings', '/autotune/presets', '/apikeys'];
const guardedWrites = ['/settings', '/mining/stop', '/mining/restart', '/mining/pause', '/mining/resume', '/mining/start', '/mining/switch-pool', '/system/reboot', '/autotune/reset', '/notes', '/lock', '/lock/others', '/logs/status/clear'];

test.each(openReads)('GET %s is open to all', async (path) => {
  const bench = await oneMiner();
  expect((await bench.get(path)).status).toBe(200);
});

test('other reads and all writes answer a stranger with 401 and nothing', async () => {
  const bench = await oneMiner();
  for (const path of guardedReads) expect([path, await bench.get(path)]).toMatchObject([path, { status: 401, text: '' }]);
  for (const path of guardedWrites) expect([path, await bench.post(path, {})]).toMatchObject([path, { status: 401, text: '' }]);
  expect((await bench.status()).miner_state).toBe('mining');
});

test('the right password opens a session of a 32-character token', async () => {
  const bench = await oneMiner();
  const { token } = (await bench.post('/unlock', { pw: 'admin' })).json<{ token: string }>();
  expect(token).toMatch(/^[A-Za-z0-9]{32}$/);
  expect((await bench.get('/auth-check', { authorization: `Bearer ${token}` })).status).toBe(200);
  expect((await bench.get('/status', { authorization: `Bearer ${token}` })).json()).toMatchObject({ unlocked: true });
  expect(await bench.status()).toMatchObject({ unlocked: false });
});

test('the password is the miner’s own', async () => {
  const bench = await oneMiner({ password: 'winter' });
  expect((await bench.post('/unlock', { pw: 'admin' })).status).toBe(403);
  expect((await bench.post('/unlock', { pw: 'winter' })).status).toBe(200);
});

test('too many wrong passwords bring 429 with the seconds left, even for the right one, until they have passed', async () => {
  const bench = await oneMiner();
  const statuses: number[] = [];
  for (let i = 0; i < 5; i += 1) statuses.push((await bench.post('/unlock', { pw: 'wrong' })).status);
  expect(statuses).toEqual([403, 403, 403, 403, 429]);
  bench.after(20);
  const refused = await bench.post('/unlock', { pw: 'admin' });
  expect([refused.status, refused.json()]).toEqual([429, { unlock_timeout: 40 }]);
  bench.after(41);
  expect((await bench.post('/unlock', { pw: 'admin' })).status).toBe(200);
});

describe('a bare token', () => {
  test('is good everywhere but on /system', async () => {
    const bench = await oneMiner();
    const bare = { authorization: (await bench.unlock()).authorization.replace('Bearer ', '') };
    expect((await bench.get('/settings', bare)).status).toBe(200);
    expect((await bench.post('/system/reboot', undefined, bare)).status).toBe(401);
  });
});

describe('an API key', () => {
  const key = 'abcdefghabcdefghabcdefghabcdefgh';

  test('alone is enough for reads and writes, but not for /lock', async () => {
    const bench = await oneMiner();
    expect((await bench.command('/apikeys', { key, description: 'hashfleet' })).json()).toEqual({ status: 'inserted' });
    const byKey = { 'x-api-key': key };
    expect((await bench.get('/settings', byKey)).status).toBe(200);
    expect((await bench.post('/mining/stop', undefined, byKey)).status).toBe(200);
    expect((await bench.post('/lock', undefined, byKey)).status).toBe(401);
  });

  test('survives a reboot, is listed in clear, and can be taken away', async () => {
    const bench = await oneMiner();
    await bench.command('/apikeys', { key, description: 'hashfleet' });
    await bench.command('/system/reboot');
    bench.after(60);
    expect((await bench.get('/apikeys', { 'x-api-key': key })).json()).toEqual([{ key, description: 'hashfleet' }]);
    expect((await bench.command('/apikeys', { key, description: 'hashfleet' })).json()).toEqual({ status: 'nochanges' });
    await bench.command('/apikeys/delete', { key });
    expect((await bench.get('/settings', { 'x-api-key': key })).status).toBe(401);
  });

  test('must have 32 characters', async () => {
    const bench = await oneMiner();
    expect((await bench.command('/apikeys', { key: 'short', description: '' })).status).toBe(400);
  });
});

test('sessions live side by side; lock ends one, lock/others all but one', async () => {
  const bench = await oneMiner();
  const [a, b, c] = [await bench.unlock(), await bench.unlock(), await bench.unlock()];
  await bench.post('/lock', undefined, a);
  expect((await bench.get('/settings', a)).status).toBe(401);
  expect((await bench.post('/lock/others', { pw: 'nope' }, b)).status).toBe(400);
  expect((await bench.post('/lock/others', { pw: 'admin' }, b)).status).toBe(200);
  expect((await bench.get('/settings', b)).status).toBe(200);
  expect((await bench.get('/settings', c)).status).toBe(401);
});

test('the password can be changed, with the old one only', async () => {
  const bench = await oneMiner();
  expect((await bench.command('/settings', { password: { current: 'x', pw: 'new' } })).status).toBe(500);
  expect((await bench.command('/settings', { password: { current: 'admin', pw: 'new' } })).status).toBe(200);
  expect((await bench.post('/unlock', { pw: 'admin' })).status).toBe(403);
  expect((await bench.post('/unlock', { pw: 'new' })).status).toBe(200);
});

test('a miner that hides its hostname shows it to those who are logged in', async () => {
  const bench = await oneMiner({ redactHostname: true });
  expect((await bench.get('/info')).json().system.network_status.hostname).toBe('');
  expect((await bench.get('/info', await bench.unlock())).json().system.network_status.hostname).toBe('l9-01');
});
