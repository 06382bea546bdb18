/**
 * What differs from how a miner is meant to be. It is meant to be as it was first seen, as a verified action of ours made it, or as a
 * person accepted it. A difference stays until the miner is as it was, or somebody accepts it; a miner that does not tell is not
 * judged. The settings need the password and are read seldom, spread over the interval, one miner at a time in its own turn.
 */
import { isDeepStrictEqual } from 'node:util';
import { defined } from '../defined.ts';
import type { Logger } from '../log.ts';
import type { MinerSettings } from '../miners/settings.ts';
import { settingsOf as seenOf } from './changes.ts';
import type { Fleet, Miner } from './fleet.ts';
import { driftKinds, type DriftKind, type KnownStates, type MinerState } from './known-state.ts';
import { phase } from './poll-loop.ts';

/** Ms for one read of the settings: the miner's polls wait for it. */
const deadlineMs = 5000;
/** Ms after the start, and after an action of ours, until settings are read. */
const settleMs = 30_000;
/** Degrees Celsius; less cannot be set, so less is no limit (vnish-api.md, 2.3 and 3). */
const leastOverheat = 50;

export interface Difference {
  readonly what: DriftKind;
  /** With settings. */
  readonly section?: string;
  readonly from: string;
  readonly to: string;
}

export interface Drifted extends Difference {
  readonly miner: string;
  /** Unix ms. */
  readonly since: number;
  /** As it is meant to be. */
  readonly known: MinerState;
}

export interface DriftWatch {
  /** Miners in the fleet's order. */
  all(): readonly Drifted[];
  /** Degrees Celsius at which the miner's own settings stop it; undefined while they were not read. */
  overheatTemperature(miner: string): number | undefined;
  /** Of each kind that is known and was seen, whether it differs. */
  of(miner: string): ReadonlyMap<DriftKind, boolean>;
  /** What the miner is now is how it is meant to be; of these kinds, all when absent. Returns what was different. */
  accept(miner: string, what: readonly DriftKind[] | undefined, by: string): readonly Drifted[];
  /** An action of ours is verified: what it makes is how the miner is meant to be. */
  made(miner: string, made: Made): void;
  start(): void;
  stop(): void;
}

export interface Made {
  readonly preset: boolean;
  readonly pool: boolean;
  readonly firmware: boolean;
  readonly password: boolean;
  /** `tuning`: those sections that follow from the preset. */
  readonly settings: 'none' | 'tuning' | 'all';
  readonly by: string;
}

const tuningSections = ['manual', 'boards', 'modifiedPsu'];
const sectionNames = ['cooling', 'modifiedPsu', 'manual', 'boards', 'switcher', 'protection', 'network', 'timezone'] as const;

/** Sections of the settings that only a person changes; pools and preset are compared by themselves, an address from DHCP changes by itself. */
export function sectionsOf(settings: MinerSettings): Record<string, unknown> {
  const { network } = settings;
  const own = network?.dhcp === true ? defined({ hostname: network.hostname, dhcp: true }) : network;
  const found = sectionNames.map((name) => [name, name === 'network' ? own : settings[name]] as const);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}

/** What differs between two states; what either does not know is no difference. Pure. */
export function differences(known: MinerState, present: MinerState): Difference[] {
  const found: Difference[] = [];
  if (known.preset !== undefined && present.preset !== undefined && known.preset !== present.preset) found.push({ what: 'preset', from: known.preset, to: present.preset });
  if (known.pools !== undefined && present.pools !== undefined && !isDeepStrictEqual(known.pools, present.pools)) found.push({ what: 'pool', from: poolsText(known.pools), to: poolsText(present.pools) });
  if (known.firmware !== undefined && present.firmware !== undefined && known.firmware !== present.firmware) found.push({ what: 'firmware', from: known.firmware, to: present.firmware });
  if (known.password === true && present.password === false) found.push({ what: 'password', from: 'accepted', to: 'refused' });
  for (const [section, value] of Object.entries(known.settings ?? {})) {
    const now = present.settings?.[section];
    // The file holds JSON, so what was read is compared as JSON too.
    if (now !== undefined && JSON.stringify(sorted(now)) !== JSON.stringify(sorted(value))) found.push({ what: 'settings', section, ...partsOf(value, now) });
  }
  return found;
}

