/** A value that somebody changes at known times; asked for any time, also one before the last change. */
export interface Schedule<Value> {
  /** `undefined` before the first change. */
  at(timeMs: number): Value | undefined;
  set(value: Value, fromMs: number): void;
}

export function createSchedule<Value>(first?: Value): Schedule<Value> {
  const changes: { readonly fromMs: number; readonly value: Value }[] = first === undefined ? [] : [{ fromMs: -Infinity, value: first }];
  return {
    at: (timeMs) => changes.findLast(({ fromMs }) => fromMs <= timeMs)?.value,
    set: (value, fromMs) => {
      changes.push({ fromMs, value });
      changes.sort((a, b) => a.fromMs - b.fromMs);
    },
  };
}
