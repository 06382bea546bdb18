export interface FleetStatesOptions {
  sortBy: 'name' | 'trouble';
  /** The state that needs nobody. */
  usual: string;
  showLegend: boolean;
}

export const defaultOptions: FleetStatesOptions = { sortBy: 'name', usual: 'mining', showLegend: true };

/** Grafana's names of colours for the states of VNish; others take colours of the palette in turn. */
export const stateColors: Readonly<Record<string, string>> = {
  mining: 'green', initializing: 'blue', starting: 'light-blue', 'auto-tuning': 'purple', restarting: 'yellow', 'shutting-down': 'orange', stopped: '#808080', failure: 'red',
};
