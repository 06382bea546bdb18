/**
 * VNish firmware 1.2 and 1.3 over its REST API (vnish-api.md, 2). Cheap reads at every poll, dear ones seldom; one request
 * at a time; writes are sent once and never repeated.
 */
import type { Mismatch } from '../../mismatch.ts';
import { PollFailure, type Command, type CommandReply, type Driver } from '../driver.ts';
import { isObject, type JsonObject } from '../fields.ts';
import { minerHttp, type HttpReply, type HttpRequest, type MinerHttp } from '../http.ts';
import type { Preset, Reading } from '../reading.ts';
import { hashrateUnit, parseChips, parsePresets, parseReading, parseUptime, type Background } from './parse.ts';
import { isStock, vnishSession } from './session.ts';
import { traitsOf } from './versions.ts';

export interface VnishOptions {
  readonly address: string;
  readonly password: string;
  /** Ms between reads of identity and preset. */
  readonly slowIntervalMs: number;
  readonly mismatch: Mismatch;
  /** Unix ms. */
  readonly now?: () => number;
}

/** Ms between reads of the preset list: it changes only when somebody tunes. */
const presetsIntervalMs = 60 * 60_000;

const api = '/api/v1';

export function vnishDriver({ address, password, slowIntervalMs, mismatch, now = Date.now }: VnishOptions): Driver {
  const http = minerHttp(address);
  const session = vnishSession({ http, password, now });
  let background: Background = {};
  let slowReadAt = -Infinity;
  let presetsReadAt = -Infinity;
  let lastUptime: number | undefined;

  async function read(path: string, signal: AbortSignal): Promise<JsonObject> {
    return objectOf(await http.request({ path: `${api}${path}`, signal }), path);
  }

  /** First contact, or the answer of something that was never a miner. */
  async function identify(signal: AbortSignal): Promise<JsonObject> {
    try {
      return await readInfo(http, signal);
    } catch (thrown) {
      if (background.info === undefined && thrown instanceof PollFailure && (thrown.reason === 'html_body' || thrown.reason === 'http_4xx')) {
        throw new PollFailure('not_a_miner', thrown.message, { cause: thrown });
      }
      throw thrown;
    }
  }

  async function readSlow(signal: AbortSignal): Promise<void> {
    const info = await identify(signal);
    const uptime = uptimeOf(info);
    const rebooted = lastUptime !== undefined && uptime !== undefined && uptime < lastUptime;
    lastUptime = uptime;
    const changed = background.info?.['fw_version'] !== info['fw_version'];
    const model = background.model === undefined || changed || rebooted ? await tolerated(async () => read('/model', signal)) : background.model;
    const perf = await tolerated(async () => read('/perf-summary', signal));
    background = {
      info,
      ...(model === undefined ? {} : { model }),
      ...(perf === undefined ? {} : { perf }),
      ...(background.presets === undefined ? {} : { presets: background.presets }),
    };
    slowReadAt = now();
    if (changed || now() - presetsReadAt >= presetsIntervalMs) {
      // The list needs the password; without it the miner is still read.
      await tolerated(async () => readPresets(signal));
    }
  }

  /** A dear read may fail without losing the poll; time running out may not. */
  async function tolerated<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (thrown) {
      if (thrown instanceof PollFailure && ['auth', 'locked_out', 'http_4xx', 'http_5xx', 'html_body', 'bad_json', 'bad_shape'].includes(thrown.reason)) return undefined;
      throw thrown;
    }
  }

  async function readPresets(signal: AbortSignal): Promise<readonly Preset[]> {
    const reply = await session.authorized({ path: `${api}/autotune/presets`, signal });
    const presets = parsePresets(jsonOf(reply, '/autotune/presets'), hashrateUnit(background), mismatch);
    presetsReadAt = now();
    background = { ...background, presets };
    return presets;
  }

  async function write(path: string, { signal, json }: Pick<HttpRequest, 'signal' | 'json'>): Promise<HttpReply> {
    const reply = await session.authorized({ method: 'POST', path: `${api}${path}`, signal, ...(json === undefined ? {} : { json }) });
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw new PollFailure(reply.status >= 500 ? 'http_5xx' : reply.status === 401 || reply.status === 403 ? 'auth' : 'http_4xx', `${path} answered ${reply.status}${errText(reply)}`);
  }

  /**
   * Posts the whole overclock object read back with the preset replaced (vnish-api.md, 4.3): nothing else is touched, and
   * tuned profiles are not overwritten. An empty `chains` list is left out because the firmware refuses it (7 row 13).
   */
  async function applyPreset(preset: string, signal: AbortSignal): Promise<CommandReply> {
    const settings = objectOf(await session.authorized({ path: `${api}/settings`, signal }), '/settings');
    const miner = settings['miner'];
    const overclock = isObject(miner) ? miner['overclock'] : undefined;
    if (!isObject(overclock)) throw new PollFailure('bad_shape', '/settings has no miner.overclock');
    const kept = Object.entries(overclock).filter(([key, value]) => !(key === 'chains' && (!Array.isArray(value) || value.length === 0)));
    const switcher = overclock['preset_switcher'];
    // With the switcher on, the firmware climbs to top_preset by itself: it has to follow the wish (4.6).
    const pinned = isObject(switcher) && switcher['enabled'] === true ? { preset_switcher: { ...switcher, top_preset: preset } } : {};
    const reply = await write('/settings', { json: { miner: { overclock: { ...Object.fromEntries(kept), ...pinned, preset } } }, signal });
    slowReadAt = -Infinity;
    const flags = flagsOf(reply);
    if (flags.restartRequired) {
      await write('/mining/restart', { signal });
      return { sent: true, detail: 'saved; mining restarts to apply it' };
    }
    return { sent: true, detail: flags.rebootRequired ? 'saved; the miner asks for a reboot' : 'saved' };
  }

  /** 1.2's light toggles whatever the body says, so it is read first and written only on a difference (2.2). */
  async function locate(on: boolean, signal: AbortSignal): Promise<CommandReply> {
    const { locate: { path, style } } = traitsOf(textOf(background.info?.['fw_version'])).traits;
    const status = await read('/status', signal);
    if (status['find_miner'] === on) return { sent: false, detail: `the light already is ${on ? 'on' : 'off'}` };
    await write(path, { json: style === 'set' ? { is_enabled: on } : { on }, signal });
    return { sent: true };
  }

  return {
    kind: 'vnish',
    async poll(signal, pace = 'usual'): Promise<Reading> {
      if (pace === 'fresh' || now() - slowReadAt >= slowIntervalMs || background.info === undefined) await readSlow(signal);
      const summary = await read('/summary', signal);
      const status = await tolerated(async () => read('/status', signal));
      const { miner } = summary;
      if (miner !== undefined && miner !== null && !isObject(miner)) throw new PollFailure('bad_shape', '/summary has a "miner" that is no object');
      // While a miner starts, "miner" may be null or missing (vnish-api.md, 7 row 7); without any state it is no summary.
      if (!('miner' in summary) && typeof status?.['miner_state'] !== 'string') throw new PollFailure('bad_shape', '/summary has no "miner"');
      return parseReading({ ...background, summary, ...(status === undefined ? {} : { status }) }, now(), mismatch);
    },
    async chips(signal) {
      const { boardsPath } = traitsOf(textOf(background.info?.['fw_version'])).traits;
      return parseChips(jsonOf(await http.request({ path: `${api}${boardsPath}`, signal }), boardsPath), hashrateUnit(background), mismatch);
    },
    presets: readPresets,
    async send(command: Command, signal: AbortSignal) {
      // Whatever is done, identity and preset are read anew at the next poll.
      slowReadAt = -Infinity;
      switch (command.action) {
        case 'restart_mining': await write('/mining/restart', { signal }); return { sent: true };
        case 'reboot': await write('/system/reboot', { signal }); return { sent: true };
        case 'pause': await write('/mining/pause', { signal }); return { sent: true };
        case 'resume': await write('/mining/resume', { signal }); return { sent: true };
        case 'preset': return applyPreset(command.preset, signal);
        case 'locate': return locate(command.on, signal);
      }
    },
    get credentials() {
      return session.state;
    },
    async close() {
      await http.close();
    },
  };
}

