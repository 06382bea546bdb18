/** Where the hours are kept: written whole or not at all; a damaged file is set aside, and said. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf, messageOf } from '../errors.ts';
import type { Rounds } from './rounds.ts';

/** What a person should know; the caller logs it. */
export interface Notice { readonly level: 'warn' | 'error'; readonly text: string; readonly detail: string }

export function loadHours(rounds: Rounds, file: string): Notice | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    return codeOf(thrown) === 'ENOENT' ? undefined : { level: 'error', text: 'the hours from which health is judged cannot be read; they begin anew', detail: messageOf(thrown) };
  }
  try {
    rounds.fromFile(bytes);
    return undefined;
  } catch (thrown) {
    const aside = `${file}.damaged`;
    try {
      renameSync(file, aside);
    } catch (failed) {
      return { level: 'error', text: 'the hours from which health is judged are damaged and cannot be set aside', detail: messageOf(failed) };
    }
    return { level: 'error', text: `the hours from which health is judged are damaged; set aside as ${path.basename(aside)}, they begin anew`, detail: messageOf(thrown).slice(0, 300) };
  }
}

export function saveHours(rounds: Rounds, file: string): Notice | undefined {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(`${file}.new`, rounds.toFile());
    renameSync(`${file}.new`, file);
    return undefined;
  } catch (thrown) {
    return { level: 'error', text: 'the hours from which health is judged cannot be saved; check disk space and permissions', detail: messageOf(thrown) };
  }
}
