/**
 * Makes at Abacus.AI what the running exporter needs: a streaming table, a project with a model and a deployment for each target, tokens. What
 * exists is found and kept, so it can be run again at any time; only this needs the account's key (abacus-api.md, 2.2 and 2.3).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { HashfleetError } from '../../errors.ts';
import { AbacusFailure, type AbacusClient, type Arguments } from './client.ts';
import { abacusTargets, askedColumns, type AbacusTarget } from './rows.ts';
import type { AbacusDeployment } from './backend.ts';

/** What the bootstrap leaves behind; tokens in it are secrets. */
export interface AbacusState {
  readonly version: 1;
  readonly featureGroupId: string;
  readonly datasetId?: string | undefined;
  readonly streamingToken: string;
  readonly deployments: Partial<Record<AbacusTarget, Deployed>>;
  /** What was begun when the command ended: it is waited for the next time, not made twice, since training and deployments cost money. */
  readonly unfinished?: Partial<Record<AbacusTarget, Begun>> | undefined;
}

type Deployed = AbacusDeployment & { readonly projectId: string; readonly modelId: string; /** Absent until its monitor is made. */ readonly modelMonitorId?: string | undefined };
interface Begun { readonly modelId?: string | undefined; readonly deploymentId?: string | undefined }

export interface BootstrapOptions {
  readonly client: AbacusClient;
  readonly tableName: string;
  readonly retentionHours: number;
  readonly state: AbacusState | undefined;
  /** Told of each step. */
  readonly say: (line: string) => void;
  /** Called whenever something was made, so that a stop in between loses nothing. */
  readonly keep: (state: AbacusState) => void;
  /** Ms between two looks at what is being made. */
  readonly lookMs?: number;
  readonly mostLooks?: number;
}

const isRecord = (value: unknown): value is Arguments => typeof value === 'object' && value !== null && !Array.isArray(value);
const textOf = (value: unknown, field: string): string => {
  const found = isRecord(value) ? value[field] : undefined;
  if (typeof found !== 'string' || found === '') throw new AbacusFailure('bad_reply', `Abacus told no ${field}.`);
  return found;
};
const listOf = (value: unknown): readonly Arguments[] => (Array.isArray(value) ? (value as unknown[]).filter(isRecord) : []);

