/** `node --import typescript-loader.mjs rails-bench.ts RUNS`: one JSON line a figure; ends with an error at the first broken rail. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startSimulator } from '../../simulator/src/simulator.ts';
import { parseConfig } from '../src/config/load.ts';
import { openAuditLog } from '../src/control/audit.ts';
import { createControl } from '../src/control/jobs.ts';
import { journalFile, openJournal } from '../src/control/journal.ts';
import { createFleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { createLogger } from '../src/log.ts';
import type { Driver } from '../src/miners/driver.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { runModel } from './rails-model.ts';

const log = createLogger({ level: 'silent' });
const say = (name: string, unit: string, [value, baseline]: readonly [number, number]) => process.stdout.write(`${JSON.stringify({ name, unit, value, baseline })}\n`);
const caller = { actor: 'bench', token: 'bench' };

function controlOf(text: string, driverFor: (address: string) => Driver) {
  const config = parseConfig(text);
  const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-bench-'));
  const fleet = createFleet({ config, memory: openMemory(undefined, log), log, driverFor: ({ address }) => driverFor(address) });
  return { fleet, control: createControl({ fleet, config: config.control, audit: openAuditLog(folder), journal: openJournal(journalFile(folder)), log }) };
}

async function models(runs: number): Promise<void> {
  const sums = { commands: 0, crashes: 0 };
  for (let seed = 1; seed <= runs; seed += 1) {
    const { commands, crashes } = await runModel(seed);
    sums.commands += commands;
    sums.crashes += crashes;
  }
  say(`runs without a broken rail (${sums.commands} commands, ${sums.crashes} crashes)`, '', [runs, runs]);
}

/** From the call to the request at the miner, with audit log and journal on disk. The worst of twenty. */
async function restart(): Promise<void> {
  const simulator = await startSimulator({ miners: [{ name: 'm', model: 'l9', firmware: '1.3.4', mac: '02:51:00:00:00:01', pools: [{ url: 'pool:3333', user: 'demo', pass: 'x' }], begin: 'mining' }], speed: 0 });
  const { address } = simulator.miner('m');
  const { fleet, control } = controlOf(`miners: [{name: m, address: "${address}"}]\ncontrol: {enabled: true, cooldown_seconds: 0, daily_cap: 1000, verify_interval_seconds: 0.1}`, () => vnishDriver({ address, password: 'admin', slowIntervalMs: 0, mismatch: () => undefined }));
  const times: number[] = [];
  const arrived = () => simulator.miner('m').requests.list({ method: 'POST', path: '/mining/restart' }).length;
  for (let round = 0; round < 20; round += 1) {
    await fleet.poll('m', { deadlineMs: 5000, pace: 'fresh' });
    const before = arrived();
    const began = performance.now();
    const { job } = control.start({ action: 'restart_mining', miners: ['m'], parameters: {} }, caller, {});
    while (arrived() === before) await new Promise((resolve) => setImmediate(resolve));
    times.push(performance.now() - began);
    while (job.state === 'running') {
      simulator.clock.advance(30_000);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  times.sort((a, b) => a - b);
  say('restart on the wire, median', 'ms', [times[10] ?? Number.NaN, 50]);
  say('restart on the wire, worst of 20', 'ms', [times[19] ?? Number.NaN, 50]);
  await control.close();
  await fleet.close();
  await simulator.stop();
}

/** A thousand miners in batches of ten, on the real clock; the last batch begins after 99 pauses. */
async function stagger(): Promise<void> {
  const count = 1000;
  const pauseSeconds = 5;
  const sentAt: number[] = [];
  const lit = new Set<string>();
  const driver = (address: string): Driver => ({
    kind: 'bench', credentials: 'accepted', presets: async () => Promise.resolve([]), close: async () => Promise.resolve(),
    poll: async () => Promise.resolve({ at: Date.now(), state: 'mining', hashrate: 1, locateOn: lit.has(address), psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [] }),
    async send() {
      sentAt.push(performance.now());
      lit.add(address);
      return Promise.resolve({ sent: true });
    },
  });
  const names = Array.from({ length: count }, (_, index) => `m${index}`);
  const { fleet, control } = controlOf(`poll: {interval_seconds: 3600}\nminers: [${names.map((name, index) => `{name: ${name}, address: "10.0.${Math.floor(index / 250)}.${index % 250 + 1}"}`).join(', ')}]\ncontrol: {enabled: true, batch_size: 10, batch_pause_seconds: ${pauseSeconds}, verify_interval_seconds: 1}`, driver);
  for (const name of names) await fleet.poll(name, { deadlineMs: 5000 });
  const wish = { action: 'locate', miners: names, parameters: { on: true } } as const;
  const { job } = control.start(wish, caller, { confirmationToken: control.plan(wish, caller).confirmation?.token });
  while (job.state === 'running') await new Promise((resolve) => setTimeout(resolve, 100));
  if (sentAt.length !== count) throw new Error(`only ${sentAt.length} of ${count} commands were sent`);
  say('1000 miners, first to last command', 's', [((sentAt.at(-1) ?? 0) - (sentAt[0] ?? 0)) / 1000, (count / 10 - 1) * pauseSeconds]);
  const closest = Math.min(...sentAt.slice(10).map((at, index) => at - (sentAt[index] ?? 0)));
  say('1000 miners, shortest time for eleven commands', 's', [closest / 1000, pauseSeconds]);
  await control.close();
  await fleet.close();
}

await restart();
await stagger();
await models(Number(process.argv[2] ?? 1000));
