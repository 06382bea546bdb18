/** Address ranges as people write them, turned into the addresses to look at. Pure. */
import { HashfleetError } from '../errors.ts';

/** A /16: more in one go is a slip of the keyboard, and a scan of minutes. */
export const mostAddresses = 65_536;

export const rangeForms = '192.168.1.21, 192.168.1.0/24, 192.168.1.10-60 or 192.168.1.10-192.168.1.60, each with :PORT if need be, several with commas between';

export interface Target {
  readonly host: string;
  readonly port: number;
}

/** IPv4 addresses as numbers, both ends included. */
interface Span { readonly first: number; readonly last: number; readonly port: number }

/** What one or more ranges name, without doubles, by port and address. */
export interface Targets {
  readonly count: number;
  /** Made one by one. */
  [Symbol.iterator](): Iterator<Target>;
  has(target: Target): boolean;
}

/** @throws HashfleetError payload_invalid naming the value and what is allowed. */
export function parseRanges(texts: readonly string[], usualPort = 80): Targets {
  const parts = texts.flatMap((text) => text.split(',')).map((text) => text.trim());
  if (parts.length === 0) throw refusal('', 'names no address');
  const spans = merged(parts.map((text) => parseRange(text, usualPort)));
  const count = spans.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (count > mostAddresses) {
    throw refusal(texts.join(' '), `names ${count.toLocaleString('en')} addresses; at most ${mostAddresses.toLocaleString('en')} are looked at in one go (a /16); name smaller ranges`);
  }
  return {
    count,
    * [Symbol.iterator]() {
      for (const { first, last, port } of spans) for (let address = first; address <= last; address += 1) yield { host: hostText(address), port };
    },
    has({ host, port }) {
      const address = parseHost(host);
      return address !== undefined && spans.some((span) => span.port === port && span.first <= address && address <= span.last);
    },
  };
}

/** `host`, and `:port` where it is not HTTP's own: as fleet.yaml has it. */
export function addressText({ host, port }: Target): string {
  return port === 80 ? host : `${host}:${port}`;
}

function parseRange(text: string, usualPort: number): Span {
  const match = /^([^:]*?)(?::(\d{1,5}))?$/.exec(text);
  const [, body, portText] = match ?? [];
  if (body === undefined) throw refusal(text, 'is not a range of IPv4 addresses');
  const port = portText === undefined ? usualPort : Number(portText);
  if (port < 1 || port > 65_535) throw refusal(text, 'has a port that is not from 1 to 65535');
  if (body.includes('/')) return { ...network(text, body), port };
  const [from = '', to, ...more] = body.split('-');
  const first = parseHost(from);
  if (first === undefined || more.length > 0) throw refusal(text, 'is not a range of IPv4 addresses');
  if (to === undefined) return { first, last: first, port };
  // "10-60": only the last number changes.
  const last = parseHost(to) ?? parseHost(`${from.slice(0, from.lastIndexOf('.'))}.${to}`);
  if (last === undefined) throw refusal(text, 'has an end that is neither an IPv4 address nor a number from 0 to 255');
  if (last < first) throw refusal(text, 'ends before it begins');
  return { first, last, port };
}

function network(text: string, body: string): { first: number; last: number } {
  const [, host = '', length = ''] = /^([^/]*)\/(\d{1,2})$/.exec(body) ?? [];
  const [address, bits] = [parseHost(host), Number(length)];
  if (address === undefined || length === '' || bits > 32) throw refusal(text, 'is not a network; write ADDRESS/LENGTH with a length from 16 to 32');
  const size = 2 ** (32 - bits);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

/** No leading zeros: some read them as octal. */
function parseHost(text: string): number | undefined {
  const parts = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((address, part) => address * 256 + part, 0);
}

function hostText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

/** Overlapping and touching spans of one port become one. */
function merged(spans: readonly Span[]): Span[] {
  const found: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.port - b.port || a.first - b.first)) {
    const before = found.at(-1);
    if (before?.port === span.port && span.first <= before.last + 1) found.splice(-1, 1, { ...before, last: Math.max(before.last, span.last) });
    else found.push(span);
  }
  return found;
}

function refusal(text: string, what: string): HashfleetError {
  return new HashfleetError('payload_invalid', `"${text.slice(0, 80)}" ${what}. Allowed: ${rangeForms}.`, { field: 'range', given: text, allowed: rangeForms });
}
