/** A real Prometheus over a configuration of the test's own. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { temporaryFolder } from './command.ts';
import { until } from './fixtures.ts';
import { whenDone } from './running.ts';

export interface QueryResult { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }

export interface TestPrometheus {
  readonly url: string;
  query(expression: string): Promise<QueryResult[]>;
  /** The one value of the expression, or undefined. */
  number(expression: string): Promise<number | undefined>;
}

/** Below the system's own range, so that no connection of another test sits on it. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 21_000 + Math.floor(Math.random() * 7000);
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer().once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** One for the test that asks; it ends with the test. */
export async function prometheus(config: string, more: readonly string[] = []): Promise<TestPrometheus> {
  const { stop, ...started } = await startPrometheus(config, { more });
  whenDone(stop);
  return started;
}

/** One over the given data, or over none, until it is stopped. */
export async function startPrometheus(config: string, { more = [], data }: { readonly more?: readonly string[]; readonly data?: string } = {}): Promise<TestPrometheus & { readonly stop: () => Promise<void> }> {
  const folder = temporaryFolder();
  const file = path.join(folder, 'prometheus.yml');
  writeFileSync(file, config);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let said = '';
  const child = spawn('prometheus', [`--config.file=${file}`, `--storage.tsdb.path=${data ?? path.join(folder, 'data')}`, `--web.listen-address=127.0.0.1:${port}`, ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.on('error', (problem) => (said += `${problem.message}; install it with: apt-get install prometheus`));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = async () => new Promise<void>((resolve) => {
    if (child.exitCode !== null) resolve();
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
  try {
    await until('Prometheus is ready', async () => fetch(`${url}/-/ready`).then(({ ok }) => ok, () => false), 60_000);
  } catch (notReady) {
    await stop();
    throw new Error(`Prometheus said:\n${said}`, { cause: notReady });
  }
  const query = async (expression: string) => {
    const reply = await (await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)).json() as { status: string; error?: string; data: { result: QueryResult[] } };
    if (reply.status !== 'success') throw new Error(`${expression}: ${reply.error ?? ''}`);
    return reply.data.result;
  };
  return {
    url, query, stop,
    async number(expression) {
      const result = await query(expression);
      return result[0] === undefined ? undefined : Number(result[0].value[1]);
    },
  };
}
