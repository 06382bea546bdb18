import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { createPage, labelText, type Page, type PageFamily } from '../src/metrics/page.ts';
import { hostile, keyOf, parse, shown } from './exposition.ts';

interface Sample { readonly family: string; readonly labels: Readonly<Record<string, string>>; readonly value: number | undefined }
interface OwnerState { readonly base: Readonly<Record<string, string>>; readonly samples: readonly Sample[] }

const families: readonly PageFamily[] = [
  { name: 'a_watts', type: 'gauge', help: 'Power.' }, { name: 'b_total', type: 'counter', help: 'A \\ backslash\nand a second line.' },
  { name: 'c_info', type: 'gauge', help: 'About.' },
];

/** Every series that the states describe, first come first counted. */
function expected(states: ReadonlyMap<string, OwnerState>): Map<string, number> {
  const all = new Map<string, number>();
  for (const { base, samples } of states.values()) {
    for (const { family, labels, value } of samples) {
      const key = keyOf(family, [...Object.entries(base), ...Object.entries(labels)].map(([name, text]) => [name, shown(text)] as const));
      if (value !== undefined && Number.isFinite(value) && !all.has(key)) all.set(key, Object.is(value, -0) ? 0 : value);
    }
  }
  return all;
}

function put(page: Page, name: string, { base, samples }: OwnerState): void {
  page.set(name, labelText(base), (emit) => {
    for (const { family, labels, value } of samples) emit(family, labelText(labels), value);
  });
}

function read(page: Page): Map<string, number> {
  const { samples } = parse(page.render().toString());
  const all = new Map(samples.map(({ name, labels, value }) => [keyOf(name, labels), value]));
  expect(all.size).toBe(samples.length);
  expect(page.seriesCount).toBe(samples.length);
  return all;
}

const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, NaN, Infinity, -Infinity, 1e21, 123456789012345680000, -1.2345678901234567e-100, -0.0000012345678901234567, 5e-324, -1.7976931348623157e308), fc.constant(undefined), fc.integer());
const labels = fc.oneof(fc.constant({}), fc.record({ board: fc.constantFrom('1', '2', '3') }), fc.record({ url: hostile }), fc.record({ url: hostile, user: hostile }));
const samples = fc.array(fc.record({ family: fc.constantFrom('a_watts', 'b_total', 'c_info'), labels, value: number }), { maxLength: 8 });
// Owners differ in their base, as miners do by their name.
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('set' as const), owner: fc.constantFrom('m1', 'm2', 'm3'), model: fc.constantFrom('L9', 'unknown'), samples }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), owner: fc.constantFrom('m1', 'm2', 'm3') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('render' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('change' as const), owner: fc.constantFrom('m1', 'm2', 'm3'), values: fc.array(number, { maxLength: 8 }) }) },
);

