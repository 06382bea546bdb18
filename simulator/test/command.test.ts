/** The command as a person runs it. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { ask } from './support/one-miner.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const children: ChildProcess[] = [];

beforeAll(() => {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'simulator/tsconfig.json'], { cwd: root });
}, 60_000);

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Ran { readonly child: ChildProcess; readonly output: () => string; readonly ended: Promise<number | null>; line(pattern: RegExp): Promise<string> }

function run(...args: string[]): Ran {
  const child = spawn(process.execPath, ['simulator/dist/main.js', ...args], { cwd: root });
  children.push(child);
  let text = '';
  const watchers: (() => void)[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const watch of watchers) watch();
    });
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    child, ended, output: () => text,
    line: (pattern) => new Promise((resolve, reject) => {
      const look = () => {
        const found = text.split('\n').find((one) => pattern.test(one));
        if (found !== undefined) resolve(found);
      };
      watchers.push(look);
      look();
      void ended.then((code) => reject(new Error(`ended with ${code ?? 'a signal'}: ${text}`)));
    }),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const ports = async () => ['--first-port', String(await freePort()), '--pool-port', '0', '--control-port', '0', '--miners', '1'];

test('--json prints where everything is; SIGTERM ends it cleanly', async () => {
  const ran = run('--json', ...(await ports()));
  const ready = JSON.parse(await ran.line(/"ready":true/)) as { control: string; miners: { address: string }[] };
  expect((await ask(`${ready.control}/healthy`)).json()).toEqual({ healthy: true, miners: 1 });
  expect((await ask(`http://${ready.miners[0]!.address}/api/v1/status`)).json()).toMatchObject({ miner_state: 'mining' });
  ran.child.kill('SIGTERM');
  expect(await ran.ended).toBe(0);
});

test('--no-warm begins with a cold boot', async () => {
  const ran = run('--json', '--no-warm', '--speed', '0', ...(await ports()));
  const ready = JSON.parse(await ran.line(/"ready":true/)) as { control: string; miners: { address: string }[] };
  await expect(ask(`http://${ready.miners[0]!.address}/api/v1/status`)).rejects.toThrow();
  await ask(`${ready.control}/clock`, { method: 'POST', body: { advanceSeconds: 60 } });
  expect((await ask(`http://${ready.miners[0]!.address}/api/v1/status`)).json()).toMatchObject({ miner_state: 'initializing' });
});

test('a taken port is named, with the way out', async () => {
  const args = await ports();
  const first = run(...args);
  await first.line(/^control/);
  const second = run(...args);
  expect(await second.ended).toBe(1);
  expect(second.output()).toContain(`miner l9-01: 127.0.0.1:${args[1]!} is taken. Stop what listens there, or choose another port.`);
});

test('a flag that makes no sense is refused', async () => {
  const ran = run('--miners', 'many');
  expect(await ran.ended).toBe(1);
  expect(ran.output()).toContain("option '--miners <n>' argument 'many' is invalid");
});

test('Abacus.AI runs where it has a port, tells its key, and ends with the rest', async () => {
  const ran = run('--json', '--abacus-port', '0', ...(await ports()));
  const { abacus } = JSON.parse(await ran.line(/"ready":true/)) as { abacus: { url: string; apiKey: string } };
  const reply = await fetch(`${abacus.url}/api/v0/listUseCases`, { headers: { apiKey: abacus.apiKey } });
  expect(await reply.json()).toMatchObject({ success: true });
  ran.child.kill('SIGTERM');
  expect(await ran.ended).toBe(0);
  const without = run('--json', ...(await ports()));
  expect(JSON.parse(await without.line(/"ready":true/))).not.toHaveProperty('abacus');
});
