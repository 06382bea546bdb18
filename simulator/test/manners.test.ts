/** A server with bad manners: what a client must survive. */
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { request } from 'undici';
import { garbage } from '../src/miner/manners.ts';
import { manners } from '../src/miner/faults.ts';
import { ask, oneMiner, stopAll } from './support/one-miner.ts';

afterEach(stopAll);

const info = (bench: { miner: { url: string } }) => `${bench.miner.url}/api/v1/info`;

/** What comes over the wire to a plain GET, until the other side closes or enough has come. */
function rawGet(host: string, port: number, enough = Infinity): Promise<{ text: string; failed: string | null }> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, host, () => socket.write('GET /api/v1/info HTTP/1.1\r\nhost: miner\r\nconnection: close\r\n\r\n'));
    let failed: string | null = null;
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.length > enough) socket.destroy();
    });
    socket.on('error', (problem: NodeJS.ErrnoException) => {
      failed = problem.code ?? problem.message;
    });
    socket.on('close', () => resolve({ text, failed }));
  });
}

test('hang: accepts and never answers', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('hang');
  await expect(ask(info(bench), { timeoutMs: 300 })).rejects.toMatchObject({ name: expect.stringMatching(/Timeout/) });
});

test('drip: one byte at a time', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('drip', { milliseconds: 20 });
  await expect(ask(info(bench), { timeoutMs: 400 })).rejects.toThrow();
  const { text } = await rawGet(bench.miner.host, bench.miner.port, 220);
  expect(text).toContain('200 OK');
});

test('endless: a body without an end', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('endless');
  const { text } = await rawGet(bench.miner.host, bench.miner.port, 5_000_000);
  expect(text.length).toBeGreaterThan(5_000_000);
});

test('html: 200 with a page in place of JSON', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('html');
  const reply = await bench.get('/info');
  expect([reply.status, reply.type.split(';')[0]]).toEqual([200, 'text/html']);
});

test('bad_json: says JSON, is none', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('bad_json');
  const reply = await bench.get('/info');
  expect(reply.type).toBe('application/json');
  expect(() => reply.json()).toThrow(SyntaxError);
});

test('cut: promises more than it sends, then closes', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('cut');
  await expect(bench.get('/info')).rejects.toThrow();
  const { text } = await rawGet(bench.miner.host, bench.miner.port);
  const promised = Number(/content-length: (\d+)/i.exec(text)?.[1]);
  expect(text.split('\r\n\r\n')[1]!.length).toBeLessThan(promised);
});

test('reset: the connection is torn', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('reset');
  expect(await rawGet(bench.miner.host, bench.miner.port)).toEqual({ text: '', failed: 'ECONNRESET' });
});

test('not_http: speaks something else', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('not_http');
  await expect(bench.get('/info')).rejects.toThrow();
  expect((await rawGet(bench.miner.host, bench.miner.port)).text).not.toContain('HTTP/');
});

test('slow: answers, later', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('slow', { milliseconds: 300 });
  await expect(ask(info(bench), { timeoutMs: 100 })).rejects.toThrow();
  const from = performance.now();
  expect((await bench.get('/info')).json().model).toBe('l9');
  expect(performance.now() - from).toBeGreaterThan(290);
});

test('http_500: an error in the firmware’s shape', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('http_500');
  expect(await bench.get('/info')).toMatchObject({ status: 500, text: '{"err":"Internal error"}' });
});

test('huge_headers: more than clients take', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('huge_headers');
  await expect(bench.get('/info')).rejects.toMatchObject({ code: 'UND_ERR_HEADERS_OVERFLOW' });
});

describe('garbage_values', () => {
  test('well-formed JSON of the right names with wrong types', async () => {
    const bench = await oneMiner();
    const names = Object.keys((await bench.get('/info')).json());
    await bench.miner.inject('garbage_values');
    const reply = await bench.get('/info');
    expect(Object.keys(reply.json())).toEqual(names);
    expect(reply.json().model).not.toBe('l9');
  });

  test('has nulls, strings for numbers, numbers beyond doubles, lists and negatives', () => {
    const text = garbage(JSON.stringify({ list: Array.from({ length: 10 }, (_, i) => i + 0.5) }));
    expect(text).toContain('1e400');
    expect((JSON.parse(text) as { list: unknown[] }).list).toEqual(expect.arrayContaining([null, '0.5', Infinity, ['unexpected'], -1]));
  });
});

test('wrong_content_type: good JSON under another name', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('wrong_content_type');
  const reply = await bench.get('/info');
  expect([reply.type, reply.json().model]).toEqual(['text/plain', 'l9']);
});

test('bad manners can be kept to one path', async () => {
  const bench = await oneMiner();
  await bench.miner.inject('http_500', { path: '/summary' });
  expect((await bench.get('/summary')).status).toBe(500);
  expect((await bench.get('/status')).status).toBe(200);
});

test.each(manners)('%s: after the repair all is well, on old connections too', async (kind) => {
  const bench = await oneMiner();
  await bench.miner.inject(kind, { milliseconds: 10 });
  await ask(info(bench), { timeoutMs: 150 }).catch(() => undefined);
  await bench.miner.repair(kind);
  const { statusCode, body } = await request(info(bench), { headers: { connection: 'close' } });
  expect([statusCode, ((await body.json()) as { model: string }).model]).toEqual([200, 'l9']);
});
