import { type AppPlugin } from '@grafana/data';
import { PluginPageFrame } from '../frame/PluginPageFrame';

export function DashboardPage(_: { plugin: AppPlugin }) {
  return <PluginPageFrame pageNav={{ text: 'Dashboard' }}><p>…</p></PluginPageFrame>;
}
