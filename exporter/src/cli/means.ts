/** What actions act with: the operator's folders, secrets and credentials. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Config } from '../config/load.ts';
import { openSecretStore, readStoreKey, type SecretStore } from '../config/secret-store.ts';
import { secretReader, sourceOf, storePlace, type SecretContext } from '../config/secrets.ts';
import { openBackups } from '../control/backups.ts';
import { firmwareFiles } from '../control/firmware-files.ts';
import type { KeyStore, Means } from '../control/means.ts';
import { HashfleetError } from '../errors.ts';
import type { Memory } from '../fleet/memory.ts';

export interface MeansOptions extends Omit<SecretContext, 'secrets'> {
  readonly config: Config;
  readonly dataFolder: string;
  readonly memory: Memory;
}

/** @throws HashfleetError for a secret that cannot be read */
export function meansOf({ config, environment, folder, dataFolder, memory }: MeansOptions): Means {
  const context: SecretContext = { environment, folder, secrets: config.secrets };
  const read = secretReader(context);
  const passwords = new Map(Object.entries(config.credentials).map(([name, entry]) => [name, read(`credentials.${name}`, sourceOf(entry, 'password') ?? {})]));
  const { firmware_folder: firmware, fan_floor_percent: floor, backups_kept: kept } = config.control;
  return {
    backups: openBackups(path.join(dataFolder, 'backups'), kept),
    firmware: firmwareFiles(firmware === undefined ? undefined : path.resolve(folder, firmware)),
    password: (name) => passwords.get(name),
    credentials: [...passwords.keys()],
    useCredentials(miner, { credentials, insteadOf }) {
      memory.of(miner).credentials = { use: credentials, insteadOf };
      memory.save();
    },
    keys: keyStore(context),
    fanFloorRatio: floor / 100,
  };
}

/** Undefined where no key opens a store: keys of miners lie nowhere else. */
function keyStore(context: SecretContext): KeyStore | undefined {
  const { file, keyFile } = storePlace(context);
  const open = (): SecretStore => openSecretStore(file, readStoreKey({ environment: context.environment, file: keyFile }));
  try {
    readStoreKey({ environment: context.environment, file: keyFile });
  } catch (thrown) {
    if (thrown instanceof HashfleetError) return undefined;
    throw thrown;
  }
  function change(edit: (store: SecretStore) => void): void {
    // Opened anew each time: "hashfleet secrets" may have written it meanwhile.
    const store = open();
    edit(store);
    store.save();
  }
  return {
    get: (miner, name) => open().get(secretFor(miner, name)),
    set: (miner, name, key) => change((store) => store.set(secretFor(miner, name), key)),
    remove: (miner, name) => change((store) => void store.remove(secretFor(miner, name))),
  };
}

/** Names in the store are short; of long ones the digest stands for the whole. */
function secretFor(miner: string, name: string): string {
  const whole = `apikey.${miner}.${name}`;
  return whole.length <= 63 ? whole : `apikey.${createHash('sha256').update(whole).digest('hex').slice(0, 32)}`;
}
