import * as data from '@grafana/data';

const { FieldConfigProperty: Property } = data;
const isNumber = (field: data.Field): boolean => field.type === data.FieldType.number;
const item = (id: data.FieldConfigProperty, process: unknown, extra: object = {}) =>
  ({ id, path: id, name: id, editor: () => null, override: () => null, process, shouldApply: () => true, ...extra });

/** Without these items applyFieldOverrides() silently drops units, limits, colours and thresholds. */
const standardFieldConfigs = () => [
  item(Property.Unit, data.unitOverrideProcessor, { shouldApply: isNumber }),
  item(Property.Min, data.numberOverrideProcessor, { shouldApply: isNumber }),
  item(Property.Max, data.numberOverrideProcessor, { shouldApply: isNumber }),
  item(Property.FieldMinMax, data.booleanOverrideProcessor, { shouldApply: isNumber }),
  item(Property.Decimals, data.numberOverrideProcessor, { shouldApply: isNumber }),
  item(Property.DisplayName, data.displayNameOverrideProcessor),
  item(Property.Color, data.identityOverrideProcessor, { defaultValue: { mode: data.FieldColorModeId.Thresholds } }),
  item(Property.NoValue, data.stringOverrideProcessor),
  item(Property.Links, data.dataLinksOverrideProcessor),
  item(Property.Mappings, data.valueMappingsOverrideProcessor, { defaultValue: [] }),
  item(Property.Thresholds, data.thresholdsOverrideProcessor, {
    shouldApply: isNumber,
    defaultValue: { mode: data.ThresholdsMode.Absolute, steps: [{ value: -Infinity, color: 'green' }, { value: 80, color: 'red' }] },
  }),
  item(Property.Filterable, data.booleanOverrideProcessor),
];

/** Ids of the editors that panels ask for when they declare options; this page has no panel editor to show them. */
const editorIds = [
  'boolean', 'color', 'dashboard-uid', 'field-name', 'multi-select', 'number', 'radio', 'select', 'slider', 'strings', 'text', 'timezone', 'unit',
  'stats-picker', 'links', 'mappings', 'thresholds', 'field-color', 'fieldColor', 'actions',
];

export function fillRegistries(): void {
  data.standardEditorsRegistry.setInit(() => editorIds.map((id) => ({ id, name: id, editor: () => null })) as never);
  data.standardFieldConfigEditorRegistry.setInit(() => standardFieldConfigs() as never);
  // Some transformers are listed under two names.
  const transformers = [...new Map(Object.values(data.standardTransformers).map((info) => [info.id, info])).values()];
  data.standardTransformersRegistry.setInit(
    () =>
      transformers.map((info) => ({
        id: info.id, name: info.name, transformation: () => Promise.resolve(info), editor: () => null, imageDark: '', imageLight: '',
      })) as never
  );
}
