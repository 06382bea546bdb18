/**
 * Every number that an alert or a dashboard compares with: value, unit, reason. Rules, dashboards and their tests take
 * them from here; nothing else may hold a number of its own.
 *
 * `role` says what the number does, and so what happens to it when time is scaled (a demonstration, an end-to-end test):
 *   limit   compared with a measurement; never scaled
 *   hold    `for` or `keep_firing_for`; scaled
 *   window  range of a rate or an average; scaled, at least four scrape intervals
 *   age     seconds compared with a timestamp or a duration that the miner reports; scaled, at least four scrape intervals
 *   count   events needed inside a window; scaled with it, at least three
 */
export type Role = 'limit' | 'hold' | 'window' | 'age' | 'count';

export interface Threshold {
  readonly value: number;
  readonly unit: 'seconds' | 'ratio' | 'celsius' | 'usd/day' | 'events' | 'miners' | 'points';
  readonly role: Role;
  readonly reason: string;
}

const limit = (value: number, unit: Threshold['unit'], reason: string): Threshold => ({ value, unit, role: 'limit', reason });
const hold = (seconds: number, reason: string): Threshold => ({ value: seconds, unit: 'seconds', role: 'hold', reason });
const window = (seconds: number, reason: string): Threshold => ({ value: seconds, unit: 'seconds', role: 'window', reason });
const age = (seconds: number, reason: string): Threshold => ({ value: seconds, unit: 'seconds', role: 'age', reason });

const minute = 60;
const hour = 60 * minute;

export const thresholds = {
  // exporter
  exporterDownFor: hold(1 * minute, 'Four scrapes: longer than a restart of the service, short because nothing else is seen meanwhile.'),
  reloadFailedFor: hold(1 * minute, 'A reload either works or does not; one minute forgives an editor that saves twice.'),
  pollLag: limit(30, 'seconds', 'Two default poll intervals late: readings are then older than the dashboards say they refresh.'),
  pollLagFor: hold(5 * minute, 'A burst of time-outs delays a round or two; five minutes of it is overload.'),

  // site
  siteDownRatio: limit(0.5, 'ratio', 'More than half at once is the power, the switch or the uplink, not the miners.'),
  siteDownMiners: limit(2, 'miners', 'Half of a site of one or two miners is a single miner; that has its own alert.'),
  siteDownFor: hold(1 * minute, 'Shorter than unreachableFor, so that it is there to inhibit the single alerts.'),

  // presence
  unreachableFor: hold(3 * minute, 'A reboot takes 22 s until HTTP is back (vnish-api.md 6.2); one or two missed polls are noise.'),
  flapHold: hold(5 * minute, 'Readings that cross a limit back and forth give one notification, not ten.'),
  passwordWindow: window(15 * minute, 'Wrong passwords are tried seldom because the firmware locks us out (429); a window must hold at least one try.'),
  passwordFor: hold(2 * minute, 'Shorter than unreachableFor, so that it is there to inhibit; one refused login during a reboot is noise.'),
  staleAge: age(5 * minute, 'Twenty default poll intervals without a success while the miner counts as up: the poll loop hangs.'),
  staleFor: hold(1 * minute, 'The age is already a wait.'),

  // state
  warmUp: age(15 * minute, 'Ramp-up takes 3 minutes and the long average needs about ten more to forget it; VNish itself waits 5 to 10.'),
  failureFor: hold(1 * minute, 'The firmware reports failure only after its own attempts; one minute skips a state seen between two polls.'),
  notMiningFor: hold(10 * minute, 'A cold start takes 3 minutes and may be delayed by up to 5 (max_startup_delay_time 300 s).'),
  tuningAge: age(8 * hour, 'A tuning run of three boards ends within hours; a third of a day is a run that cannot settle.'),
  tuningFor: hold(5 * minute, 'The age is already a wait.'),
  restartWindow: window(1 * hour, 'Restarts matter by how often they come.'),
  restarts: limit(3, 'events', 'The firmware itself counts attempts in threes ("Restarting (1 of 3)"); more than three is a loop.'),
  restartFor: hold(1 * minute, 'A counter in a window does not flap.'),
  driftFor: hold(5 * minute, 'Longer than an action of ours may be on its way, and than a person needs to undo a slip.'),
  changeWindow: window(15 * minute, 'Long enough to be noticed and notified, short enough to clear once looked at.'),

  // work
  hashrateLow: limit(0.9, 'ratio', 'The long average stays within 1 % of the preset (vnish-api.md 6.2); 10 % is a weak board or bad chips.'),
  hashrateVeryLow: limit(0.6, 'ratio', 'A miner without one of three boards does 0.67; below that, more than a board is lost.'),
  hashrateLowFor: hold(10 * minute, 'Reconnects to the pool and board resets dip for minutes (fleet-anchors.md 3).'),
  boardLostFor: hold(3 * minute, 'The firmware restarts a failed board on its own once or twice; shorter than hashrateLowFor, so that it inhibits.'),
  boardWeak: limit(0.1, 'ratio', 'Boards of one miner differ by about 1 % in clock (vnish-api.md 6.2); 10 % below its siblings is a defect.'),
  boardWindow: window(15 * minute, 'The hashrate of a board jitters by 3 to 8 %; a quarter of an hour averages it away.'),
  boardWeakFor: hold(5 * minute, 'On top of the average.'),
  efficiencyBad: limit(1.15, 'ratio', 'Presets of one model lie 15 to 30 % apart in J/MH; 15 % over the promise is money lost, not tolerance.'),
  efficiencyWindow: window(10 * minute, 'Evens out the jitter of the hashrate.'),
  efficiencyFor: hold(5 * minute, 'On top of the average.'),
  poolsDownFor: hold(3 * minute, 'Change of pool takes seconds; three minutes without any pool is work lost.'),
  rejects: limit(0.03, 'ratio', 'Good pools reject below 1 %; 3 % costs more than any pool\'s fee.'),
  rejectWindow: window(30 * minute, 'At about ten shares a minute (vnish-api.md 2.3) some 300 shares: 3 % is then well outside chance.'),
  rejectShares: { value: 50, unit: 'events', role: 'count', reason: 'With fewer shares one rejected share is already 2 %.' },
  rejectFor: hold(5 * minute, 'On top of the window.'),
  poolGap: limit(0.8, 'ratio', 'The firmware\'s fee takes 3 to 4 %, luck over an hour 4 to 8 %; a fifth missing is neither.'),
  poolGapWindow: window(1 * hour, 'Luck: about 600 shares an hour vary by 4 %.'),
  poolGapFor: hold(15 * minute, 'On top of the window; pools show hashrates late.'),
  poolLoss: limit(1, 'ratio', 'The level at which one false alarm a year comes over the whole fleet (docs/reconciliation.md).'),
  poolLossFor: hold(15 * minute, 'Evidence comes by the hour; not before what may explain it.'),
  workerMissingFor: hold(15 * minute, 'On top of the ten minutes that the exporter waits: pools show a worker late; not before a name that several share.'),
  workerDuplicateFor: hold(12 * minute, 'A connection that broke off is still listed for some minutes beside the new one.'),

  // heat
  chipHot: limit(85, 'celsius', 'Healthy chips run at 50 to 82 °C; the firmware stops mining at 90 (vnish-api.md 6.2).'),
  chipCritical: limit(88, 'celsius', 'Two degrees below the stop, outside what the fans still correct.'),
  boardHot: limit(70, 'celsius', 'Board sensors read 15 °C below the chips; used when the chip sensors are silent.'),
  boardCritical: limit(73, 'celsius', 'As chipCritical, less 15 °C.'),
  hotFor: hold(5 * minute, 'The firmware raises the fans and steps down the preset within its check time of 300 s.'),
  criticalFor: hold(1 * minute, 'Two degrees are gone in minutes.'),
  fanLostFor: hold(2 * minute, 'A tachometer that misses one reading is not a lost fan.'),

  // health
  healthPoor: limit(50, 'points', 'A board 9 deviations off, or several signals at once; a lost board alone brings it to 20 (docs/health.md).'),
  healthFor: hold(70 * minute, 'Health is judged once an hour: two rounds in a row must say so.'),
  seenWindow: window(1 * hour, 'A miner that never answered in it is gone, and MinerUnreachable tells of it; one that comes and goes did.'),
  seldomUp: limit(0, 'ratio', 'Any answer at all shows that the miner itself is there.'),

  // money
  profitLoss: limit(0, 'usd/day', 'Below zero the power costs more than the work earns.'),
  profitLossFor: hold(1 * hour, 'Prices move within minutes; decisions about them should not.'),

  // pools
  poolUnreachableFor: hold(10 * minute, 'Pools restart their APIs; mining goes on meanwhile.'),
  poolClosedFor: hold(5 * minute, 'Told by the pool itself or by the list of closed pools; five minutes forgive a wrong page in between.'),

  // control
  auditShrunk: limit(0, 'events', 'It never falls by itself.'),
  auditShrunkWindow: window(15 * minute, 'The log only grows; a quarter of an hour is time enough for the notification to go out.'),
  scheduleFailedFor: hold(2 * minute, 'A first failure is tried again after a minute; what fails twice needs somebody.'),
  drifted: limit(0.25, 'ratio', 'The usual bound of the population stability index above which a model does not fit any more (intelligence.md 4.5).'),
  driftedFor: hold(10 * minute, 'Measured at each training, once a day; what is measured anew at once is noise.'),
  abacusAwayFor: hold(30 * minute, 'It is left alone for 15 minutes at most; twice that is an outage.'),
  actionWindow: window(15 * minute, 'Long enough to be noticed and notified, as changeWindow.'),
} as const satisfies Record<string, Threshold>;

