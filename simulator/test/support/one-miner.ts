/** One simulated miner met over real HTTP, with a clock that only the test moves. */
import { Agent, request } from 'undici';
import type { Miner } from '../../src/miner/miner.ts';
import type { MinerSpec } from '../../src/miner/state.ts';
import { poolsFor } from '../../src/fleet.ts';
import { startSimulator } from '../../src/simulator.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator.ts';
import type { Replies, Status, SummaryMiner } from './replies.ts';

export interface Received<Body = unknown> {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers: Record<string, string | string[] | undefined>;
  /** The body parsed and taken for what the test says it is; throws when it isn't JSON. */
  // The one place where tests name a reply's type.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
  json<T = Body>(): T;
}

/** Asks without keep-alive, so that every request is a connection of its own. */
export async function ask(url: string, options: { method?: string; body?: unknown; headers?: Record<string, string>; timeoutMs?: number } = {}): Promise<Received> {
  const agent = new Agent({ pipelining: 0 });
  try {
    const { method = 'GET', body, headers = {}, timeoutMs = 4000 } = options;
    const { statusCode, headers: got, body: stream } = await request(url, {
      method: method as 'GET', dispatcher: agent, headersTimeout: timeoutMs, bodyTimeout: timeoutMs, signal: AbortSignal.timeout(timeoutMs),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await stream.text();
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
    return { status: statusCode, type: String(got['content-type'] ?? ''), text, headers: got, json: <T>() => JSON.parse(text) as T };
  } finally {
    await agent.destroy();
  }
}

export interface Bench {
  readonly simulator: Simulator;
  readonly miner: Miner;
  /** Path below `/api/v1`. */
  get<Path extends keyof Replies>(path: Path, headers?: Record<string, string>): Promise<Received<Replies[Path]>>;
  get(path: string, headers?: Record<string, string>): Promise<Received>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Received>;
  /** Headers of a fresh session. */
  unlock(password?: string): Promise<{ authorization: string }>;
  /** POST with a fresh session. */
  command(path: string, body?: unknown): Promise<Received>;
  summary(): Promise<SummaryMiner>;
  status(): Promise<Status>;
  /** Lets simulated seconds pass. */
  after(seconds: number): void;
}

export function benchOf(simulator: Simulator, miner: Miner): Bench {
  const url = (path: string) => `${miner.url}/api/v1${path}`;
  const bench: Bench = {
    simulator,
    miner,
    get: <T>(path: string, headers: Record<string, string> = {}) => ask(url(path), { headers }) as Promise<Received<T>>,
    post: (path, body, headers = {}) => ask(url(path), { method: 'POST', body, headers }),
    unlock: async (password = 'admin') => {
      const { token } = (await bench.post('/unlock', { pw: password })).json<{ token: string }>();
      return { authorization: `Bearer ${token}` };
    },
    command: async (path, body) => bench.post(path, body, await bench.unlock()),
    summary: async () => {
      const { miner: told } = (await bench.get('/summary')).json();
      if (told === null) throw new Error('there is no summary yet');
      return told;
    },
    status: async () => (await bench.get('/status')).json(),
    after: (seconds) => simulator.clock.advance(seconds * 1000),
  };
  return bench;
}

const running: Simulator[] = [];

export async function startManual(options: SimulatorOptions): Promise<Simulator> {
  const simulator = await startSimulator({ speed: 0, ...options });
  running.push(simulator);
  return simulator;
}

export async function oneMiner(spec: Partial<MinerSpec> = {}): Promise<Bench> {
  const name = spec.name ?? 'l9-01';
  const simulator = await startManual({
    miners: [{ name, model: 'l9', firmware: '1.3.4', mac: '02:51:00:00:00:01', pools: poolsFor(name), ...spec }],
  });
  return benchOf(simulator, simulator.miner(name));
}

/** For `afterEach`. */
export async function stopAll(): Promise<void> {
  await Promise.all(running.splice(0).map((simulator) => simulator.stop()));
}
