/** Asks a Prometheus server over its HTTP API (prometheus.io/docs/prometheus/latest/querying/api). */
import { HashfleetError, messageOf } from '../errors.ts';

const deadlineMs = 30_000;

export interface PrometheusClient {
  /** Its address without user name and password. */
  readonly address: string;
  /** The `data` of a reply. @throws HashfleetError prometheus_unreachable */
  readonly ask: (path: string, parameters?: Readonly<Record<string, string>>) => Promise<unknown>;
}

/** `remedy` ends the error of a server that does not answer. @throws HashfleetError payload_invalid for what is no http or https address. */
export function askPrometheus(url: string, remedy: string): PrometheusClient {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw new HashfleetError('payload_invalid', `--prometheus: "${url}" is not an address; give for example http://127.0.0.1:9090.`);
  const base = new URL(url);
  // fetch refuses addresses with a login in them; the header does the same.
  const login = base.username === '' ? {} : { authorization: `Basic ${Buffer.from(`${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`).toString('base64')}` };
  base.username = '';
  base.password = '';

  async function ask(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const where = new URL(`${base.pathname.replace(/\/$/, '')}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`, base);
    let body: unknown;
    try {
      const reply = await fetch(where, { headers: login, signal: AbortSignal.timeout(deadlineMs) });
      body = await reply.json();
    } catch (cause) {
      throw new HashfleetError('prometheus_unreachable', `Prometheus at ${base.href} does not answer as one: ${reasonOf(cause)}. ${remedy}`, { cause });
    }
    if (!isRecord(body) || body['status'] !== 'success') throw new HashfleetError('prometheus_unreachable', `Prometheus at ${base.href} refuses ${path}: ${isRecord(body) ? String(body['error']) : 'no reason given'}.`);
    return body['data'];
  }

  return { address: base.href, ask };
}

/** fetch itself only says that it failed. */
function reasonOf(thrown: unknown): string {
  return thrown instanceof Error && thrown.cause instanceof Error && thrown.cause.message !== '' ? `${thrown.message} (${thrown.cause.message})` : messageOf(thrown);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
