/** The miner's own history of at most three days, `/metrics` (vnish-api.md, 2.3); pure. */
import type { Mismatch } from '../../mismatch.ts';
import { defined } from '../../defined.ts';
import { fieldsOf, type Fields, type JsonObject } from '../fields.ts';
import { scaled } from '../quantities.ts';
import { annotationKinds, type AnnotationKind, type History, type HistoryAnnotation, type HistoryPoint, type HistoryWindow } from '../history.ts';
import { unlessZero } from './units.ts';
import type { VersionTraits } from './versions.ts';

/** Three days in steps of ten seconds, which is shorter than any firmware samples. */
const mostPoints = 26_000;
/** Later than any miner will run, Unix seconds: what is beyond is no time. */
const lastSecond = 1e11;

export interface HistoryRequest extends HistoryWindow {
  /** H/s in one unit of the miner's hashrates. */
  readonly unit: number | undefined;
  readonly annotationBoard: VersionTraits['annotationBoard'];
  /** Unix ms when the reply was in. */
  readonly now: number;
  readonly mismatch: Mismatch;
}

/** The reply is newest first, and its newest point is "now"; here it is oldest first, without what lies outside the window. */
export function parseHistory(reply: JsonObject, { from, to, unit, annotationBoard, now, mismatch }: HistoryRequest): History {
  const fields = fieldsOf(reply, 'metrics', mismatch);
  const inside = (at: number) => at >= from && at <= to;
  const records = fields.list('metrics', mostPoints).flatMap((record) => {
    const [at, data] = [millisecondsOf(record), record.object('data')];
    return at === undefined || data === undefined ? [] : [{ at, data }];
  });
  const newest = records.reduce<number | undefined>((latest, { at }) => (latest === undefined || at > latest ? at : latest), undefined);
  const points = new Map(records.filter(({ at }) => inside(at)).flatMap(({ at, data }): [number, HistoryPoint][] => {
    const point = parsePoint(at, data, unit);
    return point === undefined ? [] : [[at, point]];
  }));
  const annotations = fields.list('annotations', mostPoints).flatMap((record) => parseAnnotation(record, annotationBoard)).filter(({ at }) => inside(at));
  const byTime = (a: { readonly at: number }, b: { readonly at: number }) => a.at - b.at;
  return defined<History>({
    points: [...points.values()].sort(byTime), annotations: annotations.sort(byTime),
    clockAheadSeconds: newest === undefined ? undefined : Math.round((newest - now) / 1000),
  });
}

function millisecondsOf(record: Fields): number | undefined {
  const seconds = record.number('time', 0, lastSecond);
  return seconds === undefined ? undefined : seconds * 1000;
}

/** Nothing but zeros is how the firmware fills times of which it has no sample: then there is no point. */
function parsePoint(at: number, data: Fields, unit: number | undefined): HistoryPoint | undefined {
  const [hashrate, power, duty] = [data.number('hashrate'), data.number('power_consumption'), data.number('fan_duty')];
  const [pcbMax, chipMax] = [unlessZero(data.number('pcb_max_temp')), unlessZero(data.number('chip_max_temp'))];
  const point = defined<HistoryPoint>({ at, hashrate: scaled(hashrate, unit), powerWatts: power, pcbMax, chipMax, fanDutyRatio: scaled(duty, 0.01) });
  const said = [hashrate, power, duty, pcbMax, chipMax].some((value) => value !== undefined && value !== 0);
  return said ? point : undefined;
}

/** 1.2 speaks of chains, 1.3 of boards. */
const kindOf: Readonly<Record<string, AnnotationKind>> = { ...Object.fromEntries(annotationKinds.map((kind) => [kind, kind])), disable_chain: 'disable_board', enable_chain: 'enable_board' };

function parseAnnotation(record: Fields, boardField: VersionTraits['annotationBoard']): HistoryAnnotation[] {
  const [at, data] = [millisecondsOf(record), record.object('data')];
  const type = data?.text('type');
  const kind = type !== undefined && Object.hasOwn(kindOf, type) ? kindOf[type] : undefined;
  if (at === undefined || kind === undefined) return [];
  return [defined<HistoryAnnotation>({ at, kind, board: data?.optional.number(boardField, 1) })];
}
