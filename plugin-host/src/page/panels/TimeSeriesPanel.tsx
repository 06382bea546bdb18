import { dateTimeFormat, FieldType, getDisplayProcessor, getFieldDisplayName, type DataFrame, type Field, type PanelProps } from '@grafana/data';
import { LegendDisplayMode, TooltipDisplayMode, type VizLegendOptions } from '@grafana/schema';
import { SeriesTable, TimeSeries, TooltipPlugin2, useTheme2, type UPlotConfigBuilder } from '@grafana/ui';
import { useMemo } from 'react';
import { NoData } from './NoData';

interface Options {
  legend?: Partial<VizLegendOptions>;
  tooltip?: { mode?: TooltipDisplayMode };
}

/** Several series of thousands each would take the page down; the core panel copes, this one says what it left out. */
const mostSeries = 100;

export function TimeSeriesPanel({ data, timeRange, timeZone, width, height, options, onChangeTimeRange }: PanelProps<Options>) {
  const theme = useTheme2();
  const frames = useMemo(
    () =>
      data.series
        .filter((frame) => frame.length > 0 && frame.fields.some((field) => field.type === FieldType.time))
        .slice(0, mostSeries)
        .map((frame) => ({
          ...frame,
          fields: frame.fields.map((field) => ({ ...field, display: field.display ?? getDisplayProcessor({ field, theme, timeZone }) })),
        })),
    [data.series, theme, timeZone]
  );
  if (frames.length === 0) {
    return <NoData />;
  }
  const legend: VizLegendOptions = {
    showLegend: options.legend?.showLegend ?? true,
    displayMode: options.legend?.displayMode ?? LegendDisplayMode.List,
    placement: options.legend?.placement ?? 'bottom',
    calcs: options.legend?.calcs ?? [],
  };
  return (
    <TimeSeries frames={frames} timeRange={timeRange} timeZone={timeZone} width={width} height={height} legend={legend}>
      {(config: UPlotConfigBuilder, aligned: DataFrame) => (
        <TooltipPlugin2
          config={config}
          hoverMode={1 as never}
          queryZoom={onChangeTimeRange}
          render={(_plot, indexes, hovered) => <Tooltip aligned={aligned} indexes={indexes} hovered={hovered} timeZone={timeZone} />}
        />
      )}
    </TimeSeries>
  );
}

interface TooltipProps {
  aligned: DataFrame;
  indexes: Array<number | null>;
  hovered: number | null;
  timeZone: string;
}

function Tooltip({ aligned, indexes, hovered, timeZone }: TooltipProps) {
  const rows = aligned.fields.flatMap((field: Field, position) => {
    const index = indexes[position];
    if (position === 0 || index === null || index === undefined || field.config.custom?.hideFrom?.tooltip) {
      return [];
    }
    const value = field.values[index];
    const display = field.display?.(value);
    return value === null || value === undefined || !display
      ? []
      : [{
          color: field.state?.seriesIndex === undefined ? display.color : (display.color ?? ''),
          label: getFieldDisplayName(field, aligned),
          value: `${display.prefix ?? ''}${display.text}${display.suffix ?? ''}`,
          isActive: position === hovered,
        }];
  });
  const at = indexes.find((index): index is number => typeof index === 'number');
  return (
    <div style={{ padding: 8 }}>
      <SeriesTable timestamp={at === undefined ? undefined : dateTimeFormat(aligned.fields[0]?.values[at], { timeZone })} series={rows.slice(0, 12)} />
    </div>
  );
}
