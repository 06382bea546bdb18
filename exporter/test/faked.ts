/** An HTTP server of a few replies that a test may change while it runs; what the simulator would never say. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { whenDone } from './running.ts';

export interface Faked {
  readonly address: string;
  /** By path below /api/v1, with the query; what is not here is answered 404. A text is sent as it is, `undefined` is 404. */
  readonly replies: Record<string, unknown>;
  /** By path, in place of 200. */
  readonly statuses: Record<string, number>;
  readonly headers: Record<string, string>;
  /** Paths in order. */
  readonly asked: string[];
}

export async function faked(given: Record<string, unknown>): Promise<Faked> {
  const replies = { ...given };
  const statuses: Record<string, number> = {};
  const headers: Record<string, string> = {};
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace('/api/v1', '');
    asked.push(path);
    request.resume();
    request.on('end', () => {
      const reply = replies[path] ?? replies[path.replace(/\?.*/, '')];
      const status = statuses[path] ?? (reply === undefined ? 404 : 200);
      const body = typeof reply === 'string' ? reply : JSON.stringify(reply ?? {});
      response.writeHead(status, { 'content-type': body.startsWith('<') ? 'text/html' : typeof reply === 'string' ? 'text/plain' : 'application/json', ...headers }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  whenDone(async () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, replies, statuses, headers, asked };
}

/** A miner that mines, with as little as that takes. */
export const info = { miner: 'Antminer L9', model: 'l9', fw_name: 'Vnish', fw_version: '1.2.7', algorithm: 'scrypt', hr_measure: 'MH/s', system: { uptime: '2:38', network_status: { mac: '02:51:00:00:00:01' } } };
export const summary = (status: Record<string, unknown> = {}) => ({ miner: { miner_status: { miner_state: 'mining', miner_state_time: 100, ...status }, hr_realtime: 17_000, hr_average: 17_000, power_consumption: 3400, hw_errors: 0, pools: [], cooling: { fan_duty: 50, fans: [] }, chains: [] } });
export const status = { miner_state: 'mining', miner_state_time: 100, restart_required: false, reboot_required: false, find_miner: true, unlocked: false, warranty: 'active' };
