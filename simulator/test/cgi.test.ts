import { afterEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { createCgiMiner, type CgiMiner } from '../src/cgi/miner.ts';
import { nonceLifeMs } from '../src/cgi/digest.ts';
import { bootSeconds, type CgiMinerSpec } from '../src/cgi/machine.ts';
import { createClock, type Clock } from '../src/clock.ts';
import { poolsFor } from '../src/fleet.ts';
import { ask, type Received } from './support/one-miner.ts';

const open: CgiMiner[] = [];
afterEach(async () => {
  for (const miner of open.splice(0)) await miner.close();
});

interface Client { readonly miner: CgiMiner; readonly clock: Clock; login(password?: string): Promise<void>; send(script: string, options?: { method?: string; form?: string; count?: number; password?: string }): Promise<Received>; status(): Promise<Status>; after(seconds: number): void }
interface Status { summary: { ghs5s: string; ghsav: number; elapsed: string }; pools: Record<string, string>[]; devs: Record<string, string>[] }

const md5 = (text: string) => createHash('md5').update(text).digest('hex');

/** A client that keeps to RFC 7616, written for this test. */
async function client(part: Partial<CgiMinerSpec> = {}): Promise<Client> {
  const clock = createClock({ startMs: Date.UTC(2026, 5, 1, 12), speed: 0 });
  const miner = createCgiMiner({ name: 'l3-01', model: 'l3plus', firmware: '3.9.0', mac: '02:51:00:00:00:31', pools: poolsFor('l3-01'), ...part }, { clock, seed: 1, host: '127.0.0.1', port: 0, cgminerPort: null, sink: null });
  await miner.listen();
  open.push(miner);
  let nonce = '';
  let used = 0;
  const it: Client = {
    miner, clock,
    async login() {
      const { status, headers } = await ask(`${miner.url}/cgi-bin/check.cgi`);
      expect(status).toBe(401);
      nonce = /nonce="([^"]+)"/.exec(String(headers['www-authenticate']))?.[1] ?? '';
      used = 0;
    },
    async send(script, { method = 'GET', form, count, password = 'root' } = {}) {
      used += 1;
      const [uri, nc, realm] = [`/cgi-bin/${script}`, (count ?? used).toString(16).padStart(8, '0'), 'antMiner Configuration'];
      const response = md5(`${md5(`root:${realm}:${password}`)}:${nonce}:${nc}:abc:auth:${md5(`${method}:${uri}`)}`);
      return ask(`${miner.url}${uri}`, {
        method, ...(form === undefined ? {} : { body: form }),
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'authorization': `Digest username="root", realm="${realm}", nonce="${nonce}", uri="${uri}", qop=auth, nc=${nc}, cnonce="abc", response="${response}"` },
      });
    },
    status: async () => (await it.send('get_miner_status.cgi')).json<Status>(),
    after: (seconds) => clock.advance(seconds * 1000),
  };
  await it.login();
  return it;
}

describe('the digest login', () => {
  test('lets the right answer in, and nothing else', async () => {
    const l3 = await client();
    expect((await l3.send('check.cgi')).text).toBe('1\n');
    expect((await l3.send('check.cgi', { password: 'admin' })).status).toBe(401);
    expect(l3.miner.requests.list().map(({ auth, authValid }) => [auth, authValid])).toEqual([['none', false], ['digest', true], ['digest', false]]);
  });

  test('takes no answer twice and no nonce for ever, and says that only the nonce is stale', async () => {
    const l3 = await client();
    await l3.send('check.cgi', { count: 5 });
    const again = await l3.send('check.cgi', { count: 5 });
    expect([again.status, String(again.headers['www-authenticate'])]).toEqual([401, expect.stringContaining('stale=true')]);
    await l3.login();
    l3.after(nonceLifeMs / 1000 + 1);
    expect((await l3.send('check.cgi')).status).toBe(401);
  });
});

