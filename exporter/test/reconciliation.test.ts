import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hoursToSee } from '../src/analytics/pool-gap.ts';
import { openReconciliation, type PoolSide, type Reconciliation } from '../src/earnings/reconciliation.ts';
import type { Miner } from '../src/fleet/fleet.ts';
import type { Reading } from '../src/miners/reading.ts';
import { poisson, uniform } from '../../simulator/src/random.ts';
import { recordingLog } from './fixtures.ts';

const [stepMs, hourMs] = [300_000, 3_600_000];
const dayMs = 24 * hourMs;
const begin = Date.UTC(2026, 0, 1);
/** H/s, and the difficulty with which the miner finds a share in five seconds. */
const [hashrate, difficulty] = [16e9, 16e9 * 5 / 65_536];
const perShare = difficulty * 65_536;
const devfee = 0.028;
const sharesPerHour = (1 - devfee) * 720;

interface Step { readonly at: number; readonly miner: number }
interface Scenario {
  readonly miners?: number;
  readonly days: number;
  /** Part of the work that the pool never sees. */
  readonly lost?: (step: Step) => number;
  /** The miner works for another pool. */
  readonly elsewhere?: (step: Step) => boolean;
  readonly stopped?: (step: Step) => boolean;
  /** The pool's interface does not answer. */
  readonly silent?: (at: number) => boolean;
  /** Under whose name the pool books the miner's work. */
  readonly bookedAs?: (step: Step) => number;
  /** What the miners say too much of their hashrate. */
  readonly overstated?: number;
  readonly seed?: number;
  readonly folder?: string;
  readonly onStep?: (reconciliation: Reconciliation, at: number) => void;
}

/** Plays a fleet and its pool in steps of five minutes; the first alarm of each miner, and the last comparison. */
function play({ miners = 12, days, lost, elsewhere, stopped, silent, bookedAs, overstated = 0, seed = 1, folder, onStep }: Scenario) {
  let now = begin;
  const reconciliation = openReconciliation({ folder, log: recordingLog().log, now: () => now });
  const booked = new Map<number, Map<string, number>>();
  const state = Array.from({ length: miners }, (_, index) => ({ name: `m${index}`, hashes: 0, accepted: 0, rejected: 0, shown: new Set<number>() }));
  const alarms = new Map<string, number>();
  const pool: PoolSide = {
    name: 'p', isHere: ({ url }) => url === 'here:3333',
    credited({ from, to }) {
      const sums = new Map<string, number>();
      for (let at = from; at < to; at += stepMs) for (const [name, work] of booked.get(at) ?? []) sums.set(name, (sums.get(name) ?? 0) + work);
      return sums;
    },
  };
  for (let step = 0; step < days * dayMs / stepMs; step += 1) {
    const from = begin + step * stepMs;
    now = from + stepMs;
    const work = new Map<string, number>();
    for (const [index, one] of state.entries()) {
      const moment = { at: from, miner: index };
      const away = elsewhere?.(moment) === true;
      const off = stopped?.(moment) === true;
      const hashes = off ? 0 : hashrate * (stepMs / 1000);
      one.hashes += hashes * (1 + overstated);
      const shares = poisson((hashes * (1 - devfee) * (1 - (lost?.(moment) ?? 0))) / perShare, uniform(seed * 1000 + index, step));
      const rejected = poisson(shares * 0.004, uniform(seed * 1000 + index + 500, step));
      one.accepted += shares - rejected;
      one.rejected += rejected;
      if (!away && !off) work.set(`m${bookedAs?.(moment) ?? index}`, (work.get(`m${bookedAs?.(moment) ?? index}`) ?? 0) + (shares - rejected) * perShare);
      const reading: Reading = {
        at: now, state: off ? 'stopped' : 'mining', hashrate: off ? 0 : hashrate * (1 + overstated), devfeeRatio: devfee, psuTemperatures: {}, pcb: {}, chip: {}, fans: [], boards: [],
        pools: [
          { slot: 0, url: 'here:3333', user: 'me', kind: 'user', status: away ? 'standby' : 'active', accepted: one.accepted, rejected: one.rejected, stale: 0, difficulty },
          { slot: 1, url: 'there:3333', user: 'me', kind: 'user', status: away ? 'active' : 'standby', accepted: 0, rejected: 0, stale: 0, difficulty },
        ],
      };
      reconciliation.notice({ config: { name: one.name }, reading, hashes: one.hashes } as unknown as Miner);
    }
    booked.set(from, work);
    if (silent?.(from) !== true) reconciliation.noticePool(pool, new Set(work.keys()), now);
    for (const { name } of state) if ((reconciliation.of(name)?.evidence ?? 0) >= 1 && !alarms.has(name)) alarms.set(name, now);
    onStep?.(reconciliation, now);
  }
  return { reconciliation, alarms };
}

