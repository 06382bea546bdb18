/** What a plan and its read-back need to know of a miner beyond its reading, read live: many miners at once, within a deadline. */
import { PollFailure, type ApiKeyEntry, type Driver } from '../miners/driver.ts';
import { messageOf } from '../errors.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Preset } from '../miners/reading.ts';
import type { MinerSettings } from '../miners/settings.ts';

/** `password`: whether the miner accepts the new one. */
export const readables = ['settings', 'presets', 'notes', 'api_keys', 'password'] as const;
export type Readable = (typeof readables)[number];

export interface Facts {
  readonly settings?: MinerSettings;
  readonly presets?: readonly Preset[];
  readonly notes?: readonly { readonly key: string; readonly value: string }[];
  readonly apiKeys?: readonly ApiKeyEntry[];
  readonly passwordAccepted?: boolean;
  /** Why something that was asked for is missing. */
  readonly problem?: string;
}

/** Ms for all that is read of one miner. */
const oneMinerMs = 5000;
/** Ms for all miners of a plan: POST /actions answers in a time that a person waits. */
const allMinersMs = 10_000;
/** Miners read at once. */
const atOnce = 64;

/** What is not there is in `problem`; nothing is thrown. */
export async function readFacts(fleet: Fleet, miner: string, { wants, password, signal = AbortSignal.timeout(oneMinerMs) }: { wants: readonly Readable[]; password?: string | undefined; signal?: AbortSignal }): Promise<Facts> {
  try {
    return await fleet.call(miner, async (driver) => {
      if (signal.aborted) throw new PollFailure('timeout', 'no time was left for it');
      let facts: Facts = {};
      for (const want of wants) facts = { ...facts, ...await readers[want](driver, { signal, password }) };
      return facts;
    });
  } catch (thrown) {
    if (!(thrown instanceof PollFailure)) throw thrown;
    return { problem: `its ${wants.filter((want) => want !== 'password').join(' and ').replace('_', ' ') || 'login'} cannot be read (${thrown.reason}): ${messageOf(thrown)}` };
  }
}

type Reader = (driver: Driver, asked: { signal: AbortSignal; password: string | undefined }) => Promise<Partial<Facts>>;

const readers: Readonly<Record<Readable, Reader>> = {
  settings: async (driver, { signal }) => (driver.settings === undefined ? {} : { settings: await driver.settings(signal) }),
  presets: async (driver, { signal }) => ({ presets: await driver.presets(signal) }),
  notes: async (driver, { signal }) => (driver.notes === undefined ? {} : { notes: await driver.notes(signal) }),
  api_keys: async (driver, { signal }) => (driver.apiKeys === undefined ? {} : { apiKeys: await driver.apiKeys(signal) }),
  password: async (driver, { signal, password }) => (driver.accepts === undefined || password === undefined ? {} : { passwordAccepted: await driver.accepts(password, signal) }),
};

/** Facts of many miners. Who has not answered by the deadline has a problem, and delays nobody. */
export async function readManyFacts(fleet: Fleet, miners: readonly string[], wants: readonly Readable[]): Promise<ReadonlyMap<string, Facts>> {
  const found = new Map<string, Facts>();
  const over = AbortSignal.timeout(allMinersMs);
  const waiting = [...miners];
  const worker = async () => {
    for (let miner = waiting.shift(); miner !== undefined && !over.aborted; miner = waiting.shift()) {
      found.set(miner, await readFacts(fleet, miner, { wants, signal: AbortSignal.any([over, AbortSignal.timeout(oneMinerMs)]) }));
    }
  };
  // A call that waits in a hung miner's queue is not waited for beyond the deadline.
  const deadline = new Promise<void>((resolve) => {
    over.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([Promise.all(Array.from({ length: Math.min(atOnce, miners.length) }, worker)), deadline]);
  for (const miner of miners) if (!found.has(miner)) found.set(miner, { problem: `it did not answer in time for the plan (${allMinersMs / 1000} s for all miners)` });
  return new Map(found);
}
