import { readFileSync } from 'fs';
import path from 'path';
import { actionNames, adviceKinds, adviceStatuses, intents, minerStates, targetStates } from '../api/types';
import * as queries from '../scenes/promQueries';

/* The exporter's catalogue and schemas are the contract; this plugin keeps its own copy of what it uses. */
const exporter = path.resolve(__dirname, '../../../exporter/src');
const catalogue = readFileSync(path.join(exporter, 'metrics/catalogue.ts'), 'utf8');
const schemas = ['http/schemas.ts', 'http/advice-schemas.ts', 'http/schedule-schemas.ts'].map((file) => readFileSync(path.join(exporter, file), 'utf8')).join('\n');
const decision = readFileSync(path.join(exporter, 'advice/decision.ts'), 'utf8');
const adviceStore = readFileSync(path.join(exporter, 'advice/store.ts'), 'utf8');
const journal = readFileSync(path.join(exporter, 'control/journal.ts'), 'utf8');

const served = new Set([...catalogue.matchAll(/^ {2}([a-z][a-z0-9_]+): (?:gauge|counter|ofPool|ofExporter|ofChip)\(/gm)].map(([, name]) => name));
const listIn = (text: string, start: string): string[] => {
  const from = text.indexOf(start);
  return [...text.slice(from, text.indexOf(']', from)).matchAll(/'([^']+)'/g)].map(([, value]) => value);
};
const fieldsOf = (shape: string): string => {
  const from = schemas.indexOf(`export const ${shape} = `);
  return schemas.slice(from, schemas.indexOf('\nexport const', from + 1));
};

const strings = (value: unknown): string[] => (typeof value === 'string' ? [value] : Object.values((value ?? {}) as object).flatMap(strings));
const expressions = strings([queries.fleetQueries, queries.worstQueries, queries.gridQuery, queries.minerQueries('m'), queries.gapQueries('m'), queries.setupQueries, queries.moneyQueries]);

describe('what the plugin asks of the exporter', () => {
  it('are series that it serves', () => {
    const asked = new Set(expressions.flatMap((expression) => [...expression.matchAll(/\b(?:miner|pool|hashfleet)_[a-z_]+/g)].map(([name]) => name)));
    expect(asked.size).toBeGreaterThan(20);
    expect([...asked].filter((name) => !served.has(name))).toEqual([]);
  });

  it.each([
    ['states of a miner', minerStates, listIn(catalogue, '  state: [')],
    ['intents', intents, listIn(catalogue, '  intent: [')],
    ['actions', actionNames, listIn(catalogue, '  action: [')],
    ['states of a job’s miner', targetStates, listIn(journal, 'export const targetStates')],
    ['kinds of advice', adviceKinds, listIn(decision, 'export const adviceKinds')],
    ['what becomes of advice', adviceStatuses, listIn(adviceStore, 'export const adviceStatuses')],
    ['states in the timeline', queries.statesInTimeline, listIn(catalogue, '  state: [')],
  ])('%s are the same on both sides', (_, ours, theirs) => {
    expect([...ours]).toEqual(theirs);
  });

  it.each([
    ['ActionRequest', ['action', 'miners', 'parameters', 'preset', 'on', 'allowUntuned', 'dryRun', 'confirmationToken', 'typed', 'idempotencyKey']],
    ['Plan', ['targets', 'changes', 'field', 'from', 'to', 'warning', 'skipped', 'reason', 'effect', 'powerWatts', 'hashrate', 'usdPerDay', 'circuits', 'afterWatts', 'mayDrawWatts', 'unread', 'rails', 'expectedSeconds', 'confirmation', 'token', 'expiresAt', 'stepUp', 'typed', 'fourEyes']],
    ['RigHealth', ['miner', 'health', 'residuals', 'signal', 'z', 'place']],
    ['Logs', ['lines']],
    ['Curve', ['current', 'modelHours', 'points', 'preset', 'tuned', 'hours', 'hashrate', 'powerWatts', 'chipTemperature', 'efficiencyJoulesPerMegahash', 'profitUsdPerDay', 'breakevenUsdPerKilowattHour', 'stepBreakevenUsdPerKilowattHour', 'obstacle']],
    ['Settings', ['settings', 'readAt']],
    ['Drift', ['miner', 'what', 'section', 'from', 'to', 'since', 'remedy', 'order']],
    ['ScheduleStatus', ['schedule', 'origin', 'enabled', 'switchedBy', 'activeSince', 'nextChange', 'members', 'taken', 'waiting', 'failed', 'suspended', 'held', 'limit', 'problems']],
    ['Notes', ['notes', 'key', 'value']],
    ['ActionReply', ['plan', 'job', 'approval']],
    ['Job', ['id', 'action', 'parameters', 'actor', 'state', 'createdAt', 'targets']],
    ['JobTarget', ['miner', 'state', 'detail']],
    ['Health', ['version', 'miners', 'configured', 'up', 'control', 'enabled', 'readOnly']],
    ['Rig', ['name', 'site', 'rack', 'stale', 'lastSuccessAt', 'hashrateRatio', 'efficiencyJoulesPerMegahash', 'chipMax', 'profitUsdPerDay', 'activeJob', 'intent', 'intentStatement', 'phase', 'health', 'preset']],
    ['ApplyRequest', ['dryRun', 'confirmationToken', 'typed', 'idempotencyKey']],
    ['Recommendation', ['id', 'kind', 'miner', 'from', 'to', 'urgent', 'gainUsdPerDay', 'evidence', 'createdAt', 'expiresAt', 'status', 'expected', 'usdPerDay', 'probability', 'alternatives', 'decidedBy', 'decidedAt', 'appliedAt', 'approval', 'result', 'outcome', 'inPlace']],
    ['IntentRequest', ['intent', 'reason', 'until']],
    ['Approval', ['id', 'state', 'action', 'parameters', 'actor', 'reason', 'requestedAt', 'expiresAt', 'plan', 'confirmed', 'answeredBy', 'answeredAt', 'answer', 'job', 'fingerprint']],
    ['AuditEntry', ['sequence', 'at', 'actor', 'event', 'action', 'miner', 'outcome', 'detail', 'before', 'after']],
    ['Earnings', ['from', 'to', 'zone', 'basis', 'rows', 'period', 'coins', 'usd', 'lacks', 'pools', 'openedAt', 'readAt', 'earned', 'unknownWorkers', 'balance', 'prices', 'source', 'now', 'fleet', 'sites']],
  ])('%s has the fields that are read or sent', (shape, fields) => {
    const text = fieldsOf(shape);
    expect(fields.filter((field) => !new RegExp(`\\b${field}\\b[:,]`).test(text))).toEqual([]);
  });
});
