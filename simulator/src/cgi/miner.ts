/** An L3+ with VNish 3.9.0 on the network: CGI scripts behind a digest login (vnish-api.md 5). Not part of the demo fleet. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { close, listen } from '../listener.ts';
import { createRequestRecord } from '../miner/request-record.ts';
import type { RequestRecord } from '../miner/request-record.ts';
import { seedFor } from '../random.ts';
import { challenge, createDoor, enter } from './digest.ts';
import type { DigestDoor } from './digest.ts';
import { advanceMachine, boardMegahashes, chipCelsius, createMachine, enterPhase, fanRpm, l3plus } from './machine.ts';
import type { CgiMinerSpec, CgiPhase, Machine } from './machine.ts';
import { minerStatus, systemInfo } from './pages.ts';

export const cgiFaults = ['unplugged', 'board_missing', 'invalid_json'] as const;
export type CgiFault = (typeof cgiFaults)[number];

/** What is really going on, for comparing with what was measured. */
export interface CgiTruth {
  readonly phase: CgiPhase;
  readonly hashesPerSecond: number;
  /** Boards there are, missing ones left out. */
  readonly boards: readonly { readonly board: number; readonly hashesPerSecond: number; readonly pcbCelsius: number; readonly chipCelsius: number }[];
  readonly fansRpm: readonly number[];
  /** While mining, boards, controller and fans. */
  readonly wallWatts: number;
}

export interface CgiMiner {
  readonly spec: CgiMinerSpec;
  readonly name: string;
  /** `host:port`, known once listening. */
  readonly address: string;
  readonly url: string;
  readonly requests: RequestRecord;
  /** `board` for board_missing, counted from 1 (default 1). */
  inject(fault: CgiFault, board?: number): Promise<void>;
  /** Takes every fault away. */
  repair(): Promise<void>;
  truth(): CgiTruth;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export interface CgiPlace { readonly clock: Clock; readonly seed: number; readonly host: string; readonly port: number }

interface Answer { readonly status: number; readonly body: string }

const ok = (body = ''): Answer => ({ status: 200, body });
const bodyLimit = 65_536;

async function readForm(request: IncomingMessage): Promise<Record<string, string>> {
  let text = '';
  for await (const chunk of request) if (text.length <= bodyLimit) text += String(chunk);
  return Object.fromEntries(new URLSearchParams(text));
}

/** The scripts, each with its method; a script asked with another is not found. */
function run(machine: Machine, asked: { readonly script: string; readonly form: Record<string, string>; readonly host: string; readonly invalidJson: boolean }, timeMs: number): Answer {
  const { script, form, host, invalidJson } = asked;
  switch (script) {
    case 'GET get_system_info.cgi':
      return ok(JSON.stringify(systemInfo(machine, host)));
    case 'GET get_miner_status.cgi': {
      const text = JSON.stringify(minerStatus(machine, timeMs));
      // In which way it is invalid is not told (vnish-api.md 5); a comma too many is ours [S].
      return ok(invalidJson ? text.replace(/\]\}$/, ',]}') : text);
    }
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
      return { status: 404, body: '<html><body><h1>404 - Not Found</h1></body></html>\n' };
  }
}

function reply(response: ServerResponse, { status, body }: Answer, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'server': 'lighttpd/1.4.32', 'content-type': 'text/html', 'content-length': Buffer.byteLength(body), ...headers });
  response.end(body);
}

interface Parts { readonly machine: Machine; readonly door: DigestDoor; readonly requests: RequestRecord; readonly faults: Set<CgiFault>; readonly place: CgiPlace }

async function serve({ machine, door, requests, faults, place }: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> {
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
  if (entry.outcome === 'out') {
    reply(response, { status: 401, body: '<html><body><h1>401 - Unauthorized</h1></body></html>\n' }, { 'www-authenticate': challenge(door, timeMs, entry.stale) });
    return;
  }
  reply(response, run(machine, { script: `${method} ${pathname.replace(/^\/cgi-bin\//, '')}`, form, host: place.host, invalidJson: faults.has('invalid_json') }, timeMs));
}

export function createCgiMiner(spec: CgiMinerSpec, place: CgiPlace): CgiMiner {
  const seed = seedFor(place.seed, spec.name);
  const machine = createMachine(spec, seed, place.clock.now());
  const faults = new Set<CgiFault>();
  const requests = createRequestRecord();
  const parts: Parts = { machine, door: createDoor(spec.password ?? 'root', seed), requests, faults, place };
  const server = createServer((request, response) => {
    serve(parts, request, response).catch(() => request.socket.destroy());
  });
  let { port } = place;
  const open = async () => {
    port = await listen(server, { host: place.host, port }, `miner ${spec.name}`);
  };
  return {
    spec,
    name: spec.name,
    get address() {
      return `${place.host}:${port}`;
    },
    get url() {
      return `http://${place.host}:${port}`;
    },
    requests,
    inject: async (fault, board = 1) => {
      faults.add(fault);
      advanceMachine(machine, place.clock.now());
      if (fault === 'unplugged') await close(server);
      const broken = machine.boards[board - 1];
      if (fault === 'board_missing' && broken !== undefined) broken.missing = true;
    },
    repair: async () => {
      const now = place.clock.now();
      advanceMachine(machine, now);
      for (const board of machine.boards) board.missing = false;
      if (faults.has('unplugged')) {
        enterPhase(machine, 'booting', now);
        await open();
      }
      faults.clear();
    },
    truth: () => {
      const now = place.clock.now();
      advanceMachine(machine, now);
      const boards = machine.boards.filter(({ missing }) => !missing).map((board) => ({
        board: board.board, hashesPerSecond: boardMegahashes(machine, board) * 1e6, pcbCelsius: board.pcbCelsius, chipCelsius: chipCelsius(machine, board),
      }));
      return {
        phase: machine.phase, boards, hashesPerSecond: boards.reduce((total, { hashesPerSecond }) => total + hashesPerSecond, 0), wallWatts: machine.wallWatts,
        fansRpm: Array.from({ length: l3plus.fans }, (_, index) => fanRpm(machine, index + 1, now)),
      };
    },
    listen: open,
    close: () => close(server),
  };
}
