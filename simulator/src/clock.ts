/** Simulated time. Everything in the simulator that has a time asks this clock and no other. */
export interface Clock {
  /** Simulated Unix time in milliseconds. */
  now(): number;
  /** Simulated seconds per real second; 0 stands still and moves only by `advance`. */
  speed(): number;
  setSpeed(speed: number): void;
  /** Moves time on by so many simulated milliseconds, at once. */
  advance(milliseconds: number): void;
}

export interface ClockOptions {
  /** Simulated Unix time at the start, ms. */
  readonly startMs: number;
  readonly speed: number;
  /** Real monotonic milliseconds. */
  readonly realMs?: () => number;
}

export function createClock({ startMs, speed, realMs = () => performance.now() }: ClockOptions): Clock {
  let rate = speed;
  let anchorReal = realMs();
  let anchorSimulated = startMs;
  const now = () => Math.floor(anchorSimulated + (realMs() - anchorReal) * rate);
  const anchor = (simulated: number) => {
    anchorSimulated = simulated;
    anchorReal = realMs();
  };
  return {
    now,
    speed: () => rate,
    setSpeed: (next) => {
      if (!Number.isFinite(next) || next < 0) throw new RangeError(`speed must be 0 or more, not ${next}`);
      anchor(now());
      rate = next;
    },
    advance: (milliseconds) => {
      if (!Number.isFinite(milliseconds) || milliseconds < 0) throw new RangeError(`time can only go forward, not by ${milliseconds} ms`);
      anchor(now() + milliseconds);
    },
  };
}
