import { describe, expect, test } from '@jest/globals';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { askCgminer, cgminerPlace, type CgminerPlace } from '../src/miners/cgminer/client.ts';
import { until } from './fixtures.ts';
import { whenDone } from './running.ts';

const stats = '{"STATUS":[{"STATUS":"S","Code":70,"Msg":"CGMiner stats"}],"STATS":[{"Type":"Antminer L3+"},{"Elapsed":5,"GHS 5s":"504.1","note":"a }{ in a text, \\"quoted\\""}],"id":1}';
const soon = (ms = 5000) => AbortSignal.timeout(ms);

interface Hostile { readonly place: CgminerPlace; readonly server: Server; readonly asked: string[]; readonly open: Set<Socket> }

async function hostile(answer: (socket: Socket) => void): Promise<Hostile> {
  const open = new Set<Socket>();
  const asked: string[] = [];
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    socket.once('data', (data) => {
      asked.push(data.toString());
      answer(socket);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  whenDone(async () => new Promise((resolve) => {
    for (const socket of open) socket.destroy();
    server.close(resolve);
  }));
  return { place: { host: '127.0.0.1', port: (server.address() as AddressInfo).port }, server, asked, open };
}

/** The miner's end of every connection is closed too, whatever it did. */
async function noSocketLeft({ open }: Hostile): Promise<void> {
  await until('every socket is closed', () => open.size === 0);
}

describe('the reply of TCP 4028 is read', () => {
  test.each<readonly [string, (socket: Socket) => void]>([
    ['with its NUL, the connection left open', (socket) => socket.write(`${stats}\0`)],
    ['without a NUL, the connection closed', (socket) => socket.end(stats)],
    ['without a NUL, the connection left open', (socket) => socket.write(`${stats}\n`)],
    ['with rubbish behind the NUL', (socket) => socket.write(`${stats}\0\0{"more":`)],
    ['in two parts, cut within a text', (socket) => {
      socket.write(stats.slice(0, 140));
      setImmediate(() => socket.write(stats.slice(140)));
    }],
    ['without a comma between the objects of its list', (socket) => socket.end(`${stats.replace('},{"Elapsed"', '}{"Elapsed"')}\0`)],
    ['with a line break in place of that comma', (socket) => socket.end(`${stats.replace('},{"Elapsed"', '}\n{"Elapsed"')}\0`)],
  ])('%s', async (_name, answer) => {
    const miner = await hostile(answer);
    expect(await askCgminer(miner.place, 'stats', soon())).toEqual(JSON.parse(stats));
    expect(miner.asked).toEqual(['{"command":"stats"}']);
    await noSocketLeft(miner);
  });

  test('byte by byte', async () => {
    const bytes = Buffer.from(stats);
    const miner = await hostile((socket) => {
      let sent = 0;
      const drip = () => {
        if (sent < bytes.length && !socket.destroyed) socket.write(bytes.subarray(sent, (sent += 1)), () => setImmediate(drip));
      };
      drip();
    });
    expect(await askCgminer(miner.place, 'stats', soon(15_000))).toEqual(JSON.parse(stats));
    await noSocketLeft(miner);
  });
});

describe('what is no reply has its reason, and leaves no socket', () => {
  const pour = (socket: Socket, chunk: string) => {
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
    };
    socket.on('drain', () => setImmediate(more));
    more();
  };
  test.each<readonly [string, string, (socket: Socket) => void]>([
    ['silence', 'timeout', () => undefined],
    ['a drip that does not end in time', 'timeout', (socket) => {
      const timer = setInterval(() => socket.write(' '), 20);
      socket.on('close', () => clearInterval(timer));
    }],
    ['two objects in place of one, the connection left open', 'timeout', (socket) => socket.write(stats + stats.slice(0, -1))],
    ['two objects in place of one', 'bad_json', (socket) => socket.end(stats + stats)],
    ['a cut', 'bad_json', (socket) => socket.end(stats.slice(0, 100))],
    ['a cut before the NUL', 'bad_json', (socket) => socket.write(`${stats.slice(0, 100)}\0`)],
    ['a close without a word', 'reset', (socket) => socket.end()],
    ['an immediate reset', 'reset', (socket) => socket.resetAndDestroy()],
    ['an endless text', 'too_large', (socket) => pour(socket, 'x'.repeat(16_384))],
    ['endless braces', 'too_large', (socket) => pour(socket, '{'.repeat(16_384))],
    ['binary rubbish', 'bad_json', (socket) => socket.end(Buffer.from([0xff, 0xfe, 0x81, 0x7b, 0xc0, 0x7d, 0x80, 0x22]))],
    ['an early NUL', 'bad_json', (socket) => socket.write('\0')],
    ['HTTP', 'not_a_miner', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')],
    ['a web page', 'not_a_miner', (socket) => socket.end('<html><body>A printer</body></html>')],
    ['a list', 'bad_shape', (socket) => socket.end('[{"STATS":[]}]\0')],
    ['a text', 'bad_json', (socket) => socket.end('null,\0')],
    ['null', 'bad_shape', (socket) => socket.end('null\0')],
    ['a refusal', 'bad_shape', (socket) => socket.end('{"STATUS":[{"STATUS":"E","Code":0,"Msg":"Invalid command"}]}\0')],
  ])('%s is %s', async (_name, reason, answer) => {
    const miner = await hostile(answer);
    await expect(askCgminer(miner.place, 'stats', reason === 'timeout' ? soon(300) : soon(10_000))).rejects.toMatchObject({ name: 'PollFailure', reason });
    await noSocketLeft(miner);
  });

  test('a refusal is told in the miner\'s words', async () => {
    const { place } = await hostile((socket) => socket.end('{"STATUS":[{"STATUS":"E","Code":0,"Msg":"Invalid command"}]}\0'));
    await expect(askCgminer(place, 'pools', soon())).rejects.toThrow('"pools" was refused: Invalid command');
  });

  test('nobody listens, a name is unknown, or the time is over before it begins', async () => {
    const { place, server, open } = await hostile(() => undefined);
    const over = new AbortController();
    over.abort();
    await expect(askCgminer(place, 'stats', over.signal)).rejects.toMatchObject({ reason: 'timeout' });
    await until('the socket is closed', () => open.size === 0);
    await new Promise((resolve) => server.close(resolve));
    await expect(askCgminer(place, 'stats', soon())).rejects.toMatchObject({ reason: 'connect' });
    await expect(askCgminer({ host: 'no-such-host.invalid', port: 4028 }, 'stats', soon(15_000))).rejects.toMatchObject({ reason: 'dns' });
  });

  test('a real web server is no miner', async () => {
    const server = createHttpServer((_request, response) => void response.end('hello'));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    whenDone(async () => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    }));
    await expect(askCgminer({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }, 'stats', soon())).rejects.toMatchObject({ reason: 'not_a_miner' });
  });
});

test.each([
  ['192.0.2.1', undefined, { host: '192.0.2.1', port: 4028 }], ['192.0.2.1:4029', undefined, { host: '192.0.2.1', port: 4029 }],
  ['l3.example.net', undefined, { host: 'l3.example.net', port: 4028 }], ['[2001:db8::7]', undefined, { host: '2001:db8::7', port: 4028 }],
  ['[2001:db8::7]:81', undefined, { host: '2001:db8::7', port: 81 }], ['192.0.2.1:81', 5, { host: '192.0.2.1', port: 5 }],
])('the place of %s with the port %s', (address, port, place) => {
  expect(cgminerPlace(address, port)).toEqual(place);
});
