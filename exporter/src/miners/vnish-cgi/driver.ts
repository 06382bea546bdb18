/**
 * VNish 3.x over its CGI (vnish-api.md, 5), as on the Antminer L3+. Identity is read seldom, the status at every poll; one
 * request at a time; writes are sent once and never repeated, though most of them are GETs. A poll that the CGI cannot answer, as
 * with the invalid JSON that this firmware is known for, is tried over TCP 4028: that poll only, and marked as such.
 */
import type { Mismatch } from '../../mismatch.ts';
import { beforeSending, PollFailure, type Command, type CommandReply, type Driver, type Lacks, type PollFailureReason, type PollPace } from '../driver.ts';
import { cgminerPlace } from '../cgminer/client.ts';
import { readCgminer } from '../cgminer/driver.ts';
import type { HashrateUnit } from '../cgminer/parse.ts';
import { within } from '../deadline.ts';
import { isObject, type JsonObject } from '../fields.ts';
import { minerHttp, type HttpReply, type HttpRequest } from '../http.ts';
import type { Reading } from '../reading.ts';
import { digestSession, type DigestSession } from './digest.ts';
import { isHashing, parseCgiReading, parseIdentity } from './parse.ts';

export interface VnishCgiOptions {
  readonly address: string;
  readonly password: string;
  /** Ms between reads of the identity. */
  readonly slowIntervalMs: number;
  /** Ms that a poll may last; the CGI has its part of it, so that time is left for TCP 4028. */
  readonly deadlineMs: number;
  /** Where TCP 4028 really is. */
  readonly cgminerPort?: number | undefined;
  readonly hashrateUnit?: HashrateUnit | undefined;
  readonly mismatch: Mismatch;
  /** Unix ms. */
  readonly now?: () => number;
}

/** The only user that the firmware has. */
export const cgiUser = 'root';
/** VNish's own default on 3.x (vnish-api.md, 5). */
export const vendorCgiPassword = 'root';
/** The CGI's part of the deadline. */
const cgiShare = 2 / 3;
/** What TCP 4028 may help with; a refused password, a wrong address and a machine of another kind stay what they are. */
const fallbackReasons: ReadonlySet<PollFailureReason> = new Set<PollFailureReason>(['connect', 'timeout', 'reset', 'http_5xx', 'html_body', 'bad_json', 'bad_shape', 'too_large', 'not_http']);

const noApi = 'its firmware (VNish 3.x) has no such command';
/** Its script damages the configuration unless it gets every key, and the L3+'s are not described (vnish-api.md, 5). */
const noSettings = 'its firmware (VNish 3.x) takes settings only all at once, and which they are on this model is not described';

const lacks = {
  preset: 'its firmware (VNish 3.x) has no presets',
  locate: 'its firmware (VNish 3.x) has no command for the locate light',
  throttle: noApi, switch_pool: noApi, notes: noApi, api_keys: noApi, autotune_reset: noApi, settings_backup: noApi, settings_restore: noApi, factory_reset: noApi,
  firmware_update: noApi, firmware_remove: noApi, password: noApi, set_pools: noSettings, cooling: noSettings, hostname: noSettings,
} satisfies Lacks;

