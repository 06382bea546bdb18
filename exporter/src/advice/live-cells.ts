/** Hours of steady miners, as they are read: what the model learns from as long as nothing longer is at hand. */
import type { Cell } from '../analytics/ratio-model.ts';
import { defined } from '../defined.ts';
import type { Miner } from '../fleet/fleet.ts';

/** Whoever has hours of steady miners. */
export interface CellSource { cells(): readonly Cell[] }

export interface LiveCells extends CellSource {
  /** Takes an hour of each miner that has one; call it as often as you like. */
  take(miners: Iterable<Miner>, now: number): void;
}

const hourMs = 3_600_000;
/** Seconds after a start, a preset change or a tuning that say nothing yet (intelligence.md, 4.3), and the hour itself. */
const steadySeconds = 45 * 60 + 3600;
/** Fitted in less than 0.1 s. */
const mostCells = 5000;

export function createLiveCells(): LiveCells {
  const kept: Cell[] = [];
  const lastAt = new Map<string, number>();
  /** Since when it is on its preset. */
  const since = new Map<string, { readonly preset: string; readonly at: number }>();
  return {
    cells: () => kept,
    take(miners, now) {
      for (const miner of miners) {
        const { config: { name }, reading } = miner;
        const preset = reading?.preset?.name;
        if (preset === undefined) continue;
        if (since.get(name)?.preset !== preset) since.set(name, { preset, at: now });
        const cell = cellOf(miner);
        const onIt = now - (since.get(name)?.at ?? now) >= steadySeconds * 1000;
        if (cell === undefined || !onIt || now - (lastAt.get(name) ?? -Infinity) < hourMs) continue;
        lastAt.set(name, now);
        kept.push(cell);
      }
      kept.splice(0, Math.max(0, kept.length - mostCells));
    },
  };
}

/** The last hour of a miner that mined through it, at full power and as it is meant to; undefined otherwise. */
export function cellOf({ config: { name }, model, presets = [], reading, intent, failure }: Miner): Cell | undefined {
  const promise = presets.find((one) => one.name === reading?.preset?.name);
  if (reading?.state !== 'mining' || intent !== 'mine' || failure !== undefined || (reading.stateSeconds ?? 0) < steadySeconds || (reading.throttleRatio ?? 1) < 1) return undefined;
  if (promise?.hashrate === undefined || promise.powerWatts === undefined) return undefined;
  return defined<Cell>({
    miner: name, model, preset: promise.name, at: reading.at - hourMs, promised: { hashrate: promise.hashrate, powerWatts: promise.powerWatts },
    hashrate: reading.hashrateAverage, powerWatts: reading.powerWatts, chipTemperature: reading.chip.max, inletTemperature: undefined, errorRatio: reading.hardwareErrorRatio,
  });
}
