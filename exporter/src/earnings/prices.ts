/**
 * USD for one coin, from the pool's own reading, an HTTP source, a file and the configuration: each with its source and its age. A
 * price that is too old counts as missing, and one that jumps is refused (prohashing-api.md, 6.1). Nothing is dialled unless the
 * configuration names it.
 */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { PricesConfig, PriceSource } from '../config/schema.ts';
import { watchFiles, type Watch } from '../config/watch.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { poolHttp, statusReason } from '../pools/http.ts';
import { PoolFailure, type PoolFailureReason, type PoolReading } from '../pools/pool.ts';

/** A price that is so many times the one before, or so small a part of it, is a mistake of its source. */
export const largestJump = 10;
const deadlineMs = 15_000;
const longestBackOffMs = 3_600_000;

export interface CoinPrice {
  readonly coin: string;
  readonly usd: number;
  readonly source: PriceSource;
  /** Unix ms of when it is; absent for what the operator wrote without a date. */
  readonly at?: number;
}

/** Why a price was not taken: of an HTTP source as of a pool, `file` for a file that cannot be read, `jump`. */
export type PriceFailureReason = PoolFailureReason | 'file' | 'jump';

export interface Prices {
  /** The first source in the configured order that knows a price that is young enough. */
  of(coin: string): CoinPrice | undefined;
  /** Every price that counts now. */
  all(): readonly CoinPrice[];
  /** Told by a pool. */
  offer(pool: string, reading: PoolReading): void;
  failures(): readonly { readonly source: PriceSource; readonly reason: PriceFailureReason; readonly count: number }[];
  /** Another configuration; starts and ends what it asks for. `folder` is where relative files are looked up. */
  follow(config: PricesConfig, folder: string): void;
  stop(): void;
}

interface Known { readonly usd: number; readonly at?: number }

const fileSchema = z.record(z.string(), z.union([z.number().min(0), z.object({ usd: z.number().min(0), as_of: z.union([z.iso.datetime({ offset: true }), z.iso.date()]).optional() })]));

