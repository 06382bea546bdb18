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
