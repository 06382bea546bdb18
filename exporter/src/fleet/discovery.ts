/**
 * Looks for miners in a range of addresses. Its promises, each with a test in test/discovery.test.ts:
 *  1. First a bare TCP connection, to many addresses at once; only what accepts it is asked further, and by fewer at once, so
 *     that a large range is quick and no miner is lost in the crowd (asic-rs#319).
 *  2. A connection that ran out of time is tried once more after all others.
 *  3. Whatever accepts a connection is reported: a miner with the driver that it needs, stock firmware, or unidentified, with the
 *     reason. Stock firmware and VNish 3.x ask for the same login, so they are told apart only by a name on TCP 4028 or by what
 *     stands behind the login; else both are named.
 *  4. Only GET /info is asked, and of what gives no answer of VNish's to it, `stats` on TCP 4028. With `password` one unlock is sent
 *     to each VNish miner, or one login and two GETs to what may be VNish 3.x, never a second one, and nothing else is ever written.
 *  5. It can be stopped at any time and tells what it has found so far.
 */
import { setMaxListeners } from 'node:events';
import { connect } from 'node:net';
import pLimit from 'p-limit';
import { codeOf, messageOf } from '../errors.ts';
import { askCgminer, usualCgminerPort } from '../miners/cgminer/client.ts';
import { isStats, parseCgminerIdentity } from '../miners/cgminer/parse.ts';
import { within } from '../miners/deadline.ts';
import { PollFailure, pollFailureRemedies, type PollFailureReason } from '../miners/driver.ts';
import { failureOf, minerHttp, type MinerHttp } from '../miners/http.ts';
import type { Identity, ReadingSource } from '../miners/reading.ts';
import { digestSession } from '../miners/vnish-cgi/digest.ts';
import { cgiUser, readSystemInfo } from '../miners/vnish-cgi/driver.ts';
import { parseIdentity as parseCgiIdentity } from '../miners/vnish-cgi/parse.ts';
import { readInfo } from '../miners/vnish/driver.ts';
import { parseIdentity } from '../miners/vnish/parse.ts';
import { vnishSession } from '../miners/vnish/session.ts';
import { addressText, type Target } from '../config/ranges.ts';

export type PasswordState = 'not tried' | 'accepted' | 'refused' | 'locked out';

interface Place {
  readonly target: Target;
  /** As fleet.yaml has it. */
  readonly address: string;
}

export interface FoundMiner extends Place {
  /** The driver that reads it. */
  readonly state: Exclude<ReadingSource, 'push'>;
  readonly identity: Identity;
  readonly password: PasswordState;
}

export interface FoundOther extends Place {
  readonly state: 'stock' | 'unidentified';
  readonly reason: PollFailureReason;
  /** What came in place of a miner's answer, and what to do. */
  readonly detail: string;
}

export type Found = FoundMiner | FoundOther;

export function isMiner(found: Found): found is FoundMiner {
  return found.state !== 'stock' && found.state !== 'unidentified';
}

export interface Discovery {
  /** By address. */
  readonly found: readonly Found[];
  /** Addresses that one miner, by its MAC, answers at. */
  readonly duplicates: readonly { readonly mac: string; readonly addresses: readonly string[] }[];
  /** Addresses that this machine could not even try, with the system's reason. */
  readonly untried: readonly { readonly address: string; readonly reason: string }[];
  /** Addresses that were looked at to the end. */
  readonly settled: number;
  readonly interrupted: boolean;
}

export interface DiscoveryProgress {
  /** 0 to 1; never falls. */
  readonly ratio: number;
  readonly settled: number;
  readonly total: number;
  /** Addresses that accepted a connection. */
  readonly answering: number;
  readonly miners: number;
}

export interface DiscoveryOptions {
  readonly targets: Iterable<Target> & { readonly count: number };
  /** TCP connections tried at once. */
  readonly concurrency?: number;
  /** Ms for one TCP connection. */
  readonly timeoutMs?: number;
  /** Addresses asked for /info at once: small web servers, and this machine's own work. */
  readonly identifyConcurrency?: number;
  /** Ms for the whole answer to /info, and again for an unlock. */
  readonly identifyTimeoutMs?: number;
  /** Where `stats` is asked. */
  readonly cgminerPort?: number;
  /** The password to try, once, at an address with that firmware; none is tried when absent. */
  readonly password?: (address: string, driver: 'vnish' | 'vnish-cgi') => string;
  readonly progress?: (progress: DiscoveryProgress) => void;
  /** Ends the search early. */
  readonly signal?: AbortSignal;
}

