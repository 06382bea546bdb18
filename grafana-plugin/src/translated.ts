import { PLUGIN_ID } from './constants';

/** Resolves once the texts of this plugin are there. Loads what that takes by then, not before. */
export const translated = (): Promise<void> => import('@grafana/i18n').then(({ initPluginTranslations }) => initPluginTranslations(PLUGIN_ID)).then(() => undefined);
