/** The thread that judges and learns: it alone holds the hours, so that the event loop never waits for a round. */
import { parentPort, workerData } from 'node:worker_threads';
import type { RatioModel } from '../analytics/ratio-model.ts';
import { loadHours, saveHours, type Notice } from './file.ts';
import { createRounds, type HourOf, type MinerHealth } from './rounds.ts';

export type ToWorker =
  | { readonly kind: 'round'; readonly hours: readonly HourOf[] }
  | { readonly kind: 'rebase' | 'forget'; readonly miner: string };

export type FromWorker =
  | { readonly kind: 'health'; readonly health: ReadonlyMap<string, MinerHealth>; readonly milliseconds: number }
  | { readonly kind: 'model'; readonly fitted: FittedModel }
  | ({ readonly kind: 'notice' } & Notice);

/** A model for advice that was fitted on the hours at hand. */
export interface FittedModel { readonly model: RatioModel; /** Unix ms. */ readonly at: number; readonly milliseconds: number }

const { file } = workerData as { file?: string };
const rounds = createRounds();
const send = (message: FromWorker) => parentPort?.postMessage(message);
const say = (notice: Notice | undefined) => {
  if (notice !== undefined) send({ kind: 'notice', ...notice });
};
function fit(): void {
  const started = performance.now();
  const model = rounds.adviceModel();
  if (model.hours > 0) send({ kind: 'model', fitted: { model, at: Date.now(), milliseconds: performance.now() - started } });
}

if (file !== undefined) {
  say(loadHours(rounds, file));
  fit();
}

parentPort?.on('message', (message: ToWorker) => {
  if (message.kind !== 'round') {
    if (message.kind === 'rebase') rounds.rebase(message.miner);
    else rounds.forget(message.miner);
  } else {
    const started = performance.now();
    const health = rounds.round(message.hours);
    send({ kind: 'health', health, milliseconds: performance.now() - started });
    if (file !== undefined) say(saveHours(rounds, file));
    rounds.relearn();
    fit();
  }
});
