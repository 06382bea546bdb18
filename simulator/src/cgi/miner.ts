/** An L3+ with VNish 3.9.0 on the network: CGI scripts behind a digest login, and TCP 4028 (vnish-api.md 5). Not part of the demo fleet. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { close, listen } from '../listener.ts';
import type { ActiveFault, FaultKind, FaultParams } from '../miner/faults.ts';
import { isManner, isRpcManner, samePlace, UnknownFault } from '../miner/faults.ts';
import { mannerFor, send, sendBadly } from '../miner/manners.ts';
import { createRequestRecord } from '../miner/request-record.ts';
import type { RequestRecord } from '../miner/request-record.ts';
import type { Reply } from '../miner/router.ts';
import { workerName } from '../miner/shares.ts';
import type { ShareSink } from '../miner/state.ts';
import { seedFor } from '../random.ts';
import { createRpcServer } from '../rpc/server.ts';
import { challenge, createDoor, enter } from './digest.ts';
import type { DigestDoor } from './digest.ts';
import { activePool, advanceMachine, boardMegahashes, chipCelsius, createMachine, enterPhase, fanRpm, isMissing, l3plus } from './machine.ts';
import type { CgiMinerSpec, CgiPhase, Machine } from './machine.ts';
import { chipHashrates, minerStatus, systemInfo } from './pages.ts';
import { rpcReply } from './rpc.ts';

/** Troubles of the machine that an L3+ can have; all manners of HTTP and of TCP 4028 besides. */
export const cgiConditions = ['board_missing', 'board_failed', 'chips_bad', 'chip_overheat', 'fan_lost', 'pool_down', 'hot_inlet', 'stock_fallback', 'unplugged'] as const;

/** What is really going on, for comparing with what was measured. */
export interface CgiTruth {
  readonly phase: CgiPhase;
  readonly hashesPerSecond: number;
  /** Boards there are, missing ones left out. */
  readonly boards: readonly { readonly board: number; readonly hashesPerSecond: number; readonly pcbCelsius: number; readonly chipCelsius: number }[];
  readonly fansRpm: readonly number[];
  /** While mining, boards, controller and fans. */
  readonly wallWatts: number;
  /** Name at the pool in use; empty when there is none. */
  readonly worker: string;
}

export interface CgiMiner {
  readonly spec: CgiMinerSpec;
  readonly name: string;
  readonly host: string;
  /** Known once listening. */
  readonly port: number;
  /** Of the cgminer API (TCP 4028 on a real one); known once listening, undefined where it has none. */
  readonly cgminerPort: number | undefined;
  /** `host:port`, known once listening. */
  readonly address: string;
  readonly url: string;
  readonly requests: RequestRecord;
  /** Active faults, oldest first. */
  faults(): readonly ActiveFault[];
  /** Lets something go wrong, now. `bad_json` without a path spoils the status alone, as the firmware is known for. Throws UnknownFault for what an L3+ cannot have. */
  inject(kind: FaultKind, params?: FaultParams): Promise<void>;
  /** Takes faults of one kind, or all, away. Returns how many there were. */
  repair(kind?: FaultKind): Promise<number>;
  truth(): CgiTruth;
  /** Brings the machine up to the clock. Reading does so by itself. */
  advance(): void;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export interface CgiPlace {
  readonly clock: Clock;
  readonly seed: number;
  readonly host: string;
  readonly port: number;
  /** 0: any; null: no cgminer API. */
  readonly cgminerPort: number | null;
  /** Where accepted shares go. */
  readonly sink: ShareSink | null;
}

const ok = (body = ''): Reply => ({ status: 200, body });
const bodyLimit = 65_536;

async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
  let text = '';
  for await (const chunk of request) if (text.length <= bodyLimit) text += String(chunk);
  return Object.fromEntries(new URLSearchParams(text));
}

