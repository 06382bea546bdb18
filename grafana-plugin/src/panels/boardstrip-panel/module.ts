import { FieldColorModeId, FieldConfigProperty, PanelPlugin } from '@grafana/data';
import { hasLabels, suggestWhere } from '../drawing/suggestions';
import { BoardStripPanel } from './BoardStripPanel';
import { defaultOptions, type BoardStripOptions } from './options';

export const plugin = new PanelPlugin<BoardStripOptions>(BoardStripPanel)
  .useFieldConfig({ standardOptions: { [FieldConfigProperty.Color]: { defaultValue: { mode: FieldColorModeId.Thresholds } } } })
  .setMigrationHandler((panel) => ({ ...defaultOptions, ...panel.options }))
  .setPanelOptions((builder) =>
    builder
      .addRadio({ path: 'sortBy', name: 'Order', settings: { options: [{ value: 'name', label: 'Name' }, { value: 'worst', label: 'Lowest value first' }] }, defaultValue: defaultOptions.sortBy })
      .addBooleanSwitch({ path: 'showValue', name: 'Show values', description: 'Where the cells are wide enough', defaultValue: defaultOptions.showValue })
  )
  .setSuggestionsSupplier(suggestWhere('Board strip', 'hashfleet-boardstrip-panel', 'A row per miner with its boards side by side', (frames) => hasLabels(frames, 'miner', 'board') && !hasLabels(frames, 'chip')));
