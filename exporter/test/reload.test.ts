/** A new fleet.yaml is taken whole or not at all, and costs nothing that was known. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { loadConfig } from '../src/config/load.ts';
import { startService, type Service } from '../src/cli/service.ts';
import { temporaryFolder } from './command.ts';
import { recordingLog, until } from './fixtures.ts';
import { simulated, spec, whenDone } from './running.ts';

interface Reloadable { service: Service; lines: Record<string, unknown>[]; write(text: string): void; page(): Promise<string>; reload(): Promise<{ status: number; text: string }> }

async function reloadable(text: string): Promise<Reloadable> {
  const folder = temporaryFolder();
  const file = path.join(folder, 'fleet.yaml');
  const write = (content: string) => writeFileSync(file, `poll: {interval_seconds: 1, deadline_seconds: 0.7}\napi: {tokens: [{name: o, scope: operate, token_env: T}]}\n${content}`);
  write(text);
  const { log, lines } = recordingLog();
  const service = await startService({
    config: loadConfig(file), load: () => loadConfig(file), folder, dataFolder: path.join(folder, 'data'), log, environment: { T: 'token' },
    metrics: { host: '127.0.0.1', port: 0 }, api: { host: '127.0.0.1', port: 0 },
  });
  whenDone(async () => service.stop());
  const base = `http://127.0.0.1:${service.metricsPort}`;
  return {
    service, lines, write,
    page: async () => (await fetch(`${base}/metrics`)).text(),
    async reload() {
      const reply = await fetch(`${base}/-/reload`, { method: 'POST' });
      return { status: reply.status, text: await reply.text() };
    },
  };
}

const shows = (page: string, miner: string) => page.includes(`miner_hashrate_hashes_per_second{miner="${miner}"`);
const value = (page: string, series: string) => Number(new RegExp(`^${series}(?:\\{[^}]*\\})? +(\\S+)$`, 'm').exec(page)?.[1]);

test('a miner that is added is read, one that is removed is gone at once, one that stays never leaves the page', async () => {
  const { miners: [a, b, c] } = await simulated([spec('a'), spec('b', { mac: '02:51:00:00:00:02' }), spec('c', { mac: '02:51:00:00:00:03' })]);
  const exporter = await reloadable(`miners:\n  - {name: a, address: "${a!.address}"}\n  - {name: b, address: "${b!.address}"}`);
  await until('both are read', async () => shows(await exporter.page(), 'a') && shows(await exporter.page(), 'b'));

  exporter.write(`miners:\n  - {name: a, address: "${a!.address}"}\n  - {name: c, address: "${c!.address}"}`);
  expect(await exporter.reload()).toEqual({ status: 200, text: 'reloaded\n' });
  const page = await exporter.page();
  expect(shows(page, 'a')).toBe(true);
  expect(page).not.toContain('miner="b"');
  expect(value(page, 'hashfleet_config_reload_success')).toBe(1);
  await until('c is read', async () => shows(await exporter.page(), 'c'));
});

test('a file with a mistake is refused with its place, the old fleet goes on, and the page says so until it is mended', async () => {
  const { miners: [a] } = await simulated([spec('a')]);
  const good = `miners:\n  - {name: a, address: "${a!.address}"}`;
  const exporter = await reloadable(good);
  await until('it is read', async () => shows(await exporter.page(), 'a'));

  exporter.write(`${good}\n  - {name: a, address: 192.0.2.9}`);
  const refused = await exporter.reload();
  expect(refused.status).toBe(400);
  expect(refused.text).toContain('fleet.yaml:5:');
  expect(refused.text).toContain('is already used by miners[0]');
  expect(value(await exporter.page(), 'hashfleet_config_reload_success')).toBe(0);
  expect(shows(await exporter.page(), 'a')).toBe(true);
  expect(exporter.lines.filter((line) => String(line['msg']).includes('refused'))).toHaveLength(1);

  exporter.write(good);
  expect((await exporter.reload()).status).toBe(200);
  expect(value(await exporter.page(), 'hashfleet_config_reload_success')).toBe(1);
});

test('while a job acts on miners the configuration is kept, and the job ends as it would have', async () => {
  const simulator = await simulated([spec('a')]);
  const good = `control: {enabled: true, verify_interval_seconds: 0.1}\nminers:\n  - {name: a, address: "${simulator.miners[0]!.address}"}`;
  const exporter = await reloadable(good);
  await until('it is read', async () => shows(await exporter.page(), 'a'));
  const api = async (where: string, body?: object) => (await fetch(`http://127.0.0.1:${exporter.service.apiPort}/api/v1${where}`, {
    headers: { authorization: 'Bearer token', 'content-type': 'application/json' }, ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })).json() as Promise<{ jobs: { state: string; targets: { state: string }[] }[] }>;
  await api('/actions', { action: 'restart_mining', miners: ['a'], dryRun: false });
  const refused = await exporter.reload();
  expect(refused).toMatchObject({ status: 409, text: expect.stringContaining('A job is acting on miners') as string });
  await until('the miner mines again', async () => {
    simulator.clock.advance(20_000);
    return (await api('/jobs')).jobs[0]?.state === 'finished';
  }, 15_000);
  expect((await exporter.reload()).status).toBe(200);
  // Jobs of before the reload are still listed.
  expect((await api('/jobs')).jobs.map((job) => job.targets[0]?.state)).toEqual(['verified']);
});
