import { beforeAll, describe, expect, test } from '@jest/globals';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { gunzipSync } from 'node:zlib';
import { request } from 'node:http';
import { errorCatalogue } from '../src/errors.ts';
import { openapiDocument } from '../src/http/openapi.ts';
import { routes } from '../src/http/routes.ts';
import { until } from './fixtures.ts';
import { run, simulated, spec, tokens, type Running } from './running.ts';

interface Operation { operationId: string; parameters: { name: string; in: string; required: boolean }[]; requestBody?: object; responses: Record<string, { content: Record<string, { schema: { $ref: string } }> }> }
const document = openapiDocument('0.0.0') as { openapi: string; paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, object>; securitySchemes: object } };

const ajv = new Ajv2020({ strict: true, allErrors: true, strictTypes: false, strictRequired: false });
beforeAll(() => {
  // The package's types describe its CommonJS form.
  (addFormats as unknown as (to: Ajv2020) => void)(ajv);
  ajv.addVocabulary(['components']);
  ajv.addSchema({ $id: 'https://hashfleet.invalid/openapi', components: document.components });
});

function validator(name: string): ValidateFunction {
  return ajv.compile({ $ref: `https://hashfleet.invalid/openapi#/components/schemas/${name}` });
}

function expectValid(name: string, value: unknown): void {
  const validate = validator(name);
  validate(value);
  expect([name, validate.errors]).toEqual([name, null]);
}

const schemaOf = (path: string, method: string, status: number) => document.paths[path]![method]!.responses[String(status)]!.content['application/json']!.schema.$ref.split('/').at(-1)!;

