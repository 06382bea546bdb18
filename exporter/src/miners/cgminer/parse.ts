/**
 * From a cgminer API's replies to readings; pure. Two layouts are known from captures: xminer's (VNish 1.2) and bmminer's, as on the
 * L3+ (vnish-api.md, 5 and 5b). Numbers may be texts. Zeros stand for what is not there: fans, boards, temperatures, volts, watts.
 */
import type { Mismatch } from '../../mismatch.ts';
import { defined } from '../../defined.ts';
import { fieldsOf, isObject, type Fields, type JsonObject } from '../fields.ts';
import { chipGradesOf, hottest, once, ordinal, scaled, span, sum } from '../quantities.ts';
import { hashingStates, minerStates, type BoardReading, type FanReading, type Identity, type MinerState, type MinMax, type PoolReading, type Reading } from '../reading.ts';

/** The units that fleet.yaml may name; a map, so that a name from outside finds nothing else. */
export const hashrateUnits = ['MH/s', 'GH/s'] as const;
export type HashrateUnit = (typeof hashrateUnits)[number];
const hashesPerUnit: Readonly<Record<HashrateUnit, number>> = { 'MH/s': 1e6, 'GH/s': 1e9 };

interface ModelTraits { readonly type: RegExp; readonly algorithm: 'scrypt' | 'sha256d'; readonly unit: HashrateUnit; readonly boards?: number }

/**
 * The labels say GHS whatever is meant; on scrypt they carry MH/s (vnish-api.md, 5 and 5b), so the machine has to be known.
 * Boards: vnish-api.md, 6.1.
 */
const models: readonly ModelTraits[] = [
  { type: /\bL3\+{1,2}(?!\w)/, algorithm: 'scrypt', unit: 'MH/s', boards: 4 },
  { type: /\bL[79](?!\w)/, algorithm: 'scrypt', unit: 'MH/s', boards: 3 },
  { type: /\b[ST](?:9|11|15|17|19|21)(?!\d)/, algorithm: 'sha256d', unit: 'GH/s' },
];

export interface CgminerReplies {
  readonly stats: JsonObject;
  readonly summary?: JsonObject;
  readonly pools?: JsonObject;
}

export interface CgminerParsing {
  /** Unix ms. */
  readonly at: number;
  /** What fleet.yaml says; it outdoes the model's own. */
  readonly unit?: HashrateUnit | undefined;
  readonly mismatch: Mismatch;
}

/** More boards and fans than any miner has. */
const [mostBoards, mostFans] = [16, 8];
/** Where the pools' kind is not told: the configuration has pool1 to pool3; what stands behind them is not the operator's. */
const userPools = 3;

/** Whether the reply to `stats` is that of a miner: it names itself, or tells what it hashes. */
export function isStats(stats: JsonObject): boolean {
  return parts(stats).some((part) => typeof part['Type'] === 'string' || Object.hasOwn(part, 'GHS 5s') || Object.hasOwn(part, 'GHS av'));
}

