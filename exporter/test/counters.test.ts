/** Counters on disk: exact to the last poll, whatever ends the process. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openCounters } from '../src/fleet/counters.ts';
import { sourceArguments, temporaryFolder } from './command.ts';
import { here, recordingLog, silent, until } from './fixtures.ts';
import { simulated, spec, valueOn, whenDone } from './running.ts';

const names = Array.from({ length: 500 }, (_, index) => `miner-${index}`);

function filled() {
  const file = path.join(temporaryFolder(), 'counters.txt');
  const counters = openCounters(file, silent)!;
  names.forEach((name, index) => counters.write(name, { hashes: index * 1.1e18 + 0.3, joules: index }));
  return { file, counters };
}

describe('the file of counters', () => {
  test('gives back every number exactly, and one line a miner however often it is written', () => {
    const { file, counters } = filled();
    for (let round = 0; round < 20; round += 1) counters.write('miner-7', { hashes: 123456789012345.67 + round, joules: 0.1 + 0.2 });
    counters.close();
    const kept = openCounters(file, silent)!.kept;
    expect([...kept.keys()]).toEqual(names);
    expect(kept.get('miner-7')).toMatchObject({ hashes: 123456789012345.67 + 19, joules: 0.1 + 0.2 });
    expect(kept.get('miner-499')).toMatchObject({ hashes: 499 * 1.1e18 + 0.3, joules: 499 });
    expect(readFileSync(file).length).toBe(128 * names.length);
  });

  test('gives the place of a miner that is forgotten to the next new one', () => {
    const { file, counters } = filled();
    counters.forget('miner-3');
    counters.write('newcomer', { hashes: 1, joules: 2 });
    counters.close();
    const kept = openCounters(file, silent)!.kept;
    expect(kept.has('miner-3')).toBe(false);
    expect(kept.get('newcomer')).toMatchObject({ hashes: 1, joules: 2 });
    expect(readFileSync(file).length).toBe(128 * names.length);
  });

  test.each([
    ['a line that is torn', (text: string) => `${text.slice(0, 128 * 9 + 70)}${'\0'.repeat(20)}${text.slice(128 * 9 + 90)}`, ['miner-9']],
    ['a digit that flipped', (text: string) => `${text.slice(0, 128 * 4 + 88)}9${text.slice(128 * 4 + 89)}`, ['miner-4']],
    ['an end that is cut off', (text: string) => text.slice(0, -5), ['miner-499']],
    ['a line that stands there twice', (text: string) => text.slice(0, 128) + text.slice(0, 128) + text.slice(256), ['miner-1']],
  ])('loses only what is damaged and says so: %s', (_what, damage, lost) => {
    const { file, counters } = filled();
    counters.close();
    writeFileSync(file, damage(readFileSync(file, 'latin1')), 'latin1');
    const { log, lines } = recordingLog();
    const again = openCounters(file, log)!;
    expect(names.filter((name) => !again.kept.has(name))).toEqual(lost);
    expect(lines).toEqual([expect.objectContaining({ file, damaged: 1 })]);
    // The damaged line is written over by the miner's next poll.
    again.write(lost[0]!, { hashes: 5, joules: 6 });
    again.close();
    expect(openCounters(file, silent)!.kept.get(lost[0]!)).toMatchObject({ hashes: 5, joules: 6 });
  });

  test('that is no such file is taken as damaged, not as an end', () => {
    const file = path.join(temporaryFolder(), 'counters.txt');
    writeFileSync(file, 'Dear diary,\n'.repeat(99));
    const { log, lines } = recordingLog();
    expect(openCounters(file, log)!.kept.size).toBe(0);
    expect(lines).toHaveLength(1);
  });
});

test('energy and hashes survive kill -9: what a scrape has seen is never taken back, and nothing is added for the time between', async () => {
  const simulator = await simulated([spec('a'), spec('b', { mac: '02:51:00:00:00:02' })], { speed: 1 });
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'fleet.yaml'), `poll: {interval_seconds: 1, deadline_seconds: 0.9}\nminers:\n${simulator.miners.map(({ name, address }) => `  - {name: ${name}, address: "${address}"}`).join('\n')}\n`);
  const series = ['miner_hashes_total', 'miner_energy_joules_total'] as const;
  const values = (page: string) => series.flatMap((name) => ['a', 'b'].map((miner) => valueOn(page, name, { miner }) ?? 0));

  async function start() {
    const child = spawn(process.execPath, [...sourceArguments, 'start', '-c', path.join(folder, 'fleet.yaml'), '--data', path.join(folder, 'data'), '--metrics-listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'], { cwd: here, stdio: ['ignore', 'ignore', 'pipe'] });
    whenDone(async () => Promise.resolve(child.kill('SIGKILL')));
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('it runs', () => said.includes('hashfleet is running'), 30_000);
    const metrics = /"metrics":"([^"]+)"/.exec(said)![1]!;
    return { child, page: async () => (await fetch(metrics)).text() };
  }

  let before = [0, 0, 0, 0];
  for (let life = 0; life < 3; life += 1) {
    const exporter = await start();
    const born = values(await exporter.page());
    // Nothing is lost, and nothing was earned while nobody looked.
    expect(born.map((value, index) => value >= before[index]!)).toEqual([true, true, true, true]);
    if (life > 0) expect(born[0]! / before[0]!).toBeLessThan(3);
    await until('it counts', async () => values(await exporter.page()).every((value, index) => value > born[index]!), 20_000);
    before = values(await exporter.page());
    const ended = new Promise((resolve) => exporter.child.once('exit', resolve));
    exporter.child.kill('SIGKILL');
    await ended;
  }
}, 90_000);
