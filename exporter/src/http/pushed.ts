/** Readings that an agent pushes: checked one by one, so that a bad one harms nothing but itself. */
import type { z } from 'zod';
import type { MinerConfig } from '../config/schema.ts';
import type { Fleet } from '../fleet/fleet.ts';
import type { Reading } from '../miners/reading.ts';
import { PushedReading, type PushReply } from './schemas.ts';

type Refusal = z.output<typeof PushReply>['refused'][number];

/** Ms that an agent's clock may be ahead of ours. */
const mostAheadMs = 60_000;
const pollDeadlineMs = 5000;

/** Takes the reading in, or says why not. `outOfReach` says why the miner is not for who sends it. */
export async function takeReading(given: unknown, index: number, { fleet, outOfReach }: { fleet: Fleet; outOfReach: (miner: MinerConfig) => string | undefined }): Promise<Refusal | undefined> {
  const result = PushedReading.safeParse(given);
  if (!result.success) {
    const [issue] = result.error.issues;
    return { index, ...nameOf(given), detail: `${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}` };
  }
  const { miner: name, at: time, ...rest } = result.data;
  const refusal = (detail: string): Refusal => ({ index, miner: name, detail });
  const miner = fleet.get(name);
  if (miner === undefined) return refusal(`there is no miner "${name}"; add it with "driver: push"`);
  const reach = outOfReach(miner.config);
  if (reach !== undefined) return refusal(reach);
  if (miner.config.driver !== 'push') return refusal(`${name} is read by Hashfleet itself (driver: ${miner.config.driver}); a reading is taken only with "driver: push"`);
  const at = Date.parse(time);
  const now = Date.now();
  if (at > now + mostAheadMs) return refusal(`at: ${time} lies in the future; set the agent's clock`);
  // The schema gives what a reading is made of, with undefined where a key was left out.
  const reading = { ...rest, at: Math.min(at, now), source: 'push' } as Reading;
  const outcome = await fleet.call(name, async (driver) => Promise.resolve(driver.take?.(reading)));
  if (outcome === undefined) return refusal(`${name} takes no readings`);
  if (!outcome.taken) return refusal(`at: a newer reading of ${new Date(outcome.newestAt).toISOString()} is known`);
  await fleet.poll(name, { deadlineMs: pollDeadlineMs });
  return undefined;
}

function nameOf(given: unknown): { miner?: string } {
  const name = typeof given === 'object' && given !== null && 'miner' in given ? given.miner : undefined;
  return typeof name === 'string' ? { miner: name.slice(0, 63) } : {};
}
