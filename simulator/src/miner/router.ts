/** The API: one table of endpoints, each with the generations that have it and whether it needs credentials (vnish-api.md 1.3, 2). */
import type { Generation } from '../hardware.ts';
import type { AuthState, Credential } from './auth.ts';
import { forgetOthers, unlock } from './auth.ts';
import {
  CommandFailed, reboot, resetTuning, restartMining, resumeMining, saveSettings, startMining, stopMining, switchPool, throttle,
} from './commands.ts';
import {
  boardsReply, chipsReply, factoryInfoReply, infoReply, logReply, metricsReply, modelReply, perfSummaryReply, presetsReply,
  settingsReply, statusReply, summaryReply, uiReply,
} from './replies.ts';
import type { Viewer } from './replies.ts';
import { defaultSettings, RefusedSettings } from './settings.ts';
import type { MinerState } from './state.ts';
import { annotate, log } from './state.ts';
import { archiveOf, readArchive, readFirmware, readForm } from './uploads.ts';

export interface ApiRequest {
  readonly method: string;
  /** Below `/api/v1`, with the leading slash, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly credential: Credential;
  readonly body: Buffer;
  readonly contentType: string;
  readonly timeMs: number;
}

export interface Reply {
  readonly status: number;
  readonly contentType?: string;
  readonly body: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiMiner { readonly state: MinerState; readonly auth: AuthState }

interface Call extends ApiRequest, ApiMiner {
  /** Parts of the path that the pattern left open. */
  readonly args: readonly string[];
  readonly viewer: Viewer;
}

interface Endpoint {
  readonly method: string;
  readonly pattern: RegExp;
  readonly since: readonly Generation[];
  readonly needs: 'nothing' | 'credentials' | 'token';
  readonly answer: (call: Call) => Reply;
}

