/** Asks a Prometheus server what it has already. */
import { askPrometheus, isRecord } from '../earnings/prometheus.ts';
import type { HistoryWindow } from '../miners/history.ts';

export interface Prometheus {
  /** Unix ms of those steps of the window in which it has data of the miner's hashrate. @throws HashfleetError */
  covered(miner: string, window: HistoryWindow): Promise<ReadonlySet<number>>;
  /** Where it keeps its data, as it was started; undefined when it does not say. @throws HashfleetError */
  dataFolder(): Promise<string | undefined>;
}

/** @throws HashfleetError payload_invalid for what is no http or https address. */
export function prometheusAt(url: string): Prometheus {
  const { ask } = askPrometheus(url, 'Check --prometheus, or leave it out.');
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
