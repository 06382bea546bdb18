/**
 * Shapes of the API in one place: they check what comes in, type what goes out, and make openapi.json.
 * Times are ISO 8601 in UTC, hashrates in H/s, power in W, ratios 0 to 1, money in USD. Absent means unknown.
 */
import { z } from 'zod';
import { entryKinds } from '../analytics/account.ts';
import { macPattern } from '../config/mac.ts';
import { bases, minerSchema } from '../config/schema.ts';
import { approvalStates } from '../control/approvals.ts';
import { auditEvents } from '../control/audit.ts';
import { deeds } from '../control/guard.ts';
import { targetStates } from '../control/journal.ts';
import { railNames } from '../control/rails.ts';
import { eventKinds } from '../fleet/fleet.ts';
import { driftKinds } from '../fleet/known-state.ts';
import { labelValues } from '../metrics/catalogue.ts';
import { annotationKinds } from '../miners/history.ts';
import { logEvents } from '../miners/log-line.ts';
import { coolingModes, warranties } from '../miners/reading.ts';

const time = z.iso.datetime().describe('ISO 8601, UTC');
const minerName = z.string().regex(/^[A-Za-z0-9._-]{1,63}$/).describe('Unique name of the miner, as in fleet.yaml');

export const MinerState = z.enum(labelValues.state);
export const Intent = z.enum(labelValues.intent);
export const Phase = z.enum(labelValues.phase).describe('What its measurements are worth: only "steady" says how well it mines');
export const PollFailureReason = z.enum(labelValues.reason);
export const ReadingSource = z.enum(labelValues.reading_source).describe('Where the reading came from: VNish\'s REST API, the CGI of VNish 3.x, TCP 4028 (cgminer), which says least, or an agent (push)');
export const ActionName = z.enum(labelValues.action);

const coinAmount = z.object({ coin: z.string(), amount: z.string().describe('Exact decimal text, in coins') });

const IntentStatement = z.object({ author: z.string().optional(), reason: z.string().optional(), until: time.optional() });

export const IntentRequest = z.strictObject({
  intent: Intent,
  reason: z.string().max(200).optional(),
  from: time.optional().describe('With "maintenance": when it begins; now when absent'),
  until: time.optional().describe('When the wish before holds again; open when absent'),
}).meta({ id: 'IntentRequest' });

export const Health = z.object({
  status: z.literal('ok'),
  version: z.string(),
  miners: z.object({ configured: z.number().int(), up: z.number().int() }),
  control: z.object({ enabled: z.boolean(), readOnly: z.boolean() }),
  scope: z.enum(['read', 'push', 'operate', 'admin']).describe('Scope of the token used'),
  may: z.object({
    actions: z.array(ActionName), deeds: z.array(z.enum(deeds)).describe('Beside actions'),
    sites: z.array(z.string()).optional().describe('Absent with "miners" absent too: everywhere'), miners: z.array(minerName).optional(),
    stepUp: z.array(ActionName).describe('Of the actions, those that must be typed by hand'),
  }).describe('What this token may do; control may be switched off all the same'),
  gaps: z.array(z.object({ from: time, to: time, wholeUntil: time, partUntil: time }))
    .describe('When the exporter was not running; "hashfleet backfill" fills it wholly or partly from the miners\' own memory until then'),
}).meta({ id: 'Health' });

export const Fan = z.object({ fan: z.number().int(), up: z.boolean(), speedRpm: z.number().optional() }).meta({ id: 'Fan' });

export const Board = z.object({
  board: z.number().int().describe('Counted from 1'),
  up: z.boolean(),
  state: z.string().optional().describe('As the firmware says, or "missing"'),
  detail: z.string().optional(),
  hashrate: z.number().optional(),
  hashrateNominal: z.number().optional(),
  deviationRatio: z.number().optional().describe('Relative to the mean of its siblings, less 1'),
  frequencyHertz: z.number().optional(),
  voltageVolts: z.number().optional(),
  powerWatts: z.number().optional(),
  temperature: z.object({ pcbMax: z.number().optional(), chipMax: z.number().optional() }),
  chips: z.object({ grey: z.number(), orange: z.number(), red: z.number() }).optional(),
  hardwareErrors: z.number().optional(),
}).meta({ id: 'Board' });

