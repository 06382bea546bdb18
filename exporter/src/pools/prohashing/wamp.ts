/**
 * The WAMP connection to ProHashing (prohashing-api.md, 2): subscribes first, then calls, keeps the machine of live.ts fed, and comes
 * back by itself. The account's key is an argument of calls and part of topic names; neither is ever logged or put into an error.
 */
import { Wampy } from 'wampy';
import * as wampcra from 'wampy/wampcra.js';
import { WebSocket } from 'ws';
import { codeOf, messageOf } from '../../errors.ts';
import type { Mismatch } from '../../mismatch.ts';
import { isObject, lenientNumber, parseJson, plainJson } from '../fields.ts';
import { poolFailureOf, statusReason } from '../http.ts';
import { PoolFailure } from '../pool.ts';
import { createLive, type Live, type LiveReading, type Snapshot, type Topic } from './live.ts';

/** All in ms. */
export interface LivePace {
  /** Pause before the first new try; it doubles up to the longest, each with up to half more. */
  readonly firstPause: number;
  readonly longestPause: number;
  /** A session that lasted so long was a good one: pauses begin anew. */
  readonly goodSession: number;
  /** A call that has no answer by then has failed: some never had one (2.5). */
  readonly callTimeout: number;
  /** Least time between two calls of a kind. */
  readonly callPause: number;
  /** Gone workers and doubtful balances show only in a new snapshot. */
  readonly resync: number;
  /** WebSocket ping, and how long the answer may take. */
  readonly ping: number;
  /** Without a profitability update for so long the pool is silent (2.5). */
  readonly silence: number;
  /** Changes are told together, at most so often. */
  readonly tell: number;
}

export const usualPace: LivePace = {
  firstPause: 5000, longestPause: 300_000, goodSession: 60_000, callTimeout: 12_000, callPause: 5000, resync: 300_000, ping: 30_000, silence: 600_000, tell: 5000,
};

export interface LiveOptions {
  /** wss:// */
  readonly url: string;
  readonly apiKey: string | undefined;
  readonly mismatch: Mismatch;
  readonly now: () => number;
  readonly pace?: LivePace;
  /** Something changed, told at most once in `pace.tell`. */
  readonly onChange: () => void;
  readonly onFailure: (failure: PoolFailure) => void;
}

