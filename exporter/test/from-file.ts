/** The real service with a fleet.yaml of its own that a test may change, watched as `hashfleet start` does. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../src/config/load.ts';
import { entriesFile } from '../src/control/entries.ts';
import { startService, type Service } from '../src/cli/service.ts';
import { temporaryFolder } from './command.ts';
import { recordingLog } from './fixtures.ts';
import { valueOn, whenDone, type Reply } from './running.ts';

export interface FromFile {
  readonly folder: string;
  readonly service: Service;
  readonly lines: Record<string, unknown>[];
  /** Replaces fleet.yaml; `poll` and `api` stand before the text. */
  write(text: string): void;
  page(): Promise<string>;
  value(series: string, labels?: Record<string, string>): Promise<number | undefined>;
  api(where: string, method?: string, json?: unknown): Promise<Reply>;
  /** Lines of the log with this message. */
  said(text: string): Record<string, unknown>[];
  stop(): Promise<void>;
}

const head = 'api: {tokens: [{name: o, scope: admin, token_env: T}, {name: r, scope: operate, token_env: U}]}\n';
const usualPoll = 'poll: {interval_seconds: 1, deadline_seconds: 0.7, slow_interval_seconds: 1}\n';

export async function fromFile(text: string, { watch = false, folder = temporaryFolder(), poll = usualPoll }: { watch?: boolean; folder?: string; poll?: string } = {}): Promise<FromFile> {
  const file = path.join(folder, 'fleet.yaml');
  const dataFolder = path.join(folder, 'data');
  mkdirSync(folder, { recursive: true });
  const write = (content: string) => writeFileSync(file, `${poll}${head}${content}`);
  write(text);
  const load = (api?: string) => loadConfig(file, { file: entriesFile(dataFolder), ...(api === undefined ? {} : { text: api }) });
  const { log, lines } = recordingLog();
  const service = await startService({
    config: load(), load, folder, dataFolder, log, environment: { T: 'token-of-admin', U: 'token-of-operator' }, ...(watch ? { watch: file } : {}),
    metrics: { host: '127.0.0.1', port: 0 }, api: { host: '127.0.0.1', port: 0 },
  });
  let stopped: Promise<void> | undefined;
  const stop = async () => (stopped ??= service.stop());
  whenDone(stop);
  const page = async () => (await fetch(`http://127.0.0.1:${service.metricsPort}/metrics`)).text();
  return {
    folder, service, lines, write, page, stop,
    value: async (series, labels = {}) => valueOn(await page(), series, labels),
    said: (wanted) => lines.filter((line) => String(line['msg']).includes(wanted)),
    async api(where, method = 'GET', json?: unknown) {
      const response = await fetch(`http://127.0.0.1:${service.apiPort}/api/v1${where}`, {
        method, headers: { authorization: 'Bearer token-of-admin', ...(json === undefined ? {} : { 'content-type': 'application/json' }) }, ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
      const body = await response.text();
      return { status: response.status, headers: response.headers, text: body, body: JSON.parse(body) as Record<string, unknown> };
    },
  };
}
