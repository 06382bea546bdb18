/** Judges VNish's HTTP replies: what is a good one, and why another is not. */
import { PollFailure } from '../driver.ts';
import { isObject, type JsonObject } from '../fields.ts';
import type { HttpReply } from '../http.ts';
import { isStock } from './session.ts';

/** @throws PollFailure with the reason why the reply is not the JSON object that was asked for. */
export function objectOf(reply: HttpReply, path: string): JsonObject {
  const value = jsonOf(reply, path);
  if (!isObject(value)) throw new PollFailure('bad_shape', `${path} is not a JSON object`);
  return value;
}

/** @throws PollFailure with the reason why the reply is not the JSON that was asked for. */
export function jsonOf(reply: HttpReply, path: string): unknown {
  const text = textOf(reply, path);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new PollFailure('bad_json', `${path} is not valid JSON`, { cause });
  }
}

/** @throws PollFailure with the reason why the reply is not what was asked for. */
export function textOf(reply: HttpReply, path: string): string {
  if (isStock(reply)) throw new PollFailure('stock_firmware', `${path} asks for stock firmware's digest login`);
  if (reply.status === 401 || reply.status === 403) throw new PollFailure('auth', `${path} answered ${reply.status}`);
  if (reply.status === 429) throw new PollFailure('locked_out', `${path} answered 429`);
  if (reply.status >= 500) throw new PollFailure('http_5xx', `${path} answered ${reply.status}${errText(reply)}`);
  if (reply.status < 200 || reply.status >= 300) throw new PollFailure('http_4xx', `${path} answered ${reply.status}`, { status: reply.status });
  if (/text\/html/i.test(reply.contentType) || /^\s*</.test(reply.body)) throw new PollFailure('html_body', `${path} gave a web page in place of JSON`);
  return reply.body;
}

/** The firmware's own words on a failed command, `{"err": "..."}`. */
export function errText(reply: HttpReply): string {
  try {
    const body: unknown = JSON.parse(reply.body);
    return isObject(body) && typeof body['err'] === 'string' ? `: ${body['err'].trim().slice(0, 200)}` : '';
  } catch {
    return '';
  }
}

/** Any 2xx may come with an empty body, `null` or `{}` (vnish-api.md, 7 row 2). */
export function flagsOf(reply: HttpReply): { restartRequired: boolean; rebootRequired: boolean } {
  try {
    const body: unknown = JSON.parse(reply.body);
    return { restartRequired: isObject(body) && body['restart_required'] === true, rebootRequired: isObject(body) && body['reboot_required'] === true };
  } catch {
    return { restartRequired: false, rebootRequired: false };
  }
}
