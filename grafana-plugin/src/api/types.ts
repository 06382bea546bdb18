/**
 * Shapes of the exporter's API (exporter/src/http/schemas.ts). Times are ISO 8601 in UTC, hashrates in H/s, power in W,
 * ratios 0 to 1, money in USD. Absent means unknown.
 */

export const minerStates = ['mining', 'initializing', 'starting', 'auto-tuning', 'restarting', 'shutting-down', 'stopped', 'failure'] as const;
export type MinerState = (typeof minerStates)[number];

export const intents = ['mine', 'stopped', 'curtailed', 'maintenance'] as const;
export type Intent = (typeof intents)[number];

export const actionNames = [
  'restart_mining',
  'reboot',
  'pause',
  'resume',
  'preset',
  'locate',
  'start',
  'stop',
  'throttle',
  'switch_pool',
  'set_pools',
  'cooling',
  'hostname',
  'notes',
  'password',
  'api_keys',
  'autotune_reset',
  'settings_backup',
  'settings_restore',
  'factory_reset',
  'firmware_update',
  'firmware_remove',
] as const;
export type ActionName = (typeof actionNames)[number];

export const targetStates = ['waiting', 'running', 'verifying', 'verified', 'failed', 'indeterminate', 'skipped', 'cancelled'] as const;
export type TargetState = (typeof targetStates)[number];

export interface Health {
  status: 'ok';
  version: string;
  miners: { configured: number; up: number };
  control: { enabled: boolean; readOnly: boolean };
  scope: 'read' | 'operate' | 'admin';
}

/** What is wanted of a miner: alerts and sums heed it, the miner itself is not touched. */
export interface IntentWish {
  intent: Intent;
  reason?: string;
  /** When the wish before holds again; open when absent. */
  until?: string;
}

export interface Rig {
  name: string;
  site: string;
  rack?: string;
  circuit?: string;
  model: string;
  address: string;
  mac?: string;
  firmware?: { name: string; version: string };
  algorithm?: string;
  up: boolean;
  stale: boolean;
  reason?: string;
  lastPollAt?: string;
  lastSuccessAt?: string;
  state?: MinerState;
  stateSeconds?: number;
  failure?: { code?: number; description?: string };
  intent: Intent;
  intentStatement?: { author?: string; reason?: string; until?: string };
  phase?: 'off' | 'starting' | 'tuning' | 'warming_up' | 'steady';
  health?: { score: number; anomaly: number; part?: string; text?: string; since?: string };
  preset?: { name: string; tuned?: boolean; powerWatts?: number; hashrate?: number };
  hashrate?: number;
  hashrateAverage?: number;
  hashrateRatio?: number;
  powerWatts?: number;
  efficiencyJoulesPerMegahash?: number;
  temperature: { pcbMax?: number; chipMax?: number };
  boards?: { up: number; expected: number };
  fans?: { up: number; total: number };
  money: { revenueUsdPerDay?: number; basis?: string; powerCostUsdPerDay?: number; profitUsdPerDay?: number };
  locateOn?: boolean;
  activePool?: string;
  activeJob?: string;
}

export interface Board {
  board: number;
  up: boolean;
  state?: string;
  detail?: string;
  hashrate?: number;
  hashrateNominal?: number;
  deviationRatio?: number;
  frequencyHertz?: number;
  voltageVolts?: number;
  powerWatts?: number;
  temperature: { pcbMax?: number; chipMax?: number };
  chips?: { grey: number; orange: number; red: number };
  hardwareErrors?: number;
}

export interface Telemetry {
  rig: Rig;
  boards: Board[];
  fans: Array<{ fan: number; up: boolean; speedRpm?: number }>;
  pools: Array<{ slot: number; url: string; user: string; status: string; accepted?: number; rejected?: number; stale?: number; pingSeconds?: number }>;
  uptimeSeconds?: number;
  readAt?: string;
}

export interface Preset {
  name: string;
  label: string;
  tuned: boolean;
  current: boolean;
  needsModifiedPsu: boolean;
  powerWatts?: number;
  hashrate?: number;
}

export interface Presets {
  miner: string;
  presets: Preset[];
  readAt?: string;
}

export interface ActionParameters {
  preset?: string;
  on?: boolean;
  allowUntuned?: boolean;
  /** Without a text the note is deleted. */
  note?: { key: string; text?: string };
}

/** What an action is confirmed with. */
export interface Confirmation {
  dryRun: boolean;
  confirmationToken?: string;
  /** What plan.stepUp asks for. */
  typed?: string;
  idempotencyKey?: string;
}

export interface ActionRequest extends Confirmation {
  action: ActionName;
  miners?: string[];
  /** In place of `miners`: those that fit a CEL expression now. */
  select?: { expression: string };
  parameters?: ActionParameters;
}