export interface LiveConnection {
  /** What is known now; undefined while there is no session or the pool is silent. */
  reading(): LiveReading | undefined;
  /** Why there is none. */
  failure(): PoolFailure | undefined;
  /** When there is a reading or a failure. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Everybody's (2.1): the key in arguments and topics is what protects the account. */
const [realm, user, secret] = ['mining', 'web', 'web'] as const;
const procedures: Readonly<Record<Snapshot, { readonly name: string; readonly ofAccount: boolean }>> = {
  miners: { name: 'f_all_miner_updates', ofAccount: true },
  balances: { name: 'f_all_balance_updates', ofAccount: true },
  profitability: { name: 'f_all_profitability_updates', ofAccount: false },
  general: { name: 'f_all_general_updates', ofAccount: false },
};
const topicNames: Readonly<Record<Topic, { readonly name: string; readonly ofAccount: boolean }>> = {
  miner_diffs: { name: 'miner_update_diffs', ofAccount: true },
  miner_records: { name: 'miner_updates', ofAccount: true },
  balances: { name: 'balance_updates', ofAccount: true },
  profitability: { name: 'profitability_updates', ofAccount: false },
  general: { name: 'general_updates', ofAccount: false },
  blocks: { name: 'found_block_updates', ofAccount: false },
  failures: { name: 'mining_failures', ofAccount: true },
};

const maxMessageBytes = 8_388_608;
const [eventMessage, resultMessage] = [36, 50];

/** JSON whose amounts keep their digits: in the arguments of events and results, and nowhere else. */
const serializer = {
  protocol: 'json',
  isBinary: false,
  encode: (message: unknown) => JSON.stringify(message),
  decode(text: unknown): unknown {
    if (typeof text !== 'string') throw new TypeError('a text message is expected');
    const message = parseJson(text);
    if (!Array.isArray(message)) throw new TypeError('a WAMP message is a list');
    const list = message as unknown[];
    const type = lenientNumber(list[0]);
    const kept = type === eventMessage ? 4 : type === resultMessage ? 3 : -1;
    return list.map((part, index) => (index === kept ? part : plainJson(part)));
  },
};

/** WAMP-CRA without a salt: none was seen, and deriving a key by a stranger's count of rounds could take for ever (2.1). */
async function answer(method: string, { challenge }: Record<string, unknown>): Promise<string> {
  if (method !== 'wampcra' || typeof challenge !== 'string') throw new TypeError('a challenge of another kind');
  return wampcra.signManual(secret, challenge);
}

/** An error URI of the router is shown; any other word of a reply is not. */
function uriOf(thrown: unknown): string {
  const uri = isObject(thrown) ? thrown['errorUri'] : undefined;
  return typeof uri === 'string' && /^[a-z0-9_.]{1,80}$/.test(uri) ? uri : 'no reason told';
}

/** wampy wraps the event of the socket, and that the error of the network. */
function innermost(thrown: unknown): unknown {
  const inner = isObject(thrown) ? thrown['error'] : undefined;
  return inner === undefined || inner === null ? thrown : innermost(inner);
}

function failureOf(thrown: unknown): PoolFailure {
  if (thrown instanceof PoolFailure) return thrown;
  const name = thrown instanceof Error ? thrown.name : '';
  if (name === 'AbortedError') return new PoolFailure('wamp_abort', `the WAMP router refuses the session (${uriOf(thrown)})`);
  if (name === 'ProtocolViolationError' || name === 'NoSerializerAvailableError') return new PoolFailure('bad_shape', 'what answers does not speak WAMP as agreed');
  const inner = innermost(thrown);
  const status = Number(/Unexpected server response: (\d{3})/.exec(messageOf(inner))?.[1]);
  if (Number.isFinite(status)) return new PoolFailure(statusReason(status) ?? 'bad_shape', `the WAMP address answered ${status} in place of a WebSocket`);
  if (messageOf(inner).includes('handshake has timed out')) return new PoolFailure('timeout', 'the WebSocket handshake took too long');
  if (codeOf(inner) === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return new PoolFailure('too_large', 'a WAMP message is too large');
  // Without the cause: objects of the library hold topics and arguments, and so the key.
  const { reason, message } = poolFailureOf(inner);
  return new PoolFailure(reason, message === '' ? codeOf(inner) ?? 'the WAMP connection failed' : message);
}

/** Connects at once and for good, until `close`. */
export function liveConnection({ url, apiKey, mismatch, now, pace = usualPace, onChange, onFailure }: LiveOptions): LiveConnection {
  const live: Live = createLive(mismatch);
  let socket: WebSocket | undefined;
  let session: { readonly wampy: Wampy; readonly since: number } | undefined;
  let failure: PoolFailure | undefined;
  let attempts = 0;
  let closed = false;
  let lastYieldAt = 0;
  let changed = false;
  const waiting: (() => void)[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const asking = new Set<Snapshot>();
  /** Kinds that were asked for a moment ago; what is wanted of them is asked for after the pause. */
  const pausing = new Set<Snapshot>();

  function after(ms: number, what: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      if (!closed) what();
    }, ms);
    timers.add(timer);
  }

  function settle(): void {
    for (const resolve of waiting.splice(0)) resolve();
  }

  function tell(): void {
    if (changed) return;
    changed = true;
    after(pace.tell, () => {
      changed = false;
      if (session !== undefined) onChange();
    });
  }

  function fail(thrown: unknown): void {
    if (closed) return;
    const found = failureOf(thrown);
    // A router may put anything into its reasons.
    failure = apiKey !== undefined && found.message.includes(apiKey) ? new PoolFailure(found.reason, found.message.replaceAll(apiKey, '[key]')) : found;
    settle();
    onFailure(failure);
  }

  function ask(snapshot: Snapshot): void {
    const current = session;
    if (current === undefined || asking.has(snapshot) || (procedures[snapshot].ofAccount && apiKey === undefined)) return;
    if (pausing.has(snapshot)) return;
    asking.add(snapshot);
    pausing.add(snapshot);
    after(pace.callPause, () => {
      pausing.delete(snapshot);
      askWanted();
    });
    live.callSent(snapshot);
    const { name, ofAccount } = procedures[snapshot];
    const late = new Promise<never>((_resolve, reject) => {
      after(pace.callTimeout, () => reject(new PoolFailure('timeout', `the call ${name} had no answer in time`)));
    });
    void Promise.race([current.wampy.call(name, ofAccount ? { argsList: [apiKey] } : null), late]).then((result) => {
      if (session !== current) return;
      live.callAnswered(snapshot, (result.argsList)?.[0], now());
      if (snapshot === 'profitability') lastYieldAt = now();
      tell();
    }, (thrown: unknown) => {
      if (session !== current) return;
      live.callFailed(snapshot);
      if (thrown instanceof PoolFailure) fail(thrown);
      // Without a URI it is the connection that has ended, which tells so itself.
      else if (isObject(thrown) && thrown['errorUri'] !== undefined) {
        const uri = uriOf(thrown);
        fail(new PoolFailure(/not_authorized|authorization|invalid_key/.test(uri) ? 'bad_key' : 'bad_shape', `the pool refuses the call ${name} (${uri})`));
      }
    }).finally(() => {
      if (session !== current) return;
      asking.delete(snapshot);
      if (complete()) {
        failure = undefined;
        settle();
      }
      askWanted();
    });
  }

  /** What can be had without a key where there is none. */
  const wanted = () => live.wanted().filter((snapshot) => apiKey !== undefined || !procedures[snapshot].ofAccount);
  const complete = () => session !== undefined && wanted().length === 0 && asking.size === 0;

  function askWanted(): void {
    for (const snapshot of wanted()) ask(snapshot);
  }

  async function begin(wampy: Wampy): Promise<void> {
    live.sessionBegan();
    const names = Object.entries(topicNames).filter(([, { ofAccount }]) => !ofAccount || apiKey !== undefined);
    await Promise.all(names.map(async ([topic, { name, ofAccount }]) => wampy.subscribe(ofAccount ? `${name}_${apiKey ?? ''}` : name, ({ argsList }) => {
      live.event(topic as Topic, Array.isArray(argsList) ? argsList : [], now());
      if (topic === 'profitability') lastYieldAt = now();
      tell();
      askWanted();
    }).catch((thrown: unknown) => {
      // A topic that the router refuses costs only itself.
      if (!isObject(thrown) || thrown['errorUri'] === undefined) throw thrown;
      mismatch('prohashing_wamp', topic);
    })));
    lastYieldAt = now();
    session = { wampy, since: now() };
    pausing.clear();
    asking.clear();
    askWanted();
  }

  /** One connection; when it has ended, the next is made after a pause. */
  function connect(): void {
    if (closed) return;
    let ended = false;
    let told = false;
    const end = () => {
      if (ended) return;
      ended = true;
      const lasted = session === undefined ? 0 : now() - session.since;
      if (!told) fail(new PoolFailure('tcp', 'the pool closed the WAMP connection'));
      session = undefined;
      socket = undefined;
      if (closed) return;
      attempts = lasted >= pace.goodSession ? 1 : attempts + 1;
      after(Math.min(pace.firstPause * 2 ** Math.min(attempts - 1, 20), pace.longestPause) * (1 + Math.random() / 2), connect);
    };
    /** The first reason counts: what follows comes of closing the socket, and its closing is what ends it. */
    const give = (up: unknown) => {
      if (!told && !ended) {
        told = true;
        fail(up);
      }
      if (socket === undefined) end();
      else socket.terminate();
    };
    const wampy = new Wampy(url, {
      realm, authid: user, authmethods: ['wampcra'], onChallenge: answer, uriValidation: 'loose',
      // Reconnecting is ours: a failed first try would be final, and snapshots are not fetched again (2.7).
      autoReconnect: false, serializer, onError: give,
      ws: guarded({ end, fail: give, opened: (opened) => (socket = opened) }),
    });
    // The handshake of WebSocket has a limit of its own; that of WAMP has this.
    after(2 * pace.callTimeout, () => {
      if (!ended && session === undefined) give(new PoolFailure('timeout', 'the WAMP session did not begin in time'));
    });
    wampy.connect().then(async () => {
      await begin(wampy);
      failure = undefined;
      watch(session, give);
    }).catch(give);
  }

  /** Finds connections that are open only on this side, and keeps snapshots young. */
  function watch(current: typeof session, give: (failure: PoolFailure) => void): void {
    let alive = true;
    const watched = socket;
    const gone = () => session === undefined || session !== current;
    watched?.on('pong', () => (alive = true));
    const look = () => {
      if (gone()) return;
      if (!alive) { give(new PoolFailure('stale', 'the pool does not answer a ping: the connection is half open')); return; }
      if (now() - lastYieldAt > pace.silence) { give(new PoolFailure('stale', 'the pool told no profitability for ten minutes')); return; }
      alive = false;
      watched?.ping();
      after(pace.ping, look);
    };
    after(pace.ping, look);
    const resync = () => {
      if (gone()) return;
      ask('miners');
      ask('balances');
      after(pace.resync, resync);
    };
    after(pace.resync, resync);
  }

  connect();
  return {
    reading: () => (session === undefined || now() - lastYieldAt > pace.silence ? undefined : live.reading()),
    failure: () => failure,
    async settled() {
      if (failure !== undefined || complete()) return;
      await new Promise<void>((resolve) => waiting.push(resolve));
    },
    async close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      settle();
      const open = socket;
      session = undefined;
      if (open === undefined || open.readyState === WebSocket.CLOSED) return;
      await new Promise<void>((resolve) => {
        open.once('close', () => resolve());
        open.terminate();
      });
    },
  };
}

