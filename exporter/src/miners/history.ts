/** What a miner remembers of its own past. */

/** No firmware that is read here remembers more (vnish-api.md, 2.1), seconds. */
export const longestWindowSeconds = 259_200;

export interface HistoryWindow {
  /** Unix ms. */
  readonly from: number;
  readonly to: number;
  readonly stepSeconds: number;
}

/** One point in base units; what the miner had not measured is absent. */
export interface HistoryPoint {
  /** Unix ms. */
  readonly at: number;
  readonly hashrate?: number;
  readonly powerWatts?: number;
  readonly pcbMax?: number;
  readonly chipMax?: number;
  readonly fanDutyRatio?: number;
}

export const annotationKinds = ['start', 'stop', 'restart', 'reboot', 'overheat', 'disable_board', 'enable_board', 'fw_update'] as const;
export type AnnotationKind = (typeof annotationKinds)[number];

export interface HistoryAnnotation {
  readonly at: number;
  readonly kind: AnnotationKind;
  /** Counted from 1. */
  readonly board?: number;
}

/** Both oldest first. */
export interface History {
  readonly points: readonly HistoryPoint[];
  readonly annotations: readonly HistoryAnnotation[];
  /** Seconds by which the miner's clock is ahead of ours; its times are as it tells them. */
  readonly clockAheadSeconds?: number;
}
