import { randomUUID } from 'node:crypto';
import { factsOf } from '../../config/pool-types.ts';
import { defined } from '../../defined.ts';
import type { AdapterOptions } from '../adapters.ts';
import type { JsonObject } from '../fields.ts';
import { ifThere, poolHttp, seldom } from '../http.ts';
import { PoolFailure, type PoolAdapter, type PoolReading } from '../pool.ts';
import { joinByName, mostWorkers } from '../workers.ts';
import { bodyOf, pageLength, pageOf, parseFactor, parsePaying, parseRate, parseRig, parseUnpaid, signedBodyOf } from './parse.ts';
import { signedHeaders } from './signature.ts';

const root = '/main/api/v2';
const mostPages = mostWorkers / pageLength;
/** The unit of speeds has never changed. */
const algorithmsMs = 3_600_000;

interface Account {
  /** Absent where a page of them is missing. */
  readonly rigs?: readonly unknown[];
  readonly balances?: PoolReading['balances'];
}

/**
 * NiceHash: rigs page by page in signed requests, then three open ones for the unit of their speeds, what scrypt pays and what a BTC
 * costs.
 */
export function nicehashAdapter({ name, baseUrl, apiKey, apiSecret, organization, mismatch, now = Date.now }: AdapterOptions): PoolAdapter {
  const http = baseUrl === '' ? undefined : poolHttp(baseUrl);

  async function signed(call: string, query: string, signal: AbortSignal): Promise<JsonObject> {
    if (http === undefined || apiKey === undefined || apiSecret === undefined || organization === undefined) throw new PoolFailure('disabled', 'base_url is empty: the adapter is off');
    const path = `${root}/${call}`;
    const headers = signedHeaders({ apiKey, apiSecret, organization, timeMs: now(), nonce: randomUUID(), requestId: randomUUID(), method: 'GET', path, query });
    return signedBodyOf(await http.getJson(`${path}?${query}`, signal, headers));
  }

  /** An open endpoint, which may be missing without harm to the rest. */
  const open = <T>(call: string, parse: (body: JsonObject) => T | undefined) => async (signal: AbortSignal): Promise<T | undefined> =>
    http === undefined ? undefined : ifThere(async () => parse(bodyOf(await http.getJson(`${root}/${call}`, signal))), () => mismatch('nicehash', call));

  const factorOf = seldom(algorithmsMs, now, open('mining/algorithms', (body) => parseFactor(body, mismatch)));
  const payingOf = open('public/simplemultialgo/info', (body) => parsePaying(body, mismatch));
  const rateOf = open('exchangeRate/list', (body) => parseRate(body, mismatch));

  async function account(signal: AbortSignal): Promise<Account> {
    const rigs: unknown[] = [];
    let balances: PoolReading['balances'];
    for (let page = 0; page < mostPages; page += 1) {
      const body = await signed('mining/rigs2', `size=${pageLength}&page=${page}`, signal);
      if (page === 0) balances = parseUnpaid(body, mismatch);
      const { rigs: next, more } = pageOf(body, page, mismatch);
      if (next === undefined) return defined<Account>({ balances });
      rigs.push(...next);
      if (!more) return defined<Account>({ rigs: rigs.slice(0, mostWorkers), balances });
    }
    mismatch('nicehash', 'pages');
    return defined<Account>({ rigs: rigs.slice(0, mostWorkers), balances });
  }

  return {
    name,
    type: 'nicehash',
    capabilities: factsOf('nicehash').tells,
    async read(signal) {
      const { rigs, balances } = await account(signal);
      const factor = await factorOf(signal);
      return {
        observedAt: now(), fees: {},
        ...defined<Partial<PoolReading>>({
          workers: rigs === undefined ? undefined : joinByName(rigs.flatMap((rig) => parseRig(rig, factor, mismatch) ?? [])),
          balances, btcPerMegahashDay: await payingOf(signal), prices: await rateOf(signal),
        }),
      };
    },
    async close() {
      await http?.close();
    },
  };
}
