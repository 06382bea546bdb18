/** What actions act with beside the miner: backups, firmware files, passwords and keys. The secrets stay behind functions. */
import { randomBytes } from 'node:crypto';
import { memoryBackups, type Backups } from './backups.ts';
import { firmwareFiles, type FirmwareFiles } from './firmware-files.ts';

/** API keys that we made, in the encrypted store. */
export interface KeyStore {
  get(miner: string, name: string): string | undefined;
  /** On disk when it returns. @throws HashfleetError when the store cannot be written */
  set(miner: string, name: string, key: string): void;
  remove(miner: string, name: string): void;
}

export interface Means {
  readonly backups: Backups;
  readonly firmware: FirmwareFiles;
  /** The password of an entry of `credentials`; undefined where there is none of that name. */
  password(credentials: string): string | undefined;
  /** Names of the entries of `credentials`. */
  readonly credentials: readonly string[];
  /** From now on, also after a start, the miner is talked to with this entry's password in place of the other one's. */
  useCredentials(miner: string, change: { readonly credentials: string; readonly insteadOf: string }): void;
  /** Absent where there is no encrypted store. */
  readonly keys?: KeyStore | undefined;
  /** No fan is told to turn slower than this, 0 to 1 (control.fan_floor_percent). */
  readonly fanFloorRatio: number;
}

/** Of a control that stands for itself. */
export const noMeans = (): Means => ({
  backups: memoryBackups(), firmware: firmwareFiles(undefined), password: () => undefined, credentials: [], useCredentials: () => undefined, fanFloorRatio: 0,
});

/** As the firmware wants them: exactly 32 characters (vnish-api.md, 1.2). */
export function newApiKey(): string {
  return randomBytes(16).toString('hex');
}