function poolsText(pools: NonNullable<MinerState['pools']>): string {
  return pools.map(({ url, user }) => `${url} ${user}`).join(', ');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a.localeCompare(b)).map(([key, one]) => [key, sorted(one)]));
}

/** Of two objects only the keys that differ. */
function partsOf(before: unknown, after: unknown): { from: string; to: string } {
  const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isPlain(before) || !isPlain(after)) return { from: JSON.stringify(before), to: JSON.stringify(after) };
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => JSON.stringify(sorted(before[key])) !== JSON.stringify(sorted(after[key]))).sort();
  const only = (from: Record<string, unknown>) => JSON.stringify(Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]])));
  return { from: only(before), to: only(after) };
}

/** What a miner shows of itself without its settings. */
function shown({ reading, failure, credentials }: Miner): MinerState {
  const password = credentials === 'accepted' ? true : credentials === 'refused' ? false : undefined;
  // The last resort writes pools and versions in other words.
  if (reading === undefined || failure !== undefined || reading.fallback !== undefined) return defined<MinerState>({ password });
  const { preset, firmware } = seenOf(reading);
  const pools = reading.pools.filter(({ kind }) => kind === 'user').map(({ url, user }) => ({ url, user }));
  return defined<MinerState>({ preset, firmware, password, pools: pools.length === 0 ? undefined : pools });
}

const keyOf = ({ what, section }: Difference) => (section === undefined ? what : `${what} ${section}`);

export interface DriftOptions {
  readonly log: Logger;
  /** Ms between two reads of the settings; 0 is never. */
  readonly settingsIntervalMs: number;
  readonly now?: () => number;
}

