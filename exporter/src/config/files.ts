/** Which files a path with `*` names, and whether they changed. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { codeOf } from '../errors.ts';

/** The files that `pattern` names, sorted; hidden ones only when written out. @throws the system's error when the folder cannot be read. */
export function expand(folder: string, pattern: string): string[] {
  const whole = path.isAbsolute(pattern) ? pattern : path.join(folder, pattern);
  const last = path.basename(whole);
  if (!last.includes('*')) return [whole];
  const fits = new RegExp(`^${last.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('.*')}$`);
  return readdirSync(path.dirname(whole)).filter((name) => fits.test(name) && (!name.startsWith('.') || last.startsWith('.'))).sort().map((name) => path.join(path.dirname(whole), name));
}

/**
 * A text that differs when one of the files was written, replaced, added or removed. Links are followed, so that a swapped link
 * counts (Kubernetes mounts a ConfigMap so). A folder that cannot be read counts as empty.
 */
export function fingerprint(folder: string, patterns: readonly string[]): string {
  const files = patterns.flatMap((pattern) => {
    try {
      return expand(folder, pattern);
    } catch {
      return [];
    }
  });
  return files.map((file) => {
    try {
      const { ino, size, mtimeNs } = statSync(file, { bigint: true });
      return `${file} ${ino} ${size} ${mtimeNs}`;
    } catch (thrown) {
      return `${file} ${codeOf(thrown) ?? 'unreadable'}`;
    }
  }).join('\n');
}
