/**
 * A miner that cannot be reached from here: an agent beside it sends its readings (POST /telemetry), and this driver hands the
 * latest one to the poll loop. Nothing is ever dialled, and no command can be given.
 */
import { lacksAll, PollFailure, type Driver } from '../driver.ts';
import type { Reading } from '../reading.ts';

export interface PushOptions {
  /** Ms for which a reading counts; past that the miner is down. */
  readonly freshMs: number;
  /** Unix ms. */
  readonly now?: () => number;
}

const unreachable = 'its readings are pushed by an agent, which takes no commands (driver: push)';

const lacks = lacksAll(unreachable);

export function pushDriver({ freshMs, now = Date.now }: PushOptions): Driver {
  let latest: Reading | undefined;
  return {
    kind: 'push',
    lacks,
    take(reading) {
      const known = latest;
      if (known !== undefined && reading.at < known.at) return { taken: false, newestAt: known.at };
      // The same time again is the same reading: an agent that had no answer sends it twice.
      if (known?.at !== reading.at) latest = reading;
      return { taken: true };
    },
    async poll() {
      if (latest === undefined) return Promise.reject(new PollFailure('not_pushed', 'no reading was pushed yet'));
      const ageMs = now() - latest.at;
      if (ageMs > freshMs) return Promise.reject(new PollFailure('not_pushed', `the last reading was pushed ${Math.round(ageMs / 1000)} s ago`));
      return Promise.resolve(latest);
    },
    presets: async () => Promise.resolve([]),
    send: async ({ action }) => Promise.resolve({ sent: false, detail: lacks[action] }),
    credentials: 'unknown',
    close: async () => Promise.resolve(),
  };
}