export const HealthSummary = z.object({
  score: z.number().describe('0 to 100; 100 is as expected'),
  anomaly: z.number().describe('0 to 1; 0.5 is as unusual as an alarm'),
  part: z.enum(labelValues.part).optional().describe('Likely at fault, or what is around the miner; absent: nothing was found'),
  text: z.string().optional().describe('Why, in words'),
  since: time.optional().describe('Since when the part is named'),
  evidence: z.array(z.object({ signal: z.enum(labelValues.residual_signal), z: z.number().describe('Standard deviations from what is expected'), place: z.number().int().optional().describe('Board or fan'), text: z.string() })),
  at: time.describe('End of the hour that was judged last'),
  hours: z.number().describe('Steady hours on this preset from which it is known what to expect; 12 settle it'),
}).meta({ id: 'HealthSummary' });

export const RigHealth = z.object({
  miner: minerName,
  health: HealthSummary.optional().describe('Absent before the first whole hour'),
  residuals: z.array(z.object({ signal: z.enum(labelValues.residual_signal), z: z.number().describe('Median of the last six hours; positive is above what is expected'), place: z.number().int().optional() })),
}).meta({ id: 'RigHealth' });

export const Rig = z.object({
  name: minerName,
  site: z.string(),
  rack: z.string().optional(),
  circuit: z.string().optional(),
  model: z.string().describe('"unknown" until the miner was reached once'),
  address: z.string().describe('Where it is read'),
  configuredAddress: z.string().optional().describe('The address of its entry, where the miner has moved away from it'),
  origin: z.enum(labelValues.origin).describe('Where its entry comes from: fleet.yaml, a file of inventory.files, an address range, the API'),
  mac: z.string().optional(),
  firmware: z.object({
    name: z.string().describe('As the miner says it; white-label builds have their own'), version: z.string(), build: z.string().optional(),
    known: z.boolean().optional().describe('False when Hashfleet was not made for this version'), assumed: z.string().optional().describe('What an unknown version is taken for'),
  }).optional(),
  warranty: z.enum(warranties).optional(),
  algorithm: z.string().optional(),
  up: z.boolean(),
  stale: z.boolean().describe('True when the last good reading is older than three poll intervals; measurements are then left out'),
  reason: PollFailureReason.optional().describe('Why the last poll failed'),
  reasonDetail: z.string().optional().describe('What came back, in words'),
  source: ReadingSource.optional(),
  lastPollAt: time.optional(),
  lastSuccessAt: time.optional(),
  state: MinerState.optional(),
  stateSeconds: z.number().optional(),
  failure: z.object({ code: z.number().optional(), description: z.string().optional() }).optional(),
  intent: Intent,
  intentStatement: IntentStatement.optional().describe('Who wants it so, why, and until when; absent for "mine"'),
  phase: Phase.optional(),
  preset: z.object({ name: z.string(), tuned: z.boolean().optional(), powerWatts: z.number().optional(), hashrate: z.number().optional() }).optional(),
  health: HealthSummary.optional(),
  hashrate: z.number().optional(),
  hashrateAverage: z.number().optional(),
  hashrateRatio: z.number().optional().describe('Average hashrate relative to what the preset promises'),
  powerWatts: z.number().optional(),
  efficiencyJoulesPerMegahash: z.number().optional(),
  temperature: z.object({ pcbMax: z.number().optional(), chipMax: z.number().optional() }),
  boards: z.object({ up: z.number().int(), expected: z.number().int() }).optional(),
  fans: z.object({ up: z.number().int(), total: z.number().int() }).optional(),
  money: z.object({
    revenueUsdPerDay: z.number().optional(), basis: z.enum(labelValues.basis).optional(),
    powerCostUsdPerDay: z.number().optional(), profitUsdPerDay: z.number().optional(), marginRatio: z.number().optional().describe('Profit as a part of the revenue'),
    breakevenUsdPerKilowattHour: z.number().optional(), profitUsdPerKilowattDay: z.number().optional(),
    revenues: z.array(z.object({
      basis: z.enum(labelValues.basis), usdPerDay: z.number().optional().describe('With something in "lacks": the part that is known'), complete: z.boolean(), lacks: z.array(z.string()),
      asOf: time.optional().describe('Of the oldest figure that it is made from'), pool: z.string().optional(),
    })).optional().describe('By every basis that is known, also in part'),
    earned: z.array(coinAmount).optional().describe('Allotted by the ledger since its opening'),
    powerCostUsd: z.number().optional().describe('Cost of its power since that is counted'),
  }),
  locateOn: z.boolean().optional(),
  activePool: z.string().optional(),
  activeJob: z.string().optional().describe('Id of the job that is acting on the miner'),
}).meta({ id: 'Rig' });

