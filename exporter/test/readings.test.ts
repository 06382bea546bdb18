/** Any reading there can be, on the page and in the API: what was read is what is shown, and nothing else. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createFleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { createPools } from '../src/fleet/pools.ts';
import { boardsReply, presetsReply, rigReply, telemetryReply } from '../src/http/replies.ts';
import { Boards, Presets, Rig, Telemetry } from '../src/http/schemas.ts';
import { catalogue } from '../src/metrics/catalogue.ts';
import { createPage } from '../src/metrics/page.ts';
import { minerBase, minerSeries } from '../src/metrics/series.ts';
import { createViews } from '../src/metrics/view.ts';
import { pollFailureReasons } from '../src/miners/driver.ts';
import { minerStates, readingSources, type Reading } from '../src/miners/reading.ts';
import { hostile, keyOf, parse, shown } from './exposition.ts';
import { configOf, silent } from './fixtures.ts';
import { promtoolAccepts } from './golden-page.ts';

const number = fc.oneof(fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0), fc.constantFrom(0, 1, 17_394_832_000, 1e308, 5e-324), fc.nat());
const ratio = fc.double({ min: 0, max: 1, noNaN: true });
const text = fc.oneof(hostile, fc.constantFrom('\u202e gnirts', '\u200f', 'a="b",c="d"}', '{miner="m0"}', '\ufeff'), fc.string({ unit: 'binary' }));
const some = { requiredKeys: [] };
const range = fc.record({ min: number, max: number }, some);
const count = fc.nat({ max: 4000 });

const reading: fc.Arbitrary<Reading> = fc.record({
  at: fc.constant(Date.UTC(2026, 10, 1)),
  source: fc.constantFrom(...readingSources),
  fallback: fc.record({ reason: fc.constantFrom(...pollFailureReasons), detail: text }),
  identity: fc.record({ model: text, modelCode: text, firmware: text, firmwareVersion: text, algorithm: fc.oneof(text, fc.constant('scrypt')), mac: text, hostname: text }, { requiredKeys: ['model'] }),
  state: fc.constantFrom(...minerStates),
  stateSeconds: number, throttleRatio: ratio, uptimeSeconds: number, restarts: count,
  failure: fc.record({ code: fc.integer(), description: text }, some),
  restartRequired: fc.boolean(), rebootRequired: fc.boolean(), locateOn: fc.boolean(),
  hashrate: number, hashrateAverage: number, hashrateNominal: number, hashrateStock: number, powerWatts: number, powerMeasured: fc.boolean(),
  psuTemperatures: fc.dictionary(fc.constantFrom('pfc', 'llc1', 'llc2'), number, { noNullPrototype: true }),
  pcb: range, chip: range, hardwareErrors: number, devfeeRatio: ratio, fanDutyRatio: ratio,
  fans: fc.uniqueArray(fc.record({ fan: fc.integer({ min: 1, max: 64 }), up: fc.boolean(), speedRpm: number }, { requiredKeys: ['fan'] }), { selector: ({ fan }) => fan, maxLength: 8 }),
  pools: fc.uniqueArray(fc.record({
    slot: fc.nat({ max: 64 }), url: text, user: text, kind: fc.constantFrom('user' as const, 'devfee' as const, 'other' as const), status: fc.oneof(text, fc.constant('active')), accepted: count, rejected: count, stale: count, pingSeconds: number,
  }, { requiredKeys: ['slot', 'url', 'user', 'kind', 'status'] }), { selector: ({ slot }) => slot, maxLength: 6 }),
  boards: fc.uniqueArray(fc.record({
    board: fc.integer({ min: 1, max: 64 }), state: fc.oneof(text, fc.constant('mining')), detail: text, hashrate: number, hashrateNominal: number, frequencyHertz: number, voltageVolts: number, powerWatts: number,
    pcb: range, chip: range, chips: fc.record({ grey: count, orange: count, red: count }), hardwareErrors: number,
  }, { requiredKeys: ['board', 'pcb', 'chip'] }), { selector: ({ board }) => board, maxLength: 6 }),
  boardsExpected: fc.integer({ min: 1, max: 64 }),
  preset: fc.record({ name: text, tuned: fc.boolean(), switcher: fc.boolean(), powerWatts: number, hashrate: number }, { requiredKeys: ['name'] }),
  presets: fc.array(fc.record({ name: text, label: text, tuned: fc.boolean(), needsModifiedPsu: fc.boolean(), powerWatts: number, hashrate: number }, { requiredKeys: ['name', 'label', 'tuned', 'needsModifiedPsu'] }), { maxLength: 5 }),
}, { requiredKeys: ['at', 'psuTemperatures', 'pcb', 'chip', 'fans', 'pools', 'boards'] });

const names = ['m0', 'm1', 'm2'];
const config = configOf(`sites: [{name: lab, electricity: {price_usd_per_kilowatt_hour: 0.1}}]\nprices: {scrypt_usd_per_megahash_day: 0.0007}\nminers: [${names.map((name, index) => `{name: ${name}, address: 192.0.2.${index + 1}}`).join(', ')}]`);

/** The page of a fleet whose miners read so, and the views behind it. */
async function shownOf(readings: readonly Reading[]) {
  const fleet = createFleet({
    config, memory: openMemory(undefined, silent), log: silent, now: () => Date.UTC(2026, 10, 1),
    driverFor: ({ name }) => ({ kind: 'made up', credentials: 'unknown', poll: async () => Promise.resolve(readings[names.indexOf(name)]!), presets: async () => Promise.resolve([]), send: async () => Promise.reject(new Error('no')), close: async () => Promise.resolve() }),
  });
  const source = createViews({ config, fleet, pools: createPools({ pools: [], log: silent }) });
  for (const name of names.slice(0, readings.length)) await fleet.poll(name, { deadlineMs: 1000 });
  source.comparePeers();
  const views = names.slice(0, readings.length).map((name) => source.of(fleet.get(name)!));
  const page = createPage(Object.entries(catalogue).map(([name, { type, help }]) => ({ name, type, help })));
  for (const view of views) page.set(view.miner.config.name, minerBase(view), (emit) => minerSeries(view, emit));
  return { views, page, text: page.render().toString() };
}

