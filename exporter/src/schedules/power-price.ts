/** The price of power from a file or a URL, for schedules that go by it. Unlike coins' prices it may jump, and fall below zero. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { isLosslessNumber } from 'lossless-json';
import { parse } from 'yaml';
import type { ScheduleConfig } from '../config/schema.ts';
import { pointed } from '../earnings/prices.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { poolHttp, statusReason } from '../pools/http.ts';

export interface PowerPrice {
  /** USD per kWh. */
  readonly usd: number;
  /** Unix ms of when it was read or written. */
  readonly at: number;
}

export interface PowerPrices {
  /** Reads what is due; what a URL says is there at a later look. */
  refresh(schedules: readonly ScheduleConfig[]): void;
  /** The last known, however old. */
  of(schedule: ScheduleConfig): PowerPrice | undefined;
  close(): Promise<void>;
}

const deadlineMs = 15_000;

export function createPowerPrices({ folder, log, now }: { folder: string; log: Logger; now: () => number }): PowerPrices {
  const known = new Map<string, PowerPrice>();
  const askedAt = new Map<string, number>();
  const complained = new Set<string>();
  const ending = new AbortController();
  const underway = new Set<Promise<void>>();

  function take(key: string, { value, scale, at }: { value: unknown; scale: number; at: number }): void {
    // Numbers of a reply over HTTP come as objects that keep their digits.
    const text = typeof value === 'number' || typeof value === 'string' || isLosslessNumber(value) ? String(value).trim() : '';
    const number = text === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(number)) throw new TypeError('there is no number at the pointer');
    known.set(key, { usd: number * scale, at });
    if (complained.delete(key)) log.info({ source: key }, 'the price of power is known again');
  }

  function complain(key: string, thrown: unknown): void {
    if (complained.has(key)) return;
    complained.add(key);
    log.warn({ source: key, err: messageOf(thrown).slice(0, 300) }, 'the price of power cannot be read; the one before counts until it is too old, then schedules hold what they have');
  }

  async function ask(key: string, url: string, { pointer, scale }: { pointer: string; scale: number }): Promise<void> {
    const { origin, pathname, search } = new URL(url);
    const http = poolHttp(origin);
    try {
      const { status, body } = await http.getJson(`${pathname}${search}`, AbortSignal.any([ending.signal, AbortSignal.timeout(deadlineMs)]));
      if (statusReason(status) !== undefined) throw new Error(`it answered ${status}`);
      take(key, { value: pointed(body, pointer), scale, at: now() });
    } catch (thrown) {
      if (!ending.signal.aborted) complain(key, thrown);
    } finally {
      await http.close();
    }
  }

  return {
    refresh(schedules) {
      for (const { price } of schedules) {
        if (price === undefined || price.source === 'site') continue;
        const { source, scale } = price;
        const key = keyOf(price);
        if ('file' in source) {
          const file = path.resolve(folder, source.file);
          try {
            take(key, { value: pointed(parse(readFileSync(file, 'utf8')) as unknown, source.pointer), scale, at: statSync(file).mtimeMs });
          } catch (thrown) {
            complain(key, thrown);
          }
        } else if (now() - (askedAt.get(key) ?? -Infinity) >= source.interval_seconds * 1000) {
          askedAt.set(key, now());
          const work = ask(key, source.url, { pointer: source.pointer, scale }).finally(() => underway.delete(work));
          underway.add(work);
        }
      }
    },
    of: ({ price }) => (price === undefined ? undefined : known.get(keyOf(price))),
    async close() {
      ending.abort();
      await Promise.all(underway);
    },
  };
}

function keyOf({ source, scale }: NonNullable<ScheduleConfig['price']>): string {
  return source === 'site' ? 'site' : `${'file' in source ? source.file : source.url} ${source.pointer} ${scale}`;
}