/** Everything that one poll learned, in base units. */
export function parseCgminerReading({ stats, summary, pools }: CgminerReplies, { at, unit, mismatch }: CgminerParsing): Reading {
  const type = typeOf(stats, mismatch);
  const traits = traitsOf(type);
  if (traits === undefined && unit === undefined) mismatch('cgminer_stats', 'Type');
  const usual = traits === undefined ? undefined : hashesPerUnit[traits.unit];
  const hashes = unit === undefined ? usual : hashesPerUnit[unit];
  const fields = fieldsOf(parts(stats).find((part) => ['Elapsed', 'GHS 5s', 'GHS av'].some((name) => Object.hasOwn(part, name))) ?? {}, 'cgminer_stats', mismatch);
  const all = summary === undefined ? undefined : fieldsOf(summary, 'cgminer_summary', mismatch).list('SUMMARY')[0];
  const rate = fields.numeric('GHS 5s');
  const told = fields.optional.text('state');
  const state = minerStates.find((one) => one === told);
  if (told !== undefined && state === undefined) mismatch('cgminer_stats', 'state');
  const inferred = told === undefined && (rate ?? 0) > 0;
  const boards = boardNumbers().flatMap((board) => parseBoard(fields, board, hashes));
  const powerWatts = sum(boards.filter(isThere).map((board) => board.powerWatts));
  return defined<Reading>({
    at,
    source: 'cgminer',
    identity: type === undefined ? undefined : identityOf(type, traits),
    // bmminer tells no state: what hashes is mining, and of what does not nothing is known.
    state: inferred ? 'mining' : state,
    stateSeconds: inferred ? fields.optional.numeric('Elapsed') : undefined,
    hashrate: scaled(rate, hashes),
    hashrateAverage: scaled(fields.numeric('GHS av'), hashes),
    hashrateNominal: positive(scaled(fields.optional.numeric('total_rateideal'), hashes)),
    powerWatts,
    powerMeasured: powerWatts === undefined ? undefined : false,
    psuTemperatures: {},
    pcb: span(boards.map(({ pcb }) => pcb)),
    chip: span(boards.map(({ chip }) => chip)),
    hardwareErrors: all?.optional.numeric('Hardware Errors') ?? sum(boards.filter(isThere).map(({ hardwareErrors }) => hardwareErrors)),
    devfeeRatio: scaled(all?.optional.numeric('Fee Percent', 0, 100), 0.01),
    fanDutyRatio: scaled(fields.optional.numeric('fan_pwm', 0, 100), 0.01),
    fans: parseFans(fields, inferred ? 'mining' : state),
    pools: pools === undefined ? [] : once(fieldsOf(pools, 'cgminer_pools', mismatch).list('POOLS').flatMap(parsePool), ({ slot }) => slot),
    boards,
    boardsExpected: traits?.boards,
  });
}

/** `Antminer L9 (Vnish 1.2.7)`, `Antminer T21 (7Miners 1.2.6-rc1)`; of other texts in brackets nothing is known. */
export function parseCgminerIdentity(stats: JsonObject): Identity | undefined {
  const type = typeOf(stats, () => undefined);
  return type === undefined ? undefined : identityOf(type, traitsOf(type));
}

function identityOf(type: string, traits: ModelTraits | undefined): Identity {
  const [, model = type, remark = ''] = /^(.*?)\s*(?:\(([^()]*)\))?\s*$/.exec(type) ?? [];
  const [, firmware, firmwareVersion] = /^(\S+) (\d\S*)$/.exec(remark.trim()) ?? [];
  return defined<Identity>({
    model: model === '' ? type : model,
    // One spelling: the CGI and the REST API of the same machine differ in it.
    firmware: firmware === undefined ? undefined : /^vnish$/i.test(firmware) ? 'Vnish' : firmware,
    firmwareVersion,
    algorithm: traits?.algorithm,
  });
}

function traitsOf(type: string | undefined): ModelTraits | undefined {
  return type === undefined ? undefined : models.find((one) => one.type.test(type));
}

/** The objects of `STATS`: one that names the machine, and one with its numbers. */
function parts(stats: JsonObject): readonly JsonObject[] {
  const list: unknown = stats['STATS'];
  return Array.isArray(list) ? (list as unknown[]).slice(0, mostBoards).filter(isObject) : [];
}

function typeOf(stats: JsonObject, mismatch: Mismatch): string | undefined {
  const type = fieldsOf(parts(stats).find((part) => Object.hasOwn(part, 'Type')) ?? {}, 'cgminer_stats', mismatch).optional.text('Type')?.trim();
  return type === '' ? undefined : type;
}

function boardNumbers(): number[] {
  return Array.from({ length: mostBoards }, (_, index) => index + 1);
}

