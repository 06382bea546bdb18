/** The miners' own memory: read, served, and filled into a real Prometheus. */
import { describe, expect, test } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import type { JsonObject } from '../src/miners/fields.ts';
import { parseHistory } from '../src/miners/vnish/history.ts';
import { openAlive } from '../src/fleet/alive.ts';
import { hashfleet, temporaryFolder } from './command.ts';
import { haveSamples, recordingLog, sample, silent, until } from './fixtures.ts';
import { faked, info, summary } from './faked.ts';
import { run, simulated, spec, whenDone } from './running.ts';

const none = () => undefined;
const everything = { from: 0, to: 4e12, stepSeconds: 900, unit: 1e6, annotationBoard: 'board_id', now: 0, mismatch: none } as const;

describe('a history reply', () => {
  test('is turned oldest first, into base units; zeros are unknown temperatures, and nothing but zeros is no sample', () => {
    const data = { hashrate: 17_000.5, pcb_max_temp: 0, chip_max_temp: 70, fan_duty: 55, power_consumption: 3400 };
    const zeros = { hashrate: 0, pcb_max_temp: 0, chip_max_temp: 0, fan_duty: 0, power_consumption: 0 };
    const reply = { timezone: 'GMT', metrics: [{ time: 1800, data }, { time: 900, data: zeros }, { time: 0, data: { ...zeros, fan_duty: 10 } }], annotations: [] };
    expect(parseHistory(reply, { ...everything, now: 1_795_000 })).toEqual({
      points: [{ at: 0, hashrate: 0, powerWatts: 0, fanDutyRatio: 0.1 }, { at: 1_800_000, hashrate: 17_000_500_000, powerWatts: 3400, chipMax: 70, fanDutyRatio: 0.55 }],
      annotations: [], clockAheadSeconds: 5,
    });
  });

  test('keeps to its window, and to one point a time', () => {
    const at = (time: number) => ({ time, data: { hashrate: 1, pcb_max_temp: 1, chip_max_temp: 1, fan_duty: 1, power_consumption: 1 } });
    const { points } = parseHistory({ metrics: [at(40), at(30), at(30), at(20), at(10)], annotations: [] }, { ...everything, from: 20_000, to: 30_000 });
    expect(points.map((point) => point.at)).toEqual([20_000, 30_000]);
  });

  test.each([['1.2', 'chain_id', 'disable_chain'], ['1.3', 'board_id', 'disable_board']] as const)('of %s names the board by %s', (_version, annotationBoard, type) => {
    const reply = { metrics: [], annotations: [{ time: 20, data: { type: 'stop' } }, { time: 10, data: { type, [annotationBoard]: 2 } }, { time: 5, data: { type: 'toString' } }] };
    expect(parseHistory(reply, { ...everything, annotationBoard }).annotations).toEqual([{ at: 10_000, kind: 'disable_board', board: 2 }, { at: 20_000, kind: 'stop' }]);
  });

  (haveSamples ? test : test.skip)(`captured from a failing S19 gives its one sample and both annotations${haveSamples ? '' : ' (skipped: the captures are not beside the project)'}`, () => {
    expect(parseHistory(sample('s19-1.2.6-metrics-excerpt.json') as JsonObject, { ...everything, unit: 1e9, annotationBoard: 'chain_id', now: 1_763_482_448_000 })).toEqual({
      points: [{ at: 1_763_482_448_000, hashrate: 0, powerWatts: 0, pcbMax: 10, chipMax: 15, fanDutyRatio: 0.01 }],
      annotations: [{ at: 1_763_481_119_000, kind: 'restart' }, { at: 1_763_481_139_000, kind: 'stop' }], clockAheadSeconds: 0,
    });
  });
});

