/** The main telemetry, `/summary` (vnish-api.md, 2.3); pure. */
import { defined } from '../../defined.ts';
import type { Fields } from '../fields.ts';
import { once, scaled } from '../quantities.ts';
import { coolingModes, type BoardReading, type FanReading, type PoolReading, type Reading } from '../reading.ts';
import { minMax, parseDuration, unlessZero } from './units.ts';

type SummaryPart = Omit<Reading, 'at'>;

/** `/summary.miner`; `unit` is H/s in one unit of its hashrates. */
export function parseSummary(miner: Fields, unit: number | undefined): SummaryPart {
  const hashrate = (fields: Fields, name: string) => scaled(fields.number(name), unit);
  const cooling = miner.object('cooling');
  const psu = miner.optional.object('psu');
  const temperatures = psu?.optional.object('temps');
  const modeName = cooling?.optional.object('settings')?.optional.object('mode')?.optional.text('name');
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
    hardwareErrorRatio: scaled(miner.optional.number('hw_errors_percent', 0, 100), 0.01),
    foundBlocks: miner.optional.number('found_blocks'),
    bestShare: unlessZero(miner.optional.number('best_share')),
    devfeeRatio: scaled(miner.optional.number('devfee_percent', 0, 100), 0.01),
    restarts: miner.optional.number('restart_count'),
    fanDutyRatio: scaled(cooling?.number('fan_duty'), 0.01),
    coolingMode: coolingModes.find((mode) => mode === modeName),
    fans: once(cooling?.list('fans').flatMap(parseFan) ?? [], ({ fan }) => fan),
    pools: once(miner.list('pools').flatMap(parsePool), ({ slot }) => slot),
    boards: once(miner.list('chains').flatMap((board) => parseBoard(board, unit)), ({ board }) => board),
  });
}

function psuTemperatures(temperatures: Fields | undefined): Record<string, number> {
  const found: Record<string, number> = {};
  for (const [sensor, field] of [['pfc', 'pfc_temp'], ['llc1', 'llc1_temp'], ['llc2', 'llc2_temp']] as const) {
    const value = temperatures?.optional.number(field);
    if (value !== undefined && value !== 0) found[sensor] = value;
  }
  return found;
}

function parseFan(fields: Fields): FanReading[] {
  const id = fields.ordinal('id');
  if (id === undefined) return [];
  const status = fields.text('status');
  return [defined<FanReading>({ fan: id + 1, up: status === undefined ? undefined : status === 'ok', speedRpm: fields.number('rpm'), maxRpm: unlessZero(fields.optional.number('max_rpm')) })];
}

function parsePool(fields: Fields): PoolReading[] {
  const slot = fields.ordinal('id');
  const [url, user] = [fields.text('url'), fields.text('user')];
  if (slot === undefined || url === undefined || url === '') return [];
  const type = fields.text('pool_type');
  const [ping, ago] = [fields.optional.number('ping'), fields.optional.text('ls_time')];
  return [defined<PoolReading>({
    slot, url, user: user ?? '',
    kind: type === 'UserPool' ? 'user' : type === 'DevFee' ? 'devfee' : 'other',
    status: fields.text('status') ?? 'unknown',
    accepted: fields.number('accepted'),
    rejected: fields.number('rejected'),
    stale: fields.number('stale'),
    pingSeconds: ping === undefined || ping === 0 ? undefined : ping / 1000,
    lastShareAgeSeconds: ago === undefined ? undefined : parseDuration(ago),
    difficulty: unlessZero(fields.optional.number('ls_diff')),
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
    inletWater: unlessZero(fields.optional.number('inlet_water_temp')),
    outletWater: unlessZero(fields.optional.number('outlet_water_temp')),
  })];
}
