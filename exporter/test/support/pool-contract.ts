/**
 * What every pool adapter promises, tried on a server that answers with given replies: figures in base units, absent where the pool does
 * not tell, failures of a closed set, nothing of a secret in them, one request at a time, and no harm from any one spoiled field.
 */
import { describe, expect, test } from '@jest/globals';
import { isLosslessNumber, parse, stringify, LosslessNumber } from 'lossless-json';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import type { AdapterOptions } from '../../src/pools/adapters.ts';
import { PoolFailure, poolFailureReasons, type PoolAdapter, type PoolReading } from '../../src/pools/pool.ts';
import { whenDone } from '../running.ts';

export interface PoolUnderTest {
  readonly make: (options: AdapterOptions) => PoolAdapter;
  /** Good replies by path without query, or by path and coin where one path serves several, as JSON text: digits are kept. */
  readonly replies: Readonly<Record<string, string>>;
  /** What they are read as; `observedAt` is looked at by itself. */
  readonly reading: Omit<PoolReading, 'observedAt'>;
  /** What its entry in fleet.yaml gives; key and secret must not be seen again. */
  readonly options: Pick<AdapterOptions, 'apiKey' | 'apiSecret' | 'user' | 'organization'>;
  /** What the pool answers to a wrong key. */
  readonly refusal: { readonly status: number; readonly body: string };
  /** Where something else is known when a field is missing: the field, and the leaf that is then told by other means. */
  readonly secondBest?: readonly (readonly [field: RegExp, leaf: RegExp])[];
  /** Fields whose wrong value is a word of the pool that means something else: what vanishes with them is not counted. */
  readonly otherWords?: readonly RegExp[];
}

export interface FakePool {
  readonly url: string;
  readonly requests: { readonly method: string; readonly path: string; readonly query: URLSearchParams; readonly headers: IncomingMessage['headers']; readonly body: string }[];
  /** How many were under way at once at most. */
  readonly most: () => number;
  answer: (path: string, response: ServerResponse, request: FakePool['requests'][number]) => void;
}

export async function fakePool(answer: FakePool['answer']): Promise<FakePool> {
  let [underWay, most] = [0, 0];
  const server = createServer((request, response) => {
    underWay += 1;
    most = Math.max(most, underWay);
    response.on('close', () => (underWay -= 1));
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part)).on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://pool');
      const asked = { method: request.method ?? '', path: pathname, query: searchParams, headers: request.headers, body };
      pool.requests.push(asked);
      const coin = /"currency":"(dogecoin)"|^(DOGE)$/.exec(`${body}${searchParams.get('coin') ?? ''}`);
      pool.answer(coin === null ? pathname : `${pathname} DOGE`, response, asked);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  whenDone(async () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  const pool: FakePool = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: [], most: () => most, answer };
  return pool;
}

export function json(response: ServerResponse, text: string | undefined, status = 200): void {
  response.writeHead(text === undefined ? 404 : status, { 'content-type': 'application/json' }).end(text ?? '{}');
}

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  const inner = Array.isArray(value) ? value.flatMap((one: unknown, index) => pathsOf(one, [...path, index])) : isBranch(value) ? Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...path, key])) : [];
  return path.length === 0 ? inner : [path, ...inner];
}

function isBranch(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}

/** The same with something else at one place; `undefined` takes it away. */
function changed(value: unknown, [step, ...rest]: Path, next: unknown): unknown {
  if (step === undefined) return next;
  if (Array.isArray(value)) return (value as unknown[]).flatMap((one, index) => (index !== step ? [one] : changed(one, rest, next) === undefined ? [] : [changed(one, rest, next)]));
  const { [String(step)]: old, ...others } = value as Record<string, unknown>;
  const put = changed(old, rest, next);
  return put === undefined ? others : { ...(value as object), [String(step)]: put };
}

/** What no field of this kind may be. */
function wrongFor(value: unknown): unknown[] {
  const always = [null, { deep: [1] }];
  if (isLosslessNumber(value) || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))) return [...always, 't\u00e4xt \ud800', true, [], new LosslessNumber('1e300'), new LosslessNumber('-1'), '-7', 'NaN', '0x10'];
  if (typeof value === 'string') return [...always, 't\u00e4xt \ud800', 'x'.repeat(5000), true, [], new LosslessNumber('-1')];
  if (typeof value === 'boolean') return [...always, 'true', new LosslessNumber('1')];
  return Array.isArray(value) ? [null, 'text', { length: 3 }, new LosslessNumber('5')] : [null, 'text', [], new LosslessNumber('5')];
}

