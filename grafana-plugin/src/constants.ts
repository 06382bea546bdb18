import pluginJson from './plugin.json';

export const PLUGIN_ID = pluginJson.id;
export const PLUGIN_BASE_URL = `/a/${pluginJson.id}`;
/** The nested panels. */
export const PANEL_IDS = {
  fleetGrid: 'hashfleet-fleetgrid-panel', fleetStates: 'hashfleet-fleetstates-panel', chipMap: 'hashfleet-chipmap-panel', boardStrip: 'hashfleet-boardstrip-panel',
  waterfall: 'hashfleet-waterfall-panel', poolGap: 'hashfleet-poolgap-panel',
} as const;

export const ROUTES = {
  fleet: 'fleet', control: 'control', advice: 'advice', earnings: 'earnings', alerts: 'alerts', audit: 'audit', setup: 'setup', miner: 'miner',
} as const;

export const fleetUrl = (): string => `${PLUGIN_BASE_URL}/${ROUTES.fleet}`;
export const minerUrl = (miner: string): string => `${PLUGIN_BASE_URL}/${ROUTES.miner}/${encodeURIComponent(miner)}`;
export const controlUrl = (miner?: string): string =>
  `${PLUGIN_BASE_URL}/${ROUTES.control}${miner === undefined ? '' : `?miner=${encodeURIComponent(miner)}`}`;
export const adviceUrl = (miner?: string): string =>
  `${PLUGIN_BASE_URL}/${ROUTES.advice}${miner === undefined ? '' : `?miner=${encodeURIComponent(miner)}`}`;
export const earningsUrl = (): string => `${PLUGIN_BASE_URL}/${ROUTES.earnings}`;
export const alertsUrl = (alert?: string, text?: string): string =>
  `${PLUGIN_BASE_URL}/${ROUTES.alerts}${alert !== undefined ? `?alert=${encodeURIComponent(alert)}` : text !== undefined ? `?text=${encodeURIComponent(text)}` : ''}`;
export const auditUrl = (miner?: string): string =>
  `${PLUGIN_BASE_URL}/${ROUTES.audit}${miner === undefined ? '' : `?miner=${encodeURIComponent(miner)}`}`;
export const setupUrl = (): string => `${PLUGIN_BASE_URL}/${ROUTES.setup}`;
export const configurationUrl = (): string => `/plugins/${PLUGIN_ID}`;
