/**
 * Keeps the fleet's membership true: scans the address ranges, and looks for miners that are gone. Its promises, each with a test
 * in test/inventory.test.ts:
 *  1. What a range finds becomes a member under a name that never changes; what vanishes stays, known and down.
 *  2. Only what answers as the range's driver, with a MAC, is taken, and no more than `max_miners`.
 *  3. A miner that answers at another address is read there, its record goes on, and its entry's address is not forgotten.
 *  4. One scan at a time, and gently: the network is the miners', not ours.
 */
import type { Config } from '../config/load.ts';
import { normalMac } from '../config/mac.ts';
import { nameFrom } from '../config/names.ts';
import { parseRanges, type Target, type Targets } from '../config/ranges.ts';
import type { Origin, RangeConfig } from '../config/schema.ts';
import { origins } from '../config/schema.ts';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { PollFailure } from '../miners/driver.ts';
import type { Reading } from '../miners/reading.ts';
import { openBook, type Book } from './book.ts';
import { discover, isMiner, type FoundMiner } from './discovery.ts';
import type { Fleet, Miner } from './fleet.ts';
import { configuredAddress, follows, plain, rangeTargets, targetOf, withMembers } from './members.ts';
import { createRecognition } from './recognition.ts';

/** Connections and questions at once while a fleet is being read beside it; `hashfleet discover`, which is alone, takes 256 and 64. */
const concurrency = 64;
const identifyConcurrency = 8;
/** Ms between two looks at what is due. */
const tickMs = 1000;
/** A sighting older than this, ms, says nothing about where a machine is now. */
const sightingHoldsMs = 10 * 60_000;

/** Ms between two searches for the same miners, at most. */
const longestSearchPauseMs = 60 * 60_000;

export interface Inventory {
  /** The configuration with what the ranges found, at present addresses. */
  members(config: Config): Config;
  /** Why a reading is not this miner's. */
  check(miner: Miner, reading: Reading): PollFailure | undefined;
  /** The next machine that answers at the miner's address is the miner. */
  forgetMac(name: string): void;
  /** Drops a miner that a range found. */
  forgetFound(name: string): void;
  /** Goes on with the fleet of a new configuration. */
  follow(config: Config, fleet: Fleet): void;
  start(): void;
  stop(): Promise<void>;
  save(): void;
  readonly counts: Readonly<Record<Origin, number>>;
  readonly duplicates: number;
  /** Unix ms when the last scan of a range ended. */
  readonly lastScanAt: number | undefined;
}

export interface InventoryOptions {
  /** Without it nothing is kept. */
  readonly folder: string | undefined;
  readonly log: Logger;
  /** Who is in the fleet has changed: `members` says something else than before. */
  readonly changed: () => void;
  /** The miner was moved and wants to be read at once. */
  readonly moved: (name: string) => void;
  /** Unix ms. */
  readonly now?: () => number;
}

