/** Runs Prometheus' and Alertmanager's own tools; without them the tests fail and say what to install. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const home = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const packages = { promtool: 'prometheus', amtool: 'prometheus-alertmanager' } as const;

/** Exit status and everything that the tool said. */
export function run(tool: keyof typeof packages, args: readonly string[]): { status: number | null; said: string } {
  const { error, status, stdout, stderr } = spawnSync(tool, args, { encoding: 'utf8', cwd: home });
  if (error) {
    throw new Error(`${tool} could not be started. Install it ("apt-get install ${packages[tool]}" on Debian, or "npm test", which does) and put it on PATH.`, { cause: error });
  }
  return { status, said: stdout + stderr };
}

/** A folder for the length of a call. */
export function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'hashfleet-rules-'));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function file(folder: string, name: string, text: string): string {
  const written = path.join(folder, name);
  writeFileSync(written, text);
  return written;
}
