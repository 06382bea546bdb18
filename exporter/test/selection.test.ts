import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Selection } from '../src/control/select.ts';
import { checkGroups, select } from '../src/control/select.ts';
import { compileExpression, facts } from '../src/control/expression.ts';
import type { Miner } from '../src/fleet/fleet.ts';

/** As much of a miner as a selection looks at. */
function miner(name: string, { site = 'north', rack, reading }: { site?: string; rack?: string; reading?: Record<string, unknown> } = {}): Miner {
  return { config: { name, site, rack }, model: 'Antminer L9', intent: 'mine', lacks: {}, ...(reading === undefined ? {} : { reading: { chip: {}, pcb: {}, psuTemperatures: {}, ...reading } }) } as unknown as Miner;
}

const fleet = [
  miner('m1', { rack: 'A', reading: { state: 'mining', chip: { max: 85 }, powerWatts: 3360, identity: { firmwareVersion: '1.2.6' } } }),
  miner('m2', { rack: 'B', reading: { state: 'stopped', chip: { max: 30 }, powerWatts: 60, restartRequired: true } }),
  miner('m3', { site: 'south', reading: { state: 'mining' } }),
  miner('m4'),
];
const profits: Record<string, number> = { m1: 3, m2: -0.2 };
const groups = { pair: { miners: ['m1', 'm3'] }, losing: { expression: 'profit_usd_per_day < 0.0' }, both: { miners: ['m4'], expression: 'rack == "B"' } };
const chosen = (selection: Selection, stale: readonly string[] = []) => select(fleet, selection, { groups, isFresh: ({ config }) => !stale.includes(config.name), profitOf: ({ config }) => profits[config.name] });

describe('an expression', () => {
  test.each<[string, string[]]>([
    ['state == "mining"', ['m1', 'm3']],
    ['state == "mining" && chip_temperature > 80', ['m1']],
    ['state in ["stopped", "failure"] || power_watts >= 3360.0', ['m1', 'm2']],
    ['name.startsWith("m") && site == "south"', ['m3']],
    ['"pair" in groups && !(rack == "A")', []],
    ['restart_required', ['m2']],
    ['profit_usd_per_day < 0.0', ['m2']],
    ['firmware_version.contains("1.2.") ', ['m1']],
    ['name == "m4"', ['m4']],
  ])('%s', (expression, names) => {
    if (names.length > 0) expect(chosen({ expression })).toEqual(names);
    else expect(() => chosen({ expression })).toThrow(`no miner fits expression ${expression}`);
  });

  test('what a miner does not tell fits neither a thing nor its opposite, and an old reading tells nothing', () => {
    expect(chosen({ expression: '!(chip_temperature > 80)' })).toEqual(['m2']);
    expect(chosen({ expression: 'state == "mining" || state != "mining"' }, ['m1'])).toEqual(['m2', 'm3']);
    expect(chosen({ expression: 'rack == "A"' }, ['m1'])).toEqual(['m1']);
  });

  test.each([
    ['chip_temp > 80', /^select\.expression: "chip_temp" is not known; there are name, site.*Write for example/],
    ['state = "mining"', /one "=" compares nothing; write "=="/],
    ['power_watts', /it gives a double, not true or false/],
    ['power_watts > "a"', /no such overload: double > string/],
    ['state == ', /select\.expression: /],
    ['state.matches("(a+)+$")', /"matches" cannot be used here/],
    ['[1, 2].exists(x, [1].exists(y, state.matches("a")))', /"exists" cannot be used here/],
  ])('%s is refused with the reason', (expression, said) => {
    expect(() => chosen({ expression })).toThrow(said);
  });

  test('a very long one is refused', () => {
    expect(() => chosen({ expression: `name == "${'x" || name == "'.repeat(300)}"` })).toThrow(/select\.expression: /);
  });

  test('no text whatever does anything but choose or be refused', () => {
    const word = fc.oneof(fc.constantFrom(...Object.keys(facts), '&&', '||', '!', '(', ')', '==', '<', '"a"', '1', '2.0', '.', 'has', 'size', '[', ']', 'in', '?', ':', 'map', 'constructor', '__proto__'), fc.string({ maxLength: 4 }));
    fc.assert(fc.property(fc.array(word, { maxLength: 12 }), (words) => {
      try {
        const fits = compileExpression(words.join(' '), 'x');
        for (const one of fleet) expect(typeof fits(one, true, { groups: [] })).toBe('boolean');
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: 'payload_invalid' });
      }
    }), { numRuns: 500 });
  });
});

describe('a group', () => {
  test('is who it lists and who fits it; several together are all of them; with another property both have to fit', () => {
    expect(chosen({ group: ['pair'] })).toEqual(['m1', 'm3']);
    expect(chosen({ group: ['losing'] })).toEqual(['m2']);
    expect(chosen({ group: ['both'] })).toEqual(['m2', 'm4']);
    expect(chosen({ group: ['pair', 'losing'] })).toEqual(['m1', 'm2', 'm3']);
    expect(chosen({ group: ['pair'], state: ['mining'], site: ['south'] })).toEqual(['m3']);
  });

  test('that is not there is named with those that are', () => {
    expect(() => chosen({ group: ['pears'] })).toThrow(expect.objectContaining({ message: 'select.group: there is no group "pears".', details: expect.objectContaining({ allowed: 'pair, losing, both' }) }));
    expect(() => chosen({ group: ['constructor'] })).toThrow('there is no group "constructor"');
  });

  test('with a wrong expression is refused when the configuration is read', () => {
    expect(() => checkGroups({ hot: { expression: 'chip_temp > 80' } })).toThrow(expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(/^groups\.hot\.expression: "chip_temp" is not known/) }));
    expect(() => checkGroups(groups)).not.toThrow();
  });
});