/** What must stand on the page, told from the reading alone. */
function* promised({ identity, ...one }: Reading, miner: string): Generator<readonly [string, number]> {
  const base = [['miner', miner], ['site', 'lab'], ['model', shown(identity?.model ?? 'unknown')]] as const;
  const series = (name: string, value: number | undefined, ...labels: readonly (readonly [string, string])[]): (readonly [string, number])[] => (value === undefined ? [] : [[keyOf(name, [...base, ...labels]), value === 0 ? 0 : value]]);
  yield* series('miner_up', 1);
  yield* series('miner_hashrate_hashes_per_second', one.hashrate);
  yield* series('miner_hashrate_average_hashes_per_second', one.hashrateAverage);
  yield* series('miner_power_watts', one.powerWatts);
  yield* series('miner_hardware_errors_total', one.hardwareErrors);
  yield* series('miner_uptime_seconds', one.uptimeSeconds);
  yield* series('miner_throttle_ratio', one.throttleRatio);
  if (one.failure !== undefined) yield* series('miner_failure_info', 1, ['code', String(one.failure.code ?? '')], ['description', shown(one.failure.description ?? '')]);
  for (const [sensor, span] of [['pcb', one.pcb], ['chip', one.chip]] as const) for (const stat of ['min', 'max'] as const) yield* series('miner_temperature_celsius', span[stat], ['sensor', sensor], ['stat', stat]);
  for (const { fan, speedRpm, up } of one.fans) {
    yield* series('miner_fan_speed_rpm', speedRpm, ['fan', String(fan)]);
    yield* series('miner_fan_up', up === undefined ? undefined : Number(up), ['fan', String(fan)]);
  }
  for (const { slot, url, user, status, kind } of one.pools) if (kind === 'user') yield* series('miner_pool_info', 1, ['slot', String(slot)], ['url', shown(url)], ['user', shown(user)], ['status', shown(status)]);
  for (const { board, hashrate, voltageVolts, chips } of one.boards) {
    yield* series('miner_board_hashrate_hashes_per_second', hashrate, ['board', String(board)]);
    yield* series('miner_board_voltage_volts', voltageVolts, ['board', String(board)]);
    for (const grade of ['grey', 'orange', 'red'] as const) yield* series('miner_board_chips', chips?.[grade], ['board', String(board)], ['grade', grade]);
  }
}

describe('any readings of three miners', () => {
  test('are on the page as they were read, each series once, and every number is one', async () => {
    await fc.assert(fc.asyncProperty(fc.array(reading, { minLength: 1, maxLength: 3 }), async (readings) => {
      const { page, text: written } = await shownOf(readings);
      const { samples } = parse(written);
      const found = new Map(samples.map(({ name, labels, value }) => [keyOf(name, labels), value]));
      expect(found.size).toBe(samples.length);
      expect(page.seriesCount).toBe(samples.length);
      expect(samples.filter(({ value }) => !Number.isFinite(value))).toEqual([]);
      for (const [index, one] of readings.entries()) {
        const wanted = new Map(promised(one, names[index]!));
        const families = new Set([...wanted.keys()].map((key) => (JSON.parse(key) as [string])[0]));
        // Of these families there is exactly what was read: a value that was not told has no line.
        const there = samples.filter(({ name, labels }) => families.has(name) && labels[0]?.[1] === names[index]).map(({ name, labels, value }) => [keyOf(name, labels), value] as const);
        expect(new Map(there)).toEqual(wanted);
      }
    }), { numRuns: 150 });
  });

  test('are in the API in the shapes that it promises', async () => {
    await fc.assert(fc.asyncProperty(fc.array(reading, { minLength: 1, maxLength: 3 }), async (readings) => {
      for (const view of (await shownOf(readings)).views) {
        for (const [schema, reply] of [[Rig, rigReply(view, undefined)], [Telemetry, telemetryReply(view, 'job')], [Boards, { boards: boardsReply(view) }], [Presets, presetsReply(view, new Map())]] as const) {
          // As it goes over the wire: what JSON cannot hold becomes null, which no schema has.
          const { error } = schema.safeParse(JSON.parse(JSON.stringify(reply)));
          expect(error?.issues ?? []).toEqual([]);
        }
      }
    }), { numRuns: 150 });
  });

  test('make pages that promtool accepts', async () => {
    for (const readings of fc.sample(fc.array(reading, { minLength: 3, maxLength: 3 }), 8)) promtoolAccepts((await shownOf(readings)).text);
  });
});
