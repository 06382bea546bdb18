/** Everything that one configuration makes; a new configuration makes a new one. */
import path from 'node:path';
import type { Express } from 'express';
import type { EmbeddedBackend } from '../advice/backend.ts';
import { priceAdvice, rules, type DecisionRules } from '../advice/decision.ts';
import { factsOf } from '../advice/facts.ts';
import { createRecommendations, type Recommendations } from '../advice/recommendations.ts';
import type { AdviceStore } from '../advice/store.ts';
import { phaseOf } from '../analytics/phase.ts';
import type { Config } from '../config/load.ts';
import type { MinerConfig } from '../config/schema.ts';
import { secretReader, sourceOf } from '../config/secrets.ts';
import type { AuditLog } from '../control/audit.ts';
import type { Entries } from '../control/entries.ts';
import { createGuard } from '../control/guard.ts';
import { createControl, type Control, type ControlHistory } from '../control/jobs.ts';
import { madeBy } from '../control/revert.ts';
import type { Journal } from '../control/journal.ts';
import { checkGroups } from '../control/select.ts';
import { messageOf } from '../errors.ts';
import type { Earnings } from '../earnings/earnings.ts';
import type { Alive } from '../fleet/alive.ts';
import { createChips, type Chips } from '../fleet/chips.ts';
import { createDriftWatch } from '../fleet/drift.ts';
import { noticeFirmware } from '../fleet/firmware.ts';
import { createFleet, staleAfterIntervals, type Fleet, type FleetOptions } from '../fleet/fleet.ts';
import type { KnownStates } from '../fleet/known-state.ts';
import { createLogWatch, type LogMemory } from '../fleet/log-watch.ts';
import type { Memory } from '../fleet/memory.ts';
import type { Inventory } from '../fleet/inventory.ts';
import { createPollLoop, type PollLoop } from '../fleet/poll-loop.ts';
import { createPools, type Pools } from '../fleet/pools.ts';
import { holds, type Shard } from '../fleet/sharding.ts';
import type { Health } from '../health/health.ts';
import { apiApp } from '../http/api-server.ts';
import type { ApiToken } from '../http/auth.ts';
import { metricsApp } from '../http/metrics-server.ts';
import type { Limits } from '../http/rate-limit.ts';
import { overlayKey, type AbacusBackend } from '../advice/abacus/backend.ts';
import type { Learning, LearningSettings } from '../learning/learning.ts';
import type { Logger } from '../log.ts';
import type { Registry } from '../metrics/client.ts';
import { createProbes } from '../metrics/probes.ts';
import { createMetricsRegistry, type ReloadState } from '../metrics/registry.ts';
import { createViews, profitChange } from '../metrics/view.ts';
import { createSchedules, type Schedules } from '../schedules/schedules.ts';
import type { ScheduleStore } from '../schedules/store.ts';
import { cgminerDriver } from '../miners/cgminer/driver.ts';
import type { Driver } from '../miners/driver.ts';
import { pushDriver } from '../miners/push/driver.ts';
import { vendorCgiPassword, vnishCgiDriver } from '../miners/vnish-cgi/driver.ts';
import { vnishDriver } from '../miners/vnish/driver.ts';
import { vendorPassword } from '../miners/vnish/session.ts';
import type { Mismatch, MismatchCounter } from '../mismatch.ts';
import { adapters } from '../pools/adapters.ts';
import { meansOf } from './means.ts';
import { version } from './version.ts';

/** What outlives a change of the configuration. */
export interface Lasting {
  readonly memory: Memory;
  readonly audit: AuditLog;
  readonly alive: Alive;
  readonly logMemory: LogMemory;
  readonly history: ControlHistory;
  readonly journal: Journal;
  readonly mismatches: MismatchCounter;
  readonly reloadState: ReloadState;
  readonly self: Registry;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative secret files are looked up from here. */
  readonly folder: string;
  /** Where backups of miners' settings go. */
  readonly dataFolder: string;
  /** Which part of the fleet this exporter reads. */
  readonly shard: Shard;
  readonly log: Logger;
  readonly reload: () => Promise<void>;
  readonly inventory: Inventory;
  readonly entries: Entries;
  readonly earnings: Earnings;
  readonly health: Health;
  readonly scheduleStore: ScheduleStore;
  readonly adviceStore: AdviceStore;
  readonly adviceModel: EmbeddedBackend;
  readonly abacus?: AbacusBackend | undefined;
  readonly learning: Learning;
  readonly limits: Limits;
  readonly knownStates: KnownStates;
}

