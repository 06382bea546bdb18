/**
 * Gathers each miner's hours from its readings and has them judged by a thread of its own, once an hour. Lives on over changes of the
 * configuration. Its promises: a round never runs on the event loop; without a thread mining is watched all the same, and that is said.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { addMissed, addReading, closeHour, hourMs, openHour, type Before, type OpenHour } from '../analytics/hours.ts';
import type { Subject } from '../analytics/residuals.ts';
import type { MinerGap } from '../earnings/reconciliation.ts';
import { messageOf } from '../errors.ts';
import type { Fleet, Miner } from '../fleet/fleet.ts';
import type { Logger } from '../log.ts';
import type { FittedModel, FromWorker, ToWorker } from './worker.ts';
import type { HourOf, MinerHealth } from './rounds.ts';

/** Ms after the end of an hour at which it is closed: polls on the way still belong to it. */
const closeAfterMs = 120_000;
const lookEveryMs = 30_000;
/** A round makes much that is thrown away at once: with the usual 16 MB of room for that, collecting takes longer than judging. */
export const threadLimits = { maxYoungGenerationSizeMb: 192 } as const;
/** A judgement that is older says nothing of the present. */
const freshMs = 3 * hourMs;
/** An interval of 99 % reaches so many standard deviations to both sides. */
const z99 = 2.5758;

export interface HealthOptions {
  /** Nothing is kept without it. */
  readonly dataFolder?: string | undefined;
  readonly log: Logger;
  /** What the pool credits of the miner's work. */
  readonly poolGap?: (miner: string) => MinerGap | undefined;
  /** Told of the hours that are over. */
  readonly onHours?: ((hours: readonly HourOf[]) => void) | undefined;
  /** Given the model for advice each time that one was fitted. */
  readonly onModel?: (fitted: FittedModel) => void;
  /** Unix ms. */
  readonly now?: () => number;
}

export interface Health {
  /** Watches these miners from now on, polled so often; what others were is forgotten. */
  watch(fleet: Fleet, intervalSeconds: number): void;
  of(miner: string): MinerHealth | undefined;
  /** Looks at the clock and sends the hour that is over to be judged; the promise ends when that has been answered. */
  look(): Promise<void>;
  start(): void;
  close(): void;
}

interface Follow {
  readonly hours: Map<number, OpenHour>;
  before?: Before;
  polledAt?: number;
  identity?: string;
  subject: Subject;
}

