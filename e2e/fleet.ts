/** The running stack as the end-to-end tests see it: npm start's own, with a fast clock and a webhook that listens. */
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startStack, type Stack } from '../run/stack.mjs';

export interface Alert { readonly status: 'firing' | 'resolved'; readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> }

export interface RunningFleet {
  readonly stack: Stack;
  /** What reached the webhook through Alertmanager, in order. */
  readonly notifications: readonly Alert[];
  /** The value of an instant query, or undefined when it has no result. */
  query(expression: string): Promise<number | undefined>;
  /** Every value that a series had since `from` (Unix ms), by its labels. */
  history(expression: string, from: number): Promise<{ metric: Record<string, string>; values: [number, string][] }[]>;
  firing(alert: string, labels?: Record<string, string>): Promise<boolean>;
  simulator(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>;
  api(path: string, options?: { scope?: 'read' | 'operate'; body?: object }): Promise<{ status: number; body: unknown }>;
}

export const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Ten times as fast as the default set-up, so that a fault shows within seconds. */
export const timing = { speed: 5, scrapeSeconds: 1, timeScale: 0.02 } as const;

export async function startFleet(portBase: number): Promise<RunningFleet> {
  const notifications: Alert[] = [];
  const folder = path.join(root, '.hashfleet', 'e2e');
  rmSync(folder, { recursive: true, force: true });
  const stack = await startStack({
    folder, portBase, ...timing,
    notified: (message, where) => {
      if (where.startsWith('/alerts')) notifications.push(...(message as { alerts: Alert[] }).alerts);
    },
  });
  const json = async (address: string, init?: RequestInit) => (await fetch(address, init)).json();
  const prometheus = async (what: string) => (await json(`${stack.url('prometheus')}/api/v1/${what}`) as { data: { result: { metric: Record<string, string>; value?: [number, string]; values?: [number, string][] }[] } }).data.result;

  return {
    stack, notifications,
    async query(expression) {
      const [first] = await prometheus(`query?query=${encodeURIComponent(expression)}`);
      return first?.value === undefined ? undefined : Number(first.value[1]);
    },
    async history(expression, from) {
      const result = await prometheus(`query?query=${encodeURIComponent(`${expression}[${Math.ceil((Date.now() - from) / 1000)}s]`)}`);
      return result.map(({ metric, values = [] }) => ({ metric, values }));
    },
    async firing(alert, labels = {}) {
      const result = await prometheus(`query?query=${encodeURIComponent(`ALERTS{alertname="${alert}",alertstate="firing"}`)}`);
      return result.some(({ metric }) => Object.entries(labels).every(([name, value]) => metric[name] === value));
    },
    simulator: async (method, where, body) => json(`${stack.url('simulatorControl')}${where}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) }),
    async api(where, { scope = 'read', body } = {}) {
      const reply = await fetch(`${stack.url('api')}/api/v1${where}`, {
        headers: { authorization: `Bearer ${readFileSync(stack.tokens[scope], 'utf8')}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      return { status: reply.status, body: await reply.json() };
    },
  };
}
