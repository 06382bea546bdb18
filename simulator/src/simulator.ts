/** A simulated fleet as one value: miners, a pool, a clock, a control port. For tests, benches and the command. */
import { createClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { createControlPort } from './control-port.ts';
import type { ControlPort } from './control-port.ts';
import { describeFleet, fleetYaml, placeFor } from './fleet.ts';
import { createMiner, warmUpMs } from './miner/miner.ts';
import type { Miner } from './miner/miner.ts';
import type { MinerSpec } from './miner/state.ts';
import { createPool } from './pool/pool.ts';
import type { Pool } from './pool/pool.ts';
import { createLedger, fakeApiKey } from './pool/prohashing.ts';

export interface SimulatorOptions {
  /** A number makes the demo fleet of that size; a list is taken as it is. Default 12. */
  readonly miners?: number | readonly MinerSpec[];
  readonly seed?: number;
  /** Simulated seconds per real second; 0 = only `clock.advance` moves time. Default 1. */
  readonly speed?: number;
  /** Simulated Unix time at the start, ms. Default: real time, or 2026-06-01 12:00 UTC when speed is 0. */
  readonly startMs?: number;
  readonly host?: string;
  /** 0 = the system picks a port for each miner (default). */
  readonly firstPort?: number;
  readonly addressMode?: 'port' | 'address';
  /** 0 = the system picks (default). */
  readonly poolPort?: number;
  readonly poolApiKey?: string;
  /** Control port; 0 = the system picks, null = none. Default null. */
  readonly controlPort?: number | null;
  /** Demo fleet only: miners have been mining for days. Default true. */
  readonly warm?: boolean;
  /** Text of the vendor's OpenAPI document to serve at `/docs/api-doc.json`, by firmware. */
  readonly apiDocuments?: Readonly<Record<string, string>>;
}

export interface Simulator {
  readonly clock: Clock;
  /** All miners, in order. */
  readonly miners: readonly Miner[];
  /** Throws when there is no miner of that name. */
  miner(name: string): Miner;
  addMiner(spec: MinerSpec, place?: { readonly host?: string; readonly port?: number }): Promise<Miner>;
  removeMiner(name: string): Promise<void>;
  readonly pool: Pool;
  readonly control: ControlPort | null;
  /** Brings every miner up to the clock at once; reading does so one by one. */
  advance(): void;
  fleetYaml(): string;
  stop(): Promise<void>;
}

const manualStart = Date.UTC(2026, 5, 1, 12, 0, 0);

export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { seed = 1, speed = 1, host = '127.0.0.1', firstPort = 0, addressMode = 'port', poolPort = 0, controlPort = null, warm = true } = options;
  const clock = createClock({ startMs: options.startMs ?? (speed === 0 ? manualStart : Date.now()), speed });
  const apiKey = options.poolApiKey ?? fakeApiKey;
  const ledger = createLedger({ seed, apiKey, startMs: clock.now() - warmUpMs, balances: warm ? { LTC: 0.21, DOGE: 118.5 } : {} });
  const { miners: wanted = 12 } = options;
  const specs = typeof wanted === 'number' ? describeFleet({ miners: wanted, seed, warm }) : wanted;
  const miners: Miner[] = [];
  const create = (spec: MinerSpec, place: { readonly host: string; readonly port: number }) =>
    createMiner(spec, { clock, seed, ...place, sink: ledger, apiDocument: options.apiDocuments?.[spec.firmware] });
  const advance = () => {
    for (const miner of miners) miner.advance();
  };
  const pool = createPool({ clock, ledger, apiKey, host, port: poolPort, advanceMiners: advance });
  const miner = (name: string) => {
    const found = miners.find((candidate) => candidate.name === name);
    if (found === undefined) throw new Error(`there is no miner ${name}; there are ${miners.map((one) => one.name).join(', ')}`);
    return found;
  };

  const simulator: Omit<Simulator, 'control'> & { control: ControlPort | null } = {
    clock,
    miners,
    miner,
    addMiner: async (spec, place = {}) => {
      if (miners.some((other) => other.name === spec.name)) throw new Error(`there is already a miner ${spec.name}`);
      const added = create(spec, { host: place.host ?? host, port: place.port ?? 0 });
      await added.listen();
      miners.push(added);
      return added;
    },
    removeMiner: async (name) => {
      const gone = miner(name);
      miners.splice(miners.indexOf(gone), 1);
      await gone.close();
    },
    pool,
    control: null,
    advance,
    fleetYaml: () => fleetYaml(miners),
    stop: async () => {
      await Promise.all([...miners.map((one) => one.close()), pool.close(), simulator.control?.close()]);
    },
  };
  try {
    for (const [index, spec] of specs.entries()) {
      const added = create(spec, placeFor(index, { host, firstPort, mode: addressMode }));
      await added.listen();
      miners.push(added);
    }
    await pool.listen();
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
