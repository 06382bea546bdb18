/**
 * Advice as it was given, what people said of it and what came of it: `recommendations.jsonl`, one line a change, the last line of an id
 * counts. A line that a crash cut off is left out.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { codeOf, HashfleetError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import { adviceKinds } from './decision.ts';

export const adviceStatuses = ['open', 'approved', 'rejected', 'applied', 'rolled_back', 'failed', 'expired'] as const;
export const feedbacks = ['accepted', 'rejected', 'implemented', 'not_implemented'] as const;

const interval = z.object({ value: z.number(), low: z.number(), high: z.number() });
const work = z.object({ hashrate: z.number(), powerWatts: z.number() });

/** Times in Unix ms. */
export const keptAdvice = z.object({
  id: z.string(), kind: z.enum(adviceKinds), miner: z.string().optional(), from: z.string().optional(), to: z.string().optional(), side: z.enum(['up', 'down']).optional(), urgent: z.boolean(),
  createdAt: z.number(), expiresAt: z.number(), status: z.enum(adviceStatuses), text: z.string(), binding: z.string().optional(),
  expected: z.object({ hashrate: interval, powerWatts: interval, chipTemperature: interval.optional(), usdPerDay: interval.optional() }).optional(),
  breakevenUsdPerKilowattHour: z.number().optional(), probability: z.number().optional(),
  evidence: z.object({ hoursHere: z.number().optional(), hoursThere: z.number().optional(), modelHours: z.number(), modelVersion: z.string().optional(), backend: z.string().optional() }),
  alternatives: z.array(z.object({ to: z.string(), usdPerDay: z.number() })),
  decidedBy: z.string().optional(), decidedAt: z.number().optional(), reason: z.string().optional(), job: z.string().optional(),
  /** The order waits for a second person. */
  approval: z.object({ id: z.string(), what: z.enum(['apply', 'rollback']) }).optional(),
  /** Why the job did not do it. */
  result: z.string().optional(), appliedAt: z.number().optional(),
  /** How it worked when it was applied. */
  before: work.optional(),
  feedback: z.object({ type: z.enum(feedbacks), actor: z.string(), at: z.number(), details: z.string().optional() }).optional(),
  outcome: z.object({ at: z.number(), inPlace: z.boolean(), usdPerDay: z.number().optional() }).optional(),
});
export type KeptAdvice = z.output<typeof keptAdvice>;

export interface AdviceStore {
  /** Oldest first. */
  all(): readonly KeptAdvice[];
  get(id: string): KeptAdvice | undefined;
  /** On disk when it returns. @throws HashfleetError when it cannot be written */
  put(advice: KeptAdvice): void;
}

/** Older ones are dropped at the start. */
const mostKept = 5000;

/** Without a folder nothing outlives the process. */
export function openAdviceStore(folder: string | undefined, log: Logger): AdviceStore {
  const file = folder === undefined ? undefined : path.join(folder, 'recommendations.jsonl');
  const kept = new Map<string, KeptAdvice>();
  if (file !== undefined) load(file, kept, log);
  return {
    all: () => [...kept.values()],
    get: (id) => kept.get(id),
    put(advice) {
      if (file !== undefined) {
        try {
          mkdirSync(path.dirname(file), { recursive: true });
          appendFileSync(file, `${JSON.stringify(advice)}\n`, { mode: 0o600, flush: true });
        } catch (cause) {
          throw new HashfleetError('internal', `${file} cannot be written (${messageOf(cause)}). Check disk space and permissions.`, { cause });
        }
      }
      kept.set(advice.id, advice);
    },
  };
}

function load(file: string, kept: Map<string, KeptAdvice>, log: Logger): void {
  let lines: string[];
  try {
    lines = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '');
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') log.error({ file, err: messageOf(thrown) }, 'cannot read the advice that was given; starting without it');
    return;
  }
  let damaged = 0;
  for (const line of lines) {
    const parsed = keptAdvice.safeParse(jsonOf(line));
    if (parsed.success) kept.set(parsed.data.id, parsed.data);
    else damaged += 1;
  }
  for (const id of [...kept.keys()].slice(0, Math.max(0, kept.size - mostKept))) kept.delete(id);
  if (damaged > 0) log.warn({ file, lines: damaged }, 'lines of the advice that was given are damaged and left out');
  if (lines.length === kept.size) return;
  try {
    writeFileSync(`${file}.new`, [...kept.values()].map((one) => `${JSON.stringify(one)}\n`).join(''), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  } catch (thrown) {
    log.warn({ file, err: messageOf(thrown) }, 'the advice that was given could not be written anew; it grows');
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
