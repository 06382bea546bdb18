/** JSON over HTTP by which a person or a test turns the simulator: faults, clock, recorded requests, fleet. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { macFor, poolsFor } from './fleet.ts';
import { close, listen } from './listener.ts';
import { isFaultKind, readFault, UnknownFault } from './miner/faults.ts';
import { answerSim } from './pool/control.ts';
import { isPoolMode, poolModes } from './pool/pool.ts';
import { Refused } from './refused.ts';
import type { AnyMiner, AnySpec, Simulator } from './simulator.ts';

export interface ControlPort {
  readonly port: number;
  readonly url: string;
  listen(): Promise<void>;
  close(): Promise<void>;
}

interface Asked {
  readonly method: string;
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

type Answer = { readonly status?: number; readonly json: unknown } | { readonly yaml: string };

async function readAsked(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  let body: unknown = {};
  try {
    if (text !== '') body = JSON.parse(text);
  } catch {
    throw new Refused(400, 'the body is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Refused(400, 'the body must be a JSON object');
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
  return {
    method: request.method ?? 'GET', parts: pathname.split('/').filter((part) => part !== '').map(decodeURIComponent), query: searchParams,
    body: body as Record<string, unknown>,
  };
}

function describe(miner: AnyMiner): object {
  const { spec } = miner;
  return {
    name: spec.name, address: miner.address, cgminerPort: miner.cgminerPort ?? null, mac: spec.mac, model: spec.model, firmware: spec.firmware,
    site: spec.site ?? null, rack: spec.rack ?? null, circuit: spec.circuit ?? null,
    faults: miner.faults().map(({ kind, params, sinceMs }) => ({ kind, ...params, sinceMs })), truth: miner.truth(),
  };
}

function find(simulator: Omit<Simulator, 'control'>, name: string): AnyMiner {
  const miner = simulator.all.find((one) => one.name === name);
  if (miner === undefined) throw new Refused(404, `there is no miner ${name}`);
  return miner;
}

function readSpec(simulator: Omit<Simulator, 'control'>, body: Asked['body']): AnySpec {
  const { name, model = 'l9', begin = 'boot' } = body;
  if (typeof name !== 'string' || !/^[A-Za-z0-9_.-]+$/.test(name)) throw new Refused(400, 'name must be letters, digits, dot, dash or underscore');
  if (simulator.all.some((miner) => miner.name === name)) throw new Refused(409, `there is already a miner ${name}`);
  const text = (field: string) => (typeof body[field] === 'string' ? body[field] : undefined);
  const password = text('password');
  const common = {
    name, mac: text('mac') ?? macFor(7919, 4096 + simulator.all.length), pools: poolsFor(name), site: text('site') ?? 'garage', rack: text('rack') ?? 'Z', circuit: text('circuit') ?? 'Z1',
    ...(password === undefined ? {} : { password }),
  };
  if (model === 'l3plus' || model === 'l3+') {
    if ((body['firmware'] ?? '3.9.0') !== '3.9.0') throw new Refused(400, 'firmware of an l3plus must be 3.9.0');
    if (begin !== 'mining' && begin !== 'boot' && begin !== 'sleeping') throw new Refused(400, 'begin of an l3plus must be mining, boot or sleeping');
    return { ...common, model: 'l3plus', firmware: '3.9.0', begin };
  }
  const firmware = body['firmware'] ?? '1.3.4';
  if (model !== 'l7' && model !== 'l9' && model !== 's21pro') throw new Refused(400, 'model must be l7, l9, s21pro or l3plus');
  if (firmware !== '1.2.7' && firmware !== '1.3.4') throw new Refused(400, 'firmware must be 1.2.7 or 1.3.4');
  if (begin !== 'mining' && begin !== 'boot' && begin !== 'stopped') throw new Refused(400, 'begin must be mining, boot or stopped');
  const preset = text('preset');
  return { ...common, model, firmware, begin, ...(preset === undefined ? {} : { preset }) };
}

async function answerFaults(miner: AnyMiner, { method, parts, body }: Asked): Promise<Answer> {
  const kind = parts[3];
  if (method === 'GET' && kind === undefined) return { json: miner.faults() };
  if (method === 'POST' && kind === undefined) {
    const fault = readFault(body);
    await miner.inject(fault.kind, fault.params);
    return { status: 201, json: describe(miner) };
  }
  if (method === 'DELETE') {
    if (kind !== undefined && !isFaultKind(kind)) throw new Refused(400, `there is no fault ${kind}`);
    const repaired = await miner.repair(kind);
    return { json: { repaired, ...describe(miner) } };
  }
  throw new Refused(405, `${method} is not possible here`);
}

function answerRequests(miner: AnyMiner, { method, query }: Asked): Answer {
  if (method === 'DELETE') {
    miner.requests.clear();
    return { json: { cleared: true } };
  }
  return { json: miner.requests.list({ method: query.get('method') ?? undefined, path: query.get('path') ?? undefined }) };
}

async function answerMiners(simulator: Omit<Simulator, 'control'>, asked: Asked): Promise<Answer> {
  const { method, parts, body } = asked;
  const [, name, part] = parts;
  if (name === undefined) {
    if (method === 'GET') return { json: simulator.all.map(describe) };
    if (method !== 'POST') throw new Refused(405, `${method} is not possible here`);
    const [port, cgminerPort] = ['port', 'cgminerPort'].map((field) => (typeof body[field] === 'number' ? body[field] : 0));
    return { status: 201, json: describe(await simulator.addMiner(readSpec(simulator, body), { port: port ?? 0, cgminerPort: cgminerPort ?? 0 })) };
  }
  const miner = find(simulator, name);
  if (part === 'faults') return answerFaults(miner, asked);
  if (part === 'requests') return answerRequests(miner, asked);
  if (part !== undefined) throw new Refused(404, `a miner has no ${part}`);
  if (method === 'DELETE') {
    await simulator.removeMiner(name);
    return { json: { removed: name } };
  }
  return { json: describe(miner) };
}

function answerClock(simulator: Omit<Simulator, 'control'>, { method, body }: Asked): Answer {
  const { clock } = simulator;
  if (method === 'POST') {
    const { speed, advanceSeconds } = body;
    for (const [name, value] of Object.entries({ speed, advanceSeconds })) {
      if (value !== undefined && (typeof value !== 'number' || !(value >= 0))) throw new Refused(400, `${name} must be a number, 0 or more`);
    }
    if (typeof speed === 'number') clock.setSpeed(speed);
    if (typeof advanceSeconds === 'number') clock.advance(advanceSeconds * 1000);
  }
  return { json: { time: new Date(clock.now()).toISOString(), timeMs: clock.now(), speed: clock.speed() } };
}

async function answerPool(simulator: Omit<Simulator, 'control'>, { method, parts, body }: Asked): Promise<Answer> {
  simulator.advance();
  const { pool } = simulator;
  if (parts[1] === 'requests') {
    if (method === 'DELETE') pool.clearRequests();
    return { json: pool.requests() };
  }
  if (parts[1] === 'mode' && method === 'POST') {
    const { mode } = body;
    if (!isPoolMode(mode)) throw new Refused(400, `mode must be one of ${poolModes.join(', ')}`);
    await pool.setMode(mode);
  }
  return { json: { url: pool.url, apiKey: pool.apiKey, mode: pool.mode(), workers: Object.fromEntries(pool.ledger.workerHashrates(simulator.clock.now())) } };
}

type Room = (simulator: Omit<Simulator, 'control'>, asked: Asked) => Answer | Promise<Answer>;

const rooms: ReadonlyMap<string, Room> = new Map<string, Room>([
  ['miners', answerMiners],
  ['pool', answerPool],
  ['sim', async (simulator, asked) => ({ json: await answerSim(simulator, asked) })],
  ['clock', answerClock],
  ['fleet.yaml', (simulator) => ({ yaml: simulator.fleetYaml() })],
  ['healthy', (simulator) => ({ json: { healthy: true, miners: simulator.all.length } })],
]);

async function answer(simulator: Omit<Simulator, 'control'>, asked: Asked): Promise<Answer> {
  const room = rooms.get(asked.parts[0] ?? '');
  if (room === undefined) throw new Refused(404, `there are ${[...rooms.keys()].map((name) => `/${name}`).join(', ')}`);
  return room(simulator, asked);
}

function problemAnswer(problem: unknown): Answer {
  if (problem instanceof Refused) return { status: problem.status, json: { error: problem.message } };
  if (problem instanceof UnknownFault) return { status: 400, json: { error: problem.message } };
  return { status: 500, json: { error: problem instanceof Error ? problem.message : String(problem) } };
}

function sendAnswer(response: ServerResponse, given: Answer): void {
  if ('yaml' in given) {
    response.writeHead(200, { 'content-type': 'application/yaml' });
    response.end(given.yaml);
    return;
  }
  response.writeHead(given.status ?? 200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(given.json)}\n`);
}

export function createControlPort(simulator: Omit<Simulator, 'control'>, place: { readonly host: string; readonly port: number }): ControlPort {
  const server = createServer((request, response) => {
    readAsked(request).then((asked) => answer(simulator, asked)).catch(problemAnswer).then((given) => sendAnswer(response, given))
      .catch(() => response.destroy());
  });
  let { port } = place;
  return {
    get port() {
      return port;
    },
    get url() {
      return `http://${place.host}:${port}`;
    },
    listen: async () => {
      port = await listen(server, { host: place.host, port }, 'control port');
    },
    close: () => close(server),
  };
}
