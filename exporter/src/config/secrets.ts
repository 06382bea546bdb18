/** Secrets come from the environment or a file; they are read once and never printed. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { HashfleetError, messageOf } from '../errors.ts';

export interface SecretSource {
  readonly env?: string | undefined;
  readonly file?: string | undefined;
}

export interface SecretContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Relative files are looked up from here: the folder of fleet.yaml. */
  readonly folder: string;
}

/** The secret without its trailing line break. @throws HashfleetError secret_missing, naming where it was looked for. */
export function readSecret(what: string, source: SecretSource, { environment, folder }: SecretContext): string {
  const value = source.env === undefined ? fromFile(what, source.file ?? '', folder) : environment[source.env];
  if (value === undefined || value === '') {
    const where = source.env === undefined ? `the file ${source.file ?? ''} is empty` : `the environment variable ${source.env} is not set`;
    throw new HashfleetError('secret_missing', `${what}: ${where}.`);
  }
  return value;
}

function fromFile(what: string, file: string, folder: string): string {
  try {
    return readFileSync(path.resolve(folder, file), 'utf8').replace(/\r?\n$/, '');
  } catch (cause) {
    throw new HashfleetError('secret_missing', `${what}: cannot read the file ${file} (${messageOf(cause)}).`, { cause });
  }
}
