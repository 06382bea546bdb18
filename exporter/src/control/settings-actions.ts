/** Settings of the machine itself: cooling, host name, tuning, and the whole of them from a backup or from the factory. */
import type { Miner } from '../fleet/fleet.ts';
import type { CoolingWish } from '../miners/driver.ts';
import { settingsDiff, type MinerSettings } from '../miners/settings.ts';
import type { Action, Assessment, CoolingTarget, ParameterMistake, Parameters } from './actions.ts';
import type { Backups } from './backups.ts';
import { backFromReboot, from, tunedOf } from './verdicts.ts';

type Cooling = NonNullable<MinerSettings['cooling']>;

/** Degrees Celsius; where the model tells no limits of its own: what keeps an Antminer's chips alive and a room's air can do. */
const [leastTarget, mostTarget] = [30, 90];
const coolingForms = 'at least one of mode (auto, manual, immersion), targetCelsius, fanPercent, fanMinPercent, fanMaxPercent (whole per cent, 0 to 100)';

function coolingMistake({ cooling }: Parameters): ParameterMistake | undefined {
  const wrong = (field: string, message: string, allowed = coolingForms): ParameterMistake => ({ field, message, allowed });
  if (cooling === undefined || Object.values(cooling).every((value) => value === undefined)) return wrong('parameters.cooling', 'The action "cooling" needs parameters.cooling.');
  for (const name of ['fanPercent', 'fanMinPercent', 'fanMaxPercent', 'targetCelsius'] as const) {
    const value = cooling[name];
    if (value !== undefined && (!Number.isInteger(value) || value < 0 || value > 100)) return wrong(`parameters.cooling.${name}`, `parameters.cooling.${name} is ${value}.`, 'a whole number from 0 to 100');
  }
  if (cooling.targetCelsius !== undefined && cooling.mode !== undefined && cooling.mode !== 'auto') return wrong('parameters.cooling.targetCelsius', `A target temperature goes with the mode auto, not with ${cooling.mode}.`);
  if (cooling.fanPercent !== undefined && cooling.mode !== undefined && cooling.mode !== 'manual') return wrong('parameters.cooling.fanPercent', `A fixed fan duty goes with the mode manual, not with ${cooling.mode}.`);
  if (cooling.fanPercent !== undefined && cooling.targetCelsius !== undefined) return wrong('parameters.cooling', 'Give either a target temperature or a fixed fan duty.');
  return undefined;
}

/** A target temperature means the mode auto, a fixed duty the mode manual. */
function wishOf({ mode, targetCelsius, fanPercent, fanMinPercent, fanMaxPercent }: CoolingTarget): CoolingWish {
  const implied = mode ?? (targetCelsius !== undefined ? 'auto' : fanPercent !== undefined ? 'manual' : undefined);
  const ratio = (percent: number | undefined) => (percent === undefined ? undefined : percent / 100);
  return { mode: implied, targetTemperature: targetCelsius, dutyRatio: ratio(fanPercent), leastDutyRatio: ratio(fanMinPercent), mostDutyRatio: ratio(fanMaxPercent) };
}

/** What the cooling will be. */
function merged(now: Cooling, wish: CoolingWish): Cooling {
  const mode = wish.mode ?? now.mode;
  const targetTemperature = mode === 'auto' ? wish.targetTemperature ?? now.targetTemperature : undefined;
  const dutyRatio = mode === 'manual' ? wish.dutyRatio ?? now.dutyRatio : undefined;
  const [leastDutyRatio, mostDutyRatio] = [wish.leastDutyRatio ?? now.leastDutyRatio, wish.mostDutyRatio ?? now.mostDutyRatio];
  return {
    ...(mode === undefined ? {} : { mode }), ...(targetTemperature === undefined ? {} : { targetTemperature }), ...(dutyRatio === undefined ? {} : { dutyRatio }),
    ...(leastDutyRatio === undefined ? {} : { leastDutyRatio }), ...(mostDutyRatio === undefined ? {} : { mostDutyRatio }),
  };
}

const percentOf = (ratio: number) => `${Math.round(ratio * 100)} %`;
const coolingFields = [
  ['mode', 'cooling mode', String], ['targetTemperature', 'target temperature', (value: number) => `${value} °C`], ['dutyRatio', 'fan duty', percentOf],
  ['leastDutyRatio', 'least fan duty', percentOf], ['mostDutyRatio', 'most fan duty', percentOf],
] as const;

