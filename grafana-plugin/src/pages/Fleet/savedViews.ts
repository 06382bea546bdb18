/** What of the address makes a view of the fleet: the filters, how it is grouped, and the time range. */
const viewParameters = ['var-site', 'var-model', 'var-search', 'var-group', 'from', 'to'] as const;

export interface SavedView {
  name: string;
  /** Query string without its question mark. */
  search: string;
}

export const longestName = 60;
const mostViews = 50;

export function viewOf(search: string): string {
  const all = new URLSearchParams(search);
  const kept = new URLSearchParams();
  for (const name of viewParameters) {
    for (const value of all.getAll(name)) {
      kept.append(name, value);
    }
  }
  return kept.toString();
}

/** What the user's storage holds, whatever it is: an older or damaged entry is no reason for a broken page. */
export function readViews(text: string | null): SavedView[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.filter(isView).slice(0, mostViews) : [];
  } catch {
    return [];
  }
}

const isView = (value: unknown): value is SavedView =>
  typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string' && value.name !== '' && 'search' in value && typeof value.search === 'string';

/** The same name takes the place of the one before. */
export const withView = (views: readonly SavedView[], view: SavedView): SavedView[] =>
  [...views.filter(({ name }) => name !== view.name), view].sort((a, b) => a.name.localeCompare(b.name)).slice(0, mostViews);

export const withoutView = (views: readonly SavedView[], name: string): SavedView[] => views.filter((view) => view.name !== name);