/** A figure with its 80 % interval. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

export const adviceKinds = [
  'preset_change', 'sleep', 'wake', 'thermal_derate', 'circuit_rebalance', 'fan_or_cooling', 'maintenance', 'retune', 'switcher_conflict', 'explore', 'data_quality', 'algorithm_price',
] as const;
export type AdviceKind = (typeof adviceKinds)[number];

export const adviceStatuses = ['open', 'approved', 'rejected', 'applied', 'rolled_back', 'failed', 'expired'] as const;
export type AdviceStatus = (typeof adviceStatuses)[number];

export interface Recommendation {
  id: string;
  kind: AdviceKind;
  /** Absent for what is about the fleet. */
  miner?: string;
  from?: string;
  /** A preset, or "sleep". */
  to?: string;
  urgent: boolean;
  gainUsdPerDay?: number;
  /** In words. */
  evidence: string;
  createdAt: string;
  expiresAt: string;
  status: AdviceStatus;
  expected?: { hashrate: Interval; powerWatts: Interval; usdPerDay?: Interval };
  probability?: number;
  alternatives: Array<{ to: string; usdPerDay: number }>;
  decidedBy?: string;
  decidedAt?: string;
  appliedAt?: string;
  approval?: { id: string };
  /** Why the job did not do it. */
  result?: string;
  outcome?: { at: string; inPlace: boolean; usdPerDay?: number };
}

export const railNames = ['window', 'daily_cap', 'cooldown', 'floor', 'circuit', 'max_in_flight', 'batch', 'canary', 'stop_on_failures'] as const;

export interface Plan {
  action: ActionName;
  targets: Array<{ miner: string; changes: Array<{ field: string; from?: string; to: string }>; warning?: string }>;
  skipped: Array<{ miner: string; reason: string }>;
  effect: { powerWatts?: number; hashrate?: number; usdPerDay?: number };
  /** What the circuits draw whose draw it changes. */
  circuits?: Array<{ site: string; circuit: string; powerWatts: number; afterWatts: number; mayDrawWatts?: number; unread: number }>;
  expectedSeconds: number;
  /** What holds the action back, slows it or may stop it. */
  rails?: Array<{ rail: (typeof railNames)[number]; effect: 'refuses' | 'slows' | 'may_stop'; detail: string }>;
  confirmation: { required: boolean; token?: string; expiresAt?: string };
  /** The text that has to be typed, letter by letter. */
  stepUp?: { typed: string };
  /** Why a second person has to approve it. */
  fourEyes?: string;
}

export interface JobTarget {
  miner: string;
  state: TargetState;
  detail?: string;
  startedAt?: string;
  finishedAt?: string;
}

export interface Job {
  id: string;
  action: ActionName;
  parameters: Record<string, unknown>;
  actor: string;
  state: 'running' | 'finished' | 'cancelled';
  createdAt: string;
  finishedAt?: string;
  targets: JobTarget[];
}

export interface ActionReply {
  plan: Plan;
  job?: Job;
  /** In place of a job: it waits for a second person. */
  approval?: { id: string; reason: string };
}

/** An action that waits for a second person, or what became of it. */
export interface Approval {
  id: string;
  state: 'awaiting_approval' | 'approved' | 'rejected' | 'expired';
  action: ActionName;
  parameters: Record<string, unknown>;
  actor: string;
  reason: string;
  requestedAt: string;
  expiresAt: string;
  plan: Plan;
  /** Goes back with the answer: it is this plan that is agreed to. */
  fingerprint: string;
  /** False once the plan has changed and who asked for it has not seen the new one. */
  confirmed: boolean;
  answeredBy?: string;
  answeredAt?: string;
  answer?: string;
  job?: string;
}

export const auditEvents = [
  'started', 'sent', 'outcome', 'roll_back', 'cancelled', 'refused', 'intent', 'inventory', 'schedule', 'requested', 'approved', 'rejected', 'expired', 'drift_accepted', 'advice', 'model',
] as const;
export type AuditEvent = (typeof auditEvents)[number];

export interface AuditEntry {
  sequence: number;
  at: string;
  actor: string;
  token: string;
  event: AuditEvent;
  action?: ActionName;
  job?: string;
  miner?: string;
  outcome?: string;
  detail?: string;
  before?: Record<string, unknown>;
  after?: Record<string, unknown>;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  field?: string;
  given?: unknown;
  allowed?: string;
}

export interface CoinAmount {
  coin: string;
  /** Decimal, exact. */
  amount: string;
  usd?: number;
}

export interface EarningsRow {
  period: string;
  /** Pool, site or miner, where the rows are by these. */
  name?: string;
  coins: CoinAmount[];
  usd?: number;
  complete: boolean;
  /** What is missing, in words. */
  lacks: string[];
}

