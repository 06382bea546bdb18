import { TextLink } from '@grafana/ui';
import { PluginPageFrame } from './PluginPageFrame';

export function HomePage() {
  const { host, settings } = window.grafanaBootData;
  return (
    <PluginPageFrame pageNav={{ text: 'Home' }}>
      <p>
        This page runs the built plugin “{host.plugin.name}” with Grafana’s published packages ({settings.buildInfo.version}), without a Grafana server.
      </p>
      <h2>What is real</h2>
      <ul>
        <li>The plugin’s built files, with its nested panels, loaded by SystemJS as Grafana loads them</li>
        <li>Every component of @grafana/ui, the themes, the transformations</li>
        <li>Queries and alerts: Prometheus evaluates them</li>
        <li>The rules of the plugin’s proxy routes, roles and settings, followed from Grafana’s source</li>
      </ul>
      <h2>What is a stand-in</h2>
      <ul>
        <li>This frame, its menu, the messages and the users</li>
        <li>Core panels such as time series, stat and table, drawn here with the components they are made of</li>
        <li>The data source, reduced to what this project’s panels ask</li>
      </ul>
      <h2>Pages</h2>
      <ul>
        {host.pages.map((page) => <li key={page.path}><TextLink href={page.path} inline={false}>{page.name}</TextLink></li>)}
        {host.dashboards.map((one) => <li key={one.uid}><TextLink href={`/d/${one.uid}`} inline={false}>{one.title}</TextLink></li>)}
      </ul>
    </PluginPageFrame>
  );
}
