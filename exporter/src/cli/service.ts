/** One running exporter: two servers, and behind them what the present configuration makes. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { SecureContextOptions } from 'node:tls';
import { embeddedBackend } from '../advice/backend.ts';
import { openAdviceStore } from '../advice/store.ts';
import type { Config } from '../config/load.ts';
import { watchFiles } from '../config/watch.ts';
import { openApprovals } from '../control/approvals.ts';
import { openAuditLog } from '../control/audit.ts';
import { createEntries, entriesFile } from '../control/entries.ts';
import { createControlHistory, reportUnfinished } from '../control/jobs.ts';
import { journalFile, openJournal } from '../control/journal.ts';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import { openAlive } from '../fleet/alive.ts';
import { openEarnings } from '../earnings/earnings.ts';
import { openHealth } from '../health/health.ts';
import { keepAsking, openAbacus, settingsOf } from '../advice/abacus/open.ts';
import { openLearning } from '../learning/learning.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { createLogMemory } from '../fleet/log-watch.ts';
import { createInventory } from '../fleet/inventory.ts';
import { openKnownStates } from '../fleet/known-state.ts';
import { openMemory } from '../fleet/memory.ts';
import { wholeFleet, type Shard } from '../fleet/sharding.ts';
import type { Pools } from '../fleet/pools.ts';
import { createLimits } from '../http/rate-limit.ts';
import { tlsFiles, tlsOptions } from '../http/tls.ts';
import type { Logger } from '../log.ts';
import { createProcessMetrics } from '../metrics/registry.ts';
import { createMismatchCounter } from '../mismatch.ts';
import { openScheduleStore } from '../schedules/store.ts';
import { auditFolder, createCore, type Core, type Lasting } from './core.ts';

export interface Listen { readonly host: string; readonly port: number }

export interface ServiceOptions {
  readonly config: Config;
  /** Reads the configuration anew, with `api` in place of what the file of the API's entries holds; without it a reload says that it cannot. @throws ConfigError */
  readonly load?: (api?: string) => Config;
  /** The file that `load` reads; it and the files that it names are watched. Nothing is watched when absent. */
  readonly watch?: string;
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
/** Ms between two looks whether the job that was in the way has ended. */
const retryEveryMs = 500;

