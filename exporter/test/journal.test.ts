/** Jobs over the death of the process: of the real one, by kill -9, at each of its steps. */
import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { verifyAuditFile } from '../src/control/audit.ts';
import { journalFile, openJournal, type KeptJob } from '../src/control/journal.ts';
import { sourceArguments, temporaryFolder } from './command.ts';
import { here, until } from './fixtures.ts';
import { simulated, spec, whenDone } from './running.ts';

const token = 'token-of-the-test';

/** Loaded into the process before the exporter: it kills itself before or after the line of this number in journal or audit log. */
const mortal = (when: 'before' | 'after', line: number) => `data:text/javascript,${encodeURIComponent(`
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const { writeSync, fsyncSync } = fs;
  let count = 0;
  const die = () => process.kill(process.pid, 'SIGKILL');
  fs.writeSync = (descriptor, data, ...rest) => {
    if (/"event":"|"type":"(job|step|end)"/.test(String(data))) count += 1;
    if (count === ${line} && '${when}' === 'before') die();
    return writeSync(descriptor, data, ...rest);
  };
  fs.fsyncSync = (descriptor) => {
    fsyncSync(descriptor);
    if (count === ${line}) die();
  };
  syncBuiltinESMExports();`)}`;

async function start(folder: string, preload: readonly string[] = []) {
  const child = spawn(process.execPath, [...preload.flatMap((one) => ['--import', one]), ...sourceArguments, 'start', '-c', path.join(folder, 'fleet.yaml'), '--data', path.join(folder, 'data'), '--metrics-listen', '127.0.0.1:0', '--api-listen', '127.0.0.1:0'], { cwd: here, env: { PATH: process.env['PATH'] ?? '', TOKEN: token }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await ended;
  };
  whenDone(stop);
  await until('it runs', () => said.includes('hashfleet is running'), 30_000);
  const line = said.split('\n').find((one) => one.includes('hashfleet is running')) ?? '{}';
  const { api } = JSON.parse(line) as { api: string };
  return {
    ended, stop,
    async call(where: string, json?: unknown): Promise<Record<string, unknown>> {
      const response = await fetch(`${api}${where}`, { headers: { 'authorization': `Bearer ${token}`, 'content-type': 'application/json' }, ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }) });
      return await response.json() as Record<string, unknown>;
    },
  };
}

/** Lines: 1 started (audit), 2 the job (journal), 3 running (journal), 4 sent (audit), 5 verifying (journal), 6 outcome (audit), 7 outcome (journal), 8 end (journal). */
test.each([
  ['after', 1, 'nothing was promised, and nothing is done', 0, undefined],
  ['after', 2, 'what was waiting is sent', 1, 'verified'],
  ['after', 3, 'what was about to be written down as sent is sent', 1, 'verified'],
  ['after', 4, 'what may have been sent is not sent, and cannot be proved', 0, 'indeterminate'],
  ['before', 5, 'what was sent is not sent again, but proved', 1, 'verified'],
  ['after', 5, 'what is read back is read back on', 1, 'verified'],
  ['after', 6, 'an outcome that is told is not told again', 1, 'verified'],
  ['after', 7, 'a job of which only the end is missing ends', 1, 'verified'],
] as const)('killed %s line %i, %s', async (when, line, _what, commands, outcome) => {
  const simulator = await simulated([spec('m')]);
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'fleet.yaml'), `poll: {interval_seconds: 1, deadline_seconds: 0.9}\napi: {tokens: [{name: t, scope: operate, token_env: TOKEN}]}\ncontrol: {enabled: true, verify_interval_seconds: 0.2}\nminers: [{name: m, address: "${simulator.miner('m').address}"}]\n`);
  const order = { action: 'locate', miners: ['m'], parameters: { on: true }, dryRun: false, idempotencyKey: 'click-0001' };
  const sent = () => simulator.miner('m').requests.list({ method: 'POST', path: '/locate-miner' }).length;

  const first = await start(folder, [mortal(when, line)]);
  await until('the miner can be acted on', async () => ((await first.call('/actions', { ...order, dryRun: true, idempotencyKey: undefined }))['plan'] as { targets: unknown[] }).targets.length === 1, 15_000);
  await first.call('/actions', order).catch(() => undefined);
  expect(await first.ended).toBe('SIGKILL');

  const second = await start(folder);
  const jobs = async () => (await second.call('/jobs'))['jobs'] as { id: string; state: string; targets: { state: string }[] }[];
  if (outcome === undefined) {
    expect(await jobs()).toEqual([]);
  } else {
    await until('the job is over', async () => {
      // The API takes 1200 requests a minute.
      await new Promise((resolve) => setTimeout(resolve, 200));
      return (await jobs())[0]?.state === 'finished';
    }, 60_000);
    const [job] = await jobs();
    expect(job?.targets).toEqual([expect.objectContaining({ miner: 'm', state: outcome })]);
    // The double click over the crash.
    expect(await second.call('/actions', order)).toMatchObject({ job: { id: job?.id } });
    const entries = verifyAuditFile(path.join(folder, 'data', 'audit', 'audit.jsonl')).filter((entry) => entry.job === job?.id);
    expect(entries.map(({ event, outcome: told }) => told ?? event)).toEqual(['started', 'sent', outcome]);
  }
  expect(sent()).toBe(commands);
  await second.stop();
}, 120_000);

