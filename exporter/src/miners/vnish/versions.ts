/** What differs between VNish firmware versions, in one table (vnish-api.md, 2.4). */
export interface VersionTraits {
  /** Per-chip data. */
  readonly boardsPath: '/chains' | '/boards';
  readonly locate: { readonly path: string; readonly style: 'toggle' | 'set' };
  readonly throttle: boolean;
}

const v12: VersionTraits = { boardsPath: '/chains', locate: { path: '/find-miner', style: 'toggle' }, throttle: false };
const v13: VersionTraits = { boardsPath: '/boards', locate: { path: '/locate-miner', style: 'set' }, throttle: true };

export interface KnownVersion { readonly traits: VersionTraits; readonly known: boolean }

/** `1.2.6-rc4` counts as 1.2; a version that nobody has described is read like the newest known one and marked. */
export function traitsOf(firmwareVersion: string | undefined): KnownVersion {
  const match = /^(\d+)\.(\d+)/.exec(firmwareVersion ?? '');
  if (match === null) return { traits: v12, known: false };
  const [major, minor] = [Number(match[1]), Number(match[2])];
  if (major === 1 && minor <= 2) return { traits: v12, known: minor === 2 };
  return { traits: v13, known: major === 1 && minor === 3 };
}