export function json(value: unknown, status = 200): Reply {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

/** `mining/*` and other commands answer 200 with nothing (quirk 2). */
const empty: Reply = { status: 200, body: '' };
const unauthorized: Reply = { status: 401, body: '' };

function error(status: number, text: string): Reply {
  return json({ err: text }, status);
}

/** A body that isn't the JSON asked for. */
class BadBody extends Error {}

function bodyObject(call: Call): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(call.body.toString('utf8'));
  } catch (cause) {
    throw new BadBody('Json deserialize error', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadBody('Json deserialize error: expected an object');
  return value as Record<string, unknown>;
}

function integerField(body: Record<string, unknown>, name: string, bounds: readonly [number, number]): number {
  const value = body[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < bounds[0] || value > bounds[1]) {
    throw new BadBody(`Json deserialize error: invalid value for \`${name}\``);
  }
  return value;
}

function textField(body: Record<string, unknown>, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new BadBody(`Json deserialize error: missing field \`${name}\``);
  return value;
}

const both: readonly Generation[] = ['1.2', '1.3'];
const only12: readonly Generation[] = ['1.2'];
const only13: readonly Generation[] = ['1.3'];

type Answer = (call: Call) => Reply;

function pattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('*', '([^/]+)')}$`);
}

const open = (method: string, path: string, answer: Answer): Endpoint => ({ method, pattern: pattern(path), since: both, needs: 'nothing', answer });
const guarded = (method: string, path: string, answer: Answer): Endpoint => ({ ...open(method, path, answer), needs: 'credentials' });
const since = (generations: readonly Generation[], endpoint: Endpoint): Endpoint => ({ ...endpoint, since: generations });

function rebootAfter(call: Call): Reply {
  return json({ after: reboot(call.state, call.timeMs) });
}

function uploadedFile(call: Call): { file: Buffer; fields: Map<string, Buffer> } {
  const fields = readForm(call.contentType, call.body);
  const file = fields?.get('file');
  if (fields === undefined || file === undefined) throw new BadBody('Multipart error: missing field `file`');
  return { file, fields };
}

function toFactorySettings({ state, auth }: Call): void {
  const { network } = state.settings;
  state.settings = defaultSettings({
    model: state.model, generation: state.generation, hostname: 'Antminer', address: network.ipaddress, pools: state.spec.pools,
  });
  auth.password = 'admin';
}

/** 1.3 notes it in the history. An image for another model, or no image, is refused [S]. */
function answerFirmwareUpdate(call: Call): Reply {
  const { file, fields } = uploadedFile(call);
  const image = readFirmware(file);
  if (image?.model !== call.state.model.code) return error(500, 'Firmware verification failed');
  const keep = fields.get('keep_settings')?.toString() ?? 'true';
  if (keep !== 'true' && keep !== 'false') throw new BadBody('Multipart error: invalid value for `keep_settings`');
  if (keep === 'false') toFactorySettings(call);
  call.state.firmwareVersion = image.version;
  if (call.state.generation === '1.3') annotate(call.state, { timeMs: call.timeMs, type: 'fw_update' });
  return rebootAfter(call);
}

function answerFirmwareRemove(call: Call): Reply {
  if (call.state.generation === '1.3' && typeof bodyObject(call)['remove_stock_logs'] !== 'boolean') throw new BadBody('Json deserialize error: missing field `remove_stock_logs`');
  if (call.state.spec.removable !== true) return error(400, "This model has no 'remove firmware'");
  call.state.faults = [...call.state.faults, { kind: 'stock_fallback', params: {}, sinceMs: call.timeMs }];
  return rebootAfter(call);
}

function answerRestore(call: Call): Reply {
  if (call.state.warranty === 'active') return { status: 403, body: '' };
  const settings = readArchive(uploadedFile(call).file);
  if (settings === undefined) return error(500, 'Invalid backup file');
  call.state.settings = settings;
  return rebootAfter(call);
}

function command(run: (call: Call) => void): Answer {
  return (call) => {
    run(call);
    return empty;
  };
}

function answerUnlock({ auth, state, timeMs, ...call }: Call): Reply {
  const body = bodyObject({ auth, state, timeMs, ...call });
  const result = unlock(auth, textField(body, 'pw'), timeMs);
  switch (result.outcome) {
    case 'unlocked':
      return json({ token: result.token });
    case 'wrong':
      return json({}, 403);
    case 'throttled':
      return json({ unlock_timeout: result.secondsLeft }, 429);
  }
}

function answerApiKey(call: Call): Reply {
  const body = bodyObject(call);
  const key = textField(body, 'key');
  const description = textField(body, 'description');
  if (key.length !== 32) throw new BadBody('Json deserialize error: `key` must have 32 characters');
  const known = call.auth.apiKeys.get(key);
  call.auth.apiKeys.set(key, description);
  return json({ status: known === undefined ? 'inserted' : known === description ? 'nochanges' : 'updated' });
}

function answerLockOthers(call: Call): Reply {
  if (textField(bodyObject(call), 'pw') !== call.auth.password) return { status: 400, body: '' };
  forgetOthers(call.auth, call.credential.token ?? '');
  return empty;
}

function answerMetrics(call: Call): Reply {
  const number = (name: string, fallback: number) => {
    const text = call.query.get(name);
    const value = text === null ? fallback : Number(text);
    return Number.isInteger(value) && value > 0 ? value : fallback;
  };
  const stepSeconds = Math.max(10, number('step', 900));
  return json(metricsReply(call.state, call.viewer, { sliceSeconds: Math.min(259_200, number('time_slice', 86_400)), stepSeconds }));
}

const logTypes: Readonly<Record<Generation, readonly string[]>> = {
  '1.2': ['status', 'miner', 'autotune', 'system', 'messages', 'api'],
  '1.3': ['status', 'miner', 'autotune', 'pool', 'hwscan', 'system', 'messages', 'api'],
};

function answerLog(call: Call): Reply {
  const [type = ''] = call.args;
  if (!logTypes[call.state.generation].includes(type)) return error(500, `Unknown log type: ${type}`);
  return { status: 200, contentType: 'text/plain; charset=utf-8', body: logReply(call.state, type) };
}

function clearLog(call: Call): void {
  const [type = ''] = call.args;
  if (type === '*') call.state.logs.clear();
  else call.state.logs.delete(type);
}

/** 1.2: a toggle, whatever the body says (the LED quirk of vnish-api.md 2.2). */
function answerFindMiner(call: Call): Reply {
  const { state } = call;
  if (state.generation === '1.2') {
    state.ledOn = !state.ledOn;
    return json({ on: state.ledOn });
  }
  const on = bodyObject(call)['on'];
  state.ledOn = typeof on === 'boolean' ? on : !state.ledOn;
  return json({ on: state.ledOn });
}

function answerLocateMiner(call: Call): Reply {
  const on = bodyObject(call)['is_enabled'];
  if (typeof on !== 'boolean') throw new BadBody('Json deserialize error: missing field `is_enabled`');
  call.state.ledOn = on;
  return json({ is_enabled: on });
}

function answerSettings(call: Call): Reply {
  const body = bodyObject(call);
  const change = body['password'];
  if (typeof change === 'object' && change !== null) {
    const { current, pw } = change as Record<string, unknown>;
    if (current !== call.auth.password || typeof pw !== 'string') return error(500, 'Wrong password');
    call.auth.password = pw;
  }
  const pending = saveSettings(call.state, body, call.timeMs);
  return json({ restart_required: pending.restart, reboot_required: pending.reboot });
}

function answerThrottle(call: Call): Reply {
  throttle(call.state, integerField(bodyObject(call), 'percent', [20, 100]), call.timeMs);
  return json({ restart_required: false, reboot_required: false });
}

function answerFactoryReset(call: Call): Reply {
  toFactorySettings(call);
  return rebootAfter(call);
}

function answerTuneReset(call: Call): void {
  const body = bodyObject(call);
  const presets = body['presets'];
  if (!Array.isArray(presets)) throw new BadBody('Json deserialize error: missing field `presets`');
  resetTuning(call.state, presets.map(String), { restart: body['restart'] === true, timeMs: call.timeMs });
}

function answerAddNote(call: Call): Reply {
  const body = bodyObject(call);
  const { notes } = call.state;
  const key = textField(body, 'key');
  if (notes.has(key)) return error(409, 'Note already exists');
  if (notes.size >= 100) return error(507, 'No space left');
  notes.set(key, textField(body, 'value'));
  return empty;
}

function noteKey(call: Call): string {
  return decodeURIComponent(call.args[0] ?? '');
}

function answerWarranty(call: Call, active: boolean): Reply {
  const { state } = call;
  const had = state.warranty !== 'not_provided';
  if (had) state.warranty = active ? 'active' : 'cancelled';
  return json({ success: had || !active, warranty: state.warranty });
}

const endpoints: readonly Endpoint[] = [
  open('GET', '/info', (call) => json(infoReply(call.state, call.viewer))),
  open('GET', '/model', (call) => json(modelReply(call.state))),
  open('GET', '/status', (call) => json(statusReply(call.state, call.viewer))),
  open('GET', '/summary', (call) => json(summaryReply(call.state, call.viewer))),
  open('GET', '/perf-summary', (call) => json(perfSummaryReply(call.state))),
  since(only12, open('GET', '/chains', (call) => json(boardsReply(call.state, call.viewer)))),
  since(only12, open('GET', '/chips', (call) => json(chipsReply(call.state, call.viewer)))),
  since(only13, open('GET', '/boards', (call) => json(boardsReply(call.state, call.viewer)))),
  open('GET', '/chains/factory-info', (call) => json(factoryInfoReply(call.state))),
  open('GET', '/metrics', answerMetrics),
  open('GET', '/logs/*', answerLog),
  guarded('POST', '/logs/*/clear', command(clearLog)),
  open('GET', '/notes', (call) => json(Object.fromEntries(call.state.notes))),
  open('GET', '/notes/*', (call) => {
    const value = call.state.notes.get(noteKey(call));
    return value === undefined ? error(404, 'Note not found') : json({ value });
  }),
  guarded('POST', '/notes', answerAddNote),
  guarded('PUT', '/notes/*', command((call) => call.state.notes.set(noteKey(call), textField(bodyObject(call), 'value')))),
  guarded('DELETE', '/notes/*', (call) => (call.state.notes.delete(noteKey(call)) ? empty : error(404, 'Note not found'))),
  open('GET', '/ui', (call) => json(uiReply(call.state))),
  open('GET', '/layout', (call) => json(call.state.settings.layout)),

  open('POST', '/unlock', answerUnlock),
  open('GET', '/auth-check', (call) => json(call.credential.valid ? { unlock_timeout: 1 } : {}, call.credential.valid ? 200 : 401)),
  { ...guarded('POST', '/lock', command((call) => call.auth.tokens.delete(call.credential.token ?? ''))), needs: 'token' },
  { ...guarded('POST', '/lock/others', answerLockOthers), needs: 'token' },
  guarded('GET', '/apikeys', (call) => json([...call.auth.apiKeys].map(([key, description]) => ({ key, description })))),
  guarded('POST', '/apikeys', answerApiKey),
  guarded('POST', '/apikeys/delete', command((call) => call.auth.apiKeys.delete(textField(bodyObject(call), 'key')))),

  guarded('GET', '/settings', (call) => json(settingsReply(call.state))),
  guarded('POST', '/settings', answerSettings),
  guarded('POST', '/settings/backup', (call) => ({ status: 200, contentType: 'application/octet-stream', body: archiveOf(call.state.settings) })),
  guarded('POST', '/settings/restore', answerRestore),
  guarded('POST', '/settings/factory-reset', answerFactoryReset),
  guarded('GET', '/autotune/presets', (call) => json(presetsReply(call.state))),
  guarded('POST', '/autotune/reset', command(answerTuneReset)),
  guarded('POST', '/autotune/reset-all', command((call) =>
    resetTuning(call.state, 'all', { restart: bodyObject(call)['restart'] === true, timeMs: call.timeMs }))),

  guarded('POST', '/mining/start', command((call) => startMining(call.state, call.timeMs))),
  guarded('POST', '/mining/stop', command((call) => stopMining(call.state, call.timeMs))),
  guarded('POST', '/mining/pause', command((call) => stopMining(call.state, call.timeMs))),
  guarded('POST', '/mining/resume', command((call) => resumeMining(call.state, call.timeMs))),
  guarded('POST', '/mining/restart', command((call) => restartMining(call.state, call.timeMs))),
  guarded('POST', '/mining/switch-pool', command((call) => switchPool(call.state, integerField(bodyObject(call), 'pool_id', [0, 255])))),
  since(only13, guarded('POST', '/mining/throttle', answerThrottle)),
  guarded('POST', '/system/reboot', rebootAfter),
  open('POST', '/find-miner', answerFindMiner),
  since(only13, open('POST', '/locate-miner', answerLocateMiner)),
  guarded('POST', '/firmware/update', answerFirmwareUpdate),
  guarded('POST', '/firmware/remove', answerFirmwareRemove),
  guarded('POST', '/activate-warranty', (call) => answerWarranty(call, true)),
  guarded('POST', '/cancel-warranty', (call) => answerWarranty(call, false)),
];

/** The single-page app's index: what any unknown GET gets, with 200 (vnish-api.md 0). */
export const spaIndex: Reply = {
  status: 200, contentType: 'text/html; charset=utf-8',
  body: '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>AnthillOS</title></head><body><div id="root"></div></body></html>\n',
};

const methodNotAllowed: Reply = { status: 405, body: '' };

function allowed(endpoint: Endpoint, { kind, valid }: Credential): boolean {
  switch (endpoint.needs) {
    case 'nothing':
      return true;
    case 'credentials':
      return valid;
    case 'token':
      return valid && kind !== 'api-key';
  }
}

function run(endpoint: Endpoint, call: Call): Reply {
  try {
    return endpoint.answer(call);
  } catch (problem) {
    if (problem instanceof CommandFailed || problem instanceof RefusedSettings) return error(500, problem.message);
    if (problem instanceof BadBody) return error(400, problem.message);
    throw problem;
  }
}

/** Answers a request below `/api/v1`. The miner must already be at `request.timeMs`. */
export function answerApi(miner: ApiMiner, request: ApiRequest): Reply {
  const { state } = miner;
  for (const endpoint of endpoints) {
    if (endpoint.method !== request.method || !endpoint.since.includes(state.generation)) continue;
    const match = endpoint.pattern.exec(request.path);
    if (match === null) continue;
    if (!allowed(endpoint, request.credential)) return unauthorized;
    const viewer: Viewer = { timeMs: request.timeMs, unlocked: request.credential.valid };
    const reply = run(endpoint, { ...request, ...miner, args: match.slice(1), viewer });
    if (request.method !== 'GET') log(state, 'api', { timeMs: request.timeMs, level: 'INFO', text: `${request.method} /api/v1${request.path} ${reply.status}` });
    return reply;
  }
  return request.method === 'GET' ? spaIndex : methodNotAllowed;
}
