/** Values that many tests start from. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { parseConfig, type Config } from '../src/config/load.ts';
import type { Logger } from '../src/log.ts';

export const here = path.dirname(fileURLToPath(import.meta.url));

/** Captured replies live outside the project; tests that need them are skipped where they are missing. */
export const samplesFolder = path.resolve(here, '../../../shared/reference/vnish-samples');
export const haveSamples = existsSync(samplesFolder);

export function sample(name: string): unknown {
  return JSON.parse(readFileSync(path.join(samplesFolder, name), 'utf8'));
}

export const silent: Logger = pino({ level: 'silent' });

/** A logger whose lines can be looked at. */
export function recordingLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  return { lines, log: pino({ level: 'debug' }, { write: (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>) }) };
}

export function configOf(text: string): Config {
  return parseConfig(text);
}

/** Waits until the condition holds, looking often; fails with the reason after `ms`. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, ms = 10_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
