import { compareNames, type Sample } from '../drawing/samples';

export interface GapRow {
  miner: string;
  pool: string;
  /** Part of its work that the pool does not credit; negative where it credits more. */
  gap: Sample;
  low?: number;
  high?: number;
  verdict: 'lost' | 'suspicious' | 'even';
}

const keyOf = ({ labels }: Sample): string => `${labels.miner ?? ''}\n${labels.pool ?? ''}`;

/** Gaps from the first query, their least from the second and their largest from the third; the worst first. */
export function gapRows(samples: readonly Sample[], tolerance: number): GapRow[] {
  const refIds = [...new Set(samples.map(({ refId }) => refId))];
  const of = (refId: string | undefined) => new Map(samples.filter((sample) => sample.refId === refId).map((sample) => [keyOf(sample), sample]));
  const [lows, highs] = [of(refIds[1]), of(refIds[2])];
  return samples
    .filter(({ refId, value, labels }) => refId === refIds[0] && value !== null && labels.miner !== undefined)
    .map((gap): GapRow => {
      const low = lows.get(keyOf(gap))?.value ?? undefined;
      const high = highs.get(keyOf(gap))?.value ?? undefined;
      const least = low ?? gap.value ?? 0;
      return {
        miner: gap.labels.miner, pool: gap.labels.pool ?? '', gap, ...(low === undefined ? {} : { low }), ...(high === undefined ? {} : { high }),
        verdict: least > tolerance ? 'lost' : least > 0 ? 'suspicious' : 'even',
      };
    })
    .sort((a, b) => (b.gap.value ?? 0) - (a.gap.value ?? 0) || compareNames(a.miner, b.miner));
}

/** The least and the largest share that have to be shown, with zero and the tolerance among them. */
export function gapRange(rows: readonly GapRow[], tolerance: number): [number, number] {
  let [least, most] = [-2 * tolerance, 2 * tolerance];
  for (const { gap, low, high } of rows) {
    least = Math.min(least, low ?? gap.value ?? 0);
    most = Math.max(most, high ?? gap.value ?? 0);
  }
  return [least, most];
}
