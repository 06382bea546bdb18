/** A simulated fleet as one value: miners, a pool, a clock, a control port. For tests, benches and the command. */
import { startAbacus, type Abacus } from './abacus/abacus.ts';
import type { CgiMinerSpec } from './cgi/machine.ts';
import { createCgiMiner } from './cgi/miner.ts';
import type { CgiMiner } from './cgi/miner.ts';
import { createClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { createControlPort } from './control-port.ts';
import type { ControlPort } from './control-port.ts';
import { cgminerPortFor, describeFleet, fleetYaml, placeFor } from './fleet.ts';
import { createMiner, warmUpMs } from './miner/miner.ts';
import type { Miner } from './miner/miner.ts';
import type { MinerSpec } from './miner/state.ts';
import { createPool } from './pool/pool.ts';
import type { Pool } from './pool/pool.ts';
import type { Crew } from './pool/crew.ts';
import { createCrew } from './pool/crew.ts';
import type { House } from './pool/house.ts';
import { createHouse } from './pool/house.ts';
import type { PoolKind, PoolSettings } from './pool/kinds.ts';
import { kinds, poolKinds } from './pool/kinds.ts';
import { createMarket } from './pool/market.ts';

/** `l3plus` is VNish 3.x behind CGI scripts; all others have the REST API. */
export type AnySpec = MinerSpec | CgiMinerSpec;
export type AnyMiner = Miner | CgiMiner;

export interface Place { readonly host?: string; readonly port?: number; readonly cgminerPort?: number | null }

export interface SimulatorOptions {
  /** A number makes the demo fleet of that size; a list is taken as it is. Default 12. */
  readonly miners?: number | readonly AnySpec[];
  readonly seed?: number;
  /** Simulated seconds per real second; 0 = only `clock.advance` moves time. Default 1. */
  readonly speed?: number;
  /** Simulated Unix time at the start, ms. Default: real time, or 2026-06-01 12:00 UTC when speed is 0. */
  readonly startMs?: number;
  readonly host?: string;
  /** 0 = the system picks a port for each miner (default). */
  readonly firstPort?: number;
  readonly addressMode?: 'port' | 'address';
  /** Of the cgminer API (TCP 4028): the first miner's, or with address mode everyone's; 0 = the system picks for each (default), null = none. */
  readonly cgminerPort?: number | null;
  /** 0 = the system picks (default). */
  readonly poolPort?: number;
  readonly poolApiKey?: string;
  /** Pools besides ProHashing, each on a port of its own (0 = the system picks); and settings of any pool. */
  readonly pools?: Readonly<Partial<Record<PoolKind, PoolSettings & { readonly port?: number }>>>;
  /** Prices and network difficulties walk; default true. */
  readonly marketWalks?: boolean;
  /** Control port; 0 = the system picks, null = none. Default null. */
  readonly controlPort?: number | null;
  /** Abacus.AI; 0 = the system picks, null = none. Default null. */
  readonly abacusPort?: number | null;
  /** Demo fleet only: miners have been mining for days. Default true. */
  readonly warm?: boolean;
  /** Text of the vendor's OpenAPI document to serve at `/docs/api-doc.json`, by firmware. */
  readonly apiDocuments?: Readonly<Record<string, string>>;
}

export interface Simulator {
  readonly clock: Clock;
  /** All miners with the REST API, in order. */
  readonly miners: readonly Miner[];
  /** All L3+, in order. */
  readonly cgiMiners: readonly CgiMiner[];
  /** Both kinds, in order. */
  readonly all: readonly AnyMiner[];
  /** With the REST API. Throws when there is none of that name. */
  miner(name: string): Miner;
  /** An L3+. Throws when there is none of that name. */
  cgiMiner(name: string): CgiMiner;
  addMiner(spec: MinerSpec, place?: Place): Promise<Miner>;
  addMiner(spec: AnySpec, place?: Place): Promise<AnyMiner>;
  removeMiner(name: string): Promise<void>;
  /** ProHashing. */
  readonly pool: Pool;
  /** All that run, ProHashing first. */
  readonly pools: readonly Pool[];
  /** Their accounts, the market, and work that went elsewhere. */
  readonly house: House;
  /** Workers at the pools without a machine: orphans, to a pool's reader. */
  readonly orphans: Crew;
  readonly control: ControlPort | null;
  readonly abacus: Abacus | null;
  /** Brings every miner up to the clock at once, and the pools' accounts with them; reading does so one by one. */
  advance(): void;
  fleetYaml(): string;
  stop(): Promise<void>;
}

const manualStart = Date.UTC(2026, 5, 1, 12, 0, 0);

function isCgi(miner: AnyMiner): miner is CgiMiner {
  return miner.spec.model === 'l3plus';
}

function isRest(miner: AnyMiner): miner is Miner {
  return !isCgi(miner);
}

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { seed = 1, speed = 1, host = '127.0.0.1', firstPort = 0, addressMode = 'port', cgminerPort = 0, poolPort = 0, controlPort = null, abacusPort = null, warm = true } = options;
  const clock = createClock({ startMs: options.startMs ?? (speed === 0 ? manualStart : Date.now()), speed });
  const bornMs = clock.now();
  const own = options.pools ?? {};
  const prohashing: PoolSettings = { ...(warm ? { opening: { LTC: 0.21, DOGE: 118.5 } } : {}), ...(options.poolApiKey === undefined ? {} : { apiKey: options.poolApiKey }), ...own.prohashing };
  const house = createHouse({ seed, startMs: bornMs - warmUpMs, market: createMarket({ seed, walks: options.marketWalks ?? true }), pools: { ...own, prohashing } });
  const { sink } = house;
  const orphans = createCrew({ sink, seed, startMs: bornMs, stepMs: 15_000, url: kinds.prohashing.stratum });
  const { miners: wanted = 12 } = options;
  const specs = typeof wanted === 'number' ? describeFleet({ miners: wanted, seed, warm }) : wanted;
  const all: AnyMiner[] = [];
  const create = (spec: AnySpec, place: { readonly host: string; readonly port: number; readonly cgminerPort: number | null }): AnyMiner =>
    (spec.model === 'l3plus' ? createCgiMiner(spec, { clock, seed, ...place, sink })
      : createMiner(spec, { clock, seed, ...place, sink, apiDocument: options.apiDocuments?.[spec.firmware] }));
  const advance = () => {
    // The time first: the miners then go at least that far, and no step is settled half full.
    const timeMs = clock.now();
    for (const miner of all) miner.advance();
    orphans.advanceTo(timeMs);
    house.settle(timeMs);
  };
  const add = async (spec: AnySpec, place: Place): Promise<AnyMiner> => {
    if (all.some((other) => other.name === spec.name)) throw new Error(`there is already a miner ${spec.name}`);
    const added = create(spec, { host: place.host ?? host, port: place.port ?? 0, cgminerPort: place.cgminerPort === undefined ? 0 : place.cgminerPort });
    try {
      await added.listen();
    } catch (problem) {
      // One of its two ports may be open already.
      await added.close();
      throw problem;
    }
    all.push(added);
    return added;
  };
  function find<Kind extends AnyMiner>(kind: readonly Kind[], name: string): Kind {
    const found = kind.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`there is no miner ${name}; there are ${kind.map((one) => one.name).join(', ')}`);
    return found;
  }
  const pools = poolKinds.flatMap((kind) => {
    const desk = house.desks.get(kind);
    const port = own[kind]?.port ?? (kind === 'prohashing' ? poolPort : 0);
    return desk === undefined ? [] : [createPool({ clock, desk, market: house.market, seed, host, port, advanceMiners: advance })];
  });
  const [pool] = pools;
  if (pool === undefined) throw new Error('ProHashing always runs');
  const simulator: Omit<Simulator, 'control' | 'abacus'> & { control: ControlPort | null; abacus: Abacus | null } = {
    clock, all,
    get miners() {
      return all.filter(isRest);
    },
    get cgiMiners() {
      return all.filter(isCgi);
    },
    miner: (name) => find(all.filter(isRest), name),
    cgiMiner: (name) => find(all.filter(isCgi), name),
    // The kind of the miner follows from that of its description.
    addMiner: ((spec: AnySpec, place: Place = {}) => add(spec, place)) as Simulator['addMiner'],
    removeMiner: async (name) => {
      const gone = find(all, name);
      all.splice(all.indexOf(gone), 1);
      await gone.close();
    },
    pool, pools, house, orphans,
    control: null,
    abacus: null,
    advance,
    fleetYaml: () => fleetYaml(all),
    stop: async () => {
      await Promise.all([...all.map((one) => one.close()), ...pools.map((one) => one.close()), simulator.control?.close(), simulator.abacus?.close()]);
    },
  };
  try {
    for (const [index, spec] of specs.entries()) {
      const place = placeFor(index, { host, firstPort, mode: addressMode });
      await add(spec, { ...place, cgminerPort: cgminerPortFor(index, { cgminerPort, mode: addressMode }) });
    }
    await Promise.all(pools.map((one) => one.listen()));
    if (abacusPort !== null) simulator.abacus = await startAbacus({ host, port: abacusPort });
    if (controlPort !== null) {
      simulator.control = createControlPort(simulator, { host, port: controlPort });
      await simulator.control.listen();
    }
  } catch (problem) {
    await simulator.stop();
    throw problem;
  }
  return simulator;
}