export const Rigs = z.object({ rigs: z.array(Rig) }).meta({ id: 'Rigs' });

export const RigEntry = minerSchema.meta({ id: 'RigEntry', description: 'One miner, as in the section "miners" of fleet.yaml' });

export const Telemetry = z.object({
  rig: Rig,
  boards: z.array(Board),
  fans: z.array(Fan),
  pools: z.array(z.object({ slot: z.number().int(), url: z.string(), user: z.string(), status: z.string(), accepted: z.number().optional(), rejected: z.number().optional(), stale: z.number().optional(), pingSeconds: z.number().optional() })),
  uptimeSeconds: z.number().optional(),
  source: ReadingSource.optional(),
  fallback: z.object({ reason: PollFailureReason, detail: z.string() }).optional().describe('Why this reading came over TCP 4028 and not the usual way'),
  readAt: time.optional(),
}).meta({ id: 'Telemetry' });

const text = z.string().max(256);
const count = z.number().int().min(0);
const least = z.number().min(0);
const celsius = z.number().min(-60).max(250);
const temperatures = z.strictObject({ min: celsius.optional(), max: celsius.optional() });

/** What an agent sends of one miner: as a driver would read it, in base units. What it does not know it leaves out. */
export const PushedReading = z.strictObject({
  miner: minerName,
  at: time.describe('When the miner was read'),
  identity: z.strictObject({
    model: text, modelCode: text.optional(), firmware: text.optional(), firmwareVersion: text.optional(), algorithm: text.optional(), mac: z.string().regex(macPattern).optional(), hostname: text.optional(),
  }).optional(),
  state: MinerState.optional(),
  stateSeconds: least.optional(),
  failure: z.strictObject({ code: z.number().optional(), description: text.optional() }).optional(),
  uptimeSeconds: least.optional(),
  restarts: count.optional(),
  hashrate: least.optional().describe('H/s'),
  hashrateAverage: least.optional(),
  hashrateNominal: least.optional(),
  hashrateStock: least.optional(),
  powerWatts: least.optional(),
  powerMeasured: z.boolean().optional(),
  devfeeRatio: z.number().min(0).max(1).optional(),
  hardwareErrors: count.optional(),
  pcb: temperatures.default({}).describe('Degrees Celsius'),
  chip: temperatures.default({}),
  psuTemperatures: z.record(z.string().regex(/^[a-z0-9_]{1,32}$/), celsius).default({}),
  fanDutyRatio: z.number().min(0).max(1).optional(),
  fans: z.array(z.strictObject({ fan: count, up: z.boolean().optional(), speedRpm: least.optional(), maxRpm: least.optional() })).max(16).default([]),
  boards: z.array(z.strictObject({
    board: count, state: text.optional(), detail: text.optional(), hashrate: least.optional(), hashrateNominal: least.optional(), frequencyHertz: least.optional(),
    voltageVolts: least.optional(), powerWatts: least.optional(), pcb: temperatures.default({}), chip: temperatures.default({}),
    chips: z.strictObject({ grey: count, orange: count, red: count }).optional(), hardwareErrors: count.optional(),
  })).max(16).default([]),
  boardsExpected: count.max(16).optional(),
  pools: z.array(z.strictObject({
    slot: count, url: text, user: text, kind: z.enum(['user', 'devfee', 'other']), status: text, accepted: count.optional(), rejected: count.optional(), stale: count.optional(),
    pingSeconds: least.optional(), lastShareAgeSeconds: least.optional(), difficulty: least.optional(),
  })).max(16).default([]),
  preset: z.strictObject({ name: text, tuned: z.boolean().optional(), switcher: z.boolean().optional(), powerWatts: least.optional(), hashrate: least.optional() }).optional(),
}).meta({ id: 'PushedReading' });

