/** ProHashing's WAMP router, spoken to in raw messages and by a kept client library. */
import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Wampy } from 'wampy';
import { sign } from 'wampy/wampcra.js';
import { WebSocket } from 'ws';
import type { Simulator } from '../src/simulator.ts';
import type { WampMode } from '../src/pool/wamp/router.ts';
import { startManual, stopAll } from './support/one-miner.ts';

type Message = [number, ...unknown[]];
type MinerRecord = Record<string, unknown> & { uuid: string };

interface Raw {
  readonly socket: WebSocket;
  send(message: unknown): void;
  /** The next message that was not taken yet; waits for it. */
  next(): Promise<Message>;
  /** Messages that nobody has taken. */
  rest(): Message[];
  readonly closed: Promise<number>;
}

const opened: WebSocket[] = [];
const clients: Wampy[] = [];
const hello = [1, 'mining', { roles: { caller: {}, subscriber: {} }, authmethods: ['wampcra'], authid: 'web' }];
const answer = (challenge: string, secret = 'web') => createHmac('sha256', secret).update(challenge).digest('base64');

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.terminate();
  await Promise.all(clients.splice(0).map(async (client) => client.disconnect().catch(() => undefined)));
  await stopAll();
});

function raw(simulator: Simulator, { path = '/ws', protocols = ['wamp.2.json'], autoPong = true } = {}): Raw {
  const socket = new WebSocket(`${simulator.pool.url.replace('http', 'ws')}${path}`, protocols, { autoPong });
  opened.push(socket);
  const arrived: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  const failing: ((error: Error) => void)[] = [];
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as Message;
    failing.shift();
    const wanted = waiting.shift();
    if (wanted === undefined) arrived.push(message);
    else wanted(message);
  });
  const closed = new Promise<number>((resolve) => {
    socket.on('close', (code) => {
      for (const fail of failing.splice(0)) fail(new Error(`closed with ${code}`));
      resolve(code);
    });
  });
  socket.on('error', () => undefined);
  return {
    socket, closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: () => {
      const first = arrived.shift();
      if (first !== undefined) return Promise.resolve(first);
      return new Promise((resolve, reject) => {
        waiting.push(resolve);
        failing.push(reject);
      });
    },
    rest: () => arrived.splice(0),
  };
}

const isOpen = (socket: WebSocket) => new Promise<void>((resolve, reject) => {
  socket.once('open', () => resolve());
  socket.once('error', reject);
});

async function welcome(simulator: Simulator): Promise<Raw> {
  const one = raw(simulator);
  await isOpen(one.socket);
  one.send(hello);
  const [, , { challenge }] = await one.next() as [number, string, { challenge: string }];
  one.send([5, answer(challenge), {}]);
  expect((await one.next())[0]).toBe(2);
  return one;
}

async function wampy(simulator: Simulator, secret = 'web'): Promise<Wampy> {
  const client = new Wampy(`${simulator.pool.url.replace('http', 'ws')}/ws`, {
    ws: WebSocket as never, realm: 'mining', authid: 'web', authmethods: ['wampcra'], autoReconnect: false,
    onChallenge: sign(secret) as never,
  });
  clients.push(client);
  await client.connect();
  return client;
}

