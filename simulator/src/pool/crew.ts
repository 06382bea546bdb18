/**
 * Workers that have no machine behind them. A worker's shares of a step are one draw from a Poisson distribution, at a difficulty that
 * follows the shares seen (vardiff). The same seed gives the same run however time is cut into `advanceTo` calls.
 */
import type { ShareSink } from '../miner/state.ts';
import { poisson, seedFor, uniform } from '../random.ts';
import { hashesPerShareDifficulty } from './market.ts';

// Bound here because a global is slow to look up inside a test runner's sandbox.
const { floor, log2, max, min, round } = Math;

export interface CrewWorker {
  /** The machine's; unique. */
  readonly name: string;
  /** At the pool; default the name. Two machines may share one. */
  readonly worker?: string;
  readonly hashesPerSecond: number;
  /** Stratum URL; default the one that the crew was made with. */
  readonly url?: string;
  /** Password with arguments as at ProHashing; default `a=scrypt,c=litecoin,m=pplns`. `d=` sets a fixed share difficulty. */
  readonly pass?: string;
  /** Parts of the shares that come too late, and that are refused. Default 0.0005 and 0.0015. */
  readonly staleRatio?: number;
  readonly rejectedRatio?: number;
  /** Part of the work that a thief points elsewhere, 0 to 1. */
  readonly stolenRatio?: number;
}

export interface Crew {
  /** Whole steps are worked off; the rest waits for the next call. */
  advanceTo(timeMs: number): void;
  workers(): readonly Required<CrewWorker>[];
  add(worker: CrewWorker): void;
  /** From now on. Throws when there is none of that name. */
  change(name: string, change: Partial<Omit<CrewWorker, 'name'>>): void;
  remove(name: string): void;
  /** The machine hangs up and comes anew. */
  reconnect(name: string): void;
  /** Hashes that the worker has done, and those of them that a thief had: what no pool knows. */
  done(name: string): { readonly hashes: number; readonly stolenHashes: number };
}

export interface CrewOptions {
  readonly sink: ShareSink;
  readonly seed: number;
  readonly startMs: number;
  readonly stepMs: number;
  /** Stratum URL of workers that name none. */
  readonly url: string;
  /** After each step, with the time at its end. */
  readonly onStep?: (timeMs: number) => void;
}

interface Rig { worker: Required<CrewWorker>; fixed: number | undefined; readonly seed: number; session: number; difficulty: number; seenRate: number; hashes: number; stolenHashes: number }

const secondsPerShare = 5;
const firstDifficulty = 65_536;
/** Moves a difficulty towards one share in five seconds, by four at most, from the work seen: as a pool does. */
function adjust(rig: Rig, seenDifficulty: number, seconds: number): void {
  const rate = seenDifficulty / seconds;
  rig.seenRate = rig.seenRate === 0 ? rate : rig.seenRate + 0.3 * (rate - rig.seenRate);
  const { fixed } = rig;
  if (fixed !== undefined) {
    rig.difficulty = fixed;
    return;
  }
  const wanted = 2 ** round(log2(max(1, rig.seenRate * secondsPerShare)));
  rig.difficulty = max(1024, max(rig.difficulty / 4, min(rig.difficulty * 4, wanted)));
}

/** `d=` of the password (prohashing-api.md 3.3). */
function fixedDifficulty(pass: string): number | undefined {
  const given = /(?:^|,)\s*d=(\d+)/.exec(pass)?.[1];
  return given === undefined ? undefined : Number(given);
}

export function createCrew({ sink, seed, startMs, stepMs, url, onStep }: CrewOptions): Crew {
  const rigs = new Map<string, Rig>();
  let step = floor(startMs / stepMs);

  const draw = (rig: Rig, step: number, { stream, mean }: { readonly stream: number; readonly mean: number }) => (mean === 0 ? 0 : poisson(mean, uniform(rig.seed + stream, step)));

  const work = (rig: Rig, step: number) => {
    const { worker, difficulty } = rig;
    const hashes = (worker.hashesPerSecond * stepMs) / 1000;
    rig.hashes += hashes;
    const mean = hashes / (difficulty * hashesPerShareDifficulty);
    const kept = mean * (1 - worker.stolenRatio);
    const accepted = draw(rig, step, { stream: 301, mean: kept * (1 - worker.staleRatio - worker.rejectedRatio) });
    const stale = draw(rig, step, { stream: 302, mean: kept * worker.staleRatio });
    const rejected = draw(rig, step, { stream: 303, mean: kept * worker.rejectedRatio });
    const stolen = draw(rig, step, { stream: 304, mean: mean * worker.stolenRatio });
    const timeMs = (step + 1) * stepMs;
    // Spreading a common part would cost half of a long run.
    if (accepted + stale + rejected > 0) {
      sink.credit({
        miner: worker.name, session: rig.session, worker: worker.worker, url: worker.url, pass: worker.pass, timeMs, shareDifficulty: difficulty,
        difficulty: accepted * difficulty, staleDifficulty: stale * difficulty, rejectedDifficulty: rejected * difficulty,
      });
    }
    if (stolen > 0) {
      rig.stolenHashes += stolen * difficulty * hashesPerShareDifficulty;
      sink.credit({
        miner: `${worker.name} stolen`, session: rig.session, worker: 'thief', url: 'stratum+tcp://pool.thief.example:3333', pass: 'x', timeMs, shareDifficulty: difficulty,
        difficulty: stolen * difficulty, staleDifficulty: 0, rejectedDifficulty: 0,
      });
    }
    adjust(rig, (accepted + stale + rejected + stolen) * difficulty, stepMs / 1000);
  };

  const rigOf = (name: string): Rig => {
    const rig = rigs.get(name);
    if (rig === undefined) throw new Error(`there is no worker ${name}; there are ${[...rigs.keys()].slice(0, 20).join(', ')}`);
    return rig;
  };
  return {
    advanceTo: (timeMs) => {
      for (; (step + 1) * stepMs <= timeMs; step += 1) {
        for (const rig of rigs.values()) work(rig, step);
        onStep?.((step + 1) * stepMs);
      }
    },
    workers: () => [...rigs.values()].map(({ worker }) => worker),
    add: (given) => {
      if (rigs.has(given.name)) throw new Error(`there is already a worker ${given.name}`);
      const worker: Required<CrewWorker> = { worker: given.name, url, pass: 'a=scrypt,c=litecoin,m=pplns', staleRatio: 0.0005, rejectedRatio: 0.0015, stolenRatio: 0, ...given };
      const fixed = fixedDifficulty(worker.pass);
      rigs.set(given.name, { worker, fixed, seed: seedFor(seed, given.name), session: 1, difficulty: fixed ?? firstDifficulty, seenRate: 0, hashes: 0, stolenHashes: 0 });
    },
    change: (name, change) => {
      const rig = rigOf(name);
      // Another pool or password is another connection.
      if (change.url !== undefined || change.pass !== undefined) rig.session += 1;
      rig.worker = { ...rig.worker, ...change };
      rig.fixed = fixedDifficulty(rig.worker.pass);
    },
    remove: (name) => {
      rigOf(name);
      rigs.delete(name);
    },
    reconnect: (name) => {
      rigOf(name).session += 1;
    },
    done: (name) => {
      const { hashes, stolenHashes } = rigOf(name);
      return { hashes, stolenHashes };
    },
  };
}
