import { FieldColorModeId, FieldConfigProperty, PanelPlugin } from '@grafana/data';
import { hasLabels, suggestWhere } from '../drawing/suggestions';
import { ChipMapPanel } from './ChipMapPanel';
import { defaultOptions, type ChipMapOptions } from './options';

export const plugin = new PanelPlugin<ChipMapOptions>(ChipMapPanel)
  .useFieldConfig({ standardOptions: { [FieldConfigProperty.Color]: { defaultValue: { mode: FieldColorModeId.Thresholds } } } })
  .setMigrationHandler((panel) => ({ ...defaultOptions, ...panel.options }))
  .setPanelOptions((builder) =>
    builder
      .addRadio({
        path: 'colorBy',
        name: 'Colour by',
        settings: { options: [{ value: 'value', label: 'Value' }, { value: 'deviation', label: 'Deviation' }] },
        description: 'The value by its thresholds, or how far it lies from the median of its board',
        defaultValue: defaultOptions.colorBy,
      })
      .addNumberInput({ path: 'tolerance', name: 'Tolerated deviation', description: 'As a share of the median: 0.1 is 10 %', settings: { min: 0.01, max: 1, step: 0.01 }, defaultValue: defaultOptions.tolerance, showIf: (options) => options.colorBy === 'deviation' })
      .addNumberInput({ path: 'columns', name: 'Chips per row', description: '0 chooses by the number of chips', settings: { min: 0, max: 200, integer: true }, defaultValue: defaultOptions.columns })
      .addBooleanSwitch({ path: 'serpentine', name: 'Back and forth', description: 'Every second row runs backwards, as a chain that is laid back and forth', defaultValue: defaultOptions.serpentine })
  )
  .setSuggestionsSupplier(suggestWhere('Chip map', 'hashfleet-chipmap-panel', 'Every chip of the boards as a cell', (frames) => hasLabels(frames, 'miner', 'board', 'chip')));
