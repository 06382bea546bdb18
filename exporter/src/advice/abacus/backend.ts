/**
 * Abacus.AI as a model back end: hours are streamed to it, and what it predicts is fetched every few minutes into a table that overlays
 * the embedded model. Nobody ever waits for it; whatever fails, and whatever cannot be, is answered by the embedded model, counted and said.
 */
import { expectation, type Expectation, type RatioModel, type Setting } from '../../analytics/ratio-model.ts';
import type { Hour } from '../../analytics/hours.ts';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { BackendStatus, EmbeddedBackend, ModelBackend } from '../backend.ts';
import type { AbacusActionName } from './calls.ts';
import { AbacusFailure, createAbacusClient, type AbacusClientOptions, type AbacusFailureReason } from './client.ts';
import { abacusTargets, queryOf, rowOf, type AbacusTarget, type Pseudonym } from './rows.ts';
import type { Spool } from './spool.ts';

export interface AbacusDeployment { readonly deploymentId: string; readonly deploymentToken: string }

export interface AbacusBackendOptions {
  readonly embedded: EmbeddedBackend;
  readonly client: Omit<AbacusClientOptions, 'counted' | 'apiKey' | 'discovery'>;
  /** Where the hours go; nothing is streamed when absent. */
  readonly streaming?: { readonly featureGroupId: string; readonly streamingToken: string };
  readonly deployments: Readonly<Partial<Record<AbacusTarget, AbacusDeployment>>>;
  /** Path to the value in a prediction, as "result.value"; the target's column, else the first number, when absent. */
  readonly valuePath?: string | undefined;
  readonly refreshMs: number;
  readonly pseudonym: Pseudonym;
  readonly spool: Spool;
  readonly log: Logger;
}

/** Why the embedded model answered in its place. */
export type FallbackReason = AbacusFailureReason | 'implausible' | 'no_answer';

export interface AbacusFigures {
  readonly requests: ReadonlyMap<string, { readonly action: AbacusActionName; readonly outcome: string; readonly count: number; readonly seconds: number }>;
  readonly fallbacks: ReadonlyMap<FallbackReason, number>;
  readonly rowsSent: number;
  readonly waiting: number;
  readonly dropped: number;
  readonly breakerOpen: boolean;
  /** Pairs of miner and preset that it has predicted, and that count now. */
  readonly predictions: number;
}

export interface AbacusBackend extends ModelBackend {
  /** The embedded model, overlaid by what Abacus has predicted. */
  readonly model: RatioModel;
  /** Hours that are over. */
  take(hours: readonly { readonly subject: { readonly miner: string; readonly model: string }; readonly hour: Hour }[]): void;
  /** Sends what waits, then asks about these ways to run; never throws. */
  refresh(settings: readonly Setting[]): Promise<void>;
  figures(): AbacusFigures;
  /** What went wrong last, in words; absent while all is well. */
  readonly trouble: string | undefined;
  close(): Promise<void>;
}

/** Rows of one request. */
const batchRows = 500;
const queryRows = 200;
/** A ratio that a machine cannot reach, and one that differs so much from what the embedded model expects, is a mistake. */
const [leastRatio, mostRatio, mostApart] = [0.2, 1.5, 1.5];

export function overlayKey({ miner, preset }: Pick<Setting, 'miner' | 'preset'>): string {
  return `${miner}\n${preset}`;
}

