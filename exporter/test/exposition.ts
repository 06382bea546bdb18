/** What a page says, read by other means than those that wrote it, and texts to try it with. */
import { expect } from '@jest/globals';
import fc from 'fast-check';

export interface ParsedSample { readonly name: string; readonly labels: readonly (readonly [string, string])[]; readonly value: number }

/** A reader of the text format of its own: what Prometheus' documentation says, and nothing of what page.ts does. */
export function parse(text: string): { samples: ParsedSample[]; families: { name: string; type: string; help: string }[] } {
  const samples: ParsedSample[] = [];
  const families: { name: string; type: string; help: string }[] = [];
  const help = new Map<string, string>();
  expect(text === '' || text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment?.[1] === 'HELP') {
      expect(help.has(comment[2]!)).toBe(false);
      help.set(comment[2]!, comment[3]!);
    } else if (comment?.[1] === 'TYPE') {
      families.push({ name: comment[2]!, type: comment[3]!, help: help.get(comment[2]!) ?? 'missing' });
    } else {
      samples.push(parseLine(line));
      // A sample stands under its own family's header: families are in one piece.
      expect(samples.at(-1)!.name).toBe(families.at(-1)?.name);
    }
  }
  expect(new Set(families.map(({ name }) => name)).size).toBe(families.length);
  return { samples, families };
}

function parseLine(line: string): ParsedSample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0] ?? '';
  let at = name.length;
  const labels: [string, string][] = [];
  if (line[at] === '{') {
    at += 1;
    while (line[at] !== '}') {
      const label = /^[a-zA-Z_][a-zA-Z0-9_]*/.exec(line.slice(at))?.[0] ?? '';
      at += label.length;
      if (label === '' || line.slice(at, at + 2) !== '="') throw new Error(`no label at ${at}: ${line}`);
      at += 2;
      let value = '';
      while (line[at] !== '"') {
        if (at >= line.length) throw new Error(`no end of the label value: ${line}`);
        if (line[at] === '\\') {
          at += 1;
          const plain = ({ 'n': '\n', '\\': '\\', '"': '"' } as Record<string, string>)[line[at] ?? ''];
          if (plain === undefined) throw new Error(`an escape that there is not: ${line}`);
          value += plain;
        } else value += line[at] ?? '';
        at += 1;
      }
      at += 1;
      labels.push([label, value]);
      if (line[at] === ',') at += 1;
    }
    at += 1;
  }
  const rest = line.slice(at);
  if (!/^ +\S+$/.test(rest)) throw new Error(`no blank and value after the labels: ${line}`);
  return { name, labels, value: Number(rest) };
}

/** What a page must show of a label value: cut, and without halves of characters. */
export const shown = (value: string) => value.slice(0, 256).replace(/\p{Surrogate}/gu, '\ufffd');
export const keyOf = (name: string, labels: readonly (readonly [string, string])[]) => JSON.stringify([name, labels]);

/** Texts that break label values, JSON, or the eye of a reader. */
export const hostile = fc.oneof(
  fc.constantFrom('', '"', '\\', '\n', 'a,b="c"', 'x:y', '{}', '}', '\\n', '\\"', '\r', '\t', '\u0000', '\u2028', '__proto__', 'constructor', 'é', '😀', '\ud800', 'x'.repeat(10_000), `${'x'.repeat(255)}😀`, `${'x'.repeat(255)}𐀀`),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((codes) => String.fromCharCode(...codes)),
);
