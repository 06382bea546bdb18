/** Puts the rooms together: one running exporter. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Express } from 'express';
import type { Config } from '../config/load.ts';
import { readSecret } from '../config/secrets.ts';
import { openAuditLog } from '../control/audit.ts';
import { createControl } from '../control/jobs.ts';
import { codeOf, HashfleetError } from '../errors.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import { openMemory } from '../fleet/memory.ts';
import { createPollLoop } from '../fleet/poll-loop.ts';
import { createPools, type Pools } from '../fleet/pools.ts';
import { apiApp } from '../http/api-server.ts';
import type { ApiToken } from '../http/auth.ts';
import { metricsApp } from '../http/metrics-server.ts';
import type { Logger } from '../log.ts';
import { createMetricsRegistry } from '../metrics/registry.ts';
import { createViews } from '../metrics/view.ts';
import { vnishDriver } from '../miners/vnish/driver.ts';
import { createMismatchCounter } from '../mismatch.ts';
import { prohashingAdapter } from '../pools/prohashing/adapter.ts';
import { version } from './version.ts';

export interface Listen { readonly host: string; readonly port: number }

export interface ServiceOptions {
  readonly config: Config;
  /** Relative secret files are looked up from here. */
  readonly folder: string;
  readonly dataFolder: string;
  readonly metrics: Listen;
  readonly api: Listen;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
}

export interface Service {
  readonly metricsPort: number;
  readonly apiPort: number;
  readonly fleet: Fleet;
  readonly pools: Pools;
  stop(): Promise<void>;
}

/** VNish's own default (vnish-api.md, 1.1), tried only where fleet.yaml names no password. */
const vendorPassword = 'admin';
/** Ms between two savings of counters and intents. */
const saveEveryMs = 60_000;

/** @throws HashfleetError for a secret that cannot be read, a damaged audit log, or a port that is taken. */
export async function startService({ config, folder, dataFolder, metrics, api, environment, log }: ServiceOptions): Promise<Service> {
  const secrets = { environment, folder };
  const passwords = new Map(Object.entries(config.credentials).map(([name, { password_env: env, password_file: file }]) => [name, readSecret(`credentials.${name}`, { env, file }, secrets)]));
  const tokens: ApiToken[] = config.api.tokens.map(({ name, scope, token_env: env, token_file: file }) => ({ name, scope, secret: readSecret(`api.tokens ${name}`, { env, file }, secrets) }));
  const mismatches = createMismatchCounter();
  const memory = openMemory(dataFolder, log);
  const fleet = createFleet({
    config, memory, log,
    driverFor: (miner) => vnishDriver({
      address: miner.address, password: passwords.get(miner.credentials) ?? vendorPassword,
      slowIntervalMs: config.poll.slow_interval_seconds * 1000, mismatch: mismatches.count,
    }),
  });
  const pools = createPools({
    log,
    pools: config.pools.map((pool) => ({
      config: pool,
      adapter: prohashingAdapter({
        name: pool.name, baseUrl: pool.base_url, mismatch: mismatches.count,
        apiKey: pool.api_key_env === undefined && pool.api_key_file === undefined ? undefined : readSecret(`pools ${pool.name}`, { env: pool.api_key_env, file: pool.api_key_file }, secrets),
      }),
    })),
  });
  const loop = createPollLoop(fleet, config.poll);
  const views = createViews({ config, fleet, pools });
  const control = createControl({ fleet, config: config.control, audit: openAuditLog(path.join(dataFolder, 'audit')), log });
  const registry = createMetricsRegistry({ config, fleet, pools, views, loop, control, mismatches, version, loadedAt: Date.now() });

  let ready = false;
  const servers: Server[] = [];
  const listen = async (app: Express, where: Listen, what: string) => {
    const server = createServer(app);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(listenError(cause, where, what)));
      server.listen(where.port, where.host, resolve);
    });
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  const closeAll = async () => {
    await control.close();
    await pools.close();
    await Promise.all(servers.map(async (server) => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    })));
    await fleet.close();
    registry.close();
  };
  let metricsPort: number;
  let apiPort: number;
  try {
    metricsPort = await listen(metricsApp({ registry, config, log, version, ready: () => ready }), metrics, 'metrics');
    apiPort = await listen(apiApp({ context: { config, fleet, pools, views, control, version }, tokens, log }), api, 'API');
  } catch (thrown) {
    // Half a service would keep the process alive.
    await closeAll();
    throw thrown;
  }

  loop.start();
  pools.start();
  ready = true;
  const rounds = setInterval(() => {
    views.comparePeers();
    registry.refresh();
  }, config.poll.interval_seconds * 1000);
  const saving = setInterval(() => memory.save(), saveEveryMs);
  if (tokens.length === 0) log.warn('no API token is configured (api.tokens): the API refuses every request; metrics are served');

  return {
    metricsPort, apiPort, fleet, pools,
    async stop() {
      ready = false;
      clearInterval(rounds);
      clearInterval(saving);
      loop.stop();
      await closeAll();
    },
  };
}

function listenError(cause: unknown, { host, port }: Listen, what: string): HashfleetError {
  const code = codeOf(cause);
  const why = code === 'EADDRINUSE' ? 'another program uses it; stop that one or choose another' : code === 'EACCES' ? 'ports below 1024 need more rights; choose another' : String(code);
  return new HashfleetError('internal', `Cannot serve ${what} on ${host}:${port}: ${why} (--${what.toLowerCase()}-listen HOST:PORT).`, { cause });
}