describe('an L3+', () => {
  test('tells of four boards of 72 chips, 504 MH/s and two fans among eight, mostly as texts', async () => {
    const l3 = await client();
    expect((await l3.send('get_system_info.cgi')).json<Record<string, string>>()).toMatchObject({ minertype: 'Antminer L3+ (vnish 3.9.0)', macaddr: '02:51:00:00:00:31' });
    const { summary, devs, pools } = await l3.status();
    expect(Math.abs(Number(summary.ghs5s) / 504 - 1)).toBeLessThan(0.06);
    expect(Math.abs(summary.ghsav / 504 - 1)).toBeLessThan(0.02);
    expect(devs.map((dev) => [dev['index'], dev['chain_acn'], dev['chain_consumption']])).toEqual(['1', '2', '3', '4'].map((index) => [index, '72', '195']));
    expect([devs[0]!['fan3'], devs[0]!['fan8']]).toEqual(['0', '0']);
    expect(Number(devs[0]!['fan1'])).toBeGreaterThan(1500);
    for (const dev of devs) {
      expect(Number(dev['temp2'])).toBeGreaterThan(Number(dev['temp']));
      expect(Number(dev['temp2'])).toBeLessThan(75);
    }
    expect(pools.map((pool) => pool['status'])).toEqual(['Alive', 'Alive']);
  });

  test('gives the same replies at the same time, and others five seconds later', async () => {
    const [one, other] = [await client(), await client()];
    expect(await one.status()).toEqual(await other.status());
    one.after(5);
    expect((await one.status()).summary.ghs5s).not.toBe((await other.status()).summary.ghs5s);
  });

  test('is warmer and turns its fans faster in a warm room and at a higher frequency', async () => {
    const [cool, warm, fast] = [await client(), await client({ roomCelsius: 35 }), await client({ frequencyMhz: 450 })].map(({ miner }) => miner.truth());
    for (const hot of [warm!, fast!]) {
      expect(hot.boards[0]!.chipCelsius).toBeGreaterThan(cool!.boards[0]!.chipCelsius);
      expect(hot.fansRpm[0]).toBeGreaterThan(cool!.fansRpm[0]!);
    }
    expect(() => createCgiMiner({ ...open[0]!.spec, frequencyMhz: 999 }, { clock: createClock({ startMs: 0, speed: 0 }), seed: 1, host: '127.0.0.1', port: 0, cgminerPort: null, sink: null })).toThrow('frequencyMhz must be one of 300');
  });

  test('mines again 30 to 60 s after a restart, its server up all the time', async () => {
    const l3 = await client();
    await l3.send('reboot_cgminer.cgi');
    let seconds = 0;
    while ((await l3.send('check.cgi')).text !== '1\n') {
      expect(Number((await l3.status()).summary.ghs5s)).toBe(0);
      l3.after(2);
      seconds += 2;
    }
    expect(seconds).toBeGreaterThanOrEqual(30);
    expect(seconds).toBeLessThanOrEqual(62);
    expect(Number((await l3.status()).summary.elapsed)).toBeLessThan(3);
  });

  test('sleeps on mode=1 until mode=0, cools down, and refuses another mode', async () => {
    const l3 = await client();
    const before = l3.miner.truth();
    expect((await l3.send('do_sleep_mode.cgi', { method: 'POST', form: 'mode=1' })).status).toBe(200);
    l3.after(600);
    expect(l3.miner.truth()).toMatchObject({ phase: 'sleeping', hashesPerSecond: 0 });
    expect(l3.miner.truth().boards[0]!.pcbCelsius).toBeLessThan(before.boards[0]!.pcbCelsius - 10);
    expect((await l3.status()).devs[0]!['chain_consumption']).toBe('null');
    expect((await l3.send('do_sleep_mode.cgi', { method: 'POST', form: 'mode=2' })).status).toBe(400);
    await l3.login();
    await l3.send('do_sleep_mode.cgi', { method: 'POST', form: 'mode=0' });
    expect(l3.miner.truth().phase).toBe('starting');
    l3.after(60);
    expect(l3.miner.truth().phase).toBe('mining');
    await l3.send('stop_bmminer.cgi');
    expect([l3.miner.truth().phase, (await l3.send('check.cgi')).text]).toEqual(['stopped', '0\n']);
    expect((await l3.send('no_such.cgi')).status).toBe(404);
  });

  test('is away while it reboots, and starts then', async () => {
    const l3 = await client();
    await l3.send('reboot.cgi');
    await expect(l3.send('check.cgi')).rejects.toThrow();
    l3.after(bootSeconds);
    expect((await l3.send('check.cgi')).text).toBe('0\n');
    l3.after(60);
    expect((await l3.send('check.cgi')).text).toBe('1\n');
  });
});

describe('a fault', () => {
  test('takes a board away, spoils the JSON, or cuts the power; and all is repaired', async () => {
    const l3 = await client();
    await l3.miner.inject('board_missing', { board: 3 });
    expect((await l3.status()).devs.map(({ index }) => index)).toEqual(['1', '2', '4']);
    await l3.miner.inject('bad_json');
    await expect(l3.status()).rejects.toThrow(SyntaxError);
    await l3.miner.inject('unplugged');
    await expect(l3.send('check.cgi')).rejects.toThrow();
    await l3.miner.repair();
    l3.after(bootSeconds + 60);
    await l3.login();
    expect((await l3.status()).devs).toHaveLength(4);
    expect(l3.miner.truth().phase).toBe('mining');
  });
});
