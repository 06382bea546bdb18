/** Lines of a miner's own log, and what the known ones mean. */

/** Closed set, used as a label. Those that tell of trouble come first. */
export const troubleEvents = ['pic_controller_failed', 'chips_missing', 'chain_break', 'overheat', 'voltage_failed', 'fan_lost', 'watchdog_restart'] as const;
export const logEvents = [...troubleEvents, 'initializing', 'auto_tuning', 'mining_stopped', 'cooling_down', 'board_connected', 'fan_ok', 'psu_init', 'psu_model'] as const;
export type LogEvent = (typeof logEvents)[number];

export interface LogLine {
  /** Unix ms; absent while the miner did not know the time yet. Its clock is taken to tell UTC. */
  readonly at?: number;
  readonly level?: string;
  readonly text: string;
  readonly event?: LogEvent;
  /** Counted from 1. */
  readonly board?: number;
  readonly fan?: number;
  /** Degrees Celsius. */
  readonly temperature?: number;
  readonly volts?: number;
  readonly chipsFound?: number;
  readonly chipsExpected?: number;
  readonly reason?: string;
}
