import type { Preset, Presets } from '../../api/types';

export interface PresetChoice {
  name: string;
  label: string;
  /** True when every chosen miner has it tuned. */
  tuned: boolean;
  tunedOn: number;
  currentOn: number;
  needsModifiedPsu: boolean;
  powerWatts?: number;
  hashrate?: number;
}

/** Presets that all of the miners have, by rising power. Power and hashrate are shown only where the miners agree. */
export function commonPresets(lists: Presets[]): PresetChoice[] {
  const [first, ...others] = lists;
  if (!first) {
    return [];
  }
  return first.presets
    .flatMap((preset) => {
      const same = [preset, ...others.map((list) => list.presets.find((one) => one.name === preset.name))];
      return same.every((one): one is Preset => one !== undefined) ? [joinPresets(same)] : [];
    })
    .sort((a, b) => (a.powerWatts ?? Infinity) - (b.powerWatts ?? Infinity));
}

function joinPresets(presets: Preset[]): PresetChoice {
  const agreed = (value: (preset: Preset) => number | undefined): number | undefined => {
    const values = new Set(presets.map(value));
    return values.size === 1 ? [...values][0] : undefined;
  };
  return {
    name: presets[0].name,
    label: presets[0].label,
    tuned: presets.every((preset) => preset.tuned),
    tunedOn: presets.filter((preset) => preset.tuned).length,
    currentOn: presets.filter((preset) => preset.current).length,
    needsModifiedPsu: presets.some((preset) => preset.needsModifiedPsu),
    powerWatts: agreed((preset) => preset.powerWatts),
    hashrate: agreed((preset) => preset.hashrate),
  };
}
