/** Everything that one configuration makes; a new configuration makes a new one. */
import path from 'node:path';
import type { Express } from 'express';
import type { Config } from '../config/load.ts';
import type { MinerConfig } from '../config/schema.ts';
import { secretReader, sourceOf } from '../config/secrets.ts';
import type { AuditLog } from '../control/audit.ts';
import { createControl, type Control, type ControlHistory } from '../control/jobs.ts';
import { createChips } from '../fleet/chips.ts';
import { createFleet, type Fleet } from '../fleet/fleet.ts';
import type { Memory } from '../fleet/memory.ts';
import { createPollLoop } from '../fleet/poll-loop.ts';
import { createPools, type Pools } from '../fleet/pools.ts';
import { holds, type Shard } from '../fleet/sharding.ts';
import { apiApp } from '../http/api-server.ts';
import type { ApiToken } from '../http/auth.ts';
import { metricsApp } from '../http/metrics-server.ts';
import type { Logger } from '../log.ts';
import type { Registry } from '../metrics/client.ts';
import { createProbes } from '../metrics/probes.ts';
import { createMetricsRegistry, type ReloadState } from '../metrics/registry.ts';
import { createViews } from '../metrics/view.ts';
import { cgminerDriver } from '../miners/cgminer/driver.ts';
import { vendorCgiPassword, vnishCgiDriver } from '../miners/vnish-cgi/driver.ts';
import { vnishDriver } from '../miners/vnish/driver.ts';
import { vendorPassword } from '../miners/vnish/session.ts';
import type { MismatchCounter } from '../mismatch.ts';
import { prohashingAdapter } from '../pools/prohashing/adapter.ts';
import { version } from './version.ts';

/** What outlives a change of the configuration. */
export interface Lasting {
  readonly memory: Memory;
  readonly audit: AuditLog;
  readonly history: ControlHistory;
  readonly mismatches: MismatchCounter;
  readonly reloadState: ReloadState;
  readonly self: Registry;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative secret files are looked up from here. */
  readonly folder: string;
  /** Which part of the fleet this exporter reads. */
  readonly shard: Shard;
  readonly log: Logger;
  readonly reload: () => Promise<void>;
}

export interface Core {
  readonly config: Config;
  readonly fleet: Fleet;
  readonly pools: Pools;
  readonly control: Control;
  readonly metrics: Express;
  readonly api: Express;
  start(): void;
  /** Ends polling at once; waits for what is on the way. */
  stop(): Promise<void>;
}

/** VNish's own defaults (vnish-api.md, 1.1 and 5), tried only where fleet.yaml names no password; TCP 4028 asks for none. */
const vendorPasswords = { 'vnish': vendorPassword, 'vnish-cgi': vendorCgiPassword, 'cgminer': '' } as const;
const drivers = { 'vnish': vnishDriver, 'vnish-cgi': vnishCgiDriver, 'cgminer': cgminerDriver } as const;

/** Makes everything and starts nothing. @throws HashfleetError for a secret that cannot be read. */
export function createCore(config: Config, lasting: Lasting, earlier?: Core): Core {
  const { memory, audit, history, mismatches, reloadState, self, environment, folder, shard, log, reload } = lasting;
  const { passwords, tokens, poolKeys } = readSecrets(config, { environment, folder });

  // Its records and not the core itself: what is made here lives on, and would hold every core before it.
  const known = earlier === undefined ? undefined : recordsOf(earlier.fleet);
  const fleetOf = (miners: readonly MinerConfig[]) => createFleet({
    config: { ...config, miners }, memory, log,
    ...(known === undefined ? {} : { earlier: known }),
    driverFor: (miner) => drivers[miner.driver]({
      address: miner.address, password: passwords.get(miner.credentials) ?? vendorPasswords[miner.driver],
      slowIntervalMs: config.poll.slow_interval_seconds * 1000, deadlineMs: config.poll.deadline_seconds * 1000, mismatch: mismatches.count,
      cgminerPort: miner.cgminer_port, hashrateUnit: miner.hashrate_unit,
    }),
  });
  const fleet = fleetOf(config.miners.filter(({ name }) => holds(shard, name)));
  const pools = createPools({
    log,
    pools: config.pools.map((pool) => ({
      config: pool,
      adapter: prohashingAdapter({ name: pool.name, baseUrl: pool.base_url, mismatch: mismatches.count, apiKey: poolKeys.get(pool.name) }),
    })),
  });
  const loop = createPollLoop(fleet, config.poll);
  const chips = createChips(fleet, config.poll);
  const views = createViews({ config, fleet, pools });
  const control = createControl({ fleet, config: config.control, audit, log, history });
  const probes = createProbes({
    inventory: config.miners, own: { fleet, views }, concurrency: config.poll.concurrency,
    guestOf(miner) {
      const one = fleetOf([miner]);
      return { fleet: one, views: createViews({ config, fleet: one, pools }) };
    },
  });
  const registry = createMetricsRegistry({ config, fleet, pools, views, chips, loop, control, mismatches, version, reloadState, self, shard });
  let ready = false;
  let rounds: NodeJS.Timeout | undefined;

  return {
    config, fleet, pools, control,
    metrics: metricsApp({ registry, probes, config, shard, log, version, ready: () => ready, reload }),
    api: apiApp({ context: { config, fleet, pools, views, control, version }, tokens, log }),
    start() {
      loop.start();
      chips.start();
      pools.start();
      rounds = setInterval(() => {
        fleet.tick();
        // What comes of it reaches the page with each miner's next poll.
        views.comparePeers();
      }, config.poll.interval_seconds * 1000);
      ready = true;
      if (tokens.length === 0) log.warn('no API token is configured (api.tokens): the API refuses every request; metrics are served');
    },
    async stop() {
      ready = false;
      clearInterval(rounds);
      loop.stop();
      chips.stop();
      await control.close();
      await probes.close();
      await pools.close();
      await fleet.close();
    },
  };
}

function recordsOf(fleet: Fleet): Pick<Fleet, 'events' | 'get'> {
  const records = new Map([...fleet.all()].map((miner) => [miner.config.name, miner]));
  return { events: [...fleet.events], get: (name) => records.get(name) };
}

/** Every secret that the configuration names. @throws HashfleetError secret_missing */
function readSecrets(config: Config, place: { environment: Lasting['environment']; folder: string }) {
  const read = secretReader({ ...place, secrets: config.secrets });
  return {
    passwords: new Map(Object.entries(config.credentials).map(([name, entry]) => [name, read(`credentials.${name}`, sourceOf(entry, 'password') ?? {})])),
    tokens: config.api.tokens.map((entry): ApiToken => ({ name: entry.name, scope: entry.scope, secret: read(`api.tokens ${entry.name}`, sourceOf(entry, 'token') ?? {}) })),
    poolKeys: new Map(config.pools.flatMap((entry) => {
      const source = sourceOf(entry, 'api_key');
      return source === undefined ? [] : [[entry.name, read(`pools ${entry.name}`, source)]];
    })),
  };
}

/** Where the audit log of a data folder lies. */
export function auditFolder(dataFolder: string): string {
  return path.join(dataFolder, 'audit');
}