describe('the slot page', () => {
  test('reads back as what was put in, whatever the label values are', () => {
    fc.assert(fc.property(fc.dictionary(fc.constantFrom('m1', 'm2', 'm3', '__proto__'), samples), (byOwner) => {
      const states = new Map(Object.entries(byOwner).map(([owner, list]) => [owner, { base: { miner: owner, site: 'a"b' }, samples: list }]));
      const page = createPage(families);
      for (const [owner, state] of states) put(page, owner, state);
      expect(read(page)).toEqual(expected(states));
    }), { numRuns: 300 });
  });

  test('after any sequence of changes is the page of the final state', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const page = createPage(families);
      const states = new Map<string, OwnerState>();
      for (const one of steps) {
        if (one.kind === 'render') expect(read(page)).toEqual(expected(states));
        else if (one.kind === 'remove') {
          states.delete(one.owner);
          page.remove(one.owner);
        } else {
          const before = states.get(one.owner);
          const next: OwnerState = one.kind === 'set'
            ? { base: { miner: one.owner, model: one.model }, samples: one.samples }
            : { base: before?.base ?? { miner: one.owner, model: 'L9' }, samples: (before?.samples ?? []).map((sample, index) => ({ ...sample, value: index in one.values ? one.values[index] : sample.value })) };
          states.set(one.owner, next);
          put(page, one.owner, next);
        }
      }
      const fresh = createPage(families);
      for (const [owner, state] of states) put(fresh, owner, state);
      expect(read(page)).toEqual(expected(states));
      const lines = (text: string) => text.split('\n').sort();
      expect(lines(page.render().toString())).toEqual(lines(fresh.render().toString()));
    }), { numRuns: 300 });
  });

  test('two values that differ only in half a character make one series, since they look the same on the wire', () => {
    const page = createPage(families);
    page.set('m', '', (emit) => {
      emit('c_info', labelText({ url: '\ud800' }), 1);
      emit('c_info', labelText({ url: '\ud801' }), 1);
    });
    expect(read(page).size).toBe(1);
  });

  test('has HELP and TYPE once for each family that has series, and nothing for others', () => {
    const page = createPage(families);
    page.set('m', labelText({ miner: 'm' }), (emit) => {
      emit('b_total', '', 1);
      emit('a_watts', '', undefined);
    });
    expect(page.render().toString().replace(/ +1$/m, ' 1')).toBe('# HELP b_total A \\\\ backslash\\nand a second line.\n# TYPE b_total counter\nb_total{miner="m"} 1\n');
    page.remove('m');
    expect(page.render().toString()).toBe('');
    expect(page.seriesCount).toBe(0);
  });

  test('the longest texts that a double can have fit beside their name, with and without labels', () => {
    for (const value of [-1.2345678901234567e-100, -2.2250738585072014e-308, -0.0000012345678901234567, -123456789012345680000]) {
      const page = createPage(families);
      page.set('m', '', (emit) => emit('a_watts', '', value));
      page.set('n', labelText({ miner: 'n' }), (emit) => emit('a_watts', '', value));
      expect([...read(page).values()]).toEqual([value, value]);
    }
  });

  test('a family that is not in the catalogue is a defect and is said', () => {
    expect(() => createPage(families).set('m', '', (emit) => emit('other', '', 1))).toThrow('"other" is not in the catalogue of series');
  });

  test('of a fleet is the same text however miners came, went and changed, and a line that comes or goes leaves all others as they are', () => {
    const page = createPage([{ name: 'up', type: 'gauge', help: 'Up.' }, { name: 'heat', type: 'gauge', help: 'Heat.' }]);
    const expected = new Map<string, string>();
    const put = (id: number, heat: number | undefined) => {
      page.set(`m${id}`, labelText({ miner: `m${id}` }), (emit) => {
        emit('up', '', id);
        emit('heat', labelText({ board: '1' }), heat);
      });
      expected.set(`m${id}`, `up ${id}${heat === undefined ? '' : ` heat ${heat}`}`);
    };
    for (let id = 0; id < 900; id += 1) put(id, id);
    const seen = () => {
      const found = new Map<string, string>();
      for (const { name, labels, value } of parse(page.render().toString()).samples) {
        const miner = labels.find(([label]) => label === 'miner')![1];
        found.set(miner, `${found.has(miner) ? `${found.get(miner)!} ` : ''}${name} ${value}`);
      }
      return found;
    };
    expect(seen()).toEqual(expected);
    for (let round = 0; round < 20; round += 1) {
      for (let id = round; id < 900; id += 7) {
        page.remove(`m${id}`);
        expected.delete(`m${id}`);
      }
      for (let id = round; id < 900; id += 5) put(id, round % 2 === 0 ? undefined : id / 8);
      expect(seen()).toEqual(expected);
    }
    expect(page.seriesCount).toBe([...expected.values()].reduce((sum, text) => sum + text.split(' ').length / 2, 0));
  });

  test('is accepted by promtool with hostile label values', () => {
    const page = createPage(families);
    for (const [index, list] of fc.sample(samples, { numRuns: 50, seed: 7 }).entries()) {
      put(page, `m${index}`, { base: { miner: `m${index}` }, samples: list.filter(({ family }) => family !== 'c_info') });
    }
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: page.render(), encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  });

  test('takes ten thousand series of one owner in, twice, within a second', () => {
    const page = createPage(families);
    const began = performance.now();
    for (let round = 0; round < 2; round += 1) {
      page.set('m', labelText({ miner: 'm' }), (emit) => {
        for (let board = 0; board < 10_000; board += 1) emit('a_watts', `board="${round === 0 ? board : 9_999 - board}"`, round);
      });
    }
    expect(page.seriesCount).toBe(10_000);
    expect(performance.now() - began).toBeLessThan(1000);
  });
});
