/* Everything imported here counts towards module.js, which Grafana loads at its start: keep it small. */
import { type PluginExtensionAddedLinkConfig } from '@grafana/data';
import { minerUrl } from '../constants';

interface Labelled {
  labels?: Record<string, string>;
}

interface PanelMenuContext {
  scopedVars?: Record<string, { value?: unknown } | undefined>;
  data?: { series?: Array<{ fields: Labelled[] }> };
}

interface AlertInstanceContext {
  instance?: Labelled;
}

const name = /^[A-Za-z0-9._-]{1,63}$/;
const asName = (value: unknown): string | undefined => (typeof value === 'string' && name.test(value) ? value : undefined);

/** The one miner that a panel shows: its `miner` variable, else the label that all of its series share. */
export function minerOfPanel(context?: object): string | undefined {
  const { scopedVars, data } = (context ?? {}) as PanelMenuContext;
  const fromVariable = asName(scopedVars?.miner?.value);
  if (fromVariable) {
    return fromVariable;
  }
  const names = new Set((data?.series ?? []).flatMap((frame) => frame.fields.map((field) => field.labels?.miner)).filter(Boolean));
  return names.size === 1 ? asName([...names][0]) : undefined;
}

export const minerOfAlert = (context?: object): string | undefined =>
  asName(((context ?? {}) as AlertInstanceContext).instance?.labels?.miner);

const openMiner = (findMiner: (context?: object) => string | undefined) => (context?: object) => {
  const miner = findMiner(context);
  return miner === undefined ? undefined : { path: minerUrl(miner) };
};

/** Must equal `extensions.addedLinks` of plugin.json; a test compares them. */
export const links: PluginExtensionAddedLinkConfig[] = [
  {
    targets: ['grafana/dashboard/panel/menu'],
    title: 'Open miner',
    description: 'Opens the page of the miner that this panel shows',
    icon: 'cube',
    configure: openMiner(minerOfPanel),
  },
  {
    targets: ['grafana/alerting/instance/action'],
    title: 'Open miner of the alert',
    description: 'Opens the page of the miner that this alert names',
    icon: 'cube',
    configure: openMiner(minerOfAlert),
  },
];
