/** Power profiles and the switch between them: `/autotune/presets`, `/perf-summary` (vnish-api.md, 2.3 and 4); pure. */
import type { Mismatch } from '../../mismatch.ts';
import { defined } from '../../defined.ts';
import { fieldsOf, isObject, type Fields } from '../fields.ts';
import { scaled } from '../quantities.ts';
import type { Preset, PresetReading, PresetSwitcher } from '../reading.ts';

/** W: several times the largest machine; what a text promises beyond is no power of one. */
const mostWatts = 100_000;
/** H/s: a thousand times the fastest machine of any algorithm. */
const mostHashrate = 1e18;
const presetUnits: Readonly<Record<string, number>> = { mh: 1e6, m: 1e6, gh: 1e9, g: 1e9, th: 1e12, t: 1e12 };

/** "3200 watt ~ 9300 MH", "1100 watt ~ 53 TH LC": watts and H/s (vnish-api.md, 2.3 and 7 row 5). */
export function parsePresetText(text: string): { powerWatts?: number; hashrate?: number } {
  const match = /^\s*(\d+(?:\.\d+)?)\s*watt\s*~\s*(\d+(?:\.\d+)?)\s*([KMGT]H?)/i.exec(text);
  if (match === null) return {};
  const factor = presetUnits[(match[3] ?? '').toLowerCase()];
  const [powerWatts, hashrate] = [Number(match[1]), factor === undefined ? undefined : Number(match[2]) * factor];
  return { ...(powerWatts > mostWatts ? {} : { powerWatts }), ...(hashrate === undefined || hashrate > mostHashrate ? {} : { hashrate }) };
}

/** Several times what any firmware offers. */
const mostPresets = 200;

/** The list of /autotune/presets: a bare array, or `{presets: []}` in some builds. "disabled" is manual mode. */
export function parsePresets(reply: unknown, unit: number | undefined, mismatch: Mismatch): Preset[] {
  const list: unknown = isObject(reply) ? reply['presets'] : reply;
  if (!Array.isArray(list)) {
    mismatch('presets', 'presets');
    return [];
  }
  return (list as unknown[]).slice(0, mostPresets).flatMap((item) => {
    if (!isObject(item)) return [];
    const fields = fieldsOf(item, 'presets', mismatch);
    const name = fields.text('name');
    if (name === undefined) return [];
    const label = fields.optional.text('pretty') ?? name;
    const promised = parsePresetText(label);
    const tunedHashrate = scaled(fields.optional.object('tune_settings')?.number('hashrate'), unit);
    const hashrate = tunedHashrate === undefined || tunedHashrate === 0 ? promised.hashrate : tunedHashrate;
    return [defined<Preset>({
      name, label,
      tuned: fields.text('status') === 'tuned',
      needsModifiedPsu: fields.optional.flag('modded_psu_required') ?? label.endsWith(" LC"),
      powerWatts: wattsOf(name) ?? promised.powerWatts,
      hashrate: name === 'disabled' ? undefined : hashrate,
    })];
  });
}

/** What `/perf-summary` says of the preset in use; the list adds the hashrate of a tuned one. */
export function parseCurrentPreset(fields: Fields, presets: readonly Preset[]): PresetReading | undefined {
  const current = fields.optional.object('current_preset');
  const name = current?.text('name');
  if (current === undefined || name === undefined) return undefined;
  const promised = parsePresetText(current.optional.text('pretty') ?? '');
  const listed = presets.find((preset) => preset.name === name);
  const status = current.optional.text('status');
  return defined<PresetReading>({
    name,
    tuned: status === undefined ? undefined : status === 'tuned',
    switcher: fields.optional.object('preset_switcher')?.optional.flag('enabled'),
    powerWatts: wattsOf(name) ?? promised.powerWatts,
    hashrate: listed?.hashrate ?? promised.hashrate,
  });
}

/** The switcher of `/perf-summary` or of the settings. Presets are named by their watts (vnish-api.md, 2.3). */
export function parseSwitcher(parent: Fields): PresetSwitcher | undefined {
  const fields = parent.optional.object('preset_switcher')?.optional;
  return fields === undefined ? undefined : defined<PresetSwitcher>({
    enabled: fields.flag('enabled'),
    topPresetWatts: wattsOf(fields.text('top_preset')),
    minPresetWatts: wattsOf(fields.text('min_preset')),
    decreaseTemperature: fields.number('decrease_temp'),
    riseTemperature: fields.number('rise_temp'),
    checkSeconds: fields.number('check_time'),
  });
}

/** The watts that a preset is named by; other names, "disabled" for example, name none. */
function wattsOf(name: string | undefined): number | undefined {
  // Number() also reads hexadecimal, exponents and blanks.
  const watts = name !== undefined && /^\d+(\.\d+)?$/.test(name) ? Number(name) : 0;
  return watts > 0 && watts <= mostWatts ? watts : undefined;
}
