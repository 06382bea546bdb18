/** The stub of Abacus.AI, asked over HTTP as the vendor's own client asks. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { request } from 'undici';
import { startAbacus, type Abacus, type AbacusFault } from '../src/abacus/abacus.ts';
import { vendorActions } from '../src/abacus/vendor.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Reply { readonly status: number; readonly success?: boolean; readonly result?: unknown; readonly errorType?: string }
type Fields = Readonly<Record<string, unknown>>;

async function stub(): Promise<Abacus> {
  const abacus = await startAbacus();
  closing.push(async () => abacus.close());
  return abacus;
}

const queryOf = (args: Fields) => new URLSearchParams(Object.entries(args).map(([field, value]): [string, string] => [field, typeof value === 'string' ? value : JSON.stringify(value)])).toString();

async function post(abacus: Abacus, path: string, { body, headers = {} }: { body: object; headers?: Readonly<Record<string, string>> }): Promise<{ status: number; text: string }> {
  const reply = await request(`${abacus.url}${path}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  return { status: reply.statusCode, text: await reply.body.text() };
}

/** Puts each argument where the vendor's list wants it. */
async function ask(abacus: Abacus, name: string, args: Fields = {}): Promise<Reply> {
  const { method, host, query = [] } = vendorActions[name] ?? { method: 'GET', host: 'api' };
  const isQuery = (field: string) => method === 'GET' || method === 'DELETE' || query.includes(field);
  const part = (wanted: boolean) => Object.fromEntries(Object.entries(args).filter(([field]) => isQuery(field) === wanted));
  const reply = await request(`${abacus.url}/api/v0/${name}?${queryOf(part(true))}`, {
    method, headers: { 'content-type': 'application/json', ...(host === 'predict' ? {} : { apiKey: abacus.apiKey }) }, ...(method === 'GET' ? {} : { body: JSON.stringify(part(false)) }),
  });
  return { status: reply.statusCode, ...(await reply.body.json() as object) };
}

const fieldOf = ({ result }: Reply, field: string) => (result as Readonly<Record<string, string>>)[field] ?? '';

interface House { readonly featureGroupId: string; readonly streamingToken: string; readonly projectId: string; readonly deploymentId: string; readonly deploymentToken: string }

async function house(abacus: Abacus): Promise<House> {
  await ask(abacus, 'createStreamingDataset', { tableName: 'hours', primaryKey: 'row_key', updateTimestampKey: 'ts', lookupKeys: ['miner_id'] });
  const featureGroupId = fieldOf(await ask(abacus, 'describeFeatureGroupByTableName', { tableName: 'hours' }), 'featureGroupId');
  const streamingToken = fieldOf(await ask(abacus, 'createStreamingToken'), 'streamingToken');
  const projectId = fieldOf(await ask(abacus, 'createProject', { name: 'p', useCase: 'PREDICTING' }), 'projectId');
  await ask(abacus, 'addFeatureGroupToProject', { featureGroupId, projectId });
  await ask(abacus, 'setFeatureMapping', { projectId, featureGroupId, featureName: 'ratio', featureMapping: 'TARGET' });
  const modelId = fieldOf(await ask(abacus, 'trainModel', { projectId, trainingConfig: { PROBLEM_TYPE: 'regression' } }), 'modelId');
  for (let look = 0; look < 3; look += 1) await ask(abacus, 'describeModel', { modelId });
  const deploymentId = fieldOf(await ask(abacus, 'createDeployment', { modelId }), 'deploymentId');
  for (let look = 0; look < 3; look += 1) await ask(abacus, 'describeDeployment', { deploymentId });
  return { featureGroupId, streamingToken, projectId, deploymentId, deploymentToken: fieldOf(await ask(abacus, 'createDeploymentToken', { projectId }), 'deploymentToken') };
}

const rows = (count: number) => Array.from({ length: count }, (_each, index) => ({ row_key: `m|${index}`, ts: '2026-06-01T00:00:00Z', miner_id: 'm', preset: '3360', ratio: 0.9 }));