describe('GET /telemetry/{name}/history', () => {
  test('gives the points and what happened, with the hashrate in H/s, for 1.2 and 1.3', async () => {
    const simulator = await simulated([spec('new'), spec('old', { model: 'l7', firmware: '1.2.7' })], { startMs: Date.now() - 3_600_000 });
    simulator.clock.advance(600_000);
    for (const miner of simulator.miners) await miner.inject('board_missing', { board: 2 });
    simulator.clock.advance(3_000_000);
    const running = await run(Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address])));
    for (const name of ['new', 'old']) {
      const { status, body } = await running.api(`/telemetry/${name}/history?step=300`);
      expect(status).toBe(200);
      const { points, annotations } = body as { points: { at: string; hashrate: number; powerWatts: number; temperature: { pcbMax: number; chipMax: number }; fanDutyRatio: number }[]; annotations: { kind: string; board?: number }[] };
      expect(points.length).toBeGreaterThan(280);
      expect(points.map(({ at }) => at)).toEqual(points.map(({ at }) => at).sort());
      const truth = simulator.miner(name).truth().hashesPerSecond;
      // Two of three boards are left.
      expect(Math.abs(points.at(-2)!.hashrate / truth - 1)).toBeLessThan(0.06);
      expect(points[0]!.hashrate / truth).toBeGreaterThan(1.3);
      expect(points[0]).toMatchObject({ temperature: { pcbMax: 55, chipMax: 70 }, fanDutyRatio: expect.any(Number) });
      expect(annotations).toContainEqual(expect.objectContaining({ kind: 'disable_board', board: 2 }));
    }
  });

  test('gives OpenMetrics by format or Accept, with the labels of the live series, closed by # EOF', async () => {
    const simulator = await simulated([spec('m')], { startMs: Date.now() });
    const running = await run({ m: simulator.miner('m').address });
    await until('its model is known', async () => (await running.value('miner_up', { miner: 'm' })) === 1);
    const byFormat = await running.api('/telemetry/m/history?step=3600&format=openmetrics');
    const byAccept = await running.api('/telemetry/m/history?step=3600', { headers: { accept: 'application/openmetrics-text' } });
    for (const { text, headers } of [byFormat, byAccept]) {
      expect(headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
      expect(text).toMatch(/# EOF\n$/);
      expect(text.match(/^miner_hashrate_hashes_per_second\{miner="m",site="default",model="Antminer L9"\} \d+ \d+$/gm)!.length).toBeGreaterThan(20);
      expect(text).toMatch(/^miner_temperature_celsius\{miner="m",site="default",model="Antminer L9",sensor="chip",stat="max"\} \d+ \d+$/m);
    }
  });

  test.each([
    ['from=yesterday', 'from', 'ISO 8601'], ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from', 'before'], ['to=2020-01-01T00:00:00Z&from=2019-01-01T00:00:00Z', 'to', 'after'], ['step=1', 'step', ''], ['format=xml', 'format', 'json'],
  ])('refuses %s, naming the field and what is allowed', async (query, field, allowed) => {
    const running = await run({ m: '127.0.0.1:1' });
    const { status, body } = await running.api(`/telemetry/m/history?${query}`);
    expect([status, body['code'], body['field']]).toEqual([422, 'payload_invalid', field]);
    expect((body['allowed'] as string | undefined) ?? '').toContain(allowed);
  });
});

/** Below the system's own range, so that no outgoing connection has it. */
async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error('no free port from 20000 to 32000');
}

