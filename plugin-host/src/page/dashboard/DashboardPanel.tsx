import { type EventBus, EventBusSrv, type FieldConfigSource, getPanelOptionsWithDefaults, LoadingState, type PanelPlugin, type ScopedVars, type TimeRange } from '@grafana/data';
import { Menu, PanelChrome } from '@grafana/ui';
import { useEffect, useMemo, useState } from 'react';
import { importPanelPlugin, isStandIn } from '../panels/panelPlugins';
import { interpolate } from '../templateSrv';
import { type PanelJson, withLowestSteps } from './dashboardJson';
import { usePanelData } from './usePanelData';
import { fillVariables, valueOf, type Variable } from './variables';

interface Props {
  panel: PanelJson;
  variables: Variable[];
  timeRange: TimeRange;
  round: number;
  width: number;
  height: number;
  /** Links that the app adds to panel menus. */
  linksFor: (context: object) => Array<{ title: string; path: string }>;
  onChangeTimeRange: (range: { from: number; to: number }) => void;
}

const events: EventBus = new EventBusSrv();

export function DashboardPanel({ panel, variables, timeRange, round, width, height, linksFor, onChangeTimeRange }: Props) {
  const [plugin, setPlugin] = useState<PanelPlugin>();
  useEffect(() => {
    void importPanelPlugin(panel.type).then(setPlugin);
  }, [panel.type]);
  const { options, fieldConfig } = useMemo(() => {
    const current: FieldConfigSource = withLowestSteps({ defaults: panel.fieldConfig?.defaults ?? {}, overrides: panel.fieldConfig?.overrides ?? [] });
    return plugin
      ? getPanelOptionsWithDefaults({ plugin, currentOptions: panel.options ?? {}, currentFieldConfig: current, isAfterPluginChange: false })
      : { options: panel.options ?? {}, fieldConfig: current };
  }, [panel, plugin]);
  const { data, failure } = usePanelData({ panel, plugin, fieldConfig, variables, timeRange, width, round });
  const scopedVars: ScopedVars = Object.fromEntries(variables.map((one) => [one.json.name, { text: one.json.name, value: valueOf(one) }]));
  const links = linksFor({ scopedVars, data });
  const Panel = plugin?.panel;
  const title = fillVariables(panel.title ?? '', variables);
  return (
    <PanelChrome
      width={width}
      height={height}
      title={title}
      description={panel.description}
      statusMessage={failure}
      loadingState={data.state === LoadingState.Loading ? LoadingState.Loading : LoadingState.Done}
      menu={links.length ? <Menu>{links.map((link) => <Menu.Item key={link.title} label={link.title} url={link.path} />)}</Menu> : undefined}
    >
      {(innerWidth, innerHeight) =>
        Panel && data.state !== LoadingState.Loading ? (
          <div data-stand-in={isStandIn(panel.type) || undefined} style={{ width: innerWidth, height: innerHeight }}>
            <Panel
              id={panel.id}
              title={title}
              data={data}
              timeRange={timeRange}
              timeZone="browser"
              options={options}
              fieldConfig={fieldConfig}
              width={innerWidth}
              height={innerHeight}
              transparent={false}
              renderCounter={round}
              eventBus={events}
              onOptionsChange={() => undefined}
              onFieldConfigChange={() => undefined}
              onChangeTimeRange={onChangeTimeRange}
              replaceVariables={(text, scoped, format) => interpolate(fillVariables(text, variables), scoped, format)}
            />
          </div>
        ) : null
      }
    </PanelChrome>
  );
}
