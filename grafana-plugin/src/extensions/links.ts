/* Everything imported here counts towards module.js, which Grafana loads at its start: keep it small. */
import { type PluginExtensionAddedLinkConfig } from '@grafana/data';
import { adviceUrl, alertsUrl, controlUrl, fleetUrl, minerUrl } from '../constants';

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

/** Hidden where no one miner is meant. */
const ofMiner = (findMiner: (context?: object) => string | undefined, urlOf: (miner: string) => string) => (context?: object) => {
  const miner = findMiner(context);
  return miner === undefined ? undefined : { path: urlOf(miner) };
};

const fromPalette = (title: string, description: string, path: string): PluginExtensionAddedLinkConfig => ({
  targets: ['grafana/commandpalette/action'],
  title,
  description,
  path,
  group: { name: 'Hashfleet' },
});

/** Must equal `extensions.addedLinks` of plugin.json; a test compares them. */
export const links: PluginExtensionAddedLinkConfig[] = [
  {
    targets: ['grafana/dashboard/panel/menu'],
    title: 'Open miner',
    description: 'Opens the page of the miner that this panel shows',
    icon: 'cube',
    configure: ofMiner(minerOfPanel, minerUrl),
  },
  {
    targets: ['grafana/dashboard/panel/menu'],
    title: 'Control this miner',
    description: 'Restart, change the preset and more, with a plan to confirm first',
    icon: 'sliders-v-alt',
    configure: ofMiner(minerOfPanel, controlUrl),
  },
  {
    targets: ['grafana/alerting/instance/action'],
    title: 'Open miner of the alert',
    description: 'Opens the page of the miner that this alert names',
    icon: 'cube',
    configure: ofMiner(minerOfAlert, minerUrl),
  },
  fromPalette('Miners: what needs attention', 'The fleet, with what cannot wait first', fleetUrl()),
  fromPalette('Miners: control', 'Act on one miner or on many', controlUrl()),
  fromPalette('Miners: alerts', 'What is active, by its cause, and silences', alertsUrl()),
  fromPalette('Miners: advice', 'What would earn more, or keep a miner safe', adviceUrl()),
];
