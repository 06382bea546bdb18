/** The streaming detector on the Numenta Anomaly Benchmark, beside the published detectors whose raw scores lie in the same folder. */
import { createDetector } from '@hashfleet/exporter/analytics/detector';
import { writeFileSync } from 'node:fs';
import { cheapest, type Benchmark, type BenchmarkOptions } from './measure.ts';
import { readCorpus, readPublished, whence, type Series } from './nab-corpus.ts';
import { nabScore, type Scored } from './nab-score.ts';

/** One pass over a series, a row at a time. */
function detect({ times, values }: Series): Float64Array {
  const detector = createDetector();
  return values.map((value, row) => detector.push(times[row] ?? NaN, value));
}

/** Plain moving mean and deviation over 100 rows: what a detector costs at least. */
function movingDeviation({ values }: Series): Float64Array {
  const kept = new Float64Array(100);
  return values.map((value, row) => {
    kept[row % 100] = value;
    const mean = kept.reduce((sum, one) => sum + one, 0) / 100;
    const variance = kept.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 100;
    return variance === 0 ? 0 : Math.abs(value - mean) / Math.sqrt(variance);
  });
}

const shortNames: Readonly<Record<string, string>> = { standard: 'standard', reward_low_FP_rate: 'low-fp', reward_low_FN_rate: 'low-fn' };

export const nab: Benchmark = {
  name: 'nab',
  about: 'streaming anomaly detection on the Numenta Anomaly Benchmark (--data DIR, --scores FILE): score by profile, more is better, baseline the best published detector in DIR or 0; microseconds a sample, baseline a moving deviation over 100 rows',
  long: true,
  async run(report, { data, scores: scoresFile }: BenchmarkOptions) {
    if (data === undefined) throw new Error(`--data DIR is missing. ${whence}`);
    const { series, profiles } = readCorpus(data);
    const published = readPublished(data, series);
    const ours = series.map((one): Scored => ({ scores: detect(one), windows: one.windows }));
    if (scoresFile !== undefined) writeFileSync(scoresFile, JSON.stringify(Object.fromEntries(series.map(({ name }, index) => [name, Array.from(ours[index]?.scores ?? [])]))));
    for (const [name, profile] of Object.entries(profiles)) {
      const value = nabScore(ours, profile).score;
      const baseline = Math.max(0, ...[...published.values()].map((one) => nabScore(one, profile).score));
      report({ name: `nab/${shortNames[name] ?? name}`, unit: 'points', value: Number(value.toFixed(2)), baseline: Number(baseline.toFixed(2)), ratio: baseline === 0 ? 0 : Number((value / baseline).toFixed(3)) });
    }
    const rows = series.reduce((sum, { values }) => sum + values.length, 0);
    const [own = 0, plain = 0] = (await cheapest([{ name: 'detector', run: () => void series.map(detect) }, { name: 'plain', run: () => void series.map(movingDeviation) }], 3)).map((ms) => (1000 * ms) / rows);
    report({ name: 'nab/sample', unit: 'us', value: Number(own.toPrecision(3)), baseline: Number(plain.toPrecision(3)), ratio: Number((own / plain).toFixed(3)) });
  },
};