export const PushRequest = z.strictObject({
  readings: z.array(z.union([PushedReading, z.unknown()])).min(1).max(1000).describe('Each as PushedReading; a bad one is refused by itself'),
}).meta({ id: 'PushRequest' });

export const PushReply = z.object({
  accepted: z.number().int(),
  refused: z.array(z.object({ index: z.number().int().describe('Place in the request, from 0'), miner: z.string().optional(), detail: z.string() })),
}).meta({ id: 'PushReply' });

export const Preset = z.object({
  name: z.string().describe('Watts as text, or "disabled"'),
  label: z.string(),
  tuned: z.boolean(),
  current: z.boolean(),
  needsModifiedPsu: z.boolean(),
  powerWatts: z.number().optional(),
  hashrate: z.number().optional(),
  money: z.object({
    basis: z.enum(bases).optional(), revenueUsdPerDay: z.number().optional(), powerCostUsdPerDay: z.number().optional(), profitUsdPerDay: z.number().optional(),
    marginRatio: z.number().optional(), breakevenUsdPerKilowattHour: z.number().optional(), profitUsdPerKilowattDay: z.number().optional(),
  }).optional().describe('What a day on it would earn and cost, if the miner did as much of what it promises as it does now'),
}).meta({ id: 'Preset' });

export const Presets = z.object({ miner: minerName, presets: z.array(Preset), readAt: time.optional() }).meta({ id: 'Presets' });

const switcher = z.object({
  enabled: z.boolean().optional(), topPresetWatts: z.number().optional(), minPresetWatts: z.number().optional(),
  decreaseTemperature: z.number().optional(), riseTemperature: z.number().optional(), checkSeconds: z.number().optional(),
});

export const Settings = z.object({
  miner: minerName,
  settings: z.object({
    pools: z.array(z.object({ slot: z.number().int(), url: z.string(), user: z.string() })).describe('Without passwords'),
    cooling: z.object({
      mode: z.enum(coolingModes).optional(), targetTemperature: z.number().optional(), dutyRatio: z.number().optional(), leastFans: z.number().optional(),
      leastDutyRatio: z.number().optional(), mostDutyRatio: z.number().optional(), leastStartWaterTemperature: z.number().optional(),
    }).optional(),
    preset: z.string().optional().describe('The configured one; what runs now may differ while the switcher is on'),
    modifiedPsu: z.boolean().optional(),
    manual: z.object({ frequencyHertz: z.number().optional(), voltageVolts: z.number().optional() }).optional().describe('Used with the preset "disabled"'),
    boards: z.array(z.object({ board: z.number().int(), frequencyHertz: z.number().optional(), disabled: z.boolean().optional() })).describe('A board without a frequency has that of the preset'),
    switcher: switcher.optional(),
    protection: z.record(z.string(), z.union([z.number(), z.boolean()])).describe('By the firmware\'s own names'),
    network: z.object({ hostname: z.string().optional(), dhcp: z.boolean().optional(), address: z.string().optional(), netmask: z.string().optional(), gateway: z.string().optional() }).optional(),
    timezone: z.string().optional(),
  }),
  readAt: time,
}).meta({ id: 'Settings' });

const logLine = {
  level: z.string().optional(), text: z.string().describe('Without passwords and tokens'), event: z.enum(logEvents).optional(),
  board: z.number().int().optional(), fan: z.number().int().optional(), temperature: z.number().optional(), volts: z.number().optional(),
  chipsFound: z.number().int().optional(), chipsExpected: z.number().int().optional(), reason: z.string().optional(),
};