const between = (at: number, fromDay: number, hours: number) => at >= begin + fromDay * dayMs && at < begin + fromDay * dayMs + hours * hourMs;

describe('a fleet compared with its pool', () => {
  test('that loses nothing shows its fee and its refused shares, and nothing unexplained beyond luck', () => {
    const { reconciliation, alarms } = play({ days: 3 });
    expect(alarms.size).toBe(0);
    for (let index = 0; index < 12; index += 1) {
      const found = reconciliation.of(`m${index}`)!;
      expect(found.hours).toBeGreaterThanOrEqual(24);
      expect(found.gap.parts.devfee).toBeCloseTo(devfee, 9);
      expect(found.gap.parts.rejected).toBeGreaterThan(0.002);
      expect(found.gap.parts.rejected).toBeLessThan(0.006);
      expect(Math.abs(found.gap.parts.unexplained)).toBeLessThan(0.04);
    }
    expect(Math.abs(reconciliation.ofPool('p')!.gap.parts.unexplained)).toBeLessThan(0.01);
  });

  test('names the one that points 5 % elsewhere within the derived time, and nobody else, through a month of other events', () => {
    const thief = 3;
    const begins = begin + 10 * dayMs;
    const { alarms, reconciliation } = play({
      days: 30, overstated: 0.015,
      lost: ({ at, miner }) => (miner === thief && at >= begins ? 0.05 : 0),
      silent: (at) => between(at, 5, 6),
      elsewhere: ({ at, miner }) => miner === 4 && between(at, 7.3, 5),
      stopped: ({ at, miner }) => (miner === 7 && between(at, 8.1, 0.5)) || (miner === 8 && between(at, 20.05, 30)),
      bookedAs: ({ at, miner }) => (miner === 6 && between(at, 15.02, 12) ? 5 : miner),
    });
    expect([...alarms.keys()]).toEqual([`m${thief}`]);
    // The hour after each hour is waited for, too.
    const derived = hoursToSee(0.05, { miners: 12, sharesPerHour })!;
    expect((alarms.get(`m${thief}`)! - begins) / hourMs).toBeLessThan(2 * derived + 3);
    expect(reconciliation.of(`m${thief}`)!.gap.low).toBeGreaterThan(0);
    expect(reconciliation.of(`m${thief}`)!.since).toBeGreaterThan(begins);
  });

  test('that loses 8 % as a whole is told as the pool\'s gap', () => {
    const { reconciliation } = play({ days: 4, lost: ({ at }) => (at >= begin + dayMs ? 0.08 : 0) });
    expect(reconciliation.ofPool('p')!.evidence).toBeGreaterThanOrEqual(1);
    expect(reconciliation.ofPool('p')!.gap.low).toBeGreaterThan(0.05);
  });

  test('shows nothing before three hours were judged', () => {
    const seen: boolean[] = [];
    play({ days: 0.25, onStep: (reconciliation) => seen.push(reconciliation.of('m0') !== undefined) });
    // The first hour has not settled, the last waits for the one after it.
    expect(seen.indexOf(true)).toBeGreaterThan(3.9 * 12);
    expect(seen.at(-1)).toBe(true);
  });

  test('goes on after a restart where it was', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-reconciliation-'));
    try {
      const { reconciliation } = play({ days: 2, folder, lost: ({ miner }) => (miner === 0 ? 0.1 : 0) });
      const again = openReconciliation({ folder, log: recordingLog().log, now: () => begin + 2 * dayMs });
      expect(again.of('m0')).toEqual(reconciliation.of('m0'));
      expect(again.of('m0')!.evidence).toBeGreaterThanOrEqual(1);
      writeFileSync(path.join(folder, 'reconciliation.json'), '{"version":1');
      const { log, lines } = recordingLog();
      expect(openReconciliation({ folder, log }).of('m0')).toBeUndefined();
      expect(lines).toEqual([expect.objectContaining({ msg: 'what was compared with the pool cannot be read and begins anew' })]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
