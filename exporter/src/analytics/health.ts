/** How well a miner is, from its residuals: a score of how unusual, one of how well, and the part that says so (intelligence.md, 5.3). Pure. */
import { badness, residualSignals, type Residuals, type ResidualSignal } from './residuals.ts';

/** What a signal takes from the health: boards and power supply most, since without them nothing is mined. */
const weights: Readonly<Record<ResidualSignal, number>> = { board: 1, psu: 1, chips: 1, hashrate: 0.7, heat: 0.7, fan: 0.7, power: 0.5, errors: 0.5, pool: 0.3 };
/** Up to so many standard deviations nothing is unusual. */
const usualZ = 2;
/** Score at which half of what may be unusual is reached: that of an alarm. */
const halfZ = 2;

export const signalNames: Readonly<Record<ResidualSignal, string>> = {
  hashrate: 'hashrate', power: 'power', heat: 'warmth of the chips', errors: 'hardware errors', fan: 'fan speed at its duty', board: 'hashrate of a board beside its siblings', psu: 'voltage of the boards', chips: 'weak chips', pool: 'work that the pool does not credit',
};

export interface Evidence { readonly signal: ResidualSignal; readonly z: number; readonly text: string; readonly place?: number }

/** 0 to 1; 0.5 is as unusual as an alarm. */
export function anomalyScore(residuals: Residuals): number {
  let worst = 0;
  for (const signal of residualSignals) worst = Math.max(worst, Math.abs(residuals[signal]?.z ?? 0));
  return 1 - 2 ** (-Math.max(0, worst - usualZ) / halfZ);
}

/** 0 to 100 = 100 exp(-sum of weight x max(0, badness - 2) / 10). */
export function healthScore(residuals: Residuals): number {
  const sum = residualSignals.reduce((total, signal) => total + weights[signal] * Math.max(0, badness(signal, residuals[signal]?.z ?? 0) - usualZ), 0);
  return 100 * Math.exp(-sum / 10);
}

/** What takes most from the health first. */
export function evidenceOf(residuals: Residuals): Evidence[] {
  const found: Evidence[] = [];
  for (const signal of residualSignals) {
    const one = residuals[signal];
    if (one === undefined || badness(signal, one.z) <= usualZ) continue;
    const which = one.place === undefined ? '' : ` (${signal === 'fan' ? 'fan' : 'board'} ${one.place})`;
    found.push({ signal, ...one, text: `${signalNames[signal]}${which} ${Math.abs(one.z).toFixed(1)} deviations ${one.z > 0 ? 'above' : 'below'} what is expected` });
  }
  return found.sort((a, b) => weights[b.signal] * badness(b.signal, b.z) - weights[a.signal] * badness(a.signal, a.z));
}
