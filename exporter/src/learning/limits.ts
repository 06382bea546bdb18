/** Every number of training, promotion and drift, with its unit and reason (intelligence.md, 4.5 and 4.7). */
export const learningLimits = {
  /** Days before a decided day from which the backtest learns. */
  backtestDays: 14,
  /** Days over which a candidate has to be better. */
  contestDays: 7,
  /** Part of all hours that an interval of 80 % may hold. */
  leastCoverage: 0.75,
  mostCoverage: 0.85,
  /** Errors that differ by less than this part of the larger one are equal: a few hours more or less move them so far. */
  equalRatio: 0.02,
  /** Fewer hours than these decide no contest: a day of one miner. */
  leastContestHours: 24,
  /** Days that a cell's own hours may lie away from a decision that is scored by them. */
  outcomeDays: 7,
  /** Population stability index that is worth a warning, and that stops advice from being applied without a person. */
  driftWarns: 0.1,
  driftStops: 0.25,
  /** Models that are kept. */
  modelsKept: 10,
  resamples: 1000,
} as const;