/** A slot without chips, hashes and state is no board. */
function parseBoard(all: Fields, board: number, hashes: number | undefined): BoardReading[] {
  const fields = all.optional;
  const [chips, rate, state] = [fields.numeric(`chain_acn${board}`), fields.numeric(`chain_rate${board}`), fields.text(`chain_state${board}`)];
  if ((chips ?? 0) === 0 && (rate ?? 0) === 0 && (state ?? '') === '') return [];
  const detail = fields.text(`chain_fault${board}`);
  const letters = fields.text(`temp_sens${board}`);
  // `temp` is the board and `temp2_` the chips, whatever the names say (hass-miner #4).
  const pcb = sensors(fields.text(`temp_pcb${board}`), letters);
  const chip = sensors(fields.text(`temp_chip${board}`), letters);
  return [defined<BoardReading>({
    board,
    state: state === '' ? undefined : state,
    detail: detail === '' ? undefined : detail,
    hashrate: scaled(rate, hashes),
    hashrateNominal: positive(scaled(fields.numeric(`chain_rateideal${board}`), hashes)),
    frequencyHertz: positive(scaled(fields.numeric(`freq_avg${board}`) ?? fields.numeric(`frequency${board}`), 1e6)),
    voltageVolts: positive(scaled(fields.numeric(`chain_vol${board}`), 1e-3)),
    powerWatts: positive(fields.numeric(`chain_consumption${board}`)),
    pcb: pcb ?? hottest(fields.numeric(`temp${board}`)),
    chip: chip ?? hottest(fields.numeric(`temp2_${board}`)),
    chips: chipGradesOf(fields.text(`chain_acs${board}`)),
    hardwareErrors: fields.numeric(`chain_hw${board}`),
  })];
}

/** A board that the miner names but does not have draws nothing and errs in nothing; it spoils no sum. */
function isThere({ state }: BoardReading): boolean {
  return state !== 'disconnected' && state !== 'disabled';
}

/** `54-41-61-62`, a number for each sensor, with a letter for each in `m-m-m-m`: only `m` was measured. Undefined where there is no such list. */
function sensors(text: string | undefined, letters: string | undefined): MinMax | undefined {
  if (text === undefined || !/^\d{1,3}(?:-\d{1,3})*$/.test(text)) return undefined;
  const states = letters?.split('-');
  const measured = text.split('-').map(Number).filter((celsius, place) => celsius > 0 && (states?.[place] ?? 'm') === 'm');
  return measured.length === 0 ? {} : { min: Math.min(...measured), max: Math.max(...measured) };
}

/** A slot that stands still is a lost fan only where the miner counts more fans than turn, in its first slots, while it hashes. */
function parseFans(fields: Fields, state: MinerState | undefined): FanReading[] {
  const slots = Array.from({ length: mostFans }, (_, index) => ({ fan: index + 1, speedRpm: fields.optional.numeric(`fan${index + 1}`) }));
  const turning = slots.filter(({ speedRpm }) => (speedRpm ?? 0) > 0);
  const count = fields.optional.numeric('fan_num', 0, mostFans) ?? 0;
  const mayBeLost = turning.length > 0 && turning.length < count && turning.every(({ fan }) => fan <= count) && state !== undefined && hashingStates.has(state);
  return slots.flatMap(({ fan, speedRpm }): FanReading[] => {
    if (speedRpm === undefined) return [];
    if (speedRpm > 0) return [{ fan, up: true, speedRpm }];
    return mayBeLost && fan <= count ? [{ fan, up: false, speedRpm }] : [];
  });
}

function parsePool(fields: Fields, place: number): PoolReading[] {
  const slot = ordinal(fields.optional.numeric('POOL')) ?? place;
  const [url, user] = [fields.text('URL'), fields.text('User')];
  if (url === undefined || url === '') return [];
  const type = fields.optional.numeric('Type');
  return [defined<PoolReading>({
    slot, url,
    user: user ?? '',
    kind: poolKind({ type, url, slot }),
    status: poolStatus(fields.text('Status'), fields.optional.flag('Stratum Active')),
    accepted: fields.optional.numeric('Accepted'),
    rejected: fields.optional.numeric('Rejected'),
    stale: fields.optional.numeric('Stale'),
  })];
}

/** `Type` 0 is the operator's pool, 1 the firmware's fee; bmminer tells none. */
function poolKind({ type, url, slot }: { type: number | undefined; url: string; slot: number }): PoolReading['kind'] {
  if (type === 1 || /^devfee$/i.test(url)) return 'devfee';
  return type === 0 || (type === undefined && slot < userPools) ? 'user' : 'other';
}

/** In the words of VNish's REST API (vnish-api.md, 3). */
function poolStatus(text: string | undefined, active: boolean | undefined): string {
  if (text === 'Alive') return active === true ? 'active' : 'working';
  return text === 'Dead' ? 'offline' : text?.toLowerCase() ?? 'unknown';
}

/** Zero is what the firmware writes for what it does not know. */
function positive(value: number | undefined): number | undefined {
  return value === 0 ? undefined : value;
}