/** Never throws for what an address does. */
export async function discover(options: DiscoveryOptions): Promise<Discovery> {
  const { targets, concurrency = 256, timeoutMs = 500, identifyConcurrency = 64, identifyTimeoutMs = 3000, cgminerPort = usualCgminerPort, password, progress } = options;
  const signal = options.signal ?? new AbortController().signal;
  // Every connection on the way listens to it.
  setMaxListeners(0, signal);
  const probing = pLimit(concurrency);
  const identifying = pLimit(identifyConcurrency);
  const found: Found[] = [];
  const untried: { address: string; reason: string }[] = [];
  const total = targets.count;
  let [tried, settled, answering, miners] = [0, 0, 0, 0];

  function report(): void {
    // Half of the way is the first try of each address, half is being done with it.
    progress?.({ ratio: total === 0 ? 1 : (tried + settled) / (2 * total), settled, total, answering, miners });
  }

  async function look(target: Target): Promise<void> {
    const probe = async () => probing(async () => (signal.aborted ? { outcome: 'stopped' } as const : probeTcp(target, { timeoutMs, signal })));
    let result = await probe();
    if (result.outcome === 'stopped') return;
    tried += 1;
    report();
    // At the end of the queue: by then a crowded network, or a table of neighbours that was full, has calmed down.
    if (result.outcome === 'timeout' || result.outcome === 'untried') result = await probe();
    if (result.outcome === 'stopped') return;
    if (result.outcome === 'untried') untried.push({ address: addressText(target), reason: result.reason });
    if (result.outcome === 'open') {
      answering += 1;
      const known = await identifying(async () => (signal.aborted ? undefined : identify(target, { deadlineMs: identifyTimeoutMs, signal, cgminerPort, password })));
      if (known === undefined) return;
      found.push(known);
      if (isMiner(known)) miners += 1;
    }
    settled += 1;
    report();
  }

  const looking: Promise<void>[] = [];
  for (const target of targets) looking.push(look(target));
  await Promise.all(looking);
  found.sort((a, b) => inOrder(a.target, b.target));
  return { found, duplicates: duplicatesOf(found), untried, settled, interrupted: settled < total };
}

type Probe = { readonly outcome: 'open' | 'closed' | 'timeout' | 'stopped' } | { readonly outcome: 'untried'; readonly reason: string };

/** Nobody there, or nobody who wants to talk. EACCES is Linux's word for a broadcast address. */
const closedCodes = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN', 'EACCES']);

function probeTcp({ host, port }: Target, { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal }): Promise<Probe> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (probe: Probe) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(probe);
    };
    const stop = () => end({ outcome: 'stopped' });
    // A busy machine finds the timer first and the connection that was made long ago after it: let that one speak.
    const timer = setTimeout(() => setImmediate(() => end({ outcome: 'timeout' })), timeoutMs);
    signal.addEventListener('abort', stop, { once: true });
    socket.once('connect', () => end({ outcome: 'open' }));
    socket.on('error', (thrown) => {
      const code = codeOf(thrown) ?? messageOf(thrown);
      if (code === 'ETIMEDOUT') end({ outcome: 'timeout' });
      // It was accepted and broken off at once, as a miner does while it boots: somebody is there.
      else if (code === 'ECONNRESET') end({ outcome: 'open' });
      else end(closedCodes.has(code) ? { outcome: 'closed' } : { outcome: 'untried', reason: code });
    });
  });
}

interface Asking { readonly deadlineMs: number; readonly signal: AbortSignal; readonly cgminerPort: number; readonly password: DiscoveryOptions['password'] }

/** Undefined when it was stopped before the answer came. */
async function identify(target: Target, asking: Asking): Promise<Found | undefined> {
  const { deadlineMs, signal, password } = asking;
  const address = addressText(target);
  const place: Place = { target, address };
  const http = minerHttp(`${target.host}:${target.port}`);
  try {
    const info = await within(deadlineMs, signal, async (deadline) => readInfo(http, deadline));
    const identity = parseIdentity({ info }, () => undefined) ?? { model: 'unknown' };
    const state = password === undefined ? 'not tried' : await tryPassword(http, password(address, 'vnish'), async (action) => within(deadlineMs, signal, action));
    return { ...place, state: 'vnish', identity, password: state };
  } catch (thrown) {
    if (signal.aborted) return undefined;
    const found = await identifyOther(place, { http, failure: failureOf(thrown), asking });
    return asking.signal.aborted ? undefined : found;
  } finally {
    await http.close();
  }
}

