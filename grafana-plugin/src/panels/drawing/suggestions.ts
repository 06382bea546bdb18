import type { DataFrame } from '@grafana/data';

interface OldBuilder {
  data?: { series: DataFrame[] };
  getListAppender: (defaults: object) => { append: (override: object) => void };
}

/**
 * Suggests a panel where the data fits. Grafana 13 calls a function with a summary of the data, Grafana 12 the method of an
 * object with a builder: this is both.
 */
export function suggestWhere(name: string, pluginId: string, description: string, fits: (frames: readonly DataFrame[]) => boolean) {
  const supplier = (summary: { rawFrames?: DataFrame[] }) => (fits(summary.rawFrames ?? []) ? [{ name, description }] : undefined);
  return Object.assign(supplier, {
    getSuggestionsForData: (builder: OldBuilder): void => {
      if (fits(builder.data?.series ?? [])) {
        builder.getListAppender({ name, pluginId, options: {}, fieldConfig: { defaults: {}, overrides: [] } }).append({ name });
      }
    },
  });
}

/** Whether some number bears all these labels, or a table has these columns. */
export const hasLabels = (frames: readonly DataFrame[], ...names: string[]): boolean =>
  frames.some(({ fields }) => names.every((name) => fields.some((field) => field.name === name)) || fields.some(({ labels }) => names.every((name) => labels?.[name] !== undefined)));