describe('what is asked in another way than the vendor\'s client asks', () => {
  test('has the vendor\'s status and name of the error', async () => {
    const abacus = await stub();
    const { featureGroupId, streamingToken } = await house(abacus);
    const headers = { apiKey: abacus.apiKey };
    const refused = async (path: string, body: object) => {
      const { status, text } = await post(abacus, path, { body, headers });
      return [status, (JSON.parse(text) as Reply).errorType];
    };
    expect(await refused('/api/v0/appendMultipleData', { streamingToken, featureGroupId, data: rows(1) })).toEqual([400, 'InvalidParameterError']);
    expect(await refused('/api/v0/createProject?name=p', { useCase: 'PREDICTING' })).toEqual([400, 'InvalidParameterError']);
    expect(await refused('/api/v0/createProject', { name: 'p', use_case: 'PREDICTING' })).toEqual([400, 'InvalidParameterError']);
    expect(await refused('/api/v0/createProject', { name: 'p' })).toEqual([400, 'MissingParameterError']);
    expect(await refused('/api/v0/listProjects', {})).toEqual([405, 'MethodNotAllowed']);
    expect(await refused('/api/v0/createPredictionModel', {})).toEqual([404, 'Generic404Error']);
    expect(await refused('/api/createProject', { name: 'p', useCase: 'PREDICTING' })).toEqual([404, 'Generic404Error']);
    expect(await ask(abacus, 'describeProject', { projectId: 'none' })).toMatchObject({ status: 404, success: false, errorType: 'DataNotFoundError' });
    expect(await ask(abacus, 'createStreamingDataset', { tableName: 'hours' })).toMatchObject({ status: 409, errorType: 'AlreadyExistsError' });
  });

  test('does not train with options in small letters, nor before a column is the target', async () => {
    const abacus = await stub();
    const { projectId } = await house(abacus);
    expect(await ask(abacus, 'trainModel', { projectId, trainingConfig: { problemType: 'regression' } })).toMatchObject({ status: 400, errorType: 'InvalidParameterError' });
    const bare = fieldOf(await ask(abacus, 'createProject', { name: 'q', useCase: 'PREDICTING' }), 'projectId');
    expect(await ask(abacus, 'validateProject', { projectId: bare })).toMatchObject({ result: { valid: false } });
    expect(await ask(abacus, 'trainModel', { projectId: bare })).toMatchObject({ status: 400, errorType: 'FailedDependencyError' });
  });
});

describe('who may ask', () => {
  test('the account by its key, and a wrong one or none is refused', async () => {
    const abacus = await stub();
    expect(await ask(abacus, 'listProjects')).toMatchObject({ status: 200, success: true, result: [] });
    for (const headers of [{ apiKey: 'wrong' }, {}]) {
      const reply = await request(`${abacus.url}/api/v0/listProjects`, { headers });
      expect([reply.statusCode, (await reply.body.json() as Reply).errorType]).toEqual([403, 'PermissionDeniedError']);
    }
  });

  test('a token opens what it is for and nothing else', async () => {
    const abacus = await stub();
    const { featureGroupId, streamingToken, deploymentId, deploymentToken } = await house(abacus);
    expect(await ask(abacus, 'appendMultipleData', { streamingToken, featureGroupId, data: rows(1) })).toMatchObject({ success: true });
    expect(await ask(abacus, 'predictMultiple', { deploymentToken, deploymentId, queryData: [{}] })).toMatchObject({ success: true });
    expect(await ask(abacus, 'appendMultipleData', { streamingToken: deploymentToken, featureGroupId, data: rows(1) })).toMatchObject({ status: 403 });
    expect(await ask(abacus, 'predictMultiple', { deploymentToken: streamingToken, deploymentId, queryData: [{}] })).toMatchObject({ status: 403 });
    await ask(abacus, 'deleteStreamingToken', { streamingToken });
    expect(await ask(abacus, 'appendMultipleData', { streamingToken, featureGroupId, data: rows(1) })).toMatchObject({ status: 403 });
    for (const secret of [streamingToken, deploymentToken, abacus.apiKey]) expect(JSON.stringify(abacus.calls.filter(({ action }) => action !== 'deleteStreamingToken'))).not.toContain(secret);
  });

  test('its hosts are told to a key and to a token, and are itself', async () => {
    const abacus = await stub();
    const { deploymentId, deploymentToken } = await house(abacus);
    const reply = await request(`${abacus.url}/api/v0/getApiEndpoint?${queryOf({ deploymentId, deploymentToken })}`);
    expect(await reply.body.json()).toMatchObject({ result: { apiEndpoint: abacus.url, predictEndpoint: abacus.url, proxyEndpoint: abacus.url } });
    const refused = await request(`${abacus.url}/api/v0/getApiEndpoint`);
    expect(refused.statusCode).toBe(403);
    await refused.body.dump();
  });
});