describe('openapi.json', () => {
  test('is OpenAPI 3.1 with every route, each with its replies and problems', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`)).sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
    for (const methods of Object.values(document.paths)) {
      for (const { responses } of Object.values(methods)) expect(Object.keys(responses)).toEqual(expect.arrayContaining([Object.keys(responses).includes('202') ? '202' : '200', '401', '403', '404', '429']));
    }
    const ids = Object.values(document.paths).flatMap((methods) => Object.values(methods).map(({ operationId }) => operationId));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('has a target for every reference, and a use for every schema', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!);
    for (const reference of references) {
      expect(reference).toMatch(/^#\/components\/schemas\/\w+$/);
      expect(document.components.schemas).toHaveProperty(reference.split('/').at(-1)!);
    }
    expect(new Set(references.map((reference) => reference.split('/').at(-1)))).toEqual(new Set(Object.keys(document.components.schemas)));
  });

  test('has schemas that are valid JSON Schema 2020-12', () => {
    for (const name of Object.keys(document.components.schemas)) expect(() => validator(name)).not.toThrow();
  });

  test('names the parameters of each path', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters } of Object.values(methods)) expect(parameters.filter((one) => one.in === 'path').map(({ name, required }) => [name, required])).toEqual(inPath.map((name) => [name, true]));
    }
  });
});

describe('every reply', () => {
  test('fits its schema, with miners that are well, starting, failing and gone, and with jobs and advice', async () => {
    const simulator = await simulated([spec('well'), spec('starting', { begin: 'boot' }), spec('broken', { firmware: '1.2.7' }), spec('gone'), spec('l7', { model: 'l7', preset: '1950' })]);
    simulator.clock.advance(1_200_000);
    await simulator.miner('starting').inject('fan_lost', { fan: 1 });
    await simulator.miner('broken').inject('board_missing', { board: 2 });
    simulator.clock.advance(60_000);
    await simulator.miner('gone').inject('unplugged');
    const running = await run(simulator.miners.map(({ name, address }) => `{name: ${name}, address: "${address}", rack: "A 1", site: s}`), {
      control: '{enabled: true, verify_interval_seconds: 0.1}',
      sections: `sites: [{name: s, electricity: {price_usd_per_kilowatt_hour: 0.05}}]\nprices: {btc_usd: 100000}\npools: [{name: ph, type: prohashing, base_url: "${simulator.pool.url}", allow_plain_http: true, api_key_env: POOL_KEY, interval_seconds: 1}, {name: none, type: prohashing}]\nschedules: [{name: limit, site: s, until: "2099-01-01T00:00:00Z", do: {limit_kilowatts: 20}}]\nprometheus: {url: "http://127.0.0.1:9"}`,
      environment: { POOL_KEY: simulator.pool.apiKey },
    });
    await until('all were polled and the pool was read', async () => [...running.service.fleet.all()].every(({ lastPollAt }) => lastPollAt !== undefined) && (await running.value('pool_up', { pool: 'ph' })) === 1);
    await simulator.miner('well').inject('preset_drift', { preset: '2100' });
    await until('the drift was seen', async () => (await running.value('miner_unexpected_changes_total', { miner: 'well', kind: 'preset' })) === 1);
    const plan = await running.api('/actions', { json: { action: 'locate', miners: ['well', 'l7', 'gone', 'nobody'], parameters: { on: true } } });
    expectValid('ActionReply', plan.body);
    const { confirmation } = plan.body['plan'] as { confirmation: { token: string } };
    const started = await running.api('/actions', { json: { action: 'locate', miners: ['well', 'l7'], parameters: { on: true }, dryRun: false, confirmationToken: confirmation.token } });
    expect(started.status).toBe(202);
    expectValid(schemaOf('/actions', 'post', 202), started.body);
    const { id } = started.body['job'] as { id: string };
    await until('done', async () => (await running.api(`/jobs/${id}`)).body['state'] === 'finished');

    const given = await running.api('/recommendations/generate', { json: {} });
    expectValid('Recommendations', given.body);
    const advice = (given.body['recommendations'] as { id: string }[])[0]?.id ?? '';
    const task = await running.api('/ml/backtest', { json: {} });
    expectValid(schemaOf('/ml/backtest', 'post', 202), task.body);
    const seen = new Map<string, unknown>();
    for (const { method, path } of routes.filter((route) => route.method === 'get' && route.answers === undefined && route.path !== '/jobs/{id}/events')) {
      for (const name of path === '/schedules/{name}' ? ['limit'] : path.includes('{name}') ? ['well', 'starting', 'broken', 'l7', ...(/\/(presets|settings|logs|notes|history)$/.test(path) ? [] : ['gone'])] : ['']) {
        const where = path.replace('{name}', name).replace('{id}', path === '/recommendations/{id}' ? advice : path === '/ml/tasks/{id}' ? String(task.body['id']) : id);
        const reply = await running.api(where, { token: tokens.read });
        expect([where, reply.status]).toEqual([where, 200]);
        expect(reply.headers.get('content-type')).toMatch(/^application\/json/);
        expectValid(schemaOf(path, method, 200), reply.body);
        seen.set(where, reply.body);
      }
    }
    // The schemas were met by something: none of these lists was empty.
    for (const [where, list] of [['/rigs', 'rigs'], ['/jobs', 'jobs'], ['/audit', 'entries'], ['/pools', 'pools'], ['/events', 'events'], ['/recommendations', 'recommendations'], ['/rigs/well/boards', 'boards'], ['/rigs/well/presets', 'presets'], ['/rigs/well/logs', 'lines']] as const) {
      expect([where, ((seen.get(where) as Record<string, unknown[]>)[list] ?? []).length]).not.toEqual([where, 0]);
    }
    expect(seen.get('/rigs/gone')).toMatchObject({ up: false, reason: 'connect' });
    expect(seen.get('/rigs/starting')).toMatchObject({ fans: { up: 3, total: 4 } });
    expect(seen.get('/rigs/broken')).toMatchObject({ boards: { up: 2, expected: 3 } });
    expectValid('Job', (await running.api(`/jobs/${id}/cancel`, { json: {} })).body);

    for (const live of ['/rigs/gone/presets', '/rigs/gone/settings', '/rigs/gone/logs', '/rigs/gone/notes', '/telemetry/gone/history']) {
      const gone = await running.api(live);
      expect([live, gone.status, gone.body['code'], gone.body['detail']]).toEqual([live, 502, 'miner_unreachable', expect.stringContaining('check power, cable and address')]);
      expectValid('Problem', gone.body);
    }
  });
});

describe('a problem', () => {
  async function expectProblem(running: Running, asking: Parameters<Running['api']>, status: number, code: keyof typeof errorCatalogue): Promise<Record<string, unknown>> {
    const reply = await running.api(...asking);
    expect([asking[0], reply.status, reply.headers.get('content-type')]).toEqual([asking[0], status, expect.stringMatching(/^application\/problem\+json/)]);
    expectValid('Problem', reply.body);
    expect(reply.body).toMatchObject({ type: `urn:hashfleet:problem:${code}`, title: errorCatalogue[code].title, status, code });
    for (const value of [reply.text]) expect(value).not.toMatch(/node_modules|\.ts:| {4}at /);
    return { ...reply.body, headers: Object.fromEntries(reply.headers) };
  }
  const order = { action: 'locate', miners: ['m1'] };

  test('has one shape, whatever is wrong', async () => {
    const running = await run({ m1: '127.0.0.1:9' }, { control: '{enabled: true}' });
    expect((await expectProblem(running, ['/rigs', { token: undefined }], 401, 'unauthenticated'))['headers']).toMatchObject({ 'www-authenticate': 'Bearer' });
    await expectProblem(running, ['/rigs', { token: undefined, headers: { authorization: 'Basic YTpi' } }], 401, 'unauthenticated');
    expect(await expectProblem(running, ['/actions', { json: order, token: tokens.read }], 403, 'forbidden')).toMatchObject({ detail: 'The token "read-token" has the scope "read"; this needs "operate".', allowed: 'operate' });
    await expectProblem(running, ['/nowhere'], 404, 'not_found');
    expect(await expectProblem(running, ['/rigs/nobody'], 404, 'not_found')).toMatchObject({ field: 'name', given: 'nobody' });
    await expectProblem(running, ['/jobs/none'], 404, 'not_found');
    expect((await expectProblem(running, ['/rigs', { method: 'DELETE' }], 405, 'method_not_allowed'))['headers']).toMatchObject({ allow: 'GET, POST' });
    await expectProblem(running, ['/actions'], 405, 'method_not_allowed');
    await expectProblem(running, ['/actions', { body: JSON.stringify({ ...order, idempotencyKey: 'x'.repeat(300_000) }), headers: { 'content-type': 'application/json' } }], 413, 'payload_too_large');
    await expectProblem(running, ['/actions', { body: 'action=locate', headers: { 'content-type': 'application/x-www-form-urlencoded' } }], 415, 'media_type');
    await expectProblem(running, ['/actions', { body: '{"action":', headers: { 'content-type': 'application/json' } }], 422, 'payload_invalid');
    await expectProblem(running, ['/rigs/%E0%A4%A'], 422, 'payload_invalid');
    expect(await expectProblem(running, ['/actions', { json: { ...order, action: 'explode' } }], 422, 'payload_invalid')).toMatchObject({ field: 'action', given: 'explode', allowed: expect.stringContaining('reboot') });
    expect(await expectProblem(running, ['/actions', { json: { ...order, dryrun: false } }], 422, 'payload_invalid')).toMatchObject({ field: 'dryrun' });
    expect(await expectProblem(running, ['/actions', { json: { ...order, miners: [] } }], 422, 'payload_invalid')).toMatchObject({ field: 'miners' });
    expect(await expectProblem(running, ['/actions', { json: { ...order, miners: ['../etc'] } }], 422, 'payload_invalid')).toMatchObject({ field: 'miners.0', given: '../etc' });
    expect(await expectProblem(running, ['/actions', { json: { action: 'preset', miners: ['m1'] } }], 422, 'payload_invalid')).toMatchObject({ field: 'parameters.preset' });
    expect(await expectProblem(running, ['/audit?limit=0'], 422, 'payload_invalid')).toMatchObject({ field: 'limit' });
    await expectProblem(running, ['/actions', { json: { ...order, dryRun: false } }], 409, 'nothing_to_do');
  });

  test('is also that of too many requests from one address, with or without a token', async () => {
    const running = await run({});
    let limited = 0;
    for (let round = 0; round < 13 && limited === 0; round += 1) {
      const replies = await Promise.all(Array.from({ length: 100 }, async () => running.api('/health', { token: 'guess' })));
      limited = replies.filter(({ status }) => status === 429).length;
    }
    expect(limited).toBeGreaterThan(0);
    await expectProblem(running, ['/health'], 429, 'rate_limited');
  });
});

describe('the servers', () => {
  test('answer no other origin, show no names, and set security headers on every reply', async () => {
    const running = await run({ m1: '127.0.0.1:9' }, { control: '{enabled: true}' });
    const origin = { 'origin': 'https://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' };
    for (const [where, asking] of [['/rigs', { headers: origin }], ['/nowhere', { headers: origin }], ['/actions', { method: 'OPTIONS', headers: origin, token: undefined }], ['/rigs', { token: undefined, headers: origin }]] as const) {
      const { headers } = await running.api(where, asking);
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain('default-src');
      expect(headers.get('x-frame-options')).toBe('DENY');
    }
  });

  test('describe the API to everybody and serve nothing else without a token', async () => {
    const running = await run({}, { withoutTokens: true });
    expect((await running.api('/openapi.json', { token: undefined })).body).toMatchObject({ openapi: '3.1.0' });
    for (const { method, path } of routes) expect([path, (await running.api(path.replace(/\{\w+\}/, 'x'), { method: method.toUpperCase(), token: '' })).status]).toEqual([path, 401]);
    expect(running.lines).toContainEqual(expect.objectContaining({ msg: expect.stringContaining('no API token is configured') }));
  });

  test('serve metrics exactly as Prometheus 3 asks for them, plain and packed alike', async () => {
    const running = await run({ m1: '127.0.0.1:9' });
    const raw = async (encoding?: string) => new Promise<{ type?: string; encoding?: string; body: Buffer }>((resolve, reject) => {
      request({ port: running.service.metricsPort, host: '127.0.0.1', path: '/metrics', headers: encoding === undefined ? {} : { 'accept-encoding': encoding } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve({ type: response.headers['content-type']!, encoding: response.headers['content-encoding']!, body: Buffer.concat(chunks) }));
      }).on('error', reject).end();
    });
    const [plain, packed] = [await raw(), await raw('gzip')];
    expect([plain.type, packed.type]).toEqual(['text/plain; version=0.0.4; charset=utf-8', 'text/plain; version=0.0.4; charset=utf-8']);
    expect([plain.encoding, packed.encoding]).toEqual([undefined, 'gzip']);
    const series = (page: Buffer) => page.toString().split('\n').filter((line) => line.startsWith('miner_')).map((line) => line.replace(/ \S+$/, ''));
    expect(series(gunzipSync(packed.body)).sort()).toEqual(series(plain.body).sort());
    expect((await fetch(`http://127.0.0.1:${running.service.metricsPort}/nothing`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${running.service.metricsPort}/-/ready`)).status).toBe(200);
  });
});

