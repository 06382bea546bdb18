/** Has what comes in moved away from what the model was trained on? Pure. */
import { populationStability, referenceOf, type Reference } from '../analytics/psi.ts';
import { features, featureValues, type Feature, type LearningHour } from './hours.ts';
import { learningLimits } from './limits.ts';

export type References = Readonly<Partial<Record<Feature, Reference>>>;
export type Drift = Readonly<Partial<Record<Feature, number>>>;

export function referencesOf(hours: readonly LearningHour[]): References {
  return Object.fromEntries(features.flatMap((feature) => {
    const reference = referenceOf(featureValues(hours, feature));
    return reference === undefined ? [] : [[feature, reference]];
  }));
}

/** Population stability index by feature; absent where too little is known of either side. */
export function driftOf(references: References, lately: readonly LearningHour[]): Drift {
  return Object.fromEntries(features.flatMap((feature) => {
    const reference = references[feature];
    const psi = reference === undefined ? undefined : populationStability(reference, featureValues(lately, feature));
    return psi === undefined ? [] : [[feature, psi]];
  }));
}

/** What has moved so far that no advice should be applied without a person, and what is on its way. */
export function movedFeatures(drift: Drift): { readonly stop: readonly Feature[]; readonly warn: readonly Feature[] } {
  const of = (above: number, most = Infinity) => features.filter((feature) => (drift[feature] ?? 0) > above && (drift[feature] ?? 0) <= most);
  return { stop: of(learningLimits.driftStops), warn: of(learningLimits.driftWarns, learningLimits.driftStops) };
}
