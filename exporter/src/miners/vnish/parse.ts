/** From VNish's replies to readings; pure. Field names and units: vnish-api.md, 2.3 and 2.5. */
import type { Mismatch } from '../../mismatch.ts';
import { defined } from '../../defined.ts';
import { fieldsOf, isObject, longestList, type Fields, type JsonObject } from '../fields.ts';
import { once, ordinal } from '../quantities.ts';
import { chipGrades, minerStates, type BoardReading, type ChipReading, type FanReading, type Identity, type MinMax, type PoolReading, type Preset, type PresetReading, type Reading } from '../reading.ts';

/** H/s in one unit of `hr_measure`; the field names never change, only the unit (vnish-api.md, 0). */
const hashesPerUnit: Readonly<Record<string, number>> = { 'H/s': 1, 'KH/s': 1e3, 'MH/s': 1e6, 'GH/s': 1e9, 'TH/s': 1e12 };

/** What the slower replies told; kept by the driver between polls. */
export interface Background {
  readonly info?: JsonObject;
  readonly model?: JsonObject;
  readonly perf?: JsonObject;
  readonly presets?: readonly Preset[];
}

export interface Replies extends Background {
  readonly summary: JsonObject;
  readonly status?: JsonObject;
}

/** Hashes per second in one unit of the miner's hashrates; undefined when the miner does not say. */
export function hashrateUnit({ info, model }: Background): number | undefined {
  for (const reply of [info, model]) {
    const text = reply?.['hr_measure'];
    if (typeof text === 'string' && Object.hasOwn(hashesPerUnit, text)) return hashesPerUnit[text];
  }
  return undefined;
}

/** Everything that one poll learned, in base units. */
export function parseReading(replies: Replies, at: number, mismatch: Mismatch): Reading {
  const unit = hashrateUnit(replies);
  if (unit === undefined) mismatch('info', 'hr_measure');
  const miner = fieldsOf(replies.summary, 'summary', mismatch).optional.object('miner');
  const identity = parseIdentity(replies, mismatch);
  const model = replies.model === undefined ? undefined : fieldsOf(replies.model, 'model', mismatch);
  const uptime = replies.info === undefined ? undefined : fieldsOf(replies.info, 'info', mismatch).optional.object('system')?.optional.text('uptime');
  const preset = replies.perf === undefined ? undefined : parseCurrentPreset(replies.perf, { presets: replies.presets ?? [], mismatch });
  return defined<Reading>({
    at,
    source: 'vnish',
    ...(miner === undefined ? { psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [] } : parseSummary(miner, unit)),
    ...parseStatus(replies, miner, mismatch),
    identity,
    uptimeSeconds: uptime === undefined ? undefined : parseUptime(uptime),
    boardsExpected: ordinal(model?.optional.object('chain')?.number('num_chains', 1, longestList)),
    preset,
    presets: replies.presets,
  });
}

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
  const hostname = network?.optional.text('hostname');
  return defined<Identity>({
    model: name,
    modelCode: fields.optional.text('model'),
    firmware: fields.text('fw_name'),
    firmwareVersion: fields.text('fw_version'),
    algorithm: fields.text('algorithm'),
    mac: network?.optional.text('mac')?.toLowerCase(),
    hostname: hostname === '' ? undefined : hostname,
  });
}

type SummaryPart = Omit<Reading, 'at'>;

function parseSummary(miner: Fields, unit: number | undefined): SummaryPart {
  const hashrate = (fields: Fields, name: string) => scaled(fields.number(name), unit);
  const cooling = miner.object('cooling');
  const psu = miner.optional.object('psu');
  const temperatures = psu?.optional.object('temps');
  const stock = miner.optional.number('hr_stock');
  return defined<SummaryPart>({
    hashrate: hashrate(miner, 'hr_realtime'),
    hashrateAverage: hashrate(miner, 'hr_average'),
    hashrateNominal: scaled(miner.optional.number('hr_nominal'), unit),
    // The factory rating is zero while the boards are unread: unknown, not none.
    hashrateStock: stock === undefined || stock === 0 ? undefined : scaled(stock, unit),
    powerWatts: miner.number('power_consumption'),
    powerMeasured: psu === undefined ? false : psu.optional.flag('psu_power_metering') ?? false,
    psuTemperatures: psuTemperatures(temperatures),
    pcb: minMax(miner.optional.object('pcb_temp')),
    chip: minMax(miner.optional.object('chip_temp')),
    hardwareErrors: miner.number('hw_errors'),
    devfeeRatio: scaled(miner.optional.number('devfee_percent', 0, 100), 0.01),
    restarts: miner.optional.number('restart_count'),
    fanDutyRatio: scaled(cooling?.number('fan_duty'), 0.01),
    fans: once(cooling?.list('fans').flatMap(parseFan) ?? [], ({ fan }) => fan),
    pools: once(miner.list('pools').flatMap(parsePool), ({ slot }) => slot),
    boards: once(miner.list('chains').flatMap((board) => parseBoard(board, unit)), ({ board }) => board),
  });
}