export function createInventory({ folder, log, changed, moved, now = Date.now }: InventoryOptions): Inventory {
  const book: Book = openBook(folder, log);
  const recognition = createRecognition({ book, log, sighted, now });
  const stopping = new AbortController();
  const startedAt = now();
  const sightings = new Map<string, { address: string; at: number }>();
  /** When each range is due, by its addresses, and the search; Unix ms. */
  const due = new Map<string, number>();
  /** What was told once, by miner or MAC and address. */
  const hinted = new Set<string>();
  /** Addresses of a range that answer with the MAC of a miner that is read elsewhere, by the range. */
  const doubles = new Map<string, number>();
  /** Addresses that a miner has left: the one whose place it took may be there. */
  const left = new Set<string>();
  let config: Config | undefined;
  let fleet: Fleet | undefined;
  let searchDue = 0;
  /** Whom the last search was for, and how many before it were for the same. */
  let [searchedFor, searches] = ['', 0];
  let lastScanAt: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let work: Promise<void> | undefined;

  /** Noted where the machine answers; where it is missed it is read there from now on. */
  function sighted(name: string, address: string): void {
    sightings.set(name, { address, at: now() });
    const miner = fleet?.get(name);
    if (miner !== undefined && isMissed(miner)) void move(miner, address);
  }

  function isMissed(miner: Miner): boolean {
    return miner.failure !== undefined || (fleet?.isFresh(miner) === false && now() - startedAt > sightingHoldsMs);
  }

  async function move({ config: miner }: Miner, address: string): Promise<void> {
    if (fleet === undefined || config === undefined || plain(miner.address) === plain(address)) return;
    if (recognition.isClone(miner.name)) return;
    if (!follows(config, miner)) {
      const key = `${miner.name} ${address}`;
      if (!hinted.has(key)) log.warn({ miner: miner.name, configured: miner.address, seen: address }, 'the miner answers at another address; change its entry, or set inventory.follow_addresses');
      hinted.add(key);
      return;
    }
    try {
      await fleet.relocate(miner.name, address);
      const known = book.get(miner.name);
      if (known !== undefined) book.put({ ...known, address });
      sightings.delete(miner.name);
      left.add(miner.address);
      moved(miner.name);
    } catch (thrown) {
      log.error({ miner: miner.name, address, err: messageOf(thrown) }, 'the miner could not be followed to its address');
    }
  }

  function taken(name: string): boolean {
    return book.get(name) !== undefined || fleet?.get(name) !== undefined;
  }

  /** What a scan means for the miners that are known already; the rest are strangers. */
  function settleKnown(found: readonly FoundMiner[]): FoundMiner[] {
    return found.filter((one) => {
      const mac = normalMac(one.identity.mac) ?? '';
      const owners = recognition.ownersOf(mac);
      for (const { config: miner } of owners) {
        const known = book.get(miner.name);
        if (known !== undefined) book.put({ ...known, lastSeen: now() });
        if (plain(miner.address) !== plain(one.address)) sighted(miner.name, one.address);
      }
      return owners.length === 0;
    });
  }

  /** Miners of the scan that are in the fleet already and well, at another address; and all but the first of those with one MAC. */
  function doublesAmong(found: readonly FoundMiner[], present: Fleet): number {
    const places = new Set([...present.all()].map(({ config: { address } }) => plain(address)));
    const first = new Map<string, string>();
    return found.filter(({ address, identity }) => {
      const mac = normalMac(identity.mac);
      // At the address of a member the poll tells.
      if (mac === undefined || places.has(plain(address))) return false;
      const owner = recognition.ownersOf(mac).find((one) => one.failure === undefined && present.isFresh(one));
      const other = owner?.config.address ?? first.get(mac);
      first.set(mac, first.get(mac) ?? address);
      if (other === undefined) return false;
      const key = `${mac} ${address}`;
      if (!hinted.has(key)) log.warn({ mac, address, other }, 'one MAC answers at two addresses: one machine with two of them, or a copied MAC; only the other one is read');
      hinted.add(key);
      return true;
    }).length;
  }

  async function scan(range: RangeConfig): Promise<void> {
    const began = now();
    const discovery = await discover({ targets: rangeTargets(range), concurrency, identifyConcurrency, signal: stopping.signal });
    if (stopping.signal.aborted || fleet === undefined) return;
    const counts = { miners: 0, added: 0, without_mac: 0, over_limit: 0, other: 0 };
    const miners = discovery.found.filter(isMiner).filter(({ state }) => state === range.driver);
    counts.miners = miners.length;
    counts.other = discovery.found.length - miners.length;
    // All of them: another exporter may read its own part of the fleet.
    const all = config?.miners ?? [];
    const names = new Set(all.map(({ name }) => name));
    const written = new Set([...all, ...[...fleet.all()].map((miner) => miner.config)].filter(({ origin }) => origin !== 'range').flatMap((miner) => [plain(miner.address), plain(configuredAddress(miner))]));
    let room = range.max_miners - all.filter(({ origin, name }) => origin === 'range' && book.get(name)?.range === range.addresses).length;
    const seen = new Set<string>();
    doubles.set(range.addresses, doublesAmong(miners, fleet));
    for (const one of settleKnown(miners)) {
      const mac = normalMac(one.identity.mac);
      // At the address of an entry the entry says who it is.
      if (mac === undefined || seen.has(mac) || written.has(plain(one.address))) {
        if (mac === undefined) counts.without_mac += 1;
        continue;
      }
      seen.add(mac);
      const known = book.namesOf(mac).map((name) => book.get(name)).find((machine) => machine !== undefined && names.has(machine.name));
      if (known !== undefined) {
        book.put({ ...known, address: one.address, lastSeen: now() });
        continue;
      }
      if (room <= 0) {
        counts.over_limit += 1;
        continue;
      }
      room -= 1;
      counts.added += 1;
      take(one, { range, mac });
    }
    lastScanAt = now();
    const { addresses, max_miners: limit } = range;
    log.info({ range: addresses, ...counts, untried: discovery.untried.length, seconds: (lastScanAt - began) / 1000 }, 'an address range was scanned');
    if (counts.over_limit > 0) log.warn({ range: addresses, left_out: counts.over_limit, limit }, 'the range has more miners than max_miners; the rest is left out');
    if (counts.added > 0) {
      book.save();
      changed();
    }
  }

  function take({ address, target, identity }: FoundMiner, { range, mac }: { range: RangeConfig; mac: string }): void {
    // A machine that had a name in this range keeps it for ever.
    const before = book.namesOf(mac).map((name) => book.get(name)).find((one) => one?.range !== undefined);
    const name = before?.name ?? nameFrom(range.name, { mac, host: target.host, modelCode: identity.modelCode, hostname: identity.hostname }, taken);
    book.put({ name, mac, address, range: range.addresses, firstSeen: before?.firstSeen ?? now(), lastSeen: now() });
    log.info({ miner: name, address, mac, range: range.addresses }, 'a miner was found and is in the fleet now');
  }

  /** Miners that are out of reach for long enough, may be followed, and can be recognised. */
  function missing({ inventory }: Config, present: Fleet): Miner[] {
    const before = now() - inventory.search_after_seconds * 1000;
    return [...present.all()].filter((miner) => miner.failure !== undefined && miner.config.driver !== 'push' && (miner.lastSuccessAt ?? startedAt) <= before
      && follows({ inventory }, miner.config) && recognition.macOf(miner.config) !== undefined && !recognition.isClone(miner.config.name));
  }

  /** Looks through the neighbourhood of the missing miners, without asking those that are well. */
  async function search(miners: readonly Miner[], present: Fleet): Promise<void> {
    const networks = new Set(miners.flatMap(({ config: miner }) => [miner.address, configuredAddress(miner)].flatMap((address) => {
      const at = targetOf(address);
      return at === undefined ? [] : [`${at.host.replace(/\d+$/, '0')}/24:${at.port}`];
    })));
    if (networks.size === 0) return;
    const well = new Set([...present.all()].filter(({ failure, lastSuccessAt }) => failure === undefined && lastSuccessAt !== undefined).map(({ config: { address } }) => plain(address)));
    const answering = await lookAt([...networks].flatMap((network) => [...parseRanges([network])]).filter(({ host, port }) => !well.has(plain(`${host}:${port}`))));
    log.info({ missing: miners.map(({ config: { name } }) => name).slice(0, 20), networks: [...networks], answering }, 'miners that are out of reach were looked for');
  }

  /** Asks these addresses who is there; how many miners answer. */
  async function lookAt(addresses: readonly Target[]): Promise<number> {
    const targets: Targets = { count: addresses.length, [Symbol.iterator]: () => addresses[Symbol.iterator](), has: () => true };
    const { found } = await discover({ targets, concurrency, identifyConcurrency, signal: stopping.signal });
    if (stopping.signal.aborted) return 0;
    const machines = found.filter(isMiner);
    settleKnown(machines);
    return machines.length;
  }

  async function turn(): Promise<void> {
    if (config === undefined || fleet === undefined) return;
    const range = config.inventory.ranges.find(({ addresses }) => (due.get(addresses) ?? 0) <= now());
    if (range !== undefined) {
      due.set(range.addresses, now() + range.interval_seconds * 1000);
      await scan(range);
      return;
    }
    for (const [name, { address, at }] of sightings) {
      const miner = fleet.get(name);
      if (miner === undefined || now() - at > sightingHoldsMs) sightings.delete(name);
      else if (miner.failure !== undefined) await move(miner, address);
    }
    if (left.size > 0) {
      const addresses = [...left].map(targetOf).filter((target) => target !== undefined);
      left.clear();
      await lookAt(addresses);
    }
    if (searchDue > now()) return;
    const miners = missing(config, fleet);
    if (miners.length === 0) return;
    const wanted = miners.map(({ config: { name } }) => name).join(' ');
    searches = wanted === searchedFor ? searches + 1 : 0;
    searchedFor = wanted;
    await search(miners, fleet);
    // A machine that is broken for good is looked for less and less often.
    searchDue = now() + Math.min(config.inventory.search_after_seconds * 1000 * 2 ** Math.min(searches, 16), Math.max(longestSearchPauseMs, config.inventory.search_after_seconds * 1000));
  }

  return {
    members: (wanted) => withMembers(wanted, book),
    check: (miner, reading) => recognition.check(miner, reading),
    forgetMac: (name) => recognition.forget(name),
    forgetFound: (name) => book.remove(name),
    follow(nextConfig, nextFleet) {
      config = nextConfig;
      fleet = nextFleet;
      recognition.follow(nextFleet, nextConfig.poll.slow_interval_seconds * 1000);
      // Whoever removes an entry and writes it anew begins anew; what a range found is only gone when somebody says so.
      for (const { name, range } of [...book.all()]) if (range === undefined && nextFleet.get(name) === undefined) book.remove(name);
      const ranges = new Set(nextConfig.inventory.ranges.map(({ addresses }) => addresses));
      for (const known of [due, doubles]) for (const addresses of [...known.keys()]) if (!ranges.has(addresses)) known.delete(addresses);
    },
    start() {
      timer = setInterval(() => {
        work ??= turn().catch((thrown: unknown) => log.error({ err: messageOf(thrown) }, 'a scan failed')).finally(() => {
          work = undefined;
        });
      }, tickMs);
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await work;
      book.save();
    },
    save: () => book.save(),
    get counts() {
      const counts = Object.fromEntries(origins.map((origin) => [origin, 0])) as Record<Origin, number>;
      for (const { config: { origin } } of fleet?.all() ?? []) counts[origin] += 1;
      return counts;
    },
    get duplicates() {
      return recognition.duplicates + [...doubles.values()].reduce((sum, count) => sum + count, 0);
    },
    get lastScanAt() {
      return lastScanAt;
    },
  };
}