export function abacusBackend({ embedded, client: clientOptions, streaming, deployments, valuePath, refreshMs, pseudonym, spool, log }: AbacusBackendOptions): AbacusBackend {
  const requests = new Map<string, { action: AbacusActionName; outcome: string; count: number; seconds: number }>();
  const fallbacks = new Map<FallbackReason, number>();
  const first = abacusTargets.map((target) => deployments[target]).find((one) => one !== undefined);
  const client = createAbacusClient({
    ...clientOptions, discovery: first === undefined ? { ...streaming } : { ...first },
    counted({ action, outcome, seconds }) {
      const key = `${action} ${outcome}`;
      const known = requests.get(key) ?? { action, outcome, count: 0, seconds: 0 };
      requests.set(key, { ...known, count: known.count + 1, seconds: known.seconds + seconds });
    },
  });
  const now = clientOptions.now ?? Date.now;
  let overlay = new Map<string, { at: number; hashrate?: number; power?: number }>();
  let rowsSent = 0;
  let trouble: string | undefined;
  /** From the first failure that was said to the first round without one. */
  let troubled = false;
  let running: Promise<void> | undefined;

  const isTrouble = () => trouble !== undefined;

  function fallBack(reason: FallbackReason, count: number): void {
    if (count > 0) fallbacks.set(reason, (fallbacks.get(reason) ?? 0) + count);
  }

  function failed(thrown: unknown, answers: number, what: string): void {
    fallBack(thrown instanceof AbacusFailure ? thrown.reason : 'no_answer', answers);
    const said = `${what}: ${messageOf(thrown)}`;
    if (!troubled) log.warn({ err: said }, 'Abacus does not answer; the embedded model does');
    troubled = true;
    trouble = said;
  }

  /** True when nothing waits any more. */
  async function stream(): Promise<boolean> {
    if (streaming === undefined) return true;
    for (let rows = spool.next(batchRows); rows.length > 0; rows = spool.next(batchRows)) {
      await client.call('appendMultipleData', { ...streaming, data: rows });
      spool.sent(rows);
      rowsSent += rows.length;
    }
    return true;
  }

  /** A ratio to the promise, or why it cannot be taken. */
  function plausible(answer: unknown, target: AbacusTarget, setting: Setting): number | FallbackReason {
    const value = valueOf(answer, { path: valuePath, target });
    if (value === undefined) return 'no_answer';
    const own = expectation(embedded.model, setting);
    const expected = target === 'hashrate_ratio' ? own.hashrate.value / setting.promised.hashrate : own.powerWatts.value / setting.promised.powerWatts;
    return value < leastRatio || value > mostRatio || value > expected * mostApart || value < expected / mostApart ? 'implausible' : value;
  }

  async function ask(target: AbacusTarget, deployment: AbacusDeployment, { settings, into }: { settings: readonly Setting[]; into: Map<string, { at: number; hashrate?: number; power?: number }> }): Promise<void> {
    for (let from = 0; from < settings.length; from += queryRows) {
      const part = settings.slice(from, from + queryRows);
      try {
        const result = await client.call('predictMultiple', { ...deployment, queryData: part.map((one) => queryOf(one, pseudonym)) });
        const answers = Array.isArray(result) ? result as unknown[] : [];
        part.forEach((setting, index) => {
          const value = plausible(answers[index], target, setting);
          if (typeof value === 'string') fallBack(value, 1);
          else into.set(overlayKey(setting), { ...into.get(overlayKey(setting)), at: now(), [target === 'hashrate_ratio' ? 'hashrate' : 'power']: value });
        });
      } catch (thrown) {
        failed(thrown, settings.length - from, 'prediction');
        return;
      }
    }
  }

  async function round(settings: readonly Setting[]): Promise<void> {
    trouble = undefined;
    try {
      await stream();
    } catch (thrown) {
      failed(thrown, 0, 'streaming');
    }
    const into = new Map<string, { at: number; hashrate?: number; power?: number }>();
    for (const target of abacusTargets) {
      const deployment = deployments[target];
      if (deployment !== undefined) await ask(target, deployment, { settings, into });
    }
    // An answer of a while ago still counts for two rounds, so that one failure does not move advice.
    for (const [key, old] of overlay) if (!into.has(key) && now() - old.at < 2.5 * refreshMs) into.set(key, old);
    overlay = into;
    if (!troubled || isTrouble()) return;
    troubled = false;
    log.info('Abacus answers again');
  }

  function overlaid(): RatioModel {
    const fresh = [...overlay].filter(([, { at }]) => now() - at < 2.5 * refreshMs);
    return fresh.length === 0 ? embedded.model : { ...embedded.model, overlay: new Map(fresh.map(([key, { hashrate, power }]) => [key, { ...(hashrate === undefined ? {} : { hashrate }), ...(power === undefined ? {} : { power }) }])) };
  }

  return {
    get model() {
      return overlaid();
    },
    get trouble() {
      return trouble;
    },
    predict: async (rows): Promise<readonly Expectation[]> => Promise.resolve(rows.map((row) => expectation(overlaid(), row))),
    // What these are asked for is the miner's own hour; the streamed table is no faster way to it.
    score: async (rows) => embedded.score(rows),
    forecast: async (series, horizon) => embedded.forecast(series, horizon),
    train: async (cells) => embedded.train(cells),
    status(): BackendStatus {
      const own = embedded.status();
      return { ...own, name: 'abacus', ready: overlay.size > 0 && trouble === undefined };
    },
    take(hours) {
      spool.add(hours.flatMap(({ subject, hour }) => {
        const row = rowOf(hour, subject, pseudonym);
        return row === undefined ? [] : [row];
      }));
    },
    async refresh(settings) {
      // A round that hangs is not overtaken.
      running ??= round(settings).finally(() => {
        running = undefined;
      });
      return running;
    },
    figures: () => ({ requests, fallbacks, rowsSent, waiting: spool.waiting, dropped: spool.dropped, breakerOpen: client.breakerOpen, predictions: overlay.size }),
    close: async () => client.close(),
  };
}

/** By its path where one is given; else the target's column, else the first number: bodies of predictions are not described publicly (abacus-api.md, 2.2). */
function valueOf(answer: unknown, { path, target }: { readonly path: string | undefined; readonly target: AbacusTarget }): number | undefined {
  if (typeof answer === 'number') return Number.isFinite(answer) && path === undefined ? answer : undefined;
  const found = (path ?? target).split('.').reduce<unknown>((part, name) => (typeof part === 'object' && part !== null ? (part as Readonly<Record<string, unknown>>)[name] : undefined), answer);
  if (typeof found === 'number') return Number.isFinite(found) ? found : undefined;
  // Another number in its place could be a confidence.
  return path === undefined && typeof answer === 'object' && answer !== null ? Object.values(answer).find((value): value is number => typeof value === 'number' && Number.isFinite(value)) : undefined;
}
