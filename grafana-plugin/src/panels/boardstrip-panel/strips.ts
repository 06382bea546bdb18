import { compareNames, type Sample } from '../drawing/samples';

export interface BoardCell {
  board: string;
  /** From the first query; it gives the colour. */
  main: Sample;
  /** The same board in the other queries. */
  others: Sample[];
}

export interface Strip {
  miner: string;
  cells: BoardCell[];
}

const keyOf = ({ labels }: Sample): string => `${labels.miner ?? ''}\n${labels.board ?? ''}`;

/** The boards of each miner side by side; samples of the first query make the boards, those of others say more of them. */
export function stripsOf(samples: readonly Sample[], sortBy: 'name' | 'worst'): Strip[] {
  const first = samples[0]?.refId;
  const others = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (sample.refId !== first) {
      const list = others.get(keyOf(sample));
      if (list) {
        list.push(sample);
      } else {
        others.set(keyOf(sample), [sample]);
      }
    }
  }
  const strips = new Map<string, Strip>();
  for (const main of samples) {
    const { miner, board } = main.labels;
    if (main.refId !== first || miner === undefined || board === undefined) {
      continue;
    }
    const strip = strips.get(miner) ?? { miner, cells: [] };
    strips.set(miner, strip);
    strip.cells.push({ board, main, others: others.get(keyOf(main)) ?? [] });
  }
  const least = ({ cells }: Strip): number => Math.min(...cells.map(({ main }) => main.value ?? -Infinity));
  const lowest = new Map(sortBy === 'worst' ? [...strips.values()].map((strip) => [strip, least(strip)] as const) : []);
  for (const strip of strips.values()) {
    strip.cells.sort((a, b) => compareNames(a.board, b.board));
  }
  return [...strips.values()].sort((a, b) => (lowest.get(a) ?? 0) - (lowest.get(b) ?? 0) || compareNames(a.miner, b.miner));
}
