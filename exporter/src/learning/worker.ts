/** The thread in which one task runs: training and backtests never hold up a poll or a scrape. */
import { parentPort, workerData } from 'node:worker_threads';
import { HashfleetError, messageOf, type ErrorCode } from '../errors.ts';
import type { Damage } from './registry.ts';
import { runTask, type Progress, type TaskOrder, type TaskResult } from './tasks.ts';

export type FromTask =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'damage'; readonly damage: Damage }
  | { readonly kind: 'done'; readonly result: TaskResult }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string };

const send = (message: FromTask) => parentPort?.postMessage(message);

try {
  const result = await runTask(workerData as TaskOrder, { progress: (progress) => send({ kind: 'progress', progress }), damage: (damage) => send({ kind: 'damage', damage }) });
  send({ kind: 'done', result });
} catch (thrown) {
  send({ kind: 'failed', code: thrown instanceof HashfleetError ? thrown.code : 'internal', message: messageOf(thrown) });
}
