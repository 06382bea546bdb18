/** Schedules beside a simulated fleet, on one clock that the test moves; what a process leaves on disk can be taken up by another. */
import path from 'node:path';
import { startSimulator, type Simulator } from '../../simulator/src/simulator.ts';
import { moneyOf } from '../src/analytics/money.ts';
import { openAuditLog } from '../src/control/audit.ts';
import { createControl, createControlHistory, reportUnfinished, type Control, type Job } from '../src/control/jobs.ts';
import { journalFile, openJournal } from '../src/control/journal.ts';
import { tariffsOf } from '../src/earnings/tariffs.ts';
import { createFleet, type Fleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { vnishDriver } from '../src/miners/vnish/driver.ts';
import { createSchedules, type Schedules } from '../src/schedules/schedules.ts';
import { openScheduleStore } from '../src/schedules/store.ts';
import { temporaryFolder } from './command.ts';
import { configOf, silent, until } from './fixtures.ts';
import { spec, whenDone } from './running.ts';

export interface Process {
  readonly fleet: Fleet;
  readonly control: Control;
  readonly schedules: Schedules;
  /** As after kill -9: nothing is saved, nothing is waited for. */
  kill(): Promise<void>;
}

export interface Bench {
  readonly simulator: Simulator;
  readonly folder: string;
  /** Sets the clock, Unix ms or ISO 8601. It runs on from there. */
  setTime(at: string): void;
  now(): number;
  start(sections: string): Promise<Process>;
  /** Moves the miners, reads them and looks at the schedules until it is so. */
  settle(running: Process, what: string, condition: () => boolean): Promise<void>;
  /** The same a few times over, for what must not happen. */
  rounds(running: Process, count: number): Promise<void>;
}

/** USD for 1 MH/s a day: an L9 of 16.8 GH/s makes some 13 USD. */
const price = { basis: 'manual_price', usdPerMegahashDay: 0.0008, feeRatio: 0 } as const;
const usual = 'enabled: true, cooldown_seconds: 0, daily_cap: 1000, verify_interval_seconds: 0.1, batch_pause_seconds: 0, circuit_start_gap_seconds: 0, circuit_starts_at_once: 4, canary_above: 1000';

export async function scheduleBench(miners: readonly { name: string; circuit: string }[], at: string): Promise<Bench> {
  const folder = temporaryFolder();
  const simulator = await startSimulator({ miners: miners.map(({ name }) => spec(name)), speed: 0 });
  whenDone(async () => simulator.stop());
  let offset = Date.parse(at) - Date.now();
  const now = () => Date.now() + offset;

  async function round({ fleet, schedules }: Process): Promise<void> {
    simulator.clock.advance(60_000);
    await Promise.all(fleet.names.map(async (name) => fleet.poll(name, { deadlineMs: 5000, pace: 'fresh' })));
    schedules.tick();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }

  return {
    simulator, folder, now,
    setTime: (text) => void (offset = Date.parse(text) - Date.now()),
    async start(sections) {
      const config = configOf(`miners: [${miners.map(({ name, circuit }) => `{name: ${name}, address: "${simulator.miner(name).address}", site: barn, circuit: ${circuit}}`).join(', ')}]\n${sections.includes('control:') ? '' : `control: {${usual}}\n`}${sections}`);
      const audit = openAuditLog(path.join(folder, 'audit'), now);
      const memory = openMemory(folder, silent);
      const journal = openJournal(journalFile(folder));
      const fleet = createFleet({ config, memory, log: silent, now, driverFor: ({ address }) => vnishDriver({ address, password: 'admin', slowIntervalMs: 0, mismatch: () => undefined, now }) });
      const control = createControl({ fleet, config: config.control, audit, journal, log: silent, now, history: createControlHistory(now, audit.sentLately) });
      const tariffs = tariffsOf(config);
      const schedules = createSchedules({
        config, fleet, control, store: openScheduleStore(folder, silent), tariffs, log: silent, folder, now,
        money: ({ reading, presets = [] }) => new Map(reading?.state !== 'mining' ? [] : presets.map(({ name, hashrate, powerWatts }) => [name, moneyOf({ hashrate, powerWatts }, price, { usdPerKilowattHour: 0.08, overheadRatio: 0 })])),
      });
      reportUnfinished(audit, silent, journal.found);
      control.resume(journal.found);
      const kill = async () => {
        await control.close();
        await schedules.close();
        await fleet.close();
        memory.close();
        audit.close();
        journal.close();
      };
      let killed: Promise<void> | undefined;
      const once = async () => (killed ??= kill());
      whenDone(once);
      await Promise.all(fleet.names.map(async (name) => fleet.poll(name, { deadlineMs: 5000, pace: 'fresh' })));
      return { fleet, control, schedules, kill: once };
    },
    async settle(running, what, condition) {
      await until(what, async () => {
        await round(running);
        return condition();
      }, 30_000);
    },
    async rounds(running, count) {
      for (let index = 0; index < count; index += 1) await round(running);
    },
  };
}

export const stateOf = ({ fleet }: Process, name: string) => fleet.get(name)?.reading?.state;
export const presetOf = ({ fleet }: Process, name: string) => fleet.get(name)?.reading?.preset?.name;
export const stopped = (running: Process) => running.fleet.names.filter((name) => stateOf(running, name) === 'stopped');
export const watts = ({ fleet }: Process) => fleet.names.reduce((sum, name) => sum + (fleet.get(name)?.reading?.powerWatts ?? 0), 0);
export const ofSchedules = ({ control }: Process): Job[] => control.jobs().filter(({ actor }) => actor.startsWith('schedule:'));
export const idle = (running: Process) => ofSchedules(running).every(({ finishedAt }) => finishedAt !== undefined);
