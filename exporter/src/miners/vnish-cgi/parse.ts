/**
 * From VNish 3.x' CGI replies to readings; pure. What is known of the shapes: vnish-api.md, 5. Values are mostly texts, so
 * numbers are read from texts too. The fields that chapter does not name (`elapsed`, `hw`, `freqavg`, `chain_acs`, a pool's
 * counters) are those of Bitmain's own CGI, which VNish 3.x builds on; they are read where they are and not missed where not.
 */
import type { Mismatch } from '../../mismatch.ts';
import { defined } from '../../defined.ts';
import { fieldsOf, type Fields, type JsonObject } from '../fields.ts';
import { chipGradesOf, hottest, once, ordinal, scaled, span, sum } from '../quantities.ts';
import type { BoardReading, FanReading, Identity, PoolReading, Reading } from '../reading.ts';

interface ModelTraits {
  readonly type: RegExp;
  readonly algorithm: 'scrypt' | 'sha256d';
  /**
   * H/s in one unit of the `ghs*` fields. On scrypt they hold MH/s in spite of their name: vnish-api.md, 5, after
   * bitmaintech/bmminer #11 and antminer-monitor #22; assumed there for VNish on the L3+.
   */
  readonly hashesPerUnit: number;
  readonly boards?: number;
}

/** Machines with VNish 3.x (vnish-api.md, 5 and 6.1). */
const models: readonly ModelTraits[] = [
  { type: /^Antminer L3\+/, algorithm: 'scrypt', hashesPerUnit: 1e6, boards: 4 },
  { type: /^Antminer L\d/, algorithm: 'scrypt', hashesPerUnit: 1e6 },
  { type: /^Antminer [ST]9/, algorithm: 'sha256d', hashesPerUnit: 1e9 },
];

export interface CgiReplies {
  /** get_system_info.cgi */
  readonly system: JsonObject;
  /** get_miner_status.cgi */
  readonly status: JsonObject;
  /** Whether check.cgi says "1"; absent when it was not asked because the miner hashes. */
  readonly check?: boolean;
}

/** The most fans that the status can name. */
const fanSlots = 8;
/** The configuration has pool1 to pool3; what stands behind them is not the operator's. */
const userPools = 3;

/** Whether the status tells of hashes; then check.cgi need not be asked. */
export function isHashing(status: JsonObject): boolean {
  const ignored = () => undefined;
  return (fieldsOf(status, 'get_miner_status', ignored).object('summary')?.numeric('ghs5s') ?? 0) > 0;
}

/** Everything that one poll learned, in base units. */
export function parseCgiReading({ system, status, check }: CgiReplies, at: number, mismatch: Mismatch): Reading {
  const type = fieldsOf(system, 'get_system_info', mismatch).text('minertype');
  const traits = models.find((one) => type !== undefined && one.type.test(type));
  if (type !== undefined && traits === undefined) mismatch('get_system_info', 'minertype');
  const unit = traits?.hashesPerUnit;
  const fields = fieldsOf(status, 'get_miner_status', mismatch);
  const summary = fields.object('summary');
  const devs = fields.list('devs');
  const told = devs.map((dev) => parseBoard(dev, unit));
  const boards = once(told.flat(), ({ board }) => board);
  // A board without a number belongs to the sums too.
  const whole = told.every((one) => one.length > 0);
  const hashrate = scaled(summary?.numeric('ghs5s'), unit);
  const hashing = isHashing(status);
  const elapsed = summary?.optional.numeric('elapsed');
  return defined<Reading>({
    at,
    source: 'vnish-cgi',
    identity: parseIdentity(system, mismatch),
    state: hashing || check === true ? 'mining' : check === false ? 'stopped' : undefined,
    stateSeconds: hashing ? elapsed : undefined,
    hashrate,
    hashrateAverage: scaled(summary?.numeric('ghsav'), unit),
    powerWatts: whole ? sum(boards.map(({ powerWatts }) => powerWatts)) : undefined,
    powerMeasured: false,
    psuTemperatures: {},
    pcb: span(boards.map(({ pcb }) => pcb)),
    chip: span(boards.map(({ chip }) => chip)),
    hardwareErrors: whole ? sum(boards.map(({ hardwareErrors }) => hardwareErrors)) : undefined,
    fans: parseFans(devs),
    pools: once(fields.list('pools').flatMap(parsePool), ({ slot }) => slot),
    boards,
    boardsExpected: traits?.boards,
  });
}

/** `Antminer L3+ (vnish 3.9.0)`: model, firmware and version in one text. */
export function parseIdentity(system: JsonObject, mismatch: Mismatch): Identity | undefined {
  const fields = fieldsOf(system, 'get_system_info', mismatch);
  const type = fields.optional.text('minertype');
  if (type === undefined) return undefined;
  const match = /^(.*?)\s*(?:\(\s*(vnish)\s*([^)\s]*)\s*\))?\s*$/i.exec(type);
  const [model, firmware, version] = [match?.[1] ?? type, match?.[2], match?.[3]];
  const hostname = fields.optional.text('hostname');
  return defined<Identity>({
    model,
    firmware: firmware === undefined ? undefined : 'Vnish',
    firmwareVersion: version === '' ? undefined : version,
    algorithm: models.find((one) => one.type.test(type))?.algorithm,
    mac: fields.optional.text('macaddr')?.toLowerCase(),
    hostname: hostname === '' ? undefined : hostname,
  });
}

function parseBoard(dev: Fields, unit: number | undefined): BoardReading[] {
  const board = ordinal(dev.numeric('index', 1));
  if (board === undefined) return [];
  return [defined<BoardReading>({
    board,
    hashrate: scaled(dev.numeric('rate'), unit),
    frequencyHertz: scaled(dev.optional.numeric('freqavg'), 1e6),
    powerWatts: dev.optional.numeric('chain_consumption'),
    // `temp` is the board, `temp2` the chips.
    pcb: hottest(dev.numeric('temp')),
    chip: hottest(dev.numeric('temp2')),
    chips: chipGradesOf(dev.optional.text('chain_acs')),
    hardwareErrors: dev.optional.numeric('hw'),
  })];
}

/** Any board may name any of fan1 to fan8; a zero is no fan. */
function parseFans(devs: readonly Fields[]): FanReading[] {
  return Array.from({ length: fanSlots }, (_, index) => index + 1).flatMap((fan) => {
    const speedRpm = Math.max(0, ...devs.map((dev) => dev.optional.numeric(`fan${fan}`) ?? 0));
    return speedRpm === 0 ? [] : [{ fan, up: true, speedRpm }];
  });
}

function parsePool(fields: Fields, place: number): PoolReading[] {
  const slot = ordinal(fields.optional.numeric('index')) ?? place;
  const url = fields.text('url');
  if (url === undefined || url === '') return [];
  return [defined<PoolReading>({
    slot, url,
    user: fields.text('user') ?? '',
    kind: slot < userPools ? 'user' : 'other',
    status: poolStatus(fields.text('status')),
    accepted: fields.optional.numeric('accepted'),
    rejected: fields.optional.numeric('rejected'),
    stale: fields.optional.numeric('stale'),
  })];
}

/** In the words of VNish 1.2: which of the living pools is worked for is not told. */
function poolStatus(text: string | undefined): string {
  if (text === 'Alive') return 'working';
  return text === 'Dead' ? 'offline' : text?.toLowerCase() ?? 'unknown';
}
