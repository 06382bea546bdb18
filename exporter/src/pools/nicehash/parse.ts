/**
 * NiceHash's replies (prohashing-api.md, 7; docs.nicehash.com; /mining/rigs2 as its public clients read it and as a scrypt account of
 * October 2020 was answered, days85/laravel-nicehash). A market of many algorithms: only SCRYPT is looked at. Money is BTC.
 */
import { defined } from '../../defined.ts';
import type { Mismatch } from '../../mismatch.ts';
import { fieldsOf, isObject, lenientNumber, limits, workerName, type JsonObject } from '../fields.ts';
import { statusReason, type PoolReply } from '../http.ts';
import { PoolFailure, type Amount, type PoolReading, type PoolWorker } from '../pool.ts';

const source = 'nicehash';
const algorithm = 'SCRYPT';

/**
 * `paying` is in 1e-8 BTC for 1 H/s and a day, whatever the factors of the algorithm say: found against the firm's own pages by
 * tdickman/crypto51 (pull request 48), and so do all clients since.
 */
const payingPerBtcMegahashDay = 1e8 / 1e6;

/** A public reply. @throws PoolFailure */
export function bodyOf({ status, body }: PoolReply): JsonObject {
  const reason = statusReason(status);
  if (reason !== undefined) throw new PoolFailure(reason, `the pool answered ${status}`);
  if (!isObject(body)) throw new PoolFailure('bad_shape', 'the reply is not an object');
  return body;
}

/** "Invalid session": key, secret, organization or time (issues 2, 25, 69 of nicehash/rest-clients-demo). */
const invalidSession = 2000;

/** A signed reply; an error is `{error_id, errors: [{code, message}]}` under a status of its own. @throws PoolFailure */
export function signedBodyOf(reply: PoolReply): JsonObject {
  const errors = isObject(reply.body) ? reply.body['errors'] : undefined;
  const refused = Array.isArray(errors) && errors.some((one) => isObject(one) && lenientNumber(one['code']) === invalidSession);
  if (reply.status === 401 || refused) throw new PoolFailure('bad_key', 'the pool refuses the request: check api_key, api_secret, organization and this machine\'s clock, which may be wrong by five minutes at most');
  if (reply.status === 403) throw new PoolFailure('bad_key', 'the pool does not let this API key see mining data: give it the permission "View mining data and statistics"');
  return bodyOf(reply);
}

/** Rigs of one page. */
export const pageLength = 100;

export interface Page {
  /** Absent where there is no list. */
  readonly rigs?: readonly unknown[];
  /** Another page follows. */
  readonly more: boolean;
}

/** Page `page`, counted from 0, of /mining/rigs2. */
export function pageOf(body: JsonObject, page: number, mismatch: Mismatch): Page {
  const rigs = fieldsOf(body, source, mismatch).list('miningRigs');
  if (rigs === undefined) return { more: false };
  const pagination = fieldsOf(body, source, mismatch).optional.object('pagination');
  const pages = pagination === undefined ? undefined : fieldsOf(pagination, source, mismatch).number('totalPageCount', limits.count);
  // A full page without a word is followed by another one, which may be empty.
  return { rigs, more: rigs.length > 0 && (pages === undefined ? rigs.length >= pageLength : page + 1 < pages) };
}

/** What is earned since the last payout, BTC. */
export function parseUnpaid(body: JsonObject, mismatch: Mismatch): readonly Amount[] | undefined {
  const amount = fieldsOf(body, source, mismatch).amount('unpaidAmount');
  return amount === undefined ? undefined : [{ coin: 'BTC', amount }];
}

/** Whether a rig is there by its status; of the others nobody can say. */
const connectedBy: ReadonlyMap<string, boolean | undefined> = new Map([
  ['MINING', true], ['OFFLINE', false], ['STOPPED', false], ['DISABLED', false], ['BENCHMARKING', undefined], ['ERROR', undefined], ['PENDING', undefined], ['TRANSFERRED', undefined], ['UNKNOWN', undefined],
]);

interface Speed {
  /** In the unit of the algorithm: `miningFactor` H/s. */
  readonly accepted?: number;
  readonly difficulty?: number;
}