export const Logs = z.object({
  miner: minerName, type: z.string(),
  lines: z.array(z.object({ at: time.optional().describe('By the miner\'s clock; absent while it was not set'), ...logLine })).describe('Oldest first'),
}).meta({ id: 'Logs' });

export const Notes = z.object({ miner: minerName, notes: z.array(z.object({ key: z.string(), value: z.string() })) }).meta({ id: 'Notes' });

export const History = z.object({
  miner: minerName, from: time, to: time, stepSeconds: z.number(), source: z.literal('miner'),
  clockAheadSeconds: z.number().optional().describe('How far the miner\'s clock is ahead; its times are as it tells them'),
  points: z.array(z.object({
    at: time, hashrate: z.number().optional(), powerWatts: z.number().optional(),
    temperature: z.object({ pcbMax: z.number().optional(), chipMax: z.number().optional() }), fanDutyRatio: z.number().optional(),
  })).describe('Oldest first; times of which the miner has no sample are left out'),
  annotations: z.array(z.object({ at: time, kind: z.enum(annotationKinds), board: z.number().int().optional() })),
}).meta({ id: 'History' });

const several = z.array(z.string().max(128)).min(1).max(10_000);

export const ActionRequest = z.strictObject({
  action: ActionName,
  miners: z.array(minerName).min(1).max(10_000).optional().describe('Either this or "select"'),
  select: z.strictObject({
    names: several.optional(), site: several.optional(), rack: several.optional(), circuit: several.optional(), model: several.optional(),
    state: several.optional(), preset: several.optional(), group: several.optional().describe('Groups of fleet.yaml'),
    expression: z.string().min(1).max(500).optional().describe('CEL, as state == "mining" && chip_temperature > 80.0'),
  }).optional().describe('Miners that fit every property given, each with any of its values; state and preset are of a fresh reading'),
  parameters: z.strictObject({
    preset: z.string().optional().describe('With "preset": the name of the preset'),
    on: z.boolean().optional().describe('With "locate": light on or off'),
    allowUntuned: z.boolean().optional().describe('With "preset": accept a preset that the firmware has not tuned'),
    percent: z.number().optional().describe('With "throttle": 20 to 100, in whole per cent of full power; VNish 1.3 only'),
    pool: z.union([z.string().max(256), z.number().int()]).optional().describe('With "switch_pool": the address of one of the miner\'s pools, or its position from 1'),
    pools: z.array(z.strictObject({
      url: z.string().max(256).describe('With scheme and port, without a login'),
      worker: z.string().max(128).describe('User or worker at the pool; {miner} and {worker} are filled in for each miner'),
      password: z.string().max(128).optional().describe('Kept as it is for the same address when absent; never shown, never written down'),
    })).max(16).optional().describe('With "set_pools": the whole list'),
    cooling: z.strictObject({
      mode: z.enum(coolingModes).optional(), targetCelsius: z.number().optional().describe('With the mode auto'), fanPercent: z.number().optional().describe('With the mode manual'),
      fanMinPercent: z.number().optional(), fanMaxPercent: z.number().optional(),
    }).optional().describe('With "cooling": what shall be another'),
    hostname: z.string().max(128).optional().describe('With "hostname": {miner} is filled in for each miner'),
    note: z.strictObject({ key: z.string(), text: z.string().optional() }).optional().describe('With "notes": without a text the note is deleted'),
    credentials: z.string().max(64).optional().describe('With "password": the entry of "credentials" in fleet.yaml whose password the miner gets'),
    apiKey: z.strictObject({ name: z.string(), remove: z.boolean().optional() }).optional().describe('With "api_keys": the key is made by the exporter and lies in its encrypted store'),
    presets: z.union([z.literal('all'), z.array(z.string().max(64)).max(200)]).optional().describe('With "autotune_reset"'),
    backup: z.string().max(128).optional().describe('With "settings_restore": the name of a backup; the newest when absent'),
    file: z.string().max(255).optional().describe('With "firmware_update": the name of a file in control.firmware_folder'),
    keepSettings: z.boolean().optional().describe('With "firmware_update": true when absent'),
  }).default({}),
  dryRun: z.boolean().default(true).describe('True (the default) plans and changes nothing'),
  confirmationToken: z.string().optional().describe('From the plan; single use, two minutes, bound to exactly that plan'),
  typed: z.string().max(100).optional().describe('What plan.stepUp asks for, typed by hand'),
  override: z.string().min(3).max(200).optional().describe('Scope admin only: the reason for which it is done outside control.windows; goes to the audit log'),
  idempotencyKey: z.string().min(8).max(128).optional().describe('The same key starts the same job only once'),
}).meta({ id: 'ActionRequest' });

