/** The encrypted store: what it keeps, what it refuses, and the commands over it. */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { openSecretStore, readStoreKey, writeNewKey } from '../src/config/secret-store.ts';
import { HashfleetError } from '../src/errors.ts';
import { hashfleet, sourceArguments, temporaryFolder } from './command.ts';
import { here, until } from './fixtures.ts';
import { simulated, spec, valueOn, whenDone } from './running.ts';

const key = 'correct horse battery staple';
const secrets = { miners: 'pw-zebra-4711', 'l7.root': 'päss "wörd" \\ 🔑', '__proto__': 'pw-proto' };

function problemOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof HashfleetError) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return 'nothing';
}

describe('the store', () => {
  let file: string;
  let written: string;

  beforeAll(() => {
    file = path.join(temporaryFolder(), 'secrets.enc');
    const store = openSecretStore(file, key, () => Date.UTC(2026, 0, 2));
    for (const [name, value] of Object.entries(secrets)) store.set(name, value);
    store.save();
    written = readFileSync(file, 'utf8');
  });

  const damagedFile = (change: (stored: Record<string, unknown>) => unknown) => {
    const other = path.join(temporaryFolder(), 'secrets.enc');
    writeFileSync(other, JSON.stringify(change(JSON.parse(written) as Record<string, unknown>)));
    return other;
  };

  test('gives back what was entered, to whoever has the key; in the file is neither value nor name', () => {
    const again = openSecretStore(file, key);
    expect(again.get('miners')).toBe(secrets.miners);
    expect(again.get('l7.root')).toBe(secrets['l7.root']);
    expect(again.get('toString')).toBeUndefined();
    expect(again.list().map(({ name, changedAt }) => [name, changedAt])).toContainEqual(['miners', '2026-01-02T00:00:00.000Z']);
    for (const text of ['zebra', 'miners', 'l7.root', key, Buffer.from(secrets.miners).toString('base64')]) expect(written).not.toContain(text);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('says a wrong key, and does not say the key', () => {
    const said = problemOf(() => openSecretStore(file, `${key}!`));
    expect(said).toBe(`secret_missing: ${file} does not open: the key is another one, or somebody changed the file.`);
  });

  test('is never written twice with the same nonce, keeps its salt, and takes a new one with a new key', () => {
    const copy = path.join(temporaryFolder(), 'secrets.enc');
    writeFileSync(copy, written);
    const parts = () => JSON.parse(readFileSync(copy, 'utf8')) as { nonce: string; derivation: { salt: string } };
    const nonces = new Set([parts().nonce]);
    const { salt } = parts().derivation;
    for (let round = 0; round < 20; round += 1) {
      openSecretStore(copy, key).save();
      nonces.add(parts().nonce);
      expect(parts().derivation.salt).toBe(salt);
    }
    expect(nonces.size).toBe(21);
    openSecretStore(copy, key).save('another key of some length');
    expect(parts().derivation.salt).not.toBe(salt);
    expect(openSecretStore(copy, 'another key of some length').get('miners')).toBe(secrets.miners);
    expect(problemOf(() => openSecretStore(copy, key))).toContain('does not open');
  });

  const flip = (base64: unknown) => {
    const bytes = Buffer.from(String(base64), 'base64');
    bytes[bytes.length >> 1]! ^= 1;
    return bytes.toString('base64');
  };

  test.each<[string, (stored: Record<string, unknown>) => unknown, string]>([
    ['a flipped bit of the entries', (stored) => ({ ...stored, data: flip(stored['data']) }), 'does not open'],
    ['a flipped bit of the tag', (stored) => ({ ...stored, tag: flip(stored['tag']) }), 'does not open'],
    ['a flipped bit of the nonce', (stored) => ({ ...stored, nonce: flip(stored['nonce']) }), 'does not open'],
    ['another salt', (stored) => ({ ...stored, derivation: { ...stored['derivation'] as object, salt: flip((stored['derivation'] as { salt: string }).salt) } }), 'does not open'],
    ['entries cut short', (stored) => ({ ...stored, data: String(stored['data']).slice(0, -8) }), 'does not open'],
    ['a tag cut short', (stored) => ({ ...stored, tag: Buffer.from(String(stored['tag']), 'base64').subarray(0, 4).toString('base64') }), 'another length'],
    ['a weaker derivation', (stored) => ({ ...stored, derivation: { ...stored['derivation'] as object, N: 2 } }), 'derivation.N'],
    ['a derivation that would take all memory', (stored) => ({ ...stored, derivation: { ...stored['derivation'] as object, N: 2 ** 30 } }), 'derivation.N'],
    ['a version of tomorrow', (stored) => ({ ...stored, version: 2 }), 'version'],
    ['no JSON object', () => [1, 2], 'no store of secrets'],
  ])('refuses %s', (_what, change, said) => {
    expect(problemOf(() => openSecretStore(damagedFile(change), key))).toContain(said);
  });

  test('is left as it was when another command is writing', () => {
    const copy = path.join(temporaryFolder(), 'secrets.enc');
    writeFileSync(copy, written);
    writeFileSync(`${copy}.new`, '');
    expect(problemOf(() => openSecretStore(copy, key).save())).toContain('another command is writing');
    expect(readFileSync(copy, 'utf8')).toBe(written);
  });
});

describe('the key', () => {
  test('comes from a file that only its owner reads, before the environment', () => {
    const file = path.join(temporaryFolder(), 'key');
    writeNewKey(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const made = readStoreKey({ environment: {}, file });
    expect(made).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(readStoreKey({ environment: { HASHFLEET_SECRETS_KEY: key, HASHFLEET_SECRETS_KEY_FILE: file } })).toBe(made);
    expect(readStoreKey({ environment: { HASHFLEET_SECRETS_KEY: key } })).toBe(key);
    chmodSync(file, 0o640);
    expect(problemOf(() => readStoreKey({ environment: {}, file }))).toBe(`secret_missing: The key file ${file} is open to others (mode 640): chmod 600 key.`);
    expect(problemOf(() => writeNewKey(file))).toContain('is there already');
  });

  test.each([[{}, 'There is no key'], [{ HASHFLEET_SECRETS_KEY: 'short' }, 'has 5 characters; it needs at least 16'], [{ HASHFLEET_SECRETS_KEY_FILE: '/nowhere/key' }, 'cannot be read']])('%j is refused', (environment, said) => {
    const text = problemOf(() => readStoreKey({ environment }));
    expect(text).toContain(said);
    expect(text).not.toContain('short');
  });
});

/** A command that gets its value by a pipe, as a script would give it. */
async function piped(args: readonly string[], value: string, environment: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [...sourceArguments, ...args], { cwd: here, env: { PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdin.end(value);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

test('from end to end: key, secrets, a fleet that uses them, another key, a reload, and no value anywhere', async () => {
  const folder = temporaryFolder();
  const at = (name: string) => path.join(folder, name);
  const simulator = await simulated([spec('a', { password: secrets.miners }), spec('b', { password: 'pw-giraffe-99', mac: '02:51:00:00:00:02' })]);
  writeFileSync(at('fleet.yaml'), [
    'secrets: {key_file: key}', 'credentials: {default: {password_secret: miners}, l7s: {password_secret: l7.root}}',
    'sites: [{name: barn}, {name: shed, credentials: l7s}]', 'poll: {interval_seconds: 1, deadline_seconds: 0.9}',
    'api: {tokens: [{name: me, scope: admin, token_secret: token}]}',
    `miners: [{name: a, address: "${simulator.miner('a').address}", site: barn}, {name: b, address: "${simulator.miner('b').address}", site: shed}]`,
  ].join('\n'));
  const place = ['-c', at('fleet.yaml')];
  expect(await hashfleet(['secrets', 'list', ...place])).toMatchObject({ code: 1, err: expect.stringContaining('There is no store') });
  expect(await hashfleet(['secrets', 'new-key', at('key')])).toMatchObject({ code: 0 });
  expect(await hashfleet(['secrets', 'new-key', at('key')])).toMatchObject({ code: 2, err: expect.stringContaining('is there already') });
  expect(await piped(['secrets', 'set', 'miners', ...place], `${secrets.miners}\n`, {})).toEqual({ code: 0, said: `entered miners in ${at('secrets.enc')}; a running exporter takes it with the next reload\n` });
  expect(await hashfleet(['check-config', at('fleet.yaml')])).toMatchObject({ code: 2, err: expect.stringContaining('"hashfleet secrets set l7.root" enters it') });
  await piped(['secrets', 'set', 'l7.root', ...place], 'wrong-at-first', {});
  await piped(['secrets', 'set', 'token', ...place], 'token-okapi-1', {});
  for (const [value, said] of [['', 'is empty'], ['two\nlines', 'more than one line']] as const) expect(await piped(['secrets', 'set', 'other', ...place], value, {})).toEqual({ code: 2, said: expect.stringContaining(said) });
  expect(await hashfleet(['secrets', 'set', 'miners', 'pw-on-the-command-line', ...place])).toMatchObject({ code: 2 });
  expect(await hashfleet(['secrets', 'set', 'a b', ...place])).toMatchObject({ code: 2, err: expect.stringContaining('letters, digits') });
  const listed = await hashfleet(['secrets', 'list', ...place]);
  expect(listed.out.split('\n').map((line) => line.split(' ')[0])).toEqual(['l7.root', 'miners', 'token', '']);
  expect(listed.out).not.toMatch(/zebra|wrong-at-first|okapi/);
  expect(await hashfleet(['check-config', at('fleet.yaml')])).toMatchObject({ code: 0 });

  const child = spawn(process.execPath, [...sourceArguments, 'start', ...place, '--data', at('data'), '--metrics-listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'], { cwd: here, stdio: ['ignore', 'ignore', 'pipe'] });
  whenDone(async () => Promise.resolve(child.kill('SIGKILL')));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until('it runs', () => said.includes('hashfleet is running'), 30_000);
  const [metrics, api] = ['metrics', 'api'].map((name) => new RegExp(`"${name}":"([^"]+)"`).exec(said)![1]!) as [string, string];
  const accepted = async (miner: string) => valueOn(await (await fetch(metrics)).text(), 'miner_credentials_accepted', { miner });
  await until('a accepts the password, b refuses it', async () => (await accepted('a')) === 1 && (await accepted('b')) === 0, 20_000);
  expect((await fetch(`${api}/health`, { headers: { authorization: 'Bearer token-okapi-1' } })).status).toBe(200);

  // The site's password is mended, and the store gets another key: one reload takes both.
  await piped(['secrets', 'set', 'l7.root', ...place], 'pw-giraffe-99', {});
  await hashfleet(['secrets', 'new-key', at('key2')]);
  expect(await hashfleet(['secrets', 'rotate', ...place])).toMatchObject({ code: 2, err: expect.stringContaining('HASHFLEET_SECRETS_NEW_KEY_FILE') });
  expect(await hashfleet(['secrets', 'rotate', '--new-key-file', at('key2'), ...place])).toMatchObject({ code: 0, out: expect.stringContaining('3 secrets') });
  // Before the key is changed in fleet.yaml, the old configuration stays in force.
  expect((await fetch(metrics.replace('/metrics', '/-/reload'), { method: 'POST' })).status).toBe(400);
  expect(await accepted('a')).toBe(1);
  writeFileSync(at('fleet.yaml'), readFileSync(at('fleet.yaml'), 'utf8').replace('key_file: key', 'key_file: key2'));
  expect((await fetch(metrics.replace('/metrics', '/-/reload'), { method: 'POST' })).status).toBe(200);
  await until('b accepts it now', async () => (await accepted('b')) === 1, 20_000);
  expect(await hashfleet(['secrets', 'remove', 'nobody', ...place])).toMatchObject({ code: 1, err: expect.stringContaining('There is no secret nobody') });
  expect(await hashfleet(['secrets', 'remove', 'token', ...place])).toMatchObject({ code: 0 });
  expect((await hashfleet(['secrets', 'list', ...place])).out).not.toContain('token');
  expect(said).not.toMatch(/zebra|giraffe|okapi|wrong-at-first/);
  expect(existsSync(at('secrets.enc.new'))).toBe(false);
}, 120_000);

test('secrets of the environment are not in the process title, its arguments, its diagnostic report, or what it says when it dies', async () => {
  const folder = temporaryFolder();
  const simulator = await simulated([spec('a', { password: secrets.miners })]);
  writeFileSync(path.join(folder, 'fleet.yaml'), `credentials: {default: {password_env: MINER_PASSWORD}}\napi: {tokens: [{name: me, scope: admin, token_env: API_TOKEN}]}\npools: [{name: ph, type: prohashing, api_key_env: POOL_KEY}]\npoll: {interval_seconds: 1, deadline_seconds: 0.9}\nminers: [{name: a, address: "${simulator.miner('a').address}"}]\n`);
  const environment = { MINER_PASSWORD: secrets.miners, API_TOKEN: 'token-okapi-2', POOL_KEY: 'key-tapir-3', HASHFLEET_SECRETS_KEY: 'store-key-llama-4444' };
  const child = spawn(process.execPath, ['--report-on-signal', '--report-uncaught-exception', `--report-directory=${folder}`, '--report-filename=report.json', ...sourceArguments, 'start', '-c', path.join(folder, 'fleet.yaml'), '--data', path.join(folder, 'data'), '--metrics-listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0', '--log-level', 'trace'], { cwd: here, env: { PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  whenDone(async () => Promise.resolve(child.kill('SIGKILL')));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until('it runs', () => said.includes('hashfleet is running'), 30_000);
  const metrics = /"metrics":"([^"]+)"/.exec(said)![1]!;
  await until('the password was used', async () => valueOn(await (await fetch(metrics)).text(), 'miner_credentials_accepted', { miner: 'a' }) === 1, 20_000);
  const seen = [readFileSync(`/proc/${child.pid!}/cmdline`, 'latin1'), readFileSync(`/proc/${child.pid!}/comm`, 'latin1')];
  child.kill('SIGUSR2');
  await until('the report is written', () => existsSync(path.join(folder, 'report.json')) && readFileSync(path.join(folder, 'report.json'), 'utf8').trimEnd().endsWith('}'));
  const report = readFileSync(path.join(folder, 'report.json'), 'utf8');
  expect(JSON.parse(report)).toMatchObject({ environmentVariables: { PATH: expect.any(String) } });
  seen.push(report);
  // The store of secrets must stay readable after a reload, though the environment was emptied.
  expect((await fetch(metrics.replace('/metrics', '/-/reload'), { method: 'POST' })).status).toBe(200);
  child.kill('SIGABRT');
  await new Promise((resolve) => child.once('close', resolve));
  seen.push(said);
  for (const secret of Object.values(environment)) expect(seen.filter((text) => text.includes(secret))).toEqual([]);
}, 60_000);