/** An entry of a rig's `stats`: its speed, 'other' where it is another algorithm's, undefined where nobody can tell. */
function speedOf(entry: unknown, mismatch: Mismatch): Speed | 'other' | undefined {
  const named = isObject(entry) ? fieldsOf(entry, source, mismatch).object('algorithm') : undefined;
  if (!isObject(entry)) mismatch(source, 'stats');
  const name = named === undefined ? undefined : fieldsOf(named, source, mismatch).text('enumName');
  if (!isObject(entry) || name === undefined) return undefined;
  if (name !== algorithm) return 'other';
  const fields = fieldsOf(entry, source, mismatch);
  return defined<Speed>({ accepted: fields.number('speedAccepted', limits.hashrate), difficulty: fields.optional.number('difficulty', limits.difficulty) });
}

/**
 * One rig: a machine by its worker name. Its speeds are those of its connections, in several markets perhaps, so their number is no
 * sign of a cloned setting. `factor`: H/s in a unit of speed. A rig of other algorithms alone is none of ours.
 */
export function parseRig(item: unknown, factor: number | undefined, mismatch: Mismatch): PoolWorker | undefined {
  const worker = isObject(item) ? workerName(item['name']) : undefined;
  if (!isObject(item) || worker === undefined) {
    mismatch(source, 'name');
    return undefined;
  }
  const fields = fieldsOf(item, source, mismatch);
  const status = fields.text('minerStatus');
  if (status !== undefined && !connectedBy.has(status)) mismatch(source, 'minerStatus');
  // A rig that is offline has none.
  const told = (fields.optional.list('stats') ?? []).map((entry) => speedOf(entry, mismatch));
  if (told.length > 0 && told.every((one) => one === 'other')) return undefined;
  const speeds = told.filter((one) => one !== 'other');
  const [first] = speeds;
  const accepted = speeds.map((speed) => speed?.accepted);
  const known = accepted.length > 0 && accepted.every((speed) => speed !== undefined);
  const sameDifficulty = speeds.every((speed) => speed?.difficulty === first?.difficulty);
  return defined<PoolWorker>({
    worker,
    // A part that is not told makes the sum unknown, not smaller.
    hashrate: known && factor !== undefined ? accepted.reduce((sum, speed) => sum + speed, 0) * factor : undefined,
    shareDifficulty: sameDifficulty ? first?.difficulty : undefined,
    connected: status === undefined ? undefined : connectedBy.get(status),
  });
}

/** The entry of scrypt among `miningAlgorithms`. */
function scryptOf(body: JsonObject, mismatch: Mismatch): JsonObject | undefined {
  const list = fieldsOf(body, source, mismatch).list('miningAlgorithms');
  const found: unknown = list?.find((entry) => isObject(entry) && entry['algorithm'] === algorithm);
  if (list !== undefined && !isObject(found)) mismatch(source, 'algorithm');
  return isObject(found) ? found : undefined;
}

/** H/s in the unit of a rig's speeds, of /mining/algorithms: a million on scrypt since ever, but it is told, and so it is asked. */
export function parseFactor(body: JsonObject, mismatch: Mismatch): number | undefined {
  const entry = scryptOf(body, mismatch);
  const factor = entry === undefined ? undefined : fieldsOf(entry, source, mismatch).number('miningFactor', limits.hashrate);
  return factor === 0 ? undefined : factor;
}

/** BTC for 1 MH/s and a day, before the fee, of /public/simplemultialgo/info. Zero is "nobody buys". */
export function parsePaying(body: JsonObject, mismatch: Mismatch): number | undefined {
  const entry = scryptOf(body, mismatch);
  const paying = entry === undefined ? undefined : fieldsOf(entry, source, mismatch).number('paying', limits.yield * payingPerBtcMegahashDay);
  return paying === undefined || paying === 0 ? undefined : paying / payingPerBtcMegahashDay;
}

/** USD for one BTC, of /exchangeRate/list. */
export function parseRate(body: JsonObject, mismatch: Mismatch): PoolReading['prices'] {
  const list = fieldsOf(body, source, mismatch).list('list');
  const found: unknown = list?.find((entry) => isObject(entry) && entry['fromCurrency'] === 'BTC' && entry['toCurrency'] === 'USD');
  if (list !== undefined && !isObject(found)) mismatch(source, 'fromCurrency');
  const usd = isObject(found) ? fieldsOf(found, source, mismatch).number('exchangeRate', limits.price) : undefined;
  return usd === undefined || usd === 0 ? undefined : [{ coin: 'BTC', usd }];
}
