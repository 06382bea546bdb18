import { getFieldDisplayValues, type FieldDisplay, type PanelProps, type ReduceDataOptions, VizOrientation } from '@grafana/data';
import { BarGauge, BarGaugeDisplayMode, BigValue, BigValueColorMode, BigValueGraphMode, BigValueTextMode, DataLinksContextMenu, useTheme2 } from '@grafana/ui';
import { type CSSProperties, type ReactNode } from 'react';
import { NoData } from './NoData';

interface Options {
  reduceOptions?: Partial<ReduceDataOptions>;
  colorMode?: BigValueColorMode;
  graphMode?: BigValueGraphMode;
  textMode?: BigValueTextMode;
  orientation?: VizOrientation;
  displayMode?: BarGaugeDisplayMode;
}

function useValues({ data, fieldConfig, options, replaceVariables, timeZone }: PanelProps<Options>): FieldDisplay[] {
  const theme = useTheme2();
  return getFieldDisplayValues({
    fieldConfig,
    reduceOptions: { calcs: options.reduceOptions?.calcs ?? ['lastNotNull'], values: options.reduceOptions?.values, fields: options.reduceOptions?.fields },
    replaceVariables, theme, data: data.series, sparkline: true, timeZone,
  });
}

export function StatPanel(props: PanelProps<Options>) {
  const theme = useTheme2();
  const values = useValues(props);
  const { width, height, options } = props;
  if (values.length === 0) {
    return <NoData />;
  }
  const across = options.orientation !== VizOrientation.Horizontal && width > height;
  const cell = { width: across ? width / values.length : width, height: across ? height : height / values.length };
  const textMode = options.textMode === undefined || options.textMode === BigValueTextMode.Auto
    ? (values.length > 1 ? BigValueTextMode.ValueAndName : BigValueTextMode.Value)
    : options.textMode;
  return (
    <div style={{ display: 'flex', flexDirection: across ? 'row' : 'column' }}>
      {values.map((value, index) => (
        <WithLinks key={index} value={value} style={cell}>
          <BigValue
            {...cell} value={value.display} theme={theme} textMode={textMode}
            sparkline={options.graphMode === BigValueGraphMode.None ? undefined : value.sparkline}
            colorMode={options.colorMode ?? BigValueColorMode.Value} graphMode={options.graphMode ?? BigValueGraphMode.Area}
          />
        </WithLinks>
      ))}
    </div>
  );
}

export function BarsPanel(props: PanelProps<Options>) {
  const theme = useTheme2();
  const values = useValues(props);
  const { width, height, options } = props;
  if (values.length === 0) {
    return <NoData />;
  }
  const bar = Math.max(height / values.length, 24);
  return (
    <div style={{ height, overflow: 'auto' }}>
      {values.map((value, index) => (
        <WithLinks key={index} value={value} style={{ height: bar }}>
          <BarGauge
            width={width} height={bar - 4} orientation={VizOrientation.Horizontal} theme={theme} value={value.display} field={value.field}
            display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)} displayMode={options.displayMode ?? BarGaugeDisplayMode.Gradient}
          />
        </WithLinks>
      ))}
    </div>
  );
}

function WithLinks({ value, style, children }: { value: FieldDisplay; style: CSSProperties; children: ReactNode }) {
  const links = value.hasLinks ? value.getLinks : undefined;
  return <div style={style}>{links ? <DataLinksContextMenu links={() => links()}>{() => <>{children}</>}</DataLinksContextMenu> : children}</div>;
}