export type ThresholdName = keyof typeof thresholds;

/** How the rules are to be timed. `timeScale` 1 and 15 s are what is committed. */
export interface Timing {
  readonly timeScale: number;
  readonly scrapeIntervalSeconds: number;
}

export const defaultTiming: Timing = { timeScale: 1, scrapeIntervalSeconds: 15 };

/** Rates need several samples; Prometheus 3 drops the one on the left edge (exporter-anchors.md 5.2). */
export const leastScrapesInWindow = 4;

/** The number as the rules use it under a timing, in the unit of the table. */
export function valueOf(name: ThresholdName, timing: Timing): number {
  const { value, role }: Threshold = thresholds[name];
  switch (role) {
    case 'limit':
      return value;
    case 'hold':
      return wholeSeconds(value * timing.timeScale);
    case 'window':
    case 'age':
      return Math.max(wholeSeconds(value * timing.timeScale), wholeSeconds(leastScrapesInWindow * timing.scrapeIntervalSeconds));
    case 'count':
      return Math.max(Math.ceil(value * timing.timeScale), Math.min(value, 3));
  }
}

/** Prometheus' notation of a duration: 90 s is `1m30s`. */
export function duration(seconds: number): string {
  const parts = [[Math.floor(seconds / hour), 'h'], [Math.floor((seconds % hour) / minute), 'm'], [seconds % minute, 's']] as const;
  return parts.filter(([count]) => count > 0).map(([count, unit]) => `${count}${unit}`).join('') || '0s';
}

// Floating point must not turn 180 x 1 into 181.
const wholeSeconds = (seconds: number) => Math.ceil(Number(seconds.toFixed(6)));
