/**
 * Secrets in one encrypted file: a key derived from the operator's by scrypt with a random salt, AES-256-GCM over all entries
 * at once, so that nobody without the key reads a value or a name, and nobody changes, swaps or removes an entry unseen.
 *
 * The file is JSON: version, the derivation's parameters and salt (authenticated with the rest), and nonce, ciphertext and
 * tag in base64. Each writing takes a new nonce; a new salt comes with the first writing and with each rotation.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { closeSync, constants, existsSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import { secretName } from './schema.ts';

/** scrypt as OWASP's Password Storage Cheat Sheet has it: 128 MiB and some 0.3 s for each guess. */
const derivation = { name: 'scrypt', N: 2 ** 17, r: 8, p: 1 } as const;
const saltBytes = 16;
const keyBytes = 32;
/** NIST SP 800-38D, 8.2: 96 bits. */
const nonceBytes = 12;
/** Shorter keys are guessed. */
export const leastKeyLength = 16;

const base64 = z.base64();
const storeFile = z.object({
  version: z.literal(1),
  // Only what we write ourselves: a file must not be able to ask for gigabytes of memory, or for a weak key.
  derivation: z.object({ name: z.literal(derivation.name), N: z.literal(derivation.N), r: z.literal(derivation.r), p: z.literal(derivation.p), salt: base64 }),
  nonce: base64, data: base64, tag: base64,
});
type StoreFile = z.output<typeof storeFile>;

const entries = z.record(secretName, z.object({ value: z.string(), changedAt: z.iso.datetime() }));
type Entries = z.output<typeof entries>;

export interface SecretStore {
  /** Names with the time of their last change, sorted. */
  list(): readonly { readonly name: string; readonly changedAt: string }[];
  get(name: string): string | undefined;
  set(name: string, value: string): void;
  /** False when there was none. */
  remove(name: string): boolean;
  /** Writes the file whole, readable by its owner only; with another key, under a new salt. @throws HashfleetError */
  save(key?: string): void;
}

/** @throws HashfleetError secret_missing when the file is there but the key does not open it, or it is damaged. */
export function openSecretStore(file: string, key: string, now: () => number = Date.now): SecretStore {
  const stored = existsSync(file) ? parse(file) : undefined;
  const known: Entries = stored === undefined ? {} : decrypt(stored, key, file);
  let salt = stored === undefined ? randomBytes(saltBytes) : Buffer.from(stored.derivation.salt, 'base64');
  return {
    list: () => Object.entries(known).map(([name, { changedAt }]) => ({ name, changedAt })).sort((a, b) => (a.name < b.name ? -1 : 1)),
    get: (name) => (Object.hasOwn(known, name) ? known[name]?.value : undefined),
    set(name, value) {
      known[name] = { value, changedAt: new Date(now()).toISOString() };
    },
    remove(name) {
      if (!Object.hasOwn(known, name)) return false;
      Reflect.deleteProperty(known, name);
      return true;
    },
    save(newKey) {
      if (newKey !== undefined) salt = randomBytes(saltBytes);
      write(file, encrypt(known, newKey ?? key, salt));
    },
  };
}

function parse(file: string): StoreFile {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (thrown) {
    throw damaged(file, messageOf(thrown));
  }
  const result = storeFile.safeParse(json);
  if (!result.success) throw damaged(file, `${result.error.issues[0]?.path.join('.') ?? ''} is not as we write it`);
  return result.data;
}

function damaged(file: string, why: string): HashfleetError {
  return new HashfleetError('secret_missing', `${file} is no store of secrets, or is damaged (${why.slice(0, 100)}). Restore it from a backup, or move it away and set the secrets anew.`);
}

/** What the tag protects beside the entries. */
function header(salt: Buffer): Buffer {
  return Buffer.from(JSON.stringify({ version: 1, ...derivation, salt: salt.toString('base64') }));
}

function encrypt(known: Entries, key: string, salt: Buffer): StoreFile {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', derive(key, salt), nonce).setAAD(header(salt));
  const data = Buffer.concat([cipher.update(JSON.stringify(known), 'utf8'), cipher.final()]);
  return { version: 1, derivation: { ...derivation, salt: salt.toString('base64') }, nonce: nonce.toString('base64'), data: data.toString('base64'), tag: cipher.getAuthTag().toString('base64') };
}

