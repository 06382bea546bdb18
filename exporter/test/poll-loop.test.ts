/** One test for each promise in the header of src/fleet/poll-loop.ts. */
import { describe, expect, test } from '@jest/globals';
import { createFleet, type Fleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { createPollLoop, pauseIntervals, phase, type PollLoop } from '../src/fleet/poll-loop.ts';
import { PollFailure, type Driver } from '../src/miners/driver.ts';
import { configOf, silent, until } from './fixtures.ts';
import { whenDone } from './running.ts';

type Poll = (name: string, signal: AbortSignal) => Promise<void>;

interface Looped { readonly fleet: Fleet; readonly loop: PollLoop; readonly polls: { readonly name: string; readonly at: number }[]; readonly running: Map<string, number>; most: number }

/** A fleet whose polls are `poll`; intervals in milliseconds, shorter than a fleet.yaml allows. */
function looped(names: readonly string[], poll: Poll, { intervalMs = 100, deadlineMs = 50, concurrency = 64 } = {}): Looped {
  const config = configOf(`miners: [${names.map((name, index) => `{name: ${name}, address: "192.0.2.1:${index + 1}"}`).join(', ')}]`);
  const quick = { ...config, poll: { ...config.poll, interval_seconds: intervalMs / 1000, deadline_seconds: deadlineMs / 1000, concurrency } };
  const seen: Omit<Looped, 'fleet' | 'loop'> = { polls: [], running: new Map(), most: 0 };
  const driverFor = ({ name }: { name: string }): Driver => ({
    kind: 'fake', credentials: 'unknown', presets: async () => Promise.resolve([]), send: async () => Promise.resolve({ sent: true }), close: async () => Promise.resolve(),
    async poll(signal) {
      seen.polls.push({ name, at: performance.now() });
      seen.running.set(name, (seen.running.get(name) ?? 0) + 1);
      result.most = Math.max(result.most, [...seen.running.values()].reduce((sum, count) => sum + count, 0));
      try {
        await poll(name, signal);
      } finally {
        seen.running.set(name, (seen.running.get(name) ?? 0) - 1);
      }
      return { at: Date.now(), psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [] };
    },
  });
  const fleet = createFleet({ config: quick, memory: openMemory(undefined, silent), log: silent, driverFor });
  const loop = createPollLoop(fleet, quick.poll);
  const result: Looped = Object.assign(seen, { fleet, loop });
  whenDone(async () => {
    loop.stop();
    return Promise.resolve();
  });
  return result;
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `rig-${index}`);
const times = ({ polls }: Looped, name: string) => polls.filter((poll) => poll.name === name).map(({ at }) => at);
const wait = async (ms: number, signal?: AbortSignal) => new Promise<void>((resolve, reject) => {
  const timer = setTimeout(resolve, ms);
  timer.unref();
  signal?.addEventListener('abort', () => {
    clearTimeout(timer);
    reject(new PollFailure('timeout', 'no reply'));
  });
});
const never: Poll = async (_name, signal) => wait(60_000, signal);
const refused: Poll = async () => Promise.reject(new PollFailure('connect', 'refused'));

describe('the poll loop', () => {
  test('1. spreads miners over the interval by their names, not all at once', async () => {
    const seen = looped(names(100), async () => Promise.resolve(), { intervalMs: 500 });
    const began = performance.now();
    seen.loop.start();
    await until('every one was polled', () => new Set(seen.polls.map(({ name }) => name)).size === 100);
    for (const name of names(100)) expect(Math.abs(times(seen, name)[0]! - began - phase(name) * 500)).toBeLessThan(150);
  });

  test('1. spreads names that differ only in their number, as those of real fleets do', () => {
    for (const count of [40, 400]) {
      for (const style of [(index: number) => `l9-${String(index).padStart(2, '0')}`, (index: number) => `rig-${index}`, (index: number) => `rack-A.shelf-${index}`]) {
        const tenths = Array.from({ length: 10 }, () => 0);
        for (let index = 0; index < count; index += 1) tenths[Math.floor(phase(style(index)) * 10)]! += 1;
        // Ten times the mean in one tenth would be all at once; a fair draw stays within three.
        expect(Math.max(...tenths)).toBeLessThan((count / 10) * 3);
        if (count === 400) expect(Math.min(...tenths)).toBeGreaterThan(15);
      }
    }
  });

  test('2. gives every poll a deadline of its own: a hung miner delays nobody', async () => {
    const seen = looped(names(10), async (name, signal) => (name === 'rig-0' ? never(name, signal) : Promise.resolve()), { intervalMs: 100, deadlineMs: 80 });
    seen.loop.start();
    await until('the others were polled eight times', () => names(10).slice(1).every((name) => times(seen, name).length >= 8));
    for (const name of names(10).slice(1)) expect(seen.fleet.get(name)).toMatchObject({ consecutiveFailures: 0 });
    expect(seen.fleet.get('rig-0')?.failure?.reason).toBe('timeout');
    expect(seen.fleet.get('rig-0')?.pollSeconds).toBeLessThan(0.25);
  });

  test('3. never polls a miner twice at once; a turn that comes too early is left out and counted', async () => {
    // Another call to the miner holds its turn, as a command of the control does, past the next turns of the loop.
    const seen = looped(['rig-0'], async () => Promise.resolve(), { intervalMs: 50, deadlineMs: 40 });
    seen.loop.start();
    await until('polled', () => seen.polls.length >= 1);
    const held = seen.fleet.call('rig-0', async () => wait(300));
    await until('turns are left out', () => seen.loop.skipped >= 3);
    expect(seen.running.get('rig-0')).toBe(0);
    await held;
    const before = seen.polls.length;
    await until('polled again', () => seen.polls.length > before + 2);
    expect(seen.most).toBe(1);
  });

  test('4. runs no more polls at once than configured', async () => {
    const seen = looped(names(30), async () => wait(20), { concurrency: 4, intervalMs: 200, deadlineMs: 150 });
    seen.loop.start();
    await until('sixty polls', () => seen.polls.length >= 60);
    expect(seen.most).toBe(4);
    expect(new Set(seen.polls.map(({ name }) => name)).size).toBe(30);
  });

  test('4. gives miners that keep failing a small allowance of their own: they cannot occupy the healthy ones\'', async () => {
    const hung = new Set(names(30));
    const healthy = ['well-1', 'well-2'];
    const seen = looped([...hung, ...healthy], async (name, signal) => (hung.has(name) ? never(name, signal) : Promise.resolve()), { concurrency: 8, intervalMs: 100, deadlineMs: 90 });
    seen.loop.start();
    await until('all the hung are known to fail', () => [...hung].every((name) => (seen.fleet.get(name)?.consecutiveFailures ?? 0) >= 3), 15_000);
    const from = performance.now();
    await wait(1000);
    for (const name of healthy) expect(times(seen, name).filter((at) => at > from).length).toBeGreaterThanOrEqual(8);
  });

  test('4. lets a fleet of which a third hangs all at once go on: whoever answers is polled on time from the first round', async () => {
    const hung = new Set(names(40));
    const healthy = Array.from({ length: 80 }, (_, index) => `well-${index}`);
    // Eight places for 40 polls that take 1.8 s in each 2 s would be 36 at work all the time.
    const seen = looped([...hung, ...healthy], async (name, signal) => (hung.has(name) ? never(name, signal) : Promise.resolve()), { concurrency: 8, intervalMs: 2000, deadlineMs: 1800 });
    const began = performance.now();
    seen.loop.start();
    await until('two rounds', () => healthy.every((name) => times(seen, name).length >= 2), 20_000);
    const late = healthy.map((name) => times(seen, name)[1]! - began - (phase(name) + 1) * 2000).sort((a, b) => a - b);
    // With places held to the end, half of them would wait for seconds.
    expect(late[Math.floor(late.length / 2)]).toBeLessThan(700);
    expect(seen.most).toBeGreaterThan(8);
  });

  test('5. asks a failing miner less and less often, and at the usual pace again after one success', async () => {
    expect([0, 1, 2, 3, 4, 5, 6, 100].map(pauseIntervals)).toEqual([1, 1, 1, 2, 4, 8, 8, 8]);
    let failing = true;
    const seen = looped(['rig-0'], async (name, signal) => (failing ? refused(name, signal) : Promise.resolve()), { intervalMs: 60 });
    seen.loop.start();
    await until('seven failures', () => seen.polls.length >= 7);
    const gaps = (list: readonly number[]) => list.slice(1).map((at, index) => Math.round((at - list[index]!) / 60));
    expect(gaps(times(seen, 'rig-0'))).toEqual([1, 1, 2, 4, 8, 8]);
    expect(seen.fleet.get('rig-0')?.backedOff).toBe(true);
    failing = false;
    await until('a success', () => seen.fleet.get('rig-0')?.consecutiveFailures === 0);
    const from = seen.polls.length;
    await until('four polls more', () => seen.polls.length >= from + 4);
    expect(seen.fleet.get('rig-0')?.backedOff).toBe(false);
    expect(gaps(times(seen, 'rig-0').slice(from - 1))).toEqual([1, 1, 1, 1]);
  });

  test('6. stops without waiting, and starts nothing more', async () => {
    const seen = looped(names(10), async (name, signal) => (name === 'rig-0' ? never(name, signal) : Promise.resolve()), { intervalMs: 50, deadlineMs: 1000 });
    seen.loop.start();
    await until('one hangs and others were polled', () => seen.running.get('rig-0') === 1 && seen.polls.length > 20);
    const began = performance.now();
    seen.loop.stop();
    expect(performance.now() - began).toBeLessThan(20);
    const polls = seen.polls.length;
    await wait(200);
    expect(seen.polls.length).toBe(polls);
  });

  test('7. goes on with another fleet: who stays keeps its pace, who is new gets a turn, who is gone none, whatever is under way', async () => {
    let release: (() => void) | undefined;
    const before = looped(['stays', 'goes'], async (name) => (name === 'goes' && release === undefined ? new Promise<void>((resolve) => {
      release = resolve;
    }) : Promise.resolve()));
    const after = looped(['stays', 'new'], async () => Promise.resolve());
    before.loop.start();
    await until('one that will go is being polled', () => release !== undefined);
    before.loop.follow(after.fleet);
    release?.();
    await until('the others have their turns', () => times(after, 'new').length >= 3 && times(after, 'stays').length >= 3);
    expect([times(before, 'goes').length, times(after, 'goes').length, before.loop.inFlight]).toEqual([1, 0, 0]);
    const grid = times(after, 'stays').map((at) => at - times(before, 'stays').concat(times(after, 'stays'))[0]!);
    // Turns come on the grid of before or late, never between: as many as intervals have passed at most.
    expect(grid.length).toBeLessThanOrEqual(Math.floor(grid.at(-1)! / 100) + 2);
  });
});
