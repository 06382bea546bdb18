/** Notices what somebody else changed on a miner; pure. */
import { hashingStates, type Reading } from '../miners/reading.ts';
import type { ChangeKind, MinerMemory } from './memory.ts';

export interface Change {
  readonly kind: ChangeKind;
  readonly from: string;
  readonly to: string;
}

type Seen = MinerMemory['seen'];

/** The settings of a reading that only a person changes; what the reading does not say is absent. */
export function settingsOf(reading: Reading): Seen {
  const pools = reading.pools.filter((pool) => pool.kind === 'user').map((pool) => `${pool.url} ${pool.user}`).join(', ');
  const mining = reading.state === undefined ? undefined : reading.state === 'stopped' ? false : hashingStates.has(reading.state) ? true : undefined;
  // The switcher changes presets by itself; that is nobody's doing.
  const preset = reading.preset?.switcher === true ? undefined : reading.preset?.name;
  const firmware = reading.identity?.firmwareVersion;
  return {
    ...(preset === undefined ? {} : { preset }),
    // In failure the miner shows no user pools at all: unknown, not removed.
    ...(pools === '' ? {} : { pools }),
    ...(firmware === undefined ? {} : { firmware }),
    ...(mining === undefined ? {} : { mining }),
  };
}

/** Differences between two observations; what either does not know is no difference. */
export function changesBetween(before: Seen, after: Seen): Change[] {
  const changes: Change[] = [];
  const compare = (kind: ChangeKind, from: string | undefined, to: string | undefined) => {
    if (from !== undefined && to !== undefined && from !== to) changes.push({ kind, from, to });
  };
  compare('preset', before.preset, after.preset);
  compare('pool', before.pools, after.pools);
  compare('firmware', before.firmware, after.firmware);
  compare('mining', textOf(before.mining), textOf(after.mining));
  return changes;
}

function textOf(mining: boolean | undefined): string | undefined {
  return mining === undefined ? undefined : mining ? 'mining' : 'stopped';
}
