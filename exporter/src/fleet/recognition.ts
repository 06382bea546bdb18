/**
 * Recognises miners by their MAC (vnish-api.md, 7 row 15), so that the numbers of one are never booked on another.
 * What it promises, each with a test in test/recognition.test.ts:
 *  1. The MAC of an entry without one is learned at first contact.
 *  2. A reading with another MAC is refused (`other_miner`), and told once.
 *  3. A replaced controller is accepted when the old MAC was seen nowhere for a day, or when somebody confirms it.
 *  4. Of two entries for one machine the first counts, the other is refused (`duplicate`) while the first one answers.
 *  5. Two machines with one copied MAC are told apart by model, host name or time of boot; both count, and it is said.
 */
import { normalMac } from '../config/mac.ts';
import type { MinerConfig } from '../config/schema.ts';
import type { Logger } from '../log.ts';
import { PollFailure } from '../miners/driver.ts';
import type { Reading } from '../miners/reading.ts';
import type { Book, Machine } from './book.ts';
import type { Fleet, Miner } from './fleet.ts';
import { configuredAddress } from './members.ts';

/** Ms after which a machine that answers in place of another is taken for its replacement: a night at the repair bench is no replacement. */
const replacedAfterMs = 24 * 60 * 60_000;
/** Two times of boot further apart than this, ms, are of two machines; added to the age that an uptime may have, the slow interval. */
const bootToleranceMs = 120_000;
/** A machine that booted within this time, seconds, may be the one that was read before it did. */
const justBootedSeconds = 300;

export interface Recognition {
  /** Why the reading is not this miner's, or undefined when it is. */
  check(miner: Miner, reading: Reading): PollFailure | undefined;
  /** The MAC that the miner is known by. */
  macOf(miner: MinerConfig): string | undefined;
  /** Miners of the fleet that are known by the MAC, in the order of the configuration. */
  ownersOf(mac: string): Miner[];
  /** The next machine that answers is the miner's. */
  forget(name: string): void;
  isClone(name: string): boolean;
  /** Entries that share their MAC with one before them. */
  readonly duplicates: number;
  /** Goes on with another fleet. */
  follow(fleet: Fleet, slowIntervalMs: number): void;
}

export interface RecognitionOptions {
  readonly book: Book;
  readonly log: Logger;
  /** A machine of the fleet answers at an address that is not its own. */
  readonly sighted: (name: string, address: string) => void;
  /** Unix ms. */
  readonly now?: () => number;
}

