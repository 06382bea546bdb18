import { describe, expect, test } from '@jest/globals';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import fc from 'fast-check';
import type { CgiMinerSpec } from '../../simulator/src/cgi/machine.ts';
import type { CgiMiner } from '../../simulator/src/cgi/miner.ts';
import type { FaultKind, FaultParams } from '../../simulator/src/miner/faults.ts';
import type { Miner } from '../../simulator/src/miner/miner.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/src/simulator.ts';
import { parseConfig } from '../src/config/load.ts';
import type { Driver } from '../src/miners/driver.ts';
import type { JsonObject } from '../src/miners/fields.ts';
import { cgminerDriver, type CgminerOptions } from '../src/miners/cgminer/driver.ts';
import { parseCgminerIdentity, parseCgminerReading, type CgminerReplies, type HashrateUnit } from '../src/miners/cgminer/parse.ts';
import { actionNames } from '../src/control/actions.ts';
import { anyParameters } from './action-parameters.ts';
import type { Reading } from '../src/miners/reading.ts';
import { vnishCgiDriver } from '../src/miners/vnish-cgi/driver.ts';
import { haveSamples, sample, until } from './fixtures.ts';
import { golden, pageOfReading, promtoolAccepts } from './golden-page.ts';
import { run, simulated, spec, tokens, valueOn, whenDone } from './running.ts';

const at = Date.UTC(2026, 10, 1);
const soon = (ms = 5000) => AbortSignal.timeout(ms);
const skipReason = haveSamples ? '' : '(skipped: ../shared/reference/vnish-samples is not beside the project)';
const withSamples = haveSamples ? test : test.skip;

function parsed(replies: CgminerReplies, unit?: HashrateUnit): { reading: Reading; mismatches: string[] } {
  const mismatches: string[] = [];
  return { mismatches, reading: parseCgminerReading(replies, { at, unit, mismatch: (source, field) => void mismatches.push(`${source}.${field}`) }) };
}

const json = (name: string) => sample(name) as JsonObject;

const captures: readonly (readonly [string, () => CgminerReplies])[] = [
  ['cgminer-s19jpro-1.2.7', () => ({ stats: json('s19jpro-1.2.7-rpc4028-stats.json'), summary: json('s19jpro-1.2.7-rpc4028-summary.json'), pools: json('s19jpro-1.2.7-rpc4028-pools.json') })],
  ['cgminer-s19xp-1.2.0-rc1', () => ({ stats: json('s19xp-1.2.0-rc1-rpc4028-stats.json'), summary: json('s19xp-1.2.0-rc1-rpc4028-summary.json'), pools: json('s19xp-1.2.0-rc1-rpc4028-pools.json') })],
  ['cgminer-s21pro-1.2.7', () => ({ stats: json('s21pro-1.2.7-rpc4028-stats.json') })],
  ['cgminer-l3plus', () => ({ stats: json('l3plus-rwglr-NOT-VNISH-rpc4028-stats-excerpt.json') })],
];

describe('a captured reply of TCP 4028', () => {
  for (const [name, replies] of captures) {
    withSamples(`${name} gives its golden page, which promtool accepts, with nothing missing ${skipReason}`, async () => {
      const { reading, mismatches } = parsed(replies());
      const page = await pageOfReading(reading);
      golden(name, page);
      promtoolAccepts(page);
      expect(mismatches).toEqual([]);
    });
  }

  withSamples(`an L3+ that says 515.179 "GHS" does 515 MH/s, an S19j Pro that says 99355.18 does 99 TH/s ${skipReason}`, () => {
    expect(parsed(captures[3]![1]()).reading).toMatchObject({ hashrate: 515_179_000, hashrateAverage: 512_870_000, state: 'mining', boardsExpected: 4 });
    expect(parsed(captures[0]![1]()).reading.hashrate).toBe(99_355_180_000_000);
  });

  withSamples(`board and chip are told apart although their names mislead ${skipReason}`, () => {
    expect(parsed(captures[3]![1]()).reading.boards[0]).toEqual({ board: 1, frequencyHertz: 394e6, pcb: { max: 41 }, chip: { max: 52 }, chips: { grey: 72, orange: 0, red: 0 } });
    expect(parsed(captures[0]![1]()).reading.boards[0]).toMatchObject({ pcb: { min: 41, max: 62 }, chip: { min: 56, max: 77 }, voltageVolts: 12.925, powerWatts: 902, state: 'mining' });
  });

  withSamples(`the operator's pools are told from the fee's, the one in use from those that wait ${skipReason}`, () => {
    expect(parsed(captures[0]![1]()).reading.pools.map(({ kind, status, accepted }) => [kind, status, accepted])).toEqual([['user', 'active', 60389], ['user', 'working', 27], ['user', 'working', 0], ['devfee', 'working', 31728]]);
    expect(parsed(captures[1]![1]()).reading.pools.map(({ slot, kind, status }) => [slot, kind, status])).toEqual([[0, 'user', 'active'], [2, 'user', 'offline'], [3, 'devfee', 'working']]);
  });

  withSamples(`watts of zero on every board are no power ${skipReason}`, () => {
    const { reading } = parsed(captures[1]![1]());
    expect(reading).not.toHaveProperty('powerWatts');
    expect(reading.devfeeRatio).toBeCloseTo(0.038449, 6);
  });
});

