/** Every query of a dashboard as Prometheus would be asked it, for tests that have no Grafana. */

export interface AskedQuery {
  /** Title of the panel, or `variable <name>`, `annotation <name>`. */
  readonly panel: string;
  readonly refId: string;
  readonly expr: string;
  /** True where no result is good news, or where a fleet may not have it (no failed poll, no alert). */
  readonly mayBeEmpty: boolean;
}

export interface Substitutes {
  /** Values of Grafana's variables; matchers take `.+` (All). */
  readonly variables?: Readonly<Record<string, string>>;
  /** For `$__rate_interval`, `$__interval`, `$__range`. */
  readonly rateInterval?: string;
}

interface AnyPanel {
  readonly type?: string;
  readonly title?: string;
  readonly panels?: readonly AnyPanel[];
  readonly targets?: readonly { readonly expr?: string; readonly refId?: string }[];
}

interface AnyDashboard {
  readonly panels?: readonly AnyPanel[];
  readonly templating?: { readonly list?: readonly { readonly name?: string; readonly type?: string; readonly definition?: string }[] };
  readonly annotations?: { readonly list?: readonly { readonly name?: string; readonly expr?: string }[] };
}

/** Panels that show nothing on a fleet without trouble, pool failures or history. */
const emptyWhenWell = new Set(['Out of reach', 'Alerts', 'Poll failures by reason', 'Poll failures', 'Replies that did not fit', 'Actions by outcome', 'Power supply', 'Preset', 'Gain by advice']);

/** All panels, those inside of collapsed rows too, rows left out. */
export function panelsOf(dashboard: unknown): readonly AnyPanel[] {
  const flat = (panels: readonly AnyPanel[]): AnyPanel[] => panels.flatMap((panel) => (panel.type === 'row' ? flat(panel.panels ?? []) : [panel]));
  return flat((dashboard as AnyDashboard).panels ?? []);
}

export function queriesOf(dashboard: unknown, { variables = {}, rateInterval = '1m' }: Substitutes = {}): readonly AskedQuery[] {
  const { templating, annotations } = dashboard as AnyDashboard;
  const values: Readonly<Record<string, string>> = { site: '.+', model: '.+', miner: '.+', ...variables };
  const asked = (expr: string) => expr
    .replace(/\$__rate_interval|\$__interval|\$__range/g, rateInterval)
    .replace(/\$\{?(\w+)\}?/g, (whole, name: string) => values[name] ?? whole);
  return [
    ...panelsOf(dashboard).flatMap(({ title = '', targets = [] }) => targets.map(({ expr = '', refId = '' }) => ({ panel: title, refId, expr: asked(expr), mayBeEmpty: emptyWhenWell.has(title) }))),
    ...(templating?.list ?? []).filter(({ type }) => type === 'query').map(({ name = '', definition = '' }) => ({
      panel: `variable ${name}`, refId: name, expr: asked(definition.replace(/^label_values\((.*), *\w+\)$/, '$1')), mayBeEmpty: false,
    })),
    ...(annotations?.list ?? []).filter(({ expr }) => expr !== undefined).map(({ name = '', expr = '' }) => ({ panel: `annotation ${name}`, refId: 'Anno', expr: asked(expr), mayBeEmpty: true })),
  ];
}
