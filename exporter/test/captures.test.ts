/** Real replies of real machines go through the parser and give a golden page each (SOURCES.md names their origin). */
import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../src/miners/fields.ts';
import { parsePresets, parseReading, type Replies } from '../src/miners/vnish/parse.ts';
import { haveSamples, sample } from './fixtures.ts';
import { golden, pageOfReading, promtoolAccepts } from './golden-page.ts';

const at = Date.UTC(2026, 10, 1);

/** The page of a miner that answered with these replies, and what was counted as missing. */
async function pageOf(replies: Replies): Promise<{ page: string; mismatches: string[] }> {
  const mismatches: string[] = [];
  const reading = parseReading(replies, at, (source, field) => void mismatches.push(`${source}.${field}`));
  return { page: await pageOfReading(reading), mismatches };
}

const l9 = () => sample('l9-1.2.6-and-1.2.7-info-summary-excerpt.json') as [{ info: JsonObject; summary: JsonObject }, { info: JsonObject; summary: JsonObject }];
const captures: readonly (readonly [string, () => Replies])[] = [
  ['s21pro-1.2.7-auto-tuning', () => ({ info: sample('s21pro-1.2.7-info.json') as JsonObject, summary: sample('s21pro-1.2.7-summary.json') as JsonObject })],
  ['s19-1.2.6-failure', () => ({
    info: sample('s19-1.2.6-info.json') as JsonObject, model: sample('s19-1.2.6-model.json') as JsonObject, perf: sample('s19-1.2.6-perf-summary.json') as JsonObject,
    status: sample('s19-1.2.6-status-failure.json') as JsonObject, summary: sample('s19-1.2.6-summary-failure.json') as JsonObject,
  })],
  ['l9-1.2.7-excerpt', () => l9()[0]],
  ['l9-1.2.6-excerpt', () => l9()[1]],
];
const skipReason = '(skipped: ../shared/reference/vnish-samples is not beside the project)';

describe('a captured reply', () => {
  for (const [name, replies] of captures) {
    (haveSamples ? test : test.skip)(`${name} gives its golden page, which promtool accepts ${haveSamples ? '' : skipReason}`, async () => {
      const { page } = await pageOf(replies());
      golden(name, page);
      promtoolAccepts(page);
    });

    (haveSamples ? test : test.skip)(`${name} with any one section null or missing still gives a page without inventing values ${haveSamples ? '' : skipReason}`, async () => {
      const whole = replies();
      const miner = whole.summary['miner'] as JsonObject;
      const lines = new Set((await pageOf(whole)).page.split('\n'));
      for (const section of Object.keys(miner)) {
        for (const value of [null, undefined, 'text', -1, []]) {
          const { page } = await pageOf({ ...whole, summary: { miner: { ...miner, [section]: value } } });
          promtoolAcceptsOnce(page);
          // What is left says nothing that the whole reply did not say, but for what is worked out of fewer parts.
          const invented = page.split('\n').filter((line) => !lines.has(line) && !/^(#|miner_(efficiency|hashrate_ratio|revenue|profit|power_cost|breakeven|board_up|board_deviation|pools_alive|power_measured|info|up|hashrate_ratio)|$)/.test(line) && !line.includes('model="unknown"'));
          expect(invented).toEqual([]);
        }
      }
    });
  }

  (haveSamples ? test : test.skip)(`unit: an L9 says MH/s and gives 17.39 GH/s, an S21 Pro says GH/s and gives 173.9 TH/s ${haveSamples ? '' : skipReason}`, () => {
    const none = () => undefined;
    expect(parseReading(l9()[0], at, none).hashrate).toBe(17_394_832_000);
    expect(parseReading({ info: sample('s21pro-1.2.7-info.json') as JsonObject, summary: sample('s21pro-1.2.7-summary.json') as JsonObject }, at, none).hashrate).toBe(173_870_940_000_000);
  });

  (haveSamples ? test : test.skip)(`preset lists of three builds are read with watts and hashrates ${haveSamples ? '' : skipReason}`, () => {
    const read = (name: string) => parsePresets(sample(name), 1e9, () => undefined);
    expect(read('s19-1.2.6-autotune-presets.json').find((preset) => preset.name === '1100')).toMatchObject({ powerWatts: 1100, hashrate: 53e12, tuned: false });
    const older = read('s19x-older-autotune-presets-with-LC.json');
    expect(older.length).toBeGreaterThan(0);
    expect(older.filter((preset) => preset.name !== 'disabled').every((preset) => preset.powerWatts !== undefined && (preset.hashrate ?? 0) > 1e12)).toBe(true);
  });
});

/** promtool costs 20 ms a call: pages that differ only in values are checked once. */
const accepted = new Set<string>();
function promtoolAcceptsOnce(page: string): void {
  const shape = page.replace(/ \S+$/gm, '');
  if (accepted.has(shape)) return;
  accepted.add(shape);
  promtoolAccepts(page);
}