const start = async (miners = 3, options: Parameters<typeof startManual>[0] = {}) => {
  const simulator = await startManual({ miners, ...options });
  simulator.clock.advance(3_600_000);
  return simulator;
};
/** Time goes on, and subscribers are told. */
function pump(simulator: Simulator, seconds = 60): void {
  simulator.clock.advance(seconds * 1000);
  simulator.pool.wamp!.pump();
}
const until = async (what: () => boolean) => {
  for (let i = 0; i < 1000 && !what(); i += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(what()).toBe(true);
};

describe('a session', () => {
  test('begins with HELLO, CHALLENGE, AUTHENTICATE and WELCOME, and ends with GOODBYE', async () => {
    const simulator = await start(1);
    const one = raw(simulator);
    await isOpen(one.socket);
    expect(one.socket.protocol).toBe('wamp.2.json');
    one.send(hello);
    const challenge = await one.next();
    expect(challenge).toEqual([4, 'wampcra', { challenge: expect.stringContaining('"nonce"') }]);
    one.send([5, answer((challenge[2] as { challenge: string }).challenge), {}]);
    expect(await one.next()).toEqual([2, expect.any(Number), expect.objectContaining({ realm: 'mining', authid: 'web', authmethod: 'wampcra', roles: { broker: expect.anything(), dealer: expect.anything() } })]);
    expect(simulator.pool.wamp!.sessions()).toBe(1);
    one.send([6, {}, 'wamp.close.close_realm']);
    expect(await one.next()).toEqual([6, {}, 'wamp.close.goodbye_and_out']);
    await one.closed;
    await until(() => simulator.pool.wamp!.sessions() === 0);
  });

  test.each([
    ['another realm', [1, 'realm1', { authmethods: ['wampcra'], authid: 'web' }], 'wamp.error.no_such_realm'],
    ['another method', [1, 'mining', { authmethods: ['ticket'], authid: 'web' }], 'wamp.error.no_auth_method'],
    ['another person', [1, 'mining', { authmethods: ['wampcra'], authid: 'admin' }], 'wamp.error.not_authorized'],
    ['a call before the welcome', [48, 1, {}, 'f_all_general_updates'], 'wamp.error.protocol_violation'],
    ['no WAMP', 'hello?', 'wamp.error.protocol_violation'],
  ])('with %s is aborted', async (_name, message, uri) => {
    const one = raw(await start(1));
    await isOpen(one.socket);
    one.send(message);
    expect(await one.next()).toEqual([3, { message: expect.any(String) }, uri]);
    await one.closed;
  });

  test('with a wrong secret is aborted', async () => {
    const one = raw(await start(1));
    await isOpen(one.socket);
    one.send(hello);
    const [, , { challenge }] = await one.next() as [number, string, { challenge: string }];
    one.send([5, answer(challenge, 'guess'), {}]);
    expect(await one.next()).toEqual([3, { message: 'signature is invalid' }, 'wamp.error.not_authorized']);
    await one.closed;
  });

  test('without the subprotocol, or on another path, is none', async () => {
    const simulator = await start(1);
    const bare = raw(simulator, { protocols: [] });
    expect(await bare.closed).toBe(1002);
    await expect(isOpen(raw(simulator, { path: '/elsewhere' }).socket)).rejects.toThrow('404');
  });

  test('answers a ping', async () => {
    const one = await welcome(await start(1));
    const pong = new Promise((resolve) => one.socket.once('pong', (data: Buffer) => resolve(data.toString())));
    one.socket.ping('there?');
    expect(await pong).toBe('there?');
  });

  test('may not publish', async () => {
    const one = await welcome(await start(1));
    one.send([16, 7, { acknowledge: true }, 'general_updates', [{}]]);
    expect(await one.next()).toEqual([8, 16, 7, {}, 'wamp.error.not_authorized', [expect.any(String)]]);
  });
});

describe('the calls', () => {
  const call = async (one: Raw, procedure: string, ...args: unknown[]) => {
    one.send([48, 1, {}, procedure, args]);
    return one.next();
  };

  test('f_all_miner_updates: an array of full records, one for each connection, with the REST side’s hashrates', async () => {
    const simulator = await start();
    const one = await welcome(simulator);
    const [code, request, , [records]] = await call(one, 'f_all_miner_updates', simulator.pool.apiKey) as [number, number, object, [MinerRecord[]]];
    expect([code, request]).toEqual([50, 1]);
    expect(records.map((record) => record['miner_name'])).toEqual(simulator.miners.map(({ name }) => name));
    expect(records[0]).toEqual({
      uuid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/), miner_name: 'l9-01', algorithm_name: 'Scrypt', coin_name: 'Litecoin',
      hashrate: simulator.pool.ledger.workerHashrates(simulator.clock.now()).get('l9-01'), difficulty: expect.any(Number), difficulty_is_static: false, share_count: expect.any(Number),
      all_time_share_count: expect.any(Number), miner_hardware: null,
    });
  });

  test('f_all_balance_updates: by full coin name; a coin that was paid out has vanished', async () => {
    const simulator = await start();
    const one = await welcome(simulator);
    expect((await call(one, 'f_all_balance_updates', simulator.pool.apiKey))[3]).toEqual([{ Litecoin: 0.21, Dogecoin: 118.5 }]);
    simulator.pool.ledger.payOut(simulator.clock.now(), 'LTC');
    expect((await call(one, 'f_all_balance_updates', simulator.pool.apiKey))[3]).toEqual([{ Dogecoin: 118.5 }]);
  });

  test('f_all_profitability_updates: by algorithm id, Scrypt is 1, in USD and BTC for a MH/s and a day', async () => {
    const simulator = await start(1);
    const one = await welcome(simulator);
    const [, , , [records]] = await call(one, 'f_all_profitability_updates') as [number, number, object, [Record<string, Record<string, number | string>>]];
    const market = simulator.house.market;
    const minuteMs = Math.floor(simulator.clock.now() / 60_000) * 60_000;
    expect(records['1']).toMatchObject({ algorithm_name: 'Scrypt', usd: market.usdPerMegahashDay(minuteMs), btc: market.usdPerMegahashDay(minuteMs) / market.priceUsd('BTC', minuteMs) });
    expect(Object.keys(records['1']!).sort()).toEqual(['algorithm_name', 'btc', 'data_timestamp', 'max_btc', 'max_usd', 'percentile_btc', 'percentile_usd', 'server_id', 'server_timestamp', 'usd']);
    expect(Object.keys(records)).toEqual(['1', '2', '4', '8']);
    // As in the sample: the best coin below the present one.
    expect(records['8']!['max_usd']).toBeLessThan(records['8']!['usd'] as number);
    expect((await call(one, 'f_all_profitability_updates', simulator.pool.apiKey)).slice(0, 5)).toEqual([8, 48, 1, {}, 'wamp.error.invalid_argument']);
  });

  test('f_all_general_updates: one object', async () => {
    const one = await welcome(await start(1));
    expect((await call(one, 'f_all_general_updates'))[3]).toEqual([{ subscriptions_count: expect.any(Number), total_hashrate_computed_onlys: expect.objectContaining({ Scrypt: expect.any(Number) }) }]);
  });

  test('another procedure is an error; a wrong key gets nothing', async () => {
    const one = await welcome(await start(1));
    expect((await call(one, 'f_all_earnings')).slice(0, 5)).toEqual([8, 48, 1, {}, 'wamp.error.no_such_procedure']);
    expect((await call(one, 'f_all_miner_updates', 'wrong'))[3]).toEqual([[]]);
    expect((await call(one, 'f_all_balance_updates', 'wrong'))[3]).toEqual([{}]);
  });
});

