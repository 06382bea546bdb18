/** The dashboards by file name, as text. */
import { fleet } from './fleet.ts';
import { miner } from './miner.ts';

export function dashboardFiles(): Readonly<Record<string, string>> {
  return Object.fromEntries([fleet(), miner()].map((dashboard) => [`${dashboard.uid ?? ''}.json`, `${JSON.stringify(dashboard, null, 2)}\n`]));
}
