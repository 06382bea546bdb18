import type { History, HistoryWindow } from './history.ts';
import type { LogLine } from './log-line.ts';
import type { ChipsReading, CoolingMode, Preset, Reading } from './reading.ts';
import type { MinerSettings } from './settings.ts';

/** Why a poll failed: a closed set, used as a label and shown to people. */
export const pollFailureReasons = [
  'connect', 'dns', 'timeout', 'reset', 'auth', 'locked_out', 'http_4xx', 'http_5xx', 'html_body', 'bad_json', 'bad_shape',
  'too_large', 'not_http', 'not_a_miner', 'stock_firmware', 'other_miner', 'duplicate', 'not_pushed', 'internal',
] as const;
export type PollFailureReason = (typeof pollFailureReasons)[number];

/** What a person can do about each. */
export const pollFailureRemedies: Readonly<Record<PollFailureReason, string>> = {
  connect: 'check power, cable and address',
  dns: 'the host name is unknown; check it or use the address',
  timeout: 'the miner accepts connections but does not answer in time; check its load and the network',
  reset: 'the connection broke off; normal while the miner reboots',
  auth: 'the miner refused the password; correct it in fleet.yaml',
  locked_out: 'too many wrong passwords; wait and correct the password',
  http_4xx: 'the address answers but does not know VNish\'s paths; check address and firmware',
  http_5xx: 'the miner\'s web server reports an error; see its log',
  html_body: 'a web page came in place of JSON; check that the address is a VNish miner',
  bad_json: 'the reply is not valid JSON; the firmware may be damaged',
  bad_shape: 'the reply is JSON but lacks what VNish sends; check the firmware version',
  too_large: 'the reply is larger than any miner\'s; check the address',
  not_http: 'the address does not speak HTTP; check address and port',
  not_a_miner: 'the address answers but is not a VNish miner; check the address',
  stock_firmware: 'the miner runs stock firmware again; install VNish anew, or have it only read with "driver: cgminer"',
  other_miner: 'another machine answers at the address; correct the address, or confirm a replaced controller with DELETE /rigs/{name}/mac',
  duplicate: 'the machine is in the fleet twice; remove one of the two entries',
  not_pushed: 'no fresh reading came in; check the agent that sends them to POST /api/v1/telemetry, and its token',
  internal: 'a defect of the exporter; please report it with the log',
};

/** An expected failure: a miner that is off or answers nonsense. */
export class PollFailure extends Error {
  readonly reason: PollFailureReason;
  /** HTTP status, where the reply had a wrong one. */
  readonly status: number | undefined;
  /** False where a command was asked for and certainly did not go out, as when the login before it failed. */
  readonly sent: false | undefined;
  constructor(reason: PollFailureReason, detail: string, options: { cause?: unknown; status?: number; sent?: false } = {}) {
    super(detail, options);
    this.name = 'PollFailure';
    this.reason = reason;
    this.status = options.status;
    this.sent = options.sent;
  }
}

/** For what comes before a command: its failure says that the command did not go out. */
export async function beforeSending<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (thrown) {
    if (!(thrown instanceof PollFailure)) throw thrown;
    throw new PollFailure(thrown.reason, thrown.message, { cause: thrown, sent: false, ...(thrown.status === undefined ? {} : { status: thrown.status }) });
  }
}

/** A pool as it shall stand in the miner's list. */
export interface PoolEntry {
  readonly url: string;
  readonly user: string;
  /** Absent: the miner keeps the password that it has for the same address. */
  readonly password?: string | undefined;
}

/** What of the cooling shall be another; what is absent stays as it is. Degrees Celsius; ratios from 0 to 1. */
export interface CoolingWish {
  readonly mode?: CoolingMode | undefined;
  /** With the mode `auto`. */
  readonly targetTemperature?: number | undefined;
  /** With the mode `manual`. */
  readonly dutyRatio?: number | undefined;
  readonly leastDutyRatio?: number | undefined;
  readonly mostDutyRatio?: number | undefined;
}

export type Command =
  | { readonly action: 'restart_mining' }
  | { readonly action: 'reboot' }
  | { readonly action: 'pause' }
  | { readonly action: 'resume' }
  | { readonly action: 'start' }
  | { readonly action: 'stop' }
  | { readonly action: 'preset'; readonly preset: string }
  | { readonly action: 'locate'; readonly on: boolean }
  | { readonly action: 'throttle'; readonly percent: number }
  /** `slot` is the firmware's own number of the pool. */
  | { readonly action: 'switch_pool'; readonly slot: number }
  /** The whole list. `restart` has mining restarted where the firmware asks for it. */
  | { readonly action: 'set_pools'; readonly pools: readonly PoolEntry[]; readonly restart: boolean }
  | { readonly action: 'cooling'; readonly cooling: CoolingWish }
  | { readonly action: 'hostname'; readonly hostname: string }
  /** Without a text the note is deleted. */
  | { readonly action: 'notes'; readonly key: string; readonly text?: string | undefined }
  | { readonly action: 'password'; readonly password: string }
  | { readonly action: 'api_keys'; readonly key: string; readonly name: string; readonly remove: boolean }
  | { readonly action: 'autotune_reset'; readonly presets: readonly string[] | 'all' }
  | { readonly action: 'settings_backup' }
  | { readonly action: 'settings_restore'; readonly archive: Blob; readonly name: string }
  | { readonly action: 'factory_reset' }
  | { readonly action: 'firmware_update'; readonly file: Blob; readonly name: string; readonly keepSettings: boolean }
  | { readonly action: 'firmware_remove' };