/** Rounded, so that 13.8 V does not become 13.800000000000001: to whole units when scaled up, to 1e-6 when scaled down. */
function scaled(value: number | undefined, factor: number | undefined): number | undefined {
  if (value === undefined || factor === undefined) return undefined;
  const product = factor >= 1 ? Math.round(value * factor) : Math.round(value * factor * 1e6) / 1e6;
  // A number that no miner means may overflow; an infinite hashrate would spoil every sum.
  return Number.isFinite(product) ? product : undefined;
}

function psuTemperatures(temperatures: Fields | undefined): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [sensor, field] of [['pfc', 'pfc_temp'], ['llc1', 'llc1_temp'], ['llc2', 'llc2_temp']] as const) {
    const value = temperatures?.optional.number(field);
    if (value !== undefined && value !== 0) found[sensor] = value;
  }
  return found;
}

/** The firmware writes 0 for a temperature that it does not know (vnish-api.md, 2.3). */
function minMax(fields: Fields | undefined): MinMax {
  const [min, max] = [fields?.number('min'), fields?.number('max')];
  return { ...(min === undefined || min === 0 ? {} : { min }), ...(max === undefined || max === 0 ? {} : { max }) };
}

function parseFan(fields: Fields): FanReading[] {
  const id = fields.ordinal('id');
  if (id === undefined) return [];
  const status = fields.text('status');
  return [defined<FanReading>({ fan: id + 1, up: status === undefined ? undefined : status === 'ok', speedRpm: fields.number('rpm') })];
}

function parsePool(fields: Fields): PoolReading[] {
  const slot = fields.ordinal('id');
  const [url, user] = [fields.text('url'), fields.text('user')];
  if (slot === undefined || url === undefined || url === '') return [];
  const type = fields.text('pool_type');
  const ping = fields.optional.number('ping');
  return [defined<PoolReading>({
    slot, url, user: user ?? '',
    kind: type === 'UserPool' ? 'user' : type === 'DevFee' ? 'devfee' : 'other',
    status: fields.text('status') ?? 'unknown',
    accepted: fields.number('accepted'),
    rejected: fields.number('rejected'),
    stale: fields.number('stale'),
    pingSeconds: ping === undefined || ping === 0 ? undefined : ping / 1000,
  })];
}

function parseBoard(fields: Fields, unit: number | undefined): BoardReading[] {
  const board = fields.ordinal('id', 1);
  if (board === undefined) return [];
  const status = fields.optional.object('status');
  const grades = fields.optional.object('chip_statuses');
  const [grey, orange, red] = [grades?.number('grey'), grades?.number('orange'), grades?.number('red')];
  const detail = status?.optional.text('description');
  return [defined<BoardReading>({
    board,
    state: status?.text('state'),
    detail: detail === '' ? undefined : detail,
    hashrate: scaled(fields.number('hashrate_rt'), unit),
    hashrateNominal: scaled(fields.number('hashrate_ideal'), unit),
    frequencyHertz: scaled(fields.number('frequency'), 1e6),
    voltageVolts: scaled(fields.number('voltage'), 1e-3),
    powerWatts: fields.number('power_consumption'),
    pcb: minMax(fields.optional.object('pcb_temp')),
    chip: minMax(fields.optional.object('chip_temp')),
    chips: grey === undefined || orange === undefined || red === undefined ? undefined : { grey, orange, red },
    hardwareErrors: fields.number('hw_errors'),
  })];
}

type StatusPart = Pick<Reading, 'state' | 'stateSeconds' | 'failure' | 'throttleRatio' | 'restartRequired' | 'rebootRequired' | 'locateOn'>;

/** /status is the authority; /summary's copy serves when /status was not read. */
function parseStatus(replies: Replies, miner: Fields | undefined, mismatch: Mismatch): StatusPart {
  const status = replies.status === undefined ? miner?.object('miner_status') : fieldsOf(replies.status, 'status', mismatch);
  if (status === undefined) return {};
  const state = status.text('miner_state');
  const known = minerStates.find((one) => one === state);
  if (state !== undefined && known === undefined) mismatch(replies.status === undefined ? 'summary' : 'status', 'miner_state');
  const [code, description] = [status.optional.number('failure_code', -2_147_483_648), status.optional.text('description')];
  return defined<StatusPart>({
    state: known,
    stateSeconds: status.number('miner_state_time'),
    failure: code === undefined && (description === undefined || description === '') ? undefined : defined<{ code?: number; description?: string }>({ code, description }),
    throttleRatio: scaled(status.optional.number('throttled'), 0.01),
    restartRequired: status.optional.flag('restart_required'),
    rebootRequired: status.optional.flag('reboot_required'),
    locateOn: status.optional.flag('find_miner'),
  });
}

