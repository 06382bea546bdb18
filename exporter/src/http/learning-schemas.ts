/** Shapes of the routes about learning; see schemas.ts. */
import { z } from 'zod';
import { features } from '../learning/hours.ts';

const time = z.iso.datetime().describe('ISO 8601, UTC');
const interval = z.object({ value: z.number(), low: z.number(), high: z.number() }).describe('With its 80 % interval, by resampling days');
const accuracy = z.object({
  hashrate: z.number().optional(), power: z.number().optional().describe('Mean absolute error as a part of what was measured'), chipTemperature: z.number().optional().describe('Mean absolute error, degrees Celsius'),
  coverage: z.number().optional().describe('Part of the figures within their 80 % interval'), hours: z.number(),
});
const drift = z.partialRecord(z.enum(features), z.number()).describe('Population stability index of the last day against the training window');

export const Model = z.object({
  version: z.number().int(), status: z.enum(['in_force', 'too_old', 'candidate', 'earlier']), backend: z.string(), source: z.string(), createdAt: time,
  trained: z.object({ from: time, to: time, hours: z.number(), miners: z.number(), source: z.string().describe('Address of the Prometheus') }),
  contest: z.object({ candidate: accuracy, rival: accuracy, rivalName: z.enum(['in_force', 'table']) }).describe('The last seven days, of which neither had seen what it foretold'),
  verdict: z.object({ promote: z.boolean(), reason: z.string() }),
}).meta({ id: 'Model' });
export const Models = z.object({
  inForce: z.object({ version: z.string(), backend: z.string(), source: z.enum(['prometheus', 'hours', 'promises']), hours: z.number(), trainedAt: time.optional() }).describe('What advice goes by'),
  hourly: z.object({ hours: z.number(), at: time, milliseconds: z.number() }).optional().describe('The model that is made of health\'s hours every hour'),
  drift, rollbacks: z.number().int(), models: z.array(Model).describe('Newest first'),
}).meta({ id: 'Models' });

export const BacktestReport = z.object({
  from: time, to: time, days: z.number().int(), seed: z.number(),
  accuracy: z.object({ ratio: accuracy, table: accuracy, last_day: accuracy }), decisions: z.number(), scored: z.number(), scoredShare: z.number().describe('Part of the decisions that could be scored'),
  usdPerDay: z.object({ stay: z.number(), table: z.number(), model: z.number() }).optional(), modelOverStay: interval.optional(), modelOverTable: interval.optional(),
  switchesPerDay: z.number(), breaches: z.object({ temperature: z.number(), circuits: z.number() }),
  brier: z.number().optional(), reliability: z.array(z.object({ from: z.number(), to: z.number(), count: z.number(), said: z.number(), came: z.number() })),
  changes: z.array(z.object({ day: time, miner: z.string(), from: z.string(), to: z.string(), probability: z.number().optional(), scored: z.boolean() })),
}).meta({ id: 'BacktestReport' });

export const Task = z.object({
  id: z.string(), kind: z.enum(['train', 'backtest']), by: z.string(), state: z.enum(['running', 'done', 'failed']), startedAt: time, endedAt: time.optional(),
  progress: z.object({ step: z.enum(['reading', 'fitting', 'comparing', 'deciding']), done: z.number(), total: z.number() }).optional(),
  failure: z.object({ code: z.string(), message: z.string() }).optional(),
  model: z.object({ version: z.number().int().optional().describe('Absent for a dry run'), promoted: z.boolean(), reason: z.string(), hours: z.number(), miners: z.number(), drift }).optional().describe('What training made'),
  backtest: BacktestReport.optional(),
}).meta({ id: 'LearningTask' });

const days = z.number().int().min(2).max(365).optional().describe('Days of hours to read; ml.train_days when absent');
export const TrainRequest = z.strictObject({ days, dryRun: z.boolean().default(false).describe('Nothing is written') }).meta({ id: 'TrainRequest' });
export const BacktestRequest = z.strictObject({ days, seed: z.number().int().min(0).max(4_294_967_295).default(1) }).meta({ id: 'BacktestRequest' });
export const PromoteRequest = z.strictObject({}).meta({ id: 'PromoteRequest' });
