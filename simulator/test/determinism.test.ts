/** The same seed and the same times give the same replies, however the time between was spent. */
import { afterEach, expect, test } from '@jest/globals';
import { benchOf, startManual, stopAll } from './support/one-miner.ts';
import type { Simulator } from '../src/simulator.ts';

afterEach(stopAll);

async function page(simulator: Simulator): Promise<string> {
  const replies: unknown[] = [];
  for (const miner of simulator.miners) {
    const bench = benchOf(simulator, miner);
    for (const path of ['/summary', '/status', '/perf-summary', miner.spec.firmware === '1.2.7' ? '/chains' : '/boards', '/metrics']) {
      replies.push((await bench.get(path)).text);
    }
  }
  const { pool, clock, house } = simulator;
  replies.push(house.desk('prohashing').answer({ path: `/api/v1/walletEx?apiKey=${pool.apiKey}`, timeMs: clock.now() }), pool.ledger.truth(clock.now()));
  return JSON.stringify(replies);
}

const start = (seed: number) => startManual({ miners: 5, seed, startMs: Date.UTC(2026, 5, 1) });

test('same seed, same page; other seed, other page', async () => {
  const [a, b, c] = [await start(1), await start(1), await start(2)];
  for (const simulator of [a, b, c]) {
    simulator.clock.advance(3_723_400);
    simulator.advance();
  }
  const first = await page(a);
  expect(await page(b)).toBe(first);
  expect(await page(c)).not.toBe(first);
});

test('looking often and looking once see the same machine in the end', async () => {
  const [often, once] = [await start(7), await start(7)];
  for (let i = 0; i < 300; i += 1) {
    often.clock.advance(7_300);
    often.advance();
    if (i % 60 === 0) await page(often);
  }
  once.clock.advance(300 * 7_300);
  once.advance();
  expect(await page(often)).toBe(await page(once));
});

test('a command at the same moment has the same consequences', async () => {
  const pages: string[] = [];
  for (const looks of [1, 40]) {
    const simulator = await start(3);
    simulator.clock.advance(61_500);
    await simulator.miners[0]!.inject('board_failed', { board: 1 });
    await benchOf(simulator, simulator.miners[1]!).command('/settings', { miner: { overclock: { preset: '2600' } } });
    for (let i = 0; i < looks; i += 1) {
      simulator.clock.advance(1_200_000 / looks);
      simulator.advance();
    }
    pages.push(await page(simulator));
  }
  expect(pages[0]).toBe(pages[1]);
});
