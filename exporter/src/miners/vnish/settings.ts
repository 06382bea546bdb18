/**
 * `/settings` without its secrets (vnish-api.md, 2.3); pure. Only what is named here is taken over, so that a secret of a coming
 * firmware stays out, too.
 */
import { createHash } from 'node:crypto';
import type { Mismatch } from '../../mismatch.ts';
import { defined } from '../../defined.ts';
import { withoutLogin, type ApiKeyEntry } from '../driver.ts';
import { fieldsOf, isObject, type Fields, type JsonObject } from '../fields.ts';
import { scaled } from '../quantities.ts';
import { coolingModes, type CoolingMode } from '../reading.ts';
import type { MinerSettings } from '../settings.ts';
import { parseSwitcher } from './presets.ts';
import { unlessBlank, unlessZero } from './units.ts';

/** Settings under `miner.misc` that both generations have; what only one has is in versions.ts. */
const misc = [
  'asic_boost', 'restart_hashrate', 'restart_temp', 'max_restart_attempts', 'disable_restart_unbalanced', 'disable_chain_break_protection',
  'bitmain_disable_volt_comp', 'quick_start', 'tuner_bad_chip_hr_threshold', 'ignore_broken_sensors', 'ignore_chip_sensors', 'disable_volt_checks',
  'quiet_mode', 'downscale_preset_on_failure', 'auto_chip_throttling', 'max_startup_delay_time', 'min_operational_chains',
];

export function parseSettings(reply: JsonObject, ownMisc: readonly string[], mismatch: Mismatch): MinerSettings {
  const fields = fieldsOf(reply, 'settings', mismatch);
  const miner = fields.object('miner')?.optional;
  const network = fields.optional.object('network')?.optional;
  const overclock = miner?.object('overclock')?.optional;
  return defined<MinerSettings>({
    pools: (miner?.list('pools') ?? []).flatMap((pool, slot) => {
      const url = unlessBlank(pool.optional.text('url'));
      return url === undefined ? [] : [{ slot, url: withoutLogin(url), user: pool.optional.text('user') ?? '' }];
    }),
    cooling: parseCooling(miner?.object('cooling')?.optional),
    preset: overclock?.text('preset'),
    modifiedPsu: overclock?.flag('modded_psu'),
    manual: parseManual(overclock?.object('globals')?.optional),
    boards: (overclock?.list('chains') ?? []).map((chain, index) => defined<MinerSettings['boards'][number]>({
      // A frequency of 0 is inherited (vnish-api.md, 2.3).
      board: index + 1, frequencyHertz: scaled(unlessZero(chain.optional.number('freq')), 1e6), disabled: chain.optional.flag('disabled'),
    })),
    switcher: overclock === undefined ? undefined : parseSwitcher(overclock),
    protection: parseMisc(miner?.object('misc'), [...misc, ...ownMisc]),
    network: network === undefined ? undefined : defined<NonNullable<MinerSettings['network']>>({
      hostname: network.text('hostname'), dhcp: network.flag('dhcp'), address: network.text('ipaddress'), netmask: network.text('netmask'), gateway: network.text('gateway'),
    }),
    timezone: fields.optional.object('regional')?.optional.object('timezone')?.optional.text('current'),
  });
}

/** The same text for the same settings; of what parseSettings gives, so without any secret. */
export function hashOf(settings: MinerSettings): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 16);
}

/** `immers` here is `immersion` in the summary (vnish-api.md, 3). */
function parseCooling(cooling: Fields | undefined): MinerSettings['cooling'] {
  if (cooling === undefined) return undefined;
  const mode = cooling.object('mode')?.optional;
  const given = mode?.text('name');
  const name: CoolingMode | undefined = given === 'immers' ? 'immersion' : coolingModes.find((one) => one === given);
  return defined<NonNullable<MinerSettings['cooling']>>({
    mode: name,
    targetTemperature: name === 'auto' ? mode?.number('param') : undefined,
    dutyRatio: name === 'manual' ? scaled(mode?.number('param', 0, 100), 0.01) : undefined,
    leastFans: cooling.number('fan_min_count'),
    leastDutyRatio: scaled(cooling.number('fan_min_duty', 0, 100), 0.01),
    mostDutyRatio: scaled(cooling.number('fan_max_duty', 0, 100), 0.01),
    leastStartWaterTemperature: cooling.number('min_startup_water_temp'),
  });
}

/** Volts in units of 10 mV here (vnish-api.md, 2.5). */
function parseManual(globals: Fields | undefined): MinerSettings['manual'] {
  return globals === undefined ? undefined : defined<NonNullable<MinerSettings['manual']>>({ frequencyHertz: scaled(globals.number('freq'), 1e6), voltageVolts: scaled(globals.number('volt'), 1e-2) });
}

function parseMisc(fields: Fields | undefined, names: readonly string[]): MinerSettings['protection'] {
  const found = names.flatMap((name): [string, number | boolean][] => {
    const value = fields?.scalar(name);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(found);
}

/** Notes that people keep on the miner, by key. */
export function parseNotes(reply: unknown, mismatch: Mismatch): { key: string; value: string }[] {
  if (!isObject(reply)) {
    mismatch('notes', 'notes');
    return [];
  }
  const fields = fieldsOf(reply, 'notes', mismatch);
  return Object.keys(reply).slice(0, mostNotes).flatMap((key) => {
    const value = fields.text(key);
    return value === undefined ? [] : [{ key: key.slice(0, 128), value }];
  });
}

const mostNotes = 100;

/** Keys come in clear (vnish-api.md, 1.2); only what compares them is kept. */
export function parseApiKeys(reply: unknown, mismatch: Mismatch): ApiKeyEntry[] {
  if (!Array.isArray(reply)) {
    mismatch('apikeys', 'apikeys');
    return [];
  }
  return (reply as unknown[]).slice(0, mostNotes).flatMap((item) => {
    const fields = isObject(item) ? fieldsOf(item, 'apikeys', mismatch) : undefined;
    const key = fields?.text('key');
    return key === undefined ? [] : [{ name: fields?.optional.text('description') ?? '', digest: createHash('sha256').update(key).digest('hex') }];
  });
}
