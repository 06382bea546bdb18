/**
 * A golden page for every simulated machine and for everything that can go wrong with one: read over HTTP by the real driver, from a
 * clock that stands still. A miner that has trouble was read well before, as it is in life.
 */
import { describe, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { cgiConditions } from '../../simulator/src/cgi/miner.ts';
import { conditions, type FaultKind, type FaultParams } from '../../simulator/src/miner/faults.ts';
import { startSimulator, type AnySpec } from '../../simulator/src/simulator.ts';
import { vnishCgiDriver } from '../src/miners/vnish-cgi/driver.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { here } from './fixtures.ts';
import { fleetOfOne, golden, promtoolAccepts } from './golden-page.ts';
import { spec, valueOn } from './running.ts';

const pools = ['us', 'eu'].map((side) => ({ url: `${side}.mining.prohashing.com:3333`, user: 'demo', pass: 'n=m1' }));
const rest = (model: 'l7' | 'l9' | 's21pro', firmware: '1.2.7' | '1.3.4') => spec('m1', { model, firmware, pools, roomCelsius: 20 });
const l3plus: AnySpec = { name: 'm1', model: 'l3plus', firmware: '3.9.0', mac: '02:51:AA:00:00:31', pools, roomCelsius: 20 };

interface Trouble { readonly kind: FaultKind; readonly params?: FaultParams; readonly afterSeconds: number }
interface Pages { readonly before: string; readonly page: string }

/** The page of the machine, and, with a trouble, the pages before it and so long after it. */
async function read(machine: AnySpec, trouble?: Trouble): Promise<Pages> {
  const simulator = await startSimulator({ miners: [machine], speed: 0, seed: 1 });
  const miner = simulator.all[0]!;
  const now = () => simulator.clock.now();
  const mismatch = () => undefined;
  const driver = miner.spec.model === 'l3plus'
    ? vnishCgiDriver({ address: miner.address, password: 'root', slowIntervalMs: 0, deadlineMs: 15_000, cgminerPort: miner.cgminerPort, mismatch, now })
    : vnishDriver({ address: miner.address, password: 'admin', slowIntervalMs: 0, mismatch, now });
  const fleet = fleetOfOne(driver, now);
  try {
    const before = await fleet.poll();
    if (trouble === undefined) return { before, page: before };
    await miner.inject(trouble.kind, trouble.params);
    simulator.clock.advance(trouble.afterSeconds * 1000);
    return { before, page: await fleet.poll() };
  } finally {
    await fleet.close();
    await simulator.stop();
  }
}

const file = (name: string) => path.join('simulated', name);

/** What is on the page now: this value, more or less than before, or nothing. */
type Seen = number | 'rises' | 'falls' | 'gone';
type Shown = readonly [series: string, labels: Readonly<Record<string, string>>, seen: Seen];
interface Condition extends Omit<Trouble, 'kind'> {
  /** What a person must see of it. */
  readonly shows: readonly Shown[];
}

const state = (name: string): Shown => ['miner_state', { state: name }, 1];
const hashrate = 'miner_hashrate_average_hashes_per_second';
const chipHottest = { sensor: 'chip', stat: 'max' };
/** What was measured is gone, what it is stays. */
const unreachable = (reason: string, boards = 3): Shown[] => [['miner_up', {}, 0], ['miner_poll_failures_total', { reason }, 1], ['miner_state', { state: 'mining' }, 'gone'], ['miner_hashrate_hashes_per_second', {}, 'gone'], ['miner_board_up', { board: '1' }, 'gone'], ['miner_boards_expected', {}, boards]];

/** VNish 1.2 and 1.3, after vnish-api.md, 6.4. */
const restConditions: Readonly<Record<(typeof conditions)[number], Condition>> = {
  board_missing: { params: { board: 2 }, afterSeconds: 300, shows: [['miner_board_up', { board: '2' }, 0], ['miner_board_up', { board: '1' }, 1], ['miner_hashrate_nominal_hashes_per_second', {}, 'falls'], state('mining')] },
  board_failed: { params: { board: 3 }, afterSeconds: 5, shows: [['miner_board_up', { board: '3' }, 0], ['miner_board_up', { board: '2' }, 1]] },
  chips_bad: { params: { board: 1, count: 10 }, afterSeconds: 1800, shows: [['miner_board_chips', { board: '1', grade: 'red' }, 10], ['miner_board_hashrate_hashes_per_second', { board: '1' }, 'falls'], ['miner_board_hardware_errors_total', { board: '1' }, 'rises'], ['miner_board_deviation_ratio', { board: '1' }, 'falls']] },
  chip_overheat: { params: { board: 2 }, afterSeconds: 3600, shows: [state('failure'), ['miner_failure_info', {}, 1], ['miner_hashrate_hashes_per_second', {}, 0]] },
  fan_lost: { params: { fan: 1 }, afterSeconds: 600, shows: [['miner_fan_up', { fan: '2' }, 0], ['miner_fan_speed_rpm', { fan: '2' }, 0], ['miner_fan_up', { fan: '1' }, 1], ['miner_fan_speed_rpm', { fan: '1' }, 'rises'], state('mining')] },
  pool_down: { params: { pool: 0 }, afterSeconds: 300, shows: [['miner_pools_alive', {}, 1], ['miner_pool_info', { slot: '0', status: 'offline' }, 1], ['miner_pool_info', { slot: '1', status: 'active' }, 1], state('mining')] },
  pool_rejecting: { params: { ratio: 0.8 }, afterSeconds: 1800, shows: [['miner_pool_info', { slot: '0', status: 'rejecting' }, 1], ['miner_shares_total', { result: 'rejected' }, 'rises']] },
  hashrate_degraded: { params: { ratio: 0.5, floor: 0.85 }, afterSeconds: 7200, shows: [[hashrate, {}, 'falls'], ['miner_hashrate_ratio', {}, 'falls'], state('mining')] },
  preset_drift: { params: { preset: '2350' }, afterSeconds: 300, shows: [['miner_preset_info', { preset: '2350' }, 1], ['miner_preset_power_watts', {}, 2350], ['miner_unexpected_changes_total', { kind: 'preset' }, 1], ['miner_hashrate_nominal_hashes_per_second', {}, 'falls']] },
  hw_errors: { params: { board: 2, perMinute: 300 }, afterSeconds: 1800, shows: [['miner_hardware_errors_total', {}, 'rises'], ['miner_board_hardware_errors_total', { board: '2' }, 'rises']] },
  hot_inlet: { params: { celsius: 14 }, afterSeconds: 1200, shows: [['miner_board_temperature_celsius', { board: '1', sensor: 'pcb', stat: 'min' }, 'rises'], ['miner_board_temperature_celsius', { board: '3', sensor: 'pcb', stat: 'min' }, 'rises'], ['miner_fan_duty_ratio', {}, 'rises']] },
  sensor_fault: { params: { board: 1 }, afterSeconds: 60, shows: [['miner_board_temperature_celsius', { board: '1', ...chipHottest }, 'gone'], ['miner_board_temperature_celsius', { board: '1', sensor: 'pcb', stat: 'max' }, 'gone'], ['miner_board_up', { board: '1' }, 1]] },
  psu_trouble: { afterSeconds: 140, shows: [state('failure'), ['miner_failure_info', {}, 1], ['miner_board_up', { board: '1' }, 0], ['miner_board_up', { board: '3' }, 0], ['miner_hashrate_hashes_per_second', {}, 0]] },
  config_damaged: { afterSeconds: 10, shows: [state('failure'), ['miner_failure_info', { code: '1002' }, 1], ['miner_boards_expected', {}, 3], ['miner_board_up', { board: '1' }, 0]] },
  stuck_autotune: { afterSeconds: 6 * 3600, shows: [state('auto-tuning'), ['miner_state_seconds', {}, 6 * 3600], ['miner_phase', { phase: 'tuning' }, 1], [hashrate, {}, 'falls']] },
  stock_fallback: { afterSeconds: 300, shows: unreachable('stock_firmware') },
  unplugged: { afterSeconds: 300, shows: unreachable('connect') },
  // The miner itself knows nothing of it: only a pool's reader can see it.
  hashrate_theft: { params: { share: 0.3 }, afterSeconds: 1800, shows: [state('mining'), ['miner_shares_total', { result: 'accepted' }, 'rises']] },
};

/** The L3+ tells neither a state nor a lost fan: what is there is what still turns and hashes. */
const cgiConditionShows: Readonly<Record<(typeof cgiConditions)[number], Condition>> = {
  board_missing: { params: { board: 2 }, afterSeconds: 900, shows: [['miner_board_up', { board: '2' }, 0], ['miner_boards_expected', {}, 4], [hashrate, {}, 'falls']] },
  board_failed: { params: { board: 3 }, afterSeconds: 900, shows: [['miner_board_hashrate_hashes_per_second', { board: '3' }, 0], ['miner_hashrate_hashes_per_second', {}, 'falls']] },
  chips_bad: { params: { board: 1, count: 9 }, afterSeconds: 900, shows: [['miner_board_chips', { board: '1', grade: 'red' }, 9], ['miner_board_deviation_ratio', { board: '1' }, 'falls']] },
  chip_overheat: { params: { board: 4, celsius: 60 }, afterSeconds: 900, shows: [state('stopped'), ['miner_hashrate_hashes_per_second', {}, 0]] },
  fan_lost: { params: { fan: 0 }, afterSeconds: 900, shows: [['miner_fan_up', { fan: '1' }, 'gone'], ['miner_fan_up', { fan: '2' }, 1], ['miner_temperature_celsius', chipHottest, 'rises']] },
  pool_down: { params: { pool: 'all' }, afterSeconds: 900, shows: [['miner_pools_alive', {}, 0], ['miner_pool_info', { slot: '0', status: 'offline' }, 1]] },
  hot_inlet: { params: { celsius: 12 }, afterSeconds: 900, shows: [['miner_temperature_celsius', chipHottest, 'rises']] },
  // Stock firmware has the same CGI and password here: only its name is missing.
  stock_fallback: { afterSeconds: 300, shows: unreachable('stock_firmware', 4) },
  unplugged: { afterSeconds: 300, shows: unreachable('connect', 4) },
};

const healthy = (['l7', 'l9', 's21pro'] as const).flatMap((model) => (['1.2.7', '1.3.4'] as const).map((firmware) => [`${model}-${firmware}-healthy`, rest(model, firmware)] as const));
const troubled: readonly (readonly [string, AnySpec, Condition, Trouble])[] = [
  ...conditions.flatMap((kind) => (['1.2.7', '1.3.4'] as const).map((firmware) => [`l9-${firmware}-${kind}`, rest('l9', firmware), restConditions[kind], { kind, ...restConditions[kind] }] as const)),
  ...cgiConditions.map((kind) => [`l3plus-3.9.0-${kind}`, l3plus, cgiConditionShows[kind], { kind, ...cgiConditionShows[kind] }] as const),
];

describe('a healthy simulated miner', () => {
  test.each([...healthy, ['l3plus-3.9.0-healthy', l3plus] as const])('%s has its golden page, which promtool accepts', async (name, machine) => {
    const { page } = await read(machine);
    golden(file(name), page);
    promtoolAccepts(page);
    expect(valueOn(page, 'miner_up')).toBe(1);
    expect(valueOn(page, 'miner_hashrate_ratio') ?? 1).toBeGreaterThan(0.95);
    expect(page.match(/^miner_(board|fan)_up\{.*\} 0$/gm)).toBeNull();
  });
});

describe('a simulated miner with trouble', () => {
  test.each(troubled)('%s has its golden page, and shows what a person must see', async (name, machine, { shows }, trouble) => {
    const { before, page } = await read(machine, trouble);
    golden(file(name), page);
    promtoolAccepts(page);
    expect(shows.length).toBeGreaterThan(0);
    const holds = shows.map(([series, labels, seen]) => {
      const [now, then] = [valueOn(page, series, labels), valueOn(before, series, labels)];
      if (seen === 'gone') return now === undefined && then !== undefined;
      if (seen === 'rises') return now! > then!;
      if (seen === 'falls') return now! < then!;
      return now === seen;
    });
    expect(shows.filter((_one, index) => !holds[index]).map(([series, labels, seen]) => ({ series, labels, seen, now: valueOn(page, series, labels), before: valueOn(before, series, labels) }))).toEqual([]);
  });
});

test('every machine and every condition has a page, and no page is left over', () => {
  const pages = [...healthy.map(([name]) => name), 'l3plus-3.9.0-healthy', ...troubled.map(([name]) => name)];
  expect(readdirSync(path.join(here, 'golden', 'simulated')).sort()).toEqual(pages.map((name) => `${name}.prom`).sort());
});
