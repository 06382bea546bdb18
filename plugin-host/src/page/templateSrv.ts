import { FieldType, formattedValueToString, type DataFrame, type DisplayValue, type Field, type ScopedVars } from '@grafana/data';
import { get } from 'lodash';

interface SceneLike {
  parent?: SceneLike;
  state: { $variables?: { getByName?: (name: string) => { getValue(): unknown } | undefined } };
}

export const variablePattern = /\$(\w+)|\$\{(\w+)(?:\.([^:^}]+))?(?::([^}]+))?\}|\[\[(\w+)(?::(\w+))?\]\]/g;

/** How a value of several is written; without a format, as Grafana's Prometheus data source does (regular expression). */
export function formatVariable(value: unknown, format: string | undefined): string {
  if (typeof (value as { formatter?: unknown } | null)?.formatter === 'function') {
    // "All" of a scene variable with its own text for it.
    return (value as { formatter(format?: string): string }).formatter(format);
  }
  const values = (Array.isArray(value) ? value : [value]).map(String);
  switch (format) {
    case 'raw':
    case 'csv':
      return values.join(',');
    case 'pipe':
      return values.join('|');
    case 'queryparam':
      return values.map(encodeURIComponent).join('&');
    case 'percentencode':
      return encodeURIComponent(values.join(','));
    case 'text':
      return values.join(' + ');
    default:
      if (!Array.isArray(value)) {
        return String(value);
      }
      return values.length === 1 ? values[0]! : `(${values.join('|')})`;
  }
}

/** Looks a name up in the scoped variables, then in those of the scene that asks. */
function lookUp(name: string, scoped: ScopedVars | undefined): unknown {
  if (scoped?.[name]) {
    return scoped[name].value;
  }
  let scene = (scoped?.['__sceneObject']?.value as { valueOf(): SceneLike } | undefined)?.valueOf() as SceneLike | undefined;
  for (; scene; scene = scene.parent) {
    const variable = scene.state.$variables?.getByName?.(name);
    if (variable) {
      return variable.getValue();
    }
  }
  return undefined;
}

interface DataContext {
  frame: DataFrame;
  field: Field;
  rowIndex?: number;
  calculatedValue?: DisplayValue;
}

/** `__field`, `__value` and `__data` in links: what Grafana reads from the cell that was clicked. */
function readDataContext(name: string, path: string | undefined, scoped: ScopedVars | undefined): unknown {
  const context = scoped?.['__dataContext']?.value as DataContext | undefined;
  if (!context || !path) {
    return undefined;
  }
  const { field, frame, rowIndex = 0, calculatedValue } = context;
  const textOf = (one: Field): string => {
    const value = one.values[rowIndex];
    return one.display && one.type !== FieldType.string ? formattedValueToString(one.display(value)) : String(value ?? '');
  };
  if (name === '__field') {
    return get({ name: field.name, labels: field.labels ?? {} }, path);
  }
  if (name === '__value') {
    return path === 'text' ? (calculatedValue ? formattedValueToString(calculatedValue) : textOf(field)) : field.values[rowIndex];
  }
  if (name === '__data') {
    const wanted = /^fields(?:\.|\[["']?)([^\]"']+)/.exec(path)?.[1];
    const found = frame.fields.find((one) => one.name === wanted || one.config.displayName === wanted) ?? frame.fields[Number(wanted)];
    return found && textOf(found);
  }
  return undefined;
}

export const interpolate = (text: string | undefined, scoped?: ScopedVars, format?: string | unknown): string =>
  (text ?? '').replace(variablePattern, (whole, plain, braced, path, bracedFormat, square, squareFormat) => {
    const name: string = plain ?? braced ?? square;
    const value = readDataContext(name, path, scoped) ?? lookUp(name, scoped);
    return value === undefined ? whole : formatVariable(value, bracedFormat ?? squareFormat ?? (typeof format === 'string' ? format : undefined));
  });

export const templateSrv = {
  replace: interpolate,
  getVariables: () => [],
  containsTemplate: (text?: string) => /\$|\[\[/.test(text ?? ''),
  updateTimeRange: () => undefined,
};
