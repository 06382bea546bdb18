import type { DataFrame, Labels } from '@grafana/data';

export const gapCauses = ['devfee', 'rejected', 'stale', 'unexplained'] as const;
export type GapCause = (typeof gapCauses)[number];

export interface PoolGap {
  pool: string;
  /** Parts of the miner's own work, 0 to 1; the unexplained one may be negative. */
  parts: Partial<Record<GapCause, number>>;
  /** What luck leaves possible of the unexplained part, at 99 %. */
  low?: number;
  high?: number;
  hours?: number;
  /** 1 is the alarm. */
  evidence?: number;
}

export interface Sample {
  name: string;
  labels: Labels;
  value: number;
}

/** The last value of each series, with the name that its query bears. */
export const samplesOf = (frames: readonly DataFrame[], names: Readonly<Record<string, string>>): Sample[] =>
  frames.flatMap((frame) => {
    const name = names[frame.refId ?? ''];
    return name === undefined
      ? []
      : frame.fields.flatMap((field) => {
          const value: unknown = field.values.length > 0 ? field.values[field.values.length - 1] : undefined;
          return field.type === 'number' && typeof value === 'number' ? [{ name, labels: field.labels ?? {}, value }] : [];
        });
  });

/** Gaps by pool, from samples of the series of these names. */
export function poolGaps(samples: readonly Sample[]): PoolGap[] {
  const gaps = new Map<string, PoolGap>();
  for (const { name, labels, value } of samples) {
    const pool = labels.pool ?? '';
    const gap = gaps.get(pool) ?? { pool, parts: {} };
    gaps.set(pool, gap);
    const cause = gapCauses.find((one) => one === labels.cause);
    if (name === 'gap' && cause !== undefined) {
      gap.parts[cause] = value;
    } else if (name === 'low' || name === 'high' || name === 'hours' || name === 'evidence') {
      gap[name] = value;
    }
  }
  return [...gaps.values()].filter(({ parts }) => Object.keys(parts).length > 0);
}

export type Verdict = 'lost' | 'luck' | 'suspicious';

/** An alarm needs evidence of 1; a loss is only suspected where luck alone can no longer explain it. */
export function verdictOf({ low, evidence }: PoolGap): Verdict {
  if (evidence !== undefined && evidence >= 1) {
    return 'lost';
  }
  return low !== undefined && low > 0 ? 'suspicious' : 'luck';
}