describe('the journal', () => {
  const kept = (id: string, finishedAt?: number): KeptJob => ({
    token: 't', plan: { action: 'locate', parameters: {}, targets: [], skipped: [], effect: {}, circuits: [], expectedSeconds: 1, needsConfirmation: false, rails: [] },
    job: { id, action: 'locate', parameters: {}, actor: 'anna', createdAt: 1, state: finishedAt === undefined ? 'running' : 'finished', targets: [{ miner: 'm', model: 'l9', state: 'waiting' }], ...(finishedAt === undefined ? {} : { finishedAt }) },
  });
  const write = (folder: string, use: (journal: ReturnType<typeof openJournal>) => void) => {
    const journal = openJournal(journalFile(folder));
    use(journal);
    journal.close();
  };
  const read = (folder: string) => {
    const journal = openJournal(journalFile(folder));
    journal.close();
    return journal.found;
  };

  test('knows after a restart how far each job was', () => {
    const folder = temporaryFolder();
    write(folder, (journal) => {
      journal.append({ type: 'job', kept: kept('a') });
      journal.append({ type: 'step', job: 'a', target: { miner: 'm', model: 'l9', state: 'verifying', startedAt: 5 } });
      journal.append({ type: 'job', kept: kept('b') });
      journal.append({ type: 'end', job: 'b', state: 'finished', finishedAt: 9 });
    });
    for (const found of [read(folder), read(folder)]) {
      expect(found.map(({ job }) => [job.id, job.state, job.targets[0]?.state])).toEqual([['a', 'running', 'verifying'], ['b', 'finished', 'waiting']]);
    }
  });

  test('leaves out a last line that was cut off, and writes on', () => {
    const folder = temporaryFolder();
    write(folder, (journal) => journal.append({ type: 'job', kept: kept('a') }));
    appendFileSync(path.join(folder, 'jobs.jsonl'), '0123abcd {"type":"step","jo');
    write(folder, (journal) => journal.append({ type: 'job', kept: kept('b') }));
    expect(read(folder).map(({ job }) => job.id)).toEqual(['a', 'b']);
  });

  test('refuses a file with a damaged line before the last, and names it', () => {
    const folder = temporaryFolder();
    write(folder, (journal) => {
      journal.append({ type: 'job', kept: kept('a') });
      journal.append({ type: 'step', job: 'a', target: { miner: 'm', model: 'l9', state: 'verifying' } });
      journal.append({ type: 'job', kept: kept('b') });
    });
    const file = path.join(folder, 'jobs.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace('verifying', 'waiting'));
    expect(() => read(folder)).toThrow('jobs.jsonl:2: the line is damaged');
  });

  test('is written anew when it has grown and no job runs, with the latest jobs that are over', () => {
    const folder = temporaryFolder();
    write(folder, (journal) => {
      for (let index = 0; index < 600; index += 1) {
        journal.append({ type: 'job', kept: kept(`j${index}`) });
        journal.append({ type: 'end', job: `j${index}`, state: 'finished', finishedAt: index });
      }
    });
    expect(readFileSync(path.join(folder, 'jobs.jsonl'), 'utf8').split('\n').length).toBeLessThan(1000);
    const found = read(folder);
    expect(found).toHaveLength(200);
    expect(found.at(-1)?.job).toMatchObject({ id: 'j599', state: 'finished', finishedAt: 599 });
  });
});
