/** What an operator set on a miner, in base units and without any secret: no password, no token, no key. */
import type { CoolingMode, PresetSwitcher } from './reading.ts';

export interface MinerSettings {
  readonly pools: readonly { readonly slot: number; readonly url: string; readonly user: string }[];
  readonly cooling?: {
    readonly mode?: CoolingMode;
    /** With `auto`, degrees Celsius. */
    readonly targetTemperature?: number;
    /** With `manual`. */
    readonly dutyRatio?: number;
    readonly leastFans?: number;
    readonly leastDutyRatio?: number;
    readonly mostDutyRatio?: number;
    readonly leastStartWaterTemperature?: number;
  } | undefined;
  /** The configured preset, or "disabled" for manual mode; what runs now may differ while the switcher is on. */
  readonly preset?: string;
  readonly modifiedPsu?: boolean;
  /** Used with the preset "disabled". */
  readonly manual?: { readonly frequencyHertz?: number; readonly voltageVolts?: number } | undefined;
  /** A board without a frequency has that of the preset. */
  readonly boards: readonly { readonly board: number; readonly frequencyHertz?: number; readonly disabled?: boolean }[];
  readonly switcher?: PresetSwitcher;
  /** Protections and start-up, by the firmware's own names. */
  readonly protection: Readonly<Record<string, number | boolean>>;
  readonly network?: { readonly hostname?: string; readonly dhcp?: boolean; readonly address?: string; readonly netmask?: string; readonly gateway?: string };
  readonly timezone?: string;
}

/** One setting that differs, by its path, as `cooling.targetTemperature`. */
export interface SettingChange { readonly field: string; readonly from?: string; readonly to?: string }

/** What is another in `after`; a setting that one of the two does not tell is a difference, too. */
export function settingsDiff(before: MinerSettings, after: MinerSettings): SettingChange[] {
  const [old, now] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])].filter((field) => old.get(field) !== now.get(field)).map((field) => {
    const [from, to] = [old.get(field), now.get(field)];
    return { field, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  });
}

function leavesOf(value: unknown, path = '', found = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) {
    if (value !== undefined) found.set(path, typeof value === 'string' ? value : JSON.stringify(value));
    return found;
  }
  for (const [name, part] of Object.entries(value)) leavesOf(part, path === '' ? name : `${path}.${name}`, found);
  return found;
}
