import { describe, expect, test } from '@jest/globals';
import { idle, ofSchedules, presetOf, scheduleBench, stateOf, stopped, watts } from './schedules-bench.ts';

const twelve = Array.from({ length: 12 }, (_, index) => ({ name: `m${String(index + 1).padStart(2, '0')}`, circuit: 'ABC'[index % 3]! }));
const sites = 'sites: [{name: barn, timezone: Europe/Berlin, electricity: {price_usd_per_kilowatt_hour: 0.08}}]';
const caller = { actor: 'anna', token: 't' };

describe('a site limited over the night in which clocks go forward', () => {
  test('draws no more than its limit, survives a kill, gives back circuit by circuit, and never starts what a person stopped', async () => {
    // Saturday to Sunday, 28 March 2027: 02:00 to 03:00 does not happen. 22:00 CET is 21:00 UTC, 06:00 CEST is 04:00 UTC.
    const bench = await scheduleBench(twelve, '2027-03-27T20:50:00Z');
    const sections = `${sites}\nschedules: [{name: night, site: barn, windows: [{days: [sat], from: "22:00", to: "06:00"}], do: {limit_kilowatts: 24, reserve_ratio: 0.05}, restore_gap_seconds: 0}]`;
    let running = await bench.start(sections);
    const byHand = running.control.start({ action: 'pause', miners: ['m12'], parameters: {} }, caller, {}).job;
    await bench.settle(running, 'm12 is stopped by hand', () => byHand.finishedAt !== undefined && stateOf(running, 'm12') === 'stopped');
    const before = new Map(running.fleet.names.map((name) => [name, presetOf(running, name)]));
    const unlimited = watts(running);
    expect(unlimited).toBeGreaterThan(30_000);
    expect(ofSchedules(running)).toEqual([]);

    bench.setTime('2027-03-27T21:00:10Z');
    await bench.settle(running, 'the first commands are out', () => ofSchedules(running).length > 0);
    await running.kill();
    running = await bench.start(sections);
    await bench.settle(running, 'the limit holds', () => idle(running) && watts(running) <= 24_000);
    const status = running.schedules.get('night');
    expect(status.limit).toMatchObject({ fits: true, basis: 'profit', targetWatts: 22_800 });
    expect(status.held).toEqual([{ miner: 'm12', reason: 'anna wants it stopped' }]);
    // A preset loses less than a stop: most miners still mine.
    expect(running.fleet.names.filter((name) => stateOf(running, name) !== 'stopped').length).toBeGreaterThan(6);
    const jobs = ofSchedules(running).length;
    await bench.rounds(running, 5);
    bench.setTime('2027-03-28T03:59:00Z');
    await bench.rounds(running, 3);
    // Nothing is disturbed for a few cents, nor by the hour that is missing.
    expect([ofSchedules(running).length, watts(running) <= 24_000]).toEqual([jobs, true]);

    bench.setTime('2027-03-28T04:00:10Z');
    await bench.settle(running, 'all is as before', () => idle(running) && running.fleet.names.every((name) => presetOf(running, name) === before.get(name)) && stopped(running).join() === 'm12' && running.schedules.get('night').taken.length === 0);
    expect(running.control.jobs().flatMap(({ action, targets }) => targets.map(({ miner }) => `${action} ${miner}`)).filter((one) => one.endsWith('m12'))).toEqual(['pause m12']);
    // Circuit by circuit: no two jobs of different circuits overlap while power is given back.
    const back = ofSchedules(running).filter(({ createdAt }) => createdAt >= Date.parse('2027-03-28T04:00:00Z')).sort((a, b) => a.createdAt - b.createdAt);
    const circuitsOf = (names: readonly string[]) => [...new Set(names.map((name) => running.fleet.get(name)?.config.circuit))];
    expect(back.length).toBeGreaterThan(1);
    for (const { targets } of back) expect(circuitsOf(targets.map(({ miner }) => miner))).toHaveLength(1);
    for (const [index, later] of back.entries()) {
      const earlier = back[index - 1];
      if (earlier !== undefined && circuitsOf(earlier.targets.map(({ miner }) => miner))[0] !== circuitsOf(later.targets.map(({ miner }) => miner))[0]) expect(later.createdAt).toBeGreaterThanOrEqual(earlier.finishedAt!);
    }
    const acted = running.control.audit.latest({ limit: 1000 }).filter(({ event }) => event === 'sent');
    expect(new Set(acted.map(({ actor }) => actor))).toEqual(new Set(['anna', 'schedule:night']));
  }, 120_000);
});