/** The scripts, each with its method; a script asked with another is not found. */
function run(machine: Machine, asked: { readonly script: string; readonly form: Record<string, string>; readonly host: string }, timeMs: number): Reply {
  const { script, form, host } = asked;
  const notFound: Reply = { status: 404, body: '<html><body><h1>404 - Not Found</h1></body></html>\n' };
  switch (script) {
    case 'GET get_system_info.cgi':
      return ok(JSON.stringify(systemInfo(machine, host)));
    case 'GET get_miner_status.cgi':
      return ok(JSON.stringify(minerStatus(machine, timeMs)));
    case 'GET chip_hr.json':
      return machine.faults.some(({ kind }) => kind === 'stock_fallback') ? notFound : ok(JSON.stringify(chipHashrates(machine, timeMs)));
    case 'GET check.cgi':
      return ok(machine.phase === 'mining' ? '1\n' : '0\n');
    case 'GET reboot_cgminer.cgi':
      enterPhase(machine, 'starting', timeMs);
      return ok();
    case 'GET stop_bmminer.cgi':
      enterPhase(machine, 'stopped', timeMs);
      return ok();
    case 'GET reboot.cgi':
    case 'POST reboot.cgi':
      enterPhase(machine, 'booting', timeMs);
      return ok();
    case 'POST do_sleep_mode.cgi': {
      if (form['mode'] === '1') enterPhase(machine, 'sleeping', timeMs);
      else if (form['mode'] !== '0') return { status: 400, body: '' };
      else if (machine.phase === 'sleeping') enterPhase(machine, 'starting', timeMs);
      return ok();
    }
    default:
      return notFound;
  }
}

/** Everything comes as text/html from the same server. */
function dressed(reply: Reply): Reply {
  return { ...reply, contentType: 'text/html', headers: { server: 'lighttpd/1.4.32', ...reply.headers } };
}

interface Parts { readonly machine: Machine; readonly door: DigestDoor; readonly requests: RequestRecord; readonly place: CgiPlace }

async function serve({ machine, door, requests, place }: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const form = await readForm(request);
  const timeMs = place.clock.now();
  advanceMachine(machine, timeMs);
  if (machine.phase === 'booting') {
    request.socket.resetAndDestroy();
    return;
  }
  const { method = 'GET', url = '/' } = request;
  const { pathname, search } = new URL(url, 'http://miner');
  const entry = enter(door, { authorization: request.headers.authorization, method, url }, timeMs);
  const tried = entry.outcome === 'in' || entry.tried;
  requests.add({
    timeMs, method, path: pathname, query: search.slice(1), auth: tried ? 'digest' : 'none', authValid: entry.outcome === 'in',
    body: Object.keys(form).length === 0 ? null : form,
  });
  const reply = dressed(entry.outcome === 'in' ? run(machine, { script: `${method} ${pathname.replace(/^\/cgi-bin\//, '')}`, form, host: place.host }, timeMs)
    : { status: 401, body: '<html><body><h1>401 - Unauthorized</h1></body></html>\n', headers: { 'www-authenticate': challenge(door, timeMs, entry.stale) } });
  const manner = mannerFor(machine.faults, pathname);
  if (manner !== undefined && isManner(manner.kind)) sendBadly(manner.kind, { response, socket: request.socket, reply, milliseconds: manner.params.milliseconds });
  else send(response, reply);
}

const statusPath = '/cgi-bin/get_miner_status.cgi';

/** Troubles after which mining starts anew once they are repaired. */
const stops: ReadonlySet<FaultKind> = new Set<FaultKind>(['chip_overheat', 'fan_lost', 'hot_inlet']);

/** @throws UnknownFault */
function readable(kind: FaultKind, params: FaultParams): FaultParams {
  if (!isManner(kind) && !isRpcManner(kind) && !(cgiConditions as readonly string[]).includes(kind)) {
    throw new UnknownFault(`an L3+ cannot have ${kind}; it can have ${cgiConditions.join(', ')}, and every bad manner`);
  }
  return kind === 'bad_json' && params.path === undefined ? { ...params, path: statusPath } : params;
}

