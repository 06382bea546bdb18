import { PanelPlugin } from '@grafana/data';
import { suggestWhere } from '../drawing/suggestions';
import { defaultOptions, migrated, type WaterfallOptions } from './options';
import { WaterfallPanel } from './WaterfallPanel';

export const plugin = new PanelPlugin<WaterfallOptions>(WaterfallPanel)
  .useFieldConfig()
  .setMigrationHandler((panel) => migrated(panel.options))
  .setPanelOptions((builder) =>
    builder
      .addTextInput({ path: 'totalName', name: 'Name of the last bar', description: 'Empty leaves it out', defaultValue: defaultOptions.totalName })
      .addTextInput({ path: 'subtract', name: 'Takes away', description: 'Names of what takes away though its value is positive, with commas between', defaultValue: defaultOptions.subtract })
  )
  .setSuggestionsSupplier(
    suggestWhere('Profit waterfall', 'hashfleet-waterfall-panel', 'What comes in, what goes, and what is left', (frames) => frames.length >= 2 && frames.length <= 12 && frames.every(({ length }) => length === 1))
  );
