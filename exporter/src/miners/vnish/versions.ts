/** What differs between VNish firmware versions, for reading and for writing, in one table (vnish-api.md, 2.4). */
export interface VersionTraits {
  /** The version that the table was written from. */
  readonly generation: '1.2' | '1.3';
  /** Per-chip data. */
  readonly boardsPath: BoardsPath;
  readonly locate: { readonly path: string; readonly style: 'toggle' | 'set' };
  /** `/mining/throttle` and `miner_status.throttled`. */
  readonly throttle: boolean;
  /** `/firmware/remove` wants a body. */
  readonly firmwareRemoveBody: boolean;
  /** The board's number in `/metrics` annotations. */
  readonly annotationBoard: 'chain_id' | 'board_id';
  /** Logs under `/logs/{type}`. */
  readonly logTypes: readonly string[];
  /** Settings under `miner.misc` that only this generation has. */
  readonly ownMisc: readonly string[];
}

export type BoardsPath = '/chains' | '/boards';

const logTypes12 = ['status', 'miner', 'autotune', 'system', 'messages', 'api'] as const;

const v12: VersionTraits = {
  generation: '1.2', boardsPath: '/chains', locate: { path: '/find-miner', style: 'toggle' }, throttle: false, firmwareRemoveBody: false,
  annotationBoard: 'chain_id', logTypes: logTypes12,
  ownMisc: ['higher_volt_offset', 'remain_stopped_on_reboot'],
};
const v13: VersionTraits = {
  generation: '1.3', boardsPath: '/boards', locate: { path: '/locate-miner', style: 'set' }, throttle: true, firmwareRemoveBody: true,
  annotationBoard: 'board_id', logTypes: [...logTypes12, 'pool', 'hwscan'],
  ownMisc: [
    'restore_miner_state_on_reboot', 'automatic_pause_on_boot', 'keep_hashing_when_offline', 'min_startup_delay_time', 'power_limit', 'power_limit_enabled',
    'retune_on_chain_break', 'allow_disabling_chains_without_pics',
  ],
};

export interface KnownVersion {
  readonly traits: VersionTraits;
  readonly known: boolean;
  /** For people; absent when the version is known. */
  readonly assumed?: string;
}

/**
 * `1.2.6-rc4` counts as 1.2. What nobody has described is read like its nearest known neighbour: older ones like 1.2, newer ones
 * like the newest. Without a version the path that answers with the boards decides; without that, too, it is 1.2, which most run.
 */
export function traitsOf(firmwareVersion: string | undefined, answered?: BoardsPath): KnownVersion {
  const match = /^(\d{1,9})\.(\d{1,9})/.exec(firmwareVersion ?? '');
  if (match === null) {
    const traits = answered === '/boards' ? v13 : v12;
    return { traits, known: false, assumed: `read like ${traits.generation}, since ${answered === undefined ? 'it tells no version' : `it tells no version but answers ${answered}`}` };
  }
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major === 1 && minor === 2) return { traits: v12, known: true };
  if (major === 1 && minor === 3) return { traits: v13, known: true };
  return major === 0 || (major === 1 && minor < 2)
    ? { traits: v12, known: false, assumed: 'older than any described version; read like 1.2' }
    : { traits: v13, known: false, assumed: 'newer than any described version; read like 1.3' };
}
