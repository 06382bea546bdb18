/**
 * The life of advice: found every quarter of an hour, given when it stands, approved or rejected by a person, applied through control
 * like any other change, and judged a day later.
 */
import { randomUUID } from 'node:crypto';
import { HashfleetError } from '../errors.ts';
import type { RatioModel } from '../analytics/ratio-model.ts';
import { decide, rules, settled, waysOf, type Advice, type DecisionRules, type MinerFacts, type Standings, type Way } from './decision.ts';
import type { AdviceStore, feedbacks, KeptAdvice } from './store.ts';

export interface RecommendationsOptions {
  readonly store: AdviceStore;
  readonly limits: DecisionRules;
  readonly model: () => RatioModel;
  /** Which model that is, for the evidence. */
  readonly madeBy?: (advice: Advice) => { readonly version: string; readonly backend: string };
  readonly facts: () => readonly MinerFacts[];
  /** About no single miner. */
  readonly general?: () => readonly Advice[];
  /** How the miner works now; absent while that is not known or it is not steady. */
  readonly workOf: (miner: string) => { readonly hashrate: number; readonly powerWatts: number } | undefined;
  /** What control says of orders that were sent; nothing is followed when absent. */
  readonly control?: Followed;
  /** Told of everything that advice begins, ends or becomes. */
  readonly tell?: (miner: string, from: string, to: string) => void;
  /** Unix ms. */
  readonly now?: () => number;
}

/** What advice must know of what control does with its orders. */
export interface Followed {
  /** Of an order that waits for a second person; undefined when it is not known any more. */
  approval(id: string): { readonly state: 'awaiting_approval' | 'approved' | 'rejected' | 'expired'; readonly job?: string } | undefined;
  /** Of the miner in the job; undefined while it goes on, or when it is not known any more. */
  ended(job: string, miner: string): { readonly done: boolean; readonly rolledBack: boolean; readonly detail: string } | undefined;
}

export interface Recommendations {
  /** Looks at the whole fleet; what stands is given. */
  evaluate(): readonly KeptAdvice[];
  /** The same at once, because a person asks: what did not stand for three evaluations is given too. */
  generate(): readonly KeptAdvice[];
  /** Newest first. */
  list(): readonly KeptAdvice[];
  /** @throws HashfleetError not_found */
  get(id: string): KeptAdvice;
  openFor(miner: string): readonly KeptAdvice[];
  /** @throws HashfleetError not_found, conflict */
  approve(id: string, actor: string): KeptAdvice;
  reject(id: string, actor: string, reason?: string): KeptAdvice;
  feedback(id: string, given: { readonly type: (typeof feedbacks)[number]; readonly actor: string; readonly details?: string | undefined }): KeptAdvice;
  /** The order for control that follows it, or takes it back. @throws HashfleetError not_found, conflict */
  order(id: string, what: 'apply' | 'rollback'): Order;
  /** The order was given; with `approval` it waits for a second person, and nothing has begun. */
  started(id: string, what: 'apply' | 'rollback', by: { readonly actor: string; readonly job?: string | undefined; readonly approval?: string | undefined }): KeptAdvice;
  /** Looks what has become of orders that were given. */
  follow(): void;
  /** What is expected of each preset of the miner. */
  curve(miner: string): { readonly facts: MinerFacts; readonly ways: readonly Way[] } | undefined;
  slept(miner: string): string | undefined;
  /** Hours behind the model. */
  readonly modelHours: number;
  /** Mean of (probability - came true) squared, over outcomes in place; absent without any. */
  brierScore(): number | undefined;
  /** What people said of advice, in all. */
  feedbackCounts(): ReadonlyMap<(typeof feedbacks)[number], number>;
  /** USD a day by which one applied change was meant to gain, and gained, in the mean over outcomes in place; absent without any. */
  outcomes(): { readonly predictedUsdPerDay: number; readonly realisedUsdPerDay: number; readonly count: number } | undefined;
}

export interface Order { readonly action: 'preset' | 'pause' | 'resume'; readonly miners: readonly string[]; readonly parameters: { readonly preset?: string; readonly allowUntuned?: boolean } }

