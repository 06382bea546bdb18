/** Who is in the fleet: the entries that somebody wrote, and what the address ranges found. Pure. */
import type { Config } from '../config/load.ts';
import { normalMac } from '../config/mac.ts';
import { parseRanges, type Targets } from '../config/ranges.ts';
import type { MinerConfig, RangeConfig } from '../config/schema.ts';
import type { Book, Machine } from './book.ts';

/** The address of the entry, whatever the miner's present one is. */
export function configuredAddress({ address, configuredAddress: configured }: MinerConfig): string {
  return configured ?? address;
}

/** Whether the miner is looked for elsewhere: those of ranges unless told otherwise, those with an entry only when told so. */
export function follows({ inventory }: Pick<Config, 'inventory'>, miner: MinerConfig): boolean {
  return miner.mac !== 'any' && (inventory.follow_addresses ?? miner.origin === 'range');
}

/** The configuration with the miners that the ranges found, each miner at the address where it answered last. */
export function withMembers(config: Config, book: Book): Config {
  const written = config.miners.map((miner): MinerConfig => {
    const known = book.get(miner.name);
    // An entry whose address was changed says where the miner is now.
    if (known?.configured !== miner.address || known.address === miner.address || !follows(config, miner)) return miner;
    return { ...miner, address: known.address, configuredAddress: miner.address };
  });
  const names = new Set(written.map(({ name }) => name));
  const addresses = new Set(written.map(({ address }) => plain(address)));
  const macs = new Set(written.map((miner) => normalMac(miner.mac) ?? macWhileThere(book.get(miner.name), miner)));
  const ranges = config.inventory.ranges.map((range) => ({ range, targets: rangeTargets(range), room: range.max_miners }));
  const found = [...book.all()].flatMap((machine): MinerConfig[] => {
    if (machine.range === undefined || names.has(machine.name) || macs.has(machine.mac) || addresses.has(plain(machine.address))) return [];
    const at = targetOf(machine.address);
    const home = ranges.find(({ targets }) => at !== undefined && targets.has(at)) ?? ranges.find(({ range }) => range.addresses === machine.range);
    if (home === undefined || home.room <= 0) return [];
    home.room -= 1;
    const { driver, site = 'default', rack, circuit, credentials = 'default' } = home.range;
    return [{
      name: machine.name, address: machine.address, driver, site, credentials, maintenance: false, origin: 'range',
      place: `inventory.ranges ${home.range.addresses}`, ...(rack === undefined ? {} : { rack }), ...(circuit === undefined ? {} : { circuit }),
    }];
  });
  return { ...config, miners: [...written, ...found] };
}

/** What was learned of a name counts only while the entry is the one that it was learned for. */
function macWhileThere(known: Machine | undefined, miner: MinerConfig): string | undefined {
  return known?.configured === configuredAddress(miner) ? known.mac : undefined;
}

/** An address without HTTP's usual port. */
export function plain(address: string): string {
  return address.toLowerCase().replace(/:80$/, '');
}

/** Host and port of an address of fleet.yaml; undefined unless it is an IPv4 address. */
export function targetOf(address: string): { host: string; port: number } | undefined {
  const [, host, port = '80'] = /^(\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/.exec(address) ?? [];
  return host === undefined ? undefined : { host, port: Number(port) };
}

/** The addresses of a range without those that are left out. */
export function rangeTargets({ addresses, exclude }: Pick<RangeConfig, 'addresses' | 'exclude'>): Targets {
  const all = parseRanges([addresses]);
  if (exclude.length === 0) return all;
  // Without a port an exclusion means the address, whatever the port.
  const ports = new Set([...all].map(({ port }) => port));
  const left = exclude.flatMap((text) => (text.includes(':') ? [parseRanges([text])] : [...ports].map((port) => parseRanges([text], port))));
  const kept = [...all].filter((target) => !left.some((targets) => targets.has(target)));
  return { count: kept.length, [Symbol.iterator]: () => kept[Symbol.iterator](), has: (target) => all.has(target) && !left.some((targets) => targets.has(target)) };
}
