/** The configuration tree behind `/settings` (vnish-api.md 2.3): defaults, and what a partial POST does to it. */
import type { Generation, HardwareModel } from '../hardware.ts';

export interface PoolSlot { url: string; user: string; pass: string }

export interface PresetSwitcher {
  enabled: boolean;
  top_preset: string | null;
  min_preset: string | null;
  decrease_temp: number;
  rise_temp: number;
  check_time: number;
  autochange_top_preset: boolean;
  ignore_fan_speed: boolean;
  power_delta?: number;
}

export interface CoolingSettings {
  mode: { name: 'auto' | 'manual'; param: number } | { name: 'immers' };
  fan_min_count: number;
  fan_min_duty: number;
  fan_max_duty: number;
  min_startup_water_temp?: number;
}

export interface ChainSettings { freq: number; chips: number[]; disabled: boolean }

export interface OverclockSettings {
  preset: string;
  modded_psu: boolean;
  globals: { freq: number; volt: number };
  chains: ChainSettings[];
  preset_switcher: PresetSwitcher;
}

export type MiscSettings = Record<string, boolean | number>;

export interface MinerSettings {
  cooling: CoolingSettings;
  misc: MiscSettings;
  overclock: OverclockSettings;
  pools: PoolSlot[];
}

export interface NetworkSettings {
  hostname: string;
  dhcp: boolean;
  ipaddress: string;
  netmask: string;
  gateway: string;
  dnsservers: string[];
}

export interface DeviceSettings {
  miner: MinerSettings;
  network: NetworkSettings;
  regional: { timezone: { current: string } };
  ui: { theme: string; locale: string; timezone: string; dark_side_pane: boolean; disable_animation: boolean };
  layout: Record<string, unknown> | null;
}

const misc12: MiscSettings = {
  asic_boost: false, higher_volt_offset: 0, remain_stopped_on_reboot: false, max_startup_delay_time: 0,
};
const misc13: MiscSettings = {
  asic_boost: false, restore_miner_state_on_reboot: false, automatic_pause_on_boot: false, keep_hashing_when_offline: false,
  min_startup_delay_time: 0, max_startup_delay_time: 0, power_limit: 0, power_limit_enabled: false, retune_on_chain_break: false,
  allow_disabling_chains_without_pics: false,
};

/** Both generations. `restart_temp` 90 is the vendor's default (2.3); the others are [S]. */
const miscBoth: MiscSettings = {
  restart_hashrate: 80, restart_temp: 90, max_restart_attempts: 3, disable_restart_unbalanced: false,
  disable_chain_break_protection: false, bitmain_disable_volt_comp: false, quick_start: false, tuner_bad_chip_hr_threshold: 50,
  ignore_broken_sensors: false, ignore_chip_sensors: false, disable_volt_checks: false, quiet_mode: false,
  downscale_preset_on_failure: false, auto_chip_throttling: false, min_operational_chains: 1,
};

export interface FactoryDefaults {
  readonly model: HardwareModel;
  readonly generation: Generation;
  readonly hostname: string;
  readonly address: string;
  readonly pools: readonly PoolSlot[];
}

export const emptyPool: Readonly<PoolSlot> = { url: '', user: '', pass: '' };

export function defaultSettings({ model, generation, hostname, address, pools }: FactoryDefaults): DeviceSettings {
  const is13 = generation === '1.3';
  const slots = [0, 1, 2].map((slot) => ({ ...(pools[slot] ?? emptyPool) }));
  return {
    miner: {
      cooling: {
        mode: { name: 'auto', param: 70 }, fan_min_count: 3, fan_min_duty: 10, fan_max_duty: 100,
        ...(is13 ? { min_startup_water_temp: 0 } : {}),
      },
      misc: { ...miscBoth, ...(is13 ? misc13 : misc12) },
      overclock: {
        preset: model.defaultPreset,
        modded_psu: false,
        globals: { freq: model.stock.frequencyMhz, volt: model.stock.voltageMv / 10 },
        chains: Array.from({ length: model.boards }, () => ({ freq: 0, chips: [], disabled: false })),
        preset_switcher: {
          enabled: false, top_preset: null, min_preset: null, decrease_temp: 75, rise_temp: 55, check_time: 300,
          autochange_top_preset: false, ignore_fan_speed: false, ...(is13 ? {} : { power_delta: 0 }),
        },
      },
      pools: slots,
    },
    network: { hostname, dhcp: true, ipaddress: address, netmask: '255.0.0.0', gateway: '127.0.0.1', dnsservers: ['127.0.0.1'] },
    regional: { timezone: { current: 'GMT' } },
    ui: { theme: 'auto', locale: 'en', timezone: 'GMT', dark_side_pane: true, disable_animation: false },
    layout: null,
  };
}

/** A body the firmware refuses; becomes 500 with `err` [S]. */
export class RefusedSettings extends Error {}

type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const limits: Readonly<Record<string, readonly [number, number]>> = {
  higher_volt_offset: [0, 100], max_startup_delay_time: [0, 300], min_startup_delay_time: [0, 300], restart_hashrate: [0, 100],
  tuner_bad_chip_hr_threshold: [20, 80], fan_min_duty: [0, 100], fan_max_duty: [0, 100], min_startup_water_temp: [0, 20],
  power_delta: [0, 50], decrease_temp: [25, 90], check_time: [60, 600], rise_temp: [-273, 85],
};

