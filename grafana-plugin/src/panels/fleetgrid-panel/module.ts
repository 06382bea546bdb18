import { FieldColorModeId, FieldConfigProperty, PanelPlugin } from '@grafana/data';
import { FleetGridPanel } from './FleetGridPanel';
import { defaultOptions, type FleetGridOptions } from './options';

export const plugin = new PanelPlugin<FleetGridOptions>(FleetGridPanel)
  .useFieldConfig({
    standardOptions: {
      [FieldConfigProperty.Color]: { defaultValue: { mode: FieldColorModeId.Thresholds } },
    },
  })
  .setPanelOptions((builder) =>
    builder
      .addTextInput({
        path: 'groupBy',
        name: 'Group by label',
        description: 'Label whose values make the groups, such as site or rack. Empty shows one group.',
        defaultValue: defaultOptions.groupBy,
      })
      .addRadio({
        path: 'sortBy',
        name: 'Order',
        settings: { options: [{ value: 'name', label: 'Name' }, { value: 'value', label: 'Lowest value first' }] },
        defaultValue: defaultOptions.sortBy,
      })
      .addBooleanSwitch({ path: 'showName', name: 'Show names', description: 'Where the cells are large enough', defaultValue: defaultOptions.showName })
      .addBooleanSwitch({ path: 'showValue', name: 'Show values', description: 'Where the cells are large enough', defaultValue: defaultOptions.showValue })
  );
