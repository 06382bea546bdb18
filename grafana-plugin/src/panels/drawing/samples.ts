import { type DataFrame, type DisplayValue, type Field, FieldType, type Labels, type LinkModel, formattedValueToString } from '@grafana/data';

/** One value of one thing, from a series or from a row of a table. */
export interface Sample {
  labels: Labels;
  value: number | null;
  field: Field;
  row: number;
  /** Of the query that it came from. */
  refId: string;
}

const lastRow = ({ values }: Field): number => {
  for (let row = values.length - 1; row >= 0; row--) {
    if (values[row] !== null && values[row] !== undefined) {
      return row;
    }
  }
  return values.length - 1;
};

/** The last known value of each series that bears the label; each row of tables that have it as a column. */
export function samplesOf(frames: readonly DataFrame[], label: string): Sample[] {
  const found: Sample[] = [];
  for (const frame of frames) {
    const refId = frame.refId ?? '';
    const numbers = frame.fields.filter(({ type }) => type === FieldType.number);
    const column = frame.fields.find(({ name, type }) => name === label && type === FieldType.string);
    if (column && numbers.length > 0) {
      const texts = frame.fields.filter(({ type }) => type === FieldType.string);
      const field = numbers[numbers.length - 1];
      for (let row = 0; row < frame.length; row++) {
        const labels: Labels = {};
        for (const text of texts) {
          labels[text.name] = String(text.values[row] ?? '');
        }
        found.push({ labels, value: field.values[row] ?? null, field, row, refId });
      }
      continue;
    }
    for (const field of numbers) {
      if (field.labels?.[label] !== undefined && field.values.length > 0) {
        const row = lastRow(field);
        found.push({ labels: field.labels, value: field.values[row] ?? null, field, row, refId });
      }
    }
  }
  return found;
}

export const displayOf = ({ field, value }: Pick<Sample, 'field' | 'value'>): DisplayValue | undefined => field.display?.(value);

export function textOf(sample: Pick<Sample, 'field' | 'value'>): string {
  const display = displayOf(sample);
  return display ? formattedValueToString(display) : String(sample.value ?? '–');
}

export function linkOf({ field, row }: Pick<Sample, 'field' | 'row'>): Pick<LinkModel, 'href' | 'target'> | undefined {
  return field.getLinks?.({ valueRowIndex: row })[0];
}

/** Names as people count them: m2 before m10. */
export const compareNames = new Intl.Collator('en', { numeric: true }).compare;
