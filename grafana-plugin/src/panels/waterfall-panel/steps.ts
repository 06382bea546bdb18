export interface Amount {
  name: string;
  /** Negative takes away. */
  value: number;
}

export interface Step extends Amount {
  /** Where the bar begins and ends. */
  start: number;
  end: number;
  kind: 'gain' | 'loss' | 'total';
}

/** Bars that begin where the one before ended; the last is what is left. Without a name for it there is no such bar. */
export function waterfall(amounts: readonly Amount[], totalName: string): Step[] {
  let level = 0;
  const steps = amounts.map(({ name, value }): Step => {
    const start = level;
    level += value;
    return { name, value, start, end: level, kind: value < 0 ? 'loss' : 'gain' };
  });
  return totalName === '' || amounts.length === 0 ? steps : [...steps, { name: totalName, value: level, start: 0, end: level, kind: 'total' }];
}

/** The least and the most that have to be shown; zero is always among them. */
export const rangeOf = (steps: readonly Step[]): [number, number] => [Math.min(0, ...steps.flatMap(({ start, end }) => [start, end])), Math.max(0, ...steps.flatMap(({ start, end }) => [start, end]))];
