import { type DataFrame, type Labels, type LinkModel } from '@grafana/data';
import { compareNames, displayOf, linkOf, samplesOf, textOf } from '../drawing/samples';
import type { FleetGridOptions } from './options';

export interface Cell {
  miner: string;
  labels: Labels;
  value: number | null;
  text: string;
  color: string;
  link?: Pick<LinkModel, 'href' | 'target'>;
}

export interface CellGroup {
  name: string;
  cells: Cell[];
}

/** Series with a `miner` label give their last known value; tables give one cell per row of their `miner` column. */
export const toCells = (frames: DataFrame[], fallbackColor: string): Cell[] =>
  samplesOf(frames, 'miner').map((sample) => {
    const link = linkOf(sample);
    return { miner: sample.labels.miner, labels: sample.labels, value: sample.value, text: textOf(sample), color: displayOf(sample)?.color ?? fallbackColor, ...(link ? { link } : {}) };
  });

export function groupCells(cells: Cell[], { groupBy, sortBy }: Pick<FleetGridOptions, 'groupBy' | 'sortBy'>): CellGroup[] {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const name = groupBy ? (cell.labels[groupBy] ?? '') : '';
    groups.set(name, [...(groups.get(name) ?? []), cell]);
  }
  const byName = (a: Cell, b: Cell): number => compareNames(a.miner, b.miner);
  const byValue = (a: Cell, b: Cell): number => (a.value ?? Infinity) - (b.value ?? Infinity) || byName(a, b);
  return [...groups]
    .map(([name, list]) => ({ name, cells: list.sort(sortBy === 'value' ? byValue : byName) }))
    .sort((a, b) => compareNames(a.name, b.name));
}