export interface Core {
  readonly config: Config;
  readonly fleet: Fleet;
  readonly pools: Pools;
  readonly control: Control;
  readonly schedules: Schedules;
  readonly loop: PollLoop;
  readonly chips: Chips;
  /** What the pools were made from. */
  readonly poolsKey: string;
  readonly metrics: Express;
  readonly api: Express;
  start(): void;
  /** Ends at once what `next` does not go on with; waits for what is on the way. */
  stop(next?: Core): Promise<void>;
}

/** VNish's own defaults (vnish-api.md, 1.1 and 5), tried only where fleet.yaml names no password; TCP 4028 asks for none. */
const vendorPasswords = { 'vnish': vendorPassword, 'vnish-cgi': vendorCgiPassword, 'cgminer': '', 'push': '' } as const;
const drivers = { 'vnish': vnishDriver, 'vnish-cgi': vnishCgiDriver, 'cgminer': cgminerDriver, 'push': pushDriver } as const;

/** Ms between two looks at the schedules: power comes and goes within minutes, prices in windows of five. */
const scheduleEveryMs = 10_000;
/** Ms after the start until the fleet is judged for the first time. */
const firstAdviceMs = 60_000;

/** How drivers are made, and what each is made from: as long as that stays the same, so does the driver. */
export interface DriverMaker {
  readonly driverFor: (miner: MinerConfig) => Driver;
  readonly driverKey: (miner: MinerConfig) => string;
}

/** @throws HashfleetError for a secret that cannot be read */
export function driversOf(config: Config, { environment, folder, memory }: Pick<Lasting, 'environment' | 'folder'> & Partial<Pick<Lasting, 'memory'>>, mismatch: Mismatch): DriverMaker {
  const read = secretReader({ environment, folder, secrets: config.secrets });
  const passwords = new Map(Object.entries(config.credentials).map(([name, entry]) => [name, read(`credentials.${name}`, sourceOf(entry, 'password') ?? {})]));
  // An action of ours gave it another password than that of its entry.
  const credentialsOf = ({ name, credentials }: MinerConfig) => {
    const changed = memory?.of(name).credentials;
    return changed?.insteadOf === credentials && passwords.has(changed.use) ? changed.use : credentials;
  };
  const optionsOf = (miner: MinerConfig) => ({
    address: miner.address, password: passwords.get(credentialsOf(miner)) ?? vendorPasswords[miner.driver],
    slowIntervalMs: config.poll.slow_interval_seconds * 1000, deadlineMs: config.poll.deadline_seconds * 1000,
    freshMs: config.poll.interval_seconds * 1000 * staleAfterIntervals, cgminerPort: miner.cgminer_port, hashrateUnit: miner.hashrate_unit,
  });
  return {
    driverFor: (miner) => drivers[miner.driver]({ ...optionsOf(miner), mismatch }),
    driverKey: (miner) => JSON.stringify([miner.driver, optionsOf(miner)]),
  };
}