/** Ms after which it is looked at what came of it. */
const outcomeMs = 86_400_000;
const dayMs = 86_400_000;

export function createRecommendations({ store, limits, model, madeBy, facts, general = () => [], workOf, control, tell = () => undefined, now = Date.now }: RecommendationsOptions): Recommendations {
  let standings: Standings = new Map();

  function get(id: string): KeptAdvice {
    const found = store.get(id);
    if (found === undefined) throw new HashfleetError('not_found', `There is no recommendation "${id}". GET /api/v1/recommendations lists them.`, { field: 'id', given: id });
    return found;
  }

  function put(advice: KeptAdvice): KeptAdvice {
    const before = store.get(advice.id)?.status;
    store.put(advice);
    if (before !== advice.status && advice.miner !== undefined) tell(advice.miner, before ?? '', eventText(advice));
    return advice;
  }

  function begin(one: KeptAdvice, what: 'apply' | 'rollback', { actor, job }: { readonly actor: string; readonly job?: string | undefined }): KeptAdvice {
    const { approval: _approval, result: _result, ...rest } = one;
    const withJob = { ...rest, ...(job === undefined ? {} : { job }) };
    if (what === 'rollback') return put({ ...withJob, status: 'rolled_back', decidedBy: actor, decidedAt: now() });
    const before = workOf(one.miner ?? '');
    return put({ ...withJob, status: 'applied', appliedAt: now(), decidedBy: one.decidedBy ?? actor, decidedAt: one.decidedAt ?? now(), ...(before === undefined ? {} : { before }) });
  }

  /** A second person has answered, or nobody has in time. */
  function followApproval(one: KeptAdvice, waiting: NonNullable<KeptAdvice['approval']>): void {
    const found = control?.approval(waiting.id);
    if (found?.state === 'awaiting_approval') return;
    if (found?.state === 'approved') begin(one, waiting.what, { actor: one.decidedBy ?? '', job: found.job });
    else {
      const { approval: _approval, ...rest } = one;
      put({ ...rest, result: `The order was ${found?.state ?? 'forgotten'}; nothing was sent.` });
    }
  }

  /** What was sent did not last, or could not be sent: nothing is left to judge. */
  function followJob(one: KeptAdvice, job: string): void {
    const ended = control?.ended(job, one.miner ?? '');
    if (ended === undefined || ended.done) return;
    const rest = { ...one, result: ended.detail };
    if (one.status === 'rolled_back') put({ ...rest, status: 'applied' });
    else put({ ...rest, status: ended.rolledBack ? 'rolled_back' : 'failed' });
  }

  function follow(): void {
    for (const one of store.all()) {
      if (one.approval !== undefined) followApproval(one, one.approval);
      else if (one.job !== undefined && one.outcome === undefined && one.result === undefined && (one.status === 'applied' || one.status === 'rolled_back')) followJob(one, one.job);
    }
  }

  function open(id: string, statuses: readonly KeptAdvice['status'][]): KeptAdvice {
    const found = get(id);
    if (!statuses.includes(found.status)) throw new HashfleetError('conflict', `The recommendation is ${found.status.replace('_', ' ')}; that can be done only while it is ${statuses.join(' or ')}.`, { field: 'id', given: id });
    return found;
  }

  const isOpen = ({ status }: KeptAdvice) => status === 'open' || status === 'approved';
  const changesOf = (miner: string) => store.all().flatMap((one) => (one.miner === miner && one.appliedAt !== undefined ? [{ at: one.appliedAt }] : []));
  const same = (one: KeptAdvice, advice: Advice) => one.kind === advice.kind && one.miner === advice.miner && one.from === advice.from && one.to === advice.to;

  function slept(miner: string): string | undefined {
    const last = store.all().filter((one) => one.miner === miner && one.appliedAt !== undefined).at(-1);
    return last?.kind === 'sleep' && last.status === 'applied' ? last.from : undefined;
  }

  function said(advice: Advice): Pick<KeptAdvice['evidence'], 'modelVersion' | 'backend'> {
    const by = madeBy?.(advice);
    return by === undefined ? {} : { modelVersion: by.version, backend: by.backend };
  }

  function give(given: readonly Advice[], found: readonly Advice[]): readonly KeptAdvice[] {
    const at = now();
    for (const one of store.all()) {
      // What is not found any more, or was not looked at for two hours, does not hold.
      if (isOpen(one) && one.approval === undefined && (one.expiresAt <= at || !found.some((advice) => same(one, advice)))) put({ ...one, status: 'expired' });
    }
    return given.map((advice) => {
      const known = store.all().find((one) => isOpen(one) && same(one, advice));
      // Who says so of advice that has expired means it, too.
      const rejected = store.all().some((one) => same(one, advice) && ((one.status === 'rejected' && at - (one.decidedAt ?? 0) < dayMs) || (one.feedback?.type === 'rejected' && at - one.feedback.at < dayMs)));
      const { alternatives, evidence, ...rest } = advice;
      const fresh: KeptAdvice = { ...structuredClone(rest) as Omit<Advice, 'alternatives' | 'evidence'> & Pick<KeptAdvice, 'expected'>, evidence: { ...evidence, ...said(advice) }, alternatives: alternatives.map((one) => ({ ...one })), id: known?.id ?? randomUUID(), status: known?.status ?? 'open', createdAt: known?.createdAt ?? at, expiresAt: at + rules.priceMs };
      if (known === undefined && rejected) return undefined;
      // A person who approved it, or has sent it, has seen these figures.
      return known?.status === 'approved' || known?.approval !== undefined ? known : put(fresh);
    }).filter((one) => one !== undefined);
  }

  function judgeOutcomes(): void {
    const byName = new Map(facts().map((one) => [one.name, one]));
    for (const one of store.all()) {
      if (one.status !== 'applied' || one.outcome !== undefined || one.appliedAt === undefined || now() - one.appliedAt < outcomeMs) continue;
      const miner = byName.get(one.miner ?? '');
      const inPlace = miner !== undefined && (one.to === 'sleep' ? miner.asleep : miner.preset === one.to && !miner.asleep);
      const after = one.to === 'sleep' ? { hashrate: 0, powerWatts: miner?.powerWatts ?? rules.sleepWatts } : workOf(one.miner ?? '');
      const usd = inPlace && after !== undefined && one.before !== undefined ? worthOf(miner, { hashrate: after.hashrate - one.before.hashrate, powerWatts: after.powerWatts - one.before.powerWatts }) : undefined;
      // A miner that is just starting is judged later.
      if (inPlace && usd === undefined && now() - one.appliedAt < 2 * outcomeMs) continue;
      put({ ...one, outcome: { at: now(), inPlace, ...(usd === undefined ? {} : { usdPerDay: usd }) } });
    }
  }

  function evaluate(): readonly KeptAdvice[] {
    const found = [...decide(facts(), { model: model(), limits, now: now() }), ...general()];
    const next = settled(found, { standings, changes: changesOf, now: now() });
    ({ standings } = next);
    const given = give(next.given, found);
    judgeOutcomes();
    return given;
  }

  return {
    evaluate, get, slept,
    get modelHours() {
      return model().hours;
    },
    generate() {
      const found = [...decide(facts(), { model: model(), limits, now: now() }), ...general()];
      return give(found, found);
    },
    list: () => [...store.all()].reverse(),
    openFor: (miner) => store.all().filter((one) => one.miner === miner && isOpen(one)),
    approve: (id, actor) => put({ ...open(id, ['open']), status: 'approved', decidedBy: actor, decidedAt: now() }),
    reject: (id, actor, reason) => put({ ...open(id, ['open', 'approved']), status: 'rejected', decidedBy: actor, decidedAt: now(), ...(reason === undefined ? {} : { reason }) }),
    feedback: (id, { type, actor, details }) => put({ ...get(id), feedback: { type, actor, at: now(), ...(details === undefined ? {} : { details }) } }),
    order(id, what) {
      const one = what === 'apply' ? open(id, ['open', 'approved']) : open(id, ['applied']);
      const { miner, from, to, kind } = one;
      if (one.approval !== undefined) throw new HashfleetError('conflict', `The order of this advice waits for a second person (approval ${one.approval.id}).`, { field: 'id', given: id });
      if (miner === undefined || from === undefined || to === undefined) throw new HashfleetError('conflict', `A recommendation of kind ${kind} is for people; there is nothing to send.`, { field: 'id', given: id });
      if (kind === 'explore' && what === 'apply' && one.status !== 'approved') throw new HashfleetError('conflict', 'An untuned preset is tried only after it was approved (POST .../approve).', { field: 'id', given: id });
      if (kind === 'switcher_conflict' && what === 'apply') throw new HashfleetError('conflict', 'The firmware\'s own switcher would take this back: change its lowest preset first.', { field: 'id', given: id });
      if (what === 'apply' && one.expiresAt <= now()) throw new HashfleetError('conflict', 'The recommendation is too old: its prices held for two hours. Ask for a new one (POST /api/v1/recommendations/generate).', { field: 'id', given: id });
      const [start, target] = what === 'apply' ? [from, to] : [to, from];
      const present = facts().find(({ name }) => name === miner);
      const state = present?.asleep === true ? 'sleep' : present?.preset;
      // Compare and set: what was judged is not what is there any more.
      if (state !== start) throw new HashfleetError('conflict', `${miner} is on ${state ?? 'an unknown preset'}, no longer on ${start}: the advice does not fit any more.`, { field: 'id', given: id });
      if (target === 'sleep') return { action: 'pause', miners: [miner], parameters: {} };
      if (start === 'sleep') return { action: 'resume', miners: [miner], parameters: {} };
      return { action: 'preset', miners: [miner], parameters: { preset: target, ...(kind === 'explore' && what === 'apply' ? { allowUntuned: true } : {}) } };
    },
    follow,
    started(id, what, { actor, job, approval }) {
      const one = get(id);
      return approval === undefined ? begin(one, what, { actor, job }) : put({ ...one, approval: { id: approval, what }, decidedBy: one.decidedBy ?? actor, decidedAt: one.decidedAt ?? now() });
    },
    curve(miner) {
      const found = facts().find(({ name }) => name === miner);
      return found === undefined ? undefined : { facts: found, ways: waysOf(found, model(), limits) };
    },
    outcomes() {
      const judged = store.all().flatMap(({ expected, outcome }) => (expected?.usdPerDay === undefined || outcome?.usdPerDay === undefined ? [] : [{ predicted: expected.usdPerDay.value, realised: outcome.usdPerDay }]));
      const mean = (of: 'predicted' | 'realised') => judged.reduce((sum, one) => sum + one[of], 0) / judged.length;
      return judged.length === 0 ? undefined : { predictedUsdPerDay: mean('predicted'), realisedUsdPerDay: mean('realised'), count: judged.length };
    },
    feedbackCounts() {
      const counts = new Map<(typeof feedbacks)[number], number>();
      for (const { feedback } of store.all()) if (feedback !== undefined) counts.set(feedback.type, (counts.get(feedback.type) ?? 0) + 1);
      return counts;
    },
    brierScore() {
      const judged = store.all().flatMap(({ probability, outcome }) => (probability === undefined || outcome?.usdPerDay === undefined ? [] : [(probability - Number(outcome.usdPerDay > 0)) ** 2]));
      return judged.length === 0 ? undefined : judged.reduce((sum, one) => sum + one, 0) / judged.length;
    },
  };
}

/** As an event tells it: "open: preset_change 2600 to 3360". */
function eventText({ status, kind, from, to }: KeptAdvice): string {
  return `${status.replace('_', ' ')}: ${kind}${from === undefined || to === undefined ? '' : ` ${from} to ${to}`}`;
}

/** USD a day of a change, at what both bring and cost now. */
function worthOf({ price, tariff, devfeeRatio = 0 }: MinerFacts, { hashrate, powerWatts }: { readonly hashrate: number; readonly powerWatts: number }): number | undefined {
  if (price === undefined || tariff === undefined) return undefined;
  return (hashrate / 1e6) * price.usdPerMegahashDay * (1 - price.feeRatio) * (1 - devfeeRatio) - powerWatts * 0.024 * tariff.usdPerKilowattHour * (1 + tariff.overheadRatio) * (tariff.meterRatio ?? 1);
}
