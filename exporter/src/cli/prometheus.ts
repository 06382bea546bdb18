/** Asks a Prometheus server what it has already. */
import { HashfleetError, messageOf } from '../errors.ts';
import type { HistoryWindow } from '../miners/history.ts';

const deadlineMs = 30_000;

export interface Prometheus {
  /** Unix ms of those steps of the window in which it has data of the miner's hashrate. @throws HashfleetError */
  covered(miner: string, window: HistoryWindow): Promise<ReadonlySet<number>>;
  /** Where it keeps its data, as it was started; undefined when it does not say. @throws HashfleetError */
  dataFolder(): Promise<string | undefined>;
}

/** @throws HashfleetError payload_invalid for what is no http or https address. */
export function prometheusAt(url: string): Prometheus {
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
      throw new HashfleetError('internal', `Prometheus at ${base.href} does not answer as one: ${messageOf(cause)}. Check --prometheus, or leave it out.`, { cause });
    }
    if (!isRecord(body) || body['status'] !== 'success') throw new HashfleetError('internal', `Prometheus at ${base.href} refuses ${path}: ${isRecord(body) ? String(body['error']) : 'no reason given'}.`);
    return body['data'];
  }

  return {
    async covered(miner, { from, to, stepSeconds }) {
      const step = stepSeconds * 1000;
      const data = await ask('query_range', {
        query: `count_over_time(miner_hashrate_hashes_per_second{miner="${miner}"}[${stepSeconds}s])`,
        start: String((Math.ceil(from / step) * step) / 1000), end: String(to / 1000), step: String(stepSeconds),
      });
      const result = isRecord(data) && Array.isArray(data['result']) ? data['result'] as unknown[] : [];
      const times = result.flatMap((series) => (isRecord(series) && Array.isArray(series['values']) ? series['values'] as unknown[] : []));
      return new Set(times.flatMap((sample) => (Array.isArray(sample) ? [Math.round(Number(sample[0]) * 1000)] : [])));
    },
    async dataFolder() {
      const flags = await ask('status/flags');
      const folder = isRecord(flags) ? flags['storage.tsdb.path'] : undefined;
      return typeof folder === 'string' ? folder : undefined;
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
