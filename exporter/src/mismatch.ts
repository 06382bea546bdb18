/** Counts fields that were missing, null or of the wrong type where a value is expected. */
export type Mismatch = (source: string, field: string) => void;

export interface MismatchCounter {
  readonly count: Mismatch;
  /** Counts by source and field. */
  entries(): Iterable<{ readonly source: string; readonly field: string; readonly count: number }>;
}

export function createMismatchCounter(): MismatchCounter {
  const counts = new Map<string, { source: string; field: string; count: number }>();
  return {
    count(source, field) {
      const key = `${source} ${field}`;
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { source, field, count: 1 });
      else known.count += 1;
    },
    entries: () => counts.values(),
  };
}
