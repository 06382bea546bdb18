/** Training from a real Prometheus that has weeks of a simulated fleet: as a command, and in the service as built, since a thread's sources are not translated. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseConfig } from '../src/config/load.ts';
import type { startService as StartService } from '../src/cli/service.ts';
import { askPrometheus } from '../src/earnings/prometheus.ts';
import type { LearningHour } from '../src/learning/hours.ts';
import { Models, Task } from '../src/http/learning-schemas.ts';
import { hoursFromPrometheus, trainingSeries } from '../src/learning/prometheus-hours.ts';
import { catalogue } from '../src/metrics/catalogue.ts';
import { hashfleet, temporaryFolder } from './command.ts';
import { recordingLog, until } from './fixtures.ts';
import { dayMs, hourMs, learningHours, openMetricsOf } from './learning-world.ts';
import { startPrometheus } from './prometheus.ts';
import { tokens, valueOn, whenDone } from './running.ts';

const days = 22;
// The commands look from now on backwards, so the weeks end now.
const end = Math.floor(Date.now() / hourMs) * hourMs;
const all = learningHours(11, { miners: 6, days, begin: end - days * dayMs });
/** The exporter was away for six hours, in the middle. */
const gap = { from: end - 10 * dayMs, to: end - 10 * dayMs + 6 * hourMs };
const seen = all.filter(({ at }) => at < gap.from || at >= gap.to);
let url = '';
let stop = async () => Promise.resolve();
const folder = temporaryFolder();

beforeAll(async () => {
  const tsdb = path.join(folder, 'tsdb');
  mkdirSync(tsdb);
  writeFileSync(path.join(folder, 'weeks.om'), [...openMetricsOf(seen)].join(''));
  const made = spawnSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '--max-block-duration=1600h', path.join(folder, 'weeks.om'), tsdb], { encoding: 'utf8' });
  expect([made.status, made.stderr]).toEqual([0, '']);
  ({ url, stop } = await startPrometheus('global: {}\n', { data: tsdb, more: ['--storage.tsdb.retention.time=100y'] }));
  writeFileSync(path.join(folder, 'fleet.yaml'), fleet());
}, 180_000);

afterAll(async () => stop());

const fleet = () => `miners: []\nprometheus: {url: "${url}"}\napi: {tokens: [{name: r, scope: read, token_env: READ}, {name: a, scope: admin, token_env: ADMIN}]}\n`;

/** Hours that a person would call steady: those before them were on the same preset, or nobody looked. */
function steadyHours(): LearningHour[] {
  const presets = new Map(seen.map(({ miner, at, preset }) => [`${miner} ${at}`, preset]));
  return seen.filter(({ miner, at, preset }) => [undefined, preset].includes(presets.get(`${miner} ${at - hourMs}`)));
}

test('hours come back as they were: none of a change of preset, none of a gap, every figure right', async () => {
  const batches: number[] = [];
  const hours = await hoursFromPrometheus(askPrometheus(url, ''), { from: end - days * dayMs, to: end, onBatch: (done) => batches.push(done) });
  expect(batches).toEqual(Array.from({ length: days / 2 }, (_none, index) => index + 1));
  const key = ({ miner, at, preset }: LearningHour) => `${at} ${miner} ${preset}`;
  const wanted = steadyHours();
  expect(hours.map(key).sort()).toEqual(wanted.map(key).sort());
  expect(wanted.length).toBeLessThan(seen.length);
  const truth = new Map(wanted.map((hour) => [key(hour), hour]));
  for (const hour of hours) {
    const real = truth.get(key(hour))!;
    expect(hour.hashrate! / real.hashrate!).toBeCloseTo(1, 9);
    expect(hour.powerWatts! / real.powerWatts!).toBeCloseTo(1, 9);
    expect(hour.chipTemperature!).toBeCloseTo(real.chipTemperature!, 6);
    expect(hour.promised.hashrate / real.promised.hashrate).toBeCloseTo(1, 9);
    expect(hour.money!.hash / real.money!.hash).toBeCloseTo(1, 9);
    expect(hour.money!.watt / real.money!.watt).toBeCloseTo(1, 9);
    expect(hour.model).toBe(real.model);
    expect(hour.errorRatio).toBeGreaterThan(0);
  }
  for (const name of trainingSeries) expect(Object.keys(catalogue)).toContain(name);
}, 120_000);

test('the commands train, keep what is not better as a candidate, take back, and judge', async () => {
  const command = async (...args: string[]) => hashfleet(args, { cwd: folder, ms: 120_000 });
  const dry = await command('train', '--dry-run');
  expect([dry.code, dry.err.includes('[15/15] reading hours')]).toEqual([0, true]);
  expect(dry.out).toContain('Nothing was written. It would be in force: better than what the presets promise');
  expect(readdirSync(folder)).not.toContain('data');
  const first = await command('train');
  expect(first.out).toContain('Model 1 is in force: better than what the presets promise');
  const second = await command('train');
  expect([second.code, second.out.includes('Model 2 is kept as a candidate: only')]).toEqual([0, true]);
  expect((await command('models')).out).toMatch(/2 +candidate[^]+1 +in force/);
  expect((await command('models', 'promote', '2')).out).toContain('Model 2 is in force.');
  expect((await command('models', 'rollback')).out).toContain('Model 1 is in force again');
  const none = await command('models', 'promote', '9');
  expect([none.code, none.err.trim()]).toEqual([1, 'There is no model 9. Kept are: 2, 1.']);
  const judged = await command('backtest', '--json', '--seed', '7');
  expect(JSON.parse(judged.out)).toMatchObject({ seed: 7, accuracy: { ratio: { hours: expect.any(Number) } } });
  expect((await command('backtest', '--json', '--seed', '7')).out).toBe(judged.out);
  expect((await command('backtest')).out).toContain('could be scored');
  const short = await command('backtest', '--days', '3');
  expect([short.code, short.err.includes('steady hours over more than 14 days are needed')]).toEqual([1, true]);
  const away = await command('train', '--prometheus', 'http://127.0.0.1:9');
  expect([away.code, away.err.includes('does not answer as one'), away.err.includes('--prometheus')]).toEqual([1, true, true]);
  expect((await command('train', '--days', '1')).code).toBe(2);
}, 300_000);