const small = (numbers: Record<string, unknown>, type: unknown = 'Antminer L7 (Vnish 1.2.7)'): CgminerReplies => ({ stats: { STATS: [{ Type: type }, { 'GHS 5s': '9050.5', 'GHS av': 9000, 'Elapsed': 100, ...numbers }] } });

describe('the parser of TCP 4028', () => {
  test.each([
    ['Antminer L9 (Vnish 1.2.7)', { model: 'Antminer L9', firmware: 'Vnish', firmwareVersion: '1.2.7', algorithm: 'scrypt' }],
    ['Antminer L3+ (vnish 3.9.0)', { model: 'Antminer L3+', firmware: 'Vnish', firmwareVersion: '3.9.0', algorithm: 'scrypt' }],
    ['Antminer L3++', { model: 'Antminer L3++', algorithm: 'scrypt' }],
    ['Antminer L3+ (024)', { model: 'Antminer L3+', algorithm: 'scrypt' }],
    ['Antminer T21 (7Miners 1.2.6-rc1)', { model: 'Antminer T21', firmware: '7Miners', firmwareVersion: '1.2.6-rc1', algorithm: 'sha256d' }],
    ['Antminer S9k', { model: 'Antminer S9k', algorithm: 'sha256d' }],
    ['Antminer D7', { model: 'Antminer D7' }],
    ['Whatsminer M30S+', { model: 'Whatsminer M30S+' }],
    ['(Vnish 1.2.7)', { model: '(Vnish 1.2.7)', firmware: 'Vnish', firmwareVersion: '1.2.7' }],
  ])('knows %s', (type, identity) => {
    expect(parseCgminerIdentity({ STATS: [{ Type: type }] })).toEqual(identity);
  });

  test('gives no hashrate where the unit is unknown, counts it, and takes the unit of fleet.yaml', () => {
    const unknown = parsed(small({ chain_acn1: 10, chain_rate1: 5 }, 'Antminer D7'));
    expect(unknown.mismatches).toEqual(['cgminer_stats.Type']);
    expect(unknown.reading).not.toHaveProperty('hashrate');
    expect(unknown.reading).not.toHaveProperty('hashrateAverage');
    expect(unknown.reading.boards).toEqual([{ board: 1, pcb: {}, chip: {} }]);
    const told = parsed(small({ chain_acn1: 10, chain_rate1: 5 }, 'Antminer D7'), 'GH/s');
    expect(told).toMatchObject({ mismatches: [], reading: { hashrate: 9050.5e9, boards: [{ hashrate: 5e9 }] } });
    expect(parsed(small({}), 'GH/s').reading.hashrate).toBe(9050.5e9);
    expect(parsed(small({})).reading.hashrate).toBe(9050.5e6);
  });

  test('takes zeros for what is not there: boards, fans, temperatures, volts, watts', () => {
    const { reading } = parsed(small({
      state: 'mining', chain_acn1: 120, chain_acn2: 0, chain_acn3: '0', temp1: 0, temp2_1: '60', temp_pcb1: '0-0', chain_vol1: 0, chain_consumption1: '0', freq_avg1: 0, chain_rateideal1: 0, temp3: 50,
      fan1: 0, fan2: 0, fan5: '5520', fan6: 4200, fan_num: 2,
    }));
    expect(reading.boards).toEqual([{ board: 1, pcb: {}, chip: { max: 60 } }]);
    expect(reading.fans).toEqual([{ fan: 5, up: true, speedRpm: 5520 }, { fan: 6, up: true, speedRpm: 4200 }]);
    expect(reading.boardsExpected).toBe(3);
    for (const name of ['powerWatts', 'hashrateNominal', 'uptimeSeconds', 'preset']) expect(reading).not.toHaveProperty(name);
  });

  test('calls a fan lost only where the miner counts it while it hashes', () => {
    const fans = { fan_num: 4, fan1: 5000, fan2: 0, fan3: 5000, fan4: 5000 };
    expect(parsed(small({ state: 'mining', ...fans })).reading.fans[1]).toEqual({ fan: 2, up: false, speedRpm: 0 });
    for (const part of [{ state: 'stopped', ...fans }, { state: 'mining', ...fans, fan_num: 3 }, { state: 'mining', ...fans, fan_num: 0 }]) expect(parsed(small(part)).reading.fans.map(({ fan }) => fan)).toEqual([1, 3, 4]);
  });

  test('leaves out sensors that were not measured', () => {
    const { boards } = parsed(small({ chain_acn1: 120, temp_sens1: 'm-e-m-i', temp_pcb1: '54-99-61-98', temp_chip1: '69-56-76-77', temp1: 99 })).reading;
    expect(boards[0]).toMatchObject({ pcb: { min: 54, max: 61 }, chip: { min: 69, max: 76 } });
  });

  test('a board that is missing by its state is named, and spoils no sum', () => {
    const { reading } = parsed(small({ state: 'mining', chain_acn1: 120, chain_state1: 'mining', chain_consumption1: 1000, chain_hw1: 4, chain_acn2: 0, chain_state2: 'disconnected', chain_consumption2: 0, chain_fault2: '0 of 120 chips detected' }));
    expect(reading).toMatchObject({ powerWatts: 1000, hardwareErrors: 4, boards: [{ board: 1 }, { board: 2, state: 'disconnected', detail: '0 of 120 chips detected' }] });
  });

  test('a state that nobody knows is absent and counted; without a state, hashes are mining and none is unknown', () => {
    expect(parsed(small({ state: 'dreaming' }))).toMatchObject({ mismatches: ['cgminer_stats.state'] });
    expect(parsed(small({ state: 'dreaming' })).reading).not.toHaveProperty('state');
    expect(parsed(small({})).reading).toMatchObject({ state: 'mining', stateSeconds: 100 });
    expect(parsed(small({ 'GHS 5s': '0.000' })).reading).toMatchObject({ hashrate: 0 });
    expect(parsed(small({ 'GHS 5s': '0.000' })).reading).not.toHaveProperty('state');
  });

  test('never throws, and gives no number that is negative, no number, or from nowhere, whatever comes', () => {
    const odd = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.constantFrom<unknown>(null, undefined, true, '', 'null', '1e999', '-5', -5, 1e308, '9'.repeat(30), '5-6', 'm-m', [], {}, { __proto__: { Type: 'L7' } }, 'Antminer L7', 'Antminer S9', 'mining', 'Alive', 0, 1, 2));
    const numbered = ['temp', 'temp2_', 'temp_pcb', 'temp_chip', 'temp_sens', 'chain_acn', 'chain_rate', 'chain_vol', 'chain_hw', 'chain_consumption', 'chain_state', 'chain_acs', 'freq_avg', 'frequency', 'fan'].flatMap((name) => [1, 2, 9].map((place) => `${name}${place}`));
    const object = fc.dictionary(fc.oneof(fc.constantFrom('Type', 'GHS 5s', 'GHS av', 'Elapsed', 'state', 'total_rateideal', 'fan_num', 'fan_pwm', 'Hardware Errors', 'Fee Percent', 'POOL', 'URL', 'User', 'Status', 'Accepted', '__proto__', 'constructor', ...numbered), fc.string()), odd, { maxKeys: 40, noNullPrototype: true });
    const list = (name: string) => fc.oneof(fc.record({ [name]: fc.oneof(odd, fc.array(fc.oneof(object, odd), { maxLength: 5 })) }), object);
    fc.assert(fc.property(list('STATS'), list('SUMMARY'), list('POOLS'), (stats, summary, pools) => {
      const text = JSON.stringify([stats, summary, pools]);
      const [one, two, three] = JSON.parse(text.includes('undefined') ? '[{},{},{}]' : text) as [JsonObject, JsonObject, JsonObject];
      JSON.stringify(parsed({ stats: one, summary: two, pools: three }).reading, (_key, value: unknown) => {
        if (typeof value === 'number') expect(Number.isFinite(value) && value >= 0).toBe(true);
        return value;
      });
    }), { numRuns: 500 });
  });

  withSamples(`any field of a capture dropped, retyped, null, huge or negative costs that field and what is worked out of it, and invents nothing ${skipReason}`, async () => {
    for (const [, replies] of captures) {
      const whole = replies();
      const [head, numbers] = whole.stats['STATS'] as [JsonObject, JsonObject];
      const known = new Set((await pageOfReading(parsed(whole).reading)).split('\n'));
      for (const field of Object.keys(numbers)) {
        for (const value of [undefined, null, [], {}, 'täxt \ud800', -1, 1e300]) {
          const { reading } = parsed({ ...whole, stats: { STATS: [head, { ...numbers, [field]: value }] } });
          if (value === 1e300) {
            for (const one of JSON.stringify(reading).matchAll(/[:,[]null/g)) throw new Error(`${field}: ${one[0]}`);
            continue;
          }
          const page = await pageOfReading(reading);
          // Worked out of fewer parts, or the next best field in its place.
          const invented = page.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !known.has(line) && !/^miner_(efficiency|hashrate_ratio|revenue|profit|power_cost|breakeven|power_watts|hardware_errors_total|board_up|board_deviation|boards_expected|state|(board_)?temperature)/.test(line));
          expect({ field, value, invented: invented.filter((line) => !/ (0|1)$/.test(line)) }).toEqual({ field, value, invented: [] });
        }
      }
    }
  });
});

