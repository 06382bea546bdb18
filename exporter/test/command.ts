/** Runs the command `hashfleet` from its sources, as a person would, in a process of its own. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { here } from './fixtures.ts';

export interface Ended { readonly code: number | null; readonly out: string; readonly err: string }

export const sourceArguments = ['--import', path.join(here, 'typescript-loader.mjs'), path.join(here, '../src/cli/main.ts')];

/** Ends the process after `ms` and fails, so that a command that hangs is a finding and not a stuck test. */
export async function hashfleet(args: readonly string[], { environment = {}, cwd = here, ms = 15_000, terminateWhenSaid }: { environment?: Record<string, string>; cwd?: string; ms?: number; terminateWhenSaid?: string } = {}): Promise<Ended> {
  const child = spawn(process.execPath, [...sourceArguments, ...args], { cwd, env: { PATH: process.env['PATH'] ?? '', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    said.err += chunk.toString();
    if (terminateWhenSaid === undefined || child.killed || !said.err.includes(terminateWhenSaid)) return;
    child.kill('SIGTERM');
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`hashfleet ${args.join(' ')} did not end within ${ms} ms; it said:\n${said.out}${said.err}`));
    }, ms);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, ...said });
    });
  });
}

export function temporaryFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'hashfleet-test-'));
}
