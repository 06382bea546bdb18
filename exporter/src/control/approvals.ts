/** Orders that wait for a second person, in `approvals.json`: written whole before anything comes of them, so that they outlive the process. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ActionOrder, Plan } from './plan.ts';

export const approvalStates = ['awaiting_approval', 'approved', 'rejected', 'expired'] as const;
export type ApprovalState = (typeof approvalStates)[number];

export interface Approval {
  readonly id: string;
  readonly state: ApprovalState;
  /** Names its miners, also where the wish was a selection: nobody joins later. */
  readonly order: ActionOrder;
  /** Who asked: person and name of the token. */
  readonly actor: string;
  readonly token: string;
  /** Unix ms. */
  readonly requestedAt: number;
  readonly expiresAt: number;
  readonly reason: string;
  readonly plan: Plan;
  /** Of the plan; whoever answers names the one that they looked at. */
  readonly fingerprint: string;
  /** False once the plan has changed, until who asked confirms it anew. */
  readonly confirmed: boolean;
  readonly answeredBy?: string;
  readonly answeredAt?: number;
  readonly answer?: string;
  readonly job?: string;
  /** Idempotency key and the wish that it stands for. */
  readonly key?: string;
  readonly wish?: string;
}

export interface Approvals {
  get(id: string): Approval | undefined;
  /** Newest first. */
  all(): readonly Approval[];
  /** On disk when it returns. @throws HashfleetError internal when it cannot be written: then nothing may come of it */
  put(approval: Approval): void;
}

/** Answered ones that are still listed. */
const keptAnswered = 100;

const approvalsFile = z.object({ version: z.literal(1), approvals: z.array(z.looseObject({ id: z.string(), state: z.enum(approvalStates), fingerprint: z.string(), expiresAt: z.number() })) });

/** In memory without a folder. A damaged file is set aside, and said: what waited has to be asked for anew. */
export function openApprovals(folder?: string, log?: Logger): Approvals {
  const file = folder === undefined ? undefined : path.join(folder, 'approvals.json');
  const approvals = new Map((file === undefined ? [] : load(file, log)).map((one) => [one.id, one]));
  return {
    get: (id) => approvals.get(id),
    all: () => [...approvals.values()].reverse(),
    put(approval) {
      const next = new Map(approvals).set(approval.id, approval);
      const answered = [...next.values()].filter(({ state }) => state !== 'awaiting_approval');
      for (const { id } of answered.slice(0, Math.max(0, answered.length - keptAnswered))) next.delete(id);
      if (file !== undefined) write(file, [...next.values()]);
      approvals.clear();
      for (const [id, one] of next) approvals.set(id, one);
    },
  };
}

function write(file: string, approvals: readonly Approval[]): void {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify({ version: 1, approvals }), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  } catch (cause) {
    throw new HashfleetError('internal', `${file} cannot be written (${messageOf(cause)}); without it nothing waits for approval. Check disk space and permissions.`, { cause });
  }
}

function load(file: string, log: Logger | undefined): Approval[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return [];
    throw thrown;
  }
  try {
    return approvalsFile.parse(JSON.parse(text)).approvals as unknown as Approval[];
  } catch (thrown) {
    const aside = `${file}.damaged`;
    renameSync(file, aside);
    log?.error({ file, aside, err: messageOf(thrown).slice(0, 300) }, 'the orders that wait for approval are damaged; set aside, ask for them anew');
    return [];
  }
}
