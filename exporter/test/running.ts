/** The real service beside a simulated fleet, on ports of their own, with a data folder of its own. */
import { afterEach } from '@jest/globals';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { wholeFleet, type Shard } from '../src/fleet/sharding.ts';
import type { Logger } from '../src/log.ts';
import { parseConfig } from '../src/config/load.ts';
import { entriesFile } from '../src/control/entries.ts';
import { startService, type Service } from '../src/cli/service.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/src/simulator.ts';
import type { MinerSpec } from '../../simulator/src/miner/state.ts';
import { temporaryFolder } from './command.ts';
import { recordingLog } from './fixtures.ts';

const open: (() => Promise<unknown>)[] = [];

/** Has `stop` called when the present test ends, whatever comes of it. */
export function whenDone(stop: () => Promise<unknown>): void {
  open.push(stop);
}

afterEach(async () => {
  for (const stop of open.splice(0).reverse()) await stop();
});

/** Every machine has a MAC of its own, always the same for the same name. */
export function macFor(name: string): string {
  return `02:51${createHash('sha256').update(name).digest('hex').slice(0, 8).replace(/../g, ':$&')}`;
}

export function spec(name: string, part: Partial<MinerSpec> = {}): MinerSpec {
  return { name, model: 'l9', firmware: '1.3.4', mac: macFor(name), pools: [{ url: 'us.mining.prohashing.com:3333', user: 'demo', pass: `n=${name}` }], begin: 'mining', ...part };
}

/** Time stands still unless the test moves it. */
export async function simulated(miners: readonly MinerSpec[], options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator({ miners, speed: 0, ...options });
  whenDone(async () => simulator.stop());
  return simulator;
}

export interface Reply { readonly status: number; readonly headers: Headers; readonly text: string; readonly body: Record<string, unknown> }

export interface Asking { readonly method?: string; readonly token?: string | undefined; readonly json?: unknown; readonly body?: string; readonly headers?: Record<string, string> }

export interface Running {
  readonly service: Service;
  readonly lines: Record<string, unknown>[];
  readonly dataFolder: string;
  readonly auditFile: string;
  /** With the token of scope admin unless told otherwise. */
  api(path: string, asking?: Asking): Promise<Reply>;
  page(): Promise<string>;
  /** The value of the one series with these labels, or undefined. */
  value(series: string, labels?: Record<string, string>): Promise<number | undefined>;
  stop(): Promise<void>;
}

export const tokens = { read: 'token-for-reading', operate: 'token-for-operating', admin: 'token-for-all' } as const;

export interface RunOptions { readonly sections?: string; readonly control?: string; readonly poll?: string; readonly dataFolder?: string; readonly environment?: Record<string, string>; readonly log?: { log: Logger; lines: Record<string, unknown>[] }; readonly withoutTokens?: boolean; readonly shard?: Shard }

/** `miners`: name to address, or lines of the section as they are. */
export async function run(miners: Readonly<Record<string, string>> | readonly string[], { sections = '', control, poll = '{interval_seconds: 1, deadline_seconds: 0.7, slow_interval_seconds: 1}', dataFolder = temporaryFolder(), environment = {}, log = recordingLog(), withoutTokens = false, shard = wholeFleet }: RunOptions = {}): Promise<Running> {
  const lines = Array.isArray(miners) ? miners as readonly string[] : Object.entries(miners).map(([name, address]) => `{name: ${name}, address: "${address}"}`);
  const text = [
    lines.length === 0 ? 'miners: []' : `miners:\n${lines.map((line) => `  - ${line}`).join('\n')}`,
    `poll: ${poll}`,
    withoutTokens ? '' : `api: {tokens: [${(['read', 'operate', 'admin'] as const).map((scope) => `{name: ${scope}-token, scope: ${scope}, token_env: ${scope.toUpperCase()}_TOKEN}`).join(', ')}]}`,
    control === undefined ? '' : `control: ${control}`,
    sections,
  ].join('\n');
  const load = (api?: string) => parseConfig(text, 'fleet.yaml', { file: entriesFile(dataFolder), ...(api === undefined ? {} : { text: api }) });
  const service = await startService({
    config: load(), load, shard, folder: dataFolder, dataFolder, metrics: { host: '127.0.0.1', port: 0 }, api: { host: '127.0.0.1', port: 0 }, log: log.log,
    environment: { READ_TOKEN: tokens.read, OPERATE_TOKEN: tokens.operate, ADMIN_TOKEN: tokens.admin, ...environment },
  });
  let stopped: Promise<void> | undefined;
  const stop = async () => (stopped ??= service.stop());
  whenDone(stop);
  const page = async () => (await fetch(`http://127.0.0.1:${service.metricsPort}/metrics`)).text();
  return {
    service, lines: log.lines, dataFolder, auditFile: path.join(dataFolder, 'audit', 'audit.jsonl'), page, stop,
    async api(where, asking = {}) {
      const token = 'token' in asking ? asking.token : tokens.admin;
      const response = await fetch(`http://127.0.0.1:${service.apiPort}/api/v1${where}`, {
        method: asking.method ?? (asking.json === undefined && asking.body === undefined ? 'GET' : 'POST'),
        headers: { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(asking.json === undefined ? {} : { 'content-type': 'application/json' }), ...asking.headers },
        ...(asking.json === undefined ? asking.body === undefined ? {} : { body: asking.body } : { body: JSON.stringify(asking.json) }),
      });
      const text = await response.text();
      const body = text.startsWith('{') ? JSON.parse(text) as Record<string, unknown> : {};
      return { status: response.status, headers: response.headers, text, body };
    },
    async value(series, labels = {}) {
      return valueOn(await page(), series, labels);
    },
  };
}

export function valueOn(page: string, series: string, labels: Record<string, string> = {}): number | undefined {
  const found = page.split('\n').filter((line) => new RegExp(`^${series}[{ ]`).test(line) && Object.entries(labels).every(([name, value]) => line.includes(`${name}="${value}"`)));
  if (found.length > 1) throw new Error(`${series} ${JSON.stringify(labels)} is not one series but ${found.length}`);
  return found[0] === undefined ? undefined : Number(/(\S+)$/.exec(found[0])?.[1]);
}
