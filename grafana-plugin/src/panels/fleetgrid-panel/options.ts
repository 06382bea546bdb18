export interface FleetGridOptions {
  /** Label whose values make the groups; empty means one group. */
  groupBy: string;
  sortBy: 'name' | 'value';
  showName: boolean;
  showValue: boolean;
}

export const defaultOptions: FleetGridOptions = { groupBy: 'site', sortBy: 'name', showName: true, showValue: true };
