/** Timing that survives a noisy machine: interleaved rounds, garbage collected between them, the best of each. */

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The same thing done the plain way, in the same run. */
  readonly baseline: number;
  /** value / baseline where less is better, or how many times better where the unit says so. */
  readonly ratio: number;
}

/** From the command line, for benchmarks that have a size. */
export interface BenchmarkOptions {
  readonly miners?: number;
  /** Poll interval, seconds. */
  readonly interval?: number;
  readonly minutes?: number;
  readonly runs?: number;
  /** Folder of a corpus. */
  readonly data?: string;
  /** File to write raw scores to. */
  readonly scores?: string;
  readonly seed?: number;
  /** Path of a file. */
  readonly mix?: string;
}

export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** Takes minutes: not part of "all". */
  readonly long?: boolean;
  run(report: (figure: Figure) => void, options: BenchmarkOptions): Promise<void>;
}

export interface Contender { readonly name: string; run(): Promise<void> | void }

function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

/** Least wall time, ms, of each contender over interleaved rounds. */
export async function fastest(contenders: readonly Contender[], rounds: number): Promise<number[]> {
  return least(contenders, rounds, () => performance.now());
}

/** Least CPU time (user and system), ms, of each contender over interleaved rounds. */
export async function cheapest(contenders: readonly Contender[], rounds: number): Promise<number[]> {
  return least(contenders, rounds, () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  });
}

async function least(contenders: readonly Contender[], rounds: number, clock: () => number): Promise<number[]> {
  const best = contenders.map(() => Infinity);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      collectGarbage();
      const began = clock();
      await contender.run();
      best[index] = Math.min(best[index] ?? Infinity, clock() - began);
    }
  }
  return best;
}

/** A figure in milliseconds and how much of the baseline's time it takes. */
export function figure(name: string, unit: string, [value, baseline]: readonly [number, number]): Figure {
  return { name, unit, value: round(value), baseline: round(baseline), ratio: round(value / baseline) };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
