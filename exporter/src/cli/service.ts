/** One running exporter: two servers, and behind them what the present configuration makes. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../config/load.ts';
import { openAuditLog } from '../control/audit.ts';
import { createControlHistory, reportUnfinished } from '../control/jobs.ts';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { openMemory } from '../fleet/memory.ts';
import { wholeFleet, type Shard } from '../fleet/sharding.ts';
import type { Pools } from '../fleet/pools.ts';
import type { Logger } from '../log.ts';
import { createProcessMetrics } from '../metrics/registry.ts';
import { createMismatchCounter } from '../mismatch.ts';
import { auditFolder, createCore, type Core, type Lasting } from './core.ts';

export interface Listen { readonly host: string; readonly port: number }

export interface ServiceOptions {
  readonly config: Config;
  /** Reads the configuration anew; without it a reload says that it cannot. @throws ConfigError */
  readonly load?: () => Config;
  /** Relative secret files are looked up from here. */
  readonly folder: string;
  /** Which part of the fleet this exporter reads; all of it when absent. */
  readonly shard?: Shard;
  readonly dataFolder: string;
  readonly metrics: Listen;
  readonly api: Listen;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
}

export interface Service {
  readonly metricsPort: number;
  readonly apiPort: number;
  /** Of the present configuration. */
  readonly fleet: Fleet;
  readonly pools: Pools;
  /** Swaps the configuration whole, or keeps the old one and throws. @throws HashfleetError config_invalid, secret_missing, busy */
  reload(): Promise<void>;
  stop(): Promise<void>;
  /** Puts counters and intents on record and closes the audit log at once, waiting for nothing: the process is about to end. */
  abandon(): void;
}

/** Ms between two savings of counters and intents. */
const saveEveryMs = 60_000;

/** @throws HashfleetError for a secret that cannot be read, a damaged audit log, or a port that is taken. */
export async function startService({ config, load, folder, shard = wholeFleet, dataFolder, metrics, api, environment, log }: ServiceOptions): Promise<Service> {
  const memory = openMemory(dataFolder, log);
  const audit = openAuditLog(auditFolder(dataFolder));
  const reloadState = { success: true, at: Date.now() };
  const lasting: Lasting = { memory, audit, history: createControlHistory(), mismatches: createMismatchCounter(), reloadState, self: createProcessMetrics(), environment, folder, shard, log, reload };
  let core: Core;
  try {
    core = createCore(config, lasting);
  } catch (thrown) {
    memory.close();
    audit.close();
    throw thrown;
  }
  reportUnfinished(audit, log);

  const servers: Server[] = [];
  const listen = async (handle: RequestListener, where: Listen, what: string) => {
    const server = createServer(handle);
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(listenError(cause, where, what)));
      server.listen(where.port, where.host, resolve);
    });
    servers.push(server);
    return (server.address() as AddressInfo).port;
  };
  const putAway = () => {
    memory.save();
    memory.close();
    audit.close();
  };
  const closeAll = async () => {
    await core.control.close();
    await Promise.all(servers.map(async (server) => new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    })));
    await core.stop();
    putAway();
  };
  let metricsPort: number;
  let apiPort: number;
  try {
    // The handler is looked up at each request: after a reload it is another.
    metricsPort = await listen((request, response) => void core.metrics(request, response), metrics, 'metrics');
    apiPort = await listen((request, response) => void core.api(request, response), api, 'API');
  } catch (thrown) {
    // Half a service would keep the process alive.
    await closeAll();
    throw thrown;
  }
  core.start();
  const saving = setInterval(() => memory.save(), saveEveryMs);

  /** One reload at a time; a second one waits its turn. */
  let turn: Promise<unknown> = Promise.resolve();
  async function reload(): Promise<void> {
    const result = turn.then(swap);
    turn = result.catch(() => undefined);
    return result;
  }

  async function swap(): Promise<void> {
    try {
      if (load === undefined) throw new HashfleetError('internal', 'This exporter was started without a file to read anew.');
      const wanted = load();
      if (core.control.running > 0) throw new HashfleetError('busy', 'A job is acting on miners; the configuration is kept. Reload again when it has finished (GET /api/v1/jobs).');
      const next = createCore(wanted, lasting, core);
      const before = core;
      core = next;
      await before.stop();
      next.start();
      Object.assign(reloadState, { success: true, at: Date.now() });
      log.info({ miners: wanted.miners.length }, 'the configuration was read anew');
    } catch (thrown) {
      reloadState.success = false;
      log.error({ err: messageOf(thrown) }, 'the new configuration was refused; the old one stays in force');
      throw thrown;
    }
  }

  return {
    metricsPort, apiPort, reload,
    get fleet() {
      return core.fleet;
    },
    get pools() {
      return core.pools;
    },
    async stop() {
      clearInterval(saving);
      await turn;
      await closeAll();
    },
    abandon: putAway,
  };
}

function listenError(cause: unknown, { host, port }: Listen, what: string): HashfleetError {
  const code = codeOf(cause);
  const why = code === 'EADDRINUSE' ? 'another program uses it; stop that one or choose another' : code === 'EACCES' ? 'ports below 1024 need more rights; choose another' : String(code);
  return new HashfleetError('internal', `Cannot serve ${what} on ${host}:${port}: ${why} (--${what.toLowerCase()}-listen HOST:PORT).`, { cause });
}
