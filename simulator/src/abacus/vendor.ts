/**
 * The calls of Abacus.AI as its own client makes them (abacus-api.md, 2.1 and 2.2): verb, host, and what belongs into the query. All other
 * arguments of a POST are in its JSON body; of a GET and DELETE everything is in the query.
 */
export interface VendorAction {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `proxy` has paths without v0. */
  readonly host: 'api' | 'predict' | 'proxy';
  /** Arguments in the query of a POST or PATCH. */
  readonly query?: readonly string[];
  readonly required?: readonly string[];
  readonly optional?: readonly string[];
}

const get = (required: readonly string[] = [], optional: readonly string[] = []): VendorAction => ({ method: 'GET', host: 'api', required, optional });
const post = (required: readonly string[] = [], optional: readonly string[] = [], query: readonly string[] = []): VendorAction => ({ method: 'POST', host: 'api', required, optional, query });
const predicts = (required: readonly string[], optional: readonly string[] = []): VendorAction => ({ method: 'POST', host: 'predict', required: ['deploymentToken', 'deploymentId', ...required], optional, query: ['deploymentToken', 'deploymentId'] });

export const vendorActions: Readonly<Record<string, VendorAction>> = {
  getApiEndpoint: get([], ['deploymentId', 'deploymentToken', 'featureGroupId', 'streamingToken']),
  listUseCases: get(), describeUseCaseRequirements: get(['useCase']),
  createProject: post(['name', 'useCase']), listProjects: get([], ['limit', 'startAfterId']), describeProject: get(['projectId']),
  createStreamingDataset: post(['tableName'], ['primaryKey', 'updateTimestampKey', 'lookupKeys', 'versionLimit']),
  describeFeatureGroupByTableName: get(['tableName']), setFeatureGroupIndexingConfig: post(['featureGroupId'], ['primaryKey', 'updateTimestampKey', 'lookupKeys']), setFeatureGroupSchema: post(['featureGroupId', 'schema']),
  setStreamingRetentionPolicy: post(['datasetId'], ['retentionHours', 'retentionRowCount', 'ignoreRecordsBeforeTimestamp'], ['datasetId']),
  createStreamingToken: post(), listStreamingTokens: get(), deleteStreamingToken: { method: 'DELETE', host: 'api', required: ['streamingToken'] },
  appendData: { method: 'POST', host: 'predict', required: ['streamingToken', 'featureGroupId', 'data'], query: ['streamingToken'] },
  appendMultipleData: { method: 'POST', host: 'predict', required: ['streamingToken', 'featureGroupId', 'data'], query: ['streamingToken'] },
  getRecentFeatureGroupStreamedData: get(['featureGroupId']), snapshotStreamingData: post(['datasetId'], [], ['datasetId']),
  createFeatureGroup: post(['tableName', 'sql'], ['description', 'versionLimit']), createFeatureGroupVersion: post(['featureGroupId']),
  addFeatureGroupToProject: post(['featureGroupId', 'projectId'], ['featureGroupType']), setFeatureMapping: post(['projectId', 'featureGroupId', 'featureName', 'featureMapping']),
  inferFeatureMappings: get(['projectId', 'featureGroupId']), validateProject: get(['projectId'], ['featureGroupIds']),
  getTrainingConfigOptions: post(['projectId'], ['featureGroupIds', 'forRetrain']),
  trainModel: post(['projectId'], ['name', 'trainingConfig', 'featureGroupIds', 'refreshSchedule', 'builtinAlgorithms']), retrainModel: post(['modelId'], ['deploymentIds', 'featureGroupIds', 'trainingConfig']),
  describeModel: get(['modelId']), describeModelVersion: get(['modelVersion']), listModelVersions: get(['modelId'], ['limit', 'startAfterVersion']), getModelMetrics: get(['modelId'], ['modelVersion', 'returnGraphs', 'validation']),
  createDeployment: post([], ['name', 'modelId', 'modelVersion', 'callsPerSecond', 'autoDeploy', 'start', 'featureGroupId']), describeDeployment: get(['deploymentId']),
  startDeployment: post(['deploymentId'], [], ['deploymentId']), stopDeployment: post(['deploymentId'], [], ['deploymentId']),
  setDeploymentModelVersion: { method: 'PATCH', host: 'api', required: ['deploymentId', 'modelVersion'], optional: ['algorithm'], query: ['deploymentId'] },
  createDeploymentToken: post(['projectId'], ['name']), createRefreshPolicy: post(['name', 'cron', 'refreshType'], ['projectId', 'modelIds']),
  predict: predicts(['queryData']), predictTarget: predicts(['queryData'], ['explainPredictions', 'explainerType', 'fixedFeatures', 'nested']), predictMultiple: predicts(['queryData']),
  getForecast: predicts(['queryData'], ['futureData', 'numPredictions', 'predictionStart', 'explainPredictions', 'getItemData']),
  createModelMonitor: post(['projectId', 'predictionFeatureGroupId'], ['trainingFeatureGroupId', 'name', 'refreshSchedule', 'modelId', 'featureMappings', 'exclude']), rerunModelMonitor: post(['modelMonitorId']),
  describeModelMonitorVersion: get(['modelMonitorVersion']), getModelMonitorSummary: get(['modelMonitorId']), getDriftForFeature: get(['modelMonitorVersion', 'featureName']),
};

export const problemTypes = ['regression', 'forecasting', 'ts_anomaly', 'event_anomaly'] as const;
