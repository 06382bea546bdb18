import { describe, expect, test } from '@jest/globals';
import { utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { faked } from './faked.ts';
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

describe('a site whose power grows dear', () => {
  test('stops after two windows above, at once above the higher price, and comes back after four below', async () => {
    const bench = await scheduleBench(twelve.slice(0, 3), '2027-06-01T10:00:10Z');
    const file = path.join(bench.folder, 'price.json');
    const tell = (usdPerMegawattHour: number) => {
      writeFileSync(file, JSON.stringify({ now: { price: usdPerMegawattHour } }));
      utimesSync(file, bench.now() / 1000, bench.now() / 1000);
    };
    tell(60);
    const running = await bench.start(`${sites}\nschedules: [{name: dear, site: barn, price: {source: {file: price.json, pointer: /now/price}, scale: 0.001, stop_above: 0.08, resume_below: 0.07, immediate_above: 0.15}, do: {stop: true}, restore_gap_seconds: 0}]`);
    const at = async (time: string, usdPerMegawattHour: number) => {
      bench.setTime(`2027-06-01T${time}Z`);
      tell(usdPerMegawattHour);
      await bench.rounds(running, 2);
    };
    await at('10:00:20', 60);
    await at('10:05:10', 90);
    expect([running.schedules.get('dear').activeSince, ofSchedules(running)]).toEqual([undefined, []]);
    // Between the two prices the count begins anew.
    await at('10:10:10', 75);
    await at('10:15:10', 90);
    expect(ofSchedules(running)).toEqual([]);
    await at('10:20:10', 90);
    await bench.settle(running, 'all are stopped', () => idle(running) && stopped(running).length === 3);
    expect(running.schedules.get('dear').priceUsdPerKilowattHour).toBeCloseTo(0.09);
    expect(running.fleet.get('m01')).toMatchObject({ intent: 'curtailed', stated: { author: 'schedule:dear' } });
    for (const time of ['10:30:10', '10:35:10', '10:40:10']) await at(time, 50);
    expect(stopped(running)).toHaveLength(3);
    await at('10:45:10', 50);
    await bench.settle(running, 'all are back', () => idle(running) && stopped(running).length === 0 && running.schedules.get('dear').taken.length === 0);
    expect(running.fleet.get('m01')!.intent).toBe('mine');
    // A spike does not wait.
    await at('10:50:10', 200);
    await bench.settle(running, 'all are stopped again', () => idle(running) && stopped(running).length === 3);
    // What is not known any more changes nothing.
    bench.setTime('2027-06-01T14:00:00Z');
    await bench.rounds(running, 3);
    expect([stopped(running).length, running.schedules.get('dear').problems]).toEqual([3, ['the price of power is not known: it holds what it has']]);
  }, 60_000);

  test('that is told by a URL is followed, and below zero it is a price too', async () => {
    const bench = await scheduleBench(twelve.slice(0, 1), '2027-06-01T10:00:10Z');
    const told = await faked({ '/now': { price: -5 } });
    const running = await bench.start(`${sites}\nschedules: [{name: dear, site: barn, price: {source: {url: "http://${told.address}/now", pointer: /price, interval_seconds: 10, allow_plain_http: true}, scale: 0.001, stop_above: 0.08, resume_below: 0.07, immediate_above: 0.15}, do: {stop: true}}]`);
    await bench.settle(running, 'the price is known', () => running.schedules.get('dear').priceUsdPerKilowattHour !== undefined);
    expect(running.schedules.get('dear')).toMatchObject({ priceUsdPerKilowattHour: -0.005 });
    expect(stopped(running)).toEqual([]);
    told.replies['/now'] = { price: 900 };
    bench.setTime('2027-06-01T10:01:00Z');
    await bench.settle(running, 'the spike is acted on', () => idle(running) && stopped(running).length === 1);
  }, 60_000);

  test('above what its miners earn stops them for their least time, also over a restart', async () => {
    const bench = await scheduleBench(twelve.slice(0, 2), '2027-06-01T14:50:10Z');
    const dearAfternoon = 'sites: [{name: barn, timezone: Europe/Berlin, electricity: {price_usd_per_kilowatt_hour: 0.08, windows: [{from: "17:00", to: "18:00", price_per_kilowatt_hour: 0.5}]}}]\nschedules: [{name: loss, site: barn, price: {break_even: true}, do: {stop: true}, restore_gap_seconds: 0}]';
    let running = await bench.start(dearAfternoon);
    const at = async (time: string) => {
      bench.setTime(`2027-06-01T${time}Z`);
      await bench.rounds(running, 2);
    };
    await at('14:55:10');
    await at('15:00:10');
    expect(ofSchedules(running)).toEqual([]);
    await at('15:05:10');
    await bench.settle(running, 'both are stopped', () => idle(running) && stopped(running).length === 2);
    await running.kill();
    running = await bench.start(dearAfternoon);
    for (const time of ['16:40:10', '16:45:10', '16:50:10', '16:55:10', '17:00:10']) await at(time);
    // Cheap for long, but not off for two hours yet.
    expect(stopped(running)).toHaveLength(2);
    await at('17:05:20');
    await bench.settle(running, 'both mine', () => idle(running) && stopped(running).length === 0);
  }, 60_000);
});

describe('a person', () => {
  const night = `${sites}\nschedules: [{name: night, site: barn, windows: [{from: "22:00", to: "06:00"}], do: {stop: true}, restore_gap_seconds: 0}]`;

  test('who starts a miner that a schedule stopped has it left alone until the schedule ends, and not given back', async () => {
    const bench = await scheduleBench(twelve.slice(0, 3), '2027-06-01T20:00:10Z');
    const running = await bench.start(night);
    await bench.settle(running, 'all are stopped', () => idle(running) && stopped(running).length === 3);
    const { job } = running.control.start({ action: 'resume', miners: ['m02'], parameters: {} }, caller, {});
    await bench.settle(running, 'm02 mines', () => job.finishedAt !== undefined && stateOf(running, 'm02') === 'mining');
    await bench.rounds(running, 4);
    expect([stopped(running), running.schedules.get('night').suspended]).toEqual([['m01', 'm03'], [{ miner: 'm02', reason: 'anna sent resume; schedules leave it alone until night ends' }]]);
    bench.setTime('2027-06-02T04:00:10Z');
    await bench.settle(running, 'all mine', () => idle(running) && stopped(running).length === 0);
    expect(running.schedules.get('night').suspended).toEqual([]);
    // The next night it is one of them again.
    bench.setTime('2027-06-02T20:00:10Z');
    await bench.settle(running, 'all are stopped', () => idle(running) && stopped(running).length === 3);
  }, 60_000);

  test('who cancels its job has the rest left alone', async () => {
    const bench = await scheduleBench(twelve.slice(0, 3), '2027-06-01T20:00:10Z');
    const running = await bench.start(`control: {enabled: true, cooldown_seconds: 0, verify_interval_seconds: 0.1, batch_size: 1, batch_pause_seconds: 600}\n${night}`);
    await bench.settle(running, 'the first is stopped', () => stopped(running).length === 1);
    running.control.cancel(ofSchedules(running)[0]!.id, caller);
    await bench.settle(running, 'the job is over', () => idle(running));
    await bench.rounds(running, 5);
    expect([stopped(running).length, running.schedules.get('night').suspended.length, ofSchedules(running).length]).toEqual([1, 2, 1]);
  }, 60_000);

  test('finds, with control read-only, a plan and untouched miners', async () => {
    const bench = await scheduleBench(twelve.slice(0, 3), '2027-06-01T20:00:10Z');
    const running = await bench.start(`control: {enabled: true, read_only: true}\n${sites}\nschedules: [{name: night, site: barn, do: {limit_kilowatts: 7}}]`);
    await bench.rounds(running, 3);
    const { limit, problems, taken } = running.schedules.get('night');
    expect([limit?.fits, problems, taken, running.control.jobs(), stopped(running)]).toEqual([true, ['control is read-only: this is a plan, and nothing is done'], [], [], []]);
    expect(running.control.audit.latest({ limit: 10 })).toEqual([]);
  });
});

describe('an exporter that was away', () => {
  const sections = (within: number) => `${sites}\nschedules: [{name: night, site: barn, windows: [{from: "22:00", to: "06:00"}], do: {stop: true}, restore_gap_seconds: 0, resume_within_seconds: ${within}}]`;

  test.each([['not for long gives back what its schedule took, though it missed the end', 86_400, 0], ['for too long starts nothing by itself, and says so', 3600, 3]])('%s', async (_what, within, left) => {
    const bench = await scheduleBench(twelve.slice(0, 3), '2027-06-01T20:00:10Z');
    let running = await bench.start(sections(within));
    await bench.settle(running, 'all are stopped', () => idle(running) && stopped(running).length === 3);
    await running.kill();
    bench.setTime('2027-06-02T08:00:00Z');
    running = await bench.start(sections(within));
    if (left === 0) {
      await bench.settle(running, 'all mine', () => idle(running) && stopped(running).length === 0);
      return;
    }
    await bench.rounds(running, 5);
    const { taken } = running.schedules.get('night');
    expect([stopped(running).length, taken.map((one) => one.left?.slice(0, 28))]).toEqual([3, Array(3).fill('the exporter was away for 43')]);
    running.schedules.enable('night', true, caller);
    await bench.settle(running, 'all mine once it is switched on anew', () => idle(running) && stopped(running).length === 0);
  }, 60_000);
});