function decrypt(stored: StoreFile, key: string, file: string): Entries {
  const [salt, nonce, data, tag] = [stored.derivation.salt, stored.nonce, stored.data, stored.tag].map((text) => Buffer.from(text, 'base64')) as [Buffer, Buffer, Buffer, Buffer];
  // A tag cut short would be easier to forge.
  if (nonce.length !== nonceBytes || tag.length !== 16) throw damaged(file, 'nonce or tag has another length');
  const decipher = createDecipheriv('aes-256-gcm', derive(key, salt), nonce, { authTagLength: 16 }).setAAD(header(salt)).setAuthTag(tag);
  let text: string;
  try {
    text = Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
  } catch {
    throw new HashfleetError('secret_missing', `${file} does not open: the key is another one, or somebody changed the file.`);
  }
  const result = entries.safeParse(JSON.parse(text));
  if (!result.success) throw damaged(file, 'an entry is not as we write it');
  return result.data;
}

/** The last derived key: a reload of the configuration must not cost a third of a second each time. */
let last: { readonly of: Buffer; readonly key: Buffer } | undefined;

function derive(key: string, salt: Buffer): Buffer {
  const of = createHash('sha256').update(salt).update(key).digest();
  if (last !== undefined && timingSafeEqual(last.of, of)) return last.key;
  const { N, r, p } = derivation;
  last = { of, key: scryptSync(key, salt, keyBytes, { N, r, p, maxmem: 256 * N * r }) };
  return last.key;
}

/** Beside the file first, then in its place; two commands at once do not mix. */
function write(file: string, content: StoreFile): void {
  const beside = `${file}.new`;
  let descriptor: number;
  try {
    descriptor = openSync(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  } catch (thrown) {
    if (codeOf(thrown) === 'EEXIST') throw new HashfleetError('secret_missing', `${beside} is there: another command is writing, or one was interrupted. If none runs, remove that file and try again.`);
    throw new HashfleetError('secret_missing', `${file} cannot be written (${messageOf(thrown)}).`, { cause: thrown });
  }
  try {
    writeSync(descriptor, `${JSON.stringify(content, null, 2)}\n`);
    fsyncSync(descriptor);
    closeSync(descriptor);
    renameSync(beside, file);
  } catch (thrown) {
    rmSync(beside, { force: true });
    throw new HashfleetError('secret_missing', `${file} cannot be written (${messageOf(thrown)}).`, { cause: thrown });
  }
}

export interface KeySource {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** From the command line or fleet.yaml. */
  readonly file?: string | undefined;
  /** Names of the variables that hold the key, or its file. */
  readonly variables?: { readonly key: string; readonly file: string };
}

export const keyVariables = { key: 'HASHFLEET_SECRETS_KEY', file: 'HASHFLEET_SECRETS_KEY_FILE' } as const;

/** The operator's key: from a file of mode 0600, or from the environment. @throws HashfleetError secret_missing with the remedy */
export function readStoreKey({ environment, file, variables = keyVariables }: KeySource): string {
  const from = file ?? environment[variables.file];
  const key = from === undefined || from === '' ? environment[variables.key] : keyOfFile(from);
  if (key === undefined || key === '') {
    throw new HashfleetError('secret_missing', `There is no key for the store of secrets: make one with "hashfleet secrets new-key FILE" and name it in ${variables.file}, or put it into ${variables.key}.`);
  }
  if (key.length < leastKeyLength) throw new HashfleetError('secret_missing', `The key for the store of secrets has ${key.length} characters; it needs at least ${leastKeyLength}. "hashfleet secrets new-key FILE" makes one.`);
  return key;
}

function keyOfFile(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (thrown) {
    throw new HashfleetError('secret_missing', `The key file ${file} cannot be read (${messageOf(thrown)}).`, { cause: thrown });
  }
  try {
    const { mode } = fstatSync(descriptor);
    if ((mode & 0o077) !== 0) throw new HashfleetError('secret_missing', `The key file ${file} is open to others (mode ${(mode & 0o777).toString(8)}): chmod 600 ${path.basename(file)}.`);
    return readFileSync(descriptor, 'utf8').replace(/\r?\n$/, '');
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a new random key, never over another. @throws HashfleetError */
export function writeNewKey(file: string): void {
  try {
    const descriptor = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    writeSync(descriptor, `${randomBytes(keyBytes).toString('base64url')}\n`);
    fsyncSync(descriptor);
    closeSync(descriptor);
  } catch (thrown) {
    const why = codeOf(thrown) === 'EEXIST' ? 'the file is there already, and a key that is lost opens nothing any more' : messageOf(thrown);
    throw new HashfleetError('secret_missing', `No key was written to ${file}: ${why}.`, { cause: thrown });
  }
}
