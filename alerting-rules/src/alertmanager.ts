/** Alertmanager's configuration with its waits scaled and its addresses set: for demonstrations and end-to-end tests. */
import { isScalar, parseDocument, visit } from 'yaml';
import { duration } from './thresholds.ts';

export interface Delivery {
  readonly timeScale: number;
  /** Base of the two webhooks, e.g. `http://127.0.0.1:9795`; without it the addresses stay as written. */
  readonly webhookBase?: string;
}

const durations = new Set(['group_wait', 'group_interval', 'repeat_interval', 'resolve_timeout']);
const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400 };

export function scaledAlertmanager(text: string, { timeScale, webhookBase }: Delivery): string {
  const document = parseDocument(text);
  visit(document, {
    Pair(_, pair) {
      if (!isScalar(pair.key) || !isScalar(pair.value) || typeof pair.value.value !== 'string') return;
      if (durations.has(String(pair.key.value))) {
        pair.value.value = duration(Math.max(1, Math.ceil(secondsOf(pair.value.value) * timeScale)));
      } else if (pair.key.value === 'url' && webhookBase !== undefined) {
        pair.value.value = `${webhookBase.replace(/\/$/, '')}${new URL(pair.value.value).pathname}`;
      }
    },
  });
  return document.toString({ lineWidth: 0 });
}

function secondsOf(text: string): number {
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * (seconds[unit ?? ''] ?? Number.NaN), 0);
}
