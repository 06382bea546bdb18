import type { Job, JobTarget, TargetState } from '../../api/types';

const underWay: readonly TargetState[] = ['waiting', 'running', 'verifying'];

export const isDone = (target: JobTarget): boolean => !underWay.includes(target.state);

export interface JobProgress {
  done: number;
  total: number;
  byState: Partial<Record<TargetState, number>>;
  /** How it ended: well, with failures, or not yet. */
  outcome: 'running' | 'verified' | 'mixed' | 'failed' | 'cancelled';
}

export function progressOf(job: Job): JobProgress {
  const byState: Partial<Record<TargetState, number>> = {};
  for (const target of job.targets) {
    byState[target.state] = (byState[target.state] ?? 0) + 1;
  }
  const total = job.targets.length;
  const verified = byState.verified ?? 0;
  const bad = (byState.failed ?? 0) + (byState.indeterminate ?? 0);
  const outcome = job.state === 'running' ? 'running' : job.state === 'cancelled' ? 'cancelled' : bad === 0 ? 'verified' : verified > 0 ? 'mixed' : 'failed';
  return { done: job.targets.filter(isDone).length, total, byState, outcome };
}

/** Those on which it failed, or may have; what was left out by a rail or cancelled is not tried again by itself. */
export const failedMiners = (job: Job): string[] => job.targets.flatMap(({ miner, state }) => (state === 'failed' || state === 'indeterminate' ? [miner] : []));