export function createCgiMiner(spec: CgiMinerSpec, place: CgiPlace): CgiMiner {
  const seed = seedFor(place.seed, spec.name);
  const machine = createMachine(spec, seed, { nowMs: place.clock.now(), sink: place.sink });
  const requests = createRequestRecord();
  const parts: Parts = { machine, door: createDoor(spec.password ?? 'root', seed), requests, place };
  const server = createServer((request, response) => {
    serve(parts, request, response).catch(() => request.socket.destroy());
  });
  const rpc = place.cgminerPort === null ? undefined : createRpcServer({
    description: 'cgminer 4.11.1', faults: () => machine.faults, now: () => place.clock.now(),
    answer: (command, timeMs) => {
      advanceMachine(machine, timeMs);
      return rpcReply(machine, command, timeMs);
    },
    record: (command, timeMs) => requests.add({ timeMs, method: 'TCP', path: command, query: '', auth: 'none', authValid: false, body: null }),
  }, { host: place.host, port: place.cgminerPort, what: `cgminer API of miner ${spec.name}` });
  const has = (kind: FaultKind) => machine.faults.some((fault) => fault.kind === kind);
  const rpcWanted = () => !has('unplugged') && !has('rpc_refused');
  let { port } = place;
  const open = async () => {
    port = await listen(server, { host: place.host, port }, `miner ${spec.name}`);
    await rpc?.setOpen(rpcWanted());
  };
  const upToDate = () => {
    const now = place.clock.now();
    advanceMachine(machine, now);
    return now;
  };
  return {
    spec,
    name: spec.name,
    host: place.host,
    get port() {
      return port;
    },
    get cgminerPort() {
      return rpc?.port;
    },
    get address() {
      return `${place.host}:${port}`;
    },
    get url() {
      return `http://${place.host}:${port}`;
    },
    requests,
    faults: () => machine.faults,
    inject: async (kind, params = {}) => {
      const fault: ActiveFault = { kind, params: readable(kind, params), sinceMs: upToDate() };
      machine.faults = [...machine.faults.filter((other) => !samePlace(other, fault)), fault];
      if (kind === 'unplugged') await close(server);
      await rpc?.setOpen(server.listening && rpcWanted());
    },
    repair: async (kind) => {
      const now = upToDate();
      const repaired = machine.faults.filter((fault) => kind === undefined || fault.kind === kind);
      machine.faults = machine.faults.filter((fault) => !repaired.includes(fault));
      if (repaired.some((fault) => fault.kind === 'unplugged')) {
        enterPhase(machine, 'booting', now);
        await open();
      } else if (machine.phase === 'stopped' && repaired.some((fault) => stops.has(fault.kind))) enterPhase(machine, 'starting', now);
      await rpc?.setOpen(server.listening && rpcWanted());
      return repaired.length;
    },
    truth: () => {
      const now = upToDate();
      const boards = machine.boards.filter((board) => !isMissing(machine, board)).map((board) => ({
        board: board.board, hashesPerSecond: boardMegahashes(machine, board, now) * 1e6, pcbCelsius: board.pcbCelsius, chipCelsius: chipCelsius(machine, board),
      }));
      const pool = spec.pools[activePool(machine) ?? -1];
      return {
        phase: machine.phase, boards, hashesPerSecond: boards.reduce((total, { hashesPerSecond }) => total + hashesPerSecond, 0), wallWatts: machine.wallWatts,
        fansRpm: Array.from({ length: l3plus.fans }, (_, index) => fanRpm(machine, index + 1, now)), worker: pool === undefined ? '' : workerName(pool),
      };
    },
    advance: () => void upToDate(),
    listen: open,
    close: async () => {
      await Promise.all([close(server), rpc?.setOpen(false)]);
    },
  };
}
