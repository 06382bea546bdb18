/**
 * ProHashing's WAMP router at `/ws` (prohashing-api.md 2): the basic profile in JSON with WAMP-CRA, and every way in which it can fail.
 * Nobody publishes and nobody offers procedures but the pool itself.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../clock.ts';
import { mix, uniform } from '../../random.ts';
import type { Account } from '../account.ts';
import type { Market } from '../market.ts';
import type { Published, Source } from './records.ts';
import { balances, createNews, general, minerRecords, profitability } from './records.ts';

/**
 * `refuse`: no socket at all (HTTP 503). `refuse_auth`: ABORT. `drop_events`: none come; `lose_events`: half of them. `late`: all answers and
 * events some seconds late. `never`: calls stay without an answer. `cut`: sockets end at once. `half_open`: the socket stays and nothing
 * comes any more, pongs neither. `garble`: broken JSON. `goodbye`: the router says so and leaves.
 */
export const wampModes = ['ok', 'refuse', 'refuse_auth', 'drop_events', 'lose_events', 'late', 'never', 'cut', 'half_open', 'garble', 'goodbye'] as const;
export type WampMode = (typeof wampModes)[number];

export function isWampMode(text: unknown): text is WampMode {
  return typeof text === 'string' && (wampModes as readonly string[]).includes(text);
}

export interface WampRouter {
  mode(): WampMode;
  setMode(mode: WampMode): void;
  /** Tells subscribers what is new, now. Once a second it does so by itself. */
  pump(): void;
  /** Sessions that are welcome. */
  sessions(): number;
  /** What sessions did, without keys: `hello`, `call f_all_miner_updates`, `subscribe miner_update_diffs_`. */
  log(): readonly string[];
  cutAll(): void;
  close(): void;
}

export interface WampOptions {
  readonly server: Server;
  readonly clock: Pick<Clock, 'now'>;
  readonly account: Account;
  readonly market: Market;
  readonly seed: number;
  readonly apiKey: string;
  readonly advanceMiners: () => void;
}

const subprotocol = 'wamp.2.json';
const realm = 'mining';
/** The same for everybody (2.1). */
const credentials = { id: 'web', secret: 'web' };
const lateMs = 2000;
const pumpMs = 1000;
const path = '/ws';

const code = {
  hello: 1, welcome: 2, abort: 3, challenge: 4, authenticate: 5, goodbye: 6, error: 8, publish: 16, subscribe: 32, subscribed: 33, unsubscribe: 34, unsubscribed: 35, event: 36, call: 48, result: 50,
} as const;

interface Session {
  readonly socket: WebSocket;
  readonly id: number;
  state: 'new' | 'challenged' | 'welcome' | 'leaving';
  challenge: string;
  /** Topic by subscription. */
  readonly topics: Map<number, string>;
}

type Message = readonly unknown[];

