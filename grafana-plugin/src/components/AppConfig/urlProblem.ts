import { t } from '@grafana/i18n';

/** What is wrong with an API URL, as a sentence; undefined when it will do. */
export function urlProblem(text: string): string | undefined {
  if (!isWebAddress(text)) {
    return t('config.url-invalid', 'Enter a full address such as http://exporter:9789');
  }
  if (/\/api\/v1\/?$/.test(text)) {
    return t('config.url-path', 'Leave out /api/v1; the app adds it');
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
