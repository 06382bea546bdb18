/**
 * Every reply that was captured and every reply of the simulator, spoiled one field at a time: a wrong value is the same as none, what
 * is missing costs itself and what is worked out of it, and nothing is made up in its place.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { connect } from 'node:net';
import { startSimulator } from '../../simulator/src/simulator.ts';
import { parseCgminerReading } from '../src/miners/cgminer/parse.ts';
import { isObject, type JsonObject } from '../src/miners/fields.ts';
import { minerHttp } from '../src/miners/http.ts';
import { digestSession } from '../src/miners/vnish-cgi/digest.ts';
import { parseCgiReading } from '../src/miners/vnish-cgi/parse.ts';
import { parseChips } from '../src/miners/vnish/chips.ts';
import { parseReading } from '../src/miners/vnish/parse.ts';
import { parsePresets } from '../src/miners/vnish/presets.ts';
import { hashrateUnit, parseDuration } from '../src/miners/vnish/units.ts';
import { hostile } from './exposition.ts';
import { haveSamples, sample } from './fixtures.ts';
import { spec } from './running.ts';

type Replies = Readonly<Record<string, unknown>>;
type Kind = 'rest' | 'cgi' | 'cgminer';
interface Source { readonly name: string; readonly kind: Kind; readonly replies: Replies }
type Path = readonly (string | number)[];

const none = () => undefined;
const at = Date.UTC(2026, 10, 1);
const object = (value: unknown): JsonObject => (isObject(value) ? value : {});
const optional = (name: string, value: unknown) => (isObject(value) ? { [name]: value } : {});

/** Everything that the exporter takes from such replies. */
const parsers: Readonly<Record<Kind, (replies: Replies) => object>> = {
  rest({ info, model, perf, presets, summary, status, boards }) {
    const background = { ...optional('info', info), ...optional('model', model) };
    const unit = hashrateUnit(background);
    const listed = presets === undefined ? undefined : parsePresets(presets, unit, none);
    const reading = parseReading({ ...background, ...optional('perf', perf), ...(listed === undefined ? {} : { presets: listed }), summary: object(summary), ...optional('status', status) }, at, none);
    return { ...reading, ...(boards === undefined ? {} : { chips: parseChips(boards, unit, none) }) };
  },
  cgi: ({ system, status }) => parseCgiReading({ system: object(system), status: object(status) }, at, none),
  cgminer: ({ stats, summary, pools }) => parseCgminerReading({ stats: object(stats), ...optional('summary', summary), ...optional('pools', pools) }, { at, mismatch: none }),
};

/** A reading as its leaves, each under a name that does not depend on its place in a list. */
function leaves(value: unknown, name = '', found = new Map<string, unknown>()): Map<string, unknown> {
  if (Array.isArray(value)) {
    for (const item of value as JsonObject[]) {
      let own = `${name}/${['board', 'chip', 'fan', 'slot', 'name'].filter((key) => key in item && (key !== 'chip' || typeof item[key] === 'number')).map((key) => String(item[key])).join('.')}`;
      // Once more under the same number is something that was said and shows as such.
      while (found.has(`${own}/`)) own += '#';
      found.set(`${own}/`, 'there');
      leaves(item, own, found);
    }
  } else if (isObject(value)) for (const [key, one] of Object.entries(value)) leaves(one, `${name}/${key}`, found);
  else found.set(name, value);
  return found;
}

/** The same replies with something done at one place; `undefined` takes it away. */
function changed(value: unknown, [step, ...rest]: Path, change: (value: unknown) => unknown): unknown {
  if (step === undefined) return change(value);
  if (Array.isArray(value)) {
    const next = changed(value[step as number], rest, change);
    return next === undefined ? value.filter((_one, index) => index !== step) : value.map((one: unknown, index) => (index === step ? next : one));
  }
  const { [step]: old, ...others } = value as Record<string, unknown>;
  const next = changed(old, rest, change);
  return next === undefined ? others : { ...(value as JsonObject), [step]: next };
}

