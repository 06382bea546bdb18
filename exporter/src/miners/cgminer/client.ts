/**
 * The cgminer API on TCP 4028 (vnish-api.md, 5b): one command a connection, as JSON; the reply is JSON and a NUL byte. Nothing of
 * that is relied on: the NUL may be missing, the reply cut, dripping, endless, or no JSON at all. The caller's signal is the
 * truth about time, and the socket is closed in every case.
 */
import { connect } from 'node:net';
import { PollFailure } from '../driver.ts';
import { isObject, type JsonObject } from '../fields.ts';
import { failureOf } from '../http.ts';

/** What is asked. `version` is not among them: VNish refuses it. */
export type CgminerCommand = 'stats' | 'summary' | 'pools';

export const usualCgminerPort = 4028;

export interface CgminerPlace { readonly host: string; readonly port: number }

/** The largest reply that is read, in bytes: the `stats` of a large miner are 4 KB. */
const maxReplyBytes = 1_048_576;

/** Host and port of `host`, `host:port` or `[v6]:port`; another port where `port` says so. */
export function cgminerPlace(address: string, port?: number): CgminerPlace {
  const [, host = address, given] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(address) ?? [];
  return { host: host.replace(/^\[|\]$/g, ''), port: port ?? (given === undefined ? usualCgminerPort : Number(given)) };
}

/** One command, one connection. @throws PollFailure */
export async function askCgminer(place: CgminerPlace, command: CgminerCommand, signal: AbortSignal): Promise<JsonObject> {
  const value = parsed(await exchange(place, command, signal), command);
  const refusal = refusalOf(value);
  if (refusal !== undefined) throw new PollFailure('bad_shape', `"${command}" was refused: ${refusal}`);
  return value;
}

function exchange({ host, port }: CgminerPlace, command: CgminerCommand, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const whole = wholeReply();
    let size = 0;
    const socket = connect({ host, port });
    const end = (outcome: PollFailure | undefined) => {
      signal.removeEventListener('abort', stop);
      socket.destroy();
      if (outcome === undefined) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(outcome);
    };
    const stop = () => end(new PollFailure('timeout', `no complete reply to "${command}" before the deadline`));
    signal.addEventListener('abort', stop, { once: true });
    socket.once('connect', () => socket.write(JSON.stringify({ command })));
    socket.on('data', (chunk: Buffer) => {
      const nul = chunk.indexOf(0);
      const part = nul === -1 ? chunk : chunk.subarray(0, nul);
      size += part.length;
      if (size > maxReplyBytes) {
        end(new PollFailure('too_large', `the reply to "${command}" is larger than ${maxReplyBytes} bytes`));
        return;
      }
      chunks.push(part);
      if (nul !== -1 || whole(part)) end(undefined);
    });
    socket.once('end', () => end(size === 0 ? new PollFailure('reset', `the connection was closed without a reply to "${command}"`) : undefined));
    socket.on('error', (thrown) => end(failureOf(thrown)));
    if (signal.aborted) stop();
  });
}

/** Bytes of `"`, `\`, `{`, `}`, `[`, `]`. */
const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];
const isBlank = (byte: number) => byte === 32 || (byte >= 9 && byte <= 13);

/**
 * Says after each part whether one object has come to its end and nothing behind it: the only way to know where neither a
 * NUL nor a close ends the reply. Looks at each byte once, so that a dripping reply costs no more than a quick one.
 */
function wholeReply(): (part: Buffer) => boolean {
  let [depth, begun, inText, escaped] = [0, false, false, false];
  return (part) => {
    let complete = false;
    for (const byte of part) {
      if (isBlank(byte) && !inText) continue;
      complete = false;
      if (escaped) escaped = false;
      else if (byte === quote) inText = !inText;
      else if (inText) escaped = byte === backslash;
      else if (byte === openBrace || byte === openBracket) {
        depth += 1;
        begun = true;
      } else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        complete = begun && depth === 0;
      }
    }
    return complete;
  };
}

/** @throws PollFailure with the reason why the text is not the JSON object that was asked for. */
function parsed(text: string, command: CgminerCommand): JsonObject {
  if (/^\s*(?:HTTP\/|<)/.test(text)) throw new PollFailure('not_a_miner', `a web server answered in place of a miner's API when asked for "${command}"`);
  const value = jsonOf(text) ?? jsonOf(withCommas(text));
  // What a close has cut and what never was JSON look alike; either way it is no JSON.
  if (value === undefined) throw new PollFailure('bad_json', `the reply to "${command}" is not valid JSON`);
  if (!isObject(value)) throw new PollFailure('bad_shape', `the reply to "${command}" is not a JSON object`);
  return value;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Known of bmminer's `stats`: no comma between the objects of a list. Texts are passed over. */
function withCommas(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|\}(?=\s*\{)/g, (found) => (found === '}' ? '},' : found));
}

/** The message of `STATUS` E (error) or F (fatal). */
function refusalOf(value: JsonObject): string | undefined {
  const list: unknown = value['STATUS'];
  const status: unknown = Array.isArray(list) ? list[0] : undefined;
  if (!isObject(status) || (status['STATUS'] !== 'E' && status['STATUS'] !== 'F')) return undefined;
  return typeof status['Msg'] === 'string' ? status['Msg'].slice(0, 200) : 'without a reason';
}
