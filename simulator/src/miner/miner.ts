/** One miner on the network: its state, its HTTP server, and the handles by which a test or the control port turns it. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { close, listen } from '../listener.ts';
import { createAuth, forgetBefore, readCredential } from './auth.ts';
import type { AuthState, Credential } from './auth.ts';
import { injectFault, powerOn, repairFault } from './commands.ts';
import type { ActiveFault, FaultKind, FaultParams } from './faults.ts';
import { isManner } from './faults.ts';
import { httpReachable } from './lifecycle.ts';
import type { StateName } from './lifecycle.ts';
import { advanceTo, seasonMining } from './machine.ts';
import { mannerFor, send, sendBadly } from './manners.ts';
import { fanWatts } from './physics.ts';
import { createRequestRecord, recordedBody } from './request-record.ts';
import type { RequestRecord } from './request-record.ts';
import { answerApi, json, spaIndex } from './router.ts';
import { rpcReply } from './rpc.ts';
import { createRpcServer } from '../rpc/server.ts';
import type { Reply } from './router.ts';
import { workerName } from './shares.ts';
import type { MinerSpec, MinerState, ShareSink } from './state.ts';
import { createState, hasFault } from './state.ts';
import { boardEffective, boardIdeal, boardWatts, fanSpeeds, inletAt } from './working.ts';
import { uniform } from '../random.ts';

/** What is really going on, for comparing with what was measured. */
export interface MinerTruth {
  readonly state: StateName;
  readonly preset: string;
  /** Mean hashrate, hashes a second. */
  readonly hashesPerSecond: number;
  readonly nominalHashesPerSecond: number;
  /** At the wall, fans, controller and PSU losses included, W. */
  readonly wallWatts: number;
  readonly inletCelsius: number;
  readonly worker: string;
  readonly boards: readonly { readonly id: number; readonly quality: number; readonly pcbCelsius: number; readonly hashesPerSecond: number }[];
}

export interface Miner {
  readonly spec: MinerSpec;
  readonly name: string;
  readonly host: string;
  /** Known once listening. */
  readonly port: number;
  /** `host:port`. */
  readonly address: string;
  readonly url: string;
  /** Of the cgminer API (TCP 4028 on a real one); known once listening, undefined where it has none. */
  readonly cgminerPort: number | undefined;
  readonly requests: RequestRecord;
  /** Active faults, oldest first. */
  faults(): readonly ActiveFault[];
  /** Lets something go wrong, now. A newer fault of the same kind and place replaces the older. */
  inject(kind: FaultKind, params?: FaultParams): Promise<void>;
  /** Takes faults of one kind, or all, away. Returns how many there were. */
  repair(kind?: FaultKind): Promise<number>;
  truth(): MinerTruth;
  /** Brings the state up to the clock. Reading does so by itself. */
  advance(): void;
  /** The state itself, up to date; for tests of the model. */
  state(): MinerState;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export interface MinerPlace {
  readonly clock: Clock;
  readonly seed: number;
  readonly host: string;
  readonly port: number;
  /** 0: any; null: no cgminer API. */
  readonly cgminerPort: number | null;
  readonly sink: ShareSink | null;
  /** The vendor's OpenAPI document, if there is one to serve. */
  readonly apiDocument?: string | undefined;
}

const bodyLimit = 1_048_576;

function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyLimit) chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
  });
}

/** Stock firmware: digest login, other server, no `/api/v1` (vnish-api.md 1.4). */
function stockReply(nonce: number): Reply {
  return {
    status: 401, contentType: 'text/html', body: '<html><body><h1>401 - Unauthorized</h1></body></html>\n',
    headers: { 'server': 'lighttpd/1.4.32', 'www-authenticate': `Digest realm="antMiner Configuration", nonce="${nonce.toString(16)}", qop="auth"` },
  };
}

function documentReply(state: MinerState, apiDocument: string | undefined): Reply {
  if (apiDocument !== undefined) return { status: 200, contentType: 'application/json', body: apiDocument };
  return json({ openapi: '3.1.0', info: { title: 'xminer-api', version: '0.1.0', description: `${state.model.fullName} ${state.spec.firmware}` }, paths: {} });
}

function begin(state: MinerState, timeMs: number): void {
  switch (state.spec.begin ?? 'mining') {
    case 'mining':
      seasonMining(state, 2 + 8 * uniform(state.seed, 77));
      break;
    case 'boot':
      powerOn(state, timeMs);
      break;
    case 'stopped':
      break;
  }
}

function truthOf(state: MinerState, timeMs: number): MinerTruth {
  const { model } = state;
  const boards = state.boards.map((board) => ({
    id: board.id, quality: board.meanQuality, pcbCelsius: board.pcbCelsius, hashesPerSecond: boardEffective(state, board, timeMs) * model.hashesPerUnit,
  }));
  const boardPower = state.boards.reduce((sum, board) => sum + boardWatts(state, board, timeMs), 0);
  const pool = state.livePools[0];
  return {
    state: state.life.phase.state,
    preset: state.runningPreset,
    hashesPerSecond: boards.reduce((sum, board) => sum + board.hashesPerSecond, 0),
    nominalHashesPerSecond: state.boards.reduce((sum, board) => sum + boardIdeal(state, board, timeMs), 0) * model.hashesPerUnit,
    wallWatts: hasFault(state, 'unplugged') ? 0 : Math.round((boardPower + fanWatts(model, fanSpeeds(state, timeMs))) * 1.01 + 12),
    inletCelsius: inletAt(state, timeMs),
    worker: pool === undefined ? '' : workerName(pool),
    boards,
  };
}

