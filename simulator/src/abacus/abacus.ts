/**
 * Abacus.AI as its own client sees it (abacus-api.md): one server plays the three hosts. Projects, streaming tables, models and deployments
 * are kept in memory; statuses go on with each describing call. Bodies of predictions are not described publicly: theirs are assumed.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { close, listen } from '../listener.ts';
import { vendorActions, type VendorAction } from './vendor.ts';

export const abacusFaults = ['429', '504', '503', 'unsuccessful', 'slow', 'malformed', 'nan', 'null', 'absurd', 'token', '404', 'reset'] as const;
export type AbacusFault = (typeof abacusFaults)[number];

type Row = Readonly<Record<string, unknown>>;
/** What was asked, without any secret. */
export interface AbacusCall { readonly action: string; readonly method: string; readonly path: string; readonly credential: 'key' | 'token' | 'none' | 'wrong'; readonly args: Row }

export interface Abacus {
  readonly url: string;
  readonly apiKey: string;
  /** Rows by their primary key, of each table. */
  rows(table: string): readonly Row[];
  readonly calls: readonly AbacusCall[];
  /**
   * Of one action, or of all; for so many calls, or until it is cleared. 429, 503, 404, unsuccessful and token refuse what is asked; the others
   * spoil the answer to what was done.
   */
  fault(fault: AbacusFault | undefined, where?: { readonly action?: string; readonly times?: number; readonly slowMs?: number }): void;
  close(): Promise<void>;
}

interface Table { readonly featureGroupId: string; readonly datasetId: string; readonly tableName: string; primaryKey?: unknown; updateTimestampKey?: unknown; lookupKeys?: unknown; readonly rows: Map<string, Row>; /** By project, of each column. */ readonly mappings: Map<string, Map<string, string>>; /** Of SQL over another. */ readonly view?: { readonly from: Table; readonly columns: readonly string[] } }
interface Model { readonly modelId: string; readonly projectId: string; readonly name: unknown; readonly target: string; readonly featureGroupIds: readonly string[]; readonly versions: { readonly modelVersion: string; looks: number }[] }
interface Deployment { readonly deploymentId: string; readonly modelId: string; readonly name: unknown; modelVersion: string; looks: number; stopped: boolean }

/** The vendor's words for what went wrong, with the status that goes with each. */
class Refusal extends Error {
  readonly status: number;
  readonly errorType: string;
  constructor(status: number, errorType: string, message: string) {
    super(message);
    this.status = status;
    this.errorType = errorType;
  }
}

/** Refused before anything was done; a fault that is not here spoils the answer to what was done. */
const refusals: Readonly<Partial<Record<AbacusFault, readonly [status: number, errorType: string, message: string]>>> = {
  '429': [429, 'TooManyRequestsError', 'Too many requests'], '503': [503, 'InternalServerError', 'Service unavailable'], '404': [404, 'Generic404Error', 'Not found'],
  'unsuccessful': [200, 'InternalServerError', 'Internal error'], 'token': [403, 'PermissionDeniedError', 'Invalid API key or token'],
};

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const column = /^[A-Za-z]\w*$/;
const steps = { model: ['PENDING', 'TRAINING', 'COMPLETE'], deployment: ['PENDING', 'DEPLOYING', 'ACTIVE'] } as const;
const at = (list: readonly string[], looks: number) => list[Math.min(looks, list.length - 1)] ?? '';

