/** Miners in several files: checked whole, named with their places. */
import { describe, expect, test } from '@jest/globals';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError, loadConfig, parseConfig } from '../src/config/load.ts';
import { normalMac } from '../src/config/mac.ts';
import { nameFrom } from '../src/config/names.ts';
import { rangeTargets } from '../src/fleet/members.ts';
import { hashfleet, temporaryFolder } from './command.ts';
import { here } from './fixtures.ts';

const several = path.join(here, 'testdata', 'several');

function mistakesOf(action: () => unknown): string {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
    throw thrown;
  }
  return 'accepted';
}

describe('a fleet of several files', () => {
  test('has the miners of all of them, each with its origin and its place', () => {
    const config = loadConfig(path.join(several, 'good', 'fleet.yaml'));
    expect(config.miners.map(({ name, origin, place, site }) => [name, origin, path.relative(several, place ?? ''), site])).toEqual([
      ['m1', 'file', 'good/miners.d/good-1.yaml:1', 'default'], ['m2', 'file', 'good/miners.d/good-2.yaml:2', 'default'],
    ]);
    expect(config.inventory).toMatchObject({ follow_addresses: true, search_after_seconds: 120, ranges: [{ name: '{model_code}-{ip_last}', interval_seconds: 60, max_miners: 20, driver: 'vnish', credentials: 'default' }] });
    expect(rangeTargets(config.inventory.ranges[0]!).count).toBe(74);
  });

  test('is refused for a mistake in any of them, each named with file, line and column, doubles with both places', () => {
    const message = mistakesOf(() => loadConfig(path.join(several, 'mistaken', 'fleet.yaml')));
    expect(message.replaceAll(`${several}/mistaken/`, '')).toBe(readFileSync(path.join(several, 'mistaken', 'fleet.txt'), 'utf8').trimEnd().replaceAll('invalid-inventory-files.yaml', 'fleet.yaml'));
  });

  test('may be empty where a "*" finds nothing, but not where a file is missing', () => {
    const folder = temporaryFolder();
    mkdirSync(path.join(folder, 'miners.d'));
    writeFileSync(path.join(folder, 'fleet.yaml'), 'inventory: {files: ["miners.d/*.yaml"]}');
    expect(loadConfig(path.join(folder, 'fleet.yaml')).miners).toEqual([]);
    writeFileSync(path.join(folder, 'fleet.yaml'), 'inventory: {files: ["miners.d/a.yaml"]}');
    expect(mistakesOf(() => loadConfig(path.join(folder, 'fleet.yaml')))).toContain('inventory.files[0]: cannot be read: there is no miners.d/a.yaml');
  });

  test('leaves names of the allow-list open while ranges may yet find them', () => {
    const text = 'control: {allow_miners: [later]}\n';
    expect(mistakesOf(() => parseConfig(`${text}miners: []`))).toContain('there is no miner "later"');
    expect(parseConfig(`${text}inventory: {ranges: [{addresses: 192.0.2.1}]}`).miners).toEqual([]);
  });

  test('is covered by check-config, which says what comes from where', async () => {
    const good = await hashfleet(['check-config', 'fleet.yaml'], { cwd: path.join(several, 'good') });
    expect(good).toMatchObject({ code: 0, out: [
      'fleet.yaml is valid: 2 miners, 1 sites, 0 pools, control off', '  1 miners from miners.d/good-1.yaml', '  1 miners from miners.d/good-2.yaml',
      '  range 192.0.2.0/26, 192.0.2.100-110:8080: 74 addresses, every 60 s', '',
    ].join('\n') });
    const mistaken = await hashfleet(['check-config', 'fleet.yaml'], { cwd: path.join(several, 'mistaken') });
    expect(mistaken.code).toBe(2);
    expect(mistaken.err).toContain('miners.d/bad-2.yaml:3:6: miners[1].name: "c" is already used by miners.d/bad-1.yaml:1 (c)');
  });
});

test('a MAC is the same however it is written; what tells no machine from another is none', () => {
  for (const text of ['02:51:aa:00:00:0B', '02-51-AA-00-00-0b', '0251aa00000b', ' 02:51:AA:00:00:0B ']) expect(normalMac(text)).toBe('02:51:aa:00:00:0b');
  for (const text of [undefined, '', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff', '02:51:aa', 'any']) expect(normalMac(text)).toBeUndefined();
});

test('a found miner is named by the template, without what no name may hold, and never as another', () => {
  const parts = { mac: '02:51:aa:00:00:0b', host: '192.168.1.40', modelCode: 'l9', hostname: 'Halle 3/"x' };
  const free = () => false;
  expect(['{model_code}-{ip_last}', '{mac}', '{model_code}-{mac_last}', 'r1.{ip}', '{hostname}'].map((template) => nameFrom(template, parts, free)))
    .toEqual(['l9-40', '0251aa00000b', 'l9-00000b', 'r1.192-168-1-40', 'Halle-3--x']);
  expect(nameFrom('{model_code}', parts, (name) => name === 'l9')).toBe('l9-00000b');
  expect(nameFrom('{model_code}', { mac: parts.mac, host: parts.host }, (name) => name === 'miner' || name === 'miner-00000b')).toBe('miner-0251aa00000b');
});

test('what a range leaves out is left out at every port, unless it names one', () => {
  const targets = rangeTargets({ addresses: '192.0.2.1-4, 192.0.2.1-2:8080', exclude: ['192.0.2.1', '192.0.2.4:80', '192.0.2.2:8080'] });
  expect([...targets].map(({ host, port }) => `${host}:${port}`)).toEqual(['192.0.2.2:80', '192.0.2.3:80']);
  expect([targets.count, targets.has({ host: '192.0.2.1', port: 80 }), targets.has({ host: '192.0.2.3', port: 80 })]).toEqual([2, false, true]);
});