interface Driven { readonly driver: Driver; readonly mismatches: string[] }

function drive(address: string, options: Partial<CgminerOptions> = {}): Driven {
  const mismatches: string[] = [];
  return { mismatches, driver: cgminerDriver({ address, mismatch: (source, field) => void mismatches.push(`${source}.${field}`), ...options }) };
}

const l3spec = (part: Partial<CgiMinerSpec> = {}): CgiMinerSpec => ({ name: 'old', model: 'l3plus', firmware: '3.9.0', mac: '02:51:AA:00:00:31', pools: [{ url: 'us.mining.prohashing.com:3333', user: 'demo', pass: 'n=old' }], ...part });

async function l3plus(part: Partial<CgiMinerSpec> = {}, options: SimulatorOptions = {}): Promise<{ miner: CgiMiner; simulator: Simulator }> {
  const simulator = await startSimulator({ miners: [l3spec(part)], speed: 0, ...options });
  whenDone(async () => simulator.stop());
  return { simulator, miner: simulator.cgiMiner(part.name ?? 'old') };
}

const at4028 = ({ host, cgminerPort }: Miner | CgiMiner) => `${host}:${String(cgminerPort)}`;
const tcp = (miner: Miner | CgiMiner) => miner.requests.list({ method: 'TCP' }).map(({ path }) => path);
const near = (value: number | undefined, real: number, share: number) => expect(Math.abs(value! / real - 1)).toBeLessThan(share);