export async function startAbacus({ port = 0, host = '127.0.0.1', apiKey = randomBytes(12).toString('hex') }: { readonly port?: number; readonly host?: string; readonly apiKey?: string } = {}): Promise<Abacus> {
  const calls: AbacusCall[] = [];
  const projects = new Map<string, { readonly projectId: string; readonly name: unknown; readonly useCase: unknown }>();
  const tables = new Map<string, Table>();
  const models = new Map<string, Model>();
  const deployments = new Map<string, Deployment>();
  const monitors = new Map<string, { readonly modelMonitorId: string; readonly name: unknown; readonly projectId: unknown }>();
  const [streamingTokens, deploymentTokens] = [new Set<string>(), new Set<string>()];
  let broken: { fault: AbacusFault; action?: string | undefined; times: number; slowMs: number } | undefined;
  let count = 0;
  let url = '';

  const newId = () => (count += 1).toString(16).padStart(8, '0');
  const byGroup = (id: unknown): Table => {
    const found = [...tables.values()].find(({ featureGroupId }) => featureGroupId === id);
    if (found === undefined) throw new Refusal(404, 'DataNotFoundError', `Feature group ${String(id)} not found`);
    return found;
  };
  const known = <T>(map: ReadonlyMap<string, T>, id: unknown, what: string): T => {
    const found = map.get(String(id));
    if (found === undefined) throw new Refusal(404, 'DataNotFoundError', `${what} ${String(id)} not found`);
    return found;
  };
  const rowsIn = ({ rows, view }: Table): Row[] => (view === undefined ? [...rows.values()] : rowsIn(view.from).map((row) => Object.fromEntries(view.columns.filter((name) => row[name] !== undefined).map((name) => [name, row[name]]))));
  const described = ({ rows, mappings: _mappings, view: _view, ...table }: Table) => ({ ...table, streamingEnabled: true, streamingReady: true, features: [...new Set([...rows.values()].flatMap(Object.keys))].map((name) => ({ name })) });
  const targetOf = (table: Table, projectId: unknown) => [...table.mappings.get(String(projectId)) ?? []].find(([, mapping]) => mapping === 'TARGET')?.[0];
  const version = (model: Model) => model.versions.at(-1) ?? { modelVersion: '', looks: 0 };
  const modelOf = (model: Model) => ({ modelId: model.modelId, name: model.name, projectId: model.projectId, latestModelVersion: { modelVersion: version(model).modelVersion, status: at(steps.model, version(model).looks) } });
  const deploymentOf = (one: Deployment) => ({ deploymentId: one.deploymentId, name: one.name, modelId: one.modelId, modelVersion: one.modelVersion, callsPerSecond: 5, status: one.stopped ? 'STOPPED' : at(steps.deployment, one.looks) });

  function append(args: Row, list: readonly unknown[]): null {
    const table = byGroup(args['featureGroupId']);
    for (const row of list) {
      if (!isRecord(row)) throw new Refusal(400, 'InvalidParameterError', 'data must be an object or a list of them');
      const wrong = Object.keys(row).find((name) => !column.test(name));
      if (wrong !== undefined) throw new Refusal(400, 'InvalidParameterError', `Invalid column name ${wrong}`);
      const key = typeof table.primaryKey === 'string' ? row[table.primaryKey] : undefined;
      if (typeof table.primaryKey === 'string' && key === undefined) throw new Refusal(400, 'MissingParameterError', `Missing primary key ${table.primaryKey}`);
      table.rows.set(typeof key === 'string' || typeof key === 'number' ? String(key) : newId(), row);
    }
    return null;
  }

  /** The mean of the target over the rows that are alike, as a stand-in for a trained regression. */
  function predicted(model: Model, query: unknown): Row {
    if (!isRecord(query)) throw new Refusal(400, 'InvalidParameterError', 'queryData must be an object');
    const rows = model.featureGroupIds.flatMap((id) => rowsIn(byGroup(id)));
    const alike = (keys: readonly string[]) => rows.filter((row) => keys.every((key) => row[key] === query[key]));
    const near = [['miner_id', 'preset'], ['model', 'preset'], []].map(alike).find((list) => list.length > 0) ?? [];
    const values = near.map((row) => Number(row[model.target])).filter((value) => Number.isFinite(value));
    return { [model.target]: values.length === 0 ? 1 : values.reduce((sum, value) => sum + value, 0) / values.length };
  }

  function predictions(args: Row, of: (model: Model) => unknown): unknown {
    const deployment = known(deployments, args['deploymentId'], 'Deployment');
    if (deployment.stopped || at(steps.deployment, deployment.looks) !== 'ACTIVE') throw new Refusal(409, 'NotReadyError', 'The deployment is not active');
    return of(known(models, deployment.modelId, 'Model'));
  }

  const handlers: Readonly<Record<string, (args: Row) => unknown>> = {
    getApiEndpoint: () => ({ apiEndpoint: url, predictEndpoint: url, proxyEndpoint: url, llmEndpoint: url }),
    listUseCases: () => [{ useCase: 'PREDICTING', prettyName: 'Predictive Modeling', description: '', problemType: 'regression' }, { useCase: 'FORECASTING', prettyName: 'Forecasting', description: '', problemType: 'forecasting' }, { useCase: 'TIMESERIES_ANOMALY', prettyName: 'Anomalies', description: '', problemType: 'ts_anomaly' }],
    describeUseCaseRequirements: () => [{ datasetType: 'CUSTOM_TABLE', name: 'Training data', required: true, multi: false, allowedFeatureMappings: { TARGET: { required: true } } }],
    createProject({ name, useCase }) {
      const made = { projectId: newId(), name, useCase };
      projects.set(made.projectId, made);
      return { ...made, problemType: 'regression', createdAt: new Date().toISOString(), tags: [] };
    },
    listProjects: () => [...projects.values()], describeProject: ({ projectId }) => known(projects, projectId, 'Project'),
    createStreamingDataset({ tableName, primaryKey, updateTimestampKey, lookupKeys }) {
      if (tables.has(String(tableName))) throw new Refusal(409, 'AlreadyExistsError', `Table ${String(tableName)} exists`);
      const made: Table = { featureGroupId: newId(), datasetId: newId(), tableName: String(tableName), primaryKey, updateTimestampKey, lookupKeys, rows: new Map(), mappings: new Map() };
      tables.set(made.tableName, made);
      return { datasetId: made.datasetId, featureGroupTableName: made.tableName, sourceType: 'STREAMING' };
    },
    describeFeatureGroupByTableName: ({ tableName }) => described(known(tables, tableName, 'Table')),
    setFeatureGroupIndexingConfig({ featureGroupId, ...config }) {
      Object.assign(byGroup(featureGroupId), config);
      return null;
    },
    setFeatureGroupSchema: () => null, setStreamingRetentionPolicy: () => null, snapshotStreamingData: () => ({ datasetVersion: newId() }),
    createStreamingToken() {
      const streamingToken = randomBytes(12).toString('hex');
      streamingTokens.add(streamingToken);
      return { streamingToken, createdAt: new Date().toISOString() };
    },
    listStreamingTokens: () => [...streamingTokens].map((streamingToken) => ({ streamingToken })),
    deleteStreamingToken: ({ streamingToken }) => (streamingTokens.delete(String(streamingToken)), null),
    appendData: (args) => append(args, [args['data']]), appendMultipleData: (args) => append(args, Array.isArray(args['data']) ? args['data'] as unknown[] : [undefined]),
    getRecentFeatureGroupStreamedData: ({ featureGroupId }) => [...byGroup(featureGroupId).rows.values()].slice(-100),
    createFeatureGroup({ tableName, sql }) {
      const [, columns = '', source = ''] = /^SELECT ([\w, ]+) FROM (\w+)$/i.exec(String(sql)) ?? [];
      const from = tables.get(source);
      if (from === undefined) throw new Refusal(400, 'InvalidParameterError', 'The SQL cannot be read, or its table is not there');
      if (tables.has(String(tableName))) throw new Refusal(409, 'AlreadyExistsError', `Table ${String(tableName)} exists`);
      const made: Table = { featureGroupId: newId(), datasetId: '', tableName: String(tableName), rows: new Map(), mappings: new Map(), view: { from, columns: columns.split(',').map((name) => name.trim()) } };
      tables.set(made.tableName, made);
      return { featureGroupId: made.featureGroupId, tableName: made.tableName };
    },
    createFeatureGroupVersion: () => ({ featureGroupVersion: newId(), status: 'COMPLETE' }),
    addFeatureGroupToProject({ featureGroupId, projectId }) {
      byGroup(featureGroupId).mappings.set(known(projects, projectId, 'Project').projectId, new Map());
      return null;
    },
    setFeatureMapping({ projectId, featureGroupId, featureName, featureMapping }) {
      const mappings = known(byGroup(featureGroupId).mappings, projectId, 'Feature group in project');
      mappings.set(String(featureName), String(featureMapping));
      return [...mappings].map(([name, mapping]) => ({ name, featureMapping: mapping }));
    },
    inferFeatureMappings: () => ({}),
    validateProject({ projectId }) {
      const valid = [...tables.values()].some((table) => targetOf(table, projectId) !== undefined);
      return { valid, datasetErrors: valid ? [] : [{ errors: ['No feature is mapped to TARGET'] }] };
    },
    getTrainingConfigOptions: () => [{ name: 'OBJECTIVE', dataType: 'ENUM', default: 'rmse', valueOptions: ['rmse', 'mae', 'mape'] }],
    trainModel({ projectId, name, trainingConfig, featureGroupIds }) {
      const config = isRecord(trainingConfig) ? trainingConfig : {};
      const lower = Object.keys(config).find((key) => !/^[A-Z][A-Z0-9_]*$/.test(key));
      if (lower !== undefined) throw new Refusal(400, 'InvalidParameterError', `trainingConfig: ${lower} is not a known option`);
      const own = [...tables.values()].filter((table) => table.mappings.has(String(projectId)) && (!Array.isArray(featureGroupIds) || featureGroupIds.includes(table.featureGroupId)));
      const target = own.map((table) => targetOf(table, projectId)).find((name) => name !== undefined);
      if (target === undefined) throw new Refusal(400, 'FailedDependencyError', 'No feature is mapped to TARGET');
      const made: Model = { modelId: newId(), projectId: String(projectId), name, target, featureGroupIds: own.map(({ featureGroupId }) => featureGroupId), versions: [{ modelVersion: newId(), looks: 0 }] };
      models.set(made.modelId, made);
      return modelOf(made);
    },
    retrainModel({ modelId }) {
      const model = known(models, modelId, 'Model');
      model.versions.push({ modelVersion: newId(), looks: 0 });
      return modelOf(model);
    },
    describeModel({ modelId }) {
      const model = known(models, modelId, 'Model');
      const told = modelOf(model);
      version(model).looks += 1;
      return told;
    },
    describeModelVersion: ({ modelVersion }) => ({ modelVersion, status: 'COMPLETE' }),
    listModelVersions: ({ modelId }) => [...known(models, modelId, 'Model').versions].reverse().map(({ modelVersion, looks }) => ({ modelVersion, status: at(steps.model, looks) })),
    getModelMetrics: ({ modelId }) => ({ algoMetrics: {}, metricNames: ['rmse'], targetColumn: known(models, modelId, 'Model').target }),
    createDeployment({ name, modelId }) {
      const model = known(models, modelId, 'Model');
      if (at(steps.model, version(model).looks) !== 'COMPLETE') throw new Refusal(409, 'NotReadyError', 'The model is still in training');
      const made: Deployment = { deploymentId: newId(), modelId: model.modelId, name, modelVersion: version(model).modelVersion, looks: 0, stopped: false };
      deployments.set(made.deploymentId, made);
      return deploymentOf(made);
    },
    describeDeployment({ deploymentId }) {
      const deployment = known(deployments, deploymentId, 'Deployment');
      const told = deploymentOf(deployment);
      deployment.looks += 1;
      return told;
    },
    startDeployment: ({ deploymentId }) => (Object.assign(known(deployments, deploymentId, 'Deployment'), { stopped: false, looks: 0 }), null),
    stopDeployment: ({ deploymentId }) => (Object.assign(known(deployments, deploymentId, 'Deployment'), { stopped: true }), null),
    setDeploymentModelVersion: ({ deploymentId, modelVersion }) => (Object.assign(known(deployments, deploymentId, 'Deployment'), { modelVersion: String(modelVersion) }), null),
    createDeploymentToken() {
      const deploymentToken = randomBytes(12).toString('hex');
      deploymentTokens.add(deploymentToken);
      return { deploymentToken };
    },
    createRefreshPolicy: ({ name }) => ({ refreshPolicyId: newId(), name }),
    predict: (args) => predictions(args, (model) => predicted(model, args['queryData'])), predictTarget: (args) => predictions(args, (model) => predicted(model, args['queryData'])),
    predictMultiple: (args) => predictions(args, (model) => (Array.isArray(args['queryData']) ? args['queryData'] as unknown[] : []).map((one) => predicted(model, one))),
    getForecast: (args) => predictions(args, () => ({ forecast: [] })),
    createModelMonitor({ name, projectId }) {
      const made = { modelMonitorId: newId(), name, projectId };
      monitors.set(made.modelMonitorId, made);
      return { ...made, latestMonitorModelVersion: { modelMonitorVersion: newId(), status: 'COMPLETE' } };
    },
    rerunModelMonitor: ({ modelMonitorId }) => known(monitors, modelMonitorId, 'Monitor'), describeModelMonitorVersion: ({ modelMonitorVersion }) => ({ modelMonitorVersion, status: 'COMPLETE' }),
    getModelMonitorSummary: () => ({ modelAccuracy: [], modelDrift: [], dataIntegrity: [], biasViolations: [], alerts: [] }), getDriftForFeature: ({ featureName }) => ({ type: 'numerical', featureName, psi: 0.02 }),
  };

  function argumentsOf(name: string, { method, query = [], required = [], optional = [] }: VendorAction, { search, body }: { search: URLSearchParams; body: Row }): Row {
    const allowed = new Set([...required, ...optional]);
    const fromQuery = Object.fromEntries(search);
    for (const key of Object.keys(fromQuery)) if (!allowed.has(key) || (method !== 'GET' && method !== 'DELETE' && !query.includes(key))) throw new Refusal(400, 'InvalidParameterError', `${name}: ${key} does not belong into the query`);
    for (const key of Object.keys(body)) if (!allowed.has(key) || query.includes(key)) throw new Refusal(400, 'InvalidParameterError', `${name}: ${key} does not belong into the body`);
    const args: Row = { ...body, ...fromQuery };
    const missing = required.find((key) => args[key] === undefined);
    if (missing !== undefined) throw new Refusal(400, 'MissingParameterError', `${name}: ${missing} is missing`);
    return args;
  }

  function credentialOf(name: string, { host: where }: VendorAction, { headers, args }: { headers: IncomingMessage['headers']; args: Row }): AbacusCall['credential'] {
    // A token opens what it was made for.
    const isToken = deploymentTokens.has(String(args['deploymentToken'])) || streamingTokens.has(String(args['streamingToken']));
    if (where === 'predict' || (name === 'getApiEndpoint' && headers['apikey'] === undefined)) return isToken ? 'token' : 'wrong';
    return headers['apikey'] === apiKey ? 'key' : headers['apikey'] === undefined ? 'none' : 'wrong';
  }

  const secretArguments = new Set(['streamingToken', 'deploymentToken']);
  const without = (args: Row): Row => Object.fromEntries(Object.entries(args).filter(([key]) => !secretArguments.has(key)));

  function reply(response: ServerResponse, status: number, body: string): void {
    response.writeHead(status, { 'content-type': 'application/json', 'x-request-id': newId() }).end(body);
  }

  /** What stands in the way of an answer; undefined: nothing does. */
  function hit(action: string): AbacusFault | undefined {
    if (broken === undefined || (broken.action !== undefined && broken.action !== action) || broken.times <= 0) return undefined;
    broken.times -= 1;
    return broken.fault;
  }

  function spoiled(result: unknown, bad: unknown): string {
    const list = Array.isArray(result) ? result.map((one: Row) => Object.fromEntries(Object.keys(one).map((key) => [key, bad]))) : result;
    return JSON.stringify({ success: true, result: list });
  }

  function answer(response: ServerResponse, fault: AbacusFault | undefined, result: unknown): void {
    const good = JSON.stringify({ success: true, result });
    switch (fault) {
      case 'reset':
        response.destroy();
        break;
      case 'slow':
        setTimeout(() => reply(response, 200, good), broken?.slowMs ?? 0).unref();
        break;
      case 'malformed':
        reply(response, 200, '{"success": true, "result": [');
        break;
      case 'nan':
        // JSON has no NaN; Python's encoder writes one all the same.
        reply(response, 200, spoiled(result, null).replaceAll(':null', ':NaN'));
        break;
      case 'null':
        reply(response, 200, spoiled(result, null));
        break;
      case 'absurd':
        reply(response, 200, spoiled(result, 1e12));
        break;
      case '504':
        reply(response, 504, JSON.stringify({ success: false, error: 'Gateway timeout', errorType: 'GatewayTimeoutError' }));
        break;
      case undefined:
      case '429':
      case '503':
      case '404':
      case 'unsuccessful':
      case 'token':
        reply(response, 200, good);
        break;
    }
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const [, isVersioned, name = ''] = /^\/api\/(v0\/)?(\w+)$/.exec(pathname) ?? [];
    const action = vendorActions[name];
    const handler = handlers[name];
    let noted: AbacusCall = { action: name, method: request.method ?? '', path: pathname, credential: 'none', args: {} };
    try {
      if (action === undefined || handler === undefined || (isVersioned === undefined) !== (action.host === 'proxy')) throw new Refusal(404, 'Generic404Error', `There is no action ${name}`);
      if (request.method !== action.method) throw new Refusal(405, 'MethodNotAllowed', `${name} is a ${action.method}`);
      const text = Buffer.concat(chunks).toString('utf8');
      const body: unknown = text === '' ? {} : JSON.parse(text);
      const args = argumentsOf(name, action, { search: searchParams, body: isRecord(body) ? body : {} });
      const credential = credentialOf(name, action, { headers: request.headers, args });
      noted = { ...noted, credential, args: without(args) };
      if (credential === 'none' || credential === 'wrong') throw new Refusal(403, 'PermissionDeniedError', 'Invalid API key or token');
      const fault = hit(name);
      const refusal = fault === undefined ? undefined : refusals[fault];
      if (refusal !== undefined) throw new Refusal(...refusal);
      answer(response, fault, handler(args));
    } catch (thrown) {
      const { status, errorType, message } = thrown instanceof Refusal ? thrown : new Refusal(400, 'InvalidRequest', thrown instanceof Error ? thrown.message : String(thrown));
      reply(response, status, JSON.stringify({ success: false, error: message, errorType }));
    } finally {
      calls.push(noted);
    }
  }

  const server = createServer((request, response) => void handle(request, response));
  url = `http://${host}:${await listen(server, { host, port }, 'Abacus')}`;
  return {
    url, apiKey, calls,
    rows: (table) => [...tables.get(table)?.rows.values() ?? []],
    fault(fault, { action, times = Infinity, slowMs = 10_000 } = {}) {
      broken = fault === undefined ? undefined : { fault, action, times, slowMs };
    },
    close: async () => close(server),
  };
}
