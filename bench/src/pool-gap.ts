/**
 * How long until a loss of work at the pool is seen, and how often none is taken for one: hours of shares as a Poisson process, one
 * share in five seconds, beside the derived time.
 */
import { evidenceAfter, evidenceRatio, hoursToSee, noEvidence } from '@hashfleet/exporter/analytics/pool-gap';
import { figure, type Benchmark } from './measure.ts';

const sharesPerHour = 720;
const runs = 500;
const yearHours = 8760;

/** Numbers above 0 and below 1, always the same ones. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
}

/** Counts of hundreds: the normal distribution is the Poisson's within what matters here (Box and Muller). */
function counts(seed: number): (mean: number) => number {
  const draw = draws(seed);
  return (mean) => Math.max(0, Math.round(mean + Math.sqrt(mean) * Math.sqrt(-2 * Math.log(draw())) * Math.cos(2 * Math.PI * draw())));
}

export const poolGap: Benchmark = {
  name: 'pool-gap',
  about: 'hours until a loss of 3, 5 and 10 % at the pool is seen, at 6 and 60 miners and 720 shares an hour; baseline: the derived time',
  async run(report) {
    for (const miners of [6, 60]) {
      for (const loss of [0.03, 0.05, 0.1]) {
        const count = counts(miners * 100 + loss * 1000);
        const delays = Array.from({ length: runs }, () => {
          let evidence = noEvidence;
          const hour = (lost: number) => (evidence = evidenceAfter(evidence, { miners, expectedShares: sharesPerHour, creditedShares: count(sharesPerHour * (1 - lost)) }));
          for (let before = 0; before < 100; before += 1) hour(0);
          let hours = 0;
          while (evidenceRatio(evidence, miners) < 1) {
            hour(loss);
            hours += 1;
          }
          return hours;
        }).sort((a, b) => a - b);
        const derived = hoursToSee(loss, { miners, sharesPerHour }) ?? Number.NaN;
        report(figure(`pool-gap/${miners}/${loss * 100}%/mean`, 'h', [delays.reduce((sum, one) => sum + one, 0) / runs, derived]));
        report(figure(`pool-gap/${miners}/${loss * 100}%/95th`, 'h', [delays[Math.floor(runs * 0.95)] ?? Number.NaN, derived]));
      }
    }
    // What is accepted is one a year over the whole fleet; with a loss just within what is tolerated, and without any.
    for (const lost of [0.01, 0]) {
      let alarms = 0;
      for (let miner = 0; miner < 60; miner += 1) {
        const count = counts(9000 + miner);
        let evidence = noEvidence;
        let alarmed = false;
        for (let hour = 0; hour < yearHours; hour += 1) {
          evidence = evidenceAfter(evidence, { miners: 60, expectedShares: sharesPerHour, creditedShares: count(sharesPerHour * (1 - lost)) });
          const now = evidenceRatio(evidence, 60) >= 1;
          if (now && !alarmed) alarms += 1;
          alarmed = now;
        }
      }
      report(figure(`pool-gap/60/false-alarms-a-year/${lost * 100}%-lost`, '', [alarms, 1]));
    }
    return Promise.resolve();
  },
};
