/** The page that one reading gives, held against the page in golden/ that was looked at. */
import { expect } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createFleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { createPools } from '../src/fleet/pools.ts';
import { catalogue } from '../src/metrics/catalogue.ts';
import { createPage } from '../src/metrics/page.ts';
import { minerBase, minerSeries } from '../src/metrics/series.ts';
import { createViews } from '../src/metrics/view.ts';
import type { Driver } from '../src/miners/driver.ts';
import type { Reading } from '../src/miners/reading.ts';
import { configOf, here, silent } from './fixtures.ts';

const config = configOf('sites: [{name: lab, electricity: {price_usd_per_kilowatt_hour: 0.1}}]\nprices: {scrypt_usd_per_megahash_day: 0.0007}\nminers: [{name: m1, address: 192.0.2.10, rack: A}]');

/** The page of a fleet of one miner that was read so. */
export async function pageOfReading(reading: Reading): Promise<string> {
  const one = fleetOfOne({ kind: 'capture', credentials: 'unknown', poll: async () => Promise.resolve(reading), presets: async () => Promise.resolve([]), send: async () => Promise.reject(new Error('no')), close: async () => Promise.resolve() }, () => reading.at);
  return one.poll();
}

export interface FleetOfOne {
  /** Polls once and gives the page after it. */
  poll(): Promise<string>;
  close(): Promise<void>;
}

/** A fleet whose one miner, at an address that never changes, is read by this driver; `now` is Unix ms. */
export function fleetOfOne(driver: Driver, now: () => number): FleetOfOne {
  const fleet = createFleet({ config, memory: openMemory(undefined, silent), log: silent, now, driverFor: () => driver });
  const views = createViews({ config, fleet, pools: createPools({ pools: [], log: silent }) });
  return {
    async poll() {
      // The one duration that is no property of the miner.
      const miner = { ...(await fleet.poll('m1', { deadlineMs: 15_000 })), pollSeconds: 0.012 };
      const page = createPage(Object.entries(catalogue).map(([name, { type, help }]) => ({ name, type, help })));
      const view = views.of(miner);
      page.set('m1', minerBase(view), (emit) => minerSeries(view, emit));
      return page.render().toString().replace(/ +(\S+)$/gm, ' $1');
    },
    close: async () => fleet.close(),
  };
}

export function golden(name: string, page: string): void {
  const file = path.join(here, 'golden', `${name}.prom`);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, page);
  expect(page).toBe(readFileSync(file, 'utf8'));
}

export function promtoolAccepts(page: string): void {
  const { status, stdout, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
  if (error !== undefined) throw new Error('promtool is missing; install it with: apt-get install prometheus', { cause: error });
  expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
}
