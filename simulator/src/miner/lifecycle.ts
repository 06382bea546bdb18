/**
 * What state the machine is in and what comes next, as a plan with exact times. Timelines are those measured on a real
 * L9 with 1.2.7 (vnish-api.md 6.2); what lies between the measured points is [S].
 */

export type StateName =
  | 'mining' | 'initializing' | 'starting' | 'auto-tuning' | 'restarting' | 'shutting-down' | 'stopped' | 'failure';

export interface Failure {
  readonly code: number;
  readonly description: string;
}

export interface Phase {
  readonly state: StateName;
  readonly sinceMs: number;
  readonly failure?: Failure;
  /** What brought it about, for logs and annotations. */
  readonly cause?: 'boot' | 'start' | 'restart' | 'stop' | 'preset' | 'tuned';
}

export interface Lifecycle {
  phase: Phase;
  /** Phases to come, in order of time. */
  upcoming: Phase[];
  /** When each board begins to hash; Infinity = not planned. */
  boardOnlineMs: number[];
  /** When the controller last came up: uptime counts from here. */
  bootedAtMs: number;
  /** HTTP is unreachable in [from, until). */
  httpDown: { fromMs: number; untilMs: number };
  /** Mining restarts since boot (`restart_count` of 1.3). */
  restarts: number;
  /** Automatic restarts tried for the trouble at hand. */
  attempt: number;
}

/** Seconds from the command to each event. */
export const timelines = {
  /** `mining/start`: first hashrate at +95 s, full at +158 s, in thirds. */
  start: { starting: 55, mining: 95, boardsOnline: [95, 126, 158] },
  /** `system/reboot`: gone at +3 s, HTTP back at +22 s with uptime 0:00, hashrate at +114, +124 and +171 s. */
  reboot: { down: 3, httpUp: 22, starting: 70, mining: 114, boardsOnline: [114, 124, 171] },
  /** `mining/resume` [S]. */
  resume: { starting: 2, mining: 20, boardsOnline: [20, 22, 24] },
  /** `mining/restart`: so long in `restarting`, then as after a start [S]. */
  restarting: 8,
  /** `mining/stop`: so long in `shutting-down` [S]. */
  stopping: 4,
  /** `/summary.miner` is null for so long after `initializing` begins (quirk 7; duration [S]). */
  summaryAbsent: 5,
  /** A tuning run of an untuned preset [S]. */
  autoTuning: 1800,
  /** From one tuned preset to another without a restart [S]. */
  presetRamp: 45,
  /** A throttle percentage takes effect (about 80 s; vnish-api.md 2.4). */
  throttleRamp: 80,
} as const;

interface StartPlan {
  readonly fromMs: number;
  readonly boards: number;
  readonly tuned: boolean;
  readonly cause: 'boot' | 'start' | 'restart';
}

interface StartTimes { readonly starting: number; readonly mining: number; readonly boardsOnline: readonly number[] }

function phasesFrom(plan: StartPlan, times: StartTimes): { phases: Phase[]; online: number[] } {
  const at = (seconds: number) => plan.fromMs + seconds * 1000;
  const phases: Phase[] = [
    { state: 'initializing', sinceMs: plan.fromMs, cause: plan.cause },
    { state: 'starting', sinceMs: at(times.starting) },
  ];
  if (plan.tuned) {
    phases.push({ state: 'mining', sinceMs: at(times.mining) });
  } else {
    phases.push({ state: 'auto-tuning', sinceMs: at(times.mining) });
    phases.push({ state: 'mining', sinceMs: at(times.mining + timelines.autoTuning), cause: 'tuned' });
  }
  const last = times.boardsOnline.at(-1) ?? 0;
  const online = Array.from({ length: plan.boards }, (_, board) => at(times.boardsOnline[board] ?? last));
  return { phases, online };
}

function follow(life: Lifecycle, phases: readonly Phase[]): void {
  const [first, ...rest] = phases;
  if (first === undefined) return;
  life.upcoming = [first, ...rest];
}

/** Start from rest. */
export function planStart(life: Lifecycle, plan: StartPlan): void {
  const { phases, online } = phasesFrom(plan, timelines.start);
  follow(life, phases);
  life.boardOnlineMs = online;
}

/** Resume from a pause: boards are still set up. */
export function planResume(life: Lifecycle, plan: StartPlan): void {
  const { phases, online } = phasesFrom(plan, timelines.resume);
  follow(life, phases);
  life.boardOnlineMs = online;
}

/** Restart the mining process; `coolDownSeconds` lengthens the `restarting` phase after an overheat. */
export function planRestart(life: Lifecycle, plan: StartPlan, coolDownSeconds = 0): void {
  const startMs = plan.fromMs + (timelines.restarting + coolDownSeconds) * 1000;
  const { phases, online } = phasesFrom({ ...plan, fromMs: startMs }, timelines.start);
  follow(life, [{ state: 'restarting', sinceMs: plan.fromMs, cause: 'restart' }, ...phases]);
  life.boardOnlineMs = online;
  life.restarts += 1;
}

/** Reboot the controller. It keeps answering until the announced seconds have passed. */
export function planReboot(life: Lifecycle, plan: StartPlan, announcedSeconds: number = timelines.reboot.down): void {
  const downMs = plan.fromMs + announcedSeconds * 1000;
  const { phases, online } = phasesFrom(plan, timelines.reboot);
  const shifted = phases.map((phase, i) => (i === 0 ? { ...phase, sinceMs: downMs } : phase));
  follow(life, shifted);
  life.boardOnlineMs = online;
  life.httpDown = { fromMs: downMs, untilMs: plan.fromMs + timelines.reboot.httpUp * 1000 };
}

export function planStop(life: Lifecycle, fromMs: number): void {
  follow(life, [
    { state: 'shutting-down', sinceMs: fromMs, cause: 'stop' },
    { state: 'stopped', sinceMs: fromMs + timelines.stopping * 1000 },
  ]);
  life.boardOnlineMs = life.boardOnlineMs.map(() => Infinity);
}

export function planFailure(life: Lifecycle, fromMs: number, failure: Failure): void {
  follow(life, [{ state: 'failure', sinceMs: fromMs, failure }]);
  life.boardOnlineMs = life.boardOnlineMs.map(() => Infinity);
}

/** A tuning run that begins while mining goes on. `untilMs` Infinity = it never ends. */
export function planTuning(life: Lifecycle, fromMs: number, untilMs: number): void {
  const phases: Phase[] = [{ state: 'auto-tuning', sinceMs: fromMs, cause: 'preset' }];
  if (Number.isFinite(untilMs)) phases.push({ state: 'mining', sinceMs: untilMs, cause: 'tuned' });
  follow(life, phases);
}

/** Takes every phase that has begun by `timeMs`, oldest first, and returns them. */
export function settlePhases(life: Lifecycle, timeMs: number): Phase[] {
  const begun: Phase[] = [];
  for (let next = life.upcoming[0]; next !== undefined && next.sinceMs <= timeMs; next = life.upcoming[0]) {
    life.upcoming.shift();
    life.phase = next;
    begun.push(next);
  }
  return begun;
}

/** States that produce hashrate (vnish-api.md 3). */
export function isHashing(state: StateName): boolean {
  return state === 'mining' || state === 'auto-tuning';
}

export function httpReachable(life: Lifecycle, timeMs: number): boolean {
  return timeMs < life.httpDown.fromMs || timeMs >= life.httpDown.untilMs;
}
