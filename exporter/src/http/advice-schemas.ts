/** Shapes of the routes about advice; see schemas.ts. */
import { z } from 'zod';
import { adviceKinds } from '../advice/decision.ts';
import { adviceStatuses, feedbacks } from '../advice/store.ts';

const time = z.iso.datetime().describe('ISO 8601, UTC');
const interval = z.object({ value: z.number(), low: z.number(), high: z.number() }).describe('With its 80 % interval');

export const Recommendation = z.object({
  id: z.string(), kind: z.enum(adviceKinds), miner: z.string().optional().describe('Absent for what is about the fleet'),
  from: z.string().optional(), to: z.string().optional().describe('A preset, or "sleep"'),
  urgent: z.boolean().describe('For safety: given at once'),
  gainUsdPerDay: z.number().optional(), evidence: z.string().describe('In words, built from the figures'),
  createdAt: time, expiresAt: time, status: z.enum(adviceStatuses),
  expected: z.object({ hashrate: interval, powerWatts: interval, chipTemperature: interval.optional(), usdPerDay: interval.optional() }).optional().describe('What changes'),
  breakevenUsdPerKilowattHour: z.number().optional().describe('Of the step: below it the higher preset earns more'),
  probability: z.number().optional().describe('That it gains anything, 0 to 1; calibrated, docs/advice.md'),
  binding: z.string().optional().describe('What keeps it from a better choice'),
  basis: z.object({ hoursHere: z.number().optional(), hoursThere: z.number().optional(), modelHours: z.number(), modelVersion: z.string().optional().describe('As GET /ml/models names it'), backend: z.string().optional() }).describe('Hours and model that the figures rest on'),
  alternatives: z.array(z.object({ to: z.string(), usdPerDay: z.number() })),
  decidedBy: z.string().optional(), decidedAt: time.optional(), reason: z.string().optional(), job: z.string().optional(), appliedAt: time.optional(),
  approval: z.object({ id: z.string(), what: z.enum(['apply', 'rollback']) }).optional().describe('The order waits for a second person'),
  result: z.string().optional().describe('Why the job did not do it'),
  feedback: z.object({ type: z.enum(feedbacks), actor: z.string(), at: time, details: z.string().optional() }).optional(),
  outcome: z.object({ at: time, inPlace: z.boolean(), usdPerDay: z.number().optional() }).optional().describe('A day after it was applied'),
}).meta({ id: 'Recommendation' });
export const Recommendations = z.object({ recommendations: z.array(Recommendation).describe('Largest gain first') }).meta({ id: 'Recommendations' });

export const RejectRequest = z.strictObject({ reason: z.string().max(500).optional() }).meta({ id: 'RejectRequest' });
export const FeedbackRequest = z.strictObject({ type: z.enum(feedbacks), details: z.string().max(2000).optional() }).meta({ id: 'FeedbackRequest' });
export const ApplyRequest = z.strictObject({
  dryRun: z.boolean().default(true), confirmationToken: z.string().optional(), typed: z.string().max(100).optional().describe('What plan.stepUp asks for, typed by hand'), idempotencyKey: z.string().max(200).optional(),
}).meta({ id: 'ApplyRequest' });

const estimate = z.object({ value: z.number(), low: z.number(), high: z.number() });
export const Curve = z.object({
  miner: z.string(), current: z.string().optional(), modelHours: z.number(),
  points: z.array(z.object({
    preset: z.string(), tuned: z.boolean(), hours: z.number().describe('That the miner ran on it'),
    hashrate: estimate, powerWatts: estimate, chipTemperature: estimate.optional(), efficiencyJoulesPerMegahash: z.number(), profitUsdPerDay: estimate.optional(),
    breakevenUsdPerKilowattHour: z.number().optional(), stepBreakevenUsdPerKilowattHour: z.number().optional().describe('Below it this preset earns more than the next lower one'),
    obstacle: z.string().optional().describe('Why it may not run so'),
  })),
}).meta({ id: 'Curve' });

export const PredictRequest = z.strictObject({ miner: z.string().min(1).max(63), presets: z.array(z.string().min(1).max(63)).min(1).max(50).optional().describe('All when absent') }).meta({ id: 'PredictRequest' });