function coolingChanges(now: Cooling, next: Cooling): { field: string; from?: string; to: string }[] {
  return coolingFields.flatMap(([name, field, write]) => {
    const [before, after] = [now[name], next[name]];
    const text = write as (value: string | number) => string;
    return after === undefined || before === after ? [] : [{ field, ...from(before === undefined ? undefined : text(before)), to: text(after) }];
  });
}

/** Why this cooling would harm; undefined where it would not. */
function harm(next: Cooling, { reading }: Miner, floor: number): string | undefined {
  const limits = reading?.limits?.cooling;
  const [low, high] = [Math.max(leastTarget, limits?.leastTarget ?? 0), Math.min(mostTarget, limits?.mostTarget ?? mostTarget)];
  const least = Math.max(floor, limits?.leastDutyRatio ?? 0);
  const because = floor >= (limits?.leastDutyRatio ?? 0) ? 'control.fan_floor_percent' : 'the model\'s own limit';
  if (next.mode === 'auto' && next.targetTemperature === undefined) return 'the mode auto needs targetCelsius';
  if (next.mode === 'manual' && next.dutyRatio === undefined) return 'the mode manual needs fanPercent';
  if (next.targetTemperature !== undefined && (next.targetTemperature < low || next.targetTemperature > high)) return `a target of ${next.targetTemperature} °C is outside ${low} to ${high} °C`;
  if (next.mode === 'immersion' && floor > 0) return `immersion stops the fans, which may not go below ${percentOf(floor)} (control.fan_floor_percent)`;
  if (next.mode === 'manual' && next.dutyRatio !== undefined && next.dutyRatio < least) return `a fan duty of ${percentOf(next.dutyRatio)} is below ${percentOf(least)} (${because})`;
  if (next.mode === 'auto' && floor > 0 && (next.leastDutyRatio ?? 0) < floor) return `the least fan duty would be ${percentOf(next.leastDutyRatio ?? 0)}, below ${percentOf(floor)} (control.fan_floor_percent); give fanMinPercent`;
  if (next.leastDutyRatio !== undefined && next.mostDutyRatio !== undefined && next.mostDutyRatio < next.leastDutyRatio) return `the most fan duty (${percentOf(next.mostDutyRatio)}) is below the least (${percentOf(next.leastDutyRatio)})`;
  return undefined;
}

/** RFC 1123, as far as a single label goes. */
const hostnameForm = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
/** Names of miners may hold dots and underscores, names of hosts may not. */
const hostnameFor = (pattern: string, { config }: Miner) => pattern.replaceAll('{miner}', config.name.replace(/[._]/g, '-'));

/** The backup that is meant: the newest that was not itself kept before a restore. */
function backupOf(backups: Backups, miner: string, wanted: string | undefined): string | undefined {
  const all = backups.list(miner);
  return wanted === undefined ? all.find((name) => !name.endsWith('-settings_restore')) : all.find((name) => name === wanted);
}

const rebooting = 'The miner reboots: it is out of reach for about half a minute and does not mine for about three.';