export function createPrices({ log, now = Date.now }: { log: Logger; now?: () => number }): Prices {
  /** By source and place (pool, file, address), then by coin. */
  const known = new Map<string, Map<string, Known>>();
  const counts = new Map<string, number>();
  let config: PricesConfig | undefined;
  let key = '';
  let watch: Watch | undefined;
  let ending = new AbortController();

  function count(source: PriceSource, reason: PriceFailureReason): void {
    counts.set(`${source} ${reason}`, (counts.get(`${source} ${reason}`) ?? 0) + 1);
  }

  function young(price: Known): boolean {
    return price.at === undefined || now() - price.at <= (config?.max_age_seconds ?? 0) * 1000;
  }

  function take(source: PriceSource, place: string, { coin, usd, at }: { coin: string; usd: number; at?: number }): void {
    const prices = known.get(`${source} ${place}`) ?? new Map<string, Known>();
    known.set(`${source} ${place}`, prices);
    const before = prices.get(coin);
    if (before !== undefined && before.usd > 0 && young(before) && (usd > before.usd * largestJump || usd < before.usd / largestJump)) {
      count(source, 'jump');
      log.warn({ source, coin, before: before.usd, refused: usd }, `a price jumped by more than ${largestJump} times and is refused; the one before counts until it is too old`);
      return;
    }
    prices.set(coin, { usd, ...(at === undefined ? {} : { at }) });
  }

  function readFile(file: string): void {
    try {
      const entries = fileSchema.parse(parse(readFileSync(file, 'utf8')));
      const written = statSync(file).mtimeMs;
      for (const [coin, entry] of Object.entries(entries)) {
        const { usd, as_of: asOf } = typeof entry === 'number' ? { usd: entry, as_of: undefined } : entry;
        take('file', file, { coin: coin.toUpperCase(), usd, at: asOf === undefined ? written : Date.parse(asOf) });
      }
    } catch (thrown) {
      count('file', 'file');
      log.error({ file, err: messageOf(thrown).slice(0, 300) }, 'the file of prices cannot be read; the prices before count until they are too old');
    }
  }

  function dial({ url, pointers, interval_seconds: seconds }: NonNullable<PricesConfig['http']>, signal: AbortSignal): void {
    const { origin, pathname, search } = new URL(url);
    const http = poolHttp(origin);
    let inARow = 0;
    let timer: NodeJS.Timeout;
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      void http.close();
    });
    const next = (ms: number) => {
      if (!signal.aborted) timer = setTimeout(() => void ask(), ms * (1 + Math.random() / 10));
    };
    const ask = async () => {
      let wait = seconds * 1000;
      try {
        const { status, body } = await http.getJson(`${pathname}${search}`, AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]));
        const refused = statusReason(status);
        if (refused !== undefined) throw new PoolFailure(refused, `it answered ${status}`);
        const missing: string[] = [];
        for (const [coin, pointer] of Object.entries(pointers)) {
          const usd = Number(pointed(body, pointer) ?? Number.NaN);
          if (Number.isFinite(usd) && usd > 0) take('http', origin, { coin, usd, at: now() });
          else missing.push(`${coin} at ${pointer}`);
        }
        if (missing.length > 0) throw new PoolFailure('bad_shape', `no price of ${missing.join(', ')}`);
        if (inARow > 0) log.info({ source: origin }, 'prices come in again');
        inARow = 0;
      } catch (thrown) {
        if (signal.aborted) return;
        const failure = thrown instanceof PoolFailure ? thrown : new PoolFailure('bad_shape', messageOf(thrown));
        count('http', failure.reason);
        inARow += 1;
        if (inARow === 1) log.warn({ source: origin, reason: failure.reason, detail: failure.message }, 'prices cannot be read; those before count until they are too old');
        wait = Math.max(Math.min(wait * Math.min(inARow, 8), longestBackOffMs), failure.retryAfterMs ?? 0);
      }
      next(wait);
    };
    void ask();
  }

  function written(coin: string): Known | undefined {
    if (config === undefined) return undefined;
    const entry = config.coins[coin] ?? (coin === 'BTC' ? config.btc_usd : undefined);
    if (entry === undefined) return undefined;
    return typeof entry === 'number' ? { usd: entry } : { usd: entry.usd, ...(entry.as_of === undefined ? {} : { at: Date.parse(entry.as_of) }) };
  }

  function of(coin: string): CoinPrice | undefined {
    for (const source of config?.order ?? []) {
      // What the operator wrote holds until it is written anew; its date is shown.
      const found = source === 'config' ? written(coin) : newest([...known].flatMap(([place, prices]) => (place.startsWith(`${source} `) ? prices.get(coin) ?? [] : [])).filter(young));
      if (found !== undefined) return { coin, source, ...found };
    }
    return undefined;
  }

  function stop(): void {
    ending.abort();
    watch?.stop();
    watch = undefined;
  }

  return {
    of,
    all() {
      const coins = new Set([...[...known.values()].flatMap((prices) => [...prices.keys()]), ...Object.keys(config?.coins ?? {}), ...(config?.btc_usd === undefined ? [] : ['BTC'])]);
      return [...coins].sort().flatMap((coin) => of(coin) ?? []);
    },
    offer(pool, { prices = [], observedAt, asOf }) {
      for (const { coin, usd } of prices) if (Number.isFinite(usd) && usd > 0) take('pool', pool, { coin: coin.toUpperCase(), usd, at: asOf ?? observedAt });
    },
    failures: () => [...counts].map(([name, number]) => {
      const [source = '', reason = ''] = name.split(' ');
      return { source: source as PriceSource, reason: reason as PriceFailureReason, count: number };
    }),
    follow(next, folder) {
      config = next;
      const wanted = JSON.stringify([next.http, next.file, folder]);
      if (wanted === key) return;
      stop();
      key = wanted;
      ending = new AbortController();
      // What a source said that is no longer asked would grow old unseen.
      for (const place of known.keys()) if (!place.startsWith('pool ')) known.delete(place);
      if (next.http !== undefined) dial(next.http, ending.signal);
      if (next.file === undefined) return;
      const file = path.resolve(folder, next.file);
      readFile(file);
      watch = watchFiles({
        folder: path.dirname(file), patterns: () => [path.basename(file)], log,
        changed: async () => {
          readFile(file);
          return Promise.resolve();
        },
      });
    },
    stop,
  };
}

function newest(prices: readonly Known[]): Known | undefined {
  return prices.reduce<Known | undefined>((best, one) => (best === undefined || (one.at ?? 0) > (best.at ?? 0) ? one : best), undefined);
}

/** The value that a JSON pointer names (RFC 6901). */
export function pointed(document: unknown, pointer: string): unknown {
  return pointer.split('/').slice(1).reduce<unknown>((at, part) => {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as Record<string, unknown>)[name] : undefined;
  }, document);
}
