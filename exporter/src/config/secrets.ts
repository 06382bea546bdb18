/** Secrets come from the environment, a file, or the encrypted store; they are read once and never printed. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { HashfleetError, messageOf } from '../errors.ts';
import { keyVariables, openSecretStore, readStoreKey, type SecretStore } from './secret-store.ts';
import type { FleetConfig } from './schema.ts';

/** Where one secret is; exactly one of them. */
export interface SecretSource {
  readonly env?: string | undefined;
  readonly file?: string | undefined;
  /** Its name in the encrypted store. */
  readonly secret?: string | undefined;
}

export interface SecretContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative files are looked up from here: the folder of fleet.yaml. */
  readonly folder: string;
  /** Section `secrets` of fleet.yaml. */
  readonly secrets?: FleetConfig['secrets'] | undefined;
}

/** Reads one secret; `what` names it in an error. @throws HashfleetError secret_missing, naming where it was looked for */
export type ReadSecret = (what: string, source: SecretSource) => string;

/** `NAME_env`, `NAME_file` and `NAME_secret` of an entry of fleet.yaml; undefined when it has none of them. */
export function sourceOf<Name extends string>(entry: Readonly<Partial<Record<`${Name}_env` | `${Name}_file` | `${Name}_secret`, string | undefined>>>, name: Name): SecretSource | undefined {
  const source: SecretSource = { env: entry[`${name}_env`], file: entry[`${name}_file`], secret: entry[`${name}_secret`] };
  return Object.values(source).every((value) => value === undefined) ? undefined : source;
}

/** The encrypted store is opened at the first secret that lies there. */
export function secretReader(context: SecretContext): ReadSecret {
  const { environment, folder } = context;
  let store: SecretStore | undefined;
  return (what, { env, file, secret }) => {
    const [value, where] = env !== undefined ? [environment[env], `the environment variable ${env} is not set`]
      : file !== undefined ? [fromFile(what, file, folder), `the file ${file} is empty`]
        : [(store ??= openStore(what, context)).get(secret ?? ''), `there is no secret ${secret ?? ''} in the store; "hashfleet secrets set ${secret ?? ''}" enters it`];
    if (value === undefined || value === '') throw new HashfleetError('secret_missing', `${what}: ${where}.`);
    return value;
  };
}

/** File of the store, and of its key where fleet.yaml names one. */
export function storePlace({ folder, secrets }: Pick<SecretContext, 'folder' | 'secrets'>): { file: string; keyFile: string | undefined } {
  return { file: path.resolve(folder, secrets?.store ?? 'secrets.enc'), keyFile: secrets?.key_file === undefined ? undefined : path.resolve(folder, secrets.key_file) };
}

function openStore(what: string, context: SecretContext): SecretStore {
  const { file, keyFile } = storePlace(context);
  try {
    return openSecretStore(file, readStoreKey({ environment: context.environment, file: keyFile }));
  } catch (thrown) {
    if (thrown instanceof HashfleetError) throw new HashfleetError('secret_missing', `${what}: ${thrown.message}`, { cause: thrown });
    throw thrown;
  }
}

function fromFile(what: string, file: string, folder: string): string {
  try {
    return readFileSync(path.resolve(folder, file), 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new HashfleetError('secret_missing', `${what}: cannot read the file ${file} (${messageOf(cause)}).`, { cause });
  }
}

/** Names of all variables that hold a secret of this configuration. */
export function secretVariables(config: Pick<FleetConfig, 'credentials' | 'pools' | 'api'>): readonly string[] {
  return [
    keyVariables.key,
    ...Object.values(config.credentials).map(({ password_env: name }) => name),
    ...config.pools.flatMap(({ api_key_env: key, api_secret_env: secret }) => [key, secret]),
    ...config.api.tokens.map(({ token_env: name }) => name),
  ].filter((name) => name !== undefined);
}