export const settingsActions = {
  cooling: {
    risk: 'reconfigures', undo: 'cooling, to what it was', needs: ['login', 'settings'], reads: ['settings'], backsUp: true,
    disruptive: false, confirm: 'always', usualSeconds: 10, longestSeconds: 60, changes: [],
    mistake: coolingMistake,
    assess(miner, { cooling = {} }, { facts: { settings }, means }) {
      if (settings?.cooling === undefined) return { skip: 'its cooling is not known' };
      const next = merged(settings.cooling, wishOf(cooling));
      const reason = harm(next, miner, means.fanFloorRatio);
      if (reason !== undefined) return { skip: reason };
      const changes = coolingChanges(settings.cooling, next);
      if (changes.length === 0) return { skip: 'its cooling already is as asked' };
      return { changes, ...(next.mode === 'immersion' && settings.cooling.mode !== 'immersion' ? { warning: 'Immersion stops the fans: right only for a miner that lies in liquid.' } : {}) };
    },
    command: ({ cooling = {} }) => ({ action: 'cooling', cooling: wishOf(cooling) }),
    verify({ facts: { settings } }, { cooling = {} }) {
      const now = settings?.cooling;
      if (now === undefined) return { verdict: 'pending', detail: 'its cooling cannot be read' };
      const open = coolingChanges(now, merged(now, wishOf(cooling)));
      return open.length === 0 ? { verdict: 'verified', detail: 'the settings show it' } : { verdict: 'pending', detail: `not yet: ${open.map(({ field, from: still }) => `${field} ${still ?? 'unknown'}`).join(', ')}` };
    },
  },
  hostname: {
    risk: 'reconfigures', undo: 'hostname, to the one before', needs: ['login', 'settings'], reads: ['settings'], backsUp: true,
    disruptive: false, confirm: 'several', usualSeconds: 10, longestSeconds: 60, changes: [],
    mistake: ({ hostname }) => (hostname === undefined || !hostnameForm.test(hostname.replaceAll('{miner}', 'm')) ? { field: 'parameters.hostname', message: `The action "hostname" needs parameters.hostname${hostname === undefined ? '' : `, not "${hostname.slice(0, 80)}"`}.`, allowed: 'letters, digits and "-", 1 to 63 characters, with {miner} for the miner\'s name' } : undefined),
    assess(miner, { hostname = '' }, { facts: { settings } }) {
      const wanted = hostnameFor(hostname, miner);
      if (!hostnameForm.test(wanted)) return { skip: `"${wanted.slice(0, 80)}" is no host name: letters, digits and "-", at most 63` };
      if (settings?.network === undefined) return { skip: 'its network settings are not known' };
      if (settings.network.hostname === wanted) return { skip: `already is ${wanted}` };
      return { changes: [{ field: 'host name', ...from(settings.network.hostname), to: wanted }] };
    },
    command: ({ hostname = '' }, { miner }) => ({ action: 'hostname', hostname: hostnameFor(hostname, miner) }),
    verify({ after, facts: { settings } }, { hostname = '' }, { miner }) {
      const now = settings?.network?.hostname;
      if (now !== hostnameFor(hostname, miner)) return { verdict: 'pending', detail: `still ${now ?? 'unknown'}` };
      return { verdict: 'verified', detail: `${now}${after.rebootRequired === true ? '; it counts from the next reboot' : ''}` };
    },
  },
  autotune_reset: {
    risk: 'destroys', needs: ['login', 'presets'], reads: ['presets'], backsUp: true, untunes: true,
    disruptive: false, confirm: 'always', usualSeconds: 10, longestSeconds: 60, changes: [],
    mistake: ({ presets }) => (presets === undefined || presets.length === 0 ? { field: 'parameters.presets', message: 'The action "autotune_reset" needs parameters.presets.', allowed: 'names of presets, or "all"' } : undefined),
    assess({ reading }, { presets: wanted = [] }, { facts: { presets } }): Assessment {
      if (presets === undefined) return { skip: 'its presets are not known' };
      const missing = wanted === 'all' ? undefined : wanted.find((name) => !presets.some((preset) => preset.name === name));
      if (missing !== undefined) return { skip: `it has no preset "${missing}"` };
      const tuned = tunedOf(presets).filter((name) => wanted === 'all' || wanted.includes(name));
      if (tuned.length === 0) return { skip: 'none of these presets is tuned' };
      const inUse = reading?.preset?.name !== undefined && tuned.includes(reading.preset.name);
      return { changes: tuned.map((name) => ({ field: `preset ${name}`, from: 'tuned', to: 'not tuned' })), warning: `Tuning a preset anew takes hours.${inUse ? ' The preset in use is among them: the miner tunes it from the next start of mining.' : ''}` };
    },
    command: ({ presets = [] }) => ({ action: 'autotune_reset', presets }),
    verify({ facts: { presets } }, { presets: wanted = [] }) {
      if (presets === undefined) return { verdict: 'pending', detail: 'its presets cannot be read' };
      const still = tunedOf(presets).filter((name) => wanted === 'all' || wanted.includes(name));
      return still.length === 0 ? { verdict: 'verified', detail: 'none of them is tuned any more' } : { verdict: 'pending', detail: `still tuned: ${still.join(', ')}` };
    },
  },
  settings_backup: {
    risk: 'harmless', needs: ['login', 'settings'], backsUp: true,
    disruptive: false, confirm: 'several', usualSeconds: 5, longestSeconds: 60, changes: [],
    assess: () => ({ changes: [{ field: 'backup', to: 'kept by the exporter' }] }),
    command: () => ({ action: 'settings_backup' }),
    verify: ({ before }) => (before?.backup === undefined ? { verdict: 'failed', detail: 'no backup was kept' } : { verdict: 'verified', detail: `kept as ${before.backup}` }),
  },
  settings_restore: {
    risk: 'takes_over', undo: 'settings_restore, from the backup kept before it', stepUp: true, needs: ['login', 'settings', 'backup_file'], reads: ['settings'], backsUp: true, untunes: true, sendSeconds: 60,
    disruptive: true, confirm: 'always', usualSeconds: 180, longestSeconds: 600, changes: ['preset', 'pool', 'mining'],
    assess({ config, reading }, { backup }, { facts: { settings }, means: { backups } }) {
      const name = backupOf(backups, config.name, backup);
      const there = backups.list(config.name);
      if (name === undefined) return { skip: `there is no backup${backup === undefined ? '' : ` "${backup}"`} of it${there.length === 0 ? '' : `; there are: ${there.slice(0, 5).join(', ')}`}` };
      if (reading?.warranty === 'active') return { skip: 'its warranty is active, with which the firmware restores nothing' };
      const kept = backups.read(config.name, name)?.settings;
      const differences = kept === undefined || settings === undefined ? [] : settingsDiff(settings, kept).map(({ field, from: now, to = 'nothing' }) => ({ field, ...from(now), to }));
      return { changes: [{ field: 'settings', to: `as in ${name}` }, ...differences], warning: `${rebooting} Passwords are those of the backup.${kept === undefined ? ' What the backup holds is not known.' : ''}` };
    },
    command({ backup }, { miner: { config }, view: { means: { backups } } }) {
      const name = backupOf(backups, config.name, backup) ?? '';
      return { action: 'settings_restore', archive: new Blob([new Uint8Array(backups.read(config.name, name)?.archive ?? [])]), name: `${name}.tar.gz` };
    },
    verify(evidence, { backup }, { miner: { config }, means: { backups } }) {
      const back = backFromReboot(evidence);
      if (back.verdict !== 'verified') return back;
      const name = backupOf(backups, config.name, backup);
      const kept = name === undefined ? undefined : backups.read(config.name, name)?.settings;
      const { settings } = evidence.facts;
      if (kept === undefined) return { verdict: 'verified', detail: `rebooted after the restore; what the backup held is not known (${back.detail})` };
      if (settings === undefined) return { verdict: 'pending', detail: 'rebooted; its settings cannot be read: the backup may hold another password' };
      const differing = settingsDiff(kept, settings).map(({ field }) => field);
      return differing.length === 0 ? { verdict: 'verified', detail: `as in ${name ?? ''}, ${back.detail}` } : { verdict: 'pending', detail: `not as in the backup: ${differing.slice(0, 5).join(', ')}` };
    },
  },
  factory_reset: {
    risk: 'destroys', undo: 'settings_restore, from the backup kept before it', stepUp: true, needs: ['login', 'settings'], reads: ['settings'], backsUp: true, untunes: true,
    disruptive: true, confirm: 'always', usualSeconds: 180, longestSeconds: 600, changes: ['preset', 'pool', 'mining'],
    assess: () => ({ changes: [{ field: 'settings', to: 'as from the factory' }], warning: `${rebooting} Pools, network, presets and password are the vendor's afterwards.` }),
    command: () => ({ action: 'factory_reset' }),
    verify(evidence) {
      const back = backFromReboot(evidence);
      // Without pools of its own it may hash for nobody: the reboot is what can be proved.
      const rebooted = back.verdict === 'verified' || (evidence.wasAway && evidence.after.state !== undefined && evidence.elapsed > 60);
      if (!rebooted) return back;
      const [before, after] = [evidence.before?.settings, evidence.facts.settings];
      if (after === undefined) return { verdict: 'pending', detail: 'rebooted; its settings cannot be read: its password is the vendor\'s now' };
      const changed = before === undefined ? undefined : settingsDiff(before, after).length;
      return changed === 0 ? { verdict: 'pending', detail: 'rebooted, but no setting is another' } : { verdict: 'verified', detail: `rebooted; ${changed === undefined ? 'its settings are read' : `${changed} settings are others`}` };
    },
  },
} satisfies Record<'cooling' | 'hostname' | 'autotune_reset' | 'settings_backup' | 'settings_restore' | 'factory_reset', Action>;
