/** Shares: a Poisson process from the hashrate, vardiff, failover between pools, counters as `/summary.pools` shows them. */
import { poisson, uniform } from '../random.ts';
import type { MinerState, PoolCounters } from './state.ts';
import { faultsOf, freshCounters, stepMs } from './state.ts';

// Bound here because a global is slow to look up inside a test runner's sandbox.
const { floor, log2, max, min, round } = Math;

/** Part of the work that goes to the firmware's author (2.8 % on 1.2.7; vnish-api.md 6.2). */
export const feeShare = 0.028;

const secondsPerShare = 5;
const firstDifficulty = 65536;

export type PoolCondition = 'alive' | 'down' | 'rejecting';

export function poolCondition(state: MinerState, id: number): PoolCondition {
  const about = (kind: 'pool_down' | 'pool_rejecting') =>
    faultsOf(state, kind).some(({ params }) => params.pool === 'all' || (params.pool ?? 0) === id);
  if (about('pool_down')) return 'down';
  return about('pool_rejecting') ? 'rejecting' : 'alive';
}

/** The pool in use: the chosen one while it is alive, else the first alive one; null when all are down. */
export function activePool(state: MinerState): number | null {
  const alive = (id: number) => id < state.livePools.length && poolCondition(state, id) !== 'down';
  if (alive(state.preferredPool)) return state.preferredPool;
  const standby = state.livePools.findIndex((_, id) => alive(id));
  return standby === -1 ? null : standby;
}

/** The worker's name at the pool: `n=` of the password (prohashing-api.md 3.3), else what follows the dot in the user. */
export function workerName(pool: { readonly user: string; readonly pass: string }): string {
  const named = /(?:^|,)\s*n=([^,]+)/.exec(pool.pass)?.[1];
  if (named !== undefined) return named.trim();
  const dot = pool.user.indexOf('.');
  return dot === -1 ? '' : pool.user.slice(dot + 1);
}

function adjustDifficulty(counters: PoolCounters, hashesPerSecond: number, hashesPerDifficulty: number): void {
  if (counters.difficulty === 0) counters.difficulty = firstDifficulty;
  const wanted = 2 ** round(log2((hashesPerSecond * secondsPerShare) / hashesPerDifficulty));
  const bounded = max(counters.difficulty / 4, min(counters.difficulty * 4, wanted));
  counters.difficulty = max(1024, bounded);
}

interface Work { readonly hashes: number; readonly timeMs: number; readonly stream: number; readonly rejecting: number }

function countShares(state: MinerState, counters: PoolCounters, work: Work): number {
  const { hashesPerDifficulty } = state.model;
  const index = floor(work.timeMs / stepMs);
  if (counters.difficulty === 0 || index % 12 === 0) adjustDifficulty(counters, work.hashes / (stepMs / 1000), hashesPerDifficulty);
  const draw = (which: number) => uniform(state.seed + work.stream + which, index);
  const found = poisson(work.hashes / (counters.difficulty * hashesPerDifficulty), draw(0));
  if (found === 0) return 0;
  let rejected = 0;
  let stale = 0;
  for (let share = 0; share < found; share += 1) {
    const fate = uniform(state.seed + work.stream + 1, index * 64 + share);
    if (fate < 0.0015 + work.rejecting) rejected += 1;
    else if (fate > 1 - 0.0005) stale += 1;
  }
  const accepted = found - rejected - stale;
  counters.rejected += rejected;
  counters.stale += stale;
  counters.accepted += accepted;
  counters.acceptedDifficulty += accepted * counters.difficulty;
  if (accepted > 0) {
    counters.lastShareMs = work.timeMs - floor(draw(3) * stepMs);
    const luck = 1 - draw(4) ** (1 / accepted);
    state.bestShare = max(state.bestShare, floor(counters.difficulty / max(luck, 1e-7)));
  }
  return accepted * counters.difficulty;
}

/** Gives the hashes of one grid step to the pool and to the fee. */
export function submitShares(state: MinerState, hashes: number, timeMs: number): void {
  const active = activePool(state);
  if (active === null) {
    state.poolsLostSinceMs ??= timeMs;
    return;
  }
  state.poolsLostSinceMs = null;
  const pool = state.livePools[active];
  const counters = state.poolCounters[active];
  if (hashes <= 0 || pool === undefined || counters === undefined) return;
  const rejecting = poolCondition(state, active) === 'rejecting'
    ? max(...faultsOf(state, 'pool_rejecting').map(({ params }) => params.ratio ?? 0.5)) : 0;
  const difficulty = countShares(state, counters, { hashes: hashes * (1 - feeShare), timeMs, stream: 41, rejecting });
  countShares(state, state.feeCounters, { hashes: hashes * feeShare, timeMs, stream: 61, rejecting: 0 });
  if (difficulty > 0) state.sink?.credit({ worker: workerName(pool), url: pool.url, timeMs, difficulty, shareDifficulty: counters.difficulty });
}

/** A restart of the mining process begins all counters anew. */
export function resetCounters(state: MinerState): void {
  state.livePools = state.settings.miner.pools.filter((pool) => pool.url !== '');
  state.preferredPool = 0;
  state.poolCounters = state.livePools.map(freshCounters);
  state.feeCounters = freshCounters();
  state.poolsLostSinceMs = null;
  state.bestShare = 0;
  state.hashes = 0;
  for (const board of state.boards) {
    board.hwErrors = 0;
    board.faultErrors = 0;
    board.averageHashrate = 0;
  }
}

/** Counters as they stand after so many seconds of quiet work, for a miner that is found running. */
export function seasonCounters(state: MinerState, seconds: number): void {
  const rate = state.boards.reduce((sum, board) => sum + board.averageHashrate, 0) * state.model.hashesPerUnit;
  const fill = (counters: PoolCounters, share: number, stream: number) => {
    for (let i = 0; i < 8; i += 1) adjustDifficulty(counters, rate * share, state.model.hashesPerDifficulty);
    const found = poisson((rate * share * seconds) / (counters.difficulty * state.model.hashesPerDifficulty), uniform(state.seed + stream, 0));
    counters.rejected = poisson(found * 0.0015, uniform(state.seed + stream, 1));
    counters.stale = poisson(found * 0.0005, uniform(state.seed + stream, 2));
    counters.accepted = found - counters.rejected - counters.stale;
    counters.acceptedDifficulty = counters.accepted * counters.difficulty;
    counters.lastShareMs = state.gridMs - floor(uniform(state.seed + stream, 3) * stepMs);
    state.bestShare = max(state.bestShare, counters.difficulty * max(1, found) * 0.7);
  };
  const first = state.poolCounters[0];
  if (first !== undefined) fill(first, 1 - feeShare, 71);
  fill(state.feeCounters, feeShare, 81);
  state.hashes = rate * seconds;
  state.bestShare = floor(state.bestShare);
  for (const board of state.boards) {
    board.hwErrors = poisson((board.errorsPerDay * seconds) / 86_400, uniform(board.seed, 91));
  }
}
