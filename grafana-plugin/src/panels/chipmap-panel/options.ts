export interface ChipMapOptions {
  /** What the colour tells: the value by its thresholds, or how far it lies from the median of its board. */
  colorBy: 'value' | 'deviation';
  /** Chips beside each other on a board; 0 chooses by their number. */
  columns: number;
  /** Whether every second row runs backwards, as a chain that is laid back and forth; where the chips of a board really sit no series tells. */
  serpentine: boolean;
  /** Share of the median from which a deviation is marked. */
  tolerance: number;
}

export const defaultOptions: ChipMapOptions = { colorBy: 'value', columns: 0, serpentine: true, tolerance: 0.1 };