/** A reading as its leaves, each under a name that does not depend on its place in a list. */
function leavesOf(value: unknown, name = '', found = new Map<string, unknown>()): Map<string, unknown> {
  if (Array.isArray(value)) {
    for (const item of value as Record<string, unknown>[]) leavesOf(item, `${name}/${['worker', 'coin', 'id', 'at'].flatMap((key) => (key in item ? [String(item[key])] : [])).join('.')}`, found);
  } else if (isBranch(value)) for (const [key, one] of Object.entries(value)) leavesOf(one, `${name}/${key}`, found);
  else found.set(name, value);
  return found;
}

const day = 86_400_000;
const secrets = ({ options: { apiKey, apiSecret } }: PoolUnderTest) => [apiKey, apiSecret].filter((one) => one !== undefined);

export function poolContract(name: string, pool: PoolUnderTest): void {
  async function begun(answer: FakePool['answer'] = (path, response) => json(response, pool.replies[path])) {
    const server = await fakePool(answer);
    const mismatches: string[] = [];
    // A day passes between two reads: nothing is answered from memory.
    let at = Date.UTC(2026, 0, 1);
    const adapter = pool.make({ name: 'p', baseUrl: server.url, intervalMs: 120_000, mismatch: (_source, field) => void mismatches.push(field), now: () => at, ...pool.options });
    whenDone(async () => adapter.close());
    const read = async (ms = 10_000) => {
      at += day;
      return adapter.read(AbortSignal.timeout(ms));
    };
    const failed = async (ms?: number) => read(ms).then((reading) => reading, (thrown: unknown) => thrown);
    return { server, adapter, mismatches, read, failed };
  }

  describe(`the adapter of ${name}`, () => {
    test('reads what the pool tells, in base units and with the digits of the wire', async () => {
      const { read, mismatches, server } = await begun();
      const { observedAt, ...reading } = await read();
      expect(reading).toEqual(pool.reading);
      expect(observedAt).toBe(Date.UTC(2026, 0, 2));
      expect(mismatches).toEqual([]);
      expect(server.most()).toBe(1);
    });

    test('tells only what it says it can', async () => {
      const { read, adapter } = await begun();
      const reading = await read();
      const workers = reading.workers ?? [];
      const told = {
        workers: reading.workers !== undefined, worker_shares: workers.some(({ shares }) => shares !== undefined), last_share: workers.some(({ lastShareAt }) => lastShareAt !== undefined),
        worker_rejects: workers.some(({ shares, staleHashrateDay }) => shares?.rejected !== undefined || staleHashrateDay !== undefined), earnings_per_worker: workers.some(({ earned }) => earned !== undefined),
        balances: reading.balances !== undefined, earned: reading.earned !== undefined, payouts: reading.payouts !== undefined, expected_income: reading.expectedDay !== undefined, network: reading.network !== undefined,
        prices: reading.prices !== undefined || reading.btcPerMegahashDay !== undefined,
      };
      expect(Object.entries(told).flatMap(([key, is]) => (is ? [key] : [])).sort()).toEqual([...adapter.capabilities].sort());
    });

    test('without an address dials nothing', async () => {
      const adapter = pool.make({ name: 'p', baseUrl: '', intervalMs: 120_000, mismatch: () => undefined, ...pool.options });
      await expect(adapter.read(AbortSignal.timeout(1000))).rejects.toMatchObject({ reason: 'disabled' });
      await adapter.close();
    });

    test('a wrong key is bad_key', async () => {
      const { read } = await begun((_path, response) => json(response, pool.refusal.body, pool.refusal.status));
      await expect(read()).rejects.toMatchObject({ reason: 'bad_key' });
    });

    test.each<readonly [string, (response: ServerResponse) => void, readonly string[]]>([
      ['400', (response) => json(response, '{}', 400), ['http_4xx']],
      ['500', (response) => json(response, '{}', 500), ['http_5xx']],
      ['410', (response) => json(response, '{}', 410), ['closed']],
      ['a web page', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'), ['html_body']],
      ['a redirect', (response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end('{}'), ['http_4xx']],
      ['a list', (response) => json(response, '[]'), ['bad_shape']], ['null', (response) => json(response, 'null'), ['bad_shape']], ['a number', (response) => json(response, '7'), ['bad_shape']],
      ['half of JSON', (response) => json(response, '{"a"'), ['bad_shape']],
      ['brackets without end', (response) => json(response, '['.repeat(200_000)), ['bad_shape']],
      ['nine megabytes', (response) => json(response, `"${'x'.repeat(9_000_000)}"`), ['too_large']],
      ['a cut line', (response) => void response.socket?.destroy(), ['tcp']],
      ['nothing', () => undefined, ['timeout']],
    ])('%s from any endpoint is a failure with its reason or costs only that endpoint, and tells no secret', async (_what, answer, reasons) => {
      let spoiled = '';
      const { failed, server } = await begun((path, response) => (path === spoiled ? answer(response) : json(response, pool.replies[path])));
      await failed();
      for (spoiled of Object.keys(pool.replies)) {
        const outcome = await failed(_what === 'nothing' ? 300 : undefined);
        if (outcome instanceof PoolFailure) {
          expect(poolFailureReasons).toContain(outcome.reason);
          expect(reasons).toContain(outcome.reason);
          for (const secret of secrets(pool)) expect(inspect(outcome, { depth: 10, showHidden: true })).not.toContain(secret);
        } else {
          const whole = leavesOf(pool.reading);
          for (const [leaf, value] of leavesOf(outcome)) if (leaf !== '/observedAt' && !secondBest(spoiled, leaf)) expect([leaf, value]).toEqual([leaf, whole.get(leaf)]);
        }
      }
      expect(server.most()).toBeLessThanOrEqual(_what === 'nothing' ? 2 : 1);
    });

    test('Retry-After is heard from every endpoint', async () => {
      let spoiled = '';
      const { failed } = await begun((path, response) => (path === spoiled ? void response.writeHead(429, { 'retry-after': '90' }).end('{}') : json(response, pool.replies[path])));
      for (spoiled of Object.keys(pool.replies)) expect(await failed()).toMatchObject({ reason: 'http_4xx', retryAfterMs: 90_000 });
    });

    const secondBest = (field: string, leaf: string) => pool.secondBest?.some(([where, told]) => where.test(field) && told.test(leaf)) === true;

    test('a reply with one field spoiled is read as before, less what was in it, and nothing is made up', async () => {
      let [spoiled, text]: [string, string] = ['', ''];
      const { failed, mismatches } = await begun((path, response) => json(response, path === spoiled ? text : pool.replies[path]));
      await failed();
      const whole = leavesOf(pool.reading);
      const odd: string[] = [];
      for (const [place, source] of Object.entries(pool.replies)) {
        const reply = parse(source);
        spoiled = place;
        for (const path of pathsOf(reply)) {
          const value = path.reduce<unknown>((one, step) => (one as Record<string, unknown>)[step], reply);
          for (const wrong of [undefined, ...wrongFor(value)]) {
            text = stringify(changed(reply, path, wrong)) ?? '';
            mismatches.length = 0;
            const outcome = await failed();
            if (outcome instanceof PoolFailure) continue;
            const field = `${place} ${path.join('.')}`;
            const leaves = leavesOf(outcome);
            leaves.delete('/observedAt');
            const madeUp = [...leaves].filter(([leaf, told]) => whole.get(leaf) !== told && !secondBest(field, leaf));
            const shown = typeof wrong === 'string' ? wrong.slice(0, 20) : stringify(wrong);
            if (madeUp.length > 0) odd.push(`${field} = ${shown ?? 'gone'}: ${JSON.stringify(madeUp)}`);
            const lost = [...whole.keys()].filter((leaf) => !leaves.has(leaf) && !secondBest(field, leaf));
            if (lost.length > 0 && wrong !== undefined && wrong !== null && mismatches.length === 0 && !(pool.otherWords ?? []).some((one) => one.test(field))) odd.push(`${field} = ${shown ?? ''}: lost ${lost.join(', ')} uncounted`);
          }
        }
      }
      expect(odd).toEqual([]);
    }, 60_000);

    test('a key "__proto__" anywhere changes nothing', async () => {
      let [spoiled, text]: [string, string] = ['', ''];
      const { read } = await begun((path, response) => json(response, path === spoiled ? text : pool.replies[path]));
      for (const [place, source] of Object.entries(pool.replies)) {
        spoiled = place;
        text = source.replace('{', '{"__proto__": {"status": "success", "code": 0, "data": {}, "hash_rate": 1, "polluted": true},');
        const { observedAt: _at, ...reading } = await read();
        expect(reading).toEqual(pool.reading);
        expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
      }
    });
  });
}
