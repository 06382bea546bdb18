/**
 * VNish firmware 1.2 and 1.3 over its REST API (vnish-api.md, 2). `/summary` at every poll, all else by the schedule
 * (schedule.ts); one request at a time; writes are sent once and never repeated.
 */
import type { Mismatch } from '../../mismatch.ts';
import { PollFailure, type Command, type Driver } from '../driver.ts';
import { isObject, type JsonObject } from '../fields.ts';
import { longestWindowSeconds } from '../history.ts';
import { minerHttp, type HttpReply, type MinerHttp } from '../http.ts';
import type { Preset, Reading } from '../reading.ts';
import type { MinerSettings } from '../settings.ts';
import { parseChips } from './chips.ts';
import { vnishCommands } from './commands.ts';
import { parseFactory } from './hardware.ts';
import { parseHistory } from './history.ts';
import { parseLog } from './logs.ts';
import { parseReading, type Background } from './parse.ts';
import { parsePresets } from './presets.ts';
import { jsonOf, objectOf, textOf } from './replies.ts';
import { endpoints, failed, isDue, scheduleOf, succeeded, untried, type Endpoint, type Past, type Trigger } from './schedule.ts';
import { vnishSession } from './session.ts';
import { hashOf, parseApiKeys, parseNotes, parseSettings } from './settings.ts';
import { hashrateUnit, parseDuration } from './units.ts';
import { traitsOf, type BoardsPath, type VersionTraits } from './versions.ts';

export interface VnishOptions {
  readonly address: string;
  readonly password: string;
  /** Ms between reads of the preset in use. */
  readonly slowIntervalMs: number;
  readonly mismatch: Mismatch;
  /** Unix ms. */
  readonly now?: () => number;
}

const api = '/api/v1';

/** The state as the summary tells it, to see whether it is another. */
interface Seen {
  readonly at: number;
  readonly state: unknown;
  readonly seconds: unknown;
  readonly code: unknown;
  readonly description: unknown;
  /** What is built in: model, firmware and factory rating. */
  readonly machine: readonly unknown[];
}

/** Seconds by which a miner's own clock may run beside ours between two polls; more is another miner's. */
const clockSlackSeconds = 60;

