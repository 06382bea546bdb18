/** Who is in the fleet and what was last read of each. */
import type { Config } from '../config/load.ts';
import type { MinerConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { PollFailure, pollFailureRemedies, type CredentialState, type Driver, type Lacks, type PollFailureReason, type PollPace } from '../miners/driver.ts';
import type { Preset, Reading } from '../miners/reading.ts';
import { changesBetween, settingsOf, type Change } from './changes.ts';
import { intentAt, state, type IntentStatement, type StatedIntent } from './intent.ts';
import { changeKinds, type ChangeKind, type Intent, type Memory } from './memory.ts';

/** Consecutive good readings further apart than this many intervals are not joined by an integral. */
const longestGapIntervals = 3;
/** Past this many intervals without a success a miner's measurements are gone (architecture.md, 3.6). */
export const staleAfterIntervals = 3;

/** Beside changes of settings: a miner that answers at another address, another machine under a miner's name, a part that is found to be at fault, what becomes of advice. */
export const eventKinds = [...changeKinds, 'settings', 'password', 'address', 'machine', 'schedule', 'advice', 'health'] as const;
export type EventKind = (typeof eventKinds)[number];

export interface FleetEvent extends Omit<Change, 'kind'> { readonly kind: EventKind; readonly miner: string; readonly at: number }

/** One miner as the rest of the exporter sees it. */
export interface Miner {
  readonly config: MinerConfig;
  /** The last good reading, however old; `isFresh` says whether it still counts. */
  readonly reading?: Reading;
  readonly lastPollAt?: number;
  readonly lastSuccessAt?: number;
  readonly pollSeconds?: number;
  readonly failure?: { readonly reason: PollFailureReason; readonly detail: string };
  readonly failures: ReadonlyMap<PollFailureReason, number>;
  /** Polls that the last resort answered, by the reason why the usual way did not. */
  readonly fallbacks: ReadonlyMap<PollFailureReason, number>;
  readonly consecutiveFailures: number;
  /** True while polls are spaced out. */
  readonly backedOff: boolean;
  readonly model: string;
  readonly intent: Intent;
  /** Who wants it so, why, and until when. */
  readonly stated: StatedIntent;
  readonly hashes: number;
  readonly joules: number;
  readonly unexpected: Readonly<Partial<Record<ChangeKind, number>>>;
  readonly presets?: readonly Preset[];
  readonly credentials: CredentialState;
  /** Commands that its firmware does not have, with the reason. */
  readonly lacks: Lacks;
}

export interface Entry {
  miner: Miner;
  driver: Driver;
  /** What the driver was made from; the same text makes the same driver. */
  key: string;
  /** The fleet that it belongs to; another one after it was handed over. */
  home: { readonly notify: (miner: Miner) => void };
  closed: boolean;
  /** The end of the queue: calls to one miner run one after the other. */
  turn: Promise<unknown>;
  /** Kinds of change that our own actions make, until when (Unix ms). */
  readonly expected: Map<ChangeKind, number>;
}

export interface FleetOptions {
  readonly config: Config;
  readonly memory: Memory;
  readonly driverFor: (miner: MinerConfig) => Driver;
  /** Text that is the same as long as `driverFor` would make the same driver. When absent every fleet makes its own drivers. */
  readonly driverKey?: (miner: MinerConfig) => string;
  /** Says why a reading is not this miner's. */
  readonly recognise?: (miner: Miner, reading: Reading) => PollFailure | undefined;
  readonly log: Logger;
  /** The fleet of the configuration before: a miner that stays as it is keeps its driver, its connection and its place in the queue. */
  readonly earlier?: Fleet;
  /** Unix ms. */
  readonly now?: () => number;
}

export interface Fleet {
  readonly names: readonly string[];
  get(name: string): Miner | undefined;
  all(): Iterable<Miner>;
  /** True while the last success is at most three intervals old. */
  isFresh(miner: Miner): boolean;
  /** Polls once, in turn with other calls to the same miner; a failure is a value in the miner's record. */
  poll(name: string, options: { deadlineMs: number; pace?: PollPace }): Promise<Miner>;
  /** Another call to the miner, in turn. @throws PollFailure */
  call<T>(name: string, use: (driver: Driver) => Promise<T>): Promise<T>;
  /** Enters what the operator wants; nothing is sent to the miner. */
  setIntent(name: string, intent: Intent, statement?: IntentStatement): void;
  /** Ends a window that was stated here; one of the configuration stays. */
  endMaintenance(name: string): void;
  /** Looks at the clock: windows of maintenance begin and end by themselves. */
  tick(): void;
  setPresets(name: string, presets: readonly Preset[]): void;
  setBackedOff(name: string, backedOff: boolean): void;
  /** Announces that an action of ours will change this, for so long. */
  expect(name: string, kinds: readonly ChangeKind[], ms: number): void;
  /** Whether such an action may be changing this now. */
  expects(name: string, kind: ChangeKind): boolean;
  /** Called after every poll and every change of a record. */
  onUpdate(listener: (miner: Miner) => void): void;
  /** From now on the miner is talked to at this address; its record goes on. */
  relocate(name: string, address: string): Promise<void>;
  report(event: FleetEvent): void;
  readonly events: readonly FleetEvent[];
  /** Gives a miner to the fleet of the next configuration, if its driver would be the same. */
  handOver(name: string, key: string, home: Entry['home']): Entry | undefined;
  /** Leaves alone what was handed over. */
  close(): Promise<void>;
}

const keptEvents = 1000;

function withoutFailure(miner: Miner): Miner {
  const { failure: gone, ...rest } = miner;
  return gone === undefined ? miner : rest;
}

/**
 * After a failure the machine behind the address may be another one: its identity is read with the next poll. A miner that ran
 * out of time gets the cheap poll every other time, since the dear one may be what it has no time for.
 */
function paceAfter({ failure, consecutiveFailures }: Miner, usual: PollPace): PollPace {
  return failure !== undefined && (failure.reason !== 'timeout' || consecutiveFailures % 2 === 1) ? 'fresh' : usual;
}

export function createFleet(options: FleetOptions): Fleet {
  const { config, memory, driverFor, driverKey, recognise, log, now = Date.now } = options;
  // Let go below: what is made here lives on, and would hold every fleet before it.
  let { earlier } = options;
  const intervalMs = config.poll.interval_seconds * 1000;
  const listeners: ((miner: Miner) => void)[] = [];
  const home: Entry['home'] = {
    notify(miner) {
      for (const listener of listeners) listener(miner);
    },
  };
  // The same list: a poll of before that is still on the way may yet report.
  const events: FleetEvent[] = (earlier?.events as FleetEvent[] | undefined) ?? [];
  const entries = new Map<string, Entry>(config.miners.map((miner) => {
    const kept = memory.of(miner.name);
    const before = earlier?.get(miner.name);
    const key = driverKey?.(miner) ?? '';
    const stays = driverKey === undefined ? undefined : earlier?.handOver(miner.name, key, home);
    if (stays !== undefined) {
      stays.miner = { ...stays.miner, config: miner, ...intentOf(miner) };
      return [miner.name, stays];
    }
    const driver = driverFor(miner);
    const record: Miner = {
      failures: new Map(), fallbacks: new Map(), consecutiveFailures: 0, backedOff: false, model: kept.model ?? 'unknown',
      hashes: kept.hashes, joules: kept.joules, unexpected: kept.unexpected ?? {},
      ...(before?.config.address === miner.address ? before : {}),
      config: miner, ...intentOf(miner), credentials: 'unknown', lacks: driver.lacks ?? {},
    };
    return [miner.name, { miner: record, driver, key, home, closed: false, turn: Promise.resolve(), expected: new Map() }];
  }));
  earlier = undefined;

  function intentOf(miner: MinerConfig): Pick<Miner, 'intent' | 'stated'> {
    const stated = intentAt(miner, memory.of(miner.name), now());
    return { intent: stated.intent, stated };
  }

  function entryOf(name: string): Entry {
    const entry = entries.get(name);
    if (entry === undefined) throw new RangeError(`there is no miner "${name}"`);
    return entry;
  }

  function update(entry: Entry, change: Partial<Miner>): Miner {
    entry.miner = { ...entry.miner, ...change };
    entry.home.notify(entry.miner);
    return entry.miner;
  }

  function report(event: FleetEvent): void {
    events.unshift(event);
    events.length = Math.min(events.length, keptEvents);
  }

  async function inTurn<T>(entry: Entry, action: () => Promise<T>): Promise<T> {
    const result = entry.turn.then(action);
    entry.turn = result.catch(() => undefined);
    return result;
  }

  function succeed(entry: Entry, reading: Reading, seconds: number): Miner {
    const { miner } = entry;
    const kept = memory.of(miner.config.name);
    integrate(miner.reading, reading);
    memory.record(miner.config.name);
    // The last resort writes pools and versions in other words, which would look like somebody's change.
    if (reading.fallback === undefined) notice();
    const fallbacks = noticeFallback(entry, reading);
    if (miner.failure !== undefined) log.info({ miner: miner.config.name, after: miner.failure.reason }, 'the miner answers again');
    const failures = noticeCredentials(entry);
    kept.model = reading.identity?.model ?? miner.model;
    entry.miner = withoutFailure(miner);
    return update(entry, {
      reading, failures, fallbacks, lastPollAt: now(), lastSuccessAt: reading.at, pollSeconds: seconds, consecutiveFailures: 0, model: kept.model,
      hashes: kept.hashes, joules: kept.joules, unexpected: { ...kept.unexpected }, ...intentOf(miner.config), credentials: entry.driver.credentials,
      ...(reading.presets === undefined ? {} : { presets: reading.presets }),
    });

    /** Trapezoid between two readings; across a gap nothing is invented. */
    function integrate(before: Reading | undefined, after: Reading): void {
      if (before === undefined || after.at - before.at > longestGapIntervals * intervalMs) return;
      const span = Math.max(0, after.at - before.at) / 1000;
      if (before.hashrate !== undefined && after.hashrate !== undefined) kept.hashes += ((before.hashrate + after.hashrate) / 2) * span;
      if (before.powerWatts !== undefined && after.powerWatts !== undefined) kept.joules += ((before.powerWatts + after.powerWatts) / 2) * span;
    }

    function notice(): void {
      const seen = settingsOf(reading);
      for (const change of changesBetween(kept.seen, seen)) {
        if ((entry.expected.get(change.kind) ?? 0) > now()) continue;
        // Mining that resumes by itself, as after a reboot, is what the operator wants.
        if (change.kind === 'mining' && change.to === (intentOf(miner.config).intent === 'mine' ? 'mining' : 'stopped')) continue;
        const counts = kept.unexpected ?? { preset: 0, pool: 0, firmware: 0, mining: 0 };
        counts[change.kind] += 1;
        kept.unexpected = counts;
        report({ ...change, miner: miner.config.name, at: reading.at });
        log.warn({ miner: miner.config.name, ...change }, 'changed, but not through Hashfleet');
      }
      kept.seen = { ...kept.seen, ...seen };
    }
  }

  /** Said once when a miner goes to the last resort, or goes there for another reason, and once when it comes back; counted each time. */
  function noticeFallback({ miner }: Entry, { fallback }: Reading): ReadonlyMap<PollFailureReason, number> {
    const before = miner.reading?.fallback;
    if (fallback === undefined) {
      if (before !== undefined) log.info({ miner: miner.config.name, after: before.reason }, 'the miner is read the usual way again');
      return miner.fallbacks;
    }
    if (before?.reason !== fallback.reason) {
      log.warn({ miner: miner.config.name, address: miner.config.address, reason: fallback.reason, detail: fallback.detail, remedy: pollFailureRemedies[fallback.reason] }, 'the miner is read over TCP 4028, which says less, because the usual way failed');
    }
    return new Map(miner.fallbacks).set(fallback.reason, (miner.fallbacks.get(fallback.reason) ?? 0) + 1);
  }

  /** Reading needs no password, so a refused one does not fail the poll; it is told and counted once all the same. */
  function noticeCredentials({ miner, driver }: Entry): ReadonlyMap<PollFailureReason, number> {
    const [before, after] = [miner.credentials, driver.credentials];
    if (after === before) return miner.failures;
    if (after !== 'refused' && after !== 'locked_out') {
      if (before === 'refused' || before === 'locked_out') log.info({ miner: miner.config.name }, 'the miner accepts the password again');
      return miner.failures;
    }
    const reason = after === 'refused' ? 'auth' : 'locked_out';
    log.warn({ miner: miner.config.name, address: miner.config.address, reason, remedy: pollFailureRemedies[reason] }, 'the miner is read, but refuses the password: no presets, no actions');
    return new Map(miner.failures).set(reason, (miner.failures.get(reason) ?? 0) + 1);
  }

  function fail(entry: Entry, thrown: unknown, seconds: number): Miner {
    const { miner } = entry;
    const failure = thrown instanceof PollFailure ? thrown : new PollFailure('internal', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
    const failures = new Map(miner.failures).set(failure.reason, (miner.failures.get(failure.reason) ?? 0) + 1);
    // Once per change of reason, not at each poll.
    if (miner.failure?.reason !== failure.reason) {
      const fields = { miner: miner.config.name, address: miner.config.address, reason: failure.reason, detail: failure.message, remedy: pollFailureRemedies[failure.reason] };
      if (failure.reason === 'internal') log.error({ ...fields, err: failure.cause }, 'the miner cannot be read');
      else log.warn(fields, 'the miner cannot be read');
    }
    return update(entry, {
      failures, failure: { reason: failure.reason, detail: failure.message }, lastPollAt: now(), pollSeconds: seconds,
      consecutiveFailures: miner.consecutiveFailures + 1, credentials: entry.driver.credentials,
    });
  }

  return {
    names: [...entries.keys()],
    get: (name) => entries.get(name)?.miner,
    *all() {
      for (const { miner } of entries.values()) yield miner;
    },
    isFresh: (miner) => miner.lastSuccessAt !== undefined && now() - miner.lastSuccessAt <= staleAfterIntervals * intervalMs,
    async poll(name, { deadlineMs, pace = 'usual' }) {
      const entry = entryOf(name);
      return inTurn(entry, async () => {
        const started = performance.now();
        const seconds = () => (performance.now() - started) / 1000;
        const deadline = new AbortController();
        const timer = setTimeout(() => deadline.abort(), deadlineMs);
        try {
          const reading = await entry.driver.poll(deadline.signal, paceAfter(entry.miner, pace));
          const refusal = recognise?.(entry.miner, reading);
          if (refusal !== undefined) throw refusal;
          return succeed(entry, reading, seconds());
        } catch (thrown) {
          return fail(entry, thrown, seconds());
        } finally {
          clearTimeout(timer);
        }
      });
    },
    async call(name, use) {
      const entry = entryOf(name);
      return inTurn(entry, async () => use(entry.driver));
    },
    setIntent(name, intent, statement = {}) {
      const entry = entryOf(name);
      state(memory.of(name), intent, statement);
      memory.saveSoon();
      update(entry, intentOf(entry.miner.config));
    },
    endMaintenance(name) {
      const entry = entryOf(name);
      delete memory.of(name).maintenance;
      memory.saveSoon();
      update(entry, intentOf(entry.miner.config));
    },
    tick() {
      for (const entry of entries.values()) {
        const wanted = intentOf(entry.miner.config);
        if (wanted.intent !== entry.miner.intent) update(entry, wanted);
      }
    },
    setPresets: (name, presets) => void update(entryOf(name), { presets }),
    setBackedOff(name, backedOff) {
      const entry = entryOf(name);
      if (entry.miner.backedOff !== backedOff) update(entry, { backedOff });
    },
    expect(name, kinds, ms) {
      for (const kind of kinds) entryOf(name).expected.set(kind, now() + ms);
    },
    expects: (name, kind) => (entries.get(name)?.expected.get(kind) ?? 0) > now(),
    onUpdate: (listener) => void listeners.push(listener),
    async relocate(name, address) {
      const entry = entryOf(name);
      await inTurn(entry, async () => {
        const { config: before } = entry.miner;
        if (entry.closed || before.address === address) return;
        const { configuredAddress = before.address, ...rest } = before;
        const moved: MinerConfig = { ...rest, address, ...(configuredAddress === address ? {} : { configuredAddress }) };
        const old = entry.driver;
        entry.driver = driverFor(moved);
        entry.key = driverKey?.(moved) ?? '';
        report({ miner: name, at: now(), kind: 'address', from: before.address, to: address });
        log.warn({ miner: name, from: before.address, to: address, configured: configuredAddress }, 'the miner answers at another address and is read there');
        update(entry, { config: moved, consecutiveFailures: 0, backedOff: false });
        await old.close();
      });
    },
    report,
    events,
    handOver(name, key, next) {
      const entry = entries.get(name);
      if (entry?.home !== home || entry.key !== key) return undefined;
      entry.home = next;
      return entry;
    },
    async close() {
      memory.save();
      await Promise.all([...entries.values()].filter((entry) => entry.home === home).map(async (entry) => {
        entry.closed = true;
        await entry.driver.close();
      }));
    },
  };
}
