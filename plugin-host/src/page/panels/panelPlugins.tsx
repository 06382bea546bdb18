import { FieldColorModeId, FieldConfigProperty, PanelPlugin, type PanelProps } from '@grafana/data';
import { type ComponentType } from 'react';
import { BarsPanel, StatPanel } from './ValuePanels';
import { StateTimelinePanel } from './StateTimelinePanel';
import { TablePanel } from './TablePanel';
import { TextPanel } from './TextPanel';
import { TimeSeriesPanel } from './TimeSeriesPanel';

/*
 * Core panels live in the Grafana binary and on no registry. Ours are loaded for real from the plugin's dist; core ids
 * get these stand-ins, which draw the same data with the components of @grafana/ui that core panels are made of.
 */
const standIns: Record<string, ComponentType<PanelProps>> = {
  timeseries: TimeSeriesPanel as ComponentType<PanelProps>,
  trend: TimeSeriesPanel as ComponentType<PanelProps>,
  stat: StatPanel as ComponentType<PanelProps>,
  gauge: BarsPanel as ComponentType<PanelProps>,
  bargauge: BarsPanel as ComponentType<PanelProps>,
  table: TablePanel as ComponentType<PanelProps>,
  'state-timeline': StateTimelinePanel as ComponentType<PanelProps>,
  'status-history': StateTimelinePanel as ComponentType<PanelProps>,
  text: TextPanel as ComponentType<PanelProps>,
};

export const isStandIn = (id: string): boolean => !window.grafanaBootData.settings.panels[id];

/** Custom field options survive applyFieldOverrides() only when the plugin declares them. */
const customOptions: Record<string, Record<string, unknown>> = {
  timeseries: {
    drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: 0, gradientMode: 'none', spanNulls: false, insertNulls: false,
    showPoints: 'auto', pointSize: 5, stacking: { mode: 'none', group: 'A' }, axisPlacement: 'auto', axisLabel: '', axisColorMode: 'text',
    axisBorderShow: false, axisCenteredZero: false, axisSoftMin: undefined, axisSoftMax: undefined, axisWidth: undefined, axisGridShow: undefined,
    scaleDistribution: { type: 'linear' }, thresholdsStyle: { mode: 'off' }, lineStyle: undefined, barAlignment: 0, barWidthFactor: 0.6,
    fillBelowTo: undefined, hideFrom: { tooltip: false, viz: false, legend: false },
  },
  table: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false, filterable: false, width: undefined, minWidth: undefined, hidden: false },
  'state-timeline': { lineWidth: 0, fillOpacity: 70 },
};
customOptions['trend'] = customOptions['timeseries']!;
customOptions['status-history'] = customOptions['state-timeline']!;

function MissingPanel({ id }: { id: string }) {
  return <p>Core panel “{id}” lives in Grafana itself; this host has no stand-in for it.</p>;
}

function standInPlugin(id: string): PanelPlugin {
  const plugin = new PanelPlugin(standIns[id] ?? (() => <MissingPanel id={id} />));
  plugin.useFieldConfig({
    standardOptions: ['timeseries', 'trend'].includes(id)
      ? { [FieldConfigProperty.Color]: { defaultValue: { mode: FieldColorModeId.PaletteClassic } } }
      : {},
    useCustomConfig: (builder) => {
      for (const [path, defaultValue] of Object.entries(customOptions[id] ?? {})) {
        builder.addCustomEditor({
          id: path, path, name: path, defaultValue, editor: () => null, override: () => null,
          process: (value: unknown) => value, shouldApply: () => true,
        } as never);
      }
    },
  });
  return plugin;
}

const cache: Record<string, PanelPlugin> = {};

export async function importPanelPlugin(id: string): Promise<PanelPlugin> {
  const meta = window.grafanaBootData.settings.panels[id];
  if (!cache[id]) {
    const plugin = meta ? (await window.System.import<{ plugin: PanelPlugin }>(meta.module)).plugin : standInPlugin(id);
    plugin.meta = (meta ?? { id, name: id, info: { version: '' } }) as never;
    cache[id] = plugin;
  }
  return cache[id];
}

export const panelPluginFromCache = (id: string): PanelPlugin | undefined => cache[id];
