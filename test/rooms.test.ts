/** The rule of run/rooms.mjs as eslint enforces it: who may know whom inside exporter/src. */
import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

interface Case { readonly room: string; readonly folder?: string; readonly text: string }

/** The room rule's messages for each text, by eslint itself in a process of its own: it cannot be loaded into jest's. */
function complaints(cases: readonly Case[]): string[][] {
  const script = `
    import { Linter } from 'eslint';
    import { roomRules } from './run/rooms.mjs';
    import { parser } from 'typescript-eslint';
    const linter = new Linter();
    const config = [{ files: ['**/*.ts'], languageOptions: { parser } }, ...roomRules];
    const cases = ${JSON.stringify(cases)};
    console.log(JSON.stringify({ said: cases.map(({ room, folder = '', text }) => linter.verify(text, config, 'exporter/src/' + room + '/' + folder + 'one.ts').map(({ message }) => message)) }));`;
  return (JSON.parse(execFileSync(process.execPath, ['--input-type=module'], { input: script, cwd: root, encoding: 'utf8' })) as { said: string[][] }).said;
}

const rooms = ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings', 'advice', 'health', 'learning', 'control', 'schedules', 'metrics', 'http', 'cli'];
/** Written down a second time on purpose: a room that is let in by mistake shows here. */
const known: Readonly<Record<string, readonly string[]>> = {
  config: [], miners: ['config'], pools: ['config'], fleet: ['config', 'miners', 'pools'], analytics: ['config', 'miners', 'pools'], earnings: ['config', 'miners', 'pools', 'fleet', 'analytics'],
  advice: ['config', 'miners', 'pools', 'fleet', 'analytics'], health: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings'], control: ['config', 'miners', 'pools', 'fleet', 'analytics'],
  learning: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings', 'advice'],
  schedules: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings', 'control'],
  metrics: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings', 'advice', 'health', 'learning', 'control', 'schedules'],
  http: ['config', 'miners', 'pools', 'fleet', 'analytics', 'earnings', 'advice', 'health', 'learning', 'control', 'schedules', 'metrics'],
};

describe('a room', () => {
  const pairs = Object.keys(known).flatMap((room) => rooms.filter((other) => other !== room).map((other) => ({ room, other })));
  test.each([
    ['from its own folder', '', (other: string) => `import { x } from '../${other}/thing.ts';\nx();`],
    ['from a folder below', 'below/', (other: string) => `import type { X } from '../../${other}/sub/thing.ts';\nexport const x = {} as X;`],
    ['by passing on', '', (other: string) => `export { x } from '../${other}/thing.ts';`],
  ])('may import those it may know, and no other: %s', (_how, folder, text) => {
    const said = complaints(pairs.map(({ room, other }) => ({ room, folder, text: text(other) })));
    expect(pairs.map(({ room, other }, index) => ({ room, other, said: said[index] }))).toEqual(pairs.map(({ room, other }) => ({
      room, other, said: known[room]!.includes(other) ? [] : [expect.stringContaining(`${room}/ may not know ${other}/`)],
    })));
  });

  test('may import itself, what all know, and packages', () => {
    const said = complaints(Object.keys(known).map((room) => ({ room, text: `import './other.ts';\nimport { a } from '../errors.ts';\nimport { b } from '../log.ts';\nimport { z } from 'zod';\na(b, z);` })));
    expect(said).toEqual(Object.keys(known).map(() => []));
  });

  test('that is pure may open no file and no socket', () => {
    const [file, socket, client] = complaints(['node:fs', 'node:net', 'undici'].map((name) => ({ room: 'analytics', text: `import { x } from '${name}';\nx();` })));
    for (const said of [file, socket, client]) expect(said).toEqual([expect.stringContaining('analytics is pure and does no I/O')]);
  });
});

test('the exporter imports nothing of the simulator', () => {
  expect(() => execFileSync('git', ['grep', '-n', 'simulator/', '--', 'exporter/src'], { cwd: root, encoding: 'utf8' })).toThrow();
});
