/**
 * What the power of each miner has cost, integrated at the price of its time. Kept like the counters of energy (fleet/counters.ts),
 * with the energy that is priced already: energy that was counted but not priced when a process died is priced after it.
 */
import { meanPrice, type TimeTariff } from '../analytics/tariff.ts';
import { openCounters, type Counters } from '../fleet/counters.ts';
import type { Miner } from '../fleet/fleet.ts';
import type { Logger } from '../log.ts';

const joulesPerKilowattHour = 3.6e6;
/** Longer ago than this says nothing about when the energy was used; then it is priced at the present. */
const longestSpanMs = 3_600_000;

export interface Costs {
  /** USD since it is counted; undefined when no price is known and none was. */
  of(miner: string): number | undefined;
  /** To be told of each change of a miner before it is shown. */
  note(miner: Miner): void;
  flush(): void;
  close(): void;
}

export function openCosts({ file, tariffOf, log, now = Date.now }: { file?: string; tariffOf: (miner: Miner['config']) => TimeTariff | undefined; log: Logger; now?: () => number }): Costs {
  const counters: Counters | undefined = file === undefined ? undefined : openCounters(file, log);
  // The two numbers of a line are here USD and the joules that they are for.
  const sums = new Map([...counters?.kept ?? []].map(([miner, { hashes, joules }]) => [miner, { usd: hashes, joules, at: undefined as number | undefined, priced: hashes > 0 }]));
  return {
    of(miner) {
      const sum = sums.get(miner);
      return sum?.priced === true ? sum.usd : undefined;
    },
    note(miner) {
      const { name } = miner.config;
      const tariff = tariffOf(miner.config);
      const at = miner.reading?.at ?? now();
      const sum = sums.get(name);
      if (sum === undefined) {
        // What was used before anybody asked for its cost has none.
        sums.set(name, { usd: 0, joules: miner.joules, at, priced: tariff !== undefined });
        counters?.write(name, { hashes: 0, joules: miner.joules });
        return;
      }
      const joules = miner.joules - sum.joules;
      const from = sum.at === undefined || at - sum.at > longestSpanMs ? at : sum.at;
      sum.at = at;
      sum.priced ||= tariff !== undefined;
      if (joules === 0) return;
      sum.joules = miner.joules;
      if (joules > 0 && tariff !== undefined) sum.usd += (joules / joulesPerKilowattHour) * tariff.meterRatio * (1 + tariff.overheadRatio) * meanPrice(tariff, from, at);
      counters?.write(name, { hashes: sum.usd, joules: sum.joules });
    },
    flush: () => counters?.flush(),
    close() {
      counters?.flush();
      counters?.close();
    },
  };
}
