/** One poll round over simulated miners in the steady state: CPU of the driver, beside undici and JSON.parse alone with the same request. */
import { createFleet } from '@hashfleet/exporter/fleet/fleet';
import { openMemory } from '@hashfleet/exporter/fleet/memory';
import { parseConfig } from '@hashfleet/exporter/config/load';
import { vnishDriver } from '@hashfleet/exporter/miners/vnish/driver';
import pLimit from 'p-limit';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import { cheapest, figure, type Benchmark } from './measure.ts';
import { simulatedFleet } from './simulated.ts';

const concurrency = 64;

export const poll: Benchmark = {
  name: 'poll',
  about: 'CPU of one poll (/summary to a reading) at 60 and 1,000 simulated miners; baseline: undici request + JSON.parse',
  async run(report) {
    for (const [miners, rounds] of [[60, 20], [1000, 6]] as const) {
      const simulated = await simulatedFleet(miners);
      const config = parseConfig(`miners:\n${simulated.addresses.map((address, index) => `  - {name: m${index}, address: "${address}"}`).join('\n')}`);
      const log = pino({ level: 'silent' });
      const fleet = createFleet({
        config, log, memory: openMemory(undefined, log),
        driverFor: ({ address }) => vnishDriver({ address, password: 'admin', slowIntervalMs: 3_600_000, mismatch: () => undefined }),
      });
      const agent = new Agent({ connections: 1 });
      const limit = pLimit(concurrency);
      try {
        const plain = async (address: string) => {
          const { body } = await request(`http://${address}/api/v1/summary`, { dispatcher: agent });
          JSON.parse(await body.text());
        };
        const ours = async () => {
          const after = await Promise.all(fleet.names.map((name) => limit(async () => fleet.poll(name, { deadlineMs: 10_000 }))));
          const failed = after.find((miner) => miner.failure !== undefined);
          if (failed !== undefined) throw new Error(`${failed.config.name}: ${failed.failure?.reason ?? ''}`);
        };
        const theirs = async () => {
          await Promise.all(simulated.addresses.map((address) => limit(async () => plain(address))));
        };
        // The first round also reads identity, model and presets: enrolment, not a usual poll.
        await ours();
        await theirs();
        const [a = 0, b = 0] = await cheapest([{ name: 'ours', run: ours }, { name: 'undici', run: theirs }], rounds);
        report(figure(`poll/${miners}/cpu-per-poll`, 'ms', [a / miners, b / miners]));
      } finally {
        await fleet.close();
        await agent.destroy();
        await simulated.stop();
      }
    }
  },
};
