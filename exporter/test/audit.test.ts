import { beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openAuditLog, verifyAuditFile } from '../src/control/audit.ts';
import { hashfleet, temporaryFolder } from './command.ts';
import { here } from './fixtures.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = path.join(folder, 'audit.jsonl');
});

/** A log of five entries. */
function five(): string[] {
  const log = openAuditLog(folder, () => Date.UTC(2026, 10, 1));
  for (const miner of ['m1', 'm2', 'm3', 'm4', 'm5']) log.append({ actor: 'anna', token: 'grafana', event: 'sent', action: 'locate', job: 'j1', miner });
  log.close();
  return readFileSync(file, 'utf8').trim().split('\n');
}

describe('the chain of the audit log', () => {
  test('is whole as it is written, also over a restart', () => {
    five();
    const again = openAuditLog(folder);
    again.append({ actor: 'ben', token: 'grafana', event: 'outcome', job: 'j1', miner: 'm1', outcome: 'verified' });
    again.close();
    expect(verifyAuditFile(file).map(({ sequence, miner }) => [sequence, miner])).toEqual([[1, 'm1'], [2, 'm2'], [3, 'm3'], [4, 'm4'], [5, 'm5'], [6, 'm1']]);
  });

  const swap = (lines: string[]) => [lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)];
  test.each<readonly [string, (lines: string[]) => string, string]>([
    ['a changed name', (lines) => `${lines.join('\n').replace('"m3"', '"m9"')}\n`, ':3: does not fit the line before it'],
    ['a changed time', (lines) => `${lines.join('\n').replace('2026-11-01', '2026-11-02')}\n`, ':1: does not fit the line before it'],
    ['a changed hash', (lines) => `${lines.map((line, index) => (index === 3 ? line.replace(/"hash":"./, '"hash":"x') : line)).join('\n')}\n`, ':4: does not fit the line before it'],
    ['a removed line', (lines) => `${[...lines.slice(0, 1), ...lines.slice(2)].join('\n')}\n`, ':2: has the number 3'],
    ['a removed first line', (lines) => `${lines.slice(1).join('\n')}\n`, ':1: has the number 2'],
    ['a removed line, renumbered', (lines) => `${[...lines.slice(0, 1), ...lines.slice(2).map((line) => line.replace(/"sequence":(\d)/, (_all, number: string) => `"sequence":${Number(number) - 1}`))].join('\n')}\n`, ':2: does not fit the line before it'],
    ['two lines in another order', (lines) => `${swap(lines).join('\n')}\n`, ':2: has the number 3'],
    ['an added field', (lines) => `${lines.map((line, index) => (index === 1 ? line.replace('{', '{"note":"x",') : line)).join('\n')}\n`, ':2: does not fit the line before it'],
    ['a repeated line', (lines) => `${[...lines, lines[4]!].join('\n')}\n`, ':6: has the number 5'],
    ['a last line that is cut off', (lines) => lines.join('\n').slice(0, -20), ':5: the last line is cut off'],
    ['a line that is no JSON', (lines) => `${lines.map((line, index) => (index === 2 ? 'garbage' : line)).join('\n')}\n`, ':3: is not a JSON object'],
    ['a line that is null', (lines) => `${[...lines, 'null'].join('\n')}\n`, ':6: is not a JSON object'],
    ['an empty line', (lines) => `${[...lines, ''].join('\n')}\n`, ':6: is not a JSON object'],
  ])('shows %s, and names the line', (_what, damage, said) => {
    writeFileSync(file, damage(five()));
    expect(() => verifyAuditFile(file)).toThrow(`${file}${said}`);
    // Nothing is appended to a log that is not whole.
    expect(() => openAuditLog(folder)).toThrow('The audit log is damaged: keep the file as evidence');
  });

  test('knows what was sent and has no outcome', () => {
    five();
    const log = openAuditLog(folder);
    log.append({ actor: 'anna', token: 'grafana', event: 'outcome', job: 'j1', miner: 'm2', outcome: 'verified' });
    log.append({ actor: 'anna', token: 'grafana', event: 'outcome', job: 'other', miner: 'm3', outcome: 'verified' });
    log.close();
    const again = openAuditLog(folder);
    expect(again.unfinished.map(({ miner }) => miner)).toEqual(['m1', 'm3', 'm4', 'm5']);
    again.close();
  });

  test('a disk that fills in the middle of a line leaves the log whole and says that nothing is done', () => {
    // The shell lets the process write 1 KiB to a file and no more, as a full disk would.
    const script = `
      import { openAuditLog } from ${JSON.stringify(path.join(here, '../src/control/audit.ts'))};
      const log = openAuditLog(${JSON.stringify(folder)});
      for (;;) try { log.append({ actor: 'anna', token: 'grafana', event: 'sent', detail: 'x'.repeat(100) }); } catch (thrown) { console.log(thrown.message); break; }`;
    const loader = path.join(here, 'typescript-loader.mjs');
    const { stdout, stderr } = spawnSync('bash', ['-c', `ulimit -f 1; exec ${JSON.stringify(process.execPath)} --import ${JSON.stringify(loader)} --input-type=module`], { input: script, encoding: 'utf8', cwd: here });
    expect(stderr).toBe('');
    expect(stdout).toContain(`${file} cannot be written`);
    expect(stdout).toContain('without the audit log nothing is done. Check disk space and permissions.');
    expect(verifyAuditFile(file).length).toBeGreaterThan(0);
  });
});

describe('hashfleet audit verify', () => {
  test('tells that the chain is whole, with exit code 0', async () => {
    five();
    expect(await hashfleet(['audit', 'verify', file])).toEqual({ code: 0, out: `${file}: 5 entries, the chain is whole\n`, err: '' });
  });

  test('names the first bad line, with exit code 1', async () => {
    writeFileSync(file, five().join('\n').replace('"m4"', '"m1"').concat('\n'));
    expect(await hashfleet(['audit', 'verify', file])).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/audit\.jsonl:4: does not fit the line before it/) });
  });

  test('does not call a missing log whole', async () => {
    expect(await hashfleet(['audit', 'verify', file])).toMatchObject({ code: 1, out: '', err: expect.stringContaining('there is no such file') });
  });
});