/** @throws HashfleetError for a secret that cannot be read, a damaged audit log, or a port that is taken. */
export async function startService({ config, load, watch, folder, shard = wholeFleet, dataFolder, metrics, api, environment, log }: ServiceOptions): Promise<Service> {
  const memory = openMemory(dataFolder, log);
  const audit = openAuditLog(auditFolder(dataFolder));
  const journal = openJournal(journalFile(dataFolder));
  const alive = openAlive(dataFolder, log);
  const knownStates = openKnownStates(dataFolder, log);
  const earnings = openEarnings({ dataFolder, folder, log });
  const adviceModel = embeddedBackend();
  const abacus = openAbacus(config, { dataFolder, embedded: adviceModel, log });
  const learning = openLearning({ dataFolder, backend: adviceModel, log });
  const health = openHealth({ dataFolder, log, poolGap: (miner) => earnings.reconciliation.of(miner), onHours: (hours) => abacus?.take(hours), onModel: (fitted) => learning.hourly(fitted) });
  const scheduleStore = openScheduleStore(dataFolder, log);
  const adviceStore = openAdviceStore(dataFolder, log);
  const reloadState = { success: true, at: Date.now() };
  let base = config;
  const inventory = createInventory({ folder: dataFolder, log, changed: () => void later('members'), moved: (name) => core.loop.hurry(name) });
  const entries = createEntries({
    file: entriesFile(dataFolder), audit, load: (text) => read(text), inTurn, checkIdle, forgetMac: (name) => inventory.forgetMac(name),
    miner: (name) => core.fleet.get(name)?.config ?? core.config.miners.find((miner) => miner.name === name),
    answers(name) {
      const miner = core.fleet.get(name);
      return miner?.lastSuccessAt !== undefined && miner.failure === undefined;
    },
    async apply(wanted) {
      await apply(wanted);
      log.info({ miners: wanted.miners.length }, 'the entries of the API were changed');
    },
    async forgetFound(name) {
      inventory.forgetFound(name);
      await apply(base);
    },
  });
  const lasting: Lasting = { inventory, entries, earnings, health, scheduleStore, adviceStore, adviceModel, abacus, learning, memory, audit, alive, logMemory: createLogMemory(), journal, history: createControlHistory(Date.now, audit.sentLately, openApprovals(dataFolder, log)), mismatches: createMismatchCounter(), reloadState, self: createProcessMetrics(), environment, folder, dataFolder, shard, log, reload, limits: createLimits(), knownStates };
  let core: Core;
  let secure: SecureContextOptions | undefined;
  try {
    secure = config.api.tls === undefined ? undefined : tlsOptions(config.api.tls, folder);
    core = createCore(inventory.members(config), lasting);
  } catch (thrown) {
    memory.close();
    audit.close();
    journal.close();
    earnings.close();
    health.close();
    void learning.close();
    throw thrown;
  }
  reportUnfinished(audit, log, journal.found);

  const servers: (Server | TlsServer)[] = [];
  const listen = async (server: Server | TlsServer, where: Listen, what: string) => {
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
    knownStates.close();
    earnings.close();
    health.close();
    void learning.close();
    audit.close();
    journal.close();
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
  const answer: RequestListener = (request, response) => void core.api(request, response);
  const tlsServer = secure === undefined ? undefined : createTlsServer({ ...secure, ...(secure.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true }) }, answer);
  const apiServer = tlsServer ?? createServer(answer);
  let metricsPort: number;
  let apiPort: number;
  try {
    // The handler is looked up at each request: after a reload it is another.
    metricsPort = await listen(createServer((request, response) => void core.metrics(request, response)), metrics, 'metrics');
    apiPort = await listen(apiServer, api, 'API');
  } catch (thrown) {
    // Half a service would keep the process alive.
    await closeAll();
    throw thrown;
  }
  inventory.follow(core.config, core.fleet);
  core.control.resume(journal.found);
  core.start();
  inventory.start();
  health.start();
  learning.start();
  const stopAsking = abacus === undefined ? undefined : keepAsking(abacus, { settings: () => settingsOf(core.fleet), refreshMs: config.ml.abacus.refresh_minutes * 60_000, log });
  alive.note();
  const saving = setInterval(() => {
    memory.save();
    earnings.flush();
    inventory.save();
    alive.note();
  }, saveEveryMs);
  const watching = watch === undefined || load === undefined ? undefined : watchFiles({
    folder: path.dirname(watch), log,
    patterns: () => [path.basename(watch), ...base.inventory.files],
    // The refusal is in the log; the next change is another try.
    changed: async () => reload().catch(() => undefined),
  });

  const watchingTls = tlsServer === undefined ? undefined : watchFiles({
    folder, log, patterns: () => (base.api.tls === undefined ? [] : tlsFiles(base.api.tls)),
    async changed() {
      renewTls(base);
      return Promise.resolve();
    },
  });

  /** Connections that are open keep what they have; new ones get the new certificate. A pair that does not fit is left out, and said. */
  function renewTls({ api: { tls } }: Config): void {
    if (tlsServer === undefined || tls === undefined) return;
    try {
      tlsServer.setSecureContext(tlsOptions(tls, folder));
      log.info({ certificate: tls.cert_file }, 'the certificate of the API was read anew');
    } catch (thrown) {
      log.error({ err: messageOf(thrown) }, 'the new certificate of the API was refused; the old one stays in force');
    }
  }

  /** What a server that listens cannot change. @throws HashfleetError config_invalid */
  function checkTls({ api: { tls } }: Config): void {
    const now = tlsServer === undefined ? 'off' : secure?.ca === undefined ? 'on' : 'on with client_ca_file';
    const wanted = tls === undefined ? 'off' : tls.client_ca_file === undefined ? 'on' : 'on with client_ca_file';
    if (now !== wanted) throw new HashfleetError('config_invalid', `api.tls: is ${wanted} in the file and ${now} in this process; start the exporter anew to change it.`, { field: 'api.tls' });
    if (tls !== undefined) tlsOptions(tls, folder);
  }

  /** What was refused because a job was running, and is tried again when it has ended. */
  let postponed: 'files' | 'members' | undefined;
  const retrying = setInterval(() => {
    if (postponed === undefined || core.control.running > 0) return;
    const what = postponed;
    postponed = undefined;
    void later(what);
  }, retryEveryMs);

  /** One change at a time; a second one waits its turn. */
  let turn: Promise<unknown> = Promise.resolve();
  async function inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = turn.then(action);
    turn = result.catch(() => undefined);
    return result;
  }

  async function reload(): Promise<void> {
    return inTurn(swap);
  }

  /** Of its own accord: what is refused is in the log, and is tried again. */
  async function later(what: 'files' | 'members'): Promise<void> {
    await (what === 'files' ? reload() : inTurn(async () => {
      if (core.control.running > 0) {
        postponed ??= 'members';
        return;
      }
      await apply(base);
      log.info({ miners: core.config.miners.length, ...inventory.counts }, 'the fleet has changed');
    }).catch((thrown: unknown) => log.error({ err: messageOf(thrown) }, 'the miners that were found could not be taken in'))).catch(() => undefined);
  }

  function read(api?: string): Config {
    if (load === undefined) throw new HashfleetError('internal', 'This exporter was started without a file to read anew.');
    return load(api);
  }

  function checkIdle(): void {
    if (core.control.running > 0) throw new HashfleetError('busy', 'A job is acting on miners; the configuration is kept. Try again when it has finished (GET /api/v1/jobs); a reload is made by itself then.');
  }

  async function swap(): Promise<void> {
    try {
      const wanted = read();
      checkTls(wanted);
      checkIdle();
      await apply(wanted);
      renewTls(wanted);
      postponed = undefined;
      Object.assign(reloadState, { success: true, at: Date.now() });
      log.info({ miners: wanted.miners.length }, 'the configuration was read anew');
    } catch (thrown) {
      if (thrown instanceof HashfleetError && thrown.code === 'busy') postponed = 'files';
      reloadState.success = false;
      log.error({ err: messageOf(thrown) }, 'the new configuration was refused; the old one stays in force');
      throw thrown;
    }
  }

  /** Whole or not at all; miners that stay as they are notice nothing. */
  async function apply(wanted: Config): Promise<void> {
    const next = createCore(inventory.members(wanted), lasting, core);
    const before = core;
    core = next;
    base = wanted;
    inventory.follow(next.config, next.fleet);
    const stopped = before.stop(next);
    next.start();
    await stopped;
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
      stopAsking?.();
      await abacus?.close();
      clearInterval(retrying);
      watching?.stop();
      watchingTls?.stop();
      await inventory.stop();
      alive.note();
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
