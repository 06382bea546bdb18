/** The alerts' thresholds as colours, so that a panel turns red where an alert fires. */
import { thresholds } from '../../alerting-rules/src/thresholds.ts';
import type { Step } from './panels.ts';

export const hashrateRatio: readonly Step[] = [['red', null], ['orange', thresholds.hashrateVeryLow.value], ['green', thresholds.hashrateLow.value]];
export const chipTemperature: readonly Step[] = [['green', null], ['orange', thresholds.chipHot.value], ['red', thresholds.chipCritical.value]];
export const boardTemperature: readonly Step[] = [['green', null], ['orange', thresholds.boardHot.value], ['red', thresholds.boardCritical.value]];
export const refusedShares: readonly Step[] = [['green', null], ['red', thresholds.rejects.value]];
export const efficiencyRatio: readonly Step[] = [['green', null], ['orange', thresholds.efficiencyBad.value]];
export const boardDeviation: readonly Step[] = [['orange', null], ['green', -thresholds.boardWeak.value]];
export const poolGap: readonly Step[] = [['orange', null], ['green', thresholds.poolGap.value]];
export const profit: readonly Step[] = [['red', null], ['green', thresholds.profitLoss.value]];
export const age: readonly Step[] = [['green', null], ['red', thresholds.staleAge.value]];
export const pollLag: readonly Step[] = [['green', null], ['orange', thresholds.pollLag.value]];
/** For counts and flags: one is too many, or one is what it should be. */
export const none: readonly Step[] = [['green', null], ['red', 1]];
export const all: readonly Step[] = [['red', null], ['green', 1]];
