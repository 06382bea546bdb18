import type { History, HistoryWindow } from './history.ts';
import type { LogLine } from './log-line.ts';
import type { ChipsReading, Preset, Reading } from './reading.ts';
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

export type Command =
  | { readonly action: 'restart_mining' }
  | { readonly action: 'reboot' }
  | { readonly action: 'pause' }
  | { readonly action: 'resume' }
  | { readonly action: 'preset'; readonly preset: string }
  | { readonly action: 'locate'; readonly on: boolean };

export type Lacks = Readonly<Partial<Record<Command['action'], string>>>;

/** After a refusal, ms until the same password is tried again: four tries an hour cannot lock anybody out. */
export const refusedPauseMs = 15 * 60_000;

export interface CommandReply {
  /** False when the miner already was as asked and nothing was sent. */
  readonly sent: boolean;
  readonly detail?: string;
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
  /** Needs credentials. @throws PollFailure */
  presets(signal: AbortSignal): Promise<readonly Preset[]>;
  /** Sends one command once; never repeats a write. @throws PollFailure */
  send(command: Command, signal: AbortSignal): Promise<CommandReply>;
  /** Takes a reading that somebody else made, for the next poll; only where readings are pushed. Refused when a newer one is known. */
  take?(reading: Reading): { readonly taken: true } | { readonly taken: false; readonly newestAt: number };
  readonly credentials: CredentialState;
  /** Commands that the firmware does not have, each with the reason as it is told to people. Absent: it has all. */
  readonly lacks?: Lacks;
  close(): Promise<void>;
}
