import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { hashfleet, temporaryFolder } from './command.ts';
import { here } from './fixtures.ts';

const invalid = path.join(here, 'testdata', 'invalid-unknown-key.yaml');
const full = path.join(here, 'testdata', 'valid-full.yaml');
const secrets = { MINER_PASSWORD: 'pw-1f0e', POOL_KEY: 'key-77aa', API_TOKEN: 'token-93bd' };

/** A folder with the full example and its secret files. */
function folderWithSecrets(): string {
  const folder = temporaryFolder();
  mkdirSync(path.join(folder, 'secrets'));
  writeFileSync(path.join(folder, 'fleet.yaml'), readFileSync(full));
  writeFileSync(path.join(folder, 'secrets/l7'), 'pw-5d21\n');
  writeFileSync(path.join(folder, 'secrets/viewer'), 'token-c0de\n');
  return folder;
}

describe('check-config', () => {
  test('accepts a valid file with its secrets: exit code 0 and a summary, under both names', async () => {
    const cwd = folderWithSecrets();
    const [one, other] = await Promise.all([
      hashfleet(['check-config'], { cwd, environment: secrets }),
      hashfleet(['start', '--check-config', '--config', 'fleet.yaml'], { cwd, environment: secrets }),
    ]);
    expect(one).toEqual({ code: 0, out: 'fleet.yaml is valid: 4 miners, 2 sites, 3 pools, control on\n', err: '' });
    expect(other).toEqual(one);
  });

  test('refuses a mistake with exit code 2 and its line, under both names', async () => {
    const [one, other] = await Promise.all([hashfleet(['check-config', invalid]), hashfleet(['start', '--check-config', '-c', invalid])]);
    expect(one).toEqual({ code: 2, out: '', err: `${invalid}:4:5: miners[0].adress: unknown key; check its spelling and indentation\n` });
    expect(other).toEqual(one);
  });

  test('names a file that is missing, with exit code 2', async () => {
    expect(await hashfleet(['check-config', 'nowhere.yaml'])).toMatchObject({ code: 2, err: expect.stringMatching(/^nowhere\.yaml: the file does not exist/) });
  });

  test('looks for both secrets of a pool that signs', async () => {
    const cwd = temporaryFolder();
    writeFileSync(path.join(cwd, 'fleet.yaml'), 'miners: []\npools: [{name: via, type: viabtc, api_key_env: VIA_KEY, api_secret_env: VIA_SECRET}]\n');
    expect(await hashfleet(['check-config'], { cwd, environment: {} })).toEqual({
      code: 2, out: '', err: 'pools via: the environment variable VIA_KEY is not set.\npools via api_secret: the environment variable VIA_SECRET is not set.\n',
    });
  });

  test('names every secret that is missing by variable and file, and no secret', async () => {
    const cwd = folderWithSecrets();
    writeFileSync(path.join(cwd, 'secrets/l7'), '');
    const { code, out, err } = await hashfleet(['check-config'], { cwd, environment: { MINER_PASSWORD: secrets.MINER_PASSWORD, API_TOKEN: '' } });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err.trim().split('\n')).toEqual([
      'credentials.l7s: the file secrets/l7 is empty.',
      'api.tokens grafana: the environment variable API_TOKEN is not set.',
      'pools main: the environment variable POOL_KEY is not set.',
    ]);
    expect(err).not.toMatch(/pw-1f0e|pw-5d21|token-c0de/);
  });
});

describe('start', () => {
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    ({ port } = taken.address() as AddressInfo);
  });
  afterAll(() => void taken.close());

  test('ends with exit code 2 when a secret file is missing, naming the file', async () => {
    const cwd = temporaryFolder();
    writeFileSync(path.join(cwd, 'fleet.yaml'), 'miners: []\ncredentials: {default: {password_file: secrets/none}}\n');
    const { code, err } = await hashfleet(['start', '--metrics-listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'], { cwd });
    expect(code).toBe(2);
    expect(err).toContain('credentials.default: cannot read the file secrets/none');
  });

  test.each([['metrics', '--metrics-listen', '--api-listen'], ['API', '--api-listen', '--metrics-listen']])('ends with exit code 1 when the port of %s is taken, saying which and what to do', async (what, option, other) => {
    const cwd = temporaryFolder();
    writeFileSync(path.join(cwd, 'fleet.yaml'), 'miners: []\n');
    const { code, err } = await hashfleet(['start', option, `127.0.0.1:${port}`, other, '127.0.0.1:0'], { cwd });
    expect({ code, err }).toEqual({ code: 1, err: `Cannot serve ${what} on 127.0.0.1:${port}: another program uses it; stop that one or choose another (${option} HOST:PORT).\n` });
  });

  test.each([['--metrics-listen', 'nonsense', 'give HOST:PORT'], ['--api-listen', '127.0.0.1:99999', 'give HOST:PORT'], ['--log-level', 'loud', 'one of trace, debug']])('refuses %s %s and says what is allowed', async (option, value, allowed) => {
    const { code, err } = await hashfleet(['start', option, value]);
    expect(code).toBe(2);
    expect(err).toContain(allowed);
  });

  test('serves until SIGTERM and then ends with exit code 0', async () => {
    const cwd = temporaryFolder();
    writeFileSync(path.join(cwd, 'fleet.yaml'), 'miners: [{name: a, address: "127.0.0.1:9"}]\n');
    const { code, out, err } = await hashfleet(['--metrics-listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'], { cwd, terminateWhenSaid: 'hashfleet is running' });
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toContain('stopping');
  });
});

describe('help', () => {
  test.each([[[], 'check-config'], [['start'], '--metrics-listen'], [['check-config'], 'fleet.yaml'], [['audit'], 'verify'], [['audit', 'verify'], 'audit.jsonl'], [['openapi'], 'OpenAPI'], [['series'], 'Markdown']])('hashfleet %j --help tells what there is', async (command, told) => {
    const { code, out } = await hashfleet([...command, '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Usage: hashfleet');
    expect(out).toContain(told);
  });

  test('an unknown command ends with an error that points to the help', async () => {
    const { code, err } = await hashfleet(['strat']);
    expect(code).toBe(2);
    expect(err).toContain('--help');
  });
});
