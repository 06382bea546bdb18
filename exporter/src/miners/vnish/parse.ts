/** From VNish's replies to one reading; pure. Field names and units: vnish-api.md, 2.3 and 2.5. */
import type { Mismatch } from '../../mismatch.ts';
import { defined } from '../../defined.ts';
import { fieldsOf, isObject, longestList, type Fields, type JsonObject } from '../fields.ts';
import { ordinal, scaled } from '../quantities.ts';
import { minerStates, warranties, type FactoryInfo, type FirmwareSupport, type Identity, type Preset, type Reading } from '../reading.ts';
import { parseLimits } from './hardware.ts';
import { parseCurrentPreset, parseSwitcher } from './presets.ts';
import { parseSummary } from './summary.ts';
import { hashrateUnit, parseDuration } from './units.ts';

/** What the slower replies told; kept by the driver between polls. */
export interface Background {
  readonly info?: JsonObject;
  readonly model?: JsonObject;
  readonly perf?: JsonObject;
  readonly presets?: readonly Preset[];
  readonly factory?: FactoryInfo;
  readonly settingsHash?: string;
  readonly firmwareSupport?: FirmwareSupport;
}

export interface Replies extends Background {
  readonly summary: JsonObject;
  /** Read together with `summary`. */
  readonly status?: JsonObject;
  /** Read a while ago, with the state still as it was: only what it says beside the state counts. */
  readonly earlierStatus?: JsonObject;
}

/** Everything that one poll learned, in base units. */
export function parseReading(replies: Replies, at: number, mismatch: Mismatch): Reading {
  const unit = hashrateUnit(replies);
  if (unit === undefined) mismatch('info', 'hr_measure');
  const miner = fieldsOf(replies.summary, 'summary', mismatch).optional.object('miner');
  const { model } = replies;
  const perf = replies.perf === undefined ? undefined : fieldsOf(replies.perf, 'perf-summary', mismatch);
  return defined<Reading>({
    at,
    source: 'vnish',
    ...(miner === undefined ? { psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [] } : parseSummary(miner, unit)),
    ...parseState(replies, miner, mismatch),
    ...parseFlags(replies, mismatch),
    ...parseController(replies.info, mismatch),
    identity: parseIdentity(replies, mismatch),
    firmwareSupport: replies.firmwareSupport,
    boardsExpected: model === undefined ? undefined : ordinal(fieldsOf(model, 'model', mismatch).optional.object('chain')?.number('num_chains', 1, longestList)),
    preset: perf === undefined ? undefined : parseCurrentPreset(perf, replies.presets ?? []),
    switcher: perf === undefined ? undefined : parseSwitcher(perf),
    presets: replies.presets,
    limits: model === undefined ? undefined : parseLimits(model, mismatch),
    factory: replies.factory,
    settingsHash: replies.settingsHash,
  });
}

/** Names are taken as the miner says them: white-label builds have their own (vnish-api.md, 0). */
export function parseIdentity({ info, model, summary }: Background & { summary?: JsonObject }, mismatch: Mismatch): Identity | undefined {
  if (info === undefined) {
    const type = isObject(summary?.['miner']) ? summary['miner']['miner_type'] : undefined;
    const name = typeof type === 'string' ? type.replace(/ \(.*\)$/, '') : undefined;
    return name === undefined ? undefined : { model: name };
  }
  const fields = fieldsOf(info, 'info', mismatch);
  const name = fields.text('miner') ?? (model === undefined ? undefined : fieldsOf(model, 'model', mismatch).text('full_name'));
  if (name === undefined) return undefined;
  const network = fields.optional.object('system')?.optional.object('network_status');
  const [hostname, build] = [network?.optional.text('hostname'), fields.optional.text('build_name')];
  return defined<Identity>({
    model: name,
    modelCode: fields.optional.text('model'),
    platform: fields.optional.text('platform'),
    firmware: fields.text('fw_name'),
    firmwareVersion: fields.text('fw_version'),
    build: build === '' ? undefined : build,
    algorithm: fields.text('algorithm'),
    mac: network?.optional.text('mac')?.toLowerCase(),
    hostname: hostname === '' ? undefined : hostname,
  });
}

/** /status is the authority; /summary's copy serves when /status was not read. */
function parseState(replies: Replies, miner: Fields | undefined, mismatch: Mismatch): Pick<Reading, 'state' | 'stateSeconds' | 'failure' | 'throttleRatio'> {
  const status = replies.status === undefined ? miner?.object('miner_status') : fieldsOf(replies.status, 'status', mismatch);
  if (status === undefined) return {};
  const state = status.text('miner_state');
  const known = minerStates.find((one) => one === state);
  if (state !== undefined && known === undefined) mismatch(replies.status === undefined ? 'summary' : 'status', 'miner_state');
  const [code, description] = [status.optional.number('failure_code', -2_147_483_648), status.optional.text('description')];
  return defined<ReturnType<typeof parseState>>({
    state: known,
    stateSeconds: status.number('miner_state_time'),
    failure: code === undefined && (description === undefined || description === '') ? undefined : defined<{ code?: number; description?: string }>({ code, description }),
    throttleRatio: scaled(status.optional.number('throttled'), 0.01),
  });
}

/** What only /status says. */
function parseFlags({ status, earlierStatus }: Replies, mismatch: Mismatch): Pick<Reading, 'restartRequired' | 'rebootRequired' | 'locateOn' | 'warranty'> {
  const reply = status ?? earlierStatus;
  if (reply === undefined) return {};
  const fields = fieldsOf(reply, 'status', mismatch).optional;
  const warranty = fields.text('warranty');
  const known = warranties.find((one) => one === warranty);
  if (warranty !== undefined && known === undefined) mismatch('status', 'warranty');
  return defined<ReturnType<typeof parseFlags>>({
    restartRequired: fields.flag('restart_required'),
    rebootRequired: fields.flag('reboot_required'),
    locateOn: fields.flag('find_miner'),
    warranty: known,
  });
}

function parseController(info: JsonObject | undefined, mismatch: Mismatch): Pick<Reading, 'uptimeSeconds' | 'memoryFreeRatio'> {
  const system = info === undefined ? undefined : fieldsOf(info, 'info', mismatch).optional.object('system')?.optional;
  const uptime = system?.text('uptime');
  return defined<ReturnType<typeof parseController>>({
    uptimeSeconds: uptime === undefined ? undefined : parseDuration(uptime),
    memoryFreeRatio: scaled(system?.number('mem_free_percent', 0, 100), 0.01),
  });
}
