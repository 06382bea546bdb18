/** Every chip of every miner, at its own slow pace: the reply is large and chips change slowly. */
import type { Config } from '../config/load.ts';
import type { ChipsReading } from '../miners/reading.ts';
import { phase } from './poll-loop.ts';
import type { Fleet } from './fleet.ts';

/** Ms for one read; an L9 answers in a few milliseconds, a busy one in seconds. */
const deadlineMs = 10_000;
/** Chips older than this many intervals are no longer shown. */
const staleAfterIntervals = 3;

export interface Chips {
  /** The chips and sensors of a miner while they are fresh. */
  of(miner: string): ChipsReading | undefined;
  start(): void;
  /** Goes on with the fleet of a new configuration: who stays keeps its chips and its turn. */
  follow(next: Fleet): void;
  stop(): void;
  /** A later listener takes the place of the one before. */
  onUpdate(listener: (miner: string) => void): void;
}

/** A miner that cannot be read now is left for its next turn: the poll loop already tells why. */
export function createChips(initial: Fleet, config: Config['poll'], now: () => number = Date.now): Chips {
  let fleet = initial;
  const intervalMs = config.chips_interval_seconds * 1000;
  const readings = new Map<string, { at: number; chips: ChipsReading }>();
  const timers = new Map<string, NodeJS.Timeout>();
  let listener: ((miner: string) => void) | undefined;

  async function read(name: string): Promise<void> {
    const miner = fleet.get(name);
    if (miner === undefined || miner.failure !== undefined || miner.reading === undefined) return;
    try {
      const chips = await fleet.call(name, async (driver) => driver.chips?.(AbortSignal.timeout(deadlineMs)) ?? { chips: [], sensors: [] });
      readings.set(name, { at: now(), chips });
    } catch {
      // Left for the next turn.
    }
    listener?.(name);
  }

  function schedule(name: string, ms: number): void {
    timers.set(name, setTimeout(() => {
      schedule(name, intervalMs);
      void read(name);
    }, ms));
  }

  function begin(): void {
    if (intervalMs === 0) return;
    // The first read soon after the first polls, later ones spread over the whole interval.
    const first = Math.min(intervalMs, config.interval_seconds * 2000);
    for (const name of fleet.names) if (!timers.has(name)) schedule(name, config.interval_seconds * 1000 + phase(name) * first);
  }

  return {
    of(miner) {
      const reading = readings.get(miner);
      return reading !== undefined && now() - reading.at <= staleAfterIntervals * intervalMs ? reading.chips : undefined;
    },
    start: begin,
    follow(next) {
      fleet = next;
      for (const [name, timer] of timers) {
        if (next.get(name) !== undefined) continue;
        clearTimeout(timer);
        timers.delete(name);
        readings.delete(name);
      }
      begin();
    },
    stop() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
    onUpdate(next) {
      listener = next;
    },
  };
}