describe('the driver over TCP 4028', () => {
  test('reads an L3+ with three commands, one after the other, in base units', async () => {
    const { miner } = await l3plus();
    const { driver, mismatches } = drive(at4028(miner));
    const reading = await driver.poll(soon());
    const truth = miner.truth();
    near(reading.hashrate, truth.hashesPerSecond, 0.05);
    near(reading.hashrateAverage, truth.hashesPerSecond, 0.01);
    expect(reading).toMatchObject({ source: 'cgminer', state: 'mining', boardsExpected: 4, identity: { model: 'Antminer L3+', firmware: 'Vnish', firmwareVersion: '3.9.0', algorithm: 'scrypt' } });
    for (const board of reading.boards) {
      near(board.pcb.max, truth.boards[board.board - 1]!.pcbCelsius, 0.02);
      near(board.chip.max, truth.boards[board.board - 1]!.chipCelsius, 0.02);
      expect(board).toMatchObject({ frequencyHertz: 384e6, chips: { grey: 72, orange: 0, red: 0 } });
    }
    expect(reading.fans).toEqual(truth.fansRpm.map((speedRpm, index) => ({ fan: index + 1, up: true, speedRpm })));
    expect(reading.pools).toEqual([expect.objectContaining({ slot: 0, url: 'stratum+tcp://us.mining.prohashing.com:3333', kind: 'user', status: 'active' })]);
    expect([mismatches, tcp(miner)]).toEqual([[], ['stats', 'summary', 'pools']]);
  });

  test.each(['l9', 'l7', 's21pro'] as const)('reads the %s as its REST API tells it', async (model) => {
    const simulator = await simulated([spec('m', { model, firmware: '1.2.7' })]);
    const miner = simulator.miner('m');
    const { driver, mismatches } = drive(at4028(miner));
    const reading = await driver.poll(soon());
    const { miner: told } = await (await fetch(`${miner.url}/api/v1/summary`)).json() as { miner: { hr_realtime: number; power_consumption: number; hw_errors: number; chains: { voltage: number; frequency: number; pcb_temp: { min: number; max: number }; chip_temp: { min: number; max: number } }[] } };
    const unit = model === 's21pro' ? 1e9 : 1e6;
    near(reading.hashrate, told.hr_realtime * unit, 1e-6);
    near(reading.hashrate, miner.truth().hashesPerSecond, 0.08);
    near(reading.powerWatts, told.power_consumption, 0.01);
    expect(reading).toMatchObject({ state: 'mining', hardwareErrors: told.hw_errors, devfeeRatio: 0.028 });
    expect(reading.boards.map(({ voltageVolts, frequencyHertz, pcb, chip }) => ({ voltageVolts, frequencyHertz, pcb, chip }))).toEqual(told.chains.map((chain) => ({ voltageVolts: chain.voltage / 1000, frequencyHertz: Math.round(chain.frequency * 1e6), pcb: chain.pcb_temp, chip: chain.chip_temp })));
    expect(mismatches).toEqual([]);
  });

  test('shows what is wrong: a board missing, chips bad, a fan lost, a pool down', async () => {
    const simulator = await simulated([spec('m', { firmware: '1.2.7' })]);
    const miner = simulator.miner('m');
    await miner.inject('board_missing', { board: 2 });
    await miner.inject('fan_lost', { fan: 1 });
    await miner.inject('pool_down');
    simulator.clock.advance(10_000);
    const reading = await drive(at4028(miner)).driver.poll(soon());
    expect(reading.boards[1]).toMatchObject({ board: 2, state: 'disconnected', detail: '0 of 110 chips detected', pcb: {}, chip: {} });
    expect(reading.fans[1]).toEqual({ fan: 2, up: false, speedRpm: 0 });
    expect(reading.pools[0]).toMatchObject({ status: 'offline' });
    expect(reading.powerWatts).toBeGreaterThan(1000);
  });

  test('finds nobody while a miner starts', async () => {
    const simulator = await simulated([spec('m', { begin: 'boot', firmware: '1.2.7' })]);
    const { driver } = drive(at4028(simulator.miner('m')));
    simulator.clock.advance(60_000);
    await expect(driver.poll(soon())).rejects.toMatchObject({ reason: 'reset' });
    simulator.clock.advance(200_000);
    expect((await driver.poll(soon())).state).toBe('mining');
  });

  test.each<readonly [FaultKind, FaultParams, string]>([['rpc_silent', {}, 'timeout'], ['rpc_drip', {}, 'timeout'], ['rpc_cut', {}, 'bad_json'], ['rpc_endless', {}, 'too_large'], ['rpc_refused', {}, 'connect']])('fails by %s, and reads on after it', async (kind, params, reason) => {
    const { miner } = await l3plus();
    const { driver } = drive(at4028(miner));
    await miner.inject(kind, params);
    await expect(driver.poll(soon(reason === 'timeout' ? 300 : 10_000))).rejects.toMatchObject({ reason });
    await miner.repair(kind);
    expect((await driver.poll(soon())).state).toBe('mining');
  });

  test('reads over the missing commas that bmminer is known for', async () => {
    const { miner } = await l3plus();
    await miner.inject('rpc_bad_json');
    expect(await drive(at4028(miner)).driver.poll(soon())).toMatchObject({ state: 'mining', boards: [{ board: 1 }, { board: 2 }, { board: 3 }, { board: 4 }] });
  });

  test('keeps what it has where summary and pools are refused', async () => {
    const server = createTcpServer((socket) => void socket.on('error', () => undefined).once('data', (data) => socket.end(`${data.toString().includes('stats') ? JSON.stringify(small({ state: 'mining' }).stats) : '{"STATUS":[{"STATUS":"E","Code":0,"Msg":"Invalid command"}]}'}\0`)));
    const address = await listening(server);
    expect(await drive(address).driver.poll(soon())).toMatchObject({ hashrate: 9050.5e6, pools: [] });
  });

  test('is no miner\'s where stats has nothing of a miner', async () => {
    const address = await listening(createTcpServer((socket) => void socket.on('error', () => undefined).once('data', () => socket.end('{"STATS":[{"hello":1}]}\0'))));
    await expect(drive(address).driver.poll(soon())).rejects.toMatchObject({ reason: 'bad_shape' });
  });

  test('lacks every action, each with the reason, and sends none', async () => {
    const { driver } = drive('127.0.0.1:1');
    expect(Object.keys(driver.lacks ?? {}).sort()).toEqual([...actionNames].sort());
    expect(await driver.send({ action: 'reboot' }, soon())).toEqual({ sent: false, detail: 'it is read over TCP 4028, which takes no commands from Hashfleet (driver: cgminer)' });
    expect(await driver.presets(soon())).toEqual([]);
    expect(driver.credentials).toBe('unknown');
  });
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  whenDone(async () => new Promise((resolve) => {
    server.close(resolve);
    if ('closeAllConnections' in server) (server as unknown as { closeAllConnections(): void }).closeAllConnections();
  }));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('a simulated L3+', () => {
  const states: readonly (readonly [string, (miner: CgiMiner, simulator: Simulator) => Promise<void>])[] = [
    ['mining', async () => Promise.resolve()],
    ['board-missing', async (miner) => miner.inject('board_missing', { board: 2 })],
    ['board-failed', async (miner) => miner.inject('board_failed', { board: 3 })],
    ['chips-bad', async (miner) => miner.inject('chips_bad', { board: 1, count: 9 })],
    ['fan-lost', async (miner) => miner.inject('fan_lost', { fan: 0 })],
    ['hot', async (miner) => miner.inject('hot_inlet', { celsius: 12 })],
    ['pools-down', async (miner) => miner.inject('pool_down', { pool: 'all' })],
    ['overheated', async (miner) => miner.inject('chip_overheat', { board: 4, celsius: 60 })],
  ];
  const usual = (miner: CgiMiner) => vnishCgiDriver({ address: miner.address, password: 'root', slowIntervalMs: 0, deadlineMs: 5000, cgminerPort: 1, mismatch: () => undefined, now: () => at });

  test.each(states)('that is %s gives its golden pages, over the CGI and, where that answers, over TCP 4028', async (name, happen) => {
    const { miner, simulator } = await l3plus();
    await happen(miner, simulator);
    simulator.clock.advance(900_000);
    const driver = usual(miner);
    const page = await pageOfReading(await driver.poll(soon()));
    await driver.close();
    golden(`l3plus-cgi-${name}`, page);
    promtoolAccepts(page);
    // What overheats stops, and with it the process that answers there.
    const other = drive(at4028(miner), { now: () => at }).driver.poll(soon());
    if (name === 'overheated') {
      await expect(other).rejects.toMatchObject({ reason: 'reset' });
      return;
    }
    const overTcp = await pageOfReading(await other);
    golden(`l3plus-cgminer-${name}`, overTcp);
    promtoolAccepts(overTcp);
  });
});

describe('the L3+ falls back to TCP 4028 for one poll', () => {
  const usual = (miner: CgiMiner, { deadlineMs = 5000, address = miner.address, password = 'root' } = {}) => {
    const driver = vnishCgiDriver({ address, password, slowIntervalMs: 60_000, deadlineMs, cgminerPort: miner.cgminerPort, mismatch: () => undefined });
    whenDone(async () => driver.close());
    return driver;
  };

  test.each<readonly [FaultKind, FaultParams, string]>([
    ['bad_json', {}, 'bad_json'], ['html', { path: '/cgi-bin/get_miner_status.cgi' }, 'html_body'], ['cut', {}, 'reset'], ['reset', {}, 'reset'], ['http_500', { path: '/cgi-bin/get_miner_status.cgi' }, 'http_5xx'],
    ['hang', {}, 'timeout'], ['drip', {}, 'timeout'], ['not_http', {}, 'not_http'],
  ])('by %s, keeps the identity, and comes back', async (kind, params, reason) => {
    const { miner } = await l3plus();
    const driver = usual(miner, { deadlineMs: reason === 'timeout' ? 900 : 5000 });
    const before = await driver.poll(soon());
    expect(before).toMatchObject({ source: 'vnish-cgi' });
    expect(tcp(miner)).toEqual([]);
    await miner.inject(kind, params);
    const during = await driver.poll(soon(10_000));
    expect(during).toMatchObject({ source: 'cgminer', identity: before.identity, state: 'mining', fallback: { reason, detail: expect.any(String) } });
    near(during.hashrate, miner.truth().hashesPerSecond, 0.05);
    expect(tcp(miner)).toEqual(['stats', 'summary', 'pools']);
    await miner.repair();
    const after = await driver.poll(soon());
    expect(after).toMatchObject({ source: 'vnish-cgi' });
    expect(after).not.toHaveProperty('fallback');
    expect(tcp(miner)).toHaveLength(3);
  });

  test('where its web server is gone, from the first contact', async () => {
    const { miner } = await l3plus();
    const reading = await usual(miner, { address: '127.0.0.1:1' }).poll(soon());
    expect(reading).toMatchObject({ source: 'cgminer', fallback: { reason: 'connect' }, identity: { model: 'Antminer L3+', firmwareVersion: '3.9.0' } });
  });

  test('not where the password is refused, or the address is another machine\'s', async () => {
    const { miner } = await l3plus();
    await expect(usual(miner, { password: 'wrong' }).poll(soon())).rejects.toMatchObject({ reason: 'auth' });
    const web: RequestListener = (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>A printer</html>');
    const address = await listening(createHttpServer(web));
    await expect(usual(miner, { address }).poll(soon())).rejects.toMatchObject({ reason: 'not_a_miner' });
    expect(tcp(miner)).toEqual([]);
  });

  test('and tells the first reason where that does not help either, or the time is over', async () => {
    const { miner } = await l3plus();
    const driver = usual(miner);
    await miner.inject('bad_json');
    await miner.inject('rpc_refused');
    await expect(driver.poll(soon())).rejects.toMatchObject({ reason: 'bad_json', message: expect.stringMatching(/^get_miner_status\.cgi is not valid JSON; nor does TCP \d+ help: .*ECONNREFUSED/) });
    await miner.repair();
    await miner.inject('hang');
    await miner.inject('rpc_silent');
    await expect(usual(miner, { deadlineMs: 400 }).poll(soon(800))).rejects.toMatchObject({ reason: 'timeout' });
  });
});

describe('the service', () => {
  test('marks and counts the last resort, says it once each way, and takes its words for nobody\'s change', async () => {
    const { miner, simulator } = await l3plus();
    const yaml = parseConfig(`sites: [{name: garage}]\n${simulator.fleetYaml()}`);
    expect(yaml.miners[0]).toMatchObject({ name: 'old', driver: 'vnish-cgi', cgminer_port: miner.cgminerPort });
    const running = await run([`{name: old, address: "${miner.address}", driver: vnish-cgi, cgminer_port: ${String(miner.cgminerPort)}}`, `{name: raw, address: "${at4028(miner)}", driver: cgminer}`]);
    const source = async (name: string) => /^miner_source_info\{.*source="([^"]*)"/m.exec((await running.page()).split('\n').filter((line) => line.includes(`miner="${name}"`)).join('\n'))?.[1];
    await until('both are read', async () => (await source('old')) === 'vnish-cgi' && (await source('raw')) === 'cgminer');
    await miner.inject('bad_json');
    await until('the last resort answers twice', async () => ((await running.value('miner_poll_fallbacks_total', { miner: 'old', reason: 'bad_json' })) ?? 0) >= 2);
    expect(await source('old')).toBe('cgminer');
    const page = await running.page();
    promtoolAccepts(page);
    expect([valueOn(page, 'miner_up', { miner: 'old' }), valueOn(page, 'miner_poll_failures_total', { miner: 'old' })]).toEqual([1, undefined]);
    for (const kind of ['pool', 'firmware', 'mining']) expect(valueOn(page, 'miner_unexpected_changes_total', { miner: 'old', kind })).toBe(0);
    expect((await running.api('/telemetry/old')).body).toMatchObject({ source: 'cgminer', fallback: { reason: 'bad_json', detail: 'get_miner_status.cgi is not valid JSON' }, rig: { source: 'cgminer', up: true, firmware: { name: 'Vnish', version: '3.9.0' } } });
    await miner.repair();
    await until('it is read the usual way', async () => (await source('old')) === 'vnish-cgi');
    const said = (text: string) => running.lines.filter((line) => line['miner'] === 'old' && String(line['msg']).includes(text));
    expect(said('read over TCP 4028')).toEqual([expect.objectContaining({ reason: 'bad_json', address: miner.address })]);
    expect(said('the usual way again')).toEqual([expect.objectContaining({ after: 'bad_json' })]);
    expect((await running.api('/rigs/old')).body).toMatchObject({ source: 'vnish-cgi' });
  });

  test('skips every action on a miner of driver cgminer, with the reason', async () => {
    const { miner } = await l3plus();
    const running = await run([`{name: raw, address: "${at4028(miner)}", driver: cgminer}`], { control: '{enabled: true, allow_pool_urls: [ltc.viabtc.io]}' });
    await until('it is read', async () => (await running.value('miner_up', { miner: 'raw' })) === 1);
    for (const action of actionNames) {
      const { body } = await running.api('/actions', { json: { miners: ['raw'], action, parameters: anyParameters[action] ?? {} }, token: tokens.operate });
      expect(body['plan']).toMatchObject({ targets: [], skipped: [{ miner: 'raw', reason: expect.stringContaining('TCP 4028') }] });
    }
    expect(await running.value('miner_credentials_accepted', { miner: 'raw' })).toBeUndefined();
  });

  test('has its reason for each bad manner of TCP 4028, while a good miner is read as if nothing were', async () => {
    const reasons = { rpc_silent: 'timeout', rpc_drip: 'timeout', rpc_cut: 'bad_json', rpc_endless: 'too_large', rpc_refused: 'connect' } as const;
    const kinds = Object.keys(reasons) as (keyof typeof reasons)[];
    const simulator = await startSimulator({ miners: [...kinds.map((name) => l3spec({ name })), l3spec({ name: 'good' })], speed: 0 });
    whenDone(async () => simulator.stop());
    for (const kind of kinds) await simulator.cgiMiner(kind).inject(kind);
    const running = await run(simulator.cgiMiners.map((miner) => `{name: ${miner.name}, address: "${at4028(miner)}", driver: cgminer}`));
    await until('each has failed', async () => {
      const page = await running.page();
      return kinds.every((miner) => (valueOn(page, 'miner_poll_failures_total', { miner, reason: reasons[miner] }) ?? 0) >= 1);
    });
    const page = await running.page();
    expect([valueOn(page, 'miner_up', { miner: 'good' }), valueOn(page, 'miner_poll_failures_total', { miner: 'good' })]).toEqual([1, undefined]);
    for (const kind of kinds) await simulator.cgiMiner(kind).repair();
    await until('all are read', async () => (await running.page()).match(/^miner_up\{.*\} +1$/gm)?.length === kinds.length + 1);
  });
});
