/** Advice on presets: which power profile earns most at the present price and tariff. Pure. */
import { moneyOf, type Price, type Tariff } from '../analytics/money.ts';
import type { Preset } from '../miners/reading.ts';

export interface PresetAdvice {
  readonly kind: 'preset';
  readonly from: string;
  readonly to: string;
  readonly gainUsdPerDay: number;
  /** Words built from the figures. */
  readonly evidence: string;
}

export interface PresetQuestion {
  readonly presets: readonly Preset[];
  readonly current: string;
  readonly price: Price;
  readonly tariff: Tariff;
  /** What comes in of what its preset promises, the firmware's fee taken off; applied to every preset alike. */
  readonly hashrateRatio: number;
  readonly leastGainUsdPerDay: number;
}

/** The best tuned preset that a stock power supply can drive, if it earns enough more than the present one. */
export function advisePreset({ presets, current, price, tariff, hashrateRatio, leastGainUsdPerDay }: PresetQuestion): PresetAdvice | undefined {
  const profits = presets.flatMap((preset) => {
    const usable = preset.name === current || (preset.tuned && !preset.needsModifiedPsu);
    if (!usable || preset.hashrate === undefined || preset.powerWatts === undefined) return [];
    const { profitUsdPerDay } = moneyOf({ hashrate: preset.hashrate * hashrateRatio, powerWatts: preset.powerWatts }, price, tariff);
    return profitUsdPerDay === undefined ? [] : [{ preset, profit: profitUsdPerDay }];
  });
  const now = profits.find(({ preset }) => preset.name === current);
  if (now === undefined) return undefined;
  const best = profits.reduce((top, one) => (one.profit > top.profit ? one : top), now);
  const gain = Number((best.profit - now.profit).toFixed(4));
  if (best === now || gain < leastGainUsdPerDay) return undefined;
  const describe = ({ preset, profit }: typeof now) => `${preset.name} (${preset.powerWatts ?? 0} W, ${((preset.hashrate ?? 0) / 1e9).toFixed(2)} GH/s) leaves ${profit.toFixed(2)} USD a day`;
  return {
    kind: 'preset', from: now.preset.name, to: best.preset.name, gainUsdPerDay: gain,
    evidence: `At ${tariff.usdPerKilowattHour.toFixed(4)} USD/kWh and ${(price.usdPerMegahashDay * (1 - price.feeRatio)).toPrecision(3)} USD per MH/s and day, preset ${describe(best)}, the present ${describe(now)}.`,
  };
}