describe('what it keeps', () => {
  test('is one row for each primary key, the last one', async () => {
    const abacus = await stub();
    const { featureGroupId, streamingToken } = await house(abacus);
    await ask(abacus, 'appendMultipleData', { streamingToken, featureGroupId, data: rows(3) });
    await ask(abacus, 'appendData', { streamingToken, featureGroupId, data: { ...rows(1)[0], ratio: 0.5 } });
    expect(abacus.rows('hours').map(({ row_key: key, ratio }) => [key, ratio])).toEqual([['m|0', 0.5], ['m|1', 0.9], ['m|2', 0.9]]);
    expect(await ask(abacus, 'appendData', { streamingToken, featureGroupId, data: { ratio: 1 } })).toMatchObject({ status: 400, errorType: 'MissingParameterError' });
    expect(await ask(abacus, 'appendData', { streamingToken, featureGroupId, data: { 'row_key': 'x', 'a b': 1 } })).toMatchObject({ status: 400, errorType: 'InvalidParameterError' });
    expect(abacus.rows('hours')).toHaveLength(3);
  });

  test('goes on with each look: a model trains, a deployment starts, and neither is used before', async () => {
    const abacus = await stub();
    const { projectId } = await house(abacus);
    const modelId = fieldOf(await ask(abacus, 'trainModel', { projectId }), 'modelId');
    expect(await ask(abacus, 'createDeployment', { modelId })).toMatchObject({ status: 409, errorType: 'NotReadyError' });
    const model: string[] = [];
    for (let look = 0; look < 3; look += 1) model.push(((await ask(abacus, 'describeModel', { modelId })).result as { latestModelVersion: { status: string } }).latestModelVersion.status);
    expect(model).toEqual(['PENDING', 'TRAINING', 'COMPLETE']);
    const deploymentId = fieldOf(await ask(abacus, 'createDeployment', { modelId }), 'deploymentId');
    const deploymentToken = fieldOf(await ask(abacus, 'createDeploymentToken', { projectId }), 'deploymentToken');
    const predict = async () => ask(abacus, 'predictMultiple', { deploymentToken, deploymentId, queryData: [{ miner_id: 'm' }] });
    expect(await predict()).toMatchObject({ status: 409, errorType: 'NotReadyError' });
    const deployment: string[] = [];
    for (let look = 0; look < 3; look += 1) deployment.push(fieldOf(await ask(abacus, 'describeDeployment', { deploymentId }), 'status'));
    expect(deployment).toEqual(['PENDING', 'DEPLOYING', 'ACTIVE']);
    expect(await predict()).toMatchObject({ success: true });
    await ask(abacus, 'stopDeployment', { deploymentId });
    expect(await predict()).toMatchObject({ status: 409, errorType: 'NotReadyError' });
  });

  test('teaches its stand-in for a model: the mean of the rows that are alike (the body is assumed)', async () => {
    const abacus = await stub();
    const { featureGroupId, streamingToken, deploymentId, deploymentToken } = await house(abacus);
    await ask(abacus, 'appendMultipleData', { streamingToken, featureGroupId, data: [{ row_key: '1', miner_id: 'm', preset: '3360', ratio: 0.8 }, { row_key: '2', miner_id: 'm', preset: '3360', ratio: 1 }, { row_key: '3', miner_id: 'm', preset: '2600', ratio: 0.5 }] });
    expect((await ask(abacus, 'predictMultiple', { deploymentToken, deploymentId, queryData: [{ miner_id: 'm', preset: '3360' }, { miner_id: 'm', preset: '2600' }] })).result).toEqual([{ ratio: 0.9 }, { ratio: 0.5 }]);
  });
});

