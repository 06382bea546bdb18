import { beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openAuditLog, verifyAuditFile, verifyAuditLog } from '../src/control/audit.ts';
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
    expect(() => openAuditLog(folder)).toThrow('The audit log is damaged: keep it as evidence');
  });

  test.each<readonly [string, (lines: string[]) => string, number]>([
    ['the last line', (lines) => `${lines.slice(0, -1).join('\n')}\n`, 1],
    ['the last four lines', (lines) => `${lines[0]!}\n`, 4],
    ['all lines', () => '', 5],
  ])('shows that %s cut off at a line end are missing', (_what, damage, missing) => {
    writeFileSync(file, damage(five()));
    // The chain alone does not tell.
    expect(verifyAuditFile(file).length).toBe(5 - missing);
    for (const look of [() => verifyAuditLog(folder), () => openAuditLog(folder)]) expect(look).toThrow(`${file}:${6 - missing}: ${missing} entries are missing at the end (audit.head names 5)`);
  });

  test('takes up a log of before there was a head', () => {
    five();
    rmSync(path.join(folder, 'audit.head'));
    openAuditLog(folder).close();
    expect(readFileSync(path.join(folder, 'audit.head'), 'utf8').trim()).toBe(`5 ${verifyAuditFile(file).at(-1)!.hash}`);
  });

  test('goes on after a process that died between a line and its head', () => {
    five();
    const head = path.join(folder, 'audit.head');
    const after = readFileSync(head);
    const log = openAuditLog(folder);
    log.append({ actor: 'anna', token: 'grafana', event: 'sent', miner: 'm6' });
    log.close();
    writeFileSync(head, after);
    const again = openAuditLog(folder);
    expect(again.append({ actor: 'anna', token: 'grafana', event: 'sent', miner: 'm7' }).sequence).toBe(7);
    again.close();
    expect(verifyAuditLog(folder).length).toBe(7);
  });

  /** Thirty entries in files of five or so. */
  function rotated(): string[] {
    const log = openAuditLog(folder, Date.now, 1000);
    for (let index = 0; index < 30; index += 1) log.append({ actor: 'anna', token: 'grafana', event: 'sent', miner: `m${index}` });
    log.close();
    return readdirSync(folder).filter((name) => /^audit-\d{12}\.jsonl$/.test(name)).sort();
  }

  test('goes on from file to file when a file has grown large', () => {
    expect(rotated().length).toBeGreaterThan(3);
    expect(verifyAuditLog(folder).map(({ sequence, miner }) => [sequence, miner])).toEqual(Array.from({ length: 30 }, (_, index) => [index + 1, `m${index}`]));
    // A start checks the newest files only, and goes on where they end.
    const log = openAuditLog(folder, Date.now, 1000);
    expect([log.sequence, log.append({ actor: 'ben', token: 'grafana', event: 'sent' }).sequence]).toEqual([30, 31]);
    log.close();
    expect(verifyAuditLog(folder).length).toBe(31);
  });

  test('shows a file that was taken out, changed or emptied among those set aside', () => {
    const names = rotated();
    const second = path.join(folder, names[1]!);
    const text = readFileSync(second, 'utf8');
    rmSync(second);
    expect(() => verifyAuditLog(folder)).toThrow(/audit-\d+\.jsonl:1: has the number/);
    writeFileSync(second, '');
    expect(() => verifyAuditLog(folder)).toThrow(/audit-\d+\.jsonl:1: has the number/);
    writeFileSync(second, text.replace('anna', 'ann'));
    expect(() => verifyAuditLog(folder)).toThrow(`${second}:1: does not fit the line before it`);
    writeFileSync(second, text);
    expect(verifyAuditLog(folder).length).toBe(30);
  });

  test('goes on when a process died between setting a file aside and beginning the next', () => {
    rotated();
    if (existsSync(file) && readFileSync(file, 'utf8') === '') rmSync(file);
    const log = openAuditLog(folder, Date.now, 1000);
    expect(log.append({ actor: 'ben', token: 'grafana', event: 'sent' }).sequence).toBe(31);
    log.close();
    expect(verifyAuditLog(folder).length).toBe(31);
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

describe('hashfleet audit export', () => {
  const at = (log: ReturnType<typeof openAuditLog>) => {
    log.append({ actor: '=HYPERLINK("x")', token: 'grafana', event: 'sent', miner: 'm1', detail: 'a, "b"' });
    log.append({ actor: 'ben', token: 'grafana', event: 'outcome', miner: 'm2', after: { state: 'mining' } });
    log.close();
  };

  test('prints what was asked for, oldest first', async () => {
    at(openAuditLog(folder, () => Date.UTC(2026, 10, 1)));
    const all = await hashfleet(['audit', 'export', file]);
    expect([all.code, all.err, all.out]).toEqual([0, '', readFileSync(file, 'utf8')]);
    const one = await hashfleet(['audit', 'export', file, '--miner', 'm2', '--from', '2026-11-01', '--to', '2026-11-02']);
    expect(one.out.trim().split('\n').map((line) => (JSON.parse(line) as { sequence: number }).sequence)).toEqual([2]);
    expect((await hashfleet(['audit', 'export', file, '--to', '2026-11-01'])).out).toBe('');
  });

  test('prints a table that a spreadsheet reads without running it', async () => {
    at(openAuditLog(folder, () => Date.UTC(2026, 10, 1)));
    const [head, first] = (await hashfleet(['audit', 'export', file, '--format', 'csv'])).out.split('\r\n');
    expect(head).toBe('sequence,at,actor,token,event,action,job,miner,outcome,detail,before,after,hash');
    expect(first).toMatch(/^1,2026-11-01T00:00:00\.000Z,"'=HYPERLINK\(""x""\)",grafana,sent,,,m1,,"a, ""b""",,,[0-9a-f]{64}$/);
  });

  test('writes over nothing, refuses a time that is none, and a log that is not whole', async () => {
    at(openAuditLog(folder));
    const out = path.join(folder, 'out.csv');
    expect(await hashfleet(['audit', 'export', file, '--format', 'csv', '--out', out])).toEqual({ code: 0, out: '', err: `${out}: 2 entries\n` });
    expect(await hashfleet(['audit', 'export', file, '--out', out])).toMatchObject({ code: 2, err: expect.stringContaining('is there already; nothing was written') });
    expect(await hashfleet(['audit', 'export', file, '--from', 'yesterday'])).toMatchObject({ code: 2, err: expect.stringContaining('"yesterday" is no time') });
    writeFileSync(file, readFileSync(file, 'utf8').replace('ben', 'bob'));
    expect(await hashfleet(['audit', 'export', file])).toMatchObject({ code: 1, out: '', err: expect.stringContaining(':2: does not fit the line before it') });
  });
});
