import { config } from '@grafana/runtime';
import { findMetrics } from '../metricFind';
import { formatVariable, variablePattern } from '../templateSrv';
import type { VariableJson } from './dashboardJson';

export const allValues = '$__all';

export interface Variable {
  json: VariableJson;
  options: string[];
  /** What is chosen; `$__all` stands for all. */
  chosen: string[];
}

/** Resolves the variables from left to right: each may ask for those before it. The address decides what is chosen. */
export async function resolveVariables(list: VariableJson[], address: URLSearchParams): Promise<Variable[]> {
  const resolved: Variable[] = [];
  for (const json of list) {
    const options = await optionsOf(json, resolved);
    const fromAddress = address.getAll(`var-${json.name}`).map((value) => (value === 'All' ? allValues : value));
    const preset = [json.current?.value ?? []].flat();
    const wanted = (fromAddress.length ? fromAddress : preset).filter((value) => value === allValues || options.includes(value) || json.type === 'textbox');
    resolved.push({ json, options, chosen: wanted.length ? wanted : json.includeAll ? [allValues] : options.slice(0, 1) });
  }
  return resolved;
}

async function optionsOf(json: VariableJson, before: Variable[]): Promise<string[]> {
  const query = typeof json.query === 'string' ? json.query : (json.query?.query ?? '');
  switch (json.type) {
    case 'datasource':
      return Object.values(config.datasources).filter((source) => source.type === query).map((source) => source.uid);
    case 'query': {
      const found = await findMetrics('hashfleet-prometheus', fillVariables(query, before));
      const pattern = json.regex ? new RegExp(json.regex.replace(/^\/(.*)\/\w*$/, '$1')) : undefined;
      return pattern ? found.flatMap((value) => { const match = pattern.exec(value); return match ? [match[1] ?? match[0]] : []; }) : found;
    }
    case 'custom':
    case 'interval':
      return query.split(',').map((part) => part.trim().split(/\s+:\s+/).at(-1) ?? '');
    default:
      return query ? [query] : [];
  }
}

export function valueOf({ json, options, chosen }: Variable): string | string[] {
  if (chosen.includes(allValues)) {
    return json.allValue ?? options;
  }
  return json.multi ? chosen : (chosen[0] ?? '');
}

/** Fills in dashboard variables; what is not one of them, such as Grafana's macros, stays. */
export const fillVariables = (text: string, variables: Variable[]): string =>
  text.replace(variablePattern, (whole, plain, braced, path, bracedFormat, square, squareFormat) => {
    const variable = path ? undefined : variables.find((one) => one.json.name === (plain ?? braced ?? square));
    return variable ? formatVariable(valueOf(variable), bracedFormat ?? squareFormat) : whole;
  });
