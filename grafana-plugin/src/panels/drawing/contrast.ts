import { colorManipulator } from '@grafana/data';

/** Black or white, whichever reads better; the better of both always reaches 4.5 to 1. */
export function readableOn(background: string): string {
  const ratio = (color: string): number => colorManipulator.getContrastRatio(color, background);
  return ratio('#000000') >= ratio('#ffffff') ? '#000000' : '#ffffff';
}