/** The parts of a command that are secret or too large to be written down. */
const unwritable: ReadonlySet<string> = new Set(['password', 'key', 'archive', 'file']);

/** The command as it may be written down: without passwords, keys and files. */
export function withoutSecrets(command: Command): Record<string, unknown> {
  const kept = Object.entries(command).filter(([name]) => !unwritable.has(name) || (name === 'key' && command.action === 'notes'));
  const bare = Object.fromEntries(kept) as Record<string, unknown>;
  return command.action === 'set_pools' ? { ...bare, pools: command.pools.map(({ url, user }) => ({ url: withoutLogin(url), user })) } : bare;
}

/** A login in a pool's address is a secret. */
export function withoutLogin(url: string): string {
  return url.replace(/^((?:[a-z][a-z0-9+.-]*:\/\/)?)[^/@]*@/i, '$1');
}

export type Lacks = Readonly<Partial<Record<Command['action'], string>>>;

/** A pool's address as VNish writes it: without the scheme of plain Stratum (vnish-api.md, 7 row 12); addresses are compared so, too. */
export function poolAddress(url: string): string {
  return url.trim().replace(/^(?:stratum\+tcp|tcp):\/\//i, '').replace(/\/$/, '');
}

/** Every command there is: a new one does not compile before it stands here. */
const everyCommand = {
  restart_mining: true, reboot: true, pause: true, resume: true, start: true, stop: true, preset: true, locate: true, throttle: true, switch_pool: true, set_pools: true,
  cooling: true, hostname: true, notes: true, password: true, api_keys: true, autotune_reset: true, settings_backup: true, settings_restore: true, factory_reset: true,
  firmware_update: true, firmware_remove: true,
} satisfies Record<Command['action'], true>;

/** For a driver that takes no command at all. */
export function lacksAll(reason: string): Record<Command['action'], string> {
  return Object.fromEntries(Object.keys(everyCommand).map((action) => [action, reason])) as Record<Command['action'], string>;
}

/** After a refusal, ms until the same password is tried again: four tries an hour cannot lock anybody out. */
export const refusedPauseMs = 15 * 60_000;

export interface CommandReply {
  /** False when the miner already was as asked and nothing was sent. */
  readonly sent: boolean;
  readonly detail?: string;
}

/** An API key on a miner, as far as it may be told. */
export interface ApiKeyEntry {
  readonly name: string;
  /** SHA-256 of the key, hex: two keys are compared by it. */
  readonly digest: string;
}

export type CredentialState = 'unknown' | 'accepted' | 'refused' | 'locked_out';

/** `fresh` reads identity and preset too, whether due or not. */
export type PollPace = 'usual' | 'fresh';

/** Talks to one miner of one firmware family. The caller keeps to one call at a time. */
export interface Driver {
  readonly kind: string;
  /** @throws PollFailure */
  poll(signal: AbortSignal, pace?: PollPace): Promise<Reading>;
  /** Every chip and sensor; a dear read, absent where the firmware does not tell. @throws PollFailure */
  chips?(signal: AbortSignal): Promise<ChipsReading>;
  /** Without any secret; needs credentials. @throws PollFailure */
  settings?(signal: AbortSignal): Promise<MinerSettings>;
  /** Which logs the firmware keeps; known once the miner was read. */
  readonly logTypes?: readonly string[];
  /** Oldest line first, without secrets. `type` is one of `logTypes`. @throws PollFailure */
  log?(type: string, signal: AbortSignal): Promise<readonly LogLine[]>;
  /** Notes that people keep on the miner. @throws PollFailure */
  notes?(signal: AbortSignal): Promise<readonly { readonly key: string; readonly value: string }[]>;
  /** What the miner remembers of its past; a few days at most. @throws PollFailure */
  history?(window: HistoryWindow, signal: AbortSignal): Promise<History>;
  /** The firmware's own archive of all settings; it holds secrets. Needs credentials. @throws PollFailure */
  backup?(signal: AbortSignal): Promise<Uint8Array>;
  /** API keys that the miner accepts. Needs credentials. @throws PollFailure */
  apiKeys?(signal: AbortSignal): Promise<readonly ApiKeyEntry[]>;
  /** Needs credentials. @throws PollFailure */
  presets(signal: AbortSignal): Promise<readonly Preset[]>;
  /** Logs in with this password, once, and goes on with it where the miner accepts it. @throws PollFailure where that cannot be said */
  accepts?(password: string, signal: AbortSignal): Promise<boolean>;
  /** Sends one command once; never repeats a write. @throws PollFailure */
  send(command: Command, signal: AbortSignal): Promise<CommandReply>;
  /** Takes a reading that somebody else made, for the next poll; only where readings are pushed. Refused when a newer one is known. */
  take?(reading: Reading): { readonly taken: true } | { readonly taken: false; readonly newestAt: number };
  readonly credentials: CredentialState;
  /** Commands that the firmware does not have, each with the reason as it is told to people. Absent: it has all. */
  readonly lacks?: Lacks;
  close(): Promise<void>;
}
