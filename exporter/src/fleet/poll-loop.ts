/**
 * Gives each miner its turn. Its promises, each with a test in test/poll-loop.test.ts:
 *  1. Miners are spread over the interval by their names, not polled all at once.
 *  2. Every poll has its own deadline; a hung miner delays nobody.
 *  3. A miner is never polled twice at the same time; a turn that comes too early is left out and counted.
 *  4. Over all miners no more polls run at once than configured; what takes longer than half a second holds its connection
 *     but nobody's place, and miners that keep failing share a small allowance of their own. So even a third of a fleet that
 *     hangs all at once delays the others by no more than a moment.
 *  5. A miner that keeps failing is asked less and less often, up to a limit, and at the usual pace again after one success.
 *  6. Stopping waits for nothing and leaves no timer behind.
 *  7. With the fleet of a new configuration it goes on: who stays keeps its pace, who is new gets a turn, who is gone none.
 */
import { createHistogram } from 'node:perf_hooks';
import pLimit from 'p-limit';
import type { Config } from '../config/load.ts';
import type { Fleet } from './fleet.ts';

/** Failures in a row before polls are spaced out: one lost packet is no reason. */
const failuresBeforeBackOff = 3;
/** Longest pause, in intervals: a miner that comes back is seen within two minutes at 15 s. */
const longestPauseIntervals = 8;

/** Ms for which a poll holds a place; a healthy miner answers in a tenth of it. One that keeps failing has few places, and gives its own back sooner. */
const [placeMs, failingPlaceMs] = [500, 100];

export interface PollLoop {
  start(): void;
  /** Goes on with another fleet. */
  follow(next: Fleet): void;
  /** The miner's next turn is now. */
  hurry(name: string): void;
  stop(): void;
  /** Polls that are running. */
  readonly inFlight: number;
  /** Turns left out because the poll before was still running. */
  readonly skipped: number;
  /** Seconds by which the latest poll began behind its schedule. */
  readonly lagSeconds: number;
  /** 99th percentile of that among miners that do not keep failing, over the last one to two minutes; 0 before the first poll. */
  readonly lagP99Seconds: number;
}

export function createPollLoop(first: Fleet, config: Config['poll']): PollLoop {
  let fleet = first;
  const intervalMs = config.interval_seconds * 1000;
  const deadlineMs = config.deadline_seconds * 1000;
  const healthy = pLimit(config.concurrency);
  const failing = pLimit(Math.max(1, Math.ceil(config.concurrency / 8)));
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<string>();
  const lags = createLags();
  let [inFlight, skipped, lagSeconds, stopped] = [0, 0, 0, true];

  function schedule(name: string, due: number): void {
    if (stopped) return;
    timers.set(name, setTimeout(() => turn(name, due), Math.max(0, due - Date.now())));
  }

  function turn(name: string, due: number): void {
    const miner = fleet.get(name);
    if (miner === undefined) return;
    const pause = pauseIntervals(miner.consecutiveFailures);
    // A fixed grid: a slow poll does not shift the miner's phase. After a long sleep of the machine, no catching up.
    const late = Math.max(0, Math.floor((Date.now() - due) / intervalMs));
    schedule(name, due + intervalMs * (late + pause));
    if (running.has(name)) {
      skipped += 1;
      return;
    }
    running.add(name);
    const limit = pause > 1 ? failing : healthy;
    void limit(async () => {
      const done = poll();
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([done, new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limit === failing ? failingPlaceMs : placeMs);
        timer.unref();
      })]);
      clearTimeout(timer);
    });

    async function poll(): Promise<void> {
      // The fleet of now, also after the poll: it may have been followed by another meanwhile.
      const present = fleet;
      inFlight += 1;
      lagSeconds = Math.max(0, Date.now() - due) / 1000;
      // Of miners that answer: what the others wait for is their own.
      if (limit === healthy) lags.record(lagSeconds);
      try {
        if (stopped || present.get(name) === undefined) return;
        const next = pauseIntervals((await present.poll(name, { deadlineMs })).consecutiveFailures);
        present.setBackedOff(name, next > 1);
        if (next === pause || fleet.get(name) === undefined) return;
        clearTimeout(timers.get(name));
        // Back at the usual pace at once, not after the long pause.
        schedule(name, next < pause ? Date.now() + intervalMs : due + intervalMs * (late + next));
      } finally {
        inFlight -= 1;
        running.delete(name);
      }
    }
  }

  return {
    start() {
      stopped = false;
      const began = Date.now();
      for (const name of fleet.names) schedule(name, began + phase(name) * intervalMs);
    },
    follow(next) {
      fleet = next;
      for (const [name, timer] of timers) {
        if (next.get(name) !== undefined) continue;
        clearTimeout(timer);
        timers.delete(name);
      }
      const began = Date.now();
      for (const name of next.names) if (!timers.has(name)) schedule(name, began + phase(name) * intervalMs);
    },
    hurry(name) {
      if (!timers.has(name)) return;
      clearTimeout(timers.get(name));
      schedule(name, Date.now());
    },
    stop() {
      stopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
      healthy.clearQueue();
      failing.clearQueue();
    },
    get inFlight() {
      return inFlight;
    },
    get skipped() {
      return skipped;
    },
    get lagSeconds() {
      return lagSeconds;
    },
    get lagP99Seconds() {
      return lags.p99();
    },
  };
}

const lagWindowMs = 60_000;

/** Lateness of polls in two windows that take turns, so that what is long past is forgotten. Seconds. */
function createLags() {
  let [present, before] = [createHistogram(), createHistogram()];
  let began = Date.now();
  const turn = () => {
    const age = Date.now() - began;
    if (age < lagWindowMs) return;
    before.reset();
    if (age < 2 * lagWindowMs) [present, before] = [before, present];
    else present.reset();
    began = Date.now();
  };
  return {
    record(seconds: number) {
      turn();
      // Whole milliseconds, and one more: the histogram begins at 1.
      present.record(Math.round(seconds * 1000) + 1);
    },
    p99() {
      turn();
      const all = createHistogram();
      all.add(present);
      all.add(before);
      return all.count === 0 ? 0 : (all.percentile(99) - 1) / 1000;
    },
  };
}

/** Intervals until the next poll: 1, then 2, 4, 8 for a miner that keeps failing. */
export function pauseIntervals(consecutiveFailures: number): number {
  const steps = consecutiveFailures - failuresBeforeBackOff + 1;
  return steps <= 0 ? 1 : Math.min(2 ** steps, longestPauseIntervals);
}

/**
 * A miner's place in the interval, 0 to 1, always the same for the same name: FNV-1a, and then MurmurHash3's finalizer,
 * since FNV alone leaves names that differ in the last character (l9-01, l9-02) close together.
 */
export function phase(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
