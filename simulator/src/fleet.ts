/** Which miners there are: the demo fleet of twelve, fleets of any size like it, and their description as YAML. */
import type { FirmwareVersion, ModelCode } from './hardware.ts';
import type { CgiMinerSpec } from './cgi/machine.ts';
import type { MinerSpec } from './miner/state.ts';
import { seedFor, uniform } from './random.ts';
import type { PoolSlot } from './miner/settings.ts';

interface Kind { readonly model: ModelCode; readonly firmware: FirmwareVersion }

const twelve: readonly Kind[] = [
  ...Array.from({ length: 5 }, (): Kind => ({ model: 'l9', firmware: '1.3.4' })),
  ...Array.from({ length: 3 }, (): Kind => ({ model: 'l9', firmware: '1.2.7' })),
  ...Array.from({ length: 3 }, (): Kind => ({ model: 'l7', firmware: '1.2.7' })),
  { model: 'l7', firmware: '1.3.4' },
];

/** Worker names ride in the pool password as `n=`; the account is the same for all (prohashing-api.md 3.4). */
export function poolsFor(worker: string): PoolSlot[] {
  const pass = `a=scrypt,c=litecoin,m=pplns,n=${worker}`;
  return [
    { url: 'us.mining.prohashing.com:3333', user: 'demo', pass },
    { url: 'eu.mining.prohashing.com:3333', user: 'demo', pass },
  ];
}

/** A locally administered MAC (second bit of the first byte set), different for every seed and place. */
export function macFor(seed: number, index: number): string {
  const byte = (i: number) => Math.floor(uniform(seed + 5, index * 8 + i) * 256).toString(16).padStart(2, '0');
  const low = (shift: number) => ((index >> shift) & 0xff).toString(16).padStart(2, '0');
  return ['02', '51', byte(1), byte(2), low(8), low(0)].join(':');
}

const rackSize = 4;

/** Some presets differ, as operators' do; most miners run the model's default. */
function presetFor(model: ModelCode, draw: number): string | undefined {
  if (draw < 0.7) return undefined;
  if (model === 'l9') return draw < 0.85 ? '3100' : '3570';
  return draw < 0.85 ? '2950' : '3425';
}

export interface FleetOptions {
  readonly miners: number;
  readonly seed: number;
  readonly warm: boolean;
}

/** The fleet in order: `l9-01`… and `l7-01`…, in racks of four; one rack is warm, one board weak. */
export function describeFleet({ miners, seed, warm }: FleetOptions): MinerSpec[] {
  const counts = { l7: 0, l9: 0, s21pro: 0 };
  return Array.from({ length: miners }, (_, index) => {
    const kind = twelve[index % twelve.length] ?? { model: 'l9', firmware: '1.3.4' };
    counts[kind.model] += 1;
    const name = `${kind.model}-${String(counts[kind.model]).padStart(miners > 99 ? 4 : 2, '0')}`;
    const rackNumber = Math.floor(index / rackSize);
    const rack = rackNumber < 26 ? String.fromCharCode(65 + rackNumber) : `R${rackNumber + 1}`;
    const warmRack = rackNumber % 3 === 1;
    const preset = presetFor(kind.model, uniform(seedFor(seed, name), 55));
    return {
      name, ...kind, mac: macFor(seed, index), pools: poolsFor(name), site: 'garage', rack, circuit: `${rack}${1 + Math.floor((index % rackSize) / 2)}`,
      roomCelsius: (warmRack ? 27 : 23) + 1.5 * uniform(seedFor(seed, name), 56),
      begin: warm ? 'mining' : 'boot',
      ...(preset === undefined ? {} : { preset }),
      ...(index % twelve.length === 2 ? { boardFactors: { 2: 0.965 } } : {}),
    } satisfies MinerSpec;
  });
}

/** Where miner `index` of a fleet listens: one host with running ports, or addresses 127.1.0.1 upwards with one port. */
export function placeFor(index: number, options: { readonly host: string; readonly firstPort: number; readonly mode: 'port' | 'address' }): { host: string; port: number } {
  if (options.mode === 'port') return { host: options.host, port: options.firstPort === 0 ? 0 : options.firstPort + index };
  return { host: `127.${1 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${1 + (index % 250)}`, port: options.firstPort };
}

/** Where the cgminer API of miner `index` listens: on one port where each has an address of its own, else on running ports. */
export function cgminerPortFor(index: number, options: { readonly cgminerPort: number | null; readonly mode: 'port' | 'address' }): number | null {
  const { cgminerPort: first, mode } = options;
  return first === null || first === 0 || mode === 'address' ? first : first + index;
}

/** The `miners:` section of a fleet.yaml that names these miners. */
export function fleetYaml(miners: readonly { readonly spec: MinerSpec | CgiMinerSpec; readonly address: string; readonly cgminerPort: number | undefined }[]): string {
  const lines = miners.map(({ spec, address, cgminerPort }) => {
    const driver = spec.model !== 'l3plus' ? '' : `, driver: vnish-cgi${cgminerPort === undefined || cgminerPort === 4028 ? '' : `, cgminer_port: ${cgminerPort}`}`;
    const worker = spec.pools[0] === undefined ? '' : `, pool_worker: ${spec.name}`;
    return `  - {name: ${spec.name}, address: "${address}"${driver}, site: ${spec.site ?? 'garage'}, rack: ${spec.rack ?? 'A'}, circuit: ${spec.circuit ?? 'A1'}${worker}}`;
  });
  return `miners:\n${lines.join('\n')}\n`;
}