function parse(data: RawData): Message | undefined {
  try {
    const text = Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data as Buffer).toString('utf8');
    const message: unknown = JSON.parse(text);
    return Array.isArray(message) && typeof message[0] === 'number' ? message : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Trouble { readonly uri: string; readonly message: string }

/** Who asks for all miners with a wrong key gets none, not a refusal [S]. */
function callResult(source: Source, asked: { readonly procedure: string; readonly args: readonly unknown[]; readonly timeMs: number; readonly apiKey: string }): { readonly value: unknown } | Trouble {
  const { procedure, args, timeMs } = asked;
  const own = args[0] === asked.apiKey;
  switch (procedure) {
    case 'f_all_miner_updates':
      return { value: own ? minerRecords(source, timeMs) : [] };
    case 'f_all_balance_updates':
      return { value: own ? balances(source, timeMs) : {} };
    case 'f_all_profitability_updates':
      // A key here was a mistake that the pool refused from May 2017 (2.2); with which error is [S].
      return args.length === 0 ? { value: profitability(source, timeMs) } : { uri: 'wamp.error.invalid_argument', message: 'f_all_profitability_updates takes no argument' };
    case 'f_all_general_updates':
      return args.length === 0 ? { value: general(source, timeMs) } : { uri: 'wamp.error.invalid_argument', message: 'f_all_general_updates takes no argument' };
    default:
      return { uri: 'wamp.error.no_such_procedure', message: `no callee registered for procedure <${procedure}>` };
  }
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

export function createWampRouter({ server, clock, account, market, seed, apiKey, advanceMiners }: WampOptions): WampRouter {
  const source: Source = { account, market, seed };
  const news = createNews(source, apiKey);
  const sessions = new Set<Session>();
  const timers = new Set<NodeJS.Timeout>();
  const log: string[] = [];
  let mode: WampMode = 'ok';
  let sessionCount = 0;
  let numbers = 0;
  let pumping: NodeJS.Timeout | undefined;
  const sockets = new WebSocketServer({ noServer: true, autoPong: false, maxPayload: 1_048_576, handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false) });

  const note = (text: string) => {
    log.push(text.replaceAll(apiKey, ''));
    if (log.length > 500) log.shift();
  };
  const nextNumber = () => {
    numbers += 1;
    return numbers;
  };

  const upToDate = () => {
    const timeMs = clock.now();
    advanceMiners();
    account.settle(timeMs);
    return timeMs;
  };

  const send = ({ socket }: Session, message: Message) => {
    if (mode === 'half_open') return;
    const text = JSON.stringify(message);
    const out = () => {
      if (socket.readyState === socket.OPEN) socket.send(mode === 'garble' ? `${text.slice(0, Math.max(1, text.length - 2))}}{` : text);
    };
    if (mode !== 'late') {
      out();
      return;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      out();
    }, lateMs);
    timers.add(timer);
  };

  const abort = (session: Session, { uri, message }: Trouble) => {
    send(session, [code.abort, { message }, uri]);
    session.state = 'leaving';
    session.socket.close(1000);
  };

  const sayGoodbye = (session: Session) => {
    send(session, [code.goodbye, { message: 'The router is shutting down.' }, 'wamp.close.system_shutdown']);
    session.state = 'leaving';
    session.topics.clear();
  };

  const hello = (session: Session, [, wantedRealm, details]: Message) => {
    note('hello');
    if (wantedRealm !== realm) {
      abort(session, { uri: 'wamp.error.no_such_realm', message: `no realm "${String(wantedRealm)}" exists on this router` });
      return;
    }
    const methods: unknown = isObject(details) ? details['authmethods'] : undefined;
    if (!Array.isArray(methods) || !methods.includes('wampcra')) {
      abort(session, { uri: 'wamp.error.no_auth_method', message: 'no allowed authentication method was offered; wampcra is' });
      return;
    }
    if (!isObject(details) || details['authid'] !== credentials.id) {
      abort(session, { uri: 'wamp.error.not_authorized', message: 'no such principal' });
      return;
    }
    session.challenge = JSON.stringify({
      authid: credentials.id, authrole: 'web', authmethod: 'wampcra', authprovider: 'static', session: session.id, timestamp: new Date(clock.now()).toISOString(),
      nonce: mix(seed + 301, session.id).toString(36) + mix(seed + 302, session.id).toString(36),
    });
    session.state = 'challenged';
    send(session, [code.challenge, 'wampcra', { challenge: session.challenge }]);
  };

  const authenticate = (session: Session, [, signature]: Message) => {
    const right = createHmac('sha256', credentials.secret).update(session.challenge).digest();
    const given = Buffer.from(typeof signature === 'string' ? signature : '', 'base64');
    if (mode === 'refuse_auth' || given.length !== right.length || !timingSafeEqual(given, right)) {
      note('authentication refused');
      abort(session, { uri: 'wamp.error.not_authorized', message: 'signature is invalid' });
      return;
    }
    session.state = 'welcome';
    note('welcome');
    send(session, [code.welcome, session.id, {
      realm, authid: credentials.id, authrole: 'web', authmethod: 'wampcra', authprovider: 'static', roles: { broker: { features: {} }, dealer: { features: {} } },
    }]);
    if (mode === 'goodbye') sayGoodbye(session);
  };

  const refuse = (session: Session, asked: Message, { uri, message }: Trouble) => send(session, [code.error, asked[0], asked[1], {}, uri, [message]]);

  const call = (session: Session, message: Message) => {
    const [, request, , procedure, args] = message;
    if (typeof procedure !== 'string') {
      abort(session, { uri: 'wamp.error.protocol_violation', message: 'a CALL needs a procedure' });
      return;
    }
    note(`call ${procedure}`);
    if (mode === 'never') return;
    const answer = callResult(source, { procedure, args: Array.isArray(args) ? args : [], timeMs: upToDate(), apiKey });
    if ('uri' in answer) refuse(session, message, answer);
    else send(session, [code.result, request, {}, [answer.value]]);
  };

  const publish = ({ topic, args }: Published) => {
    const number = nextNumber();
    if (mode === 'drop_events' || (mode === 'lose_events' && uniform(seed + 304, number) < 0.5)) return;
    for (const session of sessions) for (const [subscription, own] of session.topics) if (own === topic) send(session, [code.event, subscription, number, {}, args]);
  };

  const anySubscribed = () => [...sessions].some(({ topics }) => topics.size > 0);

  const pump = () => {
    const timeMs = upToDate();
    if (anySubscribed()) for (const published of news.gather(timeMs)) publish(published);
  };

  const pumpWhileNeeded = () => {
    if (anySubscribed() === (pumping !== undefined)) return;
    clearInterval(pumping);
    pumping = anySubscribed() ? setInterval(pump, pumpMs) : undefined;
    pumping?.unref();
  };

  const subscribe = (session: Session, message: Message) => {
    const [, request, , topic] = message;
    if (typeof topic !== 'string' || topic === '') {
      refuse(session, message, { uri: 'wamp.error.invalid_uri', message: 'a SUBSCRIBE needs a topic' });
      return;
    }
    // A topic that there isn't, also one with a wrong key, is a topic where nothing happens.
    note(`subscribe ${topic}`);
    if (!anySubscribed()) news.forget(upToDate());
    const known = [...session.topics].find(([, own]) => own === topic)?.[0];
    const subscription = known ?? nextNumber();
    session.topics.set(subscription, topic);
    send(session, [code.subscribed, request, subscription]);
    pumpWhileNeeded();
  };

  const unsubscribe = (session: Session, message: Message) => {
    const [, request, subscription] = message;
    if (typeof subscription !== 'number' || !session.topics.delete(subscription)) {
      refuse(session, message, { uri: 'wamp.error.no_such_subscription', message: `no subscription ${String(subscription)}` });
      return;
    }
    note('unsubscribe');
    send(session, [code.unsubscribed, request]);
    pumpWhileNeeded();
  };

  const goodbye = (session: Session) => {
    note('goodbye');
    if (session.state !== 'leaving') send(session, [code.goodbye, {}, 'wamp.close.goodbye_and_out']);
    session.state = 'leaving';
    session.socket.close(1000);
  };

  const heard = (session: Session, message: Message) => {
    const [kind] = message;
    if (session.state === 'leaving') {
      if (kind === code.goodbye) session.socket.close(1000);
      return;
    }
    if (session.state === 'new' && kind === code.hello) hello(session, message);
    else if (session.state === 'challenged' && kind === code.authenticate) authenticate(session, message);
    else if (kind === code.goodbye) goodbye(session);
    else if (session.state !== 'welcome') abort(session, { uri: 'wamp.error.protocol_violation', message: `message ${String(kind)} before the session is established` });
    else if (kind === code.call) call(session, message);
    else if (kind === code.subscribe) subscribe(session, message);
    else if (kind === code.unsubscribe) unsubscribe(session, message);
    else if (kind === code.publish) refuse(session, message, { uri: 'wamp.error.not_authorized', message: 'nobody publishes here' });
    else abort(session, { uri: 'wamp.error.protocol_violation', message: `message ${String(kind)} is not expected` });
  };

  const open = (socket: WebSocket) => {
    if (mode === 'cut') {
      socket.terminate();
      return;
    }
    if (socket.protocol !== subprotocol) {
      socket.close(1002, `${subprotocol} is needed`);
      return;
    }
    sessionCount += 1;
    const session: Session = { socket, id: 1_000_000 + sessionCount * 1000 + (mix(seed + 303, sessionCount) % 1000), state: 'new', challenge: '', topics: new Map() };
    sessions.add(session);
    socket.on('message', (data, binary) => {
      if (mode === 'half_open') return;
      const message = binary ? undefined : parse(data);
      if (message === undefined) abort(session, { uri: 'wamp.error.protocol_violation', message: 'not a WAMP message' });
      else heard(session, message);
    });
    socket.on('ping', (data) => {
      if (mode !== 'half_open') socket.pong(data);
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      sessions.delete(session);
      pumpWhileNeeded();
    });
  };

  server.on('upgrade', (request, socket: Duplex, head) => {
    socket.on('error', () => socket.destroy());
    const wanted = new URL(request.url ?? '/', 'http://pool').pathname;
    if (wanted !== path) refuseUpgrade(socket, '404 Not Found');
    else if (mode === 'refuse') refuseUpgrade(socket, '503 Service Unavailable');
    else sockets.handleUpgrade(request, socket, head, open);
  });

  const cutAll = () => {
    for (const { socket } of sessions) socket.terminate();
  };

  return {
    mode: () => mode,
    setMode: (next) => {
      mode = next;
      if (next === 'cut' || next === 'refuse') cutAll();
      if (next === 'goodbye') for (const session of sessions) if (session.state === 'welcome') sayGoodbye(session);
    },
    pump,
    sessions: () => [...sessions].filter(({ state }) => state === 'welcome').length,
    log: () => log,
    cutAll,
    close: () => {
      clearInterval(pumping);
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      cutAll();
    },
  };
}