export function createRecognition({ book, log, sighted, now = Date.now }: RecognitionOptions): Recognition {
  let fleet: Fleet | undefined;
  let toleranceMs = bootToleranceMs;
  let order = new Map<string, number>();
  /** Entries that name their MAC, by it. */
  let named = new Map<string, string[]>();
  /** Entries that are another entry's machine, and entries that only share its MAC: the other one's name. */
  const duplicates = new Map<string, string>();
  const clones = new Map<string, string>();
  /** MACs of other machines that were told of, by the miner in whose place they answer. */
  const strangers = new Map<string, string>();

  function known(miner: MinerConfig): Machine | undefined {
    const machine = book.get(miner.name);
    // Whoever gives an entry another address says where its machine is: then it is learned anew.
    return machine !== undefined && (miner.origin === 'range' || machine.configured === configuredAddress(miner)) ? machine : undefined;
  }

  function macOf(miner: MinerConfig): string | undefined {
    return miner.mac === 'any' ? undefined : normalMac(miner.mac) ?? known(miner)?.mac;
  }

  function ownersOf(mac: string): Miner[] {
    const names = new Set([...book.namesOf(mac), ...named.get(mac) ?? []]);
    return [...names].map((name) => fleet?.get(name)).filter((miner): miner is Miner => miner !== undefined && macOf(miner.config) === mac)
      .sort((a, b) => (order.get(a.config.name) ?? 0) - (order.get(b.config.name) ?? 0));
  }

  function learn({ config }: Miner, mac: string): void {
    const before = book.get(config.name);
    const same = before?.mac === mac ? before : undefined;
    book.put({
      name: config.name, mac, address: config.address, firstSeen: same?.firstSeen ?? now(), lastSeen: now(),
      ...(config.origin === 'range' ? before?.range === undefined ? {} : { range: before.range } : { configured: configuredAddress(config) }),
    });
  }

  function stranger(miner: Miner, { expected, seen }: { expected: string; seen: string }): PollFailure | undefined {
    const { config } = miner;
    const machine = known(config);
    const [owner] = ownersOf(seen).filter((one) => one.config.name !== config.name);
    if (owner !== undefined) sighted(owner.config.name, config.address);
    const since = machine?.stranger?.mac === seen ? machine.stranger.since : undefined;
    if (strangers.get(config.name) !== seen) fleet?.report({ miner: config.name, at: now(), kind: 'machine', from: expected, to: seen });
    strangers.set(config.name, seen);
    const replaced = owner === undefined && config.mac === undefined && config.origin !== 'range' && since !== undefined && machine !== undefined
      && now() - since >= replacedAfterMs && now() - machine.lastSeen >= replacedAfterMs;
    if (replaced) {
      log.warn({ miner: config.name, from: expected, to: seen }, 'the MAC before was seen nowhere for a day: the machine is taken for its replacement');
      learn(miner, seen);
      return undefined;
    }
    if (machine !== undefined && since === undefined) book.put({ ...machine, stranger: { mac: seen, since: now() } });
    return new PollFailure('other_miner', `${config.address} answers with the MAC ${seen}${owner === undefined ? '' : ` of "${owner.config.name}"`}, not with ${expected}`);
  }

  function share(miner: Miner, { reading, mac, first }: { reading: Reading; mac: string; first: Miner }): PollFailure | undefined {
    const { name } = miner.config;
    const difference = first.reading === undefined ? undefined : differenceOf(first.reading, reading, toleranceMs);
    if (difference === undefined) {
      duplicates.set(name, first.config.name);
      return new PollFailure('duplicate', `answers with the MAC ${mac} of "${first.config.name}" (${first.config.address}): one machine under two entries`);
    }
    if (clones.get(name) !== first.config.name) log.warn({ miner: name, other: first.config.name, mac, difference }, 'two machines have the same MAC; both are read, but neither can be recognised by it');
    clones.set(name, first.config.name);
    return undefined;
  }

  return {
    check(miner, reading) {
      const { config } = miner;
      const seen = normalMac(reading.identity?.mac);
      if (seen === undefined || config.mac === 'any') return undefined;
      const expected = macOf(config);
      if (expected !== undefined && expected !== seen) return stranger(miner, { expected, seen });
      const place = order.get(config.name) ?? 0;
      const others = ownersOf(seen).filter((one) => one.config.name !== config.name);
      for (const other of others) if (fleet?.isFresh(other) === false) sighted(other.config.name, config.address);
      const first = others.find((one) => (order.get(one.config.name) ?? 0) < place && one.failure === undefined && fleet?.isFresh(one) === true);
      strangers.delete(config.name);
      duplicates.delete(config.name);
      if (first === undefined) clones.delete(config.name);
      const refusal = first === undefined ? undefined : share(miner, { reading, mac: seen, first });
      if (refusal !== undefined) return refusal;
      learn(miner, seen);
      return undefined;
    },
    macOf,
    ownersOf,
    forget: (name) => book.remove(name),
    isClone: (name) => clones.has(name) || [...clones.values()].includes(name),
    get duplicates() {
      return duplicates.size + clones.size;
    },
    follow(next, slowIntervalMs) {
      fleet = next;
      toleranceMs = bootToleranceMs + slowIntervalMs;
      order = new Map(next.names.map((name, index) => [name, index]));
      named = new Map();
      for (const { config: { name, mac } } of next.all()) {
        const given = normalMac(mac);
        if (given !== undefined) named.set(given, [...named.get(given) ?? [], name]);
      }
      for (const record of [duplicates, clones]) for (const [name, other] of record) if (!order.has(name) || !order.has(other)) record.delete(name);
    },
  };
}

/** What two readings with one MAC tell of two machines, in words; undefined when they may be one. */
function differenceOf(a: Reading, b: Reading, toleranceMs: number): string | undefined {
  const [left, right] = [a.identity, b.identity];
  if (left !== undefined && right !== undefined && left.model !== right.model) return `models ${left.model} and ${right.model}`;
  // A miner hides its name from strangers (vnish-api.md, 1.3): empty is unknown.
  if ((left?.hostname ?? '') !== '' && (right?.hostname ?? '') !== '' && left?.hostname !== right?.hostname) return `host names ${left?.hostname ?? ''} and ${right?.hostname ?? ''}`;
  if (a.uptimeSeconds === undefined || b.uptimeSeconds === undefined || Math.min(a.uptimeSeconds, b.uptimeSeconds) < justBootedSeconds) return undefined;
  const apartMs = Math.abs(a.at - a.uptimeSeconds * 1000 - (b.at - b.uptimeSeconds * 1000));
  return apartMs > toleranceMs ? `times of boot ${Math.round(apartMs / 60_000)} minutes apart` : undefined;
}
