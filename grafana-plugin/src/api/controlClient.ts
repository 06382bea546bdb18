import { getBackendSrv } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';
import { PLUGIN_ID } from '../constants';
import { toApiError } from './errors';
import type {
  ActionReply, ActionRequest, Approval, AuditEntry, Confirmation, Curve, Drift, Earnings, EarningsGroup, FleetEvent, Health, IntentWish, Job, LogLine, MinerHealth, MinerSettings, Note,
  PoolReading, Presets, Recommendation, Rig, Schedule, Telemetry,
} from './types';

const proxy = `/api/plugin-proxy/${PLUGIN_ID}`;

interface Call {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  params?: Record<string, string | number>;
  data?: unknown;
}

/** Every call goes through Grafana's proxy: GET by the read route, POST by the write route, each with its own token. */
async function call<T>({ method, path, params, data }: Call): Promise<T> {
  const url = `${proxy}/${method === 'GET' ? 'read' : 'write'}/${path}`;
  try {
    const reply = await lastValueFrom(
      getBackendSrv().fetch<T>({ method, url, params, data, showErrorAlert: false, showSuccessAlert: false })
    );
    return reply.data;
  } catch (cause) {
    throw toApiError(cause);
  }
}

const get = <T>(path: string, params?: Call['params']): Promise<T> => call<T>({ method: 'GET', path, params });
const put = <T>(path: string, data: unknown): Promise<T> => call<T>({ method: 'PUT', path, data });
const post = <T>(path: string, data: unknown): Promise<T> => call<T>({ method: 'POST', path, data });

export const controlClient = {
  health: () => get<Health>('health'),
  rigs: () => get<{ rigs: Rig[] }>('rigs').then((reply) => reply.rigs),
  telemetry: (miner: string) => get<Telemetry>(`telemetry/${miner}`),
  presets: (miner: string) => get<Presets>(`rigs/${miner}/presets`),
  minerHealth: (miner: string) => get<MinerHealth>(`rigs/${miner}/health`),
  curve: (miner: string) => get<Curve>(`rigs/${miner}/curve`),
  settings: (miner: string) => get<MinerSettings>(`rigs/${miner}/settings`),
  logs: (miner: string, type: string) => get<{ lines: LogLine[] }>(`rigs/${miner}/logs`, { type, limit: 1000 }).then((reply) => reply.lines),
  notes: (miner: string) => get<{ notes: Note[] }>(`rigs/${miner}/notes`).then((reply) => reply.notes),
  events: () => get<{ events: FleetEvent[] }>('events').then((reply) => reply.events),
  drift: () => get<{ drift: Drift[] }>('drift').then((reply) => reply.drift),
  acceptDrift: (miner: string, what: Drift['what']) => post<{ drift: Drift[] }>(`drift/${miner}/accept`, { what: [what] }),
  pools: () => get<{ pools: PoolReading[] }>('pools').then((reply) => reply.pools),
  jobs: () => get<{ jobs: Job[] }>('jobs').then((reply) => reply.jobs),
  job: (id: string) => get<Job>(`jobs/${id}`),
  audit: (limit: number, miner?: string) =>
    get<{ entries: AuditEntry[] }>('audit', miner === undefined ? { limit } : { limit, miner }).then((reply) => reply.entries),
  earnings: (by: 'day' | 'month' | 'all', group: EarningsGroup) => get<Earnings>('earnings', { by, group }),
  /** CSV for the books. */
  report: (period: 'day' | 'week' | 'month', table: 'miners' | 'coins' | 'payouts') => get<string>(`reports/${period}.csv`, { table }),
  approvals: () => get<{ approvals: Approval[] }>('approvals').then((reply) => reply.approvals),
  answerApproval: (approval: Approval, answer: 'approve' | 'confirm' | 'reject') =>
    post<Approval>(`approvals/${approval.id}/${answer}`, answer === 'reject' ? {} : { fingerprint: approval.fingerprint }),
  schedules: () => get<{ schedules: Schedule[] }>('schedules').then((reply) => reply.schedules),
  switchSchedule: (name: string, on: boolean) => post<Schedule>(`schedules/${name}/${on ? 'enable' : 'disable'}`, {}),
  /** Miners that fit a CEL expression now; a plan tells them, and nothing is sent. */
  chosenBy: (expression: string) =>
    post<ActionReply>('actions', { action: 'locate', select: { expression }, parameters: { on: true }, dryRun: true }).then(({ plan }) => [...plan.targets, ...plan.skipped].map(({ miner }) => miner)),
  advice: () => get<{ recommendations: Recommendation[] }>('recommendations', { status: 'all' }).then((reply) => reply.recommendations),
  judgeFleet: () => post<{ recommendations: Recommendation[] }>('recommendations/generate', {}),
  decide: (id: string, decision: 'approve' | 'reject') => post<Recommendation>(`recommendations/${id}/${decision}`, {}),
  applyAdvice: (id: string, what: 'apply' | 'rollback', confirmation: Confirmation) => post<ActionReply>(`recommendations/${id}/${what}`, confirmation),
  wantOf: (miner: string, wish: IntentWish) => put<Rig>(`rigs/${miner}/intent`, wish),
  act: (request: ActionRequest) => post<ActionReply>('actions', request),
  cancel: (id: string) => post<Job>(`jobs/${id}/cancel`, {}),
};
