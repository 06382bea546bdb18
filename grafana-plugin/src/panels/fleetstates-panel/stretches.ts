import { type DataFrame, FieldType, formattedValueToString } from '@grafana/data';
import { compareNames } from '../drawing/samples';

export interface Stretch {
  /** Unix ms. */
  from: number;
  to: number;
  state: string;
  color?: string;
}

export interface Timeline {
  miner: string;
  stretches: Stretch[];
}

/** A hole longer than so many steps is no state that lasted. */
const longestHole = 3;

/**
 * States over time by miner. Series with a label `state` tell by the value 1 which of them holds; other series tell it by the
 * text that Grafana shows for their value.
 */
export function timelinesOf(frames: readonly DataFrame[], toMs: number): Timeline[] {
  const points = new Map<string, Array<{ at: number; state: string; color?: string }>>();
  let step = Infinity;
  for (const frame of frames) {
    const times: number[] | undefined = frame.fields.find(({ type }) => type === FieldType.time)?.values;
    if (!times) {
      continue;
    }
    for (let row = 1; row < times.length; row++) {
      step = Math.min(step, times[row] - times[row - 1]);
    }
    for (const field of frame.fields) {
      const miner = field.labels?.miner;
      if (field.type !== FieldType.number || miner === undefined) {
        continue;
      }
      const list = points.get(miner) ?? [];
      points.set(miner, list);
      const named = field.labels?.state;
      for (let row = 0; row < times.length; row++) {
        const value: unknown = field.values[row];
        if (typeof value !== 'number' || (named !== undefined && value !== 1)) {
          continue;
        }
        if (named !== undefined) {
          list.push({ at: times[row], state: named });
          continue;
        }
        const display = field.display?.(value);
        list.push({ at: times[row], state: display ? formattedValueToString(display) : String(value), color: display?.color });
      }
    }
  }
  const lasting = Number.isFinite(step) ? step : 60_000;
  return [...points]
    .map(([miner, list]): Timeline => {
      const stretches: Stretch[] = [];
      for (const { at, state, color } of list.sort((a, b) => a.at - b.at)) {
        const before = stretches[stretches.length - 1];
        const holds = before !== undefined && at - before.to <= longestHole * lasting;
        if (before !== undefined && holds) {
          before.to = at;
        }
        if (before === undefined || !holds || before.state !== state) {
          stretches.push({ from: at, to: at, state, ...(color === undefined ? {} : { color }) });
        }
      }
      const last = stretches[stretches.length - 1];
      if (last !== undefined) {
        last.to = Math.min(last.to + lasting, Math.max(toMs, last.to));
      }
      return { miner, stretches };
    })
    .sort((a, b) => compareNames(a.miner, b.miner));
}

/** Miners that were out of the state the others are in for longest, first. */
export function mostOut(timelines: readonly Timeline[], usual: string, count: number): Array<{ miner: string; seconds: number; state: string }> {
  return timelines
    .map(({ miner, stretches }) => {
      const out = stretches.filter(({ state }) => state !== usual);
      return { miner, seconds: out.reduce((sum, { from, to }) => sum + (to - from) / 1000, 0), state: out[out.length - 1]?.state ?? usual };
    })
    .filter(({ seconds }) => seconds > 0)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count);
}