/** A patch's leaf fits when it has the type of the value it replaces and lies within the schema's limits. */
function checkLeaf(name: string, current: unknown, next: unknown): void {
  const nullable = name === 'top_preset' || name === 'min_preset';
  if (nullable && typeof next === 'string') return;
  if (typeof next !== typeof current) throw new RefusedSettings(`invalid value for \`${name}\``);
  if (typeof next !== 'number') return;
  if (!Number.isInteger(next)) throw new RefusedSettings(`\`${name}\` must be an integer`);
  const [low, high] = limits[name] ?? [0, 2 ** 31 - 1];
  if (next < low || next > high) throw new RefusedSettings(`\`${name}\` must be ${low}..${high}`);
}

/** Deep merge: absent and null leave as it is, objects merge, the rest replaces; unknown fields are ignored. Returns the paths that changed. */
function mergeTree(current: Tree, patch: Tree, prefix: string): string[] {
  const changed: string[] = [];
  for (const [name, next] of Object.entries(patch)) {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    if (next === null || next === undefined || !(name in current)) continue;
    const old = current[name];
    if (isTree(old) && name !== 'mode') {
      if (!isTree(next)) throw new RefusedSettings(`invalid value for \`${path}\``);
      changed.push(...mergeTree(old, next, path));
      continue;
    }
    if (!isTree(next) && !Array.isArray(next)) checkLeaf(name, old, next);
    if (JSON.stringify(old) === JSON.stringify(next)) continue;
    current[name] = structuredClone(next);
    changed.push(path);
  }
  return changed;
}

function checkMode(mode: unknown): void {
  if (!isTree(mode)) throw new RefusedSettings('invalid value for `cooling.mode`');
  const { name, param } = mode;
  if (name === 'immers') return;
  if ((name !== 'auto' && name !== 'manual') || typeof param !== 'number' || !Number.isInteger(param) || param < 0 || param > 100) {
    throw new RefusedSettings('invalid value for `cooling.mode`');
  }
}

function checkPools(pools: unknown): void {
  const fits = Array.isArray(pools) && pools.length === 3 && pools.every((pool: unknown) =>
    isTree(pool) && ['url', 'user', 'pass'].every((field) => typeof pool[field] === 'string'));
  if (!fits) throw new RefusedSettings('`pools` must be 3 of {url, user, pass}');
}

function checkChains(chains: unknown, boards: number): void {
  if (!Array.isArray(chains) || chains.length !== boards) throw new RefusedSettings(`\`overclock.chains\` must have ${boards} entries`);
  for (const chain of chains as unknown[]) if (!isTree(chain)) throw new RefusedSettings('invalid value for `overclock.chains`');
}

function checkNetwork(network: Tree): void {
  for (const field of ['hostname', 'dhcp', 'ipaddress', 'netmask', 'gateway', 'dnsservers']) {
    if (!(field in network)) throw new RefusedSettings(`missing field \`${field}\` in network`);
  }
}

function checkParts(patch: Tree, boards: number): void {
  const miner = patch['miner'];
  if (isTree(miner)) {
    const { cooling, overclock, pools } = miner;
    if (isTree(cooling) && cooling['mode'] !== null && cooling['mode'] !== undefined) checkMode(cooling['mode']);
    if (isTree(overclock) && overclock['chains'] !== null && overclock['chains'] !== undefined) checkChains(overclock['chains'], boards);
    if (pools !== null && pools !== undefined) checkPools(pools);
  } else if (miner !== null && miner !== undefined) {
    throw new RefusedSettings('invalid value for `miner`');
  }
  if (isTree(patch['network'])) checkNetwork(patch['network']);
}

/**
 * Merges a POSTed body into the settings and returns the dotted paths that changed. Nothing is changed when it throws
 * RefusedSettings. `overclock.chains: []` is refused (quirk 13).
 */
export function mergeSettings(settings: DeviceSettings, patch: unknown, boards: number): string[] {
  if (!isTree(patch)) throw new RefusedSettings('an object is expected');
  checkParts(patch, boards);
  const trial = structuredClone(settings);
  const changed = mergeTree(trial as unknown as Tree, patch, '');
  const layout = patch['layout'];
  if (isTree(layout)) trial.layout = structuredClone(layout);
  Object.assign(settings, trial);
  return changed;
}

const liveMisc = new Set(['quiet_mode', 'restart_hashrate', 'restart_temp', 'max_restart_attempts', 'keep_hashing_when_offline',
  'downscale_preset_on_failure', 'auto_chip_throttling', 'disable_restart_unbalanced'].map((name) => `miner.misc.${name}`));

/** Which changes wait for a restart of mining or a reboot. Open question 10 of vnish-api.md, so the rule is ours [S]. */
export function pendingAfter(changed: readonly string[]): { restart: boolean; reboot: boolean } {
  return {
    restart: changed.some((path) => path.startsWith('miner.pools') || path === 'miner.overclock.modded_psu'
      || path === 'miner.overclock.chains' || (path.startsWith('miner.misc.') && !liveMisc.has(path))),
    reboot: changed.some((path) => path.startsWith('network.')),
  };
}
