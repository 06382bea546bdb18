/** The promises at the head of fleet/recognition.ts, on a clock of the test. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, writeFileSync } from 'node:fs';
import { openBook } from '../src/fleet/book.ts';
import { createFleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { createRecognition } from '../src/fleet/recognition.ts';
import type { Reading } from '../src/miners/reading.ts';
import { temporaryFolder } from './command.ts';
import { configOf, recordingLog } from './fixtures.ts';

const hour = 3_600_000;
const [macA, macB] = ['02:51:00:00:00:0a', '02:51:00:00:00:0b'];

/** A fleet whose machines the test puts at addresses. */
function fleetOf(miners: string, folder = temporaryFolder()) {
  const clock = { now: 1_700_000_000_000 };
  const at = new Map<string, Partial<Reading>>();
  const sighted: [string, string][] = [];
  const { log, lines } = recordingLog();
  const book = openBook(folder, log);
  const config = configOf(`miners: [${miners}]`);
  const recognition = createRecognition({ book, log, now: () => clock.now, sighted: (...one) => void sighted.push(one) });
  const fleet = createFleet({
    config, memory: openMemory(undefined, log), log, now: () => clock.now, recognise: (miner, reading) => recognition.check(miner, reading),
    driverFor: ({ address }) => ({
      kind: 'fake', credentials: 'unknown', presets: async () => Promise.resolve([]), send: async () => Promise.resolve({ sent: true }), close: async () => Promise.resolve(),
      poll: async () => Promise.resolve({ at: clock.now, psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [], ...at.get(address) }),
    }),
  });
  recognition.follow(fleet, 60_000);
  return {
    fleet, book, recognition, clock, sighted, lines, folder, log,
    /** The miner's answer: the reason of its failure, or "ok". */
    poll: async (name: string) => (await fleet.poll(name, { deadlineMs: 1000 })).failure?.reason ?? 'ok',
    put: (address: string, mac: string, rest: Partial<Reading> & { hostname?: string; model?: string } = {}) => {
      const { hostname, model = 'Antminer L9', ...reading } = rest;
      at.set(address, { identity: { model, mac, ...(hostname === undefined ? {} : { hostname }) }, hashrate: 1e9, powerWatts: 1000, ...reading });
    },
  };
}

const a = '{name: a, address: 192.0.2.1}';
const b = '{name: b, address: 192.0.2.2}';

test('the MAC is learned at first contact, and another machine at the address is refused, told once, and never booked', async () => {
  const { poll, put, fleet, clock, book } = fleetOf(a);
  put('192.0.2.1', macA.toUpperCase());
  expect(await poll('a')).toBe('ok');
  expect(book.get('a')).toMatchObject({ mac: macA, address: '192.0.2.1', configured: '192.0.2.1', firstSeen: clock.now, lastSeen: clock.now });
  clock.now += 15_000;
  await poll('a');
  const before = fleet.get('a')!;
  expect(before.joules).toBe(15_000);
  put('192.0.2.1', macB, { powerWatts: 9000 });
  for (let turn = 0; turn < 3; turn += 1) {
    clock.now += 15_000;
    expect(await poll('a')).toBe('other_miner');
  }
  expect(fleet.get('a')).toMatchObject({ joules: before.joules, hashes: before.hashes, reading: { powerWatts: 1000 }, failure: { detail: `192.0.2.1 answers with the MAC ${macB}, not with ${macA}` } });
  expect(fleet.events.map(({ kind, from, to }) => [kind, from, to])).toEqual([['machine', macA, macB]]);
});

test('an entry with a MAC takes no other machine, not even the first one; "any" takes whatever answers', async () => {
  const { poll, put, fleet } = fleetOf(`{name: a, address: 192.0.2.1, mac: "${macA.toUpperCase()}"}, {name: b, address: 192.0.2.2, mac: any}`);
  put('192.0.2.1', macB);
  put('192.0.2.2', macB);
  expect([await poll('a'), await poll('a'), await poll('b')]).toEqual(['other_miner', 'other_miner', 'ok']);
  expect(fleet.events).toHaveLength(1);
  put('192.0.2.2', macA);
  expect(await poll('b')).toBe('ok');
  put('192.0.2.1', '00:00:00:00:00:00');
  expect(await poll('a')).toBe('ok');
});

