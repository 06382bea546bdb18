/**
 * What the miners write into their own logs, read seldom: every ten minutes, and soon after a miner got into trouble. Lines that are
 * new since the last read are counted by what they mean, each once, however often the log is read and wherever it begins.
 */
import type { Driver } from '../miners/driver.ts';
import { troubleEvents, type LogEvent, type LogLine } from '../miners/log-line.ts';
import type { MinerState } from '../miners/reading.ts';
import type { Fleet, Miner } from './fleet.ts';
import { phase } from './poll-loop.ts';

/** Ms between two reads of a miner that is well. */
const intervalMs = 10 * 60_000;
/** Ms after a miner got into trouble: its log is written by then. */
const settleMs = 3000;
/** Ms for one read: the miner's polls wait for it. */
const deadlineMs = 5000;
/** Lines that are compared to find where the last read ended; far more than are alike by chance. */
const tailLines = 50;
const keptEvents = 1000;

/** States whose reason stands in the log. */
const troubled: ReadonlySet<MinerState> = new Set<MinerState>(['restarting', 'failure', 'stopped', 'shutting-down']);

export interface MinerLogEvent extends LogLine {
  readonly miner: string;
  /** Unix ms: by the miner's clock if it was set, else when the line was read. */
  readonly at: number;
  readonly event: LogEvent;
}

/** What outlives a change of the configuration. */
export interface LogMemory {
  /** Newest first. */
  readonly events: MinerLogEvent[];
  readonly counts: Map<string, Map<LogEvent, number>>;
  /** Where the last read of a miner's log ended, by miner and type. */
  readonly tails: Map<string, readonly string[]>;
}

export function createLogMemory(): LogMemory {
  return { events: [], counts: new Map(), tails: new Map() };
}

export interface LogWatch {
  /** Newest first. */
  readonly events: readonly MinerLogEvent[];
  /** Lines counted so far; undefined until a log of the miner was read. */
  counts(miner: string): ReadonlyMap<LogEvent, number> | undefined;
  /** Reads now. A miner that cannot be read is left for the next time: the poll loop tells why. */
  read(miner: string, types: readonly string[]): Promise<void>;
  start(): void;
  stop(): void;
  /** Called when a miner's counts changed. */
  onUpdate(listener: (miner: string) => void): void;
}

export function createLogWatch(fleet: Fleet, { events, counts, tails }: LogMemory, now: () => number = Date.now): LogWatch {
  const listeners: ((miner: string) => void)[] = [];
  const timers = new Map<string, NodeJS.Timeout>();
  const states = new Map<string, MinerState | undefined>();
  let running = false;

  async function read(name: string, types: readonly string[]): Promise<void> {
    const miner = fleet.get(name);
    if (miner === undefined || miner.failure !== undefined || miner.reading === undefined) return;
    for (const type of types) {
      const lines = await linesOf(name, type);
      if (lines !== undefined) take(name, type, lines);
    }
  }

  async function linesOf(name: string, type: string): Promise<readonly LogLine[] | undefined> {
    try {
      return await fleet.call(name, async (driver: Driver) => (driver.logTypes?.includes(type) === true ? driver.log?.(type, AbortSignal.timeout(deadlineMs)) : undefined));
    } catch {
      // Left for the next time.
      return undefined;
    }
  }

  function take(name: string, type: string, lines: readonly LogLine[]): void {
    const key = `${name} ${type}`;
    const [texts, tail] = [lines.map(identityOf), tails.get(key)];
    tails.set(key, texts.slice(-tailLines));
    const known = counts.get(name) ?? new Map<LogEvent, number>(troubleEvents.map((event) => [event, 0]));
    counts.set(name, known);
    // What stands there at the first read happened before our time.
    const fresh = tail === undefined ? [] : lines.slice(newFrom(texts, tail));
    for (const line of fresh) {
      const { event } = line;
      if (event === undefined) continue;
      known.set(event, (known.get(event) ?? 0) + 1);
      events.unshift({ ...line, event, miner: name, at: line.at ?? now() });
    }
    events.length = Math.min(events.length, keptEvents);
    for (const listener of listeners) listener(name);
  }

  function schedule(name: string, ms: number, types: readonly string[]): void {
    if (!running) return;
    clearTimeout(timers.get(name));
    timers.set(name, setTimeout(() => {
      schedule(name, intervalMs, ['status']);
      void read(name, types);
    }, ms));
  }

  function notice({ config: { name }, reading, failure }: Miner): void {
    if (failure !== undefined || reading === undefined) return;
    const known = states.has(name);
    const before = states.get(name);
    states.set(name, reading.state);
    if (!known) schedule(name, settleMs + phase(name) * settleMs, ['status', 'miner']);
    else if (reading.state !== before && reading.state !== undefined && troubled.has(reading.state)) schedule(name, settleMs, ['status', 'miner']);
  }

  fleet.onUpdate(notice);
  return {
    events,
    counts: (miner) => counts.get(miner),
    read,
    start() {
      running = true;
    },
    stop() {
      running = false;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
    onUpdate: (listener) => void listeners.push(listener),
  };
}

function identityOf({ at, level, text }: LogLine): string {
  return `${at ?? ''} ${level ?? ''} ${text}`;
}

/**
 * Index of the first line of `lines` that is newer than `tail`, the last lines of the read before. The whole tail is looked for
 * first; else its end at the begin of the log, as after old lines were dropped. A log in which nothing of it is left is all new.
 */
export function newFrom(lines: readonly string[], tail: readonly string[]): number {
  const length = tail.length;
  for (let end = length; end <= lines.length; end += 1) {
    if (tail.every((line, index) => lines[end - length + index] === line)) return end;
  }
  for (let kept = Math.min(length, lines.length); kept > 0; kept -= 1) {
    if (tail.slice(length - kept).every((line, index) => lines[index] === line)) return kept;
  }
  return 0;
}