function pathsOf(value: unknown, path: Path = []): Path[] {
  const below = Array.isArray(value) ? value.flatMap((one: unknown, index) => pathsOf(one, [...path, index])) : isObject(value) ? Object.keys(value).flatMap((key) => pathsOf(value[key], [...path, key])) : [];
  return path.length === 0 ? below : [path, ...below];
}

const spoiled = ({ kind, replies }: Source, path: Path, change: (value: unknown) => unknown) => leaves(parsers[kind](changed(replies, path, change) as Replies));
const written = (path: Path) => path.join('.');

/** The first of a long list of like things stand for all: chips of a board, presets. */
const few = (list: unknown, count: number): unknown[] => (list as unknown[]).slice(0, count);
const fewChips = (boards: unknown) => few(boards, 1).map((board) => ({ ...(board as JsonObject), chips: few((board as { chips: unknown }).chips, 3) }));

const sources: Source[] = [];

beforeAll(async () => {
  const rest = (['l7', 'l9', 's21pro'] as const).flatMap((model) => (['1.2.7', '1.3.4'] as const).map((firmware) => spec(`${model}-${firmware}`, { model, firmware })));
  const simulator = await startSimulator({ miners: [...rest, { name: 'l3plus', model: 'l3plus', firmware: '3.9.0', mac: '02:51:AA:00:00:31', pools: [{ url: 'us.mining.prohashing.com:3333', user: 'demo', pass: 'n=l3plus' }] }], speed: 0 });
  try {
    for (const miner of simulator.miners) {
      const { token } = await (await fetch(`${miner.url}/api/v1/unlock`, { method: 'POST', body: '{"pw":"admin"}', headers: { 'content-type': 'application/json' } })).json() as { token: string };
      const get = async (path: string): Promise<unknown> => (await fetch(`${miner.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } })).json();
      sources.push({ name: miner.name, kind: 'rest', replies: {
        info: await get('/info'), model: await get('/model'), perf: await get('/perf-summary'), presets: few(await get('/autotune/presets'), 3), summary: await get('/summary'), status: await get('/status'), boards: fewChips(await get(miner.spec.firmware === '1.2.7' ? '/chains' : '/boards')),
      } });
    }
    const old = simulator.cgiMiner('l3plus');
    const http = minerHttp(old.address);
    const session = digestSession({ http, user: 'root', password: 'root', now: Date.now });
    const script = async (name: string): Promise<unknown> => JSON.parse((await session.authorized({ path: `/cgi-bin/${name}`, signal: AbortSignal.timeout(10_000) })).body);
    sources.push({ name: 'l3plus', kind: 'cgi', replies: { system: await script('get_system_info.cgi'), status: await script('get_miner_status.cgi') } });
    await http.close();
    for (const miner of [old, simulator.miner('l9-1.2.7'), simulator.miner('s21pro-1.2.7')]) {
      const ask = async (command: string) => rpc(miner.host, miner.cgminerPort!, command);
      sources.push({ name: `${miner.name} over 4028`, kind: 'cgminer', replies: { stats: await ask('stats'), summary: await ask('summary'), pools: await ask('pools') } });
    }
  } finally {
    await simulator.stop();
  }
  if (!haveSamples) return;
  const [first, second] = sample('l9-1.2.6-and-1.2.7-info-summary-excerpt.json') as [JsonObject, JsonObject];
  sources.push(
    { name: 'captured s21pro', kind: 'rest', replies: { info: sample('s21pro-1.2.7-info.json'), summary: sample('s21pro-1.2.7-summary.json') } },
    { name: 'captured s19', kind: 'rest', replies: { info: sample('s19-1.2.6-info.json'), model: sample('s19-1.2.6-model.json'), perf: sample('s19-1.2.6-perf-summary.json'), status: sample('s19-1.2.6-status-failure.json'), summary: sample('s19-1.2.6-summary-failure.json') } },
    { name: 'captured l9, 1', kind: 'rest', replies: { info: first['info'], summary: first['summary'] } },
    { name: 'captured l9, 2', kind: 'rest', replies: { info: second['info'], summary: second['summary'] } },
    { name: 'captured s19jpro over 4028', kind: 'cgminer', replies: { stats: sample('s19jpro-1.2.7-rpc4028-stats.json'), summary: sample('s19jpro-1.2.7-rpc4028-summary.json'), pools: sample('s19jpro-1.2.7-rpc4028-pools.json') } },
    { name: 'captured s19xp over 4028', kind: 'cgminer', replies: { stats: sample('s19xp-1.2.0-rc1-rpc4028-stats.json'), summary: sample('s19xp-1.2.0-rc1-rpc4028-summary.json'), pools: sample('s19xp-1.2.0-rc1-rpc4028-pools.json') } },
    { name: 'captured s21pro over 4028', kind: 'cgminer', replies: { stats: sample('s21pro-1.2.7-rpc4028-stats.json') } },
    { name: 'captured l3plus over 4028', kind: 'cgminer', replies: { stats: sample('l3plus-rwglr-NOT-VNISH-rpc4028-stats-excerpt.json') } },
  );
});

/** One command over one connection. */
async function rpc(host: string, port: number, command: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let text = '';
    connect({ host, port }).on('error', reject).on('data', (data) => (text += data.toString())).on('end', () => resolve(JSON.parse(text.replace(/\0$/, '')))).write(JSON.stringify({ command }));
  });
}

/** Calls `look` for each place of each reply with what was read of the whole. */
function everywhere(look: (source: Source, path: Path, whole: ReadonlyMap<string, unknown>) => void): void {
  expect(sources.length).toBeGreaterThanOrEqual(10);
  for (const source of sources) {
    const whole = leaves(parsers[source.kind](source.replies));
    expect(whole.size).toBeGreaterThan(10);
    for (const path of pathsOf(source.replies)) look(source, path, whole);
  }
}

const isNumeric = (value: unknown) => typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()));

/** What no field of this kind may be; null is for all. */
function wrongFor(value: unknown, kind: Kind): unknown[] {
  // Older firmwares write numbers as texts, so that either is right.
  if (isNumeric(value) && (typeof value === 'number' || kind !== 'rest')) return [null, [], 't\u00e4xt \ud800', -1];
  if (typeof value === 'string') return [null, true, {}];
  if (typeof value === 'boolean') return [null, 1, 'true'];
  return Array.isArray(value) ? [null, 'text', {}] : [null, 'text', []];
}

/** Where a wrong value tells more than a missing one. */
const wordsForNone: readonly RegExp[] = [/failure_code$/];

/** Where something else is known when a field is missing: the kind and the field, and the leaf that is then told by other means. */
const secondBest: readonly (readonly [RegExp, RegExp])[] = [
  // Words for not being told.
  [/pools\.(POOLS\.)?\d+\.(status|Status|Stratum Active)$/, /^\/pools\/\d+\/status$/],
  [/pools\.(POOLS\.)?\d+\.(user|User)$/, /^\/pools\/\d+\/user$/],
  [/pools\.\d+\.pool_type$/, /^\/pools\/\d+\/kind$/],
  // Without a slot of its own a pool has its place in the list.
  [/^(cgi|cgminer) .*pools(\.POOLS)?\.\d+(\.(POOL|index|Type|URL|url))?$/, /^\/pools\//],
  [/^rest presets\.\d+\.pretty$/, /^\/presets\/[^/]+\/(label|needsModifiedPsu)$/],
  // What is not said to be tuned is taken for untuned: the safe side.
  [/^rest presets\.\d+\.status$/, /^\/presets\/[^/]+\/tuned$/],
  // The preset's own text promises a rounded hashrate.
  [/^rest presets\.\d+(\.(tune_settings(\.hashrate)?|name))?$/, /^\/(presets\/[^/]+|preset)\/hashrate$/],
  [/^rest presets$/, /^\/preset\/hashrate$/],
  // Power that no supply measures is the firmware's estimate.
  [/^rest summary\.miner\.psu(\.psu_power_metering)?$/, /^\/powerMeasured$/],
  // /summary carries a copy of /status, /summary and /model the model's name.
  [/^rest status$/, /^\/(state|stateSeconds|failure\/.*|throttleRatio)$/],
  [/^rest info(\.miner)?$/, /^\/identity\//],
  // A board that is not in the list is not there.
  [/^cgi status\.devs\.\d+$/, /^\/(powerWatts|hardwareErrors|(pcb|chip)\/(min|max)|fans\/.*)$/],
  [/^cgi status\.devs\.\d+\.(index|temp2?)$/, /^\/(pcb|chip)\/(min|max)$/],
  // The span of the sensors that are left, the boards' own errors in place of their sum, a lesser field in place of a better.
  [/^cgminer stats\.STATS\.\d+\.(temp|chain_)/, /^\/(pcb|chip)\/(min|max)$|^\/boards\/\d+\/(pcb|chip)\/(min|max)$/],
  [/^cgminer stats\.STATS\.\d+\.(chain_|freq)/, /^\/(powerWatts|hardwareErrors|boards\/\d+\/.*)$/],
  [/^cgminer summary(\.SUMMARY(\.\d+(\.Hardware Errors)?)?)?$/, /^\/hardwareErrors$/],
  // Without a state, what hashes is mining since it runs.
  [/^cgminer stats\.STATS\.\d+\.state$/, /^\/(state|stateSeconds|fans\/.*)$/],
  [/^cgminer stats\.STATS\.\d+\.fan/, /^\/fans\//],
];

describe('a reply with one field spoiled', () => {
  test('is read as one that lacks the field', () => {
    const odd: string[] = [];
    everywhere((source, path) => {
      if (wordsForNone.some((one) => one.test(written(path)))) return;
      const without = spoiled(source, path, () => undefined);
      const value = path.reduce<unknown>((one, step) => (one as Record<string, unknown>)[step], source.replies);
      for (const wrong of wrongFor(value, source.kind)) {
        const read = spoiled(source, path, () => wrong);
        const differing = [...new Set([...read.keys(), ...without.keys()])].filter((key) => read.get(key) !== without.get(key));
        if (differing.length > 0) odd.push(`${source.name}: ${written(path)} = ${JSON.stringify(wrong)}: ${differing.map((key) => `${key} ${String(without.get(key))} -> ${String(read.get(key))}`).join(', ').slice(0, 200)}`);
      }
    });
    expect(odd).toEqual([]);
  });

  test('loses what the field told and nothing else, and says nothing that the whole did not say', () => {
    const odd: string[] = [];
    everywhere((source, path, whole) => {
      const rest = spoiled(source, path, () => undefined);
      const name = `${source.kind} ${written(path)}`;
      const told = [...rest].filter(([key, value]) => whole.get(key) !== value && !secondBest.some(([field, leaf]) => field.test(name) && leaf.test(key)));
      if (told.length > 0) odd.push(`${source.name}: without ${written(path)} says ${told.map(([key, value]) => `${key} ${String(whole.get(key))} -> ${String(value)}`).join(', ').slice(0, 300)}`);
    });
    expect(odd).toEqual([]);
  });

  test('is read the same with lists in another order, and with what is told twice', () => {
    const odd: string[] = [];
    everywhere((source, path, whole) => {
      const value = path.reduce<unknown>((one, step) => (one as Record<string, unknown>)[step], source.replies);
      if (!Array.isArray(value) || !value.every(isObject)) return;
      // A list of presets is shown in the order and number in which it came.
      const ways = [...(path[0] === 'boards' || path[0] === 'presets' ? [] : [[...value, ...value]]), [...value].reverse()];
      for (const way of ways) {
        const read = spoiled(source, path, () => way);
        const differing = [...new Set([...read.keys(), ...whole.keys()])].filter((key) => read.get(key) !== whole.get(key));
        if (differing.length > 0) odd.push(`${source.name}: ${written(path)}: ${differing.map((key) => `${key} ${String(whole.get(key))} -> ${String(read.get(key))}`).join(', ').slice(0, 300)}`);
      }
    });
    expect(odd).toEqual([]);
  });

  test('is read the same with keys that every object has', () => {
    const polluted = JSON.parse('{"__proto__":{"miner":"x","hr_measure":"TH/s","state":"mining"},"constructor":1,"toString":null,"hasOwnProperty":[]}') as JsonObject;
    const odd: string[] = [];
    everywhere((source, path, whole) => {
      const value = path.reduce<unknown>((one, step) => (one as Record<string, unknown>)[step], source.replies);
      if (!isObject(value)) return;
      const read = spoiled(source, path, () => Object.defineProperties({ ...value }, Object.getOwnPropertyDescriptors(polluted)));
      if ([...new Set([...read.keys(), ...whole.keys()])].some((key) => read.get(key) !== whole.get(key))) odd.push(`${source.name}: ${written(path)}`);
    });
    expect(odd).toEqual([]);
  });
});

describe('a reply spoiled in many places', () => {
  test('is not believed where a text promises absurd watts, hashes or days', () => {
    const huge = '9'.repeat(30);
    const presets = [{ name: huge, pretty: `${huge} watt ~ ${huge} TH`, status: 'tuned' }, { name: '0x10', pretty: `3200 watt ~ ${huge}${huge} MH`, status: 'tuned' }, { name: '3200', pretty: '3200 watt ~ 9300 MH', status: 'tuned' }];
    expect(parsePresets(presets, 1e6, none).map(({ powerWatts, hashrate }) => [powerWatts, hashrate])).toEqual([[undefined, undefined], [3200, undefined], [3200, 9.3e9]]);
    // The place that seed 1624935036 of the property below found.
    const { switcher } = parsers.rest({ perf: { preset_switcher: { enabled: true, top_preset: huge, min_preset: '1100' } }, summary: {} }) as { switcher?: object };
    expect(switcher).toEqual({ enabled: true, minPresetWatts: 1100 });
    expect([parseDuration(`${huge} days, 18:00`), parseDuration(`${huge}:00`), parseDuration('10 days, 18:00')]).toEqual([undefined, undefined, 928_800]);
  });

  // The seed is one that once found a preset of 9e29 W.
  test.each([[undefined], [1_624_935_036]])('is read without an exception, and holds no number that is none, below zero or absurd (seed %s)', (seed) => {
    const odd = fc.oneof(hostile, fc.double(), fc.integer(), fc.constantFrom<unknown>(undefined, null, true, [], {}, -0, 0.5, 1e308, '1e999', '-5', '9'.repeat(30), '0-0-0', [null], [[]], [{}, {}], { id: 1e300 }));
    const wound = fc.record({ place: fc.nat(), value: odd });
    fc.assert(fc.property(fc.nat(), fc.array(wound, { minLength: 1, maxLength: 12 }), (which, wounds) => {
      const { kind, replies } = sources[which % sources.length]!;
      let text = replies as unknown;
      for (const { place, value } of wounds) {
        const paths = pathsOf(text);
        if (paths.length > 0) text = changed(text, paths[place % paths.length]!, () => value);
      }
      for (const [leaf, value] of leaves(parsers[kind](text as Replies))) {
        if (/\/(board|fan|slot|chip)$/.test(leaf) && typeof value === 'number') expect([leaf, Number.isInteger(value)]).toEqual([leaf, true]);
        if (typeof value === 'number' && leaf !== '/failure/code') expect([leaf, value >= 0 && value <= 1e27]).toEqual([leaf, true]);
      }
    }), { numRuns: 400, ...(seed === undefined ? {} : { seed }) });
  });
});