interface Core {
  readonly state: MinerState;
  readonly auth: AuthState;
  readonly requests: RequestRecord;
  readonly place: MinerPlace;
}

/** Everything after the socket: record, route, reply. */
function replyTo(core: Core, asked: { readonly request: IncomingMessage; readonly body: Buffer; readonly timeMs: number }): Reply {
  const { state, auth, requests, place } = core;
  const { request, body, timeMs } = asked;
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://miner');
  const method = request.method ?? 'GET';
  const path = pathname.startsWith('/api/v1/') ? pathname.slice('/api/v1'.length) : null;
  forgetBefore(auth, state.life.bootedAtMs);
  const apiKey = request.headers['x-api-key'];
  const credential: Credential = readCredential(auth, {
    authorization: request.headers.authorization, apiKey: typeof apiKey === 'string' ? apiKey : undefined,
  }, path ?? pathname);
  requests.add({ timeMs, method, path: pathname, query: searchParams.toString(), auth: credential.kind, authValid: credential.valid, body: recordedBody(body) });
  if (hasFault(state, 'stock_fallback')) return stockReply(timeMs);
  if (path !== null) return answerApi({ state, auth }, { method, path, query: searchParams, credential, body, contentType: request.headers['content-type'] ?? '', timeMs });
  if (method === 'GET' && pathname === '/docs/api-doc.json') return documentReply(state, place.apiDocument);
  return method === 'GET' ? spaIndex : { status: 405, body: '' };
}

async function serve(core: Core, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { state, place } = core;
  const arrivedMs = place.clock.now();
  advanceTo(state, arrivedMs);
  if (!httpReachable(state.life, arrivedMs)) {
    request.socket.resetAndDestroy();
    return;
  }
  const body = await readBody(request);
  const timeMs = place.clock.now();
  advanceTo(state, timeMs);
  const manner = mannerFor(state.faults, request.url ?? '/', request.method);
  const fate = manner?.kind === 'http_500' ? manner.params.mode : undefined;
  if (fate === 'ignored') {
    send(response, json({ restart_required: false, reboot_required: false }));
    return;
  }
  const reply = fate === 'undone' ? { status: 500, body: '' } : replyTo(core, { request, body, timeMs });
  if (manner !== undefined && isManner(manner.kind)) {
    sendBadly(manner.kind, { response, socket: request.socket, reply, milliseconds: manner.params.milliseconds });
    return;
  }
  send(response, reply);
}

/** A miner found mining has lived for so long when the clock starts, so that the pool's window is full. */
export const warmUpMs = 600_000;

export function createMiner(spec: MinerSpec, place: MinerPlace): Miner {
  const now = place.clock.now();
  const startMs = (spec.begin ?? 'mining') === 'mining' ? now - warmUpMs : now;
  const state = createState(spec, { seed: place.seed, startMs, host: place.host });
  begin(state, startMs);
  state.sink = place.sink;
  advanceTo(state, now);
  const core: Core = { state, auth: createAuth(spec.password ?? 'admin', state.seed), requests: createRequestRecord(), place };
  const server = createServer((request, response) => {
    serve(core, request, response).catch(() => request.socket.destroy());
  });
  server.on('connection', (socket) => {
    const now = place.clock.now();
    advanceTo(state, now);
    if (!httpReachable(state.life, now)) socket.resetAndDestroy();
  });
  const rpc = place.cgminerPort === null ? undefined : createRpcServer({
    description: 'cgminer 4.11.1', faults: () => state.faults,
    answer: (command, timeMs) => {
      advanceTo(state, timeMs);
      return rpcReply(state, command, timeMs);
    },
    record: (command, timeMs) => core.requests.add({ timeMs, method: 'TCP', path: command, query: '', auth: 'none', authValid: false, body: null }),
    now: () => place.clock.now(),
  }, { host: place.host, port: place.cgminerPort, what: `cgminer API of miner ${spec.name}` });
  const rpcWanted = () => !hasFault(state, 'unplugged') && !state.faults.some(({ kind }) => kind === 'rpc_refused');
  let port = place.port;
  const upToDate = () => {
    const now = place.clock.now();
    advanceTo(state, now);
    return now;
  };
  const open = async () => {
    port = await listen(server, { host: place.host, port }, `miner ${spec.name}`);
    await rpc?.setOpen(rpcWanted());
  };
  return {
    spec,
    name: spec.name,
    host: place.host,
    get port() {
      return port;
    },
    get address() {
      return `${place.host}:${port}`;
    },
    get url() {
      return `http://${place.host}:${port}`;
    },
    get cgminerPort() {
      return rpc?.port;
    },
    requests: core.requests,
    faults: () => state.faults,
    inject: async (kind, params = {}) => {
      injectFault(state, { kind, params }, upToDate());
      if (kind === 'unplugged') await close(server);
      await rpc?.setOpen(rpcWanted());
    },
    repair: async (kind) => {
      const repaired = repairFault(state, kind, upToDate());
      if (repaired.some((fault) => fault.kind === 'unplugged')) await open();
      await rpc?.setOpen(server.listening && rpcWanted());
      return repaired.length;
    },
    truth: () => truthOf(state, upToDate()),
    advance: () => {
      upToDate();
    },
    state: () => {
      upToDate();
      return state;
    },
    listen: open,
    close: async () => {
      await Promise.all([close(server), rpc?.setOpen(false)]);
    },
  };
}