export const Plan = z.object({
  action: ActionName,
  targets: z.array(z.object({
    miner: minerName,
    changes: z.array(z.object({ field: z.string(), from: z.string().optional(), to: z.string() })),
    warning: z.string().optional(),
  })),
  skipped: z.array(z.object({ miner: z.string(), reason: z.string() })),
  effect: z.object({ powerWatts: z.number().optional(), hashrate: z.number().optional(), usdPerDay: z.number().optional().describe('Of the profit, at present prices') }).describe('Expected lasting change; a figure only when it is known of every target'),
  circuits: z.array(z.object({
    site: z.string(), circuit: z.string(), powerWatts: z.number(), afterWatts: z.number(), mayDrawWatts: z.number().optional().describe('80 % of the rating of its breaker (circuits in fleet.yaml)'),
    unread: z.number().int().describe('Members whose draw is not known now; they count as 0'),
  })).describe('What the circuits draw whose draw it changes, before and after'),
  expectedSeconds: z.number().describe('How long until the outcome is known'),
  rails: z.array(z.object({
    rail: z.enum(railNames), effect: z.enum(['refuses', 'slows', 'may_stop']), detail: z.string(),
  })).describe('The rails that it will meet'),
  override: z.string().optional(),
  stepUp: z.object({ typed: z.string() }).optional().describe('Needs a token of scope admin and exactly this text in "typed"'),
  fourEyes: z.string().optional().describe('Why a second person has to approve it'),
  confirmation: z.object({ required: z.boolean(), token: z.string().optional(), expiresAt: time.optional() }),
}).meta({ id: 'Plan' });

export const JobTargetState = z.enum(targetStates);

export const JobTarget = z.object({
  miner: minerName, state: JobTargetState, detail: z.string().optional(),
  startedAt: time.optional(), finishedAt: time.optional(),
  backup: z.string().optional().describe('The backup of its settings that was kept before'),
  changed: z.array(z.object({ field: z.string(), from: z.string().optional(), to: z.string().optional() })).optional().describe('Settings that are others than before, as read back'),
  rollBackTo: z.string().optional().describe('The preset to which it was taken back'),
});

export const Job = z.object({
  id: z.string(),
  action: ActionName,
  parameters: z.record(z.string(), z.unknown()),
  actor: z.string(),
  state: z.enum(['running', 'finished', 'cancelled']),
  createdAt: time,
  finishedAt: time.optional(),
  targets: z.array(JobTarget),
  override: z.string().optional(),
}).meta({ id: 'Job' });

export const Approval = z.object({
  id: z.string(), state: z.enum(approvalStates), action: ActionName, parameters: z.record(z.string(), z.unknown()).describe('Without passwords'),
  actor: z.string().describe('Who asked'), token: z.string().describe('Name of the token it was asked with'), reason: z.string(),
  requestedAt: time, expiresAt: time, plan: Plan,
  fingerprint: z.string().describe('Of the plan; send it back with the answer'),
  confirmed: z.boolean().describe('False once the plan has changed, until who asked confirms it anew'),
  answeredBy: z.string().optional(), answeredAt: time.optional(), answer: z.string().optional(), job: z.string().optional(),
}).meta({ id: 'Approval' });
export const Approvals = z.object({ approvals: z.array(Approval).describe('Newest first') }).meta({ id: 'Approvals' });
export const ApprovalRequest = z.strictObject({ fingerprint: z.string().max(100).describe('Of the plan that was looked at') }).meta({ id: 'ApprovalRequest' });
export const RejectionRequest = z.strictObject({ reason: z.string().max(200).optional() }).meta({ id: 'RejectionRequest' });