interface Guard {
  readonly opened: (socket: WebSocket) => void;
  readonly fail: (thrown: unknown) => void;
  readonly end: () => void;
}

type Handler = ((event: unknown) => unknown) | null;

/**
 * The WebSocket that wampy is to use. It hands every event over inside a net: a message that wampy stumbles over ends this
 * connection and not the process. Verification of TLS is said out loud, so that no environment variable switches it off.
 */
function guarded({ opened, fail, end }: Guard): new (url: string, protocols?: string | string[]) => globalThis.WebSocket {
  const handlers = new Map<string, Handler>();
  return function open(url: string, protocols?: string | string[]) {
    const socket = new WebSocket(url, protocols, { rejectUnauthorized: true, handshakeTimeout: 10_000, maxPayload: maxMessageBytes, perMessageDeflate: false, followRedirects: false });
    opened(socket);
    for (const type of ['open', 'message', 'error', 'close'] as const) {
      Object.defineProperty(socket, `on${type}`, { get: () => handlers.get(type) ?? null, set: (handler: Handler) => void handlers.set(type, handler) });
      socket.addEventListener(type, (event: unknown) => {
        void new Promise((resolve) => resolve(handlers.get(type)?.(event))).catch(fail).finally(() => {
          if (type === 'close') end();
        });
      });
    }
    return socket;
  } as unknown as new (url: string, protocols?: string | string[]) => globalThis.WebSocket;
}