/** What is no VNish 1.x miner as far as its web server says. */
async function identifyOther(place: Place, { http, failure, asking }: { http: MinerHttp; failure: PollFailure; asking: Asking }): Promise<Found> {
  const { reason, message } = failure;
  const named = await cgminerIdentity(place.target, asking);
  const isVnish = named?.firmware === 'Vnish';
  if (reason === 'stock_firmware') {
    const { identity, password } = await cgiIdentity(place, { http, asking });
    // What stands behind the login knows more than TCP 4028: the MAC too.
    if (identity?.firmware === 'Vnish') return { ...place, state: 'vnish-cgi', identity, password };
    if (isVnish) return { ...place, state: 'vnish-cgi', identity: named, password };
    const untold = password === 'refused' ? 'the password was refused' : 'a password tells (--check-password)';
    const told = identity === undefined ? `stock firmware or VNish 3.x, which ask for the same login; ${untold}` : 'stock firmware; install VNish to read it';
    return { ...place, state: 'stock', reason, detail: named === undefined ? told : `${named.model}: ${told}` };
  }
  // VNish 1.x whose web server fails just now is to be read over it all the same, not over TCP 4028.
  if (isVnish && named.firmwareVersion?.startsWith('1.') === true) {
    return { ...place, state: 'unidentified', reason, detail: `${named.model} with VNish ${named.firmwareVersion} by its name on TCP 4028, but ${message}; ${pollFailureRemedies[reason]}` };
  }
  if (named !== undefined) return { ...place, state: isVnish ? 'vnish-cgi' : 'cgminer', identity: named, password: 'not tried' };
  return { ...place, state: 'unidentified', reason, detail: `${message}; ${pollFailureRemedies[reason]}` };
}

/** What `stats` on TCP 4028 says, if anything. */
async function cgminerIdentity({ host }: Target, { deadlineMs, signal, cgminerPort }: Asking): Promise<Identity | undefined> {
  try {
    const stats = await within(deadlineMs, signal, async (deadline) => askCgminer({ host, port: cgminerPort }, 'stats', deadline));
    return isStats(stats) ? parseCgminerIdentity(stats) ?? { model: 'unknown' } : undefined;
  } catch (thrown) {
    if (!(thrown instanceof PollFailure)) throw thrown;
    return undefined;
  }
}

/**
 * One login of VNish 3.x, which is that of stock firmware too: the name in get_system_info.cgi, or chip_hr.json, which only VNish
 * has (vnish-api.md, 5), tells.
 */
async function cgiIdentity({ address }: Place, { http, asking: { deadlineMs, signal, password } }: { http: MinerHttp; asking: Asking }): Promise<{ identity?: Identity; password: PasswordState }> {
  if (password === undefined) return { password: 'not tried' };
  const session = digestSession({ http, user: cgiUser, password: password(address, 'vnish-cgi'), now: Date.now });
  try {
    const identity = parseCgiIdentity(await within(deadlineMs, signal, async (deadline) => readSystemInfo(session, deadline)), () => undefined) ?? { model: 'unknown' };
    if (identity.firmware !== undefined) return { identity, password: 'accepted' };
    const chips = await within(deadlineMs, signal, async (deadline) => session.authorized({ path: '/cgi-bin/chip_hr.json', signal: deadline }));
    return { identity: chips.status === 200 && /^\s*\{\s*"chiphr"/.test(chips.body) ? { ...identity, firmware: 'Vnish' } : identity, password: 'accepted' };
  } catch (thrown) {
    if (!(thrown instanceof PollFailure)) throw thrown;
    return { password: session.state === 'refused' ? 'refused' : session.state === 'accepted' ? 'accepted' : 'not tried' };
  }
}

/** One unlock. A miner that gives no verdict, or is not reached any more, counts as not tried. */
async function tryPassword(http: MinerHttp, password: string, timed: (action: (deadline: AbortSignal) => Promise<void>) => Promise<void>): Promise<PasswordState> {
  const session = vnishSession({ http, password, now: Date.now });
  try {
    await timed(async (deadline) => session.unlock(deadline));
  } catch (thrown) {
    if (!(thrown instanceof PollFailure)) throw thrown;
  }
  switch (session.state) {
    case 'accepted': return 'accepted';
    case 'refused': return 'refused';
    case 'locked_out': return 'locked out';
    case 'unknown': return 'not tried';
  }
}

function inOrder(a: Target, b: Target): number {
  const [left, right] = [a, b].map(({ host }) => host.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)) as [number, number];
  return left - right || a.port - b.port;
}

function duplicatesOf(found: readonly Found[]): { mac: string; addresses: string[] }[] {
  const byMac = new Map<string, string[]>();
  for (const one of found) {
    if (!isMiner(one) || one.identity.mac === undefined || one.identity.mac === '') continue;
    byMac.set(one.identity.mac, [...byMac.get(one.identity.mac) ?? [], one.address]);
  }
  return [...byMac].flatMap(([mac, addresses]) => (addresses.length > 1 ? [{ mac, addresses }] : []));
}
