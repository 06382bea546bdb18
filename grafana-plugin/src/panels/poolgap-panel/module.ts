import { PanelPlugin } from '@grafana/data';
import { hasLabels, suggestWhere } from '../drawing/suggestions';
import { defaultOptions, type PoolGapOptions } from './options';
import { PoolGapPanel } from './PoolGapPanel';

export const plugin = new PanelPlugin<PoolGapOptions>(PoolGapPanel)
  .useFieldConfig()
  .setMigrationHandler((panel) => ({ ...defaultOptions, ...panel.options }))
  .setPanelOptions((builder) =>
    builder.addNumberInput({ path: 'tolerance', name: 'Tolerated share', description: 'As a share of the work: 0.01 is 1 %', settings: { min: 0.001, max: 0.5, step: 0.005 }, defaultValue: defaultOptions.tolerance })
  )
  .setSuggestionsSupplier(suggestWhere('Pool gap', 'hashfleet-poolgap-panel', 'Work that the pool does not credit, with what luck leaves possible', (frames) => hasLabels(frames, 'miner', 'pool')));