export function vnishCgiDriver({ address, password, slowIntervalMs, deadlineMs, cgminerPort, hashrateUnit, mismatch, now = Date.now }: VnishCgiOptions): Driver {
  const http = minerHttp(address);
  const session = digestSession({ http, user: cgiUser, password, now });
  let system: JsonObject | undefined;
  let systemReadAt = -Infinity;

  async function ask(script: string, request: Omit<HttpRequest, 'path'>): Promise<HttpReply> {
    const reply = await session.authorized({ ...request, path: `/cgi-bin/${script}` });
    if (reply.status === 403) throw new PollFailure('auth', `${script} answered 403`, { sent: false });
    if (reply.status >= 500) throw new PollFailure('http_5xx', `${script} answered ${reply.status}`);
    if (reply.status < 200 || reply.status >= 300) throw new PollFailure('http_4xx', `${script} answered ${reply.status}`);
    return reply;
  }

  /** The login is proved by a read before the first command, so that a login that fails is known not to have sent it. */
  async function act(script: string, request: Omit<HttpRequest, 'path'>): Promise<HttpReply> {
    if (session.state !== 'accepted') await beforeSending(async () => ask('get_system_info.cgi', { signal: request.signal }));
    return ask(script, request);
  }

  async function read(script: string, signal: AbortSignal): Promise<JsonObject> {
    return objectOf(await ask(script, { signal }), script);
  }

  /** First contact, or the answer of something that was never such a miner. */
  async function identify(signal: AbortSignal): Promise<JsonObject> {
    try {
      const found = await read('get_system_info.cgi', signal);
      if (typeof found['minertype'] !== 'string') throw new PollFailure('not_a_miner', 'get_system_info.cgi has no "minertype"');
      if (!/vnish/i.test(found['minertype']) && (await session.authorized({ path: '/cgi-bin/chip_hr.json', signal })).status === 404) {
        // Bitmain's own firmware has the same scripts, but not this one (vnish-api.md, 5).
        throw new PollFailure('stock_firmware', `get_system_info.cgi says "${found['minertype'].slice(0, 64)}", and there is no chip_hr.json, which VNish has`);
      }
      systemReadAt = now();
      return found;
    } catch (thrown) {
      if (!(thrown instanceof PollFailure)) throw thrown;
      if (system === undefined && (thrown.reason === 'html_body' || thrown.reason === 'http_4xx')) throw new PollFailure('not_a_miner', thrown.message, { cause: thrown });
      // What is known already stays true when only this read fails.
      if (system !== undefined && ['http_4xx', 'http_5xx', 'html_body', 'bad_json', 'bad_shape', 'not_a_miner'].includes(thrown.reason)) return system;
      throw thrown;
    }
  }

  async function pollCgi(signal: AbortSignal, pace: PollPace): Promise<Reading> {
    const known = system === undefined || pace === 'fresh' || now() - systemReadAt >= slowIntervalMs ? await identify(signal) : system;
    system = known;
    const status = await read('get_miner_status.cgi', signal);
    if (!isObject(status['summary'])) throw new PollFailure('bad_shape', 'get_miner_status.cgi has no "summary"');
    const check = isHashing(status) ? {} : { check: (await ask('check.cgi', { signal })).body.trim() === '1' };
    return parseCgiReading({ system: known, status, ...check }, now(), mismatch);
  }

  /** @throws PollFailure, the CGI's own, with what TCP 4028 said added */
  async function pollCgminer(failure: PollFailure, signal: AbortSignal): Promise<Reading> {
    const place = cgminerPlace(address.replace(/:\d+$/, ''), cgminerPort);
    try {
      const reading = await readCgminer(place, { unit: hashrateUnit, mismatch, now, signal });
      const identity = system === undefined ? undefined : parseIdentity(system, mismatch);
      return { ...reading, ...(identity === undefined ? {} : { identity }), fallback: { reason: failure.reason, detail: failure.message } };
    } catch (thrown) {
      if (!(thrown instanceof PollFailure)) throw thrown;
      throw new PollFailure(failure.reason, `${failure.message}; nor does TCP ${place.port} help: ${thrown.message}`, { cause: failure });
    }
  }

  return {
    kind: 'vnish-cgi',
    lacks,
    async poll(signal, pace = 'usual'): Promise<Reading> {
      try {
        return await within(deadlineMs * cgiShare, signal, async (part) => pollCgi(part, pace));
      } catch (thrown) {
        if (!(thrown instanceof PollFailure) || !fallbackReasons.has(thrown.reason) || signal.aborted) throw thrown;
        return pollCgminer(thrown, signal);
      }
    },
    presets: async () => Promise.resolve([]),
    async send(command: Command, signal: AbortSignal): Promise<CommandReply> {
      systemReadAt = -Infinity;
      switch (command.action) {
        case 'restart_mining':
        case 'start': await act('reboot_cgminer.cgi', { signal, acts: true }); return { sent: true };
        case 'stop': await act('stop_bmminer.cgi', { signal, acts: true }); return { sent: true };
        case 'reboot': await act('reboot.cgi', { signal, acts: true }); return { sent: true };
        case 'pause': await act('do_sleep_mode.cgi', { method: 'POST', signal, form: { mode: '1' } }); return { sent: true };
        case 'resume': await act('do_sleep_mode.cgi', { method: 'POST', signal, form: { mode: '0' } }); return { sent: true };
        case 'preset': case 'locate': case 'throttle': case 'switch_pool': case 'set_pools': case 'cooling': case 'hostname': case 'notes': case 'password': case 'api_keys':
        case 'autotune_reset': case 'settings_backup': case 'settings_restore': case 'factory_reset': case 'firmware_update': case 'firmware_remove':
          return { sent: false, detail: lacks[command.action] };
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

/** What the miner says of itself behind its login, one try of the password. @throws PollFailure */
export async function readSystemInfo(session: DigestSession, signal: AbortSignal): Promise<JsonObject> {
  const script = 'get_system_info.cgi';
  const reply = await session.authorized({ path: `/cgi-bin/${script}`, signal });
  if (reply.status !== 200) throw new PollFailure(reply.status >= 500 ? 'http_5xx' : 'http_4xx', `${script} answered ${reply.status}`);
  return objectOf(reply, script);
}

/** The content type says nothing here, so only the body is judged. @throws PollFailure */
function objectOf(reply: HttpReply, script: string): JsonObject {
  if (/^\s*</.test(reply.body)) throw new PollFailure('html_body', `${script} gave a web page in place of JSON`);
  let value: unknown;
  try {
    value = JSON.parse(reply.body);
  } catch (cause) {
    // Known of VNish 3.x (vnish-api.md, 5), but not in which way, so nothing is guessed.
    throw new PollFailure('bad_json', `${script} is not valid JSON`, { cause });
  }
  if (!isObject(value)) throw new PollFailure('bad_shape', `${script} is not a JSON object`);
  return value;
}