export interface MoneyNow {
  miners: number;
  revenueUsdPerDay?: number;
  powerCostUsdPerDay?: number;
  profitUsdPerDay?: number;
  complete: boolean;
  lacks: string[];
}

export interface Earnings {
  /** Local days, as 2026-01-31. */
  from: string;
  to: string;
  zone: string;
  basis: string;
  rows: EarningsRow[];
  pools: Array<{ pool: string; openedAt: string; readAt: string; coins: Array<{ coin: string; earned: string; unknownWorkers: string; balance?: string }> }>;
  prices: Array<{ coin: string; usd: number; source: 'pool' | 'http' | 'file' | 'config'; at?: string }>;
  now: { fleet: MoneyNow; sites: Array<MoneyNow & { site: string; powerPriceUsdPerKilowattHour?: number }> };
}

export const earningsGroups = ['fleet', 'pool', 'site', 'miner'] as const;
export type EarningsGroup = (typeof earningsGroups)[number];

export const signals = ['hashrate', 'power', 'heat', 'errors', 'fan', 'board', 'psu', 'chips', 'pool'] as const;
export type Signal = (typeof signals)[number];

export interface MinerHealth {
  miner: string;
  /** Absent while nothing was judged. */
  health?: { score: number; anomaly: number; part?: string; text?: string; since?: string; evidence: Array<{ signal: Signal; z: number; place?: number; text: string }>; at: string; hours: number };
  /** How far each figure lies from what is expected, in standard deviations. */
  residuals: Array<{ signal: Signal; z: number; place?: number }>;
}

export interface CurvePoint {
  preset: string;
  tuned: boolean;
  /** Hours that it was measured on this preset. */
  hours: number;
  hashrate: Interval;
  powerWatts: Interval;
  chipTemperature?: Interval;
  efficiencyJoulesPerMegahash: number;
  profitUsdPerDay?: Interval;
  /** The power price at which it earns nothing. */
  breakevenUsdPerKilowattHour?: number;
  /** The power price up to which it earns more than the preset below. */
  stepBreakevenUsdPerKilowattHour?: number;
  obstacle?: string;
}

export interface Curve {
  miner: string;
  current?: string;
  modelHours: number;
  points: CurvePoint[];
}

export interface LogLine {
  at?: string;
  level?: string;
  text: string;
  event?: string;
}

export interface MinerSettings {
  miner: string;
  settings: {
    pools: Array<{ slot: number; url: string; user: string }>;
    preset?: string;
    modifiedPsu?: boolean;
    timezone?: string;
    cooling?: Record<string, string | number | boolean>;
    manual?: Record<string, string | number | boolean>;
    boards: Array<{ board: number; frequencyHertz?: number; disabled?: boolean }>;
    switcher?: Record<string, string | number | boolean>;
    protection: Record<string, string | number | boolean>;
    network?: Record<string, string | number | boolean>;
  };
  readAt: string;
}

export interface Note {
  key: string;
  value: string;
}

export const changeKinds = ['preset', 'pool', 'firmware', 'mining', 'settings', 'password', 'address', 'machine', 'schedule', 'advice', 'health'] as const;

/** A change that somebody else made, or what a miner wrote into its log. */
export type FleetEvent =
  | { miner: string; at: string; kind: (typeof changeKinds)[number]; from: string; to: string }
  | { miner: string; at: string; kind: 'log'; level?: string; text: string; event: string };

export const driftParts = ['preset', 'pool', 'firmware', 'settings', 'password'] as const;

/** What differs from how a miner is meant to be. */
export interface Drift {
  miner: string;
  what: (typeof driftParts)[number];
  section?: string;
  from: string;
  to: string;
  since: string;
  remedy: string;
  /** What takes it back. */
  order?: { action: ActionName; miners: string[]; parameters: ActionParameters };
}

export interface PoolReading {
  pool: string;
  type: string;
  up: boolean;
  detail?: string;
  remedy?: string;
  workers: Array<{ worker: string; miner?: string; hashrate?: number; hashrateHour?: number; hashrateDay?: number; lastShareAt?: string; connected?: boolean; shareDifficulty?: number }>;
}

/** A schedule of pauses, presets or power limits, and how it stands. */
export interface Schedule {
  schedule: { name: string; description?: string; do: Record<string, unknown> };
  origin: 'file' | 'api';
  enabled: boolean;
  switchedBy?: string;
  /** Absent while it wants nothing. */
  activeSince?: string;
  nextChange?: string;
  priceUsdPerKilowattHour?: number;
  members: number;
  taken: Array<{ miner: string; since: string; left?: string }>;
  waiting: MinerReason[];
  failed: MinerReason[];
  suspended: MinerReason[];
  held: MinerReason[];
  limit?: { limitWatts: number; targetWatts: number; plannedWatts: number; fits: boolean };
  problems: string[];
}

export interface MinerReason {
  miner: string;
  reason: string;
}
