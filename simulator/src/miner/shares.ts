/** Shares: a Poisson process from the hashrate, vardiff, failover between pools, counters as `/summary.pools` shows them. */
import { poisson, uniform } from '../random.ts';
import type { MinerState, PoolCounters, SubmittedShares } from './state.ts';
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

/**
 * The worker's name at the pool: `n=` of the password at ProHashing (prohashing-api.md 3.3), what follows the dot in the user elsewhere
 * (4, 7); each where the other is missing.
 */
export function workerName(pool: { readonly url: string; readonly user: string; readonly pass: string }): string {
  const named = /(?:^|,)\s*n=([^,]+)/.exec(pool.pass)?.[1]?.trim();
  const dot = pool.user.indexOf('.');
  const dotted = dot === -1 ? undefined : pool.user.slice(dot + 1);
  return (pool.url.includes('prohashing') ? named ?? dotted : dotted ?? named) ?? '';
}

function adjustDifficulty(counters: PoolCounters, hashesPerSecond: number, hashesPerDifficulty: number): void {
  if (counters.difficulty === 0) counters.difficulty = firstDifficulty;
  const wanted = 2 ** round(log2((hashesPerSecond * secondsPerShare) / hashesPerDifficulty));
  const bounded = max(counters.difficulty / 4, min(counters.difficulty * 4, wanted));
  counters.difficulty = max(1024, bounded);
}

interface Work { readonly hashes: number; readonly timeMs: number; readonly stream: number; readonly rejecting: number }

interface Counted { readonly accepted: number; readonly rejected: number; readonly stale: number }

const noShares: Counted = { accepted: 0, rejected: 0, stale: 0 };

function countShares(state: MinerState, counters: PoolCounters, work: Work): Counted {
  const { hashesPerDifficulty } = state.model;
  const index = floor(work.timeMs / stepMs);
  if (counters.difficulty === 0 || index % 12 === 0) adjustDifficulty(counters, work.hashes / (stepMs / 1000), hashesPerDifficulty);
  const draw = (which: number) => uniform(state.seed + work.stream + which, index);
  const found = poisson(work.hashes / (counters.difficulty * hashesPerDifficulty), draw(0));
  if (found === 0) return noShares;
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
  return { accepted, rejected, stale };
}

/** Who a thief is when the fault does not say. */
const thief = { url: 'stratum+tcp://pool.thief.example:3333', worker: 'thief' };

/** Shares out of so many that a thief has taken; each goes with the same chance. */
function stolenOf(state: MinerState, accepted: number, at: { readonly share: number; readonly index: number }): number {
  let stolen = 0;
  for (let share = 0; share < accepted; share += 1) if (uniform(state.seed + 47, at.index * 64 + share) < at.share) stolen += 1;
  return stolen;
}

/** Tells the pools what came of a step. A thief's part goes elsewhere, and the miner's own counters do not show it. */
function tellPools(state: MinerState, shares: SubmittedShares): void {
  const { sink } = state;
  if (sink === null) return;
  const [theft] = faultsOf(state, 'hashrate_theft');
  const accepted = round(shares.difficulty / shares.shareDifficulty);
  const stolen = theft === undefined ? 0 : stolenOf(state, accepted, { share: theft.params.share ?? 0.1, index: floor(shares.timeMs / stepMs) });
  if (theft !== undefined && stolen > 0) {
    sink.credit({
      miner: `${shares.miner} stolen`, session: 1, worker: theft.params.worker ?? thief.worker, url: theft.params.url ?? thief.url, pass: 'x', timeMs: shares.timeMs,
      shareDifficulty: shares.shareDifficulty, difficulty: stolen * shares.shareDifficulty, staleDifficulty: 0, rejectedDifficulty: 0,
    });
  }
  sink.credit({ ...shares, difficulty: (accepted - stolen) * shares.shareDifficulty });
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
  if (state.connection.pool !== active) {
    if (state.connection.pool !== null) state.connection.session += 1;
    state.connection.pool = active;
  }
  const { accepted, rejected, stale } = countShares(state, counters, { hashes: hashes * (1 - feeShare), timeMs, stream: 41, rejecting });
  countShares(state, state.feeCounters, { hashes: hashes * feeShare, timeMs, stream: 61, rejecting: 0 });
  if (accepted + rejected + stale === 0) return;
  const { difficulty } = counters;
  tellPools(state, {
    miner: state.spec.name, session: state.connection.session, worker: workerName(pool), url: pool.url, pass: pool.pass, timeMs,
    shareDifficulty: difficulty, difficulty: accepted * difficulty, staleDifficulty: stale * difficulty, rejectedDifficulty: rejected * difficulty,
  });
}

/** A restart of the mining process begins all counters anew. */
export function resetCounters(state: MinerState): void {
  state.livePools = state.settings.miner.pools.filter((pool) => pool.url !== '');
  state.preferredPool = 0;
  state.poolCounters = state.livePools.map(freshCounters);
  state.feeCounters = freshCounters();
  state.poolsLostSinceMs = null;
  state.connection = { session: state.connection.session + 1, pool: null };
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