export const ActionReply = z.object({
  plan: Plan, job: Job.optional().describe('Absent on a dry run, and while it waits'), approval: Approval.optional().describe('It waits for a second person'),
}).meta({ id: 'ActionReply' });
export const Jobs = z.object({ jobs: z.array(Job) }).meta({ id: 'Jobs' });

export const AuditEntry = z.object({
  sequence: z.number().int(),
  at: time,
  actor: z.string(),
  token: z.string().describe('Name of the API token, never the token'),
  event: z.enum(auditEvents),
  action: ActionName.optional(),
  job: z.string().optional(),
  miner: z.string().optional(),
  outcome: z.string().optional(),
  detail: z.string().optional(),
  before: z.record(z.string(), z.unknown()).optional(),
  after: z.record(z.string(), z.unknown()).optional(),
  hash: z.string(),
}).meta({ id: 'AuditEntry' });

export const Audit = z.object({ entries: z.array(AuditEntry).describe('Newest first') }).meta({ id: 'Audit' });

const Amount = z.object({ coin: z.string(), amount: z.string().describe('Decimal text, in coins') });

export const PoolStatus = z.object({
  pool: z.string(), type: z.string(), up: z.boolean(),
  reason: z.string().optional(), detail: z.string().optional(), remedy: z.string().optional().describe('What to do about the failure'),
  push: z.object({ up: z.boolean(), reason: z.string().optional(), detail: z.string().optional(), remedy: z.string().optional() }).optional().describe('The push connection, where there is one'),
  lastSuccessAt: time.optional(), asOf: time.optional().describe('When the pool\'s figures are of, where it tells'),
  capabilities: z.array(z.string()).describe('What this pool can tell at all'),
  workers: z.array(z.object({
    worker: z.string(), miner: z.string().optional(), hashrate: z.number().optional().describe('H/s'), hashrateHour: z.number().optional(), hashrateDay: z.number().optional(),
    staleHashrateHour: z.number().optional(), staleHashrateDay: z.number().optional(),
    shares: z.object({ accepted: z.number().optional(), stale: z.number().optional(), rejected: z.number().optional(), unit: z.enum(['share', 'difficulty']) }).optional(),
    shareDifficulty: z.number().optional(), lastShareAt: time.optional(), connected: z.boolean().optional(), connections: z.number().int().optional(),
    earned: z.array(Amount).optional(),
  })),
  balances: z.array(Amount), earned: z.array(Amount).optional(), paid: z.array(Amount).optional(), expectedDay: z.array(Amount).optional(),
  payouts: z.array(Amount.extend({ at: time, id: z.string().optional() })).optional(),
  prices: z.array(z.object({ coin: z.string(), usd: z.number() })).optional(),
  network: z.array(z.object({ coin: z.string(), difficulty: z.number().optional(), blockReward: z.number().optional() })).optional(),
  blocks: z.array(z.object({ coin: z.string(), at: time, height: z.number().optional(), reward: z.string().optional(), worker: z.string().optional() })).optional(),
  hashrate: z.number().optional().describe('H/s of the whole pool on scrypt'),
  priceUsdPerMegahashDay: z.number().optional(),
  fees: z.record(z.string(), z.number()).describe('Share of the income by pay-out mode'),
}).meta({ id: 'PoolStatus' });
export const Pools = z.object({ pools: z.array(PoolStatus) }).meta({ id: 'Pools' });

