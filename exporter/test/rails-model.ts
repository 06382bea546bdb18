/**
 * Random jobs on a fleet that isn't there, under a clock of its own: the exporter dies at any step, the network is cut, miners lie.
 * What must hold all the same is checked at every command that reaches a miner, and once more when all is over.
 */
import { createHash } from 'node:crypto';
import type { AuditEntry, AuditLog, AuditRecord } from '../src/control/audit.ts';
import { actions, type ActionName } from '../src/control/actions.ts';
import { createControl, createControlHistory, reportUnfinished, type Control } from '../src/control/jobs.ts';
import { memoryLines, openJournal, type LineStore } from '../src/control/journal.ts';
import { floorOf, windowAt } from '../src/control/rails.ts';
import type { Config } from '../src/config/load.ts';
import { HashfleetError } from '../src/errors.ts';
import { createFleet, type Fleet } from '../src/fleet/fleet.ts';
import { openMemory } from '../src/fleet/memory.ts';
import { PollFailure, type Command, type Driver } from '../src/miners/driver.ts';
import type { MinerState, Preset, Reading } from '../src/miners/reading.ts';
import { configOf, silent } from './fixtures.ts';
import { seeded } from './seeded.ts';

/** What a miner does with a command. */
const tempers = ['good', 'good', 'good', 'good', 'good', 'lost_reply', 'hangs', 'login_breaks', 'refuses', 'never_returns', 'fails', 'ignores'] as const;
type Temper = (typeof tempers)[number];

interface Machine {
  readonly name: string;
  readonly temper: Temper;
  state: MinerState;
  since: number;
  /** Ms at which it mines again. */
  back?: number;
  restarts: number;
  bootAt: number;
  preset: string;
  light: boolean;
  throttle: number;
  readonly received: { at: number; action: ActionName }[];
}

export interface ModelReport {
  readonly seed: number;
  readonly jobs: number;
  readonly commands: number;
  readonly crashes: number;
  readonly rollBacks: number;
  /** By the state of the targets in the end. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** What the machines of the model understand. */
const orderable = ['restart_mining', 'reboot', 'pause', 'resume', 'preset', 'preset', 'preset', 'locate', 'start', 'stop', 'throttle'] as const satisfies readonly ActionName[];

class Crash extends Error {}

const presets: readonly Preset[] = ['2850', '3360'].map((name) => ({ name, label: name, tuned: true, needsModifiedPsu: false, powerWatts: Number(name), hashrate: Number(name) * 5e6 }));
const begin = Date.UTC(2026, 10, 23, 6);
const minuteMs = 60_000;
const person = { actor: 'anna', token: 'operate' };

/** Timers that only the model moves. */
function virtualClock() {
  let now = begin;
  let timers: { at: number; resolve: () => void }[] = [];
  return {
    now: () => now,
    async sleep(ms: number, signal?: AbortSignal): Promise<void> {
      if (signal?.aborted === true) return;
      await new Promise<void>((resolve) => {
        timers.push({ at: now + Math.max(0, ms), resolve });
        signal?.addEventListener('abort', () => resolve(), { once: true });
      });
    },
    /** Lets everything happen that is due until then. */
    async runTo(end: number): Promise<void> {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        const next = timers.reduce((least, { at }) => Math.min(least, at), Infinity);
        if (next > end) break;
        now = Math.max(now, next);
        const due = timers.filter(({ at }) => at <= now);
        timers = timers.filter(({ at }) => at > now);
        for (const { resolve } of due) resolve();
      }
      now = end;
    },
  };
}

