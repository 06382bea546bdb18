/** Lets a test start the command from its sources: `node --import <this file> exporter/src/cli/main.ts`. */
import { transformSync } from '@swc/core';
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort } from 'node:worker_threads';

// Threads of ours have a port to their parent; the one in which Node runs this loader has none, and must not load it again.
if (isMainThread || parentPort !== null) register(import.meta.url);

const options = { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } };

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const file = fileURLToPath(url);
  return { format: 'module', shortCircuit: true, source: transformSync(await readFile(file, 'utf8'), { ...options, filename: file }).code };
}
