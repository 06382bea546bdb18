import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addDecimals, parseJson } from '../src/pools/fields.ts';
import { createLive, snapshots, topics, type Live } from '../src/pools/prohashing/live.ts';
import { hostile } from './exposition.ts';

const none = () => undefined;
const record = (uuid: string, part: object = {}) => ({ uuid, miner_name: 'a', algorithm_name: 'Scrypt', coin_name: 'Litecoin', hashrate: 1e9, difficulty: 524288, share_count: 10, ...part });

/** A machine that has had its first snapshots. */
function begun(miners: readonly object[] = [], balances: object = {}, mismatch: (source: string, field: string) => void = none): Live {
  const live = createLive(mismatch);
  live.sessionBegan();
  for (const snapshot of snapshots) live.callSent(snapshot);
  live.callAnswered('miners', miners, 0);
  live.callAnswered('balances', balances, 0);
  live.callAnswered('profitability', {}, 0);
  live.callAnswered('general', {}, 0);
  return live;
}
const shares = (live: Live) => Object.fromEntries((live.reading().workers ?? []).map(({ worker, shares: counts }) => [worker, counts?.accepted]));

describe('what the pool pushes', () => {
  test('is unknown until the first snapshot, which is wanted from the start', () => {
    const live = createLive(none);
    expect([...live.wanted()].sort()).toEqual([...snapshots].sort());
    live.event('miner_diffs', [{ uuid: 'u', share_count: 3 }], 1);
    live.event('balances', [{ coin: 'Litecoin', balance: 1 }], 1);
    expect(live.reading()).toEqual({ blocks: [] });
  });

  test('sums connections of one name, and tells how many there are', () => {
    const live = begun([record('u1'), record('u2', { hashrate: '2e9', share_count: 5 }), record('u3', { miner_name: 'b', hashrate: null }), record('u4', { algorithm_name: 'SHA-256', miner_name: 'c' })]);
    expect(live.reading().workers).toEqual([
      { worker: 'a', hashrate: 3e9, shareDifficulty: 524288, connections: 2, shares: { accepted: 15, unit: 'share' } },
      { worker: 'b', shareDifficulty: 524288, connections: 1, shares: { accepted: 10, unit: 'share' } },
    ]);
  });

  test('an event with several records counts with all of them, and a partial one changes only what it names', () => {
    const live = begun([record('u1'), record('u2', { miner_name: 'b' })]);
    live.event('miner_diffs', [{ uuid: 'u1', hashrate: 5e9 }, { uuid: 'u2', share_count: 12 }], 7000);
    expect(live.reading().workers).toEqual([
      { worker: 'a', hashrate: 5e9, shareDifficulty: 524288, connections: 1, shares: { accepted: 10, unit: 'share' } },
      { worker: 'b', hashrate: 1e9, shareDifficulty: 524288, connections: 1, lastShareAt: 7000, shares: { accepted: 12, unit: 'share' } },
    ]);
  });

  test('a connection that nothing is known of asks for a snapshot, and one that is gone goes with the next, its shares stay', () => {
    const live = begun([record('u1')]);
    live.event('miner_diffs', [{ uuid: 'new', share_count: 1 }], 1);
    expect(live.wanted()).toEqual(['miners']);
    live.callSent('miners');
    live.callAnswered('miners', [record('new', { share_count: 2 })], 2);
    expect(live.reading().workers).toEqual([expect.objectContaining({ worker: 'a', connections: 1, shares: { accepted: 12, unit: 'share' } })]);
    live.callSent('miners');
    live.callAnswered('miners', [], 3);
    expect(live.reading().workers).toEqual([]);
  });

  test('a count that begins anew goes on where it was, told by an event, by a snapshot or by a new session', () => {
    const live = begun([record('u', { share_count: 100 })]);
    live.event('miner_diffs', [{ uuid: 'u', share_count: 110 }], 1);
    live.event('miner_diffs', [{ uuid: 'u', share_count: 3 }], 2);
    expect(shares(live)).toEqual({ a: 113 });
    live.callSent('miners');
    live.callAnswered('miners', [record('u', { share_count: 1 })], 3);
    expect(shares(live)).toEqual({ a: 114 });
    live.sessionBegan();
    expect(live.reading().workers).toBeUndefined();
    live.callSent('miners');
    live.callAnswered('miners', [record('u', { share_count: 0 }), record('v', { share_count: 6 })], 4);
    expect(shares(live)).toEqual({ a: 120 });
  });

  test('an old event after a newer snapshot is no new beginning', () => {
    const live = begun([record('u', { share_count: 100 })]);
    live.event('miner_diffs', [{ uuid: 'u', share_count: 101 }], 1);
    live.callSent('miners');
    live.callAnswered('miners', [record('u', { share_count: 105 })], 2);
    live.event('miner_diffs', [{ uuid: 'u', share_count: 103 }], 3);
    live.event('miner_diffs', [{ uuid: 'u', share_count: 106 }], 4);
    expect(shares(live)).toEqual({ a: 106 });
  });

  test('the older generation, without uuid, is known by its names', () => {
    const live = begun([]);
    live.event('miner_records', [{ miner_name: 'old', hashrate: '1e9', adjusted_hashrate: 'NaN' }], 1);
    expect(live.reading().workers).toEqual([{ worker: 'old', hashrate: 1e9, connections: 1 }]);
  });

  test('increments are added; one that comes while a snapshot is fetched puts it in doubt, and it is fetched again', () => {
    const live = begun([], parseJson('{"Litecoin": 0.10000000000000000005, "Dogecoin": "7"}') as object);
    live.event('balances', [{ coin: 'Litecoin', balance: '0.2' }, { coin: 'Bells', balance: 1 }], 1);
    expect(live.reading().balances).toEqual([{ coinName: 'Litecoin', amount: '0.30000000000000000005' }, { coinName: 'Dogecoin', amount: '7' }, { coinName: 'Bells', amount: '1' }]);
    live.callSent('balances');
    live.event('balances', [{ coin: 'Litecoin', balance: 1 }], 2);
    live.callAnswered('balances', { Litecoin: 1.3 }, 3);
    expect([live.reading().balances, live.wanted()]).toEqual([[{ coinName: 'Litecoin', amount: '1.3' }], ['balances']]);
    live.callSent('balances');
    live.callAnswered('balances', { Litecoin: 1.3 }, 4);
    expect([live.reading().balances, live.wanted()]).toEqual([[{ coinName: 'Litecoin', amount: '1.3' }], []]);
  });

  test('profitability is merged two levels deep, and its rate is the pool\'s own', () => {
    const live = begun();
    live.event('profitability', [{ 1: { algorithm_name: 'Scrypt', usd: 0.0025, btc: 6.8e-7, data_timestamp: 1547510680.5 }, 2: { usd: 1 } }], 1);
    live.event('profitability', [{ 1: { usd: '0.003' } }], 2);
    expect(live.reading()).toMatchObject({ usdPerMegahashDay: 0.003, btcPerMegahashDay: 6.8e-7, asOf: 1547510680500 });
    live.event('profitability', [{ 1: { usd: 0, btc: 1e9 } }], 3);
    expect(live.reading()).not.toHaveProperty('usdPerMegahashDay');
    expect(live.reading()).not.toHaveProperty('btcPerMegahashDay');
  });

  test('blocks are kept once, and a worker is named only where the name is ours', () => {
    const live = begun([record('u', { miner_name: 'rack1-07' })]);
    const block = { coin_name: 'Litecoin', algorithm: 'Scrypt', block_height: 2990001, coinbase_value: 6.2531 };
    live.event('blocks', [{ ...block, worker_name: 'rack1-07' }, { ...block, block_height: 2990002, worker_name: 'somebody' }, { ...block, algorithm: 'SHA-256', block_height: 5 }], 9);
    live.event('blocks', [{ ...block, worker_name: 'rack1-07' }], 10);
    expect(live.reading().blocks).toEqual([
      { coinName: 'Litecoin', at: 9, height: 2990002, reward: '6.2531' },
      { coinName: 'Litecoin', at: 10, height: 2990001, reward: '6.2531', worker: 'rack1-07' },
    ]);
  });

  test('any nonsense is survived and counted', () => {
    const item = fc.oneof(hostile, fc.jsonValue(), fc.record({ uuid: fc.constantFrom('u', '__proto__'), share_count: fc.jsonValue(), miner_name: hostile }, { requiredKeys: [] }), fc.constant({ coin: '__proto__', balance: '-5' }));
    const event = fc.tuple(fc.constantFrom(...topics), fc.array(item));
    fc.assert(fc.property(fc.array(event, { maxLength: 20 }), fc.jsonValue(), (events, snapshot) => {
      const live = begun([record('u')]);
      for (const [topic, items] of events) live.event(topic, items, 1);
      for (const one of snapshots) {
        live.callSent(one);
        live.callAnswered(one, snapshot, 2);
      }
      for (const { hashrate, shares: counts } of live.reading().workers ?? []) {
        expect(hashrate === undefined || (hashrate >= 0 && hashrate <= 1e18)).toBe(true);
        expect(counts === undefined || counts.accepted! >= 0).toBe(true);
      }
      for (const { amount } of live.reading().balances ?? []) expect(amount).toMatch(/^\d+(\.\d+)?$/);
    }), { numRuns: 300 });
  });
});