/** @throws Error naming the seed and what does not hold. */
export async function runModel(seed: number): Promise<ModelReport> {
  const random = seeded(seed);
  const chance = (ratio: number) => random() < ratio;
  const among = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const clock = virtualClock();
  const config = randomConfig();
  const limits = config.control;
  const machines = new Map(config.miners.map(({ name }): [string, Machine] => [name, {
    name, temper: among(tempers), state: chance(0.85) ? 'mining' : 'stopped', since: begin - 7_200_000, restarts: 3, bootAt: begin - 90_000_000, preset: among(['2850', '3360']), light: false, throttle: 100, received: [],
  }]));
  const cuts = Array.from({ length: upTo(2) }, () => ({ from: begin + upTo(40) * minuteMs, until: 0, names: new Set([...machines.keys()].filter(() => chance(0.5))) })).map((cut) => ({ ...cut, until: cut.from + upTo(5) * minuteMs }));
  const lines: string[] = [];
  const entries: AuditEntry[] = [];
  let crashes = 0;
  let process: Process;

  function broken(what: string): Error {
    return new Error(`seed ${seed}, ${new Date(clock.now()).toISOString()}: ${what}\ncontrol: ${JSON.stringify(limits)}\naudit:\n${entries.map((entry) => `${entry.at} ${entry.event} ${entry.action ?? ''} ${entry.job ?? ''} ${entry.miner ?? ''} ${entry.outcome ?? ''} ${entry.detail ?? ''}`).join('\n')}`);
  }

  let violation: Error | undefined;
  function check(holds: boolean, what: string): void {
    if (!holds) violation ??= broken(what);
  }

  // ---- the fleet's truth

  function advance(machine: Machine): void {
    if (machine.back === undefined || machine.back > clock.now()) return;
    machine.state = machine.temper === 'fails' ? 'failure' : machine.temper === 'never_returns' ? 'initializing' : 'mining';
    machine.since = machine.back;
    delete machine.back;
  }

  function obey(machine: Machine, command: Command): void {
    const at = clock.now();
    machine.received.push({ at, action: command.action });
    if (machine.temper === 'ignores') return;
    const leave = (state: MinerState, seconds: number) => Object.assign(machine, { state, since: at, back: at + seconds * 1000 });
    if (command.action === 'locate') machine.light = command.on;
    if (command.action === 'preset') machine.preset = command.preset;
    if (command.action === 'preset' && machine.state !== 'stopped') leave('initializing', 20);
    if (command.action === 'throttle') machine.throttle = command.percent;
    if (command.action === 'pause' || command.action === 'stop') {
      Object.assign(machine, { state: 'stopped', since: at });
      delete machine.back;
    }
    if (command.action === 'resume' || command.action === 'start' || command.action === 'restart_mining') leave('initializing', 100);
    if (command.action === 'restart_mining') machine.restarts += 1;
    if (command.action === 'reboot') {
      machine.bootAt = at;
      leave('initializing', 120);
    }
  }

  const isMining = (machine: Machine) => {
    advance(machine);
    return machine.state === 'mining';
  };

  /** The rails, as the miners and the audit log see them. */
  function examine(machine: Machine, action: ActionName): void {
    const at = clock.now();
    const { config: entry } = process.fleet.get(machine.name)!;
    const disruptive = actions[action].disruptive;
    const own = entries.filter(({ miner, event, outcome }) => miner === machine.name && (event === 'sent' || (event === 'roll_back' && outcome === undefined)));
    check(own.length > machine.received.length, `${machine.name} gets "${action}" that is not in the audit log`);
    const rollBack = own.at(-1)?.event === 'roll_back';
    check(limits.allow_miners?.includes(machine.name) ?? true, `${machine.name} is not on the allow-list`);
    const open = [...openCommands().values()];
    check(open.length <= limits.max_in_flight, `${open.length} miners at once, ${limits.max_in_flight} are allowed`);
    if (rollBack) return;
    const earlier = entries.filter(({ miner, event, sequence }) => miner === machine.name && event === 'sent' && sequence !== own.at(-1)?.sequence);
    if (disruptive) {
      const job = process.control.job(own.at(-1)?.job ?? '');
      check(job?.override !== undefined || windowAt(limits.windows, at).open, `${machine.name} is disturbed outside the windows`);
      const before = earlier.filter((one) => actions[one.action!].disruptive && !neverWent(one));
      check(before.every((one) => Date.parse(one.at) + limits.cooldown_seconds * 1000 <= at), `${machine.name} is disturbed within the cooldown`);
      check(before.filter((one) => Date.parse(one.at) > at - 86_400_000).length < limits.daily_cap, `${machine.name} is disturbed more than ${limits.daily_cap} times a day`);
      if (isMining(machine)) {
        const others = [...machines.values()].filter((one) => one !== machine);
        const floor = floorOf(machines.size, { count: limits.min_mining_fleet, ratio: limits.min_mining_fleet_ratio });
        check(others.filter(isMining).length >= floor, `fewer than ${floor} miners stay mining`);
        const here = config.miners.filter(({ site }) => site === entry.site);
        const floorHere = floorOf(here.length, { count: limits.min_mining_site, ratio: limits.min_mining_site_ratio });
        check(others.filter((one) => here.some(({ name }) => name === one.name) && isMining(one)).length >= floorHere, `fewer than ${floorHere} miners of ${entry.site} stay mining`);
      }
    }
    const starts = new Set<ActionName>(['restart_mining', 'reboot', 'resume', 'start', 'preset']);
    if (starts.has(action) && entry.circuit !== undefined) {
      const same = open.filter(({ miner, action: other }) => starts.has(other!) && miner !== machine.name && config.miners.some(({ name, site, circuit }) => name === miner && site === entry.site && circuit === entry.circuit));
      check(same.length < limits.circuit_starts_at_once, `${same.length + 1} miners start at once on circuit ${entry.circuit}`);
    }
    const ofJob = entries.filter(({ job, event }) => job === own.at(-1)?.job && event === 'sent');
    const recent = ofJob.filter((one) => Date.parse(one.at) > at - limits.batch_pause_seconds * 1000);
    check(limits.batch_pause_seconds === 0 || recent.length <= limits.batch_size, `${recent.length} miners within ${limits.batch_pause_seconds} s, ${limits.batch_size} are allowed`);
    checkCanary(own.at(-1)!);
  }

  function checkCanary(sent: AuditEntry): void {
    const started = entries.find(({ job, event }) => job === sent.job && event === 'started');
    if (!['preset', 'reboot'].includes(sent.action!) || (started?.detail ?? '').split(', ').length <= limits.canary_above) return;
    const before = entries.filter(({ job, sequence }) => job === sent.job && sequence < sent.sequence);
    const ofModel = (entry: AuditEntry) => modelOf(entry.miner ?? '') === modelOf(sent.miner!);
    if (!before.some((entry) => entry.event === 'sent' && ofModel(entry) && !neverWent(entry))) return;
    check(before.some((entry) => entry.event === 'outcome' && entry.outcome === 'verified' && ofModel(entry)), `${sent.miner} follows before its canary is verified`);
  }

  const modelOf = (name: string) => (Number(name.slice(1)) % 3 === 0 ? 'Antminer L7' : 'Antminer L9');
  const neverWent = (sent: AuditEntry) => entries.some(({ job, miner, event, detail }) => job === sent.job && miner === sent.miner && event === 'outcome' && detail?.startsWith('not sent') === true);

  /** Sent and without outcome. */
  function openCommands(): Map<string, AuditEntry> {
    const open = new Map<string, AuditEntry>();
    for (const entry of entries) {
      if (entry.event === 'sent') open.set(`${entry.job} ${entry.miner}`, entry);
      if (entry.event === 'outcome') open.delete(`${entry.job} ${entry.miner}`);
    }
    return open;
  }

  // ---- one life of the exporter

  interface Process { dead: boolean; fleet: Fleet; control: Control }

  function startProcess(mayCrash: boolean): Process {
    const life = { dead: false } as Process;
    let stepsLeft = mayCrash && chance(0.75) ? 1 + upTo(60) : Infinity;
    const alive = () => {
      if (life.dead) throw new Crash('dead');
    };
    /** A place where the process may die. */
    const step = () => {
      alive();
      stepsLeft -= 1;
      if (stepsLeft > 0) return;
      life.dead = true;
      throw new Crash('killed');
    };
    const found = memoryLines(lines);
    const store: LineStore = {
      ...found,
      append(line) {
        alive();
        try {
          step();
        } catch (thrown) {
          // The last thing that a process does may be half a line.
          if (chance(0.3)) found.append(line.slice(0, upTo(line.length - 1)));
          throw thrown;
        }
        found.append(line);
        step();
      },
      replace(next) {
        alive();
        found.replace(next);
      },
    };
    const audit: AuditLog = {
      append(record: AuditRecord) {
        step();
        const entry: AuditEntry = { sequence: entries.length + 1, at: new Date(clock.now()).toISOString(), ...record, hash: '' };
        entries.push(entry);
        step();
        return entry;
      },
      get sequence() {
        return entries.length;
      },
      latest: () => [],
      unfinished: [...openCommands().values()],
      sentLately: entries.filter(({ event, at }) => event === 'sent' && Date.parse(at) > clock.now() - 86_400_000),
      ofJobs: (ids) => entries.filter(({ job }) => job !== undefined && ids.has(job)),
      close: () => undefined,
    };
    life.fleet = createFleet({ config, memory: openMemory(undefined, silent), log: silent, now: clock.now, driverFor: ({ name }) => driverOf(machines.get(name)!, alive, step) });
    const journal = openJournal(store);
    const history = createControlHistory(clock.now, audit.sentLately);
    try {
      reportUnfinished(audit, silent, journal.found);
      life.control = createControl({ fleet: life.fleet, config: limits, audit, journal, history, log: silent, now: clock.now, sleep: async (ms, signal) => clock.sleep(ms, signal) });
      life.control.resume(journal.found);
    } catch (thrown) {
      if (!(thrown instanceof Crash)) throw thrown;
      life.dead = true;
    }
    void poll(life);
    return life;
  }

  async function poll(life: Process): Promise<void> {
    while (!life.dead) {
      await Promise.all(life.fleet.names.map(async (name) => life.fleet.poll(name, { deadlineMs: 5000 })));
      await clock.sleep(30_000);
    }
  }

  function driverOf(machine: Machine, alive: () => void, step: () => void): Driver {
    const reach = () => {
      alive();
      if (cuts.some(({ from, until, names }) => names.has(machine.name) && clock.now() >= from && clock.now() < until)) throw new PollFailure('connect', 'the network is cut');
    };
    return {
      kind: 'model', credentials: 'accepted', presets: async () => Promise.resolve(presets), close: async () => Promise.resolve(),
      async poll() {
        await Promise.resolve();
        reach();
        advance(machine);
        return readingOf(machine);
      },
      async send(command) {
        await Promise.resolve();
        step();
        reach();
        if (machine.temper === 'login_breaks') throw new PollFailure('reset', 'the connection broke off during the login', { sent: false });
        // Judged when it arrives: that the miner takes its time over it is its own affair.
        examine(machine, command.action);
        if (machine.temper === 'hangs') await clock.sleep(10_000);
        alive();
        if (machine.temper === 'refuses') {
          machine.received.push({ at: clock.now(), action: command.action });
          throw new PollFailure('http_5xx', 'answered 500');
        }
        obey(machine, command);
        step();
        if (machine.temper === 'lost_reply' || machine.temper === 'hangs') throw new PollFailure(machine.temper === 'hangs' ? 'timeout' : 'reset', 'no answer');
        return { sent: true };
      },
    };
  }

  function readingOf(machine: Machine): Reading {
    const at = clock.now();
    const preset = presets.find(({ name }) => name === machine.preset)!;
    return {
      at, state: machine.state, stateSeconds: (at - machine.since) / 1000, restarts: machine.restarts, uptimeSeconds: (at - machine.bootAt) / 1000, locateOn: machine.light, throttleRatio: machine.throttle / 100,
      identity: { model: modelOf(machine.name) }, preset: { name: preset.name, ...(preset.powerWatts === undefined ? {} : { powerWatts: preset.powerWatts }), ...(preset.hashrate === undefined ? {} : { hashrate: preset.hashrate }) }, presets,
      ...(machine.state === 'mining' ? { hashrate: preset.hashrate!, powerWatts: preset.powerWatts! } : { hashrate: 0, powerWatts: 20 }),
      psuTemperatures: {}, pcb: {}, chip: {}, fans: [], pools: [], boards: [],
    };
  }

  function randomConfig(): Config {
    const count = 1 + upTo(11);
    const names = Array.from({ length: count }, (_, index) => `m${index}`);
    const miners = names.map((name, index) => `{name: ${name}, address: "10.0.0.${index + 1}", site: ${index % 2 === 0 ? 'barn' : 'garage'}${chance(0.5) ? `, circuit: "c${index % 3}"` : ''}}`);
    const maybe = (text: string, ratio = 0.4) => (chance(ratio) ? [text] : []);
    const control = [
      'enabled: true', 'verify_interval_seconds: 30', `batch_size: ${1 + upTo(3)}`, `batch_pause_seconds: ${among([0, 5, 30])}`, `cooldown_seconds: ${among([0, 60, 600])}`,
      ...maybe(`max_in_flight: ${1 + upTo(4)}`), ...maybe(`min_mining_fleet: ${upTo(count)}`), ...maybe(`min_mining_site_ratio: ${among([0.25, 0.5, 0.9])}`), ...maybe(`daily_cap: ${1 + upTo(2)}`),
      ...maybe(`canary_above: ${1 + upTo(3)}`), ...maybe(`stop_after_failures: ${1 + upTo(3)}`), ...maybe(`roll_back: false`, 0.2), ...maybe(`resume_within_seconds: ${among([0, 30, 3600])}`, 0.3),
      ...maybe('windows: [{from: "05:00", to: "06:20"}, {days: [mon], from: "06:40", to: "09:00"}]', 0.25), ...maybe(`allow_miners: [${names.filter(() => chance(0.7)).concat('m0').join(', ')}]`, 0.3),
    ];
    return configOf(`poll: {interval_seconds: 30}\nsites: [{name: barn}, {name: garage}]\nminers: [${miners.join(', ')}]\ncontrol: {${control.join(', ')}}`);
  }

  // ---- what people do

  const asked: { wish: Parameters<Control['start']>[0]; key: string; id?: string }[] = [];
  function ask(again?: (typeof asked)[number]): void {
    const action = among(orderable);
    const one = again ?? {
      wish: { action, parameters: action === 'preset' ? { preset: among(['2850', '3360']) } : action === 'locate' ? { on: true } : {}, ...(chance(0.3) ? { select: { site: [among(['barn', 'garage'])] } } : { miners: [...machines.keys()].filter(() => chance(0.8)) }), ...(chance(0.1) ? { override: 'a fire in the barn' } : {}) },
      key: `click-${asked.length}-${createHash('sha256').update(String(seed)).digest('hex').slice(0, 4)}`,
    };
    if (again === undefined) asked.push(one);
    try {
      const { confirmation } = process.control.plan(one.wish, person);
      const { job } = process.control.start(one.wish, person, { idempotencyKey: one.key, confirmationToken: confirmation?.token });
      check(one.id === undefined || one.id === job.id, `the key ${one.key} started ${job.id} after ${one.id}`);
      one.id = job.id;
    } catch (thrown) {
      // Refused, or the process died meanwhile.
      if (!(thrown instanceof HashfleetError) && !(thrown instanceof Crash)) throw thrown;
    }
  }

  process = startProcess(true);
  const end = begin + 70 * minuteMs;
  while (clock.now() < end) {
    await clock.runTo(clock.now() + 1000 + upTo(5 * 60) * 1000);
    if (violation !== undefined) throw violation;
    if (process.dead) {
      crashes += 1;
      process = startProcess(clock.now() < begin + 40 * minuteMs);
      // What was clicked just before the process died is clicked again.
      await clock.runTo(clock.now() + 2000);
      const last = asked.at(-1);
      if (last?.id !== undefined && !process.dead && chance(0.5)) ask(last);
    } else if (clock.now() < begin + 45 * minuteMs) {
      if (chance(0.7)) ask();
      else if (chance(0.3)) {
        const job = process.control.jobs()[0];
        try {
          if (job !== undefined) process.control.cancel(job.id, person);
        } catch (thrown) {
          if (!(thrown instanceof Crash)) throw thrown;
        }
      }
    }
  }
  for (let round = 0; round < 20 && process.control.running > 0; round += 1) await clock.runTo(clock.now() + 20 * minuteMs);
  const last = process;
  check(last.control.running === 0, 'a job never ends');

  // ---- journal, audit log and truth agree
  const left = openJournal(memoryLines(lines)).found;
  const outcomes: Record<string, number> = {};
  for (const { job } of left) {
    check(job.finishedAt !== undefined, `job ${job.id} is not over in the journal`);
    for (const target of job.targets) {
      outcomes[target.state] = (outcomes[target.state] ?? 0) + 1;
      const about = entries.filter((entry) => entry.job === job.id && entry.miner === target.miner);
      const [sent, ends] = [about.filter(({ event }) => event === 'sent'), about.filter(({ event, outcome }) => outcome !== undefined && event !== 'roll_back')];
      check(sent.length <= 1, `${target.miner} was sent the command of job ${job.id} ${sent.length} times`);
      check(about.filter(({ event, outcome }) => event === 'roll_back' && outcome === undefined).length <= 1, `${target.miner} was rolled back more than once`);
      check(ends.length === 1 && ends[0]?.outcome === target.state, `${target.miner} of job ${job.id} is ${target.state}, but the audit log says ${ends.map(({ outcome }) => outcome).join(', ') || 'nothing'}`);
      check(target.state !== 'verified' || sent.length === 1, `${target.miner} is verified, but nothing was sent`);
      check(!['cancelled', 'skipped'].includes(target.state) || sent.length === 0, `${target.miner} is ${target.state}, but the command was sent`);
    }
  }
  for (const entry of entries.filter(({ event }) => event === 'started')) {
    check(left.some(({ job }) => job.id === entry.job) || !entries.some(({ job, event }) => job === entry.job && event === 'sent'), `job ${entry.job} is forgotten`);
  }
  check(openCommands().size === 0, `${[...openCommands().keys()].join(', ')} has no outcome`);
  last.dead = true;
  await clock.runTo(clock.now() + 30_000);
  if (violation !== undefined) throw violation;
  const commands = [...machines.values()].reduce((sum, { received }) => sum + received.length, 0);
  return { seed, jobs: left.length, commands, crashes, rollBacks: entries.filter(({ event, outcome }) => event === 'roll_back' && outcome === undefined).length, outcomes };
}
