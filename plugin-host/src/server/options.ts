import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

export interface HostOptions {
  port: number;
  /** The built plugin: a folder with plugin.json and module.js. */
  dist: string;
  prometheusUrl: string;
  /** Base URL of the exporter's API; without it the app counts as never configured. */
  apiUrl?: string;
  /** Base URL of Alertmanager, which the app reads alerts from and sets silences at. */
  alertmanagerUrl?: string;
  readToken?: string;
  operateToken?: string;
  /** A folder of dashboard JSON files, shown under /d/<uid>. */
  dashboards?: string;
  /** Grafana's `[dataproxy] send_user_header`. X-Grafana-Context is sent either way. */
  sendUserHeader: boolean;
}

export const usage = `Usage: node dist/server.mjs [flags]

  --port N                   port on 127.0.0.1 (PLUGIN_HOST_PORT, 3300)
  --dist DIR                 built plugin (PLUGIN_HOST_DIST, ../grafana-plugin/dist)
  --prometheus URL           Prometheus (PLUGIN_HOST_PROMETHEUS, http://127.0.0.1:9090)
  --api URL                  exporter API without /api/v1 (PLUGIN_HOST_API; without it the app is not configured)
  --alertmanager URL         Alertmanager without /api/v2 (PLUGIN_HOST_ALERTMANAGER)
  --read-token-file FILE     token with scope read (or HASHFLEET_READ_TOKEN)
  --operate-token-file FILE  token with scope operate (or HASHFLEET_OPERATE_TOKEN)
  --dashboards DIR           dashboards to draw under /d/<uid> (PLUGIN_HOST_DASHBOARDS)
  --no-user-header           as Grafana without send_user_header: only X-Grafana-Context names the user
  --help`;

type Environment = Readonly<Record<string, string | undefined>>;

/** Flags win over the environment. Throws with a sentence for the operator when something is wrong. */
export function readOptions(args: string[], environment: Environment, packageRoot: string): HostOptions | 'help' {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string' },
      dist: { type: 'string' },
      prometheus: { type: 'string' },
      api: { type: 'string' },
      alertmanager: { type: 'string' },
      'read-token-file': { type: 'string' },
      'operate-token-file': { type: 'string' },
      dashboards: { type: 'string' },
      'no-user-header': { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    return 'help';
  }
  const port = Number(values.port ?? environment['PLUGIN_HOST_PORT'] ?? 3300);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new Error(`--port must be a whole number from 0 to 65535`);
  }
  const options: HostOptions = {
    port,
    dist: path.resolve(values.dist ?? environment['PLUGIN_HOST_DIST'] ?? path.join(packageRoot, '../grafana-plugin/dist')),
    prometheusUrl: httpUrl('--prometheus', values.prometheus ?? environment['PLUGIN_HOST_PROMETHEUS'] ?? 'http://127.0.0.1:9090'),
    sendUserHeader: !values['no-user-header'],
  };
  const api = values.api ?? environment['PLUGIN_HOST_API'];
  if (api) {
    options.apiUrl = httpUrl('--api', api);
  }
  const alertmanager = values.alertmanager ?? environment['PLUGIN_HOST_ALERTMANAGER'];
  if (alertmanager) {
    options.alertmanagerUrl = httpUrl('--alertmanager', alertmanager);
  }
  const dashboards = values.dashboards ?? environment['PLUGIN_HOST_DASHBOARDS'];
  if (dashboards) {
    options.dashboards = path.resolve(dashboards);
  }
  const readToken = secret('--read-token-file', values['read-token-file'], environment['HASHFLEET_READ_TOKEN']);
  if (readToken) {
    options.readToken = readToken;
  }
  const operateToken = secret('--operate-token-file', values['operate-token-file'], environment['HASHFLEET_OPERATE_TOKEN']);
  if (operateToken) {
    options.operateToken = operateToken;
  }
  return options;
}

function httpUrl(flag: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new Error(`${flag} must be an http or https URL`);
  }
  return text.replace(/\/+$/, '');
}

function secret(flag: string, file: string | undefined, fromEnvironment: string | undefined): string | undefined {
  if (!file) {
    return fromEnvironment?.trim() || undefined;
  }
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new Error(`${flag}: ${file} cannot be read`, { cause });
  }
  if (!text) {
    throw new Error(`${flag}: ${file} is empty`);
  }
  return text;
}