/** Makes everything and starts nothing. @throws HashfleetError for a secret that cannot be read. */
export function createCore(config: Config, lasting: Lasting, earlier?: Core): Core {
  const { memory, audit, alive, logMemory, history, journal, mismatches, reloadState, self, environment, folder, dataFolder, shard, log, reload, inventory, entries, earnings, health, scheduleStore, adviceStore, adviceModel, abacus, learning, limits, knownStates } = lasting;
  checkGroups(config.groups);
  const guard = createGuard(config);
  const { driverFor, driverKey } = driversOf(config, lasting, mismatches.count);
  const read = secretReader({ environment, folder, secrets: config.secrets });
  const tokens = config.api.tokens.map((entry): ApiToken => ({ name: entry.name, scope: entry.scope, secret: read(`api.tokens ${entry.name}`, sourceOf(entry, 'token') ?? {}) }));
  const poolKeys = new Map(config.pools.map((entry) => {
    const [key, secret] = [sourceOf(entry, 'api_key'), sourceOf(entry, 'api_secret')];
    return [entry.name, {
      apiKey: key === undefined ? undefined : read(`pools ${entry.name}`, key),
      apiSecret: secret === undefined ? undefined : read(`pools ${entry.name} api_secret`, secret),
    }];
  }));

  const means = meansOf({ config, environment, folder, dataFolder, memory });

  const fleetOf = (miners: readonly MinerConfig[], own: Pick<FleetOptions, 'earlier' | 'recognise' | 'driverKey'> = {}) => createFleet({ config: { ...config, miners }, memory, log, driverFor, ...own });
  // From here on nothing can fail any more: miners that stay change over to the new fleet.
  const fleet = fleetOf(config.miners.filter(({ name }) => holds(shard, name)), {
    ...(earlier === undefined ? {} : { earlier: earlier.fleet }),
    driverKey,
    recognise: (miner, reading) => inventory.check(miner, reading),
  });
  noticeFirmware(fleet, log);
  earnings.follow(config);
  earnings.watch(fleet);
  health.watch(fleet, config.poll.interval_seconds);
  learning.follow(learningSettings(config));
  const poolsKey = JSON.stringify([config.pools, [...poolKeys]]);
  const pools = earlier?.poolsKey === poolsKey ? earlier.pools : createPools({
    log, onReading: (pool, reading) => earnings.onReading(pool, reading),
    pools: config.pools.map((pool) => ({
      config: pool,
      adapter: adapters[pool.type]({
        name: pool.name, baseUrl: pool.base_url, wampUrl: pool.wamp_url, user: pool.user, organization: pool.organization, intervalMs: pool.interval_seconds * 1000, mismatch: mismatches.count,
        apiKey: poolKeys.get(pool.name)?.apiKey, apiSecret: poolKeys.get(pool.name)?.apiSecret,
      }),
    })),
  });
  const going = earlier !== undefined && JSON.stringify(earlier.config.poll) === JSON.stringify(config.poll) ? earlier : undefined;
  const goesOn = going !== undefined;
  const poolsGoOn = pools === earlier?.pools;
  const loop = going?.loop ?? createPollLoop(fleet, config.poll);
  const chips = going?.chips ?? createChips(fleet, config.poll);
  const logs = createLogWatch(fleet, logMemory);
  const drift = createDriftWatch(fleet, knownStates, { log, settingsIntervalMs: config.poll.settings_interval_seconds * 1000 });
  const views = createViews({ config, fleet, pools, logs, earnings, drift, health, adviceOf: (miner) => new Map(recommendations.openFor(miner).flatMap(({ kind, expected }) => (expected?.usdPerDay === undefined ? [] : [[kind, expected.usdPerDay.value]]))) });
  const recommendations: Recommendations = createRecommendations({
    store: adviceStore, limits: limitsOf(config), model: () => (abacus ?? adviceModel).model, madeBy: ({ miner = '', to = '' }) => ({ version: learning.inForce.version, backend: abacus?.model.overlay?.has(overlayKey({ miner, preset: to })) === true ? 'abacus' : learning.inForce.backend }),
    facts: () => [...fleet.all()].map((miner) => factsOf(miner, views.worthOf(miner), {
      slept: recommendations.slept(miner.config.name), overheatTemperature: drift.overheatTemperature(miner.config.name), psuWatts: config.advice.psu_watts[miner.model],
    })),
    general: () => [...learning.advice(), ...priceAdvice(pools.all().flatMap((pool) => {
      const reading = pools.fresh(pool);
      return reading?.usdPerMegahashDay === undefined ? [] : [{ name: pool.config.name, usdPerMegahashDay: reading.usdPerMegahashDay * (1 - (reading.fees[pool.config.mode] ?? 0)), used: (reading.workers?.length ?? 0) > 0 }];
    }))],
    tell: (miner, from, to) => fleet.report({ miner, at: Date.now(), kind: 'advice', from, to }),
    control: {
      approval: (id) => control.approvals().find((one) => one.id === id),
      ended(job, name) {
        const target = control.job(job)?.targets.find(({ miner }) => miner === name);
        // What may have been done is judged by what the miner does a day later.
        if (target?.finishedAt === undefined || target.state === 'indeterminate') return undefined;
        return { done: target.state === 'verified', rolledBack: target.rollBackTo !== undefined, detail: target.detail ?? `${target.state}, without a reason` };
      },
    },
    workOf(name) {
      const miner = fleet.get(name);
      const reading = miner === undefined || !fleet.isFresh(miner) ? undefined : miner.reading;
      const hashrate = reading?.hashrateAverage ?? reading?.hashrate;
      return reading === undefined || hashrate === undefined || reading.powerWatts === undefined || phaseOf(reading) !== 'steady' ? undefined : { hashrate, powerWatts: reading.powerWatts };
    },
  });
  // What was read before is compared at once, or peers' distances would be gone for a round.
  if (earlier !== undefined) views.comparePeers();
  const control = createControl({ fleet, config: config.control, audit, log, history, journal, means, guard, onVerified: (miner, action, actor) => drift.made(miner, madeBy(action, actor)), groups: config.groups, profitChange: (miner, effect) => profitChange(views.of(miner), effect), breakerWatts: (circuit) => config.circuits[circuit]?.breaker_watts, profitOf: (miner) => views.of(miner).money.profitUsdPerDay });
  const schedules = createSchedules({ config, fleet, control, store: scheduleStore, tariffs: earnings.tariffs, money: (miner) => views.presetMoney(miner), log, folder });
  const probes = createProbes({
    inventory: config.miners, own: { fleet, views }, concurrency: config.poll.concurrency,
    guestOf(miner) {
      const one = fleetOf([miner]);
      return { fleet: one, views: createViews({ config, fleet: one, pools, earnings }) };
    },
  });
  const registry = createMetricsRegistry({ config, fleet, pools, views, chips, logs, loop, control, schedules, mismatches, version, reloadState, inventory, self, shard, earnings, learning, recommendations, abacus });
  let ready = false;
  let rounds: NodeJS.Timeout | undefined;
  let scheduling: NodeJS.Timeout | undefined;
  let advising: NodeJS.Timeout | undefined;
  let judgingFirst: NodeJS.Timeout | undefined;

  return {
    config, fleet, pools, control, schedules, loop, chips, poolsKey,
    metrics: metricsApp({ registry, probes, config, shard, addressOf: (name) => fleet.get(name)?.config.address, log, version, ready: () => ready, reload }),
    api: apiApp({ context: { config, fleet, pools, views, control, schedules, recommendations, learning, guard, drift, alive, logs, entries, earnings, version }, tokens, hosts: config.api.hosts, limits, log }),
    start() {
      // Neither `earlier` nor `going` may stand in here: what lives on would hold every core before it.
      if (!goesOn) {
        loop.start();
        chips.start();
      } else {
        loop.follow(fleet);
        chips.follow(fleet);
      }
      logs.start();
      drift.start();
      if (!poolsGoOn) pools.start();
      rounds = setInterval(() => {
        fleet.tick();
        control.tick();
        recommendations.follow();
        // What comes of it reaches the page with each miner's next poll.
        views.comparePeers();
      }, config.poll.interval_seconds * 1000);
      scheduling = setInterval(() => schedules.tick(), scheduleEveryMs);
      const judge = () => {
        try {
          recommendations.evaluate();
        } catch (thrown) {
          log.error({ err: messageOf(thrown) }, 'the fleet could not be judged; advice is as it was');
        }
      };
      // By then every miner was read; what needs a person is told without waiting for the first quarter of an hour.
      judgingFirst = setTimeout(judge, firstAdviceMs);
      advising = setInterval(judge, rules.evaluationMs);
      ready = true;
      if (tokens.length === 0) log.warn('no API token is configured (api.tokens): the API refuses every request; metrics are served');
    },
    async stop(next) {
      ready = false;
      clearInterval(rounds);
      clearInterval(scheduling);
      clearInterval(advising);
      clearTimeout(judgingFirst);
      if (next?.loop !== loop) loop.stop();
      if (next?.chips !== chips) chips.stop();
      logs.stop();
      drift.stop();
      await control.close();
      await schedules.close();
      await probes.close();
      if (next?.pools !== pools) await pools.close();
      await fleet.close();
    },
  };
}

