import { type DataFrame, type DisplayValue, type Field, FieldType, formattedValueToString, type Labels, type LinkModel } from '@grafana/data';
import type { FleetGridOptions } from './options';

export interface Cell {
  miner: string;
  labels: Labels;
  value: number | null;
  text: string;
  color: string;
  link?: Pick<LinkModel, 'href' | 'title' | 'target'>;
}

export interface CellGroup {
  name: string;
  cells: Cell[];
}

const lastKnown = (field: Field): number => {
  for (let row = field.values.length - 1; row >= 0; row--) {
    if (field.values[row] !== null && field.values[row] !== undefined) {
      return row;
    }
  }
  return field.values.length - 1;
};

function toCell(field: Field, row: number, labels: Labels, fallbackColor: string): Cell {
  const value: number | null = field.values[row] ?? null;
  const display: DisplayValue | undefined = field.display?.(value);
  const link = field.getLinks?.({ valueRowIndex: row })[0];
  return {
    miner: labels.miner,
    labels,
    value,
    text: display ? formattedValueToString(display) : String(value ?? ''),
    color: display?.color ?? fallbackColor,
    ...(link ? { link: { href: link.href, title: link.title, target: link.target } } : {}),
  };
}

/** Series with a `miner` label give their last known value; tables give one cell per row of their `miner` column. */
export function toCells(frames: DataFrame[], fallbackColor: string): Cell[] {
  return frames.flatMap((frame) => {
    const numbers = frame.fields.filter((field) => field.type === FieldType.number);
    const miners = frame.fields.find((field) => field.name === 'miner' && field.type === FieldType.string);
    if (miners && numbers[0]) {
      const texts = frame.fields.filter((field) => field.type === FieldType.string);
      return miners.values.map((_, row) =>
        toCell(numbers[0], row, Object.fromEntries(texts.map((field) => [field.name, String(field.values[row] ?? '')])), fallbackColor)
      );
    }
    return numbers.flatMap((field) =>
      field.labels?.miner && field.values.length > 0 ? [toCell(field, lastKnown(field), field.labels, fallbackColor)] : []
    );
  });
}

const compareNames = new Intl.Collator('en', { numeric: true }).compare;

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
