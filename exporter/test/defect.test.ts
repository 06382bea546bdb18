/** A defect that nobody caught ends the process, said in one line and with nothing lost. */
import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { verifyAuditFile } from '../src/control/audit.ts';
import { sourceArguments, temporaryFolder } from './command.ts';
import { here, until } from './fixtures.ts';
import { simulated, spec, valueOn, whenDone } from './running.ts';

const password = 'a password that no line may show';

/** Loaded into the process before the exporter: fails in this way at SIGUSR2. */
const failing = (how: string) => `data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => { const thrown = Object.assign(new TypeError('provoked by the test'), { headers: { password: '${password}' } }); ${how} });`)}`;

test.each([
  ['an uncaught exception', 'throw thrown;', 'uncaught exception'],
  ['an unhandled rejection', 'void Promise.reject(thrown);', 'unhandled rejection'],
])('%s is one line with its stack, ends with code 1, and what was known is kept', async (_name, how, origin) => {
  const simulator = await simulated([spec('m')]);
  await simulator.miner('m').inject('hang');
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'fleet.yaml'), `poll: {interval_seconds: 1, deadline_seconds: 0.9}\napi: {tokens: [{name: admin, scope: admin, token_env: TOKEN}]}\nminers: [{name: m, address: "${simulator.miner('m').address}"}]\n`);
  const child = spawn(process.execPath, ['--import', failing(how), ...sourceArguments, 'start', '-c', path.join(folder, 'fleet.yaml'), '--data', path.join(folder, 'data'), '--metrics-listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'], { cwd: here, env: { PATH: process.env['PATH'] ?? '', TOKEN: 'token-of-the-test' }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  whenDone(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
  });
  const lines = () => said.trimEnd().split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  await until('it runs', () => said.includes('hashfleet is running'), 30_000);
  const { metrics, api } = lines().find(({ msg }) => msg === 'hashfleet is running') as { metrics: string; api: string };
  const stated = await fetch(`${api}/rigs/m/intent`, { method: 'PUT', headers: { 'authorization': 'Bearer token-of-the-test', 'content-type': 'application/json' }, body: '{"intent":"stopped"}' });
  expect(stated.status).toBe(200);
  const kept = () => JSON.parse(readFileSync(path.join(folder, 'data', 'miners.json'), 'utf8')) as { miners: { m: Record<string, unknown> } };
  await until('the intent is saved', () => existsSync(path.join(folder, 'data', 'miners.json')) && kept().miners.m['intent'] === 'stopped');
  await simulator.miner('m').repair();
  await until('the miner is read', async () => valueOn(await (await fetch(metrics)).text(), 'miner_up', { miner: 'm' }) === 1);
  // The model is saved once a minute, or at an end.
  expect(kept().miners.m).not.toHaveProperty('model');

  child.kill('SIGUSR2');
  expect(await ended).toBe(1);
  const fatal = lines().filter(({ level }) => level === 60);
  expect(fatal).toEqual([expect.objectContaining({ origin, stack: expect.stringMatching(/^TypeError: provoked by the test\n\s+at /), msg: expect.stringContaining('a defect of the exporter') })]);
  expect(said).not.toContain(password);
  expect(kept().miners.m).toMatchObject({ model: 'Antminer L9', intent: 'stopped' });
  expect(verifyAuditFile(path.join(folder, 'data', 'audit', 'audit.jsonl')).map(({ event }) => event)).toEqual(['intent']);
}, 60_000);
