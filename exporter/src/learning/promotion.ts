/**
 * Shall a candidate replace the model in force? Both foretell the last seven days, of which neither has seen what it foretells: the
 * candidate's way of learning is run anew before each day on what was known then; the model in force speaks of the hours behind
 * its training only (intelligence.md, 4.7). Pure.
 */
import { fitRatioModel, type RatioModel } from '../analytics/ratio-model.ts';
import { accuracyOf, addErrors, foretoldBy, foretoldByTable, noErrors, type Accuracy } from './accuracy.ts';
import { dayMs, type LearningHour, type TrainedOn } from './hours.ts';
import { learningLimits } from './limits.ts';

export interface Contest {
  readonly candidate: Accuracy;
  /** The model in force, else what the presets promise. */
  readonly rival: Accuracy;
  readonly rivalName: 'in_force' | 'table';
}

export interface Verdict { readonly promote: boolean; readonly reason: string }

/** `days` are those from which the candidate learns. */
export function contest(hours: readonly LearningHour[], { days, inForce }: { readonly days: number; readonly inForce: { readonly model: RatioModel; readonly trained: TrainedOn } | undefined }): Contest {
  let end = -Infinity;
  for (const { at } of hours) end = Math.max(end, at + 3_600_000);
  const begin = Math.max(end - learningLimits.contestDays * dayMs, inForce?.trained.to ?? -Infinity);
  const [candidate, rival] = [noErrors(), noErrors()];
  for (let day = begin; day < end; day += dayMs) {
    const known = hours.filter(({ at }) => at + 3_600_000 <= day && at >= day - days * dayMs);
    if (known.length === 0) continue;
    // Only hashes and watts are compared: the rest need not be fitted.
    const model = fitRatioModel(known.map(({ chipTemperature: _chip, errorRatio: _errors, ...cell }) => cell));
    for (const hour of hours) {
      if (hour.at < day || hour.at >= day + dayMs) continue;
      addErrors(candidate, hour, foretoldBy(model, hour));
      addErrors(rival, hour, inForce === undefined ? foretoldByTable(hour) : foretoldBy(inForce.model, hour));
    }
  }
  return { candidate: accuracyOf(candidate), rival: accuracyOf(rival), rivalName: inForce === undefined ? 'table' : 'in_force' };
}

const percent = (share: number | undefined) => (share === undefined ? 'unknown' : `${(share * 100).toFixed(2)} %`);

export function verdictOf({ candidate, rival, rivalName }: Contest): Verdict {
  const than = rivalName === 'table' ? 'what the presets promise' : 'the model in force';
  const { leastContestHours, leastCoverage, mostCoverage, equalRatio } = learningLimits;
  if (candidate.hours < leastContestHours) return { promote: false, reason: `only ${candidate.hours} hours can be compared; ${leastContestHours} are needed` };
  for (const target of ['hashrate', 'power'] as const) {
    const [own, other] = [candidate[target], rival[target]];
    if (own === undefined || other === undefined) return { promote: false, reason: `nothing is known of the error of ${target}` };
    if (own >= other * (1 - equalRatio)) return { promote: false, reason: `its error of ${target}, ${percent(own)}, is not less than that of ${than}, ${percent(other)}${own < other ? ' (equal within 2 %)' : ''}` };
  }
  if (candidate.coverage === undefined || candidate.coverage < leastCoverage || candidate.coverage > mostCoverage) {
    return { promote: false, reason: `its 80 % interval held ${percent(candidate.coverage)} of the figures; ${leastCoverage * 100} to ${mostCoverage * 100} % are accepted` };
  }
  return { promote: true, reason: `better than ${than}: error of hashrate ${percent(candidate.hashrate)} against ${percent(rival.hashrate)}, of power ${percent(candidate.power)} against ${percent(rival.power)}; its 80 % interval held ${percent(candidate.coverage)}` };
}
