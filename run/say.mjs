// What a person sees of the two commands: one line a step, and what a failed step printed.
import { spawn } from 'node:child_process';

let out = process.stdout;
/** Where progress goes; `npm run bench -- --json` keeps standard output for its figures. */
export function speakOn(stream) {
  out = stream;
}

const colour = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = (text) => paint(1, text);
export const dim = (text) => paint(2, text);
export const red = (text) => paint(31, text);
export const green = (text) => paint(32, text);

export function say(text) {
  out.write(`${text}\n`);
}

/** An expected failure: its message is for the person, its stack is not. */
export class Failed extends Error {}

/**
 * Runs a program to its end, quietly, with a sign of life; prints its output only when it fails.
 * @param {string} what one line that says what is done
 * @param {string[]} command program and arguments
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv}} [options]
 */
export async function step(what, [program, ...args], { cwd, env } = {}) {
  const began = Date.now();
  out.write(`  ${what} ...`);
  const alive = setInterval(() => out.write('.'), 10_000);
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  child.stdout.on('data', (chunk) => output.push(chunk));
  child.stderr.on('data', (chunk) => output.push(chunk));
  const status = await new Promise((resolve) => {
    child.on('error', (error) => { output.push(Buffer.from(`${error.message}\n`)); resolve(127); });
    child.on('close', (code) => resolve(code ?? 1));
  });
  clearInterval(alive);
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  out.write(status === 0 ? ` ${dim(`${seconds} s`)}\n` : ` ${red('failed')}\n`);
  if (status !== 0) {
    out.write(Buffer.concat(output));
    throw new Failed(`${what}: ${[program, ...args].join(' ')} ended with ${status}`);
  }
}

/** Ends the process with a message in place of a stack where the failure was expected. */
export async function main(action) {
  try {
    await action();
  } catch (thrown) {
    process.stderr.write(`${red('Error:')} ${thrown instanceof Failed ? thrown.message : thrown?.stack ?? thrown}\n`);
    process.exitCode = 1;
  }
}
