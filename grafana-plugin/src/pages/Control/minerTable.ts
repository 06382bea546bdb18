import type { Rig } from '../../api/types';
import { conditionOf, conditions, stateText, type Condition } from '../../components/minerCondition';

export const sortKeys = [
  'name', 'model', 'site', 'state', 'hashrate', 'ratio', 'power', 'efficiency', 'temperature', 'preset', 'profit', 'seen',
] as const;
export type SortKey = (typeof sortKeys)[number];

/** What the address of the page holds, so that a view can be shared. */
export interface TableView {
  search: string;
  site?: string;
  rack?: string;
  circuit?: string;
  model?: string;
  condition?: Condition;
  /** One miner only, as links from dashboards ask. */
  miner?: string;
  sort: SortKey;
  descending: boolean;
  page: number;
}

export const minersPerPage = 50;

export function readView(parameters: URLSearchParams): TableView {
  const sort = parameters.get('sort');
  const condition = parameters.get('state');
  const page = Number(parameters.get('page') ?? 1);
  return {
    search: parameters.get('q') ?? '',
    site: parameters.get('site') ?? undefined,
    rack: parameters.get('rack') ?? undefined,
    circuit: parameters.get('circuit') ?? undefined,
    model: parameters.get('model') ?? undefined,
    condition: conditions.find((one) => one === condition),
    miner: parameters.get('miner') ?? undefined,
    sort: sortKeys.find((one) => one === sort) ?? 'name',
    descending: parameters.get('dir') === 'desc',
    page: Number.isInteger(page) && page > 0 ? page : 1,
  };
}

/** The inverse of readView(); what is as usual stays out of the address. Other parameters are kept. */
export function writeView(view: TableView, parameters: URLSearchParams): URLSearchParams {
  const next = new URLSearchParams(parameters);
  const values: Record<string, string | undefined> = {
    q: view.search || undefined,
    site: view.site,
    rack: view.rack,
    circuit: view.circuit,
    model: view.model,
    state: view.condition,
    miner: view.miner,
    sort: view.sort === 'name' ? undefined : view.sort,
    dir: view.descending ? 'desc' : undefined,
    page: view.page === 1 ? undefined : String(view.page),
  };
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) {
      next.delete(name);
    } else {
      next.set(name, value);
    }
  }
  return next;
}

const searchedText = (rig: Rig): string =>
  [rig.name, rig.model, rig.site, rig.rack, rig.circuit, rig.address, rig.mac, rig.preset?.name, rig.failure?.description, stateText(rig)]
    .filter(Boolean)
    .join('\n')
    .toLowerCase();

/** Every word has to occur somewhere in what is shown of the miner. */
export function filterRigs(rigs: Rig[], view: Pick<TableView, 'search' | 'site' | 'rack' | 'circuit' | 'model' | 'condition' | 'miner'>): Rig[] {
  const words = view.search.toLowerCase().split(/\s+/).filter(Boolean);
  return rigs.filter((rig) => {
    const text = words.length ? searchedText(rig) : '';
    return (
      (!view.miner || rig.name === view.miner) &&
      (!view.site || rig.site === view.site) &&
      (!view.rack || rig.rack === view.rack) &&
      (!view.circuit || rig.circuit === view.circuit) &&
      (!view.model || rig.model === view.model) &&
      (!view.condition || conditionOf(rig) === view.condition) &&
      words.every((word) => text.includes(word))
    );
  });
}

const sortValue: Record<SortKey, (rig: Rig) => string | number | undefined> = {
  name: (rig) => rig.name,
  model: (rig) => rig.model,
  site: (rig) => [rig.site, rig.rack].filter(Boolean).join('/'),
  state: (rig) => conditions.indexOf(conditionOf(rig)),
  hashrate: (rig) => rig.hashrate,
  ratio: (rig) => rig.hashrateRatio,
  power: (rig) => rig.powerWatts,
  efficiency: (rig) => rig.efficiencyJoulesPerMegahash,
  temperature: (rig) => rig.temperature.chipMax,
  preset: (rig) => rig.preset?.powerWatts ?? rig.preset?.name,
  profit: (rig) => rig.money.profitUsdPerDay,
  seen: (rig) => rig.lastSuccessAt,
};

const compareNames = new Intl.Collator('en', { numeric: true }).compare;

/** Unknown values come last whichever way the order goes; equal ones are ordered by name. */
export function sortRigs(rigs: Rig[], { sort, descending }: Pick<TableView, 'sort' | 'descending'>): Rig[] {
  const value = sortValue[sort];
  return [...rigs].sort((left, right) => {
    const a = value(left);
    const b = value(right);
    if (a === undefined || b === undefined) {
      return a === b ? compareNames(left.name, right.name) : a === undefined ? 1 : -1;
    }
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : compareNames(String(a), String(b));
    return (descending ? -order : order) || compareNames(left.name, right.name);
  });
}

export const valuesOf = (rigs: Rig[], value: (rig: Rig) => string | undefined): string[] => [...new Set(rigs.flatMap((rig) => value(rig) ?? []))].sort(compareNames);