export function learningSettings(config: Config): LearningSettings {
  const { ml, prometheus, miners } = config;
  return {
    prometheusUrl: prometheus?.url, nightly: ml.nightly, nightlyHour: ml.nightly_hour, trainDays: ml.train_days, maxAgeDays: ml.max_age_days, limits: limitsOf(config),
    circuitOf: new Map(miners.flatMap(({ name, circuit }) => (circuit === undefined ? [] : [[name, circuit]]))),
  };
}

function limitsOf({ advice, circuits, sites }: Config): DecisionRules {
  return {
    leastGainUsdPerDay: advice.least_gain_usd_per_day, leastGainRatio: advice.least_gain_ratio, allowSleep: advice.allow_sleep, temperatureLimit: advice.temperature_limit_celsius,
    leastPresetWatts: advice.least_preset_watts, mostPresetWatts: advice.most_preset_watts,
    circuits: new Map(Object.entries(circuits).map(([name, one]) => [name, { breakerWatts: one.breaker_watts, inrushReserveRatio: one.inrush_reserve_ratio }])),
    sites: new Map(sites.flatMap(({ name, limit_watts: watts }) => (watts === undefined ? [] : [[name, watts]]))),
  };
}

/** Where the audit log of a data folder lies. */
export function auditFolder(dataFolder: string): string {
  return path.join(dataFolder, 'audit');
}
