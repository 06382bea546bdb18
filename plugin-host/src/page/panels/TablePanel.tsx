import { type PanelProps } from '@grafana/data';
import { Table } from '@grafana/ui';
import { NoData } from './NoData';

interface Options {
  showHeader?: boolean;
  sortBy?: Array<{ displayName: string; desc?: boolean }>;
}

/** Pixels by which this table lays its columns out too wide for the room that it is given. */
const overhang = 12;

export function TablePanel({ data, width, height, options }: PanelProps<Options>) {
  const frame = data.series[0];
  if (!frame || frame.length === 0) {
    return <NoData />;
  }
  return <Table data={frame} width={width - overhang} height={height} noHeader={options.showHeader === false} initialSortBy={options.sortBy} ariaLabel="Table" />;
}