/** "0:06" and "2:38" below a day, "10 days, 18:00" above (vnish-api.md, 2.3 and 7 row 11). Seconds. */
export function parseUptime(text: string): number | undefined {
  const match = /^(?:(\d+) days?, *)?(\d+):(\d{2})(?::(\d{2}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [days, hours, minutes, seconds] = [match[1], match[2], match[3], match[4]].map((part) => Number(part ?? 0)) as [number, number, number, number];
  return days * 86_400 + hours * 3600 + minutes * 60 + seconds;
}

const presetUnits: Readonly<Record<string, number>> = { mh: 1e6, m: 1e6, gh: 1e9, g: 1e9, th: 1e12, t: 1e12 };

/** "3200 watt ~ 9300 MH", "1100 watt ~ 53 TH LC": watts and H/s (vnish-api.md, 2.3 and 7 row 5). */
export function parsePresetText(text: string): { powerWatts?: number; hashrate?: number } {
  const match = /^\s*(\d+(?:\.\d+)?)\s*watt\s*~\s*(\d+(?:\.\d+)?)\s*([KMGT]H?)/i.exec(text);
  if (match === null) return {};
  const factor = presetUnits[(match[3] ?? '').toLowerCase()];
  return { powerWatts: Number(match[1]), ...(factor === undefined ? {} : { hashrate: Number(match[2]) * factor }) };
}

/** Several times what any firmware offers. */
const mostPresets = 200;

/** The list of /autotune/presets: a bare array, or `{presets: []}` in some builds. "disabled" is manual mode. */
export function parsePresets(reply: unknown, unit: number | undefined, mismatch: Mismatch): Preset[] {
  const list: unknown = isObject(reply) ? reply['presets'] : reply;
  if (!Array.isArray(list)) {
    mismatch('presets', 'presets');
    return [];
  }
  return (list as unknown[]).slice(0, mostPresets).flatMap((item) => {
    if (!isObject(item)) return [];
    const fields = fieldsOf(item, 'presets', mismatch);
    const name = fields.text('name');
    if (name === undefined) return [];
    const label = fields.optional.text('pretty') ?? name;
    const promised = parsePresetText(label);
    const watts = Number(name);
    const tunedHashrate = scaled(fields.optional.object('tune_settings')?.number('hashrate'), unit);
    const hashrate = tunedHashrate === undefined || tunedHashrate === 0 ? promised.hashrate : tunedHashrate;
    return [defined<Preset>({
      name, label,
      tuned: fields.text('status') === 'tuned',
      needsModifiedPsu: fields.optional.flag('modded_psu_required') ?? label.endsWith(" LC"),
      powerWatts: Number.isFinite(watts) && watts > 0 ? watts : promised.powerWatts,
      hashrate: name === 'disabled' ? undefined : hashrate,
    })];
  });
}

function parseCurrentPreset(perf: JsonObject, { presets, mismatch }: { presets: readonly Preset[]; mismatch: Mismatch }): PresetReading | undefined {
  const fields = fieldsOf(perf, 'perf-summary', mismatch);
  const current = fields.optional.object('current_preset');
  const name = current?.text('name');
  if (current === undefined || name === undefined) return undefined;
  const promised = parsePresetText(current.optional.text('pretty') ?? '');
  const listed = presets.find((preset) => preset.name === name);
  const watts = Number(name);
  const status = current.optional.text('status');
  return defined<PresetReading>({
    name,
    tuned: status === undefined ? undefined : status === 'tuned',
    switcher: fields.optional.object('preset_switcher')?.optional.flag('enabled'),
    powerWatts: Number.isFinite(watts) && watts > 0 ? watts : promised.powerWatts,
    hashrate: listed?.hashrate ?? promised.hashrate,
  });
}

/** More chips than any board has: an L9's has 110. */
const mostChips = 512;

/**
 * /chains (1.2) or /boards (1.3): a list of boards with their chips. Voltage in mV, frequency in MHz, `hr` in the miner's own
 * unit (vnish-api.md, 2.3 and 2.5). A temperature of 0 is unknown.
 */
export function parseChips(reply: unknown, unit: number | undefined, mismatch: Mismatch): ChipReading[] {
  if (!Array.isArray(reply)) {
    mismatch('boards', 'boards');
    return [];
  }
  const source = fieldsOf({ boards: reply as unknown[] }, 'boards', mismatch);
  return source.list('boards').flatMap((fields) => {
    const board = fields.ordinal('id', 1);
    if (board === undefined) return [];
    return fields.optional.list('chips', mostChips).flatMap((chip) => {
      const id = chip.ordinal('id');
      if (id === undefined) return [];
      const temperature = chip.optional.number('temp');
      const grade = chip.optional.text('grade');
      return [defined<ChipReading>({
        board, chip: id,
        hashrate: scaled(chip.number('hr'), unit),
        frequencyHertz: scaled(chip.optional.number('freq'), 1e6),
        voltageVolts: scaled(chip.optional.number('volt'), 1e-3),
        temperature: temperature === 0 ? undefined : temperature,
        errors: chip.optional.number('errs'),
        grade: chipGrades.find((one) => one === grade),
      })];
    });
  });
}