export function vnishDriver({ address, password, slowIntervalMs, mismatch, now = Date.now }: VnishOptions): Driver {
  const http = minerHttp(address);
  const session = vnishSession({ http, password, now });
  const commands = vnishCommands({ session, traits: () => traits(), read: async (path, signal) => read(path, signal) });
  const schedule = scheduleOf(slowIntervalMs);
  let background: Background & { readonly status?: JsonObject } = {};
  let pasts: Partial<Record<Endpoint, Past>> = {};
  let lastUptime: number | undefined;
  let seen: Seen | undefined;
  let asked = false;
  let broken = false;
  let lastGoodAt: number | undefined;
  /** Which of the two paths is known to answer with the boards. */
  let boardsPath: BoardsPath | undefined;
  let boardsProbed = false;

  const pastOf = (endpoint: Endpoint): Past => pasts[endpoint] ?? untried;
  const versionOf = () => traitsOf(string(background.info?.['fw_version']), boardsPath);
  const traits = (): VersionTraits => versionOf().traits;

  /** A miner that was read before and now answers with Bitmain's web server has lost VNish (vnish-api.md, 1.4). */
  async function get(path: string, signal: AbortSignal): Promise<HttpReply> {
    const reply = await http.request({ path: `${api}${path}`, signal });
    if (background.info !== undefined && reply.status === 404 && String(reply.headers['server']).includes('lighttpd')) throw new PollFailure('stock_firmware', `${path} is answered by stock firmware's web server`);
    return reply;
  }

  async function read(path: string, signal: AbortSignal): Promise<JsonObject> {
    return objectOf(await get(path, signal), path);
  }

  /** First contact, or the answer of something that was never a miner. */
  async function identify(signal: AbortSignal): Promise<void> {
    try {
      takeInfo(infoOf(await get('/info', signal)));
    } catch (thrown) {
      if (background.info === undefined && thrown instanceof PollFailure && (thrown.reason === 'html_body' || thrown.reason === 'http_4xx')) {
        throw new PollFailure('not_a_miner', thrown.message, { cause: thrown });
      }
      throw thrown;
    }
  }

  /** @returns what the new identity makes due. */
  function takeInfo(info: JsonObject): Trigger[] {
    const before = background.info;
    const uptime = uptimeOf(info);
    const rebooted = lastUptime !== undefined && uptime !== undefined && uptime < lastUptime;
    lastUptime = uptime;
    const changed = before !== undefined && (['fw_name', 'fw_version', 'build_uuid', 'model'] as const).some((name) => before[name] !== info[name]);
    if (changed || (before !== undefined && macOf(before) !== macOf(info))) {
      // What the firmware before had, or lacked, says nothing of this one; nor what another machine at the address said.
      background = {};
      pasts = {};
      boardsPath = undefined;
      boardsProbed = false;
    }
    if (rebooted) pasts = Object.fromEntries(Object.entries(pasts).map(([endpoint, past]) => [endpoint, { ...past, missing: false, notBefore: -Infinity }]));
    background = { ...background, info };
    pasts.info = succeeded(now());
    return [...(changed ? ['firmware_changed' as const] : []), ...(rebooted ? ['state_changed' as const] : [])];
  }

  /** Without a version the path that answers tells the generation (vnish-api.md, 2.4). */
  async function probeBoards(signal: AbortSignal): Promise<void> {
    if (boardsProbed || /^\d+\.\d/.test(string(background.info?.['fw_version']) ?? '')) return;
    await readBoards(signal).catch((thrown: unknown) => {
      if (!(thrown instanceof PollFailure)) throw thrown;
    });
    boardsProbed = true;
  }

  /** Tries the other path where the first is unknown to the firmware, and keeps to what answered. @throws PollFailure */
  async function readBoards(signal: AbortSignal): Promise<unknown> {
    const first = boardsPath ?? (boardsProbed || versionOf().known ? traits().boardsPath : '/boards');
    try {
      const value = jsonOf(await get(first, signal), first);
      boardsPath = first;
      return value;
    } catch (thrown) {
      if (!(thrown instanceof PollFailure) || !isUnknownPath(thrown)) throw thrown;
      const other = first === '/boards' ? '/chains' : '/boards';
      const value = jsonOf(await get(other, signal), other);
      boardsPath = other;
      return value;
    }
  }

  const readers: Readonly<Record<Endpoint, (signal: AbortSignal) => Promise<Trigger[] | 'not_ready'>>> = {
    info: async (signal) => takeInfo(infoOf(await get('/info', signal))),
    status: async (signal) => keep({ status: await read('/status', signal) }),
    perf: async (signal) => keep({ perf: await read('/perf-summary', signal) }),
    model: async (signal) => keep({ model: await read('/model', signal) }),
    async factory(signal) {
      const factory = parseFactory(await read('/chains/factory-info', signal), mismatch);
      return factory === undefined ? 'not_ready' : keep({ factory });
    },
    async presets(signal) {
      await readPresets(signal);
      return [];
    },
    async settings(signal) {
      await readSettings(signal);
      return [];
    },
  };

  function keep(found: Partial<typeof background>): Trigger[] {
    background = { ...background, ...found };
    return [];
  }

  /** Reads one endpoint; its failure costs only itself and is tried again later, less and less often. */
  async function readEndpoint(endpoint: Endpoint, signal: AbortSignal): Promise<Trigger[]> {
    try {
      const outcome = await readers[endpoint](signal);
      if (outcome === 'not_ready') {
        pasts[endpoint] = failed(pastOf(endpoint), now());
        return [];
      }
      pasts[endpoint] = succeeded(now());
      return outcome;
    } catch (thrown) {
      if (!(thrown instanceof PollFailure) || thrown.reason === 'stock_firmware') throw thrown;
      // A refused password has a pause of its own (session.ts), and costs no request until that is over.
      const waits = (thrown.reason === 'auth' || thrown.reason === 'locked_out') && session.state !== 'accepted';
      if (!waits) pasts[endpoint] = failed(pastOf(endpoint), now(), isUnknownPath(thrown));
      return [];
    }
  }

  /** Adds to `done` what was read. */
  async function readDue(triggers: Set<Trigger>, done: Set<Endpoint>, signal: AbortSignal): Promise<void> {
    for (const endpoint of endpoints) {
      if (signal.aborted) return;
      if (done.has(endpoint)) continue;
      if (endpoint === 'settings' && session.state !== 'accepted') continue;
      if (!isDue(schedule[endpoint], pastOf(endpoint), { at: now(), triggers })) continue;
      const readBefore = pastOf(endpoint);
      for (const trigger of await readEndpoint(endpoint, signal)) triggers.add(trigger);
      if (pastOf(endpoint) !== readBefore && pastOf(endpoint).failures === 0) done.add(endpoint);
    }
  }

  /** What the summary says of the state, against what it said before. */
  function triggersOf(summary: JsonObject): Trigger[] {
    const miner = summary['miner'];
    const of = isObject(miner) ? miner : {};
    const status = isObject(of['miner_status']) ? of['miner_status'] : {};
    const before = seen;
    seen = { at: now(), machine: [of['miner_type'], of['hr_stock']], state: status['miner_state'], seconds: status['miner_state_time'], code: status['failure_code'], description: status['description'] };
    const restarted = typeof seen.seconds === 'number' && typeof before?.seconds === 'number' && seen.seconds < before.seconds;
    const changed = before !== undefined && (before.state !== seen.state || before.code !== seen.code || before.description !== seen.description || restarted);
    return [...(changed ? ['state_changed' as const] : []), ...(before !== undefined && isAnother(before, seen) ? ['another' as const] : []), ...(seen.state === 'mining' ? [] : ['unsteady' as const])];
  }

  /** What counts still of the slower replies. */
  function replies(triggers: ReadonlySet<Trigger>, done: ReadonlySet<Endpoint>): Background & { status?: JsonObject; earlierStatus?: JsonObject } {
    const counts = (endpoint: Endpoint) => now() - (pastOf(endpoint).readAt ?? -Infinity) <= schedule[endpoint].countsMs;
    const { info, model, perf, presets, factory, settingsHash, status } = background;
    const version = versionOf();
    return {
      ...(info === undefined ? {} : { info }),
      ...(model === undefined ? {} : { model }),
      ...(perf === undefined || !counts('perf') ? {} : { perf }),
      ...(presets === undefined ? {} : { presets }),
      ...(factory === undefined ? {} : { factory }),
      ...(settingsHash === undefined || !counts('settings') ? {} : { settingsHash }),
      ...(status === undefined ? {} : done.has('status') ? { status } : counts('status') && !triggers.has('state_changed') ? { earlierStatus: status } : {}),
      firmwareSupport: { known: version.known, ...(version.assumed === undefined ? {} : { assumed: version.assumed }) },
    };
  }

  async function poll(signal: AbortSignal, fresh: boolean): Promise<Reading> {
    const triggers = new Set<Trigger>([...(fresh || asked ? ['asked' as const] : []), ...(broken ? ['back' as const] : [])]);
    // After an outage another machine may have the address: who it is comes first.
    const done = new Set<Endpoint>();
    if (background.info === undefined || broken) {
      await identify(signal);
      done.add('info');
    }
    await probeBoards(signal);
    const summary = await read('/summary', signal);
    if (summary['miner'] !== undefined && summary['miner'] !== null && !isObject(summary['miner'])) throw new PollFailure('bad_shape', '/summary has a "miner" that is no object');
    for (const trigger of triggersOf(summary)) triggers.add(trigger);
    if (triggers.has('another') && !done.has('info')) {
      // Its numbers must not be taken for those of the miner that was here: without knowing who it is, there is no reading.
      await identify(signal);
      done.add('info');
    }
    await readDue(triggers, done, signal);
    const known = replies(triggers, done);
    // While a miner starts, "miner" may be null or missing (vnish-api.md, 7 row 7); without any state it is no summary.
    if (!('miner' in summary) && typeof known.status?.['miner_state'] !== 'string') throw new PollFailure('bad_shape', '/summary has no "miner"');
    asked = false;
    return parseReading({ ...known, summary }, now(), mismatch);
  }

  async function readPresets(signal: AbortSignal): Promise<readonly Preset[]> {
    const reply = await session.authorized({ path: `${api}/autotune/presets`, signal });
    const presets = parsePresets(jsonOf(reply, '/autotune/presets'), hashrateUnit(background), mismatch);
    pasts.presets = succeeded(now());
    background = { ...background, presets };
    return presets;
  }

  async function readSettings(signal: AbortSignal): Promise<MinerSettings> {
    const reply = objectOf(await session.authorized({ path: `${api}/settings`, signal }), '/settings');
    const settings = parseSettings(reply, traits().ownMisc, mismatch);
    pasts.settings = succeeded(now());
    background = { ...background, settingsHash: hashOf(settings) };
    return settings;
  }

  /** For calls that may come before the first poll. */
  async function identified(signal: AbortSignal): Promise<void> {
    if (background.info === undefined) await identify(signal);
  }

  return {
    kind: 'vnish',
    async poll(signal, pace = 'usual'): Promise<Reading> {
      try {
        const reading = await poll(signal, pace === 'fresh');
        broken = false;
        lastGoodAt = reading.at;
        return reading;
      } catch (thrown) {
        broken = true;
        if (thrown instanceof PollFailure && thrown.reason === 'stock_firmware' && lastGoodAt !== undefined) {
          const was = [background.info?.['fw_name'], background.info?.['fw_version']].filter((part) => typeof part === 'string').join(' ');
          throw new PollFailure('stock_firmware', `${thrown.message}; it ran ${was === '' ? 'VNish' : was} until ${new Date(lastGoodAt).toISOString()}`, { cause: thrown });
        }
        throw thrown;
      }
    },
    async chips(signal) {
      await identified(signal);
      return parseChips(await readBoards(signal), hashrateUnit(background), mismatch);
    },
    presets: readPresets,
    async settings(signal) {
      await identified(signal);
      return readSettings(signal);
    },
    get logTypes() {
      return traits().logTypes;
    },
    async log(type, signal) {
      const path = `/logs/${encodeURIComponent(type)}`;
      return parseLog(textOf(await get(path, signal), path), [session.password]);
    },
    notes: async (signal) => parseNotes(jsonOf(await get('/notes', signal), '/notes'), mismatch),
    async history(window, signal) {
      await identified(signal);
      const slice = Math.min(longestWindowSeconds, Math.max(window.stepSeconds, Math.ceil((now() - window.from) / 1000)));
      const path = `/metrics?time_slice=${slice}&step=${window.stepSeconds}`;
      return parseHistory(await read(path, signal), { ...window, unit: hashrateUnit(background), annotationBoard: traits().annotationBoard, now: now(), mismatch });
    },
    async send(command: Command, signal: AbortSignal) {
      // Whatever is done, state, identity, preset and settings are read anew at the next poll.
      asked = true;
      pasts.settings = untried;
      return commands.send(command, signal);
    },
    async backup(signal) {
      const reply = await session.authorized({ method: 'POST', path: `${api}/settings/backup`, binary: true, repeatable: true, signal });
      if (reply.status !== 200 || reply.bytes === undefined || reply.bytes.length === 0) throw new PollFailure(reply.status >= 500 ? 'http_5xx' : 'http_4xx', `/settings/backup answered ${reply.status}${reply.status === 200 ? ' with nothing' : ''}`);
      return reply.bytes;
    },
    async apiKeys(signal) {
      return parseApiKeys(jsonOf(await session.authorized({ path: `${api}/apikeys`, signal }), '/apikeys'), mismatch);
    },
    accepts: async (candidate, signal) => session.adopt(candidate, signal),
    get credentials() {
      return session.state;
    },
    async close() {
      await http.close();
    },
  };
}

