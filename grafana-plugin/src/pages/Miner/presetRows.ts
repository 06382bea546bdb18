import type { Curve, CurvePoint } from '../../api/types';

export interface PresetRow extends CurvePoint {
  isCurrent: boolean;
  /** Earns the most of those that nothing stands against. */
  isBest: boolean;
  /** Against the preset in force; absent for itself and where one of both is not known. */
  gainUsdPerDay?: number;
}

/** The presets with what each would bring, least power first. */
export function presetRows({ current, points }: Curve): PresetRow[] {
  const now = points.find(({ preset }) => preset === current);
  const earning = points.filter(({ obstacle, profitUsdPerDay }) => obstacle === undefined && profitUsdPerDay !== undefined);
  const best = earning.reduce<CurvePoint | undefined>((top, point) => (top === undefined || point.profitUsdPerDay!.value > top.profitUsdPerDay!.value ? point : top), undefined);
  return points
    .map((point): PresetRow => {
      const isCurrent = point.preset === current;
      return {
        ...point,
        isCurrent,
        isBest: point === best,
        ...(isCurrent || point.profitUsdPerDay === undefined || now?.profitUsdPerDay === undefined ? {} : { gainUsdPerDay: point.profitUsdPerDay.value - now.profitUsdPerDay.value }),
      };
    })
    .sort((a, b) => a.powerWatts.value - b.powerWatts.value);
}
