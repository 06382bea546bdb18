/** The commands `hashfleet secrets …`: the encrypted store. A value is never an argument, for arguments are seen by everybody. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as textOf } from 'node:stream/consumers';
import { InvalidArgumentError, type Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { secretName } from '../config/schema.ts';
import { keyVariables, openSecretStore, readStoreKey, writeNewKey, type SecretStore } from '../config/secret-store.ts';
import { storePlace } from '../config/secrets.ts';
import { HashfleetError, messageOf } from '../errors.ts';

interface Flags { readonly config: string; readonly store?: string; readonly keyFile?: string }

const newKeyVariables = { key: 'HASHFLEET_SECRETS_NEW_KEY', file: 'HASHFLEET_SECRETS_NEW_KEY_FILE' } as const;

function nameArgument(text: string): string {
  const result = secretName.safeParse(text);
  if (!result.success) throw new InvalidArgumentError(`give ${result.error.issues[0]?.message ?? 'a name'}`);
  return text;
}

/** Store and key as the command line, else fleet.yaml, else the defaults have them. */
function open({ config, store, keyFile }: Flags, { mustExist }: { mustExist: boolean }): { store: SecretStore; file: string } {
  const folder = path.dirname(path.resolve(config));
  const place = storePlace({ folder, secrets: store !== undefined || !existsSync(config) ? undefined : loadConfig(config).secrets });
  const file = store === undefined ? place.file : path.resolve(store);
  if (mustExist && !existsSync(file)) throw new HashfleetError('not_found', `There is no store ${file} yet; "hashfleet secrets set NAME" makes it.`);
  return { file, store: openSecretStore(file, readStoreKey({ environment: process.env, file: keyFile ?? place.keyFile })) };
}

/** From a file, from a pipe, or typed twice without being shown. @throws HashfleetError payload_invalid */
async function readValue(name: string, fromFile: string | undefined): Promise<string> {
  const value = fromFile !== undefined ? ofFile(fromFile) : process.stdin.isTTY ? await typed(name) : await textOf(process.stdin);
  const plain = value.replace(/\r?\n$/, '');
  if (plain === '') throw new HashfleetError('payload_invalid', `The value of ${name} is empty; nothing was changed.`);
  if (/[\r\n]/.test(plain)) throw new HashfleetError('payload_invalid', `The value of ${name} has more than one line; a secret is one line. Nothing was changed.`);
  return plain;
}

function ofFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (thrown) {
    throw new HashfleetError('payload_invalid', `${file} cannot be read (${messageOf(thrown)}).`, { cause: thrown });
  }
}

async function typed(name: string): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    process.stderr.write(`Value of ${name} (it is not shown): `);
    const first = await lines.question('');
    process.stderr.write('\nOnce more: ');
    const second = await lines.question('');
    process.stderr.write('\n');
    if (first !== second) throw new HashfleetError('payload_invalid', 'The two differ; nothing was changed.');
    return first;
  } finally {
    lines.close();
  }
}

export function addSecrets(program: Command): void {
  const secrets = program.command('secrets').description('the encrypted store of secrets');
  const withPlace = (command: Command) => command
    .option('-c, --config <file>', 'fleet.yaml, whose section "secrets" names store and key file', 'fleet.yaml')
    .option('--store <file>', 'another store than fleet.yaml names (secrets.enc beside it)')
    .option('--key-file <file>', `file of mode 0600 with the key; else ${keyVariables.file} or ${keyVariables.key}`);

  withPlace(secrets.command('set').argument('<name>', 'of the secret', nameArgument).description('enter or replace a secret: typed, or from a pipe or a file; never as an argument'))
    .option('--from-file <file>', 'take the value from there')
    .action(async (name: string, flags: Flags & { readonly fromFile?: string }) => {
      const { store, file } = open(flags, { mustExist: false });
      const replaced = store.get(name) !== undefined;
      store.set(name, await readValue(name, flags.fromFile));
      store.save();
      console.log(`${replaced ? 'replaced' : 'entered'} ${name} in ${file}; a running exporter takes it with the next reload`);
    });
  withPlace(secrets.command('list').description('names and times of change; no values'))
    .action((flags: Flags) => {
      const entries = open(flags, { mustExist: true }).store.list();
      console.log(entries.length === 0 ? 'the store is empty' : entries.map(({ name, changedAt }) => `${name.padEnd(24)} changed ${changedAt}`).join('\n'));
    });
  withPlace(secrets.command('remove').argument('<name>', 'of the secret', nameArgument).description('remove a secret'))
    .action((name: string, flags: Flags) => {
      const { store, file } = open(flags, { mustExist: true });
      if (!store.remove(name)) throw new HashfleetError('not_found', `There is no secret ${name} in ${file}; "hashfleet secrets list" names them.`);
      store.save();
      console.log(`removed ${name} from ${file}`);
    });
  withPlace(secrets.command('rotate').description('encrypt the store under another key'))
    .option('--new-key-file <file>', `file of mode 0600 with the new key; else ${newKeyVariables.file} or ${newKeyVariables.key}`)
    .action((flags: Flags & { readonly newKeyFile?: string }) => {
      const { store, file } = open(flags, { mustExist: true });
      store.save(readStoreKey({ environment: process.env, file: flags.newKeyFile, variables: newKeyVariables }));
      console.log(`${file} is encrypted under the new key, ${store.list().length} secrets; the old key opens it no more`);
    });
  secrets.command('new-key').argument('<file>', 'that does not exist yet').description('write a new random key (mode 0600)')
    .action((file: string) => {
      writeNewKey(file);
      console.log(`wrote a new key to ${file}; keep a copy elsewhere, for without it the store is lost`);
    });
}