export function openHealth({ dataFolder, log, poolGap, onHours, onModel, now = Date.now }: HealthOptions): Health {
  const followed = new Map<string, Follow>();
  let latest: ReadonlyMap<string, MinerHealth> = new Map();
  let judgedUntil = Math.floor(now() / hourMs) * hourMs;
  let pollsAnHour = 240;
  let told: Fleet | undefined;
  let worker: Worker | undefined;
  let waiting: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;

  const file = dataFolder === undefined ? undefined : path.join(dataFolder, 'hours.bin');

  /** Made with the first use: a service that runs for a minute and has no hours needs none. */
  function thread(): Worker {
    if (worker !== undefined) return worker;
    const source = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
    const made = new Worker(new URL(source, import.meta.url), { resourceLimits: threadLimits, workerData: file === undefined ? {} : { file } });
    made.unref();
    made.on('message', (message: FromWorker) => {
      if (message.kind === 'notice') log[message.level]({ detail: message.detail }, message.text);
      else if (message.kind === 'model') onModel?.(message.fitted);
      else {
        latest = message.health;
        tell(message.health);
        log.debug({ miners: latest.size, milliseconds: message.milliseconds }, 'health was judged');
        done();
      }
    });
    made.on('error', (thrown) => {
      log.error({ err: messageOf(thrown) }, 'the thread that judges health has failed; the next hour starts it anew');
      if (worker === made) worker = undefined;
      done();
    });
    worker = made;
    return made;
  }

  /** What is found of a miner is told when it begins, becomes another part or ends. */
  function tell(health: ReadonlyMap<string, MinerHealth>): void {
    for (const [miner, { at, changed, finding }] of health) {
      if (changed === undefined || !followed.has(miner)) continue;
      const { from = 'none', to = 'none' } = changed;
      told?.report({ miner, at, kind: 'health', from, to });
      log.info({ miner, from, to, ...(finding === undefined ? {} : { evidence: finding.text }) }, finding === undefined ? 'nothing is found to be at fault with the miner any more' : 'a part of the miner is likely at fault');
    }
  }

  function done(): void {
    waiting?.();
    waiting = undefined;
  }

  function send(message: ToWorker): void {
    thread().postMessage(message);
  }

  function notice(miner: Miner): void {
    const follow = followed.get(miner.config.name);
    if (follow === undefined || miner.lastPollAt === undefined || miner.lastPollAt === follow.polledAt) return;
    follow.polledAt = miner.lastPollAt;
    const { name, site, rack, circuit } = miner.config;
    follow.subject = { miner: name, model: miner.model, site, ...(rack === undefined ? {} : { rack }), ...(circuit === undefined ? {} : { circuit }) };
    const at = Math.floor(miner.lastPollAt / hourMs) * hourMs;
    let hour = follow.hours.get(at);
    if (hour === undefined) follow.hours.set(at, hour = openHour(at));
    const wanted = miner.intent === 'mine';
    if (miner.failure !== undefined || miner.reading === undefined) {
      // A miner that is switched off on purpose is not missed.
      if (wanted) addMissed(hour);
      return;
    }
    const { identity } = miner.reading;
    const known = identity?.mac === undefined ? undefined : `${identity.mac} ${identity.firmware ?? ''} ${identity.firmwareVersion ?? ''}`;
    if (known !== undefined && follow.identity !== undefined && known !== follow.identity) send({ kind: 'rebase', miner: name });
    if (known !== undefined) follow.identity = known;
    follow.before = addReading(hour, miner.reading, { before: follow.before, wanted });
  }

  function closed(until: number): HourOf[] {
    const all: HourOf[] = [];
    for (const { hours, subject } of followed.values()) {
      for (const [at, hour] of hours) {
        if (at >= until) continue;
        hours.delete(at);
        const gap = poolGap?.(subject.miner);
        // Of an outage of the exporter's own several hours may lie open; only the last is of now.
        if (at === until - hourMs) all.push({ subject, hour: closeHour(hour, pollsAnHour, gap === undefined ? undefined : { ratio: gap.gap.parts.unexplained, deviation: (gap.gap.high - gap.gap.low) / (2 * z99) }) });
      }
    }
    return all;
  }

  async function look(): Promise<void> {
    const until = Math.floor((now() - closeAfterMs) / hourMs) * hourMs;
    if (until <= judgedUntil) return;
    judgedUntil = until;
    const hours = closed(until);
    if (hours.length === 0) return;
    onHours?.(hours);
    await new Promise<void>((resolve) => {
      waiting = resolve;
      try {
        send({ kind: 'round', hours });
      } catch (thrown) {
        log.error({ err: messageOf(thrown) }, 'health cannot be judged: no thread could be started');
        done();
      }
    });
  }

  return {
    watch(fleet, intervalSeconds) {
      pollsAnHour = 3600 / intervalSeconds;
      told = fleet;
      const names = new Set(fleet.names);
      for (const name of followed.keys()) if (!names.has(name)) {
        followed.delete(name);
        if (worker !== undefined) send({ kind: 'forget', miner: name });
      }
      for (const { config: { name, site }, model } of fleet.all()) if (!followed.has(name)) followed.set(name, { hours: new Map(), subject: { miner: name, model, site } });
      fleet.onUpdate(notice);
    },
    of(miner) {
      const health = latest.get(miner);
      return health === undefined || !followed.has(miner) || now() - health.at > freshMs ? undefined : health;
    },
    look,
    start() {
      timer ??= setInterval(() => void look(), lookEveryMs).unref();
      // What the hours on disk say is known to advice at once, not only after the next hour.
      if (file !== undefined && existsSync(file)) thread();
    },
    close() {
      clearInterval(timer);
      void worker?.terminate();
      worker = undefined;
      done();
    },
  };
}
