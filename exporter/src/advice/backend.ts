/** Who predicts: the embedded ratio model, or another back end behind the same interface. */
import { expectation, fitRatioModel, observedLog, predict, type Cell, type Expectation, type RatioModel, type Setting, type Target } from '../analytics/ratio-model.ts';

export interface BackendStatus { readonly name: string; readonly ready: boolean; /** Hours behind the model. */ readonly hours: number; readonly trainedAt?: number; /** Which model it is, where it has a name. */ readonly version?: string }

export interface ModelBackend {
  predict(rows: readonly Setting[]): Promise<readonly Expectation[]>;
  /** How far each row lies from what is expected, in deviations of an hour; absent where the row does not tell it. */
  score(rows: readonly Cell[]): Promise<readonly Readonly<Partial<Record<Target, number>>>[]>;
  /** The next `horizon` values of an evenly spaced series. */
  forecast(series: readonly number[], horizon: number): Promise<readonly number[]>;
  status(): BackendStatus;
  train(cells: readonly Cell[]): Promise<RatioModel>;
}

const hoursPerDay = 24;

export interface EmbeddedOptions {
  readonly model?: RatioModel;
  /** How a model is fitted; in this thread when absent. */
  readonly fit?: (cells: readonly Cell[]) => Promise<RatioModel>;
  readonly now?: () => number;
}

export interface EmbeddedBackend extends ModelBackend {
  readonly model: RatioModel;
  /** Predicts with a model that was fitted elsewhere from now on. */
  adopt(model: RatioModel, from: { readonly version: string; /** Unix ms. */ readonly trainedAt: number }): void;
}

export function embeddedBackend({ model: first = fitRatioModel([]), fit = async (cells) => Promise.resolve(fitRatioModel(cells)), now = Date.now }: EmbeddedOptions = {}): EmbeddedBackend {
  let model = first;
  let trainedAt: number | undefined;
  let version: string | undefined;
  return {
    get model() {
      return model;
    },
    predict: async (rows) => Promise.resolve(rows.map((row) => expectation(model, row))),
    score: async (rows) => Promise.resolve(rows.map((row) => Object.fromEntries((['hashrate', 'power', 'heat', 'errors'] as const).flatMap((target) => {
      const observed = observedLog(target, row);
      const { log, spread, noise } = predict(model, target, row);
      return observed === undefined ? [] : [[target, (observed - log) / Math.hypot(spread, noise)]];
    })))),
    // The same hour of the day before; of a shorter series its last value.
    forecast: async (series, horizon) => Promise.resolve(Array.from({ length: series.length === 0 ? 0 : horizon }, (_each, step) => series[series.length >= hoursPerDay ? series.length - hoursPerDay + (step % hoursPerDay) : series.length - 1] ?? Number.NaN)),
    status: () => ({ name: 'embedded', ready: true, hours: model.hours, ...(trainedAt === undefined ? {} : { trainedAt }), ...(version === undefined ? {} : { version }) }),
    adopt(next, from) {
      model = next;
      ({ version, trainedAt } = from);
    },
    async train(cells) {
      model = await fit(cells);
      trainedAt = now();
      version = undefined;
      return model;
    },
  };
}