test('the service trains beside its scrapes, one task at a time, and what was promoted is in force after a restart', async () => {
  const { startService } = await import(new URL('../dist/cli/service.js', import.meta.url).href) as { startService: typeof StartService };
  const dataFolder = temporaryFolder();
  const { log, lines } = recordingLog();
  const start = async () => {
    const service = await startService({
      config: parseConfig(fleet()), folder: dataFolder, dataFolder, metrics: { host: '127.0.0.1', port: 0 }, api: { host: '127.0.0.1', port: 0 }, log, environment: { READ: tokens.read, ADMIN: tokens.admin },
    });
    let stopped: Promise<void> | undefined;
    const stop = async () => (stopped ??= service.stop());
    whenDone(stop);
    const api = async (where: string, { json, token = tokens.admin }: { json?: object; token?: string } = {}) => {
      const reply = await fetch(`http://127.0.0.1:${service.apiPort}/api/v1${where}`, { method: json === undefined ? 'GET' : 'POST', headers: { 'authorization': `Bearer ${token}`, 'content-type': 'application/json' }, ...(json === undefined ? {} : { body: JSON.stringify(json) }) });
      return { status: reply.status, body: await reply.json() as Record<string, unknown> };
    };
    return { stop, api, page: async () => (await fetch(`http://127.0.0.1:${service.metricsPort}/metrics`)).text() };
  };
  const { stop, api, page } = await start();
  expect((await api('/ml/models')).body).toMatchObject({ inForce: { version: 'promises' }, models: [] });
  expect((await api('/ml/train', { json: {}, token: tokens.read })).status).toBe(403);
  expect((await api('/ml/train', { json: { days: 1 } })).status).toBe(422);
  const begun = await api('/ml/train', { json: {} });
  expect(begun).toMatchObject({ status: 202, body: { kind: 'train', state: 'running' } });
  const id = String(begun.body['id']);
  const refused = await api('/ml/backtest', { json: {} });
  expect(refused).toMatchObject({ status: 409, body: { code: 'busy' } });
  expect(await page()).toContain('mlrec_model_info{version="promises",backend="embedded",source="promises"}');
  // The page came while the thread was at work.
  expect((await api(`/ml/tasks/${id}`)).body).toMatchObject({ state: 'running' });
  const over = async (task: string) => until('the task is over', async () => (await api(`/ml/tasks/${task}`)).body['state'] !== 'running', 120_000);
  await over(id);
  expect((await api(`/ml/tasks/${id}`)).body).toMatchObject({ state: 'done', model: { version: 1, promoted: true, miners: 6, hours: steadyHours().length } });
  const backtest = String((await api('/ml/backtest', { json: { seed: 3 } })).body['id']);
  await over(backtest);
  expect((await api(`/ml/tasks/${backtest}`)).body).toMatchObject({ state: 'done', backtest: { seed: 3, usdPerDay: { stay: expect.any(Number) } } });
  for (const task of [id, backtest]) expect(Task.safeParse((await api(`/ml/tasks/${task}`)).body).error).toBeUndefined();
  expect(Models.safeParse((await api('/ml/models')).body).error).toBeUndefined();
  const text = await page();
  expect(text).toContain('mlrec_model_info{version="1",backend="embedded",source="prometheus"}');
  for (const [series, labels] of [['mlrec_model_mape_ratio', { target: 'hashrate', model: 'ratio' }], ['mlrec_backtest_usd_per_day', { policy: 'model' }], ['mlrec_interval_coverage_ratio', {}], ['mlrec_brier_score', { over: 'backtest' }], ['mlrec_drift_psi', { feature: 'power_ratio' }], ['mlrec_rollbacks_total', {}]] as const) {
    expect([series, valueOn(text, series, labels)]).toEqual([series, expect.any(Number)]);
  }
  expect(spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' }).stderr.split('\n').filter((line) => line.startsWith('mlrec'))).toEqual([]);
  await stop();

  const again = await start();
  expect((await again.api('/ml/models')).body).toMatchObject({ inForce: { version: '1', source: 'prometheus' }, models: [{ version: 1, status: 'in_force' }] });
  expect((await again.api('/ml/models/rollback', { json: {}, token: tokens.read })).status).toBe(403);
  expect((await again.api('/ml/models/rollback', { json: {} })).body).toMatchObject({ inForce: { version: 'promises' }, rollbacks: 1 });
  expect((await again.api('/ml/models/rollback', { json: {} })).status).toBe(409);
  expect((await again.api('/ml/models/x/promote', { json: {} })).status).toBe(422);
  expect((await again.api('/ml/models/1/promote', { json: {} })).body).toMatchObject({ inForce: { version: '1' } });
  expect((await again.api('/ml/tasks/none')).status).toBe(404);
  expect(((await again.api('/audit?limit=50')).body['entries'] as { event: string; detail: string }[]).filter(({ event }) => event === 'model').map(({ detail }) => detail)).toEqual(expect.arrayContaining(['asked to train', 'asked to backtest', 'asked to promote 1', 'asked to roll back from 1']));
  expect(lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
}, 300_000);
