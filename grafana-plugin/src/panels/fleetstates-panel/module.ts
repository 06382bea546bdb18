import { PanelPlugin } from '@grafana/data';
import { hasLabels, suggestWhere } from '../drawing/suggestions';
import { FleetStatesPanel } from './FleetStatesPanel';
import { defaultOptions, type FleetStatesOptions } from './options';

export const plugin = new PanelPlugin<FleetStatesOptions>(FleetStatesPanel)
  .useFieldConfig()
  .setMigrationHandler((panel) => ({ ...defaultOptions, ...panel.options }))
  .setPanelOptions((builder) =>
    builder
      .addRadio({ path: 'sortBy', name: 'Order', settings: { options: [{ value: 'name', label: 'Name' }, { value: 'trouble', label: 'Longest in trouble first' }] }, defaultValue: defaultOptions.sortBy })
      .addTextInput({ path: 'usual', name: 'Usual state', description: 'The state that needs nobody', defaultValue: defaultOptions.usual })
      .addBooleanSwitch({ path: 'showLegend', name: 'Show legend', defaultValue: defaultOptions.showLegend })
  )
  .setSuggestionsSupplier(suggestWhere('Fleet states', 'hashfleet-fleetstates-panel', 'A row per miner, its states over time', (frames) => hasLabels(frames, 'miner', 'state')));