/** @throws AbacusFailure, HashfleetError */
export async function bootstrap({ client, tableName, retentionHours, state: known, say, keep, lookMs = 10_000, mostLooks = 1000 }: BootstrapOptions): Promise<AbacusState> {
  const useCase = listOf(await client.call('listUseCases')).find(({ problemType }) => problemType === 'regression');
  if (useCase === undefined) throw new HashfleetError('not_found', 'The account has no use case for regression; nothing was made. Ask Abacus.AI for one.');
  const { featureGroupId, datasetId } = await table();
  let state: AbacusState = { version: 1, featureGroupId, datasetId, streamingToken: known?.streamingToken ?? textOf(await client.call('createStreamingToken'), 'streamingToken'), deployments: known?.deployments ?? {}, unfinished: known?.unfinished };
  keep(state);
  const projects = listOf(await client.call('listProjects', { limit: 100 }));
  for (const target of abacusTargets) {
    const done = state.deployments[target];
    if (done !== undefined && await exists(() => client.call('describeDeployment', { deploymentId: done.deploymentId }))) say(`${target}: deployment ${done.deploymentId} is there`);
    else await deploy(target);
    await monitor(target);
  }
  return state;

  function begun(target: AbacusTarget, part: Begun | undefined): void {
    const { [target]: _before, ...others } = state.unfinished ?? {};
    state = { ...state, unfinished: part === undefined ? others : { ...others, [target]: part } };
    keep(state);
  }

  async function deploy(target: AbacusTarget): Promise<void> {
    const name = `${tableName} ${target}`;
    const projectId = projects.find((one) => one['name'] === name)?.['projectId'] ?? textOf(await client.call('createProject', { name, useCase: useCase?.['useCase'] }), 'projectId');
    if (typeof projectId !== 'string') throw new AbacusFailure('bad_reply', 'Abacus told no projectId.');
    const modelId = await found(state.unfinished?.[target]?.modelId ?? state.deployments[target]?.modelId, (id) => client.call('describeModel', { modelId: id })) ?? await train(target, { name, projectId });
    await until(async () => statusOf(await client.call('describeModel', { modelId }), 'latestModelVersion'), { what: `${target}: model`, failed: () => begun(target, undefined) });
    const deploymentId = await found(state.unfinished?.[target]?.deploymentId, (id) => client.call('describeDeployment', { deploymentId: id }))
      ?? textOf(await client.call('createDeployment', { name, modelId, callsPerSecond: 1, autoDeploy: true, start: true }), 'deploymentId');
    begun(target, { modelId, deploymentId });
    await until(async () => statusOf(await client.call('describeDeployment', { deploymentId })), { what: `${target}: deployment`, failed: () => begun(target, { modelId }) });
    const deploymentToken = textOf(await client.call('createDeploymentToken', { projectId, name }), 'deploymentToken');
    state = { ...state, deployments: { ...state.deployments, [target]: { projectId, modelId, deploymentId, deploymentToken } } };
    begun(target, undefined);
    say(`${target}: deployed as ${deploymentId}`);
  }

  /** Only what a prediction will be asked with, and the target: a model must not lean on columns that it will not be given. */
  async function groupOf(target: AbacusTarget): Promise<string> {
    const name = `${tableName}_${target}`;
    const there = await ifThere(() => client.call('describeFeatureGroupByTableName', { tableName: name }));
    return textOf(there ?? await client.call('createFeatureGroup', { tableName: name, sql: `SELECT ts, ${askedColumns.join(', ')}, ${target} FROM ${tableName}`, description: `Hours of miners, for ${target}` }), 'featureGroupId');
  }

  async function train(target: AbacusTarget, { name, projectId }: { name: string; projectId: string }): Promise<string> {
    const featureGroupId = await groupOf(target);
    await client.call('createFeatureGroupVersion', { featureGroupId });
    await unlessThere(() => client.call('addFeatureGroupToProject', { featureGroupId, projectId, featureGroupType: 'CUSTOM_TABLE' }));
    await client.call('setFeatureMapping', { projectId, featureGroupId, featureName: target, featureMapping: 'TARGET' });
    const valid = await client.call('validateProject', { projectId });
    if (!isRecord(valid) || valid['valid'] !== true) throw new HashfleetError('conflict', `Abacus says that project "${name}" cannot be trained yet; stream some days of hours first, then run this again.`);
    say(`${target}: training`);
    const modelId = textOf(await client.call('trainModel', { projectId, name, featureGroupIds: [featureGroupId], trainingConfig: { PROBLEM_TYPE: 'regression', OBJECTIVE: 'mape', TYPE_OF_SPLIT: 'Timestamp Based', TIMESTAMP_BASED_SPLITTING_COLUMN: 'ts' } }), 'modelId');
    begun(target, { modelId });
    return modelId;
  }

  async function monitor(target: AbacusTarget): Promise<void> {
    const deployed = state.deployments[target];
    if (deployed === undefined || deployed.modelMonitorId !== undefined) return;
    const { projectId, modelId } = deployed;
    const featureGroupId = await groupOf(target);
    const modelMonitorId = textOf(await client.call('createModelMonitor', { projectId, name: `${tableName} ${target}`, predictionFeatureGroupId: featureGroupId, trainingFeatureGroupId: featureGroupId, modelId }), 'modelMonitorId');
    state = { ...state, deployments: { ...state.deployments, [target]: { ...deployed, modelMonitorId } } };
    keep(state);
  }

  async function table(): Promise<{ featureGroupId: string; datasetId?: string | undefined }> {
    const indexing = { primaryKey: 'row_key', updateTimestampKey: 'ts', lookupKeys: ['miner_id'] };
    const there = await ifThere(() => client.call('describeFeatureGroupByTableName', { tableName }));
    if (there !== undefined) {
      say(`table ${tableName} is there`);
      return { featureGroupId: textOf(there, 'featureGroupId'), datasetId: known?.datasetId };
    }
    const made = textOf(await client.call('createStreamingDataset', { tableName, ...indexing }), 'datasetId');
    await client.call('setStreamingRetentionPolicy', { datasetId: made, retentionHours });
    const group = textOf(await client.call('describeFeatureGroupByTableName', { tableName }), 'featureGroupId');
    await client.call('setFeatureGroupIndexingConfig', { featureGroupId: group, ...indexing });
    say(`table ${tableName} was made`);
    return { featureGroupId: group, datasetId: made };
  }

  async function until(look: () => Promise<string>, { what, failed }: { what: string; failed: () => void }): Promise<void> {
    let before = '';
    for (let looks = 0; looks < mostLooks; looks += 1) {
      const status = await look();
      if (status !== before) say(`${what}: ${status.toLowerCase()}`);
      before = status;
      if (/^(?:COMPLETE|ACTIVE)$/.test(status)) return;
      if (/FAILED|CANCELLED|STOPPED/.test(status)) {
        // The next run makes another, in place of finding this one for ever.
        failed();
        throw new HashfleetError('conflict', `${what}: ${status}. See it at abacus.ai, then run this again.`);
      }
      await pause(lookMs);
    }
    throw new HashfleetError('conflict', `${what}: still ${before.toLowerCase()}; run this again later, it goes on where it is.`);
  }
}

function statusOf(value: unknown, within?: string): string {
  const part = within === undefined || !isRecord(value) ? value : value[within];
  return textOf(part, 'status');
}

async function ifThere(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return await ask();
  } catch (thrown) {
    if (thrown instanceof AbacusFailure && (thrown.errorType === 'DataNotFoundError' || thrown.errorType === 'Generic404Error')) return undefined;
    throw thrown;
  }
}

async function exists(ask: () => Promise<unknown>): Promise<boolean> {
  return await ifThere(ask) !== undefined;
}

/** The id where there is one and it is still known there. */
async function found(id: string | undefined, ask: (id: string) => Promise<unknown>): Promise<string | undefined> {
  return id !== undefined && await exists(() => ask(id)) ? id : undefined;
}

async function unlessThere(make: () => Promise<unknown>): Promise<void> {
  try {
    await make();
  } catch (thrown) {
    if (!(thrown instanceof AbacusFailure && thrown.errorType === 'AlreadyExistsError')) throw thrown;
  }
}