describe('the topics', () => {
  /** Subscribes, and gives the records of each event. */
  async function listen(simulator: Simulator, topic: string): Promise<{ one: Raw; events: () => Promise<Record<string, unknown>[][]> }> {
    const one = await welcome(simulator);
    one.send([32, 5, {}, topic]);
    const subscribed = await one.next();
    expect(subscribed).toEqual([33, 5, expect.any(Number)]);
    return {
      one,
      events: async () => {
        // What was sent before the answer to this call is there when the answer is.
        one.send([48, 9, {}, 'f_all_general_updates']);
        const seen: Record<string, unknown>[][] = [];
        for (;;) {
          const message = await one.next();
          if (message[0] === 50) return seen;
          expect(message.slice(0, 2)).toEqual([36, subscribed[2]]);
          seen.push(message[4] as Record<string, unknown>[]);
        }
      },
    };
  }

  test('miner_update_diffs: parts of records, several in an event, that merge into what a call says', async () => {
    const simulator = await start(6);
    const { apiKey } = simulator.pool;
    const { one, events } = await listen(simulator, `miner_update_diffs_${apiKey}`);
    one.send([48, 1, {}, 'f_all_miner_updates', [apiKey]]);
    const [, , , [snapshot]] = await one.next() as [number, number, object, [MinerRecord[]]];
    const merged = new Map(snapshot.map((record) => [record.uuid, record]));
    const sizes = new Set<number>();
    const together = new Set<number>();
    const merge = (seen: Record<string, unknown>[][]) => {
      for (const records of seen) {
        together.add(records.length);
        for (const diff of records as MinerRecord[]) {
          sizes.add(Object.keys(diff).length);
          expect(merged.has(diff.uuid)).toBe(true);
          merged.set(diff.uuid, { ...merged.get(diff.uuid), ...diff });
        }
      }
    };
    for (let i = 0; i < 12; i += 1) {
      pump(simulator);
      merge(await events());
    }
    expect(sizes.size).toBeGreaterThan(1);
    expect(Math.max(...together)).toBeGreaterThan(1);
    // What was left out comes later, also when nothing new happens.
    for (let i = 0; i < 12; i += 1) {
      simulator.pool.wamp!.pump();
      merge(await events());
    }
    one.send([48, 1, {}, 'f_all_miner_updates', [apiKey]]);
    expect([...merged.values()]).toEqual(((await one.next())[3] as unknown[])[0]);
  });

  test('miner_update_diffs: who comes anew has another uuid and counts from 0', async () => {
    const simulator = await start(1);
    const { events } = await listen(simulator, `miner_update_diffs_${simulator.pool.apiKey}`);
    const [before] = simulator.pool.ledger.connections(simulator.clock.now());
    simulator.pool.ledger.hangUp('l9-01');
    let seen: MinerRecord[] = [];
    for (let i = 0; i < 6; i += 1) {
      pump(simulator, 30);
      seen = [...seen, ...(await events()).flat() as MinerRecord[]];
    }
    expect(new Set(seen.map(({ uuid }) => uuid)).size).toBe(1);
    expect(seen[0]!.uuid).not.toBe(before!.uuid);
    const counts = seen.flatMap((diff) => (typeof diff['share_count'] === 'number' ? [diff['share_count']] : []));
    expect(counts[0]!).toBeLessThan(before!.shares);
  });

  test('miner_updates: the full records of the older generation', async () => {
    const simulator = await start(2);
    const { events } = await listen(simulator, `miner_updates_${simulator.pool.apiKey}`);
    pump(simulator);
    const records = (await events()).flat();
    expect(records.map((record) => record['miner_name']).sort()).toEqual(['l9-01', 'l9-02']);
    for (const record of records) expect(Object.keys(record)).toHaveLength(10);
  });

  test('balance_updates: increments that add up to the credits; a payout is told by nobody', async () => {
    const simulator = await start(3, { pools: { prohashing: { pay: 'pps' } } });
    const { events } = await listen(simulator, `balance_updates_${simulator.pool.apiKey}`);
    const credited = () => simulator.pool.ledger.coin('DOGE', simulator.clock.now()).credited;
    const before = credited();
    let total = 0;
    for (let i = 0; i < 5; i += 1) {
      pump(simulator, 300);
      if (i === 2) simulator.pool.ledger.payOut(simulator.clock.now());
      for (const { coin, balance } of (await events()).flat() as { coin: string; balance: number }[]) {
        expect(balance).toBeGreaterThan(0);
        if (coin === 'Dogecoin') total += balance;
      }
    }
    expect(Math.round(total * 1e8)).toBe(credited() - before);
    expect(total).toBeGreaterThan(0);
  });

  test('profitability_updates: some algorithms and some fields, once a minute; general_updates besides', async () => {
    const simulator = await start(1);
    const { one, events } = await listen(simulator, 'profitability_updates');
    const seen: Record<string, Record<string, unknown>>[] = [];
    for (let i = 0; i < 8; i += 1) {
      pump(simulator, 60);
      seen.push(...(await events()).flat() as Record<string, Record<string, unknown>>[]);
    }
    expect(seen).toHaveLength(8);
    expect(new Set(seen.map((update) => Object.keys(update).length)).size).toBeGreaterThan(1);
    for (const update of seen) expect(update['1']).toMatchObject({ usd: expect.any(Number), data_timestamp: expect.any(Number) });
    one.send([32, 6, {}, 'general_updates']);
    await one.next();
    pump(simulator, 60);
    expect((await one.next())[0]).toBe(36);
  });

  test('found_block_updates: blocks of the whole pool, mostly of strangers', async () => {
    const simulator = await start(3, { pools: { prohashing: { poolHashrate: 5e14 } } });
    const { events } = await listen(simulator, 'found_block_updates');
    pump(simulator, 6 * 3600);
    const blocks = (await events()).flat();
    // A sixth of the network: 25 blocks of LTC in six hours, 60 of DOGE; five deviations.
    expect(Math.abs(blocks.length - 85)).toBeLessThan(50);
    expect(blocks[0]).toEqual({
      coin_name: expect.stringMatching(/^(Litecoin|Dogecoin)$/), algorithm: 'Scrypt', block_height: expect.any(Number), worker_name: expect.any(String), share_diff: expect.any(Number),
      coinbase_value: expect.any(Number), snapshot_value_usd: expect.any(Number),
    });
    expect(blocks.filter((block) => /^rig\d+$/.test(String(block['worker_name']))).length).toBeGreaterThan(blocks.length / 2);
  });

  test('an unsubscribed one is quiet, one that isn’t there too', async () => {
    const simulator = await start(1);
    const one = await welcome(simulator);
    one.send([32, 1, {}, `miner_update_diffs_${simulator.pool.apiKey}`]);
    const [, , subscription] = await one.next();
    one.send([34, 2, subscription]);
    expect(await one.next()).toEqual([35, 2]);
    one.send([34, 3, subscription]);
    expect((await one.next()).slice(0, 5)).toEqual([8, 34, 3, {}, 'wamp.error.no_such_subscription']);
    for (const topic of ['mining_failures_x', 'miner_update_diffs_wrong']) {
      one.send([32, 4, {}, topic]);
      expect((await one.next())[0]).toBe(33);
    }
    pump(simulator);
    one.send([48, 9, {}, 'f_all_general_updates']);
    expect((await one.next())[0]).toBe(50);
  });

  test('what clients did is on record, without the key', async () => {
    const simulator = await start(1);
    const { one } = await listen(simulator, `balance_updates_${simulator.pool.apiKey}`);
    one.send([48, 1, {}, 'f_all_miner_updates', [simulator.pool.apiKey]]);
    await one.next();
    expect(simulator.pool.wamp!.log()).toEqual(['hello', 'welcome', 'subscribe balance_updates_', 'call f_all_miner_updates']);
  });
});

