import { t } from '@grafana/i18n';

/** What is wrong with the address of an API, as a sentence; undefined when it will do. */
export function urlProblem(text: string): string | undefined {
  if (!isWebAddress(text)) {
    return t('config.url-invalid', 'Enter a full address such as http://exporter:9789');
  }
  const [path] = /\/api\/v\d$/.exec(text.replace(/\/+$/, '')) ?? [];
  if (path !== undefined) {
    return t('config.url-path', 'Leave out {{path}}; the app adds it', { path, interpolation: { escapeValue: false } });
  }
  return undefined;
}

function isWebAddress(text: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}
