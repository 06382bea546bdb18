/** The writes of VNish 1.2 and 1.3 (vnish-api.md, 2.2 and 2.3). Each is sent once; what has to be read before it is read first. */
import { FormData } from 'undici';
import { beforeSending, PollFailure, poolAddress, type Command, type CommandReply, type CoolingWish, type PoolEntry } from '../driver.ts';
import { isObject, type JsonObject } from '../fields.ts';
import type { HttpReply, HttpRequest } from '../http.ts';
import { errText, flagsOf, jsonOf, objectOf } from './replies.ts';
import { vendorPassword, type Session } from './session.ts';
import type { VersionTraits } from './versions.ts';

export interface CommandParts {
  readonly session: Session;
  readonly traits: () => VersionTraits;
  /** An open read. @throws PollFailure */
  readonly read: (path: string, signal: AbortSignal) => Promise<JsonObject>;
}

const api = '/api/v1';

type Write = Pick<HttpRequest, 'signal' | 'json' | 'multipart' | 'method'>;

export interface VnishCommands {
  /** @throws PollFailure, with `sent: false` where the command did not go out */
  send(command: Command, signal: AbortSignal): Promise<CommandReply>;
}

export function vnishCommands({ session, traits, read }: CommandParts): VnishCommands {
  async function write(path: string, { method = 'POST', ...request }: Write): Promise<HttpReply> {
    const reply = await session.authorized({ method, path: `${api}${path}`, ...request });
    if (reply.status >= 200 && reply.status < 300) return reply;
    throw new PollFailure(reply.status >= 500 ? 'http_5xx' : reply.status === 401 || reply.status === 403 ? 'auth' : 'http_4xx', `${path} answered ${reply.status}${errText(reply)}`);
  }

  async function plain(path: string, request: Write): Promise<CommandReply> {
    await write(path, request);
    return { sent: true };
  }

  /** The settings as the firmware writes them, secrets and all: they only ever go back to the miner. */
  async function settings(signal: AbortSignal): Promise<JsonObject> {
    return beforeSending(async () => objectOf(await session.authorized({ path: `${api}/settings`, signal }), '/settings'));
  }

  function part(parent: JsonObject, name: string): JsonObject {
    const value = parent[name];
    if (!isObject(value)) throw new PollFailure('bad_shape', `/settings has no ${name}`, { sent: false });
    return value;
  }

  async function save(patch: JsonObject, { restart, signal }: { restart: boolean; signal: AbortSignal }): Promise<CommandReply> {
    const flags = flagsOf(await write('/settings', { json: patch, signal }));
    if (flags.restartRequired && restart) {
      await write('/mining/restart', { signal });
      return { sent: true, detail: 'saved; mining restarts to apply it' };
    }
    return { sent: true, detail: flags.rebootRequired ? 'saved; the miner asks for a reboot' : flags.restartRequired ? 'saved; it counts from the next start of mining' : 'saved' };
  }

  /**
   * Posts the whole overclock object read back with the preset replaced (vnish-api.md, 4.3): nothing else is touched, and
   * tuned profiles are not overwritten. An empty `chains` list is left out because the firmware refuses it (7 row 13).
   */
  async function applyPreset(preset: string, signal: AbortSignal): Promise<CommandReply> {
    const overclock = part(part(await settings(signal), 'miner'), 'overclock');
    const kept = Object.entries(overclock).filter(([key, value]) => !(key === 'chains' && (!Array.isArray(value) || value.length === 0)));
    const switcher = overclock['preset_switcher'];
    // With the switcher on, the firmware climbs to top_preset by itself: it has to follow the wish (4.6).
    const pinned = isObject(switcher) && switcher['enabled'] === true ? { preset_switcher: { ...switcher, top_preset: preset } } : {};
    return save({ miner: { overclock: { ...Object.fromEntries(kept), ...pinned, preset } } }, { restart: true, signal });
  }

  /** 1.2's light toggles whatever the body says, so it is read first and written only on a difference (2.2). */
  async function locate(on: boolean, signal: AbortSignal): Promise<CommandReply> {
    const { locate: { path, style } } = traits();
    const status = await beforeSending(async () => read('/status', signal));
    if (status['find_miner'] === on) return { sent: false, detail: `the light already is ${on ? 'on' : 'off'}` };
    return plain(path, { json: style === 'set' ? { is_enabled: on } : { on }, signal });
  }

  /** As many places as the firmware has (3 in the vendor's description); those that are not used are blank. Pools of the firmware's fee are not in this list. */
  async function setPools(pools: readonly PoolEntry[], { restart, signal }: { restart: boolean; signal: AbortSignal }): Promise<CommandReply> {
    const list = part(await settings(signal), 'miner')['pools'];
    if (!Array.isArray(list)) throw new PollFailure('bad_shape', '/settings has no list of pools', { sent: false });
    const known = (list as unknown[]).filter(isObject);
    if (pools.length > list.length) throw new PollFailure('http_4xx', `the firmware has ${list.length} places for pools, and ${pools.length} were given`, { sent: false });
    const places = Array.from({ length: list.length }, (_, slot) => {
      const pool = pools[slot];
      return pool === undefined ? { url: '', user: '', pass: '' } : { url: poolAddress(pool.url), user: pool.user, pass: pool.password ?? passwordFor(pool, known) };
    });
    return save({ miner: { pools: places } }, { restart, signal });
  }

  async function setCooling(wish: CoolingWish, signal: AbortSignal): Promise<CommandReply> {
    const cooling = part(part(await settings(signal), 'miner'), 'cooling');
    const { leastDutyRatio, mostDutyRatio } = wish;
    const percent = (ratio: number) => Math.round(ratio * 100);
    return save({
      miner: {
        cooling: {
          ...cooling, mode: modeOf(wish, cooling['mode']),
          ...(leastDutyRatio === undefined ? {} : { fan_min_duty: percent(leastDutyRatio) }), ...(mostDutyRatio === undefined ? {} : { fan_max_duty: percent(mostDutyRatio) }),
        },
      },
    }, { restart: false, signal });
  }

  /** Every field of `network` has to come along (vnish-api.md, 2.3). */
  async function setHostname(hostname: string, signal: AbortSignal): Promise<CommandReply> {
    const network = part(await settings(signal), 'network');
    return save({ network: { ...network, hostname } }, { restart: false, signal });
  }

  async function writeNote(key: string, text: string | undefined, signal: AbortSignal): Promise<CommandReply> {
    const notes = await beforeSending(async () => jsonOf(await session.authorized({ path: `${api}/notes`, signal }), '/notes'));
    const there = isObject(notes) && Object.hasOwn(notes, key);
    const path = `/notes/${encodeURIComponent(key)}`;
    if (text !== undefined) return there ? plain(path, { method: 'PUT', json: { value: text }, signal }) : plain('/notes', { json: { key, value: text }, signal });
    return there ? plain(path, { method: 'DELETE', signal }) : { sent: false, detail: 'there is no such note' };
  }

  /** The answer may be lost on the way: from now on a login that the old password does not open is tried with the new one. */
  async function changePassword(password: string, signal: AbortSignal): Promise<CommandReply> {
    await beforeSending(async () => session.unlock(signal));
    session.expect(password);
    await write('/settings', { json: { password: { current: session.password, pw: password } }, signal });
    return { sent: true };
  }

  async function upload(path: string, { file, name, fields = {}, signal }: { file: Blob; name: string; fields?: Readonly<Record<string, string>>; signal: AbortSignal }): Promise<CommandReply> {
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) form.append(field, value);
    form.append('file', file, name);
    return plain(path, { multipart: form, signal });
  }

  return {
    async send(command, signal) {
      switch (command.action) {
        case 'restart_mining': return plain('/mining/restart', { signal });
        case 'reboot': return plain('/system/reboot', { signal });
        case 'pause': return plain('/mining/pause', { signal });
        case 'resume': return plain('/mining/resume', { signal });
        case 'start': return plain('/mining/start', { signal });
        case 'stop': return plain('/mining/stop', { signal });
        case 'preset': return applyPreset(command.preset, signal);
        case 'locate': return locate(command.on, signal);
        case 'throttle': return traits().throttle ? plain('/mining/throttle', { json: { percent: command.percent }, signal }) : { sent: false, detail: 'its firmware has no throttle' };
        case 'switch_pool': return plain('/mining/switch-pool', { json: { pool_id: command.slot }, signal });
        case 'set_pools': return setPools(command.pools, { restart: command.restart, signal });
        case 'cooling': return setCooling(command.cooling, signal);
        case 'hostname': return setHostname(command.hostname, signal);
        case 'notes': return writeNote(command.key, command.text, signal);
        case 'password': return changePassword(command.password, signal);
        case 'api_keys': return command.remove ? plain('/apikeys/delete', { json: { key: command.key }, signal }) : plain('/apikeys', { json: { key: command.key, description: command.name }, signal });
        case 'autotune_reset': return command.presets === 'all' ? plain('/autotune/reset-all', { json: { restart: false }, signal }) : plain('/autotune/reset', { json: { presets: command.presets, restart: false }, signal });
        // Read with `backup`, which gives what came.
        case 'settings_backup': return { sent: false };
        case 'settings_restore': return upload('/settings/restore', { file: command.archive, name: command.name, signal });
        case 'factory_reset': {
          // Afterwards the miner has the vendor's own password.
          session.expect(vendorPassword);
          return plain('/settings/factory-reset', { signal });
        }
        case 'firmware_update': return upload('/firmware/update', { file: command.file, name: command.name, fields: { keep_settings: String(command.keepSettings) }, signal });
        case 'firmware_remove': return plain('/firmware/remove', { signal, ...(traits().firmwareRemoveBody ? { json: { remove_stock_logs: false } } : {}) });
      }
    },
  };
}

/** The password that the miner has for the same address, of the same user where it has several; else none. */
function passwordFor({ url, user }: PoolEntry, known: readonly JsonObject[]): string {
  const same = known.filter((one) => typeof one['url'] === 'string' && poolAddress(one['url']) === poolAddress(url));
  const found = (same.find((one) => one['user'] === user) ?? same[0])?.['pass'];
  return typeof found === 'string' ? found : '';
}

/** `immersion` is `immers` in the settings (vnish-api.md, 3). */
function modeOf({ mode, targetTemperature, dutyRatio }: CoolingWish, current: unknown): unknown {
  const now = isObject(current) ? current : {};
  switch (mode ?? now['name']) {
    case 'auto': return { name: 'auto', param: targetTemperature === undefined ? now['param'] : Math.round(targetTemperature) };
    case 'manual': return { name: 'manual', param: dutyRatio === undefined ? now['param'] : Math.round(dutyRatio * 100) };
    case 'immersion': return { name: 'immers' };
    default: return current;
  }
}
