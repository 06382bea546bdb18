import { css } from '@emotion/css';
import { type PanelProps } from '@grafana/data';
import { Table } from '@grafana/ui';
import { NoData } from './NoData';

interface Options {
  showHeader?: boolean;
  sortBy?: Array<{ displayName: string; desc?: boolean }>;
}

/** The published table sizes its cells without their padding, which pushes the last column out of its own frame. */
const cellsWithPadding = css({ '&& [role="cell"], && [role="columnheader"]': { boxSizing: 'border-box' } });

export function TablePanel({ data, width, height, options }: PanelProps<Options>) {
  const frame = data.series[0];
  if (!frame || frame.length === 0) {
    return <NoData />;
  }
  return (
    <div className={cellsWithPadding}>
      <Table data={frame} width={width} height={height} noHeader={options.showHeader === false} initialSortBy={options.sortBy} ariaLabel="Table" />
    </div>
  );
}
