import type { PresetRow } from './presetRows';

export interface CurveBox {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface CurveShape {
  /** SVG paths. */
  line: string;
  band: string;
  dots: Array<{ x: number; y: number; row: PresetRow }>;
  ticks: Array<{ y: number; usd: number }>;
}

const steps = [1, 2, 5, 10];

/** A step of 1, 2 or 5 times a power of ten that gives at most `most` ticks. */
export function niceStep(range: number, most: number): number {
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * steps.find((step) => step * power >= rough * (1 - 1e-9))!;
}

/** Profit over power in px; undefined with fewer than two priced presets. */
export function curveShape(rows: readonly PresetRow[], { width, height, left, right, top, bottom }: CurveBox): CurveShape | undefined {
  const priced = rows.flatMap((row) => (row.profitUsdPerDay === undefined ? [] : [{ row, watts: row.powerWatts.value, usd: row.profitUsdPerDay }]));
  if (priced.length < 2) {
    return undefined;
  }
  const all = priced.flatMap(({ usd }) => [usd.low, usd.high]);
  const watts = priced.map((one) => one.watts);
  const step = niceStep(Math.max(Math.max(...all) - Math.min(...all), 0.01), 4);
  const [lowest, highest] = [Math.floor(Math.min(...all) / step) * step, Math.ceil(Math.max(...all) / step) * step];
  const [least, most] = [Math.min(...watts), Math.max(...watts)];
  const x = (value: number): number => left + 20 + ((value - least) / Math.max(most - least, 1)) * (width - left - right - 40);
  const y = (value: number): number => top + ((highest - value) / (highest - lowest)) * (height - top - bottom);
  const points = (pick: (one: (typeof priced)[number]) => number, list = priced): string => list.map((one) => `${x(one.watts).toFixed(1)},${y(pick(one)).toFixed(1)}`).join(' L');
  return {
    line: `M${points(({ usd }) => usd.value)}`,
    band: `M${points(({ usd }) => usd.high)} L${points(({ usd }) => usd.low, [...priced].reverse())} Z`,
    dots: priced.map(({ row, watts: at, usd }) => ({ x: x(at), y: y(usd.value), row })),
    ticks: Array.from({ length: Math.round((highest - lowest) / step) + 1 }, (_, index) => Number((lowest + index * step).toPrecision(12))).map((usd) => ({ y: y(usd), usd })),
  };
}
