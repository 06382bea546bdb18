/**
 * Gives each miner its turn. Its promises, each with a test in test/poll-loop.test.ts:
 *  1. Miners are spread over the interval by their names, not polled all at once.
 *  2. Every poll has its own deadline; a hung miner delays nobody.
 *  3. A miner is never polled twice at the same time; a turn that comes too early is left out and counted.
 *  4. Over all miners no more polls run at once than configured; miners that keep failing share a small allowance of
 *     their own and cannot occupy the healthy ones'.
 *  5. A miner that keeps failing is asked less and less often, up to a limit, and at the usual pace again after one success.
 *  6. Stopping waits for nothing and leaves no timer behind.
 *  7. With the fleet of a new configuration it goes on: who stays keeps its pace, who is new gets a turn, who is gone none.
 */
import pLimit from 'p-limit';
import type { Config } from '../config/load.ts';
import type { Fleet } from './fleet.ts';

/** Failures in a row before polls are spaced out: one lost packet is no reason. */
const failuresBeforeBackOff = 3;
/** Longest pause, in intervals: a miner that comes back is seen within two minutes at 15 s. */
const longestPauseIntervals = 8;

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
}

export function createPollLoop(first: Fleet, config: Config['poll']): PollLoop {
  let fleet = first;
  const intervalMs = config.interval_seconds * 1000;
  const deadlineMs = config.deadline_seconds * 1000;
  const healthy = pLimit(config.concurrency);
  const failing = pLimit(Math.max(1, Math.ceil(config.concurrency / 8)));
  const timers = new Map<string, NodeJS.Timeout>();
  const running = new Set<string>();
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
      // The fleet of now, also after the poll: it may have been followed by another meanwhile.
      const present = fleet;
      if (stopped || present.get(name) === undefined) return;
      inFlight += 1;
      lagSeconds = Math.max(0, Date.now() - due) / 1000;
      try {
        const after = await present.poll(name, { deadlineMs });
        present.setBackedOff(name, pauseIntervals(after.consecutiveFailures) > 1);
        // Back at the usual pace at once, not after the long pause.
        if (pause > 1 && after.consecutiveFailures === 0 && fleet.get(name) !== undefined) {
          clearTimeout(timers.get(name));
          schedule(name, Date.now() + intervalMs);
        }
      } finally {
        inFlight -= 1;
      }
    }).finally(() => running.delete(name));
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