describe('a fault', () => {
  const append = async (abacus: Abacus, { featureGroupId, streamingToken }: House) => post(abacus, `/api/v0/appendMultipleData?${queryOf({ streamingToken })}`, { body: { featureGroupId, data: rows(2) } }).catch(() => 'reset' as const);

  test.each<[AbacusFault, number, string]>([
    ['429', 429, 'TooManyRequestsError'], ['503', 503, 'InternalServerError'], ['404', 404, 'Generic404Error'], ['unsuccessful', 200, 'InternalServerError'], ['token', 403, 'PermissionDeniedError'],
  ])('%s refuses, and has taken nothing', async (fault, status, errorType) => {
    const abacus = await stub();
    const made = await house(abacus);
    abacus.fault(fault, { action: 'appendMultipleData', times: 1 });
    const reply = await append(abacus, made);
    expect(reply).toMatchObject({ status });
    expect(JSON.parse((reply as { text: string }).text)).toMatchObject({ success: false, errorType });
    expect(abacus.rows('hours')).toEqual([]);
    expect(await append(abacus, made)).toMatchObject({ status: 200 });
    expect(abacus.rows('hours')).toHaveLength(2);
  });

  test.each<[AbacusFault, { status: number } | 'reset']>([['504', { status: 504 }], ['malformed', { status: 200 }], ['reset', 'reset']])('%s spoils the answer alone: what was sent has arrived', async (fault, answer) => {
    const abacus = await stub();
    const made = await house(abacus);
    abacus.fault(fault, { action: 'appendMultipleData', times: 1 });
    const reply = await append(abacus, made);
    if (answer === 'reset') expect(reply).toBe('reset');
    else expect(reply).toMatchObject(answer);
    expect(abacus.rows('hours')).toHaveLength(2);
  });

  test('spoils predictions as text that is no JSON, as null, and as what cannot be', async () => {
    const abacus = await stub();
    const { deploymentId, deploymentToken } = await house(abacus);
    const said = async (fault: AbacusFault) => {
      abacus.fault(fault, { action: 'predictMultiple' });
      return (await post(abacus, `/api/v0/predictMultiple?${queryOf({ deploymentId, deploymentToken })}`, { body: { queryData: [{}] } })).text;
    };
    expect(await said('nan')).toBe('{"success":true,"result":[{"ratio":NaN}]}');
    expect(await said('null')).toBe('{"success":true,"result":[{"ratio":null}]}');
    expect(await said('absurd')).toBe('{"success":true,"result":[{"ratio":1000000000000}]}');
  });

  test('of one action leaves the others alone, and a token that has expired does too', async () => {
    const abacus = await stub();
    const { featureGroupId, streamingToken, deploymentId, deploymentToken } = await house(abacus);
    for (const fault of ['503', 'token'] as const) {
      abacus.fault(fault, { action: 'predictMultiple', times: 1 });
      expect(await ask(abacus, 'appendMultipleData', { streamingToken, featureGroupId, data: rows(1) })).toMatchObject({ success: true });
      expect(await ask(abacus, 'predictMultiple', { deploymentToken, deploymentId, queryData: [{}] })).toMatchObject({ success: false });
      expect(await ask(abacus, 'predictMultiple', { deploymentToken, deploymentId, queryData: [{}] })).toMatchObject({ success: true });
    }
  });
});

test('every action of the vendor\'s list is played', async () => {
  const abacus = await stub();
  for (const name of Object.keys(vendorActions)) {
    const { errorType, status } = await ask(abacus, name);
    // Arguments may be missing; the action itself may not.
    expect([name, errorType, status]).not.toEqual([name, 'Generic404Error', 404]);
    expect([name, status]).not.toEqual([name, 405]);
  }
  expect(abacus.calls).toHaveLength(Object.keys(vendorActions).length);
});
