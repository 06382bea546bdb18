import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, loadConfig, parseConfig } from '../src/config/load.ts';
import { poolTypeTable } from '../src/config/pool-types.ts';
import { here } from './fixtures.ts';

const folder = path.join(here, 'testdata');

function problemsOf(text: string, file: string): string {
  try {
    parseConfig(text, file);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
    throw thrown;
  }
  return 'accepted';
}

describe('a fleet.yaml with a mistake is refused, with file, line, column, place and remedy', () => {
  const cases = readdirSync(folder).filter((name) => /^invalid-.*\.yaml$/.test(name));

  test('every mistake has its message written down', () => {
    expect(cases.length).toBeGreaterThan(25);
    expect(readdirSync(folder).filter((name) => name.endsWith('.txt')).sort()).toEqual(cases.map((name) => name.replace('.yaml', '.txt')).sort());
  });

  test.each(cases)('%s', (name) => {
    const text = readFileSync(path.join(folder, name), 'utf8');
    expect(`${problemsOf(text, name)}\n`).toBe(readFileSync(path.join(folder, name.replace('.yaml', '.txt')), 'utf8'));
  });

  test('all mistakes of a file are named at once, in the order of its lines', () => {
    const lines = problemsOf('miners:\n  - {name: "a b", address: "x:0"}\nextra: 1\npoll: {concurrency: 0}\n', 'f').split('\n');
    expect(lines.map((line) => line.slice(0, 4))).toEqual(['f:2:', 'f:2:', 'f:3:', 'f:4:']);
  });

  test('an expansion of aliases without end is a mistake, not a crash', () => {
    const bomb = `a: &a [x, x]\n${'bcdefghij'.split('').map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghi'[index] ?? ''}`).join(', ')}]`).join('\n')}\nminers: []\n`;
    expect(problemsOf(bomb, 'f')).toMatch(/^f: not valid YAML: Excessive alias count/);
  });

  test('the value of a misused secret reference is not repeated', () => {
    expect(problemsOf('miners: []\ncredentials: {default: {password_env: "hunter2!"}}\n', 'f')).not.toContain('hunter2');
    expect(problemsOf('miners: []\ncredentials: {default: {password: "hunter2!"}}\n', 'f')).not.toContain('hunter2');
    expect(problemsOf('miners: []\npools: [{name: p, type: prohashing, base_url: "https://u:hunter2@p.example"}]\n', 'f')).not.toContain('hunter2');
  });

  test('a file that is not there is named, with what to do', () => {
    expect(() => loadConfig('/nowhere/fleet.yaml')).toThrow('/nowhere/fleet.yaml: the file does not exist; write one (README, "A real fleet") or name it with --config');
  });
});

describe('a fleet.yaml without a mistake', () => {
  test('may use every key', () => {
    const config = parseConfig(readFileSync(path.join(folder, 'valid-full.yaml'), 'utf8'));
    expect(config.miners.map(({ name, site, credentials, maintenance }) => [name, site, credentials, maintenance])).toEqual([
      ['l9-01', 'barn', 'default', false], ['l9-02', 'barn', 'default', { from: '2026-11-23T08:00:00+01:00', reason: 'new fan', author: 'ann' }], ['l7-01', 'garage', 'l7s', false], ['l7-02', 'garage', 'l7s', false],
    ]);
    expect(config.miners.map(({ driver }) => driver)).toEqual(['vnish-cgi', 'vnish', 'vnish', 'cgminer']);
    expect(config.miners.map(({ cgminer_port: port, hashrate_unit: unit }) => [port, unit])).toEqual([[4029, undefined], [undefined, undefined], [undefined, undefined], [undefined, 'MH/s']]);
    expect(config.pools.map(({ name, mode, interval_seconds: interval }) => [name, mode, interval])).toEqual([['main', 'pps', 180], ['own', 'pplns', 120], ['off', 'pplns', 120]]);
    expect(config.control).toMatchObject({ enabled: true, batch_size: 2, allow_sites: ['garage'] });
  });

  test('names pools of every kind, each at its own address unless it says another', () => {
    const { pools } = parseConfig(readFileSync(path.join(folder, 'valid-pools.yaml'), 'utf8'));
    expect(pools.map(({ name, base_url: url, mode, interval_seconds: interval }) => [name, url, mode, interval])).toEqual([
      ['pushed', '', 'pplns', 5], ['ltcpool', 'https://www.litecoinpool.org', 'pps', 120], ['via', 'https://pool.viabtc.com', 'pplns', 120],
      ['f2', 'https://api.f2pool.com', 'pplns', 120], ['beside', 'http://simulator:9795', 'pplns', 1], ['market', 'https://api2.nicehash.com', 'pplns', 120], ['unused', '', 'pplns', 120],
    ]);
  });

  test('may leave out nearly all: one site, the usual pace, control off, no tokens', () => {
    const config = parseConfig('miners: [{name: a, address: 192.0.2.1}]');
    expect(config.miners[0]).toMatchObject({ site: 'default', credentials: 'default', driver: 'vnish', maintenance: false });
    expect(config.control.enabled).toBe(false);
    expect(config.api.tokens).toEqual([]);
    expect(config.poll).toEqual({ interval_seconds: 15, deadline_seconds: 5, concurrency: 64, slow_interval_seconds: 60, chips_interval_seconds: 300, settings_interval_seconds: 600 });
  });

  test('with one named site puts every miner there', () => {
    expect(parseConfig('sites: [{name: barn}]\nminers: [{name: a, address: 192.0.2.1}]').miners[0]?.site).toBe('barn');
  });
});

test('the table of pool types in the documentation is the one that the checks come from', () => {
  expect(readFileSync(path.join(here, '../../docs/configuration.md'), 'utf8')).toContain(poolTypeTable());
});