/** Whether the second summary can be the first one's miner. What is missing, or zero as while the boards are unread, proves nothing. */
function isAnother(before: Seen, after: Seen): boolean {
  if (before.machine.some((one, index) => Boolean(one) && Boolean(after.machine[index]) && one !== after.machine[index])) return true;
  if (before.state !== after.state || typeof before.seconds !== 'number' || typeof after.seconds !== 'number') return false;
  return after.seconds - before.seconds > (after.at - before.at) / 1000 + clockSlackSeconds;
}

/** `/info` of what says that it is a miner; open to all. @throws PollFailure */
export async function readInfo(http: MinerHttp, signal: AbortSignal): Promise<JsonObject> {
  return infoOf(await http.request({ path: `${api}/info`, signal }));
}

function infoOf(reply: HttpReply): JsonObject {
  const info = objectOf(reply, '/info');
  if (typeof info['fw_version'] !== 'string' && typeof info['miner'] !== 'string') throw new PollFailure('not_a_miner', '/info has neither "miner" nor "fw_version"');
  return info;
}

/** An unknown path gives 404, or the start page of the web interface (vnish-api.md, 0). */
function isUnknownPath({ reason, status }: PollFailure): boolean {
  return status === 404 || reason === 'html_body';
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function uptimeOf(info: JsonObject): number | undefined {
  const system = info['system'];
  const text = isObject(system) ? string(system['uptime']) : undefined;
  return text === undefined ? undefined : parseDuration(text);
}

function macOf(info: JsonObject): unknown {
  const system = info['system'];
  const network = isObject(system) ? system['network_status'] : undefined;
  return isObject(network) ? network['mac'] : undefined;
}