/** A real Prometheus over a folder of data, scraping nothing. */
async function prometheusOver(folder: string): Promise<string> {
  const config = path.join(folder, '..', 'prometheus.yml');
  writeFileSync(config, 'scrape_configs: []\n');
  const port = await freePort();
  const child = spawn('prometheus', [`--config.file=${config}`, `--storage.tsdb.path=${folder}`, `--web.listen-address=127.0.0.1:${port}`, '--storage.tsdb.retention.time=30d'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  whenDone(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const url = `http://127.0.0.1:${port}`;
  await until('Prometheus is ready', async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true, 60_000);
  return url;
}

async function query(url: string, expression: string, at: number): Promise<{ metric: Record<string, string>; value: number }[]> {
  const reply = await (await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression, time: String(at / 1000) }).toString()}`)).json() as { data: { result: { metric: Record<string, string>; value: [number, string] }[] } };
  return reply.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

describe('hashfleet backfill', () => {
  async function fleetFile(miners: Record<string, string>): Promise<string> {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'fleet.yaml'), `miners:\n${Object.entries(miners).map(([name, address]) => `  - {name: ${name}, address: "${address}"}`).join('\n')}\n`);
    return Promise.resolve(folder);
  }

  test('writes a file that promtool turns into blocks, from which a real Prometheus gives the miners\' own values; a second run fills only what is missing', async () => {
    const now = Date.now();
    const simulator = await simulated([spec('l9', { preset: '3360' }), spec('l7', { model: 'l7', firmware: '1.2.7' })], { startMs: now });
    const cwd = await fleetFile(Object.fromEntries(simulator.miners.map(({ name, address }) => [name, address])));
    const data = path.join(cwd, 'tsdb');
    mkdirSync(data);
    const times = ['--from', new Date(now - 12 * 3_600_000).toISOString(), '--to', new Date(now - 6 * 3_600_000).toISOString()];
    const first = await hashfleet(['backfill', '--out', 'gap.om', ...times, '--label', 'job=hashfleet'], { cwd });
    expect(first).toMatchObject({ code: 0, out: 'promtool tsdb create-blocks-from openmetrics gap.om DATA_FOLDER_OF_PROMETHEUS\n', err: expect.stringMatching(/\[1\/2\] l\d: 7[23] points\n\[2\/2\] l\d: 7[23] points\n/) });

    const made = spawnSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', 'gap.om', data], { cwd, encoding: 'utf8' });
    expect([made.status, made.stderr]).toEqual([0, '']);
    const url = await prometheusOver(data);
    const middle = Math.floor((now - 9 * 3_600_000) / 300_000) * 300_000;
    const found = await query(url, 'miner_hashrate_hashes_per_second', middle);
    expect(found.map(({ metric }) => metric)).toEqual(expect.arrayContaining([
      { __name__: 'miner_hashrate_hashes_per_second', job: 'hashfleet', miner: 'l9', site: 'default', model: 'Antminer L9' },
      { __name__: 'miner_hashrate_hashes_per_second', job: 'hashfleet', miner: 'l7', site: 'default', model: 'Antminer L7' },
    ]));
    // Against the miner's own reply, not against our reading of it.
    const reply = await (await fetch(`${simulator.miner('l9').url}/api/v1/metrics?time_slice=86400&step=300`)).json() as { metrics: { time: number; data: Record<string, number> }[] };
    const point = reply.metrics.find(({ time }) => time * 1000 === middle)!.data;
    const one = async (expression: string) => (await query(url, expression, middle)).map(({ value }) => value);
    expect(await one('miner_hashrate_hashes_per_second{miner="l9"}')).toEqual([Math.round(point['hashrate']! * 1e6)]);
    expect(await one('miner_power_watts{miner="l9"}')).toEqual([point['power_consumption']]);
    expect(await one('miner_temperature_celsius{miner="l9",sensor="chip",stat="max"}')).toEqual([point['chip_max_temp']]);
    expect(await one('miner_fan_duty_ratio{miner="l9"}')).toEqual([point['fan_duty']! / 100]);
    expect(await query(url, 'miner_hashrate_hashes_per_second', now - 3_600_000)).toEqual([]);

    // Two hours more on either side of what is there now.
    const wider = ['--from', new Date(now - 14 * 3_600_000).toISOString(), '--to', new Date(now - 4 * 3_600_000).toISOString()];
    const second = await hashfleet(['backfill', 'l9', '--out', 'rest.om', ...wider, '--prometheus', url], { cwd });
    expect(second).toMatchObject({ code: 0, out: `promtool tsdb create-blocks-from openmetrics rest.om ${data}\n`, err: expect.stringMatching(/^\[1\/1\] l9: 4[789] points, 7[23] left out because Prometheus has them\n/) });
    const filled = [...readFileSync(path.join(cwd, 'rest.om'), 'utf8').matchAll(/^miner_power_watts\{.*\} \S+ (\d+)$/gm)].map(([, seconds]) => Number(seconds) * 1000);
    expect(filled.filter((at) => at >= now - 12 * 3_600_000 && at <= now - 6 * 3_600_000)).toEqual([]);
    expect(filled).toEqual([...filled].sort((a, b) => a - b));
    const nothing = await hashfleet(['backfill', 'l9', '--out', 'none.om', ...times, '--prometheus', url], { cwd });
    expect([nothing.code, nothing.out, existsSync(path.join(cwd, 'none.om'))]).toEqual([0, '', false]);
    expect(nothing.err).toContain('There is nothing to fill');
  }, 120_000);

  test('goes on when a miner cannot be read, names it with the remedy, and ends with code 1', async () => {
    const simulator = await simulated([spec('well')], { startMs: Date.now() });
    const cwd = await fleetFile({ well: simulator.miner('well').address, gone: '127.0.0.1:1' });
    const { code, err } = await hashfleet(['backfill', '--out', 'gap.om', '--from', '2h'], { cwd });
    expect(code).toBe(1);
    expect(err).toMatch(/gone: .*\(connect\): check power, cable and address/);
    expect(err).toContain('1 of 2 miners could not be read');
    expect(readFileSync(path.join(cwd, 'gap.om'), 'utf8')).toMatch(/miner="well"[^]*# EOF\n$/);
  });

  test('leaves out a miner whose clock is wrong: its past would lie in the wrong place', async () => {
    const miner = await faked({ '/info': info, '/summary': summary(), '/metrics': { timezone: 'GMT', metrics: [{ time: Math.floor(Date.now() / 1000) - 7200, data: { hashrate: 1, pcb_max_temp: 1, chip_max_temp: 1, fan_duty: 1, power_consumption: 1 } }], annotations: [] } });
    const cwd = await fleetFile({ late: miner.address });
    expect(await hashfleet(['backfill', '--out', 'gap.om'], { cwd })).toMatchObject({ code: 1, err: expect.stringMatching(/late: its clock is 7\d{3} s behind; set it/) });
    expect(existsSync(path.join(cwd, 'gap.om'))).toBe(false);
  });

  test.each([
    [['--from', 'soon'], /give a time/], [['--step', '5'], /from 60 to 3600/], [['nobody'], /There is no miner "nobody"/], [['--label', 'miner=x'], /is set already/],
    [['--from', '1h', '--to', '2h'], /Nothing lies between/], [['--prometheus', 'localhost'], /is not an address/],
  ])('refuses %j with exit code 2', async (given, message) => {
    const cwd = await fleetFile({ m: '127.0.0.1:1' });
    expect(await hashfleet(['backfill', '--out', 'gap.om', ...given], { cwd })).toMatchObject({ code: 2, err: expect.stringMatching(message) });
  });
});

describe('an outage of the exporter itself', () => {
  const minute = 60_000;

  test('is told at the next start and shown until the miners have forgotten it, over further starts', () => {
    const folder = temporaryFolder();
    const clock = { now: Date.UTC(2026, 10, 1) };
    const { log, lines } = recordingLog();
    const start = () => openAlive(folder, log, () => clock.now);
    const first = start();
    expect(first.gaps()).toEqual([]);
    first.note();
    const from = clock.now;
    clock.now += 90 * minute;
    const to = clock.now;
    const second = start();
    const gap = { from, to, wholeUntil: from + 259_200_000, partUntil: to + 259_200_000 };
    expect(second.gaps()).toEqual([gap]);
    expect(lines).toEqual([expect.objectContaining({ from: '2026-11-01T00:00:00.000Z', to: '2026-11-01T01:30:00.000Z', fillBefore: '2026-11-04T00:00:00.000Z', msg: expect.stringContaining('hashfleet backfill') })]);
    second.note();
    clock.now += 2 * minute;
    expect(start().gaps()).toEqual([gap]);
    clock.now = gap.partUntil;
    expect(second.gaps()).toEqual([]);
  });

  test('of less than five minutes is a restart and no gap; a damaged file is begun anew', () => {
    const folder = temporaryFolder();
    const clock = { now: Date.UTC(2026, 10, 1) };
    openAlive(folder, silent, () => clock.now).note();
    clock.now += 4 * minute;
    expect(openAlive(folder, silent, () => clock.now).gaps()).toEqual([]);
    writeFileSync(path.join(folder, 'alive.json'), '{"version":1');
    const again = openAlive(folder, silent, () => clock.now);
    expect(again.gaps()).toEqual([]);
    again.note();
    expect(JSON.parse(readFileSync(path.join(folder, 'alive.json'), 'utf8'))).toMatchObject({ aliveAt: clock.now });
  });

  test('shows in /health of the real service', async () => {
    const dataFolder = temporaryFolder();
    writeFileSync(path.join(dataFolder, 'alive.json'), JSON.stringify({ version: 1, aliveAt: Date.now() - 3_600_000, gaps: [] }));
    const running = await run([], { dataFolder });
    const { gaps } = (await running.api('/health')).body as { gaps: { from: string; to: string }[] };
    expect(gaps).toHaveLength(1);
    expect(Date.parse(gaps[0]!.to) - Date.parse(gaps[0]!.from)).toBeGreaterThan(3_590_000);
  });
});