describe('what can fail', () => {
  const withMode = async (mode: WampMode, one?: (simulator: Simulator) => Promise<Raw>) => {
    const simulator = await start(1);
    const client = one === undefined ? undefined : await one(simulator);
    simulator.pool.wamp!.setMode(mode);
    return { simulator, client: client! };
  };

  test('refuse: no socket', async () => {
    const { simulator, client } = await withMode('refuse', welcome);
    await client.closed;
    await expect(isOpen(raw(simulator).socket)).rejects.toThrow('503');
  });

  test('refuse_auth: the right answer is aborted', async () => {
    const { simulator } = await withMode('refuse_auth');
    const one = raw(simulator);
    await isOpen(one.socket);
    one.send(hello);
    const [, , { challenge }] = await one.next() as [number, string, { challenge: string }];
    one.send([5, answer(challenge), {}]);
    expect((await one.next()).slice(0, 1)).toEqual([3]);
  });

  test.each(['drop_events', 'lose_events'] as const)('%s: of sixteen minutes none or some are told', async (mode) => {
    const { simulator, client } = await withMode(mode, welcome);
    client.send([32, 1, {}, 'profitability_updates']);
    await client.next();
    for (let i = 0; i < 16; i += 1) pump(simulator);
    client.send([48, 9, {}, 'f_all_general_updates']);
    const seen: Message[] = [];
    for (let message = await client.next(); message[0] !== 50; message = await client.next()) seen.push(message);
    if (mode === 'drop_events') expect(seen).toEqual([]);
    else expect([seen.length > 2, seen.length < 14]).toEqual([true, true]);
  });

  test('never: a call has no answer, a subscription has', async () => {
    const { client } = await withMode('never', welcome);
    client.send([48, 1, {}, 'f_all_general_updates']);
    client.send([32, 2, {}, 'general_updates']);
    expect((await client.next()).slice(0, 2)).toEqual([33, 2]);
    expect(client.rest()).toEqual([]);
  });

  test('late: the answer comes, seconds later', async () => {
    const { client } = await withMode('late', welcome);
    const began = performance.now();
    client.send([48, 1, {}, 'f_all_general_updates']);
    expect((await client.next())[0]).toBe(50);
    expect(performance.now() - began).toBeGreaterThan(1500);
  });

  test('cut: sockets end, new ones too', async () => {
    const { simulator, client } = await withMode('cut', welcome);
    expect(await client.closed).toBe(1006);
    expect(await raw(simulator).closed).toBe(1006);
    simulator.pool.wamp!.setMode('ok');
    await welcome(simulator);
  });

  test('half_open: the socket stays, and nothing comes, not even a pong', async () => {
    const { simulator, client } = await withMode('half_open', welcome);
    let pongs = 0;
    client.socket.on('pong', () => void (pongs += 1));
    client.socket.ping();
    client.send([48, 1, {}, 'f_all_general_updates']);
    // The other direction shows that time enough has passed: a second session is as mute.
    const other = raw(simulator);
    await isOpen(other.socket);
    other.send(hello);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([pongs, client.rest(), other.rest(), client.socket.readyState]).toEqual([0, [], [], WebSocket.OPEN]);
  });

  test('garble: what comes is no JSON', async () => {
    const { client } = await withMode('garble', welcome);
    client.socket.removeAllListeners('message');
    const heard = new Promise<string>((resolve) => client.socket.once('message', (data: Buffer) => resolve(data.toString())));
    client.send([48, 1, {}, 'f_all_general_updates']);
    const text = await heard;
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
  });

  test('goodbye: who is there is told, who comes is told at once', async () => {
    const { simulator, client } = await withMode('goodbye', welcome);
    expect(await client.next()).toEqual([6, expect.anything(), 'wamp.close.system_shutdown']);
    client.send([6, {}, 'wamp.close.goodbye_and_out']);
    await client.closed;
    const other = await welcome(simulator);
    expect((await other.next())[0]).toBe(6);
  });

  test('a dead pool has no router either, until it lives again', async () => {
    const simulator = await start(1);
    const one = await welcome(simulator);
    await simulator.pool.setMode('dead');
    await one.closed;
    await expect(isOpen(raw(simulator).socket)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await simulator.pool.setMode('ok');
    await welcome(simulator);
  });
});

describe('the library wampy', () => {
  test('makes all four calls', async () => {
    const simulator = await start(2);
    const client = await wampy(simulator);
    const { apiKey } = simulator.pool;
    const results = await Promise.all([client.call('f_all_miner_updates', [apiKey]), client.call('f_all_balance_updates', [apiKey]), client.call('f_all_profitability_updates'), client.call('f_all_general_updates')]);
    expect(results.map(({ argsList }) => argsList)).toEqual([
      [[expect.objectContaining({ miner_name: 'l9-01' }), expect.objectContaining({ miner_name: 'l9-02' })]], [{ Litecoin: 0.21, Dogecoin: 118.5 }], [expect.objectContaining({ 1: expect.anything() })],
      [expect.objectContaining({ subscriptions_count: expect.any(Number) })],
    ]);
  });

  test('hears every topic', async () => {
    const simulator = await start(2, { pools: { prohashing: { pay: 'by_password', poolHashrate: 1e15 } } });
    const client = await wampy(simulator);
    const { apiKey } = simulator.pool;
    const heard = new Set<string>();
    const topics = [`miner_update_diffs_${apiKey}`, `miner_updates_${apiKey}`, `balance_updates_${apiKey}`, 'profitability_updates', 'general_updates', 'found_block_updates'];
    for (const topic of topics) await client.subscribe(topic, () => void heard.add(topic));
    pump(simulator, 3600);
    await until(() => heard.size === topics.length);
  });

  test('is refused with a wrong secret', async () => {
    const simulator = await start(1);
    await expect(wampy(simulator, 'guess')).rejects.toThrow();
    expect(simulator.pool.wamp!.log()).toContain('authentication refused');
  });

  test.each(['refuse', 'refuse_auth'] as const)('cannot connect in mode %s', async (mode) => {
    const simulator = await start(1);
    simulator.pool.wamp!.setMode(mode);
    await expect(wampy(simulator)).rejects.toThrow();
  });
});
