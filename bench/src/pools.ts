/** One reading of a pool with 60 and 5,000 workers, from the request to ledger, allotment and comparison, beside the requests and JSON.parse alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseConfig } from '@hashfleet/exporter/config/load';
import { openEarnings } from '@hashfleet/exporter/earnings/earnings';
import { createPools } from '@hashfleet/exporter/fleet/pools';
import { adapters } from '@hashfleet/exporter/pools/adapters';
import { createMine } from '@hashfleet/simulator/pool/mine';
import { servePools } from '@hashfleet/simulator/pool/served';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import { cheapest, figure, type Benchmark } from './measure.ts';

const intervalMs = 600_000;
/** A window of work to allot by. */
const readingsBefore = 144;

export const pools: Benchmark = {
  name: 'pools',
  about: 'CPU of one reading of a pool with 60 and 5,000 workers, booked and allotted; baseline: the same requests and JSON.parse; memory of its day of work; baseline: 8 bytes a number',
  async run(report) {
    for (const [workers, rounds] of [[60, 20], [5000, 8]] as const) {
      const mine = createMine({ miners: workers, pools: { prohashing: { poolHashrate: 1e15 } }, stepMs: intervalMs });
      const served = await servePools(mine);
      const [pool] = served.pools;
      const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-bench-'));
      const log = pino({ level: 'silent' });
      const now = () => mine.now();
      const url = pool?.url ?? '';
      const key = mine.pool('prohashing').identity.apiKey;
      const config = parseConfig(`sites: [{name: barn}]\nminers:\n${mine.workers().map(({ name }, index) => `  - {name: ${name}, address: "10.0.${index >> 8}.${index & 255}", site: barn}`).join('\n')}\nprices: {coins: {BTC: 95000, LTC: 95, DOGE: 0.12}}\npools: [{name: ph, type: prohashing, base_url: "${url}", allow_plain_http: true, api_key_env: K, mode: pplns, interval_seconds: 600}]`);
      const earnings = openEarnings({ dataFolder: folder, log, now });
      earnings.follow(config);
      const read = createPools({
        log, now, onReading: (one, reading) => earnings.onReading(one, reading),
        pools: config.pools.map((one) => ({ config: one, adapter: adapters[one.type]({ name: one.name, baseUrl: one.base_url, apiKey: key, intervalMs, mismatch: () => undefined, now }) })),
      });
      const agent = new Agent({ connections: 1 });
      const plain = async (where: string) => {
        const { body } = await request(`${url}${where}`, { dispatcher: agent });
        JSON.parse(await body.text());
      };
      try {
        const heap = () => {
          (globalThis as { gc?: () => void }).gc?.();
          const { heapUsed, arrayBuffers } = process.memoryUsage();
          return (heapUsed + arrayBuffers) / 1e6;
        };
        mine.advance(intervalMs);
        await read.read('ph');
        const before = heap();
        for (let index = 0; index < readingsBefore; index += 1) {
          mine.advance(intervalMs);
          await read.read('ph');
        }
        const grown = heap() - before;
        const [failed] = read.all().filter(({ failure }) => failure !== undefined);
        if (failed !== undefined) throw new Error(`the pool could not be read: ${failed.failure?.detail ?? ''}`);
        const [ours = 0, theirs = 0] = await cheapest([
          { name: 'ours', run: async () => {
            mine.advance(intervalMs);
            await read.read('ph');
          } },
          { name: 'plain', run: async () => {
            mine.advance(intervalMs);
            await plain('/api/v1/status');
            await plain(`/api/v1/walletEx?apiKey=${key}`);
          } },
        ], rounds);
        report(figure(`pools/${workers}/cpu-per-reading`, 'ms', [ours, theirs]));
        // Buckets of five minutes. The simulated account grows too: it keeps its own day.
        report(figure(`pools/${workers}/memory-of-a-day`, 'MB', [grown, (workers * 288 * 8) / 1e6]));
      } finally {
        await read.close();
        await agent.destroy();
        earnings.close();
        await served.close();
        rmSync(folder, { recursive: true, force: true });
      }
    }
  },
};
