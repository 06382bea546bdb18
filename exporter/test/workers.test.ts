import { describe, expect, test } from '@jest/globals';
import { leadsTo, matchWorkers, workerIndex } from '../src/analytics/workers.ts';

describe('a worker at the pool', () => {
  const minerOf = workerIndex([{ name: 'l9-01', pool_aliases: ['old-name', 'Rack1.07'] }, { name: 'l9-02', pool_worker: 'Rack1.07' }, { name: 'a', pool_worker: 'Twin' }, { name: 'b', pool_worker: 'twin ' }]);

  test.each([
    ['by its exact name', 'l9-01', 'l9-01'],
    ['by the name it has at the pool, before the alias of another', 'Rack1.07', 'l9-02'],
    ['whatever the case and blanks around it', ' L9-01 ', 'l9-01'],
    ['by an alias', 'old-name', 'l9-01'],
    ['by an alias in another case', 'OLD-Name', 'l9-01'],
    ['exactly, where two differ only in case', 'Twin', 'a'],
  ])('is known %s', (_how, worker, miner) => {
    expect(minerOf(worker)).toBe(miner);
  });

  test.each([['a name of nobody', 'l9-99'], ['a name that fits two', 'TWIN'], ['a name that is an alias of another but for the case', 'RACK1.07'], ['the miner\'s name where it has another at the pool', 'l9-02'], ['__proto__', '__proto__']])('is nobody with %s', (_what, worker) => {
    expect(minerOf(worker)).toBeUndefined();
  });
});

describe('miners and workers that do not fit', () => {
  const minerOf = workerIndex([{ name: 'm1' }, { name: 'm2' }, { name: 'm3' }]);

  test('are none where all is well', () => {
    expect(matchWorkers({ workers: [{ worker: 'm1' }, { worker: 'm2', connections: 1 }], present: [{ miner: 'm1', user: 'me.m1' }, { miner: 'm2' }], minerOf })).toEqual({ orphans: [], missing: [], duplicates: [] });
  });

  test('are orphans and missing', () => {
    expect(matchWorkers({ workers: [{ worker: 'm1' }, { worker: 'x' }], present: [{ miner: 'm1' }, { miner: 'm2' }], minerOf })).toMatchObject({ orphans: ['x'], missing: ['m2'] });
  });

  test('are not those that mine elsewhere', () => {
    expect(matchWorkers({ workers: [], present: [], minerOf }).missing).toEqual([]);
  });

  test('are clones, told by the miners themselves', () => {
    expect(matchWorkers({ workers: [{ worker: 'm1' }], present: [{ miner: 'm1', user: 'me.m1' }, { miner: 'm2', user: 'me.M1' }, { miner: 'm3', user: 'me' }], minerOf }).duplicates).toEqual([{ worker: 'm1', miners: ['m1', 'm2'] }]);
  });

  test('are clones, told by the pool', () => {
    expect(matchWorkers({ workers: [{ worker: 'm1', connections: 2 }, { worker: 'x', connections: 3 }], present: [], minerOf }).duplicates).toEqual([{ worker: 'm1', miners: ['m1'], connections: 2 }, { worker: 'x', miners: [], connections: 3 }]);
  });
});

describe('the URL of a pool slot', () => {
  test.each([
    ['stratum+tcp://us.mining.prohashing.com:3333', true], ['us.mining.prohashing.com:3333', true], ['PROHASHING.COM', true], ['stratum+ssl://user@eu.mining.prohashing.com:3333/', true],
    ['notprohashing.com:3333', false], ['prohashing.com.evil.example:3333', false], ['stratum+tcp://evil.example/prohashing.com', false], ['', false],
  ])('%s leads to the pool: %s', (url, leads) => {
    expect(leadsTo(url, ['prohashing.com'])).toBe(leads);
  });
});