const lacks = { complete: z.boolean(), lacks: z.array(z.string()).describe('What is missing in it') };
const moneyNow = z.object({
  miners: z.number().int(), revenueUsdPerDay: z.number().optional(), powerCostUsdPerDay: z.number().optional(), profitUsdPerDay: z.number().optional(), ...lacks,
}).describe('Sum of the miners of which it is known');
export const Earnings = z.object({
  from: z.iso.date(), to: z.iso.date(), zone: z.string().describe('Of the days of pools and fleet; those of miners and sites are of their site'),
  basis: z.literal('pool_ledger'),
  rows: z.array(z.object({
    period: z.string().describe('A day, a month, or "all"'), name: z.string().optional().describe('Absent for the fleet, and for workers that are no known miner'),
    coins: z.array(coinAmount.extend({ usd: z.number().optional() })), usd: z.number().optional().describe('At the prices when it came in'), ...lacks,
  })).describe('Oldest first'),
  pools: z.array(z.object({
    pool: z.string(), openedAt: time, readAt: time,
    coins: z.array(z.object({ coin: z.string(), earned: z.string(), unknownWorkers: z.string(), balance: z.string().optional() })),
  })).describe('Since the ledger was opened'),
  prices: z.array(z.object({ coin: z.string(), usd: z.number(), source: z.enum(labelValues.price_source), at: time.optional() })),
  now: z.object({ fleet: moneyNow, sites: z.array(moneyNow.extend({ site: z.string(), powerPriceUsdPerKilowattHour: z.number().optional() })) }),
}).meta({ id: 'Earnings' });
export const LedgerEntries = z.object({
  entries: z.array(z.object({
    n: z.number().int(), pool: z.string(), coin: z.string(), kind: z.enum(entryKinds), amount: z.string(), from: time, to: time,
    source: z.string().optional(), id: z.string().optional(), note: z.string().optional(),
    gap: z.boolean().optional().describe('More time than usual lies between its two readings'), allottedBy: z.enum(['pool_work', 'miner_work', 'nothing']).optional(),
    usd: z.number().optional().describe('Price of one coin when it came in'), readings: z.number().int().optional().describe('Readings that it sums up'),
  })).describe('Newest first'),
  before: z.number().int().optional().describe('Give it as "before" for the next page; absent on the last'),
}).meta({ id: 'LedgerEntries' });

export const Problem = z.object({
  type: z.string(), title: z.string(), status: z.number().int(), detail: z.string(), code: z.string(),
  field: z.string().optional(), given: z.unknown().optional(), allowed: z.string().optional(),
}).meta({ id: 'Problem', description: 'RFC 9457 problem details' });

export const Boards = z.object({ boards: z.array(Board) }).meta({ id: 'Boards' });
export const Change = z.object({ miner: z.string(), at: time, kind: z.enum(eventKinds).describe('"address": it answers elsewhere; "machine": another MAC answers in its place; "schedule": a schedule (from) could not do what it wants (to); "advice": what became of advice (to), and what it was before (from); "health": the part that is likely at fault was (from) and is now (to), or "none"'), from: z.string(), to: z.string() }).meta({ id: 'Change' });
export const LogEvent = z.object({ miner: minerName, at: time.describe('By the miner\'s clock; when it was read if that was not set'), kind: z.literal('log'), ...logLine, event: z.enum(logEvents) }).meta({ id: 'LogEvent' });
export const Drift = z.object({
  drift: z.array(z.object({
    miner: minerName, what: z.enum(driftKinds), section: z.string().optional().describe('Of the settings'), from: z.string(), to: z.string(), since: time,
    remedy: z.string(), order: z.object({ action: ActionName, miners: z.array(minerName), parameters: z.record(z.string(), z.unknown()) }).optional().describe('Request of POST /actions that takes it back; absent where no action can'),
  })),
}).meta({ id: 'Drift' });
export const AcceptDriftRequest = z.strictObject({ what: z.array(z.enum(driftKinds)).min(1).optional().describe('All that differs when absent') }).meta({ id: 'AcceptDriftRequest' });
export const Events = z.object({
  events: z.array(z.union([Change, LogEvent])).describe('Changes that were not made through Hashfleet, and lines of the miners\' own logs; newest first'),
}).meta({ id: 'Events' });