describe('a replaced controller', () => {
  test('is accepted when the old MAC was seen nowhere for a day, across a restart', async () => {
    const first = fleetOf(a);
    first.put('192.0.2.1', macA);
    await first.poll('a');
    first.put('192.0.2.1', macB);
    await first.poll('a');
    first.clock.now += 23 * hour;
    expect(await first.poll('a')).toBe('other_miner');
    first.book.save();
    const second = fleetOf(a, first.folder);
    second.put('192.0.2.1', macB);
    second.clock.now = first.clock.now;
    expect(await second.poll('a')).toBe('other_miner');
    second.clock.now += hour;
    expect(await second.poll('a')).toBe('ok');
    expect(second.book.get('a')).toMatchObject({ mac: macB, firstSeen: second.clock.now });
    expect(second.lines.some((line) => line['from'] === macA && line['to'] === macB)).toBe(true);
  });

  test('is not accepted while the old machine is seen elsewhere, nor when nobody looked for a day', async () => {
    const { poll, put, clock, book } = fleetOf(a);
    put('192.0.2.1', macA);
    await poll('a');
    // The exporter was off for two days; what answers now is new to it.
    clock.now += 48 * hour;
    put('192.0.2.1', macB);
    expect(await poll('a')).toBe('other_miner');
    clock.now += 25 * hour;
    book.put({ ...book.get('a')!, lastSeen: clock.now - hour });
    expect(await poll('a')).toBe('other_miner');
    clock.now += 24 * hour;
    expect(await poll('a')).toBe('ok');
  });

  test('is accepted at once when somebody confirms it', async () => {
    const { poll, put, recognition, book } = fleetOf(a);
    put('192.0.2.1', macA);
    await poll('a');
    put('192.0.2.1', macB);
    expect(await poll('a')).toBe('other_miner');
    recognition.forget('a');
    expect(await poll('a')).toBe('ok');
    expect(book.get('a')?.mac).toBe(macB);
  });
});

test('of two entries for one machine the first counts, whoever was read first, and the second takes over when the first is gone', async () => {
  const { poll, put, fleet, clock, recognition } = fleetOf(`${a}, ${b}`);
  for (const address of ['192.0.2.1', '192.0.2.2']) put(address, macA, { uptimeSeconds: 5000 });
  expect([await poll('b'), await poll('a'), await poll('b')]).toEqual(['ok', 'ok', 'duplicate']);
  expect(fleet.get('b')?.failure?.detail).toContain('of "a" (192.0.2.1): one machine under two entries');
  expect(recognition.duplicates).toBe(1);
  clock.now += 10 * 60_000;
  expect(await poll('b')).toBe('ok');
  expect(recognition.duplicates).toBe(0);
});

test.each([
  ['host name', { hostname: 'one' }, { hostname: 'two' }, 'ok'], ['model', { model: 'Antminer L9' }, { model: 'Antminer L7' }, 'ok'],
  ['time of boot', { uptimeSeconds: 90_000 }, { uptimeSeconds: 5000 }, 'ok'],
  ['time of boot, within what an uptime may be old', { uptimeSeconds: 90_000 }, { uptimeSeconds: 90_170 }, 'duplicate'],
  ['time of boot, just now', { uptimeSeconds: 90_000 }, { uptimeSeconds: 60 }, 'duplicate'],
  ['host name that one of them hides', { hostname: 'one' }, { hostname: '' }, 'duplicate'],
])('two machines with one copied MAC are told apart by %s', async (_what, one, two, outcome) => {
  const { poll, put, recognition, lines } = fleetOf(`${a}, ${b}`);
  put('192.0.2.1', macA, one);
  put('192.0.2.2', macA, two);
  expect([await poll('a'), await poll('b'), await poll('a'), await poll('b')]).toEqual(['ok', outcome, 'ok', outcome]);
  expect(recognition.duplicates).toBe(1);
  expect(recognition.isClone('a')).toBe(outcome === 'ok');
  expect(lines.filter((line) => String(line['msg']).includes('two machines have the same MAC'))).toHaveLength(outcome === 'ok' ? 1 : 0);
});

test('a machine of the fleet that answers at another\'s address is sighted there', async () => {
  const { poll, put, sighted, fleet } = fleetOf(`${a}, ${b}`);
  put('192.0.2.1', macA);
  put('192.0.2.2', macB);
  await poll('a');
  await poll('b');
  put('192.0.2.1', macB);
  put('192.0.2.2', macA);
  expect([await poll('a'), await poll('b')]).toEqual(['other_miner', 'other_miner']);
  expect(sighted).toEqual([['b', '192.0.2.1'], ['a', '192.0.2.2']]);
  expect(fleet.get('a')?.failure?.detail).toContain('of "b"');
});

test('a damaged file of machines is set aside and said, and learning begins anew', async () => {
  const { poll, put, book, folder, log, lines } = fleetOf(a);
  put('192.0.2.1', macA);
  await poll('a');
  book.save();
  expect([...openBook(folder, log).all()].map(({ name, mac }) => [name, mac])).toEqual([['a', macA]]);
  writeFileSync(`${folder}/inventory.json`, '{"version":1,"machines":[{');
  expect([...openBook(folder, log).all()]).toEqual([]);
  expect(existsSync(`${folder}/inventory.json.damaged`)).toBe(true);
  expect(lines.at(-1)?.['msg']).toContain('damaged');
});
