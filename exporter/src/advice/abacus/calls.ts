/** The calls of Abacus.AI that are made here, and no others: verb, host, and what belongs into the query (abacus-api.md, 2.1 and 2.2). */
export interface AbacusAction {
  readonly method: 'GET' | 'POST';
  readonly host: 'api' | 'predict';
  /** Arguments that go into the query of a POST; the others are its JSON body. Of a GET all are in the query. */
  readonly query?: readonly string[];
  /** May be sent again after a failure: it changes nothing, or its rows carry their key. */
  readonly repeatable?: true;
}

const get: AbacusAction = { method: 'GET', host: 'api', repeatable: true };
const post: AbacusAction = { method: 'POST', host: 'api' };

export const abacusActions = {
  getApiEndpoint: get, listUseCases: get, createProject: post, listProjects: get,
  createStreamingDataset: post, describeFeatureGroupByTableName: get, setFeatureGroupIndexingConfig: post,
  setStreamingRetentionPolicy: { ...post, query: ['datasetId'] }, createStreamingToken: post,
  createFeatureGroup: post, createFeatureGroupVersion: post, addFeatureGroupToProject: post, setFeatureMapping: post, validateProject: get,
  trainModel: post, describeModel: get, createDeployment: post, describeDeployment: get,
  startDeployment: { ...post, query: ['deploymentId'] }, stopDeployment: { ...post, query: ['deploymentId'] },
  createDeploymentToken: post, createModelMonitor: post, getModelMonitorSummary: get,
  appendMultipleData: { method: 'POST', host: 'predict', query: ['streamingToken'], repeatable: true },
  predictMultiple: { method: 'POST', host: 'predict', query: ['deploymentToken', 'deploymentId'] },
} as const satisfies Readonly<Record<string, AbacusAction>>;

export type AbacusActionName = keyof typeof abacusActions;
export const abacusActionNames = Object.keys(abacusActions) as AbacusActionName[];
