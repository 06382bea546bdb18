import type { HostOptions } from './options.ts';

/** The app's settings as Grafana keeps them; they live as long as the process. */
export interface AppSettings {
  /** False until the app was saved once: the proxy then answers 500, as Grafana does. */
  saved: boolean;
  enabled: boolean;
  pinned: boolean;
  jsonData: Record<string, unknown>;
  secureJsonData: Record<string, string>;
}

export function initialSettings(options: Pick<HostOptions, 'apiUrl' | 'alertmanagerUrl' | 'readToken' | 'operateToken'>): AppSettings {
  const secureJsonData: Record<string, string> = {};
  if (options.readToken) {
    secureJsonData['readToken'] = options.readToken;
  }
  if (options.operateToken) {
    secureJsonData['operateToken'] = options.operateToken;
  }
  return {
    saved: options.apiUrl !== undefined,
    enabled: true,
    pinned: true,
    jsonData: {
      ...(options.apiUrl === undefined ? {} : { apiUrl: options.apiUrl }),
      ...(options.alertmanagerUrl === undefined ? {} : { alertmanagerUrl: options.alertmanagerUrl }),
    },
    secureJsonData,
  };
}

/** POST /api/plugins/<id>/settings: jsonData is replaced whole, secrets only where given. */
export function saveSettings(settings: AppSettings, body: unknown): void {
  const given = (body ?? {}) as Partial<AppSettings>;
  settings.saved = true;
  settings.enabled = given.enabled ?? settings.enabled;
  settings.pinned = given.pinned ?? settings.pinned;
  settings.jsonData = given.jsonData ?? settings.jsonData;
  Object.assign(settings.secureJsonData, given.secureJsonData ?? {});
}

export const secureJsonFields = (settings: AppSettings): Record<string, boolean> =>
  Object.fromEntries(Object.entries(settings.secureJsonData).map(([name, value]) => [name, value !== '']));