/** `/info` of what says that it is a miner; open to all. @throws PollFailure */
export async function readInfo(http: MinerHttp, signal: AbortSignal): Promise<JsonObject> {
  const info = objectOf(await http.request({ path: `${api}/info`, signal }), '/info');
  if (typeof info['fw_version'] !== 'string' && typeof info['miner'] !== 'string') throw new PollFailure('not_a_miner', '/info has neither "miner" nor "fw_version"');
  return info;
}

/** @throws PollFailure with the reason why the reply is not the JSON object that was asked for. */
function objectOf(reply: HttpReply, path: string): JsonObject {
  const value = jsonOf(reply, path);
  if (!isObject(value)) throw new PollFailure('bad_shape', `${path} is not a JSON object`);
  return value;
}

function jsonOf(reply: HttpReply, path: string): unknown {
  if (isStock(reply)) throw new PollFailure('stock_firmware', `${path} asks for stock firmware's digest login`);
  if (reply.status === 401 || reply.status === 403) throw new PollFailure('auth', `${path} answered ${reply.status}`);
  if (reply.status === 429) throw new PollFailure('locked_out', `${path} answered 429`);
  if (reply.status >= 500) throw new PollFailure('http_5xx', `${path} answered ${reply.status}${errText(reply)}`);
  if (reply.status < 200 || reply.status >= 300) throw new PollFailure('http_4xx', `${path} answered ${reply.status}`);
  if (/text\/html/i.test(reply.contentType) || /^\s*</.test(reply.body)) throw new PollFailure('html_body', `${path} gave a web page in place of JSON`);
  try {
    return JSON.parse(reply.body) as unknown;
  } catch (cause) {
    throw new PollFailure('bad_json', `${path} is not valid JSON`, { cause });
  }
}

/** The firmware's own words on a failed command, `{"err": "..."}`. */
function errText(reply: HttpReply): string {
  try {
    const body: unknown = JSON.parse(reply.body);
    return isObject(body) && typeof body['err'] === 'string' ? `: ${body['err'].trim().slice(0, 200)}` : '';
  } catch {
    return '';
  }
}

/** Any 2xx may come with an empty body, `null` or `{}` (vnish-api.md, 7 row 2). */
function flagsOf(reply: HttpReply): { restartRequired: boolean; rebootRequired: boolean } {
  try {
    const body: unknown = JSON.parse(reply.body);
    return { restartRequired: isObject(body) && body['restart_required'] === true, rebootRequired: isObject(body) && body['reboot_required'] === true };
  } catch {
    return { restartRequired: false, rebootRequired: false };
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function uptimeOf(info: JsonObject): number | undefined {
  const system = info['system'];
  const text = isObject(system) ? textOf(system['uptime']) : undefined;
  return text === undefined ? undefined : parseUptime(text);
}
