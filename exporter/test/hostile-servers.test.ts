/**
 * What may stand at a miner's address and is none, or is one gone mad: raw servers that break HTTP, JSON and good manners, one by one.
 * Each has the one closed reason that a person will see, or is read all the same. The bad manners of a real miner's own server are
 * the simulator's, and are met in hostile.test.ts.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { startSimulator } from '../../simulator/src/simulator.ts';
import { pollFailureRemedies, type Driver, type PollFailureReason } from '../src/miners/driver.ts';
import { vnishCgiDriver } from '../src/miners/vnish-cgi/driver.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { until } from './fixtures.ts';
import { promtoolAccepts } from './golden-page.ts';
import { run, simulated, spec, valueOn, whenDone } from './running.ts';

/** What a true miner answers, by path; taken from the simulator. */
const truth = new Map<string, string>();

beforeAll(async () => {
  const simulator = await startSimulator({ miners: [spec('m')], speed: 0 });
  for (const path of ['/info', '/model', '/perf-summary', '/summary', '/status']) truth.set(`/api/v1${path}`, await (await fetch(`${simulator.miner('m').url}/api/v1${path}`)).text());
  // Without its MAC: in one fleet all these servers would be one machine.
  truth.set('/api/v1/info', truth.get('/api/v1/info')!.replace(/"mac":"[^"]*",?/, ''));
  await simulator.stop();
});

/** One reply in HTTP/1.1 as it should be. */
function reply(body: string | Buffer, { status = '200 OK', headers = ['Content-Type: application/json'] }: { status?: string; headers?: readonly string[] } = {}): Buffer {
  const bytes = Buffer.from(body as string);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${headers.map((line) => `${line}\r\n`).join('')}Content-Length: ${bytes.length}\r\n\r\n`), bytes]);
}

const notFound = reply('{}', { status: '404 Not Found' });
const good = (path: string) => (truth.has(path) ? reply(truth.get(path)!) : notFound);

/** Writes until the other end has gone; with pauses, since it shares its processor with the one that is tested. */
function pour(socket: Socket, chunk: string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', () => setTimeout(more, 20));
  more();
}

function drip(socket: Socket, text: string | Buffer, milliseconds: number): void {
  const bytes = Buffer.from(text as string);
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < bytes.length) socket.write(bytes.subarray(sent, (sent += 1)));
  }, milliseconds);
  socket.on('close', () => clearInterval(timer));
}

const chunked = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
const head = (line: string) => `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${line}\r\n\r\n`;
/** The true reply, with something done to its text. */
const changed = (change: (text: string) => string | Buffer) => (socket: Socket, path: string) => void socket.write(truth.has(path) ? reply(change(truth.get(path)!)) : notFound);
const said = (text: string | Buffer) => (socket: Socket) => void socket.write(text);
const lastWords = (text: string | Buffer) => (socket: Socket) => void socket.end(text);
const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

interface Behaviour {
  readonly outcome: PollFailureReason | 'read';
  /** To each request, until the connection is closed. */
  readonly answer?: (socket: Socket, path: string, place: Place) => void;
  /** To the connection itself, before anything was asked. */
  readonly connect?: (socket: Socket) => void;
  readonly driver?: 'vnish-cgi';
}

const behaviours: Readonly<Record<string, Behaviour>> = {
  'closes each connection at once': { outcome: 'reset', connect: (socket) => void socket.end() },
  'resets each connection at once': { outcome: 'reset', connect: (socket) => void socket.resetAndDestroy() },
  'resets after the headers': { outcome: 'reset', answer: (socket) => void socket.write(head('Content-Length: 100'), () => setTimeout(() => socket.resetAndDestroy(), 20)) },
  'leaves the header unfinished': { outcome: 'timeout', answer: said('HTTP/1.1 200 OK\r\nContent-Type: appl') },
  'sends headers without end': { outcome: 'too_large', answer: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    pour(socket, `X-Filler: ${'y'.repeat(1000)}\r\n`);
  } },
  'drips its header byte by byte': { outcome: 'timeout', answer: (socket) => drip(socket, reply('{}'), 60) },
  'drips its body byte by byte': { outcome: 'timeout', answer: (socket, path) => {
    socket.write(head('Content-Length: 100000'));
    drip(socket, good(path), 30);
  } },
  'says 100 Continue without end': { outcome: 'reset', answer: (socket) => pour(socket, 'HTTP/1.1 100 Continue\r\n\r\n') },
  'says 103 Early Hints without end': { outcome: 'timeout', answer: (socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n') },
  'switches protocols unasked': { outcome: 'reset', answer: said('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n') },
  'sends a chunk whose size is no number': { outcome: 'not_http', answer: said(`${chunked}zz\r\n{}\r\n0\r\n\r\n`) },
  'sends a chunk of a size past all bounds': { outcome: 'not_http', answer: said(`${chunked}fffffffffffffffff\r\n{}`) },
  'sends a chunk larger than it said': { outcome: 'not_http', answer: said(`${chunked}2\r\n{"miner":"x"}\r\n0\r\n\r\n`) },
  'sends one chunk without end': { outcome: 'too_large', answer: (socket) => {
    socket.write(`${chunked}7fffffff\r\n`);
    pour(socket, 'x'.repeat(600_000));
  } },
  'sends an extension of a chunk without end': { outcome: 'timeout', answer: (socket) => {
    socket.write(`${chunked}2;x=`);
    pour(socket, 'y'.repeat(16_384));
  } },
  'sends trailers without end': { outcome: 'too_large', answer: (socket) => {
    socket.write(`${chunked}2\r\n{}\r\n0\r\n`);
    pour(socket, `X-Filler: ${'y'.repeat(1000)}\r\n`);
  } },
  'promises more bytes than it sends, and closes': { outcome: 'reset', answer: lastWords(`${head('Content-Length: 100')}{}`) },
  'promises more bytes than it sends, and waits': { outcome: 'timeout', answer: said(`${head('Content-Length: 100')}{}`) },
  'sends more bytes than it promised': { outcome: 'bad_json', answer: (socket, path) => void socket.write(`${head('Content-Length: 20')}${truth.get(path) ?? '{}'}`) },
  'says two lengths that differ': { outcome: 'not_http', answer: said(`${head('Content-Length: 2\r\nContent-Length: 3')}{} `) },
  'says a length that is negative': { outcome: 'not_http', answer: said(`${head('Content-Length: -2')}{}`) },
  'says a length and sends chunks': { outcome: 'not_http', answer: said(`${head('Content-Length: 2\r\nTransfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`) },
  'calls rubbish gzip': { outcome: 'bad_json', answer: said(reply(Buffer.from('1f8b0800ffffffff00deadbeef', 'hex'), { headers: ['Content-Type: application/json', 'Content-Encoding: gzip'] })) },
  'sends a gzip bomb': { outcome: 'bad_json', answer: (socket) => void socket.write(reply(bomb, { headers: ['Content-Type: application/json', 'Content-Encoding: gzip'] })) },
  'has a wrong status line': { outcome: 'not_http', answer: said('HTTP/1.1 fine thanks\r\n\r\n') },
  'has a status that there is not': { outcome: 'not_http', answer: said('HTTP/1.1 9999 Odd\r\nContent-Length: 0\r\n\r\n') },
  'has a NUL in a header': { outcome: 'not_http', answer: said(`${head('X-Odd: a\0b\r\nContent-Length: 2')}{}`) },
  'speaks HTTP/0.9': { outcome: 'not_http', answer: lastWords('{"miner":"Antminer L9","fw_version":"1.3.4"}') },
  'speaks HTTP/2': { outcome: 'not_http', connect: said(Buffer.from('000012040000000000000300000064000400100000000600004000', 'hex')) },
  'speaks SSH': { outcome: 'not_http', connect: said('SSH-2.0-dropbear_2020.81\r\n') },
  'answers with a TLS alert': { outcome: 'not_http', answer: lastWords(Buffer.from('15030100020246', 'hex')) },
  'redirects to itself for ever': { outcome: 'not_a_miner', answer: (socket, path) => void socket.write(reply('', { status: '302 Found', headers: [`Location: ${path}`] })) },
  'redirects to another host': { outcome: 'not_a_miner', answer: (socket, _path, place) => void socket.write(reply('', { status: '307 Temporary Redirect', headers: [`Location: http://${place.elsewhere}/`] })) },
  'answers 204 without a body': { outcome: 'bad_json', answer: said('HTTP/1.1 204 No Content\r\n\r\n') },
  'answers 304 as if it had been asked before': { outcome: 'not_a_miner', answer: said('HTTP/1.1 304 Not Modified\r\n\r\n') },
  'answers 999': { outcome: 'http_5xx', answer: said('HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\n{}') },
  'answers null': { outcome: 'bad_shape', answer: said(reply('null')) },
  'answers a number': { outcome: 'bad_shape', answer: said(reply('42')) },
  'answers a megabyte in one line': { outcome: 'not_a_miner', answer: said(reply(JSON.stringify({ text: 'x'.repeat(1_000_000) }))) },
  'answers more than a megabyte in one line': { outcome: 'too_large', answer: said(reply(JSON.stringify({ text: 'x'.repeat(2_000_000) }))) },
  'nests objects 100,000 levels deep': { outcome: 'not_a_miner', answer: said(reply(nested(100_000))) },
  'nests lists 100,000 levels deep': { outcome: 'bad_shape', answer: said(reply(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)) },
  'nests a field beside the true ones 100,000 levels deep': { outcome: 'read', answer: changed((text) => text.replace(/^\{/, `{"deep":${nested(100_000)},`)) },
  'writes NaN and Infinity': { outcome: 'bad_json', answer: changed((text) => text.replace(/"fw_version":"[^"]*"/, '"fw_version":NaN,"x":Infinity')) },
  'repeats its keys': { outcome: 'read', answer: changed((text) => text.replace(/^\{/, '{"miner":null,"fw_version":7,')) },
  'writes in UTF-16': { outcome: 'bad_json', answer: changed((text) => Buffer.from(`\ufeff${text}`, 'utf16le')) },
  'begins with a byte order mark': { outcome: 'read', answer: changed((text) => `\ufeff${text}`) },
  'has bytes that are no UTF-8 in a text': { outcome: 'read', answer: changed((text) => Buffer.concat([Buffer.from('{"odd":"'), Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]), Buffer.from(`",${text.slice(1)}`)])) },
  'has halves of characters in its names': { outcome: 'read', answer: changed((text) => text.replaceAll('Vnish', 'V\\ud800\\u0000\\u2028').replaceAll('demo', '\\udfff\\"\\n')) },
  'writes numbers that no double holds, and minus zero': { outcome: 'read', answer: changed((text) => text.replace(/"(hr_realtime|hr_average|power_consumption)":[\d.]+/g, '"$1":1e999').replace(/"hw_errors":\d+/g, '"hw_errors":-0')) },
  'names keys after what every object has': { outcome: 'read', answer: changed((text) => text.replace(/^\{/, '{"__proto__":{"miner":"x","polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":1,"hasOwnProperty":1,')) },
  'names a unit after what every object has': { outcome: 'read', answer: changed((text) => text.replaceAll('"MH/s"', '"constructor"')) },
  'closes its connection after each reply, saying nothing of it': { outcome: 'read', answer: (socket, path) => void socket.end(good(path)) },
  'resets its idle connection after each reply': { outcome: 'read', answer: (socket, path) => void socket.write(good(path), () => setTimeout(() => socket.resetAndDestroy(), 1)) },
  'sends a second reply that nobody asked for': { outcome: 'read', answer: (socket, path) => void socket.write(Buffer.concat([good(path), reply('{"miner":"forged","fw_version":"9"}')])) },
  'sends its replies late, after the deadline': { outcome: 'timeout', answer: (socket, path) => {
    const timer = setTimeout(() => socket.write(good(path)), 30_000);
    socket.on('close', () => clearTimeout(timer));
  } },
  'answers what /info should to every path': { outcome: 'bad_shape', answer: (socket) => void socket.write(good('/api/v1/info')) },
  'answers what /summary should to every path': { outcome: 'not_a_miner', answer: (socket) => void socket.write(good('/api/v1/summary')) },
  'asks for another login at each request': { outcome: 'auth', answer: (socket) => void socket.write(challenge()) },
  'asks the CGI\'s reader for another login at each request': { outcome: 'auth', driver: 'vnish-cgi', answer: (socket) => void socket.write(challenge()) },
  'asks the CGI\'s reader for a login that is out of date at each request': { outcome: 'auth', driver: 'vnish-cgi', answer: (socket) => void socket.write(challenge(', stale=true')) },
  'asks the CGI\'s reader for a login that no digest is': { outcome: 'not_a_miner', driver: 'vnish-cgi', answer: said(reply('', { status: '401 Unauthorized', headers: [`WWW-Authenticate: ${'Negotiate, '.repeat(500)}Basic realm="x"`] })) },
  'is locked for an absurd time': { outcome: 'locked_out', answer: said(reply('{"unlock_timeout":1e999}', { status: '429 Too Many Requests', headers: ['Retry-After: 99999999999999999999'] })) },
  'locks the login for an absurd time': { outcome: 'read', answer: (socket, path) => void socket.write(path.endsWith('/unlock') ? reply('{"unlock_timeout":-1e308}', { status: '429 Too Many Requests', headers: ['Retry-After: -1'] }) : good(path)) },
};

const bomb = gzipSync(Buffer.alloc(16_000_000));
let nonces = 0;
const challenge = (more = '') => reply('', { status: '401 Unauthorized', headers: [`WWW-Authenticate: Digest realm="r${(nonces += 1)}", nonce="n${nonces}", algorithm=MD5, qop="auth"${more}`] });

interface Place {
  readonly address: string;
  /** An address that nobody may be sent to. */
  readonly elsewhere: string;
  readonly open: ReadonlySet<Socket>;
  readonly asked: readonly string[];
  /** The most connections that were open at the same time. */
  readonly most: () => number;
  readonly visits: () => number;
}

/** A server that behaves so, and another that counts whoever is led to it. */
async function standing({ answer, connect }: Behaviour): Promise<Place> {
  const open = new Set<Socket>();
  const asked: string[] = [];
  let [most, visits] = [0, 0];
  const server = createServer((socket) => {
    open.add(socket);
    most = Math.max(most, open.size);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    connect?.(socket);
    let text = '';
    socket.on('data', (data) => {
      text += data.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const [line = ''] = text.split('\r\n');
        const length = Number(/content-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0);
        if (text.length < end + 4 + length) return;
        text = text.slice(end + 4 + length);
        const path = line.split(' ')[1] ?? '';
        asked.push(path);
        answer?.(socket, path, place);
      }
    });
  });
  const other = createServer((socket) => {
    visits += 1;
    socket.destroy();
  });
  const [address, elsewhere] = await Promise.all([server, other].map(async (one) => {
    await new Promise<void>((resolve) => void one.listen(0, '127.0.0.1', resolve));
    whenDone(async () => new Promise((resolve) => {
      for (const socket of open) socket.destroy();
      one.close(resolve);
    }));
    return `127.0.0.1:${(one.address() as AddressInfo).port}`;
  })) as [string, string];
  const place: Place = { address, elsewhere, open, asked, most: () => most, visits: () => visits };
  return place;
}

function driverFor({ driver }: Behaviour, address: string): Driver {
  const mismatch = () => undefined;
  return driver === 'vnish-cgi' ? vnishCgiDriver({ address, password: 'root', slowIntervalMs: 60_000, deadlineMs: 10_000, cgminerPort: 1, mismatch }) : vnishDriver({ address, password: 'admin', slowIntervalMs: 60_000, mismatch });
}

const names = Object.keys(behaviours);

describe('one poll of a server that', () => {
  test.each(names)('%s', async (name) => {
    const behaviour = behaviours[name]!;
    const place = await standing(behaviour);
    const driver = driverFor(behaviour, place.address);
    const outcome = driver.poll(AbortSignal.timeout(behaviour.outcome === 'timeout' ? 500 : 15_000));
    if (behaviour.outcome === 'read') expect(await outcome).toMatchObject({ source: 'vnish', state: 'mining', boardsExpected: 3, identity: { model: 'Antminer L9' } });
    else await expect(outcome).rejects.toMatchObject({ name: 'PollFailure', reason: behaviour.outcome });
    // One, or one that is being closed and its successor.
    expect(place.most()).toBeLessThanOrEqual(behaviour.outcome === 'read' ? 2 : 1);
    expect(place.visits()).toBe(0);
    // At most the reads of one poll, with one repetition and one login each.
    expect(place.asked.length).toBeLessThan(15);
    expect(Object.prototype).not.toHaveProperty('polluted');
    await driver.close();
    await until('no connection is left', () => place.open.size === 0);
  }, 30_000);
});

test('one poll of a real TLS server is none of HTTP', async () => {
  const server = createTlsServer({});
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  whenDone(async () => new Promise((resolve) => server.close(resolve)));
  const driver = vnishDriver({ address: `127.0.0.1:${(server.address() as AddressInfo).port}`, password: 'admin', slowIntervalMs: 60_000, mismatch: () => undefined });
  whenDone(async () => driver.close());
  await expect(driver.poll(AbortSignal.timeout(15_000))).rejects.toMatchObject({ reason: 'reset' });
});

describe('a fleet with all of them', () => {
  test('is read on: each has its reason and one line, the good ones are polled at their pace, and no connection is left', async () => {
    const simulator = await simulated([spec('good1'), spec('good2')]);
    const places = await Promise.all(names.map(async (name, index) => ({ miner: `h${index}`, behaviour: behaviours[name]!, place: await standing(behaviours[name]!) })));
    const polls = (name: string) => simulator.miner(name).requests.list({ method: 'GET', path: '/api/v1/summary' }).length;
    const running = await run([
      ...['good1', 'good2'].map((name) => `{name: ${name}, address: "${simulator.miner(name).address}"}`),
      ...places.map(({ miner, behaviour, place }) => `{name: ${miner}, address: "${place.address}"${behaviour.driver === undefined ? '' : `, driver: ${behaviour.driver}, cgminer_port: 1`}}`),
    ], { poll: '{interval_seconds: 5, deadline_seconds: 4.5}' });
    const counts = (page: string, miner: string): Record<string, number> => Object.fromEntries([...page.matchAll(new RegExp(`^miner_poll_failures_total\\{miner="${miner}",.*reason="([^"]*)"\\} +(\\d+)$`, 'gm'))].map(([, reason = '', count]) => [reason, Number(count)] as const));
    const bad = places.filter(({ behaviour }) => behaviour.outcome !== 'read');
    const read = places.filter(({ behaviour }) => behaviour.outcome === 'read');
    await until('all have had two turns', async () => {
      const page = await running.page();
      return bad.every(({ miner }) => Object.values(counts(page, miner)).reduce((sum, count) => sum + count, 0) >= 2) && read.every(({ place }) => place.asked.filter((path) => path.endsWith('/summary')).length >= 2);
    }, 90_000);
    const page = await running.page();
    promtoolAccepts(page);
    // On a machine with much else to do a poll may run out of time besides; which reason is theirs, each alone has shown above.
    const reasons = (miner: string, outcome: string) => Object.keys(counts(page, miner)).filter((reason) => reason === outcome || reason !== 'timeout');
    expect(bad.map(({ miner, behaviour }) => [miner, reasons(miner, behaviour.outcome), valueOn(page, 'miner_up', { miner })])).toEqual(bad.map(({ miner, behaviour }) => [miner, [behaviour.outcome], 0]));
    for (const { miner, behaviour } of bad) {
      const reason = behaviour.outcome as PollFailureReason;
      const lines = running.lines.filter((line) => line['miner'] === miner && line['msg'] === 'the miner cannot be read');
      const slow = reason === 'timeout' ? 0 : counts(page, miner)['timeout'] ?? 0;
      expect(lines.filter((line) => line['reason'] === reason)).toContainEqual(expect.objectContaining({ reason, remedy: pollFailureRemedies[reason] }));
      // One line for each change of the reason, however many polls.
      expect(lines.length).toBeLessThanOrEqual(1 + 2 * slow);
    }
    expect(read.map(({ miner }) => [miner, valueOn(page, 'miner_up', { miner })])).toEqual(read.map(({ miner }) => [miner, 1]));
    // As many turns as the slowest of the bad, none of them failed, and none left out: the pace of a fleet without them.
    for (const name of ['good1', 'good2']) {
      expect(polls(name)).toBeGreaterThanOrEqual(2);
      expect([counts(page, name), valueOn(page, 'miner_up', { miner: name })]).toEqual([{}, 1]);
    }
    // A turn that came while the poll before was still under way: on a loaded machine a few of them are late.
    expect(valueOn(page, 'hashfleet_polls_skipped_total')).toBeLessThanOrEqual(names.length / 4);
    expect(running.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);

    await running.stop();
    await until('no connection is left', () => places.every(({ place }) => place.open.size === 0));
    expect(places.map(({ place }) => place.visits())).toEqual(places.map(() => 0));
  }, 180_000);
});
