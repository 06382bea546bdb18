/** Notes, passwords, keys and firmware. */
import { createHash } from 'node:crypto';
import type { Reading } from '../miners/reading.ts';
import type { Action, Parameters } from './actions.ts';
import { saidBy, unfit } from './firmware-files.ts';
import { newApiKey } from './means.ts';
import { backFromReboot, from } from './verdicts.ts';

/** What fits a note on a small device; the vendor tells no limit. */
const [longestKey, longestText] = [64, 512];
const keyNameForm = /^[A-Za-z0-9_-]{1,32}$/;
const digestOf = (key: string) => createHash('sha256').update(key).digest('hex');
const versionOf = (reading: Reading | undefined) => [reading?.identity?.firmware, reading?.identity?.firmwareVersion].filter((part) => part !== undefined).join(' ');

export const careActions = {
  notes: {
    risk: 'harmless', undo: 'notes, with the text before', needs: ['login', 'notes'], reads: ['notes'],
    disruptive: false, confirm: 'several', usualSeconds: 5, longestSeconds: 30, changes: [],
    mistake: ({ note }) => (note === undefined || note.key === '' || note.key.length > longestKey || (note.text?.length ?? 0) > longestText ? { field: 'parameters.note', message: 'The action "notes" needs parameters.note.', allowed: `{key, text}, at most ${longestKey} and ${longestText} characters; without a text the note is deleted` } : undefined),
    assess(_miner, { note = { key: '' } }, { facts: { notes } }) {
      const now = notes?.find(({ key }) => key === note.key)?.value;
      if (notes === undefined) return { skip: 'its notes are not known' };
      if (now === note.text) return { skip: note.text === undefined ? 'there is no such note' : 'the note already says so' };
      return { changes: [{ field: `note ${note.key}`, ...from(now), to: note.text ?? 'deleted' }] };
    },
    command: ({ note = { key: '' } }) => ({ action: 'notes', key: note.key, text: note.text }),
    verify({ facts: { notes } }, { note = { key: '' } }) {
      const now = notes?.find(({ key }) => key === note.key)?.value;
      if (notes === undefined || now !== note.text) return { verdict: 'pending', detail: 'the note is not as asked yet' };
      return { verdict: 'verified', detail: note.text === undefined ? 'deleted' : 'the note says so' };
    },
  },
  password: {
    risk: 'takes_over', undo: 'password, to the entry before', stepUp: true, needs: ['login', 'credentials_entry'], proofs: ['password'],
    disruptive: false, confirm: 'always', usualSeconds: 10, longestSeconds: 60, changes: [],
    mistake: ({ credentials }) => (credentials === undefined || credentials === '' ? { field: 'parameters.credentials', message: 'The action "password" needs parameters.credentials.', allowed: 'the name of an entry of "credentials" in fleet.yaml; the password itself is never sent to the API' } : undefined),
    assess({ config }, { credentials = '' }, { means }) {
      if (means.password(credentials) === undefined) return { skip: `there is no entry "${credentials}" in credentials; there ${means.credentials.length === 0 ? 'is none' : `are: ${means.credentials.join(', ')}`}` };
      return { changes: [{ field: 'password', from: `of ${config.credentials}`, to: `of ${credentials}` }], warning: 'Other programs that log in to this miner need the new password.' };
    },
    command: ({ credentials = '' }, { view: { means } }) => ({ action: 'password', password: means.password(credentials) ?? '' }),
    verify({ facts: { passwordAccepted } }, { credentials = '' }) {
      if (passwordAccepted === undefined) return { verdict: 'pending', detail: 'the new password could not be tried yet' };
      // Once refused is enough: a miner locks out who tries on.
      return passwordAccepted ? { verdict: 'verified', detail: `logged in with the password of ${credentials}` } : { verdict: 'failed', detail: 'the miner does not accept the new password; the old one stays in use' };
    },
    settled: ({ config }, { credentials = '' }, { means }) => means.useCredentials(config.name, { credentials, insteadOf: config.credentials }),
  },
  api_keys: {
    risk: 'takes_over', undo: 'api_keys, with remove', stepUp: true, needs: ['login', 'api_keys', 'secret_store'], reads: ['api_keys'],
    disruptive: false, confirm: 'always', usualSeconds: 5, longestSeconds: 30, changes: [],
    mistake: ({ apiKey }) => (apiKey === undefined || !keyNameForm.test(apiKey.name) ? { field: 'parameters.apiKey', message: 'The action "api_keys" needs parameters.apiKey.', allowed: '{name, remove}; a name has 1 to 32 letters, digits, "_" and "-"' } : undefined),
    assess({ config }, { apiKey = { name: '' } }, { facts: { apiKeys }, means: { keys } }) {
      const ours = keys?.get(config.name, apiKey.name);
      if (keys === undefined) return { skip: 'there is no encrypted store, in which alone a key is kept (section "secrets")' };
      if (apiKeys === undefined) return { skip: 'its API keys are not known' };
      const there = ours !== undefined && apiKeys.some(({ digest }) => digest === digestOf(ours));
      if (apiKey.remove === true) return there ? { changes: [{ field: `API key ${apiKey.name}`, from: 'accepted', to: 'deleted' }] } : { skip: 'we made no key of that name on it' };
      return there ? { skip: 'it has the key already' } : { changes: [{ field: `API key ${apiKey.name}`, to: 'made, and kept in the encrypted store' }] };
    },
    command({ apiKey = { name: '' } }, { miner: { config }, view: { means: { keys } } }) {
      const kept = keys?.get(config.name, apiKey.name);
      const key = kept ?? newApiKey();
      // Kept before it is sent: a key that the miner has and nobody knows could never be deleted.
      if (kept === undefined) keys?.set(config.name, apiKey.name, key);
      return { action: 'api_keys', key, name: apiKey.name, remove: apiKey.remove === true };
    },
    verify({ facts: { apiKeys } }, { apiKey = { name: '' } }, { miner: { config }, means: { keys } }) {
      const ours = keys?.get(config.name, apiKey.name);
      if (apiKeys === undefined) return { verdict: 'pending', detail: 'its API keys cannot be read' };
      const there = ours !== undefined && apiKeys.some(({ digest }) => digest === digestOf(ours));
      if (there === (apiKey.remove === true)) return { verdict: 'pending', detail: there ? 'the key is still accepted' : 'the key is not there yet' };
      return { verdict: 'verified', detail: there ? 'the miner has the key' : 'the key is deleted' };
    },
    settled({ config }, { apiKey = { name: '' } }, { means: { keys } }) {
      if (apiKey.remove === true) keys?.remove(config.name, apiKey.name);
    },
  },
  firmware_update: {
    risk: 'destroys', stepUp: true, needs: ['login', 'firmware_file'], backsUp: true, untunes: true, sendSeconds: 180,
    disruptive: true, confirm: 'always', usualSeconds: 300, longestSeconds: 1200, changes: ['firmware', 'preset', 'pool', 'mining'],
    mistake: ({ file }) => (file === undefined || file === '' ? { field: 'parameters.file', message: 'The action "firmware_update" needs parameters.file.', allowed: 'the name of a file in control.firmware_folder' } : undefined),
    assess({ reading }, { file = '', keepSettings = true }, { means: { firmware } }) {
      const found = firmware.of(file);
      if ('problem' in found) return { skip: found.problem };
      const reason = unfit(file, { modelCode: reading?.identity?.modelCode, platform: reading?.identity?.platform });
      if (reason !== undefined) return { skip: reason };
      const { version, models } = saidBy(file);
      if (version !== undefined && reading?.identity?.firmwareVersion === version) return { skip: `already runs ${version}` };
      return {
        changes: [{ field: 'firmware', ...from(versionOf(reading)), to: `${file}, ${found.bytes} bytes, SHA-256 ${found.sha256}` }, { field: 'settings', to: keepSettings ? 'kept' : 'as from the factory' }],
        warning: `The miner installs it and reboots; a loss of power meanwhile may leave it dead.${models.length === 0 ? ' The file\'s name does not tell its model: check it.' : ''}`,
      };
    },
    command({ file = '', keepSettings = true }, { view: { means: { firmware } } }) {
      const found = firmware.of(file);
      return { action: 'firmware_update', file: 'problem' in found ? new Blob([]) : found.content, name: file, keepSettings };
    },
    verify(evidence, { file = '' }) {
      const back = backFromReboot(evidence);
      if (back.verdict !== 'verified') return back;
      const { version } = saidBy(file);
      const now = evidence.after.identity?.firmwareVersion;
      if (version !== undefined && now !== version) return { verdict: 'failed', detail: `rebooted, but runs ${now ?? 'an unknown version'} and not ${version}` };
      return { verdict: 'verified', detail: `runs ${now ?? 'a version that it does not tell'}, ${back.detail}` };
    },
  },
  firmware_remove: {
    risk: 'destroys', stepUp: true, needs: ['login'], backsUp: true, untunes: true, sendSeconds: 60, endsAs: 'stock_firmware',
    disruptive: true, confirm: 'always', usualSeconds: 180, longestSeconds: 900, changes: ['firmware', 'mining'],
    assess: ({ reading }) => ({ changes: [{ field: 'firmware', ...from(versionOf(reading)), to: 'the vendor\'s stock firmware' }], warning: 'Hashfleet cannot command stock firmware: VNish has to be installed anew by hand.' }),
    command: () => ({ action: 'firmware_remove' }),
    verify: ({ after }) => ({ verdict: 'pending', detail: `still runs ${versionOf(after)}` }),
  },
} satisfies Record<'notes' | 'password' | 'api_keys' | 'firmware_update' | 'firmware_remove', Action>;

/** Parameters whose values are secret are put out of sight; that they were given is still told. */
export const hidden = '(hidden)';

/** As they may be written down and shown: pools' passwords are hidden. */
export function shownParameters(parameters: Parameters): Parameters {
  const { pools } = parameters;
  return pools === undefined ? parameters : { ...parameters, pools: pools.map((pool) => (pool.password === undefined ? pool : { ...pool, password: hidden })) };
}

/** Whether these are parameters that were written down without their secrets: nothing can be sent with them. */
export function lackSecrets({ pools }: Parameters): boolean {
  return pools?.some(({ password }) => password === hidden) === true;
}