export function createDriftWatch(fleet: Fleet, states: KnownStates, { log, settingsIntervalMs, now = Date.now }: DriftOptions): DriftWatch {
  const timers = new Map<string, NodeJS.Timeout>();
  let running = false;

  /** Takes in what was seen; learns what was not known, and tells what differs for the first time. */
  function look(name: string, seen: MinerState): void {
    const entry = states.of(name);
    const present = { ...states.present.get(name), ...seen };
    states.present.set(name, present);
    const learned = Object.entries(present).filter(([key, value]) => entry.known[key as keyof MinerState] === undefined && value !== false && key !== 'settings');
    const sections = Object.entries(present.settings ?? {}).filter(([section]) => entry.known.settings?.[section] === undefined);
    if (learned.length > 0 || sections.length > 0) {
      entry.known = { ...entry.known, ...Object.fromEntries(learned), ...(sections.length === 0 ? {} : { settings: { ...entry.known.settings, ...Object.fromEntries(sections) } }) };
      states.changed();
    }
    note(name);
  }

  function note(name: string): void {
    const entry = states.of(name);
    const found = differences(entry.known, states.present.get(name) ?? {});
    const since = Object.fromEntries(found.map((one) => [keyOf(one), entry.since[keyOf(one)] ?? now()]));
    if (isDeepStrictEqual(since, entry.since)) return;
    for (const one of found) {
      if (entry.since[keyOf(one)] !== undefined) continue;
      log.warn({ miner: name, ...one }, 'the miner is not as it is meant to be');
      // Changes of what every reading shows are told by the fleet, whether they last or not.
      if (one.what === 'settings' || one.what === 'password') fleet.report({ miner: name, at: now(), kind: one.what, from: `${one.section === undefined ? '' : `${one.section} `}${one.from}`, to: one.to });
    }
    entry.since = since;
    states.changed();
  }

  function notice(miner: Miner): void {
    const { name } = miner.config;
    const seen = shown(miner);
    // While an action of ours may change it, it is neither learned nor judged.
    for (const [kind, key] of [['preset', 'preset'], ['pool', 'pools'], ['firmware', 'firmware']] as const) if (fleet.expects(name, kind)) Reflect.deleteProperty(seen, key);
    // The switcher has taken over: the preset is no longer anybody's choice.
    if (miner.reading?.preset?.switcher === true) Reflect.deleteProperty(states.present.get(name) ?? {}, 'preset');
    look(name, seen);
  }

  async function read(name: string): Promise<void> {
    const miner = fleet.get(name);
    if (miner?.credentials !== 'accepted' || !fleet.isFresh(miner) || miner.failure !== undefined) return;
    try {
      const settings = await fleet.call(name, async (driver) => driver.settings?.(AbortSignal.timeout(deadlineMs)));
      states.settingsReadAt.set(name, now());
      if (settings === undefined) return;
      const found = sectionsOf(settings);
      const entry = states.of(name);
      if (entry.relearn.length > 0) {
        entry.known = { ...entry.known, settings: Object.fromEntries(Object.entries(entry.known.settings ?? {}).filter(([section]) => !entry.relearn.includes(section))) };
        entry.relearn = [];
        states.changed();
      }
      look(name, { settings: found });
    } catch {
      // Left for the next turn: the poll loop tells why a miner cannot be read.
    }
  }

  function schedule(name: string, ms: number): void {
    if (!running || settingsIntervalMs === 0) return;
    clearTimeout(timers.get(name));
    timers.set(name, setTimeout(() => {
      schedule(name, settingsIntervalMs);
      void read(name);
    }, ms));
  }

  function listOf(name: string): Drifted[] {
    const entry = states.of(name);
    return differences(entry.known, states.present.get(name) ?? {}).map((one) => ({ ...one, miner: name, since: entry.since[keyOf(one)] ?? now(), known: { ...entry.known } }));
  }

  fleet.onUpdate(notice);
  for (const miner of fleet.all()) if (miner.reading !== undefined) notice(miner);
  return {
    all: () => fleet.names.flatMap(listOf),
    overheatTemperature(name) {
      const protection = states.present.get(name)?.settings?.['protection'];
      const celsius = typeof protection === 'object' && protection !== null ? (protection as Readonly<Record<string, unknown>>)['restart_temp'] : undefined;
      return typeof celsius === 'number' && celsius >= leastOverheat ? celsius : undefined;
    },
    of(name) {
      const { known } = states.of(name);
      const present = states.present.get(name) ?? {};
      const differ = new Set(differences(known, present).map(({ what }) => what));
      const keys = { preset: 'preset', pool: 'pools', firmware: 'firmware', settings: 'settings', password: 'password' } as const;
      return new Map(driftKinds.filter((kind) => known[keys[kind]] !== undefined && present[keys[kind]] !== undefined).map((kind) => [kind, differ.has(kind)]));
    },
    accept(name, what = driftKinds, by) {
      const entry = states.of(name);
      const present = states.present.get(name) ?? {};
      const accepted = listOf(name).filter((one) => what.includes(one.what));
      for (const { what: kind, section } of accepted) {
        if (kind === 'preset') entry.known.preset = present.preset;
        else if (kind === 'pool') entry.known.pools = present.pools;
        else if (kind === 'firmware') entry.known.firmware = present.firmware;
        // Until the miner accepts a password again.
        else if (kind === 'password') delete entry.known.password;
        else if (section !== undefined) entry.known.settings = { ...entry.known.settings, [section]: present.settings?.[section] };
      }
      if (accepted.length > 0) Object.assign(entry, { by, at: now() });
      note(name);
      states.changed();
      return accepted;
    },
    made(name, { preset, pool, firmware, password, settings, by }) {
      const miner = fleet.get(name);
      if (miner === undefined) return;
      const entry = states.of(name);
      const seen = shown(miner);
      const present = states.present.get(name) ?? {};
      const taken = defined<MinerState>({ preset: preset ? seen.preset : undefined, pools: pool ? seen.pools : undefined, firmware: firmware ? seen.firmware : undefined });
      entry.known = { ...entry.known, ...taken };
      states.present.set(name, { ...present, ...taken });
      if (password) delete entry.known.password;
      if (settings !== 'none') {
        entry.relearn = settings === 'all' ? [...sectionNames] : tuningSections;
        schedule(name, Math.min(settleMs, settingsIntervalMs));
      }
      Object.assign(entry, { by, at: now() });
      note(name);
      states.changed();
    },
    start() {
      running = true;
      for (const name of fleet.names) {
        const due = (states.settingsReadAt.get(name) ?? now() + phase(name) * settingsIntervalMs - settingsIntervalMs) + settingsIntervalMs - now();
        schedule(name, Math.max(Math.min(settleMs, settingsIntervalMs), due));
      }
    },
    stop() {
      running = false;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
