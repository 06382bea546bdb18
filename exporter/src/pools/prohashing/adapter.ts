import { factsOf } from '../../config/pool-types.ts';
import { defined } from '../../defined.ts';
import { ifThere, poolFailureOf, poolHttp, seldom } from '../http.ts';
import { PoolFailure, type PoolAdapter, type PoolReading } from '../pool.ts';
import type { AdapterOptions } from '../adapters.ts';
import { balancesByTicker, type LiveReading } from './live.ts';
import { parseBalances, parseCurrencies, parseStatus, parseWallet, unwrap, usualTicker, type TickerOf } from './parse.ts';
import { liveConnection, type LiveConnection, type LivePace } from './wamp.ts';

/** Coins and their tickers hardly change, and clients asked for them once an hour (prohashing-api.md, 1.7). */
const currenciesMs = 3_600_000;
/** A pool without /walletEx is asked for it again after so long. */
const walletExMs = 3_600_000;

/** What is read over HTTP counts no more after so many intervals, as everywhere (fleet/pools.ts). */
const staleAfterIntervals = 3;

const closedHint = 'ProHashing closed in November 2025, which may be why';

/** ProHashing: prices, fees, balances and workers over HTTP, and all of it but fees as news over WAMP; one reading of both. */
export function prohashingAdapter(options: AdapterOptions & { readonly pace?: LivePace }): PoolAdapter {
  const { name, baseUrl, wampUrl = '', apiKey, intervalMs, mismatch, now = Date.now, pace } = options;
  const http = baseUrl === '' ? undefined : poolHttp(baseUrl);
  const { notice, tells } = factsOf('prohashing');
  const withoutKey = ['prices', ...(wampUrl === '' ? [] : ['blocks', 'push'])];
  const onlyPushed = ['worker_shares', 'last_share', 'blocks', 'push'];
  let rest: { readonly at: number; readonly part: Omit<PoolReading, 'observedAt'> } | undefined;
  let tickerOf: TickerOf = usualTicker;
  let walletExMissingAt: number | undefined;
  let live: LiveConnection | undefined;

  const get = async (path: string, signal: AbortSignal) => {
    if (http === undefined) throw new PoolFailure('disabled', 'base_url is empty: the adapter is off');
    return unwrap(await http.getJson(`/api/v1/${path}`, signal));
  };
  const currencies = seldom(currenciesMs, now, async (signal) => ifThere(async () => parseCurrencies(await get('currencies', signal), mismatch), () => mismatch('prohashing', 'currencies')));

  async function wallet(key: string, signal: AbortSignal): Promise<Pick<PoolReading, 'workers' | 'balances' | 'paid'>> {
    const query = `?apiKey=${encodeURIComponent(key)}`;
    let missing: PoolFailure | undefined;
    if (walletExMissingAt === undefined || now() - walletExMissingAt >= walletExMs) {
      try {
        const both = parseWallet(await get(`walletEx${query}`, signal), mismatch);
        walletExMissingAt = undefined;
        return both;
      } catch (thrown) {
        missing = poolFailureOf(thrown);
        if ((missing.reason !== 'bad_shape' && missing.reason !== 'http_4xx') || missing.retryAfterMs !== undefined) throw missing;
      }
    }
    try {
      const balances = parseBalances(await get(`wallet${query}`, signal), mismatch);
      if (missing !== undefined) {
        mismatch('prohashing', 'walletEx');
        walletExMissingAt = now();
      }
      return balances;
    } catch (thrown) {
      // Where both fail, the first reason is the reason.
      throw missing ?? thrown;
    }
  }

  async function readRest(signal: AbortSignal): Promise<void> {
    try {
      const status = parseStatus(await get('status', signal), mismatch);
      if (apiKey === undefined) {
        rest = { at: now(), part: status };
        return;
      }
      tickerOf = await currencies(signal) ?? tickerOf;
      rest = { at: now(), part: { ...status, ...await wallet(apiKey, signal) } };
    } catch (thrown) {
      const failure = poolFailureOf(thrown);
      if (failure.reason !== 'dns' && failure.reason !== 'tcp') throw failure;
      throw new PoolFailure(failure.reason, `${failure.message}; ${closedHint}`, { cause: failure.cause });
    }
  }

  function merged(): PoolReading {
    const part = rest !== undefined && now() - rest.at <= staleAfterIntervals * intervalMs ? rest.part : { fees: {} };
    return { observedAt: now(), ...part, ...fromLive(live?.reading(), part) };
  }

  /** What is pushed is newer. Balances are not mixed: the two ways count them differently, and a change of way would look like income. */
  function fromLive(reading: LiveReading | undefined, part: Omit<PoolReading, 'observedAt'>): Partial<PoolReading> {
    if (reading === undefined) return {};
    const { balances, blocks, usdPerMegahashDay: usd, btcPerMegahashDay: btc } = reading;
    return defined<Partial<PoolReading>>({
      workers: reading.workers ?? part.workers,
      hashrate: reading.hashrate ?? part.hashrate,
      asOf: reading.asOf,
      usdPerMegahashDay: usd,
      // HTTP gives the mean of a day, which is what a day earns; WAMP what it is now.
      btcPerMegahashDay: part.btcPerMegahashDay ?? btc,
      // One record tells the yield in both: their quotient is the pool's own rate (5.1).
      prices: usd === undefined || btc === undefined ? undefined : [{ coin: 'BTC', usd: Number((usd / btc).toPrecision(8)) }],
      balances: http === undefined && balances !== undefined ? balancesByTicker(balances, tickerOf, mismatch) : part.balances,
      blocks: blocks.flatMap(({ coinName, ...block }) => {
        const coin = tickerOf(coinName);
        return coin === undefined ? [] : [{ coin, ...block }];
      }),
    });
  }

  return {
    name,
    type: 'prohashing',
    capabilities: tells.filter((one) => (apiKey === undefined ? withoutKey.includes(one) : wampUrl !== '' || !onlyPushed.includes(one))),
    ...(notice === undefined ? {} : { notice }),
    async read(signal) {
      if (http !== undefined) await readRest(signal);
      else if (live === undefined) throw new PoolFailure('disabled', 'base_url is empty: the adapter is off');
      else {
        const away = new Promise<never>((_resolve, reject) => signal.addEventListener('abort', () => reject(poolFailureOf(signal.reason)), { once: true }));
        await Promise.race([live.settled(), away]);
        if (live.reading() === undefined) throw live.failure() ?? new PoolFailure('stale', 'the pool has pushed nothing for ten minutes');
      }
      return merged();
    },
    ...(wampUrl === '' ? {} : {
      watch(onReading: (reading: PoolReading) => void, onFailure: (failure: PoolFailure) => void) {
        live ??= liveConnection({
          url: wampUrl, apiKey, mismatch, now, ...(pace === undefined ? {} : { pace }),
          onChange: () => onReading(merged()),
          onFailure: (failure) => onFailure(failure.reason === 'dns' || failure.reason === 'tcp' ? new PoolFailure(failure.reason, `${failure.message}; ${closedHint}`, { cause: failure.cause }) : failure),
        });
      },
    }),
    async close() {
      await Promise.all([http?.close(), live?.close()]);
    },
  };
}