/** A pool as the description has it: events in order, answers to calls on their way for a while, sessions that break. */
type Step = 'share' | 'restart' | 'connect' | 'leave' | 'credit' | 'call' | 'compute' | 'deliver' | 'fail' | 'reconnect';
interface Pool { readonly sessions: Map<string, { name: string; count: number }>; readonly made: Map<string, number>; balance: string; names: number }

describe('whatever the order of snapshots and events', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom<Step>('share', 'share', 'share', 'restart', 'connect', 'leave', 'credit', 'credit', 'call', 'compute', 'deliver', 'deliver', 'fail', 'reconnect'), fc.nat(9)), { maxLength: 120 });

  test('no share is lost or counted twice, no count goes back, and no balance is more than there is', () => {
    fc.assert(fc.property(steps, (run) => {
      const pool: Pool = { sessions: new Map(), made: new Map(), balance: '0', names: 0 };
      const live = createLive(none);
      live.sessionBegan();
      // One ordered stream from the pool; an answer stands in it where it was worked out, and may be late.
      const calls: { kind: 'miners' | 'balances'; answer?: unknown }[] = [];
      const seen = new Map<string, number>();
      const uuidAt = (index: number) => [...pool.sessions.keys()][index % Math.max(1, pool.sessions.size)];
      /** Connections of which a snapshot of this session told. */
      const known = new Set<string>();
      const share = (uuid: string, session: { name: string; count: number }, count: number) => {
        session.count += count;
        pool.made.set(session.name, (pool.made.get(session.name) ?? 0) + count);
        live.event('miner_diffs', [{ uuid, share_count: session.count }], 1);
      };
      const deliver = (call: (typeof calls)[number]) => {
        if (call.answer === undefined) compute(call);
        live.callAnswered(call.kind, call.answer, 2);
        if (call.kind === 'miners') for (const { uuid } of call.answer as { uuid: string }[]) known.add(uuid);
      };
      const send = () => {
        for (const kind of ['miners', 'balances'] as const) {
          if (calls.some((call) => call.kind === kind)) continue;
          live.callSent(kind);
          calls.push({ kind });
        }
      };
      const compute = (call: (typeof calls)[number]) => {
        call.answer = call.kind === 'miners' ? [...pool.sessions].map(([uuid, { name, count }]) => record(uuid, { miner_name: name, share_count: count })) : { Litecoin: pool.balance };
      };
      const check = () => {
        for (const { worker, shares: counts } of live.reading().workers ?? []) {
          const now = counts?.accepted ?? 0;
          expect(now).toBeGreaterThanOrEqual(seen.get(worker) ?? 0);
          expect(now).toBeLessThanOrEqual(pool.made.get(worker) ?? 0);
          seen.set(worker, now);
        }
        const balance = live.reading().balances?.find(({ coinName }) => coinName === 'Litecoin')?.amount;
        if (balance !== undefined) expect(addDecimals(pool.balance, `-${balance}`).startsWith('-')).toBe(false);
      };
      for (const [step, index] of run) {
        const uuid = uuidAt(index);
        const session = uuid === undefined ? undefined : pool.sessions.get(uuid);
        switch (step) {
          case 'connect':
            pool.names += 1;
            pool.sessions.set(`u${pool.names}`, { name: `w${index % 3}`, count: 0 });
            break;
          case 'share':
            if (session === undefined || uuid === undefined) break;
            share(uuid, session, 1 + index);
            break;
          case 'restart':
            // Of a connection that is not known yet, nobody can tell what it had done before it began anew.
            if (session === undefined || uuid === undefined || !known.has(uuid)) break;
            share(uuid, session, 1);
            session.count = 0;
            live.event('miner_diffs', [{ uuid, share_count: 0 }], 1);
            break;
          case 'leave':
            if (uuid !== undefined && known.has(uuid)) pool.sessions.delete(uuid);
            break;
          case 'credit':
            pool.balance = addDecimals(pool.balance, `0.${index + 1}`);
            live.event('balances', [{ coin: 'Litecoin', balance: `0.${index + 1}` }], 1);
            break;
          case 'call': send(); break;
          case 'compute':
            for (const call of calls) if (call.answer === undefined) compute(call);
            break;
          case 'deliver': {
            const call = calls.shift();
            if (call !== undefined) deliver(call);
            break;
          }
          case 'fail': {
            const call = calls.shift();
            if (call !== undefined) live.callFailed(call.kind);
            break;
          }
          case 'reconnect':
            // Nothing gets lost in between here: what a pool does behind our back nobody can know.
            for (const call of calls.splice(0)) live.callFailed(call.kind);
            live.sessionBegan();
            known.clear();
            break;
        }
        check();
      }
      // Quiet at last: snapshots as long as one is wanted, and more.
      for (let round = 0; round < 6; round += 1) {
        for (const call of calls.splice(0)) deliver(call);
        send();
      }
      for (const call of calls.splice(0)) deliver(call);
      check();
      const told = shares(live);
      for (const { name } of pool.sessions.values()) expect(told[name]).toBe(pool.made.get(name) ?? 0);
      expect(live.reading().balances).toEqual([{ coinName: 'Litecoin', amount: pool.balance }]);
    }), { numRuns: 1000 });
  });
});
