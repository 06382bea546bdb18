import type { GrafanaTheme2 } from '@grafana/data';
import { displayOf } from '../drawing/samples';
import { deviationOf, type BoardOfChips } from './boards';
import type { ChipMapOptions } from './options';

type Wanted = Pick<ChipMapOptions, 'colorBy' | 'tolerance'> & { theme: GrafanaTheme2 };

/** The colour of a chip, by its number among all and its board; worked out when it is first asked for, since most chips are never in view. */
export function chipColors(boards: readonly BoardOfChips[], starts: readonly number[], { colorBy, tolerance, theme }: Wanted): (index: number, board: number) => string {
  const known: string[] = [];
  const { getColorByName } = theme.visualization;
  const tones = { low: getColorByName('red'), weak: getColorByName('orange'), even: getColorByName('green'), high: getColorByName('blue') };
  const byDeviation = (deviation: number): string => (!(Math.abs(deviation) > tolerance) ? tones.even : deviation > 0 ? tones.high : deviation < -2 * tolerance ? tones.low : tones.weak);
  return (index, board) => {
    const color = known[index];
    if (color !== undefined) {
      return color;
    }
    const chip = boards[board].chips[index - starts[board]];
    known[index] =
      chip.value === null ? theme.colors.text.disabled : colorBy === 'value' ? (displayOf(chip)?.color ?? tones.even) : byDeviation(deviationOf(chip.value, boards[board].median));
    return known[index];
  };
}
