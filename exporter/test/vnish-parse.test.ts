/** Whatever a miner sends, every parser gives finite numbers or nothing, and never throws. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fieldsOf, type JsonObject } from '../src/miners/fields.ts';
import { parseChips } from '../src/miners/vnish/chips.ts';
import { parseFactory, parseLimits } from '../src/miners/vnish/hardware.ts';
import { parseHistory } from '../src/miners/vnish/history.ts';
import { parseReading, type Replies } from '../src/miners/vnish/parse.ts';
import { parsePresets, parseSwitcher } from '../src/miners/vnish/presets.ts';
import { hashOf, parseNotes, parseSettings } from '../src/miners/vnish/settings.ts';
import { parseDuration } from '../src/miners/vnish/units.ts';
import { simulated, spec } from './running.ts';

const none = () => undefined;

/** What may stand in place of any value. */
const strange: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, -1, 0, 1e308, -1e308, Number.MAX_VALUE, Number.MIN_VALUE, Number.NaN, Number.POSITIVE_INFINITY, '', 'null', 'N/A', '\u0000', '\ud800', '1e400', 'true', [], {}, [[]], [null], '__proto__', JSON.parse('{"__proto__": {"polluted": 1}}')),
  fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.jsonValue(),
);

/** The same tree with one value dropped, renamed or replaced, at a place that `pick` (0 to 1) chooses. */
function spoiled(value: unknown, { pick, by, how }: { pick: number; by: unknown; how: 'drop' | 'replace' | 'rename' }): unknown {
  const copy = structuredClone(value);
  const places: [Record<string, unknown>, string][] = [];
  const walk = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      walk((node as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const place = places[Math.min(places.length - 1, Math.floor(pick * places.length))];
  if (place === undefined) return copy;
  const [node, key] = place;
  if (how === 'replace') node[key] = by;
  else if (how === 'rename') Object.defineProperty(node, '__proto__', { value: node[key], enumerable: true, configurable: true, writable: true });
  if (how !== 'replace') Reflect.deleteProperty(node, key);
  return copy;
}

const spoiling = fc.record({ pick: fc.double({ min: 0, max: 1, noNaN: true }), by: strange, how: fc.constantFrom('drop', 'replace', 'rename') });

/** What no parser may give, by its place; plain code, since an expectation for each of ten thousand numbers takes a minute. */
function problemsOf(value: unknown, place = ''): string[] {
  if (typeof value === 'number') return Number.isFinite(value) ? [] : [`${place} is ${value}`];
  if (typeof value === 'string') return value.length <= 512 ? [] : [`${place} is ${value.length} characters long`];
  if (value === undefined) return [`${place} is there and undefined`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => (key === 'polluted' ? [`${place} was polluted`] : problemsOf(inner, `${place}.${key}`)));
}

function expectSane(value: unknown): void {
  // A reply of which nothing is known gives nothing.
  expect(value === undefined ? [] : problemsOf(value)).toEqual([]);
}

type Parser = (reply: unknown) => unknown;
const asObject = (reply: unknown): JsonObject => (typeof reply === 'object' && reply !== null && !Array.isArray(reply) ? reply as JsonObject : {});

const everything = { from: 0, to: 1e15, stepSeconds: 300, unit: 1e6, annotationBoard: 'board_id', now: 0, mismatch: none } as const;
const parsers: readonly (readonly [path: string, parse: Parser])[] = [
  ['/boards', (reply) => parseChips(reply, 1e6, none)],
  ['/model', (reply) => parseLimits(asObject(reply), none)],
  ['/chains/factory-info', (reply) => parseFactory(asObject(reply), none)],
  ['/autotune/presets', (reply) => parsePresets(reply, 1e6, none)],
  ['/perf-summary', (reply) => parseSwitcher(fieldsOf(asObject(reply), 'perf-summary', none))],
  ['/metrics?time_slice=7200&step=300', (reply) => parseHistory(asObject(reply), everything)],
  ['/settings', (reply) => parseSettings(asObject(reply), ['power_limit'], none)],
  ['/notes', (reply) => parseNotes(reply, none)],
];

async function repliesOf(): Promise<Map<string, unknown>> {
  const simulator = await simulated([spec('m', { preset: '3360' })]);
  const miner = simulator.miner('m');
  miner.state().notes.set('rack', 'A 1');
  simulator.clock.advance(600_000);
  const { token } = await (await fetch(`${miner.url}/api/v1/unlock`, { method: 'POST', body: '{"pw":"admin"}' })).json() as { token: string };
  const paths = [...parsers.map(([path]) => path), '/info', '/summary', '/status'];
  return new Map(await Promise.all(paths.map(async (path) => [path, await (await fetch(`${miner.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })).json()] as const)));
}

describe('a true reply with one part dropped, retyped, huge, negative or odd', () => {
  test.each(parsers.map(([path]) => path))('of %s gives finite numbers or nothing', async (path) => {
    const reply = (await repliesOf()).get(path);
    const parse = parsers.find(([name]) => name === path)![1];
    // The reply itself is understood: what follows is not empty talk.
    expect(JSON.stringify(parse(reply)).length).toBeGreaterThan(20);
    fc.assert(fc.property(spoiling, (how) => expectSane(parse(spoiled(reply, how)))), { numRuns: 400 });
    fc.assert(fc.property(strange, (nonsense) => expectSane(parse(nonsense))), { numRuns: 200 });
  });

  test('of any endpoint gives a reading of finite numbers', async () => {
    const replies = await repliesOf();
    const whole = { info: replies.get('/info'), summary: replies.get('/summary'), status: replies.get('/status'), model: replies.get('/model'), perf: replies.get('/perf-summary') } as Replies;
    const part = fc.constantFrom('info', 'summary', 'status', 'model', 'perf');
    fc.assert(fc.property(part, spoiling, (name, how) => {
      const reply = asObject(spoiled(whole[name as 'summary'], how));
      expectSane(parseReading({ ...whole, [name]: reply }, 0, none));
    }), { numRuns: 400 });
  });

  test('of the settings has a hash all the same', async () => {
    const reply = (await repliesOf()).get('/settings');
    fc.assert(fc.property(spoiling, (how) => expect(hashOf(parseSettings(asObject(spoiled(reply, how)), [], none))).toMatch(/^[0-9a-f]{16}$/)), { numRuns: 50 });
  });
});

test.each([['0:06', 360], ['2:38', 9480], ['1 day, 3:20', 98_400], ['10 days, 18:00', 928_800], ['0:00:04', 4], ['0', undefined], ['soon', undefined], ['', undefined], ['-1:00', undefined]])('a duration of "%s" is %s s', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});