test('each preset of a miner has the money that a day on it would bring, the present one that of the miner itself', async () => {
  const simulator = await simulated([spec('m1', { preset: '2850' })]);
  simulator.clock.advance(1_200_000);
  const running = await run([`{name: m1, address: "${simulator.miner('m1').address}", site: s}`], { sections: 'sites: [{name: s, electricity: {price_usd_per_kilowatt_hour: 0.1, cooling_overhead_ratio: 0.5}}]\nprices: {scrypt_usd_per_megahash_day: 0.001}' });
  await until('it was read', async () => (await running.value('miner_profit_usd_per_day', { miner: 'm1' })) !== undefined);
  interface Offer { name: string; current: boolean; powerWatts?: number; hashrate?: number; money?: { basis: string; revenueUsdPerDay: number; powerCostUsdPerDay: number; profitUsdPerDay: number; marginRatio: number } }
  const presets = (await running.api('/rigs/m1/presets')).body['presets'] as Offer[];
  const rig = (await running.api('/rigs/m1')).body['money'] as { revenueUsdPerDay: number };
  const present = presets.find(({ current }) => current)!;
  expect(present.money!.revenueUsdPerDay / rig.revenueUsdPerDay).toBeCloseTo(1, 2);
  const offers = presets.filter(({ powerWatts, hashrate }) => powerWatts !== undefined && hashrate !== undefined);
  expect(offers.length).toBeGreaterThan(3);
  for (const { powerWatts, hashrate, money } of offers) {
    expect(money!.basis).toBe('manual_price');
    expect(money!.powerCostUsdPerDay).toBeCloseTo((powerWatts! / 1000) * 24 * 1.5 * 0.1, 3);
    expect(money!.revenueUsdPerDay / present.money!.revenueUsdPerDay).toBeCloseTo(hashrate! / present.hashrate!, 4);
    expect(money!.marginRatio).toBeCloseTo(money!.profitUsdPerDay / money!.revenueUsdPerDay, 4);
  }
  for (const { powerWatts, money } of presets) if (powerWatts === undefined) expect(money?.powerCostUsdPerDay).toBeUndefined();
});
